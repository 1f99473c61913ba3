"""Whoever may not talk to a character gets no further than here: nothing is read, kept or paid."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping

from core.clock import Clock
from core.errors import LinkLost, SendFailed
from core.flow.allowance import Refusal
from core.flow.cast import Part
from core.flow.commands import MENU, SETTINGS
from core.flow.gate import Gate
from core.flow.pairing import Pairing, Standing, Stranger
from core.flow.presence import entity_id, world_id
from core.flow.ranks import Ranks
from core.flow.work import Work
from core.flow.writing import Scribe
from core.ids import Account, EntityId
from core.messages import Address, Author, Inbound, InboundStatus, Kind, Reply
from core.state.house import HouseRules, rules_of

log = logging.getLogger(__name__)

CLOSED = "channel-closed"
PAIR = "pair"
"""The command by which an operator lets a stranger in."""
_PASSES = frozenset({Kind.MOVED, Kind.DELETE, Kind.STOP})
"""What keeps our own books right, and is nobody's to say."""
_SPOKEN = frozenset({Kind.MESSAGE, Kind.COMMAND})
_RULED = frozenset(
    {Kind.MESSAGE, Kind.COMMAND, Kind.PRESS, Kind.REACTION, Kind.EDIT, Kind.CUE, Kind.OVERHEARD}
)
"""What the settings of a server may keep out of a channel; who comes and goes is noted anywhere."""
_PATIENCE = 10.0
_LEFT = 600.0
"""Seconds after which a group that could not be left is tried again."""
_ROOMS = 5_000


