"""What Telegram says of a bot, by questions that take no update from anybody.

`getUpdates` is not among them: a second reader breaks in upon the first, and an offset would
confirm what nobody has read. So whether another program polls is not told here; the log of a
running gateway says so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bots.checked import Checked
from bots.links import PlannedLink
from bots.questions import Questions
from bots.telegram.address import webhook_of
from bots.telegram.client import WANTED
from core.clock import Clock
from core.secrets import Secret
from core.text import clean

_REFUSED = (401, 404)
_MANY = 100
_SHORT = 200
_RECENTLY = 86_400.0
_UNASKED = frozenset({"chat_member", "message_reaction"})
"""What comes only where it is asked for by name."""
_SCOPES = ("default", "all_group_chats", "all_chat_administrators")


async def probe(
    link: PlannedLink, where: str, session: aiohttp.ClientSession, clock: Clock, *, faces: bool
) -> AsyncIterator[Checked]:
    """Raises Unanswered."""
    root = link.settings.text("TELEGRAM_API_ROOT").rstrip("/")
    ask = Questions(session, Secret(f"{root}/bot{link.token.reveal()}"), clock)
    told = await ask.get("/getMe")
    if told.status in _REFUSED:
        token = f"TELEGRAM_BOT_TOKEN of {link.character.name}"
        mend = "Send /token to @BotFather, and write down what it answers"
        yield Checked(token, "Telegram refuses it", mend)
        return
    if told.status != 200:
        yield Checked(where, f"Telegram refuses to be asked ({told.status})")
        return
    us = told.body["result"]
    for one in _of_bot(link, where, us):
        yield one
    hook = (await ask.get("/getWebhookInfo")).body["result"]
    for one in _of_webhook(link, where, hook, clock.now().timestamp()):
        yield one
    offered = 0
    for scope in _SCOPES:
        answer = await ask.get(f'/getMyCommands?scope={{"type":"{scope}"}}')
        offered = max(offered, len(answer.body["result"]))
    menu = (
        f"commands in its menu: {offered}" if offered else "no menu yet: the first start makes it"
    )
    pending = int(hook.get("pending_update_count") or 0)
    what = f"logs in as @{us['username']} ({us['id']}); {menu}; updates that wait: {pending}"
    yield Checked(where, what, severity="note")


def _of_bot(link: PlannedLink, where: str, us: dict[str, Any]) -> Iterator[Checked]:
    if not us.get("can_read_all_group_messages"):
        what = "hears in groups only what is addressed to it (privacy mode is on)"
        mend = "Send /setprivacy to @BotFather, choose Disable, and add it to its groups again"
        yield Checked(where, what, mend, "warning")
    if not us.get("can_join_groups"):
        mend = "Send /setjoingroups to @BotFather, and choose Enable, if it is to be in groups"
        yield Checked(where, "cannot be added to groups", mend, "note")
    if link.settings.flag("TELEGRAM_INLINE") and not us.get("supports_inline_queries"):
        mend = "Send /setinline to @BotFather, if it is to answer behind its name in any chat"
        yield Checked(where, "answers no inline queries", mend, "note")


def _of_webhook(
    link: PlannedLink, where: str, hook: dict[str, Any], now: float
) -> Iterator[Checked]:
    """Never the address itself: whoever knows it can pass for Telegram."""
    settings, there = link.settings, str(hook.get("url") or "")
    wanted = webhook_of(settings.text("TELEGRAM_WEBHOOK_URL"))
    if there and wanted is None:
        what = f"a webhook is set ({_host(there)}), while updates are to be polled"
        mend = (
            "The next start takes it away; if another program wants it, give that one its own bot"
        )
        yield Checked(where, what, mend, "warning")
    elif wanted is not None and not there:
        yield Checked(where, "no webhook is set yet", "The next start sets it", "note")
    elif wanted is not None and there != wanted.address(link.token).reveal():
        what = f"the webhook that is set ({_host(there)}) is not the one of TELEGRAM_WEBHOOK_URL"
        mend = "The next start sets ours; if another program has set it, give that one its own bot"
        yield Checked(where, what, mend, "warning")
    if there:
        yield from _of_delivery(where, hook, now)
    pending = int(hook.get("pending_update_count") or 0)
    if pending >= _MANY:
        what = f"{pending} updates wait to be fetched"
        yield Checked(where, what, "They come at the next start, for a day at most", "warning")


def _of_delivery(where: str, hook: dict[str, Any], now: float) -> Iterator[Checked]:
    failed = float(hook.get("last_error_date") or 0)
    if failed and now - failed < _RECENTLY:
        minutes = max(0, round((now - failed) / 60))
        said = clean(str(hook.get("last_error_message") or "")).strip()[:_SHORT]
        what = f"Telegram could not bring an update {minutes} minutes ago: {said}"
        mend = "Its address has to lead to SERVER_PORT of a troupe that runs, by https"
        yield Checked(where, what, mend, "warning")
    kinds = hook.get("allowed_updates")
    missing = sorted(set(WANTED) - set(kinds) if isinstance(kinds, list) else _UNASKED)
    if missing:
        what = f"the webhook does not bring {', '.join(missing)}"
        yield Checked(where, what, "The next start asks for them", "warning")


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "an address"
    except ValueError:
        return "an address"
