"""Voice messages through the whole gateway: spoken, heard, answered aloud, and heard again."""

from __future__ import annotations

import io
import re
import wave
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Bot, Person, Stage
from bots.sandbox.faults import Fault
from bots.sandbox.world import Chat, Message
from bots.testkit import Play
from core.models.scripted import Scripted
from core.ports import RATE, Form, Sound, Spent
from core.speech.offline import OfflineVoice
from core.speech.offline_ear import OfflineEar
from tests.fakes.databases import in_use
from tests.flows.talk import playing, question, until, whole
from tests.support.notes import Measured, measured, near

ASKED = "good morning everyone"
SAID = "The book is on the table."
VOICE = "en-us+edward"
"""The one that the offline ear understands best."""
OFFLINE = {
    "SPEECH_PROVIDER": "offline",
    "TRANSCRIPTION_PROVIDER": "offline",
    "OFFLINE_VOICE": VOICE,
}
BOTH = ("telegram", "discord")

pytestmark = pytest.mark.usefixtures("database")


def answering(text: str = SAID, actions: str = "REPLY") -> Scripted:
    xml = f"<response><actions>{actions}</actions><text>{text}</text></response>"
    return Scripted(lambda request: xml)


@dataclass(frozen=True, slots=True)
class Talk:
    """Bob and Ada, alone, on one of the platforms."""

    play: Play
    ada: Bot
    bob: Person
    chat: Chat

    async def next(self) -> Message:
        return await self.play.stage.next_from(self.ada, self.chat)

    async def answer(self, text: str) -> Message:
        self.bob.says(self.chat, text)
        return await self.next()

    def sound(self, said: Message) -> bytes:
        """What Bob can play; empty where there is nothing but words."""
        files = self.play.stage.world.files
        if note := said.more.get("voice"):
            return files[note["file_id"]][1]
        if not said.more.get("flags", 0) & 1 << 13:
            return b""
        (file,) = said.more["attachments"]
        return files[file["id"]][1]


@asynccontextmanager
async def talking(
    data: Path,
    platform: str,
    model: Scripted | None = None,
    stage: Stage | None = None,
    **settings: str,
) -> AsyncIterator[Talk]:
    async with playing(
        "Ada",
        model=model or answering(),
        data=data,
        stage=stage,
        platforms=(platform,),
        settings=OFFLINE | settings,
    ) as play:
        bob = next(
            (one for one in play.stage.world.accounts.values() if one.name == "Bob"), None
        ) or play.stage.person("Bob")
        assert isinstance(bob, Person)
        if platform == "telegram":
            ada = play.bots["Ada"]
            chat = play.stage.world.dm_of(bob.id, ada.id) or play.stage.dm(bob, ada)
        else:
            ada = play.discord_bots["Ada"]
            chat = play.stage.discord.dm(bob, ada)
        yield Talk(play, ada, bob, chat)


async def spoken(text: str) -> bytes:
    """As a WAV file."""
    pieces = OfflineVoice(VOICE).stream(text, Form.PCM, Spent())
    pcm = b"".join([piece async for piece in pieces])
    file = io.BytesIO()
    with wave.open(file, "wb") as box:
        box.setnchannels(1)
        box.setsampwidth(2)
        box.setframerate(RATE)
        box.writeframes(pcm)
    return file.getvalue()


async def note(text: str) -> bytes:
    """As a voice message."""
    pieces = OfflineVoice(VOICE).stream(text, Form.NOTE, Spent())
    return b"".join([piece async for piece in pieces])


async def heard(sound: Measured) -> str:
    async with OfflineEar() as ear:
        return await ear.transcribe(Sound(sound.pcm, "audio/pcm;rate=16000"), Spent())


def words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def rows(data: Path, table: str) -> list[Mapping[str, Any]]:
    return in_use.now.rows(data, table)


def paid(data: Path) -> list[Mapping[str, Any]]:
    return [row for row in rows(data, "spendings") if row["kind"] == "TEXT_TO_SPEECH"]


