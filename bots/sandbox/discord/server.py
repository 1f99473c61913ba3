"""The local Discord: its own port beside Telegram's, its servers and channels, its bots."""

import base64
import contextlib
import secrets
from collections.abc import Iterable, Sequence

from aiohttp import web

from bots.sandbox.cast import Bot, Person
from bots.sandbox.discord import (
    attendance,
    callbacks,
    channels,
    commands,
    deeds,
    hooks,
    members,
    messages,
    reactions,
    seating,
    selves,
    servers,
    stickers,
    talking,
    voting,
)
from bots.sandbox.discord.guilds import HANDLERS
from bots.sandbox.discord.hall import Hall
from bots.sandbox.discord.intents import NONE, PRIVILEGED, Intents
from bots.sandbox.discord.interactions import Interaction
from bots.sandbox.discord.office import Office
from bots.sandbox.discord.permissions import BOARDS
from bots.sandbox.discord.rest import Rest
from bots.sandbox.discord.routing import Map
from bots.sandbox.discord.snowflakes import mint
from bots.sandbox.faults import Faults
from bots.sandbox.journal import Journal
from bots.sandbox.port import Port
from bots.sandbox.things import Account, Change, Chat, Guild, Message
from bots.sandbox.world import World

_KINDS = frozenset({"text", "announcement", "board", "media", "voice", "stage", "category"})
# Bots for which no token names an id are numbered from here, one a second.
_BOTS_SINCE_MS = 250_000_000_000
_ROUTES = Map(
    selves.routes,
    channels.routes,
    messages.routes,
    reactions.routes,
    servers.routes,
    commands.routes,
    callbacks.routes,
    hooks.routes,
    members.routes,
    stickers.routes,
    voting.routes,
    seating.routes,
)


