"""What hangs on a message, in a few plain words; also that a character cannot perceive it.

The words in it are people's: whoever shows them makes them harmless, as all that people write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.messages.incoming import Attachment, Inbound, Quote
from core.messages.remembered import Content

FORWARDED = "forwarded"
"""The key of Content.extra under which stands whose words these are."""

_BRIEF = 60
_SHORT = 300
_LONG = 6_000
_NOT = {
    "photo": "you cannot see it",
    "video": "you cannot see it",
    "video note": "you cannot see it",
    "live photo": "you cannot see it",
    "animation": "you cannot see it",
    "picture": "you cannot see it",
    "voice": "you cannot hear it",
    "audio": "you cannot hear it",
    "document": "you have not read it",
    "file": "you have not read it",
}
_CALLED = {"voice": "voice message", "audio": "audio file", "video note": "video message"}
_BRACKETS = str.maketrans("[]", "()")


def told(attachment: Attachment, *, most: int = _LONG, beside: str = "", of: str = "") -> str:
    """`beside` is what was said with it: a transcript that stands there is not told twice. `of`
    says on whose message it hangs, if on another.

    A photo, a voice message or a document has an `about` only once somebody has looked.
    """
    kind = attachment.kind or _kind_of(attachment.mime)
    head = [*filter(None, (of,)), _CALLED.get(kind, kind)]
    if attachment.name:
        head.append(_line(attachment.name, 80))
    if attachment.seconds:
        head[-1] += f", {_lasting(attachment.seconds)}"
    about = attachment.about.strip()
    if about and about in beside:
        return f"[{' '.join(head)}]"
    if about:
        return _with(" ".join(head), about, most)
    unknown = _NOT.get(kind)
    return f"[{' '.join(head)}{f'; {unknown}' if unknown else ''}]"


def told_of(media: Mapping[str, Any], *, beside: str = "") -> str:
    """The same of a kept media object: what it is, and what was perceived in it."""
    seen = str(media.get("description") or media.get("text") or media.get("fault") or "")
    if seen and media.get("still"):
        seen = f"a still of it shows: {seen}"
    about = "; ".join(filter(None, (str(media.get("about") or ""), seen)))
    seconds = media.get("seconds")
    shown = Attachment(
        "",
        str(media.get("contentType") or media.get("mimeType") or ""),
        name=str(media.get("title") or media.get("name") or ""),
        kind=str(media.get("kind") or ""),
        about=about,
        seconds=seconds if isinstance(seconds, int | float) else 0.0,
    )
    return told(shown, most=_SHORT, beside=beside)


def words_of(inbound: Inbound) -> str:
    """What was written, whose words it passes on, what hangs on it, and at length what hangs on
    the message that it answers."""
    answered = () if inbound.reply_to is None else inbound.reply_to.attachments
    if not inbound.attachments and not inbound.forwarded and not answered:
        return inbound.text
    hanging = [told(one, beside=inbound.text) for one in inbound.attachments]
    hanging += [
        told(one, of="answered") for one in answered if len(one.about) > _BRIEF or "\n" in one.about
    ]
    return _joined(inbound.forwarded, inbound.text, hanging)


def words_of_kept(content: Content) -> str:
    """The same of what is remembered, in brief."""
    forwarded = content.extra.get(FORWARDED, "") if content.extra else ""
    if not content.attachments and not forwarded:
        return content.text
    hanging = (told_of(one, beside=content.text) for one in content.attachments)
    return _joined(str(forwarded), content.text, hanging)


def words_of_quote(quote: Quote) -> str:
    if quote.exact or not quote.attachments:
        return quote.text
    hanging = (told(one, most=_SHORT, beside=quote.text) for one in quote.attachments)
    return _joined("", quote.text, hanging)


def kept(attachment: Attachment) -> dict[str, Any]:
    """As elizaOS' media objects; `id` is what its platform finds it by."""
    media: dict[str, Any] = {
        "id": attachment.ref,
        "title": attachment.name,
        "contentType": attachment.mime,
        "size": attachment.size,
    }
    for key in ("kind", "about", "preview", "seconds"):
        if value := getattr(attachment, key):
            media[key] = value
    return media


def attached_from(media: Mapping[str, Any]) -> Attachment:
    size, seconds = media.get("size"), media.get("seconds")
    return Attachment(
        str(media.get("id") or ""),
        str(media.get("contentType") or ""),
        size if isinstance(size, int) else 0,
        str(media.get("title") or ""),
        kind=str(media.get("kind") or ""),
        about=str(media.get("about") or ""),
        preview=str(media.get("preview") or ""),
        seconds=seconds if isinstance(seconds, int | float) else 0.0,
    )


def _joined(forwarded: str, text: str, hanging: Iterable[str]) -> str:
    source = f"[forwarded from {_line(forwarded, 80)}]" if forwarded else ""
    return "\n".join(filter(None, (source, text, *hanging)))


def _with(head: str, about: str, most: int) -> str:
    """On one line where it is short; what stands in a document keeps its lines."""
    if most <= _SHORT or (len(about) <= _SHORT and "\n" not in about):
        return f"[{head}: {_line(about, most)}]"
    if len(about) > most:
        about = about[:most] + " …"
    return f"[{head}, in which is:]\n{about}\n[end of {head}]"


def _kind_of(mime: str) -> str:
    """Where a platform only tells a type."""
    match mime.partition("/")[0]:
        case "image":
            return "picture"
        case "audio" | "video" as kind:
            return kind
        case _:
            return "file"


def _lasting(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"


def _line(text: str, most: int) -> str:
    text = " ".join(text.translate(_BRACKETS).split())
    return text if len(text) <= most else text[:most].rstrip() + " …"
