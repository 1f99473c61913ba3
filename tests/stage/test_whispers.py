"""What one person alone sees, bots that make bots, and servers that are too old for either."""

import pytest
from telegram.error import BadRequest, EndPointNotFound, InvalidToken

from bots.sandbox import Stage
from bots.sandbox.limits import Rates, Window
from tests.stage.conftest import Dial


@pytest.fixture
def bob(stage: Stage):
    return stage.person("Bob", username="bob")


@pytest.fixture
def eve(stage: Stage):
    return stage.person("Eve")


@pytest.fixture
async def ada(stage: Stage, dial: Dial):
    async with dial(stage, stage.bot("Ada")) as client:
        yield client


def to(who, **more):
    return {"ephemeral_message_parameters": {"receiver_user_id": who.id, **more}}


async def test_an_administrator_says_something_to_one_alone(stage, ada, bob, eve):
    bot = stage.bot("Ada")
    tea = stage.supergroup("Tea", [bob, eve], [bot], admins=[bot])
    sent = await ada.send_message(tea.id, "<b>Slower</b>.", parse_mode="HTML", api_kwargs=to(eve))
    number = sent.api_kwargs["ephemeral_message_id"]
    assert (sent.message_id, sent.api_kwargs["receiver_user"]["id"]) == (0, eve.id)
    assert [said.text for said in stage.whispers(tea, eve)] == ["Slower."]
    assert (stage.whispers(tea, bob), stage.messages(tea)) == ([], [])
    place = {"chat_id": tea.id, "receiver_user_id": eve.id, "ephemeral_message_id": number}
    asked = {**place, "text": "Slower, please."}
    assert await ada.do_api_request("editEphemeralMessageText", api_kwargs=asked)
    assert stage.whispers(tea, eve)[0].text == "Slower, please."
    assert await ada.do_api_request("deleteEphemeralMessage", api_kwargs=place)
    assert stage.whispers(tea, eve) == []
    with pytest.raises(BadRequest, match="Message_id_invalid"):
        await ada.do_api_request("deleteEphemeralMessage", api_kwargs=place)


async def test_another_bot_may_only_answer_a_press_so(stage, ada, bob):
    bot = stage.bot("Ada")
    tea = stage.supergroup("Tea", [bob], [bot])
    keys = {"inline_keyboard": [[{"text": "Why?", "callback_data": "why"}]]}
    await ada.send_message(tea.id, "No.", api_kwargs={"reply_markup": keys})
    asked = await stage.next_from(bot, tea)
    with pytest.raises(BadRequest, match="Bot_not_admin"):
        await ada.send_message(tea.id, "Because.", api_kwargs=to(bob))
    press = bob.presses(asked, "why")
    await ada.answer_callback_query(press)
    await ada.send_message(tea.id, "Because.", api_kwargs=to(bob, callback_query_id=press))
    assert [said.text for said in stage.whispers(tea, bob)] == ["Because."]


async def test_nobody_whispers_in_private_or_to_strangers(stage, ada, bob, eve):
    bot = stage.bot("Ada")
    dm = stage.dm(bob, bot)
    tea = stage.supergroup("Tea", [bob], [bot], admins=[bot])
    with pytest.raises(BadRequest, match="Bot_not_admin"):
        await ada.send_message(dm.id, "Psst.", api_kwargs=to(bob))
    with pytest.raises(BadRequest, match="Participant_id_invalid"):
        await ada.send_message(tea.id, "Psst.", api_kwargs=to(eve))


