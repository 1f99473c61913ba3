"""The command: what it says, and how it ends: 0 stopped, 2 bad input, 75 already running."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp

from bots.sandbox import Stage
from tests.fakes.model_server import ModelServer, Script
from tests.faults.process import ROOT, free_port, gateway_process
from tests.flows.talk import until


async def troupe(folder: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    """Run the command to its end; its exit code and all that it said."""
    process = await started(folder, *arguments, **variables)
    async with asyncio.timeout(30):
        said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def started(folder: Path, *arguments: str, **variables: str) -> asyncio.subprocess.Process:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bots",
        *arguments,
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "120", **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


def character(folder: Path, name: str, **more: object) -> Path:
    path = folder / f"{name.lower()}.json"
    path.write_text(json.dumps({"name": name, "bio": f"{name} is made for a test.", **more}))
    return path


async def test_a_second_one_on_the_same_data_ends_with_75_and_names_the_first(
    tmp_path: Path,
) -> None:
    async with Stage(limits=False) as stage, gateway_process(tmp_path, stage, "Ada") as gateway:
        await gateway.until()
        assert gateway.process is not None
        code, said = await troupe(tmp_path, "run", TROUPE_DATA_DIR=str(gateway.data))
        assert code == 75
        assert str(gateway.process.pid) in said
        assert "Traceback" not in said
        assert await gateway.end() == 0


async def test_what_a_person_must_mend_ends_with_2_and_one_line_each(tmp_path: Path) -> None:
    code, said = await troupe(
        tmp_path, "run", SERVER_PORT="many", STOP_PATIENCE="long", TROUPE_DATA_DIR=str(tmp_path)
    )
    assert code == 2
    assert said.count("troupe: ") == 2
    assert "SERVER_PORT" in said
    assert "STOP_PATIENCE" in said
    assert "Traceback" not in said


async def test_a_port_that_is_taken_ends_with_2_and_says_which(tmp_path: Path) -> None:
    async with Stage(limits=False) as stage, gateway_process(tmp_path, stage, "Ada") as gateway:
        await gateway.until()
        port = str(gateway.port)
        data = str(tmp_path / "another")
        code, said = await troupe(tmp_path, "stage", SERVER_PORT=port, TROUPE_DATA_DIR=data)
        assert code == 2
        assert f"port {port}" in said
        assert "Traceback" not in said


async def test_check_names_every_fault_without_connecting_anywhere(tmp_path: Path) -> None:
    good = character(tmp_path, "Ada")
    code, said = await troupe(
        tmp_path, "check", "--character", str(good), TROUPE_DATA_DIR=str(tmp_path), SERVER_PORT="0"
    )
    assert (code, said) == (0, "All is well.\n")
    bad = tmp_path / "bad.json"
    bad.write_text('{"name": "Bad",\n "bio": }')
    token = "a-word-that-is-no-token"
    (tmp_path / ".env").write_text(
        f"TELEGRAM_BOT_TOKEN={token}\nTELEGRAM_BOT_TOKN=x\nCHARACTER.ADDA.MAX_TOKENS=5\n"
    )
    (tmp_path / ".env").chmod(0o600)
    code, said = await troupe(
        tmp_path,
        "check",
        "--character",
        f"{good},{bad}",
        TROUPE_DATA_DIR=str(tmp_path),
        SERVER_PORT="0",
    )
    assert code == 2
    assert "bad.json:2:" in said
    assert "TELEGRAM_BOT_TOKEN of Ada" in said
    assert "Did you mean" in said
    assert token not in said


async def test_the_stage_uses_no_token_and_no_key_that_is_set(tmp_path: Path) -> None:
    """Wherever they stand; and a real token would be tried at a server that is ours here."""
    async with Stage(limits=False) as elsewhere, ModelServer() as model:
        token = elsewhere.bot("Ada").token
        port = free_port()
        ada = character(
            tmp_path,
            "Ada",
            secrets={"TELEGRAM_BOT_TOKEN": token, "OPENAI_API_KEY": "a-key-in-a-file"},
            settings={"OPENAI_BASE_URL": model.base_url},
        )
        process = await started(
            tmp_path,
            "stage",
            "--character",
            str(ada),
            TELEGRAM_BOT_TOKEN=token,
            TELEGRAM_API_ROOT=elsewhere.root,
            OPENAI_API_KEY="a-key-in-the-environment",
            OPENAI_BASE_URL=model.base_url,
            SERVER_PORT=str(port),
            TROUPE_DATA_DIR=str(tmp_path / "data"),
        )
        try:
            state = await spoken_with(port)
        finally:
            process.terminate()
            said, _ = await process.communicate()
        assert process.returncode == 0, said.decode()
        assert any(one["from"]["bot"] and one["text"] for one in state["messages"])
        assert elsewhere.journal.opened == 0
        assert model.chats == 0
        assert model.embeddings == 0


async def spoken_with(port: int) -> dict[str, Any]:
    """Say something to Ada on the page, and wait for her answer; what the page shows then."""
    root = f"http://127.0.0.1:{port}"
    async with aiohttp.ClientSession() as page:

        async def state() -> dict[str, Any]:
            try:
                async with page.get(f"{root}/stage/state") as answer:
                    found: dict[str, Any] = await answer.json()
                    return found
            except aiohttp.ClientError:
                return {}

        shown: dict[str, Any] = {}
        async with asyncio.timeout(20):
            while not shown:
                await asyncio.sleep(0.1)
                shown = await state()
            chat = next(one for one in shown["chats"] if one["kind"] == "private")
            said = {"do": "send", "as": shown["you"], "chat": chat["id"], "text": "hello"}
            async with page.post(f"{root}/stage/act", json=said) as answer:
                assert answer.status == 200, await answer.text()
            while not any(one["from"]["bot"] for one in shown["messages"]):
                await asyncio.sleep(0.1)
                shown = await state()
        return shown


async def test_without_any_token_run_is_a_stage_and_says_what_to_add(tmp_path: Path) -> None:
    port = free_port()
    process = await started(
        tmp_path,
        "run",
        "--character",
        str(character(tmp_path, "Ada")),
        SERVER_PORT=str(port),
        TROUPE_DATA_DIR=str(tmp_path / "data"),
    )
    try:
        await spoken_with(port)
    finally:
        process.terminate()
        said, _ = await process.communicate()
    assert process.returncode == 0
    assert f"http://127.0.0.1:{port}/" in said.decode()


async def test_a_second_signal_does_not_wait_for_a_model_that_hangs(tmp_path: Path) -> None:
    async with (
        Stage(limits=False) as stage,
        ModelServer(lambda request: Script("", before=300.0)) as model,
        gateway_process(
            tmp_path,
            stage,
            "Ada",
            OPENAI_API_KEY="a-key-for-nothing",
            OPENAI_BASE_URL=model.base_url,
        ) as gateway,
    ):
        await gateway.until()
        bob = stage.person("Bob")
        bob.says(stage.dm(bob, gateway.bots["Ada"]), "hello?")
        await until(lambda: model.chats)
        gateway.send(signal.SIGTERM)
        await asyncio.sleep(0.5)
        assert gateway.process is not None
        assert gateway.process.returncode is None, "the first asks for patience: 20 seconds"
        assert await gateway.end(signal.SIGINT, timeout=10) == 0
