"""The stage brings updates as Telegram does: how long it waits, what it follows, what ends it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from telegram import InputFile
from telegram.error import BadRequest

from bots.sandbox import Stage

PEM = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


class Receiver:
    """Answers what it is told to, then 200; notes when it was asked what."""

    def __init__(self) -> None:
        self.answers: list[web.Response] = []
        self.asked: list[tuple[float, str]] = []
        self.inside = self.most_inside = 0
        self.takes = 0.0
        self.url = ""
        self._came = asyncio.Condition()

    async def hook(self, request: web.Request) -> web.Response:
        text = (await request.json())["message"]["text"]
        async with self._came:
            self.asked.append((time.monotonic(), text))
            self._came.notify_all()
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        await asyncio.sleep(self.takes)
        self.inside -= 1
        return self.answers.pop(0) if self.answers else web.Response()

    async def until(self, number: int) -> list[str]:
        async with asyncio.timeout(10), self._came:
            await self._came.wait_for(lambda: len(self.asked) >= number)
        return [text for _, text in self.asked]

    def pauses(self) -> list[float]:
        times = [at for at, _ in self.asked]
        return [after - before for before, after in pairwise(times)]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.hook)
    async with TestServer(app) as server:
        receiver.url = str(server.make_url("/hook"))
        yield receiver


@pytest.fixture
async def hasty() -> AsyncIterator[Stage]:
    """Its first pause is 0.1 s instead of one second."""
    async with Stage(limits=False, webhook_retry=0.1) as stage:
        yield stage


async def test_pauses_double_from_one_refusal_to_the_next(hasty, dial, receiver):
    ada, bob = hasty.bot("Ada"), hasty.person("Bob")
    receiver.answers = [web.Response(status=500) for _ in range(3)]
    async with dial(hasty, ada) as client:
        await client.set_webhook(receiver.url)
        bob.says(hasty.dm(bob, ada), "hello")
        assert await receiver.until(4) == ["hello"] * 4
    first, second, third = receiver.pauses()
    assert first >= 0.1
    assert second >= 0.2
    assert third >= 0.4


async def test_retry_after_is_kept_whatever_the_status(hasty, dial, receiver):
    ada, bob = hasty.bot("Ada"), hasty.person("Bob")
    receiver.answers = [web.Response(status=404, headers={"Retry-After": "1"})]
    async with dial(hasty, ada) as client:
        await client.set_webhook(receiver.url)
        bob.says(hasty.dm(bob, ada), "hello")
        await receiver.until(2)
    assert receiver.pauses()[0] >= 1


async def test_a_redirect_is_a_refusal_and_is_not_followed(hasty, dial, receiver):
    ada, bob = hasty.bot("Ada"), hasty.person("Bob")
    receiver.answers = [web.Response(status=302, headers={"Location": receiver.url + "?again"})]
    async with dial(hasty, ada) as client:
        await client.set_webhook(receiver.url)
        bob.says(hasty.dm(bob, ada), "hello")
        await receiver.until(2)
        assert "302" in (await client.get_webhook_info()).last_error_message
    assert receiver.pauses()[0] >= 0.1


async def test_no_more_are_brought_at_once_than_were_asked_for(stage, dial, receiver):
    ada = stage.bot("Ada")
    people = [stage.person(f"P{number}") for number in range(6)]
    receiver.takes = 0.05
    async with dial(stage, ada) as client:
        await client.set_webhook(receiver.url, max_connections=2)
        for one in people:
            one.says(stage.dm(one, ada), "hello")
        await receiver.until(6)
    assert receiver.most_inside == 2


async def test_an_own_certificate_is_kept_and_told_of(stage, dial, receiver):
    ada = stage.bot("Ada")
    async with dial(stage, ada) as client:
        with pytest.raises(BadRequest, match="certificate"):
            await client.set_webhook(receiver.url, certificate=InputFile(b"nothing", "a.pem"))
        await client.set_webhook(receiver.url, certificate=InputFile(PEM, "a.pem"))
        assert (await client.get_webhook_info()).has_custom_certificate
        await client.set_webhook(receiver.url)
        assert not (await client.get_webhook_info()).has_custom_certificate


async def test_a_revoked_token_takes_its_webhook_along_and_updates_wait(stage, dial, receiver):
    ada, bob = stage.bot("Ada"), stage.person("Bob")
    async with dial(stage, ada) as client:
        await client.set_webhook(receiver.url)
    stage.new_token(ada)
    bob.says(stage.dm(bob, ada), "hello")
    async with dial(stage, ada) as client:
        assert not (await client.get_webhook_info()).url
        assert [update.message.text for update in await client.get_updates()] == ["hello"]
    assert receiver.asked == []
