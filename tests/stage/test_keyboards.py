"""Keyboards, quotes and the options of a message, and what Telegram refuses of them."""

import pytest
from telegram import (
    CopyTextButton,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    MessageEntity,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    ReplyParameters,
    WebAppInfo,
)
from telegram.error import BadRequest, RetryAfter

from bots.sandbox import Stage
from tests.stage.conftest import Dial


@pytest.fixture
def dm(stage: Stage):
    return stage.dm(stage.person("Bob", username="bob"), stage.bot("Ada"))


@pytest.fixture
def tea(stage: Stage, dm):
    bob = stage.person("Bob", username="bob")
    return stage.supergroup("Tea", [bob], [stage.bot("Ada")])


@pytest.fixture
async def ada(stage: Stage, dial: Dial):
    async with dial(stage, stage.bot("Ada")) as client:
        yield client


def below(**what) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton("Go", **what)]])


@pytest.mark.parametrize(
    "what",
    [
        {"url": "https://owls.example"},
        {"callback_data": "x" * 64},
        {"copy_text": CopyTextButton("an owl")},
        {"web_app": WebAppInfo("https://owls.example/app")},
        {"switch_inline_query": ""},
        {"switch_inline_query_current_chat": "owls"},
    ],
)
async def test_every_kind_of_button_stands_below_a_message(ada, dm, what):
    sent = await ada.send_message(dm.id, "Here.", reply_markup=below(**what))
    assert sent.reply_markup == below(**what)


@pytest.mark.parametrize(
    ("markup", "why"),
    [
        ({"inline_keyboard": [[{"text": ""}]]}, "text is empty"),
        ({"inline_keyboard": [[{"text": "Go"}]]}, "Text buttons are unallowed"),
        ({"inline_keyboard": [[{"text": "Go", "callback_data": "x" * 65}]]}, "BUTTON_DATA_INVALID"),
        ({"inline_keyboard": [[{"text": "Go", "callback_data": "ä" * 33}]]}, "BUTTON_DATA_INVALID"),
        ({"inline_keyboard": [[{"text": "Go", "url": "ht tp://x"}]]}, "Wrong HTTP URL"),
        ({"inline_keyboard": [[{"text": "Go", "copy_text": {"text": ""}}]]}, "COPY_TEXT_INVALID"),
        ({"inline_keyboard": [[{"text": "Go", "web_app": {"url": "http://x.org"}}]]}, "HTTPS"),
        ({"inline_keyboard": [{"text": "Go"}]}, "Array of Arrays"),
        ({"inline_keyboard": None}, "must be of type Array"),
        ({"keyboard": [[{"text": ""}]]}, "must be non-empty"),
        ({"force_reply": True, "input_field_placeholder": "x" * 65}, "placeholder is too long"),
        ({"inline_keyboard": [[{"text": "Go", "pay": True}] * 101]}, "reply markup is too long"),
    ],
)
async def test_keyboards_that_make_no_sense_are_refused(ada, dm, markup, why):
    asked = {"chat_id": dm.id, "text": "Here.", "reply_markup": markup}
    with pytest.raises(BadRequest) as refusal:
        await ada.do_api_request("sendMessage_", api_kwargs=asked)
    assert why.lower() in refusal.value.message.lower()


async def test_an_app_opens_from_private_chats_only(ada, tea):
    app = below(web_app=WebAppInfo("https://owls.example/app"))
    with pytest.raises(BadRequest, match="Button_type_invalid"):
        await ada.send_message(tea.id, "Here.", reply_markup=app)


async def test_keyboards_under_the_line_of_writing_come_and_go(stage, ada, dm):
    keys = ReplyKeyboardMarkup([["Yes", KeyboardButton("No")]], one_time_keyboard=True)
    sent = await ada.send_message(dm.id, "Tea?", reply_markup=keys)
    assert sent.reply_markup is None, "bots are not shown what is under the line of writing"
    (said,) = stage.messages(dm)
    assert said.markup["keyboard"] == [[{"text": "Yes"}, {"text": "No"}]]
    for other in (ReplyKeyboardRemove(), ForceReply(input_field_placeholder="Your name")):
        await ada.send_message(dm.id, "And now?", reply_markup=other)
    assert stage.messages(dm)[1].markup == {"remove_keyboard": True}
    with pytest.raises(BadRequest, match="Message can't be edited"):
        await ada.edit_message_text("Coffee?", dm.id, sent.message_id)


async def test_one_asks_for_a_contact_in_private_only(ada, tea):
    keys = ReplyKeyboardMarkup([[KeyboardButton("Me", request_contact=True)]])
    with pytest.raises(BadRequest, match="private chats only"):
        await ada.send_message(tea.id, "Who?", reply_markup=keys)


async def test_the_words_that_are_answered_are_quoted_exactly(stage, ada, dm):
    said = stage.person("Bob", username="bob").says(dm, "🦉 owls and owls by night")
    reply = ReplyParameters(said.id, quote="owls", quote_position=12)
    sent = await ada.send_message(dm.id, "Which?", reply_parameters=reply)
    assert (sent.quote.text, sent.quote.position, sent.quote.is_manual) == ("owls", 12, True)
    for wrong in ("Owls", "owls at night", "x" * 1025):
        reply = ReplyParameters(said.id, quote=wrong)
        with pytest.raises(BadRequest, match="Quote_text_invalid"):
            await ada.send_message(dm.id, "Which?", reply_parameters=reply)


async def test_a_quote_keeps_its_style(ada, dm):
    bold = await ada.send_message(dm.id, "so <b>very</b> bold", parse_mode="HTML")
    styled = ReplyParameters(
        bold.message_id,
        quote="very",
        quote_entities=[MessageEntity(MessageEntity.BOLD, 0, 4)],
    )
    sent = await ada.send_message(dm.id, "Yes.", reply_parameters=styled)
    assert [one.type for one in sent.quote.entities] == ["bold"]
    plain = ReplyParameters(bold.message_id, quote="very")
    with pytest.raises(BadRequest, match="Quote_text_invalid"):
        await ada.send_message(dm.id, "Yes.", reply_parameters=plain)


async def test_what_goes_with_a_message_is_kept(stage, ada, dm, tea):
    sent = await ada.send_message(
        dm.id,
        "Quietly.",
        disable_notification=True,
        protect_content=True,
        message_effect_id="5104841245755180586",
    )
    assert (sent.has_protected_content, sent.effect_id) == (True, "5104841245755180586")
    assert stage.messages(dm)[0].more["_silent"], "people are not woken"
    with pytest.raises(BadRequest, match="private chats"):
        await ada.send_message(tea.id, "Loudly.", message_effect_id="5104841245755180586")


async def test_a_bot_that_may_not_write_is_told_what_it_may_not(stage, ada, tea):
    stage.world.set_member(tea, stage.bot("Ada"), "restricted", stage.person("Eve"))
    with pytest.raises(BadRequest, match="Not enough rights to send text messages to the chat"):
        await ada.send_message(tea.id, "Hello?")
    with pytest.raises(BadRequest, match="Not enough rights to send polls to the chat"):
        await ada.send_poll(tea.id, "Hello?", ["Yes", "No"])


@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")
async def test_slow_mode_makes_a_bot_wait_that_is_no_administrator(stage, ada, tea):
    tea.more["slow_mode_delay"] = 30
    await ada.send_message(tea.id, "One")
    with pytest.raises(RetryAfter):
        await ada.send_message(tea.id, "Two")
    stage.world.set_member(tea, stage.bot("Ada"), "administrator", stage.person("Eve"))
    await ada.send_message(tea.id, "Two")
