"""espeak-ng by its library: a voice that needs no key; one text at a time, for it knows only one."""

from __future__ import annotations

import ctypes
import importlib.util
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from core.errors import TroupeError

RATE: Final = 22_050
"""Samples a second that it gives: one channel, signed 16 bits."""

_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_UTF8 = 1
_END_PAUSE = 0x1000
_IPA = 2
_SEED = 1
_MOST_PARTS = 100
_SPEED, _PITCH = 1, 3
_MOST_SECONDS = 600
_PART_MS = 60

# What it holds belongs to the process: its voice, its speed, where it puts the sound.
_turn = threading.Lock()


class EspeakFailed(TroupeError):
    """It is not installed, or has no such voice."""


@dataclass(frozen=True, slots=True)
class Manner:
    """A voice by espeak-ng's name, as en-us+f3; words a minute; 0 to 99."""

    voice: str = "en-us"
    speed: int = 150
    pitch: int = 50


def spoken(text: str, manner: Manner) -> bytes:
    """Hundreds of times as fast as it plays; for a thread all the same."""
    library = _library()
    parts: list[bytes] = []
    room = _MOST_SECONDS * RATE

    def take(wave: int | None, samples: int, _: object) -> int:
        nonlocal room
        if wave and samples > 0:
            parts.append(ctypes.string_at(wave, samples * 2))
            room -= samples
        return int(room <= 0)  # 1: no more

    data = text.replace("\0", " ").encode("utf-8", "replace") + b"\0"
    with _turn:
        _put_on(library, manner)
        library.espeak_SetSynthCallback(taking := _TAKING(take))
        failed = library.espeak_Synth(data, len(data), 0, 0, 0, _UTF8 | _END_PAUSE, None, None)
        del taking
    if failed:
        raise EspeakFailed(f"espeak-ng does not speak ({failed})")
    return b"".join(parts)


def sounds_of(word: str, voice: str = "en-us") -> str:
    """How it is said, in the letters of the IPA."""
    library = _library()
    text = ctypes.c_char_p(word.replace("\0", " ").encode("utf-8", "replace"))
    parts: list[bytes] = []
    with _turn:
        _put_on(library, Manner(voice))
        while text.value is not None and len(parts) < _MOST_PARTS:
            parts.append(library.espeak_TextToPhonemes(ctypes.byref(text), _UTF8, _IPA) or b"")
    return b" ".join(parts).decode("utf-8", "replace").strip()


def is_here() -> bool:
    """Whether it is installed."""
    return importlib.util.find_spec("espeakng_loader") is not None


def _put_on(library: ctypes.CDLL, manner: Manner) -> None:
    if library.espeak_SetVoiceByName(manner.voice.encode()):
        raise EspeakFailed("espeak-ng has no voice of that name")
    library.espeak_ng_SetRandSeed(_SEED)
    library.espeak_SetParameter(_SPEED, manner.speed, 0)
    library.espeak_SetParameter(_PITCH, manner.pitch, 0)


_TAKING: Callable[[Any], Any] = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p
)


@cache
def _library() -> ctypes.CDLL:
    try:
        import espeakng_loader

        library = ctypes.CDLL(espeakng_loader.get_library_path())
        words = espeakng_loader.get_data_path().encode()
    except (ImportError, OSError, RuntimeError):
        raise EspeakFailed(
            "no espeak-ng is installed: run `make setup`, or `pip install troupe[offline-voice]`"
        ) from None
    number, text = ctypes.c_int, ctypes.c_char_p
    for name, kinds in (
        ("espeak_Initialize", (number, number, text, number)),
        ("espeak_SetVoiceByName", (text,)),
        ("espeak_ng_SetRandSeed", (ctypes.c_long,)),
        ("espeak_SetParameter", (number, number, number)),
        ("espeak_SetSynthCallback", (_TAKING,)),
        ("espeak_TextToPhonemes", (ctypes.POINTER(text), number, number)),
        (
            "espeak_Synth",
            (text, ctypes.c_size_t, ctypes.c_uint, number, ctypes.c_uint, ctypes.c_uint,
             ctypes.c_void_p, ctypes.c_void_p),
        ),
    ):  # fmt: skip
        getattr(library, name).argtypes = kinds
    library.espeak_TextToPhonemes.restype = text
    if library.espeak_Initialize(_SYNCHRONOUS, _PART_MS, words, _DONT_EXIT) != RATE:
        raise EspeakFailed("espeak-ng does not begin")
    return library
