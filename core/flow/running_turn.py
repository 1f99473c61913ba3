"""One turn as actions, providers and evaluators see it: core.plugins.records.Turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing
from dataclasses import replace
from typing import Any, Protocol, TypeVar, cast

from core.actions import Desk
from core.character import Character
from core.flow.cast import Part
from core.flow.packing import packed
from core.flow.policy import decent
from core.flow.ranks import Ranks
from core.flow.reach import Reach, nobody_chose, nothing_to_choose
from core.flow.speaking import ASIDE, Spoken, content_of, reply_of, shows_anything
from core.flow.work import Work
from core.flow.writing import Scribe
from core.ids import Account, CharacterId, RoomId, TurnId, turn_of
from core.kept import Task
from core.knowledge.ingest import Librarian
from core.messages import Attachment, Button, Inbound, Memory, Rank
from core.plugins.calls import Calls
from core.plugins.records import Deed, Repertoire
from core.ports import ModelRequest, ModelRole, ModelRoles, ModelType, Said, Spent
from core.settings.layers import Settings
from core.state import Scene, State

R = TypeVar("R")

_MOST_DEEDS = 50
"""elizaOS' working memory (R-62)."""
_LONGEST_ANSWER = 256 * 1024
_NAMES = {
    "max_tokens": "max_tokens",
    "maxTokens": "max_tokens",
    "temperature": "temperature",
    "stop": "stop",
    "stopSequences": "stop",
    "stop_sequences": "stop",
    "top_p": "top_p",
    "topP": "top_p",
    "frequency_penalty": "frequency_penalty",
    "frequencyPenalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "presencePenalty": "presence_penalty",
    "system": "system",
}

Call = Callable[[Work, str], AbstractContextManager[Spent]]
"""One call of a role or kind, to be counted."""


class Gear(Protocol):
    """What a character's plugins have brought."""

    @property
    def repertoire(self) -> Repertoire: ...
    @property
    def runtime(self) -> Any:
        """Its AgentRuntime, made for whoever asks for it first."""
        ...

    def use(self, kind: type[Any]) -> Any: ...


