"""Everybody's links: started, taken up where they stopped, changed by a reload."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import aiohttp

from bots.links import PlannedLink
from bots.supervise import Health, Leave, Phase, keep_link
from bots.telegram.webhook import Hooks
from core.clock import Clock
from core.errors import BadInput, LinkRejected
from core.files import Files
from core.flow.cast import Cast, Gear, Part, Policy, policy_of
from core.flow.chronicle import Chronicles
from core.flow.intake import Intake
from core.flow.offering import OnOffer
from core.flow.outbox import Outbox
from core.flow.pace import pace_of
from core.ids import Account, CharacterId
from core.messages import Delivery, DeliveryStatus
from core.ports import Chronicle, Clips, Limits, Offering, Platform, Store
from core.settings.layers import Settings

log = logging.getLogger(__name__)

_ANSWERED_WITHIN = 5.0


@dataclass(frozen=True, slots=True)
class Door:
    """How a platform is entered; its library is not imported before its first link starts."""

    enter: Callable[
        [PlannedLink, aiohttp.ClientSession, Clock, Files, Hooks, Offering, Chronicle, Clips],
        Platform,
    ]
    limits: Callable[[], Limits]
    anew: tuple[str, ...] = ()
    """Settings that a link takes at its start alone: it is made anew where one changed."""


@dataclass(slots=True)
class _Running:
    planned: PlannedLink
    health: Health
    leave: Leave
    task: asyncio.Task[None]


class Company:
    """The links of this process and what each account owes. `settings` are the process' own."""

    def __init__(
        self,
        group: asyncio.TaskGroup,
        doors: Mapping[str, Door],
        session: aiohttp.ClientSession,
        files: Files,
        store: Store,
        cast: Cast,
        settings: Settings,
        clock: Clock,
        chance: random.Random,
        gear: Callable[[CharacterId], Awaitable[Gear]],
        settled: Callable[[Delivery, DeliveryStatus, str], None],
        hooks: Hooks,
        chronicles: Chronicles,
        clips: Callable[[PlannedLink], Clips],
        gone: Callable[[Delivery], bool] = lambda row: False,
        entered: Callable[[Part], object] = lambda part: None,
    ) -> None:
        """`gear` waits until a character is dressed; `settled` hears what became of a delivery;
        `hooks` is where platforms bring what they do not let us ask for; `clips` makes a link's
        voice messages; `gone` tells whether somebody has taken away what a delivery is to change;
        `entered` hears of everybody who has logged in."""
        self._group = group
        self._doors = doors
        self._session = session
        self._files = files
        self._store = store
        self._cast = cast
        self._settings = settings
        self._clock = clock
        self._chance = chance
        self._gear = gear
        self._settled = settled
        self._gone = gone
        self._told = entered
        self._hooks = hooks
        self._chronicles = chronicles
        self._clips = clips
        self._links: dict[tuple[CharacterId, str], _Running] = {}
        self._outboxes: dict[Account, Outbox] = {}
        self._loaded: set[Account] = set()

    @property
    def health(self) -> list[Health]:
        return [one.health for one in self._links.values()]

    @property
    def leaves(self) -> list[Leave]:
        return [one.leave for one in self._links.values()]

    @property
    def outboxes(self) -> list[Outbox]:
        return list(self._outboxes.values())

    @property
    def owed(self) -> int:
        return sum(outbox.owed for outbox in self._outboxes.values())

    def start(self, planned: PlannedLink, intake: Intake) -> None:
        health = Health(planned.character.name, planned.platform)
        leave = Leave()
        outbox = self._outbox(planned)
        enter = self._doors[planned.platform].enter
        on_offer = OnOffer(
            self._cast, self._store, self._clock, planned.account, planned.character.id
        )

        chronicle = self._chronicles.of(planned.account, planned.character.id)
        clips = self._clips(planned)

        async def entered(platform: Platform) -> None:
            # Her link outlives what she was when it started: a reload may have come between.
            now = self._links[planned.character.id, planned.platform].planned
            await self._entered(now, platform, outbox, intake)

        task = self._group.create_task(
            keep_link(
                lambda: enter(
                    planned,
                    self._session,
                    self._clock,
                    self._files,
                    self._hooks,
                    on_offer,
                    chronicle,
                    clips,
                ),
                outbox,
                intake,
                health,
                entered,
                leave,
                self._clock,
                self._chance,
            )
        )
        self._links[planned.character.id, planned.platform] = _Running(planned, health, leave, task)

    async def reload(self, links: Sequence[PlannedLink], intake: Intake) -> None:
        """Only links that came, went or must log in anew are touched; the others take over the new."""
        wanted = {(one.character.id, one.platform): one for one in links}
        # A face goes before the bot through which it has still to speak.
        for key, running in sorted(self._links.items(), key=lambda it: it[1].planned.host is None):
            planned = wanted.get(key)
            if (
                planned is not None
                and self._same_link(planned, running.planned)
                and not running.task.done()
            ):
                await self._recast(running, planned)
                del wanted[key]
                continue
            running.leave.listening.ring()
            await self._flushed(running)
            running.leave.sending.ring()
            await asyncio.wait([running.task])
            del self._links[key]
            if planned is None or planned.account != running.planned.account:
                self._dismiss(running.planned.account)
        for planned in wanted.values():
            self.start(planned, intake)

    async def _entered(
        self, planned: PlannedLink, platform: Platform, outbox: Outbox, intake: Intake
    ) -> None:
        """A character has logged in: take up what it owes and what was said to it."""
        loaded = planned.character
        try:
            policy = policy_of(loaded.character, planned.settings, planned.platform)
        except BadInput as error:  # trying again would find the same
            raise LinkRejected(str(error)) from None
        self._note(planned, policy)
        part = Part(
            id=loaded.id,
            character=loaded.character,
            settings=planned.settings,
            platform=platform,
            outbox=outbox,
            policy=policy,
            gear=await self._gear(loaded.id),
        )
        self._cast.enter(part)
        if planned.account not in self._loaded:
            self._loaded.add(planned.account)
            await outbox.load()
        await intake.replay(planned.account)
        self._told(part)

    async def _flushed(self, running: _Running) -> None:
        """What is on its way is let arrive, so that nobody has to ask afterwards whether it did."""
        outbox = self._outboxes.get(running.planned.account)
        if outbox is None or running.health.phase is not Phase.LIVE:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.number("SEND_PATIENCE", 5.0)):
                await outbox.flush()
        # More may have been said meanwhile: it goes out by the next link.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ANSWERED_WITHIN):
                await outbox.rest()

    def _same_link(self, one: PlannedLink, other: PlannedLink) -> bool:
        if one.token != other.token or one.account != other.account:
            return False
        if one.host is not None:
            return _look_of(one) == _look_of(other)
        anew = self._doors[one.platform].anew
        return all(one.settings.text(name) == other.settings.text(name) for name in anew)

    def _outbox(self, planned: PlannedLink) -> Outbox:
        """One for an account, however often its link is made anew."""
        outbox = self._outboxes.get(planned.account)
        if outbox is None:
            limits = self._doors[planned.platform].limits()
            outbox = self._outboxes[planned.account] = Outbox(
                planned.account,
                self._store,
                self._clock,
                pace_of(planned.platform, limits, self._settings, self._clock.monotonic),
                limits,
                repeats_uncertain=lambda: self._repeats_uncertain(planned.account),
                settled=self._settled,
                gone=self._gone,
            )
        return outbox

    def _repeats_uncertain(self, account: Account) -> bool:
        part = self._cast.on(account)
        return part is None or part.settings.flag("TROUPE_RESEND_UNCERTAIN", True)

    def dismiss(self, character: CharacterId) -> None:
        """The character leaves every platform; the next reload brings it back."""
        for (whose, _), running in self._links.items():
            if whose == character:
                running.leave.listening.ring()
                running.leave.sending.ring()

    def _dismiss(self, account: Account) -> None:
        """What is open there stays in the ledgers, until somebody plays on it again."""
        self._cast.leave(account)
        self._loaded.discard(account)
        self._outboxes.pop(account, None)

    def _note(self, planned: PlannedLink, policy: Policy) -> None:
        """A list that cannot be read lets nobody in, which its operator has to know."""
        found = policy.door.findings
        for finding in found:
            log.warning("%s", finding)
        health = self._links[planned.character.id, planned.platform].health
        health.note = "; ".join(map(str, found))

    async def _recast(self, running: _Running, planned: PlannedLink) -> None:
        try:
            policy = policy_of(planned.character.character, planned.settings, planned.platform)
        except BadInput as error:
            for finding in error.findings:
                log.error("not taken over, the old version stays: %s", finding)
            return
        running.planned = planned
        self._note(planned, policy)
        part = self._cast.on(planned.account)
        if part is not None:
            self._cast.enter(
                replace(
                    part,
                    character=planned.character.character,
                    settings=planned.settings,
                    policy=policy,
                    gear=await self._gear(planned.character.id),
                )
            )


def _look_of(face: PlannedLink) -> tuple[str, ...]:
    """By what she who speaks through another one's bot is known, and what she reads back."""
    character = face.character.character
    names = character.name, character.username
    return *names, face.settings.text("avatar"), face.settings.text("DISCORD_HISTORY")
