"""Product categories: one of a name, renamed with their products, taken away only when empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.categories import remove_category, save_category
from core.errors import DomainError, InvalidInput
from tests.database_server import DatabaseUrls
from tests.world import World


@pytest.fixture
def world(fresh_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(fresh_database.app)
    yield world
    world.database.dispose()


def test_made_renamed_and_taken_away(world: World) -> None:
    tea = world.run(save_category, {"name": " 茶叶 ", "description": "绿茶、红茶"})
    product = world.product(category_id=tea["id"])
    again = world.run(save_category, {"name": "茶"}, category_id=tea["id"])
    assert again == {"id": tea["id"], "name": "茶", "description": "绿茶、红茶", "version": 2}
    with pytest.raises(DomainError) as refused:
        world.run(remove_category, tea["id"])
    assert (refused.value.code, refused.value.data["products"]) == ("category_in_use", 1)
    empty = world.run(save_category, {"name": "空"})
    world.run(remove_category, empty["id"])
    assert world.rows("SELECT id FROM product_category") == [(tea["id"],)]
    assert world.value("SELECT category_id FROM product WHERE id = :id", id=product) == tea["id"]
    actions = [row[0] for row in world.rows("SELECT action FROM audit_row WHERE record_type = 'product_category'")]
    assert sorted(actions) == [f"product_category.{verb}" for verb in ("changed", "created", "created", "deleted")]


@pytest.mark.parametrize(("name", "code"), [(" ", "required"), ("x" * 81, "too_long"), ("茶", "duplicate_name")])
def test_refusals_stand_beside_the_name(world: World, name: str, code: str) -> None:
    world.run(save_category, {"name": "茶"})
    with pytest.raises(DomainError) as refused:
        world.run(save_category, {"name": name})
    assert refused.value.fields["name"].code == code
    assert isinstance(refused.value, InvalidInput) or code == "duplicate_name"
