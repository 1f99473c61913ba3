"""How old a server is: which methods, parameters and updates its version of the Bot API knows.

What is older than 9.3 every server here knows.
"""

from collections.abc import MutableMapping
from typing import Any

Version = tuple[int, int]
NEWEST: Version = (10, 3)

_METHODS: dict[str, Version] = {
    "sendmessagedraft": (9, 3),
    "getmanagedbottoken": (9, 6),
    "replacemanagedbottoken": (9, 6),
    "answerguestquery": (10, 0),
    "getmanagedbotaccesssettings": (10, 0),
    "setmanagedbotaccesssettings": (10, 0),
    "deletemessagereaction": (10, 0),
    "deleteallmessagereactions": (10, 0),
    "editephemeralmessagetext": (10, 2),
    "editephemeralmessagecaption": (10, 2),
    "editephemeralmessagereplymarkup": (10, 2),
    "deleteephemeralmessage": (10, 2),
}
# Since when, and until before when.
_PARAMETERS: dict[str, tuple[Version, Version | None]] = {
    "ephemeral_message_parameters": ((10, 3), None),
    "can_stop": ((10, 3), None),
    "keep_on_stop": ((10, 3), None),
    "return_bots": ((10, 0), None),
}
# 10.2 had two parameters for what 10.3 has an object for.
_LOOSE = frozenset({"receiver_user_id", "callback_query_id"})
_UPDATES: dict[str, Version] = {
    "managed_bot": (9, 6),
    "guest_message": (10, 0),
    "stopped_message_generation": (10, 3),
}
_ABOUT_ONESELF: dict[str, Version] = {
    "has_topics_enabled": (9, 3),
    "allows_users_to_create_topics": (9, 4),
    "can_manage_bots": (9, 6),
    "supports_guest_queries": (10, 0),
    "supports_join_request_queries": (10, 1),
}


def version(text: str) -> Version:
    """Read a version as it is written, 10.1; ValueError of what is none."""
    major, _, minor = text.partition(".")
    return int(major), int(minor or 0)


def has_method(api: Version, name: str) -> bool:
    return api >= _METHODS.get(name, (0, 0))


def has_update(api: Version, kind: str) -> bool:
    return api >= _UPDATES.get(kind, (0, 0))


def forget(api: Version, method: str, asked: MutableMapping[str, Any]) -> None:
    """Drop the parameters that a server of this age does not know; Telegram's says nothing of them."""
    for name in [name for name in asked if name in _PARAMETERS]:
        since, until = _PARAMETERS[name]
        if api < since or (until is not None and api >= until):
            del asked[name]
    if not method.startswith("send"):
        return
    if api != (10, 2):
        for name in _LOOSE & asked.keys():
            del asked[name]
    elif asked.get("receiver_user_id"):
        given = {name: asked.pop(name) for name in _LOOSE & asked.keys()}
        asked["ephemeral_message_parameters"] = given


def about_oneself(api: Version, shape: dict[str, Any]) -> dict[str, Any]:
    """What getMe of a server of this age tells."""
    return {name: value for name, value in shape.items() if api >= _ABOUT_ONESELF.get(name, (0, 0))}
