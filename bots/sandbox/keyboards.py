"""Buttons below a message and keyboards under the line of writing: what Telegram takes of them."""

import re
from typing import Any

from bots.sandbox.asked import Asked, bad
from bots.sandbox.world import Chat

Json = dict[str, Any]
_MOST_BUTTONS = 100
_ADDRESS = re.compile(
    r"(?:(?:https?|tg|ton)://)?(?P<host>\[[0-9a-f:]+\]|[^\s/:?#]+)(?::\d+)?(?:[/?#]\S*)?", re.I
)
_ACTIONS = [
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
]
_LOOPBACK = ("http://127.0.0.1", "http://localhost", "http://[::1]")
_STYLES = frozenset({"danger", "success", "primary"})
_PRIVATE = ("request_users", "request_chat", "request_contact", "request_location", "request_poll")


def markup_of(asked: Asked, room: Chat | None = None) -> Json | None:
    """The keyboard that goes with a message; of one that asks for nothing there is none."""
    markup = asked.json("reply_markup")
    if markup is None:
        return None
    if not isinstance(markup, dict):
        raise bad("object expected as reply markup")
    private = room is None or room.kind == "private"
    if "inline_keyboard" in markup:
        _check_rows(markup["inline_keyboard"], "inline_keyboard")
        for row in markup["inline_keyboard"]:
            for button in row:
                _check_inline(button, private=private)
        rows = [row for row in markup["inline_keyboard"] if row]
        return {"inline_keyboard": rows} if rows else None
    if "keyboard" in markup:
        return _keyboard(markup, private=private)
    if markup.get("remove_keyboard") is True or markup.get("force_reply") is True:
        _check_placeholder(markup)
        return markup
    return None


def inline_markup_of(asked: Asked, room: Chat | None = None) -> Json | None:
    """Of a method that takes buttons below a message only."""
    markup = markup_of(asked, room)
    if markup is not None and "inline_keyboard" not in markup:
        raise bad("inline keyboard expected")
    return markup


def _check_rows(rows: Any, name: str) -> None:
    if not isinstance(rows, list):
        raise bad(f'Field "{name}" must be of type Array')
    if not all(isinstance(row, list) for row in rows):
        raise bad(f"can't parse {name.replace('_', ' ')}: expected an Array of Arrays of buttons")
    if sum(len(row) for row in rows) > _MOST_BUTTONS:
        raise bad("reply markup is too long")


def _check_inline(button: Any, *, private: bool) -> None:
    if not isinstance(button, dict) or not button.get("text"):
        raise bad("can't parse inline keyboard button: text is empty")
    acts = [name for name in _ACTIONS if button.get(name) is not None]
    if not acts:
        raise bad(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    data, url = button.get("callback_data"), button.get("url")
    if data is not None and not 1 <= len(str(data).encode()) <= 64:
        raise bad("BUTTON_DATA_INVALID")
    if url is not None and not _is_address(str(url)):
        raise bad(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
    if button.get("web_app") is not None:
        _check_app(button["web_app"], "inline keyboard", private=private)
    copied = button.get("copy_text")
    if copied is not None and not 1 <= len(str(_object(copied).get("text") or "")) <= 256:
        raise bad("BUTTON_COPY_TEXT_INVALID")
    if button.get("style") is not None and button["style"] not in _STYLES:
        raise bad("invalid button style specified")


def _object(value: Any) -> Json:
    if not isinstance(value, dict):
        raise bad("can't parse keyboard button: expected an Object")
    return value


def _is_address(url: str) -> bool:
    """Whether Telegram would open it: the name of a host has a dot, so this machine has none."""
    found = _ADDRESS.fullmatch(url)
    if found is None:
        return False
    host = found["host"]
    return url.lower().startswith(("tg://", "ton://")) or "." in host or host.startswith("[")


def _check_app(app: Any, where: str, *, private: bool) -> None:
    if not private:
        raise bad("BUTTON_TYPE_INVALID")
    url = str(_object(app).get("url") or "")
    if not url.startswith(("https://", *_LOOPBACK)):
        why = "Only HTTPS links are allowed" if url.startswith("http:") else "Wrong HTTP URL"
        raise bad(f"{where} button Web App URL '{url}' is invalid: {why}")


def _keyboard(markup: Json, *, private: bool) -> Json | None:
    _check_rows(markup["keyboard"], "keyboard")
    rows = []
    for row in markup["keyboard"]:
        keys = [{"text": key} if isinstance(key, str) else key for key in row]
        for key in keys:
            if not isinstance(key, dict) or not key.get("text"):
                raise bad("keyboard button text must be non-empty")
            if not private and any(key.get(name) for name in _PRIVATE):
                raise bad("requests can be made in private chats only")
            if key.get("web_app") is not None:
                _check_app(key["web_app"], "keyboard", private=private)
        if keys:
            rows.append(keys)
    _check_placeholder(markup)
    return {**markup, "keyboard": rows} if rows else None


def _check_placeholder(markup: Json) -> None:
    if len(str(markup.get("input_field_placeholder") or "")) > 64:
        raise bad("input field placeholder is too long")
