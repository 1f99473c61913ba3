"""Every spelling of a model type that elizaOS' pages know (C-17, CX-36)."""

from __future__ import annotations

import re
from functools import lru_cache

from core.ports import ModelRole, ModelType

_ALSO = {
    "IMAGEGENERATION": ModelType.IMAGE,
    "IMAGEANALYSIS": ModelType.IMAGE_DESCRIPTION,
    "SPEECHTOTEXT": ModelType.TRANSCRIPTION,
    "AUDIO": ModelType.TEXT_TO_SPEECH,
    "TTS": ModelType.TEXT_TO_SPEECH,
    "STT": ModelType.TRANSCRIPTION,
    "EMBEDDING": ModelType.TEXT_EMBEDDING,
    # elizaOS has text models of other names; ours are told apart by size alone.
    "TEXTREASONINGSMALL": ModelType.TEXT_SMALL,
    "TEXTREASONINGLARGE": ModelType.TEXT_LARGE,
    "TEXTCOMPLETION": ModelType.TEXT_LARGE,
    "CODEGENERATION": ModelType.TEXT_LARGE,
    "CLASSIFICATION": ModelType.TEXT_SMALL,
    "SMALL": ModelType.TEXT_SMALL,
    "MEDIUM": ModelType.TEXT_MEDIUM,
    "LARGE": ModelType.TEXT_LARGE,
}
_KNOWN = {kind.value.replace("_", ""): kind for kind in ModelType} | _ALSO
_ROLES: dict[ModelType, ModelRole] = {
    ModelType.TEXT_SMALL: "TEXT_SMALL",
    ModelType.TEXT_MEDIUM: "TEXT_MEDIUM",
    ModelType.TEXT_LARGE: "TEXT_LARGE",
    ModelType.OBJECT_SMALL: "TEXT_SMALL",
    ModelType.OBJECT_MEDIUM: "TEXT_MEDIUM",
    ModelType.OBJECT_LARGE: "TEXT_LARGE",
}


@lru_cache(maxsize=256)
def model_type(text: str) -> ModelType:
    """ "text:small", "text_small", TEXT_SMALL, "Speech to text" ...; raises ValueError."""
    found = _KNOWN.get(re.sub(r"[^A-Z0-9]", "", text.upper()))
    if found is None:
        raise ValueError(f"{text[:40]!r} is no type of model; there are: {', '.join(ModelType)}")
    return found


def role_of(kind: ModelType) -> ModelRole | None:
    """Who writes for a type: itself, or the TEXT type of an OBJECT type's size."""
    return _ROLES.get(kind)


def is_object(kind: ModelType) -> bool:
    return kind.value.startswith("OBJECT_")
