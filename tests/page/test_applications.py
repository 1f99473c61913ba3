"""What a person does with the applications of Discord on the page: commands, menus, forms, polls."""

import asyncio
from typing import Any

from tests.page.play import Play, playing

FLAT = "#log-beside .row.flat .text"
BESIDE = "#text-beside"
_TEA = {
    "name": "tea",
    "description": "make some",
    "options": [
        {"type": 3, "name": "kind", "description": "which", "required": True,
         "choices": [{"name": "Green tea", "value": "g"}, {"name": "Black tea", "value": "b"}]},
        {"type": 4, "name": "cups", "description": "how many"},
        {"type": 3, "name": "cake", "description": "with it", "autocomplete": True},
    ],
}  # fmt: skip


async def knows(play: Play, *commands: dict[str, Any]) -> None:
    """Let Ada tell Discord of her commands."""
    ada = play.actor("Ada").bot
    root = play.stage.discord.api_root
    head = {"Authorization": f"Bot {ada.token}"}
    path = f"{root}/applications/{ada.id}/commands"
    async with play.ada.http.put(path, json=list(commands), headers=head) as answer:
        assert answer.status == 200, await answer.text()


async def answers(play: Play, number: str, kind: int, data: Any = None) -> None:
    it = play.stage.discord.interaction(number)
    path = f"{play.stage.discord.api_root}/interactions/{number}/{it.token}/callback"
    async with play.ada.http.post(path, json={"type": kind, "data": data}) as answer:
        assert answer.status < 300, await answer.text()


async def next_of(given: "asyncio.Queue[dict[str, Any]]") -> dict[str, Any]:
    async with asyncio.timeout(8):
        return await given.get()


async def entry_of(play: Play, of: str, label: str) -> None:
    """Choose an entry of the menu of a message."""
    await play.tab.look(
        f"document.querySelector({of!r}).dispatchEvent("
        "new MouseEvent('contextmenu', {bubbles: true, cancelable: true}))"
    )
    await play.choose(label)


async def test_a_command_is_typed_with_its_options_their_choices_and_what_the_bot_suggests(
    browser: str,
) -> None:
    async with playing(browser, discord=True) as play:
        await knows(play, _TEA)
        given = play.interactions()
        await play.tab.click(BESIDE)
        await play.tab.type("/te")
        await play.shows("/tea", in_="#offers-beside .offer b")
        await play.tab.press("Tab")
        await play.shows("kind:", in_="#offers-beside .offer b")
        await play.tab.press("Tab")
        await play.shows("Green tea", in_="#offers-beside .offer b")
        await play.tab.type("bl")
        await play.tab.sees("document.querySelectorAll('#offers-beside .offer').length === 1")
        await play.tab.press("Tab")
        await play.tab.sees(f"document.querySelector('{BESIDE}').value === '/tea kind: Black tea '")
        await play.tab.type("cups: 2 cake: app")
        asked = await next_of(given)
        assert (asked["completing"], asked["options"]["cake"]) == ("cake", "app")
        choices = [{"name": "Apple pie", "value": "pie"}]
        await answers(play, asked["number"], 8, {"choices": choices})
        await play.shows("Apple pie", in_="#offers-beside .offer b")
        await play.tab.press("Tab")
        await play.tab.press("Enter")
        used = await next_of(given)
        while used["completing"]:
            used = await next_of(given)
        assert used["options"] == {"kind": "b", "cups": 2, "cake": "pie"}
        await answers(play, used["number"], 5)
        await play.shows("Ada is thinking…", in_=f"{FLAT} .thinking")


async def test_a_form_is_filled_in_and_its_whisper_is_dismissed(browser: str) -> None:
    async with playing(browser, discord=True) as play:
        await knows(play, {"name": "about", "description": "tell"}, {"name": "Ask Ada", "type": 3})
        given = play.interactions()
        play.actor("Eliza").says(play.room("general"), "How do you do?")
        await play.shows("How do you do?", in_=FLAT)
        await entry_of(play, FLAT, "Ask Ada")
        used = await next_of(given)
        assert used["options"]["target"].text == "How do you do?"
        words = {"type": 4, "custom_id": "q", "label": "What do you want to know?", "style": 2}
        form = {"custom_id": "f", "title": "Ask Ada"}
        row = {"type": 1, "components": [words]}
        await answers(play, used["number"], 9, {**form, "components": [row]})
        await play.shows("Ask Ada", in_=".dialog h2")
        await play.tab.type("Why?")
        await play.tab.click(".dialog .primary")
        filled = await next_of(given)
        assert filled["fields"] == {"q": "Why?"}
        await answers(play, filled["number"], 4, {"content": "Because", "flags": 64})
        await play.shows("Because", in_=FLAT)
        await play.tab.click(".aside .plain")
        await play.tab.sees("!document.querySelector('#log-beside').innerText.includes('Because')")


async def test_people_vote_and_see_what_was_passed_on_and_who_speaks_behind_a_mask(
    browser: str,
) -> None:
    async with playing(browser, discord=True) as play:
        you, general = play.person("you"), play.room("general")
        said = play.person("maya").says(general, "The owl is wise")
        play.person("maya").forwards(play.room("stories"), said)
        poll = play.person("maya").sends_poll(general, "Which tea?", ["Green", "Black"])
        await play.tab.click("#log-beside .poll [data-key='option 1']")
        await play.tab.sees("document.querySelector('#log-beside [aria-pressed=true]')")
        assert general.messages[poll.id].more["poll"]["votes"]["2"] == [you.id]
        play.stage.discord.role(
            general.guild, "Masks", [play.actor("Ada").bot], permissions=1 << 29
        )
        head = {"Authorization": f"Bot {play.actor('Ada').bot.token}"}
        root = play.stage.discord.api_root
        path, name = f"{root}/channels/{general.id}/webhooks", {"name": "Masks"}
        async with play.ada.http.post(path, json=name, headers=head) as answer:
            hook = await answer.json()
        body = {"content": "I am Bob", "username": "Bob"}
        path = f"{root}/webhooks/{hook['id']}/{hook['token']}"
        async with play.ada.http.post(path, json=body) as answer:
            assert answer.status == 204
        await play.shows("Bob", in_="#log-beside .sender")
        await play.enter_room("stories", heading="#stories")
        await play.tab.sees(
            "document.querySelector('.snapshot').innerText.includes('The owl is wise')"
        )
