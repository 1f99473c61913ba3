"""What a person says, hands over, passes on, quotes, changes and comments on."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from bots.sandbox import media, shapes
from bots.sandbox.discord import deeds
from bots.sandbox.following import copy_of
from bots.sandbox.media import Medium
from bots.sandbox.text import parts, units
from bots.sandbox.world import GENERAL, PRESENT, Account, Chat, Entity, Message, World

LONGEST_CAPTION = 1024
# Seconds within which the pieces of one message are said.
_AT_ONCE = 1.0
_ANONYMOUS = {
    "id": 1087968824,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}
_AS_CHANNEL = {
    "id": 136817688,
    "is_bot": True,
    "first_name": "Channel",
    "username": "Channel_Bot",
}
_RULERS = frozenset({"creator", "administrator"})
_STYLES = frozenset(
    {"bold", "italic", "underline", "strikethrough", "spoiler", "custom_emoji", "date_time"}
)


class Speaker(Account):
    """A person who speaks; every deed happens at once and is heard by the bots that may hear it."""

    __slots__ = ()
    world: World

    def says(
        self,
        chat: Chat,
        text: str,
        *,
        reply_to: Message | int | None = None,
        topic: int | str | None = None,
        quote: str = "",
    ) -> Message:
        """Say something; "@Name" of a member without a username becomes a mention of that person.

        On Discord every member can be named so. What is too long for one message of Telegram's is
        cut as its apps do; the first part is given. With a `quote`, it answers those words of
        `reply_to`, which may be a message of another chat.
        """
        if chat.platform == "discord":
            return deeds.says(self.world, self, chat, text, reply_to)
        return self.pastes(chat, text, reply_to=reply_to, topic=topic, quote=quote)[0]

    def pastes(
        self,
        chat: Chat,
        text: str,
        *,
        reply_to: Message | int | None = None,
        topic: int | str | None = None,
        quote: str = "",
    ) -> list[Message]:
        """Say something of any length; gives each of its parts."""
        if not text.strip():
            raise ValueError("a message needs text")
        first, *rest = parts(text)
        said = [self._say(chat, first, reply_to, topic, quote=quote)]
        return said + [self._say(chat, part, None, topic) for part in rest]

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
        if chat.platform == "discord":
            if not data:
                raise ValueError("the file is empty")
            return deeds.sends(self.world, self, chat, name, data, caption, reply_to)
        thing = media.document(data, name=name)
        return self.hands(chat, thing, caption, reply_to=reply_to, topic=topic)

    def hands(
        self,
        chat: Chat,
        thing: Medium,
        caption: str = "",
        *,
        reply_to: Message | int | None = None,
        topic: int | str | None = None,
        quote: str = "",
        more: dict[str, Any] | None = None,
    ) -> Message:
        """Send anything that `media` makes; on Discord, what there is of it there."""
        if chat.platform == "discord":
            return deeds.hands(self.world, self, chat, thing, caption, reply_to)
        if caption and not thing.fields.keys() & shapes.CAPTIONED:
            raise ValueError(f"a {thing.kind} has no caption")
        if units(caption) > LONGEST_CAPTION:
            raise ValueError("a caption may have 1,024 characters at most")
        fields = {**thing.fields, **(more or {})}
        # Before it is told: a bot may ask for the bytes at once.
        self.world.files |= thing.files
        try:
            return self._say(chat, caption, reply_to, topic, quote=quote, more=fields)
        except ValueError:
            for number in thing.files:
                del self.world.files[number]
            raise

    def forwards(
        self, chat: Chat, *messages: Message, comment: str = "", topic: int | str | None = None
    ) -> list[Message]:
        """Pass messages on; a comment goes before them, as a message of its own, and is given first."""
        if not messages:
            raise ValueError("there is nothing to forward")
        passed = [as_it_is(message) for message in messages]
        if chat.platform == "discord":
            return deeds.forwards(self.world, self, chat, passed, comment)
        if any(said.service is not None for said in passed):
            raise ValueError("this message cannot be forwarded")
        made = [self._say(chat, comment, None, topic)] if comment.strip() else []
        bundles = {said.more["media_group_id"]: new_bundle() for said in passed if _of_album(said)}
        for said in passed:
            more = shapes.content(said)
            if _of_album(said):
                more["media_group_id"] = bundles[said.more["media_group_id"]]
            source = said.origin or shapes.origin(self.world, said)
            styles = [entity for entity in said.entities if entity["type"] in _STYLES]
            made.append(
                self._say(chat, said.text, None, topic, more=more, origin=source, styles=styles)
            )
        return made

    def quotes(
        self, message: Message, part: str, text: str, *, chat: Chat | None = None
    ) -> Message:
        """Answer some words of a message, in its chat or in another one."""
        return self.says(chat or message.chat, text, reply_to=message, quote=part)

    def edits(self, message: Message, text: str) -> Message:
        """Change the words of a message, or those under a picture."""
        now = self.own(message)
        if now.chat.platform == "discord":
            return deeds.edits(self.world, now, text)
        captioned = bool(now.more.keys() & shapes.CAPTIONED)
        if not captioned and not text.strip():
            raise ValueError("a message needs text")
        if now.more.keys() & shapes.MEDIA and not captioned:
            raise ValueError("there are no words to change")
        text, entities = _named(now.chat, text)
        return self.world.edit(now, text, entities, now.markup)

    def replaces(self, message: Message, thing: Medium) -> Message:
        """Put another picture, film or file into a message that has one."""
        now = self.own(message)
        both = {next(iter(shapes.content(now)), ""), thing.kind}
        if not both <= shapes.CAPTIONED:
            raise ValueError("this cannot be replaced")
        kept = {name: value for name, value in now.more.items() if name not in shapes.MEDIA}
        self.world.files |= thing.files
        more = {**kept, **thing.fields}
        return self.world.edit(now, now.text, now.entities, now.markup, more=more)

    def _say(
        self,
        chat: Chat,
        text: str,
        reply_to: Message | int | None,
        topic: int | str | None,
        *,
        quote: str = "",
        more: dict[str, Any] | None = None,
        origin: dict[str, Any] | None = None,
        styles: Sequence[Entity] = (),
    ) -> Message:
        self._check(chat)
        place = topic_of(chat, topic)
        self._check_topic(chat, place)
        text, entities = _named(chat, text) if origin is None else (text, list(styles))
        answered, about = self._answered(chat, reply_to, quote)
        return self.world.say(
            self,
            chat,
            text,
            entities=entities,
            topic=place,
            reply_to=answered,
            origin=origin,
            more={**self._persona(chat), **about, **(more or {})},
        )

    def comments(self, post: Message, text: str) -> Message:
        """Write below a channel's post, which is to answer what it became in the discussion group."""
        copy = copy_of(post)
        if copy is None:
            raise ValueError("nobody can comment on this post")
        if self.standing(copy.chat) not in PRESENT and self.standing(post.chat) not in PRESENT:
            raise ValueError(f"{self.name} is not in {post.chat.title}")
        text, entities = _named(copy.chat, text)
        return self.world.say(self, copy.chat, text, entities=entities, reply_to=copy.id)

    def _persona(self, chat: Chat) -> dict[str, Any]:
        """In whose name this person speaks here, where it is not the own one."""
        shown = shapes.persona(chat, self)
        if shown is None:
            return {}
        return {
            "from": _ANONYMOUS if shown is chat else _AS_CHANNEL,
            "sender_chat": shapes.chat(shown),
        }

    def _check_topic(self, chat: Chat, topic: int | None) -> None:
        closed = (topic or GENERAL) in chat.more.get("closed", ())
        if closed and self.standing(chat) not in _RULERS:
            raise ValueError("the topic is closed")

    def _check(self, chat: Chat) -> None:
        standing = self.standing(chat)
        if standing not in PRESENT:
            raise ValueError(f"{self.name} is not in {chat.title}")
        if standing == "restricted":
            raise ValueError(f"{self.name} may not write in {chat.title}")
        if standing not in _RULERS and self._is_early(chat):
            raise ValueError(f"{chat.title} is in slow mode")
        if chat.kind == "channel" and standing not in _RULERS:
            raise ValueError(f"{self.name} is no administrator of {chat.title}")
        if chat.moved_to is not None:
            raise ValueError(f"{chat.title} became a supergroup")

    def _is_early(self, chat: Chat) -> bool:
        """Whether slow mode lets this person wait; a cut text or an album counts as one message."""
        pause = float(chat.more.get("slow_mode_delay") or 0)
        if not pause:
            return False
        now = self.world.now()
        said = [one.date for one in chat.messages.values() if one.sender is self]
        return any(_AT_ONCE < now - date < pause for date in said)

    def _answered(
        self, chat: Chat, reply_to: Message | int | None, quote: str
    ) -> tuple[int | None, dict[str, Any]]:
        """The number of the answered message here, and what else tells of it."""
        if reply_to is None:
            if quote:
                raise ValueError("a quote is of a message")
            return None, {}
        room = reply_to.chat if isinstance(reply_to, Message) else chat
        number = reply_to.id if isinstance(reply_to, Message) else reply_to
        said = room.messages.get(number)
        if said is None or said.deleted:
            raise ValueError("the message to reply to is not here")
        about: dict[str, Any] = {"quote": _quote(said, quote)} if quote else {}
        if room is chat:
            return number, about
        return None, {**about, "external_reply": shapes.external(self.world, said)}

    def standing(self, chat: Chat) -> str:
        return chat.members.get(self, "left")

    def own(self, message: Message) -> Message:
        now = as_it_is(message)
        if now.sender is not self:
            raise ValueError("only its writer can edit a message")
        return now


def as_it_is(message: Message) -> Message:
    now = message.chat.messages[message.id]
    if now.deleted:
        raise ValueError("the message was deleted")
    return now


def topic_of(chat: Chat, topic: int | str | None) -> int | None:
    if topic is None:
        return None
    for number, name in chat.topics.items():
        if topic in {number, name}:
            return number
    raise ValueError(f"{chat.title} has no topic {topic}")


def new_bundle() -> str:
    return str(10**16 + secrets.randbelow(10**16))


def _of_album(said: Message) -> bool:
    return "media_group_id" in said.more


def _quote(said: Message, part: str) -> dict[str, Any]:
    before, found, _ = said.text.partition(part)
    if not found:
        raise ValueError("the message has no such words")
    return {"text": part, "position": units(before), "is_manual": True}


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
