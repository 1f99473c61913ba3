"""A stored gateway event -> an Inbound in our words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bots.discord import affairs, interactions
from bots.discord.envelope import (
    WORLD,
    command_in,
    forwarded_from,
    is_direct,
    loads,
    snowflake,
    taken_back,
)
from bots.discord.marks import Seen, seen
from bots.discord.people import author_of, listed, place_of, words, world_seen
from core.errors import Unreadable
from core.messages import Attachment, Author, ChannelType, Inbound, Kind, Place, Quote, Received

_EPOCH = datetime.fromtimestamp(0, UTC)
_FIRST_MS = 1_420_070_400_000  # Discord counts from 2015
_FORWARD = 1
_CROSSPOST = 1 << 1
"""The flag of what was said in another server, and is published here by a follower's wish."""
_BOARDS = (15, 16)
_STICKERS = {1: "image/png", 2: "image/apng", 3: "application/json", 4: "image/gif"}
_SPOKEN = 1 << 13
"""The flag of a voice message."""
_SHORT = 300
_FEW = 10
"""Embeds, answers of a poll, forwarded messages: as many as Discord allows in one message."""


@dataclass(frozen=True, slots=True)
class Us:
    """Who we are, as far as a message may tag us."""

    id: str
    name: str


def read(received: Received, us: Us) -> Inbound:
    """Pure; raises Unreadable whose reason holds no word of the event."""
    try:
        return _inbound(received, loads(received.payload), us)
    except Unreadable:
        raise
    except Exception as error:  # noqa: BLE001 - the wall round one event: its neighbours must be read
        raise Unreadable(f"the event cannot be read ({type(error).__name__})") from None


def _inbound(received: Received, raw: Any, us: Us) -> Inbound:
    whole = _object(raw)
    event, said, scene = whole.get("t"), _object(whole.get("d")), _object(whole.get("in"))
    if event == "INTERACTION_CREATE" and received.kind is not Kind.OTHER:
        blank = _blank(received, said, scene, _doer(said))
        quote = _quote(interactions.pointing(said), scene, us)
        blank = replace(blank, sent_at=_made(snowflake(said.get("id"))), reply_to=quote)
        return interactions.read(blank, said, _people(said, us))
    match received.kind:
        case Kind.MESSAGE | Kind.COMMAND | Kind.EDIT:
            return _message(received, said, scene, us)
        case Kind.REACTION:
            return _reaction(received, said, scene, is_gone=event != "MESSAGE_REACTION_ADD")
        case Kind.DELETE:
            return replace(_blank(received, said, scene, Author("", "")), gone=taken_back(said))
        case Kind.MEMBER if event in affairs.ENDED:
            return affairs.ended(_blank(received, said, scene, Author("", "")), said, scene)
        case Kind.MEMBER:
            return _member(received, str(event), said, scene)
        case Kind.WORLD if event == WORLD and snowflake(said.get("id")):
            return _world(received, said)
        case Kind.WORLD if event != WORLD and snowflake(said.get("guild_id")):
            blank = _blank(received, said, scene, Author("", ""))
            return affairs.renewed(blank, str(event), said, scene)
        case Kind.OTHER:
            return _other(received, said, scene)
    raise Unreadable(f"an event of kind {received.kind} without its content")


def _message(received: Received, said: dict[str, Any], scene: dict[str, Any], us: Us) -> Inbound:
    number = snowflake(said.get("id"))
    author = _author(said)
    if not number or not author.id or not snowflake(said.get("channel_id")):
        raise Unreadable(f"an event of kind {received.kind} without its content")
    shown = _shown(said, scene, us)
    command, arguments = "", ""
    if received.kind is Kind.COMMAND:
        command, rest = command_in(words(said.get("content")), us.id)
        arguments = _shown({**said, "content": rest}, scene, us).text
    ours = {role for role in _list(scene.get("ours")) if isinstance(role, str)}
    tagged_us = us.id in shown.users or bool(ours & shown.roles)
    quote = _quote(said, scene, us)
    edited = said.get("edited_timestamp") if received.kind is Kind.EDIT else None
    return Inbound(
        id=received.id,
        address=received.address,
        kind=received.kind,
        author=author,
        place=place_of(said, scene, author if author.id != us.id else None),
        message=number,
        text="\n".join(filter(None, (*_heading(said, scene), shown.text, *_told(said, scene, us)))),
        sent_at=_when(edited) or _when(said.get("timestamp")) or _made(number),
        is_direct=is_direct(said, scene.get("type"), scene.get("guild")),
        mentions_us=tagged_us,
        mentions_others=bool(shown.users or shown.roles) and not tagged_us,
        reply_to=quote,
        replies_to_us=quote is not None and quote.author is not None and quote.author.id == us.id,
        attachments=_attachments(said),
        forwarded=_source(said, scene),
        command=command,
        arguments=arguments,
    )


