"""A process that dies in mid-action leaves a turn that the next one brings to its end, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.flow.opened import Superseded
from core.messages import InboundStatus
from core.plugins.records import Action, ActionResult
from core.prompting.reading import Answer
from core.store.engine import SqlStore, open_store
from tests.core.actions.house import ONE, House, Killed, action


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with open_store(None, tmp_path) as store:
        yield store


class World:
    """What actions do to it stays done, whatever happens to the process."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.dies_in = ""

    def actions(self) -> tuple[Action, ...]:
        return (
            action("PAY", self._pay, tells=True),
            action("LOOK", self._look, idempotent=True),
            action("WAVE", self._wave),
        )

    async def _pay(self, turn: Any, given: Any) -> ActionResult:
        await turn.say("Paying.")
        self.done["PAY"] += 1
        self._may_die("PAY")
        await turn.say("Paid.")
        return ActionResult(text="Five were paid.", values={"left": 5})

    async def _look(self, turn: Any, given: Any) -> str:
        await turn.say("Looking.")
        self.done["LOOK"] += 1
        self._may_die("LOOK")
        await turn.say("Looked.")
        return "It is noon."

    async def _wave(self, turn: Any, given: Any) -> str:
        self.done["WAVE"] += 1
        self._may_die("WAVE")
        return f"{turn.state.values.get('left')} left"

    def _may_die(self, name: str) -> None:
        if self.dies_in == name:
            raise Killed


PLAN = Answer(actions=("PAY", "LOOK", "WAVE"), text="At once.")
ALL = ["At once.", "Paying.", "Paid.", "Looking.", "Looked."]


async def dies(house: House, answer: Answer = PLAN) -> bool:
    """Whether the process dies while it carries this out."""
    turn = await house.hears()
    plan = house.acting.plan(answer, house.gear.repertoire.actions)
    assert plan is not None
    try:
        await house.acting.carry_out(turn, plan)
        await house.ends(turn)
    except Killed:
        return True
    return False


async def lives_on(house: House) -> Any:
    """The next process finds the message open, as its inbox says."""
    if not await house.real.read(lambda unit: unit.inbox.waiting(ONE)):
        return None  # it came to its end before
    await house.acting.load()
    turn = await house.hears()
    carried = await house.acting.resume(turn)
    if carried is None:
        await dies(house)  # nothing was begun: the model is asked anew, and says the same
    else:
        await house.ends(turn)
    return carried


async def test_wherever_a_process_dies_between_commits_nothing_is_done_or_said_twice(
    tmp_path: Path,
) -> None:
    """Before and after each commit of the turn, one life each."""
    points = 0
    for commit in range(1, 12):
        for how in ("dies_before", "dies_after"):
            async with open_store(None, tmp_path / f"{how}-{commit}") as store:
                world = World()
                first = House(store, *world.actions())
                setattr(first.store, how, commit)
                if not await dies(first):
                    continue
                points += 1
                second = House(store, *world.actions())
                await lives_on(second)
                place = f"{how} {commit}"
                assert world.done["PAY"] <= 1, place
                assert 1 <= world.done["LOOK"] <= 2, place
                assert world.done["WAVE"] <= 1, place
                said = await second.said()
                assert len(said) == len(set(said)), place
                assert said == [line for line in ALL if line in said], place
                remembered = await second.remembered()
                assert remembered == ["please", *said], place
                assert not await second.is_open(), place
                steps = await second.steps()
                assert [name for name, _ in steps] == ["PLAN", "PAY", "LOOK", "WAVE"], place
                assert "started" not in [status for _, status in steps], place
    assert points == 2 * 9, "the number of its commits has changed"


