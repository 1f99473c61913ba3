"""What the admins of a server set: kept, applied, shown, and nobody else's to change."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bots.sandbox import Stage
from bots.sandbox.world import Chat
from bots.testkit import Play
from core.models.scripted import Scripted
from core.plugins import Option, OptionKind, Plugin, Turn
from core.ports import ModelRequest
from tests.flows.forms import answer_of, asked_by_form, text_of
from tests.flows.on_discord import ON_BOTH, Server, heard, on_discord, outcomes, settled
from tests.flows.talk import echo, playing, question, reply, until, whole

pytestmark = pytest.mark.usefixtures("database")


async def heard_to_say(play: Play, chat: Chat, part: str) -> None:
    ada = play.discord_bots["Ada"]
    await until(lambda: any(part in one.text for one in heard(play.stage, chat, ada)))


async def test_an_admin_sets_in_which_language_and_how_she_answers_and_a_restart_keeps_it(
    tmp_path: Path,
) -> None:
    asked = Scripted(echo)
    async with Stage(limits=False) as stage:
        bob = stage.person("Bob")
        async with on_discord("Ada", model=asked, data=tmp_path, stage=stage) as play:
            general = Server.of(stage, [play.discord_bots["Ada"]], bob).general
            changed = await text_of(play, bob, general, "settings", name="language", value="German")
            assert changed == "language: German."
            await text_of(play, bob, general, "settings", name="style", value="short and dry")
            bob.says(general, "Ada, hello")
            await heard_to_say(play, general, "hello")
        async with on_discord("Ada", model=asked, data=tmp_path, stage=stage) as play:
            bob.says(general, "Ada, hello again")
            await heard_to_say(play, general, "hello again")
            await text_of(play, bob, general, "settings", name="language", value="default")
            bob.says(general, "Ada, once more")
            await heard_to_say(play, general, "once more")
    before, after, undone = map(whole, asked.requests)
    for prompt in (before, after):
        assert "in this language, whatever others write in: “German”" in prompt
        assert "“short and dry”" in prompt
    assert "German" not in undone
    assert "“short and dry”" in undone


async def test_settings_are_shown_to_admins_alone_with_a_menu_that_works_after_a_restart(
    tmp_path: Path,
) -> None:
    async with Stage(limits=False) as stage:
        bob, kim = stage.person("Bob"), stage.person("Kim")
        async with on_discord("Ada", model=Scripted(echo), data=tmp_path, stage=stage) as play:
            ada = play.discord_bots["Ada"]
            general = Server.of(stage, [ada], bob, kim).general
            shown = await asked_by_form(play, bob, general, "settings")
            text = await answer_of(shown)
            assert "quiet: off" in text
            assert "channels: everywhere" in text
            assert "name:NAME value:VALUE" in text
            assert shown.reply is not None
            assert shown.reply.more["only_for"] == bob.id
            kim.says(general, "@Ada /settings quiet on")  # the form is not even shown to her
            await heard_to_say(play, general, "Only admins of this group can do that.")
        async with on_discord("Ada", model=Scripted(echo), data=tmp_path, stage=stage) as play:
            chosen = bob.presses(shown.reply, "settings_menu", values=["welcome"])
            told = await answer_of(stage.discord.interaction(chosen))
    assert "welcome: as whoever runs me has set it." in told
    assert "`/settings name:welcome value:off`" in told


async def test_quiet_she_speaks_only_when_she_is_spoken_to(tmp_path: Path) -> None:
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path) as play:
        server = Server.of(play.stage, [play.discord_bots["Ada"]])
        bob, general = server.owner, server.general
        assert (
            await text_of(play, bob, general, "settings", name="quiet", value="on") == "quiet: on."
        )
        bob.says(general, "Ada, what is a bug?")
        await heard_to_say(play, general, "what is a bug?")
        bob.says(general, "and who found the first one?")
        ended = await settled(play, 2, kinds=("message",))
    assert ended == [("answered", "named"), ("silent", "quiet")]


async def test_she_takes_part_in_the_channels_that_are_named_and_settings_work_everywhere(
    tmp_path: Path,
) -> None:
    asked = Scripted(echo)
    async with on_discord("Ada", model=asked, data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        bob, general, tea = server.owner, server.general, server.channel("tea")
        thread = stage.discord.thread(tea, "On oolong", bob)
        set_to = {"name": "channels", "value": f"<#{tea.id}>"}
        told = await text_of(play, bob, general, "settings", **set_to)
        assert told.startswith("channels: #tea. So I am silent in this one")
        bob.says(general, "Ada, are you there?")
        assert await settled(play, 1, kinds=("message",)) == [("silent", "channel-closed")]
        waits = await text_of(play, bob, general, "chat", message="Are you there?")
        assert waits.startswith("I did not answer: I do not take part in this channel")
        for room in (tea, thread):
            bob.says(room, "Ada, are you here?")
            await heard_to_say(play, room, "are you here?")
        await text_of(play, bob, general, "settings", name="channels", value="default")
        bob.says(general, "Ada, and now?")
        await heard_to_say(play, general, "and now?")
    assert "are you there" not in whole(asked.requests[-1]), "what was said there was not kept"


async def test_members_of_a_role_that_moderates_are_admins_to_her(tmp_path: Path) -> None:
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        bob, kim, eve = stage.person("Bob"), stage.person("Kim"), stage.person("Eve")
        server = Server.of(stage, [ada], bob, kim, eve)
        general = server.general
        mods = stage.discord.role(server.guild, "Mods", [kim])
        everybody = {"name": "moderators", "value": str(server.guild.id)}
        wrong = await text_of(play, bob, general, "settings", **everybody)
        assert wrong == "That would be everybody."
        role = {"name": "moderators", "value": f"<@&{mods}>"}
        assert str(mods) in await text_of(play, bob, general, "settings", **role)
        kim.says(general, "@Ada /mute")
        await heard_to_say(play, general, "I am quiet here now")
        eve.says(general, "@Ada /unmute")
        await heard_to_say(play, general, "Only admins")


async def test_in_a_telegram_group_they_are_set_in_words(tmp_path: Path) -> None:
    asked = Scripted(echo)
    async with playing("Ada", model=asked, data=tmp_path) as play:
        stage, ada = play.stage, play.bots["Ada"]
        bob, kim = stage.person("Bob"), stage.person("Kim")
        group, dm = stage.supergroup("Friends", [bob, kim], [ada]), stage.dm(bob, ada)

        async def says(text: str) -> str:
            bob.says(group, text)
            return (await stage.next_from(ada, group)).text

        assert await says("/settings@ada_bot language Plain German") == "language: Plain German."
        listed = await says("/settings@ada_bot")
        assert "language: Plain German" in listed
        assert "channels" not in listed, "a group has none"
        assert "`" not in listed
        assert "/settings NAME VALUE" in listed
        assert "/settings quiet on" in await says("/settings@ada_bot quiet")
        assert await says("/settings@ada_bot quiet perhaps") == "quiet is on or off."
        assert "There is no setting “colour”" in await says("/settings@ada_bot colour red")
        assert "at most 40" in await says("/settings@ada_bot language " + "x" * 41)
        bob.says(dm, "/settings")
        assert (await stage.next_from(ada, dm)).text == "/settings is for groups."
        kim.says(group, "/settings@ada_bot quiet on")
        assert "Only admins" in (await stage.next_from(ada, group)).text
        await says("Ada?")
    assert "“Plain German”" in whole(asked.requests[-1])


async def test_where_nothing_is_set_no_prompt_speaks_of_it(tmp_path: Path) -> None:
    asked = Scripted(echo)
    async with on_discord("Ada", model=asked, data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        server.owner.says(server.general, "Ada, hello")
        await stage.next_from(ada, server.general)
    assert "Here you answer" not in whole(asked.requests[-1])
    assert "Whoever looks after this place" not in whole(asked.requests[-1])


# --- who waits is answered ---------------------------------------------------------------------------


async def test_whoever_waits_is_told_why_there_is_no_answer(tmp_path: Path) -> None:
    def model(request: ModelRequest) -> str:
        if "silence" in question(request):
            return "<response><actions>IGNORE</actions></response>"
        if "boom" in question(request):
            raise RuntimeError("a mistake")
        return reply("Well said.")

    async with on_discord("Ada", model=Scripted(model), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        bob, general = server.owner, server.general

        async def chat(text: str) -> str:
            return await text_of(play, bob, general, "chat", message=text)

        assert await chat("hello") == "Well said."
        assert await chat("silence, please") == "I did not answer: I chose to say nothing."
        assert "Sorry" in await chat("boom"), "an apology is an answer, and given once in a while"
        assert "I did not answer: because of a mistake" in await chat("boom")
        assert await chat("hello again") == "Well said."
        bob.says(general, "silence")
        await settled(play, 6, kinds=("message",))
    assert len([one for one in outcomes(play, kinds=("message",)) if one[0] == "answered"]) == 2
    assert not [one for one in heard(stage, general, ada) if "boom" in one.text]


async def test_a_command_that_she_does_not_know_any_more_is_answered_all_the_same(
    tmp_path: Path,
) -> None:
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        # Discord shows an old menu for a while; here it is one that another program has left.
        old = {"id": "1", "type": 1, "name": "dance", "description": "Dances", "contexts": [0]}
        fact = {"fact": "app_commands", "bot": ada.id, "guild": server.guild.id, "commands": [old]}
        stage.world.commit(fact)
        text = await text_of(play, server.owner, server.general, "dance")
    assert text == "I do not know /dance (any more)."


async def test_what_concerns_one_person_is_shown_to_them_alone_and_needs_their_word(
    tmp_path: Path,
) -> None:
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        bob, general = server.owner, server.general
        asides = {}
        for command, options in (
            ("help", {}), ("why", {}), ("forget", {}), ("export", {}), ("forget", {"whom": "me"}),
        ):  # fmt: skip
            asked = await asked_by_form(play, bob, general, command, **options)
            asides[command, *options] = await answer_of(asked)
            assert asked.reply is not None
            assert asked.reply.more["only_for"] == bob.id
    assert "/chat – Say something to me" in asides["help",]
    assert asides["forget",].startswith("/forget whom:me makes me forget everything of you")
    assert asides["export",].startswith("/export whom:me gives you a file")
    assert (
        "forgotten you" in asides["forget", "whom"] or "nothing of you" in asides["forget", "whom"]
    )


async def test_a_plugins_command_is_a_form_here_and_words_there_with_the_same_values(
    tmp_path: Path,
) -> None:
    plugin, thrown = Plugin("games"), []
    sides = Option("sides", "How many sides", OptionKind.NUMBER, required=True, least=2, most=20)
    colour = Option("colour", "Of which colour", choices=("red", "green"))

    @plugin.command("dice", "Throws a die", options=[sides, colour], aside=True)
    async def dice(turn: Turn, arguments: str, given: Mapping[str, str]) -> str:
        thrown.append(dict(given))
        return f"One of {given['sides']}."

    async with on_discord(
        "Ada", model=Scripted(echo), data=tmp_path, plugins=[plugin], platforms=ON_BOTH
    ) as play:
        stage, bob = play.stage, play.stage.person("Bob")
        general = Server.of(stage, [play.discord_bots["Ada"]], bob).general
        asked = await asked_by_form(play, bob, general, "dice", colour="red", sides=6)
        assert await answer_of(asked) == "One of 6."
        assert asked.reply is not None
        assert asked.reply.more["only_for"] == bob.id
        dm = stage.dm(bob, play.bots["Ada"])
        bob.says(dm, "/dice 6 RED")
        assert (await stage.next_from(play.bots["Ada"], dm)).text == "One of 6."
        bob.says(dm, "/dice many")
        told = (await stage.next_from(play.bots["Ada"], dm)).text
    assert told == "/dice wants “sides”, a whole number, 2 to 20 (How many sides)."
    assert thrown == [{"sides": "6", "colour": "red"}] * 2


async def test_a_server_says_whether_and_where_newcomers_are_greeted(tmp_path: Path) -> None:
    first = {"TROUPE_INITIATIVE": "true", "TROUPE_INITIATIVE_PER_DAY": "9"}
    asked = Scripted(lambda request: reply("Welcome!"))
    async with on_discord("Ada", model=asked, data=tmp_path, settings=first) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        bob, general, hall = server.owner, server.general, server.channel("hall")
        set_to = {"name": "welcome", "value": "#hall"}
        assert await text_of(play, bob, general, "settings", **set_to) == "welcome: in #hall."
        stage.discord.invite(server.guild, stage.person("Kim"))
        await until(lambda: heard(stage, hall, ada))
        off = await text_of(play, bob, general, "settings", name="welcome", value="off")
        assert off == "welcome: off."
        stage.discord.invite(server.guild, stage.person("Eve"))
        await settled(play, 2, kinds=("member",))
        assert len(heard(stage, hall, ada)) == 1
    assert "Kim" in whole(asked.requests[0])
    assert len(asked.requests) == 1
