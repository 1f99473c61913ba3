"""The methods of polls: ask, and close what was asked."""

from typing import Any

from bots.sandbox import media, shapes, wording
from bots.sandbox.addressed import find_room_to_act, own_message
from bots.sandbox.asked import Asked, bad
from bots.sandbox.desks import Desk
from bots.sandbox.keyboards import inline_markup_of
from bots.sandbox.sending import say
from bots.sandbox.text import units
from bots.sandbox.world import World

Json = dict[str, Any]
_LONGEST_QUESTION, _LONGEST_OPTION, _LONGEST_EXPLANATION = 300, 100, 200
_FEWEST, _MOST = 2, 12
_SHORTEST_OPEN, _LONGEST_OPEN = 5, 2_628_000


def send_poll(world: World, desk: Desk, asked: Asked) -> Any:
    fields = {**asked, "question_entities": asked.json("question_entities")}
    question, styles = wording.styled(fields, "question")
    if not question:
        raise bad("poll question must be non-empty")
    if units(question) > _LONGEST_QUESTION:
        raise bad(f"poll question length must not exceed {_LONGEST_QUESTION}")
    options = [_option(given) for given in _options(asked)]
    quiz = _quiz(asked, len(options))
    made = media.poll(
        question,
        options,
        several=asked.flag("allows_multiple_answers"),
        anonymous=asked.get("is_anonymous") is None or asked.flag("is_anonymous"),
        right=quiz,
        explanation=_explanation(asked),
    )
    poll = made.fields["poll"] | _opening(world, asked)
    if styles:
        poll["question_entities"] = styles
    if asked.flag("is_closed"):
        poll["is_closed"] = True
    if quiz is not None and not poll["explanation"]:
        del poll["explanation"]
    said = say(world, desk, asked, "", (), {"poll": poll}, what="polls")
    return shapes.message(world, said)


def _options(asked: Asked) -> list[Any]:
    options = asked.json("options")
    if not isinstance(options, list):
        raise bad("can't parse options JSON object")
    if len(options) < _FEWEST:
        raise bad(f"poll must have at least {_FEWEST} options")
    if len(options) > _MOST:
        raise bad(f"poll can't have more than {_MOST} options")
    return options


def _option(given: Any) -> str:
    fields = {"text": given} if isinstance(given, str) else given
    if not isinstance(fields, dict):
        raise bad("can't parse options JSON object")
    mode, styles = fields.get("text_parse_mode"), fields.get("text_entities")
    text, _ = wording.styled({**fields, "parse_mode": mode, "entities": styles}, "text")
    if not text:
        raise bad("poll options must be non-empty")
    if units(text) > _LONGEST_OPTION:
        raise bad(f"poll options length must not exceed {_LONGEST_OPTION}")
    return text


def _quiz(asked: Asked, options: int) -> int | None:
    kind = asked.text("type") or "regular"
    if kind not in {"regular", "quiz"}:
        raise bad("unsupported poll type specified")
    if kind == "regular":
        return None
    several = asked.json("correct_option_ids")
    right = asked.number("correct_option_id") if several is None else next(iter(several), None)
    if right is None or not 0 <= int(right) < options:
        raise bad("wrong correct option ID specified")
    return int(right)


def _explanation(asked: Asked) -> str:
    fields = {**asked, "explanation_entities": asked.json("explanation_entities")}
    text, _ = wording.styled(fields, "explanation")
    if units(text) > _LONGEST_EXPLANATION:
        raise bad("explanation is too long")
    return text


def _opening(world: World, asked: Asked) -> Json:
    """For how long one may vote; only one of the two ways to say it is read."""
    period, until = asked.number("open_period"), asked.number("close_date")
    if period:
        if not _SHORTEST_OPEN <= period <= _LONGEST_OPEN:
            raise bad("wrong poll open period specified")
        return {"open_period": period, "close_date": int(world.now()) + period}
    return {"close_date": until} if until else {}


def stop_poll(world: World, desk: Desk, asked: Asked) -> Any:
    room = find_room_to_act(world, desk, asked)
    said = room.messages.get(asked.needed("message_id"))
    if said is None or said.deleted or "poll" not in said.more:
        raise bad("message with poll to stop not found")
    said = own_message(world, desk, asked, "edit")
    if said.more["poll"]["is_closed"]:
        raise bad("poll has already been closed")
    closed = {**said.more["poll"], "is_closed": True}
    after = world.amend(said, {**said.more, "poll": closed})
    markup = inline_markup_of(asked, room)
    if markup is not None or said.markup is not None:
        world.edit(after, "", (), markup)
    return closed
