"""What the stage leaves out: every configured token and key, so that trying out costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from core.casting import LoadedCharacter, Roster
from core.settings import schema
from core.settings.layers import Environment, split_scoped

T = TypeVar("T")

_OF_MODELS = "OPENAI_"


def environment_without_keys(environment: Environment, *, with_model: bool) -> Environment:
    """The environment as a stage sees it; `with_model` lets the model's own settings stand."""
    return Environment(
        _kept(environment.process, with_model=with_model),
        _kept(environment.dotenv, with_model=with_model),
        environment.dotenv_path,
    )


def without_keys(roster: Roster, *, with_model: bool) -> Roster:
    """The characters without the secrets of their files."""

    def bare(one: LoadedCharacter) -> LoadedCharacter:
        return replace(
            one,
            secrets=_kept(one.secrets, with_model=with_model),
            settings=_kept(one.settings, with_model=with_model),
        )

    return replace(roster, loaded=tuple(map(bare, roster.loaded)))


def _kept(variables: Mapping[str, T], *, with_model: bool) -> dict[str, T]:
    return {name: value for name, value in variables.items() if _stays(name, with_model=with_model)}


def _stays(variable: str, *, with_model: bool) -> bool:
    scoped = split_scoped(variable)
    key = schema.find(scoped[1] if scoped else variable)
    if key is None:
        return True
    if key.name.startswith(_OF_MODELS):
        return with_model
    return key.scope != "identity" and (key.kind != "secret" or key.scope == "process")
