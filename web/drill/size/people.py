"""The people of a large company, its customers, and what those have beside documents: contact, address, visits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg

from web.drill.size.copies import Shape
from web.drill.size.words import GIVEN, SURNAMES

OWNERS = 60
FEW_CUSTOMERS = 200
"""How many customers the second of the demo's salespeople has beside his own; all others share the rest."""
MANY, FEW = "sales", "sales2"
REGIONS = ("华东大区", "华南大区", "华北大区", "西部大区")
TEAMS_EACH = 3
_BLOCK = 8
"""Ids that one customer made anew has: itself, ownership, contact, address, activity, and some to spare."""
_ROOM = 1000
"""Ids kept for people and units, before those of the customers made anew."""


def add_people(connection: psycopg.Connection[Any], shape: Shape, size: int) -> None:
    """Adds regions, teams, their leads and salespeople, and `drill.owner_of`, which says whose a customer is.

    New people have the password of the salesperson `sales`, or none where there is no such person.
    """
    identity = iter(range(shape.beyond + 1, shape.beyond + _ROOM))
    root = _root(connection, next(identity))
    teams = []
    for region in REGIONS:
        region_id = next(identity)
        _add_unit(connection, region_id, region, "region", root, [root, region_id])
        for number in range(1, TEAMS_EACH + 1):
            team = next(identity)
            _add_unit(connection, team, f"{region[:2]}{number}组", "team", region_id, [root, region_id, team])
            teams.append(team)
    for number, team in enumerate(teams, start=1):
        _add_user(connection, next(identity), next(identity), f"lead{number:02d}", "sales_manager", team)
    owners = _known_sellers(connection)
    for number in range(len(owners) + 1, OWNERS + 1):
        user = next(identity)
        _add_user(connection, user, next(identity), f"rep{number:02d}", "sales", teams[number % len(teams)])
        owners.append(user)
    few, *others = reversed(owners) if len(owners) < 2 else (owners[1], owners[0], *owners[2:])
    _add_owner_of(connection, few, others, size)


def _root(connection: psycopg.Connection[Any], identity: int) -> int:
    """The company's own place in the tree; made where there is none yet."""
    found = connection.execute("SELECT id FROM org_unit WHERE kind = 'company'").fetchone()
    if found is not None:
        return int(found[0])
    _add_unit(connection, identity, "公司", "company", None, [identity])
    return identity


def _add_unit(
    connection: psycopg.Connection[Any], identity: int, name: str, kind: str, parent: int | None, path: list[int]
) -> None:
    connection.execute(
        "INSERT INTO org_unit (id, name, kind, parent_id, path, is_active, version) "
        "VALUES (%s, %s, %s, %s, %s, true, 1)",
        (identity, name, kind, parent, path),
    )


