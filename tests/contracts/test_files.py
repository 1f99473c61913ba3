"""What every Platform promises of files that go with what is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import Unsendable
from core.files import Files
from core.messages import Attachment, Button, DeliveryKind, DeliveryStatus, Reply
from tests.contracts.theatres import delivery
from tests.fakes.pictures import png


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "files")


async def kept(files: Files, data: bytes, name: str = "owl-1.png") -> Attachment:
    found = await files.keep(data, key=name)
    return Attachment(found.ref, found.mime, found.size, name)


async def test_a_picture_and_a_few_words_are_one_message(theatre, files):
    async with theatre.link(files=files) as link:
        (payload,) = link.render(Reply("**An owl.**", attachments=(await kept(files, png()),)))
        assert (await link.perform(delivery(link, theatre.room(), payload))).message
    assert theatre.pictures() == [png()]
    assert [text.strip("*") for text in theatre.said()] == ["An owl."]


async def test_a_picture_needs_no_words_and_can_have_buttons(theatre, files):
    reply = Reply("", buttons=(Button("Again", "again"),), attachments=(await kept(files, png()),))
    async with theatre.link(files=files) as link:
        (payload,) = link.render(reply)
        await link.perform(delivery(link, theatre.room(), payload))
    assert (theatre.pictures(), theatre.said(), theatre.buttons()) == ([png()], [""], ["Again"])


async def test_many_words_come_first_and_several_pictures_one_by_one(theatre, files):
    owls = [png(seed=n) for n in range(2)]
    attached = tuple([await kept(files, one, f"owl-{n}.png") for n, one in enumerate(owls)])
    async with theatre.link(files=files) as link:
        payloads = link.render(Reply("Owls fly at night. " * 180, attachments=attached))
        for number, payload in enumerate(payloads):
            nonce = f"n{number}"
            await link.perform(delivery(link, theatre.room(), payload, nonce=nonce))
    assert theatre.pictures() == owls
    said = theatre.said()
    assert "".join(said).count("Owls") == 180
    assert said[-1] == "", "a further picture stands alone, below the words"


async def test_megabytes_go_out_whole(theatre, files):
    large = png(bytes_more=5_000_000)
    async with theatre.link(files=files) as link:
        (payload,) = link.render(Reply("Large.", attachments=(await kept(files, large),)))
        assert len(payload) < 500
        await link.perform(delivery(link, theatre.room(), payload))
    assert theatre.pictures() == [large]


async def test_a_file_that_is_gone_is_unsendable_in_words(theatre, files):
    attached = await kept(files, png())
    await files.drop(attached.ref)
    async with theatre.link(files=files) as link:
        (payload,) = link.render(Reply("An owl.", attachments=(attached,)))
        with pytest.raises(Unsendable, match="file is not there"):
            await link.perform(delivery(link, theatre.room(), payload))
    assert theatre.said() == []


async def test_a_file_in_a_payload_that_was_tampered_with_opens_nothing_else(
    theatre, files, tmp_path
):
    secret = tmp_path / "secret.png"
    secret.write_bytes(png())
    for ref in ("file:../secret.png", f"file:{secret}", "file:" + "0" * 64 + ".png/../x"):
        async with theatre.link(files=files) as link:
            (payload,) = link.render(Reply("", attachments=(Attachment(ref, "image/png"),)))
            with pytest.raises(Unsendable):
                await link.perform(delivery(link, theatre.room(), payload))
    assert theatre.pictures() == []


async def test_a_picture_in_doubt_is_told_of_or_is_not_doubled(theatre, files):
    async with theatre.link(files=files) as link:
        (payload,) = link.render(Reply("An owl.", attachments=(await kept(files, png()),)))
        first = delivery(link, theatre.room(), payload)
        await link.perform(first)
        await link.perform(replace(first, status=DeliveryStatus.UNCERTAIN))
    if link.limits.idempotent_send:
        assert (theatre.said(), theatre.pictures()) == (["An owl."], [png()])
    else:
        assert theatre.said() == ["An owl.", "🔁 An owl."]


async def test_what_has_a_file_below_it_can_be_taken_back(theatre, files):
    async with theatre.link(files=files) as link:
        (payload,) = link.render(Reply("An owl.", attachments=(await kept(files, png()),)))
        sent = await link.perform(delivery(link, theatre.room(), payload))
        removal = delivery(link, theatre.room(), b"{}", DeliveryKind.DELETE, sent.message)
        await link.perform(removal)
    assert theatre.said() == theatre.pictures() == []
