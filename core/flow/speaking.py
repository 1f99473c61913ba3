"""What a character says, before it is written down: the memory of it, and its rows of the ledger."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from core.flow.aloud import Heard
from core.flow.cards import buttons_in, embeds_of, menus_in
from core.flow.cast import Part
from core.flow.presence import memory_id
from core.ids import EntityId, MemoryId, RoomId, TurnId, WorldId
from core.messages import (
    Address,
    Attachment,
    Button,
    Content,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    Location,
    Memory,
    Poll,
    Reply,
)

PARTS = 100
"""Rows that one thing said may become; the next thing of the same step begins behind them."""
ASIDE = 1_000_000
"""The step of what is said outside of any action, by a provider or an evaluator."""
_MOST_BUTTONS = 100
_SEVERAL = ("several", "multiple", "allows_multiple_answers")
_MOST_ATTACHED = 10


@dataclass(frozen=True, slots=True)
class Where:
    """A room to say something in."""

    address: Address
    room: RoomId
    world: WorldId
    direct: bool


@dataclass(frozen=True, slots=True)
class Spoken:
    """One thing that is said. Turn, step and number make it the same when a turn is replayed."""

    where: Where
    say: Reply
    content: Content
    key: str
    """What its memory's id is made of."""
    turn: TurnId
    step: int = 0
    number: int = 0
    private: bool = False
    recalled: tuple[Mapping[str, Any], ...] = ()
    """What it was said in the light of."""
    told: tuple[str, ...] = ()
    """The names of the providers that had something to tell."""
    aloud: bool = False
    """It was spoken; `say` is what of it is written as well, mostly nothing."""
    cut: bool = False
    """Somebody spoke, so that no more of it was heard than the content tells."""

    def memory(self, part: Part, now: datetime) -> Memory:
        where = self.where
        return Memory(
            id=memory_id(part.id, where.address, self.key),
            character=part.id,
            room=where.room,
            author=EntityId(part.id),
            content=self.content,
            created_at=now,
            world=where.world,
            metadata={
                "type": "message",
                "source": where.address.platform,
                "sourceId": where.address.room,
                "entityName": part.character.name,
                "turn": self.turn,
                **({"recalled": list(self.recalled)} if self.recalled else {}),
                **({"told": list(self.told)} if self.told else {}),
                **({"spoken": True} if self.aloud else {}),
                **({"interrupted": True} if self.cut else {}),
            },
        )

    def rows(self, part: Part, nonce: str) -> list[Delivery]:
        """`nonce` names what is said; of its parts each gets its own from it."""
        if self.aloud and not self.say.text:
            return []
        first = self.number * PARTS
        return [
            Delivery(
                address=self.where.address,
                kind=DeliveryKind.SEND,
                payload=payload,
                nonce=_nonce(f"{self.where.address.account} {nonce} {ordinal}"),
                turn=self.turn,
                step=self.step,
                ordinal=ordinal,
                direct=self.where.direct,
                private=self.private,
            )
            for ordinal, payload in enumerate(part.platform.render(self.say)[:PARTS], first)
        ]


def going_out(row: Delivery) -> Delivery:
    """Marked as being sent already, because its place is kept."""
    uncertain = row.status is DeliveryStatus.UNCERTAIN
    return replace(row, status=row.status if uncertain else DeliveryStatus.SENDING, attempt=1)


def _nonce(text: str) -> str:
    """The same for every attempt of one part; 25 characters, Discord's most."""
    return b32encode(hashlib.sha256(text.encode()).digest()).decode()[:25]


# --- elizaOS' content, as actions say it -----------------------------------------------------------


def content_of(
    content: str | Mapping[str, Any],
    *,
    source: str,
    channel: str,
    in_reply_to: MemoryId | None,
    action: str = "",
) -> Content:
    """Of a text or of elizaOS' mapping, camelCase or snake_case; what is not known is kept."""
    if isinstance(content, str):
        content = {"text": content}
    given = dict(content)

    def take(*names: str) -> Any:
        return next((found for name in names if (found := given.pop(name, None)) is not None), None)

    actions = _words(take("actions", "action"))
    name = take("action_name", "actionName")
    return Content(
        text=str(take("text") or ""),
        thought=str(take("thought") or ""),
        actions=actions or tuple(filter(None, (str(name or action),))),
        source=str(take("source") or source),
        in_reply_to=MemoryId(str(take("inReplyTo", "in_reply_to") or "")) or in_reply_to,
        channel_type=str(take("channelType", "channel_type") or channel),
        providers=_words(take("providers")),
        url=str(take("url") or ""),
        attachments=tuple(
            {str(key): value for key, value in one.items()}
            for one in _listed(take("attachments"))[:_MOST_ATTACHED]
            if isinstance(one, Mapping)
        ),
        extra={str(key): value for key, value in given.items() if key not in ("buttons", "simple")},
    )


