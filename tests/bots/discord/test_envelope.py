"""What is known of a gateway event before it is parsed, and that any can be stored."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bots.discord.envelope import Scene, envelope
from bots.discord.mapping import read
from core.errors import Unreadable
from core.messages import ChannelType, Kind
from tests.bots.discord.events import (
    ACCOUNT,
    ADA,
    BOB,
    DIRECT,
    EDITED,
    ELIZA_MARK,
    GUILD,
    PRESS,
    REACTION,
    REAL,
    ROOM,
    SENT,
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

# --- the envelope ------------------------------------------------------------------------------


def test_a_message_is_known_by_its_channel_and_number():
    stored = received(message())
    assert stored.event_key == f"m:{TEA}:1400000000000000005"
    assert stored.seq == 1400000000000000005
    assert stored.author == BOB["id"]
    assert stored.address == ("discord", ACCOUNT, TEA, "")
    assert stored.kind is Kind.MESSAGE
    assert orjson.loads(stored.payload)["d"]["content"] == "hello"


def test_a_message_that_is_read_back_has_the_key_it_had_live():
    read_back = message()
    del read_back["guild_id"], read_back["member"]
    assert received(read_back).event_key == received(message()).event_key
    inbound = heard(read_back)
    assert not inbound.is_direct
    assert inbound.place.world == GUILD


@pytest.mark.parametrize(
    ("event", "data", "kind", "key"),
    [
        ("MESSAGE_UPDATE", REAL[8][1], Kind.EDIT, f"e:{TEA}:1400000000000000005:{EDITED}"),
        ("MESSAGE_DELETE", REAL[10][1], Kind.DELETE, f"d:{TEA}:1400000000000000005"),
        ("MESSAGE_DELETE", {"id": "5"}, Kind.OTHER, "x:"),
        ("MESSAGE_DELETE_BULK", {"ids": ["5", "6"], "channel_id": TEA}, Kind.DELETE, f"d:{TEA}:"),
        ("MESSAGE_DELETE_BULK", {"ids": [], "channel_id": TEA}, Kind.OTHER, "x:"),
        ("GUILD_DELETE", {"id": GUILD}, Kind.MEMBER, "x:"),
        ("CHANNEL_DELETE", {"id": TEA, "guild_id": GUILD, "type": 0}, Kind.MEMBER, "x:"),
        ("THREAD_UPDATE", {"id": TEA, "guild_id": GUILD, "name": "n"}, Kind.WORLD, "x:"),
        ("THREAD_UPDATE", {"id": TEA}, Kind.OTHER, "x:"),
        ("MESSAGE_REACTION_ADD", REACTION, Kind.REACTION, "x:"),
        ("INTERACTION_CREATE", PRESS, Kind.PRESS, "i:1600000000000000001"),
        ("INTERACTION_CREATE", PRESS | {"type": 2}, Kind.OTHER, "i:1600000000000000001"),
        ("GUILD_MEMBER_ADD", REAL[14][1], Kind.MEMBER, "x:"),
        ("A_KIND_OF_2031", {}, Kind.OTHER, "x:"),
        ("MESSAGE_CREATE", message(type=7), Kind.OTHER, f"m:{TEA}:1400000000000000005"),
        ("MESSAGE_CREATE", message(type=18), Kind.OTHER, f"m:{TEA}:1400000000000000005"),
        ("MESSAGE_CREATE", message("", type=21), Kind.OTHER, f"m:{TEA}:1400000000000000005"),
    ],
)
def test_every_kind_of_event_has_its_kind_and_key(event, data, kind, key):
    stored = received(data, event)
    assert stored.kind is kind
    assert stored.event_key.startswith(key)


def test_what_is_taken_back_is_named_as_it_was_when_it_came():
    one = received(REAL[10][1], "MESSAGE_DELETE")
    assert one.unsays == (received(message()).event_key,)
    several = {"ids": ["1400000000000000005", "7", "x", "7"], "channel_id": TEA, "guild_id": GUILD}
    many = received(several, "MESSAGE_DELETE_BULK")
    assert many.unsays == (f"m:{TEA}:1400000000000000005", f"m:{TEA}:7")
    assert heard(several, "MESSAGE_DELETE_BULK").gone == ("1400000000000000005", "7")
    assert received(several, "MESSAGE_DELETE_BULK").event_key == many.event_key


def test_what_happens_again_just_as_it_did_is_not_its_repeat():
    put_out = {"id": GUILD}
    first, again, later = (
        received(put_out, "GUILD_DELETE", Scene(mark=mark)).event_key for mark in ("5", "5", "9")
    )
    assert first == again != later


def test_somebody_comes_into_the_channel_for_greetings():
    came = {"guild_id": GUILD, "user": BOB, "joined_at": SENT}
    assert received(came, "GUILD_MEMBER_ADD").address.room == GUILD
    scene = Scene(type=0, name="hall", guild=GUILD, guild_name="Tea house", welcome=TEA)
    assert received(came, "GUILD_MEMBER_ADD", scene).address.room == TEA
    place = heard(came, "GUILD_MEMBER_ADD", scene).place
    assert (place.name, place.world, place.channel) == ("hall", GUILD, ChannelType.GROUP)


def test_a_link_that_was_looked_up_is_no_edit():
    looked_up = message("see https://a.org", embeds=[{"type": "link", "title": "A"}])
    assert received(looked_up, "MESSAGE_UPDATE").kind is Kind.OTHER
    after_an_edit = looked_up | {"edited_timestamp": EDITED}
    edit = received(message("see https://a.org", edited_timestamp=EDITED), "MESSAGE_UPDATE")
    assert received(after_an_edit, "MESSAGE_UPDATE").event_key == edit.event_key


def test_two_edits_of_one_message_are_two():
    keys = {
        received(message(edited_timestamp=when), "MESSAGE_UPDATE").event_key
        for when in (SENT, EDITED, "soon\0" * 99)
    }
    assert len(keys) == 3
    assert all("\0" not in key and len(key) < 100 for key in keys)


@pytest.mark.parametrize(
    ("data", "scene"),
    [
        (direct("/reset now"), DIRECT),
        (direct("/RESET now"), Scene()),
        (message(f"{US_MARK} /reset now"), ROOM),
        (message(f" <@!{ADA['id']}>/reset now"), ROOM),
        (answering(message(author=ADA), "/reset now"), ROOM),
    ],
)
def test_a_command_is_one_that_is_known_and_meant_for_us(data, scene):
    inbound = heard(data, scene=scene)
    assert (inbound.kind, inbound.command, inbound.arguments) == (Kind.COMMAND, "reset", "now")
    assert not inbound.mentions_others


@pytest.mark.parametrize(
    ("data", "scene"),
    [
        (direct("/etc/passwd"), DIRECT),
        (direct("/"), DIRECT),
        (direct("/ reset"), DIRECT),
        (direct("please /reset"), DIRECT),
        (direct("/weather Berlin"), DIRECT),
        (message("/reset"), ROOM),
        (message(f"{ELIZA_MARK} /reset"), ROOM),
        (message(f"{US_MARK} /weather"), ROOM),
    ],
)
def test_what_is_no_command_of_ours_is_talk(data, scene):
    inbound = heard(data, scene=scene)
    assert (inbound.kind, inbound.command) == (Kind.MESSAGE, "")


@pytest.mark.parametrize(
    "broken", [None, 5, [], {}, "x", {"type": [1]}, {"id": "x"}, {"id": True, "channel_id": -1}]
)
def test_an_event_without_ids_has_the_same_key_each_time(broken):
    first, again = received(broken), received(copy.deepcopy(broken))
    assert first.event_key == again.event_key
    assert first.event_key.startswith("x:")
    assert first.kind is Kind.OTHER


def test_half_an_emoji_can_be_stored_and_read():
    inbound = heard(message("cut off \ud83d and \0 nothing"))
    assert inbound.text == "cut off \ufffd and \ufffd nothing"


# --- any JSON at all ---------------------------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
    | st.text(st.characters(), max_size=20) | st.sampled_from(["\ud83d", "\0", TEA, SENT]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
_SCENES = st.sampled_from([Scene(), DIRECT, ROOM, THREAD])


def survives(event: str, data: object, scene: Scene) -> None:
    stored = envelope(event, data, scene, ACCOUNT)
    assert stored.event_key
    assert "\0" not in stored.event_key + stored.author + stored.address.room
    assert b"\0" not in stored.payload
    (stored.event_key + stored.author + stored.address.room).encode()
    assert 0 <= stored.seq < 2**63
    assert envelope(event, copy.deepcopy(data), scene, ACCOUNT) == stored
    try:
        inbound = read(stored, US)
    except Unreadable:
        return
    assert inbound.sent_at.tzinfo is not None
    for text in (inbound.text, inbound.author.name, inbound.place.name, inbound.arguments):
        text.encode()
        assert "\0" not in text


@settings(max_examples=150, deadline=None, database=None)
@given(st.sampled_from([event for event, _ in REAL]), _JSON, _SCENES)
def test_any_json_at_all_can_be_stored(event, data, scene):
    survives(event, data, scene)


@settings(
    max_examples=200, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(st.data(), st.sampled_from(REAL), _SCENES)
def test_a_real_event_with_anything_spoiled_in_it_can_be_stored(data, real, scene):
    event, spoiled = real[0], copy.deepcopy(real[1])
    for _ in range(data.draw(st.integers(1, 4))):
        at: Any = spoiled
        while isinstance(at, dict | list) and at:
            keys = list(at) if isinstance(at, dict) else list(range(len(at)))
            key = data.draw(st.sampled_from(keys))
            if not isinstance(at[key], dict | list) or not at[key] or data.draw(st.booleans()):
                at[key] = data.draw(_JSON)
                break
            at = at[key]
    survives(event, spoiled, scene)


def test_a_nest_without_end_is_stored_as_nothing():
    nest: list[Any] = []
    for _ in range(100_000):
        nest = [nest]
    assert received({"content": nest}).payload == b"null"
