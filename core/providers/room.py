"""ROOM: what kind of place this is, and how people address the character in it."""

from __future__ import annotations

from core.messages import ChannelType
from core.prompting.words import named
from core.state import Provider, Scene

_VOICE = frozenset({ChannelType.VOICE_DM, ChannelType.VOICE_GROUP})


def _get(scene: Scene) -> str:
    lead = scene.inbound[-1] if scene.inbound else None
    platform = f" on {lead.address.platform.capitalize()}" if lead else ""
    if lead is not None and scene.is_direct:
        text = f"You talk with {named(lead.author.name)}, in private{platform}."
    else:
        where = f" “{named(scene.place.name)}”" if scene.place.name else ""
        world = scene.place.world_name
        server = f" of “{named(world)}”" if world and world != scene.place.name else ""
        text = f"You are in the group{where}{server}{platform}."
        if scene.handle:
            text += f" People address you as {scene.character.name} or {scene.handle}."
    if scene.place.channel in _VOICE:
        text += " Your words are spoken aloud: keep them short."
    return text


room = Provider("ROOM", -10, _get)
