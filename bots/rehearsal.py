"""What the stage leaves out: every configured token and key, so that trying out costs nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Protocol, TypeVar

from bots.links import PLATFORMS, Stage
from core.casting import LoadedCharacter, Roster
from core.settings import schema
from core.settings.layers import Environment, split_scoped
from core.settings.vendors import is_of_models

T = TypeVar("T")


class Discord(Stage, Protocol):
    """The local Discord."""

    @property
    def api_root(self) -> str: ...
    @property
    def gateway_url(self) -> str: ...
    @property
    def cdn_root(self) -> str: ...


class Both(Stage, Protocol):
    """The local stage; it is its own Telegram."""

    @property
    def root(self) -> str: ...
    @property
    def discord(self) -> Discord: ...


def platforms_of(stage: Both, names: Collection[str] = PLATFORMS) -> dict[str, Stage]:
    """The platforms of a stage by their names, as a plan takes them."""
    there: dict[str, Stage] = {"telegram": stage, "discord": stage.discord}
    return {name: one for name, one in there.items() if name in names}


def pointed_at(stage: Both, environment: Environment) -> Environment:
    """The same variables, with every platform's address on this machine."""
    return environment.overlaid(
        TELEGRAM_API_ROOT=stage.root,
        DISCORD_API_ROOT=stage.discord.api_root,
        DISCORD_GATEWAY_URL=stage.discord.gateway_url,
        DISCORD_CDN_ROOT=stage.discord.cdn_root,
        DISCORD_VOICE_SCHEME="ws",
    )


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
    if is_of_models(key.name):
        return with_model
    return key.scope != "identity" and (key.kind != "secret" or key.scope == "process")
