"""The methods with which a bot speaks: send, edit, delete, react, draft, answer a press."""

import re
from collections.abc import Callable
from typing import Any

from bots.sandbox import shapes, uploads
from bots.sandbox.asked import Asked, Refused, Upload, bad
from bots.sandbox.desks import Desk
from bots.sandbox.emoji import REACTIONS
from bots.sandbox.markup import Broken, parse
from bots.sandbox.text import problem_of_entities, trimmed, units
from bots.sandbox.world import GENERAL, PRESENT, Chat, Entity, Message, World

LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024
_BUTTONS = 100
_ADDRESS = re.compile(r"(?:(?:https?|tg|ton)://)?[^\s/:?#]+(?::\d+)?(?:[/?#]\S*)?", re.I)
_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
_PRESS_LIVES = 60.0
_TYPING_LASTS = 5.0
_ACTION_NAMES = (
    "typing upload_photo record_video upload_video record_voice upload_voice upload_document "
    "choose_sticker find_location record_video_note upload_video_note record_audio upload_audio"
)
_ACTIONS = frozenset(_ACTION_NAMES.split())


def find_chat(world: World, desk: Desk, asked: Asked, name: str = "chat_id") -> Chat:
    """The chat a bot names, if it may act there; otherwise Telegram's refusal."""
    value = asked.get(name)
    if value is None or value == "":
        raise bad("chat_id is empty")
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise bad("chat not found") from None
    bot = desk.bot
    if number > 0:
        room = world.dm_of(number, bot.id)
        if room is None:
            if number in world.accounts and not world.accounts[number].is_bot:
                raise Refused(403, "Forbidden: bot can't initiate conversation with a user")
            raise bad("chat not found")
        return room
    room = world.chats.get(f"tg:{number}")
    if room is None or bot not in room.members:
        raise bad("chat not found")
    status = room.members[bot]
    if status not in PRESENT:
        kind = "group" if room.kind == "group" else "supergroup"
        if status == "kicked":
            raise Refused(403, f"Forbidden: bot was kicked from the {kind} chat")
        raise Refused(403, f"Forbidden: bot is not a member of the {kind} chat")
    return room


def find_room_to_speak(world: World, desk: Desk, asked: Asked) -> Chat:
    """A chat a bot may write to: not one whose person blocked it, not one that moved."""
    room = find_chat(world, desk, asked)
    if room.kind == "private" and (room.id, desk.bot.id) in world.blocked:
        raise Refused(403, "Forbidden: bot was blocked by the user")
    if room.moved_to is not None:
        raise Refused(
            400,
            "Bad Request: group chat was upgraded to a supergroup chat",
            migrate_to_chat_id=room.moved_to.id,
        )
    return room


def place_of(room: Chat, asked: Asked) -> tuple[int | None, int | None]:
    """The topic and the reply thread a message is meant for."""
    thread = asked.number("message_thread_id")
    if not thread:
        return (GENERAL if room.kind == "forum" else None), None
    if room.kind == "forum" and thread != GENERAL and thread in room.topics:
        return thread, None
    if room.kind == "supergroup" and thread in room.messages:
        return None, thread
    raise bad("message thread not found")


def _text(
    asked: Asked, *, empty: bool = False, name: str = "text", most: int = LONGEST_TEXT
) -> tuple[str, list[Entity]]:
    """The text to be said, parsed, with white space round it dropped."""
    styled = "entities" if name == "text" else f"{name}_entities"
    text, entities = asked.text(name) or "", asked.json(styled)
    mode = asked.text("parse_mode")
    if mode and not entities:
        try:
            text, found = parse(text, mode)
        except Broken as error:
            if str(error) == "unsupported parse_mode":
                raise bad(str(error)) from None
            raise bad(f"can't parse entities: {error}") from None
    else:
        found = _given(text, entities)
    text, found = trimmed(text, found)
    if not text and not empty:
        raise bad("message text is empty")
    if units(text) > most:
        raise bad("message is too long" if name == "text" else f"message {name} is too long")
    return text, found


def _given(text: str, entities: Any) -> list[Entity]:
    if not entities:
        return []
    if not isinstance(entities, list) or not all(isinstance(e, dict) for e in entities):
        raise bad("can't parse entities: expected an Array of MessageEntity")
    problem = problem_of_entities(text, entities)
    if problem is not None:
        raise bad(f"can't parse entities: {problem}")
    return entities[:100]


