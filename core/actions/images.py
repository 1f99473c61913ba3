"""GENERATE_IMAGE: make a picture and show it here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from core.actions.desk import Desk, failed
from core.errors import ModelError
from core.messages import Rank
from core.plugins.records import Action, ActionResult, Arguments, Turn
from core.ports import ModelType


class Picture(BaseModel):
    prompt: str = Field(min_length=1, max_length=2000)


async def _run(turn: Turn, arguments: Arguments) -> ActionResult:
    assert isinstance(arguments, Picture)
    desk = turn.use(Desk)
    try:
        made = await desk.make(ModelType.IMAGE, {"prompt": arguments.prompt, "count": 1})
    except ModelError:
        return failed("No picture could be made just now.", "model-unavailable")
    url = _url(made)
    if not url:
        return failed("A picture was made, but it cannot be shown here.", "no-address")
    picture = {"url": url, "contentType": "image/png", "title": "Generated image"}
    await turn.say(
        {"text": "", "actions": ["GENERATE_IMAGE"], "attachments": [picture]},
    )
    return ActionResult(text="The picture is shown.", data={"imageUrl": url})


def _url(made: Any) -> str:
    """Of elizaOS' list of {url}, a list of addresses, or one address."""
    first = made[0] if isinstance(made, list | tuple) and made else made
    found = first.get("url") if isinstance(first, Mapping) else first
    address = found if isinstance(found, str) else ""
    return address if address.startswith(("https://", "http://")) else ""


GENERATE_IMAGE = Action(
    "GENERATE_IMAGE",
    "Make a picture and show it here.",
    _run,
    similes=("DRAW", "CREATE_IMAGE", "RENDER_IMAGE", "DRAW_IMAGE", "IMAGE_GEN", "MAKE_IMAGE"),
    arguments=Picture,
    offered=lambda turn: turn.use(Desk).can_make(ModelType.IMAGE),
    who=Rank.MEMBER,
)
