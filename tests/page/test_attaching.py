"""Files that a person sends on the page reach the bots, with what was written beside them."""

from pathlib import Path

import pytest

from tests.page.play import Play, playing

POEM = b"Owls at noon\n" * 170_000


async def pick(play: Play, path: Path, pane: str = "") -> None:
    """As if chosen in the window that the button opens."""
    field = f"document.querySelector('#file{pane}')"
    asked = await play.tab.call("Runtime.evaluate", expression=field)
    chosen = asked["result"]["objectId"]
    await play.tab.call("DOM.setFileInputFiles", files=[str(path)], objectId=chosen)


@pytest.fixture
def poem(tmp_path: Path) -> Path:
    path = tmp_path / "poem.txt"
    path.write_bytes(POEM)
    return path


async def test_a_file_goes_with_what_is_written_as_its_caption(browser: str, poem: Path) -> None:
    async with playing(browser) as play:
        await play.tab.type("look at this")
        await pick(play, poem)
        await play.shows("look at this")
        assert await play.tab.look("document.querySelector('#text').value") == ""
        (update,) = await play.ada.fetch()
        assert update["message"]["caption"] == "look at this"
        told = await play.ada.call("getFile", file_id=update["message"]["document"]["file_id"])
        url = f"{play.ada.root}/file/bot{play.ada.token}/{told['file_path']}"
        async with play.ada.http.get(url) as answer:
            assert await answer.read() == POEM
        shown = await play.tab.texts("#log .row.own")
        assert "poem.txt" in shown[0]


async def test_a_file_needs_no_words_and_goes_to_discord_as_well(browser: str, poem: Path) -> None:
    async with playing(browser, discord=True) as play:
        await pick(play, poem, "-beside")
        await play.tab.sees("document.querySelector('#log-beside').innerText.includes('poem.txt')")
        (said,) = [
            one for one in play.room("general").messages.values() if one.more.get("attachments")
        ]
        assert (said.text, said.more["attachments"][0]["size"]) == ("", len(POEM))


async def test_what_is_refused_comes_back_to_be_sent_again(browser: str, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.touch()
    async with playing(browser) as play:
        await play.tab.type("look at this")
        await pick(play, empty)
        await play.tab.sees("document.querySelector('#toasts').innerText.includes('empty')")
        assert await play.tab.look("document.querySelector('#text').value") == "look at this"
        assert all("400" in error for error in play.tab.errors)
        play.tab.errors.clear()
