"""Where characters come from: files, Python, addresses, variables, each alone or mixed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from core.casting import (
    LoadedCharacter,
    load_character,
    load_characters,
    read_loaded,
    sources_of,
)
from core.casting.addresses import fetched
from core.casting.modules import Module
from core.casting.sources import Address, Variables
from core.errors import BadInput
from core.ids import string_to_uuid
from core.settings.layers import Environment

BOB: dict[str, Any] = {"name": "Bob", "bio": "Bob builds."}
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(**answers: Answer) -> AsyncIterator[str]:
    """The address of a server of this machine that answers so."""
    app = web.Application()
    for name, answer in answers.items():
        app.router.add_get(f"/{name}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def gives(text: str, kind: str = "application/json", status: int = 200) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=text, content_type=kind, status=status)

    return answer


def leads(to: str) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": to})

    return answer


async def loaded(url: str) -> LoadedCharacter:
    return await asyncio.to_thread(load_character, Address(url))


async def complaint(url: str) -> str:
    with pytest.raises(BadInput) as caught:
        await loaded(url)
    (finding,) = caught.value.findings
    return str(finding)


def python(folder: Path, code: str) -> Path:
    path = folder / "bob.py"
    path.write_text(code, encoding="utf-8")
    return path


def refusal(source: Path | Module | Variables | Address) -> str:
    with pytest.raises(BadInput) as caught:
        load_character(source)
    return str(caught.value)


# --- addresses ---------------------------------------------------------------------------------


async def test_a_character_is_loaded_from_an_address_also_where_that_leads_on() -> None:
    async with served(bob=gives(json.dumps(BOB), "text/plain"), old=leads("/bob")) as root:
        for name in ("bob", "old"):
            bob = await loaded(f"{root}/{name}?token=sesame-1")
            assert bob.name == "Bob"
            assert bob.path is None
            assert bob.place == f"{root}/{name}"
            assert "sesame" not in repr(bob)


async def test_what_is_no_character_at_an_address_is_told_in_one_line() -> None:
    async with served(
        list=gives(json.dumps([BOB])),
        page=gives("<html></html>", "text/html"),
        text=gives("hello"),
        gone=gives("", status=404),
        round=leads("/round"),
        file=leads("file:///etc/hostname"),
        nowhere=leads(""),
    ) as root:
        for name, told in {
            "list": "is not one character, but a list",
            "page": "is a web page, not a character",
            "text": "is not JSON",
            "gone": "answers 404",
            "round": "leads on more than 5 times",
            "file": "leads on to something that is not as safe",
            "nowhere": "leads nowhere",
        }.items():
            said = await complaint(f"{root}/{name}?key=sesame-2")
            assert said.startswith(f"{root}/{name}:")
            assert told in said
            assert "sesame" not in said


async def test_an_address_that_gives_too_much_or_takes_too_long_is_left() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b" " * 500_000)
        except ConnectionError:
            return response

    async def drop_by_drop(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b" ")
                await asyncio.sleep(0.05)
        except ConnectionError:
            return response

    async with served(endless=endless, slow=drop_by_drop) as root:
        assert "is too large" in await complaint(f"{root}/endless")
        with pytest.raises(BadInput, match=r"has not answered in full within 0\.3 seconds"):
            await asyncio.to_thread(fetched, f"{root}/slow", "there", patience=0.3)


async def test_nobody_at_an_address_is_a_finding_without_its_password() -> None:
    async with served() as root:
        pass
    said = await complaint(f"{root.replace('//', '//me:sesame-3@')}/bob.json")
    assert said.startswith(f"{root}/bob.json: cannot be reached")


@pytest.mark.parametrize("url", ["ftp://example.org/bob.json", "file:///tmp/bob.json", "s3://[x/y"])
def test_a_source_of_an_unknown_kind_is_an_error(url: str) -> None:
    (source,) = sources_of([url])
    assert "is no kind of source that we know" in refusal(source)


# --- Python ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "character = {'name': 'Bob', 'bio': ('x',), 'topics': ['a']}",
        "def character():\n    return {'name': 'Bob', 'bio': 'x', 'topics': ['a']}",
        "default = {'name': 'Bob', 'bio': 'x', 'topics': ['a']}",
        "from core.character import Character\n"
        "character = Character(name='Bob', bio=('x',), topics=('a',))",
    ],
    ids=["an object", "a function", "by default", "a model"],
)
def test_a_python_file_gives_its_character(tmp_path: Path, code: str) -> None:
    bob = load_character(python(tmp_path, code)).character
    assert (bob.name, bob.bio, bob.topics) == ("Bob", ("x",), ("a",))


def test_a_python_file_that_has_changed_is_read_anew(tmp_path: Path) -> None:
    for bio in ("one", "two"):
        path = python(tmp_path, f"character = {{'name': 'Bob', 'bio': {bio!r}}}")
        assert load_character(path).character.bio == (bio,)


def test_secrets_and_functions_of_a_module_are_where_they_belong(tmp_path: Path) -> None:
    code = """
def ask(values):
    return "Hello"

