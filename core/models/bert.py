"""A BERT that makes one vector of a text, in numpy: its forward pass and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from core.numbers import NDArray, np

Array = NDArray[np.float32]
Ids = NDArray[np.int64]

ACTIVATIONS = frozenset({"gelu", "gelu_new", "gelu_pytorch_tanh", "relu"})
# Abramowitz and Stegun 7.1.26: nearer to erf than 2e-7, about what float32 can tell apart.
_ERF = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)


@dataclass(frozen=True, slots=True)
class Shape:
    layers: int
    heads: int
    width: int
    longest: int
    """Tokens of one text."""
    epsilon: float
    activation: str = "gelu"
    first: bool = False
    """The first token's vector stands for the text; else the mean of all."""


@dataclass(frozen=True, slots=True)
class _Norm:
    weight: Array
    bias: Array
    epsilon: float

    def __call__(self, x: Array) -> Array:
        x = x - x.mean(-1, keepdims=True)
        x /= np.sqrt(np.square(x).mean(-1, keepdims=True) + np.float32(self.epsilon))
        x *= self.weight
        x += self.bias
        return x


@dataclass(frozen=True, slots=True)
class _Dense:
    weight: Array
    """Turned round once, so that `x @ weight` runs through memory in order."""
    bias: Array

    def __call__(self, x: Array) -> Array:
        # One large product instead of one for each text.
        flat: Array = x.reshape(-1, x.shape[-1]) @ self.weight
        flat += self.bias
        return flat.reshape(*x.shape[:-1], -1)


@dataclass(frozen=True, slots=True)
class _Layer:
    attention: _Dense
    """Query, key and value in one."""
    joined: _Dense
    attended: _Norm
    wide: _Dense
    narrow: _Dense
    done: _Norm


class Bert:
    """Raises KeyError for weights that lack something, ValueError for a wrong shape."""

    def __init__(self, weights: Mapping[str, Any], shape: Shape) -> None:
        self.shape = shape
        prefix = "bert." if "bert.embeddings.word_embeddings.weight" in weights else ""

        def taken(name: str, *sides: int) -> Array:
            found: Array = np.asarray(weights[prefix + name], dtype=np.float32)
            if found.ndim != len(sides) or any(
                side not in (-1, real) for side, real in zip(sides, found.shape, strict=True)
            ):
                raise ValueError(f"{name} has the shape {found.shape}")
            return found

        def norm(name: str) -> _Norm:
            weight = taken(f"{name}.LayerNorm.weight", width)
            return _Norm(weight, taken(f"{name}.LayerNorm.bias", width), shape.epsilon)

        def dense(names: Sequence[str], inner: int, outer: int) -> _Dense:
            parts = [taken(f"{name}.weight", outer, inner) for name in names]
            biases = [taken(f"{name}.bias", outer) for name in names]
            return _Dense(np.ascontiguousarray(np.concatenate(parts).T), np.concatenate(biases))

        width = shape.width
        self._words = taken("embeddings.word_embeddings.weight", -1, width)
        positions = taken("embeddings.position_embeddings.weight", -1, width)
        self._places = positions + taken("embeddings.token_type_embeddings.weight", -1, width)[0]
        self._entry = norm("embeddings")
        self._layers: list[_Layer] = []
        for number in range(shape.layers):
            at = f"encoder.layer.{number}"
            own = [f"{at}.attention.self.{part}" for part in ("query", "key", "value")]
            inner = len(taken(f"{at}.intermediate.dense.bias", -1))
            layer = _Layer(
                attention=dense(own, width, width),
                joined=dense([f"{at}.attention.output.dense"], width, width),
                attended=norm(f"{at}.attention.output"),
                wide=dense([f"{at}.intermediate.dense"], width, inner),
                narrow=dense([f"{at}.output.dense"], inner, width),
                done=norm(f"{at}.output"),
            )
            self._layers.append(layer)

    @property
    def words(self) -> int:
        """How many tokens it knows."""
        return len(self._words)

    def vectors(self, ids: Ids, mask: Array) -> Array:
        """Of texts as tokens, padded to one length: vectors of length 1; the mask has a 1 for
        each token that is one."""
        x = self._entry(self._words[ids] + self._places[: ids.shape[1]])
        closed = (mask[:, None, None, :] - 1) * np.float32(1e9)
        for layer in self._layers:
            x = layer.attended(x + layer.joined(self._attend(layer.attention(x), closed)))
            x = layer.done(x + layer.narrow(self._active(layer.wide(x))))
        if self.shape.first:
            pooled = x[:, 0]
        else:
            pooled = (x * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        length = np.linalg.norm(pooled, axis=1, keepdims=True)
        result: Array = pooled / np.maximum(length, np.float32(1e-12))
        return result

    def _attend(self, joined: Array, closed: Array) -> Array:
        texts, tokens, _ = joined.shape
        heads, width = self.shape.heads, self.shape.width
        # From (text, token, part, head, number) to (part, text, head, token, number).
        parts = joined.reshape(texts, tokens, 3, heads, width // heads).transpose(2, 0, 3, 1, 4)
        query, key, value = parts
        scores = query @ key.swapaxes(-1, -2)
        scores *= np.float32(1 / sqrt(width // heads))
        scores += closed
        scores -= scores.max(-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(-1, keepdims=True)
        seen: Array = (scores @ value).transpose(0, 2, 1, 3).reshape(texts, tokens, width)
        return seen

    def _active(self, x: Array) -> Array:
        match self.shape.activation:
            case "relu":
                return np.maximum(x, 0, out=x)
            case "gelu":
                half = _erf(x * np.float32(sqrt(0.5)))
            case _:
                half = np.tanh(np.float32(sqrt(2 / np.pi)) * (x + np.float32(0.044715) * x**3))
        half += 1
        half *= x
        half *= np.float32(0.5)
        return half


def _erf(x: Array) -> Array:
    size = np.abs(x)
    t = 1 / (1 + np.float32(0.3275911) * size)
    sum_ = np.full_like(t, _ERF[0])
    for number in _ERF[1:]:
        sum_ *= t
        sum_ += np.float32(number)
    sum_ *= t
    size *= size
    np.negative(size, out=size)
    np.exp(size, out=size)
    sum_ *= size
    np.subtract(1, sum_, out=sum_)
    result: Array = np.copysign(sum_, x)
    return result
