"""When an answer is a voice message: by what somebody has set, how they speak, or what they ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from core.actions import VOICE_NOTE
from core.flow.cast import Part
from core.flow.plans import resolve
from core.flow.ranks import Ranks
from core.flow.senses import SPOKEN
from core.messages import Kind, Reply
from core.messages.aloud import is_note
from core.ports import Speech
from core.settings.layers import Settings
from core.state.house import rules_of

if TYPE_CHECKING:  # a turn's work carries what was found here
    from core.flow.work import Work


class Notes(StrEnum):
    """TROUPE_VOICE_NOTES, and what people set by /voice."""

    ON = "on"
    """Every answer that is fit to be spoken."""
    OFF = "off"
    AUTO = "auto"
    """To whoever speaks themselves, and where she is asked to."""


class Noting:
    def __init__(self, ranks: Ranks, speech: Speech) -> None:
        self._ranks = ranks
        self._speech = speech

    async def __call__(self, work: Work) -> bool:
        """Find out how this turn is answered; whether it is with a voice message."""
        # In a voice channel everything is spoken, by another way.
        if work.lead.spoken or work.lead.via or work.mends or not self.can(work.part):
            return False
        match await self.wish(work):
            case Notes.ON:
                work.note = True
            case Notes.AUTO:
                work.note = _is_spoken_to(work)
                work.may_note = not work.note
            case Notes.OFF:
                pass
        return work.note

    def can(self, part: Part) -> bool:
        """Whether there is anybody who speaks for her, and anywhere to hear it."""
        return part.platform.limits.voice_notes and bool(self._speech.speaks(part.settings))

    async def wish(self, work: Work) -> Notes:
        """As it is set here, else as whoever runs her has set it."""
        world = None if work.spot.new else await self._ranks.world(work.part, work.spot.world)
        return notes_of(rules_of(world).voice) or otherwise(work.part.settings)


def notes_of(text: str) -> Notes | None:
    return next((one for one in Notes if one.value == text.strip().lower()), None)


def otherwise(settings: Settings) -> Notes:
    """Where nobody has set anything."""
    text = settings.text("TROUPE_VOICE_NOTES", Notes.AUTO)
    said = {"true": "on", "": "off", "false": "off"}.get(text.strip().lower(), text)
    return notes_of(said) or Notes.AUTO


def noted(work: Work, say: Reply, actions: Sequence[str]) -> Reply:
    """As a voice message, where it is to be one and can be."""
    chosen = work.may_note and any(resolve(one, (VOICE_NOTE,)) for one in actions)
    if not (work.note or chosen) or work.growing is not None:
        return say
    spoken = replace(say, voice=True)
    return spoken if is_note(spoken) else say


def _is_spoken_to(work: Work) -> bool:
    """Whether somebody has spoken themselves; what they pass on is another one's voice."""
    return any(
        attached.kind in SPOKEN
        for one in work.inbound
        if one.kind is Kind.MESSAGE and not one.forwarded
        for attached in one.attachments
    )
