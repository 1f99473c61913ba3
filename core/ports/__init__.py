"""What the flow asks of the world: structural protocols, nothing to inherit."""

from core.ports.finding import Found, Passages, Scope, Vectors
from core.ports.kept import (
    Bonds,
    Cache,
    Own,
    Spendings,
    Steps,
    Tasks,
)
from core.ports.lanes import (
    Batch,
    Handler,
    Lanes,
)
from core.ports.models import (
    ModelHandler,
    ModelProvider,
    ModelRequest,
    ModelRole,
    ModelRoles,
    ModelType,
    Said,
    Spent,
    Usage,
)
from core.ports.past import Ended, Past, Sent, message_key
from core.ports.persons import Forgotten, Persons, Traced
from core.ports.platforms import (
    Intake,
    Limits,
    Offer,
    Offering,
    Platform,
)
from core.ports.storage import (
    Deliveries,
    Inbox,
    Memories,
    Notes,
    People,
    Rooms,
    Store,
    Unit,
    Waiting,
)

__all__ = [
    "Batch",
    "Bonds",
    "Cache",
    "Deliveries",
    "Ended",
    "Forgotten",
    "Found",
    "Handler",
    "Inbox",
    "Intake",
    "Lanes",
    "Limits",
    "Memories",
    "ModelHandler",
    "ModelProvider",
    "ModelRequest",
    "ModelRole",
    "ModelRoles",
    "ModelType",
    "Notes",
    "Offer",
    "Offering",
    "Own",
    "Passages",
    "Past",
    "People",
    "Persons",
    "Platform",
    "Rooms",
    "Said",
    "Scope",
    "Sent",
    "Spendings",
    "Spent",
    "Steps",
    "Store",
    "Tasks",
    "Traced",
    "Unit",
    "Usage",
    "Vectors",
    "Waiting",
    "message_key",
]
