"""The methods with which a bot stands in for a business: look at the connection, read, take back."""

from typing import Any

from bots.sandbox import affairs, telling
from bots.sandbox.addressed import business_connection
from bots.sandbox.asked import Asked, bad
from bots.sandbox.desks import Desk
from bots.sandbox.things import Change, Fact
from bots.sandbox.world import Chat, Message, World

_MOST_AT_ONCE = 100


def get_business_connection(world: World, desk: Desk, asked: Asked) -> Any:
    return telling.connection(world, business_connection(world, desk, _number(asked)))


def read_business_message(world: World, desk: Desk, asked: Asked) -> Any:
    """Show the customer that what was written has been read, up to a message."""
    known = business_connection(world, desk, _number(asked), "can_read_messages")
    room = affairs.business_room(world, known["id"], asked.needed("chat_id"))
    if room is None:
        raise bad("BUSINESS_PEER_INVALID")
    if room.messages.get(asked.needed("message_id")) is None:
        raise bad("message not found")
    world.commit({"fact": "read", "chat": room.key, "id": asked.needed("message_id")})
    return True


def delete_business_messages(world: World, desk: Desk, asked: Asked) -> Any:
    """Take back messages of one chat: the bot's own by one right, those of others by another."""
    known = business_connection(world, desk, _number(asked))
    numbers = asked.json("message_ids")
    if not isinstance(numbers, list) or not 1 <= len(numbers) <= _MOST_AT_ONCE:
        raise bad("message identifiers are not specified")
    for said in _named(world, known, numbers):
        own = said.sender is desk.bot
        rights = {"can_delete_all_messages"} | ({"can_delete_sent_messages"} if own else set())
        if not rights & {*known["rights"]}:
            raise bad("BUSINESS_CONNECTION_NOT_ALLOWED")
        world.delete(said, desk.bot)
    return True


def _named(world: World, known: Fact, numbers: list[int]) -> list[Message]:
    """The messages in the one chat of the business that has them all."""
    for room in world.chats.values():
        if room.kind == "business" and room.owner is world.accounts[known["user"]]:
            found = [room.messages[n] for n in numbers if n in room.messages]
            if len(found) == len(numbers) and not any(said.deleted for said in found):
                return found
    raise bad("message to delete not found")


def _number(asked: Asked) -> str:
    return asked.text("business_connection_id") or ""


def read_up_to(room: Chat) -> int:
    """The newest message that the business has shown to have read."""
    return int(room.more.get("read", 0))


def _read(world: World, fact: Fact) -> Change:
    room = world.chats[fact["chat"]]
    room.more["read"] = max(fact["id"], read_up_to(room))
    return Change("read", fact, room)


FACTS = {"read": _read}
