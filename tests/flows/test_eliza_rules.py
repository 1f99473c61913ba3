"""elizaOS' rules of a turn, in the whole gateway: what listeners are told, who decides, who looks back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core.errors import ModelRejected
from core.events import EventType
from core.models.scripted import Line, Scripted
from core.plugins import Plugin, Turn
from core.ports import ModelRequest
from tests.fakes.databases import in_use
from tests.fakes.model_server import ModelServer
from tests.flows import on_discord as od
from tests.flows.on_discord import Server, on_discord
from tests.flows.talk import echo, playing, question, reply, settled, until, whole

pytestmark = pytest.mark.usefixtures("database")

Told = tuple[str, Mapping[str, Any]]
OF_A_RUN = ("RUN_STARTED", "RUN_ENDED", "RUN_COMPLETED", "RUN_FAILED", "RUN_TIMEOUT")


def ears(*events: str) -> tuple[Plugin, list[Told]]:
    """A plugin that listens, and what it has heard."""
    plugin, told = Plugin("ears"), list[Told]()

    def listen(event: str) -> None:
        @plugin.on(event)
        async def hear(payload: Mapping[str, Any]) -> None:
            told.append((event, payload))

    for event in events:
        listen(str(event))
    return plugin, told


def names(told: list[Told]) -> list[str]:
    return [name for name, _ in told]


# --- runs ----------------------------------------------------------------------------------------


async def test_a_run_is_begun_and_ended_once_and_told_in_order(tmp_path: Path) -> None:
    plugin, told = ears(*OF_A_RUN, EventType.MESSAGE_RECEIVED)
    async with playing("Ada", model=Scripted(echo), plugins=[plugin], data=tmp_path) as play:
        bob = play.stage.person("Bob")
        bob.says(play.stage.dm(bob, play.bots["Ada"]), "hello")
        await until(lambda: len(told) >= 4)
        await settled(play, 1)
    assert names(told) == ["RUN_STARTED", "MESSAGE_RECEIVED", "RUN_ENDED", "RUN_COMPLETED"]
    assert len({payload["runId"] for _, payload in told}) == 1
    _, received = told[1]
    assert received["message"].content.text == "hello"
    assert received["runtime"].character.name == "Ada"
    assert (told[2][1]["status"], told[2][1]["rule"]) == ("completed", "direct")


async def test_a_run_that_fails_says_so(tmp_path: Path) -> None:
    plugin, told = ears(*OF_A_RUN)
    model = Scripted([RuntimeError("a bug")])
    async with playing("Ada", model=model, plugins=[plugin], data=tmp_path) as play:
        bob = play.stage.person("Bob")
        bob.says(play.stage.dm(bob, play.bots["Ada"]), "hello")
        await until(lambda: len(told) >= 3)
    assert names(told) == ["RUN_STARTED", "RUN_ENDED", "RUN_FAILED"]
    assert (told[1][1]["status"], told[1][1]["error"]) == ("error", "bug-RuntimeError")


async def test_a_run_that_takes_too_long_is_ended_and_told(tmp_path: Path) -> None:
    plugin, told = ears(*OF_A_RUN)
    model = Scripted([Line(hangs=True)])
    async with playing(
        "Ada",
        model=model,
        plugins=[plugin],
        data=tmp_path,
        settings={"RESPONSE_TIMEOUT": "300"},
    ) as play:
        bob = play.stage.person("Bob")
        bob.says(play.stage.dm(bob, play.bots["Ada"]), "hello")
        await until(lambda: len(told) >= 3)
        assert await settled(play, 1) == [("failed", "turn-timeout")]
    assert names(told) == ["RUN_STARTED", "RUN_ENDED", "RUN_TIMEOUT"]
    assert told[1][1]["status"] == "timeout"
    assert model.closed == 1


# --- what is told of messages --------------------------------------------------------------------


async def test_each_part_that_the_platform_has_taken_is_told_once(tmp_path: Path) -> None:
    plugin, told = ears(EventType.MESSAGE_SENT)
    long = "\n\n".join(f"Paragraph {number}. " + "word " * 300 for number in range(4))
    model = Scripted([reply(long)])
    async with playing("Ada", model=model, plugins=[plugin], data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "a long one")
        await until(lambda: len(told) >= 2)
        sent = [str(one.id) for one in play.stage.messages(dm) if one.sender is ada]
    assert len(sent) >= 2
    assert [payload["messageId"] for _, payload in told] == sent
    assert {payload["transport"] for _, payload in told} == {"telegram"}
    assert {payload["channelId"] for _, payload in told} == {str(dm.id)}


async def test_a_reaction_is_told_to_listeners(tmp_path: Path) -> None:
    plugin, told = ears(EventType.REACTION_RECEIVED)
    async with playing("Ada", model=Scripted(echo), plugins=[plugin], data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "hello")
        bob.reacts(await play.stage.next_from(ada, dm), "❤")
        await until(lambda: told)
    assert told[0][1]["source"] == "telegram"
    assert told[0][1]["entityId"]


async def test_a_server_is_told_of_with_its_world(tmp_path: Path) -> None:
    plugin, told = ears(EventType.WORLD_CONNECTED)
    async with on_discord("Ada", model=Scripted(echo), plugins=[plugin], data=tmp_path) as play:
        Server.of(play.stage, [play.discord_bots["Ada"]])
        await until(lambda: told)
    assert told[0][1]["source"] == "discord"
    assert told[0][1]["worldId"]


async def test_each_model_call_is_told_without_a_word_of_it(tmp_path: Path) -> None:
    plugin, told = ears(EventType.MODEL_USED, EventType.MODEL_FAILED)
    model = Scripted([reply("swordfish"), ModelRejected("no such model")])
    async with playing("Ada", model=model, plugins=[plugin], data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "what is the password?")
        await play.stage.next_from(ada, dm)
        bob.says(dm, "and the other one?")
        await until(lambda: len(told) >= 2)
    assert [(name, payload["type"]) for name, payload in told] == [
        ("MODEL_USED", "TEXT_LARGE"),
        ("MODEL_FAILED", "TEXT_LARGE"),
    ]
    assert told[0][1]["tokens"]["completion"] == 1
    assert "no such model" in told[1][1]["error"]
    assert "password" not in str(told)
    assert "swordfish" not in str(told)


# --- who decides ---------------------------------------------------------------------------------

DECIDES = {
    "name": "Ada",
    "bio": "Ada joins in.",
    "templates": {"shouldRespondTemplate": "Does {{agentName}} answer this?\n{{recentMessages}}"},
}


@pytest.mark.parametrize(
    ("decision", "ended"),
    [
        ("<action>REPLY</action>", ("answered", "model-decides")),
        ("<response><action>ESCALATE</action></response>", ("answered", "model-decides")),
        (
            "<response><reasoning>not hers</reasoning><action>ignore</action></response>",
            ("silent", "declined-by-model"),
        ),
        ("<response><action>STOP</action></response>", ("silent", "declined-by-model")),
        ("Let me think about it.", ("silent", "declined-by-model")),
    ],
)
async def test_her_own_template_decides_by_the_small_model(
    decision: str, ended: tuple[str, str], tmp_path: Path
) -> None:
    def answer(request: dict[str, Any]) -> str:
        return decision if request["model"] == "a-small-one" else reply("I think so too.")

    async with ModelServer(answer) as server:
        models = {
            "OPENAI_BASE_URL": server.base_url,
            "OPENAI_SMALL_MODEL": "a-small-one",
            "OPENAI_LARGE_MODEL": "a-large-one",
        }
        async with playing(DECIDES, data=tmp_path, settings=models) as play:
            ada, bob = play.bots["Ada"], play.stage.person("Bob")
            group = play.stage.group("Friends", [bob], [ada])
            bob.says(group, "what a day")
            assert await settled(play, 1) == [ended]
            asked = [call.request["model"] for call in server.calls]
            prompt = str(server.calls[0].request)
            bob.says(play.stage.dm(bob, ada), "hello")
            await settled(play, 2)
    assert asked == ["a-small-one", "a-large-one"][: 1 + (ended[0] == "answered")]
    assert "Does Ada answer this?" in prompt
    assert "Bob: what a day" in prompt
    assert server.calls[-1].request["model"] == "a-large-one"
    assert len(server.calls) == len(asked) + 1, "in private nobody has to decide"


async def test_an_empty_answer_is_asked_for_once_more_and_then_she_is_silent(
    tmp_path: Path,
) -> None:
    async with playing("Ada", model=(asked := Scripted([""])), data=tmp_path) as play:
        bob = play.stage.person("Bob")
        bob.says(play.stage.dm(bob, play.bots["Ada"]), "hello")
        assert await settled(play, 1) == [("silent", "no-answer")]
    assert len(asked.requests) == 2


async def test_what_the_answer_wants_to_know_is_looked_up_and_she_is_asked_again(
    tmp_path: Path,
) -> None:
    plugin = Plugin("almanac")

    @plugin.provider(dynamic=True)
    async def almanac(turn: Turn) -> str:
        """What the sky will do."""
        return "It will rain on Thursday."

    model = Scripted(
        ["<response><providers>ALMANAC</providers></response>", reply("Take an umbrella.")]
    )
    async with playing("Ada", model=model, plugins=[plugin], data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "And on Thursday?")
        assert (await play.stage.next_from(ada, dm)).text == "Take an umbrella."
    first, second = map(whole, model.requests)
    assert "ALMANAC" in first, "it is offered by name"
    assert "It will rain" not in first
    assert "It will rain" in second


# --- who looks back ------------------------------------------------------------------------------


async def test_evaluators_look_back_at_silence_only_when_they_always_do(tmp_path: Path) -> None:
    plugin, seen = Plugin("mirror"), list[tuple[str, str, int]]()

    @plugin.evaluator
    async def usual(turn: Turn) -> None:
        """Looks back at answers."""
        seen.append(("usual", turn.inbound.text, len(turn.responses)))

    @plugin.evaluator(always=True)
    async def always(turn: Turn) -> None:
        """Looks back at everything."""
        seen.append(("always", turn.inbound.text, len(turn.responses)))

    async with playing("Ada", model=Scripted(echo), plugins=[plugin], data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        group = play.stage.group("Friends", [bob], [ada])
        bob.says(group, "what a day")
        await settled(play, 1)
        bob.says(group, "Ada, hello")
        await play.stage.next_from(ada, group)
        await until(lambda: len(seen) >= 3)
    assert [(name, text) for name, text, _ in seen] == [
        ("always", "what a day"),
        ("usual", "Ada, hello"),
        ("always", "Ada, hello"),
    ]


async def test_a_superseded_run_is_ended_as_replaced(tmp_path: Path) -> None:
    plugin, told = ears(*OF_A_RUN)

    def model(request: ModelRequest) -> str | Line:
        return echo(request) if "two" in question(request) else Line(hangs=True)

    asked = Scripted(model)
    async with playing("Ada", model=asked, plugins=[plugin], data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "one")
        await until(lambda: asked.requests)
        bob.says(dm, "two")
        await play.stage.next_from(ada, dm)
        await until(lambda: len(told) >= 5)
    ended = [payload["status"] for name, payload in told if name == "RUN_ENDED"]
    assert ended == ["replaced", "completed"]


async def test_a_refused_message_does_not_end_the_gateway(tmp_path: Path) -> None:
    async with playing("Ada", model=Scripted(echo), data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        play.stage.faults.refuse(400, method="sendMessage")
        bob.says(dm, "which cannot be answered")
        await until(lambda: play.stage.faults.met)
        bob.says(dm, "and this one can")
        await play.stage.next_from(ada, dm)


@pytest.mark.parametrize(
    "templates",
    [{"telegramShouldRespondTemplate": "x"}, {"shouldRespondTemplate": "{{#if a}} broken"}],
)
async def test_no_template_for_here_means_the_usual_rules(
    templates: dict[str, str], tmp_path: Path
) -> None:
    ada = {"name": "Ada", "bio": "x", "templates": templates}
    async with on_discord(ada, model=Scripted(echo), data=tmp_path) as play:
        server = Server.of(play.stage, [play.discord_bots["Ada"]])
        server.owner.says(server.general, "what a day")
        assert await od.settled(play, 1) == [("silent", "not-addressed")]


async def test_a_plugins_validator_sees_what_providers_have_said(tmp_path: Path) -> None:
    dice = Plugin("dice")
    seen: list[str] = []

    @dice.provider
    async def table(turn: Turn) -> str:
        return "There is a table."

    def at_a_table(turn: Turn) -> bool:
        seen.append(turn.state["TABLE"])
        return "table" in turn.state["TABLE"]

    @dice.action(says=True, offered=at_a_table)
    async def roll(turn: Turn) -> str:
        """Roll a die."""
        return "A four."

    asked = Scripted(["<response><actions>ROLL</actions></response>"])
    async with playing("Ada", model=asked, plugins=[dice], data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "roll!")
        assert (await play.stage.next_from(ada, dm)).text == "A four."
    assert seen == ["There is a table."]
    assert "- ROLL: Roll a die." in asked.requests[0].system
    assert len(asked.requests) == 1


async def test_whoever_comes_and_her_own_going_are_told(tmp_path: Path) -> None:
    plugin, told = ears(EventType.ENTITY_JOINED, EventType.WORLD_LEFT)
    async with playing("Ada", model=Scripted(echo), plugins=[plugin], data=tmp_path) as play:
        ada = play.bots["Ada"]
        zoe, eve = play.stage.person("Zoe"), play.stage.person("Eve")
        group = play.stage.group("Two", [zoe], [ada])
        zoe.adds(group, eve)
        await until(lambda: told)
        event, payload = told[0]
        assert (event, payload["name"], payload["action"]) == ("ENTITY_JOINED", "Eve", "joined")
        assert payload["entityId"] != payload["agentId"]
        zoe.removes(group, ada)
        await until(lambda: "WORLD_LEFT" in names(told))


# --- what came to mind -----------------------------------------------------------------------------


async def test_what_came_to_mind_is_kept_with_the_answer_and_none_of_its_words(
    tmp_path: Path,
) -> None:
    ada = {"name": "Ada", "bio": "Ada is kind.", "knowledge": ["The ferry leaves at nine."]}
    asked = Scripted(lambda request: reply("Noted."))

    def pieces() -> list[Mapping[str, Any]]:
        """Those that can be found."""
        joined = "memories JOIN passages USING (seq)"
        return in_use.now.ask(
            tmp_path, f"SELECT memories.id FROM {joined} WHERE type = 'knowledge'"
        )

    async with playing(ada, model=asked, data=tmp_path) as play:
        await until(lambda: len(pieces()) == 1)
        bob = play.stage.person("Bob")
        dm = play.stage.dm(bob, play.bots["Ada"])
        bob.says(dm, "When does the ferry leave, I wonder?")
        await play.stage.next_from(play.bots["Ada"], dm)
    assert "The ferry leaves at nine." in whole(asked.requests[-1])
    rows = in_use.now.ask(tmp_path, "SELECT metadata FROM memories WHERE type = 'messages'")
    kept = [row["metadata"] for row in rows]
    kept = [json.loads(one) if isinstance(one, str) else one for one in kept]
    [[trace]] = [one["recalled"] for one in kept if "recalled" in one]
    assert trace.pop("score") > 0
    title = "The ferry leaves at nine."
    assert trace == {"id": pieces()[0]["id"], "table": "knowledge", "why": "words", "title": title}
