"""The methods with which a bot keeps order in a chat: pin, put out, mute, promote, let in, rename."""

import secrets
from typing import Any

from bots.sandbox import shapes
from bots.sandbox.addressed import find_room_to_act, may_rule
from bots.sandbox.asked import Asked, bad
from bots.sandbox.desks import Desk
from bots.sandbox.things import PRESENT, Account, Change, Fact
from bots.sandbox.world import Chat, World

Json = dict[str, Any]
_LONGEST_TITLE, _LONGEST_DESCRIPTION, _LONGEST_LINK_NAME = 128, 255, 32
_LINK = "https://t.me/+"


def pin_chat_message(world: World, desk: Desk, asked: Asked) -> Any:
    room = _pinning(world, desk, asked)
    said = room.messages.get(asked.needed("message_id"))
    if said is None or said.deleted:
        raise bad("message to pin not found")
    world.commit({"fact": "pin", "chat": room.key, "id": said.id, "on": True})
    if room.kind not in {"private", "business"}:
        world.say(desk.bot, room, "", topic=said.topic, service={"pinned_message": said.id})
    return True


def unpin_chat_message(world: World, desk: Desk, asked: Asked) -> Any:
    """Unpin one message, or the newest that is pinned."""
    room = _pinning(world, desk, asked)
    pinned = room.more.get("pinned") or [None]
    number = asked.number("message_id", pinned[-1])
    if number not in pinned or number is None:
        raise bad("message to unpin not found")
    world.commit({"fact": "pin", "chat": room.key, "id": number, "on": False})
    return True


def unpin_all_chat_messages(world: World, desk: Desk, asked: Asked) -> Any:
    room = _pinning(world, desk, asked)
    for number in [*room.more.get("pinned", ())]:
        world.commit({"fact": "pin", "chat": room.key, "id": number, "on": False})
    return True


def _pinning(world: World, desk: Desk, asked: Asked) -> Chat:
    room = find_room_to_act(world, desk, asked)
    if not may_rule(room, desk):
        raise bad("not enough rights to manage pinned messages in the chat")
    return room


# -- members -------------------------------------------------------------------------------------


def ban_chat_member(world: World, desk: Desk, asked: Asked) -> Any:
    room, who = _member(world, desk, asked)
    _change(world, desk, room, who, "kicked")
    return True


def unban_chat_member(world: World, desk: Desk, asked: Asked) -> Any:
    """Let somebody come again; a member is put out by it, unless only the banned are meant."""
    room, who = _member(world, desk, asked)
    status = room.members.get(who, "left")
    if status == "kicked" or (status in PRESENT and not asked.flag("only_if_banned")):
        _change(world, desk, room, who, "left")
    return True


def restrict_chat_member(world: World, desk: Desk, asked: Asked) -> Any:
    """Mute somebody, or lift that; of all the permissions the stage keeps that of writing."""
    room, who = _member(world, desk, asked)
    allowed = asked.json("permissions")
    if not isinstance(allowed, dict):
        raise bad("can't parse permissions JSON object")
    if room.kind == "group":
        raise bad("method is available only for supergroups")
    _change(world, desk, room, who, "member" if allowed.get("can_send_messages") else "restricted")
    return True


def promote_chat_member(world: World, desk: Desk, asked: Asked) -> Any:
    room, who = _member(world, desk, asked)
    given = any(asked.flag(name) for name in asked if name.startswith("can_"))
    _change(world, desk, room, who, "administrator" if given else "member")
    return True


def _member(world: World, desk: Desk, asked: Asked) -> tuple[Chat, Account]:
    room = _ruled(world, desk, asked, "not enough rights to restrict/unrestrict chat member")
    if room.kind == "private":
        raise bad("can't restrict members in private chats")
    who = world.accounts.get(asked.needed("user_id"))
    if who is None:
        raise bad("PARTICIPANT_ID_INVALID")
    if room.members.get(who) == "creator":
        raise bad("can't remove chat owner")
    return room, who


def _change(world: World, desk: Desk, room: Chat, who: Account, status: str) -> None:
    was = room.members.get(who, "left")
    if was == status:
        return
    if was in PRESENT and status not in PRESENT and room.kind != "channel":
        world.say(desk.bot, room, "", service={"left_chat_member": who.id})
    world.set_member(room, who, status, desk.bot)


# -- the chat itself -----------------------------------------------------------------------------


def set_chat_title(world: World, desk: Desk, asked: Asked) -> Any:
    room = _ruled(world, desk, asked, "not enough rights to change chat title")
    title = (asked.text("title") or "").strip()
    if not 1 <= len(title) <= _LONGEST_TITLE:
        raise bad("chat title is empty" if not title else "chat title is too long")
    world.commit({"fact": "title", "chat": room.key, "title": title})
    world.say(desk.bot, room, "", service={"new_chat_title": title})
    return True


