"""A model that does as a structured prompt says, or not quite."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Mapping

from core.ports import ModelRequest

_LINE = re.compile(r"^  (?:<([\w-]+)>(.*)</\1>|\"([\w-]+)\": \"<(.*)>\",?)$", re.MULTILINE)

Told = str | Exception | Callable[[str], str]


class Model:
    """Gives these answers in turn, in pieces of `size`; a function is given the prompt."""

    def __init__(self, *answers: Told, size: int = 7) -> None:
        self._answers = list(answers)
        self._size = size
        self.requests: list[ModelRequest] = []
        self.closed = 0

    @property
    def prompts(self) -> list[str]:
        return [request.messages[-1].text for request in self.requests]

    async def __call__(self, request: ModelRequest) -> AsyncGenerator[str, None]:
        self.requests.append(request)
        answer = self._answers[min(len(self.requests), len(self._answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        text = answer(self.prompts[-1]) if callable(answer) else answer
        try:
            for at in range(0, len(text), self._size):
                yield text[at : at + self._size]
        finally:
            self.closed += 1


def shape(prompt: str) -> dict[str, str]:
    """The fields that the prompt asks for, each with what it should hold."""
    form = prompt[prompt.rindex("# How to answer") :]
    return {tag or key: wish or hint for tag, wish, key, hint in _LINE.findall(form)}


def place(prompt: str, name: str) -> str:
    found = re.search(rf"The {name} code is (\w+)", prompt)
    return found[1] if found else "?"


def obedient(prompt: str, given: Mapping[str, str], *, without: tuple[str, ...] = ()) -> str:
    """The answer that was asked for, with these values and without the fields named last."""
    lines: dict[str, str] = {}
    for name, wish in shape(prompt).items():
        if name in given:
            lines[name] = given[name]
        elif re.fullmatch(r"code\d+[ab]", name):
            lines[name] = wish
        elif ending := re.fullmatch(r"(first|middle|last)_(?:code|again)", name):
            lines[name] = place(prompt, ending[1])
    lines = {name: value for name, value in lines.items() if name not in without}
    if '": "<' in prompt[prompt.rindex("# How to answer") :]:
        body = ",\n".join(f'"{name}": "{value}"' for name, value in lines.items())
        return f"{{\n{body}\n}}"
    body = "\n".join(f"<{name}>{value}</{name}>" for name, value in lines.items())
    return f"<response>\n{body}\n</response>"


def answering(
    given: Mapping[str, str] | None = None, /, *, without: tuple[str, ...] = (), **more: str
) -> Callable[[str], str]:
    return lambda prompt: obedient(prompt, {**(given or {}), **more}, without=without)
