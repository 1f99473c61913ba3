"""What Telegram does by itself when something was said: posts go to discussions, guests are asked."""

from __future__ import annotations

import uuid

from bots.sandbox import shapes
from bots.sandbox.text import cut
from bots.sandbox.things import PRESENT, Account, Chat, Message
from bots.sandbox.world import World

_SERVICE = {"id": 777000, "is_bot": False, "first_name": "Telegram"}
_MOST_GUESTS = 3


def follow(world: World, said: Message) -> None:
    """To be called once after a message was said or edited, and never when it is read again."""
    if said.chat.kind == "channel":
        _pass_on(world, said)
    elif not said.sender.is_bot and said.edited is None and said.origin is None:
        _ask_guests(world, said)


def _pass_on(world: World, post: Message) -> None:
    """A channel's post appears in its discussion group, where people comment on it."""
    group: Chat | None = post.chat.more.get("linked")
    if group is None or post.service is not None:
        return
    if post.edited is not None:
        copy = copy_of(post)
        if copy is not None:
            world.edit(copy, post.text, post.entities, post.markup)
        return
    more = {
        **shapes.content(post),
        "from": _SERVICE,
        "sender_chat": shapes.chat(post.chat),
        "is_automatic_forward": True,
    }
    if "media_group_id" in post.more:
        more["media_group_id"] = post.more["media_group_id"]
    source = post.origin or shapes.origin(world, post)
    styles = [one for one in post.entities if one["type"] not in shapes.FOUND]
    world.say(post.sender, group, post.text, entities=styles, origin=source, more=more)


def copy_of(post: Message) -> Message | None:
    """The message of the discussion group that a post became."""
    group: Chat | None = post.chat.more.get("linked")
    for said in reversed(group.messages.values()) if group is not None else ():
        source = said.origin or {}
        if said.more.get("is_automatic_forward") and source.get("message_id") == post.id:
            return None if said.deleted else said
    return None


def _ask_guests(world: World, said: Message) -> None:
    """Bots that were called into a chat that is not theirs hear of this one message."""
    for bot in guests_of(world, said)[:_MOST_GUESTS]:
        fact = {"fact": "guest_query", "query": uuid.uuid4().hex[:18], "bot": bot.id}
        place = {"chat": said.chat.key, "id": said.id}
        world.commit({**fact, **place, "who": said.sender.id, "date": world.now()})


def guests_of(world: World, said: Message) -> list[Account]:
    if said.chat.kind not in {"group", "supergroup", "forum", "business", "private"}:
        return []
    found: dict[int, Account] = {}
    for one in said.entities:
        if one["type"] != "mention":
            continue
        bot = world.named(cut(said.text, one["offset"], one["length"]))
        if bot is None or "guests" not in bot.able:
            continue
        if said.chat.members.get(bot) not in PRESENT:
            found[bot.id] = bot
    return list(found.values())
