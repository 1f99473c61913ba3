"""Updates are brought to us: who may bring them, in what shape, and what is said when it takes long."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from bots.http.server import serve
from bots.telegram.webhook import Hooks, Receive
from core.secrets import Secret
from tests.fakes.clock import TurnedClock

HEADER = "X-Telegram-Bot-Api-Secret-Token"
PATH, SECRET = "a-path-of-adas", "a-secret-of-adas"
UPDATE = b'{"update_id": 1, "message": {"text": "hello"}}'


@dataclass
class Door:
    """A listening server and what it took in."""

    hooks: Hooks
    url: str
    port: int
    session: aiohttp.ClientSession
    taken: list[Any] = field(default_factory=list)
    said: bytes = b""
    """The body of the latest answer."""

    async def bring(
        self,
        body: bytes | AsyncIterator[bytes] = UPDATE,
        *,
        path: str = PATH,
        secret: str | None = SECRET,
    ) -> aiohttp.ClientResponse:
        headers = {} if secret is None else {HEADER: secret}
        url = f"{self.url}/telegram/{path}"
        async with self.session.post(url, data=_data(body), headers=headers) as answer:
            self.said = await answer.read()
        return answer

    async def say(self, head: bytes, *, timeout: float = 5) -> bytes:
        """Write something and read until the other side closes or has nothing more to say."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(head)
            async with asyncio.timeout(timeout):
                return await reader.readline()
        finally:
            writer.close()


def _data(body: bytes | AsyncIterator[bytes]) -> Any:
    return io.BytesIO(body) if isinstance(body, bytes) else body


@asynccontextmanager
async def door(
    receive: Receive | None = None, *, complete: bool = True, **choices: Any
) -> AsyncIterator[Door]:
    hooks = Hooks(choices.pop("clock", TurnedClock()), **choices)
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(
            serve(
                "127.0.0.1",
                0,
                ready=lambda: {"status": "ok"},
                metrics=lambda: b"",
                hooks=hooks.routes,
            )
        )
        session = await stack.enter_async_context(aiohttp.ClientSession())
        made = Door(hooks, f"http://127.0.0.1:{port}", port, session)

        async def take(update: dict[str, Any]) -> None:
            made.taken.append(update)

        await stack.enter_async_context(hooks.at(Secret(PATH), Secret(SECRET), receive or take))
        if complete:
            hooks.complete()
        yield made


async def test_an_update_is_handed_on_and_then_answered_without_a_word() -> None:
    async with door() as ada:
        assert (await ada.bring()).status == 200
        assert ada.said == b"", "a method named there would be called, and nobody told how it went"
    assert ada.taken == [{"update_id": 1, "message": {"text": "hello"}}]


async def test_the_answer_comes_after_the_update_is_kept() -> None:
    kept = asyncio.Event()

    async def keep(update: dict[str, Any]) -> None:
        await kept.wait()

    async with door(keep) as ada, asyncio.TaskGroup() as group:
        bringing = group.create_task(ada.bring())
        await asyncio.sleep(0.1)
        assert not bringing.done()
        kept.set()
        assert (await bringing).status == 200


@pytest.mark.parametrize("host", ["bots.example.org", "127.0.0.1:1", "[::1]"])
async def test_telegram_comes_by_whatever_name_the_proxy_has(host: str) -> None:
    async with door() as ada:
        url, headers = f"{ada.url}/telegram/{PATH}", {HEADER: SECRET, "Host": host}
        async with ada.session.post(url, data=UPDATE, headers=headers) as answer:
            assert answer.status == 200
        async with ada.session.get(f"{ada.url}/ready", headers={"Host": "evil.org"}) as answer:
            assert answer.status == 403


