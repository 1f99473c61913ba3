"""Voice channels on the page: being there with a microphone, with a file, or to listen."""

import array
import asyncio
import math
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bots.sandbox.discord.talker import Talker
from bots.sandbox.things import Guild
from tests.page.browser import CHROMIUM, chromium
from tests.page.play import Play, playing

BAR = "[data-platform=discord] [data-part=call]"
RATE = 48_000
# A microphone that beeps, and a person who lets the page use it.
FAKE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


@pytest.fixture(scope="module")
def microphone() -> Iterator[str]:
    if CHROMIUM is None:
        pytest.skip("Debian's chromium is not installed")
    with chromium(*FAKE) as address:
        yield address


def tone(seconds: float) -> bytes:
    turn = 2 * math.pi * 440 / RATE
    return array.array(
        "h", (int(9000 * math.sin(turn * at)) for at in range(int(seconds * RATE)))
    ).tobytes()


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - of frames nobody is told
            await asyncio.sleep(0.02)


def guild_of(play: Play) -> Guild:
    guild = play.room("Parlour").guild
    assert guild is not None
    return guild


def sits(play: Play, name: str) -> Talker:
    return play.stage.discord.joins_voice(play.person(name), play.room("Parlour"))


async def join(play: Play) -> None:
    await play.enter_room("Parlour")
    await play.tab.click(f"{BAR} [data-key=join]")
    await play.tab.sees(f"document.querySelector('{BAR} [data-key=leave]')")
    await until(lambda: play.person("You") in guild_of(play).voices)


async def test_without_a_microphone_one_listens_and_plays_files(
    browser: str, tmp_path: Path
) -> None:
    file = tmp_path / "hello.wav"
    with wave.open(str(file), "wb") as writer:
        writer.setparams((1, 2, RATE, 0, "NONE", ""))
        writer.writeframes(tone(0.6))
    async with playing(browser, discord=True) as play:
        maya = sits(play, "Maya")
        await play.enter_room("Parlour")
        await play.shows("Maya", in_=f"{BAR} .voice span:last-of-type")
        await play.shows("End-to-end encrypted.", in_=f"{BAR} .privacy")
        await join(play)
        sentence = "There is no microphone here: you can listen, and play files."
        await play.shows(sentence, in_=f"{BAR} .call-note")
        await until(lambda: maya.privacy_code)
        shown = " ".join(maya.privacy_code[at : at + 5] for at in range(0, 30, 5))
        await play.shows(shown, in_=f"{BAR} .privacy")
        found = await play.tab.call(
            "Runtime.evaluate", expression=f"document.querySelector('{BAR} input[type=file]')"
        )
        node = found["result"]["objectId"]
        await play.tab.call("DOM.setFileInputFiles", files=[str(file)], objectId=node)
        await play.tab.sees(f"document.querySelector('{BAR} .voice.speaking')")
        await until(lambda: len(maya.hears(play.person("You"))) >= len(tone(0.6)))


async def test_a_microphone_is_heard_until_it_is_muted(microphone: str) -> None:
    async with playing(microphone, discord=True) as play:
        maya, you = sits(play, "Maya"), play.person("You")
        await join(play)
        await until(lambda: len(maya.hears(you)) >= RATE)
        await play.tab.click(f"{BAR} [data-key=mute]")
        await play.tab.sees(
            f"document.querySelector('{BAR} [data-key=mute]')?.ariaPressed === 'true'"
        )
        assert guild_of(play).voices[you].self_mute
        await until(lambda: you not in guild_of(play).speaking)
        maya.forgets()
        await play.tab.click(f"{BAR} [data-key=mute]")
        await until(lambda: maya.hears(you))
        await play.tab.click(f"{BAR} [data-key=leave]")
        await until(lambda: you not in guild_of(play).voices)


async def test_what_is_said_comes_out_of_the_page(microphone: str) -> None:
    async with playing(microphone, discord=True) as play:
        # All that is played runs through here: count the loud frames.
        await play.tab.look(
            "(() => { const start = AudioBufferSourceNode.prototype.start; window.played = 0;"
            " AudioBufferSourceNode.prototype.start = function (at) {"
            "  const samples = this.buffer.getChannelData(0);"
            "  if (samples.some((one) => Math.abs(one) > 0.1)) window.played += 1;"
            "  return start.call(this, at); }; })()"
        )
        maya = sits(play, "Maya")
        await join(play)
        await until(lambda: maya.privacy_code)
        maya.says(tone(0.6))
        await play.tab.sees(f"document.querySelector('{BAR} .voice.speaking')")
        await play.tab.sees("window.played >= 25")


async def test_who_speaks_as_somebody_else_is_out_of_the_channel(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        await join(play)
        await play.tab.click("#speaker")
        await play.choose("Maya")
        await until(lambda: not guild_of(play).voices)
        await play.tab.sees(f"document.querySelector('{BAR} [data-key=join]')")


async def test_who_is_put_out_sees_it(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        await join(play)
        play.stage.discord.puts_out_of_voice(guild_of(play), play.person("You"))
        await play.tab.sees(f"document.querySelector('{BAR} [data-key=join]')")
        await play.shows("Nobody is here.", in_=f"{BAR} p")


async def test_a_new_voice_channel_is_made_in_the_list(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        await play.tab.click(".server h3 .round")
        await play.choose("New voice channel…")
        await play.tab.type("Fireside")
        await play.tab.press("Enter")
        await play.shows("Fireside", in_="[data-platform=discord] .heading h2")
        assert play.room("Fireside").kind == "voice"
        await play.shows("Nobody is here.", in_=f"{BAR} p")
