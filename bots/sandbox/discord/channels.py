"""Channels as bots see and change them: of a server, of two people, and threads."""

from typing import Any

from bots.sandbox.discord import content, deeds, shapes, talking
from bots.sandbox.discord.asking import Answer, Ask, snowflake
from bots.sandbox.discord.permissions import (
    BOARDS,
    MANAGE_CHANNELS,
    MANAGE_ROLES,
    MANAGE_THREADS,
    PRIVATE_THREADS,
    PUBLIC_THREADS,
    SEND,
    SPOKEN,
    THREADS,
    VIEW,
    WITH_THREADS,
    in_channel,
)
from bots.sandbox.discord.refusals import Form, no
from bots.sandbox.discord.routing import Routes
from bots.sandbox.discord.snowflakes import mint
from bots.sandbox.things import Account, Chat
from bots.sandbox.world import World

Json = dict[str, Any]
routes = Routes()
_A_CHANNEL = "/channels/{channel}"
_MEMBERS = _A_CHANNEL + "/thread-members"
_PRIVATE_THREAD = 12
_NEEDS_TAG = 1 << 4
_MINUTES = frozenset({60, 1440, 4320, 10080})
_CHANGED = ("topic", "rate_limit_per_user", "available_tags", "flags", "applied_tags")
_OF_SOUND = ("bitrate", "user_limit", "rtc_region", "video_quality_mode")


@routes("GET", _A_CHANNEL)
def get_channel(ask: Ask) -> Json:
    return shapes.channel(ask.any_channel(), ask.bot)


@routes("PATCH", _A_CHANNEL)
def update_channel(ask: Ask) -> Json:
    room, body, form = ask.any_channel(), ask.form, Form()
    if room.guild is None:
        raise no(50003)
    _check_may_change(room, ask.bot)
    name = form.text(body, "name", 100, least=1) if "name" in body else room.title
    form.number(body, "rate_limit_per_user", 0, 0, 21_600)
    more: Json = {field: body[field] for field in _CHANGED if field in body}
    more |= sound(room.kind, body, form)
    if "available_tags" in more:
        more["available_tags"] = tags(ask.world, more["available_tags"] or [])
    if room.kind in THREADS:
        more |= {
            field: body[field]
            for field in ("archived", "locked", "auto_archive_duration", "invitable")
            if field in body
        }
        if body.get("archived"):
            more["archived_at"] = ask.world.now()
        if shapes.is_archived(room) and more.get("archived") is not False:
            raise no(50083)
    form.check()
    fact: Json = {"fact": "room_changed", "chat": room.key, "name": name, "more": more}
    if "parent_id" in body and room.kind not in THREADS:
        fact["parent"] = _category(ask, body["parent_id"])
    if "permission_overwrites" in body:
        fact["overwrites"] = {
            str(each["id"]): _overwrite(each) for each in body["permission_overwrites"] or ()
        }
    ask.world.commit(fact)
    return shapes.channel(room, ask.bot)


def sound(kind: str, body: Json, form: Form) -> Json:
    """What somebody says about how a voice channel sounds, and how many it takes."""
    if kind not in SPOKEN:
        return {}
    form.number(body, "bitrate", 64_000, 8_000, 96_000)
    form.number(body, "user_limit", 0, 0, 99 if kind == "voice" else 10_000)
    return {field: body[field] for field in _OF_SOUND if field in body}


def _category(ask: Ask, given: Any) -> int | None:
    if given is None:
        return None
    above = ask.world.chats.get(f"dc:{snowflake('parent', given)}")
    if above is None or above.kind != "category":
        form = Form()
        form.wrong("parent_id", "CHANNEL_PARENT_INVALID_TYPE", "Not a category")
        form.check()
    assert above is not None
    return above.id


def tags(world: World, given: list[Json]) -> list[Json]:
    """The tags of a board; those that are new get an id."""
    return [
        {
            "id": str(each.get("id") or mint(world)),
            "name": str(each.get("name") or ""),
            "moderated": bool(each.get("moderated")),
            "emoji_id": each.get("emoji_id"),
            "emoji_name": each.get("emoji_name"),
        }
        for each in given
    ]


def _overwrite(given: Json) -> list[Any]:
    return [given.get("type") == 1, int(given.get("allow") or 0), int(given.get("deny") or 0)]


@routes("PUT", _A_CHANNEL + "/permissions/{overwrite}")
def set_channel_permission_overwrite(ask: Ask) -> None:
    room = _to_rule(ask)
    _rule(ask, room, _overwrite(ask.form))


