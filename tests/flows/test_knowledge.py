"""Documents at work: in folders, sent by people, and never known where they are not meant to be."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bots.cli import STOPPED, command
from bots.lock import hold
from bots.sandbox import Stage
from bots.testkit import Play
from core.models.scripted import Scripted
from core.ports import ModelRequest
from tests.fakes.databases import in_use
from tests.flows.talk import playing, question, reply, until, whole

pytestmark = pytest.mark.usefixtures("database")

_FERRY = "# Timetable\n\nThe ferry to Helsinki leaves the harbour at nine in the morning."
_REMEMBER = "<response><actions>PROCESS_KNOWLEDGE</actions></response>"
_ASKED = "When does the ferry to Helsinki leave?"


def shelf(data: Path, name: str, text: str, owner: str = "ada") -> Path:
    place = data / "knowledge" / owner / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    return place


def pieces(data: Path) -> list[Mapping[str, Any]]:
    """Those that can be found."""
    return in_use.now.ask(
        data,
        "SELECT m.* FROM memories m JOIN passages p ON p.seq = m.seq "
        "WHERE m.type = 'knowledge' ORDER BY m.seq",
    )


async def known(data: Path, number: int) -> None:
    """Wait until so many pieces are there, and can be found."""

    async def there() -> bool:
        return len(await asyncio.to_thread(pieces, data)) == number

    async with asyncio.timeout(30):
        while not await there():  # noqa: ASYNC110  (another task's rows ring no bell)
            await asyncio.sleep(0.05)


def noted(request: ModelRequest) -> str:
    return reply("Noted.")


async def asks(play: Play, name: str = "Ada", text: str = _ASKED) -> None:
    """Zoe asks in a direct chat, and is answered."""
    zoe = play.stage.person("Zoe")
    dm = play.stage.dm(zoe, play.bots[name])
    zoe.says(dm, text)
    await play.stage.next_from(play.bots[name], dm)


async def test_she_answers_with_what_lies_in_her_folder(tmp_path: Path) -> None:
    shelf(tmp_path, "ferry.md", _FERRY)
    async with playing("Ada", "Bob", model=(asked := Scripted(noted)), data=tmp_path) as play:
        await known(tmp_path, 1)
        await asks(play)
        prompt = whole(asked.requests[-1])
        assert "# Knowledge" in prompt
        assert "- Timetable" in prompt
        assert "leaves the harbour at nine" in prompt
        await asks(play, "Bob")
        assert "harbour" not in whole(asked.requests[-1])


async def test_what_is_shared_both_of_them_know(tmp_path: Path) -> None:
    shelf(tmp_path, "ferry.md", _FERRY, "shared")
    async with playing("Ada", "Bob", model=(asked := Scripted(noted)), data=tmp_path) as play:
        await known(tmp_path, 1)
        for name in ("Ada", "Bob"):
            await asks(play, name)
            assert "leaves the harbour at nine" in whole(asked.requests[-1])


async def test_a_changed_file_is_known_as_it_is_and_a_deleted_one_no_more(tmp_path: Path) -> None:
    file = shelf(tmp_path, "ferry.md", _FERRY)
    async with playing("Ada", model=(asked := Scripted(noted)), data=tmp_path) as play:
        await known(tmp_path, 1)
        file.write_text(_FERRY.replace("nine", "eleven"))
        await play.gateway.reload(play.plan())

        def changed() -> bool:
            return any("eleven" in str(row["content"]) for row in pieces(tmp_path))

        await until(changed)
        await asks(play)
        prompt = whole(asked.requests[-1])
        assert "harbour at eleven" in prompt
        assert "harbour at nine" not in prompt
        file.unlink()
        await play.gateway.reload(play.plan())
        await known(tmp_path, 0)
        await asks(play, text=f"Once more: {_ASKED}")
        assert "# Knowledge" not in whole(asked.requests[-1])


async def test_a_restart_reads_nothing_again(tmp_path: Path) -> None:
    shelf(tmp_path, "ferry.md", _FERRY)
    async with Stage(limits=False) as stage:
        rows = []
        for _ in range(2):
            asked = Scripted(noted)
            async with playing("Ada", model=asked, data=tmp_path, stage=stage) as play:
                await known(tmp_path, 1)
                rows.append(pieces(tmp_path))
                await asks(play)
                assert "leaves the harbour at nine" in whole(asked.requests[-1])
    assert rows[0] == rows[1]


def remembers(request: ModelRequest) -> str:
    """Has whatever is attached remembered, and then says so."""
    prompt = whole(request)
    if "remember" in question(request) and "is known now" not in prompt:
        return _REMEMBER
    return reply("Well.")


@pytest.mark.parametrize("platform", ["telegram", "discord"])
async def test_a_document_sent_in_a_direct_chat_is_known_there_and_nowhere_else(
    platform: str, tmp_path: Path
) -> None:
    async with playing(
        "Ada", model=(asked := Scripted(remembers)), data=tmp_path, platforms=(platform,)
    ) as play:
        stage = play.stage
        ada = (play.bots if platform == "telegram" else play.discord_bots)["Ada"]
        house = stage if platform == "telegram" else stage.discord
        zoe, max_ = stage.person("Zoe"), stage.person("Max")
        dm, other = (house.dm(one, ada) for one in (zoe, max_))
        zoe.sends(dm, "ferry.md", _FERRY.encode(), "please remember this")
        await stage.next_from(ada, dm)
        await known(tmp_path, 1)
        zoe.says(dm, _ASKED)
        await stage.next_from(ada, dm)
        assert "leaves the harbour at nine" in whole(asked.requests[-1])
        max_.says(other, _ASKED)
        await stage.next_from(ada, other)
        assert "harbour" not in whole(asked.requests[-1])


async def test_what_hangs_on_the_message_answered_to_is_meant_too(tmp_path: Path) -> None:
    async with playing("Ada", model=Scripted(remembers), data=tmp_path) as play:
        ada, zoe = play.bots["Ada"], play.stage.person("Zoe")
        dm = play.stage.dm(zoe, ada)
        sent = zoe.sends(dm, "ferry.md", _FERRY.encode(), "look at that")
        await play.stage.next_from(ada, dm)
        zoe.says(dm, "please remember that", reply_to=sent)
        await play.stage.next_from(ada, dm)
        await known(tmp_path, 1)


async def test_a_document_is_known_again_when_it_is_sent_after_a_fresh_start(
    tmp_path: Path,
) -> None:
    async with playing("Ada", model=(asked := Scripted(remembers)), data=tmp_path) as play:
        ada, zoe = play.bots["Ada"], play.stage.person("Zoe")
        dm = play.stage.dm(zoe, ada)
        for round_ in range(2):
            zoe.sends(dm, "ferry.md", _FERRY.encode(), f"please remember this {round_}")
            await play.stage.next_from(ada, dm)
            await known(tmp_path, 1)
            if not round_:
                zoe.says(dm, "/reset")
                await play.stage.next_from(ada, dm)
                zoe.says(dm, _ASKED)
                await play.stage.next_from(ada, dm)
                assert "harbour" not in whole(asked.requests[-1])
        zoe.says(dm, _ASKED)
        await play.stage.next_from(ada, dm)
        assert "leaves the harbour at nine" in whole(asked.requests[-1])


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("bomb.zip", b"PK\x03\x04" + bytes(200), "bomb.zip” was not read: it is"),
        ("../../etc/passwd.txt", b"A list of owls.", "passwd.txt” is known now"),
    ],
)
async def test_whatever_somebody_sends_does_no_harm(
    name: str, content: bytes, told: str, tmp_path: Path
) -> None:
    asked = Scripted(lambda request: _REMEMBER if len(asked.requests) == 1 else reply("Hm."))
    async with playing("Ada", model=asked, data=tmp_path) as play:
        ada, zoe = play.bots["Ada"], play.stage.person("Zoe")
        dm = play.stage.dm(zoe, ada)
        zoe.sends(dm, name, content, "please remember this")
        await play.stage.next_from(ada, dm)
        assert told in whole(asked.requests[-1])


async def test_a_running_gateway_takes_in_and_forgets_what_a_command_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also what was sent by a person, which lies in no folder."""
    data = tmp_path / "data"
    (tmp_path / "characters").mkdir()
    (tmp_path / "characters/ada.json").write_text('{"name": "Ada", "bio": "Knows."}')
    (tmp_path / "owls.txt").write_text("Owls hunt at night.")
    monkeypatch.chdir(tmp_path)
    for name, value in in_use.now.settings.items():
        monkeypatch.setenv(name, value)
    with hold(data):
        async with playing("Ada", model=Scripted(remembers), data=data) as play:
            ada, zoe = play.bots["Ada"], play.stage.person("Zoe")
            dm = play.stage.dm(zoe, ada)
            zoe.sends(dm, "ferry.md", _FERRY.encode(), "please remember this")
            await play.stage.next_from(ada, dm)
            await known(data, 1)
            for words, left in (
                (["add", "owls.txt", "--character", "Ada"], 2),
                (["remove", "ferry.md"], 1),
                (["remove", "owls.txt"], 0),
            ):
                async with asyncio.TaskGroup() as group:
                    done = group.create_task(asyncio.to_thread(command, ["knowledge", *words]))
                    while not done.done():
                        await asyncio.sleep(0.2)
                        await play.gateway.reload(play.plan())
                assert done.result() == STOPPED
                await known(data, left)
    assert capsys.readouterr().out.splitlines() == [
        "Ada knows owls.txt (1 piece).",
        "Ada has forgotten ferry.md.",
        "Ada has forgotten owls.txt.",
    ]


