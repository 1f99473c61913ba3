"""What authors add to characters: two doors, one shape. All that an author imports is here.

The classic door, with elizaOS' own names, is `core.plugins.classic`.
"""

from core.events import EventType
from core.messages import Attachment, Button, Inbound, Memory, Rank
from core.plugins.records import ActionResult, Deed, Turn
from core.plugins.typed import Plugin
from core.ports import ModelType, Option, OptionKind
from core.services import Service, ServiceType
from core.settings.layers import Settings
from core.state import Section, State

__all__ = [
    "ActionResult",
    "Attachment",
    "Button",
    "Deed",
    "EventType",
    "Inbound",
    "Memory",
    "ModelType",
    "Option",
    "OptionKind",
    "Plugin",
    "Rank",
    "Section",
    "Service",
    "ServiceType",
    "Settings",
    "State",
    "Turn",
]
