"""Looking after servers of the local Discord: members, roles, channels, and what each may do."""

from collections.abc import Iterable
from typing import Any

from bots.sandbox.discord import deeds
from bots.sandbox.discord.snowflakes import mint
from bots.sandbox.things import Account, Chat, Guild
from bots.sandbox.world import World


class Steward:
    """Whatever an owner of a server does in its settings, and what Discord itself does to it."""

    def __init__(self, world: World) -> None:
        self._world = world

    # -- members ---------------------------------------------------------------------------------

    def role(
        self, guild: Guild, name: str, members: Iterable[Account] = (), *, permissions: int = 0
    ) -> int:
        """A role and those who have it; gives its id."""
        number = mint(self._world)
        fact = {"fact": "role", "guild": guild.id, "id": number, "name": name}
        self._world.commit({**fact, "permissions": permissions})
        for who in members:
            deeds.give_roles(self._world, guild, who, [*guild.members[who], number])
        return number

    def invite(self, guild: Guild, who: Account) -> None:
        """Bring someone into a server."""
        deeds.join(self._world, guild, who)

    def remove(self, guild: Guild, who: Account) -> None:
        deeds.part(self._world, guild, who, guild.owner)

    def ban(self, guild: Guild, who: Account, *, on: bool = True) -> None:
        """Put somebody out for good, or let this one come back."""
        deeds.ban(self._world, guild, who, guild.owner, on=on)

    def nick(self, guild: Guild, who: Account, name: str | None) -> None:
        """Call a member something else in this server."""
        deeds.rename(self._world, guild, who, name)

    def timeout(self, guild: Guild, who: Account, seconds: float) -> None:
        """Let a member read but do nothing else for so long; 0 ends it."""
        until = self._world.now() + seconds if seconds else None
        deeds.silence(self._world, guild, who, until)

    def give(self, guild: Guild, who: Account, *roles: int) -> None:
        """Let a member have exactly these roles."""
        deeds.give_roles(self._world, guild, who, sorted(roles))

    def change_role(
        self, guild: Guild, role: int, *, name: str | None = None, permissions: int | None = None
    ) -> None:
        known = guild.roles[role]
        fact: dict[str, Any] = {"fact": "role", "guild": guild.id, "id": role}
        fact |= {"name": known.name if name is None else name}
        fact |= {"permissions": known.permissions if permissions is None else permissions}
        self._world.commit(fact)

    def drop_role(self, guild: Guild, role: int) -> None:
        known = guild.roles[role]
        fact: dict[str, Any] = {"fact": "role", "guild": guild.id, "id": role, "gone": True}
        self._world.commit({**fact, "name": known.name, "permissions": known.permissions})

    def sticker(self, guild: Guild, name: str, emoji: str = "🦉") -> int:
        """Add a sticker to a server; gives its id."""
        number = mint(self._world)
        fact = {"fact": "sticker", "guild": guild.id, "id": number, "name": name, "tags": emoji}
        self._world.commit({**fact, "by": guild.owner.id})
        return number

    def lose(self, guild: Guild, *, on: bool = True) -> None:
        """Let Discord lose a server for now, as in an outage, or find it again."""
        self._world.commit({"fact": "guild_outage", "guild": guild.id, "on": on})

    # -- channels --------------------------------------------------------------------------------

    def close_channel(self, channel: Chat, who: Account, *, on: bool = True) -> None:
        """Hide a channel from someone: 50001 from then on."""
        self._stand(channel, who, "closed", on)

    def mute(self, channel: Chat, who: Account, *, on: bool = True) -> None:
        """Let someone read but not write in a channel: 50013 from then on."""
        self._stand(channel, who, "muted", on)

    def _stand(self, channel: Chat, who: Account, how: str, on: bool) -> None:
        fact = {"fact": "room_changed", "chat": channel.key, "who": who.id, how: on}
        self._world.commit(fact)

    def slow(self, channel: Chat, seconds: int) -> None:
        """Let members write only once in so many seconds; 0 ends it."""
        more = {"rate_limit_per_user": seconds}
        self._world.commit({"fact": "room_changed", "chat": channel.key, "more": more})

    def allow(self, channel: Chat, whom: Account | int, *, allow: int = 0, deny: int = 0) -> None:
        """Let a member or a role (by its id; everyone's is the server's) do more or less here."""
        member = isinstance(whom, Account)
        number = whom.snowflake if isinstance(whom, Account) else whom
        changed = {str(number): [member, allow, deny]}
        self._world.commit({"fact": "room_changed", "chat": channel.key, "overwrite": changed})

    def rename(self, channel: Chat, name: str, *, under: Chat | None = None) -> None:
        """Give a channel another name, and with `under` another category."""
        fact: dict[str, Any] = {"fact": "room_changed", "chat": channel.key, "name": name}
        if under is not None:
            fact["parent"] = under.id
        self._world.commit(fact)

    def archive(self, thread: Chat, *, on: bool = True, locked: bool = False) -> None:
        """Close a thread for now; whoever writes in it opens it again, unless it is locked."""
        more = {"archived": on, "locked": locked, "archived_at": self._world.now()}
        self._world.commit({"fact": "room_changed", "chat": thread.key, "more": more})

    def delete_channel(self, channel: Chat) -> None:
        self._world.commit({"fact": "room_gone", "chat": channel.key})
