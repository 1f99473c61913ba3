"""Files are kept under names of ours, and nothing else is ever opened."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from core.files import MOST, Files, TooLarge, is_private, mime_of, refs_in
from tests.fakes.pictures import png


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "files"


@pytest.fixture
def files(folder: Path) -> Files:
    return Files(folder)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def lay(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def mode(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)


def aged(folder: Path, ref: str, seconds: float) -> None:
    path = folder / ref.removeprefix("file:")
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


async def test_what_is_kept_can_be_read_again_in_another_life(files: Files, folder: Path) -> None:
    kept = await files.keep(png(), key="turn 1")
    assert (kept.mime, kept.size) == ("image/png", len(png()))
    assert await Files(folder).read(kept.ref) == png()
    assert await Files(folder).find(kept.ref) == kept


async def test_the_same_said_again_is_the_same_file_and_another_is_another(
    files: Files, folder: Path
) -> None:
    first = await files.keep(png(), key="turn 1")
    assert await files.keep(png(), key="turn 1") == first
    others = [await files.keep(png(), key="turn 2"), await files.keep(png(seed=1), key="turn 1")]
    assert len({first.ref, *(one.ref for one in others)}) == len(names(folder)) == 3


async def test_only_the_owner_of_the_process_can_look_into_the_folder(
    files: Files, folder: Path
) -> None:
    await files.keep(png(), key="turn 1")
    assert mode(folder) == 0o700


async def test_what_nobody_could_send_is_not_kept(files: Files, folder: Path) -> None:
    with pytest.raises(TooLarge, match="at most 8 MB"):
        await files.keep(b"x" * (MOST + 1), key="turn 1")
    assert not names(folder)


async def test_where_nothing_can_be_kept_whoever_says_it_is_told(tmp_path: Path) -> None:
    lay(tmp_path / "files", b"in the way")
    with pytest.raises(OSError, match="exists"):
        await Files(tmp_path / "files").keep(png(), key="turn 1")


@pytest.mark.parametrize(
    "ref",
    [
        "",
        "file:",
        "file:secret.png",
        "file:../secret.png",
        "file:/etc/passwd",
        "file:///etc/passwd",
        "file:" + "0" * 64 + ".png/../../secret.png",
        "file:" + "0" * 64 + ".png\n",
        "file:" + "0" * 64 + ".html",
        "https://example.org/" + "0" * 64 + ".png",
    ],
)
async def test_no_name_from_outside_opens_anything(files: Files, folder: Path, ref: str) -> None:
    for path in (folder, folder.parent):
        lay(path / "secret.png", png())
    assert await files.read(ref) is None
    assert await files.find(ref) is None
    await files.drop(ref)
    assert names(folder) == {"secret.png"}
    assert "secret.png" in names(folder.parent)


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (png(), "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a...", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"RIFF\0\0\0\0AVI LIST", "application/octet-stream"),
        (b"<svg onload='x()'/>", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_what_it_is_is_told_by_its_bytes(data: bytes, mime: str) -> None:
    assert mime_of(data) == mime


async def test_a_sweep_takes_what_is_old_and_named_by_nobody(files: Files, folder: Path) -> None:
    old, named, fresh, again = [(await files.keep(png(seed=n), key="turn")).ref for n in range(4)]
    private = (await files.keep(png(), key="turn", private=True)).ref
    for ref in (old, named, again):
        aged(folder, ref, 100_000)
    aged(folder, private, 5_000)
    (folder / "0123.part").write_bytes(b"half")
    os.utime(folder / "0123.part", (1.0, 1.0))
    assert await files.keep(png(seed=3), key="turn")  # said again: young again
    now = (folder / fresh.removeprefix("file:")).stat().st_mtime
    dropped = await files.sweep({named}, before=now - 86_400, private_before=now - 3_600)
    assert dropped == 3
    assert {f"file:{name}" for name in names(folder)} == {named, fresh, again}


async def test_what_people_have_said_stays_as_long_as_it_is_remembered(
    files: Files, folder: Path
) -> None:
    said = (await files.keep(png(), key="voice", lasting=True)).ref
    aged(folder, said, 100_000)
    now = (folder / said.removeprefix("file:")).stat().st_mtime + 100_000
    young = {"before": now, "private_before": now}
    assert await files.sweep((), **young, lasting_before=now - 200_000) == 0
    assert await files.read(said) == png()
    assert refs_in(f"heard: {said}") == [said]
    assert await files.sweep((), **young, lasting_before=now) == 1
    assert await files.read(said) is None


async def test_a_sweep_of_a_house_that_never_kept_a_file_finds_nothing(files: Files) -> None:
    assert await files.sweep((), before=0.0, private_before=0.0) == 0


async def test_private_files_are_known_by_their_names(files: Files) -> None:
    private = await files.keep(png(), key="turn", private=True)
    public = await files.keep(png(), key="turn")
    assert (is_private(private.ref), is_private(public.ref)) == (True, False)
    payload = f'{{"file":{{"ref":"{private.ref}"}},"b":"{public.ref}","text":"file:me"}}'
    assert refs_in(payload) == [private.ref, public.ref]
