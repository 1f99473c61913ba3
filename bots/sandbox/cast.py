"""The players: people whom a test or a page moves, and the bots they meet."""

import uuid
from collections.abc import Sequence
from typing import Any

from bots.sandbox.discord import deeds
from bots.sandbox.speaker import Speaker, as_it_is
from bots.sandbox.world import PRESENT, Account, Chat, Message, World


class Person(Speaker):
    """A person; every deed happens at once and is heard by the bots that may hear it."""

    __slots__ = ()

    def deletes(self, message: Message) -> None:
        """Take a message back; Telegram tells no bot about it, Discord every one."""
        now = as_it_is(message)
        if now.chat.platform == "discord":
            deeds.deletes(self.world, self, now)
            return
        if (
            now.sender is not self
            and now.chat.kind != "private"
            and self.standing(now.chat) != "creator"
        ):
            raise ValueError("only its writer or the owner can delete a message")
        self.world.delete(now)

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

    def hides_name(self, *, on: bool = True) -> None:
        """Let nobody see from a forward whose words it has, but for the name."""
        self.world.commit({"fact": "hidden", "who": self.id, "on": on})

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
