"""Custom fields in commands: values of each kind come back as they were given, within scope and masks, and are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import database as db
from core.context import Actor
from core.custom_fields.commands import (
    MOST_FIELDS,
    archive_field,
    change_field,
    create_field,
    move_field,
    restore_field,
)
from core.custom_fields.definitions import definitions
from core.custom_fields.values import values_of
from core.customers import change_customer, create_customer, save_contact
from core.errors import DomainError, InvalidInput
from core.masks import Masked, showing
from core.normalise import clean
from core.scope import viewing
from core.suppliers import change_supplier, create_supplier
from crm.owners import change_customer as change_owned
from crm.pipeline import change_opportunity, create_opportunity
from inventory.catalog import change_product
from tests.database_server import DatabaseUrls
from tests.world import World

CHOICES = [{"code": "a", "label": "A class", "label_zh": "甲"}, {"code": "b", "label": "B class", "label_zh": "乙"}]
KINDS: dict[str, dict[str, Any]] = {
    "text": {},
    "number": {},
    "money": {},
    "date": {},
    "choice": {"choices": CHOICES},
    "choices": {"choices": [*CHOICES, {"code": "c", "label": "C class"}]},
    "reference": {"target": "customer"},
    "yes_no": {},
}


@pytest.fixture(scope="module")
def world(module_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(module_database.app)
    world.user("rep", "sales")
    world.user("colleague", "sales")
    world.user("keeper", "warehouse")
    yield world
    world.database.dispose()


@pytest.fixture(autouse=True)
def _here(world: World) -> None:
    db.configure(world.database)


@pytest.fixture
def own(fresh_database: DatabaseUrls) -> Iterator[World]:
    """A company of the test's own, for those that fill a type of records or name all the fields that it has."""
    world = World.set_up(fresh_database.app)
    yield world
    world.database.dispose()


@pytest.fixture(scope="module")
def every_kind(world: World) -> dict[str, int]:
    """A field of each kind on customers, called like its kind."""
    return {kind: field(world, f"of_{kind}", kind, **more) for kind, more in KINDS.items()}


def field(world: World, key: str, kind: str = "text", record_type: str = "customer", **more: Any) -> int:
    values = {
        "record_type": record_type,
        "key": key,
        "label": key.title(),
        "label_zh": f"中{key}",
        "kind": kind,
        **more,
    }
    return int(world.run(create_field, values)["id"])


def as_actor(world: World, login: str) -> dict[str, Any]:
    return {"context": world.context(actor=world.actor_of(login))}


def seen_by(actor: Actor, record_type: str, record_id: int) -> dict[str, Any]:
    """The values as somebody may see them."""
    with viewing(actor.viewer), showing(actor.permissions):
        return {key: value.data for key, value in values_of(record_type, [record_id]).get(record_id, {}).items()}


def refused(world: World, command: Any, /, *arguments: Any, **named: Any) -> dict[str, str]:
    with pytest.raises(InvalidInput) as told:
        world.run(command, *arguments, **named)
    return {name: fault.code for name, fault in told.value.fields.items()}


visible = st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co"))
numbers = st.decimals(-(10**12), 10**12, places=6, allow_nan=False)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text(visible, min_size=1, max_size=500).filter(clean),
    "number": numbers,
    "money": st.decimals(-(10**12), 10**12, places=2, allow_nan=False),
    "date": st.dates(date(1900, 1, 1), date(2199, 12, 31)),
    "choice": st.sampled_from(["a", "b"]),
    "choices": st.lists(st.sampled_from(["a", "b", "c"]), unique=True, min_size=1),
    "yes_no": st.booleans(),
}


@pytest.mark.parametrize("kind", list(VALUES))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_value_comes_back_as_it_was_given(world: World, every_kind: dict[str, int], kind: str, data: Any) -> None:
    value, key = data.draw(VALUES[kind]), f"of_{kind}"
    customer = world.customer(custom={key: value})
    kept = seen_by(world.actor, "customer", customer)[key]
    assert kept == {"choices": sorted, "text": clean}.get(kind, lambda same: same)(value)
    world.run(change_customer, customer, {"custom": {key: None}})
    assert key not in seen_by(world.actor, "customer", customer)


