"""discord.py, as it is, on the local REST: what it sends, reads and is refused."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable

import discord
import pytest
from discord import app_commands

from tests.stage.discord.conftest import Scene

pytestmark = pytest.mark.usefixtures("endpoints")


class Ada(discord.Client):
    """A client with one command, one button and one form."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents.all(), guild_ready_timeout=0.05)
        self.is_up = asyncio.Event()
        self.tree = app_commands.CommandTree(self)
        self.tree.command(name="tea", description="Pour some")(_tea)
        self.tree.command(name="slow", description="Take time")(_slow)
        self.tree.command(name="about", description="You")(_about)

    async def on_ready(self) -> None:
        self.is_up.set()


async def _tea(it: discord.Interaction, cups: int, guest: discord.Member) -> None:
    await it.response.send_message(f"{cups} cups for {guest.display_name}", view=_Sure())
    await it.followup.send("Mind the heat.")


async def _slow(it: discord.Interaction) -> None:
    await it.response.defer(ephemeral=True)
    await it.edit_original_response(content="There.")


class _Form(discord.ui.Modal, title="About you"):
    name: discord.ui.TextInput["_Form"] = discord.ui.TextInput(label="Name", custom_id="name")

    async def on_submit(self, it: discord.Interaction, /) -> None:
        await it.response.send_message(f"Hello, {self.name.value}.")


async def _about(it: discord.Interaction) -> None:
    await it.response.send_modal(_Form())


class _Sure(discord.ui.View):
    @discord.ui.button(label="Sure", custom_id="sure")
    async def sure(self, it: discord.Interaction, _: discord.ui.Button["_Sure"]) -> None:
        await it.response.edit_message(content="Poured.", view=None)


@pytest.fixture
async def client(scene: Scene) -> AsyncIterator[Ada]:
    async with Ada() as client, asyncio.TaskGroup() as tasks:
        tasks.create_task(client.start(scene.ada.token))
        async with asyncio.timeout(10):
            await client.is_up.wait()
        yield client
        await client.close()


def _room(client: Ada, number: int) -> discord.TextChannel:
    room = client.get_channel(number)
    assert isinstance(room, discord.TextChannel)
    return room


async def test_it_sends_replies_edits_reacts_pins_and_deletes(scene: Scene, client: Ada) -> None:
    room = _room(client, scene.general.id)
    question = scene.mia.says(scene.general, "Tea, @Ada?")
    heard = await room.fetch_message(question.id)
    answer = await heard.reply("Yes.", mention_author=False)
    assert answer.reference is not None
    assert answer.reference.message_id == question.id
    said = await scene.stage.next_from(scene.ada, scene.general)
    assert (said.text, said.reply_to, said.more["mentions"]) == ("Yes.", question.id, [])
    await answer.edit(content="Yes, please.")
    await heard.add_reaction("🍵")
    assert scene.general.messages[question.id].reactions == {scene.ada.id: "🍵"}
    await heard.remove_reaction("🍵", client.user)
    assert scene.general.messages[answer.id].text == "Yes, please."
    scene.stage.discord.role(scene.guild, "Hosts", [scene.ada], permissions=1 << 13 | 1 << 51)
    await heard.pin()
    assert [pinned.id async for pinned in room.pins()] == [question.id]
    await answer.delete()
    assert scene.general.messages[answer.id].deleted


async def test_it_reads_back_what_it_missed_oldest_first(scene: Scene, client: Ada) -> None:
    room = _room(client, scene.general.id)
    said = [scene.mia.says(scene.general, str(n)) for n in range(250)]
    after = discord.Object(said[9].id)
    read = [each.content async for each in room.history(after=after, limit=None, oldest_first=True)]
    assert read == [str(n) for n in range(10, 250)]
    newest = [each.content async for each in room.history(limit=3)]
    assert newest == ["249", "248", "247"]


async def test_it_sends_files_and_fetches_them(scene: Scene, client: Ada) -> None:
    room = _room(client, scene.general.id)
    sent = await room.send("Look", file=discord.File(io.BytesIO(b"leaf"), "leaf.txt"))
    [attachment] = sent.attachments
    assert (attachment.filename, attachment.size) == ("leaf.txt", 4)
    assert await attachment.read() == b"leaf"


async def test_it_is_refused_in_terms_that_it_knows(scene: Scene, client: Ada) -> None:
    room = _room(client, scene.general.id)
    with pytest.raises(discord.HTTPException, match="2000 or fewer") as too_long:
        await room.send("x" * 2001)
    assert too_long.value.code == 50035
    with pytest.raises(discord.NotFound, match="Unknown Message"):
        await room.fetch_message(scene.guild.id)
    scene.stage.discord.mute(scene.general, scene.ada)
    with pytest.raises(discord.Forbidden, match="Missing Permissions"):
        await room.send("x")
    scene.stage.discord.close_channel(scene.general, scene.ada)
    with pytest.raises(discord.Forbidden, match="Missing Access"):
        await room.send("x")
    user = await client.fetch_user(scene.mia.snowflake)
    direct = await user.create_dm()
    scene.mia.blocks(scene.ada)
    with pytest.raises(discord.Forbidden) as blocked:
        await direct.send("Hello?")
    assert blocked.value.code == 50007


