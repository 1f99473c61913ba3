"""Rooms of many: channels and their discussions, topics, who comes, who goes, who may."""

import pytest

from bots.sandbox import Stage, media

EVERYTHING = ["message", "channel_post", "edited_message", "edited_channel_post", "chat_member"]
EVERYTHING += ["my_chat_member", "message_reaction", "message_reaction_count", "chat_join_request"]


@pytest.fixture
def bob(stage: Stage):
    return stage.person("Bob", username="bob")


@pytest.fixture
def eve(stage: Stage):
    return stage.person("Eve")


@pytest.fixture
async def ada(stage: Stage, dial):
    async with dial(stage, stage.bot("Ada")) as client:
        await client.get_updates(allowed_updates=EVERYTHING)
        yield client


async def test_a_post_of_a_channel_has_no_author(stage, ada, bob, eve):
    news = stage.channel("News", bob, [stage.bot("Ada")])
    eve.joins(news)
    with pytest.raises(ValueError, match="no administrator"):
        eve.says(news, "I may not")
    post = bob.says(news, "Owls are back")
    bob.edits(post, "Owls are back!")
    joined, posted, edited = await ada.get_updates()
    assert joined.chat_member.new_chat_member.user.id == eve.id
    message = posted.channel_post
    assert (message.chat.type, message.chat.title) == ("channel", "News")
    assert (message.from_user, message.sender_chat.id) == (None, news.id)
    assert edited.edited_channel_post.text == "Owls are back!"


async def test_posts_of_a_signed_channel_say_who_wrote_them(stage, ada, bob):
    bot = stage.bot("Ada")
    news = stage.channel("News", bob, [bot])
    bob.signs(news)
    bob.forwards(stage.dm(bob, bot), bob.says(news, "Owls are back"))
    posted, passed = await ada.get_updates()
    assert posted.channel_post.author_signature == "Bob"
    assert passed.message.forward_origin.author_signature == "Bob"


async def test_reactions_in_a_channel_are_counted_and_name_nobody(stage, ada, bob, eve):
    news = stage.channel("News", bob, [stage.bot("Ada")])
    eve.joins(news)
    post = bob.says(news, "Owls are back")
    eve.reacts(post, "🔥")
    counted = (await ada.get_updates())[-1].message_reaction_count
    assert (counted.message_id, counted.reactions[0].total_count) == (post.id, 1)


async def test_posts_go_to_the_discussion_and_comments_hang_on_them(stage, ada, bob, eve):
    talk = stage.supergroup("News talk", [bob], [stage.bot("Ada")])
    news = stage.channel("News", bob, group=talk)
    eve.joins(news)
    post = bob.sends_photo(news, caption="Owls are back")
    comment = eve.comments(post, "at last!")
    bob.edits(post, "Owls are back!")
    passed, commented, edited = [
        update.effective_message for update in await ada.get_updates() if not update.chat_member
    ]
    assert passed.is_automatic_forward
    assert (passed.from_user.id, passed.sender_chat.id) == (777000, news.id)
    assert (passed.forward_origin.type, passed.forward_origin.message_id) == ("channel", post.id)
    assert len(passed.photo) == 4
    assert commented.message_thread_id == passed.message_id == comment.thread
    assert commented.reply_to_message.message_id == passed.message_id
    assert not commented.is_topic_message
    assert edited.caption == "Owls are back!"
    assert (await ada.get_chat(talk.id)).linked_chat_id == news.id


async def test_what_a_bot_posts_is_discussed_too(stage, ada, bob):
    bot = stage.bot("Ada")
    talk = stage.supergroup("News talk", [bob], [bot])
    news = stage.channel("News", bob, [bot], group=talk)
    await ada.send_message(news.id, "Owls are back")
    (update,) = await ada.get_updates()
    assert (update.message.text, update.message.is_automatic_forward) == ("Owls are back", True)


