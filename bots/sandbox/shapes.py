"""The world in Telegram's words: users, chats, messages and members as the Bot API writes them."""

from typing import Any

from bots.sandbox import affairs
from bots.sandbox.text import cut
from bots.sandbox.world import GENERAL, Account, Chat, Message, World

Json = dict[str, Any]
CAPTIONED = frozenset(
    {"animation", "audio", "document", "photo", "video", "voice", "live_photo", "paid_media"}
)
"""What the words of a message are the caption of."""
MEDIA = CAPTIONED | {
    "sticker",
    "video_note",
    "location",
    "venue",
    "contact",
    "poll",
    "dice",
    "story",
    "checklist",
    "game",
    "giveaway",
}
"""What of `Message.more` is the message itself; the rest of it only goes with one."""
FOUND = frozenset({"mention", "url", "hashtag", "cashtag", "bot_command", "email"})
"""Entities that the server finds anew wherever the text goes."""
_PEOPLE = frozenset({"via_bot", "guest_bot_caller_user", "receiver_user", "sender_business_bot"})


def user(who: Account) -> Json:
    shape: Json = {"id": who.id, "is_bot": who.is_bot, "first_name": who.name}
    if who.username is not None:
        shape["username"] = who.username
    if not who.is_bot:
        shape["language_code"] = who.language
    return shape


def me(bot: Account, *, reads_all: bool) -> Json:
    """A bot as getMe shows it to itself."""
    return {
        **user(bot),
        "can_join_groups": True,
        "can_read_all_group_messages": reads_all,
        "supports_inline_queries": "inline" in bot.able,
        "can_connect_to_business": "business" in bot.able,
        "has_main_web_app": False,
        "has_topics_enabled": "topics" in bot.able,
        "allows_users_to_create_topics": "new_topics" in bot.able,
        "can_manage_bots": "managing" in bot.able,
        "supports_guest_queries": "guests" in bot.able,
        "supports_join_request_queries": False,
    }


def chat(room: Chat) -> Json:
    if room.kind in {"private", "business"}:
        person = next(who for who in room.members if not who.is_bot and who is not room.owner)
        shape: Json = {"id": room.id, "type": "private", "first_name": person.name}
        if person.username is not None:
            shape["username"] = person.username
        return shape
    kind = room.kind if room.kind in {"group", "channel"} else "supergroup"
    shape = {"id": room.id, "type": kind, "title": room.title}
    if room.kind == "forum":
        shape["is_forum"] = True
    if "username" in room.more:
        shape["username"] = room.more["username"]
    return shape


def full_chat(room: Chat) -> Json:
    """A chat as getChat shows it."""
    gifts = dict.fromkeys(
        (
            "unlimited_gifts",
            "limited_gifts",
            "unique_gifts",
            "premium_subscription",
            "gifts_from_channels",
        ),
        room.kind == "private",
    )
    shape = {
        **chat(room),
        "accent_color_id": abs(room.id) % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": gifts,
    }
    if room.kind != "private":
        shape["permissions"] = _permissions()
    if "linked" in room.more:
        shape["linked_chat_id"] = room.more["linked"].id
    return shape


def _permissions() -> Json:
    names = (
        "can_send_messages can_send_audios can_send_documents can_send_photos can_send_videos "
        "can_send_video_notes can_send_voice_notes can_send_polls can_send_other_messages "
        "can_add_web_page_previews can_react_to_messages can_edit_tag can_change_info "
        "can_invite_users can_pin_messages can_manage_topics"
    )
    return dict.fromkeys(names.split(), True)


def member(who: Account, status: str) -> Json:
    """A membership; each status has its own required fields."""
    shape: Json = {"status": status, "user": user(who)}
    if status == "creator":
        shape["is_anonymous"] = False
    elif status == "administrator":
        shape |= {
            "can_be_edited": False,
            "is_anonymous": False,
            "can_manage_chat": True,
            "can_delete_messages": True,
            "can_manage_video_chats": True,
            "can_restrict_members": True,
            "can_promote_members": False,
            "can_change_info": True,
            "can_invite_users": True,
            "can_post_stories": False,
            "can_edit_stories": False,
            "can_delete_stories": False,
            "can_pin_messages": True,
            "can_manage_topics": True,
        }
    elif status == "restricted":
        shape |= {**_permissions(), "is_member": True, "can_send_messages": False, "until_date": 0}
    elif status == "kicked":
        shape["until_date"] = 0
    return shape


def entity(world: World, given: Json) -> Json:
    """A kept entity holds a user's id only; the wire wants the user."""
    if given["type"] != "text_mention":
        return given
    return {**given, "user": user(world.accounts[given["user"]["id"]])}


