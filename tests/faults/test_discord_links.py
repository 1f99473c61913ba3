"""A link to Discord in trouble is alone with it, says so, and comes back: G13, G15, G17 on Discord."""

from __future__ import annotations

import asyncio
import itertools
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Bot, Stage
from bots.testkit import Play
from core.models.scripted import Scripted
from tests.fakes.model_server import ModelServer, Script
from tests.faults.process import gateway_process
from tests.flows.on_discord import ON_BOTH, Server, calls, heard, on_discord
from tests.flows.talk import echo, question, reply, until

EVERY = {"BASIC_CAPABILITIES_KEEP_RESP": "true"}
ODD: tuple[Any, ...] = (None, 7, "words", [], {"id": []}, {"update_id": {}})
FRAMES: tuple[str | bytes, ...] = (b"\x00\xff\x10", "{", b"\x00\x00\xff\xff", '{"op": "x"}')
BACK = 10.0
"""Seconds after which everybody is connected again (G17)."""
_READ_WITHIN = 0.2


def link(report: dict[str, Any], name: str, platform: str = "discord") -> dict[str, Any]:
    return next(
        one for one in report["links"] if (one["character"], one["platform"]) == (name, platform)
    )


def phase(play: Play, name: str, platform: str = "discord") -> str:
    return str(link(play.gateway.ready(), name, platform)["phase"])


def reason(play: Play, name: str, platform: str = "discord") -> str:
    return str(link(play.gateway.ready(), name, platform)["reason"])


def refused_again(stage: Stage, since: int = 0) -> int:
    """How many requests were begun and refused after the account had heard of the first 401.

    Those that were under way when the first was refused are nobody's fault; on a busy machine it
    takes a while until a refusal is read.
    """
    refusals = [call for call in stage.discord.journal.since(since) if call.status == 401]
    told = min((call.done for call in refusals if call.done), default=0.0)
    return sum(call.at > told + _READ_WITHIN for call in refusals)


# --- four links in one process -----------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["token", "network", "parser"])
async def test_g13_of_four_links_the_other_three_answer_whatever_befalls_one(
    trouble: str, tmp_path: Path
) -> None:
    """Two characters on two platforms; each link in turn loses its token, line or senses."""
    async with on_discord(
        "Ada", "Bert", model=Scripted(echo), data=tmp_path, platforms=ON_BOTH, settings=EVERY
    ) as play:
        stage, bob = play.stage, play.stage.person("Bob")
        bots = {("telegram", name): bot for name, bot in play.bots.items()}
        bots |= {("discord", name): bot for name, bot in play.discord_bots.items()}
        chats = {
            who: (stage.discord if who[0] == "discord" else stage).dm(bob, bot)
            for who, bot in bots.items()
        }
        number = itertools.count()

        async def ask(*who: tuple[str, str]) -> None:
            for one in who:
                text = f"question {next(number)}"
                bob.says(chats[one], text)
                said = await stage.next_from(bots[one], chats[one], timeout=15)
                assert said.text.endswith(text)

        await ask(*bots)
        for hit in bots:
            others = [who for who in bots if who != hit]
            async with _trouble(trouble, play, *hit, bots[hit]):
                for _ in range(3):
                    await ask(*others)
                assert all(phase(play, name, place) == "live" for place, name in others)
                bob.says(chats[hit], "are you still there?")
            said = await stage.next_from(bots[hit], chats[hit], timeout=20)
            assert said.text.endswith("are you still there?")
            await until(lambda: play.gateway.ready()["status"] == "ok")
        for bot in play.discord_bots.values():
            assert stage.discord.gateway.sessions(bot).identifies <= 2


@asynccontextmanager
async def _trouble(
    kind: str, play: Play, platform: str, name: str, bot: Bot
) -> AsyncIterator[None]:
    stage = play.stage
    house: Any = stage.discord if platform == "discord" else stage
    match kind:
        case "token":
            house.new_token(bot)
            await until(lambda: phase(play, name, platform) == "rejected")
            yield
            await play.gateway.reload(play.plan())
        case "network":
            house.faults.cut(bot=bot.id, times=None)
            if platform == "discord":
                stage.discord.gateway.drop(bot)
            yield
            house.faults.clear()
        case _:
            for odd in ODD:
                if platform == "telegram":
                    bot.inject({"message": odd})
                    continue
                for event in ("MESSAGE_CREATE", "GUILD_CREATE", "CHANNEL_UPDATE", "RESUMED", "X"):
                    stage.discord.gateway.dispatch(bot, event, odd)
            yield


