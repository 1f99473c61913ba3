"""A server with one of everything, and all that may be asked of it: well, and badly."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp
import yarl

from bots.sandbox import Bot, Stage
from tests.contracts.discordapi import (
    answer_problems,
    request_problems,
)

TEA = quote("🍵")
ADMINISTRATOR = 1 << 3
BUTTON = {"type": 2, "style": 1, "label": "Again", "custom_id": "again"}
TYPED = {"type": 4, "custom_id": "why", "label": "Why?", "style": 1}


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    query: dict[str, Any]
    body: Any
    status: int
    answer: Any

    @property
    def problems(self) -> list[str]:
        return answer_problems(self.method, self.path, self.status, self.answer)

    @property
    def own_problems(self) -> list[str]:
        return request_problems(self.method, self.path, self.body, self.query)


class Wire:
    """Asks the local Discord over its socket, and takes down what it is told."""

    def __init__(self, root: str, session: aiohttp.ClientSession, token: str) -> None:
        self._root, self._session, self._token = root, session, token
        self.asked: list[Asked] = []

    async def __call__(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **query: Any
    ) -> Any:
        headers = {"Authorization": f"Bot {token or self._token}"}
        params = {name: str(value) for name, value in query.items()}
        # `encoded`: the emoji in a path is quoted already.
        url = yarl.URL(self._root + path, encoded=True).with_query(params or None)
        async with self._session.request(method, url, json=body, headers=headers) as answer:
            is_json = answer.headers.get("Content-Type") == "application/json"
            assert is_json == (answer.status != 204), answer.headers
            told = await answer.json() if is_json else None
        self.asked.append(Asked(method, path, query, body, answer.status, told))
        return told


@contextlib.asynccontextmanager
async def wire_of(stage: Stage, bot: Bot) -> AsyncIterator[Wire]:
    async with aiohttp.ClientSession() as session:
        yield Wire(stage.discord.api_root, session, bot.token)


class House:
    """A server with one of everything."""

    def __init__(self, stage: Stage) -> None:
        play = self.play = stage.discord
        self.ada, self.eliza = play.bot("Ada"), play.bot("Eliza")
        self.bob, self.eve = stage.person("Bob", username="bob"), stage.person("Eve")
        self.guild = play.guild("Tea house", [self.bob, self.eve], [self.ada, self.eliza])
        self.general, self.random = list(self.guild.channels.values())[:2]
        self.role = play.role(self.guild, "Keepers", [self.ada], permissions=ADMINISTRATOR)
        self.board = play.channel(self.guild, "questions", "board")
        self.news = play.channel(self.guild, "news", "announcement")
        self.thread = play.thread(self.general, "Cups", self.bob)
        self.hidden_thread = play.thread(self.general, "Secrets", self.ada, private=True)
        self.post = play.post(self.board, "Which cup?", self.eve, "The big one?")
        self.dm = play.dm(self.bob, self.ada)
        self.said = self.bob.says(self.general, "hello @Ada, see https://a.org @everyone")
        self.answer = self.eve.says(self.general, "and I", reply_to=self.said)


async def play_well(wire: Wire, house: House) -> None:
    """Whatever may be asked, asked as it should be."""
    await ask_of_itself(wire, house)
    await talk(wire, house)
    await open_threads(wire, house)
    await keep_house(wire, house)
    await take_commands(wire, house)
    await wear_masks(wire, house)


async def ask_of_itself(wire: Wire, house: House) -> None:
    for path in ("/users/@me", "/applications/@me", "/oauth2/applications/@me"):
        await wire("GET", path)
    await wire("PATCH", "/applications/@me", {"flags": 1 << 19})
    await wire("GET", f"/users/{house.bob.snowflake}")
    await wire("GET", f"/users/{house.eliza.snowflake}")
    await wire("POST", "/users/@me/channels", {"recipient_id": str(house.eve.snowflake)})
    await wire("GET", "/users/@me/guilds", limit=5)
    await wire("GET", "/gateway")
    await wire("GET", "/gateway/bot")


async def talk(wire: Wire, house: House) -> None:
    here = f"/channels/{house.general.id}"
    said = f"{here}/messages/{house.said.id}"
    plain = {"content": "hi", "nonce": "n1", "enforce_nonce": True, "tts": False}
    first = await wire("POST", f"{here}/messages", plain)
    assert (await wire("POST", f"{here}/messages", plain))["id"] == first["id"]
    reference = {"message_id": str(house.said.id), "fail_if_not_exists": False}
    whom = {"parse": [], "users": [str(house.bob.snowflake)], "replied_user": True}
    rich = {
        "content": f"<@{house.bob.snowflake}>",
        "message_reference": reference,
        "allowed_mentions": whom,
        "embeds": [{"title": "Tea", "description": "green", "fields": [{"name": "a", "value": "b"}]}],
        "components": [{"type": 1, "components": [BUTTON]}],
        "flags": 1 << 12,
    }  # fmt: skip
    full = await wire("POST", f"{here}/messages", rich)
    for room in (house.dm, house.thread, house.post, house.news, house.hidden_thread):
        await wire("POST", f"/channels/{room.id}/messages", {"content": "here"})
        await wire("GET", f"/channels/{room.id}/messages", limit=2)
        await wire("GET", f"/channels/{room.id}")
    await wire("GET", f"{here}/messages", limit=100, after=0)
    await wire("GET", f"{here}/messages", limit=1, before=full["id"])
    await wire("GET", f"{here}/messages", limit=1, around=full["id"])
    await wire("GET", said)
    await wire("PATCH", f"{here}/messages/{first['id']}", {"content": "changed", "embeds": []})
    await wire("POST", f"{here}/typing")
    await wire("PUT", f"{said}/reactions/{TEA}/@me")
    await wire("DELETE", f"{said}/reactions/{TEA}/@me")
    house.bob.reacts(house.said, "🍵")
    await wire("GET", said)
    await wire("GET", f"{said}/reactions/{TEA}", limit=3)
    await wire("DELETE", f"{said}/reactions/{TEA}/{house.bob.snowflake}")
    await wire("DELETE", f"{said}/reactions/{TEA}")
    await wire("DELETE", f"{said}/reactions")
    for pins in (f"{here}/messages/pins", f"{here}/pins"):
        await wire("PUT", f"{pins}/{house.said.id}")
        await wire("GET", pins)
        await wire("DELETE", f"{pins}/{house.said.id}")
    await wire("DELETE", f"{here}/messages/{first['id']}")
    gone = [(await wire("POST", f"{here}/messages", {"content": n}))["id"] for n in "ab"]
    await wire("POST", f"{here}/messages/bulk-delete", {"messages": gone})


async def open_threads(wire: Wire, house: House) -> None:
    here = f"/channels/{house.general.id}"
    await wire("POST", f"{here}/messages/{house.said.id}/threads", {"name": "At a message"})
    await wire("GET", f"{here}/messages/{house.said.id}")
    public = await wire("POST", f"{here}/threads", {"name": "Beside", "type": 11})
    await wire("POST", f"{here}/threads", {"name": "Hidden", "type": 12, "invitable": False})
    question = {"name": "Which pot?", "message": {"content": "The blue one?"}}
    await wire("POST", f"/channels/{house.board.id}/threads", question)
    await wire("GET", f"/channels/{house.board.id}")
    members = f"/channels/{house.thread.id}/thread-members"
    await wire("PUT", f"{members}/@me")
    await wire("PUT", f"{members}/{house.eve.snowflake}")
    await wire("GET", members)
    await wire("GET", f"{members}/{house.eve.snowflake}", with_member="true")
    await wire("DELETE", f"{members}/{house.eve.snowflake}")
    await wire("DELETE", f"{members}/@me")
    await wire("GET", f"/guilds/{house.guild.id}/threads/active")
    await wire("PATCH", f"/channels/{public['id']}", {"archived": True, "name": "Aside"})
    house.play.archive(house.hidden_thread)
    await wire("GET", f"{here}/threads/archived/public", limit=5)
    await wire("GET", f"{here}/threads/archived/private")
    await wire("GET", f"{here}/users/@me/threads/archived/private")
    await wire("DELETE", f"/channels/{public['id']}")


async def keep_house(wire: Wire, house: House) -> None:
    here, eve = f"/guilds/{house.guild.id}", house.eve.snowflake
    await wire("GET", here, with_counts="true")
    await wire("GET", f"{here}/channels")
    made = await wire("POST", f"{here}/channels", {"name": "attic", "type": 0, "topic": "dust"})
    await wire("PATCH", f"/channels/{made['id']}", {"name": "cellar", "topic": None})
    await wire("DELETE", f"/channels/{made['id']}")
    await wire("GET", f"{here}/roles")
    await wire("GET", f"{here}/roles/{house.role}")
    role = (await wire("POST", f"{here}/roles", {"name": "Guests"}))["id"]
    await wire("GET", f"{here}/members", limit=10)
    await wire("GET", f"{here}/members/search", query="ev", limit=3)
    await wire("PUT", f"{here}/members/{eve}/roles/{role}")
    await wire("GET", f"{here}/members/{eve}")
    await wire("DELETE", f"{here}/members/{eve}/roles/{role}")
    await wire("PATCH", f"{here}/roles/{role}", {"name": "Friends"})
    await wire("PATCH", f"{here}/members/{eve}", {"nick": "E", "roles": [role]})
    until = "2036-01-01T00:00:00+00:00"
    await wire("PATCH", f"{here}/members/{eve}", {"communication_disabled_until": until})
    await wire("PATCH", f"{here}/members/{eve}", {"communication_disabled_until": None})
    await wire("PATCH", f"{here}/members/@me", {"nick": "Lady Ada"})
    await wire("DELETE", f"{here}/roles/{role}")
    await wire("DELETE", f"{here}/members/{eve}")
    await wire("PUT", f"{here}/bans/{eve}", {})
    await wire("GET", f"{here}/bans")
    await wire("DELETE", f"{here}/bans/{eve}")
    house.play.invite(house.guild, house.eve)
    rule = f"/channels/{house.random.id}/permissions/{eve}"
    await wire("PUT", rule, {"type": 1, "deny": 2048})
    await wire("GET", f"/channels/{house.random.id}")
    await wire("DELETE", rule)
    await keep_things(wire, house)


async def keep_things(wire: Wire, house: House) -> None:
    here, sticker = f"/guilds/{house.guild.id}", house.play.sticker(house.guild, "owl")
    await wire("GET", f"{here}/stickers")
    await wire("GET", f"{here}/stickers/{sticker}")
    await wire("GET", f"/stickers/{sticker}")
    talk = f"/channels/{house.general.id}/messages"
    await wire("POST", talk, {"sticker_ids": [str(sticker)]})
    answers = [{"poll_media": {"text": text}} for text in ("Green", "Black")]
    asked = {"question": {"text": "Which tea?"}, "answers": answers, "duration": 1}
    poll = await wire("POST", talk, {"poll": asked})
    house.bob.votes(house.general.messages[int(poll["id"])], "Green")
    await wire("GET", f"{talk}/{poll['id']}")
    at = f"/channels/{house.general.id}/polls/{poll['id']}"
    await wire("GET", f"{at}/answers/1", limit=5)
    await wire("POST", f"{at}/expire")
    await wire("GET", talk, limit=3)
    forward = {"type": 1, "message_id": str(house.said.id), "channel_id": str(house.general.id)}
    await wire("POST", f"/channels/{house.random.id}/messages", {"message_reference": forward})
    house.bob.sends_voice(house.general)
    house.bob.sends_photo(house.general, caption="Look")
    house.bob.forwards(house.random, house.said)
    for kind in ("voice", "stage", "media", "category"):
        room = house.play.channel(house.guild, kind, kind)
        await wire("GET", f"/channels/{room.id}")
    await wire("GET", talk, limit=3)


async def take_commands(wire: Wire, house: House) -> None:
    ada = house.ada.snowflake
    tea = {"name": "tea", "description": "Have some"}
    for place in (f"/applications/{ada}/commands", f"/applications/{ada}/guilds/{house.guild.id}/commands"):  # fmt: skip
        made = await wire("POST", place, tea)
        await wire("GET", place)
        await wire("PATCH", f"{place}/{made['id']}", {"description": "Have more"})
        await wire("GET", f"{place}/{made['id']}")
        await wire("DELETE", f"{place}/{made['id']}")
        await wire("PUT", place, [tea | {"options": [{"type": 3, "name": "cup", "description": "Which"}]}])  # fmt: skip

    async def answered(number: str, kind: int, data: Any = None, **query: Any) -> str:
        body = {"type": kind} | ({} if data is None else {"data": data})
        token = house.play.interaction(number).token
        await wire("POST", f"/interactions/{number}/{token}/callback", body, **query)
        return f"/webhooks/{ada}/{token}"

    hook = await answered(house.bob.uses(house.general, house.ada, "tea", cup="big"), 5)
    await wire("PATCH", f"{hook}/messages/@original", {"content": "Here it is"})
    await wire("GET", f"{hook}/messages/@original")
    later = (await wire("POST", hook, {"content": "and a cake"}, wait="true"))["id"]
    await wire("GET", f"{hook}/messages/{later}")
    await wire("PATCH", f"{hook}/messages/{later}", {"content": "no cake"})
    await wire("DELETE", f"{hook}/messages/{later}")
    await wire("DELETE", f"{hook}/messages/@original")
    keys = {"content": "Again?", "components": [{"type": 1, "components": [BUTTON]}]}
    use = house.bob.uses(house.dm, house.ada, "tea")
    await answered(use, 4, keys, with_response="true")
    asked = house.play.interaction(use).reply
    assert asked is not None
    await answered(house.bob.presses(asked, "again"), 6)
    form = {"custom_id": "f", "title": "Why", "components": [{"type": 1, "components": [TYPED]}]}
    press = house.bob.presses(asked, "again")
    await answered(press, 9, form)
    await answered(house.bob.fills(press, why="thirst"), 7, {"content": "I see", "components": []})


async def wear_masks(wire: Wire, house: House) -> None:
    at = f"/channels/{house.general.id}/webhooks"
    hook = await wire("POST", at, {"name": "Masks"})
    await wire("GET", at)
    await wire("GET", f"/guilds/{house.guild.id}/webhooks")
    await wire("GET", f"/webhooks/{hook['id']}")
    await wire("PATCH", f"/webhooks/{hook['id']}", {"name": "Faces"})
    here = f"/webhooks/{hook['id']}/{hook['token']}"
    await wire("GET", here)
    await wire("PATCH", here, {"name": "Faces"})
    face = {"username": "Bob", "avatar_url": "https://pictures.example/bob.png"}
    whom = {"allowed_mentions": {"parse": []}}
    said = await wire("POST", here, {"content": "I am Bob", **face, **whom}, wait="true")
    await wire("POST", here, {"content": "aside"}, thread_id=house.thread.id)
    await wire("PATCH", f"{here}/messages/{said['id']}", {"content": "I was Bob"})
    await wire("DELETE", f"{here}/messages/{said['id']}")
    await wire("DELETE", here)
    again = await wire("POST", at, {"name": "Masks"})
    await wire("DELETE", f"/webhooks/{again['id']}")


async def play_badly(wire: Wire, house: House) -> None:
    """Whatever is refused: a wrong token, places that are not there, what is too long or no JSON."""
    here = f"/channels/{house.general.id}/messages"
    bob, nowhere = house.bob.snowflake, 1 << 40
    house.play.close_channel(house.random, house.eliza)
    eliza = house.eliza.token
    await wire("GET", "/users/@me", token="x.y.z")
    await wire("GET", f"/channels/{nowhere}")
    await wire("GET", "/channels/general")
    await wire("GET", f"/channels/{house.random.id}", token=eliza)
    await wire("POST", f"/channels/{nowhere}/messages", {"content": "hi"})
    await wire("GET", f"{here}/{nowhere}")
    await wire("GET", here, limit=1000)
    await wire("POST", here, {})
    await wire("POST", here, {"content": ""})
    await wire("POST", here, {"content": "x" * 2001})
    await wire("POST", here, {"content": {"a": 1}})
    await wire("POST", here, {"content": "hi", "message_reference": {"message_id": str(nowhere)}})
    await wire("POST", here, {"content": "hi", "nonce": "n" * 26, "enforce_nonce": True})
    await wire("POST", here, {"embeds": [{"title": "t" * 257}] * 11})
    await wire("POST", here, [1])
    await wire("PATCH", f"{here}/{house.said.id}", {"content": "mine now"})
    await wire("DELETE", f"{here}/{nowhere}")
    await wire("DELETE", f"{here}/{house.said.id}", token=eliza)
    await wire("PUT", f"{here}/{house.said.id}/reactions/x/@me")
    await wire("POST", f"/channels/{house.general.id}/threads", {"name": ""})
    await wire("POST", f"/channels/{house.board.id}/threads", {"name": "empty"})
    await wire("POST", f"/channels/{house.board.id}/messages", {"content": "hi"})
    await wire("POST", "/users/@me/channels", {"recipient_id": str(nowhere)})
    await wire("GET", f"/guilds/{nowhere}")
    await wire("GET", f"/guilds/{house.guild.id}/members/{nowhere}")
    await wire("POST", f"/guilds/{house.guild.id}/roles", {"name": "x"}, token=eliza)
    await wire("DELETE", f"/guilds/{house.guild.id}/members/{bob}")
    commands = f"/applications/{house.ada.snowflake}/commands"
    await wire("POST", commands, {"name": "No Spaces", "description": ""})
    await wire("GET", f"{commands}/{nowhere}")
    await wire("GET", f"/applications/{house.eliza.snowflake}/commands")
    await wire("POST", f"/interactions/{nowhere}/token/callback", {"type": 4})
    await wire("POST", f"/webhooks/{house.ada.snowflake}/token", {"content": "hi"})
    house.play.faults.refuse(429, method="create_message", retry_after=1)
    await wire("POST", here, {"content": "hi"})
