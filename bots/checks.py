"""What is wrong before anything starts: characters, settings, tokens, places; no login."""

from __future__ import annotations

import difflib
import fcntl
import ipaddress
import os
import re
import socket
import stat
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from bots.checked import Checked, Severity, by_weight
from bots.discord.invite import invite
from bots.links import PLATFORMS, is_called, plan_links, public, settings_of
from bots.telegram.address import problems, webhook_of
from bots.voices import lacking
from core.casting import Roster, load_characters, sources_of
from core.errors import BadInput, Finding
from core.flow.door import door_of
from core.flow.habits import habits_of
from core.knowledge.sources import wanted
from core.lore import notes_on
from core.models.prices import USUAL
from core.prompting.custom import templates_of
from core.prompting.templates import TemplateError
from core.prompting.templates import check as check_template
from core.settings import schema
from core.settings.key import Key
from core.settings.layers import Environment, Settings, prefixes, split_scoped
from core.speech.looking import faults

_DATABASES = ("sqlite", "sqlite+aiosqlite", "sqlite+pysqlite")
_SERVERS = ("postgresql", "postgres", "postgresql+psycopg")
_LEVELS = ("trace", "debug", "info", "warn", "warning", "error", "fatal")
_WANTS_A_VOICE = (
    "SPEECH_PROVIDER",
    "ELEVENLABS_API_KEY",
    "DISCORD_VOICE_CHANNEL_ID",
    "DISCORD_VOICE_FOLLOW",
)
"""Settings that somebody sets who wants to hear her."""


def check(
    paths: Sequence[str | Path], environment: Environment, folder: Path = Path("characters")
) -> list[Checked]:
    """Everything that can be known before a login; errors first, in the order of the reader's work.

    Nothing is asked over a network but characters that are named by their addresses.
    """
    roster = load_characters(sources_of(paths, environment, folder))
    shared = Settings(environment)
    checked = [
        *_worse("error", roster.findings),
        *_casting(roster),
        *_templates(roster),
        *_books(roster),
        *_knowledge(roster, shared),
        *_settings(roster, environment, shared),
        *_worse("error", plan_links(roster, environment).findings),
        *_faces(roster, environment),
        *_invites(roster, environment),
        *_webhooks(roster, environment),
        *_voices(roster, environment, lacking()),
        *_variables(roster, environment),
        *_prices(shared),
        *_places(shared),
        *_exposed(shared, environment),
    ]
    return by_weight(checked)


def _worse(severity: Severity, findings: Iterable[Finding]) -> Iterator[Checked]:
    for one in findings:
        yield Checked(one.where, one.what, one.mend, severity)


def _casting(roster: Roster) -> Iterator[Checked]:
    if roster.fallback:
        what = f"no character could be loaded, so the built-in {roster.loaded[0].name} would play"
        yield Checked("characters", what, severity="warning")
    for one in roster.loaded:
        for note in one.notes:
            yield Checked(one.place, note, severity="warning")


def _templates(roster: Roster) -> Iterator[Checked]:
    """Templates that cannot be read: the character plays, by the built-in prompt instead."""
    for one in roster.loaded:
        for name, template in templates_of(one.character).items():
            if not isinstance(template, str):
                continue
            own = name in one.character.templates
            where = f"{one.place}: {'' if own else 'settings.'}templates.{name}"
            try:
                check_template(template)
            except TemplateError as error:
                yield Checked(where, str(error).rstrip("."), "The built-in prompt is used")


def _books(roster: Roster) -> Iterator[Checked]:
    for one in roster.loaded:
        for note in notes_on(one.character):
            yield Checked(f"{one.place}: lorebook", note, severity="warning")


def _knowledge(roster: Roster, shared: Settings) -> Iterator[Checked]:
    """Documents that are not there or must not be read: the character plays without them."""
    library = shared.flag("LOAD_DOCS_ON_STARTUP")
    docs = Path(shared.text("KNOWLEDGE_PATH", "./docs")) if library else None
    data = Path(shared.text("TROUPE_DATA_DIR", "data"))
    yield from _worse("warning", wanted(roster.loaded, data, docs).findings)


def _settings(roster: Roster, environment: Environment, shared: Settings) -> Iterator[Checked]:
    """Values that are not what their key takes; one that all share is told once."""
    found = dict.fromkeys(shared.findings())
    for _, settings in settings_of(roster, environment):
        for key in schema.known():
            if key.scope != "process" and settings.where(key.name) != shared.where(key.name):
                found |= dict.fromkeys(settings.findings([key]))
        found |= dict.fromkeys(_unread(settings))
    yield from _worse("error", found)
    if shared.text("LOG_LEVEL").lower() not in _LEVELS:
        yield Checked(
            "LOG_LEVEL", "is no level, so info is used", "debug, info, warn or error", "warning"
        )


