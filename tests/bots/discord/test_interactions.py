"""What people start with commands, menus, buttons and forms of Discord's is read as what it is."""

from __future__ import annotations

from typing import Any

import pytest

from bots.discord import kinds
from core.messages import ChannelType, Inbound, Kind
from tests.bots.discord.events import (
    ADA,
    BOB,
    DIRECT,
    DM,
    EVE,
    FILE,
    GUILD,
    HELPERS,
    PRESS,
    ROOM,
    TEA,
    direct,
    heard,
    message,
    received,
)

APPLICATION, TOKEN = "1100000000000000009", "a-token"
GIVEN = "1600000000000000001"
VIA = f"interaction:{APPLICATION}:{GIVEN}:{TOKEN}"
HOUSE = {"type": 0, "id": TEA, "name": "tea", "parent_id": "1300000000000000010"}
EVENT = "INTERACTION_CREATE"


def started(kind: int, data: dict[str, Any], **more: Any) -> dict[str, Any]:
    """By Bob, in the tea room of a server that Ada is in."""
    return {
        "id": GIVEN,
        "application_id": APPLICATION,
        "type": kind,
        "token": TOKEN,
        "version": 1,
        "channel_id": TEA,
        "channel": HOUSE,
        "guild_id": GUILD,
        "member": {"user": BOB, "nick": "Bobby", "roles": [HELPERS], "permissions": "0"},
        "locale": "en-GB",
        "context": 0,
        "authorizing_integration_owners": {"0": GUILD},
        "data": data,
        **more,
    }


def command(name: str, *options: dict[str, Any], **more: Any) -> dict[str, Any]:
    given = {"id": "1700000000000000001", "name": name, "type": 1, "options": list(options)}
    return started(2, given | more.pop("data", {}), **more)


def option(name: str, value: Any, type: int = 3) -> dict[str, Any]:
    return {"name": name, "type": type, "value": value}


def menu(name: str, target: dict[str, Any], type: int = 3, **more: Any) -> dict[str, Any]:
    where = "messages" if type == 3 else "users"
    given = {"id": "1700000000000000002", "name": name, "type": type, "target_id": target["id"]}
    resolved = {where: {target["id"]: target}, **more.pop("resolved", {})}
    return started(2, given | {"resolved": resolved}, **more)


def form(id: str, written: dict[str, str], **more: Any) -> dict[str, Any]:
    fields = [
        {"type": 18, "id": 1, "component": {"type": 4, "id": 2, "custom_id": name, "value": value}}
        for name, value in written.items()
    ]
    return started(5, {"custom_id": id, "components": fields} | more.pop("data", {}), **more)


