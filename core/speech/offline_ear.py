"""An ear that needs no key: pocketsphinx, which knows English, in a child process that can be killed."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Final, Self

from core.errors import ModelRejected, ModelUnavailable
from core.ports import Spent, Usage
from core.ports.speech import HEARD, HEARD_RATE, Sound
from core.speech import sphinx
from core.speech.convert import to_pcm
from core.speech.opus import OpusFailed
from core.speech.pcm import UnreadableSound, seconds_of

log = logging.getLogger(__name__)

VENDOR: Final = "offline"
_MODEL = "pocketsphinx"
_LANGUAGE = "en"
_HOME = str(Path(__file__).resolve().parents[2])
# The child is isolated from where it stands and from the environment; it is told where we live,
# behind everything that is installed.
_BEGIN = (
    f"import sys; sys.path.append({_HOME!r}); sys.argv = ['hearing']; "
    "from core.speech import sphinx; sphinx.begin()"
)
_START = 20.0
"""Seconds in which it wakes up and hears nothing yet."""
_SLOWEST = 3.0
"""Seconds of work for one of sound, on a machine that has others to do."""
_TRIES = 2
_WORTH_ITS_END = 10.0
"""Seconds of sound which it hears to the end although nobody waits: sooner than a new child."""


class OfflineEar:
    """ports.Transcriber: one child at most, one sound after the other; without a sound for a while, none."""

    def __init__(self, *, idle: float = 600.0) -> None:
        self._idle = idle
        self._used = 0.0
        self._look: asyncio.TimerHandle | None = None
        self._lane: ThreadPoolExecutor | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._here = False

    @property
    def name(self) -> str:
        return f"{VENDOR}:{_MODEL}"

    @staticmethod
    def is_here() -> bool:
        return importlib.util.find_spec("pocketsphinx") is not None

    async def __aenter__(self) -> Self:
        self._closed = False
        self._here = await asyncio.to_thread(self.is_here)
        # A thread of ours: waiting for the child must not hold up the loop, nor others' threads.
        self._lane = ThreadPoolExecutor(1, thread_name_prefix="offline-ear")
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._closed = True
        if self._look is not None:
            self._look.cancel()
            self._look = None
        if (child := self._child) is not None:
            child.kill()
        lane, self._lane = self._lane, None
        if lane is not None:
            lane.submit(self._end)
            await asyncio.to_thread(lane.shutdown)

    async def transcribe(self, sound: Sound, spent: Spent) -> str:
        if self._lane is None:
            raise ModelUnavailable("the offline ear is closed")
        if not self._here:
            raise ModelRejected(
                "no pocketsphinx is installed: run `make setup`, or "
                "`pip install troupe[offline-voice]`"
            )
        if sound.language and not sound.language.lower().startswith(_LANGUAGE):
            raise ModelRejected("the offline ear understands English only")
        pcm = await self._raw(sound)
        if len(pcm) > sphinx.LARGEST:
            raise ModelRejected("the offline ear does not hear so long a sound")
        if not pcm:
            return ""
        seconds = seconds_of(pcm, HEARD_RATE)
        gone = threading.Event()
        job = self._lane.submit(self._asked, pcm, sound.words, seconds, gone)
        try:
            text = await asyncio.wrap_future(job)
        except asyncio.CancelledError:
            gone.set()
            if job.running() and seconds > _WORTH_ITS_END and (child := self._child) is not None:
                child.kill()
            raise
        if self._look is None and self._lane is not None:
            loop = asyncio.get_running_loop()
            self._look = loop.call_later(self._idle, self._look_again)
        if text is None:
            raise ModelUnavailable("the offline ear did not answer")
        spent.add(Usage(_MODEL, provider=VENDOR, units=seconds))
        return text

    async def _raw(self, sound: Sound) -> bytes:
        if sound.mime == HEARD:
            return sound.data
        try:
            return await to_pcm(sound.data, HEARD_RATE)
        except (UnreadableSound, OpusFailed) as error:
            raise ModelRejected(f"the sound cannot be heard: {error}") from None

    def _look_again(self) -> None:
        """Nobody waits for an idle child to end: whatever comes next waits behind it."""
        self._look = None
        if self._lane is None or self._child is None:
            return
        rest = self._used + self._idle - time.monotonic()
        if rest > 0:
            self._look = asyncio.get_running_loop().call_later(rest, self._look_again)
        else:
            self._lane.submit(self._end)

    # --- on the thread -------------------------------------------------------------------------

    def _asked(
        self, pcm: bytes, words: tuple[str, ...], seconds: float, gone: threading.Event
    ) -> str | None:
        """None for no answer, after which the next one asks a new child."""
        late = threading.Event()
        for _ in range(_TRIES):
            if gone.is_set() or late.is_set() or self._closed:
                break
            try:
                return self._exchanged(pcm, words, seconds, late)
            except (EOFError, OSError):
                # Ended by us for another's sake, by the system, or by what it was to hear.
                self._end()
        if not gone.is_set() and not self._closed:
            log.warning("the offline ear ended in the middle of %.1f s of sound", seconds)
        return None

    def _exchanged(
        self, pcm: bytes, words: tuple[str, ...], seconds: float, late: threading.Event
    ) -> str | None:
        if self._child is not None and self._child.poll() is not None:
            self._end()
        child = self._child or self._begin()

        def ring() -> None:
            late.set()
            child.kill()

        alarm = threading.Timer(_START + _SLOWEST * seconds, ring)
        alarm.daemon = True
        alarm.start()
        try:
            to, back = _lines(child)
            to.write(sphinx.put_ask(pcm, words))
            to.flush()
            return sphinx.get_answer(back.read)
        finally:
            alarm.cancel()
            alarm.join()
            self._used = time.monotonic()

    def _begin(self) -> subprocess.Popen[bytes]:
        self._child = child = subprocess.Popen(
            [sys.executable, "-I", "-B", "-X", "utf8", "-c", _BEGIN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(_HOME).anchor,
            env=_environment(),
            start_new_session=True,
        )
        if self._closed:
            child.kill()
        return child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for line in _lines(child):
            try:
                line.close()
            except OSError:  # what was still to be written has nobody to read it
                pass
        child.wait()


def _lines(child: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert child.stdin is not None
    assert child.stdout is not None
    return child.stdin, child.stdout


def _environment() -> dict[str, str]:
    """None; Windows starts nothing without knowing where it is."""
    if sys.platform != "win32":
        return {}
    return {"SYSTEMROOT": os.path.expandvars("%SYSTEMROOT%")}
