"""/why: how a turn ended and by which rule, what it knew, did and cost; nobody's words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.flow import reasons
from core.flow.cast import Part
from core.flow.plans import PLAN
from core.flow.presence import entity_id, memory_id
from core.flow.ranks import Ranks
from core.flow.work import Work
from core.ids import MemoryId, turn_of
from core.kept import Spending, Step, StepStatus
from core.messages import (
    DeliveryKind,
    DeliveryStatus,
    Inbound,
    InboundStatus,
    Kind,
    Rank,
)
from core.ports import Ended, Sent, Store, Unit, message_key
from core.prompting.words import named

_TALK = (Kind.MESSAGE, Kind.PRESS, Kind.CUE, Kind.OVERHEARD)
"""What somebody asks about who does not say about what."""
_STILL_PAYING = timedelta(hours=1)
"""What is looked back on behind an answer belongs to its cost."""
_SUCCESSORS = 100
_MOST_NAMES = 40

UNKNOWN = "I know nothing of that message: it was not for me, or it is too long ago."
NOTHING = "Nothing has ended here lately that I could tell about."
ELSEWHERE = "That was said on behalf of another talk, and I do not tell of one talk in another."
OTHERS = "That was about somebody else. Only they, and admins of this group, may ask about it."


@dataclass(frozen=True, slots=True)
class Known:
    """What is found of one turn."""

    row: Ended
    asker: str = ""
    sent: Sequence[Sent] = ()
    steps: Sequence[Step] = ()
    spent: Sequence[tuple[Spending, int, int]] = ()
    told: Sequence[str] = ()
    recalled: Sequence[Mapping[str, Any]] = ()


class Explaining:
    def __init__(self, store: Store, ranks: Ranks) -> None:
        self._store = store
        self._ranks = ranks

    async def tell(self, work: Work) -> str:
        """About the message that is replied to, or what has ended last in this room."""
        part, lead = work.part, work.lead
        rank = await self._ranks.of(part, lead, work.spot)
        found = await self._store.read(lambda unit: _look(unit, part, lead, rank))
        if isinstance(found, str):
            return found
        return "\n".join(lines(found, lead.author.id))


# --- finding it -----------------------------------------------------------------------------------


def _look(unit: Unit, part: Part, lead: Inbound, rank: Rank) -> Known | str:
    """In one transaction; a sentence where there is nothing to tell, or it may not be told."""
    everybodys = rank >= Rank.ADMIN
    if lead.reply_to is None:
        mine = "" if everybodys else lead.author.id
        row = unit.past.last(lead.address, _TALK, author=mine)
        if row is None:
            return NOTHING
    else:
        found = _meant(unit, lead, lead.reply_to.message)
        if isinstance(found, str):
            return found
        row = found
    row = _final(unit, row)
    if row.address != lead.address:
        return ELSEWHERE
    # A cue is nobody's.
    if row.author and row.author != lead.author.id and not everybodys:
        return OTHERS
    return _known(unit, part, row)


def _meant(unit: Unit, lead: Inbound, message: str) -> Ended | str:
    account, room = lead.address.account, lead.address.room
    sent = unit.past.told(account, room, message)
    if sent is None:
        return unit.past.named(account, message_key(room, message)) or UNKNOWN
    number = sent.turn.removeprefix("t")
    row = unit.past.row(int(number)) if number.isdecimal() else None
    return row or UNKNOWN


def _final(unit: Unit, row: Ended) -> Ended:
    """Whoever said more was answered once, for all of it."""
    for _ in range(_SUCCESSORS):
        after = unit.past.row(row.successor) if row.successor is not None else None
        if after is None:
            break
        row = after
    return row


def _known(unit: Unit, part: Part, row: Ended) -> Known:
    turn, until = turn_of(row.id), (row.closed_at or row.received_at) + _STILL_PAYING
    sent = unit.past.sent(turn)
    about = [one.metadata for one in unit.memories.get(part.id, _answers(part, row, sent))]
    asker = entity_id(part.id, row.address, row.author)
    people = unit.people.known(part.id, [asker]) if row.author else []
    return Known(
        row=row,
        asker=people[0].names[0] if people and people[0].names else "",
        sent=sent,
        steps=unit.steps.of(turn),
        spent=unit.past.spent(part.id, turn, row.received_at, until),
        told=list(dict.fromkeys(name for one in about for name in _texts(one.get("told")))),
        recalled=list(_traces(one.get("recalled") for one in about)),
    )


def _answers(part: Part, row: Ended, sent: Sequence[Sent]) -> list[MemoryId]:
    """As whatever the turn has said in its own words is remembered."""
    steps = sorted({0, *(one.step for one in sent)})
    keys = (f"{turn_of(row.id)}:{row.key}" + (f":{step}" if step else "") for step in steps)
    return [memory_id(part.id, row.address, key) for key in keys]


def _texts(value: Any) -> Iterator[str]:
    yield from (one for one in value or () if isinstance(one, str))


def _traces(lists: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    seen = set()
    for traces in lists:
        for one in traces or ():
            if isinstance(one, Mapping) and (mark := (one.get("table"), one.get("id"))) not in seen:
                seen.add(mark)
                yield one


# --- telling of it --------------------------------------------------------------------------------


def lines(known: Known, asks: str) -> Iterator[str]:
    """In plain words for whoever asks, by the platform's id of them."""
    row = known.row
    yield _ending(row)
    yield _times(known, asks)
    if known.told:
        yield f"Told by: {_listed(known.told)}."
    if known.recalled:
        yield f"Came to mind: {'; '.join(_minded(known.recalled))}."
    if done := list(_done(known.steps)):
        yield f"Done: {'; '.join(done)}."
    for spending, calls, unpriced in known.spent:
        yield _cost(spending, calls, unpriced)
    if not known.spent and row.status is not InboundStatus.NEW:
        yield "No model was asked."
    if known.sent:
        yield f"Sent: {_delivered(known.sent)}."


