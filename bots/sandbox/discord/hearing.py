"""What happens in the world, as the events that each bot may hear of it.

An event is encoded once and the same bytes go to all who hear the same. `needed` says by which
intent a session hears it; a room is heard by those who see it.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import orjson

from bots.sandbox.discord import shapes
from bots.sandbox.discord.attendance import gone_from_voice, voice_state
from bots.sandbox.discord.greeting import guild_create
from bots.sandbox.discord.intents import Intents, needed
from bots.sandbox.discord.permissions import THREADS
from bots.sandbox.discord.sessions import Event, Session, Sessions
from bots.sandbox.things import Account, Change, Chat, Guild, Message
from bots.sandbox.world import World

Json = dict[str, Any]
_EPHEMERAL: Final = 1 << 6
_IN_VOICE: Final = Intents.GUILD_VOICE_STATES
_WITHHELD: Final[Json] = {"content": "", "attachments": [], "embeds": [], "components": []}


class Hearing:
    """Turns each change of the world into events, and puts them into the sessions that hear them."""

    def __init__(self, world: World, sessions: Sessions) -> None:
        self._world = world
        self._sessions = sessions
        self._tellers: dict[str, Callable[[Change], None]] = {
            "message": self._message,
            "edit": self._message,
            "delete": self._delete,
            "deleted_together": self._deleted_together,
            "react": self._react,
            "typing": self._typing,
            "chat": self._chat,
            "thread_member": self._thread_member,
            "member": self._member,
            "role": self._role,
            "guild": self._guild,
            "hook": self._hook,
            "poll_vote": self._poll_vote,
            "ban": self._ban,
            "guild_outage": self._outage,
            "sticker": self._stickers,
            "voice_state": self._voice_state,
            "voice_ruled": self._voice_ruled,
        }

    def tell(self, change: Change) -> None:
        """Tell every session what it may hear of a change; other platforms' changes are silent."""
        if change.chat is not None and change.chat.platform != "discord":
            return
        teller = self._tellers.get(change.kind)
        if teller is not None and self._sessions:
            teller(change)

    # -- to whom ---------------------------------------------------------------------------------

    def _put(
        self,
        name: str,
        data: Json,
        guild: Guild | None,
        hears: Callable[[Account], bool],
        *,
        about: Account | None = None,
        intent: Intents | None = None,
    ) -> None:
        """Give an event to the sessions of those who hear it; `about` needs no intent for itself."""
        if guild is not None:
            data["guild_id"] = str(guild.id)
        intent = intent or needed(name, direct=guild is None)
        event: Event | None = None
        for session in self._near(guild, hears):
            if session.wants(intent) or session.bot is about:
                event = event or Event(name, orjson.dumps(data))
                session.put(event)

    def _near(self, guild: Guild | None, hears: Callable[[Account], bool]) -> Iterator[Session]:
        number = guild.id if guild is not None else 0
        for session in self._sessions:
            if hears(session.bot) and session.covers(number):
                yield session

    # -- messages --------------------------------------------------------------------------------

    def _message(self, change: Change) -> None:
        said, room = _subject(change)
        if said.more.get("flags", 0) & _EPHEMERAL:
            return
        name = "MESSAGE_CREATE" if change.kind == "message" else "MESSAGE_UPDATE"
        data = shapes.message_event(self._world, said)
        # Whose reactions they are differs for each who hears it, so Discord leaves them out.
        data.pop("reactions", None)
        intent = needed(name, direct=room.guild is None)
        whole: Event | None = None
        for session in self._near(room.guild, room.members.__contains__):
            if not session.wants(intent):
                continue
            if _may_read(session, said):
                whole = whole or Event(name, orjson.dumps(data))
                session.put(whole)
            else:
                session.put(Event(name, orjson.dumps(_withheld(data, session.bot))))
        if change.before is not None and change.before.more.get("pinned") != said.more.get(
            "pinned"
        ):
            self._pins(room)

    def _pins(self, room: Chat) -> None:
        stand = (said for said in room.messages.values() if not said.deleted)
        last = max((said.more["pinned"] for said in stand if said.more.get("pinned")), default=None)
        data = {"channel_id": str(room.id), "last_pin_timestamp": last}
        self._put("CHANNEL_PINS_UPDATE", data, room.guild, room.members.__contains__)

    def _delete(self, change: Change) -> None:
        said, room = _subject(change)
        if said.more.get("flags", 0) & _EPHEMERAL or change.fact.get("together"):
            return
        data = {"id": str(said.id), "channel_id": str(room.id)}
        self._put("MESSAGE_DELETE", data, room.guild, room.members.__contains__)

    def _deleted_together(self, change: Change) -> None:
        """One event for many deletions, each of which said in its fact that it is `together`."""
        room = self._world.chats[change.fact["chat"]]
        data = {"ids": [str(number) for number in change.fact["ids"]], "channel_id": str(room.id)}
        self._put("MESSAGE_DELETE_BULK", data, room.guild, room.members.__contains__)

    def _react(self, change: Change) -> None:
        said, room = _subject(change)
        who, guild = self._world.accounts[change.fact["who"]], room.guild
        data: Json = {
            "user_id": str(who.snowflake),
            "channel_id": str(room.id),
            "message_id": str(said.id),
            "emoji": shapes.emoji(change.fact["emoji"]),
            "type": 0,
            "burst": False,
        }
        if change.fact["on"]:
            data |= {"message_author_id": str(said.sender.snowflake), "burst_colors": []}
            if guild is not None and who in guild.members:
                data["member"] = shapes.member(guild, who)
        name = "MESSAGE_REACTION_ADD" if change.fact["on"] else "MESSAGE_REACTION_REMOVE"
        self._put(name, data, guild, room.members.__contains__)

    def _poll_vote(self, change: Change) -> None:
        said, room = _subject(change)
        who = self._world.accounts[change.fact["who"]]
        data: Json = {
            "user_id": str(who.snowflake),
            "channel_id": str(room.id),
            "message_id": str(said.id),
            "answer_id": change.fact["answer"],
        }
        direct = room.guild is None
        intent = Intents.DIRECT_MESSAGE_POLLS if direct else Intents.GUILD_MESSAGE_POLLS
        name = "MESSAGE_POLL_VOTE_ADD" if change.fact["on"] else "MESSAGE_POLL_VOTE_REMOVE"
        self._put(name, data, room.guild, room.members.__contains__, intent=intent)

    def _typing(self, change: Change) -> None:
        assert change.chat is not None
        room, who = change.chat, self._world.accounts[change.fact["who"]]
        data: Json = {
            "channel_id": str(room.id),
            "user_id": str(who.snowflake),
            "timestamp": int(self._world.now()),
        }
        if room.guild is not None and who in room.guild.members:
            data["member"] = shapes.member(room.guild, who)
        self._put("TYPING_START", data, room.guild, room.members.__contains__)

    # -- channels and threads --------------------------------------------------------------------

    def _chat(self, change: Change) -> None:
        assert change.chat is not None
        room, guild, deed = change.chat, change.chat.guild, change.fact["deed"]
        if guild is None:
            return  # a direct channel is made known by its first message
        if room.kind in THREADS:
            self._thread(room, guild, deed)
            return
        name = {"made": "CHANNEL_CREATE", "changed": "CHANNEL_UPDATE", "gone": "CHANNEL_DELETE"}
        data = shapes.channel(room) if deed != "gone" else _gone_channel(room)
        self._put(name[deed], data, guild, guild.members.__contains__)
        if deed == "changed" and change.fact.get("closed") is False:
            who = self._world.accounts[change.fact["who"]]
            self._put("THREAD_LIST_SYNC", _threads(room, guild, who), guild, _only(who))

    def _thread(self, room: Chat, guild: Guild, deed: str) -> None:
        if deed == "gone":
            assert room.parent is not None
            data: Json = {"id": str(room.id), "parent_id": str(room.parent.id)}
            data["type"] = shapes.type_of(room)
            self._put("THREAD_DELETE", data, guild, room.members.__contains__)
        elif deed == "changed":
            self._put("THREAD_UPDATE", shapes.thread(room), guild, room.members.__contains__)
        else:
            for bot in room.bots():
                data = {**shapes.thread(room, bot), "newly_created": True}
                self._put("THREAD_CREATE", data, guild, _only(bot))

    def _thread_member(self, change: Change) -> None:
        room, who = change.chat, self._world.accounts[change.fact["who"]]
        assert room is not None
        assert room.guild is not None
        guild = room.guild
        data: Json = {"id": str(room.id), "member_count": min(50, len(room.joined))}
        if change.fact["on"]:
            if who.is_bot:
                # A bot learns of the thread itself when it is taken into it.
                self._put("THREAD_CREATE", shapes.thread(room, who), guild, _only(who))
            added = {**shapes.thread_member(room, who), "member": shapes.member(guild, who)}
            data["added_members"] = [{**added, "presence": None}]
        else:
            data["removed_member_ids"] = [str(who.snowflake)]

        def hears(bot: Account) -> bool:
            return bot is who or bot in room.members

        self._put("THREAD_MEMBERS_UPDATE", data, guild, hears, about=who)

    # -- servers ---------------------------------------------------------------------------------

    def _member(self, change: Change) -> None:
        guild, who, deed = change.guild, self._world.accounts[change.fact["who"]], None
        if guild is None:
            return
        deed = change.fact["deed"]

        def others(bot: Account) -> bool:
            return bot is not who and bot in guild.members

        if deed == "roles":
            data = shapes.member(guild, who)
            self._put("GUILD_MEMBER_UPDATE", data, guild, guild.members.__contains__, about=who)
        elif deed == "left":
            self._put("GUILD_MEMBER_REMOVE", {"user": shapes.user(who)}, guild, others)
            self._gone_guild(guild, who)
        else:
            self._put("GUILD_MEMBER_ADD", shapes.member(guild, who), guild, others)
            for session in self._near(guild, _only(who)):
                if session.wants(Intents.GUILDS):
                    session.put(guild_create(guild, session, joined=True))

    def _gone_guild(self, guild: Guild, bot: Account) -> None:
        # Without "unavailable": the bot is out of it, it is not that the server is down.
        event = Event("GUILD_DELETE", orjson.dumps({"id": str(guild.id)}))
        for session in self._near(guild, _only(bot)):
            if session.wants(Intents.GUILDS):
                session.put(event)

    def _ban(self, change: Change) -> None:
        guild, who = change.guild, self._world.accounts[change.fact["who"]]
        assert guild is not None
        name = "GUILD_BAN_ADD" if change.fact["on"] else "GUILD_BAN_REMOVE"
        intent = Intents.GUILD_MODERATION
        hears = guild.members.__contains__
        self._put(name, {"user": shapes.user(who)}, guild, hears, intent=intent)

    def _outage(self, change: Change) -> None:
        """A server that is down is not gone: who hears of it must forget nothing."""
        guild = change.guild
        assert guild is not None
        event = Event("GUILD_DELETE", orjson.dumps({"id": str(guild.id), "unavailable": True}))
        for session in self._near(guild, guild.members.__contains__):
            if session.wants(Intents.GUILDS):
                session.put(event if guild.down else guild_create(guild, session))

    def _stickers(self, change: Change) -> None:
        guild = change.guild
        assert guild is not None
        data = {"stickers": [shapes.sticker(guild, number) for number in guild.stickers]}
        hears = guild.members.__contains__
        intent = Intents.GUILD_EXPRESSIONS
        self._put("GUILD_STICKERS_UPDATE", data, guild, hears, intent=intent)

    def _voice_state(self, change: Change) -> None:
        guild, who = change.guild, self._world.accounts[change.fact["who"]]
        assert guild is not None
        there, session = who in guild.voices, change.fact["session"]
        shape = voice_state(guild, who) if there else gone_from_voice(guild, who, session)
        data = {**shape, "member": shapes.member(guild, who)}

        def hears(bot: Account) -> bool:
            return bot is who or bot in guild.members

        self._put("VOICE_STATE_UPDATE", data, guild, hears, about=who, intent=_IN_VOICE)

    def _voice_ruled(self, change: Change) -> None:
        guild, who = change.guild, self._world.accounts[change.fact["who"]]
        assert guild is not None
        data, hears = shapes.member(guild, who), guild.members.__contains__
        self._put("GUILD_MEMBER_UPDATE", data, guild, hears, about=who)

    def _role(self, change: Change) -> None:
        guild, deed = change.guild, change.fact["deed"]
        assert guild is not None
        if deed == "gone":
            data: Json = {"role_id": str(change.fact["id"])}
            self._put("GUILD_ROLE_DELETE", data, guild, guild.members.__contains__)
            return
        name = "GUILD_ROLE_CREATE" if deed == "made" else "GUILD_ROLE_UPDATE"
        data = {"role": shapes.role(guild.roles[change.fact["id"]])}
        self._put(name, data, guild, guild.members.__contains__)

    def _hook(self, change: Change) -> None:
        assert change.chat is not None
        room = change.chat
        # Only that there was a change is told; who wants to know what, has to ask.
        self._put(
            "WEBHOOKS_UPDATE",
            {"channel_id": str(room.id)},
            room.guild,
            room.members.__contains__,
            intent=Intents.GUILD_WEBHOOKS,
        )

    def _guild(self, change: Change) -> None:
        guild = change.guild
        # A server that was just made has no bot in it yet.
        if guild is not None and guild.members:
            self._put("GUILD_UPDATE", shapes.guild(guild), guild, guild.members.__contains__)


