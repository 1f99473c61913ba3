"""Whatever way words go to Discord, nobody is called by them who was not spoken to: G35."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from bots.sandbox.discord.permissions import MANAGE_WEBHOOKS
from bots.sandbox.journal import Call
from bots.sandbox.world import Message
from bots.testkit import Play
from core.plugins import Plugin, Turn
from core.ports import ModelRequest, Spent
from tests.faults import ledgers
from tests.faults.test_discord_text import forms, pinged
from tests.flows.on_discord import Server, on_discord
from tests.flows.talk import question, speaker
from tests.flows.test_forms_on_discord import offered

BERT = {"name": "Bert", "bio": "Made for a test.", "settings": {"DISCORD_FACE_OF": "Ada"}}
WORDS = (
    "create_message",
    "update_message",
    "execute_webhook",
    "update_webhook_message",
    "update_original_webhook_message",
)
"""Everything by which words get to Discord."""
NUMBER = re.compile(r"say (\d+)")


def number(text: str) -> int:
    return int(NUMBER.findall(text)[-1])


def showing(thirty: list[str]) -> Plugin:
    """An action whose cards and menus say it everywhere they have words."""
    plugin = Plugin("showing")

    @plugin.action()
    async def show(turn: Turn) -> str:
        """Show a card."""
        text = thirty[number(turn.inbound.text)]
        few = text[:80]
        option = {"label": few, "value": "v", "description": few}
        menu = {"type": 3, "custom_id": "m", "placeholder": few, "options": [option]}
        button = {"type": 2, "style": 1, "label": few, "custom_id": "b"}
        await turn.say(
            {
                "embeds": [
                    {
                        "title": few,
                        "description": text,
                        "fields": [{"name": few, "value": text}],
                        "footer": {"text": text},
                        "author": {"name": few},
                    }
                ],
                "components": [
                    {"type": 1, "components": [menu]},
                    {"type": 1, "components": [button]},
                ],
            }
        )
        return ""

    return plugin


@dataclass(slots=True)
class Calling:
    """Says the form that is asked for; where it is to come in parts, so slowly that it grows."""

    thirty: list[str]
    name: str = "calling"

    async def stream(
        self, request: ModelRequest, spent: Spent | None = None
    ) -> AsyncGenerator[str, None]:
        asked = question(request)
        if "card" in asked:
            yield "<response><actions>SHOW</actions></response>"
            return
        text = escape(self.thirty[number(asked)])
        yield f"<response><actions>REPLY</actions><text>{speaker(request)}: {text}\n"
        if "parts" in asked:
            for _ in range(40):
                yield "and a word " * 5
                await asyncio.sleep(0.05)
            yield f"\n\n{text}"
        yield "</text></response>"


async def test_g35_thirty_forms_of_a_mass_mention_call_nobody_by_any_way(tmp_path: Path) -> None:
    """As the answer to a command and behind it, growing, on cards, by a face, in a thread's name."""
    thirty: list[str] = []

    settings = {"BASIC_CAPABILITIES_KEEP_RESP": "true", "TROUPE_HOPS": "0", "DISCORD_THREADS": "1"}
    async with on_discord(
        {"name": "Ada", "bio": "Made for a test.", "plugins": ["showing"]},
        BERT,
        model=Calling(thirty),
        data=tmp_path,
        plugins=[showing(thirty)],
        settings=settings,
    ) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        await offered(play)
        bob, eve = stage.person("Bob"), stage.person("Eve")
        server = Server.of(stage, [ada], bob, eve)
        helpers = stage.discord.role(server.guild, "Helpers", [eve])
        rights = 1 << 3 | 1 << 17 | MANAGE_WEBHOOKS
        stage.discord.role(server.guild, "Admins", [ada], permissions=rights)
        thirty += forms(server, helpers, eve.snowflake)
        assert len(thirty) == 30
        bells: list[tuple[Message, tuple[set[str], list[int], bool]]] = []

        def hear(change: Any) -> None:
            if change.kind in ("message", "edit") and change.message.sender is ada:
                bells.append((change.message, pinged(stage, change.message)))

        stage.world.listeners.append(hear)
        rooms = {name: server.channel(name) for name in ("command", "card", "face")}
        for one in range(30):
            bob.uses(rooms["command"], ada, "chat", message=f"say {one}")
            bob.uses(server.channel(f"parts-{one}"), ada, "ask", question=f"in parts, say {one}")
            bob.uses(rooms["card"], ada, "chat", message=f"on a card, say {one}")
            bob.says(rooms["face"], f"Bert, say {one}")
            thread = server.channel(f"thread-{one}")
            bob.says(thread, f"Ada, say {one} {thirty[one]}"[:2000])
            bob.says(thread, f"Ada, say {one} {thirty[one]}, again"[:2000])
        await ledgers.until(lambda: is_over(play, 180), lambda: f"{len(bells)}", timeout=60)
        said = list(words(play))
        made = stage.discord.journal.of("create_thread_from_message")
    for call in said:
        body = call.body
        assert isinstance(body, dict)
        allowed = body["allowed_mentions"]
        assert allowed["parse"] == [], call.method
        assert not allowed.get("users"), call.method
        assert not allowed.get("roles"), call.method
    assert {call.method for call in said} >= set(WORDS) - {"update_message"}
    assert len(made) >= 30
    assert any("everyone" in str(call.params["name"]) for call in made)
    assert len(bells) >= 7 * 30, "each of them was said"
    for one, (names, roles, everybody) in bells:
        assert names <= {"Bob"}, one.text
        assert not roles, one.text
        assert not everybody, one.text


def is_over(play: Play, number: int) -> bool:
    ended = [row["status"] for row in ledgers.read(play.data).inbox if row["kind"] == "message"]
    return len(ended) >= number and "new" not in ended and not play.gateway.ready()["owed"]


def words(play: Play) -> Iterator[Call]:
    """Every request that brings words, or whatever else can be read, to people."""
    for call in play.stage.discord.journal:
        if call.method in WORDS:
            yield call
        elif call.method == "create_interaction_response":
            data = (call.body or {}).get("data") if isinstance(call.body, dict) else None
            assert "content" not in (data or {}), "nothing is said by that"
