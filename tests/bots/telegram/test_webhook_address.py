"""Where Telegram is to come: paths and secrets that nobody guesses, addresses that it can reach."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bots.telegram.address import Webhook, path_of, problems, secret_of, webhook_of
from core.secrets import Secret

TOKEN = Secret("123456:AAHexampleexampleexampleexample12345")
OTHER = Secret("123456:AAHexampleexampleexampleexample12346")
PUBLIC = "https://bots.example.org"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def test_a_path_and_a_secret_are_the_tokens_own_and_do_not_show_it() -> None:
    assert path_of(TOKEN) == path_of(Secret(TOKEN.reveal()))
    four = {one.reveal() for t in (TOKEN, OTHER) for one in (path_of(t), secret_of(t))}
    assert len(four) == 4
    for one in four:
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", one)
        assert not any(TOKEN.reveal()[at : at + 6] in one for at in range(30))


@pytest.mark.parametrize("url", ["", "  ", "polling", "Polling"])
def test_no_address_means_polling(url: str) -> None:
    assert webhook_of(url) is None


@pytest.mark.parametrize(
    "root", [PUBLIC, f"{PUBLIC}/", f"{PUBLIC}/telegram", f"{PUBLIC}/telegram/"]
)
def test_every_bot_has_its_path_below_the_address(root: str) -> None:
    webhook = webhook_of(root)
    assert webhook is not None
    assert webhook.address(TOKEN).reveal() == f"{PUBLIC}/telegram/{path_of(TOKEN).reveal()}"
    assert path_of(TOKEN).reveal() not in repr(webhook.address(TOKEN))


@pytest.mark.parametrize(("asked", "given"), [(0, 1), (40, 40), (1000, 100), (2.5, 2)])
def test_connections_are_as_many_as_telegram_takes(asked: float, given: int) -> None:
    webhook = webhook_of(PUBLIC, connections=asked)
    assert webhook is not None
    assert webhook.connections == given


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://bots.example.org", "https only"),
        ("https://bots.example.org:3000", "port 3000"),
        ("https://localhost", "from outside"),
        ("https://127.0.0.1", "from outside"),
        ("https://192.168.1.7:8443", "from outside"),
        ("https://[::1]", "from outside"),
        ("https://server", "from outside"),
        ("https://server.local", "from outside"),
        ("bots.example.org", "not an address"),
        ("https://", "not an address"),
        ("https://bots.example.org:port", "not an address"),
        ("ftp://bots.example.org", "not an address"),
        ("https://bots.example.org/?a=b", "more than a host"),
        ("https://me:secret@bots.example.org", "more than a host"),
    ],
)
def test_an_address_to_which_telegram_does_not_come_is_told_in_a_sentence(
    url: str, word: str
) -> None:
    (problem,) = problems(Webhook(url))
    assert word in problem.what
    assert problem.where == "TELEGRAM_WEBHOOK_URL"
    assert problem.mend
    assert "secret" not in str(problem)


@pytest.mark.parametrize(
    "url", [PUBLIC, f"{PUBLIC}:8443/bots", "https://8.8.8.8:88", "https://bots.example.org:443"]
)
def test_an_address_to_which_telegram_comes_is_no_problem(url: str) -> None:
    assert list(problems(Webhook(url))) == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:3000", "http://troupe:3000/in"])
def test_a_bot_api_server_of_ones_own_comes_anywhere(url: str) -> None:
    assert list(problems(Webhook(url), "http://127.0.0.1:8081")) == []
    assert list(problems(Webhook(url), "https://api.telegram.org/")) != []


def test_a_certificate_is_looked_at_before_it_is_sent_anywhere(tmp_path: Path) -> None:
    good, key, empty = tmp_path / "good.pem", tmp_path / "key.pem", tmp_path / "empty.pem"
    good.write_text(CERTIFICATE)
    key.write_text(CERTIFICATE + "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n")
    empty.write_text("")
    assert list(problems(Webhook(PUBLIC, str(good)))) == []
    for file, word in ((key, "private key"), (empty, "PEM"), (tmp_path / "no", "cannot be read")):
        (problem,) = problems(Webhook(PUBLIC, str(file)))
        assert problem.where == "TELEGRAM_WEBHOOK_CERTIFICATE"
        assert word in problem.what
