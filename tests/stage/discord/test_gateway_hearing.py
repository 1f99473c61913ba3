"""What each bot hears of what happens: by its intents, its servers and the rooms it sees."""

import pytest

from bots.sandbox import Bot, Chat, Person, Stage
from bots.sandbox.discord import talking
from bots.sandbox.discord.intents import Intents
from bots.sandbox.things import Guild
from tests.stage.discord.wires import ALL, UNPRIVILEGED, logged_in


@pytest.fixture
def ada(stage: Stage) -> Bot:
    return stage.discord.bot("Ada")


@pytest.fixture
def mia(stage: Stage) -> Person:
    return stage.person("Mia")


@pytest.fixture
def guild(stage: Stage, ada: Bot, mia: Person) -> Guild:
    return stage.discord.guild("First", [mia], [ada], channels=["general"])


@pytest.fixture
def general(guild: Guild) -> Chat:
    return next(iter(guild.channels.values()))


async def test_a_message_comes_with_its_place_and_its_member(
    stage: Stage, ada: Bot, mia: Person, guild: Guild, general: Chat
) -> None:
    role = stage.discord.role(guild, "Readers", [mia])
    async with logged_in(stage, ada) as wire:
        said = mia.says(general, "hello")
        heard = await wire.event("MESSAGE_CREATE")
    assert (heard["id"], heard["content"]) == (str(said.id), "hello")
    assert (heard["guild_id"], heard["channel_id"]) == (str(guild.id), str(general.id))
    assert heard["author"]["id"] == str(mia.snowflake)
    assert heard["member"]["roles"] == [str(role)]
    assert "user" not in heard["member"]
    assert "thread" not in heard
    assert "reactions" not in heard


async def test_a_direct_message_has_no_server_at_all(stage: Stage, ada: Bot, mia: Person) -> None:
    async with logged_in(stage, ada, UNPRIVILEGED) as wire:
        mia.says(stage.discord.dm(mia, ada), "just us")
        heard = await wire.event("MESSAGE_CREATE")
    assert heard["content"] == "just us"
    assert "guild_id" not in heard
    assert "member" not in heard


async def test_without_the_intent_words_are_withheld_but_for_what_concerns_the_bot(
    stage: Stage, ada: Bot, mia: Person, guild: Guild, general: Chat
) -> None:
    async with logged_in(stage, ada, UNPRIVILEGED) as wire:
        mia.says(general, "not for her")
        withheld = await wire.event("MESSAGE_CREATE")
        mia.says(general, "@Ada for her")
        mentioned = await wire.event("MESSAGE_CREATE")
        own = talking.say(stage.world, ada, general, "her own")
        echoed = await wire.event("MESSAGE_CREATE")
        mia.edits(mia.says(general, "an answer", reply_to=own), "another answer")
        answered, edited = [await wire.event("MESSAGE_CREATE", "MESSAGE_UPDATE") for _ in "12"]
    assert withheld["content"] == ""
    assert withheld["embeds"] == withheld["attachments"] == withheld["components"] == []
    assert withheld["author"]["id"] == str(mia.snowflake)
    assert mentioned["content"] == f"<@{ada.id}> for her"
    assert echoed["content"] == "her own"
    assert answered["content"] == "an answer"
    assert answered["referenced_message"]["content"] == "her own"
    assert edited["content"] == "another answer"


async def test_words_answered_by_others_are_withheld_too(
    stage: Stage, ada: Bot, mia: Person, general: Chat
) -> None:
    first = mia.says(general, "a secret")
    async with logged_in(stage, ada, UNPRIVILEGED) as wire:
        mia.says(general, "about the secret", reply_to=first)
        heard = await wire.event("MESSAGE_CREATE")
    assert heard["content"] == ""
    assert heard["referenced_message"]["content"] == ""


async def test_two_bots_hear_the_same_message_each_as_its_intents_let_it(
    stage: Stage, ada: Bot, mia: Person, guild: Guild, general: Chat
) -> None:
    bob = stage.discord.bot("Bob", message_content=False)
    stage.discord.invite(guild, bob)
    async with logged_in(stage, ada) as hers, logged_in(stage, bob, UNPRIVILEGED) as his:
        mia.says(general, "hello")
        assert (await hers.event("MESSAGE_CREATE"))["content"] == "hello"
        assert (await his.event("MESSAGE_CREATE"))["content"] == ""


async def test_a_bot_hears_its_own_messages(stage: Stage, ada: Bot, general: Chat) -> None:
    async with logged_in(stage, ada) as wire:
        talking.say(stage.world, ada, general, "mine", more={"nonce": "17"})
        heard = await wire.event("MESSAGE_CREATE")
    assert heard["author"]["id"] == str(ada.id)
    assert heard["nonce"] == "17"


@pytest.mark.parametrize("missing", [Intents.GUILD_MESSAGES, Intents.DIRECT_MESSAGES])
async def test_each_kind_of_room_has_an_intent_of_its_own(
    stage: Stage, ada: Bot, mia: Person, general: Chat, missing: Intents
) -> None:
    async with logged_in(stage, ada, ALL & ~int(missing)) as wire:
        mia.says(general, "to all")
        mia.says(stage.discord.dm(mia, ada), "to her")
        heard = await wire.event("MESSAGE_CREATE")
        await wire.silence("MESSAGE_CREATE")
    assert heard["content"] == ("to her" if missing == Intents.GUILD_MESSAGES else "to all")


