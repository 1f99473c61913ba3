"""What a newcomer does on the page: write, read, answer, correct."""

from tests.page.play import playing


async def test_the_first_screen_invites_one_to_type_to_the_first_bot(browser: str) -> None:
    async with playing(browser) as play:
        assert await play.tab.texts(".heading h2") == ["Ada"]
        assert "Say hello to Ada" in (await play.tab.texts("#empty"))[0]
        assert await play.tab.look("document.activeElement.id") == "text"
        titles = await play.tab.texts(".entry-title")
        assert titles[:2] == ["Ada", "Eliza"]
        assert {"Tea room", "Reading club"} <= set(titles)


async def test_what_one_types_reaches_the_bot_and_its_answer_appears(browser: str) -> None:
    async with playing(browser) as play:
        await play.say("Hello, Ada")
        await play.tab.sees("document.querySelector('.row.own .state.clock')")
        assert await play.tab.look("document.querySelector('#text').value") == ""
        heard = await play.ada.hears()
        assert heard["text"] == "Hello, Ada"
        await play.ada.fetch()
        await play.tab.sees("document.querySelector('.row.own .state.tick')")
        await play.ada.says(heard, "Hello! What shall we reckon?")
        await play.shows("Hello! What shall we reckon?")
        assert await play.tab.texts("#log .row.own .text") == ["Hello, Ada"]


async def test_shift_enter_begins_a_new_line_instead_of_sending(browser: str) -> None:
    async with playing(browser) as play:
        await play.tab.type("one")
        await play.tab.press("Shift+Enter")
        await play.say("two")
        assert (await play.ada.hears())["text"] == "one\ntwo"


async def test_a_streamed_draft_becomes_the_message(browser: str) -> None:
    async with playing(browser) as play:
        await play.say("Tell me a story")
        heard = await play.ada.hears()
        chat = heard["chat"]["id"]
        for words in ("Once", "Once upon", "Once upon a time"):
            await play.ada.call("sendMessageDraft", chat_id=chat, draft_id=7, text=words)
            await play.shows(words, in_="#live .draft .text")
        await play.ada.says(heard, "Once upon a time there was an engine.")
        await play.shows("Once upon a time there was an engine.")
        await play.tab.sees("document.querySelector('#live').childElementCount === 0")


async def test_typing_is_shown_until_the_message_arrives(browser: str) -> None:
    async with playing(browser) as play:
        await play.say("Hi")
        heard = await play.ada.hears()
        await play.ada.call("sendChatAction", chat_id=heard["chat"]["id"], action="typing")
        await play.shows("Ada is typing…", in_=".heading p")
        await play.ada.says(heard, "Hi there")
        await play.shows("Hi there")
        await play.shows("bot", in_=".heading p")


async def test_a_reply_shows_what_it_answers_and_leads_back_to_it(browser: str) -> None:
    async with playing(browser) as play:
        await play.say("First")
        heard = await play.ada.hears()
        await play.ada.says(heard, "Second")
        await play.shows("Second")
        await play.tab.click("#log .row:not(.own) .bubble", button="right")
        await play.choose("Reply")
        await play.shows("Reply to Ada", in_=".about b")
        await play.say("Third")
        assert (await play.ada.hears())["reply_to_message"]["text"] == "Second"
        await play.shows("Second", in_=".row.own .quote span")
        await play.tab.click(".row.own .quote")
        await play.tab.sees("document.activeElement.querySelector('.text').innerText === 'Second'")


async def test_arrow_up_edits_the_last_message_and_escape_gives_up(browser: str) -> None:
    async with playing(browser) as play:
        await play.say("Hellp")
        await play.shows("Hellp")
        await play.tab.press("ArrowUp")
        await play.shows("Edit message", in_=".about b")
        await play.tab.press("Escape")
        assert await play.tab.look("document.querySelector('#text').value") == ""
        await play.tab.press("ArrowUp", "Backspace")
        await play.say("o!")
        await play.shows("Hello!")
        await play.shows("edited", in_=".row.own .edited")
        assert (await play.ada.hears("edited_message"))["text"] == "Hello!"


async def test_a_message_the_bot_edits_changes_in_its_place(browser: str) -> None:
    async with playing(browser) as play:
        await play.say("Count")
        heard = await play.ada.hears()
        sent = await play.ada.says(heard, "one")
        await play.shows("one")
        await play.ada.call(
            "editMessageText",
            chat_id=heard["chat"]["id"],
            message_id=sent["message_id"],
            text="one, two",
        )
        await play.shows("one, two")
        assert await play.tab.texts("#log .text") == ["Count", "one, two"]


async def test_a_deleted_message_says_so_for_a_moment_and_is_gone(browser: str) -> None:
    async with playing(browser) as play:
        await play.say("Keep this")
        await play.say("Forget this")
        await play.shows("Forget this")
        await play.tab.click("#log .row:last-child .bubble", button="right")
        await play.choose("Delete")
        await play.shows("Message deleted", in_=".row.gone")
        await play.tab.sees("document.querySelectorAll('#log .row').length === 1")
        assert await play.tab.texts("#log .text") == ["Keep this"]


async def test_a_reaction_of_ones_own_stands_under_the_message_and_can_be_taken_back(
    browser: str,
) -> None:
    async with playing(browser) as play:
        await play.say("Shall we?")
        heard = await play.ada.hears()
        await play.ada.says(heard, "Yes")
        await play.shows("Yes")
        await play.tab.click("#log .row:not(.own) .bubble", button="right")
        await play.choose("Fire")
        await play.tab.sees("document.querySelector('.chip[aria-pressed=true]')?.innerText[0]")
        await play.tab.click(".chip")
        await play.tab.sees("!document.querySelector('.chip')")


async def test_a_bots_reaction_is_counted_with_its_name(browser: str) -> None:
    async with playing(browser) as play:
        await play.say("I wrote a poem")
        heard = await play.ada.hears()
        await play.ada.call(
            "setMessageReaction",
            chat_id=heard["chat"]["id"],
            message_id=heard["message_id"],
            reaction=[{"type": "emoji", "emoji": "❤"}],
        )
        await play.tab.sees("document.querySelector('.row.own .chip')?.title === 'Ada'")


async def test_a_command_is_offered_and_completed(browser: str) -> None:
    async with playing(browser) as play:
        await play.tab.type("/")
        assert await play.tab.texts(".offer b") == ["/start", "/help", "/reset"]
        await play.tab.press("ArrowDown", "Enter", "Enter")
        heard = await play.ada.hears()
        assert heard["text"] == "/help"
        await play.tab.sees("document.querySelector('.row.own .command')")


async def test_a_text_the_stage_refuses_comes_back_with_the_reason(browser: str) -> None:
    async with playing(browser) as play:
        await play.tab.look(
            "(() => { const text = document.querySelector('#text'); text.value = 'x'.repeat(41000);"
            " text.dispatchEvent(new Event('input')); })()"
        )
        await play.tab.press("Enter")
        await play.tab.sees("document.querySelector('.toast')?.innerText")
        await play.tab.sees("document.querySelector('#text').value.length === 41000")
        # The browser itself notes the refused request in its console.
        await play.tab.look("1")
        assert all("400" in error for error in play.tab.errors)
        play.tab.errors.clear()
