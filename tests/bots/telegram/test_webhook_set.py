"""The link with a webhook: set, looked after, left in place, and handed back to polling."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bots.http.server import serve
from bots.sandbox import Bot, Stage
from bots.telegram.address import Webhook, secret_of, webhook_of
from bots.telegram.client import WANTED, TelegramLink
from bots.telegram.envelope import envelope, loads
from bots.telegram.webhook import Hooks
from core.clock import SystemClock
from core.errors import LinkLost, LinkRejected
from core.messages import Kind
from core.secrets import Secret
from tests.bots.telegram.conftest import Listening
from tests.bots.telegram.test_webhook_address import CERTIFICATE
from tests.flows.talk import until

MakeLink = Callable[..., TelegramLink]


@asynccontextmanager
async def house() -> AsyncIterator[tuple[Webhook, Hooks]]:
    """Our server, and the webhook settings that lead to it."""
    hooks = Hooks(SystemClock())
    async with serve(
        "127.0.0.1", 0, ready=lambda: {"status": "ok"}, metrics=lambda: b"", hooks=hooks.routes
    ) as port:
        webhook = webhook_of(f"http://127.0.0.1:{port}")
        assert webhook is not None
        yield webhook, hooks


@pytest.fixture
async def hooked(make_link: MakeLink) -> AsyncIterator[Callable[..., TelegramLink]]:
    async with house() as (webhook, hooks):

        def made(**choices: Any) -> TelegramLink:
            return make_link(**({"webhook": webhook, "hooks": hooks} | choices))

        yield made


async def test_updates_come_by_the_webhook_with_our_secret_and_everything_wanted(
    stage: Stage, ada: Bot, hooked: MakeLink, listening: Listening
) -> None:
    bob = stage.person("Bob")
    dm = stage.dm(bob, ada)
    bob.says(dm, "before it was set")
    async with hooked() as link, listening(link) as notebook:
        await notebook.until(1)
        said = bob.says(dm, "and after")
        bob.edits(said, "and after!")
        received = await notebook.until(3)
        await until(lambda: not stage.pending(ada))
    assert [one.kind for one in received] == [Kind.MESSAGE, Kind.MESSAGE, Kind.EDIT]
    assert received[1].event_key == f"m:{dm.id}:{said.id}"
    (asked,) = stage.journal.of("setWebhook")
    assert asked.params["secret_token"] == secret_of(Secret(ada.token)).reveal()
    assert asked.params["allowed_updates"] == list(WANTED)
    assert asked.params.get("drop_pending_updates") in (None, False)
    assert asked.params["max_connections"] == 40
    assert not stage.journal.of("getUpdates")


async def test_a_press_that_a_webhook_brought_is_answered_once_it_is_kept(
    stage: Stage, ada: Bot, hooked: MakeLink, listening: Listening
) -> None:
    bob = stage.person("Bob")
    stage.dm(bob, ada)
    async with hooked() as link, listening(link) as notebook:
        await until(lambda: stage.desk(ada).webhook is not None)
        ada.inject({"callback_query": {"id": "77", "from": {"id": bob.id}, "data": "x"}})
        await notebook.until(1)
        await until(lambda: bool(stage.journal.of("answerCallbackQuery")))


async def test_the_webhook_stays_when_we_leave_and_goes_when_we_poll(
    stage: Stage, ada: Bot, hooked: MakeLink, make_link: MakeLink, listening: Listening
) -> None:
    bob = stage.person("Bob")
    dm = stage.dm(bob, ada)
    async with hooked() as link:
        async with listening(link) as notebook:
            bob.says(dm, "one")
            await notebook.until(1)
        bob.says(dm, "two, while nobody listens")
        assert stage.desk(ada).webhook is not None
        assert len(stage.pending(ada)) == 1
    async with make_link() as link, listening(link) as notebook:
        (received,) = await notebook.until(1)
        assert link.read(received).text == "two, while nobody listens"
    assert stage.desk(ada).webhook is None
    async with hooked() as link, listening(link) as notebook:
        await until(lambda: stage.desk(ada).webhook is not None)
        bob.says(dm, "three")
        texts = set()
        async with asyncio.timeout(20):
            while "three" not in texts:
                texts = {link.read(one).text for one in await notebook.until(1)}
                await asyncio.sleep(0.01)


async def test_an_own_certificate_is_handed_to_telegram(
    stage: Stage, ada: Bot, hooked: MakeLink, listening: Listening, tmp_path: Path
) -> None:
    file = tmp_path / "own.pem"
    file.write_text(CERTIFICATE)
    async with house() as (webhook, hooks):
        own = webhook_of(webhook.url, str(file), 7)
        async with hooked(webhook=own, hooks=hooks) as link, listening(link):
            await until(lambda: stage.desk(ada).webhook is not None)
    kept = stage.desk(ada).webhook
    assert kept is not None
    assert kept.certificate == CERTIFICATE
    assert kept.max_connections == 7


@pytest.mark.parametrize(
    ("url", "certificate", "word"),
    [
        ("http://bots.example.org", "", "https"),
        ("https://bots.example.org:1", "", "port"),
        ("https://bots.example.org", "nowhere.pem", "cannot be read"),
    ],
)
async def test_what_telegram_would_refuse_is_said_without_asking_it(
    make_link: MakeLink, stage: Stage, url: str, certificate: str, word: str
) -> None:
    link = make_link(webhook=Webhook(url, certificate), api_root="https://api.telegram.org")
    with pytest.raises(LinkRejected, match=word):
        await link.__aenter__()
    assert not stage.journal


async def test_another_program_that_sets_its_own_webhook_is_named(
    stage: Stage, ada: Bot, hooked: MakeLink
) -> None:
    async with hooked() as link, asyncio.TaskGroup() as group:
        ears = group.create_task(_ends(link))
        await until(lambda: stage.desk(ada).webhook is not None)
        await link._bot.set_webhook("https://127.0.0.1:9/theirs")  # type: ignore[union-attr] # entered
        lost = await ears
    assert isinstance(lost, LinkLost)
    assert "another webhook" in str(lost)
    assert lost.pause == 30


async def test_a_webhook_that_somebody_removed_is_missed(
    stage: Stage, ada: Bot, hooked: MakeLink
) -> None:
    async with hooked() as link, asyncio.TaskGroup() as group:
        ears = group.create_task(_ends(link))
        await until(lambda: stage.desk(ada).webhook is not None)
        await link._bot.delete_webhook()  # type: ignore[union-attr] # entered
        lost = await ears
    assert isinstance(lost, LinkLost)
    assert "removed" in str(lost)


async def test_a_revoked_token_is_noticed_without_an_update(
    stage: Stage, ada: Bot, hooked: MakeLink
) -> None:
    async with hooked() as link, asyncio.TaskGroup() as group:
        ears = group.create_task(_ends(link))
        await until(lambda: stage.desk(ada).webhook is not None)
        stage.new_token(ada)
        assert isinstance(await ears, LinkRejected)


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (lambda faults: faults.fail(502, method="setWebhook"), LinkLost),
        (lambda faults: faults.cut(method="setWebhook"), LinkLost),
        (lambda faults: faults.garbage(method="getWebhookInfo"), LinkLost),
        (lambda faults: faults.fail(400, method="setWebhook"), LinkLost),
        (lambda faults: faults.fail(401, method="setWebhook"), LinkRejected),
        (lambda faults: faults.flood(9, method="setWebhook"), LinkLost),
        (
            lambda faults: faults.garbage(b'{"ok":true,"result":[]}', method="getWebhookInfo"),
            LinkLost,
        ),
    ],
)
async def test_a_webhook_that_cannot_be_set_ends_listening_by_its_kind(
    stage: Stage, hooked: MakeLink, trouble: Callable[[Any], None], kind: type[Exception]
) -> None:
    trouble(stage.faults)
    async with hooked() as link:
        assert isinstance(await _ends(link), kind)


async def test_one_look_that_fails_ends_nothing(
    stage: Stage, ada: Bot, hooked: MakeLink, listening: Listening
) -> None:
    bob = stage.person("Bob")
    async with hooked() as link, listening(link) as notebook:
        await until(lambda: stage.desk(ada).webhook is not None)
        for failures in range(1, 4):
            stage.faults.fail(502, method="getWebhookInfo")
            # Until one after it went well.
            await until(lambda failures=failures: _looks(stage).count(502) == failures)
            await until(lambda: _looks(stage)[-1] == 200)
        bob.says(stage.dm(bob, ada), "hello")
        await notebook.until(1)


async def test_why_telegram_could_not_come_is_said_once_in_our_words(
    stage: Stage,
    ada: Bot,
    hooked: MakeLink,
    listening: Listening,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The address is right and nobody is behind it: a proxy that is not set up."""
    caplog.set_level(logging.INFO)
    bob = stage.person("Bob")
    nobody = Webhook("http://127.0.0.1:9")
    async with hooked(webhook=nobody) as link, listening(link):
        await until(lambda: stage.desk(ada).webhook is not None)
        bob.says(stage.dm(bob, ada), "my secret")
        await until(lambda: "could not bring" in caplog.text)
        looks = len(stage.journal.of("getWebhookInfo"))
        await until(lambda: len(stage.journal.of("getWebhookInfo")) > looks + 3)
    lines = [one for one in caplog.messages if "could not bring" in one]
    assert 1 <= len(lines) <= 3, "one for each second in which it failed anew"
    assert "nobody answers there" in lines[0]
    assert "1 wait" in lines[0]
    assert "my secret" not in caplog.text


async def test_the_same_update_by_both_ways_has_one_key(
    stage: Stage, ada: Bot, hooked: MakeLink, make_link: MakeLink, listening: Listening
) -> None:
    bob = stage.person("Bob")
    dm = stage.dm(bob, ada)
    async with make_link() as link, listening(link) as notebook:
        notebook.open.clear()
        await until(lambda: bool(stage.journal.of("getUpdates")))
        said = bob.says(dm, "hello")
        bob.reacts(said, "👍")
        bob.edits(said, "hello!")
        await until(lambda: len(stage.pending(ada)) == 3)
        polled = [update.body for update in stage.pending(ada)]
    async with hooked() as link, listening(link) as notebook:
        brought = await notebook.until(3)
    assert len(polled) == 3
    keys = [envelope(loads(body), link.account).event_key for body in polled]
    assert [one.event_key for one in brought] == keys


def _looks(stage: Stage) -> list[int]:
    """How each look at the webhook was answered."""
    return [call.status for call in stage.journal.of("getWebhookInfo")]


async def _ends(link: TelegramLink) -> Exception | None:
    async def keep(received: object) -> None:
        pass

    try:
        await link.listen(keep)
    except (LinkLost, LinkRejected) as error:
        return error
    return None
