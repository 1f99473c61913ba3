"""How far the built-in actions reach from a turn, and what policy keeps out of their reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from core.actions import Desk, Refused
from core.flow.cast import Part
from core.flow.policy import decent, may_write_to
from core.flow.presence import FOLLOWED, MUTED
from core.flow.ranks import Ranks
from core.flow.speaking import ASIDE, Spoken, Where
from core.flow.writing import Scribe
from core.ids import Account, CharacterId, EntityId, RoomId
from core.kept import Task
from core.knowledge.documents import Document
from core.knowledge.ingest import Librarian
from core.knowledge.learning import TooMany
from core.messages import Attachment, ChannelType, Content, Entity, Memory, Rank, Reply, Room, World
from core.messages.hanging import attached_from
from core.plugins.records import Worker
from core.ports import ModelType, Unit
from core.state import Recollection

if TYPE_CHECKING:  # a turn holds its reach
    from core.flow.running_turn import RunningTurn

T = TypeVar("T")

_DIRECT = frozenset({ChannelType.DM, ChannelType.VOICE_DM})


def nothing_to_choose(character: CharacterId, room: RoomId) -> Sequence[Mapping[str, Any]]:
    return ()


def nobody_chose(task: Task) -> None:
    """Choices are not kept in memory here."""


class Reach:
    def __init__(
        self,
        turn: RunningTurn,
        scribe: Scribe,
        ranks: Ranks,
        parts: Callable[[Account], Part | None] | None,
        choices: Callable[[CharacterId, RoomId], Sequence[Mapping[str, Any]]],
        chosen: Callable[[Task], object],
        librarian: Librarian | None = None,
    ) -> None:
        self._turn = turn
        self._scribe = scribe
        self._ranks = ranks
        self._parts = parts
        self._choices = choices
        self._chosen = chosen
        self._librarian = librarian

    @cached_property
    def desk(self) -> Desk:
        work = self._turn.work
        part, spot, lead = work.part, work.spot, work.lead
        return Desk(
            character=part.id,
            room=spot.room,
            world=spot.world,
            asker=work.person,
            operator=self._ranks.is_operator(part, lead.address, lead.author.id),
            read=self._scribe.store.read,
            write=self._write,
            state=self._state,
            set_state=self._set_state,
            place=self._place,
            change_place=self._change_place,
            rank=self._turn.learn_rank,
            rank_of=self._rank_of,
            post=self._post,
            make=self._turn.make,
            can_make=self._can_make,
            choices=lambda: self._choices(part.id, spot.room),
            chosen=self._drop,
            worker=self._worker,
            learns=self._librarian is not None and not work.private,
            attached=self._attached,
            fetch=part.platform.fetch,
            learn=self._learn,
            knows=self._knows,
            look_up=self._look_up,
            speaks=work.may_note,
        )

    async def _write(self, work: Callable[[Unit], T]) -> T:
        return await self._scribe.store.write(work)

    def _state(self) -> str:
        spot = self._turn.work.spot
        return MUTED if spot.muted else FOLLOWED if spot.followed else ""

    async def _set_state(self, state: str) -> None:
        work = self._turn.work
        part, spot = work.part, work.spot
        await self._write(
            lambda unit: unit.people.set_state(part.id, spot.room, EntityId(part.id), state)
        )
        spot.muted, spot.followed = state == MUTED, state == FOLLOWED

    async def _place(self) -> World | None:
        work = self._turn.work
        if work.spot.new:
            return None
        return await self._ranks.world(work.part, work.spot.world)

    async def _change_place(self, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        work = self._turn.work
        part, spot = work.part, work.spot

        def write(unit: Unit) -> None:
            world = unit.rooms.world(part.id, spot.world)
            if world is not None:
                unit.rooms.put_world(replace(world, metadata=change(world.metadata)))

        await self._write(write)
        self._ranks.forget(spot.world)

    async def _rank_of(self, entity: Entity) -> Rank:
        work = self._turn.work
        address = work.lead.address
        about = entity.metadata.get(address.platform)
        author = str(about.get("id", "")) if isinstance(about, Mapping) else ""
        if not author or entity.metadata.get("isBot"):
            return Rank.STRANGER
        return await self._ranks.of_person(work.part, address, author, work.spot.world)

    def _can_make(self, kind: ModelType) -> bool:
        return self._turn.serves(kind)

    def _drop(self, task: Task) -> None:
        """With the deed's own row, so that neither is there without the other."""
        self._turn.work.later.append(lambda unit: unit.tasks.drop(task.character, task.id))
        self._chosen(task)

    def _worker(self, name: str) -> Worker | None:
        workers = self._turn.gear.repertoire.workers
        return next((worker for worker in workers if worker.name == name), None)

    async def _attached(self) -> Sequence[Attachment]:
        work = self._turn.work
        found = [one for inbound in work.inbound for one in inbound.attachments]
        answered = work.message.content.in_reply_to
        if answered is not None:
            kept = await self._scribe.store.read(
                lambda unit: unit.memories.get(work.part.id, [answered])
            )
            found += [
                attached_from(one)
                for memory in kept
                if memory.room == work.spot.room
                for one in memory.content.attachments
            ]
        return list({one.ref: one for one in found if one.ref}.values())

    async def _learn(self, content: bytes | str, name: str) -> tuple[Document, bool]:
        work = self._turn.work
        if self._librarian is None or work.private:
            raise Refused("Nothing is kept here, so no document is.")
        try:
            return await self._librarian.sent(
                work.part.id,
                work.spot.room,
                work.spot.world,
                work.person,
                work.lead.address.platform,
                content,
                name,
                work.part.settings,
            )
        except TooMany as error:
            raise Refused(str(error)) from None

    def _knows(self) -> bool:
        return self._librarian is not None and self._librarian.knows(self._turn.work.part.id)

    async def _look_up(self, question: str) -> Sequence[Recollection]:
        scene = self._turn.scene
        if scene is None or scene.remember is None:
            return ()
        return (await scene.remember(scene, deep=True, query=question)).knowledge

    async def _post(self, room: Room, text: str) -> Memory:
        turn, work = self._turn, self._turn.work
        part = self._part_for(room)
        rank = await turn.learn_rank()
        asker = work.person
        here = await self._scribe.store.read(
            lambda unit: room.id in unit.people.rooms_of(room.character, [asker])
        )
        refused = may_write_to(
            room,
            character=work.part.id,
            direct=room.channel in _DIRECT,
            takes_part=here,
            same_world=room.world == work.spot.world and not work.lead.is_direct,
            rank=rank,
            operator=self.desk.operator,
        )
        if refused or part is None:
            raise Refused(refused or "You cannot reach that room from here.")
        work.batch.commit_to()
        number = turn.number_elsewhere()
        text = decent(text, work.known)
        spoken = Spoken(
            where=Where(room.address, room.id, room.world, room.channel in _DIRECT),
            say=Reply(text),
            content=Content(
                text=text,
                actions=("SEND_MESSAGE",),
                source=room.address.platform,
                channel_type=room.channel.value,
            ),
            key=f"{turn.id}:{turn.step}.{number}",
            turn=turn.id,
            step=turn.step or ASIDE,
            number=number,
            private=work.private,
        )
        return await self._scribe.say(work, spoken, part)

    def _part_for(self, room: Room) -> Part | None:
        ours = self._turn.work.part
        if room.address.account == ours.platform.account:
            return ours
        found = self._parts(room.address.account) if self._parts else None
        return found if found is not None and found.id == ours.id else None
