"""How the page behaves under keys, hostile text, narrow screens, floods and lost connections."""

import pytest
from aiohttp import ClientSession, FormData

from tests.fakes.pictures import png
from tests.page.play import Play, playing

HOSTILE = '<img src=x onerror="document.title=1"><script>alert(1)</script> & <b>bold</b>'


async def test_text_is_shown_literally_whatever_it_contains(browser: str) -> None:
    async with playing(browser) as play:
        await play.say(HOSTILE)
        await play.shows(HOSTILE)
        heard = await play.ada.hears()
        await play.ada.says(heard, HOSTILE + " indeed")
        await play.shows(HOSTILE + " indeed")
        assert (
            await play.tab.look("document.querySelectorAll('#log img, #log script, #log b').length")
            == 0
        )


async def test_a_picture_is_seen(browser: str) -> None:
    async with playing(browser) as play:
        await play.say("An owl?")
        heard = await play.ada.hears()
        bot = play.stage.bot("Ada")
        form = FormData({"chat_id": str(heard["chat"]["id"]), "caption": "An owl."})
        form.add_field("photo", png(8, 8), filename="owl.png", content_type="image/png")
        async with (
            ClientSession() as session,
            session.post(f"{play.stage.root}/bot{bot.token}/sendPhoto", data=form) as answer,
        ):
            assert answer.status == 200
        await play.shows("An owl.")
        loaded = "document.querySelector('img.picture')?.naturalWidth === 8"
        await play.tab.sees(loaded)


async def test_entities_become_elements_and_unsafe_links_stay_words(browser: str) -> None:
    async with playing(browser) as play:
        await play.say("Show me")
        heard = await play.ada.hears()
        text = "😀 bold inside italic, code, secret, good, bad"

        def mark(kind: str, words: str, **more: str) -> dict[str, object]:
            start = len(text[: text.index(words)].encode("utf-16-le")) // 2
            return {"type": kind, "offset": start, "length": len(words), **more}

        marks = [
            mark("bold", "bold"),
            mark("italic", "bold inside italic"),
            mark("code", "code"),
            mark("spoiler", "secret"),
            mark("text_link", "good", url="https://example.org/"),
            mark("text_link", "bad", url="javascript:document.title=1"),
        ]
        await play.ada.says(heard, text, entities=marks)
        await play.shows("bold inside italic", in_="#log em")
        await play.shows("bold", in_="#log em > strong")
        await play.shows("code", in_="#log code")
        assert await play.tab.texts("#log .text a") == ["good"]
        assert await play.tab.look("!document.querySelector('.spoiler.open')")
        await play.tab.click(".spoiler")
        await play.shows("secret", in_=".spoiler.open")


async def test_the_keyboard_alone_is_enough(browser: str) -> None:
    async with playing(browser) as play:
        tab = play.tab
        await tab.press("Alt+ArrowDown", "Alt+ArrowDown")
        await play.shows("Tea room", in_=".heading h2")
        await play.say("Tea, anyone?")
        await play.shows("Tea, anyone?")
        await tab.press("Shift+Tab", "Shift+Tab")
        assert await tab.look("document.activeElement.id") == "log"
        await tab.press("ArrowUp", "Enter")
        await tab.sees("document.activeElement.closest('.menu-row')")
        await tab.press("ArrowRight", "Enter")
        await tab.sees("document.querySelector('.row.own .chip[aria-pressed=true]')")
        await tab.press("Enter", "Escape")
        assert await tab.look("!document.querySelector('.menu')")
        assert await tab.look("document.activeElement.classList.contains('row')")
        await tab.press("Enter", "ArrowDown", "ArrowDown", "Enter")
        await play.shows("Edit message", in_=".about b")
        await tab.press("Escape", "Alt+ArrowUp", "Alt+ArrowUp")
        await play.shows("Ada", in_=".heading h2")
        assert await tab.look("document.activeElement.id") == "text"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("width", "height"), [(360, 640), (1280, 800)])
async def test_the_page_fits_its_window_in_either_colour(
    browser: str, dark: bool, width: int, height: int
) -> None:
    async with playing(browser, dark=dark, width=width, height=height) as play:
        await play.say("A rather long word: " + "wide" * 60)
        heard = await play.ada.hears()
        await play.ada.says(heard, "<pre>" + "wide " * 60 + "</pre>", parse_mode="HTML")
        await play.tab.sees("document.querySelector('#log pre')")
        assert await play.tab.look("document.documentElement.scrollWidth") == width
        assert await play.tab.look("document.querySelector('#scroller').scrollWidth") <= width
        light = await play.tab.look(
            "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3)"
            ".reduce((sum, part) => sum + Number(part), 0) / 3"
        )
        assert (light < 60) if dark else (light > 200)


async def test_a_narrow_screen_shows_the_list_or_the_chat(browser: str) -> None:
    async with playing(browser, width=360, height=640) as play:
        assert await play.tab.look("document.querySelector('.sidebar').offsetWidth") == 0
        await play.tab.click("#back")
        await play.enter("Tea room")
        assert await play.tab.look("document.querySelector('.sidebar').offsetWidth") == 0
        assert await play.tab.look("document.activeElement.id") == "text"


async def flood(play: Play, count: int) -> None:
    state = await play.state()
    maya = next(person["id"] for person in state["people"] if person["name"] == "Maya")
    tea = next(chat["id"] for chat in state["chats"] if chat["title"] == "Tea room")
    for number in range(count):
        answer = await play.act(
            **{
                "as": maya,
                "do": "send",
                "chat": tea,
                "topic": None,
                "text": f"no {number}",
                "reply_to": None,
            }
        )
        assert answer["ok"]


async def test_two_thousand_messages_leave_five_hundred_rows_and_all_can_be_reached(
    browser: str,
) -> None:
    async with playing(browser) as play:
        await play.enter("Tea room")
        await flood(play, 2000)
        await play.shows("no 1999")
        assert await play.tab.look("document.querySelectorAll('#log .row').length") == 500
        box = "document.querySelector('#scroller')"
        await play.tab.sees(f"{box}.scrollHeight - {box}.clientHeight - {box}.scrollTop < 2")
        for _ in range(40):
            await play.tab.look(f"{box}.scrollTop = 0")
            await play.tab.look(
                "new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
            )
            if "no 0" in await play.tab.texts("#log .row:nth-child(-n+3) .text"):
                break
        else:
            raise AssertionError("the first message was never reached")
        assert await play.tab.look("document.querySelectorAll('#log .row').length") <= 500
        await play.tab.click("#latest")
        await play.shows("no 1999")


async def test_a_lost_connection_is_said_and_what_was_missed_is_fetched(browser: str) -> None:
    async with playing(browser) as play:
        await play.say("Before")
        heard = await play.ada.hears()
        await play.shows("Before")
        await play.close()
        await play.tab.sees("!document.querySelector('#banner').hidden")
        await play.ada.says(heard, "Meanwhile")
        await play.reopen()
        await play.tab.sees("document.querySelector('#banner').hidden")
        await play.shows("Meanwhile")
        await play.ada.says(heard, "Afterwards")
        await play.shows("Afterwards")
        # The browser notes each try that found nobody.
        await play.tab.look("1")
        play.tab.errors[:] = [error for error in play.tab.errors if "net::ERR" not in error]