def reply_of(
    content: str | Mapping[str, Any],
    text: str,
    *,
    reply_to: str | None = None,
    files: Sequence[Attachment] = (),
    buttons: Sequence[Button] = (),
    via: str = "",
) -> Reply:
    """What goes out of it: the text and files as they are packed, the rest as the content says.

    `buttons` stand before its own.
    """
    given: Mapping[str, Any] = {} if isinstance(content, str) else content
    return Reply(
        text,
        reply_to,
        (*buttons, *buttons_of(content), *buttons_in(given.get("components"))),
        tuple(files),
        via=via,
        keyboard=keyboard_of(given.get("keyboard")),
        silent=given.get("silent") is True,
        poll=_poll_of(given.get("poll")),
        location=_location_of(given.get("location")),
        sticker=sticker if isinstance(sticker := given.get("sticker"), str) else "",
        embeds=embeds_of(given.get("embeds")),
        menus=menus_in(given.get("components")),
    )


def shows_anything(say: Reply) -> bool:
    """Buttons count: a platform that needs words for them leaves them out itself."""
    some = say.text or say.attachments or say.embeds or say.poll or say.location or say.sticker
    return bool(some or say.buttons or say.menus)


def heard_as(spoken: Spoken, heard: Heard, *, writes: bool) -> Spoken | None:
    """What is kept of something that was said aloud, and `writes` besides; None for nothing."""
    text = f"{heard.text}\n{heard.rest}".strip() if heard.rest else heard.text
    if not text:
        return None
    whole = writes or heard.shows
    return replace(
        spoken,
        say=Reply(text if whole else heard.rest),
        content=replace(spoken.content, text=text),
        aloud=bool(heard.text),
        cut=heard.cut,
    )


def only_words(say: Reply) -> bool:
    """Nothing in it has to be seen."""
    seen = say.attachments or say.embeds or say.poll or say.location or say.sticker
    return bool(say.text) and not (seen or say.buttons or say.menus or say.keyboard or say.only_for)


def buttons_of(content: str | Mapping[str, Any]) -> tuple[Button, ...]:
    """Flat, which is one below another, or as a list of rows (T-56). Of each: label | text;
    url, app | web_app, copy | copy_text, press | data | callback_data, the first of them wins."""
    if isinstance(content, str):
        return ()
    found: list[Button] = []
    for number, row in enumerate(_listed(content.get("buttons"))):
        for one in _listed(row):
            if isinstance(one, Button):
                found.append(one if row is one else replace(one, row=number))
            elif isinstance(one, Mapping) and (label := _first(one, "label", "text")):
                found.append(
                    Button(
                        label,
                        _first(one, "press", "data", "callback_data", "callbackData"),
                        _first(one, "url"),
                        _first(one, "copy", "copy_text", inside="text"),
                        _first(one, "app", "web_app", inside="url"),
                        number,
                    )
                )
    return tuple(found[:_MOST_BUTTONS])


def keyboard_of(given: Any) -> tuple[tuple[str, ...], ...]:
    """Rows of words; flat, they stand one below another (T-57)."""
    rows = (
        tuple(
            text
            for one in _listed(row)
            if (text := _first(one, "text", "label") if isinstance(one, Mapping) else str(one))
        )
        for row in _listed(given)[:_MOST_BUTTONS]
    )
    return tuple(row for row in rows if row)


def _first(one: Mapping[str, Any], *names: str, inside: str = "") -> str:
    """The first of these that says something; `inside` is where it lies in a mapping."""
    for name in names:
        value = one.get(name)
        if inside and isinstance(value, Mapping):
            value = value.get(inside)
        if value and isinstance(value, str | int):
            return str(value)
    return ""


def _poll_of(given: Any) -> Poll | None:
    if isinstance(given, Poll):
        return given
    if not isinstance(given, Mapping):
        return None
    options = (
        _first(one, "text", "label") if isinstance(one, Mapping) else str(one)
        for one in _listed(given.get("options") or given.get("answers"))
    )
    anonymous = given.get("anonymous", given.get("is_anonymous", True))
    several = any(given.get(name) is True for name in _SEVERAL)
    return Poll(_first(given, "question", "text"), tuple(options), several, anonymous is not False)


def _location_of(given: Any) -> Location | None:
    if isinstance(given, Location):
        return given
    if not isinstance(given, Mapping):
        return None
    try:
        latitude = float(given.get("latitude", given.get("lat", "")))
        longitude = float(given.get("longitude", given.get("lng", given.get("lon", ""))))
    except (TypeError, ValueError):
        return None
    return Location(latitude, longitude, _first(given, "title", "name"), _first(given, "address"))


def _words(value: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in _listed(value) if one)


def _listed(value: Any) -> Sequence[Any]:
    if isinstance(value, list | tuple):
        return value
    return () if value is None else (value,)
