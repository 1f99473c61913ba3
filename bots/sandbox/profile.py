"""The methods with which a bot introduces itself: its commands, its name, its words, its button."""

import re
from typing import Any

import orjson

from bots.sandbox.addressed import find_chat
from bots.sandbox.asked import Asked, bad
from bots.sandbox.desks import Desk
from bots.sandbox.things import Account, Change, Chat, Fact
from bots.sandbox.world import World

Json = dict[str, Any]
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_MOST_COMMANDS, _LONGEST_DESCRIPTION = 100, 256
_LANGUAGE = re.compile(r"[a-z]{2}")
_OF_A_CHAT = frozenset({"chat", "chat_administrators", "chat_member"})
_SCOPES = _OF_A_CHAT | {
    "default",
    "all_private_chats",
    "all_group_chats",
    "all_chat_administrators",
}
_WORDS = {"name": 64, "description": 512, "short_description": 120}
_ADMINS = frozenset({"creator", "administrator"})


def _scope(world: World, desk: Desk, asked: Asked) -> str:
    """The scope and the language of a list of commands, as one key."""
    scope = asked.json("scope") or {"type": "default"}
    if not isinstance(scope, dict) or scope.get("type") not in _SCOPES:
        raise bad("can't parse BotCommandScope: unsupported type specified")
    kind, chat, user = scope["type"], None, None
    if kind in _OF_A_CHAT:
        room = find_chat(world, desk, Asked({"chat_id": scope.get("chat_id")}.items()))
        if room.kind == "channel" or (room.kind == "private" and kind != "chat"):
            raise bad("can't change commands in the chat")
        chat = room.id
    if kind == "chat_member":
        user = Asked(scope.items()).number("user_id")
        if user is None or user not in world.accounts:
            raise bad("user not found")
    return _key(kind, chat, user, _language(asked))


def _key(kind: str, chat: int | None, user: int | None, language: str) -> str:
    return orjson.dumps([kind, chat, user, language]).decode()


def _language(asked: Asked) -> str:
    language = asked.text("language_code") or ""
    if language and not _LANGUAGE.fullmatch(language):
        raise bad("invalid language code specified")
    return language


def set_my_commands(world: World, desk: Desk, asked: Asked) -> Any:
    commands = asked.json("commands")
    if not isinstance(commands, list) or not all(isinstance(one, dict) for one in commands):
        raise bad("can't parse commands JSON object")
    if len(commands) > _MOST_COMMANDS:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    kept = []
    for one in commands:
        name = str(one.get("command", "")).removeprefix("/")
        about = str(one.get("description", ""))
        if not _COMMAND.fullmatch(name):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(about) <= _LONGEST_DESCRIPTION:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
        shown: Json = {"command": name, "description": about}
        if one.get("is_ephemeral") and asked.api >= (10, 2):
            shown["is_ephemeral"] = True
        kept.append(shown)
    fact = {"fact": "commands", "bot": desk.bot.id, "scope": _scope(world, desk, asked)}
    world.commit({**fact, "commands": kept})
    return True


def get_my_commands(world: World, desk: Desk, asked: Asked) -> Any:
    return desk.commands.get(_scope(world, desk, asked), [])


def delete_my_commands(world: World, desk: Desk, asked: Asked) -> Any:
    fact = {"fact": "commands", "bot": desk.bot.id, "scope": _scope(world, desk, asked)}
    world.commit({**fact, "commands": []})
    return True


def menu_of(desk: Desk, room: Chat, who: Account, language: str = "") -> list[Json]:
    """The commands that somebody is offered in a chat: those of the narrowest scope that has some."""
    private, admin = room.kind == "private", room.members.get(who) in _ADMINS
    scopes: list[tuple[str, int | None, int | None]] = []
    if not private:
        scopes.append(("chat_member", room.id, who.id))
        scopes += [("chat_administrators", room.id, None)] if admin else []
    scopes.append(("chat", room.id, None))
    if private:
        scopes.append(("all_private_chats", None, None))
    else:
        scopes += [("all_chat_administrators", None, None)] if admin else []
        scopes.append(("all_group_chats", None, None))
    for kind, chat, user in (*scopes, ("default", None, None)):
        for tongue in dict.fromkeys((language, "")):
            found = desk.commands.get(_key(kind, chat, user, tongue))
            if found:
                return found
    return []


# -- words ---------------------------------------------------------------------------------------


def set_my_name(world: World, desk: Desk, asked: Asked) -> Any:
    return _set(world, desk, asked, "name")


def get_my_name(world: World, desk: Desk, asked: Asked) -> Any:
    return _get(world, desk, asked, "name", desk.bot.name)


def set_my_description(world: World, desk: Desk, asked: Asked) -> Any:
    return _set(world, desk, asked, "description")


def get_my_description(world: World, desk: Desk, asked: Asked) -> Any:
    return _get(world, desk, asked, "description", "")


def set_my_short_description(world: World, desk: Desk, asked: Asked) -> Any:
    return _set(world, desk, asked, "short_description")


def get_my_short_description(world: World, desk: Desk, asked: Asked) -> Any:
    return _get(world, desk, asked, "short_description", "")


def _set(world: World, desk: Desk, asked: Asked, what: str) -> bool:
    words = (asked.text(what) or "").strip()
    if len(words) > _WORDS[what]:
        raise bad(f"bot {what.replace('_', ' ')} is too long")
    _tell(world, desk, what, _language(asked), words)
    return True


def _get(world: World, desk: Desk, asked: Asked, what: str, otherwise: str) -> Json:
    told = world.about.get((desk.bot.id, what, _language(asked)))
    return {what: told or world.about.get((desk.bot.id, what, "")) or otherwise}


def _tell(world: World, desk: Desk, what: str, where: str, value: Any) -> None:
    fact = {"fact": "about", "bot": desk.bot.id, "what": what, "where": where}
    world.commit({**fact, "value": value})


def _about(world: World, fact: Fact) -> Change:
    world.about[fact["bot"], fact["what"], fact["where"]] = fact["value"]
    return Change("about", fact)


FACTS = {"about": _about}


# -- the button beside the line of writing -------------------------------------------------------


def set_chat_menu_button(world: World, desk: Desk, asked: Asked) -> Any:
    button = asked.json("menu_button") or {"type": "default"}
    if not isinstance(button, dict) or button.get("type") not in {
        "commands",
        "web_app",
        "default",
    }:
        raise bad("can't parse menu button: unsupported type specified")
    if button["type"] == "web_app":
        url = str(dict(button.get("web_app") or {}).get("url") or "")
        if not button.get("text"):
            raise bad("menu button text must be non-empty")
        if not url.startswith("https://"):
            raise bad(f"menu button Web App URL '{url}' is invalid: Only HTTPS links are allowed")
    _tell(world, desk, "menu_button", _whose(world, desk, asked), button)
    return True


def get_chat_menu_button(world: World, desk: Desk, asked: Asked) -> Any:
    here = world.about.get((desk.bot.id, "menu_button", _whose(world, desk, asked)))
    return here or world.about.get((desk.bot.id, "menu_button", "")) or {"type": "commands"}


def _whose(world: World, desk: Desk, asked: Asked) -> str:
    if asked.number("chat_id") is None:
        return ""
    room = find_chat(world, desk, asked)
    if room.kind != "private":
        raise bad("chat is not a private chat")
    return str(room.id)


def get_user_profile_photos(world: World, desk: Desk, asked: Asked) -> Any:
    if asked.needed("user_id") not in world.accounts:
        raise bad("user not found")
    return {"total_count": 0, "photos": []}
