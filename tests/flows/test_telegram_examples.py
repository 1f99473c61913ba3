"""The characters of elizaOS' pages on Telegram, written anew: they load as they are, and play."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Bot, Person, Stage
from bots.sandbox.world import Chat
from bots.testkit import Play
from core.models.scripted import Scripted
from core.plugins import Plugin, Turn
from core.plugins import classic as eliza
from core.ports import ModelRequest
from core.tasks import AWAITING_CHOICE, buttons
from tests.flows.talk import echo, outcomes, playing, question, reply, settled, until, whole

pytestmark = pytest.mark.usefixtures("database")

CHARACTERS = json.loads(Path(__file__).with_name("telegram_characters.json").read_text())


def direct(play: Play, name: str) -> tuple[Bot, Person, Chat]:
    bot, bob = play.bots[name], play.stage.person("Bob")
    return bot, bob, play.stage.dm(bob, bot)


def doing(**actions: str) -> Callable[[ModelRequest], str]:
    """For Scripted: does what a word of the question calls for, once."""

    def answer(request: ModelRequest) -> str:
        if "# Done just now" not in whole(request):
            for word, action in actions.items():
                if word in question(request):
                    return f"<response><actions>{action}</actions></response>"
        return reply("I see.")

    return answer


# --- words alone: T-75 -------------------------------------------------------------------------


async def test_the_simple_bot_answers_in_private_and_when_it_is_mentioned(tmp_path: Path) -> None:
    given = CHARACTERS["SimpleTelegramBot"]
    async with playing(given, model=Scripted(echo), data=tmp_path) as play:
        bot, bob, dm = direct(play, "SimpleTelegramBot")
        group = play.stage.group("Friends", [bob], [bot])
        bob.says(dm, "hello")
        assert "hello" in (await play.stage.next_from(bot, dm)).text
        bob.says(group, "nobody in particular")
        assert ("silent", "not-addressed") in await settled(play, 2, bot.name)
        bob.says(group, f"@{bot.username} are you there?")
        assert "are you there?" in (await play.stage.next_from(bot, group)).text


async def test_the_echo_bots_own_template_is_what_its_model_reads(tmp_path: Path) -> None:
    """T-63."""
    asked = Scripted(lambda request: reply("hello ... hello"))
    async with playing(CHARACTERS["EchoBot"], model=asked, data=tmp_path) as play:
        bot, bob, dm = direct(play, "EchoBot")
        bob.says(dm, "hello")
        assert (await play.stage.next_from(bot, dm)).text == "hello ... hello"
    (prompt,) = (whole(one) for one in asked.requests)
    assert "You are EchoBot. Repeat the last line, with an echo.\nBob: hello" in prompt
    assert "Nobody on Telegram should read this" not in prompt


async def test_the_faq_bot_answers_with_what_its_file_says(tmp_path: Path) -> None:
    asked = Scripted(lambda request: reply("Let me look."))
    async with playing(CHARACTERS["FAQBot"], model=asked, data=tmp_path) as play:
        bot, bob, dm = direct(play, "FAQBot")

        async def told() -> bool:
            bob.says(dm, "What does a ticket for the swimming pool cost?")
            await play.stage.next_from(bot, dm)
            return "costs four crowns" in whole(asked.requests[-1])

        async with asyncio.timeout(20):
            while not await told():  # documents are read beside the talk
                pass


# --- buttons: T-76 -----------------------------------------------------------------------------


def menus(chosen: list[str]) -> Plugin:
    plugin = Plugin("menus")

    @plugin.task("OPEN_PAGE")
    async def open_page(runtime: Any, options: dict[str, Any], task: Any) -> None:
        chosen.append(options["option"])
        await runtime.send_message_to_target(task.room, f"Here is {options['option']}.")

    @plugin.action(name="SHOW_MENU", similes=["MENU", "HELP", "START", "OPTIONS"])
    async def show_menu(turn: Turn) -> None:
        """Show the menu."""
        pages = [{"name": "stats"}, {"name": "settings"}]
        task = await turn.runtime.create_task(
            {
                "name": "OPEN_PAGE",
                "tags": [AWAITING_CHOICE],
                "roomId": turn.message.room_id,
                "metadata": {"options": pages},
            }
        )
        await turn.say("The menu:", buttons=buttons(task, pages))

    @plugin.command("links", "Pages that may help")
    async def links(turn: Turn) -> dict[str, Any]:
        docs = {"text": "Docs", "url": "https://docs.example", "callback_data": "never"}
        return {"text": "Read these.", "buttons": [[docs], [{"text": "Copy", "copy_text": "42"}]]}

    return plugin


async def test_the_menu_bot_shows_its_menu_and_its_links(tmp_path: Path) -> None:
    chosen: list[str] = []
    how: dict[str, Any] = {"model": Scripted(doing(menu="MENU")), "plugins": [menus(chosen)]}
    async with playing(CHARACTERS["MenuBot"], data=tmp_path, **how) as play:
        bot, bob, dm = direct(play, "MenuBot")
        bob.says(dm, "the menu, please")
        menu = await play.stage.next_from(bot, dm)
        keys = [key for row in (menu.markup or {})["inline_keyboard"] for key in row]
        assert [key["text"] for key in keys][:2] == ["stats", "settings"]
        bob.presses(menu, keys[1]["callback_data"])
        await until(lambda: chosen)
        assert chosen == ["settings"]
        await until(lambda: any(one.text == "Here is settings." for one in hers(play, dm, bot)))
        bob.says(dm, f"/links@{bot.username}")
        await until(lambda: any(one.text == "Read these." for one in hers(play, dm, bot)))
        said = next(one for one in hers(play, dm, bot) if one.text == "Read these.")
        (docs,), (copy,) = said.markup["inline_keyboard"]
        assert (docs["url"], "callback_data" in docs) == ("https://docs.example", False)
        assert copy["copy_text"] == {"text": "42"}


def hers(play: Play, chat: Chat, bot: Bot) -> list[Any]:
    return [one for one in play.stage.messages(chat) if one.sender is bot]


# --- what hangs on messages: T-77 ----------------------------------------------------------------


def analyst() -> eliza.Plugin:
    async def validate(runtime: Any, message: Any, state: Any) -> bool:
        attached = message.content.attachments or []
        return any(one.content_type.startswith("image/") for one in attached)

    async def handler(
        runtime: Any, message: Any, state: Any, options: Any, callback: Any, responses: Any
    ) -> bool:
        (one,) = message.content.attachments
        await callback({"text": f"It is {one.content_type}, beside “{message.content.text}”."})
        return True

    action = eliza.Action("ANALYZE_IMAGE_DETAILS", "Look closely.", handler, validate)
    return eliza.Plugin(name="analyst", description="Looks.", actions=[action])


async def test_the_analyst_is_offered_its_action_only_below_a_picture(tmp_path: Path) -> None:
    """V-05: attachments stand in the content, with elizaOS' keys."""
    asked = Scripted(doing(look="ANALYZE_IMAGE_DETAILS"))
    given = CHARACTERS["ImageAnalyzer"]
    async with playing(given, model=asked, data=tmp_path, plugins=[analyst()]) as play:
        bot, bob, dm = direct(play, "ImageAnalyzer")
        bob.says(dm, "what can you do?")
        assert (await play.stage.next_from(bot, dm)).text == "I see."
        assert "ANALYZE_IMAGE_DETAILS" not in whole(asked.requests[-1])
        bob.sends_photo(dm, caption="look at this")
        said = await play.stage.next_from(bot, dm)
        assert said.text == "It is image/jpeg, beside “look at this”."


