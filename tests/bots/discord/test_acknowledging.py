"""Whatever somebody starts is acknowledged in time, in the right way, and only once."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from bots.discord.slash import listed
from bots.sandbox import Bot, Fault, Stage
from core.messages import Button, Kind, Rank, Received, Reply
from core.ports import Offer, Option, OptionKind
from tests.bots.discord.conftest import Notebook, delivery, until

CHAT = Offer("chat", "Talk to me", options=(Option("message", "What you say", required=True),))
WHY = Offer("why", "Why I answered", aside=True)
NUMBER = Option("times", "How often", OptionKind.NUMBER, suggests=True)
DICE = Offer("dice", "Throws a die", options=(Option("wish", "For luck", suggests=True), NUMBER))
ANSWER = "create_interaction_response"
LATER, HEARD, CHOICES, FORM = 5, 6, 8, 9
_ALONE = 64


class Shelf:
    """core.ports.Offering, in memory; it suggests what it is given. What Discord was told stands
    while nobody `remembers` what that was: without knowing nothing is told anew."""

    def __init__(self, *offers: Offer) -> None:
        self.offers: Sequence[Offer] = offers or (CHAT, WHY, DICE)
        self.remembers = False
        self.suggestions: Sequence[str] = ()
        self.asked: list[tuple[str, str, str, dict[str, str]]] = []

    def now(self) -> Sequence[Offer]:
        return self.offers

    async def mark(self) -> str:
        if not self.remembers:
            await asyncio.Event().wait()
        return ""

    async def keep(self, mark: str) -> None:
        assert self.remembers

    def suggest(
        self, command: str, option: str, typed: str, given: Mapping[str, str]
    ) -> Sequence[str]:
        self.asked.append((command, option, typed, dict(given)))
        if typed == "crash":
            raise sqlite3.OperationalError
        return self.suggestions


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
async def link(make_link: Any, shelf: Shelf) -> Any:
    async with make_link(offering=shelf) as link:
        await tell(link, shelf.offers)
        yield link


async def tell(link: Any, offers: Sequence[Offer]) -> None:
    """What there is to use, for those too who have brought the bot along for themselves."""
    commands = list(listed(offers, "Ada").commands)
    application = link._client.application_id
    await link._client.http.bulk_upsert_global_commands(application, commands)


def answers(stage: Stage) -> list[tuple[int, int]]:
    """The kinds of what we answered at once, and their flags."""
    return [
        (call.params["type"], (call.params.get("data") or {}).get("flags", 0))
        for call in stage.discord.journal.of(ANSWER)
    ]


def started(notebook: Notebook) -> list[Received]:
    return [one for one in notebook.received if one.event_key.startswith("i:")]


async def answered(stage: Stage, number: str) -> Any:
    await until(lambda: stage.discord.interaction(number).answered)
    return stage.discord.interaction(number)


# --- commands ----------------------------------------------------------------------------------


async def test_a_command_is_stored_and_its_author_sees_that_an_answer_comes(
    link: Any, stage: Stage, ada: Bot, ed: Any, general: Any, listening: Any
) -> None:
    async with listening(link) as notebook:
        interaction = await answered(stage, ed.uses(general, ada, "chat", message="hello"))
    (received,) = started(notebook)
    inbound = link.read(received)
    assert (received.kind, received.keep, inbound.text) == (Kind.MESSAGE, True, "hello")
    assert inbound.via == f"interaction:{ada.id}:{interaction.number}:{interaction.token}"
    assert inbound.waits
    assert answers(stage) == [(LATER, 0)]


async def test_what_is_for_one_alone_is_promised_to_that_one_alone(
    link: Any, stage: Stage, ada: Bot, ed: Any, general: Any, listening: Any
) -> None:
    async with listening(link):
        await answered(stage, ed.uses(general, ada, "why"))
    assert answers(stage) == [(LATER, _ALONE)]


async def test_one_that_is_no_more_on_offer_is_acknowledged_too(
    link: Any, stage: Stage, shelf: Shelf, ada: Bot, ed: Any, general: Any, listening: Any
) -> None:
    shelf.offers = (CHAT,)
    async with listening(link) as notebook:
        await answered(stage, ed.uses(general, ada, "dice", wish="luck"))
    (received,) = started(notebook)
    assert link.read(received).command == "dice"
    assert answers(stage) == [(LATER, _ALONE)]


async def test_a_command_that_is_there_twice_is_so_no_more_once_it_was_given(
    link: Any, stage: Stage, shelf: Shelf, ada: Bot, guild: Any, general: Any, listening: Any
) -> None:
    shelf.remembers = True
    http, application = link._client.http, link._client.application_id
    kept = []
    for name in ("chat", "of-another"):
        shape = {"name": name, "description": "?", "type": 1}
        kept.append(await http.upsert_guild_command(application, guild.id, shape))
    async with listening(link) as notebook:
        for number, one in enumerate(kept, 77):
            data = {"id": one["id"], "name": one["name"], "type": 1, "guild_id": str(guild.id)}
            shape = {"id": str(number), "type": 2, "token": "t", "channel_id": str(general.id)}
            stage.discord.gateway.dispatch(ada, "INTERACTION_CREATE", shape | {"data": data})
        await notebook.until(lambda: len(started(notebook)) == 2)
        await until(lambda: bool(stage.discord.journal.of("delete_guild_application_command")))
        await asyncio.sleep(0.1)
    left = await http.get_guild_commands(application, guild.id)
    assert [one["name"] for one in left] == ["of-another"]
    assert len(await http.get_global_commands(application)) > 3


async def test_options_come_in_the_order_of_the_command(
    link: Any, stage: Stage, shelf: Shelf, ada: Bot, general: Any, listening: Any
) -> None:
    options = [{"name": "times", "type": 4, "value": 3}, {"name": "wish", "type": 3, "value": "a"}]
    data = {"name": "dice", "type": 1, "options": options}
    shape = {"id": "77", "type": 2, "token": "t", "channel_id": str(general.id), "data": data}
    async with listening(link) as notebook:
        stage.discord.gateway.dispatch(ada, "INTERACTION_CREATE", shape)
        await notebook.until(lambda: bool(started(notebook)))
    inbound = link.read(started(notebook)[0])
    assert (inbound.arguments, list(inbound.given)) == ("a 3", ["wish", "times"])


async def test_while_nothing_can_be_stored_it_is_acknowledged_in_time_all_the_same(
    link: Any, stage: Stage, ada: Bot, ed: Any, general: Any, listening: Any
) -> None:
    async with listening(link) as notebook:
        notebook.open.clear()
        number = ed.uses(general, ada, "chat", message="hello")
        interaction = await answered(stage, number)
        assert not interaction.failed
        assert not started(notebook)
        notebook.open.set()
        await notebook.until(lambda: bool(started(notebook)))
        await asyncio.sleep(0.05)
    assert answers(stage) == [(LATER, 0)], "once"


async def test_what_a_resume_repeats_is_acknowledged_once(
    link: Any, stage: Stage, ada: Bot, general: Any, listening: Any
) -> None:
    data = {"name": "help", "type": 1}
    shape = {"id": "77", "type": 2, "token": "t", "channel_id": str(general.id), "data": data}
    async with listening(link) as notebook:
        for _ in range(3):
            stage.discord.gateway.dispatch(ada, "INTERACTION_CREATE", shape)
        await notebook.until(lambda: notebook.doubles == 2)
        await asyncio.sleep(0.05)
    assert len(answers(stage)) == 1


@pytest.mark.parametrize("code", [10062, 40060])
async def test_that_it_was_too_late_or_answered_already_is_no_fault(
    link: Any,
    stage: Stage,
    ada: Bot,
    ed: Any,
    general: Any,
    listening: Any,
    caplog: pytest.LogCaptureFixture,
    code: int,
) -> None:
    stage.discord.faults.add(Fault("refuse", method=ANSWER, status=404, code=code))
    async with listening(link) as notebook:
        ed.uses(general, ada, "chat", message="hello")
        await notebook.until(lambda: bool(started(notebook)))
        await until(lambda: any(call.status for call in stage.discord.journal.of(ANSWER)))
    assert "could not answer" not in caplog.text


async def test_one_that_was_heard_on_a_lost_line_is_acknowledged_on_the_next(
    link: Any, stage: Stage, ada: Bot, ed: Any, general: Any, listening: Any
) -> None:
    async with listening(link) as notebook:
        notebook.open.clear()
        number = ed.uses(general, ada, "chat", message="hello")
        await until(lambda: notebook.asked > 1 or len(link._heard) > 0)
    assert not stage.discord.interaction(number).answered
    async with listening(link, worlds=None) as again:
        await again.until(lambda: bool(started(again)))
        await answered(stage, number)
    assert answers(stage) == [(LATER, 0)]


async def test_many_at_once_are_all_acknowledged(
    link: Any, stage: Stage, ada: Bot, ed: Any, general: Any, listening: Any
) -> None:
    async with listening(link):
        numbers = [ed.uses(general, ada, "chat", message=f"{n}") for n in range(40)]
        for number in numbers:
            assert not (await answered(stage, number)).failed
    assert answers(stage) == [(LATER, 0)] * 40


# --- menus of messages and people --------------------------------------------------------------


async def test_asking_about_a_message_opens_a_form_and_what_is_written_comes_with_the_message(
    link: Any, stage: Stage, ada: Bot, ed: Any, general: Any, listening: Any
) -> None:
    said = ed.says(general, "tea is hot leaves")
    async with listening(link) as notebook:
        number = ed.uses(general, ada, "Ask Ada about this", target=said)
        form = (await answered(stage, number)).modal
        assert form["title"] == "Ask Ada about this"
        assert not started(notebook), "nothing is asked yet"
        (field,) = form["components"]
        assert field["label"] == "What do you want to know?"
        filled = ed.fills(number, question="is that so?")
        await answered(stage, filled)
    (received,) = started(notebook)
    inbound = link.read(received)
    assert (inbound.kind, inbound.text) == (Kind.MESSAGE, "is that so?")
    assert inbound.reply_to.message == str(said.id)
    assert (inbound.reply_to.text, inbound.reply_to.author.id) == (
        "tea is hot leaves",
        str(ed.snowflake),
    )
    assert (received.keep, inbound.waits) == (True, True)
    assert answers(stage) == [(FORM, 0), (LATER, 0)]


async def test_a_form_that_stays_open_too_long_asks_about_a_message_that_it_only_names(
    make_link: Any, stage: Stage, shelf: Shelf, ada: Bot, ed: Any, general: Any, listening: Any
) -> None:
    said = ed.says(general, "tea is hot leaves")
    async with make_link(offering=shelf) as first, listening(first):
        await tell(first, shelf.offers)
        number = ed.uses(general, ada, "Ask Ada about this", target=said)
        await answered(stage, number)
    async with make_link(offering=shelf) as link, listening(link) as notebook:
        ed.fills(number)
        await notebook.until(lambda: bool(started(notebook)))
    inbound = link.read(started(notebook)[0])
    assert (inbound.reply_to.message, inbound.reply_to.author) == (str(said.id), None)
    assert inbound.text == "What do you make of this?"


async def test_why_in_the_menu_of_a_message_is_answered_to_one_alone(
    link: Any, stage: Stage, ada: Bot, ed: Any, general: Any, listening: Any
) -> None:
    said = ed.says(general, "tea is hot leaves")
    async with listening(link) as notebook:
        await answered(stage, ed.uses(general, ada, "Why?", target=said))
    inbound = link.read(started(notebook)[0])
    assert (inbound.kind, inbound.command) == (Kind.COMMAND, "why")
    assert inbound.reply_to.message == str(said.id)
    assert answers(stage) == [(LATER, _ALONE)]


async def test_asking_about_a_person_names_them(
    link: Any, stage: Stage, ada: Bot, ed: Any, general: Any, listening: Any
) -> None:
    async with listening(link) as notebook:
        await answered(stage, ed.uses(general, ada, "Ask Ada about them", target=ed))
    inbound = link.read(started(notebook)[0])
    assert inbound.kind is Kind.MESSAGE
    assert "Ed" in inbound.text


# --- suggestions ---------------------------------------------------------------------------------


async def test_what_is_suggested_while_somebody_types_is_never_stored(
    link: Any, stage: Stage, shelf: Shelf, ada: Bot, ed: Any, general: Any, listening: Any
) -> None:
    shelf.suggestions = ["six", "six", " ", "a" * 200, *map(str, range(30))]
    async with listening(link) as notebook:
        number = ed.completes(general, ada, "dice", "wish", wish="s", times=3)
        offered = (await answered(stage, number)).choices
        assert not started(notebook)
    assert shelf.asked == [("dice", "wish", "s", {"times": "3"})]
    assert offered[0] == {"name": "six", "value": "six"}
    assert len(offered) == 25
    assert [len(one["name"]) for one in offered[:3]] == [3, 100, 1]
    assert answers(stage) == [(CHOICES, 0)]


async def test_suggestions_for_a_number_are_numbers(
    link: Any, stage: Stage, shelf: Shelf, ada: Bot, ed: Any, general: Any, listening: Any
) -> None:
    shelf.suggestions = ["3", "often", "12"]
    async with listening(link):
        number = ed.completes(general, ada, "dice", "times", times="1")
        offered = (await answered(stage, number)).choices
    assert [one["value"] for one in offered] == [3, 12]


async def test_who_fails_to_suggest_stops_nothing(
    link: Any, stage: Stage, ada: Bot, ed: Any, general: Any, listening: Any
) -> None:
    async with listening(link) as notebook:
        number = ed.completes(general, ada, "dice", "wish", wish="crash")
        assert (await answered(stage, number)).choices == []
        ed.says(general, "hello")
        await notebook.hears(1)


# --- who may what, and secrets -----------------------------------------------------------------


async def test_what_somebody_may_is_known_from_what_they_started(
    link: Any, stage: Stage, ada: Bot, ed: Any, listening: Any
) -> None:
    bob = stage.person("Bob")
    guild = stage.discord.guild("The Two", [ed, bob], [ada])
    general = next(iter(guild.channels.values()))
    async with listening(link) as notebook:
        for who in (ed, bob):
            await answered(stage, who.uses(general, ada, "chat", message="hi"))
        where = started(notebook)[0].address
        ranks = [await link.rank(where, str(who.snowflake)) for who in (ed, bob)]
    assert ranks == [Rank.OWNER, Rank.MEMBER]
    assert not stage.discord.journal.of("get_guild_member")


async def test_where_the_bot_is_no_member_the_place_and_the_rank_come_with_the_event(
    link: Any, stage: Stage, ada: Bot, ed: Any, guild: Any, listening: Any
) -> None:
    bob = stage.person("Bob")
    elsewhere = stage.discord.guild("Elsewhere", [bob, ed])
    room = next(iter(elsewhere.channels.values()))
    ed.installs(ada)
    async with listening(link) as notebook:
        await answered(stage, ed.uses(room, ada, "chat", message="hi"))
        (received,) = started(notebook)
        inbound = link.read(received)
        assert await link.rank(received.address, str(ed.snowflake)) is Rank.MEMBER
    assert (inbound.is_direct, inbound.place.world) == (False, str(elsewhere.id))
    assert inbound.place.name == room.title
    assert inbound.via


async def test_no_token_is_ever_shown(
    link: Any,
    stage: Stage,
    ada: Bot,
    ed: Any,
    general: Any,
    listening: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "bots")
    stage.discord.faults.add(Fault("refuse", method=ANSWER, status=403, code=50001))
    async with listening(link) as notebook:
        number = ed.uses(general, ada, "chat", message="hello")
        await notebook.until(lambda: bool(started(notebook)))
        await until(lambda: any(call.status for call in stage.discord.journal.of(ANSWER)))
        await asyncio.sleep(0.05)
    token = stage.discord.interaction(number).token
    assert "could not answer the press of a button, or a command" in caplog.text
    assert token not in caplog.text
    assert token in orjson.loads(started(notebook)[0].payload)["d"]["token"]


# --- buttons -------------------------------------------------------------------------------------


async def shown(link: Any, stage: Stage, general: Any, *buttons: Button, **more: Any) -> Any:
    (payload,) = link.render(Reply("Tea?", buttons=buttons))
    await link.perform(replace(delivery(link, general), payload=payload))
    return stage.messages(general)[-1]


async def test_the_button_that_stops_an_answer_is_heard_as_that(
    link: Any, stage: Stage, ed: Any, general: Any, listening: Any
) -> None:
    below = await shown(link, stage, general, Button("⏹ Stop", "stop"))
    async with listening(link) as notebook:
        await answered(stage, ed.presses(below, "stop"))
    (received,) = started(notebook)
    assert (received.kind, received.author) == (Kind.STOP, str(ed.snowflake))
    assert received.address.room == str(general.id)
    assert answers(stage) == [(HEARD, 0)]
