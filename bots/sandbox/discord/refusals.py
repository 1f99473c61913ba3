"""How Discord says no: its status, its code, its own words, and what is wrong where in a form."""

from typing import Any

import orjson

_WORDS = {
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10011: (404, "Unknown Role"),
    10009: (404, "Unknown permission overwrite"),
    10013: (404, "Unknown User"),
    10014: (400, "Unknown Emoji"),
    10015: (404, "Unknown Webhook"),
    10026: (404, "Unknown Ban"),
    10060: (404, "Unknown sticker"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    10065: (404, "Unknown Voice State"),
    10087: (404, "Unknown tag"),
    30003: (400, "Maximum number of pins reached for the channel (50)"),
    30007: (400, "Maximum number of webhooks reached (15)"),
    30032: (400, "Maximum number of application commands reached (100)."),
    40066: (400, "There are no tags available that can be set by non-moderators"),
    40067: (400, "A tag is required to create a forum post in this channel"),
    40094: (
        400,
        "This interaction has reached the maximum number of follow up messages",
    ),
    40032: (400, "Target user is not connected to voice."),
    40060: (400, "Interaction has already been acknowledged."),
    50001: (403, "Missing Access"),
    50003: (403, "Cannot execute action on a DM channel"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50008: (400, "Cannot send messages in a non-text channel"),
    50013: (403, "Missing Permissions"),
    50016: (
        400,
        "Provided too few or too many messages to delete. Must provide at least 2 and fewer than 100 messages to delete.",
    ),
    50021: (403, "Cannot execute action on a system message"),
    50024: (400, "Cannot execute action on this channel type"),
    50027: (401, "Invalid Webhook Token"),
    50034: (400, "You can only bulk delete messages that are under 14 days old."),
    50081: (400, "Invalid sticker sent"),
    50083: (400, "Thread is archived"),
    50109: (400, "The request body contains invalid JSON."),
    50159: (400, "Voice messages do not support additional content"),
    50160: (400, "Voice messages must have a single audio attachment"),
    50161: (400, "Voice messages must have supporting metadata"),
    50162: (400, "Voice messages cannot be edited"),
    50173: (403, "Cannot send voice messages in this channel"),
    50278: (403, "Cannot send messages to this user due to having no mutual guilds"),
    160004: (400, "A thread has already been created for this message"),
    160005: (400, "Thread is locked"),
    520000: (400, "Failed to create poll"),
    520001: (400, "Poll expired"),
    520006: (400, "Cannot expire a non-poll message"),
    220001: (400, "Webhooks posted to forum channels must have a thread_name or thread_id"),
    220002: (
        400,
        "Webhooks posted to forum channels cannot have both a thread_name and thread_id",
    ),
    220003: (400, "Webhooks can only create threads in forum channels"),
}


class Refused(Exception):
    """The server says no; `code` 0 is Discord's for what is wrong with the request as such."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        errors: dict[str, Any] | None = None,
        *,
        after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors
        # After how many seconds it may be tried again.
        self.after = after

    def body(self) -> bytes:
        shape: dict[str, Any] = {"message": self.message, "code": self.code}
        if self.errors is not None:
            shape["errors"] = self.errors
        if self.after is not None:
            shape |= {"retry_after": self.after, "global": False}
        return orjson.dumps(shape)


def no(code: int) -> Refused:
    """A refusal by Discord's code for it."""
    status, words = _WORDS[code]
    return Refused(status, code, words)


def too_soon(seconds: float) -> Refused:
    """Slow mode: so many seconds are left until the next message."""
    words = "This action cannot be performed due to slowmode rate limit."
    return Refused(429, 20016, words, after=round(seconds + 0.001, 3))


class Form:
    """Gathers what is wrong with a body, each thing at its place, and refuses it all at once."""

    def __init__(self) -> None:
        self._errors: dict[str, Any] = {}

    def wrong(self, place: str, code: str, message: str) -> None:
        """Note an error; the place is a path with dots, empty for the whole body."""
        node = self._errors
        for name in place.split(".") if place else ():
            node = node.setdefault(name, {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def check(self) -> None:
        if self._errors:
            raise Refused(400, 50035, "Invalid Form Body", self._errors)

    def text(
        self, body: dict[str, Any], name: str, most: int, *, least: int = 0, place: str = ""
    ) -> str | None:
        """A text of the body, or None when it is missing, null or wrong."""
        value, where = body.get(name), f"{place}.{name}" if place else name
        if value is None:
            if least:
                self.wrong(where, "BASE_TYPE_REQUIRED", "This field is required")
            return None
        if not isinstance(value, str):
            self.wrong(where, "BASE_TYPE_BAD_STRING", "Could not interpret the value as string.")
            return None
        if len(value) > most:
            if least:
                message = f"Must be between {least} and {most} in length."
                self.wrong(where, "BASE_TYPE_BAD_LENGTH", message)
            else:
                message = f"Must be {most} or fewer in length."
                self.wrong(where, "BASE_TYPE_MAX_LENGTH", message)
            return None
        if len(value) < least:
            message = f"Must be between {least} and {most} in length."
            self.wrong(where, "BASE_TYPE_BAD_LENGTH", message)
            return None
        return value

    def number(self, body: dict[str, Any], name: str, default: int, least: int, most: int) -> int:
        """A number of the body or of the address, in its bounds."""
        value = body.get(name)
        if value is None:
            return default
        try:
            number = int(value)
        except (TypeError, ValueError):
            self.wrong(name, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
            return default
        if number > most:
            message = f"int value should be less than or equal to {most}."
            self.wrong(name, "NUMBER_TYPE_MAX", message)
        if number < least:
            message = f"int value should be greater than or equal to {least}."
            self.wrong(name, "NUMBER_TYPE_MIN", message)
        return number

    def items(self, body: dict[str, Any], name: str, most: int, *, place: str = "") -> list[Any]:
        """A list of the body; None counts as an empty one."""
        value, where = body.get(name), f"{place}.{name}" if place else name
        if value is None:
            return []
        if not isinstance(value, list):
            self.wrong(where, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return []
        if len(value) > most:
            message = f"Must be {most} or fewer in length."
            self.wrong(where, "BASE_TYPE_MAX_LENGTH", message)
            return []
        return value

    def records(
        self, body: dict[str, Any], name: str, most: int, *, place: str = ""
    ) -> list[dict[str, Any]]:
        """A list of objects of the body; None counts as an empty one."""
        value, where = self.items(body, name, most, place=place), f"{place}.{name}"
        for number, item in enumerate(value):
            if not isinstance(item, dict):
                message = "Only dictionaries may be used in a DictType"
                self.wrong(f"{where.strip('.')}.{number}", "DICT_TYPE_CONVERT", message)
        return [item for item in value if isinstance(item, dict)]
