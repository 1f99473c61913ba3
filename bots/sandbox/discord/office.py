"""What the server keeps beside the world: files, nonces, commands and open interactions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bots.sandbox.discord.gateway import Gateway
from bots.sandbox.discord.intents import Intents
from bots.sandbox.discord.interactions import Interactions
from bots.sandbox.discord.reach import is_called
from bots.sandbox.discord.refusals import no
from bots.sandbox.things import Account, Change, Chat, Message
from bots.sandbox.world import World

Json = dict[str, Any]
_NONCE_SECONDS = 300.0


@dataclass(slots=True)
class Office:
    """The desk that all answers are written at."""

    world: World
    gateway: Gateway
    granted: Callable[[Account], Intents]
    roots: Callable[[], tuple[str, str]]
    # By channel, id and name, as an attachment's address has them.
    files: dict[tuple[str, str, str], tuple[str, bytes]] = field(default_factory=dict, repr=False)
    commands: dict[tuple[int, int | None], dict[int, Json]] = field(default_factory=dict)
    interactions: Interactions = field(init=False)
    # Oldest first, by bot, channel and nonce.
    _nonces: dict[tuple[int, int, str], Message] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.interactions = Interactions(self.world, self.gateway, self.command)

    def command(self, bot: Account, room: Chat, name: str, who: Account, kind: int) -> Json | None:
        """The command that is meant in a channel: the server's own before the one for all places."""
        guild = room.guild.id if room.guild is not None else None
        for place in dict.fromkeys((guild, None)):
            for each in self.commands.get((bot.id, place), {}).values():
                if each["type"] == kind and is_called(each, name, who):
                    return each
        return None

    def owner(self, args: Mapping[str, str]) -> Account:
        """Whose interaction an address names: there, the token in it stands for a login."""
        it = self.interactions.with_token(args["token"])
        if it is not None:
            return it.bot
        if "interaction" in args:
            raise no(10062)
        number = args["application"]
        hook = self.world.hooks.get(int(number)) if number.isdigit() else None
        if hook is None and number.isdigit() and int(number) not in self.world.accounts:
            raise no(10015)
        if hook is None or hook.token != args["token"]:
            raise no(50027)
        return hook.owner

    def hear(self, change: Change) -> None:
        """Learn from a change, a kept one too, what answers depend on."""
        if change.kind == "app_commands":
            fact = change.fact
            place = (fact["bot"], fact["guild"])
            self.commands[place] = {int(each["id"]): each for each in fact["commands"]}
        elif change.kind == "message" and change.message is not None:
            self._remember(change.message)
        elif change.kind == "interaction":
            self.interactions.begin(change)

    def first_with(self, bot: Account, room: int, nonce: str) -> Message | None:
        """What this bot said with this nonce in this channel within the last five minutes."""
        self._forget()
        first = self._nonces.get((bot.id, room, nonce))
        return None if first is None else first.chat.messages[first.id]

    def _remember(self, said: Message) -> None:
        nonce = said.more.get("nonce")
        if nonce is not None and said.sender.is_bot:
            self._nonces.setdefault((said.sender.id, said.chat.id, str(nonce)), said)
            self._forget()

    def _forget(self) -> None:
        oldest = self.world.now() - _NONCE_SECONDS
        while self._nonces:
            key, first = next(iter(self._nonces.items()))
            if first.date > oldest:
                return
            del self._nonces[key]
