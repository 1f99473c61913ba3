"""What a person starts with a command, a button or a form, until the bot answered it or did not."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bots.sandbox.discord import options, reach, shapes
from bots.sandbox.discord.gateway import Gateway
from bots.sandbox.discord.permissions import in_channel
from bots.sandbox.things import Account, Change, Chat, Fact, Message
from bots.sandbox.world import World

Json = dict[str, Any]
Commands = Callable[[Account, Chat, str, Account, int], Json | None]
PING, COMMAND, COMPONENT, COMPLETION, MODAL = 1, 2, 3, 4, 5
_TOKEN_SECONDS = 900.0


@dataclass(slots=True, eq=False)
class Interaction:
    """One interaction: what it was, and what came of it."""

    number: str
    token: str = field(repr=False)
    kind: int
    bot: Account
    who: Account
    chat: Chat
    began: float
    name: str = ""
    # The message whose button was pressed, by itself or by way of a form.
    source: int | None = None
    # The interaction that a form was the answer to.
    asked: "Interaction | None" = None
    answered: bool = False
    failed: bool = False
    original: Message | None = None
    # What was said first after it.
    behind: Message | None = None
    modal: Json | None = None
    choices: list[Json] | None = None
    # On whose behalf: a server's, a person's own, or both.
    owners: Json = field(default_factory=dict)
    # What was chosen or written; how often the bot has said more.
    data: Json = field(default_factory=dict, repr=False)
    later: int = 0
    timer: asyncio.TimerHandle | None = field(default=None, repr=False)

    @property
    def reply(self) -> Message | None:
        """The answer as it stands now; where it was withdrawn, what was said in its stead."""
        first = self.first
        if first is None or not first.deleted or self.behind is None:
            return first
        return self.chat.messages[self.behind.id]

    @property
    def first(self) -> Message | None:
        """What its bot knows as @original."""
        return None if self.original is None else self.chat.messages[self.original.id]


class Interactions:
    """Begins interactions and keeps them for as long as their tokens are good."""

    def __init__(self, world: World, gateway: Gateway, commands: Commands) -> None:
        self._world = world
        self._gateway = gateway
        self._commands = commands
        self._by_number: dict[str, Interaction] = {}
        self._by_token: dict[str, Interaction] = {}
        # How long a bot has for its first answer.
        self.patience = 3.0

    def __getitem__(self, number: str) -> Interaction:
        return self._by_number[number]

    def with_token(self, token: str) -> Interaction | None:
        """The interaction of a token that is still good."""
        it = self._by_token.get(token)
        return it if it is not None and self._world.now() - it.began < _TOKEN_SECONDS else None

    def begin(self, change: Change) -> None:
        """Bring what a person did before the bot; ValueError when it cannot be done so."""
        fact = change.fact
        who = self._world.accounts[fact["who"]]
        if fact["kind"] == "modal":
            return self._begin_form(fact, who)
        room, bot = self._world.chats[fact["chat"]], self._world.accounts[fact["bot"]]
        token = secrets.token_urlsafe(48)
        now = self._world.now()
        if fact["kind"] == "component":
            it = Interaction(fact["number"], token, COMPONENT, bot, who, room, now)
            it.source = fact["id"]
            it.owners = reach.owners(self._world, who, room, bot)
            return self._put(it, options.picked(self._world, room, fact))
        kind = options.kind_of(fact["options"])
        command = self._commands(bot, room, fact["name"], who, kind)
        if command is None:
            raise ValueError(f"{bot.name} has no command {fact['name']}")
        behalf = reach.may_use(self._world, who, room, bot, command)
        kind = COMPLETION if fact.get("completing") else COMMAND
        it = Interaction(fact["number"], token, kind, bot, who, room, now, command["name"])
        it.owners = behalf
        given, completing = fact["options"], fact.get("completing")
        data = options.chosen(self._world, room, command, fact["name"], given, completing)
        return self._put(it, data)

    def _begin_form(self, fact: Fact, who: Account) -> None:
        asked = self._by_number[fact["asked"]]
        if asked.modal is None or asked.who is not who:
            raise ValueError("there is no form to fill in")
        form = asked.modal
        data = {"custom_id": form["custom_id"], "components": options.filled(form, fact["fields"])}
        asked.modal = None
        it = Interaction(
            fact["number"],
            secrets.token_urlsafe(48),
            MODAL,
            asked.bot,
            who,
            asked.chat,
            self._world.now(),
            asked.name,
            asked.source,
            asked,
        )
        it.owners = asked.owners
        self._put(it, data)

    def _put(self, it: Interaction, data: Json) -> None:
        it.data = data
        self._by_number[it.number] = self._by_token[it.token] = it
        loop = asyncio.get_running_loop()
        it.timer = loop.call_later(self.patience, self._give_up, it)
        self._gateway.dispatch(it.bot, "INTERACTION_CREATE", self._event(it, data))

    def _event(self, it: Interaction, data: Json) -> Json:
        room, guild = it.chat, it.chat.guild
        shape: Json = {
            "id": it.number,
            "application_id": str(it.bot.id),
            "type": it.kind,
            "data": data,
            "channel_id": str(room.id),
            "channel": {
                **shapes.channel(room, it.bot),
                "permissions": str(in_channel(room, it.who)),
            },
            "token": it.token,
            "version": 1,
            "app_permissions": str(reach.permissions_of(room, it.bot)),
            "locale": reach.locale(it.who),
            "entitlements": [],
            "authorizing_integration_owners": it.owners,
            "context": reach.context(room, it.bot),
            "attachment_size_limit": 10 << 20,
        }
        if guild is None:
            shape["user"] = shapes.user(it.who)
        else:
            member = shapes.member(guild, it.who)
            member["permissions"] = str(in_channel(room, it.who))
            shape |= {"guild_id": str(guild.id), "member": member, "guild_locale": "en-US"}
            shape["guild"] = {"id": str(guild.id), "locale": "en-US", "features": []}
        if it.source is not None:
            shape["message"] = shapes.message(self._world, room.messages[it.source], it.bot)
        return shape

    def answer(self, it: Interaction) -> None:
        """Note that the bot answered; nobody waits any more."""
        it.answered = True
        if it.timer is not None:
            it.timer.cancel()

    def _give_up(self, it: Interaction) -> None:
        it.failed = True
        words = "This application did not respond"
        fact: Fact = {"fact": "answered", "text": words, "show_alert": False}
        self._world.tell({**fact, "who": it.who.id, "interaction": it.number})

    def close(self) -> None:
        """Wait for no answer any more, because the server stops."""
        for it in self._by_number.values():
            if it.timer is not None:
                it.timer.cancel()