class Doorkeeper:
    """Asked before anything else is done with what came in."""

    def __init__(self, ranks: Ranks, pairing: Pairing, scribe: Scribe, clock: Clock) -> None:
        self._ranks = ranks
        self._pairing = pairing
        self._scribe = scribe
        self._clock = clock
        self._left: OrderedDict[tuple[Account, str], float] = OrderedDict()

    async def admit(self, work: Work) -> Refusal | None:
        """None for whoever may talk to this character here."""
        lead, part = work.lead, work.part
        if lead.kind is Kind.MOVED:
            _tell_of_move(part, lead)
        if lead.kind in _PASSES or lead.left:
            return None
        if rule := await self._house_refuses(work):
            return Refusal(rule)
        if self.is_operator(work):
            return None
        if lead.kind is Kind.CUE:
            rule = await self._of_cue(work)
            return Refusal(rule) if rule else None
        door = part.policy.door
        rule = door.refusal(lead, lead.author, known=False)
        if rule and door.pairs and await self._is_in(work):
            # No stranger anywhere, but for groups in which she has no part.
            rule = door.refusal(lead, lead.author, known=True)
        if not rule:
            return None
        if rule == "not-paired":
            return Refusal(rule, await self._notice(work))
        added = any(_is_us(part, one) for one in lead.joined)
        leave = not lead.is_direct and not lead.via and door.wants_out(rule, added=added)
        return Refusal(rule, leave=leave)

    async def listens(self, part: Part, lead: Inbound) -> bool:
        """Whether somebody could talk to her where this was said, in a server."""
        author, world = lead.author, world_id(part.id, lead.address, lead.place.world)
        if not _is_open(rules_of(await self._ranks.world(part, world)), lead):
            return False
        if self._ranks.is_operator(part, lead.address, author.id):
            return True
        door = part.policy.door
        if not door.refusal(lead, author, known=False):
            return True
        if not door.pairs or door.refusal(lead, author, known=True):
            return False
        strangers = await self._pairing.of(part.id)
        known = strangers.get(entity_id(part.id, lead.address, author.id))
        return known is not None and known.standing is Standing.IN

    async def _house_refuses(self, work: Work) -> str:
        """By what the admins of this server have set, which counts for everybody there."""
        lead = work.lead
        if lead.is_direct or work.world_is_new or lead.kind is Kind.WORLD:
            return ""
        work.rules = rules_of(await self._ranks.world(work.part, work.spot.world))
        return "" if _is_open(work.rules, lead) else CLOSED

    async def turn_away(self, work: Work, refusal: Refusal) -> None:
        """Say what is to be said; of what came in its key alone is kept."""
        lead = work.lead
        log.debug("%s turns %s away: %s", work.part.character.name, lead.author.id, refusal.rule)
        work.turned_away = True
        work.decided()
        if refusal.say is not None:
            await self._scribe.remark(work, refusal.say)
        await self._scribe.write(work, InboundStatus.SILENT, refusal.rule, keep=False)
        if refusal.leave:
            await self._leave(work.part, lead.address)

    def is_operator(self, work: Work) -> bool:
        return self._ranks.is_operator(work.part, work.lead.address, work.lead.author.id)

    async def command(self, work: Work) -> None:
        """/pair CODE, by which an operator lets in whoever was told it."""
        work.decided()
        text = await self._paired(work)
        await self._scribe.write(
            work,
            InboundStatus.ANSWERED,
            "command-pair",
            say=Reply(text, None if work.lead.is_direct else work.lead.message),
            keep=False,
        )

    async def _paired(self, work: Work) -> str:
        part, lead = work.part, work.lead
        if not self.is_operator(work):
            return "Only whoever runs me can let somebody in."
        code = lead.arguments.strip()
        if not code:
            return "/pair CODE lets somebody in who was given that code by me."
        one = await self._pairing.by_code(part.id, code)
        if one is None:
            return "Nobody waits with this code: it is an hour old, or was never given."
        await self._pairing.decide(part.id, one.entity, Standing.IN)
        return f"{one.name or one.person} may talk to me now."

    # --- strangers -------------------------------------------------------------------------------

    async def _is_in(self, work: Work) -> bool:
        known = (await self._pairing.of(work.part.id)).get(work.person)
        return known is not None and known.standing is Standing.IN

    async def _notice(self, work: Work) -> Reply | None:
        """What a stranger is told who has written to her, and nobody else, in whoever's name."""
        lead = work.lead
        if lead.kind not in _SPOKEN or not lead.author.id or lead.author.is_bot:
            return None
        if lead.via and not lead.waits:
            return None
        if lead.address.thread.startswith("b:"):
            return None  # a business chat: it would be said in its owner's name
        row = lead.id
        code = await self._pairing.ask(work.part.id, lead.address, lead.author, row)
        notice = work.part.policy.door.notice
        if not code or not notice:
            return None
        shown = f"`{code}`"
        return Reply(notice.replace("{code}", shown) if "{code}" in notice else f"{notice} {shown}")

    async def _of_cue(self, work: Work) -> str:
        """She speaks first only where she would be spoken to, as far as ids tell."""
        part, lead = work.part, work.lead
        door, room = part.policy.door, lead.address.room
        if lead.is_direct:
            if not door.directs:
                return "directs-off"
            known = _in_room(await self._pairing.of(part.id), lead.address) if door.pairs else None
            if known is not None:
                return "" if known.standing is Standing.IN else "not-paired"
        if door.gate is not None:
            return door.gate.of_cue(lead) or await self._of_cue_to(work, door.gate)
        if lead.is_direct:
            if self._ranks.is_operator(part, lead.address, room):
                return ""
        elif door.groups is not None and not door.groups.names and not door.groups.holds(room):
            return "group-not-allowed"
        listed = door.listed
        if listed is None or listed.names or listed.holds(room):
            return ""
        # A group may have been let in by one of its people.
        alone = lead.is_direct or listed.groups_alone
        return "not-allowed" if alone else ""

    async def _of_cue_to(self, work: Work, gate: Gate) -> str:
        """Directly, where the room's number is not the person's: it is known who has spoken there."""
        if not work.lead.is_direct or gate.lets_in(""):
            return ""
        part, address = work.part, work.lead.address
        people = await self._scribe.store.read(
            lambda unit: unit.people.here(part.id, work.spot.room)
        )
        for one in people:
            told = one.metadata.get(address.platform)
            who = told if isinstance(told, dict) else {}
            number, name = str(who.get("id", "")), str(who.get("userName", ""))
            if gate.lets_in(number, name) or self._ranks.is_operator(part, address, number):
                return ""
        return "not-allowed"

    # --- groups ----------------------------------------------------------------------------------

    async def _leave(self, part: Part, address: Address) -> None:
        key, now = (address.account, address.room), self._clock.monotonic()
        if now - self._left.get(key, float("-inf")) < _LEFT:
            return
        self._left[key] = now
        if len(self._left) > _ROOMS:
            self._left.popitem(last=False)
        name = part.character.name
        try:
            async with asyncio.timeout(_PATIENCE):
                await part.platform.leave(address._replace(thread=""))
        except (SendFailed, LinkLost, TimeoutError) as error:
            log.warning("%s cannot leave %s (%s)", name, address.room, type(error).__name__)
        else:
            log.info("%s has left %s, where she may not take part", name, address.room)


def _tell_of_move(part: Part, lead: Inbound) -> None:
    """Nobody but the operator can write a group's new id into a list."""
    door, old, new = part.policy.door, lead.address.room, lead.moved_to
    if any(one and one.holds(old) and not one.holds(new) for one in (door.listed, door.groups)):
        log.warning(
            "%s: group %s is %s now; a list names the old id", part.character.name, old, new
        )


def _is_open(rules: HouseRules, lead: Inbound) -> bool:
    """Whoever has shut every channel can open them by the command for that, wherever it is given."""
    if lead.kind not in _RULED or lead.command == SETTINGS.name or lead.press == MENU:
        return True
    address = lead.address
    if lead.kind is Kind.CUE and rules.greeting_room == address.room:
        return True
    return rules.is_open(address.room, address.thread, lead.place.within)


def _is_us(part: Part, one: Author) -> bool:
    return part.platform.account == f"{part.platform.name}:{one.id}"


def _in_room(known: Mapping[EntityId, Stranger], address: Address) -> Stranger | None:
    here = address._replace(thread="")
    return next((one for one in known.values() if one.address._replace(thread="") == here), None)
