"""Who may be asked for a character, in which order: plugins' handlers, vendors, the offline model."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import replace
from functools import partial
from itertools import chain as chain_of
from typing import Any

import aiohttp

from core.errors import BadInput, ModelRejected
from core.models import aloud, presets
from core.models.account import Account
from core.models.breaker import Gates
from core.models.chain import Link, Try
from core.models.handlers import Handled, Registered, Registry
from core.models.local import Folders, name_of
from core.models.media import SERVICES, asked_of, width
from core.models.offline import Offline
from core.models.openai import OpenAI
from core.models.params import given
from core.models.presets import Choice
from core.models.tries import Refusing, handled, patience_of, refusing, same, serve
from core.models.wire import Patience, Wire
from core.ports import ModelProvider, ModelRole, ModelType, Spent
from core.ports.speech import Lent, Plugged
from core.settings.layers import Settings

_DOWN: dict[ModelRole, tuple[ModelType, ...]] = {
    "TEXT_LARGE": (ModelType.TEXT_LARGE, ModelType.TEXT_MEDIUM, ModelType.TEXT_SMALL),
    "TEXT_MEDIUM": (ModelType.TEXT_MEDIUM, ModelType.TEXT_SMALL),
    "TEXT_SMALL": (ModelType.TEXT_SMALL,),
}
_MOST_ACCOUNTS = 1024
LOCAL = "local"
"""The provider of what is made on this machine."""
_OFFLINE = Link(Offline(), presets.OFFLINE)


class Lineup:
    """Accounts are kept by key and address, so that nobody's calls go over another's (RC-10)."""

    def __init__(
        self,
        registry: Registry,
        gates: Gates,
        session: Callable[[], aiohttp.ClientSession],
        override: ModelProvider | None = None,
    ) -> None:
        self._registry = registry
        self._gates = gates
        self._session = session
        self._override = override
        self._folders = Folders()
        self.voices: Lent | None = None
        """Who speaks and who writes down beside the services of OpenAI's protocol."""
        self._accounts: OrderedDict[tuple[str, str, str], Account] = OrderedDict()

    # --- what writes ---------------------------------------------------------------------------

    def links(
        self,
        settings: Settings,
        role: ModelRole,
        provider: str = "",
        params: Mapping[str, Any] | None = None,
    ) -> Iterator[Link]:
        """Those of the size first, then the smaller ones; raises ModelRejected for no one.

        Nobody is looked up before it is needed: mostly the first one answers.
        """
        try:
            yield from self._links(settings, role, provider, params)
        except BadInput as error:
            raise ModelRejected(str(error)) from None

    def _links(
        self,
        settings: Settings,
        role: ModelRole,
        provider: str,
        params: Mapping[str, Any] | None,
    ) -> Iterator[Link]:
        patience = settings.derived(patience_of)
        seen: set[tuple[str, str]] = set()
        for at, kind in enumerate(_DOWN[role]):
            handlers = self._handlers(settings, kind, provider)
            if kind is ModelType.TEXT_MEDIUM and at == 0 and not handlers:
                handlers = self._handlers(settings, ModelType.TEXT_LARGE, provider)
            found = self._written(settings, kind, patience, provider, asked=at == 0)
            if handlers:
                before, behind = (
                    [Link(Handled(one, patience, params), one.account) for one in some]
                    for some in _around(handlers)
                )
                found = chain_of(before, found, behind)
            for link in found:
                key = (link.account, link.provider.name)
                if key not in seen:
                    seen.add(key)
                    yield replace(link, smaller=True) if at else link
        if seen:
            return
        if provider and presets.plain_name(provider) != presets.OFFLINE:
            raise self._nobody(settings, role, provider)
        yield _OFFLINE

    def _written(
        self,
        settings: Settings,
        kind: ModelType,
        patience: Patience,
        provider: str,
        *,
        asked: bool,
    ) -> Iterator[Link]:
        if self._override is not None:
            if not provider or presets.plain_name(provider) in (*presets.PRESETS, presets.OFFLINE):
                yield Link(self._override, "override")
            return
        for choice in self._choices(settings, provider):
            if choice.fault:
                yield Link(Refusing(choice.preset.name, choice.fault), choice.preset.name)
                continue
            names = self._names(settings, choice, kind)
            if not names and asked and kind is ModelType.TEXT_MEDIUM:
                names = self._names(settings, choice, ModelType.TEXT_LARGE)
            identity, account = self._account(choice)
            for name in names:
                model = OpenAI(name, account, self._session(), patience)
                gate = self._gates.of(identity, name, model.name)
                yield Link(model, identity, gate, caller=settings.character_id)
        if (
            asked
            and not provider
            and presets.OFFLINE in map(presets.plain_name, settings.csv("MODEL_PROVIDER"))
        ):
            yield _OFFLINE

    # --- everything else -----------------------------------------------------------------------

    def tries(
        self,
        settings: Settings,
        kind: ModelType,
        params: Any,
        provider: str = "",
        spent: Spent | None = None,
    ) -> tuple[Try, ...]:
        """For what is not talk; raises ModelRejected where nobody does it."""
        patience = settings.derived(patience_of)
        before, behind = self.around(settings, kind, provider)
        found = [
            *(handled(one, patience, params, spent) for one in before),
            *self._made_here(settings, kind, params, provider, spent),
            *self._built_in(settings, kind, params, provider, patience, spent),
            *(handled(one, patience, params, spent) for one in behind),
        ]
        if not found:
            raise self._nobody(settings, kind, provider)
        # Vectors of two models cannot be compared: no other may stand in for the first.
        return tuple(found[:1] if kind is ModelType.TEXT_EMBEDDING else found)

    def _made_here(
        self, settings: Settings, kind: ModelType, params: Any, provider: str, spent: Spent | None
    ) -> Iterator[Try]:
        folder = settings.derived(_folder) if kind is ModelType.TEXT_EMBEDDING else ""
        if folder and (not provider or same(provider, LOCAL)):
            run = partial(self._folders.embed, folder, asked_of(params), spent)
            yield Try(name_of(folder), LOCAL, run)

    def _built_in(
        self,
        settings: Settings,
        kind: ModelType,
        params: Any,
        provider: str,
        patience: Patience,
        spent: Spent | None,
    ) -> Iterator[Try]:
        served = partial(self._served, settings, kind, params, patience=patience, spent=spent)
        if kind is ModelType.TEXT_TO_SPEECH and self.voices is not None:
            yield from aloud.spoken(self.voices, settings, params, provider, spent)
        elif kind is ModelType.TRANSCRIPTION:
            named = (provider,) if provider else settings.csv("TRANSCRIPTION_PROVIDER")
            ears = list(self._ears(settings, params, spent))
            others = self._registry.providers(settings.character_id)
            others = (provider,) if provider else others  # forced: who it is not says so itself
            alone = not self._handlers(settings, kind, provider)
            yield from aloud.written_down(ears, named, others, served, alone=alone)
        else:
            yield from served(provider)

    def _ears(self, settings: Settings, params: Any, spent: Spent | None) -> Iterator[Try]:
        for account, ear in self.voices.ears(settings) if self.voices is not None else ():
            run = partial(aloud.heard, ear, params, spent)
            gate = self._gates.of(account, ear.name, ear.name)
            yield Try(ear.name, account, run, gate, settings.character_id)

    def _served(
        self,
        settings: Settings,
        kind: ModelType,
        params: Any,
        provider: str,
        patience: Patience,
        spent: Spent | None,
    ) -> Iterator[Try]:
        service = SERVICES.get(kind)
        if service is None or self._override is not None:
            return
        named = given(params, "model") if isinstance(params, Mapping) else None
        for choice in self._choices(settings, provider):
            name = choice.preset.name
            if choice.fault:
                if not choice.preset.prefix or choice.preset.setting(kind):
                    yield refusing(name, choice.fault)
                continue
            identity, account = self._account(choice)
            names = self._names(settings, choice, kind)
            for model in (named,) if names and isinstance(named, str) and named else names:
                wire = Wire(account, self._session())
                run = partial(serve, service, wire, model, params, patience, spent)
                title = f"{name}:{model}"
                gate = self._gates.of(identity, model, title)
                yield Try(title, identity, run, gate, settings.character_id)

    def around(
        self, settings: Settings, kind: ModelType, provider: str
    ) -> tuple[tuple[Registered, ...], tuple[Registered, ...]]:
        """Plugins' handlers of a type: those before what is built in, and those behind it."""
        return _around(self._handlers(settings, kind, provider))

    def serves(self, settings: Settings, kind: ModelType) -> bool:
        """Whether anybody is there for a type, as things are set up now."""
        if self._handlers(settings, kind, ""):
            return True
        if kind is ModelType.TEXT_EMBEDDING and settings.derived(_folder):
            return True
        if kind is ModelType.TEXT_TO_SPEECH:
            return self.voices is not None and bool(self.voices.speaks(settings))
        if kind is ModelType.TRANSCRIPTION and (
            settings.csv("TRANSCRIPTION_PROVIDER") or next(self._ears(settings, None, None), None)
        ):
            return bool(self.first(settings, kind))
        others = self._registry.providers(settings.character_id)
        return self._override is None and settings.derived(_is_served, kind, others)

    def first(self, settings: Settings, kind: ModelType) -> str:
        """Who would be asked first for what is not talk; empty where it is nobody."""
        try:
            tries = self.tries(settings, kind, None)
        except (ModelRejected, BadInput):
            return ""
        return next((one.name for one in tries if not one.faulty), "")

    def plugged(self, settings: Settings) -> tuple[tuple[Plugged, ...], tuple[Plugged, ...]]:
        """Plugins' voices: those before what is built in, and those behind it."""
        patience = settings.derived(patience_of)
        before, behind = self.around(settings, ModelType.TEXT_TO_SPEECH, "")
        return aloud.plugged(before, patience), aloud.plugged(behind, patience)

    def embeds(self, settings: Settings) -> str:
        """Who makes vectors, as `tries` would have it; empty where it is nobody."""
        before, behind = self.around(settings, ModelType.TEXT_EMBEDDING, "")
        if before:
            return f"{before[0].provider}:plugin"
        if folder := settings.derived(_folder):
            return name_of(folder)
        for choice in () if self._override is not None else self._choices(settings, ""):
            names = self._names(settings, choice, ModelType.TEXT_EMBEDDING)
            if choice.fault and (names or not choice.preset.prefix):
                return ""
            if names and not choice.fault:
                size = settings.derived(_dimensions, names[0])
                return f"{choice.preset.name}:{names[0]}{size}"
        return f"{behind[0].provider}:plugin" if behind else ""

    def close(self) -> None:
        self._folders.close()

    # --- who there is --------------------------------------------------------------------------

    def warm(self, settings: Settings) -> None:
        """Make what the first call would have to wait for; raises ModelRejected."""
        for choice in () if self._override is not None else self._choices(settings, ""):
            if choice.fault:
                raise ModelRejected(choice.fault)
            _ = self._account(choice)[1].headers
            self._session()

    def _choices(self, settings: Settings, provider: str) -> Iterable[Choice]:
        if not provider:
            others = self._registry.providers(settings.character_id)
            return settings.derived(presets.choices, others)
        choice = presets.forced(settings, provider)
        if choice is None:
            return ()
        if choice.fault and self._is_plugins(settings, provider):
            return ()
        return (choice,)

    def _is_plugins(self, settings: Settings, provider: str) -> bool:
        names = self._registry.providers(settings.character_id)
        return any(same(name, provider) for name in names)

    def _handlers(
        self, settings: Settings, kind: ModelType, provider: str
    ) -> tuple[Registered, ...]:
        found = self._registry.of(settings.character_id, kind)
        if not provider:
            return found
        return tuple(one for one in found if same(one.provider, provider))

    def _nobody(self, settings: Settings, kind: str, provider: str) -> ModelRejected:
        if not provider:
            return ModelRejected(
                f"there is no model for {kind}: no plugin brings one, and no service that is set "
                "up has any"
            )
        if self._is_plugins(settings, provider) or presets.plain_name(provider) in presets.PRESETS:
            return ModelRejected(f"{provider[:40]} has no model for {kind}")
        ready = [one.preset.name for one in presets.choices(settings) if not one.fault]
        there = (*self._registry.providers(settings.character_id), *ready, presets.OFFLINE)
        return ModelRejected(f"there is no provider {provider[:40]}; there are: {', '.join(there)}")

    def _names(self, settings: Settings, choice: Choice, kind: ModelType) -> tuple[str, ...]:
        setting = choice.preset.setting(kind)
        return settings.derived(Settings.csv, setting) if setting else ()

    def _account(self, choice: Choice) -> tuple[str, Account]:
        key = choice.key
        identity = (choice.preset.name, key.fingerprint if key else "", choice.base_url)
        account = self._accounts.get(identity)
        if account is None:
            account = self._accounts[identity] = Account(key, choice.base_url, choice.preset)
            if len(self._accounts) > _MOST_ACCOUNTS:
                self._accounts.popitem(last=False)
        self._accounts.move_to_end(identity)
        return "|".join(identity), account


