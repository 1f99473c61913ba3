"""Files of Discord's: only those that lie at Discord, wherever a message says they are."""

from __future__ import annotations

from typing import Any

import pytest

from bots.sandbox.faults import Fault
from core.errors import FetchFailed
from core.messages import Attachment


@pytest.fixture
def sent(ed, general):
    """A document in a channel, and what Discord tells of it."""
    said = ed.sends(general, "poem.txt", b"owls", "look")
    file: dict[str, Any] = said.more["attachments"][0]
    return Attachment(f"{general.id}/{said.id}/{file['id']}", size=4), file


async def test_a_file_in_a_channel_is_fetched(link, sent):
    attached, _ = sent
    assert await link.fetch(attached, 100) == b"owls"


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://cdn.discordapp.com.evil.org/attachments/1/2/x",
        "{cdn}.evil.org/attachments/1/2/x",
        "{api}/users/@me",
        "{cdn}/../api/v10/users/@me",
        "{cdn}/attachments/../../api/v10/users/@me",
        "{cdn}/attachments/%2e%2e/%2e%2e/api/v10/users/@me",
        "http://bob:pass@{host}/cdn/attachments/1/2/x",
        "file:///etc/passwd",
        "/cdn/attachments/1/2/x",
        "",
        None,
        5,
    ],
)
async def test_what_lies_elsewhere_is_not_asked_for(stage, link, sent, address):
    attached, file = sent
    play = stage.discord
    if isinstance(address, str):
        host = play.cdn_root.split("/")[2]
        address = address.replace("{cdn}", play.cdn_root).replace("{api}", play.api_root)
        address = address.replace("{host}", host)
    file["url"] = address
    with pytest.raises(FetchFailed, match="does not lie at Discord"):
        await link.fetch(attached, 100)


async def test_without_the_right_to_look_back_it_says_which_one_is_missing(stage, link, sent):
    attached, _ = sent
    stage.discord.faults.add(Fault("refuse", method="get_message", status=403, code=50001, times=1))
    with pytest.raises(FetchFailed, match="Read Message History"):
        await link.fetch(attached, 100)


async def test_a_message_that_was_taken_back_has_no_files(link, sent, ed, general):
    attached, _ = sent
    ed.deletes(list(general.messages.values())[-1])
    with pytest.raises(FetchFailed, match="message is gone"):
        await link.fetch(attached, 100)


async def test_a_sticker_is_looked_for_at_discord_as_well(link):
    with pytest.raises(FetchFailed, match="any more"):
        await link.fetch(Attachment("sticker:123", "image/png"), 100)
