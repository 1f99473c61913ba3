"""CHARACTER: who speaks. Written once for each character, since it opens every prompt."""

from __future__ import annotations

from core.character import Character
from core.prompting.sheet import sheet
from core.state import Provider, Scene, Section

_MOST = 512

# By identity: a character that is loaded anew is another object. The entry holds the character,
# so its id cannot be given to another one meanwhile.
_written: dict[int, tuple[Character, Section]] = {}


def _get(scene: Scene) -> Section:
    character = scene.character
    known = _written.get(id(character))
    if known is not None and known[0] is character:
        return known[1]
    if len(_written) >= _MOST:
        del _written[next(iter(_written))]
    section = Section(
        "CHARACTER",
        sheet(character),
        -100,
        {
            "agentName": character.name,
            "bio": " ".join(character.bio),
            "topics": ", ".join(character.topics),
            "adjective": ", ".join(character.adjectives),
        },
    )
    _written[id(character)] = (character, section)
    return section


character = Provider("CHARACTER", -100, _get)
