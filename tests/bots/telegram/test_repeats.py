"""What may stand in the chat already is sent again with a mark, and only then."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from bots.telegram.markdown import MAX_TEXT
from bots.telegram.rendering import render, repeated
from core.errors import SendUncertain
from core.messages import DeliveryStatus, Reply
from tests.bots.telegram.conftest import delivery

TELEGRAMS_MOST = 4096


@pytest.fixture
def dm(stage, ada):
    return stage.dm(stage.person("Bob", username="bob"), ada)


async def test_a_doubtful_message_comes_a_second_time_with_a_mark(stage, link, ada, dm):
    (payload,) = link.render(Reply("Yes, **gladly**."))
    sent = delivery(link, dm.id, payload)
    stage.faults.cut(after=True, method="sendMessage")
    with pytest.raises(SendUncertain):
        await link.perform(sent)
    await link.perform(replace(sent, status=DeliveryStatus.UNCERTAIN))
    first, second = [said for said in stage.messages(dm) if said.sender is ada]
    assert first.text == "Yes, gladly."
    assert second.text == "🔁 Yes, gladly."
    (bold,) = second.entities
    quoted = second.text.encode("utf-16-le")[2 * bold["offset"] :][: 2 * bold["length"]]
    assert quoted.decode("utf-16-le") == "gladly"


@pytest.mark.parametrize("status", [DeliveryStatus.PENDING, DeliveryStatus.SENDING])
async def test_what_was_surely_not_sent_yet_bears_no_mark(stage, link, ada, dm, status):
    (payload,) = link.render(Reply("Yes."))
    await link.perform(replace(delivery(link, dm.id, payload), status=status))
    assert (await stage.next_from(ada, dm)).text == "Yes."


async def test_the_longest_message_has_room_for_the_mark(stage, link, ada, dm):
    payload = link.render(Reply("x" * (3 * TELEGRAMS_MOST)))[0]
    assert len(orjson.loads(payload)["text"]) == MAX_TEXT
    await link.perform(replace(delivery(link, dm.id, payload), status=DeliveryStatus.UNCERTAIN))
    assert len((await stage.next_from(ada, dm)).text.encode("utf-16-le")) // 2 == TELEGRAMS_MOST


def test_the_mark_moves_every_entity_and_leaves_the_row_as_it_was():
    (payload,) = render(Reply("`a` 👍🏽 **b**", reply_to="7"))
    before = orjson.loads(payload)
    after = repeated(before)
    assert before == orjson.loads(payload)
    assert after["reply_to"] == "7"
    assert [one["offset"] - 3 for one in after["entities"]] == [
        one["offset"] for one in before["entities"]
    ]
