"""What bots do on Telegram beside talking, as a person meets it on the page."""

from tests.page.play import Play, playing


async def ask(play: Play, words: str = "Hello") -> dict[str, object]:
    await play.say(words)
    return await play.ada.hears()


async def test_stop_under_a_growing_answer_reaches_the_bot(browser: str) -> None:
    async with playing(browser) as play:
        said = await ask(play)
        chat = said["chat"]["id"]  # type: ignore[index]  # what a bot hears is JSON
        grow = {"chat_id": chat, "draft_id": 7, "can_stop": True, "keep_on_stop": True}
        await play.ada.call("sendMessageDraft", text="Once upon", **grow)
        await play.shows("Once upon", in_="#live .draft .text")
        await play.tab.click("#stop")
        (update,) = await play.ada.fetch(timeout=8)
        assert update["stopped_message_generation"]["draft_id"] == 7
        await play.tab.sees("document.querySelector('#stop').hidden")
        assert await play.tab.texts("#live .draft .text") == ["Once upon"]


async def test_ready_answers_stand_below_the_composer_until_they_are_taken_away(
    browser: str,
) -> None:
    async with playing(browser) as play:
        said = await ask(play)
        await play.ada.says(said, "Tea?", reply_markup={"keyboard": [["Yes", "No"], ["Perhaps"]]})
        await play.tab.click("#keyboard div:nth-child(2) .key")
        assert (await play.ada.hears())["text"] == "Perhaps"
        assert await play.tab.look("document.activeElement.id") == "text"
        await play.ada.says(said, "As you like.", reply_markup={"remove_keyboard": True})
        await play.tab.sees("document.querySelector('#keyboard').hidden")


async def test_a_button_copies_and_another_says_where_it_leads(browser: str) -> None:
    async with playing(browser) as play:
        said = await ask(play)
        await play.tab.look(
            "Object.defineProperty(navigator, 'clipboard', {value: "
            "{writeText: async (text) => { document.body.dataset.copied = text; }}})"
        )
        keys = [{"text": "Copy", "copy_text": {"text": "owl"}}]
        keys += [{"text": "Read", "url": "https://example.org/"}]
        await play.ada.says(said, "An owl", reply_markup={"inline_keyboard": [keys]})
        await play.tab.click(".key[data-key='key Copy']")
        await play.tab.sees("document.body.dataset.copied === 'owl'")
        await play.tab.sees("document.querySelector(\"[data-key='key Read'] [href='#i-away']\")")


async def test_what_a_bot_offers_is_shown_while_one_types_and_sent_when_chosen(
    browser: str,
) -> None:
    async with playing(browser) as play:
        play.stage.bot("Eliza").may("inline")
        await play.enter("Tea room")
        await play.tab.type("@eliza_bot owls")
        (update,) = await play.eliza.fetch(timeout=8)
        query = update["inline_query"]
        assert query["query"] == "owls"
        content = {"message_text": "Owls are wise."}
        result = {
            "type": "article",
            "id": "1",
            "title": "Of owls",
            "input_message_content": content,
        }
        await play.eliza.call("answerInlineQuery", inline_query_id=query["id"], results=[result])
        await play.shows("Of owls", in_=".offer b")
        await play.tab.press("Enter")
        await play.shows("Owls are wise.")
        await play.shows("via Eliza", in_=".own .passed")
        assert await play.tab.look("document.querySelector('#text').value") == ""


async def test_a_whisper_is_marked_and_shown_to_its_one_reader(browser: str) -> None:
    async with playing(browser) as play:
        tea = next(c for c in play.stage.world.chats.values() if c.title == "Tea room")
        play.person("you").promotes(tea, play.stage.bot("Ada"))
        await play.enter("Tea room")
        for name in ("you", "maya"):
            to = {"receiver_user_id": play.person(name).id}
            words = {"chat_id": tea.id, "text": f"for {name}"}
            await play.ada.call("sendMessage", ephemeral_message_parameters=to, **words)
        await play.shows("Only you can see this", in_=".whispered .aside")
        assert await play.tab.texts("#log .whispered .text") == ["for you"]


async def test_a_post_of_a_channel_is_commented_on_in_its_group(browser: str) -> None:
    async with playing(browser) as play:
        stage, you, maya = play.stage, play.person("you"), play.person("maya")
        talk = stage.supergroup("Owl talk", [maya, you], [stage.bot("Ada")])
        news = stage.channel("Owl news", maya, group=talk)
        you.joins(news)
        maya.says(news, "Owls are back")
        await play.enter("Owl news")
        assert await play.tab.look("document.querySelector('#text').disabled")
        await play.shows("Owl news", in_="#log .sender")
        await play.tab.sees("document.querySelector('#text').placeholder.startsWith('Only admin')")
        await play.tab.click("#log .way")
        await play.shows("Comment on Owl news", in_=".about b")
        await play.say("At last!")
        assert (await play.ada.hears())["text"] in {"Owls are back", "At last!"}
        maya.promotes(news, you)
        await play.tab.sees("!document.querySelector('#text').disabled")
        await play.enter("Owl talk")
        await play.shows("At last!", in_=".row.own .text")
        await play.shows("Owls are back", in_=".row.own .quote span")