class RunningTurn:
    """Lives as long as its turn, and until its evaluators are done."""

    def __init__(
        self,
        work: Work,
        *,
        scribe: Scribe,
        ranks: Ranks,
        models: ModelRoles,
        gear: Gear,
        message: Memory,
        call: Call,
        parts: Callable[[Account], Part | None] | None = None,
        choices: Callable[[CharacterId, RoomId], Sequence[Mapping[str, Any]]] = nothing_to_choose,
        chosen: Callable[[Task], object] = nobody_chose,
        librarian: Librarian | None = None,
        calls: Callable[[Work], Calls | None] = lambda work: None,
    ) -> None:
        """`parts` finds the character's other accounts, for an operator who sends her there."""
        self.work = work
        self.gear = gear
        self.id: TurnId = turn_of(work.lead.id)
        """Another turn's where an earlier process has begun to act in it."""
        self.state = State()
        self.scene: Scene | None = None
        """As the model was shown it; None before."""
        self.step = 0
        """The action that runs now; 0 before the first."""
        self.offered: frozenset[str] = frozenset()
        """Actions that were found to make sense here and now."""
        self._scribe = scribe
        self._ranks = ranks
        self._models = models
        self._message = message
        self._call = call
        self._reach = Reach(self, scribe, ranks, parts, choices, chosen, librarian)
        self._calls = calls
        self._rank: Rank | None = None
        self._deeds: list[Deed] = []
        self._responses: list[Memory] = []
        self._spoken: dict[int, int] = {}

    # --- core.plugins.records.Turn ---------------------------------------------------------------

    @property
    def character(self) -> Character:
        return self.work.part.character

    @property
    def settings(self) -> Settings:
        return self.work.part.settings

    @property
    def inbound(self) -> Inbound:
        return self.work.lead

    @property
    def message(self) -> Memory:
        return self._message

    @property
    def rank(self) -> Rank:
        if self._rank is not None:
            return self._rank
        return self._ranks.known(self.work.part, self.work.lead, self.work.spot)

    @property
    def deeds(self) -> Sequence[Deed]:
        return tuple(self._deeds)

    @property
    def responses(self) -> Sequence[Memory]:
        return tuple(self._responses)

    @property
    def runtime(self) -> Any:
        return self.gear.runtime

    async def say(
        self,
        content: str | Mapping[str, Any],
        *,
        buttons: Sequence[Button] = (),
        attachments: Sequence[Attachment] = (),
    ) -> Memory:
        work, lead = self.work, self.work.lead
        work.batch.commit_to()
        told = content_of(
            content,
            source=lead.address.platform,
            channel=lead.place.channel.value,
            in_reply_to=self._message.id,
        )
        told = replace(told, text=decent(told.text, work.known))
        number = self._next_number()
        key = f"{self.id}:{self.step}.{number}"
        parcel = await packed(self._scribe.files, told, attachments, key=key, private=work.private)
        first = not (self._responses or lead.is_direct)
        say = reply_of(
            content,
            parcel.text,
            reply_to=(lead.message or None) if first else None,
            files=parcel.files,
            buttons=buttons,
            via=lead.via,
        )
        spoken = Spoken(
            where=work.here,
            say=replace(say, only_for=lead.author.id) if work.aside else say,
            content=parcel.content,
            key=key,
            turn=self.id,
            step=self.step or ASIDE,
            number=number,
            private=work.private,
        )
        if not shows_anything(spoken.say):
            return spoken.memory(work.part, self._scribe.now)  # nothing that anybody could see
        memory = await self._scribe.say(work, spoken)
        self._responses.append(memory)
        return memory

    async def ask(self, question: str, *, role: ModelRole = "TEXT_SMALL", **params: Any) -> str:
        given = {_NAMES[name]: value for name, value in params.items() if name in _NAMES}
        if stop := given.get("stop"):
            given["stop"] = (stop,) if isinstance(stop, str) else tuple(stop)
        system = str(given.pop("system", "") or "")
        request = ModelRequest(system, (Said("user", question),), **given)
        self.work.meter.call()
        answer = ""
        with self._call(self.work, role) as spent:
            pieces = self._models.stream(
                self.settings, role, request, spent, provider=str(params.get("provider", ""))
            )
            async with aclosing(pieces):
                async for piece in pieces:
                    answer += piece
                    if len(answer) > _LONGEST_ANSWER:
                        break
        self._scribe.asked(self.work, request, answer)
        return answer

    def use(self, kind: type[R]) -> R:
        if kind is Desk:
            return cast(R, self._reach.desk)
        if kind is Calls:
            if (calls := self._calls(self.work)) is None:
                raise LookupError("there are no voice channels here")
            return cast(R, calls)
        return cast(R, self.gear.use(kind))

    # --- for the flow ----------------------------------------------------------------------------

    @property
    def settled_rank(self) -> Rank | None:
        """None as long as the platform has to be asked."""
        if self._rank is not None:
            return self._rank
        return self._ranks.settled(self.work.part, self.work.lead, self.work.spot)

    async def learn_rank(self) -> Rank:
        """Who asks; looked up at most once a turn."""
        if self._rank is None:
            work = self.work
            self._rank = await self._ranks.of(work.part, work.lead, work.spot)
        return self._rank

    def perceived(self) -> None:
        """What hangs on the messages is known now."""
        self._message = self.work.message

    def did(self, deed: Deed) -> None:
        """Later actions and templates see what came of it."""
        self._deeds = [*self._deeds, deed][-_MOST_DEEDS:]
        memory = [
            {"actionName": one.action, "result": one.result.text or one.result.error}
            for one in self._deeds
        ]
        values = {**self.state.values, **deed.result.values, "workingMemory": memory}
        self.state = replace(self.state, values=values)
        self.work.known.learn(deed.result.text)

    def said(self, memory: Memory) -> None:
        """The turn itself has spoken."""
        self._responses.append(memory)

    def serves(self, kind: ModelType) -> bool:
        return self._models.serves(self.settings, kind)

    async def make(self, kind: ModelType, params: Mapping[str, Any]) -> Any:
        """One call of a model that does not write. Raises ModelError."""
        self.work.meter.call()
        with self._call(self.work, kind) as spent:
            return await self._models.use(self.settings, kind, params, spent=spent)

    async def settle(self) -> None:
        """Write down what came behind the turn's own end: what evaluators have cost."""
        if self.work.later or self.work.meter.spendings:
            await self._scribe.note(self.work)

    def _next_number(self) -> int:
        number = self._spoken.get(self.step, 0)
        self._spoken[self.step] = number + 1
        return number

    def number_elsewhere(self) -> int:
        """Of the next thing said in another room by the action that runs."""
        return self._next_number()
