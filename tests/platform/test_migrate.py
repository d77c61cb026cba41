"""Migrations: what is newest on disk, what a database has reached, and that the template of the tests is at it."""

from pathlib import Path

import psycopg
import pytest

from tests.database_server import DatabaseUrls
from web.cli.migrate import driver_url, migrate_database, newest_revisions, reached_revisions, role_names


def test_newest_revisions_are_read_from_the_files(tmp_path: Path) -> None:
    assert newest_revisions(tmp_path) == set()
    (tmp_path / "1.py").write_text('revision = "a1"\ndown_revision = None\n')
    (tmp_path / "2.py").write_text("revision: str = 'b2'\ndown_revision: str | None = 'a1'\n")
    assert newest_revisions(tmp_path) == {"b2"}
    (tmp_path / "3.py").write_text('revision = "c3"\ndown_revision = "a1"\n')
    assert newest_revisions(tmp_path) == {"b2", "c3"}
    (tmp_path / "4.py").write_text('revision = "d4"\ndown_revision = ("b2", "c3")\n')
    assert newest_revisions(tmp_path) == {"d4"}


def test_a_clone_of_the_template_is_at_the_newest_revision(fresh_database: DatabaseUrls) -> None:
    assert reached_revisions(fresh_database.admin) == newest_revisions()


def test_a_database_without_tables_has_reached_nothing(empty_database: DatabaseUrls) -> None:
    assert reached_revisions(empty_database.admin) == set()


def test_migrating_twice_changes_nothing(fresh_database: DatabaseUrls) -> None:
    before = tables(fresh_database)
    migrate_database(fresh_database.admin, fresh_database.app, fresh_database.system)
    assert tables(fresh_database) == before


def test_app_role_reaches_every_table(fresh_database: DatabaseUrls) -> None:
    with psycopg.connect(driver_url(fresh_database.app)) as connection:
        for table, owner in tables(fresh_database):
            assert owner == "countinghouse_owner"
            connection.execute(f'SELECT * FROM "{table}" LIMIT 0')


def tables(urls: DatabaseUrls) -> list[tuple[str, str]]:
    with psycopg.connect(driver_url(urls.admin)) as connection:
        statement = "SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        return [(str(name), str(owner)) for name, owner in connection.execute(statement).fetchall()]


@pytest.mark.parametrize(
    ("app_url", "names"),
    [
        (None, ("countinghouse_app", None)),
        ("postgresql+psycopg://shop:pass%2Fword@h/d", ("shop", "pass/word")),
        ("postgresql+psycopg:///d?host=/run", ("countinghouse_app", None)),
    ],
)
def test_roles_are_named_by_the_addresses(app_url: str | None, names: tuple[str, str | None]) -> None:
    found = role_names(app_url, None)
    assert (found.app, found.app_password) == names and found.system == "countinghouse_system"
