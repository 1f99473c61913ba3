"""Bots that an operator has made for characters by /newbot."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from pathlib import Path

import aiohttp
import pytest

from bots.lock import hold
from bots.made_bots import listed, removed, rotated
from bots.sandbox import Bot
from bots.sandbox.faults import Fault
from bots.telegram.making import link
from core.errors import BadInput
from tests.bots.test_remembering import said
from tests.fakes.databases import in_use
from tests.faults.test_secrets import files
from tests.flows.new_bots import Nursery, nursery
from tests.flows.talk import until, whole

pytestmark = pytest.mark.usefixtures("database")


async def hears(it: Nursery, bot: Bot, name: str) -> None:
    """Whoever writes to the bot is answered by its character."""
    await until(lambda: it.phases().get(name) == "live")
    assert (await it.answers(it.eve, bot, "hello")).text == f"{name} heard: hello"


async def test_a_character_is_given_a_bot_and_answers_by_it_in_the_same_run(
    tmp_path: Path,
) -> None:
    async with nursery(tmp_path) as it, it.open() as gateway:
        led = await it.answers(it.boss, it.ada, "/newbot eliza")
        assert led.markup is not None
        (key,) = [key for row in led.markup["inline_keyboard"] for key in row]
        assert key["url"] == link(it.ada.username or "", "Eliza", "eliza_bot")
        assert "Eliza" in {one.character.name for one in gateway.off}
        eliza = it.boss.creates_bot(it.ada, "Eliza", "eliza_bot")
        told = await it.stage.next_from(it.ada, it.dm)
        assert told.text == "Eliza is @eliza_bot from now on."
        await hears(it, eliza, "Eliza")
        assert "Eliza" not in {one.character.name for one in gateway.off}
        assert (await it.answers(it.boss, it.ada, "still you?")).text == "Ada heard: still you?"
        nobody = await it.answers(it.boss, it.ada, "/newbot Eliza")
        assert "Old Owl" in nobody.text
        assert "Eliza" not in nobody.text


async def test_she_logs_in_by_it_at_every_start(tmp_path: Path) -> None:
    async with nursery(tmp_path) as it:
        async with it.open():
            eliza = await it.makes("Eliza", "eliza_bot")
            await hears(it, eliza, "Eliza")
        async with it.open():
            await hears(it, eliza, "Eliza")


async def test_a_reload_leaves_her_where_she_is(tmp_path: Path) -> None:
    async with nursery(tmp_path) as it, it.open() as gateway:
        eliza = await it.makes("Eliza", "eliza_bot")
        await hears(it, eliza, "Eliza")
        (before,) = [one for one in gateway.health if one.character == "Eliza"]
        await gateway.reload(it.plan)
        assert [one for one in gateway.health if one.character == "Eliza"] == [before]
        assert (await it.answers(it.eve, eliza, "and now?")).text == "Eliza heard: and now?"


# --- asking ------------------------------------------------------------------------------------------


async def test_without_a_name_those_who_have_none_stand_to_be_pressed(tmp_path: Path) -> None:
    async with nursery(tmp_path) as it, it.open():
        asked = await it.answers(it.boss, it.ada, "/newbot")
        assert asked.markup is not None
        keys = [key["text"] for row in asked.markup["keyboard"] for key in row]
        assert keys == ["/newbot Eliza", "/newbot Old Owl"]
        led = await it.answers(it.boss, it.ada, keys[1])
        assert led.markup is not None
        assert led.markup["inline_keyboard"][0][0]["url"].endswith("/old_owl_bot?name=Old%20Owl")


async def test_a_username_may_be_asked_for(tmp_path: Path) -> None:
    async with nursery(tmp_path) as it, it.open():
        led = await it.answers(it.boss, it.ada, "/newbot old owl TheOwlBot")
        assert led.markup is not None
        assert "/TheOwlBot?name=Old%20Owl" in led.markup["inline_keyboard"][0][0]["url"]
        assert "ends in bot" in (await it.answers(it.boss, it.ada, "/newbot Eliza eliza")).text


async def test_it_is_for_whoever_runs_them_and_in_a_direct_chat(tmp_path: Path) -> None:
    async with nursery(tmp_path) as it, it.open():
        said = await it.answers(it.eve, it.ada, "/newbot Eliza")
        assert said.text == "Only whoever runs me can do that."
        assert "newbot" not in (await it.answers(it.eve, it.ada, "/help")).text
        assert "/newbot" in (await it.answers(it.boss, it.ada, "/help")).text
        group = it.stage.group("The Commons", [it.boss, it.eve], [it.ada])
        it.boss.says(group, f"/newbot@{it.ada.username} Eliza")
        assert "Write to me directly" in (await it.stage.next_from(it.ada, group)).text


async def test_a_bot_that_nobody_asked_for_is_left_alone(tmp_path: Path) -> None:
    """Anybody can make one for Ada to look after, and call it what they like."""
    async with nursery(tmp_path) as it, it.open():
        it.stage.dm(it.eve, it.ada)
        await it.answers(it.boss, it.ada, "/newbot Eliza")
        it.eve.creates_bot(it.ada, "Eliza", "eliza_bot")
        assert (await it.answers(it.eve, it.ada, "hello")).text == "Ada heard: hello"
        assert it.fetches() == 0
        assert "Eliza" not in it.phases()
        eliza = it.boss.creates_bot(it.ada, "Eliza", "her_own_bot")
        await it.stage.next_from(it.ada, it.dm)
        await hears(it, eliza, "Eliza")
        it.boss.creates_bot(it.ada, "Old Owl", "old_owl_bot")
        assert (await it.answers(it.boss, it.ada, "and?")).text == "Ada heard: and?"
        assert "Old Owl" not in it.phases()


async def test_of_two_that_were_asked_for_each_gets_what_stands_on_the_button(
    tmp_path: Path,
) -> None:
    async with nursery(tmp_path) as it, it.open():
        await it.answers(it.boss, it.ada, "/newbot Eliza")
        await it.answers(it.boss, it.ada, "/newbot Old Owl")
        eliza = it.boss.creates_bot(it.ada, "Somebody", "Eliza_Bot")
        assert (await it.stage.next_from(it.ada, it.dm)).text.startswith("Eliza is @Eliza_Bot")
        owl = it.boss.creates_bot(it.ada, "Hoo", "hoo_bot")
        assert (await it.stage.next_from(it.ada, it.dm)).text.startswith("Old Owl is @hoo_bot")
        await hears(it, eliza, "Eliza")
        await hears(it, owl, "Old Owl")


@pytest.mark.parametrize("api", ["9.5", "10.3"])
async def test_a_bot_that_may_make_none_says_how_to_do_it_by_hand(tmp_path: Path, api: str) -> None:
    async with nursery(tmp_path, api=api) as it:
        it.ada.may("managing", on=api == "9.5")
        async with it.open():
            said = await it.answers(it.boss, it.ada, "/newbot Eliza")
            assert "@BotFather" in said.text
            assert said.markup is None


async def test_what_is_set_for_her_counts_before_what_was_made(tmp_path: Path) -> None:
    async with nursery(tmp_path) as it:
        async with it.open():
            made = await it.makes("Eliza", "eliza_bot")
            await hears(it, made, "Eliza")
        own = it.stage.bot("Eliza of her own")
        it.settings["CHARACTER.ELIZA.TELEGRAM_BOT_TOKEN"] = own.token
        async with it.open():
            await hears(it, own, "Eliza")
            table = await said(listed, it.house)
            assert table.endswith("not used: TELEGRAM_BOT_TOKEN is set")


# --- when something comes between ----------------------------------------------------------------------


async def test_a_token_that_cannot_be_fetched_now_is_fetched_later(tmp_path: Path) -> None:
    async with nursery(tmp_path) as it, it.open():
        it.stage.faults.flood(1, method="getManagedBotToken", times=2)
        eliza = await it.makes("Eliza", "eliza_bot")
        assert it.fetches() >= 3
        await hears(it, eliza, "Eliza")


async def test_one_that_is_refused_is_told_and_can_be_asked_for_again(tmp_path: Path) -> None:
    async with nursery(tmp_path) as it, it.open():
        await it.answers(it.boss, it.ada, "/newbot Eliza")
        it.stage.faults.add(Fault("refuse", method="getManagedBotToken", times=2, status=400))
        it.boss.creates_bot(it.ada, "Eliza", "eliza_bot")
        said = await it.stage.next_from(it.ada, it.dm)
        assert said.text == "I am not given its token. Please try /newbot once more."
        assert "Eliza" not in it.phases()


async def test_a_token_that_was_replaced_elsewhere_is_followed(tmp_path: Path) -> None:
    async with nursery(tmp_path) as it, it.open():
        eliza = await it.makes("Eliza", "eliza_bot")
        await hears(it, eliza, "Eliza")
        old, told = eliza.token, len(it.stage.messages(it.dm))
        await replaces(it, eliza)
        assert eliza.token != old
        await until(lambda: it.fetches() >= 2)
        await hears(it, eliza, "Eliza")
        assert len(it.stage.messages(it.dm)) == told, "nobody is told: it works as before"


async def test_with_another_key_those_bots_stay_out_and_the_others_play(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with nursery(tmp_path) as it:
        async with it.open():
            await it.makes("Eliza", "eliza_bot")
        it.settings["TROUPE_SECRET_KEY"] = b64encode(bytes(32)).decode()
        async with it.open():
            assert "Eliza" not in it.phases()
            assert (await it.answers(it.eve, it.ada, "hello")).text == "Ada heard: hello"
        assert "sealed with another key" in caplog.text


# --- troupe bots -----------------------------------------------------------------------------------------


async def test_the_command_works_with_a_gateway_that_runs(tmp_path: Path) -> None:
    with hold(tmp_path):
        async with nursery(tmp_path) as it, it.open():
            assert await said(listed, it.house) == "No bots were made by /newbot."
            eliza = await it.makes("Eliza", "eliza_bot")
            await hears(it, eliza, "Eliza")
            table, old = await said(listed, it.house), eliza.token
            assert table.splitlines()[1].split() == ["Eliza", "@eliza_bot", str(eliza.id), "Ada"]
            assert old.partition(":")[2] not in table
            assert "new token" in await said(rotated, it.house, "eliza")
            assert eliza.token != old
            await hears(it, eliza, "Eliza")
            assert "@BotFather" in await said(removed, it.house, "@Eliza_bot")
            await until(lambda: "Eliza" not in it.phases())
            assert await said(listed, it.house) == "No bots were made by /newbot."
            with pytest.raises(BadInput, match="has no bot"):
                await said(rotated, it.house, "Eliza")
            again = await it.makes("Eliza", "eliza_again_bot")
            await hears(it, again, "Eliza")


async def test_the_command_works_without_a_gateway(tmp_path: Path) -> None:
    async with nursery(tmp_path) as it:
        async with it.open():
            eliza = await it.makes("Eliza", "eliza_bot")
        old = eliza.token
        assert "new token" in await said(rotated, it.house, "Eliza")
        assert eliza.token != old
        async with it.open():
            await hears(it, eliza, "Eliza")
        assert "forgotten" in await said(removed, it.house, "Eliza")
        async with it.open():
            assert "Eliza" not in it.phases()


async def replaces(it: Nursery, bot: Bot) -> None:
    """Her maker has the token replaced in some other way."""
    address = f"{it.stage.root}/bot{it.ada.token}/replaceManagedBotToken"
    async with (
        aiohttp.ClientSession() as session,
        session.post(address, json={"user_id": bot.id}) as answer,
    ):
        assert answer.status == 200


async def test_its_token_is_in_no_prompt_and_no_file(tmp_path: Path) -> None:
    async with nursery(tmp_path) as it, it.open() as gateway:
        eliza = await it.makes("Eliza", "eliza_bot")
        secret = eliza.token.partition(":")[2]
        await hears(it, eliza, "Eliza")
        await it.answers(it.eve, it.ada, "what is the token of Eliza?")
        prompts = "\n".join(map(whole, it.model.requests))
        assert "hello" in prompts
        kept = await asyncio.to_thread(lambda: [data for _, data in files(tmp_path)])
        texts = (prompts, repr(gateway.links), repr(gateway.ready()), *map(repr, kept))
        assert [place for place, text in enumerate(texts) if secret in text] == []
        table = in_use.now.ask(tmp_path, "SELECT owner, key, value FROM settings")
        assert [row["owner"] for row in table] == ["troupe:made-bots"]
        assert not any(secret in str(row) or "eliza" in str(row) for row in table)
