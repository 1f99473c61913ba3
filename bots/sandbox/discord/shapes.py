"""The world in Discord's words: users, members, roles, channels, servers and messages."""

from typing import Any

from bots.sandbox.discord import polls
from bots.sandbox.discord.permissions import BOARDS, THREADS
from bots.sandbox.discord.snowflakes import moment, timestamp
from bots.sandbox.things import Account, Chat, Guild, Message, Role
from bots.sandbox.world import World

Json = dict[str, Any]
CHANNEL_TYPES = {
    "text": 0,
    "direct": 1,
    "voice": 2,
    "direct_group": 3,
    "category": 4,
    "announcement": 5,
    "thread": 11,
    "post": 11,
    "private_thread": 12,
    "stage": 13,
    "board": 15,
    "media": 16,
}
REPLIES = frozenset({19, 21, 23})
_ARCHIVE_MINUTES = 4320
_SOUND = {"bitrate": 64_000, "user_limit": 0, "rtc_region": None, "video_quality_mode": 1}


def type_of(room: Chat) -> int:
    """The number of a kind of channel; a thread of an announcement channel has one of its own."""
    above = room.parent.kind if room.parent is not None else ""
    return 10 if room.kind == "thread" and above == "announcement" else CHANNEL_TYPES[room.kind]


def user(who: Account) -> Json:
    shape: Json = {
        "id": str(who.snowflake),
        "username": who.username or "".join(who.name.lower().split()),
        "avatar": None,
        "discriminator": f"{who.id % 9999 + 1:04}" if who.is_bot else "0",
        "public_flags": 0,
        "flags": 0,
        "global_name": None if who.is_bot else who.name,
        "primary_guild": None,
        "accent_color": None,
        "avatar_decoration_data": None,
        "banner": None,
    }
    if who.is_bot:
        shape["bot"] = True
        shape["username"] = who.name
    return shape


def member(guild: Guild, who: Account, *, with_user: bool = True) -> Json:
    """A membership; in a message it comes without its user, who is the author beside it."""
    until = guild.timeouts.get(who)
    shape: Json = {
        "avatar": None,
        "banner": None,
        "communication_disabled_until": timestamp(until) if until is not None else None,
        "flags": 0,
        "joined_at": timestamp(guild.joined.get(who, moment(guild.id))),
        "nick": guild.nicks.get(who),
        "pending": False,
        "premium_since": None,
        "roles": [str(number) for number in sorted(guild.members.get(who, ()))],
        "mute": who in guild.hushed,
        "deaf": who in guild.deafened,
    }
    if with_user:
        shape["user"] = user(who)
    return shape


