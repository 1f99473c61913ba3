"""G32 in the whole gateway: somebody sends a bomb, to be looked at, read, or remembered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Stage
from tests.fakes.model_server import ModelServer
from tests.fakes.pictures import png
from tests.faults import bombs
from tests.faults.ledgers import read, until
from tests.faults.process import gateway_process
from tests.flows.talk import reply

_STATUS = Path("/proc/self/statm")
MOST = 50 * bombs.MB
"""G32: what the process of the gateway may grow by."""
SENT = ("gigabytes.docx", "late-laughs.docx", "gigabytes.pdf", "nested.docx", "ends.html")

pytestmark = pytest.mark.skipif(not _STATUS.exists(), reason="looks into /proc")


def remembers(request: Mapping[str, Any]) -> str:
    """Does as it is told, and then says what came of it."""
    shown = "\n".join(str(one["content"]) for one in request["messages"])
    if "remember" not in shown.rpartition("</context>\n")[2]:
        return reply("I am here.")
    if "# Done just now" not in shown:
        return "<response><actions>PROCESS_KNOWLEDGE</actions></response>"
    return reply("It was not read." if "was not read" in shown else "I know it now.")


@pytest.fixture
async def model() -> AsyncIterator[ModelServer]:
    async with ModelServer(remembers, keep_calls=False) as server:
        yield server


def resident(process: int | None) -> int:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * 4096


@pytest.mark.soak  # each bomb for itself, and a file to be looked at, are tested every time
@pytest.mark.timeout(180)
async def test_g32_a_bomb_sent_in_chat_ends_as_a_sentence_and_harms_nobody(
    tmp_path: Path, stage: Stage, thinks: Callable[..., dict[str, str]]
) -> None:
    async with gateway_process(tmp_path, stage, "Ada", **thinks()) as gateway:
        await gateway.until()
        ada, owner, zoe = gateway.bots["Ada"], stage.person("Olga"), stage.person("Zoe")
        dm, other = stage.dm(owner, ada), stage.dm(zoe, ada)
        # What reading takes at all is there before it is measured.
        owner.sends(
            dm, "owls.docx", bombs.docx(b"<w:p><w:r><w:t>Owls.</w:t></w:r></w:p>"), "remember"
        )
        assert (await stage.next_from(ada, dm, timeout=30)).text == "I know it now."
        assert gateway.process is not None
        before = resident(gateway.process.pid)
        grown = 0
        for name in SENT:
            owner.sends(dm, name, bombs.BOMBS[name](), "please remember this")
            zoe.says(other, "are you there?")
            assert (await stage.next_from(ada, other, timeout=10)).text == "I am here."

            def answered(name: str = name) -> bool:
                nonlocal grown
                assert gateway.process is not None
                grown = max(grown, resident(gateway.process.pid) - before)
                return stage.messages(dm)[-1].sender is ada

            await until(answered, lambda name=name: f"{name}\n{gateway.log[-2000:]}", timeout=40)  # type: ignore[misc]
            assert stage.messages(dm)[-1].text == "It was not read.", name
        owner.says(dm, "and now?")
        await until(
            lambda: stage.messages(dm)[-1].text == "I am here.", lambda: gateway.log[-2000:]
        )
        assert grown <= MOST
        assert await gateway.end() == 0
        assert "Traceback" not in gateway.log
        assert set(read(gateway.data).statuses()) == {"answered"}


@pytest.mark.timeout(180)
async def test_g32_whatever_is_sent_to_be_looked_at_ends_as_a_sentence(
    tmp_path: Path, stage: Stage, thinks: Callable[..., dict[str, str]], model: ModelServer
) -> None:
    told: list[str] = []

    def listens(request: Mapping[str, Any]) -> str:
        told.append(str(request["messages"][-1]["content"]).rpartition("</context>\n")[2])
        return reply("I see.")

    model.answer, model.sight = listens, "A cat"
    talk = thinks(TROUPE_REFLECTION="false")
    async with gateway_process(tmp_path, stage, "Ada", **talk) as gateway:
        await gateway.until()
        ada, bob = gateway.bots["Ada"], stage.person("Bob")
        dm = stage.dm(bob, ada)
        # What seeing and reading take at all is there before it is measured.
        bob.sends_photo(dm, png(9, 9))
        await stage.next_from(ada, dm, timeout=30)
        bob.sends(dm, "owls.docx", bombs.docx(b"<w:p><w:r><w:t>Owls.</w:t></w:r></w:p>"))
        await stage.next_from(ada, dm, timeout=30)
        assert [one.split(";")[0] for one in told] == [
            "[photo: A cat]",
            "[document owls.docx: Owls.]",
        ]
        assert gateway.process is not None
        before, grown = resident(gateway.process.pid), 0
        points = bombs.BOMBS["picture.png"]()
        deeds: dict[str, Callable[[], object]] = {
            "looked at: the picture has 12000 x": lambda: bob.sends_photo(dm, points),
            "looked at: the picture has": lambda: bob.sends(dm, "a.png", points),
            "looked at: the picture has 65535 x": lambda: bob.sends(
                dm, "frames.gif", bombs.BOMBS["frames.gif"]()
            ),
            "listened to: it is longer than": lambda: bob.sends_voice(dm, seconds=36_000),
            "listened to: the file is larger": lambda: bob.sends(dm, "a.mp3", bytes(21 * bombs.MB)),
            "looked at: the file is larger": lambda: bob.sends(dm, "b.png", bytes(19 * bombs.MB)),
            "read: reading it takes more memory": lambda: bob.sends(
                dm, "lies.docx", bombs.BOMBS["lies.docx"]()
            ),
            "read: it is an archive": lambda: bob.sends(
                dm, "nested.docx", bombs.BOMBS["nested.docx"]()
            ),
            "read: it defines entities": lambda: bob.sends(
                dm, "laughs.xml", bombs.BOMBS["laughs.xml"]()
            ),
            "in which is:": lambda: bob.sends(dm, "z.txt", b"owls " * (3 * bombs.MB)),
        }
        for words, deed in deeds.items():
            number = len(told)
            deed()

            def answered(number: int = number) -> bool:
                nonlocal grown
                assert gateway.process is not None
                grown = max(grown, resident(gateway.process.pid) - before)
                return len(told) > number and stage.messages(dm)[-1].sender is ada

            await until(answered, lambda words=words: f"{words}\n{gateway.log[-2000:]}", timeout=40)  # type: ignore[misc]
            assert words in told[-1], told[-1][:200]
        assert len(model.seen) == 1
        assert grown <= MOST
        assert await gateway.end() == 0
        assert "Traceback" not in gateway.log
