"""The leaves: ids, bell, secrets, findings."""

from __future__ import annotations

import asyncio
import hashlib
import pickle
import threading
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bell import Bell
from core.errors import Finding
from core.ids import CharacterId, string_to_uuid, unique_uuid
from core.secrets import Secret, Taught
from tests.fakes.clock import settle

# --- ids -------------------------------------------------------------------------------------


@given(st.text())
def test_any_text_gives_the_same_version_0_uuid_each_time(text: str) -> None:
    made = string_to_uuid(text)
    assert made == string_to_uuid(text)
    assert made[19] in "89ab"
    assert string_to_uuid(made) == made


def test_the_algorithm_is_elizaos_own() -> None:
    """SHA-1 of encodeURIComponent(text), version nibble 0, variant bits set (X-15)."""
    assert string_to_uuid("test") == "a94a8fe5-ccb1-0ba6-9c4c-0873d391e987"
    assert string_to_uuid("hello world") == string_to_uuid("hello world")
    assert string_to_uuid("a b") != string_to_uuid("a%20b")


def test_the_same_person_is_somebody_else_to_another_character() -> None:
    ada, bob = CharacterId(string_to_uuid("Ada")), CharacterId(string_to_uuid("Bob"))
    assert unique_uuid(ada, "telegram:1:7") != unique_uuid(bob, "telegram:1:7")
    assert unique_uuid(ada, ada) == ada


# --- bell ------------------------------------------------------------------------------------


async def test_a_bell_stops_the_work_inside_and_the_code_goes_on() -> None:
    bell, steps = Bell(), list[str]()

    async def work() -> None:
        async with bell.interrupts():
            steps.append("begun")
            await asyncio.Event().wait()
            steps.append("never")
        steps.append("after")

    async with asyncio.TaskGroup() as group:
        group.create_task(work())
        await settle()
        bell.ring()
    assert steps == ["begun", "after"]
    assert bell.rung


async def test_a_bell_that_is_rung_twice_stops_the_work_once() -> None:
    bell = Bell()
    async with bell.interrupts():
        bell.ring()
        asyncio.get_running_loop().call_soon(bell.ring)  # when it is being stopped already
        bell.ring()
        await asyncio.sleep(10)
        pytest.fail("slept on")
    assert bell.rung


async def test_a_bell_that_rang_before_stops_at_the_first_wait() -> None:
    bell = Bell()
    bell.ring()
    async with bell.interrupts():
        await asyncio.sleep(10)
        pytest.fail("slept on")


async def test_a_timeout_of_the_work_itself_passes_through() -> None:
    with pytest.raises(TimeoutError):
        async with Bell().interrupts():
            raise TimeoutError


async def test_a_cancellation_from_outside_is_not_swallowed() -> None:
    async def work() -> None:
        async with Bell().interrupts():
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(work())
        await settle()
        task.cancel()
    assert task.cancelled()


async def test_a_nap_ends_when_the_bell_rings() -> None:
    bell = Bell()
    assert not await bell.nap(0.001)
    bell.ring()
    assert await bell.nap(1000)


# --- secrets ---------------------------------------------------------------------------------


def test_a_secret_shows_nothing() -> None:
    secret = Secret("marked-value-1")
    for shown in (repr(secret), str(secret), f"{secret}", f"{secret!r:>20}", repr([secret])):
        assert "marked" not in shown
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret == Secret("marked-value-1")
    assert secret != Secret("marked-value-2")
    assert secret.reveal() == "marked-value-1"


def test_what_was_once_a_secret_is_masked_in_every_text() -> None:
    taught = Taught()
    taught.learn("hunter2-long")
    taught.learn("hunter2-long-and-longer")
    masked = taught.mask("x hunter2-long-and-longer y hunter2-long z")
    assert masked == "x «secret» y «secret» z"


def test_known_shapes_are_masked_without_having_been_taught() -> None:
    masked = Taught().mask("GET /bot123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc/getMe")
    assert "AAEh" not in masked


def test_a_short_value_does_not_blank_the_log() -> None:
    taught = Taught()
    taught.learn("a")
    assert taught.mask("banana") == "banana"


def test_a_secret_learned_while_another_thread_masks_is_not_forgotten() -> None:
    taught = Taught()
    stop = threading.Event()

    def mask() -> None:
        while not stop.is_set():
            taught.mask("nothing here")

    thread = threading.Thread(target=mask)
    thread.start()
    try:
        for number in range(300):
            taught.learn(f"secret-number-{number}")
            assert "secret-number" not in taught.mask(f"it is secret-number-{number}")
    finally:
        stop.set()
        thread.join()


def test_a_finding_is_one_sentence_with_its_mend() -> None:
    assert str(Finding("a.json: name", "is empty", "Give it one")) == (
        "a.json: name: is empty. Give it one"
    )


@given(st.text(st.sampled_from("aZ09_.!~*'():- %/é")))
def test_the_short_way_and_the_long_way_give_the_same_id(text: str) -> None:
    encoded = quote(text, safe="!'()*~")
    digest = hashlib.sha1(encoded.encode()).digest()[:16]
    assert string_to_uuid(text).replace("-", "")[:12] == digest.hex()[:12]
    assert string_to_uuid(text).replace("-", "")[18:] == digest.hex()[18:]
