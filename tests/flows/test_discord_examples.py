"""The characters of elizaOS' pages on Discord, written anew: they load as they are, and play."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Bot, Stage
from bots.testkit import Play
from core.events import EventType
from core.models.scripted import Scripted
from core.plugins import Plugin, Turn
from core.plugins import classic as eliza
from core.ports import ModelRequest, ModelType
from core.settings.layers import Settings
from tests.fakes.pictures import png
from tests.flows.forms import asked_by_form, text_of
from tests.flows.on_discord import Server, heard, on_discord, settled
from tests.flows.talk import echo, question, reply, until, whole

pytestmark = pytest.mark.usefixtures("database")

CHARACTERS = json.loads(Path(__file__).with_name("discord_characters.json").read_text())


def served(play: Play, name: str, title: str = "The Commons") -> tuple[Bot, Server]:
    bot = play.discord_bots[name]
    return bot, Server.of(play.stage, [bot], play.stage.person("Bob"), name=title)


def doing(word: str, action: str) -> Any:
    """For Scripted: does it once where the word is said."""

    def answer(request: ModelRequest) -> str:
        if word in question(request) and "# Done just now" not in whole(request):
            return f"<response><actions>{action}</actions></response>"
        return reply("I see.")

    return answer


def senses() -> Plugin:
    plugin = Plugin("senses")

    @plugin.model(ModelType.IMAGE_DESCRIPTION)
    async def look(runtime: Any, params: Any) -> dict[str, str]:
        return {"title": "A boat", "description": "A red boat on a beach."}

    @plugin.model(ModelType.TRANSCRIPTION)
    async def listen(runtime: Any, params: Any) -> str:
        return "Bring the oars."

    return plugin


async def test_the_simple_bot_answers_in_private_and_when_it_is_mentioned(tmp_path: Path) -> None:
    given = CHARACTERS["SimpleBot"]
    async with on_discord(given, model=(asked := Scripted(echo)), data=tmp_path) as play:
        bot, server = served(play, "SimpleBot")
        bob, dm = server.owner, play.stage.discord.dm(server.owner, bot)
        bob.says(dm, "hello")
        assert "hello" in (await play.stage.next_from(bot, dm)).text
        assert "SimpleBot: Morning. The wind has turned." in whole(asked.requests[0])
        bob.says(server.general, "nobody in particular")
        assert ("silent", "not-addressed") in await settled(play, 2, "SimpleBot")
        bob.says(server.general, "@SimpleBot are you there?")
        assert "are you there?" in (await play.stage.next_from(bot, server.general)).text


async def test_the_restricted_bot_stays_in_its_channels(tmp_path: Path) -> None:
    """D-14, with `CHANNEL_IDS` in its own settings."""
    async with Stage(limits=False) as stage:
        server = Server.of(stage, [], stage.person("Bob"))
        allowed, other = server.general, server.channel("other")
        given = {**CHARACTERS["RestrictedBot"], "settings": {"CHANNEL_IDS": f" {allowed.id} , 5"}}
        how: dict[str, Any] = {"model": Scripted(echo), "data": tmp_path, "stage": stage}
        async with on_discord(given, **how) as play:
            bot = play.discord_bots["RestrictedBot"]
            stage.discord.invite(server.guild, bot)
            server.owner.says(other, "@RestrictedBot hello")
            ended = await settled(play, 1, "RestrictedBot")
            assert [status for status, _ in ended] == ["silent"]
            server.owner.says(allowed, "@RestrictedBot hello")
            assert "hello" in (await stage.next_from(bot, allowed)).text
            assert not heard(stage, other, bot)


async def test_the_voice_assistant_plays_in_writing_and_says_so(tmp_path: Path) -> None:
    given = CHARACTERS["VoiceAssistant"]
    async with on_discord(given, model=Scripted(echo), data=tmp_path) as play:
        bot, server = served(play, "VoiceAssistant")
        server.owner.says(server.general, "@VoiceAssistant are you there?")
        assert "are you there?" in (await play.stage.next_from(bot, server.general)).text
        server.owner.says(server.general, "@VoiceAssistant /voice on")
        assert "no voice" in (await play.stage.next_from(bot, server.general)).text


async def test_the_transcription_bot_reads_what_was_spoken(tmp_path: Path) -> None:
    """D-30, D-35: a voice message is what its author says; nobody has to ask for it."""
    asked = Scripted(echo)
    how: dict[str, Any] = {"model": asked, "plugins": [senses()], "data": tmp_path}
    async with on_discord(CHARACTERS["TranscriptionBot"], **how) as play:
        bot, server = served(play, "TranscriptionBot")
        dm = play.stage.discord.dm(server.owner, bot)
        server.owner.sends(dm, "voice-message.ogg", b"OggS" + bytes(200), "")
        assert "Bring the oars." in (await play.stage.next_from(bot, dm)).text


async def test_the_command_bot_is_asked_sums_up_and_does_what_its_plugin_can(
    tmp_path: Path,
) -> None:
    """D-57, D-58, D-63: /ask and /summarize are ours already, and a plugin's stand beside them."""
    harbour = Plugin("harbour")

    @harbour.command("tide", "Tells the tide")
    async def tide(turn: Turn) -> str:
        return "High at noon."

    how: dict[str, Any] = {"model": (asked := Scripted(echo)), "plugins": [harbour]}
    async with on_discord(CHARACTERS["CommandBot"], data=tmp_path, **how) as play:
        bot, server = served(play, "CommandBot")
        play.discord_bots = {"Ada": bot}
        bob, general = server.owner, server.general
        assert await text_of(play, bob, general, "tide") == "High at noon."
        assert not asked.requests
        assert "Is it deep?" in await text_of(play, bob, general, "ask", question="Is it deep?")
        assert await text_of(play, bob, general, "summarize", messages=5)
        assert "Is it deep?" in whole(asked.requests[-1])


