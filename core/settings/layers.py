"""Which value counts: a person's, the character's, everybody's, the default; in this order."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, overload
from urllib.parse import unquote, urlsplit

from dotenv import dotenv_values

from core.errors import BadInput, Finding
from core.secrets import Secret, taught
from core.settings import schema, values
from core.settings.context import current
from core.settings.key import Key

log = logging.getLogger(__name__)

T = TypeVar("T")


class _Found(NamedTuple):
    value: Any
    where: str


_NOTHING = _Found(None, "nowhere")


@dataclass(frozen=True, slots=True)
class Environment:
    """The variables as they were at the start; nobody else looks at the process' own."""

    process: Mapping[str, str | Secret] = field(default_factory=dict, repr=False)
    dotenv: Mapping[str, str | Secret] = field(default_factory=dict, repr=False)
    dotenv_path: Path | None = None
    """The file that was read; None when there was none."""

    @classmethod
    def capture(cls, dotenv: Path | None) -> Environment:
        """Raises BadInput for a .env file that is there and cannot be read."""
        written: Mapping[str, str | None] = {}
        found = dotenv is not None and dotenv.is_file()
        if dotenv is not None and found:
            try:
                # The signature that Windows editors put first must not become part of a name.
                written = dotenv_values(dotenv, interpolate=False, encoding="utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                what = f"cannot be read ({type(error).__name__})"
                raise BadInput(
                    Finding(str(dotenv), what, "It must be a UTF-8 text that we may open.")
                ) from None
        return cls(_kept(os.environ), _kept(written), dotenv if found else None)

    @classmethod
    def of(
        cls,
        process: Mapping[str, str] | None = None,
        dotenv: Mapping[str, str] | None = None,
        dotenv_path: Path | None = None,
    ) -> Environment:
        return cls(_kept(process or {}), _kept(dotenv or {}), dotenv_path)

    def overlaid(self, **process: str) -> Environment:
        """The same with some process variables replaced."""
        return Environment(
            {**self.process, **_kept(process)}, self.dotenv, dotenv_path=self.dotenv_path
        )


@dataclass(frozen=True, slots=True)
class Settings:
    """What is set for one character; without a name, for the process as a whole."""

    environment: Environment
    character_name: str = ""
    character_id: str = ""
    secrets: Mapping[str, Secret] = field(default_factory=dict, repr=False)
    plain: Mapping[str, Any] = field(default_factory=dict, repr=False)
    first: bool = True
    """Unscoped identity keys, such as one TELEGRAM_BOT_TOKEN in .env, are this character's."""
    notes: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What was changed while running, before the file; None means as in the file."""
    _cache: dict[str, _Found] = field(default_factory=dict, init=False, repr=False, compare=False)
    _made: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def get(self, key: str, default: Any = None) -> Any:
        """The value in force; a flag as bool, a secret as Secret, anything else as it was written.

        Blank texts count as absent, 0 and False do not. A None in the request context ends the
        search.
        """
        value = self._find(key).value
        return default if value is None else value

    def where(self, key: str) -> str:
        """Which layer answers; never what."""
        return self._find(key).where

    def text(self, key: str, default: str = "") -> str:
        """Empty also where somebody wrote `false`, which is how a text is switched off."""
        value = self.get(key, default)
        if isinstance(value, Secret):
            raise TypeError(f"{key} is a secret; ask for it with secret()")
        if isinstance(value, bool):
            return "true" if value else ""
        return str(value)

    @overload
    def number(self, key: str) -> float | None: ...
    @overload
    def number(self, key: str, default: float) -> float: ...
    def number(self, key: str, default: float | None = None) -> float | None:
        value = self.get(key)
        if value is None:
            return default
        try:
            return values.parse_number(value)
        except ValueError as error:
            raise BadInput(self._bad(key, str(error))) from None

    def flag(self, key: str, default: bool = False) -> bool:
        return values.parse_flag(self.get(key, default))

    def csv(self, key: str) -> tuple[str, ...]:
        value = self.get(key)
        try:
            # "true" may stand in a list like any other word.
            value = str(value).lower() if isinstance(value, bool) else value
            return () if value is None else values.parse_csv(value)
        except ValueError as error:
            raise BadInput(self._bad(key, str(error))) from None

    def secret(self, key: str) -> Secret | None:
        value = self.get(key)
        if value is None or isinstance(value, Secret):
            return value
        return Secret(str(value))

    def derived(self, make: Callable[..., T], *about: Hashable) -> T:
        """`make(settings, *about)`, made once; anew for each person with settings of their own.

        For what every turn asks. `make` depends on nothing else, and what it gives is not changed.
        """
        context = current()
        if context is not None and context.entity_settings:
            return make(self, *about)
        key = (make, about)
        if key not in self._made:
            self._made[key] = make(self, *about)
        found: T = self._made[key]
        return found

    def findings(self, keys: Iterable[Key] | None = None) -> list[Finding]:
        """Every known setting, or each of these, whose value is not what it takes."""
        judged = map(self._judge, schema.known() if keys is None else keys)
        return [finding for finding in judged if finding is not None]

    # --- the order -----------------------------------------------------------------------------

    def _find(self, name: str) -> _Found:
        found = self._cache.get(name)
        if found is None:
            found = self._cache[name] = self._resolve(name)
        context = current()
        if context is not None and context.entity_settings:
            for spelling in _spellings(name, person=True):
                if spelling in context.entity_settings:
                    value = context.entity_settings[spelling]
                    if value is None or not _is_blank(value):
                        found = _Found(_read(name, value), f"the settings of {context.entity_id}")
                        break
            log.debug("%s for %s comes from %s", name, context.entity_id, found.where)
        return found

    def _resolve(self, name: str) -> _Found:
        for where, layer, spellings in self._layers(schema.find(name), name):
            for spelling in spellings:
                value = layer.get(spelling)
                if not _is_blank(value):
                    log.debug("%s of %s comes from %s", name, self.character_name or "all", where)
                    return _Found(_read(name, value), where)
        return _NOTHING

    def _layers(
        self, key: Key | None, name: str
    ) -> Iterator[tuple[str, Mapping[str, Any], tuple[str, ...]]]:
        """The order, from the strongest to the weakest."""
        spellings = (key.name, *key.aliases) if key else (name,)
        environment = self.environment
        if key is None or key.scope != "process":
            scoped = tuple(p + s for s in spellings for p in self._prefixes())
            in_file = key.spellings if key else (name,)
            yield "the environment, for this character", environment.process, scoped
            yield ".env, for this character", environment.dotenv, scoped
            yield "a change at run time", self.notes, in_file
            yield "the character's secrets", self.secrets, in_file
            yield "the character's settings", self.plain, in_file
        if key is None:
            return  # what nobody declared is nobody's business: host secrets stay on the host
        if key.scope != "identity" or self.first:
            yield "the environment", environment.process, spellings
            yield ".env", environment.dotenv, spellings
        yield "the default", {key.name: key.default}, spellings

    def _prefixes(self) -> tuple[str, ...]:
        return tuple(
            prefix
            for name in (self.character_name, self.character_id)
            if name
            for prefix in prefixes(name)
        )

    # --- judging -------------------------------------------------------------------------------

    def _judge(self, key: Key) -> Finding | None:
        value = self._find(key.name).value
        if value is None:
            return None
        try:
            match key.kind:
                case "number":
                    if values.parse_number(value) < 0:
                        raise ValueError("less than 0")
                case "list":
                    values.parse_csv(value)
                case "flag":
                    if not values.is_flag(value):
                        raise ValueError("neither true nor false")
                case "url":
                    _check_url(value)
                case _:
                    pass
        except ValueError as error:
            return self._bad(key.name, str(error))
        return None

    def _bad(self, key: str, what: str) -> Finding:
        known = schema.find(key)
        default = known.default if known else ""
        whose = f" of {self.character_name}" if self.character_name else ""
        mend = f"For example {key}={default}" if default else ""
        return Finding(f"{key}{whose}, in {self.where(key)}", what, mend)


def prefixes(name: str) -> tuple[str, str]:
    """How variables of one character begin, by its name or id."""
    return f"CHARACTER.{values.env_name(name)}.", f"CHARACTER__{values.shell_name(name)}__"


def split_scoped(variable: str) -> tuple[str, str] | None:
    """The name and the key in a variable of one character."""
    for mark, between in (("CHARACTER.", "."), ("CHARACTER__", "__")):
        if variable.startswith(mark) and between in variable[len(mark) :]:
            name, _, key = variable[len(mark) :].rpartition(between)
            return name, key
    return None


def _spellings(name: str, *, person: bool) -> tuple[str, ...]:
    key = schema.find(name)
    if key is None:
        return (name,)
    # A person's own settings never reach what the whole process lives by.
    return () if person and key.scope == "process" else key.spellings


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _read(name: str, value: Any) -> Any:
    if value is None:
        return None
    if schema.is_secret(name):
        return value if isinstance(value, Secret) else Secret(values.unquoted(str(value)))
    if isinstance(value, Secret) and schema.find(name) is not None:
        value = value.reveal()  # it stood among the secrets, and is none
    if not isinstance(value, str):
        return value
    text = values.unquoted(value)
    return {"true": True, "false": False}.get(text.lower(), text)


def _kept(variables: Mapping[str, str | None]) -> dict[str, str | Secret]:
    """Blanks left out; secrets made Secret at once."""
    kept: dict[str, str | Secret] = {}
    for variable, written in variables.items():
        text = values.unquoted(written or "")
        if not text:
            continue
        scoped = split_scoped(variable)
        name = scoped[1] if scoped else variable
        kept[variable] = Secret(text) if schema.is_secret(name) else text
        if "://" in text:
            _teach_password(text)
    return kept


def _teach_password(url: str) -> None:
    try:
        password = urlsplit(url).password
    except ValueError:
        return
    if password:
        taught.learn(password)
        taught.learn(unquote(password))


def _check_url(value: object) -> None:
    if not isinstance(value, str):
        raise ValueError("not a URL")
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise ValueError("not a URL") from None
    if not parts.scheme or "://" not in value:
        raise ValueError("not a URL: it has no scheme, such as https://")
    if parts.scheme in ("http", "https") and not parts.hostname:
        raise ValueError("not a URL: it names no host")