def outside(said: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The same where no server of ours is."""
    said = {key: one for key, one in said.items() if key not in ("guild_id", "member")}
    return said | {"user": BOB, "channel_id": DM, "authorizing_integration_owners": {}} | more


def read(said: dict[str, Any], scene: Any = ROOM) -> Inbound:
    return heard(said, EVENT, scene)


# --- commands ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "field"), [("chat", "message"), ("ask", "question")])
def test_chat_and_ask_are_talk_that_is_for_us_and_waits(name: str, field: str) -> None:
    said = command(name, option(field, "what is tea?"))
    inbound = read(said)
    assert (inbound.kind, inbound.text) == (Kind.MESSAGE, "what is tea?")
    assert inbound.mentions_us
    assert inbound.waits
    assert not inbound.mentions_others
    assert inbound.via == VIA
    assert (inbound.author.id, inbound.author.name) == (BOB["id"], "Bobby")
    assert inbound.author.roles == (HELPERS,)
    assert inbound.message == said["id"], "so that each has a name of its own"
    assert inbound.language == "en-gb"
    assert received(said, EVENT).keep is True
    assert received(said, EVENT).event_key == f"i:{said['id']}"


def test_what_an_answer_counts_as_read_back_is_no_command_of_discords() -> None:
    assert received(command("chat", option("message", "hi")), EVENT).seq == 0


def test_marks_in_what_is_said_with_a_command_are_shown_as_names() -> None:
    text = f"<@{BOB['id']}> and <@{ADA['id']}>, says <@{EVE['id']}>"
    said = command("chat", option("message", text), data={"resolved": {"users": {EVE["id"]: EVE}}})
    assert read(said).text == "@Bobby and @Ada, says @eve"


def test_any_other_command_comes_with_its_options_by_name_and_in_order() -> None:
    options = (
        option("text", "  of tea "),
        option("number", 20, 4),
        option("ratio", 0.5, 10),
        option("loud", True, 5),
        option("quiet", False, 5),
        option("who", BOB["id"], 6),
        option("where", TEA, 7),
    )
    inbound = read(command("Dice", *options))
    assert (inbound.kind, inbound.command) == (Kind.COMMAND, "dice")
    assert inbound.given == {
        "text": "  of tea ",
        "number": "20",
        "ratio": "0.5",
        "loud": "true",
        "quiet": "false",
        "who": BOB["id"],
        "where": TEA,
    }
    assert inbound.arguments == f"  of tea  20 0.5 true false {BOB['id']} {TEA}"
    assert inbound.waits
    assert inbound.via == VIA


def test_options_of_a_part_of_a_command_are_its_options() -> None:
    part = {"name": "set", "type": 1, "options": [option("name", "style")]}
    group = {"name": "server", "type": 2, "options": [part]}
    assert read(command("settings", group)).given == {"name": "style"}


def test_a_command_without_options_has_nothing_given() -> None:
    inbound = read(command("help"))
    assert (inbound.command, inbound.arguments, inbound.given) == ("help", "", {})


@pytest.mark.parametrize(
    "data", [{}, {"name": 5}, {"name": ""}, {"name": "??"}, 5, None, [], {"options": "x"}]
)
def test_a_command_without_a_name_is_nothing(data: object) -> None:
    assert received(command("help") | {"data": data}, EVENT).kind is Kind.OTHER


@pytest.mark.parametrize("options", [None, 5, [None, 5, {}], [{"name": 5, "value": {}}]])
def test_options_of_any_shape_are_read(options: object) -> None:
    inbound = read(command("help", data={"options": options}))
    assert inbound.command == "help"
    assert inbound.arguments == ""


# --- menus ---------------------------------------------------------------------------------------


def test_what_was_asked_about_a_message_is_an_answer_to_it() -> None:
    target = message("hot leaves", author=EVE, attachments=[FILE])
    resolved = {"resolved": {"messages": {target["id"]: target}}}
    inbound = read(form(f"ask:{target['id']}", {"question": "is that so?"}, data=resolved))
    assert (inbound.kind, inbound.text, inbound.waits) == (Kind.MESSAGE, "is that so?", True)
    assert inbound.via == VIA
    assert inbound.reply_to is not None
    assert inbound.reply_to.message == target["id"]
    assert inbound.reply_to.author is not None
    assert inbound.reply_to.author.id == EVE["id"]
    assert inbound.reply_to.text == "hot leaves"
    assert [one.name for one in inbound.reply_to.attachments] == ["notes.txt"]
    assert not inbound.replies_to_us
    assert received(form(f"ask:{target['id']}", {}), EVENT).keep is True


def test_whoever_writes_nothing_into_the_form_asks_all_the_same_in_their_language() -> None:
    target = message("hot leaves")
    german = read(form(f"ask:{target['id']}", {"question": "  "}, locale="de"))
    assert german.text == "Was sagst du dazu?"
    assert read(form(f"ask:{target['id']}", {}, locale="pt-BR")).text.startswith("O que")
    assert read(form(f"ask:{target['id']}", {}, locale="ja")).text == "What do you make of this?"


def test_a_form_that_is_sent_after_the_message_is_forgotten_still_names_it() -> None:
    inbound = read(form("ask:1400000000000000005", {"question": "why?"}))
    assert inbound.kind is Kind.MESSAGE
    assert inbound.reply_to is not None
    assert (inbound.reply_to.message, inbound.reply_to.author) == ("1400000000000000005", None)


def test_why_on_a_message_is_the_command_in_reply_to_it() -> None:
    target = message("as I said", author=ADA)
    inbound = read(menu("Why?", target))
    assert (inbound.kind, inbound.command, inbound.arguments) == (Kind.COMMAND, "why", "")
    assert inbound.reply_to is not None
    assert (inbound.reply_to.message, inbound.reply_to.text) == (target["id"], "as I said")
    assert inbound.replies_to_us
    assert inbound.waits


def test_asking_about_a_person_is_a_question_that_names_them() -> None:
    members = {"resolved": {"users": {EVE["id"]: EVE}, "members": {EVE["id"]: {"nick": "Evi"}}}}
    inbound = read(menu("Ask Ada about them", EVE, 2, **members))
    assert inbound.kind is Kind.MESSAGE
    assert inbound.text == "What can you tell me about Evi (@eve)?"
    assert inbound.reply_to is None
    assert inbound.mentions_us
    assert inbound.waits


def test_a_menu_that_is_no_more_is_a_command_that_nobody_knows() -> None:
    inbound = read(menu("Translate This!", message("salut")))
    assert (inbound.kind, inbound.command) == (Kind.COMMAND, "translatethis")


def test_the_names_of_the_menus_are_known_again() -> None:
    them, this = kinds.names("Ada")
    assert read(menu(this, message("tea"))).kind is Kind.MESSAGE
    assert read(menu(them, EVE, 2)).kind is Kind.MESSAGE


# --- buttons, menus below a message, forms of others ---------------------------------------------


def pressed(data: dict[str, Any], **below: Any) -> dict[str, Any]:
    return started(3, data, message=message(author=ADA, **below))


def test_the_press_of_a_button_waits_for_nothing() -> None:
    inbound = heard(PRESS, EVENT)
    assert (inbound.kind, inbound.press, inbound.text) == (Kind.PRESS, "again", "Once more")
    assert (inbound.waits, inbound.via, inbound.given) == (False, "", {})
    assert received(PRESS, EVENT).keep is None


def test_what_was_chosen_in_a_menu_is_given_and_its_text_is_what_stood_there() -> None:
    options = [{"value": "big", "label": "A mug"}, {"value": "blue", "label": "Glazed"}]
    row = {"type": 1, "components": [{"type": 3, "custom_id": "cup", "options": options}]}
    chosen = {"custom_id": "cup", "component_type": 3, "values": ["big", "blue"]}
    inbound = read(pressed(chosen, components=[row]))
    assert (inbound.press, inbound.text) == ("cup", "A mug Glazed")
    assert inbound.given == {"": "big\nblue"}


def test_of_people_chosen_in_a_menu_the_ids_are_given_and_the_names_shown() -> None:
    chosen = {
        "custom_id": "who",
        "component_type": 5,
        "values": [EVE["id"]],
        "resolved": {"users": {EVE["id"]: EVE}},
    }
    inbound = read(pressed(chosen))
    assert (inbound.text, inbound.given) == ("eve", {"": EVE["id"]})


@pytest.mark.parametrize("press", ["stop", "stop:17"])
def test_the_button_that_ends_an_answer_is_no_press(press: str) -> None:
    said = pressed({"custom_id": press, "component_type": 2})
    inbound = read(said)
    assert inbound.kind is Kind.STOP
    assert inbound.author.id == BOB["id"]
    assert (received(said, EVENT).author, received(said, EVENT).address.room) == (BOB["id"], TEA)
    assert not inbound.waits


def test_a_word_that_only_begins_so_is_a_press() -> None:
    assert read(pressed({"custom_id": "stopwatch", "component_type": 2})).kind is Kind.PRESS


def test_a_form_of_somebody_elses_is_a_press_with_what_was_written() -> None:
    inbound = read(form("order", {"tea": "oolong", "cups": "2"}))
    assert (inbound.kind, inbound.press) == (Kind.PRESS, "order")
    assert inbound.given == {"tea": "oolong", "cups": "2"}
    assert inbound.text == "oolong\n2"
    assert inbound.waits
    below = read(form("order", {"tea": "oolong"}, message=message(author=ADA)))
    assert (below.waits, below.via) == (False, "")
    assert below.message == message()["id"]


def test_what_stands_below_words_for_one_person_is_answered_to_that_person_alone() -> None:
    inbound = read(pressed({"custom_id": "more", "component_type": 2}, flags=64))
    assert inbound.waits
    assert inbound.via == VIA


# --- where it is -----------------------------------------------------------------------------------


def test_in_a_direct_chat_with_us_it_is_direct() -> None:
    said = outside(command("chat", option("message", "hi")), context=1, channel={"type": 1})
    inbound = read(said, DIRECT)
    assert inbound.is_direct
    assert inbound.place.channel is ChannelType.DM
    assert (inbound.place.world, inbound.address.room) == (DM, DM)


@pytest.mark.parametrize("type", [1, 3])
def test_in_a_chat_of_peoples_own_it_is_in_company_and_not_our_direct_chat(type: int) -> None:
    channel = {"type": type, "id": DM, "name": "The two of us"}
    said = outside(command("chat", option("message", "hi")), context=2, channel=channel)
    inbound = read(said, DIRECT)
    assert not inbound.is_direct
    assert inbound.place.channel is ChannelType.GROUP
    assert (inbound.place.name, inbound.place.world) == ("The two of us", DM)
    assert inbound.via == VIA


def test_in_a_server_that_knows_us_not_the_place_is_what_the_event_says() -> None:
    thread = {"type": 11, "id": TEA, "name": "On oolong", "parent_id": "1300000000000000012"}
    owners = {"1": BOB["id"]}
    said = command("chat", option("message", "hi"), channel=thread)
    from bots.discord.envelope import Scene

    inbound = read(said | {"authorizing_integration_owners": owners}, Scene(guild=GUILD))
    assert not inbound.is_direct
    assert inbound.place.channel is ChannelType.THREAD
    assert (inbound.place.name, inbound.place.world) == ("On oolong", GUILD)
    assert inbound.place.within == "1300000000000000012"


def test_a_press_where_we_cannot_write_by_ourselves_is_answered_by_its_own_way() -> None:
    said = pressed({"custom_id": "more", "component_type": 2})
    inbound = read(said | {"authorizing_integration_owners": {"1": BOB["id"]}})
    assert inbound.waits
    assert inbound.via == VIA


def test_the_name_of_a_server_and_room_that_is_known_stays() -> None:
    place = read(command("chat", option("message", "hi"))).place
    assert (place.channel, place.name, place.world) == (ChannelType.GROUP, "tea", GUILD)
    assert place.world_name == "Tea house"
    assert place.within == "", "a category is no channel that one hangs from"


@pytest.mark.parametrize("token", [None, 5, "", "a\nb", "ä"])
def test_without_a_token_no_way_leads_back(token: object) -> None:
    assert read(command("help", token=token)).via == ""


def test_the_message_of_a_direct_chat_may_be_asked_about() -> None:
    target = direct("a secret")
    resolved = {"resolved": {"messages": {target["id"]: target}}}
    said = outside(form(f"ask:{target['id']}", {"question": "?"}, data=resolved), context=1)
    inbound = read(said, DIRECT)
    assert inbound.reply_to is not None
    assert inbound.reply_to.text == "a secret"
