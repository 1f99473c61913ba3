"""Actions run in the model's order, each seeing what came before, walled, and written down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from core.flow.plans import resolve
from core.messages import Attachment, Button, InboundStatus, Kind, Rank, Reply
from core.plugins.records import ActionResult
from core.prompting.reading import Answer
from core.store.engine import SqlStore, open_store
from tests.core.actions.house import GROUP, House, Models, action


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with open_store(None, tmp_path) as store:
        yield store


class City(BaseModel):
    city: str


async def found_out(turn: Any, given: Any) -> ActionResult:
    return ActionResult(text="12 degrees", values={"degrees": 12}, data={"source": "a window"})


async def breaks(turn: Any, given: Any) -> str:
    raise RuntimeError("Robin's secret is swordfish")


# --- which action a name means ---------------------------------------------------------------------


def test_a_name_means_exactly_that_name_before_anybodys_simile() -> None:
    look = action("LOOK", similes=("PEEK",))
    peek = action("PEEK")
    assert resolve("PEEK", (look, peek)) is peek
    assert resolve("LOOK", (look, peek)) is look


def test_a_part_of_a_name_is_nothing() -> None:
    unmute, unfollow = action("UNMUTE_ROOM"), action("UNFOLLOW_ROOM")
    for name in ("MUTE_ROOM", "FOLLOW_ROOM", "MUTE", "ROOM", "", "UNMUTE_ROOM_NOW", "U"):
        assert resolve(name, (unmute, unfollow)) is None


def test_case_and_underscores_do_not_matter_where_only_one_can_be_meant() -> None:
    one, other = action("CHECK_WEATHER"), action("SEND_MAIL", similes=("MAIL_TO",))
    assert resolve("CheckWeather", (one, other)) is one
    assert resolve("check weather", (one, other)) is one
    assert resolve("mail-to", (one, other)) is other
    twins = (action("CHECK_WEATHER"), action("CHECKWEATHER"))
    assert resolve("Check_Weather", twins) is None
    assert resolve("CHECK_WEATHER", twins) is twins[0]


def test_a_simile_of_two_actions_means_neither() -> None:
    assert resolve("LOOK", (action("A", similes=("LOOK",)), action("B", similes=("LOOK",)))) is None


async def test_talk_and_silence_are_no_plan(store: SqlStore) -> None:
    house = House(store, action("WAVE"))
    await house.hears()
    for names in (("REPLY",), ("IGNORE",), ("NONE",), ("RESPOND",), (), ("REPLY", "NONE", "STOP")):
        assert (
            house.acting.plan(Answer(actions=names, text="hi"), house.gear.repertoire.actions)
            is None
        )


# --- in order --------------------------------------------------------------------------------------


async def test_actions_run_in_the_models_order_and_see_what_came_before(store: SqlStore) -> None:
    seen: list[tuple[str, list[str], Any]] = []

    async def look(turn: Any, given: Any) -> ActionResult:
        seen.append(
            ("look", [deed.action for deed in turn.deeds], turn.state.values.get("degrees"))
        )
        return ActionResult(values={"degrees": 12})

    async def tell(turn: Any, given: Any) -> None:
        seen.append(
            ("tell", [deed.action for deed in turn.deeds], turn.state.values.get("degrees"))
        )

    house = House(store, action("TELL", tell), action("LOOK", look))
    turn = await house.hears()
    carried = await house.does(turn, "LOOK", "TELL", text="One moment.")
    assert seen == [("look", [], None), ("tell", ["LOOK"], 12)]
    assert [deed.action for deed in carried.done] == ["LOOK", "TELL"]
    assert turn.state.values["workingMemory"][0]["actionName"] == "LOOK"
    assert (carried.tell_more, carried.said) == (False, 1)


async def test_every_step_is_written_down_with_what_came_of_it(store: SqlStore) -> None:
    house = House(store, action("LOOK", found_out), action("BREAK", breaks))
    turn = await house.hears()
    await house.does(turn, "LOOK", "BREAK", "DANCE", text="Well.")
    assert await house.steps() == [
        ("PLAN", "done"), ("LOOK", "done"), ("BREAK", "failed"), ("DANCE", "failed"),
    ]  # fmt: skip
    assert not await house.is_open()
    kept = await store.read(lambda unit: unit.steps.of(turn.id))
    assert kept[1].result["data"] == {"source": "a window"}
    assert kept[3].result["error"] == "unknown-action"


async def test_one_action_costs_one_commit_more_than_talk_and_one_for_its_result(
    store: SqlStore,
) -> None:
    house = House(store, action("LOOK", found_out), action("WAVE"))
    turn = await house.hears()
    await house.does(turn, "LOOK", text="One moment.")
    assert house.store.commits == 2  # plan, text and start; result and end
    house.store.commits = 0
    turn = await house.hears(number=2)
    await house.does(turn, "LOOK", "WAVE")
    assert house.store.commits == 3


async def test_what_is_said_before_acting_is_on_its_way_before_the_action_runs(
    store: SqlStore,
) -> None:
    said: list[list[str]] = []

    async def look(turn: Any, given: Any) -> None:
        said.append(await house.said())

    house = House(store, action("LOOK", look))
    await house.does(await house.hears(), "LOOK", text="Let me look.")
    assert said == [["Let me look."]]
    assert await house.remembered() == ["please", "Let me look."]


async def test_results_are_remembered_beside_talk_not_in_it(store: SqlStore) -> None:
    house = House(store, action("LOOK", found_out))
    await house.does(await house.hears(), "LOOK", text="Hm.")
    assert await house.remembered() == ["please", "Hm."]
    assert await house.remembered(table="action_results") == ["12 degrees"]


async def test_listeners_hear_when_an_action_starts_and_how_it_ends(store: SqlStore) -> None:
    house = House(store, action("LOOK", found_out), action("BREAK", breaks))
    await house.does(await house.hears(), "LOOK", "BREAK")
    assert house.told == [
        ("ACTION_STARTED", "LOOK"), ("ACTION_COMPLETED", "LOOK"),
        ("ACTION_STARTED", "BREAK"), ("ACTION_FAILED", "BREAK"),
    ]  # fmt: skip


# --- saying something in mid-action ----------------------------------------------------------------


async def test_each_call_says_one_message_at_once(store: SqlStore) -> None:
    async def work(turn: Any, given: Any) -> None:
        await turn.say("Half of it is done.")
        assert await house.said() == ["On it.", "Half of it is done."]
        await turn.say({"text": "All of it.", "actions": ["WORK"], "thought": "at last"})

    house = House(store, action("WORK", work))
    turn = await house.hears()
    carried = await house.does(turn, "WORK", text="On it.")
    assert carried.done[0].result.success, carried.done
    assert await house.said() == ["On it.", "Half of it is done.", "All of it."]
    assert await house.remembered() == ["please", *await house.said()]
    assert carried.said == 3
    keys = {(row.turn, row.step, row.ordinal) for row in await house.rows()}
    assert len(keys) == len({row.nonce for row in await house.rows()}) == 3


async def test_the_answer_after_an_action_is_a_message_of_its_own(store: SqlStore) -> None:
    house = House(store, action("LOOK", found_out, tells=True))
    turn = await house.hears()
    plan = house.acting.plan(Answer(actions=("LOOK",), text="Wait."), house.gear.repertoire.actions)
    assert plan is not None
    carried = await house.acting.carry_out(turn, plan)
    assert carried.tell_more
    await house.scribe.write(
        turn.work, InboundStatus.ANSWERED, "direct", say=Reply("It has 12 degrees.")
    )
    assert await house.said() == ["Wait.", "It has 12 degrees."]
    assert await house.remembered() == ["please", "Wait.", "It has 12 degrees."]
    assert await house.remembered(table="action_results") == ["12 degrees"]


async def test_nothing_is_sent_that_nobody_could_see(store: SqlStore) -> None:
    async def mute(turn: Any, given: Any) -> None:
        await turn.say("")
        await turn.say({"text": "", "actions": ["IGNORE"]})

    house = House(store, action("MUTTER", mute))
    carried = await house.does(await house.hears(), "MUTTER")
    assert (await house.said(), carried.said) == ([], 0)


async def test_of_a_private_talk_no_word_is_kept(store: SqlStore) -> None:
    async def work(turn: Any, given: Any) -> str:
        await turn.say("psst")
        return "a secret"

    house = House(store, action("WORK", work), DISABLE_MEMORY_CREATION="true")
    turn = await house.hears("my secret")
    await house.does(turn, "WORK", text="Hush.", WORK={"about": "my secret"})
    assert await house.said() == ["Hush.", "psst"]
    assert all(row.private for row in await house.rows())
    assert await house.remembered() == []
    assert await house.remembered(table="action_results") == []
    kept = await store.read(lambda unit: unit.steps.of(turn.id))
    assert [step.result for step in kept] == [{}, {}]


# --- what goes wrong -------------------------------------------------------------------------------


async def test_an_action_that_fails_stops_neither_the_others_nor_the_turn(
    store: SqlStore, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(store, action("BREAK", breaks), action("LOOK", found_out))
    carried = await house.does(await house.hears(), "BREAK", "LOOK")
    assert [deed.result.success for deed in carried.done] == [False, True]
    assert carried.tell_more, "what failed has to be told"
    assert "swordfish" not in carried.done[0].result.text + caplog.text
    assert "RuntimeError" in caplog.text


async def test_after_a_critical_failure_nothing_more_is_done(store: SqlStore) -> None:
    async def burn(turn: Any, given: Any) -> ActionResult:
        return ActionResult(success=False, text="It burns.", critical=True)

    house = House(store, action("COOK", burn), action("SERVE"))
    carried = await house.does(await house.hears(), "COOK", "SERVE")
    assert [deed.action for deed in carried.done] == ["COOK"]
    assert ("ACTION_STARTED", "SERVE") not in house.told


async def test_an_action_that_runs_out_of_time_is_given_up(store: SqlStore) -> None:
    async def gives_up(turn: Any, given: Any) -> None:
        async with asyncio.timeout(0):
            await asyncio.Event().wait()

    house = House(store, action("HANG", gives_up))
    carried = await house.does(await house.hears(), "HANG")
    assert carried.done[0].result.error == "timeout"


async def test_an_action_that_awaits_something_cancelled_takes_nobody_with_it(
    store: SqlStore,
) -> None:
    async def awaits(turn: Any, given: Any) -> None:
        gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        gone.cancel()
        await gone

    house = House(store, action("AWAIT", awaits), action("LOOK", found_out))
    carried = await house.does(await house.hears(), "AWAIT", "LOOK")
    assert [deed.result.success for deed in carried.done] == [False, True]


async def test_missing_arguments_are_said_in_words_and_nothing_is_done(store: SqlStore) -> None:
    house = House(store, action("WEATHER", found_out, arguments=City))
    carried = await house.does(await house.hears(), "WEATHER")
    assert "city" in carried.done[0].result.text
    assert carried.done[0].result.error == "bad-arguments"
    assert carried.tell_more
    assert house.told == []


async def test_arguments_come_to_the_action_as_its_model(store: SqlStore) -> None:
    given_to: list[Any] = []

    async def look(turn: Any, given: Any) -> None:
        given_to.append(given)

    house = House(store, action("WEATHER", look, arguments=City, similes=("FORECAST",)))
    await house.does(await house.hears(), "FORECAST", FORECAST={"city": "Oslo"})
    assert given_to == [City(city="Oslo")]


async def test_an_unknown_action_is_passed_over(store: SqlStore) -> None:
    house = House(store, action("LOOK", found_out))
    carried = await house.does(await house.hears(), "DANCE", "LOOK", text="Hm.")
    assert [deed.result.success for deed in carried.done] == [False, True]
    assert not carried.tell_more


async def test_a_result_that_is_no_json_and_one_that_is_too_large_are_written_all_the_same(
    store: SqlStore,
) -> None:
    async def odd(turn: Any, given: Any) -> ActionResult:
        data: Any = {"what": object(), 3: "three"}
        return ActionResult(text="odd", data=data)

    async def large(turn: Any, given: Any) -> ActionResult:
        return ActionResult(text="x" * 100_000, data={"page": "y" * 1_000_000})

    house = House(store, action("ODD", odd), action("LARGE", large))
    turn = await house.hears()
    carried = await house.does(turn, "ODD", "LARGE")
    assert all(deed.result.success for deed in carried.done)
    kept = await store.read(lambda unit: unit.steps.of(turn.id))
    assert kept[1].result["data"]["3"] == "three"
    assert kept[2].result["data"] == {}
    assert len(kept[2].result["text"]) < 65_536


async def test_the_same_thing_named_twice_is_done_once(store: SqlStore) -> None:
    house = House(store, action("LOOK", found_out, similes=("PEEK",)))
    carried = await house.does(await house.hears(), "LOOK", "PEEK", "LOOK")
    assert len(carried.done) == 1


async def test_silence_beside_something_to_do_is_dropped(store: SqlStore) -> None:
    house = House(store, action("WAVE"))
    carried = await house.does(await house.hears(), "IGNORE", "WAVE", "NONE")
    assert [deed.action for deed in carried.done] == ["WAVE"]


# --- when a second model call is due ---------------------------------------------------------------


async def test_only_what_is_to_be_told_asks_for_more_words(store: SqlStore) -> None:
    house = House(store, action("LOOK", found_out, tells=True), action("WAVE", found_out))
    assert (await house.does(await house.hears(), "LOOK")).tell_more
    assert not (await house.does(await house.hears(number=2), "WAVE")).tell_more
    last = await house.does(await house.hears(number=3), "WAVE", "REPLY", text="There.")
    assert not last.tell_more


async def test_a_reply_behind_an_action_that_tells_is_given_after_it(store: SqlStore) -> None:
    async def nothing(turn: Any, given: Any) -> None:
        return None

    house = House(store, action("LOOK", nothing, tells=True))
    assert (await house.does(await house.hears(), "LOOK", "REPLY", text="Wait.")).tell_more


# --- what is offered -------------------------------------------------------------------------------


async def test_validators_run_side_by_side_and_a_raising_one_drops_its_action_only(
    store: SqlStore,
) -> None:
    both = asyncio.Barrier(2)

    async def meets(turn: Any) -> bool:
        await both.wait()
        return True

    async def breaks_late(turn: Any) -> bool:
        raise RuntimeError

    def breaks_now(turn: Any) -> bool:
        raise RuntimeError

    house = House(store)
    turn = await house.hears()
    offered = await house.acting.offered(
        turn,
        (
            action("A", offered=meets),
            action("B", offered=breaks_late),
            action("C", offered=meets),
            action("D", offered=breaks_now),
            action("E", offered=lambda turn: False),
            action("F"),
        ),
    )
    assert [one.name for one in offered] == ["A", "C", "F"]


async def test_what_somebody_surely_may_not_do_is_not_offered(store: SqlStore) -> None:
    house = House(store)
    sweep = action("SWEEP", who=Rank.OWNER)
    alone = await house.hears()
    assert await house.acting.offered(alone, (sweep,)) == (sweep,)
    bot = await house.hears(room="-5", place=GROUP, who="8", bot=True, number=2)
    assert await house.acting.offered(bot, (sweep,)) == ()
    unknown = await house.hears(room="-5", place=GROUP, who="9", number=3)
    assert await house.acting.offered(unknown, (sweep,)) == (sweep,)
    await unknown.learn_rank()
    assert await house.acting.offered(unknown, (sweep,)) == ()


async def test_what_is_the_operators_is_done_for_nobody_in_their_own_chat(store: SqlStore) -> None:
    wipe = action("WIPE", found_out, who=Rank.OPERATOR)
    house = House(store, wipe, TROUPE_OWNERS="telegram:8")
    stranger = await house.hears()
    assert await house.acting.offered(stranger, (wipe,)) == ()
    carried = await house.does(stranger, "WIPE", text="Wiped.")
    assert not carried.done[0].result.success
    operator = await house.hears(who="8", number=2)
    carried = await house.does(operator, "WIPE")
    assert carried.done[0].result.success


async def test_policy_decides_after_the_model_whatever_it_was_offered(store: SqlStore) -> None:
    house = House(store, action("SWEEP", found_out, who=Rank.ADMIN))
    turn = await house.hears(room="-5", place=GROUP, kind=Kind.MESSAGE)
    carried = await house.does(turn, "SWEEP", text="Swept.")
    assert carried.done[0].result.error == "not-allowed"
    assert house.told == []
    assert carried.tell_more
    assert house.wire.asked == ["7"]


async def test_an_action_that_was_not_offered_is_asked_again_before_it_is_done(
    store: SqlStore,
) -> None:
    house = House(
        store,
        action("OPEN", found_out, offered=lambda turn: turn.inbound.author.id == "1"),
        action("LOOK", found_out, offered=lambda turn: True),
    )
    turn = await house.hears()
    plan = house.acting.plan(Answer(actions=("OPEN", "LOOK")), house.gear.repertoire.actions)
    assert plan is not None
    carried = await house.acting.carry_out(turn, plan)
    await house.ends(turn)
    assert [deed.result.error for deed in carried.done] == ["no-use", ""]


async def test_an_action_may_ask_a_model_and_the_turn_bears_the_cost(store: SqlStore) -> None:
    async def think(turn: Any, given: Any) -> str:
        return str(await turn.ask("Is it so?", temperature=0, stop="."))

    house = House(store, action("THINK", think), models=Models(["Yes"]))
    turn = await house.hears()
    carried = await house.does(turn, "THINK")
    assert carried.done[0].result.text == "Yes"
    assert house.models.asked[0].stop == (".",)
    assert turn.work.meter.calls == 1


async def test_a_turn_that_has_asked_often_enough_may_not_go_on_asking(store: SqlStore) -> None:
    asked = 0

    async def loop(turn: Any, given: Any) -> None:
        nonlocal asked
        while True:
            await turn.ask("More?")
            asked += 1

    house = House(store, action("LOOP", loop), models=Models(["Yes"] * 100))
    turn = await house.hears()
    carried = await house.does(turn, "LOOP")
    assert not carried.done[0].result.success
    assert asked == turn.work.meter.most


async def test_elizaos_content_is_said_with_its_buttons_and_what_is_attached(
    store: SqlStore,
) -> None:
    async def work(turn: Any, given: Any) -> None:
        memory = await turn.say(
            {
                "text": "Which one?",
                "action_name": "ASK",
                "thought": "they have to choose",
                "attachments": [{"url": "https://pictures.example/1.png?sig=x", "title": "one"}],
                "buttons": [{"label": "This", "data": "take 1"}, {"text": "More", "url": "https://x.example"}],
                "mine": 7,
            },
            buttons=(Button("None", "take 0"),),
            attachments=(Attachment("https://pictures.example/2.png"), Attachment("file-id-7")),
        )  # fmt: skip
        assert memory.content.actions == ("ASK",)
        assert memory.content.extra == {"mine": 7}

    house = House(store, action("WORK", work))
    seen: list[Reply] = []
    render = house.wire.render

    def rendered(reply: Reply) -> tuple[bytes, ...]:
        seen.append(reply)
        return render(reply)

    house.wire.render = rendered  # type: ignore[method-assign]  # to see what is drawn
    carried = await house.does(await house.hears(), "WORK")
    assert carried.done[0].result.success
    assert seen[0].buttons == (
        Button("None", "take 0"),
        Button("This", "take 1", row=0),
        Button("More", "", "https://x.example", row=1),
    )
    assert await house.said() == [
        "Which one?\nhttps://pictures.example/1.png?sig=x\nhttps://pictures.example/2.png"
    ]
    [kept] = [
        memory
        for memory in await store.read(
            lambda unit: unit.memories.find(house.part.id, table="messages")
        )
        if memory.content.thought
    ]
    assert kept.content.attachments[0]["title"] == "one"


async def test_in_a_group_only_the_first_words_answer_the_message(store: SqlStore) -> None:
    async def work(turn: Any, given: Any) -> None:
        await turn.say("one")
        await turn.say("two")

    house = House(store, action("WORK", work))
    seen: list[str | None] = []
    render = house.wire.render

    def rendered(reply: Reply) -> tuple[bytes, ...]:
        seen.append(reply.reply_to)
        return render(reply)

    house.wire.render = rendered  # type: ignore[method-assign]  # to see what is drawn
    await house.does(await house.hears(room="-5", place=GROUP), "WORK")
    await house.does(await house.hears(room="-5", place=GROUP, number=2), "WORK", text="So.")
    assert seen == ["m1", None, "m2", None, None]
