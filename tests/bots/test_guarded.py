"""G31: an address that somebody else has written leads to public servers, or nowhere."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp.abc
import pytest
from aiohttp import web

from bots import guarded
from bots.guarded import Guarded, is_public
from core.errors import FetchFailed
from core.files import Files
from core.flow.packing import packed
from core.messages import Content
from tests.fakes.pictures import png


class Canary:
    """Sings when anything connects to it: by IPv4, and by IPv6 where this machine has it."""

    def __init__(self) -> None:
        self.hits = 0
        self._sockets = [self._bound(socket.AF_INET, "127.0.0.1", 0)]
        self.port = int(self._sockets[0].getsockname()[1])
        if socket.has_ipv6:
            try:
                self._sockets.append(self._bound(socket.AF_INET6, "::1", self.port))
            except OSError:
                pass  # a machine without IPv6 has one way less to be hit
        for one in self._sockets:
            threading.Thread(target=self._sing, args=(one,), daemon=True).start()

    def close(self) -> None:
        for one in self._sockets:
            one.shutdown(socket.SHUT_RDWR)
            one.close()

    @staticmethod
    def _bound(family: int, host: str, port: int) -> socket.socket:
        made = socket.socket(family, socket.SOCK_STREAM)
        made.bind((host, port))
        made.listen()
        return made

    def _sing(self, one: socket.socket) -> None:
        while True:
            try:
                line, _ = one.accept()
            except OSError:
                return
            self.hits += 1
            line.close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    made = Canary()
    yield made
    made.close()


@dataclass(slots=True)
class Server:
    """One that may be asked, as if it were public."""

    root: str
    address: tuple[str, int]
    asked: list[str] = field(default_factory=list)
    leads_to: str = ""
    body: bytes = b""
    status: int = 200


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server("", ("", 0))

    async def answer(request: web.BaseRequest) -> web.Response:
        made.asked.append(request.path)
        if made.leads_to:
            return web.Response(status=302, headers={"Location": made.leads_to})
        return web.Response(status=made.status, body=made.body)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = int(runner.addresses[0][1])
    made.root, made.address = f"http://127.0.0.1:{port}", ("127.0.0.1", port)
    yield made
    await runner.cleanup()


FORMS = (
    "http://127.0.0.1:{port}/",
    "http://127.0.0.1.:{port}/",
    "http://127.1:{port}/",
    "http://127.0.1:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://0x7f.0.0.1:{port}/",
    "http://0x7f.0x0.0x0.0x1:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://017700000001:{port}/",
    "http://127.0.0.001:{port}/",
    "http://0:{port}/",
    "http://0.0.0.0:{port}/",
    "http://127.255.255.254:{port}/",
    "http://localhost:{port}/",
    "http://LOCALHOST:{port}/",
    "http://localhost.:{port}/",
    "http://ip6-localhost:{port}/",
    "http://good@127.0.0.1:{port}/",
    "http://example.org:80@127.0.0.1:{port}/",
    "http://example.org%23@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#@example.org/",
    "http://127.0.0.1:{port}?@example.org/",
    "http://127.0.0.1:{port}\\@example.org/",
    "http://①②⑦.⓪.⓪.①:{port}/",
    "http://127。0。0。1:{port}/",
    "http://[::1]:{port}/",
    "http://[::]:{port}/",
    "http://[0:0:0:0:0:0:0:1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[::127.0.0.1]:{port}/",
    "http://[64:ff9b::7f00:1]:{port}/",
    "http://[64:ff9b:1::7f00:1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
    "http://[fe80::1%25lo]:{port}/",
    "HTTP://127.0.0.1:{port}/",
    "https://127.0.0.1:{port}/",
    "http://\t127.0.0.1:{port}/",
    "http:///127.0.0.1:{port}/",
    "file:///etc/passwd",
    "file://127.0.0.1:{port}/etc/passwd",
    "ftp://127.0.0.1:{port}/",
    "gopher://127.0.0.1:{port}/_x",
    "unix:///tmp/x",
    "//127.0.0.1:{port}/",
)


@pytest.mark.parametrize("form", FORMS)
async def test_no_form_of_an_address_reaches_what_is_not_public(form: str, canary: Canary) -> None:
    with pytest.raises(FetchFailed):
        await Guarded().fetch(form.format(port=canary.port), 1000)
    assert canary.hits == 0


def test_there_are_enough_forms() -> None:
    assert len(set(FORMS)) >= 40


@pytest.mark.parametrize("form", ["http://127.0.0.1:{port}/", "http://[::1]:{port}/", "file:///x"])
async def test_a_redirect_does_not_either(form: str, canary: Canary, server: Server) -> None:
    server.leads_to = form.format(port=canary.port)
    with pytest.raises(FetchFailed):
        await Guarded(known=[server.address]).fetch(server.root, 1000)
    assert (server.asked, canary.hits) == (["/"], 0)


async def test_a_name_that_changes_its_address_is_judged_by_where_it_leads(
    canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Public at the first look, ours at the second: there is but one, and its result is used."""

    class Rebinding(aiohttp.abc.AbstractResolver):
        looks = 0

        def __init__(self, **how: Any) -> None:
            super().__init__()

        async def resolve(self, host: str, port: int = 0, family: Any = 0) -> Any:
            Rebinding.looks += 1
            where = "127.0.0.1" if Rebinding.looks % 2 else "93.184.215.14"
            return [
                {"hostname": host, "host": where, "port": port, "family": socket.AF_INET}
                | {"proto": 0, "flags": 0}
            ]

        async def close(self) -> None:
            """Nothing is open."""

    monkeypatch.setattr(aiohttp.connector, "DefaultResolver", Rebinding)
    with pytest.raises(FetchFailed):
        await Guarded().fetch(f"http://tea.example:{canary.port}/", 1000)
    assert (Rebinding.looks, canary.hits) == (1, 0)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "239.1.1.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
        "192.88.99.1", "240.0.0.1",
        "::", "::1", "fe80::1", "fe80::1%lo", "fc00::1", "fd00:ec2::254", "ff02::1", "ff0e::1",
        "::ffff:8.8.8.8", "::8.8.8.8", "64:ff9b::808:808", "64:ff9b:1::1", "2001::1", "2002::1",
        "2001:db8::1", "fec0::1", "::ffff:0:8.8.8.8", "nonsense", "",
    ],
)  # fmt: skip
def test_such_an_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:2800:21f:cb07::1"])
def test_such_an_address_is(address: str) -> None:
    assert is_public(address)


