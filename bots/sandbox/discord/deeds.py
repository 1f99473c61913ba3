"""What a person does on Discord, refused in a sentence where Discord's own client would not let it."""

from collections.abc import Mapping, Sequence
from typing import Any

from bots.sandbox.discord import handing, talking, voting
from bots.sandbox.discord.permissions import (
    ATTACH,
    BOARDS,
    HISTORY,
    MANAGE_MESSAGES,
    MANAGE_THREADS,
    THREADS,
    in_channel,
    may_send,
)
from bots.sandbox.discord.polls import is_closed
from bots.sandbox.discord.snowflakes import mint
from bots.sandbox.media import Medium
from bots.sandbox.things import Account, Chat, Fact, Guild, Message
from bots.sandbox.world import World

_BUTTON, _STRING_MENU = 2, 3


def says(
    world: World, who: Account, room: Chat, text: str, reply_to: Message | int | None
) -> Message:
    answered = _may_answer(world, who, room, reply_to)
    return talking.say(world, who, room, _fit(room, text), reply_to=answered)


def sends(
    world: World,
    who: Account,
    room: Chat,
    name: str,
    data: bytes,
    caption: str,
    reply_to: Message | int | None,
) -> Message:
    """A document; what lies at its address is found by the part of the address behind the folder."""
    answered = _may_answer(world, who, room, reply_to)
    if not in_channel(room, who) & ATTACH:
        raise ValueError(f"{who.name} may not send files in {room.title}")
    text = _fit(room, caption) if caption.strip() else ""
    more = {"attachments": [handing.file(world, room, name, data)]}
    return talking.say(world, who, room, text, reply_to=answered, more=more)


def hands(
    world: World,
    who: Account,
    room: Chat,
    thing: Medium,
    caption: str,
    reply_to: Message | int | None,
) -> Message:
    """Send anything that Discord knows: a picture, a voice message, a sticker, a poll."""
    answered = _may_answer(world, who, room, reply_to)
    more = handing.contents(world, who, room, thing)
    text = _fit(room, caption) if caption.strip() else ""
    return talking.say(world, who, room, text, reply_to=answered, more=more)


def forwards(
    world: World, who: Account, room: Chat, passed: Sequence[Message], comment: str
) -> list[Message]:
    """Pass messages on; what is added to it comes after, as a message of its own."""
    _may_answer(world, who, room, None)
    made = handing.forward(world, who, room, passed)
    if comment.strip():
        made.append(talking.say(world, who, room, _fit(room, comment)))
    return made


def _may_answer(
    world: World, who: Account, room: Chat, reply_to: Message | int | None
) -> int | None:
    """The number of what is answered, where somebody may write."""
    if room.kind in BOARDS:
        raise ValueError(f"{room.title} has posts only")
    if who not in room.members or not may_send(room, who):
        raise ValueError(f"{who.name} may not write in {room.title}")
    if talking.pause_left(world, room, who) > 0:
        raise ValueError(f"{room.title} is in slow mode")
    if room.kind in THREADS and room.more.get("locked"):
        if not in_channel(room, who) & MANAGE_THREADS:
            raise ValueError(f"{room.title} is locked")
    elif room.kind in THREADS:
        talking.wake(world, room)
    answered = reply_to.id if isinstance(reply_to, Message) else reply_to
    if answered is not None and (answered not in room.messages or room.messages[answered].deleted):
        raise ValueError("the message to reply to is not here")
    return answered


def _fit(room: Chat, text: str) -> str:
    if not text.strip():
        raise ValueError("a message needs text")
    text = talking.named(room, text.strip())
    if len(text) > talking.LONGEST:
        raise ValueError("a message may have 2,000 characters at most")
    return text


def edits(world: World, said: Message, text: str) -> Message:
    return talking.edit(world, said, _fit(said.chat, text))


