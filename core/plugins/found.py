"""Where the name of a plugin leads: what is built in, an entry point, a file, a module."""

from __future__ import annotations

import re
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from core.errors import BadInput
from core.events import where
from core.secrets import taught

GROUP = "troupe.plugins"

BUILT_IN: Mapping[str, str] = MappingProxyType(
    {
        "bootstrap": "the runtime itself",
        "discord": "a platform",
        "telegram": "a platform",
        "sql": "the database",
        "sqlite": "the database",
        "postgres": "the database",
        "openai": "models, by OPENAI_API_KEY",
        "openrouter": "models, by OPENROUTER_API_KEY",
        "groq": "models, by GROQ_API_KEY",
        "anthropic": "models, by ANTHROPIC_API_KEY",
        "google-genai": "models, by GOOGLE_GENERATIVE_AI_API_KEY",
        "ollama": "models on this machine",
        "local-ai": "models on this machine",
    }
)
"""elizaOS' plugins whose work is done here without one; by their short names."""

_SCOPED = re.compile(r"@([^/]+)/(.+)")
_PREFIX = re.compile(r"(?:troupe|eliza|elizaos)?[-_]?(?:plugin|client|adapter)[-_]")
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_locks: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)


class NotTaken(Exception):
    """What is wrong with a plugin, and how to mend it: one sentence each, ours."""

    def __init__(self, what: str, mend: str = "") -> None:
        super().__init__(what)
        self.mend = mend


@dataclass(frozen=True, slots=True)
class Place:
    """Something that can be imported; nothing of it has run."""

    bring: Callable[[], Any]
    module: str = ""
    file: Path | None = None


def short(name: str) -> str:
    """`@elizaos/plugin-weather`, `plugin-weather` and `weather` are one name (PL-04)."""
    scoped = _SCOPED.fullmatch(name.strip())
    bare = scoped[2] if scoped else name.strip()
    return _PREFIX.sub("", bare, count=1).lower() or bare.lower()


def built_in(name: str) -> str:
    """What does its work here; empty for a plugin of somebody else's."""
    scoped = _SCOPED.fullmatch(name.strip())
    if scoped and scoped[1].lower() not in ("elizaos", "elizaos-plugins", "ai16z"):
        return ""
    return BUILT_IN.get(short(name), "")


def locate(name: str, *, folder: Path, home: Path, allowed: Sequence[str] = ()) -> Place | None:
    """The place of a plugin that may be loaded; None where there is none of that name.

    `folder` is where the character's file lies, `home` the project's folder of plugins. Nothing
    allowed means: what is installed or lies in `home`. Raises NotTaken for anything else: a
    character's file may come from anywhere, and must not bring code along (PL-17).
    """
    place = _of_path(name, folder, home) if _is_path(name) else _of_name(name, home)
    if place is not None and not _may(name, place, home, allowed):
        raise NotTaken(
            "is not among the plugins that may be loaded",
            f"Where you trust it, add it to TROUPE_PLUGINS: {name}",
        )
    return place


def _of_name(name: str, home: Path) -> Place | None:
    for one in entry_points(group=GROUP):
        if short(one.name) == short(name):
            return Place(partial(_brought_by, one), module=one.value.partition(":")[0])
    for stem in dict.fromkeys((short(name), short(name).replace("-", "_"))):
        file = _file(home / stem)
        if file is not None:
            return Place(partial(_brought_from, file), file=file)
    module, _, attribute = name.partition(":")
    if ("." in module or attribute) and _MODULE.fullmatch(module):
        return Place(partial(_brought_of, module, attribute), module=module)
    return None


def _of_path(name: str, folder: Path, home: Path) -> Place | None:
    path, _, attribute = name.partition(".py:")
    given = Path(f"{path}.py" if attribute else name).expanduser()
    for base in (folder, Path(), home):
        file = _file(base / given)
        if file is not None:
            return Place(partial(_brought_from, file, attribute), file=file)
    return None


