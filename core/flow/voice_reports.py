"""How it goes in each voice channel of ours, for people who ask and for whoever looks on."""

from __future__ import annotations

from typing import Any

from core.flow import voice_words
from core.flow.cast import Cast, Part
from core.flow.voice_places import Places
from core.flow.voice_talk import VoiceTalk
from core.flow.voice_ways import listening, rooms_of
from core.ports import Speech

AGAIN = 300.0
"""Seconds until a channel that could not be gone into is tried again."""


class Reports:
    def __init__(self, cast: Cast, speech: Speech, places: Places) -> None:
        self._cast = cast
        self._speech = speech
        self._places = places

    def hears(self, part: Part) -> bool:
        """Whether she is set to listen, and somebody writes down what is said."""
        return not self._unable(part)

    def deaf(self, part: Part, talk: VoiceTalk) -> str:
        """Why nobody is understood there, in words; empty where people are."""
        return self._unable(part) or talk.channel.state.deaf or talk.trouble

    def joined(self, part: Part, talk: VoiceTalk) -> str:
        speaks = bool(self._speech.speaks(part.settings))
        return voice_words.joined(talk, self.deaf(part, talk), speaks)

    def status(self, part: Part, world: str) -> str:
        place = self._places.at(part.platform.account, world)
        if place is not None:
            return voice_words.status(place.talk, self.deaf(part, place.talk))
        rooms = rooms_of(part)
        names = dict(rooms.channels(world)) if rooms is not None else {}
        kept_out = [
            voice_words.kept_out(names.get(one.seat.channel, "that channel"), one.why, AGAIN / 60)
            for account, one in self._places.wanted
            if account == part.platform.account
            and (one.seat.world == world or one.seat.channel in names)
        ]
        return " ".join(kept_out) or voice_words.NOWHERE

    def states(self) -> list[dict[str, Any]]:
        """Of every channel that somebody of ours is in, or wants to be; without anybody's words."""
        inside = [
            voice_words.state(part, place.talk, self.deaf(part, place.talk))
            for account, place in self._places
            if (part := self._cast.on(account)) is not None
        ]
        outside = [
            voice_words.missing(part, one.seat.world, one.seat.channel, one.why)
            for account, one in self._places.wanted
            if (part := self._cast.on(account)) is not None
        ]
        return inside + outside

    def _unable(self, part: Part) -> str:
        if not listening(part.settings, self._speech).hears:
            return "I am set not to listen"
        if not self._speech.hears(part.settings):
            return "I have nobody who writes down what is said"
        return ""
