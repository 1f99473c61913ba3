"""Who may talk to a character, as it shows on the platform and in the database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Bot, Person, Stage
from bots.sandbox.world import Chat
from bots.testkit import Play
from core.models.scripted import Scripted
from tests.flows.on_discord import rows
from tests.flows.talk import echo, outcomes, playing, settled, until

pytestmark = pytest.mark.usefixtures("database")


@dataclass(slots=True)
class Talk:
    """Zoe, Eve and the operator with Ada: each directly, and all in a group."""

    stage: Stage
    model: Scripted
    ada: Bot
    zoe: Person
    eve: Person
    boss: Person
    group: Chat
    running: Play | None = None

    @property
    def play(self) -> Play:
        assert self.running is not None
        return self.running

    def dm(self, who: Person) -> Chat:
        return self.stage.dm(who, self.ada)

    async def answers(self, who: Person, text: str, where: Chat | None = None) -> str:
        where = where or self.dm(who)
        who.says(where, text)
        return (await self.stage.next_from(self.ada, where)).text

    def said(self, where: Chat) -> list[str]:
        """What Ada has said there."""
        said = (one for one in self.stage.messages(where) if one.service is None)
        return [one.text for one in said if one.sender is self.ada]

    def kept(self, table: str) -> list[Mapping[str, Any]]:
        return rows(self.play, table)


@asynccontextmanager
async def talk(data: Path, **settings: str) -> AsyncIterator[Talk]:
    """`{zoe}`, `{eve}`, `{boss}` and `{group}` stand for ids."""
    async with people() as it, talked(data, it, settings):
        yield it


@asynccontextmanager
async def people() -> AsyncIterator[Talk]:
    """Before Ada is there."""
    async with Stage(limits=False) as stage:
        ada = stage.bot("Ada")
        zoe, eve = stage.person("Zoe", username="zoe_here"), stage.person("Eve")
        boss = stage.person("Boss")
        group = stage.group("The Commons", [zoe, eve, boss], [ada])
        yield Talk(stage, Scripted(echo), ada, zoe, eve, boss, group)


@asynccontextmanager
async def talked(data: Path, it: Talk, settings: Mapping[str, str]) -> AsyncIterator[Talk]:
    ids = {"zoe": it.zoe.id, "eve": it.eve.id, "boss": it.boss.id, "group": it.group.id}
    filled = {name: value.format(**ids) for name, value in settings.items()}
    filled.setdefault("TROUPE_OWNERS", f"telegram:{it.boss.id}")
    async with playing("Ada", model=it.model, data=data, stage=it.stage, settings=filled) as play:
        it.running = play
        yield it


# --- lists -------------------------------------------------------------------------------------------


async def test_of_whoever_may_not_talk_nothing_is_read_kept_or_paid(tmp_path: Path) -> None:
    async with talk(tmp_path, TELEGRAM_ALLOWED_CHATS='["{zoe}"]') as it:
        answer = "heard"
        assert answer in await it.answers(it.zoe, "Ada, hello", it.group)
        asked, kept = len(it.model.requests), {
            table: len(it.kept(table)) for table in ("memories", "entities", "rooms", "deliveries")
        }  # fmt: skip
        said = it.stage.messages(it.group)[-1]
        done = len(outcomes(it.play))
        before = it.stage.journal.opened
        direct = it.dm(it.eve)
        it.eve.says(direct, "secret-finch")
        it.eve.says(direct, "/help")
        it.eve.says(direct, "/forget me")
        it.eve.sends_photo(direct, caption="secret-finch")
        mine = it.eve.says(it.group, "Ada, secret-finch?")
        it.eve.edits(mine, "Ada, and secret-finch now?")
        it.eve.reacts(said, "👍")
        it.ada.inject(press(it, it.eve, said.id))
        found = await settled(it.play, done + 7)
        await until(lambda: not it.stage.pending(it.ada))
        found = outcomes(it.play)[done:]
        assert {status for status, _ in found} <= {"silent", "answered-by"}
        assert {rule for _, rule in found} == {"not-allowed"}
        assert len(it.model.requests) == asked
        for table, number in kept.items():
            assert len(it.kept(table)) == number, table
        calls = {call.method for call in it.stage.journal.since(before)}
        assert calls <= {"getUpdates", "answerCallbackQuery"}, "a press stops shining, no more"
        assert not [row for row in it.kept("inbox") if "secret-finch" in row["payload"]]
        assert "heard" in await it.answers(it.zoe, "Ada, still there?", it.group)


def press(it: Talk, who: Person, message: int) -> dict[str, Any]:
    chat = {"id": it.group.id, "type": "group", "title": "The Commons"}
    bot = {"id": it.ada.id, "is_bot": True, "first_name": "Ada"}
    below = {"message_id": message, "date": 1, "chat": chat, "from": bot, "text": "heard"}
    author = {"id": who.id, "is_bot": False, "first_name": who.name}
    return {
        "callback_query": {
            "id": "1", "from": author, "message": below, "chat_instance": "1", "data": "c:1:2"
        }
    }  # fmt: skip


async def test_a_group_that_is_listed_lets_everybody_in_and_a_name_does_so_too(
    tmp_path: Path,
) -> None:
    async with talk(tmp_path, TELEGRAM_ALLOWED_CHATS='["{group}", "@Zoe_HERE"]') as it:
        assert "heard" in await it.answers(it.eve, "Ada, hello", it.group)
        assert "heard" in await it.answers(it.zoe, "hello")
        it.eve.says(it.dm(it.eve), "hello")
        found = await settled(it.play, 3)
        assert found[-1] == ("silent", "not-allowed")


async def test_a_list_that_cannot_be_read_leaves_the_operator_alone_with_her(
    tmp_path: Path,
) -> None:
    async with talk(tmp_path, TELEGRAM_ALLOWED_CHATS='["{zoe}"') as it:
        (link,) = it.play.gateway.ready()["links"]
        assert link["phase"] == "live"
        assert "TELEGRAM_ALLOWED_CHATS" in link["reason"]
        assert "nobody is let in" in link["reason"]
        it.zoe.says(it.dm(it.zoe), "hello")
        assert await settled(it.play, 1) == [("silent", "not-allowed")]
        assert "heard" in await it.answers(it.boss, "hello")


async def test_a_change_of_the_list_counts_from_the_next_message_on(tmp_path: Path) -> None:
    async with talk(tmp_path) as it:
        assert "heard" in await it.answers(it.eve, "hello")
        plan = it.play.plan(TELEGRAM_ALLOWED_CHATS=f"[{it.zoe.id}]")
        await it.play.gateway.reload(plan)
        it.eve.says(it.dm(it.eve), "and now?")
        assert (await settled(it.play, 2))[-1] == ("silent", "not-allowed")
        assert "heard" in await it.answers(it.zoe, "hello")


async def test_switches_at_the_root_of_a_character_count(tmp_path: Path) -> None:
    ada = {"name": "Ada", "bio": "A test.", "allowDirectMessages": False}
    model = Scripted(echo)
    async with playing(ada, model=model, data=tmp_path) as play:
        bot, zoe = play.bots["Ada"], play.stage.person("Zoe")
        zoe.says(play.stage.dm(zoe, bot), "hello")
        assert await settled(play, 1) == [("silent", "directs-off")]
        group = play.stage.group("The Commons", [zoe], [bot])
        zoe.says(group, "Ada, hello")
        assert "heard" in (await play.stage.next_from(bot, group)).text


# --- groups ------------------------------------------------------------------------------------------


async def test_a_group_in_which_she_may_not_take_part_is_left_once(tmp_path: Path) -> None:
    settings = {
        "TELEGRAM_ONLY_ALLOWED_GROUPS": "true",
        "TELEGRAM_ALLOWED_GROUPS": "[{group}]",
        "TELEGRAM_LEAVES_OTHERS": "true",
    }
    async with talk(tmp_path, **settings) as it:
        other = it.stage.group("Elsewhere", [it.zoe, it.eve], [it.ada])
        it.zoe.says(other, "Ada, hello")
        it.zoe.says(other, "Ada?")
        await until(lambda: it.stage.journal.of("leaveChat"))
        assert "heard" in await it.answers(it.zoe, "Ada, hello", it.group)
        assert len(it.stage.journal.of("leaveChat")) == 1
        assert (other.members[it.ada], it.group.members[it.ada]) == ("left", "member")
        assert it.said(other) == []


async def test_without_that_wish_she_stays_and_is_silent(tmp_path: Path) -> None:
    async with talk(tmp_path, TELEGRAM_ONLY_ALLOWED_GROUPS="true") as it:
        it.zoe.says(it.group, "Ada, hello")
        assert await settled(it.play, 1) == [("silent", "group-not-allowed")]
        assert "heard" in await it.answers(it.boss, "Ada, hello", it.group)
        assert it.stage.journal.of("leaveChat") == []


async def test_she_goes_out_of_what_somebody_who_is_not_listed_has_brought_her_into(
    tmp_path: Path,
) -> None:
    settings = {"TELEGRAM_ALLOWED_CHATS": '["{zoe}"]', "TELEGRAM_LEAVES_OTHERS": "true"}
    async with talk(tmp_path, **settings) as it:
        trap = it.stage.group("A trap", [it.eve])
        it.eve.adds(trap, it.ada)
        await until(lambda: it.stage.journal.of("leaveChat"))
        home = it.stage.group("Home", [it.zoe, it.eve])
        it.zoe.adds(home, it.ada)
        it.eve.says(home, "Ada, hello")
        assert "heard" in await it.answers(it.zoe, "Ada, hello", home)
        assert home.members[it.ada] == "member"
        assert len(it.stage.journal.of("leaveChat")) == 1


async def test_what_a_group_is_called_in_which_she_may_not_talk_is_not_kept(tmp_path: Path) -> None:
    async with talk(tmp_path, TELEGRAM_ALLOWED_CHATS='["{boss}"]') as it:
        it.zoe.renames(it.group, "secret-finch")
        it.zoe.promotes(it.group, it.eve)
        it.zoe.removes(it.group, it.ada)
        await until(lambda: not it.stage.pending(it.ada) and len(outcomes(it.play)) >= 2)
        await settled(it.play, 2)
        assert it.kept("worlds") == it.kept("rooms") == it.kept("entities") == []
        assert not [
            row
            for row in it.kept("inbox")
            if "secret-finch" in row["payload"] and row["rule"] == "not-allowed"
        ]


async def test_a_listed_group_that_becomes_a_supergroup_is_told_to_the_operator(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with talk(tmp_path, TELEGRAM_ALLOWED_CHATS="[{group}]") as it:
        assert "heard" in await it.answers(it.zoe, "Ada, hello", it.group)
        new = it.stage.migrate(it.group)
        await until(lambda: ("silent", "room-moved") in outcomes(it.play))
        told = [one.getMessage() for one in caplog.records if "a list names the old id" in one.msg]
        assert told
        assert str(new.id) in told[0]


async def test_in_the_name_of_a_group_only_its_admins_speak_and_only_where_it_is_listed(
    tmp_path: Path,
) -> None:
    async with people() as it:
        home = it.stage.supergroup("Home", [it.boss, it.zoe, it.eve], [it.ada], admins=[it.eve])
        away = it.stage.supergroup("Away", [it.boss, it.zoe, it.eve], [it.ada], admins=[it.eve])
        for where in (home, away):
            it.eve.speaks_as(where, where)
        settings = {"TELEGRAM_ALLOWED_CHATS": f'["{home.id}", "{{eve}}"]'}
        async with talked(tmp_path, it, settings):
            it.eve.says(away, "Ada, it is me")  # who that is Telegram tells nobody
            await until(lambda: ("silent", "not-allowed") in outcomes(it.play))
            assert "heard" in await it.answers(it.eve, "Ada, hello", home)
            assert "I am quiet" not in await it.answers(it.zoe, "/mute@ada_bot", home)
            assert "I am quiet" in await it.answers(it.eve, "/mute@ada_bot", home)
            assert it.said(away) == []


# --- answers that go another way ---------------------------------------------------------------------


async def test_queries_from_other_chats_are_asked_at_the_door_too(tmp_path: Path) -> None:
    async with people() as it:
        it.ada.may("inline", "guests")
        elsewhere = it.stage.group("Not hers", [it.zoe, it.eve])
        settings = {"TELEGRAM_ALLOWED_CHATS": '["{zoe}"]', "TELEGRAM_LEAVES_OTHERS": "true"}
        async with talked(tmp_path, it, settings):
            it.eve.types_inline(it.ada, "secret-finch", elsewhere)
            it.eve.summons(elsewhere, it.ada, "secret-finch")
            found = await settled(it.play, 2)
            assert found == [("silent", "not-allowed")] * 2
            assert it.model.requests == []
            assert not it.stage.journal.of("answerInlineQuery")
            assert not it.stage.journal.of("leaveChat")
            it.zoe.types_inline(it.ada, "hello", elsewhere)
            await until(lambda: it.stage.journal.of("answerInlineQuery"))


async def test_a_stranger_is_told_no_code_in_the_name_of_a_business(tmp_path: Path) -> None:
    async with people() as it:
        it.ada.may("business", "inline")
        it.zoe.connects(it.ada)
        shop = it.stage.business(it.zoe, it.eve)
        async with talked(tmp_path, it, {"TROUPE_PAIRING": "true"}):
            it.eve.says(shop, "are you open today?")
            it.eve.types_inline(it.ada, "hello")
            await until(lambda: outcomes(it.play).count(("silent", "not-paired")) == 2)
            assert it.model.requests == []
            assert it.said(shop) == []
            assert not it.kept("components")
