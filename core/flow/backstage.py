"""What a character's runtime asks of the flow: a state, actions, a look back, words in any room.

Plugins are trusted: what a person may have them do is decided before an action of theirs begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from core.clock import Clock
from core.files import Files
from core.flow.acting import Acting, Carried
from core.flow.after import After
from core.flow.cast import Cast, Part
from core.flow.current import current_turn
from core.flow.packing import packed
from core.flow.plans import Plan, Planned, resolve
from core.flow.running_turn import RunningTurn
from core.flow.speaking import Spoken, Where, content_of, reply_of
from core.ids import CharacterId, EntityId, RoomId, TurnId, WorldId
from core.memory.recent import Recent, line_of
from core.messages import (
    Author,
    ChannelType,
    Delivery,
    Inbound,
    Kind,
    Memory,
    Place,
    Room,
    World,
)
from core.plugins.records import Evaluator
from core.ports import Store, Unit
from core.state import Scene, State, StateCache

_TALK = frozenset({"REPLY", "IGNORE", "NONE"})
_DIRECT = frozenset({ChannelType.DM, ChannelType.VOICE_DM})


class Backstage:
    """For one character; the turn that is running is found by itself."""

    def __init__(
        self,
        character: CharacterId,
        cast: Cast,
        store: Store,
        recent: Recent,
        acting: Acting,
        after: After,
        cache: StateCache,
        clock: Clock,
        files: Files,
    ) -> None:
        self._character = character
        self._cast = cast
        self._store = store
        self._recent = recent
        self._acting = acting
        self._after = after
        self._cache = cache
        self._clock = clock
        self._files = files

    async def compose(
        self, message: Memory, include: Sequence[str], only: bool, skip_cache: bool
    ) -> State:
        """elizaOS' composeState, in a turn and outside of one."""
        turn = self._turn()
        scene = turn.scene if turn is not None and turn.message.id == message.id else None
        if scene is None:
            scene = await self._scene(message)
        providers = scene.repertoire.providers if scene.repertoire else ()
        if not only:  # one of elizaOS' defaults; here the prompt shows talk as messages
            include = (*include, "RECENT_MESSAGES")
        return await self._cache.compose(
            message.id, scene, providers, include, only=only, skip_cache=skip_cache
        )

    async def act(
        self, message: Memory, responses: Sequence[Memory], state: Any, callback: Any
    ) -> Carried:
        """elizaOS' processActions: what the responses name, within the turn that is running.

        Raises LookupError outside of a turn: what is done is written down under one.
        """
        turn = self._turn()
        if turn is None:
            raise LookupError("actions are done within a turn; a task can begin one with a cue")
        actions = turn.gear.repertoire.actions
        steps = [
            Planned(action.name if action else name, action, _params(one, name))
            for one in responses
            for name in one.content.actions
            if (action := resolve(name, actions)) is None or action.name not in _TALK
        ]
        if not steps:
            return Carried((), False, 0)
        return await self._acting.carry_out(turn, Plan(tuple(steps)))

    async def evaluate(
        self,
        message: Memory,
        state: Any,
        answered: bool,
        callback: Any,
        responses: Sequence[Memory],
    ) -> list[Evaluator]:
        turn = self._turn()
        if turn is None:
            raise LookupError("evaluators look back at a turn, and none is running")
        gear = turn.work.part.gear
        return await self._after.evaluate(
            turn, gear.repertoire.evaluators, answered=answered, events=gear.events
        )

    async def deliver(self, room: RoomId, content: Mapping[str, Any]) -> Memory:
        """Say something in a room of this character; in the running turn's own, as a part of it.

        Raises LookupError for a room that it is not in.
        """
        turn = self._turn()
        if turn is not None and turn.work.spot.room == room:
            return await turn.say(content)
        found, part = await self._room(room)
        now = self._clock.now()
        told = content_of(
            content, source=found.address.platform, channel=found.channel.value, in_reply_to=None
        )
        number = uuid4().hex
        private = not part.policy.remembers
        parcel = await packed(self._files, told, key=number, private=private)
        spoken = Spoken(
            where=Where(found.address, found.id, found.world, found.channel in _DIRECT),
            say=reply_of(content, parcel.text, files=parcel.files),
            content=parcel.content,
            key=number,
            turn=TurnId(f"x{number}"),
            private=private,
        )
        memory, rows = spoken.memory(part, now), spoken.rows(part, number)

        def write(unit: Unit) -> list[Delivery]:
            if part.policy.remembers:
                unit.memories.add([memory])
            return unit.deliveries.add(rows, now)

        part.outbox.accept(await self._store.write(write))
        if part.policy.remembers and told.text:
            self._recent.add(part.id, room, [line_of(memory)], part.policy.history)
        return memory

    # --- where and who -------------------------------------------------------------------------

    def _turn(self) -> RunningTurn | None:
        turn = current_turn()
        return turn if turn is not None and turn.work.part.id == self._character else None

    async def _room(self, room: RoomId) -> tuple[Room, Part]:
        rooms = await self._store.read(lambda unit: unit.rooms.get(self._character, [room]))
        part = self._cast.on(rooms[0].address.account) if rooms else None
        if part is None or part.id != self._character:
            raise LookupError("the character is not in that room now")
        return rooms[0], part

    async def _scene(self, message: Memory) -> Scene:
        """As a turn would find it that answered this message now."""
        room, part = await self._room(message.room)

        def look(unit: Unit) -> tuple[World | None, list[str]]:
            people = unit.people.known(self._character, [message.author])
            world = unit.rooms.world(self._character, WorldId(room.world))
            return world, [name for one in people for name in one.names]

        world, names = await self._store.read(look)
        lines = await self._recent.lines(part.id, room.id, part.policy.history)
        place = Place(room.channel, room.name, "", world.name if world else "")
        inbound = Inbound(
            id=0,
            address=room.address,
            kind=Kind.MESSAGE,
            author=Author("", names[0] if names else ""),
            place=place,
            message="",
            text=message.content.text,
            sent_at=message.created_at,
            is_direct=room.channel in _DIRECT,
        )
        return Scene(
            character=part.character,
            settings=part.settings,
            inbound=(inbound,),
            history=tuple(lines),
            place=place,
            now=self._clock.now(),
            handle=part.platform.handle,
            repertoire=part.gear.repertoire,
            capabilities=part.gear.capabilities,
            room=room.id,
            person=EntityId(message.author),
            world=world,
            read=self._store.read,
        )


def _params(response: Memory, name: str) -> Mapping[str, Any]:
    given = response.content.extra.get("params")
    found = given.get(name) if isinstance(given, Mapping) else None
    return found if isinstance(found, Mapping) else {}