def _reaction(
    received: Received, said: dict[str, Any], scene: dict[str, Any], *, is_gone: bool
) -> Inbound:
    """Discord does not say when; a reaction taken back has no text."""
    emoji = _object(said.get("emoji"))
    name = words(emoji.get("name"))
    return replace(
        _blank(received, said, scene, _doer(said)),
        message=snowflake(said.get("message_id")),
        text="" if is_gone else f":{name}:" if snowflake(emoji.get("id")) else name,
    )


def _member(received: Received, event: str, said: dict[str, Any], scene: dict[str, Any]) -> Inbound:
    who = author_of(_object(said.get("user")), said)
    blank = _blank(received, said, scene, who)
    came = _when(said.get("joined_at")) or _EPOCH
    return affairs.of_member(replace(blank, sent_at=came), event, said, scene)


def _world(received: Received, guild: dict[str, Any]) -> Inbound:
    world = world_seen(guild)
    return Inbound(
        id=received.id,
        address=received.address,
        kind=Kind.WORLD,
        author=Author("", ""),
        place=Place(ChannelType.WORLD, world.name, world.id, world.name),
        message="",
        text="",
        sent_at=_EPOCH,
        world=world,
    )


def _other(received: Received, said: dict[str, Any], scene: dict[str, Any]) -> Inbound:
    author = _author(said)
    blank = _blank(received, said, scene, author if author.id else Author(received.author, ""))
    number = snowflake(said.get("id"))
    return replace(blank, message=number, sent_at=_when(said.get("timestamp")) or _EPOCH)


def _blank(
    received: Received, said: dict[str, Any], scene: dict[str, Any], author: Author
) -> Inbound:
    return Inbound(
        id=received.id,
        address=received.address,
        kind=received.kind,
        author=author,
        place=place_of(said, scene, author),
        message="",
        text="",
        sent_at=_EPOCH,
        is_direct=is_direct(said, scene.get("type"), scene.get("guild")),
    )


def _author(said: dict[str, Any]) -> Author:
    hook = bool(snowflake(said.get("webhook_id")))
    return author_of(_object(said.get("author")), _object(said.get("member")), hook=hook)


def _doer(said: dict[str, Any]) -> Author:
    """Who pressed or reacted: with a member in a server, with an id alone in a direct chat."""
    member = _object(said.get("member"))
    user = _object(member.get("user")) or _object(said.get("user")) or {"id": said.get("user_id")}
    return author_of(user, member)


def _shown(said: dict[str, Any], scene: dict[str, Any], us: Us) -> Seen:
    names = {snowflake(one.get("id")): words(one.get("name")) for one in _tags_elsewhere(said)}
    names |= {key: words(name) for key, name in _object(scene.get("names")).items()}
    return seen(words(said.get("content")), _people(said, us), names)


def _people(said: dict[str, Any], us: Us) -> Mapping[str, str]:
    people = {}
    for user in listed(said.get("mentions")):
        one = author_of(user, _object(user.get("member")))
        people[one.id] = one.name
    author = _author(said)
    people.setdefault(author.id, author.name)
    return people | {us.id: us.name}


def _tags_elsewhere(said: dict[str, Any]) -> list[dict[str, Any]]:
    """Channels of another server, which a message that was published here from there may tag."""
    return listed(said.get("mention_channels"))


def _quote(said: dict[str, Any], scene: dict[str, Any], us: Us) -> Quote | None:
    reference = _object(said.get("message_reference"))
    number = snowflake(reference.get("message_id"))
    flags = said.get("flags")
    is_published = isinstance(flags, int) and bool(flags & _CROSSPOST)
    if not number or reference.get("type") == _FORWARD or is_published:
        return None
    answered = _object(said.get("referenced_message"))
    if not answered:  # it has been deleted, or Discord did not look
        return Quote(number)
    told = _told(answered, scene, us)
    passed_on = "[forwarded]" if _forwarded(answered) else ""
    text = "\n".join(filter(None, (passed_on, _shown(answered, scene, us).text, *told)))
    return Quote(number, _author(answered), text, attachments=_attachments(answered))


