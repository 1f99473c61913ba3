"""Who of ours is in which voice channel: coming, following, leaving, and how it goes there."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from core.errors import CannotJoin
from core.events import EventType
from core.flow import voice_telling, voice_words
from core.flow.aloud import Aloud
from core.flow.cast import Part
from core.flow.consent import Consent
from core.flow.presence import Presence
from core.flow.seats import Seat, Seats
from core.flow.voice_alone import Alone
from core.flow.voice_following import Following
from core.flow.voice_introducing import Introducing
from core.flow.voice_means import Means
from core.flow.voice_places import Place, Places
from core.flow.voice_reports import AGAIN, Reports
from core.flow.voice_retries import Retries, Still, always
from core.flow.voice_talk import VoiceTalk
from core.flow.voice_ways import (
    channels_of,
    found,
    listening,
    may_go,
    named,
    rooms_of,
    takes_in,
    volume,
)
from core.flow.work import Work
from core.ids import Account
from core.messages import Address, Inbound
from core.plugins.calls import Calls, VoiceNow
from core.ports import Store, VoiceRooms
from core.settings.layers import Settings

log = logging.getLogger(__name__)

_LOOK = 1.0
"""Seconds within which what a reload has changed counts."""
_OFF = "My settings keep me out of voice channels."
_SENT_AWAY = "I was asked to leave."
_OUT = "I was put out again at once."


class Voices:
    """All characters' voice channels, one in each server for each account.

    `world` and `person` are the platform's ids; what comes back is words for whoever asks.
    """

    def __init__(self, means: Means, store: Store, presence: Presence) -> None:
        self._means = means
        self._cast = means.cast
        self._clock = means.clock
        self._consent = Consent(store, presence, self._clock)
        self._seats = Seats(store, self._clock)
        self._places = Places()
        self._reports = Reports(means.cast, means.speech, self._places)
        self._introducing = Introducing(self._consent, self._seats, self._reports)
        self._alone = Alone(self._places, means.clock, self._leave)
        self._retries = Retries(means.cast, self._places, means.clock, self._sit)
        self._settings: dict[Account, Settings] = {}
        """By which everybody was where they are."""
        self._following = Following(self._seats)
        self._locks: defaultdict[Account, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Until cancelled: outside of it nobody goes into any channel."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                group.create_task(self._look())
                await self._retries.run()
            finally:
                self._group = None

    def entered(self, part: Part) -> None:
        """Her link is up, for the first time or again: she goes where she is to be."""
        rooms, account = rooms_of(part), part.platform.account
        if rooms is None:
            return

        def seen(world: str, person: str, channel: str) -> None:
            self._start(self._seen(account, world, person, channel))

        rooms.watch(seen)
        self._start(self._settle_in(part))

    # --- for the turns -----------------------------------------------------------------------------

    def aloud(self, work: Work) -> Aloud | None:
        """The voice of a turn that was spoken to where she is."""
        talk = self._places.talk(work.lead.address) if work.lead.spoken else None
        return talk.answering(work) if talk is not None else None

    def missed(self, inbound: Inbound) -> str:
        """The rule by which something that was spoken is not answered aloud any more, if any."""
        talk = self._places.talk(inbound.address)
        return "spoken-before-restart" if talk is None else talk.missed(inbound)

    def listens(self, address: Address) -> bool:
        """One of ours is in that voice channel."""
        return self._places.talk(address) is not None

    def calls(self, work: Work) -> Calls | None:
        """What a turn may do in voice channels."""
        part, world, person = work.part, work.lead.place.world, work.lead.author.id
        rooms = rooms_of(part)
        if rooms is None or not world or work.lead.is_direct or not may_go(part.settings):
            return None

        async def join(channel: str) -> str:
            return await self._enter(part, world, channel, person)

        async def leave() -> str:
            return await self.leave(part, world)

        return Calls(
            join=join,
            leave=leave,
            now=lambda: self.now(part, world),
            asker=lambda: rooms.whereabouts(world, person),
        )

    # --- for people --------------------------------------------------------------------------------

    def now(self, part: Part, world: str) -> VoiceNow | None:
        place = self._places.at(part.platform.account, world)
        return place.talk.now() if place else None

    def channel(self, part: Part, world: str) -> str:
        """The id of the one that she is in there; empty for none."""
        return now.channel if (now := self.now(part, world)) else ""

    async def join(self, part: Part, world: str, channel: str, person: str) -> str:
        """Into that channel, by its id or name; where it is empty, to whoever asks."""
        try:
            return await self._enter(part, world, channel, person)
        except CannotJoin as error:
            return voice_words.sentence(str(error))

    async def leave(self, part: Part, world: str) -> str:
        place = self._places.at(part.platform.account, world)
        if place is None:
            return await self._renounce(part, world)
        name = place.talk.channel.name
        await self._go(part, world, place)
        return f"I have left {name}."

    async def follow(self, part: Part, world: str, person: str, *, on: bool) -> str:
        """From now on, whenever that person goes into a voice channel of that server."""
        await self._following.change(part, world, person, on=on)
        if not on:
            return "I no longer follow you into voice channels."
        rooms = rooms_of(part)
        there = rooms.whereabouts(world, person) if rooms is not None else ""
        if there and there != self.channel(part, world):
            return await self.join(part, world, there, person)
        return "I come along whenever you go into a voice channel here."

    async def ignore(self, part: Part, world: str, person: str, *, on: bool) -> str:
        """For good, in all voice channels of that server, until they want it otherwise."""
        out = await self._consent.leave_out(part, world, person, out=on)
        if (place := self._places.at(part.platform.account, world)) is not None:
            place.talk.leave_out(out)
        if on:
            return "I no longer listen to you in voice channels here. /voice listen changes that."
        return "I listen to you again in voice channels here."

    async def status(self, part: Part, world: str) -> str:
        return self._reports.status(part, world)

    async def code(self, part: Part, world: str) -> str:
        now = self.now(part, world)
        return voice_words.NOWHERE if now is None else voice_words.code(now)

    def states(self) -> list[dict[str, Any]]:
        """For /ready."""
        return self._reports.states()

    # --- going in ----------------------------------------------------------------------------------

    async def _sit(self, part: Part, seat: Seat, still: Still) -> None:
        await self._enter(part, seat.world, seat.channel, told=seat.told, still=still)

    async def _enter(
        self,
        part: Part,
        world: str,
        wanted: str,
        person: str = "",
        *,
        told: bool = False,
        still: Still = always,
    ) -> str:
        """Raises CannotJoin, in words. `told` says that people there know that she listens."""
        rooms, account = rooms_of(part), part.platform.account
        if self._group is None or rooms is None:
            raise CannotJoin(voice_words.NO_CHANNELS)
        if not may_go(part.settings):
            raise CannotJoin(_OFF)
        channel = found(part, rooms, world, wanted, person)
        async with self._locks[account]:
            before = self._places.at(account, world)
            if before is not None and before.talk.channel.id == channel:
                return f"I am in {before.talk.channel.name} already."
            place = await self._join(part, rooms, channel, told=told, still=still)
            talk = place.talk
            await self._seats.take(part, Seat(talk.channel.world, channel, told=told))
        self._tell(part, EventType.VOICE_STARTED, talk)
        log.info("%s is in the voice channel %s", part.character.name, channel)
        now = self._cast.on(account) or part
        if now.settings is part.settings:
            self._introducing.once(part, place)
        else:  # reloaded while she was on her way
            await self._abide_there(now, place)
            if self._places.of(talk) is not place:
                raise CannotJoin(_OFF)
        return self._reports.joined(now, talk)

    async def _join(
        self, part: Part, rooms: VoiceRooms, channel: str, *, told: bool, still: Still
    ) -> Place:
        assert self._group is not None
        account = part.platform.account
        talk = VoiceTalk(
            account, self._means, self._group, changed=self._changed, ended=self._ended
        )
        if not still():
            raise CannotJoin(_SENT_AWAY)
        there = await rooms.join(channel, talk, listening(part.settings, self._means.speech))
        try:
            if (before := self._places.take(account, there.world)) is not None:
                before.talk.closed("")
            left_out = await self._consent.left_out(part, there.world)
            if talk.closed_for is not None:
                raise CannotJoin(talk.closed_for or _OUT)
            if not still():
                raise CannotJoin(_SENT_AWAY)
            place = Place(talk, channel, told, hears=self._reports.hears(part))
            talk.enter(there, left_out)
            there.mouth.volume = volume(part.settings)
            self._alone.wait(part, place)
        except BaseException:
            await there.leave()  # nobody could send her out of where she is not listed
            raise
        self._settings.setdefault(account, part.settings)
        self._places.put(account, there.world, place, channels_of(part, there.world))
        return place

    async def _settle_in(self, part: Part) -> None:
        """Where she was before, and where her settings want her."""
        account = part.platform.account
        self._settings[account] = part.settings
        await self._following.read(part)
        if not may_go(part.settings):
            return
        seats = await self._seats.of(part)
        for seat in seats:
            if self._places.at(account, seat.world) is None:
                await self._retries.attempt(part, seat)
        for channel in named(part.settings):
            await self._retries.attempt(part, Seat("", channel))

    async def _renounce(self, part: Part, world: str) -> str:
        """She was asked to leave where she is not, and maybe wants to be."""
        there = channels_of(part, world)
        wanted = self._places.renounce(part.platform.account, there, world=world)
        if wanted is None:
            return voice_words.NOWHERE
        await self._seats.give_up(part, world)
        return voice_words.NO_MORE

    # --- what a reload changes ---------------------------------------------------------------------

    async def _look(self) -> None:
        while True:
            await self._clock.sleep(_LOOK)
            for part in self._cast:
                before = self._settings.get(part.platform.account)
                if before is not None and before is not part.settings:
                    self._settings[part.platform.account] = part.settings
                    self._start(self._abide(part, before))

    async def _abide(self, part: Part, before: Settings) -> None:
        """By her settings as they are now, wherever she is."""
        account = part.platform.account
        for its, place in self._places:
            if its == account:
                await self._abide_there(part, place)
        await self._retries.reload(part, before)

    async def _abide_there(self, part: Part, place: Place) -> None:
        talk, there = place.talk, place.talk.channel
        if not takes_in(part, there.world, there.id):
            await self._go(part, there.world, place)
            return
        there.mouth.volume = volume(part.settings)
        ways = listening(part.settings, self._means.speech)
        telling = self._introducing.once(part, place)
        if telling is not None and not place.hears:  # she says so first
            there.listen(replace(ways, hears=False))
            await asyncio.wait({telling})
            part = self._cast.on(talk.account) or part  # which may be another one by now
            ways = listening(part.settings, self._means.speech)
            if self._places.of(talk) is not place:
                return
        there.listen(ways)
        place.hears = self._reports.hears(part)
        place.stop_waiting()  # she goes after another time, maybe
        self._changed(talk)

    # --- coming along, and going -------------------------------------------------------------------

    async def _seen(self, account: Account, world: str, person: str, channel: str) -> None:
        """Somebody has gone into a voice channel, or out of one."""
        part = self._cast.on(account)
        away = self._places.at(account, world) is None
        if part is None or not await self._following.comes(part, world, person, channel, away=away):
            return
        told = await self._seats.told(part, world, channel)
        try:
            await self._enter(part, world, channel, told=told)
        except CannotJoin as error:
            name = part.character.name
            log.info("%s cannot come into voice channel %s: %s", name, channel, error)

    def _changed(self, talk: VoiceTalk) -> None:
        place = self._places.of(talk)
        part = self._cast.on(talk.account)
        if place is None or part is None:
            return
        if talk.channel.id != place.channel:  # somebody has moved her
            place.move(talk.channel.id)
            self._start(self._seats.take(part, Seat(talk.channel.world, place.channel)))
        self._introducing.once(part, place)
        self._alone.wait(part, place)

    def _leave(self, part: Part, place: Place) -> None:
        self._start(self._go(part, place.talk.channel.world, place))

    async def _go(self, part: Part, world: str, place: Place) -> None:
        async with self._locks[part.platform.account]:
            await self._seats.give_up(part, world)
            await place.talk.channel.leave()
            place.talk.closed("")

    def _ended(self, talk: VoiceTalk, reason: str) -> None:
        """She is out. Of her own account or with her link she keeps her seat, and comes back where
        the voice server was lost; put out, she does not."""
        place = self._places.of(talk)
        if place is None:
            return  # she was on her way in, or is elsewhere already
        part, world, away = self._cast.on(talk.account), talk.channel.world, talk.channel.state.away
        self._places.take(talk.account, world)
        if part is None:
            return
        self._tell(part, EventType.VOICE_ENDED, talk)
        if away:
            seat = Seat(world, place.channel, told=place.told)
            self._places.want(talk.account, seat, away)
            log.warning(
                "%s is out of the voice channel %s, whose voice server cannot be reached: %s. "
                "She tries again every %d minutes.",
                part.character.name, place.channel, away, AGAIN // 60,
            )  # fmt: skip
        elif reason:
            log.info("%s is out of a voice channel: %s", part.character.name, reason)
            self._start(self._seats.give_up(part, world))

    def _tell(self, part: Part, event: EventType, talk: VoiceTalk) -> None:
        payload = voice_telling.whereabouts(part, talk.address, talk.channel.world)
        self._means.after.tell(part.gear.events, event, payload)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        if self._group is None:
            work.close()
        else:
            task = self._group.create_task(_walled(work))
            task.add_done_callback(lambda task: work.close())  # cancelled before it began, maybe


async def _walled(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("the wall round one thing that is done about voice channels")