@pytest.mark.parametrize("platform", BOTH)
async def test_who_speaks_is_understood_and_hears_the_answer(tmp_path: Path, platform: str) -> None:
    model = answering()
    async with talking(tmp_path, platform, model) as talk:
        talk.bob.sends_voice(talk.chat, await note(ASKED))
        said = await talk.next()
        asked = model.requests[-1]
        assert question(asked).startswith(ASKED)
        assert "spoken aloud" in whole(asked)
        assert said.text == ""
        got = measured(talk.sound(said))
        wanted = measured(await spoken(SAID))
        assert near(got.seconds, wanted.seconds)
        assert got.gap <= wanted.gap + 0.06, "no silence but her own pauses"
        assert words(await heard(got)) == words(SAID)
        answer = await talk.answer("thank you")
        assert answer.text == SAID
        assert talk.sound(answer) == b"", "who writes is written to"
        assert SAID in whole(model.requests[-1]), "she remembers her own words"
    kept = [str(row["content"]) for row in rows(tmp_path, "memories")]
    assert any(ASKED in one and '"voice"' in one for one in kept), "with a mark"


@pytest.mark.parametrize("platform", BOTH)
async def test_it_is_as_people_set_it_also_after_a_restart(tmp_path: Path, platform: str) -> None:
    async with Stage(limits=False) as stage:
        async with talking(tmp_path, platform, stage=stage) as talk:
            assert "voice messages here" in (await talk.answer("/voice on")).text
            assert talk.sound(await talk.answer("hello"))
        async with talking(tmp_path, platform, stage=stage) as talk:
            assert talk.sound(await talk.answer("hello again"))
            assert "in writing" in (await talk.answer("/voice off")).text
            talk.bob.sends_voice(talk.chat, await note(ASKED))
            assert (await talk.next()).text == SAID


@pytest.mark.parametrize("platform", BOTH)
async def test_who_asks_to_hear_her_does(tmp_path: Path, platform: str) -> None:
    model = answering(actions="REPLY, VOICE_NOTE")
    async with talking(tmp_path, platform, model) as talk:
        assert measured(talk.sound(await talk.answer("say that aloud"))).seconds > 1
        assert "VOICE_NOTE" in whole(model.requests[-1])
    assert len(model.requests) == 1, "it costs no second thought"


@pytest.mark.parametrize("platform", BOTH)
async def test_what_has_to_be_seen_is_written(tmp_path: Path, platform: str) -> None:
    code = "Here it is:\n```\nprint(1)\n```"
    settings = {"TROUPE_VOICE_NOTES": "on"}
    async with talking(tmp_path, platform, answering(code), **settings) as talk:
        assert "print(1)" in (await talk.answer("show me")).text


@pytest.mark.parametrize("platform", BOTH)
async def test_beyond_the_budget_it_is_written_at_once(tmp_path: Path, platform: str) -> None:
    settings = {"TROUPE_VOICE_NOTES": "on", "TROUPE_SPEECH_PER_DAY": "30"}
    says = [SAID, SAID, "And now it rains."]
    model = Scripted([f"<response><text>{text}</text></response>" for text in says])
    async with talking(tmp_path, platform, model, **settings) as talk:
        assert talk.sound(await talk.answer("one"))
        assert talk.sound(await talk.answer("two")), "the same again costs nothing"
        assert (await talk.answer("three")).text == "And now it rains."
    assert [row["units"] for row in paid(tmp_path)] == [len(SAID)]


@pytest.mark.parametrize(
    ("platform", "method"), [("telegram", "sendVoice"), ("discord", "create_message")]
)
async def test_a_crash_between_making_and_sending_costs_one_voice_message_and_pays_one(
    tmp_path: Path, platform: str, method: str
) -> None:
    settings = {"TROUPE_VOICE_NOTES": "on", "SEND_PATIENCE": "0.2", "STOP_PATIENCE": "0.5"}
    async with Stage(limits=False) as stage:
        faults = stage.faults if platform == "telegram" else stage.discord.faults
        async with talking(tmp_path, platform, stage=stage, **settings) as talk:
            faults.add(Fault("cut", method=method, times=None))
            talk.bob.says(talk.chat, "hello")
            await until(lambda: faults.met and paid(tmp_path))
        faults.clear()
        async with talking(tmp_path, platform, stage=stage, **settings) as talk:
            said = await talk.next()
            assert near(measured(talk.sound(said)).seconds, measured(await spoken(SAID)).seconds)
            hers = [one for one in stage.messages(talk.chat) if one.sender == talk.ada]
            assert len(hers) == 1
    assert len(paid(tmp_path)) == 1
