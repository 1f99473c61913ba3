"""Those in a channel in which a character listens are told so, once."""

from __future__ import annotations

import asyncio

from core.flow.cast import Part
from core.flow.consent import Consent
from core.flow.seats import Seat, Seats
from core.flow.voice_places import Place
from core.flow.voice_reports import Reports


class Introducing:
    def __init__(self, consent: Consent, seats: Seats, reports: Reports) -> None:
        self._consent = consent
        self._seats = seats
        self._reports = reports

    def once(self, part: Part, place: Place) -> asyncio.Task[None] | None:
        """Runs while she says it, as long as she is there, and never fails; None where nobody has
        to be told. What could not be said is said on the next occasion."""
        if place.told or place.talk.closed_for is not None or not self._reports.hears(part):
            return None
        if place.telling is None or place.telling.done():
            place.telling = place.talk.start(self._say(part, place))
        return place.telling

    async def _say(self, part: Part, place: Place) -> None:
        await self._consent.tell(part, place.talk)
        place.told = True
        await self._seats.take(part, Seat(place.talk.channel.world, place.channel, told=True))
