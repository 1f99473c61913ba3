"""The Lantern Players' two characters: who they are, what they can do, and every line they say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.models.scripted import Line
from core.plugins import Plugin, Turn
from core.ports import ModelRequest
from core.tasks import AWAITING_CHOICE, buttons
from tests.fakes.clock import settle
from tests.flows.talk import question, reply, speaker
from tests.flows.ten_minutes_log import Evening

THOUGHT = 3.0
"""Seconds that an answer takes on the stage's clock."""

WREN: dict[str, Any] = {
    "name": "Wren",
    "bio": "Wren is stage manager of the Lantern Players: exact, dry and never late.",
    "plugins": ["rehearsals"],
    "settings": {"TROUPE_INITIATIVE": "true", "TROUPE_INITIATIVE_ON": "joined"},
}
BARNABY: dict[str, Any] = {
    "name": "Barnaby",
    "bio": "Barnaby is the ghost of the old theatre, and has seen every play in it.",
    "settings": {"DISCORD_FACE_OF": "Wren"},
}

EVENINGS = [{"name": "Tuesday", "description": "at six"}, {"name": "Thursday"}]
PARTS = {
    "embeds": [
        {
            "title": "The Lighthouse",
            "fields": [
                {"name": "The keeper", "value": "Jonas"},
                {"name": "The gull", "value": "Rex"},
                {"name": "The storm", "value": "everybody else"},
            ],
        }
    ],
    "components": [
        {
            "type": "ACTION_ROW",
            "components": [
                {
                    "type": "SELECT_MENU",
                    "customId": "part",
                    "placeholder": "Tell me more about",
                    "options": [
                        {"label": "The keeper", "value": "keeper"},
                        {"label": "The gull", "value": "gull"},
                    ],
                }
            ],
        }
    ],
}


def rehearsals() -> Plugin:
    """Wren's own: evenings to choose from by buttons, and the parts as a card with a menu."""
    plugin = Plugin("rehearsals")

    @plugin.action()
    async def propose_evenings(turn: Turn) -> None:
        """Let them choose an evening for the dress rehearsal."""
        task = await turn.runtime.create_task(
            {
                "name": "BOOK_EVENING",
                "tags": [AWAITING_CHOICE],
                "roomId": turn.message.room_id,
                "metadata": {"options": EVENINGS},
            }
        )
        await turn.say("The hall is free on two evenings.", buttons=buttons(task, EVENINGS))

    @plugin.task("BOOK_EVENING")
    async def book_evening(runtime: Any, options: Mapping[str, Any], task: Any) -> None:
        words = f"{options['option']} it is. I have booked the hall."
        await runtime.send_message_to_target(task.room, words)

    @plugin.action()
    async def show_parts(turn: Turn) -> str:
        """Show who plays what."""
        await turn.say(PARTS)
        return ""

    return plugin


@dataclass(slots=True)
class Cue:
    """When a character is asked something that has these words, this is the answer."""

    who: str
    words: str
    answer: str
    hangs: int = 0
    """How often nothing comes of it, so that somebody has to come between."""
    given_up: bool = False
    """Nobody asks again after that."""
    asked: int = 0
    hung: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def asked_for(self) -> int:
        """How often it is to be asked."""
        return max(1, self.hangs if self.given_up else self.hangs + 1)


def acts(name: str) -> str:
    return f"<response><actions>{name}</actions></response>"


def cues() -> list[Cue]:
    wren = [
        (
            "what is still missing",
            "Three things: a lantern that works, an evening for the dress rehearsal, "
            "and somebody who can play the gull.",
        ),
        ("on Tuesday at six", "On Tuesday at six. Doors open at half past five."),
        ("on Tuesday at seven", "At six, not at seven. Doors open at half past five."),
        ("has just joined", "Welcome, Rex. Scripts lie on the piano; pencils you bring yourself."),
        ("I can play the gull", "Noted: Rex, the gull. No cawing before the third act."),
        ("how long is the interval", "Fifteen minutes, or until the urn is empty."),
        ("keeper", "The keeper has forty lines, one storm and no hat."),
        ("is anything missing from this list", "A bell. Without it nobody knows that it is foggy."),
        ("who could have one", "The fire brigade. Ask nicely, and bring it back."),
        ("safe on a wooden stage", "With glass round it and a bucket of sand beside it, yes."),
        ("4711", "Thank you, but that is not for the whole room."),
        ("ask our ghost", "Barnaby, is the lamp lit?"),
        ("Who wants to know?", "I do, Barnaby. Yes or no?"),
        ("still with us", "I never left. The line did."),
        ("where is the gull costume", "In Maya's car, as she has just said."),
        ("to sum up", "The hall is booked for Thursday, Jonas brings the lantern, a bell is missing."),
        ("tell them all", "Tickets are sold at the door, Rex, and nowhere else."),
        ("will I be good", "You will be on time. The rest follows."),
    ]  # fmt: skip
    barnaby = [
        ("how is the house tonight", "Cold in row F, where nobody has paid since 1931."),
        ("is the lamp lit?", "As lit as I am, Wren. Who wants to know?"),
        ("Yes or no?", "Yes, Wren. Or is it no, Wren?"),
    ]
    return [
        *(Cue("Wren", words, reply(answer)) for words, answer in wren),
        *(Cue("Barnaby", words, reply(answer)) for words, answer in barnaby),
        Cue("Wren", "propose evenings", acts("PROPOSE_EVENINGS")),
        Cue("Wren", "who plays what", acts("SHOW_PARTS")),
        Cue("Wren", "did Maya like", reply("Ask Maya."), hangs=1, given_up=True),
        Cue("Wren", "read us the order", reply("Fog, lamp, gull, storm, applause."), hangs=1),
    ]


class Lines:
    """What stands in for a model: answers by cue, and writes down whatever nobody foresaw."""

    def __init__(self, evening: Evening) -> None:
        self.cues = cues()
        self.surprises: list[str] = []
        self.ready: Callable[[], Awaitable[object]] = settle
        """Awaited before an answer takes its time: what is shown meanwhile is shown by then."""
        self._evening = evening

    def __call__(self, request: ModelRequest) -> Line:
        who, asked = speaker(request), question(request)
        found = [cue for cue in self.cues if cue.who == who and cue.words in asked]
        if len(found) != 1:
            self.surprises.append(f"{who}, asked {asked!r}: {[cue.words for cue in found]}")
            return Line((reply("I do not know this line."),))
        (cue,) = found
        cue.asked += 1
        if cue.asked <= cue.hangs:
            return Line(after=self._come_between(cue))
        return Line((cue.answer,), after=self._think)

    def cue(self, words: str) -> Cue:
        (found,) = [one for one in self.cues if one.words == words]
        return found

    async def _think(self) -> None:
        await self.ready()
        self._evening.turn(THOUGHT)

    def _come_between(self, cue: Cue) -> Any:
        async def hang() -> None:
            await self.ready()
            self._evening.turn(THOUGHT)
            cue.hung.set()
            await asyncio.Event().wait()

        return hang
