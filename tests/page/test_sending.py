"""What a person sends on Telegram's side of the page beside words, and does with what is there."""

from pathlib import Path

import pytest

from bots.sandbox import media
from tests.fakes.pictures import png
from tests.page.play import Play, playing


async def pick(play: Play, *paths: Path, entry: str = "File…") -> None:
    """Choose files in the window that an entry of the paper clip's menu opens."""
    await play.tab.call("Page.setInterceptFileChooserDialog", enabled=True)
    await play.tab.click("#attach")
    await play.choose(entry)
    asked = await play.tab.call("Runtime.evaluate", expression="document.querySelector('#file')")
    chosen = asked["result"]["objectId"]
    await play.tab.call("DOM.setFileInputFiles", files=[*map(str, paths)], objectId=chosen)


async def give(play: Play, entry: str) -> None:
    await play.tab.click("#attach")
    await play.choose(entry)


async def heard(play: Play, field: str) -> dict[str, object]:
    """The next message to the bot that has this field."""
    while True:
        for update in await play.ada.fetch(timeout=8):
            if field in update.get("message", {}):
                return dict(update["message"])


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "one.png", tmp_path / "two.png"]
    for seed, path in enumerate(paths):
        path.write_bytes(png(40, 30, seed=seed))
    return paths


async def test_one_picture_goes_as_a_photo_and_several_as_an_album_in_one_row(
    browser: str, pictures: list[Path]
) -> None:
    async with playing(browser) as play:
        await pick(play, pictures[0], entry="Photo, video or sound…")
        await play.tab.sees("document.querySelector('.own .picture')?.naturalWidth === 40")
        assert (await heard(play, "photo"))["photo"]
        await play.tab.type("our trip")
        await pick(play, *pictures, entry="Photo, video or sound…")
        await play.tab.sees("document.querySelectorAll('.mosaic .picture').length === 2")
        await play.shows("our trip")
        first = await heard(play, "media_group_id")
        assert first["caption"] == "our trip"
        rows = "document.querySelectorAll('#log .row:not([hidden])').length"
        assert await play.tab.look(rows) == 2


async def test_an_album_is_forwarded_and_deleted_as_one(browser: str) -> None:
    async with playing(browser) as play:
        you, ada = play.person("you"), play.stage.bot("Ada")
        dm = play.stage.dm(you, ada)
        you.sends_album(dm, media.photo(png(8, 8)), media.photo(png(9, 9)), caption="Owls")
        await play.tab.sees("document.querySelectorAll('.mosaic .picture').length === 2")
        await play.tab.click("#log .row:not([hidden]) .text", button="right")
        await play.choose("Forward…")
        await play.choose("Tea room")
        await play.shows("Forwarded from You", in_=".passed")
        await play.tab.sees("document.querySelectorAll('.mosaic .picture').length === 2")
        await play.tab.click("#log .row:not([hidden]) .text", button="right")
        await play.choose("Delete")
        await play.tab.sees("!document.querySelector('#log .row:not(.gone)')")


async def test_sounds_can_be_heard_and_saved_and_files_saved(browser: str, tmp_path: Path) -> None:
    notes = tmp_path / "notes.html"
    notes.write_text("<script>document.title = 1</script>")
    async with playing(browser) as play:
        await give(play, "Voice message")
        await play.tab.sees("document.querySelector('.own .sound audio')")
        assert (await heard(play, "voice"))["voice"]
        kind = "fetch(document.querySelector('.sound audio').src).then((it) => it.headers.get('Content-Type'))"
        assert await play.tab.look(kind) == "audio/ogg"
        await pick(play, notes)
        await play.shows("notes.html", in_=".own .file a")
        told = await play.tab.look(
            "fetch(document.querySelector('.file a').href)"
            ".then((answer) => answer.headers.get('Content-Disposition'))"
        )
        assert told == "attachment"


async def test_stickers_and_throws_are_a_press_away(browser: str) -> None:
    async with playing(browser) as play:
        await give(play, "Sticker 🦉")
        await play.tab.sees("document.querySelector('img.sticker')?.naturalWidth === 512")
        sticker = await heard(play, "sticker")
        assert isinstance(sticker["sticker"], dict)
        assert sticker["sticker"]["emoji"] == "🦉"
        await give(play, "Throw a dice")
        await play.tab.sees("document.querySelector('.throw b')?.innerText > 0")


