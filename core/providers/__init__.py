"""What a character knows of the moment before it answers."""

from random import Random

from core.providers.actions import actions
from core.providers.anxiety import anxiety
from core.providers.attachments import attachments
from core.providers.character import character
from core.providers.choice import choice
from core.providers.company import company
from core.providers.deeds import deeds
from core.providers.equipment import capabilities, evaluators, sources
from core.providers.house import house
from core.providers.knowledge import knowledge
from core.providers.lorebook import lorebook
from core.providers.memories import memories
from core.providers.now import now
from core.providers.people import people
from core.providers.recalled import recalled
from core.providers.recent import recent
from core.providers.roles import roles, settings
from core.providers.room import room
from core.providers.rows import facts, relationships, world
from core.providers.voice import voice
from core.state import Provider


def built_in(random: Random | None = None) -> tuple[Provider, ...]:
    """By position; `random` picks the hints of ANXIETY."""
    return (
        character,
        room,
        voice,
        house,
        people,
        company,
        recalled,
        knowledge,
        lorebook,
        actions,
        sources,
        capabilities,
        evaluators,
        roles,
        settings,
        choice,
        now,
        anxiety(random),
        facts,
        memories,
        relationships,
        world,
        attachments,
        recent,
        deeds,
    )


BUILT_IN: tuple[Provider, ...] = built_in()
