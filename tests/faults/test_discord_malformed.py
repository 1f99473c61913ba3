"""Gateway events of any shape: the bad ones are put aside, the good ones behind are answered: G29."""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox.discord.permissions import MANAGE_WEBHOOKS
from core.models.scripted import Scripted
from tests.bots.discord.events import ADA, BOB, GUILD, POST, REAL, SENT, SERVER, TEA, message
from tests.bots.discord.test_interactions import (
    TOKEN,
    command,
    form,
    menu,
    option,
    outside,
    started,
)
from tests.faults import ledgers
from tests.faults.test_malformed import spoilt
from tests.flows.on_discord import Server, heard, on_discord
from tests.flows.talk import echo, reply, until
from tests.flows.test_forms_on_discord import offered

HERE = {"GUILD_CREATE": SERVER, "GUILD_UPDATE": SERVER, "THREAD_LIST_SYNC": SERVER}
"""Events about places, of which discord.py makes its picture of the world."""
CLEO = {"name": "Cleo", "bio": "Made for a test.", "settings": {"DISCORD_FACE_OF": "Ada"}}
STARTED = [
    command("chat", option("message", "hello")),
    command("settings", option("name", "language"), option("value", "de")),
    command("help"),
    command("why", option("message", "1400000000000000005")),
    menu("Ask Ada about this", message("hello")),
    menu("Ask Ada about them", BOB, 2),
    menu("Why?", message("hello", author=ADA)),
    form("ask:1400000000000000005", {"question": "hello"}),
    form("tea_form", {"tea": "hello"}),
    outside(command("chat", option("message", "hello")), context=2),
    started(3, {"custom_id": "menu", "component_type": 3, "values": ["hello"]}, message=message()),
    started(
        4, {"name": "settings", "type": 1, "options": [{**option("name", "l"), "focused": True}]}
    ),
]
"""Whatever somebody can start."""
HOOK = {"id": "1800000000000000001", "username": "Cleo", "avatar": None, "bot": True}
PLACE = {"guild_id": GUILD, "channel_id": TEA}
MORE: list[tuple[str, dict[str, Any]]] = [
    *(("INTERACTION_CREATE", one) for one in STARTED),
    ("MESSAGE_CREATE", message("hello", author=HOOK, webhook_id=HOOK["id"], application_id="{us}")),
    ("MESSAGE_CREATE", message("hello", author=HOOK, webhook_id=HOOK["id"])),
    ("MESSAGE_CREATE", message("Cleo, hello")),
    (
        "MESSAGE_UPDATE",
        message("hello!", author=HOOK, webhook_id=HOOK["id"], edited_timestamp=SENT),
    ),
    ("WEBHOOKS_UPDATE", PLACE),
    ("MESSAGE_REACTION_REMOVE_ALL", {**PLACE, "message_id": "1400000000000000005"}),
    ("THREAD_CREATE", {"id": POST, "guild_id": GUILD, "type": 11, "name": "hello"}),
    ("THREAD_DELETE", {"id": POST, "guild_id": GUILD, "parent_id": TEA, "type": 11}),
]
DEADLY = ("hello", "Bob", "notes.txt", TOKEN)
"""Words of people in these events, and a secret; none may stand in a reason."""


def at_home(event: dict[str, Any], number: int, channel: int, guild: int) -> dict[str, Any]:
    """One more such event, in a room that there is; a direct one stays where nobody is."""
    moved = copy.deepcopy(event)
    if "channel_id" in moved and "id" in moved:
        moved["id"] = str(1_400_000_000_000_000_000 + number)
    if "guild_id" in moved:
        moved |= {"guild_id": str(guild), "channel_id": str(channel)}
    return moved


def written(event: dict[str, Any], us: int) -> bytes:
    return json.dumps(event).replace("{us}", str(us)).encode()


