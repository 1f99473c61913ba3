"""No update and no message of the Bot API falls through: each field is read, or known to say nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bots.telegram.envelope import SHAPES
from bots.telegram.spoken import OF_MEMBERS, OF_ROOMS, SPOKEN
from core.messages import Kind
from tests.bots.telegram.samples import MORE
from tests.bots.telegram.test_reading import received
from tests.bots.telegram.updates import GROUP, REAL, message, update

_CONTRACT = Path(__file__).resolve().parents[3] / "../shared/contracts/telegram-bot-api.json"
_OVERLAY = Path(__file__).resolve().parents[2] / "contracts/overlay.json"

pytestmark = pytest.mark.skipif(
    not _CONTRACT.exists(), reason="../shared/contracts/telegram-bot-api.json is not here"
)

# Of the message itself: who, where, when, in what style; it goes with what is said.
_ABOUT = {
    "message_id", "message_thread_id", "direct_messages_topic", "from", "sender_chat",
    "sender_boost_count", "sender_business_bot", "sender_tag", "date", "guest_query_id",
    "business_connection_id", "chat", "forward_origin", "is_topic_message", "is_automatic_forward",
    "reply_to_message", "external_reply", "quote", "reply_to_story", "reply_to_checklist_task_id",
    "reply_to_poll_option_id", "via_bot", "guest_bot_caller_user", "guest_bot_caller_chat",
    "edit_date", "has_protected_content", "is_from_offline", "is_paid_post", "media_group_id",
    "author_signature", "paid_star_count", "entities", "link_preview_options",
    "suggested_post_info", "effect_id", "caption_entities", "show_caption_above_media",
    "has_media_spoiler", "reply_markup", "receiver_user", "ephemeral_message_id",
}  # fmt: skip
# News of a chat that nobody has said: noted, and nothing else.
_NOTED = {
    "chat_owner_left", "new_chat_photo", "delete_chat_photo", "message_auto_delete_timer_changed",
    "pinned_message", "refunded_payment", "gift_upgrade_sent", "connected_website",
    "write_access_allowed", "passport_data", "proximity_alert_triggered", "boost_added",
    "chat_background_set", "checklist_tasks_done", "checklist_tasks_added",
    "direct_message_price_changed", "forum_topic_closed", "forum_topic_reopened",
    "general_forum_topic_hidden", "general_forum_topic_unhidden", "giveaway_created",
    "giveaway_completed", "managed_bot_created", "paid_message_price_changed",
    "poll_option_added", "poll_option_deleted", "suggested_post_approved",
    "suggested_post_approval_failed", "suggested_post_declined", "suggested_post_paid",
    "suggested_post_refunded", "video_chat_scheduled", "video_chat_started", "video_chat_ended",
    "video_chat_participants_invited",
}  # fmt: skip
_MOVES = {"migrate_to_chat_id", "migrate_from_chat_id"}


def fields_of(kind: str) -> set[str]:
    types: dict[str, Any] = json.loads(_CONTRACT.read_text(encoding="utf-8"))["types"]
    newer = json.loads(_OVERLAY.read_text(encoding="utf-8")).get("types", {})
    both = (*types[kind]["fields"], *newer.get(kind, {}).get("fields", []))
    return {one["name"] for one in both}


def test_every_kind_of_update_has_a_kind_here():
    assert fields_of("Update") - {"update_id"} <= {name for name, _ in SHAPES}


def test_every_field_of_a_message_is_read_or_known_to_say_nothing():
    read = SPOKEN | OF_MEMBERS | OF_ROOMS | _MOVES | {"left_chat_member"}
    assert fields_of("Message") - read - _ABOUT - _NOTED == set()


@pytest.mark.parametrize("field", sorted(_NOTED))
def test_news_that_nobody_has_said_make_nobody_answer(field: str):
    assert received(update(message=message(None, chat=GROUP, **{field: {}}))).kind is Kind.OTHER


def test_there_is_a_sample_of_every_update_that_people_cause():
    sampled = {name for raw in (*REAL, *MORE) for name in raw}
    rare = {
        "chat_boost", "removed_chat_boost", "purchased_paid_media", "shipping_query",
        "pre_checkout_query", "edited_channel_post", "subscription",
    }  # fmt: skip
    assert fields_of("Update") - rare <= sampled
