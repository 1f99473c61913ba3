"""Choices made by pressing a button or in plain words: no model is asked for those."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

from core.actions import CHOOSE_OPTION
from core.flow.plans import Plan, Planned
from core.flow.work import Work
from core.ids import CharacterId, EntityId, RoomId
from core.kept import Task
from core.tasks.choices import option_of, options_of, pressed, short

OVER = "That has been decided already."
_TOLD = 2_000
_AROUND = " \t\n,;:.!?"

Open = Callable[[CharacterId, RoomId], Sequence[Task]]


class Choosing:
    """`choices` are those that are open in a room."""

    def __init__(self, choices: Open) -> None:
        self._choices = choices
        self._told: OrderedDict[tuple[str, EntityId], None] = OrderedDict()

    def pressed(self, work: Work) -> Plan | None:
        """What a press has done; None where it means a choice that is over."""
        found = pressed(work.lead.press)
        if found is None:
            return None
        for task in self._open(work):
            names = options_of(task)
            if short(task.id) == found[0] and found[1] < len(names):
                return _plan(task, names[found[1]])
        return None

    def is_choice(self, press: str) -> bool:
        return pressed(press) is not None

    def over(self, work: Work) -> str:
        """What is said to somebody who comes too late: once."""
        key = work.lead.press, work.person
        if key in self._told:
            return ""
        self._told[key] = None
        if len(self._told) > _TOLD:
            self._told.popitem(last=False)
        return OVER

    def worded(self, work: Work) -> Plan | None:
        """What somebody has chosen by writing an option's name, and nothing else.

        In a group only who was asked, or who addresses the character, means the choice.
        """
        open_now = self._open(work)
        if not open_now or len(work.inbound) > 1 or work.lead.author.is_bot:
            return None
        lead = work.lead
        addressed = lead.is_direct or lead.mentions_us or lead.replies_to_us
        written = self._written(work)
        found = [
            (task, option)
            for task in open_now
            if (task.entity == work.person if task.entity else addressed)
            and (option := option_of(task, written) or option_of(task, written.strip(_AROUND)))
        ]
        return _plan(*found[0]) if len(found) == 1 else None

    def _open(self, work: Work) -> Sequence[Task]:
        return self._choices(work.part.id, work.spot.room)

    def _written(self, work: Work) -> str:
        text = work.lead.text.strip()
        for name in (work.part.platform.handle, f"@{work.part.character.name}"):
            if name and text.casefold().startswith(name.casefold()):
                text = text[len(name) :]
        return text.lstrip(_AROUND)


def _plan(task: Task, option: str) -> Plan:
    params = {"option": option, "task": task.id[:100]}
    return Plan((Planned(CHOOSE_OPTION.name, CHOOSE_OPTION, params),))
