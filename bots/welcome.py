"""What a person sees after the start: who plays where, and what is still missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from bots.discord.invite import invite
from bots.links import Off, PlannedLink
from bots.supervise import Health

_COLOURS = {"live": "green", "off": "dim", "rejected": "red", "retrying": "yellow"}


def show(
    links: Sequence[dict[str, Any]],
    health: Sequence[Health],
    off: Sequence[Off],
    port: int,
    on_stage: bool,
    planned: Sequence[PlannedLink] = (),
    console: Console | None = None,
) -> None:
    """A table of character x platform x state, then the lines to add and the address to open."""
    console = console or Console()
    handles = {(one.character, one.platform): one.handle for one in health}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Character", "Platform", "State", "As", ""):
        table.add_column(heading)
    for one in links:
        colour = _COLOURS.get(one["phase"], "default")
        handle = handles.get((one["character"], one["platform"]), "")
        table.add_row(
            one["character"],
            one["platform"],
            f"[{colour}]{one['phase']}[/]",
            handle,
            one["reason"],
        )
    console.print()
    console.print(table)
    for one_off in off:
        console.print(f"To start {one_off.character.name} there, add this line to .env:")
        console.print(f"  {one_off.line_to_add}", highlight=False, markup=False)
    if not on_stage:
        hosts = {link.host.account for link in planned if link.host is not None}
        for link in planned:
            if link.platform == "discord" and link.host is None:
                bot = link.account.partition(":")[2]
                application = link.settings.text("DISCORD_APPLICATION_ID") or bot
                address = invite(application, faces=link.account in hosts)
                console.print(f"To bring {link.character.name} into a Discord server, open:")
                console.print(f"  {address}", highlight=False, markup=False, soft_wrap=True)
    console.print()
    if on_stage:
        console.print(f"Open [bold]http://127.0.0.1:{port}/[/] and talk to them. Ctrl-C stops.")
    else:
        console.print(f"Health: http://127.0.0.1:{port}/ready   Ctrl-C stops.")
