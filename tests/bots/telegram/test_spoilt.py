"""Ten thousand spoilt updates: each is read or refused, and nothing of it breaks what stores it (G29)."""

from __future__ import annotations

import copy
import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bots.telegram.mapping import read
from core.errors import Unreadable
from tests.bots.telegram.samples import MORE
from tests.bots.telegram.test_reading import US, heard, received
from tests.bots.telegram.updates import BOB, REAL

_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["\ud83d", "@ada_bot", "/", "private", "supergroup", "text_mention", "pre"]),
    st.just([]),
    st.just({}),
    st.just([[{}]]),
    st.just({"id": 1}),
)


def _paths(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += _paths(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found += _paths(inner, (*path, index))
    return found


_SHAPES = [*REAL, *MORE]
_SPOTS = [(index, path) for index, raw in enumerate(_SHAPES) for path in _paths(raw)]


@st.composite
def spoiled(draw: st.DrawFn) -> Any:
    index, path = draw(st.sampled_from(_SPOTS))
    raw = copy.deepcopy(_SHAPES[index])
    within: Any = raw
    for key in path[:-1]:
        within = within[key]
    if draw(st.booleans()):
        within[path[-1]] = draw(_ODD)
    else:
        del within[path[-1]]
    return raw


def survives(raw: object) -> None:
    stored = received(raw)
    assert stored.event_key
    assert isinstance(stored.payload, bytes)
    for key in (*stored.address, stored.event_key, stored.author):
        key.encode()  # what no database takes would keep its whole batch from being stored
    assert abs(stored.seq) < 2**63
    assert received(raw).event_key == stored.event_key
    try:
        inbound = read(stored, US)
    except Unreadable:
        return
    assert inbound.sent_at.tzinfo is not None
    # All of it may be stored, and half an emoji cannot be.
    told = json.dumps(asdict(inbound), ensure_ascii=False, default=str)
    told.encode()
    assert "\\u0000" not in told


FIVE = st.lists(spoiled(), min_size=5, max_size=5)
UNHURRIED = settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


@settings(UNHURRIED, max_examples=400)
@given(FIVE)
def test_two_thousand_spoiled_updates_are_read_or_refused(raws):
    for raw in raws:
        survives(raw)


@pytest.mark.soak
@settings(UNHURRIED, max_examples=2_000)
@given(FIVE)
def test_ten_thousand_spoiled_updates_are_read_or_refused(raws):
    for raw in raws:
        survives(raw)


@settings(max_examples=150, deadline=None, database=None)
@given(
    st.recursive(
        _ODD,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["update_id", "message", "chat", "id", "from", "text", "x"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    )
)
def test_any_json_at_all_is_read_or_refused(raw):
    survives(raw)


def test_every_shape_we_know_is_read():
    for raw in _SHAPES:
        assert heard(raw).kind is received(raw).kind
    assert heard(REAL[0]).author.id == str(BOB["id"])
