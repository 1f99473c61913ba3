"""Webhooks of channels: made by those who may, and what is said through them under any name."""

import secrets
from hashlib import md5
from typing import Any

from bots.sandbox.discord import content, shapes, talking
from bots.sandbox.discord.asking import Answer, Ask, snowflake
from bots.sandbox.discord.permissions import MANAGE_WEBHOOKS, THREADS, in_channel, in_guild
from bots.sandbox.discord.refusals import Form, no
from bots.sandbox.discord.routing import Routes
from bots.sandbox.discord.snowflakes import mint
from bots.sandbox.things import Chat, Hook, Message

Json = dict[str, Any]
routes = Routes()
_OF_CHANNEL, _ONE, _BY_TOKEN = (
    "/channels/{channel}/webhooks",
    "/webhooks/{webhook}",
    "/webhooks/{application}/{token}",
)
_MOST = 15
_HAVE_HOOKS = frozenset({"text", "announcement", "board", "voice", "stage", "media"})
_BOARDS = frozenset({"board", "media"})
_NOT_IN_NAMES = ("discord", "clyde")


# -- keeping them ----------------------------------------------------------------------------------


@routes("POST", _OF_CHANNEL)
def create_webhook(ask: Ask) -> Json:
    room = _managed(ask)
    form = Form()
    name = _name(form, ask.form, "name", required=True)
    form.check()
    if len([hook for hook in ask.world.hooks.values() if hook.chat is room]) >= _MOST:
        raise no(30007)
    number, token = mint(ask.world), secrets.token_urlsafe(51)
    _keep(ask, number, room, name, token, ask.bot.id)
    return _shape(ask.world.hooks[number])


@routes("GET", _OF_CHANNEL)
def list_channel_webhooks(ask: Ask) -> list[Json]:
    room = _managed(ask)
    return [_seen(ask, hook) for hook in ask.world.hooks.values() if hook.chat is room]


@routes("GET", "/guilds/{guild}/webhooks")
def get_guild_webhooks(ask: Ask) -> list[Json]:
    guild = ask.guild()
    if not in_guild(guild, ask.bot) & MANAGE_WEBHOOKS:
        raise no(50013)
    return [_seen(ask, hook) for hook in ask.world.hooks.values() if hook.chat.guild is guild]


@routes("GET", _ONE)
def get_webhook(ask: Ask) -> Json:
    return _seen(ask, _named(ask))


@routes("PATCH", _ONE)
def update_webhook(ask: Ask) -> Json:
    return _change(ask, _named(ask), may_move=True)


@routes("DELETE", _ONE)
def delete_webhook(ask: Ask) -> None:
    _end(ask, _named(ask))


@routes("GET", _BY_TOKEN, open=True)
def get_webhook_by_token(ask: Ask) -> Json:
    return _shape(_by_token(ask), of_whom=False)


@routes("PATCH", _BY_TOKEN, open=True)
def update_webhook_by_token(ask: Ask) -> Json:
    return _change(ask, _by_token(ask), may_move=False)


@routes("DELETE", _BY_TOKEN, open=True)
def delete_webhook_by_token(ask: Ask) -> None:
    _end(ask, _by_token(ask))


def _managed(ask: Ask) -> Chat:
    room = ask.any_channel()
    if room.kind not in _HAVE_HOOKS:
        raise no(50024 if room.guild is not None else 50003)
    if not in_channel(room, ask.bot) & MANAGE_WEBHOOKS:
        raise no(50013)
    return room


def _named(ask: Ask) -> Hook:
    hook = ask.world.hooks.get(ask.number("webhook"))
    if hook is None:
        raise no(10015)
    if not in_channel(hook.chat, ask.bot) & MANAGE_WEBHOOKS:
        raise no(50013)
    return hook


def _by_token(ask: Ask) -> Hook:
    hook = ask.hook()
    if hook is None:  # an interaction's token names no webhook of a channel
        raise no(10015)
    return hook


def _name(form: Form, body: Json, field: str, *, required: bool = False) -> str:
    name = form.text(body, field, 80, least=1 if required or body.get(field) is not None else 0)
    for word in _NOT_IN_NAMES:
        if name is not None and word in name.lower():
            message = f'Username cannot contain "{word}"'
            form.wrong(field, "USERNAME_INVALID_CONTAINS", message)
    return name or ""


def _change(ask: Ask, hook: Hook, *, may_move: bool) -> Json:
    body, form, room = ask.form, Form(), hook.chat
    name = _name(form, body, "name") or hook.name
    form.check()
    if may_move and body.get("channel_id") is not None:
        moved = ask.world.chats.get(f"dc:{snowflake('channel', body['channel_id'])}")
        if moved is None or moved.guild is not room.guild:
            raise no(10003)
        room = moved
    _keep(ask, hook.id, room, name, hook.token, hook.owner.id)
    return _shape(ask.world.hooks[hook.id])


