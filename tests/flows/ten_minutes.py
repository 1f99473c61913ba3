"""Ten minutes on the server of a small theatre; `python -m tests.flows.ten_minutes write` renews
tests/golden/server.txt, which a person then reads."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

from bots.sandbox.world import Message
from tests.flows.on_discord import rows
from tests.flows.talk import until
from tests.flows.ten_minutes_house import Killed, Theatre, theatre

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "server.txt"
PROPS = b"Props of The Lighthouse\n- one lantern\n- one rope\n- two oars\n"


async def played(here: Theatre) -> None:
    """The whole evening, in three acts: the second process knows what the first one did."""
    async with here.process():
        await beginnings(here)
        await what_people_do(here)
        await two_of_them(here)
        await the_line(here)
        await killed_while_she_thinks(here)
    await nobody_listens(here)
    async with here.process():
        await risen_again(here)
        await the_house_is_kept(here)
        await good_night(here)


async def beginnings(here: Theatre) -> None:
    maya, jonas, rex, room = here.maya, here.jonas, here.rex, here.rehearsals
    here.at("00:00")
    await here.says(maya, room, "Evening, everybody. Twelve days until we light the lamp.")
    here.at("00:20")
    (missing,) = await here.says(maya, room, "Wren, what is still missing?", "Wren")
    here.at("00:40")
    lantern = here.told(jonas, room, "My uncle has a lantern. It smokes a bit.")
    await here.settled()
    here.at("00:50")
    maya.reacts(lantern, "🔥")
    jonas.reacts(missing, "👍")
    await here.happened("reaction", 2)
    here.at("01:00")
    (answer,) = await here.says(jonas, room, "Wren, are we here on Tuesday at six?", "Wren")
    here.at("01:20")
    jonas.edits(here.said[-1], "Wren, are we here on Tuesday at seven?")
    await until(lambda: "seven" in room.messages[answer.id].text)
    await here.settled()
    here.at("01:40")
    before = here.ids(room)
    here.stage.discord.invite(here.guild, rex)
    await here.answered(room, before, "Wren")
    here.at("01:55")
    await here.says(rex, room, "Thank you! Wren, I can play the gull.", "Wren")
    here.at("02:10")
    here.stage.discord.role(here.guild, "Cast", [rex])
    await here.happened("member", 2)


async def what_people_do(here: Theatre) -> None:
    """Commands, buttons, menus, forms, threads and files."""
    maya, jonas, room, bot = here.maya, here.jonas, here.rehearsals, here.bot
    here.at("02:30")
    question = {"question": "how long is the interval?"}
    await here.uses(lambda: jonas.uses(room, bot, "ask", **question))
    here.at("02:50")
    text = "Wren, propose evenings for the dress rehearsal, please."
    (evenings,) = await here.says(maya, room, text, "Wren")
    here.at("03:05")
    before, thursday = here.ids(room), button(evenings, "Thursday")
    await here.uses(lambda: maya.presses(evenings, thursday), lambda it: it.answered)
    await here.answered(room, before, "Wren")
    here.at("03:20")
    (parts,) = await here.says(jonas, room, "Wren, who plays what?", "Wren")
    here.at("03:35")
    before = here.ids(room)
    await here.uses(lambda: jonas.presses(parts, "part", values=["keeper"]), lambda it: it.answered)
    await here.answered(room, before, "Wren")
    here.at("03:50")
    lantern = next(one for one in here.said if "lantern" in one.text)
    thread = here.stage.discord.thread(room, "Props", jonas, message=lantern)
    here.at("04:00")
    before = here.ids(thread)
    caption = "Wren, is anything missing from this list?"
    here.said.append(jonas.sends(thread, "props.txt", PROPS, caption=caption))
    await here.answered(thread, before, "Wren")
    here.at("04:10")
    await here.says(jonas, thread, "And who could have one?", "Wren")
    here.at("04:20")
    menu = "Ask Wren about this"
    asked = await here.uses(
        lambda: maya.uses(room, bot, menu, target=lantern),
        lambda it: it.modal is not None,
        kept=False,
    )
    here.at("04:30")
    filled = {"question": "Is it safe on a wooden stage?"}
    await here.uses(lambda: maya.fills(asked, **filled))
    here.at("04:45")
    (answer,) = await here.says(jonas, room, "Wren, the code of the hall is 4711", "Wren")
    here.at("04:55")
    jonas.deletes(here.said[-1])
    await until(lambda: room.messages[answer.id].deleted)
    await here.settled()
    here.at("05:05")
    here.told(jonas, room, "Wren, did Maya like my audition?")
    await here.lines.cue("did Maya like").hung.wait()
    here.at("05:15")
    jonas.deletes(here.said[-1])
    await here.settled()


async def two_of_them(here: Theatre) -> None:
    """A face speaks; and two who would go on for ever do not."""
    maya, jonas, room = here.maya, here.jonas, here.rehearsals
    here.at("05:30")
    await here.says(maya, room, "Barnaby, how is the house tonight?", "Barnaby")
    here.at("05:45")
    back_and_forth = ("Wren", "Barnaby", "Wren", "Barnaby")
    await here.says(jonas, room, "Wren, ask our ghost whether the lamp is lit.", *back_and_forth)
    await until(lambda: any(row["rule"] == "hops" for row in rows(here.play, "inbox")))
    await here.settled()


async def the_line(here: Theatre) -> None:
    """It breaks and is taken up again; then it breaks for good, and the gap is read back."""
    maya, jonas, room, gateway = here.maya, here.jonas, here.rehearsals, here.stage.discord.gateway
    here.at("06:15")
    was = gateway.sessions(here.bot)
    identified, resumed = was.identifies, was.resumes
    here.chronicle.note("the line to Wren's bot breaks")
    gateway.drop(here.bot)
    await here.says(jonas, room, "Wren, are you still with us?", "Wren")
    now = gateway.sessions(here.bot)
    assert (now.identifies, now.resumes) == (identified, resumed + 1)
    here.chronicle.note("its session was resumed")
    here.at("06:35")
    here.chronicle.note("the line to Wren's bot breaks, and its session is forgotten")
    gateway.refuse()
    gateway.invalidate(here.bot)
    gateway.drop(here.bot)
    here.at("06:45")
    before = here.ids(room)
    here.told(maya, room, "I have the gull costume in my car.")
    here.told(jonas, room, "Wren, where is the gull costume?")
    here.at("07:05")
    gateway.refuse(False)
    await here.answered(room, before, "Wren")
    now = gateway.sessions(here.bot)
    assert (now.identifies, now.resumes) == (identified + 1, resumed + 1)
    here.chronicle.note("it had a new session, and read back what it had missed")


async def killed_while_she_thinks(here: Theatre) -> None:
    here.at("07:20")
    here.told(here.jonas, here.rehearsals, "Wren, read us the order of the first act.")
    await here.lines.cue("read us the order").hung.wait()
    here.chronicle.note("the gateway is killed while she thinks")
    raise Killed


async def nobody_listens(here: Theatre) -> None:
    here.at("07:35")
    here.told(here.maya, here.rehearsals, "I sweep the stage until she is back.")
    here.at("07:45")
    here.chronicle.note("another gateway is started over the same data")


async def risen_again(here: Theatre) -> None:
    room = here.rehearsals
    await until(lambda: any("applause" in one.text for one in here.stage.messages(room)))
    await here.settled()


async def the_house_is_kept(here: Theatre) -> None:
    """What an owner does: settings, a purge, putting somebody out."""
    maya, rex, room, sales = here.maya, here.rex, here.rehearsals, here.box_office
    here.at("08:05")
    await here.uses(
        lambda: maya.completes(room, here.bot, "settings", "name", name="st"),
        lambda it: it.choices is not None,
        kept=False,
    )
    here.at("08:10")
    style = {"name": "style", "value": "as short as a telegram"}
    await here.uses(lambda: maya.uses(room, here.bot, "settings", **style))
    here.at("08:25")
    await here.uses(lambda: maya.uses(room, here.bot, "summarize", messages=50))
    here.at("08:45")
    for seat in ("the stalls", "the circle", "the roof"):
        here.told(rex, sales, f"TICKETS for {seat}, half price, only from me!!!")
    (answer,) = await here.says(rex, sales, "Wren, tell them all! TICKETS from Rex!", "Wren")
    here.at("09:00")
    maya.purges(*here.said[-4:], answer)
    here.at("09:05")
    maya.removes(sales, rex)
    await here.happened("member", 3)


async def good_night(here: Theatre) -> None:
    maya, jonas, room, bot = here.maya, here.jonas, here.rehearsals, here.bot
    here.at("09:20")
    hers = [one for one in here.stage.messages(room) if one.spoken_as == "Wren"]
    order = next(one for one in hers if "applause" in one.text)
    await here.uses(lambda: maya.uses(room, bot, "Why?", target=order))
    here.at("09:28")
    props = next(one for one in here.guild.channels.values() if one.title == "Props")
    await here.uses(lambda: jonas.uses(props, bot, "why"))
    here.at("09:35")
    dm = here.stage.discord.dm(jonas, bot)
    await here.says(jonas, dm, "Between us: will I be good?", "Wren")
    here.at("10:00")
    await here.says(maya, room, "Good night, all.")


def button(said: Message, label: str) -> str:
    """What a button sends."""
    every: list[dict[str, Any]] = [
        one for line in said.more["components"] for one in line["components"]
    ]
    (found,) = [one["custom_id"] for one in every if one["label"] == label]
    return str(found)


async def _write() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with theatre(Path(folder)) as here:
            await played(here)
    if here.lines.surprises:
        sys.exit("\n".join(("nobody has written these lines:", *here.lines.surprises)))
    GOLDEN.write_text(here.chronicle.text, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] != ["write"]:
        sys.exit("usage: python -m tests.flows.ten_minutes write")
    asyncio.run(_write())
    print("written; now read it")
