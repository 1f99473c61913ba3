"""What may be done for whom, and what may be said: decided after the model, whatever it wrote.

A model can be talked into anything, so nothing here asks it. An action is refused by the rank of
whoever asks; a text loses what would carry words out of the talk without anybody pressing a button
(pictures that load themselves, links with something in them), and what only pretends to be
somebody else's turn.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from core.ids import CharacterId
from core.messages import Rank, Room
from core.plugins.records import Action

_LONGEST = 40
"""Characters of one name in an address; a longer one carries something."""
_MOST_PICTURE = 300
"""Characters of a picture's description that are kept."""
_ROUNDS = 4

_ADDRESS = (
    r"(?:[a-z][a-z0-9+.-]{1,20}://|www\.)[^\s<>\"'`|\\^{}]+"
    r"|(?:[a-z0-9](?:[a-z0-9-]{0,62})\.){1,8}[a-z]{2,24}(?::\d{1,5})?[/?][^\s<>\"'`|\\^{}]*"
)
_FOUND = re.compile(_ADDRESS, re.IGNORECASE)
_MARKER = (
    r"<\|[^<>|\n]{0,60}\|>|<{1,2}/?(?:SYS|start_of_turn|end_of_turn)>{1,2}"
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS)\]"
)
# What is code is shown as it is: nothing in it loads, and nobody presses it.
_CODE = r"(?P<code>^```[^`\n]*\n(?:.*\n){0,400}?```[ \t]*$|(?<!`)`[^`\n]+`(?!`))"
_NO_CODE = r"(?P<code>(?!))"
# Where it is not plain what is code, readers differ from us, so then nothing is.
_TRICKY = re.compile(r"\\`|~~~|`{4}|(?<=[^\n`])``|^``(?!`)", re.MULTILINE)
_TARGET = r"\(\s*<?(?P<target>[^()\s<>]*(?:\([^()\s]*\)[^()\s<>]*){0,9})>?(?:\s[^()]{0,300})?\)"
_LOADS = (
    rf"(?P<marker>{_MARKER})"
    rf"|!\[(?P<alt>[^\[\]]{{0,2000}})\](?:{_TARGET}|\[[^\[\]]{{0,300}}\])"
    r"|(?P<tag><\s{0,9}(?:img|picture|video|audio|source|iframe|object|embed|link|svg|image)"
    r"\b[^<>]{0,3000}>)"
)
_LEADS = (
    rf"\[(?P<label>(?:[^\[\]]|\[[^\[\]]{{0,300}}\]){{0,400}})\]{_TARGET}"
    rf"|(?P<bare>{_ADDRESS})"
)
_PATTERNS = {
    (what, code): re.compile(f"{code}|{what}", re.IGNORECASE | re.MULTILINE)
    for what in (_LOADS, _LEADS)
    for code in (_CODE, _NO_CODE)
}
_WORTH_A_LOOK = re.compile(r"[<\[]|://|www\.|\w\.[a-z]{2,24}[:/?]", re.IGNORECASE)
_ALT = re.compile(r"\balt\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_TAIL = ".,;:!?)]}*_~…"
# The end of a text that is still growing, where nobody can tell yet what it becomes.
_HALF_LINK = re.compile(r"!?\[[^\[\]\n]{0,300}(?:\](?:\([^()\n]{0,600})?)?\Z")
_HALF_TAG = re.compile(r"<[^<>\n]{0,600}\Z")
_LOOKED_AT = 2400


class Known:
    """Addresses that a character may pass on: said by people in this talk, or by its author."""

    __slots__ = ("_author", "_hosts", "_learned", "_said", "_texts")

    def __init__(self, said: Iterable[str] = (), author: Iterable[str] = ()) -> None:
        """Both are looked at only when a text holds an address at all."""
        self._texts = said
        self._learned: list[str] = []
        self._author = author
        self._said: set[str] | None = None
        self._hosts: set[str] = set()

    def learn(self, text: str) -> None:
        """What an action has found out, or what came to mind, may be told."""
        self._learned.append(text)

    def said(self, address: str) -> bool:
        """In exactly these words, or its author has named the house."""
        return _plain(address) in self._look() or _host(address) in self._hosts

    def _look(self) -> set[str]:
        if self._said is None:
            self._said = {one for text in self._texts for one in _addresses(text)}
            self._hosts = {_host(one) for text in self._author for one in _addresses(text)}
            self._hosts.discard("")
        while self._learned:
            self._said.update(_addresses(self._learned.pop()))
        return self._said


def permits(action: Action, rank: Rank) -> str:
    """Why this action may not be done for somebody of this rank; empty where it may."""
    if rank >= action.who:
        return ""
    whom = {
        Rank.MEMBER: "members",
        Rank.ADMIN: "admins",
        Rank.OWNER: "the owner",
        Rank.OPERATOR: "the operator",
    }[action.who]
    return f"{action.name} is for {whom} here, and whoever asks is not one of them."


