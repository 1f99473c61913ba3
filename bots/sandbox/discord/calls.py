"""How somebody comes into a voice channel, is moved, and is put out: the main gateway's half of it.

The other half is the voice server: it lets those in who bring the token that is handed out here.
"""

import secrets
from typing import Any, Protocol

import orjson

from bots.sandbox.discord.attendance import inside
from bots.sandbox.discord.permissions import CONNECT, MOVE, SPEAK, SPOKEN, in_channel
from bots.sandbox.discord.sessions import Event, Session, Sessions
from bots.sandbox.things import Account, Change, Chat, Fact, Guild
from bots.sandbox.world import World

Json = dict[str, Any]
_MAY_CHANGE = frozenset({"chat", "role", "member"})
"""Changes by which somebody may do more or less than before."""


class VoiceServer(Protocol):
    """What is asked of the voice server; everybody is known to it by the ids of Discord."""

    def endpoint(self, guild: int) -> str: ...

    def admit(self, guild: int, channel: int, user: int, session_id: str) -> str:
        """Await a client instead of the one before; gives the token by which it comes."""
        ...

    def dismiss(self, guild: int, user: int, code: int = 4014) -> None:
        """Close the line of a client, or forget the one that was awaited."""
        ...

    def hears(self, guild: int, user: int, on: bool) -> None: ...
    def is_heard(self, guild: int, user: int, on: bool) -> None: ...


