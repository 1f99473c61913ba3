"""The methods with which a bot sends what is no text: pictures, sounds, films, places, albums."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from bots.sandbox import media, shapes, uploads
from bots.sandbox.addressed import find_room_to_speak
from bots.sandbox.asked import Asked, Upload, bad
from bots.sandbox.desks import Desk
from bots.sandbox.sending import say
from bots.sandbox.wording import caption_of
from bots.sandbox.world import Entity, World

Json = dict[str, Any]
_MOST_PIECES = 10
_LONGEST, _WIDEST = 86_400, 10_000
# As the server names each kind when a file of another kind was given.
_NAMES = {
    "animation": "Animation",
    "audio": "Audio",
    "document": "Document",
    "photo": "Photo",
    "sticker": "Sticker",
    "video": "Video",
    "video_note": "VideoNote",
    "voice": "VoiceNote",
}
_MANY = {
    "animation": "GIFs",
    "audio": "music",
    "document": "documents",
    "photo": "photos",
    "sticker": "stickers",
    "video": "videos",
    "video_note": "video notes",
    "voice": "voice notes",
}
# What somebody may refuse to be sent in private.
_SPOKEN = frozenset({"voice", "video_note"})
_PIECES = frozenset({"audio", "document", "photo", "video"})
_ALONE = ("document", "audio")


def sender_of(kind: str) -> Callable[[World, Desk, Asked], Any]:
    """The method that sends one thing of a kind."""

    def send(world: World, desk: Desk, asked: Asked) -> Any:
        room = find_room_to_speak(world, desk, asked, _MANY[kind])
        quiet = room.kind == "private" and any("silence" in who.able for who in room.people())
        if quiet and kind in _SPOKEN:
            raise bad("VOICE_MESSAGES_FORBIDDEN")
        captioned = kind in shapes.CAPTIONED
        text, entities = caption_of(asked) if captioned else ("", [])
        given = _given(world, asked, kind, kind, asked, f"there is no {kind} in the request")
        said = say(world, desk, asked, text, entities, given, what=_MANY[kind])
        return shapes.message(world, said)

    return send


def send_media_group(world: World, desk: Desk, asked: Asked) -> Any:
    """Several pictures, or several files of one kind, as one; nothing of it where one is no good."""
    pieces = asked.json("media")
    if pieces is not None and not isinstance(pieces, list):
        raise bad("can't parse media JSON object: expected an Array of InputMedia")
    find_room_to_speak(world, desk, asked, "media")
    if not pieces:
        raise bad("there are no messages to send")
    if len(pieces) > _MOST_PIECES:
        raise bad("too many messages to send as an album")
    made = [piece_of(world, asked, piece, album=True) for piece in pieces]
    kinds = [next(name for name in media if name in shapes.CAPTIONED) for media, _, _ in made]
    for kind in _ALONE:
        if kind in kinds and {*kinds} != {kind}:
            raise bad(f"{kind} can't be mixed with other media types")
    # One piece is a message like any other.
    album = {"media_group_id": str(secrets.randbits(62))} if len(made) > 1 else {}
    sent = [
        say(world, desk, asked, text, entities, {**fields, **album}, what=_MANY[kind])
        for (fields, text, entities), kind in zip(made, kinds, strict=True)
    ]
    return [shapes.message(world, said) for said in sent]


def piece_of(
    world: World, asked: Asked, piece: Any, *, album: bool = False
) -> tuple[Json, str, list[Entity]]:
    """What an InputMedia asks for: the fields of the message, its caption and the styles of that."""
    if not isinstance(piece, dict) or not isinstance(piece.get("type"), str):
        raise bad("can't parse InputMedia: expected an Object")
    kind = piece["type"]
    if kind == "animation" and album:
        raise bad("can't parse InputMedia: type \"animation\" can't be used in sendMediaGroup")
    if kind not in _PIECES and kind != "animation":
        raise bad(f'can\'t parse InputMedia: type "{kind}" is unsupported')
    text, entities = caption_of(piece)
    missing = "can't parse InputMedia: media not found"
    return _given(world, asked, kind, "media", piece, missing), text, entities


def _given(
    world: World, asked: Asked, kind: str, name: str, about: Mapping[str, Any], missing: str
) -> Json:
    """A file that came along, or one that is here already, as fields of its message."""
    value = asked.text(name) if about is asked else about.get(name)
    part = str(value).removeprefix("attach://") if value else name
    upload = asked.files.get(part) or (asked.files.get(name) if about is asked else None)
    spoiler = (
        {"has_media_spoiler": True} if about.get("has_spoiler") in (True, "true", "True") else {}
    )
    if upload is not None:
        return {**_made(world, kind, upload, about), **spoiler}
    if not value or str(value).startswith("attach://"):
        raise bad(missing)
    if "." in str(value):
        # An address; Telegram would fetch it, and from here there is nothing to be fetched.
        raise bad("failed to get HTTP URL content")
    return {**_known(world, kind, str(value)), **spoiler}


def _made(world: World, kind: str, upload: Upload, about: Mapping[str, Any]) -> Json:
    fields, files = uploads.received(kind, upload)
    for number, file in files.items():
        world.files[number] = file
    shape = fields.get(kind)
    if isinstance(shape, dict):
        shape |= _told(kind, about)
    return fields


def _told(kind: str, about: Mapping[str, Any]) -> Json:
    """What the sender says of a sound or a film; the server believes it."""
    told: Json = {}
    numbers = {
        "audio": ("duration",),
        "voice": ("duration",),
        "video": ("duration", "width", "height"),
        "animation": ("duration", "width", "height"),
        "video_note": ("duration", "length"),
    }.get(kind, ())
    for name in numbers:
        if about.get(name) not in (None, ""):
            most = _LONGEST if name == "duration" else _WIDEST
            told[name] = max(0, min(most, int(Asked(about.items()).decimal(name) or 0)))
    words = {"audio": ("performer", "title"), "sticker": ("emoji",)}.get(kind, ())
    told |= {name: str(about[name]) for name in words if about.get(name)}
    return told


def _known(world: World, kind: str, number: str) -> Json:
    """A file that was sent before, by whomever, as it was shown then."""
    found = uploads.seen(world, number)
    if found is None:
        raise bad("wrong file identifier/HTTP URL specified")
    was, fields = found
    if was != kind:
        raise bad(f"can't use file of type {_NAMES.get(was, 'Thumbnail')} as {_NAMES[kind]}")
    return fields


def send_location(world: World, desk: Desk, asked: Asked) -> Any:
    live = asked.number("live_period", 0) or 0
    if live and not 60 <= live <= 86_400 and live != 0x7FFFFFFF:
        raise bad("wrong live location period specified")
    made = media.location(*_place(asked), live=live)
    return _sent(world, desk, asked, made, "locations")


def send_venue(world: World, desk: Desk, asked: Asked) -> Any:
    title, address = asked.text("title") or "", asked.text("address") or ""
    if not title:
        raise bad("title must be non-empty")
    if not address:
        raise bad("address must be non-empty")
    return _sent(world, desk, asked, media.venue(*_place(asked), title, address), "venues")


def send_contact(world: World, desk: Desk, asked: Asked) -> Any:
    phone, first = asked.text("phone_number") or "", asked.text("first_name") or ""
    if not phone:
        raise bad("phone number must be non-empty")
    if not first:
        raise bad("first name must be non-empty")
    made = media.contact(phone, first, asked.text("last_name") or "")
    return _sent(world, desk, asked, made, "contacts")


def send_dice(world: World, desk: Desk, asked: Asked) -> Any:
    try:
        made = media.dice(asked.text("emoji") or "🎲")
    except ValueError:
        raise bad("DICE_EMOJI_INVALID") from None
    return _sent(world, desk, asked, made, "dice")


def _place(asked: Asked) -> tuple[float, float]:
    latitude, longitude = asked.decimal("latitude"), asked.decimal("longitude")
    if latitude is None or not -90 <= latitude <= 90:
        raise bad("latitude is empty" if latitude is None else "wrong latitude specified")
    if longitude is None or not -180 <= longitude <= 180:
        raise bad("longitude is empty" if longitude is None else "wrong longitude specified")
    return latitude, longitude


def _sent(world: World, desk: Desk, asked: Asked, made: media.Medium, what: str) -> Any:
    return shapes.message(world, say(world, desk, asked, "", (), made.fields, what=what))
