"""What Discord refuses, with the status, the code and the place it names."""

from typing import Any

import aiohttp
import pytest

from tests.stage.discord.conftest import Asker, Scene

_LONG = {"title": "t" * 256, "description": "d" * 4096}


@pytest.mark.parametrize(
    ("body", "place", "code"),
    [
        ({"content": "x" * 2001}, "content", "BASE_TYPE_MAX_LENGTH"),
        ({"content": 7}, "content", "BASE_TYPE_BAD_STRING"),
        ({"embeds": [{"title": "t"}] * 11}, "embeds", "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [{"title": "t" * 257}]}, "embeds.0.title", "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [_LONG, _LONG]}, "embeds", "MAX_EMBED_SIZE_EXCEEDED"),
        ({"embeds": "no"}, "embeds", "LIST_TYPE_CONVERT"),
        ({"content": "x", "nonce": "n" * 26}, "nonce", "BASE_TYPE_MAX_LENGTH"),
        (
            {"content": "x", "allowed_mentions": {"parse": ["nobody"]}},
            "allowed_mentions.parse.0",
            "BASE_TYPE_CHOICES",
        ),
        (
            {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["7"]}},
            "allowed_mentions",
            "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
        ),
        (
            {
                "components": [
                    {"type": 1, "components": [{"type": 2, "style": 1, "custom_id": "c" * 101}]}
                ]
            },
            "components.0.components.0.custom_id",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            {"content": "x", "attachments": [{"id": 0, "filename": "a"}]},
            "attachments.0.id",
            "ATTACHMENT_NOT_FOUND",
        ),
    ],
)
async def test_a_body_that_is_too_much_is_refused_at_its_place(
    scene: Scene, ask: Asker, body: dict[str, Any], place: str, code: str
) -> None:
    status, answer = await ask("POST", f"/channels/{scene.general.id}/messages", json=body)
    assert (status, answer["code"], answer["message"]) == (400, 50035, "Invalid Form Body")
    node = answer["errors"]
    for name in place.split("."):
        node = node[name]
    assert code in [error["code"] for error in node["_errors"]]
    assert scene.stage.messages(scene.general) == []


@pytest.mark.parametrize(
    ("button", "field", "code"),
    [
        ({"style": 2, "label": "l" * 81, "custom_id": "a"}, "label", "BASE_TYPE_MAX_LENGTH"),
        ({"style": 9, "label": "Yes", "custom_id": "a"}, "style", "BASE_TYPE_CHOICES"),
        ({"style": 2, "label": "Yes"}, "custom_id", "BASE_TYPE_REQUIRED"),
        ({"style": 2, "custom_id": "a"}, "", "BUTTON_COMPONENT_CONTENT_REQUIRED"),
        ({"style": 5, "label": "Yes"}, "url", "BASE_TYPE_REQUIRED"),
        ({"style": 5, "label": "Yes", "url": "javascript:1"}, "url", "URL_TYPE_INVALID_SCHEME"),
    ],
)
async def test_a_button_that_cannot_be_shown_is_refused_at_its_place(
    scene: Scene, ask: Asker, button: dict[str, Any], field: str, code: str
) -> None:
    row = {"type": 1, "components": [{"type": 2, **button}]}
    body = {"content": "Tea?", "components": [row]}
    status, answer = await ask("POST", f"/channels/{scene.general.id}/messages", json=body)
    assert (status, answer["code"]) == (400, 50035)
    node = answer["errors"]["components"]["0"]["components"]["0"]
    assert code in [error["code"] for error in (node[field] if field else node)["_errors"]]


@pytest.mark.parametrize("body", [{}, {"content": " \n"}, {"content": "", "embeds": []}])
async def test_a_message_with_nothing_in_it_is_refused(
    scene: Scene, ask: Asker, body: dict[str, Any]
) -> None:
    at = f"/channels/{scene.general.id}/messages"
    assert await ask.refused("POST", at, json=body) == (400, 50006)


async def test_what_is_not_there_has_a_code_of_its_own(scene: Scene, ask: Asker) -> None:
    general, nobody = scene.general.id, scene.guild.id
    assert await ask.refused("GET", f"/channels/{nobody}") == (404, 10003)
    assert await ask.refused("GET", f"/channels/{general}/messages/{nobody}") == (404, 10008)
    assert await ask.refused("GET", f"/guilds/{general}") == (404, 10004)
    assert await ask.refused("GET", f"/users/{general}") == (404, 10013)
    outside = scene.stage.person("Eve").snowflake
    assert await ask.refused("GET", f"/guilds/{nobody}/members/{outside}") == (404, 10007)
    assert await ask.refused("GET", f"/guilds/{nobody}/roles/{general}") == (404, 10011)
    assert await ask.refused("GET", "/channels/words") == (400, 50035)
    assert await ask.refused("GET", "/no/such/thing") == (404, 0)
    assert await ask.refused("PUT", "/users/@me") == (405, 0)


