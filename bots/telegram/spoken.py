"""What kind of message a raw one is: said to us, a command, or news of its chat."""

from __future__ import annotations

from typing import Any

from core.messages import Kind

FILES = (
    "animation", "video", "video_note", "voice", "audio", "document", "sticker", "live_photo",
)  # fmt: skip
"""What of a message is one file, in the order in which it is looked for: an animation comes as a
document as well, a live photo as a photo."""
THINGS = (
    "venue", "location", "contact", "poll", "dice", "game", "story", "paid_media", "checklist",
    "invoice", "giveaway", "giveaway_winners", "gift", "unique_gift", "successful_payment",
    "users_shared", "chat_shared", "web_app_data",
)  # fmt: skip
"""What of a message has no bytes and is said in words. A venue comes as a location as well."""

SPOKEN = frozenset({"text", "caption", "photo", "rich_message", *FILES, *THINGS})
OF_MEMBERS = frozenset({"new_chat_members", "left_chat_member", "chat_owner_changed"})
OF_ROOMS = frozenset(
    {
        "new_chat_title", "group_chat_created", "supergroup_chat_created", "channel_chat_created",
        "forum_topic_created", "forum_topic_edited",
    }
)  # fmt: skip


def kind_of_message(message: dict[str, Any]) -> Kind:
    if "migrate_to_chat_id" in message or "migrate_from_chat_id" in message:
        return Kind.MOVED
    if OF_MEMBERS.intersection(message):
        return Kind.MEMBER
    if OF_ROOMS.intersection(message):
        return Kind.WORLD
    if not SPOKEN.intersection(message):
        return Kind.OTHER
    return Kind.COMMAND if _is_command(message) else Kind.MESSAGE


def units(text: str) -> int:
    """As Telegram counts: in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _is_command(message: dict[str, Any]) -> bool:
    """Its text begins with one, or its caption; of an album that one piece is no command alone."""
    text, entities = message.get("text"), message.get("entities")
    if text is None and "media_group_id" not in message:
        text, entities = message.get("caption"), message.get("caption_entities")
    if not isinstance(text, str) or len(text) < 2 or text[0] != "/" or "forward_origin" in message:
        return False
    for entity in entities if isinstance(entities, list) else ():
        if isinstance(entity, dict) and entity.get("offset") == 0:
            # "/etc/passwd" begins with a bot_command too, so the whole first word must be one.
            if entity.get("type") == "bot_command":
                return entity.get("length") == len(text.split(maxsplit=1)[0])
            if entity.get("type") in ("code", "pre"):
                return False
    name = text[1:].split(maxsplit=1)[0] if text[1:2].strip() else ""
    return name.partition("@")[0].replace("_", "a").isalnum() and name.isascii()