async def test_g13_on_discord_what_discord_py_cannot_read_costs_no_line_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with on_discord(
        "Ada", "Bert", model=Scripted(echo), data=tmp_path, settings=EVERY
    ) as play:
        stage, bots = play.stage, play.discord_bots
        server = Server.of(stage, bots.values())
        for _ in range(20):
            for event in ("GUILD_MEMBER_ADD", "CHANNEL_PINS_UPDATE", "GUILD_ROLE_UPDATE"):
                stage.discord.gateway.dispatch(bots["Ada"], event, {"id": "a door"})
        for name in ("Ada", "Bert"):
            server.owner.says(server.general, f"@{name} are you there?")
            await stage.next_from(bots[name], server.general)
        assert play.gateway.ready()["status"] == "ok"
        for bot in bots.values():
            counts = stage.discord.gateway.sessions(bot)
            assert (counts.connections, counts.identifies, counts.resumes) == (1, 1, 0)
    told = [one.getMessage() for one in caplog.records if "discord.py cannot read" in one.msg]
    assert len(told) == len(set(told)) == 3, "once for each kind"
    assert all(str(bots["Ada"].id) in one for one in told), "and whose it was"


async def test_g13_on_discord_frames_without_sense_cost_one_link_a_new_line_and_nobody_a_word(
    tmp_path: Path,
) -> None:
    async with on_discord(
        "Ada", "Bert", model=Scripted(echo), data=tmp_path, settings=EVERY
    ) as play:
        stage, bots, bob = play.stage, play.discord_bots, play.stage.person("Bob")
        chats = {name: stage.discord.dm(bob, bot) for name, bot in bots.items()}
        for number, frame in enumerate(FRAMES):
            await stage.discord.gateway.send_frame(bots["Ada"], frame)
            for name, chat in chats.items():
                bob.says(chat, f"question {number}")
                said = await stage.next_from(bots[name], chat, timeout=15)
                assert said.text.endswith(f"question {number}")
        await until(lambda: play.gateway.ready()["status"] == "ok")
        assert stage.discord.gateway.sessions(bots["Bert"]).connections == 1
        assert stage.discord.gateway.sessions(bots["Ada"]).identifies <= 3


# --- a token that is taken away ----------------------------------------------------------------


def write_token(folder: Path, token: str) -> None:
    (folder / ".env").write_text(f"CHARACTER.ADA.DISCORD_API_TOKEN={token}\n")


async def test_g15_on_discord_a_revoked_token_stops_one_account_and_a_new_one_lets_it_go_on(
    tmp_path: Path, stage: Stage, model: ModelServer, thinks: Callable[..., dict[str, str]]
) -> None:
    release, talks = asyncio.Event(), model.answer

    def slow(request: dict[str, Any]) -> Script:
        return Script(reply(str(talks(request))), gate=release.wait)

    write_token(tmp_path, stage.discord.bot("Ada").token)
    async with gateway_process(
        tmp_path,
        stage,
        "Ada",
        "Bert",
        platform="discord",
        **thinks(CHARACTER__ADA__DISCORD_API_TOKEN=""),
    ) as gateway:
        assert gateway.process is not None
        await gateway.until()
        pid = gateway.process.pid
        people = [stage.person(f"Person {one}") for one in range(10)]
        ada = [(one, stage.discord.dm(one, gateway.bots["Ada"])) for one in people]
        bert = [(one, stage.discord.dm(one, gateway.bots["Bert"])) for one in people[:3]]
        model.answer = slow
        for room, (one, chat) in enumerate(ada):
            one.says(chat, f"m{room}.0")
        await until(lambda: model.chats >= 10)
        token = stage.discord.new_token(gateway.bots["Ada"])
        report = await gateway.until("degraded")
        assert link(report, "Ada")["phase"] == "rejected"
        assert "refused the token" in link(report, "Ada")["reason"]
        assert link(report, "Bert")["phase"] == "live"
        model.answer = lambda request: reply(str(talks(request)))
        release.set()
        for room, (one, chat) in enumerate(bert):
            one.says(chat, f"m{room}.0")
        await until(lambda: all(heard(stage, chat, gateway.bots["Bert"]) for _, chat in bert))
        async with asyncio.timeout(20):
            while (await gateway.ready()).get("owed") != 10:  # noqa: ASYNC110  (another process)
                await asyncio.sleep(0.05)
        assert not any(heard(stage, chat, gateway.bots["Ada"]) for _, chat in ada)
        assert refused_again(stage) <= 3

        write_token(tmp_path, token)
        gateway.send(signal.SIGHUP)
        await until(lambda: all(heard(stage, chat, gateway.bots["Ada"]) for _, chat in ada))
        await gateway.until()
        assert (gateway.process.pid, gateway.process.returncode) == (pid, None)
        assert await gateway.end() == 0
        for room, (_, chat) in enumerate(ada):
            said = [one.text for one in heard(stage, chat, gateway.bots["Ada"])]
            assert said == [f"re m{room}.0"]


