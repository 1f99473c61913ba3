"""Updates that Telegram brings: none is lost, none is answered twice, each chat keeps its order: G2, G3."""

from __future__ import annotations

import asyncio
import io
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import orjson
import pytest

from bots.sandbox import Bot, Stage
from bots.telegram.address import path_of, secret_of
from bots.testkit import playing
from core.models.scripted import Scripted
from core.secrets import Secret
from tests.faults import ledgers
from tests.faults.ledgers import Crowd, locked
from tests.faults.process import GatewayProcess, free_port
from tests.flows.talk import echo, until

Variables = Callable[..., dict[str, str]]
HEADER = "X-Telegram-Bot-Api-Secret-Token"


@asynccontextmanager
async def hooked_process(
    folder: Path, stage: Stage, *names: str, **settings: str
) -> AsyncIterator[GatewayProcess]:
    """A started gateway to which the stage brings updates."""
    gateway = GatewayProcess(folder, stage, {n: stage.bot(n) for n in names}, settings, free_port())
    settings["TROUPE_TURNS_PER_MINUTE"] = "0"
    settings["TELEGRAM_WEBHOOK_URL"] = f"http://127.0.0.1:{gateway.port}"
    await gateway.start()
    try:
        yield gateway
    finally:
        if gateway.process is not None and gateway.process.returncode is None:
            await gateway.kill()


async def bring(
    session: aiohttp.ClientSession,
    port: int,
    bot: Bot,
    body: bytes,
    *,
    secret_of_bot: Bot | None = None,
) -> int:
    """Bring an update as Telegram does; the status of the answer."""
    path, secret = path_of(Secret(bot.token)), secret_of(Secret((secret_of_bot or bot).token))
    url = f"http://127.0.0.1:{port}/telegram/{path.reveal()}"
    async with session.post(
        url, data=io.BytesIO(body), headers={HEADER: secret.reveal()}
    ) as answer:
        return answer.status


