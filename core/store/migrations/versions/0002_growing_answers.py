"""Answers that are on show while they grow count among the open deliveries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_OPEN = sa.text("status IN ('pending', 'sending', 'uncertain', 'growing')")


def upgrade() -> None:
    op.drop_index("ix_deliveries_open", "deliveries")
    op.create_index(
        "ix_deliveries_open",
        "deliveries",
        ["account", "seq"],
        unique=False,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
