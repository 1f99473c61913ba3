"""Messages as bots read, write, change and delete them."""

from bisect import bisect_left, bisect_right
from typing import Any

from bots.sandbox.discord import content, handing, shapes, stickers, talking
from bots.sandbox.discord.asking import Ask, snowflake, standing
from bots.sandbox.discord.permissions import (
    ATTACH,
    EMBED,
    HISTORY,
    MANAGE_MESSAGES,
    PIN,
    POLLS,
    SEND_VOICE,
    THREADS,
    in_channel,
    may_send,
)
from bots.sandbox.discord.refusals import Form, no, too_soon
from bots.sandbox.discord.routing import Rate, Routes
from bots.sandbox.discord.snowflakes import timestamp
from bots.sandbox.things import Chat, Message

Json = dict[str, Any]
routes = Routes()
_A_CHANNEL, _A_MESSAGE = "/channels/{channel}/messages", "/channels/{channel}/messages/{message}"
_FIVE = Rate(5, 5.0)
_TWO_WEEKS = 14 * 86_400


@routes("GET", _A_CHANNEL)
def list_messages(ask: Ask) -> list[Json]:
    room, form = ask.channel(), Form()
    limit = form.number(dict(ask.query), "limit", 50, 1, 100)
    marks = {name: ask.query[name] for name in ("around", "before", "after") if name in ask.query}
    form.check()
    if not in_channel(room, ask.bot) & HISTORY:
        return []
    numbers = list(room.messages)
    if "around" in marks:
        middle = bisect_left(numbers, snowflake("around", marks["around"]))
        low = max(0, middle - limit // 2)
        picked = numbers[low : low + limit]
        return _newest_first(ask, room, picked, limit)
    if "after" in marks:
        # The ones next after the mark, not the newest there are: so a reader can go on from it.
        start = bisect_right(numbers, snowflake("after", marks["after"]))
        return _newest_first(ask, room, numbers[start:], limit, oldest=True)
    end = len(numbers)
    if "before" in marks:
        end = bisect_left(numbers, snowflake("before", marks["before"]))
    return _newest_first(ask, room, numbers[:end], limit)


def _newest_first(
    ask: Ask, room: Chat, numbers: list[int], limit: int, *, oldest: bool = False
) -> list[Json]:
    """So many of these that still stand, taken from the old or the new end."""
    picked: list[Message] = []
    for number in numbers if oldest else reversed(numbers):
        said = room.messages[number]
        if not said.deleted and "only_for" not in said.more:
            picked.append(said)
            if len(picked) == limit:
                break
    if oldest:
        picked.reverse()
    return [shapes.message(ask.world, said, ask.bot) for said in picked]


@routes("GET", _A_MESSAGE)
def get_message(ask: Ask) -> Json:
    return shapes.message(ask.world, ask.message(), ask.bot)


@routes("POST", _A_CHANNEL, rate=_FIVE)
def create_message(ask: Ask) -> Json:
    room = ask.channel()
    _check_may_write(ask, room)
    body = ask.form
    if body.get("enforce_nonce") and body.get("nonce") is not None:
        first = ask.office.first_with(ask.bot, room.id, str(body["nonce"]))
        if first is not None:
            return shapes.message(ask.world, first, ask.bot)
    text, more = content.read(ask, room.id)
    _check_may_show(ask, room, more)
    if body.get("sticker_ids"):
        more["sticker_items"] = stickers.read(ask, Form(), room, body)
    answered = None
    if content.is_forward(body):
        more |= _passed(ask, body, room)
    else:
        answered = _answered(body, room)
    content.check_filled(body, text, more)
    said = talking.say(ask.world, ask.bot, room, text or "", reply_to=answered, more=more)
    return shapes.message(ask.world, said, ask.bot)


def _check_may_write(ask: Ask, room: Chat) -> None:
    if room.guild is None:
        person = next(who for who in room.members if who is not ask.bot)
        if (person.id, ask.bot.id) in ask.world.blocked:
            raise no(50007)
        return
    if not may_send(room, ask.bot) or (ask.files and not in_channel(room, ask.bot) & ATTACH):
        raise no(50013)
    left = talking.pause_left(ask.world, room, ask.bot)
    if left > 0:
        raise too_soon(left)
    if room.kind in THREADS:
        talking.wake(ask.world, room)


def _check_may_show(ask: Ask, room: Chat, more: Json) -> None:
    if room.guild is None:
        return
    held = in_channel(room, ask.bot)
    if more.get("flags", 0) & content.VOICE and not held & SEND_VOICE:
        raise no(50173)
    if (more.get("embeds") and not held & EMBED) or (more.get("poll") and not held & POLLS):
        raise no(50013)


def _passed(ask: Ask, body: Json, room: Chat) -> Json:
    """What a message bears that passes another one on, from any channel that the bot can read."""
    reference = content.reference_of(body)
    form = Form()
    if reference is None:
        form.wrong("message_reference.message_id", "BASE_TYPE_REQUIRED", "This field is required")
        form.check()
    assert reference is not None
    source = ask.world.chats.get(f"dc:{reference[1] or room.id}")
    if source is None:
        raise no(10003)
    if not in_channel(source, ask.bot) & HISTORY:
        raise no(50001)
    return handing.snapshot(ask.world, standing(source, reference[0]))


def _answered(body: Json, room: Chat) -> int | None:
    """The message that a new one answers; one that is gone is an error, unless that was waived."""
    reference = content.reference_of(body)
    if reference is None:
        return None
    number, elsewhere = reference
    form = Form()
    if elsewhere is not None and elsewhere != room.id:
        message = "Cannot reply to a message in a different channel"
        form.wrong("message_reference", "REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL", message)
        form.check()
    said = room.messages.get(number)
    if said is None or said.deleted:
        if body["message_reference"].get("fail_if_not_exists", True) is False:
            return None
        form.wrong("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
        form.check()
    if said is not None and said.service is not None:
        form.wrong(
            "message_reference",
            "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE",
            "Cannot reply to a system message",
        )
        form.check()
    return number


@routes("PATCH", _A_MESSAGE, rate=_FIVE)
def update_message(ask: Ask) -> Json:
    said = ask.message()
    if not is_own(ask, said):
        # Of another's message only the embeds may be hidden, by those who may manage messages.
        if set(ask.form) != {"flags"}:
            raise no(50005)
        if not in_channel(said.chat, ask.bot) & MANAGE_MESSAGES:
            raise no(50013)
    if said.chat.kind in THREADS and shapes.is_archived(said.chat):
        raise no(50083)
    return shapes.message(ask.world, rewrite(ask, said), ask.bot)


def is_own(ask: Ask, said: Message) -> bool:
    """What a webhook said is the webhook's, even for the bot that it belongs to."""
    return said.sender is ask.bot and "face" not in said.more


def rewrite(ask: Ask, said: Message) -> Message:
    """Change a message as the body says; what the body leaves out stays."""
    body = ask.form
    text, more = content.read(ask, said.chat.id, before=said.more)
    new = (text or "") if "content" in body else said.text
    content.check_filled({}, new, {**said.more, **more})
    if set(body) <= {"flags"}:
        return talking.change(ask.world, said, said.text, more)
    return talking.edit(ask.world, said, new, more)


@routes("DELETE", _A_MESSAGE)
def delete_message(ask: Ask) -> None:
    said = ask.message()
    if not is_own(ask, said):
        if said.chat.guild is None:
            raise no(50003)
        if not in_channel(said.chat, ask.bot) & MANAGE_MESSAGES:
            raise no(50013)
    talking.delete(ask.world, said)


@routes("POST", "/channels/{channel}/messages/bulk-delete")
def bulk_delete_messages(ask: Ask) -> None:
    room = ask.channel()
    if room.guild is None:
        raise no(50003)
    if not in_channel(room, ask.bot) & MANAGE_MESSAGES:
        raise no(50013)
    form = Form()
    given = form.items(ask.form, "messages", 1000)
    form.check()
    numbers = [snowflake("messages", each) for each in given]
    if not 2 <= len(numbers) <= 100:
        raise no(50016)
    found = [room.messages[number] for number in numbers if number in room.messages]
    if any(ask.world.now() - said.date > _TWO_WEEKS for said in found):
        raise no(50034)
    talking.delete_together(ask.world, room, found)


@routes("POST", "/channels/{channel}/typing")
def trigger_typing_indicator(ask: Ask) -> None:
    room = ask.channel()
    if not may_send(room, ask.bot):
        raise no(50013)
    talking.type_in(ask.world, ask.bot, room)


# -- pins ------------------------------------------------------------------------------------------


@routes("GET", "/channels/{channel}/messages/pins")
def list_pins(ask: Ask) -> Json:
    items = [
        {"pinned_at": said.more["pinned"], "message": shapes.message(ask.world, said, ask.bot)}
        for said in _pinned(ask.channel())
    ]
    return {"items": items, "has_more": False}


@routes("GET", "/channels/{channel}/pins")
def deprecated_list_pins(ask: Ask) -> list[Json]:
    return [shapes.message(ask.world, said, ask.bot) for said in _pinned(ask.channel())]


def _pinned(room: Chat) -> list[Message]:
    stand = [said for said in room.messages.values() if not said.deleted]
    return [said for said in reversed(stand) if said.more.get("pinned")]


@routes("PUT", "/channels/{channel}/messages/pins/{message}")
def create_pin(ask: Ask) -> None:
    said = _to_pin(ask)
    if len(_pinned(said.chat)) >= 50:
        raise no(30003)
    _pin(ask, said, timestamp(ask.world.now()))


@routes("DELETE", "/channels/{channel}/messages/pins/{message}")
def delete_pin(ask: Ask) -> None:
    _pin(ask, _to_pin(ask), None)


@routes("PUT", "/channels/{channel}/pins/{message}")
def deprecated_create_pin(ask: Ask) -> None:
    create_pin(ask)


@routes("DELETE", "/channels/{channel}/pins/{message}")
def deprecated_delete_pin(ask: Ask) -> None:
    delete_pin(ask)


def _to_pin(ask: Ask) -> Message:
    room = ask.channel()
    said = standing(room, ask.number("message"))
    if room.guild is not None and not in_channel(room, ask.bot) & (PIN | MANAGE_MESSAGES):
        raise no(50013)
    return said


def _pin(ask: Ask, said: Message, when: str | None) -> None:
    if said.more.get("pinned") != when:
        talking.change(ask.world, said, said.text, {"pinned": when})
