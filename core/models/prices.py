"""What models cost, as far as it is known: prices.json, and a file of the operator's own."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

from core.errors import BadInput, Finding
from core.ports import Usage

_PARTS = frozenset({"prompt", "cached", "completion", "image", "minute", "characters"})
# As services date their models: -2025-08-07, -20250929, -001, -latest, -preview-05-20.
_DATED = re.compile(r"(?:-(?:\d[\d-]*|latest|preview|exp))+")
_FREE = ":free"

Table = Mapping[str, Mapping[str, Mapping[str, float]]]


@dataclass(frozen=True, slots=True)
class Prices:
    as_of: str
    free: frozenset[str]
    table: Table
    """By provider and model."""

    def of(self, usage: Usage) -> float | None:
        """US dollars; None where the price is not known."""
        if usage.provider in self.free:
            return 0.0
        if usage.provider == "openrouter" and usage.model.endswith(_FREE):
            return 0.0
        found = _find(self.table.get(usage.provider, {}), usage.model)
        if found is None:
            return None
        tokens = usage.prompt_tokens + usage.completion_tokens
        if tokens and "prompt" in found:
            prompt = found["prompt"]
            cached = min(usage.cached_tokens, usage.prompt_tokens)
            million = (
                (usage.prompt_tokens - cached) * prompt
                + cached * found.get("cached", prompt)
                + usage.completion_tokens * found.get("completion", 0.0)
            )
            return million / 1_000_000
        if usage.units and "image" in found:
            return usage.units * found["image"]
        if usage.units and "minute" in found:
            return usage.units / 60 * found["minute"]
        if usage.units and "characters" in found:
            return usage.units / 1_000_000 * found["characters"]
        return 0.0 if found.get("prompt") == 0 else None

    def overlaid(self, path: Path) -> Prices:
        """With a file of the same form on top; raises BadInput."""
        try:
            theirs = _read(path.read_bytes())
        except OSError as error:
            what = f"cannot be read ({type(error).__name__})"
            raise BadInput(Finding(f"MODEL_PRICES, {path}", what)) from None
        except ValueError as error:
            mend = 'For example {"prices": {"openai": {"gpt-5": {"prompt": 1.25}}}}'
            raise BadInput(Finding(f"MODEL_PRICES, {path}", str(error), mend)) from None
        table = {**self.table}
        for provider, models in theirs.table.items():
            table[provider] = {**table.get(provider, {}), **models}
        return Prices(theirs.as_of or self.as_of, self.free | theirs.free, table)


def _find(models: Mapping[str, Mapping[str, float]], model: str) -> Mapping[str, float] | None:
    if (exact := models.get(model)) is not None:
        return exact
    # "gpt-5-mini-2025-08-07" is gpt-5-mini; "gpt-5-future" is nothing that we know.
    alike = [
        name
        for name in models
        if model.startswith(name) and _DATED.fullmatch(model[len(name) :]) is not None
    ]
    return models[max(alike, key=len)] if alike else None


def _read(text: bytes) -> Prices:
    try:
        content: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ValueError("is no JSON") from None
    table = content.get("prices") if isinstance(content, dict) else None
    if not isinstance(table, dict):
        raise ValueError('has no "prices"')
    free = content.get("free", [])
    for provider, models in table.items():
        for model, price in models.items() if isinstance(models, dict) else ((provider, None),):
            if not isinstance(price, dict) or not _PARTS.issuperset(price):
                raise ValueError(f"{model} is not priced by {', '.join(sorted(_PARTS))}")
            if not all(map(_is_price, price.values())):
                raise ValueError(f"a price of {model} is no number from 0 up")
    if not isinstance(free, list) or not all(isinstance(name, str) for name in free):
        raise ValueError('"free" is no list of names')
    return Prices(str(content.get("as_of", "")), frozenset(free), table)


def _is_price(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(float(value)) and float(value) >= 0  # type: ignore[arg-type]  # it is one


@lru_cache(maxsize=1)
def usual() -> Prices:
    """Those of the package."""
    return _read(files("core.models").joinpath("prices.json").read_bytes())


USUAL = usual()
