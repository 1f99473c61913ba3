"""The mouth of a reader: what may be said, trimmed, cleaned and capped."""

from __future__ import annotations

import re
from collections.abc import Iterable

MOST_SAID = 64 * 1024
"""Characters; no platform shows more, and a model that writes more is lost in a loop."""

# NUL breaks databases, lone surrogates break encoders; nobody wants to read either.
_UNSAYABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class Mouth:
    """Takes text in any pieces; what comes out does not depend on where the cuts were."""

    __slots__ = ("_blanks", "_lead", "_markers", "_new", "_room", "_said", "begun", "full")

    def __init__(self, names: Iterable[str] = (), *, most: int = MOST_SAID) -> None:
        self._markers = tuple(f"{name.lower()}:" for name in (*names, "assistant") if name)
        self._new: list[str] = []
        self._said: list[str] = []
        self._blanks: list[str] = []
        self._lead = ""
        self._room = most
        self.begun = False
        self.full = False

    def say(self, text: str) -> None:
        if self.full or not text:
            return
        if _UNSAYABLE.search(text):
            text = _UNSAYABLE.sub("", text)
        if not self.begun:
            text = self._begin(text, final=False)
        kept = text.rstrip()
        if kept:
            self._put("".join(self._blanks) + kept)
            self._blanks.clear()
        if len(kept) < len(text):
            self._blanks.append(text[len(kept) :])

    def take(self) -> str:
        """What has become sayable since the last time."""
        if not self._new:
            return ""
        piece = "".join(self._new)
        self._new.clear()
        return piece

    def settle(self) -> None:
        """No more of this text is coming: what was held back as a possible marker is none."""
        if not self.begun and not self.full:
            self._put(self._begin("", final=True).rstrip())

    def close(self) -> str:
        """Everything that was said, what was held back included."""
        self.settle()
        return "".join(self._said)

    def _begin(self, text: str, *, final: bool) -> str:
        """Hold the beginning until it is clear whether a "Name:" stands before the words."""
        text = (self._lead + text).lstrip()
        self._lead = ""
        low = text[:80].lower()
        for marker in self._markers:
            if low.startswith(marker):
                rest = text[len(marker) :].lstrip()
                if rest or final:
                    self.begun = True
                    return rest
            elif final or not marker.startswith(low):
                continue
            self._lead = text
            return ""
        self.begun = bool(text)
        return text

    def _put(self, text: str) -> None:
        if len(text) >= self._room:
            text = text[: self._room].rstrip()
            self.full = True
        self._room -= len(text)
        if text:
            self._new.append(text)
            self._said.append(text)
