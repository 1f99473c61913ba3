"""What services do beside talk, over OpenAI's protocol: vectors, pictures, listening, judging."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import sys
from array import array
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

import aiohttp
import orjson

from core.errors import ModelRejected, ModelUnavailable
from core.models.openai import count
from core.models.params import given
from core.models.refusals import refusal
from core.models.wire import Extra, Wire
from core.ports import ModelType, Spent, Usage

Service = Callable[[Wire, str, Any, float, Spent | None], Awaitable[Any]]
"""Takes the wire, the model's name, elizaOS' parameters, and the loop's time to be done by."""

_MOST = 32 * 1024 * 1024
"""Bytes of an answer: some large pictures."""
_MOST_SENT = 25 * 1024 * 1024
_PATIENCE_TO_HEAR = 20.0
"""Seconds beyond as long as it lasts."""
_DAY = 86_400.0
_MOST_TEXTS = 2048
_MOST_BYTES = 750_000
"""Of texts in one request: OpenAI takes 300,000 tokens."""
_LARGE = 512 * 1024
"""Bytes of vectors that take some milliseconds to read."""
_LOOK = (
    "Describe this picture for somebody who cannot see it. "
    "First line: a short title. Then, on new lines, the description."
)
_KINDS = ((b"\x89PNG", "image/png"), (b"\xff\xd8", "image/jpeg"), (b"GIF8", "image/gif"))
_ENDINGS = {
    "audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3", "audio/mp3": "mp3",
    "audio/mp4": "m4a", "audio/x-m4a": "m4a", "audio/webm": "webm", "audio/flac": "flac",
    "audio/ogg": "ogg", "audio/opus": "ogg",
}  # fmt: skip
_WIDTHS = {
    "text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536,
    "gemini-embedding-001": 3072, "text-embedding-004": 768, "nomic-embed-text": 768,
    "mxbai-embed-large": 1024, "all-minilm": 384, "BAAI/bge-base-en-v1.5": 768,
    "BAAI/bge-large-en-v1.5": 1024,
}  # fmt: skip
_USUAL_WIDTH = 1536


def asked_of(params: Any) -> Any:
    """What vectors are wanted of: a text, several, or None."""
    return given(params, "text", "input") if isinstance(params, Mapping) else params


async def embed(wire: Wire, model: str, params: Any, deadline: float, spent: Spent | None) -> Any:
    """One vector for a text, a list of vectors for a list; zeros of the right width for None.

    A vector is a list of floats; with `packed` it may be an array of them, an eighth as large.
    """
    options = params if isinstance(params, Mapping) else {}
    asked = asked_of(params)
    if asked is None:
        return [0.0] * int(given(options, "dimensions") or width(model))
    texts = [asked] if isinstance(asked, str) else list(asked)
    if not all(isinstance(text, str) for text in texts):
        raise ModelRejected("vectors are made of a text, or of several texts")
    extra = {name: options[name] for name in ("dimensions",) if options.get(name)}
    extra["encoding_format"] = "base64"
    vectors: list[Sequence[float]] = []
    whole = Spent()
    for some in _portions(texts):
        own = Spent()
        body = {"model": model, "input": some}
        vectors += await _vectors(wire, model, body, extra, deadline, own)
        whole.add(own.usage)
        if spent is not None:
            spent.usage = whole.usage
    made = vectors if options.get("packed") else [list(one) for one in vectors]
    return made[0] if isinstance(asked, str) else made


def _vector(given: Any) -> Sequence[float]:
    """As it came: in base64, four bytes each, or as numbers from whoever does not know that."""
    if not isinstance(given, str):
        return [float(one) for one in given]
    vector = array("f", base64.b64decode(given, validate=True))
    if sys.byteorder == "big":
        vector.byteswap()
    return vector


