"""What plugins answer over HTTP: under their own names, with the key, and behind a wall."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bots.http.plugin_routes import Answering, plugin_routes
from bots.http.server import serve
from bots.testkit import playing
from core.models.scripted import Scripted
from core.plugins import Plugin
from core.plugins.records import Route
from core.secrets import Secret


async def hello(request: web.Request, runtime: Any) -> dict[str, Any]:
    return {"runtime": runtime, "said": request.query.get("said", "")}


async def thing(request: web.Request, runtime: Any) -> str:
    return f"thing {request.match_info['id']}"


async def broken(request: web.Request, runtime: Any) -> None:
    raise RuntimeError("a secret word")


async def nothing(request: web.Request, runtime: Any) -> None:
    return None


def routes_of(folder: Path | None = None) -> tuple[Route, ...]:
    return (
        Route("GET", "/hello", hello, public=True, plugin="greeter"),
        Route("GET", "/things/:id", thing, public=True, plugin="greeter"),
        Route("GET", "/broken", broken, public=True, plugin="greeter"),
        Route("POST", "/quiet", nothing, plugin="greeter"),
        *((Route("STATIC", "/files", folder=str(folder), public=True, plugin="greeter"),) * bool(folder)),
    )  # fmt: skip


@asynccontextmanager
async def served(*answering: Answering, key: str = "") -> AsyncIterator[str]:
    secret = Secret(key) if key else None
    routes = plugin_routes(lambda: answering, lambda: secret)
    async with serve(
        "127.0.0.1", 0, ready=lambda: {"status": "ok"}, metrics=lambda: b"", plugins=routes
    ) as port:
        yield f"http://127.0.0.1:{port}"


async def fetch(url: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, headers=headers) as answer,
    ):
        return answer.status, await answer.text()


ADA = Answering("id-ada", "Ada", routes_of(), lambda: "runtime of Ada")
BEA = Answering("id-bea", "Bea", routes_of(), lambda: "runtime of Bea")


async def test_a_plugin_answers_under_its_name_with_the_runtime_of_who_is_asked_for() -> None:
    async with served(ADA, BEA) as at:
        status, text = await fetch(f"{at}/greeter/hello?said=hi")
        assert (status, json.loads(text)) == (200, {"runtime": "runtime of Ada", "said": "hi"})
        for query in ("agentId=id-bea", "agent=Bea"):
            _, text = await fetch(f"{at}/greeter/hello?{query}")
            assert json.loads(text)["runtime"] == "runtime of Bea"
        assert (await fetch(f"{at}/greeter/hello?agentId=nobody"))[0] == 404
        assert await fetch(f"{at}/greeter/things/7") == (200, "thing 7")
        assert (await fetch(f"{at}/greeter/things/7/8"))[0] == 404
        assert (await fetch(f"{at}/other/hello"))[0] == 404
        assert (await fetch(f"{at}/greeter/hello", "POST"))[0] == 404
        assert (await fetch(f"{at}/live"))[0] == 200


async def test_what_is_not_public_is_asked_for_with_the_key() -> None:
    async with served(ADA, key="a-long-key") as at:
        assert (await fetch(f"{at}/greeter/quiet", "POST"))[0] == 401
        assert (await fetch(f"{at}/greeter/quiet", "POST", **{"X-API-KEY": "wrong"}))[0] == 401
        assert (await fetch(f"{at}/greeter/quiet", "POST", **{"X-API-KEY": "a-long-key"}))[0] == 204
        bearer = {"Authorization": "Bearer a-long-key"}
        assert (await fetch(f"{at}/greeter/quiet", "POST", **bearer))[0] == 204
        assert (await fetch(f"{at}/greeter/hello"))[0] == 200


async def test_a_handler_that_fails_shows_nothing_of_why(caplog: pytest.LogCaptureFixture) -> None:
    async with served(ADA) as at:
        assert await fetch(f"{at}/greeter/broken") == (500, "The plugin failed.\n")
    assert "RuntimeError" in caplog.text
    assert "a secret word" not in caplog.text


async def test_files_of_a_folder_are_served_and_nothing_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    (folder / "map.txt").write_text("a map")
    (tmp_path / "secret.txt").write_text("no")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    who = Answering("id", "Ada", routes_of(folder), lambda: None)
    async with served(who) as at:
        assert await fetch(f"{at}/greeter/files/map.txt") == (200, "a map")
        for name in ("..%2fsecret.txt", "%2e%2e/secret.txt", "link.txt", "", "none.txt"):
            assert (await fetch(f"{at}/greeter/files/{name}"))[0] == 404


async def test_in_the_gateway_a_route_has_the_characters_own_runtime(tmp_path: Path) -> None:
    greeter = Plugin("greeter")

    @greeter.route("GET", "/who", public=True)
    async def who(request: web.Request, runtime: Any) -> dict[str, str]:
        return {"name": runtime.character.name, "id": runtime.agent_id}

    async with playing(
        "Ada", "Bea", plugins=[greeter], model=Scripted(["x"]), data=tmp_path
    ) as play:
        at = f"http://127.0.0.1:{play.gateway.port}"
        names = {
            json.loads((await fetch(f"{at}/greeter/who?agent={name}"))[1])["name"]
            for name in ("Ada", "Bea")
        }
        assert names == {"Ada", "Bea"}
