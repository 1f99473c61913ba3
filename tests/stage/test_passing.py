"""Bots pass on what was said, answer across chats, and take back what is not too old."""

import pytest
from telegram import InputMediaPhoto, ReplyParameters
from telegram.error import BadRequest

from bots.sandbox import Stage
from tests.fakes.pictures import png


@pytest.fixture
def bob(stage: Stage):
    return stage.person("Bob", username="bob")


@pytest.fixture
def dm(stage: Stage, bob):
    return stage.dm(bob, stage.bot("Ada"))


@pytest.fixture
def tea(stage: Stage, bob):
    return stage.supergroup("Tea", [bob], [stage.bot("Ada")])


@pytest.fixture
async def ada(stage: Stage, dial):
    async with dial(stage, stage.bot("Ada")) as client:
        yield client


async def test_an_album_that_is_passed_on_stays_one(stage, ada, dm, tea):
    sent = await ada.send_media_group(dm.id, [InputMediaPhoto(png(seed=n)) for n in range(2)])
    numbers = [message.message_id for message in sent]
    for passed in (ada.forward_messages, ada.copy_messages):
        made = await passed(tea.id, dm.id, [*numbers, 999])
        albums = {tea.messages[one.message_id].more["media_group_id"] for one in made}
        assert (len(made), len(albums)) == (2, 1)
        assert albums != {sent[0].media_group_id}
    with pytest.raises(BadRequest, match="strictly increasing order"):
        await ada.copy_messages(tea.id, dm.id, numbers[::-1])
    with pytest.raises(BadRequest, match="no messages to forward"):
        await ada.forward_messages(tea.id, dm.id, [998, 999])


async def test_what_is_protected_is_copied_but_not_forwarded(ada, dm, tea):
    sent = await ada.send_photo(dm.id, png(), caption="Mine", protect_content=True)
    with pytest.raises(BadRequest, match="The message can't be forwarded"):
        await ada.forward_message(tea.id, dm.id, sent.message_id)
    copied = await ada.copy_message(tea.id, dm.id, sent.message_id, caption="Yours")
    assert tea.messages[copied.message_id].text == "Yours"
    assert "has_protected_content" not in tea.messages[copied.message_id].more


async def test_whoever_hides_is_not_told_of(stage, ada, dm, tea, bob):
    bob.hides_name()
    said = bob.says(dm, "secretly")
    passed = await ada.forward_message(tea.id, dm.id, said.id)
    assert passed.forward_origin.to_dict()["sender_user_name"] == "Bob"


async def test_a_message_of_another_chat_is_answered(ada, dm, tea, bob):
    said = bob.says(tea, "owls by night")
    reply = ReplyParameters(said.id, chat_id=tea.id, quote="by night")
    sent = await ada.send_message(dm.id, "Why then?", reply_parameters=reply)
    assert sent.reply_to_message is None
    assert (sent.external_reply.message_id, sent.quote.text) == (said.id, "by night")
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await ada.send_message(
            dm.id, "Why?", reply_parameters=ReplyParameters(said.id + 9, chat_id=tea.id)
        )


async def test_what_is_older_than_two_days_stays(dial):
    now = [1_000_000.0]
    async with Stage(limits=False, now=lambda: now[0]) as stage:
        bot = stage.bot("Ada")
        dm = stage.dm(stage.person("Bob"), bot)
        async with dial(stage, bot) as client:
            sent = await client.send_message(dm.id, "Old.")
            now[0] += 2 * 86_400 + 1
            with pytest.raises(BadRequest, match="Message can't be deleted for everyone"):
                await client.delete_message(dm.id, sent.message_id)


@pytest.mark.parametrize("url", ["http://localhost:3000", "https://intranet/owls", "not a url"])
async def test_a_button_does_not_lead_to_a_host_without_a_dot(ada, dm, url):
    keys = {"inline_keyboard": [[{"text": "Go", "url": url}]]}
    with pytest.raises(BadRequest, match="wrong http url"):
        await ada.send_message(dm.id, "Here.", api_kwargs={"reply_markup": keys})
    good = {"inline_keyboard": [[{"text": "Go", "url": "tg://user?id=7"}]]}
    await ada.send_message(dm.id, "Here.", api_kwargs={"reply_markup": good})
