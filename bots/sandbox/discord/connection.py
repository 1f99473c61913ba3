"""One socket of a bot: HELLO to close, operation by operation, as the gateway v10 does it."""

import time
from collections import deque
from typing import Any, Final, Protocol

from bots.sandbox.discord.intents import PRIVILEGED, Intents, known
from bots.sandbox.discord.sessions import Session, Sessions
from bots.sandbox.discord.socket import Closed, Socket, operation_in
from bots.sandbox.discord.wire import Packing, dispatched, operation
from bots.sandbox.world import Account

HEARTBEAT, IDENTIFY, PRESENCE, VOICE_STATE, RESUME = 1, 2, 3, 4, 6
RECONNECT, REQUEST_MEMBERS, INVALID_SESSION, HELLO, ACK = 7, 8, 9, 10, 11

# After these the session is gone; after any other code of ours it may be resumed.
_FINAL: Final = frozenset({4003, 4004, 4007, 4009, 4010, 4011, 4012, 4013, 4014})
_GOODBYE: Final = frozenset({1000, 1001})
_LONGEST = 4096


class House(Protocol):
    """What a connection asks of the gateway it belongs to."""

    logins: Sessions
    heartbeat: float
    send_limit: int
    violations: dict[str, int]
    mute: bool

    def admit(self, token: str) -> Account | None: ...
    def granted(self, bot: Account) -> Intents: ...
    def refusal(self, bot: Account, shard: tuple[int, int]) -> tuple[int, str] | None: ...
    def welcome(self, session: Session, url: str) -> None: ...
    def send_members(self, session: Session, asked: dict[str, Any]) -> None: ...
    def take_voice(self, session: Session, asked: dict[str, Any]) -> None: ...
    def cut(self, session: Session) -> None: ...


