"""What one character does or knows on Discord stays its own, in each of its rooms: G13, G36."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from bots.sandbox import Person, Stage
from bots.sandbox.world import Chat
from bots.testkit import Play
from core.models.scripted import Line, Scripted
from core.ports import ModelRequest
from tests.faults import ledgers
from tests.flows.on_discord import ON_BOTH, heard, on_discord, outcomes
from tests.flows.talk import echo, question, reply, speaker, until, whole

MANY, ROUNDS = 12, 4
EVERY = {"BASIC_CAPABILITIES_KEEP_RESP": "true"}


async def test_g13_on_discord_one_raises_one_hangs_and_all_the_others_answer(
    tmp_path: Path,
) -> None:
    """The figures of their speed are the benchmarks'."""

    def model(request: ModelRequest) -> str | Line | Exception:
        match speaker(request):
            case "Raises":
                return RuntimeError("a bug of hers")
            case "Hangs":
                return Line(hangs=True)
            case _:
                return echo(request)

    hangs = {"name": "Hangs", "bio": "Hangs.", "settings": {"RESPONSE_TIMEOUT": 400}}
    others = [f"Character {number}" for number in range(MANY - 2)]
    async with on_discord(
        "Raises", hangs, *others, model=Scripted(model), data=tmp_path, settings=EVERY
    ) as play:
        stage, bots = play.stage, play.discord_bots
        bob = stage.person("Bob")
        chats = {name: stage.discord.dm(bob, bot) for name, bot in bots.items()}
        for number in range(ROUNDS):
            for chat in chats.values():
                bob.says(chat, f"question {number}")
        for name in others:
            for number in range(ROUNDS):
                said = await stage.next_from(bots[name], chats[name], timeout=20)
                assert said.text == f"{name} heard: question {number}"

        def ended(name: str) -> bool:
            found = outcomes(play, name)
            return len(found) == ROUNDS and all(status != "new" for status, _ in found)

        await until(lambda: ended("Raises") and ended("Hangs"))
        assert outcomes(play, "Raises") == [("failed", "bug-RuntimeError")] * ROUNDS
        assert outcomes(play, "Hangs") == [("failed", "turn-timeout")] * ROUNDS
        for name in ("Raises", "Hangs"):
            sorry = heard(stage, chats[name], bots[name])
            assert len(sorry) == 1, "once in ten minutes, not at every failure"
        report = play.gateway.ready()
        assert report["status"] == "degraded"
        assert {one["character"] for one in report["failing"]} == {"Raises", "Hangs"}
        assert all(one["phase"] == "live" for one in report["links"])


# --- memory ------------------------------------------------------------------------------------

WORD = re.compile(r"\bzq(\d+)x\b")


@dataclass(frozen=True, slots=True)
class Spot:
    """A chat, who speaks in it, and which of the characters are there."""

    chat: Chat
    people: tuple[Person, ...]
    names: tuple[str, ...]


def rooms_of(play: Play) -> list[Spot]:
    """On both platforms: direct chats with each, a group, two servers, a thread, a post."""
    stage, names = play.stage, tuple(play.bots)
    people = tuple(stage.person(name) for name in ("Bob", "Eve", "Zoe"))
    spots = []
    for one in people:
        for name in names:
            spots.append(Spot(stage.dm(one, play.bots[name]), (one,), (name,)))
            spots.append(Spot(stage.discord.dm(one, play.discord_bots[name]), (one,), (name,)))
    spots.append(Spot(stage.group("Friends", people, play.bots.values()), people, names))
    for title in ("Home", "Away"):
        guild = stage.discord.guild(title, people, play.discord_bots.values())
        general, random_talk = guild.channels.values()
        thread = stage.discord.thread(general, "Beside it", people[0])
        board = stage.discord.channel(guild, "questions", "board")
        post = stage.discord.post(board, "Moths", people[1], "What do they eat?")
        spots += [Spot(chat, people, names) for chat in (general, random_talk, thread, post)]
    return spots


class Secrets:
    """What was said where; `leaks` is what stood in a prompt of another room or character."""

    def __init__(self) -> None:
        self.where: list[tuple[str, str]] = []
        """By its number: the room of a word, and the character it was said to."""
        self.leaks: list[str] = []
        self.recalled = 0

    def word(self, chat: Chat, name: str) -> str:
        self.where.append((chat.key, name))
        return f"zq{len(self.where) - 1}x"

    def model(self, request: ModelRequest) -> str:
        asked = int(WORD.findall(question(request))[-1])
        room, name = self.where[asked]
        if speaker(request) != name:
            self.leaks.append(f"{speaker(request)} answers what {name} was asked")
        for number in {int(found) for found in WORD.findall(whole(request))}:
            self.recalled += number != asked
            if self.where[number][0] != room:
                self.leaks.append(f"{self.where[number]} in {self.where[asked]}")
        return reply(f"noted zq{asked}x")


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak)])
async def test_g36_recall_never_crosses_rooms_characters_people_or_platforms(
    seed: int, tmp_path: Path
) -> None:
    """Words are said to anyone anywhere in any order, before and after a restart."""
    chance, secrets = random.Random(seed), Secrets()
    async with Stage(limits=False) as stage:
        spots: list[Spot] = []
        for start in range(2):
            async with on_discord(
                "Ada",
                "Bert",
                model=Scripted(secrets.model),
                data=tmp_path,
                stage=stage,
                platforms=ON_BOTH,
                settings=EVERY,
            ) as play:
                spots = spots or rooms_of(play)
                before = len(secrets.where)
                for _ in range(8):
                    for spot in chance.sample(spots, len(spots)):
                        name, person = chance.choice(spot.names), chance.choice(spot.people)
                        mark = play.bots[name].username
                        if spot.chat.platform == "discord":
                            mark = name
                        word = secrets.word(spot.chat, name)
                        person.says(spot.chat, f"@{mark} keep {word}")
                said = len(secrets.where) - before
                await until(lambda: answered(play) == said * (start + 1), timeout=60)  # noqa: B023
        rows = ledgers.read(tmp_path).memories
    assert secrets.leaks == []
    assert secrets.recalled > len(secrets.where), "there was something to recall"
    kept: dict[str, set[str]] = {}
    for row in rows:
        for number in WORD.findall(str(row["content"])):
            room, _ = secrets.where[int(number)]
            kept.setdefault(str(row["room_id"]), set()).add(room)
    assert all(len(chats) == 1 for chats in kept.values()), "a room holds one chat's words"
    owners = {(str(row["room_id"]), str(row["character_id"])) for row in rows}
    assert len(owners) == len({room for room, _ in owners}), "and is one character's"


def answered(play: Play) -> int:
    return sum(row["status"] == "answered" for row in ledgers.read(play.data).inbox)
