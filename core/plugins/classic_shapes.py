"""What ported code sees: messages, states and results with elizaOS' keys, in either spelling."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.messages import Content, Memory
from core.plugins.records import ActionResult, Deed
from core.state import State

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_REMEMBERED = 50
"""Entries of the working memory (R-62)."""
_CHAT_TYPES = {"DM": "private", "FEED": "channel", "THREAD": "supergroup"}


def snake(name: str) -> str:
    return _HUMP.sub("_", name).lower()


def camel(name: str) -> str:
    first, *more = name.split("_")
    return first + "".join(part.capitalize() for part in more)


class Bag(dict[str, Any]):
    """A dict whose keys are attributes as well, `room_id` for `roomId` and the other way round.

    As in JavaScript an attribute that is not there is None; `bag["key"]` raises as a dict does.
    """

    __slots__ = ()

    def spelled(self, key: Any) -> Any:
        """How a key is spelled here; as it was asked for where it is not."""
        if not isinstance(key, str) or dict.__contains__(self, key):
            return key
        for other in (camel(key), snake(key)):
            if dict.__contains__(self, other):
                return other
        return key

    def __missing__(self, key: str) -> Any:
        spelled = self.spelled(key)
        if spelled == key:
            raise KeyError(key)
        return dict.__getitem__(self, spelled)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and dict.__contains__(self, self.spelled(key))

    def get(self, key: str, default: Any = None) -> Any:
        return dict.get(self, self.spelled(key), default)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.get(name)

    def __setattr__(self, name: str, value: Any) -> None:
        self[self.spelled(name)] = value


class Message(Bag):
    """elizaOS' Memory; `memory` is the record that it shows, and times are milliseconds."""

    __slots__ = ("memory",)

    def __init__(self, shown: Mapping[str, Any], memory: Memory) -> None:
        super().__init__(shown)
        object.__setattr__(self, "memory", memory)


class Shape:
    """elizaOS' triple of values, data and text: a state, what a provider said, a result.

    Subscripts and other attributes look among `more` first, then among values and data.
    """

    __slots__ = ("_data", "_values", "more", "text")

    def __init__(
        self,
        values: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        text: str = "",
        **more: Any,
    ) -> None:
        self._values = values or {}
        self._data = data or {}
        self.text = text
        self.more = Bag(more)

    # A state is made for every call of ported code, and few look at all of it.

    @property
    def values(self) -> Bag:
        if isinstance(self._values, Bag):
            return self._values
        shown: Bag = bag(self._values)
        self._values = shown
        return shown

    @values.setter
    def values(self, values: Mapping[str, Any]) -> None:
        self._values = values

    @property
    def data(self) -> Bag:
        if isinstance(self._data, Bag):
            return self._data
        shown: Bag = bag(self._data)
        self._data = shown
        return shown

    @data.setter
    def data(self, data: Mapping[str, Any]) -> None:
        self._data = data

    def __getitem__(self, key: str) -> Any:
        if key in ("values", "data", "text"):
            return getattr(self, key)
        for place in (self.more, self.values, self.data):
            if key in place:
                return place[key]
        raise KeyError(key)

    def __setitem__(self, key: str, value: Any) -> None:
        if key in ("values", "data", "text"):
            setattr(self, key, value)
        else:
            self.values[key] = value

    def __contains__(self, key: object) -> bool:
        return key in ("values", "data", "text") or any(
            key in place for place in (self.more, self.values, self.data)
        )

    def get(self, key: str, default: Any = None) -> Any:
        try:
            return self[key]
        except KeyError:
            return default

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.get(name)


def bag(value: Any) -> Any:
    """The same with every mapping inside as a Bag; lists are lists of them."""
    if isinstance(value, Bag | Shape):
        return value
    if isinstance(value, Mapping):
        return Bag({key: bag(one) for key, one in value.items()})
    if isinstance(value, list | tuple):
        return [bag(one) for one in value]
    return value


