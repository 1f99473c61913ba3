"""CHARACTER: who speaks. Written once for each character, since it opens every prompt."""

from __future__ import annotations

from core.character import Character
from core.prompting.sheet import sheet, template_values
from core.providers.once import Once
from core.state import Provider, Scene, Section


def _written(character: Character) -> Section:
    return Section(
        "CHARACTER",
        sheet(character),
        -100,
        template_values(character),
        {"character": character},
    )


_once: Once[Section] = Once()


def _get(scene: Scene) -> Section:
    return _once(_written, scene.character)


character = Provider("CHARACTER", -100, _get, builds=False)
