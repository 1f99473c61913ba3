"""One character at work on a store of its own, without a wire and without a model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from core.actions import BUILT_IN
from core.bell import Bell
from core.character import Character
from core.errors import ModelUnavailable
from core.files import Files
from core.flow.acting import Acting, Carried
from core.flow.cast import Part, policy_of
from core.flow.outbox import Outbox
from core.flow.pace import Pace, Rate
from core.flow.presence import Introduction, Presence, entity_id
from core.flow.ranks import Ranks
from core.flow.records import Records
from core.flow.running_turn import RunningTurn
from core.flow.tally import Tally
from core.flow.work import Work, memory_of
from core.flow.writing import Scribe
from core.ids import Account, RoomId, turn_of
from core.kept import Task
from core.memory.recent import Recent
from core.messages import (
    Address,
    Author,
    ChannelType,
    Delivery,
    Inbound,
    InboundStatus,
    Kind,
    Place,
    Rank,
    Received,
)
from core.plugins.records import Action, ActionResult, Repertoire
from core.ports import ModelRequest, Spent, Store, Unit
from core.prompting.reading import Answer
from core.settings.layers import Environment, Settings
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform

T = TypeVar("T")
ADA = Character.model_validate(
    {"name": "Ada", "bio": ["Ada counts."], "system": "See https://ada.example/rules for more."}
)
ONE = Account("telegram:1")
DM = Place(ChannelType.DM)
GROUP = Place(ChannelType.GROUP, "Owls", "-100", "Owls")


class Killed(BaseException):
    """The process is gone: nothing after this happens."""


class Wire(FakePlatform):
    """Knows who is an admin, and how often it was asked."""

    def __init__(self) -> None:
        super().__init__(ONE)
        self.ranks: dict[str, Rank | Exception] = {}
        self.asked: list[str] = []

    async def rank(self, address: Address, author: str) -> Rank:
        self.asked.append(author)
        found = self.ranks.get(author, Rank.MEMBER)
        if isinstance(found, Exception):
            raise found
        return found


@dataclass
class Batch:
    """core.ports.Batch of messages that are stored."""

    address: Address
    items: tuple[Received, ...]
    committed: bool = False
    is_stored: bool = True
    crowded: bool = False
    overtaken: bool = False
    taken_back: bool = False
    stopped: Bell = field(default_factory=Bell)

    @property
    def author(self) -> str:
        return self.items[0].author

    def is_gone(self, item: Received) -> bool:
        return self.taken_back

    def commit_to(self) -> None:
        self.committed = True

    async def stored(self) -> None:
        """They are."""


@dataclass
class Models:
    """core.ports.ModelRoles that say what they were told to."""

    says: list[str] = field(default_factory=list)
    makes: Any = None
    asked: list[ModelRequest] = field(default_factory=list)

    async def stream(
        self,
        settings: Settings,
        role: str,
        request: ModelRequest,
        spent: Spent | None = None,
        *,
        provider: str = "",
    ) -> AsyncGenerator[str, None]:
        self.asked.append(request)
        yield self.says.pop(0)

    def serves(self, settings: Settings, kind: str) -> bool:
        return self.makes is not None or settings.secret("OPENAI_API_KEY") is not None

    async def use(self, settings: Settings, kind: str, params: Any, **more: Any) -> Any:
        if self.makes is None:
            raise ModelUnavailable("nobody paints here")
        return self.makes


@dataclass
class Gear:
    repertoire: Repertoire
    things: dict[type[Any], Any] = field(default_factory=dict)
    runtime: Any = None

    def use(self, kind: type[Any]) -> Any:
        if kind not in self.things:
            raise LookupError(kind.__name__)
        return self.things[kind]


class Mortal:
    """A store in a process that dies before or after its n-th commit."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.commits = 0
        self.dies_before = self.dies_after = 0

    async def write(self, work: Callable[[Unit], T], early: Any = None) -> T:
        if self.commits + 1 == self.dies_before:
            raise Killed
        result = await self._store.write(work)
        self.commits += 1
        if self.commits == self.dies_after:
            raise Killed
        return result

    async def read(self, work: Callable[[Unit], T]) -> T:
        return await self._store.read(work)


