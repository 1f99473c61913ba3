"""What a link asks of whoever makes its voice messages."""

from __future__ import annotations

import asyncio

from bots.recording import Recording
from core.ids import Account, TurnId
from core.messages import Address, Delivery, DeliveryKind
from core.ports import Clip
from tests.support.notes import Voice

HERE = Address("discord", Account("discord:1"), "7")


def row(nonce: str, payload: bytes = b'{"content":"**Hello**!","voice":true}') -> Delivery:
    return Delivery(HERE, DeliveryKind.SEND, payload, nonce=nonce, turn=TurnId("t1"))


async def test_a_voice_that_takes_for_ever_is_cut() -> None:
    async def never(text: str, *, private: bool = False) -> Clip:
        await asyncio.Event().wait()
        raise AssertionError

    recording = Recording(never, "discord:1", patience=0.01)
    assert await recording.take(row("n1")) is None
    assert "takes too long" in recording.note


async def test_no_sound_at_all_is_no_voice_message() -> None:
    async def nothing(text: str, *, private: bool = False) -> Clip:
        return Clip(b"", 0.0, b"")

    recording = Recording(nothing, "discord:1")
    assert await recording.take(row("n1")) is None
    assert "no sound" in recording.note


async def test_of_what_is_never_sent_only_so_much_is_kept() -> None:
    recording = Recording(voice := Voice(), "discord:1")
    for number in range(70):
        await recording.make(row(f"n{number}", b'{"content":"a","voice":true}'))
    assert recording.is_wanted(row("n0"))
    assert not recording.is_wanted(row("n69"))
    assert len(voice.asked) == 70


async def test_words_alone_and_nothing_but_signs_ask_nobody() -> None:
    recording = Recording(voice := Voice(), "discord:1")
    assert not recording.is_wanted(row("n1", b'{"content":"hello"}'))
    assert await recording.take(row("n2", '{"content":"😊","voice":true}'.encode())) is None
    assert voice.asked == []
    assert recording.note == ""