async def test_a_body_that_is_not_json_is_refused(scene: Scene, ask: Asker) -> None:
    given = {"data": b"{nonsense", "headers": {"Content-Type": "application/json"}}
    at = f"/channels/{scene.general.id}/messages"
    assert await ask.refused("POST", at, **given) == (400, 50109)
    assert await ask.refused("POST", at, json=["a list"]) == (400, 50035)


async def test_a_bot_without_a_good_token_is_let_in_nowhere(
    scene: Scene, session: aiohttp.ClientSession
) -> None:
    root, old = scene.stage.discord.api_root, scene.ada.token
    for token in (None, "nonsense", old + "x"):
        stranger = Asker(session, root, token)
        status, body = await stranger("GET", "/users/@me")
        assert (status, body) == (401, {"message": "401: Unauthorized", "code": 0})
    new = scene.stage.discord.new_token(scene.ada)
    assert await Asker(session, root, old).refused("GET", "/users/@me") == (401, 0)
    assert (await Asker(session, root, new).ok("GET", "/users/@me"))["id"] == str(scene.ada.id)
    assert scene.stage.discord.violations["invalid"] == 4


async def test_a_channel_may_be_closed_or_dumb_to_a_bot(scene: Scene, ask: Asker) -> None:
    at = f"/channels/{scene.general.id}/messages"
    scene.stage.discord.mute(scene.general, scene.ada)
    assert await ask.refused("POST", at, json={"content": "x"}) == (403, 50013)
    assert await ask.ok("GET", at) == []
    scene.stage.discord.close_channel(scene.general, scene.ada)
    assert await ask.refused("GET", at) == (403, 50001)
    seen = await ask.ok("GET", f"/guilds/{scene.guild.id}/channels")
    assert [room["name"] for room in seen] == ["random"]
    scene.stage.discord.close_channel(scene.general, scene.ada, on=False)
    scene.stage.discord.mute(scene.general, scene.ada, on=False)
    await ask.ok("POST", at, json={"content": "x"})


async def test_a_bot_put_out_of_a_server_sees_none_of_it(scene: Scene, ask: Asker) -> None:
    scene.stage.discord.remove(scene.guild, scene.ada)
    at = f"/channels/{scene.general.id}/messages"
    assert await ask.refused("POST", at, json={"content": "x"}) == (403, 50001)
    assert await ask.refused("GET", f"/guilds/{scene.guild.id}") == (403, 50001)
    assert await ask.ok("GET", "/users/@me/guilds") == []


async def test_there_is_no_message_in_a_board_itself(scene: Scene, ask: Asker) -> None:
    board = scene.stage.discord.channel(scene.guild, "questions", "board")
    at = f"/channels/{board.id}/messages"
    assert await ask.refused("POST", at, json={"content": "x"}) == (400, 50008)


_ODD: tuple[Any, ...] = (
    None,
    True,
    7,
    1.5,
    "x",
    [1],
    [None],
    [{}],
    {},
    {"parse": 7},
    {"users": 7},
    [{"fields": [1]}],
    [{"type": 1, "components": "x"}],
    [{"type": 1, "components": [{}]}],
    {"message_id": {}},
)
_FIELDS = (
    *("content", "embeds", "components", "allowed_mentions", "message_reference", "attachments"),
    *("flags", "nonce", "name", "type", "message", "messages", "options", "data"),
)


@pytest.mark.parametrize("field", _FIELDS)
async def test_no_body_however_odd_is_more_than_the_server_can_take(
    scene: Scene, ask: Asker, field: str
) -> None:
    scene.stage.discord.role(scene.guild, "Hosts", [scene.ada], permissions=1 << 3)
    mine = await ask.ok("POST", f"/channels/{scene.general.id}/messages", json={"content": "x"})
    room, command = f"/channels/{scene.general.id}", f"/applications/{scene.ada.id}/commands"
    for value in _ODD:
        for method, path in (
            ("POST", f"{room}/messages"),
            ("PATCH", f"{room}/messages/{mine['id']}"),
            ("POST", f"{room}/threads"),
            ("POST", f"{room}/messages/bulk-delete"),
            ("PATCH", room),
            ("POST", command),
            ("POST", f"/guilds/{scene.guild.id}/channels"),
        ):
            status, body = await ask(method, path, json={field: value})
            assert status < 500, (path, value, body)
