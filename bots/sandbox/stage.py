"""The local stage: a small Telegram and a small Discord on this machine, and everyone on them."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from bots.sandbox import affairs
from bots.sandbox.ages import version
from bots.sandbox.cast import Bot, Person, make_account
from bots.sandbox.chronicle import Chronicle
from bots.sandbox.desks import Desk, Desks
from bots.sandbox.discord.server import Discord
from bots.sandbox.earshot import Earshot
from bots.sandbox.faults import Faults
from bots.sandbox.following import follow
from bots.sandbox.journal import Journal
from bots.sandbox.limits import FloodControl, Rates
from bots.sandbox.people import Page
from bots.sandbox.port import Port
from bots.sandbox.queue import Update
from bots.sandbox.telegram import BotApi
from bots.sandbox.webhook import Deliverer
from bots.sandbox.whispers import whispers
from bots.sandbox.world import Account, Change, Chat, Message, World


class Stage:
    """A Telegram and a Discord for tests, for people without a token and for benchmarks.

    `limits` switches flood control or names the rates, `api` is the version of the Bot API that the
    local Telegram knows, an older one for want of what came later, `persist` names a file that brings everything back at the next
    start, `record` keeps every answer in the journal, `now` is the wall clock the stage lives by.
    What is named here without a platform is Telegram's; the other one is `discord`.
    """

    def __init__(
        self,
        *,
        limits: bool | Rates = True,
        persist: Path | None = None,
        record: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
        discord_port: int = 0,
        now: Callable[[], float] = time.time,
        webhook_retry: float = 1.0,
        api: str = "10.3",
    ) -> None:
        self.world = World(now)
        self.world.make_account = make_account
        self.world.learn(affairs.FACTS)
        self.world.follow = follow
        self.faults = Faults()
        self.journal = Journal(keep_results=record)
        rates = limits if isinstance(limits, Rates) else Rates()
        self._limits = FloodControl(time.monotonic, bool(limits), rates)
        self._desks = Desks(self.world)
        self._desks.api = version(api)
        self._api = BotApi(self.world, self._desks, self.faults, self._limits, self.journal)
        self.discord = Discord(
            self.world, limits=bool(limits), record=record, host=host, port=discord_port
        )
        self._page = Page(self.world, self._desks)
        self._earshot = Earshot(self.world, self.discord)
        self._chronicle = Chronicle(persist) if persist is not None else None
        self._port = Port(host, port)
        self._webhook_retry = webhook_retry
        self._stack = contextlib.AsyncExitStack()
        self._spoken: dict[int, deque[Message]] = {}
        self._changed = asyncio.Event()
        self._last_change: dict[str, float] = {}

    # -- life ------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            if self._chronicle is not None:
                stack.callback(self._chronicle.close)
                self._chronicle.open(self.world.apply)
                self.world.keep = self._chronicle.write
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            deliverer = Deliverer(self.world, self.journal, tasks, self._webhook_retry)
            stack.push_async_callback(deliverer.aclose)
            self._desks.on_update = self._arrived(deliverer)
            self._desks.on_webhook = self._hooked(deliverer)
            for desk in self._desks:
                deliverer.change(desk)
            self.world.listeners += [self._note, self._page.hear]
            await self.discord.open()
            stack.push_async_callback(self.discord.aclose)
            stack.push_async_callback(self._port.end)
            await self._port.open(self._api.handle)
            stack.callback(self._port.shut)
            stack.callback(self._api.end_polls)
            stack.callback(self._page.close)
            stack.callback(self._earshot.close)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Not handed on: the task group would wrap whatever went wrong inside into a group of its own.
        await self._stack.aclose()

    def outage(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Inside, nobody reaches Telegram: open connections are cut and new ones refused."""
        return self._port.outage()

    @staticmethod
    def _arrived(deliverer: Deliverer) -> Callable[[Desk, Update], None]:
        def arrived(desk: Desk, update: Update) -> None:
            if desk.webhook is not None:
                deliverer.post(desk, update)
            elif desk.poll is not None and not desk.poll.done():
                desk.poll.set_result("update")

        return arrived

    @staticmethod
    def _hooked(deliverer: Deliverer) -> Callable[[Desk], None]:
        def hooked(desk: Desk) -> None:
            if desk.webhook is not None and desk.poll is not None and not desk.poll.done():
                desk.poll.set_result("webhook")
            deliverer.change(desk)

        return hooked

    def _note(self, change: Change) -> None:
        if change.chat is not None:
            self._last_change[change.chat.key] = time.monotonic()
        said = change.message
        if said is None or not said.sender.is_bot or said.service is not None:
            return
        was = change.before
        # A bot on Discord may promise an answer; it has spoken when the promise is filled in.
        filled = change.kind == "edit" and was is not None and was.service is not None
        if change.kind == "message" or filled:
            self._spoken.setdefault(said.sender.id, deque(maxlen=100_000)).append(said)
            self._changed.set()

    # -- the cast --------------------------------------------------------------------------------

    @property
    def root(self) -> str:
        """What a client takes for https://api.telegram.org."""
        return f"http://{self._port.where}"

    def bot(self, name: str, *, username: str | None = None, token: str | None = None) -> Bot:
        """A bot by its name, made when there is none yet."""
        username = username or f"{name.lower().replace(' ', '_')}_bot"
        known = self.world.named(username)
        if isinstance(known, Bot):
            if token is not None and token != known.token:
                self.world.give_token(known, token)
            return known
        number = _id_of(token)
        made = self.world.account(name, username, True, number)
        self.world.give_token(made, token)
        assert isinstance(made, Bot)
        return made

    def person(self, name: str, *, username: str | None = None, language: str = "en") -> Person:
        """A person; one with this username is made only once, as after a restart."""
        known = self.world.named(username) if username is not None else None
        if isinstance(known, Person):
            return known
        made = self.world.account(name, username, False)
        assert isinstance(made, Person)
        if language != made.language:
            made.speaks(language)
        return made

    def new_token(self, bot: Bot, token: str | None = None) -> str:
        """Revoke a bot's token; the new one opens the same account."""
        return self.world.give_token(bot, token)

    def dm(self, person: Person, bot: Bot) -> Chat:
        """The chat of a person with a bot; the person has pressed Start in it."""
        known = self.world.dm_of(person.id, bot.id)
        return known or self.world.open_chat("private", bot.name, [person], [bot])

    def group(self, title: str, people: Sequence[Person], bots: Iterable[Bot] = ()) -> Chat:
        return self.world.open_chat("group", title, people, bots)

    def supergroup(
        self,
        title: str,
        people: Sequence[Person],
        bots: Iterable[Bot] = (),
        *,
        admins: Iterable[Account] = (),
    ) -> Chat:
        return self.world.open_chat("supergroup", title, people, bots, admins)

    def forum(
        self,
        title: str,
        people: Sequence[Person],
        bots: Iterable[Bot] = (),
        *,
        topics: Iterable[str] = (),
        admins: Iterable[Account] = (),
    ) -> Chat:
        """A supergroup with topics; General is always there, as thread 1."""
        chat = self.world.open_chat("forum", title, people, bots, admins)
        for name in topics:
            self.world.open_topic(chat, name)
        return chat

    def channel(
        self, title: str, owner: Person, bots: Iterable[Bot] = (), *, group: Chat | None = None
    ) -> Chat:
        """A channel whose bots are its administrators, and the group in which it is discussed."""
        bots = list(bots)
        made = self.world.open_chat("channel", title, [owner], bots, bots)
        if group is not None:
            self.world.commit({"fact": "link", "chat": made.key, "to": group.key})
        return made

    def business(self, owner: Person, customer: Person) -> Chat:
        """The chat of a business with one of its customers."""
        return affairs.open_business_chat(self.world, owner, customer)

    def topic(self, chat: Chat, name: str, by: Account) -> int:
        """Someone starts a topic, and the bots hear of it."""
        return self.world.open_topic(chat, name, by)

    def migrate(self, chat: Chat) -> Chat:
        """Make a basic group a supergroup: a new chat with a new id, and word of it in both."""
        if chat.kind != "group":
            raise ValueError("only a basic group becomes a supergroup")
        people, bots = chat.people(), chat.bots()
        admins = [who for who, status in chat.members.items() if status == "administrator"]
        new = self.world.open_chat("supergroup", chat.title, people, bots, admins)
        self.world.say(people[0], chat, "", service={"migrate_to_chat_id": new.id})
        self.world.commit({"fact": "moved", "chat": chat.key, "to": new.key})
        self.world.say(people[0], new, "", service={"migrate_from_chat_id": chat.id})
        return new

    def furnish(self, bots: Iterable[Bot]) -> Person:
        """The set a newcomer finds: a private chat with each bot, a group and a forum.

        With bots of Discord, a server there as well.
        """
        everyone = list(bots)
        you = self._page.furnish([bot for bot in everyone if bot.platform == "telegram"])
        elsewhere = [bot for bot in everyone if bot.platform == "discord"]
        if elsewhere:
            others = [who for who in self.world.accounts.values() if isinstance(who, Person)]
            people = [you, *(who for who in others if who is not you)]
            self.discord.furnish(people, elsewhere)
        return you

    # -- looking ---------------------------------------------------------------------------------

    def messages(self, chat: Chat) -> list[Message]:
        """What stands in a chat now, oldest first."""
        return [said for said in chat.messages.values() if not said.deleted]

    def whispers(self, chat: Chat, person: Person) -> list[Message]:
        """What only this person sees in a group: ephemeral messages of bots."""
        return whispers(chat, person)

    def drafts(self, chat: Chat) -> list[Message]:
        """The drafts that are on show in a chat, each with its `draft` number."""
        return self._page.drafts(chat)

    def pending(self, bot: Bot) -> list[Update]:
        """The updates that this bot has not confirmed."""
        return list(self._desks[bot.id].queue)

    def desk(self, bot: Bot) -> Desk:
        """What the server keeps for a bot: queue, webhook, commands, answered presses."""
        return self._desks[bot.id]

    @property
    def violations(self) -> dict[str, int]:
        """How often a client pushed past a rate, by kind: bot, chat, group."""
        return dict(self._limits.violations)

    def repeat_updates(self, bot: Bot, times: int) -> None:
        """Deliver every update so many times more, even after it was confirmed."""
        self._desks[bot.id].queue.repeats = times

    async def next_from(
        self, bot: Bot, chat: Chat | None = None, *, timeout: float = 20
    ) -> Message:
        """The next message of a bot that this call has not given yet; TimeoutError when none comes."""
        spoken = self._spoken.setdefault(bot.id, deque(maxlen=100_000))
        async with asyncio.timeout(timeout):
            while True:
                for said in spoken:
                    if chat is None or said.chat is chat:
                        spoken.remove(said)
                        return said.chat.messages[said.id]
                self._changed.clear()
                await self._changed.wait()

    async def quiet(self, chat: Chat, seconds: float = 0.2, *, timeout: float = 30) -> None:
        """Wait until every bot has confirmed what was said and nothing happened for so long."""
        async with asyncio.timeout(timeout):
            while True:
                now = time.monotonic()
                left = seconds - (now - self._last_change.get(chat.key, now - seconds))
                # Where no bot is a member, any of them may have been called.
                near = [self._desks[bot.id] for bot in chat.bots() if bot.id in self._desks]
                desks = near or list(self._desks)
                places = {update.place for desk in desks for update in desk.queue}
                if left <= 0 and chat.key not in places:
                    return
                await asyncio.sleep(max(left, 0.01))

    def on_event(self, callback: Callable[[dict[str, Any]], None]) -> None:
        """Call back for every visible change, with the dict that the page is sent."""
        self._page.callbacks.append(callback)

    def page_routes(self) -> list[web.RouteDef]:
        """Routes for a server to mount: the page at "/" and its side of the stage at "/stage"."""
        return [*self._page.routes(), *self._earshot.routes()]


def _id_of(token: str | None) -> int | None:
    head = (token or "").partition(":")[0]
    return int(head) if head.isdigit() else None
