"""/settings: what the admins of a server or group set about how a character behaves there.

They are kept with the world, in its metadata (R-155, D-72), so that they outlive every restart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.flow import commands
from core.flow.commands import MENU, SETTINGS, Done
from core.flow.etiquette import Choice, Verdict
from core.flow.ranks import Ranks
from core.flow.work import Also, Work
from core.flow.writing import Scribe
from core.messages import Inbound, InboundStatus, Menu, Room, World
from core.ports import Store, Unit
from core.prompting.words import quoted
from core.settings import values
from core.state.house import LONGEST_LANGUAGE, LONGEST_STYLE, HouseRules, rules_of

_MOST_SUGGESTED = 25
_DEFAULT = "default"
_TAKES_BACK = frozenset({_DEFAULT, "reset", "none", "-"})
_EVERYWHERE = frozenset({"all", "any", "everywhere"})
_MARK = re.compile(r"<(?:#|@&)(\d{1,20})>")
_UNASKED = frozenset({"bypass-type", "bypass-source"})
"""Rules by which she answers what is not said to her."""
_CALLED = re.compile(r"[\s,;]+")


class Wrong(Exception):
    """What was to be set is nothing that this setting can be; the text says what can."""


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    about: str
    example: str
    few: tuple[str, ...] = ()
    """What is likely to be wanted."""
    of_channels: bool = False
    """It makes sense only where a server has channels, and roles."""


_LANGUAGES = (
    "Arabic", "Chinese", "Czech", "Dutch", "English", "Finnish", "French", "German", "Greek",
    "Hindi", "Hungarian", "Indonesian", "Italian", "Japanese", "Korean", "Polish", "Portuguese",
    "Romanian", "Russian", "Spanish", "Swedish", "Turkish", "Ukrainian", "Vietnamese",
)  # fmt: skip
RULES: Mapping[str, _Rule] = {
    one.name: one
    for one in (
        _Rule(
            "language", "the language in which I answer, whatever others write in", "German",
            _LANGUAGES,
        ),
        _Rule(
            "style", f"how I am to speak, in at most {LONGEST_STYLE} characters",
            "short and dry", ("friendly", "formal", "playful", "short and dry"),
        ),
        _Rule("channels", "where I take part", "#general", of_channels=True),
        _Rule("moderators", "roles whose members are admins to me", "@Mods", of_channels=True),
        _Rule("welcome", "whether I greet who joins: on, off, or in which channel", "off",
              ("on", "off")),
        _Rule("quiet", "whether I speak only when I am spoken to", "on", ("on", "off")),
    )
}  # fmt: skip


def bounded(verdict: Verdict, rules: HouseRules) -> Verdict:
    """The verdict within what this server has set."""
    if not rules.quiet or verdict.choice is Choice.SILENT:
        return verdict
    if verdict.choice is Choice.UNSURE or verdict.rule in _UNASKED:
        return Verdict(Choice.SILENT, "quiet")
    return verdict


def suggested(option: str, typed: str, given: Mapping[str, str]) -> Sequence[str]:
    """For whoever is filling in the form."""
    if option == "name":
        found: Iterable[str] = RULES
    else:
        rule = RULES.get(given.get("name", "").strip().lower())
        found = (*rule.few, _DEFAULT) if rule else ()
    wanted = typed.strip().casefold()
    return [one for one in found if wanted in one.casefold()][:_MOST_SUGGESTED]


class HouseRuling:
    """Shows and changes them, for admins alone; everybody reads them as `Ranks` keeps the world."""

    def __init__(self, store: Store, ranks: Ranks, scribe: Scribe) -> None:
        self._store = store
        self._ranks = ranks
        self._scribe = scribe

    async def command(self, work: Work) -> None:
        """/settings, /settings NAME, /settings NAME VALUE."""
        name, value = _asked(work.lead)
        await self._carry_out(work, name, value)

    async def pressed(self, work: Work) -> None:
        """Somebody has chosen from the menu, which may be as old as it likes."""
        chosen = work.lead.given.get("") or work.lead.text
        await self._carry_out(work, chosen.strip().lower(), "")

    async def _carry_out(self, work: Work, name: str, value: str) -> None:
        work.decided()
        part, lead, spot = work.part, work.lead, work.spot
        rank = await self._ranks.of(part, lead, spot)
        if reason := commands.refusal(SETTINGS, lead, rank):
            await self._answer(work, Done(reason, aside=True))
            return
        world, rooms = await self._store.read(lambda unit: _look(unit, work))
        rules, rule = rules_of(world), RULES.get(name)
        if rule is None:
            unknown = f"There is no setting “{quoted(name, most=40)}”.\n\n" if name else ""
            await self._answer(work, _all(work, rules, rooms, unknown))
            return
        if rule.of_channels and _is_one_room(lead):
            await self._answer(work, Done(f"There is nothing to set for {name} in this group."))
            return
        if not value:
            await self._answer(work, Done(_one(work, rule, rules, rooms)))
            return
        try:
            kept = _read(rule, value, lead, rooms)
        except Wrong as wrong:
            await self._answer(work, Done(str(wrong)))
            return
        await self._change(work, rule, kept, rooms)

    async def _change(self, work: Work, rule: _Rule, kept: Any, rooms: Sequence[Room]) -> None:
        new = HouseRules() if kept is None else rules_of(_with(_world(work), rule.name, kept))
        work.later.append(setting(work, rule.name, kept))
        told = _value(rule, new, rooms)
        await self._answer(work, Done(f"{rule.name}: {told}.{_but(work, rule, new)}"))
        work.introduction.written()
        # Only now: who looked before the commit would keep what it was for minutes.
        self._ranks.forget(work.spot.world)

    async def _answer(self, work: Work, done: Done) -> None:
        lead = work.lead
        say = commands.answer(done, lead, aside=bool(lead.via))
        if lead.press:
            say = replace(say, reply_to=None)  # what hangs below it may be seen by nobody else
        await self._scribe.write(
            work, InboundStatus.ANSWERED, f"command-{SETTINGS.name}", say=say, keep=False
        )


def setting(work: Work, name: str, kept: Any) -> Also:
    """What sets it for this server, group or direct chat; None takes it back. Once that is written,
    `work.introduction.written()` and `Ranks.forget` have to follow."""

    def change(unit: Unit) -> None:
        # So that nobody takes it for a group that is met for the first time.
        work.introduction.write(unit)
        world = unit.rooms.world(work.part.id, work.spot.world) or _world(work)
        unit.rooms.put_world(_with(world, name, kept))

    return change


def _asked(lead: Inbound) -> tuple[str, str]:
    """Which setting, and what it is to be."""
    if lead.given:
        name, value = lead.given.get("name", ""), lead.given.get("value", "")
    else:
        name, _, value = lead.arguments.strip().replace("=", " ", 1).partition(" ")
    return name.strip().rstrip(":").lower(), value.strip()


def _look(unit: Unit, work: Work) -> tuple[World | None, Sequence[Room]]:
    part, world = work.part.id, work.spot.world
    return unit.rooms.world(part, world), unit.rooms.within(part, world)


def _world(work: Work) -> World:
    """Of which nothing is kept yet."""
    place = work.lead.place
    return World(work.spot.world, work.part.id, place.world_name or place.name, place.world)


def _with(world: World, name: str, kept: Any) -> World:
    settings = world.metadata.get("settings")
    every = dict(settings) if isinstance(settings, Mapping) else {}
    declared = every.get(name)
    if isinstance(declared, Mapping):  # by a plugin, with what it is about
        every[name] = {**declared, "value": kept}
    elif kept is None:
        every.pop(name, None)
    else:
        every[name] = kept
    return replace(world, metadata={**world.metadata, "settings": every})


def _is_one_room(lead: Inbound) -> bool:
    """A group that is a world of its own has neither channels nor roles."""
    return lead.place.world in ("", lead.address.room)


# --- reading what somebody wants ------------------------------------------------------------------


def _read(rule: _Rule, text: str, lead: Inbound, rooms: Sequence[Room]) -> Any:
    """As it is kept; None where nothing is to be set any more. Raises Wrong."""
    said = " ".join(text.split())
    if said.lower() in _TAKES_BACK:
        return None
    match rule.name:
        case "language":
            return _line(rule, said, LONGEST_LANGUAGE)
        case "style":
            return _line(rule, said, LONGEST_STYLE)
        case "quiet":
            return _on_or_off(rule, said)
        case "welcome":
            if values.is_flag(said):
                return "on" if values.parse_flag(said) else "off"
            if _is_one_room(lead):
                raise Wrong(f"{rule.name} is on or off.")
            return _channel(said, lead, rooms)
        case "channels":
            if said.lower() in _EVERYWHERE:
                return None
            wanted = filter(None, _CALLED.split(said))
            return list(dict.fromkeys(_channel(one, lead, rooms) for one in wanted))
        case _:
            return list(
                dict.fromkeys(_role(one, lead) for one in filter(None, _CALLED.split(said)))
            )


def _line(rule: _Rule, said: str, most: int) -> str:
    if len(said) > most:
        raise Wrong(f"{rule.name} takes at most {most} characters.")
    return said


def _on_or_off(rule: _Rule, said: str) -> bool:
    if not values.is_flag(said):
        raise Wrong(f"{rule.name} is on or off.")
    return values.parse_flag(said)


def _channel(said: str, lead: Inbound, rooms: Sequence[Room]) -> str:
    """Its id: from a mark, an id, a name, or "here"."""
    if said.lower() == "here":
        return lead.place.within or lead.address.room
    if mark := _MARK.fullmatch(said):
        return mark[1]
    if said.isascii() and said.isdigit():
        return said
    wanted = said.lstrip("#").casefold()
    named = (one.address.room for one in rooms if _plain(one.name) == wanted)
    if (found := next(named, None)) is None:
        raise Wrong(f"I know no channel “{quoted(said, most=60)}” here.")
    return found


def _role(said: str, lead: Inbound) -> str:
    found = _MARK.fullmatch(said)
    id = found[1] if found else said
    if not (id.isascii() and id.isdigit()):
        raise Wrong("Name roles by a mention in /settings, or by their ids.")
    if id == lead.place.world:  # as Discord numbers the role that all have
        raise Wrong("That would be everybody.")
    return id


def _plain(name: str) -> str:
    return name.strip().lstrip("#").casefold()


# --- telling --------------------------------------------------------------------------------------


def _all(work: Work, rules: HouseRules, rooms: Sequence[Room], before: str) -> Done:
    shown = [one for one in RULES.values() if not (one.of_channels and _is_one_room(work.lead))]
    lines = [f"- {one.name}: {_value(one, rules, rooms)} ({one.about})" for one in shown]
    how = (
        f"{_how(work, 'NAME', 'VALUE')} changes one, {_how(work, 'NAME', _DEFAULT)} takes it back."
    )
    menus: tuple[Menu, ...] = ()
    if work.part.platform.limits.forms:
        options = tuple((one.name, one.name) for one in shown)
        menus = (Menu(MENU, options, "Look at a setting"),)
    text = f"{before}How I behave here:\n\n" + "\n".join(lines) + f"\n\n{how}"
    return Done(text, menus=menus)


def _one(work: Work, rule: _Rule, rules: HouseRules, rooms: Sequence[Room]) -> str:
    change = _how(work, rule.name, rule.example)
    back = _how(work, rule.name, _DEFAULT)
    return (
        f"{rule.name}: {_value(rule, rules, rooms)}.\nThis is {rule.about}. "
        f"{change} changes it, {back} takes it back."
    )


def _how(work: Work, name: str, value: str) -> str:
    if work.part.platform.limits.forms:
        return f"`/{SETTINGS.name} name:{name} value:{value}`"
    return f"`/{SETTINGS.name} {name} {value}`"


_VALUES: Mapping[str, Callable[[HouseRules], str]] = {
    "language": lambda rules: quoted(rules.language) or "as I am spoken to",
    "style": lambda rules: (
        f"“{quoted(rules.style, most=LONGEST_STYLE)}”" if rules.style else "mine"
    ),
    "quiet": lambda rules: "on" if rules.quiet else "off",
}


def _value(rule: _Rule, rules: HouseRules, rooms: Sequence[Room]) -> str:
    match rule.name:
        case "channels":
            return ", ".join(_named(one, rooms) for one in rules.channels) or "everywhere"
        case "moderators":
            return ", ".join(f"role `{one}`" for one in rules.moderators) or "no roles"
        case "welcome" if rules.greeting_room:
            return f"in {_named(rules.greeting_room, rooms)}"
        case "welcome":
            return rules.welcome or "as whoever runs me has set it"
    return _VALUES[rule.name](rules)


def _named(channel: str, rooms: Sequence[Room]) -> str:
    names = (one.name for one in rooms if one.address.room == channel and not one.address.thread)
    name = next(filter(None, names), "")
    return f"#{quoted(name.lstrip('#'), most=100)}" if name else f"channel `{channel}`"


def _but(work: Work, rule: _Rule, rules: HouseRules) -> str:
    """What else has to be so that it makes a difference."""
    habits = work.part.policy.habits
    if rule.name == "welcome" and rules.greets(otherwise=False) and habits is None:
        return " But I never speak first: whoever runs me has to allow that (TROUPE_INITIATIVE)."
    lead = work.lead
    if rule.name == "channels" and not rules.is_open(
        lead.address.room, lead.address.thread, lead.place.within
    ):
        return " So I am silent in this one from now on; /settings works here all the same."
    return ""
