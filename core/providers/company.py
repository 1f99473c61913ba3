"""COMPANY: other characters who are here; characters, not people."""

from __future__ import annotations

from core.prompting.words import named, quoted
from core.state import Colleague, Provider, Scene, Section

_MOST = 8


def _get(scene: Scene) -> Section | None:
    if not scene.colleagues:
        return None
    told = [_line(one) for one in scene.colleagues[:_MOST]]
    text = "\n".join(
        (
            "Other characters are here too; they are no people and speak for themselves. To give "
            f"one of them the word, add <next>{named(scene.colleagues[0].name)}</next> after "
            "</text>.",
            *told,
        )
    )
    return Section(
        "COMPANY",
        text,
        -4,
        {"colleagues": ", ".join(named(one.name) for one in scene.colleagues)},
    )


def _line(one: Colleague) -> str:
    handle = f" ({one.handle})" if one.handle else ""
    about = f": {quoted(one.about)}" if one.about else ""
    return f"- {named(one.name)}{handle}{about}"


company = Provider("COMPANY", -4, _get, builds=False)
