"""One running turn: what came in, where, and what has become of it so far."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from core.flow.aloud import Aloud
from core.flow.cast import Part
from core.flow.growing import Growing
from core.flow.policy import Known
from core.flow.presence import Introduction, Spot, entity_id, memory_id
from core.flow.speaking import Where
from core.flow.thinking import Meter
from core.ids import EntityId, TurnId
from core.kept import Step
from core.messages import Content, Inbound, Kind, Memory, Received
from core.messages.hanging import FORWARDED, kept, words_of
from core.ports import Batch, Unit
from core.state import Line
from core.state.house import NONE, HouseRules

_EVER = datetime.min.replace(tzinfo=UTC)

Also = Callable[[Unit], object]
"""What goes into the same commit; runs on the store's own thread, and maybe twice."""


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
    limit: asyncio.Timeout
    started: float
    rule: str = ""
    growing: Growing | None = None
    """The answer is on show while it is made."""
    aloud: Aloud | None = None
    """What it says is spoken where it was spoken to, and not written."""
    began: datetime = _EVER
    meter: Meter = field(default_factory=Meter)
    history: Sequence[Line] = ()
    """What was said before, as the model was shown it."""
    step: int = 0
    """Under which the next answer is written down; behind the actions that were done before it."""
    over: bool = False
    """Nobody looks at its meter any more."""
    told: bool = False
    """What came in is written down already, together with what was said in mid-turn."""
    later: list[Also] = field(default_factory=list)
    """What is to go into the next commit, whichever it is."""
    steps: dict[tuple[TurnId, int], Step] = field(default_factory=dict)
    """What was set out to do, and how far it came."""
    recalled: tuple[Mapping[str, Any], ...] = ()
    """What came to mind, and why: kept with the answer, without anybody's words."""
    providers: tuple[str, ...] = ()
    """Who has told the model something, by name."""
    rules: HouseRules = NONE
    """What the admins of this server or group have set."""
    aside: bool = False
    """What is said is a matter of its author alone, and nobody else sees it."""
    turned_away: bool = False
    """Its author may not talk here: nothing of it is kept but that it came."""
    cue: Memory | None = None
    """Of a cue, which nobody has said, and of what is still being typed: it is not remembered."""
    before: Sequence[Line] | None = None
    """What was said before, where it is not simply what was said last."""
    led: Sequence[Line] = ()
    """What was said in the channel before it came into this thread of hers."""
    mends: bool = False
    """An answer that stands is thought over: nothing is done, and nothing shown before it is whole."""
    note: bool = False
    """It is answered with a voice message, where the answer is fit for one."""
    may_note: bool = False
    """So it is where she chooses to."""
    unsaid: frozenset[int] = frozenset()
    """Rows of what was taken back before it could be answered."""
    _known: Known | None = None

    @property
    def message(self) -> Memory:
        """What leads, as elizaOS knows it."""
        if self.heard:
            return self.heard[-1]
        assert self.cue is not None
        return self.cue

    @property
    def may_wait(self) -> bool:
        """Nothing of an answer is on show, heard or written down, so that it may begin anew later."""
        if self.aloud is not None and self.aloud.begun:
            return False
        return self.lead.kind is Kind.MESSAGE and self.growing is None and not self.told

    @property
    def lead(self) -> Inbound:
        return self.inbound[-1]

    @property
    def earlier(self) -> list[int]:
        """The other rows that end with the leading one: what was said before, and its pieces."""
        ended = {received.id for received, _ in self.dead} | self.unsaid
        ids = (one.id for one in self.batch.items)
        return [id for id in ids if id != self.lead.id and id not in ended]

    @property
    def person(self) -> EntityId:
        """Whom it serves."""
        return entity_id(self.part.id, self.lead.address, self.lead.author.id)

    @property
    def here(self) -> Where:
        spot, lead = self.spot, self.lead
        return Where(lead.address, spot.room, spot.world, lead.is_direct)

    @property
    def world_is_new(self) -> bool:
        """A group that is met for the first time; a new room of a server is in a world we know."""
        lead = self.lead
        if lead.kind is Kind.MEMBER:  # it may come from a server, which is no room
            return False
        alone = lead.place.world in ("", lead.address.room) and not lead.address.thread
        return self.spot.new and alone

    @property
    def known(self) -> Known:
        """What of addresses may be passed on in this talk."""
        if self._known is None:
            said = [words_of(one) for one in self.inbound]
            said += [one.reply_to.text for one in self.inbound if one.reply_to]
            said += [line.text for line in self.history if not line.ours]
            self._known = Known(said, _written_by_author(self.part))
        return self._known

    @property
    def draft(self) -> int:
        """The number of what is shown meanwhile; platforms take 31 bits."""
        return self.lead.id % 0x7FFF_FFFF + 1

    @property
    def private(self) -> bool:
        """Nothing of this may be kept (MH-06, MH-08)."""
        policy = self.part.policy
        return (
            self.turned_away
            or self.lead.fleeting
            or not policy.remembers
            or bool(policy.sources and self.batch.address.room not in policy.sources)
        )

    def anew(self, edit: Inbound, heard: Memory, before: Sequence[Line], *, mends: bool) -> None:
        """What was edited is thought over as a message, as if it had been said so at once."""
        self.inbound = (replace(edit, kind=Kind.MESSAGE, sent_at=heard.created_at),)
        # Of an answer that is mended both sides are remembered already.
        self.heard, self.cue = ([], heard) if mends else ([heard], None)
        self.before, self.mends, self._known = before, mends, None

    def end(self) -> None:
        """However it ended: nobody says or counts anything in it any more."""
        self.over = True
        if self.aloud is not None:
            self.aloud.close()

    async def clear(self) -> None:
        """Where it is spoken, whoever asks may be going on: what they say next counts as well."""
        if self.aloud is not None:
            await self.aloud.clear()

    def decided(self) -> None:
        """Raises Superseded when more was said meanwhile; from here the turn will be written down.

        However long the database takes for that: what is half written must not be called failed.
        """
        self.batch.commit_to()
        self.limit.reschedule(None)