def _add_user(
    connection: psycopg.Connection[Any], identity: int, membership: int, login: str, role: str, unit: int
) -> None:
    """A person with the settings of the company's first one."""
    surname, given = SURNAMES[identity % len(SURNAMES)], GIVEN[identity // 7 % len(GIVEN)]
    connection.execute(
        """
        INSERT INTO app_user (id, login, name, password_hash, language, theme, contrast, density, shortcuts, is_active,
                              failed_sign_ins, created_at, version, unit_id)
        SELECT %(id)s, %(login)s, %(name)s, (SELECT password_hash FROM app_user WHERE login = %(like)s),
               language, theme, contrast, density, shortcuts, true, 0, created_at, 1, %(unit)s
          FROM app_user ORDER BY id LIMIT 1
        """,
        {"id": identity, "login": login, "name": f"{surname}{given}", "like": MANY, "unit": unit},
    )
    connection.execute(
        "INSERT INTO user_role (user_id, role_id) SELECT %s, id FROM role WHERE code = %s", (identity, role)
    )
    connection.execute(
        "INSERT INTO unit_membership (id, user_id, unit_id, since) "
        "SELECT %s, id, unit_id, created_at FROM app_user WHERE id = %s",
        (membership, identity),
    )


def _known_sellers(connection: psycopg.Connection[Any]) -> list[int]:
    """The demo's two salespeople that people sign in as, where they are there."""
    found = connection.execute(
        "SELECT id FROM app_user WHERE login IN (%s, %s) AND is_active ORDER BY login", (MANY, FEW)
    ).fetchall()
    return [identity for (identity,) in found]


def _add_owner_of(connection: psycopg.Connection[Any], few: int, others: list[int], size: int) -> None:
    slots = max(size // FEW_CUSTOMERS, 2)
    drawn = "(hashint8($1) & 2147483647)"
    listed = ", ".join(map(str, others))
    function = f"""
        CREATE FUNCTION drill.owner_of(customer_id bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
            SELECT CASE WHEN {drawn} % {slots} = 0 THEN {few}::bigint
                        ELSE (ARRAY[{listed}]::bigint[])[1 + {drawn} / {slots} % {len(others)}] END $$
    """
    connection.execute(function)


def customer_statements(shape: Shape) -> Iterator[str]:
    """Customers: the first ones stand in the place of the original's, copy by copy, and have what those had; the others
    are new, and came one after the other from the first day to the last."""
    columns = (
        "code, name, name_key, search_text, country, region, city, industry, size, source, lifecycle, "
        "phone, phone_key, email, email_key"
    )
    taken = ", ".join(f"made.{name}" for name in columns.split(", "))
    kept = "payment_terms_id, credit_limit, currency, created_at, updated_at, version"
    yield f"""
        INSERT INTO customer (id, owner_id, {columns}, {kept})
        SELECT place.id, drill.owner_of(place.id), {taken}, {", ".join(f"place.{name}" for name in kept.split(", "))}
          FROM (SELECT original.id * {shape.stride} + k AS id, {kept},
                       row_number() OVER (ORDER BY k, original.id) AS n
                  FROM customer AS original CROSS JOIN generate_series(1, {shape.full}) AS k
                 WHERE original.id <= {shape.last}) AS place
          JOIN drill.customer AS made USING (n) ORDER BY place.id
    """
    identity = f"{shape.beyond + _ROOM} + made.n * {_BLOCK}::bigint"
    moment = "span.first + (span.last - span.first) * (made.n::float8 / span.made)"
    yield f"""
        INSERT INTO customer (id, owner_id, {columns}, {kept})
        SELECT {identity}, drill.owner_of({identity}), {taken}, CASE WHEN made.n % 3 = 0 THEN span.terms END,
               CASE WHEN made.n % 10 = 0 THEN 50000 END, span.currency, {moment}, {moment}, 1
          FROM drill.customer AS made,
               (SELECT min(created_at) AS first, now() AS last, (SELECT count(*) FROM drill.customer) AS made,
                       (SELECT min(id) FROM payment_terms) AS terms, min(currency) AS currency
                  FROM customer WHERE id <= {shape.last}) AS span
         WHERE made.n > {shape.full} * (SELECT count(*) FROM customer WHERE id <= {shape.last}) ORDER BY made.n
    """


def beside_statements(shape: Shape) -> Iterator[tuple[str, str]]:
    """What new customers have: account, ownership, contact, often an address; and each one a visit or a task."""
    new = f"customer WHERE id > {shape.beyond + _ROOM} ORDER BY id"
    yield (
        "customer_account",
        f"INSERT INTO customer_account (customer_id, credit_limit, {_ZEROS}) "
        f"SELECT id, credit_limit, {_ZERO_VALUES} FROM {new}",
    )
    yield (
        "customer_ownership",
        "INSERT INTO customer_ownership (id, customer_id, user_id, since) "
        f"SELECT id + 1, id, owner_id, created_at FROM {new}",
    )
    yield (
        "contact",
        f"""INSERT INTO contact (id, customer_id, name, title, phone, do_not_call, is_active, created_at, version)
            SELECT id + 2, id, substr('{SURNAMES}', 1 + (id / {_BLOCK} % {len(SURNAMES)})::int, 1)
                   || substr('{GIVEN}', 1 + (id / 29 % {len(GIVEN)})::int, 1 + (id / {_BLOCK} % 2)::int),
                   (ARRAY['采购经理', '总经理', '店长', NULL])[1 + (id / {_BLOCK} % 4)::int], phone, false, true,
                   created_at, 1 FROM {new}""",
    )
    yield (
        "address",
        f"""INSERT INTO address (id, customer_id, kind, street, city, region, country, is_default, is_active, version)
            SELECT id + 3, id, 'shipping', '中山路' || id / {_BLOCK} % 900 + 1 || '号', city, region, country,
                   true, true, 1 FROM customer
             WHERE id > {shape.beyond + _ROOM} AND id / {_BLOCK} % 2 = 0 ORDER BY id""",
    )
    yield "activity", _activities(shape)


_ZEROS = "open_receivables, unapplied, uninvoiced, paid_status, order_count"
_ZERO_VALUES = "0, 0, 0, 'none', 0"


def _activities(shape: Shape) -> str:
    """One thing done or planned with each customer: three in a hundred are still to do, some of them late."""
    drawn = "hashint8(id) & 65535"
    return f"""
        INSERT INTO activity (id, kind, customer_id, owner_id, customer_owner_id, subject, result, due_on, done_at,
                              created_at, version)
        SELECT {shape.beyond + _ROOM + 4} + row_number() OVER (ORDER BY moment, id) * {_BLOCK}, kind, id,
               owner_id, owner_id,
               (ARRAY['介绍新品', '催收货款', '上门拜访', '更新报价', '寄送样品', '确认订单细节'])[1 + drawn % 6],
               CASE WHEN NOT is_open AND drawn % 3 = 0 THEN '有意向' END,
               CASE WHEN is_open THEN current_date + drawn % 40 - 12 END,
               CASE WHEN NOT is_open THEN moment END, moment, 1
          FROM (SELECT id, owner_id, {drawn} AS drawn, {drawn} % 100 < 3 AS is_open,
                       (ARRAY['call', 'visit', 'mail', 'meeting', 'note', 'task'])[1 + ({drawn}) / 7 % 6] AS kind,
                       created_at + (now() - created_at) * (({drawn}) / 65536.0) AS moment
                  FROM customer WHERE id > {shape.last}) AS found
         ORDER BY moment, id
    """


def sequence_statements(shape: Shape) -> Iterator[str]:
    """Later ids and customers' codes go on behind what was made."""
    yield f"""
        SELECT setval('id_seq',
                      (({shape.beyond} + ((SELECT count(*) FROM customer) + {_ROOM}) * {_BLOCK}) / 1000 + 10) * 1000)
    """
    yield """
        INSERT INTO number_series (kind, year, last_value, last_recorded_at)
        SELECT 'CUS', extract(year FROM min(created_at)),
               (SELECT max(split_part(code, '-', 3)::int) FROM drill.customer), now() FROM customer
        ON CONFLICT (kind, year) DO UPDATE SET last_value = excluded.last_value
    """
