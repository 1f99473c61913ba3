"""What the page shows of a message on Telegram beside its words: things, polls, places, forwards."""

from __future__ import annotations

from typing import Any

from bots.sandbox import affairs, shapes
from bots.sandbox.glance import file_of
from bots.sandbox.things import Chat, Message
from bots.sandbox.world import World

Json = dict[str, Any]
_RULERS = frozenset({"creator", "administrator"})
_FILES = ("document", "audio", "voice", "video", "video_note", "animation", "sticker")
# Of a venue and an animation the message also says what old clients know; the first name counts.
_KINDS = ("venue", "animation", *sorted(shapes.MEDIA - {"venue", "animation"}))


def kind_of(said: Message) -> str:
    return next((name for name in _KINDS if name in said.more), "text")


def of_telegram(world: World, said: Message) -> Json:
    more, kind = said.more, kind_of(said)
    shown: Json = {
        "kind": kind,
        "files": _files(world, said),
        "album": more.get("media_group_id"),
        "spoiler": bool(more.get("has_media_spoiler")),
        "forwarded": _source(said.origin),
        "quote": (more.get("quote") or {}).get("text"),
        "elsewhere": _elsewhere(more.get("external_reply")),
        "via": _name(world, more.get("via_bot")),
        "guest_of": _name(world, more.get("guest_bot_caller_user")),
        "as": (more.get("sender_chat") or {}).get("title"),
        "keyboard": _keyboard(said),
        "once": bool((said.markup or {}).get("one_time_keyboard")),
        "silent": bool(more.get("_silent")),
    }
    if "ephemeral_message_id" in more:
        # It has no number among the messages of its room.
        shown |= {"id": f"w{more['ephemeral_message_id']}", "only": more["receiver_user"]}
    if said.chat.kind == "channel":
        shown["as"] = said.chat.title
    if kind in {"location", "venue"}:
        shown["place"] = _place(more)
    elif kind in {"contact", "dice"}:
        shown[kind] = more[kind]
    elif kind == "sticker":
        shown["emoji"] = more["sticker"].get("emoji")
    elif kind == "poll":
        shown["poll"] = _poll(world, more["poll"])
    return shown


def _files(world: World, said: Message) -> list[Json]:
    """One for each thing; a picture in its largest size. `seconds` and sizes where they are known."""
    kind = kind_of(said)
    photo = said.more.get("photo")
    if photo:
        largest = photo[-1] if isinstance(photo, list) else photo
        return [_file(world, largest, "Picture")]
    return [_file(world, said.more[kind], kind)] if kind in _FILES else []


def _file(world: World, file: Json, name: str) -> Json:
    number = str(file.get("file_id"))
    held = number in world.files
    still = (file.get("thumbnail") or {}).get("file_id")
    return {
        **file_of(world, {"file_name": name.replace("_", " ").capitalize(), **file}),
        "mime": world.files[number][0] if held else file.get("mime_type"),
        "at": f"/stage/file/{number}" if held else None,
        "still": f"/stage/file/{still}" if still in world.files else None,
        "seconds": file.get("duration"),
        "width": file.get("width") or file.get("length"),
        "height": file.get("height") or file.get("length"),
        "title": file.get("title"),
        "performer": file.get("performer"),
    }


def _place(more: Json) -> Json:
    venue = more.get("venue") or {}
    place = more.get("location") or venue.get("location") or {}
    return {
        "latitude": place.get("latitude"),
        "longitude": place.get("longitude"),
        "live": bool(place.get("live_period")),
        "title": venue.get("title"),
        "address": venue.get("address"),
    }


def _poll(world: World, poll: Json) -> Json:
    """With who voted for what; of an anonymous poll one shows a person no vote but the own one."""
    votes = world.votes.get(poll["id"], {})
    options = [
        {
            "text": option["text"],
            "votes": option["voter_count"],
            "from": [who for who, chosen in votes.items() if number in chosen],
        }
        for number, option in enumerate(poll["options"])
    ]
    return {
        "question": poll["question"],
        "options": options,
        "voters": poll["total_voter_count"],
        "closed": poll["is_closed"],
        "several": poll["allows_multiple_answers"],
        "quiz": poll["type"] == "quiz",
        "anonymous": poll["is_anonymous"],
    }


def _source(origin: Json | None) -> str | None:
    """Whose words are passed on."""
    if origin is None:
        return None
    chat = origin.get("chat") or origin.get("sender_chat") or {}
    named = (origin.get("sender_user") or {}).get("first_name") or origin.get("sender_user_name")
    return str(named or chat.get("title") or "Someone")


def _elsewhere(reply: Json | None) -> Json | None:
    """The message of another chat that is answered."""
    if reply is None:
        return None
    return {"name": _source(reply["origin"]), "chat": (reply.get("chat") or {}).get("title")}


def _name(world: World, who: Any) -> str | None:
    return world.accounts[who].name if who in world.accounts else None


def _keyboard(said: Message) -> list[list[str]] | None:
    """Ready answers in place of people's own keyboard; an empty list takes earlier ones away."""
    markup = said.markup or {}
    rows = [] if markup.get("remove_keyboard") else markup.get("keyboard")
    if rows is None:
        return None
    return [
        [str(key.get("text", "")) if isinstance(key, dict) else str(key) for key in row]
        for row in rows
    ]


def service_of_telegram(said: Message) -> str | None:
    """What a service message says that only Telegram has."""
    told, name = said.service or {}, said.sender.name
    topic = said.chat.topics.get(said.topic or 0, "")
    if "forum_topic_edited" in told:
        return f"{name} renamed the topic to {told['forum_topic_edited'].get('name', topic)}"
    if "new_chat_title" in told:
        return f"{name} changed the title to {told['new_chat_title']}"
    if "pinned_message" in told:
        pinned = said.chat.messages.get(told["pinned_message"])
        return (
            f"{name} pinned a message"
            if not (pinned and pinned.text)
            else (f"{name} pinned “{pinned.text[:60]}”")
        )
    plain = {
        "forum_topic_closed": f"{name} closed the topic {topic}",
        "forum_topic_reopened": f"{name} opened the topic {topic} again",
        "general_forum_topic_hidden": f"{name} hid the topic General",
        "general_forum_topic_unhidden": f"{name} showed the topic General again",
    }
    if told.get("new_chat_members") == [said.sender.id]:
        return f"{name} joined"
    return next((words for kind, words in plain.items() if kind in told), None)


def room_on_telegram(world: World, chat: Chat) -> Json:
    """What the page shows of a chat that only Telegram has."""
    connection = affairs.connection_of(world, chat)
    linked = chat.more.get("linked")
    return {
        "pinned": [str(number) for number in chat.more.get("pinned", ())],
        "closed": [str(number) for number in chat.more.get("closed", ())],
        "linked": linked.key if linked is not None else None,
        "asking": [who.id for who in chat.more.get("asking", ())],
        "business": chat.owner.id if chat.owner is not None else None,
        "stood_in_by": connection["bot"] if connection is not None else None,
        "admins": [who.id for who, status in chat.members.items() if status in _RULERS],
    }
