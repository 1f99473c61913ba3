"""What a call has cost, as far as anybody knows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import BadInput
from core.models.prices import USUAL
from core.models.roles import Models
from core.ports import Usage
from core.settings.vendors import VENDORS


def usage(model: str, provider: str = "openai", **more: float) -> Usage:
    return Usage(model, provider=provider, **more)  # type: ignore[arg-type]  # ints in fact


def test_cached_tokens_cost_less() -> None:
    plain = USUAL.of(usage("gpt-5", prompt_tokens=1_000_000))
    cached = USUAL.of(usage("gpt-5", prompt_tokens=1_000_000, cached_tokens=1_000_000))
    assert plain == 1.25
    assert cached == 0.125
    assert USUAL.of(usage("gpt-5", completion_tokens=1_000_000)) == 10


@pytest.mark.parametrize(
    ("model", "as_model"),
    [
        ("gpt-5-mini-2025-08-07", "gpt-5-mini"),
        ("gpt-4o-latest", "gpt-4o"),
        ("omni-moderation-latest", "omni-moderation"),
    ],
)
def test_a_dated_model_costs_what_its_name_costs(model: str, as_model: str) -> None:
    assert USUAL.of(usage(model, prompt_tokens=10)) == USUAL.of(usage(as_model, prompt_tokens=10))


@pytest.mark.parametrize(
    ("model", "provider"),
    [("gpt-5-future", "openai"), ("gpt-5", "other"), ("gpt-5", ""), ("acme", "acme")],
)
def test_what_nobody_knows_has_no_price(model: str, provider: str) -> None:
    assert USUAL.of(usage(model, provider, prompt_tokens=10)) is None


def test_ones_own_machine_costs_nothing() -> None:
    for provider in ("offline", "ollama", "llamacpp", "vllm", "lmstudio"):
        assert USUAL.of(usage("anything", provider, prompt_tokens=10)) == 0
    assert USUAL.of(usage("x/y:free", "openrouter", prompt_tokens=10)) == 0


def test_pictures_are_paid_by_the_piece_and_audio_by_the_minute() -> None:
    assert USUAL.of(usage("dall-e-3", units=2)) == pytest.approx(0.08)
    assert USUAL.of(usage("whisper-1", units=30)) == pytest.approx(0.003)


def test_a_file_of_the_operator_wins(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text(json.dumps({"prices": {"other": {"gpt-5": {"prompt": 2}}}, "free": ["acme"]}))
    prices = USUAL.overlaid(path)
    assert prices.of(usage("gpt-5", "other", prompt_tokens=1_000_000)) == 2
    assert prices.of(usage("gpt-5", prompt_tokens=1_000_000)) == 1.25
    assert Models(prices=prices).price(usage("x", "acme", prompt_tokens=1)) == 0
    assert prices.as_of == USUAL.as_of


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"prices": {"a": 1}}',
        '{"prices": {"a": {"b": {"prompt": -1}}}}',
        '{"prices": {"a": {"b": {"prompt": "1"}}}}',
        '{"prices": {"a": {"b": {"tokens": 1}}}}',
        '{"prices": {}, "free": "a"}',
    ],
)
def test_a_file_that_cannot_be_used_is_told_by_its_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prices.json"
    path.write_text(text)
    with pytest.raises(BadInput, match="MODEL_PRICES"):
        USUAL.overlaid(path)
    with pytest.raises(BadInput, match="cannot be read"):
        USUAL.overlaid(tmp_path / "none.json")


def test_every_model_that_is_asked_unless_told_otherwise_has_a_price() -> None:
    """Those of services that are paid; the table says since when."""
    assert USUAL.as_of
    free = tuple(name.upper() for name in USUAL.free)
    kinds = ("_MODEL",)
    named = [key for key in VENDORS if key.name.endswith(kinds) and not key.name.startswith(free)]
    unpriced = [
        key.name
        for key in named
        for model in key.default.split(",")
        if model
        and USUAL.of(usage(model, key.name.partition("_")[0].lower(), prompt_tokens=100, units=1))
        is None
        and USUAL.of(usage(model, key.name.partition("_")[0].lower(), units=1)) is None
    ]
    assert unpriced == []