async def talk(crowd: Crowd, seconds: float, *, each_second: int = 100) -> None:
    """Evenly over the rooms, ten times a second."""
    began, at = time.monotonic(), 0
    for tick in range(int(seconds * 10)):
        rooms = [(at + one) % len(crowd.rooms) for one in range(each_second // 10)]
        at += len(rooms)
        crowd.says(rooms=rooms)
        await asyncio.sleep(max(0.0, began + (tick + 1) / 10 - time.monotonic()))


def brought(stage: Stage, status: int) -> list[float]:
    """How long each try took that was answered so."""
    calls = stage.journal.of("webhook")
    return [one.done - one.at for one in calls if one.status == status and one.done]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(1, 1, id="8-seconds"),
        pytest.param(30, 30, id="a-minute", marks=[pytest.mark.soak, pytest.mark.timeout(300)]),
    ],
)
async def test_g2_a_hundred_updates_a_second_are_all_kept_while_the_writer_stands_still(
    before: float, after: float, tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    async with hooked_process(tmp_path, stage, "Ada", **thinks()) as gateway:
        crowd = Crowd.of(stage, gateway.bots["Ada"], 50)
        await gateway.until()
        await talk(crowd, before)
        await crowd.until_answered(len(crowd.said))
        assert not brought(stage, 503)
        fast = brought(stage, 200)
        async with locked(gateway.data):
            await talk(crowd, 6)
            assert ledgers.confirmed(crowd) <= ledgers.stored(crowd, gateway.data)
        assert brought(stage, 503), "what cannot be kept is put off"
        await talk(crowd, after)
        await crowd.until_answered(len(crowd.said))
        assert set(Counter(one.status for one in stage.journal.of("webhook"))) == {200, 503}
        assert gateway.log.count("is live") == 1
        assert await gateway.end() == 0
    assert not crowd.doubles
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log
    if before > 10:
        assert sorted(fast)[int(len(fast) * 0.99)] <= 0.15


async def test_g3_the_same_update_brought_again_and_polled_as_well_is_one_turn(
    tmp_path: Path, stage: Stage
) -> None:
    """By three who bring it at once, by Telegram itself, and by polling after that."""
    port, ada = free_port(), stage.bot("Ada")
    crowd = Crowd.of(stage, ada, 10)
    crowd.says(3)
    bodies = [update.body for update in stage.pending(ada)]
    settings = {
        "SERVER_PORT": str(port),
        "TELEGRAM_WEBHOOK_URL": f"http://127.0.0.1:{port}",
        "BASIC_CAPABILITIES_KEEP_RESP": "true",
        "TROUPE_TURNS_PER_MINUTE": "0",
    }
    model = Scripted(lambda request: echo(request))
    async with playing("Ada", model=model, data=tmp_path, stage=stage, settings=settings) as play:
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            tries = [
                group.create_task(bring(session, port, ada, body)) for body in bodies for _ in "abc"
            ]
        assert {one.result() for one in tries} == {200}
        await until(lambda: len(ledgers.read(tmp_path).inbox) == 30)
        await until(lambda: not stage.pending(ada))
        # What is on its way when its link ends may have arrived, and is said again with a mark.
        sent = {"sent": 30}
        await until(
            lambda: Counter(row["status"] for row in ledgers.read(tmp_path).deliveries) == sent
        )
        await play.gateway.reload(play.plan(TELEGRAM_WEBHOOK_URL="polling"))
        for body in bodies:
            ada.inject({k: v for k, v in orjson.loads(body).items() if k != "update_id"})
        await until(lambda: bool(stage.journal.of("getUpdates")) and not stage.pending(ada))
        await until(lambda: set(ledgers.read(tmp_path).statuses()) == {"answered"})
    kept = ledgers.read(tmp_path)
    assert Counter(row["status"] for row in kept.inbox) == {"answered": 30}
    assert len(kept.deliveries) == 30
    assert sum(len(crowd.heard(chat)) for _, chat in crowd.rooms) == 30


async def test_who_is_killed_and_comes_back_the_other_way_loses_nothing(
    tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    """Brought, polled, brought again: each time killed in the middle of talk."""
    async with hooked_process(tmp_path, stage, "Ada", **thinks()) as gateway:
        webhook = gateway.settings["TELEGRAM_WEBHOOK_URL"]
        crowd = Crowd.of(stage, gateway.bots["Ada"], 10)
        await gateway.until()
        for way in ("polling", webhook):
            crowd.says(5)
            await until(lambda: crowd.answered > len(crowd.said) - 40)
            await gateway.kill()
            crowd.says(1)
            gateway.settings["TELEGRAM_WEBHOOK_URL"] = way
            await gateway.start()
        await crowd.until_answered(len(crowd.said))
        assert stage.desk(gateway.bots["Ada"]).webhook is not None
        assert stage.journal.of("getUpdates")
        assert await gateway.end() == 0
    ledgers.check(crowd, gateway.data)
    assert "Traceback" not in gateway.log


async def test_a_changed_setting_takes_the_other_way_without_a_restart(
    tmp_path: Path, stage: Stage
) -> None:
    port = free_port()
    webhook = f"http://127.0.0.1:{port}"
    settings = {"SERVER_PORT": str(port), "BASIC_CAPABILITIES_KEEP_RESP": "true"}
    async with playing(
        "Ada", "Bob", model=Scripted(echo), data=tmp_path, stage=stage, settings=settings
    ) as play:
        crowd = Crowd.of(stage, play.bots["Ada"], 10)
        for way in (webhook, "polling", webhook):
            crowd.says(2)
            before = play.gateway.health
            await play.gateway.reload(play.plan(CHARACTER__ADA__TELEGRAM_WEBHOOK_URL=way))
            assert len(set(map(id, play.gateway.health)) & set(map(id, before))) == 1
            crowd.says(1)
            hooks = [stage.desk(bot).webhook is not None for bot in play.bots.values()]
            await until(lambda: not stage.pending(play.bots["Ada"]))
            assert hooks[1] is False, "it is one character's own setting"
        await until(lambda: set(ledgers.read(tmp_path).statuses()) == {"answered"})
    assert len(ledgers.read(tmp_path).inbox) == len(crowd.said) == 90
    assert sum(len(crowd.heard(chat)) for _, chat in crowd.rooms) == 90


async def test_a_new_token_has_a_new_path_and_nothing_is_lost_between(
    tmp_path: Path, stage: Stage
) -> None:
    port = free_port()
    settings = {"SERVER_PORT": str(port), "TELEGRAM_WEBHOOK_URL": f"http://127.0.0.1:{port}"}
    async with playing(
        "Ada", model=Scripted(echo), data=tmp_path, stage=stage, settings=settings
    ) as play:
        ada, bob = play.bots["Ada"], stage.person("Bob")
        dm, old = stage.dm(bob, ada), ada.token
        bob.says(dm, "one")
        await stage.next_from(ada, dm, timeout=20)
        stage.new_token(ada)
        bob.says(dm, "two")
        assert len(stage.pending(ada)) == 1
        await play.gateway.reload(play.plan())
        assert "two" in (await stage.next_from(ada, dm, timeout=20)).text
        hook = stage.desk(ada).webhook
        assert hook is not None
        assert path_of(Secret(old)).reveal() not in hook.url
