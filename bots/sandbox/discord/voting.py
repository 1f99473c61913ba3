"""Votes in a poll of Discord, and how it ends: by whoever asked, or by itself when its time is over."""

from collections.abc import Sequence
from typing import Any

from bots.sandbox.discord import shapes, talking
from bots.sandbox.discord.asking import Ask
from bots.sandbox.discord.polls import is_closed
from bots.sandbox.discord.refusals import Form, no
from bots.sandbox.discord.routing import Routes
from bots.sandbox.things import Account, Message
from bots.sandbox.world import World

Json = dict[str, Any]
routes = Routes()
_A_POLL = "/channels/{channel}/polls/{message}"
_RESULT = 46


def vote(world: World, who: Account, said: Message, chosen: Sequence[int]) -> None:
    """Vote for these answers and for no others; bots are told of each that was given or taken back."""
    poll = said.more.get("poll")
    if poll is None or is_closed(poll, world.now()):
        raise ValueError("there is no open poll")
    known = {answer["answer_id"] for answer in poll["answers"]}
    if not set(chosen) <= known:
        raise ValueError("the poll has no such option")
    if len(chosen) > 1 and not poll["allow_multiselect"]:
        raise ValueError("only one option can be chosen")
    for answer in sorted(known):
        had = who.id in poll["votes"].get(str(answer), ())
        if had != (answer in chosen):
            fact: Json = {"fact": "poll_vote", "chat": said.chat.key, "id": said.id, "who": who.id}
            world.commit({**fact, "answer": answer, "on": not had})


def close(world: World, said: Message) -> Message:
    """End a poll now; the channel is told how it went."""
    poll = said.more["poll"]
    after = talking.change(world, said, said.text, {"poll": {**poll, "closed": True}})
    total = sum(len(voters) for voters in poll["votes"].values())
    best = max(poll["answers"], key=lambda one: len(_voters(poll, one)))
    fields = {
        "poll_question_text": poll["question"]["text"],
        "victor_answer_votes": str(len(_voters(poll, best))),
        "total_votes": str(total),
    }
    if total:
        fields["victor_answer_id"] = str(best["answer_id"])
        fields["victor_answer_text"] = best["poll_media"].get("text", "")
    told = [{"name": name, "value": value, "inline": False} for name, value in fields.items()]
    reference: Json = {"type": 0, "channel_id": str(said.chat.id), "message_id": str(said.id)}
    if said.chat.guild is not None:
        reference["guild_id"] = str(said.chat.guild.id)
    more = {"type": _RESULT, "embeds": [{"type": "poll_result", "fields": told}]}
    service = {"poll_ended": poll["question"]["text"]}
    more["reference"] = reference
    talking.say(world, said.sender, said.chat, "", more=more, service=service)
    return after


def _voters(poll: Json, answer: Json) -> list[int]:
    found: list[int] = poll["votes"].get(str(answer["answer_id"]), [])
    return found


@routes("GET", _A_POLL + "/answers/{answer}")
def get_answer_voters(ask: Ask) -> Json:
    poll, form = ask.message().more.get("poll"), Form()
    limit = form.number(dict(ask.query), "limit", 25, 1, 100)
    after = form.number(dict(ask.query), "after", 0, 0, 1 << 63)
    form.check()
    if poll is None:
        raise no(10008)
    people = [ask.world.accounts[one] for one in poll["votes"].get(ask.args["answer"], ())]
    found = sorted((who for who in people if who.snowflake > after), key=lambda who: who.snowflake)
    return {"users": [shapes.user(who) for who in found[:limit]]}


@routes("POST", _A_POLL + "/expire")
def poll_expire(ask: Ask) -> Json:
    said = ask.message()
    poll = said.more.get("poll")
    if poll is None:
        raise no(520006)
    if said.sender is not ask.bot:
        raise no(50005)
    if is_closed(poll, ask.world.now()):
        raise no(520001)
    return shapes.message(ask.world, close(ask.world, said), ask.bot)
