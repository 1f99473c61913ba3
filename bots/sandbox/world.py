"""People, bots, rooms and what was said in them: one state behind every local platform."""

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bots.sandbox.text import spans
from bots.sandbox.things import PRESENT, Account, Change, Chat, Entity, Fact, Guild, Hook, Message

__all__ = [
    "GENERAL",
    "PRESENT",
    "Account",
    "Change",
    "Chat",
    "Entity",
    "Fact",
    "Guild",
    "Message",
    "World",
]
GENERAL = 1
_FIRST_PERSON, _FIRST_BOT = 1001, 7_000_001


def _nowhere(bot: Account, raw: Fact | bytes) -> int:
    raise LookupError(f"{bot.name} is on no platform")


class World:
    """Applies facts and tells its listeners; the same facts in the same order make the same world."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.now = now
        self.accounts: dict[int, Account] = {}
        self.tokens: dict[int, str] = {}
        self.chats: dict[str, Chat] = {}
        self.blocked: set[tuple[int, int]] = set()
        self.private_bots: set[int] = set()
        # Whose name alone is told when their words are passed on.
        self.hidden: set[int] = set()
        self.connections: dict[str, Fact] = {}
        self.votes: dict[str, dict[int, list[int]]] = {}
        self.queries: dict[str, Fact] = {}
        self.results: dict[str, list[Fact]] = {}
        # What comes of it by itself when something is said or edited.
        self.follow: Callable[[World, Message], None] = lambda world, said: None
        self.listeners: list[Callable[[Change], None]] = []
        self.keep: Callable[[Fact], None] | None = None
        self.make_account: Callable[..., Account] = Account
        self.inject: Callable[[Account, Fact | bytes], int] = _nowhere
        self.drafts: dict[tuple[str, int | None, int], Message] = {}
        self.typing: dict[tuple[str, int | None, int], float] = {}
        self.guilds: dict[int, Guild] = {}
        self.directs: dict[tuple[int, int], Chat] = {}
        self.hooks: dict[int, Hook] = {}
        # Which applications people have with them on Discord: person and bot.
        self.installs: set[tuple[int, int]] = set()
        self.snowflakes: dict[int, Account] = {}
        self.last_snowflake = 0
        # What was handed over, by its id; not kept across a restart.
        self.files: dict[str, tuple[str, bytes]] = {}
        # What bots on Telegram tell about themselves: by bot, by what it is, by language or chat.
        self.about: dict[tuple[int, str, str], Any] = {}
        self.cdn_root = ""
        """Where Discord's files lie, once it is open."""
        self._next_id: dict[int, int] = {}
        self._learned: dict[str, Callable[[World, Fact], Change]] = {}

    def learn(self, handlers: Mapping[str, Callable[["World", Fact], Change]]) -> None:
        """Take the facts of another platform, each with what it does to the world."""
        self._learned.update(handlers)

    # -- facts ---------------------------------------------------------------------------------

    def commit(self, fact: Fact) -> Change:
        """Write a fact down, make it true, tell everyone."""
        if self.keep is not None:
            self.keep(fact)
        return self.apply(fact)

    def tell(self, fact: Fact) -> Change:
        """Make a fleeting fact true: it is not kept across a restart."""
        return self.apply(fact)

    def apply(self, fact: Fact) -> Change:
        kind = fact["fact"]
        learned = self._learned.get(kind)
        handler = getattr(self, f"_on_{kind}", None)
        if learned is not None:
            change = learned(self, fact)
        else:
            change = handler(fact) if handler is not None else Change(kind, fact)
        for listener in self.listeners:
            listener(change)
        return change

    def _on_account(self, fact: Fact) -> Change:
        who = self.make_account(
            self,
            fact["id"],
            fact["name"],
            fact.get("username"),
            fact["is_bot"],
            # Worlds kept before there was Discord do not name a platform.
            fact.get("platform", "telegram" if fact["is_bot"] else ""),
        )
        self.accounts[who.id] = self.snowflakes[who.snowflake] = who
        return Change("account", fact)

    def _on_token(self, fact: Fact) -> Change:
        self.tokens[fact["bot"]] = fact["token"]
        return Change("token", fact)

    def _on_privacy(self, fact: Fact) -> Change:
        (self.private_bots.add if fact["on"] else self.private_bots.discard)(fact["bot"])
        return Change("privacy", fact)

    def _on_chat(self, fact: Fact) -> Change:
        chat = Chat(fact["key"], fact["id"], fact["kind"], fact["title"])
        chat.members = {self.accounts[int(i)]: status for i, status in fact["members"].items()}
        if chat.kind == "forum":
            chat.topics[GENERAL] = "General"
            chat.last_id = GENERAL  # the message that made the forum carries the number of General
        self.chats[chat.key] = chat
        return Change("chat", fact, chat)

    def _on_topic(self, fact: Fact) -> Change:
        chat = self.chats[fact["chat"]]
        chat.topics[fact["id"]] = fact["name"]
        chat.last_id = max(chat.last_id, fact["id"])
        return Change("topic", fact, chat)

    def _on_message(self, fact: Fact) -> Change:
        chat = self.chats[fact["chat"]]
        number = fact["id"]
        message = Message(
            chat,
            number,
            self.accounts[fact["sender"]],
            fact["date"],
            fact["text"],
            tuple(fact["entities"]),
            fact["topic"],
            fact["thread"],
            fact["reply_to"],
            markup=fact["markup"],
            service=fact["service"],
            origin=fact["origin"],
            more=fact.get("more", {}),
        )
        chat.messages[number] = message
        chat.last_id = number
        if not chat.counts_alone:
            for bot in chat.bots():
                self._next_id[bot.id] = number
        if message.sender.is_bot:
            place = (chat.key, message.topic, message.sender.id)
            self.drafts.pop(place, None)
            self.typing.pop(place, None)
        return Change("message", fact, chat, message)

    def _changed(self, fact: Fact, **changes: Any) -> Change:
        chat = self.chats[fact["chat"]]
        before = chat.messages[fact["id"]]
        after = chat.messages[before.id] = replace(before, **changes)
        return Change(fact["fact"], fact, chat, after, before)

    def _on_edit(self, fact: Fact) -> Change:
        return self._changed(
            fact,
            text=fact["text"],
            entities=tuple(fact["entities"]),
            markup=fact["markup"],
            edited=fact["date"],
            **({"more": fact["more"]} if "more" in fact else {}),
        )

    def _on_amend(self, fact: Fact) -> Change:
        return self._changed(fact, more=fact["more"])

    def _on_delete(self, fact: Fact) -> Change:
        return self._changed(fact, deleted=True)

    def _on_react(self, fact: Fact) -> Change:
        reactions = dict(self.chats[fact["chat"]].messages[fact["id"]].reactions)
        reactions.pop(fact["who"], None)
        if fact["emoji"] is not None:
            reactions[fact["who"]] = fact["emoji"]
        return self._changed(fact, reactions=reactions)

    def _on_member(self, fact: Fact) -> Change:
        chat = self.chats[fact["chat"]]
        who = self.accounts[fact["who"]]
        fact["was"] = chat.members.get(who, "left")
        chat.members[who] = fact["status"]
        return Change("member", fact, chat)

    def _on_block(self, fact: Fact) -> Change:
        pair = (fact["person"], fact["bot"])
        (self.blocked.add if fact["on"] else self.blocked.discard)(pair)
        return Change("block", fact, self.dm_of(*pair))

    def _on_press(self, fact: Fact) -> Change:
        chat = self.chats[fact["chat"]]
        return Change("press", fact, chat, chat.messages[fact["id"]])

    def _on_draft(self, fact: Fact) -> Change:
        chat = self.chats[fact["chat"]]
        bot = self.accounts[fact["who"]]
        draft = Message(
            chat,
            0,
            bot,
            fact["date"],
            fact["text"],
            tuple(fact["entities"]),
            fact["topic"],
            draft=fact["draft"],
            more=fact.get("more", {}),
        )
        self.drafts[chat.key, fact["topic"], bot.id] = draft
        return Change("draft", fact, chat, draft)

    def _on_typing(self, fact: Fact) -> Change:
        self.typing[fact["chat"], fact["topic"], fact["who"]] = fact["until"]
        return Change("typing", fact, self.chats[fact["chat"]])

    # -- making things -------------------------------------------------------------------------

    def account(
        self,
        name: str,
        username: str | None,
        is_bot: bool,
        id: int | None = None,
        platform: str = "telegram",
    ) -> Account:
        """Bring someone into the world: a bot to one platform, a person to all."""
        platform = platform if is_bot else ""
        if username is not None and self.named(username, platform or "telegram") is not None:
            raise ValueError(f"the username {username} is taken")
        first = _FIRST_BOT if is_bot else _FIRST_PERSON
        number = id or max(
            (a.id + 1 for a in self.accounts.values() if a.platform == platform), default=first
        )
        if number in self.accounts:
            raise ValueError(f"the id {number} is taken")
        fact = {"fact": "account", "id": number, "name": name, "username": username}
        self.commit({**fact, "is_bot": is_bot, "platform": platform})
        return self.accounts[number]

    def give_token(self, bot: Account, token: str | None = None) -> str:
        """Let a bot in by this token, and by no earlier one."""
        token = token or f"{bot.id}:AA{secrets.token_urlsafe(25)[:33]}"
        if any(t == token and i != bot.id for i, t in self.tokens.items()):
            raise ValueError("another bot has this token")
        self.commit({"fact": "token", "bot": bot.id, "token": token})
        return token

    def named(self, username: str, platform: str = "telegram") -> Account | None:
        """Find someone by username, in any case, with or without the @."""
        wanted = username.lstrip("@").lower()
        for account in self.accounts.values():
            if account.username is None or account.platform not in {"", platform}:
                continue
            if account.username.lower() == wanted:
                return account
        return None

    def dm_of(self, person: int, bot: int) -> Chat | None:
        return self.chats.get(f"tg:{person}.{bot}")

    def open_chat(
        self,
        kind: str,
        title: str,
        people: Sequence[Account],
        bots: Iterable[Account],
        admins: Iterable[Account] = (),
    ) -> Chat:
        """Make a room; the first person owns it."""
        members = {str(who.id): "member" for who in (*people, *bots)}
        members |= {str(who.id): "administrator" for who in admins}
        if kind == "private":
            number = people[0].id
            key = f"tg:{people[0].id}.{next(iter(bots)).id}"
        else:
            if people:
                members[str(people[0].id)] = "creator"
            count = len(self.chats) + 1
            number = -4_000_000 - count if kind == "group" else -1_002_000_000_000 - count
            key = f"tg:{number}"
        fact = {"fact": "chat", "key": key, "id": number, "kind": kind, "title": title}
        chat = self.commit({**fact, "members": members}).chat
        assert chat is not None
        return chat

    def open_topic(self, chat: Chat, name: str, by: Account | None = None) -> int:
        """Start a topic; its thread number is the number of the message with which someone began it."""
        number = self.next_id(chat)
        service = {"forum_topic_created": {"name": name, "icon_color": 0x6FB9F0}}
        if by is not None:
            self.say(by, chat, "", topic=number, service=service)
        self.commit({"fact": "topic", "chat": chat.key, "id": number, "name": name})
        return number

    # -- deeds ---------------------------------------------------------------------------------

    def next_id(self, chat: Chat) -> int:
        """Supergroups count for themselves; elsewhere each bot's account has one count for all."""
        if chat.counts_alone:
            return chat.last_id + 1
        return 1 + max([chat.last_id, *(self._next_id.get(bot.id, 0) for bot in chat.bots())])

    def say(
        self,
        sender: Account,
        chat: Chat,
        text: str,
        *,
        entities: Sequence[Entity] = (),
        topic: int | None = None,
        thread: int | None = None,
        reply_to: int | None = None,
        markup: dict[str, Any] | None = None,
        service: dict[str, Any] | None = None,
        origin: dict[str, Any] | None = None,
        more: dict[str, Any] | None = None,
    ) -> Message:
        """Put a message into a room; a reply joins the thread or topic of what it answers."""
        answered = chat.messages.get(reply_to) if reply_to is not None else None
        if chat.kind == "forum":
            topic = topic or (answered.topic if answered is not None else None) or GENERAL
        elif chat.topics and answered is not None:  # a private chat with topics
            topic = topic or answered.topic
        elif chat.kind == "supergroup" and answered is not None and thread is None:
            thread = answered.thread or answered.id
        message = self.commit(
            {
                "fact": "message",
                "chat": chat.key,
                "id": self.next_id(chat),
                "sender": sender.id,
                "date": self.now(),
                "text": text,
                "entities": spans(text, entities),
                "topic": topic,
                "thread": thread,
                "reply_to": reply_to,
                "markup": markup,
                "service": service,
                "origin": origin,
                **({"more": more} if more else {}),
            }
        ).message
        assert message is not None
        self.follow(self, message)
        return message

    def edit(
        self,
        message: Message,
        text: str,
        entities: Sequence[Entity] = (),
        markup: dict[str, Any] | None = None,
        by: Account | None = None,
        more: dict[str, Any] | None = None,
    ) -> Message:
        """Change the words and the keyboard of a message, and with `more` what it carries."""
        fact = {"fact": "edit", "chat": message.chat.key, "id": message.id, "text": text}
        fact |= {"entities": spans(text, entities), "markup": markup, "date": self.now()}
        if more is not None:
            fact["more"] = more
        fact["by"] = (by or message.sender).id
        after = self.commit(fact).message
        assert after is not None
        self.follow(self, after)
        return after

    def amend(self, message: Message, more: dict[str, Any]) -> Message:
        """Change what a message carries, and nobody sees it as edited: a poll that is closed."""
        fact = {"fact": "amend", "chat": message.chat.key, "id": message.id, "more": more}
        after = self.commit(fact).message
        assert after is not None
        return after

    def delete(self, message: Message, by: Account | None = None) -> None:
        fact = {"fact": "delete", "chat": message.chat.key, "id": message.id}
        self.commit({**fact, "by": by.id if by is not None else None})

    def react(self, who: Account, message: Message, emoji: str | None) -> None:
        fact = {"fact": "react", "chat": message.chat.key, "id": message.id, "who": who.id}
        self.commit({**fact, "emoji": emoji, "date": self.now()})

    def set_member(self, chat: Chat, who: Account, status: str, by: Account) -> None:
        fact = {"fact": "member", "chat": chat.key, "who": who.id, "status": status, "by": by.id}
        self.commit({**fact, "date": self.now()})
