"""PROVIDERS, EVALUATORS and CAPABILITIES: what else the character has to hand."""

from __future__ import annotations

from collections.abc import Iterable

from core.plugins.records import Repertoire
from core.providers.once import Once
from core.state import Provider, Scene, Section

_DESCRIPTION = 160


def _get_providers(scene: Scene) -> Section | None:
    return _providers_once(_providers, scene.repertoire) if scene.repertoire else None


def _providers(repertoire: Repertoire) -> Section | None:
    """The text names those of plugins; ours speak up by themselves where they have something."""
    dynamic = [one for one in repertoire.providers if one.dynamic and not one.private]
    if not dynamic:
        return None
    told = [(one.name, one.description) for one in dynamic if one.plugin]
    return Section(
        "PROVIDERS",
        "# Available Providers\n" + _listed(told) if told else "",
        0,
        {
            "providersWithDescriptions": _listed((one.name, one.description) for one in dynamic),
            "providerNames": ", ".join(one.name for one in dynamic),
        },
        {"dynamicProviders": [{"name": p.name, "description": p.description} for p in dynamic]},
    )


def _get_evaluators(scene: Scene) -> Section | None:
    return _evaluators_once(_evaluators, scene.repertoire) if scene.repertoire else None


def _evaluators(repertoire: Repertoire) -> Section | None:
    if not repertoire.evaluators:
        return None
    told = _listed((one.name, one.description) for one in repertoire.evaluators)
    names = ", ".join(f"'{one.name}'" for one in repertoire.evaluators)
    return Section(
        "EVALUATORS",
        f"# Available Evaluators\n{told}",
        0,
        {"evaluators": told, "evaluatorNames": names},
    )


def _get_capabilities(scene: Scene) -> Section | None:
    if not scene.capabilities:
        return None
    told = "\n".join(f"- {_short(one)}" for one in scene.capabilities)
    text = f"# What {scene.character.name} can also do\n{told}"
    return Section("CAPABILITIES", text, 0, {"capabilities": told})


def _listed(told: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- {name}: {_short(text)}" if text else f"- {name}" for name, text in told)


def _short(text: str) -> str:
    return " ".join(text.split())[:_DESCRIPTION]


_providers_once: Once[Section | None] = Once()
_evaluators_once: Once[Section | None] = Once()

sources = Provider("PROVIDERS", 0, _get_providers, builds=False)
evaluators = Provider("EVALUATORS", 0, _get_evaluators, private=True, builds=False)
capabilities = Provider("CAPABILITIES", 0, _get_capabilities, builds=False)
