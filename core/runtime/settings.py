"""elizaOS' getSetting and setSetting over the layers of a character's settings."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from core.ids import CharacterId
from core.ports import Store
from core.secrets import Secret
from core.settings.layers import Settings


class SettingCalls:
    def __init__(self, store: Store, settings: Settings, agent: CharacterId) -> None:
        self._store = store
        self._agent = agent
        self.now = settings
        """With what was set since."""

    def get(self, key: str, default: Any = None) -> Any:
        """Of whoever is served, else the character's (SE-01); a secret in plain text.

        Ported code puts keys into headers, and expects words. Logs mask them all the same.
        """
        value = self.now.get(key, default)
        return value.reveal() if isinstance(value, Secret) else value

    def has(self, key: str) -> bool:
        return self.now.get(key) is not None

    async def put(self, key: str, value: Any) -> None:
        """For this character, seen from now on and after a restart; None: as in its file again."""
        written = _written(value)
        if written is None:
            await self._store.write(lambda unit: unit.notes.drop(self._agent, key))
        else:
            await self._store.write(lambda unit: unit.notes.put(self._agent, key, written))
        notes = {name: one for name, one in self.now.notes.items() if name != key}
        self.now = replace(self.now, notes=notes if written is None else {**notes, key: written})

    def number(self, key: str, default: float) -> float:
        return self.now.number(key, default)


def _written(value: Any) -> str | None:
    match value:
        case None:
            return None
        case Secret():
            return value.reveal()
        case bool():
            return "true" if value else "false"
        case dict() | list() | tuple():
            return json.dumps(value)
        case _:
            return str(value)
