"""Whose voice fails, as /ready is to tell it: the character's own, not that of somebody's key."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import ModelUnavailable
from core.events import Events
from core.flow.tally import Tally
from core.flow.till import Till
from core.ids import CharacterId
from core.ports import ModelType
from core.settings.context import RequestContext, request_scope
from tests.fakes.clock import FakeClock

ADA = CharacterId("ada")


def asked(till: Till, kind: ModelType, error: Exception | None = None) -> None:
    with till.aside(ADA, "Ada", Events(), kind):
        if error is not None:
            raise error


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def till(tally: Tally) -> Till:
    nobody: Any = None
    return Till(nobody, nobody, tally, nobody, FakeClock())


def test_it_is_told_until_it_is_done_again_and_by_what_was_asked(till: Till, tally: Tally) -> None:
    with pytest.raises(ModelUnavailable):
        asked(till, ModelType.TEXT_TO_SPEECH, ModelUnavailable("it is away"))
    asked(till, ModelType.TRANSCRIPTION)
    assert tally.voices_failing == {("Ada", "TEXT_TO_SPEECH"): "it is away"}
    asked(till, ModelType.TEXT_TO_SPEECH)
    assert tally.voices_failing == {}


def test_a_model_that_writes_is_no_voice(till: Till, tally: Tally) -> None:
    with pytest.raises(ModelUnavailable):
        asked(till, ModelType.TEXT_LARGE, ModelUnavailable("it is away"))
    assert tally.voices_failing == {}


def test_a_key_that_somebody_has_brought_says_nothing_of_the_character(
    till: Till, tally: Tally
) -> None:
    theirs = {"ELEVENLABS_API_KEY": "xi-of-somebody"}
    with (
        request_scope(RequestContext("bob", agent_id=ADA, entity_settings=theirs)),
        pytest.raises(ModelUnavailable),
    ):
        asked(till, ModelType.TEXT_TO_SPEECH, ModelUnavailable("it is away"))
    assert tally.voices_failing == {}
