"""Who is in which voice channel of a server: the fact that says so, and how bots are shown it."""

from collections.abc import Callable
from typing import Any

from bots.sandbox.discord.shapes import member
from bots.sandbox.things import Account, Change, Chat, Fact, Guild, VoiceState
from bots.sandbox.world import World

Json = dict[str, Any]
_OWN = ("self_mute", "self_deaf", "self_video", "suppress")


def inside(room: Chat) -> list[Account]:
    """Who is in a voice channel, in the order in which they came into the server's channels."""
    voices = room.guild.voices if room.guild is not None else {}
    return [who for who, state in voices.items() if state.chat is room]


def voice_state(guild: Guild, who: Account) -> Json:
    """Somebody's place as GUILD_CREATE shows it; in an event the server and the member go with it."""
    state = guild.voices[who]
    return {
        "channel_id": str(state.chat.id),
        "user_id": str(who.snowflake),
        "session_id": state.session,
        "mute": who in guild.hushed,
        "deaf": who in guild.deafened,
        "self_mute": state.self_mute,
        "self_deaf": state.self_deaf,
        "self_video": state.self_video,
        "self_stream": False,
        "suppress": state.suppress,
        "request_to_speak_timestamp": state.asked or None,
    }


def whole_voice_state(guild: Guild, who: Account) -> Json:
    """The same as REST shows it."""
    shape = voice_state(guild, who)
    return {**shape, "guild_id": str(guild.id), "member": member(guild, who)}


def gone_from_voice(guild: Guild, who: Account, session: str) -> Json:
    """Somebody who is in no channel any more, with the session by which this one was there."""
    muted = {"mute": who in guild.hushed, "deaf": who in guild.deafened}
    own = dict.fromkeys(_OWN, False)
    shape: Json = {"channel_id": None, "user_id": str(who.snowflake), "session_id": session}
    return {**shape, **muted, **own, "self_stream": False, "request_to_speak_timestamp": None}


def _voice_state(world: World, fact: Fact) -> Change:
    """Without a channel somebody is out of all of them."""
    guild, who = world.guilds[fact["guild"]], world.accounts[fact["who"]]
    was, room = guild.voices.get(who), world.chats.get(fact["chat"])
    if was is not None and was.chat is not room:
        del guild.voices[who]  # a newcomer is the last in the list of the channel
        guild.speaking.discard(who)
        if not inside(was.chat):
            guild.codes.pop(was.chat, None)
    if room is not None:
        own = {name: bool(fact.get(name)) for name in _OWN}
        guild.voices[who] = VoiceState(room, fact["session"], **own, asked=fact.get("asked", ""))
    return Change("voice_state", fact, room, guild=guild)


def _speaking(world: World, fact: Fact) -> Change:
    guild, who = world.guilds[fact["guild"]], world.accounts[fact["who"]]
    on = fact["on"] and who in guild.voices
    (guild.speaking.add if on else guild.speaking.discard)(who)
    return Change("speaking", fact, guild=guild)


def _voice_code(world: World, fact: Fact) -> Change:
    """None where a channel is not encrypted from end to end; empty where nobody knows the code."""
    room = world.chats[fact["chat"]]
    assert room.guild is not None
    room.guild.codes.pop(room, None)
    if fact["code"] is not None and inside(room):
        room.guild.codes[room] = fact["code"]
    return Change("voice_code", fact, room, guild=room.guild)


def _voice_ruled(world: World, fact: Fact) -> Change:
    """A server lets a member be heard by nobody, or hear nobody; that outlasts the channel."""
    guild, who = world.guilds[fact["guild"]], world.accounts[fact["who"]]
    for name, people in (("mute", guild.hushed), ("deaf", guild.deafened)):
        if fact.get(name) is not None:
            (people.add if fact[name] else people.discard)(who)
    return Change("voice_ruled", fact, guild=guild)


FACTS: dict[str, Callable[[World, Fact], Change]] = {
    "voice_state": _voice_state,
    "voice_ruled": _voice_ruled,
    "speaking": _speaking,
    "voice_code": _voice_code,
}
