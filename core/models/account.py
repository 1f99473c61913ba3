"""One account at a service that speaks OpenAI's protocol: its address, its headers, its quirks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from urllib.parse import urlsplit

from core.errors import ModelRejected
from core.models.presets import PRESETS, Preset
from core.secrets import Secret
from core.settings import schema


class Account:
    """`who` names it in errors and logs: the address without what may be secret in it."""

    def __init__(self, key: Secret | None, base_url: str, preset: Preset | None = None) -> None:
        self._key = key
        self._base_url = base_url.rstrip("/")
        self._refused: dict[str, set[str]] = {}
        self.preset = preset or PRESETS["openai"]
        self.who = _host(base_url) or "the model"

    def __repr__(self) -> str:
        return f"Account({self.who})"

    @cached_property
    def vendor(self) -> str:
        """Who is paid: the owner of the address, or "other" where nobody knows it."""
        return self.owner.name if self.owner else "other"

    @cached_property
    def owner(self) -> Preset | None:
        """Whose quirks are to be expected; OPENAI_BASE_URL may lead anywhere."""
        if self.preset.local:
            return self.preset
        for preset in PRESETS.values():
            key = schema.find(preset.address)
            if key is not None and not preset.local and _host(key.default) == self.who:
                return preset
        return None

    @property
    def limit(self) -> str:
        """How it prefers to hear of the longest answer."""
        return self.owner.limit if self.owner else "max_tokens"

    def url(self, path: str) -> str:
        return f"{self._base_url}/{path}"

    def refused(self, model: str) -> set[str]:
        """Parameters that this model was found not to take; add to it what is found out."""
        found = self._refused.get(model)
        if found is None:
            found = self._refused[model] = set(self.owner.refuses if self.owner else ())
        return found

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """Raises ModelRejected where the address speaks against the key."""
        if self._key is not None and "@" in urlsplit(self._base_url).netloc:
            raise ModelRejected(
                f"the address of {self.who} holds a user and a password, and there is a key as "
                "well; keep one of them"
            )
        # Compression would hold pieces back.
        headers = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "troupe"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key.reveal()}"
        return headers

    @cached_property
    def headers_of_json(self) -> Mapping[str, str]:
        return {**self.headers, "Content-Type": "application/json"}


def _host(address: str) -> str:
    return address.partition("://")[2].partition("/")[0].rpartition("@")[2]
