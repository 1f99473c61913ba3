"""The local stage: the other end of the wire, for people without tokens, for tests and benchmarks."""

from bots.sandbox import media
from bots.sandbox.cast import Bot, Person
from bots.sandbox.discord.server import Discord
from bots.sandbox.faults import Fault, FaultPlan, Faults
from bots.sandbox.journal import Call, Journal
from bots.sandbox.limits import Rates, Window
from bots.sandbox.people import MOUNTED_HOSTS
from bots.sandbox.stage import Stage
from bots.sandbox.world import Chat, Guild, Message

__all__ = [
    "MOUNTED_HOSTS",
    "Bot",
    "Call",
    "Chat",
    "Discord",
    "Fault",
    "FaultPlan",
    "Faults",
    "Guild",
    "Journal",
    "Message",
    "Person",
    "Rates",
    "Stage",
    "Window",
    "media",
]
