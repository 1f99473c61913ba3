"""A session outlives its socket: cut lines, replays, invalid sessions, and trouble made by hand."""

import contextlib

import aiohttp
import pytest

from bots.sandbox import Bot, Chat, Person, Stage
from tests.stage.discord.wires import Wire, dialled, logged_in


@pytest.fixture
def ada(stage: Stage) -> Bot:
    return stage.discord.bot("Ada")


@pytest.fixture
def mia(stage: Stage) -> Person:
    return stage.person("Mia")


@pytest.fixture
def general(stage: Stage, ada: Bot, mia: Person) -> Chat:
    guild = stage.discord.guild("First", [mia], [ada], channels=["general"])
    return next(iter(guild.channels.values()))


async def cut(stage: Stage, bot: Bot, wire: Wire) -> None:
    stage.discord.gateway.drop(bot)
    with contextlib.suppress(ConnectionError, aiohttp.ClientError):
        assert await wire.closed() == 1006


async def test_what_happened_meanwhile_is_told_in_order_after_a_resume(
    stage: Stage, ada: Bot, mia: Person, general: Chat
) -> None:
    async with logged_in(stage, ada) as wire:
        mia.says(general, "before")
        await wire.event("MESSAGE_CREATE")
        session, seq = wire.session, wire.seq or 0
        await cut(stage, ada, wire)
    for number in range(200):
        mia.says(general, f"number {number}")
    async with dialled(stage) as wire:
        await wire.resume(ada, session, seq)
        heard = []
        while (message := await wire.next())["t"] != "RESUMED":
            heard.append((message["s"], message["d"]["content"]))
        mia.says(general, "after")
        assert (await wire.event("MESSAGE_CREATE"))["content"] == "after"
    assert heard == [(seq + 1 + number, f"number {number}") for number in range(200)]
    counts = stage.discord.gateway.sessions(ada)
    assert (counts.identifies, counts.resumes, counts.replayed) == (1, 1, 200)


async def test_what_was_sent_but_not_taken_is_sent_again(
    stage: Stage, ada: Bot, mia: Person, general: Chat
) -> None:
    async with logged_in(stage, ada) as wire:
        await wire.event("GUILD_CREATE")
        session, seq = wire.session, wire.seq or 0
        mia.says(general, "lost on the way")
        await wire.event("MESSAGE_CREATE")
        await cut(stage, ada, wire)
    async with dialled(stage) as wire:
        await wire.resume(ada, session, seq)
        assert (await wire.event("MESSAGE_CREATE"))["content"] == "lost on the way"


@pytest.mark.parametrize("code", [1000, 1001])
async def test_a_goodbye_ends_the_session(stage: Stage, ada: Bot, code: int) -> None:
    async with logged_in(stage, ada) as wire:
        session, seq = wire.session, wire.seq or 0
        await wire.socket.close(code=code)
    async with dialled(stage) as wire:
        await wire.resume(ada, session, seq)
        assert await wire.operation(9) is False
        assert (await wire.identify(ada.token))["session_id"] != session


async def test_any_other_code_leaves_the_session_standing(stage: Stage, ada: Bot) -> None:
    async with logged_in(stage, ada) as wire:
        session, seq = wire.session, wire.seq or 0
        await wire.socket.close(code=4000)
    async with dialled(stage) as wire:
        await wire.resume(ada, session, seq)
        assert await wire.event("RESUMED")


async def test_a_session_that_was_gone_too_long_is_over(stage: Stage, ada: Bot) -> None:
    stage.discord.gateway.logins.survives = 0.0
    async with logged_in(stage, ada) as wire:
        session, seq = wire.session, wire.seq or 0
        await cut(stage, ada, wire)
    async with dialled(stage) as wire:
        await wire.resume(ada, session, seq)
        assert await wire.operation(9) is False


async def test_a_session_that_missed_too_much_is_over(
    stage: Stage, ada: Bot, mia: Person, general: Chat
) -> None:
    stage.discord.gateway.logins.keeps = 10
    async with logged_in(stage, ada) as wire:
        await wire.event("GUILD_CREATE")
        session, seq = wire.session, wire.seq or 0
        await cut(stage, ada, wire)
    for number in range(11):
        mia.says(general, f"number {number}")
    async with dialled(stage) as wire:
        await wire.resume(ada, session, seq)
        assert await wire.operation(9) is False


async def test_a_number_from_the_future_is_refused(stage: Stage, ada: Bot) -> None:
    async with logged_in(stage, ada) as wire:
        session, seq = wire.session, wire.seq or 0
        await cut(stage, ada, wire)
    async with dialled(stage) as wire:
        await wire.resume(ada, session, seq + 1)
        assert await wire.closed() == 4007


async def test_nobody_resumes_the_session_of_another(stage: Stage, ada: Bot) -> None:
    bob = stage.discord.bot("Bob")
    async with logged_in(stage, ada) as wire:
        session, seq = wire.session, wire.seq or 0
        await cut(stage, ada, wire)
    async with dialled(stage) as wire:
        await wire.resume(bob, session, seq)
        assert await wire.operation(9) is False