def _webhooks(roster: Roster, environment: Environment) -> Iterator[Checked]:
    """Addresses to which Telegram would not come; what all share is told once."""
    found: dict[Finding, None] = {}
    for _, settings in settings_of(roster, environment):
        webhook = webhook_of(
            settings.text("TELEGRAM_WEBHOOK_URL"), settings.text("TELEGRAM_WEBHOOK_CERTIFICATE")
        )
        if webhook is not None:
            found |= dict.fromkeys(problems(webhook, settings.text("TELEGRAM_API_ROOT")))
    yield from _worse("error", found)


def _voices(roster: Roster, environment: Environment, missing: Sequence[str]) -> Iterator[Checked]:
    """Numbers that no vendor takes, and voices where what speaks is not installed."""
    found: dict[Finding, None] = {}
    voiced: list[str] = []
    for one, settings in settings_of(roster, environment):
        found |= dict.fromkeys(faults(settings))
        if any(settings.get(name) for name in _WANTS_A_VOICE):
            voiced.append(one.name)
    yield from _worse("error", found)
    if voiced and missing:
        named = ", ".join(dict.fromkeys(voiced))
        what = f"nobody can be heard and nobody hears: {', '.join(missing)} are not installed"
        mend = 'make setup, or pip install "troupe[voice]"'
        yield Checked(f"Voices of {named}", what, mend, "warning")


def _faces(roster: Roster, environment: Environment) -> Iterator[Checked]:
    """What has no effect on those who speak through another one's bot; a wrong name is no link."""
    for one, settings in settings_of(roster, environment):
        named = settings.text("DISCORD_FACE_OF").strip()
        if not named or is_called(one, named):
            continue
        if settings.secret("DISCORD_API_TOKEN") is not None:
            where = f"DISCORD_FACE_OF of {one.name}, in {settings.where('DISCORD_FACE_OF')}"
            what = f"has no effect, as {one.name} has a bot of its own"
            yield Checked(where, what, severity="warning")
        elif (avatar := settings.text("avatar")) and not public(avatar):
            what = "is no address that Discord can fetch, so it is not shown there"
            mend = "An https address that anybody can open"
            yield Checked(f"avatar of {one.name}", what, mend, "warning")


def _invites(roster: Roster, environment: Environment) -> Iterator[Checked]:
    """By what a bot of Discord's is brought into a server, where it does nothing by itself."""
    links = plan_links(roster, environment).links
    hosts = {link.host.account for link in links if link.host is not None}
    for link in links:
        if link.platform != "discord" or link.host is not None:
            continue
        bot = link.account.partition(":")[2]
        application = link.settings.text("DISCORD_APPLICATION_ID") or bot
        what = f"is brought into a server by {invite(application, faces=link.account in hosts)}"
        yield Checked(f"{link.character.name} on Discord", what, severity="note")


def _unread(settings: Settings) -> Iterator[Finding]:
    """Of lists, what stands in them: times of day, events, who may talk."""
    try:
        habits_of(settings)
        for platform in PLATFORMS:
            yield from door_of(settings, platform).findings
    except BadInput as bad:
        yield from bad.findings


def _variables(roster: Roster, environment: Environment) -> Iterator[Checked]:
    """Names in .env, and names in the environment that can only be meant for us."""
    ours = {prefix: one.name for one in roster.loaded for prefix in _all_prefixes(one.name, one.id)}
    place = str(environment.dotenv_path or ".env")
    for variable in environment.dotenv:
        yield from _variable(variable, place, ours)
    for variable in environment.process:
        if variable.startswith(("CHARACTER.", "CHARACTER__", "TROUPE_")):
            yield from _variable(variable, "the environment", ours)


