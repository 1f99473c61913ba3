"""Services: what a character has running for as long as it plays, one of each type."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar, Self


class ServiceType(StrEnum):
    """elizaOS' service types; any other text is one as well."""

    TASK = "task"
    DATABASE = "database"
    DATABASE_MIGRATION = "database_migration"
    DISCORD = "discord"
    TELEGRAM = "telegram"
    KNOWLEDGE = "knowledge"
    SEARCH = "search"
    WEB_SEARCH = "web_search"
    BROWSER = "browser"
    PDF = "pdf"
    VIDEO = "video"
    REMOTE_FILES = "remote_files"
    IMAGE_GENERATION = "image_generation"
    TRANSCRIPTION = "transcription"
    EMAIL = "email"
    NOTIFICATION = "notification"
    SOCKETIO = "socketio"
    MCP = "mcp"
    TEE = "tee"
    WALLET = "wallet"
    LP_POOL = "lp_pool"
    TOKEN_DATA = "token_data"  # noqa: S105 - elizaOS' word, and no secret
    PLUGIN_MANAGER = "plugin_manager"
    PLUGIN_CONFIGURATION = "plugin_configuration"
    PLUGIN_USER_INTERACTION = "plugin_user_interaction"


ServiceTypeName = ServiceType
"""elizaOS' name of it."""


class ServiceStatus(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"
    ERROR = "error"


class Service:
    """What a plugin's service inherits: give it a `service_type`, and override what it needs.

    `start` and `stop` run in one task of the service's own, so a TaskGroup that one of them
    enters the other may leave.
    """

    service_type: ClassVar[str] = ""
    capability_description: ClassVar[str] = ""
    """What the character can do by it, in a sentence for its model."""
    required: ClassVar[bool] = False
    """Its plugin is of no use without it: where it cannot start, the plugin is off."""
    config: Mapping[str, Any] | None = None

    def __init__(self, runtime: Any = None) -> None:
        self.runtime = runtime

    @classmethod
    async def start(cls, runtime: Any) -> Self:
        """Called once for each character, after all plugins are there."""
        return cls(runtime)

    async def stop(self) -> None:
        """Called once, in the opposite order of starting."""


def type_of(kind: type[Any]) -> str:
    """The service type of a class, in elizaOS' spelling too; empty where it has none."""
    named = getattr(kind, "service_type", "") or getattr(kind, "serviceType", "")
    return str(named) if isinstance(named, str) else ""
