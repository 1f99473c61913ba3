"""Discord's rates are kept, and where it refuses, few refusals are drawn: G10, G12 on Discord."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from bots.sandbox.discord.permissions import MANAGE_WEBHOOKS
from bots.sandbox.world import Chat
from core.models.scripted import Line, Scripted
from core.ports import ModelRequest
from tests.fakes.model_server import ModelServer, Script
from tests.faults import ledgers
from tests.flows.on_discord import Server, calls, heard, on_discord, settled
from tests.flows.talk import question, reply, until
from tests.flows.test_forms_on_discord import offered

EVERY = {"BASIC_CAPABILITIES_KEEP_RESP": "true", "SEND_PATIENCE": "0"}
"""Each message gets an answer of its own; what is left over at the end is left."""

BERT = {"name": "Bert", "bio": "Made for a test.", "settings": {"DISCORD_FACE_OF": "Ada"}}


def answer(request: ModelRequest) -> str:
    return reply(f"re {question(request).strip()}")


def busiest(times: list[float], seconds: float = 1.0) -> int:
    """The most that fell into any such time."""
    times = sorted(times)
    first = most = 0
    for last, time in enumerate(times):
        while times[first] <= time - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


@pytest.mark.parametrize(
    ("one", "rooms", "each"),
    [
        pytest.param(6, 40, 3, id="beyond-each-window"),
        pytest.param(
            40, 196, 10, id="2000-sends", marks=[pytest.mark.soak, pytest.mark.timeout(400)]
        ),
    ],
)
async def test_g12_no_rate_of_discords_is_ever_exceeded(
    one: int, rooms: int, each: int, tmp_path: Path
) -> None:
    """In full 2,000 sends: five into a channel in five seconds, fifty of a bot in one."""

    def thinks(request: ModelRequest) -> Line:
        # Long enough for her to be seen typing, which counts against the bot's rate as well.
        return Line((answer(request),), after=lambda: asyncio.sleep(0.4))

    async with (
        Stage(limits=True) as stage,
        on_discord(
            "Ada",
            model=Scripted(thinks),
            data=tmp_path,
            stage=stage,
            paces=True,
            settings={**EVERY, "SHOULD_RESPOND_BYPASS_TYPES": "GROUP"},
        ) as play,
    ):
        ada = play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        people = [stage.person(f"Person {number}") for number in range(rooms)]
        chats = [stage.discord.dm(person, ada) for person in people]
        for number in range(one):
            server.owner.says(server.general, f"Ada, m0.{number}")
        for number in range(each):
            for room, (person, chat) in enumerate(zip(people, chats, strict=True)):
                person.says(chat, f"m{room + 1}.{number}")

        def answered() -> int:
            return sum(len(heard(stage, chat, ada)) for chat in (server.general, *chats))

        await until(lambda: answered() == one + rooms * each, timeout=300)
        sends = calls(stage, "create_message")
        assert stage.discord.violations == {}
        assert not [call for call in stage.discord.journal if call.status == 429]
        assert busiest([call.at for call in calls(stage, "create_message", server.general)], 5) <= 5
        assert busiest([call.at for call in stage.discord.journal]) <= 50
        assert calls(stage, "trigger_typing_indicator"), "or they have not been counted in"
        for chat in (server.general, *chats):
            assert ledgers.ordered([said.text for said in heard(stage, chat, ada)])
    assert len(sends) == one + rooms * each, "nothing was tried twice"


async def test_g12_answers_that_grow_keep_the_rates_of_edits(tmp_path: Path) -> None:
    """Six channels in which an answer is made for some seconds, edited all the while."""
    words = "One two three four five six seven eight nine ten. " * 5

    def slowly(request: dict[str, Any]) -> Script:
        return Script(reply(words), before=0.1, between=0.35)

    async with ModelServer(slowly) as model, Stage(limits=True) as stage:
        settings = {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "a-key-for-nothing"}
        async with on_discord(
            "Ada", data=tmp_path, stage=stage, paces=True, settings=settings
        ) as play:
            ada = play.discord_bots["Ada"]
            people = [stage.person(f"Person {number}") for number in range(6)]
            chats = [stage.discord.dm(person, ada) for person in people]
            for person, chat in zip(people, chats, strict=True):
                person.says(chat, "count")

            def whole(chat: Chat) -> bool:
                return [one.text for one in heard(stage, chat, ada)] == [words.strip()]

            await until(lambda: all(whole(chat) for chat in chats))
            edits = Counter(call.chat for call in calls(stage, "update_message"))
            assert all(edits[chat.id] >= 2 for chat in chats), "they were seen growing"
            assert stage.discord.violations == {}
            assert not [call for call in stage.discord.journal if call.status == 429]


async def test_g12_commands_what_follows_and_edits_keep_every_rate_and_draw_no_refusals(
    tmp_path: Path,
) -> None:
    """Answers of three messages that grow: in a channel where she writes and in one where she may
    not, so that they follow the command; beside them faces, help for one alone, and talk."""
    parts = "\n\n".join(f"{word} " * 330 + "." for word in ("first", "second", "third"))

    def slowly(request: dict[str, Any]) -> Script:
        shown = str(request["messages"][-1]["content"]).rpartition("</context>\n")[2]
        return Script(reply(parts if "all" in shown else "well"), between=0.02, size=60)

    async with ModelServer(slowly) as model, Stage(limits=True) as stage:
        settings = {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "a-key-for-nothing"}
        cast: list[Any] = ["Ada", BERT]
        async with on_discord(
            *cast, data=tmp_path, stage=stage, paces=True, settings={**EVERY, **settings}
        ) as play:
            ada = play.discord_bots["Ada"]
            await offered(play)
            server = Server.of(stage, [ada])
            stage.discord.role(server.guild, "Hands", [ada], permissions=MANAGE_WEBHOOKS)
            bob, places = server.owner, [server.channel(f"room-{one}") for one in range(3)]
            stage.discord.mute(places[0], ada)
            given = [bob.uses(place, ada, "chat", message="all") for place in places]
            given += [bob.uses(place, ada, "help") for place in places]
            for place in places[1:]:
                bob.says(place, "Bert, all")
                bob.says(place, "@Ada and you?")
            asked = [stage.discord.interaction(one) for one in given]

            def over() -> bool:
                ends = sum(one.text.startswith("third") for place in places for one in hers(place))
                is_done = all(one.reply is not None and one.reply.text for one in asked)
                return is_done and ends == 3 + 2 and not play.gateway.ready()["owed"]

            def hers(place: Chat) -> list[Any]:
                return heard(stage, place, ada)

            await ledgers.until(
                over,
                lambda: f"{[[one.text[:6] for one in hers(place)] for place in places]}",
            )
            await settled(play, 2 * 3 + 2 * 2)
            refused = [call for call in stage.discord.journal if call.status in (401, 403, 429)]
            assert [call.method for call in refused] == []
            assert stage.discord.violations == {}
            assert calls(stage, "update_webhook_message"), "they were seen growing"
            assert len([c for c in calls(stage, "execute_webhook") if "token" in c.params]) >= 2 + 2
            assert not any(one.failed for one in asked)


async def test_g10_on_discord_a_channel_that_is_refused_waits_and_the_others_do_not(
    tmp_path: Path,
) -> None:
    async with on_discord("Ada", model=Scripted(answer), data=tmp_path, settings=EVERY) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        people = [stage.person(f"Person {number}") for number in range(20)]
        chats = [stage.discord.dm(person, ada) for person in people]
        stage.discord.faults.flood(2, method="create_message", chat=chats[0].id)
        people[0].says(chats[0], "m0.0")
        await until(lambda: calls(stage, "create_message", chats[0]))
        for number in range(5):
            for person, chat in zip(people[1:], chats[1:], strict=True):
                person.says(chat, f"m1.{number}")
        await until(lambda: all(len(heard(stage, chat, ada)) == 5 for chat in chats[1:]))
        assert heard(stage, chats[0], ada) == [], "not before its time"
        await until(lambda: heard(stage, chats[0], ada))
        refused, taken = calls(stage, "create_message", chats[0])
        assert refused.status == 429
        assert taken.at - refused.at >= 2
        assert [call.chat for call in stage.discord.journal if call.status == 429] == [chats[0].id]


async def test_g12_refusals_end_long_before_discord_bans_the_host(tmp_path: Path) -> None:
    """Rooms in which she may not write, more than refusals are borne: then she keeps still."""
    async with on_discord("Ada", model=Scripted(answer), data=tmp_path, settings=EVERY) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        shut = [server.channel(f"shut-{number}") for number in range(130)]
        for chat in shut:
            stage.discord.mute(chat, ada)
        # As on a real line: many are under way before the first refusal is known.
        stage.discord.faults.delay(0.05, 0.2, method="create_message")
        for chat in shut:
            server.owner.says(chat, "Ada, m0.0")
        await until(lambda: throttled(tmp_path) and still(stage))
        server.owner.says(server.general, "Ada, m0.1")
        await settled(play, len(shut) + 1)
        await asyncio.sleep(0.5)
        invalid = stage.discord.violations["invalid"]
        refused = [call for call in stage.discord.journal if call.status == 403]
        rows = ledgers.read(tmp_path).deliveries
        failed = [row for row in rows if row["status"] == "failed"]
        assert 50 <= invalid <= 100
        assert len(refused) == invalid, "each was counted"
        # Where it was not even allowed to say that she types, nothing more is tried.
        assert {row["room"] for row in failed} <= {str(call.chat) for call in refused}
        report = play.gateway.ready()
        assert report["links"][0]["phase"] == "live", "she still hears"
        assert report["owed"] == len(shut) + 1 - len(failed), "the rest waits and is not lost"
        (notice,) = heard(stage, server.general, ada)
        assert "<#" in notice.text, "the server hears of one such channel; her answer waits"
        assert "m0.1" not in notice.text


async def test_g12_commands_that_are_answered_too_late_draw_no_more_refusals_than_are_borne(
    tmp_path: Path,
) -> None:
    """Each token that has run out is one refusal (401); the bot's own is none the worse for it."""
    may = asyncio.Event()
    late = Scripted(lambda request: Line((answer(request),), after=may.wait))
    async with on_discord("Ada", model=late, data=tmp_path, settings=EVERY) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        await offered(play)
        server, number = Server.of(stage, [ada]), 120
        rooms = [server.channel(f"room-{one}") for one in range(number)]
        given = [server.owner.uses(room, ada, "chat", message="m0.0") for room in rooms]
        asked = [stage.discord.interaction(one) for one in given]
        await until(lambda: all(one.answered for one in asked) and len(late.requests) == number)
        for one in asked:
            one.began -= 900
        may.set()
        await until(lambda: throttled(tmp_path))
        await settled(play, number)
        await stage.quiet(rooms[-1], 0.5)
        invalid, report = stage.discord.violations["invalid"], play.gateway.ready()
        assert 50 <= invalid <= 100
        assert report["links"][0]["phase"] == "live"
        said = sum(len([one for one in heard(stage, room, ada) if one.text]) for room in rooms)
        assert said + report["owed"] == number, "what was not said is owed"


async def test_g12_a_room_that_is_shut_to_her_uses_up_no_others_refusals(tmp_path: Path) -> None:
    """Whoever calls her there all the time must not silence her everywhere."""
    async with on_discord("Ada", model=Scripted(answer), data=tmp_path, settings=EVERY) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        shut, blocked = server.channel("shut"), stage.person("Eve")
        stage.discord.mute(shut, ada)
        dm = stage.discord.dm(blocked, ada)
        blocked.blocks(ada)
        for number in range(50):
            server.owner.says(shut, f"Ada, m0.{number}")
            blocked.says(dm, f"m1.{number}")
            await settled(play, 2 * number + 2)
        server.owner.says(server.general, "Ada, m2.0")
        notice, said = [(await stage.next_from(ada, server.general)).text for _ in range(2)]
        assert f"<#{shut.id}>" in notice, "the server hears of it once"
        assert "m2.0" in said
        assert stage.discord.violations["invalid"] <= 10
        stage.discord.mute(shut, ada, on=False)


def throttled(data: Path) -> bool:
    return any(row["reason"] == "throttled" for row in ledgers.read(data).deliveries)


def still(stage: Stage) -> bool:
    """Nothing is under way."""
    return all(call.status for call in calls(stage, "create_message"))
