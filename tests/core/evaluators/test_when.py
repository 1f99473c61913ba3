"""When it is time to look back, as far as nobody needs to be asked for that."""

from __future__ import annotations

from pathlib import Path

from core.evaluators import Reflection
from core.plugins.typed_testing import ImaginedTurn, settings_for
from core.store.engine import open_store
from tests.fakes.clock import FakeClock


async def test_while_the_house_has_its_hands_full_it_waits(tmp_path: Path) -> None:
    busy = True
    async with open_store(None, tmp_path) as store:
        evaluator = Reflection(store, FakeClock(), busy=lambda: busy).evaluator
        assert evaluator.due is not None
        assert not evaluator.due(ImaginedTurn())
        busy = False
        assert evaluator.due(ImaginedTurn())


async def test_where_it_is_switched_off_or_nothing_is_kept_it_never_comes(tmp_path: Path) -> None:
    async with open_store(None, tmp_path) as store:
        due = Reflection(store, FakeClock()).evaluator.due
        assert due is not None
        assert due(ImaginedTurn())
        for off in ({"TROUPE_REFLECTION": "false"}, {"DISABLE_MEMORY_CREATION": "true"}):
            assert not due(ImaginedTurn(settings=settings_for(**off)))
