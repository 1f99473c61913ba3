"""Ten minutes on a server, read as a whole, and what must hold beside that which can be read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bots.discord.face_quotes import without_quote
from tests.contracts.discordapi import is_here, problems_of_calls
from tests.faults import ledgers
from tests.flows.talk import question, whole
from tests.flows.ten_minutes import GOLDEN, played
from tests.flows.ten_minutes_house import Theatre, theatre

pytestmark = pytest.mark.usefixtures("database")


async def test_ten_minutes_on_a_server_read_as_they_did(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with theatre(tmp_path) as here:
        await played(here)
    assert here.lines.surprises == []
    assert here.chronicle.text == GOLDEN.read_text(encoding="utf-8"), (
        "what people saw has changed: `python -m tests.flows.ten_minutes write`, then read it"
    )
    nothing_is_lost(here)
    nothing_is_doubled(here)
    what_was_said_and_set_is_known(here)
    what_is_taken_back_is_known_to_nobody(here)
    everything_is_as_discord_publishes_it(here)
    nobody_is_called_by_words(here)
    no_secret_is_told(here, caplog.text)


def nothing_is_lost(here: Theatre) -> None:
    """Each message and each interaction stands once in each inbox that it is for, and has ended."""
    inbox = ledgers.read(here.data).inbox
    stored = Counter((row["account"], row["event_key"]) for row in inbox)
    assert {one: stored[one] for one in here.expected()} == dict.fromkeys(here.expected(), 1)
    assert max(stored.values()) == 1
    assert {row["status"] for row in inbox} <= ledgers.FINAL_IN - {"failed", "dead"}


def nothing_is_doubled(here: Theatre) -> None:
    """No model was asked twice for the same, and no answer stands twice, in its room or another."""
    assert [cue.words for cue in here.lines.cues if cue.asked != cue.asked_for] == []
    every = [one for room in here.stage.world.chats.values() for one in room.messages.values()]
    spoken = Counter(without_quote(one.text) for one in every if one.sender.is_bot and one.text)
    assert [text for text, times in spoken.items() if times > 1] == []
    assert {row["status"] for row in ledgers.read(here.data).deliveries} == {"sent"}


def what_was_said_and_set_is_known(here: Theatre) -> None:
    """What a file holds, what was said while the line was gone or nobody ran, what admins set."""

    def asked(words: str) -> str:
        (request,) = [one for one in here.model.requests if words in question(one)]
        return whole(request)

    assert "- two oars" in asked("anything missing from this list")
    assert "smokes a bit" in asked("safe on a wooden stage")
    assert "costume in my car" in asked("where is the gull costume")
    summed = asked("to sum up")
    assert "Thursday it is" in summed
    assert "I sweep the stage" in summed
    assert "as short as a telegram" in summed


def what_is_taken_back_is_known_to_nobody(here: Theatre) -> None:
    asked = [whole(one) for one in here.model.requests]
    told = [number for number, one in enumerate(asked) if "4711" in one]
    assert len(told) == 1
    assert len(asked) > told[0] + 10
    kept = str([row["content"] for row in ledgers.read(here.data).memories])
    assert "gull costume" in kept
    for words in ("4711", "TICKETS", "my audition"):
        assert words not in kept


def everything_is_as_discord_publishes_it(here: Theatre) -> None:
    if is_here():
        assert problems_of_calls(here.stage.discord.journal) == []
    assert not any(here.stage.discord.violations.values())


def nobody_is_called_by_words(here: Theatre) -> None:
    bodies = [call.body for call in here.stage.discord.journal if isinstance(call.body, dict)]
    spoken = [body for body in bodies if body.get("content")]
    assert len(spoken) > 15
    assert {str(body["allowed_mentions"]["parse"]) for body in spoken} == {"[]"}


def no_secret_is_told(here: Theatre, log: str) -> None:
    interactions = [here.stage.discord.interaction(number).token for number in here.begun]
    hooks = [hook.token for hook in here.stage.world.hooks.values()]
    assert len(interactions) > 5
    assert hooks
    said = here.chronicle.text + "".join(whole(one) for one in here.model.requests)
    kept = str([dict(row) for row in ledgers.read(here.data).memories])
    for secret in (here.bot.token, *interactions, *hooks):
        for where in (said, kept, log):
            assert secret not in where
    assert not [text for text in ("4711", "gull", "TICKETS") if text in log], "words of people"