async def test_who_stands_in_for_a_business_is_said_above_its_chat(browser: str) -> None:
    async with playing(browser) as play:
        you, maya, bot = play.person("you"), play.person("maya"), play.stage.bot("Ada")
        bot.may("business")
        play.stage.business(maya, you)
        await play.enter("Maya")
        await play.shows("Business of Maya", in_=".heading p")
        maya.connects(bot)
        await play.shows("Ada stands in for Maya", in_=".heading p")
        await play.say("Are you open?")
        assert (await play.ada.hears("business_message"))["text"] == "Are you open?"


async def test_several_messages_a_bot_deletes_go_at_once(browser: str) -> None:
    async with playing(browser) as play:
        one, two = await ask(play, "one"), await ask(play, "two")
        numbers = [one["message_id"], two["message_id"]]
        chat = one["chat"]["id"]  # type: ignore[index]  # what a bot hears is JSON
        await play.ada.call("deleteMessages", chat_id=chat, message_ids=numbers)
        await play.tab.sees("!document.querySelector('#log .row:not(.gone)')")


async def test_a_switch_of_the_panel_lets_a_bot_be_a_guest(browser: str) -> None:
    async with playing(browser) as play:
        bot = play.stage.bot("Ada")
        await play.tab.click("#info")
        await play.tab.click("[data-panel='able guests']")
        await play.tab.sees("document.querySelector('[data-panel=\"able guests\"]').checked")
        await play.shows("What it may do", in_=".panel h3")
        await play.tab.click("[data-panel='able business']")
        await play.tab.click("[data-panel=business]")
        (connected,) = await play.ada.fetch(timeout=8)
        assert connected["business_connection"]["is_enabled"] is True
        assert bot.able == {"guests", "business"}


async def test_a_channel_with_its_group_and_a_business_are_begun(browser: str) -> None:
    async with playing(browser) as play:
        await play.tab.click("#new")
        await play.choose("New channel…")
        await play.tab.type("Owl news")
        await play.tab.click("input[name=discussed]")
        await play.tab.press("Enter")
        await play.enter("Owl news")
        await play.say("Owls are back")
        await play.shows("Owls are back", in_=".row:not(.own) .text")
        assert (await play.ada.hears("channel_post"))["chat"]["title"] == "Owl news"
        await play.enter("Owl news chat")
        await play.shows("Forwarded from Owl news", in_=".passed")
        await play.tab.click("#new")
        await play.choose("Write to a business…")
        await play.choose("Jonas")
        await play.shows("Business of Jonas", in_=".heading p")


async def test_a_direct_chat_may_have_topics(browser: str) -> None:
    async with playing(browser) as play:
        await play.tab.click("#info")
        await play.tab.click("[data-panel='able topics']")
        await play.tab.click(".topic[aria-label='New topic']")
        await play.say("Poems")
        await play.tab.click(".topic:nth-child(2)")
        await play.shows("Poems", in_=".topic[aria-pressed=true]")
        await play.tab.click("#text")
        said = await ask(play, "An ode, please")
        assert said["is_topic_message"] is True
        await play.ada.says(said, "To an owl")
        await play.shows("To an owl")
        await play.tab.click(".topic:first-child")
        await play.tab.sees("!document.querySelector('#log').innerText.includes('To an owl')")


async def test_commands_that_a_bot_has_told_of_are_offered(browser: str) -> None:
    async with playing(browser) as play:
        told = [{"command": "tea", "description": "what is brewing"}]
        await play.ada.call("setMyCommands", commands=told)
        await play.enter("Ada")
        await play.tab.sees("document.activeElement.id === 'text'")
        await play.tab.type("/")
        await play.shows("/tea", in_=".offer b")
        await play.tab.press("Enter")
        assert (await ask(play, ""))["text"] == "/tea"


async def test_who_calls_a_guest_is_said_above_its_words(browser: str) -> None:
    async with playing(browser) as play:
        stage, you = play.stage, play.person("you")
        stage.bot("Ada").may("guests")
        stage.group("Without bots", [you, play.person("maya")])
        await play.enter("Without bots")
        await play.say("@ada_bot what is a sum?")
        (update,) = await play.ada.fetch(timeout=8)
        query = update["guest_message"]["guest_query_id"]
        content = {"message_text": "A whole of parts."}
        result = {"type": "article", "id": "1", "title": "A", "input_message_content": content}
        await play.ada.call("answerGuestQuery", guest_query_id=query, result=result)
        await play.shows("A whole of parts.")
        await play.shows("A guest, called by You", in_=".passed")


async def test_who_rules_a_group_promotes_a_bot_and_lets_people_in(browser: str) -> None:
    async with playing(browser) as play:
        you, bot = play.person("you"), play.stage.bot("Ada")
        club = play.stage.supergroup("Club", [you], [bot])
        play.person("maya").asks_to_join(club)
        await play.enter("Club")
        await play.tab.click("#info")
        await play.tab.click(f"[data-panel='rule {bot.id}']")
        await play.shows("Demote", in_=".members .plain")
        await play.tab.click(f"[data-panel='let in {play.person('maya').id}']")
        await play.shows("Maya joined", in_="#log .service span")
        assert club.members[bot] == "administrator"