@pytest.mark.parametrize("name", ["PAY", "LOOK", "WAVE"])
async def test_what_was_interrupted_is_done_again_only_where_that_does_no_harm(
    store: SqlStore, name: str
) -> None:
    world = World()
    world.dies_in = name
    assert await dies(House(store, *world.actions()))
    world.dies_in = ""
    second = House(store, *world.actions())
    carried = await lives_on(second)
    assert carried.tell_more
    assert world.done == {"PAY": 1, "LOOK": 2 if name == "LOOK" else 1, "WAVE": 1}
    broken = [deed.action for deed in carried.done if deed.result.error == "interrupted"]
    assert broken == ([] if name == "LOOK" else [name])
    assert set(await second.said()) == set(ALL) - ({"Paid."} if name == "PAY" else set())


async def test_a_process_that_dies_between_two_actions_begins_with_the_second(
    store: SqlStore,
) -> None:
    world = World()
    first = House(store, *world.actions())
    first.dies_when_told = "ACTION_COMPLETED"
    assert await dies(first, Answer(actions=("LOOK", "WAVE")))
    assert world.done == {"LOOK": 1}
    second = House(store, *world.actions())
    carried = await lives_on(second)
    assert [(deed.action, deed.result.success) for deed in carried.done] == [
        ("LOOK", True),
        ("WAVE", True),
    ]


async def test_later_actions_see_what_earlier_ones_gave_in_the_life_before(
    store: SqlStore,
) -> None:
    world = World()
    world.dies_in = "LOOK"
    assert await dies(House(store, *world.actions()))
    world.dies_in = ""
    carried = await lives_on(House(store, *world.actions()))
    assert carried.done[0].result.text == "Five were paid."
    assert carried.done[2].result.text == "5 left"


async def test_a_second_crash_in_the_same_place_does_no_more_harm(store: SqlStore) -> None:
    world = World()
    world.dies_in = "LOOK"
    assert await dies(House(store, *world.actions()))
    with pytest.raises(Killed):
        await lives_on(House(store, *world.actions()))
    world.dies_in = ""
    last = House(store, *world.actions())
    await lives_on(last)
    assert world.done == {"PAY": 1, "LOOK": 3, "WAVE": 1}
    assert await last.said() == ALL


async def test_an_action_whose_plugin_is_gone_is_passed_over(store: SqlStore) -> None:
    world = World()
    world.dies_in = "PAY"
    assert await dies(House(store, *world.actions()))
    carried = await lives_on(House(store))
    assert [deed.result.success for deed in carried.done] == [False, False, False]


async def test_where_more_was_said_meanwhile_the_old_plan_is_ended_and_the_new_word_answered(
    store: SqlStore,
) -> None:
    world = World()
    world.dies_in = "LOOK"
    assert await dies(House(store, *world.actions()))
    world.dies_in = ""
    second = House(store, *world.actions())
    await second.acting.load()
    turn = await second.hears("And?", number=2, earlier=(1,))
    carried = await second.acting.resume(turn)
    assert carried is not None
    assert carried.tell_more
    assert world.done == {"PAY": 1, "LOOK": 2, "WAVE": 1}
    plan = second.acting.plan(Answer(actions=("WAVE",), text="So."), world.actions())
    assert plan is not None
    await second.acting.carry_out(turn, plan)
    assert await second.steps(2) == [("PLAN", "started"), ("WAVE", "started")]
    await second.ends(turn)
    assert not await second.is_open()
    assert (await second.said())[-1] == "So."


async def test_a_second_plan_of_a_turn_is_taken_up_where_it_stopped(store: SqlStore) -> None:
    """The model was asked again after the first actions, and named another."""
    world = World()
    first = House(store, *world.actions())
    turn = await first.hears()
    for answer in (Answer(actions=("PAY",)), Answer(actions=("LOOK",), text="Now.")):
        plan = first.acting.plan(answer, first.gear.repertoire.actions)
        assert plan is not None
        world.dies_in = answer.actions[0].replace("PAY", "")
        try:
            await first.acting.carry_out(turn, plan)
        except Killed:
            assert answer.actions == ("LOOK",)
    world.dies_in = ""
    second = House(store, *world.actions())
    carried = await lives_on(second)
    assert [deed.action for deed in carried.done] == ["LOOK"]
    assert second.last is not None
    assert [deed.action for deed in second.last.deeds] == ["PAY", "LOOK"]
    assert world.done == {"PAY": 1, "LOOK": 2}
    assert await second.said() == ["Paying.", "Paid.", "Now.", "Looking.", "Looked."]


