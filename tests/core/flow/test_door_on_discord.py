"""Who may talk on Discord: servers, channels, roles and people, in every form that people paste."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.flow.door import Door, door_of
from core.flow.door_lists import channels_in, people_in, roles_in, servers_in
from core.flow.doorkeeping import Doorkeeper
from core.flow.pairing import Pairing
from core.flow.presence import entity_of
from core.ids import Account, CharacterId, RoomId, WorldId
from core.messages import Address, Author, ChannelType, Inbound, Kind, Place, Room, World
from core.ports import Store, Unit
from core.settings.layers import Environment, Settings
from core.store.engine import open_store
from tests.fakes.clock import FakeClock

SERVER, CHANNEL, THREAD, DIRECT = "1001", "2001", "3001", "4001"
HOSTS, EVERYBODY = "5001", SERVER
ZOE = Author("123456789012345678", "Zoe", "zoe.here", roles=(HOSTS,))
EVE = Author("223456789012345678", "Eve", "eve_")
LISTS = (
    "DISCORD_ALLOWED_SERVERS",
    "DISCORD_ALLOWED_CHANNELS",
    "DISCORD_ALLOWED_ROLES",
    "DISCORD_ALLOWED_USERS",
)


def door(plain: Any = None, **variables: str) -> Door:
    return door_of(Settings(Environment.of(variables), "Ada", plain=plain or {}), "discord")


def said(
    author: Author = ZOE,
    *,
    server: str = SERVER,
    channel: str = CHANNEL,
    within: str = "",
    direct: bool = False,
    kind: Kind = Kind.MESSAGE,
    type: ChannelType | None = None,
    **more: Any,
) -> Inbound:
    usual = ChannelType.THREAD if within else ChannelType.GROUP
    type = ChannelType.DM if direct else type or usual
    room = DIRECT if direct else channel
    return Inbound(
        id=1,
        address=Address("discord", Account("discord:1"), room),
        kind=kind,
        author=replace(author, roles=()) if direct else author,
        place=Place(type, world=DIRECT if direct else server, within=within),
        message="5",
        text="hello",
        sent_at=FakeClock().now(),
        is_direct=direct,
        **more,
    )


def rule(at: Door, author: Author = ZOE, *, known: bool = False, **how: Any) -> str:
    lead = said(author, **how)
    return at.refusal(lead, lead.author, known=known)


# --- places ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [*LISTS, "CHANNEL_IDS"])
def test_without_a_list_or_with_an_empty_setting_everybody_may_talk(key: str) -> None:
    for at in (door(), door(**{key: ""})):
        assert rule(at, EVE) == "" == rule(at, EVE, direct=True)
        assert at.findings == ()


@pytest.mark.parametrize(
    "written",
    [
        "1001", "[1001]", '["1001"]', " 7 , ,1001, ", '[ "", "1001" ]',
        "https://discord.com/channels/1001/2001", "discord.com/channels/1001",
        "https://canary.discord.com/channels/1001/2001/9",
    ],
)  # fmt: skip
def test_a_server_is_known_by_its_id_or_by_a_link_into_it(written: str) -> None:
    at = door(DISCORD_ALLOWED_SERVERS=written)
    assert at.findings == ()
    assert rule(at, EVE) == "" == rule(at, EVE, channel=THREAD, within=CHANNEL)
    assert rule(at, server="1002") == "server-not-allowed"
    assert rule(at, EVE, direct=True) == ""


@pytest.mark.parametrize("key", ["DISCORD_ALLOWED_CHANNELS", "CHANNEL_IDS"])
@pytest.mark.parametrize(
    "written",
    [
        "2001", "2001,2002", " 2002 ,, 2001 ", '["2001"]', "[2001]", "<#2001>",
        "https://discord.com/channels/1001/2001", "https://discord.com/channels/1001/2001/77",
    ],
)  # fmt: skip
def test_a_channel_counts_with_its_threads_and_posts_and_not_for_direct_chats(
    key: str, written: str
) -> None:
    at = door(**{key: written})
    assert at.findings == ()
    assert rule(at) == "" == rule(at, channel=THREAD, within=CHANNEL)
    assert rule(at, channel="2009") == "channel-not-allowed"
    assert rule(at, channel=THREAD, within="2009") == "channel-not-allowed"
    assert rule(at, EVE, direct=True) == ""
    assert rule(door(**{key: THREAD}), channel=THREAD, within=CHANNEL) == ""


@pytest.mark.parametrize("key", ["CHANNEL_IDS", "allowedChannelIds"])
def test_channels_may_stand_in_a_characters_own_settings(key: str) -> None:
    for value in (["2001"], [2001], "2001, 2002"):
        assert rule(door({key: value}), channel="2009") == "channel-not-allowed"
        assert rule(door({key: value})) == ""


def test_where_servers_and_channels_are_listed_both_are_asked() -> None:
    at = door(DISCORD_ALLOWED_SERVERS=SERVER, CHANNEL_IDS="2001,2002")
    assert rule(at) == ""
    assert rule(at, server="1002", channel="2002") == "server-not-allowed"
    assert rule(at, channel="2003") == "channel-not-allowed"


def test_whatever_is_done_in_a_channel_asks_for_it() -> None:
    at = door(CHANNEL_IDS="2009")
    for kind in (Kind.MESSAGE, Kind.COMMAND, Kind.EDIT, Kind.REACTION, Kind.PRESS, Kind.CUE):
        assert rule(at, kind=kind) == "channel-not-allowed"
    assert rule(at, kind=Kind.COMMAND, via="interaction:1:token", waits=True) != ""


def test_where_she_was_brought_along_there_is_no_server_that_could_be_listed() -> None:
    brought: dict[str, Any] = {"server": CHANNEL, "via": "interaction:1:token"}
    assert rule(door(DISCORD_ALLOWED_SERVERS=SERVER), **brought) == "server-not-allowed"
    assert rule(door(CHANNEL_IDS=CHANNEL), **brought) == ""


def test_what_becomes_of_a_server_is_asked_for_its_server_alone() -> None:
    at = door(CHANNEL_IDS="2009", DISCORD_ALLOWED_USERS=ZOE.id)
    nobody = Author("", "")
    for kind in (Kind.WORLD, Kind.MEMBER):
        whole: dict[str, Any] = {"kind": kind, "type": ChannelType.WORLD, "channel": SERVER}
        assert rule(at, nobody, **whole) == ""
        elsewhere = door(DISCORD_ALLOWED_SERVERS="1002")
        assert rule(elsewhere, nobody, **whole) == "server-not-allowed"


def test_who_comes_is_greeted_only_if_they_may_talk() -> None:
    at = door(DISCORD_ALLOWED_USERS=ZOE.id)
    assert rule(at, ZOE, kind=Kind.MEMBER, joined=(ZOE,)) == ""
    assert rule(at, EVE, kind=Kind.MEMBER, joined=(EVE,)) == "not-allowed"


def test_she_speaks_first_in_a_thread_as_long_as_nobody_has_told_whose_it_is() -> None:
    gate = door(CHANNEL_IDS="2009", DISCORD_ALLOWED_SERVERS=SERVER).gate
    assert gate is not None
    thread = said(kind=Kind.CUE, channel=THREAD, type=ChannelType.THREAD)
    assert gate.of_cue(thread) == ""
    assert gate.of_cue(said(kind=Kind.CUE)) == "channel-not-allowed"
    assert gate.of_cue(said(kind=Kind.CUE, server="1002")) == "server-not-allowed"
    assert gate.of_cue(said(kind=Kind.CUE, direct=True)) == ""


# --- people ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        ZOE.id, f"[{ZOE.id}]", f'["{ZOE.id}"]', f"<@{ZOE.id}>", f"<@!{ZOE.id}>", "@zoe.here",
        "Zoe.Here", '["@zoe.here"]', f"7,{ZOE.id}", "zoe.here#0001",
    ],
)  # fmt: skip
def test_a_person_is_let_in_in_servers_and_directly_in_each_form(written: str) -> None:
    at = door(DISCORD_ALLOWED_USERS=written)
    assert at.findings == ()
    assert rule(at) == "" == rule(at, direct=True)
    assert rule(at, EVE) == "not-allowed" == rule(at, EVE, direct=True)


@pytest.mark.parametrize("written", [HOSTS, f"<@&{HOSTS}>", f"[{HOSTS}]"])
def test_a_role_lets_in_whoever_has_it_and_nobody_directly(written: str) -> None:
    at = door(DISCORD_ALLOWED_ROLES=written)
    assert at.findings == ()
    assert rule(at) == ""
    assert rule(at, EVE) == "not-allowed"
    assert rule(at, direct=True) == "not-allowed", "nobody's roles are known there"
    assert rule(door(DISCORD_ALLOWED_ROLES=EVERYBODY), EVE) == ""
    assert rule(door(DISCORD_ALLOWED_ROLES=EVERYBODY), EVE, server="1002") == "not-allowed"


def test_a_role_or_a_name_is_enough_where_both_are_listed() -> None:
    at = door(DISCORD_ALLOWED_ROLES=HOSTS, DISCORD_ALLOWED_USERS="@eve_")
    assert rule(at) == "" == rule(at, EVE) == rule(at, EVE, direct=True)
    assert rule(at, direct=True) == "not-allowed"
    assert rule(at, Author("9", "Bob", "bob")) == "not-allowed"


def test_a_bot_or_a_webhook_that_bears_a_listed_name_is_not_let_in_by_it() -> None:
    at = door(DISCORD_ALLOWED_USERS="@zoe.here,77")
    assert rule(at, Author("9", "Zoe", "zoe.here", is_bot=True)) == "not-allowed"
    assert rule(at, Author("77", "Hook", "hook", is_bot=True)) == ""


def test_direct_messages_have_their_own_switch() -> None:
    for written in ("false", "off", "nope"):  # a misprint opens no door
        at = door(DISCORD_DIRECT_MESSAGES=written, DISCORD_ALLOWED_USERS=ZOE.id)
        assert rule(at, direct=True) == "directs-off" == rule(at, direct=True, known=True)
        assert rule(at) == ""


def test_who_was_let_in_by_a_code_counts_as_listed_where_she_takes_part() -> None:
    at = door(TROUPE_PAIRING="true", DISCORD_ALLOWED_USERS=ZOE.id, CHANNEL_IDS=CHANNEL)
    assert rule(at, EVE, direct=True) == "not-paired"
    assert rule(at, EVE, direct=True, known=True) == "" == rule(at, EVE, known=True)
    assert rule(at, EVE) == "not-allowed"
    assert rule(at, EVE, known=True, channel="2009") == "channel-not-allowed"
    assert rule(door(TROUPE_PAIRING="true"), EVE) == ""


# --- what cannot be read -----------------------------------------------------------------------------


@pytest.mark.parametrize("key", [*LISTS, "CHANNEL_IDS"])
@pytest.mark.parametrize(
    "written", ['["77"', "[77, true]", '[["77"]]', "[null]", "?!", "{'a': 1}", "[1e300]", "0"]
)  # fmt: skip
def test_a_list_that_cannot_be_read_lets_nobody_in_and_is_told(key: str, written: str) -> None:
    at = door(**{key: written}, TROUPE_PAIRING="true", DISCORD_LEAVES_OTHERS="true")
    assert rule(at).endswith("not-allowed")
    (finding,) = at.findings
    assert finding.where.startswith(key.replace("CHANNEL_IDS", "DISCORD_ALLOWED_CHANNELS"))
    assert "lets nobody in" in str(finding) or "nobody is let in" in str(finding)
    assert not at.leaves, "nobody brings her back from where she has gone by a misprint"


def test_a_list_of_people_that_cannot_be_read_tells_nobody_a_code() -> None:
    for key in LISTS[2:]:
        assert not door(**{key: '["77"'}, TROUPE_PAIRING="true").pairs
    assert door(DISCORD_ALLOWED_CHANNELS='["77"', TROUPE_PAIRING="true").pairs


def test_an_empty_list_in_brackets_is_nobody() -> None:
    for key in LISTS:
        at = door(**{key: "[]"})
        assert rule(at).endswith("not-allowed")
        assert at.findings == ()


@given(st.text() | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5))  # fmt: skip
def test_whatever_is_written_it_lets_in_nobody_else(written: Any) -> None:
    for value in (written, json.dumps(written)):
        for read in (servers_in, channels_in, roles_in, people_in):
            found, faults = read(value)
            assert not found.holds("")
            assert not found.holds("424242424242424242", "somebody_else_here")
            assert all("\n" not in one for one in faults)


@given(st.integers(1, 2**64 - 1), st.sampled_from([str, int]))
def test_numbers_keep_all_their_digits(number: int, form: Any) -> None:
    for read in (servers_in, channels_in, roles_in, people_in):
        assert read(json.dumps([form(number)])) == read(str(number))
        assert read(str(number))[0].holds(str(number))


# --- going out ---------------------------------------------------------------------------------------


def test_only_servers_that_are_not_listed_are_left_and_only_where_that_is_wished() -> None:
    at = door(DISCORD_ALLOWED_SERVERS=SERVER, CHANNEL_IDS="1", DISCORD_LEAVES_OTHERS="true")
    assert at.wants_out(rule(at, server="1002"), added=False)
    assert not at.wants_out(rule(at), added=False), "another channel of hers may be there"
    assert (at.is_out_of_place("1002"), at.is_out_of_place(SERVER)) == (True, False)
    people = door(DISCORD_ALLOWED_USERS=ZOE.id, DISCORD_LEAVES_OTHERS="true")
    assert not people.wants_out(rule(people, EVE), added=True)
    assert not people.is_out_of_place(SERVER)
    stays = door(DISCORD_ALLOWED_SERVERS=SERVER)
    assert not stays.wants_out("server-not-allowed", added=False)
    assert not stays.is_out_of_place("1002")
    assert not door(DISCORD_LEAVES_OTHERS="true").is_out_of_place(SERVER)


# --- speaking first ----------------------------------------------------------------------------------

ADA = CharacterId(str(UUID(int=1)))


async def cue_refusal(store: Store, at: Door, *owners: str, met: bool = True) -> str:
    """Of a cue to Zoe, whose number is not that of the room in which they talk."""
    lead = said(Author("", "", is_bot=True), direct=True, kind=Kind.CUE)
    room, zoe = RoomId(str(UUID(int=2))), entity_of(ADA, lead.address, ZOE)

    def meet(unit: Unit) -> None:
        world = World(WorldId(str(UUID(int=3))), ADA, "", DIRECT)
        here = Room(room, ADA, world.id, lead.address, ChannelType.DM, "", "discord")
        unit.rooms.ensure([world], [here])
        unit.people.meet([zoe])
        unit.people.join(ADA, room, [zoe.id])

    if met:
        await store.write(meet)
    part = SimpleNamespace(id=ADA, policy=SimpleNamespace(door=at))
    ranks = SimpleNamespace(is_operator=lambda part, address, author: author in owners)
    clock = FakeClock()
    keeper = Doorkeeper(
        ranks,  # type: ignore[arg-type]  # all that it asks of them
        Pairing(store, clock, random.Random(7)),
        SimpleNamespace(store=store),  # type: ignore[arg-type]
        clock,
    )
    spot = SimpleNamespace(room=room)
    work: Any = SimpleNamespace(lead=lead, part=part, spot=spot, world_is_new=True)
    refusal = await keeper.admit(work)
    return refusal.rule if refusal else ""


async def test_she_speaks_first_directly_only_to_whoever_may_talk(tmp_path: Path) -> None:
    async with open_store(None, tmp_path) as store:
        assert await cue_refusal(store, door(), met=False) == ""
        listed = door(DISCORD_ALLOWED_USERS=ZOE.id)
        assert await cue_refusal(store, listed, met=False) == "not-allowed"
        assert await cue_refusal(store, listed) == ""
        assert await cue_refusal(store, door(DISCORD_ALLOWED_USERS="@zoe.here")) == ""
        others = door(DISCORD_ALLOWED_USERS=EVE.id)
        assert await cue_refusal(store, others) == "not-allowed"
        assert await cue_refusal(store, others, ZOE.id) == "", "her operator"
        assert await cue_refusal(store, door(DISCORD_DIRECT_MESSAGES="no")) == "directs-off"
        assert await cue_refusal(store, door(CHANNEL_IDS="1")) == ""
