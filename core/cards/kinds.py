"""Which kind of card some data is, and any of them as one: V1, V2, V3, Pygmalion's, Agnai's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.cards.bounds import CardRefused, cleaned
from core.cards.shapes import SPECS, CardV1, CardV2, Spec, put_right

_TITLES: Mapping[Spec, str] = {
    "v1": "Character Card V1",
    "v2": "Character Card V2",
    "v3": "Character Card V3",
}
_PYGMALION: Mapping[str, str] = {
    "char_name": "name",
    "char_persona": "description",
    "world_scenario": "scenario",
    "char_greeting": "first_mes",
    "example_dialogue": "mes_example",
}
_TEXTGEN: Mapping[str, str] = {"context": "description", "greeting": "first_mes"}
_AGNAI: Mapping[str, str] = {
    "greeting": "first_mes",
    "sampleChat": "mes_example",
    "description": "creator_notes",
    "systemPrompt": "system_prompt",
    "postHistoryInstructions": "post_history_instructions",
    "alternateGreetings": "alternate_greetings",
    "characterVersion": "character_version",
}
_AGNAI_ENTRY: Mapping[str, str] = {
    "entry": "content",
    "keywords": "keys",
    "weight": "insertion_order",
}


@dataclass(frozen=True, slots=True)
class Card:
    """A card put right: its data as the specification has it, everything else beside."""

    spec: Spec
    data: Mapping[str, Any]
    beside: Mapping[str, Any] = field(default_factory=dict)
    """What stands at the top of the card and is not its data."""
    version: str = ""
    title: str = ""
    """What it is, for people."""
    place: str = ""
    """Where in the file it was."""
    told: tuple[str, ...] = ()
    """What had to be changed for it to be read."""
    secrets: tuple[str, ...] = ()
    """Places of what looked like a secret, which is let go."""

    def telling(self, *told: str, place: str = "") -> Card:
        return replace(self, told=(*self.told, *told), place=place or self.place)


def is_card(data: Any) -> bool:
    """Whether it looks like any kind of card, rather than like a file of ours or anything else."""
    return isinstance(data, Mapping) and bool(_kind(data))


def card_of(data: Mapping[str, Any]) -> Card:
    """Raises CardRefused for what is no card."""
    kind = _kind(data)
    if not kind:
        raise CardRefused(_no_card(data))
    clean = cleaned(data)
    return replace(_read(kind, clean.data), secrets=tuple(clean.secrets)).telling(*clean.changed)


def _kind(data: Mapping[str, Any]) -> str:
    if str(data.get("spec", "")).startswith("chara_card"):
        return "card"
    inner = data.get("data")
    if isinstance(inner, Mapping) and ("first_mes" in inner or "description" in inner):
        return "card"
    if "bio" in data:
        return ""
    if isinstance(data.get("persona"), Mapping) and "name" in data:
        return "agnai"
    if any(data.get(name) for name in ("char_name", "char_persona", "char_greeting")):
        return "pygmalion"
    if "name" in data and any(name in data for name in ("first_mes", "mes_example")):
        return "v1"
    if "name" in data and ("description" in data and "personality" in data):
        return "v1"
    return "textgen" if {"name", "context", "greeting"} <= set(data) else ""


def _read(kind: str, data: dict[str, Any]) -> Card:
    match kind:
        case "card":
            return _specified(data)
        case "pygmalion":
            return _flat(_renamed(data, _PYGMALION), "a character of Pygmalion's")
        case "textgen":
            return _flat(_renamed(data, _TEXTGEN), "a character of text-generation-webui")
        case "agnai":
            return _flat(_agnai(data), "a character of Agnai's")
    return _flat(data, _TITLES["v1"])


def _specified(data: Mapping[str, Any]) -> Card:
    spec: Spec = "v2" if data.get("spec") == SPECS["v2"][0] else "v3"
    if "spec" not in data and "spec_version" not in data:
        spec = "v2"
    inner = data.get("data")
    if not isinstance(inner, Mapping):
        # Some programs forget to put a V2 card's fields where V2 has them.
        flat = _flat(data, _TITLES[spec])
        return replace(flat, spec=spec).telling("the card has no data; its fields stand beside it")
    beside = {name: one for name, one in data.items() if name not in _OURS}
    told: list[str] = []
    # KoboldAI writes the book beside the data.
    if beside.get("character_book") and not inner.get("character_book"):
        inner = {**inner, "character_book": beside.pop("character_book")}
        told.append("character_book stood beside the data; it is read as a part of it")
    right, changed = put_right(inner, spec)
    version = str(data.get("spec_version") or SPECS[spec][1])
    return Card(
        spec,
        right,
        beside,
        version=version,
        title=_TITLES[spec],
        told=(*told, *changed, *_newer(data.get("spec"), version, spec)),
    )


_OURS = frozenset({"spec", "spec_version", "data"})


def _newer(named: Any, version: str, spec: Spec) -> tuple[str, ...]:
    if named not in (None, SPECS[spec][0]):
        return (f"the card says it is a {named}, which we do not know; it is read as V3",)
    try:
        newer = float(version) > float(SPECS[spec][1])
    except ValueError:
        return ()
    if spec == "v3" and newer:
        return (f"the card is of version {version}; what is newer than 3.0 in it has no effect",)
    return ()


def _flat(data: Mapping[str, Any], title: str) -> Card:
    """A card without an inside: V1 has six fields, and most programs put those of V2 there too."""
    known = {name: data[name] for name in data if name in CardV2.model_fields}
    beside = {name: one for name, one in data.items() if name not in known and name not in _OURS}
    right, changed = put_right(known, "v2")
    if not any(str(right[name]).strip() for name in CardV1.model_fields):
        raise CardRefused("is a card with nothing on it")
    return Card("v1", right, beside, title=title, told=tuple(changed))


def _renamed(data: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Under V1's names; where a card has both, as many do, V1's own counts unless it is blank."""
    made = {name: one for name, one in data.items() if name not in names}
    for theirs, ours in names.items():
        if theirs not in data:
            continue
        if not made.get(ours):
            made[ours] = data[theirs]
        elif made[ours] != data[theirs]:
            made[theirs] = data[theirs]
    return made


def _agnai(data: Mapping[str, Any]) -> dict[str, Any]:
    made = _renamed({**data, "creator_notes": data.get("creator_notes")}, _AGNAI)
    persona = made.pop("persona")
    attributes = persona.get("attributes")
    there = attributes if isinstance(attributes, Mapping) else {}
    if persona.get("kind") == "text":
        lines = [", ".join(_strings(one)) for one in there.values()]
    else:
        lines = [f"{name}: {', '.join(_strings(one))}" for name, one in there.items()]
    made["description"] = "\n".join(lines)
    if len(persona) > 2 or persona.get("kind") != "text":
        made["persona"] = persona
    book = made.pop("characterBook", None)
    if isinstance(book, Mapping):
        entries = book.get("entries")
        made["character_book"] = {
            **book,
            "entries": [
                {**_renamed(one, _AGNAI_ENTRY), "name": one.get("name")}
                for one in (entries if isinstance(entries, list) else [])
                if isinstance(one, Mapping)
            ],
        }
    return made


def _strings(value: Any) -> list[str]:
    there = value if isinstance(value, list) else [value]
    return [str(one) for one in there if one is not None]


def _no_card(data: Mapping[str, Any]) -> str:
    if str(data.get("spec", "")).startswith("lorebook") or "entries" in data:
        return "is a lorebook, not a character"
    return "is no character card"
