"""What a poll of Discord is: read from a body, made of words, and shown as it stands."""

from collections.abc import Mapping, Sequence
from typing import Any

from bots.sandbox.discord.refusals import Form
from bots.sandbox.discord.snowflakes import timestamp
from bots.sandbox.things import Account

Json = dict[str, Any]
_HOURS, _LONGEST_HOURS = 24, 768


def read(form: Form, body: Json, now: float) -> Json | None:
    """The poll of a body as it is kept; None where there is none."""
    given = body.get("poll")
    if not isinstance(given, dict):
        return None
    question = form.text(given.get("question") or {}, "text", 300, least=1, place="poll.question")
    answers = form.records(given, "answers", 10, place="poll")
    if not answers:
        message = "Must be between 1 and 10 in length."
        form.wrong("poll.answers", "BASE_TYPE_BAD_LENGTH", message)
    kept = []
    for number, answer in enumerate(answers):
        media = answer.get("poll_media") or {}
        form.text(media, "text", 55, least=1, place=f"poll.answers.{number}.poll_media")
        shown = {name: media[name] for name in ("text", "emoji") if media.get(name) is not None}
        kept.append({"answer_id": number + 1, "poll_media": shown})
    hours = form.number(given, "duration", _HOURS, 1, _LONGEST_HOURS)
    return made(question or "", kept, now + hours * 3600, several=given.get("allow_multiselect"))


def made(question: str, answers: list[Json], ends: float, *, several: Any = False) -> Json:
    shape: Json = {"question": {"text": question}, "answers": answers, "ends": ends}
    return {**shape, "allow_multiselect": bool(several), "votes": {}, "closed": False}


def asked(question: str, options: Sequence[str], now: float, *, several: bool = False) -> Json:
    """A poll by its words."""
    answers = [
        {"answer_id": number + 1, "poll_media": {"text": text}}
        for number, text in enumerate(options)
    ]
    return made(question, answers, now + _HOURS * 3600, several=several)


def is_closed(poll: Mapping[str, Any], now: float) -> bool:
    return bool(poll["closed"]) or now >= poll["ends"]


def shape(poll: Json, now: float, bot: Account | None) -> Json:
    """A poll as a message bears it."""
    counts = []
    for answer in poll["answers"]:
        voters = poll["votes"].get(str(answer["answer_id"]), [])
        mine = bot is not None and bot.id in voters
        counts.append({"id": answer["answer_id"], "count": len(voters), "me_voted": mine})
    return {
        "question": poll["question"],
        "answers": poll["answers"],
        "expiry": timestamp(poll["ends"]),
        "allow_multiselect": poll["allow_multiselect"],
        "layout_type": 1,
        "results": {"answer_counts": counts, "is_finalized": is_closed(poll, now)},
    }
