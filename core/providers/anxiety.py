"""ANXIETY: three hints on how to behave in this kind of place, others each time (PR-09, PR-10)."""

from __future__ import annotations

from random import Random

from core.messages import ChannelType
from core.state import Provider, Scene, Section

SHOWN = 3

_GROUP = (
    "Do not over-explain.",
    "One thought is enough; leave room for others.",
    "Not everything needs a comment.",
    "Do not repeat what was said already.",
    "Talk to the one who asked, not to the room.",
    "Long messages go unread in a group.",
    "Let people answer people.",
)
_WHEN_UNSURE = "Unsure whether it is meant for you? Then IGNORE."
_DIRECT = (
    "Be natural, not formal.",
    "Follow where the other one leads.",
    "Ask back when something is unclear.",
    "Do not sum up what was just said.",
    "Answer first, elaborate when asked.",
    "A short message deserves a short answer.",
    "Come back to something said earlier where it fits.",
)
_VOICE = (
    "One or two sentences at most.",
    "No lists, no links, no formatting.",
    "Numbers and names as one says them aloud.",
    "Stop early; they can ask for more.",
    "Begin with the answer itself.",
    "Plain words: nobody can read it again.",
)
_POSTS = (
    "Answer this post, not the whole thread.",
    "It may be read months from now: say what you refer to.",
    "A little longer is fine where it helps.",
    "Add something new, or nothing.",
    "Stay with the subject of the thread.",
    "Open with your answer.",
)
_ANYWHERE = (
    "Say what matters, then stop.",
    "Promise nothing that you cannot do.",
    "When you do not know, say so.",
    "Keep to what was asked.",
    "Be friendly without flattering.",
    "Talk about yourself only when asked.",
)
_HINTS: dict[ChannelType | None, tuple[str, ...]] = {
    ChannelType.GROUP: _GROUP,
    ChannelType.DM: _DIRECT,
    ChannelType.SELF: _DIRECT,
    ChannelType.API: _DIRECT,
    ChannelType.VOICE_DM: _DIRECT,
    ChannelType.VOICE_GROUP: _GROUP,
    ChannelType.FEED: _POSTS,
    ChannelType.FORUM: _POSTS,
    ChannelType.THREAD: _POSTS,
}


def anxiety(random: Random | None = None) -> Provider:
    chance = random or Random()

    def get(scene: Scene) -> Section:
        pool = _VOICE if scene.is_spoken else _HINTS.get(scene.place.channel, _ANYWHERE)
        if scene.unsure:
            pool = (*pool, _WHEN_UNSURE)
        picked = chance.sample(pool, min(SHOWN, len(pool)))
        return Section("ANXIETY", f"Keep in mind: {' '.join(picked)}", 0)

    return Provider("ANXIETY", 0, get, builds=False)