async def test_a_person_makes_a_bot_and_its_manager_gets_the_token(stage, dial, ada, bob):
    bot = stage.bot("Ada")
    dm = stage.dm(bob, bot)
    with pytest.raises(ValueError, match="manages no bots"):
        bob.creates_bot(bot, "Owl", "owl_bot")
    bot.may("managing")
    assert (await ada.get_me()).can_manage_bots
    key = {"text": "Make one", "request_managed_bot": {"request_id": 1, "suggested_name": "Owl"}}
    await ada.send_message(dm.id, "Make a bot.", api_kwargs={"reply_markup": {"keyboard": [[key]]}})
    owl = bob.creates_bot(bot, "Owl", "owl_bot")
    message, told = await ada.get_updates()
    assert message.message.managed_bot_created.bot.id == owl.id
    assert (told.managed_bot.user.id, told.managed_bot.bot.username) == (bob.id, "owl_bot")
    token = await ada.get_managed_bot_token(owl.id)
    async with dial(stage, owl) as client:
        assert (client.token, (await client.get_me()).id) == (token, owl.id)
        assert await ada.replace_managed_bot_token(owl.id) != token
        with pytest.raises(InvalidToken):
            await client.get_me()
    with pytest.raises(BadRequest, match="Bot_invalid"):
        await ada.get_managed_bot_token(stage.bot("Eliza").id)


async def test_who_may_use_a_managed_bot_is_kept(stage, ada, bob, eve):
    bot = stage.bot("Ada")
    stage.dm(bob, bot)
    bot.may("managing")
    owl = bob.creates_bot(bot, "Owl", "owl_bot")
    assert not (await ada.get_managed_bot_access_settings(owl.id)).is_access_restricted
    await ada.set_managed_bot_access_settings(owl.id, True, [eve.id])
    settings = await ada.get_managed_bot_access_settings(owl.id)
    assert [who.id for who in settings.added_users] == [eve.id]


async def test_an_older_server_does_not_know_what_came_later(dial):
    async with Stage(limits=False, api="9.5") as stage:
        bot, bob = stage.bot("Ada"), stage.person("Bob")
        bot.may("guests", "managing")
        dm = stage.dm(bob, bot)
        tea = stage.supergroup("Tea", [bob], [bot], admins=[bot])
        elsewhere = stage.group("Elsewhere", [bob])
        async with dial(stage, bot) as client:
            assert "can_manage_bots" not in (await client.get_me()).to_dict()
            bob.summons(elsewhere, bot, "hello?")
            assert await client.get_updates() == ()
            asked = {"guest_query_id": "1", "result": "{}"}
            with pytest.raises(EndPointNotFound):
                await client.do_api_request("answerGuestQuery_", api_kwargs=asked)
            with pytest.raises(BadRequest, match="Text must be non-empty"):
                await client.send_message_draft(dm.id, 1, "")
            await client.send_message_draft(dm.id, 1, "Thin", api_kwargs={"can_stop": True})
            with pytest.raises(ValueError, match="nothing to stop"):
                bob.stops(dm)
            sent = await client.send_message(tea.id, "For all.", api_kwargs=to(bob))
            assert sent.message_id, "what it does not know it passes over, and everybody sees it"


async def test_between_two_versions_the_parameters_were_loose(dial):
    async with Stage(limits=False, api="10.2") as stage:
        bot, bob = stage.bot("Ada"), stage.person("Bob")
        tea = stage.supergroup("Tea", [bob], [bot], admins=[bot])
        async with dial(stage, bot) as client:
            sent = await client.send_message(
                tea.id, "Psst.", api_kwargs={"receiver_user_id": bob.id}
            )
            assert sent.api_kwargs["ephemeral_message_id"] == 1
            assert (await client.send_message(tea.id, "Psst.", api_kwargs=to(bob))).message_id


@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")
async def test_rates_can_be_named(dial):
    once = Window(1, 60.0)
    rates = Rates(chat=once, signs=once)
    async with Stage(limits=rates) as stage:
        bot, bob = stage.bot("Ada"), stage.person("Bob")
        dm = stage.dm(bob, bot)
        async with dial(stage, bot) as client:
            sent = await client.send_message(dm.id, "One")
            await client.send_message_draft(dm.id, 1, "Thin")
            for refused in (
                client.send_photo(dm.id, b"x"),
                client.edit_message_text("Two", dm.id, sent.message_id),
                client.set_message_reaction(dm.id, sent.message_id, "👀"),
                client.send_chat_action(dm.id, "typing"),
            ):
                with pytest.raises(Exception, match="Flood control exceeded"):
                    await refused
            assert stage.violations == {"chat": 2, "signs": 2}