def _subject(change: Change) -> tuple[Message, Chat]:
    assert change.message is not None
    return change.message, change.message.chat


def _may_read(session: Session, said: Message) -> bool:
    """Whether the words themselves are for this session: by intent, or because they concern it."""
    if said.chat.guild is None or session.wants(Intents.MESSAGE_CONTENT):
        return True
    return said.sender is session.bot or session.bot.id in said.more.get("mentions", ())


def _withheld(data: Json, bot: Account) -> Json:
    """A message without its words; an answered message of the bot's own keeps them."""
    bare = {**data, **_WITHHELD}
    bare.pop("poll", None)
    answered = data.get("referenced_message")
    if answered is not None and answered["author"]["id"] != str(bot.snowflake):
        bare["referenced_message"] = {**answered, **_WITHHELD}
    return bare


def _threads(room: Chat, guild: Guild, bot: Account) -> Json:
    below = [
        each
        for each in guild.channels.values()
        if each.parent is room and bot in each.members and not shapes.is_archived(each)
    ]
    return {
        "channel_ids": [str(room.id)],
        "threads": [shapes.thread(each, bot) for each in below],
        "members": [shapes.thread_member(each, bot) for each in below if bot in each.joined],
    }


def _only(one: Account) -> Callable[[Account], bool]:
    return lambda bot: bot is one


def _gone_channel(room: Chat) -> Json:
    gone: Json = {"id": str(room.id), "type": shapes.type_of(room), "name": room.title}
    return gone | {"position": 0, "parent_id": None, "permission_overwrites": [], "flags": 0}
