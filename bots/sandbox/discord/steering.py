"""Driving a local Discord in another process: what to build in it, and trouble on its gateway."""

from collections.abc import Callable
from typing import Any

from bots.sandbox.cast import Bot, Person
from bots.sandbox.discord.server import Discord
from bots.sandbox.things import Account, Chat, Guild
from bots.sandbox.world import World

Json = dict[str, Any]


class Steering:
    """Does what is asked as JSON; LookupError, TypeError and ValueError say what was wrong."""

    def __init__(self, world: World, discord: Discord) -> None:
        self._world = world
        self._discord = discord
        self._building: dict[str, Callable[[Json], Any]] = {
            "discord.bot": self._bot,
            "discord.guild": self._guild,
            "discord.channel": self._channel,
            "discord.thread": self._thread,
            "discord.post": self._post,
            "discord.direct": self._direct,
            "discord.role": self._role,
            "discord.invite": self._invite,
            "discord.remove": self._remove,
            "discord.new_token": self._new_token,
            "discord.group": self._group,
            "discord.installed": self._installed,
            "discord.slow": self._slow,
            "discord.allow": self._allow,
            "discord.archive": self._archive,
            "discord.delete": self._delete,
            "discord.lose": self._lose,
        }

    def knows(self, deed: Any) -> bool:
        return deed in self._building

    def build(self, asked: Json) -> Any:
        """Make a bot, a server or a room; gives what it is known by."""
        return self._building[asked["do"]](asked)

    def _who(self, number: Any) -> Account:
        return self._world.accounts[int(number)]

    def _person(self, number: Any) -> Person:
        who = self._who(number)
        if not isinstance(who, Person):
            raise ValueError(f"{who.name} is no person")
        return who

    def _a_bot(self, number: Any) -> Bot:
        who = self._who(number)
        if not isinstance(who, Bot) or who.platform != "discord":
            raise ValueError(f"{who.name} is no bot of Discord")
        return who

    def _room(self, key: Any) -> Chat:
        return self._world.chats[str(key)]

    def _server(self, number: Any) -> Guild:
        return self._world.guilds[int(number)]

    def _bot(self, asked: Json) -> Json:
        given = {name: asked[name] for name in ("token", "message_content") if name in asked}
        bot = self._discord.bot(asked["name"], **given)
        return {"id": bot.id, "token": bot.token, "name": bot.name}

    def _guild(self, asked: Json) -> Json:
        people = [self._person(number) for number in asked["people"]]
        bots = [self._a_bot(number) for number in asked.get("bots", ())]
        names = asked.get("channels", ("general", "random"))
        guild = self._discord.guild(asked["name"], people, bots, channels=names)
        channels = {room.title: room.key for room in guild.channels.values()}
        return {"id": guild.id, "channels": channels}

    def _channel(self, asked: Json) -> str:
        guild, kind = self._server(asked["guild"]), asked.get("kind", "text")
        return self._discord.channel(guild, asked["name"], kind).key

    def _thread(self, asked: Json) -> str:
        room, by = self._room(asked["channel"]), self._who(asked["as"])
        said = room.messages[int(asked["message"])] if "message" in asked else None
        return self._discord.thread(room, asked["name"], by, message=said).key

    def _post(self, asked: Json) -> str:
        board, by = self._room(asked["channel"]), self._who(asked["as"])
        return self._discord.post(board, asked["name"], by, asked["text"]).key

    def _direct(self, asked: Json) -> str:
        return self._discord.dm(self._person(asked["as"]), self._a_bot(asked["bot"])).key

    def _role(self, asked: Json) -> int:
        members = [self._who(number) for number in asked.get("members", ())]
        guild, permissions = self._server(asked["guild"]), asked.get("permissions", 0)
        return self._discord.role(guild, asked["name"], members, permissions=permissions)

    def _invite(self, asked: Json) -> None:
        self._discord.invite(self._server(asked["guild"]), self._who(asked["who"]))

    def _remove(self, asked: Json) -> None:
        self._discord.remove(self._server(asked["guild"]), self._who(asked["who"]))

    def _new_token(self, asked: Json) -> str:
        return self._discord.new_token(self._a_bot(asked["bot"]), asked.get("token"))

    def _group(self, asked: Json) -> str:
        people = [self._person(number) for number in asked["people"]]
        return self._discord.group_dm(asked["name"], people).key

    def _installed(self, asked: Json) -> None:
        on = bool(asked.get("on", True))
        self._person(asked["as"]).installs(self._a_bot(asked["bot"]), on=on)

    def _slow(self, asked: Json) -> None:
        self._discord.slow(self._room(asked["channel"]), int(asked["seconds"]))

    def _allow(self, asked: Json) -> None:
        """Of somebody by `who`, or of a role by `role`."""
        whom = self._who(asked["who"]) if "who" in asked else int(asked["role"])
        allow, deny = int(asked.get("allow", 0)), int(asked.get("deny", 0))
        self._discord.allow(self._room(asked["channel"]), whom, allow=allow, deny=deny)

    def _archive(self, asked: Json) -> None:
        on, locked = bool(asked.get("on", True)), bool(asked.get("locked"))
        self._discord.archive(self._room(asked["thread"]), on=on, locked=locked)

    def _delete(self, asked: Json) -> None:
        self._discord.delete_channel(self._room(asked["channel"]))

    def _lose(self, asked: Json) -> None:
        self._discord.lose(self._server(asked["guild"]), on=bool(asked.get("on", True)))

    # -- trouble -------------------------------------------------------------------------------

    async def trouble(self, asked: Json) -> Any:
        """Do one thing to the gateway, or cut Discord off altogether and bring it back."""
        gateway, deed = self._discord.gateway, asked["do"]
        if deed == "refuse":
            return gateway.refuse(bool(asked.get("on", True)), status=asked.get("status", 503))
        if deed == "outage":
            return await (
                self._discord.cut_off() if asked.get("on", True) else self._discord.back()
            )
        bot = self._a_bot(asked["bot"])
        match deed:
            case "drop":
                return gateway.drop(bot)
            case "reconnect":
                return gateway.reconnect(bot)
            case "invalidate":
                return gateway.invalidate(bot, resumable=bool(asked.get("resumable")))
            case "close":
                return gateway.close(bot, int(asked.get("code", 4000)))
            case "hold":
                return gateway.hold(bot, bool(asked.get("on", True)))
            case "dispatch":
                data = asked["raw"].encode() if "raw" in asked else asked["data"]
                return gateway.dispatch(bot, asked["event"], data)
            case _:
                raise ValueError(f"there is no trouble called {deed}")

    def standing(self) -> Json:
        """How each bot stands with the gateway: its connections, and what waits for it."""
        return {str(bot.id): self._of(bot) for bot in self._discord.bots()}

    def _of(self, bot: Bot) -> Json:
        gateway = self._discord.gateway
        counts = gateway.sessions(bot)
        return {
            "connections": counts.connections,
            "identifies": counts.identifies,
            "resumes": counts.resumes,
            "pending": gateway.pending(bot),
        }
