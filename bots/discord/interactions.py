"""What somebody starts with a command, a button, a menu or a form, as an event in our words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bots.discord import kinds
from bots.discord.buttons import label_of
from bots.discord.envelope import snowflake
from bots.discord.marks import seen
from bots.discord.people import author_of, listed, place_of, words
from core.messages import Author, ChannelType, Inbound, Kind, Place
from core.text import clean

VIA = "interaction"
"""How Inbound.via begins; the application and the token follow, with colons between."""

_WHAT_OF_THIS = {
    "": "What do you make of this?",
    "de": "Was sagst du dazu?",
    "es": "¿Qué te parece esto?",
    "fr": "Que penses-tu de ceci ?",
    "pt": "O que você acha disto?",
    "ru": "Что ты об этом думаешь?",
}
_WHO_IS = {
    "": "What can you tell me about {name}?",
    "de": "Was kannst du mir über {name} erzählen?",
    "es": "¿Qué puedes contarme de {name}?",
    "fr": "Que peux-tu me dire de {name} ?",
    "pt": "O que você pode me contar sobre {name}?",
    "ru": "Что ты можешь рассказать мне о {name}?",
}
_THREADS = (10, 11, 12)
_DEEP = 6
"""Options stand in groups of parts of a command, fields in rows and sections of a form."""


def read(blank: Inbound, said: dict[str, Any], people: Mapping[str, str]) -> Inbound:
    """`blank` has what every event has: who, where, when, and the message that it points at.

    `people` are names by id, ours among them.
    """
    blank = _placed(blank, said)
    match said.get("type"):
        case kinds.COMMAND:
            return _command(blank, said, people)
        case kinds.FORM:
            return _form(blank, said, people)
    return _press(blank, said)


def pointing(said: dict[str, Any]) -> dict[str, Any]:
    """What is in the menu of a message points at it as an answer does; shaped as one."""
    given = _object(said.get("data"))
    number = snowflake(given.get("target_id")) or snowflake(kinds.asked_about(said))
    if kinds.is_slash(said) and said.get("type") != kinds.FORM:
        return {}
    if given.get("type") == kinds.ABOUT_A_PERSON or not number:
        return {}
    there = _object(_object(given.get("resolved")).get("messages"))
    reference = {"message_id": number}
    return {"message_reference": reference, "referenced_message": there.get(number)}


def filled_in(given: dict[str, Any], levels: int = _DEEP) -> Iterator[dict[str, Any]]:
    """The options of a command as Discord sends them."""
    for one in listed(given.get("options")) if levels else ():
        if "value" in one:
            yield one
        yield from filled_in(one, levels - 1)


def arranged(said: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """A command with its options in this order; Discord sends them as people came to them."""
    given = _object(said.get("data"))
    options = listed(given.get("options"))
    if len(options) < 2 or not names:
        return said
    at = {name: place for place, name in enumerate(names)}
    options = sorted(options, key=lambda one: at.get(words(one.get("name")), len(at)))
    return {**said, "data": {**given, "options": options}}


def options_of(given: dict[str, Any]) -> dict[str, str]:
    """The values of a command's options as text, by their names; of people and places their ids."""
    return {words(one.get("name")): _value(one.get("value")) for one in filled_in(given)}


def _command(blank: Inbound, said: dict[str, Any], people: Mapping[str, str]) -> Inbound:
    given = _object(said.get("data"))
    options, name = options_of(given), kinds.command_of(said)
    if blank.kind is Kind.COMMAND:
        arguments = " ".join(filter(None, options.values()))
        return replace(blank, command=name, arguments=arguments, given=options)
    if kinds.is_slash(said):
        text = seen(options.get(kinds.TALK.get(name, ""), ""), _known(blank, said, people), {}).text
    elif given.get("type") == kinds.ABOUT_A_PERSON:
        text = _in_their_words(_WHO_IS, said).format(name=_target(given))
    else:
        text = _in_their_words(_WHAT_OF_THIS, said)
    return replace(blank, text=text)


def _form(blank: Inbound, said: dict[str, Any], people: Mapping[str, str]) -> Inbound:
    given = _object(said.get("data"))
    fields = {words(one.get("custom_id")): _written(one) for one in _fields(given, _DEEP)}
    if blank.kind is Kind.MESSAGE:
        asked = fields.get(kinds.QUESTION, "").strip() or _in_their_words(_WHAT_OF_THIS, said)
        return replace(blank, text=seen(asked, _known(blank, said, people), {}).text)
    return replace(
        blank,
        message=snowflake(_object(said.get("message")).get("id")) or blank.message,
        text="\n".join(filter(None, fields.values())),
        replies_to_us=True,
        press=words(given.get("custom_id")),
        given=fields,
    )


