"""What reaches a character from the house itself: a cue to speak first, a colleague's words, and
what people say aloud, which no platform has put into words.

It takes the same way as everything else: stored once, then a turn in the room's lane.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from core.errors import Unreadable
from core.messages import Address, Author, ChannelType, Inbound, Kind, Place, Received

INNER = frozenset({Kind.CUE, Kind.OVERHEARD})

_LONGEST = 16_000
_SPOKEN = "spoken:"
_TAG = re.compile(r"(?<!\w)@(\w{3,32})")


def cue(address: Address, place: Place, text: str, *, key: str, now: datetime) -> Received:
    """Let a character speak first; `text` tells its model why, `key` is the same for a repeat."""
    direct = place.channel in (ChannelType.DM, ChannelType.VOICE_DM)
    return _received(
        address, Kind.CUE, f"cue:{key}", "", now, {"cue": text, "direct": direct}, place
    )


def overheard(
    address: Address,
    place: Place,
    author: Author,
    text: str,
    *,
    handle: str = "",
    aloud: bool = False,
    key: str,
    now: datetime,
) -> Received:
    """What another character has said, for one whose platform does not tell bots of each other.

    `handle` is the hearer's own; whoever else is tagged is somebody else. `aloud` tells that both
    are in a voice channel, where it will be answered aloud too.
    """
    who = {"id": author.id, "name": author.name, "username": author.username}
    tagged = {one.casefold() for one in _TAG.findall(text)}
    us = handle.lstrip("@").casefold() in tagged
    said = {"text": text[:_LONGEST], "author": who, "us": us, "others": bool(tagged) and not us}
    if aloud:
        said |= {"spoken": True, "company": 1}
    heard = _received(address, Kind.OVERHEARD, f"heard:{key}", author.id, now, said, place)
    return replace(heard, aloud=aloud)


def spoken(
    address: Address,
    place: Place,
    author: Author,
    text: str,
    *,
    company: int,
    key: str,
    at: datetime,
    audio: str = "",
) -> Received:
    """What somebody has said aloud, from `at` on; `company` as in Inbound, `audio` its recording."""
    who = {
        "id": author.id,
        "name": author.name,
        "username": author.username,
        "bot": author.is_bot,
        "roles": author.roles,
    }
    said = {"text": text[:_LONGEST], "author": who, "spoken": True, "company": company}
    if audio:
        said["audio"] = audio
    heard = _received(address, Kind.MESSAGE, f"{_SPOKEN}{key}", author.id, at, said, place)
    return replace(heard, aloud=True)


def is_ours(received: Received) -> bool:
    """Whether `read` understands it, and not its platform."""
    return received.kind in INNER or received.event_key.startswith(_SPOKEN)


def read(received: Received) -> Inbound:
    """Raises Unreadable for a payload that is not one of ours."""
    try:
        told = orjson.loads(received.payload)
        place = told["place"]
        who = told.get("author") or {}
        return Inbound(
            id=received.id,
            address=received.address,
            kind=Kind.CUE if received.kind is Kind.CUE else Kind.MESSAGE,
            author=Author(
                str(who.get("id", "")),
                str(who.get("name", "")),
                str(who.get("username", "")),
                bool(who.get("bot", True)),
                tuple(map(str, who.get("roles") or ())),
            ),
            place=Place(
                ChannelType(place["channel"]), place["name"], place["world"], place["world_name"]
            ),
            message="",
            text=told.get("text", ""),
            sent_at=datetime.fromisoformat(told["at"]),
            is_direct=bool(told.get("direct")),
            mentions_us=bool(told.get("us")),
            mentions_others=bool(told.get("others")),
            cue=told.get("cue", ""),
            spoken=bool(told.get("spoken")),
            company=int(told.get("company") or 0),
            recording=str(told.get("audio") or ""),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unreadable("not one of our own events") from None


def _received(
    address: Address,
    kind: Kind,
    key: str,
    author: str,
    now: datetime,
    told: dict[str, Any],
    place: Place,
) -> Received:
    where = {
        "channel": place.channel.value,
        "name": place.name,
        "world": place.world,
        "world_name": place.world_name,
    }
    payload = orjson.dumps({**told, "place": where, "at": now.isoformat()})
    return Received(address, key, author, 0, kind, payload)
