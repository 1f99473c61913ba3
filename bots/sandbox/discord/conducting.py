"""Driving the local Discord's voice channels in another process: who is in them, and what goes wrong."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bots.sandbox.cast import Person
from bots.sandbox.discord.server import Discord
from bots.sandbox.discord.talker import Talker
from bots.sandbox.things import Account, Chat, Guild
from bots.sandbox.world import World

if TYPE_CHECKING:
    from bots.sandbox.discord.voice import CallView

Json = dict[str, Any]


class Conducting:
    """Does what is asked as JSON; LookupError, TypeError and ValueError say what was wrong."""

    def __init__(self, world: World, discord: Discord) -> None:
        self._world = world
        self._discord = discord
        self._deeds: dict[str, Callable[[Json], Any]] = {
            "join": self._join,
            "leave": lambda asked: self._talker(asked).leaves(),
            "mute": lambda asked: self._talker(asked).mutes(on=bool(asked.get("on", True))),
            "deafen": lambda asked: self._talker(asked).deafens(on=bool(asked.get("on", True))),
            "camera": lambda asked: self._talker(asked).shows_camera(
                on=bool(asked.get("on", True))
            ),
            "stop": lambda asked: self._talker(asked).stops(),
            "heard": self._heard,
            "forget": lambda asked: self._talker(asked).forgets(),
            "move": self._move,
            "out": self._out,
            "silence": self._silence,
            "limit": self._limit,
            "region": lambda asked: discord.moves_region(self._server(asked)),
            "fault": self._fault,
            "clear": lambda asked: discord.voice.faults.clear(),
            "policy": self._policy,
            "renew": self._renew,
            "close": self._close,
            "abort": self._abort,
            "refuse": self._refuse,
        }

    async def do(self, asked: Json) -> Any:
        """One deed; `say` gives the seconds that are now to be said."""
        if asked.get("do") == "say":
            return await self._talker(asked).says_file(base64.b64decode(asked["file"]))
        return self._deeds[str(asked.get("do"))](asked)

    def standing(self) -> list[Json]:
        """Every call that somebody is in."""
        if not self._discord.has_voice:
            return []
        return [self._shown(call) for call in self._discord.voice.calls()]

    def _shown(self, call: CallView) -> Json:
        def named(users: object) -> list[int]:
            assert isinstance(users, tuple | frozenset)
            return [self._world.snowflakes[user].id for user in users]

        return {
            "guild": call.guild,
            "channel": f"dc:{call.channel}",
            "inside": named(call.inside),
            "speaking": named(call.speaking),
            "encrypted": named(call.encrypted),
            "version": call.version,
            "epoch": call.epoch,
            "settled": call.settled,
            "code": call.privacy_code,
            "forwarded": call.forwarded,
        }

    # -- whom and where --------------------------------------------------------------------------

    def _who(self, asked: Json, name: str = "who") -> Account:
        return self._world.accounts[int(asked[name])]

    def _room(self, asked: Json) -> Chat:
        return self._world.chats[str(asked["channel"])]

    def _server(self, asked: Json) -> Guild:
        return self._world.guilds[int(asked["guild"])]

    def _place(self, asked: Json) -> tuple[int, int]:
        room = self._room(asked)
        if room.guild is None:
            raise ValueError("this is no channel of a server")
        return room.guild.id, room.id

    def _talker(self, asked: Json) -> Talker:
        """Who acts, named by `as`; `guild` says where, for one who is in channels of several."""
        who = self._who(asked, "as")
        servers = [self._server(asked)] if "guild" in asked else self._world.guilds.values()
        found = [self._discord.talker(who, it) for it in servers if isinstance(who, Person)]
        talker = next((one for one in found if one is not None), None)
        if talker is None:
            raise ValueError(f"{who.name} is in no voice channel")
        return talker

    # -- people ----------------------------------------------------------------------------------

    def _join(self, asked: Json) -> None:
        who = self._who(asked, "as")
        if not isinstance(who, Person):
            raise ValueError(f"{who.name} is no person")
        self._discord.joins_voice(who, self._room(asked))

    def _heard(self, asked: Json) -> Json:
        """What came of somebody, in 16-bit samples of 48 kHz."""
        pcm = self._talker(asked).hears(self._who(asked))
        return {"seconds": len(pcm) / 96_000, "pcm": base64.b64encode(pcm).decode()}

    def _move(self, asked: Json) -> None:
        room = self._room(asked)
        if room.guild is None:
            raise ValueError("this is no channel of a server")
        self._discord.moves_voice(room.guild, self._who(asked), room)

    def _out(self, asked: Json) -> None:
        self._discord.puts_out_of_voice(self._server(asked), self._who(asked))

    def _silence(self, asked: Json) -> None:
        mute, deaf = asked.get("mute"), asked.get("deaf")
        self._discord.silences_voice(self._server(asked), self._who(asked), mute=mute, deaf=deaf)

    def _limit(self, asked: Json) -> None:
        self._discord.limits_voice(self._room(asked), int(asked["people"]))

    # -- trouble ---------------------------------------------------------------------------------

    def _fault(self, asked: Json) -> None:
        """The fields of a Trouble, but for whom: `guild`, `channel`, `of` and `to` as elsewhere here."""
        from bots.sandbox.discord.voice import Trouble

        given = {name: value for name, value in asked.items() if name not in {"do", "channel"}}
        for name in ("of", "to"):
            if given.get(name) is not None:
                given[name] = self._who(given, name).snowflake
        if "channel" in asked:
            given["channel"] = self._room(asked).id
        self._discord.voice.faults.add(Trouble(**given))

    def _policy(self, asked: Json) -> None:
        """Of end-to-end encryption: required, offered or off; in one channel or in all."""
        from bots.sandbox.discord.voice import Policy

        where = self._place(asked) if "channel" in asked else (None, None)
        self._discord.voice.set_policy(Policy(asked["policy"]), *where)

    def _renew(self, asked: Json) -> None:
        self._discord.voice.renew(*self._place(asked))

    def _close(self, asked: Json) -> None:
        code, forget = int(asked.get("code", 4015)), bool(asked.get("forget"))
        guild, who = self._server(asked), self._who(asked)
        self._discord.voice.close(guild.id, who.snowflake, code, forget=forget)

    def _abort(self, asked: Json) -> None:
        self._discord.voice.abort(self._server(asked).id, self._who(asked).snowflake)

    def _refuse(self, asked: Json) -> None:
        self._discord.voice.refuse(int(asked.get("status", 503)) if asked.get("on", True) else None)
