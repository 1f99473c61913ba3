"""Settings of models: whose they are, where they answer, what they are called, how they speak."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.settings.key import Key, Kind

_SIZES = ("SMALL_MODEL", "MEDIUM_MODEL", "LARGE_MODEL")
_HELP = {
    "SMALL_MODEL": "For quick decisions; several, with commas: the next one stands in.",
    "MEDIUM_MODEL": "In between; the large one when empty.",
    "LARGE_MODEL": "For answers; several, with commas: the next one stands in.",
    "EMBEDDING_MODEL": "For finding memories by meaning.",
    "IMAGE_MODEL": "Makes pictures.",
    "IMAGE_GENERATION_MODEL": "Makes pictures.",
    "IMAGE_DESCRIPTION_MODEL": "Looks at pictures.",
    "TRANSCRIPTION_MODEL": "Writes down what is spoken.",
    "MODERATION_MODEL": "Judges whether something may be said.",
}


@dataclass(frozen=True, slots=True)
class Vendor:
    """A service beside OpenAI that speaks its protocol, as its settings see it."""

    title: str
    prefix: str
    address: str
    small: str
    large: str
    more: tuple[tuple[str, str], ...] = ()
    """Its other models: the end of the setting's name, and the default."""
    key: str = ""
    """The setting with its key; none: a service on one's own machine."""
    key_aliases: tuple[str, ...] = ()
    address_key: str = ""

    def keys(self) -> Iterator[Key]:
        p, place = self.prefix, self.address_key or f"{self.prefix}_BASE_URL"
        if self.key:
            what = f"{self.title} is asked where this is set and MODEL_PROVIDER does not say else."
            yield Key(self.key, "secret", "", what, "character", self.key_aliases)
            yield Key(place, "url", self.address, f"Where {self.title} answers.", "character")
        else:
            what = f"Where {self.title} answers, with or without /v1; asked if MODEL_PROVIDER names it."
            also = (f"{p}_BASE_URL",) if self.address_key else ()
            yield Key(place, "url", self.address, what, "character", also)
        models = dict(zip(_SIZES, (self.small, "", self.large), strict=True)) | dict(self.more)
        for end, default in models.items():
            kind: Kind = "list" if end in _SIZES else "text"
            # elizaOS' names for what looks at pictures.
            also = (f"{p}_IMAGE_MODEL",) if end == "IMAGE_DESCRIPTION_MODEL" else ()
            yield Key(f"{p}_{end}", kind, default, _HELP[end], "character", also)


_ROWS = (
    Vendor(
        "OpenRouter", "OPENROUTER", "https://openrouter.ai/api/v1",
        "google/gemini-2.5-flash", "google/gemini-2.5-pro",
        (("IMAGE_DESCRIPTION_MODEL", "google/gemini-2.5-flash"),),
        "OPENROUTER_API_KEY",
    ),
    Vendor(
        "Groq", "GROQ", "https://api.groq.com/openai/v1",
        "llama-3.1-8b-instant", "llama-3.3-70b-versatile",
        (
            ("IMAGE_DESCRIPTION_MODEL", "meta-llama/llama-4-scout-17b-16e-instruct"),
            ("TRANSCRIPTION_MODEL", "whisper-large-v3-turbo"),
        ),
        "GROQ_API_KEY",
    ),
    Vendor(
        "Google", "GOOGLE", "https://generativelanguage.googleapis.com/v1beta/openai",
        "gemini-2.5-flash", "gemini-2.5-pro",
        (
            ("EMBEDDING_MODEL", "gemini-embedding-001"),
            ("IMAGE_GENERATION_MODEL", "imagen-4.0-generate-001"),
            ("IMAGE_DESCRIPTION_MODEL", "gemini-2.5-flash"),
        ),
        "GOOGLE_GENERATIVE_AI_API_KEY", ("GOOGLE_API_KEY",),
    ),
    Vendor(
        "Anthropic", "ANTHROPIC", "https://api.anthropic.com/v1",
        "claude-haiku-4-5", "claude-sonnet-4-5",
        (("IMAGE_DESCRIPTION_MODEL", "claude-haiku-4-5"),),
        "ANTHROPIC_API_KEY",
    ),
    Vendor(
        "Together", "TOGETHER", "https://api.together.xyz/v1",
        "meta-llama/Llama-3.3-70B-Instruct-Turbo", "deepseek-ai/DeepSeek-V3",
        (
            ("EMBEDDING_MODEL", "BAAI/bge-base-en-v1.5"),
            ("IMAGE_GENERATION_MODEL", "black-forest-labs/FLUX.1-schnell"),
        ),
        "TOGETHER_API_KEY",
    ),
    Vendor(
        "Ollama", "OLLAMA", "http://localhost:11434/api", "llama3.2", "llama3.1:70b",
        (("EMBEDDING_MODEL", "nomic-embed-text"), ("IMAGE_DESCRIPTION_MODEL", "llava")),
        address_key="OLLAMA_API_ENDPOINT",
    ),
    Vendor(
        "llama.cpp", "LLAMACPP", "http://localhost:8080/v1", "default", "default",
        (("EMBEDDING_MODEL", ""),),
    ),
    Vendor(
        "vLLM", "VLLM", "http://localhost:8000/v1", "default", "default",
        (("EMBEDDING_MODEL", ""),),
    ),
    Vendor(
        "LM Studio", "LMSTUDIO", "http://localhost:1234/v1", "default", "default",
        (("EMBEDDING_MODEL", ""),),
    ),
)  # fmt: skip

_SAMPLING = {
    "TEMPERATURE": "0 to 2: how freely it speaks",
    "MAX_TOKENS": "Longest answer",
    "FREQUENCY_PENALTY": "-2 to 2: against saying the same words again",
    "PRESENCE_PENALTY": "-2 to 2: against staying with one subject",
}


def _sampling() -> Iterator[Key]:
    """A call's own parameters come first, then its type's, then these for all types."""
    for size in ("SMALL", "MEDIUM", "LARGE"):
        for what, meaning in _SAMPLING.items():
            name = f"TEXT_{size}_{what}"
            text = f"{meaning}, of {size.lower()} models; DEFAULT_{what} when empty."
            yield Key(name, "text", "", text, "character")
    for what, meaning in _SAMPLING.items():
        text = f"{meaning}; the model's own when empty."
        yield Key(f"DEFAULT_{what}", "text", "", text, "character", (f"MODEL_{what}",))


_OF_SERVICES = (
    "MODEL_PROVIDER", "SPEECH_PROVIDER", "TRANSCRIPTION_PROVIDER", "OPENAI_", "ELEVENLABS_",
    *(f"{row.prefix}_" for row in _ROWS),
)  # fmt: skip


def is_of_models(name: str) -> bool:
    """Whether a setting says who is asked, where and with which key."""
    return name.startswith(_OF_SERVICES)


VENDORS: tuple[Key, ...] = (
    *(key for row in _ROWS for key in row.keys()),  # noqa: SIM118  (no mapping)
    *_sampling(),
    Key(
        "MODEL_PRICES",
        "path",
        "",
        "A JSON file of prices in US dollars, as core/models/prices.json; its entries win.",
        "process",
    ),
)
