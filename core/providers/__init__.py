"""What a character knows of the moment before it answers."""

from core.providers.character import character
from core.providers.now import now
from core.providers.people import people
from core.providers.recent import recent
from core.providers.room import room
from core.state import Provider

BUILT_IN: tuple[Provider, ...] = (character, room, people, now, recent)
