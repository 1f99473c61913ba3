"""Answers that are ready when Discord takes none any more: after a quarter of an hour, by any way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from bots.discord.slash import listed
from bots.sandbox.discord.interactions import Interaction
from bots.sandbox.world import Chat
from bots.testkit import Play
from core.flow import commands
from core.ports import ModelRequest, Spent
from tests.flows.on_discord import Server, calls, heard, on_discord, rows
from tests.flows.talk import question, until
from tests.flows.test_forms_on_discord import offered

PARTS = ("one " * 450 + ".\n\n", "two " * 450 + ".")
SECONDS = 900.0


@dataclass(slots=True)
class Waiting:
    """Says nothing before it may, or the half of it; where "grow" is asked, it is seen growing."""

    name: str = "waiting"
    may: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0

    async def stream(
        self, request: ModelRequest, spent: Spent | None = None
    ) -> AsyncGenerator[str, None]:
        self.asked += 1
        text = question(request)
        yield "<response><actions>REPLY</actions><text>"
        if "grow" in text:
            yield "once upon a time "
            while not self.may.is_set():
                yield "and a time "
                await asyncio.sleep(0.05)
        await self.may.wait()
        ends = {"grow": "there was an end", "long": "".join(PARTS)}
        yield next((end for asked, end in ends.items() if text.endswith(asked)), f"re {text}")
        yield "</text></response>"


async def until_all(true: Callable[[], bool], play: Play, room: Chat) -> None:
    try:
        await until(true)
    except TimeoutError:
        stand = [one.text[:40] for one in play.stage.messages(room)]
        raise AssertionError(f"{stand} {rows(play, 'deliveries')}") from None


async def test_what_is_ready_too_late_for_its_token_is_said_in_the_channel_whatever_it_answers(
    tmp_path: Path,
) -> None:
    """A command, one of many messages, one that grows, a form; and none costs the bot its line."""
    model = Waiting()
    async with on_discord("Ada", model=model, data=tmp_path) as play:
        await offered(play)
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        bob, there = server.owner, stage.discord
        rooms = {name: server.channel(name) for name in ("short", "long", "grow", "form")}
        asked = [
            there.interaction(bob.uses(rooms[name], ada, "chat", message=name))
            for name in ("short", "long", "grow")
        ]
        about = bob.says(rooms["form"], "moths eat wool")
        menu = there.interaction(bob.uses(rooms["form"], ada, "Ask Ada about this", target=about))
        await until(lambda: menu.modal is not None)
        asked.append(there.interaction(bob.fills(menu.number, question="form")))
        await until(lambda: model.asked == 4 and all(one.answered for one in asked))
        await until_all(lambda: _text(asked[2]).startswith("once upon"), play, rooms["grow"])
        runs_out(*asked)
        model.may.set()

        def stands() -> dict[str, list[str]]:
            return {
                name: [one.text[:3] for one in heard(stage, room, ada) if one.text]
                for name, room in rooms.items()
            }

        wanted = {"short": ["re "], "long": ["one", "two"], "grow": ["onc"], "form": ["re "]}
        await until_all(
            lambda: stands() == wanted and _text(asked[2]).endswith("an end"), play, rooms["grow"]
        )
        await until(lambda: play.gateway.ready()["owed"] == 0)
        assert stands() == wanted
        assert [_text(one) for one in (asked[0], asked[1], asked[3])] == [""] * 3
        assert play.gateway.ready()["status"] == "ok", "the bot's own token is as good as it was"
        assert there.violations.get("invalid", 0) <= 2 * len(asked)
        await until(lambda: {row["status"] for row in rows(play, "deliveries")} == {"sent"})
        bob.says(there.dm(bob, ada), "still there?")
        await stage.next_from(ada, there.dm(bob, ada))


async def test_what_only_one_may_see_or_only_a_token_reaches_fails_and_is_seen_by_nobody(
    tmp_path: Path,
) -> None:
    """Help for one alone, a choice in a menu for one alone, and an answer where she is no member."""
    model = Waiting()
    async with on_discord("Ada", model=model, data=tmp_path) as play:
        await offered(play)
        stage, ada = play.stage, play.discord_bots["Ada"]
        there, server = stage.discord, Server.of(stage, [ada])
        bob, room = server.owner, server.general
        shapes = {one["name"]: one for one in listed(commands.OURS, "Ada").commands}
        for shown in there._office.commands[ada.id, None].values():
            shown |= {key: shapes[shown["name"]][key] for key in ("contexts", "integration_types")}
        elsewhere = next(iter(there.guild("Elsewhere", [bob]).channels.values()))
        bob.installs(ada)
        menu = there.interaction(bob.uses(room, ada, "settings"))
        await until(lambda: _text(menu))
        assert menu.reply is not None
        there.faults.delay(0.5, method="get_original_webhook_message")
        asked = [
            there.interaction(bob.uses(elsewhere, ada, "chat", message="short")),
            there.interaction(bob.uses(room, ada, "help")),
            there.interaction(bob.presses(menu.reply, "settings_menu", values=["language"])),
        ]
        await until(
            lambda: (
                model.asked == 1
                and all(one.answered for one in asked)
                and len(calls(stage, "get_original_webhook_message")) >= 2
            )
        )
        runs_out(*asked)
        model.may.set()
        await until_all(lambda: len(_failed(play)) == 3, play, room)
        assert [_text(one) for one in asked] == [""] * 3
        assert not [
            one
            for one in (*heard(stage, elsewhere, ada), *heard(stage, room, ada))
            if (one.text and one.id != menu.reply.id)
        ]
        assert {row["reason"] for row in _failed(play)} >= {
            "too late: what only one person sees is taken for a quarter of an hour"
        }
        assert play.gateway.ready()["status"] == "ok"
        assert there.violations.get("invalid", 0) <= 2 * len(asked)


def runs_out(*asked: Interaction) -> None:
    """A quarter of an hour is over for these."""
    for one in asked:
        one.began -= SECONDS


def _text(asked: Interaction) -> str:
    return "" if asked.reply is None else asked.reply.text


def _failed(play: Play) -> list[object]:
    return [row for row in rows(play, "deliveries") if row["status"] == "failed"]
