"""The link logs in, says what is wrong in its own words, and never shows its token."""

from __future__ import annotations

import asyncio
import logging
import socket

import aiohttp
import pytest
from discord.http import HTTPClient, Route

from bots.discord.endpoints import DISCORD, Endpoints, lead_voice, living_at, set_endpoints
from core.errors import LinkLost, LinkRejected, SendDelayed
from core.messages import Live
from tests.bots.discord.conftest import delivery, listens


async def nothing_comes(received):
    pytest.fail("nothing was sent")


async def test_a_login_tells_who_we_are(link, ada):
    assert link.account == f"discord:{ada.id}"
    assert link.handle == "@Ada"
    assert ada.token not in repr(link)


async def test_the_account_is_known_before_the_login(make_link, ada):
    assert make_link().account == f"discord:{ada.id}"


async def test_a_refused_token_is_said_and_not_shown(make_link, ada, caplog):
    caplog.set_level(logging.DEBUG)
    wrong = ada.token[:-4] + "xxxx"
    link = make_link(wrong)
    with pytest.raises(LinkRejected, match="refused the token") as caught:
        await link.__aenter__()
    shown = f"{caught.value!r} {caught.value.__cause__!r} {link!r} {caplog.text}"
    assert wrong not in shown
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "token", ["../../evil", "a.b.c", "", "MTIz.GGGGGG", "xxxx.GGGGGG.aaaaaaaaaa"]
)
async def test_what_is_no_token_is_refused_without_asking(make_link, stage, token):
    with pytest.raises(LinkRejected, match="shape"):
        await make_link(token or ".").__aenter__()
    assert not stage.discord.journal


async def test_an_unreachable_discord_is_a_lost_link(make_link, stage):
    async with stage.discord.outage():
        with pytest.raises(LinkLost, match="unreachable"):
            await make_link().__aenter__()


async def test_an_answer_without_sense_is_a_lost_link(make_link, stage):
    stage.discord.faults.garbage(times=None)
    with pytest.raises(LinkLost):
        await make_link().__aenter__()


async def test_a_login_that_failed_can_be_tried_again(make_link, stage):
    async with stage.discord.outage():
        with pytest.raises(LinkLost):
            await make_link().__aenter__()
    async with make_link() as link:
        assert link.handle


async def test_a_closed_link_neither_sends_nor_listens(make_link, general):
    async with make_link() as link:
        pass
    with pytest.raises(SendDelayed):
        await link.perform(delivery(link, general))
    with pytest.raises(SendDelayed):
        await link.show(Live(delivery(link, general).address, 1))
    with pytest.raises(LinkLost):
        await link.listen(nothing_comes)


async def test_the_token_is_in_no_line_of_a_whole_life(make_link, ada, ed, general, caplog):
    caplog.set_level(logging.DEBUG)
    async with make_link() as link, listens(link) as notebook:
        ed.says(general, "hello")
        await notebook.hears(1)
        await link.perform(delivery(link, general))
    assert caplog.text
    assert ada.token not in caplog.text
    assert ada.token.rsplit(".", 1)[1] not in caplog.text


async def test_sending_works_after_listening_has_stopped(link, stage, general):
    async with listens(link):
        pass
    await link.perform(delivery(link, general, "still here"))
    assert [it.text for it in stage.messages(general)] == ["still here"]


async def test_one_process_is_at_one_discord_while_anybody_is_there():
    there = Endpoints(api_root="http://127.0.0.1:1/api/v10")
    with living_at(there):
        assert there.api_root == Route.BASE
        set_endpoints(there)
        with pytest.raises(LinkRejected, match="one process can only be at one Discord"):
            set_endpoints(DISCORD)
    set_endpoints()
    assert Route.BASE == "https://discord.com/api/v10"


async def test_a_link_to_another_discord_is_refused_while_one_lives(make_link, link):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        elsewhere = Endpoints(api_root=f"http://127.0.0.1:{free.getsockname()[1]}/api/v10")
    with pytest.raises(LinkRejected, match="one Discord"):
        await make_link(endpoints=elsewhere).__aenter__()


async def test_links_that_share_connections_leave_them_to_each_other(make_link, stage, general):
    connector = aiohttp.TCPConnector(limit=0)
    bob = stage.discord.bot("Bob")
    async with make_link(connector=connector) as link:
        async with make_link(bob.token, connector=connector):
            pass
        await link.perform(delivery(link, general, "still here"))
    assert not connector.closed
    await connector.close()
    assert [it.text for it in stage.messages(general)] == ["still here"]


async def test_voice_is_dialled_by_the_scheme_of_the_endpoints():
    http = HTTPClient(asyncio.get_running_loop())
    dialled = []

    async def ws_connect(url, *, compress=0):
        dialled.append(url)

    http.ws_connect = ws_connect
    with living_at(Endpoints(voice_scheme="ws")):
        lead_voice(http)
    await http.ws_connect("wss://voice.local:1/?v=8", compress=15)
    await http.ws_connect("wss://gateway.local/?v=10")
    assert dialled == ["ws://voice.local:1/?v=8", "wss://gateway.local/?v=10"]
