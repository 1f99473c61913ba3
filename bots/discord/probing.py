"""What Discord says of a bot, by REST alone: no session of the gateway is begun, and nothing changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import discord

from bots.bars import one_line
from bots.checked import Checked
from bots.discord.endpoints import DISCORD
from bots.discord.envelope import snowflake
from bots.discord.invite import MANAGE_WEBHOOKS, PERMISSIONS, invite
from bots.discord.permissions import ADMINISTRATOR, in_channel, lacking
from bots.links import PlannedLink
from bots.questions import Answer, Questions
from core.clock import Clock
from core.flow.door import Door, door_of
from core.secrets import Secret

_PORTAL = "https://discord.com/developers/applications"
_SWITCHES = (
    (1 << 18 | 1 << 19, "hears in servers only what mentions it", "Message Content Intent"),
    (1 << 14 | 1 << 15, "does not notice who comes and goes", "Server Members Intent"),
)
"""The flags of an application that grant something, what it is like without, and their switch."""
_SERVERS = 20
_LOOKED_INTO = 5
"""Servers whose own commands are looked at."""
_ROOMS = 20
_PAGE = 200
_SPARED = 20
_CATEGORY, _DIRECT = 4, (1, 3)

Json = dict[str, Any]


async def probe(
    link: PlannedLink, where: str, session: aiohttp.ClientSession, clock: Clock, *, faces: bool
) -> AsyncIterator[Checked]:
    """With `faces` others speak through it. Raises Unanswered."""
    root = link.settings.text("DISCORD_API_ROOT").rstrip("/") or DISCORD.api_root
    headers: dict[str, Secret | str] = {
        "Authorization": Secret(f"Bot {link.token.reveal()}"),
        # Discord wants to know which library asks; the bot itself asks by the same.
        "User-Agent": f"DiscordBot (https://github.com/Rapptz/discord.py {discord.__version__})",
    }
    ask = Questions(session, Secret(root), clock, headers)
    told = await ask.get("/users/@me")
    if told.status == 401:
        token = f"DISCORD_API_TOKEN of {link.character.name}"
        mend = f"Reset it on the page Bot of the application, {_PORTAL}, and write down the new one"
        yield Checked(token, "Discord refuses it", mend)
        return
    if told.status != 200:
        what = f"Discord refuses to be asked ({told.status})"
        yield Checked(where, what, "It may have shut out this address for a while")
        return
    looked = _Look(link, where, ask, told.body["id"], faces=faces)
    application = _whole(await ask.get("/applications/@me"))
    for one in looked.of_application(application):
        yield one
    number = snowflake(application.get("id")) or looked.us
    servers = await looked.servers()
    for one in looked.of_servers(servers, number):
        yield one
    async for one in looked.of_places(servers):
        yield one
    async for one in looked.of_commands(servers, number):
        yield one
    async for one in looked.of_gateway():
        yield one
    if servers:
        known = max(len(servers), int(application.get("approximate_guild_count") or 0))
        here = f"is in {known} {'server' if known == 1 else 'servers'}"
    else:
        here = f"is in no server; to bring it into one, open {invite(number, faces=faces)}"
    as_whom = one_line(str(told.body.get("username") or ""))
    yield Checked(where, f"logs in as {as_whom} ({looked.us}), and {here}", severity="note")


class _Look:
    def __init__(
        self, link: PlannedLink, where: str, ask: Questions, us: str, *, faces: bool
    ) -> None:
        self.us = us
        self._link = link
        self._where = where
        self._ask = ask
        self._faces = faces
        self._door: Door = door_of(link.settings, "discord")

    def of_application(self, application: Json) -> Iterator[Checked]:
        number = snowflake(application.get("id"))
        page = f"{_PORTAL}/{number}"
        flags = int(application.get("flags_new") or application.get("flags") or 0)
        for granted, without, switch in _SWITCHES:
            if not flags & granted:
                mend = f"Switch on {switch} on the page {page}/bot, and start it anew"
                yield Checked(self._where, without, mend, "warning")
        if application.get("interactions_endpoint_url"):
            what = "its commands and buttons go to the address that is set as its interactions"
            mend = f"Clear Interactions Endpoint URL on the page {page}/information"
            yield Checked(self._where, f"{what} endpoint, and never reach us", mend)
        if application.get("bot_require_code_grant"):
            mend = f"Switch off Requires OAuth2 Code Grant on the page {page}/bot"
            yield Checked(self._where, "nobody can bring it into a server", mend, "warning")
        if application.get("bot_public") is False:
            mend = f"Switch on Public Bot on the page {page}/bot, if others are to"
            what = "only its owner can bring it into a server"
            yield Checked(self._where, what, mend, "note")
        named = self._link.settings.text("DISCORD_APPLICATION_ID").strip()
        if named and number and named != number:
            what = f"is not the id of this bot's application, which is {number}"
            yield Checked(self._setting("DISCORD_APPLICATION_ID"), what, "Leave it out", "warning")

    # --- servers ---------------------------------------------------------------------------------

    async def servers(self) -> list[Json]:
        """Those of the first page; a bot in more of them is told how many."""
        return _list(await self._ask.get(f"/users/@me/guilds?limit={_PAGE}"))

    def of_servers(self, servers: list[Json], application: str) -> Iterator[Checked]:
        wanted = PERMISSIONS | (MANAGE_WEBHOOKS if self._faces else 0)
        for one in servers[:_SERVERS]:
            has = int(one.get("permissions") or 0)
            if missing := lacking(has, wanted):
                mend = "Give them to its role there, or bring it in again by "
                mend += invite(application, faces=self._faces)
                what = f"lacks {', '.join(missing)} in {_named(one)}"
                yield Checked(self._where, what, mend, "warning")
            elif has & ADMINISTRATOR:
                what = f"is an administrator of {_named(one)}, which is more than it needs"
                yield Checked(self._where, what, severity="note")
        if len(servers) > _SERVERS:
            more = f"{len(servers) - _SERVERS}{' or more' if len(servers) == _PAGE else ''}"
            what = f"servers that were not looked at: {more}"
            yield Checked(self._where, what, severity="note")
        yield from self._of_listed_servers(servers, application)

    def _of_listed_servers(self, servers: list[Json], application: str) -> Iterator[Checked]:
        listed = self._door.gate.servers if self._door.gate else None
        if listed is None:
            return
        setting, here = self._setting("DISCORD_ALLOWED_SERVERS"), {one["id"] for one in servers}
        if len(servers) < _PAGE:
            for number in sorted(listed.ids - here):
                mend = f"Bring it there by {invite(application, faces=self._faces)}"
                yield Checked(setting, f"it is in no server {number}", mend, "warning")
        for one in servers[:_SERVERS]:
            if not listed.holds(one["id"]):
                does = "goes out of" if self._door.leaves else "is silent in"
                what = f"it {does} {_named(one)}, which is not listed"
                yield Checked(setting, what, severity="note")

    # --- channels and roles ----------------------------------------------------------------------

    async def of_places(self, servers: list[Json]) -> AsyncIterator[Checked]:
        gate = self._door.gate
        if gate is not None and gate.channels is not None:
            setting = self._setting("DISCORD_ALLOWED_CHANNELS")
            known = {one["id"]: one for one in servers}
            numbers = sorted(gate.channels.ids, key=int)
            for number in numbers[:_ROOMS]:
                what, mend = await self._of_channel(number, known)
                if what:
                    yield Checked(setting, what, mend, "warning")
            if len(numbers) > _ROOMS:
                what = f"channels that were not looked at: {len(numbers) - _ROOMS}"
                yield Checked(setting, what, severity="note")
        if gate is not None and gate.roles is not None and len(servers) <= _SERVERS:
            known_roles: set[str] = set()
            for one in servers:
                roles = _list(await self._ask.get(f"/guilds/{one['id']}/roles"))
                known_roles.update(role["id"] for role in roles)
            for number in sorted(gate.roles.ids - known_roles, key=int):
                setting = self._setting("DISCORD_ALLOWED_ROLES")
                what = f"no server that it is in has a role {number}"
                yield Checked(setting, what, "In Discord: Roles, the role, Copy Role ID", "warning")

    async def _of_channel(self, number: str, servers: dict[str, Json]) -> tuple[str, str]:
        """What is wrong with it there, and how to mend that; twice nothing where all is well."""
        answer = await self._ask.get(f"/channels/{number}")
        shows = "Let its role see the channel, or take it off the list"
        if answer.status == 404:
            return f"there is no channel {number}", "In Discord: Copy Channel ID"
        if answer.status == 403:
            return f"it may not see the channel {number}", shows
        room = _whole(answer)
        name, kind = f"#{one_line(str(room.get('name') or number))}", room.get("type")
        if kind in _DIRECT:
            return f"{number} is a direct chat", "DISCORD_DIRECT_MESSAGES switches those"
        if kind == _CATEGORY:
            return f"{name} is a category, and no channel", "Name the channels in it"
        server = snowflake(room.get("guild_id"))
        if server not in servers:
            return "", ""  # of a server behind those that were looked at
        above = room
        if "thread_metadata" in room and (parent := snowflake(room.get("parent_id"))):
            above = _whole(await self._ask.get(f"/channels/{parent}"))
        member = _whole(await self._ask.get(f"/guilds/{server}/members/{self.us}"))
        has = int(servers[server].get("permissions") or 0)
        may = in_channel(has, above, server, self.us, member.get("roles") or [])
        if missing := lacking(may, _needed(room)):
            return f"it lacks {', '.join(missing)} in {name} of {_named(servers[server])}", shows
        return "", ""

    # --- commands, connections -------------------------------------------------------------------

    async def of_commands(self, servers: list[Json], application: str) -> AsyncIterator[Checked]:
        everywhere = _keys(_list(await self._ask.get(f"/applications/{application}/commands")))
        if everywhere:
            menu = f"commands for all servers: {len(everywhere)}"
        else:
            menu = "has no commands yet: the first start registers them"
        yield Checked(self._where, menu, severity="note")
        for one in servers[:_LOOKED_INTO]:
            path = f"/applications/{application}/guilds/{one['id']}/commands"
            here = _keys(_list(await self._ask.get(path)))
            if not here:
                continue
            if doubled := sorted(f"/{name}" for kind, name in here if (kind, name) in everywhere):
                what = f"shows {', '.join(doubled)} twice in {_named(one)}"
                mend = "Another program has registered them there: take them away by it"
                yield Checked(self._where, what, mend, "warning")
            else:
                what = f"more commands in {_named(one)}: {len(here)}"
                yield Checked(self._where, what, severity="note")

    async def of_gateway(self) -> AsyncIterator[Checked]:
        told = _whole(await self._ask.get("/gateway/bot"))
        shards, limit = int(told.get("shards") or 1), told.get("session_start_limit") or {}
        left, most = int(limit.get("remaining") or 0), int(limit.get("total") or 0)
        lines = "one connection" if shards == 1 else f"{shards} connections"
        what = f"Discord asks for {lines}; {left} of {most} logins are left for today"
        short = left < _SPARED
        mend = "Something begins anew again and again: look into the log" if short else ""
        yield Checked(self._where, what, mend, "warning" if short else "note")
        wanted = int(self._link.settings.number("DISCORD_SHARDS", 0))
        if 0 < wanted < shards:
            setting, what = self._setting("DISCORD_SHARDS"), f"Discord asks for {lines}"
            yield Checked(setting, what, "Leave it out, or set it to as many", "warning")

    def _setting(self, key: str) -> str:
        return f"{key} of {self._link.character.name}, in {self._link.settings.where(key)}"


def _needed(room: Json) -> int:
    view, send, in_threads = 1 << 10, 1 << 11, 1 << 38
    has_threads_alone = "thread_metadata" in room or room.get("type") in (15, 16)
    return view | (in_threads if has_threads_alone else send)


def _keys(commands: list[Json]) -> Counter[tuple[int, str]]:
    return Counter((int(one.get("type") or 1), str(one.get("name"))) for one in commands)


def _named(server: Json) -> str:
    return f"{one_line(str(server.get('name') or 'a server'))} ({server['id']})"


def _whole(answer: Answer) -> Json:
    """Empty for a refusal: the other questions are asked all the same."""
    return answer.body if answer.status == 200 and isinstance(answer.body, dict) else {}


def _list(answer: Answer) -> list[Json]:
    body = answer.body if answer.status == 200 and isinstance(answer.body, list) else []
    return [one for one in body if isinstance(one, dict)]
