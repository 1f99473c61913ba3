"""What hangs on a message: files by their ids, and things that are said in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bots.telegram.fields import Json, count, listed, measure, number, part, whole, words
from bots.telegram.people import chat_name, full_name
from bots.telegram.spoken import FILES, THINGS
from core.messages import Attachment

_KINDS = {"video_note": "video note", "live_photo": "live photo"}
_MIMES = {
    "voice": "audio/ogg", "audio": "audio/mpeg", "video": "video/mp4", "video_note": "video/mp4",
    "animation": "video/mp4", "live_photo": "video/mp4",
}  # fmt: skip
_FEW = 20
_SHORT = 200


def attachments_of(message: Json) -> tuple[Attachment, ...]:
    """Each once: an animation comes as a document as well, a venue as a location."""
    found: dict[str, Attachment] = {}
    for name in FILES:
        if name in message and (one := _file(name, whole(message[name]))) is not None:
            found.setdefault(one.ref, one)
    if "live_photo" not in message and (photo := _photo(message.get("photo"))) is not None:
        found.setdefault(photo.ref, photo)
    for media in _paid(part(message, "paid_media")):
        found.setdefault(media.ref, media)
    things = []
    for name in THINGS:
        if name not in message or (name == "location" and "venue" in message):
            continue
        if thing := whole(message[name]):
            kind, tell = _TOLD[name]
            things.append(Attachment("", kind=kind, about=tell(thing)))
    return (*found.values(), *things)


# --- files -------------------------------------------------------------------------------------


def _photo(sizes: object) -> Attachment | None:
    """The largest; Telegram lists them from small to large."""
    whole_sizes = [one for one in listed(sizes) if words(one.get("file_id"))]
    if not whole_sizes:
        return None
    largest = whole_sizes[-1]
    return Attachment(
        ref=words(largest.get("file_id")),
        mime="image/jpeg",
        size=max(0, count(largest.get("file_size"))),
        kind="photo",
        width=count(largest.get("width")),
        height=count(largest.get("height")),
    )


def _file(name: str, file: Json) -> Attachment | None:
    ref = words(file.get("file_id"))
    if not ref:
        return None
    across = count(file.get("length"))  # of a video note, which is round
    return Attachment(
        ref=ref,
        mime=words(file.get("mime_type")) or _mime(name, file),
        size=max(0, count(file.get("file_size"))),
        name=_song(file) or words(file.get("file_name")),
        kind=_KINDS.get(name, name),
        about=_about_file(name, file),
        preview=_preview(file),
        seconds=max(0.0, measure(file.get("duration"))),
        width=count(file.get("width")) or across,
        height=count(file.get("height")) or across,
    )


def _preview(file: Json) -> str:
    """A still picture of it: its thumbnail, its cover, or its photo."""
    thumbnail = words(part(file, "thumbnail").get("file_id"))
    still = _photo(file.get("cover")) or _photo(file.get("photo"))
    return still.ref if still is not None else thumbnail


def _mime(name: str, file: Json) -> str:
    if name != "sticker":
        return _MIMES.get(name, "")
    if file.get("is_video") is True:
        return "video/webm"
    return "application/x-tgsticker" if file.get("is_animated") is True else "image/webp"


def _about_file(name: str, file: Json) -> str:
    if name == "sticker":
        pack = words(file.get("set_name"))
        return " ".join(filter(None, (words(file.get("emoji")), pack and f"from the set {pack}")))
    return ""


def _song(file: Json) -> str:
    """What only music has."""
    parts = (words(file.get("performer")), words(file.get("title")))
    return " – ".join(filter(None, parts))[:_SHORT]


def _paid(media: Json) -> Iterator[Attachment]:
    """What of it we may see."""
    for one in listed(media.get("paid_media"))[:_FEW]:
        photo = _photo(one.get("photo"))
        found = photo or _file("video", part(one, "video"))
        if found is not None:
            yield found


# --- things ------------------------------------------------------------------------------------


def _venue(venue: Json) -> str:
    named = ", ".join(filter(None, (words(venue.get("title")), words(venue.get("address")))))
    return ", ".join(filter(None, (named, _location(part(venue, "location")))))


def _location(place: Json) -> str:
    told = f"{measure(place.get('latitude')):.5f}, {measure(place.get('longitude')):.5f}"
    if not count(place.get("live_period")):
        return told
    return f"{told}, where they are now; they go on showing it"


def _contact(contact: Json) -> str:
    return ", ".join(filter(None, (full_name(contact), words(contact.get("phone_number")))))


def _poll(poll: Json) -> str:
    kind = "a quiz, " if poll.get("type") == "quiz" else ""
    options = (words(one.get("text")) for one in listed(poll.get("options"))[:_FEW])
    told = f"{kind}{words(poll.get('question'))} {' / '.join(filter(None, options))}"
    return f"{told} (closed)" if poll.get("is_closed") is True else told


def _dice(dice: Json) -> str:
    return f"{words(dice.get('emoji'))} {count(dice.get('value'))}"


def _game(game: Json) -> str:
    parts = (words(game.get("title")), words(game.get("description"))[:_SHORT])
    return ": ".join(filter(None, parts))


def _story(story: Json) -> str:
    return f"of {chat_name(part(story, 'chat'))}"


def _paid_media(media: Json) -> str:
    return f"{len(listed(media.get('paid_media')))} for {count(media.get('star_count'))} stars"


def _checklist(checklist: Json) -> str:
    tasks = (
        ("✓ " if "completion_date" in one else "") + words(one.get("text"))
        for one in listed(checklist.get("tasks"))[:_FEW]
    )
    return f"{words(checklist.get('title'))}: {'; '.join(tasks)}"


def _invoice(invoice: Json) -> str:
    parts = (words(invoice.get("title")), words(invoice.get("description"))[:_SHORT])
    return ": ".join(filter(None, parts))


def _giveaway(giveaway: Json) -> str:
    prize = words(giveaway.get("prize_description"))
    winners = count(giveaway.get("winner_count"))
    return ", ".join(filter(None, (prize, f"{winners} winners")))


def _gift(gift: Json) -> str:
    stars = count(part(gift, "gift").get("star_count"))
    emoji = words(part(part(gift, "gift"), "sticker").get("emoji"))
    told = " ".join(filter(None, (emoji, f"worth {stars} stars")))
    said = words(gift.get("text"))
    return f"{told}, with the words: {said}" if said else told


def _unique_gift(gift: Json) -> str:
    one = part(gift, "gift")
    return f"{words(one.get('base_name'))} #{count(one.get('number'))}"


def _payment(payment: Json) -> str:
    """In the currency's smallest units; only Telegram's own currency is told as it is."""
    amount, currency = count(payment.get("total_amount")), words(payment.get("currency"))
    return f"{amount} stars" if currency == "XTR" else currency


def _users(shared: Json) -> str:
    people = listed(shared.get("users"))[:_FEW]
    return ", ".join(full_name(one) or f"user {number(one.get('user_id'))}" for one in people)


def _chat_shared(shared: Json) -> str:
    return words(shared.get("title")) or f"chat {number(shared.get('chat_id'))}"


def _app(data: Json) -> str:
    return f"{words(data.get('button_text'))}: {words(data.get('data'))}"


_TOLD: dict[str, tuple[str, Callable[[Json], str]]] = {
    "venue": ("location", _venue),
    "location": ("location", _location),
    "contact": ("contact", _contact),
    "poll": ("poll", _poll),
    "dice": ("dice", _dice),
    "game": ("game", _game),
    "story": ("story", _story),
    "paid_media": ("paid media", _paid_media),
    "checklist": ("checklist", _checklist),
    "invoice": ("invoice", _invoice),
    "giveaway": ("giveaway", _giveaway),
    "giveaway_winners": ("winners of a giveaway", _giveaway),
    "gift": ("gift", _gift),
    "unique_gift": ("gift", _unique_gift),
    "successful_payment": ("payment", _payment),
    "users_shared": ("people", _users),
    "chat_shared": ("chat", _chat_shared),
    "web_app_data": ("from an app", _app),
}
