"""What docs/discord.md promises and no other test shows by itself, played on the stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bots.discord.envelope import snowflake
from bots.sandbox.world import Chat
from core.events import EventType
from core.models.scripted import Scripted
from core.plugins import Plugin, Turn
from core.ports import ModelRequest
from tests.flows.forms import answer_of, asked_by_form, text_of
from tests.flows.on_discord import Server, heard, on_discord, outcomes, rows, settled
from tests.flows.talk import echo, question, reply, until, whole

pytestmark = pytest.mark.usefixtures("database")

MANAGE_GUILD = 1 << 5


class Ears:
    """A plugin that listens, and what it was told."""

    def __init__(self, *events: EventType) -> None:
        self.plugin = Plugin("ears")
        self.told: list[tuple[str, Mapping[str, Any]]] = []
        for event in events:
            self.plugin.on(event)(self._listener(event))

    def _listener(self, event: str) -> Callable[..., Any]:
        async def hear(payload: Mapping[str, Any]) -> None:
            self.told.append((event, payload))

        return hear

    def of(self, event: EventType) -> list[Mapping[str, Any]]:
        return [payload for name, payload in self.told if name == event]

    async def first(self, event: EventType) -> Mapping[str, Any]:
        await until(lambda: self.of(event))
        return self.of(event)[0]


async def test_what_becomes_of_servers_rooms_and_people_is_told_with_all_that_is_known(
    tmp_path: Path,
) -> None:
    """D-66, D-67, D-71, R-95, R-96, R-97, R-156, R-181."""
    ears = Ears(
        EventType.WORLD_CONNECTED,
        EventType.WORLD_JOINED,
        EventType.WORLD_LEFT,
        EventType.ROOM_LEFT,
        EventType.ENTITY_JOINED,
        EventType.ENTITY_UPDATED,
        EventType.ENTITY_LEFT,
    )
    how: dict[str, Any] = {"model": Scripted(echo), "plugins": [ears.plugin], "data": tmp_path}
    async with on_discord("Ada", **how) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        guild, eve = server.guild, stage.person("Eve")
        other = server.channel("other")
        joined = await ears.first(EventType.WORLD_JOINED)
        assert (joined["world"]["serverId"], joined["world"]["name"]) == (
            str(guild.id),
            "The Commons",
        )
        assert {"general", "random"} <= {room["name"] for room in joined["rooms"]}
        assert joined["rooms"][0]["worldId"] == joined["worldId"] == joined["world"]["id"]
        await until(
            lambda: any(
                room["name"] == "other"
                for payload in ears.of(EventType.WORLD_CONNECTED)
                for room in payload["rooms"]
            )
        )
        stage.discord.invite(guild, eve)
        came = await ears.first(EventType.ENTITY_JOINED)
        assert (came["name"], came["action"], came["worldId"]) == (
            "Eve",
            "joined",
            joined["worldId"],
        )
        eve.says(server.general, "Ada, hello")
        await until(lambda: heard(stage, server.general, ada))
        role = stage.discord.role(guild, "Hosts", permissions=MANAGE_GUILD)
        stage.discord.give(guild, eve, role)
        risen = await ears.first(EventType.ENTITY_UPDATED)
        assert (risen["entityId"], risen["changes"]) == (came["entityId"], {"role": "ADMIN"})
        stage.discord.remove(guild, eve)
        gone = await ears.first(EventType.ENTITY_LEFT)
        assert (gone["entityId"], gone["action"]) == (came["entityId"], "left")
        stage.discord.delete_channel(other)
        closed = await ears.first(EventType.ROOM_LEFT)
        assert closed["worldId"] == joined["worldId"]
        assert not ears.of(EventType.WORLD_LEFT), "the server stands"
        stage.discord.remove(guild, ada)
        left = await ears.first(EventType.WORLD_LEFT)
        assert left["world"]["serverId"] == str(guild.id)
        assert left["worldId"] == joined["worldId"]
        assert len(ears.of(EventType.WORLD_JOINED)) == 1
        stage.discord.invite(guild, ada)
        await until(lambda: len(ears.of(EventType.WORLD_JOINED)) == 2)


async def test_a_deletion_is_told_with_what_was_remembered_of_it(tmp_path: Path) -> None:
    """D-22, R-92: listeners are told, and by then or soon after it is forgotten."""
    ears = Ears(EventType.MESSAGE_RECEIVED, EventType.MESSAGE_DELETED)
    how: dict[str, Any] = {"model": Scripted(echo), "plugins": [ears.plugin], "data": tmp_path}
    async with on_discord("Ada", **how) as play:
        stage = play.stage
        server = Server.of(stage, [play.discord_bots["Ada"]])
        said = server.owner.says(server.general, "just so")
        received = await ears.first(EventType.MESSAGE_RECEIVED)
        await settled(play, 1)
        server.owner.deletes(said)
        told = await ears.first(EventType.MESSAGE_DELETED)
        assert told["messageIds"] == [str(said.id)]
        assert told["deleted"] == [received["messageId"]]
        await until(lambda: not [one for one in rows(play, "memories") if "just so" in str(one)])


async def test_commands_and_buttons_are_told_with_what_was_filled_in(tmp_path: Path) -> None:
    """D-63, D-64: beside whatever else becomes of them."""
    ears = Ears(EventType.INTERACTION_RECEIVED)

    @ears.plugin.command("tea", "Brings tea")
    async def tea(turn: Turn) -> Mapping[str, Any]:
        return {"text": "Which one?", "buttons": [{"text": "Assam", "data": "assam"}]}

    how: dict[str, Any] = {"model": Scripted(echo), "plugins": [ears.plugin], "data": tmp_path}
    async with on_discord("Ada", **how) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        bob, general = server.owner, server.general
        asked = await asked_by_form(play, bob, general, "tea")
        assert await answer_of(asked) == "Which one?"
        assert asked.reply is not None
        bob.presses(asked.reply, "assam")
        await text_of(play, bob, general, "settings", name="quiet", value="on")
        await until(lambda: len(ears.told) == 3)
    first, second, third = (payload for _, payload in ears.told)
    assert first["commandName"] == "tea"
    assert second["customId"] == "assam"
    assert (third["commandName"], third["options"]) == (
        "settings",
        {"name": "quiet", "value": "on"},
    )
    assert third["message"].content.extra["options"]["name"] == "quiet"


async def test_a_plugin_speaks_in_any_channel_that_she_knows_or_that_there_is(
    tmp_path: Path,
) -> None:
    """D-42: what is said elsewhere is written down first, as everything is."""
    post = Plugin("post")

    @post.action()
    async def announce(turn: Turn) -> str:
        """Tell the other channel."""
        target = {"source": "discord", "channelId": turn.message.content.text.split()[-1]}
        await turn.runtime.send_message_to_target(target, {"text": "Tea is ready. @everyone"})
        return ""

    def answer(request: ModelRequest) -> str:
        if "announce" in question(request) and "# Done just now" not in whole(request):
            return "<response><actions>ANNOUNCE</actions></response>"
        return reply("Done.")

    how: dict[str, Any] = {"model": Scripted(answer), "plugins": [post], "data": tmp_path}
    async with on_discord("Ada", **how) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        other = server.channel("kitchen")
        await until(lambda: any(one["name"] == "kitchen" for one in rows(play, "rooms")))
        server.owner.says(server.general, f"Ada, announce it in {other.id}")
        said = await stage.next_from(ada, other)
        assert said.text == "Tea is ready. @everyone"
        assert not said.more.get("mention_everyone")
        await settled(play, 1)
        (kept,) = rows(play, "deliveries")
        assert kept["room"] == str(other.id)


async def test_somebody_in_two_servers_is_one_person_in_rooms_of_their_own(tmp_path: Path) -> None:
    """D-69: talk of one server is not known in the other."""
    async with on_discord("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        bob = stage.person("Bob")
        here, there = (Server.of(stage, [ada], bob, name=name) for name in ("Here", "There"))
        for server, text in ((here, "Ada, the password is plover"), (there, "Ada, who am I?")):
            bob.says(server.general, text)
            await until(lambda server=server: heard(stage, server.general, ada))
        assert "plover" not in whole(asked.requests[-1])
        said = [one for one in rows(play, "memories") if "Ada, " in str(one["content"])]
        people = {one["entity_id"] for one in said if "heard" not in str(one["content"])}
        rooms = {one["room_id"] for one in said}
        worlds = {one["world_id"] for one in said}
        assert (len(people), len(rooms), len(worlds)) == (1, 2, 2)


async def test_she_is_told_where_she_is(tmp_path: Path) -> None:
    """D-77: the channel, its kind and its server, in the prompt and for plugins."""
    found: list[Any] = []
    curious = Plugin("curious")

    @curious.action()
    async def look_round(turn: Turn) -> str:
        """Look where we are."""
        runtime, told = turn.runtime, turn.message
        room, world = await runtime.get_room(told.room), await runtime.get_world(told.world)
        found.append((room.name, room.type, room.channel_id, world.name, world.server_id))
        return "Looked."

    def answer(request: ModelRequest) -> str:
        if "look" in question(request) and "# Done just now" not in whole(request):
            return "<response><actions>LOOK_ROUND</actions></response>"
        return reply("I see.")

    how: dict[str, Any] = {"model": (asked := Scripted(answer)), "plugins": [curious]}
    async with on_discord("Ada", data=tmp_path, **how) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        thread = stage.discord.thread(server.general, "On tea", server.owner)
        bob = server.owner
        bob.says(thread, "Ada, look")
        await until(lambda: found and heard(stage, thread, ada))
        told = whole(asked.requests[0])
        assert "You are in the thread “On tea” of “The Commons” on Discord." in told
        bob.says(dm := stage.discord.dm(bob, ada), "look")
        await until(lambda: len(found) == 2 and heard(stage, dm, ada))
        assert "You talk with Bob, in private on Discord." in whole(asked.requests[-1])
    assert found[0] == ("On tea", "THREAD", str(thread.id), "The Commons", str(server.guild.id))
    assert found[1][1] == "DM"


async def test_what_a_server_has_set_is_there_for_actions(tmp_path: Path) -> None:
    """D-72, D-73, V-17: with the world, in the database; nothing is there in a direct chat."""
    found: list[Any] = []
    aware = Plugin("aware")

    @aware.command("house", "Tells how it is set here")
    async def house(turn: Turn) -> str:
        world = await turn.runtime.get_world(turn.message.world)
        found.append(dict((world.metadata.settings or {}) if world else {}))
        return "Looked."

    how: dict[str, Any] = {"model": Scripted(echo), "plugins": [aware], "data": tmp_path}
    async with on_discord("Ada", **how) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, [ada])
        bob, general = server.owner, server.general
        await text_of(play, bob, general, "settings", name="style", value="formal")
        await text_of(play, bob, general, "house")
        await text_of(play, bob, stage.discord.dm(bob, ada), "house")
    assert found == [{"style": "formal"}, {}]


async def test_a_hundred_messages_at_once_are_all_answered(tmp_path: Path) -> None:
    """D-96: each once, in its channel."""
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        people = [stage.person(f"P{number}") for number in range(20)]
        server = Server.of(stage, [ada], *people)
        rooms = [server.general, *(server.channel(f"room-{number}") for number in range(9))]
        said: list[tuple[Chat, str]] = []
        for number in range(100):
            who, room = people[number % 20], rooms[number // 10]
            text = f"Ada, number {number} of all"
            who.says(room, text)
            said.append((room, text))
        found = await settled(play, 100, kinds=["message"])
        assert [status for status, _ in found] == ["answered"] * 100
        await until(lambda: sum(len(heard(stage, room, ada)) for room in rooms) == 100)
        for room, text in said:
            there = [one.text for one in heard(stage, room, ada)]
            assert sum(text in one for one in there) == 1


async def test_what_comes_without_a_server_a_member_or_files_is_read_all_the_same(
    tmp_path: Path,
) -> None:
    """D-16: an event that lacks what it may lack is a message like any other."""
    async with on_discord("Ada", model=Scripted(echo), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        bob = stage.person("Bob")
        dm = stage.discord.dm(bob, ada)
        bob.says(dm, "hello")
        await until(lambda: heard(stage, dm, ada))
        bare = {
            "id": str(int(snowflake(str(heard(stage, dm, ada)[0].id)) or 0) + 1),
            "channel_id": str(dm.id),
            "author": {"id": str(bob.snowflake), "username": "bob"},
            "content": "and now?",
        }
        stage.discord.gateway.dispatch(ada, "MESSAGE_CREATE", bare)  # type: ignore[arg-type]
        await until(lambda: len(heard(stage, dm, ada)) == 2)
        assert "and now?" in heard(stage, dm, ada)[1].text
        assert outcomes(play) == [("answered", "direct")] * 2