@pytest.mark.parametrize(
    "secret", [None, "", "wrong", SECRET + "x", SECRET[:-1], SECRET.upper(), "sécret\udcff"]
)
async def test_g40_without_the_secret_nobody_is_let_in(secret: str | None) -> None:
    async with door() as ada:
        if secret is not None and not secret.isascii():
            head = f"POST /telegram/{PATH} HTTP/1.1\r\nHost: x\r\n{HEADER}: {secret}\r\n"
            line = await ada.say(head.encode("utf-8", "surrogateescape") + b"\r\n")
            assert line.startswith(b"HTTP/1.1 401")
        else:
            assert (await ada.bring(secret=secret)).status == 401
        assert ada.hooks.refused == 1
    assert ada.taken == []


async def test_g40_one_bots_secret_opens_no_other_bots_path() -> None:
    taken = []

    async def take(update: dict[str, Any]) -> None:
        taken.append(update)

    async with door() as ada, ada.hooks.at(Secret("path-of-bobs"), Secret("secret-of-bobs"), take):
        assert (await ada.bring(path="path-of-bobs")).status == 401
        assert (await ada.bring(secret="secret-of-bobs")).status == 401
        assert (await ada.bring(path="path-of-bobs", secret="secret-of-bobs")).status == 200
    assert (len(ada.taken), len(taken)) == (0, 1)


@pytest.mark.parametrize("path", ["", "nobodys", PATH + "/", f"{PATH}/more", "../live", "%00"])
async def test_g40_a_path_that_is_nobodys_is_not_found(path: str) -> None:
    async with door() as ada:
        head = f"POST /telegram/{path} HTTP/1.1\r\nHost: localhost\r\n{HEADER}: {SECRET}\r\n\r\n"
        assert (await ada.say(head.encode())).split()[1] in (b"404", b"405")
    assert ada.taken == []


@pytest.mark.parametrize(
    ("path", "secret", "status"),
    [("nobodys", SECRET, b"404"), (PATH, "wrong", b"401"), (PATH, SECRET, b"413")],
)
async def test_g40_who_is_refused_is_refused_before_the_body_has_come(
    path: str, secret: str, status: bytes
) -> None:
    """The head promises two megabytes, and not one byte of them is sent."""
    head = (
        f"POST /telegram/{path} HTTP/1.1\r\nHost: localhost\r\n{HEADER}: {secret}\r\n"
        "Content-Length: 2097152\r\n\r\n"
    )
    async with door() as ada:
        assert (await ada.say(head.encode(), timeout=0.8)).split()[1] == status


async def test_g30_a_body_that_grows_past_a_megabyte_is_cut_off() -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"[" * 65_536

    async with door() as ada:
        assert (await ada.bring(endless())).status == 413
        assert (await ada.bring(b" " * 1_100_000)).status == 413
        assert (await ada.bring(UPDATE + b" " * 900_000)).status == 200
    assert len(ada.taken) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"7",
        b'"text"',
        b"\xff\xfe",
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    ],
    ids=["nothing", "half", "null", "list", "number", "text", "bytes", "deep", "deeper"],
)
async def test_g30_what_is_no_update_is_a_bad_request(body: bytes) -> None:
    async with door() as ada:
        assert (await ada.bring(body)).status == 400
        assert (await ada.bring()).status == 200
    assert len(ada.taken) == 1


async def test_half_an_emoji_is_an_update_as_it_is_when_polled() -> None:
    async with door() as ada:
        assert (await ada.bring(b'{"update_id": 2, "message": {"text": "\\ud83d"}}')).status == 200
    assert ada.taken[0]["message"]["text"] == "\ud83d"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
async def test_only_a_post_brings_an_update(method: str) -> None:
    async with door() as ada:
        url = f"{ada.url}/telegram/{PATH}"
        async with ada.session.request(method, url, headers={HEADER: SECRET}) as answer:
            assert answer.status == 405
    assert ada.taken == []


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    head = (
        f"POST /telegram/{PATH} HTTP/1.1\r\nHost: x\r\n{HEADER}: {SECRET}\r\n"
        "Content-Length: 100\r\n\r\n{"
    )
    async with door(body_patience=0.1) as ada:
        assert (await ada.say(head.encode())).split()[1] == b"408"
        assert (await ada.bring()).status == 200


