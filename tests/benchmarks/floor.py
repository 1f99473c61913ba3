"""The bot that most people would write: python-telegram-bot and openai, nothing kept, no order."""

from __future__ import annotations

import argparse

import uvloop
from telegram import Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters

from tests.benchmarks.thinking import thinking


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
    think = thinking(asked.base_url, whole=asked.whole)

    async def answer(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        if update.message is None or update.message.text is None:
            return
        await update.message.reply_text(await think(update.message.text))

    builder = Application.builder().token(asked.token).base_url(f"{asked.root}/bot")
    app = builder.concurrent_updates(True).build()
    app.add_handler(MessageHandler(filters.TEXT, answer))
    app.run_polling()


if __name__ == "__main__":
    main()
