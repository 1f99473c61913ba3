"""The words of a request: parsed, measured, and with Telegram's refusals when they are no good."""

from collections.abc import Mapping
from typing import Any

from bots.sandbox.asked import Asked, bad
from bots.sandbox.markup import Broken, parse
from bots.sandbox.text import problem_of_entities, trimmed, units
from bots.sandbox.world import Entity

LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024
_MOST_ENTITIES = 100


def text_of(asked: Asked, *, empty: bool = False) -> tuple[str, list[Entity]]:
    """The text to be said."""
    text, found = styled(_read(asked, "text"), "text")
    if not text and not empty:
        raise bad("message text is empty")
    if units(text) > LONGEST_TEXT:
        raise bad("message is too long")
    return text, found


def caption_of(given: Asked | Mapping[str, Any]) -> tuple[str, list[Entity]]:
    """The words below a picture, of a request or of one piece of an album."""
    fields = _read(given, "caption") if isinstance(given, Asked) else given
    text, found = styled(fields, "caption")
    if units(text) > LONGEST_CAPTION:
        raise bad("message caption is too long")
    return text, found


def styled(given: Mapping[str, Any], name: str) -> tuple[str, list[Entity]]:
    """A text and its styles by mark-up or by entities, with white space round it dropped."""
    text = given.get(name) or ""
    if not isinstance(text, str):
        raise bad(f'field "{name}" must be of type String')
    plain = name in {"text", "caption"}
    mode = given.get("parse_mode" if plain else f"{name}_parse_mode")
    entities = given.get("entities" if name == "text" else f"{name}_entities")
    if mode is not None and not isinstance(mode, str):
        raise bad('field "parse_mode" must be of type String')
    if mode and not entities:
        try:
            text, found = parse(text, mode)
        except Broken as error:
            if str(error) == "unsupported parse_mode":
                raise bad(str(error)) from None
            raise bad(f"can't parse entities: {error}") from None
    else:
        found = _given(text, entities)
    return trimmed(text, found)


def _read(asked: Asked, name: str) -> dict[str, Any]:
    styles = "entities" if name == "text" else f"{name}_entities"
    return {
        name: asked.text(name),
        "parse_mode": asked.text("parse_mode"),
        styles: asked.json(styles),
    }


def _given(text: str, entities: Any) -> list[Entity]:
    if not entities:
        return []
    if not isinstance(entities, list) or not all(isinstance(e, dict) for e in entities):
        raise bad("can't parse entities: expected an Array of MessageEntity")
    problem = problem_of_entities(text, entities)
    if problem is not None:
        raise bad(f"can't parse entities: {problem}")
    return entities[:_MOST_ENTITIES]
