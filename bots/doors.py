"""How each platform is entered; nothing of one is imported before its first link starts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import aiohttp

from bots.company import Door
from bots.links import PlannedLink, public
from bots.telegram.address import Webhook, webhook_of
from bots.telegram.webhook import Hooks
from core.clock import Clock
from core.errors import BadInput, LinkRejected
from core.files import Files
from core.ports import Chronicle, Clips, Limits, Offering, Platform
from core.settings.layers import Settings

if TYPE_CHECKING:  # nothing of a platform is imported before its first link starts
    from bots.discord.faces import Faces


def _enter_telegram(
    planned: PlannedLink,
    session: aiohttp.ClientSession,
    clock: Clock,
    files: Files,
    hooks: Hooks,
    offering: Offering,
    chronicle: Chronicle,
    clips: Clips,
    *,
    commands_after: float,
) -> Platform:
    from bots.telegram.client import TelegramLink

    settings = planned.settings
    return TelegramLink(
        planned.token,
        api_root=settings.text("TELEGRAM_API_ROOT"),
        session=session,
        clock=clock,
        files=files,
        previews=settings.flag("TELEGRAM_PREVIEWS"),
        webhook=_webhook_in(settings),
        hooks=hooks,
        offering=offering,
        commands_after=commands_after,
        clips=clips,
    )


def _webhook_in(settings: Settings) -> Webhook | None:
    """None where updates are polled; raises LinkRejected, as trying again would find the same."""
    try:
        connections = settings.number("TELEGRAM_WEBHOOK_CONNECTIONS", 40)
    except BadInput as error:
        raise LinkRejected(str(error)) from None
    return webhook_of(
        settings.text("TELEGRAM_WEBHOOK_URL"),
        settings.text("TELEGRAM_WEBHOOK_CERTIFICATE"),
        connections,
    )


def _limits_of_telegram() -> Limits:
    from bots.telegram.client import TelegramLink

    return TelegramLink.limits


def _enter_discord(
    planned: PlannedLink,
    session: aiohttp.ClientSession,
    clock: Clock,
    files: Files,
    hooks: Hooks,
    offering: Offering,
    chronicle: Chronicle,
    clips: Clips,
    *,
    commands_after: float,
) -> Platform:
    if planned.host is not None:
        return _put_on(planned, session, files, chronicle, clips)
    from bots.discord.client import DiscordLink
    from bots.discord.endpoints import Endpoints
    from bots.discord.ways import ways_of

    settings = planned.settings
    try:
        ways = ways_of(settings)
    except BadInput as error:  # trying again would find the same
        raise LinkRejected(str(error)) from None
    return DiscordLink(
        planned.token,
        endpoints=Endpoints(
            api_root=settings.text("DISCORD_API_ROOT"),
            gateway_url=settings.text("DISCORD_GATEWAY_URL"),
            cdn_root=settings.text("DISCORD_CDN_ROOT"),
            voice_scheme=settings.text("DISCORD_VOICE_SCHEME"),
        ),
        connector=session.connector,
        clock=clock,
        files=files,
        # Who keeps no pace speaks to a server without limits.
        limited=bool(settings.number("DISCORD_SENDS_PER_SECOND")),
        ways=ways,
        offering=offering,
        commands_after=commands_after,
        chronicle=chronicle,
        faces=_faces_of(session),
        clips=clips,
    )


def _put_on(
    planned: PlannedLink,
    session: aiohttp.ClientSession,
    files: Files,
    chronicle: Chronicle,
    clips: Clips,
) -> Platform:
    from bots.discord.face import DiscordFace
    from bots.discord.faces import Mask
    from bots.discord.ways import ways_of

    assert planned.host is not None
    character = planned.character.character
    try:
        ways = ways_of(planned.settings)
    except BadInput as error:
        raise LinkRejected(str(error)) from None
    mask = Mask(
        planned.account,
        planned.host.account,
        character.name,
        tuple(dict.fromkeys(filter(None, (character.name, character.username)))),
    )
    return DiscordFace(
        mask,
        _faces_of(session),
        host_name=planned.host.character.name,
        avatar=public(planned.settings.text("avatar")),
        files=files,
        chronicle=chronicle if ways.history else None,
        clips=clips,
    )


_FACES: WeakKeyDictionary[aiohttp.ClientSession, Faces] = WeakKeyDictionary()


def _faces_of(session: aiohttp.ClientSession) -> Faces:
    """All links of one process share a session, and know of one another's faces."""
    from bots.discord.faces import Faces

    return _FACES.setdefault(session, Faces())


def _limits_of_discord() -> Limits:
    from bots.discord.client import DiscordLink

    return DiscordLink.limits


_WEBHOOK = (
    "TELEGRAM_WEBHOOK_URL",
    "TELEGRAM_WEBHOOK_CERTIFICATE",
    "TELEGRAM_WEBHOOK_CONNECTIONS",
)
_WAYS = (
    "DISCORD_PRESENCE",
    "DISCORD_HISTORY",
    "DISCORD_WELCOME_CHANNEL",
    "DISCORD_SHARDS",
    "DISCORD_ALLOWED_SERVERS",
    "DISCORD_ALLOWED_ROLES",
    "DISCORD_LEAVES_OTHERS",
)


def doors(*, commands_after: float = 2.0) -> Mapping[str, Door]:
    """Commands are told of so many seconds after a link's start, when the first answers are out."""
    telegram = partial(_enter_telegram, commands_after=commands_after)
    discord = partial(_enter_discord, commands_after=commands_after)
    return {
        "telegram": Door(telegram, _limits_of_telegram, anew=_WEBHOOK),
        "discord": Door(discord, _limits_of_discord, anew=_WAYS),
    }


DOORS = doors()
