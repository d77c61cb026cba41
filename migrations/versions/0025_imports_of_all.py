"""Managers see what everybody brings in from files

Revision ID: 0025
Revises: 0023
"""

from alembic import op

revision = "0025"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "UPDATE role SET permissions = array_append(permissions, 'imports.read_all') "
        "WHERE code IN ('manager', 'admin') AND NOT 'imports.read_all' = ANY (permissions)"
    )


def downgrade() -> None:
    op.execute("UPDATE role SET permissions = array_remove(permissions, 'imports.read_all')")
