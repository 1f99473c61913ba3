"""The address by which somebody brings a bot into a Discord server."""

from __future__ import annotations

from urllib.parse import urlencode

PERMISSIONS = 380_141_685_824
"""View, send (in threads too), create threads, embed, attach, history, react, external emoji,
connect, speak, voice activity, application commands (D-10)."""


def invite(application: str) -> str:
    """What to open in a browser; `application` is its id."""
    asked = {
        "client_id": application,
        "permissions": PERMISSIONS,
        "scope": "bot applications.commands",
    }
    return f"https://discord.com/oauth2/authorize?{urlencode(asked)}"
