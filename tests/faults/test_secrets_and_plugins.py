"""Plugins, their settings and a person's own key, with everything going wrong: no trace (G34)."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from bots.sandbox import Stage
from bots.testkit import Play
from core.flow.presence import entity_id
from core.flow.wishes import Wishes
from core.ids import Account, CharacterId, string_to_uuid
from core.messages import Address
from core.models.scripted import Scripted
from core.plugins import Plugin, Turn
from core.ports import ModelRequest
from core.secrets import Secret
from core.store.engine import open_store
from tests.fakes.databases import in_use
from tests.fakes.model_server import ModelServer, Script
from tests.faults.process import GatewayProcess
from tests.faults.test_secrets import canary, files, hits
from tests.flows.talk import playing, reply, settled, speaker, until, whole

# Careless wherever it can be: it logs its keys, raises them, and hands them to whoever listens.
CARELESS = '''
import logging

from core.plugins import Plugin

log = logging.getLogger("careless")
plugin = Plugin("careless")
plugin.setting("WEATHER_KEY", kind="secret", help="the key of the weather")


def key(settings):
    return settings.secret("WEATHER_KEY").reveal()


@plugin.resource
async def client(settings):
    log.info("connecting with %s", key(settings))
    yield object()


@plugin.service
class Weather:
    service_type = "weather"

    @classmethod
    async def start(cls, runtime):
        await runtime.set_setting("WEATHER_TOKEN", runtime.get_setting("SPARE_KEY"))
        raise RuntimeError(f"refused {runtime.get_setting('WEATHER_KEY')}")

    async def stop(self):
        pass


@plugin.provider
async def sky(turn):
    raise RuntimeError(f"refused {key(turn.settings)}")


@plugin.action
async def look_up(turn):
    """Look up the weather."""
    log.warning("asking with %s", key(turn.settings))
    try:
        raise ConnectionError(f"https://weather.example/?key={key(turn.settings)}")
    except ConnectionError as error:
        raise RuntimeError(f"cannot ask with {key(turn.settings)}") from error


@plugin.evaluator
async def look_back(turn):
    """Fail."""
    raise RuntimeError(f"refused {key(turn.settings)}")


@plugin.on("MESSAGE_SENT")
async def listens(payload):
    log.error("told with %s", payload["runtime"].get_setting("WEATHER_KEY"))
    raise RuntimeError(payload["runtime"].get_setting("WEATHER_KEY"))


@plugin.on("ACTION_FAILED")
async def hears(payload):
    log.error("told of %r", payload)
'''
BROKEN = """
from core.plugins import Plugin

plugin = Plugin("broken")
plugin.setting("NEWS_KEY", kind="secret", help="the key of the news")


@plugin.resource
async def news(settings):
    raise RuntimeError(f"refused {settings.secret('NEWS_KEY').reveal()}")
    yield