# --- who may, and where: T-78 ----------------------------------------------------------------------


def welcome() -> Plugin:
    plugin = Plugin("welcome")

    @plugin.on("ENTITY_JOINED")
    async def greet(payload: dict[str, Any]) -> None:
        button = {"text": "Rules", "url": "https://rules.example"}
        words = f"Welcome, {payload['name']}!"
        await payload["runtime"].send_message_to_target(
            payload["roomId"], {"text": words, "buttons": [button]}
        )

    return plugin


async def test_the_moderator_welcomes_who_comes(tmp_path: Path) -> None:
    """T-40; and it takes part in its own group only."""
    async with Stage() as stage:
        bot, bob = stage.bot("GroupModerator"), stage.person("Bob")
        ours = stage.supergroup("Ours", [bob], [bot], admins=[bob, bot])
        theirs = stage.supergroup("Theirs", [bob], [bot])
        given = CHARACTERS["GroupModerator"]
        settings = given["settings"] | {"allowedGroupIds": [str(ours.id)]}
        how: dict[str, Any] = {"stage": stage, "plugins": [welcome()], "model": Scripted(echo)}
        async with playing(given | {"settings": settings}, data=tmp_path, **how) as play:
            bob.says(theirs, f"@{bot.username} hello")
            bob.says(stage.dm(bob, bot), "hello")
            await settled(play, 2, "GroupModerator")
            assert set(outcomes(play, "GroupModerator")) == {
                ("silent", "group-not-allowed"),
                ("silent", "directs-off"),
            }
            bob.says(ours, f"@{bot.username} hello")
            await stage.next_from(bot, ours)
            stage.person("Eve").joins(ours)
            said = await stage.next_from(bot, ours)
            assert said.text == "Welcome, Eve!"
            assert (said.markup or {})["inline_keyboard"][0][0]["url"] == "https://rules.example"


