"""Standard and own roles; what came into the product since a company was set up is granted to its standard roles

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Code: name, Chinese name, scope. Made where a company has no such role yet.
ROLES = {
    "sales_manager": ("Sales manager", "销售主管", "team"),
    "service": ("Service", "客服", "all"),
    "marketing": ("Marketing", "市场", "all"),
}
_READ = "home.read customers.read products.read stock.read orders.read invoices.read payments.read api.use"
_SALES = f"""{_READ} customers.write activities.write opportunities.read opportunities.write quotations.read
    quotations.write orders.write orders.confirm orders.cancel"""
_EVERYBODY = "approvals.read exports.create"
_SALES_MASKS = "phones.read emails.read"
_FINANCE = "banks.write phones.unmask emails.unmask costs.read margins.read bank_details.read invoices.write_off"
# What each standard role gains.
GRANTS = {
    "sales": f"{_EVERYBODY} {_SALES_MASKS}",
    "sales_manager": f"{_SALES} {_EVERYBODY} {_SALES_MASKS} customers.assign costs.unmask margins.unmask",
    "service": f"{_READ} {_EVERYBODY} {_SALES_MASKS} activities.write",
    "marketing": f"""{_EVERYBODY} home.read api.use customers.read opportunities.read products.read phones.unmask
        emails.unmask""",
    "warehouse": f"{_EVERYBODY} phones.unmask",
    "finance": f"{_EVERYBODY} {_FINANCE}",
    "manager": f"{_EVERYBODY} {_SALES_MASKS} {_FINANCE} customers.assign costs.unmask margins.unmask",
    "admin": f"""{_EVERYBODY} {_SALES_MASKS} {_FINANCE} customers.assign users.view_as approvals.rules phones.unmask
        emails.unmask costs.unmask margins.unmask bank_details.unmask""",
}


def upgrade() -> None:
    op.add_column("role", sa.Column("is_standard", sa.Boolean, nullable=False, server_default="true"))
    op.alter_column("role", "is_standard", server_default=None)
    op.add_column("role", sa.Column("version", sa.BigInteger, nullable=False, server_default="1"))
    op.alter_column("role", "version", server_default=None)
    connection = op.get_bind()
    # Only where a company exists: its set-up makes the roles of a new one.
    for code, (name, name_zh, row_scope) in ROLES.items():
        connection.execute(
            sa.text(
                "INSERT INTO role (id, code, name, name_zh, permissions, row_scope, is_standard, version) "
                "SELECT nextval('id_seq'), :code, :name, :name_zh, '{}', :scope, true, 1 "
                "WHERE EXISTS (SELECT FROM company) ON CONFLICT (code) DO NOTHING"
            ),
            {"code": code, "name": name, "name_zh": name_zh, "scope": row_scope},
        )
    for code, permissions in GRANTS.items():
        connection.execute(
            sa.text(
                "UPDATE role SET permissions = ARRAY(SELECT DISTINCT granted FROM "
                "unnest(permissions::text[] || CAST(:granted AS text[])) AS granted ORDER BY granted) WHERE code = :code"
            ),
            {"code": code, "granted": permissions.split()},
        )


def downgrade() -> None:
    # What was granted stays: a role may have been given it by hand.
    op.drop_column("role", "version")
    op.drop_column("role", "is_standard")
