"""One Telegram bot as a Platform: its own polling loop, its sends and its signs of life."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from typing import Any, Self

import aiohttp
import telegram
from telegram.error import Conflict, TelegramError

from bots.recording import Recording
from bots.telegram import making, mapping
from bots.telegram.address import API_ROOT, Webhook, path_of, problems, secret_of
from bots.telegram.calls import Calls
from bots.telegram.envelope import PLATFORM, envelope, update_id
from bots.telegram.errors import link_failure
from bots.telegram.fetching import Fetching
from bots.telegram.markdown import MAX_PARTS, MAX_TEXT
from bots.telegram.menu import Menu
from bots.telegram.presses import Presses
from bots.telegram.ranks import Ranks
from bots.telegram.registering import Registration
from bots.telegram.rendering import render
from bots.telegram.request import AiohttpRequest, Flooded
from bots.telegram.webhook import Hooks
from core.clock import Clock
from core.errors import FetchFailed, LinkLost, LinkRejected, SendDelayed, TroupeError
from core.files import Files
from core.ids import Account
from core.messages import (
    Address,
    Attachment,
    Delivery,
    Inbound,
    Live,
    Rank,
    Receipt,
    Received,
    Reply,
)
from core.ports import Clips, Intake, Limits, Offering
from core.secrets import Secret

log = logging.getLogger(__name__)

# An unset list would keep whatever an earlier program asked for; reactions and members come only
# when they are named. A server that does not know one of these passes over it.
WANTED = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "guest_message",
    "message_reaction",
    "inline_query",
    "chosen_inline_result",
    "callback_query",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "managed_bot",
    "stopped_message_generation",
)

_TOKEN = re.compile(r"(\d{1,20}):[A-Za-z0-9_-]{3,}")
# PTB warns whoever calls by hand what it has a method for, but its getUpdates parses all updates
# at once and falls over the first odd one. The spelling is ours; on the wire it is getUpdates.
_RAW_GET_UPDATES = "getUpdates_"
_BETWEEN_IDLE_POLLS = 0.5


class TelegramLink:
    """Implements Platform."""

    name = PLATFORM
    limits = Limits(
        max_text=MAX_TEXT,
        max_parts=MAX_PARTS,
        idempotent_send=False,
        sends_in_flight=8,
        drafts=True,
        edits=True,
        hears_bots=False,
        buttons=True,
        reactions=True,
        commands=True,
        voice_notes=True,
    )

    def __init__(
        self,
        token: Secret,
        *,
        api_root: str = API_ROOT,
        session: aiohttp.ClientSession | None = None,
        clock: Clock,
        fetch_limit: int = 100,
        poll_seconds: int = 30,
        commands_after: float = 2.0,
        files: Files | None = None,
        previews: bool = False,
        webhook: Webhook | None = None,
        hooks: Hooks | None = None,
        offering: Offering | None = None,
        clips: Clips | None = None,
    ) -> None:
        """`files` is where what is attached to a delivery lies; `previews` is whether Telegram may
        fetch the addresses that stand in what is said. With a webhook, updates come in at `hooks`;
        without one they are polled. `offering` is what stands in the menus.
        `clips` makes its voice messages; without it what would be spoken is written."""
        self._token = token
        self._root = api_root.rstrip("/")
        self._lent = session
        self._own: aiohttp.ClientSession | None = None
        self._clock = clock
        self._files = files
        self._previews = previews
        self._webhook = webhook
        self._hooks = hooks
        self._offering = offering
        self._fetch_limit = fetch_limit
        self._poll_seconds = poll_seconds
        self._commands_after = commands_after
        shape = _TOKEN.fullmatch(token.reveal())
        self._well_formed = shape is not None
        self._us = mapping.Us(int(shape.group(1)) if shape else 0, "")
        self._account = Account(f"{PLATFORM}:{self._us.id}")
        self._recording = Recording(clips, self._account)
        self._bot: telegram.Bot | None = None
        self._calls: Calls | None = None
        self._fetching: Fetching | None = None
        self._warned_of_privacy = False

    def __repr__(self) -> str:
        return f"<TelegramLink {self._account}>"

    @property
    def account(self) -> Account:
        return self._account

    @property
    def handle(self) -> str:
        return f"@{self._us.username}" if self._us.username else ""

    @property
    def lacks(self) -> str:
        if self._bot is None or self._bot.can_read_all_group_messages:
            return self._recording.note
        deaf = "in groups it hears only what is addressed to it (privacy mode is on)"
        return "; ".join(filter(None, (deaf, self._recording.note)))

    # --- coming and going ----------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        if not self._well_formed:
            raise LinkRejected("the token does not have the shape of Telegram's: 123456:letters")
        for problem in problems(self._webhook, self._root) if self._webhook else ():
            raise LinkRejected(str(problem))
        session = self._lent
        if session is None:
            # Without a limit of its own: every link holds one connection in its poll.
            self._own = session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        request = AiohttpRequest(session)
        bot = telegram.Bot(
            self._token.reveal(),
            base_url=f"{self._root}/bot",
            base_file_url=f"{self._root}/file/bot",
            request=request,
            get_updates_request=request,
        )
        try:
            await bot.initialize()  # asks getMe
        except BaseException as error:
            await self._leave()
            if isinstance(error, TelegramError):
                raise link_failure(error) from None  # its text may hold the token
            if isinstance(error, (KeyError, TypeError)):  # PTB, about an answer of another shape
                raise LinkLost("Telegram's answer makes no sense") from None
            raise
        self._bot = bot
        self._calls = Calls(bot, self._files, previews=self._previews, recording=self._recording)
        self._fetching = Fetching(bot, self._root, session)
        self._us = mapping.Us(bot.id, bot.username)
        self._warn_of_privacy(bot)
        return self

    async def __aexit__(self, *exc: object) -> None:
        bot, self._bot, self._calls, self._fetching = self._bot, None, None, None
        try:
            if bot is not None:
                await bot.shutdown()
        finally:
            await self._leave()

    async def _leave(self) -> None:
        own, self._own = self._own, None
        if own is not None:
            await own.close()

    def _warn_of_privacy(self, bot: telegram.Bot) -> None:
        if bot.can_read_all_group_messages or self._warned_of_privacy:
            return
        self._warned_of_privacy = True
        log.warning(
            "%s (%s) hears in groups only what is addressed to it. To change that, send "
            "/setprivacy to @BotFather, choose Disable, and add the bot to its groups again",
            self._account,
            self.handle,
        )

    # --- listening -----------------------------------------------------------------------------

    async def listen(self, intake: Intake, begun: Callable[[], None] = lambda: None) -> None:
        bot = self._entered()
        end: TroupeError
        async with asyncio.TaskGroup() as group:
            # Beside the listening, so that nobody's first answer waits for a menu.
            menu = group.create_task(self._keep_menu(bot))
            presses = Presses(bot, self._account)

            def stored(updates: list[Any]) -> None:
                presses.stored(group, updates)

            if self._webhook is not None and self._hooks is not None:
                end = await self._attend(bot, self._webhook, self._hooks, intake, begun, stored)
            else:
                begun()  # Telegram keeps what comes until it is asked
                end = await self._follow(bot, intake, stored)
            menu.cancel()
            presses.stop()
        raise end

    async def _attend(
        self,
        bot: telegram.Bot,
        webhook: Webhook,
        hooks: Hooks,
        intake: Intake,
        begun: Callable[[], None],
        stored: Callable[[list[Any]], None],
    ) -> TroupeError:
        """Be brought updates until the link fails; see `_follow`."""

        async def receive(update: dict[str, Any]) -> None:
            await intake([envelope(update, self._account)])
            stored([update])

        token = self._token
        registered = Registration(bot, self._account, token, webhook, WANTED, self._clock)
        async with hooks.at(path_of(token), secret_of(token), receive):
            return await registered.keep(begun)

    async def _follow(
        self, bot: telegram.Bot, intake: Intake, stored: Callable[[list[Any]], None]
    ) -> TroupeError:
        """Poll until the link fails; the failure is returned, to leave a task group unwrapped.

        `stored` is told of the updates that have been written down.
        """
        offset: int | None = None
        webhook_removed = False
        while True:
            started = self._clock.monotonic()
            try:
                updates = await self._poll(bot, offset)
            except Flooded as error:
                await self._clock.sleep(error.seconds)
                continue
            except Conflict as error:
                # Either a webhook is set or somebody else polls; only asking tells.
                if webhook_removed or not await self._remove_webhook(bot):
                    return link_failure(error)
                webhook_removed = True
                continue
            except TelegramError as error:
                return link_failure(error)
            if updates:
                # Telegram forgets an update once we ask for the next, so it is written down first.
                await intake([envelope(raw, self._account) for raw in updates])
                stored(updates)
            following = self._behind(updates)
            if following is not None and (offset is None or following > offset):
                offset = following
            else:
                # Nothing new came. A server that answers at once must not make us spin.
                spent = self._clock.monotonic() - started
                await self._clock.sleep(_BETWEEN_IDLE_POLLS - spent)

    async def _poll(self, bot: telegram.Bot, offset: int | None) -> list[Any]:
        # The first poll has no offset: what was never confirmed comes again, and intake knows
        # what it has already. So no offset needs to be kept anywhere.
        asked: dict[str, Any] = {
            "limit": self._fetch_limit,
            "timeout": self._poll_seconds,
            "allowed_updates": WANTED,
        }
        if offset is not None:
            asked["offset"] = offset
        updates = await bot.do_api_request(
            _RAW_GET_UPDATES, api_kwargs=asked, read_timeout=self._poll_seconds + 10.0
        )
        return updates if isinstance(updates, list) else [updates]

    def _behind(self, updates: list[Any]) -> int | None:
        """The offset that confirms these updates."""
        numbers = [number for raw in updates if (number := update_id(raw)) is not None]
        if len(numbers) < len(updates):
            # Stored under a key of its own, and confirmed by whoever stands next to it.
            log.warning(
                "%s got %d updates without a number", self._account, len(updates) - len(numbers)
            )
        return max(numbers) + 1 if numbers else None

    async def _remove_webhook(self, bot: telegram.Bot) -> bool:
        """Whether there was one; the updates that wait behind it stay."""
        try:
            if not (await bot.get_webhook_info()).url:
                return False
            await bot.delete_webhook(drop_pending_updates=False)
        except TelegramError:
            return False
        log.warning("%s had a webhook; it is removed, and updates are polled", self._account)
        return True

    async def _keep_menu(self, bot: telegram.Bot) -> None:
        if self._offering is not None:
            menu = Menu(bot, self._account, self._offering, self._clock)
            await menu.keep(self._commands_after)

    # --- one message ---------------------------------------------------------------------------

    def read(self, received: Received) -> Inbound:
        return mapping.read(received, self._us)

    def render(self, reply: Reply) -> tuple[bytes, ...]:
        return render(reply)

    async def perform(self, delivery: Delivery) -> Receipt:
        return await self._calling().perform(delivery)

    def takes_time(self, delivery: Delivery) -> bool:
        return self._recording.is_wanted(delivery)

    async def prepare(self, delivery: Delivery) -> None:
        if self._calls is not None:
            await self._calls.prepare(delivery)

    async def rank(self, address: Address, author: str) -> Rank:
        return await Ranks(self._entered()).of(address, author)

    async def leave(self, address: Address) -> None:
        await self._calling().leave(address)

    async def fetch(self, attachment: Attachment, most: int) -> bytes:
        if self._fetching is None:
            raise FetchFailed("the link is closed")
        return await self._fetching.fetch(attachment, most)

    async def show(self, live: Live) -> None:
        await self._calling().show(live)

    # --- bots that it looks after --------------------------------------------------------------

    @property
    def may_make_bots(self) -> bool:
        return self._bot is not None and bool(self._bot.bot.can_manage_bots)

    def where_to_make(self, name: str, username: str) -> str:
        return making.link(self._us.username, name, username)

    async def token_of(self, bot: str) -> Secret:
        return await making.token_of(self._entered(), bot)

    async def renew_token(self, bot: str) -> Secret:
        return await making.renew_token(self._entered(), bot)

    def _entered(self) -> telegram.Bot:
        if self._bot is None:
            raise LinkLost("the link is closed")
        return self._bot

    def _calling(self) -> Calls:
        if self._calls is None:
            raise SendDelayed("the link is closed")
        return self._calls
