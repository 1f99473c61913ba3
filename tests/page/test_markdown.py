"""Discord's Markdown on the page: what is shown, and what stays the words it was."""

from tests.page.play import playing

LAST = "#log-beside .row:last-child .text"
HOSTILE = (
    '<img src=x onerror="document.title=1"><script>alert(1)</script> <@1> '
    "[x](javascript:alert(1)) <javascript:alert(1)> **<b>bold</b>** `<i>`"
)


async def test_text_of_a_model_never_becomes_markup(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        embed = {"title": HOSTILE, "description": HOSTILE, "footer": {"text": HOSTILE}}
        files = [{"filename": HOSTILE, "size": 3}]
        ada, general = play.actor("Ada"), play.room("general")
        ada.says(general, HOSTILE, embeds=[embed], attachments=files)
        await play.shows("<b>bold</b>", in_=f"{LAST} strong")
        await play.shows("<i>", in_=f"{LAST} code")
        foreign = "#log-beside :is(img, script, iframe, b b, i)"
        assert await play.tab.look(f"document.querySelectorAll('{foreign}').length") == 0
        assert await play.tab.look("document.querySelectorAll('#log-beside a').length") == 0
        await play.enter_room("questions")
        play.stage.discord.post(play.room("questions"), HOSTILE, play.person("maya"), HOSTILE)
        await play.shows(HOSTILE, in_=".post b")
        foreign = ".post :is(img, script)"
        assert await play.tab.look(f"document.querySelectorAll('{foreign}').length") == 0


async def test_marks_become_elements(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        shown = {
            "**bold**": ("strong", "bold"),
            "*slanted*": ("em", "slanted"),
            "_slanted too_": ("em", "slanted too"),
            "***both***": ("em strong, strong em", "both"),
            "__under__": ("u", "under"),
            "~~gone~~": ("s", "gone"),
            "`a * b`": ("code", "a * b"),
            "```py\nx = **1**\n```": ("pre code", "x = **1**"),
            "# Great": ("h3", "Great"),
            "### Small": ("h5", "Small"),
            "-# aside": ("small", "aside"),
            "> said": ("blockquote", "said"),
            "- one\n- two": ("ul li:nth-child(2)", "two"),
            "- one\n  - inner": ("ul ul li", "inner"),
            "3. three": ("ol[start='3'] li", "three"),
            "https://example.org/a.": ("a", "https://example.org/a"),
            "[a page](https://example.org/)": ("a[rel~=noopener]", "a page"),
        }
        ada, general = play.actor("Ada"), play.room("general")
        for text, (element, words) in shown.items():
            ada.says(general, text)
            elements = ", ".join(f"{LAST} {each}" for each in element.split(", "))
            await play.shows(words, in_=elements)


async def test_what_is_not_meant_as_a_mark_stays_as_typed(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        ada, general = play.actor("Ada"), play.room("general")
        for text in ("2 * 3 * 4", "snake_case_name", "**open", "a < b > c", "#hashtag", "* ", "-x"):
            ada.says(general, text)
            await play.shows(text.strip(), in_=LAST)
            assert await play.tab.look(f"document.querySelector('{LAST}').childElementCount") == 0
        ada.says(general, "\\*not slanted\\*")
        await play.shows("*not slanted*", in_=LAST)


async def test_a_hidden_word_is_shown_by_a_press_and_not_in_the_list(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        ada = play.actor("Ada")
        room = play.stage.discord.dm(play.person("you"), ada.bot)
        await play.enter_room("Ada")
        ada.says(room, "It was ||the butler||")
        await play.tab.sees(f"document.querySelector('{LAST} .spoiler:not(.open)')")
        await play.tab.click(f"{LAST} .spoiler")
        await play.tab.sees(f"document.querySelector('{LAST} .spoiler.open')")


async def test_a_mark_that_called_nobody_is_a_plain_name(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        ada, general = play.actor("Ada"), play.room("general")
        you = f"<@{play.person('you').snowflake}>"
        text = f"@everyone and {you} in <#{general.id}>"
        ada.says(general, text, allowed_mentions={"parse": []})
        await play.shows("@everyone and @You in #general", in_=LAST)
        assert await play.tab.texts(f"{LAST} .mention") == ["#general"]
        assert await play.tab.look("!document.querySelector('.row.calling')")
        ada.says(general, text)
        await play.tab.sees("document.querySelectorAll('.row.calling').length === 1")
        assert await play.tab.texts(f"{LAST} .mention") == ["@everyone", "@You", "#general"]


async def test_a_text_full_of_marks_does_not_hold_the_page_up(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        ada, general = play.actor("Ada"), play.room("general")
        for mark in ("*", "**a", "_", "|", "~~", "`", "> ", ">>> ", "[", "<@", "*a**b", "- "):
            ada.says(general, (mark * 2000)[:2000])
        ada.says(general, "Still here")
        await play.shows("Still here", in_=LAST)
