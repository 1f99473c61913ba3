"""What whoever starts something may do where they start it, as Discord says with the event."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import discord

from bots.discord.envelope import snowflake
from core.clock import Clock
from core.messages import Address, Rank

_LEADS = (
    discord.Permissions(administrator=True).value | discord.Permissions(manage_guild=True).value
)
_KEPT = 60.0
_MOST = 2_000


class Standing:
    """So that nobody has to be asked, and it is known too where the bot is no member."""

    def __init__(self, client: discord.Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._told: OrderedDict[tuple[str, str], tuple[Rank, float]] = OrderedDict()

    def note(self, said: dict[str, Any]) -> None:
        room, guild = snowflake(said.get("channel_id")), snowflake(said.get("guild_id"))
        member = said.get("member")
        member = member if isinstance(member, dict) else {}
        user = member.get("user") or said.get("user")
        person = snowflake(user.get("id")) if isinstance(user, dict) else ""
        if not room or not person:
            return
        may = member.get("permissions")
        if isinstance(may, str) and may.isascii() and may.isdigit():
            rank = Rank.ADMIN if int(may[:40]) & _LEADS else Rank.MEMBER
        elif guild or said.get("context") != 2:
            return
        else:
            rank = Rank.MEMBER  # of a chat of people's own, which has no ranks
        whole = self._client.get_guild(int(guild)) if guild else None
        if whole is not None and whole.owner_id == int(person):
            rank = Rank.OWNER
        self._told[room, person] = rank, self._clock.monotonic() + _KEPT
        self._told.move_to_end((room, person))
        if len(self._told) > _MOST:
            self._told.popitem(last=False)

    def of(self, address: Address, author: str) -> Rank | None:
        """None where nothing was told lately."""
        rank, until = self._told.get((address.room, author), (None, 0.0))
        return rank if until > self._clock.monotonic() else None
