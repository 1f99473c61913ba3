"""Every setting Troupe knows: its name, what it takes, what it is without you, who may set it.

`python -m core.settings.schema env` prints `.env.example`; `... table` the table of the docs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from core.settings.values import camel

Kind = Literal["text", "secret", "number", "flag", "list", "url", "path"]
Scope = Literal["process", "character", "identity"]


@dataclass(frozen=True, slots=True)
class Key:
    name: str
    kind: Kind
    default: str
    """As one would write it in .env; empty: none."""
    help: str
    scope: Scope
    """process: one answer for all. character: each may have her own, others share one. identity:
    belongs to one character and is never shared."""
    aliases: tuple[str, ...] = ()

    @property
    def spellings(self) -> tuple[str, ...]:
        """The name first, then its aliases, then elizaOS' spelling in character files."""
        return (self.name, *self.aliases, camel(self.name))


KEYS: tuple[Key, ...] = (
    Key("TELEGRAM_BOT_TOKEN", "secret", "", "The bot's token, from @BotFather.", "identity"),
    Key(
        "DISCORD_API_TOKEN",
        "secret",
        "",
        "The bot's token, from the developer portal.",
        "identity",
        ("DISCORD_BOT_TOKEN", "DISCORD_TOKEN"),
    ),
    Key(
        "DISCORD_APPLICATION_ID",
        "text",
        "",
        "Where it is not the bot's own id, as with very old applications.",
        "identity",
    ),
    Key("OPENAI_API_KEY", "secret", "", "Without it a small offline model answers.", "character"),
    Key(
        "OPENAI_BASE_URL",
        "url",
        "https://api.openai.com/v1",
        "Any service that speaks OpenAI's protocol, a local one too.",
        "character",
    ),
    Key(
        "OPENAI_SMALL_MODEL",
        "list",
        "gpt-5-mini",
        "For quick decisions. Several, with commas: the next one stands in when one is away.",
        "character",
    ),
    Key("OPENAI_LARGE_MODEL", "list", "gpt-5", "For answers; several as above.", "character"),
    Key(
        "OPENAI_EMBEDDING_MODEL",
        "text",
        "text-embedding-3-small",
        "For finding memories by meaning.",
        "character",
    ),
    Key("MODEL_TIMEOUT", "number", "120", "Seconds for one whole model call.", "character"),
    Key(
        "MODEL_FIRST_TOKEN_TIMEOUT",
        "number",
        "30",
        "Seconds until a model must have begun to answer.",
        "character",
    ),
    Key("TEMPERATURE", "number", "", "0 to 2; the model's own when empty.", "character"),
    Key("MAX_TOKENS", "number", "", "Longest answer; the model's own when empty.", "character"),
    Key("CONVERSATION_LENGTH", "number", "32", "Messages of a room that she recalls.", "character"),
    Key(
        "RESPONSE_TIMEOUT",
        "number",
        "3600000",
        "Milliseconds for one whole turn.",
        "character",
    ),
    Key(
        "BASIC_CAPABILITIES_KEEP_RESP",
        "flag",
        "false",
        "Send an answer although its author has said more meanwhile.",
        "character",
    ),
    Key("DISABLE_MEMORY_CREATION", "flag", "false", "Remember nothing that is said.", "character"),
    Key(
        "ALLOW_MEMORY_SOURCE_IDS",
        "list",
        "",
        "Remember only what comes from these sources; everything when empty.",
        "character",
    ),
    Key(
        "SHOULD_RESPOND_BYPASS_TYPES",
        "list",
        "",
        "Channel types in which every message is answered, beside direct ones.",
        "character",
    ),
    Key(
        "SHOULD_RESPOND_BYPASS_SOURCES",
        "list",
        "",
        "Sources of which every message is answered.",
        "character",
    ),
    Key("TROUPE_ANSWER_BOTS", "flag", "false", "Answer bots that are not ours.", "character"),
    Key(
        "TROUPE_HOPS",
        "number",
        "3",
        "How often our characters answer one another before a person must speak.",
        "character",
    ),
    Key(
        "TROUPE_APOLOGY",
        "text",
        "Sorry, I lost my thread for a moment. Would you say that again?",
        "Said when no model could answer; false: say nothing.",
        "character",
    ),
    Key(
        "TROUPE_RESEND_UNCERTAIN",
        "flag",
        "true",
        "Send again what may or may not have arrived: better twice than never.",
        "character",
    ),
    Key(
        "TROUPE_STALE_GROUP",
        "number",
        "900",
        "Seconds after which a message in a group is remembered, not answered.",
        "character",
    ),
    Key(
        "TROUPE_STALE_DIRECT",
        "number",
        "86400",
        "Seconds after which a direct message is remembered, not answered.",
        "character",
    ),
    Key("SERVER_HOST", "text", "127.0.0.1", "Where the HTTP server listens.", "process"),
    Key(
        "SERVER_PORT",
        "number",
        "3000",
        "Its port; 0 takes a free one.",
        "process",
        ("PORT", "API_PORT"),
    ),
    Key("TROUPE_DATA_DIR", "path", "./data", "Database, logs and keys live here.", "process"),
    Key(
        "TROUPE_SECRET_KEY",
        "secret",
        "",
        "Encrypts stored secrets; without it a key is made in the data directory.",
        "process",
    ),
    Key(
        "DATABASE_URL",
        "url",
        "",
        "postgresql://user:password@host/database; SQLite in the data directory when empty.",
        "process",
        ("POSTGRES_URL",),
    ),
    Key(
        "TELEGRAM_API_ROOT",
        "url",
        "https://api.telegram.org",
        "Another Bot API server.",
        "process",
    ),
    Key("TELEGRAM_SENDS_PER_SECOND", "number", "30", "Of one bot; 0 switches it off.", "process"),
    Key(
        "TELEGRAM_CHAT_SENDS_PER_SECOND",
        "number",
        "1",
        "Into one chat; 0 switches it off.",
        "process",
    ),
    Key(
        "TELEGRAM_GROUP_SENDS_PER_MINUTE",
        "number",
        "20",
        "Into one group; 0 switches it off.",
        "process",
    ),
    Key(
        "DISCORD_API_ROOT",
        "url",
        "https://discord.com/api/v10",
        "Another server that speaks Discord's REST API.",
        "process",
    ),
    Key(
        "DISCORD_GATEWAY_URL",
        "url",
        "wss://gateway.discord.gg/",
        "Another gateway.",
        "process",
    ),
    Key(
        "DISCORD_CDN_ROOT",
        "url",
        "https://cdn.discordapp.com",
        "Where files of messages lie.",
        "process",
    ),
    Key("DISCORD_VOICE_SCHEME", "text", "wss", "ws for a voice server without TLS.", "process"),
    Key("DISCORD_SENDS_PER_SECOND", "number", "40", "Of one bot; 0 switches it off.", "process"),
    Key(
        "DISCORD_CHAT_SENDS_PER_SECOND",
        "number",
        "1",
        "Into one channel, five of them at once; 0 switches it off.",
        "process",
    ),
    Key("LOG_LEVEL", "text", "info", "debug, info, warn or error.", "process"),
    Key(
        "LOG_FILE",
        "path",
        "",
        "true: troupe.log in the data directory; or a path. "
        "Writes chat.log and prompts.log beside it, which hold people's words.",
        "process",
    ),
    Key("LOG_TIMESTAMPS", "flag", "true", "Time at the start of each line.", "process"),
    Key("STOP_PATIENCE", "number", "20", "Seconds that turns get to end at a stop.", "process"),
    Key("SEND_PATIENCE", "number", "5", "Seconds after that to send what is ready.", "process"),
    Key(
        "TROUPE_MAX_OPEN",
        "number",
        "20000",
        "Unanswered messages stored before platforms are asked for no more.",
        "process",
    ),
    Key("TROUPE_TURNS_AT_ONCE", "number", "256", "Turns that may run side by side.", "process"),
    Key(
        "TROUPE_WATCHDOG",
        "number",
        "5",
        "Seconds the event loop may be stuck before its stacks are logged.",
        "process",
    ),
)

