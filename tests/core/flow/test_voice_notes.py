"""When an answer is a voice message, who may set that, and that nobody else waits for its sound."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from core.flow import commands
from core.flow.noting import Notes, Noting, noted, otherwise
from core.flow.perceived import Perceived, heard_with, kept_with
from core.flow.senses import Sense
from core.flow.voicing import Channels, Voicing
from core.flow.work import Work
from core.messages import Attachment, Delivery, Kind, Rank, Reply
from core.plugins.records import Action
from core.ports import Clip, Limits
from core.settings.layers import Environment, Settings
from core.store.engine import SqlStore, open_store
from tests.core.actions.house import DM, GROUP, House
from tests.core.flow.test_outbox import ONE, Desk, make_desk, owed, sending
from tests.fakes.clock import settle
from tests.fakes.platform import FakePlatform

VOICE = Attachment("v1", "audio/ogg", 100, kind="voice", seconds=4)
ROUND = Attachment("n1", "video/mp4", 100, kind="video note", seconds=4)
SONG = Attachment("s1", "audio/mpeg", 100, kind="audio", seconds=4)


class Speaks:
    """core.ports.Speech, as far as it is asked whether there is any."""

    def __init__(self, who: str = "offline:espeak-ng") -> None:
        self.who = who

    def speaks(self, settings: Settings) -> str:
        return self.who

    def hears(self, settings: Settings) -> str:
        return ""


class Talker:
    """A character on a platform that has voice messages, and voice channels where it is asked to."""

    def __init__(self, store: SqlStore, who: str = "offline", **settings: str) -> None:
        self.house = House(store, **cast(Any, settings))
        self.house.wire.limits = Limits(4096, voice_notes=True)
        self.noting = Noting(self.house.ranks, cast(Any, Speaks(who)))
        self.number = 0

    async def work(self, text: str = "hi", *hanging: Attachment, **how: Any) -> Work:
        changes = {name: how.pop(name) for name in ("forwarded", "via", "spoken") if name in how}
        self.number += 1
        turn = await self.house.hears(text, number=self.number, **how)
        turn.work.inbound = (replace(turn.work.lead, attachments=hanging, **changes),)
        return turn.work

    async def commands(
        self, said: str, channels: Channels | None = None, given: Any = None, **how: Any
    ) -> str:
        """/voice, and what is answered."""
        self.number += 1
        turn = await self.house.hears(
            f"/voice {said}", number=self.number, kind=Kind.COMMAND, **how
        )
        lead = replace(turn.work.lead, command="voice", arguments=said, given=given or {})
        turn.work.inbound = (lead,)
        voicing = Voicing(self.noting, self.house.ranks, self.house.scribe, channels)
        await voicing.command(turn.work)
        return (await self.house.said(lead.address.room))[-1]

    async def notes(self, *hanging: Attachment, **how: Any) -> bool:
        return await self.noting(await self.work("hi", *hanging, **how))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with open_store(None, tmp_path) as store:
        yield store


# --- when ----------------------------------------------------------------------------------------


async def test_whoever_speaks_is_spoken_to_and_whoever_writes_is_written_to(
    store: SqlStore,
) -> None:
    ada = Talker(store)
    assert await ada.notes(VOICE)
    assert await ada.notes(ROUND)
    assert not await ada.notes()
    assert not await ada.notes(SONG), "music is no talk"
    assert not await ada.notes(VOICE, forwarded="Eve"), "it is another one's voice"


@pytest.mark.parametrize(
    ("set", "spoken", "written"), [("on", 1, 1), ("off", 0, 0), ("auto", 1, 0)]
)
async def test_it_is_as_whoever_runs_her_has_set_it(
    store: SqlStore, set: str, spoken: int, written: int
) -> None:
    ada = Talker(store, TROUPE_VOICE_NOTES=set)
    assert (await ada.notes(VOICE), await ada.notes()) == (bool(spoken), bool(written))


@pytest.mark.parametrize(
    ("written", "meant"),
    [("true", "on"), ("false", "off"), ("AUTO", "auto"), ("sometimes", "auto"), ("", "auto")],
)
def test_a_flag_in_its_place_is_understood(written: str, meant: str) -> None:
    assert otherwise(Settings(Environment.of({"TROUPE_VOICE_NOTES": written}))) == Notes(meant)


async def test_nobody_speaks_without_a_voice_nor_where_nobody_could_hear_it(
    store: SqlStore,
) -> None:
    assert not await Talker(store, who="").notes(VOICE)
    ada = Talker(store)
    ada.house.wire.limits = Limits(4096)
    assert not await ada.notes(VOICE)


async def test_what_is_answered_by_another_way_is_no_voice_message(store: SqlStore) -> None:
    ada = Talker(store, TROUPE_VOICE_NOTES="on")
    assert not await ada.notes(via="guest:1")
    assert not await ada.notes(spoken=True), "in a voice channel it is spoken there"


async def test_she_may_choose_to_where_it_is_not_decided(store: SqlStore) -> None:
    ada = Talker(store)
    for hanging, may in (((), True), ((VOICE,), False)):
        work = await ada.work("say it", *hanging)
        await ada.noting(work)
        assert work.may_note is may
    ada = Talker(store, TROUPE_VOICE_NOTES="off")
    work = await ada.work()
    await ada.noting(work)
    assert not work.may_note


# --- what becomes of an answer -------------------------------------------------------------------


async def note_of(ada: Talker, text: str, *actions: str, note: bool = False, **more: Any) -> Reply:
    work = await ada.work()
    work.note, work.may_note = note, not note
    return noted(work, Reply(text, **more), actions)


async def test_an_answer_that_loses_nothing_is_spoken_the_others_are_written(
    store: SqlStore,
) -> None:
    ada = Talker(store)
    assert (await note_of(ada, "At nine.", note=True)).voice
    assert not (await note_of(ada, "```\nprint()\n```", note=True)).voice
    assert not (await note_of(ada, "word " * 400, note=True)).voice
    assert not (await note_of(ada, "At nine.", note=True, silent=True, sticker="x" * 20)).voice
    assert not (await note_of(ada, "At nine.")).voice


@pytest.mark.parametrize("name", ["VOICE_NOTE", "SEND_VOICE_MESSAGE", "voice note"])
async def test_she_chooses_it_by_an_action(store: SqlStore, name: str) -> None:
    ada = Talker(store)
    assert (await note_of(ada, "At nine.", "REPLY", name)).voice
    work = await ada.work()
    assert not noted(work, Reply("At nine."), ("VOICE_NOTE",)).voice, "it was not on offer"


async def test_what_is_on_show_already_stays_in_words(store: SqlStore) -> None:
    work = await Talker(store).work()
    work.note, work.growing = True, cast(Any, object())
    assert not noted(work, Reply("At nine."), ()).voice


async def test_what_was_spoken_is_remembered_in_words_with_a_mark(store: SqlStore) -> None:
    ada = Talker(store)
    turn = await ada.house.hears("when?", number=50)
    turn.work.may_note = True
    await ada.house.does(turn, "VOICE_NOTE", text="At nine.")
    assert await ada.house.said() == ["At nine."]
    room = await ada.house.room()
    (memory,) = (
        one
        for one in await store.read(
            lambda unit: unit.memories.recent(ada.house.part.id, room, 5, table="messages")
        )
        if one.author == ada.house.part.id
    )
    assert memory.content.text == "At nine."
    assert memory.content.extra["voice"] == "note"


async def test_it_is_offered_where_it_makes_sense_alone(store: SqlStore) -> None:
    ada = Talker(store)

    async def offered(may_note: bool) -> Sequence[Action]:
        turn = await ada.house.hears("say it", number=60 + may_note)
        turn.work.may_note = may_note
        return await ada.house.acting.offered(turn, ada.house.gear.repertoire.actions)

    assert "VOICE_NOTE" in {one.name for one in await offered(True)}
    assert "VOICE_NOTE" not in {one.name for one in await offered(False)}


# --- hearing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", [VOICE, ROUND])
async def test_what_was_said_aloud_is_what_its_author_says_beside_the_caption(
    store: SqlStore, one: Attachment
) -> None:
    work = await Talker(store).work("listen:", one)
    found = {one.ref: Perceived(Sense.HEARING, "When does it leave?")}
    assert heard_with(work.lead, found).text == "listen:\nWhen does it leave?"
    memory = replace(
        work.heard[0],
        content=replace(work.heard[0].content, attachments=({"id": one.ref, "kind": one.kind},)),
    )
    kept = kept_with(memory, found)
    assert kept.content.text == "listen:\nWhen does it leave?"
    assert kept.content.attachments[0]["text"] == "When does it leave?"


async def test_a_still_of_a_video_message_is_nothing_that_anybody_has_said(
    store: SqlStore,
) -> None:
    work = await Talker(store).work("look", ROUND)
    found = {ROUND.ref: Perceived(Sense.SIGHT, "a face", still=True)}
    assert heard_with(work.lead, found).text == "look"


# --- /voice --------------------------------------------------------------------------------------


async def test_everybody_sets_it_for_their_own_chat(store: SqlStore) -> None:
    ada = Talker(store)
    assert "voice messages here, wherever" in await ada.commands("on")
    assert await ada.notes()
    assert "in writing" in await ada.commands("off")
    assert not await ada.notes(VOICE)
    assert "whoever sends me one" in await ada.commands("AUTO")
    assert await ada.notes(VOICE)
    assert not await ada.notes(who="8", room="43"), "it is nobody else's"


async def test_it_outlives_a_restart(store: SqlStore) -> None:
    await Talker(store).commands("on")
    again = Talker(store)
    again.number = 20
    assert await again.notes()


async def test_in_a_group_only_admins_set_it(store: SqlStore) -> None:
    ada = Talker(store)
    there = {"room": "-100", "place": GROUP}
    assert "Only admins" in await ada.commands("on", **there)
    assert not await ada.notes(**there)
    ada.house.wire.ranks["8"] = Rank.ADMIN
    assert "wherever" in await ada.commands("on", who="8", **there)
    assert await ada.notes(**there)


async def test_how_it_is_and_what_she_understands(store: SqlStore) -> None:
    ada = Talker(store)
    for asked in ("", "status"):
        told = await ada.commands(asked)
        assert "whoever sends me one" in told
        assert "/voice on, /voice off" in told
    assert (await ada.commands("please")).startswith("I understand /voice on")
    assert "no voice channels" in await ada.commands("join")


async def test_without_a_voice_it_says_what_to_set_and_sets_nothing(store: SqlStore) -> None:
    mute = Talker(store, who="")
    for said in ("on", "auto", "status", ""):
        told = await mute.commands(said)
        assert "ELEVENLABS_API_KEY" in told
        assert "SPEECH_PROVIDER" in told
    assert "in writing" in await mute.commands("off")
    speaking = Talker(store)
    speaking.number = 20
    assert not await speaking.notes(VOICE), "off was set"


# --- voice channels ------------------------------------------------------------------------------


class Platform(FakePlatform):
    """With voice channels: 70 is General, 71 is Music; Robin (7) sits in General."""

    def __init__(self) -> None:
        super().__init__(ONE, limits=Limits(2000, voice_notes=True, voice_rooms=True, forms=True))
        self.sits = {"7": "70"}
        self.admins: set[str] = set()

    async def join(self, channel: str, listener: Any, ways: Any) -> Any:
        raise AssertionError

    def whereabouts(self, world: str, person: str) -> str:
        return self.sits.get(person, "")

    def channels(self, world: str) -> Sequence[tuple[str, str]]:
        return [("70", "General"), ("71", "Music")]

    def watch(self, told: Any) -> None:
        raise AssertionError

    async def rank(self, address: Any, author: str) -> Rank:
        return Rank.ADMIN if author in self.admins else Rank.MEMBER


class Seats:
    """core.flow.voicing.Channels: says what it was asked."""

    def __init__(self) -> None:
        self.here = "70"

    def channel(self, part: Any, world: str) -> str:
        return self.here

    async def join(self, part: Any, world: str, channel: str, person: str) -> str:
        return f"join {world} {channel} {person}"

    async def leave(self, part: Any, world: str) -> str:
        return f"leave {world}"

    async def follow(self, part: Any, world: str, person: str, *, on: bool) -> str:
        return f"follow {world} {person} {on}"

    async def ignore(self, part: Any, world: str, person: str, *, on: bool) -> str:
        return f"ignore {world} {person} {on}"

    async def status(self, part: Any, world: str) -> str:
        return "I am in General."

    async def code(self, part: Any, world: str) -> str:
        return "12345"


@pytest.fixture
def club(store: SqlStore) -> Talker:
    ada = Talker(store)
    ada.house.part = replace(ada.house.part, platform=cast(Any, Platform()))
    return ada


THERE = {"room": "60", "place": GROUP}


@pytest.mark.parametrize(
    ("said", "who", "told"),
    [
        ("join", "7", "join -100 70 7"),
        (
            "join",
            "8",
            "You are in no voice channel. Go into one, or name one: /voice join CHANNEL.",
        ),
        ("join general", "7", "join -100 70 7"),
        ("join <#70>", "7", "join -100 70 7"),
        ("join Music", "7", "Only who is in that channel, or an admin, can ask me to do that."),
        ("join Music", "9", "join -100 71 9"),
        ("join Attic", "9", "I know no voice channel “Attic” here."),
        ("leave", "7", "leave -100"),
        ("leave", "8", "Only who is in that channel, or an admin, can ask me to do that."),
        ("leave", "9", "leave -100"),
        ("follow me", "8", "follow -100 8 True"),
        ("unfollow", "8", "follow -100 8 False"),
        ("ignore me", "8", "ignore -100 8 True"),
        ("listen to me", "8", "ignore -100 8 False"),
        ("code", "8", "12345"),
    ],
)
async def test_she_goes_where_whoever_is_there_asks_her_to(
    club: Talker, said: str, who: str, told: str
) -> None:
    cast(Platform, club.house.part.platform).admins.add("9")
    assert await club.commands(said, Seats(), who=who, **THERE) == told


async def test_a_form_says_the_same(club: Talker) -> None:
    given = {"action": "join", "channel": "70"}
    assert await club.commands("", Seats(), given, **THERE) == "join -100 70 7"
    given = {"action": "ignore me"}
    assert await club.commands("", Seats(), given, **THERE) == "ignore -100 7 True"


async def test_how_it_is_tells_of_the_channel_too(club: Talker) -> None:
    told = await club.commands("status", Seats(), **THERE)
    assert told.endswith("\nI am in General.")
    assert "/voice ignore me" in await club.commands("dance", Seats(), **THERE)
    assert "no voice channels" in await club.commands("join", Seats(), room="7", place=DM)


def test_a_menu_shows_what_there_is(club: Talker, store: SqlStore) -> None:
    part = club.house.part
    (form,) = (one for one in commands.offers(part) if one.name == "voice")
    assert "join" in form.options[0].choices
    assert len(form.options) == 2
    notes = replace(part, platform=FakePlatform(ONE, limits=Limits(4096, voice_notes=True)))
    (plain,) = (one for one in commands.offers(notes) if one.name == "voice")
    assert [one.choices for one in plain.options] == [("on", "off", "auto", "status")]


# --- on its way out ------------------------------------------------------------------------------


class Studio(FakePlatform):
    """What ends in "!" has to be made first, which takes until somebody lets it."""

    def __init__(self) -> None:
        super().__init__(ONE, limits=Limits(4096, sends_in_flight=1))
        self.ready: set[int] = set()
        self.let = asyncio.Event()

    def takes_time(self, delivery: Delivery) -> bool:
        return delivery.payload.endswith(b"!") and delivery.seq not in self.ready

    async def prepare(self, delivery: Delivery) -> None:
        await self.let.wait()
        self.ready.add(delivery.seq)


@pytest.fixture
def studio() -> tuple[Desk, Studio]:
    desk, platform = make_desk(limits=Limits(4096, sends_in_flight=1)), Studio()
    desk.platform = platform
    return desk, platform


async def test_nobody_else_waits_while_a_voice_message_is_made(studio: tuple[Desk, Studio]) -> None:
    desk, platform = studio
    async with sending(desk):
        desk.give(owed("spoken!", "a"), owed("written", "b"), owed("more", "b"))
        await settle()
        assert desk.texts == ["written", "more"], "although only one may be on its way at once"
        platform.let.set()
        await settle()
    assert desk.texts == ["written", "more", "spoken!"]


async def test_in_its_own_room_everything_keeps_its_order(studio: tuple[Desk, Studio]) -> None:
    desk, platform = studio
    async with sending(desk):
        desk.give(owed("first", "a"), owed("spoken!", "a"), owed("last", "a"))
        await settle()
        assert desk.texts == ["first"]
        assert desk.ledger.statuses() == ["sent", "pending", "pending"]
        platform.let.set()
        await settle()
    assert desk.texts == ["first", "spoken!", "last"]


def test_a_clip_shows_nobody_its_sound() -> None:
    assert "secret" not in repr(Clip(b"secret", 1.0, b"secret"))
