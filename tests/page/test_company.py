"""Many people, groups, topics: playing more than one person on the page."""

import pytest

from tests.page.play import Play, playing


async def speak_as(play: Play, name: str) -> None:
    await play.tab.click("#speaker")
    await play.choose(name)
    await play.shows(name, in_="#speaker b")


async def test_a_mention_is_completed_from_the_members(browser: str) -> None:
    async with playing(browser) as play:
        await play.enter("Tea room")
        await play.tab.type("Hi @el")
        await play.shows("Eliza", in_=".offer[aria-selected=true] b")
        await play.tab.press("Tab")
        await play.say("are you there?")
        heard = await play.eliza.hears()
        assert heard["text"] == "Hi @eliza_bot are you there?"
        assert [entity["type"] for entity in heard["entities"]] == ["mention"]
        await play.shows("@eliza_bot", in_=".row.own .mention")


async def test_speaking_as_maya_puts_her_words_on_the_other_side_of_ones_own(browser: str) -> None:
    async with playing(browser) as play:
        await play.enter("Tea room")
        await speak_as(play, "Maya")
        await play.say("Kettle is on")
        assert (await play.ada.hears())["from"]["first_name"] == "Maya"
        await play.shows("Kettle is on", in_=".row.own .text")
        await speak_as(play, "You")
        await play.shows("Kettle is on", in_=".row:not(.own) .text")
        await play.shows("Maya", in_=".row:not(.own) .sender")


async def test_ones_own_direct_chats_are_not_shown_to_another_person(browser: str) -> None:
    async with playing(browser) as play:
        await play.say("Between us")
        await play.shows("Between us")
        await speak_as(play, "Maya")
        await play.tab.sees("document.querySelector('#log').childElementCount === 0")
        assert "Between us" not in await play.tab.look("document.body.innerText")


async def test_a_topic_keeps_its_messages_to_itself(browser: str) -> None:
    async with playing(browser) as play:
        await play.enter("Reading club")
        await play.say("Welcome all")
        await play.shows("Welcome all")
        general = await play.ada.hears()
        assert "is_topic_message" not in general
        await play.tab.click(".topic:nth-child(2)")
        await play.shows("Books", in_=".topic[aria-pressed=true]")
        assert await play.tab.texts("#log .text") == []
        await play.say("Who has read Persuasion?")
        books = await play.ada.hears()
        assert books["is_topic_message"] is True
        await play.ada.says(books, "I have, twice")
        await play.shows("I have, twice")
        await play.ada.says(general, "Good evening")
        await play.shows("1", in_=".topic:first-child .badge")
        await play.tab.click(".topic:first-child")
        await play.shows("Good evening")
        await play.tab.sees("!document.querySelector('.topic .badge')")


async def test_what_arrives_elsewhere_is_counted_until_one_looks(browser: str) -> None:
    async with playing(browser) as play:
        await play.enter("Eliza")
        await play.say("Hello")
        heard = await play.eliza.hears()
        await play.enter("Ada")
        await play.eliza.says(heard, "How do you do?")
        await play.eliza.says(heard, "Please go on.")
        await play.shows("2", in_=".entry-chat .badge")
        await play.tab.sees("document.title === '(2) Troupe'")
        await play.enter("Eliza")
        await play.tab.sees("!document.querySelector('.entry-chat .badge')")


async def test_a_new_person_joins_the_groups_and_speaks_at_once(browser: str) -> None:
    async with playing(browser) as play:
        await play.tab.click("#new")
        await play.choose("New person…")
        await play.say("Noor")
        await play.shows("Noor", in_="#speaker b")
        await play.enter("Tea room")
        await play.say("Good morning")
        assert (await play.ada.hears())["from"]["first_name"] == "Noor"


async def test_a_new_group_with_topics_is_made_and_given_one(browser: str) -> None:
    async with playing(browser) as play:
        await play.tab.click("#new")
        await play.choose("New group…")
        await play.tab.type("Night owls")
        await play.tab.click("input[name=forum]")
        await play.tab.click(".dialog .primary")
        await play.enter("Night owls")
        await play.tab.click(".topic[aria-label='New topic']")
        await play.say("Stars")
        await play.shows("Stars", in_=".topic")


async def test_a_blocked_bot_cannot_write_until_it_is_unblocked(browser: str) -> None:
    async with playing(browser) as play:
        await play.say("Hello")
        heard = await play.ada.hears()
        await play.tab.click("#info")
        await play.tab.click(".members .plain")
        await play.shows("Unblock", in_=".members .plain")
        with pytest.raises(RuntimeError, match="blocked by the user"):
            await play.ada.says(heard, "Are you there?")
        await play.tab.click(".members .plain")
        await play.shows("Block", in_=".members .plain")
        await play.ada.says(heard, "There you are")
        await play.shows("There you are")


async def test_the_panel_says_what_runs_and_what_does_not(browser: str) -> None:
    async with playing(browser) as play:
        await play.tab.click("#info")
        await play.tab.sees("document.querySelectorAll('.panel tbody tr').length === 2")
        assert await play.tab.look("!!document.querySelector('.panel .dot.good')")
        assert "unreachable" in (await play.tab.texts(".panel tbody"))[0]
        await play.tab.press("Escape")
        await play.tab.sees("document.querySelector('.panel').hidden")
