"""What stands below its name among a server's members."""

from __future__ import annotations

from typing import Any

from bots.discord.presence import activity_of
from bots.discord.ways import Ways
from bots.sandbox import Bot, Stage
from tests.bots.discord.conftest import listens, until

CUSTOM = 4


def shown(stage: Stage, bot: Bot) -> Any:
    """What the sessions of a bot have told of it."""
    return [one.presence for one in stage.discord.gateway.logins.of(bot.id)]


async def test_it_is_told_with_the_login_and_again_with_the_next_at_no_request(
    make_link: Any, stage: Stage, general: Any, ada: Bot, ed: Any
) -> None:
    gateway = stage.discord.gateway
    made = make_link(ways=Ways(presence="Reading about moths"))
    async with made as link, listens(link) as notebook:
        (told,) = shown(stage, ada)
        (activity,) = told["activities"]
        assert (activity["type"], activity["state"]) == (CUSTOM, "Reading about moths")
        assert told["status"] == "online"
        gateway.invalidate(ada)
        await until(lambda: gateway.sessions(ada).identifies == 2)
        ed.says(general, "hello")
        await notebook.hears(1)
        assert [one["activities"][0]["state"] for one in shown(stage, ada)] == [
            "Reading about moths"
        ]
    assert gateway.sessions(ada).identifies == 2


async def test_without_words_nothing_is_told(
    link: Any, stage: Stage, general: Any, ada: Bot
) -> None:
    async with listens(link):
        assert [one.get("activities") or [] for one in shown(stage, ada)] == [[]]


def test_it_is_one_line_of_at_most_what_discord_shows() -> None:
    activity = activity_of(" one\n two  " + "x" * 200)
    assert activity is not None
    assert str(activity.state).startswith("one two x")
    assert len(str(activity.state)) == 128
    assert activity_of(" \n ") is None
