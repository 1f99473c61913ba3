"""Updates in Telegram's own shape, to read and to spoil."""

from __future__ import annotations

from typing import Any

ADA = {"id": 110201543, "is_bot": True, "first_name": "Ada", "username": "ada_bot"}
ELIZA = {"id": 110201544, "is_bot": True, "first_name": "Eliza", "username": "eliza_bot"}
BOB = {"id": 77, "is_bot": False, "first_name": "Bob", "last_name": "Stone", "username": "bob"}
EVE = {"id": 78, "is_bot": False, "first_name": "Eve"}

PRIVATE = {"id": 77, "type": "private", "first_name": "Bob", "username": "bob"}
GROUP = {"id": -100500, "type": "supergroup", "title": "Tea room"}
FORUM = {"id": -100600, "type": "supergroup", "title": "Reading club", "is_forum": True}
CHANNEL = {"id": -100700, "type": "channel", "title": "News"}

DATE = 1_790_000_000


def message(text: str | None = "hello", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"message_id": 5, "date": DATE, "chat": PRIVATE, "from": BOB}
    if text is not None:
        made["text"] = text
    return made | more


def update(update_id: int = 9, **content: Any) -> dict[str, Any]:
    return {"update_id": update_id, **content}


def tag(kind: str, text: str, part: str, **more: Any) -> dict[str, Any]:
    """The entity that covers `part` of `text`."""
    before = text[: text.index(part)]
    return {"type": kind, "offset": _units(before), "length": _units(part), **more}


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _file(kind: str, **more: Any) -> dict[str, Any]:
    return {"file_id": f"{kind}-file", "file_unique_id": f"{kind}-unique", "file_size": 10, **more}


PHOTO = [
    _file("small", width=90, height=90),
    _file("large", width=900, height=900),
]
VOICE = _file("voice", duration=3, mime_type="audio/ogg")
AUDIO = _file("audio", duration=3, mime_type="audio/mpeg", file_name="song.mp3")
DOCUMENT = _file("document", file_name="notes.txt", mime_type="text/plain")
VIDEO = _file("video", width=9, height=9, duration=3, mime_type="video/mp4")
STICKER = _file(
    "sticker", width=512, height=512, is_animated=False, is_video=False, type="regular", emoji="👍"
)

REAL = [
    update(message=message()),
    update(message=message("/start now", entities=[tag("bot_command", "/start now", "/start")])),
    update(
        message=message(
            "hi @ada_bot 👋",
            chat=GROUP,
            entities=[tag("mention", "hi @ada_bot 👋", "@ada_bot")],
            reply_to_message=message("earlier", chat=GROUP, **{"from": ADA}),
        )
    ),
    update(message=message("in a topic", chat=FORUM, message_thread_id=4, is_topic_message=True)),
    update(message=message(None, photo=PHOTO, caption="look", caption_entities=[])),
    update(message=message(None, voice=VOICE)),
    update(message=message(None, document=DOCUMENT)),
    update(message=message(None, sticker=STICKER)),
    update(message=message(None, chat=GROUP, new_chat_members=[EVE])),
    update(message=message(None, chat=GROUP, migrate_to_chat_id=-100999)),
    update(edited_message=message("hello!", edit_date=DATE + 5)),
    update(channel_post={"message_id": 3, "date": DATE, "chat": CHANNEL, "text": "news"}),
    update(
        callback_query={
            "id": "4711",
            "from": BOB,
            "chat_instance": "1",
            "data": "again",
            "message": message(
                "choose",
                **{"from": ADA},
                reply_markup={
                    "inline_keyboard": [[{"text": "Once more", "callback_data": "again"}]]
                },
            ),
        }
    ),
    update(
        message_reaction={
            "chat": GROUP,
            "message_id": 5,
            "user": BOB,
            "date": DATE,
            "old_reaction": [],
            "new_reaction": [{"type": "emoji", "emoji": "👍"}],
        }
    ),
    update(
        my_chat_member={
            "chat": PRIVATE,
            "from": BOB,
            "date": DATE,
            "old_chat_member": {"user": ADA, "status": "member"},
            "new_chat_member": {"user": ADA, "status": "kicked", "until_date": 0},
        }
    ),
    update(
        poll={
            "id": "1",
            "question": "tea?",
            "options": [],
            "total_voter_count": 0,
            "is_closed": False,
            "is_anonymous": True,
            "type": "regular",
            "allows_multiple_answers": False,
            "allows_revoting": False,
            "members_only": False,
        }
    ),
    update(a_kind_of_2031={"chat": GROUP}),
]
