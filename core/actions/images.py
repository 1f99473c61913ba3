"""GENERATE_IMAGE: make a picture and show it here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from core.actions.desk import Desk, failed
from core.errors import ModelError
from core.files import TooLarge
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
    picture = _picture(made)
    if not picture:
        return failed("A picture was made, but it cannot be shown here.", "no-picture")
    content = {
        "text": "",
        "actions": ["GENERATE_IMAGE"],
        "attachments": [{**picture, "contentType": "image/png", "title": "Generated image"}],
    }
    try:
        said = await turn.say(content)
    except (TooLarge, OSError):
        return failed("A picture was made, but it cannot be shown here.", "not-kept")
    shown = [str(one.get("url", "")) for one in said.content.attachments]
    return ActionResult(text="The picture is shown.", data={"imageUrl": shown[0] if shown else ""})


def _picture(made: Any) -> Mapping[str, Any]:
    """Of elizaOS' list of {url} or {data}, a list of addresses or of bytes, or one of them."""
    first = made[0] if isinstance(made, list | tuple) and made else made
    if isinstance(first, Mapping):
        first = first.get("data") or first.get("url")
    if isinstance(first, bytes):
        return {"data": first}
    shown = isinstance(first, str) and first.startswith(("https://", "http://", "data:image/"))
    return {"url": first} if shown else {}


GENERATE_IMAGE = Action(
    "GENERATE_IMAGE",
    "Make a picture and show it here.",
    _run,
    similes=("DRAW", "CREATE_IMAGE", "RENDER_IMAGE", "DRAW_IMAGE", "IMAGE_GEN", "MAKE_IMAGE"),
    arguments=Picture,
    offered=lambda turn: turn.use(Desk).can_make(ModelType.IMAGE),
    who=Rank.MEMBER,
)