def reply_of(room: Chat, asked: Asked) -> int | None:
    reply = asked.json("reply_parameters")
    number = asked.number("reply_to_message_id")
    lenient = asked.flag("allow_sending_without_reply")
    if isinstance(reply, dict):
        number = reply.get("message_id")
        lenient = bool(reply.get("allow_sending_without_reply"))
        elsewhere = reply.get("chat_id")
        if elsewhere is not None and str(elsewhere) != str(room.id):
            raise bad("message to be replied not found")
    if number is None:
        return None
    answered = room.messages.get(number)
    if answered is not None and not answered.deleted:
        return number
    if lenient:
        return None
    raise bad("message to be replied not found")


def markup_of(asked: Asked) -> dict[str, Any] | None:
    markup = asked.json("reply_markup")
    if markup is None:
        return None
    if not isinstance(markup, dict):
        raise bad("object expected as reply markup")
    buttons = [button for row in markup.get("inline_keyboard") or () for button in row]
    if len(buttons) > _BUTTONS:
        raise bad("reply markup is too long")
    for button in buttons:
        _check_button(button)
    return markup


def _check_button(button: dict[str, Any]) -> None:
    if not button.get("text"):
        raise bad("can't parse inline keyboard button: text is empty")
    data, url = button.get("callback_data"), button.get("url")
    if data is not None and not 1 <= len(data.encode()) <= 64:
        raise bad("BUTTON_DATA_INVALID")
    if url is not None and _ADDRESS.fullmatch(url) is None:
        raise bad(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
    if len(button) < 2:
        raise bad(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )


def _mine(room: Chat, desk: Desk, asked: Asked, deed: str) -> Message:
    said = room.messages.get(asked.needed("message_id"))
    if said is None or said.deleted or said.service is not None:
        raise bad(f"message to {deed} not found")
    if said.sender is not desk.bot:
        raise bad(f"message can't be {deed}ed")
    return said


def send_message(world: World, desk: Desk, asked: Asked) -> Any:
    return _say(world, desk, asked, *_text(asked))


def send_photo(world: World, desk: Desk, asked: Asked) -> Any:
    return _hand_over(world, desk, asked, "photo", uploads.photo)


def send_document(world: World, desk: Desk, asked: Asked) -> Any:
    return _hand_over(world, desk, asked, "document", uploads.document)


def get_file(world: World, desk: Desk, asked: Asked) -> Any:
    return uploads.found(world, asked)


def _hand_over(
    world: World, desk: Desk, asked: Asked, name: str, made: Callable[[Upload], uploads.Json]
) -> Any:
    find_room_to_speak(world, desk, asked)
    caption, entities = _text(asked, empty=True, name="caption", most=LONGEST_CAPTION)
    upload = asked.files.get(name)
    if upload is None:
        raise bad(f"there is no {name} in the request")
    shape = made(upload)
    uploads.shelve(world, shape, upload)
    return _say(world, desk, asked, caption, entities, {name: shape})


def _say(
    world: World,
    desk: Desk,
    asked: Asked,
    text: str,
    entities: list[Entity],
    more: dict[str, Any] | None = None,
) -> Any:
    room = find_room_to_speak(world, desk, asked)
    topic, thread = place_of(room, asked)
    reply_to, markup = reply_of(room, asked), markup_of(asked)
    if reply_to is not None and asked.number("message_thread_id") is None:
        topic = None  # the answered message decides
    said = world.say(
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
    return shapes.message(world, said)


def edit_message_text(world: World, desk: Desk, asked: Asked) -> Any:
    room = find_room_to_speak(world, desk, asked)
    said = _mine(room, desk, asked, "edit")
    if said.more:
        raise bad("there is no text in the message to edit")
    text, entities = _text(asked)
    markup = markup_of(asked)
    after = (
        world.edit(said, text, entities, markup) if _differs(said, text, entities, markup) else None
    )
    if after is None:
        raise _unchanged()
    return shapes.message(world, after)


def _differs(
    said: Message, text: str, entities: list[Entity], markup: dict[str, Any] | None
) -> bool:
    if said.text != text or said.markup != markup:
        return True
    plain = {"mention", "url", "hashtag", "cashtag", "bot_command", "email"}
    return [e for e in said.entities if e["type"] not in plain] != [
        e for e in entities if e["type"] not in plain
    ]


def _unchanged() -> Refused:
    return bad(
        "message is not modified: specified new message content and reply markup are exactly the "
        "same as a current content and reply markup of the message"
    )


def edit_message_reply_markup(world: World, desk: Desk, asked: Asked) -> Any:
    room = find_room_to_speak(world, desk, asked)
    said = _mine(room, desk, asked, "edit")
    markup = markup_of(asked)
    if markup == said.markup:
        raise _unchanged()
    return shapes.message(world, world.edit(said, said.text, said.entities, markup))


def _may_delete(room: Chat, desk: Desk, said: Message) -> bool:
    return (
        said.sender is desk.bot
        or room.kind == "private"
        or room.members[desk.bot] == "administrator"
    )


def delete_message(world: World, desk: Desk, asked: Asked) -> Any:
    room = find_chat(world, desk, asked)
    said = room.messages.get(asked.needed("message_id"))
    if said is None or said.deleted:
        raise bad("message to delete not found")
    if not _may_delete(room, desk, said):
        raise bad("message can't be deleted")
    world.delete(said)
    return True


def delete_messages(world: World, desk: Desk, asked: Asked) -> Any:
    room, numbers = find_chat(world, desk, asked), asked.json("message_ids")
    if not isinstance(numbers, list) or not 1 <= len(numbers) <= 100:
        raise bad("message identifiers are not specified")
    for number in numbers:
        said = room.messages.get(number)
        # What cannot be found is skipped, as Telegram documents it.
        if said is not None and not said.deleted and _may_delete(room, desk, said):
            world.delete(said)
    return True


def send_chat_action(world: World, desk: Desk, asked: Asked) -> Any:
    room = find_room_to_speak(world, desk, asked)
    action = asked.text("action")
    if action not in _ACTIONS:
        raise bad("wrong parameter action in request")
    thread = asked.number("message_thread_id")
    # Unlike sends, chat actions may name General by its number.
    topic = thread if room.kind == "forum" and thread in room.topics else place_of(room, asked)[0]
    until = world.now() + _TYPING_LASTS
    fact = {"fact": "typing", "chat": room.key, "topic": topic, "who": desk.bot.id, "until": until}
    world.tell(fact)
    return True


def send_message_draft(world: World, desk: Desk, asked: Asked) -> Any:
    room = find_room_to_speak(world, desk, asked)
    if room.kind != "private":
        raise bad("TEXTDRAFT_PEER_INVALID")
    number = asked.needed("draft_id")
    if number == 0:
        raise bad("draft_id must be non-zero")
    text, entities = _text(asked, empty=True)
    fact = {"fact": "draft", "chat": room.key, "topic": None, "who": desk.bot.id, "draft": number}
    world.tell({**fact, "text": text, "entities": entities, "date": world.now()})
    return True


def set_message_reaction(world: World, desk: Desk, asked: Asked) -> Any:
    room = find_room_to_speak(world, desk, asked)
    said = room.messages.get(asked.needed("message_id"))
    if said is None or said.deleted:
        raise bad("message to react not found")
    reactions = asked.json("reaction") or []
    if len(reactions) > 1:
        raise bad("REACTIONS_TOO_MANY")
    emoji = reactions[0].get("emoji") if reactions else None
    if reactions and (emoji is None or emoji.rstrip("\ufe0f") not in REACTIONS):
        raise bad("REACTION_INVALID")
    world.react(desk.bot, said, emoji)
    return True


def answer_callback_query(world: World, desk: Desk, asked: Asked) -> Any:
    press = asked.text("callback_query_id") or ""
    pressed = desk.presses.pop(press, None)
    if pressed is None or world.now() - pressed > _PRESS_LIVES:
        raise bad(_TOO_OLD)
    if len(asked.text("text") or "") > 200:
        raise bad("MESSAGE_TOO_LONG")
    desk.answers[press] = {"text": asked.text("text"), "show_alert": asked.flag("show_alert")}
    world.tell({"fact": "answered", "bot": desk.bot.id, "press": press, **desk.answers[press]})
    return True
