"""Recall quality: hit@5 of 85 questions about a conversation of 2,000 messages (see tests.recall).

    python -m tests.benchmarks.recall [FOLDER]

FOLDER is one for LOCAL_EMBEDDING_MODEL; without it only what needs no model is measured.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from statistics import quantiles
from time import perf_counter

from tests.recall.asking import Asked, again, asked
from tests.recall.conversation import held_questions, questions
from tests.recall.local import Local


async def run(folder: Path | None) -> None:
    print(f"{'hit@5':<46}{'all':>6}{'same':>6}{'other':>6}{'held':>6}")
    with tempfile.TemporaryDirectory() as place:
        async with asked(Path(place)) as ada:
            await _tell("words only", ada)
            await _tell_speed(ada)
            if folder is None or not (folder / "model.safetensors").is_file():
                print("with vectors: skipped, no folder of an embedding model was given")
                return
            local = Local(folder)
            await local.learn(ada.store)
            await _tell("words, and vectors lent by the best hits", again(ada, _mute(local)))
            paid = Local(folder, name="paid:model")
            await paid.learn(ada.store)
            await _tell("vectors asked for where words find too little", again(ada, paid))
            print(f"  asked for {paid.asked} of {len(questions() + held_questions())} questions")
            await _tell("vectors asked for always (a local model)", again(ada, local))
            local.folders.close()
            paid.folders.close()


async def _tell(how: str, ada: Asked) -> None:
    hit = await ada.score()
    print(f"{how:<46}{hit.all:>6.0%}{hit.same:>6.0%}{hit.other:>6.0%}{hit.held:>6.0%}", flush=True)


async def _tell_speed(ada: Asked) -> None:
    taken = []
    for one in questions() * 5:
        began = perf_counter()
        await ada.remembers(one.text)
        taken.append((perf_counter() - began) * 1000)
    cuts = quantiles(taken, n=20)
    print(f"  one recall: {cuts[9]:.1f} ms p50, {cuts[18]:.1f} ms p95", flush=True)


def _mute(local: Local) -> Local:
    mute = Local(Path(local.folder), asks=False)
    mute.folders = local.folders
    return mute


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
