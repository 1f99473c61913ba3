"""How it goes in a voice channel, in words for people and as data for whoever looks on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.flow.cast import Part
from core.flow.voice_talk import VoiceTalk
from core.plugins.calls import VoiceNow
from core.prompting.words import quoted

NOWHERE = "I am in no voice channel here."
NO_CHANNELS = "There are no voice channels here."
NO_MORE = "I no longer try to come back into the voice channel."
_NAMED = 20


def sentence(why: str) -> str:
    """As one says it."""
    whole = why[:1].upper() + why[1:]
    return whole if whole.endswith((".", "!", "?")) else f"{whole}."


def which(channels: Sequence[tuple[str, str]]) -> str:
    if not channels:
        return "I see no voice channel here."
    names = ", ".join(quoted(name, most=60) for _, name in channels[:_NAMED])
    return f"Go into a voice channel first, or tell me which one: {names}."


def joined(talk: VoiceTalk, deaf: str, speaks: bool) -> str:
    text = f"I am in {talk.channel.name} now."
    if not speaks:
        text += " I have no voice there, and answer in writing."
    elif talk.mute:
        text += f" Nobody hears me: {talk.mute}. Until then I answer in its chat."
    return f"{text} I hear nobody: {deaf}." if deaf else text


def status(talk: VoiceTalk, deaf: str) -> str:
    there, state, doing = talk.channel, talk.channel.state, talk.doing
    busy = next((word for word in ("speaking", "thinking", "hearing") if doing[word]), "listening")
    people = sum(not one.who.is_bot for one in talk.people)
    parts = [
        f"I am in {there.name} with {people} {'person' if people == 1 else 'people'}",
        f"its voice server cannot be reached: {state.away}; I try again" if state.away else "",
        f"I am deaf there: {deaf}" if deaf else f"I am {busy}",
        f"I am mute there: {state.mute}; I answer in its chat" if state.mute else "",
        "its encryption is up" if state.decrypting else "",
        f"{state.latency * 1000:.0f} ms away" if state.latency else "",
        f"{state.lost} packets were lost" if state.lost else "",
        f"{state.undecrypted} could not be read" if state.undecrypted else "",
    ]
    return "; ".join(filter(None, parts)) + "."


def kept_out(name: str, why: str, minutes: float) -> str:
    return f"I am not in {name}: {why}. I try again every {minutes:.0f} minutes."


def code(now: VoiceNow) -> str:
    if not now.state.privacy_code:
        return f"{now.name} is not end-to-end encrypted now, so that there is no code to compare."
    return f"The code of this call, the same for everybody in it: {now.state.privacy_code}"


def state(part: Part, talk: VoiceTalk, deaf: str) -> dict[str, Any]:
    now = talk.channel.state
    return {
        "character": part.character.name,
        "platform": part.platform.name,
        "server": talk.channel.world,
        "channel": talk.channel.id,
        "people": sum(not one.who.is_bot for one in talk.people),
        "joined": now.joined,
        "decrypting": now.decrypting,
        **talk.doing,
        "deaf": deaf,
        "mute": now.mute,
        "away": now.away,
        "latency": now.latency,
        "lost": now.lost,
        "undecrypted": now.undecrypted,
    }


def missing(part: Part, world: str, channel: str, why: str) -> dict[str, Any]:
    """Of a channel that she wants to be in and is not; the same words as of one that she is in."""
    doing = dict.fromkeys(("joined", "decrypting", "hearing", "thinking", "speaking"), False)
    return {
        "character": part.character.name,
        "platform": part.platform.name,
        "server": world,
        "channel": channel,
        "people": 0,
        **doing,
        "deaf": "",
        "mute": "",
        "away": why,
        "latency": 0.0,
        "lost": 0,
        "undecrypted": 0,
    }
