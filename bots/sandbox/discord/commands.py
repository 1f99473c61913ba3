"""Commands of an application: registered for all places or for one server, and what they may hold."""

import re
from typing import Any

from bots.sandbox.discord.asking import Answer, Ask
from bots.sandbox.discord.refusals import Form, no
from bots.sandbox.discord.routing import Routes
from bots.sandbox.discord.snowflakes import mint

Json = dict[str, Any]
routes = Routes()
_ALL = "/applications/{application}/commands"
_ONE = _ALL + "/{command}"
_ALL_IN = "/applications/{application}/guilds/{guild}/commands"
_ONE_IN = _ALL_IN + "/{command}"
_MOST, _OPTIONS, _CHOICES = 100, 25, 25
_SLASH = 1
_NAME = re.compile(r"[-_'\w]{1,32}")
_KINDS = range(1, 12)
_BESIDE = ("name_localizations", "description_localizations", "options", "contexts")


def _guild(ask: Ask) -> int | None:
    """Which server the address names, if it names one; refuses a foreign application."""
    if ask.number("application") != ask.bot.id:
        raise no(50001)
    return ask.guild().id if "guild" in ask.args else None


def _registered(ask: Ask) -> dict[int, Json]:
    return dict(ask.office.commands.get((ask.bot.id, _guild(ask)), {}))


def _keep(ask: Ask, commands: dict[int, Json]) -> None:
    fact = {"fact": "app_commands", "bot": ask.bot.id, "guild": _guild(ask)}
    ask.world.commit({**fact, "commands": list(commands.values())})


def _shape(ask: Ask, given: Json, number: int) -> Json:
    kind, guild = given.get("type") or _SLASH, _guild(ask)
    permissions = given.get("default_member_permissions")
    shape: Json = {
        "id": str(number),
        "application_id": str(ask.bot.id),
        "version": str(mint(ask.world)),
        "type": kind,
        "name": given["name"],
        "description": given.get("description") or "",
        "default_member_permissions": None if permissions is None else str(permissions),
        "name_localizations": None,
        "description_localizations": None,
        "integration_types": given.get("integration_types") or [0],
        "nsfw": bool(given.get("nsfw")),
    }
    shape |= {name: given[name] for name in _BESIDE if given.get(name) is not None}
    if guild is not None:
        shape["guild_id"] = str(guild)
    else:
        shape["dm_permission"] = given.get("dm_permission") is not False
    return shape


def _check(form: Form, given: Json, place: str) -> None:
    """Hold one command against the rules for names, words and options."""
    where = f"{place}." if place else ""
    name = form.text(given, "name", 32, least=1, place=place)
    slash = (given.get("type") or _SLASH) == _SLASH
    if name is not None and slash and (not _NAME.fullmatch(name) or name != name.lower()):
        form.wrong(f"{where}name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    if slash:
        form.text(given, "description", 100, least=1, place=place)
    elif given.get("description"):
        message = "Context menu commands cannot have description"
        form.wrong(f"{where}description", "APPLICATION_COMMAND_DESCRIPTION", message)
    _check_options(form, given, place)


def _check_options(form: Form, given: Json, place: str) -> None:
    where = f"{place}.options" if place else "options"
    options = form.records(given, "options", _OPTIONS, place=place)
    names: set[str] = set()
    optional = False
    for number, option in enumerate(options):
        here = f"{where}.{number}"
        name = form.text(option, "name", 32, least=1, place=here)
        form.text(option, "description", 100, least=1, place=here)
        if name is not None and name in names:
            message = "Option names must be unique"
            form.wrong(here, "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", message)
        names.add(name or "")
        if not isinstance(option.get("type"), int) or option["type"] not in _KINDS:
            message = "Value must be one of {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}."
            form.wrong(f"{here}.type", "BASE_TYPE_CHOICES", message)
        if option.get("required") and optional:
            message = "Required options must be placed before non-required options"
            form.wrong(here, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        optional = optional or not option.get("required")
        form.records(option, "choices", _CHOICES, place=here)
        if option.get("options"):
            _check_options(form, option, here)


def _same(given: Json) -> Any:
    return given["name"], given.get("type") or _SLASH


@routes("GET", _ALL)
def list_application_commands(ask: Ask) -> list[Json]:
    return list(_registered(ask).values())


@routes("PUT", _ALL)
def bulk_set_application_commands(ask: Ask) -> list[Json]:
    """Put these commands in the place of all that were there; one of the same name keeps its id."""
    form = Form()
    given = form.records({"commands": ask.body}, "commands", 10_000)
    for place, each in enumerate(given):
        _check(form, each, str(place))
    form.check()
    kinds = [each.get("type") or _SLASH for each in given]
    if kinds.count(_SLASH) > _MOST:
        raise no(30032)
    known = {_same(each): int(each["id"]) for each in _registered(ask).values()}
    if len({_same(each) for each in given}) < len(given):
        message = "Application command names must be unique"
        form.wrong("", "APPLICATION_COMMANDS_DUPLICATE_NAME", message)
        form.check()
    shapes = [_shape(ask, each, known.get(_same(each)) or mint(ask.world)) for each in given]
    _keep(ask, {int(each["id"]): each for each in shapes})
    return shapes


@routes("POST", _ALL)
def create_application_command(ask: Ask) -> Answer:
    """Add a command, or put it in the place of the one that has its name."""
    form, given = Form(), ask.form
    _check(form, given, "")
    form.check()
    commands = _registered(ask)
    known = {_same(each): number for number, each in commands.items()}
    number = known.get(_same(given))
    if number is None and len(commands) >= _MOST:
        raise no(30032)
    shape = _shape(ask, given, number or mint(ask.world))
    _keep(ask, commands | {int(shape["id"]): shape})
    return Answer(201 if number is None else 200, shape)


@routes("GET", _ONE)
def get_application_command(ask: Ask) -> Json:
    return _one(ask)


def _one(ask: Ask) -> Json:
    command = _registered(ask).get(ask.number("command"))
    if command is None:
        raise no(10063)
    return command


@routes("PATCH", _ONE)
def update_application_command(ask: Ask) -> Json:
    form, new = Form(), {**_one(ask), **ask.form}
    _check(form, new, "")
    form.check()
    shape = _shape(ask, new, int(new["id"]))
    _keep(ask, _registered(ask) | {int(shape["id"]): shape})
    return shape


@routes("DELETE", _ONE)
def delete_application_command(ask: Ask) -> None:
    gone = int(_one(ask)["id"])
    _keep(ask, {n: each for n, each in _registered(ask).items() if n != gone})


# -- the same for one server -----------------------------------------------------------------------


@routes("GET", _ALL_IN)
def list_guild_application_commands(ask: Ask) -> list[Json]:
    return list_application_commands(ask)


@routes("PUT", _ALL_IN)
def bulk_set_guild_application_commands(ask: Ask) -> list[Json]:
    return bulk_set_application_commands(ask)


@routes("POST", _ALL_IN)
def create_guild_application_command(ask: Ask) -> Answer:
    return create_application_command(ask)


@routes("GET", _ONE_IN)
def get_guild_application_command(ask: Ask) -> Json:
    return _one(ask)


@routes("PATCH", _ONE_IN)
def update_guild_application_command(ask: Ask) -> Json:
    return update_application_command(ask)


@routes("DELETE", _ONE_IN)
def delete_guild_application_command(ask: Ask) -> None:
    delete_application_command(ask)
