"""Commands are carried out: ours without a model, those of plugins within a turn's walls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from core.clock import Clock
from core.flow import commands, greetings
from core.flow.commands import Done
from core.flow.conversing import Conversing
from core.flow.forms import given_of
from core.flow.plans import Plan, Planned
from core.flow.presence import MUTED
from core.flow.ranks import Ranks
from core.flow.work import Work
from core.flow.writing import Scribe
from core.ids import EntityId
from core.messages import InboundStatus, Kind, Rank
from core.plugins.records import Action, ActionResult, Command, Turn

Does = Callable[[Work], Awaitable[None]]
"""Carries a command out and ends its turn."""
Tells = Callable[[Work], Awaitable[str]]
"""Carries a command out; what is said of it."""


class Commanding:
    def __init__(
        self,
        scribe: Scribe,
        conversing: Conversing,
        ranks: Ranks,
        clock: Clock,
        *,
        tell: Mapping[str, Tells],
        do: Mapping[str, Does],
    ) -> None:
        """`tell` and `do` know what takes more than words, by the commands' names."""
        self._scribe = scribe
        self._converse = conversing
        self._ranks = ranks
        self._clock = clock
        self._tell = tell
        self._do = do

    async def __call__(self, work: Work) -> None:
        lead, part = work.lead, work.part
        name = lead.command if commands.is_ours(lead) else ""
        if name == commands.VOICE.name and name not in self._do:
            await self._answer(work, Done("I have no voice yet: I read and write."))
            return
        offer = commands.found(part, name)
        if offer is None:
            await self._unknown(work)
            return
        if name in commands.TALK:  # written, where it is no form
            work.inbound = (*work.inbound[:-1], replace(lead, mentions_us=True))
            await self._talk(work)
            return
        work.aside = offer.aside and lead.waits
        if does := self._do.get(name):
            await does(work)  # and says by itself who may
            return
        rank = Rank.OWNER if offer.who <= Rank.STRANGER else await self._rank(work)
        if reason := commands.refusal(offer, lead, rank):
            await self._answer(work, Done(reason, aside=True))
        elif plugged := commands.of_plugin(part, name):
            await self._plugged(work, plugged)
        else:
            work.decided()  # what is done from here on must not be left to a successor
            await self._answer(work, await self._done(work))

    async def _plugged(self, work: Work, command: Command) -> None:
        given = given_of(command.offer, work.lead)
        if isinstance(given, str):
            await self._answer(work, Done(given, aside=True))
            return
        work.inbound = (*work.inbound[:-1], replace(work.lead, given=given))
        await self._converse.carry_out(work, _plan(command, work), f"command-{command.name}", "")

    async def _done(self, work: Work) -> Done:
        """What one of ours does that needs no more than the turn's own end."""
        lead, part = work.lead, work.part
        if opening := await greetings.opening(work, self._scribe.store.read, self._clock.now()):
            return opening
        match lead.command:
            case "start":
                name = part.character.name
                return Done(f"Hello, I am {name}. Write to me as you would to a friend.")
            case "help":
                return Done(commands.helped(part, lead, await self._rank(work)))
            case "reset":
                return Done("Done. We begin anew.", forget_talk=True)
            case "mute":
                return Done(self._mute(work, mute=True))
            case "unmute":
                return Done(self._mute(work, mute=False))
            case name:
                return Done(await self._tell[name](work), aside=name == commands.WHY.name)

    def _mute(self, work: Work, *, mute: bool) -> str:
        """The same as elizaOS' MUTE_ROOM; it is written down with the turn."""
        part, spot = work.part, work.spot
        if not (mute or spot.muted):
            return "I am not muted here."
        work.later.append(
            lambda unit: unit.people.set_state(
                part.id, spot.room, EntityId(part.id), MUTED if mute else ""
            )
        )
        spot.muted, spot.followed = mute, False
        if not mute:
            return "I speak here again."
        how = "write my name" if work.lead.is_direct else "call me by my name"
        return f"I am quiet here now. Who needs me can {how}; /unmute lets me speak again."

    async def _unknown(self, work: Work) -> None:
        """Talk like any other where we are alone; in company it may be another bot's."""
        lead = work.lead
        if lead.waits:
            # A platform's menu may be older than what she understands.
            await self._answer(work, Done(f"I do not know /{lead.command} (any more).", aside=True))
            return
        if lead.is_direct:
            await self._talk(work)
            return
        work.decided()
        await self._scribe.write(work, InboundStatus.SILENT, "command-of-another", keep=False)

    async def _talk(self, work: Work) -> None:
        work.inbound = (*work.inbound[:-1], replace(work.lead, kind=Kind.MESSAGE))
        await self._converse(work)

    async def _answer(self, work: Work, done: Done) -> None:
        lead = work.lead
        work.decided()
        await self._scribe.write(
            work,
            InboundStatus.ANSWERED,
            f"command-{lead.command}",
            say=commands.answer(done, lead, aside=lead.waits and (work.aside or done.aside)),
            keep=done.begins or not (done.forget_talk or done.aside),
            forget_talk=done.forget_talk,
        )

    async def _rank(self, work: Work) -> Rank:
        return await self._ranks.of(work.part, work.lead, work.spot)


def _plan(command: Command, work: Work) -> Plan:
    """As an action that its author has not declared idempotent: after a crash it is not begun
    again, and whoever gave it is told so."""
    arguments = work.lead.arguments

    async def run(turn: Turn, nothing: object) -> ActionResult:
        return await command.run(turn, arguments)

    action = Action(
        f"/{command.name}", command.offer.about, run, who=command.offer.who, plugin=command.plugin
    )
    return Plan((Planned(action.name, action, {}),))
