"""Commands, buttons and forms: registered, used by people, answered in time or too late."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bots.sandbox import Stage
from tests.stage.discord.conftest import Asker, Scene
from tests.stage.discord.wires import Wire

_WEATHER = {
    "name": "weather",
    "description": "How it is outside",
    "options": [
        {"type": 3, "name": "place", "description": "Where", "required": True},
        {"type": 6, "name": "who", "description": "Who asks"},
        {"type": 4, "name": "days", "description": "How many"},
    ],
}
_BUTTONS = [
    {
        "type": 1,
        "components": [
            {"type": 2, "style": 1, "label": "Yes", "custom_id": "yes"},
            {"type": 2, "style": 2, "label": "No", "custom_id": "no", "disabled": True},
        ],
    }
]
_FORM = {
    "title": "About you",
    "custom_id": "about",
    "components": [
        {"type": 1, "components": [{"type": 4, "custom_id": "name", "label": "Name", "style": 1}]}
    ],
}


@pytest.fixture
def at(scene: Scene) -> str:
    return f"/applications/{scene.ada.id}/commands"


@pytest.fixture
async def wire(scene: Scene, session: aiohttp.ClientSession) -> AsyncIterator[Wire]:
    """Ada on the gateway."""
    async with session.ws_connect(scene.stage.discord.gateway_url + "?v=10") as socket:
        wire = Wire(socket)
        await wire.operation(10)
        await wire.send(2, {"token": scene.ada.token, "intents": 1, "properties": {}})
        await wire.event("READY")
        yield wire


@pytest.fixture
def open_ask(scene: Scene, session: aiohttp.ClientSession) -> Asker:
    """Asks without a login: what stands in the address is enough."""
    return Asker(session, scene.stage.discord.api_root, None)


def _callback(event: dict[str, Any]) -> str:
    return f"/interactions/{event['id']}/{event['token']}/callback"


async def test_commands_are_put_in_the_place_of_those_before(
    scene: Scene, ask: Asker, at: str
) -> None:
    first = await ask.ok("PUT", at, json=[_WEATHER])
    second = await ask.ok("PUT", at, json=[_WEATHER, {"name": "tea", "description": "Tea"}])
    assert [each["name"] for each in second] == ["weather", "tea"]
    assert second[0]["id"] == first[0]["id"]
    assert await ask.ok("GET", at) == second
    inside = f"/applications/{scene.ada.id}/guilds/{scene.guild.id}/commands"
    [own] = await ask.ok("PUT", inside, json=[{"name": "here", "description": "Only here"}])
    assert own["guild_id"] == str(scene.guild.id)
    assert await ask.ok("PUT", at, json=[]) == []
    assert await ask.ok("GET", inside) == [own]
    assert await ask("DELETE", f"{inside}/{own['id']}") == (204, None)
    assert await ask.refused("GET", f"{inside}/{own['id']}") == (404, 10063)


async def test_one_command_is_made_and_changed(ask: Asker, at: str) -> None:
    status, made = await ask("POST", at, json=_WEATHER)
    assert (status, (await ask("POST", at, json=_WEATHER))[0]) == (201, 200)
    changed = await ask.ok("PATCH", f"{at}/{made['id']}", json={"description": "Sun or rain"})
    assert (changed["name"], changed["description"]) == ("weather", "Sun or rain")


async def test_a_hundred_commands_are_the_most(ask: Asker, at: str) -> None:
    many = [{"name": f"c{n}", "description": "x"} for n in range(101)]
    assert await ask.refused("PUT", at, json=many) == (400, 30032)
    assert len(await ask.ok("PUT", at, json=many[:100])) == 100
    assert await ask.refused("POST", at, json=many[100]) == (400, 30032)


@pytest.mark.parametrize(
    "command",
    [
        {"name": "Loud", "description": "x"},
        {"name": "two words", "description": "x"},
        {"name": "x" * 33, "description": "x"},
        {"name": "empty", "description": ""},
        {"name": "twice", "description": "x", "options": [_WEATHER["options"][0]] * 2},
        {"name": "late", "description": "x", "options": _WEATHER["options"][::-1]},
    ],
)
async def test_a_command_out_of_form_is_refused(
    ask: Asker, at: str, command: dict[str, Any]
) -> None:
    assert await ask.refused("PUT", at, json=[command]) == (400, 50035)
    assert await ask.ok("GET", at) == []


async def test_a_command_is_used_answered_and_followed_up(
    scene: Scene, ask: Asker, open_ask: Asker, at: str, wire: Wire
) -> None:
    await ask.ok("PUT", at, json=[_WEATHER])
    number = scene.mia.uses(scene.general, scene.ada, "weather", place="Rome", who=scene.max)
    event = await wire.event("INTERACTION_CREATE")
    assert (event["id"], event["type"], event["data"]["name"]) == (number, 2, "weather")
    assert event["member"]["user"]["id"] == str(scene.mia.snowflake)
    place, who = event["data"]["options"]
    assert (place["value"], who["value"]) == ("Rome", str(scene.max.snowflake))
    assert event["data"]["resolved"]["users"][who["value"]]["global_name"] == "Max"
    answer = {"type": 4, "data": {"content": "Sun."}}
    told = await open_ask.ok("POST", _callback(event) + "?with_response=true", json=answer)
    assert told["resource"]["message"]["content"] == "Sun."
    said = await scene.stage.next_from(scene.ada, scene.general)
    assert (said.text, said.more["type"]) == ("Sun.", 20)
    assert scene.stage.discord.interaction(number).reply is said
    assert await open_ask.refused("POST", _callback(event), json=answer) == (400, 40060)
    hook = f"/webhooks/{scene.ada.id}/{event['token']}"
    later = await open_ask.ok("POST", hook, json={"content": "And wind."})
    changed = {"content": "Sun, mostly."}
    await open_ask.ok("PATCH", f"{hook}/messages/@original", json=changed)
    texts = [each.text for each in scene.stage.messages(scene.general)]
    assert texts == ["Sun, mostly.", "And wind."]
    shown = await open_ask.ok("GET", f"{hook}/messages/@original")
    assert shown["content"] == "Sun, mostly."
    assert await open_ask("DELETE", f"{hook}/messages/{later['id']}") == (204, None)
    assert await open_ask("DELETE", f"{hook}/messages/@original") == (204, None)
    assert scene.stage.messages(scene.general) == []


async def test_a_promised_answer_counts_as_said_when_it_comes(
    scene: Scene, ask: Asker, open_ask: Asker, at: str, wire: Wire
) -> None:
    await ask.ok("PUT", at, json=[{"name": "think", "description": "Slowly"}])
    number = scene.mia.uses(scene.general, scene.ada, "think")
    event = await wire.event("INTERACTION_CREATE")
    assert await open_ask("POST", _callback(event), json={"type": 5}) == (204, None)
    [waiting] = scene.stage.messages(scene.general)
    assert waiting.more["flags"] & 1 << 7
    with pytest.raises(TimeoutError):
        await scene.stage.next_from(scene.ada, timeout=0.05)
    hook = f"/webhooks/{scene.ada.id}/{event['token']}/messages/@original"
    await open_ask.ok("PATCH", hook, json={"content": "Forty-two."})
    said = await scene.stage.next_from(scene.ada)
    assert (said.id, said.text, said.more["flags"]) == (waiting.id, "Forty-two.", 0)
    assert scene.stage.discord.interaction(number).reply == said


async def test_an_answer_for_one_pair_of_eyes_is_not_in_the_channel_for_others(
    scene: Scene, ask: Asker, open_ask: Asker, at: str, wire: Wire
) -> None:
    await ask.ok("PUT", at, json=[{"name": "whisper", "description": "Quietly"}])
    scene.mia.uses(scene.general, scene.ada, "whisper")
    event = await wire.event("INTERACTION_CREATE")
    answer = {"type": 4, "data": {"content": "psst", "flags": 64}}
    await open_ask("POST", _callback(event), json=answer)
    said = await scene.stage.next_from(scene.ada)
    assert said.more["only_for"] == scene.mia.id
    assert await ask.ok("GET", f"/channels/{scene.general.id}/messages") == []


async def test_a_bot_that_is_silent_for_too_long_is_said_not_to_respond(
    scene: Scene, ask: Asker, open_ask: Asker, at: str, wire: Wire
) -> None:
    given_up = asyncio.Event()

    def told(event: dict[str, Any]) -> None:
        if event.get("text") == "This application did not respond":
            given_up.set()

    scene.stage.on_event(told)
    scene.stage.discord.patience = 0.02
    await ask.ok("PUT", at, json=[{"name": "think", "description": "Slowly"}])
    number = scene.mia.uses(scene.general, scene.ada, "think")
    event = await wire.event("INTERACTION_CREATE")
    async with asyncio.timeout(20):
        await given_up.wait()
    assert scene.stage.discord.interaction(number).failed
    assert await open_ask.refused("POST", _callback(event), json={"type": 5}) == (404, 10062)


async def test_a_token_of_an_interaction_is_good_for_a_quarter_of_an_hour(
    session: aiohttp.ClientSession,
) -> None:
    now = [1_800_000_000.0]
    async with contextlib.AsyncExitStack() as stack:
        stage = await stack.enter_async_context(Stage(limits=False, now=lambda: now[0]))
        mia, ada = stage.person("Mia"), stage.discord.bot("Ada")
        room = stage.discord.dm(mia, ada)
        ask = Asker(session, stage.discord.api_root, ada.token)
        at = f"/applications/{ada.id}/commands"
        await ask.ok("PUT", at, json=[{"name": "think", "description": "Slowly"}])
        it = stage.discord.interaction(mia.uses(room, ada, "think"))
        hook = f"/webhooks/{ada.id}/{it.token}"
        assert await ask.refused("POST", hook, json={"content": "too soon"}) == (404, 10015)
        path = f"/interactions/{it.number}/{it.token}/callback"
        assert await ask("POST", path, json={"type": 5}) == (204, None)
        now[0] += 899
        await ask.ok("POST", hook, json={"content": "in time"})
        now[0] += 2
        assert await ask.refused("POST", hook, json={"content": "late"}) == (401, 50027)


async def test_a_button_is_pressed_and_changes_its_message(
    scene: Scene, ask: Asker, open_ask: Asker, wire: Wire
) -> None:
    at = f"/channels/{scene.general.id}/messages"
    sent = await ask.ok("POST", at, json={"content": "Tea?", "components": _BUTTONS})
    said = scene.general.messages[int(sent["id"])]
    with pytest.raises(ValueError, match="no button"):
        scene.mia.presses(said, "maybe")
    with pytest.raises(ValueError, match="cannot be pressed"):
        scene.mia.presses(said, "no")
    scene.mia.presses(said, "yes")
    event = await wire.event("INTERACTION_CREATE")
    assert (event["type"], event["data"]["custom_id"]) == (3, "yes")
    assert event["message"]["id"] == sent["id"]
    answer = {"type": 7, "data": {"content": "Tea it is.", "components": []}}
    assert await open_ask("POST", _callback(event), json=answer) == (204, None)
    now = scene.general.messages[said.id]
    assert (now.text, now.more["components"]) == ("Tea it is.", [])


async def test_a_form_is_shown_filled_in_and_sent(
    scene: Scene, ask: Asker, open_ask: Asker, at: str, wire: Wire
) -> None:
    await ask.ok("PUT", at, json=[{"name": "about", "description": "You"}])
    number = scene.mia.uses(scene.general, scene.ada, "about")
    event = await wire.event("INTERACTION_CREATE")
    assert await open_ask("POST", _callback(event), json={"type": 9, "data": _FORM}) == (204, None)
    with pytest.raises(ValueError, match="must be filled in"):
        scene.mia.fills(number)
    form = scene.stage.discord.interaction(number).modal
    assert form is not None
    scene.mia.fills(number, name="Mia")
    event = await wire.event("INTERACTION_CREATE")
    [row] = event["data"]["components"]
    assert (event["type"], row["components"][0]["value"]) == (5, "Mia")


async def test_choices_are_offered_while_an_option_is_written(
    scene: Scene, ask: Asker, open_ask: Asker, at: str, wire: Wire
) -> None:
    await ask.ok("PUT", at, json=[_WEATHER])
    number = scene.mia.completes(scene.general, scene.ada, "weather", "place", place="Ro")
    event = await wire.event("INTERACTION_CREATE")
    [option] = event["data"]["options"]
    assert (event["type"], option["value"], option["focused"]) == (4, "Ro", True)
    choices = [{"name": "Rome", "value": "rome"}]
    answer = {"type": 8, "data": {"choices": choices}}
    assert await open_ask("POST", _callback(event), json=answer) == (204, None)
    assert scene.stage.discord.interaction(number).choices == choices


async def test_what_does_not_fit_a_command_is_told_to_the_person(
    scene: Scene, ask: Asker, at: str
) -> None:
    await ask.ok("PUT", at, json=[_WEATHER])
    for words, options in (
        ("has no command", {"command": "tea"}),
        ("is missing", {"command": "weather"}),
        ("no option", {"command": "weather", "place": "Rome", "month": "May"}),
        ("does not fit", {"command": "weather", "place": "Rome", "days": "many"}),
    ):
        command = options.pop("command")
        with pytest.raises(ValueError, match=words):
            scene.mia.uses(scene.general, scene.ada, command, **options)
