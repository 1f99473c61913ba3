"""From files and variables to a running gateway: plan, stage, signals, terminal."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from aiohttp import web

from bots import logs, rehearsal, welcome
from bots.app import DOORS, Gateway
from bots.links import Plan, plan_links
from core.bell import Bell
from core.casting import Roster, Source, load_characters, sources_of
from core.errors import AlreadyRunning, BadInput, Finding
from core.settings.layers import Environment, Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ground:
    """What the characters stand on: the real platforms, or the local stage."""

    environment: Environment
    data: Path
    stage: rehearsal.Both | None = None
    """Makes a bot for each character; whatever tokens are configured count for nothing there."""
    routes: tuple[web.RouteDef, ...] = ()
    with_model: bool = False

    def plan(self, roster: Roster) -> Plan:
        if self.stage is None:
            return plan_links(roster, self.environment)
        bare = rehearsal.without_keys(roster, with_model=self.with_model)
        return plan_links(bare, self.environment, stages=rehearsal.platforms_of(self.stage))


def run(
    named: Sequence[str],
    environment: Environment,
    data: Path,
    *,
    on_stage: bool,
    with_model: bool,
) -> None:
    """Until a signal; raises BadInput for what a person must mend."""
    play = _play(named, environment, data, on_stage=on_stage, with_model=with_model)
    try:
        import uvloop
    except ImportError:  # it exists for Unix only
        asyncio.run(play)
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(play)


async def _play(
    named: Sequence[str],
    environment: Environment,
    data: Path,
    *,
    on_stage: bool,
    with_model: bool,
) -> None:
    settings = Settings(environment)
    if findings := settings.findings():
        raise BadInput(*findings)
    with logs.set_up_logs(
        settings.text("LOG_LEVEL"),
        settings.text("LOG_FILE"),
        timestamps=settings.flag("LOG_TIMESTAMPS", True),
        data_dir=data,
    ):
        roster = await asyncio.to_thread(lambda: load_characters(sources_of(named, environment)))
        plan = plan_links(roster, environment)
        async with AsyncExitStack() as stack:
            if on_stage or not plan.links:
                if not on_stage and plan.findings:
                    raise BadInput(*plan.findings)  # a token is there, and it is no good
                ground = await stack.enter_async_context(
                    _on_stage(roster, environment, data, with_model=with_model)
                )
                plan = ground.plan(roster)
            else:
                ground = Ground(environment, data)
            for finding in (*roster.findings, *plan.findings):
                log.error("%s", finding)
            await _until_stopped(ground, plan, named, roster)


async def _until_stopped(ground: Ground, plan: Plan, named: Sequence[str], roster: Roster) -> None:
    stop, hurry, reread = Bell(), Bell(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask_to_stop() -> None:
        (hurry if stop.rung else stop).ring()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask_to_stop)
    loop.add_signal_handler(signal.SIGHUP, reread.set)
    gateway = Gateway(
        Settings(ground.environment),
        plan,
        ground.data,
        DOORS,
        routes=ground.routes,
        notify=str(ground.environment.process.get("NOTIFY_SOCKET", "")),
        rehearses=ground.stage is not None,
    )
    try:
        async with asyncio.TaskGroup() as group:
            greeter = group.create_task(_greet(gateway, on_stage=ground.stage is not None))
            rereader = group.create_task(_reread(gateway, ground, named, roster, reread))
            try:
                await gateway.run(stop, hurry)
            finally:
                greeter.cancel()
                rereader.cancel()
    except BaseExceptionGroup as errors:
        raise _single(errors) from None


async def _greet(gateway: Gateway, *, on_stage: bool) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            await gateway.started.wait()
    # What is loaded by now stays; the collector need not walk through it again and again.
    gc.collect()
    gc.freeze()
    welcome.show(
        gateway.ready()["links"],
        gateway.health,
        gateway.off,
        gateway.port,
        on_stage,
        gateway.links,
    )


async def _reread(
    gateway: Gateway, ground: Ground, named: Sequence[str], roster: Roster, asked: asyncio.Event
) -> None:
    """SIGHUP: read .env and characters again; whatever is bad keeps its old version."""
    while True:
        await asked.wait()
        asked.clear()
        try:
            roster, plan = await asyncio.to_thread(_read_again, ground, named, roster)
        except BadInput as error:
            _not_taken_over(error.findings)
            continue
        _not_taken_over(roster.findings)
        await gateway.reload(plan)


def _not_taken_over(findings: Sequence[Finding]) -> None:
    for finding in findings:
        log.error("not taken over, the old version stays: %s", finding)


def _read_again(ground: Ground, named: Sequence[str], before: Roster) -> tuple[Roster, Plan]:
    environment = ground.environment
    if ground.stage is None:
        environment = Environment.capture(Path(".env"))
        if findings := Settings(environment).findings():
            raise BadInput(*findings)
    sources = sources_of(named, environment)
    roster = _keeping(load_characters(sources), before, sources)
    plan = replace(ground, environment=environment).plan(roster)
    if plan.findings:  # a wrong token would take a character away who plays well by the old one
        raise BadInput(*plan.findings)
    return roster, plan


def _keeping(read: Roster, before: Roster, sources: Sequence[Source]) -> Roster:
    """Whose file has gone bad plays on as she was; whose file is gone leaves."""
    fresh = {one.source: one for one in read.loaded if one.source is not None}
    old = {one.source: one for one in before.loaded if one.source is not None}
    loaded = tuple(one for source in sources if (one := fresh.get(source) or old.get(source)))
    return replace(read, loaded=loaded, fallback=False) if loaded else read


@asynccontextmanager
async def _on_stage(
    roster: Roster, environment: Environment, data: Path, *, with_model: bool
) -> AsyncIterator[Ground]:
    """The local stage with a bot for each character; it remembers its world between starts."""
    from bots import sandbox

    own = data / "stage"
    own.mkdir(parents=True, exist_ok=True)
    async with sandbox.Stage(persist=own / "world.jsonl") as stage:
        names = [loaded.name for loaded in roster.loaded]
        stage.furnish([*map(stage.bot, names), *map(stage.discord.bot, names)])
        bare = rehearsal.environment_without_keys(environment, with_model=with_model)
        yield Ground(
            rehearsal.pointed_at(stage, bare),
            own,
            stage=stage,
            routes=tuple(stage.page_routes()),
            with_model=with_model,
        )


def _single(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """What ends a command is told as itself, also where a task group found it."""
    bad, _ = errors.split((BadInput, AlreadyRunning))
    while bad is not None and len(bad.exceptions) == 1:
        one = bad.exceptions[0]
        if not isinstance(one, BaseExceptionGroup):
            return one
        bad = one
    return errors