def _portions(texts: Sequence[str]) -> Iterator[list[str]]:
    """As much as one request may hold; a token has some three bytes in any writing."""
    some: list[str] = []
    size = 0
    for text in texts:
        own = len(text.encode(errors="replace"))
        if some and (len(some) == _MOST_TEXTS or size + own > _MOST_BYTES):
            yield some
            some, size = [], 0
        some.append(text)
        size += own
    if some:
        yield some


async def _vectors(
    wire: Wire,
    model: str,
    body: Mapping[str, Any],
    extra: Mapping[str, Any],
    deadline: float,
    spent: Spent,
) -> list[Sequence[float]]:
    response = await wire.ask(model, "embeddings", body, _unless_refused(extra), deadline)
    written = await wire.body(model, response, deadline, _MOST)

    def read() -> tuple[dict[str, Any], list[Sequence[float]]]:
        answer = _object(wire, model, response, written)
        rows = answer.get("data")
        rows = rows if isinstance(rows, list) else []
        try:
            rows = sorted(rows, key=lambda row: row["index"])
            return answer, [_vector(row["embedding"]) for row in rows]
        except (KeyError, TypeError, ValueError):
            raise ModelUnavailable(f"{wire.who(model)} sent no vectors") from None

    answer, vectors = await asyncio.to_thread(read) if len(written) > _LARGE else read()
    texts = body["input"]
    if len(vectors) != len(texts):
        raise ModelUnavailable(f"{wire.who(model)} gave {len(vectors)} vectors for {len(texts)}")
    _spend(wire, model, answer, spent, guessed=sum(map(len, texts)) // 4)
    return vectors


def width(model: str) -> int:
    """How many numbers a vector of this model has, as far as we know it."""
    return _WIDTHS.get(model.removesuffix(":latest"), _USUAL_WIDTH)


async def draw(wire: Wire, model: str, params: Any, deadline: float, spent: Spent | None) -> Any:
    """Pictures: [{"url": ...}] or [{"data": bytes, "mimeType": ...}]."""
    options = {"prompt": params} if isinstance(params, str) else params
    prompt = given(options, "prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise ModelRejected("a picture was asked for without a prompt")
    owner = wire.account.owner
    extra: dict[str, Any] = dict(owner.for_pictures) if owner else {}
    size = given(options, "size")
    if size is None and options.get("width") and options.get("height"):
        size = f"{int(options['width'])}x{int(options['height'])}"
    wanted = {
        "size": size,
        "n": given(options, "n", "count"),
        "quality": given(options, "quality"),
        "style": given(options, "style"),
        "negative_prompt": given(options, "negativePrompt", "negative_prompt"),
        "seed": given(options, "seed"),
        "steps": given(options, "steps"),
    }
    extra |= {name: value for name, value in wanted.items() if value is not None}
    body = {"model": model, "prompt": prompt}
    answer = await _ask(wire, model, "images/generations", body, extra, deadline)
    rows = answer.get("data")
    pictures = [_picture(row) for row in rows if isinstance(row, dict)] if rows else []
    found = [picture for picture in pictures if picture]
    if not found:
        raise ModelUnavailable(f"{wire.who(model)} made no picture")
    _spend(wire, model, answer, spent, units=float(len(found)))
    return found


async def look(wire: Wire, model: str, params: Any, deadline: float, spent: Spent | None) -> Any:
    """What is to be seen: {"title", "description"}."""
    options = {"imageUrl": params} if isinstance(params, str | bytes) else params
    url = _address_of(given(options, "imageUrl", "image_url", "image", "url"))
    prompt = str(given(options, "prompt") or _LOOK)
    content = [{"type": "text", "text": prompt}, {"type": "image_url", "image_url": {"url": url}}]
    body = {"model": model, "messages": [{"role": "user", "content": content}]}
    answer = await _ask(wire, model, "chat/completions", body, {}, deadline)
    try:
        text = answer["choices"][0]["message"]["content"].strip()
    except (KeyError, IndexError, TypeError, AttributeError):
        raise ModelUnavailable(f"{wire.who(model)} said nothing about the picture") from None
    _spend(wire, model, answer, spent, guessed=len(text) // 4)
    first, _, rest = text.partition("\n")
    title = re.sub(r"^[#*\s]*(?:title\s*:)?[\s*]*", "", first, flags=re.IGNORECASE).strip(" *")
    rest = re.sub(r"^\W*description\s*:\W*", "", rest, flags=re.IGNORECASE).strip()
    return {"title": title[:200] or "Picture", "description": rest or title or text}


async def hear(wire: Wire, model: str, params: Any, deadline: float, spent: Spent | None) -> str:
    """What was said; `format` srt gives subtitles, json the service's whole answer."""
    options = params if isinstance(params, Mapping) else {"audio": params}
    sound, mime = audio_in(params)
    if not sound or len(sound) > _MOST_SENT:
        raise ModelRejected(f"audio must have between 1 and {_MOST_SENT} bytes")
    lasts = seconds_in(params)
    if lasts:
        # Nobody waits two minutes for a sentence.
        deadline = min(deadline, asyncio.get_running_loop().time() + lasts + _PATIENCE_TO_HEAR)
    form = aiohttp.FormData()
    ending = _ENDINGS.get(mime, "ogg")
    form.add_field("file", BytesIO(sound), filename=f"voice.{ending}", content_type=mime)
    form.add_field("model", model)
    style = str(given(options, "format") or "text").lower()
    form.add_field("response_format", "srt" if style == "srt" else "json")
    for name in ("language", "prompt"):
        if value := given(options, name):
            form.add_field(name, str(value))
    response = await wire.send(model, "audio/transcriptions", form, deadline)
    body = await wire.body(model, response, deadline, _MOST)
    if style == "srt":
        _spend(wire, model, {}, spent, units=lasts)
        return body.decode(errors="replace")
    answer = _object(wire, model, response, body)
    text = answer.get("text")
    if not isinstance(text, str):
        raise ModelUnavailable(f"{wire.who(model)} wrote nothing down")
    used = answer.get("usage")
    used = used if isinstance(used, dict) else {}
    seconds = given(used, "seconds") or given(answer, "duration")
    heard = float(seconds) if isinstance(seconds, int | float) else lasts
    _spend(wire, model, answer, spent, units=heard)
    return orjson.dumps(answer).decode() if style == "json" else text.strip()


def audio_in(params: Any) -> tuple[bytes, str]:
    """What is to be written down, and its kind; raises ModelRejected."""
    options = params if isinstance(params, Mapping) else {"audio": params}
    audio = given(options, "audio", "audioBuffer", "audio_buffer", "data")
    mime = str(given(options, "mimeType", "mime_type") or _sound(audio))
    if isinstance(audio, str):
        audio, mime = _from_data_url(audio, mime)
    if not isinstance(audio, bytes | bytearray | memoryview):
        raise ModelRejected("what is to be written down must be bytes of audio, not an address")
    return bytes(audio), mime


def seconds_in(params: Any) -> float:
    """How long it lasts, where the caller knows that."""
    lasts = given(params, "duration") if isinstance(params, Mapping) else None
    if not isinstance(lasts, int | float) or not 0 < lasts < _DAY:
        return 0.0
    return float(lasts)


async def judge(wire: Wire, model: str, params: Any, deadline: float, spent: Spent | None) -> Any:
    """Whether a text is to be kept back: {"flagged", "categories": {name: bool}}."""
    text = given(params, "input", "text") if isinstance(params, Mapping) else params
    if not text:
        raise ModelRejected("there is nothing to judge")
    body = {"model": model, "input": text}
    answer = await _ask(wire, model, "moderations", body, {}, deadline)
    rows = answer.get("results")
    rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    if not rows:
        raise ModelUnavailable(f"{wire.who(model)} gave no judgement")
    categories: dict[str, bool] = {}
    for row in rows:
        for name, found in (row.get("categories") or {}).items():
            categories[name] = categories.get(name, False) or bool(found)
    _spend(wire, model, answer, spent)
    return {"flagged": any(bool(row.get("flagged")) for row in rows), "categories": categories}


SERVICES: dict[ModelType, Service] = {
    ModelType.TEXT_EMBEDDING: embed,
    ModelType.IMAGE: draw,
    ModelType.IMAGE_DESCRIPTION: look,
    ModelType.TRANSCRIPTION: hear,
    ModelType.MODERATION: judge,
}

# --- asking ----------------------------------------------------------------------------------


async def _ask(
    wire: Wire,
    model: str,
    path: str,
    body: Mapping[str, Any],
    extra: Mapping[str, Any],
    deadline: float,
) -> dict[str, Any]:
    response = await wire.ask(model, path, body, _unless_refused(extra), deadline)
    return _object(wire, model, response, await wire.body(model, response, deadline, _MOST))


def _unless_refused(extra: Mapping[str, Any]) -> Extra:
    return lambda refused: {name: value for name, value in extra.items() if name not in refused}


def _object(
    wire: Wire, model: str, response: aiohttp.ClientResponse, body: bytes
) -> dict[str, Any]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ModelUnavailable(f"{wire.who(model)} sent no JSON") from None
    if not isinstance(answer, dict):
        raise ModelUnavailable(f"{wire.who(model)} sent no object")
    if isinstance(error := answer.get("error"), dict):
        raise refusal(wire.who(model), 500, response.headers, error)
    return answer


def _spend(
    wire: Wire,
    model: str,
    answer: Mapping[str, Any],
    spent: Spent | None,
    *,
    units: float = 0.0,
    guessed: int = 0,
) -> None:
    if spent is None:
        return
    used = answer.get("usage")
    used = used if isinstance(used, dict) else {}
    prompt = count(given(used, "prompt_tokens", "input_tokens"))
    completion = count(given(used, "completion_tokens", "output_tokens"))
    spent.usage = Usage(
        model,
        prompt if prompt or completion else guessed,
        completion,
        provider=wire.account.vendor,
        units=units,
        estimated=not used,
    )


# --- bytes and addresses ---------------------------------------------------------------------


def _picture(row: Mapping[str, Any]) -> dict[str, Any] | None:
    if isinstance(url := row.get("url"), str) and url.startswith(("https://", "http://")):
        return {"url": url}
    written = row.get("b64_json") or row.get("url")
    if not isinstance(written, str):
        return None
    data = _decoded(written.partition("base64,")[2] or written)
    return {"data": data, "mimeType": _kind(data)} if data else None


def _address_of(picture: Any) -> str:
    """What a service can look at: an address as it is, bytes as a data: URL."""
    if isinstance(picture, str) and picture.startswith(("https://", "http://", "data:image/")):
        return picture
    if not isinstance(picture, bytes | bytearray | memoryview) or not len(picture):
        raise ModelRejected("a picture is wanted: its bytes, or an address that begins with http")
    data = bytes(picture)
    if len(data) > _MOST_SENT:
        raise ModelRejected(f"a picture may have {_MOST_SENT} bytes")
    return f"data:{_kind(data)};base64,{base64.b64encode(data).decode()}"


def _kind(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for mark, kind in _KINDS if data.startswith(mark)), "image/png")


def _sound(audio: Any) -> str:
    begins = bytes(audio[:12]) if isinstance(audio, bytes | bytearray | memoryview) else b""
    if begins[:4] == b"RIFF":
        return "audio/wav"
    if begins[:3] == b"ID3" or begins[:2] in (b"\xff\xfb", b"\xff\xf3"):
        return "audio/mpeg"
    return "audio/flac" if begins[:4] == b"fLaC" else "audio/ogg"


def _from_data_url(text: str, mime: str) -> tuple[bytes | None, str]:
    head, mark, rest = text.partition(";base64,")
    if not mark or not head.startswith("data:audio/"):
        return None, mime
    return _decoded(rest), head.removeprefix("data:").partition(";")[0]


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
