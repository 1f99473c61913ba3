"""One turn, top to bottom: read, decide, gather, think, commit, wake the outbox."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

from core.clock import Clock
from core.errors import ModelError, Unreadable
from core.flow import commands
from core.flow.cast import Cast, Part
from core.flow.etiquette import Choice, Circumstances, Verdict, decide
from core.flow.mailbox import Superseded
from core.flow.presence import Introduction, Presence, entity_id, memory_id, places_of
from core.flow.records import Records
from core.flow.tally import Tally
from core.flow.wishes import Wishes
from core.flow.writing import Scribe, Work, begin, bury, memory_of
from core.ids import turn_of
from core.memory.recall import Recent
from core.messages import (
    Inbound,
    InboundStatus,
    Kind,
    Live,
    Outcome,
    Received,
    Reply,
)
from core.ports import Batch, ModelRoles, Spent, Store
from core.prompting.reading import Answer, AnswerReader
from core.prompting.stock import prompt
from core.settings.context import RequestContext, request_scope
from core.state import Provider, Scene, compose

log = logging.getLogger(__name__)

_SILENT = frozenset({"IGNORE", "NONE", "STOP"})
_DRAFT_AFTER = 0.4
"""Seconds: what is finished by then needs no draft."""
_GROW_AFTER = 0.8
_WORTH_SHOWING = 24
"""Characters with which a message may begin: a single word looks like a slip."""
_TRIES = 2
_ASKED = 24_000
"""Characters of open messages that one answer looks at; the older ones are remembered only."""
_APOLOGY_EVERY = 600.0
"""Seconds between two apologies in one room (G23)."""


class Turns:
    """The mailbox's handler. One wall: a turn that fails is written down as failed."""

    def __init__(
        self,
        cast: Cast,
        store: Store,
        presence: Presence,
        wishes: Wishes,
        recent: Recent,
        models: ModelRoles,
        providers: Sequence[Provider],
        clock: Clock,
        tally: Tally,
        records: Records | None = None,
    ) -> None:
        self._records = records or Records()
        self._cast = cast
        self._store = store
        self._presence = presence
        self._wishes = wishes
        self._recent = recent
        self._models = models
        self._providers = tuple(providers)
        self._clock = clock
        self._tally = tally
        self._scribe = Scribe(store, recent, clock, tally, self._records)

    async def __call__(self, batch: Batch) -> None:
        part = self._cast.on(batch.address.account)
        if part is None:
            return  # its character has left; the rows wait in the inbox for its return
        work: Work | None = None
        with request_scope(await self._person(part, batch)):
            try:
                async with asyncio.timeout(part.policy.patience) as limit:
                    work = await self._hear(part, batch, limit)
                    if work is not None:
                        await self._act(work)
            except (Superseded, asyncio.CancelledError):
                raise
            except Exception as error:  # noqa: BLE001  (the wall of one turn)
                try:
                    await self._failed(part, batch, work, error)
                except Exception as another:  # noqa: BLE001  (not even an apology: only close it)
                    await self._failed(part, batch, None, another)

    async def _person(self, part: Part, batch: Batch) -> RequestContext:
        """Whom this turn serves, with what that person has set for this character."""
        person = entity_id(part.id, batch.address, batch.author)
        return RequestContext(
            entity_id=person, agent_id=part.id, entity_settings=await self._wishes.of(person)
        )

    async def _hear(self, part: Part, batch: Batch, limit: asyncio.Timeout) -> Work | None:
        """Map what came in; what cannot be read becomes a dead letter with its reason."""
        inbound: list[Inbound] = []
        dead: list[tuple[Received, str]] = []
        for received in batch.items:
            try:
                inbound.append(part.platform.read(received))
            except Unreadable as error:
                dead.append((received, str(error)))
        if not inbound:
            now = self._clock.now()
            await batch.stored()
            await self._store.write(lambda unit: bury(unit, dead, now))
            self._tally.ended(part.character.name, batch.address.platform, "dead")
            return None
        lead = inbound[-1]
        spot = await self._presence.at(part.id, batch.address, lead.place.world)
        introduction = Introduction(spot, lead)
        heard = []
        for one in inbound:
            author = entity_id(part.id, batch.address, one.author.id)
            introduction.meet(author, one.author, batch.address.platform)
            heard.append(memory_of(part, one, spot, author))
            if spot.hear(one):
                self._records.heard(part.character.name, one)
        return Work(
            part=part,
            batch=batch,
            inbound=tuple(inbound),
            dead=tuple(dead),
            spot=spot,
            introduction=introduction,
            heard=heard,
            limit=limit,
            started=self._clock.monotonic(),
        )

    async def _act(self, work: Work) -> None:
        match work.lead.kind:
            case Kind.MESSAGE:
                await self._converse(work)
            case Kind.COMMAND:
                await self._command(work)
            case Kind.EDIT:
                await self._edited(work)
            case Kind.MOVED:
                await self._moved(work)
            case Kind.WORLD:
                await self._world(work)
            case kind:
                await self._scribe.write(
                    work, InboundStatus.SILENT, f"{kind.value}-noted", keep=False
                )

    # --- conversation --------------------------------------------------------------------------

    async def _converse(self, work: Work) -> None:
        verdict = self._decide(work)
        work.rule = verdict.rule
        if verdict.choice is Choice.SILENT:
            work.decided()
            await self._scribe.write(work, InboundStatus.SILENT, verdict.rule)
            return
        scene = await self._scene(work, unsure=verdict.choice is Choice.UNSURE)
        answer = await self._think(work, scene)
        work.decided()
        if not answer.text:
            rule = "ignored-by-model" if _SILENT.intersection(answer.actions) else "no-answer"
            await self._scribe.write(work, InboundStatus.SILENT, rule, thought=answer.thought)
            return
        await self._scribe.write(
            work,
            InboundStatus.ANSWERED,
            verdict.rule,
            say=Reply(answer.text, None if work.lead.is_direct else work.lead.message),
            thought=answer.thought,
            actions=answer.actions,
        )
        work.spot.answered(work.lead.author.id, self._clock.monotonic())

    def _decide(self, work: Work) -> Verdict:
        """The strongest verdict on any of the open messages: one question among chatter counts."""
        best: Verdict | None = None
        part, spot = work.part, work.spot
        for one in work.inbound:
            verdict = decide(
                one,
                part.policy.manners,
                Circumstances(
                    now=self._clock.now(),
                    muted=spot.muted,
                    colleague=self._cast.is_colleague(one.address.platform, one.author.id),
                    hops=spot.hops,
                    follow_up=spot.just_answered(one.author.id, self._clock.monotonic()),
                ),
            )
            if verdict.choice is Choice.ANSWER:
                return verdict
            if best is None or verdict.choice is Choice.UNSURE:
                best = verdict
        assert best is not None
        return best

    async def _scene(self, work: Work, *, unsure: bool) -> Scene:
        part, spot = work.part, work.spot
        if spot.new:
            self._recent.begin(part.id, spot.room)
        history = await self._recent.lines(part.id, spot.room, part.policy.history)
        return Scene(
            character=part.character,
            settings=part.settings,
            inbound=_newest(work.inbound),
            history=tuple(history),
            place=work.lead.place,
            now=self._clock.now(),
            unsure=unsure,
            handle=part.platform.handle,
        )

    async def _think(self, work: Work, scene: Scene) -> Answer:
        """One model call, streamed; a second only when the first gave nothing at all."""
        part, lead = work.part, work.lead
        answer = Answer()
        with part.outbox.typing(lead.address):
            request = prompt(scene, await compose(scene, self._providers))
            for _ in range(_TRIES):
                reader = AnswerReader()
                said = raw = ""
                spent = Spent()
                answering = self._models.stream(part.settings, "TEXT_LARGE", request, spent)
                async with aclosing(answering):
                    async for piece in answering:
                        raw += piece
                        said += reader.feed(piece)
                        if said:
                            self._reveal(work, said)
                answer = reader.end()
                self._count(part, spent)
                self._records.asked(f"{part.character.name} {turn_of(lead.id)}", request, raw)
                if answer.text or _SILENT.intersection(answer.actions):
                    break
        if scene.unsure and _SILENT.issuperset(answer.actions) and answer.actions:
            return replace(answer, text="")
        return answer

    def _reveal(self, work: Work, said: str) -> None:
        """Let people see the answer grow, as a draft or as a message that is edited."""
        if not work.batch.is_stored:
            return
        spent, lead = self._clock.monotonic() - work.started, work.lead
        if work.part.outbox.drafts and lead.is_direct:
            if spent > _DRAFT_AFTER:
                work.batch.commit_to()
                work.part.outbox.draft(Live(lead.address, work.draft, said))
        elif work.growing is not None:
            work.growing.grow(said, work.draft)
        elif spent > _GROW_AFTER and len(said) >= _WORTH_SHOWING and work.part.outbox.edits:
            work.batch.commit_to()
            work.growing = begin(work, said)

    def _count(self, part: Part, spent: Spent) -> None:
        name, usage = part.character.name, spent.usage
        self._tally.model_calls[name, usage.model] += 1
        self._tally.tokens[name, "prompt"] += usage.prompt_tokens
        self._tally.tokens[name, "completion"] += usage.completion_tokens
        self._tally.tokens[name, "cached"] += usage.cached_tokens

    # --- everything that is not talk -----------------------------------------------------------

    async def _command(self, work: Work) -> None:
        lead = work.lead
        done = commands.perform(lead, work.part.character) if commands.is_ours(lead) else None
        if done is None and lead.is_direct:
            work.inbound = (*work.inbound[:-1], replace(lead, kind=Kind.MESSAGE))
            await self._converse(work)
            return
        work.decided()
        if done is None:
            await self._scribe.write(work, InboundStatus.SILENT, "command-of-another", keep=False)
            return
        await self._scribe.write(
            work,
            InboundStatus.ANSWERED,
            f"command-{lead.command}",
            say=Reply(done.say, None if lead.is_direct else lead.message),
            keep=not done.forget_talk,
            forget_talk=done.forget_talk,
        )

    async def _edited(self, work: Work) -> None:
        """What was said is remembered as it now reads; it is not answered a second time."""
        part, lead = work.part, work.lead
        memory = memory_id(part.id, lead.address, lead.message)
        work.decided()
        await self._scribe.write(
            work, InboundStatus.SILENT, "edit-noted", keep=False, rewrite=memory
        )
        self._recent.forget(part.id, work.spot.room)

    async def _moved(self, work: Work) -> None:
        """A group became a supergroup: the room keeps its past under its new id."""
        part, lead = work.part, work.lead
        old, new = lead.address.room, lead.moved_to
        work.decided()
        await self._scribe.write(
            work, InboundStatus.SILENT, "room-moved", keep=False, moved=(old, new)
        )
        self._presence.forget(part.id, lead.address)
        self._presence.forget(part.id, lead.address._replace(room=new))

    async def _world(self, work: Work) -> None:
        """A server as it stands: it and its rooms are known before anybody speaks there (D-66)."""
        part, lead = work.part, work.lead
        work.decided()
        await self._scribe.write(
            work, InboundStatus.SILENT, "world-noted", keep=False, places=places_of(part.id, lead)
        )

    # --- when it fails -------------------------------------------------------------------------

    async def _failed(self, part: Part, batch: Batch, work: Work | None, error: Exception) -> None:
        code = _code(error)
        if isinstance(error, ModelError):
            log.warning("%s: a turn failed (%s): %s", part.character.name, code, error)
        else:
            log.error("%s: a turn failed (%s)", part.character.name, code, exc_info=error)
        if work is None:
            ids = [one.id for one in batch.items]
            now = self._clock.now()
            await batch.stored()
            await self._store.write(
                lambda unit: unit.inbox.close(ids, Outcome(InboundStatus.FAILED, code), now)
            )
            self._tally.ended(part.character.name, batch.address.platform, "failed", code)
            return
        work.batch.commit_to()
        wanted = work.lead.kind is Kind.MESSAGE and work.rule not in ("", "follow-up")
        apology = self._apology(work) if wanted else None
        await self._scribe.write(work, InboundStatus.FAILED, code, say=apology, actions=())

    def _apology(self, work: Work) -> Reply | None:
        now = self._clock.monotonic()
        text = work.part.policy.apology
        if not text or now - work.spot.apologised_at < _APOLOGY_EVERY:
            return None
        work.spot.apologised_at = now
        return Reply(text, None if work.lead.is_direct else work.lead.message)


def _newest(inbound: tuple[Inbound, ...]) -> tuple[Inbound, ...]:
    """Somebody may have written all night while no model answered."""
    size, start = 0, len(inbound) - 1
    while start > 0 and (size := size + len(inbound[start - 1].text) + 100) <= _ASKED:
        start -= 1
    return inbound[start:]


def _code(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "turn-timeout"
        case ModelError():
            return "model-unavailable"
        case _:
            return f"bug-{type(error).__name__}"
