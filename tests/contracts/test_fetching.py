"""What people send is named where it is read, and its bytes come from the platform alone."""

from __future__ import annotations

import asyncio
import logging

import pytest

from core.errors import FetchFailed
from core.messages import Attachment, Inbound
from core.ports import Platform
from tests.contracts.theatres import Notebook, Theatre

POEM = b"Owls at noon\n" * 1000


async def sent(theatre: Theatre, link: Platform, name: str, data: bytes, caption: str) -> Inbound:
    notebook = Notebook(link)
    async with asyncio.TaskGroup() as group:
        ears = group.create_task(link.listen(notebook))
        await theatre.attended()
        theatre.sends(name, data, caption)
        received = await notebook.hears(caption)
        ears.cancel()
    return link.read(received)


async def test_a_document_is_named_and_its_bytes_are_fetched(theatre, link):
    inbound = await sent(theatre, link, "poem.txt", POEM, "look at this")
    assert inbound.text == "look at this"
    (attached,) = inbound.attachments
    assert (attached.name, attached.mime, attached.size) == ("poem.txt", "text/plain", len(POEM))
    assert await link.fetch(attached, len(POEM)) == POEM


async def test_a_document_needs_no_words_and_may_have_any_name(theatre, link):
    inbound = await sent(theatre, link, "Ünï cødé (1).md", b"# Owls", "")
    assert inbound.text == ""
    (attached,) = inbound.attachments
    assert attached.name.endswith(".md")
    assert await link.fetch(attached, 100) == b"# Owls"


async def test_what_names_a_file_holds_neither_an_address_nor_a_token(theatre, link):
    (attached,) = (await sent(theatre, link, "poem.txt", POEM, "")).attachments
    assert "http" not in attached.ref
    assert theatre.token not in attached.ref


async def test_a_file_is_never_more_than_was_asked_for(theatre, link):
    (attached,) = (await sent(theatre, link, "poem.txt", POEM, "")).attachments
    for size in (attached.size, 0, 5):  # told as it is, untold, told wrong
        lying = Attachment(attached.ref, attached.mime, size, attached.name)
        with pytest.raises(FetchFailed, match="larger than 12,999 bytes"):
            await link.fetch(lying, len(POEM) - 1)


async def test_a_file_that_is_gone_is_told_of(theatre, link):
    (attached,) = (await sent(theatre, link, "poem.txt", POEM, "")).attachments
    theatre.loses_files()
    with pytest.raises(FetchFailed, match="any more"):
        await link.fetch(attached, 1 << 20)


@pytest.mark.parametrize("ref", ["", "nonsense", "1/2/3", "../../etc/passwd", "http://a.org/b"])
async def test_what_names_no_file_of_the_platform_fetches_nothing(link, ref):
    with pytest.raises(FetchFailed) as caught:
        await link.fetch(Attachment(ref), 1 << 20)
    assert "a.org" not in str(caught.value)


async def test_a_platform_that_is_away_hands_over_nothing_and_no_secret(theatre, link, caplog):
    caplog.set_level(logging.DEBUG)
    (attached,) = (await sent(theatre, link, "poem.txt", POEM, "")).attachments
    async with theatre.outage():
        with pytest.raises(FetchFailed) as caught:
            await link.fetch(attached, 1 << 20)
    assert theatre.token not in f"{caught.value!r} {caplog.text}"
    assert caught.value.__cause__ is None
    assert await link.fetch(attached, 1 << 20) == POEM


async def test_a_link_that_is_closed_fetches_nothing(theatre):
    async with theatre.link() as link:
        (attached,) = (await sent(theatre, link, "poem.txt", POEM, "")).attachments
    with pytest.raises(FetchFailed):
        await link.fetch(attached, 1 << 20)
