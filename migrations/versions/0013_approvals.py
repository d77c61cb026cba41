"""Approvals: rules, requests, decisions and deputies; write-offs

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KINDS = "'credit', 'discount', 'write_off', 'adjustment', 'reopening'"
# Never updated, never deleted.
IMMUTABLE = ("approval_request_step", "approval_decision", "write_off")
# Never deleted.
KEPT = ("approval_request", "approval_delegation")
# What of a request never changes: what was asked, by whom, and how much it was.
FROZEN = """kind, action, arguments, arguments_digest, subject_type, subject_id, subject_label, customer_id, measure,
    threshold, currency, reason, requested_by_id, created_at, expires_at"""

FUNCTIONS = """
-- These run as the owner of the tables: whether somebody may decide does not depend on what the one who asks may see.
CREATE FUNCTION sees_customer(user_id bigint, customer_id bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    -- The planner reads the arrays too, when it guesses at rows: so `all` must be read as none.
    SELECT seen.viewer = 'all' OR EXISTS (
           SELECT FROM customer WHERE customer.id = $2
              AND (customer.owner_id = ANY (
                       CASE WHEN seen.viewer LIKE '{%' THEN split_part(seen.viewer, '|', 1)::bigint[] ELSE '{}' END)
                   OR customer.id = ANY (
                       CASE WHEN seen.viewer LIKE '{%' THEN split_part(seen.viewer, '|', 2)::bigint[] ELSE '{}' END)))
      FROM (SELECT viewer_of($1) AS viewer) AS seen
$$;

-- Whether a person fits a step: has its role or is the one it names, is still here, and sees the customer.
CREATE FUNCTION may_approve(user_id bigint, role_id bigint, person_id bigint, customer_id bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT CASE WHEN $3 IS NOT NULL THEN $1 = $3
                ELSE EXISTS (SELECT FROM user_role AS held WHERE held.user_id = $1 AND held.role_id = $2) END
       AND EXISTS (SELECT FROM app_user WHERE app_user.id = $1 AND app_user.is_active)
       AND EXISTS (SELECT FROM user_role AS held JOIN role ON role.id = held.role_id
                    WHERE held.user_id = $1 AND 'approvals.read' = ANY (role.permissions))
       AND ($4 IS NULL OR sees_customer($1, $4))
$$;

-- In whose right a person may decide the step that a request waits for: his own, or of somebody he stands in for. NULL
-- where he may not: the requester never, and nobody a second time.
CREATE FUNCTION approver_for(user_id bigint, request_id bigint, at timestamptz) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT principal.id
      FROM approval_request AS request
      JOIN approval_request_step AS step ON step.request_id = request.id AND step.position = request.position
      JOIN app_user AS decider ON decider.id = $1 AND decider.is_active
      CROSS JOIN (SELECT $1 AS id
                  UNION SELECT away.from_user_id FROM approval_delegation AS away
                         WHERE away.to_user_id = $1 AND away.ended_at IS NULL AND away.since <= $3 AND away.until > $3)
              AS principal
     WHERE request.id = $2 AND request.state = 'open' AND request.expires_at > $3
       AND request.requested_by_id NOT IN ($1, principal.id)
       AND NOT EXISTS (SELECT FROM approval_decision AS made WHERE made.request_id = request.id
                          AND (made.decided_by_id IN ($1, principal.id) OR made.on_behalf_of_id IN ($1, principal.id)))
       AND may_approve(principal.id, step.role_id, step.user_id, request.customer_id)
     ORDER BY principal.id <> $1, principal.id LIMIT 1
$$;

CREATE FUNCTION check_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (NEW.state = OLD.state AND NEW.state = 'open' AND NEW.position > OLD.position
            OR OLD.state = 'open' AND NEW.state IN ('approved', 'refused', 'withdrawn', 'expired')
            OR OLD.state = 'approved' AND NEW.state IN ('used', 'withdrawn', 'expired')) THEN
        RAISE EXCEPTION 'plan_conflict' USING DETAIL = format('approval %s: %s to %s', OLD.id, OLD.state, NEW.state);
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION check_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM approval_request WHERE id = NEW.request_id
                  AND requested_by_id IN (NEW.decided_by_id, NEW.on_behalf_of_id)) THEN
        RAISE EXCEPTION 'own_approval' USING ERRCODE = 'integrity_constraint_violation',
            DETAIL = 'nobody decides what he asked for himself';
    END IF;
    RETURN NEW;
END $$;
"""
# Kind, threshold, and its steps as (code of the role, from which measure on).
RULES = (
    ("credit", 0, (("manager", 0),)),
    ("discount", 30, (("sales_manager", 30), ("manager", 50))),
    ("write_off", 0, (("manager", 0),)),
    ("adjustment", 5000, (("manager", 5000),)),
    ("reopening", 0, (("manager", 0),)),
)


def upgrade() -> None:
    _create_rules()
    _create_requests()
    _create_write_offs()
    op.execute(FUNCTIONS)
    for table in IMMUTABLE:
        op.execute(
            f"CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table in KEPT:
        op.execute(f"CREATE TRIGGER kept BEFORE DELETE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()")
    for table in (*IMMUTABLE, *KEPT):
        op.execute(
            f"CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        f"CREATE TRIGGER frozen BEFORE UPDATE OF {FROZEN} ON approval_request "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER check_approval BEFORE UPDATE ON approval_request FOR EACH ROW EXECUTE FUNCTION check_approval()"
    )
    op.execute(
        "CREATE TRIGGER check_decision BEFORE INSERT ON approval_decision FOR EACH ROW EXECUTE FUNCTION check_decision()"
    )
    _fill_rules()


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def _create_rules() -> None:
    op.create_table(
        "approval_rule",
        _id(),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("basis", sa.String(24), nullable=False),
        sa.Column("threshold", sa.Numeric(18, 3), nullable=False),
        sa.Column("valid_days", sa.SmallInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(f"kind IN ({KINDS})", name="approval_kind"),
        sa.CheckConstraint("basis IN ('line', 'document')", name="basis"),
        sa.CheckConstraint("threshold >= 0", name="threshold"),
        sa.CheckConstraint("valid_days BETWEEN 1 AND 365", name="valid_days"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_rule")),
        sa.UniqueConstraint("kind", name=op.f("uq_approval_rule_kind")),
    )
    op.create_table(
        "approval_step",
        _id(),
        sa.Column("rule_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("approver", sa.String(24), nullable=False),
        sa.Column("role_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("from_measure", sa.Numeric(18, 3), nullable=False),
        sa.CheckConstraint("approver IN ('role', 'person', 'superior')", name="approver"),
        sa.CheckConstraint(
            "(approver = 'role') = (role_id IS NOT NULL) AND (approver = 'person') = (user_id IS NOT NULL)",
            name="one_approver",
        ),
        sa.CheckConstraint("from_measure >= 0", name="from_measure"),
        _reference("approval_step", "rule_id", "approval_rule"),
        _reference("approval_step", "role_id", "role"),
        _reference("approval_step", "user_id", "app_user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_step")),
        sa.UniqueConstraint("rule_id", "position", name=op.f("uq_approval_step_rule_id_position")),
    )


def _create_requests() -> None:
    op.create_table(
        "approval_request",
        _id(),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("arguments", postgresql.JSONB(), nullable=False),
        sa.Column("arguments_digest", sa.String(64), nullable=False),
        sa.Column("subject_type", sa.String(40), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.Column("subject_label", sa.String(40), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("measure", sa.Numeric(18, 3), nullable=False),
        sa.Column("threshold", sa.Numeric(18, 3), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("requested_by_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        _moment("created_at"),
        _moment("expires_at"),
        _moment("closed_at", nullable=True),
        sa.CheckConstraint(f"kind IN ({KINDS})", name="approval_kind"),
        sa.CheckConstraint(
            "state IN ('open', 'approved', 'refused', 'withdrawn', 'used', 'expired')", name="request_state"
        ),
        sa.CheckConstraint("measure > threshold", name="measure"),
        sa.CheckConstraint("(closed_at IS NULL) = (state IN ('open', 'approved'))", name="closed"),
        _reference("approval_request", "customer_id", "customer"),
        _reference("approval_request", "requested_by_id", "app_user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_request")),
    )
    op.create_index("ix_approval_request_subject", "approval_request", ["subject_type", "subject_id", "kind"])
    op.create_index("ix_approval_request_requester", "approval_request", ["requested_by_id", "id"])
    for name, column, condition in (
        ("customer", "customer_id", "customer_id IS NOT NULL"),
        ("open", "expires_at", "state = 'open'"),
    ):
        op.create_index(
            f"ix_approval_request_{name}", "approval_request", [column], postgresql_where=sa.text(condition)
        )
    op.create_table(
        "approval_request_step",
        _id(),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("role_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(role_id IS NULL) <> (user_id IS NULL)", name="one_approver"),
        _reference("approval_request_step", "request_id", "approval_request"),
        _reference("approval_request_step", "role_id", "role"),
        _reference("approval_request_step", "user_id", "app_user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_request_step")),
        sa.UniqueConstraint("request_id", "position", name=op.f("uq_approval_request_step_request_id_position")),
    )
    op.create_table(
        "approval_decision",
        _id(),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=False),
        sa.Column("on_behalf_of_id", sa.BigInteger(), nullable=True),
        sa.Column("decision", sa.String(24), nullable=False),
        sa.Column("note", sa.String(300), nullable=True),
        _moment("decided_at"),
        sa.CheckConstraint("decision IN ('approved', 'refused')", name="decision"),
        sa.CheckConstraint("on_behalf_of_id <> decided_by_id", name="on_behalf"),
        _reference("approval_decision", "request_id", "approval_request"),
        _reference("approval_decision", "decided_by_id", "app_user"),
        _reference("approval_decision", "on_behalf_of_id", "app_user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_decision")),
        sa.UniqueConstraint("request_id", "position", name=op.f("uq_approval_decision_request_id_position")),
    )
    op.create_index("ix_approval_decision_decided_by", "approval_decision", ["decided_by_id"])
    op.create_table(
        "approval_delegation",
        _id(),
        sa.Column("from_user_id", sa.BigInteger(), nullable=False),
        sa.Column("to_user_id", sa.BigInteger(), nullable=False),
        _moment("since"),
        _moment("until"),
        _moment("created_at"),
        _moment("ended_at", nullable=True),
        sa.CheckConstraint("from_user_id <> to_user_id", name="two_people"),
        sa.CheckConstraint("until > since", name="span"),
        _reference("approval_delegation", "from_user_id", "app_user"),
        _reference("approval_delegation", "to_user_id", "app_user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_delegation")),
    )
    op.create_index("ix_approval_delegation_to", "approval_delegation", ["to_user_id", "until"])
    op.create_index("ix_approval_delegation_from", "approval_delegation", ["from_user_id", "until"])


def _create_write_offs() -> None:
    op.create_table(
        "write_off",
        _id(),
        sa.Column("number", sa.String(24), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("written_off_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount", sa.Numeric(18, 2), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        _moment("recorded_at"),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("amount > 0", name="amount"),
        _reference("write_off", "invoice_id", "invoice"),
        _reference("write_off", "entry_id", "journal_entry"),
        _reference("write_off", "actor_id", "app_user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_write_off")),
        sa.UniqueConstraint("number", name=op.f("uq_write_off_number")),
    )
    op.create_index(op.f("ix_write_off_invoice_id"), "write_off", ["invoice_id"])
    op.add_column("payment_allocation", sa.Column("write_off_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_payment_allocation_write_off_id"), "payment_allocation", "write_off", ["write_off_id"], ["id"]
    )
    op.create_index(op.f("ix_payment_allocation_write_off_id"), "payment_allocation", ["write_off_id"])
    op.drop_constraint(op.f("ck_payment_allocation_one_source"), "payment_allocation", type_="check")
    op.create_check_constraint(
        op.f("ck_payment_allocation_one_source"),
        "payment_allocation",
        "num_nonnulls(payment_id, credit_note_id, write_off_id) = 1",
    )
    op.create_check_constraint(
        op.f("ck_payment_allocation_write_off"), "payment_allocation", "write_off_id IS NULL OR invoice_id IS NOT NULL"
    )
    op.add_column("invoice", sa.Column("amount_written_off", sa.Numeric(18, 2), nullable=False, server_default="0"))
    op.alter_column("invoice", "amount_written_off", server_default=None)
    op.create_check_constraint(
        op.f("ck_invoice_written_off"),
        "invoice",
        "amount_written_off >= 0 AND amount_written_off <= amount_allocated",
    )


def _fill_rules() -> None:
    """The usual rules, where a company exists already: its set-up makes those of a new one."""
    connection = op.get_bind()
    for kind, threshold, steps in RULES:
        connection.execute(
            sa.text(
                "INSERT INTO approval_rule (id, kind, basis, threshold, valid_days, is_active, version) "
                "SELECT nextval('id_seq'), :kind, 'line', :threshold, 14, true, 1 WHERE EXISTS (SELECT FROM company)"
            ),
            {"kind": kind, "threshold": threshold},
        )
        for position, (role, measure) in enumerate(steps, start=1):
            connection.execute(
                sa.text(
                    "INSERT INTO approval_step (id, rule_id, position, approver, role_id, from_measure) "
                    "SELECT nextval('id_seq'), rule.id, :position, 'role', role.id, :measure "
                    "FROM approval_rule AS rule, role WHERE rule.kind = :kind AND role.code = :role"
                ),
                {"kind": kind, "role": role, "position": position, "measure": measure},
            )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_invoice_written_off"), "invoice", type_="check")
    op.drop_column("invoice", "amount_written_off")
    op.drop_constraint(op.f("ck_payment_allocation_write_off"), "payment_allocation", type_="check")
    op.drop_constraint(op.f("ck_payment_allocation_one_source"), "payment_allocation", type_="check")
    op.drop_column("payment_allocation", "write_off_id")
    op.create_check_constraint(
        op.f("ck_payment_allocation_one_source"),
        "payment_allocation",
        "(payment_id IS NULL) <> (credit_note_id IS NULL)",
    )
    for table in (
        "write_off",
        "approval_delegation",
        "approval_decision",
        "approval_request_step",
        "approval_request",
        "approval_step",
        "approval_rule",
    ):
        op.drop_table(table)
    for function in (
        "check_decision()",
        "check_approval()",
        "approver_for(bigint, bigint, timestamptz)",
        "may_approve(bigint, bigint, bigint, bigint)",
        "sees_customer(bigint, bigint)",
    ):
        op.execute(f"DROP FUNCTION {function}")