def _ending(row: Ended) -> str:
    if row.status is InboundStatus.NEW:
        return "I have not finished with it yet."
    if row.status is InboundStatus.SUPERSEDED:
        return "I answered it together with what was said after it."
    if row.status is InboundStatus.DEAD:
        return f"I could not read it: {row.rule}."
    if row.rule == "stopped":
        return "I broke off because whoever asked wanted no more of it. (`stopped`)"
    first = row.kind is Kind.CUE and row.status is InboundStatus.ANSWERED
    said = "I spoke first" if first else _ENDINGS[row.status]
    return f"{said} because {reasons.told(row.rule)}. (`{row.rule}`)"


def _times(known: Known, asks: str) -> str:
    row = known.row
    if row.author == asks:
        whose = "From you"
    elif row.author:
        whose = f"From {named(known.asker)}" if known.asker else "From somebody"
    else:
        whose = "From nobody"
    line = f"{whose}, {_moment(row.received_at)}"
    first = _first_sent(known.sent)
    if first is not None:
        return f"{line}; the answer was there {_span(row.received_at, first)} later."
    if row.closed_at is not None:
        return f"{line}; decided {_span(row.received_at, row.closed_at)} later."
    return f"{line}."


def _first_sent(sent: Iterable[Sent]) -> datetime | None:
    times = [
        one.settled_at
        for one in sent
        if one.status is DeliveryStatus.SENT and one.settled_at is not None
    ]
    return min(times, default=None)


def _minded(recalled: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Documents by their titles, everything else by its number: none of anybody's words."""
    titles = dict.fromkeys(
        f"“{named(str(one['title']))}” ({_why(one)})" for one in recalled if one.get("title")
    )
    counted = Counter((_named_table(one), _why(one)) for one in recalled if not one.get("title"))
    for (what, why), number in counted.items():
        yield f"{number} of {what} ({why})"
    yield from list(titles)[:_MOST_NAMES]


def _named_table(one: Mapping[str, Any]) -> str:
    tables = {
        "messages": "what was said earlier",
        "facts": "what I have noted",
        "lorebook": "my lorebook",
        "documents": "documents",
        "knowledge": "documents",
    }
    return tables.get(str(one.get("table")), "other notes")


def _why(one: Mapping[str, Any]) -> str:
    whys = {
        "words": "by its words",
        "meaning": "by its meaning",
        "both": "by its words and its meaning",
        "about": "about who spoke",
        "newest": "the newest",
        "beside": "beside something else that came to mind",
    }
    return whys.get(str(one.get("why")), named(str(one.get("why") or "by a rule")))


def _done(steps: Iterable[Step]) -> Iterator[str]:
    for step in steps:
        if step.action == PLAN:
            continue
        match step.status:
            case StepStatus.DONE:
                yield f"{step.action}, which worked"
            case StepStatus.STARTED:
                yield f"{step.action}, of which nobody knows how far it came"
            case StepStatus.FAILED:
                error = str(step.result.get("error") or "")
                # Codes are ours; a longer text may be an author's, and quote people.
                code = f" ({error})" if error and " " not in error and len(error) < 60 else ""
                yield f"{step.action}, which did not work{code}"


def _cost(spent: Spending, calls: int, unpriced: int) -> str:
    tokens = f"{spent.prompt_tokens:,} tokens read"
    if spent.cached_tokens:
        tokens += f" ({spent.cached_tokens:,} of them cached)"
    tokens += f", {spent.completion_tokens:,} written"
    price = "of unknown price" if spent.cost is None else f"${spent.cost:,.4f}"
    if spent.cost is not None and unpriced:
        price += " and more of unknown price"
    number = f"{calls} call" + ("s" if calls != 1 else "")
    return f"Model: {spent.model}, {number}, {tokens}, {price}."


def _delivered(sent: Sequence[Sent]) -> str:
    new = [one for one in sent if one.kind is DeliveryKind.SEND or one.ordinal == 0]
    told = [f"{len(new)} message" + ("s" if len(new) != 1 else "")]
    if again := sum(max(0, one.attempt - 1) for one in sent):
        told.append(f"tried again {again} time" + ("s" if again != 1 else ""))
    counted = Counter(one.status for one in sent if one.status is not DeliveryStatus.SENT)
    for status, number in counted.items():
        why = sorted({one.reason for one in sent if one.status is status and one.reason})
        told.append(f"{number} {_STANDING[status]}" + (f" ({', '.join(why)})" if why else ""))
    return ", ".join(told)


_ENDINGS = {
    InboundStatus.ANSWERED: "I answered",
    InboundStatus.SILENT: "I kept silent",
    InboundStatus.FAILED: "I failed",
}
_STANDING = {
    DeliveryStatus.PENDING: "still waiting",
    DeliveryStatus.SENDING: "on the way",
    DeliveryStatus.FAILED: "not taken",
    DeliveryStatus.UNCERTAIN: "of which nobody knows whether it arrived",
    DeliveryStatus.GROWING: "not finished",
}


def _listed(names: Sequence[str]) -> str:
    shown = [f"`{one}`" for one in names[:_MOST_NAMES]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _moment(at: datetime) -> str:
    return f"{at.day} {at:%B, %H:%M:%S} UTC"


def _span(since: datetime, until: datetime) -> str:
    seconds = max(0.0, (until - since).total_seconds())
    return f"{seconds:.1f} s" if seconds < 120 else f"{round(seconds / 60)} min"
