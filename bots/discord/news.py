"""Which of the things that happen are news, and what must be kept with them to be read later."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import discord

from bots.discord.envelope import MEMBERS, Scene, snowflake
from bots.discord.people import NO_ROOMS

_KNOWN = 10_000
"""Who of those that have spoken is known by their name and roles."""
_ANSWERS = (20, 23)
"""Types of messages that answer commands and entries in menus."""
_LOADING = 1 << 7
_WELCOME = "welcome"
_WRITTEN_IN = (discord.ChannelType.text, discord.ChannelType.news)


class News:
    """Most of what Discord tells of members changes nothing here, and each row costs a turn.

    Of somebody who has not spoken since this process began nothing is held that could be wrong:
    their name and roles come with whatever they say next.
    """

    def __init__(
        self, client: discord.Client, us: str, joined: Mapping[int, int], welcome: str = ""
    ) -> None:
        """`joined` is when we came into each server; `welcome` as in Ways."""
        self._client = client
        self._us = us
        self._joined = joined
        self.welcome = welcome
        self._people: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._changes = 0
        """So many have been told of: two may look alike, and no repeat comes that far."""
        self._reactions: OrderedDict[tuple[str, str, str], int] = OrderedDict()

    def is_news(self, event: str, data: Any) -> bool:
        """Whatever JSON it is given; ask once for each event, before discord.py's parser."""
        said = data if isinstance(data, dict) else {}
        match event:
            case "MESSAGE_CREATE":
                member = said.get("member")
                self._note(said, member if isinstance(member, dict) else {}, said.get("author"))
            case "MESSAGE_UPDATE":
                # A link was looked up, a thread begun, a message pinned: nobody has edited it.
                return isinstance(said.get("edited_timestamp"), str)
            case "GUILD_MEMBER_ADD":
                return self._note(said, said, said.get("user")) and not self._is_us(said)
            case "GUILD_MEMBER_UPDATE":
                who = (snowflake(said.get("guild_id")), _id_of(said.get("user")))
                known = who in self._people and not self._is_us(said)
                return known and self._note(said, said, said.get("user"))
            case "GUILD_MEMBER_REMOVE":
                return not self._is_us(said)  # GUILD_DELETE tells of us
            case "GUILD_DELETE":
                return said.get("unavailable") is not True  # an outage
            case "CHANNEL_DELETE":
                return said.get("type") not in NO_ROOMS
            case "GUILD_ROLE_UPDATE" | "GUILD_ROLE_DELETE":
                return self._leads_otherwise(said)
            case "THREAD_CREATE" | "THREAD_UPDATE":
                return self._is_called_otherwise(said)
        return True

    def scene(self, event: str, data: Any, scene: Scene, highest: int) -> Scene:
        """`scene` with what is to be known of it beside; `highest` is the newest message's number."""
        said = data if isinstance(data, dict) else {}
        if event.startswith("MESSAGE_REACTION_"):
            return replace(scene, mark=f"{highest}:{self._times(event, said)}")
        if event in MEMBERS:
            self._changes += 1
            marked = replace(scene, mark=f"{highest}:{self._changes}")
            return self._of_member(event, marked, self._guild(said.get("guild_id")))
        match event:
            case "GUILD_DELETE":
                guild = self._guild(said.get("id"))
                since = self._joined.get(guild.id, 0) if guild else 0
                name = guild.name if guild else ""
                return replace(scene, mark=str(since), guild_name=name)
            case "GUILD_ROLE_UPDATE" | "GUILD_ROLE_DELETE" | "THREAD_CREATE" | "THREAD_UPDATE":
                self._changes += 1
                return replace(scene, mark=f"{highest}:{self._changes}")
        return scene

    def _of_member(self, event: str, scene: Scene, guild: discord.Guild | None) -> Scene:
        if guild is None:
            return scene
        if event != "GUILD_MEMBER_ADD":
            leads = tuple(str(one.id) for one in guild.roles if _leads(one.permissions))
            return replace(scene, owner=str(guild.owner_id or ""), leads=leads)
        if (room := self._meeting_place(guild)) is None:
            return scene
        return replace(scene, type=room.type.value, name=room.name, welcome=str(room.id))

    def _meeting_place(self, guild: discord.Guild) -> discord.TextChannel | None:
        """Where people are greeted: what is set, else the server's own choice, else by its name."""
        rooms = [one for one in guild.text_channels if one.type in _WRITTEN_IN]
        for wanted in (self.welcome.lstrip("#").lower(), _WELCOME):
            found = (one for one in rooms if wanted in (str(one.id), one.name.lower()))
            if wanted and (room := next(found, None)) is not None:
                return room
            if wanted != _WELCOME and guild.system_channel is not None:
                return guild.system_channel
        return None

    # --- what was known of it before ---------------------------------------------------------------

    def _note(self, said: Mapping[str, Any], member: Mapping[str, Any], user: Any) -> bool:
        """Whether somebody is called, or may do, something else than was known."""
        guild, person = snowflake(said.get("guild_id")), _id_of(user)
        if not guild or not person:
            return True
        names = (member.get("nick"), user.get("global_name"), user.get("username"))
        roles = member.get("roles")
        has = frozenset(map(str, roles)) if isinstance(roles, list) else frozenset[str]()
        shape = hash((tuple(map(str, names)), has))
        before = self._people.pop((guild, person), None)
        self._people[guild, person] = shape
        if len(self._people) > _KNOWN:
            self._people.popitem(last=False)
        return shape != before

    def _times(self, event: str, said: Mapping[str, Any]) -> int:
        """How often this has been given or taken back: the same for a repeat of what was last."""
        emoji = said.get("emoji")
        which = str((emoji.get("id"), emoji.get("name"))) if isinstance(emoji, dict) else ""
        key = (str(said.get("message_id")), str(said.get("user_id")), which)
        is_given = event == "MESSAGE_REACTION_ADD"
        times = self._reactions.pop(key, 0)
        # Odd while it stands.
        times += bool(times % 2) != is_given
        self._reactions[key] = times
        if len(self._reactions) > _KNOWN:
            self._reactions.popitem(last=False)
        return times

    def _leads_otherwise(self, said: Mapping[str, Any]) -> bool:
        """Whether those who have a role may now lead, or may no longer."""
        guild, role = self._guild(said.get("guild_id")), said.get("role")
        shown = role if isinstance(role, dict) else {}
        number = snowflake(shown.get("id")) or snowflake(said.get("role_id"))
        known = guild.get_role(int(number)) if guild and number else None
        led = known is not None and _leads(known.permissions)
        may = str(shown.get("permissions") or "0")
        leads = may.isascii() and may.isdigit() and _leads(discord.Permissions(int(may[:20])))
        return led != leads

    def _is_called_otherwise(self, said: Mapping[str, Any]) -> bool:
        guild, number = self._guild(said.get("guild_id")), snowflake(said.get("id"))
        known = guild.get_thread(int(number)) if guild and number else None
        return known is None or known.name != said.get("name")

    def _guild(self, number: Any) -> discord.Guild | None:
        return self._client._connection._get_guild(int(snowflake(number) or 0))

    def _is_us(self, said: Mapping[str, Any]) -> bool:
        return _id_of(said.get("user")) == self._us


def _leads(may: discord.Permissions) -> bool:
    return may.administrator or may.manage_guild


def meant(event: str, data: Any) -> str:
    """What the answer to a command is: nothing while its bot thinks, and a message when that is
    replaced by words, which Discord tells of as a change that nobody has made. Empty for nothing."""
    said = data if isinstance(data, dict) else {}
    if said.get("type") not in _ANSWERS:
        return event
    flags = said.get("flags")
    thinks = isinstance(flags, int) and bool(flags & _LOADING)
    match event:
        case "MESSAGE_CREATE" if thinks:
            return ""
        case "MESSAGE_UPDATE" if not (thinks or isinstance(said.get("edited_timestamp"), str)):
            return "MESSAGE_CREATE"
    return event


def _id_of(user: Any) -> str:
    return snowflake(user.get("id")) if isinstance(user, dict) else ""
