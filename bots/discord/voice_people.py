"""Who is in which voice channel, as the gateway tells: discord.py keeps nobody's name for us."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bots.discord.envelope import snowflake
from bots.discord.people import author_of, listed
from core.messages import Author
from core.ports.voices import Present

VOICES = frozenset({"VOICE_STATE_UPDATE", "GUILD_CREATE", "GUILD_DELETE", "CHANNEL_DELETE"})
"""The events after which others may be in voice channels than before, or in fewer channels."""


@dataclass(frozen=True, slots=True)
class Seated:
    channel: str
    who: Author
    deaf: bool
    deafened: bool = False
    """By a moderator, not by themselves."""
    muted: bool = False
    """By a moderator."""
    suppressed: bool = False
    """In the audience of a stage channel, or where they may not speak."""
    asks: bool = False
    """To be let up from the audience."""

    @property
    def present(self) -> Present:
        return Present(self.who, self.deaf)


@dataclass(frozen=True, slots=True)
class Change:
    """Somebody has gone in, out, or into another; or something of theirs is otherwise now."""

    world: str
    person: str
    before: str
    now: str
    """The channels; empty for none."""


class VoicePeople:
    def __init__(self, us: str) -> None:
        self._us = us
        self._worlds: dict[str, dict[str, Seated]] = {}

    def where(self, world: str, person: str) -> str:
        seated = self._worlds.get(world, {}).get(person)
        return seated.channel if seated else ""

    def seat(self, world: str, person: str) -> Seated | None:
        return self._worlds.get(world, {}).get(person)

    def present(self, world: str, channel: str) -> Sequence[Present]:
        """Besides ourselves."""
        return tuple(
            one.present
            for person, one in self._worlds.get(world, {}).items()
            if one.channel == channel and person != self._us
        )

    def meet(self, event: str, data: Any) -> tuple[Change, ...]:
        """What an event changes in it; nothing for what is no such event."""
        if not isinstance(data, dict):
            return ()
        match event:
            case "VOICE_STATE_UPDATE":
                return tuple(self._moved(snowflake(data.get("guild_id")), data))
            case "GUILD_CREATE":
                return tuple(self._told(snowflake(data.get("id")), data))
            case "GUILD_DELETE" if not data.get("unavailable"):
                world = snowflake(data.get("id"))
                before = self._worlds.pop(world, {})
                return tuple(_out(world, before, {}))
            case "CHANNEL_DELETE":
                return tuple(self._closed(snowflake(data.get("guild_id")), data))
        return ()

    def _closed(self, world: str, room: dict[str, Any]) -> Iterator[Change]:
        known, channel = self._worlds.get(world, {}), snowflake(room.get("id"))
        for person in [one for one, seated in known.items() if seated.channel == channel]:
            del known[person]
            yield Change(world, person, channel, "")

    def _moved(self, world: str, state: dict[str, Any]) -> Iterator[Change]:
        person, channel = snowflake(state.get("user_id")), snowflake(state.get("channel_id"))
        if not world or not person:
            return
        known = self._worlds.setdefault(world, {})
        before = known.pop(person, None)
        if channel:
            known[person] = _seated(channel, person, state, state.get("member"), before)
        if known.get(person) != before:
            yield Change(world, person, before.channel if before else "", channel)

    def _told(self, world: str, guild: dict[str, Any]) -> Iterator[Change]:
        """A server as it stands, maybe after a while in which nothing was heard of it."""
        members = {
            snowflake(one["user"].get("id")): one
            for one in listed(guild.get("members"))
            if isinstance(one.get("user"), dict)
        }
        before = self._worlds.get(world, {})
        now = self._worlds[world] = {}
        for state in listed(guild.get("voice_states")):
            person, channel = snowflake(state.get("user_id")), snowflake(state.get("channel_id"))
            if person and channel:
                member = state.get("member") or members.get(person)
                now[person] = _seated(channel, person, state, member, before.get(person))
        yield from _out(world, before, now)
        for person, seated in now.items():
            was = before.get(person)
            if was != seated:
                yield Change(world, person, was.channel if was else "", seated.channel)


def _out(world: str, before: Mapping[str, Seated], now: Mapping[str, Seated]) -> Iterator[Change]:
    for person, seated in before.items():
        if person not in now:
            yield Change(world, person, seated.channel, "")


def _seated(
    channel: str, person: str, state: dict[str, Any], member: Any, before: Seated | None
) -> Seated:
    known = member if isinstance(member, dict) else {}
    user = known.get("user")
    if isinstance(user, dict):
        who = author_of(user, known)
    else:
        who = before.who if before else Author(person, "somebody")
    deafened = state.get("deaf") is True
    return Seated(
        channel,
        who,
        deafened or state.get("self_deaf") is True,
        deafened,
        state.get("mute") is True,
        state.get("suppress") is True,
        bool(state.get("request_to_speak_timestamp")),
    )
