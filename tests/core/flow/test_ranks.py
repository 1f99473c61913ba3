"""Who somebody is where they ask."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.errors import LinkLost
from core.flow.doorkeeping import Doorkeeper
from core.flow.running_turn import RunningTurn
from core.ids import WorldId
from core.messages import Kind, Rank
from core.settings.context import RequestContext, request_scope
from core.store.engine import SqlStore, open_store
from tests.core.actions.house import GROUP, House


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with open_store(None, tmp_path) as store:
        yield store


async def in_group(house: House, **more: Any) -> RunningTurn:
    """Robin asks in a group in which something was said before."""
    await house.ends(await house.hears(room="-5", place=GROUP, number=99, who="1", name="Kim"))
    return await house.hears(room="-5", place=GROUP, **more)


async def tells(house: House, turn: RunningTurn, **metadata: Any) -> None:
    """What the world's metadata says."""

    def write(unit: Any) -> None:
        world = unit.rooms.world(house.part.id, turn.work.spot.world)
        unit.rooms.put_world(replace(world, metadata=metadata))

    await house.real.write(write)
    house.ranks.forget(turn.work.spot.world)


async def test_everybody_owns_their_own_talk_and_nobody_is_asked_for_that(store: SqlStore) -> None:
    house = House(store)
    turn = await house.hears()
    assert (turn.settled_rank, await turn.learn_rank()) == (Rank.OWNER, Rank.OWNER)
    assert house.wire.asked == []


async def test_in_a_group_the_platform_is_asked_once(store: SqlStore) -> None:
    house = House(store)
    house.wire.ranks["7"] = Rank.ADMIN
    turn = await in_group(house)
    assert (turn.settled_rank, turn.rank) == (None, Rank.MEMBER)
    assert await turn.learn_rank() is Rank.ADMIN
    assert turn.rank is Rank.ADMIN
    another = await house.hears(room="-5", place=GROUP, number=2)
    assert (another.rank, house.wire.asked) == (Rank.ADMIN, ["7"])


async def test_after_five_minutes_it_is_asked_again(store: SqlStore) -> None:
    house = House(store)
    house.wire.ranks["7"] = Rank.ADMIN
    await (await in_group(house)).learn_rank()
    house.wire.ranks["7"] = Rank.MEMBER
    await house.clock.advance(299)
    assert await (await house.hears(room="-5", place=GROUP, number=2)).learn_rank() is Rank.ADMIN
    await house.clock.advance(2)
    assert await (await house.hears(room="-5", place=GROUP, number=3)).learn_rank() is Rank.MEMBER


async def test_whoever_cannot_be_asked_about_is_a_member_for_a_while(store: SqlStore) -> None:
    house = House(store)
    for failure in (LinkLost("away"), RuntimeError("a bug")):
        house.wire.ranks["7"] = failure
        turn = await in_group(house)
        assert await turn.learn_rank() is Rank.MEMBER
        await house.clock.advance(31)
    house.wire.ranks["7"] = Rank.OWNER
    assert await (await house.hears(room="-5", place=GROUP, number=3)).learn_rank() is Rank.OWNER


async def test_bots_what_is_overheard_and_cues_are_strangers(store: SqlStore) -> None:
    house = House(store, TROUPE_OWNERS="telegram:7")
    for more in ({"bot": True}, {"kind": Kind.OVERHEARD}, {"kind": Kind.CUE}, {"who": ""}):
        turn = await house.hears(**more)
        assert await turn.learn_rank() is Rank.STRANGER


async def test_whoever_runs_this_is_operator_everywhere_and_only_on_that_platform(
    store: SqlStore,
) -> None:
    house = House(store, TROUPE_OWNERS="telegram:7,discord:8")
    assert await (await in_group(house)).learn_rank() is Rank.OPERATOR
    assert await (await in_group(house, who="8", number=2)).learn_rank() is Rank.MEMBER
    assert house.wire.asked == ["8"]


async def test_nobody_makes_themselves_an_operator_by_a_setting_of_their_own(
    store: SqlStore,
) -> None:
    house = House(store)
    mine = RequestContext(entity_id="robin", entity_settings={"TROUPE_OWNERS": "telegram:7"})
    with request_scope(mine):
        turn = await in_group(house)
        assert await turn.learn_rank() is Rank.MEMBER


