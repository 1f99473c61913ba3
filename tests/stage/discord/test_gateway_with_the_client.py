"""discord.py, as it is, on the local gateway: what it sees, hears, survives and does not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator

import discord
import pytest
import yarl

from bots.sandbox import Bot, Person, Stage


class Ears(discord.Client):
    """Takes down what it is told, in order."""

    def __init__(self, *, presences: bool = True, **options: object) -> None:
        intents = discord.Intents.all()
        intents.presences = presences
        super().__init__(intents=intents, guild_ready_timeout=0.05, **options)
        self.told: asyncio.Queue[tuple[str, object]] = asyncio.Queue()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """It would sleep here for five seconds before each login but the first."""

    def dispatch(self, event: str, /, *args: object, **kwargs: object) -> None:
        super().dispatch(event, *args, **kwargs)
        if not event.startswith("socket_"):
            self.told.put_nowait((event, args[0] if args else None))

    async def next(self, event: str) -> object:
        """What the next event of this name carries; others are passed over."""
        async with asyncio.timeout(10):
            while True:
                name, what = await self.told.get()
                if name == event:
                    return what

    async def message(self) -> discord.Message:
        said = await self.next("message")
        assert isinstance(said, discord.Message)
        return said


@pytest.fixture(autouse=True)
def _endpoints(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord.http.Route, "BASE", stage.discord.api_root)
    url = yarl.URL(stage.discord.gateway_url)
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", url)


@contextlib.contextmanager
def unwrapped() -> Iterator[None]:
    """Let the one error of a task group out as itself."""
    try:
        yield
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None


@contextlib.asynccontextmanager
async def running(bot: Bot, **options: object) -> AsyncIterator[Ears]:
    """The client, ready; whatever ends it comes out of here."""
    with unwrapped():
        async with Ears(**options) as client, asyncio.TaskGroup() as tasks:
            tasks.create_task(client.start(bot.token))
            await client.next("ready")
            yield client
            await client.close()


async def until_it_ends(bot: Bot, deed: Callable[[], object]) -> None:
    """Run the client until it ends by what is done to it."""
    async with running(bot) as client:
        deed()
        await client.next("never")


@pytest.fixture
def ada(stage: Stage) -> Bot:
    return stage.discord.bot("Ada")


@pytest.fixture
def mia(stage: Stage) -> Person:
    return stage.person("Mia")


@pytest.mark.parametrize("presences", [True, False])
async def test_it_logs_in_and_sees_its_servers_channels_threads_and_members(
    stage: Stage, ada: Bot, mia: Person, presences: bool
) -> None:
    guild = stage.discord.guild("First", [mia, stage.person("Max")], [ada])
    board = stage.discord.channel(guild, "questions", "board")
    post = stage.discord.post(board, "Why?", mia, "Because.")
    general = next(iter(guild.channels.values()))
    thread = stage.discord.thread(general, "Plans", mia)
    role = stage.discord.role(guild, "Readers", [mia])
    stage.discord.guild("Without her", [mia])
    # With presences it takes the members as they come; without, it asks for them.
    async with running(ada, presences=presences) as client:
        assert client.user is not None
        assert client.user.id == ada.id
        [seen] = client.guilds
        assert (seen.id, seen.name, seen.owner_id) == (guild.id, "First", mia.snowflake)
        assert [each.name for each in seen.text_channels] == ["general", "random"]
        assert [each.name for each in seen.forums] == ["questions"]
        assert {each.id for each in seen.threads} == {post.id, thread.id}
        assert {each.display_name for each in seen.members} == {"Mia", "Max", "Ada"}
        member = seen.get_member(mia.snowflake)
        assert member is not None
        assert [each.id for each in member.roles] == [guild.id, role]
        assert seen.me.id == ada.id
        assert seen.large is False


async def test_it_hears_what_is_said_in_channels_threads_and_alone(
    stage: Stage, ada: Bot, mia: Person
) -> None:
    guild = stage.discord.guild("First", [mia], [ada])
    general = next(iter(guild.channels.values()))
    async with running(ada) as client:
        said = mia.says(general, "@Ada hello")
        in_channel = await client.message()
        thread = stage.discord.thread(general, "Plans", mia, message=said)
        begun = await client.next("thread_create")
        mia.says(thread, "in the thread")
        while (in_thread := await client.message()).channel.id != thread.id or not (
            in_thread.content
        ):
            pass
        mia.says(stage.discord.dm(mia, ada), "just us")
        alone = await client.message()
    assert in_channel.content == f"<@{ada.id}> hello"
    assert client.user in in_channel.mentions
    assert isinstance(in_channel.author, discord.Member)
    assert isinstance(begun, discord.Thread)
    assert isinstance(in_thread.channel, discord.Thread)
    assert in_thread.channel.parent_id == general.id
    assert in_thread.content == "in the thread"
    assert isinstance(alone.channel, discord.DMChannel)
    assert alone.guild is None
    assert (alone.author.id, alone.content) == (mia.snowflake, "just us")


async def test_it_hears_edits_reactions_typing_and_deletions(
    stage: Stage, ada: Bot, mia: Person
) -> None:
    guild = stage.discord.guild("First", [mia], [ada])
    general = next(iter(guild.channels.values()))
    async with running(ada) as client:
        said = mia.says(general, "helo")
        mia.edits(said, "hello")
        mia.reacts(said, "👍")
        mia.types(general)
        mia.reacts(said, None)
        mia.deletes(said)
        await client.next("message_edit")
        came = await client.next("reaction_add")
        await client.next("typing")
        await client.next("reaction_remove")
        gone = await client.next("message_delete")
    assert isinstance(came, discord.Reaction)
    assert str(came.emoji) == "👍"
    assert isinstance(gone, discord.Message)
    assert gone.content == "hello"


async def test_its_picture_of_a_server_follows_what_happens_there(
    stage: Stage, ada: Bot, mia: Person
) -> None:
    guild = stage.discord.guild("First", [mia], [ada])
    async with running(ada) as client:
        seen = client.guilds[0]
        max_ = stage.person("Max")
        stage.discord.invite(guild, max_)
        await client.next("member_join")
        role = stage.discord.role(guild, "Readers", [max_])
        await client.next("member_update")
        assert [each.id for each in seen.get_member(max_.snowflake).roles] == [guild.id, role]
        made = stage.discord.channel(guild, "new")
        await client.next("guild_channel_create")
        assert seen.get_channel(made.id).name == "new"
        stage.discord.close_channel(made, ada)
        await client.next("guild_channel_update")
        assert not seen.get_channel(made.id).permissions_for(seen.me).view_channel
        stage.discord.delete_channel(made)
        await client.next("guild_channel_delete")
        assert seen.get_channel(made.id) is None
        stage.discord.remove(guild, max_)
        await client.next("member_remove")
        assert seen.get_member(max_.snowflake) is None
        second = stage.discord.guild("Second", [mia], [ada])
        await client.next("guild_join")
        stage.discord.remove(second, ada)
        await client.next("guild_remove")
        assert list(client.guilds) == [seen]


async def test_it_resumes_after_a_cut_line_and_misses_nothing(
    stage: Stage, ada: Bot, mia: Person
) -> None:
    guild = stage.discord.guild("First", [mia], [ada])
    general = next(iter(guild.channels.values()))
    async with running(ada) as client:
        mia.says(general, "before")
        await client.message()
        stage.discord.gateway.drop(ada)
        for number in range(200):
            mia.says(general, f"number {number}")
        heard = [(await client.message()).content for _ in range(200)]
        await client.next("resumed")
        mia.says(general, "after")
        assert (await client.message()).content == "after"
        counts = stage.discord.gateway.sessions(ada)
    assert heard == [f"number {number}" for number in range(200)]
    assert (counts.identifies, counts.resumes, counts.replayed) == (1, 1, 200)


@pytest.mark.parametrize("trouble", ["reconnect", "invalidate", "close", "outage"])
async def test_it_resumes_when_the_gateway_lets_it(
    stage: Stage, ada: Bot, mia: Person, trouble: str
) -> None:
    general = next(iter(stage.discord.guild("First", [mia], [ada]).channels.values()))
    gateway = stage.discord.gateway
    async with running(ada) as client:
        if trouble == "reconnect":
            gateway.reconnect(ada)
        elif trouble == "invalidate":
            gateway.invalidate(ada, resumable=True)
        elif trouble == "close":
            gateway.close(ada, 4000)
        else:
            async with stage.discord.outage():
                await client.next("disconnect")
        await client.next("resumed")
        mia.says(general, "hello again")
        assert (await client.message()).content == "hello again"
    assert gateway.sessions(ada).identifies == 1


async def test_it_logs_in_anew_after_an_invalid_session(
    stage: Stage, ada: Bot, mia: Person
) -> None:
    general = next(iter(stage.discord.guild("First", [mia], [ada]).channels.values()))
    gateway = stage.discord.gateway
    async with running(ada) as client:
        gateway.invalidate(ada)
        await client.next("ready")
        mia.says(general, "hello again")
        assert (await client.message()).content == "hello again"
    counts = gateway.sessions(ada)
    assert (counts.identifies, counts.resumes) == (2, 0)


async def test_it_notices_a_line_that_stands_but_is_dead(
    stage: Stage, ada: Bot, mia: Person
) -> None:
    general = next(iter(stage.discord.guild("First", [mia], [ada]).channels.values()))
    gateway = stage.discord.gateway
    gateway.heartbeat = 0.1
    async with running(ada, heartbeat_timeout=0.3) as client:
        gateway.hold(ada)
        mia.says(general, "into the void")
        assert (await client.message()).content == "into the void"
        await client.next("resumed")
    assert gateway.sessions(ada).identifies == 1


async def test_a_reset_token_ends_it(stage: Stage, ada: Bot) -> None:
    with pytest.raises(discord.ConnectionClosed) as ended:
        await until_it_ends(ada, lambda: stage.discord.new_token(ada))
    assert ended.value.code == 4004


async def test_an_intent_that_was_not_granted_ends_it(stage: Stage) -> None:
    bob = stage.discord.bot("Bob", message_content=False)
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with running(bob):
            pytest.fail("it was let in")


async def test_one_event_of_a_wrong_shape_is_enough_to_end_it(stage: Stage, ada: Bot) -> None:
    gateway = stage.discord.gateway
    with pytest.raises(KeyError):
        await until_it_ends(ada, lambda: gateway.dispatch(ada, "MESSAGE_DELETE", {}))
