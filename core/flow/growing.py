"""An answer that people see grow: one message, sent when it begins and edited until it is whole."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from core.clock import Clock
from core.errors import LinkRejected, SendFailed, SendUncertain, Throttled
from core.flow.signs import Signs
from core.ids import TurnId
from core.messages import Delivery, DeliveryKind, DeliveryStatus, Live
from core.ports import Platform, Store

log = logging.getLogger(__name__)


class Growing:
    """One row of the ledger under which a part of an answer is shown.

    The row is written before its first words go out and learns the id of its message, so that a
    crash leaves nobody with half an answer: the next process edits that message to the whole one.
    """

    def __init__(self, row: Delivery, signs: Signs, *, repeats: bool = True) -> None:
        """`repeats` tells that a second send of the same row is none (Limits.idempotent_send)."""
        self.row = row
        self._signs = signs
        self._repeats = repeats
        self._begun = asyncio.Event()

    async def begin(self, store: Store, platform: Platform, clock: Clock) -> None:
        """Write the row, send its first words, and write down which message they are.

        Raises Throttled and LinkRejected; whatever else happens, the end of the turn finds out.
        """
        now = clock.now()
        stored = await store.write(lambda unit: unit.deliveries.add([self.row], now))
        if not stored:
            return  # this turn has spoken already, in an earlier process
        row = self.row = stored[0]
        try:
            receipt = await platform.perform(row)
        except Throttled as throttled:
            self._unseen(clock.now().timestamp() + throttled.seconds)
            raise
        except SendUncertain:
            log.info("the beginning of delivery %d may or may not be on show", row.seq)
        except SendFailed as error:
            log.info("delivery %d is not shown while it grows: %s", row.seq, error)
            self._unseen()
        except LinkRejected:
            self._unseen()
            raise
        except Exception:  # one row's wall: the answer goes out whole, later
            log.exception("delivery %d failed in the client", row.seq)
        else:
            self.row = replace(row, target=receipt.message)
            shown = receipt.message or ""
            self._signs.begun(row.address)
            await store.write(lambda unit: unit.deliveries.shown(row.seq, shown))

    def _unseen(self, not_before: float = 0.0) -> None:
        """It did not go out, for certain."""
        self.row = replace(self.row, status=DeliveryStatus.PENDING, not_before=not_before)

    def begun(self) -> None:
        """The first words are out, or will not go out."""
        self._begun.set()

    def grow(self, so_far: Callable[[], str], draft: int, via: str = "") -> None:
        """Show the text so far, once there is a message to show it in; `via` as in its Reply."""
        address, target = self.row.address, self.row.target
        if not target:
            return

        def live() -> Live | None:
            text = so_far()
            return Live(address, draft, text, target, via=via) if text else None

        self._signs.edit(address, live, direct=self.row.direct)

    async def settled(self) -> Delivery:
        """The row as its turn finds it at its end."""
        await self._begun.wait()
        return self.row if self._repeats else whole_again(self.row)


def whole_again(row: Delivery) -> Delivery:
    """A beginning that nobody knows to be on show, on a platform that cannot drop a double.

    The whole answer goes out as if there were none: what may be seen twice is its beginning, and
    an answer that never comes would be worse.
    """
    if row.target or row.status is not DeliveryStatus.GROWING:
        return row
    return replace(row, status=DeliveryStatus.PENDING)


class Beginnings:
    """What of one account is on show while it is made, in this process and of an earlier one."""

    def __init__(self, signs: Signs, *, repeats: bool) -> None:
        self._signs = signs
        self._repeats = repeats
        self._open: set[Growing] = set()
        """Those whose first words are on their way."""
        self._left: dict[TurnId, Delivery] = {}
        self._grown: set[int] = set()
        """Rows whose last words are still to come."""

    def __contains__(self, turn: TurnId) -> bool:
        """An earlier process has begun to answer."""
        return turn in self._left

    def left(self, row: Delivery) -> None:
        self._left[row.turn] = row

    def take(self, turn: TurnId) -> Delivery | None:
        row = self._left.pop(turn, None)
        if row is not None:
            self._grown.add(row.seq)
        return row if row is None or self._repeats else whole_again(row)

    def add(self, row: Delivery) -> Growing:
        growing = Growing(row, self._signs, repeats=self._repeats)
        self._open.add(growing)
        return growing

    def begun(self, growing: Growing) -> None:
        self._open.discard(growing)
        if growing.row.seq:
            self._grown.add(growing.row.seq)
        growing.begun()

    def anew(self, row: Delivery) -> Delivery | None:
        """The whole as a message of its own, once, where what grew cannot be edited any more.

        Somebody may have deleted it; the answer is said all the same.
        """
        if row.kind is not DeliveryKind.EDIT or row.seq not in self._grown:
            return None
        self._grown.discard(row.seq)
        return replace(row, kind=DeliveryKind.SEND, target=None, status=DeliveryStatus.PENDING)

    def over(self, row: Delivery) -> None:
        self._grown.discard(row.seq)

    def end(self) -> None:
        """The link is gone: nobody waits for first words any more."""
        for growing in self._open:
            growing.begun()
        self._open.clear()


def finishing(growing: Delivery, parts: Sequence[Delivery]) -> list[Delivery]:
    """What becomes of a row that has been growing, then the other parts of the answer.

    Its message is edited into the first part; it is sent where none was ever seen, with the same
    nonce; it is taken back where the turn says nothing after all.
    """
    if not growing.seq:
        return list(parts)
    whole = replace(growing, kind=DeliveryKind.DELETE, payload=b"{}", status=DeliveryStatus.PENDING)
    if parts:
        kind = DeliveryKind.EDIT if growing.target else DeliveryKind.SEND
        whole = replace(whole, kind=kind, payload=parts[0].payload, private=parts[0].private)
    if not growing.target and growing.status is not DeliveryStatus.PENDING:
        whole = replace(whole, status=DeliveryStatus.UNCERTAIN)
    return [whole, *parts[1:]]
