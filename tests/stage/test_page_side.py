"""What the page is shown, what it may do, and who may not."""

import asyncio
import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bots.sandbox import Stage
from tests.fakes.pictures import png


@pytest.fixture
async def page(stage: Stage):
    stage.furnish([stage.bot("Ada"), stage.bot("Eliza")])
    app = web.Application()
    app.add_routes(stage.page_routes())
    async with TestClient(TestServer(app)) as client:
        yield client


async def state_of(page):
    return await (await page.get("/stage/state")).json()


async def act(page, **deed):
    answer = await page.post("/stage/act", json=deed)
    return answer.status, await answer.json()


async def test_the_set_is_furnished_once(stage, page):
    stage.furnish([stage.bot("Ada"), stage.bot("Eliza")])
    state = await state_of(page)
    assert sorted(chat["title"] for chat in state["chats"]) == [
        "Ada", "Eliza", "Reading club", "Tea room",
    ]  # fmt: skip
    club = next(chat for chat in state["chats"] if chat["kind"] == "forum")
    assert [topic["name"] for topic in club["topics"]] == ["General", "Books", "Off topic"]
    assert [person["name"] for person in state["people"]] == ["You", "Maya", "Jonas"]


async def test_what_a_person_sends_is_pending_until_the_bot_confirmed_it(stage, dial, page):
    state = await state_of(page)
    dm = next(chat for chat in state["chats"] if chat["title"] == "Ada")
    status, answer = await act(page, **{"as": state["you"]}, do="send", chat=dm["id"], text="hi")
    assert status == 200
    assert answer["message"]["pending"] is True
    async with dial(stage, stage.bot("Ada")) as client:
        (update,) = await client.get_updates()
        await client.get_updates(offset=update.update_id + 1)
    state = await state_of(page)
    assert [said["pending"] for said in state["messages"] if said["chat"] == dm["id"]] == [False]


async def test_pictures_of_bots_are_shown_and_other_files_can_only_be_saved(stage, dial, page):
    bob = stage.person("You", username="you")
    dm = stage.dm(bob, stage.bot("Ada"))
    async with dial(stage, stage.bot("Ada")) as client:
        await client.send_photo(dm.id, png(), caption="An owl.", filename="owl.png")
        await client.send_document(dm.id, b"<script>1</script>", filename="owl.html")
    shown = [one for one in (await state_of(page))["messages"] if one.get("files")]
    assert [one["text"] for one in shown] == ["An owl.", ""]
    (picture,), (document,) = (one["files"] for one in shown)
    assert (document["name"], document["picture"]) == ("owl.html", None)
    answer = await page.get(picture["picture"])
    assert (answer.content_type, await answer.read()) == ("image/png", png())
    number = stage.messages(dm)[-1].more["document"]["file_id"]
    answer = await page.get(f"/stage/file/{number}")
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == "attachment"
    assert (await page.get("/stage/file/none")).status == 404
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert (await page.get(picture["picture"], headers=foreign)).status == 403


async def test_events_arrive_and_resume_where_they_were_left(stage, page):
    state = await state_of(page)
    dm = next(chat for chat in state["chats"] if chat["title"] == "Ada")
    async with page.get("/stage/events", headers={"Last-Event-ID": str(state["event"])}) as stream:
        assert (await _event(stream))[1] == {"type": "hello"}
        await act(page, **{"as": state["you"]}, do="send", chat=dm["id"], text="one")
        number, event = await _event(stream)
        assert (event["type"], event["message"]["text"]) == ("message", "one")
    await act(page, **{"as": state["you"]}, do="send", chat=dm["id"], text="two")
    async with page.get("/stage/events", headers={"Last-Event-ID": str(number)}) as stream:
        await _event(stream)
        assert (await _event(stream))[1]["message"]["text"] == "two"


async def _event(stream):
    async with asyncio.timeout(20):
        number = int((await stream.content.readline()).removeprefix(b"id: "))
        event = json.loads((await stream.content.readline()).removeprefix(b"data: "))
        await stream.content.readline()
    return number, event


async def test_people_and_groups_can_be_added(stage, page):
    you = (await state_of(page))["you"]
    assert (await act(page, **{"as": you}, do="person", name="Kim Ho"))[0] == 200
    bots = [stage.bot("Ada").id]
    await act(page, **{"as": you}, do="group", title="Walks", people=[], bots=bots, forum=True)
    state = await state_of(page)
    assert state["people"][-1]["username"] == "kim_ho"
    walks = next(chat for chat in state["chats"] if chat["title"] == "Walks")
    await act(page, **{"as": you}, do="topic", chat=walks["id"], name="Hills")
    state = await state_of(page)
    walks = next(chat for chat in state["chats"] if chat["title"] == "Walks")
    assert walks["topics"][-1]["name"] == "Hills"


@pytest.mark.parametrize(
    ("deed", "why"),
    [
        ({"do": "dance"}, "no deed"),
        ({"do": "send", "chat": "tg:0", "text": "x"}, "no such chat"),
        ({"do": "send", "chat": "tg:1001.7000001", "text": " "}, "text is missing"),
        ({"do": "edit", "chat": "tg:1001.7000001", "id": "9", "text": "x"}, "no such message"),
        ({"do": "send", "chat": "tg:1002.7000001", "text": "x"}, "no such chat"),
    ],
)
async def test_what_cannot_be_done_is_said_in_a_sentence(page, deed, why):
    status, answer = await act(page, **{"as": 1001}, **deed)
    assert (status, answer["ok"]) == (400, False)
    assert why in answer["error"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_a_foreign_page_may_neither_look_nor_act(page, headers):
    assert (await page.get("/stage/state", headers=headers)).status == 403
    assert (await page.post("/stage/act", headers=headers, data=b"{}")).status == 403
    assert (await page.get("/stage/events", headers=headers)).status == 403


async def test_drafts_and_typing_are_shown_while_they_last(stage, dial, page):
    seen = []
    stage.on_event(seen.append)
    dm = stage.world.chats["tg:1001.7000001"]
    async with dial(stage, stage.bot("Ada")) as client:
        await client.send_chat_action(dm.id, "typing")
        await client.send_message_draft(dm.id, 3, "Hel")
        state = await state_of(page)
        await client.send_message(dm.id, "Hello")
    assert (state["typing"][0]["from"], state["drafts"][0]["text"]) == (stage.bot("Ada").id, "Hel")
    assert [event["type"] for event in seen] == ["typing", "draft", "message"]
    state = await state_of(page)
    assert (state["typing"], state["drafts"]) == ([], [])