def _is_path(name: str) -> bool:
    return not name.startswith("@") and (
        name.startswith((".", "~")) or "/" in name or "\\" in name or name.endswith(".py")
    )


def _file(path: Path) -> Path | None:
    for file in (path, path.with_name(f"{path.name}.py"), path / "__init__.py"):
        if file.suffix == ".py" and file.is_file():
            return file.resolve()
    return None


def _may(name: str, place: Place, home: Path, allowed: Sequence[str]) -> bool:
    at_home = place.file is not None and place.file.is_relative_to(home.resolve())
    if not allowed:
        return at_home or place.file is None
    return any(_covers(one, name, place) for one in allowed)


def _covers(one: str, name: str, place: Place) -> bool:
    """Whether one entry of the list means this place: a file or folder, a name, a module."""
    if place.file is not None and (_is_path(one) or Path(one).is_dir()):
        base = Path(one) if Path(one).is_dir() else _file(Path(one))
        return base is not None and place.file.is_relative_to(base.resolve())
    if not _is_path(name) and short(one) == short(name):
        return True
    return bool(place.module) and f"{place.module}.".startswith(f"{one.partition(':')[0]}.")


# --- importing: code of others runs from here on ------------------------------------------------


def _brought_by(point: EntryPoint) -> Any:
    found = point.load()
    return plugin_in(found) if isinstance(found, ModuleType) else found


def _brought_of(name: str, attribute: str = "") -> Any:
    return plugin_in(import_module(name), attribute)


def _brought_from(file: Path, attribute: str = "") -> Any:
    """Once for the whole process, whoever else asks for it at the same time."""
    whole = file.name == "__init__.py"
    stem = file.parent.name if whole else file.stem
    name = f"troupe_plugin_{stem}_{sha256(str(file).encode()).hexdigest()[:8]}"
    with _locks[file]:
        module = sys.modules.get(name)
        if module is None:
            module = _run(name, file, whole)
    return plugin_in(module, attribute, stem)


def _run(name: str, file: Path, whole: bool) -> ModuleType:
    spec = spec_from_file_location(
        name, file, submodule_search_locations=[str(file.parent)] if whole else None
    )
    if spec is None or spec.loader is None:
        raise NotTaken("cannot be read as Python")
    module = module_from_spec(spec)
    sys.modules[name] = module  # before it runs: dataclasses and annotations look there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def plugin_in(module: ModuleType, attribute: str = "", stem: str = "") -> Any:
    """The plugin of a module: the one that is named, else `plugin`, else the only one there."""
    if attribute:
        if not hasattr(module, attribute):
            raise NotTaken(f"has no {attribute} in it")
        return getattr(module, attribute)
    stem = stem or module.__name__.rpartition(".")[2]
    for name in ("plugin", stem, "default"):
        one = getattr(module, name, None)
        if is_plugin(one) or (isinstance(one, Mapping) and "name" in one):
            return one
    there = {id(one): name for name, one in vars(module).items() if is_plugin(one)}
    if not there:
        raise NotTaken("holds no plugin", 'Make one in it: plugin = Plugin("...")')
    if len(there) > 1:
        names = _listed(there.values())
        raise NotTaken(f"holds several plugins: {names}", "Call the one that is meant `plugin`")
    return getattr(module, next(iter(there.values())))


def is_plugin(thing: Any) -> bool:
    return not isinstance(thing, type) and callable(getattr(thing, "pluggable", None))


def told(error: BaseException) -> str:
    """Kind, place and first words of an author's failure, with secrets masked.

    Only of code that runs before anybody has said anything.
    """
    if isinstance(error, BadInput):
        return "; ".join(map(str, error.findings))
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    first = taught.mask(str(error).strip().partition("\n")[0])[:200]
    return f"{where(error)}: {first}" if first else where(error)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
