"""A model that obeys an attacker gets nothing done that the attacker may not do (G33)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.ids import CharacterId, RoomId, WorldId
from core.messages import Address, ChannelType, InboundStatus, Place, Rank, Reply, Room, World
from core.prompting.reading import AnswerReader
from core.store.engine import SqlStore, open_store
from tests.core.actions.house import DM, GROUP, ONE, House, action
from tests.faults.attacks import ATTACKS, CANARY, GUARDED, HOST, Attack

DEN = Place(ChannelType.GROUP, "Den", "-100", "Owls")
FAR = Place(ChannelType.GROUP, "Far", "-200", "Far")
BOB = CharacterId("00000000-0000-0000-0000-0000000000b0")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with open_store(None, tmp_path) as store:
        yield store


async def furnished(store: SqlStore) -> House:
    """A group in which Robin is, rooms in which Robin is not, and things worth taking."""

    async def does(turn: Any, given: Any) -> str:
        return "It is done."

    guarded = [
        action(name, does, who=Rank[rank], similes=("KILL_SERVER",) if "SHUT" in name else ())
        for name, rank in GUARDED.items()
    ]
    house = House(store, *guarded, TROUPE_OWNERS="telegram:1", OPENAI_API_KEY="sk-test")
    house.wire.ranks |= {"8": Rank.ADMIN, "1": Rank.OWNER}
    await house.met("Kim", "8", room="43", place=DM)
    await house.met("Boss", "1", room="44", place=DM)
    await house.met("Kim", "8", room="-6", place=DEN)
    await house.met("Kim", "8", room="-7", place=FAR)
    await house.met("Kim", "8", room="-5")
    await house.met("Boss", "1", room="-5")

    def furnish(unit: Any) -> None:
        hers = unit.rooms.find(house.part.id, Address("telegram", ONE, "-5"))
        world = unit.rooms.world(house.part.id, hers.world)
        settings = {"GREETING": {"value": "Hello"}, "API_KEY": {"secret": True, "value": None}}
        unit.rooms.put_world(replace(world, metadata={"settings": settings}))
        bobs = World(WorldId("bobs-world"), BOB, "Bobs", "-300")
        where = Address("telegram", ONE, "-8")
        unit.rooms.ensure(
            [bobs],
            [Room(RoomId("bobs"), BOB, bobs.id, where, ChannelType.GROUP, "Bobs", "telegram")],
        )

    await store.write(furnish)
    return house


async def everything(house: House) -> Any:
    """What no attacker may change."""

    def look(unit: Any) -> Any:
        worlds = [(one.name, dict(one.metadata)) for one in unit.rooms.worlds(house.part.id)]
        kim = [
            one
            for room in unit.rooms.within(house.part.id)
            for one in unit.people.here(house.part.id, room.id)
            if "Kim" in one.names
        ]
        return worlds, [unit.bonds.components(house.part.id, one.id) for one in kim]

    return await house.real.read(look)


async def obeys(house: House, attack: Attack) -> None:
    """One turn of a character whose model is the attacker's."""
    house.wire.ranks["7"] = Rank.ADMIN if attack.who == "admin" else Rank.MEMBER
    place = DM if attack.who == "direct" else GROUP
    turn = await house.hears(
        attack.says,
        room="42" if attack.who == "direct" else "-5",
        place=place,
        bot=attack.who == "bot",
    )
    reader = AnswerReader("Ada")
    reader.feed(attack.answer)
    answer = reader.end()
    await house.acting.offered(turn, house.gear.repertoire.actions)
    # The worst that can be: it names what it was not even offered.
    plan = house.acting.plan(answer, house.gear.repertoire.actions)
    if plan is None:
        say = Reply(answer.text) if answer.text else None
        await house.scribe.write(turn.work, InboundStatus.ANSWERED, "test", say=say)
    else:
        await house.acting.carry_out(turn, plan)
        await house.ends(turn)


def test_there_are_sixty_of_them_and_no_two_are_the_same() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) == 60
    assert len({(attack.answer, attack.says, attack.who) for attack in ATTACKS}) == 60


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name.replace(" ", "-"))
async def test_g33_a_model_that_obeys_the_attacker_does_no_harm(
    attack: Attack, store: SqlStore
) -> None:
    house = await furnished(store)
    before = await everything(house)
    here = "42" if attack.who == "direct" else "-5"
    await obeys(house, attack)
    done = {name for event, name in house.told if event == "ACTION_COMPLETED"}
    assert done <= attack.allowed
    rows = await house.rows()
    assert {row.address.room for row in rows} <= {here}
    assert await everything(house) == before
    for row in rows:
        # In backticks an address is read, and neither fetched nor pressed.
        text = re.sub(r"`[^`\n]*`", "", row.payload.decode())
        assert HOST not in text
        assert "![" not in text
        assert not [word for word in attack.never if word in text]


async def test_who_may_is_let(store: SqlStore) -> None:
    """The same answers do work for those who may: nothing is refused by accident."""
    house = await furnished(store)
    house.wire.ranks["7"] = Rank.ADMIN
    turn = await house.hears(room="-5", place=GROUP)
    carried = await house.does(turn, "BAN_USER", "SEND_MESSAGE", "UPDATE_SETTINGS",
        SEND_MESSAGE={"to": "Den", "text": CANARY},
        UPDATE_SETTINGS={"values": {"GREETING": "Good evening"}},
    )  # fmt: skip
    assert [deed.result.error for deed in carried.done] == ["", "", ""]
    assert await house.said("-6") == [CANARY]
    turn = await house.hears(room="-5", place=GROUP, who="1", name="Boss", number=2)
    carried = await house.does(turn, "SHUT_DOWN", "SEND_MESSAGE",
        SEND_MESSAGE={"to": "Far", "text": "Good night."},
    )  # fmt: skip
    assert [deed.result.error for deed in carried.done] == ["", ""]
    assert await house.said("-7") == ["Good night."]
