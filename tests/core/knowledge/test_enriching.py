"""A model says of each piece where it stands: within limits, paid once, and never in the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import ModelRejected, ModelUnavailable
from core.ids import CharacterId, MemoryId
from core.knowledge.chunks import Cut, pieces
from core.knowledge.enriching import Enricher, kind_of
from core.models.roles import Models
from core.models.scripted import Scripted
from core.ports import ModelRequest
from core.settings.layers import Environment, Settings
from core.store.engine import SqlStore
from tests.fakes.clock import QuickClock

ADA, DOCUMENT = CharacterId("ada"), MemoryId("d")
TEXT = "\n\n".join(f"Paragraph {number} is about ferries." for number in range(60))
PIECES = pieces(TEXT, Cut(30, 5))


def settings(**variables: str) -> Settings:
    return Settings(Environment.of({"CTX_KNOWLEDGE_ENABLED": "true", **variables}), "Ada", ADA)


def enricher(store: SqlStore, model: Any, clock: QuickClock | None = None) -> Enricher:
    models = Models(override=model)
    return Enricher(store, lambda owner, chosen: models, clock or QuickClock(), settings())


async def contexts(one: Enricher, **variables: str) -> list[str]:
    return await one.contexts(ADA, settings(**variables), DOCUMENT, TEXT, "text", PIECES)


async def test_every_piece_gets_its_own_and_the_document_stands_first_the_same_in_all(
    store: SqlStore,
) -> None:
    model = Scripted(lambda request: f"About {len(request.messages[0].text)}.")
    found = await contexts(enricher(store, model))
    assert len(found) == len(PIECES) > 25
    assert all(one.startswith("About ") for one in found)
    assert len({request.system for request in model.requests}) == 1
    assert model.requests[0].system.startswith("<document>\nParagraph 0 is")
    asked = "\n".join(request.messages[0].text for request in model.requests)
    assert all(piece.text.strip() in asked for piece in PIECES)


async def test_a_piece_that_fails_is_kept_plain_and_the_others_are_not(store: SqlStore) -> None:
    calls = 0

    def model(request: ModelRequest) -> str:
        nonlocal calls
        calls += 1
        return "" if calls == 3 else "Fine."

    found = await contexts(enricher(store, Scripted(model)))
    assert found.count("") == 1


async def test_who_refuses_is_not_asked_again_for_each_piece(
    store: SqlStore, caplog: pytest.LogCaptureFixture
) -> None:
    model = Scripted(lambda request: ModelRejected("a wrong key"))
    assert set(await contexts(enricher(store, model))) == {""}
    assert len(model.requests) <= 20
    assert [one.message for one in caplog.records if "a wrong key" in one.message]


async def test_offline_nobody_is_asked_and_that_is_said_once(
    store: SqlStore, caplog: pytest.LogCaptureFixture
) -> None:
    models = Models()
    one = Enricher(store, lambda owner, chosen: models, QuickClock(), settings())
    assert set(await contexts(one)) == {""}
    assert set(await contexts(one)) == {""}
    assert len([one for one in caplog.records if "CTX_KNOWLEDGE_ENABLED" in one.message]) == 1


async def test_a_crash_pays_for_nothing_twice(store: SqlStore) -> None:
    class Crash(BaseException):
        pass

    calls = 0

    def dying(request: ModelRequest) -> str:
        nonlocal calls
        calls += 1
        if calls > 25:
            raise Crash
        return "Fine."

    with pytest.raises(BaseExceptionGroup):
        await contexts(enricher(store, Scripted(dying)))
    model = Scripted(["Fine."])
    assert set(await contexts(enricher(store, model))) == {"Fine."}
    assert len(model.requests) == len(PIECES) - 20


async def test_a_minute_sees_no_more_requests_than_are_allowed(store: SqlStore) -> None:
    clock = QuickClock()
    one = Enricher(
        store,
        lambda owner, chosen: Models(override=Scripted(["Fine."])),
        clock,
        settings(REQUESTS_PER_MINUTE="10", TOKENS_PER_MINUTE="1000000"),
    )
    await contexts(one)
    waited = [one for one in clock.waits if one]
    # Ten at once, then one every six seconds.
    assert len(waited) >= len(PIECES) - 10
    assert min(waited) > 0


async def test_a_model_can_be_named_for_it(store: SqlStore) -> None:
    named: list[tuple[str, str]] = []

    class Asked(Models):
        def stream(self, chosen: Settings, *rest: Any, provider: str = "") -> Any:
            named.append((provider, chosen.text("OPENROUTER_SMALL_MODEL")))
            return super().stream(chosen, *rest, provider=provider)

    one = Enricher(
        store, lambda owner, chosen: Asked(override=Scripted(["Fine."])), QuickClock(), settings()
    )
    await contexts(one, TEXT_PROVIDER="openrouter", TEXT_MODEL="some/model")
    assert set(named) == {("openrouter", "some/model")}


async def test_a_model_that_is_away_leaves_the_rest_plain(store: SqlStore) -> None:
    model = Scripted(lambda request: ModelUnavailable("away"))
    assert set(await contexts(enricher(store, model))) == {""}


@pytest.mark.parametrize(
    ("text", "kind", "asked"),
    [
        ("def main(): ...", "code", "code"),
        ("Some words.", "pdf", "pdf"),
        (r"Let \frac{a}{b} be, \sum_i x_i.", "pdf", "maths"),
        ('{"port": 3000}', "json", "technical"),
        ("Run\n```\nmake\n```\n", "markdown", "technical"),
        ("A tale of the sea.", "text", "general"),
    ],
)
def test_the_question_fits_what_it_is_about(text: str, kind: str, asked: str) -> None:
    assert kind_of(text, kind) == asked  # type: ignore[arg-type]


async def test_a_document_too_long_for_a_prompt_shows_its_beginning_and_what_is_around(
    store: SqlStore, data: Path
) -> None:
    text = "\n\n".join(f"Chapter {number}. " + "words and words " * 200 for number in range(40))
    some = pieces(text)
    model = Scripted(["Fine."])
    one = enricher(store, model)
    await one.contexts(ADA, settings(), DOCUMENT, text, "text", some)
    last = next(one for one in model.requests if some[-1].text.strip() in one.messages[0].text)
    assert "Chapter 0." in last.system
    assert "Chapter 39." not in last.system
    assert "Around the passage:" in last.messages[0].text
