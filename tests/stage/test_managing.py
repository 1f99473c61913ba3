"""A bot keeps order: topics, pins, members, titles, links, and those who knock."""

import pytest
from telegram import ChatPermissions
from telegram.error import BadRequest

from bots.sandbox import Stage
from bots.sandbox.samples import ogg
from tests.fakes.pictures import png


@pytest.fixture
def bob(stage: Stage):
    return stage.person("Bob", username="bob")


@pytest.fixture
def eve(stage: Stage):
    return stage.person("Eve")


@pytest.fixture
def tea(stage: Stage, bob, eve):
    ada = stage.bot("Ada")
    return stage.supergroup("Tea", [bob, eve], [ada], admins=[ada])


@pytest.fixture
def club(stage: Stage, bob, eve):
    ada = stage.bot("Ada")
    return stage.forum("Club", [bob, eve], [ada], topics=["Books"], admins=[ada])


@pytest.fixture
async def ada(stage: Stage, dial):
    async with dial(stage, stage.bot("Ada")) as client:
        yield client


async def test_a_topic_lives_from_its_beginning_to_its_end(stage, ada, club, bob):
    made = await ada.create_forum_topic(club.id, "Films")
    number = made.message_thread_id
    await ada.edit_forum_topic(club.id, number, name="Old films")
    assert club.topics[number] == "Old films"
    with pytest.raises(BadRequest, match="Topic_not_modified"):
        await ada.edit_forum_topic(club.id, number, name="Old films")
    await ada.close_forum_topic(club.id, number)
    sent = await ada.send_message(club.id, "An administrator may.", message_thread_id=number)
    assert (sent.is_topic_message, sent.message_thread_id) == (True, number)
    bob.demotes(club, stage.bot("Ada"))
    with pytest.raises(BadRequest, match="Topic_closed"):
        await ada.send_message(club.id, "A member may not.", message_thread_id=number)
    with pytest.raises(BadRequest, match="Not enough rights"):
        await ada.reopen_forum_topic(club.id, number)
    bob.promotes(club, stage.bot("Ada"))
    await ada.reopen_forum_topic(club.id, number)
    await ada.delete_forum_topic(club.id, number)
    with pytest.raises(BadRequest, match="Message thread not found"):
        await ada.send_message(club.id, "Gone.", message_thread_id=number)
    assert club.messages[sent.message_id].deleted


async def test_general_is_ruled_by_methods_of_its_own(stage, ada, club, bob):
    with pytest.raises(BadRequest, match="Topic_id_invalid"):
        await ada.close_forum_topic(club.id, 1)
    await ada.close_general_forum_topic(club.id)
    bob.demotes(club, stage.bot("Ada"))
    with pytest.raises(BadRequest, match="Topic_closed"):
        await ada.send_message(club.id, "In General.")
    bob.promotes(club, stage.bot("Ada"))
    await ada.reopen_general_forum_topic(club.id)
    await ada.edit_general_forum_topic(club.id, "Hall")
    assert club.topics[1] == "Hall"


async def test_a_private_chat_has_topics_if_its_bot_has_them(stage, ada, bob):
    dm = stage.dm(bob, stage.bot("Ada"))
    with pytest.raises(BadRequest, match="The chat is not a forum"):
        await ada.create_forum_topic(dm.id, "Plans")
    stage.bot("Ada").may("topics")
    number = (await ada.create_forum_topic(dm.id, "Plans")).message_thread_id
    sent = await ada.send_message(dm.id, "Here.", message_thread_id=number)
    assert (sent.is_topic_message, sent.message_thread_id) == (True, number)
    await ada.send_message_draft(dm.id, 3, "Thin", message_thread_id=number)
    (draft,) = stage.drafts(dm)
    assert draft.topic == number


async def test_pins_come_and_go(stage, ada, tea, bob):
    first, second = bob.says(tea, "one"), bob.says(tea, "two")
    for said in (first, second):
        await ada.pin_chat_message(tea.id, said.id)
    assert (await ada.get_chat(tea.id)).pinned_message.message_id == second.id
    await ada.unpin_chat_message(tea.id)
    assert (await ada.get_chat(tea.id)).pinned_message.message_id == first.id
    await ada.unpin_all_chat_messages(tea.id)
    assert (await ada.get_chat(tea.id)).pinned_message is None
    with pytest.raises(BadRequest, match="Message to unpin not found"):
        await ada.unpin_chat_message(tea.id)
    bob.demotes(tea, stage.bot("Ada"))
    with pytest.raises(BadRequest, match="Not enough rights to manage pinned messages"):
        await ada.pin_chat_message(tea.id, first.id)


