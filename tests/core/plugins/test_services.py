"""Services of a character: one of each type, each failing alone, told when they come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Self

import pytest

from core.events import Events
from core.plugins import EventType, Service, ServiceType
from core.plugins.equipment import Equipment
from core.plugins.records import Pluggable, Repertoire
from core.services import ServiceStatus
from tests.core.plugins.turns import ADA, settings
from tests.fakes.clock import QuickClock


class Forecast(Service):
    service_type = "forecast"
    capability_description = "It knows tomorrow."

    def now(self, city: str) -> str:
        return f"{city}: rain"


class Other(Service):
    service_type = "forecast"


class Plain:
    """As ported ones may be: nothing inherited, elizaOS' spelling, nothing async."""

    serviceType = ServiceType.EMAIL
    stopped = 0

    @classmethod
    def start(cls, runtime: Any) -> Self:
        return cls()

    def stop(self) -> None:
        Plain.stopped += 1


class Broken(Service):
    service_type = "broken"

    @classmethod
    async def start(cls, runtime: Any) -> Self:
        raise RuntimeError("no such thing")


class Required(Broken):
    service_type = "required"
    required = True


class Hanging(Service):
    service_type = "hanging"

    @classmethod
    async def start(cls, runtime: Any) -> Self:
        await asyncio.Event().wait()
        return cls()


class Nothing(Service):
    service_type = "nothing"

    @classmethod
    async def start(cls, runtime: Any) -> Any:
        return None


class Typeless(Service): ...


def equipment(*kinds: Any, events: Events | None = None, **more: Any) -> Equipment:
    plugin = Pluggable("weather", services=kinds)
    return Equipment(
        ADA,
        settings(),
        [plugin],
        Repertoire(),
        events or Events(),
        **{"opening": 0.2, "closing": 0.1, **more},
    )


async def test_a_service_is_found_by_its_class_and_by_its_name() -> None:
    before = Plain.stopped
    async with equipment(Forecast, Plain) as gear:
        assert gear.get_service(Forecast) is None
        await gear.start("ada")
        found = gear.get_service(Forecast)
        assert found is not None
        assert found.now("Oslo") == "Oslo: rain"
        assert found.runtime == "ada"
        assert gear.get_service("forecast") is found
        assert gear.use(Forecast) is found
        assert isinstance(gear.get_service(ServiceType.EMAIL), Plain)
        assert gear.get_service("tomorrow") is None
        assert gear.get_service(Broken) is None
    assert Plain.stopped == before + 1


async def test_a_second_one_of_a_type_is_the_first(caplog: pytest.LogCaptureFixture) -> None:
    async with equipment(Forecast, Other, Forecast) as gear:
        await gear.start(None)
        assert list(gear.services) == ["forecast"]
        assert type(gear.get_service("forecast")) is Forecast
    assert "Ada has a service forecast already" in caplog.text


async def test_nothing_among_the_services_is_skipped_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with equipment(None, Forecast) as gear:
        await gear.start(None)
        assert list(gear.services) == ["forecast"]
    assert "the plugin weather has None among its services" in caplog.text


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (Broken, "its service broken is off: RuntimeError"),
        (Hanging, "its service hanging is off: NotOpened"),
        (Nothing, "Nothing.start() gave nothing back"),
        (Typeless, "Typeless has no service_type"),
    ],
)
async def test_one_that_cannot_start_leaves_the_others_and_its_plugin(kind: Any, why: str) -> None:
    async with equipment(kind, Forecast) as gear:
        await gear.start(None)
        assert list(gear.services) == ["forecast"]
        assert [one.name for one in gear.plugins] == ["weather"]
        [trouble] = gear.troubles
        assert why in str(trouble)


async def test_one_that_is_required_takes_its_plugin_off() -> None:
    async with equipment(Forecast, Required) as gear:
        await gear.start(None)
        assert gear.plugins == ()
        assert gear.services == {}
        assert gear.service_status == {
            "forecast": ServiceStatus.STOPPED,
            "required": ServiceStatus.ERROR,
        }
        [trouble] = gear.troubles
        assert "it is off, for its service required: RuntimeError" in str(trouble)


