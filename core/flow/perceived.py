"""What is in a thing, in words, and where these go: into the turn's messages, and into memories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.flow.senses import SPOKEN, Sense, ways
from core.messages import Attachment, Inbound, Memory

_KEYS = {Sense.SIGHT: "description", Sense.HEARING: "text", Sense.READING: "text"}


@dataclass(frozen=True, slots=True)
class Perceived:
    """What is in a thing, in words; or why that is not known."""

    sense: Sense
    text: str = ""
    title: str = ""
    still: bool = False
    fault: str = ""

    def about(self, one: Attachment) -> str:
        """With what was known of it before."""
        if self.fault:
            told = self.fault
        elif self.still:
            told = f"a still of it shows: {self.text}"
        else:
            told = self.text
        return told if one.about in ("", told) else f"{one.about}; {told}"


def failed(sense: Sense, why: str) -> Perceived:
    return Perceived(sense, fault=f"it could not be {sense.value}: {why}")


def heard_with(inbound: Inbound, found: Mapping[str, Perceived]) -> Inbound:
    """What came in, as this turn's prompt shows it; `found` is by what its platform finds it by."""
    spoken = [one.ref for one in inbound.attachments if one.kind in SPOKEN]
    quote = inbound.reply_to
    return replace(
        inbound,
        text=_with_speech(inbound.text, spoken, found),
        attachments=_told(inbound.attachments, found),
        reply_to=quote and replace(quote, attachments=_told(quote.attachments, found)),
    )


def _told(
    attachments: Sequence[Attachment], found: Mapping[str, Perceived]
) -> tuple[Attachment, ...]:
    return tuple(
        replace(one, about=found[one.ref].about(one)) if one.ref in found else one
        for one in attachments
    )


def kept_with(memory: Memory, found: Mapping[str, Perceived]) -> Memory:
    """The memory with what was perceived, under elizaOS' names; twice is as good as once."""
    content = memory.content
    spoken = [str(one.get("id")) for one in content.attachments if one.get("kind") in SPOKEN]
    media = tuple(
        _media_with(one, found[one["id"]]) if one.get("id") in found else one
        for one in content.attachments
    )
    text = _with_speech(content.text, spoken, found)
    return replace(memory, content=replace(content, text=text, attachments=media))


def _media_with(media: Mapping[str, Any], seen: Perceived) -> dict[str, Any]:
    if seen.fault:
        return {**media, "fault": seen.fault}
    new = {key: value for key, value in media.items() if key != "fault"}
    new[_KEYS[seen.sense]] = seen.text
    if seen.title and not media.get("title"):
        new["title"] = seen.title
    if seen.still:
        new["still"] = True
    return new


def from_media(one: Attachment, media: Mapping[str, Any]) -> Perceived | None:
    """What `kept_with` has put there; None where that is nothing."""
    for way in ways(one):
        if text := str(media.get(_KEYS[way.sense]) or ""):
            return Perceived(way.sense, text, still=media.get("still") is True)
    return None


def _with_speech(text: str, spoken: Sequence[str], found: Mapping[str, Perceived]) -> str:
    """What is said in a voice or video message is what its author says (T-34)."""
    for ref in spoken:
        seen = found.get(ref)
        if seen is None or seen.fault or seen.sense is not Sense.HEARING:
            continue
        if seen.text not in text:
            text = "\n".join(filter(None, (text, seen.text)))
    return text
