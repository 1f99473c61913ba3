"""From the text of a file to data: JSON or YAML, what is written twice, where it goes wrong."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, NamedTuple

import yaml

from core.character.plain import one_line
from core.errors import BadInput, Finding


class Parsed(NamedTuple):
    data: Any
    notes: tuple[str, ...] = ()


def parsed(text: str, where: str, *, is_yaml: bool = False) -> Parsed:
    """Raises BadInput with line and column. Of a name written twice the last one counts."""
    try:
        return _yaml(text) if is_yaml else _json(text)
    except json.JSONDecodeError as error:
        # The parsers' own words are left out where they quote the file: it may hold secrets.
        place = f"{where}:{error.lineno}:{error.colno}"
        mend = "Often a comma too many or a missing quotation mark just before"
        raise BadInput(Finding(place, f"is not JSON: {error.msg}", mend)) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark else where
        mend = "Often a wrong indentation, or a text with a colon that wants quotation marks"
        raise BadInput(Finding(place, "is not YAML", mend)) from None
    except (ValueError, RecursionError, yaml.YAMLError):
        raise BadInput(Finding(where, "cannot be understood")) from None


def _json(text: str) -> Parsed:
    twice: list[str] = []

    def object_of(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        twice.extend(_repeated(name for name, _ in pairs))
        return dict(pairs)

    return Parsed(json.loads(text, object_pairs_hook=object_of), _told(twice))


def _yaml(text: str) -> Parsed:
    loader = _Loader(text)
    try:
        return Parsed(loader.get_single_data(), _told(loader.twice))
    finally:
        loader.dispose()


class _Loader(yaml.SafeLoader):
    """YAML as far as it is JSON in another dress: a date is the text that was written."""

    yaml_implicit_resolvers = {  # noqa: RUF012  (it is theirs, and theirs is no ClassVar)
        first: [one for one in resolvers if one[0] != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.twice: list[str] = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        names = (key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        # Several objects may be merged into one; that is no repetition.
        self.twice.extend(_repeated(name for name in names if name != "<<"))
        return super().construct_mapping(node, deep=deep)


def _repeated(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]  # add gives None, which is the point


def _told(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(
        f"{one_line(name)} is written twice in one object; only the last one counts"
        for name in dict.fromkeys(names)
    )
