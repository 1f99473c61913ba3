"""What people send beside plain words, as a character gets to know it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Bot, Person, media
from bots.sandbox.world import Chat
from bots.testkit import Play
from core.models.scripted import Scripted
from tests.fakes.databases import in_use
from tests.flows.talk import echo, outcomes, playing, question, settled, until, whole
from tests.flows.test_initiative import HOUR, MINUTE, Day


def rows(data: Path, table: str) -> list[Mapping[str, Any]]:
    return in_use.now.rows(data, table)


def direct(play: Play) -> tuple[Bot, Person, Chat]:
    ada, bob = play.bots["Ada"], play.stage.person("Bob")
    return ada, bob, play.stage.dm(bob, ada)


async def test_an_album_is_answered_once(tmp_path: Path) -> None:
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada, bob, dm = direct(play)
        bob.sends_album(dm, *(media.photo() for _ in range(4)), caption="my holiday")
        said = await play.stage.next_from(ada, dm)
        assert said.text.count("[photo") == 4
        assert [status for status, _ in await settled(play, 4)] == ["answered-by"] * 3 + [
            "answered"
        ]
    assert len(asked.requests) == 1
    assert question(asked.requests[0]).startswith("my holiday\n[photo; you cannot see it]\n")


@pytest.mark.parametrize("keep", ["true", "false"])
async def test_a_text_that_the_app_has_cut_is_read_as_one(tmp_path: Path, keep: str) -> None:
    """Also where every message gets an answer of its own."""
    story = " ".join(f"word{number}" for number in range(1_000))
    model = Scripted(lambda request: "<response><actions>REPLY</actions><text>ok</text></response>")
    settings = {"BASIC_CAPABILITIES_KEEP_RESP": keep}
    async with playing("Ada", model=model, data=tmp_path, settings=settings) as play:
        ada, bob, dm = direct(play)
        assert len(bob.pastes(dm, story)) == 2
        await play.stage.next_from(ada, dm)
        bob.says(dm, "and now?")
        await play.stage.next_from(ada, dm)
    assert len(model.requests) == 2
    assert question(model.requests[0]).split() == story.split()


async def test_nothing_is_waited_for_after_a_short_message(tmp_path: Path) -> None:
    async with playing("Ada", model=Scripted(echo), data=tmp_path) as play:
        ada, bob, dm = direct(play)
        bob.says(dm, "hello")
        said = bob.world.now()
        assert (await play.stage.next_from(ada, dm)).date - said < 1.0


async def test_a_forward_comes_with_its_source_and_its_comment(tmp_path: Path) -> None:
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada, bob, dm = direct(play)
        eve = play.stage.person("Eve")
        theirs = eve.says(play.stage.group("Elsewhere", [eve, bob]), "the moon is cheese")
        bob.forwards(dm, theirs, comment="is that true?")
        await until(lambda: asked.requests and "cheese" in question(asked.requests[-1]))
        await settled(play, 2)
        told = question(asked.requests[-1])
        assert "is that true?" in told
        assert "[forwarded from Eve]\nthe moon is cheese" in told
        bob.says(dm, "so?")
        await until(lambda: "so?" in question(asked.requests[-1]))
        assert "[forwarded from Eve]" in whole(asked.requests[-1]), "also when it is the past"
        assert ada.id


async def test_what_has_no_bytes_is_told_in_words_and_remembered_so(tmp_path: Path) -> None:
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada, bob, dm = direct(play)
        deeds = {
            "[location: 52.52000, 13.40500]": lambda: bob.sends_location(dm, 52.52, 13.405),
            "[contact: Kim Low, +491]": lambda: bob.sends_contact(dm, "+491", "Kim Low"),
            "[poll: tea? yes / no]": lambda: bob.sends_poll(dm, "tea?", ["yes", "no"]),
            "[dice: 🎲 4]": lambda: bob.sends_dice(dm, value=4),
            "[sticker: 🦉": lambda: bob.sends_sticker(dm),
        }
        for words, deed in deeds.items():
            deed()
            await play.stage.next_from(ada, dm)
            assert words in question(asked.requests[-1])
        bob.says(dm, "what was all that?")
        await play.stage.next_from(ada, dm)
    past = whole(asked.requests[-1])
    assert all(words in past for words in deeds)
    kept = [row["content"] for row in rows(tmp_path, "memories")]
    assert any('"kind":"dice"' in str(one).replace(" ", "") for one in kept)


async def test_what_she_cannot_perceive_she_is_told_plainly(tmp_path: Path) -> None:
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada, bob, dm = direct(play)
        bob.sends_voice(dm)
        await play.stage.next_from(ada, dm)
        assert "[voice message, 3 s; you cannot hear it]" in question(asked.requests[-1])
        bob.sends_video_note(dm)
        await play.stage.next_from(ada, dm)
    assert "you cannot see it]" in question(asked.requests[-1])


async def test_an_answer_to_a_picture_says_what_it_answers(tmp_path: Path) -> None:
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada, bob, dm = direct(play)
        photo = bob.sends_photo(dm, caption="my cat")
        await play.stage.next_from(ada, dm)
        bob.says(dm, "how old is she?", reply_to=photo)
        await play.stage.next_from(ada, dm)
        assert "answering Bob: “my cat [photo; you cannot see it]”" in question(asked.requests[-1])
        long = bob.says(dm, "I like tea. I like cake.")
        await play.stage.next_from(ada, dm)
        bob.quotes(long, "I like cake", "this is a lie")
        await play.stage.next_from(ada, dm)
    assert "answering Bob, to these words: “I like cake”" in question(asked.requests[-1])


async def test_who_leaves_takes_part_no_more_and_who_comes_is_known(tmp_path: Path) -> None:
    async with playing("Ada", model=Scripted(echo), data=tmp_path) as play:
        ada, bob, eve = play.bots["Ada"], play.stage.person("Bob"), play.stage.person("Eve")
        group = play.stage.supergroup("Tea", [bob], [ada])
        bob.says(group, "@Ada hello")
        await play.stage.next_from(ada, group)

        def people() -> set[str]:
            here = {row["entity_id"] for row in rows(tmp_path, "participants")}
            return {
                name
                for row in rows(tmp_path, "entities")
                if row["id"] in here
                for name in ("Bob", "Eve")
                if name in str(row["names"])
            }

        eve.joins(group)
        await until(lambda: people() == {"Bob", "Eve"})
        bob.removes(group, eve)
        await until(lambda: people() == {"Bob"})
        bob.says(group, "@Ada are you there?")
        await play.stage.next_from(ada, group)
    assert people() == {"Bob"}


async def test_a_group_and_its_topics_are_called_what_they_are_called_now(tmp_path: Path) -> None:
    async with playing("Ada", model=Scripted(echo), data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        forum = play.stage.forum("Club", [bob], [ada])
        topic = bob.opens_topic(forum, "Books")

        def names() -> set[str]:
            return {row["name"] for row in rows(tmp_path, "rooms")}

        await until(lambda: "Books" in names())
        bob.says(forum, "@Ada hello", topic=topic)
        await play.stage.next_from(ada, forum)
        bob.renames_topic(forum, topic, "Novels")
        await until(lambda: "Novels" in names())
        bob.says(forum, "@Ada still here?", topic=topic)
        await play.stage.next_from(ada, forum)
        assert "Books" not in names(), "what the topic's opening says is old"
        bob.renames(forum, "Reading club")
        await until(lambda: {row["name"] for row in rows(tmp_path, "worlds")} == {"Reading club"})


async def test_a_group_that_moved_is_renamed_under_its_new_address(tmp_path: Path) -> None:
    async with playing("Ada", model=Scripted(echo), data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        group = play.stage.group("Tea", [bob], [ada])
        bob.says(group, "@Ada hello")
        await play.stage.next_from(ada, group)
        grown = play.stage.migrate(group)
        await until(lambda: ("silent", "room-moved") in outcomes(play))
        bob.renames(grown, "Coffee")
        await until(lambda: ("silent", "world-noted") in outcomes(play))
    (room,) = rows(tmp_path, "rooms")
    assert (room["channel"], room["name"]) == (str(grown.id), "Coffee")


async def test_whoever_blocks_her_gets_no_cue_until_they_let_her_write_again(
    tmp_path: Path,
) -> None:
    day = Day(tmp_path)
    async with day.stage, day.of(AT="09:00,10:00,11:00"):
        dm = day.dm()
        await day.talks(dm)
        day.bob.blocks(day.ada)
        await until(lambda: ("silent", "member-noted") in outcomes(day.play))
        day.clock.turn(10 * MINUTE)
        assert await day.cued(1) == [("silent", "left")]
        day.bob.blocks(day.ada, on=False)
        await until(lambda: outcomes(day.play).count(("silent", "member-noted")) == 2)
        day.clock.turn(HOUR)
        await day.hears(dm, "I see.", "Good day to you all!")


async def test_whoever_comes_is_greeted_once_although_an_admin_is_told_twice(
    tmp_path: Path,
) -> None:
    day = Day(tmp_path)
    async with day.stage, day.of(ON="joined"):
        group = day.stage.supergroup("Owls", [day.bob], [day.ada])
        day.bob.promotes(group, day.ada)
        await day.talks(group, "@Ada hello")
        before = len(outcomes(day.play))
        day.stage.person("Eve").joins(group)
        await until(lambda: len(outcomes(day.play)) >= before + 2)
        await day.hears(group, "I see.", "Good day to you all!")
        assert len(await day.cued(1)) == 1


async def test_what_comes_by_our_own_bot_is_not_answered_as_if_somebody_had_said_it(
    tmp_path: Path,
) -> None:
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada, bob, dm = direct(play)
        ada.inject(
            {
                "message": {
                    "message_id": 900,
                    "date": int(bob.world.now()),
                    "chat": {"id": dm.id, "type": "private", "first_name": "Bob"},
                    "from": {"id": bob.id, "is_bot": False, "first_name": "Bob"},
                    "via_bot": {"id": ada.id, "is_bot": True, "first_name": "Ada"},
                    "text": "what I have offered",
                }
            }
        )
        assert await settled(play, 1) == [("silent", "other-noted")]
    assert asked.requests == []


async def test_a_business_chat_and_the_own_one_with_the_same_person_are_two_rooms(
    tmp_path: Path,
) -> None:
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada, bob, dm = direct(play)
        ada.may("business")
        olga = play.stage.person("Olga")
        olga.connects(ada)
        shop = play.stage.business(olga, bob)
        bob.says(dm, "my secret")
        await play.stage.next_from(ada, dm)
        bob.says(shop, "is it open?")
        await until(lambda: "is it open?" in question(asked.requests[-1]))
        assert "my secret" not in whole(asked.requests[-1])
        before = len(asked.requests)
        olga.says(shop, "yes, until six")
        await until(lambda: ("silent", "addressed-to-another") in outcomes(play))
        assert len(asked.requests) == before
        bob.says(shop, "thanks")
        await until(lambda: len(asked.requests) > before)
        assert "yes, until six" in whole(asked.requests[-1])
    places = {(row["channel"], row["thread"][:2]) for row in rows(tmp_path, "rooms")}
    assert places == {(str(bob.id), ""), (str(bob.id), "b:")}


async def test_a_channel_post_is_not_answered_twice_in_its_discussion_group(
    tmp_path: Path,
) -> None:
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        group = play.stage.supergroup("Talk", [bob], [ada])
        channel = play.stage.channel("News", bob, [ada], group=group)
        bob.says(channel, "it rains")
        assert await settled(play, 2)
        assert asked.requests == []


async def test_a_guest_is_heard_where_she_is_no_member(tmp_path: Path) -> None:
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        ada.may("guests")
        eve = play.stage.person("Eve")
        group = play.stage.supergroup("Elsewhere", [bob, eve])
        bob.summons(group, ada, "who wrote Emma?")
        eve.says(group, "nobody asks me")
        await until(lambda: asked.requests)
        assert "who wrote Emma?" in question(asked.requests[0])
        await settled(play, 1)
    assert len(asked.requests) == 1


async def test_what_is_typed_behind_her_name_is_asked_once_it_rests(tmp_path: Path) -> None:
    async with playing("Ada", model=(asked := Scripted(echo)), data=tmp_path) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        ada.may("inline")
        for typed in ("who", "who wrote", "who wrote Emma"):
            bob.types_inline(ada, typed)
        await until(lambda: asked.requests)
        await settled(play, 3)
        assert len(asked.requests) == 1
        assert "who wrote Emma" in question(asked.requests[0])
    assert "Emma" not in str(rows(tmp_path, "memories"))
