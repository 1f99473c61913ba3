"""Voice messages on Telegram: made just before they are sent, and never at the cost of the answer."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import orjson
import pytest

from bots.telegram.rendering import render
from core.errors import ModelRejected, ModelUnavailable, SendUncertain
from core.messages import DeliveryStatus, Reply
from tests.bots.telegram.conftest import delivery
from tests.flows.talk import until
from tests.support.notes import PER_SIGN, Voice, measured, near

TEXT = "Good morning, **Bob**. The ferry leaves at nine."
HEARD = "Good morning, Bob. The ferry leaves at nine."


def payload(text: str = TEXT, **how: object) -> bytes:
    (one,) = render(Reply(text, voice=True, **how))  # type: ignore[arg-type]
    return one


@pytest.fixture
def voice() -> Voice:
    return Voice()


@pytest.fixture
async def link(make_link, voice):
    async with make_link(clips=voice) as link:
        yield link


@pytest.fixture
def bob(stage):
    return stage.person("Bob")


@pytest.fixture
def dm(stage, ada, bob):
    return stage.dm(bob, ada)


def asked(stage, *methods: str) -> list[str]:
    wanted = methods or ("sendVoice", "sendDocument", "sendMessage", "sendChatAction")
    return [call.method for call in stage.journal if call.method in wanted]


def sound(stage, said) -> bytes:
    """The bytes that whoever gets it can play."""
    kind = "voice" if "voice" in said.more else "document"
    return stage.world.files[said.more[kind]["file_id"]][1]


def test_it_is_one_row_that_holds_its_words():
    one = orjson.loads(payload(reply_to="7", silent=True))
    assert one["text"] == HEARD
    assert one["voice"] is True
    assert (one["reply_to"], one["silent"]) == ("7", True)
    (coded,) = render(Reply("```\ncode\n```", voice=True))
    assert "voice" not in orjson.loads(coded)
    assert all(
        "voice" not in orjson.loads(one) for one in render(Reply("long " * 2_000, voice=True))
    )


async def test_whoever_gets_it_hears_all_of_it(stage, link, dm, voice):
    receipt = await link.perform(delivery(link, dm.id, payload()))
    (said,) = stage.messages(dm)
    assert (said.text, str(said.id)) == ("", receipt.message)
    heard = measured(sound(stage, said))
    assert (heard.codec, heard.channels, heard.rate) == ("opus", 1, 48_000)
    assert near(heard.seconds, len(HEARD) * PER_SIGN)
    assert heard.gap <= 0.06
    assert said.more["voice"]["duration"] == round(len(HEARD) * PER_SIGN)
    assert said.more["voice"]["mime_type"] == "audio/ogg"
    assert voice.asked == [HEARD]


async def test_it_answers_silently_and_in_its_topic(stage, ada, bob, link):
    forum = stage.forum("Club", [bob], [ada])
    topic = bob.opens_topic(forum, "Books")
    said = bob.says(forum, "who wrote Emma?", topic=topic)
    row = delivery(link, forum.id, payload(reply_to=str(said.id), silent=True), thread=str(topic))
    await link.perform(row)
    note = stage.messages(forum)[-1]
    assert note.reply_to is not None
    assert note.topic == topic
    (call,) = stage.journal.of("sendVoice")
    assert call.params["disable_notification"] in (True, "true")


async def test_whoever_takes_no_voice_messages_gets_a_file_and_its_words(stage, link, dm, bob):
    bob.refuses_voice()
    await link.perform(delivery(link, dm.id, payload()))
    (said,) = stage.messages(dm)
    assert (said.text, set(said.more) & {"voice", "document"}) == (HEARD, {"document"})
    assert near(measured(sound(stage, said)).seconds, len(HEARD) * PER_SIGN)
    assert asked(stage) == ["sendVoice", "sendDocument"]


async def test_where_no_sound_may_be_sent_at_all_it_is_written(stage, ada, bob, link):
    group = stage.supergroup("Quiet", [bob], [ada])
    rules = {"can_send_messages": True, "can_send_voice_notes": False, "can_send_documents": False}
    group.more["permissions"] = rules
    await link.perform(delivery(link, group.id, payload()))
    assert stage.messages(group)[-1].text == HEARD
    assert asked(stage) == ["sendVoice", "sendDocument", "sendMessage"]


async def test_words_too_long_for_a_caption_are_written_where_no_voice_may_be(stage, link, dm, bob):
    bob.refuses_voice()
    long = "The ferry leaves at nine. " * 50
    await link.perform(delivery(link, dm.id, payload(long)))
    (said,) = stage.messages(dm)
    assert said.text == long.strip()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ModelUnavailable("elevenlabs does not answer"), "does not answer"),
        (ModelRejected("the budget is spent"), "the budget is spent"),
        (ValueError("secret words"), "something went wrong"),
    ],
)
async def test_where_nobody_can_speak_it_is_written_at_once(
    stage, make_link, dm, error, told, caplog
):
    voice = Voice(error, error)
    async with make_link(clips=voice) as link:
        assert "writes" not in link.lacks
        await link.perform(delivery(link, dm.id, payload()))
        await link.perform(delivery(link, dm.id, payload("And at ten.")))
        assert [said.text for said in stage.messages(dm)] == [HEARD, "And at ten."]
        assert told in link.lacks
        assert "writes what she would speak" in link.lacks
        warned = [one for one in caplog.records if "writes what she would" in one.getMessage()]
        assert len(warned) == 1, "once, for the same reason"
        assert HEARD not in caplog.text
        await link.perform(delivery(link, dm.id, payload("And at noon.")))
        assert "writes" not in link.lacks, "it works again"
    assert "voice" in stage.messages(dm)[-1].more


async def test_without_anybody_who_speaks_it_is_written(stage, make_link, dm):
    async with make_link() as link:
        row = delivery(link, dm.id, payload())
        assert not link.takes_time(row)
        await link.perform(row)
    assert [said.text for said in stage.messages(dm)] == [HEARD]


async def test_what_is_ready_is_not_made_twice_and_only_voice_messages_take_time(
    stage, link, dm, voice
):
    note, words = delivery(link, dm.id, payload()), delivery(link, dm.id)
    assert (link.takes_time(note), link.takes_time(words)) == (True, False)
    await link.prepare(note)
    assert voice.asked == [HEARD]
    assert not stage.messages(dm)
    assert not link.takes_time(note)
    await link.perform(note)
    assert voice.asked == [HEARD]
    assert "voice" in stage.messages(dm)[0].more


async def test_what_is_said_in_private_is_not_kept_as_sound(link, dm, voice):
    await link.perform(replace(delivery(link, dm.id, payload()), private=True))
    await link.perform(delivery(link, dm.id, payload("And at ten.")))
    assert voice.private == [True, False]


async def test_a_try_whose_end_nobody_knows_is_in_doubt_and_asks_whoever_keeps_clips_again(
    stage, link, dm, voice
):
    row = delivery(link, dm.id, payload())
    stage.faults.cut(after=True, method="sendVoice")
    with pytest.raises(SendUncertain):
        await link.perform(row)
    await link.perform(replace(row, status=DeliveryStatus.UNCERTAIN))
    assert voice.asked == [HEARD, HEARD]
    assert all("voice" in said.more for said in stage.messages(dm))


async def test_people_see_that_it_is_being_recorded(stage, make_link, dm):
    go = asyncio.Event()
    hum = Voice()

    async def slow(text: str, *, private: bool = False):
        await go.wait()
        return await hum(text)

    async with make_link(clips=slow) as link, asyncio.TaskGroup() as group:
        group.create_task(link.perform(delivery(link, dm.id, payload())))
        await until(lambda: stage.journal.of("sendChatAction"))
        go.set()
    (shown,) = stage.journal.of("sendChatAction")
    assert shown.params["action"] == "record_voice"
    assert "voice" in stage.messages(dm)[0].more
