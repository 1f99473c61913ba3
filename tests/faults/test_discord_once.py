"""Whatever happens on Discord is handled once, though it is told three times: G3."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bots.discord.face_quotes import without_quote
from bots.sandbox import Bot, Person
from bots.sandbox.discord.permissions import MANAGE_WEBHOOKS
from bots.sandbox.world import Chat
from bots.testkit import Play
from core.models.scripted import Scripted
from core.ports import ModelRequest
from tests.faults import ledgers
from tests.faults.discord_crowd import heard_again, told_again
from tests.faults.ledgers import TAG
from tests.flows.on_discord import Server, bot_says, calls, on_discord
from tests.flows.talk import question, reply, speaker, until
from tests.flows.test_forms_on_discord import offered

EVERY = {"BASIC_CAPABILITIES_KEEP_RESP": "true", "TROUPE_HOPS": "0"}
BERT = {"name": "Bert", "bio": "Made for a test.", "settings": {"DISCORD_FACE_OF": "Ada"}}
KINDS = ("talk", "named", "command", "press", "form")


def names_it(request: ModelRequest) -> str:
    """Says who answers which message."""
    room, number = TAG.findall(question(request))[-1]
    return reply(f"{speaker(request)} re m{room}.{number}")


@dataclass(slots=True)
class Deeds:
    """What a person does in a channel, of each kind one, each bearing a mark of its own."""

    play: Play
    server: Server
    eve: Person
    done: int = 0

    @property
    def ada(self) -> Bot:
        return self.play.discord_bots["Ada"]

    def mark(self) -> str:
        self.done += 1
        return f"m0.{self.done - 1}"

    async def all(self, room: Chat) -> None:
        for kind in KINDS:
            deed: Callable[[Chat, str], Awaitable[None]] = getattr(self, f"_{kind}")
            await deed(room, self.mark())

    async def _talk(self, room: Chat, mark: str) -> None:
        self.server.owner.says(room, f"@Ada {mark}?")

    async def _named(self, room: Chat, mark: str) -> None:
        self.eve.says(room, f"Bert, {mark}?")  # the owner might well be going on with Ada

    async def _command(self, room: Chat, mark: str) -> None:
        self.server.owner.uses(room, self.ada, "chat", message=mark)

    async def _press(self, room: Chat, mark: str) -> None:
        button = {"type": 2, "id": 2, "style": 1, "label": mark, "custom_id": "x"}
        below = [{"type": 1, "id": 1, "components": [button]}]
        shown = bot_says(self.play.stage, self.ada, room, "Which?", more={"components": below})
        self.server.owner.presses(shown, "x")

    async def _form(self, room: Chat, mark: str) -> None:
        owner, there = self.server.owner, self.play.stage.discord
        about = self.eve.says(room, "moths eat wool")
        number = owner.uses(room, self.ada, "Ask Ada about this", target=about)
        await until(lambda: there.interaction(number).modal is not None)
        owner.fills(number, question=mark)


def spoken(play: Play, rooms: list[Chat]) -> Counter[str]:
    """How often each message was answered, and by whom."""
    said = [one for room in rooms for one in play.stage.messages(room) if one.sender.is_bot]
    return Counter(without_quote(one.text) for one in said if " re m" in one.text)


@pytest.mark.parametrize(
    "rooms",
    [
        pytest.param(6, id="30-deeds"),
        pytest.param(200, id="1000-deeds", marks=[pytest.mark.soak, pytest.mark.timeout(400)]),
    ],
)
async def test_g3_on_discord_talk_commands_presses_and_forms_told_three_times_are_handled_once(
    rooms: int, tmp_path: Path
) -> None:
    """Live, and twice more by a RESUME; talk is read back as well. In full: a thousand deeds."""
    async with on_discord(
        "Ada", BERT, model=Scripted(names_it), data=tmp_path, settings=EVERY
    ) as play:
        stage, ada, gateway = play.stage, play.discord_bots["Ada"], play.stage.discord.gateway
        await offered(play)
        eve = stage.person("Eve")
        server = Server.of(stage, [ada], stage.person("Bob"), eve)
        stage.discord.role(server.guild, "Stagehands", [ada], permissions=MANAGE_WEBHOOKS)
        places = [server.channel(f"room-{number}") for number in range(rooms)]
        deeds = Deeds(play, server, eve)
        for place in places:
            await deeds.all(place)

        async def over() -> None:
            await ledgers.until(
                lambda: len(spoken(play, places)) >= deeds.done and not is_busy(play),
                lambda: f"{deeds.done} were asked, and answered {spoken(play, places)}",
                timeout=30 + rooms,
            )

        await over()
        # Told again twice by a RESUME,
        gateway.drop(ada)
        assert told_again(stage, ada, times=2) >= 2 * deeds.done
        await until(lambda: gateway.sessions(ada).resumes == 1)
        # and then read back, of what was said while no session was to be taken up.
        gateway.refuse()
        gateway.invalidate(ada)
        missed = [server.owner.says(place, f"@Ada {deeds.mark()}?") for place in places]
        gateway.refuse(False)
        await until(lambda: gateway.sessions(ada).identifies == 2)
        for message in missed:
            heard_again(stage, ada, message)
        told_again(stage, ada)
        await over()
        await stage.quiet(places[-1])
        found, answers = ledgers.read(tmp_path), spoken(play, places)
    assert set(answers.values()) == {1}
    assert len(answers) == deeds.done == (len(KINDS) + 1) * rooms
    assert sum(text.startswith("Bert") for text in answers) == rooms
    keys = Counter((row["account"], row["event_key"]) for row in found.inbox)
    assert set(keys.values()) == {1}
    assert len([row for row in found.inbox if row["event_key"].startswith("i:")]) == 3 * rooms
    acknowledged = calls(stage, "create_interaction_response")
    assert len(acknowledged) == 4 * rooms  # the menu opens a form, and the form is answered
    assert all(call.status < 400 for call in acknowledged)


def is_busy(play: Play) -> bool:
    found: Any = ledgers.read(play.data)
    return any(row["status"] == "new" for row in found.inbox) or bool(play.gateway.ready()["owed"])
