"""The address by which somebody brings a bot into a Discord server."""

from __future__ import annotations

from urllib.parse import urlencode

PERMISSIONS = 380_141_685_824
"""View, send (in threads too), create threads, embed, attach, history, react, external emoji,
connect, speak, voice activity, application commands (D-10). Send Voice Messages, which everybody
has unless a server takes it away, is none of them: without it they are files of sound."""
MANAGE_WEBHOOKS = 1 << 29


def invite(application: str, *, faces: bool = False) -> str:
    """What to open in a browser; `application` is its id; with `faces` others speak through it."""
    asked = {
        "client_id": application,
        "permissions": PERMISSIONS | (MANAGE_WEBHOOKS if faces else 0),
        "scope": "bot applications.commands",
    }
    return f"https://discord.com/oauth2/authorize?{urlencode(asked)}"
