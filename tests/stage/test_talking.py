"""A real client sends, edits, deletes, drafts and reacts, and is refused in Telegram's words."""

import pytest
import telegram
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity, ReplyParameters
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken

from bots.sandbox import Stage
from tests.stage.conftest import Dial


@pytest.fixture
def dm(stage: Stage):
    return stage.dm(stage.person("Bob", username="bob"), stage.bot("Ada"))


@pytest.fixture
async def ada(stage: Stage, dial: Dial):
    async with dial(stage, stage.bot("Ada")) as client:
        yield client


async def test_what_a_bot_sends_stands_in_the_chat(stage, dm, ada):
    sent = await ada.send_message(dm.id, "  Hello, Bob.\n")
    answer = await stage.next_from(stage.bot("Ada"), dm)
    assert (answer.id, answer.text) == (sent.message_id, "Hello, Bob.")
    assert answer.sender is stage.bot("Ada")


async def test_next_from_gives_each_message_once_and_then_times_out(stage, dm, ada):
    await ada.send_message(dm.id, "one")
    await ada.send_message(dm.id, "two")
    bot = stage.bot("Ada")
    assert [(await stage.next_from(bot, dm)).text, (await stage.next_from(bot)).text] == [
        "one",
        "two",
    ]
    with pytest.raises(TimeoutError):
        await stage.next_from(bot, timeout=0.05)


@pytest.mark.parametrize(
    ("text", "mode", "plain", "kinds"),
    [
        ("<b>bold</b> &amp; <i>it</i>", "HTML", "bold & it", ["bold", "italic"]),
        ('<a href="https://a.org/?x=1&amp;y">go</a>', "HTML", "go", ["text_link"]),
        ('<pre><code class="language-py">x</code></pre>', "HTML", "x", ["pre"]),
        ("*bold* _it_ __under__ ~gone~ ||hid||", "MarkdownV2", "bold it under gone hid", None),
        ("[go](https://a.org/\\)x) a\\.b", "MarkdownV2", "go a.b", ["text_link"]),
        ("```py\nx = 1\n```", "MarkdownV2", "x = 1", ["pre"]),
        (">quoted\n>more\nplain", "MarkdownV2", "quoted\nmore\nplain", ["blockquote"]),
        ("*a _b_ c*", "MarkdownV2", "a b c", ["bold", "italic"]),
    ],
)
async def test_markup_becomes_text_and_entities(ada, dm, text, mode, plain, kinds):
    sent = await ada.send_message(dm.id, text, parse_mode=mode)
    assert sent.text == plain
    if kinds is not None:
        assert [entity.type for entity in sent.entities] == kinds


