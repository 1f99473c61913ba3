"""Every answer and every update of the local Telegram fits what Telegram publishes."""

import json

import pytest
from telegram import (
    BotCommand,
    BotCommandScopeAllPrivateChats,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    ReplyParameters,
)

from bots.sandbox import Stage
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

EVERYTHING = ["message", "edited_message", "callback_query", "message_reaction", "my_chat_member"]


@pytest.fixture
async def played(stage: Stage, dial):
    """A run that goes through every method and every kind of update."""
    ada, eliza = stage.bot("Ada"), stage.bot("Eliza")
    bob, eve = stage.person("Bob", username="bob"), stage.person("Eve")
    dm = stage.dm(bob, ada)
    tea = stage.group("Tea", [bob, eve], [ada, eliza])
    big = stage.supergroup("Big", [bob, eve], [ada], admins=[ada])
    club = stage.forum("Club", [bob, eve], [ada], topics=["Books"], admins=[ada])
    async with dial(stage, ada) as client:
        await client.get_updates(allowed_updates=[*EVERYTHING, "chat_member"])
        said = bob.says(dm, "/start 😀 @ada_bot https://a.org #x")
        bob.says(dm, "again", reply_to=said)
        bob.edits(said, "/start again")
        bob.reacts(said, "👍")
        bob.says(tea, "hello @Eve")
        first = bob.says(big, "one")
        eve.says(big, "two", reply_to=first)
        bob.reacts(first, "🔥")
        bob.reacts(first, None)
        bob.says(club, "in a topic", topic="Books")
        keys = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="yes")]])
        await client.send_message(dm.id, "<b>Tea</b>?", parse_mode="HTML", reply_markup=keys)
        asked = await stage.next_from(ada, dm)
        press = bob.presses(asked, "yes")
        await client.answer_callback_query(press, "Yes")
        await client.edit_message_reply_markup(dm.id, asked.id)
        bob.blocks(ada)
        bob.blocks(ada, on=False)
        stage.migrate(tea)
        eve.leaves(club)
        bob.adds(club, eve)
        reply = ReplyParameters(first.id)
        sent = await client.send_message(big.id, "three", reply_parameters=reply)
        await sent.edit_text("four")
        await client.forward_message(dm.id, big.id, first.id)
        await client.copy_message(dm.id, big.id, first.id)
        await sent.delete()
        await client.delete_messages(dm.id, [asked.id])
        await client.send_photo(dm.id, png(), caption="<b>An</b> owl", parse_mode="HTML")
        await client.send_document(big.id, b"owl", filename="owl.txt")
        bob.sends(dm, "poem.txt", b"owls", "A poem")
        eve.sends(big, "bare.pdf", b"%PDF-1.4")
        document = bob.sends(club, "in a topic.md", b"# Owls", topic="Books").more["document"]
        await client.get_file(document["file_id"])
        await client.send_chat_action(dm.id, "typing")
        await client.send_message_draft(dm.id, 5, "Thin")
        await client.set_message_reaction(big.id, first.id, "👀")
        for room in (dm, big, club):
            await client.get_chat(room.id)
        for who in (bob, eve, ada, eliza):
            await client.get_chat_member(big.id, who.id)
        await client.get_chat_administrators(big.id)
        await client.get_chat_member_count(big.id)
        await client.create_forum_topic(club.id, "Films")
        commands = [BotCommand("start", "Begin")]
        await client.set_my_commands(commands, scope=BotCommandScopeAllPrivateChats())
        await client.get_my_commands(scope=BotCommandScopeAllPrivateChats())
        await client.delete_my_commands()
        await client.get_updates()
        await client.set_webhook("https://127.0.0.1:9/hook", drop_pending_updates=True)
        await client.get_webhook_info()
        await client.delete_webhook()
        await client.leave_chat(club.id)
        await client.log_out()
    return stage


async def test_requests_of_the_client_fit(played):
    problems = [
        problem
        for call in played.journal
        if call.source == "client"
        for problem in problems_of_request(call.method, call.params)
    ]
    assert problems == []


async def test_answers_of_the_stage_fit(played):
    answered = [call for call in played.journal if call.source == "client" and call.status == 200]
    assert {call.status for call in played.journal if call.source == "client"} == {200}
    problems = [
        problem
        for call in answered
        for problem in problems_of_answer(call.method, call.result["result"])
    ]
    assert problems == []


async def test_every_kind_of_update_was_seen_and_fits(played):
    updates = [
        update for call in played.journal.of("getUpdates") for update in call.result["result"]
    ]
    kinds = {kind for update in updates for kind in update} - {"update_id"}
    assert kinds == {*EVERYTHING, "chat_member"}
    assert [problem for update in updates for problem in problems_of("Update", update)] == []


async def test_the_contract_catches_what_is_wrong():
    assert problems_of_request("sendMessage", {"chat_id": "1"}) == ["sendMessage: text is missing"]
    assert problems_of_request("sendMessage", {"chat_id": 1, "text": "x", "colour": "red"}) != []
    assert problems_of_answer("getMe", {"id": "7", "is_bot": True, "first_name": "Ada"}) != []
    assert problems_of_answer("getChatMember", {"status": "left"}) != []
    reply = json.dumps({"message_id": "one"})
    wrong = {"chat_id": 1, "text": "x", "reply_parameters": reply}
    assert problems_of_request("sendMessage", wrong) != []
