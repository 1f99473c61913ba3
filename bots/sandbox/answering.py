"""The methods with which a bot answers what was asked of it: presses, inline queries, summons."""

from typing import Any

from bots.sandbox import affairs, media, uploads, wording
from bots.sandbox.asked import Asked, bad
from bots.sandbox.desks import Desk
from bots.sandbox.keyboards import inline_markup_of
from bots.sandbox.world import Entity, Fact, World

Json = dict[str, Any]
_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
_PRESS_LIVES, _QUERY_LIVES, _SUMMONS_LIVES = 60.0, 15.0, 300.0
_MOST_RESULTS = 50
# Kinds of results whose own file or place is what is sent, and the field that says which.
_FILES = {
    "photo": "photo_file_id",
    "document": "document_file_id",
    "audio": "audio_file_id",
    "voice": "voice_file_id",
    "video": "video_file_id",
    "sticker": "sticker_file_id",
    "mpeg4_gif": "mpeg4_file_id",
    "gif": "gif_file_id",
}
_FIELDS = {"mpeg4_gif": "animation", "gif": "animation"}
_OTHERS = frozenset({"article", "location", "venue", "contact"})


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


def answer_inline_query(world: World, desk: Desk, asked: Asked) -> Any:
    """Show somebody what to choose from; the texts of the results are parsed by then."""
    results = asked.json("results")
    if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
        raise bad("can't parse inline query results JSON object")
    if len(results) > _MOST_RESULTS:
        raise bad("RESULTS_TOO_MUCH")
    if len((asked.text("next_offset") or "").encode()) > 64:
        raise bad("NEXT_OFFSET_INVALID")
    kept = [_result(world, one) for one in results]
    if len({one["id"] for one in kept}) < len(kept):
        raise bad("RESULT_ID_DUPLICATE")
    number = _open(world, desk, asked.text("inline_query_id"), "inline_query", _QUERY_LIVES)[
        "query"
    ]
    fact = {"fact": "results", "bot": desk.bot.id, "query": number, "results": kept}
    more = {"next_offset": asked.text("next_offset") or "", "button": asked.json("button")}
    world.commit({**fact, **more})
    return True


def answer_guest_query(world: World, desk: Desk, asked: Asked) -> Any:
    """Say one thing in a chat into which the bot was called by somebody there."""
    result = asked.json("result")
    if not isinstance(result, dict):
        raise bad("can't parse inline query result JSON object")
    kept = _result(world, result)
    summons = _open(world, desk, asked.text("guest_query_id"), "guest_query", _SUMMONS_LIVES)
    room = world.chats[summons["chat"]]
    answered = room.messages.get(summons["id"])
    there = answered is not None and not answered.deleted
    said = world.say(
        desk.bot,
        room,
        kept["text"],
        entities=kept["entities"],
        topic=answered.topic if answered is not None else None,
        reply_to=summons["id"] if there else None,
        markup=kept["markup"],
        more={**kept["media"], "guest_bot_caller_user": summons["who"]},
    )
    return {"inline_message_id": affairs.inline_name(said)}


def _open(world: World, desk: Desk, number: str | None, kind: str, lives: float) -> Fact:
    """The query that is answered, which can be done once and for a while."""
    query = desk.queries.get(number or "")
    if query is None or query["fact"] != kind or world.now() - query["date"] > lives:
        raise bad(_TOO_OLD)
    return desk.queries.pop(query["query"])


def _result(world: World, given: Json) -> Json:
    """A result, and what will be said if it is chosen."""
    number, kind = str(given.get("id") or ""), given.get("type")
    if not 1 <= len(number.encode()) <= 64:
        raise bad("RESULT_ID_INVALID")
    if kind not in _OTHERS and kind not in _FILES:
        raise bad("can't parse inline query result: unsupported type specified")
    if kind == "article" and not given.get("title"):
        raise bad('can\'t parse inline query result: field "title" is empty')
    markup = inline_markup_of(Asked({"reply_markup": given.get("reply_markup")}.items()))
    content = given.get("input_message_content")
    if content is not None:
        text, entities, fields = _content(content)
    elif kind == "article":
        raise bad('can\'t parse inline query result: field "input_message_content" is empty')
    else:
        text, entities, fields = _own(world, kind, given)
    said: Json = {"text": text, "entities": entities, "media": fields, "markup": markup}
    return {**said, "id": number, "type": kind, "title": given.get("title") or ""}


def _content(content: Any) -> tuple[str, list[Entity], Json]:
    if not isinstance(content, dict):
        raise bad("can't parse input message content: expected an Object")
    if "message_text" in content:
        fields = {**content, "text": content["message_text"]}
        return *wording.text_of(Asked(fields.items())), {}
    return "", [], _place_or_card(content).fields


def _own(world: World, kind: str, given: Json) -> tuple[str, list[Entity], Json]:
    if kind in _OTHERS:
        return "", [], _place_or_card(given).fields
    # An address without a dot is the id of a file as well.
    number = given.get(_FILES[kind]) or given.get(_FILES[kind].replace("_file_id", "_url"))
    if not number or "." in str(number):
        raise bad("WEBPAGE_CURL_FAILED")  # an address, and from here there is nothing to be fetched
    found = uploads.seen(world, str(number))
    if found is None or found[0] != _FIELDS.get(kind, kind):
        raise bad("wrong file identifier/HTTP URL specified")
    return *wording.caption_of(given), found[1]


def _place_or_card(given: Json) -> media.Medium:
    if given.get("phone_number"):
        names = str(given.get("first_name") or ""), str(given.get("last_name") or "")
        return media.contact(str(given["phone_number"]), *names)
    try:
        place = float(given["latitude"]), float(given["longitude"])
    except (KeyError, TypeError, ValueError):
        raise bad("can't parse input message content: unsupported content specified") from None
    if given.get("address"):
        return media.venue(*place, str(given.get("title") or ""), str(given["address"]))
    return media.location(*place)
