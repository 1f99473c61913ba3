"""What a person chose in a command or wrote into a form, in the shapes that a bot gets it in."""

from collections.abc import Iterator, Mapping
from typing import Any

from bots.sandbox.discord import shapes
from bots.sandbox.discord.permissions import in_channel
from bots.sandbox.things import Account, Chat, Message
from bots.sandbox.world import World

Json = dict[str, Any]
_USER_MENU = 2
_BUTTON, _STRINGS, _OF_CHANNELS = 2, 3, 8
_OF_PEOPLE, _OF_ROLES, _MENUS = {5, 7}, {6, 7}, {3, 5, 6, 7, 8}
_INNER = {1, 2}
_VALUES = ("min_value", "max_value")
_ACCOUNT, _CHANNEL, _ROLE, _MENTIONABLE, _ATTACHMENT = 6, 7, 8, 9, 11
_PLAIN: dict[int, type | tuple[type, ...]] = {3: str, 4: int, 5: bool, 10: (int, float)}


def kind_of(given: Mapping[str, Any]) -> int:
    """Which kind of command is meant: one that is written, or one for somebody or a message."""
    target = given.get("target")
    return 2 if isinstance(target, Account) else 3 if isinstance(target, Message) else 1


def picked(world: World, room: Chat, fact: Json) -> Json:
    """The data of a pressed button, or of a menu with what was picked in it."""
    kind, values = fact["component_type"], fact["values"]
    data: Json = {"custom_id": fact["custom_id"], "component_type": kind, "id": fact["part"]}
    if kind == _BUTTON:
        return data
    resolved: Json = {}
    data["values"] = [_pick(world, room, kind, value, resolved) for value in values]
    if resolved:
        data["resolved"] = resolved
    return data


def _pick(world: World, room: Chat, kind: int, value: str, resolved: Json) -> str:
    """One value of a menu; of people, roles and channels it is the id."""
    if kind == _STRINGS or not str(value).isdigit():
        return str(value)
    number = int(value)
    who, channel = world.snowflakes.get(number), world.chats.get(f"dc:{number}")
    roles = room.guild.roles if room.guild is not None else {}
    if kind in _OF_PEOPLE and who is not None:
        _resolve(room, who, resolved)
    elif kind in _OF_ROLES and number in roles:
        resolved.setdefault("roles", {})[str(number)] = shapes.role(roles[number])
    elif kind == _OF_CHANNELS and channel is not None:
        shape = {**shapes.channel(channel), "permissions": "0"}
        resolved.setdefault("channels", {})[str(number)] = shape
    else:
        raise ValueError(f"{value} is not on the menu")
    return str(value)


def chosen(
    world: World,
    room: Chat,
    command: Json,
    name: str,
    given: Mapping[str, Any],
    completing: str | None,
) -> Json:
    """The data of a command; what does not fit its options is a ValueError."""
    data: Json = {"id": command["id"], "name": command["name"], "type": command["type"]}
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    if command["type"] != 1:
        return data | _target(world, room, command, given)
    resolved: Json = {}
    inside, level = command.get("options", []), data
    for part in name.split()[1:]:
        inner = next((o for o in inside if o["name"] == part and o["type"] in _INNER), None)
        if inner is None:
            raise ValueError(f"{command['name']} has no part {part}")
        level["options"] = [{"name": part, "type": inner["type"]}]
        level, inside = level["options"][0], inner.get("options", [])
    level["options"] = list(_options(room, inside, given, resolved, completing))
    if resolved:
        data["resolved"] = resolved
    return data


def _options(
    room: Chat,
    declared: list[Json],
    given: Mapping[str, Any],
    resolved: Json,
    completing: str | None,
) -> Iterator[Json]:
    unknown = set(given) - {option["name"] for option in declared}
    if unknown:
        raise ValueError(f"there is no option {', '.join(sorted(unknown))}")
    for option in declared:
        name = option["name"]
        if name not in given:
            if option.get("required") and completing is None:
                raise ValueError(f"the option {name} is missing")
            continue
        focused = name == completing
        value = given[name] if focused else _value(room, option, given[name], resolved)
        shape = {"name": name, "type": option["type"], "value": value}
        yield {**shape, "focused": True} if focused else shape


