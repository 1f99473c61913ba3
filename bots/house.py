"""Everything that stands once the database is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from bots import orders
from bots.company import Company
from bots.mind import Mind
from bots.orders import Do
from bots.wardrobe import Wardrobe
from core.flow.acting import Acting
from core.flow.after import After
from core.flow.chronicle import Chronicles
from core.flow.forgetting import Forgetting
from core.flow.hearsay import Hearsay
from core.flow.initiative import Initiative
from core.flow.intake import Intake
from core.flow.janitor import Janitor
from core.flow.mailbox import Mailbox
from core.flow.new_bots import NewBots
from core.flow.pairing import Pairing, Standing
from core.flow.patience import PatientStore
from core.flow.till import Till
from core.flow.turns import Turns
from core.flow.voices import Voices
from core.ids import CharacterId, EntityId
from core.tasks import TaskService


@dataclass(frozen=True, slots=True)
class House:
    store: PatientStore
    mailbox: Mailbox
    intake: Intake
    company: Company
    wardrobe: Wardrobe
    turns: Turns
    acting: Acting
    after: After
    hearsay: Hearsay
    tasks: TaskService
    initiative: Initiative
    till: Till
    janitor: Janitor
    forgetting: Forgetting
    pairing: Pairing
    new_bots: NewBots
    mind: Mind
    chronicles: Chronicles
    voices: Voices

    @property
    def progress(self) -> list[dict[str, Any]]:
        """What is going on behind the talk, for /ready."""
        return self.mind.progress + self.chronicles.progress

    @property
    def orders(self) -> Mapping[str, Do]:
        """What an operator's commands may ask of it."""

        async def forget(character: CharacterId, whom: EntityId) -> Mapping[str, int]:
            return (await self.forgetting.forget(character, whom)).counts

        async def remove(character: CharacterId, whom: EntityId) -> Mapping[str, int]:
            return {"people": int(await self.pairing.remove(character, whom))}

        async def drop_bot(character: CharacterId, nobody: EntityId) -> Mapping[str, int]:
            return {"bots": int(await self.new_bots.remove(character))}

        async def renew_token(character: CharacterId, nobody: EntityId) -> Mapping[str, int]:
            return {"bots": int(await self.new_bots.renew(character))}

        return {
            orders.FORGET: forget,
            orders.LET_IN: partial(self._decide, Standing.IN),
            orders.KEEP_OUT: partial(self._decide, Standing.OUT),
            orders.REMOVE: remove,
            orders.DROP_BOT: drop_bot,
            orders.RENEW_TOKEN: renew_token,
        }

    async def _decide(
        self, standing: Standing, character: CharacterId, whom: EntityId
    ) -> Mapping[str, int]:
        return {"people": int(await self.pairing.decide(character, whom, standing))}