def _variable(variable: str, place: str, ours: dict[str, str]) -> Iterator[Checked]:
    where = f"{place}: {variable}"
    prefix = next((prefix for prefix in ours if variable.startswith(prefix)), None)
    if prefix is None and (scoped := split_scoped(variable)) is not None:
        mend = f"There is {', '.join(dict.fromkeys(ours.values()))}"
        near = difflib.get_close_matches(variable[: -len(scoped[1])], ours, n=1)
        mend = f"Did you mean {near[0]}{scoped[1]}?" if near else mend
        yield Checked(where, f"no character here is called {scoped[0]}", mend, "warning")
        return
    name = variable.removeprefix(prefix or "")
    key = schema.find(name)
    if key is None:
        near = difflib.get_close_matches(
            name.upper(),
            [spelling for one in schema.known() for spelling in _variables_of(one)],
            n=1,
            cutoff=0.75,
        )
        # A plugin may read what we do not know from a character's own variables.
        if near or prefix is None:
            what = "is not a setting that we know"
            mend = f"Did you mean {prefix or ''}{near[0]}?" if near else ""
            yield Checked(where, what, mend, "warning")
    elif prefix is not None and key.scope == "process":
        what = "belongs to the whole process, not to one character"
        yield Checked(where, what, f"Write {key.name}=...")


def _variables_of(key: Key) -> tuple[str, ...]:
    return (key.name, *key.aliases)


def _all_prefixes(name: str, character_id: str) -> tuple[str, ...]:
    return (*prefixes(name), *prefixes(character_id))


def _prices(shared: Settings) -> Iterator[Checked]:
    """Which prices are in force, where they are not the built-in ones."""
    file = shared.text("MODEL_PRICES")
    if not file:
        return
    try:
        prices = USUAL.overlaid(Path(file))
    except BadInput as bad:
        yield from _worse("error", bad.findings)
        return
    own = sum(
        price != USUAL.table.get(provider, {}).get(model)
        for provider, models in prices.table.items()
        for model, price in models.items()
    )
    what = f"sets the prices of {own} models; the others are those of {USUAL.as_of}"
    yield Checked(f"MODEL_PRICES, {file}", what, severity="note")


# --- places ------------------------------------------------------------------------------------


def _places(shared: Settings) -> Iterator[Checked]:
    folder = Path(shared.text("TROUPE_DATA_DIR"))
    url = shared.text("DATABASE_URL")
    yield from _database(url)
    there = next((one for one in (folder, *folder.absolute().parents) if one.exists()), folder)
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        mend = "Let TROUPE_DATA_DIR name a directory that we may write to"
        yield Checked(str(folder), "nothing can be written there", mend)
    held = _is_held(folder / "troupe.lock")
    if held:
        what = "another troupe uses this directory"
        yield Checked(str(folder), what, "Stop it, or set TROUPE_DATA_DIR", "warning")
    # A troupe that runs already has the port as well; that is no fault of the settings.
    yield from _port(shared, "warning" if held else "error")


def _database(url: str) -> Iterator[Checked]:
    kind = url.partition(":")[0]
    if kind in _SERVERS and find_spec("psycopg") is None:
        what = "PostgreSQL needs the driver psycopg, which is not installed"
        yield Checked("DATABASE_URL", what, 'Install it with pip install "troupe[postgres]"')
    elif kind and kind not in (*_DATABASES, *_SERVERS):
        mend = "Leave it out, or write sqlite:///path/to/troupe.db or postgresql://..."
        yield Checked("DATABASE_URL", "data is kept in SQLite or PostgreSQL only", mend)


def _is_held(lock: Path) -> bool:
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _port(shared: Settings, taken: Severity) -> Iterator[Checked]:
    value = shared.get("SERVER_PORT")
    if not re.fullmatch(r"\d{1,5}", str(value)) or int(value) > 65_535:
        yield Checked("SERVER_PORT", "is not a port", "A number from 0 to 65535")
        return
    host = shared.text("SERVER_HOST")
    numeric = "127.0.0.1" if host == "localhost" else host
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            numeric, int(value), type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )[0]
    except OSError:
        yield Checked("SERVER_HOST", "is not an address", "Write 127.0.0.1, or 0.0.0.0 for all")
        return
    try:
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        what = f"port {value} cannot be had on {host} ({error.strerror})"
        yield Checked("SERVER_PORT", what, "Choose another, or 0 for a free one", taken)


def _exposed(shared: Settings, environment: Environment) -> Iterator[Checked]:
    """What a stranger could see or reach (DE-06)."""
    file = environment.dotenv_path
    if file is not None and file.exists() and file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        what = "others on this machine can read it, and it may hold tokens"
        yield Checked(str(file), what, f"chmod 600 {file}", "warning")
    host = shared.text("SERVER_HOST")
    if not _is_loopback(host):
        what = f"{host} can be reached from other machines, and the server asks for no password"
        yield Checked("SERVER_HOST", what, "127.0.0.1 unless a proxy guards it", "warning")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
