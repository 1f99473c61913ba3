"""The methods with which a bot speaks and shows that it is about to: messages, drafts, typing."""

from collections.abc import Sequence
from typing import Any

from bots.sandbox import shapes
from bots.sandbox.addressed import (
    answered_of,
    find_room_to_act,
    find_room_to_speak,
    place_of,
    quote_of,
)
from bots.sandbox.asked import Asked, bad
from bots.sandbox.desks import Desk
from bots.sandbox.keyboards import markup_of
from bots.sandbox.whispers import whisper
from bots.sandbox.wording import text_of
from bots.sandbox.world import Entity, Message, World

_TYPING_LASTS = 5.0
_ACTION_NAMES = (
    "typing upload_photo record_video upload_video record_voice upload_voice upload_document "
    "choose_sticker find_location record_video_note upload_video_note record_audio upload_audio"
)
_ACTIONS = frozenset(_ACTION_NAMES.split())


def send_message(world: World, desk: Desk, asked: Asked) -> Any:
    preview = asked.json("link_preview_options")
    if preview is not None and not isinstance(preview, dict):
        raise bad("can't parse link preview options JSON object")
    said = say(world, desk, asked, *text_of(asked))
    return shapes.message(world, said)


def say(
    world: World,
    desk: Desk,
    asked: Asked,
    text: str,
    entities: Sequence[Entity] = (),
    media: dict[str, Any] | None = None,
    *,
    what: str = "text messages",
) -> Message:
    """Put what a bot sends where it wants it, with all that any message may have."""
    room = find_room_to_speak(world, desk, asked, what)
    if asked.get("ephemeral_message_parameters"):
        more = {**(media or {}), **options_of(asked, direct=False)}
        return whisper(world, desk, asked, room, text, entities, more)
    topic, thread = place_of(room, desk, asked)
    answered, markup = answered_of(world, desk, room, asked), markup_of(asked, room)
    more = {**(media or {}), **options_of(asked, direct=room.kind == "private")}
    quote = quote_of(answered, asked)
    if quote is not None:
        more["quote"] = quote
    reply_to = answered.id if answered is not None and answered.chat is room else None
    if answered is not None and reply_to is None:
        more["external_reply"] = shapes.external(world, answered)
    if reply_to is not None and asked.number("message_thread_id") is None:
        topic = None  # the answered message decides
    return world.say(
        desk.bot,
        room,
        text,
        entities=entities,
        topic=topic,
        thread=thread,
        reply_to=reply_to,
        markup=markup,
        more=more,
    )


def options_of(asked: Asked, *, direct: bool) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if asked.flag("protect_content"):
        more["has_protected_content"] = True
    if asked.flag("disable_notification"):
        more["_silent"] = True
    effect = asked.text("message_effect_id")
    if effect:
        if not direct:
            raise bad("message effects can be used only in private chats")
        more["effect_id"] = effect
    if asked.flag("show_caption_above_media"):
        more["show_caption_above_media"] = True
    return more


def send_chat_action(world: World, desk: Desk, asked: Asked) -> Any:
    room = find_room_to_act(world, desk, asked)
    action = asked.text("action")
    if action not in _ACTIONS:
        raise bad("wrong parameter action in request")
    thread = asked.number("message_thread_id")
    # Unlike sends, chat actions may name General by its number.
    topic = (
        thread if room.kind == "forum" and thread in room.topics else place_of(room, desk, asked)[0]
    )
    until = world.now() + _TYPING_LASTS
    fact = {"fact": "typing", "chat": room.key, "topic": topic, "who": desk.bot.id, "until": until}
    world.tell(fact)
    return True


def send_message_draft(world: World, desk: Desk, asked: Asked) -> Any:
    room = find_room_to_act(world, desk, asked)
    if room.kind != "private":
        raise bad("TEXTDRAFT_PEER_INVALID")
    number = asked.needed("draft_id")
    if number == 0:
        raise bad("draft_id must be non-zero")
    text, entities = text_of(asked, empty=True)
    if not text and asked.api < (10, 0):  # since then a draft may be but a sign of thinking
        raise bad("text must be non-empty")
    topic, _ = place_of(room, desk, asked)
    stops = {name: True for name in ("can_stop", "keep_on_stop") if asked.flag(name)}
    fact = {"fact": "draft", "chat": room.key, "topic": topic, "who": desk.bot.id, "draft": number}
    words = {"text": text, "entities": entities, "date": world.now(), "more": stops}
    world.tell({**fact, **words})
    return True