def content_of(content: Content) -> Bag:
    """elizaOS' content: only what is there, and always a text."""
    shown: dict[str, Any] = {
        "thought": content.thought,
        "actions": list(content.actions),
        "providers": list(content.providers),
        "source": content.source,
        "url": content.url,
        "inReplyTo": content.in_reply_to,
        "channelType": content.channel_type,
        "attachments": bag(content.attachments),
    }
    there = {key: value for key, value in shown.items() if value}
    return Bag({"text": content.text, **there, **bag(content.extra)})


def message_of(memory: Memory) -> Message:
    shown = {
        "id": memory.id,
        "entityId": memory.author,
        "agentId": memory.character,
        "roomId": memory.room,
        "worldId": memory.world,
        "content": content_of(memory.content),
        "createdAt": round(memory.created_at.timestamp() * 1000),
        "metadata": bag({**memory.metadata, **_on_platform(memory)}),
    }
    return Message(shown, memory)


def _on_platform(memory: Memory) -> dict[str, Any]:
    """What elizaOS' clients tell of a message under their own name: metadata.telegram (T-38),
    metadata.discord (D-17), whose ids are texts."""
    told, content = memory.metadata, memory.content
    platform = told.get("source")
    if not platform or platform in told or "fromId" not in told:
        return {}
    number = str(told.get("messageId") or "")
    first = next(iter(content.attachments), {})
    if platform == "discord":
        return {"discord": _on_discord(memory)}
    shown = {
        "chatId": told.get("sourceId"),
        "chatType": _CHAT_TYPES.get(content.channel_type, "group"),
        "messageId": int(number) if number.isdecimal() else number,
        "userId": told.get("fromId"),
        "username": told.get("entityUserName"),
        "threadId": told.get("threadId"),
        "messageType": first.get("kind") or ("text" if content.text else ""),
    }
    return {str(platform): {key: value for key, value in shown.items() if value}}


def _on_discord(memory: Memory) -> dict[str, Any]:
    told, room = memory.metadata, memory.metadata.get("sourceId")
    shown = {
        "channelId": room,
        "serverId": told.get("serverId"),
        "userId": told.get("fromId"),
        "username": told.get("entityUserName"),
        "messageId": told.get("messageId"),
        "threadId": room if memory.content.channel_type == "THREAD" else "",
    }
    return {key: value for key, value in shown.items() if value}


def result_shape(deed: Deed) -> Shape:
    """One earlier result; its data names the action, as elizaOS' do."""
    result = deed.result
    return Shape(
        result.values,
        {"actionName": deed.action, **result.data},
        result.text,
        success=result.success,
        error=result.error or None,
        actionName=deed.action,
    )


def state_of(state: State | None, deeds: Sequence[Deed] = ()) -> Shape:
    """The state as elizaOS' handlers know it; what earlier actions found out is merged in (R-60)."""
    sections = state.sections if state else ()
    told = {
        one.name: Shape(one.values, one.data, one.text, providerName=one.name) for one in sections
    }
    text = "\n".join(one.text for one in sections if one.text)
    values: dict[str, Any] = {"providers": text, **(state.values if state else {})}
    for deed in deeds:
        values.update(deed.result.values)
    results = [result_shape(deed) for deed in deeds]
    data = {
        **_own_data(state),
        "providers": Bag(told),
        "providerData": list(told.values()),
        "actionResults": results,
        "workingMemory": [
            Bag(actionName=deed.action, result=shape)
            for deed, shape in zip(deeds, results, strict=True)
        ][-_REMEMBERED:],
    }
    return Shape(values, data, text)


def plan_of(deeds: Sequence[Deed], action: str, thought: str = "") -> Bag:
    """elizaOS' actionPlan, as far as the turn has come (R-59)."""
    steps = [Bag(action=one.action, status=_status(one.result)) for one in deeds]
    steps.append(Bag(action=action, status="pending"))
    return Bag(currentStep=len(steps), totalSteps=len(steps), steps=steps, thought=thought)


def _status(result: ActionResult) -> str:
    return "completed" if result.success else "failed"


def _own_data(state: State | None) -> dict[str, Any]:
    """Structured values of providers, under their own names as well where those are free."""
    data: dict[str, Any] = {}
    for section in state.sections if state else ():
        for key, value in section.data.items():
            data.setdefault(key, value)
    return data
