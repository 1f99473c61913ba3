"""What a message answers, and whose words it passes on."""

from __future__ import annotations

from bots.telegram.attachments import attachments_of
from bots.telegram.fields import Json, number, part, words
from bots.telegram.people import author_of, chat_name, full_name
from bots.telegram.texts import Us, text_of
from core.messages import Attachment, Author, Quote


def quote_of(message: Json, us: Us) -> tuple[Quote | None, bool]:
    """What is answered, and whether that was ours."""
    answered = part(message, "reply_to_message")
    if answered and not part(answered, "forum_topic_created"):
        # Every message of a topic points at the topic's first one; that is no answer.
        author = author_of(answered.get("from"), answered.get("sender_chat"))
        for_us = part(answered, "sender_business_bot")
        is_ours = str(us.id) in (author.id, number(for_us.get("id")))
        return _quote(message, answered, number(answered.get("message_id")), author), is_ours
    if elsewhere := part(message, "external_reply"):
        origin = part(elsewhere, "origin")
        author = _author_of(origin)
        here = number(part(elsewhere, "chat").get("id")) == number(part(message, "chat").get("id"))
        known = number(elsewhere.get("message_id")) if here else ""
        return _quote(message, elsewhere, known, author), author.id == str(us.id)
    if story := part(message, "reply_to_story"):
        teller = author_of(None, part(story, "chat"))
        shown = Attachment("", kind="story", about=f"of {teller.name}")
        return Quote("", teller, attachments=(shown,)), False
    return None, False


def source_of(message: Json) -> str:
    """Whose words these are; empty where they are the author's own.

    A post that a channel's discussion group shows by itself is the channel's own as well.
    """
    if message.get("is_automatic_forward") is True:
        return ""
    origin = part(message, "forward_origin")
    return _author_of(origin).name or ("somebody" if origin else "")


def _quote(message: Json, answered: Json, number: str, author: Author) -> Quote:
    chosen = part(message, "quote")
    return Quote(
        message=number,
        author=author,
        text=words(chosen.get("text")) or text_of(answered),
        exact=chosen.get("is_manual") is True,
        attachments=attachments_of(answered),
    )


def _author_of(origin: Json) -> Author:
    """Where a message comes from; whoever hides has a name alone."""
    user, chat = part(origin, "sender_user"), part(origin, "sender_chat") or part(origin, "chat")
    signature = words(origin.get("author_signature"))
    if chat:
        author = author_of(None, chat)
        name = f"{chat_name(chat)} ({signature})" if signature else author.name
        return Author(author.id, name, author.username)
    if user:
        who = author_of(user)
        return Author(who.id, full_name(user), who.username, who.is_bot)
    return Author("", words(origin.get("sender_user_name")))
