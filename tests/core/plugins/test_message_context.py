"""What plugins read of the platform in a message, beside its words (T-38, T-40)."""

from __future__ import annotations

from dataclasses import replace

from core.flow.presence import Spot
from core.flow.work import memory_of
from core.ids import Account, CharacterId, EntityId, RoomId, WorldId
from core.messages import Attachment, Author, ChannelType, Kind, Place
from core.plugins.classic_shapes import message_of
from tests.core.actions.house import House
from tests.core.scenes import message

SPOT = Spot(CharacterId("ada"), RoomId("r"), WorldId("w"))


def shown(inbound):
    part = House(None).part  # type: ignore[arg-type]  # nothing is stored here
    return message_of(memory_of(part, inbound, SPOT, EntityId("robin")))


def test_a_message_tells_where_and_by_whom_it_was_said_under_its_platforms_name():
    photo = Attachment("p", "image/jpeg", kind="photo")
    said = message("look", attachments=(photo,), author=Author("7", "Robin", "robin"))
    assert shown(replace(said, place=Place(ChannelType.DM))).metadata.telegram == {
        "chatId": "42",
        "chatType": "private",
        "messageId": 9,
        "userId": "7",
        "username": "robin",
        "messageType": "photo",
    }


def test_a_message_of_a_topic_tells_which():
    said = message("hello")
    inbound = replace(
        said,
        address=said.address._replace(account=Account("telegram:1"), room="-5", thread="4"),
        place=Place(ChannelType.THREAD, "Books"),
    )
    told = shown(inbound).metadata.telegram
    assert (told.chat_id, told.thread_id, told.message_type) == ("-5", "4", "text")


def test_who_has_come_stands_in_the_content():
    inbound = replace(message(""), kind=Kind.MEMBER, joined=(Author("8", "Eve", "eve"),))
    (who,) = shown(inbound).content.new_chat_members
    assert (who.first_name, who.username) == ("Eve", "eve")


def test_a_message_on_discord_tells_its_server_and_its_thread():
    """D-17: ids of Discord are texts; a direct chat has no server."""
    said = message("look", author=Author("7", "Robin", "robin"))
    address = said.address._replace(platform="discord", account=Account("discord:1"), room="55")
    inbound = replace(said, address=address, place=Place(ChannelType.THREAD, "Tea", "90"))
    assert shown(inbound).metadata.discord == {
        "channelId": "55",
        "serverId": "90",
        "userId": "7",
        "username": "robin",
        "messageId": "9",
        "threadId": "55",
    }
    direct = shown(replace(inbound, place=Place(ChannelType.DM)))
    assert (direct.metadata.discord.server_id, direct.metadata.discord.thread_id) == (None, None)


def test_what_was_filled_in_stands_in_the_content_of_a_command():
    """D-63."""
    said = replace(message(""), kind=Kind.COMMAND, command="ask", given={"question": "why?"})
    told = shown(said).content
    assert (told.command_name, told.options.question) == ("ask", "why?")


def test_what_was_chosen_in_a_menu_or_written_into_a_form_stands_in_the_content():
    """D-40, D-60."""
    press = replace(
        message("Assam"), kind=Kind.PRESS, press="tea_menu", given={"": "assam\ndarjeeling"}
    )
    told = shown(press).content
    assert (told.callback_data, told["values"]) == ("tea_menu", ["assam", "darjeeling"])
    form = replace(press, given={"name": "Robin", "cup": "blue"})
    assert shown(form).content.options == {"name": "Robin", "cup": "blue"}
