"""Whoever gives a command has the answer where it says "thinking": once, whole, and seen by whom it is for."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import discord
import orjson
import pytest

from bots.discord.answering import LASTS, ticket_of
from bots.sandbox import Stage
from bots.sandbox.discord.interactions import Interaction
from bots.sandbox.faults import Fault
from core.errors import SendDelayed, SendUncertain, Unsendable
from core.files import Files
from core.messages import (
    Address,
    Attachment,
    Button,
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    Live,
    Reply,
)
from tests.bots.discord.conftest import delivery
from tests.contracts import discordapi
from tests.fakes.clock import TurnedClock
from tests.fakes.pictures import png

EPHEMERAL, LOADING = 1 << 6, 1 << 7
LONG = "A word or two. " * 200


def asked(stage: Any, *methods: str) -> list[Any]:
    return [call for call in stage.discord.journal if call.method in methods]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """All that is asked keeps to the contract; the journal calls the places of a path otherwise."""
    async with Stage() as stage:
        yield stage
        if discordapi._FILE.exists():
            calls = [call for call in stage.discord.journal if call.source == "client"]
            assert not discordapi.problems_of_calls(map(_placed, calls))


def _placed(call: Any) -> Any:
    given = {name: value for name, value in call.params.items() if name != "application"}
    return replace(call, params=given) if "webhook" in call.method else call


class Asks:
    """Ed gives /ask, and it is acknowledged as the link would do it, or is not."""

    def __init__(self, stage: Any, ada: Any, ed: Any) -> None:
        self.stage, self.ada, self.ed = stage, ada, ed

    async def __call__(
        self, room: Any, *, aside: bool = False, acknowledged: bool = True
    ) -> Interaction:
        there = self.stage.discord
        async with aiohttp.ClientSession() as session:
            command = {"name": "ask", "description": "Ask", "type": 1}
            at = f"{there.api_root}/applications/{self.ada.id}/commands"
            bot = {"Authorization": f"Bot {self.ada.token}"}
            async with session.post(at, json=command, headers=bot) as answer:
                assert answer.status < 300
            it = there.interaction(self.ed.uses(room, self.ada, "ask"))
            if acknowledged:
                await acknowledge(session, there, it, aside=aside)
        return it


async def acknowledge(
    session: aiohttp.ClientSession, there: Any, it: Interaction, *, aside: bool = False
) -> None:
    body = {"type": 5, "data": {"flags": EPHEMERAL if aside else 0}}
    at = f"{there.api_root}/interactions/{it.number}/{it.token}/callback"
    async with session.post(at, json=body) as answer:
        assert answer.status < 300


@pytest.fixture
def asks(stage: Any, ada: Any, ed: Any) -> Asks:
    return Asks(stage, ada, ed)


def via(it: Interaction) -> str:
    return f"interaction:{it.bot.id}:{it.token}"


def answers(link: Any, room: Any, it: Interaction, reply: Reply, **more: Any) -> list[Delivery]:
    """Its rows, as a turn writes them."""
    plain = delivery(link, room, **more)
    return [
        replace(plain, payload=payload, nonce=f"{plain.nonce}{ordinal}", ordinal=ordinal)
        for ordinal, payload in enumerate(link.render(replace(reply, via=via(it))))
    ]


async def say(link: Any, room: Any, it: Interaction, reply: Reply, **more: Any) -> list[str]:
    rows = answers(link, room, it, reply, **more)
    return [str((await link.perform(row)).message) for row in rows]


def texts(stage: Any, room: Any) -> list[str]:
    return [one.text for one in stage.messages(room)]


async def test_an_answer_takes_the_place_of_thinking(link, stage, general, asks) -> None:
    it = await asks(general)
    (number,) = await say(link, general, it, Reply("Tea.", reply_to="1"))
    (said,) = stage.messages(general)
    assert said.text == "Tea."
    assert str(said.id) == number == str(it.reply.id)
    assert not said.more["flags"] & LOADING
    assert not asked(stage, "create_message", "execute_webhook")


async def test_after_a_while_nothing_is_looked_up_before_it_is_put_there(
    make_link, stage, general, asks
) -> None:
    clock = TurnedClock()
    async with make_link(clock=clock) as link:
        clock.turn(LASTS + 1)
        await say(link, general, await asks(general), Reply(LONG), created_at=0.0)
    assert len(texts(stage, general)) == 2
    assert not asked(stage, "get_original_webhook_message")


async def test_what_follows_is_said_behind_it(link, stage, general, asks) -> None:
    it = await asks(general)
    numbers = await say(link, general, it, Reply(LONG))
    there = stage.messages(general)
    assert [str(one.id) for one in there] == numbers
    assert len(there) == 2
    assert len(asked(stage, "execute_webhook")) == 1, "where nothing is known of the channel"


async def test_what_follows_is_an_ordinary_message_where_one_may_be_written(
    link, stage, general, asks, listening
) -> None:
    async with listening(link):
        it = await asks(general)
        numbers = await say(link, general, it, Reply(LONG))
        assert [str(one.id) for one in stage.messages(general)] == numbers
    (second,) = asked(stage, "create_message")
    assert second.params["nonce"]
    assert not asked(stage, "execute_webhook")


async def test_what_is_for_one_person_is_seen_by_nobody_else(
    link, stage, general, asks, ed, listening
) -> None:
    async with listening(link):
        it = await asks(general, aside=True)
        await say(link, general, it, Reply(LONG, only_for=str(ed.id)))
    first, second = stage.messages(general)
    assert (first.more["only_for"], second.more["only_for"]) == (ed.id, ed.id)
    (behind,) = asked(stage, "execute_webhook")
    assert behind.params["flags"] & EPHEMERAL


async def test_where_all_see_it_thinking_an_answer_for_one_is_not_put_there(
    link, stage, general, asks, ed
) -> None:
    it = await asks(general)
    rows = answers(link, general, it, Reply("I did not answer.", only_for=str(ed.id)))
    for _ in range(2):
        await link.perform(rows[0])
    said = [one for one in stage.messages(general) if not one.deleted]
    assert {one.text for one in said} == {"I did not answer."}
    assert all(one.more["only_for"] == ed.id for one in said)
    assert len(asked(stage, "delete_original_webhook_message")) == 1


async def test_in_private_it_is_answered_likewise(link, stage, ada, ed, asks) -> None:
    room = stage.discord.dm(ed, ada)
    it = await asks(room)
    await say(link, room, it, Reply(LONG), direct=True)
    assert len(stage.messages(room)) == 2


async def test_an_answer_that_was_quicker_than_the_acknowledgement_waits_for_it(
    make_link, stage, general, asks, clock
) -> None:
    it = await asks(general, acknowledged=False)
    session = aiohttp.ClientSession()

    class Acknowledges(type(clock)):  # type: ignore[misc]
        async def sleep(self, seconds: float) -> None:
            if not it.answered:
                await acknowledge(session, stage.discord, it)

    async with session, make_link(clock=Acknowledges()) as link:
        (number,) = await say(link, general, it, Reply("Tea."))
    assert str(it.reply.id) == number
    assert texts(stage, general) == ["Tea."]


async def test_what_nobody_acknowledged_is_answered_in_the_channel(
    link, stage, general, asks
) -> None:
    it = await asks(general, acknowledged=False)
    await say(link, general, it, Reply("Tea."))
    assert texts(stage, general) == ["Tea."]
    (sent,) = asked(stage, "create_message")
    assert sent.params["nonce"]
    assert "message_reference" not in sent.params


async def test_after_a_quarter_of_an_hour_it_is_said_in_the_channel(
    link, stage, general, asks, ed, clock
) -> None:
    it = await asks(general)
    it.began -= LASTS
    await say(link, general, it, Reply("Late."))
    assert texts(stage, general)[-1] == "Late."
    with pytest.raises(Unsendable, match="too late"):
        await say(link, general, it, Reply("Late.", only_for=str(ed.id)))
    old = clock.now().timestamp() - LASTS - 1
    seen = len(stage.discord.journal)
    await say(link, general, it, Reply("Later.", reply_to=None), created_at=old, nonce="n2")
    assert [call.method for call in list(stage.discord.journal)[seen:]] == ["create_message"]


async def test_a_command_that_was_given_too_long_ago_costs_no_request(
    link, stage, general, asks
) -> None:
    """Each would be refused by a 401, and too many of these silence a bot (G12)."""
    it = await asks(general)
    long_ago = discord.utils.time_snowflake(datetime.now(UTC) - timedelta(seconds=LASTS + 1))
    late = f"interaction:{it.bot.id}:{long_ago}:{it.token}"
    payload = orjson.dumps({"content": "Tea.", "via": late})
    before = len(stage.discord.journal)
    await link.perform(replace(delivery(link, general), payload=payload))
    assert texts(stage, general)[-1] == "Tea."
    assert [one.method for one in list(stage.discord.journal)[before:]] == ["create_message"]


def test_a_way_back_of_an_earlier_version_still_leads_there() -> None:
    ticket = ticket_of("interaction:5:a-token")
    assert ticket is not None
    assert (ticket.application, ticket.token, ticket.given_at) == (5, "a-token", 0.0)


async def test_a_token_that_ran_out_is_not_the_bots(link, stage, general, asks) -> None:
    it = await asks(general)
    it.began -= LASTS
    await say(link, general, it, Reply("Late."))
    assert any(call.status == 401 for call in stage.discord.journal)
    await link.perform(delivery(link, general, "and on", nonce="n9"))
    assert texts(stage, general)[-2:] == ["Late.", "and on"]


async def test_done_twice_it_is_one_answer(link, make_link, stage, general, asks) -> None:
    it = await asks(general)
    (row,) = answers(link, general, it, Reply("Tea."))
    stage.discord.faults.add(Fault("cut_after", method="update_original_webhook_message"))
    with pytest.raises(SendUncertain):
        await link.perform(row)
    again = replace(row, status=DeliveryStatus.UNCERTAIN)
    receipt = await link.perform(again)
    async with make_link() as restarted:
        assert await restarted.perform(again) == receipt
    assert texts(stage, general) == ["Tea."]


async def test_a_new_process_puts_nothing_over_what_stands_there(
    link, make_link, stage, general, asks
) -> None:
    it = await asks(general)
    first, second = answers(link, general, it, Reply(LONG))
    await link.perform(first)
    async with make_link() as restarted:
        await restarted.perform(second)
        await restarted.perform(replace(second, status=DeliveryStatus.UNCERTAIN))
        other = answers(restarted, general, it, Reply("And more."), nonce="m", step=2)
        await restarted.perform(other[0])
    said = texts(stage, general)
    assert len(said) == 3
    assert said[2] == "And more."


async def test_it_grows_where_it_said_thinking_and_can_be_stopped_meanwhile(
    link, stage, general, asks
) -> None:
    it = await asks(general)
    (row,) = answers(link, general, it, Reply("Once"))
    begun = await link.perform(replace(row, status=DeliveryStatus.GROWING))
    (said,) = stage.messages(general)
    assert [key["custom_id"] for key in said.more["components"][0]["components"]] == ["stop"]
    where = Address("discord", link.account, str(general.id))
    await link.show(Live(where, 1, "Once upon", begun.message or "", via=via(it)))
    assert texts(stage, general) == ["Once upon"]
    (end,) = answers(link, general, it, Reply("Once upon a time."))
    await link.perform(replace(end, kind=DeliveryKind.EDIT, target=begun.message))
    (said,) = stage.messages(general)
    assert said.text == "Once upon a time."
    assert not said.more["components"]
    assert not asked(stage, "update_message", "create_message")


async def test_a_beginning_of_an_earlier_process_is_made_whole(
    link, make_link, stage, general, asks
) -> None:
    it = await asks(general)
    (row,) = answers(link, general, it, Reply("Once"))
    await link.perform(replace(row, status=DeliveryStatus.GROWING))
    (end,) = answers(link, general, it, Reply("Once upon a time."))
    async with make_link() as restarted:
        await restarted.perform(replace(end, status=DeliveryStatus.UNCERTAIN))
    (said,) = stage.messages(general)
    assert said.text == "Once upon a time."
    assert not said.more["components"]


async def test_it_is_changed_by_the_channel_when_the_token_has_run_out(
    link, stage, general, asks, ed
) -> None:
    it = await asks(general)
    (number,) = await say(link, general, it, Reply("Tea."))
    it.began -= LASTS
    (edit,) = answers(link, general, it, Reply("Milk."), kind=DeliveryKind.EDIT, target=number)
    await link.perform(edit)
    assert texts(stage, general) == ["Milk."]
    (edit,) = answers(
        link, general, it, Reply("Hm.", only_for=str(ed.id)), kind=DeliveryKind.EDIT, target=number
    )
    with pytest.raises(Unsendable, match="too late"):
        await link.perform(edit)


async def test_what_one_person_sees_can_be_taken_back(link, stage, general, asks, ed) -> None:
    it = await asks(general, aside=True)
    (number,) = await say(link, general, it, Reply("Psst.", only_for=str(ed.id)))
    await link.perform(delivery(link, general, kind=DeliveryKind.DELETE, target=number))
    assert not texts(stage, general)


async def test_somebody_deleted_it_and_the_end_is_said_all_the_same(
    link, stage, general, asks
) -> None:
    it = await asks(general)
    (number,) = await say(link, general, it, Reply("Once"))
    await link.perform(delivery(link, general, kind=DeliveryKind.DELETE, target=number))
    (end,) = answers(link, general, it, Reply("At last."), kind=DeliveryKind.EDIT, target=number)
    await link.perform(end)
    assert texts(stage, general) == ["At last."]


async def test_it_bears_buttons_and_a_file(make_link, stage, general, asks, tmp_path) -> None:
    files = Files(tmp_path)
    kept = await files.keep(png(2, 2), key="owl-1.png")
    it = await asks(general)
    owl = Attachment(kept.ref, kept.mime, 1, "owl-1.png")
    async with make_link(files=files) as link:
        await say(link, general, it, Reply("", (), (Button("Yes", "yes"),), (owl,)))
    (said,) = stage.messages(general)
    assert [one["filename"] for one in said.more["attachments"]] == ["owl-1.png"]
    assert said.more["components"]


async def test_a_sticker_is_said_in_the_channel_and_nothing_goes_on_thinking(
    link, stage, general, asks
) -> None:
    it = await asks(general)
    (row,) = answers(link, general, it, Reply("", sticker="1" * 18))
    with pytest.raises(Unsendable, match="sticker"):
        await link.perform(row)  # where it is not known whether one may write there
    assert not stage.messages(general)


async def test_the_words_come_without_buttons_that_are_refused(link, stage, general, asks) -> None:
    it = await asks(general)
    twice = [{"type": 2, "style": 2, "label": "Yes", "custom_id": "yes"}] * 2
    rows = [{"type": 1, "components": twice}]
    payload = orjson.dumps({"content": "Tea?", "components": rows, "via": via(it)})
    await link.perform(replace(delivery(link, general), payload=payload))
    assert texts(stage, general) == ["Tea?"]


async def test_a_server_in_trouble_leaves_it_open(make_link, stage, general, asks) -> None:
    it = await asks(general)
    stage.discord.faults.add(Fault("hang", method="update_original_webhook_message", times=None))
    async with make_link(answers_within=0.3) as link:
        (row,) = answers(link, general, it, Reply("Tea."))
        with pytest.raises(SendUncertain):
            await link.perform(row)
        edit = replace(row, kind=DeliveryKind.EDIT, target="1")
        stage.discord.faults.clear()
        stage.discord.faults.add(Fault("hang", method="update_webhook_message", times=None))
        with pytest.raises(SendDelayed):
            await link.perform(edit)


async def test_its_token_is_in_no_word_of_ours(link, stage, general, asks, caplog) -> None:
    caplog.set_level(logging.INFO)
    it = await asks(general)
    ticket = ticket_of(via(it))
    assert ticket is not None
    seen = [repr(ticket)]
    there = stage.discord
    for fault in ({"status": 403, "code": 50013}, {"status": 400, "code": 50035}):
        there.faults.add(Fault("refuse", method="update_original_webhook_message", **fault))
        with pytest.raises(Unsendable) as caught:
            await say(link, general, it, Reply("Tea."))
        seen.append(f"{caught.value!r}")
    async with there.outage():
        with pytest.raises((SendDelayed, SendUncertain)) as late:
            await say(link, general, it, Reply("Tea."))
        seen.append(f"{late.value!r}")
    assert it.token not in " ".join(seen) + caplog.text


@pytest.mark.parametrize(
    "odd", ["", "guest:5", "interaction:", "interaction:x:y", "interaction:1:", "interaction:1:a/b"]
)
def test_what_is_no_way_back_is_none(odd: str) -> None:
    assert ticket_of(odd) is None