class Connection(Socket):
    """One socket, and the session that it speaks for once somebody has identified."""

    def __init__(self, house: House, url: str, packing: Packing | None) -> None:
        super().__init__(house, compress=False)
        self._house = house
        self._url = url
        self._packing = packing
        self._out: deque[bytes] = deque()
        self._resumed_at: int | None = None
        self._window = (0.0, 0)
        self.session: Session | None = None
        self.keeps_acks = False

    # -- by hand, and from the session -----------------------------------------------------------

    def say(self, text: bytes) -> None:
        """Send a message that belongs to this connection alone; it overtakes waiting events."""
        self._out.append(text)
        self.wake()

    def hold(self, on: bool, *, only_acks: bool) -> None:
        """Say nothing more, or at least acknowledge no heartbeat; the socket stays open."""
        self.held, self.keeps_acks = on and not only_acks, on
        self.wake()

    def invalidate(self, resumable: bool) -> None:
        """Op 9; a session that may not be resumed is gone at once."""
        self.say(operation(INVALID_SESSION, resumable))
        if self.session is not None and not resumable:
            self._house.logins.end(self.session)
            self.session = None

    # -- writing ---------------------------------------------------------------------------------

    def greet(self) -> None:
        if not self._house.mute:
            self.say(operation(HELLO, {"heartbeat_interval": int(self._house.heartbeat * 1000)}))

    def following(self) -> str | bytes | None:
        text = self._next()
        if text is None:
            return None
        return text.decode() if self._packing is None else self._packing.pack(text)

    def _next(self) -> bytes | None:
        if self._out:
            return self._out.popleft()
        session = self.session
        if session is None or self.closing is not None:
            return None
        if self._resumed_at is not None and session.sent >= self._resumed_at:
            self._resumed_at = None
            return dispatched("RESUMED", session.sent, b'{"_trace":["local-gateway"]}')
        waiting = session.take()
        if waiting is None:
            return None
        number, event = waiting
        return dispatched(event.name, number, event.body)

    # -- reading ---------------------------------------------------------------------------------

    def read(self, given: str | bytes) -> tuple[int, Any]:
        found = operation_in(given) if len(given) <= _LONGEST else None
        if found is None:
            raise Closed(4002, "Error while decoding payload.")
        return found

    def obey(self, op: int, asked: Any) -> None:
        self._count()
        if op == HEARTBEAT:
            self._beat()
        elif op in {IDENTIFY, RESUME}:
            if self.session is not None:
                raise Closed(4005, "Already authenticated.")
            (self._identify if op == IDENTIFY else self._resume)(asked)
        elif op not in {PRESENCE, VOICE_STATE, REQUEST_MEMBERS}:
            raise Closed(4001, "Unknown opcode.")
        elif self.session is None:
            raise Closed(4003, "Not authenticated.")
        elif not isinstance(asked, dict):
            raise Closed(4002, "Error while decoding payload.")
        else:
            self._serve_session(self.session, op, asked)

    def _serve_session(self, session: Session, op: int, asked: dict[str, Any]) -> None:
        if op == PRESENCE:
            session.presence = asked
        elif op == VOICE_STATE:
            self._house.take_voice(session, asked)
        else:
            self._house.send_members(session, asked)

    def _count(self) -> None:
        began, sent = self._window
        now = time.monotonic()
        began, sent = (now, 1) if now - began >= 60 else (began, sent + 1)
        self._window = (began, sent)
        if sent > self._house.send_limit:
            self._house.violations["gateway"] = self._house.violations.get("gateway", 0) + 1
            raise Closed(4008, "You are being rate limited.")

    def _beat(self) -> None:
        self.beaten()
        if not self.keeps_acks:
            self.say(operation(ACK))

    def _identify(self, asked: Any) -> None:
        if not isinstance(asked, dict) or not isinstance(asked.get("token"), str):
            raise Closed(4002, "Error while decoding payload.")
        intents = known(asked.get("intents"))
        if intents is None:
            raise Closed(4013, "Invalid intent(s).")
        shard = _shard(asked.get("shard", [0, 1]))
        token, sessions = _bare(asked["token"]), self._house.logins
        bot = self._house.admit(token)
        if bot is None:
            raise Closed(4004, "Authentication failed.")
        if intents & PRIVILEGED & ~self._house.granted(bot):
            raise Closed(4014, "Disallowed intent(s).")
        if refusal := self._house.refusal(bot, shard):
            raise Closed(*refusal)
        if sessions.too_soon(bot.id, shard[0]):
            self.say(operation(INVALID_SESSION, False))
            return
        if not sessions.may_identify(bot.id, shard[0]):
            raise Closed(4004, "Authentication failed.")  # Discord takes the token away
        session = sessions.begin(bot, token, intents, shard, _large(asked.get("large_threshold")))
        session.presence = asked.get("presence") or {}
        self._speak_for(session)
        self._house.welcome(session, self._url)

    def _resume(self, asked: Any) -> None:
        if not isinstance(asked, dict) or not isinstance(asked.get("token"), str):
            raise Closed(4002, "Error while decoding payload.")
        token, seq = _bare(asked["token"]), asked.get("seq")
        bot, sessions = self._house.admit(token), self._house.logins
        if bot is None:
            raise Closed(4004, "Authentication failed.")
        session = sessions.find(asked.get("session_id"))
        if session is None or session.bot is not bot:
            self.say(operation(INVALID_SESSION, False))
            return
        if refusal := self._house.refusal(bot, session.shard):
            raise Closed(*refusal)
        if not isinstance(seq, int) or not 0 <= seq <= session.seq:
            sessions.end(session)
            raise Closed(4007, "Invalid seq.")
        if not session.can_resume(seq):
            sessions.end(session)
            self.say(operation(INVALID_SESSION, False))
            return
        if isinstance(session.line, Connection):
            session.line.replaced()
        count = sessions.count(bot.id)
        count.resumes += 1
        count.replayed += session.seq - seq
        session.sent, self._resumed_at = seq, session.seq
        self._speak_for(session)

    def replaced(self) -> None:
        """Another connection speaks for the session now."""
        self.session = None
        self.close(4000, "Resumed elsewhere.")

    def _speak_for(self, session: Session) -> None:
        self._house.logins.count(session.bot.id).connections += 1
        session.line, session.lost_at = self, None
        self.session = session
        self.wake()

    def leave(self) -> None:
        session, self.session = self.session, None
        if session is None:
            return
        over = self.goodbye in _GOODBYE
        if self.closing is not None:
            over = self.closing[0] in _FINAL
        if over:
            self._house.logins.end(session)
        else:
            self._house.cut(session)


def _shard(asked: Any) -> tuple[int, int]:
    match asked:
        case [int() as number, int() as count] if 0 <= number < count:
            return number, count
        case _:
            raise Closed(4010, "Invalid shard.")


def _large(asked: Any) -> int:
    return asked if isinstance(asked, int) and 50 <= asked <= 250 else 50


def _bare(token: str) -> str:
    return token.removeprefix("Bot ").strip()
