"""Opening lines: what an author lets a character say to /start, and in turn to each /reset."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from core.flow.commands import Done
from core.flow.work import Work
from core.lore.past import greeting_key, past_key
from core.prompting.sheet import fill
from core.prompting.talk import WHOEVER
from core.prompting.words import named
from core.state import Reader

_JUST_BEFORE = timedelta(milliseconds=1)


async def opening(work: Work, read: Reader, now: datetime) -> Done | None:
    """The greeting with which the talk begins, or begins anew; None where there is none to say.

    Which one it was goes into the turn's own commit.
    """
    part, room, lead = work.part, work.spot.room, work.lead
    if lead.command == "reset" and part.character.lorebook and not work.private:
        work.later.append(lambda unit: unit.cache.drop(part.id, past_key(room)))
    greetings = part.character.greetings
    if lead.command not in ("start", "reset") or not greetings:
        return None
    number = 0
    if lead.command == "reset":
        if len(greetings) == 1:
            return None
        said = await read(lambda unit: unit.cache.get(part.id, greeting_key(room), now))
        number = (said + 1) % len(greetings) if isinstance(said, int) else 0
        # What was asked for is the last of the old talk, whatever the platform's clock says.
        work.heard = [
            replace(one, created_at=min(one.created_at, now - _JUST_BEFORE)) for one in work.heard
        ]
    if not work.private:
        work.later.append(lambda unit: unit.cache.put(part.id, greeting_key(room), number))
    user = named(lead.author.name) if lead.author.name.strip() else WHOEVER
    say = fill(greetings[number], part.character.name, user).strip()
    return Done(say, forget_talk=lead.command == "reset", begins=True) if say else None