async def never(update: dict[str, Any]) -> None:
    await asyncio.Event().wait()


async def test_g2_what_is_not_kept_in_time_is_put_off_longer_and_longer() -> None:
    clock = TurnedClock()
    waits = []
    async with door(never, patience=0.05, clock=clock) as ada:
        for turned in (0, 5, 10, 600):
            clock.turn(turned)
            answer = await ada.bring()
            assert answer.status == 503
            waits.append(int(answer.headers["Retry-After"]))
        assert ada.hooks.put_off == 4
    assert waits == [2, 5, 15, 30]


async def test_g2_once_one_is_kept_the_next_trouble_begins_with_short_waits() -> None:
    clock = TurnedClock()
    trouble = True

    async def sometimes(update: dict[str, Any]) -> None:
        if trouble:
            await never(update)

    async with door(sometimes, patience=0.05, clock=clock) as ada:
        await ada.bring()
        clock.turn(100)
        trouble = False
        assert (await ada.bring()).status == 200
        trouble = True
        clock.turn(100)
        assert (await ada.bring()).headers["Retry-After"] == "2"


async def test_g2_no_more_wait_than_there_is_room_for() -> None:
    going_on = asyncio.Event()

    async def wait(update: dict[str, Any]) -> None:
        await going_on.wait()

    async with door(wait, most_waiting=3) as ada, asyncio.TaskGroup() as group:
        waiting = [group.create_task(ada.bring()) for _ in range(3)]
        await asyncio.sleep(0.1)
        late = await ada.bring()
        assert (late.status, late.headers["Retry-After"]) == (503, "2")
        assert (await ada.bring(secret="wrong")).status == 401
        going_on.set()
        assert [(await one).status for one in waiting] == [200] * 3
        assert (await ada.bring()).status == 200


async def test_an_update_that_is_being_kept_when_its_bot_leaves_comes_again() -> None:
    cut = False

    async def keep(update: dict[str, Any]) -> None:
        nonlocal cut
        try:
            await never(update)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            cut = True
            raise

    async with door() as ada, asyncio.TaskGroup() as group:
        async with ada.hooks.at(Secret("bobs"), Secret("secret"), keep):
            bringing = group.create_task(ada.bring(path="bobs", secret="secret"))
            await asyncio.sleep(0.1)
        assert cut, "nothing is under way any more once the bot has left"
        assert (await bringing).status == 503
        again = await ada.bring(path="bobs", secret="secret")
        assert (again.status, again.headers["Retry-After"]) == (503, "2")
        assert (await ada.bring(path="bobs", secret="wrong")).status == 401


async def test_until_everybody_has_come_no_path_is_nobodys() -> None:
    """At a start Telegram comes sooner than the bots; told 404, it would wait longer each time."""
    async with door(complete=False) as ada:
        answer = await ada.bring(path="bobs")
        assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
        ada.hooks.complete()
        assert (await ada.bring(path="bobs")).status == 404


async def test_a_bot_that_comes_back_is_brought_updates_again() -> None:
    taken = []

    async def take(update: dict[str, Any]) -> None:
        taken.append(update)

    async with door() as ada:
        for _ in range(2):
            async with ada.hooks.at(Secret("bobs"), Secret("secret"), take):
                assert (await ada.bring(path="bobs", secret="secret")).status == 200
            assert (await ada.bring(path="bobs", secret="secret")).status == 503
    assert len(taken) == 2


async def test_a_failure_of_ours_is_no_success_and_shows_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(update: dict[str, Any]) -> None:
        raise ZeroDivisionError("a bug")

    async with door(fail) as ada:
        answer = await ada.bring()
        assert answer.status == 500
        assert (await ada.bring(secret="wrong")).status == 401
    assert SECRET not in caplog.text
