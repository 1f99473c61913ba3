"""A question to a platform that changes nothing there; neither its address nor foreign words go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from core.clock import Clock
from core.secrets import Secret

_LONGEST_PAUSE = 5.0
_TRIES = 3
_LARGEST = 8_000_000


class Unanswered(Exception):
    """Nobody answered, or not now; the text is ours."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    """None for what is no JSON."""

    @property
    def code(self) -> int:
        """Of a refusal, what Discord calls it; 0 where there is none."""
        code = self.body.get("code") if isinstance(self.body, dict) else 0
        return code if isinstance(code, int) else 0


class Questions:
    """What may be asked below one address."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        root: Secret,
        clock: Clock,
        headers: Mapping[str, Secret | str] | None = None,
    ) -> None:
        """`root` may hold a token, as Telegram's does, and so may a header."""
        self._session = session
        self._root = root
        self._clock = clock
        self._headers = headers or {}

    async def get(self, path: str) -> Answer:
        """Raises Unanswered; a pause that is asked for is kept where it is short."""
        for _ in range(_TRIES):
            answer, pause = await self._ask(path)
            if answer.status != 429:
                return answer
            if pause > _LONGEST_PAUSE:
                break
            await self._clock.sleep(pause)
        raise Unanswered("asks to be left alone for a while (429)")

    async def _ask(self, path: str) -> tuple[Answer, float]:
        shown = self._headers.items()
        headers = {one: it.reveal() if isinstance(it, Secret) else it for one, it in shown}
        try:
            async with self._session.get(
                self._root.reveal() + path, headers=headers, allow_redirects=False
            ) as answer:
                content = await answer.content.read(_LARGEST)
                pause = answer.headers.get("Retry-After", "1")
                status = answer.status
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unanswered(f"cannot be reached ({type(error).__name__})") from None
        if status >= 500:
            raise Unanswered(f"has trouble of its own ({status})")
        try:
            body = orjson.loads(content)
        except ValueError:
            body = None
        return Answer(status, body), _seconds(pause)


def _seconds(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return _LONGEST_PAUSE
