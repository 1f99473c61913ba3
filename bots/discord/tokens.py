"""What a bot's token tells by its shape alone."""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode

_TOKEN = re.compile(r"([A-Za-z0-9_-]{4,28})\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{8,}")


def bot_of(token: str) -> str:
    """The bot's id, which is the first part of its token; empty for what is no token."""
    shape = _TOKEN.fullmatch(token)
    if shape is None:
        return ""
    try:
        number = urlsafe_b64decode(shape[1] + "=" * (-len(shape[1]) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return number if number.isdecimal() else ""
