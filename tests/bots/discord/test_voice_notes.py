"""Voice messages on Discord: native ones, files where they are not allowed, else the words."""

from __future__ import annotations

import base64
import time
from dataclasses import replace
from typing import Any

import orjson
import pytest

from bots.discord.face import DiscordFace
from bots.discord.faces import Faces, Mask
from bots.discord.rendering import render
from bots.sandbox.discord.permissions import (
    ATTACH,
    EVERYONE,
    MANAGE_WEBHOOKS,
    SEND,
    SEND_VOICE,
    VIEW,
)
from core.errors import ModelUnavailable, SendUncertain, Unsendable
from core.ids import Account
from core.messages import DeliveryKind, DeliveryStatus, Reply
from tests.bots.discord.conftest import delivery
from tests.support.notes import PER_SIGN, Voice, measured, near

TEXT = "Good morning, **Ed**. The ferry leaves at nine."
HEARD = "Good morning, Ed. The ferry leaves at nine."


@pytest.fixture
def voice() -> Voice:
    return Voice()


@pytest.fixture
async def link(make_link, voice):
    async with make_link(clips=voice) as link:
        yield link


def note(link, room, text: str = TEXT, **how: Any):
    more = {name: how.pop(name) for name in ("reply_to", "silent", "thread") if name in how}
    (payload,) = render(Reply(text, voice=True, **more))
    return replace(delivery(link, room, **how), payload=payload)


def posts(stage) -> list[Any]:
    return [call for call in stage.discord.journal if call.method == "create_message"]


def sound(stage, said) -> bytes:
    (file,) = said.more["attachments"]
    return stage.world.files[file["id"]][1]


def shown(stage, room) -> list[tuple[str, bool, bool]]:
    """Of each message its words, whether a sound hangs on it, and whether it is a voice message."""
    return [
        (one.text, bool(one.more.get("attachments")), bool(one.more.get("flags", 0) & 1 << 13))
        for one in stage.messages(room)
    ]


def strict(stage, ed, ada, permissions: int) -> Any:
    guild = stage.discord.guild("Strict", [ed], [ada])
    guild.roles[guild.id].permissions = permissions
    return next(iter(guild.channels.values()))


def test_it_is_one_row_that_holds_its_words():
    (one,) = map(orjson.loads, render(Reply(TEXT, "7", voice=True)))
    assert (one["content"], one["voice"], one["reference"]) == (TEXT, True, "7")
    (coded,) = map(orjson.loads, render(Reply("```\ncode\n```", voice=True)))
    assert "voice" not in coded
    assert all(
        "voice" not in orjson.loads(each) for each in render(Reply("a " * 2_500, voice=True))
    )


async def test_whoever_gets_it_hears_all_of_it(stage, link, general, voice):
    receipt = await link.perform(note(link, general))
    (said,) = stage.messages(general)
    assert str(said.id) == receipt.message
    assert shown(stage, general) == [("", True, True)]
    heard = measured(sound(stage, said))
    assert (heard.codec, heard.channels, heard.rate) == ("opus", 1, 48_000)
    assert near(heard.seconds, len(HEARD) * PER_SIGN)
    assert heard.gap <= 0.06
    (file,) = said.more["attachments"]
    assert (file["filename"], file["content_type"]) == ("voice-message.ogg", "audio/ogg")
    assert near(file["duration_secs"], heard.seconds)
    assert 1 <= len(base64.b64decode(file["waveform"])) <= 256
    assert voice.asked == [HEARD]


async def test_it_answers_and_rings_nobody_up_who_is_not_answered(stage, ed, link, general):
    asked = ed.says(general, "when does it leave?")
    await link.perform(
        note(link, general, "At nine, @everyone.", reply_to=str(asked.id), silent=True)
    )
    (call,) = posts(stage)
    assert call.params["message_reference"]["message_id"] == str(asked.id)
    assert call.params["allowed_mentions"]["parse"] == []
    assert call.params["flags"] == 1 << 13 | 1 << 12
    assert stage.messages(general)[-1].reply_to is not None


async def test_in_a_direct_chat_it_is_one_too(stage, ed, ada, link):
    dm = stage.discord.dm(ed, ada)
    await link.perform(note(link, dm, direct=True))
    assert shown(stage, dm) == [("", True, True)]


@pytest.mark.parametrize(
    ("permissions", "stands"),
    [
        (VIEW | SEND | ATTACH | SEND_VOICE, ("", True, True)),
        (VIEW | SEND | ATTACH, ("", True, False)),
        (VIEW | SEND | SEND_VOICE, (TEXT, False, False)),
        (VIEW | SEND, (TEXT, False, False)),
    ],
)
async def test_what_is_not_allowed_is_said_otherwise(stage, ed, ada, link, permissions, stands):
    room = strict(stage, ed, ada, permissions)
    await link.perform(note(link, room))
    assert shown(stage, room) == [stands]
    # The room is not shut to words for that.
    await link.perform(delivery(link, room, "Good.", nonce="n2"))
    assert shown(stage, room)[-1] == ("Good.", False, False)


async def test_known_rights_cost_no_refused_request(stage, ed, ada, make_link, listening, voice):
    room = strict(stage, ed, ada, VIEW | SEND | ATTACH)
    async with make_link(clips=voice) as link, listening(link) as notebook:
        await notebook.worlds()
        await link.perform(note(link, room))
    assert [call.status for call in posts(stage)] == [200]
    assert shown(stage, room) == [("", True, False)]


async def test_who_may_not_write_at_all_is_told_so(stage, ed, ada, link):
    room = strict(stage, ed, ada, VIEW)
    with pytest.raises(Unsendable, match="no right"):
        await link.perform(note(link, room))


