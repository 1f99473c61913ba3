"""Telegram's published Bot API, as questions: what is wrong with this request, with this answer?"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

_FILE = Path(__file__).resolve().parents[2] / "../shared/contracts/telegram-bot-api.json"
_NEWER = Path(__file__).parent / "overlay.json"
"""What is newer than that file; a key may name several."""

needs_contract = pytest.mark.skipif(
    not _FILE.exists(), reason="../shared/contracts/telegram-bot-api.json is not here"
)

# The file's subtypes carry no discriminator: which field tells them apart, and by which value.
_TOLD_APART: dict[str, tuple[str, dict[str, str]]] = {
    "ChatMember": (
        "status",
        {
            "creator": "ChatMemberOwner",
            "administrator": "ChatMemberAdministrator",
            "member": "ChatMemberMember",
            "restricted": "ChatMemberRestricted",
            "left": "ChatMemberLeft",
            "kicked": "ChatMemberBanned",
        },
    ),
    "ReactionType": (
        "type",
        {
            "emoji": "ReactionTypeEmoji",
            "custom_emoji": "ReactionTypeCustomEmoji",
            "paid": "ReactionTypePaid",
        },
    ),
    "MessageOrigin": (
        "type",
        {
            "user": "MessageOriginUser",
            "hidden_user": "MessageOriginHiddenUser",
            "chat": "MessageOriginChat",
            "channel": "MessageOriginChannel",
        },
    ),
    "BotCommandScope": (
        "type",
        {
            "default": "BotCommandScopeDefault",
            "all_private_chats": "BotCommandScopeAllPrivateChats",
            "all_group_chats": "BotCommandScopeAllGroupChats",
            "all_chat_administrators": "BotCommandScopeAllChatAdministrators",
            "chat": "BotCommandScopeChat",
            "chat_administrators": "BotCommandScopeChatAdministrators",
            "chat_member": "BotCommandScopeChatMember",
        },
    ),
    "ChatBoostSource": (
        "source",
        {
            "premium": "ChatBoostSourcePremium",
            "gift_code": "ChatBoostSourceGiftCode",
            "giveaway": "ChatBoostSourceGiveaway",
        },
    ),
}


@cache
def _contract() -> dict[str, Any]:
    if not _FILE.exists():
        pytest.skip("../shared/contracts/telegram-bot-api.json is not here")
    contract: dict[str, Any] = json.loads(_FILE.read_text())
    newer: dict[str, Any] = json.loads(_NEWER.read_text())
    for part in ("methods", "types"):
        for names, more in newer[part].items():
            for name in names.split():
                there = contract[part].setdefault(name, {"fields": []})
                there.setdefault("fields", []).extend(more["fields"])
                there.setdefault("returns", more.get("returns", []))
    return contract


@cache
def _methods() -> dict[str, dict[str, Any]]:
    return {name.lower(): method for name, method in _contract()["methods"].items()}


def problems_of_request(method: str, params: dict[str, Any]) -> list[str]:
    """What a client got wrong: missing, unknown and mistyped parameters.

    Forms carry numbers and structures as text; that is read as the server reads it.
    """
    known = _methods().get(method.lower())
    if known is None:
        return [f"{method}: there is no such method"]
    fields = {field["name"]: field for field in known.get("fields", [])}
    attached = {name for name in params if f'"attach://{name}"' in str(params.get("media", ""))}
    strange = (name for name in params if name not in fields and name not in attached)
    problems = [f"{method}: {name} is unknown" for name in strange]
    for name, field in fields.items():
        if name not in params:
            if field["required"]:
                problems.append(f"{method}: {name} is missing")
            continue
        value = _read(params[name], field["types"])
        problems += _of_any(value, field["types"], f"{method}.{name}")
    return problems


def problems_of_answer(method: str, result: Any) -> list[str]:
    """What is wrong with the `result` of a method's answer."""
    known = _methods().get(method.lower())
    if known is None:
        return [f"{method}: there is no such method"]
    return _of_any(result, known["returns"], method)


def problems_of(kind: str, value: Any) -> list[str]:
    """What is wrong with one object, by the name of its type, such as Update."""
    return _of(value, kind, kind)


def _read(value: Any, kinds: list[str]) -> Any:
    if not isinstance(value, str) or "String" in kinds or "InputFile" in kinds:
        return value
    try:
        return json.loads(value.lower() if value in {"True", "False"} else value)
    except json.JSONDecodeError:
        return value


def _of_any(value: Any, kinds: list[str], where: str) -> list[str]:
    """No problems when one of the kinds fits; otherwise those of the kind that fits best."""
    found = [_of(value, kind, where) for kind in kinds]
    return min(found, key=len)


def _of(value: Any, kind: str, where: str) -> list[str]:
    if kind.startswith("Array of "):
        if not isinstance(value, list):
            return [f"{where}: {value!r} is no array"]
        inner = kind.removeprefix("Array of ")
        return [p for i, item in enumerate(value) for p in _of(item, inner, f"{where}[{i}]")]
    match kind:
        case "String" | "InputFile":
            fits = isinstance(value, str)
        case "Boolean":
            fits = isinstance(value, bool)
        case "Integer":
            fits = isinstance(value, int) and not isinstance(value, bool)
        case "Float":
            fits = isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return _of_object(value, kind, where)
    return [] if fits else [f"{where}: {value!r} is no {kind}"]


def _of_object(value: Any, kind: str, where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where}: {value!r} is no {kind}"]
    known = _contract()["types"][kind]
    if "subtypes" in known:
        told = _TOLD_APART.get(kind)
        if told is None:
            return _of_any(value, known["subtypes"], where)
        by, names = told
        name = names.get(value.get(by, ""))
        if name is None:
            return [f"{where}: {by} {value.get(by)!r} is no kind of {kind}"]
        return _of_object(value, name, where)
    fields = {field["name"]: field for field in known.get("fields", [])}
    problems = [f"{where}: {name} is unknown to {kind}" for name in value if name not in fields]
    for name, field in fields.items():
        if name in value:
            problems += _of_any(value[name], field["types"], f"{where}.{name}")
        elif field["required"]:
            problems.append(f"{where}: {name} is missing")
    return problems
