"""The services that speak OpenAI's protocol: one table, and which of them serve a character."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from core.ports import ModelType
from core.secrets import Secret
from core.settings import schema
from core.settings.layers import Settings

_ENDS: dict[ModelType, tuple[str, ...]] = {
    ModelType.TEXT_SMALL: ("SMALL_MODEL",),
    ModelType.TEXT_MEDIUM: ("MEDIUM_MODEL",),
    ModelType.TEXT_LARGE: ("LARGE_MODEL",),
    ModelType.TEXT_EMBEDDING: ("EMBEDDING_MODEL",),
    ModelType.IMAGE: ("IMAGE_GENERATION_MODEL", "IMAGE_MODEL"),
    ModelType.IMAGE_DESCRIPTION: ("IMAGE_DESCRIPTION_MODEL",),
    ModelType.TRANSCRIPTION: ("TRANSCRIPTION_MODEL",),
    ModelType.MODERATION: ("MODERATION_MODEL",),
}


@dataclass(frozen=True, slots=True)
class Preset:
    name: str
    key: str
    """The setting that holds its key; empty for a service on one's own machine."""
    address: str
    """The setting that holds its address."""
    prefix: str
    limit: str = "max_tokens"
    """How it prefers to hear of the longest answer; the other name is tried when it refuses."""
    refuses: frozenset[str] = frozenset()
    """Parameters that it is known not to take; what else it refuses is found out."""
    for_pictures: tuple[tuple[str, Any], ...] = ()
    """What it wants to hear beside the prompt when it makes pictures."""

    @property
    def local(self) -> bool:
        return not self.key

    def setting(self, kind: ModelType) -> str:
        """The setting that names its models of a type; empty where it has none."""
        return _setting(self.prefix, kind)


@cache
def _setting(prefix: str, kind: ModelType) -> str:
    for end in _ENDS.get(kind, ()):
        key = schema.find(f"{prefix}_{end}")
        # An alias belongs to what looks at pictures, not to what makes them.
        if key is not None and key.name == f"{prefix}_{end}":
            return key.name
    return ""


def _hosted(name: str, *, key: str = "", **quirks: Any) -> Preset:
    prefix = name.upper()
    return Preset(name, key or f"{prefix}_API_KEY", f"{prefix}_BASE_URL", prefix, **quirks)


def _local(name: str, address: str = "") -> Preset:
    return Preset(name, "", address or f"{name.upper()}_BASE_URL", name.upper())


PRESETS: dict[str, Preset] = {
    one.name: one
    for one in (
        _hosted("anthropic", refuses=frozenset({"frequency_penalty", "presence_penalty"})),
        _hosted("openrouter"),
        _hosted("openai", limit="max_completion_tokens"),
        _hosted(
            "google",
            key="GOOGLE_GENERATIVE_AI_API_KEY",
            for_pictures=(("response_format", "b64_json"),),
        ),
        _hosted("groq", limit="max_completion_tokens"),
        _hosted("together", for_pictures=(("response_format", "b64_json"),)),
        _local("ollama", "OLLAMA_API_ENDPOINT"),
        _local("llamacpp"),
        _local("vllm"),
        _local("lmstudio"),
    )
}
"""Those with keys in the order in which they are asked when nothing else is said (MO-06)."""

OFFLINE = "offline"
_THEIRS = "the settings of "
"""How Settings.where begins where a person's own settings answer."""
_IN_A_FILE = "the character's "
_EVERYBODYS = frozenset({"the environment", ".env"})
"""Layers that all characters share: whoever wrote one character's file has not set these."""
_ALSO = {
    "claude": "anthropic",
    "gemini": "google",
    "googlegenerativeai": "google",
    "togetherai": "together",
    "llamalocal": "ollama",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One vendor as a character, or a person, has set it up; or what is wrong with it."""

    preset: Preset
    base_url: str = ""
    key: Secret | None = field(default=None, repr=False)
    fault: str = ""


def plain_name(name: str) -> str:
    """However a vendor is spelt: "LM Studio" is lmstudio, "Gemini" is google."""
    squeezed = re.sub(r"[^a-z0-9]", "", name.lower())
    return _ALSO.get(squeezed, squeezed)


def choices(settings: Settings, others: Collection[str] = ()) -> tuple[Choice, ...]:
    """Who is asked, in order; `others` are names that a plugin answers to."""
    return tuple(_choices(settings, others))


def _choices(settings: Settings, others: Collection[str]) -> Iterator[Choice]:
    named = settings.csv("MODEL_PROVIDER")
    if not named:
        for preset in PRESETS.values():
            if preset.local or (preset.name != "openai" and settings.secret(preset.key) is None):
                continue
            if not (choice := _chosen(settings, preset)).fault:
                yield choice
        return
    for name in named:
        plain = plain_name(name)
        if plain in PRESETS:
            yield _chosen(settings, PRESETS[plain])
        elif plain != OFFLINE and name not in others and plain not in others:
            there = ", ".join((*PRESETS, OFFLINE, *others))
            fault = f"MODEL_PROVIDER names {name[:40]}, which is none of {there}"
            yield Choice(Preset(plain[:40] or "unnamed", "", "", ""), fault=fault)


def forced(settings: Settings, name: str) -> Choice | None:
    """The vendor of this name, set up or not; None where there is no such vendor."""
    preset = PRESETS.get(plain_name(name))
    return None if preset is None else _chosen(settings, preset)


def is_theirs(settings: Settings, name: str) -> bool:
    """Whether it is a person's own setting that answers."""
    return settings.where(name).startswith(_THEIRS)


def _chosen(settings: Settings, preset: Preset) -> Choice:
    key = None if preset.local else settings.secret(preset.key)
    if key is None and not preset.local and preset.name != "openai":
        return _keyless(preset)
    default = _default(preset.address)
    base_url = normal(settings.text(preset.address) or default, local=preset.local)
    if preset.local:
        return Choice(preset, base_url)
    whose_address = settings.where(preset.address)
    whose_key = settings.where(preset.key)
    brought = whose_address.startswith(_THEIRS) and whose_key != whose_address
    if brought or (whose_address.startswith(_IN_A_FILE) and whose_key in _EVERYBODYS):
        key = None  # the house's key is not for an address that somebody brought along
    if key is None and (preset.name != "openai" or base_url == default):
        return _keyless(preset, base_url)
    return Choice(preset, base_url, key)


def _keyless(preset: Preset, base_url: str = "") -> Choice:
    fault = f"{preset.name} is to be asked, but {preset.key} is not set"
    return Choice(preset, base_url, fault=fault)


@cache
def _default(setting: str) -> str:
    key = schema.find(setting)
    return key.default if key else ""


def normal(address: str, *, local: bool) -> str:
    """Without a slash at the end; on one's own machine with the path that everybody means."""
    address = address.strip().rstrip("/")
    if not local:
        return address
    parts = urlsplit(address)
    path = re.sub(r"/api(/v1)?$", "", parts.path)
    path = path if path.endswith("/v1") else f"{path}/v1"
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))
