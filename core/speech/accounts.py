"""Whose key goes to which address: a vendor of voices as a character, or a person, has set it up."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from core.errors import ModelRejected
from core.secrets import Secret
from core.settings import schema
from core.settings.layers import Settings

# How Settings.where tells a layer.
_THEIRS = "the settings of "
_IN_A_FILE = "the character's "
_EVERYBODYS = frozenset({"the environment", ".env"})


@dataclass(frozen=True, slots=True)
class Account:
    vendor: str
    base_url: str = field(repr=False)
    key: Secret = field(repr=False)

    @property
    def identity(self) -> str:
        """Tells two accounts apart, and shows neither."""
        return "|".join((self.vendor, self.key.fingerprint, self.base_url))

    @property
    def where(self) -> str:
        """The address without what may be secret in it."""
        return _host(self.base_url) or self.vendor

    def revealed(self) -> str:
        """The key, for the line that hands it over; ModelRejected where the address holds another."""
        if "@" in urlsplit(self.base_url).netloc:
            raise ModelRejected(
                f"the address of {self.where} holds a user and a password, and there is a key as "
                "well; keep one of them"
            )
        return self.key.reveal()


def account_of(settings: Settings, vendor: str, key: str, address: str) -> Account | None:
    """None where there is no key, or none for that address."""
    known = schema.find(address)
    base_url = (settings.text(address) or (known.default if known else "")).strip().rstrip("/")
    secret = settings.secret(key)
    if secret is None:
        return None
    whose_address, whose_key = settings.where(address), settings.where(key)
    brought = whose_address.startswith(_THEIRS) and whose_key != whose_address
    if brought or (whose_address.startswith(_IN_A_FILE) and whose_key in _EVERYBODYS):
        return None  # the house's key is not for an address that somebody brought along
    return Account(vendor, base_url, secret)


def _host(address: str) -> str:
    return address.partition("://")[2].partition("/")[0].rpartition("@")[2]
