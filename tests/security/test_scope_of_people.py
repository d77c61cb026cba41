"""Own, team, region, all, and shared: who sees whose customers as people and teams move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from core.context import Actor
from core.errors import DomainError, InvalidInput, NotFound
from core.queries.customers import customer_names
from core.roles import create_role
from core.scope import viewing
from core.units import end_share, place_user, save_unit, share_customer
from core.users import change_user
from crm.queries.order_record import get_order
from tests.conftest import DatabaseUrls
from tests.world import World


@dataclass
class Company(World):
    """A company with its units by name."""

    units: dict[str, int] = field(default_factory=dict)


@pytest.fixture
def world(fresh_database: DatabaseUrls) -> Iterator[Company]:
    """North (region) with teams Red and Blue; South (region) with team Green; one sales person in each team."""
    world = Company.set_up(fresh_database.app)
    assert isinstance(world, Company)
    for login in ("red", "blue", "green"):
        actor = world.user(login, "sales")
        world.customer(f"{login} customer", owner_id=actor.user_id)
    for name, kind, parent in (
        ("north", "region", None),
        ("south", "region", None),
        ("red", "team", "north"),
        ("blue", "team", "north"),
        ("green", "team", "south"),
    ):
        values = {"name": name, "kind": kind, "parent_id": parent and world.units[parent]}
        world.units[name] = world.run(save_unit, values)["id"]
    for login in ("red", "blue", "green"):
        place(world, login, login)
    yield world
    world.database.dispose()


def place(world: Company, login: str, unit: str | None) -> None:
    user = world.value("SELECT id FROM app_user WHERE login = :login", login=login)
    world.run(place_user, user, unit and world.units[unit])


def give_scope(world: Company, login: str, scope: str) -> None:
    """A role of its own for one person, seeing so far."""
    name, user = f"{scope} of {login}", world.actor_of(login)
    role = world.run(create_role, {"name": name, "permissions": ["customers.read"], "row_scope": scope})
    world.run(change_user, user.user_id, {"roles": [*user.roles, role["code"]]})


def sees(world: Company, login: str) -> set[str]:
    actor: Actor = world.actor_of(login)
    with viewing(actor.viewer), world.database.reading() as connection:
        return {name.split()[0] for name in customer_names(connection)}


def test_from_own_to_all(world: Company) -> None:
    assert sees(world, "red") == {"red"}
    give_scope(world, "red", "team")
    assert sees(world, "red") == {"red"}
    place(world, "blue", "red")
    assert sees(world, "red") == {"red", "blue"}
    place(world, "blue", "blue")
    assert sees(world, "red") == {"red"}
    give_scope(world, "red", "region")
    assert sees(world, "red") == {"red", "blue"}
    give_scope(world, "red", "all")
    assert sees(world, "red") == {"red", "blue", "green"}


def test_who_stands_at_the_head_of_a_region_sees_its_teams(world: Company) -> None:
    give_scope(world, "green", "team")
    place(world, "green", "north")
    assert sees(world, "green") == {"red", "blue", "green"}
    place(world, "green", None)
    assert sees(world, "green") == {"green"}


def test_a_team_that_moves_takes_its_people_along(world: Company) -> None:
    give_scope(world, "green", "region")
    assert sees(world, "green") == {"green"}
    units = world.units
    world.run(save_unit, {"parent_id": units["south"]}, unit_id=units["red"])
    assert sees(world, "green") == {"green", "red"}
    assert world.rows("SELECT count(*) FROM unit_membership WHERE until IS NULL") == [(3,)]


def test_history_of_membership_stays(world: Company) -> None:
    place(world, "red", "blue")
    place(world, "red", "blue")
    history = world.rows(
        "SELECT unit.name, until IS NULL FROM unit_membership JOIN org_unit AS unit ON unit.id = unit_id "
        "JOIN app_user ON app_user.id = user_id WHERE login = 'red' ORDER BY since"
    )
    assert history == [("red", False), ("blue", True)]


def test_a_shared_customer_is_seen_with_all_that_is_his(world: Company) -> None:
    customer = world.value("SELECT id FROM customer WHERE name = 'green customer'")
    product = world.product(stock=5)
    order = world.order(customer, (product, 1))
    red = world.actor_of("red").user_id
    share = world.run(share_customer, customer, user_id=red, reason="helps with the fair")
    assert world.run(share_customer, customer, user_id=red)["id"] == share["id"]
    assert sees(world, "red") == {"red", "green"}
    with viewing(world.actor_of("red").viewer):
        assert get_order(order["id"])
    other = world.value("SELECT id FROM customer WHERE name = 'blue customer'")
    with pytest.raises(NotFound):
        world.run(end_share, other, share["id"])
    world.run(end_share, customer, share["id"])
    assert sees(world, "red") == {"red"}
    with pytest.raises(NotFound):
        world.run(end_share, customer, share["id"])
    units = world.units
    world.run(share_customer, customer, unit_id=units["north"])
    assert (sees(world, "red"), sees(world, "blue")) == ({"red", "green"}, {"blue", "green"})


def test_only_who_sees_a_customer_can_share_it(world: Company) -> None:
    customer = world.value("SELECT id FROM customer WHERE name = 'green customer'")
    may_share = {"name": "May share", "permissions": ["customers.read", "customers.assign"]}
    roles = ["sales", world.run(create_role, may_share)["code"]]
    world.run(change_user, world.actor_of("red").user_id, {"roles": roles})
    red = world.actor_of("red")
    with pytest.raises(NotFound):
        world.run(share_customer, customer, user_id=red.user_id, context=world.context(actor=red))
    with pytest.raises(InvalidInput):
        world.run(share_customer, customer)


def test_the_tree_stays_a_tree(world: Company) -> None:
    units = world.units
    with pytest.raises(DomainError) as refused:
        world.run(save_unit, {"parent_id": units["north"]}, unit_id=units["north"])
    assert refused.value.code == "unit_cycle"
    for values, unit in (
        ({"name": "", "kind": "team"}, None),
        ({"name": "red", "kind": "team", "parent_id": units["north"]}, None),
        ({"name": "x", "kind": "company"}, None),
        ({"name": "x", "kind": "region", "parent_id": units["red"]}, None),
        ({"name": "x" * 121}, units["red"]),
    ):
        with pytest.raises(InvalidInput):
            world.run(save_unit, values, unit_id=unit)
    with pytest.raises(NotFound):
        world.run(save_unit, {"name": "x"}, unit_id=7)
