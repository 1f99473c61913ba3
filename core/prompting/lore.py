"""Where a lorebook's entries, an author's last words and an opening line stand in the prompt."""

from __future__ import annotations

from collections.abc import Sequence

from core.lore import Place, Told
from core.prompting.sheet import final_instructions
from core.prompting.talk import speaker
from core.prompting.words import harmless
from core.state import Line, Scene, Section, State

OPENING = "(The conversation begins.)"
"""Stands for a user where the character has spoken first: some servers insist on one."""
POSITION = 5
LONGEST_LORE = 24_000
_LONGEST_ENTRY = 8_000
_LONGEST_FINAL = 8_000


def told_in(state: State) -> tuple[Told, ...]:
    """What the lorebook tells now, beside what always stands in the stable part."""
    section = state.section("LOREBOOK")
    return section.data.get("entries", ()) if section is not None else ()


def with_lore(sections: Sequence[Section], told: Sequence[Told], name: str) -> list[Section]:
    """The sections, with what is told beside the messages among them, by position."""
    words = "\n".join(one.text for one in told if one.entry.place is not Place.DEPTH)
    if not words:
        return list(sections)
    text = f"What has to do with what is said, as far as {name} knows:\n{words}"
    lore = Section("LOREBOOK", text, POSITION)
    at = sum(one.position <= POSITION for one in sections)
    return [*sections[:at], lore, *sections[at:]]


def among_lines(told: Sequence[Told], lines: int, asked: int) -> dict[int, list[Told]]:
    """Entries at a depth, by the line that they stand before; `lines` means behind the last one.

    Depth counts messages from the newest, of which the newest `asked` are to be answered. Those
    that lie deeper than what is shown stand before the oldest.
    """
    found: dict[int, list[Told]] = {}
    for one in told:
        entry = one.entry
        if entry.place is not Place.DEPTH or at_the_end(one):
            continue
        at = entry.depth if entry.from_oldest else lines + asked - entry.depth
        found.setdefault(max(0, min(at, lines)), []).append(one)
    return found


def at_the_end(told: Told) -> bool:
    """Whether it stands behind the newest message."""
    entry = told.entry
    return entry.place is Place.DEPTH and not entry.depth and not entry.from_oldest


def as_message(told: Told, *, ours: bool = False) -> str:
    """In the words of its role; of a system in marks that nobody else can write."""
    words = harmless(told.text, most=_LONGEST_ENTRY)
    if ours or told.entry.role == "user":
        return words
    return f"<context>\n{words}\n</context>"


def opens(scene: Scene, shown: Sequence[Line]) -> bool:
    """Whether the first of the lines is a greeting with which the character began the talk."""
    if not scene.character.greetings or not shown or not shown[0].ours:
        return False
    return len(shown) == len(scene.history)


def final_lines(scene: Scene, told: Sequence[Told]) -> list[str]:
    if not scene.character.final_instructions or any(one.entry.hides_final for one in told):
        return []
    words = harmless(final_instructions(scene.character, speaker(scene)), most=_LONGEST_FINAL)
    return [words] if words else []