def set_chat_description(world: World, desk: Desk, asked: Asked) -> Any:
    room = _ruled(world, desk, asked, "not enough rights to set chat description")
    words = (asked.text("description") or "").strip()
    if len(words) > _LONGEST_DESCRIPTION:
        raise bad("chat description is too long")
    if words == room.more.get("description", ""):
        raise bad("chat description is not modified")
    world.commit({"fact": "kept", "chat": room.key, "name": "description", "value": words})
    return True


def set_chat_permissions(world: World, desk: Desk, asked: Asked) -> Any:
    """What members may send; the stage holds its bots to it."""
    room = _ruled(world, desk, asked, "not enough rights to change chat permissions")
    allowed = asked.json("permissions")
    if not isinstance(allowed, dict):
        raise bad("can't parse permissions JSON object")
    world.commit({"fact": "kept", "chat": room.key, "name": "permissions", "value": allowed})
    return True


def _ruled(world: World, desk: Desk, asked: Asked, refusal: str) -> Chat:
    room = find_room_to_act(world, desk, asked)
    if room.kind == "private":
        raise bad("method is not available in private chats")
    if not may_rule(room, desk):
        raise bad(refusal)
    return room


# -- links and those who knock -------------------------------------------------------------------


def export_chat_invite_link(world: World, desk: Desk, asked: Asked) -> Any:
    room = _ruled(world, desk, asked, "not enough rights to export chat invite link")
    link = _LINK + secrets.token_urlsafe(12)
    world.commit({"fact": "kept", "chat": room.key, "name": "invite_link", "value": link})
    return link


def create_chat_invite_link(world: World, desk: Desk, asked: Asked) -> Any:
    room = _ruled(world, desk, asked, "not enough rights to manage chat invite link")
    name, limit = asked.text("name") or "", asked.number("member_limit")
    knocks = asked.flag("creates_join_request")
    if len(name) > _LONGEST_LINK_NAME:
        raise bad("invite link name is too long")
    if knocks and limit:
        raise bad("member limit can't be specified for links requiring administrator approval")
    shape: Json = {
        "invite_link": _LINK + secrets.token_urlsafe(12),
        "creator": shapes.user(desk.bot),
        "creates_join_request": knocks,
        "is_primary": False,
        "is_revoked": False,
    }
    if name:
        shape["name"] = name
    shape |= {"member_limit": limit} if limit else {}
    until = asked.number("expire_date")
    shape |= {"expire_date": until} if until else {}
    _keep_link(world, room, shape)
    return shape


def revoke_chat_invite_link(world: World, desk: Desk, asked: Asked) -> Any:
    room = _ruled(world, desk, asked, "not enough rights to manage chat invite link")
    known = room.more.get("links", {}).get(asked.text("invite_link"))
    if known is None:
        raise bad("INVITE_HASH_EXPIRED")
    shape = {**known, "is_revoked": True}
    _keep_link(world, room, shape)
    return shape


def _keep_link(world: World, room: Chat, shape: Json) -> None:
    links = {**room.more.get("links", {}), shape["invite_link"]: shape}
    world.commit({"fact": "kept", "chat": room.key, "name": "links", "value": links})


def approve_chat_join_request(world: World, desk: Desk, asked: Asked) -> Any:
    room, who = _knocking(world, desk, asked)
    world.set_member(room, who, "member", desk.bot)
    if room.kind != "channel":
        world.say(who, room, "", service={"new_chat_members": [who.id]})
    return True


def decline_chat_join_request(world: World, desk: Desk, asked: Asked) -> Any:
    _knocking(world, desk, asked)
    return True


def _knocking(world: World, desk: Desk, asked: Asked) -> tuple[Chat, Account]:
    room = _ruled(world, desk, asked, "not enough rights to manage join requests")
    who = world.accounts.get(asked.needed("user_id"))
    if who is None:
        raise bad("USER_ID_INVALID")
    if room.members.get(who) in PRESENT:
        raise bad("USER_ALREADY_PARTICIPANT")
    if who not in room.more.get("asking", ()):
        raise bad("HIDE_REQUESTER_MISSING")
    fact = {"fact": "join_request", "chat": room.key, "who": who.id, "on": False}
    world.commit({**fact, "bio": "", "date": world.now()})
    return room, who


def _kept(world: World, fact: Fact) -> Change:
    room = world.chats[fact["chat"]]
    room.more[fact["name"]] = fact["value"]
    return Change("kept", fact, room)


FACTS = {"kept": _kept}
