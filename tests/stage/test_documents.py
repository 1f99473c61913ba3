"""Documents that people send: told to bots, fetched by those who hold a token, refused in words."""

import aiohttp
import pytest

from bots.sandbox import Stage


@pytest.fixture
def bob(stage: Stage):
    return stage.person("Bob", username="bob")


@pytest.fixture
def dm(stage: Stage, bob):
    return stage.dm(bob, stage.bot("Ada"))


async def test_a_document_comes_with_its_caption_and_is_fetched_by_getfile(stage, bob, dm, dial):
    ada = stage.bot("Ada")
    async with dial(stage, ada) as client:
        bob.sends(dm, "poem.txt", b"Owls.", "for @ada_bot")
        (update,) = await client.get_updates(timeout=2)
        message = update.message
        assert (message.text, message.caption) == (None, "for @ada_bot")
        assert message.caption_entities[0].type == "mention"
        assert (message.document.file_name, message.document.mime_type) == (
            "poem.txt",
            "text/plain",
        )
        file = await message.document.get_file()
        assert bytes(await file.download_as_bytearray()) == b"Owls."


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("file/bot{token}/documents/nothing.txt", 404),
        ("file/bot{token}/elsewhere", 404),
        ("file/bot{token}/../../etc/passwd", 404),
        ("file/bot1:wrong/documents/{file}.txt", 401),
    ],
)
async def test_a_file_is_for_those_who_hold_a_token_and_know_its_path(stage, bob, dm, path, status):
    file = bob.sends(dm, "poem.txt", b"Owls.").more["document"]["file_id"]
    url = f"{stage.root}/" + path.format(token=stage.bot("Ada").token, file=file)
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == status


async def test_a_document_may_answer_and_may_lie_in_a_topic(stage, bob):
    club = stage.forum("Club", [bob], [stage.bot("Ada")], topics=["Books"])
    first = bob.says(club, "Which one?", topic="Books")
    said = bob.sends(club, "poem.txt", b"Owls.", reply_to=first)
    assert (said.reply_to, said.topic) == (first.id, first.topic)


async def test_what_no_client_would_send_is_refused(stage, bob, dm):
    eve = stage.person("Eve")
    with pytest.raises(ValueError, match="empty"):
        bob.sends(dm, "poem.txt", b"")
    with pytest.raises(ValueError, match="1,024"):
        bob.sends(dm, "poem.txt", b"Owls.", "x" * 1025)
    with pytest.raises(ValueError, match="Eve is not in"):
        eve.sends(dm, "poem.txt", b"Owls.")
    assert stage.world.files == {}


async def test_on_discord_a_document_lies_where_its_message_says(stage, bob):
    here = stage.discord.dm(bob, stage.discord.bot("Ada"))
    said = bob.sends(here, "my poem (1).txt", b"Owls.", "look")
    (file,) = said.more["attachments"]
    assert (said.text, file["content_type"], file["size"]) == ("look", "text/plain", 5)
    async with aiohttp.ClientSession() as session:
        async with session.get(file["url"]) as answer:
            assert await answer.read() == b"Owls."
        async with session.get(file["url"] + "x") as answer:
            assert answer.status == 404