def test_what_does_not_fit_is_named_beside_its_field(world: World, every_kind: dict[str, int]) -> None:
    bad = {
        "of_text": "x" * 501,
        "of_number": Decimal("0.0000001"),
        "of_money": Decimal("1.001"),
        "of_date": date(1899, 12, 31),
        "of_choice": "z",
        "of_choices": ["a", "z"],
        "of_reference": 7,
        "of_yes_no": "yes",
        "of_nothing": 1,
    }
    given_name = {"name": "", "custom": bad}
    assert refused(world, create_customer, given_name) == {
        "custom.of_text": "too_long",
        "custom.of_number": "too_many_decimals",
        "custom.of_money": "too_many_decimals",
        "custom.of_date": "day_beyond",
        "custom.of_choice": "unknown_choice",
        "custom.of_choices": "unknown_choice",
        "custom.of_reference": "reference_unknown",
        "custom.of_yes_no": "not_a_flag",
        "custom.of_nothing": "unknown_field",
        "name": "required",
    }


def test_bounds_presets_and_what_must_be_filled_in(world: World) -> None:
    bounded = field(world, "score", "number", smallest=Decimal(0), largest=Decimal(10), places=1, is_required=True)
    preset = field(world, "level", "choice", choices=CHOICES, preset="b")
    try:
        assert refused(world, create_customer, {"name": "无"}) == {"custom.score": "required"}
        high = {"name": "高", "custom": {"score": Decimal(11)}}
        assert refused(world, create_customer, high) == {"custom.score": "beyond_bounds"}
        fine = {"name": "细", "custom": {"score": Decimal("1.25")}}
        assert refused(world, create_customer, fine) == {"custom.score": "too_many_decimals"}
        customer = world.customer(custom={"score": Decimal("9.5")})
        assert seen_by(world.actor, "customer", customer) == {"score": Decimal("9.5"), "level": "b"}
        world.run(change_customer, customer, {"city": "苏州"})  # a call that does not name it is not asked for it
        assert refused(world, change_customer, customer, {"custom": {"score": None}}) == {"custom.score": "required"}
    finally:
        world.run(archive_field, bounded)
        world.run(archive_field, preset)


def test_all_types_of_records_have_them_with_their_version(own: World) -> None:
    for record_type in ("contact", "opportunity", "product", "supplier"):
        field(own, "colour", "text", record_type)
    customer, product = own.customer(), own.product()
    contact = own.run(save_contact, customer, {"name": "林薇", "custom": {"colour": "red"}})
    deal = own.run(create_opportunity, customer, {"name": "x", "amount": Decimal(1), "custom": {"colour": "red"}})
    supplier = own.run(create_supplier, {"name": "s", "country": "CN", "custom": {"colour": "red"}})
    own.run(change_product, product, {"custom": {"colour": "red"}}, version=1)
    changes: list[tuple[str, int, Any, tuple[Any, ...], dict[str, Any], int]] = [
        ("contact", contact["id"], save_contact, (customer,), {"contact_id": contact["id"]}, 1),
        ("opportunity", deal["id"], change_opportunity, (deal["id"],), {}, 1),
        ("supplier", supplier["id"], change_supplier, (supplier["id"],), {}, 1),
        ("product", product, change_product, (product,), {}, 2),
    ]
    for record_type, record_id, command, arguments, named, version in changes:
        assert seen_by(own.actor, record_type, record_id) == {"colour": "red"}, record_type
        blue = {"custom": {"colour": "blue"}}
        answer = own.run(command, *arguments, blue, version=version, **named)
        assert (answer["version"], answer["custom"]) == (version + 1, {"colour": "blue"}), record_type
        with pytest.raises(DomainError, match="edit_conflict") as stale:
            own.run(command, *arguments, {"custom": {"colour": "green"}}, version=version, **named)
        assert stale.value.data["current"]["custom"] == {"colour": "blue"}, record_type
        assert seen_by(own.actor, record_type, record_id) == {"colour": "blue"}, record_type


def test_a_change_is_told_with_that_of_its_record(world: World, every_kind: dict[str, int]) -> None:
    other = world.customer()
    customer = world.customer(custom={"of_text": "a", "of_number": Decimal("1.50"), "of_choices": ["a", "b"]})
    given_now = {"of_text": "b", "of_number": Decimal("1.5"), "of_choices": ["b"], "of_reference": other}
    world.run(change_customer, customer, {"custom": given_now | {"of_date": date(2026, 1, 2)}})
    world.run(change_customer, customer, {"city": "上海", "custom": {"of_text": "b"}})
    created, first, second = (
        row[0]
        for row in world.rows(
            "SELECT changes FROM audit_row WHERE record_type = 'customer' AND record_id = :id ORDER BY id", id=customer
        )
    )
    told = {name: value for name, value in created.items() if name.startswith("custom.")}
    assert told == {"custom.of_text": "a", "custom.of_number": "1.5", "custom.of_choices": ["a", "b"]}
    assert {name: value for name, value in first.items() if name != "search_text"} == {
        "custom.of_text": ["a", "b"],
        "custom.of_choices": [["a", "b"], ["b"]],
        "custom.of_reference_id": [None, other],
        "custom.of_date": [None, "2026-01-02"],
    }
    assert {name for name in second if name.startswith("custom.")} == set()