async def test_the_vision_bot_sees_and_its_action_is_offered_below_a_picture(
    tmp_path: Path,
) -> None:
    """D-29, D-33, D-37, V-05."""
    seen: list[str] = []

    async def validate(runtime: Any, message: Any, state: Any) -> bool:
        return any(
            str(one.content_type).startswith("image/") for one in message.content.attachments or ()
        )

    async def handler(runtime: Any, message: Any, state: Any, options: Any, callback: Any) -> bool:
        (one,) = message.content.attachments
        seen.append(one.description)
        await callback({"text": f"I see this: {one.description}"})
        return True

    action = eliza.Action("ANALYZE_IMAGE", "Describe a picture.", handler, validate)
    analyst = eliza.Plugin(name="analyst", description="Looks.", actions=[action])
    model = Scripted(doing("boat", "ANALYZE_IMAGE"))
    how: dict[str, Any] = {"model": model, "plugins": [senses(), analyst], "data": tmp_path}
    async with on_discord(CHARACTERS["VisionBot"], **how) as play:
        bot, server = served(play, "VisionBot")
        dm = play.stage.discord.dm(server.owner, bot)
        server.owner.sends(dm, "boat.png", png(9, 9), "my boat")
        said = await play.stage.next_from(bot, dm)
        assert "A red boat on a beach." in said.text
        server.owner.says(dm, "a boat in words")
        assert (await play.stage.next_from(bot, dm)).text == "I see."
    assert len(seen) == 1


