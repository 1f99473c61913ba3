"""Which of what people start on Discord is what to us, told by its bare shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.messages import Kind

COMMAND, COMPONENT, TYPING, FORM = 2, 3, 4, 5
"""Discord's numbers of what somebody starts; TYPING asks for suggestions."""
SLASH, ABOUT_A_PERSON, ABOUT_A_MESSAGE = 1, 2, 3
"""Those of commands: behind a slash, in the menu of a person, in that of a message."""

TALK: Mapping[str, str] = {"chat": "message", "ask": "question"}
"""Commands that are talk like any other, and the option in which it stands."""
WHY = "Why?"
ASK = "ask"
"""What the form's own id begins with that asks what somebody wants to know of a message."""
QUESTION = "question"
"""The form's only field."""
_ASKS = "Ask "
_STOP = "stop"
_ALONE = 1 << 6
"""The flag of a message that only one person sees."""
_ELSEWHERE = 2
"""Discord's number of a place that is no server's, and no chat with the bot."""
_NO_NAME = re.compile(r"[^\w-]+")


def kind_of(said: Mapping[str, Any]) -> Kind:
    """OTHER for what cannot be answered, and for what is answered without being written down."""
    given = _object(said.get("data"))
    match said.get("type"):
        case int(number) if number == COMMAND and command_of(said):
            is_talk = command_of(said) in TALK if is_slash(said) else asks(said)
            return Kind.MESSAGE if is_talk else Kind.COMMAND
        case int(number) if number == COMPONENT:
            return Kind.STOP if is_stop(given.get("custom_id")) else Kind.PRESS
        case int(number) if number == FORM:
            return Kind.MESSAGE if asked_about(said) else Kind.PRESS
    return Kind.OTHER


def keeps(said: Mapping[str, Any]) -> bool | None:
    """True for what has an answer of its own, whatever its author says next."""
    return True if said.get("type") in (COMMAND, FORM) else None


def waits(said: Mapping[str, Any]) -> bool:
    """Whether its author sees that it is being worked on, until an answer takes that place.

    Whoever presses something sees no more than that it was heard; but where an ordinary message
    would not reach them, or would reach others too, the answer has to go back the same way.
    """
    match said.get("type"):
        case int(number) if number == COMMAND:
            return True
        case int(number) if number == FORM:
            return bool(asked_about(said)) or "message" not in said or _is_apart(said)
        case int(number) if number == COMPONENT:
            return kind_of(said) is not Kind.STOP and _is_apart(said)
    return False


def is_alone(said: Mapping[str, Any]) -> bool:
    """Whether it stands below something that only its author sees."""
    flags = _object(said.get("message")).get("flags")
    return isinstance(flags, int) and bool(flags & _ALONE)


def is_elsewhere(said: Mapping[str, Any]) -> bool:
    """In a chat of people's own, where somebody has brought the bot along for themselves."""
    return bool(said.get("context") == _ELSEWHERE)


def is_guest(said: Mapping[str, Any]) -> bool:
    """Where the bot is no member, and cannot write by itself."""
    if is_elsewhere(said):
        return True
    owners = said.get("authorizing_integration_owners")
    return bool(said.get("guild_id")) and isinstance(owners, dict) and "0" not in owners


def is_slash(said: Mapping[str, Any]) -> bool:
    return bool(_object(said.get("data")).get("type", SLASH) == SLASH)


def command_of(said: Mapping[str, Any]) -> str:
    """As people would write it behind a slash; empty where it has no name."""
    name = _object(said.get("data")).get("name")
    return _NO_NAME.sub("", name).lower()[:32] if isinstance(name, str) else ""


def asks(said: Mapping[str, Any]) -> bool:
    """Whether it was chosen in a menu to ask about the one that the menu belongs to."""
    given = _object(said.get("data"))
    name = given.get("name")
    is_menu = given.get("type") in (ABOUT_A_PERSON, ABOUT_A_MESSAGE)
    return is_menu and isinstance(name, str) and name.startswith(_ASKS)


def names(character: str) -> tuple[str, str]:
    """Of the menus by which people ask her about a person and about a message, in English."""
    return f"{_ASKS}{character} about them", f"{_ASKS}{character} about this"


def asked_about(said: Mapping[str, Any]) -> str:
    """Of our own form, which message it asks about; empty for any other form."""
    form = _object(said.get("data")).get("custom_id")
    name, _, message = form.partition(":") if isinstance(form, str) else ("", "", "")
    return message if name == ASK else ""


def is_stop(press: object) -> bool:
    """Whether a pressed button is the one that ends an answer."""
    return isinstance(press, str) and (press == _STOP or press.startswith(f"{_STOP}:"))


def _is_apart(said: Mapping[str, Any]) -> bool:
    return is_alone(said) or is_guest(said)


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
