"""A message of ours leads to the turn that said it, also among many."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_SENT = sa.text("platform_message_id IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_deliveries_platform_message_id",
        "deliveries",
        ["platform_message_id"],
        sqlite_where=_SENT,
        postgresql_where=_SENT,
    )
