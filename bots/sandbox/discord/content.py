"""What a bot wants to say, read from a body and held against Discord's limits."""

from collections.abc import Mapping
from typing import Any

from bots.sandbox.discord import polls
from bots.sandbox.discord.asking import Ask, Upload, snowflake
from bots.sandbox.discord.refusals import Form, no
from bots.sandbox.discord.snowflakes import mint
from bots.sandbox.discord.talking import LONGEST

Json = dict[str, Any]
SUPPRESS_EMBEDS, EPHEMERAL, SILENT, VOICE, COMPONENTS_V2 = 1 << 2, 1 << 6, 1 << 12, 1 << 13, 1 << 15
_SETTABLE = SUPPRESS_EMBEDS | EPHEMERAL | SILENT | VOICE | COMPONENTS_V2
_EMBEDS, _EMBED_TEXT, _ROWS, _FILES, _ALL_COMPONENTS = 10, 6000, 5, 10, 40
_EMBED_LIMITS = {"title": 256, "description": 4096}
# Any of these makes a message that has no words.
_FILLING = ("embeds", "components", "attachments", "poll", "sticker_items", "snapshots")
_NAMED = ("users", "roles", "everyone")
_ROW, _BUTTON, _STRING_SELECT, _SELECTS = 1, 2, 3, range(5, 9)
_TEXT, _TEXT_DISPLAY = 4, 10
_IN_ROWS = frozenset({_BUTTON, _STRING_SELECT, *_SELECTS})
_LINK, _PREMIUM = 5, 6  # styles of buttons


def read(ask: Ask, room: int, *, before: Json | None = None) -> tuple[str | None, Json]:
    """The text, None when none was given, and the rest of a message; refuses what is too much.

    `before` is what stands now, when the body is an edit: what it leaves out stays.
    """
    body, form = ask.form, Form()
    text = form.text(body, "content", LONGEST)
    more: Json = {}
    if "embeds" in body:
        more["embeds"] = _embeds(form, form.records(body, "embeds", _EMBEDS))
    if "components" in body:
        flags = flags_of(body) or (before or {}).get("flags", 0)
        more["components"] = _components(form, body, bool(flags & COMPONENTS_V2))
    if body.get("allowed_mentions") is not None:
        more["allowed_mentions"] = _allowed(form, body["allowed_mentions"])
    if "flags" in body:
        kept = (before or {}).get("flags", 0) & ~SUPPRESS_EMBEDS
        more["flags"] = kept | (flags_of(body) & _SETTABLE)
    if before is None:
        _first_time(form, body, more)
        poll = polls.read(form, body, ask.world.now())
        if poll is not None:
            more["poll"] = poll
    if "attachments" in body or ask.files:
        more["attachments"] = _attachments(ask, form, room, body, before)
    if more.get("flags", 0) & COMPONENTS_V2 and (text or more.get("embeds")):
        code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
        message = "The 'content' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
        form.wrong("content", code, message)
    form.check()
    if before is None and more.get("flags", 0) & VOICE:
        _check_voice(text, more)
    if before is not None and before.get("flags", 0) & VOICE:
        raise no(50162)
    return (text.strip() if text is not None else None), more


def _check_voice(text: str | None, more: Json) -> None:
    """A voice message is one sound, with its shape and its length, and nothing beside it."""
    if text or any(more.get(name) for name in ("embeds", "components", "poll")):
        raise no(50159)
    sounds = more.get("attachments", ())
    if len(sounds) != 1 or not sounds[0]["content_type"].startswith("audio/"):
        raise no(50160)
    if not sounds[0].get("waveform") or not sounds[0].get("duration_secs"):
        raise no(50161)


def flags_of(body: Json) -> int:
    """The flags that a body asks for; what is no number asks for none."""
    flags = body.get("flags")
    return flags if isinstance(flags, int) else 0


def _first_time(form: Form, body: Json, more: Json) -> None:
    nonce = body.get("nonce")
    if nonce is not None:
        if not isinstance(nonce, str | int) or len(str(nonce)) > 25:
            message = "Must be 25 or fewer in length."
            form.wrong("nonce", "BASE_TYPE_MAX_LENGTH", message)
        more["nonce"] = nonce
    if body.get("tts"):
        more["tts"] = True


def is_empty(text: str | None, more: Mapping[str, Any]) -> bool:
    return not text and not any(more.get(name) for name in _FILLING)


def check_filled(body: Json, text: str | None, more: Mapping[str, Any]) -> None:
    """Refuse a message with nothing in it."""
    if is_empty(text, more) and not body.get("sticker_ids"):
        raise no(50006)


# -- embeds ----------------------------------------------------------------------------------------