@pytest.mark.parametrize(
    "number",
    [1_000, pytest.param(10_000, marks=[pytest.mark.soak, pytest.mark.timeout(400)])],
    ids="{}-events".format,
)
async def test_g29_on_discord_spoilt_events_cost_neither_the_line_nor_a_good_word(
    number: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chance = random.Random(number)
    async with on_discord(
        "Ada",
        "Bert",
        CLEO,
        model=Scripted(echo),
        data=tmp_path,
        settings={"BASIC_CAPABILITIES_KEEP_RESP": "true"},
    ) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        server = Server.of(stage, play.discord_bots.values())
        bob, dm = server.owner, stage.discord.dm(server.owner, ada)
        shapes = [*REAL, *MORE, *HERE.items()]
        stage.discord.role(server.guild, "Hands", [ada], permissions=MANAGE_WEBHOOKS)
        await offered(play)
        for one in range(number):
            event, good = chance.choice(shapes)
            bad = spoilt(at_home(good, one, server.general.id, server.guild.id), chance)
            stage.discord.gateway.dispatch(ada, event, written(bad, ada.id))
            if one % 150 == 0:
                bob.says(dm, f"question {one}")
                assert (await stage.next_from(ada, dm, timeout=30)).text.endswith(f"question {one}")
        bob.says(server.general, "@Ada are you well?")
        bob.says(server.general, "Cleo, and are you fine?")
        asked = stage.discord.interaction(bob.uses(dm, ada, "chat", message="and by command?"))

        def well() -> list[bool]:
            said = [one.text for one in heard(stage, server.general, ada)]
            reply = asked.reply.text if asked.reply else ""
            ends = ("Ada heard: Bob: @Ada are you well?", "Cleo heard: ")
            return [*(any(end in one for one in said) for end in ends), "by command?" in reply]

        await ledgers.until(lambda: all(well()), lambda: f"{well()}", timeout=60)
        await until(
            lambda: all(row["status"] != "new" for row in ledgers.read(tmp_path).inbox), timeout=60
        )
        report = play.gateway.ready()
        counts = stage.discord.gateway.sessions(ada)
        bert = play.discord_bots["Bert"]
        bob.says(stage.discord.dm(bob, bert), "and you?")
        await stage.next_from(bert, stage.discord.dm(bob, bert))
    assert [one["phase"] for one in report["links"]] == ["live"] * 3
    assert (counts.connections, counts.identifies, counts.resumes) == (1, 1, 0)
    rows = ledgers.read(tmp_path).inbox
    dead = [row for row in rows if row["status"] == "dead"]
    assert dead, "the seed must spoil something for good"
    assert all(row["rule"] for row in dead)
    assert not [row["rule"] for row in dead if any(word in row["rule"] for word in DEADLY)]
    assert all(row["payload"] for row in dead), "kept as it came, for whoever looks"
    assert len(rows) > number / 3, "what we want to know of was written down, whatever it was"
    begun = [row for row in rows if row["event_key"].startswith("i:")]
    assert len(begun) > number / 10
    assert "answered" in {row["status"] for row in begun}
    told = Counter(one.getMessage() for one in caplog.records if one.levelname == "WARNING")
    assert len([text for text in told if "discord.py cannot read" in text]) <= len(
        {event for event, _ in shapes}
    )
    assert not [one for one in caplog.records if one.exc_info], "no traceback of ours"


async def test_g29_on_discord_an_answer_without_sense_is_tried_again(tmp_path: Path) -> None:
    """Half a message instead of a whole one: nobody knows whether it was said, and it is said once."""
    async with on_discord("Ada", model=Scripted([reply("here")]), data=tmp_path) as play:
        stage, ada = play.stage, play.discord_bots["Ada"]
        bob = stage.person("Bob")
        dm = stage.discord.dm(bob, ada)
        stage.discord.faults.garbage(b'{"id": "1', method="create_message")
        bob.says(dm, "are you there?")
        assert (await stage.next_from(ada, dm, timeout=40)).text == "here"
        await until(
            lambda: [row["status"] for row in ledgers.read(tmp_path).deliveries] == ["sent"],
            timeout=40,
        )
        said = [one.text for one in stage.messages(dm) if one.sender is ada]
    assert said == ["here"]
