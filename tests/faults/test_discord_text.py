"""What goes out to Discord fits, stays whole and calls nobody it should not: G27, G35."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from bots.sandbox.world import Chat, Message
from bots.testkit import Play
from core.models.scripted import Line, Scripted
from core.ports import ModelRequest
from tests.fakes.model_server import ModelServer, Script
from tests.flows.on_discord import Server, bot_says, calls, heard, on_discord, settled
from tests.flows.talk import question, reply, until

EVERY = {"BASIC_CAPABILITIES_KEEP_RESP": "true"}

# --- oversized answers -------------------------------------------------------------------------


def long_text(kind: str, seed: int = 1) -> str:
    """100,000 characters."""
    chance = random.Random(seed)
    emoji = ("😀", "👩‍👩‍👧‍👦", "🇩🇪", "e\u0301", "👍🏽", "❤️")
    match kind:
        case "prose":
            piece = "Some words, and then some more of them, as people write. "
        case "one-word":
            piece = "x"
        case "emoji":
            return "".join(chance.choice(emoji) for _ in range(60_000))[:100_000]
        case "code":
            piece = "    print('line of a long block', 1 + 1)\n"
            return "Here it is:\n```python\n" + (piece * 3_000)[: 100_000 - 40] + "\n```\nDone."
        case "fences":
            piece = "Text before.\n```js\nlet a = `b`;\n```\n"
        case "open-fence":
            return ("words " * 300 + "\n```\n" + "never closed\n" * 10_000)[:100_000]
        case _:
            parts = ("**bold** ", "`code` ", "> quoted\n", "||hidden|| ", "* item\n", "@everyone ")
            return "".join(chance.choice(parts) for _ in range(20_000))[:100_000]
    return (piece * (100_000 // len(piece) + 1))[:100_000]


KINDS = ("prose", "one-word", "emoji", "code", "fences", "open-fence", "markup")


async def test_g27_on_discord_an_answer_of_100000_characters_is_five_whole_messages_at_most(
    tmp_path: Path,
) -> None:
    """Prose, one endless word, emoji of many parts, code, blocks that open and never close."""

    def model(request: ModelRequest) -> Line:
        kind = next(kind for kind in KINDS if question(request).strip() == kind)
        return Line(
            ("<response><actions>REPLY</actions><text>", long_text(kind), "</text></response>")
        )

    async with on_discord("Ada", model=Scripted(model), data=tmp_path, settings=EVERY) as play:
        stage, ada, bob = play.stage, play.discord_bots["Ada"], play.stage.person("Bob")
        dm = stage.discord.dm(bob, ada)
        seen = 0
        for kind in KINDS:
            assert len(long_text(kind)) > 90_000
            bob.says(dm, kind)
            await settled(play, KINDS.index(kind) + 1)
            await until(lambda: play.gateway.ready()["owed"] == 0)
            await stage.quiet(dm)
            parts = [one.text for one in heard(stage, dm, ada)][seen:]
            seen += len(parts)
            assert 1 <= len(parts) <= 5, kind
            for part in parts:
                assert part.strip(), kind
                assert len(part) <= 2000, kind
                assert len(part.encode("utf-16-le")) // 2 <= 2000, kind
                assert part.count("```") % 2 == 0, f"{kind}: what is opened is closed"
                part.encode()  # no half of a character
            if kind in ("prose", "one-word"):
                assert sum(map(len, parts)) > 9_000, "as much of it as may be said"
            if kind == "emoji":
                assert not any(part[0] in "\u200d\u0301\ufe0f🏽" for part in parts)
        refused = [call for call in stage.discord.journal if call.status >= 400]
    assert refused == []


# --- mass mentions -----------------------------------------------------------------------------

ZERO = "\u200b"


def forms(server: Server, role: int, other: int) -> list[str]:
    """Thirty ways to call many people, or somebody who was not spoken to."""
    guild = server.guild.id
    return [
        "@everyone",
        "@here",
        "@everyone!",
        "hey @everyone, look",
        "@everyone @here",
        "**@everyone**",
        "*@here*",
        "__@everyone__",
        "~~@everyone~~",
        "||@everyone||",
        "> @everyone",
        "# @everyone",
        "- @here",
        "1. @everyone",
        "[@everyone](https://example.org)",
        "`@everyone`",
        "```\n@everyone\n```",
        "\\@everyone",
        f"@{ZERO}everyone",
        f"@every{ZERO}one",
        "＠everyone",
        "@EVERYONE",
        "@everyone\n@here",
        f"<@&{role}>",
        f"<@&{guild}>",
        f"<@{other}>",
        f"<@!{other}>",
        f"<@&{role}> <@{other}> @everyone",
        "<@everyone>",
        "@everyone " * 50,
    ]


def pinged(stage: Stage, one: Message) -> tuple[set[str], list[int], bool]:
    """Whose bell rings: the people's names, the roles, and whether it is everybody's."""
    more = one.more
    names = {stage.world.accounts[number].name for number in more["mentions"]}
    return names, more["mention_roles"], more["mention_everyone"]


async def ask_all(play: Play, server: Server, texts: list[str]) -> list[Message]:
    """Each in a channel of its own; her answers."""
    stage, ada = play.stage, play.discord_bots["Ada"]
    said = []
    for number, text in enumerate(texts):
        server.owner.says(server.general, f"Ada, please say {number}: {text}"[:2000])
        said.append(await stage.next_from(ada, server.general, timeout=20))
    await until(lambda: play.gateway.ready()["owed"] == 0)
    return said


@pytest.mark.parametrize("whose", ["the-models", "quoted-from-people"])
async def test_g35_no_form_of_a_mass_mention_rings_more_than_the_bell_of_who_is_answered(
    whose: str, tmp_path: Path
) -> None:
    """She may mention everyone there, as an administrator: what protects people is what she asks."""
    thirty: list[str] = []

    def model(request: ModelRequest) -> str:
        text = question(request)
        if whose == "the-models":
            text = thirty[int(text.partition("say ")[2].partition(":")[0])]
        return reply(f"<![CDATA[{text}]]>" if "<" in text else text)

    async with on_discord("Ada", model=Scripted(model), data=tmp_path, settings=EVERY) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        bob, eve, carl = (stage.person(name) for name in ("Bob", "Eve", "Carl"))
        server = Server.of(stage, [ada], bob, eve, carl)
        helpers = stage.discord.role(server.guild, "Helpers", [eve, carl])
        stage.discord.role(server.guild, "Admins", [ada], permissions=1 << 3 | 1 << 17)
        thirty += forms(server, helpers, eve.snowflake)
        assert len(thirty) == 30
        bare = bot_says(stage, ada, server.general, f"@everyone <@&{helpers}> @Eve")
        assert pinged(stage, bare) == ({"Eve"}, [helpers], True), "whoever does not ask for less"
        await stage.next_from(ada, server.general)
        said = await ask_all(play, server, thirty)
        sent = calls(stage, "create_message", server.general)
        for one in said:
            assert pinged(stage, one) == ({"Bob"}, [], False), one.text
        assert sum("everyone" in one.text.lower() for one in said) >= 20, (
            "the words themselves stay"
        )
        assert len(sent) == 30
        for call in sent:
            allowed = call.params["allowed_mentions"]
            assert allowed["parse"] == []
            assert not allowed.get("users")
            assert not allowed.get("roles")


async def test_g35_an_answer_that_grows_calls_nobody_either(tmp_path: Path) -> None:
    """Neither with its first words, nor with an edit, nor in a second part."""
    words = "Hey @everyone and @here, listen. " * 90

    def slowly(request: dict[str, Any]) -> Script:
        return Script(reply(words), before=0.1, between=0.03)

    async with ModelServer(slowly) as server_of_models:
        keys = {"OPENAI_BASE_URL": server_of_models.base_url, "OPENAI_API_KEY": "a-key-for-nothing"}
        async with on_discord("Ada", data=tmp_path, settings=keys) as play:
            stage, ada = play.stage, play.discord_bots["Ada"]
            bob, eve = stage.person("Bob"), stage.person("Eve")
            server = Server.of(stage, [ada], bob, eve)
            stage.discord.role(server.guild, "Admins", [ada], permissions=1 << 3 | 1 << 17)
            bells: list[Any] = []

            def hear(change: Any) -> None:
                if change.kind in ("message", "edit") and change.message.sender is ada:
                    bells.append(pinged(stage, change.message))

            stage.world.listeners.append(hear)
            bob.says(server.general, "Ada, call them all")
            await settled(play, 1)
            await until(lambda: play.gateway.ready()["owed"] == 0)
            await stage.quiet(server.general)
            asked = [*calls(stage, "create_message"), *calls(stage, "update_message")]
            assert len(heard(stage, server.general, ada)) == 2
            assert calls(stage, "update_message"), "it was seen growing"
    assert all(call.params["allowed_mentions"]["parse"] == [] for call in asked)
    assert all(names <= {"Bob"} and not roles and not every for names, roles, every in bells)


async def test_g35_whom_people_call_is_called_by_nobody_again(tmp_path: Path) -> None:
    """She sees who was called by name, and may name them; their bells do not ring for it."""

    def model(request: ModelRequest) -> str:
        return reply(f"You said: {question(request)}")

    async with on_discord("Ada", model=Scripted(model), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        bob, eve = stage.person("Bob"), stage.person("Eve")
        server = Server.of(stage, [ada], bob, eve)
        chat: Chat = server.general
        bob.says(chat, "@Ada greet @Eve and @everyone")
        said = await stage.next_from(ada, chat)
        assert "Eve" in said.text
        assert pinged(stage, said) == ({"Bob"}, [], False)
        bob.says(stage.discord.dm(bob, ada), f"and <@{eve.snowflake}>?")
        said = await stage.next_from(ada, stage.discord.dm(bob, ada))
        assert pinged(stage, said) == (set(), [], False), "between two nobody needs a bell"
