"""Vectors made on this machine: a folder with a BERT, loaded when its first vector is wanted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from core.errors import ModelRejected
from core.ports import Spent, Usage

if TYPE_CHECKING:  # numpy costs an idle house 20 MB, and is loaded with the first model
    from core.models.bert import Bert, Shape

T = TypeVar("T")

_FILES = ("config.json", "tokenizer.json", "model.safetensors")
_LONGEST = 512
_TOKENS_AT_ONCE = 512
"""Of one batch with its padding: what a question waits for behind it."""


class _Tokenizer(Protocol):
    def encode_batch(self, texts: list[str]) -> Sequence[Any]: ...


def name_of(folder: str) -> str:
    """As "local:models/all-MiniLM-L6-v2": by the end of its path, without a look at the disk."""
    return "local:" + "/".join(Path(folder).parts[-2:]).strip("/")


class Folders:
    """The models of all folders. One batch at a time, so that the machine stays with the rooms;
    between the batches of a long list others have their turn."""

    def __init__(self) -> None:
        self._loaded: dict[str, _Model] = {}
        self._thread: ThreadPoolExecutor | None = None

    async def embed(self, folder: str, asked: Any, spent: Spent | None) -> Any:
        """One vector for a text, a list of them for a list, zeros for None; raises ModelRejected."""
        if asked is None:
            model = await self._in_thread(lambda: self._model(folder))
            return [0.0] * model.bert.shape.width
        texts = [asked] if isinstance(asked, str) else list(asked)
        if not all(isinstance(text, str) for text in texts):
            raise ModelRejected("vectors are made of texts")
        vectors, tokens = await self._vectors(folder, texts)
        if spent is not None:
            spent.usage = Usage(name_of(folder).removeprefix("local:"), tokens, provider="local")
        return vectors[0] if isinstance(asked, str) else vectors

    def close(self) -> None:
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
            self._thread = None

    async def _vectors(self, folder: str, texts: list[str]) -> tuple[list[list[float]], int]:
        if not texts:
            return [], 0
        batches = await self._in_thread(lambda: self._model(folder).batches(texts))
        found: list[list[float]] = [[]] * len(texts)
        for places, tokens in batches:
            rows = await self._in_thread(partial(self._model(folder).vectors, tokens))
            for place, row in zip(places, rows, strict=True):
                found[place] = row
        return found, sum(len(one) for _, tokens in batches for one in tokens)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "vectors")
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _model(self, folder: str) -> _Model:
        """Within the thread: no other loads it at the same time."""
        found = self._loaded.get(folder)
        if found is None:
            found = self._loaded[folder] = _load(Path(folder).expanduser())
        return found


class _Model:
    def __init__(self, bert: Bert, tokenizer: _Tokenizer) -> None:
        self.bert = bert
        self._tokenizer = tokenizer

    def batches(self, texts: list[str]) -> list[tuple[list[int], list[list[int]]]]:
        """Where texts of about one length stand, and their tokens."""
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(texts)]
        return [(some, [tokens[at] for at in some]) for some in _alike(list(map(len, tokens)))]

    def vectors(self, tokens: list[list[int]]) -> list[list[float]]:
        from core.numbers import np

        longest = max(map(len, tokens))
        ids = np.zeros((len(tokens), longest), np.int64)
        mask = np.zeros((len(tokens), longest), np.float32)
        for at, one in enumerate(tokens):
            ids[at, : len(one)] = one
            mask[at, : len(one)] = 1
        rows: list[list[float]] = self.bert.vectors(ids, mask).tolist()
        return rows


def _alike(lengths: Sequence[int]) -> Iterator[list[int]]:
    """The places of texts, the short ones together: padding is work for nothing."""
    some: list[int] = []
    for at in sorted(range(len(lengths)), key=lengths.__getitem__):
        if some and (len(some) + 1) * lengths[at] > _TOKENS_AT_ONCE:
            yield some
            some = []
        some.append(at)
    if some:
        yield some


def _load(folder: Path) -> _Model:
    try:
        from safetensors import SafetensorError, safe_open
        from tokenizers import Tokenizer
    except ImportError:
        raise ModelRejected(
            "LOCAL_EMBEDDING_MODEL is set, but what it needs is not installed: "
            "make embeddings, or pip install 'troupe[embeddings]'"
        ) from None
    from core.models.bert import Bert

    for name in _FILES:
        if not (folder / name).is_file():
            raise ModelRejected(f"LOCAL_EMBEDDING_MODEL: {folder} has no file {name}")
    shape = _shape(folder)
    try:
        with safe_open(folder / "model.safetensors", framework="numpy") as file:
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
        bert = Bert(weights, shape)
    except KeyError as error:
        raise _wrong(folder, "model.safetensors", f"it has no {error.args[0]}") from None
    except (SafetensorError, ValueError, TypeError, OSError) as error:
        raise _wrong(folder, "model.safetensors", str(error)) from None
    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(shape.longest)
    except Exception as error:  # noqa: BLE001 - it raises nothing more special
        raise _wrong(folder, "tokenizer.json", str(error)) from None
    if tokenizer.get_vocab_size() > bert.words:
        raise _wrong(folder, "tokenizer.json", "it knows more words than the model")
    return _Model(bert, tokenizer)


def _shape(folder: Path) -> Shape:
    from core.models.bert import ACTIVATIONS, Shape

    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        kind = str(config.get("model_type", "bert"))
        positions = str(config.get("position_embedding_type", "absolute"))
        shape = Shape(
            layers=int(config["num_hidden_layers"]),
            heads=int(config["num_attention_heads"]),
            width=int(config["hidden_size"]),
            longest=min(_LONGEST, int(config["max_position_embeddings"])),
            epsilon=float(config.get("layer_norm_eps", 1e-12)),
            activation=str(config.get("hidden_act", "gelu")),
            first=_first(folder),
        )
    except KeyError as error:
        raise _wrong(folder, "config.json", f"it has no {error.args[0]}") from None
    except (OSError, ValueError, TypeError, AttributeError):
        raise _wrong(folder, "config.json", "it cannot be read") from None
    if kind != "bert" or positions != "absolute" or shape.activation not in ACTIVATIONS:
        raise _wrong(folder, "config.json", f"only a BERT can be read, and this is: {kind}")
    if shape.heads < 1 or shape.width % shape.heads:
        raise _wrong(folder, "config.json", "its heads do not share its width")
    return shape


def _first(folder: Path) -> bool:
    """Whether the model was made for the vector of the first token, as its folder may say."""
    file = folder / "1_Pooling" / "config.json"
    if not file.is_file():
        return False
    pooling: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return bool(pooling.get("pooling_mode_cls_token"))


def _wrong(folder: Path, file: str, why: str) -> ModelRejected:
    return ModelRejected(f"LOCAL_EMBEDDING_MODEL: {folder / file} cannot be used: {why[:200]}")
