"""What one character does, suffers or holds stays its own: G13, G15."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import aiohttp

from bots.app import DOORS, Gateway
from bots.links import PlannedLink, plan_links
from bots.sandbox import Stage
from bots.telegram.client import TelegramLink
from bots.testkit import playing
from core.bell import Bell
from core.casting import Roster, read_loaded
from core.clock import Clock, SystemClock
from core.models.roles import Models
from core.models.scripted import Line, Scripted
from core.ports import Intake, ModelRequest, Platform
from core.settings.layers import Environment, Settings
from tests.fakes.model_server import ModelServer, Script
from tests.faults import ledgers
from tests.faults.process import gateway_process
from tests.flows.talk import echo, outcomes, question, reply, speaker, until

MANY = 24
ROUNDS = 4


async def test_g13_one_raises_one_hangs_and_all_the_others_answer(
    tmp_path: Path, stage: Stage
) -> None:
    """In full 50 characters; the figures of their speed are the benchmarks'."""

    def model(request: ModelRequest) -> str | Line | Exception:
        match speaker(request):
            case "Raises":
                return RuntimeError("a bug of hers")
            case "Hangs":
                return Line(hangs=True)
            case _:
                return echo(request)

    hangs = {"name": "Hangs", "bio": "Hangs.", "settings": {"RESPONSE_TIMEOUT": 400}}
    others = [f"Character {number}" for number in range(MANY - 2)]
    async with playing(
        "Raises",
        hangs,
        *others,
        model=Scripted(model),
        data=tmp_path,
        stage=stage,
        settings={"BASIC_CAPABILITIES_KEEP_RESP": "true"},
    ) as play:
        bob = stage.person("Bob")
        chats = {name: stage.dm(bob, bot) for name, bot in play.bots.items()}
        for number in range(ROUNDS):
            for chat in chats.values():
                bob.says(chat, f"question {number}")
        for name in others:
            for number in range(ROUNDS):
                said = await stage.next_from(play.bots[name], chats[name], timeout=20)
                assert said.text == f"{name} heard: question {number}"
        await until(
            lambda: all(
                status != "new"
                for name in ("Raises", "Hangs")
                for status, _ in outcomes(play, name)
            )
        )
        assert outcomes(play, "Raises") == [("failed", "bug-RuntimeError")] * ROUNDS
        assert outcomes(play, "Hangs") == [("failed", "turn-timeout")] * ROUNDS
        for name in ("Raises", "Hangs"):
            sorry = [one for one in stage.messages(chats[name]) if one.sender is play.bots[name]]
            assert len(sorry) == 1, "once in ten minutes, not at every failure"
        report = play.gateway.ready()
        assert report["status"] == "degraded"
        assert {one["character"]: one["reason"] for one in report["failing"]} == {
            "Raises": "bug-RuntimeError",
            "Hangs": "turn-timeout",
        }
        assert all(one["phase"] == "live" for one in report["links"])


async def test_g13_a_character_whose_model_service_is_away_or_silent_is_alone_with_it(
    tmp_path: Path, stage: Stage
) -> None:
    """Their turns wait for it: nothing is lost, and nothing is said twice."""

    def answer(request: dict[str, Any]) -> str | Script:
        system = request["messages"][0]["content"]
        if "You are Away" in system:
            return Script(fault="500")
        if "You are Silent" in system:
            return Script(fault="hang")
        return reply("here I am")

    async with ModelServer(answer) as server:
        settings = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "a-key-for-nothing"}
        silent = {"name": "Silent", "bio": "Silent.", "settings": {"MODEL_TIMEOUT": 1}}
        async with playing(
            "Away", silent, "Fine", data=tmp_path, stage=stage, settings=settings
        ) as play:
            bob = stage.person("Bob")
            chats = {name: stage.dm(bob, bot) for name, bot in play.bots.items()}
            for chat in chats.values():
                bob.says(chat, "hello?")
            said = {
                name: (await stage.next_from(bot, chats[name], timeout=15)).text
                for name, bot in play.bots.items()
            }
            assert said["Fine"] == "here I am"
            assert "Sorry" in said["Away"]
            assert "Sorry" in said["Silent"]
            report = play.gateway.ready()
            assert report["status"] == "degraded"
            assert {one["character"]: one["reason"] for one in report["failing"]} == {
                "Away": "model-unavailable",
                "Silent": "model-unavailable",
            }
            for name in ("Away", "Silent"):
                assert outcomes(play, name) == [("new", "")], "it is not given up"
            # Back to health: what was asked is answered, and the names are off the list.
            server.answer = lambda request: reply("and here I am again")
            for name in ("Away", "Silent"):
                told = await stage.next_from(play.bots[name], chats[name], timeout=15)
                assert told.text == "and here I am again"
                assert outcomes(play, name) == [("answered", "direct")]
            await until(lambda: play.gateway.ready()["status"] == "ok")
            for name, chat in chats.items():
                heard = [one for one in stage.messages(chat) if one.sender is play.bots[name]]
                assert len(heard) == (1 if name == "Fine" else 2)


