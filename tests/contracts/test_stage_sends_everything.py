"""Whatever a bot sends, edits, answers or arranges: what is asked and answered is as published."""

import json
from pathlib import Path

import pytest
from telegram import (
    BotCommand,
    ChatPermissions,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InlineQueryResultCachedPhoto,
    InputMediaAudio,
    InputMediaDocument,
    InputMediaPhoto,
    InputMediaVideo,
    InputTextMessageContent,
    ReplyKeyboardMarkup,
    ReplyParameters,
)

from bots.sandbox import Stage
from bots.sandbox.methods import METHODS
from bots.sandbox.samples import mp3, mp4, ogg, webp
from tests.contracts.botapi import (
    needs_contract,
    problems_of,
    problems_of_answer,
    problems_of_request,
)
from tests.fakes.pictures import png
from tests.stage.conftest import dial, stage

pytestmark = needs_contract
__all__ = ["dial", "stage"]

# What the other run goes through.
_ELSEWHERE = (
    "getme getupdates setwebhook deletewebhook getwebhookinfo logout close getchat getchatmember "
    "getchatadministrators getchatmembercount leavechat deletemycommands getmycommands getfile "
    "sendchataction editmessagereplymarkup deletemessages setmessagereaction answercallbackquery "
    "forwardmessage copymessage deletemessage"
)


async def _sends(client, dm) -> None:
    film = mp4(64, 48, 1)
    photo = await client.send_photo(dm, png(), caption="An owl", has_spoiler=True)
    await client.send_photo(dm, photo.photo[0].file_id)
    await client.send_document(dm, b"owls", filename="owls.txt")
    await client.send_audio(dm, mp3(1), title="Rain", performer="Ada", duration=1)
    await client.send_voice(dm, ogg(1), caption="Listen")
    await client.send_video(dm, film, width=64, height=48, duration=1)
    await client.send_video_note(dm, film, length=48)
    await client.send_animation(dm, film)
    await client.send_sticker(dm, webp(), emoji="🦉")
    await client.send_venue(dm, 52.5, 13.4, "Café Owl", "Nest Street 1")
    await client.send_contact(dm, "+4930123", "Eve")
    await client.send_dice(dm, emoji="🎯")
    place = await client.send_location(dm, 52.5, 13.4, live_period=60)
    await client.edit_message_live_location(dm, place.message_id, latitude=1, longitude=2)
    await client.stop_message_live_location(dm, place.message_id)
    poll = await client.send_poll(dm, "Tea?", ["Yes", "No"], is_anonymous=False)
    await client.stop_poll(dm, poll.message_id)
    await client.send_poll(dm, "2?", ["1", "2"], type="quiz", correct_option_ids=[1])
    await client.send_media_group(
        dm, [InputMediaPhoto(png(), caption="Two"), InputMediaVideo(film)]
    )
    await client.send_media_group(dm, [InputMediaAudio(mp3(1)), InputMediaAudio(mp3(1))])
    await client.edit_message_caption(dm, photo.message_id, caption="The owl")
    await client.edit_message_media(InputMediaDocument(b"x"), dm, photo.message_id)
    await client.send_message_draft(dm, 3, "Thin", api_kwargs={"can_stop": True})


async def _talks(client, dm, said) -> None:
    keys = ReplyKeyboardMarkup([["Yes", "No"]], one_time_keyboard=True)
    await client.send_message(dm, "Tea?", reply_markup=keys, disable_notification=True)
    reply = ReplyParameters(said.id, quote="owls")
    await client.send_message(dm, "These?", reply_parameters=reply, protect_content=True)
    for passed in (client.forward_messages, client.copy_messages):
        await passed(dm, dm, [said.id])
    sent = await client.send_message(dm, "One")
    await client.edit_message_text("Two", dm, sent.message_id)


async def _introduces_itself(client, dm) -> None:
    await client.set_my_commands([BotCommand("start", "Begin")], language_code="de")
    await client.set_my_name("Ada the Owl")
    await client.get_my_name()
    await client.set_my_description("An owl.")
    await client.get_my_description()
    await client.set_my_short_description("Owl")
    await client.get_my_short_description()
    await client.set_chat_menu_button()
    await client.get_chat_menu_button(dm)
    await client.get_user_profile_photos(dm)


async def _keeps_order(client, stage, club) -> None:
    eve, mia = stage.person("Eve", username="eve"), stage.person("Mia", username="mia")
    said = eve.says(club, "hello")
    await client.pin_chat_message(club.id, said.id)
    await client.get_chat(club.id)
    await client.unpin_chat_message(club.id, said.id)
    await client.unpin_all_chat_messages(club.id)
    await client.restrict_chat_member(club.id, eve.id, ChatPermissions.no_permissions())
    await client.promote_chat_member(club.id, eve.id, can_manage_chat=True)
    await client.ban_chat_member(club.id, eve.id)
    await client.unban_chat_member(club.id, eve.id)
    await client.set_chat_permissions(club.id, ChatPermissions.all_permissions())
    await client.set_chat_title(club.id, "Club of owls")
    await client.set_chat_description(club.id, "Owls.")
    await client.export_chat_invite_link(club.id)
    link = await client.create_chat_invite_link(club.id, creates_join_request=True)
    await client.revoke_chat_invite_link(club.id, link.invite_link)
    for who in (eve, mia):
        who.asks_to_join(club)
    await client.approve_chat_join_request(club.id, mia.id)
    await client.decline_chat_join_request(club.id, eve.id)
    number = (await client.create_forum_topic(club.id, "Films")).message_thread_id
    await client.edit_forum_topic(club.id, number, name="Old films")
    await client.close_forum_topic(club.id, number)
    await client.reopen_forum_topic(club.id, number)
    await client.delete_forum_topic(club.id, number)
    await client.close_general_forum_topic(club.id)
    await client.reopen_general_forum_topic(club.id)
    await client.edit_general_forum_topic(club.id, "Hall")


