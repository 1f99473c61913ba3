"""What a person does in a room beside speaking: come and go, promote, rename, pin, keep topics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bots.sandbox.discord import deeds
from bots.sandbox.sender import Sender
from bots.sandbox.speaker import as_it_is, topic_of
from bots.sandbox.world import GENERAL, PRESENT, Account, Chat, Message

_LONGEST_TITLE = 128


class Member(Sender):
    """A person among others."""

    __slots__ = ()

    def founds(
        self, title: str, people: Sequence[Account] = (), bots: Iterable[Account] = ()
    ) -> Chat:
        """Make a basic group, of which its bots hear; `Stage.group` makes one that was always there."""
        chat = self.world.open_chat("group", title, [self, *people], [])
        for bot in bots:
            self.world.set_member(chat, bot, "member", self)
        self.world.say(self, chat, "", service={"group_chat_created": True})
        return chat

    def joins(self, chat: Chat) -> None:
        """Come into a group by its link."""
        if self.standing(chat) == "kicked":
            raise ValueError(f"{self.name} was put out of {chat.title}")
        self.world.set_member(chat, self, "member", self)
        if chat.kind != "channel":
            self.world.say(self, chat, "", service={"new_chat_members": [self.id]})

    def asks_to_join(self, chat: Chat, bio: str = "") -> None:
        """Ask to be let in; administrators hear of it."""
        self._asking(chat, self, on=True, bio=bio)

    def lets_in(self, chat: Chat, who: Account) -> None:
        """Let someone in who has asked."""
        self._rule(chat)
        if who not in chat.more.get("asking", ()):
            raise ValueError(f"{who.name} has not asked")
        self._asking(chat, who, on=False)
        self.world.set_member(chat, who, "member", self)
        self.world.say(who, chat, "", service={"new_chat_members": [who.id]})

    def _asking(self, chat: Chat, who: Account, *, on: bool, bio: str = "") -> None:
        fact = {"fact": "join_request", "chat": chat.key, "who": who.id, "on": on}
        self.world.commit({**fact, "bio": bio, "date": self.world.now()})

    def leaves(self, chat: Chat) -> None:
        if chat.platform == "discord":
            deeds.leaves(self.world, self, chat)
            return
        if chat.kind != "channel":
            self.world.say(self, chat, "", service={"left_chat_member": self.id})
        self.world.set_member(chat, self, "left", self)

    def adds(self, chat: Chat, who: Account) -> None:
        """Bring someone into a group: a service message, and a word to a bot that was added."""
        if chat.platform == "discord":
            deeds.adds(self.world, chat, who)
            return
        if chat.kind == "channel":  # a bot comes into a channel as its administrator
            self.world.set_member(chat, who, "administrator" if who.is_bot else "member", self)
            return
        self.world.set_member(chat, who, "member", self)
        self.world.say(self, chat, "", service={"new_chat_members": [who.id]})

    def removes(self, chat: Chat, who: Account) -> None:
        """Put someone out of a group for good."""
        if chat.platform == "discord":
            deeds.leaves(self.world, who, chat, by=self)
            return
        if chat.kind != "channel":
            self.world.say(self, chat, "", service={"left_chat_member": who.id})
        self.world.set_member(chat, who, "kicked", self)

    def promotes(self, chat: Chat, who: Account) -> None:
        self.world.set_member(chat, who, "administrator", self)

    def demotes(self, chat: Chat, who: Account) -> None:
        """Make an administrator of Telegram's a member like any other."""
        self.world.set_member(chat, who, "member", self)

    def mutes(self, chat: Chat, who: Account, *, on: bool = True) -> None:
        """Let someone read but not write, or write again."""
        self._rule(chat)
        self.world.set_member(chat, who, "restricted" if on else "member", self)

    def slows(self, chat: Chat, seconds: int) -> None:
        """Let everybody but administrators write only once in so many seconds; 0 ends it."""
        self._rule(chat)
        if not chat.is_super:
            raise ValueError("only a supergroup can be slow")
        self.world.commit({"fact": "slow", "chat": chat.key, "seconds": seconds})

    def speaks_as(self, chat: Chat, shown: Chat | None) -> None:
        """Speak in a group in the name of a chat: of the group itself (as an administrator does who
        wants to be anonymous), of one's own channel, or again in one's own."""
        if shown is not None and shown.members.get(self) not in {"creator", "administrator"}:
            raise ValueError(f"{self.name} cannot speak for {shown.title}")
        key = shown.key if shown is not None else None
        self.world.commit({"fact": "persona", "chat": chat.key, "who": self.id, "as": key})

    def renames(self, chat: Chat, title: str) -> None:
        self._rule(chat)
        if not 1 <= len(title) <= _LONGEST_TITLE:
            raise ValueError("a title has 1 to 128 characters")
        self.world.commit({"fact": "title", "chat": chat.key, "title": title})
        self.world.say(self, chat, "", service={"new_chat_title": title})

    def publishes(self, chat: Chat, username: str) -> None:
        """Give a group or channel a name by which anybody finds it."""
        self._rule(chat)
        if chat.kind == "group" or self.world.named(username) is not None:
            raise ValueError(f"{chat.title} cannot have this name")
        self.world.commit({"fact": "public", "chat": chat.key, "username": username.lstrip("@")})

    def signs(self, channel: Chat, *, on: bool = True) -> None:
        """Let every post of a channel say who wrote it."""
        self._rule(channel)
        self.world.commit({"fact": "signed", "chat": channel.key, "on": on})

    def pins(self, message: Message, *, on: bool = True) -> None:
        """Pin a message, which says so in the chat, or unpin it, which says nothing."""
        now = as_it_is(message)
        if now.chat.kind not in {"private", "group"}:
            self._rule(now.chat)
        self.world.commit({"fact": "pin", "chat": now.chat.key, "id": now.id, "on": on})
        if on:
            service = {"pinned_message": now.id}
            self.world.say(self, now.chat, "", topic=now.topic, service=service)

    def opens_topic(self, chat: Chat, name: str) -> int:
        """Begin a topic of a forum, or of a private chat whose bot lets people do that."""
        if chat.kind == "private" and not any("new_topics" in bot.able for bot in chat.bots()):
            raise ValueError("this chat has no topics")
        if chat.kind not in {"forum", "private"} or self.standing(chat) not in PRESENT:
            raise ValueError("only a forum has topics")
        return self.world.open_topic(chat, name, self)

    def renames_topic(self, chat: Chat, topic: int | str, name: str) -> None:
        number = self._ruled_topic(chat, topic)
        self.world.commit({"fact": "topic_name", "chat": chat.key, "id": number, "name": name})
        service = {"forum_topic_edited": {"name": name}}
        self.world.say(self, chat, "", topic=number, service=service)

    def closes_topic(self, chat: Chat, topic: int | str, *, on: bool = True) -> None:
        """Close a topic to all but administrators, or open it again."""
        number = self._ruled_topic(chat, topic)
        fact = {"fact": "topic_open", "chat": chat.key, "id": number, "on": not on}
        self.world.commit(fact)
        name = "forum_topic_closed" if on else "forum_topic_reopened"
        self.world.say(self, chat, "", topic=number, service={name: {}})

    def hides_general(self, chat: Chat, *, on: bool = True) -> None:
        """Take General out of the list of topics, or put it back."""
        self._ruled_topic(chat, GENERAL)
        name = "general_forum_topic_hidden" if on else "general_forum_topic_unhidden"
        self.world.say(self, chat, "", topic=GENERAL, service={name: {}})

    def _ruled_topic(self, chat: Chat, topic: int | str) -> int:
        number = topic_of(chat, topic)
        assert number is not None
        if chat.kind != "private":
            self._rule(chat)
        return number

    def _rule(self, chat: Chat) -> None:
        if self.standing(chat) not in {"creator", "administrator"} and chat.kind != "group":
            raise ValueError(f"{self.name} is no administrator of {chat.title}")
