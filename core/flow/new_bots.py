"""Bots for characters who have none: an operator asks one of ours, and makes it with one press."""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from core.casting import LoadedCharacter
from core.clock import Clock
from core.errors import BadInput, LinkLost, LinkRejected, SendFailed, Throttled, Unsendable
from core.flow import commands, made_bots
from core.flow.cast import Cast
from core.flow.made_bots import Made
from core.flow.opened import Postponed
from core.flow.ranks import Ranks
from core.flow.work import Work
from core.flow.writing import Scribe
from core.ids import CharacterId
from core.messages import Button, InboundStatus, MadeBot, Rank, Reply
from core.ports import MakesBots, Store
from core.secrets import Secret

log = logging.getLogger(__name__)

_ASKED = "troupe:newbot:"
"""Begins the key under which a manager remembers what one person was about to make."""
_REMEMBERED = timedelta(days=1)
_AGAIN = 5.0
"""Seconds until a token that could not be fetched is asked for again."""
_TRIES = 720
"""An hour, in which nothing else can be said to that operator either."""
_USERNAME = re.compile(r"@?([A-Za-z][A-Za-z0-9_]{1,28}bot)", re.IGNORECASE)
_SHOWN = 30
"""Names that are offered to be pressed."""
_BY_HAND = (
    "I may not make bots here. Either switch on Bot Management Mode in my settings at @BotFather, "
    "or make the bot there with /newbot and put its token into .env."
)


