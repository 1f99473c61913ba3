"""What of something said can be spoken: which texts are fit for it, and how they are read out."""

from __future__ import annotations

import re

from core.messages.outgoing import Reply
from core.text import clean

LONGEST = 1_500
"""Characters: a minute and a half. What is longer is read sooner than it is listened to."""
_UNFIT = re.compile(
    r"```|~~~"
    r"|^[ \t]*\|.*\||^[ \t]*\|?[ \t]*:?-{3,}:?[ \t]*\|"  # tables
    r"|https?://|\bwww\."
    r"|^(?: {4}|\t)\S.*\n(?: {4}|\t)\S",  # code that is set in
    re.M,
)
_LINK = re.compile(r"!?\[([^\[\]\n]{0,500})\]\([^()\s]{0,1000}\)")
_MENTION = re.compile(r"<(?:[@#][!&]?|a?:\w{1,40}:|t:)\d{1,25}(?::\w)?>")
_SET = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+•][ \t]+|[-*_]{3,}[ \t]*$)", re.M)
_STYLE = re.compile(r"\*{1,3}|~~|\|\||`+|(?<!\w)_{1,3}|_{1,3}(?!\w)")
_SIGNS = re.compile(
    "[\U0001f000-\U0001faff\U000e0020-\U000e007f\u2600-\u27bf\u2b00-\u2bff\ufe0e\ufe0f\u200d\u20e3]"
)
_SPACE = re.compile(r"[ \t]+")
_EMPTY = re.compile(r"[ \t]*\n\s*")


def is_fit(text: str) -> bool:
    """Whether a text loses nothing where it is heard and not read."""
    return len(text) <= LONGEST and _UNFIT.search(text) is None and bool(words_aloud(text))


def is_note(reply: Reply) -> bool:
    """Whether a reply goes out as a voice message: nothing else can go with one."""
    beside = (
        reply.attachments
        or reply.buttons
        or reply.keyboard
        or reply.embeds
        or reply.menus
        or reply.poll
        or reply.location
        or reply.sticker
        or reply.via
        or reply.only_for
    )
    return reply.voice and not beside and is_fit(reply.text)


def words_aloud(markdown: str) -> str:
    """As it is read out: without marks, emoji and the addresses behind links; empty for nothing."""
    text = _LINK.sub(r"\1", clean(markdown))
    text = _SET.sub("", _MENTION.sub("", text))
    text = _SIGNS.sub("", _STYLE.sub("", text))
    text = _EMPTY.sub("\n", _SPACE.sub(" ", text)).strip()
    return text if any(sign.isalnum() for sign in text) else ""
