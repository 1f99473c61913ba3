"""Names as the sounds that pocketsphinx knows, by the way in which espeak-ng says them."""

from __future__ import annotations

import re

from core.speech.espeak import EspeakFailed, sounds_of

_SOUNDS: dict[str, str] = {
    "aɪə": "AY AH", "aɪɚ": "AY ER",
    "aʊ": "AW", "aɪ": "AY", "eɪ": "EY", "oʊ": "OW", "ɔɪ": "OY", "tʃ": "CH", "dʒ": "JH",
    "iə": "IY AH", "n̩": "AH N", "l̩": "AH L", "ɑː": "AA", "ɔː": "AO", "oː": "AO", "ɜː": "ER",
    "iː": "IY", "uː": "UW",
    "ɑ": "AA", "a": "AA", "æ": "AE", "ʌ": "AH", "ə": "AH", "ɐ": "AH", "ɔ": "AO", "ɛ": "EH",
    "e": "EH", "ɜ": "ER", "ɚ": "ER", "ɪ": "IH", "ᵻ": "IH", "i": "IY", "o": "OW", "ʊ": "UH",
    "u": "UW", "b": "B", "d": "D", "ð": "DH", "f": "F", "ɡ": "G", "h": "HH", "j": "Y", "k": "K",
    "x": "K", "l": "L", "m": "M", "n": "N", "ŋ": "NG", "p": "P", "ɹ": "R", "r": "R", "s": "S",
    "ʃ": "SH", "t": "T", "ɾ": "T", "ʔ": "T", "θ": "TH", "v": "V", "w": "W", "z": "Z", "ʒ": "ZH",
}  # fmt: skip
_SOUND = re.compile("|".join(sorted(map(re.escape, _SOUNDS), key=len, reverse=True)))


def phones(word: str) -> str:
    """As "EY D AH"; empty where nobody can say it."""
    try:
        said = sounds_of(word)
    except EspeakFailed:
        return ""
    return " ".join(_SOUNDS[sound] for sound in _SOUND.findall(said))
