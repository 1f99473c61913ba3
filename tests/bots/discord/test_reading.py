"""What a gateway event means, whatever it looks like."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bots.discord.envelope import Scene, tagged, world
from bots.discord.mapping import read
from core.errors import Unreadable
from core.messages import ChannelType, Inbound, Kind, Received, RoomSeen, WorldSeen
from tests.bots.discord.events import (
    ACCOUNT,
    ADA,
    BOARD,
    BOB,
    DIRECT,
    DM,
    EDITED,
    ELIZA,
    ELIZA_MARK,
    EVE,
    FILE,
    GUILD,
    HELPERS,
    OUR_ROLE,
    POST,
    PRESS,
    REACTION,
    REAL,
    SENT,
    SERVER,
    TEA,
    THREAD,
    US,
    US_MARK,
    answering,
    direct,
    heard,
    message,
    received,
)


def said(content: str, **more: Any) -> Inbound:
    return heard(message(content, **more))


# --- who and where -----------------------------------------------------------------------------


def test_a_direct_message_is_direct():
    inbound = heard(direct(), scene=DIRECT)
    assert inbound.is_direct
    assert (inbound.author.id, inbound.author.name, inbound.author.username) == (
        BOB["id"],
        "Bob Stone",
        "bob",
    )
    place = inbound.place
    assert (place.channel, place.name, place.world) == (ChannelType.DM, "Bob Stone", DM)
    assert inbound.sent_at == datetime(2026, 11, 21, 4, 55, 0, 123_000, UTC)
    assert inbound.message == "1400000000000000005"


def test_a_channel_that_nobody_knows_yet_is_direct_outside_of_servers_only():
    assert heard(direct(), scene=Scene()).is_direct
    assert not heard(message(), scene=Scene()).is_direct
    assert heard(message(), scene=Scene()).place.world == GUILD


def test_a_person_has_the_name_that_this_server_knows():
    assert said("hello").author.name == "Bobby"
    assert said("hello", author=EVE, member={"nick": None}).author.name == "eve"


def test_a_hook_speaks_as_a_bot_in_its_own_name():
    hook = {"id": "1700000000000000001", "username": "News", "avatar": None}
    author = said("x", webhook_id=hook["id"], author=hook, member=None).author
    assert (author.id, author.name, author.is_bot) == (hook["id"], "News", True)
    assert said("x", author=ELIZA).author.is_bot


def test_a_room_a_thread_and_an_announcement_are_told_apart():
    place = said("x").place
    assert (place.channel, place.name, place.world_name) == (ChannelType.GROUP, "tea", "Tea house")
    post = heard(message(channel_id=POST), scene=THREAD).place
    assert (post.channel, post.name, post.world) == (ChannelType.THREAD, "Which cup?", GUILD)
    news = heard(message(), scene=Scene(type=5, name="news", guild=GUILD)).place
    assert news.channel is ChannelType.FEED


# --- marks -------------------------------------------------------------------------------------


def test_a_mark_of_us_tags_us_and_reads_as_our_name():
    inbound = said(f"{US_MARK}, tea with {ELIZA_MARK}?", mentions=[ADA, ELIZA])
    assert inbound.text == "@Ada, tea with @Eliza?"
    assert inbound.mentions_us
    assert not inbound.mentions_others


def test_a_mark_of_somebody_else_tags_others():
    named = EVE | {"member": {"nick": "Evie"}}
    inbound = said(f"<@!{EVE['id']}>: tea?", mentions=[named])
    assert inbound.text == "@Evie: tea?"
    assert inbound.mentions_others
    assert not inbound.mentions_us


@pytest.mark.parametrize(("role", "ours"), [(OUR_ROLE, True), (HELPERS, False)])
def test_of_the_roles_only_our_own_tags_us(role, ours):
    inbound = said(f"<@&{role}> tea?", mention_roles=[role])
    assert (inbound.mentions_us, inbound.mentions_others) == (ours, not ours)
    assert inbound.text == ("@Ada tea?" if ours else "@Helpers tea?")


@pytest.mark.parametrize("mass", ["@everyone tea!", "@here tea!"])
def test_a_call_to_everyone_is_no_call_to_us(mass):
    inbound = said(mass, mention_everyone=True)
    assert (inbound.mentions_us, inbound.mentions_others) == (False, False)
    assert inbound.text == mass


@pytest.mark.parametrize("fence", ["`{}`", "``{} ` x``", "```\n{}\n```"])
def test_a_mark_in_code_is_code(fence):
    text = fence.format(US_MARK)
    inbound = said(text)
    assert inbound.text == text
    assert not inbound.mentions_us


@pytest.mark.parametrize(
    ("mark", "word"),
    [
        (f"<#{TEA}>", "#tea"),
        ("<#99>", "#unknown"),
        ("<@99>", "@unknown"),
        ("<@&99>", "@unknown"),
        ("<:cup_1:99>", ":cup_1:"),
        ("<a:cup:99>", ":cup:"),
        ("<t:1790000000:R>", "2026-09-21 14:13 UTC"),
        ("<t:1790000000>", "2026-09-21 14:13 UTC"),
        ("<t:999999999999:R>", "<t:999999999999:R>"),
        ("</ask me:99>", "/ask me"),
        ("<3", "<3"),
        ("<https://a.org>", "<https://a.org>"),
        ("<@x>", "<@x>"),
    ],
)
def test_marks_become_the_words_that_people_see(mark, word):
    assert said(f"a {mark} b").text == f"a {word} b"


def test_names_that_must_be_looked_up_are_told_in_their_order():
    text = f"<#5> <@&6> {US_MARK} <#5> <:x:7>"
    assert tagged(message(text)) == ("5", "6")
    assert tagged(None) == tagged({"content": 5}) == ()


# --- answers -----------------------------------------------------------------------------------


def test_an_answer_to_us_says_what_it_answers():
    inbound = heard(answering(message(f"Tea, {US_MARK}?", author=ADA)))
    assert inbound.replies_to_us
    assert not inbound.mentions_us
    assert inbound.reply_to is not None
    assert (inbound.reply_to.message, inbound.reply_to.text) == (
        "1400000000000000005",
        "Tea, @Ada?",
    )


def test_the_ping_of_an_answer_is_no_mark():
    inbound = heard(answering(message(author=EVE), mentions=[EVE]))
    assert not inbound.replies_to_us
    assert not inbound.mentions_others
    assert inbound.reply_to is not None


@pytest.mark.parametrize("gone", [None, {}])
def test_an_answer_to_what_is_gone_is_still_an_answer(gone):
    inbound = heard(answering(message(), "why?") | {"referenced_message": gone})
    assert inbound.reply_to is not None
    assert (inbound.reply_to.message, inbound.reply_to.author) == ("1400000000000000005", None)
    assert not inbound.replies_to_us


# --- what is not text --------------------------------------------------------------------------


def test_a_file_is_pointed_at_without_its_signed_link():
    (file,) = said("", attachments=[FILE]).attachments
    assert (file.mime, file.size, file.name) == ("text/plain", 12, "notes.txt")
    assert file.ref == f"{TEA}/1400000000000000005/1500000000000000001"


def test_a_sticker_is_a_picture_with_a_name():
    (sticker,) = said(
        "", sticker_items=[{"id": "15", "name": "Wave", "format_type": 1}]
    ).attachments
    assert (sticker.name, sticker.mime, sticker.ref) == ("Wave", "image/png", "sticker:15")


def test_a_poll_is_said_in_words():
    poll = {
        "question": {"text": "Tea?"},
        "answers": [{"poll_media": {"text": "Yes"}}, {"poll_media": {"text": "No"}}],
    }
    assert said("", poll=poll).text == "[poll: Tea?; Yes; No]"


def test_an_embed_of_a_bot_is_said_in_words_and_a_looked_up_link_is_not():
    made = {"title": "Weather", "description": "Rain", "fields": [{"name": "Wind", "value": "5"}]}
    assert said("Look", embeds=[made]).text == "Look\n[embed: Weather; Rain; Wind: 5]"
    assert said("Look", embeds=[made | {"type": "article"}]).text == "Look"


def test_a_forwarded_message_comes_with_its_words_and_files_and_tags_nobody():
    forwarded = {"content": f"tea, {US_MARK}", "mentions": [ADA], "attachments": [FILE]}
    inbound = said(
        "",
        message_reference={"type": 1, "channel_id": TEA, "message_id": "9"},
        message_snapshots=[{"message": forwarded}],
    )
    assert (inbound.text, inbound.forwarded) == ("tea, @Ada", "#tea")
    assert inbound.reply_to is None
    assert not inbound.mentions_us
    assert [file.name for file in inbound.attachments] == ["notes.txt"]


def test_what_is_passed_on_from_elsewhere_says_so_and_an_answer_to_it_too():
    snapshot = {"content": "tea?", "timestamp": SENT}
    passed_on = message(
        "",
        message_reference={"type": 1, "channel_id": "77", "message_id": "9"},
        message_snapshots=[{"message": snapshot}],
    )
    assert heard(passed_on).forwarded == "elsewhere"
    assert tagged(passed_on) == ("77",), "its channel's name is looked up"
    answer = heard(answering(passed_on)).reply_to
    assert answer is not None
    assert answer.text == "[forwarded]\ntea?"


def test_what_was_published_from_another_server_answers_nobody():
    reference = {"type": 0, "channel_id": "77", "guild_id": "78", "message_id": "9"}
    hook = {"id": "1700000000000000001", "username": "News", "avatar": None}
    inbound = said(
        "news!", message_reference=reference, flags=2, webhook_id=hook["id"], author=hook
    )
    assert inbound.reply_to is None
    assert inbound.author.is_bot


def test_a_post_begins_with_its_title_and_what_it_is_filed_under():
    scene = replace(THREAD, tags=("tea", "china"))
    first = heard(message("Help me choose", id=POST, channel_id=POST), scene=scene)
    assert first.text == "Which cup?\n[tags: tea, china]\nHelp me choose"
    assert (first.place.name, first.place.within) == ("Which cup?", BOARD)
    assert heard(message("The blue one", channel_id=POST), scene=scene).text == "The blue one"
    plain = replace(THREAD, parent_type=0)
    assert heard(message("hi", id=POST, channel_id=POST), scene=plain).text == "hi"


def test_whoever_speaks_bears_their_roles():
    member = {"nick": "Bobby", "roles": [HELPERS, "x", 5, None]}
    assert said("hello", member=member).author.roles == (HELPERS, "5")
    assert heard(direct(), scene=DIRECT).author.roles == ()


def test_a_chat_of_several_people_is_a_group():
    inbound = heard(direct("hello"), scene=Scene(type=3, name="Us three"))
    assert not inbound.is_direct
    place = inbound.place
    assert (place.channel, place.name, place.world) == (ChannelType.GROUP, "Us three", DM)


@pytest.mark.parametrize(
    ("type", "channel"),
    [
        (0, ChannelType.GROUP),
        (2, ChannelType.VOICE_GROUP),
        (5, ChannelType.FEED),
        (10, ChannelType.THREAD),
        (12, ChannelType.THREAD),
        (13, ChannelType.VOICE_GROUP),
        (99, ChannelType.GROUP),
    ],
)
def test_every_channel_with_talk_has_its_kind(type, channel):
    place = heard(message(), scene=Scene(type=type, name="tea", guild=GUILD)).place
    assert place.channel is channel


def test_a_voice_message_is_one():
    spoken = FILE | {"content_type": "audio/ogg", "duration_secs": 3.5, "waveform": "AA=="}
    (file,) = said("", attachments=[spoken], flags=1 << 13).attachments
    assert (file.kind, file.seconds, file.name) == ("voice", 3.5, "")


# --- everything else ---------------------------------------------------------------------------


def test_an_edit_is_read_as_it_now_stands():
    inbound = heard(message("hello!", edited_timestamp=EDITED), "MESSAGE_UPDATE")
    assert (inbound.kind, inbound.text, inbound.message) == (
        Kind.EDIT,
        "hello!",
        "1400000000000000005",
    )
    assert inbound.sent_at == datetime(2026, 11, 21, 4, 56, tzinfo=UTC)


def test_a_time_that_is_missing_is_in_the_id():
    number = ((1_790_000_000_000 - 1_420_070_400_000) << 22) + 5
    inbound = heard(message(id=str(number), timestamp="soon"))
    assert inbound.sent_at == datetime.fromtimestamp(1_790_000_000, UTC)


def test_a_press_is_its_button_and_the_word_on_it():
    inbound = heard(PRESS, "INTERACTION_CREATE")
    assert (inbound.kind, inbound.author.id) == (Kind.PRESS, BOB["id"])
    assert (inbound.press, inbound.text) == ("again", "Once more")
    assert inbound.message == "1400000000000000005"
    assert inbound.replies_to_us
    assert not inbound.is_direct


def test_what_was_chosen_in_a_menu_is_the_text_of_its_press():
    chosen = PRESS | {"data": {"custom_id": "cup", "values": ["big", "blue"]}}
    inbound = heard(chosen, "INTERACTION_CREATE")
    assert (inbound.press, inbound.text) == ("cup", "big blue")


@pytest.mark.parametrize("data", [None, [], {"custom_id": 5}, {"custom_id": "gone", "values": "x"}])
def test_a_press_of_an_unknown_shape_is_read_without_its_word(data):
    inbound = heard(PRESS | {"data": data}, "INTERACTION_CREATE")
    assert (inbound.kind, inbound.text) == (Kind.PRESS, "")


def test_a_press_below_parts_within_parts_finds_its_word():
    button = {"type": 2, "label": "Deep", "custom_id": "again"}
    parts = [{"type": 17, "components": [{"type": 9, "accessory": button, "components": []}]}]
    inbound = heard(PRESS | {"message": {"id": "5", "components": parts}}, "INTERACTION_CREATE")
    assert inbound.text == "Deep"
    endless: dict[str, object] = {"custom_id": "other"}
    for _ in range(200):
        endless = {"components": [endless]}
    beyond = heard(PRESS | {"message": {"components": [endless]}}, "INTERACTION_CREATE")
    assert beyond.text == ""


def test_a_reaction_is_its_emoji_until_it_is_taken_back():
    inbound = heard(REACTION, "MESSAGE_REACTION_ADD")
    assert (inbound.kind, inbound.text, inbound.author.name) == (Kind.REACTION, "👍", "Bob Stone")
    assert inbound.message == "1400000000000000005"
    own = REACTION | {"emoji": {"id": "15", "name": "cup"}}
    assert heard(own, "MESSAGE_REACTION_ADD").text == ":cup:"
    assert heard(REACTION, "MESSAGE_REACTION_REMOVE").text == ""
    alone = {"user_id": BOB["id"], "channel_id": DM, "message_id": "5", "emoji": {"name": "👍"}}
    inbound = heard(alone, "MESSAGE_REACTION_ADD", DIRECT)
    assert (inbound.is_direct, inbound.author.id) == (True, BOB["id"])


def test_who_joins_a_server_is_known():
    inbound = heard(REAL[14][1], "GUILD_MEMBER_ADD", Scene(guild=GUILD, guild_name="Tea house"))
    assert (inbound.kind, inbound.author.name) == (Kind.MEMBER, "Bob Stone")
    assert (inbound.place.channel, inbound.place.world) == (ChannelType.WORLD, GUILD)
    assert inbound.address.room == GUILD


def test_a_server_is_seen_with_its_rooms_and_without_its_people():
    stored = world(SERVER, ACCOUNT, 77)
    assert (stored.kind, stored.seq, stored.event_key) == (Kind.WORLD, 77, f"w:{GUILD}:77")
    assert b"members" not in stored.payload
    assert read(stored, US).world == WorldSeen(
        GUILD,
        "Tea house",
        (
            RoomSeen(TEA, "tea", ChannelType.GROUP),
            RoomSeen(BOARD, "questions", ChannelType.FORUM),
            RoomSeen("1300000000000000011", "Voices", ChannelType.VOICE_GROUP),
            RoomSeen(POST, "Which cup?", ChannelType.THREAD),
        ),
    )


@pytest.mark.parametrize(
    "payload", [b"", b"null", b"{}", b"[1]", b'{"t":"MESSAGE_CREATE"}', b"\xff"]
)
@pytest.mark.parametrize("kind", [Kind.MESSAGE, Kind.COMMAND, Kind.EDIT, Kind.WORLD])
def test_what_makes_no_sense_is_unreadable_and_its_reason_says_no_word_of_it(kind, payload):
    with pytest.raises(Unreadable) as caught:
        read(Received(received(message()).address, "k", "", 1, kind, payload), US)
    assert str(caught.value)


def test_what_cannot_be_read_is_not_quoted():
    spoiled = message("a secret", sticker_items=[{"format_type": ["a secret"]}])
    with pytest.raises(Unreadable) as caught:
        heard(spoiled)
    assert "secret" not in str(caught.value)
