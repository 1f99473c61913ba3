"""Reactions: given, taken back and counted."""

import re
from typing import Any
from urllib.parse import unquote

from bots.sandbox.discord import shapes, talking
from bots.sandbox.discord.asking import Ask
from bots.sandbox.discord.permissions import ADD_REACTIONS, MANAGE_MESSAGES, in_channel
from bots.sandbox.discord.refusals import Form, no
from bots.sandbox.discord.routing import Rate, Routes
from bots.sandbox.things import Account, Message

Json = dict[str, Any]
routes = Routes()
_ALL = "/channels/{channel}/messages/{message}/reactions"
_ONE = _ALL + "/{emoji}"
_QUICK = Rate(4, 1.0)
_OF_A_SERVER = re.compile(r"\w{2,32}:\d{15,20}")


def _emoji(ask: Ask) -> str:
    """The emoji of the address; letters are none, unless they name one of a server."""
    name = unquote(ask.args["emoji"])
    plain = name.isascii() and (len(name) > 1 or name.isalpha() or not name.strip())
    if not name or (plain and not _OF_A_SERVER.fullmatch(name)) or len(name) > 64:
        raise no(10014)
    return name


@routes("PUT", _ONE + "/@me", rate=_QUICK)
def add_my_message_reaction(ask: Ask) -> None:
    said = ask.message()
    emoji = _emoji(ask)
    if not in_channel(said.chat, ask.bot) & ADD_REACTIONS:
        raise no(50013)
    talking.react(ask.world, ask.bot, said, emoji)


@routes("DELETE", _ONE + "/@me", rate=_QUICK)
def delete_my_message_reaction(ask: Ask) -> None:
    talking.react(ask.world, ask.bot, ask.message(), _emoji(ask), on=False)


@routes("DELETE", _ONE + "/{user}", rate=_QUICK)
def delete_user_message_reaction(ask: Ask) -> None:
    who = ask.world.snowflakes.get(ask.number("user"))
    if who is None:
        raise no(10013)
    said = _managed(ask) if who is not ask.bot else ask.message()
    talking.react(ask.world, who, said, _emoji(ask), on=False)


@routes("DELETE", _ONE, rate=_QUICK)
def delete_all_message_reactions_by_emoji(ask: Ask) -> None:
    said, emoji = _managed(ask), _emoji(ask)
    _take_away(ask, said, [(emoji, who) for who in _given(ask, said, emoji)])


@routes("DELETE", _ALL, rate=_QUICK)
def delete_all_message_reactions(ask: Ask) -> None:
    said = _managed(ask)
    every = said.more.get("reactions", {})
    _take_away(ask, said, [(emoji, who) for emoji in every for who in _given(ask, said, emoji)])


@routes("GET", _ONE)
def list_message_reactions_by_emoji(ask: Ask) -> list[Json]:
    said, form = ask.message(), Form()
    limit = form.number(dict(ask.query), "limit", 25, 1, 100)
    after = form.number(dict(ask.query), "after", 0, 0, 1 << 63)
    form.check()
    people = [who for who in _given(ask, said, _emoji(ask)) if who.snowflake > after]
    return [shapes.user(who) for who in sorted(people, key=lambda who: who.snowflake)[:limit]]


def _managed(ask: Ask) -> Message:
    said = ask.message()
    if not in_channel(said.chat, ask.bot) & MANAGE_MESSAGES:
        raise no(50013)
    return said


def _given(ask: Ask, said: Message, emoji: str) -> list[Account]:
    return [ask.world.accounts[number] for number in said.more.get("reactions", {}).get(emoji, ())]


def _take_away(ask: Ask, said: Message, given: list[tuple[str, Account]]) -> None:
    for emoji, who in given:
        talking.react(ask.world, who, said.chat.messages[said.id], emoji, on=False)
