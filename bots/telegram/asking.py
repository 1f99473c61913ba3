"""One request to Telegram, once more without what it refuses where the rest can stand without it."""

from __future__ import annotations

from typing import Any

import telegram
from telegram.error import BadRequest

UNCHANGED = "not modified"
_OF_BUTTONS = ("button", "keyboard", "reply_markup", "reply markup")
_OF_STYLE = ("entit", "parse", "url")
_OF_QUOTE = "quote"
_TO_ONE = "ephemeral_message_parameters"
_STYLES = ("entities", "caption_entities")

Asked = dict[str, Any]


async def ask(bot: telegram.Bot, endpoint: str, asked: Asked) -> Any:
    """By hand: PTB's typed send_message doubles the cost of a call (330 us of CPU against 170) for
    objects that nobody here looks at. Endpoints end in "_", because PTB warns whoever calls by
    hand what it has a method for; on the wire it is gone.
    """
    while True:
        try:
            return await bot.do_api_request(endpoint, api_kwargs=asked)
        except BadRequest as error:
            poorer = _without_the_refused(error.message.lower(), asked)
            if poorer is None:
                raise
        asked = poorer


def _without_the_refused(complaint: str, asked: Asked) -> Asked | None:
    """The same with one part less; None where the complaint is about none that can be left out."""
    if UNCHANGED in complaint:  # it names the buttons as well
        return None
    reply = asked.get("reply_parameters")
    if reply and _OF_QUOTE in reply and _OF_QUOTE in complaint:
        bare = {name: value for name, value in reply.items() if name != _OF_QUOTE}
        return {**asked, "reply_parameters": bare}
    for name, words in (
        ("reply_markup", _OF_BUTTONS),
        *((style, _OF_STYLE) for style in _STYLES),
    ):
        if name in asked and any(word in complaint for word in words):
            return {one: value for one, value in asked.items() if one != name}
    if _TO_ONE in asked:
        # Only an admin may speak to one person alone; then it is for everybody to read.
        return {one: value for one, value in asked.items() if one != _TO_ONE}
    return None
