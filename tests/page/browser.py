"""Headless Chromium over its DevTools socket: just enough to look, type and click as a person does."""

import asyncio
import base64
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
    "--remote-debugging-port=0",
    # A mouse, which a machine without a screen does not have.
    "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
)
START_SECONDS = 30
KEYS = {
    "Enter": (13, "\r"),
    "Escape": (27, ""),
    "Tab": (9, ""),
    "Backspace": (8, ""),
    "Delete": (46, ""),
    "ArrowLeft": (37, ""),
    "ArrowUp": (38, ""),
    "ArrowRight": (39, ""),
    "ArrowDown": (40, ""),
    "Home": (36, ""),
    "End": (35, ""),
    "F6": (117, ""),
    "F10": (121, ""),
}
# A node itself cannot travel here by value; that it is there is all one wants to know.
VALUE = "(found => found instanceof Node ? true : found || null)"
MODIFIERS = {"Alt": 1, "Control": 2, "Meta": 4, "Shift": 8}


@contextmanager
def chromium(*more: str) -> Iterator[str]:
    """Run a browser with an empty profile, and `more` flags; yields its DevTools socket's address."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [CHROMIUM, *FLAGS, *more, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield _address(Path(profile) / "DevToolsActivePort", process)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(note: Path, process: "subprocess.Popen[bytes]") -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        lines = note.read_text().splitlines() if note.exists() else []
        if len(lines) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError("Chromium did not open its DevTools port")


@asynccontextmanager
async def open_tab(
    address: str, *, width: int = 1280, height: int = 800, dark: bool = False
) -> AsyncIterator["Tab"]:
    """A tab in a browser profile of its own, closed with everything it stored."""
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(address, max_msg_size=0) as socket,
    ):
        outer = Tab(socket)
        profile = (await outer.call("Target.createBrowserContext"))["browserContextId"]
        target = await outer.call(
            "Target.createTarget", url="about:blank", browserContextId=profile
        )
        attached = await outer.call(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        tab = Tab(socket, attached["sessionId"])
        for domain in ("Page", "Runtime", "Log", "Network"):
            await tab.call(f"{domain}.enable")
        await tab.resize(width, height)
        await tab.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}],
        )
        try:
            yield tab
        finally:
            await outer.call("Target.disposeBrowserContext", browserContextId=profile)


@dataclass(slots=True)
class Tab:
    """One page; what it complained about and what it fetched is kept in `errors` and `requests`."""

    socket: aiohttp.ClientWebSocketResponse
    session: str | None = None
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    _last: int = 0

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        # Nobody reads the socket between calls; events that came meanwhile are noted on the way.
        self._last += 1
        wanted = self._last
        message: dict[str, Any] = {"id": wanted, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        await self.socket.send_str(json.dumps(message))
        async with asyncio.timeout(20):
            while True:
                answer = json.loads(await self.socket.receive_str())
                if answer.get("id") != wanted or answer.get("sessionId") != self.session:
                    self._note(answer)
                    continue
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return dict(answer["result"])

    def _note(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        match event.get("method"):
            case "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                self.errors.append(details.get("exception", {}).get("description", "exception"))
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning", "assert"):
                self.errors.append(" ".join(str(arg.get("value")) for arg in params["args"]))
            case "Log.entryAdded" if params["entry"]["level"] in ("error", "warning"):
                self.errors.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])

    async def go(self, address: str) -> None:
        await self.call("Page.navigate", url=address)

    async def resize(self, width: int, height: int) -> None:
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    async def look(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        answer = await self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    async def sees(self, expression: str, *, within: float = 8) -> Any:
        """Wait until the expression is true; an AssertionError says what was on the page instead."""
        try:
            async with asyncio.timeout(within):
                while True:
                    if value := await self.look(f"{VALUE}({expression})"):
                        return value
                    await asyncio.sleep(0.03)
        except TimeoutError:
            shown = await self.look("document.body.innerText")
            raise AssertionError(f"never true: {expression}\non the page:\n{shown}") from None

    async def texts(self, selector: str) -> list[str]:
        found = await self.look(
            f"[...document.querySelectorAll({json.dumps(selector)})].map((node) => node.innerText)"
        )
        return list(found)

    async def click(self, selector: str, *, button: str = "left", within: float = 8) -> None:
        """Click in the middle of the first element that matches, once it is there."""
        box = await self.sees(
            f"(() => {{ const node = document.querySelector({json.dumps(selector)});"
            " if (!node || node.disabled) return null; node.scrollIntoView({block: 'nearest'});"
            " const box = node.getBoundingClientRect(); if (!box.width) return null;"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })()",
            within=within,
        )
        place = {"x": box[0], "y": box[1]}
        held = 2 if button == "right" else 1
        await self.call("Input.dispatchMouseEvent", type="mouseMoved", **place)
        for kind in ("mousePressed", "mouseReleased"):
            await self.call(
                "Input.dispatchMouseEvent",
                type=kind,
                button=button,
                buttons=held if kind == "mousePressed" else 0,
                clickCount=1,
                **place,
            )

    async def type(self, words: str) -> None:
        """Key by key where there is a key for it; emoji and the like as an input method gives them."""
        for letter in words:
            if letter.isascii() and letter.isprintable():
                for kind in ("keyDown", "keyUp"):
                    text = {"text": letter} if kind == "keyDown" else {}
                    await self.call("Input.dispatchKeyEvent", type=kind, key=letter, **text)
            else:
                await self.call("Input.insertText", text=letter)

    async def press(self, *keys: str) -> None:
        """Press keys one after the other; "Alt+ArrowDown" holds the first while pressing the last."""
        for chord in keys:
            *held, key = chord.split("+")
            code, text = KEYS[key]
            common = {
                "key": key,
                "code": key,
                "windowsVirtualKeyCode": code,
                "modifiers": sum(MODIFIERS[name] for name in held),
            }
            words = {"text": text} if text else {}
            await self.call("Input.dispatchKeyEvent", type="keyDown", **common, **words)
            await self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    async def picture(self) -> bytes:
        return base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])

    async def foreign(self, homes: Sequence[str]) -> list[str]:
        """Addresses the page asked for outside its homes."""
        await self.look("1")
        known = (*homes, "about:", "data:", "blob:")
        return [address for address in self.requests if not address.startswith(known)]
