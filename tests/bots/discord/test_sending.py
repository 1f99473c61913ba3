"""The link speaks: once, to whom it is meant for, and every refusal becomes one of our errors."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest

from bots.sandbox.faults import Fault
from core.clock import SystemClock
from core.errors import LinkRejected, SendDelayed, SendUncertain, Throttled, Unsendable
from core.messages import Address, DeliveryKind, DeliveryStatus, Live
from tests.bots.discord.conftest import delivery


def texts(stage, room):
    return [it.text for it in stage.messages(room)]


def asked(stage, method):
    return [call for call in stage.discord.journal if call.method == method]


async def test_a_message_arrives_and_its_id_comes_back(link, stage, general):
    receipt = await link.perform(delivery(link, general, "hello"))
    (there,) = stage.messages(general)
    assert there.text == "hello"
    assert receipt.message == str(there.id)


async def test_the_same_nonce_is_one_message(link, stage, general):
    first = await link.perform(delivery(link, general, "hello", nonce="a" * 25))
    again = delivery(
        link,
        general,
        "hello",
        nonce="a" * 25,
        status=DeliveryStatus.UNCERTAIN,
        created_at=time.time(),  # while Discord has not forgotten the nonce
    )
    assert await link.perform(again) == first
    assert texts(stage, general) == ["hello"]
    assert len(asked(stage, "create_message")) == 2
    assert not asked(stage, "update_message")


async def test_a_beginning_that_is_there_already_is_made_whole(link, stage, general):
    first = await link.perform(delivery(link, general, "Once"))
    whole = await link.perform(delivery(link, general, "Once upon a time"))
    assert whole == first
    assert texts(stage, general) == ["Once upon a time"]


async def test_nobody_is_rung_but_who_is_answered(link, stage, general, ed):
    said = ed.says(general, "hello")
    await link.perform(delivery(link, general, "@everyone", reference=str(said.id), nonce="n1"))
    await link.perform(delivery(link, general, "<@1> @here", nonce="n2"))
    first, second = (call.params for call in asked(stage, "create_message"))
    assert first["allowed_mentions"] == {"parse": [], "replied_user": True}
    assert first["message_reference"]["message_id"] == str(said.id)
    assert first["message_reference"]["fail_if_not_exists"] is False
    assert second["allowed_mentions"] == {"parse": [], "replied_user": False}
    assert "message_reference" not in second


async def test_an_answer_to_a_message_that_is_gone_is_said_all_the_same(link, stage, general, ed):
    said = ed.says(general, "hello")
    ed.deletes(said)
    await link.perform(delivery(link, general, "hi", reference=str(said.id)))
    assert texts(stage, general)[-1] == "hi"


async def test_a_message_is_edited_and_deleted_and_reacted_to(link, stage, general, ed):
    receipt = await link.perform(delivery(link, general, "one"))
    target = receipt.message
    edit = delivery(link, general, "two", kind=DeliveryKind.EDIT, target=target)
    assert await link.perform(edit) == receipt
    assert texts(stage, general) == ["two"]
    said = ed.says(general, "nice")
    react = delivery(link, general, kind=DeliveryKind.REACT, target=str(said.id), emoji="👍")
    await link.perform(react)
    await link.perform(react)
    delete = delivery(link, general, kind=DeliveryKind.DELETE, target=target)
    await link.perform(delete)
    await link.perform(delete)  # it is gone, as was wished
    assert texts(stage, general) == ["nice"]


async def test_an_answer_that_somebody_deleted_while_it_grew_is_said_in_the_end(
    link, stage, general
):
    row = delivery(link, general, "Once")
    target = (await link.perform(row)).message
    await link.perform(delivery(link, general, kind=DeliveryKind.DELETE, target=target))
    end = delivery(link, general, "Once upon a time", kind=DeliveryKind.EDIT, target=target)
    receipt = await link.perform(end)
    assert texts(stage, general) == ["Once upon a time"]
    assert receipt.message != target


async def test_an_answer_is_shown_while_it_grows_and_cut_to_what_fits(link, stage, general):
    target = (await link.perform(delivery(link, general, "Once"))).message
    where = Address("discord", link.account, str(general.id))
    await link.show(Live(where, 1, "Once upon", target))
    assert texts(stage, general) == ["Once upon"]
    await link.show(Live(where, 1, "word " * 1000, target))
    assert 1500 < len(texts(stage, general)[0]) <= 2000


async def test_it_is_seen_to_type_while_there_is_nothing_to_show(link, stage, general):
    where = Address("discord", link.account, str(general.id))
    await link.show(Live(where, 1))
    assert len(asked(stage, "trigger_typing_indicator")) == 1
    await link.show(Live(where, 1, "text without a message"))
    assert not texts(stage, general)


@pytest.mark.parametrize(
    ("fault", "error", "reason"),
    [
        ({"status": 401}, LinkRejected, "refused the token"),
        ({"status": 403, "code": 50001}, Unsendable, "no access"),
        ({"status": 403, "code": 50007}, Unsendable, "takes no messages"),
        ({"status": 403, "code": 50013}, Unsendable, "no right"),
        ({"status": 404, "code": 10003}, Unsendable, "channel not found"),
        ({"status": 404, "code": 10008}, Unsendable, "message not found"),
        ({"status": 400, "code": 50035}, Unsendable, "not well formed"),
        ({"status": 400, "code": 99999}, Unsendable, "99999"),
        ({"status": 503}, SendUncertain, "unknown"),
        ({"status": 429, "retry_after": 40.0}, Throttled, "40"),
    ],
)
async def test_each_refusal_of_a_message_is_one_of_our_errors(
    link, stage, general, fault, error, reason
):
    stage.discord.faults.add(Fault("refuse", method="create_message", **fault))
    with pytest.raises(error, match=reason):
        await link.perform(delivery(link, general, "hello"))
    if fault["status"] not in (401, 403):  # where it may not speak it does not ask again at once
        await link.perform(delivery(link, general, "hello"))
        assert texts(stage, general) == ["hello"]


async def test_a_pause_that_discord_asks_for_is_told_in_seconds(link, stage, general):
    stage.discord.faults.add(Fault("refuse", method="create_message", retry_after=120.0))
    with pytest.raises(Throttled) as caught:
        await link.perform(delivery(link, general, "hello"))
    assert round(caught.value.seconds) == 120


async def test_a_line_that_breaks_after_sending_leaves_it_open_and_the_repeat_is_no_double(
    link, stage, general
):
    stage.discord.faults.add(Fault("cut_after", method="create_message"))
    with pytest.raises(SendUncertain):
        await link.perform(delivery(link, general, "hello"))
    await link.perform(delivery(link, general, "hello", status=DeliveryStatus.UNCERTAIN))
    assert texts(stage, general) == ["hello"]


async def test_an_edit_may_be_repeated_so_it_is_only_late(link, stage, general):
    target = (await link.perform(delivery(link, general, "one"))).message
    stage.discord.faults.add(Fault("cut_after", method="update_message"))
    with pytest.raises(SendDelayed):
        await link.perform(delivery(link, general, "two", kind=DeliveryKind.EDIT, target=target))


async def test_an_unreachable_discord_has_surely_not_taken_it(link, stage, general):
    async with stage.discord.outage():
        with contextlib.suppress(SendUncertain):  # on a connection that was still open
            await link.perform(delivery(link, general, "hello"))
        with pytest.raises(SendDelayed, match="unreachable"):
            await link.perform(delivery(link, general, "hello"))


async def test_a_call_that_hangs_is_given_up(make_link, stage, general):
    async with make_link(answers_within=0.2) as link:
        stage.discord.faults.add(Fault("hang", method="create_message"))
        with pytest.raises(SendUncertain):
            await link.perform(delivery(link, general, "hello"))


async def test_an_answer_without_sense_leaves_it_open(link, stage, general):
    stage.discord.faults.garbage(method="create_message")
    with pytest.raises(SendUncertain):
        await link.perform(delivery(link, general, "hello"))


@pytest.mark.parametrize("room", ["", "general", "-100"])
async def test_what_is_no_channel_is_refused_without_asking(link, stage, room):
    with pytest.raises(Unsendable, match="channel"):
        await link.perform(delivery(link, room))
    assert not asked(stage, "create_message")


async def test_a_sign_of_life_never_ends_the_link(link, stage, general):
    stage.discord.faults.add(Fault("refuse", status=401, method="trigger_typing_indicator"))
    with pytest.raises(SendDelayed):
        await link.show(Live(Address("discord", link.account, str(general.id)), 1))


async def test_after_many_refusals_it_asks_no_more(link, stage, general):
    stage.discord.faults.add(
        Fault("refuse", method="create_message", times=None, status=403, code=50013)
    )
    for room in range(1, 91):
        with pytest.raises(Unsendable):
            await link.perform(delivery(link, room))
    with pytest.raises(Throttled) as caught:
        await link.perform(delivery(link, general))
    assert 500 < caught.value.seconds <= 600
    assert len(asked(stage, "create_message")) == 90


async def test_a_room_that_refuses_is_left_alone_for_a_while(link, stage, general, ada):
    stage.discord.mute(general, ada)
    for _ in range(5):
        with pytest.raises(Unsendable, match="no right"):
            await link.perform(delivery(link, general))
        with pytest.raises(Unsendable, match="no right"):
            await link.show(Live(Address("discord", link.account, str(general.id)), 1))
    assert len(asked(stage, "create_message")) == 1
    assert not asked(stage, "trigger_typing_indicator")


async def test_many_rooms_at_once_stay_under_discords_rates(make_link, stage, guild, ed):
    rooms = [stage.discord.channel(guild, f"room {number}") for number in range(20)]
    async with make_link(clock=SystemClock()) as link:

        async def talk(room):
            for number in range(7):
                await link.perform(delivery(link, room, str(number), nonce=f"{room.id}{number}"))

        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            for room in rooms:
                group.create_task(talk(room))
    for room in rooms:
        assert texts(stage, room) == [str(number) for number in range(7)]
    assert not any(stage.discord.violations.values())


async def test_once_the_token_was_refused_nothing_more_is_asked(link, stage, general):
    stage.discord.faults.add(Fault("refuse", status=401, method="create_message"))
    for number in range(5):
        with pytest.raises(LinkRejected, match="refused the token"):
            await link.perform(delivery(link, general, f"{number}", nonce=f"{number}"))
    assert len(asked(stage, "create_message")) == 1