async def test_one_bad_token_never_touches_the_others(tmp_path: Path, stage: Stage) -> None:
    async with gateway_process(
        tmp_path,
        stage,
        "Ada",
        "Bert",
        "Cara",
        CHARACTER__BERT__TELEGRAM_BOT_TOKEN="7000999:a-token-that-nobody-has-given",
        CHARACTER__CARA__TELEGRAM_BOT_TOKEN="not a token at all",
    ) as gateway:
        report = await gateway.until("degraded")
        phases = {one["character"]: one["phase"] for one in report["links"]}
        assert phases == {"Ada": "live", "Bert": "rejected", "Cara": "off"}
        assert all(one["reason"] for one in report["links"] if one["character"] != "Ada")
        zoe = stage.person("Zoe")
        dm = stage.dm(zoe, gateway.bots["Ada"])
        zoe.says(dm, "are you well?")
        await stage.next_from(gateway.bots["Ada"], dm, timeout=20)
        refused = [call for call in stage.journal if call.status == 401]
        assert len(refused) == 1, "a refused token is tried once"
        assert await gateway.end() == 0


async def test_one_crashing_client_never_touches_the_others(tmp_path: Path, stage: Stage) -> None:
    """One raises at login, one while listening; both are tried again, later and later."""

    class AtLogin(TelegramLink):
        async def __aenter__(self) -> Self:
            raise ZeroDivisionError("a bug at login")

    class WhileListening(TelegramLink):
        async def listen(self, intake: Intake, begun: Callable[[], None] = lambda: None) -> None:
            raise ZeroDivisionError("a bug while listening")

    kinds = {"Login": AtLogin, "Listening": WhileListening}
    opened: Counter[str] = Counter()

    def opener(
        planned: PlannedLink,
        session: aiohttp.ClientSession,
        clock: Clock,
        *more: Any,
    ) -> Platform:
        opened[planned.character.name] += 1
        kind = kinds.get(planned.character.name)
        if kind is None:
            return DOORS["telegram"].enter(planned, session, clock, *more)
        return kind(planned.token, api_root=stage.root, session=session, clock=clock)

    roster = Roster(
        tuple(read_loaded({"name": n, "bio": n}) for n in ("Login", "Listening", "Ada"))
    )
    environment = Environment.of({"TELEGRAM_API_ROOT": stage.root, "SERVER_PORT": "0"})
    gateway = Gateway(
        Settings(environment),
        plan_links(roster, environment, stages={"telegram": stage}),
        tmp_path,
        {"telegram": replace(DOORS["telegram"], enter=opener)},
        models=Models(override=Scripted(echo), clock=SystemClock()),
    )
    stop = Bell()
    async with asyncio.TaskGroup() as group:
        group.create_task(gateway.run(stop))
        await gateway.started.wait()
        ada, bob = stage.bot("Ada"), stage.person("Bob")
        dm = stage.dm(bob, ada)
        for number in range(3):
            bob.says(dm, f"question {number}")
            assert f"question {number}" in (await stage.next_from(ada, dm, timeout=20)).text
        await until(lambda: opened["Login"] >= 3 and opened["Listening"] >= 3)
        health = {one.character: one for one in gateway.health}
        assert health["Ada"].phase == "live"
        assert health["Login"].phase == "retrying"
        assert health["Listening"].phase in ("retrying", "live")
        assert "ZeroDivisionError" in health["Login"].reason
        stop.ring()
    assert opened["Ada"] == 1
    assert opened["Login"] < 10, "not in a hot loop"


