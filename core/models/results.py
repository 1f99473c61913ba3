"""What a plugin's handler gave, in the form that everybody expects of its type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import ModelUnavailable
from core.models import objects
from core.models.handlers import Registered
from core.models.kinds import is_object
from core.ports import ModelType, Spent, Usage


def taken(one: Registered, result: Any, params: Any, spent: Spent | None) -> Any:
    """Raises ModelUnavailable for what is nothing of the kind."""
    found = _read(one.kind, result, params if isinstance(params, Mapping) else {})
    if found is None:
        raise ModelUnavailable(f"{one.provider}:plugin gave no usable {one.kind}")
    if spent is not None:
        units = float(_units(one.kind, found, params))
        spent.usage = Usage(one.provider, provider=one.provider, units=units, estimated=True)
    return found


def _read(kind: ModelType, result: Any, params: Mapping[str, Any]) -> Any:
    if is_object(kind):
        return objects.taken(result, params)
    match kind:
        case ModelType.TEXT_EMBEDDING:
            return _vectors(result)
        case ModelType.IMAGE:
            return _pictures(result)
        case ModelType.IMAGE_DESCRIPTION:
            return _description(result)
        case ModelType.TRANSCRIPTION:
            text = result.get("text") if isinstance(result, Mapping) else result
            return text if isinstance(text, str) else None
        case ModelType.TEXT_TO_SPEECH:
            return _sound(result)
        case ModelType.MODERATION:
            if not isinstance(result, Mapping) or "flagged" not in result:
                return None
            categories = result.get("categories")
            categories = dict(categories) if isinstance(categories, Mapping) else {}
            return {"flagged": bool(result["flagged"]), "categories": categories}
        case _:
            return result


def _units(kind: ModelType, found: Any, params: Any) -> int:
    """What is paid for beside tokens: pictures, characters of text that were spoken."""
    if kind is ModelType.IMAGE:
        return len(found)
    if kind is ModelType.TEXT_TO_SPEECH:
        return len(text_in(params))
    return 0


def text_in(params: Any) -> str:
    """What is to be spoken: a text, or the text among elizaOS' parameters."""
    text = params.get("text", params.get("input")) if isinstance(params, Mapping) else params
    return text if isinstance(text, str) else ""


def _sound(result: Any) -> bytes | None:
    """A file of sound, however it is wrapped."""
    if isinstance(result, Mapping):
        named = (result.get(name) for name in ("audio", "data", "buffer"))
        result = next((one for one in named if one is not None), None)
    if isinstance(result, bytes | bytearray | memoryview):
        return bytes(result) or None
    return None


def _vectors(result: Any) -> Any:
    """A vector, or a list of vectors where several texts were given."""
    if hasattr(result, "tolist"):
        result = result.tolist()  # numpy's
    if not isinstance(result, Sequence) or isinstance(result, str | bytes) or not result:
        return None
    if all(map(_is_number, result)):
        return [float(number) for number in result]
    vectors = [_vectors(one) for one in result]
    flat = all(isinstance(one, list) and not isinstance(one[0], list) for one in vectors)
    return vectors if flat else None


def _pictures(result: Any) -> list[dict[str, Any]] | None:
    rows = result if isinstance(result, list | tuple) else [result]
    found: list[dict[str, Any]] = []
    for row in rows:
        if isinstance(row, str):
            found.append({"url": row})
        elif isinstance(row, bytes):
            found.append({"data": row, "mimeType": "image/png"})
        elif isinstance(row, Mapping) and (row.get("url") or row.get("data")):
            found.append(dict(row))
    return found or None


def _description(result: Any) -> dict[str, str] | None:
    if isinstance(result, str) and result.strip():
        return {"title": "Picture", "description": result.strip()}
    if isinstance(result, Mapping) and isinstance(result.get("description"), str):
        title = result.get("title")
        return {
            "title": title if isinstance(title, str) else "Picture",
            "description": result["description"],
        }
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
