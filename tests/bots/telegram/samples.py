"""Everything else that Telegram may send, one update of each kind."""

from __future__ import annotations

from typing import Any

from tests.bots.telegram.updates import (
    ADA,
    AUDIO,
    BOB,
    CHANNEL,
    DATE,
    EVE,
    FORUM,
    GROUP,
    PHOTO,
    PRIVATE,
    STICKER,
    VIDEO,
    message,
    update,
)

PLACE = {"latitude": 52.52, "longitude": 13.405}
POLL = {
    "id": "p1",
    "question": "tea?",
    "options": [
        {"persistent_id": "a", "text": "yes", "voter_count": 0},
        {"persistent_id": "b", "text": "no", "voter_count": 0},
    ],
    "total_voter_count": 0,
    "is_closed": False,
    "is_anonymous": True,
    "type": "regular",
    "allows_multiple_answers": False,
    "allows_revoting": True,
    "members_only": False,
}
THUMBNAIL = {"file_id": "thumb-file", "file_unique_id": "t", "width": 90, "height": 90}
NOTE = {
    "file_id": "note-file", "file_unique_id": "n", "length": 240, "duration": 8,
    "thumbnail": THUMBNAIL,
}  # fmt: skip
GIFT = {"gift": {"id": "g", "sticker": STICKER, "star_count": 25}, "text": "for you"}
CHECKLIST = {
    "title": "Party",
    "tasks": [
        {"id": 1, "text": "cake", "completion_date": DATE, "completed_by_user": BOB},
        {"id": 2, "text": "music"},
    ],
}
STORY = {"chat": CHANNEL, "id": 4}
RICH = {
    "blocks": [
        {"type": "heading", "text": "Title", "size": 1},
        {"type": "paragraph", "text": ["Some ", {"type": "bold", "text": "bold"}, " words"]},
        {"type": "list", "items": [{"label": "1. ", "blocks": [{"type": "p", "text": "one"}]}]},
    ]
}

THINGS: dict[str, tuple[dict[str, Any], str, str]] = {
    "location": (PLACE, "location", "52.52000, 13.40500"),
    "live": (
        {**PLACE, "live_period": 900},
        "location",
        "52.52000, 13.40500, where they are now; they go on showing it",
    ),
    "venue": (
        {"location": PLACE, "title": "Café X", "address": "Main Street 1"},
        "location",
        "Café X, Main Street 1, 52.52000, 13.40500",
    ),
    "contact": (
        {"phone_number": "+491", "first_name": "Eve", "last_name": "Low"},
        "contact",
        "Eve Low, +491",
    ),
    "poll": (POLL, "poll", "tea? yes / no"),
    "quiz": ({**POLL, "type": "quiz", "is_closed": True}, "poll", "a quiz, tea? yes / no (closed)"),
    "dice": ({"emoji": "🎲", "value": 4}, "dice", "🎲 4"),
    "game": ({"title": "Chess", "description": "for two", "photo": PHOTO}, "game", "Chess: for two"),
    "story": (STORY, "story", "of News"),
    "checklist": (CHECKLIST, "checklist", "Party: ✓ cake; music"),
    "invoice": (
        {"title": "Tea", "description": "hot", "start_parameter": "", "currency": "XTR",
         "total_amount": 5},
        "invoice",
        "Tea: hot",
    ),
    "giveaway": (
        {"chats": [CHANNEL], "winners_selection_date": DATE, "winner_count": 3,
         "prize_description": "cups"},
        "giveaway",
        "cups, 3 winners",
    ),
    "gift": (GIFT, "gift", "👍 worth 25 stars, with the words: for you"),
    "unique_gift": (
        {"gift": {"base_name": "Cup", "name": "Cup-7", "number": 7}, "origin": "transfer"},
        "gift",
        "Cup #7",
    ),
    "successful_payment": (
        {"currency": "XTR", "total_amount": 5, "invoice_payload": "x",
         "telegram_payment_charge_id": "t", "provider_payment_charge_id": "p"},
        "payment",
        "5 stars",
    ),
    "users_shared": (
        {"request_id": 1, "users": [{"user_id": 5, "first_name": "Kim"}, {"user_id": 6}]},
        "people",
        "Kim, user 6",
    ),
    "chat_shared": ({"request_id": 1, "chat_id": -9, "title": "Club"}, "chat", "Club"),
    "web_app_data": ({"data": "42", "button_text": "Choose"}, "from an app", "Choose: 42"),
}  # fmt: skip
"""What is said in words: the field's content, its kind, and the words."""

_FIELDS = {"live": "location", "quiz": "poll"}


def thing(name: str, **more: Any) -> dict[str, Any]:
    return update(message=message(None, **{_FIELDS.get(name, name): THINGS[name][0]}, **more))


def member(user: dict[str, Any], status: str, **more: Any) -> dict[str, Any]:
    return {"user": user, "status": status, **more}


def change(
    kind: str, before: dict[str, Any], now: dict[str, Any], chat: dict[str, Any] = GROUP
) -> dict[str, Any]:
    told = {"chat": chat, "from": BOB, "date": DATE}
    return update(**{kind: {**told, "old_chat_member": before, "new_chat_member": now}})


