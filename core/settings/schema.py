"""Every setting Troupe knows: its name, what it takes, what it is without you, who may set it.

`python -m core.settings.schema env` prints `.env.example`; `... table` the table of the docs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

from core.settings.key import Key, Scope
from core.settings.keys import KEYS

_known: dict[str, Key] = {spelling: key for key in KEYS for spelling in key.spellings}
# Of keys nobody declared: better one masked too many than one shown.
_SECRET_NAME = re.compile(r"(^|_)(TOKEN|API_?KEY|SECRET|SECRET_?KEY|PASSWORD|PRIVATE_?KEY)$")


def declare(key: Key) -> None:
    """Make a plugin's setting known, so that it is looked up in the shared variables too."""
    for spelling in key.spellings:
        there = _known.get(spelling)
        if there is not None and there != key:
            raise ValueError(f"{spelling} is declared already, as {there.kind} of {there.scope}")
    _known.update(dict.fromkeys(key.spellings, key))


def find(name: str) -> Key | None:
    """The key of a name, an alias or elizaOS' spelling."""
    return _known.get(name)


def known() -> list[Key]:
    """Every declared key once, in the order of declaration."""
    return list(dict.fromkeys(_known.values()))


def is_secret(name: str) -> bool:
    """Whether a value of this name must never be shown."""
    key = find(name)
    if key is not None:
        return key.kind == "secret"
    upper = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").upper()
    return _SECRET_NAME.search(upper) is not None


# --- for people --------------------------------------------------------------------------------

_HEADINGS: dict[Scope, str] = {
    "identity": "Who the character is on a platform (each her own)",
    "character": "How a character thinks and behaves (shared, or each her own)",
    "process": "The process as a whole",
}


def env_example(keys: Iterable[Key] = KEYS) -> str:
    """The text of `.env.example`."""
    keys = list(keys)
    lines = [
        "# Copy to .env and keep it to yourself: chmod 600 .env",
        "# Nothing here is needed for a first look. A line that is empty or commented out takes",
        "# its default, which stands in it.",
        "#",
        "# One character's own value:   CHARACTER.ADA.TELEGRAM_BOT_TOKEN=...",
        "# The same for a shell:        export CHARACTER__ADA__TELEGRAM_BOT_TOKEN=...",
    ]
    for scope, heading in _HEADINGS.items():
        lines += ["", f"# --- {heading}", ""]
        for key in (key for key in keys if key.scope == scope):
            also = f" Also: {', '.join(key.aliases)}." if key.aliases else ""
            lines += [f"# {key.help}{also}", f"#{key.name}={_quoted(key.default)}"]
    return "\n".join(lines) + "\n"


def table(keys: Iterable[Key] = KEYS) -> str:
    """The tables of docs/configuration.md."""
    keys = list(keys)
    lines: list[str] = []
    for scope, heading in _HEADINGS.items():
        lines += [f"### {heading}", "", "| Name | Takes | Default | |", "| --- | --- | --- | --- |"]
        for key in (key for key in keys if key.scope == scope):
            names = "<br>".join(f"`{name}`" for name in (key.name, *key.aliases))
            default = f"`{key.default}`" if key.default else ""
            lines.append(f"| {names} | {key.kind} | {default} | {key.help} |")
        lines.append("")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return f'"{text}"' if " " in text else text


if __name__ == "__main__":
    sys.stdout.write(table() if sys.argv[1:] == ["table"] else env_example())
