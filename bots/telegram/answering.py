"""Answers to what is asked where the bot is no member: inline queries, and guests' summons."""

from __future__ import annotations

from typing import Any

import telegram

from bots.telegram.asking import Asked, ask
from core.errors import Unsendable
from core.messages import Receipt

_RAW_GUEST = "answerGuestQuery_"
_RAW_INLINE = "answerInlineQuery_"
_TITLE, _ABOUT = 64, 128
_SHOWN_AS = "inline:"
"""Before the id of a message that lies in a chat which the bot does not know."""


async def answer_query(bot: telegram.Bot, payload: dict[str, Any], preview: object) -> Receipt:
    """Raises Unsendable where nobody has asked in a way that we know."""
    how, _, number = str(payload["via"]).partition(":")
    if not number:
        raise Unsendable("the way back is not one of ours")
    result = _article(payload, preview)
    match how:
        case "guest":
            sent = await ask(bot, _RAW_GUEST, {"guest_query_id": number, "result": result})
            there = sent.get("inline_message_id") if isinstance(sent, dict) else None
            return Receipt(f"{_SHOWN_AS}{there}" if there else None)
        case "inline":
            # Nobody else may get what was made for one person, nor twice the same.
            asked: Asked = {
                "inline_query_id": number,
                "results": [result],
                "is_personal": True,
                "cache_time": 0,
            }
            await ask(bot, _RAW_INLINE, asked)
            return Receipt(None)
        case _:
            raise Unsendable("the way back is not one of ours")


def inline_id(target: str | None) -> str:
    """Telegram's own id of a message that answered a guest; empty for an ordinary one."""
    return (target or "").removeprefix(_SHOWN_AS) if (target or "").startswith(_SHOWN_AS) else ""


def _article(payload: dict[str, Any], preview: object) -> dict[str, Any]:
    text = payload["text"]
    title, _, rest = text.strip().partition("\n")
    said: dict[str, Any] = {"message_text": text, "link_preview_options": preview}
    if entities := payload.get("entities"):
        said["entities"] = entities
    article: dict[str, Any] = {
        "type": "article",
        "id": "1",
        "title": title[:_TITLE].strip() or "…",
        "input_message_content": said,
    }
    about = " ".join((title[_TITLE:] + " " + rest).split())[:_ABOUT]
    if about:
        article["description"] = about
    if rows := payload.get("keyboard"):
        article["reply_markup"] = {"inline_keyboard": rows}
    return article