"""
SEAL = b64encode(b"a key of thirty-two bytes for it").decode()


def obeys(request: dict[str, Any]) -> str | Script:
    words = request["messages"][-1]["content"]
    if "# Done just now" in words:
        return reply("It did not work.")
    if "fail" in words.splitlines()[-1]:
        return Script(fault="401")
    if "away" in words.splitlines()[-1]:
        return Script(fault="500")
    if "weather" in words.splitlines()[-1]:
        return "<response><actions>LOOK_UP</actions></response>"
    return reply("I am here.")


@pytest.mark.usefixtures("database")
async def test_g34_no_secret_of_a_plugin_or_a_person_leaves_the_process(
    tmp_path: Path, stage: Stage
) -> None:
    """In a plugin's settings, in what it has set itself, in a person's own key."""
    secrets = [SEAL, *(canary(number) for number in range(1, 6))]
    bob, eve = stage.person("Bob", username="bob"), stage.person("Eve", username="eve")
    async with ModelServer(obeys) as server:
        gateway = GatewayProcess(
            tmp_path,
            stage,
            {"Ada": stage.bot("Ada"), "Bert": stage.bot("Bert")},
            {
                "OPENAI_BASE_URL": server.base_url,
                "OPENAI_API_KEY": canary(1),
                "CHARACTER__ADA__WEATHER_KEY": canary(2),
                "TROUPE_SECRET_KEY": SEAL,
                "LOG_LEVEL": "debug",
                "LOG_FILE": "true",
                "BASIC_CAPABILITIES_KEEP_RESP": "true",
            },
        )
        plugins = tmp_path / "plugins"
        plugins.mkdir()
        (plugins / "careless.py").write_text(CARELESS)
        (plugins / "broken.py").write_text(BROKEN)
        write(gateway, "Ada", ["careless"], SPARE_KEY=canary(3))
        write(gateway, "Bert", ["broken"], NEWS_KEY=canary(4))
        await own_key(gateway, bob.id, canary(5))
        await gateway.start()
        try:
            await gateway.until("degraded")
            texts: dict[str, str | bytes] = {}
            asked = 0
            for name, bot in gateway.bots.items():
                for who in (bob, eve):
                    chat = stage.dm(who, bot)
                    for text in ("hello", "what weather is it?", "fail"):
                        if name == "Bert" and text != "hello":
                            continue
                        who.says(chat, text)
                        await stage.next_from(bot, chat, timeout=20)
                    who.says(chat, "away")  # one apology in a while is enough
                    await until(lambda asked=asked: calls_for(server, "away") > asked)  # type: ignore[misc]
                    asked = calls_for(server, "away")
                    texts[f"what {who.name} reads of {name}"] = str(stage.messages(chat))
            async with aiohttp.ClientSession() as session:
                for page in ("ready", "metrics"):
                    async with session.get(f"http://127.0.0.1:{gateway.port}/{page}") as got:
                        texts[f"/{page}"] = await got.text()
        finally:
            await gateway.kill()
        texts["log"] = gateway.log
        texts["database"] = dump(gateway.data)
        texts |= {name: body for name, body in files(gateway.data) if name != "secret.key"}
        keys = set()
        for number, call in enumerate(server.calls):
            texts[f"prompt {number}"] = orjson.dumps(call.request)
            keys.add(call.headers["Authorization"])
    assert hits(texts, secrets) == []
    assert keys == {f"Bearer {canary(1)}", f"Bearer {canary(5)}"}, "each was used"
    assert "connecting with «secret»" in gateway.log, "its author finds what it has logged"
    assert "broken" in str(texts["/ready"])
    assert "notes" in str(texts["database"]) or "settings" in str(texts["database"])


def calls_for(server: ModelServer, word: str) -> int:
    return sum(call.request["messages"][-1]["content"].endswith(word) for call in server.calls)


def write(gateway: GatewayProcess, name: str, plugins: list[str], **secrets: str) -> None:
    path = gateway.folder / f"{name.lower()}.json"
    content = {"name": name, "bio": f"{name} is made for a test.", "plugins": plugins}
    path.write_text(json.dumps({**content, "settings": {"secrets": secrets}}))


async def own_key(gateway: GatewayProcess, person: int, key: str) -> None:
    """Somebody has set a key of their own for Ada."""
    ada = CharacterId(string_to_uuid("Ada"))
    account = Account(f"telegram:{gateway.bots['Ada'].id}")
    who = entity_id(ada, Address("telegram", account, ""), str(person))
    async with open_store(in_use.now.url, gateway.data, key=Secret(SEAL)) as store:
        await Wishes(store).put(who, "OPENAI_API_KEY", key)


def dump(data: Path) -> str:
    """Everything in the database, whichever it is."""
    tables = ("inbox", "deliveries", "worlds", "rooms", "entities", "memories", "settings",
              "steps", "tasks", "components", "relationships", "spendings", "cache")  # fmt: skip
    return "\n".join(f"{one}: {in_use.now.ask(data, f'SELECT * FROM {one}')}" for one in tables)


@pytest.mark.usefixtures("database")
async def test_g34_what_one_character_remembers_no_other_is_shown(tmp_path: Path) -> None:
    """Words, cards, results of actions and a plugin's own: asked for by every plugin at hand."""
    plugin = Plugin("nosy")

    @plugin.provider
    async def everything(turn: Turn) -> str:
        runtime = turn.runtime
        seen = [
            await runtime.get_memories({"count": 1000, "tableName": table})
            for table in ("messages", "action_results", "facts")
        ]
        seen += [await runtime.get_all_worlds(), await runtime.get_cache("note")]
        return f"Everything there is: {seen}"

    @plugin.action(tells=False)
    async def keep(turn: Turn) -> str:
        """Keep it in mind."""
        await turn.runtime.set_cache("note", turn.message.content.text)
        return turn.message.content.text

    def model(request: ModelRequest) -> str:
        words = request.messages[-1].text.rpartition("</context>")[2]
        if "remember" in words and "# Done just now" not in words:
            return "<response><actions>KEEP</actions><text>I will.</text></response>"
        return reply(f"{speaker(request)} is here.")

    scripted = Scripted(model)
    async with playing("Ada", "Bert", plugins=[plugin], model=scripted, data=tmp_path) as play:
        stage = play.stage
        kim, eve = stage.person("Kim"), stage.person("Eve")
        groups = {name: stage.group(f"Of {name}", [kim, eve], [bot])
                  for name, bot in play.bots.items()}  # fmt: skip
        words = {"Ada": canary(1), "Bert": canary(2)}
        for _ in range(2):
            for name, bot in play.bots.items():
                for chat in (stage.dm(kim, bot), groups[name]):
                    kim.says(chat, f"{name}, remember {words[name]}")
                    await stage.next_from(bot, chat, timeout=20)
        await settled(play, 4)
        await until(lambda: play.gateway.ready()["owed"] == 0)
        assert_apart(play, scripted, words)


def assert_apart(play: Play, model: Scripted, words: dict[str, str]) -> None:
    own: dict[str, int] = {"Ada": 0, "Bert": 0}
    for request in model.requests:
        name = speaker(request)
        other = "Bert" if name == "Ada" else "Ada"
        assert words[other] not in whole(request)
        own[name] += words[name] in whole(request).rpartition("</context>")[0]
    assert min(own.values()) >= 2, "her own she does see"