@routes("DELETE", _A_CHANNEL + "/permissions/{overwrite}")
def delete_channel_permission_overwrite(ask: Ask) -> None:
    room = _to_rule(ask)
    if ask.number("overwrite") not in room.overwrites:
        raise no(10009)
    _rule(ask, room, None)


def _to_rule(ask: Ask) -> Chat:
    room = ask.any_channel()
    if room.guild is None:
        raise no(50003)
    if not in_channel(room, ask.bot) & MANAGE_ROLES:
        raise no(50013)
    return room


def _rule(ask: Ask, room: Chat, overwrite: list[Any] | None) -> None:
    changed = {str(ask.number("overwrite")): overwrite}
    ask.world.commit({"fact": "room_changed", "chat": room.key, "overwrite": changed})


def _check_may_change(room: Chat, bot: Account) -> None:
    wanted = MANAGE_THREADS if room.kind in THREADS else MANAGE_CHANNELS
    if room.owner is not bot and not in_channel(room, bot) & wanted:
        raise no(50013)


@routes("DELETE", _A_CHANNEL)
def delete_channel(ask: Ask) -> Json:
    room = ask.any_channel()
    shape = shapes.channel(room, ask.bot)
    if room.guild is not None:
        if not in_channel(room, ask.bot) & (
            MANAGE_THREADS if room.kind in THREADS else MANAGE_CHANNELS
        ):
            raise no(50013)
        ask.world.commit({"fact": "room_gone", "chat": room.key})
    # A direct channel is only closed, and stands there again with the next message.
    return shape


# -- threads ---------------------------------------------------------------------------------------


@routes("POST", _A_CHANNEL + "/messages/{message}/threads")
def create_thread_from_message(ask: Ask) -> Answer:
    said = ask.message()
    room = said.chat
    if room.kind not in WITH_THREADS:
        raise no(50024)
    if not in_channel(room, ask.bot) & PUBLIC_THREADS:
        raise no(50013)
    if f"dc:{said.id}" in ask.world.chats:
        raise no(160004)
    name, more = _named(ask.form)
    made = talking.open_thread(ask.world, room, name, ask.bot, message=said, more=more)
    return Answer(201, shapes.thread(made, ask.bot))


@routes("POST", _A_CHANNEL + "/threads")
def create_thread(ask: Ask) -> Answer:
    room, body = ask.any_channel(), ask.form
    if room.kind in BOARDS:
        return _post(ask, room, body)
    if room.kind not in WITH_THREADS:
        raise no(50024)
    private = body.get("type", _PRIVATE_THREAD) == _PRIVATE_THREAD
    if not in_channel(room, ask.bot) & (PRIVATE_THREADS if private else PUBLIC_THREADS):
        raise no(50013)
    name, more = _named(body)
    if private:
        more["invitable"] = body.get("invitable", True)
    made = talking.open_thread(ask.world, room, name, ask.bot, private=private, more=more)
    return Answer(201, shapes.thread(made, ask.bot))


def _post(ask: Ask, board: Chat, body: Json) -> Answer:
    """A post of a board comes with its first message, which has the post's own id."""
    if not in_channel(board, ask.bot) & SEND:
        raise no(50013)
    name, more = _named(body)
    message = body.get("message")
    if not isinstance(message, dict):
        form = Form()
        form.wrong("message", "BASE_TYPE_REQUIRED", "This field is required")
        form.check()
    more["applied_tags"] = _applied(board, body)
    inner = Ask(ask.office, ask.bot, ask.args, ask.query, message, ask.files)
    text, beside = content.read(inner, board.id)
    content.check_filled(inner.form, text, beside)
    made = talking.open_thread(ask.world, board, name, ask.bot, more=more)
    said = talking.say(ask.world, ask.bot, made, text or "", more=beside, number=made.id)
    shape = shapes.thread(made, ask.bot)
    return Answer(201, {**shape, "message": shapes.message(ask.world, said, ask.bot)})


def _applied(board: Chat, body: Json) -> list[str]:
    """The tags of a new post; a board may ask for one at least, and knows which there are."""
    given = [str(each) for each in body.get("applied_tags") or ()]
    known = {each["id"] for each in board.more.get("available_tags", ())}
    if set(given) - known:
        raise no(40066 if not known else 10087)
    if not given and board.more.get("flags", 0) & _NEEDS_TAG:
        raise no(40067)
    return given


