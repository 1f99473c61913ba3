"""Who may talk to a character on Discord, as it shows there and in the database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bots.sandbox import Bot, Person, Stage
from bots.sandbox.discord.interactions import Interaction
from bots.sandbox.world import Chat, Guild, Message
from bots.testkit import Play
from core.models.scripted import Scripted
from tests.flows.forms import answer_of, asked_by_form
from tests.flows.on_discord import calls, heard, on_discord, outcomes, rows, settled
from tests.flows.talk import echo, until
from tests.flows.test_pairing import code_in

pytestmark = pytest.mark.usefixtures("database")

_ALONE = 64
_KEPT = ("memories", "entities", "rooms", "deliveries")


@dataclass(slots=True)
class Talk:
    """Zoe, Eve and the operator with Ada: each directly, and all in a server with two channels."""

    stage: Stage
    model: Scripted
    ada: Bot
    zoe: Person
    eve: Person
    boss: Person
    guild: Guild
    general: Chat
    random: Chat
    hosts: int
    running: Play | None = None

    @property
    def play(self) -> Play:
        assert self.running is not None
        return self.running

    def dm(self, who: Person) -> Chat:
        return self.stage.discord.dm(who, self.ada)

    async def answers(self, who: Person, text: str, where: Chat | None = None) -> str:
        where = where or self.dm(who)
        who.says(where, text)
        return (await self.stage.next_from(self.ada, where)).text

    async def asks(self, who: Person, where: Chat, text: str) -> Interaction:
        return await asked_by_form(self.play, who, where, "chat", message=text)

    def said(self, where: Chat) -> list[str]:
        return [one.text for one in heard(self.stage, where, self.ada)]

    def rules(self) -> list[str]:
        return [rule for _, rule in outcomes(self.play)]


@asynccontextmanager
async def people() -> AsyncIterator[Talk]:
    """Before Ada is there."""
    async with Stage(limits=False) as stage:
        ada = stage.discord.bot("Ada")
        zoe, eve = stage.person("Zoe", username="zoe_here"), stage.person("Eve")
        boss = stage.person("Boss")
        guild = stage.discord.guild("The Commons", [boss, zoe, eve], [ada])
        general, random = guild.channels.values()
        hosts = stage.discord.role(guild, "Hosts", [zoe])
        yield Talk(stage, Scripted(echo), ada, zoe, eve, boss, guild, general, random, hosts)


@asynccontextmanager
async def talked(data: Path, it: Talk, settings: Mapping[str, str]) -> AsyncIterator[Talk]:
    """`{zoe}`, `{eve}`, `{server}`, `{general}`, `{random}` and `{hosts}` stand for ids."""
    ids = {
        "zoe": it.zoe.snowflake, "eve": it.eve.snowflake, "server": it.guild.id,
        "general": it.general.id, "random": it.random.id, "hosts": it.hosts,
    }  # fmt: skip
    filled = {name: value.format(**ids) for name, value in settings.items()}
    filled.setdefault("TROUPE_OWNERS", f"discord:{it.boss.snowflake}")
    async with on_discord(
        "Ada", model=it.model, data=data, stage=it.stage, settings=filled
    ) as play:
        it.running = play
        yield it


@asynccontextmanager
async def talk(data: Path, **settings: str) -> AsyncIterator[Talk]:
    async with people() as it, talked(data, it, settings):
        yield it


async def refused(it: Talk, asked: Interaction) -> str:
    """What its author alone is told; what all saw while it was thought of is gone."""

    def told() -> list[Message]:
        said = (one for one in it.stage.messages(asked.chat) if not one.deleted)
        metadata = ((one, one.more.get("interaction_metadata") or {}) for one in said)
        return [one for one, of in metadata if of.get("id") == asked.number and one.text]

    await until(told)
    (one,) = told()
    assert one.more.get("flags", 0) & _ALONE
    assert one.more["only_for"] == asked.who.id
    return one.text


# --- of whom nothing is taken ------------------------------------------------------------------------


async def test_of_whoever_may_not_talk_nothing_is_read_kept_or_paid(tmp_path: Path) -> None:
    async with talk(tmp_path, DISCORD_ALLOWED_USERS="{zoe}") as it:
        assert "heard" in await it.answers(it.zoe, "Ada, hello", it.general)
        asked, kept = len(it.model.requests), {one: len(rows(it.play, one)) for one in _KEPT}
        done, before = len(it.rules()), it.stage.discord.journal.opened
        (said,) = heard(it.stage, it.general, it.ada)
        it.eve.says(it.dm(it.eve), "secret-finch")
        it.eve.says(it.dm(it.eve), "/forget me")
        it.eve.sends_photo(it.dm(it.eve), caption="secret-finch")
        mine = it.eve.says(it.general, "Ada, secret-finch?")
        it.eve.edits(mine, "Ada, and secret-finch now?")
        it.eve.reacts(said, "👍")
        await settled(it.play, done + 5)
        await until(
            lambda: all(row["status"] != "new" for row in rows(it.play, "inbox")), timeout=10
        )
        assert set(it.rules()[done:]) == {"not-allowed"}
        assert len(it.model.requests) == asked
        for table, number in kept.items():
            assert len(rows(it.play, table)) == number, table
        asked_for = {call.method for call in it.stage.discord.journal.since(before)}
        assert not asked_for & {"create_message", "get_message", "attachment"}
        assert not [row for row in rows(it.play, "inbox") if "secret-finch" in row["payload"]]
        assert "heard" in await it.answers(it.zoe, "Ada, still there?", it.general)


async def test_whoever_gives_a_command_and_may_not_is_told_so_alone(tmp_path: Path) -> None:
    async with talk(tmp_path, CHANNEL_IDS="{general}", DISCORD_ALLOWED_ROLES="{hosts}") as it:
        by_eve = await it.asks(it.eve, it.general, "secret-finch")
        assert "do not let me talk" in await refused(it, by_eve)
        elsewhere = await it.asks(it.zoe, it.random, "secret-finch")
        assert "this channel is not among those" in await refused(it, elsewhere)
        assert it.model.requests == []
        assert not [row for row in rows(it.play, "inbox") if "secret-finch" in row["payload"]]
        assert "heard" in await answer_of(await it.asks(it.zoe, it.general, "hello"))


# --- lists -------------------------------------------------------------------------------------------


async def test_a_listed_channel_counts_with_its_threads_and_posts(tmp_path: Path) -> None:
    async with people() as it:
        board = it.stage.discord.channel(it.guild, "questions", "board")
        settings = {"CHANNEL_IDS": f" {{general}},, {board.id} "}
        async with talked(tmp_path, it, settings):
            assert "heard" in await it.answers(it.eve, "Ada, hello", it.general)
            thread = it.stage.discord.thread(it.general, "Plans", it.eve)
            assert "heard" in await it.answers(it.eve, "Ada, hello", thread)
            post = it.stage.discord.post(board, "A question", it.eve, "Ada, what is a finch?")
            assert "heard" in (await it.stage.next_from(it.ada, post)).text
            assert "heard" in await it.answers(it.eve, "a word between us")
            other = it.stage.discord.thread(it.random, "Other plans", it.eve)
            it.eve.says(it.random, "Ada, hello")
            it.eve.says(other, "Ada, hello")
            await until(lambda: it.rules().count("channel-not-allowed") == 2)
            assert it.said(it.random) == it.said(other) == []


async def test_roles_and_names_let_people_in(tmp_path: Path) -> None:
    settings = {"DISCORD_ALLOWED_ROLES": "[{hosts}]", "DISCORD_ALLOWED_USERS": "@Boss_unknown"}
    async with talk(tmp_path, **settings) as it:
        assert "heard" in await it.answers(it.zoe, "Ada, hello", it.general)
        it.eve.says(it.general, "Ada, hello")
        await until(lambda: "not-allowed" in it.rules())
        it.stage.discord.give(it.guild, it.eve, it.hosts)
        assert "heard" in await it.answers(it.eve, "Ada, hello", it.general)
        it.zoe.says(it.dm(it.zoe), "hello")
        await until(lambda: it.rules().count("not-allowed") == 2)
        assert "heard" in await it.answers(it.boss, "hello"), "her operator always may"


async def test_whoever_has_spoken_while_she_was_away_is_known_by_their_roles(
    tmp_path: Path,
) -> None:
    async with people() as it:
        async with talked(tmp_path, it, {"DISCORD_ALLOWED_ROLES": "{hosts}"}):
            assert "heard" in await it.answers(it.zoe, "Ada, hello", it.general)
        it.zoe.says(it.general, "Ada, and now?")
        it.eve.says(it.general, "Ada, secret-finch?")
        async with talked(tmp_path, it, {"DISCORD_ALLOWED_ROLES": "{hosts}"}):
            assert "and now" in (await it.stage.next_from(it.ada, it.general)).text
            await until(lambda: "not-allowed" in it.rules())
            assert "secret-finch" not in str(it.model.requests)


async def test_a_username_lets_somebody_in_everywhere(tmp_path: Path) -> None:
    async with talk(tmp_path, DISCORD_ALLOWED_USERS='["@Zoe_HERE"]') as it:
        assert "heard" in await it.answers(it.zoe, "hello")
        assert "heard" in await it.answers(it.zoe, "Ada, hello", it.random)
        it.eve.says(it.dm(it.eve), "hello")
        await until(lambda: "not-allowed" in it.rules())


async def test_direct_messages_can_be_switched_off_for_commands_too(tmp_path: Path) -> None:
    async with talk(tmp_path, DISCORD_DIRECT_MESSAGES="false") as it:
        it.zoe.says(it.dm(it.zoe), "hello")
        await until(lambda: "directs-off" in it.rules())
        command = await it.asks(it.zoe, it.dm(it.zoe), "hello")
        assert "do not talk to people directly" in await refused(it, command)
        assert "heard" in await it.answers(it.zoe, "Ada, hello", it.general)


async def test_a_list_that_cannot_be_read_is_told_and_lets_nobody_in(tmp_path: Path) -> None:
    async with talk(tmp_path, DISCORD_ALLOWED_SERVERS="my server", DISCORD_LEAVES_OTHERS="1") as it:
        (link,) = it.play.gateway.ready()["links"]
        assert link["phase"] == "live"
        assert "DISCORD_ALLOWED_SERVERS" in link["reason"]
        it.zoe.says(it.general, "Ada, hello")
        await until(lambda: "server-not-allowed" in it.rules())
        assert "heard" in await it.answers(it.boss, "Ada, hello", it.general)
        assert calls(it.stage, "leave_guild") == []


async def test_a_change_of_the_lists_counts_from_the_next_message_on(tmp_path: Path) -> None:
    async with talk(tmp_path) as it:
        assert "heard" in await it.answers(it.eve, "Ada, hello", it.general)
        await it.play.gateway.reload(it.play.plan(DISCORD_ALLOWED_ROLES=str(it.hosts)))
        it.eve.says(it.general, "Ada, and now?")
        await until(lambda: "not-allowed" in it.rules())
        assert "heard" in await it.answers(it.zoe, "Ada, hello", it.general)


# --- servers -----------------------------------------------------------------------------------------


async def test_a_server_that_is_not_listed_is_left_when_she_comes_and_when_she_is_invited(
    tmp_path: Path,
) -> None:
    async with people() as it:
        before = it.stage.discord.guild("Before", [it.eve], [it.ada])
        settings = {"DISCORD_ALLOWED_SERVERS": "{server}", "DISCORD_LEAVES_OTHERS": "true"}
        async with talked(tmp_path, it, settings):
            await until(lambda: it.ada not in before.members)
            trap = it.stage.discord.guild("secret-finch", [it.eve], [it.ada])
            await until(lambda: it.ada not in trap.members)
            assert "heard" in await it.answers(it.eve, "Ada, hello", it.general)
            assert len(calls(it.stage, "leave_guild")) == 2
            assert it.ada in it.guild.members
            assert "secret-finch" not in str(rows(it.play, "worlds"))


async def test_a_server_that_she_knows_is_left_at_the_next_start_too(tmp_path: Path) -> None:
    async with people() as it:
        other = it.stage.discord.guild("Other", [it.eve], [it.ada])
        room = next(iter(other.channels.values()))
        async with talked(tmp_path, it, {}):
            assert "heard" in await it.answers(it.eve, "Ada, hello", room)
        listed = {"DISCORD_ALLOWED_SERVERS": "{server}"}
        async with talked(tmp_path, it, listed):
            it.eve.says(room, "Ada, hello")
            await until(lambda: "server-not-allowed" in it.rules())
            assert calls(it.stage, "leave_guild") == []
        async with talked(tmp_path, it, {**listed, "DISCORD_LEAVES_OTHERS": "true"}):
            await until(lambda: it.ada not in other.members)
            assert len(calls(it.stage, "leave_guild")) == 1
            assert it.ada in it.guild.members


async def test_a_server_is_left_as_soon_as_the_list_is_read_again(tmp_path: Path) -> None:
    async with people() as it:
        other = it.stage.discord.guild("Other", [it.eve], [it.ada])
        async with talked(tmp_path, it, {}):
            assert "heard" in await it.answers(it.eve, "Ada, hello", it.general)
            listed = {"DISCORD_ALLOWED_SERVERS": str(it.guild.id), "DISCORD_LEAVES_OTHERS": "true"}
            await it.play.gateway.reload(it.play.plan(**listed))
            await until(lambda: it.ada not in other.members)
            assert "heard" in await it.answers(it.eve, "Ada, still there?", it.general)


# --- codes, and how much ------------------------------------------------------------------------------


async def test_a_stranger_gets_a_code_directly_and_is_let_in_by_it(tmp_path: Path) -> None:
    async with talk(tmp_path, TROUPE_PAIRING="true", DISCORD_ALLOWED_USERS="{zoe}") as it:
        direct = it.dm(it.eve)
        code = code_in(await it.answers(it.eve, "secret-finch"))
        it.eve.says(direct, "do you hear?")
        await until(lambda: it.rules().count("not-paired") == 2)
        assert len(it.said(direct)) == 1
        assert it.model.requests == []
        it.eve.says(it.general, "Ada, hello")
        await until(lambda: "not-allowed" in it.rules())
        assert "Eve may talk to me now" in await it.answers(it.boss, f"/pair {code}")
        assert "heard" in await it.answers(it.eve, "hello")
        assert "heard" in await it.answers(it.eve, "Ada, hello", it.general)


async def test_a_stranger_who_gives_a_command_is_told_the_code_in_its_answer(
    tmp_path: Path,
) -> None:
    async with talk(tmp_path, TROUPE_PAIRING="true") as it:
        asked = await it.asks(it.eve, it.dm(it.eve), "secret-finch")
        code = code_in(await answer_of(asked))
        assert it.model.requests == []
        again = await it.asks(it.eve, it.dm(it.eve), "secret-finch")
        assert "has not let this person in yet" in await refused(it, again)
        paired = await asked_by_form(it.play, it.boss, it.dm(it.boss), "pair", code=code)
        assert "Eve may talk to me now" in await answer_of(paired)
        assert "heard" in await answer_of(await it.asks(it.eve, it.dm(it.eve), "hello"))


async def test_one_person_gets_so_many_answers_and_one_notice_for_their_eyes(
    tmp_path: Path,
) -> None:
    async with talk(tmp_path, TROUPE_TURNS_PER_MINUTE="2", TROUPE_TOO_MANY="enough now") as it:
        for number in range(2):
            assert "heard" in await it.answers(it.zoe, f"Ada, {number}", it.general)
        assert await it.answers(it.zoe, "Ada, more", it.general) == "enough now"
        it.zoe.says(it.general, "Ada, more")
        await until(lambda: it.rules().count("too-many") == 2)
        assert it.said(it.general).count("enough now") == 1
        assert "heard" in await it.answers(it.eve, "Ada, hello", it.general)
        command = await it.asks(it.zoe, it.general, "more")
        assert "more than I answer one person" in await refused(it, command)
        assert len(it.model.requests) == 3
