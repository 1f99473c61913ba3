"""What became of a transaction whose COMMIT nobody answered, on PostgreSQL; also after a crash.

The server knows by a transaction's number. But one that crashes before a number is on its disk
gives that number to somebody else, in whatever database of its: then only rows can tell.
"""

from __future__ import annotations

from typing import Any, Final

from core.store import tables
from core.store.complaints import Away

BEGIN: Final = "BEGIN; SELECT pg_current_xact_id()::text"
_NEVER_GIVEN = "22023"
"""A number of the future: the server has crashed, and has given it to nobody since."""
_ANEW = "SELECT stats_reset::text FROM pg_stat_bgwriter"
"""Counted from anew by every crash, of one process or of all, and not by an orderly restart."""


def counted_since(raw: Any) -> str:
    """Of a connection: another answer than before says that the server has crashed meanwhile."""
    return str(raw.execute(_ANEW).fetchone()[0])


def was_kept(raw: Any, number: str, since: str) -> bool:
    """Whether transaction `number` was, of a connection that was told `since` when it was made.

    Raises Away while the server itself does not know.
    """
    try:
        (status,) = raw.execute("SELECT pg_xact_status(%s::xid8)", (number,)).fetchone()
    except Exception as error:
        if getattr(error, "sqlstate", None) == _NEVER_GIVEN:
            return False
        raise
    if status == "in progress" and counted_since(raw) == since:
        raise Away("the database server has not ended it yet")
    if counted_since(raw) == since:
        return bool(status == "committed")
    # It may be somebody else's by now. One that has only deleted comes again, and finds nothing.
    asked = " UNION ALL ".join(
        f'(SELECT 1 FROM "{name}" WHERE xmin = %(number)s::xid8::xid LIMIT 1)'
        for name in tables.metadata.tables
    )
    return raw.execute(asked, {"number": number}).fetchone() is not None
