"""Slash commands on the stage, with their answers."""

from __future__ import annotations

from typing import Any

from bots.sandbox import Person
from bots.sandbox.discord.interactions import Interaction
from bots.sandbox.world import Chat
from bots.testkit import Play
from tests.flows.talk import until


async def asked_by_form(
    play: Play, who: Person, chat: Chat, command: str, /, **options: Any
) -> Interaction:
    """Give one as soon as the menu has it."""
    numbers: list[str] = []

    def begun() -> bool:
        try:
            numbers.append(who.uses(chat, play.discord_bots["Ada"], command, **options))
        except ValueError as error:
            if "has no command" not in str(error):
                raise
        return bool(numbers)

    await until(begun)
    return play.stage.discord.interaction(numbers[0])


async def answer_of(asked: Interaction) -> str:
    """What stands in the place of "thinking..." in the end."""
    await until(lambda: asked.reply is not None and asked.reply.text)
    assert asked.reply is not None
    return asked.reply.text


async def text_of(play: Play, who: Person, chat: Chat, command: str, /, **options: Any) -> str:
    return await answer_of(await asked_by_form(play, who, chat, command, **options))
