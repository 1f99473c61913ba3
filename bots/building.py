"""The flow put together, once the database is open."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from bots import logs
from bots.company import Company, Door
from bots.house import House
from bots.mind import Mind
from bots.telegram.webhook import Hooks
from bots.voices import clips_of
from bots.wardrobe import Wardrobe
from core.casting import LoadedCharacter
from core.clock import Clock
from core.files import Files
from core.flow.acting import Acting
from core.flow.after import After
from core.flow.allowance import Allowance
from core.flow.backstage import Backstage
from core.flow.cast import Cast
from core.flow.choosing import Choosing
from core.flow.chronicle import Chronicles
from core.flow.comings import Comings
from core.flow.commanding import Commanding
from core.flow.conversing import Conversing
from core.flow.deciding import Deciding
from core.flow.doorkeeping import Doorkeeper
from core.flow.explaining import Explaining
from core.flow.floor import Floor
from core.flow.forgetting import Forgetting
from core.flow.hearsay import Hearsay
from core.flow.house_rules import HouseRuling
from core.flow.initiative import Initiative
from core.flow.intake import Intake
from core.flow.janitor import Janitor
from core.flow.mailbox import Mailbox
from core.flow.mending import Mending
from core.flow.new_bots import NewBots
from core.flow.noting import Noting
from core.flow.pairing import Pairing
from core.flow.patience import PatientStore
from core.flow.perceiving import Perceiving
from core.flow.presence import Presence
from core.flow.ranks import Ranks
from core.flow.records import Records
from core.flow.running_turn import RunningTurn
from core.flow.scenery import Scenery
from core.flow.summarizing import Summarizing
from core.flow.tally import Tally
from core.flow.telling import Telling
from core.flow.thinking import Thinking
from core.flow.threads import Threads
from core.flow.till import Billed, Till
from core.flow.turns import Turns
from core.flow.voice_talk import Means
from core.flow.voices import Voices
from core.flow.voicing import Voicing
from core.flow.wishes import Wishes
from core.flow.work import Work
from core.flow.writing import Scribe, begin
from core.ids import CharacterId, RoomId
from core.knowledge.reading import Reader
from core.memory.recent import Recent
from core.messages import Delivery, DeliveryStatus
from core.plugins.records import Worker
from core.ports import ModelRoles, Speech
from core.settings.layers import Settings
from core.speech import names
from core.state import StateCache
from core.tasks import SPEAK_FIRST, TaskService, told

_BUSY = 8
"""Turns under way, from which on what can wait does."""


def build(
    settings: Settings,
    cast: Cast,
    store: PatientStore,
    models: ModelRoles,
    files: Files,
    doors: Mapping[str, Door],
    session: aiohttp.ClientSession,
    group: asyncio.TaskGroup,
    tally: Tally,
    clock: Clock,
    chance: random.Random,
    reader: Reader,
    speech: Speech,
    data: Path,
    hooks: Hooks,
    without: Callable[[], Sequence[LoadedCharacter]],
    changed: Callable[[], None],
    plugins: Iterable[Any] = (),
    database: Path | None = None,
) -> House:
    """`settings` are those of the process; what runs for a character lives in `group`. `data` is
    where files lie, `database` the one that holds everything, where it is one. `without` are those
    who have no bot, and `changed` hears when one was made, or is another one.
    """
    records = Records(logs.chat_line, logs.prompt_entry)
    recent, presence = Recent(store), Presence(store)
    floor = Floor(wait=settings.number("TROUPE_WAIT_FOR_OTHERS", 10))
    after = After(clock)
    telling = Telling(after)
    ranks = Ranks(store, clock)
    wishes, cache = Wishes(store), StateCache(clock)
    threads = Threads(store, clock)

    def expired(character: CharacterId) -> None:
        recent.forget_all(character)
        store.evict(character)

    janitor = Janitor(
        files,
        store,
        clock,
        lambda: {one.id: (one.id, one.settings) for one in cast}.values(),
        database=database,
        expired=expired,
    )
    till = Till(models, store, tally, after, clock)

    def acted(turn: RunningTurn, event: str, payload: Mapping[str, Any]) -> None:
        telling.acted(turn.work, event, payload)

    def grow(work: Work, text: str) -> None:
        work.growing = begin(work, text)

    def sent(row: Delivery, status: DeliveryStatus, message: str) -> None:
        tally.deliveries[row.address.platform, status.value] += 1
        part = cast.on(row.address.account)
        if status is DeliveryStatus.SENT and part is not None:
            telling.sent(part, row, message)
        hearsay.settled(row, status)
        janitor.settled(row, status)

    mailbox = Mailbox(store, cast.keeps, at_once=int(settings.number("TROUPE_TURNS_AT_ONCE", 256)))
    mind = Mind(
        settings,
        store,
        models,
        reader,
        recent,
        till,
        after,
        clock,
        data,
        busy=lambda: mailbox.running > _BUSY,
        events=lambda one: wardrobe.events_of(one),
    )
    intake = Intake(
        store,
        mailbox,
        clock,
        most_open=int(settings.number("TROUPE_MAX_OPEN", 20_000)),
        owed=lambda: company.owed,
    )
    hearsay = Hearsay(
        cast, floor, mailbox, store, intake.number, clock, lambda at: voices.listens(at)
    )
    scribe = Scribe(store, recent, clock, tally, records, files, hearsay, mind.heard)

    def may_grow(work: Work) -> bool:
        # Others of ours would hear the beginning alone, and answer that.
        # What opens a thread is said in it, and nothing of it in the channel.
        return not (floor.others(work.lead.address) or threads.title(work))

    acting = Acting(store, scribe, ranks, clock, acted)

    def backstage(character: CharacterId) -> Backstage:
        return Backstage(character, cast, store, recent, acting, after, cache, clock, files)

    async def leave(character: CharacterId) -> None:
        company.dismiss(character)

    async def worker(character: CharacterId, name: str) -> tuple[Worker, Any] | None:
        if name == SPEAK_FIRST:
            return initiative.worker, None
        return await wardrobe.worker(character, name)

    tasks = TaskService(store, clock, worker)
    comings = Comings(store, presence, ranks, clock)
    initiative = Initiative(cast, store, recent, ranks, comings, tasks, intake, clock)

    def choices(character: CharacterId, room: RoomId) -> Sequence[Mapping[str, Any]]:
        return [told(one) for one in tasks.choices(character, room)]

    wardrobe = Wardrobe(
        group,
        store,
        models,
        clock,
        backstage,
        tasks,
        leave,
        lambda one: Billed(models, till, one.loaded.id, one.loaded.name, one.events),
        mind,
        allowed=settings.csv("TROUPE_PLUGINS"),
        at_hand=plugins,
    )
    chronicles = Chronicles(cast, store, presence, recent, clock, mind.heard)

    async def keep(recording: bytes, key: str) -> str:
        return (await files.keep(recording, key=key, lasting=True)).ref

    voices = Voices(
        Means(
            cast,
            intake,
            speech,
            floor,
            wishes,
            till,
            after,
            clock,
            names.resolved,
            keep,
            lambda part, said: doorkeeper.listens(part, said),
        ),
        store,
        presence,
    )
    company = Company(
        group,
        doors,
        session,
        files,
        store,
        cast,
        settings,
        clock,
        chance,
        wardrobe.of,
        sent,
        hooks,
        chronicles,
        partial(clips_of, cast, speech, till),
        mailbox.is_gone,
        voices.entered,
    )
    perceiving = Perceiving(models, reader, till, store, recent, speech=speech)
    noting = Noting(ranks, speech)
    thinking = Thinking(models, clock, till, records, grow, may_grow)
    allowance = Allowance(cast, ranks, clock)
    conversing = Conversing(
        cast,
        Deciding(cast, floor, clock, threads, voices.missed),
        Scenery(cast, store, recent, floor, clock, ranks.world, choices, mind.recall),
        thinking,
        acting,
        ranks,
        scribe,
        floor,
        after,
        models,
        clock,
        till,
        allowance,
        perceiving,
        threads,
        choices,
        tasks.chosen,
        mind.librarian,
        noting,
        voices.calls,
    )
    pairing = Pairing(store, clock, random.SystemRandom())
    forgetting = Forgetting(
        store,
        files,
        recent,
        presence,
        wishes,
        cache,
        floor,
        janitor,
        tally,
        clock,
        told=[
            lambda one: tasks.forgotten(one.character, one.tasks) if one.character else None,
            mind.forgotten,
            perceiving.forgotten,
            pairing.forgotten,
        ],
    )
    new_bots = NewBots(store, cast, ranks, scribe, clock, without, changed)
    doorkeeper = Doorkeeper(ranks, pairing, scribe, clock)
    ruling = HouseRuling(store, ranks, scribe)
    summarizing = Summarizing(store, ranks, scribe, thinking, allowance, floor, clock)
    turns = Turns(
        cast,
        store,
        presence,
        wishes,
        recent,
        floor,
        hearsay,
        scribe,
        conversing,
        Choosing(tasks.choices),
        initiative,
        telling,
        clock,
        tally,
        records,
        chance,
        Commanding(
            scribe,
            conversing,
            ranks,
            clock,
            tell={"why": Explaining(store, ranks).tell, "initiative": initiative.command},
            do={
                "forget": forgetting.command,
                "export": forgetting.command,
                "pair": doorkeeper.command,
                "newbot": new_bots.command,
                "settings": ruling.command,
                "voice": Voicing(noting, ranks, scribe, voices).command,
                "summarize": summarizing.command,
            },
        ),
        doorkeeper,
        comings,
        new_bots,
        Mending(store, recent, scribe, conversing, clock),
        ruling,
        voices.aloud,
    )
    return House(
        store,
        mailbox,
        intake,
        company,
        wardrobe,
        turns,
        acting,
        after,
        hearsay,
        tasks,
        initiative,
        till,
        janitor,
        forgetting,
        pairing,
        new_bots,
        mind,
        chronicles,
        voices,
    )