class House:
    """One process; a second one over the same store is the next life of the same character."""

    def __init__(
        self,
        store: Store,
        *actions: Action,
        models: Models | None = None,
        files: Path = Path("nowhere"),
        **settings: str,
    ) -> None:
        self.real = store
        self.store = Mortal(store)
        self.clock = FakeClock()
        self.wire = Wire()
        self.models = models or Models()
        self.gear = Gear(Repertoire(actions=(*BUILT_IN, *actions)))
        self.told: list[tuple[str, str]] = []
        self.dies_when_told = ""
        self.choices: list[Mapping[str, Any]] = []
        self.chosen: list[Task] = []
        given = Settings(Environment.of(settings), "Ada")
        door, free = cast(Store, self.store), Rate(0, 1.0)
        pace = Pace(free, free, free, self.clock.monotonic)
        self.outbox = Outbox(ONE, door, self.clock, pace, self.wire.limits)
        self.part = Part(
            ADA.agent_id, ADA, given, cast(Any, self.wire), self.outbox, policy_of(ADA, given)
        )
        self.presence = Presence(door)
        self.recent = Recent(door)
        self.scribe = Scribe(door, self.recent, self.clock, Tally(), Records(), Files(files))
        self.ranks = Ranks(door, self.clock)
        self.acting = Acting(door, self.scribe, self.ranks, self.clock, self._tell)
        self.last: RunningTurn | None = None

    def _tell(self, turn: RunningTurn, event: str, payload: Mapping[str, Any]) -> None:
        self.told.append((event, payload["actionName"]))
        if event == self.dies_when_told:
            raise Killed

    # --- what happens ----------------------------------------------------------------------------

    async def hears(
        self,
        text: str = "please",
        *,
        number: int = 1,
        who: str = "7",
        name: str = "Robin",
        room: str = "42",
        place: Place = DM,
        bot: bool = False,
        earlier: Sequence[int] = (),
        kind: Kind = Kind.MESSAGE,
    ) -> RunningTurn:
        """A turn as it stands when the model has not been asked yet."""
        address = Address("telegram", ONE, room)
        inbound = tuple(
            Inbound(
                id=one,
                address=address,
                kind=kind,
                author=Author(who, name, is_bot=bot),
                place=place,
                message=f"m{one}",
                text=text,
                sent_at=self.clock.now(),
                is_direct=place is DM,
            )
            for one in (*earlier, number)
        )
        items = tuple(
            Received(address, f"key {one.id}", who, one.id, kind, b"{}", id=one.id)
            for one in inbound
        )
        await self.real.write(lambda unit: unit.inbox.add(items, self.clock.now()))
        spot = await self.presence.at(self.part.id, address, place.world)
        introduction = Introduction(spot, inbound[-1])
        author = entity_id(self.part.id, address, who)
        introduction.meet(author, inbound[-1].author, "telegram")
        limit = asyncio.timeout(None)
        await limit.__aenter__()  # it has no end, so nobody has to leave it
        work = Work(
            part=self.part,
            batch=cast(Any, Batch(address, items)),
            inbound=inbound,
            dead=(),
            spot=spot,
            introduction=introduction,
            heard=[memory_of(self.part, one, spot, author) for one in inbound],
            limit=limit,
            started=0.0,
        )
        self.last = RunningTurn(
            work,
            scribe=self.scribe,
            ranks=self.ranks,
            models=cast(Any, self.models),
            gear=self.gear,
            message=work.heard[-1],
            call=lambda work, kind: nullcontext(Spent()),
            choices=lambda character, room: self.choices,
            chosen=self.chosen.append,
        )
        return self.last

    async def met(self, name: str, who: str, *, room: str = "42", place: Place = GROUP) -> None:
        """Somebody has said something there before."""
        turn = await self.hears(
            "hi", number=900 + int(who), who=who, name=name, room=room, place=place
        )
        await self.ends(turn)

    async def answers(self, turn: RunningTurn, answer: Answer) -> Carried:
        """What a model has answered is done, and the turn ends."""
        offered = await self.acting.offered(turn, self.gear.repertoire.actions)
        plan = self.acting.plan(answer, offered)
        assert plan is not None, "it is talk"
        carried = await self.acting.carry_out(turn, plan)
        await self.ends(turn)
        return carried

    async def does(
        self, turn: RunningTurn, *names: str, text: str = "", **params: Mapping[str, Any]
    ) -> Carried:
        return await self.answers(turn, Answer(actions=names, params=params, text=text))

    async def comes_back(self, turn: RunningTurn) -> Carried | None:
        """The next life of the same turn."""
        await self.acting.load()
        carried = await self.acting.resume(turn)
        if carried is not None:
            await self.ends(turn)
        return carried

    async def ends(self, turn: RunningTurn) -> None:
        await self.scribe.write(turn.work, InboundStatus.ANSWERED, "test")

    # --- what can be seen ------------------------------------------------------------------------

    async def rows(self) -> list[Delivery]:
        return await self.real.read(lambda unit: unit.deliveries.open(ONE))

    async def said(self, room: str = "42") -> list[str]:
        return [row.payload.decode() for row in await self.rows() if row.address.room == room]

    async def remembered(self, room: str = "42", table: str = "messages") -> list[str]:
        found = await self.room(room)
        memories = await self.real.read(
            lambda unit: unit.memories.recent(self.part.id, found, 50, table=table)
        )
        return [memory.content.text for memory in memories]

    async def room(self, room: str = "42") -> RoomId:
        found = await self.real.read(
            lambda unit: unit.rooms.find(self.part.id, Address("telegram", ONE, room))
        )
        assert found is not None
        return found.id

    async def steps(self, number: int = 1) -> list[tuple[str, str]]:
        steps = await self.real.read(lambda unit: unit.steps.of(turn_of(number)))
        return [(step.action, step.status.value) for step in steps]

    async def is_open(self) -> bool:
        return bool(await self.real.read(lambda unit: unit.steps.open()))


def action(
    name: str,
    run: Callable[[Any, Any], Any] | None = None,
    *,
    arguments: type[BaseModel] | None = None,
    **more: Any,
) -> Action:
    """One that does what `run` does; a text that comes back is its result's."""

    async def called(turn: Any, given: Any) -> ActionResult:
        answer = await run(turn, given) if run is not None else None
        if isinstance(answer, ActionResult):
            return answer
        return ActionResult(text=answer or "")

    return replace(Action(name, f"Does {name}.", called, arguments=arguments), **more)
