"""Cards as other programs write them, byte for byte where it matters: each maker names its program.

Layouts were learned from those programs' public sources and bug trackers; nothing is copied.
"""

from __future__ import annotations

import base64
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

SIGNATURE = b"\x89PNG\r\n\x1a\n"


# --- pictures --------------------------------------------------------------------------------------


def chunk(kind: bytes, content: bytes, *, crc: int | None = None) -> bytes:
    body = kind + content
    told = zlib.crc32(body) if crc is None else crc
    return struct.pack(">I", len(content)) + body + struct.pack(">I", told)


def text(word: str, value: bytes, *, crc: int | None = None) -> bytes:
    return chunk(b"tEXt", word.encode("latin-1") + b"\0" + value, crc=crc)


def ztext(word: str, value: bytes) -> bytes:
    return chunk(b"zTXt", word.encode("latin-1") + b"\0\0" + zlib.compress(value))


def itext(word: str, value: bytes, *, packed: bool = False, language: bytes = b"en") -> bytes:
    head = word.encode("latin-1") + b"\0" + bytes([packed, 0]) + language + b"\0chara\0"
    return chunk(b"iTXt", head + (zlib.compress(value) if packed else value))


def picture(
    *, before: Sequence[bytes] = (), after: Sequence[bytes] = (), tail: bytes = b""
) -> bytes:
    """Two by two dots, with chunks before the image and behind it."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0))
    image = chunk(b"IDAT", zlib.compress(b"\0\xff\0\0\0\xff\0" + b"\0\0\0\xff\xff\xff\xff"))
    rest = (*after, chunk(b"IEND", b""))
    return SIGNATURE + head + b"".join(before) + image + b"".join(rest) + tail


def animated(*, before: Sequence[bytes] = (), after: Sequence[bytes] = ()) -> bytes:
    """An APNG of two frames."""
    frame = struct.pack(">IIIIHHBB", 2, 2, 0, 0, 1, 10, 0, 0)
    image = zlib.compress(b"\0\xff\0\0\0\xff\0" + b"\0\0\0\xff\xff\xff\xff")
    return SIGNATURE + b"".join(
        (
            chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)),
            *before,
            chunk(b"acTL", struct.pack(">II", 2, 0)),
            chunk(b"fcTL", struct.pack(">I", 0) + frame),
            chunk(b"IDAT", image),
            chunk(b"fcTL", struct.pack(">I", 1) + frame),
            chunk(b"fdAT", struct.pack(">I", 2) + image),
            *after,
            chunk(b"IEND", b""),
        )
    )


def chunks_of(data: bytes) -> list[tuple[bytes, bytes]]:
    """Kind and content of each chunk, by a reading of its own."""
    found, at = [], 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def coded(card: Any, *, ascii_only: bool = False) -> bytes:
    return base64.b64encode(json.dumps(card, ensure_ascii=ascii_only).encode())


# --- cards -----------------------------------------------------------------------------------------

V1: Mapping[str, Any] = {
    "name": "Haruhi",
    "description": "{{char}} leads a club.",
    "personality": "energetic",
    "scenario": "<USER> is in the club room.",
    "first_mes": "You're late, {{user}}!",
    "mes_example": "<START>\n{{user}}: hi\n{{char}}: hello\n<START>\n{{user}}: hi\nHaruhi: again",
}
V2_DATA: Mapping[str, Any] = {
    **V1,
    "creator_notes": "Best with a large model.",
    "system_prompt": "",
    "post_history_instructions": "",
    "alternate_greetings": ["*looks up* Oh."],
    "tags": ["anime", "club"],
    "creator": "somebody",
    "character_version": "1.1",
    "extensions": {},
}
V3_DATA: Mapping[str, Any] = {
    **V2_DATA,
    "nickname": "Haru",
    "group_only_greetings": ["Hello, all of you."],
    "assets": [{"type": "icon", "uri": "ccdefault:", "name": "main", "ext": "png"}],
    "creator_notes_multilingual": {"de": "Am besten mit einem großen Modell."},
    "source": ["https://example.org/haruhi"],
    "creation_date": 1700000000,
    "modification_date": 1700000001,
}


def v2(**changed: Any) -> dict[str, Any]:
    return {"spec": "chara_card_v2", "spec_version": "2.0", "data": {**V2_DATA, **changed}}


def v3(**changed: Any) -> dict[str, Any]:
    return {"spec": "chara_card_v3", "spec_version": "3.0", "data": {**V3_DATA, **changed}}


def entry(**changed: Any) -> dict[str, Any]:
    usual = {"keys": ["club"], "content": "The SOS Brigade.", "extensions": {}}
    return {**usual, "enabled": True, "insertion_order": 10, **changed}


def sillytavern(**changed: Any) -> dict[str, Any]:
    """SillyTavern keeps the V1 fields beside the data, with some of its own (endpoints/characters)."""
    data = {
        **V2_DATA,
        "extensions": {
            "talkativeness": "0.5",
            "fav": False,
            "world": "Club",
            "depth_prompt": {"prompt": "Stay loud.", "depth": 4, "role": "system"},
        },
        "character_book": {"name": "Club", "entries": [sillytavern_entry()]},
        "group_only_greetings": [],
        **changed,
    }
    return {
        **{name: data[name] for name in V1},
        "creatorcomment": data["creator_notes"],
        "avatar": "none",
        "chat": "Haruhi - 2024-3-1 @12h 00m 00s 000ms",
        "talkativeness": "0.5",
        "fav": False,
        "tags": data["tags"],
        "spec": "chara_card_v2",
        "spec_version": "2.0",
        "data": data,
        "create_date": "2024-3-1 @12h 00m 00s 000ms",
    }


def sillytavern_entry() -> dict[str, Any]:
    """What its conversion of world info to a character book writes."""
    return {
        "id": 0,
        "keys": ["club", "/bri(g|c)ade/i"],
        "secondary_keys": [],
        "comment": "The club",
        "content": "@@depth 4\n{{char}} founded the SOS Brigade.",
        "constant": False,
        "selective": True,
        "insertion_order": 100,
        "enabled": True,
        "position": "after_char",
        "use_regex": True,
        "extensions": {
            "position": 4,
            "exclude_recursion": False,
            "display_index": 0,
            "probability": 100,
            "useProbability": True,
            "depth": 4,
            "selectiveLogic": 0,
            "group": "",
            "prevent_recursion": False,
            "scan_depth": None,
            "match_whole_words": None,
            "case_sensitive": None,
            "role": 0,
            "sticky": 0,
        },
    }


def sillytavern_png(card: Mapping[str, Any]) -> bytes:
    """Both chunks just before the end, the V3 one the same data under another name."""
    newer = {**card, "spec": "chara_card_v3", "spec_version": "3.0"}
    return picture(after=(text("chara", coded(card)), text("ccv3", coded(newer))))


def tavernai_png(card: Mapping[str, Any]) -> bytes:
    """TavernAI of 2023: V1 under a word that others spell with a capital."""
    return picture(after=(text("Chara", coded(card)),))


def chub(**changed: Any) -> dict[str, Any]:
    """chub.ai: null for what is not there, numbers for positions, one text for greetings."""
    data = {
        **V2_DATA,
        "character_book": {
            "name": "Club",
            "description": "",
            "scan_depth": 2,
            "token_budget": 500,
            "recursive_scanning": False,
            "extensions": {"chub": {"expressions": None}},
            "entries": [
                entry(id=1, name="Club", priority=10, comment="", selective=False, position=0)
                | {"secondary_keys": [], "case_sensitive": False, "probability": 100}
            ],
        },
        "extensions": {
            "chub": {"full_path": "somebody/haruhi", "id": 12345, "expressions": None},
            "fav": False,
        },
        "alternate_greetings": "1687194031049",
        **changed,
    }
    return {"spec": "chara_card_v2", "spec_version": "2.0", "data": data}


def character_tavern_png(card: Mapping[str, Any]) -> bytes:
    """character-tavern.com compresses its chunks."""
    return picture(before=(ztext("chara", coded(card)), ztext("ccv3", coded(card))))


def risu_png(card: Mapping[str, Any], assets: Mapping[str, bytes]) -> bytes:
    """RisuAI: assets in chunks of their own, before the card; a date and no line of V1."""
    parts = [text(f"chara-ext-asset_:{at}", base64.b64encode(one)) for at, one in assets.items()]
    return picture(before=(*parts, text("ccv3", coded(card))))


def risu(**changed: Any) -> dict[str, Any]:
    """RisuAI's extensions: scripts, triggers, biases; entries without use_regex until late."""
    extensions = {
        "risuai": {
            "bias": [],
            "viewScreen": "none",
            "customScripts": [
                {"comment": "", "in": "a", "out": "b", "type": "editdisplay", "ableFlag": False}
            ],
            "utilityBot": False,
            "sdData": [["always", "solo, 1girl"]],
            "backgroundHTML": "<b>x</b>",
            "triggerscript": [],
            "largePortrait": True,
            "vits": {},
        },
        "depth_prompt": {"depth": 0, "prompt": ""},
    }
    book = {
        "scan_depth": 5,
        "token_budget": 1500,
        "recursive_scanning": True,
        "extensions": {"risu_fullWordMatching": False},
        "entries": [
            entry(
                keys=["club", "brigade"],
                extensions={"risu_case_sensitive": False, "risu_loreCache": None},
                constant=False,
                selective=False,
                name="Club",
                comment="Club",
                case_sensitive=False,
                use_regex=False,
            )
        ],
    }
    return v3(extensions=extensions, character_book=book, **changed)


