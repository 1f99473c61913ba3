"""What PostgreSQL says, in our own words: its own may quote a password or people's words."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

from core.errors import Finding

_WHERE = "DATABASE_URL"

_PASSING = {
    "08": "the connection to the database server broke",
    "25006": "the database server takes no writes just now, it is a copy of another",
    "25P0": "the database server closed a transaction that took too long",
    "40001": "another program changed the same rows",
    "40P01": "another program waits for what we hold",
    "53100": "the disk of the database server is full",
    "53200": "the database server has no memory left",
    "53300": "the database server has too many connections",
    "53": "the database server has run out of something",
    "55P03": "another program holds a lock on the tables, they are locked",
    "57014": "a statement took too long on the database server",
    "57": "the database server is stopping or starting",
    "58": "the disk of the database server fails",
}
"""By the beginning of the SQLSTATE; the longest that fits counts. All of these pass."""

_BROKEN = "the connection to the database server broke"

_AWAY = (
    ("refused|no such file|does not exist.*socket", "nothing answers at its address"),
    ("timeout|timed out", "it does not answer in time"),
    ("resolve host|translate host|name or service", "its name cannot be resolved"),
    ("too many|remaining connection slots", "it has too many connections"),
    ("starting up|shutting down|recovery", "it is starting or stopping"),
)
_REFUSED = (
    (
        r'database ".*" does not exist',
        "there is no such database on that server",
        "Make it there (CREATE DATABASE), or correct the name at the end of the URL",
    ),
    (
        r'authentication failed|no password supplied|role ".*" does not exist|not permitted to log',
        "the server refuses this user or password",
        "Correct them; special characters of a password are written as %40 for @, %2F for /",
    ),
    (
        "permission denied for database",
        "this user may not enter that database",
        "GRANT CONNECT ON DATABASE to it",
    ),
    (
        "pg_hba.conf",
        "the server lets this user in from elsewhere, not from here",
        "Add a line for it to the server's pg_hba.conf, or ask for TLS with ?sslmode=require",
    ),
    (
        "certificate|does not support SSL|SSL error",
        "the server and we cannot agree on TLS",
        "See sslmode and sslrootcert in the manual of PostgreSQL",
    ),
    (
        "connection option|invalid .* value",
        "holds an option that PostgreSQL does not know",
        "Correct what follows the ? of the URL",
    ),
)


class Away(Exception):
    """The server cannot be reached now; the text is ours."""


class Refused(Exception):
    """The server does not let us in until a person has mended something."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.what)
        self.finding = finding


class Taken(Exception):
    """Another gateway writes in this database; the text names it."""


def of_connecting(error: Exception) -> Away | Refused:
    """libpq gives no code for a failed connection, only text.

    The error itself must be let go: it carries the password along.
    """
    text = str(error)
    for pattern, what, mend in _REFUSED:
        if re.search(pattern, text, re.IGNORECASE):
            return Refused(Finding(_WHERE, what, mend))
    for pattern, what in _AWAY:
        if re.search(pattern, text, re.IGNORECASE):
            return Away(f"the database server cannot be reached: {what}")
    return Away("the database server cannot be reached")


def of_preparing(error: sa.exc.DBAPIError) -> Refused | None:
    """What a person has to mend before tables can be made."""
    if getattr(error.orig, "sqlstate", None) not in ("42501", "3F000"):
        return None
    what = "this user may not make tables in that database"
    mend = "GRANT CREATE ON SCHEMA public to it, or make it the owner"
    return Refused(Finding(_WHERE, what, mend))


def trouble(error: BaseException) -> str:
    """In words when it will pass; empty for a bug."""
    if isinstance(error, Away | Refused | Taken):  # a password may be changed while we run
        return str(error)
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    state = getattr(cause, "sqlstate", None)
    if state:
        fits = [start for start in _PASSING if state.startswith(start)]
        return _PASSING[max(fits, key=len)] if fits else ""
    # A line that breaks has no code at all.
    return _BROKEN if type(cause).__name__ in ("OperationalError", "InterfaceError") else ""


def without_words(context: Any) -> None:
    """For SQLAlchemy's `handle_error`: name what was violated, not the row that did it."""
    said = getattr(context.original_exception, "diag", None)
    if said is None or context.sqlalchemy_exception is None:
        return
    names = (said.constraint_name, said.table_name, said.column_name)
    name = type(context.original_exception).__name__
    clean = " ".join(filter(None, (name, said.sqlstate, *names)))
    context.original_exception.args = (clean,)
    context.sqlalchemy_exception.args = (clean,)
