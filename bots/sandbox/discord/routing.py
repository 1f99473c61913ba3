"""Which function answers which request: paths with places in them, looked up a part at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from bots.sandbox.discord.asking import Ask

Answers = Callable[[Ask], Any]
F = TypeVar("F", bound=Answers)


class Rate(NamedTuple):
    """At most `most` in `seconds`, for each channel, server or webhook by itself."""

    most: int
    seconds: float


GENTLE = Rate(10, 2.0)


@dataclass(frozen=True, slots=True)
class Route:
    """One thing that can be asked; its name is the one of Discord's own contract."""

    method: str
    template: str
    answer: Answers
    rate: Rate = GENTLE
    open: bool = False

    @property
    def name(self) -> str:
        return self.answer.__name__

    @property
    def major(self) -> str | None:
        """The place that gives each channel, server or webhook limits of its own."""
        head = self.template.split("/")[2:3]
        return head[0][1:-1] if head and head[0].startswith("{") else None


class Routes:
    """A list that functions are entered in: `@routes("GET", "/channels/{channel}")`."""

    def __init__(self) -> None:
        self._routes: list[Route] = []

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def __call__(
        self, method: str, template: str, *, rate: Rate = GENTLE, open: bool = False
    ) -> Callable[[F], F]:
        def enter(answer: F) -> F:
            self._routes.append(Route(method, template, answer, rate, open))
            return answer

        return enter


@dataclass(slots=True)
class _Node:
    inside: dict[str, "_Node"] = field(default_factory=dict)
    place: "_Node | None" = None
    name: str = ""
    routes: dict[str, tuple[Route, tuple[str, ...]]] = field(default_factory=dict)


class Map:
    """All routes; a part that is written out goes before one that is a place."""

    def __init__(self, *lists: Routes) -> None:
        self._root = _Node()
        for routes in lists:
            for route in routes:
                self._enter(route)

    def _enter(self, route: Route) -> None:
        node, names = self._root, []
        for part in route.template.strip("/").split("/"):
            if part.startswith("{"):
                names.append(part[1:-1])
                node.place = node.place or _Node()
                node = node.place
            else:
                node = node.inside.setdefault(part, _Node())
        node.routes[route.method] = (route, tuple(names))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | bool:
        """The route and what stands in its places; True for a path that has other methods only."""
        return self._find(self._root, path.strip("/").split("/"), 0, (), method)

    def _find(
        self, node: _Node, parts: list[str], at: int, values: tuple[str, ...], method: str
    ) -> tuple[Route, dict[str, str]] | bool:
        if at == len(parts):
            found = node.routes.get(method)
            if found is None:
                return bool(node.routes)
            return found[0], dict(zip(found[1], values, strict=True))
        part, near = parts[at], False
        inner = node.inside.get(part)
        if inner is not None:
            result = self._find(inner, parts, at + 1, values, method)
            if not isinstance(result, bool):
                return result
            near = result
        if node.place is not None and part:
            result = self._find(node.place, parts, at + 1, (*values, part), method)
            return result or near
        return near
