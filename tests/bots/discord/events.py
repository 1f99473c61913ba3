"""Events in Discord's own shape, to read and to spoil, and what we make of them."""

from __future__ import annotations

from typing import Any

from bots.discord.envelope import Scene, envelope
from bots.discord.mapping import Us, read
from core.ids import Account
from core.messages import Inbound, Received

ADA, ELIZA, BOB, EVE = (
    {"id": "1100000000000000001", "username": "ada_bot", "global_name": None, "bot": True},
    {"id": "1100000000000000002", "username": "eliza_bot", "global_name": "Eliza", "bot": True},
    {"id": "1100000000000000077", "username": "bob", "global_name": "Bob Stone"},
    {"id": "1100000000000000078", "username": "eve", "global_name": None},
)
OUR_ROLE, HELPERS = "1200000000000000001", "1200000000000000002"
GUILD, TEA, BOARD, POST = (
    "1300000000000000001",
    "1300000000000000002",
    "1300000000000000003",
    "1300000000000000004",
)
DM = "1300000000000000009"
SENT = "2026-11-21T04:55:00.123000+00:00"
EDITED = "2026-11-21T04:56:00.000000+00:00"

DIRECT = Scene(type=1)
NAMES = {TEA: "tea", HELPERS: "Helpers", OUR_ROLE: "Ada"}
ROOM = Scene(type=0, name="tea", guild=GUILD, guild_name="Tea house", names=NAMES, ours=(OUR_ROLE,))
THREAD = Scene(
    type=11,
    name="Which cup?",
    guild=GUILD,
    guild_name="Tea house",
    parent=BOARD,
    parent_name="questions",
    parent_type=15,
)


def message(content: str = "hello", **more: Any) -> dict[str, Any]:
    """Said by Bob in the tea room."""
    return {
        "id": "1400000000000000005",
        "type": 0,
        "channel_id": TEA,
        "guild_id": GUILD,
        "author": BOB,
        "member": {"nick": "Bobby", "roles": [], "joined_at": SENT},
        "content": content,
        "timestamp": SENT,
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "pinned": False,
        **more,
    }


def direct(content: str = "hello", **more: Any) -> dict[str, Any]:
    said = message(content, channel_id=DM, **more)
    del said["guild_id"], said["member"]
    return said


def answering(said: dict[str, Any], content: str = "yes", **more: Any) -> dict[str, Any]:
    reference = {"type": 0, "channel_id": said["channel_id"], "message_id": said["id"]}
    return message(
        content,
        id="1400000000000000006",
        type=19,
        message_reference=reference,
        referenced_message=said,
        **more,
    )


FILE = {
    "id": "1500000000000000001",
    "filename": "notes.txt",
    "size": 12,
    "content_type": "text/plain; charset=utf-8",
    "url": "https://cdn.example.org/notes.txt?ex=1&is=2&hm=signature",
    "proxy_url": "https://media.example.org/notes.txt?ex=1&is=2&hm=signature",
}
REACTION = {
    "user_id": BOB["id"],
    "channel_id": TEA,
    "message_id": "1400000000000000005",
    "guild_id": GUILD,
    "member": {"user": BOB, "nick": None, "roles": []},
    "emoji": {"id": None, "name": "👍"},
    "burst": False,
    "type": 0,
}
PRESS = {
    "id": "1600000000000000001",
    "type": 3,
    "token": "a-token",
    "channel_id": TEA,
    "guild_id": GUILD,
    "member": {"user": BOB, "nick": None, "roles": []},
    "message": message(
        author=ADA,
        components=[
            {"type": 1, "components": [{"type": 2, "label": "Once more", "custom_id": "again"}]}
        ],
    ),
    "data": {"custom_id": "again", "component_type": 2},
}
SERVER = {
    "id": GUILD,
    "name": "Tea house",
    "channels": [
        {"id": "1300000000000000010", "type": 4, "name": "Talk"},
        {"id": TEA, "type": 0, "name": "tea", "topic": "leaves", "parent_id": None},
        {"id": BOARD, "type": 15, "name": "questions"},
        {"id": "1300000000000000011", "type": 2, "name": "Voices"},
    ],
    "threads": [{"id": POST, "type": 11, "name": "Which cup?", "parent_id": BOARD}],
    "members": [{"user": BOB}],
}

REAL: list[tuple[str, dict[str, Any]]] = [
    ("MESSAGE_CREATE", message()),
    ("MESSAGE_CREATE", direct("/start now")),
    ("MESSAGE_CREATE", message(f"hi <@{ADA['id']}> <:tea:15> <t:1790000000:R>", mentions=[ADA])),
    ("MESSAGE_CREATE", answering(message("earlier", author=ADA))),
    ("MESSAGE_CREATE", message("", attachments=[FILE])),
    ("MESSAGE_CREATE", message("", sticker_items=[{"id": "15", "name": "Wave", "format_type": 1}])),
    ("MESSAGE_CREATE", message("", poll={"question": {"text": "Tea?"}, "answers": []})),
    ("MESSAGE_CREATE", message("", type=7)),
    ("MESSAGE_UPDATE", message("hello!", edited_timestamp=EDITED)),
    ("MESSAGE_UPDATE", message("a link", embeds=[{"type": "link", "title": "A page"}])),
    ("MESSAGE_DELETE", {"id": "1400000000000000005", "channel_id": TEA, "guild_id": GUILD}),
    ("MESSAGE_REACTION_ADD", REACTION),
    ("MESSAGE_REACTION_REMOVE", REACTION),
    ("INTERACTION_CREATE", PRESS),
    ("GUILD_MEMBER_ADD", {"guild_id": GUILD, "user": BOB, "nick": None, "joined_at": SENT}),
    ("MESSAGE_DELETE_BULK", {"ids": ["5", "6"], "channel_id": TEA, "guild_id": GUILD}),
    ("GUILD_MEMBER_UPDATE", {"guild_id": GUILD, "user": BOB, "nick": "Bo", "roles": [HELPERS]}),
    ("GUILD_MEMBER_REMOVE", {"guild_id": GUILD, "user": BOB}),
    ("GUILD_DELETE", {"id": GUILD}),
    ("CHANNEL_DELETE", {"id": TEA, "guild_id": GUILD, "type": 0, "name": "tea"}),
    ("THREAD_UPDATE", {"id": POST, "guild_id": GUILD, "type": 11, "name": "Which cup?"}),
    ("A_KIND_OF_2031", {"channel_id": TEA}),
]

ACCOUNT = Account(f"discord:{ADA['id']}")
US = Us(ADA["id"], "Ada")
US_MARK, ELIZA_MARK = f"<@{ADA['id']}>", f"<@{ELIZA['id']}>"


def received(data: object, event: str = "MESSAGE_CREATE", scene: Scene = ROOM) -> Received:
    return envelope(event, data, scene, ACCOUNT)


def heard(data: object, event: str = "MESSAGE_CREATE", scene: Scene = ROOM) -> Inbound:
    return read(received(data, event, scene), US)
