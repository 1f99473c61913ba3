"""A folder with a small BERT of chance numbers, and what it makes of a text, worked out by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "cat", "sat", "on", "a", "mat", "dog", "ran")
WIDTH, INNER, HEADS, LAYERS, PLACES = 8, 12, 2, 2, 24


def write(
    folder: Path,
    *,
    prefix: str = "",
    seed: int = 7,
    without: str = "",
    half: bool = False,
    pooling: dict[str, bool] | None = None,
    **config: Any,
) -> dict[str, Any]:
    """The weights that were written."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(seed)

    def some(*shape: int) -> Any:
        return chance.normal(0, 0.4, shape).astype(np.float16 if half else np.float32)

    weights = {
        "embeddings.word_embeddings.weight": some(len(WORDS), WIDTH),
        "embeddings.position_embeddings.weight": some(PLACES, WIDTH),
        "embeddings.token_type_embeddings.weight": some(2, WIDTH),
        "embeddings.LayerNorm.weight": some(WIDTH) + 1,
        "embeddings.LayerNorm.bias": some(WIDTH),
    }
    for number in range(LAYERS):
        at = f"encoder.layer.{number}"
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            weights[f"{at}.attention.{part}.weight"] = some(WIDTH, WIDTH)
            weights[f"{at}.attention.{part}.bias"] = some(WIDTH)
        weights[f"{at}.intermediate.dense.weight"] = some(INNER, WIDTH)
        weights[f"{at}.intermediate.dense.bias"] = some(INNER)
        weights[f"{at}.output.dense.weight"] = some(WIDTH, INNER)
        weights[f"{at}.output.dense.bias"] = some(WIDTH)
        for norm in (f"{at}.attention.output", f"{at}.output"):
            weights[f"{norm}.LayerNorm.weight"] = some(WIDTH) + 1
            weights[f"{norm}.LayerNorm.bias"] = some(WIDTH)
    kept = {prefix + name: value for name, value in weights.items() if name != without}
    save_file(kept, folder / "model.safetensors")
    shape = {
        "model_type": "bert", "hidden_act": "gelu", "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
        "max_position_embeddings": PLACES, "layer_norm_eps": 1e-12,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(shape | config))
    if pooling is not None:
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    tokenizer = Tokenizer(models.WordLevel(dict(zip(WORDS, range(99), strict=False)), "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.enable_padding(length=20)  # as many folders have it; ours pads for itself
    tokenizer.save(str(folder / "tokenizer.json"))
    return weights


def by_hand(
    weights: dict[str, Any], text: str, *, activation: str = "gelu", first: bool = False
) -> list[float]:
    """One number at a time, as the paper has it."""

    def w(name: str) -> Any:
        return weights[name].tolist()

    def dense(name: str, x: list[float]) -> list[float]:
        rows, bias = w(f"{name}.weight"), w(f"{name}.bias")
        return [sum(a * b for a, b in zip(row, x, strict=True)) + c
                for row, c in zip(rows, bias, strict=True)]  # fmt: skip

    def norm(name: str, x: list[float]) -> list[float]:
        mean = sum(x) / len(x)
        spread = math.sqrt(sum((one - mean) ** 2 for one in x) / len(x) + 1e-12)
        weight, bias = w(f"{name}.LayerNorm.weight"), w(f"{name}.LayerNorm.bias")
        return [(one - mean) / spread * a + b for one, a, b in zip(x, weight, bias, strict=True)]

    def active(x: float) -> float:
        if activation == "relu":
            return max(x, 0.0)
        if activation == "gelu":
            return x * 0.5 * (1 + math.erf(x / math.sqrt(2)))
        return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))

    def plus(*rows: list[float]) -> list[float]:
        return [sum(some) for some in zip(*rows, strict=True)]

    known = {word: number for number, word in enumerate(WORDS)}
    tokens = [2, *(known.get(word, 1) for word in text.split()), 3]
    if len(tokens) > PLACES:
        tokens = [*tokens[: PLACES - 1], 3]
    words, places = (
        w("embeddings.word_embeddings.weight"),
        w("embeddings.position_embeddings.weight"),
    )
    kind = w("embeddings.token_type_embeddings.weight")[0]
    x = [norm("embeddings", plus(words[one], places[at], kind)) for at, one in enumerate(tokens)]
    size = WIDTH // HEADS
    for number in range(LAYERS):
        at = f"encoder.layer.{number}"
        query, key, value = (
            [dense(f"{at}.attention.self.{part}", one) for one in x]
            for part in ("query", "key", "value")
        )
        seen: list[list[float]] = [[] for _ in x]
        for head in range(HEADS):
            own = slice(head * size, (head + 1) * size)
            for place, asked in enumerate(query):
                scores = [
                    sum(a * b for a, b in zip(asked[own], one[own], strict=True)) / math.sqrt(size)
                    for one in key
                ]
                shares = [math.exp(one) for one in scores]
                seen[place] += [
                    sum(share * one[own][i] for share, one in zip(shares, value, strict=True))
                    / sum(shares)
                    for i in range(size)
                ]
        x = [norm(f"{at}.attention.output", plus(a, dense(f"{at}.attention.output.dense", b)))
             for a, b in zip(x, seen, strict=True)]  # fmt: skip
        wide = [[active(i) for i in dense(f"{at}.intermediate.dense", one)] for one in x]
        x = [norm(f"{at}.output", plus(a, dense(f"{at}.output.dense", b)))
             for a, b in zip(x, wide, strict=True)]  # fmt: skip
    pooled = x[0] if first else [sum(column) / len(x) for column in zip(*x, strict=True)]
    length = math.sqrt(sum(one * one for one in pooled))
    return [one / length for one in pooled]
