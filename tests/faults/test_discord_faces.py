"""Who speaks through another one's bot loses nothing and says nothing twice, whatever breaks."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from pathlib import Path

from bots.discord.face_quotes import without_quote
from bots.sandbox import Stage
from bots.sandbox.discord.permissions import MANAGE_WEBHOOKS
from bots.sandbox.world import Chat
from tests.faults.ledgers import until
from tests.faults.process import GatewayProcess

Variables = Callable[..., dict[str, str]]
ROOMS, ROUNDS = 4, 5


def said(stage: Stage, room: Chat) -> list[str]:
    found = stage.messages(room)
    return [without_quote(one.text) for one in found if one.spoken_as == "Bert"]


async def test_killed_again_and_again_a_face_answers_everybody_once(
    tmp_path: Path, stage: Stage, thinks: Variables
) -> None:
    chance, ada = random.Random(21), stage.discord.bot("Ada")
    people = [stage.person(f"Person {one}") for one in range(ROOMS)]
    guild = stage.discord.guild("The Commons", people, [ada], channels=())
    stage.discord.role(guild, "Stagehands", [ada], permissions=MANAGE_WEBHOOKS)
    rooms = [stage.discord.channel(guild, one.name) for one in people]
    settings = thinks(CHARACTER__BERT__DISCORD_FACE_OF="Ada", TROUPE_HOPS="0")
    gateway = GatewayProcess(tmp_path, stage, {"Ada": ada}, settings)
    bert = tmp_path / "bert.json"
    bert.write_text(json.dumps({"name": "Bert", "bio": "Bert is made for a test."}))
    gateway.characters.append(bert)
    await gateway.start()
    try:
        await gateway.until()
        stage.discord.faults.delay(0.3, method="execute_webhook")
        for number in range(ROUNDS):
            for place, (person, room) in enumerate(zip(people, rooms, strict=True)):
                person.says(room, f"Bert, m{place}.{number}?")
            await asyncio.sleep(chance.uniform(0.2, 2.2))
            await gateway.kill()
            await gateway.start()
        stage.discord.faults.clear()
        await gateway.until()
        await until(
            lambda: all(len(said(stage, room)) >= ROUNDS for room in rooms),
            lambda: f"{[said(stage, room) for room in rooms]}\n{gateway.log[-4000:]}",
            timeout=40,
        )
        await asyncio.sleep(0.5)
        assert await gateway.end() == 0
    finally:
        await gateway.kill()
    for place, room in enumerate(rooms):
        assert said(stage, room) == [f"re m{place}.{number}" for number in range(ROUNDS)]
    assert len(stage.discord.journal.of("create_webhook")) == ROOMS
    assert "Traceback" not in gateway.log
