"""What Telegram keeps for each bot: its queue, its webhook, its commands, its open presses."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from bots.sandbox import ages
from bots.sandbox.queue import DAY, Update, UpdateQueue
from bots.sandbox.telling import SAID, TELL
from bots.sandbox.world import Account, Change, Chat, Fact, Message, World

_FIRST_UPDATE = 100_000_001


@dataclass(slots=True)
class Webhook:
    """Where a bot wants its updates sent, and how that went of late."""

    url: str
    secret: str | None = field(repr=False)
    max_connections: int
    certificate: str | None = field(default=None, repr=False)
    """What an own certificate says, where no authority has signed it."""
    error: str | None = None
    error_at: float | None = None


@dataclass(slots=True, eq=False)
class Desk:
    """One bot's place at the server."""

    bot: Account
    queue: UpdateQueue
    webhook: Webhook | None = None
    commands: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    presses: dict[str, float] = field(default_factory=dict)
    # When each press came, whether it has been answered or not.
    pressed: dict[str, float] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Open inline and guest queries by their id: the fact with which each was asked, that is
    # {"fact": "inline_query" or "guest_query", "query", "bot", "who", "date", "chat", "id"}.
    queries: dict[str, Fact] = field(default_factory=dict)
    # The long poll that is waiting now; a newer one ends it.
    poll: asyncio.Future[str] | None = None


class Desks:
    """Hears every change of the world and puts it before the bots that may know of it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._desks: dict[int, Desk] = {}
        self.api: ages.Version = ages.NEWEST
        # For each message of a person: how many bots have not confirmed it yet.
        self.waiting: dict[tuple[str, int], int] = {}
        self.on_webhook: Callable[[Desk], None] = lambda desk: None
        self.on_update: Callable[[Desk, Update], None] = lambda desk, update: None
        self.on_token: Callable[[Desk], None] = lambda desk: None
        world.listeners.append(self.hear)
        world.inject = self.inject

    def __getitem__(self, bot_id: int) -> Desk:
        return self._desks[bot_id]

    def __contains__(self, bot_id: int) -> bool:
        return bot_id in self._desks

    def __iter__(self) -> Iterator[Desk]:
        return iter(tuple(self._desks.values()))

    def hear(self, change: Change) -> None:
        if change.guild is not None or (change.chat and change.chat.platform != "telegram"):
            return
        heard = getattr(self, f"_hear_{change.kind}", None)
        if heard is not None:
            heard(change)
        if change.kind in TELL:
            self._tell(change)

    # -- facts about the bots themselves ---------------------------------------------------------

    def _hear_account(self, change: Change) -> None:
        fact = change.fact
        if self._world.accounts[fact["id"]].platform == "telegram":
            queue = UpdateQueue(self._world.now, _FIRST_UPDATE)
            self._desks[fact["id"]] = Desk(self._world.accounts[fact["id"]], queue)

    def _hear_token(self, change: Change) -> None:
        if change.fact["bot"] not in self._desks:
            return
        desk = self._desks[change.fact["bot"]]
        if desk.webhook is not None:  # it was the old token's
            desk.webhook = None
            self.on_webhook(desk)
        self.on_token(desk)

    def _hear_allowed(self, change: Change) -> None:
        kinds = change.fact["kinds"]
        self._desks[change.fact["bot"]].queue.allowed = frozenset(kinds) if kinds else None

    def _hear_webhook(self, change: Change) -> None:
        fact = change.fact
        desk = self._desks[fact["bot"]]
        url = fact["url"]
        hook = (url, fact["secret"], fact["max_connections"], fact.get("certificate"))
        desk.webhook = Webhook(*hook) if url else None
        self.on_webhook(desk)

    def _hear_commands(self, change: Change) -> None:
        commands = self._desks[change.fact["bot"]].commands
        commands[change.fact["scope"]] = change.fact["commands"]

    def _hear_confirm(self, change: Change) -> None:
        queue = self._desks[change.fact["bot"]].queue
        self._confirmed(queue.confirm(change.fact["below"]))

    def _hear_taken(self, change: Change) -> None:
        queue = self._desks[change.fact["bot"]].queue
        self._confirmed(queue.take(change.fact["update"]))

    def _hear_dropped(self, change: Change) -> None:
        self._confirmed(self._desks[change.fact["bot"]].queue.clear())

    def _hear_inject(self, change: Change) -> None:
        fact = change.fact
        desk = self._desks[fact["bot"]]
        body = fact["body"].encode("latin-1")
        self._put(desk, Update(fact["id"], "raw", body, self._world.now() + DAY))

    def _confirmed(self, gone: list[Update]) -> None:
        for update in gone:
            place = (update.place, update.message or 0)
            left = self.waiting.get(place)
            if left is None or update.kind not in SAID:
                continue
            if left > 1:
                self.waiting[place] = left - 1
                continue
            del self.waiting[place]
            self._world.tell({"fact": "confirmed", "chat": update.place, "id": update.message})

    # -- facts about the rooms -------------------------------------------------------------------

    def _tell(self, change: Change) -> None:
        for bot, kind, shown in TELL[change.kind](self._world, change):
            desk = self._desks[bot.id]
            posted = self._post(desk, kind, shown, change.chat, change.message)
            said = change.message
            if posted and kind in SAID and said is not None and not said.sender.is_bot:
                place = (said.chat.key, said.id)
                self.waiting[place] = self.waiting.get(place, 0) + 1

    def _hear_press(self, change: Change) -> None:
        assert change.message is not None
        bot = change.message.more.get("via_bot", change.message.sender.id)
        desk, press = self._desks[bot], change.fact["press"]
        desk.presses[press] = desk.pressed[press] = change.fact["date"]

    def _hear_guest_query(self, change: Change) -> None:
        self._desks[change.fact["bot"]].queries[change.fact["query"]] = change.fact

    _hear_inline_query = _hear_guest_query

    def _post(
        self,
        desk: Desk,
        kind: str,
        shown: dict[str, Any],
        room: Chat | None,
        said: Message | None,
    ) -> bool:
        if not desk.queue.wants(kind) or not ages.has_update(self.api, kind):
            return False
        number = desk.queue.next_id
        body = orjson.dumps({"update_id": number, kind: shown})
        # An update is about something that happened just now; its day starts with the fact.
        date = shown.get("edit_date") or shown.get("date") or self._world.now()
        said_id = said.id if said is not None else None
        place = room.key if room is not None else ""
        self._put(desk, Update(number, kind, body, date + DAY, place, said_id))
        return True

    def _put(self, desk: Desk, update: Update) -> None:
        desk.queue.put(update)
        self.on_update(desk, update)

    def inject(self, bot: Account, raw: Fact | bytes) -> int:
        """Put an update of any shape into a bot's queue; a dict without an id is given one."""
        number = self._desks[bot.id].queue.next_id
        if isinstance(raw, bytes):
            body = raw
        else:
            given = raw.get("update_id")
            number = given if isinstance(given, int) and given >= number else number
            body = orjson.dumps({"update_id": number, **raw})
        text = body.decode("latin-1")  # whatever the bytes are, they come back as they were
        self._world.commit({"fact": "inject", "bot": bot.id, "id": number, "body": text})
        return number
