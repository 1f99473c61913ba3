"""A bot tells who it is: commands by scope and language, a name, words, a button."""

import pytest
from telegram import (
    BotCommand,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeChatAdministrators,
    BotCommandScopeChatMember,
    MenuButtonWebApp,
    WebAppInfo,
)
from telegram.error import BadRequest

from bots.sandbox import Stage
from bots.sandbox.profile import menu_of
from tests.stage.conftest import Dial


@pytest.fixture
def dm(stage: Stage):
    return stage.dm(stage.person("Bob", username="bob"), stage.bot("Ada"))


@pytest.fixture
async def ada(stage: Stage, dial: Dial):
    async with dial(stage, stage.bot("Ada")) as client:
        yield client


async def test_people_are_offered_the_commands_of_the_narrowest_scope(stage, ada, dm):
    bob, eve = stage.person("Bob", username="bob"), stage.person("Eve")
    tea = stage.supergroup("Tea", [bob, eve], [stage.bot("Ada")])
    scopes = {
        "private": BotCommandScopeAllPrivateChats(),
        "groups": BotCommandScopeAllGroupChats(),
        "admins": BotCommandScopeAllChatAdministrators(),
        "tea": BotCommandScopeChat(tea.id),
        "eve": BotCommandScopeChatMember(tea.id, eve.id),
    }
    desk = stage.desk(stage.bot("Ada"))

    def offered(room, who, language=""):
        return [one["command"] for one in menu_of(desk, room, who, language)]

    await ada.set_my_commands([BotCommand("default", "Everywhere")])
    assert offered(tea, bob) == ["default"]
    await ada.set_my_commands([BotCommand("alle", "Überall")], language_code="de")
    assert offered(dm, bob, "de") == ["alle"]
    for name, scope in scopes.items():
        await ada.set_my_commands([BotCommand(name, f"Of {name}")], scope=scope)
    assert offered(dm, bob, "de") == ["private"]
    assert (offered(tea, bob), offered(tea, eve)) == (["tea"], ["eve"])
    await ada.delete_my_commands(scope=scopes["tea"])
    assert offered(tea, bob) == ["admins"]
    of_admins = BotCommandScopeChatAdministrators(tea.id)
    await ada.set_my_commands([BotCommand("owner", "Of the owner")], scope=of_admins)
    assert offered(tea, bob) == ["owner"]
    (kept,) = await ada.get_my_commands(scope=of_admins)
    assert (kept.command, kept.description) == ("owner", "Of the owner")


@pytest.mark.parametrize(
    ("commands", "why"),
    [
        ([("Start", "Begin")], "Bot_command_invalid"),
        ([("x" * 33, "Begin")], "Bot_command_invalid"),
        ([("start-now", "Begin")], "Bot_command_invalid"),
        ([("start", "x" * 257)], "Bot_command_description_invalid"),
        ([("start", "")], "Bot_command_description_invalid"),
        ([(f"c{n}", "One") for n in range(101)], "Bot_commands_too_much"),
    ],
)
async def test_commands_have_limits(ada, commands, why):
    with pytest.raises(BadRequest, match=why):
        await ada.set_my_commands([BotCommand(*one) for one in commands])
    assert await ada.get_my_commands() == ()


async def test_commands_of_a_chat_that_is_not_there_are_refused(ada):
    with pytest.raises(BadRequest, match="Chat not found"):
        await ada.set_my_commands([BotCommand("x", "X")], scope=BotCommandScopeChat(-100500))
    with pytest.raises(BadRequest, match="Invalid language code"):
        await ada.set_my_commands([BotCommand("x", "X")], language_code="german")


async def test_words_about_oneself_are_kept_by_language(ada):
    assert (await ada.get_my_name()).name == "Ada"
    await ada.set_my_name("Ada the Owl")
    await ada.set_my_name("Ada die Eule", language_code="de")
    names = [(await ada.get_my_name(language_code=code)).name for code in ("de", "fr")]
    assert names == ["Ada die Eule", "Ada the Owl"]
    await ada.set_my_description("An owl.")
    assert (await ada.get_my_description("en")).description == "An owl."
    await ada.set_my_short_description("Owl")
    assert (await ada.get_my_short_description()).short_description == "Owl"
    with pytest.raises(BadRequest, match="too long"):
        await ada.set_my_short_description("x" * 121)


async def test_the_menu_button_is_of_a_chat_or_of_all(ada, dm):
    app = MenuButtonWebApp("Open", WebAppInfo("https://owls.example/app"))
    await ada.set_chat_menu_button(dm.id, app)
    assert (await ada.get_chat_menu_button(dm.id)).type == "web_app"
    assert (await ada.get_chat_menu_button()).type == "commands"
    with pytest.raises(BadRequest, match="only https links"):
        await ada.set_chat_menu_button(dm.id, MenuButtonWebApp("x", WebAppInfo("http://a.org")))


async def test_people_here_have_no_pictures(stage, ada, dm):
    assert (await ada.get_user_profile_photos(dm.id)).total_count == 0