def _value(room: Chat, option: Json, value: Any, resolved: Json) -> Any:
    kind = option["type"]
    if isinstance(value, Account) and kind in {_ACCOUNT, _MENTIONABLE}:
        _resolve(room, value, resolved)
        return str(value.snowflake)
    if isinstance(value, Chat) and kind == _CHANNEL:
        shape = {**shapes.channel(value), "permissions": "0"}
        resolved.setdefault("channels", {})[str(value.id)] = shape
        return str(value.id)
    if kind in {_ROLE, _MENTIONABLE}:
        role = room.guild.roles.get(int(value)) if room.guild is not None else None
        if role is not None:
            resolved.setdefault("roles", {})[str(role.id)] = shapes.role(role)
        return str(value)
    if kind == _ATTACHMENT and isinstance(value, dict):
        resolved.setdefault("attachments", {})[value["id"]] = value
        return value["id"]
    wanted = _PLAIN.get(kind)
    if wanted is None or not isinstance(value, wanted):
        raise ValueError(f"{value!r} does not fit the option {option['name']}")
    _check_bounds(option, value)
    choices = [choice["value"] for choice in option.get("choices") or ()]
    if choices and value not in choices:
        raise ValueError(f"{value!r} is no choice of the option {option['name']}")
    return value


def _check_bounds(option: Json, value: Any) -> None:
    """Discord's own app lets nobody send what is too short, too long, too little or too much."""
    size = len(value) if isinstance(value, str) else value
    least, most = ("min_length", "max_length") if isinstance(value, str) else _VALUES
    if option.get(least) is not None and size < option[least]:
        raise ValueError(f"the option {option['name']} is less than {option[least]}")
    if option.get(most) is not None and size > option[most]:
        raise ValueError(f"the option {option['name']} is more than {option[most]}")


def _resolve(room: Chat, who: Account, resolved: Json) -> None:
    """Put someone beside the options, with the membership if it is one of the server."""
    resolved.setdefault("users", {})[str(who.snowflake)] = shapes.user(who)
    if room.guild is not None and who in room.guild.members:
        member = shapes.member(room.guild, who, with_user=False)
        member["permissions"] = str(in_channel(room, who))
        resolved.setdefault("members", {})[str(who.snowflake)] = member


def _target(world: World, room: Chat, command: Json, given: Mapping[str, Any]) -> Json:
    """The one that an entry of a context menu was chosen for."""
    target = given.get("target")
    if command["type"] == _USER_MENU and isinstance(target, Account):
        resolved: Json = {}
        _resolve(room, target, resolved)
        return {"target_id": str(target.snowflake), "resolved": resolved}
    if isinstance(target, Message):
        shape = shapes.message(world, target)
        return {"target_id": str(target.id), "resolved": {"messages": {str(target.id): shape}}}
    raise ValueError(f"{command['name']} needs a target")


def filled(form: Json, fields: Mapping[str, Any]) -> list[Json]:
    """A form with what was written into its fields."""
    names = {each["custom_id"] for each in _inputs(form["components"])}
    unknown = set(fields) - names
    if unknown:
        raise ValueError(f"the form has no field {', '.join(sorted(unknown))}")
    return [_filled(each, fields) for each in form["components"]]


def _inputs(components: list[Json]) -> Iterator[Json]:
    for each in components:
        if "custom_id" in each:
            yield each
        yield from _inputs([*each.get("components", ()), *filter(None, [each.get("component")])])


def _filled(component: Json, fields: Mapping[str, Any]) -> Json:
    shape: Json = {"type": component["type"], "id": component.get("id", 1)}
    if "custom_id" in component:
        return {**shape, **_entry(component, component["custom_id"], fields)}
    if "component" in component:
        shape["component"] = _filled(component["component"], fields)
    if "components" in component:
        shape["components"] = [_filled(each, fields) for each in component["components"]]
    return shape


def _entry(component: Json, name: str, fields: Mapping[str, Any]) -> Json:
    """What was written into one field of a form, or picked in a menu of it."""
    given = fields.get(name)
    if component.get("required", True) and not given:
        raise ValueError(f"the field {name} must be filled in")
    if component["type"] in _MENUS:
        return {
            "custom_id": name,
            "values": [given] if isinstance(given, str) else [*(given or ())],
        }
    text = str(given or "")
    if text and len(text) < component.get("min_length", 0):
        raise ValueError(f"the field {name} needs more words")
    if len(text) > component.get("max_length", 4000):
        raise ValueError(f"the field {name} has too many words")
    return {"custom_id": name, "value": text}
