"""The first minute: `troupe run` with no token and no key, and a person at the page."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.faults.process import ROOT, free_port
from tests.page.browser import Tab, open_tab


@asynccontextmanager
async def run(folder: Path) -> AsyncIterator[tuple[int, asyncio.subprocess.Process]]:
    """The command, with an empty environment, as on a bare machine."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bots",
        "run",
        cwd=folder,
        env={
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(ROOT),
            "SERVER_PORT": str(port),
            "COLUMNS": "120",
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield port, process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def screen_until(process: asyncio.subprocess.Process, words: str) -> str:
    assert process.stdout is not None
    shown = ""
    async with asyncio.timeout(30):
        while words not in shown:
            line = await process.stdout.readline()
            assert line, shown
            shown += line.decode()
    return shown


async def say(tab: Tab, words: str) -> None:
    await tab.type(words)
    await tab.press("Enter")


async def open_room(tab: Tab, kind: str, title: str) -> None:
    await tab.sees(
        f"(() => {{ const found = [...document.querySelectorAll('{kind}')]"
        f".find((entry) => entry.querySelector('.entry-title').innerText === '{title}');"
        " found?.click(); return found; })()"
    )


async def test_a_newcomer_talks_to_both_characters_on_discord_with_telegram_in_sight(
    browser: str, tmp_path: Path
) -> None:
    (tmp_path / "characters").symlink_to(ROOT / "characters")
    answers = "#log-beside .row.flat:not(.own) .text"
    async with run(tmp_path) as (port, process):
        await screen_until(process, "talk to them")
        async with open_tab(browser) as tab:
            await tab.go(f"http://127.0.0.1:{port}/")
            await tab.sees("document.querySelector('#heading-beside h2')?.innerText === '#general'")
            await say(tab, "Hello on Telegram!")
            await tab.sees("document.querySelector('#log .row:not(.own) .text')")
            await tab.press("F6")
            for count, name in enumerate(("Ada", "Eliza"), start=1):
                await say(tab, f"@{name} hello")
                await tab.sees(f"document.querySelectorAll('{answers}').length >= {count}")
            said = await tab.texts("#log-beside .row.own .text")
            assert said == ["@Ada hello", "@Eliza hello"]
            marked = await tab.texts("#log-beside .row:not(.own) .app-mark")
            assert set(marked) == {"APP"}
            await open_room(tab, ".entry-room", "Eliza")
            await tab.sees("document.querySelector('#heading-beside h2').innerText === 'Eliza'")
            await say(tab, "I am a little sad today")
            await tab.sees(f"document.querySelector('{answers}')")
            assert await tab.texts("#log .row.own .text") == ["Hello on Telegram!"]
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0


async def test_a_newcomer_talks_to_both_characters_and_a_kill_loses_nothing(
    browser: str, tmp_path: Path
) -> None:
    (tmp_path / "characters").symlink_to(ROOT / "characters")
    async with run(tmp_path) as (port, process):
        shown = await screen_until(process, "talk to them")
        assert f"http://127.0.0.1:{port}/" in shown
        for words in ("Ada", "Eliza", "telegram", "live", "@ada_bot", "@eliza_bot"):
            assert words in shown
        async with open_tab(browser) as tab:
            await tab.go(f"http://127.0.0.1:{port}/")
            await tab.sees("document.querySelector('#text')")
            for entry in ("Ada", "Eliza"):
                await tab.sees(
                    f"[...document.querySelectorAll('.entry-title')]"
                    f".find(title => title.innerText === '{entry}')"
                )
                await tab.look(
                    f"[...document.querySelectorAll('.entry-title')]"
                    f".find(title => title.innerText === '{entry}').click()"
                )
                await tab.sees(f"document.querySelector('.heading h2').innerText === '{entry}'")
                await say(tab, f"Hello {entry}!")
                await tab.sees("document.querySelectorAll('#log .row:not(.own) .text').length >= 1")
        process.send_signal(signal.SIGKILL)
        await process.wait()

    async with run(tmp_path) as (port, process):
        await screen_until(process, "talk to them")
        async with open_tab(browser) as tab:
            await tab.go(f"http://127.0.0.1:{port}/")
            await tab.sees("document.querySelectorAll('#log .row').length >= 2")
            assert await tab.texts("#log .row.own .text") == ["Hello Ada!"]
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0
