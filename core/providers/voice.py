"""VOICE_STATE: in which voice channel the character is, and with whom (D-78)."""

from __future__ import annotations

from core.plugins.calls import Calls, VoiceNow
from core.prompting.words import named, quoted
from core.state import Provider, Scene, Section

_NAMED = 20


def _get(scene: Scene) -> Section | None:
    """Nothing where she is in none, or there are none."""
    now = _now(scene)
    if now is None:
        return None
    people = [
        {"id": one.who.id, "name": one.who.name, "speaking": one.who.id in now.speaking}
        for one in now.people
    ]
    values = {
        "channelId": now.channel,
        "channelName": now.name,
        "members": people,
        "connection": {
            "state": "ready" if now.state.joined else "connecting",
            "ping": round(now.state.latency * 1000),
        },
    }
    return Section("VOICE_STATE", _text(scene, now), values={"voice": values}, data=values)


def _now(scene: Scene) -> VoiceNow | None:
    if scene.turn is None or scene.is_direct:
        return None
    try:
        return scene.turn.use(Calls).now()
    except LookupError:
        return None


def _text(scene: Scene, now: VoiceNow) -> str:
    names = [named(one.who.name) for one in now.people if not one.who.is_bot][:_NAMED]
    where = "this voice channel" if scene.is_spoken else f"the voice channel “{quoted(now.name)}”"
    with_them = f" with {', '.join(names)}" if names else ", where nobody else is"
    return f"You are in {where}{with_them}."


voice = Provider("VOICE_STATE", -9, _get, builds=False)