class Calls:
    """Knows by which session each bot is in a channel, and tells it where the voice server is."""

    def __init__(self, world: World, sessions: Sessions, server: VoiceServer | None) -> None:
        self._world = world
        self._sessions = sessions
        self._server = server
        sessions.ended = self._over

    # -- what is asked for -----------------------------------------------------------------------

    def ask(self, session: Session, asked: Json) -> None:
        """Op 4. What may not be is refused as Discord refuses it: with no word."""
        guild = self._world.guilds.get(_number(asked.get("guild_id")))
        if guild is None or session.bot not in guild.members or not session.covers(guild.id):
            return
        if asked.get("channel_id") is None:
            self.leave(guild, session.bot)
            return
        room = guild.channels.get(_number(asked["channel_id"]))
        if room is not None and may_enter(room, session.bot):
            names = ("self_mute", "self_deaf", "self_video")
            own = {name: bool(asked.get(name)) for name in names}
            self.enter(room, session.bot, session.id, **own)

    def enter(self, room: Chat, who: Account, session: str, **own: bool) -> None:
        """Let somebody in who may come, or change what this one shows of itself there."""
        assert room.guild is not None
        was = room.guild.voices.get(who)
        stays = was is not None and was.chat is room and was.session == session
        same = was is not None and all(getattr(was, name) == on for name, on in own.items())
        kept: Json = {"suppress": _is_suppressed(room, who)}
        if was is not None and stays:
            kept = {"suppress": was.suppress, "asked": was.asked}
        self._tell(room.guild, who, room, session, {**own, **kept})
        # Who asks for what is so already has lost the voice server and looks for it.
        if not stays or same:
            self._lead(room, who, session)
        self._hush(room.guild, who)

    def leave(self, guild: Guild, who: Account, *, code: int = 4014) -> None:
        """Out of the channel, whether by one's own will or not."""
        was = guild.voices.get(who)
        if was is None:
            return
        self._tell(guild, who, None, was.session, {})
        # People are in this process, and leave by themselves; unless they have a client of their own.
        if self._server is not None and who.platform == "discord":
            self._server.dismiss(guild.id, who.snowflake, code)

    # -- what others do to somebody --------------------------------------------------------------

    def move(self, guild: Guild, who: Account, room: Chat) -> None:
        """Put somebody who is in a channel into another one of the server."""
        was = guild.voices[who]
        if was.chat is room:
            return
        own = {name: getattr(was, name) for name in ("self_mute", "self_deaf", "self_video")}
        self._tell(guild, who, room, was.session, {**own, "suppress": _is_suppressed(room, who)})
        self._lead(room, who, was.session)
        self._hush(guild, who)

    def rule(
        self, guild: Guild, who: Account, *, mute: bool | None = None, deaf: bool | None = None
    ) -> None:
        """Let a member be heard by nobody or hear nobody in this server, or end that."""
        fact: Fact = {"fact": "voice_ruled", "guild": guild.id, "who": who.id}
        self._world.commit({**fact, "mute": mute, "deaf": deaf})
        self._again(guild, who)

    def bid(self, guild: Guild, who: Account, *, suppress: bool) -> None:
        """Let somebody in the audience of a stage channel speak, or no more."""
        self._again(guild, who, suppress=suppress, asked="")

    def beg(self, guild: Guild, who: Account, at: str) -> None:
        """Somebody in the audience asks to speak; empty: no more."""
        self._again(guild, who, asked=at)

    def relocate(self, guild: int) -> None:
        """Tell the bots of a server where its voice server is now, and by which token they come."""
        for who, state in self._world.guilds[guild].voices.items():
            self._lead(state.chat, who, state.session)

    # -- what follows ----------------------------------------------------------------------------

    def hear(self, change: Change) -> None:
        """Whose channel is gone, or who is out of the server, is in no channel; whoever has lost
        Speak is suppressed at once, and speaks again at once."""
        if change.kind == "chat" and change.fact.get("deed") == "gone" and change.chat is not None:
            for who in inside(change.chat):
                assert change.guild is not None
                self.leave(change.guild, who, code=4022)
        elif change.kind == "member" and change.guild is not None and change.fact["deed"] == "left":
            self.leave(change.guild, self._world.accounts[change.fact["who"]])
        elif change.kind in _MAY_CHANGE and change.guild is not None:
            self._judge(change.guild)

    def _judge(self, guild: Guild) -> None:
        for who, state in tuple(guild.voices.items()):
            suppress = _is_suppressed(state.chat, who)
            if state.chat.kind != "stage" and state.suppress is not suppress:
                self._again(guild, who, suppress=suppress)

    def of(self, session: Session) -> bool:
        """Whether a bot is in any channel by this session."""
        return any(
            guild.voices[session.bot].session == session.id
            for guild in self._world.guilds.values()
            if session.bot in guild.voices
        )

    def _over(self, session: Session) -> None:
        for guild in self._world.guilds.values():
            state = guild.voices.get(session.bot)
            if state is not None and state.session == session.id:
                self.leave(guild, session.bot)

    def _again(self, guild: Guild, who: Account, **changed: bool | str) -> None:
        was = guild.voices.get(who)
        if was is None:
            return
        names = ("self_mute", "self_deaf", "self_video", "suppress", "asked")
        own = {name: getattr(was, name) for name in names}
        self._tell(guild, who, was.chat, was.session, {**own, **changed})
        self._hush(guild, who)

    def _tell(self, guild: Guild, who: Account, room: Chat | None, session: str, own: Json) -> None:
        fact: Fact = {"fact": "voice_state", "guild": guild.id, "who": who.id, "session": session}
        self._world.tell({**fact, "chat": None if room is None else room.key, **own})

    def _lead(self, room: Chat, who: Account, session: str) -> None:
        """Tell a client where to go; people in this process have no session, and need no telling."""
        line, guild = self._sessions.find(session), room.guild
        if line is None or guild is None:
            return
        # Without a voice server Discord says so by an empty endpoint, and the client waits.
        token, endpoint = secrets.token_hex(8), None
        if self._server is not None:
            token = self._server.admit(guild.id, room.id, who.snowflake, session)
            endpoint = self._server.endpoint(guild.id)
        data = {"token": token, "guild_id": str(guild.id), "endpoint": endpoint}
        line.put(Event("VOICE_SERVER_UPDATE", orjson.dumps(data)))

    def _hush(self, guild: Guild, who: Account) -> None:
        """Let the voice server know who is not to be heard, and who hears nobody."""
        state = guild.voices.get(who)
        if state is None or self._server is None:
            return
        muted = state.self_mute or state.suppress or who in guild.hushed
        self._server.is_heard(guild.id, who.snowflake, not muted)
        deaf = state.self_deaf or who in guild.deafened
        self._server.hears(guild.id, who.snowflake, not deaf)


def may_enter(room: Chat, who: Account) -> bool:
    """Whether somebody may come in by the own will: a full channel is closed to most."""
    if room.kind not in SPOKEN:
        return False
    may, limit, there = in_channel(room, who), room.more.get("user_limit", 0), inside(room)
    full = 0 < limit <= len(there) and who not in there
    return bool(may & CONNECT) and (not full or bool(may & MOVE))


def _is_suppressed(room: Chat, who: Account) -> bool:
    """Whether somebody comes in as one who only listens."""
    return room.kind == "stage" or not in_channel(room, who) & SPEAK


def _number(value: object) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else 0
