"""Character cards: V1, V2 and V3, of PNG, JSON and CHARX, to character files and back."""

from core.cards.convert import Converted, backfilled, card_json, character_file
from core.cards.kinds import Card, is_card
from core.cards.reading import (
    CardFile,
    card_from,
    holds_card,
    read_card,
    read_card_file,
)
from core.cards.report import Report, report_on

__all__ = [
    "Card",
    "CardFile",
    "Converted",
    "Report",
    "backfilled",
    "card_from",
    "card_json",
    "character_file",
    "holds_card",
    "is_card",
    "read_card",
    "read_card_file",
    "report_on",
]
