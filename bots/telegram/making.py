"""Bots that a bot looks after: where people make them, and their tokens."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import telegram
from telegram.error import TelegramError

from bots.telegram.asking import ask
from bots.telegram.errors import send_failure
from core.errors import SendDelayed
from core.secrets import Secret

_RAW_TOKEN = "getManagedBotToken_"  # noqa: S105  (a method)
_RAW_RENEW = "replaceManagedBotToken_"


def link(manager: str, name: str, username: str) -> str:
    """Telegram asks whoever opens it whether they want to make this bot."""
    return f"https://t.me/newbot/{quote(manager)}/{quote(username)}?name={quote(name, safe='')}"


async def token_of(bot: telegram.Bot, number: str) -> Secret:
    return await _token(bot, _RAW_TOKEN, number)


async def renew_token(bot: telegram.Bot, number: str) -> Secret:
    return await _token(bot, _RAW_RENEW, number)


async def _token(bot: telegram.Bot, endpoint: str, number: str) -> Secret:
    try:
        told: Any = await ask(bot, endpoint, {"user_id": int(number)})
    except TelegramError as error:
        raise send_failure(error, repeatable=True) from None  # its text may hold a token
    if not isinstance(told, str) or not told.startswith(f"{number}:"):
        raise SendDelayed("Telegram's answer is no token of that bot")
    return Secret(told)