def _end(ask: Ask, hook: Hook) -> None:
    _keep(ask, hook.id, None, hook.name, hook.token, hook.owner.id)


def _keep(ask: Ask, number: int, room: Chat | None, name: str, token: str, owner: int) -> None:
    fact: Json = {"fact": "hook", "id": number, "chat": None if room is None else room.key}
    ask.world.commit({**fact, "name": name, "token": token, "owner": owner})


def _seen(ask: Ask, hook: Hook) -> Json:
    """As somebody sees it who manages webhooks: only the own ones with their token."""
    return _shape(hook, with_token=not hook.owner.is_bot or hook.owner is ask.bot)


def _shape(hook: Hook, *, with_token: bool = True, of_whom: bool = True) -> Json:
    shape: Json = {
        "id": str(hook.id),
        "type": 1,
        "name": hook.name,
        "avatar": None,
        "channel_id": str(hook.chat.id),
        "application_id": str(hook.owner.id) if hook.owner.is_bot else None,
    }
    if hook.chat.guild is not None:
        shape["guild_id"] = str(hook.chat.guild.id)
    if with_token:
        shape["token"] = hook.token
        shape["url"] = f"https://discord.com/api/webhooks/{hook.id}/{hook.token}"
    if of_whom:
        shape["user"] = shapes.user(hook.owner)
    return shape


# -- speaking through them -------------------------------------------------------------------------


def execute(ask: Ask, hook: Hook) -> Answer:
    """Say something; only who asked to wait is told what became of it."""
    body, form = ask.form, Form()
    face = _face(form, body, hook)
    thread_name = form.text(body, "thread_name", 100)
    form.check()
    text, more = content.read(ask, hook.chat.id)
    content.check_filled(body, text, more)
    more.pop("nonce", None)
    more |= {"face": face, "webhook_id": str(hook.id)}
    if hook.owner.is_bot:
        more["application_id"] = str(hook.owner.id)
    room, number = _place(ask, hook, thread_name, body)
    said = talking.say(ask.world, hook.owner, room, text or "", more=more, number=number)
    if ask.query.get("wait", "").lower() not in {"1", "true"}:
        return Answer(204, None)
    return Answer(200, shapes.message(ask.world, said, ask.bot))


def _face(form: Form, body: Json, hook: Hook) -> Json:
    name = _name(form, body, "username") or hook.name
    url = form.text(body, "avatar_url", 2048)
    if url and not url.startswith(("http://", "https://")):
        form.wrong("avatar_url", "URL_TYPE_INVALID_URL", "Not a well formed URL.")
    face: Json = {"id": hook.id, "name": name}
    if url:
        picture = md5(url.encode(), usedforsecurity=False).hexdigest()
        face |= {"url": url, "picture": picture}
    return face


def _place(ask: Ask, hook: Hook, thread_name: str | None, body: Json) -> tuple[Chat, int | None]:
    """Where it is said: in the channel, in a thread of it, or in a new post with the id of both."""
    named = ask.query.get("thread_id")
    if hook.chat.kind in _BOARDS and named and thread_name:
        raise no(220002)
    if hook.chat.kind in _BOARDS and not named and not thread_name:
        raise no(220001)
    if thread_name and hook.chat.kind not in _BOARDS:
        raise no(220003)
    if thread_name:
        tags = {"applied_tags": [str(each) for each in body.get("applied_tags") or ()]}
        made = talking.open_thread(ask.world, hook.chat, thread_name, hook.owner, more=tags)
        return made, made.id
    if named is None:
        return hook.chat, None
    room = ask.world.chats.get(f"dc:{snowflake('thread', named)}")
    if room is None or room.kind not in THREADS or room.parent is not hook.chat:
        raise no(10003)
    talking.wake(ask.world, room)
    return room, None


def said_by(ask: Ask, hook: Hook) -> Message:
    """The message of the address, if this webhook said it, in its channel or the thread named."""
    number = snowflake("message", ask.args["message"])
    room, named = hook.chat, ask.query.get("thread_id")
    if named is not None:
        thread = ask.world.chats.get(f"dc:{snowflake('thread', named)}")
        if thread is None or thread.parent is not hook.chat:
            raise no(10003)
        room = thread
    said = room.messages.get(number)
    if said is None or said.deleted or said.more.get("webhook_id") != str(hook.id):
        raise no(10008)
    return said
