"""The tree of failures, named by what we do about them.

TroupeError
├── BadInput              a file, setting or command is wrong: tell the person, exit 2 or keep the old
├── AlreadyRunning        another process holds the data directory: exit 75
├── LinkRejected          the platform refuses the token: stop this link, say so, try nothing more
├── LinkLost              the platform is away: try again, later and later
├── Unreadable            one update cannot be understood: dead letter, go on
├── SendFailed
│   ├── Throttled         wait exactly as long as the platform said
│   ├── Unsendable        it will never arrive (blocked, deleted): close the row, go on
│   ├── Moved             the room has a new address: rewrite, then send
│   ├── SendDelayed       it certainly did not arrive: again, later
│   └── SendUncertain     nobody knows whether it arrived: the ledger's policy decides
├── CannotJoin            a voice channel is closed to us, full or gone: say so, stay where we are
├── FetchFailed           a file of somebody's cannot be had: the message goes on without it
├── StoreUnavailable      database full, locked or away: wait and repeat, confirm nothing meanwhile
└── ModelError
    ├── ModelUnavailable  overloaded, unreachable: the next in the chain may do it
    │   └── ModelTooSlow  its time has passed; where it had begun, nobody waits for more of that
    └── ModelRejected     a wrong key or request: the next in the chain would be refused as well
"""

from __future__ import annotations

from dataclasses import dataclass


class TroupeError(Exception):
    """Everything we raise on purpose. Texts are ours and never hold a secret."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: where, what, and how to mend it."""

    where: str
    what: str
    mend: str = ""

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        return f"{line}. {self.mend}" if self.mend else line


class BadInput(TroupeError):
    """What a person wrote cannot be used; carries every finding, not only the first."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = findings


class AlreadyRunning(TroupeError):
    """Another process holds the data directory."""


class LinkRejected(TroupeError):
    """The platform refuses this account."""


class LinkLost(TroupeError):
    """The platform cannot be reached; `pause` is the shortest sensible wait in seconds."""

    def __init__(self, reason: str, *, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.pause = pause


class Unreadable(TroupeError):
    """One stored update cannot be turned into an Inbound."""


class SendFailed(TroupeError):
    """A delivery did not go through; the subclass says what to do."""


class Throttled(SendFailed):
    def __init__(self, seconds: float) -> None:
        super().__init__(f"the platform asks for {seconds:g} s of silence")
        self.seconds = seconds


class Unsendable(SendFailed):
    """Blocked, kicked, deleted or refused: repeating cannot help."""


class Moved(SendFailed):
    """The room lives at a new address now."""

    def __init__(self, room: str) -> None:
        super().__init__("the room has moved")
        self.room = room


class SendDelayed(SendFailed):
    """The platform surely did not take it; safe to repeat."""


class SendUncertain(SendFailed):
    """The line broke after we had sent; it may or may not have arrived."""


class CannotJoin(TroupeError):
    """A voice channel cannot be gone into; the text is for people."""


class FetchFailed(TroupeError):
    """The bytes of an attachment cannot be had: gone, too large, or its platform is away."""


class StoreUnavailable(TroupeError):
    """The database cannot take a write now; nothing of it was kept."""


class ModelError(TroupeError):
    """A model gave no usable answer."""


class ModelUnavailable(ModelError):
    """`retry_after` in seconds when the provider named a time."""

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.begun = False
        """A part of the answer was given, and is paid for."""


class ModelTooSlow(ModelUnavailable):
    """The time for its answer has passed."""


class ModelRejected(ModelError):
    """The provider refuses the key, the model name or the request itself."""
