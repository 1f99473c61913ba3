"""/summarize: what was said in a room lately, told in one answer of the character's.

It knows what she remembers of this room and nothing else, and is itself not remembered: it says
nothing new, and whoever replies to it brings its words along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.clock import Clock
from core.flow.allowance import Allowance
from core.flow.commands import SUMMARIZE
from core.flow.etiquette import Choice, Verdict
from core.flow.floor import Floor
from core.flow.policy import decent
from core.flow.ranks import Ranks
from core.flow.thinking import Thinking
from core.flow.work import Work
from core.flow.writing import Scribe
from core.memory.recent import line_of
from core.messages import InboundStatus, Kind, Reply
from core.ports import Store
from core.prompting.summing import summing
from core.state import Line, Scene, compose

USUAL, LEAST, MOST = 20, 5, 50
"""Messages."""
NOTHING = "Nothing has been said here yet that I could sum up."
NO_NUMBER = f"/{SUMMARIZE.name} takes a number of messages: {LEAST} to {MOST}."
AT_A_LOSS = "I could not put it into words. Ask me again, please."
_RULE = f"command-{SUMMARIZE.name}"
_SEEN = ("CHARACTER", "ROOM", "HOUSE_RULES")
"""Who she is, where, and how she is to speak there."""


class Summarizing:
    """Raises ModelError when no model answers."""

    def __init__(
        self,
        store: Store,
        ranks: Ranks,
        scribe: Scribe,
        thinking: Thinking,
        allowance: Allowance,
        floor: Floor,
        clock: Clock,
    ) -> None:
        self._store = store
        self._ranks = ranks
        self._scribe = scribe
        self._thinking = thinking
        self._allowance = allowance
        self._floor = floor
        self._clock = clock

    async def command(self, work: Work) -> None:
        number = _number(work)
        if number is None:
            await self._answer(work, NO_NUMBER)
            return
        lines = await self._said(work, number)
        if not lines:
            await self._answer(work, NOTHING)
            return
        work.rule = _RULE
        if much := self._allowance.refusal(work, Verdict(Choice.ANSWER, _RULE)):
            work.decided()
            if much.say is not None:
                await self._scribe.remark(work, much.say)
            await self._scribe.write(work, InboundStatus.SILENT, much.rule, keep=False)
            return
        # As of talk: it may wait for a model that is away, and whoever asks is told where it fails.
        work.inbound = (*work.inbound[:-1], replace(work.lead, kind=Kind.MESSAGE))
        await self._answer(work, await self._summed_up(work, lines) or AT_A_LOSS)

    async def _said(self, work: Work, number: int) -> Sequence[Line]:
        part, room = work.part, work.spot.room
        kept = await self._store.read(lambda unit: unit.memories.recent(part.id, room, number))
        return [line for line in map(line_of, kept) if line.text.strip()]

    async def _summed_up(self, work: Work, lines: Sequence[Line]) -> str:
        part, lead = work.part, work.lead
        work.history = lines
        async with self._floor.word(lead.address):
            with part.outbox.typing(lead.address):
                scene = await self._scene(work)
                state = await compose(scene, part.gear.repertoire.providers, _SEEN, only=True)
                request = summing(scene, state, lines)

                def shown(text: str, final: bool) -> str:
                    return decent(text, work.known, final=final)

                answer = await self._thinking.answer(work, request, shown)
        return answer.text

    async def _scene(self, work: Work) -> Scene:
        part, lead = work.part, work.lead
        unknown = lead.is_direct or work.world_is_new
        return Scene(
            character=part.character,
            settings=part.settings,
            inbound=(lead,),
            history=(),
            place=lead.place,
            now=self._clock.now(),
            handle=part.platform.handle,
            room=work.spot.room,
            person=work.person,
            world=None if unknown else await self._ranks.world(part, work.spot.world),
            read=self._store.read,
        )

    async def _answer(self, work: Work, text: str) -> None:
        lead = work.lead
        work.decided()
        await self._scribe.write(
            work,
            InboundStatus.ANSWERED,
            "stopped" if work.batch.stopped.rung else _RULE,
            say=Reply(text, None if lead.is_direct else lead.message or None),
            keep=False,
        )


def _number(work: Work) -> int | None:
    """Of messages; None where it is none, or too many."""
    lead = work.lead
    said = (lead.given.get("messages") or lead.arguments).strip()
    if not said:
        return USUAL
    if not (said.isascii() and said.isdigit() and len(said) < 4):
        return None
    return int(said) if LEAST <= int(said) <= MOST else None
