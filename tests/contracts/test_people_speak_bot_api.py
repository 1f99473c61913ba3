"""Whatever people do on the local Telegram, the updates of it fit what Telegram publishes."""

import pytest
import telegram

from bots.sandbox import Stage, media
from tests.contracts.botapi import needs_contract, problems_of
from tests.stage.conftest import dial, stage

pytestmark = needs_contract
__all__ = ["dial", "stage"]

KINDS = {
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "guest_message",
    "message_reaction",
    "message_reaction_count",
    "inline_query",
    "chosen_inline_result",
    "callback_query",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "stopped_message_generation",
}


def elsewhere(stage: Stage, bot, bob, eve):
    """Where a bot is no member."""
    tea = stage.group("Tea", [bob, eve])
    bob.summons(tea, bot, "look", reply_to=eve.sends_photo(tea))
    query = bob.types_inline(bot, "owls", tea)
    keys = {"inline_keyboard": [[{"text": "More", "callback_data": "more"}]]}
    offered = [{"id": "1", "text": "Owls are wise.", "markup": keys}]
    stage.world.commit({"fact": "results", "bot": bot.id, "query": query, "results": offered})
    bob.presses(bob.chooses(tea, bot, query, "1", "owls"), "more")
    shop = stage.business(bob, eve)
    bob.connects(bot)
    said = eve.sends_voice(shop)
    bob.says(shop, "hm", reply_to=said)
    eve.edits(eve.sends_video(shop, caption="a film"), "our film")
    eve.deletes(said)
    bob.disconnects(bot)


def among_many(stage: Stage, bot, bob, eve):
    big = stage.supergroup("Big", [bob], [bot], admins=[bot])
    eve.asks_to_join(big, "owls")
    bob.lets_in(big, eve)
    bob.speaks_as(big, big)
    said = bob.says(big, "be nice")
    bob.reacts(said, "👍")
    bob.speaks_as(big, None)
    bob.pins(said)
    bob.renames(big, "Bigger")
    for deed in (bob.mutes, bob.promotes, bob.demotes, bob.removes):
        deed(big, eve)
    news = stage.channel("News", bob, [bot], group=big)
    post = bob.sends_poll(news, "Tea?", ["Yes", "No"])
    bob.edits(bob.says(news, "Owls"), "Owls!")
    bob.comments(post, "hm")
    bob.forwards(big, post)
    bob.says(big, "of that post", reply_to=post)
    eve.joins(news)
    eve.reacts(post, "🔥")
    club = stage.forum("Club", [bob], [bot])
    bob.opens_topic(club, "Books")
    bob.renames_topic(club, "Books", "Films")
    bob.closes_topic(club, "Films")
    bob.closes_topic(club, "Films", on=False)
    bob.hides_general(club)
    bob.hides_general(club, on=False)
    stage.migrate(stage.group("Small", [bob], [bot]))


def to_the_bot(dm, bot, bob):
    for thing in (
        media.photo(spoiler=True),
        media.voice(),
        media.audio(),
        media.video(),
        media.animation(),
        media.video_note(),
        media.sticker(),
        media.document(b"Owls.", name="poem.txt"),
        media.location(1.5, 2.5, live=60),
        media.venue(1.5, 2.5, "Tea room", "Owl Street 1"),
        media.contact("+4930123456", "Eve", user=bob.id),
        media.poll("Tea?", ["Yes", "No"], right=0, explanation="Of course."),
        media.dice("🎰"),
    ):
        bob.hands(dm, thing)
    bob.moves(bob.sends_location(dm, 1.0, 2.0, live=60), 3.0, 4.0)
    bob.sends_album(dm, media.photo(), media.video(), caption="Our trip")
    bob.quotes(bob.says(dm, "tea or coffee?"), "coffee", "this")
    bob.opens_topic(dm, "Owls")
    bob.says(dm, "wise owls " * 900, topic="Owls")
    bob.blocks(bot)
    bob.blocks(bot, on=False)


async def test_every_kind_of_update_of_people_fits(stage: Stage, dial):
    bot, bob, eve = stage.bot("Ada"), stage.person("Bob", username="bob"), stage.person("Eve")
    bot.may("topics", "new_topics", "guests", "inline", "feedback", "business")
    dm = stage.dm(bob, bot)
    async with dial(stage, bot) as client:
        await client.get_updates(allowed_updates=sorted(KINDS))
        elsewhere(stage, bot, bob, eve)
        among_many(stage, bot, bob, eve)
        to_the_bot(dm, bot, bob)
        await client.send_message_draft(dm.id, 5, "Thin", api_kwargs={"can_stop": True})
        bob.stops(dm)
        sent = await client.send_poll(dm.id, "Tea?", ["Yes", "No"], is_anonymous=False)
        bob.votes(dm.messages[sent.message_id], "Yes")
        seen = await client.get_updates()
        assert {kind for update in seen for kind in kinds_of(update)} == KINDS
    updates = [one for call in stage.journal.of("getUpdates") for one in call.result["result"]]
    assert [problem for update in updates for problem in problems_of("Update", update)] == []


def kinds_of(update: telegram.Update) -> set[str]:
    newer = set(update.api_kwargs)
    return {name for name in update.to_dict() if name != "update_id"} | newer


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_a_bot_gets_only_the_kinds_that_it_named(stage: Stage, kind):
    bot, bob, eve = stage.bot("Ada"), stage.person("Bob", username="bob"), stage.person("Eve")
    bot.may("topics", "new_topics", "guests", "inline", "feedback", "business")
    stage.world.commit({"fact": "allowed", "bot": bot.id, "kinds": [kind]})
    elsewhere(stage, bot, bob, eve)
    among_many(stage, bot, bob, eve)
    to_the_bot(stage.dm(bob, bot), bot, bob)
    assert {update.kind for update in stage.pending(bot)} <= {kind}
