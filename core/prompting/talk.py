"""The conversation as a text, for templates and for whoever asks for RECENT_MESSAGES by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from core.ids import EntityId
from core.messages import ChannelType, Entity, Inbound
from core.messages.hanging import words_of, words_of_quote
from core.prompting.words import UNKNOWN, display_name, framed, named, quoted, under_name
from core.state import Line, Scene, Section

LONGEST_QUESTION = 12_000
WHOEVER = "whoever is speaking"
"""Where there are several, or nobody has a name."""
_POSTS = frozenset({ChannelType.FEED, ChannelType.FORUM, ChannelType.THREAD})


def recent_messages(scene: Scene, history: Sequence[Line] | None = None) -> Section | None:
    """Everything that was said, what is to be answered too, oldest first (R-114, X-20)."""
    history = scene.history if history is None else history
    posts = scene.place.channel in _POSTS
    told = [_post(scene, line) if posts else _said(scene, line) for line in history]
    new = [_new(scene, inbound, posts=posts) for inbound in scene.inbound if not inbound.cue]
    talk = ("\n\n" if posts else "\n").join((*told, *new))
    if not talk:
        return None
    parts = [f"# Posts in Thread\n{talk}" if posts else f"# Conversation Messages\n{talk}"]
    if new:
        name = named(scene.inbound[-1].author.name)
        parts.append(f"# Received Message\n{new[-1]}")
        parts.append(f"# Focus your response\nYou are answering {name}'s message above.")
    return Section(
        "RECENT_MESSAGES",
        "\n\n".join(parts),
        100,
        {"recentMessages": talk, "formattedConversation": talk, "senderName": _sender(scene)},
        {"recentMessages": [_shown(line) for line in history]},
    )


def remark(inbound: Inbound) -> str:
    """What it answers, in a few words; empty where it answers nothing."""
    quote = inbound.reply_to
    if quote is None or not (text := words_of_quote(quote)):
        return ""
    author = named(quote.author.name) if quote.author and quote.author.name else "this"
    answered = "you" if inbound.replies_to_us else author
    if quote.exact:
        return f"answering {answered}, to these words: “{quoted(text, most=300)}”"
    return f"answering {answered}: “{quoted(text)}”"


def speaker(scene: Scene) -> str:
    """`{{user}}` of an author's texts: who speaks with her, where it is one person."""
    lead = scene.inbound[-1] if scene.inbound else None
    if lead is None or not scene.is_direct:
        return WHOEVER
    if lead.author.name.strip():
        return named(lead.author.name)
    said = (line.name for line in reversed(scene.history) if not line.ours and line.name.strip())
    known = next(said, "")
    return named(known) if known else WHOEVER


def clock_time(when: datetime) -> str:
    return f"{when.day:02}.{when.month:02}.{when.year} {when.hour:02}:{when.minute:02} UTC"


def _said(scene: Scene, line: Line) -> str:
    return under_name(_name(scene, line), line.text)


def _post(scene: Scene, line: Line) -> str:
    return f"Name: {_name(scene, line)}\nDate: {clock_time(line.at)}\nText:\n{framed(line.text)}"


def _new(scene: Scene, inbound: Inbound, *, posts: bool) -> str:
    name = named(inbound.author.name) if inbound.author.name.strip() else UNKNOWN
    text = words_of(inbound)
    if posts:
        body = framed(text, most=LONGEST_QUESTION)
        return f"Name: {name}\nDate: {clock_time(inbound.sent_at)}\nText:\n{body}"
    return under_name(name, text, most=LONGEST_QUESTION)


def _name(scene: Scene, line: Line) -> str:
    if line.ours:
        return scene.character.name
    if line.name.strip():
        return named(line.name)
    source = scene.inbound[-1].address.platform if scene.inbound else ""
    return display_name(_known(scene.people, line.author), source)


def _known(people: Iterable[Entity], one: EntityId) -> Entity | None:
    return next((entity for entity in people if entity.id == one), None)


def _sender(scene: Scene) -> str:
    return named(scene.inbound[-1].author.name) if scene.inbound else ""


def _shown(line: Line) -> dict[str, str]:
    return {
        "entityId": line.author,
        "name": line.name,
        "text": line.text,
        "createdAt": line.at.isoformat(),
    }