async def test_a_line_that_cannot_be_had_is_tried_three_times() -> None:
    tries = 0

    class Shy(Service):
        service_type = "shy"

        @classmethod
        async def start(cls, runtime: Any) -> Self:
            nonlocal tries
            tries += 1
            if tries < 3:
                raise ConnectionRefusedError
            return cls()

    clock = QuickClock()
    async with equipment(Shy, clock=clock) as gear:
        await gear.start(None)
        assert list(gear.services) == ["shy"]
    assert clock.waits == [1.0, 2.0]


async def test_after_three_times_it_is_off() -> None:
    class Gone(Service):
        service_type = "gone"

        @classmethod
        async def start(cls, runtime: Any) -> Self:
            raise ConnectionRefusedError("port 1")

    clock = QuickClock()
    async with equipment(Gone, clock=clock) as gear:
        await gear.start(None)
        assert "port 1" in str(gear.troubles[0])
    assert clock.waits == [1.0, 2.0]


async def test_coming_and_going_is_told_and_listeners_hold_nobody_up() -> None:
    events, heard = Events(), list[tuple[str, ...]]()

    def listen(event: EventType) -> None:
        async def hear(payload: Mapping[str, Any]) -> None:
            heard.append((event, payload["service_type"], payload["plugin"], payload["status"]))
            if event is EventType.SERVICE_STARTED:
                await asyncio.Event().wait()

        events.on(event, hear)

    for event in (
        EventType.SERVICE_STARTED,
        EventType.SERVICE_STOPPED,
        EventType.SERVICE_ERROR,
    ):
        listen(event)
    async with equipment(Forecast, Broken, events=events) as gear:
        await gear.start(None)
    assert heard == [
        ("SERVICE_STARTED", "forecast", "weather", "running"),
        ("SERVICE_ERROR", "broken", "weather", "error"),
        ("SERVICE_STOPPED", "forecast", "weather", "stopped"),
    ]


async def test_one_is_started_anew_without_the_others() -> None:
    async with equipment(Forecast, Plain) as gear:
        await gear.start("ada")
        before, other = gear.get_service(Forecast), gear.get_service("email")
        again = await gear.restart_service("forecast")
        assert again is gear.get_service(Forecast)
        assert again is not before
        assert again is not None
        assert again.runtime == "ada"
        assert gear.get_service("email") is other
        with pytest.raises(LookupError, match="Ada has no service tomorrow that runs"):
            await gear.restart_service("tomorrow")


async def test_one_that_does_not_stop_keeps_nobody_else_from_stopping() -> None:
    stopped: list[str] = []

    class Last(Service):
        service_type = "last"

        async def stop(self) -> None:
            stopped.append("last")

    class Clings(Service):
        service_type = "clings"

        async def stop(self) -> None:
            await asyncio.Event().wait()

    class Bursts(Service):
        service_type = "bursts"

        async def stop(self) -> None:
            raise RuntimeError("burst")

    async with equipment(Last, Clings, Bursts) as gear:
        await gear.start(None)
    assert stopped == ["last"]
    assert gear.service_status == {
        "last": ServiceStatus.STOPPED,
        "clings": ServiceStatus.ERROR,
        "bursts": ServiceStatus.ERROR,
    }


async def test_a_task_group_may_be_entered_by_start_and_left_by_stop() -> None:
    class Grouped(Service):
        service_type = "grouped"
        group: asyncio.TaskGroup
        work: asyncio.Task[Any]

        @classmethod
        async def start(cls, runtime: Any) -> Self:
            service = cls(runtime)
            service.group = await asyncio.TaskGroup().__aenter__()
            service.work = service.group.create_task(asyncio.Event().wait())
            return service

        async def stop(self) -> None:
            self.work.cancel()
            await self.group.__aexit__(None, None, None)

    async with equipment(Grouped) as gear:
        await gear.start(None)
    assert gear.service_status == {"grouped": ServiceStatus.STOPPED}
