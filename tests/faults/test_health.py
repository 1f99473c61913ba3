"""Health tells the truth, for each account, and takes it back when it is over: G42."""

from __future__ import annotations

import asyncio
import re
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import aiohttp

from bots.sandbox import Stage
from bots.testkit import playing
from core.models.scripted import Line, Scripted
from core.ports import ModelRequest
from tests.faults import ledgers
from tests.faults.process import GatewayProcess, gateway_process
from tests.flows.talk import echo, reply, settled, until

PROMISED = 8.0
"""Seconds in which /ready must have changed; 5 and some for a slow machine."""


@asynccontextmanager
async def alive_all_along(gateway: GatewayProcess) -> AsyncIterator[list[int]]:
    """Inside, /live is asked ten times a second; it must never say anything but 200."""
    seen: list[int] = []

    async def look() -> None:
        address = f"http://127.0.0.1:{gateway.port}/live"
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(3)) as session:
            while True:
                async with session.get(address) as answer:
                    seen.append(answer.status)
                await asyncio.sleep(0.1)

    async with asyncio.TaskGroup() as group:
        looking = group.create_task(look())
        yield seen
        looking.cancel()
    assert seen
    assert set(seen) == {200}


async def says(
    gateway: GatewayProcess, true: Callable[[dict[str, Any]], object], seconds: float = PROMISED
) -> dict[str, Any]:
    """Wait until /ready says so; what it says then."""
    async with asyncio.timeout(seconds):
        while not true(report := await gateway.ready()):  # noqa: ASYNC110  (another process)
            await asyncio.sleep(0.05)
    return report


def link(report: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in report["links"] if one["character"] == name)


async def test_g42_a_refused_token_shows_for_its_account_and_goes_with_a_new_one(
    tmp_path: Path, stage: Stage
) -> None:
    def write(token: str) -> None:
        (tmp_path / ".env").write_text(f"CHARACTER.ADA.TELEGRAM_BOT_TOKEN={token}\n")

    write(stage.bot("Ada").token)
    async with gateway_process(
        tmp_path, stage, "Ada", "Bert", CHARACTER__ADA__TELEGRAM_BOT_TOKEN=""
    ) as gateway:
        assert (await gateway.until())["http"] == 200
        async with alive_all_along(gateway):
            stage.new_token(gateway.bots["Ada"])
            report = await says(gateway, lambda report: report["status"] == "degraded")
            assert report["http"] == 200, "Bert can be spoken to"
            assert link(report, "Ada")["phase"] == "rejected"
            assert "refused the token" in link(report, "Ada")["reason"]
            assert link(report, "Bert") | {"phase": "live", "reason": ""} == link(report, "Bert")

            stage.new_token(gateway.bots["Bert"])
            report = await says(gateway, lambda report: report["status"] == "down")
            assert report["http"] == 503, "nobody can be spoken to"

            write(stage.bot("Ada").token)
            gateway.send(signal.SIGHUP)
            report = await says(gateway, lambda report: report["status"] == "degraded")
            assert link(report, "Ada")["phase"] == "live"
            assert link(report, "Bert")["phase"] == "rejected"


async def test_g42_a_network_that_is_away_shows_with_its_reason_and_comes_back(
    tmp_path: Path, stage: Stage
) -> None:
    async with gateway_process(tmp_path, stage, "Ada", "Bert") as gateway:
        await gateway.until()
        async with alive_all_along(gateway):
            async with stage.outage():
                report = await says(gateway, lambda report: report["status"] == "down")
                assert report["http"] == 503
                for name in ("Ada", "Bert"):
                    assert link(report, name)["phase"] == "retrying"
                    assert link(report, name)["reason"]
                await asyncio.sleep(1)
            report = await says(gateway, lambda report: report["status"] == "ok", 20)
            assert report["http"] == 200
            assert [one["reason"] for one in report["links"]] == ["", ""]


async def test_g42_a_locked_database_shows_before_anybody_speaks_and_when_it_is_free_again(
    tmp_path: Path, stage: Stage
) -> None:
    async with gateway_process(tmp_path, stage, "Ada") as gateway:
        await gateway.until()
        async with alive_all_along(gateway):
            with closing(sqlite3.connect(gateway.data / "troupe.db", isolation_level=None)) as file:
                file.execute("BEGIN IMMEDIATE")
                report = await says(gateway, lambda report: report["status"] == "down")
                assert report["http"] == 503
                assert "locked" in report["store"]
                assert link(report, "Ada")["phase"] == "live", "it is not her who is in trouble"
                bob = stage.person("Bob")
                dm = stage.dm(bob, gateway.bots["Ada"])
                bob.says(dm, "hello?")
                file.execute("ROLLBACK")
            await says(gateway, lambda report: report["status"] == "ok")
            await stage.next_from(gateway.bots["Ada"], dm, timeout=20)
        assert await gateway.end() == 0


async def test_a_decided_turn_is_written_down_once_however_long_the_database_takes(
    tmp_path: Path, stage: Stage
) -> None:
    """Longer than the turn itself may take: it is answered, neither failed nor doubled."""
    release = asyncio.Event()

    def model(request: ModelRequest) -> Line:
        return Line((reply("at last"),), after=release.wait)

    settings = {"RESPONSE_TIMEOUT": "1500"}
    async with playing(
        "Ada", model=(asked := Scripted(model)), data=tmp_path, stage=stage, settings=settings
    ) as play:
        ada, bob = play.bots["Ada"], stage.person("Bob")
        dm = stage.dm(bob, ada)
        bob.says(dm, "hello?")
        await until(lambda: asked.requests)
        with closing(sqlite3.connect(tmp_path / "troupe.db", isolation_level=None)) as file:
            file.execute("BEGIN IMMEDIATE")
            release.set()
            await asyncio.sleep(2.5)
            assert stage.messages(dm)[-1].text == "hello?", "nothing is said that is not written"
            file.execute("ROLLBACK")
        assert (await stage.next_from(ada, dm, timeout=20)).text == "at last"
        assert await settled(play, 1) == [("answered", "direct")]
    assert [row["status"] for row in ledgers.read(tmp_path).deliveries] == ["sent"]


async def test_the_page_of_numbers_names_neither_people_nor_rooms(
    tmp_path: Path, stage: Stage
) -> None:
    async with playing("Ada", model=Scripted(echo), data=tmp_path, stage=stage) as play:
        ada, bob = play.bots["Ada"], stage.person("Barnabas")
        dm = stage.dm(bob, ada)
        bob.says(dm, "a word that is mine")
        await stage.next_from(ada, dm, timeout=20)
        await settled(play, 1)
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{play.gateway.port}/metrics") as answer,
        ):
            page = await answer.text()
    assert (
        'elizaos_messages_total{agent_id="Ada",platform="telegram",status="answered"} 1.0' in page
    )
    for private in ("Barnabas", "a word that is mine", str(dm.id), str(bob.id)):
        assert not re.search(rf"(?<!\d){private}(?!\d)", page)
