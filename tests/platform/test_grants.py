"""A company set up before a permission or a role existed gets them with the migration."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from core.permissions import PERMISSIONS, ROLES

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
    for code in migration.ROLES:
        assert set(migration.GRANTS[code].split()) == ROLES[code].permissions, code
