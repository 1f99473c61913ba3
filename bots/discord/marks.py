"""Discord's marks, such as <@8675309>, as the words that people see in their place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

UNKNOWN = "unknown"

_MARK = re.compile(
    r"(?P<code>```[\s\S]*?```|``[^\n]+?``|`[^`]+`)"
    r"|<@!?(?P<user>\d{1,20})>|<@&(?P<role>\d{1,20})>|<#(?P<channel>\d{1,20})>"
    r"|<a?:(?P<emoji>\w{1,40}):\d{1,20}>|<t:(?P<time>-?\d{1,12})(?::[tTdDfFsSR])?>"
    r"|</(?P<command>[^<>:]{1,100}):\d{1,20}>",
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A text as people see it, and whom it tags."""

    text: str
    users: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()


def seen(content: str, people: Mapping[str, str], names: Mapping[str, str]) -> Seen:
    """`people` by their ids; `names` of channels and roles by theirs.

    What stands in code is shown as it is written, and tags nobody; @everyone is a word.
    """
    if "<" not in content:
        return Seen(content)
    users: set[str] = set()
    roles: set[str] = set()

    def word(mark: re.Match[str]) -> str:
        kind, value = mark.lastgroup, mark[mark.lastgroup or 0]
        match kind:
            case "user":
                users.add(value)
                return f"@{people.get(value, UNKNOWN)}"
            case "role":
                roles.add(value)
                return f"@{names.get(value, UNKNOWN)}"
            case "channel":
                return f"#{names.get(value, UNKNOWN)}"
            case "emoji":
                return f":{value}:"
            case "time":
                return _time(int(value)) or mark[0]
            case "command":
                return f"/{value}"
        return mark[0]

    return Seen(_MARK.sub(word, content), frozenset(users), frozenset(roles))


def _time(seconds: int) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
    except (OverflowError, OSError, ValueError):
        return ""
