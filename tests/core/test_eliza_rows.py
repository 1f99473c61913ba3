"""Small rules of elizaOS that no other test shows by itself; docs/elizaos.md names them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

from core.character import Character
from core.flow.etiquette import decide
from core.ids import Account
from core.messages import Address
from core.plugins.records import ActionResult, Deed
from core.ports import ModelRequest
from core.prompting.defaults import REFLECTION
from core.prompting.dynamic import Options, prompt_exec
from core.prompting.sheet import sheet
from core.services import ServiceType
from core.store.engine import open_store
from tests.core.actions.house import House
from tests.core.flow.test_etiquette import ADA, GROUP, QUIETLY


def test_what_a_file_does_not_say_is_empty() -> None:
    """CH-08 to CH-15."""
    bob = Character.model_validate({"name": "Bob", "bio": "Builds."})
    lists = (bob.adjectives, bob.topics, bob.lore, bob.message_examples, bob.post_examples)
    assert [len(one) for one in (*lists, bob.plugins, bob.settings, bob.templates)] == [0] * 8
    assert (bob.system, bob.style.all, bob.style.chat, bob.style.post) == (None, (), (), ())


def test_an_authors_own_first_words_stand_in_place_of_the_usual_ones() -> None:
    """CH-06: names are filled in, and no other template."""
    plain = {"name": "Bob", "bio": "Builds."}
    assert sheet(Character.model_validate(plain)).startswith("You are Bob. Stay Bob, always.")
    own = Character.model_validate({**plain, "system": "Be {{agentName}},\nnot {{providers}}."})
    assert sheet(own).startswith("Be Bob,\nnot .")


def test_a_client_chat_is_answered_without_being_addressed() -> None:
    """R-33."""
    address = Address("Client_Chat", Account("client_chat:1"), "-5")
    assert decide(replace(GROUP, address=address), ADA, QUIETLY).rule == "bypass-source"


async def test_the_working_memory_holds_the_newest_fifty(tmp_path: Path) -> None:
    """R-62."""
    async with open_store(None, tmp_path) as store:
        turn = await House(store).hears()
        for number in range(60):
            turn.did(Deed(f"DO_{number}", ActionResult(text=str(number))))
    kept = turn.state.values["workingMemory"]
    assert [one["actionName"] for one in kept] == [f"DO_{number}" for number in range(10, 60)]


async def test_fields_that_nobody_asked_for_are_passed_over() -> None:
    """R-51: a reflection by somebody else's template."""

    async def answer(request: ModelRequest) -> AsyncGenerator[str, None]:
        yield (
            "<response><thought>It went well.</thought><userExpertise>high</userExpertise>"
            "<playerProfile><rank>9</rank></playerProfile></response>"
        )

    found = await prompt_exec(
        answer, values={}, template="Look back.", rows=REFLECTION.rows, options=Options(level=0)
    )
    assert found == {"thought": "It went well."}


def test_elizaos_types_of_services_are_named() -> None:
    """R-195; any other text is one as well."""
    names = ("task", "discord", "telegram", "search", "image_generation", "transcription")
    more = ("database", "socketio", "notification", "mcp")
    assert {ServiceType(name).value for name in (*names, *more)} == {*names, *more}
