"""The bot that most people would write: python-telegram-bot and openai, nothing kept, no order."""

from __future__ import annotations

import argparse
import re

import openai
import uvloop
from openai.types.chat import ChatCompletionMessageParam
from telegram import Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters

_TEXT = re.compile(r"<text>(.*?)</text>", re.DOTALL)
_SYSTEM = "You are Ada, a helpful assistant. Answer as <response><text>...</text></response>."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root")
    parser.add_argument("token")
    parser.add_argument("base_url")
    parser.add_argument("--whole", action="store_true", help="do not stream the model's answer")
    parser.add_argument("--uvloop", action="store_true")
    asked = parser.parse_args()
    if asked.uvloop:
        uvloop.install()
    model = openai.AsyncOpenAI(base_url=asked.base_url, api_key="sk-bench")

    async def think(words: str) -> str:
        messages: list[ChatCompletionMessageParam] = [
            {"role": "system", "content": _SYSTEM},
            {"role": "user", "content": words},
        ]
        if asked.whole:
            answer = await model.chat.completions.create(model="gpt-5", messages=messages)
            return answer.choices[0].message.content or ""
        pieces = await model.chat.completions.create(model="gpt-5", messages=messages, stream=True)
        said = [piece.choices[0].delta.content or "" async for piece in pieces if piece.choices]
        return "".join(said)

    async def answer(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        if update.message is None or update.message.text is None:
            return
        raw = await think(update.message.text)
        found = _TEXT.search(raw)
        await update.message.reply_text(found[1] if found else raw)

    builder = Application.builder().token(asked.token).base_url(f"{asked.root}/bot")
    app = builder.concurrent_updates(True).build()
    app.add_handler(MessageHandler(filters.TEXT, answer))
    app.run_polling()


if __name__ == "__main__":
    main()
