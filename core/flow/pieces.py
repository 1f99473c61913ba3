"""Pieces that were one message before the platform cut it: an album, a text that was too long."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from core.messages import Inbound, Kind


def pieced(inbound: Iterable[Inbound]) -> list[Inbound]:
    """One Inbound for each message as its author sent it; the last piece leads."""
    whole: list[Inbound] = []
    for one in inbound:
        if whole and _belong(whole[-1], one):
            whole[-1] = _joined(whole[-1], one)
        else:
            whole.append(one)
    return whole


def _belong(before: Inbound, one: Inbound) -> bool:
    if one.kind is not Kind.MESSAGE or before.kind is not Kind.MESSAGE:
        return False
    if one.author.id != before.author.id:
        return False
    if before.goes_on is not None:
        return _is_plain(one)
    return bool(one.bundle) and one.bundle == before.bundle


def _is_plain(one: Inbound) -> bool:
    """The rest of a text that was cut is text, and nothing that was begun anew."""
    return not (one.attachments or one.bundle or one.forwarded or one.reply_to or one.via)


def _joined(before: Inbound, one: Inbound) -> Inbound:
    between = "\n" if before.goes_on is None else before.goes_on
    return replace(
        one,
        message=before.message,  # the first one bears the words, and is what people edit
        text=between.join(filter(None, (before.text, one.text))),
        attachments=(*before.attachments, *one.attachments),
        mentions_us=before.mentions_us or one.mentions_us,
        mentions_others=before.mentions_others or one.mentions_others,
        reply_to=before.reply_to or one.reply_to,
        replies_to_us=before.replies_to_us or one.replies_to_us,
        forwarded=before.forwarded or one.forwarded,
    )
