"""What every character can do, and for whom."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.actions import BUILT_IN
from core.files import Files
from core.flow.acting import Carried
from core.flow.plans import resolve
from core.flow.running_turn import RunningTurn
from core.ids import EntityId, unique_uuid
from core.kept import Task
from core.messages import ChannelType, Place, Rank
from core.plugins.records import ActionResult, Worker
from core.store.engine import SqlStore
from tests.core.actions.house import DM, GROUP, House, Models
from tests.fakes.pictures import png

OURS = {"PROCESS_KNOWLEDGE", "SEARCH_KNOWLEDGE", "VOICE_NOTE", "JOIN_VOICE", "LEAVE_VOICE"}


def of(carried: Carried) -> ActionResult:
    return carried.done[0].result


async def offered(house: House, turn: RunningTurn) -> set[str]:
    found = await house.acting.offered(turn, house.gear.repertoire.actions)
    return {action.name for action in found}


async def asks(house: House, number: int = 1, **more: Any) -> RunningTurn:
    """Robin in the group Owls."""
    return await house.hears(room="-5", place=GROUP, number=number, **more)


def test_the_thirteen_of_elizaos_are_there_each_in_few_words() -> None:
    names = {action.name for action in BUILT_IN}
    assert len(BUILT_IN) == len(names)
    assert len(names - OURS) == 13
    for action in BUILT_IN:
        assert len(action.description.split()) <= 14, action.name


@pytest.mark.parametrize(
    ("written", "meant"),
    [("UPDATE_CONTACT", "UPDATE_ENTITY"), ("CHOICE", "CHOOSE_OPTION"), ("SHUT_UP", "MUTE_ROOM"),
     ("BE_QUIET", "MUTE_ROOM"), ("STOP_TALKING", "MUTE_ROOM"), ("SILENCE", "MUTE_ROOM"),
     ("GREET", "REPLY"), ("RESPOND", "REPLY"), ("MuteRoom", "MUTE_ROOM"),
     ("UNMUTE_ROOM", "UNMUTE_ROOM"), ("UNFOLLOW_ROOM", "UNFOLLOW_ROOM")],
)  # fmt: skip
def test_elizaos_similes_are_understood(written: str, meant: str) -> None:
    found = resolve(written, BUILT_IN)
    assert found is not None
    assert found.name == meant


# --- taking part -----------------------------------------------------------------------------------


async def test_a_muted_room_is_muted_at_once_and_after_a_restart(store: SqlStore) -> None:
    house = House(store)
    turn = await asks(house)
    assert "MUTE_ROOM" in await offered(house, turn)
    assert "UNMUTE_ROOM" not in await offered(house, turn)
    carried = await house.does(turn, "MUTE_ROOM", text="I am quiet.")
    assert (carried.tell_more, turn.work.spot.muted) == (False, True)
    later = House(store)
    turn = await asks(later, 2)
    assert turn.work.spot.muted
    assert "MUTE_ROOM" not in await offered(later, turn)
    await later.does(turn, "UNMUTE_ROOM", text="Here I am.")
    assert not turn.work.spot.muted
    assert not (await asks(House(store), 3)).work.spot.muted


async def test_a_room_is_followed_and_left_again(store: SqlStore) -> None:
    house = House(store)
    turn = await asks(house)
    assert {"FOLLOW_ROOM", "UNFOLLOW_ROOM"} & await offered(house, turn) == {"FOLLOW_ROOM"}
    await house.does(turn, "FOLLOW_ROOM")
    for one in (house, House(store)):
        again = await asks(one, 2)
        assert {"FOLLOW_ROOM", "UNFOLLOW_ROOM"} & await offered(one, again) == {"UNFOLLOW_ROOM"}
    turn = await asks(house, 2)
    await house.does(turn, "UNFOLLOW_ROOM")
    assert "FOLLOW_ROOM" in await offered(house, await asks(house, 3))
    assert "FOLLOW_ROOM" not in await offered(house, await house.hears(number=4))


async def test_a_bot_mutes_nobody(store: SqlStore) -> None:
    house = House(store)
    turn = await asks(house, bot=True)
    assert of(await house.does(turn, "MUTE_ROOM")).error == "unknown-action"  # not offered to it
    assert not turn.work.spot.muted


# --- sending ---------------------------------------------------------------------------------------


async def test_a_message_goes_to_a_room_in_which_the_asker_takes_part(store: SqlStore) -> None:
    house = House(store)
    await house.ends(await asks(house, 90))
    turn = await house.hears()
    carried = await house.does(
        turn, "SEND_MESSAGE", text="I tell them.", SEND_MESSAGE={"to": "#owls", "text": "Tea!"}
    )
    assert of(carried).success, of(carried)
    assert await house.said("-5") == ["Tea!"]
    assert await house.said() == ["I tell them."]
    assert (await house.remembered("-5"))[-1] == "Tea!"
    assert not carried.tell_more


async def test_me_is_the_askers_own_chat(store: SqlStore) -> None:
    house = House(store)
    await house.ends(await house.hears(number=90))
    turn = await asks(house)
    await house.does(turn, "SEND_MESSAGE", SEND_MESSAGE={"to": "me", "text": "In private."})
    assert await house.said("42") == ["In private."]


async def test_without_a_chat_of_their_own_there_is_nowhere_to_write_to(store: SqlStore) -> None:
    house = House(store)
    carried = await house.does(
        await asks(house), "SEND_MESSAGE", SEND_MESSAGE={"to": "me", "text": "psst"}
    )
    assert of(carried).error == "unknown-target"
    assert carried.tell_more


async def test_nobody_is_written_to_for_somebody_else(store: SqlStore) -> None:
    house = House(store)
    await house.met("Kim", "8", room="43", place=DM)
    await house.met("Kim", "8", room="-5")
    house.wire.ranks["7"] = Rank.OWNER  # of the group, not of people
    turn = await asks(house)
    carried = await house.does(turn, "SEND_MESSAGE", SEND_MESSAGE={"to": "@Kim", "text": "hey"})
    assert of(carried).error == "not-allowed"
    assert await house.said("43") == []


async def test_the_operator_writes_to_whom_they_like(store: SqlStore) -> None:
    house = House(store, TROUPE_OWNERS="telegram:7")
    await house.met("Kim", "8", room="43", place=DM)
    await house.met("Kim", "8", room="-5")
    turn = await asks(house)
    await house.does(turn, "SEND_MESSAGE", SEND_MESSAGE={"to": "Kim", "text": "hey"})
    assert await house.said("43") == ["hey"]


async def test_a_room_without_the_asker_is_for_admins_of_that_same_place(store: SqlStore) -> None:
    den = Place(ChannelType.GROUP, "Den", "-100", "Owls")
    far = Place(ChannelType.GROUP, "Far", "-200", "Far")
    for rank, to, works in (
        (Rank.MEMBER, "Den", False),
        (Rank.ADMIN, "Den", True),
        (Rank.ADMIN, "Far", False),
    ):
        house = House(store)
        await house.met("Kim", "8", room="-6", place=den)
        await house.met("Kim", "8", room="-7", place=far)
        house.wire.ranks["7"] = rank
        number = len(await house.rows()) * 10 + int(rank) * 100 + (5 if to == "Far" else 0)
        carried = await house.does(
            await asks(house, number), "SEND_MESSAGE", SEND_MESSAGE={"to": to, "text": "hey"}
        )
        assert of(carried).success is works, (rank, to, of(carried))


async def test_two_rooms_of_one_name_are_asked_about(store: SqlStore) -> None:
    house = House(store)
    for room, world in (("-6", "-200"), ("-7", "-300")):
        place = Place(ChannelType.GROUP, "Den", world, "Somewhere")
        await house.met("Robin", "7", room=room, place=place)
    carried = await house.does(
        await house.hears(), "SEND_MESSAGE", SEND_MESSAGE={"to": "den", "text": "hey"}
    )
    assert of(carried).error == "unclear-target"


async def test_what_is_sent_elsewhere_is_as_decent_as_what_is_said_here(store: SqlStore) -> None:
    house = House(store)
    await house.ends(await house.hears(number=90))
    text = "![x](https://evil.example/?q=s) hello"
    await house.does(await asks(house), "SEND_MESSAGE", SEND_MESSAGE={"to": "me", "text": text})
    assert await house.said("42") == ["x hello"]


# --- people, roles, settings -----------------------------------------------------------------------


async def cards(house: House, turn: RunningTurn, whose: EntityId) -> list[Any]:
    found = await house.real.read(lambda unit: unit.bonds.components(house.part.id, whose))
    return [(card.type, dict(card.data)) for card in found]


async def test_somebody_has_something_noted_about_themselves(store: SqlStore) -> None:
    house = House(store)
    turn = await house.hears()
    await house.does(turn, "UPDATE_CONTACT", UPDATE_CONTACT={"data": {"mail": "r@example.org"}})
    turn = await house.hears(number=2)
    await house.does(turn, "UPDATE_ENTITY", UPDATE_ENTITY={"data": {"phone": "5"}})
    assert await cards(house, turn, turn.work.person) == [
        ("contact", {"mail": "r@example.org", "phone": "5"})
    ]


async def test_about_others_only_admins_have_something_noted(store: SqlStore) -> None:
    house = House(store)
    await house.met("Kim", "8", room="-5")
    params = {"who": "Kim", "data": {"phone": "5"}}
    carried = await house.does(await asks(house), "UPDATE_ENTITY", UPDATE_ENTITY=params)
    assert of(carried).error == "not-allowed"
    house = House(store)
    house.wire.ranks["7"] = Rank.ADMIN
    turn = await asks(house, 2)
    assert of(await house.does(turn, "UPDATE_ENTITY", UPDATE_ENTITY=params)).success
    kim = EntityId(unique_uuid(house.part.id, "telegram:1:8"))
    assert await cards(house, turn, kim) == [("contact", {"phone": "5"})]
    params = {"who": "Nobody", "data": {"phone": "5"}}
    carried = await house.does(await asks(house, 3), "UPDATE_ENTITY", UPDATE_ENTITY=params)
    assert of(carried).error == "unknown-person"


async def roles(house: House, turn: RunningTurn) -> dict[str, str]:
    world = await house.real.read(
        lambda unit: unit.rooms.world(house.part.id, turn.work.spot.world)
    )
    assert world is not None
    return dict(world.metadata.get("roles", {}))


@pytest.mark.parametrize(
    ("mine", "theirs", "role", "works"),
    [
        (Rank.OWNER, Rank.MEMBER, "ADMIN", True),
        (Rank.OWNER, Rank.ADMIN, "NONE", True),
        (Rank.OWNER, Rank.MEMBER, "OWNER", True),
        (Rank.OWNER, Rank.OWNER, "NONE", False),
        (Rank.ADMIN, Rank.MEMBER, "ADMIN", True),
        (Rank.ADMIN, Rank.MEMBER, "OWNER", False),
        (Rank.ADMIN, Rank.ADMIN, "NONE", False),
        (Rank.ADMIN, Rank.OWNER, "NONE", False),
        (Rank.MEMBER, Rank.MEMBER, "ADMIN", False),
    ],
)
async def test_a_role_is_given_by_whoever_stands_higher(
    store: SqlStore, mine: Rank, theirs: Rank, role: str, works: bool
) -> None:
    house = House(store)
    await house.met("Kim", "8", room="-5")
    house.wire.ranks |= {"7": mine, "8": theirs}
    turn = await asks(house)
    carried = await house.does(turn, "UPDATE_ROLE", UPDATE_ROLE={"who": "Kim", "role": role})
    assert of(carried).success is works, of(carried)
    kim = unique_uuid(house.part.id, "telegram:1:8")
    assert await roles(house, turn) == ({kim: role} if works else {})


async def test_a_role_that_was_given_counts_from_the_next_turn_on(store: SqlStore) -> None:
    house = House(store)
    await house.met("Kim", "8", room="-5")
    house.wire.ranks["7"] = Rank.OWNER
    await house.does(await asks(house), "UPDATE_ROLE", UPDATE_ROLE={"who": "Kim", "role": "ADMIN"})
    assert await (await asks(house, 2, who="8", name="Kim")).learn_rank() is Rank.ADMIN


async def test_in_a_direct_chat_there_are_no_roles(store: SqlStore) -> None:
    house = House(store)
    turn = await house.hears()
    assert not {"UPDATE_ROLE", "UPDATE_SETTINGS"} & await offered(house, turn)


async def declared(house: House) -> None:
    """The plugin that greets new servers has declared what it wants to know."""
    await house.met("Kim", "8", room="-5")
    turn = await asks(house, 950)

    def write(unit: Any) -> None:
        world = unit.rooms.world(house.part.id, turn.work.spot.world)
        settings = {
            "GREETING": {"description": "said to newcomers", "value": None},
            "API_KEY": {"secret": True, "value": None},
            "SOME_TOKEN": {"value": "hidden"},
            "plain": "old",
        }
        unit.rooms.put_world(replace(world, metadata={"settings": settings}))

    await house.real.write(write)
    house.ranks.forget(turn.work.spot.world)


async def test_settings_that_were_declared_are_filled_in_by_admins(store: SqlStore) -> None:
    house = House(store)
    house.wire.ranks["7"] = Rank.ADMIN
    assert "UPDATE_SETTINGS" not in await offered(house, await asks(house, 3))
    await declared(house)
    turn = await asks(house)
    assert "UPDATE_SETTINGS" in await offered(house, turn)
    values = {"greeting": "Hello!", "API_KEY": "x", "SOME_TOKEN": "y", "OPENAI_API_KEY": "z"}
    values["PLAIN"] = "new"
    carried = await house.does(turn, "UPDATE_SETTINGS", UPDATE_SETTINGS={"values": values})
    assert of(carried).values == {"updatedSettings": {"GREETING": "Hello!", "plain": "new"}}
    world = await store.read(lambda unit: unit.rooms.world(house.part.id, turn.work.spot.world))
    assert world is not None
    kept = world.metadata["settings"]
    assert kept["GREETING"] == {"description": "said to newcomers", "value": "Hello!"}
    assert (kept["API_KEY"]["value"], kept["SOME_TOKEN"]["value"]) == (None, "hidden")
    assert kept["plain"] == "new"
    assert "OPENAI_API_KEY" not in kept


async def test_members_and_made_up_settings_change_nothing(store: SqlStore) -> None:
    house = House(store)
    await declared(house)
    values = {"values": {"GREETING": "Mine!"}}
    carried = await house.does(await asks(house), "UPDATE_SETTINGS", UPDATE_SETTINGS=values)
    assert not of(carried).success
    house.wire.ranks["9"] = Rank.ADMIN
    carried = await house.does(
        await asks(house, 2, who="9"), "UPDATE_SETTINGS", UPDATE_SETTINGS={"values": {"X": "1"}}
    )
    assert of(carried).error == "unknown-setting"


# --- choosing --------------------------------------------------------------------------------------


async def a_choice(house: House, turn: RunningTurn, **more: Any) -> list[tuple[str, Any]]:
    """Something here waits for a word; what its worker was told."""
    worked: list[tuple[str, Any]] = []

    async def work(runtime: Any, options: Any, task: Any) -> None:
        worked.append((options["option"], task.id))

    repertoire = replace(house.gear.repertoire, workers=(Worker("PUBLISH", work),))
    house.gear.repertoire = repertoire
    task = Task(
        id="c0ffee00-0000",
        character=house.part.id,
        name="PUBLISH",
        tags=frozenset({"AWAITING_CHOICE"}),
        room=turn.work.spot.room,
        metadata={"options": [{"name": "post", "description": "do it"}, "cancel"]},
        **more,
    )
    await house.real.write(lambda unit: unit.tasks.put(task))
    house.choices = [{"task": task.id, "name": task.name, "options": []}]
    return worked


async def test_an_option_is_taken_once(store: SqlStore) -> None:
    house = House(store)
    await house.ends(await house.hears(number=90))
    turn = await house.hears()
    assert "CHOOSE_OPTION" not in await offered(house, turn)
    worked = await a_choice(house, turn)
    assert "CHOOSE_OPTION" in await offered(house, turn)
    wrong = await house.does(turn, "CHOOSE_OPTION", CHOOSE_OPTION={"option": "burn"})
    assert of(wrong).error == "unknown-option"
    for number, works in ((2, True), (3, False)):
        turn = await house.hears(number=number)
        params = {"option": "Post", "task": "c0ffee00"}
        assert of(await house.does(turn, "CHOICE", CHOICE=params)).success is works
    assert worked == [("post", "c0ffee00-0000")]


async def test_a_choice_is_made_by_whoever_was_asked_or_an_admin(store: SqlStore) -> None:
    house = House(store)
    await house.met("Kim", "8", room="-5")
    turn = await asks(house)
    kim = EntityId(unique_uuid(house.part.id, "telegram:1:8"))
    worked = await a_choice(house, turn, entity=kim)
    carried = await house.does(turn, "CHOOSE_OPTION", CHOOSE_OPTION={"option": "post"})
    assert of(carried).error == "not-allowed"
    turn = await asks(house, 2, who="8", name="Kim")
    carried = await house.does(turn, "CHOOSE_OPTION", CHOOSE_OPTION={"option": "cancel"})
    assert of(carried).success
    assert worked == [("cancel", "c0ffee00-0000")]


# --- pictures --------------------------------------------------------------------------------------


async def test_a_picture_is_shown_by_its_address(store: SqlStore) -> None:
    made = [{"url": "https://pictures.example/1.png?sig=abc"}]
    house = House(store, models=Models(makes=made), OPENAI_API_KEY="sk-test")
    turn = await house.hears()
    assert "GENERATE_IMAGE" in await offered(house, turn)
    await house.does(turn, "GENERATE_IMAGE", text="Here.", GENERATE_IMAGE={"prompt": "an owl"})
    assert await house.said() == ["Here.", "https://pictures.example/1.png?sig=abc"]


@pytest.mark.parametrize("made", [[{"data": png(), "mimeType": "image/png"}], png()])
async def test_a_picture_that_comes_as_bytes_is_kept_and_named(
    store: SqlStore, tmp_path: Path, made: Any
) -> None:
    files = tmp_path / "files"
    house = House(store, models=Models(makes=made), files=files, OPENAI_API_KEY="sk-test")
    turn = await house.hears()
    carried = await house.does(turn, "GENERATE_IMAGE", GENERATE_IMAGE={"prompt": "an owl"})
    assert of(carried).success
    assert await Files(files).read(str(of(carried).data["imageUrl"])) == png()


async def test_a_picture_that_nobody_could_send_is_told_of_in_words(
    store: SqlStore, tmp_path: Path
) -> None:
    models = Models(makes=[{"data": bytes(9_000_000)}])
    house = House(store, models=models, files=tmp_path / "files", OPENAI_API_KEY="sk-test")
    turn = await house.hears()
    carried = await house.does(turn, "GENERATE_IMAGE", GENERATE_IMAGE={"prompt": "an owl"})
    assert of(carried).error == "not-kept"
    assert carried.tell_more


async def test_without_a_painter_no_picture_is_offered(store: SqlStore) -> None:
    house = House(store)
    assert "GENERATE_IMAGE" not in await offered(house, await house.hears())


async def test_a_painter_who_is_away_is_told_of_in_words(store: SqlStore) -> None:
    house = House(store, OPENAI_API_KEY="sk-test")
    carried = await house.does(
        await house.hears(), "GENERATE_IMAGE", GENERATE_IMAGE={"prompt": "an owl"}
    )
    assert of(carried).error == "model-unavailable"
    assert carried.tell_more