def charx(
    card: Mapping[str, Any], files: Mapping[str, bytes] | None = None, *, before: bytes = b""
) -> bytes:
    """A CHARX; RisuAI puts its card last, and may put a JPEG before it all."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (files or {}).items():
            archive.writestr(name, content)
        archive.writestr("card.json", json.dumps(card, indent=4))
    return before + made.getvalue()


JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + b"\xff\xd9"


def pygmalion() -> dict[str, Any]:
    """Pygmalion's and text-generation-webui's first format, as its character editor writes it."""
    return {
        "char_name": "Kawaii",
        "char_persona": "Kawaii is a librarian.",
        "char_greeting": "Shh.",
        "world_scenario": "A library.",
        "example_dialogue": "You: Where are the maps?\nKawaii: Upstairs.\nThey are old.",
        "metadata": {"version": 1, "created": 1, "tool": {"name": "editor"}},
    }


def zoltan() -> dict[str, Any]:
    """ZoltanAI's editor exports every name at once, so that anybody finds his own."""
    return {
        **V1,
        "char_name": V1["name"],
        "char_persona": V1["description"],
        "char_greeting": V1["first_mes"],
        "world_scenario": V1["scenario"],
        "example_dialogue": V1["mes_example"],
        "metadata": {"version": 1, "created": 1683000000000, "source": None},
    }