_known: dict[str, Key] = {spelling: key for key in KEYS for spelling in key.spellings}
# Of keys nobody declared: better one masked too many than one shown.
_SECRET_NAME = re.compile(r"(^|_)(TOKEN|API_?KEY|SECRET|SECRET_?KEY|PASSWORD|PRIVATE_?KEY)$")


def declare(key: Key) -> None:
    """Make a plugin's setting known, so that it is looked up in the shared variables too."""
    for spelling in key.spellings:
        there = _known.get(spelling)
        if there is not None and there != key:
            raise ValueError(f"{spelling} is declared already, as {there.kind} of {there.scope}")
    _known.update(dict.fromkeys(key.spellings, key))


def find(name: str) -> Key | None:
    """The key of a name, an alias or elizaOS' spelling."""
    return _known.get(name)


def known() -> list[Key]:
    """Every declared key once, in the order of declaration."""
    return list(dict.fromkeys(_known.values()))


def is_secret(name: str) -> bool:
    """Whether a value of this name must never be shown."""
    key = find(name)
    if key is not None:
        return key.kind == "secret"
    upper = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").upper()
    return _SECRET_NAME.search(upper) is not None


# --- for people --------------------------------------------------------------------------------

_HEADINGS: dict[Scope, str] = {
    "identity": "Who the character is on a platform (each her own)",
    "character": "How a character thinks and behaves (shared, or each her own)",
    "process": "The process as a whole",
}


def env_example(keys: Iterable[Key] = KEYS) -> str:
    """The text of `.env.example`."""
    keys = list(keys)
    lines = [
        "# Copy to .env and keep it to yourself: chmod 600 .env",
        "# Nothing here is needed for a first look. A line that is empty or commented out takes",
        "# its default, which stands in it.",
        "#",
        "# One character's own value:   CHARACTER.ADA.TELEGRAM_BOT_TOKEN=...",
        "# The same for a shell:        export CHARACTER__ADA__TELEGRAM_BOT_TOKEN=...",
    ]
    for scope, heading in _HEADINGS.items():
        lines += ["", f"# --- {heading}", ""]
        for key in (key for key in keys if key.scope == scope):
            also = f" Also: {', '.join(key.aliases)}." if key.aliases else ""
            lines += [f"# {key.help}{also}", f"#{key.name}={_quoted(key.default)}"]
    return "\n".join(lines) + "\n"


def table(keys: Iterable[Key] = KEYS) -> str:
    """The tables of docs/configuration.md."""
    keys = list(keys)
    lines: list[str] = []
    for scope, heading in _HEADINGS.items():
        lines += [f"### {heading}", "", "| Name | Takes | Default | |", "| --- | --- | --- | --- |"]
        for key in (key for key in keys if key.scope == scope):
            names = "<br>".join(f"`{name}`" for name in (key.name, *key.aliases))
            default = f"`{key.default}`" if key.default else ""
            lines.append(f"| {names} | {key.kind} | {default} | {key.help} |")
        lines.append("")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return f'"{text}"' if " " in text else text


if __name__ == "__main__":
    sys.stdout.write(table() if sys.argv[1:] == ["table"] else env_example())
