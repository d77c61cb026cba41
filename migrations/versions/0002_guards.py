"""Rows that cannot lie: balance, immutability, closed periods, the plan's row counts

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Never updated, never deleted.
IMMUTABLE = (
    "journal_entry",
    "journal_line",
    "invoice_line",
    "credit_note_line",
    "payment_allocation",
    "stock_move",
    "shipment",
    "shipment_line",
    "stock_document",
    "stock_document_line",
    "stage_change",
    "audit_row",
    "outbox_consumption",
)
# Never deleted; only the named columns move.
COUNTED = {
    "invoice": (
        "amount_allocated",
        "amount_credited",
        "tax_recognised",
        "due_on",
        "fiscal_number",
        "fiscal_issued_on",
        "owner_id",
    ),
    "credit_note": ("amount_allocated", "owner_id"),
    "payment": ("amount_allocated", "owner_id"),
}
# Never deleted, whatever their state.
KEPT = (
    "customer",
    "customer_account",
    "product",
    "sales_order",
    "quotation",
    "opportunity",
    "stock_level",
    "product_valuation",
    "reservation",
    "account",
    "journal",
    "fiscal_period",
    "number_series",
    "app_user",
    "company",
)

FUNCTIONS = """
CREATE FUNCTION plan_applied(tables text[], counts bigint[], expected bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF counts <> expected THEN
        RAISE EXCEPTION 'plan_conflict' USING DETAIL = format('%s: %s rows, expected %s', tables, counts, expected);
    END IF;
END $$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'posted_row' USING ERRCODE = 'integrity_constraint_violation',
        DETAIL = format('%s on %s: posted rows are reversed by a dated opposite, never changed', TG_OP, TG_TABLE_NAME);
END $$;

CREATE FUNCTION check_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lines int;
    unbalanced text;
BEGIN
    SELECT count(*) INTO lines FROM journal_line WHERE entry_id = NEW.id;
    IF lines <> NEW.line_count THEN
        RAISE EXCEPTION 'entry_incomplete' USING ERRCODE = 'integrity_constraint_violation',
            DETAIL = format('entry %s has %s lines, %s were declared', NEW.number, lines, NEW.line_count);
    END IF;
    SELECT currency INTO unbalanced FROM journal_line WHERE entry_id = NEW.id
     GROUP BY currency HAVING sum(debit) <> sum(credit) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry_unbalanced' USING ERRCODE = 'integrity_constraint_violation',
            DETAIL = format('entry %s does not balance in %s', NEW.number, unbalanced);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_new_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    complete text;
BEGIN
    SELECT entry.number INTO complete FROM journal_entry AS entry
     WHERE entry.id IN (SELECT entry_id FROM new_rows)
       AND (SELECT count(*) FROM journal_line WHERE entry_id = entry.id) > entry.line_count LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry_complete' USING ERRCODE = 'integrity_constraint_violation',
            DETAIL = format('entry %s is posted and takes no further lines', complete);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_period() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    refused text;
BEGIN
    SELECT entry.number INTO refused FROM new_rows AS entry JOIN fiscal_period AS period ON period.id = entry.period_id
     WHERE period.state <> 'open' OR entry.effective_on NOT BETWEEN period.starts_on AND period.ends_on LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'period_closed' USING ERRCODE = 'integrity_constraint_violation',
            DETAIL = format('entry %s lies in a closed period or outside its period', refused);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_draft_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT state FROM sales_order WHERE id = OLD.order_id) <> 'draft' THEN
        RAISE EXCEPTION 'posted_row' USING ERRCODE = 'integrity_constraint_violation',
            DETAIL = 'lines of a confirmed order are cancelled or returned, never changed';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE FUNCTION check_quotation_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT state FROM quotation WHERE id = OLD.quotation_id) = 'ordered' THEN
        RAISE EXCEPTION 'posted_row' USING ERRCODE = 'integrity_constraint_violation',
            DETAIL = 'an ordered quotation stands as it was';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE FUNCTION keep_account_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM journal_line WHERE account_id = OLD.id) THEN
        RAISE EXCEPTION 'posted_row' USING ERRCODE = 'integrity_constraint_violation',
            DETAIL = 'an account with entries keeps its code, kind and role';
    END IF;
    RETURN NEW;
END $$;
"""

TRIGGERS = """
CREATE CONSTRAINT TRIGGER check_entry AFTER INSERT ON journal_entry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_entry();
CREATE TRIGGER check_period AFTER INSERT ON journal_entry REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION check_period();
CREATE TRIGGER check_new_lines AFTER INSERT ON journal_line REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION check_new_lines();
CREATE TRIGGER check_draft_line BEFORE DELETE OR UPDATE OF order_id, position, product_id, is_service, description, quantity,
    unit_price, discount_percent, tax_rate, amount_net, amount_tax ON sales_order_line
    FOR EACH ROW EXECUTE FUNCTION check_draft_line();
CREATE TRIGGER check_quotation_line BEFORE DELETE OR UPDATE ON quotation_line
    FOR EACH ROW EXECUTE FUNCTION check_quotation_line();
CREATE TRIGGER keep_account_role BEFORE UPDATE OF code, kind, role ON account
    FOR EACH ROW EXECUTE FUNCTION keep_account_role();
"""


def upgrade() -> None:
    op.execute("CREATE SEQUENCE id_seq START 1000000 INCREMENT 1000")
    op.execute(FUNCTIONS)
    op.execute(TRIGGERS)
    for table in IMMUTABLE:
        op.execute(
            f"CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table, counters in COUNTED.items():
        frozen = _columns_except(table, counters)
        op.execute(
            f"CREATE TRIGGER frozen BEFORE UPDATE OF {', '.join(frozen)} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table in (*COUNTED, *KEPT):
        op.execute(f"CREATE TRIGGER kept BEFORE DELETE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()")
    for table in (*IMMUTABLE, *COUNTED, *KEPT, "sales_order_line", "quotation_line"):
        op.execute(
            f"CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _columns_except(table: str, counters: tuple[str, ...]) -> list[str]:
    found = op.get_bind().exec_driver_sql(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped "
        "AND attgenerated = '' ORDER BY attnum",
        (table,),
    )
    return [name for (name,) in found if name not in counters]


def downgrade() -> None:
    for table in (*IMMUTABLE, *COUNTED, *KEPT, "sales_order_line", "quotation_line"):
        for trigger in ("immutable", "frozen", "kept", "no_truncate"):
            op.execute(f"DROP TRIGGER IF EXISTS {trigger} ON {table}")
    for trigger, table in (
        ("check_entry", "journal_entry"),
        ("check_period", "journal_entry"),
        ("check_new_lines", "journal_line"),
        ("check_draft_line", "sales_order_line"),
        ("check_quotation_line", "quotation_line"),
        ("keep_account_role", "account"),
    ):
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for function in (
        "plan_applied(text[], bigint[], bigint[])",
        "refuse_change()",
        "check_entry()",
        "check_new_lines()",
        "check_period()",
        "check_draft_line()",
        "check_quotation_line()",
        "keep_account_role()",
    ):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP SEQUENCE id_seq")