class NewBots:
    """Who may look after whom, and what came of it; what is kept here is in the store as well."""

    def __init__(
        self,
        store: Store,
        cast: Cast,
        ranks: Ranks,
        scribe: Scribe,
        clock: Clock,
        without: Callable[[], Sequence[LoadedCharacter]],
        changed: Callable[[], None],
    ) -> None:
        """`without` are those for whom no bot is known; `changed` hears that links are to follow."""
        self._store = store
        self._cast = cast
        self._ranks = ranks
        self._scribe = scribe
        self._clock = clock
        self._without = without
        self._changed = changed
        self._made: dict[CharacterId, Made] = {}
        self._tries: dict[int, int] = {}

    @property
    def tokens(self) -> Mapping[tuple[str, CharacterId], Secret]:
        return made_bots.tokens(self._made)

    async def load(self) -> None:
        """What earlier processes have been given. Without the key that sealed it the others play."""
        try:
            self._made = await self._store.read(made_bots.stored)
        except BadInput as error:
            for finding in error.findings:
                log.error("bots that were made by /newbot stay out: %s", finding)

    # --- /newbot -------------------------------------------------------------------------------

    async def command(self, work: Work) -> None:
        """/newbot NAME, by which an operator is led to where a bot for NAME is made."""
        work.decided()
        rank = Rank.OPERATOR if self._is_operator(work) else Rank.STRANGER
        refused = commands.refusal(commands.NEWBOT, work.lead, rank)
        reply = Reply(refused) if refused else await self._led(work)
        if not work.lead.is_direct:
            reply = replace(reply, reply_to=work.lead.message)
        await self._scribe.write(
            work, InboundStatus.ANSWERED, "command-newbot", say=reply, keep=False
        )

    async def _led(self, work: Work) -> Reply:
        platform = work.part.platform
        if not isinstance(platform, MakesBots) or not platform.may_make_bots:
            return Reply(_BY_HAND)
        there = self._without()
        if not there:
            return Reply("Everybody has a bot. Load another character first.")
        chosen, username = _meant(work.lead.arguments, there)
        if chosen is None:
            names = [one.name for one in there[:_SHOWN]]
            return Reply(
                "Who is it for? These have none: " + ", ".join(names) + ".",
                keyboard=tuple((f"/newbot {name}",) for name in names),
            )
        if username and not _USERNAME.fullmatch(username):
            return Reply("A bot's username has 5 to 32 of a-z, 0-9 and _, and ends in bot.")
        username = username.removeprefix("@") or _username(chosen)
        await self._remember(work, chosen.id, username)
        where = Button(
            f"Make a bot for {chosen.name}", url=platform.where_to_make(chosen.name, username)
        )
        return Reply(
            f"Press the button and confirm; name and username can be changed there. "
            f"{chosen.name} logs in as soon as the bot is made.",
            buttons=(where,),
        )

    async def _remember(self, work: Work, whose: CharacterId, username: str) -> None:
        """The newest last; whoever opens an older button still gets what stands on it."""
        manager, key = work.part.id, _ASKED + work.lead.author.id
        asked = await self._asked(work)
        asked.pop(whose, None)
        asked[whose] = username
        until = self._clock.now() + _REMEMBERED
        work.later.append(lambda unit: unit.cache.put(manager, key, asked, until))

    async def _asked(self, work: Work) -> dict[str, str]:
        manager, key, now = work.part.id, _ASKED + work.lead.author.id, self._clock.now()
        found = await self._store.read(lambda unit: unit.cache.get(manager, key, now))
        return dict(found) if isinstance(found, Mapping) else {}

    # --- it is made ----------------------------------------------------------------------------

    async def __call__(self, work: Work) -> None:
        """A bot was made, or has another token: the row stays open until that is kept."""
        made = work.lead.made
        assert made is not None
        known = self._known(work, made)
        whose = known.character if known else await self._whose(work, made)
        if whose is None:
            await self._pass(work, "bot-of-nobody")
            return
        try:
            token = await self._fetched(work, made)
        except Unsendable as error:
            log.warning("%s gets no token of a bot: %s", work.part.character.name, error)
            await self._end(work, Reply("I am not given its token. Please try /newbot once more."))
            return
        if known and known.token == token:
            await self._pass(work, "bot-known")
            return
        work.decided()
        new = Made(whose, made.id, made.username, work.lead.address.account, token)
        work.later.append(lambda unit: made_bots.put(unit, new))
        say = None if known else Reply(f"{self._name(whose)} is @{made.username} from now on.")
        await self._end(work, say)
        self._made[whose] = new
        self._changed()

    def _known(self, work: Work, made: MadeBot) -> Made | None:
        us = work.lead.address.account
        found = (one for one in self._made.values() if (one.manager, one.bot) == (us, made.id))
        return next(found, None)

    async def _whose(self, work: Work, made: MadeBot) -> CharacterId | None:
        """Anybody can make a bot for ours to look after; only what an operator asked for counts."""
        if not self._is_operator(work):
            log.warning("%s was given a bot that no operator made", work.part.character.name)
            return None
        free = {one.id: one for one in self._without()}
        asked = {CharacterId(one): name for one, name in (await self._asked(work)).items()}
        wanted = [one for one in asked if one in free]
        for one in reversed(wanted):
            if asked[one].casefold() == made.username.casefold():
                return one
        for one in reversed(wanted):
            if free[one].name.casefold() == made.name.casefold():
                return one
        return wanted[-1] if wanted else None

    async def _fetched(self, work: Work, made: MadeBot) -> Secret:
        platform, row = work.part.platform, work.lead.id
        if not isinstance(platform, MakesBots):
            raise Unsendable("no bots are made here")
        try:
            token = await platform.token_of(made.id)
        except (LinkLost, LinkRejected, SendFailed) as error:
            self._tries[row] = tries = self._tries.get(row, 0) + 1
            if isinstance(error, Unsendable) or tries >= _TRIES:
                self._tries.pop(row)
                raise Unsendable(str(error)) from None
            raise Postponed(error.seconds if isinstance(error, Throttled) else _AGAIN) from None
        self._tries.pop(row, None)
        return token

    async def _pass(self, work: Work, rule: str) -> None:
        await self._scribe.write(work, InboundStatus.SILENT, rule, keep=False)

    async def _end(self, work: Work, say: Reply | None) -> None:
        status = InboundStatus.ANSWERED if say else InboundStatus.SILENT
        await self._scribe.write(work, status, "bot-made", say=say, keep=False)

    def _name(self, whose: CharacterId) -> str:
        return next((one.name for one in self._without() if one.id == whose), "She")

    def _is_operator(self, work: Work) -> bool:
        return self._ranks.is_operator(work.part, work.lead.address, work.lead.author.id)

    # --- what an operator's commands ask -------------------------------------------------------

    async def remove(self, character: CharacterId) -> bool:
        """Forget her bot and its token; the bot itself stays with whoever made it."""
        if character not in self._made:
            return False
        await self._store.write(lambda unit: made_bots.drop(unit, character))
        del self._made[character]
        self._changed()
        return True

    async def renew(self, character: CharacterId) -> bool:
        """Another token for her bot. Raises LinkLost, LinkRejected or SendFailed."""
        made = self._made.get(character)
        manager = self._cast.on(made.manager) if made else None
        if made is None or manager is None or not isinstance(manager.platform, MakesBots):
            return False
        token = await manager.platform.renew_token(made.bot)
        # Killed here, the update that tells of the new token brings it again.
        new = replace(made, token=token)
        await self._store.write(lambda unit: made_bots.put(unit, new))
        self._made[character] = new
        self._changed()
        return True


def _meant(arguments: str, there: Sequence[LoadedCharacter]) -> tuple[LoadedCharacter | None, str]:
    """A name of several words, and behind it perhaps a username."""
    text = " ".join(arguments.split())
    head, _, last = text.rpartition(" ")
    for name, username in ((text, ""), (head, last)):
        for one in there:
            if name and name.casefold() in (one.name.casefold(), one.character.handle.casefold()):
                return one, username
    return None, ""


def _username(one: LoadedCharacter) -> str:
    """A suggestion: Telegram says so where somebody has it."""
    plain = unicodedata.normalize("NFKD", one.name).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_").lower()
    stem = stem if stem[:1].isalpha() else f"a_{stem}".strip("_")
    return f"{stem[:27]}_bot"
