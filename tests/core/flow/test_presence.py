"""What is remembered of a room between turns."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from core.flow.presence import Introduction, Spot, entity_id, memory_id, places_of, room_id
from core.ids import Account, CharacterId, RoomId, WorldId, string_to_uuid
from core.messages import (
    Address,
    Author,
    ChannelType,
    Inbound,
    Kind,
    Place,
    RoomSeen,
    WorldSeen,
)

ADA = CharacterId(string_to_uuid("Ada"))
HERE = Address("telegram", Account("telegram:1"), "-5")
SAID = Inbound(
    id=1,
    address=HERE,
    kind=Kind.MESSAGE,
    author=Author("7", "Bob"),
    place=Place(ChannelType.GROUP),
    message="10",
    text="hello",
    sent_at=datetime(2026, 11, 21, tzinfo=UTC),
)
ROBOT = Author("8", "Robo", is_bot=True)


def spot() -> Spot:
    return Spot(ADA, RoomId("r"), WorldId("w"))


def test_a_superseded_message_that_comes_again_is_heard_once() -> None:
    here = spot()
    said = replace(SAID, author=ROBOT)
    assert here.hear(said)
    assert not here.hear(said)
    assert here.hops == 1


def test_messages_are_heard_in_whatever_order_their_rows_come() -> None:
    here = spot()
    assert here.hear(replace(SAID, id=3))
    assert here.hear(replace(SAID, id=2, author=Author("9", "Eve")))


def test_a_person_who_speaks_ends_a_chain_of_bots() -> None:
    here = spot()
    for row in range(3):
        here.hear(replace(SAID, id=row, author=ROBOT))
    assert here.hops == 3
    here.hear(replace(SAID, id=4, kind=Kind.REACTION))
    assert here.hops == 3
    here.hear(replace(SAID, id=5))
    assert here.hops == 0


def test_our_own_answers_are_links_of_the_chain() -> None:
    here = spot()
    here.hear(replace(SAID, id=1))
    here.answered("7", now=1.0)
    here.hear(replace(SAID, id=2, author=ROBOT))
    here.answered("8", now=2.0)
    assert here.hops == 3


def test_who_was_answered_may_follow_up_until_somebody_else_speaks_or_time_passes() -> None:
    here = spot()
    here.answered("7", now=100.0)
    here.hear(SAID)
    assert here.just_answered("7", now=219.0)
    assert not here.just_answered("7", now=221.0)
    here.answered("7", now=300.0)
    here.hear(replace(SAID, id=2, author=Author("9", "Eve")))
    assert not here.just_answered("7", now=301.0)


def test_ids_hold_the_account_the_chat_and_the_character() -> None:
    """The elizaOS plugin left out the chat, and two supergroups' messages collided."""
    bob = CharacterId(string_to_uuid("Bob"))
    other_chat, other_account = (
        HERE._replace(room="-6"),
        HERE._replace(account=Account("telegram:2")),
    )
    assert len({memory_id(who, at, "10") for who in (ADA, bob) for at in (HERE, other_chat)}) == 4
    assert entity_id(ADA, HERE, "7") == entity_id(ADA, other_chat, "7")
    assert entity_id(ADA, HERE, "7") != entity_id(ADA, other_account, "7")
    assert room_id(ADA, HERE) != room_id(ADA, HERE._replace(thread="5"))


def test_threads_with_names_number_their_messages_themselves() -> None:
    topic, business = HERE._replace(thread="4"), HERE._replace(thread="b:1")
    assert memory_id(ADA, topic, "10") == memory_id(ADA, HERE, "10")
    assert memory_id(ADA, business, "10") != memory_id(ADA, HERE, "10")


def test_the_first_name_of_a_topic_does_not_undo_its_renaming() -> None:
    place = Place(ChannelType.THREAD, "Books", "-5", "Club", is_first_name=True)
    known = replace_name(spot(), "Novels")
    assert Introduction(known, replace(SAID, place=place)).name == "Novels"
    unknown = replace_name(spot(), "Club")
    assert Introduction(unknown, replace(SAID, place=place)).name == "Books"
    assert Introduction(spot(), replace(SAID, place=place)).name == "Books"


def replace_name(spot: Spot, called: str) -> Spot:
    spot.called = called
    return spot


def test_a_room_that_tells_of_itself_keeps_its_ids() -> None:
    here = Spot(ADA, RoomId("moved here"), WorldId("and its world"))
    rooms = (
        RoomSeen("-5", "Tea", ChannelType.GROUP),
        RoomSeen("-5", "Books", ChannelType.THREAD, "4"),
    )
    told = replace(
        SAID, place=Place(ChannelType.GROUP, "Tea", "-5"), world=WorldSeen("-5", "Tea", rooms)
    )
    (world,), (room, topic) = places_of(here, told)
    assert (world.id, room.id, topic.world) == (here.world, here.room, here.world)
    assert topic.id == room_id(ADA, HERE._replace(thread="4"))
