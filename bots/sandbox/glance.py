"""What the page shows of a message on Discord beside its words: calls, buttons, embeds, files."""

from collections.abc import Mapping, Sequence
from typing import Any

from bots.sandbox.discord.polls import is_closed
from bots.sandbox.things import Message
from bots.sandbox.world import World

Json = dict[str, Any]
_ROW, _BUTTON, _MENU, _SLASH = 1, 2, 3, 1
_INNER, _OF_PEOPLE, _OF_ROLES, _OF_ALL, _OF_CHANNELS = {1, 2}, 5, 6, 7, 8
_MENUS = {_MENU, _OF_PEOPLE, _OF_ROLES, _OF_ALL, _OF_CHANNELS}
SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
PLAYED = frozenset({"audio/ogg", "audio/mpeg", "video/mp4", "video/webm"})
_STYLES = {3: "success", 4: "danger"}


def of_discord(world: World, said: Message) -> Json:
    more = said.more
    shown: Json = {
        "mentions": [*_called(world, more), *map(str, more.get("mention_roles", ()))],
        "everyone": bool(more.get("mention_everyone")),
        "embeds": [_embed(embed) for embed in more.get("embeds") or ()],
        "files": [file_of(world, file) for file in more.get("attachments") or ()],
        "buttons": _rows(said, more.get("components") or ()),
        "only": more.get("only_for"),
        "began": _began(said),
        "thinking": "thinking" in (said.service or {}),
        "used": _used(more.get("interaction")),
        "forwarded": _passed(more),
        "stickers": [item["name"] for item in more.get("sticker_items") or ()],
        "poll": _poll(world, more["poll"]) if more.get("poll") else None,
    }
    if said.reply_to is not None and _is_gone(said):
        # Discord keeps the line over an answer when what it answers is gone.
        shown["reply_to"] = {"id": None, "name": None, "text": None}
    return shown


def _passed(more: Json) -> Json | None:
    """What a message passes on: its words, cards and files."""
    snapshots = more.get("snapshots")
    if not snapshots:
        return None
    said = snapshots[0]["message"]
    files = [file["filename"] for file in said.get("attachments") or ()]
    return {"text": said.get("content") or ", ".join(files)}


def _poll(world: World, poll: Json) -> Json:
    """A poll in the words of the page, which knows those of Telegram as well."""
    votes = [poll["votes"].get(str(answer["answer_id"]), []) for answer in poll["answers"]]
    options = [
        {"text": answer["poll_media"].get("text", ""), "votes": len(who), "from": who}
        for answer, who in zip(poll["answers"], votes, strict=True)
    ]
    return {
        "question": poll["question"]["text"],
        "options": options,
        "voters": len({who for every in votes for who in every}),
        "several": poll["allow_multiselect"],
        "closed": is_closed(poll, world.now()),
        "anonymous": False,
        "quiz": False,
    }


def _began(said: Message) -> Json | None:
    """Which message a thread was begun at, told in the first line of the thread."""
    began, above = (said.service or {}).get("thread_began"), said.chat.parent
    return None if began is None or above is None else {"chat": above.key, "id": str(began)}


def commands(known: Mapping[int | None, Sequence[Json]]) -> list[Json]:
    """The slash commands that a bot has told Discord of, for each server or (None) for all."""
    return [
        {
            "name": name,
            "description": each.get("description", ""),
            "guild": None if server is None else str(server),
            "kind": each.get("type", _SLASH),
            "options": [_option(option) for option in options],
        }
        for server, everything in known.items()
        for each in everything
        for name, options in _parts(each)
    ]


def _parts(command: Json) -> list[tuple[str, list[Json]]]:
    """A command by its name, or each of its parts by the whole way to it."""
    options = command.get("options") or []
    inner = [option for option in options if option["type"] in _INNER]
    if not inner:
        return [(command["name"], options)]
    return [
        (f"{command['name']} {name}", rest) for option in inner for name, rest in _parts(option)
    ]


