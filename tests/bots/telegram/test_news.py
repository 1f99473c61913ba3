"""Who comes, goes and rises, and what chats and topics are called."""

from __future__ import annotations

import pytest

from core.messages import ChannelType, Inbound, Kind, Rank
from tests.bots.telegram.samples import change, member
from tests.bots.telegram.test_reading import heard, received
from tests.bots.telegram.updates import (
    ADA,
    CHANNEL,
    EVE,
    FORUM,
    GROUP,
    PRIVATE,
    message,
    update,
)

TOPIC = {"chat": FORUM, "message_thread_id": 4, "is_topic_message": True}


def told(chat: dict[str, object] = GROUP, **news: object) -> Inbound:
    return heard(update(message=message(None, chat=chat, **news)))


def names(people: tuple[object, ...]) -> list[str]:
    return [getattr(one, "name", "") for one in people]


def test_who_comes_and_who_goes_is_told():
    assert names(told(new_chat_members=[EVE, ADA]).joined) == ["Eve", "Ada"]
    gone = told(left_chat_member=EVE)
    assert (gone.kind, names(gone.parted), gone.left) == (Kind.MEMBER, ["Eve"], False)


def test_an_admin_is_told_of_everybody_who_comes_and_goes():
    came = heard(change("chat_member", member(EVE, "left"), member(EVE, "member")))
    went = heard(change("chat_member", member(EVE, "member"), member(EVE, "kicked")))
    assert (names(came.joined), came.parted, came.ranked) == (["Eve"], (), ())
    assert (went.joined, names(went.parted)) == ((), ["Eve"])
    assert not went.left


def test_who_is_restricted_is_still_here_or_is_not():
    here = member(EVE, "restricted", is_member=True)
    gone = member(EVE, "restricted", is_member=False)
    assert heard(change("chat_member", member(EVE, "member"), here)).parted == ()
    assert names(heard(change("chat_member", here, gone)).parted) == ["Eve"]


@pytest.mark.parametrize(
    ("before", "now", "rank"),
    [
        ("member", "administrator", Rank.ADMIN),
        ("administrator", "member", Rank.MEMBER),
        ("administrator", "creator", Rank.OWNER),
        ("left", "administrator", Rank.ADMIN),
    ],
)
def test_who_rises_or_falls_is_told_with_the_rank(before, now, rank):
    inbound = heard(change("chat_member", member(EVE, before), member(EVE, now)))
    assert [(who.name, what) for who, what in inbound.ranked] == [("Eve", rank)]


def test_a_group_that_changes_hands_names_its_new_owner():
    inbound = told(chat_owner_changed={"new_owner": EVE})
    assert [(who.name, what) for who, what in inbound.ranked] == [("Eve", Rank.OWNER)]


def test_being_put_out_is_told_from_being_let_in():
    out = heard(change("my_chat_member", member(ADA, "member"), member(ADA, "kicked")))
    assert (out.kind, out.left, out.world) == (Kind.MEMBER, True, None)
    come = heard(change("my_chat_member", member(ADA, "left"), member(ADA, "member")))
    assert (come.kind, come.left, names(come.joined)) == (Kind.WORLD, False, ["Ada"])
    assert come.world is not None
    assert [(room.id, room.name) for room in come.world.rooms] == [("-100500", "Tea room")]


def test_who_lets_us_write_again_is_told_too():
    blocked = change("my_chat_member", member(ADA, "member"), member(ADA, "kicked"), PRIVATE)
    again = change("my_chat_member", member(ADA, "kicked"), member(ADA, "member"), PRIVATE)
    assert heard(blocked).left
    assert (heard(again).kind, heard(again).left) == (Kind.MEMBER, False)
    assert names(heard(again).joined) == ["Ada"]


def test_a_promotion_of_ours_is_no_coming():
    raised = change("my_chat_member", member(ADA, "member"), member(ADA, "administrator"))
    assert heard(raised).joined == ()


def test_a_channel_that_takes_us_in_is_a_feed():
    raw = change("my_chat_member", member(ADA, "left"), member(ADA, "administrator"), CHANNEL)
    world = heard(raw).world
    assert world is not None
    assert world.rooms[0].channel is ChannelType.FEED


def test_a_new_title_is_the_chats_name():
    inbound = told({**GROUP, "title": "Coffee room"}, new_chat_title="Coffee room")
    assert inbound.kind is Kind.WORLD
    assert inbound.world is not None
    assert (inbound.world.name, inbound.world.rooms[0].name) == ("Coffee room", "Coffee room")


@pytest.mark.parametrize(
    ("news", "name"), [("forum_topic_created", "Books"), ("forum_topic_edited", "Novels")]
)
def test_a_topic_is_a_room_by_the_name_it_has_now(news, name):
    inbound = heard(update(message=message(None, **TOPIC, **{news: {"name": name}})))
    assert inbound.world is not None
    (room,) = inbound.world.rooms
    assert (room.id, room.thread, room.name) == ("-100600", "4", name)
    assert room.channel is ChannelType.THREAD
    assert not inbound.place.is_first_name


def test_a_topic_with_a_new_picture_keeps_its_name():
    edited = {"icon_custom_emoji_id": "5"}
    world = heard(update(message=message(None, **TOPIC, forum_topic_edited=edited))).world
    assert world is not None
    assert world.rooms == ()


def test_the_name_by_which_a_topic_was_opened_may_be_an_old_one():
    opened = message(None, chat=FORUM, forum_topic_created={"name": "Books", "icon_color": 1})
    place = heard(update(message=message(**TOPIC, reply_to_message=opened))).place
    assert (place.name, place.is_first_name) == ("Books", True)
    unknown = heard(update(message=message(**TOPIC))).place
    assert (unknown.name, unknown.is_first_name) == ("Reading club", True)


def test_a_move_is_the_old_chats_news_whoever_tells_it():
    old = update(message=message(None, chat={**GROUP, "id": -55}, migrate_to_chat_id=-100500))
    new = update(message=message(None, chat=GROUP, migrate_from_chat_id=-55))
    assert received(old).address == received(new).address
    assert received(old).event_key != received(new).event_key
    assert heard(old).moved_to == heard(new).moved_to == "-100500"


def test_what_nobody_has_said_is_only_noted():
    for news in ({"pinned_message": {}}, {"forum_topic_closed": {}}, {"delete_chat_photo": True}):
        assert received(update(message=message(None, chat=GROUP, **news))).kind is Kind.OTHER
    asked = {"chat": GROUP, "from": EVE, "user_chat_id": 78, "date": 1}
    assert heard(update(chat_join_request=asked)).author.name == "Eve"
