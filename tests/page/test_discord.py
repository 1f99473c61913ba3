"""Discord on the page: calling a character in a channel, threads, posts, direct messages."""

import asyncio
from pathlib import Path

from bots.sandbox.discord import talking
from tests.page.play import Play, playing

FLAT = "[data-platform=discord] .log .row:not(.gone) .text"
BESIDE = "#text-beside"


async def speak(play: Play, words: str) -> None:
    """Say something in the conversation beside the first."""
    await play.tab.click(BESIDE)
    await play.say(words)


async def menu_of(play: Play, selector: str, entry: str) -> None:
    await play.tab.click(selector, button="right")
    await play.choose(entry)


async def test_a_newcomer_sees_both_platforms_and_may_write_in_either(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        assert await play.tab.texts(".chats h2") == ["Telegram", "Discord"]
        await play.tab.sees("document.querySelectorAll('.heading h2').length === 2")
        assert await play.tab.texts(".heading h2") == ["Ada", "#general"]
        rooms = await play.tab.texts(".entry-room .entry-title")
        assert rooms[:5] == [
            "general",
            "Plans for Friday",
            "stories",
            "questions",
            "What are you reading?",
        ]
        assert rooms[5:] == ["Parlour", "Ada", "Eliza"]
        await play.say("Hello on Telegram")
        assert (await play.ada.hears())["text"] == "Hello on Telegram"
        await speak(play, "Hello on Discord")
        await play.shows("Hello on Discord", in_=FLAT)


async def test_a_character_called_by_name_answers_while_the_other_platform_stays_in_sight(
    browser: str,
) -> None:
    async with playing(browser, discord=True) as play:
        ada, general = play.actor("Ada"), play.room("general")
        await play.say("Hello here")
        heard = await play.ada.hears()
        await play.tab.click(BESIDE)
        await play.tab.type("@Ad")
        await play.shows("Ada", in_="#offers-beside .offer[aria-selected=true] b")
        await play.tab.press("Tab")
        await play.say("good evening!")
        await play.shows("@Ada good evening!", in_=FLAT)
        assert play.stage.messages(general)[-1].text == f"{ada.mark} good evening!"
        await play.shows("@Ada", in_=".row.flat.own .mention")
        ada.types(general)
        await play.shows("Ada is typing…", in_="#live-beside .typing")
        ada.says(general, "Good evening. Shall we **reckon**?")
        await play.shows("Good evening. Shall we reckon?", in_=FLAT)
        await play.shows("reckon", in_=".row.flat .text strong")
        await play.tab.sees("!document.querySelector('#live-beside .typing')")
        assert await play.tab.texts(".row.flat:not(.own) .app-mark") == ["APP"]
        await play.ada.says(heard, "And here, too.")
        await play.shows("And here, too.", in_="#log .text")


async def test_an_answer_that_grows_by_edits_stays_one_message(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        ada, general = play.actor("Ada"), play.room("general")
        said = ada.says(general, "Once")
        for words in ("Once upon", "Once upon a time", "Once upon a time, an engine."):
            ada.edits(said, words)
        await play.shows("Once upon a time, an engine.", in_=FLAT)
        assert await play.tab.texts(FLAT) == ["Once upon a time, an engine."]
        await play.shows("(edited)", in_=".row.flat .edited")
        # Read aloud once, when it is whole.
        await play.tab.sees(
            "document.querySelector('#spoken').textContent === 'Ada: Once upon a time, an engine.'"
        )


async def test_an_answer_shows_above_itself_what_it_answers(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        ada, general = play.actor("Ada"), play.room("general")
        await speak(play, "What is a **loop**?")
        await play.shows("What is a loop?", in_=FLAT)
        asked = play.stage.messages(general)[-1]
        ada.says(general, "A snake with its tail in its mouth.", reply_to=asked.id)
        await play.shows("What is a loop?", in_=".row.flat .answered span")
        # An answer calls the person it answers.
        await play.shows("@You", in_=".row.flat .answered b")
        await play.tab.click(".answered")
        await play.tab.sees(
            "document.activeElement.querySelector('.text').innerText === 'What is a loop?'"
        )
        await menu_of(play, ".row.flat:not(.own) .text", "Reply")
        await play.say("I see!")
        await play.shows("I see!", in_=FLAT)
        assert play.stage.messages(general)[-1].reply_to == play.stage.messages(general)[-2].id
        await menu_of(play, ".row.flat.own .text", "Delete")
        await play.shows("Original message was deleted", in_=".answered i")


async def test_an_edited_mention_is_typed_as_a_name_and_stays_a_mention(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        ada, general = play.actor("Ada"), play.room("general")
        await speak(play, "Hello @Ada")
        await play.shows("Hello @Ada", in_=FLAT)
        await play.tab.press("ArrowUp")
        await play.tab.sees(f"document.querySelector('{BESIDE}').value === 'Hello @Ada'")
        await play.say("!")
        await play.shows("Hello @Ada!", in_=FLAT)
        assert play.stage.messages(general)[-1].text == f"Hello {ada.mark}!"


async def test_one_may_react_in_several_ways_and_take_one_back(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        said = play.actor("Ada").says(play.room("general"), "I made a drawing")
        for label in ("Fire", "Heart"):
            await menu_of(play, ".row.flat .text", label)
            await play.tab.sees(
                f"document.querySelectorAll('.chip').length === {1 if label == 'Fire' else 2}"
            )
        await play.tab.click(".chip")
        await play.tab.sees("document.querySelectorAll('.chip').length === 1")
        kept = play.room("general").messages[said.id].more["reactions"]
        assert list(kept.values()) == [[play.person("you").id]]


async def test_a_thread_begins_at_a_message_and_keeps_its_words_to_itself(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        ada, general = play.actor("Ada"), play.room("general")
        ada.says(general, "Lemon or milk?")
        await play.shows("Lemon or milk?", in_=FLAT)
        await menu_of(play, ".row.flat .text", "Start thread…")
        await play.say("The tea question")
        await play.shows("The tea question", in_="#heading-beside h2")
        assert "Thread in #general" in (await play.tab.texts("#heading-beside p"))[0]
        await play.shows("Lemon or milk?", in_=".starter .text")
        await speak(play, "Milk, always")
        await play.shows("Milk, always", in_=FLAT)
        thread = play.room("The tea question")
        assert thread.parent is general
        assert [m.text for m in play.stage.messages(thread) if m.service is None] == [
            "Milk, always"
        ]
        await play.enter_room("general", heading="#general")
        await play.tab.sees("!document.querySelector('#log-beside').innerText.includes('Milk')")
        ada.says(thread, "I thought so.")
        await play.shows("1", in_=".entry-room.inner .badge")
        await play.tab.click(".way")
        await play.shows("I thought so.", in_=FLAT)
        await play.tab.sees("!document.querySelector('.entry-room .badge')")


async def test_a_forum_shows_its_posts_and_takes_new_ones(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        await play.enter_room("questions")
        await play.shows("What are you reading?", in_=".post b")
        assert await play.tab.look("document.querySelector('#composer-beside').offsetHeight") == 0
        await play.tab.click("#board-beside .primary")
        await play.tab.type("Which tea for rain?")
        await play.tab.press("Tab")
        await play.tab.type("@Eliza what do you say?")
        await play.tab.click(".dialog .primary")
        await play.shows("Which tea for rain?", in_="#heading-beside h2")
        await play.shows("@Eliza what do you say?", in_=FLAT)
        post = play.room("Which tea for rain?")
        eliza = play.actor("Eliza")
        assert play.stage.messages(post)[0].text == f"{eliza.mark} what do you say?"
        eliza.says(post, "Why do you ask about rain?")
        await play.shows("Why do you ask about rain?", in_=FLAT)
        await play.enter_room("questions")
        await play.tab.sees(
            "document.querySelector('.post small').innerText.startsWith('1 answer')"
        )


async def test_direct_messages_are_between_two(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        you, ada = play.person("you"), play.actor("Ada")
        await play.enter_room("Ada")
        await play.say("Between us")
        await play.shows("Between us", in_=FLAT)
        room = play.stage.discord.dm(you, ada.bot)
        assert [said.text for said in play.stage.messages(room)] == ["Between us"]
        ada.says(room, "Of course.")
        await play.shows("Of course.", in_=FLAT)
        await play.tab.click("#speaker")
        await play.choose("Maya")
        await play.tab.sees("!document.body.innerText.includes('Between us')")
        await play.shows("#general", in_="[data-platform=discord] .heading h2")


async def test_a_button_under_a_message_reaches_its_bot(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        pressed = play.interactions()
        row = [
            {"type": 2, "style": 3, "label": "Yes", "custom_id": "yes"},
            {"type": 2, "style": 4, "label": "No", "custom_id": "no", "disabled": True},
        ]
        parts = [{"type": 1, "components": row}]
        play.actor("Ada").says(play.room("general"), "Shall we?", components=parts)
        await play.tab.sees("document.querySelector('.key.danger')?.disabled")
        await play.tab.click(".key.success")
        async with asyncio.timeout(8):
            assert (await pressed.get())["custom_id"] == "yes"


async def test_a_menu_under_a_message_is_picked_from(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        pressed = play.interactions()
        options = [{"label": "Black", "value": "b"}, {"label": "Green", "value": "g"}]
        menu = {"type": 3, "custom_id": "tea", "placeholder": "Which tea?", "options": options}
        parts = [{"type": 1, "components": [menu]}]
        play.actor("Ada").says(play.room("general"), "Tea?", components=parts)
        await play.tab.click(".flat .key")
        await play.choose("Green")
        async with asyncio.timeout(8):
            assert (await pressed.get())["values"] == ["g"]


async def test_a_registered_command_is_offered_and_is_not_sent_as_a_message(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        given = play.interactions()
        world, ada = play.stage.world, play.actor("Ada")
        reckon = {"id": "99", "name": "reckon", "description": "work out a sum", "type": 1}
        reckon = {**reckon, "options": [{"type": 3, "name": "sum", "description": "the sum"}]}
        world.commit(
            {"fact": "app_commands", "bot": ada.bot.id, "guild": None, "commands": [reckon]}
        )
        await play.tab.click(BESIDE)
        await play.tab.sees("document.querySelector('#text-beside') === document.activeElement")
        await play.tab.type("/re")
        await play.shows("/reckon", in_="#offers-beside .offer b")
        await play.tab.press("Tab")
        await play.say("2 + 2")
        async with asyncio.timeout(8):
            fact = await given.get()
        assert (fact["name"], fact["options"]) == ("reckon", {"sum": "2 + 2"})
        said = [one.text for one in play.stage.messages(play.room("general")) if not one.service]
        assert said == []


async def test_what_is_said_to_one_alone_is_shown_to_that_one(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        ada, general = play.actor("Ada"), play.room("general")
        ada.says(general, "A word in your ear", only_for=play.person("you").id)
        await play.shows("A word in your ear", in_=FLAT)
        await play.shows("Only you can see this · Dismiss", in_=".row.flat .aside")
        ada.says(general, "A word in hers", only_for=play.person("maya").id)
        ada.says(general, "For all")
        await play.shows("For all", in_=FLAT)
        assert await play.tab.texts(FLAT) == ["A word in your ear", "For all"]
        await play.tab.click("#speaker")
        await play.choose("Maya")
        await play.shows("A word in hers", in_=FLAT)
        assert await play.tab.texts(FLAT) == ["A word in hers", "For all"]


async def test_a_promised_answer_is_shown_as_thinking(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        world, general = play.stage.world, play.room("general")
        ada = play.actor("Ada").bot
        talking.say(world, ada, general, "", service={"thinking": "1"})
        await play.shows("Ada is thinking…", in_=FLAT)


async def test_a_bot_that_does_not_answer_a_command_is_said_not_to_respond(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        play.stage.discord.patience = 0.1
        row = [{"type": 2, "style": 1, "label": "Ask", "custom_id": "ask"}]
        parts = [{"type": 1, "components": row}]
        play.actor("Ada").says(play.room("general"), "Shall we?", components=parts)
        await play.tab.click(".flat .key")
        await play.shows("This application did not respond", in_=".toast")


async def test_who_joins_speaks_on_both_platforms_and_who_may_not_see_a_channel_does_not(
    browser: str,
) -> None:
    async with playing(browser, discord=True) as play:
        await play.tab.click("#new")
        await play.choose("New person…")
        await play.say("Noor")
        await play.shows("Noor", in_="#speaker b")
        await play.enter_room("general", heading="#general")
        await play.say("Good morning")
        await play.shows("Good morning", in_=FLAT)
        assert play.stage.messages(play.room("general"))[-1].sender.name == "Noor"
        noor = play.stage.messages(play.room("general"))[-1].sender
        play.stage.discord.close_channel(play.room("stories"), noor)
        await play.tab.sees(
            "![...document.querySelectorAll('.entry-room')].some((e) => e.innerText === 'stories')"
        )


async def test_a_new_channel_and_a_new_server_appear_by_themselves(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        await play.tab.click(".server h3 .round")
        await play.choose("New channel…")
        await play.say("Late Evenings")
        await play.shows("#late-evenings", in_="#heading-beside h2")
        play.stage.discord.guild("The Attic", [play.person("you")], channels=["dust"])
        await play.shows("The Attic", in_=".server h3 span")
        await play.enter_room("dust", heading="#dust")


async def test_what_was_missed_while_the_line_was_down_is_fetched(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        ada, general = play.actor("Ada"), play.room("general")
        ada.says(general, "Before")
        await play.shows("Before", in_=FLAT)
        await play.close()
        await play.tab.sees("!document.querySelector('#banner').hidden")
        ada.says(general, "Meanwhile")
        ada.says(play.room("stories"), "And elsewhere")
        await play.reopen()
        await play.tab.sees("document.querySelector('#banner').hidden")
        await play.shows("Meanwhile", in_=FLAT)
        await play.shows("1", in_=".entry-room .badge")
        await play.tab.look("1")
        play.tab.errors[:] = [error for error in play.tab.errors if "net::ERR" not in error]


async def test_what_was_said_on_discord_is_there_after_a_restart(
    browser: str, tmp_path: Path
) -> None:
    kept = tmp_path / "stage.jsonl"
    async with playing(browser, discord=True, persist=kept) as play:
        await speak(play, "Remember @Ada")
        await play.shows("Remember @Ada", in_=FLAT)
        play.stage.discord.thread(play.room("general"), "For later", play.person("maya"))
    async with playing(browser, discord=True, persist=kept) as play:
        await play.shows("Remember @Ada", in_=FLAT)
        await play.enter_room("For later")
