"""Who is in which voice channel, by what the gateway tells of it."""

from __future__ import annotations

from typing import Any

from bots.discord.voice_people import Change, VoicePeople
from core.messages import Author

US = "900"


def state(person: str, channel: str | None, **more: Any) -> dict[str, Any]:
    return {"guild_id": "1", "user_id": person, "channel_id": channel} | more


def member(person: str, name: str, *, bot: bool = False) -> dict[str, Any]:
    return {"user": {"id": person, "username": name, "bot": bot}, "roles": ["7"]}


def world(*states: dict[str, Any], members: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"id": "1", "voice_states": list(states), "members": list(members)}


def test_a_server_tells_who_is_there_when_it_comes() -> None:
    people = VoicePeople(US)
    told = world(
        state("5", "20"),
        state("6", "20", self_deaf=True),
        state(US, "20"),
        members=(member("5", "Ed"), member("6", "Rob", bot=True)),
    )
    assert people.meet("GUILD_CREATE", told) == (
        Change("1", "5", "", "20"),
        Change("1", "6", "", "20"),
        Change("1", US, "", "20"),
    )
    ed, rob = people.present("1", "20")
    assert ed.who == Author("5", "Ed", "Ed", False, ("7",))
    assert (rob.who.is_bot, rob.deaf, ed.deaf) == (True, True, False)
    assert people.where("1", US) == "20"


def test_what_changed_while_nothing_was_heard_is_told_when_it_comes_again() -> None:
    people = VoicePeople(US)
    people.meet("GUILD_CREATE", world(state("5", "20"), state("6", "20"), state("7", "20")))
    changes = people.meet("GUILD_CREATE", world(state("6", "21"), state("7", "20")))
    assert set(changes) == {Change("1", "5", "20", ""), Change("1", "6", "20", "21")}


def test_whoever_mutes_themselves_has_gone_nowhere() -> None:
    people = VoicePeople(US)
    people.meet("VOICE_STATE_UPDATE", state("5", "20", member=member("5", "Ed")))
    assert people.meet("VOICE_STATE_UPDATE", state("5", "20", self_mute=True)) == ()
    changes = people.meet("VOICE_STATE_UPDATE", state("5", "20", deaf=True))
    assert changes == (Change("1", "5", "20", "20"),)
    assert people.present("1", "20")[0].who.name == "Ed", "known from before"


def test_a_server_that_is_left_has_nobody_in_it() -> None:
    people = VoicePeople(US)
    people.meet("VOICE_STATE_UPDATE", state("5", "20"))
    assert people.meet("GUILD_DELETE", {"id": "1", "unavailable": True}) == ()
    assert people.meet("GUILD_DELETE", {"id": "1"}) == (Change("1", "5", "20", ""),)
    assert people.where("1", "5") == ""


def test_in_a_channel_that_is_gone_is_nobody() -> None:
    people = VoicePeople(US)
    people.meet("GUILD_CREATE", world(state("5", "20"), state("6", "21", deaf=True)))
    changes = people.meet("CHANNEL_DELETE", {"guild_id": "1", "id": "20"})
    assert changes == (Change("1", "5", "20", ""),)
    assert people.where("1", "6") == "21"
    assert [one.deaf for one in people.present("1", "21")] == [True]
    assert people.present("1", "20") == ()


def test_what_makes_no_sense_changes_nothing() -> None:
    people = VoicePeople(US)
    for event in ("VOICE_STATE_UPDATE", "GUILD_CREATE", "GUILD_DELETE", "CHANNEL_DELETE"):
        for data in (None, [], {}, {"id": 5, "user_id": {}, "voice_states": 7, "members": [3]}):
            assert people.meet(event, data) == ()
