"""The methods with which a bot changes what it said, takes it back, or reacts to what others said."""

from typing import Any

from bots.sandbox import shapes
from bots.sandbox.addressed import find_chat, find_room_to_act, may_rule, own_message
from bots.sandbox.asked import Asked, Refused, bad
from bots.sandbox.desks import Desk
from bots.sandbox.emoji import REACTIONS
from bots.sandbox.keyboards import inline_markup_of
from bots.sandbox.sending_media import piece_of
from bots.sandbox.wording import caption_of, text_of
from bots.sandbox.world import Chat, Entity, Message, World

# A bot may take back for everyone what was said within two days.
_OLDEST_DELETED = 2 * 86_400.0
_CHANGEABLE = frozenset({"animation", "audio", "document", "photo", "video"})
_PLAIN = frozenset({"mention", "url", "hashtag", "cashtag", "bot_command", "email"})


def edit_message_text(world: World, desk: Desk, asked: Asked) -> Any:
    said = own_message(world, desk, asked, "edit")
    if said.more.keys() & shapes.MEDIA:
        raise bad("there is no text in the message to edit")
    return _edited(world, asked, said, *text_of(asked), inline_markup_of(asked, said.chat))


def edit_message_caption(world: World, desk: Desk, asked: Asked) -> Any:
    said = own_message(world, desk, asked, "edit")
    if not said.more.keys() & shapes.CAPTIONED:
        raise bad("there is no caption in the message to edit")
    return _edited(world, asked, said, *caption_of(asked), inline_markup_of(asked, said.chat))


def edit_message_media(world: World, desk: Desk, asked: Asked) -> Any:
    """Another picture or file in the place of one; text becomes one with it as well."""
    said = own_message(world, desk, asked, "edit")
    media, text, entities = piece_of(world, asked, asked.json("media"))
    before = said.more.keys() & shapes.MEDIA
    if before and not before & _CHANGEABLE:
        raise bad("message media can't be edited")
    if "media_group_id" in said.more and not _same_album(said.more, media):
        raise bad("can't change media type in the album")
    kept = {name: value for name, value in said.more.items() if name not in shapes.MEDIA}
    after = world.edit(
        said, text, entities, inline_markup_of(asked, said.chat), more={**kept, **media}
    )
    return _shown(world, asked, after)


def _same_album(before: dict[str, Any], after: dict[str, Any]) -> bool:
    seen = frozenset({"photo", "video"})
    kinds = before.keys() & _CHANGEABLE
    return bool(kinds & after.keys()) or bool(kinds & seen and after.keys() & seen)


def edit_message_live_location(world: World, desk: Desk, asked: Asked) -> Any:
    return _moved(world, desk, asked, asked.decimal("latitude"), asked.decimal("longitude"))


def stop_message_live_location(world: World, desk: Desk, asked: Asked) -> Any:
    return _moved(world, desk, asked, None, None)


def _moved(
    world: World, desk: Desk, asked: Asked, latitude: float | None, longitude: float | None
) -> Any:
    said = own_message(world, desk, asked, "edit")
    place = dict(said.more.get("location") or {})
    period = place.get("live_period", 0)
    if not period or said.date + period < world.now():
        raise bad("message can't be edited")
    if latitude is None or longitude is None:
        place.pop("live_period")
    else:
        place |= {"latitude": latitude, "longitude": longitude}
    more = {**said.more, "location": place}
    after = world.edit(said, "", (), inline_markup_of(asked, said.chat), more=more)
    return _shown(world, asked, after)


def edit_message_reply_markup(world: World, desk: Desk, asked: Asked) -> Any:
    said = own_message(world, desk, asked, "edit")
    markup = inline_markup_of(asked, said.chat)
    if markup == said.markup:
        raise _unchanged()
    return _shown(world, asked, world.edit(said, said.text, said.entities, markup))


def _edited(
    world: World,
    asked: Asked,
    said: Message,
    text: str,
    entities: list[Entity],
    markup: dict[str, Any] | None,
) -> Any:
    if not _differs(said, text, entities, markup):
        raise _unchanged()
    return _shown(world, asked, world.edit(said, text, entities, markup))


def _shown(world: World, asked: Asked, after: Message) -> Any:
    """What a bot gets for an edit: in a chat that is not its own, not the message."""
    return True if asked.text("inline_message_id") else shapes.message(world, after)


def _differs(
    said: Message, text: str, entities: list[Entity], markup: dict[str, Any] | None
) -> bool:
    if said.text != text or said.markup != markup:
        return True
    return [e for e in said.entities if e["type"] not in _PLAIN] != [
        e for e in entities if e["type"] not in _PLAIN
    ]


def _unchanged() -> Refused:
    return bad(
        "message is not modified: specified new message content and reply markup are exactly the "
        "same as a current content and reply markup of the message"
    )


def _may_delete(room: Chat, desk: Desk, said: Message) -> bool:
    return said.sender is desk.bot or may_rule(room, desk)


def delete_message(world: World, desk: Desk, asked: Asked) -> Any:
    room = find_chat(world, desk, asked)
    said = room.messages.get(asked.needed("message_id"))
    if said is None or said.deleted:
        raise bad("message to delete not found")
    if not _may_delete(room, desk, said):
        raise bad("message can't be deleted")
    if said.date < world.now() - _OLDEST_DELETED:
        raise bad("message can't be deleted for everyone")
    world.delete(said)
    return True


def delete_messages(world: World, desk: Desk, asked: Asked) -> Any:
    room, numbers = find_chat(world, desk, asked), asked.json("message_ids")
    if not isinstance(numbers, list) or not 1 <= len(numbers) <= 100:
        raise bad("message identifiers are not specified")
    for number in numbers:
        said = room.messages.get(number) if isinstance(number, int) else None
        # What cannot be found is skipped, as Telegram documents it.
        if said is not None and not said.deleted and _may_delete(room, desk, said):
            world.delete(said)
    return True


def set_message_reaction(world: World, desk: Desk, asked: Asked) -> Any:
    room = find_room_to_act(world, desk, asked)
    said = room.messages.get(asked.needed("message_id"))
    if said is None or said.deleted:
        raise bad("message to react not found")
    reactions = asked.json("reaction") or []
    if not isinstance(reactions, list) or not all(isinstance(one, dict) for one in reactions):
        raise bad("can't parse reaction types JSON object")
    if len(reactions) > 1:
        raise bad("REACTIONS_TOO_MANY")
    emoji = reactions[0].get("emoji") if reactions else None
    if reactions and (not isinstance(emoji, str) or emoji.rstrip("\ufe0f") not in REACTIONS):
        raise bad("REACTION_INVALID")
    world.react(desk.bot, said, emoji)
    return True
