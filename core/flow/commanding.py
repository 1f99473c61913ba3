"""Commands are carried out: ours without a model, those of plugins within a turn's walls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from core.clock import Clock
from core.flow import commands, greetings
from core.flow.commands import Done
from core.flow.conversing import Conversing
from core.flow.plans import Plan, Planned
from core.flow.presence import MUTED
from core.flow.ranks import Ranks
from core.flow.work import Work
from core.flow.writing import Scribe
from core.ids import EntityId
from core.messages import Inbound, InboundStatus, Kind, Rank, Reply
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
        if name == commands.VOICE:
            await self._answer(work, Done("I have no voice yet: I read and write."))
            return
        offer = commands.found(part, name)
        if offer is None:
            await self._unknown(work)
            return
        if does := self._do.get(name):
            await does(work)  # and says by itself who may
            return
        rank = Rank.OWNER if offer.who <= Rank.STRANGER else await self._rank(work)
        if reason := commands.refusal(offer, lead, rank):
            await self._answer(work, Done(reason, aside=True))
        elif plugged := commands.of_plugin(part, name):
            await self._converse.carry_out(work, _plan(plugged, work), f"command-{name}", "")
        else:
            work.decided()  # what is done from here on must not be left to a successor
            await self._answer(work, await self._done(work))

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
        if lead.is_direct:
            work.inbound = (*work.inbound[:-1], replace(lead, kind=Kind.MESSAGE))
            await self._converse(work)
            return
        work.decided()
        await self._scribe.write(work, InboundStatus.SILENT, "command-of-another", keep=False)

    async def _answer(self, work: Work, done: Done) -> None:
        lead = work.lead
        work.decided()
        await self._scribe.write(
            work,
            InboundStatus.ANSWERED,
            f"command-{lead.command}",
            say=_reply(done, lead),
            keep=done.begins or not (done.forget_talk or done.aside),
            forget_talk=done.forget_talk,
        )

    async def _rank(self, work: Work) -> Rank:
        return await self._ranks.of(work.part, work.lead, work.spot)


def _reply(done: Done, lead: Inbound) -> Reply:
    if lead.is_direct:
        return Reply(done.say)
    alone = lead.author.id if done.aside and not lead.via else ""
    return Reply(done.say, lead.message, only_for=alone, silent=done.aside)


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
