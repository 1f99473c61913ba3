"""Scenes for tests: a character, a place, what was said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.character import Character
from core.ids import Account, EntityId
from core.messages import Address, Author, ChannelType, Entity, Inbound, Kind, Place
from core.settings.layers import Environment, Settings
from core.state import Line, Scene

NOON = datetime(2026, 11, 21, 12, 5, tzinfo=UTC)

ELIZA = Character.model_validate(
    {
        "name": "Eliza",
        "system": "You are Eliza. You listen more than you talk, and {{agentName}} never judges.",
        "bio": [
            "Eliza has listened to people since 1966.",
            "She believes that a good question is worth ten answers.",
        ],
        "lore": ["Named after a flower girl who learned to talk."],
        "adjectives": ["calm", "curious"],
        "topics": ["dreams", "families", "the sea"],
        "style": {"all": ["short sentences", "one question at a time"], "chat": ["no emoji"]},
        "messageExamples": [
            [
                {"name": "{{user1}}", "content": {"text": "I cannot sleep."}},
                {"name": "Eliza", "content": {"text": "What keeps you awake, {{user1}}?"}},
            ],
            [
                {"name": "{{name2}}", "content": {"text": "You are a machine."}},
                {"name": "Eliza", "content": {"text": "Does that trouble you?"}},
            ],
        ],
    }
)


def settings(**values: Any) -> Settings:
    return Settings(Environment.of({key: str(value) for key, value in values.items()}), "Eliza")


def said(text: str, *, at: int = 0, name: str = "Robin", ours: bool = False) -> Line:
    """A line `at` minutes after ten."""
    when = NOON.replace(hour=10, minute=0) + timedelta(minutes=at)
    return Line(EntityId("eliza" if ours else name), "Eliza" if ours else name, text, when, ours)


def message(text: str, *, name: str = "Robin", direct: bool = True, **more: Any) -> Inbound:
    inbound = Inbound(
        id=1,
        address=Address("telegram", Account("telegram:1"), "42"),
        kind=Kind.MESSAGE,
        author=Author("7", name),
        place=DIRECT if direct else GROUP,
        message="9",
        text=text,
        sent_at=NOON,
        is_direct=direct,
    )
    return replace(inbound, **more)


DIRECT = Place(ChannelType.DM)
GROUP = Place(ChannelType.GROUP, "Night owls", "-100", "Night owls")


def direct(text: str = "I feel better today.", *history: Line, **more: Any) -> Scene:
    return replace(
        Scene(ELIZA, settings(), (message(text),), history, DIRECT, NOON, handle="@eliza_bot"),
        **more,
    )


def group(text: str = "Eliza, are you there?", *history: Line, **more: Any) -> Scene:
    people = tuple(
        Entity(EntityId(name), ELIZA.agent_id, (name,)) for name in ("Robin", "Kim", "Eliza")
    )
    inbound = (message(text, direct=False),)
    return replace(
        Scene(ELIZA, settings(), inbound, history, GROUP, NOON, False, "@eliza_bot", people), **more
    )
