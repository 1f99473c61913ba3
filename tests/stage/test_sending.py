"""What people send beside words, as real clients are told of it."""

import pytest

from bots.sandbox import Stage, media
from tests.contracts.botapi import needs_contract, problems_of


@pytest.fixture
def bob(stage: Stage):
    return stage.person("Bob", username="bob")


@pytest.fixture
def dm(stage: Stage, bob):
    return stage.dm(bob, stage.bot("Ada"))


@pytest.fixture
async def ada(stage: Stage, dial):
    async with dial(stage, stage.bot("Ada")) as client:
        yield client


async def test_a_photo_comes_in_sizes_and_the_largest_has_its_own_bytes(ada, bob, dm):
    given = media.samples.png(1600, 1200)
    bob.sends_photo(dm, given, "look, @ada_bot")
    (update,) = await ada.get_updates()
    message = update.message
    assert (message.text, message.caption) == (None, "look, @ada_bot")
    assert message.caption_entities[0].type == "mention"
    assert [size.width for size in message.photo] == [90, 320, 800, 1600]
    assert message.photo[-1].height == 1200
    largest = await message.photo[-1].get_file()
    assert bytes(await largest.download_as_bytearray()) == given
    smallest = await message.photo[0].get_file()
    data = bytes(await smallest.download_as_bytearray())
    assert media.size_of(data) == (90, 67)


async def test_everything_that_can_be_sent_is_told_of(ada, bob, dm):
    bob.sends_voice(dm)
    bob.sends_audio(dm, caption="a tune")
    bob.sends_video(dm, caption="a film")
    bob.sends_video_note(dm)
    bob.sends_animation(dm)
    bob.sends_sticker(dm, "🦉")
    bob.sends(dm, "poem.txt", b"Owls.")
    bob.sends_location(dm, 52.52, 13.4)
    bob.sends_venue(dm, 52.52, 13.4, "Tea room", "Owl Street 1")
    bob.sends_contact(dm, "+4930123456", "Eve Adams")
    bob.sends_poll(dm, "Tea?", ["Yes", "No"])
    bob.sends_dice(dm, "🎯", value=6)
    seen = [update.message for update in await ada.get_updates()]
    voice, audio, video, note, animation, sticker, paper, place, venue, contact, poll, dice = seen
    assert voice.voice.to_dict()["duration"] == 3
    assert (audio.audio.title, audio.caption) == ("A tune", "a tune")
    assert (video.video.width, video.caption) == (640, "a film")
    assert note.video_note.length == 240
    assert animation.animation.file_id == animation.document.file_id
    assert (sticker.sticker.emoji, sticker.sticker.set_name) == ("🦉", "Owls")
    assert paper.document.file_name == "poem.txt"
    assert place.location.latitude == 52.52
    assert (venue.venue.title, venue.location.longitude) == ("Tea room", 13.4)
    assert (contact.contact.first_name, contact.contact.last_name) == ("Eve", "Adams")
    assert [option.text for option in poll.poll.options] == ["Yes", "No"]
    assert (dice.dice.emoji, dice.dice.value) == ("🎯", 6)
    assert {message.text for message in seen} == {None}


async def test_files_have_real_bytes(ada, bob, dm):
    bob.sends_voice(dm)
    bob.sends_video(dm)
    bob.sends_sticker(dm)
    starts = {}
    for update in await ada.get_updates():
        thing = update.message.effective_attachment
        file = await thing.get_file()
        starts[type(thing).__name__] = bytes(await file.download_as_bytearray())[:12]
    assert starts["Voice"].startswith(b"OggS")
    assert starts["Video"][4:8] == b"ftyp"
    assert starts["Sticker"][8:] == b"WEBP"


async def test_a_picture_can_be_replaced(ada, bob, dm):
    said = bob.sends_photo(dm, caption="an owl")
    bob.replaces(said, media.video())
    *_, update = await ada.get_updates()
    message = update.edited_message
    assert (message.photo, message.video.file_name, message.caption) == ((), "film.mp4", "an owl")
    with pytest.raises(ValueError, match="cannot be replaced"):
        bob.replaces(bob.says(dm, "words"), media.photo())


async def test_what_nobody_expects_arrives_as_it_is(ada, bob, dm):
    story = {"id": 3, "chat": {"id": bob.id, "type": "private", "first_name": "Bob"}}
    bob.hands(dm, media.other(story=story))
    (update,) = await ada.get_updates()
    assert (update.message.story.id, update.message.text) == (3, None)


async def test_samples_are_what_they_say():
    samples = media.samples
    assert media.size_of(samples.jpeg(1280, 961)) == (1280, 961)
    assert media.size_of(samples.png(30, 20)) == (30, 20)
    assert media.size_of(b"no picture") == (0, 0)
    pages = samples.ogg(3).split(b"OggS")[1:]
    assert [page[1] for page in pages] == [2, 0, 0, 0, 4]  # first, and last
    assert int.from_bytes(pages[-1][2:10], "little") == 3 * 48_000
    film = samples.mp4(320, 240, 2)
    assert film.count(samples.jpeg(320, 240)) == 4
    assert [film[at : at + 4] for at in boxes(film)] == [b"ftyp", b"mdat", b"moov"]


def boxes(film):
    at = 0
    while at < len(film):
        yield at + 4
        at += int.from_bytes(film[at : at + 4], "big")


