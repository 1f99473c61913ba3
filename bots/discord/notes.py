"""A voice message on Discord: as one, as a file of sound, or in words alone."""

from __future__ import annotations

import base64
from typing import Any

import discord

from bots.discord.bodies import SILENT, Body
from bots.discord.errors import NO_RIGHT
from bots.discord.uploads import Upload
from core.ports import Clip

VOICE = 1 << 13
"""The flag of a voice message, which has neither words nor anything else beside its sound."""
NAME = "voice-message.ogg"
_MIME = "audio/ogg"
_NOT_HERE = frozenset({NO_RIGHT, 40005, 50006, 50159, 50160, 50161, 50173})
"""Codes of refusals that are about the sound; 50173: there are no voice messages in this channel."""

FIXED = 50162
"""A voice message that was to be changed: none can be."""

Way = tuple[tuple[str, ...], Body, Upload]
"""The rights that it takes, what is asked, and the sound."""


def ways(body: Body, clip: Clip) -> tuple[Way, Way]:
    """The best first; `body` is that of the words, with all that ties it to its room."""
    about = {
        "waveform": base64.b64encode(clip.waveform or b"\0").decode(),
        "duration_secs": round(clip.seconds, 3),
    }
    return (
        (
            ("send_voice_messages", "attach_files"),
            bare(body, VOICE),
            Upload(NAME, _MIME, clip.data, about),
        ),
        (("attach_files",), bare(body), as_file(clip)),
    )


def as_file(clip: Clip) -> Upload:
    """For where no voice message can be: people can still play it."""
    return Upload(NAME, _MIME, clip.data)


def bare(body: Body, flags: int = 0) -> Body:
    """Without words."""
    return {**body, "content": "", "flags": body.get("flags", 0) & SILENT | flags}


def is_refused(error: discord.HTTPException) -> bool:
    """Whether the same may still be said in another way."""
    return error.code in _NOT_HERE or error.status == 413


def stands(sent: dict[str, Any], text: str) -> bool:
    """Whether what a nonce has given back says it already, aloud or in words: an earlier try."""
    said = str(sent.get("content", "")).strip()
    return bool(sent.get("attachments")) if not said else said == text.strip()
