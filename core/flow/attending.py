"""What people see of a turn that thinks: that she types, and where it takes long, that she heard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from core.flow.work import Work

_ASKED = frozenset({"mentioned", "named", "reply"})
_SEEN_AFTER = 2.0


@contextmanager
def signs(work: Work) -> Iterator[None]:
    """Where she is heard, nobody sees her type."""
    if work.lead.spoken:
        yield
        return
    with work.part.outbox.typing(work.lead.address), _seen(work):
        yield


def _seen(work: Work) -> AbstractContextManager[None]:
    """In a group, whoever clearly asks sees that it was heard, where the answer takes its time."""
    lead, part = work.lead, work.part
    if lead.is_direct or lead.waits or work.rule not in _ASKED or not lead.message:
        return nullcontext()
    due = work.started + _SEEN_AFTER
    return part.outbox.seen(lead.address, lead.message, part.policy.seen, due)