def test_nothing_of_a_refused_change_is_kept(world: World, every_kind: dict[str, int]) -> None:
    customer = world.customer(custom={"of_text": "kept"})
    rows = "SELECT count(*) FROM audit_row"
    before = world.value(rows)
    wrong = {"name": "", "custom": {"of_text": "lost"}}
    assert refused(world, change_customer, customer, wrong) == {"name": "required"}
    assert (seen_by(world.actor, "customer", customer), world.value(rows)) == ({"of_text": "kept"}, before)


# scope and masks ------------------------------------------------------------------------------------------------------
def test_a_colleagues_customer_can_be_neither_referred_to_nor_read_through_a_reference(
    world: World, every_kind: dict[str, int]
) -> None:
    rep, colleague = world.actor_of("rep"), world.actor_of("colleague")
    theirs = world.customer("隐藏的客户", owner_id=colleague.user_id)
    own = world.customer(owner_id=rep.user_id, custom={"of_reference": theirs})
    assert seen_by(world.actor, "customer", own) == {"of_reference": theirs}
    assert seen_by(rep, "customer", own) == {"of_reference": Masked("rows")}
    by_rep = as_actor(world, "rep")
    foreign = {"custom": {"of_reference": theirs}}
    missing = {"custom": {"of_reference": 2**40}}
    other = world.customer(owner_id=rep.user_id)
    answers = [refused(world, change_customer, other, given_now, **by_rep) for given_now in (foreign, missing)]
    assert answers == [{"custom.of_reference": "reference_unknown"}] * 2
    # What he cannot see he does not empty by sending back what he was shown.
    answer = world.run(change_customer, own, {"custom": {"of_reference": None, "of_text": "x"}}, **by_rep)
    assert answer["custom"]["of_reference"] is None
    assert seen_by(world.actor, "customer", own)["of_reference"] == theirs


def test_a_masked_field_is_shown_kept_and_told_as_a_mask(world: World) -> None:
    key = "second_phone"
    field(world, key, mask="phones")
    field(world, "limit_of_ours", "money", mask="margins")
    customer = world.customer(custom={key: "021-55556666", "limit_of_ours": Decimal("5.00")})
    keeper = world.actor_of("keeper")
    assert seen_by(keeper, "customer", customer) == {
        key: Masked("phones", "•••• 6666"), "limit_of_ours": Masked("margins"),
    }  # fmt: skip
    rep = as_actor(world, "rep")
    world.run(change_owned, customer, {"owner_id": world.actor_of("rep").user_id})
    untouched = {"custom": {"limit_of_ours": None, key: "021-1"}}
    world.run(change_customer, customer, untouched, **rep)
    assert seen_by(world.actor, "customer", customer) == {key: "021-1", "limit_of_ours": Decimal("5.00")}
    with pytest.raises(DomainError, match="edit_conflict") as stale:
        world.run(change_customer, customer, {}, version=1, **rep)
    assert stale.value.data["current"]["custom"]["limit_of_ours"] == Masked("margins")


# definitions ----------------------------------------------------------------------------------------------------------
def test_what_a_definition_cannot_be(world: World) -> None:
    base = {"record_type": "product", "label": "x", "kind": "text"}
    for wrong, code in (
        ({"key": ""}, "required"),
        ({"key": "Größe"}, "not_a_key"),
        ({"key": "1st"}, "not_a_key"),
        ({"key": "phone"}, "reserved_key"),
        ({"key": "k", "label": ""}, "required"),
        ({"key": "k", "kind": "colour"}, "unknown_choice"),
        ({"key": "k", "record_type": "app_user"}, "unknown_choice"),
        ({"key": "k", "mask": "secrets"}, "unknown_choice"),
        ({"key": "k", "kind": "reference"}, "unknown_choice"),
        ({"key": "k", "kind": "choice"}, "required"),
        ({"key": "k", "longest": 501}, "out_of_range"),
        ({"key": "k", "preset": "x" * 501}, "too_long"),
        ({"key": "k", "kind": "number", "smallest": Decimal(2), "largest": Decimal(1)}, "below_smallest"),
        ({"key": "k", "kind": "choice", "choices": [CHOICES[0], CHOICES[0]]}, "duplicate_code"),
        ({"key": "k", "kind": "choice", "choices": [{"code": "Ä", "label": "x"}]}, "not_a_code"),
    ):
        assert set(refused(world, create_field, base | wrong).values()) == {code}, wrong


