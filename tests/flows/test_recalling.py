"""What was said long ago comes to mind by its words: where it may, when it fits, and at what cost."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.databases import in_use
from tests.flows.olden import ASKED, CHATTER, TOLD, Place, a_place, alike, prompt, well
from tests.flows.talk import reply, settled

BOTH = ("telegram", "discord")
BY_WORDS = {"TROUPE_EMBEDDINGS": "false"}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with a_place(tmp_path) as found:
        yield found


def traces(data: Path) -> list[list[dict[str, Any]]]:
    """What each answer's memory says was recalled, oldest first."""
    rows = in_use.now.ask(data, "SELECT metadata FROM memories ORDER BY seq")
    kept = [row["metadata"] for row in rows]
    kept = [json.loads(one) if isinstance(one, str) else one for one in kept]
    return [one["recalled"] for one in kept if "recalled" in one]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("platform", BOTH)
async def test_what_was_said_long_ago_is_in_the_prompt_again_when_it_is_asked_for(
    platform: str, place: Place
) -> None:
    async with place.talk(platform, **BY_WORDS) as talk:
        await talk.went()
        asked = len(place.server.calls)
        assert "Minka" not in await talk.asks("Is there any cake left?")
        shown = await talk.asks(ASKED)
        assert len(place.server.calls) == asked + 2, "one call for each turn"
        assert place.server.embeddings == 0
    assert "# What Ada remembers" in shown
    assert f"Zoe, 32 minutes ago: “{TOLD}”" in shown
    assert shown.count("Minka") == 1


@pytest.mark.parametrize("platform", BOTH)
async def test_it_comes_to_mind_after_a_restart_too(platform: str, place: Place) -> None:
    async with place.talk(platform, **BY_WORDS) as talk:
        await talk.went()
    async with place.talk(platform, **BY_WORDS) as talk:
        assert TOLD in await talk.asks(ASKED)


async def test_what_a_stopped_gateway_had_not_taken_in_the_next_one_does(place: Place) -> None:
    async with place.talk(**BY_WORDS) as talk:
        await talk.says(TOLD, *CHATTER)
    async with place.talk(**BY_WORDS) as talk:
        await talk.taken_in()
        assert TOLD in await talk.asks(ASKED)


async def test_the_answer_keeps_what_was_recalled_by_ids_and_reasons_alone(place: Place) -> None:
    async with place.talk(**BY_WORDS) as talk:
        await talk.went()
        await talk.says(ASKED)
        await settled(talk.play, len(CHATTER) + 2)
    (told, *_) = in_use.now.ask(place.data, "SELECT id FROM memories ORDER BY seq")
    recalled = traces(place.data)[-1]
    assert recalled[0]["id"] == told["id"]
    assert recalled[0]["why"] == "words"
    for one in recalled:
        assert set(one) == {"id", "table", "why", "score"}
        assert not any("Minka" in str(value) or "boat" in str(value) for value in one.values())


async def test_what_is_edited_comes_to_mind_as_it_stands_now(place: Place) -> None:
    async with place.talk(**BY_WORDS) as talk:
        told = await talk.went()
        talk.zoe.edits(told, TOLD.replace("Minka", "Freya"))
        await settled(talk.play, len(CHATTER) + 2)
        await talk.taken_in()
        shown = await talk.asks(ASKED)
        assert "Freya" in shown
        assert "Minka" not in shown
        assert "green as a pea" not in await talk.asks("Who is Minka?")


@pytest.mark.parametrize("platform", BOTH)
async def test_nothing_from_before_a_fresh_start_comes_to_mind(platform: str, place: Place) -> None:
    async with place.talk(platform, **BY_WORDS) as talk:
        await talk.went()
        await talk.says("/reset", *CHATTER)
        await talk.taken_in()
        assert "Minka" not in await talk.asks(ASKED)
    async with place.talk(platform, **BY_WORDS) as talk:
        assert "Minka" not in await talk.asks(ASKED)


@pytest.mark.parametrize("switch", ["DISABLE_MEMORY_CREATION", "IGNORE_BOOTSTRAP"])
async def test_switched_off_nothing_comes_to_mind_not_even_what_was_kept_before(
    switch: str, place: Place
) -> None:
    async with place.talk(**BY_WORDS) as talk:
        await talk.went()
    async with place.talk(**BY_WORDS, **{switch: "true"}) as talk:
        shown = await talk.asks(ASKED)
    assert "Minka" not in shown
    assert "remembers" not in shown


@pytest.mark.parametrize("off", [{"TROUPE_RECALL": "false"}, {"TROUPE_RECALL_TOKENS": "0"}])
async def test_without_recall_or_tokens_for_it_nothing_is_looked_for(
    off: Mapping[str, str], place: Place
) -> None:
    async with place.talk(**BY_WORDS) as talk:
        await talk.went()
    async with place.talk(**BY_WORDS, **off) as talk:
        assert "Minka" not in await talk.asks(ASKED)


async def test_a_model_that_wants_to_know_more_looks_deeper_and_is_asked_once_again(
    place: Place,
) -> None:
    def curious(request: Mapping[str, Any]) -> str:
        shown = prompt(request)
        if not shown.endswith("What was it that floats?") or "# What else Ada" in shown:
            return well(request)
        return "<response><providers>MEMORIES</providers></response>"

    place.server.answer = curious
    place.server.vector = alike("float", "boat")
    async with place.talk(TROUPE_RECALL_PATIENCE="0") as talk:
        await talk.went()
        await talk.understood()
        place.server.calls.clear()
        await talk.says("What was it that floats?")
    first, second = (prompt(one.request) for one in place.server.calls)
    assert "Minka" not in first
    assert "answer <response><providers>MEMORIES</providers></response>" in first
    assert "<providers>MEMORIES</providers>" not in second
    assert "# What else Ada remembers, having thought about it" in second
    assert TOLD in second


async def test_a_model_that_only_ever_wants_to_know_more_ends_the_turn(place: Place) -> None:
    """It looks once, is asked no third time."""
    place.server.answer = lambda request: "<response><providers>MEMORIES</providers></response>"
    async with place.talk(**BY_WORDS) as talk:
        talk.zoe.says(talk.dm, TOLD)
        await settled(talk.play, 1)
    assert len(place.server.calls) == 2


@pytest.mark.parametrize("pause", [0.0, 60.0])
async def test_what_the_prompt_shows_already_is_not_recalled(pause: float, place: Place) -> None:
    """Also of what was said within a second, which is all that Telegram tells of times."""
    async with place.talk(**BY_WORDS) as talk:
        await talk.says(*CHATTER, TOLD, pause=pause)
        await talk.taken_in()
        await talk.says(ASKED, pause=pause)
    shown = prompt(place.server.calls[-1].request)
    assert shown.count("Minka") == 1
    assert "remembers" not in shown


async def test_facts_that_are_known_from_the_chat_are_told_in_it(place: Place) -> None:
    def both(request: Mapping[str, Any]) -> str:
        if "Look back at this conversation" not in prompt(request):
            return reply("Well, well.")
        claim = {"claim": "Zoe's grandmother sailed the Minka", "about": "Zoe", "type": "fact"}
        return json.dumps({"thought": "so", "facts": [claim]})

    place.server.answer = both
    async with place.talk(**BY_WORDS, TROUPE_REFLECTION="true") as talk:
        await talk.went()
        shown = await talk.asks("And who sailed her?")
    assert "- Zoe's grandmother sailed the Minka" in shown
