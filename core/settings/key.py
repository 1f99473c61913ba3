"""One setting: its name, what it takes, who may set it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.settings.values import camel

Kind = Literal["text", "secret", "number", "flag", "list", "url", "path"]
Scope = Literal["process", "character", "identity"]


@dataclass(frozen=True, slots=True)
class Key:
    name: str
    kind: Kind
    default: str
    """As one would write it in .env; empty: none."""
    help: str
    scope: Scope
    """process: one answer for all. character: each may have her own, others share one. identity:
    belongs to one character and is never shared."""
    aliases: tuple[str, ...] = ()

    @property
    def spellings(self) -> tuple[str, ...]:
        """The name first, then its aliases, then elizaOS' spelling in character files."""
        return (self.name, *self.aliases, camel(self.name))
