"""A face of a bot: what it is told of, whose words are whose, and how its own go out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import orjson
import pytest

from bots.discord.envelope import Scene, envelope
from bots.discord.face import DiscordFace
from bots.discord.face_hooks import Hook
from bots.discord.face_quotes import Lately, without_quote
from bots.discord.faces import Faces, Mask, shown_as
from bots.links import public
from bots.sandbox import Bot, Stage
from bots.sandbox.discord import talking
from bots.sandbox.discord.permissions import MANAGE_MESSAGES, MANAGE_WEBHOOKS
from bots.sandbox.faults import Fault
from core.clock import SystemClock
from core.errors import LinkLost, SendDelayed, SendUncertain, Unsendable
from core.ids import Account
from core.messages import DeliveryKind, DeliveryStatus, Kind, Live, Rank, Received
from core.secrets import Secret, taught
from tests.bots.discord.conftest import MakeLink, Notebook, delivery, endpoints_of, listens, until

HOST = Account("discord:900")
BERT = Mask(Account("discord:900/bert-id"), HOST, "Bert", ("Bert", "bertie"))
CLYDE = Mask(Account("discord:900/clyde-id"), HOST, "Clyde", ("Clyde",))
ZOE = {"id": "7", "username": "zoe"}
GUILD = Scene(type=0, guild="50", guild_name="The Commons")


def heard(said: dict[str, Any], scene: Scene = GUILD, event: str = "MESSAGE_CREATE") -> Received:
    whole = {"id": "1000", "channel_id": "60", "author": ZOE, "content": "hi", **said}
    return envelope(event, whole, scene, HOST)


def by_hook(name: str, content: str = "hi", *, application: str = "900") -> dict[str, Any]:
    author = {"id": "77", "username": name, "bot": True}
    hook = {"webhook_id": "77", "application_id": application}
    return {**hook, "author": author, "content": content}


@pytest.fixture
def faces() -> Faces:
    faces = Faces()
    faces.put_on(BERT)
    faces.put_on(CLYDE)
    return faces


def told(faces: Faces, *received: Received) -> list[tuple[str, str, Kind]]:
    return [(it.address.account, it.author, it.kind) for it in faces.shared(HOST, received)]


# --- who is told of what -----------------------------------------------------------------------


def test_what_is_said_in_a_server_is_told_to_the_bot_and_each_of_its_faces(faces: Faces) -> None:
    assert told(faces, heard({})) == [
        (HOST, "7", Kind.MESSAGE),
        (BERT.account, "7", Kind.MESSAGE),
        (CLYDE.account, "7", Kind.MESSAGE),
    ]


def test_direct_chats_and_forms_are_the_bots_alone(faces: Faces) -> None:
    direct = heard({}, Scene(type=1))
    form = heard({"type": 2, "data": {"name": "why", "type": 1}}, event="INTERACTION_CREATE")
    assert [it[0] for it in told(faces, direct, form)] == [HOST, HOST]


def test_a_bot_without_faces_is_told_what_it_was_told_before(faces: Faces) -> None:
    row = heard({})
    assert faces.shared(Account("discord:901"), [row]) == [row]


def test_what_the_bot_says_is_told_to_its_faces_and_not_to_itself(faces: Faces) -> None:
    rows = told(faces, heard({"author": {"id": "900", "username": "ada", "bot": True}}))
    assert rows == [(it.account, "900", Kind.MESSAGE) for it in (BERT, CLYDE)]


def test_what_a_face_says_is_told_to_the_others_by_its_name(faces: Faces) -> None:
    assert told(faces, heard(by_hook("Bert"))) == [
        (HOST, "900/bert-id", Kind.MESSAGE),
        (CLYDE.account, "900/bert-id", Kind.MESSAGE),
    ]


def test_a_webhook_of_somebody_else_is_nobody_of_ours(faces: Faces) -> None:
    rows = told(faces, heard(by_hook("Bert", application="333")))
    assert [it[1] for it in rows] == ["77"] * 3


def test_a_command_to_the_bot_is_talk_to_its_faces(faces: Faces) -> None:
    rows = told(faces, heard({"content": "<@900> /help"}))
    assert [it[2] for it in rows] == [Kind.COMMAND, Kind.MESSAGE, Kind.MESSAGE]


def test_a_command_that_answers_a_face_is_for_that_face(faces: Faces) -> None:
    rows = told(faces, heard({"content": "/help", "referenced_message": by_hook("Bert")}))
    assert [it[2] for it in rows] == [Kind.MESSAGE, Kind.COMMAND, Kind.MESSAGE]


@pytest.mark.parametrize(
    "written", ["<@900> Bert /forget me", "Bert, /forget me", "<@!900> bertie: /forget me"]
)
def test_a_command_behind_the_name_of_a_face_is_for_that_face(faces: Faces, written: str) -> None:
    host, bert, clyde = faces.shared(HOST, [heard({"content": written})])
    assert [it.kind for it in (host, bert, clyde)] == [Kind.MESSAGE, Kind.COMMAND, Kind.MESSAGE]
    read = DiscordFace(BERT, faces, host_name="Ada").read(bert)
    assert (read.command, read.arguments) == ("forget", "me")


def test_a_face_that_was_taken_off_is_told_nothing(faces: Faces) -> None:
    faces.take_off(BERT)
    assert [it[0] for it in told(faces, heard({}))] == [HOST, CLYDE.account]


def test_what_makes_no_sense_is_told_to_the_bot(faces: Faces) -> None:
    odd = replace(heard({}), payload=b'"webhook_id"')
    assert (HOST, "7", Kind.MESSAGE) in told(faces, odd)


# --- names and pictures ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Bert", "Bert"),
        ("  Bert   the\nOwl ", "Bert the Owl"),
        ("Bonnie and Clyde", "Bonnie and C·lyde"),
        ("DISCORDIA", "D·ISCORDIA"),
        ("x" * 100, "x" * 80),
        (" ", "Character"),
    ],
)
def test_a_name_is_shown_as_discord_takes_it(name: str, shown: str) -> None:
    assert shown_as(name) == shown


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("https://cdn.example.org/a.png", "https://cdn.example.org/a.png"),
        (" https://cdn.example.org/a.png ", "https://cdn.example.org/a.png"),
        ("http://cdn.example.org/a.png", ""),
        ("https://127.0.0.1/a.png", ""),
        ("https://[::1]/a.png", ""),
        ("https://localhost/a.png", ""),
        ("https://me:word@cdn.example.org/a.png", ""),
        ("https://[/a.png", ""),
        ("avatars/a.png", ""),
        ("", ""),
    ],
)
def test_a_picture_is_used_where_discord_can_fetch_it(written: str, used: str) -> None:
    assert public(written) == used


def test_a_quote_line_has_no_marks_that_break_its_link_and_is_no_words() -> None:
    lately = Lately()
    lately.note(
        {
            "id": "10",
            "channel_id": "60",
            "author": ZOE,
            "content": "[a](b) *bold* <@7> `x`\nhttps://example.org/x end " + "long " * 40,
        },
        {"guild": "50"},
    )
    assert lately.line("60", "10") == "", "nobody has spoken since"
    lately.note({"id": "11", "channel_id": "60", "author": ZOE, "content": "b"}, {"guild": "50"})
    line = lately.line("60", "10")
    shown, _, link = line.partition("](")
    assert link == "https://discord.com/channels/50/60/10)\n"
    assert shown.startswith("-# ↪ [zoe: a b bold x end long")
    assert len(line) < 200
    assert without_quote(line + "words\nand more") == "words\nand more"
    assert lately.line("60", "9") == "", "what is not known is not quoted"


def test_a_webhook_shows_no_token() -> None:
    assert "word-of-honour" not in repr(Hook(1, Secret("word-of-honour")))


# --- how it speaks -----------------------------------------------------------------------------


@dataclass
class Table:
    faces: Faces
    face: DiscordFace
    notebook: Notebook
    stage: Stage
    ada: Bot
    general: Any

    def said(self) -> list[Any]:
        found = self.stage.messages(self.general)
        return [one for one in found if one.spoken_as == "Bert" and not one.deleted]

    async def perform(self, text: str = "hi", **more: Any) -> str:
        receipt = await self.face.perform(delivery(self.face, self.general, text, **more))
        return receipt.message or ""


@pytest.fixture
async def table(
    make_link: MakeLink, stage: Stage, guild: Any, ada: Bot, general: Any
) -> AsyncIterator[Table]:
    stage.discord.role(guild, "Stagehands", [ada], permissions=MANAGE_WEBHOOKS | MANAGE_MESSAGES)
    async with wearing(make_link, ada) as (faces, face, notebook):
        yield Table(faces, face, notebook, stage, ada, general)


@asynccontextmanager
async def wearing(
    make_link: MakeLink, ada: Bot
) -> AsyncIterator[tuple[Faces, DiscordFace, Notebook]]:
    faces = Faces()
    host = Account(f"discord:{ada.id}")
    mask = Mask(Account(f"{host}/bert-id"), host, "Bert", ("Bert",))
    async with make_link(faces=faces) as link:
        face = DiscordFace(mask, faces, host_name="Ada", patience=0.2)
        async with face, listens(link) as notebook:
            yield faces, face, notebook


async def test_an_answer_that_grows_is_one_message_with_a_button_until_it_is_whole(
    table: Table,
) -> None:
    number = await table.perform("Once", status=DeliveryStatus.GROWING)
    (first,) = table.said()
    assert first.more["components"]
    where = delivery(table.face, table.general).address
    await table.face.show(Live(where, 1, "Once upon", number))
    assert table.said()[0].text == "Once upon"
    await table.perform("Once upon a time.", kind=DeliveryKind.EDIT, target=number)
    (whole,) = table.said()
    assert whole.text == "Once upon a time."
    assert not whole.more.get("components")


async def test_an_answer_that_is_deleted_while_it_grows_is_said_at_its_end(
    table: Table, ed: Any
) -> None:
    number = await table.perform("Once", status=DeliveryStatus.GROWING)
    ed.deletes(*table.said())
    await table.perform("Once upon a time.", kind=DeliveryKind.EDIT, target=number)
    assert [one.text for one in table.said()] == ["Once upon a time."]


async def test_what_is_taken_back_twice_is_gone(table: Table) -> None:
    number = await table.perform("oh")
    await table.perform(kind=DeliveryKind.DELETE, target=number)
    await table.perform(kind=DeliveryKind.DELETE, target=number)
    assert table.said() == []


async def test_what_a_webhook_said_that_is_gone_is_taken_back_by_the_bot(table: Table) -> None:
    number = await table.perform("oh")
    (hook,) = table.stage.world.hooks.values()
    fact = {"fact": "hook", "id": hook.id, "chat": None, "name": hook.name, "token": hook.token}
    table.stage.world.commit({**fact, "owner": hook.owner.id})
    await table.perform(kind=DeliveryKind.DELETE, target=number)
    assert table.said() == []


async def test_it_says_in_which_servers_it_has_no_name_of_its_own(table: Table, ed: Any) -> None:
    assert table.face.lacks == ""
    table.stage.discord.guild("The Attic", [ed], [table.ada])
    await until(lambda: bool(table.face.lacks))
    assert table.face.lacks == "without Manage Webhooks it speaks by Ada's name in The Attic"


async def test_a_reaction_is_the_bots(table: Table, ed: Any) -> None:
    message = ed.says(table.general, "look")
    await table.perform(kind=DeliveryKind.REACT, target=str(message.id), emoji="👀")
    (shown,) = [one for one in table.stage.messages(table.general) if one.id == message.id]
    assert shown.reactions == {table.ada.id: "👀"}


async def test_a_thread_that_is_wished_for_is_opened_and_spoken_in(table: Table, ed: Any) -> None:
    asked = ed.says(table.general, "tell me more")
    row = delivery(table.face, table.general, "Well.")
    payload = orjson.loads(row.payload) | {
        "thread": {"name": "More", "from": str(asked.id)},
        "reference": str(asked.id),
    }
    receipt = await table.face.perform(replace(row, payload=orjson.dumps(payload)))
    (thread,) = [it for it in table.general.guild.channels.values() if it.kind == "thread"]
    (said,) = [it for it in table.stage.messages(thread) if it.spoken_as == "Bert"]
    assert (said.text, str(said.id)) == ("Well.", receipt.message)
    await table.perform("Well, well.", kind=DeliveryKind.EDIT, target=receipt.message)
    (said,) = [it for it in table.stage.messages(thread) if it.spoken_as == "Bert"]
    assert said.text == "Well, well."


async def test_what_is_in_doubt_is_looked_up_and_an_earlier_row_is_not_taken_for_it(
    table: Table, ed: Any
) -> None:
    await table.perform("Yes.")
    table.stage.discord.faults.add(Fault("cut", method="execute_webhook"))
    now = table.stage.world.now()
    with pytest.raises(SendUncertain):
        await table.perform("Yes.", nonce="n2", created_at=now)
    again = {"nonce": "n2", "created_at": now, "status": DeliveryStatus.UNCERTAIN}
    await table.perform("Yes.", **again)
    table.stage.discord.faults.add(Fault("cut_after", method="execute_webhook"))
    with pytest.raises(SendUncertain):
        await table.perform("No.", nonce="n3", created_at=now)
    ed.says(table.general, "oh?")
    await table.perform("No.", **again | {"nonce": "n3"})
    assert [one.text for one in table.said()] == ["Yes.", "Yes.", "No."]


async def test_discords_own_trouble_makes_no_message_two(table: Table) -> None:
    fault = table.stage.discord.faults.add(
        Fault("refuse", method="execute_webhook", status=502, times=2)
    )
    with pytest.raises(SendUncertain):
        await table.perform("Yes.", created_at=table.stage.world.now())
    assert fault.met == 1, "it is looked up before it is said again"


async def test_several_faces_keep_the_rate_of_their_webhook_together(make_link: MakeLink) -> None:
    async with Stage(limits=True) as stage:
        ada, ed = stage.discord.bot("Ada"), stage.person("Ed")
        guild = stage.discord.guild("The Commons", [ed], [ada])
        stage.discord.role(guild, "Stagehands", [ada], permissions=MANAGE_WEBHOOKS)
        general = next(iter(guild.channels.values()))
        how = {"token": ada.token, "endpoints": endpoints_of(stage), "clock": SystemClock()}
        async with wearing(partial(make_link, **how), ada) as (_, face, _):
            async with asyncio.TaskGroup() as group:
                for number in range(8):
                    row = delivery(face, general, f"{number}", nonce=f"n{number}")
                    group.create_task(face.perform(row))
            said = [one for one in stage.messages(general) if one.spoken_as == "Bert"]
            asked = stage.discord.journal.of("execute_webhook")
    assert len(said) == len(asked) == 8, "none is refused"


async def test_what_the_bot_has_said_for_it_is_not_said_again_though_others_spoke_since(
    make_link: MakeLink, stage: Stage, ada: Bot, general: Any, guild: Any
) -> None:
    async with wearing(make_link, ada) as (_, face, _):
        row = delivery(face, general, "Yes.", created_at=stage.world.now() - 600)
        first = await face.perform(replace(row, created_at=stage.world.now()))
        bot_says = talking.say(stage.world, ada, general, "And I say so too.")
        again = replace(row, nonce="forgotten", status=DeliveryStatus.UNCERTAIN)
        second = await face.perform(again)
    assert first == second
    assert [one.text for one in stage.messages(general)] == ["**Bert:** Yes.", bot_says.text]


async def test_where_the_past_may_not_be_read_nothing_in_doubt_is_said_again(
    table: Table,
) -> None:
    table.stage.discord.faults.add(
        Fault("refuse", method="list_messages", status=403, code=50001, times=None)
    )
    row = {"created_at": table.stage.world.now(), "status": DeliveryStatus.UNCERTAIN}
    with pytest.raises(Unsendable, match="looked up"):
        await table.perform("Yes.", **row)
    assert table.said() == []


async def test_a_webhook_of_an_earlier_process_is_used_again(
    make_link: MakeLink, table: Table, ada: Bot
) -> None:
    await table.perform("one")
    async with wearing(make_link, ada) as (_, later, _):
        await later.perform(delivery(later, table.general, "two", nonce="n2"))
    assert len(table.stage.discord.journal.of("create_webhook")) == 1
    assert [one.text for one in table.said()] == ["one", "two"]


async def test_no_token_of_a_webhook_is_written_anywhere(
    table: Table, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await table.perform("one")
    (hook,) = table.stage.world.hooks.values()
    for line in caplog.messages:
        assert hook.token not in taught.mask(line)
    for status, failure in ((500, SendUncertain), (400, Unsendable), (401, Unsendable)):
        fault = Fault("refuse", method="execute_webhook", status=status, times=2)
        table.stage.discord.faults.add(fault)
        with pytest.raises(failure) as refused:
            await table.perform("two", nonce="n2")
        assert hook.token not in repr(refused.value)
        table.stage.discord.faults.clear()


async def test_names_in_its_words_ring_nobodys_bell(table: Table, ed: Any) -> None:
    await table.perform(f"@everyone <@{ed.snowflake}>")
    (call,) = table.stage.discord.journal.of("execute_webhook")
    assert call.params["allowed_mentions"]["parse"] == []


async def test_who_somebody_is_its_bot_knows(table: Table, ed: Any) -> None:
    where = delivery(table.face, table.general).address
    assert await table.face.rank(where, str(ed.snowflake)) is Rank.OWNER
    assert await table.face.rank(where, "900/other") is Rank.STRANGER


async def test_it_does_not_lead_its_bot_out_of_a_server(table: Table) -> None:
    with pytest.raises(Unsendable):
        await table.face.leave(delivery(table.face, table.general).address)
    assert table.ada in table.general.guild.members


async def test_without_its_bot_nothing_is_heard_or_said() -> None:
    faces = Faces()
    face = DiscordFace(BERT, faces, host_name="Ada", patience=0.05)
    async with face:
        with pytest.raises(LinkLost, match="Ada's bot"):
            await face.listen(Notebook())
        with pytest.raises(SendDelayed):
            await face.perform(delivery(face, 60))  # type: ignore[arg-type]
        assert [it.account for it in faces.of(HOST)] == [BERT.account], "it is told all the same"
    assert faces.of(HOST) == []


async def test_it_hears_for_as_long_as_its_bot_does(table: Table) -> None:
    begun = asyncio.Event()

    async def hears() -> LinkLost:
        try:
            await table.face.listen(Notebook(), begun.set)
        except LinkLost as lost:
            return lost
        raise AssertionError("it goes on for ever")

    async with asyncio.TaskGroup() as group:
        ears = group.create_task(hears())
        await asyncio.wait_for(begun.wait(), 10)
        table.faces.deaf(Account(f"discord:{table.ada.id}"))
    assert "Ada's bot" in str(ears.result())