def _embeds(form: Form, given: list[Json]) -> list[Json]:
    total, shapes = 0, []
    for place, embed in enumerate(given):
        where = f"embeds.{place}"
        shape: Json = {"type": "rich"}
        for name, most in _EMBED_LIMITS.items():
            value = form.text(embed, name, most, place=where)
            if value is not None:
                shape[name] = value
                total += len(value)
        for name in ("url", "color", "timestamp"):
            if embed.get(name) is not None:
                shape[name] = embed[name]
        for name, key, most in (("footer", "text", 2048), ("author", "name", 256)):
            if isinstance(embed.get(name), dict):
                form.text(embed[name], key, most, place=f"{where}.{name}")
                shape[name] = dict(embed[name])
                total += len(str(embed[name].get(key) or ""))
        for name in ("image", "thumbnail"):
            if isinstance(embed.get(name), dict):
                shape[name] = dict(embed[name])
        fields = form.records(embed, "fields", 25, place=where)
        if fields:
            shape["fields"] = [_field(form, f"{where}.fields.{n}", f) for n, f in enumerate(fields)]
            total += sum(len(f["name"]) + len(f["value"]) for f in shape["fields"])
        if not embed:
            form.wrong(where, "BASE_TYPE_REQUIRED", "This field is required")
        shapes.append(shape)
    if total > _EMBED_TEXT:
        message = f"Embed size exceeds maximum size of {_EMBED_TEXT}"
        form.wrong("embeds", "MAX_EMBED_SIZE_EXCEEDED", message)
    return shapes


def _field(form: Form, where: str, given: Json) -> Json:
    name = form.text(given, "name", 256, least=1, place=where) or ""
    value = form.text(given, "value", 1024, least=1, place=where) or ""
    return {"name": name, "value": value, "inline": bool(given.get("inline"))}


# -- components ------------------------------------------------------------------------------------


def _components(form: Form, body: Json, free: bool) -> list[Json]:
    given = form.records(body, "components", _ALL_COMPONENTS if free else _ROWS)
    numbers = iter(range(1, 1000))
    seen: set[str] = set()
    for place, each in enumerate(given):
        if each.get("type") != _ROW and not free:
            message = 'Value of field "type" must be one of (1,).'
            form.wrong(f"components.{place}.type", "UNION_TYPE_CHOICES", message)
    return [
        _component(form, f"components.{n}", each, numbers, seen) for n, each in enumerate(given)
    ]


def _component(form: Form, where: str, given: Json, numbers: Any, seen: set[str]) -> Json:
    """A component as the server keeps it: numbered, and with what is the rule where nothing is said."""
    shape = {name: value for name, value in given.items() if value is not None}
    shape["id"] = given.get("id") or next(numbers)
    kind = given.get("type")
    if "components" in given or kind == _ROW:
        inside = form.records(given, "components", _ALL_COMPONENTS, place=where)
        if kind == _ROW and not 1 <= len(inside) <= 5:
            message = "Must be between 1 and 5 in length."
            form.wrong(f"{where}.components", "BASE_TYPE_BAD_LENGTH", message)
        for place, each in enumerate(inside):
            if kind == _ROW and each.get("type") not in _IN_ROWS:
                message = f'Value of field "type" must be one of {tuple(sorted(_IN_ROWS))}.'
                form.wrong(f"{where}.components.{place}.type", "UNION_TYPE_CHOICES", message)
        shape["components"] = [
            _component(form, f"{where}.components.{n}", each, numbers, seen)
            for n, each in enumerate(inside)
        ]
    for name in ("accessory", "component"):
        if isinstance(given.get(name), dict):
            shape[name] = _component(form, f"{where}.{name}", given[name], numbers, seen)
    if kind == _BUTTON:
        _check_button(form, where, given)
        if given.get("style") not in {_LINK, _PREMIUM}:
            _custom_id(form, where, given, seen)
    if kind == _STRING_SELECT or kind in _SELECTS:
        _custom_id(form, where, given, seen)
        form.text(given, "placeholder", 150, place=where)
        if kind == _STRING_SELECT:
            _check_options(form, where, given)
        shape |= {
            "min_values": given.get("min_values", 1),
            "max_values": given.get("max_values", 1),
        }
    return shape


def check_fields(form: Form, data: Json) -> None:
    """What a form asks for: in rows of one text each, or below a label of its own."""
    seen: set[str] = set()
    for place, each in enumerate(data["components"]):
        where = f"components.{place}"
        inside = (
            form.records(each, "components", 1, place=where) if each.get("type") == _ROW else []
        )
        fields = [
            *inside,
            *([each["component"]] if isinstance(each.get("component"), dict) else []),
        ]
        for field in fields:
            _custom_id(form, where, field, seen)
            if field.get("type") == _TEXT and each.get("type") == _ROW:
                form.text(field, "label", 45, least=1, place=where)
            if field.get("type") == _TEXT:
                form.text(field, "placeholder", 100, place=where)
                form.text(field, "value", 4000, place=where)
            if field.get("type") == _STRING_SELECT:
                _check_options(form, where, field)
        if not fields and each.get("type") != _TEXT_DISPLAY:
            form.wrong(where, "BASE_TYPE_REQUIRED", "This field is required")