async def test_a_closed_channel_and_a_server_one_is_not_in_are_not_heard(
    stage: Stage, ada: Bot, mia: Person, guild: Guild, general: Chat
) -> None:
    closed = stage.discord.channel(guild, "closed")
    stage.discord.close_channel(closed, ada)
    elsewhere = stage.discord.guild("Elsewhere", [mia], channels=["general"])
    async with logged_in(stage, ada) as wire:
        mia.says(closed, "not for her")
        mia.says(next(iter(elsewhere.channels.values())), "not for her")
        mia.says(general, "for her")
        assert (await wire.event("MESSAGE_CREATE"))["content"] == "for her"


async def test_what_is_said_on_telegram_is_not_heard(stage: Stage, ada: Bot, mia: Person) -> None:
    async with logged_in(stage, ada) as wire:
        mia.says(stage.dm(mia, stage.bot("Tim")), "on the other platform")
        await wire.silence("MESSAGE_CREATE", "CHANNEL_CREATE")


async def test_edits_and_deletions_are_heard(
    stage: Stage, ada: Bot, mia: Person, guild: Guild, general: Chat
) -> None:
    async with logged_in(stage, ada) as wire:
        said = mia.says(general, "helo")
        mia.edits(said, "hello")
        mia.deletes(said)
        edited = await wire.event("MESSAGE_UPDATE")
        deleted = await wire.event("MESSAGE_DELETE")
    assert (edited["id"], edited["content"]) == (str(said.id), "hello")
    assert edited["edited_timestamp"] is not None
    assert deleted == {
        "id": str(said.id),
        "channel_id": str(general.id),
        "guild_id": str(guild.id),
    }


async def test_messages_deleted_together_are_told_of_in_one_event(
    stage: Stage, ada: Bot, mia: Person, general: Chat
) -> None:
    async with logged_in(stage, ada) as wire:
        both = [mia.says(general, "one").id, mia.says(general, "two").id]
        for number in both:
            fact = {"fact": "said_delete", "chat": general.key, "id": number, "together": True}
            stage.world.commit(fact)
        stage.world.tell({"fact": "deleted_together", "chat": general.key, "ids": both})
        told = await wire.event("MESSAGE_DELETE", "MESSAGE_DELETE_BULK")
    assert told["t"] == "MESSAGE_DELETE_BULK"
    assert told["ids"] == [str(number) for number in both]


async def test_a_pin_is_told_of_the_message_and_of_its_channel(
    stage: Stage, ada: Bot, mia: Person, general: Chat
) -> None:
    when = "2026-01-02T03:04:05.000006+00:00"
    async with logged_in(stage, ada) as wire:
        said = mia.says(general, "keep this")
        talking.change(stage.world, said, said.text, {"pinned": when})
        assert (await wire.event("MESSAGE_UPDATE"))["pinned"] is True
        assert (await wire.event("CHANNEL_PINS_UPDATE"))["last_pin_timestamp"] == when


async def test_what_only_one_person_sees_is_not_told_to_bots(
    stage: Stage, ada: Bot, mia: Person, general: Chat
) -> None:
    async with logged_in(stage, ada) as wire:
        own = talking.say(stage.world, ada, general, "for one person", more={"flags": 64})
        talking.delete(stage.world, own)
        await wire.silence("MESSAGE_CREATE", "MESSAGE_DELETE")


async def test_reactions_are_heard_as_they_come_and_go(
    stage: Stage, ada: Bot, mia: Person, guild: Guild, general: Chat
) -> None:
    async with logged_in(stage, ada) as wire:
        said = mia.says(general, "hello")
        mia.reacts(said, "👍")
        mia.reacts(said, None)
        came = await wire.event("MESSAGE_REACTION_ADD")
        went = await wire.event("MESSAGE_REACTION_REMOVE")
    assert came["emoji"] == went["emoji"] == {"id": None, "name": "👍"}
    assert came["user_id"] == went["user_id"] == str(mia.snowflake)
    assert came["message_author_id"] == str(mia.snowflake)
    assert came["member"]["user"]["id"] == str(mia.snowflake)
    assert "member" not in went


async def test_typing_is_heard(stage: Stage, ada: Bot, mia: Person, general: Chat) -> None:
    async with logged_in(stage, ada) as wire:
        mia.types(general)
        typing = await wire.event("TYPING_START")
        mia.types(stage.discord.dm(mia, ada))
        direct = await wire.event("TYPING_START")
    assert typing["user_id"] == str(mia.snowflake)
    assert isinstance(typing["timestamp"], int)
    assert "guild_id" in typing
    assert "guild_id" not in direct


