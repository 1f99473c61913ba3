"""What a person sends beside words, each kind of thing by its own name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bots.sandbox import media
from bots.sandbox.media import Medium
from bots.sandbox.speaker import Speaker, new_bundle
from bots.sandbox.world import Account, Chat, Message

_ALBUM = 10
# What may stand together in one album.
_ALBUMS = ({"photo", "video"}, {"audio"}, {"document"})


class Sender(Speaker):
    """A person who has more to give than words; `how` is as in `hands`."""

    __slots__ = ()

    def sends_photo(
        self, chat: Chat, data: bytes | None = None, caption: str = "", **how: Any
    ) -> Message:
        """Send a picture, a grey one where none is given."""
        return self.hands(chat, media.photo(data), caption, **how)

    def sends_voice(
        self, chat: Chat, data: bytes | None = None, *, seconds: int = 3, **how: Any
    ) -> Message:
        """Speak; without `data` nothing is to be heard."""
        return self.hands(chat, media.voice(data, seconds=seconds), **how)

    def sends_audio(
        self, chat: Chat, data: bytes | None = None, caption: str = "", **how: Any
    ) -> Message:
        return self.hands(chat, media.audio(data), caption, **how)

    def sends_video(
        self, chat: Chat, data: bytes | None = None, caption: str = "", **how: Any
    ) -> Message:
        return self.hands(chat, media.video(data), caption, **how)

    def sends_video_note(self, chat: Chat, data: bytes | None = None, **how: Any) -> Message:
        return self.hands(chat, media.video_note(data), **how)

    def sends_animation(
        self, chat: Chat, data: bytes | None = None, caption: str = "", **how: Any
    ) -> Message:
        return self.hands(chat, media.animation(data), caption, **how)

    def sends_sticker(self, chat: Chat, emoji: str = "🦉", **how: Any) -> Message:
        return self.hands(chat, media.sticker(emoji=emoji), **how)

    def sends_location(
        self, chat: Chat, latitude: float, longitude: float, *, live: int = 0, **how: Any
    ) -> Message:
        return self.hands(chat, media.location(latitude, longitude, live=live), **how)

    def sends_venue(
        self, chat: Chat, latitude: float, longitude: float, title: str, address: str, **how: Any
    ) -> Message:
        return self.hands(chat, media.venue(latitude, longitude, title, address), **how)

    def sends_contact(
        self, chat: Chat, phone: str, name: str, *, user: Account | None = None, **how: Any
    ) -> Message:
        first, _, last = name.partition(" ")
        who = user.id if user is not None else None
        return self.hands(chat, media.contact(phone, first, last, user=who), **how)

    def sends_poll(
        self,
        chat: Chat,
        question: str,
        options: Sequence[str],
        *,
        several: bool = False,
        **how: Any,
    ) -> Message:
        anonymous = bool(how.pop("anonymous", True))
        thing = media.poll(question, options, several=several, anonymous=anonymous)
        return self.hands(chat, thing, **how)

    def sends_dice(
        self, chat: Chat, emoji: str = "🎲", *, value: int | None = None, **how: Any
    ) -> Message:
        return self.hands(chat, media.dice(emoji, value), **how)

    def sends_album(
        self, chat: Chat, *things: Medium, caption: str = "", **how: Any
    ) -> list[Message]:
        """Send up to ten things as one; each is a message, and the first has the words."""
        kinds = {thing.kind for thing in things}
        if not 2 <= len(things) <= _ALBUM or not any(kinds <= together for together in _ALBUMS):
            raise ValueError("an album has 2 to 10 pictures and films, or documents, or tunes")
        bundle = {"media_group_id": new_bundle()}
        first = self.hands(chat, things[0], caption, more=bundle, **how)
        return [first, *(self.hands(chat, thing, more=bundle, **how) for thing in things[1:])]
