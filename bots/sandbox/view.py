"""The world as the page sees it: people, chats and messages as plain JSON."""

from typing import Any

from bots.sandbox.world import Account, Chat, Message, World

Json = dict[str, Any]


def account(who: Account) -> Json:
    return {"id": who.id, "name": who.name, "username": who.username}


def chat(room: Chat) -> Json:
    owner = room.id if room.kind == "private" else None
    return {
        "id": room.key,
        "platform": "telegram",
        "kind": room.kind,
        "title": room.title,
        "people": [who.id for who in room.people()],
        "bots": [who.id for who in room.bots()],
        "topics": [{"id": str(number), "name": name} for number, name in room.topics.items()],
        "owner": owner,
    }


def message(world: World, said: Message, *, pending: bool) -> Json:
    return {
        "chat": said.chat.key,
        "id": str(said.id),
        "topic": None if said.topic is None else str(said.topic),
        "from": {"id": said.sender.id, "name": said.sender.name, "bot": said.sender.is_bot},
        "date": said.date,
        "text": said.text,
        "entities": entities(said),
        "reply_to": _reply(said),
        "edited": said.edited is not None,
        "deleted": said.deleted,
        "reactions": _reactions(said),
        "buttons": _buttons(said),
        "service": None if said.service is None else _service(world, said),
        "pending": pending,
    }


def entities(said: Message) -> list[Json]:
    shown = ("type", "offset", "length", "url", "language")
    return [{name: e[name] for name in shown if name in e} for e in said.entities]


def draft(said: Message) -> Json:
    return {
        "chat": said.chat.key,
        "topic": None if said.topic is None else str(said.topic),
        "from": said.sender.id,
        "draft": said.draft,
        "text": said.text,
        "entities": entities(said),
    }


def _reply(said: Message) -> Json | None:
    answered = said.chat.messages.get(said.reply_to) if said.reply_to is not None else None
    if answered is None or answered.deleted:
        return None
    return {"id": str(answered.id), "name": answered.sender.name, "text": answered.text}


def _reactions(said: Message) -> list[Json]:
    given: dict[str, list[int]] = {}
    for who, emoji in said.reactions.items():
        given.setdefault(emoji, []).append(who)
    return [{"emoji": emoji, "from": who} for emoji, who in given.items()]


def _buttons(said: Message) -> list[list[Json]] | None:
    rows = (said.markup or {}).get("inline_keyboard")
    if not rows:
        return None
    return [
        [{"text": b["text"], "data": b.get("callback_data"), "url": b.get("url")} for b in row]
        for row in rows
    ]


def _service(world: World, said: Message) -> str:
    service, name = said.service or {}, said.sender.name
    if "forum_topic_created" in service:
        return f"{name} started the topic {service['forum_topic_created']['name']}"
    if "left_chat_member" in service:
        left = world.accounts[service["left_chat_member"]]
        return f"{name} left" if left is said.sender else f"{name} removed {left.name}"
    if "new_chat_members" in service:
        names = [world.accounts[number].name for number in service["new_chat_members"]]
        return f"{name} added {', '.join(names)}"
    if "migrate_to_chat_id" in service or "migrate_from_chat_id" in service:
        return "The group became a supergroup"
    return "Something happened"
