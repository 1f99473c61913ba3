"""One joined voice channel as a talk: what is heard becomes messages, and turns become speech."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from core.flow import inner
from core.flow.along import Along
from core.flow.aloud import Aloud
from core.flow.audience import Audience
from core.flow.cast import Part
from core.flow.interruptions import Interruptions
from core.flow.presence import entity_id
from core.flow.recordings import wav
from core.flow.taking_down import Taken, TakingDown
from core.flow.transcribing import Transcribing
from core.flow.voice_means import Means as Means
from core.flow.voice_speaking import Speaking
from core.flow.work import Work
from core.ids import Account
from core.messages import Address, Author, ChannelType, Inbound, Place
from core.plugins.calls import VoiceNow
from core.ports import LiveEar, Present, Utterance, VoiceChannel
from core.settings.context import RequestContext, request_scope
from core.settings.layers import Settings

log = logging.getLogger(__name__)

_STALE = timedelta(seconds=60)
"""What was said so long ago is not answered aloud any more."""


class VoiceTalk:
    """core.ports.Listener of one channel, and the voice of one character's turns there."""

    def __init__(
        self,
        account: Account,
        means: Means,
        group: asyncio.TaskGroup,
        *,
        changed: Callable[[VoiceTalk], None],
        ended: Callable[[VoiceTalk, str], None],
    ) -> None:
        """`changed` is told when somebody has come or gone, or she was moved; `ended`, with the
        reason, when she is out."""
        self.account = account
        self._means = means
        self._clock = clock = means.clock
        self._group = group
        self._changed = changed
        self._ended = ended
        self._channel: VoiceChannel | None = None
        self._audience = Audience()
        self._began: datetime = clock.now()
        """What was said before, she does not answer."""
        self._transcribe = Transcribing(means.speech, means.till, means.names)
        self._along = Along(self._line, self.start)
        self._tasks: set[asyncio.Task[None]] = set()
        self._count = 0
        self.closed_for: str | None = None
        """Why she is out; None while she is in."""
        self._over_ours = Interruptions(
            self._settings, lambda person: self._taking.speaks(person), self.start, clock
        )
        self._taking = TakingDown(
            self._write_down, self._over_ours.counts, self._hand_in, self._most, self.start, clock
        )
        self._speaking = Speaking(
            account, means, lambda: self.channel, self._over_ours, self._taking, self.start
        )

    # --- where, and with whom --------------------------------------------------------------------

    @property
    def part(self) -> Part | None:
        return self._means.cast.on(self.account)

    @property
    def channel(self) -> VoiceChannel:
        assert self._channel is not None
        return self._channel

    @property
    def address(self) -> Address:
        return Address(self.account.partition(":")[0], self.account, self.channel.id)

    @property
    def place(self) -> Place:
        there = self.channel
        return Place(ChannelType.VOICE_GROUP, there.name, there.world, there.world_name)

    @property
    def people(self) -> Sequence[Present]:
        return self._audience.people

    @property
    def alone(self) -> bool:
        """Nobody is there but bots."""
        return self._audience.alone

    def enter(self, channel: VoiceChannel, left_out: frozenset[str]) -> None:
        """She is in."""
        self._channel = channel
        self._audience.leave_out(left_out)
        self.present(channel.people)
        self._means.floor.seen(self.address, self.place)

    def leave_out(self, people: frozenset[str]) -> None:
        """Of these nothing is heard from now on."""
        self._audience.leave_out(people)
        self._silence(people)

    def now(self) -> VoiceNow:
        there = self.channel
        return VoiceNow(
            there.id, there.name, self._audience.people, self._taking.speaking, there.state
        )

    @property
    def trouble(self) -> str:
        """Why nothing is written down now; empty while all is well."""
        return self._transcribe.trouble

    @property
    def mute(self) -> str:
        """Why nobody hears her there; empty while people do."""
        return self.channel.state.mute

    @property
    def unheard(self) -> str:
        """The same, or why she cannot be reached there for a while."""
        return self.mute or self.channel.state.away

    @property
    def doing(self) -> dict[str, bool]:
        """For whoever looks on."""
        aloud = self._over_ours.aloud
        speaks = self._over_ours.sounding is not None
        return {
            "hearing": bool(self._taking.speaking),
            "thinking": self._taking.busy
            or (aloud is not None and not aloud.closed and not speaks),
            "speaking": speaks,
        }

    def missed(self, inbound: Inbound) -> str:
        """The rule by which something that was spoken here is not answered aloud, if any."""
        if inbound.sent_at < self._began:
            return "spoken-before-restart"
        late = self._clock.now() - max(inbound.sent_at, self._speaking.spoke_at)
        return "stale" if late > _STALE else ""

    # --- core.ports.Listener ---------------------------------------------------------------------

    def began(self, person: str) -> None:
        if self._is_heard(person):
            self._taking.began(person)
            self._over_ours.began(person)

    def insists(self, person: str) -> None:
        if self._is_heard(person):
            self._over_ours.insists(person)

    def sound(self, person: str, pcm: bytes) -> None:
        if self._is_heard(person):
            self._along.sound(person, pcm)

    def ended(self, said: Utterance) -> None:
        if self._is_heard(said.person):
            self._along.ended(said)
            self._taking.ended(self._over_ours.ended(said))
        else:
            self._along.dropped(said.person)
            self._over_ours.dropped(said.person)

    def dropped(self, person: str) -> None:
        self._along.dropped(person)
        self._taking.dropped(person)
        self._over_ours.dropped(person)

    def present(self, now: Sequence[Present]) -> None:
        for person in self._audience.now(now):
            self._over_ours.dropped(person)
        self._ignore()
        if self._channel is not None:  # else `enter` tells of them once more
            if self.unheard:
                self._over_ours.hush()
            self.start(self._judge())
            self._changed(self)

    def moved(self, channel: str) -> None:
        self._means.floor.seen(self.address, self.place)
        self._changed(self)

    def closed(self, reason: str) -> None:
        if self.closed_for is not None:
            return
        self.closed_for = reason
        if self._over_ours.aloud is not None:
            self._over_ours.aloud.leave()
        for task in tuple(self._tasks):
            task.cancel()
        self._ended(self, reason)

    # --- speaking --------------------------------------------------------------------------------

    def answering(self, work: Work) -> Aloud | None:
        """The voice of a turn that answers what was spoken here; None where nobody would hear it."""
        return self._speaking.answering(work) if not self.unheard else None

    async def announce(self, text: str) -> None:
        """Say something that belongs to no turn, where somebody hears it."""
        if not self.unheard:
            await self._speaking.announce(text)

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """As long as she is in this channel."""
        task = self._group.create_task(_walled(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # It may have been cancelled before it began.
        task.add_done_callback(lambda task: work.close())
        return task

    # --- hearing -----------------------------------------------------------------------------------

    def _is_heard(self, person: str) -> bool:
        is_in = self._channel is not None and self.closed_for is None
        return is_in and self._audience.hears(person)

    async def _judge(self) -> None:
        """Whoever may not talk to her is not listened to either."""
        self._silence(await self._audience.judge(self._admits))

    async def _admits(self, author: Author) -> bool:
        part, now = self.part, self._clock.now()
        if part is None:
            return True
        said = inner.spoken(self.address, self.place, author, "", company=0, key="", at=now)
        return await self._means.admits(part, inner.read(said))

    def _silence(self, people: Iterable[str]) -> None:
        for person in people:
            self._along.dropped(person)
            self._taking.gone(person)
            self._over_ours.dropped(person)
        self._ignore()

    def _ignore(self) -> None:
        if self._channel is not None:
            self._channel.ignore(self._audience.ignored)

    def _settings(self) -> Settings | None:
        part = self.part
        return part.settings if part is not None else None

    def _most(self) -> float:
        settings = self._settings()
        return settings.number("VOICE_ENDPOINTING_MOST", 3) if settings else 0.0

    async def _write_down(self, said: Utterance) -> str:
        part, author = self.part, self._audience.author(said.person)
        if part is None or not (self._is_heard(said.person) and await self._admits(author)):
            return ""
        person, live = self._person(part, said.person), self._along.words(said)
        return await self._transcribe(part, said.pcm, self._names(part), person, live)

    async def _line(self, person: str) -> LiveEar | None:
        if (part := self.part) is None or not await self._admits(self._audience.author(person)):
            return None
        with request_scope(await self._person(part, person)):
            return self._means.speech.listen(part.settings)

    async def _person(self, part: Part, person: str) -> RequestContext:
        entity = entity_id(part.id, self.address, person)
        wishes = await self._means.wishes.of(entity)
        return RequestContext(entity_id=entity, agent_id=part.id, entity_settings=wishes)

    def _names(self, part: Part) -> tuple[str, ...]:
        names = dict.fromkeys((*part.policy.manners.names, *self._audience.names))
        return tuple(filter(None, names))

    async def _hand_in(self, taken: Taken) -> None:
        part, first = self.part, taken.parts[0]
        if part is None or not self._is_heard(taken.person):
            return
        self._count += 1
        at = self._clock.now() - timedelta(seconds=self._clock.monotonic() - first.began)
        key = f"{self.channel.id}:{taken.person}:{at.timestamp():.3f}:{self._count}"
        audio = ""
        if part.settings.flag("VOICE_KEEPS_AUDIO") and part.policy.remembers:
            audio = await self._means.keep(wav([one.pcm for one in taken.parts]), key)
        received = inner.spoken(
            self.address,
            self.place,
            self._audience.author(taken.person),
            taken.text,
            company=self._company(taken.person),
            key=key,
            at=at,
            audio=audio,
        )
        await self._means.intake([received])

    def _company(self, person: str) -> int:
        """Who has heard it as well, and may have been meant."""
        platform, cast = self.account.partition(":")[0], self._means.cast
        others = [one.who for one in self._audience.people if one.who.id != person]
        return sum(not one.is_bot or cast.is_colleague(platform, one.id) for one in others)


async def _walled(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("the wall round one thing that is done in a voice channel")
