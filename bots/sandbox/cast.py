"""The players: people whom a test or a page moves, and the bots they meet."""

import uuid
from collections.abc import Sequence
from typing import Any

from bots.sandbox import uploads
from bots.sandbox.asked import Upload
from bots.sandbox.discord import deeds
from bots.sandbox.text import units
from bots.sandbox.world import PRESENT, Account, Chat, Entity, Message, World


class Person(Account):
    """A person; every deed happens at once and is heard by the bots that may hear it."""

    __slots__ = ()
    world: World

    def says(
        self,
        chat: Chat,
        text: str,
        *,
        reply_to: Message | int | None = None,
        topic: int | str | None = None,
    ) -> Message:
        """Say something; "@Name" of a member without a username becomes a mention of that person.

        On Discord every member can be named so.
        """
        if chat.platform == "discord":
            return deeds.says(self.world, self, chat, text, reply_to)
        if not text.strip():
            raise ValueError("a message needs text")
        if units(text) > 4096:
            raise ValueError("a message may have 4,096 characters at most")
        return self._say(chat, text, reply_to, topic)

    def sends(
        self,
        chat: Chat,
        name: str,
        data: bytes,
        caption: str = "",
        *,
        reply_to: Message | int | None = None,
        topic: int | str | None = None,
    ) -> Message:
        """Send a document, with words or without; its bytes are kept as long as this process lives."""
        if not data:
            raise ValueError("the file is empty")
        if chat.platform == "discord":
            return deeds.sends(self.world, self, chat, name, data, caption, reply_to)
        if units(caption) > 1024:
            raise ValueError("a caption may have 1,024 characters at most")
        upload = Upload(name.replace("/", "_") or "file", data)
        shape = uploads.described(upload)
        said = self._say(chat, caption, reply_to, topic, {"document": shape})
        uploads.shelve(self.world, shape, upload)
        return said

    def _say(
        self,
        chat: Chat,
        text: str,
        reply_to: Message | int | None,
        topic: int | str | None,
        more: dict[str, Any] | None = None,
    ) -> Message:
        if self._standing(chat) not in PRESENT:
            raise ValueError(f"{self.name} is not in {chat.title}")
        if chat.moved_to is not None:
            raise ValueError(f"{chat.title} became a supergroup")
        place = _topic(chat, topic)
        text, entities = _named(chat, text)
        answered = reply_to.id if isinstance(reply_to, Message) else reply_to
        if answered is not None and (
            answered not in chat.messages or chat.messages[answered].deleted
        ):
            raise ValueError("the message to reply to is not here")
        return self.world.say(
            self, chat, text, entities=entities, topic=place, reply_to=answered, more=more
        )

    def edits(self, message: Message, text: str) -> Message:
        now = self._own(message)
        if now.chat.platform == "discord":
            return deeds.edits(self.world, now, text)
        if not text.strip():
            raise ValueError("a message needs text")
        text, entities = _named(now.chat, text)
        return self.world.edit(now, text, entities, now.markup)

    def deletes(self, message: Message) -> None:
        """Take a message back; Telegram tells no bot about it, Discord every one."""
        now = _as_it_is(message)
        if now.chat.platform == "discord":
            deeds.deletes(self.world, self, now)
            return
        if (
            now.sender is not self
            and now.chat.kind != "private"
            and self._standing(now.chat) != "creator"
        ):
            raise ValueError("only its writer or the owner can delete a message")
        self.world.delete(now)

    def reacts(self, message: Message, emoji: str | None, *, on: bool = True) -> None:
        """React with one emoji; None takes every reaction back, `on=False` this one (on Discord)."""
        now = _as_it_is(message)
        if now.chat.platform == "discord":
            deeds.reacts(self.world, self, now, emoji, on=on)
            return
        if self._standing(now.chat) not in PRESENT:
            raise ValueError(f"{self.name} is not in {now.chat.title}")
        self.world.react(self, now, emoji)

    def presses(self, message: Message, data: str, *, values: Sequence[str] = ()) -> str:
        """Press the button that carries this data; gives the id of the press.

        On Discord that may be a menu as well, with the `values` that were picked.
        """
        now = _as_it_is(message)
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

    def completes(
        self, chat: Chat, bot: Account, command: str, option: str, /, **options: Any
    ) -> str:
        """Begin to write an option of a command, so that the bot offers choices for it."""
        return deeds.uses(self.world, self, chat, bot, command, options, completing=option)

    def fills(self, interaction: str, /, **fields: str) -> str:
        """Fill in the form that a bot answered an interaction with, and send it."""
        return deeds.fills(self.world, self, interaction, fields)

    def types(self, chat: Chat) -> None:
        """Begin to type, as others on Discord can see."""
        deeds.types(self.world, self, chat)

    def blocks(self, bot: Account, *, on: bool = True) -> None:
        """Block a bot, or let it in again: the bot is told either way."""
        fact = {"fact": "block", "person": self.id, "bot": bot.id, "on": on}
        self.world.commit({**fact, "date": self.world.now()})

    def leaves(self, chat: Chat) -> None:
        if chat.platform == "discord":
            deeds.leaves(self.world, self, chat)
            return
        self.world.say(self, chat, "", service={"left_chat_member": self.id})
        self.world.set_member(chat, self, "left", self)

    def adds(self, chat: Chat, who: Account) -> None:
        """Bring someone into a group: a service message, and a word to a bot that was added."""
        if chat.platform == "discord":
            deeds.adds(self.world, chat, who)
            return
        self.world.set_member(chat, who, "member", self)
        self.world.say(self, chat, "", service={"new_chat_members": [who.id]})

    def removes(self, chat: Chat, who: Account) -> None:
        """Put someone out of a group for good."""
        if chat.platform == "discord":
            deeds.leaves(self.world, who, chat, by=self)
            return
        self.world.say(self, chat, "", service={"left_chat_member": who.id})
        self.world.set_member(chat, who, "kicked", self)

    def promotes(self, chat: Chat, who: Account) -> None:
        self.world.set_member(chat, who, "administrator", self)

    def demotes(self, chat: Chat, who: Account) -> None:
        """Make an administrator of Telegram's a member like any other."""
        self.world.set_member(chat, who, "member", self)

    def _standing(self, chat: Chat) -> str:
        return chat.members.get(self, "left")

    def _own(self, message: Message) -> Message:
        now = _as_it_is(message)
        if now.sender is not self:
            raise ValueError("only its writer can edit a message")
        return now


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


def make_account(
    world: World, number: int, name: str, username: str | None, is_bot: bool, platform: str
) -> Account:
    return (Bot if is_bot else Person)(world, number, name, username, is_bot, platform)


def _as_it_is(message: Message) -> Message:
    now = message.chat.messages[message.id]
    if now.deleted:
        raise ValueError("the message was deleted")
    return now


def _topic(chat: Chat, topic: int | str | None) -> int | None:
    if topic is None:
        return None
    for number, name in chat.topics.items():
        if topic in {number, name}:
            return number
    raise ValueError(f"{chat.title} has no topic {topic}")


def _named(chat: Chat, text: str) -> tuple[str, list[Entity]]:
    """Make mentions of those who have no username, as a Telegram client does when one is picked."""
    entities: list[Entity] = []
    if "@" not in text:
        return text, entities
    for who in chat.members:
        mark = f"@{who.name}"
        if who.username is not None or mark not in text:
            continue
        head, _, tail = text.partition(mark)
        text = head + who.name + tail
        place = {"offset": units(head), "length": units(who.name)}
        entities.append({"type": "text_mention", **place, "user": {"id": who.id}})
    return text, entities
