"""A character: the shape of her file, checked, secrets taken out at once."""

from core.character.editors import json_schema
from core.character.reading import Reading, Validation, read_character, validate_character
from core.character.shape import Character, Example, Said, Style, Template

__all__ = [
    "Character",
    "Example",
    "Reading",
    "Said",
    "Style",
    "Template",
    "Validation",
    "json_schema",
    "read_character",
    "validate_character",
]
