"""What docs/telegram.md promises and no other test shows by itself, played on the stage."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bots.sandbox.world import Chat
from bots.testkit import Play
from core.models.scripted import Scripted
from core.plugins import Plugin, Turn
from tests.flows.talk import echo, outcomes, playing, question, settled, until, whole

pytestmark = pytest.mark.usefixtures("database")


def said(play: Play, name: str = "Ada") -> int:
    return len(play.stage.journal.of("sendMessage", bot=play.bots[name].id))


async def test_a_post_that_names_her_is_answered_in_its_channel_and_no_other(
    tmp_path: Path,
) -> None:
    """T-31, V-12."""
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        channel = play.stage.channel("News", bob, [ada])
        bob.says(channel, "it rains")
        assert await settled(play, 1) == [("silent", "not-addressed")]
        bob.says(channel, "what do you think of it, @ada_bot?")
        answer = await play.stage.next_from(ada, channel)
        assert "what do you think of it" in answer.text
    assert len(asked.requests) == 1


async def test_each_topic_remembers_for_itself(tmp_path: Path) -> None:
    """T-41, T-49, V-11."""
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        forum = play.stage.forum("Club", [bob], [ada])
        books, birds = play.stage.topic(forum, "Books", bob), play.stage.topic(forum, "Birds", bob)
        bob.says(forum, "@ada_bot Emma is by Austen", topic=books)
        await play.stage.next_from(ada, forum)
        bob.says(forum, "@ada_bot what flies?", topic=birds)
        await play.stage.next_from(ada, forum)
        assert "Austen" not in whole(asked.requests[-1])
        bob.says(forum, "@ada_bot and who wrote it?", topic=books)
        answer = await play.stage.next_from(ada, forum)
        assert "Austen" in whole(asked.requests[-1])
        assert answer.topic == books


async def test_an_edit_of_what_she_never_saw_is_no_question(tmp_path: Path) -> None:
    """T-42: what was said while nobody was there yet may be edited after a start."""
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        now = int(bob.world.now())
        ada.inject(
            {
                "edited_message": {
                    "message_id": 41,
                    "date": now - 60,
                    "edit_date": now,
                    "chat": {"id": dm.id, "type": "private", "first_name": "Bob"},
                    "from": {"id": bob.id, "is_bot": False, "first_name": "Bob"},
                    "text": "hello, with a comma",
                }
            }
        )
        ((status, _rule),) = await settled(play, 1)
        assert status == "silent"
        bob.says(dm, "hello")
        await play.stage.next_from(ada, dm)
        assert [question(one) for one in asked.requests] == ["hello"]
        assert said(play) == 1


def asker() -> Plugin:
    plugin = Plugin("asker")

    @plugin.command("tea", "Asks about tea")
    async def ask(turn: Turn) -> dict[str, object]:
        return {"text": "Tea?", "buttons": [{"text": "Yes", "callback_data": "nobody_knows"}]}

    return plugin


async def test_a_press_is_what_somebody_says_and_actions_find_what_it_gives(
    tmp_path: Path,
) -> None:
    """T-60: `content.callback_data`, as elizaOS' HANDLE_CALLBACK reads it."""
    given: list[object] = []
    plugin = asker()

    @plugin.action()
    async def pour(turn: Turn) -> str:
        """Pour tea."""
        given.append(turn.message.content.extra.get("callback_data"))
        return "Poured."

    asked = Scripted(["<response><actions>POUR</actions></response>"])
    async with playing("Ada", model=asked, data=tmp_path, plugins=[plugin]) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "/tea")
        drawn = await play.stage.next_from(ada, dm)
        bob.presses(drawn, "nobody_knows")
        await settled(play, 2)
        assert outcomes(play)[-1][0] == "answered"
    assert given == ["nobody_knows"]
    assert question(asked.requests[0]) == "Yes"


