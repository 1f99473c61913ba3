"""TIME: what day it is and what o'clock, in UTC."""

from __future__ import annotations

from core.state import Provider, Scene, Section

# Not strftime: its names follow the machine's language.
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def _get(scene: Scene) -> Section:
    now = scene.now
    text = (
        f"{_DAYS[now.weekday()]}, {now.day} {_MONTHS[now.month - 1]} {now.year}, "
        f"{now.hour:02}:{now.minute:02} UTC"
    )
    return Section("TIME", f"It is {text}.", 0, {"time": text})


now = Provider("TIME", 0, _get, builds=False)
