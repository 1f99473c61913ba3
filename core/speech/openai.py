"""OpenAI's voices, and those of whoever speaks its protocol."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

import aiohttp

from core.ports import Usage
from core.ports.speech import Form
from core.settings.layers import Settings
from core.speech.accounts import Account, account_of
from core.speech.calling import Calling, Patience, Refusal
from core.speech.saying import Voice
from core.speech.shaping import shaped

VENDOR = "openai"
_MOST_TEXT = 3_000
"""Characters in one call: it takes 4,096, its newest model 2,000 tokens."""
_RATE = 24_000
_HOST = "api.openai.com"
# These two do not take instructions.
_UNTAUGHT = ("tts-1",)


@dataclass(frozen=True, slots=True)
class Manner:
    voice: str
    model: str
    instructions: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Manner:
        return cls(
            settings.text("OPENAI_TTS_VOICE").strip(),
            settings.text("OPENAI_TTS_MODEL").strip(),
            settings.text("OPENAI_TTS_INSTRUCTIONS").strip(),
        )


class OpenAIVoice(Voice):
    """ports.Synthesizer."""

    def __init__(
        self,
        account: Account,
        manner: Manner,
        session: aiohttp.ClientSession,
        patience: Patience | None = None,
    ) -> None:
        super().__init__(account, manner, most=_MOST_TEXT)
        self._account = account
        self._manner = manner
        headers = {
            "Authorization": f"Bearer {account.revealed()}",
            "User-Agent": "troupe",
            "Accept-Encoding": "identity",
        }
        self._calling = Calling(
            session, account.base_url, headers, self.name, patience or Patience()
        )

    def _usage(self, text: str) -> Usage:
        paid = paid_by(self._account)
        return Usage(self._manner.model, provider=paid, units=len(text), estimated=True)

    async def _said(self, text: str, form: Form, before: str) -> AsyncGenerator[bytes, None]:
        """`before` is of no use to it."""
        manner = self._manner
        body = {"model": manner.model, "voice": manner.voice, "input": text}
        if manner.instructions and not manner.model.startswith(_UNTAUGHT):
            body["instructions"] = manner.instructions
        body["response_format"] = "pcm" if form is Form.PCM else "opus"
        format = f"pcm_{_RATE}" if form is Form.PCM else "opus"
        pieces = self._calling.sound("audio/speech", {}, body)
        try:
            async with aclosing(shaped(pieces, format, form, text, self.name)) as made:
                async for piece in made:
                    yield piece
        except Refusal as refusal:
            raise refusal.refused.as_error(self.name) from None


def openai_account(settings: Settings) -> Account | None:
    return account_of(settings, VENDOR, "OPENAI_API_KEY", "OPENAI_BASE_URL")


def paid_by(account: Account) -> str:
    """Whoever else speaks its protocol has other prices, which nobody knows."""
    return VENDOR if account.where == _HOST else "other"
