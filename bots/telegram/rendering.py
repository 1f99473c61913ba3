"""What a character says -> payloads, one for each message that Telegram is to be sent."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import orjson

from bots.telegram.buttons import answers, choices, keyboard
from bots.telegram.markdown import parts_of
from core.messages import Attachment, Location, Poll, Reply
from core.messages.aloud import is_note
from core.messages.cards import words_of_card
from core.text import clean, joined, visible

log = logging.getLogger(__name__)

_REPEAT = "🔁 "
MAX_CAPTION = 1024 - 3  # less the mark that a repeat may need
_MAX_QUOTE = 1024
_QUESTION, _OPTION, _OPTIONS = 300, 100, 10
_ALBUM = 10
_NAMED_VOICE = re.compile(r"voice\b|voice[-_ ]", re.I)
# Telegram fetches whatever looks like an address; what a model wrote must not be fetched.
_STICKER = re.compile(r"[A-Za-z0-9_-]{10,250}")
KINDS = {
    "image/png": "photo",
    "image/jpeg": "photo",
    "image/webp": "photo",
    "image/gif": "animation",
    "audio/mpeg": "audio",
    "audio/mp4": "audio",
    "audio/ogg": "voice",
    "video/mp4": "video",
}
"""How Telegram shows a file, by its type; any other is a document."""
_TOGETHER = {"photo": "picture", "video": "picture", "audio": "audio", "document": "document"}
"""Kinds that an album may hold, by what they may stand beside."""

Payload = dict[str, Any]


def render(reply: Reply) -> tuple[bytes, ...]:
    """One payload a message; the first one answers, the others follow it.

    Without words, files and the like there is no message, whatever buttons there are.
    """
    reply = _in_our_means(reply)
    if reply.via:
        return _in_one(reply)
    payloads = _spoken(reply)
    if len(payloads) == 1 and is_note(reply):
        payloads[0]["voice"] = True
    rows, ready = keyboard(reply.buttons), answers(reply.keyboard)
    if reply.attachments:
        payloads = _with_files(payloads, reply, pressed=bool(rows))
    payloads += _others(reply)
    if not payloads:
        return ()
    if rows:
        _place(payloads, "keyboard", rows)
    if ready:
        _place(payloads, "answers", ready)
    if reply.reply_to:
        payloads[0]["reply_to"] = reply.reply_to
        if quote := quoted(reply.quote):
            payloads[0]["quote"] = quote
    for payload in payloads:
        if reply.silent:
            payload["silent"] = True
        if reply.only_for:
            payload["only_for"] = reply.only_for
    return tuple(map(orjson.dumps, payloads))


def _in_our_means(reply: Reply) -> Reply:
    """There are neither cards nor menus here: a card is text, a menu a button for each option."""
    if not (reply.embeds or reply.menus):
        return reply
    words = [reply.text, *map(words_of_card, reply.embeds)]
    if not any(map(visible, words)):
        words = [one.placeholder for one in reply.menus] or words
    buttons = (*(key for menu in reply.menus for key in choices(menu)), *reply.buttons)
    return replace(reply, text="\n\n".join(filter(visible, words)), buttons=buttons)


def repeated(payload: Payload) -> Payload:
    """The same message with a mark before it: perhaps it stands there already."""
    if "text" not in payload or payload.get("via") or payload.get("voice"):
        return payload
    marked = {**payload, "text": _REPEAT + payload["text"]}
    if entities := payload.get("entities"):
        units = len(_REPEAT.encode("utf-16-le")) // 2
        marked["entities"] = [{**one, "offset": one["offset"] + units} for one in entities]
    return marked


def quoted(words: str) -> str:
    """As much of these words as a quote may hold: no piece of a sign, and nothing else than they."""
    words = clean(words).strip()
    if units(words) <= _MAX_QUOTE:
        return words
    end = _MAX_QUOTE // 2  # even if all of it were emoji
    while end and joined(words, end):
        end -= 1
    return words[:end].rstrip()


def _spoken(reply: Reply, *, most: int | None = None) -> list[Payload]:
    payloads: list[Payload] = []
    for part in parts_of(reply.text) if most is None else parts_of(reply.text, max_parts=most):
        payloads.append({"text": part.text})
        if part.entities:
            payloads[-1]["entities"] = part.entities
    return payloads


def _in_one(reply: Reply) -> tuple[bytes, ...]:
    """A query has one answer, of words: there is no chat yet in which a file could be."""
    for payload in _spoken(reply, most=1):
        payload["via"] = reply.via
        if rows := keyboard(reply.buttons):
            payload["keyboard"] = rows
        return (orjson.dumps(payload),)
    return ()


def _with_files(spoken: list[Payload], reply: Reply, *, pressed: bool) -> list[Payload]:
    """Files of one kind are one album; the first one bears the words where they are few."""
    # An album has no buttons: they stand below the words, or below the last file on its own. And
    # everybody sees it.
    alone = (pressed and not spoken) or bool(reply.only_for)
    files = list(_albums(reply.attachments, alone=alone))
    if len(spoken) != 1 or units(spoken[0]["text"]) > MAX_CAPTION:
        return spoken + files
    if "album" in files[0] and pressed:
        return spoken + files
    return [{**files[0], **spoken[0]}, *files[1:]]


def _albums(attachments: Sequence[Attachment], *, alone: bool) -> Iterator[Payload]:
    files = [
        {"ref": one.ref, "name": one.name, "mime": one.mime, "kind": _kind(one)}
        for one in attachments
    ]
    for together, some in groupby(files, lambda file: _TOGETHER.get(file["kind"], "")):
        album = list(some)
        while album:
            piece = album[:_ALBUM] if together and not alone else album[:1]
            del album[: len(piece)]
            yield {"text": "", "album": piece} if len(piece) > 1 else {"text": "", "file": piece[0]}


def _kind(one: Attachment) -> str:
    """By what it is; an Ogg is a voice message only where it is called one."""
    kind = KINDS.get(one.mime, "document")
    if kind == "voice" and one.kind != "voice" and not _NAMED_VOICE.match(one.name):
        return "document"
    return "document" if one.kind == "document" else kind


def _others(reply: Reply) -> list[Payload]:
    """What is a message of its own, whatever else is said."""
    found: list[Payload] = []
    if reply.poll is not None and (poll := _poll(reply.poll)):
        found.append({"poll": poll})
    if reply.location is not None and (place := _location(reply.location)):
        found.append({"location": place})
    if reply.sticker:
        if _STICKER.fullmatch(reply.sticker):
            found.append({"sticker": reply.sticker})
        else:
            log.warning("a sticker that is no file id of Telegram's is left out")
    return found


def _poll(poll: Poll) -> Payload | None:
    question = _cut(poll.question, _QUESTION)
    options = [cut for one in poll.options if (cut := _cut(one, _OPTION))]
    options = list(dict.fromkeys(options))[:_OPTIONS]
    if not question or len(options) < 2:
        log.warning("a poll without a question, or with fewer than two answers, is left out")
        return None
    return {
        "question": question,
        "options": options,
        "several": poll.several,
        "anonymous": poll.anonymous,
    }


def _location(place: Location) -> Payload | None:
    if not (-90 <= place.latitude <= 90 and -180 <= place.longitude <= 180):
        log.warning("a location that is nowhere on earth is left out")
        return None
    where: Payload = {"latitude": place.latitude, "longitude": place.longitude}
    if title := _cut(place.title, _QUESTION):
        where |= {"title": title, "address": _cut(place.address, _QUESTION) or title}
    return where


def _place(payloads: list[Payload], name: str, rows: Any) -> None:
    """Below the last words, or the last message there is; one message has one keyboard."""
    able = [
        one for one in payloads if "album" not in one and not {"keyboard", "answers"} & one.keys()
    ]
    spoken = [one for one in able if one.get("text")]
    for one in (spoken or able)[-1:]:
        one[name] = rows


def _cut(text: str, most: int) -> str:
    text = " ".join(clean(text).split())
    if not visible(text):
        return ""
    if len(text) <= most // 2 or units(text) <= most:
        return text
    end = most // 2
    while end > 1 and joined(text, end):
        end -= 1
    return text[: end - 1].rstrip() + "…"


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
