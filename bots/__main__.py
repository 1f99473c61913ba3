"""`python -m bots` and the command `troupe`."""

from __future__ import annotations

import sys


def main() -> None:
    """Reads the command line before anything heavy is imported."""
    from bots.cli import command

    sys.exit(command(sys.argv[1:]))


if __name__ == "__main__":
    main()