async def test_the_private_bot_answers_nobody_else(tmp_path: Path) -> None:
    async with Stage() as stage:
        bob, eve = stage.person("Bob"), stage.person("Eve")
        settings = {"TELEGRAM_ALLOWED_CHATS": json.dumps([str(bob.id)])}
        given = CHARACTERS["PrivateBot"] | {"settings": settings}
        async with playing(given, model=Scripted(echo), data=tmp_path, stage=stage) as play:
            bot = play.bots["PrivateBot"]
            eve.says(stage.dm(eve, bot), "let me in")
            bob.says(stage.dm(bob, bot), "hello")
            await stage.next_from(bot, stage.dm(bob, bot))
            await settled(play, 2, "PrivateBot")
            assert hers(play, stage.dm(eve, bot), bot) == []


def topics() -> Plugin:
    plugin = Plugin("topics")

    @plugin.action(name="TOPIC_SUMMARY", says=True)
    async def summarize(turn: Turn) -> str:
        """Sum up this topic."""
        if not turn.inbound.address.thread:
            return "That works in topics only."
        found = await turn.runtime.get_memories(
            tableName="messages", roomId=turn.message.room_id, count=50
        )
        return f"Said here: {len(found)}."

    return plugin


async def test_the_forum_assistant_counts_what_was_said_in_its_topic(tmp_path: Path) -> None:
    """T-51."""
    how: dict[str, Any] = {"plugins": [topics()], "model": Scripted(doing(sum="TOPIC_SUMMARY"))}
    async with playing(CHARACTERS["ForumAssistant"], data=tmp_path, **how) as play:
        bot, bob, dm = direct(play, "ForumAssistant")
        forum = play.stage.forum("Club", [bob], [bot])
        books, birds = (play.stage.topic(forum, name, bob) for name in ("Books", "Birds"))
        for words in ("birds fly", "most of them"):
            bob.says(forum, f"@{bot.username} {words}", topic=birds)
            await play.stage.next_from(bot, forum)
        bob.says(forum, f"@{bot.username} sum it up", topic=books)
        said = await play.stage.next_from(bot, forum)
        assert (said.text, said.topic) == ("Said here: 1.", books), "what asks for it counts"
        bob.says(dm, "sum it up")
        assert (await play.stage.next_from(bot, dm)).text == "That works in topics only."


# --- what lasts: T-79 -------------------------------------------------------------------------------


