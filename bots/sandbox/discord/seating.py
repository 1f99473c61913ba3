"""Voice channels as bots ask about them: regions, who is where, and who is put where by whom."""

from datetime import datetime
from typing import Any

from bots.sandbox.discord.asking import Ask, snowflake
from bots.sandbox.discord.attendance import whole_voice_state
from bots.sandbox.discord.permissions import (
    CONNECT,
    MANAGE_CHANNELS,
    MOVE,
    MUTE,
    REQUEST_TO_SPEAK,
    SPOKEN,
    VOICE_STATUS,
    in_channel,
    in_guild,
)
from bots.sandbox.discord.refusals import Form, no
from bots.sandbox.discord.routing import Routes
from bots.sandbox.things import Account, Chat, Guild

Json = dict[str, Any]
routes = Routes()
_STATES = "/guilds/{guild}/voice-states"
REGIONS = ("rotterdam", "us-east", "japan")


@routes("GET", "/voice/regions")
def list_voice_regions(ask: Ask) -> list[Json]:
    names = ((it, it.replace("-", " ").title()) for it in REGIONS)
    about = {"custom": False, "deprecated": False}
    return [{"id": it, "name": name, **about, "optimal": it == REGIONS[0]} for it, name in names]


@routes("GET", _STATES + "/@me")
def get_self_voice_state(ask: Ask) -> Json:
    return _state(ask.guild(), ask.bot)


@routes("GET", _STATES + "/{user}")
def get_voice_state(ask: Ask) -> Json:
    guild = ask.guild()
    return _state(guild, ask.member(guild))


def _state(guild: Guild, who: Account) -> Json:
    if who not in guild.voices:
        raise no(10065)
    return whole_voice_state(guild, who)


@routes("PATCH", _STATES + "/@me")
def update_self_voice_state(ask: Ask) -> None:
    """Come out of the audience of a stage channel, or ask for it: each takes a permission, going
    back or taking the wish back takes none ("Modify Current User Voice State" in Discord's
    documentation)."""
    guild, calls = ask.guild(), ask.office.gateway.calls
    room, may = _stage(ask, guild, ask.bot), in_channel(guild.voices[ask.bot].chat, ask.bot)
    suppress = ask.form.get("suppress")
    asked, form = ask.form.get("request_to_speak_timestamp"), Form()
    if asked is not None and not _is_time(asked):
        place = "request_to_speak_timestamp"
        form.wrong(place, "DATE_TIME_TYPE_PARSE", f"Could not parse {asked}.")
    form.check()
    if str(ask.form.get("channel_id") or room.id) != str(room.id):
        raise no(50024)
    if (suppress is False and not may & MUTE) or (asked and not may & REQUEST_TO_SPEAK):
        raise no(50013)
    if suppress is not None:
        calls.bid(guild, ask.bot, suppress=bool(suppress))
    if "request_to_speak_timestamp" in ask.form and guild.voices[ask.bot].suppress:
        calls.beg(guild, ask.bot, asked or "")


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


@routes("PATCH", _STATES + "/{user}")
def update_voice_state(ask: Ask) -> None:
    guild = ask.guild()
    who = ask.member(guild)
    room = _stage(ask, guild, who)
    if not in_channel(room, ask.bot) & MUTE:
        raise no(50013)
    if ask.form.get("suppress") is not None:
        ask.office.gateway.calls.bid(guild, who, suppress=bool(ask.form["suppress"]))


def _stage(ask: Ask, guild: Guild, who: Account) -> Chat:
    """The stage channel in which somebody is."""
    state = guild.voices.get(who)
    if state is None:
        raise no(10065)
    if state.chat.kind != "stage":
        raise no(50024)
    return state.chat


@routes("PUT", "/channels/{channel}/voice-status")
def update_voice_channel_status(ask: Ask) -> None:
    room, form = ask.any_channel(), Form()
    status = form.text(ask.form, "status", 500)
    form.check()
    if room.kind != "voice":
        raise no(50024)
    if not in_channel(room, ask.bot) & (VOICE_STATUS | MANAGE_CHANNELS):
        raise no(50013)
    more = {"status": status}
    ask.world.commit({"fact": "room_changed", "chat": room.key, "more": more})


# -- a member that is changed ----------------------------------------------------------------------


def move(ask: Ask, guild: Guild, who: Account, channel: Any) -> None:
    """Put a member into another channel, or out of all of them where none is named."""
    if not in_guild(guild, ask.bot) & MOVE:
        raise no(50013)
    if who not in guild.voices:
        raise no(40032)
    calls = ask.office.gateway.calls
    if channel is None:
        calls.leave(guild, who)
        return
    room = guild.channels.get(snowflake("channel", channel))
    if room is None:
        raise no(10003)
    if room.kind not in SPOKEN:
        raise no(50024)
    if not in_channel(room, ask.bot) & CONNECT:
        raise no(50013)
    calls.move(guild, who, room)


def rule(ask: Ask, guild: Guild, who: Account, mute: bool | None, deaf: bool | None) -> None:
    """Let nobody hear a member, or let this one hear nobody; only of somebody who is there."""
    if mute is None and deaf is None:
        return
    if who not in guild.voices:
        raise no(40032)
    ask.office.gateway.calls.rule(guild, who, mute=mute, deaf=deaf)