async def test_she_looks_something_up_when_she_wants_more(tmp_path: Path) -> None:
    shelf(tmp_path, "ferry.md", _FERRY)

    def curious(request: ModelRequest) -> str:
        if "Found in documents" in whole(request):
            return reply("At nine.")
        return (
            "<response><actions>SEARCH_KNOWLEDGE</actions><params><SEARCH_KNOWLEDGE>"
            "<query>ferry to Helsinki</query></SEARCH_KNOWLEDGE></params></response>"
        )

    async with playing("Ada", model=(asked := Scripted(curious)), data=tmp_path) as play:
        await known(tmp_path, 1)
        zoe = play.stage.person("Zoe")
        dm = play.stage.dm(zoe, play.bots["Ada"])
        zoe.says(dm, "Tell me about tomorrow, please")
        assert (await play.stage.next_from(play.bots["Ada"], dm)).text == "At nine."
        assert "harbour" not in whole(asked.requests[0])


async def test_a_stranger_in_a_group_has_nothing_remembered(tmp_path: Path) -> None:
    asked = Scripted(lambda request: _REMEMBER if len(asked.requests) == 1 else reply("No."))
    async with playing("Ada", model=asked, data=tmp_path) as play:
        ada, zoe = play.bots["Ada"], play.stage.person("Zoe")
        group = play.stage.group("Friends", [play.stage.person("Owner"), zoe], [ada])
        zoe.sends(group, "ferry.md", _FERRY.encode(), "Ada, please remember this")
        await play.stage.next_from(ada, group)
    assert in_use.now.ask(tmp_path, "SELECT * FROM memories WHERE type = 'documents'") == []
    steps = in_use.now.ask(tmp_path, "SELECT * FROM steps WHERE action = 'PROCESS_KNOWLEDGE'")
    assert ["not-allowed" in str(row["result"]) for row in steps] == [True]


async def test_nothing_is_told_of_a_document_while_only_a_part_of_it_is_there(
    tmp_path: Path,
) -> None:
    """KN-09: it comes and goes in steps, and between two of them somebody may ask."""
    shelf(tmp_path, "ferry.md", _FERRY)
    async with playing("Ada", model=(asked := Scripted(noted)), data=tmp_path) as play:
        await known(tmp_path, 1)
        house = play.gateway._house
        assert house is not None
        (row,) = in_use.now.ask(tmp_path, "SELECT id FROM memories WHERE type = 'documents'")
        house.mind.half.add(row["id"])
        await asks(play)
        assert "harbour" not in whole(asked.requests[-1])
        house.mind.half.discard(row["id"])
        await asks(play, text=f"Once more: {_ASKED}")
        assert "leaves the harbour at nine" in whole(asked.requests[-1])
