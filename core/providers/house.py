"""HOUSE_RULES: in which language and how a server wants to be spoken to; words of its admins."""

from __future__ import annotations

from core.prompting.words import quoted
from core.state import Provider, Scene, Section
from core.state.house import LONGEST_STYLE, rules_of


def _get(scene: Scene) -> Section | None:
    if scene.is_direct or scene.world is None:
        return None
    rules = rules_of(scene.world)
    told = []
    if rules.language:
        told.append(
            f"Here you answer in this language, whatever others write in: “{quoted(rules.language)}”."
        )
    if rules.style:
        style = quoted(rules.style, most=LONGEST_STYLE)
        told.append(f"Whoever looks after this place wishes that you speak like this: “{style}”.")
    if not told:
        return None
    return Section("HOUSE_RULES", " ".join(told), -8, {"houseRules": " ".join(told)})


house = Provider("HOUSE_RULES", -8, _get, builds=False)
