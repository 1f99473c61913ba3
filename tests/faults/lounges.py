"""Servers with a voice channel each, one character and one person in it; vendors on local sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bots.discord.pulse import PULSE
from bots.sandbox import Bot, Person, Stage
from bots.sandbox.discord.talker import Talker
from bots.sandbox.discord.voice import Trouble
from bots.sandbox.things import Chat
from bots.testkit import Play
from core.models.scripted import Scripted
from core.plugins import Plugin
from core.ports import ModelRequest
from tests.fakes.voice_server import VoiceServer, brisk
from tests.faults.vendors import settings_of
from tests.flows.talk import playing, question, reply, speaker, until
from tests.voice.audio import said

ASKED = "Where is the library?"
"""What every vendor here writes down, whatever is said."""
_LOUD = 3_000
_RATE = 48_000


def answer(request: ModelRequest) -> str:
    """For Scripted: by whom it is, and to what."""
    words = question(request).rpartition(": ")[2]
    return reply(f"{speaker(request)} says to “{words[:40]}”: so be it.")


def seconds_heard(pcm: bytes) -> float:
    """How much of it is no silence."""
    samples = np.abs(np.frombuffer(pcm, "<i2").astype(np.int32))
    frames = samples[: samples.size // 960 * 960].reshape(-1, 960)
    return float((frames.max(axis=1) > _LOUD).sum() * 0.02) if frames.size else 0.0


@dataclass(slots=True)
class Lounge:
    """One server: whoever has the character's name lives there, in its voice channel."""

    stage: Stage
    name: str
    guild: Any
    chat: Chat
    """For text."""
    room: Chat
    bot: Bot
    person: Person
    server: VoiceServer
    speech: bytes
    talker: Talker | None = None

    @property
    def voice(self) -> Any:
        return self.stage.discord.voice

    @property
    def us(self) -> tuple[int, int]:
        """As the voice server knows her."""
        return self.guild.id, self.bot.snowflake

    @property
    def there(self) -> Talker:
        assert self.talker is not None
        return self.talker

    @property
    def inside(self) -> bool:
        """She and all who are with her can decrypt each other."""
        view = self.voice.view(self.guild.id, self.room.id)
        people = {one.snowflake for one in self.stage.discord.in_voice(self.room)}
        return (
            self.bot.snowflake in people
            and self.voice.connected(*self.us)
            and view.settled
            and set(view.encrypted) == set(view.inside) == people
        )

    def trouble(self, **what: Any) -> Trouble:
        """Only here."""
        return Trouble(guild=self.guild.id, **what)

    def written(self, chat: Chat | None = None) -> list[str]:
        """What she has written, in the chat of the voice channel unless told otherwise."""
        found = self.stage.messages(chat or self.room)
        return [one.text for one in found if one.sender is self.bot]

    @property
    def heard(self) -> float:
        """Seconds of her that have reached whoever is with her."""
        return seconds_heard(self.there.hears(self.bot))

    async def settles(self, seconds: float = 30.0) -> None:
        await until(lambda: self.inside, timeout=seconds)

    def says(self) -> None:
        self.there.says(self.speech)

    async def talks(self, seconds: float = 30.0) -> None:
        """She is spoken to, and answers aloud."""
        before = len(self.server.heard)
        self.there.forgets()
        self.says()
        await until(lambda: len(self.server.heard) > before, timeout=seconds)
        await until(lambda: self.heard > 0.5, timeout=seconds)

    async def rests(self, play: Play, seconds: float = 30.0) -> None:
        """Nobody speaks any more, and nothing is still to be said."""
        busy = ("hearing", "thinking", "speaking")
        async with asyncio.timeout(seconds):
            quiet, known = 0, (0, 0.0)
            while quiet < 5:
                now = len(self.server.heard), self.heard
                state = state_of(play, self.name)
                still = now == known and not any(state.get(one) for one in busy)
                quiet, known = (quiet + 1 if still else 0), now
                await asyncio.sleep(0.1)

    async def asks(self, action: str) -> str:
        """/voice, and what she says to it."""
        offered = self.stage.discord._office.commands
        await until(lambda: offered.get((self.bot.id, None)))
        number = self.person.uses(self.chat, self.bot, "voice", action=action)
        asked = self.stage.discord.interaction(number)
        await until(lambda: asked.reply is not None and asked.reply.text)
        assert asked.reply is not None
        return asked.reply.text

    async def is_answered(self, text: str) -> None:
        """In writing, to something that is written."""
        self.person.says(self.chat, f"@{self.name} {text}")
        await until(lambda: any(text in one for one in self.written(self.chat)))


@asynccontextmanager
async def lounges(
    data: Path,
    stage: Stage,
    names: Sequence[str],
    *,
    model: Scripted | None = None,
    servers: dict[str, VoiceServer],
    plugins: Mapping[str, Plugin] | None = None,
    **settings: str,
) -> AsyncIterator[tuple[Play, list[Lounge]]]:
    """Everybody is in, and hears and is heard; `plugins` by whose they are."""
    own_plugins = plugins or {}
    speech = await said("where is the library", "en-us+edward")
    made = []
    own: dict[str, str] = {}
    for name in names:
        bot, person = stage.discord.bot(name), stage.person(f"Guest of {name}")
        guild = stage.discord.guild(f"House of {name}", [person], [bot], channels=("general",))
        stage.discord.channel(guild, "Parlour", "voice")
        chat, room = list(guild.channels.values())[:2]
        servers[name].hears = ASKED
        own[f"CHARACTER__{name.upper()}__DISCORD_VOICE_CHANNEL_ID"] = str(room.id)
        made.append(Lounge(stage, name, guild, chat, room, bot, person, servers[name], speech))
    async with playing(
        *(
            {
                "name": name,
                "bio": f"{name} is made for a test.",
                "plugins": [own_plugins[name].name] if name in own_plugins else [],
            }
            for name in names
        ),
        plugins=own_plugins.values(),
        model=model or Scripted(answer),
        data=data,
        stage=stage,
        platforms=("discord",),
        settings=settings_of(servers, TRANSCRIPTION_PROVIDER="elevenlabs") | own | settings,
    ) as play:
        for one in made:
            one.talker = stage.discord.joins_voice(one.person, one.room)
        for one in made:
            await one.settles()
            # She says once that she listens.
            await until(lambda one=one: one.written())
        yield play, made
    assert PULSE.settle(), "nobody is left in a voice channel"


def state_of(play: Play, name: str) -> dict[str, Any]:
    """Of her voice channel, as /ready tells it; empty where she is in none."""
    found: Iterable[dict[str, Any]] = play.gateway.ready()["voices"]
    return next((one for one in found if one["character"] == name), {})


__all__ = ["ASKED", "Lounge", "answer", "brisk", "lounges", "seconds_heard", "state_of"]
