"""Text as people write it, also where the database cannot hold every character of it."""

from __future__ import annotations

import re

import sqlalchemy as sa

_NUL, _STANDS_IN = "\0", "\x1a"
"""PostgreSQL refuses NUL. SUBSTITUTE stands in for it, and two of them for one of its own."""

_BACK = re.compile(_STANDS_IN + "(.?)", re.DOTALL)


class _Escaped(sa.types.TypeDecorator[str]):
    """Nothing is lost and nothing else is changed; text without these two passes untouched."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        if value is None or (_NUL not in value and _STANDS_IN not in value):
            return value
        return value.replace(_STANDS_IN, _STANDS_IN * 2).replace(_NUL, _STANDS_IN + "0")

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        if value is None or _STANDS_IN not in value:
            return value
        return _BACK.sub(lambda found: _NUL if found[1] == "0" else _STANDS_IN, value)


Text = sa.Text().with_variant(_Escaped(), "postgresql")
