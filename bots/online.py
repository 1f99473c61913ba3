"""`troupe check --online`: what platforms and vendors of voices say; nothing is changed or taken there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

import aiohttp

from bots.checked import Checked, by_weight
from bots.checks import check
from bots.links import PlannedLink, plan_links, settings_of
from bots.questions import Unanswered
from core.casting import Roster, load_characters, sources_of
from core.clock import Clock, SystemClock
from core.errors import BadInput
from core.models.roles import Models
from core.settings.layers import Environment, Settings
from core.speech.looking import Seen
from core.speech.looking import look as look_at_voice
from core.speech.looking_along import look_along
from core.speech.roles import Voices

_AT_ONCE = 4
_EACH = 20.0
"""Seconds for one answer, and for one bot:"""
_ALL = 120.0
_STATUS = {"telegram": "Look at the network", "discord": "Look at https://discordstatus.com"}


def check_online(
    named: Sequence[str], environment: Environment, folder: Path = Path("characters")
) -> list[Checked]:
    """What can be known without a login, and then what can be known by one."""
    found = check(named, environment, folder)
    roster = load_characters(sources_of(named, environment, folder))
    planned = plan_links(roster, environment).links
    return by_weight([*found, *asyncio.run(_all(planned, roster, environment))])


async def _all(
    planned: Sequence[PlannedLink], roster: Roster, environment: Environment
) -> list[Checked]:
    clock = SystemClock()
    return [
        *await look(planned, clock),
        *await voices(roster, environment),
        *await ears(planned, clock),
    ]


async def voices(roster: Roster, environment: Environment) -> list[Checked]:
    """Of each character whose voice is ElevenLabs', in the order of the roster."""
    asked = [one for _, one in settings_of(roster, environment)]
    return await _asked(asked, look_at_voice, "ElevenLabs")


async def ears(planned: Sequence[PlannedLink], clock: Clock) -> list[Checked]:
    """Of each character who listens in voice channels, in the order in which they are planned."""
    asked = [one.settings for one in planned if _listens(one)]
    if not asked:
        return []
    async with aiohttp.ClientSession() as session:
        models = Models(session)
        async with Voices(session, models, clock=clock) as those:
            models.borrow(those)
            return await _asked(asked, partial(look_along, voices=those), "who listens along")


def _listens(link: PlannedLink) -> bool:
    wanted = ("DISCORD_VOICE_ENABLED", "ENABLE_VOICE_TRANSCRIPTION")
    goes = link.platform == "discord" and link.host is None
    return goes and all(link.settings.flag(one, True) for one in wanted)


async def _asked(
    characters: Sequence[Settings], ask: Callable[[Settings], Awaitable[list[Seen]]], whom: str
) -> list[Checked]:
    """Several side by side, told in their order."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(settings: Settings) -> list[Checked]:
        async with room:
            try:
                async with asyncio.timeout(_ALL):
                    seen = await ask(settings)
            except TimeoutError:
                what = f"{whom} could not be asked within two minutes"
                return [Checked(settings.character_name, what, "", "warning")]
        return [
            Checked(each.finding.where, each.finding.what, each.finding.mend, each.severity)
            for each in seen
        ]

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(settings)) for settings in characters]
    return [each for task in tasks for each in task.result()]


async def look(planned: Sequence[PlannedLink], clock: Clock) -> list[Checked]:
    """Several bots side by side, told in the order in which they are planned."""
    hosts = {one.host.account for one in planned if one.host is not None}
    bots = [one for one in planned if one.host is None]
    room = asyncio.Semaphore(_AT_ONCE)
    limits = aiohttp.ClientTimeout(total=_EACH)
    async with aiohttp.ClientSession(timeout=limits) as session:

        async def one(link: PlannedLink) -> list[Checked]:
            async with room:
                return await _look_at(link, session, clock, faces=link.account in hosts)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(link)) for link in bots]
    return [each for task in tasks for each in task.result()]


async def _look_at(
    link: PlannedLink, session: aiohttp.ClientSession, clock: Clock, *, faces: bool
) -> list[Checked]:
    found: list[Checked] = []
    where = f"{link.character.name} on {link.platform.capitalize()}"
    try:
        async with asyncio.timeout(_ALL):
            if link.platform == "discord":
                from bots.discord.probing import probe
            else:
                from bots.telegram.probing import probe
            async for each in probe(link, where, session, clock, faces=faces):
                found.append(each)
    except Unanswered as error:
        what = f"{link.platform.capitalize()} {error}"
        found.append(Checked(where, what, _STATUS.get(link.platform, "")))
    except BadInput as bad:
        found += [Checked(one.where, one.what, one.mend) for one in bad.findings]
    except TimeoutError:
        found.append(Checked(where, "not all could be asked within two minutes", "", "warning"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"an answer makes no sense ({type(error).__name__})"
        found.append(Checked(where, what, "", "warning"))
    return found
