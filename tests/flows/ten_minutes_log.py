"""A server of Discord as somebody sees it who looks on: when, where, who, what; one line each."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from bots.sandbox import Stage
from bots.sandbox.discord import deeds
from bots.sandbox.world import Account, Change, Chat, Message

_EVENING = datetime(2026, 11, 21, 19, tzinfo=UTC)
_ALONE = 1 << 6
_ROOM, _REST = 20, 30
_SHORT = 48
_NAP = 0.5
"""Seconds that a sleep takes at most."""
_TOOK = re.compile(r"\b\d+\.\d s later")


class Evening:
    """How late it is: on the stage as the script says, for the gateway so, and as time really goes.

    The stage's clock stands between two turns, so that every evening has the same times.
    """

    def __init__(self) -> None:
        self._turned = 0.0
        self._since = time.monotonic()
        self._late = 0.0

    @property
    def passed(self) -> float:
        """Seconds since the evening began, as the stage has them."""
        return self._turned

    def stage_now(self) -> float:
        return (_EVENING + timedelta(seconds=self._turned)).timestamp()

    def now(self) -> datetime:
        return _EVENING + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        # Never back, also where a slow machine needs longer for a scene than the script gives it.
        self._late = max(self._late, self._turned + time.monotonic() - self._since)
        return self._late

    async def sleep(self, seconds: float) -> None:
        # Ten minutes take seconds here, so nobody sleeps for long either.
        await asyncio.sleep(min(max(seconds, 0.0), _NAP))

    def turn(self, seconds: float) -> None:
        self._turned += seconds
        self._since = time.monotonic()

    def until(self, moment: str) -> None:
        """Turn on to a moment of the script: "03:20"."""
        minutes, _, seconds = moment.partition(":")
        ahead = int(minutes) * 60 + int(seconds) - self._turned
        assert ahead >= 0, f"it is later than {moment}"
        self.turn(ahead)


class Chronicle:
    """Listens to a stage's world and writes down what can be seen of it on Discord."""

    def __init__(self, stage: Stage, evening: Evening) -> None:
        self.lines: list[str] = []
        self._world = stage.world
        self._evening = evening
        self._begun: dict[str, Chat] = {}
        self._tellers: dict[str, Callable[[Change], None]] = {
            "message": self._said,
            "edit": self._changed,
            "delete": self._gone,
            "deleted_together": self._purged,
            "react": self._reacted,
            "interaction": self._began,
            "choices": self._chosen_from,
            "form": self._asked_to_fill,
            "answered": self._unanswered,
            "member": self._member,
            "role": self._role,
            "chat": self._room,
            "hook": self._hook,
        }
        stage.world.listeners.append(self._hear)

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    def note(self, words: str) -> None:
        """Something that people do not see and that matters: the line, the process."""
        self._line("", f"-- {words}")

    def _hear(self, change: Change) -> None:
        if change.kind in self._tellers:
            self._tellers[change.kind](change)

    def _line(self, where: str, what: str) -> None:
        moment = _EVENING + timedelta(seconds=self._evening.passed)
        head = f"{moment:%H:%M:%S}  {where:<{_ROOM}}"
        first, *more = what.split("\n")
        self.lines.append(f"{head}{first}".rstrip())
        self.lines += [f"{'':{_REST}}  {line}".rstrip() for line in more]

    # -- messages --------------------------------------------------------------------------------

    def _said(self, change: Change) -> None:
        said = _of(change)
        match said.service:
            case None:
                self._line(place(said.chat), f"{self._head(said)}: {self._words(said)}")
            case {"thinking": _}:
                self._line(place(said.chat), f"{self._head(said)} is thinking ...")
            case _:
                pass  # that a thread begins is told of the thread

    def _changed(self, change: Change) -> None:
        said, before = _of(change), change.before
        assert before is not None
        if before.service is not None:
            self._line(place(said.chat), f"{self._head(said)}: {self._words(said)}")
        elif said.edited != before.edited:
            was = "" if said.text == before.text else f' "{_short(before.text)}"'
            head = f"{self._head(said)} changes{was} to"
            self._line(place(said.chat), f"{head}: {self._words(said)}")

    def _gone(self, change: Change) -> None:
        if not change.fact.get("together"):
            said = _of(change)
            words = f'taken away: {said.spoken_as}\'s "{_short(self._named(said.text))}"'
            self._line(place(said.chat), words)

    def _purged(self, change: Change) -> None:
        room = self._world.chats[change.fact["chat"]]
        gone = [room.messages[number] for number in change.fact["ids"]]
        shown = "".join(f'\n{one.spoken_as}\'s "{_short(one.text)}"' for one in gone)
        self._line(place(room), f"{len(gone)} messages taken away at once:{shown}")

    def _reacted(self, change: Change) -> None:
        said, fact = _of(change), change.fact
        name = self._world.accounts[fact["who"]].name
        deed = "reacts with" if fact["on"] else "takes back"
        whose = f'{said.spoken_as}\'s "{_short(self._named(said.text))}"'
        self._line(place(said.chat), f"{name} {deed} {fact['emoji']} to {whose}")

    def _head(self, said: Message) -> str:
        """Whose it is, what kind of account that is, to whom it goes, and who sees it."""
        marks = []
        if said.sender.is_bot:
            marks.append("a webhook" if said.more.get("face") else "app")
        rung = [self._world.accounts[one].name for one in said.more.get("mentions", ())]
        if said.reply_to is not None:
            whom = said.chat.messages[said.reply_to].spoken_as
            marks.append(f"to {whom}" if whom in rung else f"to {whom}, silently")
            rung = [name for name in rung if name != whom]
        if rung:
            marks.append(f"rings {', '.join(rung)}")
        if said.more.get("flags", 0) & _ALONE:
            marks.append(f"only {self._world.accounts[said.more['only_for']].name} sees it")
        return f"{said.spoken_as} ({'; '.join(marks)})" if marks else said.spoken_as

    def _words(self, said: Message) -> str:
        """Everything that a message shows."""
        shown = [self._named(said.text)] if said.text else []
        for file in said.more.get("attachments", ()):
            shown.append(f"[file] {file['filename']}, {file['size']} bytes")
        for card in said.more.get("embeds", ()):
            shown.append(f"[card] {card.get('title', '')}")
            shown += [f"  {one['name']}: {one['value']}" for one in card.get("fields", ())]
        for part in deeds.parts(said.more.get("components", ())):
            if part["type"] == 2:
                shown.append(f"[button] {part['label']}")
            elif part["type"] == 3:
                offered = ", ".join(one["label"] for one in part["options"])
                shown.append(f"[menu] {part.get('placeholder', '')} {offered}")
        return "\n".join(shown)

    def _named(self, text: str) -> str:
        """Marks of members and rooms as people see them; how long it really took is left out."""
        text = _TOOK.sub("so many s later", text)
        for who in self._world.accounts.values():
            text = text.replace(f"<@{who.snowflake}>", f"@{who.name}")
        for guild in self._world.guilds.values():
            for room in guild.channels.values():
                text = text.replace(f"/{guild.id}/{room.id}/", f"/{guild.name}/{room.title}/")
                text = text.replace(f"<#{room.id}>", f"#{room.title}")
                for number in room.messages if str(room.title) in text else ():
                    text = text.replace(f"/{room.title}/{number}", f"/{room.title}/...")
        return text

    # -- interactions ----------------------------------------------------------------------------

    def _began(self, change: Change) -> None:
        fact, name = change.fact, self._world.accounts[change.fact["who"]].name
        key = fact.get("chat")
        room = self._begun[fact["asked"]] if key is None else self._world.chats[key]
        self._begun[fact["number"]] = room
        match fact["kind"]:
            case "modal":
                filled = _fields(fact["fields"].items())
                self._line(place(room), f"{name} fills the form in{filled}")
            case "component":
                self._line(place(room), f"{name} {self._picked(room, fact)}")
            case "command" if fact.get("completing"):
                filled = _fields(fact["options"].items())
                self._line(place(room), f"{name} begins to write /{fact['name']}{filled}")
            case "command" if "target" in fact["options"]:
                target = fact["options"]["target"]
                whom = _short(self._named(target.text)) if isinstance(target, Message) else ""
                whose = target.spoken_as if isinstance(target, Message) else target.name
                about = f'{whose}\'s "{whom}"' if whom else whose
                self._line(place(room), f'{name} chooses "{fact["name"]}" at {about}')
            case _:
                filled = _fields(fact["options"].items())
                self._line(place(room), f"{name} gives /{fact['name']}{filled}")

    def _picked(self, room: Chat, fact: dict[str, Any]) -> str:
        parts = deeds.parts(room.messages[fact["id"]].more["components"])
        part = next(one for one in parts if one.get("custom_id") == fact["custom_id"])
        if part["type"] == 2:
            return f"presses [{part['label']}]"
        labels = [one["label"] for one in part["options"] if one["value"] in fact["values"]]
        return f"picks [{', '.join(labels)}]"

    def _chosen_from(self, change: Change) -> None:
        room = self._begun[change.fact["interaction"]]
        shown = ", ".join(one["name"] for one in change.fact["choices"])
        self._line(place(room), f"... is offered: {shown or 'nothing'}")

    def _asked_to_fill(self, change: Change) -> None:
        room, form = self._begun[change.fact["interaction"]], change.fact["form"]
        labels = [one["label"] for one in deeds.parts(form["components"]) if one.get("label")]
        self._line(place(room), f'... is shown the form "{form["title"]}": {", ".join(labels)}')

    def _unanswered(self, change: Change) -> None:
        room = self._begun[change.fact["interaction"]]
        self._line(place(room), f"... is told: {change.fact['text']}")

    # -- the server ------------------------------------------------------------------------------

    def _member(self, change: Change) -> None:
        guild, fact = change.guild, change.fact
        assert guild is not None
        who, by = self._world.accounts[fact["who"]], self._world.accounts[fact["by"]]
        match fact["deed"]:
            case "joined":
                self._line(guild.name, f"{who.name} comes")
            case "left" if by is not who:
                self._line(guild.name, f"{by.name} puts {who.name} out")
            case "left":
                self._line(guild.name, f"{who.name} leaves")
            case _:
                roles = ", ".join(guild.roles[one].name for one in sorted(guild.members[who]))
                self._line(guild.name, f"{who.name} has the roles: {roles or 'none'}")

    def _role(self, change: Change) -> None:
        assert change.guild is not None
        fact = change.fact
        self._line(change.guild.name, f"the role {fact['name']} is {fact['deed']}")

    def _room(self, change: Change) -> None:
        room, deed = change.chat, change.fact.get("deed")
        assert room is not None
        if room.platform == "discord" and deed in {"made", "gone"}:
            by = f" by {room.owner.name}" if room.owner is not None else ""
            self._line(place(room), f"is opened{by}" if deed == "made" else "is gone")

    def _hook(self, change: Change) -> None:
        room = change.chat
        assert room is not None
        made = change.fact["chat"] is not None
        self._line(place(room), f"a webhook is {'made' if made else 'gone'}")


def place(room: Chat) -> str:
    """#channel, #channel/thread, or those who are in it alone."""
    if room.guild is None:
        return "+".join(who.name for who in room.members)
    return f"#{room.parent.title}/{room.title}" if room.parent is not None else f"#{room.title}"


def _of(change: Change) -> Message:
    assert change.message is not None
    return change.message


def _short(text: str) -> str:
    first = text.split("\n")[0]
    return first if len(first) <= _SHORT else f"{first[: _SHORT - 4].rstrip()} ..."


def _fields(filled: Iterable[tuple[str, Any]]) -> str:
    shown = ((name, one.name if isinstance(one, Account) else one) for name, one in filled)
    return "".join(f" {name}: {value}" for name, value in shown)
