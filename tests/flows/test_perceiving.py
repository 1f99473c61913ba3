"""Pictures, voices and documents that people send, from their bytes to what she says of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bots.sandbox import Bot, Person, Stage, media
from bots.sandbox.world import Chat
from bots.testkit import Play
from core.models.scripted import Scripted
from core.plugins import Plugin, Turn
from core.ports import ModelRequest, ModelType
from tests.fakes.databases import in_use
from tests.fakes.model_server import ModelServer
from tests.fakes.model_server import echo as echoing
from tests.fakes.pictures import png
from tests.faults import bombs
from tests.flows.talk import echo, playing, question, reply, settled, until, whole

_CAT = "A grey cat sleeps on a sofa."
_SPOKEN = "Good morning, Ada."


class Senses:
    """What a character's models were shown, and what they say of it."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.heard: list[dict[str, Any]] = []
        self.says: str | Exception = _CAT
        self.writes: str | Exception = _SPOKEN
        self.hold: asyncio.Event | None = None
        """Whoever looks waits for it."""

    @property
    def plugin(self) -> Plugin:
        plugin = Plugin("senses")

        @plugin.model(ModelType.IMAGE_DESCRIPTION)
        async def look(runtime: Any, params: Any) -> dict[str, str]:
            self.seen.append(params["imageUrl"])
            if self.hold is not None:
                await self.hold.wait()
            return {"title": "A cat", "description": _given(self.says)}

        @plugin.model(ModelType.TRANSCRIPTION)
        async def listen(runtime: Any, params: Any) -> str:
            self.heard.append(params)
            return _given(self.writes)

        return plugin


def _given(answer: str | Exception) -> str:
    if isinstance(answer, Exception):
        raise answer
    return answer


@pytest.fixture
def senses() -> Senses:
    return Senses()


@pytest.fixture
def asked() -> Scripted:
    return Scripted(echo)


@pytest.fixture
def how(tmp_path: Path, asked: Scripted, senses: Senses) -> dict[str, Any]:
    """A gateway whose only character has eyes and ears."""
    return {"model": asked, "data": tmp_path, "plugins": [senses.plugin]}


def direct(play: Play) -> tuple[Bot, Person, Chat]:
    ada, bob = play.bots["Ada"], play.stage.person("Bob")
    return ada, bob, play.stage.dm(bob, ada)


def rows(data: Path, table: str) -> list[Mapping[str, Any]]:
    return in_use.now.rows(data, table)


def kept(data: Path) -> list[dict[str, Any]]:
    """What is remembered of people's messages, oldest first."""
    found = [row["content"] for row in rows(data, "memories") if row["type"] == "messages"]
    plain = [json.loads(one) if isinstance(one, str) else one for one in found]
    return [one for one in plain if one.get("attachments")]


def fetched(play: Play) -> int:
    return len(play.stage.journal.of("getFile"))


async def test_a_photo_is_described_and_stays_known(
    how: dict[str, Any], asked: Scripted, senses: Senses, tmp_path: Path
) -> None:
    async with playing("Ada", **how) as play:
        ada, bob, dm = direct(play)
        photo = png(9, 9)
        bob.sends_photo(dm, photo, caption="my cat")
        await play.stage.next_from(ada, dm)
        assert question(asked.requests[-1]) == f"my cat\n[photo: {_CAT}]"
        assert senses.seen == [photo], "the largest of its sizes"
        bob.says(dm, "how old is she?")
        await play.stage.next_from(ada, dm)
        assert f"{_CAT}]" in whole(asked.requests[-1]), "also when it is the past"
        assert len(senses.seen) == fetched(play) == 1
    (said,) = kept(tmp_path)
    (one,) = said["attachments"]
    assert (one["description"], one["title"], one["kind"]) == (_CAT, "A cat", "photo")


