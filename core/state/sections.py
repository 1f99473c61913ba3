"""What was said about a moment: by one provider, and by all of them together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Section:
    """What one provider says; `values` are further names a character's template may use."""

    name: str
    text: str
    position: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    """Structured, for actions and other providers; never shown to a model."""


@dataclass(frozen=True, slots=True)
class State:
    """elizaOS' values, data and text of one moment (ME-12)."""

    sections: tuple[Section, ...] = ()
    """By position; equal positions in the order of the providers."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Every section's, later ones first served; beside them each section's text under its name,
    and all texts together as `providers` (R-104)."""

    @classmethod
    def of(cls, sections: Iterable[Section]) -> State:
        """Of sections that stand in order."""
        kept = tuple(sections)
        values: dict[str, Any] = {}
        texts: list[str] = []
        for section in kept:
            values[section.name] = section.text
            if section.values:
                values.update(section.values)
            if section.text and not section.text.isspace():
                texts.append(section.text)
        values["providers"] = "\n".join(texts)
        return cls(kept, values)

    def __getitem__(self, name: str) -> str:
        """The text of one provider, empty where it said nothing."""
        found = self.section(name)
        return found.text if found else ""

    def section(self, name: str) -> Section | None:
        for section in self.sections:
            if section.name == name:
                return section
        return None

    def without(self, name: str) -> State:
        return State.of(one for one in self.sections if one.name != name)

    @property
    def text(self) -> str:
        return "\n".join(s.text for s in self.sections if s.text and not s.text.isspace())

    @property
    def data(self) -> dict[str, Any]:
        """elizaOS' shape: `data["providers"][NAME]` is what that provider has given (R-103)."""
        return {"providers": {one["providerName"]: one for one in self.provider_data}}

    @property
    def provider_data(self) -> list[dict[str, Any]]:
        """The same as a list, for those who read elizaOS' `providerData`."""
        return [
            {
                "providerName": section.name,
                "text": section.text,
                "values": dict(section.values),
                "data": dict(section.data),
            }
            for section in self.sections
        ]
