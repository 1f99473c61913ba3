"""Two conversations beside each other, and how one gets from one to the other."""

import pytest

from tests.page.play import Play, playing

HEADINGS = ".chat:not([hidden]) .heading h2"


async def show(play: Play, *titles: str) -> None:
    """Wait until these conversations are on screen, in this order."""
    await play.tab.sees(
        f"[...document.querySelectorAll('{HEADINGS}')].map((it) => it.innerText).join('|')"
        f" === '{'|'.join(titles)}'"
    )


async def test_a_chat_opens_beside_the_other_platform_and_not_over_it(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        await show(play, "Ada", "#general")
        await play.enter_room("stories", heading="#stories")
        await show(play, "Ada", "#stories")
        await play.enter("Eliza")
        await show(play, "Eliza", "#stories")


async def test_one_conversation_is_closed_and_the_other_opened_beside_again(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        await show(play, "Ada", "#general")
        await play.tab.click("#unsplit")
        await show(play, "#general")
        assert await play.tab.look("document.activeElement.id") == "text"
        await play.tab.click("#split")
        await show(play, "#general", "Ada")
        await play.tab.click("#unsplit-beside")
        await show(play, "#general")
        await play.tab.look(
            "document.querySelector('.entry-chat').dispatchEvent("
            "new MouseEvent('click', {bubbles: true, shiftKey: true}))"
        )
        await show(play, "#general", "Ada")


async def test_f6_goes_from_one_conversation_to_the_other(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        await show(play, "Ada", "#general")
        assert await play.tab.look("document.activeElement.id") == "text"
        await play.tab.press("F6")
        assert await play.tab.look("document.activeElement.id") == "text-beside"
        await play.say("Hello from the keyboard")
        await play.shows("Hello from the keyboard", in_="#log-beside .text")
        await play.tab.press("Alt+ArrowDown")
        await show(play, "Ada", "Plans for Friday")
        await play.tab.press("F6")
        assert await play.tab.look("document.activeElement.id") == "text"


async def test_reloading_shows_the_same_two_conversations(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        await play.enter("Tea room")
        await play.enter_room("stories", heading="#stories")
        await play.tab.call("Page.reload")
        await show(play, "Tea room", "#stories")


async def test_a_narrow_window_shows_one_conversation_at_a_time(browser: str) -> None:
    async with playing(browser, discord=True, width=390, height=700) as play:
        await show(play, "Ada")
        await play.tab.click("#back")
        await play.enter_room("general", heading="#general")
        await show(play, "#general")
        assert await play.tab.look("document.activeElement.id") == "text"
        assert await play.tab.look("document.querySelector('.sidebar').offsetWidth") == 0


async def test_a_window_made_narrow_keeps_the_conversation_one_is_in(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        await play.tab.click("#text-beside")
        await play.tab.resize(600, 800)
        await show(play, "#general")
        await play.tab.resize(1280, 800)
        await show(play, "#general", "Ada")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("width", "height"), [(360, 640), (1024, 700), (1440, 900)])
async def test_both_platforms_fit_the_window_in_either_colour(
    browser: str, dark: bool, width: int, height: int
) -> None:
    async with playing(browser, discord=True, dark=dark, width=width, height=height) as play:
        if width < 1000:
            await play.tab.click("#back")
            await play.enter_room("general", heading="#general")
        words = "wide" * 60 + "\n```\n" + "wide " * 60 + "\n```"
        play.actor("Ada").says(play.room("general"), words)
        await play.tab.sees("document.querySelector('.flat pre')")
        assert await play.tab.look("document.documentElement.scrollWidth") == width
        for scroller in ("#scroller", "#scroller-beside"):
            box = f"document.querySelector('{scroller}')"
            assert await play.tab.look(f"{box}.scrollWidth <= {box}.clientWidth")
