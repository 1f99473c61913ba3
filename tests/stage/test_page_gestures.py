"""What the page shows of Telegram beside words, and lets people do there."""

import base64
import random

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bots.sandbox import Stage, media
from bots.sandbox.control import control_routes
from bots.sandbox.gestures import DEEDS
from tests.fakes.pictures import png


@pytest.fixture
async def page(stage: Stage):
    app = web.Application()
    app.add_routes([*stage.page_routes(), *control_routes(stage)])
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture
def bob(stage: Stage):
    return stage.person("Bob", username="bob")


@pytest.fixture
def eve(stage: Stage):
    return stage.person("Eve")


@pytest.fixture
def tea(stage: Stage, bob, eve):
    return stage.supergroup("Tea", [bob, eve], [stage.bot("Ada")])


@pytest.fixture
def act(page, bob, tea):
    async def done(do, **asked):
        everything = {"as": bob.id, "chat": tea.key, "do": do, **asked}
        answer = await page.post("/stage/act", json=everything)
        body = await answer.json()
        assert answer.status == 200, body
        return body.get("message")

    return done


async def shown(page):
    return await (await page.get("/stage/state")).json()


async def test_a_photo_is_shown_in_its_largest_size(page, act):
    data = base64.b64encode(png(1600, 1200)).decode()
    said = await act("hand", kind="photo", data=data, text="An owl.")
    assert (said["kind"], said["text"]) == ("photo", "An owl.")
    (file,) = said["files"]
    assert (file["width"], file["height"]) == (1600, 1200)
    answer = await page.get(file["picture"])
    assert await answer.read() == png(1600, 1200)


async def test_sounds_and_films_can_be_played_and_have_a_still(page, act):
    voice = await act("hand", kind="voice")
    (file,) = voice["files"]
    answer = await page.get(file["at"])
    assert (file["seconds"], answer.headers["Content-Type"]) == (3, "audio/ogg")
    video = await act("hand", kind="video", text="A film.")
    (file,) = video["files"]
    assert (file["name"], file["mime"]) == ("film.mp4", "video/mp4")
    assert (await page.get(file["still"])).headers["Content-Type"] == "image/jpeg"


async def test_places_people_polls_and_throws_are_shown_as_what_they_are(act, tea, eve):
    place = await act(
        "hand", kind="venue", latitude=1.5, longitude=2.5, title="Inn", address="Here"
    )
    assert (place["kind"], place["place"]["title"], place["place"]["latitude"]) == (
        "venue",
        "Inn",
        1.5,
    )
    card = await act("hand", kind="contact", phone="+49301", name="Eve Adams")
    assert card["contact"]["last_name"] == "Adams"
    assert (await act("hand", kind="sticker", emoji="🦉"))["emoji"] == "🦉"
    assert 1 <= (await act("hand", kind="dice"))["dice"]["value"] <= 6
    asked = await act("hand", kind="poll", question="Tea?", options=["Yes", "No"], anonymous=False)
    voted = await act("vote", id=asked["id"], options=[1])
    assert [option["votes"] for option in voted["poll"]["options"]] == [0, 1]
    eve.votes(tea.messages[int(asked["id"])], "No")
    again = await act("vote", id=asked["id"], options=[0])
    assert [len(option["from"]) for option in again["poll"]["options"]] == [1, 1]
    assert again["poll"]["voters"] == 2


async def test_albums_forwards_and_quotes_say_so(page, act, stage, bob, tea, eve):
    album = await act("album", things=[{"kind": "photo"}, {"kind": "video"}], text="Our trip")
    pieces = [one["album"] for one in (await shown(page))["messages"]]
    assert pieces == [album["album"]] * 2
    assert album["album"] is not None
    said = eve.says(tea, "tea or coffee?")
    quoted = await act("quote", id=said.id, quote="coffee", text="that one")
    assert (quoted["quote"], quoted["reply_to"]["name"]) == ("coffee", "Eve")
    dm = stage.dm(bob, stage.bot("Ada"))
    passed = await act("forward", **{"from": tea.key}, ids=[said.id], chat=dm.key)
    assert (passed["forwarded"], passed["text"]) == ("Eve", "tea or coffee?")
    across = await act("quote", **{"from": tea.key}, id=said.id, quote="tea", text="?", chat=dm.key)
    assert across["elsewhere"] == {"name": "Eve", "chat": "Tea"}


async def test_a_stop_button_a_business_and_a_channel_are_shown(stage, page, act, bob, eve, dial):
    bot = stage.bot("Ada")
    bot.may("business")
    dm, shop = stage.dm(bob, bot), stage.business(bob, eve)
    news = stage.channel("News", bob)
    post = bob.says(news, "Owls are back")
    await act("business", bot=bot.id)
    async with dial(stage, bot) as client:
        await client.send_message_draft(dm.id, 5, "Thin", api_kwargs={"can_stop": True})
    state = await shown(page)
    assert [draft["can_stop"] for draft in state["drafts"]] == [True]
    chats = {chat["id"]: chat for chat in state["chats"]}
    assert (chats[shop.key]["business"], chats[shop.key]["stood_in_by"]) == (bob.id, bot.id)
    (said,) = [one for one in state["messages"] if one["chat"] == news.key]
    assert (said["as"], said["id"]) == ("News", str(post.id))
    await act("stop", chat=dm.key)
    assert (await shown(page))["drafts"] == []


async def test_what_one_person_alone_sees_is_shown_as_that(stage, page, tea, bob, dial):
    bob.promotes(tea, stage.bot("Ada"))
    async with dial(stage, stage.bot("Ada")) as client:
        told = {"ephemeral_message_parameters": {"receiver_user_id": bob.id}}
        await client.send_message(tea.id, "only for you", api_kwargs=told)
    (said,) = (await shown(page))["messages"]
    assert (said["text"], said["only"], said["id"]) == ("only for you", bob.id, "w1")