def _option(option: Json) -> Json:
    shown = {name: option.get(name) for name in ("name", "description", "type")}
    choices = [choice["name"] for choice in option.get("choices") or ()]
    flags = {name: bool(option.get(name)) for name in ("required", "autocomplete")}
    values = {choice["name"]: choice["value"] for choice in option.get("choices") or ()}
    return {**shown, **flags, "choices": choices, "values": values}


def _called(world: World, more: Json) -> list[str]:
    accounts = world.accounts
    return [str(accounts[who].snowflake) for who in more.get("mentions", ()) if who in accounts]


def _is_gone(said: Message) -> bool:
    answered = said.chat.messages.get(said.reply_to or 0)
    return answered is None or answered.deleted


def _used(interaction: Json | None) -> Json | None:
    """Which slash command a message answers, and whose."""
    if not interaction or not interaction.get("name"):
        return None
    user = interaction.get("user") or {}
    name = user.get("global_name") or user.get("username") or "Someone"
    return {"name": name, "command": interaction["name"]}


def _embed(embed: Json) -> Json:
    fields = [
        {
            "name": str(field.get("name", "")),
            "value": str(field.get("value", "")),
            "inline": bool(field.get("inline")),
        }
        for field in embed.get("fields") or ()
    ]
    foot = (embed.get("footer") or {}).get("text")
    words = {name: embed.get(name) for name in ("title", "description", "url", "color")}
    author = (embed.get("author") or {}).get("name")
    return {**words, "fields": fields, "footer": foot, "author": author}


def file_of(world: World, file: Json) -> Json:
    """`picture` is where this page finds it, if it can be shown."""
    number = str(file.get("id") or file.get("file_id"))
    kind, _ = world.files.get(number, ("", b""))
    name = str(file.get("filename") or file.get("file_name") or "Picture")
    size = int(file.get("size") or file.get("file_size") or 0)
    picture = f"/stage/file/{number}" if kind in SHOWN else None
    return {"name": name, "size": size, "url": file.get("url"), "picture": picture}


def _rows(said: Message, components: Any) -> list[list[Json]] | None:
    rows = [
        [
            _key(said, each)
            for each in row.get("components") or ()
            if each.get("type") == _BUTTON or each.get("type") in _MENUS
        ]
        for row in components
        if row.get("type") == _ROW
    ]
    return [row for row in rows if row] or None


def _offered(said: Message, menu: Json) -> list[Json]:
    """What can be picked: what the bot wrote, or people, roles and channels of the place."""
    kind, guild = menu["type"], said.chat.guild
    found: list[tuple[str, object]] = [
        (str(option.get("label", "")), option.get("value", ""))
        for option in menu.get("options") or ()
    ]
    if kind in {_OF_PEOPLE, _OF_ALL}:
        people = guild.members if guild is not None else said.chat.members
        found += [(who.name, who.snowflake) for who in people]
    if kind in {_OF_ROLES, _OF_ALL} and guild is not None:
        found += [(role.name, role.id) for role in guild.roles.values()]
    if kind == _OF_CHANNELS and guild is not None:
        found += [(f"#{room.title}", room.id) for room in guild.channels.values()]
    return [{"label": label, "value": str(value)} for label, value in found]


def _key(said: Message, button: Json) -> Json:
    """A button, or a menu with what can be picked in it."""
    choices = _offered(said, button)
    emoji = (button.get("emoji") or {}).get("name") or ""
    label = button.get("label") or button.get("placeholder") or ""
    words = f"{emoji} {label}".strip()
    return {
        "text": words or ("Choose…" if choices else "…"),
        "choices": choices or None,
        "most": button.get("max_values", 1),
        "least": button.get("min_values", 1),
        "data": button.get("custom_id"),
        "url": button.get("url"),
        "style": _STYLES.get(int(button.get("style") or 0), ""),
        "disabled": bool(button.get("disabled")),
    }
