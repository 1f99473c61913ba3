"""The players: people whom a test or a page moves, and the bots they meet."""

import secrets
import uuid
from collections.abc import Sequence
from typing import Any

from bots.sandbox import managed
from bots.sandbox.discord import deeds
from bots.sandbox.member import Member
from bots.sandbox.speaker import as_it_is, topic_of
from bots.sandbox.world import PRESENT, Account, Chat, Message, World

RIGHTS = ("can_reply", "can_read_messages", "can_delete_sent_messages", "can_delete_all_messages")
"""What a business lets its bot do where nothing else is said."""
DRAFT_LASTS = 30.0
_RULERS = frozenset({"creator", "administrator"})
ABILITIES = frozenset(
    {"topics", "new_topics", "guests", "inline", "feedback", "business", "managing"}
)


class Person(Member):
    """A person; every deed happens at once and is heard by the bots that may hear it."""

    __slots__ = ()

    def deletes(self, *messages: Message) -> None:
        """Take messages of one chat back; Discord tells every bot, Telegram that of a business."""
        gone = [as_it_is(message) for message in messages]
        chat = gone[0].chat
        if chat.platform == "discord":
            for now in gone:
                deeds.deletes(self.world, self, now)
            return
        rules = chat.kind in {"private", "business"} or self.standing(chat) in _RULERS
        if not rules and any(now.sender is not self for now in gone):
            raise ValueError("only its writer or an administrator can delete a message")
        if len(gone) == 1:
            self.world.delete(gone[0])
            return
        numbers = [now.id for now in gone if now.chat is chat]
        self.world.commit({"fact": "delete_all", "chat": chat.key, "ids": numbers})

    def purges(self, *messages: Message) -> None:
        """Take many messages of a Discord channel away at once, as its moderators can."""
        deeds.purges(self.world, self, [as_it_is(message) for message in messages])

    def dismisses(self, message: Message) -> None:
        """Put away what a bot said on Discord to this person alone."""
        deeds.dismisses(self.world, self, as_it_is(message))

    def reacts(self, message: Message, emoji: str | None, *, on: bool = True) -> None:
        """React with one emoji; None takes every reaction back, `on=False` this one (on Discord)."""
        now = as_it_is(message)
        if now.chat.platform == "discord":
            deeds.reacts(self.world, self, now, emoji, on=on)
            return
        if self.standing(now.chat) not in PRESENT:
            raise ValueError(f"{self.name} is not in {now.chat.title}")
        self.world.react(self, now, emoji)

    def presses(self, message: Message, data: str, *, values: Sequence[str] = ()) -> str:
        """Press the button that carries this data; gives the id of the press.

        On Discord that may be a menu as well, with the `values` that were picked.
        """
        now = as_it_is(message)
        if now.chat.platform == "discord":
            return deeds.presses(self.world, self, now, data, values)
        rows: list[list[dict[str, Any]]] = (now.markup or {}).get("inline_keyboard", [])
        if not any(button.get("callback_data") == data for row in rows for button in row):
            raise ValueError(f"the message has no button {data!r}")
        press = uuid.uuid4().hex[:18]
        fact = {"fact": "press", "press": press, "chat": now.chat.key, "id": now.id}
        self.world.commit({**fact, "who": self.id, "data": data, "date": self.world.now()})
        return press

    def uses(self, chat: Chat, bot: Account, command: str, /, **options: Any) -> str:
        """Give a slash command of a bot on Discord; gives the id of the interaction."""
        return deeds.uses(self.world, self, chat, bot, command, options)

    def installs(self, bot: Account, *, on: bool = True) -> None:
        """Take an application of Discord along, to use it wherever one is; or leave it again."""
        fact = {"fact": "installed", "who": self.id, "bot": bot.id, "on": on}
        self.world.commit(fact)

    def completes(
        self, chat: Chat, bot: Account, command: str, option: str, /, **options: Any
    ) -> str:
        """Begin to write an option of a command, so that the bot offers choices for it."""
        return deeds.uses(self.world, self, chat, bot, command, options, completing=option)

    def fills(self, interaction: str, /, **fields: str | Sequence[str]) -> str:
        """Fill in the form that a bot answered an interaction with, and send it."""
        return deeds.fills(self.world, self, interaction, fields)

    def types(self, chat: Chat) -> None:
        """Begin to type, as others on Discord can see."""
        deeds.types(self.world, self, chat)

    def blocks(self, bot: Account, *, on: bool = True) -> None:
        """Block a bot, or let it in again: the bot is told either way."""
        fact = {"fact": "block", "person": self.id, "bot": bot.id, "on": on}
        self.world.commit({**fact, "date": self.world.now()})

    def refuses_voice(self, *, on: bool = True) -> None:
        """Be sent no voice messages in private."""
        self.world.commit({"fact": "able", "bot": self.id, "what": "silence", "on": on})

    def hides_name(self, *, on: bool = True) -> None:
        """Let nobody see from a forward whose words it has, but for the name."""
        self.world.commit({"fact": "hidden", "who": self.id, "on": on})

    def starts(self, bot: Account, payload: str = "") -> Message:
        """Press Start in the chat with a bot, or follow a link to it that bears a payload."""
        chat = self.world.dm_of(self.id, bot.id)
        if chat is None:
            chat = self.world.open_chat("private", bot.name, [self], [bot])
        if (self.id, bot.id) in self.world.blocked:
            self.blocks(bot, on=False)
        return self.says(chat, f"/start {payload}".rstrip())

    def speaks(self, language: str) -> None:
        """Use Telegram in this language, as its code."""
        self.world.commit({"fact": "language", "who": self.id, "language": language})

    def votes(self, message: Message, *options: str | int) -> None:
        """Vote in a poll, by the words of options or their numbers; with none, take the vote back."""
        now = as_it_is(message)
        if now.chat.platform == "discord":
            deeds.votes(self.world, self, now, options)
            return
        poll = now.more.get("poll")
        if poll is None or poll["is_closed"]:
            raise ValueError("there is no open poll")
        texts = [option["text"] for option in poll["options"]]
        chosen = [texts.index(one) if isinstance(one, str) else one for one in options]
        if not set(chosen) <= set(range(len(texts))):
            raise ValueError("the poll has no such option")
        if len(chosen) > 1 and not poll["allows_multiple_answers"]:
            raise ValueError("only one option can be chosen")
        if not poll["allows_revoting"] and self.id in self.world.votes.get(poll["id"], {}):
            raise ValueError("nobody votes twice in a quiz")
        fact = {"fact": "vote", "chat": now.chat.key, "id": now.id, "who": self.id}
        self.world.commit({**fact, "options": sorted(set(chosen)), "date": self.world.now()})

    def closes_poll(self, message: Message) -> Message:
        """End a poll of one's own."""
        now = self.own(message)
        if now.chat.platform == "discord":
            return deeds.closes_poll(self.world, now)
        poll = now.more.get("poll")
        if poll is None or poll["is_closed"]:
            raise ValueError("there is no open poll")
        return self.world.amend(now, {**now.more, "poll": {**poll, "is_closed": True}})

    def stops(self, chat: Chat, topic: int | str | None = None) -> int:
        """Press Stop under the draft that a bot shows here; gives the number of the draft."""
        place = topic_of(chat, topic)
        for (key, where, bot), draft in self.world.drafts.items():
            fresh = draft.date > self.world.now() - DRAFT_LASTS
            if key == chat.key and where == place and draft.more.get("can_stop") and fresh:
                fact = {"fact": "stop", "chat": key, "topic": place, "bot": bot, "who": self.id}
                self.world.commit({**fact, "draft": draft.draft, "date": self.world.now()})
                return draft.draft or 0
        raise ValueError("there is nothing to stop")

    def moves(self, message: Message, latitude: float, longitude: float) -> Message:
        """Go somewhere else while sharing where one is."""
        now = self.own(message)
        place = now.more.get("location") or {}
        if not place.get("live_period"):
            raise ValueError("this place does not move")
        more = {"location": {**place, "latitude": latitude, "longitude": longitude}}
        return self.world.edit(now, "", (), now.markup, more={**now.more, **more})

    def summons(
        self, chat: Chat, bot: Account, text: str, *, reply_to: Message | None = None
    ) -> Message:
        """Call a bot that is a guest into a chat where it is no member."""
        if "guests" not in bot.able:
            raise ValueError(f"{bot.name} is nobody's guest")
        return self.says(chat, f"@{bot.username} {text}", reply_to=reply_to)

    def types_inline(
        self, bot: Account, text: str, chat: Chat | None = None, *, offset: str = ""
    ) -> str:
        """Begin a message with the name of a bot, so that it offers something; gives the query's id."""
        if "inline" not in bot.able:
            raise ValueError(f"{bot.name} offers nothing")
        query = str(secrets.randbits(62))
        fact = {"fact": "inline_query", "query": query, "bot": bot.id, "who": self.id, "id": 0}
        place = {"chat": chat.key if chat is not None else None, "offset": offset}
        self.world.commit({**fact, **place, "text": text, "date": self.world.now()})
        return query

    def chooses(self, chat: Chat, bot: Account, query: str, result: str, text: str = "") -> Message:
        """Send one of the results that a bot has offered for an inline query; `text` is what was
        typed, if that is not the query's own."""
        offered = self.world.results.get(query, [])
        found = next((one for one in offered if one["id"] == result), None)
        if found is None:
            raise ValueError("the bot did not offer that")
        said = self.world.say(
            self,
            chat,
            found["text"],
            entities=found.get("entities", ()),
            markup=found.get("markup"),
            more={**found.get("media", {}), "via_bot": bot.id},
        )
        typed = text or self.world.queries.get(query, {}).get("text", "")
        fact = {"fact": "chosen", "bot": bot.id, "who": self.id, "result": result, "text": typed}
        self.world.commit({**fact, "query": query, "chat": chat.key, "id": said.id})
        return said

    def connects(self, bot: Account, *, rights: Sequence[str] = RIGHTS) -> str:
        """Let a bot stand in for one's business; gives the id of the connection."""
        if "business" not in bot.able:
            raise ValueError(f"{bot.name} serves no business")
        known = self._connection(bot)
        number = known["id"] if known is not None else secrets.token_urlsafe(12)
        fact = {"fact": "connection", "id": number, "user": self.id, "bot": bot.id, "on": True}
        self.world.commit({**fact, "rights": list(rights), "date": self.world.now()})
        return number

    def creates_bot(self, manager: Account, name: str, username: str) -> "Bot":
        """Make a bot that another bot manages, as by a button or a link of that one."""
        made = managed.create(self.world, self, manager, name, username)
        assert isinstance(made, Bot)
        return made

    def disconnects(self, bot: Account) -> None:
        known = self._connection(bot)
        if known is None:
            raise ValueError(f"{bot.name} does not stand in for {self.name}")
        self.world.commit({**known, "on": False, "date": self.world.now()})

    def _connection(self, bot: Account) -> dict[str, Any] | None:
        connections = self.world.connections.values()
        mine = (one for one in connections if (one["user"], one["bot"]) == (self.id, bot.id))
        return next(mine, None)


class Bot(Account):
    """A bot that a client logs in as, with its token."""

    __slots__ = ()
    world: World

    @property
    def token(self) -> str:
        return self.world.tokens[self.id]

    def inject(self, update: dict[str, Any] | bytes) -> int:
        """Put an update of any shape before this bot, well formed or not; gives its number."""
        return self.world.inject(self, update)

    def privacy(self, on: bool) -> None:
        """With privacy on, a bot in a group gets only what is for it."""
        self.world.commit({"fact": "privacy", "bot": self.id, "on": on})

    def may(self, *what: str, on: bool = True) -> None:
        """Switch on what BotFather has a switch for: topics (of private chats), new_topics (people
        may begin them), guests, inline, feedback (on what was chosen), business, managing (bots)."""
        unknown = set(what) - ABILITIES
        if unknown:
            raise ValueError(f"there is no switch called {unknown.pop()}")
        for one in what:
            self.world.commit({"fact": "able", "bot": self.id, "what": one, "on": on})


def make_account(
    world: World, number: int, name: str, username: str | None, is_bot: bool, platform: str
) -> Account:
    return (Bot if is_bot else Person)(world, number, name, username, is_bot, platform)