def _is_served(settings: Settings, kind: ModelType, others: Collection[str]) -> bool:
    """Whether a service that is set up has something for a type that is not text."""
    if kind not in SERVICES:
        return False
    for choice in presets.choices(settings, others):
        setting = choice.preset.setting(kind)
        if choice.fault:
            if setting or not choice.preset.prefix:
                return True
        elif setting and settings.csv(setting):
            return True
    return False


def _folder(settings: Settings) -> str:
    """Where a model of the house's own lies; nobody who talks to it may point at its disk."""
    name = "LOCAL_EMBEDDING_MODEL"
    return "" if presets.is_theirs(settings, name) else settings.text(name)


def _dimensions(settings: Settings, model: str) -> str:
    """How many numbers are asked for, as the end of a name; only some models can be asked."""
    if not model.rpartition("/")[2].startswith("text-embedding-3-"):
        return ""
    wanted = int(settings.number("OPENAI_EMBEDDING_DIMENSIONS", 0))
    return f"/{wanted}" if 0 < wanted < width(model.rpartition("/")[2]) else ""


def _around(
    handlers: Sequence[Registered],
) -> tuple[tuple[Registered, ...], tuple[Registered, ...]]:
    """Before and behind what is built in, which has priority 0 and was there first."""
    before = tuple(one for one in handlers if one.priority > 0)
    return before, tuple(handlers[len(before) :])
