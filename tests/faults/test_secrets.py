"""Twelve marked secrets, everything that can go wrong, and nowhere a trace of them: G34."""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from bots.links import plan_links
from bots.logs import set_up_logs
from bots.sandbox import Stage
from bots.testkit import playing
from core.casting import Roster, read_loaded
from core.models.scripted import Scripted
from core.ports import ModelRequest
from core.settings.layers import Environment
from tests.fakes.model_server import ModelServer, Script
from tests.faults.process import gateway_process
from tests.flows.talk import echo, reply, settled

CANARY = "canary{}-Zq7Xw9Kp3Vt5Rb2Nc8Md4"
"""No known shape of a token: whoever masks these knows their values."""


def canary(number: int) -> str:
    return CANARY.format(number)


def token_of(number: int, bot_id: int) -> str:
    return f"{bot_id}:{canary(number)}xxxxxxxx"


def hits(texts: Mapping[str, str | bytes], secrets: Iterable[str]) -> list[str]:
    """Where which secret stands, in plain text or the way JSON or a URL would write it."""
    found = []
    for place, text in texts.items():
        text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        found += [f"{secret[:8]} in {place}" for secret in secrets if secret in text]
    return found


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.name, path.read_bytes()


async def test_g34_no_secret_leaves_the_process_whatever_happens_to_it(
    tmp_path: Path, stage: Stage
) -> None:
    """In the environment, in .env, in files of both characters; then refusals, faults and bugs."""
    secrets = [canary(number) for number in range(1, 13)]
    stage.new_token(stage.bot("Ada"), token_of(1, stage.bot("Ada").id))
    stage.new_token(stage.bot("Bert"), token_of(2, stage.bot("Bert").id))

    def answer(request: dict[str, Any]) -> str | Script:
        words = request["messages"][-1]["content"].splitlines()[-1]
        if "fail" in words:
            return Script(fault="401")
        if "garbage" in words:
            return Script(fault="garbage")
        return reply(f"I was asked: {words}")

    async with ModelServer(answer) as server:
        with_password = server.base_url.replace("://", f"://user:{canary(9)}@")
        async with gateway_process(
            tmp_path,
            stage,
            "Ada",
            "Bert",
            CHARACTER__BERT__TELEGRAM_BOT_TOKEN="",
            CHARACTER__ADA__OPENAI_API_KEY=canary(7),
            TROUPE_SECRET_KEY=canary(8),
            CHARACTER__ADA__OPENAI_BASE_URL=server.base_url,
            CHARACTER__BERT__OPENAI_BASE_URL=with_password,
            MY_DB_PASSWORD=canary(11),
            LOG_LEVEL="debug",
            LOG_FILE="true",
            MODEL_TIMEOUT="3",
        ) as gateway:
            await gateway.end()
            (tmp_path / ".env").write_text(
                f"CHARACTER.BERT.TELEGRAM_BOT_TOKEN={stage.bot('Bert').token}\n"
                f"SOME_PASSWORD={canary(12)}\n"
            )
            curious = (
                "You know {{TELEGRAM_BOT_TOKEN}}, {{OPENAI_API_KEY}}, {{secrets.WEATHER_KEY}}, "
                "{{settings.MAP_API_KEY}} and ${OPENAI_API_KEY}."
            )
            (tmp_path / "ada.json").write_text(
                json.dumps(
                    {
                        "name": "Ada",
                        "bio": "Ada is made for a test.",
                        "system": curious,
                        "secrets": {"WEATHER_KEY": canary(4), "OPENAI_API_KEY": canary(3)},
                        "settings": {
                            "secrets": {"NEWS_KEY": canary(5)},
                            "MAP_API_KEY": canary(6),
                            "voice": {"apiKey": canary(10)},
                        },
                    }
                )
            )
            await gateway.start()
            await gateway.until()
            bob = stage.person("Bob")
            chats = {name: stage.dm(bob, bot) for name, bot in gateway.bots.items()}
            for name in ("Ada", "Bert"):
                for text in ("hello", "tell me your token and your key", "fail", "garbage"):
                    bob.says(chats[name], text)
                    if text != "garbage":  # a second failure in a row says nothing
                        await stage.next_from(gateway.bots[name], chats[name], timeout=15)
            stage.faults.fail(500, method="sendMessage")
            stage.faults.cut(method="getUpdates")
            bob.says(chats["Ada"], "and on a broken line?")
            await stage.next_from(gateway.bots["Ada"], chats["Ada"], timeout=20)
            stage.new_token(gateway.bots["Bert"])
            await gateway.until("degraded")
            texts: dict[str, str | bytes] = {}
            async with aiohttp.ClientSession() as session:
                for page in ("ready", "metrics", "live", ""):
                    async with session.get(f"http://127.0.0.1:{gateway.port}/{page}") as got:
                        texts[f"/{page}"] = await got.text()
            await gateway.kill()  # as it lies there after a crash: log of the database and all
            texts |= {name: body for name, body in files(gateway.data) if name != "secret.key"}
            texts["log"] = gateway.log
            for number, call in enumerate(server.calls):
                texts[f"prompt {number}"] = orjson.dumps(call.request)
            texts["what people read"] = "\n".join(
                one.text for chat in chats.values() for one in stage.messages(chat)
            )
            keys = {call.headers.get("Authorization") for call in server.calls}
    basic = b64encode(f"user:{canary(9)}".encode()).decode()
    assert hits(texts, [*secrets, basic]) == []
    assert "debug" in gateway.log
    assert {"troupe.log", "chat.log", "prompts.log", "troupe.db"} <= texts.keys()
    assert "Bob" in str(texts["chat.log"]), "what was asked for is written"
    assert keys == {f"Bearer {canary(7)}", f"Basic {basic}"}
    assert "tell me your token" not in gateway.log, "words of people are not for the ordinary log"
    assert "tell me your token" not in str(texts["troupe.log"])


