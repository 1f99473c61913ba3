"""Cards as Discord shows them: cut to what fits, so that none is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bots.discord.fitting import cut, line
from bots.discord.markdown import shown
from core.messages import Embed
from core.text import clean, visible

_MOST, _FIELDS, _IN_ALL = 10, 25, 6000
_TITLE, _TEXT, _NAME, _VALUE, _FOOTER, _URL = 256, 4096, 256, 1024, 2048, 2048
_LEAST = 8
"""Characters that are worth beginning a text for."""
_ADDRESS = re.compile(r"https?://[^\s\\]+", re.I)
_BLANK = "\u200b"
_CLOSE = "\n```"
_WHITE = 0xFFFFFF

Card = dict[str, Any]


def cards(embeds: Iterable[Embed]) -> list[Card]:
    """The first ten that show anything, together no longer than Discord takes."""
    purse, found = _Purse(_IN_ALL), list[Card]()
    for one in embeds:
        if len(found) < _MOST and (card := _card(one, purse)):
            found.append(card)
    return found


@dataclass(slots=True)
class _Purse:
    """How many characters all cards of a message may still have."""

    left: int

    def line(self, text: str, most: int) -> str:
        return self._spend(line(text, min(most, self.left)) if self.left >= _LEAST else "")

    def markdown(self, text: str, most: int) -> str:
        most = min(most, self.left)
        if most < _LEAST or not visible(text):
            return ""
        said = shown(clean(text))[0].strip()
        if len(said) > most:
            said = cut(said, most - len(_CLOSE))
            if said.count("```") % 2:
                said += _CLOSE
        return self._spend(said)

    def _spend(self, text: str) -> str:
        self.left -= len(text)
        return text


def _card(embed: Embed, purse: _Purse) -> Card:
    """Empty where nobody would see anything of it."""
    card: Card = {}
    if title := purse.line(embed.title, _TITLE):
        card["title"] = title
        address = clean(embed.url).strip()
        if _ADDRESS.fullmatch(address) and len(address) <= _URL:
            card["url"] = address
    if text := purse.markdown(embed.text, _TEXT):
        card["description"] = text
    if fields := [one for given in embed.fields[:_FIELDS] if (one := _field(given, purse))]:
        card["fields"] = fields
    if footer := purse.line(embed.footer, _FOOTER):
        card["footer"] = {"text": footer}
    if not card:
        return {}
    if embed.colour is not None and 0 <= embed.colour <= _WHITE:
        card["color"] = embed.colour
    if moment := _moment(embed.at):
        card["timestamp"] = moment
    return card


def _field(given: tuple[str, str, bool], purse: _Purse) -> Card:
    """Discord wants both a name and a value; what is missing is a blank that nobody sees."""
    name, value, inline = given
    if purse.left < _LEAST or not (visible(name) or visible(value)):
        return {}
    purse.left -= 2  # for a blank on either side
    shape = {"name": purse.line(name, _NAME), "value": purse.markdown(value, _VALUE)}
    if not any(shape.values()):
        return {}
    return {**{key: said or _BLANK for key, said in shape.items()}, "inline": inline}


def _moment(at: str) -> str:
    try:
        moment = datetime.fromisoformat(at.strip())
    except ValueError:
        return ""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
