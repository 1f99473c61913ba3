"""Telegram is told where to bring updates, and asked now and then whether it does."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import telegram
from telegram.error import BadRequest, InvalidToken, TelegramError

from bots.telegram.address import Webhook, secret_of
from bots.telegram.errors import OTHER_READER_PAUSE, link_failure
from bots.telegram.request import Flooded, TokenRefused, UnclearAnswer
from core.clock import Clock
from core.errors import LinkLost, LinkRejected, TroupeError
from core.ids import Account
from core.secrets import Secret

log = logging.getLogger(__name__)

_RAW_GET_WEBHOOK_INFO = "getWebhookInfo_"  # PTB's own would fall over an answer of another shape
_FIRST_LOOKS, _LOOK_EVERY = (10.0, 30.0, 60.0), 120.0
_SECOND_TRY = 5.0
_MANY = 100

_NEVER = (
    ("https", "Telegram wants an address that begins with https://"),
    ("only on ports", "Telegram comes to the ports 443, 80, 88 and 8443 only"),
    ("reserved", "Telegram does not come to addresses within a house"),
    ("ipv6-only", "Telegram comes to IPv4 addresses only"),
    ("certificate", "Telegram does not take the certificate"),
)
_TROUBLES = (
    ("refused", "nobody answers there (connection refused)"),
    ("unreachable", "there is no way to it"),
    ("resolve", "the name of its host is not known"),
    ("timeout", "the answer takes too long"),
    ("timed out", "the answer takes too long"),
    ("ssl", "its certificate is not one that Telegram trusts"),
    ("certificate", "its certificate is not one that Telegram trusts"),
    ("closed", "the connection is closed before the answer"),
)
_STATUS = re.compile(r"Wrong response from the webhook: (\d{3})")


class Registration:
    """One bot's webhook, as long as it listens. It stays set when we leave: updates wait there."""

    def __init__(
        self,
        bot: telegram.Bot,
        account: Account,
        token: Secret,
        webhook: Webhook,
        wanted: tuple[str, ...],
        clock: Clock,
    ) -> None:
        self._bot = bot
        self._account = account
        self._token = token
        self._webhook = webhook
        self._address = webhook.address(token).reveal()
        self._wanted = wanted
        self._clock = clock
        self._error_at = 0

    async def keep(self, begun: Callable[[], None]) -> TroupeError:
        """Until the webhook is no longer ours; what ended it is returned, as the polling does."""
        try:
            await self._set()
            told = await self._asked()
        except BadRequest as error:
            return _refused(error)
        except TelegramError as error:
            return link_failure(error)
        if told.get("url") != self._address:
            return LinkLost("Telegram did not take the webhook over", pause=OTHER_READER_PAUSE)
        self._error_at = _number(told, "last_error_date")
        self._tell_what_is_not_known(told)
        begun()
        return await self._watch()

    async def _set(self) -> None:
        certificate: telegram.InputFile | None = None
        if self._webhook.certificate:
            try:
                found = await asyncio.to_thread(_bytes_of, self._webhook.certificate)
            except OSError:  # it was there when we began
                raise UnclearAnswer("the certificate is gone") from None
            certificate = telegram.InputFile(found, filename="certificate.pem")
        await self._bot.set_webhook(
            self._address,
            certificate=certificate,
            max_connections=self._webhook.connections,
            allowed_updates=self._wanted,
            drop_pending_updates=False,
            secret_token=secret_of(self._token).reveal(),
        )

    async def _watch(self) -> TroupeError:
        pauses = chain(_FIRST_LOOKS, repeat(_LOOK_EVERY))
        while True:
            await self._clock.sleep(next(pauses))
            try:
                told = await self._asked_again()
            except TelegramError as error:
                return link_failure(error)
            if told.get("url") != self._address:
                what = "set another webhook" if told.get("url") else "removed the webhook"
                return LinkLost(f"another program has {what}", pause=OTHER_READER_PAUSE)
            self._tell_of_trouble(told)

    async def _asked_again(self) -> dict[str, Any]:
        """Updates may come while Telegram cannot be asked, so one failure ends nothing."""
        try:
            return await self._asked()
        except (TokenRefused, InvalidToken):
            raise
        except Flooded as error:
            await self._clock.sleep(error.seconds)
        except TelegramError:
            await self._clock.sleep(_SECOND_TRY)
        return await self._asked()

    async def _asked(self) -> dict[str, Any]:
        told = await self._bot.do_api_request(_RAW_GET_WEBHOOK_INFO)
        if not isinstance(told, dict):
            raise UnclearAnswer("the answer is not the Bot API's")
        return told

    def _tell_what_is_not_known(self, told: dict[str, Any]) -> None:
        """A server that is older than a kind of update passes over its name."""
        known = told.get("allowed_updates")
        if not isinstance(known, list):
            return
        if unknown := sorted(set(self._wanted).difference(map(str, known))):
            log.info("%s is not told of %s by this server", self._account, ", ".join(unknown))

    def _tell_of_trouble(self, told: dict[str, Any]) -> None:
        """One line for what is new; the words are ours, because Telegram's may hold an address."""
        at, waiting = _number(told, "last_error_date"), _number(told, "pending_update_count")
        if at <= self._error_at:
            return
        self._error_at = at
        trouble = _trouble(str(told.get("last_error_message", "")))
        # Our own 503s are no trouble of the way; they come again by themselves.
        level = logging.INFO if "503" in trouble and waiting < _MANY else logging.WARNING
        log.log(
            level,
            "%s: Telegram could not bring an update to the webhook: %s; %d wait",
            self._account,
            trouble,
            waiting,
        )


def _bytes_of(path: str) -> bytes:
    return Path(path).expanduser().read_bytes()


def _refused(error: BadRequest) -> TroupeError:
    lowered = error.message.lower()
    if "resolve" in lowered:  # a new name takes a while to be known everywhere
        return LinkLost("Telegram does not know the webhook's host", pause=OTHER_READER_PAUSE)
    for theirs, ours in _NEVER:
        if theirs in lowered:
            return LinkRejected(f"{ours}: mend TELEGRAM_WEBHOOK_URL")
    return LinkLost("Telegram refuses the webhook", pause=OTHER_READER_PAUSE)


def _trouble(text: str) -> str:
    if status := _STATUS.search(text):
        return f"it was answered with {status[1]}"
    lowered = text.lower()
    return next((ours for theirs, ours in _TROUBLES if theirs in lowered), "the way is broken")


def _number(told: dict[str, Any], name: str) -> int:
    value = told.get(name)
    return value if isinstance(value, int) else 0
