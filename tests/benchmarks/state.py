"""What a turn pays for its prompt: composing the state, writing it down, and tokens."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import perf_counter

from core.ids import EntityId, WorldId
from core.messages import Entity, World
from core.plugins.records import Repertoire
from core.ports import ModelRequest
from core.prompting.budget import tokens
from core.prompting.stock import prompt
from core.providers import BUILT_IN
from core.state import Colleague, Scene, compose
from tests.benchmarks.rows import Row, Sample
from tests.benchmarks.speed import Bench
from tests.core.prompting.situations import ELIZA, IN_A_GROUP, IN_PRIVATE
from tests.core.scenes import direct, group, said

_MOST_MS = 3.0
_MOST_TOKENS = 900
_LEAST_STABLE = 0.7


async def state(bench: Bench) -> list[Row]:
    """Warm, in a full group: every provider of the default set has something to say."""
    times = 300 if bench.quick else 3_000
    scene = _full_group()
    composed = await compose(scene, BUILT_IN)
    composing, writing = [], []
    for _ in range(bench.rounds):
        gc.collect()
        began = perf_counter()
        for _ in range(times):
            composed = await compose(scene, BUILT_IN)
        composing.append((perf_counter() - began) * 1000 / times)
        writing.append(_each(partial(prompt, scene, composed), times))
    took = Sample(tuple(composing), 3)
    quiet = await _asked(direct("Hello, who are you?", character=ELIZA, actions=IN_PRIVATE))
    busy = await _asked(group("Hello, who are you?", character=ELIZA, actions=IN_A_GROUP))
    share = tokens(quiet.system) / _size(quiet)
    return [
        Row(
            f"ms to compose a state, {len(composed.sections)} providers speaking",
            str(took),
            "",
            None,
            f"<= {_MOST_MS:.0f} ms",
            took.middle <= _MOST_MS,
        ),
        Row("ms to write a prompt with 32 lines of talk", str(Sample(tuple(writing), 3))),
        _tokens_row("tokens of Eliza's prompt without history, in private", quiet),
        _tokens_row("the same in a group, with all that can be offered there at once", busy),
        Row(
            "share of the stable prefix in it, in private",
            f"{share:.0%}",
            "",
            None,
            f">= {_LEAST_STABLE:.0%}",
            share >= _LEAST_STABLE,
        ),
    ]


def _tokens_row(figure: str, request: ModelRequest) -> Row:
    size = _size(request)
    return Row(figure, f"{size} (estimate)", "", None, f"<= {_MOST_TOKENS}", size <= _MOST_TOKENS)


async def _asked(scene: Scene) -> ModelRequest:
    return prompt(scene, await compose(scene, BUILT_IN))


def _size(request: ModelRequest) -> int:
    return tokens(request.system) + sum(tokens(one.text) for one in request.messages)


def _each(work: Callable[[], object], times: int) -> float:
    began = perf_counter()
    for _ in range(times):
        work()
    return (perf_counter() - began) * 1000 / times


def _full_group() -> Scene:
    names = ("Robin", "Kim", "Lee", "Noa", "Max", "Toni", "Jo", "Sam")
    talk = (
        said(
            f"line {at}: some words as people write them in a chat",
            at=at,
            ours=at % 3 == 0,
            name=names[at % 8],
        )
        for at in range(32)
    )
    people = tuple(Entity(EntityId(name), ELIZA.agent_id, (name,)) for name in names)
    roles = {"roles": dict.fromkeys(names[:3], "ADMIN"), "ownership": {"ownerId": "Sam"}}
    return replace(
        group("Hello, who are you?", *talk, character=ELIZA, actions=IN_A_GROUP, people=people),
        repertoire=Repertoire(actions=IN_A_GROUP, providers=BUILT_IN),
        colleagues=(Colleague("Ada", "@ada_bot", "She counts."),),
        world=World(WorldId("w"), ELIZA.agent_id, "Night owls", "-100", roles),
        choices=({"task": "t1", "name": "Which day?", "options": [{"name": "Monday"}]},),
        capabilities=("Can speak aloud.",),
        deeds=(("SEND_MESSAGE", "Told Kim."),),
        unsure=True,
    )