async def test_the_reaction_bot_thanks_and_asks(tmp_path: Path) -> None:
    """D-26, D-27."""
    reactions = Plugin("reactions")

    @reactions.on(EventType.REACTION_RECEIVED)
    async def reacted(payload: Mapping[str, Any]) -> None:
        words = {"👍": "Thank you!", "❓": "Do you want to ask something?"}
        if said := words.get(payload["message"].content.text):
            await payload["runtime"].send_message_to_target(payload["roomId"], said)

    how: dict[str, Any] = {"model": Scripted(echo), "plugins": [reactions], "data": tmp_path}
    async with on_discord(CHARACTERS["ReactionBot"], **how) as play:
        bot, server = served(play, "ReactionBot")
        bob, general = server.owner, server.general
        bob.says(general, "@ReactionBot hello")
        answer = await play.stage.next_from(bot, general)
        for emoji, text in (("👍", "Thank you!"), ("❓", "Do you want to ask something?")):
            bob.reacts(answer, emoji)
            assert (await play.stage.next_from(bot, general)).text == text
        bob.reacts(answer, "🐚")
        bob.reacts(answer, "👍", on=False)
        await settled(play, 4, "ReactionBot", kinds=["reaction"])
        await play.stage.quiet(general)
        assert len(heard(play.stage, general, bot)) == 3


async def test_the_multi_server_bot_tells_of_each_server_what_is_so_there(tmp_path: Path) -> None:
    """D-73, D-74: what is known of a server without asking Discord."""
    places = Plugin("places")

    @places.command("place", "Tells of this server", direct=False)
    async def place(turn: Turn) -> Mapping[str, Any]:
        runtime = turn.runtime
        world = await runtime.get_world(turn.message.world)
        rooms = await runtime.get_rooms(turn.message.world)
        style = (world.metadata.settings or {}).get("style", "mine")
        fields = [
            {"name": "Rooms", "value": str(len([one for one in rooms if one.type == "GROUP"]))},
            {"name": "Style", "value": style, "inline": True},
        ]
        return {"embeds": [{"title": world.name, "fields": fields}]}

    how: dict[str, Any] = {"model": Scripted(echo), "plugins": [places], "data": tmp_path}
    async with on_discord(CHARACTERS["MultiServerBot"], **how) as play:
        bot, here = served(play, "MultiServerBot", "Here")
        play.discord_bots = {"Ada": bot}
        there = Server.of(play.stage, [bot], here.owner, name="There")
        there.channel("third")
        await text_of(play, here.owner, here.general, "settings", name="style", value="formal")
        for server, shown in ((here, ("Here", "2", "formal")), (there, ("There", "3", "mine"))):
            asked = await asked_by_form(play, server.owner, server.general, "place")
            await until(lambda asked=asked: asked.reply and asked.reply.more.get("embeds"))
            assert asked.reply is not None
            (card,) = asked.reply.more["embeds"]
            assert (card["title"], *(one["value"] for one in card["fields"])) == shown


async def test_the_integrated_bot_searches_and_shows_five_findings(tmp_path: Path) -> None:
    """D-38, D-39, D-76: one plugin asks another by its resource, and shows a card."""

    class Index:
        async def find(self, words: str) -> list[tuple[str, str]]:
            return [(f"Hit {n}", f"https://found.example/{n}") for n in range(9)]

    search = Plugin("search")

    @search.resource
    async def index(settings: Settings) -> AsyncIterator[Index]:
        yield Index()

    @search.action()
    async def search_and_share(turn: Turn) -> str:
        """Search, and show what was found."""
        found = await turn.use(Index).find(turn.message.content.text)
        fields = [{"name": name, "value": f"[Read]({url})"} for name, url in found[:5]]
        await turn.say({"embeds": [{"title": "Found", "fields": fields, "color": 39423}]})
        return ""

    model = Scripted(doing("boats", "SEARCH_AND_SHARE"))
    how: dict[str, Any] = {"model": model, "plugins": [search], "data": tmp_path}
    async with on_discord(CHARACTERS["IntegratedBot"], **how) as play:
        bot, server = served(play, "IntegratedBot")
        server.owner.says(server.general, "@IntegratedBot find boats")
        (card,) = (await play.stage.next_from(bot, server.general)).more["embeds"]
        assert (card["title"], len(card["fields"])) == ("Found", 5)
        await until(lambda: model.requests)
