"""Strangers are told a code, and talk to a character once her operator has let them in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bots.knowing import House
from bots.letting_in import decided, listed
from bots.lock import hold
from core.casting import Roster, read_loaded
from core.errors import BadInput
from core.models.scripted import Scripted
from core.settings.layers import Environment
from tests.bots.test_remembering import said
from tests.fakes.databases import in_use
from tests.flows.on_discord import rows
from tests.flows.talk import echo, outcomes, playing, settled, until, whole
from tests.flows.test_access import Talk, people, talk, talked
from tests.flows.test_command_line import character, troupe

pytestmark = pytest.mark.usefixtures("database")

_CODE = re.compile(r"\b[2-9A-HJ-NP-Z]{8}\b")
PAIRING = {"TROUPE_PAIRING": "true"}


def code_in(text: str) -> str:
    found = _CODE.search(text)
    assert found is not None, text
    return found[0]


def house(data: Path) -> House:
    loaded = read_loaded({"name": "Ada", "bio": "Ada is made for a test."})
    environment = Environment.of({"TROUPE_DATA_DIR": str(data), **in_use.now.settings})
    return House(environment, data, Roster((loaded,)))


async def told_a_code(it: Talk) -> str:
    return code_in(await it.answers(it.eve, "secret-finch"))


async def test_a_stranger_is_told_a_code_once_and_what_they_say_goes_nowhere(
    tmp_path: Path,
) -> None:
    async with talk(tmp_path, **PAIRING) as it:
        code = await told_a_code(it)
        direct = it.dm(it.eve)
        it.eve.says(direct, "secret-finch, do you hear?")
        it.eve.says(direct, f"/pair {code}")
        await settled(it.play, 3)
        await until(lambda: all(row["status"] == "sent" for row in it.kept("deliveries")))
        assert {rule for _, rule in outcomes(it.play)} == {"not-paired"}
        assert len(it.said(direct)) == 1
        assert it.model.requests == []
        assert it.kept("memories") == it.kept("entities") == it.kept("rooms") == []
        assert not [row for row in it.kept("inbox") if "secret-finch" in row["payload"]]
        assert not [row for row in it.kept("deliveries") if code in row["payload"]]
        # In a group nobody is a stranger.
        assert "heard" in await it.answers(it.eve, "Ada, hello", it.group)


async def test_the_operator_lets_somebody_in_by_a_word_and_a_restart_changes_nothing(
    tmp_path: Path,
) -> None:
    async with people() as it:
        async with talked(tmp_path, it, PAIRING):
            code = await told_a_code(it)
        async with talked(tmp_path, it, PAIRING):
            assert "Nobody waits" in await it.answers(it.boss, "/pair ABCDEFGH")
            assert "/pair CODE" in await it.answers(it.boss, "/pair")
            assert "Eve may talk to me now" in await it.answers(it.boss, f"/pair {code.lower()}")
            assert "heard" in await it.answers(it.eve, "hello")
            assert "Nobody waits" in await it.answers(it.boss, f"/pair {code}")
        async with talked(tmp_path, it, PAIRING):
            assert "heard" in await it.answers(it.eve, "still in?")
            assert "secret-finch" not in "".join(map(whole, it.model.requests))


async def test_nobody_but_an_operator_lets_anybody_in(tmp_path: Path) -> None:
    async with talk(tmp_path, **PAIRING) as it:
        code = await told_a_code(it)
        it.zoe.says(it.group, f"/pair@ada_bot {code}")
        assert "Only whoever runs me" in (await it.stage.next_from(it.ada, it.group)).text
        assert code_in(await it.answers(it.zoe, f"/pair {code}")) != code
        assert it.model.requests == []


async def test_who_wants_to_be_forgotten_is_a_stranger_again(tmp_path: Path) -> None:
    async with talk(tmp_path, **PAIRING) as it:
        await it.answers(it.boss, f"/pair {await told_a_code(it)}")
        assert "heard" in await it.answers(it.eve, "hello")
        await it.answers(it.eve, "/forget me")
        assert not [row for row in it.kept("components") if "Eve" in row["data"]]
        assert code_in(await it.answers(it.eve, "hello again"))


async def test_who_is_listed_needs_no_code(tmp_path: Path) -> None:
    async with talk(tmp_path, **PAIRING, TELEGRAM_ALLOWED_CHATS='["{zoe}"]') as it:
        assert "heard" in await it.answers(it.zoe, "hello")
        it.eve.says(it.group, "Ada, hello")
        assert (await settled(it.play, 2))[-1] == ("silent", "not-allowed")
        await it.answers(it.boss, f"/pair {await told_a_code(it)}")
        assert "heard" in await it.answers(it.eve, "Ada, hello", it.group)


async def test_her_operator_writes_the_words_of_the_notice(tmp_path: Path) -> None:
    async with talk(tmp_path, **PAIRING, TROUPE_PAIRING_NOTICE="Losung:") as it:
        text = await it.answers(it.eve, "hallo")
        assert text == f"Losung: {code_in(text)}"


# --- the command -------------------------------------------------------------------------------------


async def test_the_command_decides_with_a_gateway_that_runs(tmp_path: Path) -> None:
    with hold(tmp_path):
        async with talk(tmp_path, **PAIRING) as it:
            code = await told_a_code(it)
            table = await said(listed, house(tmp_path))
            assert code in table
            assert "Eve" in table
            told = await said(decided, house(tmp_path), "allow", code)
            assert told == "Eve may talk to Ada now."
            assert "heard" in await it.answers(it.eve, "hello")
            assert "let in" in await said(listed, house(tmp_path))
            assert "stranger" in await said(decided, house(tmp_path), "remove", str(it.eve.id))
            again = await told_a_code(it)
            assert "nothing any more" in await said(decided, house(tmp_path), "deny", again)
            it.eve.says(it.dm(it.eve), "hello?")
            assert (await settled(it.play, 4))[-1] == ("silent", "not-paired")
            assert len(it.said(it.dm(it.eve))) == 3
            with pytest.raises(BadInput, match="nobody waits"):
                await said(decided, house(tmp_path), "allow", again)
            with pytest.raises(BadInput, match="nobody of that name"):
                await said(decided, house(tmp_path), "remove", "Zoe")


async def test_the_command_decides_without_a_gateway(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (tmp_path / "characters").mkdir()
    character(tmp_path / "characters", "Ada")
    variables = {"TROUPE_DATA_DIR": str(data), **in_use.now.settings}
    async with talk(data, **PAIRING) as it:
        code = await told_a_code(it)
    exit_code, told = await troupe(tmp_path, "pair", "list", **variables)
    assert (exit_code, code in told) == (0, True), told
    exit_code, told = await troupe(tmp_path, "pair", "allow", code, **variables)
    assert (exit_code, told.strip()) == (0, "Eve may talk to Ada now.")
    exit_code, told = await troupe(tmp_path, "pair", "allow", code, **variables)
    assert (exit_code, "nobody waits" in told) == (2, True), told
    exit_code, told = await troupe(tmp_path, "pair", "remove", "eve", **variables)
    assert (exit_code, told.strip()) == (0, "Eve is a stranger to Ada again.")
    exit_code, told = await troupe(tmp_path, "pair", "list", **variables)
    assert (exit_code, told.strip()) == (0, "Nobody has asked.")


async def test_on_discord_a_stranger_pairs_the_same_way(tmp_path: Path) -> None:
    model = Scripted(echo)
    async with playing(
        "Ada", model=model, data=tmp_path, platforms=("discord",), settings=PAIRING
    ) as play:
        ada, eve = play.discord_bots["Ada"], play.stage.person("Eve")
        direct = play.stage.discord.dm(eve, ada)
        eve.says(direct, "hello")
        code = code_in((await play.stage.next_from(ada, direct)).text)
        with hold(tmp_path):
            assert "may talk to Ada" in await said(decided, house(tmp_path), "allow", code)
        eve.says(direct, "hello again")
        assert "heard" in (await play.stage.next_from(ada, direct)).text
        assert len(model.requests) == 1
        assert [row["rule"] for row in rows(play, "inbox") if row["kind"] == "message"] == [
            "not-paired",
            "direct",
        ]
