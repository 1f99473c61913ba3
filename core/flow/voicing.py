"""/voice: whether she answers with voice messages here, and where she speaks and listens herself."""

from __future__ import annotations

from typing import Protocol

from core.flow import commands
from core.flow.cast import Part
from core.flow.commands import VOICE, Done
from core.flow.house_rules import setting
from core.flow.noting import Notes, Noting, notes_of
from core.flow.ranks import Ranks
from core.flow.work import Work
from core.flow.writing import Scribe
from core.messages import Inbound, InboundStatus, Rank
from core.ports import VoiceRooms
from core.prompting.words import quoted

_TOLD = {
    Notes.ON: "I answer with voice messages here, wherever an answer can be spoken.",
    Notes.OFF: "I answer in writing here.",
    Notes.AUTO: "I answer with a voice message here whoever sends me one, or asks for one.",
}
_CHANGE = "/voice on, /voice off and /voice auto change that."
_MUTE = (
    "I have no voice: whoever runs me can give me one by ELEVENLABS_API_KEY or OPENAI_API_KEY, or "
    "by SPEECH_PROVIDER=offline."
)
_NO_CHANNELS = "There are no voice channels here."
_NOT_THERE = "Only who is in that channel, or an admin, can ask me to do that."


class Channels(Protocol):
    """Where she is in voice channels; all that comes back are words for whoever asks.

    `world` and `person` are the platform's ids.
    """

    def channel(self, part: Part, world: str) -> str:
        """The id of the one that she is in there; empty for none."""
        ...

    async def join(self, part: Part, world: str, channel: str, person: str) -> str: ...
    async def leave(self, part: Part, world: str) -> str: ...
    async def follow(self, part: Part, world: str, person: str, *, on: bool) -> str: ...
    async def ignore(self, part: Part, world: str, person: str, *, on: bool) -> str: ...
    async def status(self, part: Part, world: str) -> str: ...
    async def code(self, part: Part, world: str) -> str:
        """By which all who are in a call can compare its encryption."""
        ...


class Voicing:
    def __init__(
        self, noting: Noting, ranks: Ranks, scribe: Scribe, channels: Channels | None = None
    ) -> None:
        self._noting = noting
        self._ranks = ranks
        self._scribe = scribe
        self._channels = channels

    async def command(self, work: Work) -> None:
        work.decided()
        action, rest = _asked(work.lead)
        if (wish := notes_of(action)) is not None:
            await self._switch(work, wish)
        elif action in ("", "status"):
            await self._answer(work, Done(await self._status(work)))
        else:
            # What somebody does to be heard or not is their own affair.
            own = action in ("ignore", "listen", "code")
            await self._answer(work, Done(await self._in_channels(work, action, rest), aside=own))

    # --- voice messages --------------------------------------------------------------------------

    async def _switch(self, work: Work, wish: Notes) -> None:
        if not work.lead.is_direct and await self._rank(work) < Rank.ADMIN:
            await self._answer(work, Done("Only admins of this group can change that.", aside=True))
            return
        if wish is not Notes.OFF and not self._noting.can(work.part):
            await self._answer(work, Done(_MUTE))
            return
        work.later.append(setting(work, "voice", wish.value))
        await self._answer(work, Done(_TOLD[wish]))
        work.introduction.written()
        # Only now: who looked before the commit would keep what it was for minutes.
        self._ranks.forget(work.spot.world)

    async def _status(self, work: Work) -> str:
        told = [_MUTE]
        if self._noting.can(work.part):
            told = [f"{_TOLD[await self._noting.wish(work)]} {_CHANGE}"]
        if self._channels is not None and self._rooms(work) is not None:
            told.append(await self._channels.status(work.part, work.lead.place.world))
        return "\n".join(filter(None, told))

    # --- voice channels --------------------------------------------------------------------------

    async def _in_channels(self, work: Work, action: str, rest: str) -> str:
        part, world, person = work.part, work.lead.place.world, work.lead.author.id
        channels, rooms = self._channels, self._rooms(work)
        understood = {"join", "leave", "follow", "unfollow", "ignore", "listen", "code"}
        if action not in understood:
            return _understood(rooms is not None)
        if channels is None or rooms is None:
            return _NO_CHANNELS
        match action:
            case "join":
                return await self._join(work, channels, rooms, rest)
            case "leave":
                here = channels.channel(part, world)
                if here and not await self._has_a_say(work, rooms, here):
                    return _NOT_THERE
                return await channels.leave(part, world)
            case "follow" | "unfollow":
                return await channels.follow(part, world, person, on=action == "follow")
            case "ignore" | "listen":
                return await channels.ignore(part, world, person, on=action == "ignore")
            case _:
                return await channels.code(part, world)

    async def _join(self, work: Work, channels: Channels, rooms: VoiceRooms, wanted: str) -> str:
        world, person = work.lead.place.world, work.lead.author.id
        if not wanted:
            channel = rooms.whereabouts(world, person)
            if not channel:
                return "You are in no voice channel. Go into one, or name one: /voice join CHANNEL."
            return await channels.join(work.part, world, channel, person)
        found = _named(rooms, world, wanted)
        if not found:
            return f"I know no voice channel “{quoted(wanted, most=60)}” here."
        if not await self._has_a_say(work, rooms, found):
            return _NOT_THERE
        return await channels.join(work.part, world, found, person)

    async def _has_a_say(self, work: Work, rooms: VoiceRooms, channel: str) -> bool:
        if rooms.whereabouts(work.lead.place.world, work.lead.author.id) == channel:
            return True
        return await self._rank(work) >= Rank.ADMIN

    def _rooms(self, work: Work) -> VoiceRooms | None:
        """None also in a direct chat, which has none."""
        platform, lead = work.part.platform, work.lead
        if lead.is_direct or not (platform.limits.voice_rooms and isinstance(platform, VoiceRooms)):
            return None
        return platform

    # --- telling ---------------------------------------------------------------------------------

    async def _rank(self, work: Work) -> Rank:
        return await self._ranks.of(work.part, work.lead, work.spot)

    async def _answer(self, work: Work, done: Done) -> None:
        lead = work.lead
        say = commands.answer(done, lead, aside=lead.waits and done.aside)
        await self._scribe.write(
            work, InboundStatus.ANSWERED, f"command-{VOICE.name}", say=say, keep=False
        )


def _asked(lead: Inbound) -> tuple[str, str]:
    """What she is to do, and with which channel: from a form, or in words."""
    if lead.given:
        said, channel = lead.given.get("action", ""), lead.given.get("channel", "")
    else:
        said, channel = lead.arguments, ""
    action, _, rest = said.strip().partition(" ")
    action = action.lower()
    # "ignore me", "listen to me" and "follow me" name nobody else.
    return action, channel.strip() or (rest.strip() if action == "join" else "")


def _named(rooms: VoiceRooms, world: str, wanted: str) -> str:
    """Its id, of an id, a mark or a name; empty for none."""
    plain = wanted.strip("<>#! ").casefold()
    for channel, name in rooms.channels(world):
        if plain in (channel, name.casefold()):
            return channel
    return ""


def _understood(rooms: bool) -> str:
    notes = "/voice on, /voice off, /voice auto and /voice status"
    if not rooms:
        return f"I understand {notes}."
    return (
        f"I understand {notes}; /voice join, with or without a channel, /voice leave, /voice follow "
        "and /voice unfollow, /voice ignore me, /voice listen to me and /voice code."
    )