async def test_what_may_be_fetched_comes_whole_or_not_at_all(server: Server) -> None:
    guard = Guarded(known=[server.address])
    server.body = b"x" * 100_000
    assert await guard.fetch(server.root, 100_000) == server.body
    with pytest.raises(FetchFailed, match="too large"):
        await guard.fetch(server.root, 99_999)
    server.status = 404
    with pytest.raises(FetchFailed, match="404"):
        await guard.fetch(server.root, 100_000)


async def test_a_circle_ends(server: Server) -> None:
    server.leads_to = f"{server.root}/again"
    with pytest.raises(FetchFailed):
        await Guarded(known=[server.address]).fetch(server.root, 1000)
    assert len(server.asked) <= guarded._REDIRECTS + 1


async def test_nothing_of_an_address_is_told(canary: Canary) -> None:
    for url in (f"http://127.0.0.1:{canary.port}/secret", "http://secret.invalid/", "secret"):
        with pytest.raises(FetchFailed) as caught:
            await Guarded().fetch(url, 1000)
        assert "secret" not in str(caught.value)
        assert caught.value.__cause__ is None


# --- what is attached by its address ------------------------------------------------------------


async def test_what_is_attached_by_its_address_is_fetched_by_us(
    server: Server, tmp_path: Path
) -> None:
    files = Files(tmp_path, Guarded(known=[server.address]).fetch)
    server.body = png()
    content = Content("An owl.", attachments=({"url": f"{server.root}/owl.png", "title": "Owl"},))
    parcel = await packed(files, content, key="turn")
    (file,) = parcel.files
    assert (parcel.text, file.mime) == ("An owl.", "image/png")
    assert await files.read(file.ref) == png()
    assert parcel.content.attachments[0]["url"] == file.ref


async def test_a_page_stays_an_address_to_be_read(server: Server, tmp_path: Path) -> None:
    files = Files(tmp_path, Guarded(known=[server.address]).fetch)
    server.body = b"\n<!doctype html><p>owls</p>"
    parcel = await packed(files, Content("", attachments=({"url": server.root},)), key="turn")
    assert (parcel.text, parcel.files) == (server.root, ())


async def test_what_cannot_be_fetched_is_named_and_only_the_reason_logged(
    canary: Canary, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    url = f"http://127.0.0.1:{canary.port}/secret.png"
    files = Files(tmp_path, Guarded().fetch)
    parcel = await packed(files, Content("Look.", attachments=({"url": url},)), key="turn")
    assert (parcel.text, parcel.files, canary.hits) == (f"Look.\n{url}", (), 0)
    assert "secret" not in caplog.text
    assert "named by its address" in caplog.text