async def test_resuming_elsewhere_closes_the_older_line(stage: Stage, ada: Bot) -> None:
    async with logged_in(stage, ada) as old, dialled(stage) as new:
        await new.resume(ada, old.session, old.seq or 0)
        await new.event("RESUMED")
        assert await old.closed() == 4000
        stage.discord.gateway.dispatch(ada, "TEST", {"told": "once"})
        assert await new.event("TEST") == {"told": "once"}


async def test_being_asked_to_reconnect_keeps_the_session(
    stage: Stage, ada: Bot, mia: Person, general: Chat
) -> None:
    async with logged_in(stage, ada) as wire:
        await wire.event("GUILD_CREATE")
        session, seq = wire.session, wire.seq or 0
        stage.discord.gateway.reconnect(ada)
        assert await wire.operation(7) is None
        await wire.socket.close(code=4000)
    mia.says(general, "meanwhile")
    async with dialled(stage) as wire:
        await wire.resume(ada, session, seq)
        assert (await wire.event())["content"] == "meanwhile"
        assert (await wire.next())["t"] == "RESUMED"


@pytest.mark.parametrize("resumable", [True, False])
async def test_an_invalid_session_may_be_resumed_only_if_it_says_so(
    stage: Stage, ada: Bot, resumable: bool
) -> None:
    async with logged_in(stage, ada) as wire:
        session, seq = wire.session, wire.seq or 0
        stage.discord.gateway.invalidate(ada, resumable=resumable)
        assert await wire.operation(9) is resumable
        await wire.socket.close(code=4000)
    async with dialled(stage) as wire:
        await wire.resume(ada, session, seq)
        answer = await wire.next()
    assert answer["t" if resumable else "op"] == ("RESUMED" if resumable else 9)


@pytest.mark.parametrize(("code", "stands"), [(4000, True), (4009, False), (4004, False)])
async def test_a_close_by_hand_carries_its_code(
    stage: Stage, ada: Bot, code: int, stands: bool
) -> None:
    async with logged_in(stage, ada) as wire:
        session, seq = wire.session, wire.seq or 0
        stage.discord.gateway.close(ada, code)
        assert await wire.closed() == code
    async with dialled(stage) as wire:
        await wire.resume(ada, session, seq)
        assert ((await wire.next())["t"] == "RESUMED") is stands


async def test_an_outage_cuts_the_lines_and_loses_nothing(
    stage: Stage, ada: Bot, mia: Person, general: Chat
) -> None:
    async with logged_in(stage, ada) as wire:
        await wire.event("GUILD_CREATE")
        session, seq = wire.session, wire.seq or 0
        async with stage.discord.outage():
            with contextlib.suppress(ConnectionError, aiohttp.ClientError):
                await wire.closed()
            with pytest.raises(aiohttp.ClientConnectorError):
                async with dialled(stage):
                    pytest.fail("the port was open")
            mia.says(general, "during")
    async with dialled(stage) as wire:
        await wire.resume(ada, session, seq)
        assert (await wire.event("MESSAGE_CREATE"))["content"] == "during"


async def test_a_held_line_stands_and_says_nothing(
    stage: Stage, ada: Bot, mia: Person, general: Chat
) -> None:
    gateway = stage.discord.gateway
    async with logged_in(stage, ada) as wire:
        await wire.event("GUILD_CREATE")
        gateway.hold(ada)
        for number in range(3):
            mia.says(general, f"number {number}")
        await wire.send(1, wire.seq)
        assert gateway.pending(ada) == 3
        gateway.hold(ada, False)
        heard = [(await wire.event("MESSAGE_CREATE"))["content"] for _ in range(3)]
    assert heard == ["number 0", "number 1", "number 2"]


async def test_beats_alone_can_be_left_unanswered(
    stage: Stage, ada: Bot, mia: Person, general: Chat
) -> None:
    gateway = stage.discord.gateway
    async with logged_in(stage, ada) as wire:
        await wire.event("GUILD_CREATE")
        gateway.hold(ada, only_acks=True)
        await wire.send(1, wire.seq)
        mia.says(general, "hello")
        assert (await wire.next())["t"] == "MESSAGE_CREATE"
        await wire.send(1, wire.seq)
        gateway.dispatch(ada, "TEST", {})
        assert (await wire.next())["t"] == "TEST"


async def test_what_a_bot_has_not_been_told_is_pending(
    stage: Stage, ada: Bot, mia: Person, general: Chat
) -> None:
    gateway = stage.discord.gateway
    assert gateway.pending(ada) == 0
    async with logged_in(stage, ada) as wire:
        await wire.event("GUILD_CREATE")
        await cut(stage, ada, wire)
        mia.says(general, "one")
        mia.says(general, "two")
        assert gateway.pending(ada) == 2


async def test_any_event_of_any_shape_can_be_put_before_a_bot(stage: Stage, ada: Bot) -> None:
    gateway = stage.discord.gateway
    async with logged_in(stage, ada) as wire:
        assert gateway.dispatch(ada, "PRESENCE_UPDATE", {"no": "status"}) == 1
        assert await wire.event("PRESENCE_UPDATE") == {"no": "status"}
        gateway.dispatch(ada, "TEST", b'{"cut":')
        assert (await wire.socket.receive()).data == '{"t":"TEST","s":3,"op":0,"d":{"cut":}'
        await gateway.send_frame(ada, b"\x00\xffnot a frame")
        assert (await wire.socket.receive()).data == b"\x00\xffnot a frame"
