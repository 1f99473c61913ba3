"""What tests of plugins begin with: settings as in .env, a scene of an imagined turn."""

from __future__ import annotations

from core.character import Character
from core.plugins.typed_testing import ImaginedTurn
from core.settings.layers import Environment, Settings
from core.state import Scene

ADA = Character.model_validate({"name": "Ada", "bio": "Ada counts."})


def settings(name: str = "Ada", **values: str) -> Settings:
    """As if these stood in the process' variables."""
    return Settings(Environment.of(values), name)


def scene_of(turn: ImaginedTurn) -> Scene:
    return Scene(
        character=turn.character,
        settings=turn.settings,
        inbound=(turn.inbound,),
        history=(),
        place=turn.inbound.place,
        now=turn.inbound.sent_at,
        turn=turn,
    )
