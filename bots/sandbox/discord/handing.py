"""What people send on Discord beside words: files, voice messages, stickers, polls, forwards."""

import mimetypes
import re
from base64 import b64encode
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from bots.sandbox.discord import polls, shapes, stickers, talking
from bots.sandbox.discord.content import VOICE
from bots.sandbox.discord.permissions import ATTACH, POLLS, in_channel
from bots.sandbox.discord.snowflakes import mint
from bots.sandbox.media import Medium
from bots.sandbox.things import Account, Chat, Message
from bots.sandbox.world import World

Json = dict[str, Any]
_FILES = ("voice", "photo", "audio", "video", "video_note", "animation", "document")
_FORWARD = 1
HAS_SNAPSHOT = 1 << 14
# Of what was passed on, so much is shown.
_SHOWN = (
    "type",
    "content",
    "mentions",
    "mention_roles",
    "attachments",
    "embeds",
    "timestamp",
    "edited_timestamp",
    "flags",
    "components",
    "sticker_items",
)


def file(world: World, room: Chat, name: str, data: bytes, kind: str | None = None) -> Json:
    """Keep a file; what lies at its address is found by the part of it behind the folder."""
    number, name = str(mint(world)), re.sub(r"[^\w.()-]+", "_", name)
    kind = kind or mimetypes.guess_type(name)[0] or "application/octet-stream"
    where = f"{room.id}/{number}/{name}"
    url = f"{world.cdn_root}/attachments/{quote(where)}"
    shape: Json = {"id": number, "filename": name, "size": len(data), "url": url}
    shape |= {"proxy_url": url, "content_type": kind, "flags": 0}
    world.files[where] = world.files[number] = (kind, data)
    return shape


def contents(world: World, who: Account, room: Chat, thing: Medium) -> Json:
    """What a message bears that has this thing; ValueError for what Discord does not have."""
    kind = next((kind for kind in _FILES if kind in thing.fields), thing.kind)
    if kind in _FILES:
        if not in_channel(room, who) & ATTACH:
            raise ValueError(f"{who.name} may not send files in {room.title}")
        return _attached(world, room, kind, thing)
    if kind == "poll":
        if room.guild is not None and not in_channel(room, who) & POLLS:
            raise ValueError(f"{who.name} may not ask for votes in {room.title}")
        poll = thing.fields["poll"]
        options = [option["text"] for option in poll["options"]]
        several = poll["allows_multiple_answers"]
        return {"poll": polls.asked(poll["question"], options, world.now(), several=several)}
    if kind == "sticker":
        return {"sticker_items": [_sticker(room, thing.fields["sticker"]["emoji"])]}
    raise ValueError(f"nobody sends a {kind} on Discord")


def _attached(world: World, room: Chat, kind: str, thing: Medium) -> Json:
    told = thing.fields[kind]
    told = told[-1] if isinstance(told, list) else told
    mime, data = thing.files[told["file_id"]]
    extension = (mimetypes.guess_extension(mime) or "").lstrip(".")
    name = told.get("file_name") or f"{kind.replace('_', '-')}.{extension}"
    shape = file(world, room, name, data, mime)
    shape |= {side: told[side] for side in ("width", "height") if side in told}
    if kind != "voice":
        return {"attachments": [shape]}
    wave = b64encode(bytes(range(0, 256, 4))).decode()
    shape |= {"filename": "voice-message.ogg", "waveform": wave}
    shape["duration_secs"] = float(told["duration"])
    return {"attachments": [shape], "flags": VOICE}


def _sticker(room: Chat, name: str) -> Json:
    known = room.guild.stickers.items() if room.guild is not None else ()
    for number, about in known:
        if name in {about["name"], about["tags"]}:
            return stickers.item(number, about)
    raise ValueError(f"{room.title} has no sticker {name}")


def forward(world: World, who: Account, room: Chat, passed: Sequence[Message]) -> list[Message]:
    """Pass messages on, each as a message of its own that shows what was said."""
    return [talking.say(world, who, room, "", more=snapshot(world, said)) for said in passed]


def snapshot(world: World, said: Message) -> Json:
    """What a message bears that passes another one on; what that one passed on stays the same."""
    if "snapshots" in said.more:
        return {name: said.more[name] for name in ("reference", "snapshots", "flags")}
    whole = shapes.message(world, said)
    reference: Json = {"type": _FORWARD, "channel_id": str(said.chat.id)}
    reference["message_id"] = str(said.id)
    if said.chat.guild is not None:
        reference["guild_id"] = str(said.chat.guild.id)
    shown = {name: whole[name] for name in _SHOWN if name in whole}
    return {"reference": reference, "snapshots": [{"message": shown}], "flags": HAS_SNAPSHOT}
