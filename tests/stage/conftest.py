"""A stage for each test, and real clients for its bots."""

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest
import telegram
from telegram.request import HTTPXRequest

from bots.sandbox import Bot, Stage

Dial = Callable[[Stage, Bot], AbstractAsyncContextManager[telegram.Bot]]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with Stage(limits=False, record=True) as stage:
        yield stage


@pytest.fixture
def dial() -> Dial:
    """Log a real client in: `async with dial(stage, ada) as client`."""

    @contextlib.asynccontextmanager
    async def dialled(stage: Stage, bot: Bot) -> AsyncIterator[telegram.Bot]:
        client = telegram.Bot(
            bot.token,
            base_url=f"{stage.root}/bot",
            base_file_url=f"{stage.root}/file/bot",
            request=HTTPXRequest(connection_pool_size=8),
            get_updates_request=HTTPXRequest(connection_pool_size=2),
        )
        async with client:
            yield client

    return dialled
