"""For editors: what a character file may hold, as a JSON Schema."""

from __future__ import annotations

from typing import Any

from core.character.shape import Character


def json_schema() -> dict[str, Any]:
    shape = Character.model_json_schema(by_alias=True)
    shape["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    shape["properties"]["$schema"] = {"type": "string"}
    shape["properties"]["secrets"] = {
        "type": "object",
        "description": "Taken out while loading. Better in .env than in a file you may share.",
    }
    return shape