@pytest.mark.parametrize(
    "where",
    [
        "everywhere",
        "gateway",
        # Where REST alone refuses, a busy machine has asked more before it hears of the first.
        pytest.param("REST", marks=pytest.mark.soak),
    ],
)
async def test_g15_on_discord_in_the_midst_of_sending_at_most_three_requests_follow(
    where: str, tmp_path: Path
) -> None:
    async with on_discord(
        "Ada",
        "Bert",
        model=Scripted(lambda request: reply(f"re {question(request)}")),
        data=tmp_path,
        settings=EVERY,
    ) as play:
        stage, bots = play.stage, play.discord_bots
        people = [stage.person(f"Person {one}") for one in range(30)]
        chats = [stage.discord.dm(one, bots["Ada"]) for one in people]
        stage.discord.faults.delay(0.05, 0.15, method="create_message")
        for number in range(4):
            for room, (one, chat) in enumerate(zip(people, chats, strict=True)):
                one.says(chat, f"m{room}.{number}")

        def answered() -> int:
            return sum(len(heard(stage, chat, bots["Ada"])) for chat in chats)

        await until(lambda: answered() >= 30)
        before = stage.discord.journal.opened
        if where == "REST":
            stage.discord.faults.clear()
            stage.discord.faults.refuse(401, bot=bots["Ada"].id, times=None)
        elif where == "gateway":
            stage.discord.gateway.close(bots["Ada"], 4004)
        else:
            stage.discord.new_token(bots["Ada"])
        await until(lambda: phase(play, "Ada") == "rejected")
        await asyncio.sleep(0.3)
        assert refused_again(stage, before) <= 3
        dm = stage.discord.dm(people[0], bots["Bert"])
        people[0].says(dm, "m0.0")
        assert "m0.0" in (await stage.next_from(bots["Bert"], dm)).text
        assert phase(play, "Bert") == "live"

        def asked() -> int:
            return len([call for call in stage.discord.journal if call.bot != bots["Bert"].id])

        before = asked()
        await asyncio.sleep(1.0)
        assert asked() == before, "a refused account is let be"

        stage.discord.faults.clear()
        await play.gateway.reload(play.plan())
        await until(lambda: answered() == 120)
        await stage.quiet(chats[0])
        for room, chat in enumerate(chats):
            texts = [one.text for one in heard(stage, chat, bots["Ada"])]
            assert texts == [f"re m{room}.{number}" for number in range(4)], "in order, once"


# --- a network that is away --------------------------------------------------------------------


@pytest.mark.parametrize(
    "seconds", [2, pytest.param(30, marks=pytest.mark.soak)], ids="{}-seconds".format
)
async def test_g17_it_starts_while_discord_is_away_and_connects_soon_after_it_is_back(
    seconds: float, tmp_path: Path
) -> None:
    async with Stage(limits=False) as stage, AsyncExitStack() as stack:
        bob = stage.person("Bob")
        away = await stack.enter_async_context(AsyncExitStack())
        await away.enter_async_context(stage.discord.outage())
        play = await stack.enter_async_context(
            on_discord("Ada", model=Scripted(echo), data=tmp_path, stage=stage, platforms=ON_BOTH)
        )
        assert phase(play, "Ada") == "retrying"
        assert "unreachable" in reason(play, "Ada")
        assert phase(play, "Ada", "telegram") == "live"
        dm = stage.dm(bob, play.bots["Ada"])
        bob.says(dm, "are you on Telegram?")
        await stage.next_from(play.bots["Ada"], dm)
        assert play.gateway.ready()["status"] == "degraded"
        await asyncio.sleep(seconds)
        await away.aclose()
        back = time.monotonic()
        await until(lambda: phase(play, "Ada") == "live", timeout=60)
        assert time.monotonic() - back <= BACK
        there = stage.discord.dm(bob, play.discord_bots["Ada"])
        bob.says(there, "and on Discord?")
        assert "and on Discord?" in (await stage.next_from(play.discord_bots["Ada"], there)).text
        assert play.gateway.ready()["status"] == "ok"


