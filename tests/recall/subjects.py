"""A model whose vectors say how much a text is about pets, ships and soup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.errors import ModelUnavailable
from core.ports import Unit
from core.settings.layers import Settings
from tests.recall.rooms import HER, Town

MODEL = "test:subjects/3"
SUBJECTS = (("cat", "kitten", "pet"), ("boat", "ship", "vessel"), ("soup", "broth"))


def vector(text: str) -> list[float]:
    return [float(any(word in text.lower() for word in words)) for words in SUBJECTS]


@dataclass
class Subjects:
    """Vectors that say how much a text is about pets, ships and soup."""

    name: str = MODEL
    asked: list[tuple[str, bool]] = field(default_factory=list)
    spent: bool = False
    away: bool = False

    def model(self, settings: Settings) -> str:
        return self.name

    async def query(
        self, settings: Settings, text: str, *, force: bool = False
    ) -> Sequence[float] | None:
        self.asked.append((text, force))
        if self.away:
            raise ModelUnavailable("the model is away")
        return None if self.spent and not force else vector(text)

    async def learn(self, here: Town) -> None:
        def put(unit: Unit) -> None:
            found, _ = unit.vectors.missing(HER, self.name, 0, 1000)
            unit.vectors.put(
                self.name, [(seq, one, vector(one.content.text)) for seq, one in found]
            )

        await here.store.write(put)
