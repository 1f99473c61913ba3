"""What a chain is made of: a plugin's handler, a service, and whoever can only say what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from core.errors import ModelRejected
from core.models import presets, results
from core.models.chain import Try
from core.models.handlers import Handled, Registered
from core.models.wire import Patience, Wire
from core.ports import ModelRequest, Spent
from core.settings.layers import Settings


@dataclass(frozen=True, slots=True)
class Refusing:
    """Stands for a vendor that cannot be asked as it is set up."""

    name: str
    fault: str

    async def stream(
        self, request: ModelRequest, spent: Spent | None = None
    ) -> AsyncGenerator[str, None]:
        raise ModelRejected(self.fault)
        yield ""

    async def run(self) -> Any:
        raise ModelRejected(self.fault)


def handled(one: Registered, patience: Patience, params: Any, spent: Spent | None) -> Try:
    """A plugin's handler for a type that is not streamed, its result in the usual form."""
    model = Handled(one, patience)

    async def run() -> Any:
        return results.taken(one, await model.result(params), params, spent)

    return Try(model.name, one.account, run)


def refusing(name: str, fault: str) -> Try:
    return Try(name, name, Refusing(name, fault).run, faulty=True)


async def serve(
    service: Any, wire: Wire, model: str, params: Any, patience: Patience, spent: Spent | None
) -> Any:
    deadline = asyncio.get_running_loop().time() + patience.whole
    return await service(wire, model, params, deadline, spent)


def patience_of(settings: Settings) -> Patience:
    return Patience(
        first=settings.number("MODEL_FIRST_TOKEN_TIMEOUT", 30),
        whole=settings.number("MODEL_TIMEOUT", 120),
    )


def same(name: str, other: str) -> bool:
    return presets.plain_name(name) == presets.plain_name(other)