@pytest.mark.parametrize(
    ("text", "mode", "why"),
    [
        ("<b>open", "HTML", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<b>x</i>", "HTML", 'expected "</b>", found "</i>"'),
        ("x</b>", "HTML", "Unexpected end tag at byte offset 1"),
        ("<table>", "HTML", 'Unsupported start tag "table"'),
        ("1 < 2", "HTML", "Unsupported start tag"),
        ("*open", "MarkdownV2", "Can't find end of Bold entity at byte offset 0"),
        ("a.b", "MarkdownV2", "Character '.' is reserved"),
        ("[go](http://x", "MarkdownV2", "Can't find end of a URL"),
    ],
)
async def test_broken_markup_is_refused_with_the_place(ada, dm, text, mode, why):
    with pytest.raises(BadRequest) as refusal:
        await ada.send_message(dm.id, text, parse_mode=mode)
    assert refusal.value.message.lower().startswith("can't parse entities")
    assert why.lower() in refusal.value.message.lower()


async def test_entities_are_counted_in_utf16_units(ada, dm):
    sent = await ada.send_message(dm.id, "😀 <b>b</b> @bob", parse_mode="HTML")
    assert sent.parse_entities() == {sent.entities[0]: "b", sent.entities[1]: "@bob"}
    assert [entity.offset for entity in sent.entities] == [3, 5]


@pytest.mark.parametrize(("offset", "length"), [(1, 1), (0, 9), (-1, 2), (0, 0)])
async def test_entities_that_do_not_fit_the_text_are_refused(ada, dm, offset, length):
    wrong = [MessageEntity("bold", offset, length)]
    with pytest.raises(BadRequest, match=r"(?i)can't parse entities"):
        await ada.send_message(dm.id, "😀 hi", entities=wrong)


async def test_length_is_measured_after_parsing_in_utf16_units(ada, dm):
    await ada.send_message(dm.id, "<b>" + "x" * 4096 + "</b>", parse_mode="HTML")
    await ada.send_message(dm.id, "😀" * 2048)
    with pytest.raises(BadRequest, match=r"(?i)message is too long"):
        await ada.send_message(dm.id, "😀" * 2048 + "x")
    with pytest.raises(BadRequest, match=r"(?i)message text is empty"):
        await ada.send_message(dm.id, " \n ")


async def test_unknown_places_are_refused(stage, ada, dm):
    eve = stage.person("Eve")
    with pytest.raises(BadRequest, match=r"(?i)chat not found"):
        await ada.send_message(-99, "x")
    with pytest.raises(Forbidden, match="can't initiate conversation with a user"):
        await ada.send_message(eve.id, "x")
    bob = dm.people()[0]
    bob.blocks(stage.bot("Ada"))
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await ada.send_message(dm.id, "x")
    bob.blocks(stage.bot("Ada"), on=False)
    await ada.send_message(dm.id, "x")


async def test_a_bot_that_was_put_out_of_a_group_is_told(stage, ada, dm):
    bob, bot = dm.people()[0], stage.bot("Ada")
    tea = stage.group("Tea", [bob], [bot])
    bob.removes(tea, bot)
    with pytest.raises(Forbidden, match="bot was kicked from the group chat"):
        await ada.send_message(tea.id, "x")


async def test_edits_change_the_message_and_say_when_nothing_changed(stage, ada, dm):
    sent = await ada.send_message(dm.id, "see <b>this</b> https://a.org", parse_mode="HTML")
    with pytest.raises(BadRequest, match=r"(?i)message is not modified"):
        await sent.edit_text("see <b>this</b> https://a.org", parse_mode="HTML")
    edited = await sent.edit_text("see that")
    assert edited.edit_date is not None
    assert stage.messages(dm)[0].text == "see that"
    with pytest.raises(BadRequest, match=r"(?i)message to edit not found"):
        await ada.edit_message_text("x", dm.id, 999)
    said = dm.people()[0].says(dm, "mine")
    with pytest.raises(BadRequest, match=r"(?i)message can't be edited"):
        await ada.edit_message_text("x", dm.id, said.id)


async def test_deleting_twice_is_refused(stage, ada, dm):
    sent = await ada.send_message(dm.id, "gone soon")
    assert await sent.delete()
    assert stage.messages(dm) == []
    with pytest.raises(BadRequest, match=r"(?i)message to delete not found"):
        await sent.delete()
    assert await ada.delete_messages(dm.id, [sent.message_id, 77])


async def test_a_reply_shows_what_it_answers_one_level_deep(stage, ada, dm):
    bob = dm.people()[0]
    first = bob.says(dm, "one")
    second = await ada.send_message(dm.id, "two", reply_parameters=ReplyParameters(first.id))
    third = await ada.send_message(dm.id, "three", reply_parameters=ReplyParameters(second.id))
    assert third.reply_to_message.text == "two"
    assert third.reply_to_message.reply_to_message is None


async def test_a_reply_to_a_message_that_is_gone_needs_leave(stage, ada, dm):
    bob = dm.people()[0]
    said = bob.says(dm, "one")
    bob.deletes(said)
    with pytest.raises(BadRequest, match=r"(?i)message to be replied not found"):
        await ada.send_message(dm.id, "x", reply_parameters=ReplyParameters(said.id))
    lenient = ReplyParameters(said.id, allow_sending_without_reply=True)
    assert (await ada.send_message(dm.id, "x", reply_parameters=lenient)).reply_to_message is None


async def test_drafts_live_in_private_chats_until_the_message_comes(stage, ada, dm):
    assert await ada.send_message_draft(dm.id, 7, "Thin")
    assert await ada.send_message_draft(dm.id, 7, "Thinking")
    assert [(d.draft, d.text) for d in stage.drafts(dm)] == [(7, "Thinking")]
    await ada.send_message(dm.id, "Thought.")
    assert stage.drafts(dm) == []
    with pytest.raises(BadRequest):
        await ada.send_message_draft(dm.id, 0, "x")
    tea = stage.group("Tea", [dm.people()[0]], [stage.bot("Ada")])
    with pytest.raises(BadRequest):
        await ada.send_message_draft(tea.id, 7, "x")


async def test_reactions_are_seen_and_unknown_ones_refused(stage, ada, dm):
    said = dm.people()[0].says(dm, "nice")
    assert await ada.set_message_reaction(dm.id, said.id, "👍")
    assert stage.messages(dm)[0].reactions == {stage.bot("Ada").id: "👍"}
    with pytest.raises(BadRequest, match=r"(?i)reaction_invalid"):
        await ada.set_message_reaction(dm.id, said.id, "🦩")
    assert await ada.set_message_reaction(dm.id, said.id)
    assert stage.messages(dm)[0].reactions == {}


async def test_a_press_is_answered_once_and_not_too_late(stage, ada, dm):
    keys = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="yes")]])
    await ada.send_message(dm.id, "Tea?", reply_markup=keys)
    asked = await stage.next_from(stage.bot("Ada"))
    dm.people()[0].presses(asked, "yes")
    (update,) = await ada.get_updates()
    assert update.callback_query.data == "yes"
    assert await update.callback_query.answer("Coming")
    with pytest.raises(BadRequest, match=r"(?i)query is too old"):
        await update.callback_query.answer()
    await update.callback_query.edit_message_reply_markup(None)
    with pytest.raises(ValueError, match="no button"):
        dm.people()[0].presses(asked, "yes")


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ([[InlineKeyboardButton("Yes", callback_data="é" * 33)]], "BUTTON_DATA_INVALID"),
        ([[InlineKeyboardButton("Yes", url="javascript:alert(1)")]], "URL .* is invalid"),
        ([[InlineKeyboardButton("Yes", url="https://")]], "URL .* is invalid"),
        ([[InlineKeyboardButton("", callback_data="yes")]], "text is empty"),
        ([[InlineKeyboardButton("Yes", callback_data="yes")]] * 101, "reply markup is too long"),
    ],
)
async def test_buttons_that_cannot_be_shown_refuse_the_message(stage, ada, dm, keys, why):
    with pytest.raises(BadRequest, match=f"(?i){why}"):
        await ada.send_message(dm.id, "Tea?", reply_markup=InlineKeyboardMarkup(keys))
    assert stage.messages(dm) == []


