"""A model that is away, asks for silence or dribbles: nothing is lost, nobody else waits (G23-G25)."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from bots.testkit import Play
from tests.fakes.model_server import Answering, Call, ModelServer, Script
from tests.faults import ledgers
from tests.faults.ledgers import Crowd, answer
from tests.faults.process import gateway_process
from tests.flows.on_discord import ON_BOTH, Server
from tests.flows.talk import playing, settled, until

LONG = [pytest.mark.soak, pytest.mark.timeout(300)]


def sorries(crowd: Crowd) -> list[int]:
    """How often each room was told that there is no answer."""
    return [sum("Sorry" in one for one in crowd.answers(room)) for room in range(len(crowd.rooms))]


def answers(crowd: Crowd, room: int) -> list[str]:
    return [one for one in crowd.answers(room) if "Sorry" not in one]


def expected(room: int, number: int) -> list[str]:
    return [f"re m{room}.{one}" for one in range(number)]


@pytest.mark.parametrize(
    "seconds", [pytest.param(6, id="6-seconds"), pytest.param(60, id="60-seconds", marks=LONG)]
)
async def test_g23_while_the_model_is_down_it_is_left_alone_and_no_turn_is_lost(
    seconds: int, tmp_path: Path, stage: Stage, thinks: Callable[..., dict[str, str]],
    model: ModelServer,
) -> None:  # fmt: skip
    rooms = 20
    asked: Counter[str] = Counter()

    def refuses(request: dict[str, Any]) -> Script:
        asked[request["model"]] += 1
        return Script(fault="500")

    model.answer = refuses
    async with gateway_process(tmp_path, stage, "Ada", **thinks()) as gateway:
        await gateway.until()
        crowd = Crowd.of(stage, gateway.bots["Ada"], rooms)
        crowd.says()
        await asyncio.sleep(seconds / 2)
        crowd.says()
        report = await gateway.ready()
        assert report["status"] == "degraded"
        assert report["failing"] == [{"character": "Ada", "reason": "model-unavailable"}]
        # Killed in the midst of it: the next process waits with them.
        await gateway.kill()
        before = Counter(asked)
        await gateway.start()
        await gateway.until("degraded")
        await asyncio.sleep(seconds / 2)
        model.answer = answer
        await crowd.until_answered(rooms * 3, timeout=20)  # five seconds, and a busy machine
        await gateway.until()
        assert await gateway.end() == 0
    for room in range(rooms):
        assert answers(crowd, room) == expected(room, 2)
    assert set(sorries(crowd)) == {1}, "once in ten minutes, whatever happens"
    assert ledgers.read(gateway.data).statuses() == {"answered": 2 * rooms}
    assert gateway.log.count("5 failures in a row") >= 2
    # All at once they are under way before the first has failed; then one now and then tries.
    for process in (before, asked - before):
        for calls in process.values():
            assert calls <= rooms + 3 + seconds / 4


@pytest.mark.parametrize(
    ("seconds", "callers", "silence"),
    [
        pytest.param(8, 50, 2, id="8-seconds"),
        pytest.param(60, 50, 10, id="60-seconds", marks=LONG),
    ],
)
async def test_g24_a_model_that_asks_for_silence_gets_it_from_the_whole_key(
    seconds: int, callers: int, silence: int, tmp_path: Path, stage: Stage
) -> None:
    """Another key is another matter: whoever has one of their own is answered meanwhile."""
    asked: dict[str, list[float]] = {"shared": [], "own": []}
    async with ModelServer(answer) as model:
        refused = Script(fault="429", retry_after=str(silence))
        model.answer = lambda request: refused if "You are Ada" in str(request) else answer(request)
        settings = {
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_API_KEY": "shared",
            "CHARACTER__BERT__OPENAI_API_KEY": "own",
            "BASIC_CAPABILITIES_KEEP_RESP": "true",
        }
        async with playing("Ada", "Bert", data=tmp_path, stage=stage, settings=settings) as play:
            ada = Crowd.of(stage, play.bots["Ada"], callers)
            bert = Crowd.of(stage, play.bots["Bert"], callers)
            ada.says(rooms=[0])
            await until(lambda: play.gateway.ready()["failing"])
            told = time.monotonic()
            ada.says(rooms=range(1, callers))
            bert.says()
            await bert.until_answered(callers)
            assert play.gateway.ready()["failing"] == [
                {"character": "Ada", "reason": "model-unavailable"}
            ]
            await asyncio.sleep(seconds - (time.monotonic() - told))
            model.answer = answer
            asked["shared"] = [call.at for call in model.calls if key_of(call) == "shared"]
            asked["own"] = [call.at for call in model.calls if key_of(call) == "own"]
            await ada.until_answered(2 * callers)
            await until(lambda: play.gateway.ready()["status"] == "ok")
    assert len(asked["own"]) == callers
    further = [at for at in asked["shared"] if at > told]
    assert further, "it is asked again when its time has come"
    for begin in further:
        assert sum(begin <= at < begin + silence for at in further) <= 8
    for crowd in (ada, bert):
        for room in range(callers):
            assert answers(crowd, room) == expected(room, 1)
    assert ledgers.read(tmp_path).statuses() == {"answered": 2 * callers}
    assert set(sorries(ada)) == {1}
    assert set(sorries(bert)) == {0}


def key_of(call: Call) -> str:
    return call.headers["Authorization"].removeprefix("Bearer ")


@pytest.mark.parametrize("where", ["telegram", "discord"])
async def test_g25_an_answer_that_dribbles_for_ever_ends_in_its_time(
    where: str, tmp_path: Path, stage: Stage
) -> None:
    """On Telegram a draft is on show meanwhile, on Discord the message itself."""
    dribbles = Script("and then and then and then ...", fault="trickle", between=0.5, size=30)

    def trickles(request: dict[str, Any]) -> str | Script:
        return dribbles if "for ever" in request["messages"][-1]["content"] else answer(request)

    async with at_a_service(trickles, tmp_path, stage, MODEL_TIMEOUT="3") as (play, model):
        kim = stage.person("Kim")
        if where == "telegram":
            ada = play.bots["Ada"]
            chat = stage.dm(kim, ada)
        else:
            ada = play.discord_bots["Ada"]
            chat = Server.of(stage, [ada], kim).general
        others = Crowd.of(stage, play.bots["Ada"], 5)
        kim.says(chat, "Ada, tell me for ever")
        await until(lambda: stage.drafts(chat) or len(stage.messages(chat)) > 1)
        others.says(2)
        await others.until_answered(10)
        call = model.calls[0]
        assert not call.ended.is_set(), "others are answered meanwhile"
        async with asyncio.timeout(10):
            await call.ended.wait()
        assert call.closed_by_client
        assert 2 <= time.monotonic() - call.at <= 4
        await until(lambda: ended(play) == {"answered": 10, "failed": 1})
        await until(lambda: stage.messages(chat)[-1].text.startswith("Sorry"))
        await stage.quiet(chat)
        [told] = [one for one in stage.messages(chat) if one.sender is ada]
        assert told.text.startswith("Sorry"), "what was on show is no answer"
        assert model.chats == 11, "what has been begun is paid for, and not asked again"


@pytest.mark.parametrize("times", [2, 9])
async def test_an_answer_that_breaks_off_is_asked_for_again_but_not_for_ever(
    times: int, tmp_path: Path, stage: Stage
) -> None:
    left = times

    def cuts(request: dict[str, Any]) -> Script:
        nonlocal left
        left -= 1
        return Script(answer(request), size=2, fault="cut" if left >= 0 else "")

    async with at_a_service(cuts, tmp_path, stage) as (play, model):
        crowd = Crowd.of(stage, play.bots["Ada"], 1)
        crowd.says()
        [(status, _)] = await settled(play, 1)
        await stage.quiet(crowd.rooms[0][1])
    assert model.chats == 3
    assert status == ("answered" if times == 2 else "failed")
    assert sorries(crowd) == [1]
    assert answers(crowd, 0) == (expected(0, 1) if times == 2 else [])


def ended(play: Play) -> Counter[str]:
    rows = ledgers.read(play.data).inbox
    return Counter(row["status"] for row in rows if row["kind"] == "message")


@asynccontextmanager
async def at_a_service(
    answering: Answering, data: Path, stage: Stage, **settings: str
) -> AsyncIterator[tuple[Play, ModelServer]]:
    """Ada, and the model that she asks."""
    async with ModelServer(answering) as model:
        variables = {
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_API_KEY": "a-key-for-nothing",
            "BASIC_CAPABILITIES_KEEP_RESP": "true",
            **settings,
        }
        async with playing(
            "Ada", data=data, stage=stage, settings=variables, platforms=ON_BOTH
        ) as play:
            yield play, model
