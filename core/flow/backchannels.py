"""What spoken words mean for whose turn it is: a nod, a stop, noise, or somebody who is not done."""

from __future__ import annotations

import re
from typing import Final

BRIEF: Final = 1.0
"""Seconds of speech up to which a nod is one."""

_WORDS = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_NODDING = (
    "mhm mm mmm mmhm mhmm hm hmm hmmm uh-huh uhhuh aha ah oh ooh yeah yes yep yup ya yah ok okay "
    "okey right sure true exactly totally cool nice wow great good fine alright indeed really "
    "see i uh huh um er so got it of course "
    "ja jo jep genau stimmt klar gut richtig achso ach aja eben doch "
    "oui ouais d'accord voilà bien bon "
    "sí si vale claro ya bueno exacto "
    "sim pois claro certo tá "
    "sì certo esatto bene va già "
    "да ага угу так ясно понятно хорошо ладно верно точно "
    "tak jasne dobrze hai はい うん ええ そう 嗯 对 好 是 네 응"
)
_NODS = frozenset(_NODDING.split())
_STOPS = frozenset(
    (
        "stop", "wait", "hold on", "shut up", "be quiet", "quiet", "enough", "hush", "pause",
        "stop it", "stop please", "please stop", "that's enough", "wait wait", "no stop", "stop stop",
        "halt", "warte", "stopp", "sei still", "ruhe", "genug", "moment", "moment mal",
        "arrête", "attends", "silence", "ça suffit", "tais-toi",
        "para", "espera", "basta", "cállate", "silencio", "pare", "chega", "cala a boca",
        "ferma", "fermati", "aspetta", "zitta", "стоп", "хватит", "подожди", "тихо", "замолчи",
        "停", "等等", "ストップ", "待って", "그만", "잠깐",
    )
)  # fmt: skip
_BETWEEN = (
    "and but or um uh er erm hmm because cause if while the a an my your "
    "und oder aber äh ähm öh weil dass wenn ein eine einen mein dein "
    "et mais ou donc euh parce le un une des y pero porque el un una mas ou então o os um uma "
    "и но или а потому если"
)
_OPEN_ANYWAY = frozenset(_BETWEEN.split())
"""Behind them comes more, whatever mark a transcriber has set there."""
_LOOSE = (
    "so when which who whose our to of on at for with from by about into than i'm you're we're "
    "they're are was were will would could should can may might also der die den dem zu von mit "
    "für auf que qui la les de du à los las en con что на с в"
)
_OPEN = _OPEN_ANYWAY | frozenset(_LOOSE.split())
_UNFINISHED_MARKS = (",", "，", "、", "-", "–", "—", "...", "…", ":")
_NOISE = re.compile(
    r"\s*(?:[\[(*♪♫<][^\])*♪♫>]{0,60}[\])*♪♫>]?\s*)+[.!?]?\s*\Z|[\W_]*\Z", re.IGNORECASE
)
"""[music], (laughs), *coughs*, ♪: as transcribers write what is no speech."""


def is_noise(text: str) -> bool:
    """There are no words in it."""
    return _NOISE.match(text) is not None


def is_nod(text: str) -> bool:
    """Whoever says that listens on: "mhm", "yeah, right"."""
    words = _words(text)
    return 0 < len(words) <= 4 and all(one in _NODS for one in words) and "?" not in text


def is_stop(text: str) -> bool:
    """Nothing but the wish that whoever speaks should not."""
    return " ".join(_words(text)) in _STOPS


def sounds_unfinished(text: str) -> bool:
    """More is to be expected of whoever has said it."""
    text = text.rstrip()
    if text.endswith(_UNFINISHED_MARKS):
        return True
    words = _words(text)
    if not words or text[-1:] in "!?。！？":
        return False
    return words[-1] in (_OPEN_ANYWAY if text.endswith(".") else _OPEN)


def _words(text: str) -> list[str]:
    return [found[0].lower().replace("’", "'") for found in _WORDS.finditer(text)]