def test_kind_and_key_stay_and_names_change(world: World) -> None:
    field_id = field(world, "stays", record_type="supplier")
    for name, value in (("key", "other"), ("kind", "number"), ("record_type", "customer")):
        assert refused(world, change_field, field_id, {name: value}) == {name: "fixed_once_made"}
    answer = world.run(change_field, field_id, {"label": "New", "help": "Say it"}, version=1)
    assert (answer["label"], answer["version"]) == ("New", 2)
    with pytest.raises(DomainError, match="edit_conflict"):
        world.run(change_field, field_id, {"label": "Late"}, version=1)


def test_an_archived_choice_stays_where_it_is_and_is_offered_no_more(world: World) -> None:
    field_id = field(world, "grade", "choice", choices=CHOICES)
    customer = world.customer(custom={"grade": "a"})
    world.run(change_field, field_id, {"choices": [CHOICES[1], {"code": "n", "label": "New"}]})
    assert seen_by(world.actor, "customer", customer) == {"grade": "a"}
    world.run(change_customer, customer, {"custom": {"grade": "a"}})
    given_now = {"name": "新", "custom": {"grade": "a"}}
    assert refused(world, create_customer, given_now) == {"custom.grade": "unknown_choice"}
    [found] = [each for each in definitions().of("customer") if each.key == "grade"]
    assert [(choice.code, choice.is_active) for choice in found.choices] == [("b", True), ("n", True), ("a", False)]
    [(changes,)] = world.rows(
        "SELECT changes FROM audit_row WHERE action = 'custom_field.choices_changed' AND record_id = :id"
        " ORDER BY id DESC LIMIT 1",
        id=field_id,
    )
    assert changes["choices"][1][-1] == {"code": "a", "label": "A class", "label_zh": "甲", "is_active": False}


def test_archiving_hides_and_brings_back_and_says_how_many(world: World) -> None:
    field_id = field(world, "fades")
    customers = [world.customer(custom={"fades": "x"}) for _ in range(2)]
    preview = world.preview(archive_field, field_id)
    assert [(effect.kind, effect.data.get("records")) for effect in preview.effects] == [
        ("custom_field_archived", None), ("custom_values_kept", 2),
    ]  # fmt: skip
    assert "fades" in seen_by(world.actor, "customer", customers[0])
    world.run(archive_field, field_id)
    assert "fades" not in seen_by(world.actor, "customer", customers[0])
    assert refused(world, change_customer, customers[0], {"custom": {"fades": "y"}}) == {
        "custom.fades": "unknown_field"
    }
    world.run(restore_field, field_id)
    assert seen_by(world.actor, "customer", customers[0])["fades"] == "x"


def test_fields_are_moved(world: World) -> None:
    ids = [field(world, f"m{number}", record_type="contact") for number in range(3)]
    world.run(move_field, ids[2], 1)
    order = [each.id for each in definitions().of("contact")]
    assert order[0] == ids[2] and set(ids) <= set(order)


def test_fields_are_bounded_in_number(own: World) -> None:
    for number in range(MOST_FIELDS):
        field(own, f"more{number}", record_type="contact")
    with pytest.raises(DomainError, match="too_many_fields"):
        field(own, "one_more", record_type="contact")


def test_values_go_with_a_record_that_is_deleted(world: World, database_server: Any) -> None:
    field(world, "goes", record_type="contact")
    customer = world.customer()
    contact = world.run(save_contact, customer, {"name": "x", "custom": {"goes": "gone"}})["id"]
    assert world.value("SELECT count(*) FROM custom_text WHERE record_id = :id", id=contact) == 1
    admin = database_server.urls(world.database.engine.url.database).admin.replace("+psycopg", "", 1)
    with psycopg.connect(admin) as connection:
        connection.execute("DELETE FROM contact WHERE id = %s", (contact,))
    assert world.value("SELECT count(*) FROM custom_text WHERE record_id = :id", id=contact) == 0


def test_who_may_not_manage_fields_adds_none(world: World) -> None:
    with pytest.raises(DomainError, match="permission_denied"):
        world.run(create_field, {"record_type": "product", "key": "k", "label": "x", "kind": "text"},
                  **as_actor(world, "rep"))  # fmt: skip