async def test_g17_the_first_connection_to_the_gateway_may_be_refused(tmp_path: Path) -> None:
    """REST answers, the gateway does not: where discord.py alone falls over."""
    async with Stage(limits=False) as stage:
        stage.discord.gateway.refuse()
        async with on_discord(
            "Ada", model=Scripted(echo), data=tmp_path, stage=stage, platforms=ON_BOTH
        ) as play:
            await until(lambda: phase(play, "Ada") == "retrying")
            assert reason(play, "Ada")
            assert phase(play, "Ada", "telegram") == "live"
            await asyncio.sleep(0.5)
            assert phase(play, "Ada") == "retrying", "to have logged in is not to hear"
            stage.discord.gateway.refuse(False)
            back = time.monotonic()
            await until(lambda: phase(play, "Ada") == "live")
            assert time.monotonic() - back <= BACK
            assert stage.discord.gateway.sessions(play.discord_bots["Ada"]).identifies == 1
            bob = stage.person("Bob")
            dm = stage.discord.dm(bob, play.discord_bots["Ada"])
            bob.says(dm, "hello")
            await stage.next_from(play.discord_bots["Ada"], dm)


@pytest.mark.parametrize(
    "seconds", [0.5, pytest.param(30, marks=pytest.mark.soak)], ids="{}-seconds".format
)
async def test_g17_discord_goes_away_in_the_midst_of_talk_and_what_was_said_is_answered(
    seconds: float, tmp_path: Path
) -> None:
    async with on_discord(
        "Ada", "Bert", model=Scripted(echo), data=tmp_path, platforms=ON_BOTH, settings=EVERY
    ) as play:
        stage, bob = play.stage, play.stage.person("Bob")
        bots = play.discord_bots
        chats = {name: stage.discord.dm(bob, bot) for name, bot in bots.items()}
        on_telegram = stage.dm(bob, play.bots["Ada"])
        async with stage.discord.outage():
            for chat in chats.values():
                bob.says(chat, "into the dark")
            started = time.monotonic()
            while time.monotonic() - started < seconds:
                bob.says(on_telegram, "are you well?")
                await stage.next_from(play.bots["Ada"], on_telegram)
                await asyncio.sleep(0.2)
            if seconds > 10:  # a cut of some seconds is nobody's trouble
                assert {phase(play, name) for name in bots} == {"retrying"}
                assert all("unreachable" in reason(play, name) for name in bots)
        back = time.monotonic()
        for name, chat in chats.items():
            await stage.next_from(bots[name], chat, timeout=BACK)
        await until(lambda: play.gateway.ready()["status"] == "ok", timeout=BACK)
        assert time.monotonic() - back <= BACK
        for bot in bots.values():
            assert stage.discord.gateway.sessions(bot).identifies == 1, "it is resumed"


async def test_g17_when_the_days_logins_are_used_up_one_link_waits_and_says_so(
    tmp_path: Path,
) -> None:
    """Beyond the last one Discord would reset the token."""
    async with Stage(limits=False) as stage:
        ada = stage.discord.bot("Ada")
        for _ in range(990):
            assert stage.discord.gateway.logins.may_identify(ada.id)
        async with on_discord(
            "Ada", "Bert", model=Scripted(echo), data=tmp_path, stage=stage
        ) as play:
            await until(lambda: phase(play, "Ada") == "retrying" and phase(play, "Bert") == "live")
            assert "logins are used up" in reason(play, "Ada")
            bob = stage.person("Bob")
            dm = stage.discord.dm(bob, play.discord_bots["Bert"])
            bob.says(dm, "hello")
            await stage.next_from(play.discord_bots["Bert"], dm)
            await asyncio.sleep(2.0)
            assert len(calls(stage, "get_bot_gateway")) <= 4, "no hot loop"
            assert stage.discord.gateway.sessions(ada).identifies == 0
            assert play.gateway.ready()["status"] == "degraded"
