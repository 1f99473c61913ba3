"""CHARACTER: who speaks. Written once for each character, since it opens every prompt."""

from __future__ import annotations

from collections.abc import Awaitable

from core.character import Character
from core.lore import Reader, made_ready, readers_at_hand, settled_texts
from core.prompting.sheet import depends_on_person, sheet, template_values
from core.prompting.talk import speaker
from core.providers.once import Once
from core.state import Provider, Scene, Section

_MOST = 256
"""People whose names stand in a sheet that is kept."""


class _Sheets:
    """One character's: the same for everybody, unless her author speaks of who speaks with her."""

    def __init__(self, character: Character, readers: tuple[Reader, ...]) -> None:
        self._character = character
        self._readers = readers
        raw = [(one.place, one.content) for reader in readers for one in reader.settled]
        self._personal = depends_on_person(character, raw)
        self._written: dict[str, Section] = {}

    def section(self, scene: Scene) -> Section:
        user = speaker(scene) if self._personal else ""
        known = self._written.get(user)
        if known is None:
            if len(self._written) >= _MOST:
                del self._written[next(iter(self._written))]
            known = self._written[user] = self._write(user)
        return known

    def _write(self, user: str) -> Section:
        character = self._character
        settled = tuple((entry.place, text) for entry, text in settled_texts(self._readers, user))
        return Section(
            "CHARACTER",
            sheet(character, user=user, settled=settled),
            -100,
            template_values(character, user, settled),
            {"character": character, "settled": settled},
        )


_once: Once[_Sheets] = Once()


def _get(scene: Scene) -> Section | Awaitable[Section]:
    readers = readers_at_hand(scene.character)
    if readers is None:
        return _later(scene)
    return _once(_Sheets, scene.character, readers).section(scene)


async def _later(scene: Scene) -> Section:
    readers = await made_ready(scene.character)
    return _once(_Sheets, scene.character, readers).section(scene)


character = Provider("CHARACTER", -100, _get, builds=False)