async def test_a_press_that_leads_nowhere_is_answered_all_the_same(tmp_path: Path) -> None:
    """T-59: the button stops turning, and nobody is asked anything."""
    asked = Scripted(echo)
    async with playing("Ada", model=asked, data=tmp_path, plugins=[asker()]) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.says(dm, "/tea")
        drawn = await play.stage.next_from(ada, dm)
        query = {
            "id": "81",
            "from": {"id": bob.id, "is_bot": False, "first_name": "Bob"},
            "chat_instance": "1",
            "data": "of_a_message_that_is_gone",
            "message": {
                "message_id": drawn.id,
                "date": 0,
                "chat": {"id": dm.id, "type": "private"},
            },
        }
        ada.inject({"callback_query": query})
        await until(lambda: play.stage.journal.of("answerCallbackQuery", bot=ada.id))
        await settled(play, 2)
        assert outcomes(play)[-1] == ("silent", "press-noted")
    assert asked.requests == []


async def test_what_a_link_has_brought_somebody_for_is_remembered(tmp_path: Path) -> None:
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        dm = play.stage.dm(bob, ada)
        bob.starts(ada, "winter")
        assert "Hello, I am Ada." in (await play.stage.next_from(ada, dm)).text
        bob.says(dm, "what did I come for?")
        await play.stage.next_from(ada, dm)
    assert "/start winter" in whole(asked.requests[-1])


async def test_fifty_people_at_once_are_all_answered(tmp_path: Path) -> None:
    """T-87: each in their own chat, each once, and with what they have asked themselves."""
    async with playing("Ada", model=Scripted(echo), data=tmp_path) as play:
        ada = play.bots["Ada"]
        people = [play.stage.person(f"Person {number}") for number in range(50)]
        rooms = [play.stage.dm(one, ada) for one in people]
        for number, (one, room) in enumerate(zip(people, rooms, strict=True)):
            one.says(room, f"my number is {number}.")
        answers = [await play.stage.next_from(ada, room) for room in rooms]
        assert all(f"is {number}." in one.text for number, one in enumerate(answers))
        assert Counter(await settled(play, 50)) == {("answered", "direct"): 50}
        assert said(play) == 50


async def test_a_summons_a_query_and_a_customer_are_answered_where_they_asked(
    tmp_path: Path,
) -> None:
    """Guest mode, inline queries and business chats, side by side."""
    async with playing("Ada", model=Scripted(echo), data=tmp_path) as play:
        ada, bob, olga = play.bots["Ada"], play.stage.person("Bob"), play.stage.person("Olga")
        ada.may("guests", "inline", "business")
        elsewhere = play.stage.supergroup("Elsewhere", [bob, olga])
        bob.summons(elsewhere, ada, "who wrote Emma?")
        await until(lambda: "who wrote Emma?" in heard(play, elsewhere))
        bob.types_inline(ada, "who wrote Persuasion")
        await until(lambda: play.stage.journal.of("answerInlineQuery", bot=ada.id))
        olga.connects(ada)
        shop = play.stage.business(olga, bob)
        bob.says(shop, "is it open?")
        await until(lambda: "is it open?" in heard(play, shop))


async def test_a_character_that_is_not_to_speak_elsewhere_does_not(tmp_path: Path) -> None:
    model = Scripted(echo)
    settings = {"TELEGRAM_INLINE": "false", "TELEGRAM_GUEST": "no"}
    async with playing("Ada", model=model, data=tmp_path, settings=settings) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        ada.may("guests", "inline")
        elsewhere = play.stage.supergroup("Elsewhere", [bob])
        bob.summons(elsewhere, ada, "who wrote Emma?")
        bob.types_inline(ada, "who wrote Persuasion")
        found = await settled(play, 2)
        assert sorted(found) == [("silent", "guest-off"), ("silent", "inline-off")]
        bob.says(play.stage.dm(bob, ada), "hello")
        await play.stage.next_from(ada, play.stage.dm(bob, ada))
    assert [question(one) for one in model.requests] == ["hello"]


def heard(play: Play, chat: Chat) -> str:
    """What Ada has said there, in whoever's name."""
    texts = (one.text for one in play.stage.messages(chat))
    return "\n".join(one for one in texts if one.startswith("Ada heard: "))
