"""What a person reads after the start."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from io import StringIO

import pytest
from rich.console import Console

from bots import welcome
from bots.links import plan_links
from core.casting import LoadedCharacter, Roster
from core.character import Character
from core.secrets import Secret
from core.settings.layers import Environment

BOT = "1089563422341193728"
TOKEN = urlsafe_b64encode(BOT.encode()).decode().rstrip("=") + ".GabcDE." + "x" * 38


@pytest.mark.parametrize(
    ("settings", "application"),
    [({}, BOT), ({"DISCORD_APPLICATION_ID": "42"}, "42")],
)
def test_the_address_that_brings_a_bot_into_a_server_is_shown(
    settings: dict[str, str], application: str
) -> None:
    ada = LoadedCharacter(
        Character(name="Ada", bio=("x",)), {"DISCORD_API_TOKEN": Secret(TOKEN)}, settings
    )
    plan = plan_links(Roster((ada,)), Environment.of())
    said = StringIO()
    welcome.show([], [], plan.off, 3000, False, plan.links, Console(file=said, width=200))
    assert (
        f"https://discord.com/oauth2/authorize?client_id={application}&permissions=380141685824"
        "&scope=bot+applications.commands" in said.getvalue()
    )
    assert TOKEN not in said.getvalue()


def test_a_bot_with_faces_is_invited_with_the_right_to_webhooks_and_its_faces_are_not() -> None:
    ada = LoadedCharacter(Character(name="Ada", bio=("x",)), {"DISCORD_API_TOKEN": Secret(TOKEN)})
    bert = LoadedCharacter(Character(name="Bert", bio=("x",)), {}, {"DISCORD_FACE_OF": "Ada"})
    plan = plan_links(Roster((ada, bert)), Environment.of())
    said = StringIO()
    welcome.show([], [], plan.off, 3000, False, plan.links, Console(file=said, width=200))
    assert said.getvalue().count("https://discord.com/oauth2") == 1
    assert f"permissions={380141685824 + (1 << 29)}&" in said.getvalue()
