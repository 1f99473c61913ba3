"""Which bots are told of what happens in a room, and in which words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bots.sandbox import affairs, shapes
from bots.sandbox.things import Account, Change, Chat, Fact, Message
from bots.sandbox.world import World

Json = dict[str, Any]
Told = tuple[Account, str, Json]
"""A bot, the kind of its update, and what it says."""
SAID = frozenset({"message", "channel_post", "business_message", "guest_message"})
"""Updates that tell of something new that somebody has said."""
_KINDS = {"channel": "channel_post", "business": "business_message"}


def _told(change: Change) -> tuple[Chat, Message]:
    assert change.chat is not None
    assert change.message is not None
    return change.chat, change.message


def _message(world: World, change: Change) -> Iterator[Told]:
    room, said = _told(change)
    if said.sender.is_bot and said.service is None and not _by_itself(said):
        return
    yield from _to_all(world, said, _KINDS.get(room.kind, "message"))


def _edit(world: World, change: Change) -> Iterator[Told]:
    room, said = _told(change)
    if said.sender.is_bot and not _by_itself(said):
        return
    yield from _to_all(world, said, "edited_" + _KINDS.get(room.kind, "message"))


def _to_all(world: World, said: Message, kind: str) -> Iterator[Told]:
    shown = None
    for bot in hearers(world, said):
        if shown is None:
            shown = shapes.message(world, said)
        yield bot, kind, shown


def _by_itself(said: Message) -> bool:
    """Whether Telegram put this message here, whoever wrote what it holds."""
    return bool(said.more.get("is_automatic_forward"))


def hearers(world: World, said: Message) -> Iterator[Account]:
    """The bots that see a message: never its writer, and in privacy mode only what is for them."""
    room = said.chat
    if room.kind == "business":
        connection = affairs.connection_of(world, room)
        if connection is not None and connection["bot"] != said.sender.id:
            yield world.accounts[connection["bot"]]
        return
    for bot in room.bots():
        if (bot is said.sender and not _by_itself(said)) or _is_blocked(world, room, bot):
            continue
        shy = room.kind not in {"private", "channel"} and bot.id in world.private_bots
        if shy and not _is_admin(room, bot) and not shapes.meant_for(bot, said):
            continue
        yield bot


def _is_blocked(world: World, room: Chat, bot: Account) -> bool:
    return room.kind == "private" and (room.id, bot.id) in world.blocked


def _is_admin(room: Chat, bot: Account) -> bool:
    return room.members.get(bot) == "administrator"


def _delete(world: World, change: Change) -> Iterator[Told]:
    """Only a business account's bot is told of what was taken back."""
    fact, room = change.fact, change.chat
    assert room is not None
    connection = affairs.connection_of(world, room)
    numbers = fact["ids"] if "ids" in fact else [fact["id"]]
    if connection is None or fact.get("by") == connection["bot"]:
        return
    shown = {"business_connection_id": connection["id"], "chat": shapes.chat(room)}
    bot = world.accounts[connection["bot"]]
    yield bot, "deleted_business_messages", {**shown, "message_ids": numbers}


def _react(world: World, change: Change) -> Iterator[Told]:
    fact, (room, said), before = change.fact, _told(change), change.before
    assert before is not None
    who = world.accounts[fact["who"]]
    if who.is_bot:
        return
    shown: Json = {
        "chat": shapes.chat(room),
        "message_id": said.id,
        "date": int(fact["date"]),
    }
    kind = "message_reaction"
    if room.kind == "channel":  # nobody is named there
        kind = "message_reaction_count"
        counts = Counter(said.reactions.values())
        shown["reactions"] = [
            {"type": {"type": "emoji", "emoji": emoji}, "total_count": count}
            for emoji, count in counts.items()
        ]
    else:
        persona = shapes.persona(room, who)
        by = {"user": shapes.user(who)} if persona is None else {"actor_chat": shapes.chat(persona)}
        shown |= by
        shown["old_reaction"] = shapes.reaction(before.reactions.get(who.id))
        shown["new_reaction"] = shapes.reaction(fact["emoji"])
    for bot in room.bots():
        # In a group only administrators are told of reactions.
        if room.kind == "private" or _is_admin(room, bot):
            yield bot, kind, shown


def _member(world: World, change: Change) -> Iterator[Told]:
    fact, room = change.fact, change.chat
    assert room is not None
    who = world.accounts[fact["who"]]
    shown = _membership(world, room, who, fact["by"], fact["date"], fact["was"], fact["status"])
    for bot in {*room.bots(), who} if who.is_bot else room.bots():
        if bot is who:
            yield bot, "my_chat_member", shown
        elif _is_admin(room, bot):
            yield bot, "chat_member", shown


def _block(world: World, change: Change) -> Iterator[Told]:
    fact, room = change.fact, change.chat
    if room is None:
        return
    was, status = ("member", "kicked") if fact["on"] else ("kicked", "member")
    bot = world.accounts[fact["bot"]]
    shown = _membership(world, room, bot, fact["person"], fact["date"], was, status)
    yield bot, "my_chat_member", shown


def _membership(
    world: World, room: Chat, who: Account, by: int, date: float, was: str, status: str
) -> Json:
    return {
        "chat": shapes.chat(room),
        "from": shapes.user(world.accounts[by]),
        "date": int(date),
        "old_chat_member": shapes.member(who, was),
        "new_chat_member": shapes.member(who, status),
    }


