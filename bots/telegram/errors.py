"""What Telegram's refusals mean to us; the one place that knows PTB's exceptions.

PTB's `BadRequest` and `TimedOut` are `NetworkError`s, so `NetworkError` is asked last.
No text of Telegram's or of PTB's goes on: it may quote the token, an address or a person.
"""

from __future__ import annotations

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
)

from bots.telegram.request import Flooded, NotSent, TokenRefused
from core.errors import (
    LinkLost,
    LinkRejected,
    Moved,
    SendDelayed,
    SendFailed,
    SendUncertain,
    Throttled,
    Unsendable,
)

OTHER_READER_PAUSE = 30.0
"""A second program with our token may be a mistake that somebody is about to notice."""

_REASONS = (
    ("blocked by the user", "blocked"),
    ("kicked", "kicked"),
    ("deactivated", "account deleted"),
    ("can't initiate conversation", "never spoken to us"),
    ("chat not found", "chat not found"),
    ("not enough rights", "no right to do that"),
    ("thread not found", "topic not found"),
    ("topic_closed", "topic closed"),
    ("too long", "too long"),
    ("text is empty", "empty"),
    ("to edit not found", "message to edit not found"),
    ("can't be edited", "message can no longer be edited"),
    ("can't be deleted", "message can no longer be deleted"),
    ("entit", "entities refused"),
    ("reaction", "reaction refused"),
    ("too old", "too late"),
)


def link_failure(error: TelegramError) -> LinkRejected | LinkLost:
    """What a failed login or poll means for the link."""
    match error:
        case TokenRefused() | InvalidToken():
            return LinkRejected("Telegram refused the token")
        case Conflict():
            return LinkLost("another program reads with this token", pause=OTHER_READER_PAUSE)
        case Flooded():
            return LinkLost("Telegram asks for silence", pause=error.seconds)
        case NotSent():
            return LinkLost("Telegram is unreachable")
        case Forbidden() | BadRequest():
            return LinkLost(f"Telegram refused to be asked ({type(error).__name__})", pause=5.0)
        case NetworkError():
            return LinkLost(f"the line to Telegram broke ({type(error).__name__})")
        case _:
            return LinkLost(f"Telegram's answer makes no sense ({type(error).__name__})")


def send_failure(error: TelegramError, *, repeatable: bool) -> SendFailed | LinkRejected:
    """What a failed call means for its delivery.

    `repeatable` calls (edits, deletions, reactions) do the same when done twice, so that an
    unknown outcome is no more than a delay for them.
    """
    match error:
        case Flooded():
            return Throttled(error.seconds)
        case ChatMigrated():
            return Moved(str(error.new_chat_id))
        case TokenRefused() | InvalidToken():
            return LinkRejected("Telegram refused the token")
        case Forbidden() | BadRequest():
            return Unsendable(_reason(error.message))
        case EndPointNotFound():
            return Unsendable("this Bot API server is too old for that")
        case NotSent():
            return SendDelayed("Telegram is unreachable")
        case _ if repeatable:
            return SendDelayed(f"the outcome is unknown ({type(error).__name__})")
        case _:
            # A timeout and a cut line say nothing about the message. Neither does a 5xx: it
            # comes from a balancer that stopped waiting, or from a server that fell over after
            # the message had left it.
            return SendUncertain(f"the outcome is unknown ({type(error).__name__})")


def _reason(text: str) -> str:
    lowered = text.lower()
    return next((ours for theirs, ours in _REASONS if theirs in lowered), "refused")