async def test_what_is_spoken_is_what_they_say(
    how: dict[str, Any], asked: Scripted, senses: Senses, tmp_path: Path
) -> None:
    """T-34; what is written below it stays."""
    async with playing("Ada", **how) as play:
        ada, bob, dm = direct(play)
        bob.sends_voice(dm, caption="listen:")
        await play.stage.next_from(ada, dm)
        told = question(asked.requests[-1])
        assert told == f"listen:\n{_SPOKEN}\n[voice message, 3 s]"
        bob.says(dm, "did you hear me?")
        await play.stage.next_from(ada, dm)
        assert whole(asked.requests[-1]).count(_SPOKEN) == 1 + len(asked.requests[:1])
    assert [one["mimeType"] for one in senses.heard] == ["audio/ogg"]
    assert senses.heard[0]["audio"].startswith(b"OggS")
    (said,) = kept(tmp_path)
    assert said["text"] == f"listen:\n{_SPOKEN}"
    assert said["attachments"][0]["text"] == _SPOKEN


async def test_a_document_is_read_and_how_much_of_it_is_missing_is_told(
    how: dict[str, Any], asked: Scripted, tmp_path: Path
) -> None:
    long = "The ferry leaves at nine.\n" + "Owls hunt. " * 1_000
    async with playing("Ada", **how) as play:
        ada, bob, dm = direct(play)
        bob.sends(dm, "ferry.md", long.encode(), "when does it leave?")
        await play.stage.next_from(ada, dm)
        told = question(asked.requests[-1])
        assert told.startswith("when does it leave?\n[document ferry.md, in which is:]\nThe ferry ")
        assert "(5,126 further characters are not shown)" in told or "further characters" in told
        assert len(told) < 6_200
    assert kept(tmp_path)[0]["attachments"][0]["text"].startswith("The ferry leaves at nine.")


async def test_of_what_moves_a_still_is_looked_at(
    how: dict[str, Any], asked: Scripted, senses: Senses
) -> None:
    async with playing("Ada", **how) as play:
        ada, bob, dm = direct(play)
        for send in (bob.sends_video, bob.sends_animation):
            send(dm)
            await play.stage.next_from(ada, dm)
            assert f"a still of it shows: {_CAT}]" in question(asked.requests[-1])
        assert len(senses.seen) == 1, "it is the same picture each time"
        bob.hands(dm, media.sticker(animated=True))
        await play.stage.next_from(ada, dm)
        told = question(asked.requests[-1])
        assert told == f"[sticker: 🦉 from the set Owls; a still of it shows: {_CAT}]"
        bob.sends_sticker(dm)
        await play.stage.next_from(ada, dm)
        told = question(asked.requests[-1])
    assert told == f"[sticker: 🦉 from the set Owls; {_CAT}]"
    assert not any(b"ftyp" in one[:16] for one in senses.seen), "no film is handed to anybody"


async def test_a_video_message_is_heard_and_looked_at_where_nothing_can_be_heard(
    how: dict[str, Any], asked: Scripted, senses: Senses
) -> None:
    async with playing("Ada", **how) as play:
        ada, bob, dm = direct(play)
        bob.sends_video_note(dm)
        await play.stage.next_from(ada, dm)
        assert question(asked.requests[-1]) == f"{_SPOKEN}\n[video message, 2 s]"
        senses.writes = RuntimeError("deaf")
        bob.sends_video_note(dm, b"another film" * 9)
        await play.stage.next_from(ada, dm)
    assert f"a still of it shows: {_CAT}]" in question(asked.requests[-1])


async def test_who_is_not_addressed_fetches_nothing_and_looks_when_asked(
    how: dict[str, Any], asked: Scripted, senses: Senses, tmp_path: Path
) -> None:
    async with playing("Ada", **how) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        group = play.stage.supergroup("Cats", [bob], [ada])
        photo = bob.sends_photo(group, png(8, 8), caption="my cat")
        await settled(play, 1)
        bob.sends_voice(group)
        await settled(play, 2)
        bob.sends(group, "a.txt", b"Owls.")
        assert await settled(play, 3) == [("silent", "not-addressed")] * 3
        assert (fetched(play), senses.seen, senses.heard) == (0, [], [])
        bob.says(group, "@Ada what is that?", reply_to=photo)
        await play.stage.next_from(ada, group)
        assert _CAT in question(asked.requests[-1])
        assert fetched(play) == len(senses.seen) == 1
        await until(lambda: "description" in kept(tmp_path)[0]["attachments"][0])
        bob.says(group, "@Ada and now?")
        await play.stage.next_from(ada, group)
        past = whole(asked.requests[-1])
        assert f"my cat\n  [photo A cat: {_CAT}]" in past, "it is known from now on"
        assert past.count("you cannot see it") == 0
        assert fetched(play) == 1


