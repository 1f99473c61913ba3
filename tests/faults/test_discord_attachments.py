"""What hangs on messages of Discord's: fetched from Discord or not at all, and never a bomb: G31, G32."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from bots.sandbox.discord import handing, talking
from core.models.scripted import Scripted
from tests.bots.test_guarded import FORMS, Canary
from tests.fakes.model_server import ModelServer
from tests.fakes.pictures import png
from tests.faults import bombs
from tests.faults.discord_crowd import discord_process
from tests.faults.ledgers import until
from tests.faults.test_bombs_in_chat import MOST, resident
from tests.flows.on_discord import calls, on_discord, settled
from tests.flows.talk import echo, question, reply
from tests.flows.test_perceiving import Senses

CDN = (
    "{cdn}.evil.example/attachments/1/2/a.png",
    "{cdn}@127.0.0.1:{port}/attachments/1/2/a.png",
    "{cdn}/attachments/../../api/v10/users/@me",
    "{cdn}/attachments/%2e%2e/%2e%2e/api/v10/users/@me",
    "{api}/users/@me",
    "//127.0.0.1:{port}/cdn/attachments/1/2/a.png",
    "file:///etc/passwd",
    "",
)
"""Beside the ways to write our own address: what only looks as if it lay at Discord."""


@pytest.fixture
def canary() -> Iterator[Canary]:
    made = Canary()
    yield made
    made.close()


async def test_g31_a_forged_link_of_an_attachment_is_never_asked_for(
    canary: Canary, tmp_path: Path
) -> None:
    """The event says it lies there, and so does Discord when it is asked for a fresh link."""
    senses, model = Senses(), Scripted(echo)
    settings = {"BASIC_CAPABILITIES_KEEP_RESP": "true"}
    async with on_discord(
        "Ada", model=model, data=tmp_path, plugins=[senses.plugin], settings=settings
    ) as play:
        stage, ada, bob = play.stage, play.discord_bots["Ada"], play.stage.person("Bob")
        there, dm, photo = stage.discord, stage.discord.dm(bob, ada), png(9, 9)
        urls = [
            one.format(port=canary.port, cdn=there.cdn_root, api=there.api_root)
            for one in (*FORMS, *CDN)
        ]
        assert len(urls) >= 40
        for url in urls:
            file = handing.file(stage.world, dm, "a.png", photo) | {"url": url, "proxy_url": url}
            talking.say(stage.world, bob, dm, "look", more={"attachments": [file]})
        ended = await settled(play, len(urls))
        asked = [question(one) for one in model.requests]
        assert canary.hits == 0
        assert senses.seen == []
        assert len([one for one in asked if "the file does not lie at Discord" in one]) == len(urls)
        assert {status for status, _ in ended} == {"answered"}
        assert calls(stage, "get_message"), "Discord was asked where they lie"
        assert len(calls(stage, "get_my_user")) <= 1
        bob.sends(dm, "b.png", photo, "and this?")
        await settled(play, len(urls) + 1)
        assert senses.seen == [photo], "what lies at Discord is seen"
        assert play.gateway.ready()["status"] == "ok"


@pytest.fixture
async def model() -> AsyncIterator[ModelServer]:
    async with ModelServer(keep_calls=False) as server:
        yield server


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="looks into /proc")
@pytest.mark.timeout(120)
async def test_g32_on_discord_whatever_is_sent_to_be_looked_at_ends_as_a_sentence(
    tmp_path: Path, stage: Stage, thinks: Callable[..., dict[str, str]], model: ModelServer
) -> None:
    told: list[str] = []

    def listens(request: Mapping[str, Any]) -> str:
        told.append(str(request["messages"][-1]["content"]).rpartition("</context>\n")[2])
        return reply("I see.")

    model.answer, model.sight = listens, "A cat"
    async with discord_process(tmp_path, stage, **thinks(TROUPE_REFLECTION="false")) as gateway:
        await gateway.until()
        ada, bob = gateway.bots["Ada"], stage.person("Bob")
        dm = stage.discord.dm(bob, ada)
        # What seeing and reading take at all is there before it is measured.
        for name, data in (
            ("cat.png", png(9, 9)),
            ("owls.docx", bombs.docx(b"<w:p><w:r><w:t>Owls.</w:t></w:r></w:p>")),
        ):
            bob.sends(dm, name, data)
            await stage.next_from(ada, dm, timeout=30)
        assert gateway.process is not None
        before, grown = resident(gateway.process.pid), 0
        sent = {
            "picture.png": "looked at: the picture has",
            "frames.gif": "looked at: the picture has 65535 x",
            "lies.docx": "read: reading it takes more memory",
            "nested.docx": "read: it is an archive",
            "laughs.xml": "read: it defines entities",
        }
        for name, words in sent.items():
            number = len(told)
            bob.sends(dm, name, bombs.BOMBS[name]())

            def answered(number: int = number) -> bool:
                nonlocal grown
                assert gateway.process is not None
                grown = max(grown, resident(gateway.process.pid) - before)
                return len(told) > number and stage.messages(dm)[-1].sender is ada

            await until(answered, lambda name=name: f"{name}\n{gateway.log[-2000:]}", timeout=40)  # type: ignore[misc]
            assert words in told[-1], told[-1][:200]
        assert len(model.seen) == 1
        assert grown <= MOST
        assert await gateway.end() == 0
        assert "Traceback" not in gateway.log
