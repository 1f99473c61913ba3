"""What every character can do, one idea a file; elizaOS' thirteen (R-81), two for documents, and
three to be heard."""

from core.actions.choosing import CHOOSE_OPTION
from core.actions.desk import Desk, Refused
from core.actions.entities import UPDATE_ENTITY
from core.actions.images import GENERATE_IMAGE
from core.actions.knowledge import PROCESS_KNOWLEDGE, SEARCH_KNOWLEDGE
from core.actions.roles import UPDATE_ROLE
from core.actions.sending import SEND_MESSAGE
from core.actions.settings import UPDATE_SETTINGS
from core.actions.taking_part import FOLLOW_ROOM, MUTE_ROOM, UNFOLLOW_ROOM, UNMUTE_ROOM
from core.actions.talking import IGNORE, NONE, REPLY, VOICE_NOTE
from core.actions.voice import JOIN_VOICE, LEAVE_VOICE

BUILT_IN = (
    REPLY,
    IGNORE,
    NONE,
    FOLLOW_ROOM,
    UNFOLLOW_ROOM,
    MUTE_ROOM,
    UNMUTE_ROOM,
    SEND_MESSAGE,
    UPDATE_ENTITY,
    UPDATE_ROLE,
    UPDATE_SETTINGS,
    CHOOSE_OPTION,
    GENERATE_IMAGE,
    PROCESS_KNOWLEDGE,
    SEARCH_KNOWLEDGE,
    VOICE_NOTE,
    JOIN_VOICE,
    LEAVE_VOICE,
)

__all__ = [
    "BUILT_IN",
    "CHOOSE_OPTION",
    "FOLLOW_ROOM",
    "GENERATE_IMAGE",
    "IGNORE",
    "JOIN_VOICE",
    "LEAVE_VOICE",
    "MUTE_ROOM",
    "NONE",
    "PROCESS_KNOWLEDGE",
    "REPLY",
    "SEARCH_KNOWLEDGE",
    "SEND_MESSAGE",
    "UNFOLLOW_ROOM",
    "UNMUTE_ROOM",
    "UPDATE_ENTITY",
    "UPDATE_ROLE",
    "UPDATE_SETTINGS",
    "VOICE_NOTE",
    "Desk",
    "Refused",
]
