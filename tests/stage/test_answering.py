"""Bots answer inline queries and summons, stand in for a business, and change what they said there."""

import pytest
from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InlineQueryResultCachedPhoto,
    InlineQueryResultLocation,
    InputTextMessageContent,
)
from telegram.error import BadRequest

from bots.sandbox import Stage
from tests.fakes.pictures import png


@pytest.fixture
def bob(stage: Stage):
    return stage.person("Bob", username="bob")


@pytest.fixture
def eve(stage: Stage):
    return stage.person("Eve")


@pytest.fixture
async def ada(stage: Stage, dial):
    stage.bot("Ada").may("guests", "inline", "feedback", "business")
    async with dial(stage, stage.bot("Ada")) as client:
        yield client


def article(text: str, number: str = "1", **more) -> InlineQueryResultArticle:
    content = InputTextMessageContent(text, parse_mode="HTML")
    return InlineQueryResultArticle(number, "An answer", content, **more)


@pytest.fixture
def keys():
    return InlineKeyboardMarkup([[InlineKeyboardButton("More", callback_data="more")]])


async def test_a_guest_answers_once_in_the_chat_that_called_it(stage, ada, bob, eve):
    bot = stage.bot("Ada")
    tea = stage.group("Tea", [bob, eve])
    asked = bob.summons(tea, bot, "do owls swim?")
    (update,) = await ada.get_updates()
    query = update.guest_message.guest_query_id
    sent = await ada.answer_guest_query(query, article("<b>No</b>, they fly."))
    said = await stage.next_from(bot, tea)
    assert (said.text, said.reply_to) == ("No, they fly.", asked.id)
    assert said.more["guest_bot_caller_user"] == bob.id
    with pytest.raises(BadRequest, match="Query is too old"):
        await ada.answer_guest_query(query, article("Once more"))
    assert await ada.edit_message_text("They do not.", inline_message_id=sent.inline_message_id)
    assert tea.messages[said.id].text == "They do not."
    with pytest.raises(BadRequest, match="Chat not found"):
        await ada.send_message(tea.id, "And")


async def test_what_is_chosen_of_the_offered_stands_in_the_chat(stage, ada, bob, eve, keys):
    bot = stage.bot("Ada")
    tea = stage.group("Tea", [bob, eve])
    query = bob.types_inline(bot, "owls", tea)
    place = InlineQueryResultLocation("2", 52.5, 13.4, "The zoo")
    await ada.answer_inline_query(query, [article("<i>Owls</i>", reply_markup=keys), place])
    said = bob.chooses(tea, bot, query, "1", "owls")
    assert (said.text, said.entities[0]["type"], said.more["via_bot"]) == ("Owls", "italic", bot.id)
    assert bob.chooses(tea, bot, query, "2").more["location"]["latitude"] == 52.5
    updates = await ada.get_updates()
    name = updates[1].chosen_inline_result.inline_message_id
    assert await ada.edit_message_reply_markup(inline_message_id=name)
    assert tea.messages[said.id].markup is None
    with pytest.raises(BadRequest, match="Query is too old"):
        await ada.answer_inline_query(query, [])


async def test_a_picture_that_is_there_is_offered_by_its_id(stage, ada, bob):
    bot = stage.bot("Ada")
    dm = stage.dm(bob, bot)
    (size,) = (await ada.send_photo(dm.id, png())).photo
    query = bob.types_inline(bot, "owl", dm)
    photo = InlineQueryResultCachedPhoto("p", size.file_id, caption="An owl")
    await ada.answer_inline_query(query, [photo])
    said = bob.chooses(dm, bot, query, "p")
    assert (said.text, said.more["photo"]["file_id"]) == ("An owl", size.file_id)


async def test_offers_that_make_no_sense_are_refused_and_can_be_mended(stage, ada, bob):
    query = bob.types_inline(stage.bot("Ada"), "owls")
    for results, why in (
        ([article("One"), article("Two")], "Result_id_duplicate"),
        ([article("One", "x" * 65)], "Result_id_invalid"),
        ([article(" ")], "Message text is empty"),
        ([article(str(n), str(n)) for n in range(51)], "Results_too_much"),
        ([InlineQueryResultCachedPhoto("p", "F00")], "Wrong file identifier"),
    ):
        with pytest.raises(BadRequest, match=why):
            await ada.answer_inline_query(query, results)
    assert await ada.answer_inline_query(query, [article("One")])


async def test_a_bot_stands_in_for_a_business(stage, ada, bob, eve):
    bot = stage.bot("Ada")
    shop = stage.business(bob, eve)
    number = bob.connects(bot)
    asked = eve.says(shop, "Are you open?")
    how = {"business_connection_id": number}
    await ada.send_chat_action(eve.id, "typing", **how)
    sent = await ada.send_message(eve.id, "We are.", **how)
    assert (sent.from_user.id, sent.sender_business_bot.id) == (bob.id, bot.id)
    assert sent.business_connection_id == number
    await ada.edit_message_text("We are, until six.", eve.id, sent.message_id, **how)
    assert shop.messages[sent.message_id].text == "We are, until six."
    assert await ada.read_business_message(number, eve.id, asked.id)
    connection = await ada.get_business_connection(number)
    assert (connection.user.id, connection.rights.can_reply) == (bob.id, True)
    assert await ada.delete_business_messages(number, [sent.message_id])
    assert [said.text for said in stage.messages(shop)] == ["Are you open?"]


async def test_what_a_business_did_not_allow_is_refused(stage, ada, bob, eve):
    bot, mia = stage.bot("Ada"), stage.person("Mia")
    number = bob.connects(bot, rights=["can_reply"])
    with pytest.raises(BadRequest, match="Business_peer_invalid"):
        await ada.send_message(mia.id, "Hello?", business_connection_id=number)
    shop = stage.business(bob, eve)
    with pytest.raises(BadRequest, match="Business_peer_usage_missing"):
        await ada.send_message(eve.id, "Hello?", business_connection_id=number)
    asked = eve.says(shop, "Hello")
    with pytest.raises(BadRequest, match="Business_connection_not_allowed"):
        await ada.read_business_message(number, eve.id, asked.id)
    with pytest.raises(BadRequest, match="Business_connection_not_allowed"):
        await ada.delete_business_messages(number, [asked.id])
    bob.disconnects(bot)
    with pytest.raises(BadRequest, match="Business connection not found"):
        await ada.send_message(eve.id, "Hello?", business_connection_id=number)
