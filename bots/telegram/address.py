"""Where Telegram is to bring a bot's updates: what the settings say, and whether it can be."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from core.errors import Finding
from core.secrets import Secret

API_ROOT = "https://api.telegram.org"
FOLDER = "/telegram"

_PORTS = (443, 80, 88, 8443)
_URL = "TELEGRAM_WEBHOOK_URL"
_CERTIFICATE = "TELEGRAM_WEBHOOK_CERTIFICATE"
_LARGEST_CERTIFICATE = 100_000
_AT_HOME = (".local", ".localhost", ".internal", ".lan", ".home.arpa")


@dataclass(frozen=True, slots=True)
class Webhook:
    """`url` is the address by which the outside reaches our server; every bot has a path below."""

    url: str
    certificate: str = ""
    connections: int = 40

    def address(self, token: Secret) -> Secret:
        root = self.url.rstrip("/").removesuffix(FOLDER)
        return Secret(f"{root}{FOLDER}/{path_of(token).reveal()}")


def webhook_of(url: str, certificate: str = "", connections: float = 40) -> Webhook | None:
    """None where updates are polled."""
    url = url.strip()
    if not url or url.lower() == "polling":
        return None
    return Webhook(url, certificate, max(1, min(100, int(connections))))


def path_of(token: Secret) -> Secret:
    """The same at every start, unlike any other bot's, and nothing of the token."""
    return _derived(token, b"troupe webhook path")


def secret_of(token: Secret) -> Secret:
    """What Telegram says at each update, so that we know that it is Telegram."""
    return _derived(token, b"troupe webhook secret")


def _derived(token: Secret, purpose: bytes) -> Secret:
    digest = hmac.digest(token.reveal().encode(), purpose, hashlib.sha256)
    return Secret(urlsafe_b64encode(digest).decode().rstrip("="))


def problems(webhook: Webhook, api_root: str = API_ROOT) -> Iterator[Finding]:
    """Why Telegram will surely not come; a Bot API server of one's own comes anywhere."""
    try:
        place = urlsplit(webhook.url)
        port = place.port
    except ValueError:
        yield Finding(_URL, "is not an address", _example())
        return
    if place.scheme not in ("http", "https") or not place.hostname:
        yield Finding(_URL, "is not an address", _example())
        return
    if place.query or place.fragment or place.username or place.password:
        yield Finding(_URL, "holds more than a host and a path", _example())
    if api_root.rstrip("/") == API_ROOT:
        yield from _unreachable(place, port)
    yield from _no_certificate(webhook.certificate)


def _unreachable(place: SplitResult, port: int | None) -> Iterator[Finding]:
    if place.scheme != "https":
        yield Finding(_URL, "begins with http://, and Telegram comes by https only", _example())
    elif port is not None and port not in _PORTS:
        what = f"has the port {port}, and Telegram comes to 443, 80, 88 and 8443 only"
        yield Finding(_URL, what, "Let a proxy listen on one of them")
    host = place.hostname or ""
    if _is_at_home(host):
        what = f"{host} cannot be reached from outside"
        mend = "Name a public host, or leave it empty: polling needs none"
        yield Finding(_URL, what, mend)


def _is_at_home(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host.strip(".") or host.endswith(_AT_HOME)


def _no_certificate(path: str) -> Iterator[Finding]:
    if not path:
        return
    try:
        with Path(path).expanduser().open("rb") as file:
            found = file.read(_LARGEST_CERTIFICATE)
    except OSError as error:
        yield Finding(_CERTIFICATE, f"{path} cannot be read ({error.strerror})", "Mend its path")
        return
    if b"PRIVATE KEY-----" in found:
        what = f"{path} holds a private key, which nobody else may have"
        yield Finding(_CERTIFICATE, what, "Name a file with the certificate alone")
    elif b"-----BEGIN CERTIFICATE-----" not in found:
        what = f"{path} holds no certificate in PEM form"
        yield Finding(_CERTIFICATE, what, "It begins with -----BEGIN CERTIFICATE-----")


def _example() -> str:
    return "It looks like https://bots.example.org"
