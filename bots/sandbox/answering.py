"""The methods with which a bot answers what was asked of it: presses, inline queries, summons."""

from typing import Any

from bots.sandbox.asked import Asked, bad
from bots.sandbox.desks import Desk
from bots.sandbox.world import World

_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
_PRESS_LIVES = 60.0


def answer_callback_query(world: World, desk: Desk, asked: Asked) -> Any:
    press = asked.text("callback_query_id") or ""
    pressed = desk.presses.pop(press, None)
    if pressed is None or world.now() - pressed > _PRESS_LIVES:
        raise bad(_TOO_OLD)
    if len(asked.text("text") or "") > 200:
        raise bad("MESSAGE_TOO_LONG")
    desk.answers[press] = {"text": asked.text("text"), "show_alert": asked.flag("show_alert")}
    world.tell({"fact": "answered", "bot": desk.bot.id, "press": press, **desk.answers[press]})
    return True
