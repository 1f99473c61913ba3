"""The one HTTP server: it tells the truth, and only to those who mean it."""

from __future__ import annotations

import json
import socket
from typing import Any

import aiohttp
import pytest

from bots.http.metrics import Metrics
from bots.http.server import serve
from core.errors import BadInput
from core.flow.tally import Tally


async def fetch(port: int, path: str, **headers: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}{path}", headers=headers) as answer,
    ):
        return answer.status, await answer.text()


@pytest.mark.parametrize(("status", "code"), [("ok", 200), ("degraded", 200), ("down", 503)])
async def test_ready_is_a_503_only_when_nothing_works(status: str, code: int) -> None:
    report: dict[str, Any] = {"status": status, "links": []}
    async with serve("127.0.0.1", 0, ready=lambda: report, metrics=lambda: b"") as port:
        answer, text = await fetch(port, "/ready")
        assert (answer, json.loads(text)) == (code, report)
        assert (await fetch(port, "/live"))[0] == 200


async def test_metrics_are_prometheus_text_without_ids_of_people() -> None:
    tally = Tally()
    tally.ended("Ada", "telegram", "answered")
    tally.answered_in("Ada", 0.3)
    tally.model_calls["Ada", "offline"] += 1
    tally.tokens["Ada", "prompt"] += 12
    tally.deliveries["telegram", "sent"] += 1
    metrics = Metrics(tally, lambda: {"troupe_links_live": 2})
    async with serve("127.0.0.1", 0, ready=lambda: {"status": "ok"}, metrics=metrics.page) as port:
        _, text = await fetch(port, "/metrics")
    for line in (
        'elizaos_messages_total{agent_id="Ada",platform="telegram",status="answered"} 1.0',
        'elizaos_response_time_seconds_bucket{agent_id="Ada",le="0.5"} 1.0',
        'elizaos_response_time_seconds_bucket{agent_id="Ada",le="0.1"} 0.0',
        'elizaos_response_time_seconds_sum{agent_id="Ada"} 0.3',
        'troupe_tokens_total{agent_id="Ada",kind="prompt"} 12.0',
        "troupe_links_live 2.0",
    ):
        assert line in text


async def test_a_foreign_name_in_the_host_header_is_refused() -> None:
    async with serve("127.0.0.1", 0, ready=lambda: {"status": "ok"}, metrics=lambda: b"") as port:
        assert (await fetch(port, "/ready", Host="evil.example"))[0] == 403
        assert (await fetch(port, "/ready", Host="localhost:1234"))[0] == 200
        assert (await fetch(port, "/ready", Host="[::1]:1234"))[0] == 200


async def test_a_port_in_use_is_one_clear_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(BadInput) as refused:
            async with serve(
                "127.0.0.1", port, ready=lambda: {"status": "ok"}, metrics=lambda: b""
            ):
                pytest.fail("it listens on a taken port")
    assert f"port {port} on 127.0.0.1 is in use" in str(refused.value)
    assert f"SERVER_PORT={port + 1}" in str(refused.value)
