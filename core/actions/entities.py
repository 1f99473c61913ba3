"""UPDATE_ENTITY: note something about a person, on a card of its own kind."""

from __future__ import annotations

from dataclasses import replace

from pydantic import BaseModel, Field

from core.actions.desk import Desk, failed
from core.actions.sending import is_called
from core.ids import EntityId, unique_uuid
from core.kept import Component
from core.messages import Rank
from core.plugins.records import Action, ActionResult, Arguments, Turn
from core.ports import Unit

_ME = frozenset({"", "me", "myself", "user", "sender"})
_MOST = 40
_LONGEST = 500


class Note(BaseModel):
    who: str = Field("me", max_length=100, description="person or me")
    kind: str = Field("contact", pattern=r"^[a-z][a-z0-9_]{0,31}$")
    data: dict[str, str] = Field(min_length=1, max_length=12, description="what to keep")


async def _run(turn: Turn, arguments: Arguments) -> ActionResult:
    assert isinstance(arguments, Note)
    desk = turn.use(Desk)
    who = arguments.who.strip()
    about: list[EntityId] = [desk.asker]
    if who.lower() not in _ME:
        about = await desk.read(
            lambda unit: [
                one.id for one in unit.people.here(desk.character, desk.room) if is_called(one, who)
            ]
        )
    if len(about) != 1:
        what = "know several people" if about else "know nobody"
        return failed(f"You {what} here by the name of {who}.", "unknown-person")
    if about[0] != desk.asker and await desk.rank() < Rank.ADMIN:
        return failed("Only admins may note something about others.", "not-allowed")
    data = {key[:60]: value[:_LONGEST] for key, value in arguments.data.items() if key.strip()}
    await desk.write(lambda unit: _note(unit, desk, about[0], arguments.kind, data))
    return ActionResult(text="It is noted.", values={"noted": data})


def _note(unit: Unit, desk: Desk, about: EntityId, kind: str, data: dict[str, str]) -> None:
    known = unit.bonds.components(desk.character, about, type=kind, source=desk.asker)
    card = next((one for one in known if one.world == desk.world), None)
    if card is None:
        name = f"component:{about}:{kind}:{desk.world}:{desk.asker}"
        card = Component(
            id=unique_uuid(desk.character, name),
            entity=about,
            character=desk.character,
            type=kind,
            data={},
            room=desk.room,
            world=desk.world,
            source=desk.asker,
        )
    kept = {**card.data, **data}
    newest = list(kept)[-_MOST:]
    unit.bonds.put_component(replace(card, data={key: kept[key] for key in newest}))


UPDATE_ENTITY = Action(
    "UPDATE_ENTITY",
    "Note contact data about somebody.",
    _run,
    similes=("UPDATE_CONTACT", "EDIT_ENTITY", "UPDATE_PROFILE", "SAVE_CONTACT"),
    arguments=Note,
    who=Rank.MEMBER,
    idempotent=True,
)