async def test_an_anonymous_administrator_speaks_for_the_group(stage, ada, bob, eve):
    big = stage.supergroup("Big", [bob, eve], [stage.bot("Ada")], admins=[stage.bot("Ada")])
    news = stage.channel("News", eve)
    bob.speaks_as(big, big)
    eve.speaks_as(big, news)
    with pytest.raises(ValueError, match="cannot speak for"):
        eve.speaks_as(big, big)
    said = bob.says(big, "be nice")
    eve.says(big, "read us")
    bob.reacts(said, "👍")
    bob.speaks_as(big, None)
    bob.says(big, "it was me")
    anonymous, channel, reacted, own = await ada.get_updates()
    assert (anonymous.message.from_user.username, anonymous.message.sender_chat.id) == (
        "GroupAnonymousBot",
        big.id,
    )
    assert (channel.message.from_user.username, channel.message.sender_chat.id) == (
        "Channel_Bot",
        news.id,
    )
    assert (reacted.message_reaction.user, reacted.message_reaction.actor_chat.id) == (None, big.id)
    assert own.message.from_user.id == bob.id


async def test_topics_are_begun_renamed_closed_and_opened(stage, ada, bob, eve):
    club = stage.forum("Club", [bob, eve], [stage.bot("Ada")])
    number = bob.opens_topic(club, "Books")
    bob.renames_topic(club, "Books", "Good books")
    bob.closes_topic(club, number)
    with pytest.raises(ValueError, match="closed"):
        eve.says(club, "may I?", topic="Good books")
    bob.says(club, "I may", topic="Good books")
    bob.closes_topic(club, number, on=False)
    eve.says(club, "now I may", topic=number)
    eve.says(club, "in General")
    bob.hides_general(club)
    seen = [update.message for update in await ada.get_updates()]
    opened, renamed, closed, may, reopened, now, general, hidden = seen
    assert opened.forum_topic_created.name == "Books"
    assert renamed.forum_topic_edited.name == "Good books"
    assert closed.forum_topic_closed is not None
    assert reopened.forum_topic_reopened is not None
    assert {one.message_thread_id for one in (opened, renamed, closed, may, reopened, now)} == {
        number
    }
    assert (general.message_thread_id, general.is_topic_message) == (None, None)
    assert hidden.general_forum_topic_hidden is not None
    with pytest.raises(ValueError, match="no administrator"):
        eve.renames_topic(club, number, "Mine")


async def test_a_new_group_tells_its_bots(stage, ada, bob, eve):
    tea = bob.founds("Tea", [eve], [stage.bot("Ada")])
    added, created = await ada.get_updates()
    assert (added.my_chat_member.chat.id, added.my_chat_member.from_user.id) == (tea.id, bob.id)
    assert created.message.group_chat_created


async def test_a_public_channel_has_a_name(stage, ada, bob):
    news = stage.channel("News", bob, [stage.bot("Ada")])
    with pytest.raises(ValueError, match="cannot have"):
        bob.publishes(news, "@ada_bot")
    bob.publishes(news, "@owl_news")
    bob.says(news, "Owls are back")
    (update,) = await ada.get_updates()
    assert update.channel_post.chat.username == "owl_news"


async def test_a_link_starts_a_bot_with_a_payload_also_when_it_was_blocked(stage, ada, bob):
    bot = stage.bot("Ada")
    bob.starts(bot, "tea-5")
    bob.blocks(bot)
    bob.starts(bot)
    first, _, unblocked, again = await ada.get_updates()
    assert (first.message.text, again.message.text) == ("/start tea-5", "/start")
    assert first.message.entities[0].type == "bot_command"
    assert unblocked.my_chat_member.new_chat_member.status == "member"


async def test_people_come_by_a_link_or_by_asking(stage, ada, bob, eve):
    big = stage.supergroup("Big", [bob], [stage.bot("Ada")], admins=[stage.bot("Ada")])
    maya = stage.person("Maya")
    eve.joins(big)
    maya.asks_to_join(big, "I like owls")
    bob.lets_in(big, maya)
    with pytest.raises(ValueError, match="has not asked"):
        bob.lets_in(big, maya)
    member, joined, asked, let_in, said = await ada.get_updates()
    assert member.chat_member.new_chat_member.status == "member"
    assert joined.message.new_chat_members[0].id == eve.id
    assert (asked.chat_join_request.bio, asked.chat_join_request.user_chat_id) == (
        "I like owls",
        maya.id,
    )
    assert let_in.chat_member.new_chat_member.user.id == maya.id
    assert said.message.new_chat_members[0].id == maya.id


async def test_titles_change_and_messages_are_pinned(stage, ada, bob):
    tea = stage.group("Tea", [bob], [stage.bot("Ada")])
    said = bob.says(tea, "tea at five")
    bob.pins(said)
    bob.renames(tea, "Tea at five")
    bob.pins(said, on=False)
    _, pinned, renamed = await ada.get_updates()
    assert pinned.message.pinned_message.text == "tea at five"
    assert renamed.message.new_chat_title == renamed.message.chat.title == "Tea at five"