def memory_of(part: Part, one: Inbound, spot: Spot, author: EntityId) -> Memory:
    quoted, room = one.reply_to.message if one.reply_to else None, one.address.room
    return Memory(
        id=memory_id(part.id, one.address, _words_of(one)),
        character=part.id,
        room=spot.room,
        author=author,
        content=Content(
            text=one.text,
            source=one.address.platform,
            in_reply_to=memory_id(part.id, one.address, quoted) if quoted else None,
            channel_type=one.place.channel.value,
            attachments=tuple(map(kept, one.attachments)),
            extra=_told_beside(one),
        ),
        created_at=max(one.sent_at, spot.since),
        world=spot.world,
        metadata={
            "type": "message",
            "source": one.address.platform,
            "sourceId": room,
            **({"serverId": server} if (server := one.place.world) not in ("", room) else {}),
            "messageId": one.message,
            "fromId": one.author.id,
            "entityName": one.author.name,
            **({"entityUserName": one.author.username} if one.author.username else {}),
            **({"threadId": one.address.thread} if one.address.thread else {}),
            **({"spoken": True} if one.spoken else {}),
        },
    )


def _told_beside(one: Inbound) -> dict[str, Any]:
    """What elizaOS' content has no place for."""
    beside: dict[str, Any] = {FORWARDED: one.forwarded} if one.forwarded else {}
    if one.recording:
        beside["audio"] = one.recording
    if one.press:  # as actions of elizaOS read it (T-60)
        beside["callback_data"] = one.press
    if one.command:  # as actions that handle commands read it (D-63)
        beside |= {"commandName": one.command, "options": dict(one.given)}
    elif "" in one.given:  # chosen in a menu
        beside["values"] = one.given[""].splitlines()
    elif one.given:  # written into a form
        beside["options"] = dict(one.given)
    if one.joined:  # as plugins that welcome people read it (T-40)
        beside["new_chat_members"] = [
            {"id": who.id, "first_name": who.name, "username": who.username, "is_bot": who.is_bot}
            for who in one.joined
        ]
    return beside


def _words_of(one: Inbound) -> str:
    """What was said, by its name on the platform; a press has none, but for what it stands below."""
    return one.message if one.message and one.kind is not Kind.PRESS else f"row:{one.id}"


def _written_by_author(part: Part) -> Iterator[str]:
    """What of a character's file may name addresses; looked at only where an answer holds one."""
    her = part.character
    yield from (her.system or "", her.personality, her.scenario, her.final_instructions)
    yield from (*her.bio, *her.lore, *her.topics, *her.style.all, *her.style.chat, *her.greetings)
    if her.lorebook:
        yield json.dumps(her.lorebook, ensure_ascii=False)
