"""What model calls cost: counted for /metrics, written down with their turn, told to listeners."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from core.clock import Clock
from core.errors import ModelError
from core.events import Events, EventType
from core.flow.after import After
from core.flow.current import current_turn
from core.flow.tally import Tally
from core.ids import CharacterId, EntityId, RoomId, TurnId, turn_of
from core.kept import Spending
from core.ports import (
    ModelHandler,
    ModelRequest,
    ModelRole,
    ModelRoles,
    ModelType,
    Spent,
    Store,
    Unit,
    Usage,
)
from core.settings.context import current
from core.settings.layers import Settings

if TYPE_CHECKING:  # a turn's work carries what its calls have cost
    from core.flow.work import Work


_VOICES = (ModelType.TEXT_TO_SPEECH, ModelType.TRANSCRIPTION)


@dataclass(frozen=True, slots=True)
class _Payer:
    """For whom a call is made."""

    character: CharacterId
    name: str
    events: Events
    turn: TurnId | None = None
    room: RoomId | None = None
    entity: EntityId | None = None


@dataclass(slots=True)
class _Call:
    """A class, because two generators around each call would cost more than all the counting."""

    till: Till
    payer: _Payer
    kind: str
    keep: Callable[[Spending], None]
    spent: Spent
    began: float = 0.0
    own: bool = False
    """By a key that a person has brought: how it fares is not the character's."""

    def __enter__(self) -> Spent:
        self.began = self.till.moment
        request = current()
        wishes = request.entity_settings if request is not None else {}
        self.own = any(name.endswith("_API_KEY") for name in wishes)
        return self.spent

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.till.ended(self, error)


class Till:
    """Every call of a model goes by here, also one that breaks off."""

    def __init__(
        self, models: ModelRoles, store: Store, tally: Tally, after: After, clock: Clock
    ) -> None:
        self._models = models
        self._store = store
        self._tally = tally
        self._after = after
        self._clock = clock
        self._owed: list[Spending] = []

    def call(self, work: Work, kind: str) -> AbstractContextManager[Spent]:
        """One call of a turn; what it costs goes into the turn's next commit."""
        return _Call(self, _payer(work), kind, work.meter.spendings.append, Spent())

    def aside(
        self,
        character: CharacterId,
        name: str,
        events: Events,
        kind: str,
        spent: Spent | None = None,
    ) -> AbstractContextManager[Spent]:
        """One call by a plugin's own hand: of the turn to which it belongs, or of none."""
        turn = current_turn()
        work = turn.work if turn is not None and turn.work.part.id == character else None
        if work is not None:
            payer = _payer(work)
        elif (request := current()) is not None and request.agent_id == character:
            behind = TurnId(request.trace_id) if request.trace_id else None
            payer = _Payer(character, name, events, behind, None, EntityId(request.entity_id))
        else:
            payer = _Payer(character, name, events)

        def keep(one: Spending) -> None:
            # What is asked behind the end of a turn goes into no commit of it any more.
            if work is None or work.over:
                self._owed.append(one)
            else:
                work.meter.spendings.append(one)

        return _Call(self, payer, kind, keep, spent or Spent())

    async def settle(self) -> None:
        """Write down what was spent outside of turns."""
        if not self._owed:
            return
        owed, self._owed[:] = tuple(self._owed), []
        now = self._clock.now()

        def write(unit: Unit) -> None:
            unit.spendings.add(owed, now)

        try:
            await self._store.write(write)
        except BaseException:
            self._owed += owed
            raise

    def ended(self, call: _Call, error: BaseException | None) -> None:
        """Count a call that has come to its end, whole or broken off."""
        usage = call.spent.usage
        if usage.model:  # what was broken off is paid for only where we are told
            call.keep(self._count(call.payer, call.kind, usage))
        if error is None:
            self._voiced(call)
            self._tell(call, EventType.MODEL_USED)
        elif isinstance(error, ModelError):
            self._voiced(call, str(error))
            self._tell(call, EventType.MODEL_FAILED, str(error))

    def _voiced(self, call: _Call, why: str = "") -> None:
        """A voice that fails costs nobody an answer, so that only here it is noticed."""
        if call.kind in _VOICES and not call.own:
            self._tally.voiced(call.payer.name, str(call.kind), why)

    def _count(self, payer: _Payer, kind: str, usage: Usage) -> Spending:
        cost = self._models.price(usage)
        self._tally.asked(payer.name, usage, cost)
        return Spending(
            character=payer.character,
            model=_full_name(usage),
            kind=str(kind),
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            cached_tokens=usage.cached_tokens,
            units=usage.units,
            cost=cost,
            turn=payer.turn,
            room=payer.room,
            entity=payer.entity,
            at=self._clock.now(),
        )

    def _tell(self, call: _Call, event: EventType, error: str = "") -> None:
        """Never the prompt, never the answer (R-180)."""
        events, usage = call.payer.events, call.spent.usage
        if not events.wanted(event):
            return
        payload = {
            "type": str(call.kind),
            "provider": usage.provider,
            "model": usage.model,
            "tokens": {
                "prompt": usage.prompt_tokens,
                "completion": usage.completion_tokens,
                "total": usage.prompt_tokens + usage.completion_tokens,
            },
            "duration": self._clock.monotonic() - call.began,
            **({"error": error} if error else {}),
        }
        self._after.tell(events, event, payload)

    @property
    def moment(self) -> float:
        return self._clock.monotonic()