def _check_options(form: Form, where: str, given: Json) -> None:
    """What can be picked in a menu of words."""
    options = form.records(given, "options", 25, place=where)
    if not options:
        message = "Must be between 1 and 25 in length."
        form.wrong(f"{where}.options", "BASE_TYPE_BAD_LENGTH", message)
    values: set[str] = set()
    for number, option in enumerate(options):
        place = f"{where}.options.{number}"
        form.text(option, "label", 100, least=1, place=place)
        value = form.text(option, "value", 100, least=1, place=place)
        form.text(option, "description", 100, place=place)
        if value in values:
            message = "The specified option value is already used"
            form.wrong(f"{place}.value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message)
        values.add(value or "")


def _check_button(form: Form, where: str, given: Json) -> None:
    style = given.get("style")
    if style not in range(1, _PREMIUM + 1):
        message = "Value must be one of (1, 2, 3, 4, 5, 6)."
        form.wrong(f"{where}.style", "BASE_TYPE_CHOICES", message)
    form.text(given, "label", 80, place=where)
    if not given.get("label") and not given.get("emoji") and style != _PREMIUM:
        form.wrong(where, "BUTTON_COMPONENT_CONTENT_REQUIRED", "A label or emoji is required")
    if style != _LINK:
        return
    url = form.text(given, "url", 512, least=1, place=where)
    if url is not None and not url.startswith(("http://", "https://", "discord://")):
        message = f'Scheme "{url.partition(":")[0]}" is not supported. Scheme must be one of '
        message += "('discord', 'http', 'https')."
        form.wrong(f"{where}.url", "URL_TYPE_INVALID_SCHEME", message)


def _custom_id(form: Form, where: str, given: Json, seen: set[str]) -> None:
    name = form.text(given, "custom_id", 100, least=1, place=where)
    if name is None:
        return
    if name in seen:
        message = "Component custom id cannot be duplicated"
        form.wrong(f"{where}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", message)
    seen.add(name)


# -- whom it may call ------------------------------------------------------------------------------


def _allowed(form: Form, given: Any) -> Json:
    if not isinstance(given, dict):
        message = "Only dictionaries may be used in a DictType"
        form.wrong("allowed_mentions", "DICT_TYPE_CONVERT", message)
        return {}
    where = "allowed_mentions"
    parse, users, roles = (
        form.items(given, name, 100, place=where) for name in ("parse", "users", "roles")
    )
    for place, name in enumerate(parse):
        if name not in _NAMED:
            message = "Value must be one of ('everyone', 'roles', 'users')."
            form.wrong(f"{where}.parse.{place}", "BASE_TYPE_CHOICES", message)
    for name, listed in (("users", users), ("roles", roles)):
        if name in parse and listed:
            code = "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"
            message = f'parse:["{name}"] and {name}: [ids...] are mutually exclusive.'
            form.wrong(where, code, message)
    return {
        "parse": list(parse),
        "users": [str(each) for each in users],
        "roles": [str(each) for each in roles],
        "replied_user": bool(given.get("replied_user", False)),
    }


# -- files -----------------------------------------------------------------------------------------


def _attachments(ask: Ask, form: Form, room: int, body: Json, before: Json | None) -> list[Json]:
    """The files of a message: those it had and still names, and those that came with the request."""
    given = form.records(body, "attachments", _FILES)
    known = {each["id"]: each for each in (before or {}).get("attachments", ())}
    kept = [known[str(each.get("id"))] for each in given if str(each.get("id")) in known]
    if "attachments" not in body:
        kept = list(known.values())
    told = {str(each.get("id")): each for each in given if str(each.get("id")) not in known}
    for number in told:
        if number not in ask.files:
            place = list(told).index(number)
            message = "Attachment data cannot be found"
            form.wrong(f"attachments.{place}.id", "ATTACHMENT_NOT_FOUND", message)
    return kept + [_keep(ask, room, upload, told.get(n, {})) for n, upload in ask.files.items()]


def _keep(ask: Ask, room: int, upload: Upload, told: Json) -> Json:
    number = str(mint(ask.world))
    name = str(told.get("filename") or upload.name).replace("/", "_")
    ask.office.files[str(room), number, name] = (upload.kind, upload.data)
    ask.world.files[number] = (upload.kind, upload.data)
    url = f"{ask.office.roots()[1]}/attachments/{room}/{number}/{name}"
    shape: Json = {"id": number, "filename": name, "size": len(upload.data), "url": url}
    shape |= {"proxy_url": url, "content_type": upload.kind, "flags": 0}
    for field in ("description", "title", "waveform", "duration_secs"):
        if told.get(field) is not None:
            shape[field] = told[field]
    return shape


def is_forward(body: Json) -> bool:
    """Whether a new message passes on the one that it names."""
    given = body.get("message_reference")
    return isinstance(given, dict) and given.get("type") == 1


def reference_of(body: Json) -> tuple[int, int | None] | None:
    """Which message a new one answers, and in which channel if that was said."""
    given = body.get("message_reference")
    if not isinstance(given, dict) or given.get("message_id") is None:
        return None
    room = given.get("channel_id")
    number = snowflake("message_reference.message", given["message_id"])
    return number, None if room is None else snowflake("message_reference.channel", room)