async def test_it_waits_out_a_flood_by_itself(scene: Scene, client: Ada) -> None:
    scene.stage.discord.faults.flood(0.05, method="create_message")
    await _room(client, scene.general.id).send("at last")
    statuses = [call.status for call in scene.stage.discord.journal.of("create_message")]
    assert statuses == [429, 200]


async def test_a_token_that_is_no_good_is_a_failed_login(scene: Scene) -> None:
    async with discord.Client(intents=discord.Intents.none()) as client:
        with pytest.raises(discord.LoginFailure):
            await client.login("nonsense")


async def test_it_begins_threads_and_posts(scene: Scene, client: Ada) -> None:
    room = _room(client, scene.general.id)
    sent = await room.send("Let us plan")
    thread = await sent.create_thread(name="Plans")
    await thread.send("Friday")
    board = scene.stage.discord.channel(scene.guild, "questions", "board")
    forum = await client.fetch_channel(board.id)
    assert isinstance(forum, discord.ForumChannel)
    made = await forum.create_thread(name="Why?", content="Because.")
    assert made.message.id == made.thread.id
    post = scene.stage.world.chats[f"dc:{made.thread.id}"]
    assert [said.text for said in scene.stage.messages(post)] == ["Because."]
    guild = await client.fetch_guild(scene.guild.id)
    assert {each.id for each in await guild.active_threads()} == {thread.id, made.thread.id}
    await thread.edit(archived=True)
    assert [each.id async for each in room.archived_threads()] == [thread.id]


async def test_it_finds_members_roles_and_its_own_application(scene: Scene, client: Ada) -> None:
    guild = await client.fetch_guild(scene.guild.id)
    names = {each.display_name async for each in guild.fetch_members(limit=None)}
    assert names == {"Mia", "Max", "Ada", "Eliza"}
    assert (await guild.fetch_member(scene.mia.snowflake)).name == "mia"
    assert [each.name for each in await guild.fetch_roles()] == ["@everyone"]
    about = await client.application_info()
    assert about.flags.gateway_message_content_limited
    assert about.id == scene.ada.id


async def test_it_switches_on_an_intent_that_it_was_not_granted(scene: Scene) -> None:
    shy = scene.stage.discord.bot("Shy", message_content=False, members=False)
    async with discord.Client(intents=discord.Intents.none()) as client:
        await client.login(shy.token)
        about = await client.application_info()
        assert not about.flags.gateway_message_content_limited
        flags = discord.ApplicationFlags(gateway_message_content_limited=True)
        changed = await about.edit(flags=flags)
        assert changed.flags.gateway_message_content_limited
        assert not changed.flags.gateway_guild_members_limited


async def test_its_commands_are_synced_used_and_answered(scene: Scene, client: Ada) -> None:
    assert {each.name for each in await client.tree.sync()} == {"tea", "slow", "about"}
    number = scene.mia.uses(scene.general, scene.ada, "tea", cups=2, guest=scene.max)
    first = await scene.stage.next_from(scene.ada, scene.general)
    later = await scene.stage.next_from(scene.ada, scene.general)
    assert (first.text, later.text) == ("2 cups for Max", "Mind the heat.")
    scene.mia.presses(first, "sure")
    await _until(lambda: scene.general.messages[first.id].text == "Poured.")
    assert scene.stage.discord.interaction(number).reply.text == "Poured."


async def test_it_takes_its_time_and_answers_for_one_alone(scene: Scene, client: Ada) -> None:
    await client.tree.sync()
    room = scene.stage.discord.dm(scene.mia, scene.ada)
    scene.mia.uses(room, scene.ada, "slow")
    said = await scene.stage.next_from(scene.ada, room)
    assert (said.text, said.more["only_for"]) == ("There.", scene.mia.id)


async def test_it_shows_a_form_and_reads_it(scene: Scene, client: Ada) -> None:
    await client.tree.sync()
    number = scene.mia.uses(scene.general, scene.ada, "about")
    await _until(lambda: scene.stage.discord.interaction(number).modal is not None)
    scene.mia.fills(number, name="Mia")
    assert (await scene.stage.next_from(scene.ada)).text == "Hello, Mia."


async def _until(true: Callable[[], bool]) -> None:
    """Wait for what the stage rings no bell for."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110  # there is no event to wait for
            await asyncio.sleep(0.005)
