"""Several characters behind one bot of Discord, each with her own name, picture and memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Bot, Person, Stage
from bots.sandbox.discord.permissions import MANAGE_WEBHOOKS
from bots.sandbox.faults import Fault
from bots.sandbox.world import Chat, Message
from bots.testkit import Play
from core.models.scripted import Answering, Line, Scripted
from core.plugins import Plugin, Turn
from core.ports import ModelRequest
from core.tasks import AWAITING_CHOICE, buttons
from tests.flows.on_discord import Server, calls, on_discord, rows
from tests.flows.talk import echo, question, reply, speaker, until, whole

pytestmark = pytest.mark.usefixtures("database")

PICTURE = "https://cdn.example.org/bert.png"
BERT: dict[str, Any] = {
    "name": "Bert",
    "bio": "Bert is made for a test.",
    "settings": {"DISCORD_FACE_OF": "Ada", "avatar": PICTURE},
}


def room(stage: Stage, bots: Iterable[Bot], *people: Person, webhooks: bool = True) -> Server:
    """A server in whose channels the bots may have webhooks."""
    bots = tuple(bots)
    server = Server.of(stage, bots, *people)
    if webhooks:
        stage.discord.role(server.guild, "Stagehands", bots, permissions=MANAGE_WEBHOOKS)
    return server


def said(stage: Stage, chat: Chat, name: str) -> list[Message]:
    """What stands in a chat under a name."""
    return [one for one in stage.messages(chat) if one.spoken_as == name and not one.deleted]


async def answers(stage: Stage, chat: Chat, name: str, number: int = 1) -> list[Message]:
    await until(lambda: len(said(stage, chat, name)) >= number)
    return said(stage, chat, name)


def ended(play: Play, character: str) -> list[tuple[str, str]]:
    """How what a face has heard has ended, by her account: "<bot>/<her id>"."""
    (loaded,) = [one for one in play.roster.loaded if one.name == character]
    account = f"discord:{play.discord_bots['Ada'].id}/{loaded.id}"
    return [
        (row["status"], row["rule"])
        for row in rows(play, "inbox")
        if row["account"] == account and row["kind"] in ("message", "command")
    ]


async def settled(play: Play, number: int, character: str = "Bert") -> list[tuple[str, str]]:
    await until(
        lambda: (
            len(found := ended(play, character)) >= number
            and all(status != "new" for status, _ in found)
        )
    )
    return ended(play, character)


async def test_a_face_answers_by_its_own_name_and_picture_and_the_bot_by_the_bots(
    tmp_path: Path,
) -> None:
    async with on_discord("Ada", BERT, model=Scripted(echo), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        zoe = stage.person("Zoe")
        general = room(stage, [ada], zoe).general
        zoe.says(general, "Bert, who are you?")
        (first,) = await answers(stage, general, "Bert")
        zoe.says(general, "@Ada and you?")
        (second,) = await answers(stage, general, "Ada")
        zoe.says(general, "really?", reply_to=first)
        await answers(stage, general, "Bert", 2)
        zoe.says(general, "and more of it")
        found = await settled(play, 5)
        made = calls(stage, "create_webhook")
    assert "Bert heard: " in first.text
    assert first.more["face"]["url"] == PICTURE
    assert "Ada heard: " in second.text
    assert "webhook_id" not in second.more
    assert [rule for _, rule in found] == [
        "named",
        "addressed-to-another",
        "addressed-to-another",  # what Ada has answered
        "reply",
        "follow-up",
    ]
    assert len(made) == 1, "one webhook serves a channel"


async def test_whoever_marks_the_bot_and_names_the_face_means_the_face(tmp_path: Path) -> None:
    async with on_discord("Ada", BERT, model=Scripted(echo), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        zoe = stage.person("Zoe")
        general = room(stage, [ada], zoe).general
        zoe.says(general, "@Ada Bert, what do you say?")
        (answer,) = await answers(stage, general, "Bert")
        await settled(play, 1)
        await stage.quiet(general)
        alone = said(stage, general, "Ada")
    assert "Bert, what do you say?" in answer.text
    assert alone == []


async def test_the_bot_and_its_face_hear_each_other_as_colleagues(tmp_path: Path) -> None:
    def model(request: ModelRequest) -> str:
        if speaker(request) == "Bert":
            return reply("A moth.")
        asked = "ask him" in question(request)
        return reply("Bert, what is a bug?" if asked else "Thank you.")

    async with on_discord("Ada", BERT, model=(asked_of := Scripted(model)), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        zoe = stage.person("Zoe")
        general = room(stage, [ada], zoe).general
        zoe.says(general, "Ada, ask him")
        (asked,) = await answers(stage, general, "Ada")
        (answered,) = await answers(stage, general, "Bert")
        zoe.says(general, "Ada, what is it then?")
        await answers(stage, general, "Ada", 2)
        zoe.says(general, "Bert, is that so?")
        await answers(stage, general, "Bert", 2)
        await settled(play, 4)
        people = rows(play, "entities")
        prompts = [whole(one) for one in asked_of.requests]
    assert asked.text == "Bert, what is a bug?"
    assert answered.text.endswith("A moth.")
    assert any("Bert: A moth." in one for one in prompts if "# About Ada" in one)
    assert any("Ada: Bert, what is a bug?" in one for one in prompts if "# About Bert" in one)
    assert not [one for one in people if "Characters" in str(one["names"])]


# --- how it looks ------------------------------------------------------------------------------


async def test_who_is_answered_is_quoted_in_small_where_others_have_spoken_since(
    tmp_path: Path,
) -> None:
    thinks, may_answer = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        thinks.set()
        await may_answer.wait()

    def model(request: ModelRequest) -> Answering:
        return (
            Line((echo(request),), after=wait) if "slowly" in question(request) else echo(request)
        )

    async with on_discord("Ada", BERT, model=Scripted(model), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        zoe, eve = stage.person("Zoe"), stage.person("Eve")
        general = room(stage, [ada], zoe, eve).general
        zoe.says(general, "Bert, at once")
        await answers(stage, general, "Bert")
        asked = zoe.says(general, "Bert, **slowly** [now](https://example.org)")
        await thinks.wait()
        eve.says(general, "I know it")
        await until(lambda: len(ended(play, "Bert")) == 3)
        may_answer.set()
        at_once, late = await answers(stage, general, "Bert", 2)
        zoe.says(general, "why?", reply_to=late)
        *_, last = await answers(stage, general, "Bert", 3)
    assert at_once.text.startswith("Bert heard: "), "nobody spoke between"
    quote, _, words = late.text.partition("\n")
    link = f"https://discord.com/channels/{general.guild.id}/{general.id}/{asked.id}"
    assert quote == f"-# ↪ [Zoe: Bert, slowly now]({link})"
    assert words.startswith("Bert heard: ")
    assert "-# ↪" not in last.text, "what stands above the words is none of them"


async def test_in_a_thread_a_face_speaks_by_the_webhook_of_its_channel(tmp_path: Path) -> None:
    async with on_discord("Ada", BERT, model=Scripted(echo), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        zoe = stage.person("Zoe")
        general = room(stage, [ada], zoe).general
        thread = stage.discord.thread(general, "Bugs", zoe)
        zoe.says(thread, "Bert, in here")
        (inside,) = await answers(stage, thread, "Bert")
        zoe.says(general, "Bert, out there")
        (outside,) = await answers(stage, general, "Bert")
        made = calls(stage, "create_webhook")
    assert inside.more["webhook_id"] == outside.more["webhook_id"]
    assert len(made) == 1


async def test_without_the_right_to_webhooks_the_bot_says_it_with_the_name_before_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with on_discord("Ada", BERT, model=Scripted(echo), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        zoe = stage.person("Zoe")
        general = room(stage, [ada], zoe, webhooks=False).general
        zoe.says(general, "Bert, hello")
        (first,) = await answers(stage, general, "Ada")
        zoe.says(general, "go on", reply_to=first)
        await answers(stage, general, "Ada", 2)
        found = await settled(play, 2)
        asked = [*calls(stage, "list_channel_webhooks"), *calls(stage, "create_webhook")]
    assert first.text.startswith("**Bert:** Bert heard: ")
    assert first.reply_to is not None, "the bot can answer as bots do"
    assert [rule for _, rule in found] == ["named", "reply"], "it does not hear itself"
    assert asked == [], "what is known not to be allowed is not asked for"
    told = [one.message for one in caplog.records if "by the bot's own name" in one.message]
    assert len(told) == 1
    assert "Manage Webhooks" in told[0]


async def test_a_webhook_that_somebody_deletes_is_made_anew(tmp_path: Path) -> None:
    async with on_discord("Ada", BERT, model=Scripted(echo), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        zoe = stage.person("Zoe")
        general = room(stage, [ada], zoe).general
        zoe.says(general, "Bert, hello")
        (first,) = await answers(stage, general, "Bert")
        end_hook(stage, first)
        zoe.says(general, "Bert, again")
        _, second = await answers(stage, general, "Bert", 2)
    assert first.more["webhook_id"] != second.more["webhook_id"]


def end_hook(stage: Stage, said: Message) -> None:
    hook = stage.world.hooks[int(said.more["webhook_id"])]
    fact = {"fact": "hook", "id": hook.id, "chat": None, "name": hook.name, "token": hook.token}
    stage.world.commit({**fact, "owner": hook.owner.id})


async def test_where_a_channel_is_full_of_webhooks_the_bot_says_it_and_the_log_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with on_discord("Ada", BERT, model=Scripted(echo), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        zoe = stage.person("Zoe")
        general = room(stage, [ada], zoe).general
        for number in range(15):
            fact = {"fact": "hook", "id": 900 + number, "chat": general.key, "name": "News"}
            stage.world.commit({**fact, "token": f"token-{number}", "owner": zoe.id})
        zoe.says(general, "Bert, hello")
        (first,) = await answers(stage, general, "Ada")
    assert first.text.startswith("**Bert:** ")
    assert "15 webhooks" in caplog.text


# --- nothing lost, nothing doubled, nobody confused ----------------------------------------------


async def test_an_answer_whose_arrival_is_unknown_stands_there_once(tmp_path: Path) -> None:
    async with on_discord("Ada", BERT, model=Scripted(echo), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        zoe = stage.person("Zoe")
        general = room(stage, [ada], zoe).general
        stage.discord.faults.add(Fault("cut_after", method="execute_webhook"))
        zoe.says(general, "Bert, one")
        await until(lambda: sent(play))
        stage.discord.faults.add(Fault("cut", method="execute_webhook"))
        zoe.says(general, "Bert, two")
        await until(lambda: len(sent(play)) == 2)
        texts = [one.text for one in said(stage, general, "Bert")]
    assert [text[-3:] for text in texts] == ["one", "two"]


def sent(play: Play) -> list[Any]:
    return [row for row in rows(play, "deliveries") if row["status"] == "sent"]


async def test_what_a_face_remembers_is_not_the_bots_and_direct_chats_are_the_bots_alone(
    tmp_path: Path,
) -> None:
    async with on_discord("Ada", BERT, model=(model := Scripted(echo)), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        zoe = stage.person("Zoe")
        server = room(stage, [ada], zoe)
        dm = stage.discord.dm(zoe, ada)
        zoe.says(dm, "my secret is plum")
        await stage.next_from(ada, dm)
        zoe.says(server.general, "Bert, what is my secret?")
        await answers(stage, server.general, "Bert")
        found = await settled(play, 1)
        asked = [whole(one) for one in model.requests if speaker(one) == "Bert"]
        memories, talk = rows(play, "memories"), rows(play, "rooms")
    assert len(found) == 1
    assert not any("plum" in one for one in asked)
    ids = {one.name: one.id for one in play.roster.loaded}
    ours = {
        name: {row["room_id"] for row in memories if row["character_id"] == it}
        for name, it in ids.items()
    }
    assert ours["Bert"]
    assert not ours["Ada"] & ours["Bert"]
    assert {row["account"] for row in talk if row["character_id"] == ids["Bert"]} == {
        f"discord:{ada.id}/{ids['Bert']}"
    }


async def test_what_was_said_before_the_bot_came_is_read_once_and_remembered_by_both(
    tmp_path: Path,
) -> None:
    async with Stage(limits=False) as stage:
        ada, zoe = stage.discord.bot("Ada"), stage.person("Zoe")
        general = room(stage, [ada], zoe).general
        zoe.says(general, "the cake is in the cellar")
        async with on_discord(
            "Ada",
            BERT,
            model=(model := Scripted(echo)),
            data=tmp_path,
            stage=stage,
            settings={"DISCORD_HISTORY": "50"},
        ) as play:
            await until(lambda: len(rows(play, "memories")) == 2)
            zoe.says(general, "Bert, where is the cake?")
            await answers(stage, general, "Bert")
            asked = calls(stage, "list_messages", general)
    assert "in the cellar" in whole(model.requests[0])
    assert len(asked) == 1


async def test_one_with_a_bot_of_her_own_knows_the_face_as_one_of_ours(tmp_path: Path) -> None:
    def model(request: ModelRequest) -> str:
        return reply("Carol, hello." if speaker(request) == "Bert" else "Hello, Bert.")

    carol: dict[str, Any] = {"name": "Carol", "bio": "Carol is made for a test."}
    async with on_discord("Ada", BERT, carol, model=Scripted(model), data=tmp_path) as play:
        stage = play.stage
        bots = play.discord_bots
        zoe = stage.person("Zoe")
        general = room(stage, [bots["Ada"], bots["Carol"]], zoe).general
        zoe.says(general, "Bert, greet her")
        await answers(stage, general, "Bert")
        answer, *_ = await answers(stage, general, "Carol")
        await stage.quiet(general, 0.5)
        number = len(stage.messages(general))
    assert answer.text == "Hello, Bert."
    assert number < 12, "they come to an end"


async def test_when_the_bot_is_away_so_is_its_face_and_both_hear_what_was_said_meanwhile(
    tmp_path: Path,
) -> None:
    async with on_discord("Ada", BERT, model=Scripted(echo), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        zoe = stage.person("Zoe")
        general = room(stage, [ada], zoe).general
        zoe.says(general, "Bert, before")
        await answers(stage, general, "Bert")
        async with stage.discord.outage():
            await until(lambda: phases(play)["Bert"] == "retrying")
            (reason,) = [one.reason for one in play.gateway.health if one.character == "Bert"]
            zoe.says(general, "Bert, meanwhile")
            zoe.says(general, "@Ada meanwhile too")
        late = (await answers(stage, general, "Bert", 2))[-1]
        await answers(stage, general, "Ada")
        await until(lambda: phases(play)["Bert"] == "live")
    assert reason == "Ada's bot is not on Discord"
    assert "meanwhile" in late.text


def phases(play: Play) -> dict[str, str]:
    return {one.character: one.phase.value for one in play.gateway.health}


async def test_a_reload_brings_and_takes_a_face_without_touching_its_bot(tmp_path: Path) -> None:
    bert = {**BERT, "settings": {}}
    face = {"CHARACTER.BERT.DISCORD_FACE_OF": "Ada"}
    model = Scripted(["Well."])
    async with on_discord("Ada", bert, model=model, data=tmp_path, settings=face) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        zoe = stage.person("Zoe")
        general = room(stage, [ada], zoe).general
        zoe.says(general, "Bert, hello")
        await answers(stage, general, "Bert")
        logins = len(calls(stage, "get_my_user"))
        away = play.plan(**{"CHARACTER.BERT.DISCORD_FACE_OF": "Nobody"})
        await play.gateway.reload(away)
        zoe.says(general, "Bert, are you there?")
        zoe.says(general, "@Ada is he?")
        await answers(stage, general, "Ada")
        await play.gateway.reload(play.plan())
        await until(lambda: phases(play).get("Bert") == "live")
        zoe.says(general, "Bert, and now?")
        await answers(stage, general, "Bert", 2)
        again = len(calls(stage, "get_my_user"))
        heard = [row["payload"] for row in rows(play, "inbox") if "/" in row["account"]]
    assert [str(one) for one in away.findings]
    assert again == logins
    assert not [one for one in heard if "are you there" in str(one)]


async def test_a_button_below_the_words_of_a_face_is_pressed_for_the_face(tmp_path: Path) -> None:
    plugin, chosen = Plugin("tray"), list[str]()
    options = [{"name": "Tea"}, {"name": "Milk"}]

    @plugin.action(name="OFFER")
    async def offer(turn: Turn) -> None:
        """Ask what they would like."""
        told = {"name": "SERVE", "tags": [AWAITING_CHOICE], "roomId": turn.message.room_id}
        task = await turn.runtime.create_task({**told, "metadata": {"options": options}})
        await turn.say("What would you like?", buttons=buttons(task, options))

    @plugin.task("SERVE")
    async def serve(runtime: Any, options: Mapping[str, Any], task: Any) -> None:
        chosen.append(f"{runtime.character.name} serves {options['option']}")

    model = Scripted(["<response><actions>OFFER</actions></response>"])
    bert = {**BERT, "plugins": ["tray"]}
    async with on_discord("Ada", bert, model=model, data=tmp_path, plugins=[plugin]) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        zoe = stage.person("Zoe")
        general = room(stage, [ada], zoe).general
        zoe.says(general, "Bert, I am thirsty")
        (asked,) = await answers(stage, general, "Bert")
        (keys,) = [row["components"] for row in asked.more["components"]]
        pressed = zoe.presses(asked, keys[0]["custom_id"])
        await until(lambda: chosen)
        await until(lambda: stage.discord.interaction(pressed).answered)
        heard = [row["account"] for row in rows(play, "inbox") if row["kind"] == "press"]
    assert chosen == ["Bert serves Tea"]
    assert len(heard) == 1
    assert "/" in heard[0], "the bot does not hear of it too"
