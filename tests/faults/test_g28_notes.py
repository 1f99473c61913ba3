"""A voice that fails never harms text, in voice messages and out of them: G28."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from bots.logs import set_up_logs
from bots.sandbox import Bot, Stage
from bots.sandbox.world import Chat, Message
from bots.testkit import Play
from core.models.scripted import Scripted
from core.ports import ModelRequest
from tests.fakes.voice_server import Fault, VoiceServer
from tests.faults.test_secrets import files, hits
from tests.faults.vendors import KEY, failing, settings_of, vendors
from tests.flows.talk import playing, question, reply, until, whole

SPEAKING: dict[str, Fault] = {
    "Ada": "",
    "Bea": "401",
    "Cara": "429",
    "Dora": "stall",
    "Edna": "truncated",
    "Fay": "html",
    "Gwen": "slow",
    "Hedy": "cut",
    "Iris": "quota",
}
TOLD = {
    "Bea": "refused the key",
    "Cara": "asks for fewer calls",
    "Dora": "came to a halt",
    "Edna": "broke off",
    "Fay": "in place of sound",
    "Gwen": "did not begin in time",
    "Hedy": "broke off",
    "Iris": "quota",
}
"""What /ready says of each, in part."""
HANGING = ("Dora", "Gwen")
QUESTIONS = [f"question {number}" for number in range(5)]


def answer(request: ModelRequest) -> str:
    return reply(f"You said {question(request).rpartition(': ')[2]}, and I have heard it well.")


def sound(stage: Stage, said: Message) -> bytes:
    """What can be played of it; empty where there is nothing but words."""
    if note := said.more.get("voice"):
        return stage.world.files[note["file_id"]][1]
    if said.more.get("flags", 0) & 1 << 13:
        return stage.world.files[said.more["attachments"][0]["id"]][1]
    return b""


@dataclass
class Pair:
    """One character on one platform: Bob is answered aloud, Eve in writing."""

    stage: Stage
    name: str
    bot: Bot
    aloud: Chat
    written: Chat

    def says(self, chat: Chat) -> list[Message]:
        return [one for one in self.stage.messages(chat) if one.sender is self.bot]

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.says(self.written)]


async def test_g28_whatever_a_voice_does_the_words_come_and_text_does_not_wait(
    tmp_path: Path, stage: Stage
) -> None:
    """Refused, throttled, hung, broken off, cut, not even sound: at once, each of another one."""
    model, screen = Scripted(answer), StringIO()
    async with vendors(SPEAKING) as servers:
        with set_up_logs("debug", "true", data_dir=tmp_path, stream=screen):
            async with playing(
                *SPEAKING,
                model=model,
                data=tmp_path,
                stage=stage,
                platforms=("telegram", "discord"),
                settings=settings_of(servers),
            ) as play:
                pairs = await _talked(play, servers, model)
                told = str(play.gateway.ready())
    for pair in pairs:
        assert pair.texts == [
            f"You said {text}, and I have heard it well." for text in QUESTIONS
        ], "in order, none twice"
    logs = screen.getvalue() + (tmp_path / "troupe.log").read_text()
    assert "Traceback" not in logs
    assert "heard it well" not in logs, "words are not for the ordinary log"
    assert "voice elevenlabs" in logs
    texts = {name: body for name, body in files(tmp_path) if name != "secret.key"}
    prompts = "".join(map(whole, model.requests))
    assert hits(texts | {"screen": logs, "ready": told, "prompts": prompts}, [KEY]) == []


async def _talked(play: Play, servers: Mapping[str, VoiceServer], model: Scripted) -> list[Pair]:
    stage = play.stage
    bob, eve = stage.person("Bob"), stage.person("Eve")
    pairs = [
        Pair(stage, name, bot, stage.dm(bob, bot), stage.dm(eve, bot))
        for name, bot in play.bots.items()
    ] + [
        Pair(stage, name, bot, stage.discord.dm(bob, bot), stage.discord.dm(eve, bot))
        for name, bot in play.discord_bots.items()
    ]
    for pair in pairs:
        bob.says(pair.aloud, "/voice on")
        await stage.next_from(pair.bot, pair.aloud)
    for pair in pairs:
        bob.says(pair.aloud, "hello")
    await until(lambda: all(server.asked for server in servers.values()))
    for text in QUESTIONS:
        for pair in pairs:
            eve.says(pair.written, text)
        await until(lambda text=text: all(text in "".join(pair.texts) for pair in pairs))
    for pair in pairs:
        if pair.name in HANGING:
            assert len(pair.says(pair.aloud)) == 1, "it hangs, and nobody else has waited for it"
    for pair in pairs:
        said = await stage.next_from(pair.bot, pair.aloud, timeout=30)
        assert bool(sound(stage, said)) == (pair.name == "Ada"), pair.name
        if pair.name != "Ada":
            assert said.text == "You said hello, and I have heard it well.", pair.name
    assert len(model.requests) == len(pairs) * (1 + len(QUESTIONS)), "nothing is thought twice"
    found = failing(play)
    assert set(found) == {(name, "TEXT_TO_SPEECH") for name in TOLD}
    assert play.gateway.ready()["status"] == "degraded"
    for name, why in TOLD.items():
        assert why in found[name, "TEXT_TO_SPEECH"]
    servers["Edna"].fault = ""
    edna = next(pair for pair in pairs if pair.name == "Edna")
    bob.says(edna.aloud, "and now")
    assert sound(stage, await stage.next_from(edna.bot, edna.aloud)), "she has it again"
    assert {name for name, _ in failing(play)} == set(TOLD) - {"Edna"}
    return pairs
