"""Where a character takes part on a platform of servers, and with whom: servers, channels, roles."""

from __future__ import annotations

from dataclasses import dataclass

from core.flow.door_lists import Listed
from core.messages import Author, ChannelType, Inbound, Kind


@dataclass(frozen=True, slots=True)
class Gate:
    """None of a list: it was not set, and all are in it. Where several are set, a place has to pass
    those of places; a person is let in by one of those of people."""

    servers: Listed | None = None
    channels: Listed | None = None
    """Their threads and posts count; direct chats have a switch of their own."""
    roles: Listed | None = None
    people: Listed | None = None

    def refusal(self, lead: Inbound, author: Author, *, known: bool, pairs: bool) -> str:
        """The rule by which somebody may not talk here; empty where they may."""
        if not lead.is_direct:
            if rule := self._of_place(lead):
                return rule
            # What becomes of a server is nobody's word; who comes may be greeted.
            if lead.kind in (Kind.WORLD, Kind.MEMBER) and not lead.joined:
                return ""
            everybody = (author, *lead.joined) if lead.kind is Kind.MEMBER else (author,)
            known = known or any(self._is_listed(one, lead.place.world) for one in everybody)
            return "" if known or not self._picks else "not-allowed"
        if known or self._is_listed(author):
            return ""
        if pairs:
            return "not-paired"
        return "not-allowed" if self._picks else ""

    def of_cue(self, lead: Inbound) -> str:
        """Of a server, as far as its place tells: some of its people may be let in."""
        return "" if lead.is_direct else self._of_place(lead)

    def takes_in(self, server: str, channel: str) -> bool:
        """Whether she may be in that channel, as far as places are listed; of a server that is not
        known yet its channel alone tells."""
        if server and self.servers is not None and not self.servers.holds(server):
            return False
        return self.channels is None or self.channels.holds(channel)

    def lets_in(self, person: str, name: str = "") -> bool:
        """Somebody who is spoken to directly, where nobody's roles are known."""
        return not self._picks or self._is_listed(Author(person, "", name))

    @property
    def _picks(self) -> bool:
        return self.people is not None or self.roles is not None

    def _of_place(self, lead: Inbound) -> str:
        """Where somebody has brought her along for themselves there is no server, and none listed."""
        place, address = lead.place, lead.address
        if self.servers is not None and not self.servers.holds(place.world):
            return "server-not-allowed"
        if self.channels is None or place.channel is ChannelType.WORLD:
            return ""
        if lead.kind is Kind.CUE and place.channel is ChannelType.THREAD and not place.within:
            return ""  # whose thread it is, is told only with what is said there
        here = filter(None, (address.room, address.thread, place.within))
        return "" if any(map(self.channels.holds, here)) else "channel-not-allowed"

    def _is_listed(self, author: Author, server: str = "") -> bool:
        # A bot may bear anybody's name.
        name = "" if author.is_bot else author.username
        if self.people is not None and self.people.holds(author.id, name):
            return True
        # A server's own id is the role that everybody there has.
        has = (*author.roles, server) if server else author.roles
        return self.roles is not None and any(map(self.roles.holds, has))
