"""New files and variables while the house is open: what changes, what stays, what is refused."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from bots.sandbox import Stage
from core.casting import Roster, read_loaded
from core.models.scripted import Scripted
from tests.faults.process import GatewayProcess, gateway_process
from tests.flows.talk import echo, playing, settled, until, whole

pytestmark = pytest.mark.usefixtures("database")


def write(gateway: GatewayProcess, name: str, **more: object) -> None:
    content = {"name": name, "bio": f"{name} is made for a test.", **more}
    (gateway.folder / f"{name.lower()}.json").write_text(json.dumps(content))


async def again(gateway: GatewayProcess, line: str) -> None:
    """Ask it to read everything again, and wait for this in its log."""
    before = gateway.log.count(line)
    gateway.send(signal.SIGHUP)
    await until(lambda: gateway.log.count(line) > before)


async def test_a_hangup_signal_takes_over_good_files_and_keeps_the_old_of_bad_ones(
    tmp_path: Path,
) -> None:
    async with (
        Stage(limits=False) as stage,
        gateway_process(tmp_path, stage, "Ada", "Bert") as gateway,
    ):
        await gateway.until()
        zoe = stage.person("Zoe")
        chats = {name: stage.dm(zoe, bot) for name, bot in gateway.bots.items()}
        polls = len(stage.journal.of("getMe"))
        write(gateway, "Ada", topics=["wheels"])
        (tmp_path / "bert.json").write_text('{"name": "Bert",\n "bio": }')
        await again(gateway, "were read again")
        assert "not taken over, the old version stays" in gateway.log
        assert "bert.json:2:" in gateway.log, "the line of the mistake is named"
        for name, chat in chats.items():
            zoe.says(chat, "are you still there?")
            await stage.next_from(gateway.bots[name], chat)
        report = await gateway.ready()
        assert [one["phase"] for one in report["links"]] == ["live", "live"]
        assert len(stage.journal.of("getMe")) == polls, "nobody had to log in again"

        (tmp_path / ".env").write_text("STOP_PATIENCE=many\n")
        await again(gateway, "STOP_PATIENCE, in .env")
        zoe.says(chats["Ada"], "and now?")
        await stage.next_from(gateway.bots["Ada"], chats["Ada"])
        assert await gateway.end() == 0


async def test_a_changed_character_answers_anew_and_her_link_stays(tmp_path: Path) -> None:
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "one")
        await play.stage.next_from(ada, dm)
        changed = read_loaded({"name": "Ada", "bio": "Ada has taken up the trombone."})
        play.roster = Roster((changed,))
        await play.gateway.reload(play.plan())
        bob.says(dm, "two")
        await play.stage.next_from(ada, dm)
        assert "trombone" not in whole(asked.requests[0])
        assert "trombone" in whole(asked.requests[1])
        assert len(play.stage.journal.of("getMe")) == 1


async def test_a_reload_counts_also_for_a_link_that_was_away_meanwhile(tmp_path: Path) -> None:
    async with Stage(limits=False) as stage:
        stage.faults.fail(502, method="getMe")
        async with playing(
            "Ada", model=(asked := Scripted(echo)), data=tmp_path, stage=stage
        ) as play:
            assert play.gateway.health[0].phase == "retrying"
            changed = read_loaded({"name": "Ada", "bio": "Ada has taken up the trombone."})
            play.roster = Roster((changed,))
            await play.gateway.reload(play.plan())
            bob = stage.person("Bob")
            dm = stage.dm(bob, play.bots["Ada"])
            bob.says(dm, "hello?")
            await stage.next_from(play.bots["Ada"], dm)
    assert "trombone" in whole(asked.requests[-1])


async def test_a_new_token_makes_one_link_anew_and_no_other(tmp_path: Path) -> None:
    async with playing("Ada", "Bert", model=Scripted(echo), data=tmp_path) as play:
        ada, bert, bob = play.bots["Ada"], play.bots["Bert"], play.stage.person("Bob")
        play.stage.new_token(ada)
        await until(lambda: play.gateway.health[0].phase == "rejected")
        await play.gateway.reload(play.plan())
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "welcome back")
        await play.stage.next_from(ada, dm)
        assert len(play.stage.journal.of("getMe", bot=ada.id)) == 2
        assert len(play.stage.journal.of("getMe", bot=bert.id)) == 1


async def test_who_leaves_and_comes_back_answers_what_was_said_meanwhile(tmp_path: Path) -> None:
    async with playing("Ada", "Bert", model=Scripted(echo), data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        both = play.roster
        play.roster = Roster(tuple(one for one in both.loaded if one.name == "Bert"))
        await play.gateway.reload(play.plan())
        bob.says(dm, "where are you?")
        play.roster = both
        await play.gateway.reload(play.plan())
        assert "where are you?" in (await play.stage.next_from(ada, dm)).text
        assert await settled(play, 1) == [("answered", "direct")]


async def test_a_setting_she_cannot_have_keeps_her_as_she_was(tmp_path: Path) -> None:
    async with playing("Ada", "Bert", model=Scripted(echo), data=tmp_path) as play:
        bob = play.stage.person("Bob")
        await play.gateway.reload(play.plan(CHARACTER__ADA__CONVERSATION_LENGTH="many"))
        for bot in play.bots.values():
            dm = play.stage.dm(bob, bot)
            bob.says(dm, "hello")
            await play.stage.next_from(bot, dm)
        assert [one.phase for one in play.gateway.health] == ["live", "live"]


async def test_a_setting_that_is_wrong_from_the_start_keeps_one_character_out(
    tmp_path: Path,
) -> None:
    async with playing(
        "Ada",
        "Bert",
        model=Scripted(echo),
        data=tmp_path,
        settings={"CHARACTER__ADA__CONVERSATION_LENGTH": "many"},
    ) as play:
        ada, bert = play.gateway.health
        assert ada.phase == "rejected"
        assert "CONVERSATION_LENGTH of Ada" in ada.reason
        assert bert.phase == "live"
        assert play.gateway.ready()["status"] == "degraded"