def _named(body: Json) -> tuple[str, Json]:
    form = Form()
    name = form.text(body, "name", 100, least=1)
    minutes = body.get("auto_archive_duration")
    if minutes is not None and (not isinstance(minutes, int) or minutes not in _MINUTES):
        message = "Value must be one of {60, 1440, 4320, 10080}."
        form.wrong("auto_archive_duration", "BASE_TYPE_CHOICES", message)
    form.check()
    more = {
        field: body[field]
        for field in ("auto_archive_duration", "rate_limit_per_user")
        if body.get(field) is not None
    }
    return name or "", more


def _thread(ask: Ask) -> Chat:
    room = ask.any_channel()
    if room.kind not in THREADS:
        raise no(50024)
    return room


@routes("GET", _MEMBERS)
def list_thread_members(ask: Ask) -> list[Json]:
    room = _thread(ask)
    return [_thread_member(ask, room, who) for who in room.joined]


@routes("GET", _MEMBERS + "/{user}")
def get_thread_member(ask: Ask) -> Json:
    room = _thread(ask)
    return _thread_member(ask, room, _follower(ask, room))


def _follower(ask: Ask, room: Chat) -> Account:
    mine = ask.args["user"] == "@me"
    who = ask.bot if mine else ask.world.snowflakes.get(ask.number("user"))
    if who is None or who not in room.joined:
        raise no(10007)
    return who


def _thread_member(ask: Ask, room: Chat, who: Account) -> Json:
    shape = shapes.thread_member(room, who)
    if ask.query.get("with_member", "").lower() in {"1", "true"} and room.guild is not None:
        shape["member"] = shapes.member(room.guild, who)
    return shape


@routes("PUT", _MEMBERS + "/@me")
def join_thread(ask: Ask) -> None:
    deeds.follow(ask.world, _thread(ask), ask.bot)


@routes("PUT", _MEMBERS + "/{user}")
def add_thread_member(ask: Ask) -> None:
    room = _thread(ask)
    assert room.guild is not None
    deeds.follow(ask.world, room, ask.member(room.guild))


@routes("DELETE", _MEMBERS + "/@me")
def leave_thread(ask: Ask) -> None:
    deeds.follow(ask.world, _thread(ask), ask.bot, on=False)


@routes("DELETE", _MEMBERS + "/{user}")
def delete_thread_member(ask: Ask) -> None:
    room = _thread(ask)
    if room.owner is not ask.bot and not in_channel(room, ask.bot) & MANAGE_THREADS:
        raise no(50013)
    deeds.follow(ask.world, room, _follower(ask, room), on=False)


@routes("GET", "/guilds/{guild}/threads/active")
def get_active_guild_threads(ask: Ask) -> Json:
    rooms = [
        room
        for room in ask.guild().channels.values()
        if room.kind in THREADS
        and not shapes.is_archived(room)
        and in_channel(room, ask.bot) & VIEW
    ]
    return _threads(ask, rooms)


@routes("GET", _A_CHANNEL + "/threads/archived/public")
def list_public_archived_threads(ask: Ask) -> Json:
    return _threads(ask, _archived(ask, {"thread", "post"}))


@routes("GET", _A_CHANNEL + "/threads/archived/private")
def list_private_archived_threads(ask: Ask) -> Json:
    if not in_channel(ask.any_channel(), ask.bot) & MANAGE_THREADS:
        raise no(50013)
    return _threads(ask, _archived(ask, {"private_thread"}))


@routes("GET", _A_CHANNEL + "/users/@me/threads/archived/private")
def list_my_private_archived_threads(ask: Ask) -> Json:
    rooms = [room for room in _archived(ask, {"private_thread"}) if ask.bot in room.joined]
    return _threads(ask, rooms)


def _archived(ask: Ask, kinds: set[str]) -> list[Chat]:
    """The archived threads of a channel, the last archived first, before a time if one is named."""
    room = ask.any_channel()
    if room.guild is None or room.kind in THREADS:
        raise no(50024)
    found = [
        each
        for each in room.guild.channels.values()
        if each.parent is room and each.kind in kinds and shapes.is_archived(each)
    ]
    before = ask.query.get("before")
    found.sort(key=lambda each: each.more.get("archived_at", 0.0), reverse=True)
    return [
        each
        for each in found
        if before is None or shapes.thread_metadata(each)["archive_timestamp"] < before
    ]


def _threads(ask: Ask, rooms: list[Chat]) -> Json:
    form = Form()
    limit = form.number(dict(ask.query), "limit", 50, 2, 100)
    form.check()
    shown = rooms[:limit] if "limit" in ask.query else rooms
    return {
        "threads": [shapes.thread(room, ask.bot) for room in shown],
        "members": [shapes.thread_member(r, ask.bot) for r in shown if ask.bot in r.joined],
        "has_more": len(rooms) > len(shown),
    }
