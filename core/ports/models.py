"""What the flow asks of models."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal, Protocol

from core.ids import CharacterId
from core.settings.layers import Settings


class ModelType(StrEnum):
    """elizaOS' model types; look one up by `model_type`, which takes every spelling of them."""

    TEXT_SMALL = "TEXT_SMALL"
    TEXT_MEDIUM = "TEXT_MEDIUM"
    TEXT_LARGE = "TEXT_LARGE"
    OBJECT_SMALL = "OBJECT_SMALL"
    OBJECT_MEDIUM = "OBJECT_MEDIUM"
    OBJECT_LARGE = "OBJECT_LARGE"
    TEXT_EMBEDDING = "TEXT_EMBEDDING"
    IMAGE = "IMAGE"
    IMAGE_DESCRIPTION = "IMAGE_DESCRIPTION"
    TRANSCRIPTION = "TRANSCRIPTION"
    TEXT_TO_SPEECH = "TEXT_TO_SPEECH"
    MODERATION = "MODERATION"


ModelRole = Literal["TEXT_SMALL", "TEXT_MEDIUM", "TEXT_LARGE"]
"""Those that write; an OBJECT type is the TEXT type of its size."""

ModelHandler = Callable[[Any, Any], Awaitable[Any]]
"""elizaOS' `handler(runtime, params)`: text for TEXT types, a vector, a list of images ..."""


@dataclass(frozen=True, slots=True)
class Said:
    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """Vendor-neutral. The stable part stands first, so that providers' prompt caches hit."""

    system: str
    messages: tuple[Said, ...]
    max_tokens: int | None = None
    temperature: float | None = None
    stop: tuple[str, ...] = ()
    top_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    provider: str = ""
    """As "openai"; empty where it is not known."""
    units: float = 0.0
    """Images made, seconds of audio heard: what is paid for beside tokens."""
    estimated: bool = False
    """The provider sent no usage: tokens are counted from the length of the texts."""


@dataclass(slots=True)
class Spent:
    """Filled in by a provider while it streams."""

    usage: Usage = field(default_factory=Usage)

    def add(self, usage: Usage) -> None:
        """One more call, of the same model as far as it can be told."""
        before = self.usage
        self.usage = replace(
            usage,
            model=usage.model or before.model,
            provider=usage.provider or before.provider,
            prompt_tokens=before.prompt_tokens + usage.prompt_tokens,
            completion_tokens=before.completion_tokens + usage.completion_tokens,
            cached_tokens=before.cached_tokens + usage.cached_tokens,
            units=before.units + usage.units,
            estimated=before.estimated or usage.estimated,
        )


class ModelProvider(Protocol):
    """One model of one vendor; raises ModelUnavailable or ModelRejected, nothing else."""

    @property
    def name(self) -> str:
        """As "openai:gpt-5-mini"."""
        ...

    def stream(
        self, request: ModelRequest, spent: Spent | None = None
    ) -> AsyncGenerator[str, None]:
        """Pieces of the answer as they come; closing the iterator closes the call at once."""
        ...


class ModelRoles(Protocol):
    """Which models play which part for a character: chains, limits, repeats, plugins' handlers.

    Settings are read at the call, inside its request context. Everything raises ModelUnavailable
    or ModelRejected, nothing else.
    """

    def stream(
        self,
        settings: Settings,
        role: ModelRole,
        request: ModelRequest,
        spent: Spent | None = None,
        *,
        provider: str = "",
    ) -> AsyncGenerator[str, None]:
        """`provider` forces one: no other stands in for it."""
        ...

    async def use(
        self,
        settings: Settings,
        kind: ModelType,
        params: Any,
        *,
        provider: str = "",
        spent: Spent | None = None,
    ) -> Any:
        """elizaOS' useModel with elizaOS' parameters, in camelCase or snake_case (R-171, R-172).

        A mapping; or the text, the bytes, the None that elizaOS allows in its place.
        """
        ...

    def register(
        self,
        character: CharacterId,
        kind: ModelType,
        handler: ModelHandler,
        *,
        provider: str,
        priority: int = 0,
        runtime: Any = None,
    ) -> None:
        """A plugin's handler, for one character; a higher priority is asked first (MO-02).

        What is built in has priority 0 and was there first.
        """
        ...

    def serves(self, settings: Settings, kind: ModelType) -> bool:
        """Whether anybody is set up for it, a plugin's handler too."""
        ...

    def writes(self, settings: Settings, role: ModelRole) -> str:
        """Who would be asked first, as "openai:gpt-5-mini"; "offline" where that is the model which
        needs no key, and knows nothing. Empty where nobody can be asked as it is set up."""
        ...

    def embeds(self, settings: Settings) -> str:
        """Which model makes a character's vectors now, its width with it where that is chosen:
        "openai:text-embedding-3-small/512". Empty where none does."""
        ...

    def unregister(self, character: CharacterId) -> None:
        """Forget every handler of her plugins."""
        ...

    def price(self, usage: Usage) -> float | None:
        """US dollars; None where the price is not known."""
        ...