character = {
    "name": "Bob", "bio": "x", "secrets": {"OPENAI_API_KEY": "sesame-4"},
    "templates": {"messageHandlerTemplate": ask},
}
"""
    bob = load_character(python(tmp_path, code))
    assert list(bob.secrets) == ["OPENAI_API_KEY"]
    assert callable(bob.character.templates["messageHandlerTemplate"])
    assert "sesame" not in repr(bob)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("character = (", "bob.py:1: is not Python"),
        ("import no_such_thing_here", "bob.py: needs the module no_such_thing_here"),
        ("\nraise ValueError('sesame-5')", "bob.py:2: fails with ValueError"),
        ("def character():\n    return {}['sesame-6']", "bob.py:2: fails with KeyError"),
        ("raise SystemExit(3)", "bob.py:1: fails with SystemExit"),
        ("x = 1", "bob.py: has no character in it"),
        ("character = ['sesame-7']", "bob.py: gives something of type list for its character"),
        ("async def character():\n    return {}", "bob.py: gives something of type coroutine"),
        ("character = {'name': 'Bob', 'bio': object()}", "bob.py: bio: is of type object"),
        (
            "character = {'name': 'Bob', 'bio': 'x', 'settings': {'a': print}}",
            "settings.a: is of type builtin",
        ),
    ],
)
def test_what_is_wrong_with_a_module_is_told_without_its_words(
    tmp_path: Path, code: str, told: str
) -> None:
    said = refusal(python(tmp_path, code))
    assert told in said
    assert "sesame" not in said


def test_a_module_is_named_with_what_of_it_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a_troupe_of_two.py").write_text(
        "ann = {'name': 'Ann', 'bio': 'x'}\nben = {'name': 'Ben', 'bio': 'x'}\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    roster = load_characters(sources_of(["a_troupe_of_two:ann, a_troupe_of_two:ben"]))
    assert [one.name for one in roster.loaded] == ["Ann", "Ben"]
    assert "has no cid in it" in refusal(Module("a_troupe_of_two", "cid"))
    assert "needs the module no_such_troupe" in refusal(Module("no_such_troupe", "x"))


def test_python_of_the_folder_runs_only_when_it_is_named(tmp_path: Path) -> None:
    path = python(tmp_path, "raise SystemExit(1)")
    assert sources_of([], folder=tmp_path) == ()
    assert sources_of(["bob.py"], folder=tmp_path) == (path,)


# --- variables ---------------------------------------------------------------------------------


def test_a_character_of_variables_plays_where_her_name_is_set(tmp_path: Path) -> None:
    (tmp_path / "bob.json").write_text(json.dumps(BOB))
    environment = Environment.of({"AGENT_NAME": "Vera"}, {"AGENT_BIO": "Vera varies."})
    roster = load_characters(sources_of([], environment, tmp_path))
    assert [one.name for one in roster.loaded] == ["Bob", "Vera"]
    vera = roster.loaded[1]
    assert vera.character.bio == ("Vera varies.",)
    assert vera.id == string_to_uuid("Vera")
    assert sources_of(["bob"], environment, tmp_path) == (tmp_path / "bob.json",)
    blank = Environment.of({"AGENT_NAME": " ", "AGENT_BIO": "x"})
    assert sources_of([], blank, tmp_path) == (tmp_path / "bob.json",)


def test_variables_that_are_asked_for_and_not_set_have_elizaos_defaults() -> None:
    (source,) = sources_of(["env:"])
    agent = load_character(source)
    assert (agent.name, agent.character.bio) == ("DefaultAgent", ("A helpful assistant",))
    id = "7a3e1c52-90ab-0d4f-8c11-5e6f70812233"
    assert load_character(Variables(Environment.of({"AGENT_ID": id}))).id == id
    said = refusal(Variables(Environment.of({"AGENT_ID": "primary"})))
    assert said.startswith("AGENT_NAME, AGENT_BIO, AGENT_ID: id: is not a UUID")


# --- several -----------------------------------------------------------------------------------


async def test_sources_of_all_kinds_are_named_in_one_breath(tmp_path: Path) -> None:
    for name in ("ada", "eve.character"):
        (tmp_path / f"{name}.json").write_text(json.dumps({**BOB, "name": name[:3].title()}))
    python(tmp_path, "character = {'name': 'Pia', 'bio': 'x'}")
    async with served(zoe=gives(json.dumps({**BOB, "name": "Zoe"}))) as root:
        named = ["ada, eve", f"bob.py,{root}/zoe", "env:", "ghost", "ada.json,"]
        environment = Environment.of({"AGENT_NAME": "Vera"})
        roster = await asyncio.to_thread(
            lambda: load_characters(sources_of(named, environment, tmp_path))
        )
    assert [one.name for one in roster.loaded] == ["Ada", "Eve", "Pia", "Zoe", "Vera"]
    (finding,) = roster.findings
    assert "ghost.json" in finding.where


def test_two_of_one_name_are_told_apart_by_their_places(tmp_path: Path) -> None:
    (tmp_path / "bob.json").write_text(json.dumps(BOB))
    environment = Environment.of({"AGENT_NAME": "bob"})
    roster = load_characters(sources_of([], environment, tmp_path))
    (finding,) = roster.findings
    assert finding.where == "AGENT_NAME, AGENT_BIO, AGENT_ID"
    assert "bob.json" in finding.what


def test_a_file_for_javascript_is_told_what_to_become(tmp_path: Path) -> None:
    (tmp_path / "bob.ts").write_text("export const character = {}")
    (source,) = sources_of([str(tmp_path / "bob.ts")])
    assert "is no JSON, YAML or Python. Export it as JSON" in refusal(source)
    (ghost,) = sources_of(["ghost.ts"], folder=tmp_path)
    assert refusal(ghost) == "ghost.ts: does not exist"


def test_content_alone_makes_a_character_without_a_place() -> None:
    bob = read_loaded(BOB)
    assert (bob.source, bob.path, bob.place) == (None, None, "the built-in character")
