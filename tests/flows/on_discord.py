"""What tests of Discord say, wait for and look up; the rest is in `talk`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from bots.sandbox import Bot, Person, Stage
from bots.sandbox.discord import talking
from bots.sandbox.journal import Call
from bots.sandbox.world import Account, Chat, Message
from bots.testkit import Play
from tests.fakes.databases import in_use
from tests.faults import ledgers
from tests.flows import talk
from tests.flows.talk import until

ON_BOTH = ("telegram", "discord")
ON_DISCORD = ("discord",)
TALK = ("message", "command", "edit")


def on_discord(
    *characters: Any, platforms: Iterable[str] = ON_DISCORD, **how: Any
) -> AbstractAsyncContextManager[Play]:
    """`playing`, with all characters on Discord and, unless that is said, nowhere else."""
    return talk.playing(*characters, platforms=tuple(platforms), **how)


@dataclass(frozen=True, slots=True)
class Server:
    """A server with its first channel and its owner."""

    stage: Stage
    owner: Person
    general: Chat
    bots: tuple[Bot, ...]

    @classmethod
    def of(
        cls, stage: Stage, bots: Iterable[Bot], *people: Person, name: str = "The Commons"
    ) -> Server:
        inside, bots = people or (stage.person("Bob"),), tuple(bots)
        guild = stage.discord.guild(name, inside, bots)
        return cls(stage, inside[0], next(iter(guild.channels.values())), bots)

    @property
    def guild(self) -> Any:
        return self.general.guild

    def channel(self, name: str, kind: str = "text") -> Chat:
        return self.stage.discord.channel(self.guild, name, kind)


def rows(play: Play, table: str) -> list[Mapping[str, Any]]:
    return in_use.now.rows(play.data, table)


def outcomes(
    play: Play, name: str = "Ada", kinds: Iterable[str] = TALK, *, room: Chat | None = None
) -> list[tuple[str, str]]:
    """How each message of a character's on Discord ended, and by which rule, as they arrived."""
    account, kinds = f"discord:{play.discord_bots[name].id}", set(kinds)
    return [
        (row["status"], row["rule"])
        for row in ledgers.read(play.data).inbox
        if row["account"] == account
        and row["kind"] in kinds
        and (room is None or row["room"] == str(room.id))
    ]


async def settled(play: Play, number: int, name: str = "Ada", **which: Any) -> list[Any]:
    """Wait until so many of a character's messages have ended; how they did."""

    def ended() -> bool:
        found = outcomes(play, name, **which)
        return len(found) >= number and all(status != "new" for status, _ in found)

    await until(ended)
    return outcomes(play, name, **which)


def heard(stage: Stage, chat: Chat, bot: Account) -> list[Message]:
    """What a bot has said in a chat, as it stands there now."""
    return [one for one in stage.messages(chat) if one.sender is bot]


def calls(stage: Stage, method: str, chat: Chat | None = None) -> list[Call]:
    found = stage.discord.journal.of(method)
    return [one for one in found if chat is None or one.chat == chat.id]


def bot_says(stage: Stage, bot: Bot, chat: Chat, text: str, **more: Any) -> Message:
    """What a bot of somebody else's writes; "@Name" of a member becomes a mark, as people's does."""
    return talking.say(stage.world, bot, chat, talking.named(chat, text), **more)
