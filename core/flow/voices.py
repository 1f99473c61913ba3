"""Who of ours is in which voice channel: coming, following, leaving, and how it goes there."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from core.clock import Clock
from core.errors import CannotJoin
from core.events import EventType
from core.flow import voice_words
from core.flow.aloud import Aloud
from core.flow.cast import Part
from core.flow.consent import Consent
from core.flow.presence import Presence, room_id, world_id
from core.flow.seats import Seat, Seats
from core.flow.voice_talk import Means, VoiceTalk
from core.flow.voice_ways import found, listening, may_go, rooms_of
from core.flow.work import Work
from core.ids import Account
from core.messages import Address, Inbound
from core.plugins.calls import Calls, VoiceNow
from core.ports import Store, VoiceRooms

log = logging.getLogger(__name__)

_AGAIN = 300.0
"""Seconds until a channel that could not be gone into is tried again."""
_OFF = "My settings keep me out of voice channels."


@dataclass(slots=True)
class _Place:
    """One server in which she is in a voice channel."""

    talk: VoiceTalk
    channel: str
    alone: asyncio.Task[None] | None = None
    """Runs while nobody is with her."""


class Voices:
    """All characters' voice channels, one in each server for each account.

    `world` and `person` are the platform's ids; what comes back is words for whoever asks.
    """

    def __init__(self, means: Means, store: Store, presence: Presence) -> None:
        self._means = means
        self._cast = means.cast
        self._clock: Clock = means.clock
        self._consent = Consent(store, presence, self._clock)
        self._seats = Seats(store, self._clock)
        self._places: dict[tuple[Account, str], _Place] = {}
        self._follows: dict[Account, Mapping[str, frozenset[str]]] = {}
        self._wanted: dict[tuple[Account, str], Seat] = {}
        """Channels that she could not go into, by their ids."""
        self._locks: defaultdict[Account, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Until cancelled: outside of it nobody goes into any channel."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                while True:
                    await self._clock.sleep(_AGAIN)
                    await self._try_again()
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
        talk = self.talk(work.lead.address) if work.lead.spoken else None
        return talk.answering(work) if talk is not None else None

    def missed(self, inbound: Inbound) -> str:
        """The rule by which something that was spoken is not answered aloud any more, if any."""
        talk = self.talk(inbound.address)
        return "spoken-before-restart" if talk is None else talk.missed(inbound)

    def listens(self, address: Address) -> bool:
        """One of ours is in that voice channel."""
        return self.talk(address) is not None

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

    def talk(self, address: Address) -> VoiceTalk | None:
        for (account, _), place in self._places.items():
            if account == address.account and place.talk.channel.id == address.room:
                return place.talk
        return None

    # --- for people --------------------------------------------------------------------------------

    def now(self, part: Part, world: str) -> VoiceNow | None:
        place = self._places.get((part.platform.account, world))
        return place.talk.now() if place is not None else None

    def channel(self, part: Part, world: str) -> str:
        """The id of the one that she is in there; empty for none."""
        now = self.now(part, world)
        return now.channel if now is not None else ""

    async def join(self, part: Part, world: str, channel: str, person: str) -> str:
        """Into that channel, by its id or name; where it is empty, to whoever asks."""
        try:
            return await self._enter(part, world, channel, person)
        except CannotJoin as error:
            return voice_words.sentence(str(error))

    async def leave(self, part: Part, world: str) -> str:
        place = self._places.get((part.platform.account, world))
        if place is None:
            return voice_words.NOWHERE
        name = place.talk.channel.name
        await self._go(part, world, place)
        return f"I have left {name}."

    async def follow(self, part: Part, world: str, person: str, *, on: bool) -> str:
        """From now on, whenever that person goes into a voice channel of that server."""
        account = part.platform.account
        known = await self._followed(part)
        people = known.get(world, frozenset())
        people = people | {person} if on else people - {person}
        await self._seats.follow(part, world, people)
        self._follows[account] = {**known, world: people}
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
        if (place := self._places.get((part.platform.account, world))) is not None:
            place.talk.leave_out(out)
        if on:
            return "I no longer listen to you in voice channels here. /voice listen changes that."
        return "I listen to you again in voice channels here."

    async def status(self, part: Part, world: str) -> str:
        place = self._places.get((part.platform.account, world))
        if place is None:
            return voice_words.NOWHERE
        return voice_words.status(place.talk, self._deaf(part, place.talk))

    async def code(self, part: Part, world: str) -> str:
        """By which all who are in a call can compare its encryption."""
        now = self.now(part, world)
        return voice_words.NOWHERE if now is None else voice_words.code(now)

    def states(self) -> list[dict[str, Any]]:
        """Of every channel that somebody of ours is in, for /ready; without anybody's words."""
        return [
            voice_words.state(part, place.talk, self._deaf(part, place.talk))
            for (account, _), place in self._places.items()
            if (part := self._cast.on(account)) is not None
        ]

    def _deaf(self, part: Part, talk: VoiceTalk) -> str:
        """Why nobody is understood there, in words; empty where people are."""
        if not listening(part.settings, self._means.speech).hears:
            return "I am set not to listen"
        if not self._means.speech.hears(part.settings):
            return "I have nobody who writes down what is said"
        return talk.channel.state.deaf or talk.trouble

    # --- going in ----------------------------------------------------------------------------------

    async def _enter(
        self, part: Part, world: str, wanted: str, person: str = "", *, told: bool = False
    ) -> str:
        """Raises CannotJoin, in words. `told` says that people there know that she listens."""
        rooms, account = rooms_of(part), part.platform.account
        if self._group is None or rooms is None:
            raise CannotJoin("There are no voice channels here.")
        if not may_go(part.settings):
            raise CannotJoin(_OFF)
        channel = found(part, rooms, world, wanted, person)
        async with self._locks[account]:
            before = self._places.get((account, world))
            if before is not None and before.talk.channel.id == channel:
                return f"I am in {before.talk.channel.name} already."
            talk = await self._join(part, rooms, channel)
            seat = Seat(talk.channel.world, channel, told=True)
            await self._seats.take(part, seat)
        hears = not self._deaf(part, talk)
        if hears and not told:
            talk.start(self._consent.tell(part, talk))
        self._tell(part, EventType.VOICE_STARTED, talk)
        log.info("%s is in the voice channel %s", part.character.name, channel)
        return voice_words.joined(talk, self._deaf(part, talk), self._speaks(part))

    async def _join(self, part: Part, rooms: VoiceRooms, channel: str) -> VoiceTalk:
        assert self._group is not None
        account = part.platform.account
        talk = VoiceTalk(
            account, self._means, self._group, changed=self._changed, ended=self._ended
        )
        there = await rooms.join(channel, talk, listening(part.settings, self._means.speech))
        left_out = await self._consent.left_out(part, there.world)
        key = account, there.world
        if (before := self._places.pop(key, None)) is not None:
            before.talk.closed("")
        self._places[key] = _Place(talk, channel)
        talk.enter(there, left_out)
        self._wanted.pop((account, channel), None)
        return talk

    def _speaks(self, part: Part) -> bool:
        return bool(self._means.speech.speaks(part.settings))

    async def _settle_in(self, part: Part) -> None:
        """Where she was before, and where her settings want her."""
        account = part.platform.account
        await self._followed(part)
        if not may_go(part.settings):
            return
        seats = await self._seats.of(part)
        for seat in seats:
            if (account, seat.world) not in self._places:
                await self._try(part, seat)
        for channel in part.settings.csv("DISCORD_VOICE_CHANNEL_ID"):
            await self._try(part, Seat("", channel))

    async def _try(self, part: Part, seat: Seat) -> None:
        account, rooms = part.platform.account, rooms_of(part)
        if rooms is None or self._is_taken(part, rooms, seat):
            return
        try:
            await self._enter(part, seat.world, seat.channel, told=seat.told)
        except CannotJoin as error:
            if (account, seat.channel) not in self._wanted:
                name = part.character.name
                log.warning("%s cannot go into voice channel %s: %s", name, seat.channel, error)
            self._wanted[account, seat.channel] = seat

    def _is_taken(self, part: Part, rooms: VoiceRooms, seat: Seat) -> bool:
        """She is in a channel of that server already: there can be but one."""
        for (account, world), place in self._places.items():
            there = {one for one, _ in rooms.channels(world)}
            if account != part.platform.account or seat.channel not in there | {
                place.talk.channel.id
            }:
                continue
            if seat.channel != place.talk.channel.id and not seat.world:
                log.warning(
                    "%s: DISCORD_VOICE_CHANNEL_ID: %s is in the same server as %s, where she is",
                    part.character.name, seat.channel, place.talk.channel.id,
                )  # fmt: skip
            return True
        return False

    async def _try_again(self) -> None:
        for (account, channel), seat in tuple(self._wanted.items()):
            part = self._cast.on(account)
            if part is None or rooms_of(part) is None:
                del self._wanted[account, channel]
            else:
                await self._try(part, seat)

    # --- coming along, and going -------------------------------------------------------------------

    async def _seen(self, account: Account, world: str, person: str, channel: str) -> None:
        """Somebody has gone into a voice channel, or out of one."""
        part = self._cast.on(account)
        if part is None or not channel or not may_go(part.settings):
            return
        followed = (await self._followed(part)).get(world, frozenset())
        if person in followed or person in part.settings.csv("DISCORD_VOICE_FOLLOW"):
            await self._come(part, world, channel)
        elif (account, world) in self._places:
            return
        elif channel in part.settings.csv("DISCORD_VOICE_CHANNEL_ID"):
            await self._come(part, world, channel)  # she had left because she was alone

    async def _come(self, part: Part, world: str, channel: str) -> None:
        told = await self._seats.told(part, world, channel)
        try:
            await self._enter(part, world, channel, told=told)
        except CannotJoin as error:
            name = part.character.name
            log.info("%s cannot come into voice channel %s: %s", name, channel, error)

    async def _followed(self, part: Part) -> Mapping[str, frozenset[str]]:
        account = part.platform.account
        if account not in self._follows:
            self._follows[account] = await self._seats.followed(part)
        return self._follows[account]

    def _changed(self, talk: VoiceTalk) -> None:
        place = self._place(talk)
        part = self._cast.on(talk.account)
        if place is None or part is None:
            return
        if talk.channel.id != place.channel:  # somebody has moved her
            place.channel = talk.channel.id
            seat = Seat(talk.channel.world, place.channel)
            self._start(self._seats.take(part, seat))
            talk.start(self._consent.tell(part, talk))
        if not talk.alone and place.alone is not None:
            place.alone.cancel()
            place.alone = None
        seconds = part.settings.number("DISCORD_VOICE_ALONE", 60)
        if talk.alone and place.alone is None and seconds > 0:
            place.alone = talk.start(self._leave_alone(part, place, seconds))

    async def _leave_alone(self, part: Part, place: _Place, seconds: float) -> None:
        await self._clock.sleep(seconds)
        if place.talk.alone and self._place(place.talk) is place:
            log.info("%s leaves a voice channel where nobody is", part.character.name)
            # Not by a task of the talk's own, which ends with it.
            self._start(self._go(part, place.talk.channel.world, place))

    async def _go(self, part: Part, world: str, place: _Place) -> None:
        async with self._locks[part.platform.account]:
            await self._seats.give_up(part, world)
            await place.talk.channel.leave()
            place.talk.closed("")

    def _ended(self, talk: VoiceTalk, reason: str) -> None:
        """She is out. Of her own account or with her link she keeps her seat; put out, she does not."""
        part, place = self._cast.on(talk.account), self._place(talk)
        if place is not None:
            del self._places[talk.account, talk.channel.world]
        if part is None or place is None:
            return
        self._tell(part, EventType.VOICE_ENDED, talk)
        if reason:
            log.info("%s is out of a voice channel: %s", part.character.name, reason)
            self._start(self._seats.give_up(part, talk.channel.world))

    def _place(self, talk: VoiceTalk) -> _Place | None:
        return next((one for one in self._places.values() if one.talk is talk), None)

    def _tell(self, part: Part, event: EventType, talk: VoiceTalk) -> None:
        events, address, there = part.gear.events, talk.address, talk.channel
        payload = {
            "agentId": part.id,
            "source": address.platform,
            "channelId": there.id,
            "serverId": there.world,
            "roomId": room_id(part.id, address),
            "worldId": world_id(part.id, address, there.world),
        }
        self._means.after.tell(events, event, payload)

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
