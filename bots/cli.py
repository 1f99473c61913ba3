"""The command line and its exit codes: 0 stopped, 2 bad input, 75 already running."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from bots.lock import hold
from core.clock import SystemClock
from core.errors import AlreadyRunning, BadInput
from core.settings.layers import Environment, Settings

STOPPED, BAD_INPUT, ALREADY_RUNNING = 0, 2, 75
"""75 is EX_TEMPFAIL of sysexits.h: the same command may work later."""


def command(arguments: Sequence[str]) -> int:
    """Do what the line says; the exit code."""
    asked = _parser().parse_args(arguments)
    try:
        environment = Environment.capture(Path(".env"))
        if asked.do == "check":
            return _check(asked.character, environment, online=asked.online)
        if asked.do == "costs":
            return _costs(asked, environment)
        if asked.do == "import":
            return _import(asked)
        if asked.do == "export":
            return _export(asked)
        if asked.do == "knowledge":
            return _knowledge(asked, environment)
        if asked.do == "memory":
            return _memory(asked, environment)
        if asked.do == "pair":
            return _pair(asked, environment)
        if asked.do == "bots":
            return _bots(asked, environment)
        data = Path(Settings(environment).text("TROUPE_DATA_DIR", "data"))
        with hold(data):
            # From here on it may take a while: everything heavy is imported now.
            from bots.running import run

            run(
                asked.character,
                environment,
                data,
                on_stage=asked.do == "stage",
                with_model=getattr(asked, "model", False),
            )
    except AlreadyRunning as error:
        print(f"troupe: {error}", file=sys.stderr)  # noqa: T201  (a command's answer)
        return ALREADY_RUNNING
    except BadInput as error:
        for finding in error.findings:
            print(f"troupe: {finding}", file=sys.stderr)  # noqa: T201  (a command's answer)
        return BAD_INPUT
    return STOPPED


def _check(named: Sequence[str], environment: Environment, *, online: bool) -> int:
    """One line a finding."""
    if online:
        from bots.online import check_online

        found = check_online(named, environment)
    else:
        from bots.checks import check

        found = check(named, environment)
    for one in found:
        print(f"{one.severity}: {one}")  # noqa: T201  (a command's answer)
    if all(one.severity == "note" for one in found):
        print("All is well.")  # noqa: T201  (a command's answer)
    return BAD_INPUT if any(one.severity == "error" for one in found) else STOPPED


def _costs(asked: argparse.Namespace, environment: Environment) -> int:
    from bots.costs import Asked, costs, since

    now = SystemClock().now()
    wanted = Asked(
        by=asked.by,
        since=since(asked.since, now) if asked.since else None,
        character=asked.character,
        names=asked.names,
        on_stage=asked.stage,
    )
    for line in costs(wanted, environment):
        print(line)  # noqa: T201  (a command's answer)
    return STOPPED


def _import(asked: argparse.Namespace) -> int:
    from bots.importing import imported

    failed = False
    for told in imported(asked.file, asked.out, force=asked.force, trust=asked.trust):
        failed |= told.failed
        for line in told.lines:
            shown = f"troupe: {line}" if told.failed else line
            print(shown, file=sys.stderr if told.failed else sys.stdout)
    return BAD_INPUT if failed else STOPPED


def _export(asked: argparse.Namespace) -> int:
    from bots.exporting import Export, exported

    wanted = Export(asked.character, asked.to, asked.spec, asked.picture, asked.bare, asked.force)
    for line in exported(wanted, now=int(SystemClock().now().timestamp())):
        print(line)  # noqa: T201  (a command's answer)
    return STOPPED


def _knowledge(asked: argparse.Namespace, environment: Environment) -> int:
    from rich.console import Console

    from bots.knowing import House, added, removed, told

    house = House.at(environment, on_stage=asked.stage)
    console = Console(stderr=True)
    match asked.what:
        case "list":
            lines = told(house, asked.character)
        case "add":
            lines = added(house, asked.file, "" if asked.shared else asked.character, console)
        case _:
            lines = removed(house, asked.document, asked.character, console)
    for line in lines:
        print(line)  # noqa: T201  (a command's answer)
    return STOPPED


def _memory(asked: argparse.Namespace, environment: Environment) -> int:
    from rich.console import Console

    from bots.knowing import House
    from bots.remembering import Sought, forgotten, handed_out, searched, shown

    def sure(question: str) -> bool:
        if asked.yes or not sys.stdin.isatty():
            return bool(asked.yes)
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")

    house = House.at(environment, on_stage=asked.stage)
    console = Console(stderr=True)
    given = ("words", "memory", "character", "person", "room")
    sought = Sought(**{name: getattr(asked, name, "") or "" for name in given})
    match asked.what:
        case "search":
            lines = searched(house, sought, console)
        case "show":
            lines = shown(house, sought)
        case "forget":
            lines = forgotten(house, sought, sure, console)
        case _:
            lines = handed_out(house, sought, asked.out, console)
    for line in lines:
        print(line)  # noqa: T201  (a command's answer)
    return STOPPED


def _pair(asked: argparse.Namespace, environment: Environment) -> int:
    from bots.knowing import House
    from bots.letting_in import decided, listed

    house = House.at(environment, on_stage=asked.stage)
    if asked.what == "list":
        lines = listed(house, asked.character)
    else:
        lines = decided(house, asked.what, asked.whom, asked.character)
    for line in lines:
        print(line)  # noqa: T201  (a command's answer)
    return STOPPED


def _bots(asked: argparse.Namespace, environment: Environment) -> int:
    from bots.knowing import House
    from bots.made_bots import listed, removed, rotated

    house = House.at(environment)
    match asked.what:
        case "list":
            lines = listed(house)
        case "remove":
            lines = removed(house, asked.name)
        case _:
            lines = rotated(house, asked.name)
    for line in lines:
        print(line)  # noqa: T201  (a command's answer)
    return STOPPED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="troupe", description="Many AI characters in your chats, from one process."
    )
    parser.add_argument("--version", action="version", version=f"troupe {version('troupe')}")
    does = parser.add_subparsers(
        dest="do",
        required=True,
        metavar="run|stage|check|costs|import|export|knowledge|memory|pair|bots",
    )

    run = does.add_parser(
        "run", help="start the gateway; with no token anywhere, on the local stage"
    )
    stage = does.add_parser(
        "stage", help="start the gateway on the local stage, whatever tokens are set"
    )
    stage.add_argument(
        "--model", action="store_true", help="let the configured model speak, not the offline one"
    )
    check = does.add_parser("check", help="look everything over without connecting anywhere")
    check.add_argument(
        "--online", action="store_true", help="log every bot in, and ask its platform about it"
    )
    for one in (run, stage, check):
        one.add_argument(
            "--character",
            action="extend",
            nargs="+",
            default=[],
            metavar="FILE",
            help="character files or names; several with spaces or commas (default: characters/)",
        )
    _costs_parser(
        does.add_parser("costs", help="tell what model calls have cost, from what is written down")
    )
    _import_parser(does.add_parser("import", help="make character files of character cards"))
    _export_parser(does.add_parser("export", help="write a character as a character card"))
    _knowledge_parser(
        does.add_parser("knowledge", help="tell and change which documents characters know")
    )
    _memory_parser(
        does.add_parser("memory", help="look into what characters remember, and forget people")
    )
    _pair_parser(does.add_parser("pair", help="tell who wants to talk to whom, and let them in"))
    _bots_parser(
        does.add_parser("bots", help="tell who was given a bot by /newbot, and change that")
    )
    return parser


def _bots_parser(parser: argparse.ArgumentParser) -> None:
    does = parser.add_subparsers(dest="what", required=True, metavar="list|remove|rotate")
    does.add_parser("list", help="who has one, and whose bot looks after it")
    remove = does.add_parser("remove", help="forget a bot and its token")
    rotate = does.add_parser("rotate", help="have its token replaced; the old one is worth nothing")
    for one in (remove, rotate):
        one.add_argument("name", metavar="NAME", help="the character's, or the bot's username")


def _pair_parser(parser: argparse.ArgumentParser) -> None:
    does = parser.add_subparsers(dest="what", required=True, metavar="list|allow|deny|remove")
    show = does.add_parser("list", help="who waits with a code, was let in or is kept out")
    allow = does.add_parser("allow", help="let in whoever was told this code")
    deny = does.add_parser("deny", help="tell whoever has this code nothing any more")
    remove = does.add_parser("remove", help="make somebody a stranger again")
    for one in (allow, deny):
        one.add_argument("whom", metavar="CODE")
    remove.add_argument("whom", metavar="PERSON", help="a name, or an id on the platform")
    for one in (show, allow, deny, remove):
        one.add_argument("--character", metavar="NAME", default="", help="of one character alone")
        one.add_argument("--stage", action="store_true", help="on the local stage")


def _memory_parser(parser: argparse.ArgumentParser) -> None:
    does = parser.add_subparsers(dest="what", required=True, metavar="search|show|forget|export")
    search = does.add_parser("search", help="what was said or is known, by its words")
    search.add_argument("words", metavar="WORDS")
    show = does.add_parser("show", help="one memory, or the newest of a room or a person")
    which = show.add_mutually_exclusive_group(required=True)
    which.add_argument("memory", nargs="?", metavar="ID")
    which.add_argument("--room", metavar="ID")
    which.add_argument("--person", metavar="WHO")
    forget = does.add_parser("forget", help="erase a person, as /forget me does")
    forget.add_argument("--yes", action="store_true", help="do not ask before")
    export = does.add_parser("export", help="everything of a person's, as /export me gives it")
    export.add_argument(
        "--out", type=Path, metavar="FILE", help="a new file for it (default: the terminal)"
    )
    search.add_argument("--person", metavar="WHO", help="what this person has said or is known of")
    for one in (forget, export):
        one.add_argument(
            "--person", metavar="WHO", required=True, help="a name, or an id here or there"
        )
    for one in (search, show, forget, export):
        one.add_argument("--character", metavar="NAME", default="", help="of one character alone")
        one.add_argument("--stage", action="store_true", help="on the local stage")


def _knowledge_parser(parser: argparse.ArgumentParser) -> None:
    does = parser.add_subparsers(dest="what", required=True, metavar="list|add|remove")
    show = does.add_parser("list", help="which documents are known, by whom and from where")
    add = does.add_parser("add", help="give copies of files to a character, or to all of them")
    add.add_argument("file", type=Path, nargs="+", metavar="FILE")
    whose = add.add_mutually_exclusive_group(required=True)
    whose.add_argument("--character", metavar="NAME", default="", help="who is to know them")
    whose.add_argument("--shared", action="store_true", help="all characters are to know them")
    remove = does.add_parser("remove", help="have a document forgotten")
    remove.add_argument("document", metavar="DOCUMENT", help="its title, file name or id")
    for one in (show, remove):
        one.add_argument("--character", metavar="NAME", default="", help="of one character alone")
    for one in (show, add, remove):
        one.add_argument("--stage", action="store_true", help="on the local stage")


def _import_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, nargs="+", metavar="FILE", help="PNG, JSON or CHARX; a folder: all in it"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("characters"), metavar="DIR", help="default: characters"
    )
    parser.add_argument("--force", action="store_true", help="write over files that are there")
    parser.add_argument(
        "--trust",
        action="store_true",
        help="of a card that was exported here: take its plugins, settings and knowledge, too",
    )


def _export_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("character", metavar="CHARACTER", help="a name or a file")
    parser.add_argument(
        "--to", type=Path, required=True, metavar="FILE", help="ends in .png, .json or .charx"
    )
    parser.add_argument("--spec", choices=("v2", "v3"), help="default: v3")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="a PNG for the card")
    parser.add_argument(
        "--bare", action="store_true", help="leave out what only Troupe can read back"
    )
    parser.add_argument("--force", action="store_true", help="write over a file that is there")


def _costs_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--by", choices=("character", "person", "room", "model", "day"), default="character"
    )
    parser.add_argument(
        "--since", metavar="WHEN", help="7d, 12h, 2w, or a day such as 2026-11-01 (default: ever)"
    )
    parser.add_argument("--character", metavar="NAME", default="", help="of one character alone")
    parser.add_argument(
        "--names", action="store_true", help="tell the names of people and rooms as well"
    )
    parser.add_argument(
        "--stage", action="store_true", help="of the local stage instead of the real platforms"
    )
