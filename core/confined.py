"""What a child process of ours does to itself first, so that one made to do harm harms nobody else."""

from __future__ import annotations

from contextlib import suppress

_FILES = 32


def limit(memory: int) -> None:
    """Of the child, by itself: bytes of memory, no file written, few opened.

    Where the system can limit a process: Windows cannot.
    """
    try:
        import resource
    except ImportError:
        return
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):  # it is narrower already
            resource.setrlimit(what, (most, most))
