"""Who makes a character's vectors, what it is called, and how it is asked."""

from __future__ import annotations

import asyncio
import logging
import math
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.backoff import Backoff
from core.clock import Clock
from core.errors import ModelError, ModelUnavailable
from core.ids import CharacterId
from core.ports import ModelRoles, ModelType
from core.settings.context import RequestContext, request_scope
from core.settings.layers import Settings

log = logging.getLogger(__name__)

Vector = Sequence[float]
ModelsOf = Callable[[CharacterId, Settings], ModelRoles]
"""The models as a character uses and pays for them."""

_LONGEST = 8_000
_LONGEST_BYTES = 16_000
"""Of a text: scripts with long letters have about a token for each."""
_MANY = 50_000
_PAUSES = Backoff(base=5.0, most=300.0)
# Memories are the character's: no vector depends on whose message it is made for.
_NOBODY = RequestContext("")
_LOCAL = "local:"
_PLUGIN = ":plugin"


@dataclass(slots=True)
class _Away:
    failures: int = 0
    until: float = 0.0


class Maker:
    """The model of each character by its name; vectors under one name are all of one width."""

    def __init__(self, models_of: ModelsOf, clock: Clock) -> None:
        self._models_of = models_of
        self._clock = clock
        self._real: dict[str, str] = {}
        self._away: dict[tuple[str, str], _Away] = {}
        self._told: set[str] = set()
        self._singly: set[str] = set()

    def name(self, settings: Settings) -> str:
        """Empty where nobody makes any, or nobody is to."""
        with request_scope(_NOBODY):
            if not settings.derived(_wanted):
                return ""
            named = self._models(settings).embeds(settings)
        return self._real.get(named, named)

    def is_free(self, name: str) -> bool:
        """Made on this machine: no request, nothing to pay."""
        return name.startswith(_LOCAL)

    def cost(self, name: str, texts: int) -> int:
        """How many requests that takes; a plugin may know no lists."""
        return texts if name in self._singly else 1

    def away_until(self, settings: Settings, name: str) -> float:
        """Until when it is not worth asking; 0 while all is well."""
        away = self._away.get((settings.character_id, name))
        return away.until if away else 0.0

    async def make(self, settings: Settings, name: str, texts: Sequence[str]) -> list[Vector]:
        """As many vectors, all of one width; raises ModelError."""
        if self.name(settings) != name:
            raise ModelUnavailable(f"{name} makes no vectors any more")
        texts = [cut(text) for text in texts]
        try:
            with request_scope(_NOBODY):
                made = await self._made(settings, name, texts)
        except ModelError as error:
            self._failed(settings, name, error)
            raise
        self._succeeded(settings, name)
        return made

    def named(self, name: str, width: int, *, always: bool = False) -> str:
        """What a model is called whose vectors are that wide: what it is called, unless that says
        something else; `always` with the width at the end."""
        base, size = _parted(name)
        return f"{base}/{width}" if always or size not in (0, width) else name

    def rename(self, name: str, real: str) -> None:
        """From now on the model goes by its real name."""
        if name != real:
            log.warning("vectors of %s are of another width; they are kept as %s", name, real)
            for nominal in [name, *(old for old, new in self._real.items() if new == name)]:
                self._real[nominal] = real
            self._real.pop(real, None)

    # --- asking --------------------------------------------------------------------------------

    async def _made(self, settings: Settings, name: str, texts: list[str]) -> list[Vector]:
        if not name.endswith(_PLUGIN):
            asked: dict[str, Any] = {"input": texts, "packed": True}
            # What it was set up to be, not what it turned out to be: some refuse to be asked.
            if size := _parted(self._models(settings).embeds(settings))[1]:
                asked["dimensions"] = size
            return await _sound(await self._use(settings, asked), len(texts), name)
        if name not in self._singly:
            try:
                return await self._of_a_list(settings, name, texts)
            except ModelError:
                if len(texts) == 1:
                    raise
            # Handlers of elizaOS take one text; if this one does, it was the list.
            found = [await self._of_one(settings, name, texts[0])]
            self._singly.add(name)
            log.info("%s takes one text at a time; each counts as a request", name)
            return found + [await self._of_one(settings, name, text) for text in texts[1:]]
        return [await self._of_one(settings, name, text) for text in texts]

    async def _of_a_list(self, settings: Settings, name: str, texts: list[str]) -> list[Vector]:
        if len(texts) == 1:
            return [await self._of_one(settings, name, texts[0])]
        return _checked(
            await self._use(settings, {"input": texts, "text": texts}), len(texts), name
        )

    async def _of_one(self, settings: Settings, name: str, text: str) -> Vector:
        found = await self._use(settings, {"input": text, "text": text})
        return _checked([found], 1, name)[0]

    async def _use(self, settings: Settings, asked: dict[str, Any]) -> Any:
        return await self._models(settings).use(settings, ModelType.TEXT_EMBEDDING, asked)

    def _models(self, settings: Settings) -> ModelRoles:
        return self._models_of(CharacterId(settings.character_id), settings)

    # --- being away ----------------------------------------------------------------------------

    def _failed(self, settings: Settings, name: str, error: ModelError) -> None:
        away = self._away.setdefault((settings.character_id, name), _Away())
        away.failures += 1
        named = error.retry_after if isinstance(error, ModelUnavailable) else None
        pause = max(_PAUSES.pause(away.failures), named or 0.0)
        away.until = self._clock.monotonic() + min(pause, 3600.0)
        if name not in self._told:
            self._told.add(name)
            log.warning("no vectors from %s: %s; words alone are looked for meanwhile", name, error)

    def _succeeded(self, settings: Settings, name: str) -> None:
        self._away.pop((settings.character_id, name), None)
        if name in self._told:
            self._told.discard(name)
            log.warning("%s makes vectors again", name)


def cut(text: str) -> str:
    """As much of it as every model takes."""
    text = text[:_LONGEST]
    if text.isascii():
        return text
    return text.encode(errors="replace")[:_LONGEST_BYTES].decode(errors="ignore")


def _wanted(settings: Settings) -> bool:
    return settings.flag("TROUPE_EMBEDDINGS", True)


def _parted(name: str) -> tuple[str, int]:
    """A name without the width at its end, and the width, 0 where it names none."""
    base, _, size = name.rpartition("/")
    return (base, int(size)) if base and size.isascii() and size.isdigit() else (name, 0)


async def _sound(rows: Any, count: int, name: str) -> list[Vector]:
    """See `_checked`; many numbers take some milliseconds, in which others talk on."""
    try:
        many = count * len(rows[0]) > _MANY
    except (TypeError, LookupError):
        many = False
    if many:
        return await asyncio.to_thread(_checked, rows, count, name)
    return _checked(rows, count, name)


def _checked(rows: Any, count: int, name: str) -> list[Vector]:
    vectors: list[Vector] = []
    try:
        vectors = [row if isinstance(row, array) else array("f", row) for row in rows]
    except (TypeError, OverflowError):
        pass
    if len(vectors) != count or not all(vectors):
        raise ModelUnavailable(f"{name} gave no vector for each text")
    if len(set(map(len, vectors))) > 1:
        raise ModelUnavailable(f"{name} gave vectors of several widths")
    if not all(math.isfinite(sum(vector)) for vector in vectors):
        raise ModelUnavailable(f"{name} gave numbers that are none")
    return vectors
