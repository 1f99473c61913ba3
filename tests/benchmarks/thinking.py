"""How the floors ask the model: the openai SDK, a streamed answer, nothing remembered."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import openai
from openai.types.chat import ChatCompletionMessageParam

_TEXT = re.compile(r"<text>(.*?)</text>", re.DOTALL)
_SYSTEM = "You are Ada, a helpful assistant. Answer as <response><text>...</text></response>."


def thinking(base_url: str, *, whole: bool = False) -> Callable[[str], Awaitable[str]]:
    """What to say to some words; `whole` does not stream."""
    model = openai.AsyncOpenAI(base_url=base_url, api_key="sk-bench")

    async def think(words: str) -> str:
        raw = await ask(words)
        found = _TEXT.search(raw)
        return found[1] if found else raw

    async def ask(words: str) -> str:
        messages: list[ChatCompletionMessageParam] = [
            {"role": "system", "content": _SYSTEM},
            {"role": "user", "content": words},
        ]
        if whole:
            answer = await model.chat.completions.create(model="gpt-5", messages=messages)
            return answer.choices[0].message.content or ""
        pieces = await model.chat.completions.create(model="gpt-5", messages=messages, stream=True)
        said = [piece.choices[0].delta.content or "" async for piece in pieces if piece.choices]
        return "".join(said)

    return think