async def test_roles_that_are_kept_count_before_what_the_platform_says(store: SqlStore) -> None:
    house = House(store)
    turn = await in_group(house)
    person = turn.work.person
    for metadata, rank in (
        ({"roles": {person: "ADMIN"}}, Rank.ADMIN),
        ({"roles": {person: "OWNER"}}, Rank.OWNER),
        ({"roles": {person: "NONE"}}, Rank.MEMBER),
        ({"roles": {person: "EMPEROR"}}, Rank.MEMBER),
        ({"ownership": {"ownerId": person}}, Rank.OWNER),
        ({"ownership": "odd", "roles": ["odd"]}, Rank.ADMIN),
        ({"roles": {"another": "OWNER"}}, Rank.ADMIN),
    ):
        house.wire.ranks["7"] = Rank.ADMIN
        await tells(house, turn, **metadata)
        again = await house.hears(room="-5", place=GROUP, number=2)
        assert await again.learn_rank() is rank, metadata


async def test_topics_have_the_admins_of_their_chat(store: SqlStore) -> None:
    house = House(store)
    turn = await in_group(house)
    await turn.learn_rank()
    lead = turn.work.lead
    topic = replace(lead, address=lead.address._replace(thread="9"))
    assert house.ranks.settled(house.part, topic, turn.work.spot) is Rank.MEMBER
    assert house.wire.asked == ["7"]


async def test_what_the_platform_tells_by_itself_is_taken_over_without_asking(
    store: SqlStore,
) -> None:
    house = House(store)
    turn = await in_group(house)
    assert await turn.learn_rank() is Rank.MEMBER
    world = turn.work.spot.world
    house.ranks.told(world, "7", Rank.ADMIN)
    assert (await house.hears(room="-5", place=GROUP, number=2)).rank is Rank.ADMIN
    house.ranks.all_unsure(WorldId("another"))
    assert (await house.hears(room="-5", place=GROUP, number=4)).rank is Rank.ADMIN
    house.ranks.all_unsure(world)
    assert (await house.hears(room="-5", place=GROUP, number=5)).settled_rank is None
    house.ranks.told(world, "7", Rank.ADMIN)
    house.ranks.unsure(world, "7")
    another = await house.hears(room="-5", place=GROUP, number=3)
    assert another.settled_rank is None
    assert house.wire.asked == ["7"]


async def test_a_role_that_moderates_by_the_servers_settings_makes_an_admin(
    store: SqlStore,
) -> None:
    house = House(store)
    turn = await in_group(house)
    await tells(house, turn, settings={"moderators": ["55", "66"]}, roles={})
    lead, work = turn.work.lead, turn.work
    mod = replace(lead, author=replace(lead.author, roles=("11", "66")))
    other = replace(lead, author=replace(lead.author, roles=("11",)))
    assert await house.ranks.of(work.part, other, work.spot) is Rank.MEMBER
    assert await house.ranks.of(work.part, mod, work.spot) is Rank.ADMIN
    assert house.ranks.known(work.part, mod, work.spot) is Rank.ADMIN
    house.ranks.told(work.spot.world, lead.author.id, Rank.OWNER)
    assert await house.ranks.of(work.part, mod, work.spot) is Rank.OWNER, "it takes nothing away"


async def test_what_is_kept_of_a_server_is_not_read_at_every_message(store: SqlStore) -> None:
    house = House(store)
    turn = await in_group(house)
    pairing: Any = None
    keeper = Doorkeeper(house.ranks, pairing, house.scribe, house.clock)
    await tells(house, turn, settings={"channels": ["-5"], "quiet": True})
    reads: list[Any] = []
    real = house.store.read

    async def counted(work: Any) -> Any:
        reads.append(work)
        return await real(work)

    house.ranks._store = cast(Any, SimpleNamespace(read=counted))
    for number in range(20):
        another = await house.hears(room="-5", place=GROUP, number=100 + number)
        assert await keeper.admit(another.work) is None
        assert another.work.rules.quiet
    assert len(reads) == 1
