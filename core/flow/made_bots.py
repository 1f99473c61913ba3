"""Bots that people have made for our characters: whose each is, and its token, sealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from core.ids import Account, CharacterId
from core.ports import Unit
from core.secrets import Secret

PLATFORM = "telegram"
"""The only one where a bot may look after others."""
_SHELF = "troupe:made-bots"
"""Their owner among what is sealed at rest: no person and no character has this id."""


@dataclass(frozen=True, slots=True)
class Made:
    """A character's bot, by which she logs in where no token is set for her."""

    character: CharacterId
    bot: str
    """The platform's id."""
    username: str
    manager: Account
    """Whose bot looks after it."""
    token: Secret


def stored(unit: Unit) -> dict[CharacterId, Made]:
    """Raises BadInput where they were sealed with another key."""
    return {
        CharacterId(whose): _read(CharacterId(whose), text)
        for whose, text in unit.notes.get(_SHELF).items()
        if text
    }


def put(unit: Unit, made: Made) -> None:
    """In place of what she had."""
    written = {
        "bot": made.bot,
        "username": made.username,
        "manager": made.manager,
        "token": made.token.reveal(),
    }
    unit.notes.put(_SHELF, made.character, orjson.dumps(written).decode())


def drop(unit: Unit, character: CharacterId) -> None:
    unit.notes.drop(_SHELF, character)


def tokens(made: Mapping[CharacterId, Made]) -> dict[tuple[str, CharacterId], Secret]:
    """As a plan takes them."""
    return {(PLATFORM, one.character): one.token for one in made.values()}


def _read(whose: CharacterId, text: str) -> Made:
    told = orjson.loads(text)
    return Made(
        whose, told["bot"], told["username"], Account(told["manager"]), Secret(told["token"])
    )