async def test_g15_a_revoked_token_stops_one_account_and_a_new_one_lets_it_go_on(
    tmp_path: Path, stage: Stage, model: ModelServer, thinks: Callable[..., dict[str, str]]
) -> None:
    release = asyncio.Event()
    talks = model.answer

    def slow(request: dict[str, Any]) -> Script:
        return Script(reply(str(talks(request))), gate=release.wait)

    async with gateway_process(
        tmp_path, stage, "Ada", "Bert", **thinks(CHARACTER__ADA__TELEGRAM_BOT_TOKEN="")
    ) as gateway:
        assert gateway.process is not None
        await gateway.end()
        write_token(gateway.folder, gateway.bots["Ada"].token)
        await gateway.start()
        await gateway.until()
        pid = gateway.process.pid
        ada = ledgers.Crowd.of(stage, gateway.bots["Ada"], 10)
        bert = ledgers.Crowd.of(stage, gateway.bots["Bert"], 3)
        model.answer = slow
        ada.says(2)
        await until(lambda: model.chats >= 10)
        stage.new_token(gateway.bots["Ada"])
        report = await gateway.until("degraded")
        assert {one["character"]: one["phase"] for one in report["links"]} == {
            "Ada": "rejected",
            "Bert": "live",
        }
        model.answer = lambda request: reply(str(talks(request)))
        release.set()
        bert.says(2)
        await bert.until_answered(6)
        await until_owed(gateway, 20)
        assert ada.answered == 0
        refused = [call for call in stage.journal if call.status == 401]
        assert 1 <= len(refused) <= 3

        write_token(gateway.folder, gateway.bots["Ada"].token)
        gateway.send(signal.SIGHUP)
        await ada.until_answered(20)
        await gateway.until()
        assert gateway.process.pid == pid
        assert gateway.process.returncode is None
        assert await gateway.end() == 0
    ledgers.check(ada, gateway.data)
    assert ada.doubles == []


async def until_owed(gateway: Any, number: int) -> None:
    async with asyncio.timeout(20):
        while (await gateway.ready()).get("owed") != number:  # noqa: ASYNC110  (another process)
            await asyncio.sleep(0.05)


def write_token(folder: Path, token: str) -> None:
    (folder / ".env").write_text(f"CHARACTER.ADA.TELEGRAM_BOT_TOKEN={token}\n")


async def test_g15_in_the_midst_of_sending_at_most_three_requests_follow_a_revocation(
    tmp_path: Path, stage: Stage
) -> None:
    async with playing(
        "Ada",
        model=Scripted(lambda request: reply(f"re {question(request)}")),
        data=tmp_path,
        stage=stage,
        settings={"BASIC_CAPABILITIES_KEEP_RESP": "true"},
    ) as play:
        crowd = ledgers.Crowd.of(stage, play.bots["Ada"], 30)
        stage.faults.delay(0.05, 0.15, method="sendMessage")
        crowd.says(4)
        await crowd.until_answered(30)
        stage.new_token(play.bots["Ada"])
        await until(lambda: play.gateway.health[0].phase == "rejected")
        await asyncio.sleep(0.3)
        refused = [call for call in stage.journal if call.status == 401]
        assert 1 <= len(refused) <= 3
        await play.gateway.reload(play.plan())
        await crowd.until_answered(120)
    ledgers.check(crowd, tmp_path)


async def test_nobodys_settings_show_anothers_secret(tmp_path: Path, stage: Stage) -> None:
    def file(name: str) -> dict[str, Any]:
        return {
            "name": name,
            "bio": name,
            "settings": {"secrets": {"WEATHER_KEY": f"{name}-weather-secret"}},
            "secrets": {"OPENAI_API_KEY": f"{name}-model-secret"},
        }

    async with (
        ModelServer() as server,
        playing(
            file("Ada"),
            file("Bert"),
            data=tmp_path,
            stage=stage,
            settings={
                "OPENAI_BASE_URL": server.base_url,
                "CHARACTER__BERT__SEARCH_KEY": "Bert-search-secret",
            },
        ) as play,
    ):
        ada, bert = (part.settings for part in play.gateway.cast)
        for key in ("WEATHER_KEY", "OPENAI_API_KEY"):
            for name, settings in (("Ada", ada), ("Bert", bert)):
                found = settings.secret(key)
                assert found is not None
                assert found.reveal().startswith(name)
        assert ada.get("SEARCH_KEY") is None
        for name in ("Bert", "BERT"):
            for mark in ("CHARACTER.{}.", "CHARACTER__{}__"):
                for key in ("SEARCH_KEY", "OPENAI_API_KEY", "TELEGRAM_BOT_TOKEN"):
                    assert ada.get(mark.format(name) + key) is None
        bob = stage.person("Bob")
        for name, bot in play.bots.items():
            dm = stage.dm(bob, bot)
            bob.says(dm, "hello")
            await stage.next_from(bot, dm, timeout=20)
            assert server.calls[-1].headers["Authorization"] == f"Bearer {name}-model-secret"