def purges(world: World, who: Account, found: Sequence[Message]) -> None:
    """Take many messages of a channel away at once, as those who look after it can."""
    room = found[0].chat
    if room.guild is None or not in_channel(room, who) & MANAGE_MESSAGES:
        raise ValueError(f"{who.name} does not look after {room.title}")
    if any(said.chat is not room for said in found):
        raise ValueError("all have to be of one channel")
    talking.delete_together(world, room, [room.messages[said.id] for said in found])


def dismisses(world: World, who: Account, said: Message) -> None:
    """Put away what was said to this person alone."""
    if said.more.get("only_for") != who.id:
        raise ValueError("only what nobody else sees can be dismissed")
    talking.delete(world, said)


def deletes(world: World, who: Account, said: Message) -> None:
    mine = said.sender is who
    if not mine and not (said.chat.guild and in_channel(said.chat, who) & MANAGE_MESSAGES):
        raise ValueError("only its writer or the owner can delete a message")
    talking.delete(world, said)


def reacts(world: World, who: Account, said: Message, emoji: str | None, *, on: bool) -> None:
    if not in_channel(said.chat, who) & HISTORY:
        raise ValueError(f"{who.name} is not in {said.chat.title}")
    if emoji is not None:
        talking.react(world, who, said, emoji, on=on)
        return
    for given in [e for e, people in said.more.get("reactions", {}).items() if who.id in people]:
        now = said.chat.messages[said.id]
        talking.react(world, who, now, given, on=False)


def votes(world: World, who: Account, said: Message, options: Sequence[str | int]) -> None:
    """Vote by the words of answers or by their numbers, counted from 0."""
    if who not in said.chat.members:
        raise ValueError(f"{who.name} is not in {said.chat.title}")
    answers = (said.more.get("poll") or {}).get("answers", ())
    texts = [answer["poll_media"].get("text") for answer in answers]
    if not all(one in texts for one in options if isinstance(one, str)):
        raise ValueError("the poll has no such option")
    chosen = [1 + (texts.index(one) if isinstance(one, str) else one) for one in options]
    voting.vote(world, who, said, chosen)


def closes_poll(world: World, said: Message) -> Message:
    if said.more.get("poll") is None or is_closed(said.more["poll"], world.now()):
        raise ValueError("there is no open poll")
    return voting.close(world, said)


def types(world: World, who: Account, room: Chat) -> None:
    talking.type_in(world, who, room)


# -- members ---------------------------------------------------------------------------------------


def join(world: World, guild: Guild, who: Account, roles: Sequence[int] = ()) -> None:
    if who in guild.members:
        return
    if who in guild.banned:
        raise ValueError(f"{who.name} was banned from {guild.name}")
    _member(world, guild, who, "joined", [*roles])


def give_roles(world: World, guild: Guild, who: Account, roles: Sequence[int]) -> None:
    _member(world, guild, who, "roles", [*roles])


def _set(world: World, guild: Guild, who: Account, **marks: Any) -> None:
    """Change what a member is called, or until when this one must be silent."""
    if who not in guild.members:
        raise ValueError(f"{who.name} is not in {guild.name}")
    fact: Fact = {"fact": "guild_member", "guild": guild.id, "who": who.id, "deed": "roles"}
    roles = sorted(guild.members[who])
    world.commit({**fact, "roles": roles, "by": who.id, "date": world.now(), **marks})


def rename(world: World, guild: Guild, who: Account, nick: str | None) -> None:
    _set(world, guild, who, nick=nick)


def silence(world: World, guild: Guild, who: Account, until: float | None) -> None:
    _set(world, guild, who, until=until)


def ban(world: World, guild: Guild, who: Account, by: Account, *, on: bool = True) -> None:
    """Put somebody out of a server for good, or let this one come back."""
    fact: Fact = {"fact": "guild_ban", "guild": guild.id, "who": who.id, "on": on, "by": by.id}
    world.commit(fact)
    if on:
        part(world, guild, who, by)


def part(world: World, guild: Guild, who: Account, by: Account | None = None) -> None:
    if who in guild.members:
        _member(world, guild, who, "left", [], by)


