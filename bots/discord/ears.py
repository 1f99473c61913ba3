"""Listening in one voice channel: packets from the socket's thread, what people say to the loop."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from bots.discord.ears_reading import Line, Reading
from bots.discord.ears_rounds import ROUNDS, Rounds
from bots.discord.ears_whose import CLIENT_CONNECT, CLIENT_DISCONNECT, SPEAKING, Crowd, told
from core.clock import Clock
from core.ports.speech import HEARD_RATE
from core.ports.voices import Listener, Listening, Present, Utterance
from core.speech.opus import Decoder, OpusFailed
from core.speech.vad import Detector

log = logging.getLogger(__name__)

_WAITING = 1_000
"""Packets that may wait: two seconds of ten people at once. The oldest goes first."""
_ORDERS = 1_000
_LOOK_AGAIN = 0.5


class Connection(Line, Protocol):
    """What discord.py keeps of a voice connection, as far as ears need it."""

    @property
    def can_encrypt(self) -> bool: ...
    def add_socket_listener(self, callback: Callable[[bytes], Any], /) -> None: ...
    def remove_socket_listener(self, callback: Callable[[bytes], Any], /) -> None: ...


class Client(Protocol):
    """discord.VoiceClient, or whoever makes it anew."""

    @property
    def _connection(self) -> Connection | None: ...


@dataclass(frozen=True, slots=True)
class EarState:
    """How listening is doing."""

    decrypting: bool = False
    deaf: str = ""
    """Why nobody is heard; empty where people are."""
    lost: int = 0
    undecrypted: int = 0
    missed: int = 0
    """Packets that were thrown away unread, because there were too many to read in time."""


class Ears:
    """Has its turns in `rounds` from `begin` to `close`; none where nobody is to be heard.

    `present` and everything of the listener is called on the loop, as is `ailing`, which is told
    when so little can be decrypted that the connection should be made anew. Whom `heard` does
    not want is not decrypted: bots, unless told otherwise.
    """

    def __init__(
        self,
        client: Client,
        loop: asyncio.AbstractEventLoop,
        listener: Listener,
        ways: Listening,
        present: Callable[[], Sequence[Present]],
        clock: Clock,
        ailing: Callable[[str], None],
        *,
        heard: Callable[[Present], bool] = lambda somebody: not somebody.who.is_bot,
        rounds: Rounds = ROUNDS,
    ) -> None:
        self._client = client
        self._loop = loop
        self._ways = ways
        self._present = present
        self._clock = clock
        self._wanted = heard
        self._lacks = ""
        """What is not installed."""
        self._closed = False
        self._connection: Connection | None = None
        self._rounds = rounds
        self._is_able: bool | None = None
        self._looked = float("-inf")
        # What other threads hand to the worker.
        self._packets: deque[tuple[float, bytes]] = deque(maxlen=_WAITING)
        self._orders: deque[Callable[[], None]] = deque(maxlen=_ORDERS)
        self._stopped = False
        self._missed = 0
        self._stumbled = 0
        self._crowd = Crowd()
        self._reading = Reading(
            ways,
            _Relay(self._post, listener, self._crowd),
            self._crowd,
            partial(self._post, ailing),
            self._unseen,
        )

    # -- on the loop -----------------------------------------------------------------------------

    def begin(self) -> None:
        """Listen to the client's connection; again after it was made anew."""
        if self._closed or not self._ways.hears:
            return
        self._give_up()
        if self._lacks:
            return
        self._connection = connection = self._client._connection
        if connection is None:  # it is just being made anew, and we are told again
            return
        self.look()
        self._order(partial(self._reading.begin, connection))
        connection.add_socket_listener(self._arrive)
        self._rounds.join(self)

    def listen(self, ways: Listening) -> None:
        """In these from now on; what people are just saying goes on in them."""
        before, self._ways = self._ways, ways
        self._order(partial(self._reading.listen, ways))
        if before.hears and not ways.hears:
            self._give_up()
            self._order(self._packets.clear)
            for person in self._crowd.people:
                self._order(partial(self._reading.forget, str(person)))
        elif ways.hears and not before.hears:
            self.begin()

    def look(self) -> None:
        """See anew who is there; where they change, the sooner the better."""
        self._looked = self._clock.monotonic()
        self._crowd.see(self._present(), self._wanted)

    async def hook(self, ws: object, message: Mapping[str, Any]) -> None:
        """Hear what the voice server tells of people and their streams."""
        op, person, stream = told(message)
        if self._closed or not SPEAKING <= op <= CLIENT_DISCONNECT:
            return
        if op in (SPEAKING, CLIENT_CONNECT) and person and stream:
            self._order(partial(self._reading.tell, stream, person))
        elif op == CLIENT_DISCONNECT and person:
            self._order(partial(self._reading.gone, person))
        if self._connection is not None:
            self.look()

    def ignore(self, people: frozenset[str]) -> None:
        """Of these nothing is even decoded, from now on; what they are just saying is dropped."""
        for person in self._crowd.ignore(people):
            self._order(partial(self._reading.forget, person))

    @property
    def state(self) -> EarState:
        connection, reading = self._connection, self._reading
        return EarState(
            connection is not None and connection.can_encrypt,
            self._why_deaf or ("what people say cannot be decrypted" if reading.fails else ""),
            reading.lost,
            reading.undecrypted,
            self._missed,
        )

    @property
    def _why_deaf(self) -> str:
        return self._lacks if self._ways.hears else "listening is switched off"

    def close(self) -> None:
        """Hear nothing from now on; nobody is told anything any more."""
        self._closed = True
        self._give_up()
        # What is just being heard is heard to its end: the loop does not wait for that.
        self._stopped = True
        self._rounds.part(self)

    def _give_up(self) -> None:
        if self._connection is not None:
            self._connection.remove_socket_listener(self._arrive)

    # -- on any thread ---------------------------------------------------------------------------

    def _arrive(self, data: bytes) -> None:
        """From the thread that reads the socket, which must not wait."""
        if len(self._packets) == _WAITING:
            self._missed += 1
        self._packets.append((self._clock.monotonic(), data))
        self._rounds.ring()

    def _order(self, order: Callable[[], None]) -> None:
        self._orders.append(order)
        self._rounds.ring()

    def _post(self, call: Callable[..., None], *told: object) -> None:
        try:
            self._loop.call_soon_threadsafe(self._deliver, call, told)
        except RuntimeError:  # the loop is closed, and with it everybody who would hear of it
            self._stopped = True
            self._rounds.part(self)

    def _deliver(self, call: Callable[..., None], told: tuple[object, ...]) -> None:
        if not self._closed:
            call(*told)

    # -- in the rounds ---------------------------------------------------------------------------

    def _able(self) -> bool:
        """Whether all that listening needs is installed; else say what is not."""
        try:
            Detector(self._ways)
            Decoder(HEARD_RATE)
        except ImportError:
            self._lacks = "webrtcvad is not installed: `make setup`, or `pip install troupe[voice]`"
        except OpusFailed as error:
            self._lacks = str(error)
        if self._lacks:
            self._post(self._give_up)
        return not self._lacks

    @property
    def left(self) -> float | None:
        due = None if self._lacks else self._reading.due
        return None if due is None else due - self._clock.monotonic()

    def turn(self) -> bool:
        """All that waits; whether packets did."""
        if self._is_able is None:
            self._is_able = self._able()
        if not self._is_able:
            self._packets.clear()
            return False
        while self._orders:
            self._walled(self._orders.popleft())
        # What comes meanwhile is for the next turn: others have one too.
        waiting = len(self._packets)
        for _ in range(waiting):
            if self._stopped:
                break
            at, data = self._packets.popleft()
            self._walled(self._reading.read, data, at)
        self._walled(self._reading.advance, self._read_until())
        return waiting > 0

    def _read_until(self) -> float:
        """All that came before has been read. What waits was said in time, however late we are:
        nobody's utterance is over by that."""
        now = self._clock.monotonic()
        return min(now, self._packets[0][0]) if self._packets else now

    def _walled(self, step: Callable[..., None], *given: object) -> None:
        try:
            step(*given)
        except Exception:  # a wall round each packet: the next may be a better one
            self._stumbled += 1
            # Each time that it has doubled: a stream of nonsense must not fill the log.
            if self._stumbled & (self._stumbled - 1) == 0:
                log.exception("Listening in a voice channel has stumbled %d times", self._stumbled)

    def _unseen(self) -> None:
        if (now := self._clock.monotonic()) - self._looked > _LOOK_AGAIN:
            self._looked = now
            self._post(self.look)


class _Relay:
    """What is heard on the worker, told on the loop; of whom is ignored by then, only the end."""

    def __init__(self, post: Callable[..., None], listener: Listener, crowd: Crowd) -> None:
        self._post = post
        self._listener = listener
        self._crowd = crowd

    def began(self, person: str) -> None:
        self._post(self._listener.began, person)

    def insists(self, person: str) -> None:
        self._post(self._listener.insists, person)

    def sound(self, person: str, pcm: bytes) -> None:
        self._post(self._sound, person, pcm)

    def ended(self, said: Utterance) -> None:
        self._post(self._ended, said)

    def dropped(self, person: str) -> None:
        self._post(self._listener.dropped, person)

    def _sound(self, person: str, pcm: bytes) -> None:
        if not self._crowd.ignores(person):
            self._listener.sound(person, pcm)

    def _ended(self, said: Utterance) -> None:
        if self._crowd.ignores(said.person):
            self._listener.dropped(said.person)
        else:
            self._listener.ended(said)
