"""The methods with which a bot asks about itself and its chats, and sets itself up."""

import re
from typing import Any
from urllib.parse import urlsplit

from bots.sandbox import ages, shapes
from bots.sandbox.addressed import find_chat
from bots.sandbox.asked import Asked, Refused, bad
from bots.sandbox.desks import Desk
from bots.sandbox.world import PRESENT, World

_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def get_me(world: World, desk: Desk, asked: Asked) -> Any:
    me = shapes.me(desk.bot, reads_all=desk.bot.id not in world.private_bots)
    return ages.about_oneself(asked.api, me)


def get_chat(world: World, desk: Desk, asked: Asked) -> Any:
    room = find_chat(world, desk, asked)
    shape = shapes.full_chat(room)
    for name in ("description", "invite_link", "slow_mode_delay"):
        if room.more.get(name):
            shape[name] = room.more[name]
    if "permissions" in room.more:
        given = room.more["permissions"]
        shape["permissions"] = {one: bool(given.get(one)) for one in shape["permissions"]}
    pinned = room.messages.get((room.more.get("pinned") or [0])[-1])
    if pinned is not None and not pinned.deleted:
        shape["pinned_message"] = shapes.message(world, pinned, nested=True)
    return shape


def get_chat_member(world: World, desk: Desk, asked: Asked) -> Any:
    room = find_chat(world, desk, asked)
    who = world.accounts.get(asked.needed("user_id"))
    if who is None:
        raise bad("user not found")
    return shapes.member(who, room.members.get(who, "left"))


def get_chat_administrators(world: World, desk: Desk, asked: Asked) -> Any:
    room = find_chat(world, desk, asked)
    if room.kind == "private":
        raise bad("there are no administrators in the private chat")
    return [
        shapes.member(who, status)
        for who, status in room.members.items()
        if status in {"creator", "administrator"}
        and (not who.is_bot or who is desk.bot or asked.flag("return_bots"))
    ]


def get_chat_member_count(world: World, desk: Desk, asked: Asked) -> Any:
    room = find_chat(world, desk, asked)
    return sum(status in PRESENT for status in room.members.values())


def leave_chat(world: World, desk: Desk, asked: Asked) -> Any:
    room = find_chat(world, desk, asked)
    if room.kind == "private":
        raise bad("chat member status can't be changed in private chats")
    world.say(desk.bot, room, "", service={"left_chat_member": desk.bot.id})
    world.set_member(room, desk.bot, "left", desk.bot)
    return True


def remember_allowed(world: World, desk: Desk, asked: Asked) -> None:
    """Keep which kinds a bot asked for; not naming them keeps what was asked before."""
    kinds = asked.json("allowed_updates")
    if kinds is None:
        return
    if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
        raise bad("can't parse allowed_updates JSON object")
    wanted = frozenset(kinds) or None
    if wanted != desk.queue.allowed:
        world.commit({"fact": "allowed", "bot": desk.bot.id, "kinds": sorted(kinds)})


def set_webhook(world: World, desk: Desk, asked: Asked) -> Any:
    url = asked.text("url") or ""
    if not url:
        return delete_webhook(world, desk, asked)
    place = urlsplit(url)
    # Telegram wants https; on one machine plain http to a loopback address is as safe.
    if place.scheme != "https" and not (place.scheme == "http" and place.hostname in _LOOPBACK):
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    secret = asked.text("secret_token") or None
    if secret is not None and not _SECRET.fullmatch(secret):
        raise bad("secret token contains unallowed characters")
    certificate = asked.files.get("certificate")
    if certificate is not None and b"-----BEGIN CERTIFICATE-----" not in certificate.data:
        raise bad("bad webhook: can't use the certificate")
    remember_allowed(world, desk, asked)
    if asked.flag("drop_pending_updates"):
        world.commit({"fact": "dropped", "bot": desk.bot.id})
    connections = max(1, min(100, asked.number("max_connections", 40) or 40))
    fact = {"fact": "webhook", "bot": desk.bot.id, "url": url, "secret": secret}
    own = certificate.data.decode("latin-1") if certificate is not None else None
    world.commit({**fact, "max_connections": connections, "certificate": own})
    return True


def delete_webhook(world: World, desk: Desk, asked: Asked) -> Any:
    if asked.flag("drop_pending_updates"):
        world.commit({"fact": "dropped", "bot": desk.bot.id})
    if desk.webhook is not None:
        fact = {"fact": "webhook", "bot": desk.bot.id, "url": "", "secret": None}
        world.commit({**fact, "max_connections": 0})
    return True


def get_webhook_info(world: World, desk: Desk, asked: Asked) -> Any:
    hook = desk.webhook
    shape: dict[str, Any] = {
        "url": hook.url if hook is not None else "",
        "has_custom_certificate": hook is not None and hook.certificate is not None,
        "pending_update_count": len(desk.queue),
    }
    if desk.queue.allowed is not None:
        shape["allowed_updates"] = sorted(desk.queue.allowed)
    if hook is None:
        return shape
    shape["max_connections"] = hook.max_connections
    if hook.error is not None and hook.error_at is not None:
        shape["last_error_date"] = int(hook.error_at)
        shape["last_error_message"] = hook.error
    return shape


def log_out(world: World, desk: Desk, asked: Asked) -> Any:
    return True


def close(world: World, desk: Desk, asked: Asked) -> Any:
    started = getattr(world, "started", world.now())
    if world.now() - started < 600:
        raise Refused(429, "Too Many Requests: retry after 600", retry_after=600)
    return True
