"""ANXIETY: three hints on how to behave in this kind of place, others each time (PR-09, PR-10)."""

from __future__ import annotations

from random import Random

from core.messages import ChannelType
from core.state import Provider, Scene, Section

SHOWN = 3

_GROUP = (
    "Do not explain more than was asked.",
    "One thought is enough; leave room for the others.",
    "You need not comment on everything that is said.",
    "Do not repeat what somebody has said already.",
    "Talk to the one who asked, not to the whole room.",
    "Nobody reads long messages in a group.",
    "A question to the room may be left to a person.",
)
_WHEN_UNSURE = "When you are unsure whether it is meant for you, IGNORE is the better answer."
_DIRECT = (
    "This is a talk between two: be natural, not formal.",
    "Follow where the other one leads.",
    "It is fine to ask back when something is unclear.",
    "Do not sum up what was just said.",
    "Answer first, elaborate only when asked.",
    "Short messages deserve short answers.",
    "Take up something said earlier where it fits.",
)
_VOICE = (
    "You will be heard, not read: one or two sentences.",
    "No lists, no links, no formatting.",
    "Say numbers and names as one would say them.",
    "Stop early; the other one can ask for more.",
    "Begin with the answer itself.",
    "Plain words; nobody can read it again.",
)
_POSTS = (
    "Answer this post, not the whole thread.",
    "Somebody may read this months from now: say what you refer to.",
    "A little longer is fine here when it helps.",
    "Add something new, or nothing.",
    "Stay with the subject of the thread.",
    "Say at the start what your answer is.",
)
_ANYWHERE = (
    "Say what matters, then stop.",
    "Do not promise what you cannot do.",
    "When you do not know, say so.",
    "Keep to what was asked.",
    "Be friendly without flattering.",
    "Do not talk about yourself unless asked.",
)
_HINTS: dict[ChannelType | None, tuple[str, ...]] = {
    ChannelType.GROUP: _GROUP,
    ChannelType.DM: _DIRECT,
    ChannelType.SELF: _DIRECT,
    ChannelType.API: _DIRECT,
    ChannelType.VOICE_DM: _VOICE,
    ChannelType.VOICE_GROUP: _VOICE,
    ChannelType.FEED: _POSTS,
    ChannelType.FORUM: _POSTS,
    ChannelType.THREAD: _POSTS,
}


def anxiety(random: Random | None = None) -> Provider:
    chance = random or Random()

    def get(scene: Scene) -> Section:
        pool = _HINTS.get(scene.place.channel, _ANYWHERE)
        if scene.unsure:
            pool = (*pool, _WHEN_UNSURE)
        picked = chance.sample(pool, min(SHOWN, len(pool)))
        return Section("ANXIETY", f"Keep in mind: {' '.join(picked)}", 0)

    return Provider("ANXIETY", 0, get, builds=False)
