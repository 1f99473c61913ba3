"""A voice message made just before it goes out; whatever that fails by, its text goes out (G28)."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict

import orjson

from core.errors import ModelError
from core.messages import Delivery, DeliveryKind
from core.messages.aloud import words_aloud
from core.ports import Clip, Clips

log = logging.getLogger(__name__)

_PATIENCE = 30.0
_READY = 64
"""Made, and not yet sent."""
_SPOKEN = b'"voice":true'


class Recording:
    """Of one account. The same text is asked for again where a send is tried again: whoever makes
    clips keeps them, so that nothing is paid for twice."""

    def __init__(self, clips: Clips | None, whose: str, *, patience: float = _PATIENCE) -> None:
        """`clips` is None where nobody speaks; `patience` in seconds is for one of them."""
        self._clips = clips
        self._whose = whose
        self._patience = patience
        self._ready: OrderedDict[str, Clip | None] = OrderedDict()
        self._fault = ""

    @property
    def note(self) -> str:
        """What keeps her from speaking, in words for her operator; empty for nothing."""
        return f"writes what she would speak: {self._fault}" if self._fault else ""

    def is_wanted(self, delivery: Delivery) -> bool:
        """Whether there is something to be made for it."""
        return (
            self._clips is not None
            and delivery.kind is DeliveryKind.SEND
            and _SPOKEN in delivery.payload
            and delivery.nonce not in self._ready
        )

    async def make(self, delivery: Delivery) -> None:
        """So that `take` has it at once."""
        clip = await self._made(_text_of(delivery), private=delivery.private)
        self._ready[delivery.nonce] = clip
        if len(self._ready) > _READY:
            self._ready.popitem(last=False)

    async def take(self, delivery: Delivery) -> Clip | None:
        """None where it has to be written instead."""
        if delivery.nonce not in self._ready:
            await self.make(delivery)
        return self._ready.pop(delivery.nonce)

    async def _made(self, text: str, *, private: bool) -> Clip | None:
        if self._clips is None or not (words := words_aloud(text)):
            return None
        try:
            async with asyncio.timeout(self._patience):
                clip = await self._clips(words, private=private)
        except ModelError as error:
            self._failed(str(error))
        except TimeoutError:
            self._failed("it takes too long")
        except Exception as error:  # the wall round a voice: it must not cost anybody the answer
            log.exception("%s: the wall round one voice message", self._whose)
            self._failed(f"something went wrong ({type(error).__name__})")
        else:
            if clip.data and clip.seconds > 0:
                self._fault = ""
                return clip
            self._failed("there was no sound")
        return None

    def _failed(self, why: str) -> None:
        """Told once, until it works again or fails by something else."""
        if why != self._fault:
            log.warning("%s writes what she would speak: %s", self._whose, why)
        self._fault = why


def _text_of(delivery: Delivery) -> str:
    """As both platforms write it down."""
    payload = orjson.loads(delivery.payload)
    return str(payload.get("text") or payload.get("content") or "")
