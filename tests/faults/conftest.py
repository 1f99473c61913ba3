"""A stage without flood control, and a model service that says which message it answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from bots.sandbox import Stage
from tests.fakes.model_server import ModelServer
from tests.faults.ledgers import answer


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with Stage(limits=False) as stage:
        yield stage


@pytest.fixture
async def model() -> AsyncIterator[ModelServer]:
    async with ModelServer(answer, keep_calls=False) as server:
        yield server


@pytest.fixture
def thinks(model: ModelServer) -> Callable[..., dict[str, str]]:
    """Variables of a gateway whose every message gets an answer of this model's."""

    def variables(**more: str) -> dict[str, str]:
        return {
            "OPENAI_API_KEY": "a-key-for-nothing",
            "OPENAI_BASE_URL": model.base_url,
            "BASIC_CAPABILITIES_KEEP_RESP": "true",
            **more,
        }

    return variables
