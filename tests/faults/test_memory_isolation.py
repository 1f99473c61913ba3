"""G36: whatever comes to mind was said, learned or read where that may be known, in the whole gateway."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.canaries import COMMON, DEEPER, PROBING, SEARCHING, Asked, Aviary, aviary

ROUNDS = 3
QUESTION = " ".join(("what", "of", *COMMON))


def may_know(birds: Aviary, asked: Asked, canary: str, scope: str) -> bool:
    """The rule, said once more and in another way than the code does."""
    origin = birds.origins[canary]
    if asked.character not in origin.characters:
        return False
    here, there = asked.spot, origin.spot
    if there is None or here is None or here.key == there.key:
        return True
    if scope == "world":
        return bool(here.server) and here.server == there.server
    if scope == "person":
        same = (here.platform, here.chat.id) == (there.platform, there.chat.id)
        return here.is_direct and same
    return False


def told_too_much(birds: Aviary, scope: str) -> list[str]:
    """Who was told what they must not know."""
    return [
        f"{one.character} in {one.spot and one.spot.key}: {canary} of {birds.origins[canary]}"
        for asked, how in ((birds.asked, scope), (birds.probed, "room"))
        for one in asked
        for canary in sorted(one.canaries)
        if not may_know(birds, one, canary, how)
    ]


async def everything_is_asked(
    scope: str, seed: int, data: Path, *, by_meaning: bool
) -> tuple[Aviary, set[tuple[str, str]]]:
    """They talk about the same things everywhere; then everything is asked for everywhere. Gives
    also which kinds of things came to mind, and whence."""
    settings = {"TROUPE_RECALL_SCOPE": scope, "TROUPE_EMBEDDINGS": str(by_meaning).lower()}
    async with aviary(seed, data, **settings) as house:
        for _ in range(ROUNDS):
            await house.everybody_says()
        await house.documents()
        await house.elsewhere()
        await house.taken_in(by_meaning=by_meaning)
        for how in ("please", DEEPER, SEARCHING, PROBING):
            await house.everybody_says(QUESTION, how)
        birds = house.aviary
    return birds, {whence(birds, one, canary) for one in birds.asked for canary in one.canaries}


def whence(birds: Aviary, asked: Asked, canary: str) -> tuple[str, str]:
    origin = birds.origins[canary]
    if origin.spot is None or asked.spot is None:
        return origin.kind, "everywhere"
    return origin.kind, "here" if origin.spot.key == asked.spot.key else "elsewhere"


HERE = {(kind, "here") for kind in ("talk", "answer", "fact", "knowledge", "bond")}
ALWAYS = HERE | {("knowledge", "everywhere"), ("lore", "everywhere")}
WIDER = {
    "room": set(),
    "world": {(kind, "elsewhere") for kind in ("talk", "answer", "fact", "knowledge", "bond")},
    "person": {("talk", "elsewhere")},
}
"""What comes to mind, so that there was something to be kept apart."""


@pytest.mark.parametrize(
    ("scope", "seed", "by_meaning"),
    [
        # On either database the room alone is played below.
        pytest.param("room", 1, True, id="room-1-vectors", marks=pytest.mark.soak),
        pytest.param("world", 4, True, id="world-4-vectors"),
        pytest.param("person", 5, True, id="person-5-vectors"),
        # With vectors words are looked for too; without them it is the widest scope that tells.
        pytest.param("world", 4, False, id="world-4-words"),
        pytest.param("room", 1, False, id="room-1-words", marks=pytest.mark.soak),
        pytest.param("person", 5, False, id="person-5-words", marks=pytest.mark.soak),
    ],
)
async def test_g36_nobody_is_told_what_belongs_elsewhere(
    scope: str, seed: int, by_meaning: bool, tmp_path: Path
) -> None:
    birds, came = await everything_is_asked(scope, seed, tmp_path, by_meaning=by_meaning)
    assert told_too_much(birds, scope) == []
    assert came == ALWAYS | WIDER[scope]
    assert len(birds.asked) > 150


@pytest.mark.usefixtures("database")
async def test_g36_holds_on_either_database(tmp_path: Path) -> None:
    birds, came = await everything_is_asked("room", 6, tmp_path, by_meaning=True)
    assert told_too_much(birds, "room") == []
    assert came == ALWAYS