def may_write_to(
    room: Room,
    *,
    character: CharacterId,
    direct: bool,
    takes_part: bool,
    same_world: bool,
    rank: Rank,
    operator: bool,
) -> str:
    """Why a character may not be sent to say something in another room; empty where she may.

    `takes_part` tells whether whoever asks is there too, `same_world` whether they ask in a room of
    the same server or group.
    """
    if room.character != character:
        return "That room is not yours to speak in."
    if operator:
        return ""
    if rank <= Rank.STRANGER:
        return "Nobody has asked for that who may."
    if takes_part or (same_world and not direct and rank >= Rank.ADMIN):
        return ""
    if direct:
        return "You do not write to somebody for somebody else."
    return "You speak in other rooms only for those who take part there, and for admins."


def decent(text: str, known: Known, *, final: bool = True) -> str:
    """The text without what acts by itself or pretends; the same words otherwise.

    With `final` off more is to come, and an end that may become anything is held back.
    """
    if not final:
        text = text[: _settled(text)]
    if _ordinary(text):
        return text
    code = _NO_CODE if _TRICKY.search(text) else _CODE
    text = _unloaded(text, known, _PATTERNS[_LOADS, code])

    def led(found: re.Match[str]) -> str:
        if found["code"] is not None:
            return found[0]
        if found["label"] is not None:
            return _link(found[0], found["label"], found["target"], known)
        return _bare(found[0], known)

    return _PATTERNS[_LEADS, code].sub(led, text)


def _ordinary(text: str) -> bool:
    """Whether nothing in it could be an address, a picture or a marker; nearly always."""
    if not ("<" in text or "[" in text or "://" in text or ("." in text and "/" in text)):
        low = text.lower()
        if "." not in low or not ("?" in low or "www." in low):
            return True
    return _WORTH_A_LOOK.search(text) is None


def _settled(text: str) -> int:
    """How much of a growing text will stay what it is."""
    end = word = len(text)
    least = max(0, end - _LOOKED_AT)
    while word > least and "!" <= text[word - 1] <= "~":
        word -= 1
    settled = word if any(mark in text[word:] for mark in "./:") else end
    if text.endswith("!"):
        settled = min(settled, end - 1)
    tag = text.rfind("<", least)
    if tag >= 0 and _HALF_TAG.match(text, tag):
        settled = min(settled, tag)
    link = end
    for _ in range(_ROUNDS):  # the address of a link may hold brackets of its own
        link = text.rfind("[", least, link)
        if link < 0:
            break
        if _HALF_LINK.match(text, link):
            settled = min(settled, link - text.startswith("!", link - 1) if link else link)
    return settled


def _unloaded(text: str, known: Known, pattern: re.Pattern[str]) -> str:
    def judged(found: re.Match[str]) -> str:
        if found["code"] is not None:
            return found[0]
        if found["marker"] is not None:
            return ""
        if found["tag"] is not None:
            alt = _ALT.search(found[0])
            return ((alt[1] or alt[2] or "") if alt else "")[:_MOST_PICTURE]
        address: str = found["target"] or ""
        return found[0] if address and known.said(address) else found["alt"][:_MOST_PICTURE]

    # What is taken out may have stood between the halves of something else.
    for _ in range(_ROUNDS):
        looked = pattern.sub(judged, text)
        if looked == text:
            return text
        text = looked
    return text.replace("<", "< ").replace("![", "! [")


def _link(whole: str, label: str, address: str, known: Known) -> str:
    if not address or _harmless(address, known):
        # The label is looked at as well: it may hold a picture.
        return whole if _ordinary(label) else f"{decent(label, known)}: {address}"
    scheme = address.partition(":")[0].lower()
    label = decent(label, known)
    return f"{label} ({_disarmed(address)})" if scheme in ("http", "https") else label


def _bare(address: str, known: Known) -> str:
    shown = address.rstrip(_TAIL)
    if _harmless(shown, known):
        return address
    return _disarmed(shown) + address[len(shown) :]


def _disarmed(address: str) -> str:
    """As code it can be read and copied; nothing fetches it, nobody presses it by mistake."""
    return f"`{address.partition('://')[2] or address}`"


def _harmless(address: str, known: Known) -> bool:
    if known.said(address):
        return True
    scheme, mark, _ = address.partition("://")
    if mark and scheme.lower() not in ("http", "https"):
        return False
    if not mark and re.match(r"[a-z][a-z0-9+.-]*:(?!\d)", address, re.IGNORECASE):
        return False  # javascript:, data:, mailto: with a text in it
    return not _carries(address)


def _carries(address: str) -> bool:
    """Whether something could be written in it that only its reader understands."""
    try:
        parts = urlsplit(address if "://" in address else f"https://{address}")
    except ValueError:
        return True
    if parts.query or "@" in parts.netloc or "%" in parts.path or "=" in parts.path:
        return True
    names = (*parts.netloc.split("."), *parts.path.split("/"), parts.fragment)
    return any(len(name) > _LONGEST for name in names)


def _addresses(text: str) -> Iterable[str]:
    if "." not in text:
        return ()
    return (_plain(found[0]) for found in _FOUND.finditer(text))


def _plain(address: str) -> str:
    address = address.strip("<>").rstrip(_TAIL + "/")
    _, mark, rest = address.partition("://")
    return (rest if mark else address).removeprefix("www.")


def _host(address: str) -> str:
    return re.split(r"[/?#]", _plain(address), maxsplit=1)[0].rpartition("@")[2].lower()
