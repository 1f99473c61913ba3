"""A character's own template stands in for the built-in prompt, filled in as elizaOS does it."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest

from core.character import Character
from core.messages import ChannelType, Place
from core.ports import ModelRequest
from core.prompting.budget import tokens
from core.state import Provider
from tests.core import scenes
from tests.core.prompting.situations import DISCORD, IN_PRIVATE, asked
from tests.core.scenes import ELIZA, direct, group, message, said

SPOKEN_ON_DISCORD = message("hi", direct=False, address=DISCORD, spoken=True)
VOICE = Place(ChannelType.VOICE_GROUP, "Couch", "70", "Cat people")


def templated(**templates: str) -> Character:
    return ELIZA.model_copy(update={"templates": templates})


async def written(template: str, *more: Provider, **about: Any) -> str:
    """What the model gets to read of a template."""
    character = templated(messageHandlerTemplate=template)
    talk = (said("Hello"), said("Good day.", at=1, ours=True))
    request = await asked(
        direct("My {{name}} is Robin", *talk, character=character, **about), *more
    )
    return only(request)


def only(request: ModelRequest) -> str:
    assert [one.role for one in request.messages] == ["user"]
    return request.messages[0].text


async def test_the_whole_prompt_is_the_template_and_the_system_is_the_authors() -> None:
    character = templated(messageHandlerTemplate="Be {{agentName}}: {{recentMessages}}")
    request = await asked(direct("hi", said("Hello"), character=character))
    assert request.system == "You are Eliza. You listen more than you talk, and Eliza never judges."
    assert only(request) == "Be Eliza: Robin: Hello\nRobin: hi"


async def test_names_of_elizaos_are_known() -> None:
    text = await written(
        "{{bio}}|{{adjective}}|{{topics}}|{{lore}}|{{directions}}|{{senderName}}|{{time}}|"
        "{{actionNames}}|{{unknown}}|",
        actions=IN_PRIVATE[:1],
    )
    bio, adjective, topics, lore, directions, sender, time, actions, unknown, _ = text.split("|")
    assert bio.startswith("Eliza has listened")
    assert adjective == "calm, curious"
    assert topics == "dreams, families, the sea"
    assert "flower girl" in lore
    assert directions == "short sentences\none question at a time\nno emoji"
    assert sender == "Robin"
    assert time.startswith("Saturday, 21 November")
    assert actions == "Possible response actions: 'REPLY', 'IGNORE', 'NONE', 'SEND_MESSAGE'"
    assert unknown == ""


async def test_examples_and_descriptions_are_known() -> None:
    text = await written("{{characterMessageExamples}}\n{{messageDirections}}\n{{system}}")
    assert "Robin: I cannot sleep.\nEliza: What keeps you awake, Robin?" in text
    text = await written("{{actionsWithDescriptions}}", actions=IN_PRIVATE)
    assert "- REPLY: " in text
    assert "- SEND_MESSAGE: " in text


async def test_providers_are_there_all_at_once_and_one_by_one() -> None:
    rain = Provider("RAIN", 20, lambda scene: "It rains.", plugin="weather")
    text = await written("{{providers}}", rain)
    assert text.index("# About Eliza") < text.index("It rains.")
    assert text.index("It rains.") < text.index("# Conversation Messages")
    assert await written("<{{providers.RAIN}}>", rain) == "<It rains.>"
    assert await written("{{#if RAIN}}umbrella{{else}}hat{{/if}}", rain) == "umbrella"


async def test_what_people_write_is_no_template() -> None:
    text = await written("{{recentMessages}}")
    assert "My {{name}} is Robin" in text


@pytest.mark.parametrize(
    ("scene", "expected"),
    [
        (direct(), "telegram"),
        (group(inbound=(message("hi", direct=False, address=DISCORD),)), "any"),
        (group(place=VOICE, inbound=(SPOKEN_ON_DISCORD,)), "voice"),
        (group(place=VOICE, inbound=(message("hi", direct=False, spoken=True),)), "voices"),
        (group(place=VOICE, inbound=(message("typed", direct=False, address=DISCORD),)), "any"),
    ],
)
async def test_the_most_particular_template_is_taken(scene: Any, expected: str) -> None:
    character = templated(
        messageHandlerTemplate="any",
        telegramMessageHandlerTemplate="telegram",
        discordVoiceHandlerTemplate="voice",
        voiceMessageTemplate="voices",
    )
    assert only(await asked(replace(scene, character=character))) == expected


async def test_the_voice_template_knows_who_spoke_and_what_was_said() -> None:
    """D-52."""
    spoken = group(place=VOICE, inbound=(SPOKEN_ON_DISCORD,))
    character = templated(voiceMessageTemplate="{{user}} says: {{transcript}}")
    heard = only(await asked(replace(spoken, character=character)))
    assert heard == f"{SPOKEN_ON_DISCORD.author.name} says: hi"


async def test_templates_may_stand_among_the_settings() -> None:
    among = {"templates": {"messageHandlerTemplate": "settings of {{agentName}}"}}
    character = ELIZA.model_copy(update={"settings": among})
    assert only(await asked(direct(character=character))) == "settings of Eliza"


async def test_a_template_that_cannot_be_used_is_told_of_once_and_costs_nobody_an_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    character = templated(messageHandlerTemplate="{{#if agentName}} never closed")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            await asked(direct("my private words", character=character))
        request = await asked(direct(character=character))
    assert "# How to answer" in request.system
    warnings = [record for record in caplog.records if "messageHandlerTemplate" in record.message]
    assert len(warnings) == 1
    assert "Eliza" in warnings[0].message
    assert "private words" not in caplog.text


async def test_the_template_of_a_platform_that_is_broken_leaves_the_general_one() -> None:
    character = templated(telegramMessageHandlerTemplate="{{#each", messageHandlerTemplate="fine")
    assert only(await asked(direct(character=character))) == "fine"


async def test_the_oldest_talk_goes_first_here_too() -> None:
    talk = [said(f"number {at} " + "word " * 80, at=at) for at in range(30)]
    character = templated(messageHandlerTemplate="{{recentMessages}}\nAnswer as {{agentName}}.")
    settings = scenes.settings(TROUPE_PROMPT_TOKENS=1_000)
    text = only(await asked(group("Eliza?", *talk, character=character, settings=settings)))
    assert tokens(text) <= 1_000
    assert "number 29 " in text
    assert "number 0 " not in text
    assert text.endswith("Answer as Eliza.")
