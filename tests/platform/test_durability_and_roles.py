"""What the roles may do, and that a server which could lose commits is refused."""

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import create_engine

from core.database_roles import (
    DurabilityError,
    RoleNames,
    RolesError,
    assert_durability,
    durability_faults,
    ensure_roles_and_grants,
)
from tests.database_server import DatabaseUrls

SAFE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}


def connect(url: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True)


def test_the_server_of_the_tests_is_durable(empty_database: DatabaseUrls) -> None:
    for url in (empty_database.admin, empty_database.app, empty_database.system):
        with connect(url) as connection:
            assert_durability(connection)
        with create_engine(url).connect() as session:
            assert_durability(session)


def test_a_session_that_does_not_wait_for_the_disk_is_refused(empty_database: DatabaseUrls) -> None:
    with connect(empty_database.app) as connection:
        connection.execute("SET synchronous_commit = off")
        with pytest.raises(DurabilityError, match="synchronous_commit is off"):
            assert_durability(connection)


@pytest.mark.parametrize("name", list(SAFE))
def test_each_setting_matters(name: str) -> None:
    assert durability_faults(SAFE) == []
    assert durability_faults({**SAFE, name: "off"}) == [f"{name} is off"]


def test_app_and_system_write_rows_and_nothing_else(empty_database: DatabaseUrls) -> None:
    with connect(empty_database.admin) as owner:
        owner.execute("CREATE TABLE before (id int)")
        ensure_roles_and_grants(owner)
        owner.execute("CREATE TABLE after (id int)")
        owner.execute("CREATE SEQUENCE numbers")
    for url in (empty_database.app, empty_database.system):
        with connect(url) as role:
            for table in ("before", "after"):
                role.execute(f"INSERT INTO {table} VALUES (1)")
                role.execute(f"UPDATE {table} SET id = 2")
                role.execute(f"DELETE FROM {table}")
                for refused in (f"TRUNCATE {table}", f"DROP TABLE {table}", f"ALTER TABLE {table} ADD x int"):
                    with pytest.raises(errors.InsufficientPrivilege):
                        role.execute(refused)
            role.execute("SELECT nextval('numbers')")
            with pytest.raises(errors.InsufficientPrivilege):
                role.execute("CREATE TABLE own (id int)")


def test_only_system_passes_row_security(empty_database: DatabaseUrls) -> None:
    with connect(empty_database.admin) as owner:
        ensure_roles_and_grants(owner)
        owner.execute("CREATE TABLE guarded AS SELECT 1 AS id")
        owner.execute("ALTER TABLE guarded ENABLE ROW LEVEL SECURITY")
    with connect(empty_database.app) as app, connect(empty_database.system) as system:
        assert app.execute("SELECT count(*) FROM guarded").fetchone() == (0,)
        assert system.execute("SELECT count(*) FROM guarded").fetchone() == (1,)


def test_what_a_migration_took_away_stays_away(empty_database: DatabaseUrls) -> None:
    with connect(empty_database.admin) as owner:
        ensure_roles_and_grants(owner)
        owner.execute("CREATE TABLE audit (id int)")
        owner.execute("REVOKE UPDATE, DELETE ON audit FROM countinghouse_app")
        owner.execute("CREATE TABLE alembic_version (version_num text)")
        ensure_roles_and_grants(owner)
    with connect(empty_database.app) as app:
        app.execute("INSERT INTO audit VALUES (1)")
        app.execute("SELECT * FROM alembic_version")
        for refused in ("UPDATE audit SET id = 2", "DELETE FROM audit", "INSERT INTO alembic_version VALUES ('x')"):
            with pytest.raises(errors.InsufficientPrivilege):
                app.execute(refused)


def test_owner_who_may_not_make_roles_is_told_the_sql(empty_database: DatabaseUrls) -> None:
    names = RoleNames(app="shop_app", app_password="it's")
    with connect(empty_database.admin) as owner, pytest.raises(RolesError) as refusal:
        ensure_roles_and_grants(owner, names)
    assert "CREATE ROLE \"shop_app\" LOGIN PASSWORD 'it''s'" in str(refusal.value)


def test_roles_of_ones_own_names_are_made(empty_database: DatabaseUrls) -> None:
    suffix = empty_database.name
    names = RoleNames(app=f"app_{suffix}", system=f"system_{suffix}")
    with connect(empty_database.superuser) as superuser:
        try:
            ensure_roles_and_grants(superuser, names)
            ensure_roles_and_grants(superuser, names)
            found = superuser.execute(
                "SELECT rolbypassrls, 'lock_timeout=10s' = ANY(rolconfig) FROM pg_roles WHERE rolname = ANY(%s) "
                "ORDER BY rolname",
                ([names.app, names.system],),
            ).fetchall()
            assert found == [(False, True), (True, False)]
        finally:
            for role in (names.app, names.system):
                superuser.execute(f'DROP OWNED BY "{role}"')
                superuser.execute(f'DROP ROLE "{role}"')


def test_one_role_for_everything_is_refused(empty_database: DatabaseUrls) -> None:
    with connect(empty_database.admin) as owner, pytest.raises(RolesError, match="three different users"):
        ensure_roles_and_grants(owner, RoleNames(app="countinghouse_owner"))
