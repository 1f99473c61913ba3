"""The settings of a plugin: made known, and those without which it stays off."""

from __future__ import annotations

from core.errors import Finding
from core.plugins.records import Pluggable
from core.settings import schema
from core.settings.key import Key, Kind
from core.settings.layers import Settings


def make_known(plugin: Pluggable) -> list[Finding]:
    """Declare what it declares, and what it needs without declaring it.

    A name that somebody else has declared otherwise stays theirs, and is found here.
    """
    findings: list[Finding] = []
    for key in plugin.repertoire.settings:
        there = schema.find(key.name)
        if there is not None and _agrees(there, key):
            continue
        try:
            schema.declare(key)
        except ValueError as error:
            findings.append(
                Finding(
                    f"the plugin {plugin.name}",
                    f"its setting {error}",
                    "It is read as that; a name of its own would keep them apart",
                )
            )
    for name in plugin.needs:
        if schema.find(name) is None:
            kind: Kind = "secret" if schema.is_secret(name) else "text"
            help = f"What the plugin {plugin.name} needs."
            schema.declare(Key(name, kind, "", help, "character"))
    return findings


def missing(plugin: Pluggable, settings: Settings) -> tuple[str, ...]:
    """What it needs and nobody has set; blank is not set, and neither is `false` (CH-22)."""
    return tuple(name for name in plugin.needs if settings.get(name) in (None, False, ""))


def _agrees(there: Key, key: Key) -> bool:
    # Its words about it may differ, as of OPENAI_API_KEY, which many declare to be sure.
    same = (there.name, there.kind, there.scope) == (key.name, key.kind, key.scope)
    return same and key.default in ("", there.default)
