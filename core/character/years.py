"""What elizaOS' files of several years hold that has no effect here, and what has it instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic.alias_generators import to_camel

from core.character.shape import Character, Style
from core.settings import schema

_MODEL = "which model answers is a setting: OPENAI_LARGE_MODEL"
_ELSEWHERE = "it is of a platform that we are not on"
_A_RECORD = "it is of a running agent, not of a character"

_FIELDS: Mapping[str, str] = {
    # 0.1, of 2024
    "modelProvider": _MODEL,
    "model": _MODEL,
    "modelEndpointOverride": "the address of a model is a setting: OPENAI_BASE_URL",
    "imageModelProvider": "which model draws is a setting: OPENAI_IMAGE_MODEL",
    "imageVisionModelProvider": (
        "which model looks at pictures is a setting: OPENAI_IMAGE_DESCRIPTION_MODEL"
    ),
    "clients": "a platform is used where the character has a token for it",
    "clientConfig": "what a platform may do stands in settings and in .env",
    "extends": "characters inherit nothing; write here what the other one says",
    "postProcessors": "what works on a character is a plugin",
    "twitterProfile": _ELSEWHERE,
    "twitterSpaces": _ELSEWHERE,
    "instagramProfile": _ELSEWHERE,
    "simsaiProfile": _ELSEWHERE,
    "nft": _ELSEWHERE,
    "people": "people are known from what they say",
    # 2025 and later
    "advancedPlanning": "plans are made whenever an answer needs them",
    "advancedMemory": "what is remembered is the same for all characters",
    # from elizaOS' server, which writes down who runs
    "enabled": _A_RECORD,
    "status": _A_RECORD,
    "createdAt": _A_RECORD,
    "updatedAt": _A_RECORD,
    "metadata": _A_RECORD,
}
_SETTINGS: Mapping[str, str] = {
    "model": _MODEL,
    "modelConfig": "TEMPERATURE and MAX_TOKENS are settings of their own",
    "embeddingModel": "it is OPENAI_EMBEDDING_MODEL",
}
SWITCHES = ("allowDirectMessages", "shouldOnlyJoinInAllowedGroups", "allowedGroupIds")
"""Settings that elizaOS' Telegram plugin reads at the root of a character (V-08)."""
_OURS = frozenset(
    {"$schema", *SWITCHES, *Character.model_fields, *map(to_camel, Character.model_fields)}
)


def with_switches(settings: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """Settings, and what stands at the root of a file in their place; the settings win."""
    at_root = {name: data[name] for name in SWITCHES if data.get(name) is not None}
    return at_root | dict(settings)


def notes_on(data: Mapping[str, Any], settings: Mapping[str, Any]) -> Iterator[str]:
    """One sentence for each thing that is kept without effect, so that nobody waits for it."""
    for name, value in data.items():
        if value is None:
            continue
        reason = _FIELDS.get(name) or _FIELDS.get(to_camel(name))
        if reason:
            yield f"{name} is not used: {reason}"
        elif name not in _OURS:
            yield f"{name} is not a part of a character that we know; it is kept, without effect"
    style = data.get("style")
    for name in style if isinstance(style, Mapping) else ():
        if name not in Style.model_fields:
            yield f"style.{name} is kept, without effect: there are all, chat and post"
    for name, reason in _SETTINGS.items():
        # Unless somebody has declared a setting of that name.
        if settings.get(name) not in (None, "") and schema.find(name) is None:
            yield f"settings.{name} is not used: {reason}"
    templates = data.get("templates")
    for name, one in templates.items() if isinstance(templates, Mapping) else ():
        if callable(one):
            yield f"templates.{name} is a function: it works, and cannot be written to a file"
