"""State: what providers say about the moment, gathered before a character answers."""

from core.state.cache import StateCache
from core.state.composing import Provider, Told, chosen, compose
from core.state.remembered import Recollection, Remembered, Remembering
from core.state.scene import Colleague, Line, Reader, Scene
from core.state.sections import Section, State

__all__ = [
    "Colleague",
    "Line",
    "Provider",
    "Reader",
    "Recollection",
    "Remembered",
    "Remembering",
    "Scene",
    "Section",
    "State",
    "StateCache",
    "Told",
    "chosen",
    "compose",
]
