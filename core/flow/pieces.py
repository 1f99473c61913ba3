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
    return (
        bool(one.bundle)
        and one.bundle == before.bundle
        and one.kind is before.kind is Kind.MESSAGE
        and one.author.id == before.author.id
    )


def _joined(before: Inbound, one: Inbound) -> Inbound:
    return replace(
        one,
        message=before.message,  # the first one bears the words, and is what people edit
        text="\n".join(filter(None, (before.text, one.text))),
        attachments=(*before.attachments, *one.attachments),
        mentions_us=before.mentions_us or one.mentions_us,
        mentions_others=before.mentions_others or one.mentions_others,
        reply_to=before.reply_to or one.reply_to,
        replies_to_us=before.replies_to_us or one.replies_to_us,
        forwarded=before.forwarded or one.forwarded,
    )