def agnai() -> dict[str, Any]:
    """Agnai's own export: a persona of attributes, camel case, its kind of memory book."""
    return {
        "kind": "character",
        "name": "Robot",
        "description": "For testing.",
        "persona": {
            "kind": "boostyle",
            "attributes": {"species": ["robot"], "mind": ["kind", "caring"]},
        },
        "sampleChat": "{{user}}: News!\r\n{{char}}: *{{char}} beeps* What is it?",
        "scenario": "{{char}} sits in a café.",
        "greeting": "*beep*",
        "alternateGreetings": ["*boop*"],
        "systemPrompt": "Be kind.",
        "postHistoryInstructions": "Beep.",
        "tags": ["robot"],
        "characterBook": {
            "kind": "memory",
            "name": "Robots",
            "entries": [
                {
                    "name": "Oil",
                    "entry": "Robots drink oil.",
                    "keywords": ["oil", "drink"],
                    "priority": 1,
                    "weight": 2,
                    "enabled": True,
                }
            ],
        },
        "voice": {"service": "webspeech"},
    }


def world_info() -> dict[str, Any]:
    """SillyTavern's world info as it lies on its disk: a map of numbers, names of its own."""
    return {
        "entries": {
            "0": {
                "uid": 0,
                "key": ["castle"],
                "keysecondary": ["gate"],
                "comment": "Castle",
                "content": "The castle is old.",
                "constant": False,
                "selective": True,
                "selectiveLogic": 0,
                "order": 50,
                "position": 0,
                "disable": False,
                "probability": 80,
                "useProbability": True,
                "depth": 4,
                "excludeRecursion": True,
            },
            "1": {"uid": 1, "key": ["moat"], "content": "Deep.", "order": 10, "disable": True},
        }
    }