async def test_buttons_say_what_comes_of_them(stage, page, tea, dial):
    keys = [{"text": "Copy", "copy_text": {"text": "owl"}}, {"text": "Go", "url": "https://a.org"}]
    async with dial(stage, stage.bot("Ada")) as client:
        told = {"reply_markup": {"inline_keyboard": [keys]}}
        await client.send_message(tea.id, "what now?", api_kwargs=told)
    (said,) = (await shown(page))["messages"]
    ((copy, go),) = said["buttons"]
    assert (copy["copy"], copy["url"], go["url"], go["data"]) == (
        "owl",
        None,
        "https://a.org",
        None,
    )


async def test_what_happens_in_a_room_is_told_in_a_sentence(stage, page, bob, eve):
    club = stage.forum("Club", [bob, eve])
    bob.renames_topic(club, bob.opens_topic(club, "Books"), "Films")
    bob.closes_topic(club, "Films")
    bob.pins(bob.says(club, "be nice"))
    bob.renames(club, "Owl club")
    stage.person("Maya").joins(club)
    told = [said["service"] for said in (await shown(page))["messages"] if said["service"]]
    assert told == [
        "Bob started the topic Books",
        "Bob renamed the topic to Films",
        "Bob closed the topic Films",
        "Bob pinned “be nice”",
        "Bob changed the title to Owl club",
        "Maya joined",
    ]


async def test_rooms_of_every_kind_are_built_from_another_process(page):
    built = [
        {"do": "someone", "name": "Ann", "username": "ann", "language": "fr"},
        {"do": "someone", "name": "Cem", "username": "cem"},
        {"do": "bot", "name": "Ada"},
    ]
    ann, cem, ada = (await (await page.post("/stage/batch", json=built)).json())["done"]
    both = [ann, cem, ada["id"]]
    acts = [
        {"do": "able", "as": ann, "bot": ada["id"], "names": ["guests", "inline", "business"]},
        {"do": "chat", "kind": "supergroup", "members": both, "title": "Talk"},
        {"do": "chat", "kind": "business", "members": [ann, cem]},
        {"do": "business", "as": ann, "bot": ada["id"]},
    ]
    _, talk, shop, _ = (await (await page.post("/stage/batch", json=acts)).json())["done"]
    news = {"do": "chat", "kind": "channel", "members": both, "title": "News", "group": talk}
    acts = [
        news,
        {"do": "send", "as": cem, "chat": shop, "text": "are you open?"},
        {"do": "hand", "as": cem, "chat": talk, "kind": "sticker"},
        {"do": "membership", "as": ann, "chat": talk, "deed": "promote", "who": cem},
        {"do": "stop", "as": ann, "chat": talk},
    ]
    done = (await (await page.post("/stage/batch", json=acts)).json())["done"]
    assert done[-1] == {"error": "there is nothing to stop"}
    assert all("error" not in one for one in done[:-1] if isinstance(one, dict))
    state = await shown(page)
    assert {chat["kind"] for chat in state["chats"]} == {"supergroup", "business", "channel"}
    assert state["bots"][0]["able"] == ["business", "guests", "inline"]
    pending = await (await page.get("/stage/pending")).json()
    assert pending[str(ada["id"])] >= 3


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"do": "hand", "kind": "photo", "data": "!"}, "cannot be read"),
        ({"do": "hand", "kind": "photo", "data": "aGVsbG8="}, "no picture"),
        ({"do": "hand", "kind": "gold"}, "nobody sends"),
        ({"do": "hand", "kind": "sticker", "text": "an owl"}, "no caption"),
        ({"do": "vote", "id": 99, "options": [0]}, "no such message"),
        ({"do": "membership", "deed": "dance"}, "no deed"),
        ({"do": "forward", "from": "nowhere", "ids": [1]}, "no such chat"),
    ],
)
async def test_what_cannot_be_done_is_refused_in_words(page, bob, tea, asked, why):
    answer = await page.post("/stage/act", json={"as": bob.id, "chat": tea.key, **asked})
    assert answer.status == 400
    assert why in (await answer.json())["error"]


async def test_no_act_makes_the_page_fail(page, stage, bob, tea):
    chance = random.Random(6)
    values = [None, "", "x", 5, -1, 10**30, 1.5, True, [], ["x"], [[]], {}, {"x": 1}, tea.key]
    names = "kind data name text latitude longitude title address phone question options emoji "
    names += "topic reply_to things from ids quote id bot query result on deed who shown names live"
    bob.says(tea, "something to act upon")
    for deed in [*DEEDS] * 40:
        asked = {name: chance.choice(values) for name in chance.sample(names.split(), 8)}
        kind = chance.choice(["photo", "poll", "venue", "contact", "sticker", "document"])
        everything = {"kind": kind, **asked, "as": bob.id, "chat": tea.key, "do": deed}
        answer = await page.post("/stage/act", json=everything)
        assert answer.status in {200, 400}, everything


async def test_what_is_offered_is_shown_and_chosen(stage, page, act, bob, tea):
    bot, events = stage.bot("Ada"), []
    bot.may("inline")
    stage.on_event(events.append)
    await act("inline", bot=bot.id, text="owls")
    (query,) = stage.desk(bot).queries
    offered = [{"id": "1", "text": "Owls are wise.", "media": media.location(1.0, 2.0).fields}]
    stage.world.commit({"fact": "results", "bot": bot.id, "query": query, "results": offered})
    assert [event["results"] for event in events if event["type"] == "offered"] == [offered]
    said = await act("choose", bot=bot.id, query=query, result="1")
    assert (said["via"], said["kind"], said["from"]["id"]) == ("Ada", "location", bob.id)