def message(world: World, said: Message, *, nested: bool = False) -> Json:
    """A message as bots see it; the message it replies to is shown one level deep."""
    room = said.chat
    shape: Json = {
        "message_id": said.id,
        "from": user(said.sender),
        "chat": chat(room),
        "date": int(said.date),
    }
    if room.kind == "channel":
        del shape["from"]
        shape |= {"sender_chat": shape["chat"], **_signature(said)}
    elif room.kind == "business":
        shape |= _for_business(world, said)
    if said.topic is not None and (said.topic != GENERAL or room.kind != "forum"):
        shape["message_thread_id"] = said.topic
        shape["is_topic_message"] = True
    elif said.thread is not None:
        shape["message_thread_id"] = said.thread
    if said.origin is not None:
        shape["forward_origin"] = said.origin
    if said.edited is not None:
        shape["edit_date"] = int(said.edited)
    if said.reply_to is not None and not nested:
        answered = room.messages.get(said.reply_to)
        if answered is not None and not answered.deleted:
            shape["reply_to_message"] = message(world, answered, nested=True)
    if said.service is not None:
        for name, value in said.service.items():
            shape[name] = _service(world, room, name, value)
    shape |= _more(world, said.more)
    words = "caption" if said.more.keys() & CAPTIONED else "text"
    if said.service is None and (said.text or not said.more.keys() & MEDIA):
        shape[words] = said.text
    if said.entities:
        styled = "caption_entities" if words == "caption" else "entities"
        shape[styled] = [entity(world, e) for e in said.entities]
    if said.markup is not None and "inline_keyboard" in said.markup:
        shape["reply_markup"] = said.markup
    return shape


def _more(world: World, more: Json) -> Json:
    """What goes with a message or is it; names that begin with a line are the stage's own."""
    shown = {name: value for name, value in more.items() if not name.startswith("_")}
    for name in _PEOPLE & shown.keys():
        shown[name] = user(world.accounts[shown[name]])
    if isinstance(shown.get("photo"), dict):
        shown["photo"] = [shown["photo"]]  # told of in each of its sizes; here it has one
    return shown


def _for_business(world: World, said: Message) -> Json:
    """What a bot says for a business has the business' name."""
    connection = affairs.connection_of(world, said.chat)
    shape: Json = {} if connection is None else {"business_connection_id": connection["id"]}
    if said.sender.is_bot and said.chat.owner is not None:
        shape |= {"from": user(said.chat.owner), "sender_business_bot": user(said.sender)}
    return shape


def persona(room: Chat, who: Account) -> Chat | None:
    """The chat in whose name somebody speaks here: an anonymous administrator has the room's own."""
    shown: Chat | None = room.more.get("personas", {}).get(who.id)
    return shown


def _service(world: World, room: Chat, name: str, value: Any) -> Any:
    if name == "pinned_message":
        return message(world, room.messages[value], nested=True)
    if name == "managed_bot_created":
        return {"bot": user(world.accounts[value])}
    if name == "left_chat_member":
        return user(world.accounts[value])
    if name == "new_chat_members":
        return [user(world.accounts[number]) for number in value]
    return value


def content(said: Message) -> Json:
    """What of a message goes along when it is passed on."""
    kept = MEDIA | {"has_media_spoiler"}
    return {name: value for name, value in said.more.items() if name in kept}


def origin(world: World, said: Message) -> Json:
    """Where a message comes from, for those to whom it is passed on."""
    date = {"date": int(said.date)}
    if said.chat.kind == "channel":
        source = {"chat": chat(said.chat), "message_id": said.id, **_signature(said)}
        return {"type": "channel", **date, **source}
    if "sender_chat" in said.more:
        return {"type": "chat", **date, "sender_chat": said.more["sender_chat"]}
    if said.sender.id in world.hidden:
        return {"type": "hidden_user", **date, "sender_user_name": said.sender.name}
    return {"type": "user", **date, "sender_user": user(said.sender)}


def _signature(post: Message) -> Json:
    signed = post.chat.more.get("signed") and not post.sender.is_bot
    return {"author_signature": post.sender.name} if signed else {}


def external(world: World, said: Message) -> Json:
    """A message of another chat, as an answer to it tells of it."""
    shape = {"origin": said.origin or origin(world, said), **_more(world, content(said))}
    if said.chat.is_super or said.chat.kind == "channel":
        shape |= {"chat": chat(said.chat), "message_id": said.id}
    return shape


def reaction(emoji: str | None) -> list[Json]:
    return [] if emoji is None else [{"type": "emoji", "emoji": emoji}]


def meant_for(bot: Account, said: Message) -> bool:
    """Whether a bot in privacy mode gets this message: commands, its name, answers to it."""
    if said.service is not None:
        return True
    answered = said.chat.messages.get(said.reply_to) if said.reply_to is not None else None
    if answered is not None and answered.sender is bot:
        return True
    if said.more.get("via_bot") == bot.id:
        return True
    name = f"@{bot.username}".lower()
    for found in said.entities:
        if found["type"] == "text_mention" and found["user"]["id"] == bot.id:
            return True
        if found["type"] in {"bot_command", "mention"}:
            covered = cut(said.text, found["offset"], found["length"]).lower()
            if covered.endswith(name) or (found["type"] == "bot_command" and "@" not in covered):
                return True
    return False
