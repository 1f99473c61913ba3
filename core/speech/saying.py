"""A vendor's voice over HTTP: a long text in parts, each of them paid for when its sound begins."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

from core.ports import Spent, Usage
from core.ports.speech import Form
from core.speech.accounts import Account
from core.speech.shaping import in_one_note, portions


class Manner(Protocol):
    """How a voice sounds; its repr tells all of it."""

    @property
    def model(self) -> str: ...


class Voice(ABC):
    """ports.Synthesizer."""

    def __init__(self, account: Account, manner: Manner, *, most: int) -> None:
        """`most` is how many characters one call takes."""
        self.name = f"{account.vendor}:{manner.model}"
        self.mark = f"{account.vendor} {account.where} {manner}"
        self._most = most

    async def stream(
        self, text: str, form: Form, spent: Spent, *, before: str = ""
    ) -> AsyncGenerator[bytes, None]:
        parts = portions(text, self._most)
        if form is Form.NOTE and len(parts) > 1:
            async with aclosing(self.stream(text, Form.PCM, spent, before=before)) as pieces:
                yield await in_one_note(pieces, self.name)
            return
        for part in parts:
            begun = False
            async with aclosing(self._said(part, form, before)) as pieces:
                async for piece in pieces:
                    if not begun:
                        # From the first of it on all of it is paid for.
                        begun = True
                        spent.add(self._usage(part))
                    yield piece
            before = part

    @abstractmethod
    def _said(self, text: str, form: Form, before: str) -> AsyncGenerator[bytes, None]:
        """One call. Raises ModelError."""

    @abstractmethod
    def _usage(self, text: str) -> Usage:
        """What that call costs."""
