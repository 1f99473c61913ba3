"""What the page shows of a message on Discord beside its words: calls, buttons, embeds, files."""

from collections.abc import Mapping, Sequence
from typing import Any

from bots.sandbox.things import Message
from bots.sandbox.world import World

Json = dict[str, Any]
_ROW, _BUTTON, _MENU, _SLASH = 1, 2, 3, 1
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
        "buttons": _rows(more.get("components") or ()),
        "only": more.get("only_for"),
        "began": _began(said),
        "thinking": "thinking" in (said.service or {}),
        "used": _used(more.get("interaction")),
    }
    if said.reply_to is not None and _is_gone(said):
        # Discord keeps the line over an answer when what it answers is gone.
        shown["reply_to"] = {"id": None, "name": None, "text": None}
    return shown


def _began(said: Message) -> Json | None:
    """Which message a thread was begun at, told in the first line of the thread."""
    began, above = (said.service or {}).get("thread_began"), said.chat.parent
    return None if began is None or above is None else {"chat": above.key, "id": str(began)}


def commands(known: Mapping[int | None, Sequence[Json]]) -> list[Json]:
    """The slash commands that a bot has told Discord of, for each server or (None) for all."""
    return [
        {
            "name": each["name"],
            "description": each.get("description", ""),
            "guild": None if server is None else str(server),
            "options": [option["name"] for option in each.get("options") or ()],
        }
        for server, everything in known.items()
        for each in everything
        if each.get("type", _SLASH) == _SLASH
    ]


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
        {"name": str(field.get("name", "")), "value": str(field.get("value", ""))}
        for field in embed.get("fields") or ()
    ]
    foot = (embed.get("footer") or {}).get("text")
    words = {name: embed.get(name) for name in ("title", "description", "url")}
    return {**words, "fields": fields, "footer": foot}


def file_of(world: World, file: Json) -> Json:
    """`picture` is where this page finds it, if it can be shown."""
    number = str(file.get("id") or file.get("file_id"))
    kind, _ = world.files.get(number, ("", b""))
    name = str(file.get("filename") or file.get("file_name") or "Picture")
    size = int(file.get("size") or file.get("file_size") or 0)
    picture = f"/stage/file/{number}" if kind in SHOWN else None
    return {"name": name, "size": size, "url": file.get("url"), "picture": picture}


def _rows(components: Any) -> list[list[Json]] | None:
    rows = [
        [_key(each) for each in row.get("components") or () if each.get("type") in {_BUTTON, _MENU}]
        for row in components
        if row.get("type") == _ROW
    ]
    return [row for row in rows if row] or None


def _key(button: Json) -> Json:
    """A button, or a menu with what can be picked in it."""
    choices = [
        {"label": str(option.get("label", "")), "value": str(option.get("value", ""))}
        for option in button.get("options") or ()
    ]
    emoji = (button.get("emoji") or {}).get("name") or ""
    label = button.get("label") or button.get("placeholder") or ""
    words = f"{emoji} {label}".strip()
    return {
        "text": words or ("Choose…" if choices else "…"),
        "choices": choices or None,
        "data": button.get("custom_id"),
        "url": button.get("url"),
        "style": _STYLES.get(int(button.get("style") or 0), ""),
        "disabled": bool(button.get("disabled")),
    }
