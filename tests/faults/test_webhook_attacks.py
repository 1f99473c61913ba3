"""Strangers at the address of the webhook: too slow, too large, too many, without the secret: G30, G40."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from bots.sandbox import Bot, Stage
from bots.telegram.address import path_of, secret_of
from core.secrets import Secret
from tests.faults import ledgers
from tests.faults.ledgers import Crowd
from tests.faults.process import GatewayProcess
from tests.faults.test_bounds import MB, size_of
from tests.faults.test_webhook import HEADER, bring, brought, hooked_process
from tests.flows.talk import until

Variables = Callable[..., dict[str, str]]
DEEP = b"[" * 100_000 + b"]" * 100_000


def head(bot: Bot, *, secret: str = "", length: int = 0) -> bytes:
    """A request to a bot's path; with its own secret where none is given."""
    token = Secret(bot.token)
    lines = [
        f"POST /telegram/{path_of(token).reveal()} HTTP/1.1",
        "Host: bots.example.org",
        f"{HEADER}: {secret or secret_of(token).reveal()}",
        f"Content-Length: {length}",
    ]
    return "\r\n".join((*lines, "", "")).encode()


_AT_ONCE = asyncio.Semaphore(50)


async def slow(gateway: GatewayProcess, said: bytes) -> float:
    """Say so much and no more; after how long the other side hung up."""
    # More at once than the kernel lets wait come a minute later.
    async with _AT_ONCE:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    began = time.monotonic()
    try:
        writer.write(said)
        assert await reader.read() in (b"", b"HTTP/1.1 408")
    except ConnectionError:
        pass
    finally:
        writer.close()
    return time.monotonic() - began


async def flood(gateway: GatewayProcess, ada: Bot, seconds: float) -> Counter[bytes]:
    """Ask again and again with a secret that is wrong; how often that was answered how."""
    asked = head(ada, secret="wrong")
    answers: Counter[bytes] = Counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    until_then = time.monotonic() + seconds
    while time.monotonic() < until_then:
        writer.write(asked * 10)
        for _ in range(10):
            answers[(await reader.readuntil(b"\r\n\r\n")).split()[1]] += 1
    writer.close()
    return answers


def pieces(number: int) -> Iterator[bytes]:
    """Beginnings of a request: nothing, a letter, a line, all but the end."""
    whole = b"POST /telegram/anything HTTP/1.1\r\nHost: x\r\nX-One: 1\r\n"
    for at in range(number):
        yield whole[: (0, 1, 40, len(whole))[at % 4]]


@pytest.mark.parametrize(
    ("sockets", "seconds"),
    [
        pytest.param(500, 2, id="500-sockets"),
        pytest.param(
            500, 10, id="500-sockets-longer", marks=[pytest.mark.soak, pytest.mark.timeout(120)]
        ),
    ],
)
async def test_g30_strangers_do_not_keep_telegram_waiting(
    sockets: int, seconds: float, tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    async with hooked_process(tmp_path, stage, "Ada", **thinks()) as gateway:
        ada = gateway.bots["Ada"]
        crowd = Crowd.of(stage, ada, 20)
        await gateway.until()
        crowd.says(2)
        await crowd.until_answered(40)
        before = await size_of(gateway)
        async with asyncio.timeout(90), asyncio.TaskGroup() as group:
            hanging = [group.create_task(slow(gateway, said)) for said in pieces(sockets)]
            await until(lambda: len(list(_files(gateway))) > sockets)
            floods = [group.create_task(flood(gateway, ada, seconds)) for _ in range(10)]
            for _ in range(int(seconds * 10)):
                crowd.says(rooms=[0, 1])
                await asyncio.sleep(0.1)
            async with aiohttp.ClientSession() as session:
                for body, status in ((DEEP * 10, 413), (DEEP, 400), (b"{}", 200)):
                    assert await bring(session, gateway.port, ada, body) == status
            full = await size_of(gateway)
        await crowd.until_answered(len(crowd.said))
        answers = sum((one.result() for one in floods), Counter[bytes]())
        assert set(answers) == {b"401"}
        assert answers.total() > 500, "a flood that is none shows nothing"
        assert max(one.result() for one in hanging) < 20, "10 s, on a machine that has time"
        assert set(Counter(one.status for one in stage.journal.of("webhook"))) == {200}
        assert full.resident - before.resident <= 20 * MB
        after = await size_of(gateway)
        assert after.files <= before.files + 10
        assert await gateway.end() == 0
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log
    if seconds > 5:
        took = sorted(brought(stage, 200))
        assert took[int(len(took) * 0.99)] <= 0.3


def _files(gateway: GatewayProcess) -> Iterator[Path]:
    assert gateway.process is not None
    return Path(f"/proc/{gateway.process.pid}/fd").iterdir()


async def test_g40_only_telegram_gets_in_and_only_to_its_own_bot(
    tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    async with hooked_process(tmp_path, stage, "Ada", "Bob", **thinks()) as gateway:
        ada, bob = gateway.bots["Ada"], gateway.bots["Bob"]
        crowd = Crowd.of(stage, ada, 1)
        await gateway.until()
        seen: list[bytes] = []
        crowd.says()
        seen += [update.body for update in stage.pending(ada)]
        await crowd.until_answered(1)
        async with aiohttp.ClientSession() as session:
            for body in (*seen, b"{}", b"no update", DEEP):
                assert await bring(session, gateway.port, ada, body, secret_of_bot=bob) == 401
                assert await bring(session, gateway.port, bob, body, secret_of_bot=ada) == 401
            stranger = stage.bot("Eve")
            assert await bring(session, gateway.port, stranger, seen[0]) == 404
            # Whoever has overheard an update and its secret gets no second answer by it.
            assert await bring(session, gateway.port, ada, seen[0]) == 200
            assert await bring(session, gateway.port, ada, seen[0]) == 200
        for bot in (ada, bob):
            hook = stage.desk(bot).webhook
            assert hook is not None
            assert hook.secret is not None
            assert bot.token.partition(":")[2] not in hook.url
            assert str(bot.id) not in hook.url.rpartition("/")[2]
            assert hook.secret not in gateway.log
            assert hook.url.rpartition("/")[2] not in gateway.log
        assert await gateway.end() == 0
    assert len(ledgers.read(gateway.data).inbox) == 1
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log