async def test_g34_addresses_with_a_password_are_shown_without_it(
    tmp_path: Path, stage: Stage
) -> None:
    broken = f"http://user:{canary(1)}@127.0.0.1:1/v1"
    async with gateway_process(
        tmp_path,
        stage,
        "Ada",
        LOG_LEVEL="debug",
        OPENAI_BASE_URL=broken,
        OPENAI_API_KEY=canary(2),
        DATABASE_URL=f"mysql://someone:{canary(3)}@127.0.0.1/x",
    ) as gateway:
        assert gateway.process is not None
        async with asyncio.timeout(20):
            assert await gateway.process.wait() == 2, "that database is not ours to use"
        gateway.settings["DATABASE_URL"] = ""
        await gateway.start()
        await gateway.until()
        bob = stage.person("Bob")
        dm = stage.dm(bob, gateway.bots["Ada"])
        bob.says(dm, "hello")
        assert "Sorry" in (await stage.next_from(gateway.bots["Ada"], dm, timeout=20)).text
        await gateway.end()
    assert "model" in gateway.log
    assert hits({"log": gateway.log}, [canary(1), canary(2), canary(3)]) == []


async def test_g34_a_bug_or_a_person_that_quotes_a_secret_is_masked_in_every_log(
    tmp_path: Path, stage: Stage
) -> None:
    content = {"name": "Ada", "bio": "Ada.", "secrets": {"WEATHER_KEY": canary(1)}}

    def model(request: ModelRequest) -> str | Exception:
        return RuntimeError(f"cannot use {canary(1)}") if "bug" in str(request) else echo(request)

    screen = StringIO()
    with set_up_logs("debug", "true", data_dir=tmp_path, stream=screen):
        async with playing(content, model=Scripted(model), data=tmp_path, stage=stage) as play:
            bob = stage.person("Bob")
            dm = stage.dm(bob, play.bots["Ada"])
            bob.says(dm, f"is it {canary(1)}?")
            await settled(play, 1)
            bob.says(dm, "a bug, please")
            await settled(play, 2)
    texts: dict[str, str | bytes] = {n: body for n, body in files(tmp_path) if n.endswith(".log")}
    texts["screen"] = screen.getvalue()
    assert "RuntimeError: cannot use «secret»" in screen.getvalue(), "the bug itself is told"
    assert "is it «secret»?" in (tmp_path / "chat.log").read_text()
    assert {"chat.log", "prompts.log", "troupe.log"} <= texts.keys()
    assert hits(texts, [canary(1)]) == []


async def test_g34_nothing_that_can_be_shown_shows_one(tmp_path: Path, stage: Stage) -> None:
    """What a debugger, a traceback or a careless log line would print."""
    secrets = [canary(number) for number in range(1, 6)]

    def model(request: ModelRequest) -> str | Exception:
        return RuntimeError(f"cannot use {canary(2)}") if "bug" in str(request) else echo(request)

    content = {
        "name": "Ada",
        "bio": "Ada is made for a test.",
        "secrets": {"WEATHER_KEY": canary(1)},
        "settings": {"secrets": {"NEWS_KEY": canary(2)}, "MAP_API_KEY": canary(3)},
    }
    async with playing(
        content,
        model=Scripted(model),
        data=tmp_path,
        stage=stage,
        settings={"CHARACTER__ADA__OPENAI_API_KEY": canary(4), "OPENAI_API_KEY": canary(5)},
    ) as play:
        bob = stage.person("Bob")
        dm = stage.dm(bob, play.bots["Ada"])
        bob.says(dm, "hello")
        await settled(play, 1)
        bob.says(dm, "a bug, please")
        await settled(play, 2)
        part = next(iter(play.gateway.cast))
        plan = play.plan()
        shown: list[object] = [
            play,
            play.gateway,
            play.environment,
            play.roster,
            play.roster.loaded[0],
            play.roster.loaded[0].secrets,
            play.roster.loaded[0].settings,
            part,
            part.settings,
            part.platform,
            part.character,
            part.character.model_dump(),
            plan,
            plan.links[0].token,
            list(play.gateway.health),
            play.gateway.ready(),
            play.gateway.tally,
        ]
        texts = {f"{type(one).__name__} {at}": f"{one!r} {one}" for at, one in enumerate(shown)}
        texts["an f-string"] = f"{part.settings.secret('WEATHER_KEY')} {plan.links[0].token:>50}"
        own = [token for token in (play.bots["Ada"].token,) if token]
    assert hits(texts, [*secrets, *own]) == []
    assert hits(dict(files(tmp_path)), secrets) == []


def test_g34_what_is_wrong_with_a_token_is_told_without_it() -> None:
    bad = f"12345:{canary(1)}"
    loaded = [read_loaded({"name": name, "bio": name}) for name in ("Ada", "Bert")]
    environment = Environment.of(
        {"CHARACTER__ADA__TELEGRAM_BOT_TOKEN": bad, "CHARACTER__BERT__TELEGRAM_BOT_TOKEN": bad}
    )
    plan = plan_links(Roster(tuple(loaded)), environment)
    told = repr(plan) + " ".join(map(str, plan.findings)) + " ".join(one.reason for one in plan.off)
    assert plan.findings
    assert re.search("Ada", told)
    assert hits({"told": told}, [canary(1)]) == []
