"""Somebody speaks, she hears, understands, and answers aloud: all of it sound, all of it encrypted."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bots.sandbox import Stage
from core.models.offline import Offline
from core.models.scripted import Scripted
from core.ports import ModelRequest
from core.speech.offline_ear import OfflineEar
from tests.flows.talk import question, reply, whole
from tests.voice.audio import alike, in_words, said, words
from tests.voice.own_client import own_client
from tests.voice.parlour import parlour, until

HER = "Victoria"
"""A name that the offline ear understands wherever it stands."""


def asked(request: ModelRequest) -> str:
    """What somebody has said, without who it was."""
    return question(request).partition(": ")[2]


async def test_what_is_asked_aloud_is_answered_aloud_between_two_clients_of_discord_py(
    tmp_path: Path, stage: Stage, ear: OfflineEar
) -> None:
    """Spoken, encrypted, heard, written down, answered, spoken, and written down once more."""
    model = Scripted(lambda request: reply(f"You asked, {asked(request)}?"))
    async with (
        parlour(tmp_path, "Ada", model=model, stage=stage) as here,
        own_client(here, "Bob") as bob,
    ):
        await bob.says(await said("where is the library"))
        heard = await bob.hears(here.bots["Ada"])
        (request,) = model.requests
        assert question(request) == "Bob: where is the library"
        found = await in_words(heard, ear)
        assert words(found) == words("you asked where is the library")
        # Before SPEAKING tells whose they are, a packet or two are nobody's.
        assert len(bob.ear.failed) <= 2, bob.ear.failed
        view = stage.discord.voice.view(here.guild.id, here.room.id)
        assert view.version == 1, "end-to-end encrypted"
        assert here.kept()[0] == "where is the library"


async def test_the_model_that_needs_no_key_talks_too(
    tmp_path: Path, stage: Stage, ear: OfflineEar
) -> None:
    async with parlour(tmp_path, "Ada", model=Offline(), stage=stage) as here:
        bob = await here.comes("Bob")
        await bob.says("my favorite color is blue")
        track = await bob.hears()
        await until(lambda: len(here.kept()) == 2)
        heard, answer = here.kept()
        assert heard == "my favorite color is blue"
        assert alike(await in_words(track.pcm, ear), answer) > 0.7


async def test_who_speaks_at_once_is_heard_apart_and_answered_when_she_is_named(
    tmp_path: Path, stage: Stage, ear: OfflineEar
) -> None:
    model = Scripted(lambda request: reply("It is raining outside."))
    async with parlour(tmp_path, HER, model=model, stage=stage) as here:
        bob, eve = await here.comes("Bob"), await here.comes("Eve")
        async with asyncio.TaskGroup() as both:
            both.create_task(bob.says("the book is on the table"))
            both.create_task(eve.says("winter is my favorite season"))
        found = await here.settled_all(2)
        assert sorted((one.who, one.text, one.rule) for one in found) == [
            ("Bob", "the book is on the table", "not-addressed"),
            ("Eve", "winter is my favorite season", "not-addressed"),
        ]
        assert model.requests == []
        await eve.says("Victoria, what time is it")
        for guest in (bob, eve):
            track = await guest.hears(HER)
            assert words(await in_words(track.pcm, ear)) == words("it is raining outside")
        (request,) = model.requests
        assert question(request) == "Eve: Victoria what time is it"
        assert "Bob: the book is on the table" in whole(request), "she has heard it all"


async def test_who_wants_not_to_be_heard_is_not(tmp_path: Path, stage: Stage) -> None:
    model = Scripted(lambda request: reply("Thank you very much."))
    async with parlour(tmp_path, HER, model=model, stage=stage) as here:
        bob = await here.comes("Bob")
        told = await here.commands(bob, "ignore me")
        assert "no longer listen to you" in told
        await bob.says("where is the library")
        eve = await here.comes("Eve")
        await eve.says("Victoria, can you hear me now")
        await eve.hears(HER)
        assert [question(one) for one in model.requests] == ["Eve: Victoria can you hear me now"]
        told = await here.commands(bob, "listen to me")
        assert "listen to you again" in told
        await bob.says("Victoria, what time is it")
        await until(lambda: len(model.requests) == 2)
        assert question(model.requests[1]) == "Bob: Victoria what time is it"
        assert not any("library" in one for one in here.kept()), "of that nothing was ever written"
