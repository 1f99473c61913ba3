"""A person's own settings count in that person's turns, and in nobody else's (RC-01, RC-06)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bots.sandbox import Stage
from core.flow.presence import entity_id
from core.flow.wishes import Wishes
from core.ids import Account, CharacterId, string_to_uuid
from core.messages import Address
from core.store.engine import open_store
from tests.fakes.databases import in_use
from tests.fakes.model_server import ModelServer
from tests.flows.talk import playing

pytestmark = pytest.mark.usefixtures("database")

ADA = CharacterId(string_to_uuid("Ada"))


async def test_each_person_is_answered_by_the_model_they_chose(tmp_path: Path) -> None:
    async with Stage(limits=False) as stage, ModelServer() as server:
        ada = stage.bot("Ada")
        bob, eve = stage.person("Bob", username="bob"), stage.person("Eve", username="eve")
        person = entity_id(ADA, Address("telegram", Account(f"telegram:{ada.id}"), ""), str(bob.id))
        async with open_store(in_use.now.url, tmp_path) as store:
            await Wishes(store).put(person, "OPENAI_LARGE_MODEL", "bobs-own-model")
        settings = {"OPENAI_BASE_URL": server.base_url, "OPENAI_LARGE_MODEL": "everybodys"}
        async with playing("Ada", stage=stage, data=tmp_path, settings=settings):
            for _ in range(3):  # both at once, over and over: neither reads the other's
                for who in (bob, eve):
                    who.says(stage.dm(who, ada), f"{who.name} asks")
                async with asyncio.TaskGroup() as group:
                    for who in (bob, eve):
                        group.create_task(stage.next_from(ada, stage.dm(who, ada)))
    asked = {
        (name, call.request["model"])
        for call in server.calls
        for name in ("Bob", "Eve")
        if f"{name} asks" in call.request["messages"][-1]["content"]
    }
    assert asked == {("Bob", "bobs-own-model"), ("Eve", "everybodys")}


async def test_what_was_set_is_in_force_at_once_and_none_switches_off(tmp_path: Path) -> None:
    async with open_store(in_use.now.url, tmp_path) as store:
        wishes = Wishes(store)
        bob, eve = (entity_id(ADA, Address("telegram", Account("telegram:1"), ""), n) for n in "78")
        assert await wishes.of(bob) == {}
        await wishes.put(bob, "TEMPERATURE", "0.2")
        assert await wishes.of(bob) == {"TEMPERATURE": "0.2"}
        await wishes.put(bob, "TEMPERATURE", None)
        assert await wishes.of(bob) == {"TEMPERATURE": None}
        assert await wishes.of(eve) == {}
    async with open_store(in_use.now.url, tmp_path) as store:
        assert await Wishes(store).of(bob) == {"TEMPERATURE": None}