def _told(said: dict[str, Any], scene: dict[str, Any], us: Us) -> list[str]:
    """In words what a message holds beside its text and its files."""
    lines = []
    for embed in listed(said.get("embeds"))[:_FEW]:
        # Only a bot makes one of these; the others are Discord's, made of a link in the text.
        if embed.get("type", "rich") == "rich":
            lines.append(_told_of_embed(embed))
    if poll := _object(said.get("poll")):
        lines.append(_told_of_poll(poll))
    for forwarded in _forwarded(said):
        lines.append(_shown(forwarded, scene, us).text)
        lines += _told({**forwarded, "message_snapshots": []}, scene, us)
    return lines


def _heading(said: dict[str, Any], scene: dict[str, Any]) -> list[str]:
    """Of a post its title, and what it was filed under: both stand above its first message."""
    if scene.get("parent_type") not in _BOARDS or said.get("id") != said.get("channel_id"):
        return []
    tags = ", ".join(filter(None, map(words, _list(scene.get("tags")))))
    return [words(scene.get("name")), f"[tags: {tags}]" if tags else ""]


def _source(said: dict[str, Any], scene: dict[str, Any]) -> str:
    """Where what is passed on was said, as far as Discord tells: never by whom."""
    if not _forwarded(said):
        return ""
    name = words(_object(scene.get("names")).get(forwarded_from(said)))
    return f"#{name}" if name else "elsewhere"


def _told_of_embed(embed: dict[str, Any]) -> str:
    fields = (
        f"{words(one.get('name'))}: {words(one.get('value'))}"
        for one in listed(embed.get("fields"))[:_FEW]
    )
    parts = (words(embed.get("title")), words(embed.get("description")), *fields)
    told = "; ".join(part[:_SHORT] for part in parts if part.strip())
    return f"[embed: {told}]" if told else ""


def _told_of_poll(poll: dict[str, Any]) -> str:
    question = words(_object(poll.get("question")).get("text"))
    answers = (
        words(_object(one.get("poll_media")).get("text"))
        for one in listed(poll.get("answers"))[:_FEW]
    )
    return f"[poll: {'; '.join(filter(None, (question, *answers)))}]"


def _forwarded(said: dict[str, Any]) -> list[dict[str, Any]]:
    snapshots = listed(said.get("message_snapshots"))[:_FEW]
    return [_object(one.get("message")) for one in snapshots]


def _attachments(said: dict[str, Any]) -> tuple[Attachment, ...]:
    """By channel, message and number: the link that Discord gives is signed and soon dead."""
    where = f"{snowflake(said.get('channel_id'))}/{snowflake(said.get('id'))}"
    found = []
    for message in (said, *_forwarded(said)):
        spoken = isinstance(flags := message.get("flags"), int) and bool(flags & _SPOKEN)
        for file in listed(message.get("attachments")):
            size, lasts = file.get("size"), file.get("duration_secs")
            found.append(
                Attachment(
                    ref=f"{where}/{snowflake(file.get('id'))}",
                    mime=words(file.get("content_type")).partition(";")[0],
                    size=size if isinstance(size, int) else 0,
                    name="" if spoken else words(file.get("filename")),
                    kind="voice" if spoken else "",
                    seconds=float(lasts) if isinstance(lasts, int | float) else 0.0,
                )
            )
        for sticker in listed(message.get("sticker_items")):
            mime = _STICKERS.get(sticker.get("format_type", 0), "")
            ref = f"sticker:{snowflake(sticker.get('id'))}"
            name = words(sticker.get("name"))
            found.append(Attachment(ref, mime, name=name, kind="sticker"))
    return tuple(found)


def _when(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        when = datetime.fromisoformat(value)
        return (when if when.tzinfo is not None else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _made(number: str) -> datetime:
    """When an id was given out: it begins with the time."""
    if not number:
        return _EPOCH
    return datetime.fromtimestamp(((int(number) >> 22) + _FIRST_MS) / 1000, UTC)


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