async def test_an_answer_to_a_picture_seen_before_does_not_look_twice(
    how: dict[str, Any], asked: Scripted, senses: Senses
) -> None:
    """Also after a fresh start, when only the memory knows it."""
    async with Stage(limits=False) as stage:
        ada, bob = stage.bot("Ada"), stage.person("Bob")
        dm = stage.dm(bob, ada)
        photo = bob.sends_photo(dm, png(7, 7), caption="my cat")
        for again in (False, True):
            async with playing("Ada", stage=stage, **how) as play:
                if not again:
                    await stage.next_from(ada, dm)
                bob.says(dm, "what colour is she?", reply_to=photo)
                await stage.next_from(ada, dm)
                assert f"answering Bob: “my cat [photo: {_CAT}]”" in question(asked.requests[-1])
                assert (fetched(play), len(senses.seen)) == (1, 1)


async def test_the_same_picture_is_looked_at_once(how: dict[str, Any], senses: Senses) -> None:
    async with playing("Ada", **how) as play:
        ada, bob, dm = direct(play)
        for _ in range(2):
            bob.sends_photo(dm, png(6, 6))
            await play.stage.next_from(ada, dm)
        assert (fetched(play), len(senses.seen)) == (2, 1), "it has a new name each time"
        bob.says(dm, "/forget me")
        await play.stage.next_from(ada, dm)
        bob.sends_photo(dm, png(6, 6))
        await play.stage.next_from(ada, dm)
    assert len(senses.seen) == 2, "nothing of whoever was forgotten is left"


async def test_whoever_says_more_meanwhile_is_answered_once_and_it_is_looked_at_again(
    how: dict[str, Any], asked: Scripted, senses: Senses
) -> None:
    async with playing("Ada", **how) as play:
        ada, bob, dm = direct(play)
        senses.hold = asyncio.Event()
        bob.sends_photo(dm, png(9, 9), caption="my cat")
        await until(lambda: senses.seen)
        senses.hold = None
        bob.says(dm, "she is called Ada too")
        await play.stage.next_from(ada, dm)
        assert [status for status, _ in await settled(play, 2)] == ["answered-by", "answered"]
    (request,) = asked.requests
    assert question(request) == f"my cat\n[photo: {_CAT}]\nshe is called Ada too"


async def test_what_is_spoken_to_her_in_a_group_is_listened_to_and_plugins_see_it(
    how: dict[str, Any], senses: Senses
) -> None:
    noted: list[str] = []
    plugin = Plugin("notes")

    @plugin.action(name="NOTE")
    async def note(turn: Turn) -> None:
        """Note it."""
        noted.extend((turn.message.content.text, turn.inbound.text))
        await turn.say("Noted.")

    def answer(request: ModelRequest) -> str:
        if "[voice message" in question(request):
            return "<response><actions>NOTE</actions></response>"
        return reply("Hello.")

    plugins = [senses.plugin, plugin]
    async with playing("Ada", **(how | {"model": Scripted(answer), "plugins": plugins})) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        group = play.stage.supergroup("Cats", [bob], [ada])
        bob.says(group, "@Ada hello")
        hers = await play.stage.next_from(ada, group)
        assert hers.text == "Hello."
        bob.sends_voice(group, reply_to=hers)
        assert (await play.stage.next_from(ada, group)).text == "Noted."
    assert noted == [_SPOKEN, _SPOKEN]
    assert len(senses.heard) == 1


async def test_whoever_asks_for_what_is_kept_gets_what_was_seen(how: dict[str, Any]) -> None:
    async with playing("Ada", **how) as play:
        ada, bob, dm = direct(play)
        bob.sends_photo(dm, png(9, 9))
        await play.stage.next_from(ada, dm)
        bob.says(dm, "/export me")
        await until(lambda: play.stage.messages(dm)[-1].more.get("document"))
        number = play.stage.messages(dm)[-1].more["document"]["file_id"]
        _, data = play.stage.world.files[number]
    assert f"A cat: {_CAT}" in data.decode()


# --- what cannot be perceived --------------------------------------------------------------------


