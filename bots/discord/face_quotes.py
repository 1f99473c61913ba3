"""What stands in place of a reply, which a webhook cannot make: one small line above the words."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bots.discord.envelope import snowflake

_ARROW = "-# ↪ "
_MESSAGES, _ROOMS = 2_000, 5_000
_WORDS = 60
_MARKS = re.compile(r"<[^<>\s]*>|https?://\S+|[\[\]()*_`~|<>@#\\]|[\x00-\x1f]")


@dataclass(frozen=True, slots=True)
class _Line:
    server: str
    name: str
    text: str


class Lately:
    """The last messages of the servers whose bot has faces: who said them, and the last of a room."""

    def __init__(self) -> None:
        self._said: OrderedDict[str, _Line] = OrderedDict()
        self._last: OrderedDict[str, int] = OrderedDict()

    def note(self, said: Mapping[str, Any], scene: Mapping[str, Any], name: str = "") -> None:
        """`name` is that of one of ours who has said it by a webhook."""
        number, room = snowflake(said.get("id")), snowflake(said.get("channel_id"))
        author, member = _object(said.get("author")), _object(said.get("member"))
        server = snowflake(scene.get("guild")) or snowflake(said.get("guild_id"))
        if not number or not room:
            return
        called = (name, member.get("nick"), author.get("global_name"), author.get("username"))
        shown = next((one for one in called if isinstance(one, str) and one), "")
        text = said.get("content")
        words = without_quote(text) if isinstance(text, str) else ""
        # A link has no room for marks; what is cut off here is shown by nobody.
        self._said[number] = _Line(server, _plain(shown), _plain(words[: 10 * _WORDS]))
        self._last[room] = max(int(number), self._last.pop(room, 0))
        for kept, most in ((self._said, _MESSAGES), (self._last, _ROOMS)):
            if len(kept) > most:
                kept.popitem(last=False)

    def line(self, room: str, message: str) -> str:
        """What tells which message is answered, where others have spoken since; else nothing."""
        found = self._said.get(message)
        if found is None or self._last.get(room, 0) <= int(message):
            return ""
        text = found.text if len(found.text) <= _WORDS else found.text[:_WORDS].rstrip() + "…"
        shown = ": ".join(filter(None, (found.name, text))) or "…"
        where = f"https://discord.com/channels/{found.server}/{room}/{message}"
        return f"{_ARROW}[{shown}]({where})\n"


def without_quote(content: str) -> str:
    """The words below such a line."""
    if not content.startswith(_ARROW):
        return content
    return content.partition("\n")[2]


def _plain(text: str) -> str:
    return " ".join(_MARKS.sub(" ", text).split())


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
