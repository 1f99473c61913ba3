"""Bots where they are no members: guests, inline queries, businesses; and a person who says stop."""

import pytest

from bots.sandbox import Stage


@pytest.fixture
def bob(stage: Stage):
    return stage.person("Bob", username="bob")


@pytest.fixture
def eve(stage: Stage):
    return stage.person("Eve", language="de")


@pytest.fixture
async def ada(stage: Stage, dial):
    async with dial(stage, stage.bot("Ada")) as client:
        yield client


def draft_of(client, chat, topic=None, **more):
    return client.send_message_draft(
        chat.id, 5, "Thin", message_thread_id=topic, api_kwargs=more or None
    )


async def test_a_guest_hears_only_of_the_message_that_calls_it(stage, ada, bob, eve):
    bot = stage.bot("Ada")
    tea = stage.group("Tea", [bob, eve])
    first = eve.says(tea, "owls cannot swim, @ada_bot")
    bot.may("guests")
    eve.says(tea, "nobody is called")
    bob.summons(tea, bot, "is that so?", reply_to=first)
    (update,) = await ada.get_updates()
    message = update.guest_message
    assert (message.text, message.chat.id) == ("@ada_bot is that so?", tea.id)
    assert message.reply_to_message.text == "owls cannot swim, @ada_bot"
    assert message.guest_query_id in stage.desk(bot).queries
    assert (await ada.get_me()).supports_guest_queries


async def test_a_member_is_no_guest_and_at_most_three_are_called(stage, bob):
    bots = [stage.bot(name) for name in ("Ada", "Eliza", "Hal", "Robby", "Maria")]
    for bot in bots:
        bot.may("guests")
    tea = stage.group("Tea", [bob], [bots[0]])
    bob.says(tea, " ".join(f"@{bot.username}" for bot in bots))
    kinds = [[update.kind for update in stage.pending(bot)] for bot in bots]
    assert kinds == [["message"], ["guest_message"], ["guest_message"], ["guest_message"], []]


async def test_inline_queries_tell_what_is_typed_and_where(stage, ada, bob):
    bot = stage.bot("Ada")
    with pytest.raises(ValueError, match="offers nothing"):
        bob.types_inline(bot, "owls")
    bot.may("inline")
    tea = stage.group("Tea", [bob])
    query = bob.types_inline(bot, "owls", tea)
    bob.types_inline(bot, "", stage.dm(bob, bot))
    asked, direct = [update.inline_query for update in await ada.get_updates()]
    assert (asked.id, asked.query, asked.chat_type) == (query, "owls", "group")
    assert (direct.from_user.id, direct.chat_type) == (bob.id, "sender")


async def test_a_chosen_result_is_a_message_of_the_person_by_way_of_the_bot(stage, ada, bob):
    bot, other = stage.bot("Ada"), stage.bot("Eliza")
    bot.may("inline", "feedback")
    tea = stage.group("Tea", [bob], [other])
    query = bob.types_inline(bot, "owls", tea)
    offered = {"id": "1", "type": "article", "title": "Owls", "text": "Owls are wise."}
    offered["markup"] = {"inline_keyboard": [[{"text": "More", "callback_data": "more"}]]}
    stage.world.commit({"fact": "results", "bot": bot.id, "query": query, "results": [offered]})
    with pytest.raises(ValueError, match="did not offer"):
        bob.chooses(tea, bot, query, "2")
    said = bob.chooses(tea, bot, query, "1")
    (raw,) = stage.pending(other)
    assert b'"via_bot":{"id":%d' % bot.id in raw.body
    bob.presses(said, "more")
    _, chosen, press = await ada.get_updates()
    assert (chosen.chosen_inline_result.result_id, chosen.chosen_inline_result.query) == (
        "1",
        "owls",
    )
    name = chosen.chosen_inline_result.inline_message_id
    assert (press.callback_query.inline_message_id, press.callback_query.message) == (name, None)


async def test_a_bot_stands_in_for_a_business(stage, ada, bob, eve):
    bot = stage.bot("Ada")
    shop = stage.business(bob, eve)
    eve.says(shop, "nobody is connected yet")
    bot.may("business")
    connection = bob.connects(bot)
    said = eve.says(shop, "are you open?")
    mine = bob.says(shop, "a moment")
    eve.edits(said, "are you open today?")
    eve.deletes(said)
    told, asked, answered, edited, gone = await ada.get_updates()
    assert told.business_connection.id == connection
    assert (told.business_connection.is_enabled, told.business_connection.user.id) == (True, bob.id)
    assert told.business_connection.rights.can_reply
    message = asked.business_message
    assert (message.business_connection_id, message.chat.id) == (connection, eve.id)
    assert (message.chat.type, message.from_user.language_code) == ("private", "de")
    assert answered.business_message.message_id == mine.id
    assert answered.business_message.from_user.id == bob.id
    assert edited.edited_business_message.text == "are you open today?"
    assert gone.deleted_business_messages.message_ids == (said.id,)
    bob.disconnects(bot)
    eve.says(shop, "hello?")
    *_, last = await ada.get_updates()
    assert not last.business_connection.is_enabled