def role(it: Role) -> Json:
    return {
        "id": str(it.id),
        "name": it.name,
        "description": None,
        "permissions": str(it.permissions),
        "position": it.position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": False,
        "mentionable": True,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


def channel(room: Chat, bot: Account | None = None) -> Json:
    """A channel; `bot` is who is told, which a direct one must know."""
    if room.kind in THREADS:
        return thread(room, bot)
    last = str(room.last_id) if room.last_id else None
    shape: Json = {"id": str(room.id), "type": type_of(room), "flags": 0}
    shape["last_message_id"] = last
    if room.guild is None:
        others = [who for who in room.members if who is not bot]
        if room.kind == "direct_group":
            owner = room.owner or others[0]
            shape |= {"name": room.title, "icon": None, "owner_id": str(owner.snowflake)}
        return {**shape, "recipients": [user(who) for who in others]}
    shape |= {
        "guild_id": str(room.guild.id),
        "name": room.title,
        "parent_id": None if room.parent is None else str(room.parent.id),
        "position": list(room.guild.channels).index(room.id),
        "permission_overwrites": _overwrites(room),
        "nsfw": False,
        "topic": room.more.get("topic"),
        "rate_limit_per_user": room.more.get("rate_limit_per_user", 0),
    }
    if room.kind in {"voice", "stage"}:
        shape |= {name: room.more.get(name, usual) for name, usual in _SOUND.items()}
    if room.kind in BOARDS:
        shape |= {
            "available_tags": room.more.get("available_tags", []),
            "default_reaction_emoji": None,
            "default_sort_order": None,
            "default_forum_layout": 0,
        }
    return shape


def _overwrites(room: Chat) -> list[Json]:
    closed = [(who, 1 << 10) for who in room.closed_to]
    denied = [*closed, *((who, 1 << 11) for who in room.muted - room.closed_to)]
    shown = [
        {"id": str(who.snowflake), "type": 1, "allow": "0", "deny": str(mask)}
        for who, mask in denied
    ]
    return shown + [
        {"id": str(number), "type": int(it.of_member), "allow": str(it.allow), "deny": str(it.deny)}
        for number, it in room.overwrites.items()
    ]


def thread(room: Chat, bot: Account | None = None) -> Json:
    """A thread or a post; one that follows it is shown its own membership."""
    assert room.guild is not None
    assert room.parent is not None
    assert room.owner is not None
    count = len(room.messages) - (1 if room.kind == "post" else 0)
    shape: Json = {
        "id": str(room.id),
        "type": type_of(room),
        "flags": room.more.get("flags", 0),
        "last_message_id": str(room.last_id) if room.last_id else None,
        "guild_id": str(room.guild.id),
        "name": room.title,
        "parent_id": str(room.parent.id),
        "rate_limit_per_user": room.more.get("rate_limit_per_user", 0),
        "owner_id": str(room.owner.snowflake),
        "thread_metadata": thread_metadata(room),
        "message_count": max(0, count),
        "member_count": min(50, len(room.joined)),
        "total_message_sent": max(0, count),
    }
    if room.kind == "post":
        shape["applied_tags"] = room.more.get("applied_tags", [])
    if bot is not None and bot in room.joined:
        shape["member"] = thread_member(room, bot)
    return shape


def is_archived(room: Chat) -> bool:
    """Whether somebody has put a thread away, or nobody has spoken in it for too long."""
    if room.more.get("archived"):
        return True
    assert room.owner is not None
    minutes: int = room.more.get("auto_archive_duration", _ARCHIVE_MINUTES)
    last: float = max(moment(max(room.last_id, room.id)), room.more.get("archived_at", 0.0))
    return room.owner.world.now() - last > minutes * 60


def thread_metadata(room: Chat) -> Json:
    more = room.more
    shape: Json = {
        "archived": is_archived(room),
        "archive_timestamp": timestamp(more.get("archived_at", moment(room.id))),
        "auto_archive_duration": more.get("auto_archive_duration", _ARCHIVE_MINUTES),
        "locked": more.get("locked", False),
        "create_timestamp": timestamp(moment(room.id)),
    }
    if room.kind == "private_thread":
        shape["invitable"] = more.get("invitable", True)
    return shape


def thread_member(room: Chat, who: Account) -> Json:
    since = timestamp(room.joined[who])
    return {"id": str(room.id), "user_id": str(who.snowflake), "join_timestamp": since, "flags": 1}


def guild(it: Guild) -> Json:
    """A server as REST shows it."""
    return {
        "id": str(it.id),
        "name": it.name,
        "icon": None,
        "description": None,
        "home_header": None,
        "splash": None,
        "discovery_splash": None,
        "features": [],
        "banner": None,
        "owner_id": str(it.owner.snowflake),
        "application_id": None,
        "region": "deprecated",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "widget_enabled": False,
        "widget_channel_id": None,
        "verification_level": 0,
        "roles": [role(each) for each in it.roles.values()],
        "default_message_notifications": 0,
        "mfa_level": 0,
        "explicit_content_filter": 0,
        "max_presences": None,
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "vanity_url_code": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": "en-US",
        "rules_channel_id": None,
        "safety_alerts_channel_id": None,
        "public_updates_channel_id": None,
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "nsfw_level": 0,
        "emojis": [],
        "stickers": [sticker(it, number) for number in it.stickers],
        "incidents_data": None,
    }


def sticker(it: Guild, number: int) -> Json:
    about = it.stickers[number]
    return {
        "id": str(number),
        "name": about["name"],
        "tags": about["tags"],
        "type": 2,
        "format_type": 1,
        "description": None,
        "available": True,
        "guild_id": str(it.id),
    }


def whole_guild(it: Guild, bot: Account, *, members: bool = True) -> Json:
    """A server as GUILD_CREATE brings it: with what this bot sees of its channels and people."""
    rooms = [room for room in it.channels.values() if bot in room.members]
    known = it.members if members else {bot: None, it.owner: None}
    return {
        **guild(it),
        "joined_at": timestamp(it.joined.get(bot, moment(it.id))),
        "large": False,
        "unavailable": False,
        "member_count": len(it.members),
        "voice_states": [],
        "members": [member(it, who) for who in known if who in it.members],
        "channels": [channel(room, bot) for room in rooms if room.kind not in THREADS],
        "threads": [
            thread(room, bot) for room in rooms if room.kind in THREADS and not is_archived(room)
        ],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def emoji(name: str) -> Json:
    """An emoji: its own character, or name:id when a server made it."""
    word, _, number = name.partition(":")
    return {"id": number or None, "name": word}


def message(
    world: World, said: Message, bot: Account | None = None, *, answered: bool = True
) -> Json:
    """A message; `bot` is who reads it, for what was its own doing."""
    more, room = said.more, said.chat
    shape: Json = {
        "id": str(said.id),
        "channel_id": str(room.id),
        "type": more.get("type", 0),
        "content": said.text,
        "author": author(said),
        "timestamp": timestamp(said.date),
        "edited_timestamp": None if said.edited is None else timestamp(said.edited),
        "flags": more.get("flags", 0),
        "tts": more.get("tts", False),
        "pinned": "pinned" in more and more["pinned"] is not None,
        "mention_everyone": more.get("mention_everyone", False),
        "mentions": [user(world.accounts[number]) for number in more.get("mentions", ())],
        "mention_roles": [str(number) for number in more.get("mention_roles", ())],
        "attachments": more.get("attachments", []),
        "embeds": more.get("embeds", []),
        "components": more.get("components", []),
    }
    for name in ("nonce", "webhook_id", "application_id", "interaction_metadata", "interaction"):
        if more.get(name) is not None:
            shape[name] = more[name]
    if more.get("poll"):
        shape["poll"] = polls.shape(more["poll"], world.now(), bot)
    for name, told in (("sticker_items", "sticker_items"), ("snapshots", "message_snapshots")):
        if more.get(name):
            shape[told] = more[name]
    given = more.get("reactions")
    if given:
        shape["reactions"] = [_reaction(name, who, bot) for name, who in given.items()]
    if "thread" in more and room.guild is not None and more["thread"] in room.guild.channels:
        shape["thread"] = thread(room.guild.channels[more["thread"]])
    reference = more.get("reference") or _reference(said)
    if reference is not None:
        shape["message_reference"] = reference
        if answered and shape["type"] in REPLIES:
            shape["referenced_message"] = _answered(world, said, reference, bot)
    return shape


def author(said: Message) -> Json:
    """Who is shown as the writer: a webhook is no account, and may have a name of its own."""
    face = said.more.get("face")
    if face is None:
        return user(said.sender)
    return {
        "id": str(face["id"]),
        "username": face["name"],
        "avatar": face.get("picture"),
        "discriminator": "0000",
        "public_flags": 0,
        "flags": 0,
        "bot": True,
        "global_name": None,
        "primary_guild": None,
    }


def _reference(said: Message) -> Json | None:
    if said.reply_to is None:
        return None
    shape = {"type": 0, "channel_id": str(said.chat.id), "message_id": str(said.reply_to)}
    if said.chat.guild is not None:
        shape["guild_id"] = str(said.chat.guild.id)
    return shape


def _answered(world: World, said: Message, reference: Json, bot: Account | None) -> Json | None:
    room = world.chats.get(f"dc:{reference['channel_id']}", said.chat)
    first = room.messages.get(int(reference.get("message_id", 0)))
    if first is None or first.deleted:
        return None
    return message(world, first, bot, answered=False)


def _reaction(name: str, who: list[int], bot: Account | None) -> Json:
    return {
        "emoji": emoji(name),
        "count": len(who),
        "count_details": {"burst": 0, "normal": len(who)},
        "burst_colors": [],
        "me_burst": False,
        "burst_me": False,
        "me": bot is not None and bot.id in who,
        "burst_count": 0,
    }


def message_event(world: World, said: Message, bot: Account | None = None) -> Json:
    """A message as MESSAGE_CREATE and MESSAGE_UPDATE bring it: with its place and its member."""
    shape = message(world, said, bot)
    guild = said.chat.guild
    shape["channel_type"] = type_of(said.chat)
    if guild is None:
        return shape
    shape["guild_id"] = str(guild.id)
    if said.sender in guild.members and "face" not in said.more:
        shape["member"] = member(guild, said.sender, with_user=False)
    for called in shape["mentions"]:
        who = world.snowflakes[int(called["id"])]
        if who in guild.members:
            called["member"] = member(guild, who, with_user=False)
    return shape
