"""What happens on Telegram beside words: each fact, and what it does to the world."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace

from bots.sandbox.things import Account, Change, Chat, Fact, Message
from bots.sandbox.world import World


def _able(world: World, fact: Fact) -> Change:
    able = world.accounts[fact["bot"]].able
    (able.add if fact["on"] else able.discard)(fact["what"])
    return Change("able", fact)


def _language(world: World, fact: Fact) -> Change:
    world.accounts[fact["who"]].language = fact["language"]
    return Change("language", fact)


def _hidden(world: World, fact: Fact) -> Change:
    (world.hidden.add if fact["on"] else world.hidden.discard)(fact["who"])
    return Change("hidden", fact)


def _link(world: World, fact: Fact) -> Change:
    channel, group = world.chats[fact["chat"]], world.chats[fact["to"]]
    channel.more["linked"], group.more["linked"] = group, channel
    return Change("link", fact, channel)


def _persona(world: World, fact: Fact) -> Change:
    room = world.chats[fact["chat"]]
    shown = world.chats[fact["as"]] if fact["as"] is not None else None
    room.more.setdefault("personas", {})[fact["who"]] = shown
    return Change("persona", fact, room)


def _title(world: World, fact: Fact) -> Change:
    room = world.chats[fact["chat"]]
    room.title = fact["title"]
    return Change("title", fact, room)


def _moved(world: World, fact: Fact) -> Change:
    old, new = world.chats[fact["chat"]], world.chats[fact["to"]]
    old.moved_to = new
    return Change("moved", fact, old)


def _signed(world: World, fact: Fact) -> Change:
    room = world.chats[fact["chat"]]
    room.more["signed"] = fact["on"]
    return Change("signed", fact, room)


def _public(world: World, fact: Fact) -> Change:
    room = world.chats[fact["chat"]]
    room.more["username"] = fact["username"]
    return Change("title", fact, room)


def _topic_name(world: World, fact: Fact) -> Change:
    room = world.chats[fact["chat"]]
    room.topics[fact["id"]] = fact["name"]
    return Change("topic", fact, room)


def _topic_open(world: World, fact: Fact) -> Change:
    room = world.chats[fact["chat"]]
    closed = room.more.setdefault("closed", set())
    (closed.discard if fact["on"] else closed.add)(fact["id"])
    return Change("topic", fact, room)


def _pin(world: World, fact: Fact) -> Change:
    room = world.chats[fact["chat"]]
    pinned = [number for number in room.more.get("pinned", ()) if number != fact["id"]]
    room.more["pinned"] = [*pinned, fact["id"]] if fact["on"] else pinned
    return Change("pin", fact, room)


def _delete_all(world: World, fact: Fact) -> Change:
    room = world.chats[fact["chat"]]
    for number in fact["ids"]:
        room.messages[number] = replace(room.messages[number], deleted=True)
    return Change("delete_all", fact, room)


def _business_chat(world: World, fact: Fact) -> Change:
    """Two people talk; the first has a business, and the other is its customer."""
    owner, customer = world.accounts[fact["owner"]], world.accounts[fact["customer"]]
    room = Chat(fact["key"], customer.id, "business", customer.name, owner=owner)
    room.members = {owner: "member", customer: "member"}
    world.chats[room.key] = room
    return Change("chat", fact, room)


def _connection(world: World, fact: Fact) -> Change:
    if fact["on"]:
        world.connections[fact["id"]] = fact
    else:
        world.connections.pop(fact["id"], None)
    return Change("connection", fact)


def _query(world: World, fact: Fact) -> Change:
    room = world.chats.get(fact["chat"] or "")
    said = room.messages.get(fact["id"]) if room is not None else None
    return Change(fact["fact"], fact, room, said)


def _inline_query(world: World, fact: Fact) -> Change:
    world.queries[fact["query"]] = fact
    return _query(world, fact)


def _slow(world: World, fact: Fact) -> Change:
    room = world.chats[fact["chat"]]
    room.more["slow_mode_delay"] = fact["seconds"]
    return Change("slow", fact, room)


def _results(world: World, fact: Fact) -> Change:
    world.results[fact["query"]] = fact["results"]
    return Change("results", fact)


def _join_request(world: World, fact: Fact) -> Change:
    room = world.chats[fact["chat"]]
    asking = room.more.setdefault("asking", set())
    (asking.add if fact["on"] else asking.discard)(world.accounts[fact["who"]])
    return Change("join_request", fact, room)


def _vote(world: World, fact: Fact) -> Change:
    """A vote counts for what its voter said last; none takes the voter's vote back."""
    room = world.chats[fact["chat"]]
    before = room.messages[fact["id"]]
    poll = before.more["poll"]
    votes = world.votes.setdefault(poll["id"], {})
    votes.pop(fact["who"], None)
    if fact["options"]:
        votes[fact["who"]] = fact["options"]
    counts = [sum(number in chosen for chosen in votes.values()) for number in _numbers(poll)]
    options = [
        {**option, "voter_count": count}
        for option, count in zip(poll["options"], counts, strict=True)
    ]
    counted = {**poll, "options": options, "total_voter_count": len(votes)}
    after = replace(before, more={**before.more, "poll": counted})
    room.messages[before.id] = after
    return Change("vote", fact, room, after, before)


