"""What people start with menus, forms and applications that they bring along."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bots.sandbox import Stage
from tests.stage.discord.conftest import Asker, Scene
from tests.stage.discord.wires import Wire

_EVERYWHERE = {"integration_types": [0, 1], "contexts": [0, 1, 2]}
_ASK = {
    "name": "ask",
    "description": "Ask",
    "name_localizations": {"de": "frage"},
    "options": [
        {"type": 3, "name": "question", "description": "What", "required": True, "max_length": 20},
        {"type": 8, "name": "role", "description": "Whom"},
    ],
    **_EVERYWHERE,
}
_ABOUT = {"name": "Ask about this", "type": 3, **_EVERYWHERE}
_WHO = {"name": "Who is this", "type": 2}
_SECRET = {"name": "secret", "description": "Hosts", "default_member_permissions": str(1 << 13)}
_HOME = {"name": "home", "description": "Servers alone", "contexts": [0]}


@pytest.fixture
async def wire(scene: Scene, session: aiohttp.ClientSession, ask: Asker) -> AsyncIterator[Wire]:
    """Ada on the gateway, with commands of every kind."""
    given = [_ASK, _ABOUT, _WHO, _SECRET, _HOME]
    await ask.ok("PUT", f"/applications/{scene.ada.id}/commands", json=given)
    async with session.ws_connect(scene.stage.discord.gateway_url + "?v=10") as socket:
        wire = Wire(socket)
        await wire.operation(10)
        await wire.send(2, {"token": scene.ada.token, "intents": 513, "properties": {}})
        await wire.event("READY")
        yield wire


@pytest.fixture
def open_ask(scene: Scene, session: aiohttp.ClientSession) -> Asker:
    return Asker(session, scene.stage.discord.api_root, None)


async def answer(open_ask: Asker, it: dict[str, Any], kind: int, data: Any = None) -> Any:
    path = f"/interactions/{it['id']}/{it['token']}/callback"
    return await open_ask.ok("POST", path, json={"type": kind, "data": data})


def hook(it: dict[str, Any], message: str = "") -> str:
    return f"/webhooks/{it['application_id']}/{it['token']}" + (
        f"/messages/{message}" if message else ""
    )


async def heard(wire: Wire) -> dict[str, Any]:
    told: dict[str, Any] = await wire.event("INTERACTION_CREATE")
    return told


async def test_an_entry_of_a_menu_brings_the_message_it_was_chosen_for(scene, wire, open_ask):
    said = scene.max.says(scene.general, "What is tea?")
    scene.mia.uses(scene.general, scene.ada, "Ask about this", target=said)
    it = await heard(wire)
    assert it["data"]["target_id"] == str(said.id)
    target = it["data"]["resolved"]["messages"][str(said.id)]
    assert (target["content"], target["author"]["global_name"]) == ("What is tea?", "Max")
    await answer(open_ask, it, 4, {"content": "A plant"})
    reply = scene.stage.discord.interaction(it["id"]).reply
    assert reply.more["type"] == 23
    assert reply.more["interaction_metadata"]["target_message_id"] == str(said.id)


async def test_an_entry_of_a_menu_brings_the_member_it_was_chosen_for(scene, wire):
    scene.mia.uses(scene.general, scene.ada, "Who is this", target=scene.max)
    data = (await heard(wire))["data"]
    number = str(scene.max.snowflake)
    assert data["target_id"] == number
    assert data["resolved"]["users"][number]["global_name"] == "Max"
    assert "roles" in data["resolved"]["members"][number]


async def test_a_person_takes_an_application_where_it_is_no_member(scene, wire, open_ask):
    play = scene.stage.discord
    lee = scene.stage.person("Lee")
    elsewhere = play.guild("Elsewhere", [lee, scene.mia])
    room = next(iter(elsewhere.channels.values()))
    with pytest.raises(ValueError, match="cannot be asked"):
        scene.mia.uses(room, scene.ada, "ask", question="why?")
    scene.mia.installs(scene.ada)
    scene.mia.uses(room, scene.ada, "ask", question="why?")
    it = await heard(wire)
    assert it["context"] == 0
    assert it["guild_id"] == str(elsewhere.id)
    assert it["authorizing_integration_owners"] == {"1": str(scene.mia.snowflake)}
    assert it["member"]["user"]["global_name"] == "Mia"
    await answer(open_ask, it, 5)
    said = await open_ask.ok("PATCH", hook(it, "@original"), json={"content": "so"})
    assert said["channel_id"] == str(room.id)
    for _ in range(5):
        await open_ask.ok("POST", hook(it), json={"content": "and"})
    assert await open_ask.refused("POST", hook(it), json={"content": "and"}) == (400, 40094)


async def test_where_applications_from_outside_must_be_quiet_only_the_asker_sees_the_answer(
    scene, wire, open_ask
):
    play = scene.stage.discord
    lee = scene.stage.person("Lee")
    elsewhere = play.guild("Elsewhere", [lee, scene.mia])
    room = next(iter(elsewhere.channels.values()))
    play.allow(room, elsewhere.id, deny=1 << 50)
    scene.mia.installs(scene.ada)
    scene.mia.uses(room, scene.ada, "ask", question="why?")
    it = await heard(wire)
    await answer(open_ask, it, 4, {"content": "so"})
    assert play.interaction(it["id"]).reply.more["only_for"] == scene.mia.id


async def test_an_application_is_used_among_friends_and_in_its_own_direct_channel(
    scene, wire, open_ask
):
    play = scene.stage.discord
    among = play.group_dm("Three of us", [scene.mia, scene.max, scene.stage.person("Lee")])
    scene.mia.installs(scene.ada)
    scene.mia.uses(among, scene.ada, "ask", question="why?")
    it = await heard(wire)
    assert (it["context"], it["channel"]["type"]) == (2, 3)
    assert "guild_id" not in it
    assert it["user"]["global_name"] == "Mia"
    await answer(open_ask, it, 4, {"content": "so"})
    assert scene.stage.messages(among)[-1].text == "so"
    two = play.dm(scene.mia, scene.max)
    scene.mia.uses(two, scene.ada, "ask", question="why?")
    assert (await heard(wire))["context"] == 2
    own = play.dm(scene.mia, scene.ada)
    scene.mia.uses(own, scene.ada, "ask", question="why?")
    it = await heard(wire)
    assert it["context"] == 1
    assert it["authorizing_integration_owners"]["0"] == "0"
    with pytest.raises(ValueError, match="not on offer"):
        scene.mia.uses(own, scene.ada, "home")


async def test_a_command_is_on_offer_only_to_those_it_is_for(scene, wire):
    with pytest.raises(ValueError, match="may not use"):
        scene.max.uses(scene.general, scene.ada, "secret")
    scene.stage.discord.role(scene.guild, "Hosts", [scene.max], permissions=1 << 13)
    scene.max.uses(scene.general, scene.ada, "secret")
    assert (await heard(wire))["data"]["name"] == "secret"
    scene.mia.uses(scene.general, scene.ada, "secret")
    assert (await heard(wire))["data"]["name"] == "secret"


async def test_a_command_has_a_name_in_the_language_of_its_reader(scene, wire):
    scene.max.speaks("de")
    role = scene.stage.discord.role(scene.guild, "Guests")
    scene.max.uses(scene.general, scene.ada, "frage", question="warum?", role=role)
    it = await heard(wire)
    assert (it["data"]["name"], it["locale"]) == ("ask", "de")
    assert it["data"]["resolved"]["roles"][str(role)]["name"] == "Guests"
    with pytest.raises(ValueError, match="more than 20"):
        scene.max.uses(scene.general, scene.ada, "ask", question="w" * 21)


async def test_menus_of_people_roles_and_channels_bring_what_was_picked(scene, wire, ask):
    role = scene.stage.discord.role(scene.guild, "Guests")
    rows = [
        {"type": 1, "components": [{"type": 3, "custom_id": "w", "options": [
            {"label": "Style", "value": "style"}, {"label": "Language", "value": "language"}]}]},
        {"type": 1, "components": [{"type": 5, "custom_id": "u"}]},
        {"type": 1, "components": [{"type": 6, "custom_id": "r"}]},
        {"type": 1, "components": [{"type": 8, "custom_id": "c", "max_values": 2}]},
    ]  # fmt: skip
    at = f"/channels/{scene.general.id}/messages"
    told = await ask.ok("POST", at, json={"content": "Pick", "components": rows})
    said = scene.general.messages[int(told["id"])]
    scene.max.presses(said, "w", values=["style"])
    data = (await heard(wire))["data"]
    assert (data["component_type"], data["values"]) == (3, ["style"])
    with pytest.raises(ValueError, match="the menu has no"):
        scene.max.presses(said, "w", values=["else"])
    with pytest.raises(ValueError, match="1 to 1"):
        scene.max.presses(said, "w", values=["style", "language"])
    who, where = str(scene.mia.snowflake), [str(scene.general.id), str(scene.random.id)]
    for name, picked, kind in (("u", [who], "users"), ("r", [str(role)], "roles"), ("c", where, "channels")):  # fmt: skip
        scene.max.presses(said, name, values=picked)
        data = (await heard(wire))["data"]
        assert data["values"] == picked
        assert set(data["resolved"][kind]) == set(picked)


async def test_what_is_for_one_alone_is_hidden_from_all_others(scene, wire, open_ask, ask):
    scene.max.uses(scene.general, scene.ada, "ask", question="why?")
    it = await heard(wire)
    row = {"type": 1, "components": [{"type": 2, "style": 1, "label": "Ok", "custom_id": "ok"}]}
    await answer(open_ask, it, 5, {"flags": 64})
    said = await open_ask.ok(
        "PATCH", hook(it, "@original"), json={"content": "psst", "components": [row]}
    )
    at = f"/channels/{scene.general.id}/messages"
    assert said["flags"] & 64
    assert [one["id"] for one in await ask.ok("GET", at)] == []
    assert await ask.refused("PATCH", f"{at}/{said['id']}", json={"content": "x"}) == (404, 10008)
    whisper = scene.general.messages[int(said["id"])]
    with pytest.raises(ValueError, match="does not see"):
        scene.mia.presses(whisper, "ok")
    scene.max.presses(whisper, "ok")
    press = await heard(wire)
    assert press["message"]["flags"] & 64
    await answer(open_ask, press, 7, {"content": "seen", "components": []})
    assert scene.general.messages[whisper.id].text == "seen"


async def test_a_form_holds_its_fields_to_their_rules(scene, wire, open_ask):
    scene.max.uses(scene.general, scene.ada, "ask", question="why?")
    it = await heard(wire)
    menu = {"type": 3, "custom_id": "how", "options": [{"label": "Loud", "value": "loud"}]}
    words = {"type": 4, "custom_id": "more", "style": 2, "label": "More", "min_length": 3}
    form = {
        "custom_id": "f",
        "title": "More",
        "components": [
            {"type": 1, "components": [words]},
            {"type": 18, "label": "How", "component": menu},
        ],
    }
    path = f"/interactions/{it['id']}/{it['token']}/callback"
    broken = {"type": 9, "data": {**form, "components": [{"type": 1, "components": [{"type": 4}]}]}}
    assert await open_ask.refused("POST", path, json=broken) == (400, 50035)
    await answer(open_ask, it, 9, form)
    with pytest.raises(ValueError, match="more words"):
        scene.max.fills(it["id"], more="a", how=["loud"])
    scene.max.fills(it["id"], more="tell me", how=["loud"])
    data = (await heard(wire))["data"]
    assert data["components"][0]["components"][0]["value"] == "tell me"
    assert data["components"][1]["component"]["values"] == ["loud"]


async def test_a_token_is_good_for_a_quarter_of_an_hour(session):
    now = 1_700_000_000.0
    async with Stage(limits=False, now=lambda: now) as stage:
        play = stage.discord
        ada, mia = play.bot("Ada"), stage.person("Mia")
        guild = play.guild("Tea house", [mia], [ada])
        room = next(iter(guild.channels.values()))
        ask, open_ask = (Asker(session, play.api_root, token) for token in (ada.token, None))
        home = f"/applications/{ada.id}/commands"
        await ask.ok("POST", home, json={"name": "tea", "description": "Tea"})
        it = play.interaction(mia.uses(room, ada, "tea"))
        path = f"/interactions/{it.number}/{it.token}/callback"
        await open_ask.ok("POST", path, json={"type": 5})
        assert await open_ask.refused("POST", path, json={"type": 5}) == (400, 40060)
        now += 899
        here = f"/webhooks/{ada.id}/{it.token}"
        await open_ask.ok("PATCH", f"{here}/messages/@original", json={"content": "so"})
        now += 2
        late = await open_ask.refused("POST", here, json={"content": "and"})
        assert late == (401, 50027)


async def test_who_answers_too_late_is_told_that_there_is_no_such_interaction(
    scene, wire, open_ask
):
    scene.stage.discord.patience = 0.02
    number = scene.max.uses(scene.general, scene.ada, "ask", question="why?")
    it = await heard(wire)
    told = asyncio.Event()
    scene.stage.world.listeners.append(lambda change: told.set())
    async with asyncio.timeout(20):
        await told.wait()
    assert scene.stage.discord.interaction(number).failed
    path = f"/interactions/{it['id']}/{it['token']}/callback"
    assert await open_ask.refused("POST", path, json={"type": 5}) == (404, 10062)


async def test_choices_offered_while_one_writes_are_held_to_their_rules(scene, wire, open_ask):
    number = scene.max.completes(scene.general, scene.ada, "ask", "question", question="wh")
    it = await heard(wire)
    assert it["type"] == 4
    (option,) = it["data"]["options"]
    assert (option["value"], option["focused"]) == ("wh", True)
    path = f"/interactions/{it['id']}/{it['token']}/callback"
    many = [{"name": str(n), "value": str(n)} for n in range(26)]
    assert await open_ask.refused("POST", path, json={"type": 8, "data": {"choices": many}}) == (
        400,
        50035,
    )
    await answer(open_ask, it, 8, {"choices": many[:25]})
    assert len(scene.stage.discord.interaction(number).choices) == 25