async def test_several_messages_that_a_business_takes_back_are_told_at_once(stage, ada, bob, eve):
    bot = stage.bot("Ada")
    bot.may("business")
    shop = stage.business(bob, eve)
    bob.connects(bot)
    said = [eve.says(shop, "one"), bob.says(shop, "two")]
    eve.deletes(*said)
    assert stage.messages(shop) == []
    *_, gone = await ada.get_updates()
    assert gone.deleted_business_messages.message_ids == (said[0].id, said[1].id)


async def test_stop_is_pressed_under_a_draft_that_has_the_button(stage, ada, bob):
    bot = stage.bot("Ada")
    dm = stage.dm(bob, bot)
    await draft_of(ada, dm)
    with pytest.raises(ValueError, match="nothing to stop"):
        bob.stops(dm)
    await draft_of(ada, dm, can_stop=True)
    assert bob.stops(dm) == 5
    assert stage.drafts(dm) == []
    (update,) = await ada.get_updates()
    stopped = update.api_kwargs["stopped_message_generation"]
    assert (stopped["chat"]["id"], stopped["draft_id"]) == (dm.id, 5)
    await draft_of(ada, dm, can_stop=True, keep_on_stop=True)
    bob.stops(dm)
    assert [draft.text for draft in stage.drafts(dm)] == ["Thin"]
    with pytest.raises(ValueError, match="nothing to stop"):
        bob.stops(dm)


async def test_stop_names_the_topic_of_a_private_chat(stage, ada, bob):
    bot = stage.bot("Ada")
    dm = stage.dm(bob, bot)
    with pytest.raises(ValueError, match="no topics"):
        bob.opens_topic(dm, "Owls")
    bot.may("topics", "new_topics")
    topic = bob.opens_topic(dm, "Owls")
    said = bob.says(dm, "tell me of owls", topic="Owls")
    bob.says(dm, "more", reply_to=said)
    await draft_of(ada, dm, topic, can_stop=True)
    bob.stops(dm, "Owls")
    opened, asked, more, stopped = await ada.get_updates()
    assert opened.message.forum_topic_created.name == "Owls"
    assert (asked.message.message_thread_id, asked.message.is_topic_message) == (topic, True)
    assert more.message.message_thread_id == topic
    assert stopped.api_kwargs["stopped_message_generation"]["message_thread_id"] == topic
    me = await ada.get_me()
    assert (me.has_topics_enabled, me.allows_users_to_create_topics) == (True, True)


async def test_votes_reach_the_bot_that_asked(stage, ada, bob, eve):
    bot = stage.bot("Ada")
    tea = stage.group("Tea", [bob, eve], [bot])
    sent = await ada.send_poll(tea.id, "Tea?", ["Yes", "No"], is_anonymous=False)
    poll = tea.messages[sent.message_id]
    bob.votes(poll, "Yes")
    eve.votes(poll, 1)
    eve.votes(poll)
    updates = await ada.get_updates()
    answers = [update.poll_answer for update in updates if update.poll_answer]
    assert [(one.user.id, one.option_ids) for one in answers] == [
        (bob.id, (0,)),
        (eve.id, (1,)),
        (eve.id, ()),
    ]
    counts = [
        [option.voter_count for option in update.poll.options] for update in updates if update.poll
    ]
    assert counts == [[1, 0], [1, 1], [1, 0]]
    with pytest.raises(ValueError, match="only one"):
        bob.votes(poll, "Yes", "No")
    await ada.stop_poll(tea.id, sent.message_id)
    assert (await ada.get_updates())[-1].poll.is_closed
    with pytest.raises(ValueError, match="no open poll"):
        bob.votes(poll, "No")


async def test_nobody_hears_of_votes_in_the_polls_of_people(stage, ada, bob, eve):
    tea = stage.group("Tea", [bob, eve], [stage.bot("Ada")])
    poll = bob.sends_poll(tea, "Tea?", ["Yes", "No"], several=True)
    eve.votes(poll, "Yes", "No")
    assert len(await ada.get_updates()) == 1
    assert [one["voter_count"] for one in tea.messages[poll.id].more["poll"]["options"]] == [1, 1]


async def test_that_a_poll_of_people_has_ended_is_told(stage, ada, bob, eve):
    tea = stage.group("Tea", [bob, eve], [stage.bot("Ada")])
    poll = bob.sends_poll(tea, "Tea?", ["Yes", "No"])
    with pytest.raises(ValueError, match="only its writer"):
        eve.closes_poll(poll)
    bob.closes_poll(poll)
    _, ended = await ada.get_updates()
    assert (ended.poll.id, ended.poll.is_closed) == (poll.more["poll"]["id"], True)


async def test_a_blocked_bot_is_told_and_writes_no_more(stage, ada, bob):
    dm = stage.dm(bob, stage.bot("Ada"))
    bob.blocks(stage.bot("Ada"))
    with pytest.raises(Exception, match="blocked"):
        await ada.send_message(dm.id, "hello")
    bob.blocks(stage.bot("Ada"), on=False)
    assert [update.my_chat_member.new_chat_member.status for update in await ada.get_updates()] == [
        "kicked",
        "member",
    ]