async def test_where_nothing_is_left_nothing_is_looked_up(store: SqlStore) -> None:
    house = House(store, *World().actions())
    await house.acting.load()
    turn = await house.hears()
    assert not house.acting.left(turn.id)
    assert await house.acting.resume(turn) is None


async def test_a_turn_that_fails_in_mid_plan_is_closed_with_its_plan(store: SqlStore) -> None:
    world = World()
    house = House(store, *world.actions())
    turn = await house.hears()
    plan = house.acting.plan(PLAN, house.gear.repertoire.actions)
    assert plan is not None
    house.dies_when_told = "ACTION_STARTED"
    with pytest.raises(Killed):
        await house.acting.carry_out(turn, plan)
    await house.scribe.write(turn.work, InboundStatus.FAILED, "bug")
    assert not await house.is_open()


async def test_what_an_action_had_others_do_ends_with_it_and_the_rest_goes_on(
    store: SqlStore,
) -> None:
    """elizaOS' processActions, called by a handler."""
    world = World()
    here: list[House] = []

    async def leads(turn: Any, given: Any) -> str:
        house = here[-1]
        await turn.say("I have it looked at.")
        plan = house.acting.plan(Answer(actions=("PAY", "LOOK")), world.actions())
        assert plan is not None
        carried = await house.acting.carry_out(turn, plan)
        await turn.say("It was looked at.")
        return f"{len(carried.done)} done"

    def life() -> House:
        here.append(House(store, *world.actions(), action("LEAD", leads)))
        return here[-1]

    world.dies_in = "LOOK"
    assert await dies(life(), Answer(actions=("LEAD", "WAVE")))
    world.dies_in = ""
    carried = await lives_on(life())
    assert [(deed.action, deed.result.error) for deed in carried.done] == [
        ("LEAD", "interrupted"),
        ("WAVE", ""),
    ]
    assert world.done == {"PAY": 1, "LOOK": 1, "WAVE": 1}
    assert await here[-1].said() == ["I have it looked at.", "Paying.", "Paid.", "Looking."]
    assert not await here[-1].is_open()

    turn = await here[-1].hears(number=2)
    whole = await here[-1].does(turn, "LEAD", "WAVE", text="So.")
    assert [deed.result.text for deed in whole.done] == ["2 done", "5 left"]
    assert (await here[-1].said())[-1] == "It was looked at."
    assert not await here[-1].is_open()


async def test_what_an_evaluator_has_done_leaves_no_plan_open(store: SqlStore) -> None:
    world = World()
    house = House(store, *world.actions())
    turn = await house.hears()
    await house.ends(turn)
    plan = house.acting.plan(Answer(actions=("WAVE",)), world.actions())
    assert plan is not None
    await house.acting.carry_out(turn, plan)
    await turn.settle()
    assert world.done == {"WAVE": 1}
    assert not await house.is_open()
    assert [name for name, _ in await house.steps()] == ["PLAN", "WAVE"]


async def test_a_successor_that_is_there_already_takes_the_plan_over_untouched(
    store: SqlStore,
) -> None:
    world = World()
    world.dies_in = "LOOK"
    assert await dies(House(store, *world.actions()))
    world.dies_in = ""
    house = House(store, *world.actions())
    await house.acting.load()
    turn = await house.hears()

    def rung() -> None:
        raise Superseded

    turn.work.batch.commit_to = rung  # type: ignore[method-assign]  # more was said meanwhile
    with pytest.raises(Superseded):
        await house.acting.resume(turn)
    assert world.done == {"PAY": 1, "LOOK": 1}
    successor = await house.hears("And?", number=2, earlier=(1,))
    assert await house.acting.resume(successor) is not None
    assert world.done == {"PAY": 1, "LOOK": 2, "WAVE": 1}