async def test_whoever_is_put_out_or_muted_says_nothing(stage, ada, bob, eve):
    big = stage.supergroup("Big", [bob, eve], [stage.bot("Ada")], admins=[stage.bot("Ada")])
    bob.mutes(big, eve)
    with pytest.raises(ValueError, match="may not write"):
        eve.says(big, "hm")
    bob.mutes(big, eve, on=False)
    eve.says(big, "thanks")
    bob.removes(big, eve)
    with pytest.raises(ValueError, match="put out"):
        eve.joins(big)
    bob.promotes(big, eve)
    bob.demotes(big, eve)
    changes = [update.chat_member for update in await ada.get_updates() if update.chat_member]
    assert [change.new_chat_member.status for change in changes] == [
        "restricted",
        "member",
        "kicked",
        "administrator",
        "member",
    ]


async def test_in_slow_mode_everybody_waits_but_administrators():
    now = [1_000_000.0]
    async with Stage(now=lambda: now[0]) as stage:
        bob, eve = stage.person("Bob"), stage.person("Eve")
        big = stage.supergroup("Big", [bob, eve])
        with pytest.raises(ValueError, match="no administrator"):
            eve.slows(big, 30)
        bob.slows(big, 30)
        eve.sends_album(big, media.photo(), media.photo())
        now[0] += 10
        bob.says(big, "one")
        with pytest.raises(ValueError, match="slow mode"):
            eve.says(big, "too early")
        now[0] += 25
        eve.says(big, "now")
        bob.slows(big, 0)
        now[0] += 1
        eve.says(big, "and again")


async def test_a_bot_that_is_put_out_hears_of_it_and_no_more(stage, ada, bob):
    bot = stage.bot("Ada")
    tea = stage.group("Tea", [bob], [bot])
    bob.promotes(tea, bot)
    bob.removes(tea, bot)
    bob.says(tea, "it is gone")
    promoted, left, removed = await ada.get_updates()
    assert promoted.my_chat_member.new_chat_member.status == "administrator"
    assert left.message.left_chat_member.id == bot.id
    assert removed.my_chat_member.new_chat_member.status == "kicked"


async def test_a_place_that_is_shared_moves(stage, ada, bob):
    dm = stage.dm(bob, stage.bot("Ada"))
    said = bob.sends_location(dm, 1.0, 2.0, live=900)
    bob.moves(said, 1.5, 2.5)
    _, moved = await ada.get_updates()
    assert moved.edited_message.location.latitude == 1.5
    with pytest.raises(ValueError, match="does not move"):
        bob.moves(bob.sends_location(dm, 1.0, 2.0), 3.0, 4.0)


async def test_everything_of_it_comes_back_after_a_restart(tmp_path):
    file = tmp_path / "world.jsonl"
    async with Stage(persist=file) as stage:
        bob, eve = stage.person("Bob", username="bob"), stage.person("Eve", username="eve")
        bot = stage.bot("Ada")
        bot.may("guests", "business", "inline")
        talk = stage.supergroup("Talk", [bob, eve])
        news = stage.channel("News", bob, group=talk)
        bob.speaks(language="fr")
        bob.sends_album(news, media.photo(), media.photo())
        eve.votes(eve.sends_poll(talk, "Tea?", ["Yes", "No"]), "Yes")
        eve.summons(talk, bot, "hello")
        connection = bob.connects(bot)
        eve.says(stage.business(bob, eve), "hello?")
        eve.types_inline(bot, "owls")
        bob.renames(talk, "Small talk")
        bob.speaks_as(talk, talk)
        waiting = [update.body for update in stage.pending(bot)]
        said = len(stage.messages(talk))
    async with Stage(persist=file) as stage:
        bot, bob = stage.bot("Ada"), stage.person("Bob", username="bob")
        talk = next(chat for chat in stage.world.chats.values() if chat.title == "Small talk")
        assert [update.body for update in stage.pending(bot)] == waiting
        assert len(stage.messages(talk)) == said
        assert (bob.language, bot.able) == ("fr", {"guests", "business", "inline"})
        assert stage.world.connections[connection]["on"]
        assert bob.says(talk, "hm").more["from"]["username"] == "GroupAnonymousBot"
