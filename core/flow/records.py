"""The two records an operator may ask for: what was said, and what models were asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.messages import Inbound
from core.ports import ModelRequest


def _nowhere(*words: str) -> None:
    """Nobody asked for a record."""


@dataclass(frozen=True, slots=True)
class Records:
    """`chat(direction, character, who, room, text, action)`, `prompt(slug, asked, answered)`."""

    chat: Callable[..., None] = _nowhere
    prompt: Callable[[str, str, str], None] = _nowhere

    def heard(self, character: str, inbound: Inbound) -> None:
        who = inbound.author.name or inbound.author.id
        self.chat("in", character, who, inbound.address.key, inbound.text)

    def said(self, character: str, inbound: Inbound, text: str, actions: tuple[str, ...]) -> None:
        who = inbound.author.name or inbound.author.id
        self.chat("out", character, who, inbound.address.key, text, ",".join(actions))

    def asked(self, slug: str, request: ModelRequest, answered: str) -> None:
        if self.prompt is not _nowhere:
            talk = (f"[{said.role}]\n{said.text}" for said in request.messages)
            self.prompt(slug, "\n".join((f"[system]\n{request.system}", *talk)), answered)