async def test_an_album_is_one_message_for_each_piece(stage, ada, bob, dm):
    made = bob.sends_album(dm, media.photo(), media.video(), media.photo(), caption="Our trip")
    updates = await ada.get_updates()
    assert [update.message.message_id for update in updates] == [said.id for said in made]
    assert len({update.message.media_group_id for update in updates}) == 1
    assert [update.message.caption for update in updates] == ["Our trip", None, None]
    with pytest.raises(ValueError, match="album"):
        bob.sends_album(dm, media.photo(), media.voice())


async def test_a_forward_tells_where_it_comes_from(stage, ada, bob, dm):
    eve = stage.person("Eve")
    tea = stage.group("Tea", [bob, eve])
    shy = stage.person("Shy")
    bob.adds(tea, shy)
    shy.hides_name()
    open_, hidden = eve.says(tea, "from Eve"), shy.says(tea, "from Shy")
    picture = bob.sends_photo(tea, caption="a picture")
    comment, *_ = bob.forwards(dm, open_, hidden, picture, comment="what do you think?")
    assert comment.text == "what do you think?"
    first, *passed = [update.message for update in await ada.get_updates()]
    assert (first.text, first.forward_origin) == ("what do you think?", None)
    assert [message.forward_origin.type for message in passed] == ["user", "hidden_user", "user"]
    assert passed[0].forward_origin.sender_user.id == eve.id
    assert passed[1].forward_origin.sender_user_name == "Shy"
    assert (passed[2].caption, len(passed[2].photo)) == ("a picture", 4)
    (again,) = bob.forwards(dm, tea.messages[open_.id])
    assert again.origin["sender_user"]["id"] == eve.id


async def test_a_forwarded_album_is_another_album(ada, bob, dm, stage):
    tea = stage.group("Tea", [bob])
    album = bob.sends_album(tea, media.photo(), media.photo())
    passed = bob.forwards(dm, *album)
    assert len({said.more["media_group_id"] for said in passed}) == 1
    assert passed[0].more["media_group_id"] != album[0].more["media_group_id"]


async def test_words_of_a_message_can_be_answered_alone(ada, bob, dm):
    said = bob.says(dm, "😀 tea or coffee?")
    bob.quotes(said, "coffee", "that one")
    *_, update = await ada.get_updates()
    quote = update.message.quote
    assert (quote.text, quote.position, quote.is_manual) == ("coffee", 10, True)
    assert update.message.reply_to_message.message_id == said.id
    with pytest.raises(ValueError, match="no such words"):
        bob.quotes(said, "milk", "hm")


async def test_a_message_of_another_chat_can_be_answered(stage, ada, bob, dm):
    big = stage.supergroup("Big", [bob])
    said = bob.sends_photo(big, caption="an owl on a tree")
    bob.quotes(said, "owl", "what is this?", chat=dm)
    (update,) = await ada.get_updates()
    answered = update.message.external_reply
    assert (answered.chat.id, answered.message_id) == (big.id, said.id)
    assert answered.origin.sender_user.id == bob.id
    assert len(answered.photo) == 4
    assert (update.message.quote.text, update.message.reply_to_message) == ("owl", None)


async def test_what_is_too_long_is_cut_between_two_words(ada, bob, dm):
    text = "wise owls " * 900
    said = bob.pastes(dm, text)
    seen = [update.message.text for update in await ada.get_updates()]
    assert len(seen) == len(said) == 3
    assert all(4000 < len(part) <= 4096 for part in seen[:2])
    assert " ".join(seen).split() == text.split()
    whole = "😀" * 3000
    assert "".join(part.text for part in bob.pastes(dm, whole)) == whole


async def test_in_privacy_mode_a_caption_calls_a_bot_as_a_text_does(stage, ada, bob):
    bot = stage.bot("Ada")
    tea = stage.group("Tea", [bob], [bot])
    bot.privacy(True)
    bob.sends_photo(tea, caption="an owl")
    bob.sends_photo(tea, caption="an owl, @ada_bot")
    bob.sends_voice(tea)
    assert [update.message.caption for update in await ada.get_updates()] == ["an owl, @ada_bot"]


async def test_a_caption_can_be_edited_and_a_sticker_cannot(ada, bob, dm):
    picture, sticker = bob.sends_photo(dm, caption="an owl"), bob.sends_sticker(dm)
    bob.edits(picture, "two owls")
    *_, update = await ada.get_updates()
    assert update.edited_message.caption == "two owls"
    assert len(update.edited_message.photo) == 4
    with pytest.raises(ValueError, match="no words"):
        bob.edits(sticker, "an owl")


@needs_contract
async def test_what_people_send_fits_what_telegram_publishes(stage, ada, bob, dm):
    tea, big = stage.group("Tea", [bob]), stage.supergroup("Big", [bob])
    for thing in (
        media.photo(spoiler=True),
        media.voice(),
        media.audio(),
        media.video(),
        media.animation(),
        media.video_note(),
        media.sticker(),
        media.document(b"Owls.", name="poem.txt"),
        media.location(1.5, 2.5, live=60),
        media.venue(1.5, 2.5, "Tea room", "Owl Street 1"),
        media.contact("+4930123456", "Eve", user=bob.id),
        media.poll("Tea?", ["Yes", "No"], right=0, explanation="Of course."),
        media.dice("🎰"),
    ):
        bob.forwards(dm, bob.hands(tea, thing))
        bob.says(dm, "across", reply_to=bob.hands(big, thing))
    bob.sends_album(dm, media.photo(), media.video())
    bob.quotes(bob.says(dm, "tea or coffee?"), "tea", "this")
    await ada.get_updates()
    updates = [
        update for call in stage.journal.of("getUpdates") for update in call.result["result"]
    ]
    assert len(updates) == 30
    assert [problem for update in updates for problem in problems_of("Update", update)] == []
