"""In company: who answers whom, who keeps silent, and the rule that is written down for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from bots.sandbox.world import Chat
from bots.testkit import Play
from core.models.scripted import Scripted
from core.ports import ModelRequest
from tests.fakes.databases import in_use
from tests.faults import ledgers
from tests.flows.talk import IGNORE, echo, outcomes, playing, question, reply, settled, update

pytestmark = pytest.mark.usefixtures("database")


def heard(play: Play, chat: Chat, name: str = "Ada") -> list[str]:
    return [one.text for one in play.stage.messages(chat) if one.sender is play.bots[name]]


async def test_in_a_group_she_answers_whoever_addresses_her_and_nobody_else(
    tmp_path: Path,
) -> None:
    async with playing("Ada", model=Scripted(echo), data=tmp_path) as play:
        ada = play.bots["Ada"]
        bob, eve = play.stage.person("Bob"), play.stage.person("Eve", username="eve")
        group = play.stage.group("Friends", [bob, eve], [ada])
        bob.says(group, "what a day")
        await settled(play, 1)
        bob.says(group, "@ada_bot by tag")
        first = await play.stage.next_from(ada, group)
        bob.says(group, "so, Ada, by name")
        await play.stage.next_from(ada, group)
        eve.says(group, "by reply", reply_to=first)
        await play.stage.next_from(ada, group)
        bob.says(group, "adamant talk of Adamov")
        ended = await settled(play, 5)
        answered = heard(play, group)
    assert ended == [
        ("silent", "not-addressed"),
        ("answered", "mentioned"),
        ("answered", "named"),
        ("answered", "reply"),
        ("silent", "not-addressed"),
    ]
    assert len(answered) == 3
    assert "by reply" in answered[-1]


async def test_who_is_addressed_answers_and_the_other_character_keeps_silent(
    tmp_path: Path,
) -> None:
    async with playing("Ada", "Bert", model=Scripted(echo), data=tmp_path) as play:
        zoe = play.stage.person("Zoe")
        group = play.stage.group("Two", [zoe], play.bots.values())
        zoe.says(group, "@bert_bot who are you?")
        said = await play.stage.next_from(play.bots["Bert"], group)
        zoe.says(group, "and then?", reply_to=said)
        await play.stage.next_from(play.bots["Bert"], group)
        assert await settled(play, 2, "Ada") == [("silent", "addressed-to-another")] * 2
        bert = await settled(play, 2, "Bert")
        assert [status for status, _ in bert] == ["answered", "answered"]
        assert heard(play, group, "Ada") == []
        assert heard(play, group, "Bert")[0].startswith("Bert heard")


async def test_other_bots_are_not_answered_unless_that_is_wanted(tmp_path: Path) -> None:
    characters: list[dict[str, Any]] = [
        {"name": "Ada", "bio": "Shy."},
        {"name": "Bert", "bio": "Open.", "settings": {"TROUPE_ANSWER_BOTS": True}},
    ]
    async with playing(*characters, model=Scripted(echo), data=tmp_path) as play:
        ada, bert = play.bots["Ada"], play.bots["Bert"]
        zoe = play.stage.person("Zoe")
        seller = play.stage.bot("Seller")
        group = play.stage.group("Bots", [zoe], [ada, bert])
        # Telegram shows no bot what another bot says, unless a person's client passes it on.
        for bot in (ada, bert):
            bot.inject(update(group, seller, 900, f"{bot.name}, buy my coins"))
        assert await settled(play, 1, "Ada") == [("silent", "bot")]
        assert await settled(play, 1, "Bert") == [("answered", "named")]


async def test_characters_stop_answering_one_another_after_a_few_hops(tmp_path: Path) -> None:
    async with playing(
        "Ada",
        "Bert",
        model=Scripted([reply("Well.")]),
        data=tmp_path,
        settings={"TROUPE_HOPS": "2"},
    ) as play:
        ada, bert = play.bots["Ada"], play.bots["Bert"]
        zoe = play.stage.person("Zoe")
        group = play.stage.group("Loop", [zoe], [ada, bert])
        for number in range(4):
            ada.inject(update(group, bert, 800 + number, "Ada, and then?"))
            await settled(play, number + 1)
        zoe.says(group, "Ada, a person speaks")
        await settled(play, 5)
        ada.inject(update(group, bert, 850, "Ada, and now?"))
        ended = await settled(play, 6)
    assert ended == [
        ("answered", "named"),
        ("silent", "hops"),
        ("silent", "hops"),
        ("silent", "hops"),
        ("answered", "named"),
        ("answered", "named"),
    ], "her own answers are hops as well"


async def test_in_a_muted_room_only_her_name_wakes_her(tmp_path: Path) -> None:
    async with Stage(limits=False) as stage:
        async with playing("Ada", model=Scripted(echo), data=tmp_path, stage=stage) as play:
            bob = stage.person("Bob")
            dm = stage.dm(bob, play.bots["Ada"])
            bob.says(dm, "first")
            await stage.next_from(play.bots["Ada"], dm)
        in_use.now.ask(
            tmp_path, "UPDATE participants SET state = 'MUTED' WHERE entity_id = character_id"
        )
        async with playing("Ada", model=Scripted(echo), data=tmp_path, stage=stage) as play:
            bob.says(dm, "are you asleep?")
            assert (await settled(play, 2))[1] == ("silent", "muted")
            bob.says(dm, "Ada, wake up")
            assert "wake up" in (await stage.next_from(play.bots["Ada"], dm)).text


async def test_a_follow_up_may_be_passed_over_by_the_model(tmp_path: Path) -> None:
    def model(request: ModelRequest) -> str:
        return IGNORE if "hm" in question(request) else echo(request)

    async with playing("Ada", model=(asked := Scripted(model)), data=tmp_path) as play:
        ada = play.bots["Ada"]
        bob, eve = play.stage.person("Bob"), play.stage.person("Eve")
        group = play.stage.group("Friends", [bob, eve], [ada])
        bob.says(group, "Ada, what is a bug?")
        await play.stage.next_from(ada, group)
        bob.says(group, "and who found the first one?")
        await play.stage.next_from(ada, group)
        bob.says(group, "hm")
        await settled(play, 3)
        eve.says(group, "I was in the garden")
        bob.says(group, "nice")
        ended = await settled(play, 5)
    assert ended == [
        ("answered", "named"),
        ("answered", "follow-up"),
        ("silent", "ignored-by-model"),
        ("silent", "not-addressed"),
        ("silent", "not-addressed"),
    ]
    assert len(asked.requests) == 3, "silence by rule asks no model"


async def test_what_was_not_addressed_to_her_is_remembered_all_the_same(tmp_path: Path) -> None:
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada = play.bots["Ada"]
        bob = play.stage.person("Bob")
        group = play.stage.group("Friends", [bob], [ada])
        bob.says(group, "my bicycle is called Harold")
        await settled(play, 1)
        bob.says(group, "Ada, what is it called?")
        await play.stage.next_from(ada, group)
    talk = "\n".join(said.text for said in asked.requests[-1].messages)
    assert "Bob: my bicycle is called Harold" in talk


async def test_topics_are_rooms_of_their_own_and_are_answered_where_one_spoke(
    tmp_path: Path,
) -> None:
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada = play.bots["Ada"]
        bob = play.stage.person("Bob")
        forum = play.stage.forum("Club", [bob], [ada], topics=["Tea", "Bugs"])
        tea, bugs = (number for number, name in forum.topics.items() if name != "General")
        bob.says(forum, "Ada, a word about oolong", topic=tea)
        in_tea = await play.stage.next_from(ada, forum)
        bob.says(forum, "Ada, a word about moths", topic=bugs)
        in_bugs = await play.stage.next_from(ada, forum)
        bob.says(forum, "Ada, in general")
        in_general = await play.stage.next_from(ada, forum)
    assert (in_tea.topic, in_bugs.topic) == (tea, bugs)
    assert in_general.topic not in (tea, bugs)
    assert "oolong" not in str(asked.requests[1]), "what is said in one topic stays in it"
    assert "oolong" not in str(asked.requests[2])


async def test_what_is_old_is_remembered_and_not_answered(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada = play.bots["Ada"]
        bob = play.stage.person("Bob")
        group = play.stage.group("Friends", [bob], [ada])
        dm = play.stage.dm(bob, ada)
        ada.inject(update(group, bob, 700, "Ada, are you there?", now - timedelta(hours=1)))
        assert await settled(play, 1) == [("silent", "stale")]
        ada.inject(update(dm, bob, 701, "an hour ago", now - timedelta(hours=1)))
        assert (await play.stage.next_from(ada, dm)).text.endswith("an hour ago")
        ada.inject(update(dm, bob, 702, "two days ago", now - timedelta(days=2)))
        await settled(play, 3)
        bob.says(group, "Ada, now")
        await play.stage.next_from(ada, group)
    assert outcomes(play)[2] == ("silent", "stale")
    assert "are you there?" in str(asked.requests[-1]), "she knows that she was asked"


async def test_two_characters_in_one_group_remember_each_for_herself(tmp_path: Path) -> None:
    asked = Scripted(lambda request: reply("noted"))
    async with playing("Ada", "Bert", model=asked, data=tmp_path) as play:
        zoe = play.stage.person("Zoe")
        group = play.stage.group("Two", [zoe], play.bots.values())
        dm = play.stage.dm(zoe, play.bots["Ada"])
        zoe.says(dm, "a secret between Ada and me")
        await play.stage.next_from(play.bots["Ada"], dm)
        for name in ("Ada", "Bert"):
            zoe.says(group, f"{name}, what do you know?")
            await play.stage.next_from(play.bots[name], group)
    rows = ledgers.read(tmp_path).memories
    assert len({row["character_id"] for row in rows}) == 2
    assert len({row["room_id"] for row in rows}) == 3, (
        "the group is a room of each, the chat is Ada's"
    )
    for request in asked.requests[1:]:
        assert "between Ada and me" not in str(request), "neither in company nor to another"


@pytest.mark.parametrize(
    "setting", ["SHOULD_RESPOND_BYPASS_TYPES", "SHOULD_RESPOND_BYPASS_SOURCES"]
)
async def test_a_bypass_makes_her_answer_everything(setting: str, tmp_path: Path) -> None:
    value = {"SHOULD_RESPOND_BYPASS_TYPES": "GROUP", "SHOULD_RESPOND_BYPASS_SOURCES": "telegram"}
    async with playing(
        "Ada", model=Scripted(echo), data=tmp_path, settings={setting: value[setting]}
    ) as play:
        bob = play.stage.person("Bob")
        group = play.stage.group("Friends", [bob], [play.bots["Ada"]])
        bob.says(group, "what a day")
        await play.stage.next_from(play.bots["Ada"], group)
        ended = await settled(play, 1)
    assert ended[0][1].startswith("bypass-")