async def test_members_are_muted_promoted_and_put_out(stage, ada, tea, bob, eve):
    await ada.restrict_chat_member(tea.id, eve.id, ChatPermissions.no_permissions())
    assert (await ada.get_chat_member(tea.id, eve.id)).status == "restricted"
    await ada.restrict_chat_member(tea.id, eve.id, ChatPermissions.all_permissions())
    await ada.promote_chat_member(tea.id, eve.id, can_pin_messages=True)
    assert (await ada.get_chat_member(tea.id, eve.id)).status == "administrator"
    await ada.promote_chat_member(tea.id, eve.id)
    await ada.ban_chat_member(tea.id, eve.id)
    assert tea.members[eve] == "kicked"
    await ada.unban_chat_member(tea.id, eve.id, only_if_banned=True)
    assert tea.members[eve] == "left"
    with pytest.raises(BadRequest, match="Can't remove chat owner"):
        await ada.ban_chat_member(tea.id, bob.id)
    bob.demotes(tea, stage.bot("Ada"))
    with pytest.raises(BadRequest, match="Not enough rights"):
        await ada.ban_chat_member(tea.id, bob.id)


async def test_what_members_may_not_send_a_bot_may_not_either(stage, ada, tea, bob):
    words_only = ChatPermissions(can_send_messages=True)
    await ada.set_chat_permissions(tea.id, words_only)
    await ada.send_photo(tea.id, png(), caption="An administrator may.")
    assert not (await ada.get_chat(tea.id)).permissions.can_send_photos
    bob.demotes(tea, stage.bot("Ada"))
    await ada.send_message(tea.id, "Words.")
    for what, refused in (
        ("photos", ada.send_photo(tea.id, png())),
        ("polls", ada.send_poll(tea.id, "Tea?", ["Yes", "No"])),
        ("dice", ada.send_dice(tea.id)),
    ):
        with pytest.raises(BadRequest, match=f"Not enough rights to send {what} to the chat"):
            await refused


async def test_somebody_who_wants_no_voice_messages_gets_none(stage, ada, tea, bob):
    dm = stage.dm(bob, stage.bot("Ada"))
    bob.refuses_voice()
    with pytest.raises(BadRequest, match="Voice_messages_forbidden"):
        await ada.send_voice(dm.id, ogg(1))
    await ada.send_voice(tea.id, ogg(1))
    bob.refuses_voice(on=False)
    await ada.send_voice(dm.id, ogg(1))


async def test_a_chat_is_renamed_and_described(ada, tea):
    await ada.set_chat_title(tea.id, "Tea and owls")
    await ada.set_chat_description(tea.id, "About both.")
    shown = await ada.get_chat(tea.id)
    assert (shown.title, shown.description) == ("Tea and owls", "About both.")
    with pytest.raises(BadRequest, match="Chat description is not modified"):
        await ada.set_chat_description(tea.id, "About both.")


async def test_a_public_chat_is_known_by_its_name(ada, tea, bob):
    bob.publishes(tea, "tea_and_owls")
    sent = await ada.send_message("@Tea_and_owls", "Hello.")
    assert sent.chat.id == tea.id
    with pytest.raises(BadRequest, match="Chat not found"):
        await ada.send_message("@nowhere", "Hello?")


async def test_what_a_bot_arranged_is_there_after_a_restart(dial, tmp_path):
    kept = tmp_path / "world.jsonl"
    async with Stage(limits=False, persist=kept) as stage:
        bot, bob = stage.bot("Ada"), stage.person("Bob", username="bob")
        bot.may("managing")
        stage.dm(bob, bot)
        club = stage.forum("Club", [bob], [bot], topics=["Books", "Films"], admins=[bot])
        owl = bob.creates_bot(bot, "Owl", "owl_bot")
        async with dial(stage, bot) as client:
            await client.set_my_name("Ada the Owl")
            await client.set_chat_description(club.id, "Owls.")
            await client.delete_forum_topic(club.id, 2)
            poll = await client.send_poll(club.id, "Tea?", ["Yes", "No"])
            await client.stop_poll(club.id, poll.message_id)
            token = await client.replace_managed_bot_token(owl.id)
    async with Stage(limits=False, persist=kept) as stage:
        room = stage.world.chats[club.key]
        assert sorted(room.topics.values()) == ["Films", "General"]
        assert room.messages[poll.message_id].more["poll"]["is_closed"]
        async with dial(stage, stage.bot("Ada")) as client:
            assert (await client.get_my_name()).name == "Ada the Owl"
            assert (await client.get_chat(club.id)).description == "Owls."
            assert await client.get_managed_bot_token(owl.id) == token


async def test_who_knocks_is_let_in_or_not(stage, ada, tea):
    mia, tom = stage.person("Mia"), stage.person("Tom")
    link = await ada.create_chat_invite_link(tea.id, name="Friends", creates_join_request=True)
    assert link.creates_join_request
    for who in (mia, tom):
        who.asks_to_join(tea)
    await ada.approve_chat_join_request(tea.id, mia.id)
    await ada.decline_chat_join_request(tea.id, tom.id)
    assert (tea.members[mia], tom in tea.members) == ("member", False)
    with pytest.raises(BadRequest, match="User_already_participant"):
        await ada.approve_chat_join_request(tea.id, mia.id)
    with pytest.raises(BadRequest, match="Hide_requester_missing"):
        await ada.decline_chat_join_request(tea.id, tom.id)
    assert (await ada.revoke_chat_invite_link(tea.id, link.invite_link)).is_revoked
    exported = await ada.export_chat_invite_link(tea.id)
    assert (await ada.get_chat(tea.id)).invite_link == exported