def languages() -> Plugin:
    plugin = Plugin("languages")

    @plugin.action(name="SET_LANGUAGE", says=True)
    async def set_language(turn: Turn) -> str:
        """Set the language of whoever asks."""
        language = turn.inbound.text.rpartition(" ")[2]
        await turn.runtime.set_cache(f"language:{turn.message.entity_id}", language)
        return f"From now on {language}."

    @plugin.provider
    async def language(turn: Turn) -> str:
        """In which language to answer."""
        told = await turn.runtime.get_cache(f"language:{turn.message.entity_id}")
        return f"Answer in {told}." if told else ""

    return plugin


async def test_the_polyglot_keeps_the_language_that_somebody_has_chosen(tmp_path: Path) -> None:
    """T-47: somebody else's is their own matter."""
    asked = Scripted(doing(speak="SET_LANGUAGE"))
    given = CHARACTERS["PolyglotBot"]
    async with playing(given, model=asked, data=tmp_path, plugins=[languages()]) as play:
        bot, bob, dm = direct(play, "PolyglotBot")
        bob.says(dm, "please speak Norwegian")
        assert (await play.stage.next_from(bot, dm)).text == "From now on Norwegian."
        bob.says(dm, "good morning")
        await play.stage.next_from(bot, dm)
        assert "Answer in Norwegian." in whole(asked.requests[-1])
        eve = play.stage.person("Eve")
        eve.says(play.stage.dm(eve, bot), "good morning")
        await play.stage.next_from(bot, play.stage.dm(eve, bot))
        assert "Norwegian" not in whole(asked.requests[-1])


def preferences() -> Plugin:
    plugin = Plugin("preferences")

    @plugin.action(name="SAVE_PREFERENCE", says=True)
    async def save(turn: Turn) -> str:
        """Save what somebody prefers."""
        await turn.runtime.set_cache(f"likes:{turn.message.entity_id}", turn.inbound.text)
        return "Saved."

    @plugin.command("preference", "What you prefer")
    async def tell(turn: Turn) -> str:
        found = await turn.runtime.get_cache(f"likes:{turn.message.entity_id}")
        return str(found or "Nothing.")

    return plugin


async def test_what_the_stateful_bot_has_saved_is_there_after_a_restart(tmp_path: Path) -> None:
    """V-17."""
    async with Stage() as stage:
        how: dict[str, Any] = {"stage": stage, "data": tmp_path, "plugins": [preferences()]}
        model = Scripted(doing(prefer="SAVE_PREFERENCE"))
        async with playing(CHARACTERS["StatefulBot"], model=model, **how) as play:
            bot, bob, dm = direct(play, "StatefulBot")
            bob.says(dm, "I prefer tea")
            assert (await stage.next_from(bot, dm)).text == "Saved."
        async with playing(CHARACTERS["StatefulBot"], model=model, **how):
            bob.says(dm, "/preference")
            assert (await stage.next_from(bot, dm)).text == "I prefer tea"


# --- when something fails: T-80 ---------------------------------------------------------------------


def risks() -> eliza.Plugin:
    async def fails(runtime: Any, message: Any) -> None:
        raise TimeoutError("a secret address did not answer")

    action = eliza.Action("SAFE_ACTION", "Do something risky.", fails)
    return eliza.Plugin(name="risks", description="Fails.", actions=[action])


async def test_the_robust_bot_tells_of_what_failed_and_goes_on(tmp_path: Path) -> None:
    """T-71: in words of its own, after it was told what has happened."""

    def answer(request: ModelRequest) -> str:
        if "# Done just now" in whole(request):
            return reply("That did not work, I am afraid.")
        return doing(risk="SAFE_ACTION")(request)

    given = CHARACTERS["RobustBot"]
    async with playing(given, model=Scripted(answer), data=tmp_path, plugins=[risks()]) as play:
        bot, bob, dm = direct(play, "RobustBot")
        bob.says(dm, "take a risk")
        assert (await play.stage.next_from(bot, dm)).text == "That did not work, I am afraid."
        bob.says(dm, "and now?")
        assert (await play.stage.next_from(bot, dm)).text == "I see."