async def test_where_nobody_can_speak_it_is_written_at_once(stage, make_link, general):
    async with make_link(clips=Voice(ModelUnavailable("elevenlabs is away"))) as link:
        await link.perform(note(link, general))
        assert "writes what she would speak: elevenlabs is away" in link.lacks
    assert shown(stage, general) == [(TEXT, False, False)]


async def test_a_repeat_with_the_same_nonce_is_the_same_message(stage, link, general):
    one = note(link, general)
    stage.discord.faults.cut(after=True, method="create_message")
    with pytest.raises(SendUncertain):
        await link.perform(one)
    receipt = await link.perform(replace(one, status=DeliveryStatus.UNCERTAIN))
    assert shown(stage, general) == [("", True, True)]
    assert receipt.message == str(stage.messages(general)[0].id)


@pytest.mark.parametrize("first", ["spoken", "written"])
async def test_a_repeat_that_comes_out_otherwise_changes_nothing(stage, make_link, general, first):
    """Its words stand there already, or its sound: either has said it."""
    away = ModelUnavailable("away")
    before, after = ((), (away,)) if first == "spoken" else ((away,), ())
    async with make_link(clips=Voice(*before)) as link:
        stage.discord.faults.cut(after=True, method="create_message")
        with pytest.raises(SendUncertain):
            await link.perform(note(link, general))
    async with make_link(clips=Voice(*after)) as link:
        await link.perform(note(link, general, status=DeliveryStatus.UNCERTAIN))
    wanted = ("", True, True) if first == "spoken" else (TEXT, False, False)
    assert shown(stage, general) == [wanted]
    assert not [call for call in stage.discord.journal if call.method == "edit_message"]


@pytest.mark.parametrize("arrived", [True, False])
async def test_what_is_long_in_doubt_is_looked_up(stage, link, general, arrived):
    await link.perform(delivery(link, general, "Before.", nonce="n0"))
    if arrived:
        await link.perform(note(link, general))
    old = note(
        link,
        general,
        status=DeliveryStatus.UNCERTAIN,
        created_at=time.time() - 150,
        nonce="n9",
    )
    await link.perform(old)
    assert shown(stage, general) == [("Before.", False, False), ("", True, True)]


async def test_an_answer_whose_beginning_is_on_show_stays_in_words(stage, link, general, voice):
    sent = await link.perform(delivery(link, general, "Good mor"))
    edit = note(link, general, kind=DeliveryKind.EDIT, target=sent.message)
    assert not link.takes_time(edit)
    await link.perform(edit)
    assert shown(stage, general) == [(TEXT, False, False)]
    assert voice.asked == []


async def test_what_was_spoken_cannot_be_changed_and_is_said_anew(stage, link, general):
    spoken = await link.perform(note(link, general))
    how = {"kind": DeliveryKind.EDIT, "target": spoken.message, "nonce": "n2"}
    await link.perform(delivery(link, general, "At ten, I mean.", **how))
    assert shown(stage, general) == [("", True, True), ("At ten, I mean.", False, False)]


async def test_what_is_ready_is_not_made_twice(stage, link, general, voice):
    one = note(link, general)
    assert link.takes_time(one)
    await link.prepare(one)
    assert not stage.messages(general)
    assert not link.takes_time(one)
    await link.perform(one)
    assert voice.asked == [HEARD]


# --- faces ---------------------------------------------------------------------------------------


@pytest.fixture
async def stand_in(stage, ed, ada, make_link, listening, voice):
    """Bert, who speaks by Ada's webhooks, and a room in which he may; Ada has a voice of her own."""
    faces = Faces()
    mask = Mask(Account(f"discord:{ada.id}/bert"), Account(f"discord:{ada.id}"), "Bert", ("Bert",))
    room = strict(stage, ed, ada, EVERYONE | MANAGE_WEBHOOKS)
    hers = Voice()
    async with make_link(faces=faces, clips=hers) as link:
        face = DiscordFace(mask, faces, host_name="Ada", patience=0.5, clips=voice)
        async with face, listening(link):
            yield face, room, hers


async def test_a_webhook_has_no_voice_messages_and_hands_over_a_file(stage, stand_in, voice):
    face, room, hers = stand_in
    await face.perform(note(face, room))
    (said,) = stage.messages(room)
    assert (said.text, said.spoken_as) == ("", "Bert")
    assert shown(stage, room) == [("", True, False)]
    assert near(measured(sound(stage, said)).seconds, len(HEARD) * PER_SIGN)
    assert (voice.asked, hers.asked) == ([HEARD], [])


async def test_a_file_that_is_in_doubt_is_not_said_twice(stage, stand_in):
    face, room, _ = stand_in
    now = stage.world.now()
    stage.discord.faults.cut(after=True, method="execute_webhook")
    with pytest.raises(SendUncertain):
        await face.perform(note(face, room, created_at=now))
    await face.perform(note(face, room, created_at=now, status=DeliveryStatus.UNCERTAIN))
    assert shown(stage, room) == [("", True, False)]


async def test_where_she_has_no_webhook_her_words_come_in_no_other_voice(stage, ed, ada, stand_in):
    face, _, hers = stand_in
    room = strict(stage, ed, ada, EVERYONE)
    await face.perform(note(face, room))
    assert shown(stage, room) == [(f"**Bert:** {TEXT}", False, False)]
    assert hers.asked == []


async def test_a_face_whose_voice_is_away_writes(stage, ed, ada, stand_in, voice):
    face, room, _ = stand_in
    voice.fails.append(ModelUnavailable("away"))
    assert face.lacks == ""
    await face.perform(note(face, room))
    assert shown(stage, room) == [(TEXT, False, False)]
    assert "away" in face.lacks
