"""Comments, followers and files on every record; notices with what they are about, and how each person is told

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

GRANTS = {
    "sales": "comments.write files.write",
    "sales_manager": "comments.write files.write files.remove",
    "manager": "comments.write files.write files.remove",
    "finance": "comments.write files.write",
    "service": "comments.write files.write",
    "marketing": "comments.write",
    "warehouse": "comments.write files.write",
    "admin": "comments.write files.write files.remove",
}
# What hangs on a customer is seen with him; what hangs on none (a product, a supplier) is held by permission alone.
WITH_CUSTOMER = ("comment", "follower", "record_file")
FUNCTIONS = """
-- Runs as the owner of the tables: whether the same bytes are there already does not depend on what the one who brings
-- them may see. The row is locked whether or not it is written, so that a sweep waits and then sees who holds it.
CREATE FUNCTION keep_file_content(brought bytea, at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO file_content (digest, size, content, created_at)
    VALUES (encode(sha256(brought), 'hex'), length(brought), brought, at)
    ON CONFLICT (digest) DO UPDATE SET content = excluded.content WHERE file_content.content IS NULL
$$;

-- Wakes the pages of whoever is told; sent with COMMIT, so that nobody looks before there is anything to see.
CREATE FUNCTION announce_notices() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('notices', told.user_id::text) FROM (SELECT DISTINCT user_id FROM written) AS told;
    RETURN NULL;
END $$
"""


def _id() -> "sa.Column[int]":
    return sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False)


def _about(table: str) -> tuple[object, ...]:
    """The columns that say which record a row is about."""
    return (
        sa.Column("record_type", sa.String(40), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f(f"fk_{table}_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _moment(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    _create_comment()
    _create_follower()
    _create_files()
    for table in WITH_CUSTOMER:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        seen = f"customer_id IS NULL OR EXISTS (SELECT FROM customer WHERE customer.id = {table}.customer_id)"
        op.execute(f"CREATE POLICY visible ON {table} USING ((SELECT viewer_sees_all()) OR {seen}) WITH CHECK (true)")
    _extend_notice()
    connection = op.get_bind()
    for code, permissions in GRANTS.items():
        connection.execute(
            sa.text(
                "UPDATE role SET permissions = ARRAY(SELECT DISTINCT granted FROM "
                "unnest(permissions::text[] || CAST(:granted AS text[])) AS granted ORDER BY granted) "
                "WHERE code = :code AND is_standard"
            ),
            {"code": code, "granted": permissions.split()},
        )


def _create_comment() -> None:
    op.create_table(
        "comment",
        _id(),
        *_about("comment"),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("mentioned", postgresql.JSONB(), nullable=False),
        _moment("created_at"),
        _moment("edited_at", nullable=True),
        _moment("removed_at", nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(text IS NULL) = (removed_at IS NOT NULL)", name="removed"),
        sa.ForeignKeyConstraint(["author_id"], ["app_user.id"], name=op.f("fk_comment_author_id")),
    )
    op.create_index("ix_comment_record", "comment", ["record_type", "record_id", "created_at"])
    op.create_index(
        "ix_comment_customer",
        "comment",
        ["customer_id", "created_at"],
        postgresql_where=sa.text("customer_id IS NOT NULL"),
    )


def _create_follower() -> None:
    op.create_table(
        "follower",
        _id(),
        *_about("follower"),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        _moment("since"),
        _moment("stopped_at", nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_follower_user_id")),
        sa.UniqueConstraint(
            "record_type", "record_id", "user_id", name=op.f("uq_follower_record_type_record_id_user_id")
        ),
    )
    op.create_index("ix_follower_user_id", "follower", ["user_id"])


def _create_files() -> None:
    op.create_table(
        "file_content",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        _moment("created_at"),
        sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_file_content")),
    )
    # Pictures and papers are packed already: packing them again would only cost time.
    op.execute("ALTER TABLE file_content ALTER COLUMN content SET STORAGE EXTERNAL")
    op.create_table(
        "record_file",
        _id(),
        *_about("record_file"),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_key", sa.String(200), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("uploaded_by_id", sa.BigInteger(), nullable=False),
        _moment("uploaded_at"),
        _moment("removed_at", nullable=True),
        sa.Column("removed_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("version >= 1", name="version"),
        sa.CheckConstraint("(removed_at IS NULL) = (removed_by_id IS NULL)", name="removed"),
        sa.ForeignKeyConstraint(["digest"], ["file_content.digest"], name=op.f("fk_record_file_digest")),
        sa.ForeignKeyConstraint(["uploaded_by_id"], ["app_user.id"], name=op.f("fk_record_file_uploaded_by_id")),
        sa.ForeignKeyConstraint(["removed_by_id"], ["app_user.id"], name=op.f("fk_record_file_removed_by_id")),
    )
    op.create_index(
        "uq_record_file_version", "record_file", ["record_type", "record_id", "name_key", "version"], unique=True
    )
    op.create_index("ix_record_file_digest", "record_file", ["digest"])
    # A content is read through a file that one sees, never by its digest alone.
    op.execute("ALTER TABLE file_content ENABLE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY visible ON file_content USING ((SELECT viewer_sees_all()) "
        "OR EXISTS (SELECT FROM record_file WHERE record_file.digest = file_content.digest)) WITH CHECK (true)"
    )
    for name, default in (("file_megabytes", "10"), ("record_megabytes", "100")):
        op.add_column("company", sa.Column(name, sa.SmallInteger(), nullable=False, server_default=default))
        op.alter_column("company", name, server_default=None)
    op.create_check_constraint(op.f("ck_company_file_megabytes"), "company", "file_megabytes BETWEEN 1 AND 15")
    op.create_check_constraint(op.f("ck_company_record_megabytes"), "company", "record_megabytes BETWEEN 1 AND 10000")


def _extend_notice() -> None:
    op.create_table(
        "notice_setting",
        _id(),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("choices", postgresql.JSONB(), nullable=False),
        sa.Column("digest_hour", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("digest_hour BETWEEN 0 AND 23", name="digest_hour"),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_notice_setting_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_setting")),
        sa.UniqueConstraint("user_id", name=op.f("uq_notice_setting_user_id")),
    )
    op.create_table(
        "daily_run",
        sa.Column("job", sa.String(60), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        _moment("done_at"),
        sa.PrimaryKeyConstraint("job", "on_day", name=op.f("pk_daily_run")),
    )
    op.add_column("notice", sa.Column("record_type", sa.String(40), nullable=True))
    op.add_column("notice", sa.Column("record_id", sa.BigInteger(), nullable=True))
    op.add_column("notice", sa.Column("by_id", sa.BigInteger(), nullable=True))
    op.add_column("notice", sa.Column("way", sa.String(8), nullable=False, server_default="app"))
    op.alter_column("notice", "way", server_default=None)
    op.add_column("notice", sa.Column("mail_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_notice_by_id"), "notice", "app_user", ["by_id"], ["id"])
    op.create_foreign_key(op.f("fk_notice_mail_id"), "notice", "mail_message", ["mail_id"], ["id"])
    op.create_check_constraint(op.f("ck_notice_way"), "notice", "way IN ('app', 'mail', 'digest')")
    op.create_check_constraint(op.f("ck_notice_about"), "notice", "(record_type IS NULL) = (record_id IS NULL)")
    op.create_index("ix_notice_user", "notice", ["user_id", "created_at", "id"])
    op.create_index(
        "ix_notice_digest",
        "notice",
        ["user_id"],
        postgresql_where=sa.text("way = 'digest' AND mail_id IS NULL AND read_at IS NULL"),
    )
    # What was written before named customers in its data; a name is read with the record, as far as the reader may.
    op.execute("""
        UPDATE notice SET data = data - 'customer',
               record_type = CASE kind WHEN 'payment_recorded' THEN 'payment' ELSE 'approval_request' END,
               record_id = (data ->> CASE kind WHEN 'payment_recorded' THEN 'payment_id' ELSE 'request_id' END)::bigint
         WHERE kind IN ('payment_recorded', 'approval_asked', 'approval_decided')
    """)
    op.execute(FUNCTIONS)
    op.execute(
        "CREATE TRIGGER announce AFTER INSERT ON notice REFERENCING NEW TABLE AS written "
        "FOR EACH STATEMENT EXECUTE FUNCTION announce_notices()"
    )


def downgrade() -> None:
    # What was granted stays: a role may have been given it by hand.
    op.execute("DROP TRIGGER announce ON notice")
    op.execute("DROP FUNCTION announce_notices()")
    op.execute("DROP FUNCTION keep_file_content(bytea, timestamptz)")
    op.drop_index("ix_notice_digest", "notice")
    op.drop_index("ix_notice_user", "notice")
    for name in ("mail_id", "way", "by_id", "record_id", "record_type"):
        op.drop_column("notice", name)
    for name in ("record_megabytes", "file_megabytes"):
        op.drop_column("company", name)
    op.execute("DROP POLICY visible ON file_content")
    for table in ("daily_run", "notice_setting", "record_file", "file_content", "follower", "comment"):
        op.drop_table(table)
