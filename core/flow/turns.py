"""One turn, top to bottom: read, decide, gather, think, commit, wake the outbox."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from base64 import b32encode
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from uuid import uuid4

from core.clock import Clock
from core.errors import ModelError, Unreadable
from core.flow import commands
from core.flow.cast import Cast, Part
from core.flow.etiquette import Choice, Circumstances, Verdict, decide
from core.flow.mailbox import Superseded
from core.flow.presence import Introduction, Presence, Spot, entity_id, memory_id
from core.flow.records import Records
from core.flow.tally import Tally
from core.ids import EntityId, MemoryId, turn_of
from core.memory.recall import Recent, line_of
from core.messages import (
    Content,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    Inbound,
    InboundStatus,
    Kind,
    Live,
    Memory,
    Outcome,
    Received,
    Reply,
)
from core.ports import Batch, ModelRoles, Spent, Store, Unit
from core.prompting.reading import Answer, AnswerReader
from core.prompting.stock import prompt
from core.settings.context import RequestContext, request_scope
from core.state import Provider, Scene, compose

log = logging.getLogger(__name__)

_SILENT = frozenset({"IGNORE", "NONE", "STOP"})
_DRAFT_AFTER = 0.4
"""Seconds: what is finished by then needs no draft."""
_TRIES = 2
_APOLOGY_EVERY = 600.0
"""Seconds between two apologies in one room (G23)."""


@dataclass(slots=True)
class Work:
    """One running turn: what came in, where, and what has become of it so far."""

    part: Part
    batch: Batch
    inbound: tuple[Inbound, ...]
    dead: tuple[tuple[Received, str], ...]
    spot: Spot
    introduction: Introduction
    heard: list[Memory]
    started: float
    rule: str = ""

    @property
    def lead(self) -> Inbound:
        return self.inbound[-1]

    @property
    def private(self) -> bool:
        """Nothing of this may be kept (MH-06, MH-08)."""
        policy = self.part.policy
        return not policy.remembers or bool(
            policy.sources and self.batch.address.room not in policy.sources
        )


class Turns:
    """The mailbox's handler. One wall: a turn that fails is written down as failed."""

    def __init__(
        self,
        cast: Cast,
        store: Store,
        presence: Presence,
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
        self._recent = recent
        self._models = models
        self._providers = tuple(providers)
        self._clock = clock
        self._tally = tally

    async def __call__(self, batch: Batch) -> None:
        part = self._cast.on(batch.address.account)
        if part is None:
            return  # its character has left; the rows wait in the inbox for its return
        work: Work | None = None
        with request_scope(RequestContext(entity_id=batch.author, agent_id=part.id)):
            try:
                async with asyncio.timeout(part.policy.patience):
                    work = await self._hear(part, batch)
                    if work is not None:
                        await self._act(work)
            except (Superseded, asyncio.CancelledError):
                raise
            except Exception as error:  # noqa: BLE001  (the wall of one turn)
                try:
                    await self._failed(part, batch, work, error)
                except Exception as another:  # noqa: BLE001  (not even an apology: only close it)
                    await self._failed(part, batch, None, another)

    async def _hear(self, part: Part, batch: Batch) -> Work | None:
        """Map what came in; what cannot be read becomes a dead letter with its reason."""
        inbound: list[Inbound] = []
        dead: list[tuple[Received, str]] = []
        for received in batch.items:
            try:
                inbound.append(part.platform.read(received))
            except Unreadable as error:
                dead.append((received, str(error)))
        if not inbound:
            await self._store.write(lambda unit: self._bury(unit, dead))
            self._tally.ended(part.character.name, batch.address.platform, "dead")
            return None
        lead = inbound[-1]
        spot = await self._presence.at(part.id, batch.address, lead.place.world)
        introduction = Introduction(spot, lead)
        heard = []
        for one in inbound:
            author = entity_id(part.id, batch.address, one.author.id)
            introduction.meet(author, one.author, batch.address.platform)
            heard.append(self._memory_of(part, one, spot, author))
            self._records.heard(part.character.name, one)
        return Work(
            part=part,
            batch=batch,
            inbound=tuple(inbound),
            dead=tuple(dead),
            spot=spot,
            introduction=introduction,
            heard=heard,
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
            case kind:
                await self._commit(work, InboundStatus.SILENT, f"{kind.value}-noted", keep=False)

    # --- conversation --------------------------------------------------------------------------

    async def _converse(self, work: Work) -> None:
        verdict = self._decide(work)
        work.rule = verdict.rule
        if verdict.choice is Choice.SILENT:
            work.batch.commit_to()
            await self._commit(work, InboundStatus.SILENT, verdict.rule)
            return
        scene = await self._scene(work, unsure=verdict.choice is Choice.UNSURE)
        answer = await self._think(work, scene)
        work.batch.commit_to()
        if not answer.text:
            rule = "ignored-by-model" if _SILENT.intersection(answer.actions) else "no-answer"
            await self._commit(work, InboundStatus.SILENT, rule, thought=answer.thought)
            return
        await self._commit(
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
            spot.note(one)
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
            inbound=work.inbound,
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
                        if said and lead.is_direct and self._slow(work):
                            work.batch.commit_to()
                            part.outbox.draft(Live(lead.address, lead.id, said))
                answer = reader.end()
                self._count(part, spent)
                self._records.asked(f"{part.character.name} {turn_of(lead.id)}", request, raw)
                if answer.text or _SILENT.intersection(answer.actions):
                    break
        if scene.unsure and _SILENT.issuperset(answer.actions) and answer.actions:
            return replace(answer, text="")
        return answer

    def _slow(self, work: Work) -> bool:
        return self._clock.monotonic() - work.started > _DRAFT_AFTER

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
        work.batch.commit_to()
        if done is None:
            await self._commit(work, InboundStatus.SILENT, "command-of-another", keep=False)
            return
        await self._commit(
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
        work.batch.commit_to()
        await self._commit(work, InboundStatus.SILENT, "edit-noted", keep=False, rewrite=memory)
        self._recent.forget(part.id, work.spot.room)

    async def _moved(self, work: Work) -> None:
        """A group became a supergroup: the room keeps its past under its new id."""
        part, lead = work.part, work.lead
        old, new = lead.address.room, lead.moved_to
        work.batch.commit_to()
        await self._commit(work, InboundStatus.SILENT, "room-moved", keep=False, moved=(old, new))
        self._presence.forget(part.id, lead.address)
        self._presence.forget(part.id, lead.address._replace(room=new))

    # --- writing down --------------------------------------------------------------------------

    async def _commit(
        self,
        work: Work,
        status: InboundStatus,
        rule: str,
        *,
        say: Reply | None = None,
        thought: str = "",
        actions: tuple[str, ...] = ("REPLY",),
        keep: bool = True,
        forget_talk: bool = False,
        rewrite: MemoryId | None = None,
        moved: tuple[str, str] | None = None,
    ) -> None:
        """The turn's one transaction: memories, deliveries and the end of what was open."""
        part, spot, lead = work.part, work.spot, work.lead
        now = self._clock.now()
        private = work.private
        spoken = self._memory_of_reply(work, say, thought, actions) if say else None
        kept = [] if private or not keep else [*work.heard, *([spoken] if spoken else [])]
        rows = self._deliveries(work, say, private=private) if say else []
        granted = bool(rows) and part.outbox.grant(lead.address, direct=lead.is_direct)
        if granted:
            rows[0] = replace(rows[0], status=DeliveryStatus.SENDING, attempt=1)

        def write(unit: Unit) -> list[Delivery]:
            self._bury(unit, work.dead)
            if kept or keep:
                work.introduction.write(unit)
            unit.memories.add(kept)
            if forget_talk:
                unit.rooms.forget_before(part.id, spot.room, now)
            if rewrite:
                unit.memories.rewrite(part.id, rewrite, lead.text)
            if moved:
                unit.rooms.move(lead.address.account, *moved)
                unit.deliveries.move(lead.address.account, *moved)
            earlier = [one.id for one in work.inbound[:-1]]
            if earlier:
                by = Outcome(InboundStatus.SUPERSEDED, rule, successor=lead.id)
                unit.inbox.close(earlier, by, now, private=private)
            unit.inbox.close([lead.id], Outcome(status, rule), now, private=private)
            return unit.deliveries.add(rows, now)

        try:
            stored = await self._store.write(write)
        except BaseException:
            part.outbox.release(lead.address)
            raise
        if granted and not stored:
            part.outbox.release(lead.address)
        part.outbox.accept(stored)
        if say and stored:
            self._records.said(part.character.name, lead, say.text, actions)
        if kept or keep:
            work.introduction.written()
        if forget_talk:
            self._recent.forget(part.id, spot.room)
        lines = [line_of(memory) for memory in kept if memory.content.text]
        self._recent.add(part.id, spot.room, lines, part.policy.history)
        self._tally.ended(part.character.name, lead.address.platform, status.value)
        self._tally.answered_in(part.character.name, self._clock.monotonic() - work.started)

    async def _failed(self, part: Part, batch: Batch, work: Work | None, error: Exception) -> None:
        code = _code(error)
        if isinstance(error, ModelError):
            log.warning("%s: a turn failed (%s): %s", part.character.name, code, error)
        else:
            log.error("%s: a turn failed (%s)", part.character.name, code, exc_info=error)
        if work is None:
            ids = [one.id for one in batch.items]
            now = self._clock.now()
            await self._store.write(
                lambda unit: unit.inbox.close(ids, Outcome(InboundStatus.FAILED, code), now)
            )
            self._tally.ended(part.character.name, batch.address.platform, "failed")
            return
        work.batch.commit_to()
        wanted = work.lead.kind is Kind.MESSAGE and work.rule not in ("", "follow-up")
        apology = self._apology(work) if wanted else None
        await self._commit(work, InboundStatus.FAILED, code, say=apology, actions=())

    def _apology(self, work: Work) -> Reply | None:
        now = self._clock.monotonic()
        text = work.part.policy.apology
        if not text or now - work.spot.apologised_at < _APOLOGY_EVERY:
            return None
        work.spot.apologised_at = now
        return Reply(text, None if work.lead.is_direct else work.lead.message)

    def _bury(self, unit: Unit, dead: Sequence[tuple[Received, str]]) -> None:
        for received, reason in dead:
            outcome = Outcome(InboundStatus.DEAD, reason)
            unit.inbox.close([received.id], outcome, self._clock.now())

    def _deliveries(self, work: Work, say: Reply, *, private: bool) -> list[Delivery]:
        lead = work.lead
        return [
            Delivery(
                address=lead.address,
                kind=DeliveryKind.SEND,
                payload=payload,
                nonce=_nonce(work.batch.items[-1], ordinal),
                turn=turn_of(lead.id),
                ordinal=ordinal,
                direct=lead.is_direct,
                private=private,
            )
            for ordinal, payload in enumerate(work.part.platform.render(say))
        ]

    def _memory_of(self, part: Part, one: Inbound, spot: Spot, author: EntityId) -> Memory:
        quoted = one.reply_to.message if one.reply_to else None
        return Memory(
            id=memory_id(part.id, one.address, one.message or str(uuid4())),
            character=part.id,
            room=spot.room,
            author=author,
            content=Content(
                text=one.text,
                source=one.address.platform,
                in_reply_to=memory_id(part.id, one.address, quoted) if quoted else None,
                channel_type=one.place.channel.value,
            ),
            created_at=one.sent_at,
            world=spot.world,
            metadata={
                "type": "message",
                "source": one.address.platform,
                "sourceId": one.address.room,
                "messageId": one.message,
                "entityName": one.author.name,
            },
        )

    def _memory_of_reply(
        self, work: Work, say: Reply, thought: str, actions: tuple[str, ...]
    ) -> Memory:
        part, spot, lead = work.part, work.spot, work.lead
        turn = turn_of(lead.id)
        return Memory(
            id=memory_id(part.id, lead.address, f"{turn}:{work.batch.items[-1].event_key}"),
            character=part.id,
            room=spot.room,
            author=EntityId(part.id),
            content=Content(
                text=say.text,
                thought=thought,
                actions=actions,
                source=lead.address.platform,
                in_reply_to=work.heard[-1].id,
                channel_type=lead.place.channel.value,
            ),
            created_at=self._clock.now(),
            world=spot.world,
            metadata={
                "type": "message",
                "source": lead.address.platform,
                "sourceId": lead.address.room,
                "entityName": part.character.name,
                "turn": turn,
            },
        )


def _nonce(received: Received, ordinal: int) -> str:
    """The same for every attempt of one part; 25 characters, Discord's most."""
    text = f"{received.address.account} {received.event_key} {ordinal}"
    return b32encode(hashlib.sha256(text.encode()).digest()).decode()[:25]


def _code(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "turn-timeout"
        case ModelError():
            return "model-unavailable"
        case _:
            return f"bug-{type(error).__name__}"
