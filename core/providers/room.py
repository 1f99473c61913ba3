"""ROOM: what kind of place this is, and how people address the character in it."""

from __future__ import annotations

from core.messages import ChannelType
from core.prompting.words import UNKNOWN, display_name, named
from core.state import Provider, Scene

_KINDS = {
    ChannelType.THREAD: "thread",
    ChannelType.FORUM: "forum",
    ChannelType.FEED: "feed",
    ChannelType.VOICE_GROUP: "voice channel",
}


def _get(scene: Scene) -> str:
    lead = scene.inbound[-1] if scene.inbound else None
    platform = f" on {lead.address.platform.capitalize()}" if lead else ""
    if lead is not None and scene.is_direct:
        text = f"You talk with {_partner(scene)}, in private{platform}."
    else:
        where = f" “{named(scene.place.name)}”" if scene.place.name else ""
        world = scene.place.world_name
        server = f" of “{named(world)}”" if world and world != scene.place.name else ""
        kind = _KINDS.get(scene.place.channel, "group")
        text = f"You are in the {kind}{where}{server}{platform}."
        if scene.handle:
            text += f" People call you {scene.character.name} or {scene.handle}."
    if scene.is_spoken:
        text += " Your words are spoken aloud: keep them short."
    return text


def _partner(scene: Scene) -> str:
    """Of a cue nobody is the author; then it is whoever else is known here."""
    lead = scene.inbound[-1]
    if lead.author.name or not scene.cue:
        return named(lead.author.name)
    names = (display_name(one, lead.address.platform) for one in scene.people)
    own = scene.character.name
    return next((name for name in names if name not in (own, UNKNOWN)), "somebody")


room = Provider("ROOM", -10, _get, builds=False)