async def test_without_a_model_for_it_nothing_is_fetched_and_she_is_told_so(
    tmp_path: Path, asked: Scripted
) -> None:
    """A document needs no model."""
    async with playing("Ada", model=asked, data=tmp_path) as play:
        ada, bob, dm = direct(play)
        for send, words in (
            (bob.sends_photo, "[photo; you cannot see it]"),
            (bob.sends_voice, "[voice message, 3 s; you cannot hear it]"),
        ):
            send(dm)
            await play.stage.next_from(ada, dm)
            assert question(asked.requests[-1]) == words
        assert fetched(play) == 0
        bob.sends(dm, "a.txt", b"Owls.")
        await play.stage.next_from(ada, dm)
    assert question(asked.requests[-1]) == "[document a.txt: Owls.]"


async def test_where_she_is_not_to_look_she_does_not(how: dict[str, Any], asked: Scripted) -> None:
    async with playing("Ada", settings={"TROUPE_PERCEIVES": "false"}, **how) as play:
        ada, bob, dm = direct(play)
        bob.sends_photo(dm)
        await play.stage.next_from(ada, dm)
        bob.sends(dm, "a.txt", b"Owls.")
        await play.stage.next_from(ada, dm)
        assert fetched(play) == 0
    assert question(asked.requests[-1]) == "[document a.txt; you have not read it]"


async def test_a_failure_is_a_sentence_and_the_message_is_answered(
    how: dict[str, Any], asked: Scripted, senses: Senses, tmp_path: Path
) -> None:
    settings = {"TROUPE_ATTACHMENT_MB": "1"}
    async with playing("Ada", settings=settings, **how) as play:
        ada, bob, dm = direct(play)

        async def told(fault: str) -> None:
            await play.stage.next_from(ada, dm)
            assert fault in question(asked.requests[-1])

        bob.sends_photo(dm, png(5, 5, bytes_more=1 << 20), caption="look")
        await told("look\n[photo: it could not be looked at: the file is larger than 1 MB]")
        bob.sends(dm, "zeros.txt", b"0" * ((1 << 20) + 1))
        await told("it could not be read: the file is larger than 1 MB]")
        bob.sends(dm, "a.docx", b"PK\x03\x04" + bytes(100))
        await told("[document a.docx: it could not be read: it is")
        bob.sends_voice(dm, seconds=1_000)
        await told("it could not be listened to: it is longer than 15 minutes]")
        bob.sends(dm, "points.png", bombs.picture_of_many_points())
        await told("it could not be looked at: the picture has 12000 x 12000 points")
        bob.sends(dm, "cat.png", b"no picture at all")
        await told("it could not be looked at: pictures of this kind are not looked at]")
        senses.says = ValueError("out of order")
        bob.sends_photo(dm, png(4, 4))
        await told("it could not be looked at: the model for it")
        senses.writes = "  "
        bob.sends_voice(dm, caption="hm")
        await told("hm\n[voice message, 3 s: it could not be listened to: nothing is said in it]")
        play.stage.faults.refuse(400, method="getFile")
        bob.sends_photo(dm, png(3, 3))
        await told("it could not be looked at: Telegram does not have the file any more]")
        bob.says(dm, "and?")
        await told("and?")
        assert "larger than 1 MB" in whole(asked.requests[-1]), "it is remembered why"
        senses.says = _CAT
        bob.sends_photo(dm, png(4, 4))
        await told(f"[photo: {_CAT}]")
    assert len(senses.seen) == 2, "what only failed is tried again"
    assert all(one["attachments"][0].get("fault") for one in kept(tmp_path)[:-1])


async def test_so_many_files_are_looked_at_and_no_more(
    how: dict[str, Any], asked: Scripted, senses: Senses
) -> None:
    async with playing("Ada", settings={"TROUPE_ATTACHMENTS": "3"}, **how) as play:
        ada, bob, dm = direct(play)
        bob.sends_album(dm, *(media.photo(png(n, n)) for n in range(1, 6)), caption="holiday")
        await play.stage.next_from(ada, dm)
        told = question(asked.requests[-1])
    assert told.count(f"[photo: {_CAT}]") == len(senses.seen) == 3
    assert told.count("it could not be looked at: there are too many at once") == 2