async def _whispers(client, club, who) -> None:
    asked = {"ephemeral_message_parameters": {"receiver_user_id": who.id}}
    sent = await client.send_message(club.id, "Psst.", api_kwargs=asked)
    number = sent.api_kwargs["ephemeral_message_id"]
    place = {"chat_id": club.id, "receiver_user_id": who.id, "ephemeral_message_id": number}
    keys = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    for name, words in (
        ("Text", {"text": "Psst!"}),
        ("Caption", {"caption": "Psst?"}),
        ("ReplyMarkup", {"reply_markup": keys}),
    ):
        await client.do_api_request(f"editEphemeralMessage{name}", api_kwargs={**place, **words})
    await client.do_api_request("deleteEphemeralMessage", api_kwargs=place)


async def _answers(client, stage, bot, bob) -> None:
    eve = stage.person("Eve", username="eve")
    tea, shop = stage.group("Tea", [bob, eve]), stage.business(bob, eve)
    keys = InlineKeyboardMarkup([[InlineKeyboardButton("Go", callback_data="go")]])
    answer = InlineQueryResultArticle(
        "1", "Owls", InputTextMessageContent("Owls"), reply_markup=keys
    )
    query = bob.types_inline(bot, "owls", tea)
    (size,) = (await client.send_photo(bob.id, png())).photo
    await client.answer_inline_query(
        query, [answer, InlineQueryResultCachedPhoto("2", size.file_id)]
    )
    bob.chooses(tea, bot, query, "1")
    bob.summons(tea, bot, "do owls swim?")
    number = next(iter(stage.desk(bot).queries))
    sent = await client.answer_guest_query(number, answer)
    await client.edit_message_text("No", inline_message_id=sent.inline_message_id)
    connection = bob.connects(bot)
    asked = eve.says(shop, "Open?")
    await client.get_business_connection(connection)
    await client.read_business_message(connection, eve.id, asked.id)
    said = await client.send_message(eve.id, "Yes.", business_connection_id=connection)
    await client.delete_business_messages(connection, [said.message_id])
    owl = bob.creates_bot(bot, "Owl", "owl_bot")
    await client.get_managed_bot_token(owl.id)
    await client.replace_managed_bot_token(owl.id)
    await client.set_managed_bot_access_settings(owl.id, True, [bob.id])
    await client.get_managed_bot_access_settings(owl.id)


@pytest.fixture
async def played(stage: Stage, dial):
    bot = stage.bot("Ada")
    bot.may("guests", "inline", "feedback", "business", "managing", "topics")
    bob, eve = stage.person("Bob", username="bob"), stage.person("Eve", username="eve")
    dm = stage.dm(bob, bot)
    club = stage.forum("Club", [bob, eve], [bot], topics=["Books"], admins=[bot])
    async with dial(stage, bot) as client:
        await _sends(client, dm.id)
        await _talks(client, dm.id, bob.says(dm, "all the owls"))
        await _introduces_itself(client, dm.id)
        await _whispers(client, club, eve)
        await _keeps_order(client, stage, club)
        await _answers(client, stage, bot, bob)
        await client.get_updates()
    return stage


async def test_everything_that_is_asked_and_answered_fits(played):
    calls = [call for call in played.journal if call.source == "client"]
    assert [(call.method, call.result) for call in calls if call.status != 200] == []
    problems = [one for call in calls for one in problems_of_request(call.method, call.params)]
    problems += [
        one for call in calls for one in problems_of_answer(call.method, call.result["result"])
    ]
    assert problems == []


async def test_the_updates_that_come_of_it_fit(played):
    updates = [one for call in played.journal.of("getUpdates") for one in call.result["result"]]
    kinds = {kind for update in updates for kind in update}
    assert {"managed_bot", "guest_message", "inline_query", "poll"} <= kinds
    assert [one for update in updates for one in problems_of("Update", update)] == []


async def test_no_method_is_left_out(played):
    tried = {call.method.lower() for call in played.journal}
    assert METHODS.keys() - tried - {*_ELSEWHERE.split()} == set()


async def test_every_newer_field_names_its_source():
    newer = json.loads((Path(__file__).parent / "overlay.json").read_text())
    entries = [entry for part in ("methods", "types") for entry in newer[part].values()]
    assert entries
    for entry in entries:
        assert entry["source"].startswith("https://core.telegram.org/")
        assert "Bot API 10." in entry["source"]
