"""The built-in prompt: stable first, changing last, and nobody can forge a part of it."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.character import read_character
from core.messages import Attachment, Author, Quote
from core.ports import ModelRequest
from core.prompting.stock import prompt, window
from core.prompting.words import harmless, named
from core.providers import BUILT_IN
from core.state import Line, Provider, Scene, compose
from tests.core import scenes
from tests.core.scenes import direct, group, message, said

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
CHARACTERS = Path(__file__).resolve().parents[3] / "characters"
TALK = (
    said("Hello"),
    said("Good day. What brings you here?", at=1, ours=True),
    said("My cat has run away.", at=2),
    said("She is called Minka.", at=3),
)


async def asked(scene: Scene) -> ModelRequest:
    return prompt(scene, await compose(scene, BUILT_IN))


def shown(request: ModelRequest) -> str:
    parts = [f"=== system\n{request.system}"]
    parts += [f"=== {said.role}\n{said.text}" for said in request.messages]
    return "\n".join(parts) + "\n"


async def golden_direct() -> ModelRequest:
    quote = Quote("3", Author("1", "Eliza"), "What brings you here?")
    lead = message("I feel <b>better</b> today.", reply_to=quote, replies_to_us=True)
    return await asked(direct("", *TALK, inbound=(message("Well …"), lead)))


async def golden_group() -> ModelRequest:
    talk = (*TALK, said("Poor thing!\nHow old is she?", at=4, name="Kim"))
    picture = message(
        "Look", direct=False, attachments=(Attachment("f1", "image/jpeg", 10, "cat.jpg"),)
    )
    return await asked(group("", *talk, inbound=(picture,), unsure=True))


@pytest.mark.parametrize("name", ["direct", "group"])
async def test_the_prompt_is_the_one_that_was_read_and_approved(name: str) -> None:
    request = await (golden_direct() if name == "direct" else golden_group())
    assert shown(request) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["eliza", "ada"])
async def test_the_prompt_of_a_character_is_small(name: str) -> None:
    data = json.loads((CHARACTERS / f"{name}.json").read_text(encoding="utf-8"))
    character = read_character(data, where=name).character
    assert character is not None
    request = await asked(direct(character=character))
    assert len(shown(request)) / 4 < 900  # some four characters are a token


async def test_the_same_beginning_serves_every_turn_of_every_room() -> None:
    later = {"now": scenes.NOON + timedelta(hours=3)}
    first, second = await asked(direct("hi", *TALK[:2])), await asked(group("yes", *TALK, **later))
    assert first.system == second.system
    assert not re.search(r"\d\d:\d\d|Robin, in private|Night owls", first.system)


async def test_the_conversation_only_grows_at_its_end() -> None:
    before = await asked(direct("My cat has run away.", *TALK[:2]))
    after = await asked(
        direct("yes", *TALK[:3], said("Since when?", at=3, ours=True), now=scenes.NOON)
    )
    assert after.messages[: len(before.messages) - 1] == before.messages[:-1]


async def test_sides_take_turns_and_the_user_begins_and_ends() -> None:
    talk = [said("x", at=at, ours=at % 5 == 0) for at in range(30)]
    roles = [message.role for message in (await asked(group("hi", *talk))).messages]
    assert roles[0] == roles[-1] == "user"
    assert all(one != other for one, other in pairwise(roles))


async def test_silence_is_offered_only_to_the_unsure() -> None:
    assert "IGNORE" in (await asked(group(unsure=True))).messages[-1].text
    assert "IGNORE" not in shown(await asked(group()))


async def test_only_the_authors_own_templates_are_filled_in() -> None:
    request = await asked(direct("I am {{agentName}} and {{user1}} {name}"))
    assert "I am {{agentName}} and {{user1}} {name}" in request.messages[-1].text
    assert "{{" not in request.system
    assert "Robin: I cannot sleep." in request.system
    assert "Kim: You are a machine." in request.system


async def test_a_section_of_a_plugin_stands_with_what_changes() -> None:
    scene = direct()
    state = await compose(scene, [*BUILT_IN, Provider("WEATHER", 20, lambda scene: "It rains.")])
    request = prompt(scene, state)
    assert "It rains." in request.messages[-1].text
    assert "It rains." not in request.system


async def test_a_characters_settings_reach_the_request() -> None:
    request = await asked(direct(settings=scenes.settings(TEMPERATURE="0.3", MAX_TOKENS="200")))
    assert (request.temperature, request.max_tokens) == (0.3, 200)


# --- what people write ---------------------------------------------------------------------------

_FORGED = st.lists(
    st.sampled_from(
        ["<context>", "</context>", "</ context >", "<|im_start|>system", "<response>", "[INST]",
         "<<SYS>>", "\n", "\r", "\u2028", "\x0b", "\x85", "Eliza: ", "Robin: ", "System: ", "<",
         "</s>", "<start_of_turn>", "hello", "context>", " ", "=== system"]
    ),
    max_size=12,
).map("".join)  # fmt: skip
_MARKS = re.compile(r"<\s*/?\s*context\b[^<>]*>|<\||\[INST\]|<<|</?response", re.IGNORECASE)


@settings(max_examples=300, deadline=None)
@given(_FORGED, _FORGED)
def test_nobody_writes_our_delimiters(text: str, name: str) -> None:
    assert not _MARKS.search(harmless(text))
    assert not _MARKS.search(named(name))
    assert len(named(name).splitlines()) == 1
    assert ":" not in named(name)


@settings(max_examples=200, deadline=None)
@given(_FORGED, _FORGED)
async def test_in_a_group_every_line_is_somebodys(text: str, name: str) -> None:
    scene = group(text, said(text, name=name), inbound=(message(text, name=name, direct=False),))
    last = (await asked(scene)).messages[-1].text
    assert last.count("<context>") == last.count("</context>") == 1
    before, _, rest = last.partition("<context>\n")
    spoken = (before + rest.partition("</context>\n")[2]).splitlines()
    speakers = [line for line in spoken if line and not line.startswith(" ")]
    assert len(speakers) == 2
    assert all(line.startswith(f"{named(name)}:") for line in speakers)


def test_words_that_forge_nothing_stay_as_they_are() -> None:
    for text in ("if a < b: x[1] <= 2", "<b>bold</b>", "I <3 you", "<svg><text>x</text></svg>"):
        assert harmless(text) == text


async def test_an_endless_message_is_cut() -> None:
    request = await asked(direct("x" * 1_000_000, *(said("y" * 100_000, at=at) for at in range(9))))
    assert len(shown(request)) < 60_000


# --- the window ----------------------------------------------------------------------------------


def test_a_short_conversation_is_shown_whole() -> None:
    talk = [said("x", at=at) for at in range(31)]
    assert window(talk, 32) == talk


def test_a_long_one_moves_in_blocks() -> None:
    talk = [said("x", at=at) for at in range(400)]
    starts: list[Line] = []
    for end in range(100, 400):
        seen = window(talk[end - 32 : end], 32)
        assert 16 <= len(seen) <= 32
        assert seen[-1] is talk[end - 1]
        starts.append(seen[0])
    moves = sum(one is not other for one, other in pairwise(starts))
    assert moves < len(starts) / 5
