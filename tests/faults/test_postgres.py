"""PostgreSQL comes, goes, fills up and is wanted twice: G16, G18, G19."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bots.sandbox import Stage
from tests.fakes.databases import Database, in_use
from tests.fakes.postgres import PASSWORD, NoPostgres, PostgresServer, postgres_server
from tests.faults import ledgers
from tests.faults.ledgers import Crowd, until
from tests.faults.process import GatewayProcess, gateway_process
from tests.faults.test_database import fill

Variables = Callable[..., dict[str, str]]
RESUMES = 60.0
"""Seconds; it goes on within 5 where nothing else keeps the machine busy (G19)."""
MEGABYTES = 24
WORDS = " and so on" * 300


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """One that may be stopped."""
    try:
        with postgres_server() as server:
            yield server
    except NoPostgres as error:
        pytest.skip(f"PostgreSQL cannot run here: {error}")


@pytest.fixture
def own(server: PostgresServer) -> Iterator[Database]:
    name = server.database()
    in_use.now = Database(server.url(name), name, server)
    yield in_use.now
    in_use.now = Database()


async def chatter(crowd: Crowd) -> None:
    """Twenty messages a second, each in another room, for as long as it is let."""
    while True:
        crowd.says(rooms=[len(crowd.said) % len(crowd.rooms)])
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("how", [signal.SIGQUIT, signal.SIGINT], ids=["crash", "restart"])
async def test_g19_postgres_restarted_three_times_under_20_messages_a_second(
    how: signal.Signals,
    own: Database,
    server: PostgresServer,
    tmp_path: Path,
    stage: Stage,
    thinks: Variables,
) -> None:
    async with gateway_process(tmp_path, stage, "Ada", **thinks()) as gateway:
        crowd = Crowd.of(stage, gateway.bots["Ada"], 20)
        await gateway.until()
        async with asyncio.TaskGroup() as group:
            talk = group.create_task(chatter(crowd))
            for away in (0.0, 1.0, 2.5):
                await asyncio.sleep(0.7)
                await asyncio.to_thread(server.stop, how)
                await asyncio.sleep(away)
                await asyncio.to_thread(server.start)
                before = crowd.answered
                async with asyncio.timeout(RESUMES):
                    while crowd.answered <= before:  # noqa: ASYNC110  (another process)
                        await asyncio.sleep(0.02)
                await gateway.until("ok", timeout=RESUMES)
            talk.cancel()
        await crowd.until_answered(len(crowd.said))
        assert gateway.log.count("is live") == 1, "it was never started anew"
        assert await gateway.end() == 0
    assert not crowd.doubles
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log
    assert PASSWORD not in gateway.log


async def test_g19_a_server_that_is_away_at_the_start_is_waited_for(
    own: Database, server: PostgresServer, tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    server.stop()
    async with gateway_process(tmp_path, stage, "Ada", **thinks()) as gateway:
        crowd = Crowd.of(stage, gateway.bots["Ada"], 3)
        crowd.says()
        report = await gateway.until("down")
        assert report["store"] == "the database is not open yet"
        await asyncio.sleep(1)
        await asyncio.to_thread(server.start)
        await gateway.until("ok", timeout=RESUMES)
        await crowd.until_answered(3)
        assert await gateway.end() == 0
    assert gateway.log.count("cannot be opened now") == 1
    assert "Traceback" not in gateway.log
    ledgers.check(crowd, gateway.data)


async def test_g16_a_second_gateway_on_one_database_ends_at_once_and_names_the_first(
    tmp_path: Path, stage: Stage, postgres: PostgresServer
) -> None:
    name = postgres.database("furnished")
    settings = {"DATABASE_URL": postgres.url(name)}
    async with gateway_process(tmp_path / "one", stage, "Ada", **settings) as first:
        await first.until()
        second = GatewayProcess(
            tmp_path / "two", stage, {"Bert": stage.bot("Bert")}, dict(settings)
        )
        await second.start()
        assert second.process is not None
        async with asyncio.timeout(20):
            assert await second.process.wait() == 75
        assert first.process is not None
        assert f"process {first.process.pid} on" in second.log
        assert "DATABASE_URL" in second.log
        assert "Traceback" not in second.log
        assert (await first.ready())["status"] == "ok"
        await first.kill()
        await first.start()  # the lock of a killed process stops nobody
        await first.until("ok", timeout=RESUMES)
        assert await first.end() == 0
    assert PASSWORD not in first.log + second.log
    postgres.drop(name)


async def test_a_wrong_password_ends_the_command_with_one_sentence_that_does_not_show_it(
    tmp_path: Path, stage: Stage, postgres: PostgresServer
) -> None:
    url = postgres.url(password="sesame-canary")
    async with gateway_process(
        tmp_path, stage, "Ada", DATABASE_URL=url, LOG_LEVEL="debug"
    ) as gateway:
        assert gateway.process is not None
        async with asyncio.timeout(20):
            assert await gateway.process.wait() == 2
    assert "DATABASE_URL: the server refuses this user or password" in gateway.log
    assert "sesame-canary" not in gateway.log
    assert "Traceback" not in gateway.log


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few megabytes, for the tables alone."""
    folder = tmp_path / "tables"
    folder.mkdir()
    options = f"size={MEGABYTES}m,mode=0777"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"mounting a small disk is not permitted here: {done.stderr.strip()}")
    for parent in tmp_path.parents[:3]:
        if parent.stat().st_uid == 0 and parent != Path("/tmp"):
            parent.chmod(0o755)  # its server is another user
    tmp_path.chmod(0o755)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def cramped(small_disk: Path, server: PostgresServer) -> Iterator[Database]:
    """A database that lies there."""
    inside = small_disk / "of-the-server"
    inside.mkdir(mode=0o777)
    shutil.chown(inside, server.runs_as)
    server.ask(f"CREATE TABLESPACE small LOCATION '{inside}'")
    server.ask("CREATE DATABASE cramped TABLESPACE small")
    in_use.now = Database(server.url("cramped"), "cramped", server)
    yield in_use.now
    in_use.now = Database()


@pytest.mark.usefixtures("cramped")
async def test_g18_on_a_full_disk_nothing_is_confirmed_and_all_goes_on_once_there_is_room(
    small_disk: Path, tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    async with gateway_process(tmp_path, stage, "Ada", **thinks()) as gateway:
        crowd = Crowd.of(stage, gateway.bots["Ada"], 10)
        await gateway.until()
        crowd.says(2)
        await crowd.until_answered(20)
        fill(small_disk)
        async with asyncio.timeout(60):
            while (await gateway.ready())["status"] != "down":
                crowd.says(more=WORDS)
                await asyncio.sleep(0.1)
        assert "full" in (await gateway.ready())["store"]
        crowd.says(more=WORDS)
        await asyncio.sleep(2)
        kept = ledgers.stored(crowd, gateway.data)
        assert ledgers.confirmed(crowd) <= kept
        assert len(kept) < len(crowd.said)
        (small_disk / "ballast").unlink()
        await gateway.until("ok", timeout=20)
        await until(
            lambda: crowd.answered == len(crowd.said),
            lambda: f"{crowd.answered} of {len(crowd.said)}\n{gateway.log[-2000:]}",
        )
        assert await gateway.end() == 0
    assert not crowd.doubles
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log