def _press(blank: Inbound, said: dict[str, Any]) -> Inbound:
    """Of a button its label is the text, of a menu those of what was chosen in it."""
    pressed, below = _object(said.get("data")), _object(said.get("message"))
    press, shown = words(pressed.get("custom_id")), below.get("components")
    text, given = label_of(shown, press), {}
    if isinstance(values := pressed.get("values"), list):
        chosen = [one for one in map(words, values) if one]
        names = _resolved(pressed) | _labels(shown, press)
        text = " ".join(names.get(one, one) for one in chosen)
        given = {"": "\n".join(chosen)}
    return replace(
        blank,
        message=snowflake(below.get("id")),
        text=clean(text),
        replies_to_us=True,
        mentions_us=False,
        press=press,
        given=given,
    )


def _labels(shown: object, press: str) -> dict[str, str]:
    """What stands in the menu of this id, by the values that come back."""
    menus = _fields({"components": shown}, _DEEP)
    menu: dict[str, Any] = next((one for one in menus if one.get("custom_id") == press), {})
    return {words(one.get("value")): words(one.get("label")) for one in listed(menu.get("options"))}


def _placed(blank: Inbound, said: dict[str, Any]) -> Inbound:
    """Who and where, as the event itself says: the place may be one that the bot is no part of."""
    member, channel = _object(said.get("member")), _object(said.get("channel"))
    roles = member.get("roles")
    roles = tuple(filter(None, map(snowflake, roles))) if isinstance(roles, list) else ()
    waits = kinds.waits(said)
    return replace(
        blank,
        author=replace(blank.author, roles=roles),
        place=_place(blank, said, channel),
        is_direct=blank.is_direct and not kinds.is_elsewhere(said),
        message=snowflake(said.get("id")),
        mentions_us=True,
        replies_to_us=blank.reply_to is not None and _is_us(blank, blank.reply_to.author),
        language=words(said.get("locale")).lower(),
        waits=waits,
        via=_via(said) if waits else "",
    )


def _place(blank: Inbound, said: dict[str, Any], channel: dict[str, Any]) -> Place:
    known, name = blank.place, words(channel.get("name"))
    if kinds.is_elsewhere(said):
        # Whose chat it is, we are not told; it is no server, and not ours alone with its author.
        return Place(ChannelType.GROUP, name, snowflake(said.get("channel_id")))
    type = channel.get("type")
    if blank.is_direct or not isinstance(type, int):
        return known
    server = {"guild": said.get("guild_id"), "guild_name": known.world_name}
    place = place_of(said, {"type": type, "name": known.name or name, **server})
    within = snowflake(channel.get("parent_id")) if type in _THREADS else ""
    return replace(place, within=known.within or within)


def _via(said: dict[str, Any]) -> str:
    application, token = snowflake(said.get("application_id")), token_of(said)
    way = ":".join(filter(None, (VIA, application, snowflake(said.get("id")), token)))
    return way if application and token else ""


def token_of(said: dict[str, Any]) -> str:
    """A secret for a quarter of an hour: whoever has it speaks as the bot there."""
    token = said.get("token")
    if not isinstance(token, str) or not (token.isascii() and token.isprintable()):
        return ""
    return token


def _is_us(blank: Inbound, author: Author | None) -> bool:
    return author is not None and author.id == blank.address.account.partition(":")[2]


def _known(blank: Inbound, said: dict[str, Any], people: Mapping[str, str]) -> Mapping[str, str]:
    author = {blank.author.id: blank.author.name}
    return {**people, **author, **_resolved(_object(said.get("data")))}


def _resolved(given: dict[str, Any]) -> dict[str, str]:
    """What is shown of those whose ids were given."""
    found = _object(given.get("resolved"))
    members = _object(found.get("members"))
    names = {
        number: author_of(_object(user), _object(members.get(number))).name
        for number, user in _object(found.get("users")).items()
    }
    for kind in ("roles", "channels"):
        for number, one in _object(found.get(kind)).items():
            names[number] = words(_object(one).get("name"))
    return {number: name for number, name in names.items() if name}


def _target(given: dict[str, Any]) -> str:
    """A person's name as the others see it, and the one by which they can be told from others."""
    number = snowflake(given.get("target_id"))
    user = _object(_object(_object(given.get("resolved")).get("users")).get(number))
    name, username = _resolved(given).get(number, "") or number, words(user.get("username"))
    return f"{name} (@{username})" if username and username != name else name


def _in_their_words(texts: Mapping[str, str], said: dict[str, Any]) -> str:
    language = words(said.get("locale")).partition("-")[0].lower()
    return texts.get(language) or texts[""]


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else words(value)


def _fields(given: dict[str, Any], levels: int) -> Iterator[dict[str, Any]]:
    inside = listed(given.get("components")) + listed([given.get("component")])
    for one in inside if levels else ():
        if "custom_id" in one:
            yield one
        yield from _fields(one, levels - 1)


def _written(field: dict[str, Any]) -> str:
    if isinstance(values := field.get("values"), list):
        return "\n".join(filter(None, map(words, values)))
    return _value(field.get("value"))


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
