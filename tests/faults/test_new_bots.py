"""A bot made by /newbot, when the process dies at the worst moment; and nowhere its token."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bots.sandbox import Bot, Person, Stage
from tests.faults.process import GatewayProcess
from tests.faults.test_secrets import canary, files, hits, token_of
from tests.flows.talk import until

pytestmark = pytest.mark.usefixtures("database")


@asynccontextmanager
async def manager(folder: Path, stage: Stage, boss: Person) -> AsyncIterator[GatewayProcess]:
    """Ada in a process of her own, and Eliza who has no bot."""
    ada = stage.bot("Ada")
    ada.may("managing")
    settings = {"TROUPE_OWNERS": f"telegram:{boss.id}", "LOG_LEVEL": "debug"}
    gateway = GatewayProcess(folder, stage, {"Ada": ada}, settings)
    eliza = folder / "eliza.json"
    eliza.write_text(json.dumps({"name": "Eliza", "bio": "Eliza is made for a test."}))
    gateway.characters.append(eliza)
    await gateway.start()
    try:
        yield gateway
    finally:
        if gateway.process is not None and gateway.process.returncode is None:
            await gateway.kill()


async def lives(gateway: GatewayProcess, name: str) -> None:
    async with asyncio.timeout(30):
        while True:
            links = (await gateway.ready()).get("links", ())
            if any(one["character"] == name and one["phase"] == "live" for one in links):
                return
            await asyncio.sleep(0.05)


async def answers(stage: Stage, who: Person, bot: Bot) -> str:
    where = stage.dm(who, bot)
    who.says(where, "hello")
    return (await stage.next_from(bot, where, timeout=20)).text


async def test_a_process_that_is_killed_before_it_has_the_token_fetches_it_later(
    tmp_path: Path,
) -> None:
    secret = canary(77)
    async with Stage(limits=False) as stage:
        ada, boss, eve = stage.bot("Ada"), stage.person("Boss"), stage.person("Eve")
        dm = stage.dm(boss, ada)
        async with manager(tmp_path, stage, boss) as gateway:
            await gateway.until()
            boss.says(dm, "/newbot Eliza")
            await stage.next_from(ada, dm, timeout=20)
            stage.faults.hang(method="getManagedBotToken", times=None)
            eliza = boss.creates_bot(ada, "Eliza", "eliza_bot")
            await until(lambda: stage.journal.of("getManagedBotToken"))
            await gateway.kill()
            stage.faults.clear()
            stage.new_token(eliza, token_of(77, eliza.id))

            await gateway.start()
            told = await stage.next_from(ada, dm, timeout=20)
            assert told.text == "Eliza is @eliza_bot from now on."
            await lives(gateway, "Eliza")
            assert await answers(stage, eve, eliza)
            await gateway.kill()

            await gateway.start()
            await lives(gateway, "Eliza")
            assert await answers(stage, eve, eliza)
            said = [one.text for one in stage.messages(dm) if one.sender is ada]
            assert said.count(told.text) == 1
            assert await gateway.end() == 0
            assert "Eliza on telegram is live" in gateway.log
            assert hits({"the log": gateway.log}, [secret]) == []
            assert hits(dict(files(gateway.data)), [secret]) == []
