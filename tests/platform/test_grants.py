"""A company set up before a permission or a role existed gets them with the migration."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import psycopg
from alembic import command as alembic
from alembic.config import Config

from core.permissions import PERMISSIONS, ROLES
from tests.database_server import DatabaseUrls
from tests.world import World
from web.cli.migrate import MIGRATIONS, driver_url, migrate_database

# What the roles of a company could do before there was anything else.
BEFORE = {
    "sales": (["customers.read", "orders.read", "orders.write"], "own"),
    "warehouse": (["home.read", "stock.read"], "all"),
    "admin": (["home.read", "users.manage"], "all"),
    "manager": (["home.read"], "all"),
    "finance": (["payments.read"], "all"),
}

ROOT = Path(__file__).parent.parent.parent


def test_the_migration_grants_what_a_new_company_s_roles_have() -> None:
    path = ROOT / "migrations/versions/0007_roles.py"
    spec = importlib.util.spec_from_file_location("roles_migration", path)
    assert spec is not None and spec.loader is not None
    migration = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(migration)
    for code, granted in migration.GRANTS.items():
        names = set(granted.split())
        assert names <= set(PERMISSIONS), code
        assert names <= ROLES[code].permissions, code


def alembic_of(urls: DatabaseUrls) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = urls.admin
    return config


def roles_of(urls: DatabaseUrls) -> dict[str, tuple[Any, ...]]:
    with psycopg.connect(driver_url(urls.admin)) as connection:
        found = connection.execute("SELECT code, permissions, row_scope, is_standard, version FROM role").fetchall()
        return {code: (set(permissions), *rest) for code, permissions, *rest in found}


def test_a_company_of_the_version_before_gets_roles_and_grants(fresh_database: DatabaseUrls) -> None:
    """Its roles are those of then, one of them changed by hand; people keep what they have."""
    world = World.set_up(fresh_database.app)
    world.user("anna", "sales")
    world.database.dispose()
    alembic.downgrade(alembic_of(fresh_database), "0006")
    with psycopg.connect(driver_url(fresh_database.admin)) as connection:
        connection.execute("DELETE FROM role WHERE code <> ALL (%s)", (list(BEFORE),))
        for code, (permissions, scope) in BEFORE.items():
            values = (permissions, scope, code)
            connection.execute("UPDATE role SET permissions = %s, row_scope = %s WHERE code = %s", values)
    migrate_database(fresh_database.admin, fresh_database.app, fresh_database.system)
    roles = roles_of(fresh_database)
    assert roles.keys() == ROLES.keys()
    for code in ("sales_manager", "service", "marketing"):
        assert roles[code] == (ROLES[code].permissions, ROLES[code].row_scope, True, 1)
    for code, (permissions, scope) in BEFORE.items():
        granted, row_scope, is_standard, _version = roles[code]
        assert set(permissions) <= granted <= ROLES[code].permissions, code
        assert {"approvals.read", "exports.create"} <= granted, code
        assert (row_scope, is_standard) == (scope, True)
    with psycopg.connect(driver_url(fresh_database.admin)) as connection:
        held = "SELECT role.code FROM app_user JOIN user_role ON user_id = app_user.id JOIN role ON role.id = role_id"
        assert connection.execute(f"{held} WHERE login = 'anna'").fetchall() == [("sales",)]


def test_an_empty_database_gets_no_role_before_its_company(empty_database: DatabaseUrls) -> None:
    migrate_database(empty_database.admin, empty_database.app, empty_database.system)
    assert roles_of(empty_database) == {}
