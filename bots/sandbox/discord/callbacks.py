"""A bot's answers to interactions: the first one, later ones, and changes of both."""

from dataclasses import replace
from typing import Any

from bots.sandbox.discord import content, hooks, reach, shapes, talking
from bots.sandbox.discord.asking import Answer, Ask, snowflake
from bots.sandbox.discord.interactions import COMMAND, COMPLETION, COMPONENT, MODAL, Interaction
from bots.sandbox.discord.messages import rewrite
from bots.sandbox.discord.refusals import Form, no
from bots.sandbox.discord.routing import Rate, Routes
from bots.sandbox.things import Message

Json = dict[str, Any]
routes = Routes()
_WEBHOOK = "/webhooks/{application}/{token}"
_ORIGINAL = _WEBHOOK + "/messages/@original"
_LATER = _WEBHOOK + "/messages/{message}"
_SAY, _SAY_LATER, _UPDATE_LATER, _UPDATE, _CHOICES, _FORM = 4, 5, 6, 7, 8, 9
_LOADING = 1 << 7
_COMMAND_MESSAGE, _MENU_MESSAGE = 20, 23
_GUEST_SAYS = 5
_HOOKED = Rate(5, 2.0)


@routes("POST", "/interactions/{interaction}/{token}/callback", open=True)
def create_interaction_response(ask: Ask) -> Answer | None:
    it = ask.office.interactions.with_token(ask.args["token"])
    if it is None or it.number != ask.args["interaction"] or it.failed:
        raise no(10062)
    if it.answered:
        raise no(40060)
    kind, inner = ask.form.get("type"), replace(ask, body=ask.form.get("data"))
    _check(it, kind)
    data = inner.form
    said: Message | None = None
    match kind:
        case _ if kind == _SAY:
            text, more = content.read(inner, it.chat.id)
            content.check_filled(data, text, more)
            said = it.original = _say(inner, it, text or "", more)
        case _ if kind == _SAY_LATER:
            flags = _LOADING | content.flags_of(data) & content.EPHEMERAL
            said = it.original = _say(inner, it, "", {"flags": flags}, thinking=True)
        case _ if kind == _UPDATE_LATER:
            it.original = _source(it)
        case _ if kind == _UPDATE:
            said = it.original = rewrite(inner, _source(it))
        case _ if kind == _CHOICES:
            it.choices = _choices(data)
            _tell(ask, it, {"fact": "choices", "choices": it.choices})
        case _:
            it.modal = _form(data)
            _tell(ask, it, {"fact": "form", "form": it.modal})
    ask.office.interactions.answer(it)
    if ask.query.get("with_response", "").lower() not in {"1", "true"}:
        return None
    return Answer(200, _response(ask, it, kind, said))


def _tell(ask: Ask, it: Interaction, fact: Json) -> None:
    """Show the asker what no message bears: a form, or what an option could be."""
    place = {"who": it.who.id, "bot": it.bot.id, "interaction": it.number, "name": it.name}
    ask.world.tell({**fact, **place, "data": it.data})


def _check(it: Interaction, kind: Any) -> None:
    """An answer must be of a kind that fits what was asked."""
    fits = {
        COMMAND: {_SAY, _SAY_LATER, _FORM},
        COMPONENT: {_SAY, _SAY_LATER, _UPDATE_LATER, _UPDATE, _FORM},
        COMPLETION: {_CHOICES},
        MODAL: {_SAY, _SAY_LATER, _UPDATE_LATER, _UPDATE},
    }[it.kind]
    if kind not in fits or (it.source is None and kind in {_UPDATE_LATER, _UPDATE}):
        form = Form()
        message = f"Value must be one of {sorted(fits)}."
        form.wrong("type", "BASE_TYPE_CHOICES", message)
        form.check()


def _source(it: Interaction) -> Message:
    assert it.source is not None
    return it.chat.messages[it.source]


def _choices(data: Json) -> list[Json]:
    """What is offered while an option is written: 25 at most, each with a name and a value."""
    form = Form()
    given = form.records(data, "choices", 25)
    for number, choice in enumerate(given):
        place = f"choices.{number}"
        form.text(choice, "name", 100, least=1, place=place)
        if isinstance(choice.get("value"), str):
            form.text(choice, "value", 100, least=1, place=place)
    form.check()
    return given