async def test_channels_are_heard_as_they_come_change_and_go(
    stage: Stage, ada: Bot, guild: Guild
) -> None:
    async with logged_in(stage, ada) as wire:
        made = stage.discord.channel(guild, "new")
        stage.discord.mute(made, ada)
        stage.discord.delete_channel(made)
        told = [
            await wire.event("CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE") for _ in "123"
        ]
    assert [each["t"] for each in told] == ["CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE"]
    assert {each["id"] for each in told} == {str(made.id)}
    assert {each["guild_id"] for each in told} == {str(guild.id)}


async def test_threads_and_posts_are_heard_with_their_parent(
    stage: Stage, ada: Bot, mia: Person, guild: Guild, general: Chat
) -> None:
    board = stage.discord.channel(guild, "questions", "board")
    async with logged_in(stage, ada) as wire:
        thread = stage.discord.thread(general, "Plans", mia)
        begun = await wire.event("THREAD_CREATE")
        stage.discord.archive(thread)
        archived = await wire.event("THREAD_UPDATE")
        stage.discord.delete_channel(thread)
        gone = await wire.event("THREAD_DELETE")
        post = stage.discord.post(board, "Why?", mia, "Because.")
        posted = await wire.event("THREAD_CREATE")
        first = await wire.event("MESSAGE_CREATE")
    assert begun["newly_created"] is True
    assert begun["parent_id"] == gone["parent_id"] == str(general.id)
    assert begun["thread_metadata"]["archived"] is False
    assert archived["thread_metadata"]["archived"] is True
    assert gone["id"] == str(thread.id)
    assert posted["parent_id"] == str(board.id)
    assert first["id"] == first["channel_id"] == str(post.id)


async def test_a_private_thread_is_heard_by_those_who_were_taken_into_it(
    stage: Stage, ada: Bot, mia: Person, guild: Guild, general: Chat
) -> None:
    bob = stage.discord.bot("Bob")
    stage.discord.invite(guild, bob)
    async with logged_in(stage, ada) as hers, logged_in(stage, bob) as his:
        thread = stage.discord.thread(general, "Secrets", mia, private=True)
        fact = {"fact": "thread_member", "chat": thread.key, "who": ada.id, "on": True}
        stage.world.commit({**fact, "date": stage.world.now()})
        mia.says(thread, "only for some")
        taken = await hers.event("THREAD_CREATE")
        members = await hers.event("THREAD_MEMBERS_UPDATE")
        assert (await hers.event("MESSAGE_CREATE"))["content"] == "only for some"
        await his.silence("THREAD_CREATE", "THREAD_MEMBERS_UPDATE", "MESSAGE_CREATE")
    assert "newly_created" not in taken
    assert taken["member"]["user_id"] == str(ada.id)
    assert [each["user_id"] for each in members["added_members"]] == [str(ada.id)]


async def test_a_channel_that_is_opened_brings_its_threads(
    stage: Stage, ada: Bot, mia: Person, guild: Guild, general: Chat
) -> None:
    stage.discord.close_channel(general, ada)
    thread = stage.discord.thread(general, "Plans", mia)
    async with logged_in(stage, ada) as wire:
        assert (await wire.event("GUILD_CREATE"))["threads"] == []
        stage.discord.close_channel(general, ada, on=False)
        synced = await wire.event("THREAD_LIST_SYNC")
        mia.says(general, "hello again")
        assert (await wire.event("MESSAGE_CREATE"))["content"] == "hello again"
    assert synced["channel_ids"] == [str(general.id)]
    assert [each["id"] for each in synced["threads"]] == [str(thread.id)]
    assert synced["members"] == []


async def test_joining_and_leaving_a_server_is_heard_by_the_bot_and_by_the_others(
    stage: Stage, ada: Bot, guild: Guild
) -> None:
    bob = stage.discord.bot("Bob")
    async with logged_in(stage, ada) as hers, logged_in(stage, bob) as his:
        stage.discord.invite(guild, bob)
        stage.discord.remove(guild, bob)
        joined = await hers.event("GUILD_MEMBER_ADD")
        left = await hers.event("GUILD_MEMBER_REMOVE")
        whole = await his.event("GUILD_CREATE")
        gone = await his.event("GUILD_DELETE")
    assert joined["user"]["id"] == left["user"]["id"] == str(bob.id)
    assert joined["guild_id"] == left["guild_id"] == str(guild.id)
    assert [each["name"] for each in whole["channels"]] == ["general"]
    assert "unavailable" not in whole
    assert gone == {"id": str(guild.id)}


async def test_only_the_privileged_hear_of_members_but_everyone_of_itself(
    stage: Stage, ada: Bot, mia: Person, guild: Guild
) -> None:
    async with logged_in(stage, ada, UNPRIVILEGED) as wire:
        stage.discord.invite(guild, stage.person("Max"))
        stage.discord.role(guild, "Readers", [mia])
        role = stage.discord.role(guild, "Writers", [ada])
        made = [await wire.event("GUILD_ROLE_CREATE", "GUILD_MEMBER_ADD") for _ in "12"]
        changed = await wire.event("GUILD_MEMBER_UPDATE")
    assert [each["role"]["name"] for each in made] == ["Readers", "Writers"]
    assert changed["user"]["id"] == str(ada.id)
    assert changed["roles"] == [str(role)]