class Billed:
    """core.ports.ModelRoles as a character's runtime has them: each call goes by the till."""

    def __init__(
        self, models: ModelRoles, till: Till, character: CharacterId, name: str, events: Events
    ) -> None:
        self._models = models
        self._till = till
        self._character = character
        self._name = name
        self._events = events

    async def stream(
        self,
        settings: Settings,
        role: ModelRole,
        request: ModelRequest,
        spent: Spent | None = None,
        *,
        provider: str = "",
    ) -> AsyncGenerator[str, None]:
        try:
            with self._aside(role, spent) as own:
                pieces = self._models.stream(settings, role, request, own, provider=provider)
                async with aclosing(pieces):
                    async for piece in pieces:
                        yield piece
        except ModelError:
            await self._till.settle()
            raise
        await self._till.settle()

    async def use(
        self,
        settings: Settings,
        kind: ModelType,
        params: Any,
        *,
        provider: str = "",
        spent: Spent | None = None,
    ) -> Any:
        try:
            with self._aside(kind, spent) as own:
                result = await self._models.use(
                    settings, kind, params, provider=provider, spent=own
                )
        except ModelError:
            await self._till.settle()
            raise
        await self._till.settle()
        return result

    def _aside(self, kind: str, spent: Spent | None) -> AbstractContextManager[Spent]:
        return self._till.aside(self._character, self._name, self._events, kind, spent)

    def register(
        self,
        character: CharacterId,
        kind: ModelType,
        handler: ModelHandler,
        *,
        provider: str,
        priority: int = 0,
        runtime: Any = None,
    ) -> None:
        self._models.register(
            character, kind, handler, provider=provider, priority=priority, runtime=runtime
        )

    def unregister(self, character: CharacterId) -> None:
        self._models.unregister(character)

    def serves(self, settings: Settings, kind: ModelType) -> bool:
        return self._models.serves(settings, kind)

    def writes(self, settings: Settings, role: ModelRole) -> str:
        return self._models.writes(settings, role)

    def embeds(self, settings: Settings) -> str:
        return self._models.embeds(settings)

    def price(self, usage: Usage) -> float | None:
        return self._models.price(usage)


def _payer(work: Work) -> _Payer:
    part = work.part
    return _Payer(
        part.id,
        part.character.name,
        part.gear.events,
        turn_of(work.lead.id),
        work.spot.room,
        work.person,
    )


def _full_name(usage: Usage) -> str:
    """As "openai:gpt-5-mini"."""
    return ":".join(dict.fromkeys(filter(None, (usage.provider, usage.model))))