def _form(data: Json) -> Json:
    form = Form()
    form.text(data, "custom_id", 100, least=1)
    form.text(data, "title", 45, least=1)
    if not form.records(data, "components", 5):
        form.wrong("components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    form.check()
    content.check_fields(form, data)
    form.check()
    return data


def _response(ask: Ask, it: Interaction, kind: Any, said: Message | None) -> Json:
    shape: Json = {"id": it.number, "type": it.kind, "channel_id": str(it.chat.id)}
    if it.chat.guild is not None:
        shape["guild_id"] = str(it.chat.guild.id)
    if said is None:
        return {"interaction": shape}
    flags = said.more.get("flags", 0)
    shape["response_message_id"] = str(said.id)
    shape["response_message_loading"] = bool(flags & _LOADING)
    shape["response_message_ephemeral"] = bool(flags & content.EPHEMERAL)
    if kind == _SAY_LATER:
        return {"interaction": shape}
    resource = {"type": kind, "message": shapes.message(ask.world, said, ask.bot)}
    return {"interaction": shape, "resource": resource}


def _say(
    ask: Ask, it: Interaction, text: str, more: Json, *, later: bool = False, thinking: bool = False
) -> Message:
    """Put an answer into the channel; one for the asker's eyes only is kept from all others."""
    kept: Json = {**more, "webhook_id": str(ask.bot.id), "application_id": str(ask.bot.id)}
    if not later and it.kind == COMMAND:
        kept["type"] = _MENU_MESSAGE if "target_id" in it.data else _COMMAND_MESSAGE
        kept["interaction"] = {"id": it.number, "type": COMMAND, "name": it.name}
        kept["interaction"]["user"] = shapes.user(it.who)
    kept["interaction_metadata"] = _metadata(it)
    if reach.must_whisper(it.who, it.chat, it.bot):
        kept["flags"] = more.get("flags", 0) | content.EPHEMERAL
    if kept.get("flags", 0) & content.EPHEMERAL:
        kept["only_for"] = it.who.id
    service = {"thinking": it.number} if thinking else None
    return talking.say(ask.world, ask.bot, it.chat, text, more=kept, service=service)


def _metadata(it: Interaction) -> Json:
    """What a message tells of the interaction that it answers."""
    shape: Json = {"id": it.number, "type": it.kind, "user": shapes.user(it.who)}
    shape["authorizing_integration_owners"] = it.owners
    target = (it.data.get("resolved") or {}) if it.kind == COMMAND else {}
    if "target_id" in it.data and "users" in target:
        shape["target_user"] = target["users"][it.data["target_id"]]
    elif "target_id" in it.data:
        shape["target_message_id"] = it.data["target_id"]
    if it.source is not None and it.kind == COMPONENT:
        shape["interacted_message_id"] = str(it.source)
    if it.asked is not None:
        shape["triggering_interaction_metadata"] = _metadata(it.asked)
    return shape


# -- later answers, through the interaction's webhook; a channel's has the same addresses -----------


def _of(ask: Ask) -> Interaction:
    it = ask.office.interactions.with_token(ask.args["token"])
    if it is None or it.bot.id != ask.number("application"):
        raise no(50027)
    if not it.answered:
        raise no(10015)
    return it


@routes("POST", _WEBHOOK, open=True, rate=_HOOKED)
def execute_webhook(ask: Ask) -> Answer:
    """Say more; the first word after a promise to answer takes the place of that promise."""
    hook = ask.hook()
    if hook is not None:
        return hooks.execute(ask, hook)
    it = _of(ask)
    text, more = content.read(ask, it.chat.id)
    content.check_filled(ask.form, text, more)
    waiting = it.first
    thinks = waiting is not None and waiting.more.get("flags", 0) & _LOADING
    if waiting is not None and thinks and not waiting.deleted:
        said = _fill(ask, waiting, text or "", more)
    else:
        if reach.is_guest(it.chat, it.bot) and it.later >= _GUEST_SAYS:
            raise no(40094)
        it.later += 1
        said = _say(ask, it, text or "", more, later=True)
        it.behind = it.behind or said
    return Answer(200, shapes.message(ask.world, said, ask.bot))


def _fill(ask: Ask, waiting: Message, text: str, more: Json) -> Message:
    """Write the answer where the bot was shown to be thinking."""
    stays = waiting.more["flags"] & content.EPHEMERAL
    kept = {**more, "flags": (more.get("flags", 0) & ~content.EPHEMERAL) | stays}
    return talking.fill(ask.world, waiting, text, kept)


def _original(ask: Ask) -> Message:
    said = _of(ask).first
    if said is None or said.deleted:
        raise no(10008)
    return said


def _later(ask: Ask) -> Message:
    """A message that this webhook said."""
    hook = ask.hook()
    if hook is not None:
        return hooks.said_by(ask, hook)
    it = _of(ask)
    said = it.chat.messages.get(snowflake("message", ask.args["message"]))
    if said is None or said.deleted or said.sender is not ask.bot:
        raise no(10008)
    if said.more.get("webhook_id") is None and said is not it.first:
        raise no(10008)
    return said


@routes("GET", _ORIGINAL, open=True)
def get_original_webhook_message(ask: Ask) -> Json:
    return shapes.message(ask.world, _original(ask), ask.bot)


@routes("PATCH", _ORIGINAL, open=True)
def update_original_webhook_message(ask: Ask) -> Json:
    return _update(ask, _original(ask))


@routes("DELETE", _ORIGINAL, open=True)
def delete_original_webhook_message(ask: Ask) -> None:
    talking.delete(ask.world, _original(ask))


@routes("GET", _LATER, open=True)
def get_webhook_message(ask: Ask) -> Json:
    return shapes.message(ask.world, _later(ask), ask.bot)


@routes("PATCH", _LATER, open=True)
def update_webhook_message(ask: Ask) -> Json:
    return _update(ask, _later(ask))


@routes("DELETE", _LATER, open=True)
def delete_webhook_message(ask: Ask) -> None:
    talking.delete(ask.world, _later(ask))


def _update(ask: Ask, said: Message) -> Json:
    if not said.more.get("flags", 0) & _LOADING:
        return shapes.message(ask.world, rewrite(ask, said), ask.bot)
    text, more = content.read(ask, said.chat.id, before=said.more)
    content.check_filled(ask.form, text, more)
    return shapes.message(ask.world, _fill(ask, said, text or "", more), ask.bot)