class Discord(Hall):
    """The stage's other platform: REST, gateway and files at one port of its own."""

    def __init__(self, world: World, *, limits: bool, record: bool, host: str, port: int) -> None:
        self._port = Port(host, port)
        super().__init__(world, self._granted, lambda: self._port.where, host)
        self._intents: dict[int, Intents] = {}
        world.learn(HANDLERS)
        world.learn(attendance.FACTS)
        self.faults = Faults()
        self.journal = Journal(keep_results=record)
        self._office = Office(
            world, self.gateway, self._granted, lambda: (self.gateway_url, self.cdn_root)
        )
        self._rest = Rest(self._office, _ROUTES, self.faults, self.journal, limits=limits)
        # From the start: what a kept world holds is heard as well.
        world.listeners += [self._hear, self._rest.hear, self._office.hear]

    def _hear(self, change: Change) -> None:
        if change.kind == "granted":
            self._intents[change.fact["bot"]] = Intents(change.fact["intents"])

    def _granted(self, bot: Account) -> Intents:
        return self._intents.get(bot.id, PRIVILEGED)

    # -- life ------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Take requests and sockets from now on."""
        await self._open_hall()
        self._world.listeners.append(self.gateway.hear)
        await self._port.open(self._handle)
        self._world.cdn_root = self.cdn_root

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith("/gateway"):
            return await self.gateway.handle(request)
        if request.path.startswith("/voice/") and self._voice is not None:
            return await self._voice.handle(request)
        return await self._rest.handle(request)

    async def aclose(self) -> None:
        """Send everyone away and let the port go."""
        self._port.shut()
        self._rest.end_waits()
        await self._close_hall()
        await self.gateway.aclose()
        await self._port.end()

    async def cut_off(self) -> None:
        """Let nobody reach Discord: REST and sockets are cut, new ones refused."""
        await self._port.cut_off()

    async def back(self) -> None:
        """Be reachable again, at the same port."""
        await self._port.back()

    def outage(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Inside, nobody reaches Discord; Telegram goes on."""
        return self._port.outage()

    # -- where it is -----------------------------------------------------------------------------

    @property
    def api_root(self) -> str:
        """What a client takes for https://discord.com/api/v10."""
        return f"http://{self._port.where}/api/v10"

    @property
    def gateway_url(self) -> str:
        return f"ws://{self._port.where}/gateway"

    @property
    def cdn_root(self) -> str:
        return f"http://{self._port.where}/cdn"

    @property
    def violations(self) -> dict[str, int]:
        """How often clients pushed: on an empty bucket, past the global rate, invalid requests."""
        return {**self._rest.violations, **self.gateway.violations}

    # -- the cast --------------------------------------------------------------------------------

    def bot(
        self,
        name: str,
        *,
        token: str | None = None,
        message_content: bool = True,
        members: bool = True,
    ) -> Bot:
        """A bot by its name, made when there is none yet; the flags are its privileged intents."""
        everyone = self._world.accounts.values()
        ours = (who for who in everyone if who.platform == "discord" and who.name == name)
        known = next(ours, None)
        if isinstance(known, Bot):
            if token is not None and token != known.token:
                self._world.give_token(known, token)
            return known
        number = _id_of(token) or (_BOTS_SINCE_MS + len(self.bots()) * 1000) << 22
        made = self._world.account(name, None, True, number, "discord")
        assert isinstance(made, Bot)
        self._world.give_token(made, token or make_token(number))
        granted = PRIVILEGED
        granted &= ~(NONE if message_content else Intents.MESSAGE_CONTENT)
        granted &= ~(NONE if members else Intents.GUILD_MEMBERS)
        self.grant(made, granted)
        return made

    def bots(self) -> list[Bot]:
        everyone = self._world.accounts.values()
        return [who for who in everyone if isinstance(who, Bot) and who.platform == "discord"]

    def grant(self, bot: Bot, intents: Intents) -> None:
        """Say which privileged intents a bot may ask for, as its developer portal would."""
        self._world.commit({"fact": "granted", "bot": bot.id, "intents": int(intents)})

    def new_token(self, bot: Bot, token: str | None = None) -> str:
        """Reset a bot's token; the new one opens the same account."""
        return self._world.give_token(bot, token or make_token(bot.id))

    def interaction(self, number: str) -> Interaction:
        """What came of a command, a press or a form: its reply, a form, choices, or a failure."""
        return self._office.interactions[number]

    @property
    def patience(self) -> float:
        """How many seconds a bot has for its first answer to an interaction."""
        return self._office.interactions.patience

    @patience.setter
    def patience(self, seconds: float) -> None:
        self._office.interactions.patience = seconds

    # -- servers ---------------------------------------------------------------------------------

    def guild(
        self,
        name: str,
        people: Sequence[Person],
        bots: Iterable[Bot] = (),
        *,
        channels: Iterable[str] = ("general", "random"),
    ) -> Guild:
        """A server; the first person owns it."""
        owner = people[0]
        fact = {"fact": "guild", "id": mint(self._world), "name": name, "owner": owner.id}
        made = self._world.commit(fact).guild
        assert made is not None
        deeds.join(self._world, made, owner)
        for channel in channels:
            self.channel(made, channel)
        for who in (*people, *bots):
            self.invite(made, who)
        return made

    def channel(
        self,
        guild: Guild,
        name: str,
        kind: str = "text",
        *,
        under: Chat | None = None,
        tags: Iterable[str] = (),
    ) -> Chat:
        """A channel of a server: text, announcement, board (what Discord calls a forum), media,
        voice, stage or category; `under` is its category, `tags` are those of a board's posts."""
        if kind not in _KINDS:
            raise ValueError(f"there is no channel of the kind {kind}")
        given = channels.tags(self._world, [{"name": tag} for tag in tags])
        more = {"available_tags": given} if given else {}
        return talking.open_room(self._world, kind, name, guild=guild.id, parent=under, more=more)

    def thread(
        self,
        channel: Chat,
        name: str,
        by: Account,
        *,
        message: Message | None = None,
        private: bool = False,
    ) -> Chat:
        """A thread, at a message or beside all of them."""
        return talking.open_thread(self._world, channel, name, by, message=message, private=private)

    def post(
        self, board: Chat, title: str, by: Account, text: str, *, tags: Iterable[str] = ()
    ) -> Chat:
        """A post of a board with its first message, which has the post's own id."""
        if board.kind not in BOARDS:
            raise ValueError("only a board has posts")
        known = {tag["name"]: tag["id"] for tag in board.more.get("available_tags", ())}
        applied = {"applied_tags": [known[tag] for tag in tags]}
        made = talking.open_thread(self._world, board, title, by, more=applied)
        talking.say(self._world, by, made, talking.named(made, text), number=made.id)
        return made

    def dm(self, person: Person, bot: Account) -> Chat:
        """The direct channel of a person with a bot or with another person."""
        return talking.direct(self._world, person, bot)

    def group_dm(self, title: str, people: Sequence[Person]) -> Chat:
        """A direct channel of several people; no bot is in it but by those who bring it along."""
        joined, owner = tuple(people), people[0]
        return talking.open_room(self._world, "direct_group", title, joined=joined, owner=owner)

    def furnish(self, people: Sequence[Person], bots: Sequence[Bot]) -> Guild:
        """What a newcomer finds: a server with channels, a thread, a board, a voice channel where
        voices are installed, and direct channels."""
        for bot in bots:
            self.dm(people[0], bot)
        known = (it for it in self._world.guilds.values() if it.owner is people[0])
        guild = next(known, None)
        if guild is None:
            guild = self.guild("The Commons", people, bots, channels=("general", "stories"))
            general = next(iter(guild.channels.values()))
            self.thread(general, "Plans for Friday", people[-1])
            board = self.channel(guild, "questions", "board")
            self.post(board, "What are you reading?", people[-1], "Tell me of one good book.")
            self.role(guild, "Characters", bots)
            self.role(guild, "Hosts", people[:1], permissions=1 << 13)
        for bot in bots:
            self.invite(guild, bot)
        if self.has_voice and not any(it.kind == "voice" for it in guild.channels.values()):
            self.channel(guild, "Parlour", "voice")
        return guild


def make_token(number: int) -> str:
    """A token as Discord makes them: whose it is, and two parts that nobody can guess."""
    whose = base64.urlsafe_b64encode(str(number).encode()).rstrip(b"=").decode()
    return f"{whose}.{secrets.token_urlsafe(6)[:6]}.{secrets.token_urlsafe(30)[:38]}"


def _id_of(token: str | None) -> int | None:
    head = (token or "").partition(".")[0]
    with contextlib.suppress(ValueError):
        number = base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)).decode()
        return int(number) if number.isdigit() else None
    return None