async def test_who_leads_a_group_is_told_as_telegram_tells_it(stage, ada):
    bob, eve, zoe = (stage.person(name) for name in ("Bob", "Eve", "Zoe"))
    club = stage.supergroup("Club", [bob, eve], [stage.bot("Ada")])

    async def status(who) -> str:
        return (await ada.get_chat_member(club.id, who.id)).status

    assert [await status(who) for who in (bob, eve, zoe)] == ["creator", "member", "left"]
    bob.promotes(club, eve)
    assert await status(eve) == "administrator"
    bob.demotes(club, eve)
    assert await status(eve) == "member"
    bob.removes(club, eve)
    assert await status(eve) == "kicked"


async def test_topics_are_named_by_thread_and_general_by_none(stage, ada, dm):
    bob, bot = dm.people()[0], stage.bot("Ada")
    club = stage.forum("Club", [bob], [bot], topics=["Books"], admins=[bot])
    books = next(number for number, name in club.topics.items() if name == "Books")
    sent = await ada.send_message(club.id, "In Books", message_thread_id=books)
    assert (sent.message_thread_id, sent.is_topic_message) == (books, True)
    sent = await ada.send_message(club.id, "In General")
    assert (sent.message_thread_id, sent.is_topic_message) == (None, None)
    for wrong in (1, 999):
        with pytest.raises(BadRequest, match=r"(?i)message thread not found"):
            await ada.send_message(club.id, "x", message_thread_id=wrong)
    topic = await ada.create_forum_topic(club.id, "Films")
    assert club.topics[topic.message_thread_id] == "Films"
    said = bob.says(club, "hello", topic="Films")
    sent = await ada.send_message(club.id, "hi", reply_parameters=ReplyParameters(said.id))
    assert sent.message_thread_id == topic.message_thread_id


async def test_replies_in_a_supergroup_carry_a_thread_that_is_no_topic(stage, ada, dm):
    bob, bot = dm.people()[0], stage.bot("Ada")
    big = stage.supergroup("Big", [bob], [bot])
    said = bob.says(big, "one")
    bob.says(big, "two", reply_to=said)
    updates = await ada.get_updates()
    assert updates[1].message.message_thread_id == said.id
    assert updates[1].message.is_topic_message is None


async def test_supergroups_count_for_themselves(stage, ada, dm):
    bob, bot = dm.people()[0], stage.bot("Ada")
    one, two = (stage.supergroup(name, [bob], [bot]) for name in ("One", "Two"))
    assert bob.says(one, "x").id == bob.says(two, "x").id == 1


async def test_a_group_that_became_a_supergroup_names_its_new_id(stage, ada, dm):
    bob, bot = dm.people()[0], stage.bot("Ada")
    tea = stage.group("Tea", [bob], [bot])
    big = stage.migrate(tea)
    with pytest.raises(ChatMigrated) as moved:
        await ada.send_message(tea.id, "x")
    assert moved.value.new_chat_id == big.id
    old, new = await ada.get_updates()
    assert old.message.migrate_to_chat_id == big.id
    assert new.message.migrate_from_chat_id == tea.id
    await ada.send_message(big.id, "here")


async def test_a_bad_token_and_a_bad_method_are_told_apart(stage, ada):
    with pytest.raises(telegram.error.TelegramError, match="not found"):
        await ada.do_api_request("getEverything")
    stage.new_token(stage.bot("Ada"))
    with pytest.raises(InvalidToken):
        await ada.get_me()