FORWARDS: dict[str, tuple[dict[str, Any], str]] = {
    "a person": ({"type": "user", "date": DATE, "sender_user": EVE}, "Eve"),
    "who hides": ({"type": "hidden_user", "date": DATE, "sender_user_name": "A friend"}, "A friend"),
    "a group": ({"type": "chat", "date": DATE, "sender_chat": GROUP}, "Tea room"),
    "a channel": (
        {"type": "channel", "date": DATE, "chat": CHANNEL, "message_id": 3,
         "author_signature": "Kim"},
        "News (Kim)",
    ),
}  # fmt: skip

BUSINESS = {"business_connection_id": "conn1"}
OWNER = {"id": 500, "is_bot": False, "first_name": "Olga"}
INLINE = {"id": "q1", "from": BOB, "query": "tea", "offset": "", "chat_type": "group"}

MORE = [
    *(thing(name) for name in THINGS),
    *(
        update(message=message("theirs", forward_origin=origin))
        for origin, _ in FORWARDS.values()
    ),
    update(message=message(None, audio={**AUDIO, "performer": "Trio", "title": "Waltz"})),
    update(message=message(None, video_note=NOTE)),
    update(message=message(None, video={**VIDEO, "thumbnail": THUMBNAIL, "cover": PHOTO})),
    update(message=message(None, photo=PHOTO, media_group_id="77", caption="two")),
    update(message=message(None, photo=PHOTO, live_photo={**VIDEO, "photo": PHOTO})),
    update(
        message=message(
            None,
            paid_media={
                "star_count": 5,
                "paid_media": [{"type": "photo", "photo": PHOTO}, {"type": "preview"}],
            },
        )
    ),
    update(message=message(None, rich_message=RICH)),
    update(
        message=message(
            "this",
            quote={"text": "some of it", "position": 0, "is_manual": True},
            reply_to_message=message("all of it", photo=PHOTO),
        )
    ),
    update(
        message=message(
            "and this?",
            external_reply={
                "origin": FORWARDS["a channel"][0], "chat": CHANNEL, "message_id": 3,
                "photo": PHOTO,
            },
        )
    ),
    update(message=message("nice", reply_to_story=STORY)),
    update(business_message=message("is it open?", **BUSINESS)),
    update(edited_business_message=message("is it open??", edit_date=DATE + 1, **BUSINESS)),
    update(
        deleted_business_messages={**BUSINESS, "chat": PRIVATE, "message_ids": [5, 6]},
    ),
    update(business_connection={"id": "conn1", "user": OWNER, "user_chat_id": 500, "date": DATE,
                                "is_enabled": True}),
    update(guest_message=message("@ada_bot hi", chat=GROUP, guest_query_id="g1")),
    update(inline_query=INLINE),
    update(chosen_inline_result={"result_id": "1", "from": BOB, "query": "tea"}),
    update(stopped_message_generation={"chat": PRIVATE, "draft_id": 7}),
    update(callback_query={"id": "1", "from": BOB, "chat_instance": "1", "data": "stop:7",
                           "message": message("so far", chat=GROUP, **{"from": ADA})}),
    update(poll_answer={"poll_id": "p1", "user": BOB, "option_ids": [0],
                        "option_persistent_ids": ["a"]}),
    update(managed_bot={"user": BOB, "bot": {**ADA, "id": 9}}),
    update(message_reaction_count={"chat": CHANNEL, "message_id": 3, "date": DATE,
                                   "reactions": []}),
    update(chat_join_request={"chat": GROUP, "from": EVE, "user_chat_id": 78, "date": DATE}),
    update(message=message(None, chat=GROUP, left_chat_member=EVE)),
    update(message=message(None, chat=GROUP, new_chat_title="Coffee room")),
    update(message=message(None, chat=GROUP, migrate_from_chat_id=-55)),
    update(message=message(None, chat=GROUP, chat_owner_changed={"new_owner": EVE})),
    update(message=message(None, chat=FORUM, message_thread_id=4, is_topic_message=True,
                           forum_topic_created={"name": "Books", "icon_color": 1})),
    update(message=message(None, chat=FORUM, message_thread_id=4, is_topic_message=True,
                           forum_topic_edited={"name": "Novels"})),
    update(message=message(None, chat=FORUM, message_thread_id=4, is_topic_message=True,
                           forum_topic_closed={})),
    update(message=message(None, chat=GROUP, pinned_message=message("old", chat=GROUP))),
    change("my_chat_member", member(ADA, "left"), member(ADA, "member")),
    change("my_chat_member", member(ADA, "member"),
           member(ADA, "kicked", until_date=0), CHANNEL),
    change("chat_member", member(EVE, "left"), member(EVE, "member")),
    change("chat_member", member(EVE, "member"), member(EVE, "administrator")),
    update(channel_post=message("post", chat=CHANNEL, sender_chat=CHANNEL)),
    update(message=message("post", chat=GROUP, sender_chat=CHANNEL, is_automatic_forward=True,
                           forward_origin=FORWARDS["a channel"][0])),
]  # fmt: skip
