"""Arguments of actions, as they stand beside the names in an answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.prompting import loose_json, loose_xml
from core.prompting.names import names_in

Params = dict[str, dict[str, Any]]
"""By action, in upper case."""

MOST_PARAMS = 16 * 1024
"""Characters of one <params>; a longer one counts as broken."""
_QUOTES = re.compile(r'\\.|"', re.DOTALL)


class Written:
    """The inside of one <params> while it arrives, and whether a tag there is a part of it."""

    __slots__ = ("_depth", "_escaped", "_form", "_pieces", "_quoted", "_room", "owner")

    def __init__(self, owner: str = "", *, most: int = MOST_PARAMS) -> None:
        self.owner = owner
        """The one action that these are for; empty where they name their actions themselves."""
        self._pieces: list[str] = []
        self._room = most
        self._form = ""
        self._quoted = False
        self._escaped = False
        self._depth = 0

    def __str__(self) -> str:
        return "".join(self._pieces)

    @property
    def broken(self) -> bool:
        return self._room < 0

    @property
    def inside(self) -> bool:
        """In the middle of a quoted text or of an element, where every tag is an argument."""
        return self._quoted if self._form == "json" else self._depth > 0

    def add(self, text: str) -> None:
        if not self._form and (begun := text.lstrip()):
            self._form = "xml" if begun[0] == "<" else "json"
        if self._form == "json":
            self._follow(text)
        self._keep(text)

    def tag(self, found: re.Match[str]) -> None:
        """A tag that belongs to the arguments."""
        if self._form == "json":
            self.add(found[0])
            return
        self._form = "xml"
        if found[1]:
            self._depth = max(0, self._depth - 1)
        elif not (found[3] or "").endswith("/"):
            self._depth += 1
        self._keep(found[0])

    def _keep(self, text: str) -> None:
        if self._room > 0:
            self._pieces.append(text[: self._room])
        self._room -= len(text)

    def _follow(self, text: str) -> None:
        """Keep track of quotation marks, wherever the pieces were cut."""
        at = 1 if self._escaped and text else 0
        self._escaped = False
        for found in _QUOTES.finditer(text, at):
            if found[0] == '"':
                self._quoted = not self._quoted
            at = found.end()
        tail = len(text) - max(at, len(text.rstrip("\\")))
        if text and tail % 2:
            self._escaped = True


def params_of(written: Iterable[Written], actions: Sequence[str]) -> tuple[Params, bool]:
    """The arguments, and whether some of what was written could not be understood."""
    params: Params = {}
    bad = False
    for one in written:
        if not str(one).strip():
            continue
        value = None if one.broken else _read(str(one))
        if value is None:
            bad = True
        elif one.owner:
            params.setdefault(one.owner, value)
        else:
            bad |= not _shared_out(params, value, actions)
    return params, bad


def params_in(answer: Mapping[str, Any], actions: Sequence[str]) -> tuple[Params, bool]:
    """As `params_of`, of an answer that was JSON: beside the actions, or inside of each."""
    params: Params = {}
    bad = False
    given = answer.get("params")
    if isinstance(given, str):
        given = _read(given) if given.strip() else {}
    if isinstance(given, Mapping):
        bad = not _shared_out(params, given, actions)
    elif "params" in answer and answer["params"] is not None:
        bad = True
    listed = answer.get("actions")
    for action in listed if isinstance(listed, list) else ():
        if isinstance(action, Mapping) and isinstance(action.get("params"), Mapping):
            name = names_in(str(action.get("name") or action.get("action") or ""))
            if name:
                params.setdefault(name[0], dict(action["params"]))
    return params, bad


def _read(raw: str) -> dict[str, Any] | None:
    words = loose_xml.words(raw)
    if raw.lstrip().startswith("<") and not words.startswith("{"):
        found = loose_xml.find(f"<params>{raw}</params>")
        value = found[0].get("params") if found and found[1] else None
        return value if isinstance(value, dict) else None
    if words.strip("` \n") in ("{}", "{ }"):
        return {}
    whole = loose_json.find(words)
    return whole[0] if whole and whole[1] else None


def _shared_out(params: Params, value: Mapping[str, Any], actions: Sequence[str]) -> bool:
    """Give each action its own; False where something belongs to none."""
    names = {name for key in value for name in names_in(key)}
    if value and names.isdisjoint(actions) and not any(map(_is_nested, value.values())):
        # {"city": "Oslo"} beside a single action can only be meant for that one.
        doing = [name for name in actions if name != "REPLY"]
        if len(doing) != 1:
            return False
        params.setdefault(doing[0], dict(value))
        return True
    understood = True
    for key, one in value.items():
        name, inner = names_in(key), _nested(one)
        if name and inner is not None:
            params.setdefault(name[0], inner)
        else:
            understood = False
    return understood


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping)


def _nested(value: Any) -> dict[str, Any] | None:
    if isinstance(value, Mapping):
        return dict(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        return {}
    return _read(value) if isinstance(value, str) and value.lstrip().startswith("{") else None