def _press(world: World, change: Change) -> Iterator[Told]:
    fact, (room, said) = change.fact, _told(change)
    bot = world.accounts[said.more.get("via_bot", said.sender.id)]
    shown: Json = {
        "id": fact["press"],
        "from": shapes.user(world.accounts[fact["who"]]),
        "chat_instance": str(abs(room.id) * 7919 + bot.id),
        "data": fact["data"],
    }
    if said.more.keys() & {"via_bot", "guest_bot_caller_user"}:
        shown["inline_message_id"] = affairs.inline_name(said)
    elif said.deleted:
        shown["message"] = {"chat": shapes.chat(room), "message_id": said.id, "date": 0}
    else:
        shown["message"] = shapes.message(world, said)
    yield bot, "callback_query", shown


def _connection(world: World, change: Change) -> Iterator[Told]:
    fact = change.fact
    yield world.accounts[fact["bot"]], "business_connection", connection(world, fact)


def connection(world: World, fact: Fact) -> Json:
    """A business connection as getBusinessConnection shows it too."""
    user = world.accounts[fact["user"]]
    return {
        "id": fact["id"],
        "user": shapes.user(user),
        "user_chat_id": user.id,
        "date": int(fact["date"]),
        "rights": dict.fromkeys(fact["rights"], True),
        "is_enabled": fact["on"],
    }


def _guest_query(world: World, change: Change) -> Iterator[Told]:
    _, said = _told(change)
    shown = {**shapes.message(world, said), "guest_query_id": change.fact["query"]}
    yield world.accounts[change.fact["bot"]], "guest_message", shown


def _inline_query(world: World, change: Change) -> Iterator[Told]:
    fact, room = change.fact, change.chat
    bot = world.accounts[fact["bot"]]
    shown: Json = {
        "id": fact["query"],
        "from": shapes.user(world.accounts[fact["who"]]),
        "query": fact["text"],
        "offset": fact.get("offset", ""),
    }
    if room is not None:
        shown["chat_type"] = "sender" if bot in room.members else shapes.chat(room)["type"]
        if bot in room.members and room.kind != "private":
            shown["chat_type"] = shapes.chat(room)["type"]
    yield bot, "inline_query", shown


def _chosen(world: World, change: Change) -> Iterator[Told]:
    """A bot is told of what was chosen only if it wanted to know."""
    fact = change.fact
    bot = world.accounts[fact["bot"]]
    if "feedback" not in bot.able:
        return
    shown: Json = {
        "result_id": fact["result"],
        "from": shapes.user(world.accounts[fact["who"]]),
        "query": fact["text"],
    }
    if change.message is not None and change.message.markup is not None:
        shown["inline_message_id"] = affairs.inline_name(change.message)
    yield bot, "chosen_inline_result", shown


def _join_request(world: World, change: Change) -> Iterator[Told]:
    fact, room = change.fact, change.chat
    assert room is not None
    if not fact["on"]:
        return
    who = world.accounts[fact["who"]]
    shown = {"chat": shapes.chat(room), "from": shapes.user(who), "user_chat_id": who.id}
    shown |= {"date": int(fact["date"]), **({"bio": fact["bio"]} if fact["bio"] else {})}
    for bot in room.bots():
        if _is_admin(room, bot):
            yield bot, "chat_join_request", shown


def _vote(world: World, change: Change) -> Iterator[Told]:
    """Of votes only the bot hears that asked."""
    fact, (_, said) = change.fact, _told(change)
    if not said.sender.is_bot or said.origin is not None:
        return
    poll = said.more["poll"]
    if not poll["is_anonymous"]:
        answer = {
            "poll_id": poll["id"],
            "user": shapes.user(world.accounts[fact["who"]]),
            "option_ids": fact["options"],
            "option_persistent_ids": [
                poll["options"][number]["persistent_id"] for number in fact["options"]
            ],
        }
        yield said.sender, "poll_answer", answer
    yield said.sender, "poll", poll


def _amend(world: World, change: Change) -> Iterator[Told]:
    _, said = _told(change)
    before = change.before
    assert before is not None
    poll = said.more.get("poll")
    if poll is None or before.more.get("poll") == poll:
        return
    if said.sender.is_bot:
        yield said.sender, "poll", poll
    elif poll["is_closed"]:  # of the polls of people bots hear when they end
        for bot in hearers(world, said):
            yield bot, "poll", poll


def _stop(world: World, change: Change) -> Iterator[Told]:
    fact, room = change.fact, change.chat
    assert room is not None
    shown: Json = {"chat": shapes.chat(room), "draft_id": fact["draft"]}
    if fact["topic"] is not None:
        shown["message_thread_id"] = fact["topic"]
    yield world.accounts[fact["bot"]], "stopped_message_generation", shown


def _managed(world: World, change: Change) -> Iterator[Told]:
    fact, accounts = change.fact, world.accounts
    shown = {
        "user": shapes.user(accounts[fact["owner"]]),
        "bot": shapes.user(accounts[fact["bot"]]),
    }
    yield accounts[fact["manager"]], "managed_bot", shown


TELL: Mapping[str, Callable[[World, Change], Iterator[Told]]] = {
    "message": _message,
    "edit": _edit,
    "delete": _delete,
    "delete_all": _delete,
    "react": _react,
    "member": _member,
    "block": _block,
    "press": _press,
    "connection": _connection,
    "guest_query": _guest_query,
    "inline_query": _inline_query,
    "chosen": _chosen,
    "join_request": _join_request,
    "vote": _vote,
    "amend": _amend,
    "stop": _stop,
    "managed": _managed,
}