async def test_a_turn_can_still_pay_for_its_answer(
    how: dict[str, Any], asked: Scripted, senses: Senses, tmp_path: Path
) -> None:
    async with playing("Ada", settings={"TROUPE_MODEL_CALLS": "3"}, **how) as play:
        ada, bob, dm = direct(play)
        bob.sends_album(dm, *(media.photo(png(n, n)) for n in range(1, 4)))
        await play.stage.next_from(ada, dm)
    assert question(asked.requests[-1]).count(_CAT) == len(senses.seen) == 1
    kinds = sorted(row["kind"] for row in rows(tmp_path, "spendings"))
    assert kinds == ["IMAGE_DESCRIPTION", "TEXT_LARGE"], "and each call is written down"


async def test_nothing_is_looked_at_before_a_model_has_decided_to_answer(
    how: dict[str, Any], senses: Senses
) -> None:
    judge = Scripted(lambda request: "<response><action>IGNORE</action></response>")
    ada_ = {
        "name": "Ada", "bio": "Ada decides.", "plugins": ["senses"],
        "templates": {"shouldRespondTemplate": "Does {{agentName}} answer?\n{{recentMessages}}"},
    }  # fmt: skip
    async with playing(ada_, **(how | {"model": judge})) as play:
        ada, bob = play.bots["Ada"], play.stage.person("Bob")
        group = play.stage.supergroup("Cats", [bob], [ada])
        bob.sends_photo(group, caption="my cat")
        assert await settled(play, 1) == [("silent", "declined-by-model")]
        assert (len(judge.requests), fetched(play), senses.seen) == (1, 0, [])


async def test_where_nothing_may_be_remembered_nothing_is(
    how: dict[str, Any], asked: Scripted, senses: Senses, tmp_path: Path
) -> None:
    async with playing("Ada", settings={"DISABLE_MEMORY_CREATION": "true"}, **how) as play:
        ada, bob, dm = direct(play)
        for _ in range(2):
            bob.sends_photo(dm, png(5, 5))
            await play.stage.next_from(ada, dm)
            assert _CAT in question(asked.requests[-1])
    assert len(senses.seen) == 2
    assert kept(tmp_path) == []


async def test_no_address_with_a_token_is_kept_or_shown(
    how: dict[str, Any], asked: Scripted, tmp_path: Path
) -> None:
    """V-15."""
    async with playing("Ada", **how) as play:
        ada, bob, dm = direct(play)
        bob.sends_photo(dm)
        await play.stage.next_from(ada, dm)
        bob.sends(dm, "a.txt", b"Owls.")
        await play.stage.next_from(ada, dm)
        assert fetched(play) == 2
        token = play.stage.world.tokens[ada.id]
        everything = [whole(one) for one in asked.requests]
        everything += [str(row) for table in ("inbox", "memories", "rooms", "spendings")
                       for row in rows(tmp_path, table)]  # fmt: skip
    assert not any(token in one or "/file/bot" in one for one in everything)


# --- elsewhere -----------------------------------------------------------------------------------


async def test_on_discord_it_is_the_same(
    how: dict[str, Any], asked: Scripted, senses: Senses
) -> None:
    async with playing("Ada", platforms=("discord",), **how) as play:
        ada, bob = play.discord_bots["Ada"], play.stage.person("Bob")
        dm = play.stage.discord.dm(bob, ada)
        bob.sends(dm, "cat.png", png(9, 9), "my cat")
        await play.stage.next_from(ada, dm)
        assert question(asked.requests[-1]) == f"my cat\n[picture cat.png: {_CAT}]"
        bob.sends(dm, "a.txt", b"Owls.")
        await play.stage.next_from(ada, dm)
    assert question(asked.requests[-1]) == "[file a.txt: Owls.]"
    assert senses.seen == [png(9, 9)]


async def test_a_service_over_the_wire_sees_and_hears(tmp_path: Path) -> None:
    async with ModelServer(echoing) as server:
        server.sight = f"A cat\n{_CAT}"
        own = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "a-key-for-nothing"}
        async with playing("Ada", data=tmp_path, settings=own) as play:
            ada, bob, dm = direct(play)
            bob.sends_photo(dm, png(9, 9))
            assert f"[photo: {_CAT}]" in (await play.stage.next_from(ada, dm)).text
            bob.sends_voice(dm)
            assert "Good morning." in (await play.stage.next_from(ada, dm)).text
        assert server.seen == [png(9, 9)]
        assert [one["type"] for one in server.heard] == ["audio/ogg"]
