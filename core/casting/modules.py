"""A character from Python: what a module calls `character`, as an object, a model or a function."""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from core.character import Character
from core.errors import BadInput, Finding

_NAMES = ("character", "default")


@dataclass(frozen=True, slots=True)
class Module:
    """Something that can be imported by its name, and what of it is meant."""

    name: str
    attribute: str = ""

    def __str__(self) -> str:
        return f"{self.name}:{self.attribute}"


def exported(place: Module | Path) -> Mapping[Any, Any]:
    """The data of a module's character; raises BadInput. A file runs anew each time."""
    where = str(place) if isinstance(place, Module) else place.as_posix()
    attribute = place.attribute if isinstance(place, Module) else ""
    try:
        module = _run(place) if isinstance(place, Path) else importlib.import_module(place.name)
        given = _chosen(module, attribute, where)
        if inspect.isfunction(given) or inspect.isbuiltin(given):
            given = given()
    except BadInput:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the wall around an author's module
        raise BadInput(_told(error, where)) from None
    if isinstance(given, Character):
        return {**given.to_file(), "templates": given.templates}
    if isinstance(given, Mapping):
        return given
    if inspect.iscoroutine(given):
        given.close()
    what = f"gives something of type {type(given).__name__} for its character"
    raise BadInput(Finding(where, what, "An object such as {'name': ..., 'bio': ...}"))


class _Anew(SourceFileLoader):
    """Takes nothing that was compiled before: Python tells that by its second and size alone."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def _run(file: Path) -> ModuleType:
    name = f"troupe_character_{file.stem}_{sha256(str(file.resolve()).encode()).hexdigest()[:8]}"
    spec = spec_from_file_location(name, file, loader=_Anew(name, str(file)))
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = module_from_spec(spec)
    sys.modules[name] = module  # before it runs: dataclasses and annotations look there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _chosen(module: ModuleType, attribute: str, where: str) -> Any:
    for name in (attribute,) if attribute else _NAMES:
        if hasattr(module, name):
            return getattr(module, name)
    wanted = attribute or _NAMES[0]
    raise BadInput(Finding(where, f"has no {wanted} in it", f"{wanted} = {{'name': ..., ...}}"))


def _told(error: BaseException, where: str) -> Finding:
    """What went wrong and where, without the error's own words: they may quote a secret."""
    if isinstance(error, SyntaxError):
        return Finding(f"{where}:{error.lineno or 1}", "is not Python", "Try python -m py_compile")
    if isinstance(error, ModuleNotFoundError):
        return Finding(where, f"needs the module {error.name}, which is not there")
    frames = traceback.extract_tb(error.__traceback__)
    line = next((one.lineno for one in reversed(frames) if Path(one.filename).name in where), None)
    place = f"{where}:{line}" if line else where
    return Finding(place, f"fails with {type(error).__name__} while it is imported")