def _numbers(poll: Fact) -> range:
    return range(len(poll["options"]))


def _stop(world: World, fact: Fact) -> Change:
    room = world.chats[fact["chat"]]
    place = (room.key, fact["topic"], fact["bot"])
    draft = world.drafts.get(place)
    if draft is not None and not draft.more.get("keep_on_stop"):
        del world.drafts[place]
    elif draft is not None:
        world.drafts[place] = replace(draft, more={})
    return Change("stop", fact, room)


FACTS = {
    "able": _able,
    "language": _language,
    "hidden": _hidden,
    "link": _link,
    "persona": _persona,
    "title": _title,
    "public": _public,
    "signed": _signed,
    "moved": _moved,
    "topic_name": _topic_name,
    "topic_open": _topic_open,
    "pin": _pin,
    "delete_all": _delete_all,
    "business_chat": _business_chat,
    "connection": _connection,
    "guest_query": _query,
    "inline_query": _inline_query,
    "slow": _slow,
    "results": _results,
    "chosen": _query,
    "join_request": _join_request,
    "vote": _vote,
    "stop": _stop,
}


# -- questions to the world ----------------------------------------------------------------------


def connection_of(world: World, room: Chat) -> Fact | None:
    """How a bot stands in for the business whose chat this is."""
    owner = room.owner
    if room.kind != "business" or owner is None:
        return None
    found = (one for one in world.connections.values() if one["user"] == owner.id)
    return next(found, None)


def business_room(world: World, connection: str, chat: int) -> Chat | None:
    """The chat of a business with a customer, as a bot names it."""
    known = world.connections.get(connection)
    return None if known is None else world.chats.get(f"tg:{known['user']}~{chat}")


def open_business_chat(world: World, owner: Account, customer: Account) -> Chat:
    key = f"tg:{owner.id}~{customer.id}"
    known = world.chats.get(key)
    if known is not None:
        return known
    fact = {"fact": "business_chat", "key": key, "owner": owner.id, "customer": customer.id}
    made = world.commit(fact).chat
    assert made is not None
    return made


def inline_name(said: Message) -> str:
    """The inline_message_id by which a bot knows what it has said in a chat that is not its own."""
    return urlsafe_b64encode(f"{said.chat.key}/{said.id}".encode()).decode().rstrip("=")


def by_inline_name(world: World, name: str) -> Message | None:
    try:
        key, _, number = urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode().rpartition("/")
        return world.chats[key].messages[int(number)]
    except (ValueError, KeyError):
        return None