def _member(
    world: World, guild: Guild, who: Account, deed: str, roles: list[int], by: Account | None = None
) -> None:
    fact: Fact = {"fact": "guild_member", "guild": guild.id, "who": who.id, "deed": deed}
    fact |= {"roles": roles, "by": (by or who).id, "date": world.now()}
    world.commit(fact)


def adds(world: World, room: Chat, who: Account) -> None:
    """Bring someone into a thread, or into the server that a channel is in."""
    if room.guild is None:
        raise ValueError("a direct channel is for two")
    join(world, room.guild, who)
    if room.kind in THREADS:
        follow(world, room, who)


def leaves(world: World, who: Account, room: Chat, *, by: Account | None = None) -> None:
    """Leave a thread, or the server that a channel is in."""
    if room.guild is None:
        raise ValueError("a direct channel cannot be left")
    if room.kind in THREADS:
        follow(world, room, who, on=False)
    else:
        part(world, room.guild, who, by)


def follow(world: World, thread: Chat, who: Account, *, on: bool = True) -> None:
    """Follow a thread, or follow it no longer."""
    if (who in thread.joined) == on:
        return
    fact: Fact = {"fact": "thread_member", "chat": thread.key, "who": who.id, "on": on}
    world.commit({**fact, "date": world.now()})


# -- interactions ----------------------------------------------------------------------------------


def uses(
    world: World,
    who: Account,
    room: Chat,
    bot: Account,
    command: str,
    options: Mapping[str, Any],
    *,
    completing: str | None = None,
) -> str:
    fact: Fact = {"kind": "command", "bot": bot.id, "name": command, "options": dict(options)}
    return _interact(world, who, room, {**fact, "completing": completing})


def _check_picked(menu: Mapping[str, Any], values: Sequence[str]) -> None:
    """As many as the menu wants, and of a menu of words only those that it has."""
    least, most = menu.get("min_values", 1), menu.get("max_values", 1)
    if not least <= len(values) <= most:
        raise ValueError(f"{least} to {most} of the menu have to be picked")
    offered = {option["value"] for option in menu.get("options") or ()}
    if menu["type"] == _STRING_MENU and not set(values) <= offered:
        raise ValueError(f"the menu has no {', '.join(sorted(set(values) - offered))}")


def presses(world: World, who: Account, said: Message, data: str, values: Sequence[str]) -> str:
    found = next((c for c in parts(said.more.get("components", ())) if _carries(c, data)), None)
    if found is None:
        raise ValueError(f"the message has no button {data!r}")
    if who not in said.chat.members or said.more.get("only_for") not in {None, who.id}:
        raise ValueError(f"{who.name} does not see this message")
    if found.get("disabled"):
        raise ValueError(f"the button {data!r} cannot be pressed")
    fact: Fact = {"kind": "component", "bot": said.sender.id, "id": said.id, "custom_id": data}
    if found["type"] != _BUTTON:
        _check_picked(found, values)
    fact |= {"component_type": found["type"], "values": [*values], "part": found.get("id", 1)}
    return _interact(world, who, said.chat, fact)


def _carries(component: Mapping[str, Any], data: str) -> bool:
    return component.get("custom_id") == data


def parts(components: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Every component, those inside of others too."""
    found: list[Mapping[str, Any]] = []
    for each in components:
        found.append(each)
        inside = [*each.get("components", ())]
        inside += [each[name] for name in ("accessory", "component") if each.get(name)]
        found += parts(inside)
    return found


def fills(world: World, who: Account, interaction: str, fields: Mapping[str, Any]) -> str:
    fact: Fact = {"kind": "modal", "asked": interaction, "fields": dict(fields)}
    number = str(mint(world))
    world.tell({"fact": "interaction", "number": number, "who": who.id, **fact})
    return number


def _interact(world: World, who: Account, room: Chat, fact: Fact) -> str:
    number = str(mint(world))
    whole = {"fact": "interaction", "number": number, "who": who.id, "chat": room.key, **fact}
    world.tell({**whole, "date": world.now()})
    return number