async def test_a_place_and_a_contact_are_filled_in(browser: str) -> None:
    async with playing(browser) as play:
        await give(play, "Location…")
        await play.tab.click("input[name=title]")
        await play.say("The Inn")
        await play.shows("The Inn", in_=".card-row b")
        assert (await heard(play, "venue"))["venue"]
        await give(play, "Contact…")
        await play.tab.type("Noor Ahmadi")
        await play.tab.press("Tab")
        await play.say("+49 30 1")
        await play.shows("Noor Ahmadi", in_=".card-row b")


async def test_a_poll_is_made_voted_in_and_the_vote_taken_back(browser: str) -> None:
    async with playing(browser) as play:
        await give(play, "Poll…")
        await play.tab.type("Tea or coffee?")
        await play.tab.press("Tab")
        await play.tab.type("Tea")
        await play.tab.press("Enter")
        await play.tab.type("Coffee")
        await play.tab.click(".dialog .primary")
        await play.tab.click(".option:nth-of-type(2)")
        await play.shows("100%", in_=".option[aria-pressed=true] b")
        held = "document.activeElement.dataset.key === 'option 1'"
        assert await play.tab.sees(held)
        await play.tab.press("Enter")
        await play.tab.sees("!document.querySelector('.option[aria-pressed=true]')")


async def test_words_of_a_message_are_quoted(browser: str) -> None:
    async with playing(browser) as play:
        await play.say("tea or coffee")
        await play.shows("tea or coffee")
        await play.tab.look(
            "(() => { const words = document.querySelector('#log .text').firstChild;"
            " getSelection().setBaseAndExtent(words, 7, words, 13); })()"
        )
        await play.tab.click("#log .row .bubble", button="right")
        await play.choose("Quote")
        await play.shows("Quote from You", in_=".about b")
        await play.say("that one")
        await play.shows("coffee", in_=".row.own .quote span")
        assert (await heard(play, "quote"))["text"] == "that one"


async def test_a_caption_is_edited_and_a_sticker_is_not(browser: str) -> None:
    async with playing(browser) as play:
        you = play.person("you")
        dm = play.stage.dm(you, play.stage.bot("Ada"))
        you.hands(dm, media.photo(png(8, 8)), "an ow")
        you.hands(dm, media.sticker())
        await play.tab.sees("document.querySelector('.sticker')")
        await play.tab.press("ArrowUp")
        await play.say("l")
        await play.shows("an owl")
        await play.shows("edited", in_=".row.own .edited")
        await play.tab.click(".sticker", button="right")
        await play.tab.sees("document.querySelector('.menu')")
        assert "Edit" not in await play.tab.texts(".menu .menu-item")


async def test_everything_fits_a_narrow_window_and_can_be_walked_through(browser: str) -> None:
    async with playing(browser, dark=True, width=360, height=640) as play:
        you = play.person("you")
        dm = play.stage.dm(you, play.stage.bot("Ada"))
        album = (media.photo(png(400, 30)), media.video(), media.photo(png(30, 400)))
        you.sends_album(dm, *album, caption="a long one " * 20)
        for thing in (
            media.photo(png(2000, 900)),
            media.video_note(),
            media.voice(),
            media.audio(title="wide" * 30),
            media.venue(1.5, 2.5, "The Inn " * 12, "Unter den Linden " * 9),
            media.contact("+49 30 1234567890", "Noor" * 12),
            media.poll("Which? " * 30, ["wide" * 20, "No"]),
            media.photo(png(20, 20), spoiler=True),
        ):
            you.hands(dm, thing)
        keys = [["wide " * 9, "wide " * 9, "Yes"]] * 9
        words = {"chat_id": dm.id, "text": "Pick", "reply_markup": {"keyboard": keys}}
        await play.ada.call("sendMessage", **words)
        await play.tab.sees("!document.querySelector('#keyboard').hidden")
        assert await play.tab.look("document.documentElement.scrollWidth") == 360
        box = "document.querySelector('#scroller')"
        assert await play.tab.look(f"{box}.scrollWidth <= {box}.clientWidth")
        await play.tab.look("document.querySelector('#log').focus()")
        await play.tab.press("Home", "ArrowDown")
        await play.tab.sees("document.activeElement.querySelector('img')?.naturalWidth === 2000")
        await play.tab.click(".spoiler")
        await play.tab.sees("document.querySelector('.spoiler.open img')")
