"""A wall round each event: ours is taken first and as it came, then discord.py may try its parser."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from typing import Any

import discord
from discord.utils import parse_time, time_snowflake

from bots.discord.envelope import Scene, envelope, snowflake, tagged, world
from bots.discord.heard import Heard
from bots.discord.news import News, meant
from bots.discord.sharded import Sharded
from bots.discord.voice_people import VOICES
from core.ids import Account
from core.messages import Received

log = logging.getLogger(__name__)

WANTED = frozenset(
    {
        "MESSAGE_CREATE",
        "MESSAGE_UPDATE",
        "MESSAGE_DELETE",
        "MESSAGE_DELETE_BULK",
        "MESSAGE_REACTION_ADD",
        "MESSAGE_REACTION_REMOVE",
        "MESSAGE_REACTION_REMOVE_ALL",
        "MESSAGE_REACTION_REMOVE_EMOJI",
        "GUILD_MEMBER_ADD",
        "GUILD_MEMBER_REMOVE",
        "GUILD_MEMBER_UPDATE",
        "GUILD_DELETE",
        "GUILD_ROLE_UPDATE",
        "GUILD_ROLE_DELETE",
        "CHANNEL_DELETE",
        "THREAD_CREATE",
        "THREAD_UPDATE",
        "THREAD_DELETE",
        "INTERACTION_CREATE",
    }
)
"""What is stored. Presence, typing and who is in which voice channel are no matter of record."""

# discord.py would make objects of these that nobody looks at: half of the work of an event.
_NOT_PARSED = {
    *(one for one in WANTED if one.startswith("MESSAGE_")),
    "PRESENCE_UPDATE",
    "TYPING_START",
}
_CHANGES = frozenset(
    {"GUILD_CREATE", "GUILD_UPDATE", "CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE"}
)
"""After these a server is told of anew."""
_DIRECT = 1


class Walls:
    """Stands in for the parsers of one client."""

    def __init__(self, client: Sharded, account: Account, heard: Heard) -> None:
        self._client = client
        self._account = account
        self._us = account.partition(":")[2]
        self._heard = heard
        self.awaited: set[int] = set()
        """The servers that a READY has named and that have not come yet."""
        self.looked_round = False
        """Since the last READY all servers have been told of; from then on each change is."""
        self.changed: set[int] = set()
        """The servers that have been told of anew since then."""
        self._shapes: dict[int, str] = {}
        """Of each server a sign of how it stood when it was told of."""
        self.reached: dict[int, int] = {}
        """Of each shard the newest message that was heard of there."""
        self.joined: dict[int, int] = {}
        """When we came into each server, as a message's number: what is older was not for us."""
        self.highest = 0
        """The number of the newest message that was heard of."""
        self.news = News(client, self._us, self.joined)
        self.failures: Counter[str] = Counter()
        self.tells_ours: Callable[[], bool] = lambda: False
        """Whether others of ours hear by this bot, and so what it says."""
        self.anew: Callable[[int], str] = lambda server: ""
        """What makes a server news that is known as it stands: we are to go out of it, say."""
        self.on_server: Callable[[], None] = lambda: None
        self.on_late_server: Callable[[int], None] = lambda number: None
        self.on_session: Callable[[int], None] = lambda shard: None
        self.on_voice: Callable[[str, Any], None] = lambda event, data: None
        """Told of what changes who is in a voice channel, ourselves too."""
        self._parsers = client._connection.parsers
        for event, parser in self._parsers.items():
            self._parsers[event] = partial(self._meet, event, parser)

    def parsers(
        self, shard: int, ready: Callable[[], None], resumed: Callable[[], None]
    ) -> dict[str, Callable[[Any], None]]:
        """Those of one line, which is told when a session of its own begins or goes on."""

        def greet(data: Any) -> None:
            self._greet(shard, data)
            ready()
            self.on_session(shard)
            self._parsers["READY"](data)

        def go_on(data: Any) -> None:
            self._parsers["RESUMED"](data)
            resumed()

        return {**self._parsers, "READY": greet, "RESUMED": go_on}

    def _meet(self, event: str, parser: Callable[[Any], None], data: Any) -> None:
        if event in WANTED:
            self._take(event, data)
        if event not in _NOT_PARSED:
            try:
                parser(data)
            except Exception as error:  # noqa: BLE001 - the wall round discord.py's parser
                self.failed(event, error)
        if event in _CHANGES:
            try:
                self._changed(event, data)
            except Exception as error:  # noqa: BLE001 - a wall: half a server may be known of
                self.failed(event, error)
        if event in VOICES:
            try:
                self.on_voice(event, data)
            except Exception as error:  # noqa: BLE001 - a wall: voices are never in text's way
                self.failed(event, error)

    def failed(self, event: str, error: Exception) -> None:
        """Said once for each kind of event; the text of the error may quote what people wrote."""
        self.failures[event] += 1
        if self.failures[event] == 1:
            log.warning(
                "%s: discord.py cannot read a %s (%s); said once",
                self._account,
                event,
                type(error).__name__,
            )

    def _take(self, event: str, data: Any) -> None:
        event = meant(event, data)
        if not event or self.passes_over(data) or not self.news.is_news(event, data):
            return
        scene = self.news.scene(event, data, self.scene(data), self.highest)
        received = envelope(event, data, scene, self._account)
        if received.seq:
            self.highest = max(self.highest, received.seq)
            # What has a number is well formed, but its server's may be anything.
            server = int(snowflake(data.get("guild_id")) or 0)
            self.reach(self._client.shard_of(server), received.seq)
        self._heard.add(received)

    def reach(self, shard: int, number: int) -> None:
        self.reached[shard] = max(self.reached.get(shard, 0), number)

    def passes_over(self, data: Any) -> bool:
        """Whether we have done it, and none of ours wants to hear what we say."""
        said = isinstance(data, dict) and isinstance(data.get("author"), dict)
        return self.is_ours(data) and not (said and self.tells_ours())

    def is_ours(self, data: Any) -> bool:
        """Whether we have done it ourselves."""
        if not isinstance(data, dict):
            return False
        author = data.get("author")
        if isinstance(author, dict):
            # What a command's answer or a webhook of ours says is ours all the same.
            return author.get("id") == self._us
        return data.get("user_id") == self._us

    def _greet(self, shard: int, data: Any) -> None:
        guilds = data.get("guilds") if isinstance(data, dict) else None
        named = guilds if isinstance(guilds, list) else []
        numbers = [snowflake(it.get("id")) for it in named if isinstance(it, dict)]
        shard_of = self._client.shard_of
        self.awaited = {one for one in self.awaited if shard_of(one) != shard}
        self.awaited |= {int(number) for number in numbers if number}
        self.looked_round = False

    def _changed(self, event: str, data: Any) -> None:
        if not isinstance(data, dict):
            return
        number = int(snowflake(data.get("id" if event.startswith("GUILD") else "guild_id")) or 0)
        if event == "GUILD_CREATE":
            self.awaited.discard(number)
            if isinstance(came := data.get("joined_at"), str):
                moment = parse_time(came)
                # Its last digits are kept too: who comes twice in a millisecond has come twice.
                self.joined[number] = time_snowflake(moment) + moment.microsecond % 1000
            self.on_server()
            if self.looked_round:  # it was away until now, or has just invited us
                self.on_late_server(number)
            return
        guild = self._client._connection._get_guild(number)
        if guild is not None and self.looked_round:
            before = self._shapes.get(number)
            told = self.server(guild, self.highest)
            if self._shapes[number] == before:
                return  # moved, or something that nobody here asks for
            self.changed.add(number)
            self._heard.add(told)

    # --- what discord.py knows of servers and channels -------------------------------------------

    def servers(self) -> list[discord.Guild]:
        return [one for one in self._client.guilds if not one.unavailable]

    def server(self, guild: discord.Guild, mark: int, *, unless: str = "") -> Received:
        """A server as it stands.

        With `unless` it is stored only where it has changed since it was told of with the same
        words; without, whenever the mark has.
        """
        whole = {
            "id": str(guild.id),
            "name": guild.name,
            "channels": [_room(one, one.category_id) for one in guild.channels],
            "threads": [_room(one, one.parent_id) for one in guild.threads],
        }
        told = world(whole, self._account, max(mark, 1))
        # Put out and brought back, we are to be told of it, even if nothing else has changed.
        since = b"%d" % self.joined.get(guild.id, 0) + self.anew(guild.id).encode()
        shape = blake2b(told.payload + since, digest_size=6).hexdigest()
        self._shapes[guild.id] = shape
        key = f"w:{guild.id}:{unless}" if unless else told.event_key
        return replace(told, event_key=f"{key}:{shape}")

    def scene(self, data: Any, room: Mapping[str, Any] | None = None) -> Scene:
        """What is known of the place of an event.

        `room` is what Discord says of it, for a message that is read back: such a one does not
        name its server, and its thread may be asleep, so that nobody here knows of it.
        """
        try:
            known = self._scene(data if room is None else {**data, "guild_id": room["guild_id"]})
            if room is None or known.type is not None:
                return known
            parent = snowflake(room.get("parent_id"))
            return replace(known, type=room.get("type"), name=room.get("name") or "", parent=parent)
        except Exception as error:  # noqa: BLE001 - a wall: the event is stored without its place
            self.failed("place", error)
            return Scene()

    def _scene(self, data: Any) -> Scene:
        if not isinstance(data, dict):
            return Scene()
        server = snowflake(data.get("guild_id"))
        number = snowflake(data.get("channel_id"))
        if not server:
            return Scene(type=_DIRECT if number and not data.get("guild_id") else None)
        guild = self._client._connection._get_guild(int(server))
        if guild is None:
            return Scene(guild=server)
        room = guild._resolve_channel(int(number)) if number else None
        marks = tagged(data)
        roles = data.get("mention_roles")
        known = Scene(
            guild=server,
            guild_name=guild.name,
            names=dict(_names(guild, marks)) if marks else {},
            ours=self._our_roles(guild) if roles or marks else (),
        )
        if room is None:
            return known
        known = replace(known, type=room.type.value, name=room.name)
        if not isinstance(room, discord.Thread) or (parent := room.parent) is None:
            return known
        return replace(
            known,
            parent=str(parent.id),
            parent_name=parent.name,
            parent_type=parent.type.value,
            tags=tuple(tag.name for tag in room.applied_tags),
        )

    def _our_roles(self, guild: discord.Guild) -> tuple[str, ...]:
        return tuple(
            str(role.id) for role in guild.roles if role.tags and str(role.tags.bot_id) == self._us
        )


def _room(one: Any, parent: int | None) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "type": one.type.value,
        "name": one.name,
        "parent_id": str(parent) if parent else None,
    }


def _names(guild: discord.Guild, marks: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for mark in marks:
        named = guild._resolve_channel(int(mark)) or guild.get_role(int(mark))
        if named is not None:
            yield mark, named.name
