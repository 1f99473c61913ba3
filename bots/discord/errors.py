"""What Discord's refusals mean to us; the one place that knows discord.py's exceptions.

No text of Discord's or of discord.py's goes on: it may quote an address or what a person said.
"""

from __future__ import annotations

import aiohttp
import discord

from bots.discord.quota import TokenRefused, TooManyRefusals
from core.errors import (
    LinkLost,
    LinkRejected,
    SendDelayed,
    SendFailed,
    SendUncertain,
    Throttled,
    Unsendable,
)

REFUSED = "Discord refused the token"
BANNED_FOR = 60.0
"""Seconds to keep still when somebody before Discord refuses us and does not say for how long."""

GONE = 10008
"""The message that was to be changed."""
MALFORMED = 50035
NO_RIGHT = 50013
NO_ACCESS = 50001
SLOW_MODE = 20016
HAS_THREAD = 160004
ARCHIVED = 50083
LOCKED = 160005
NO_CHANNEL = 10003
UNKNOWN_WEBHOOK = 10015
WEBHOOK_TOKEN = 50027
NOT_KNOWN = 10062
_SLOW_FOR = 10.0
"""Seconds to wait where a channel is slow and Discord does not say for how long."""

_REASONS = {
    NO_CHANNEL: "channel not found",
    10004: "server not found",
    GONE: "message not found",
    10014: "emoji not found",
    UNKNOWN_WEBHOOK: "webhook not found",
    10060: "sticker not found",
    NOT_KNOWN: "too late for Discord to know what is answered",
    30010: "too many reactions",
    40005: "file too large",
    40060: "answered already",
    NO_ACCESS: "no access to the channel",
    50005: "not our message",
    50006: "empty",
    50007: "this person takes no messages from us",
    50008: "no channel for text",
    NO_RIGHT: "no right to do that",
    50024: "not possible in this kind of channel",
    WEBHOOK_TOKEN: "the webhook's token is good no more",
    MALFORMED: "not well formed",
    50081: "not a sticker that we may send",
    ARCHIVED: "thread archived",
    50278: "no server in common",
    90001: "reaction blocked",
    160002: "no right to answer in a message that we may not read",
    HAS_THREAD: "has a thread already",
    LOCKED: "thread locked",
    160006: "too many threads",
}
OWN_TOKEN = frozenset({UNKNOWN_WEBHOOK, WEBHOOK_TOKEN, NOT_KNOWN})
"""A webhook or an interaction has run out: that says nothing of the bot."""
_CLOSED = {
    4010: "Discord refuses this connection",
    4011: "the bot is in too many servers for one connection",
    4012: "Discord no longer speaks this version of its gateway",
}


def link_failure(error: Exception) -> LinkRejected | LinkLost:
    """What a failed login, a failed look-up or a closed gateway means for the link."""
    match error:
        case discord.LoginFailure() | TokenRefused():
            return LinkRejected(REFUSED)
        case discord.ConnectionClosed(code=4004):
            return LinkRejected(REFUSED)
        case discord.ConnectionClosed(code=code) if code in _CLOSED:
            return LinkRejected(_CLOSED[code])
        case discord.ConnectionClosed(code=code):
            return LinkLost(f"Discord closed the gateway ({code})", pause=5.0)
        case discord.RateLimited(retry_after=seconds):
            return LinkLost("Discord asks for silence", pause=seconds)
        case discord.GatewayNotFound(__cause__=discord.HTTPException() as cause):
            return link_failure(cause)
        case discord.HTTPException(status=401):
            return LinkRejected(REFUSED)
        case discord.HTTPException(status=429):
            return LinkLost("Discord asks for silence", pause=BANNED_FOR)
        case discord.HTTPException(status=status):
            return LinkLost(f"Discord refused to be asked ({status})")
        case TooManyRefusals(seconds=seconds):
            return LinkLost("Discord has refused too much", pause=seconds)
        case OSError() | aiohttp.ClientError():  # a TimeoutError is an OSError
            return LinkLost(f"Discord is unreachable ({type(error).__name__})")
        case _:
            return LinkLost(f"Discord's answer makes no sense ({type(error).__name__})")


def send_failure(error: Exception, *, repeatable: bool) -> SendFailed | LinkRejected:
    """What a failed call means for its delivery.

    `repeatable` calls (edits, deletions, reactions) do the same when done twice, so that an
    unknown outcome is no more than a delay for them. A send done twice is dropped by its nonce,
    but only for some minutes.
    """
    match error:
        case discord.RateLimited(retry_after=seconds) | TooManyRefusals(seconds=seconds):
            return Throttled(seconds)
        case discord.HTTPException(code=code) if code == SLOW_MODE:
            return Throttled(_asked_for(error, _SLOW_FOR))
        case discord.HTTPException(code=code) if code in OWN_TOKEN:
            return Unsendable(reason_of(code))  # an interaction's token, and not the bot's
        case discord.HTTPException(status=401) | TokenRefused():
            return LinkRejected(REFUSED)
        case discord.HTTPException(status=429):
            return Throttled(_asked_for(error, BANNED_FOR))
        case discord.HTTPException(status=status, code=code) if status < 500:
            return Unsendable(reason_of(code, status))
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
            return SendDelayed("Discord is unreachable")
        case _ if repeatable:
            return SendDelayed(f"the outcome is unknown ({type(error).__name__})")
        case _:
            return SendUncertain(f"the outcome is unknown ({type(error).__name__})")


def reason_of(code: int, status: int = 0) -> str:
    """In our words."""
    return _REASONS.get(code, f"refused ({code or status})")


def _asked_for(error: discord.HTTPException, otherwise: float) -> float:
    """Seconds that Discord wants to wait."""
    try:
        return max(0.5, float(error.response.headers.get("Retry-After", otherwise)))
    except ValueError:
        return otherwise
