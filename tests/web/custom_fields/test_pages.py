"""Custom fields in pages: added in the settings, filled in forms, shown on record pages and in histories."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest

from core import database as db
from core.custom_fields.commands import change_field, create_field
from core.custom_fields.definitions import definitions
from core.custom_fields.values import values_of
from tests.database_server import DatabaseUrls
from tests.web.pages_ops.conftest import Books, Browser, browser, build
from tests.world import World

CHOICES = [{"code": "a", "label": "A class", "label_zh": "甲类"}, {"code": "b", "label": "B class", "label_zh": "乙类"}]
FIELDS: dict[str, dict[str, Any]] = {
    "motto": {"kind": "text", "label": "Motto", "label_zh": "口号", "help": "A few words"},
    "score": {"kind": "number", "label": "Score", "label_zh": "评分"},
    "quota": {"kind": "money", "label": "Quota", "label_zh": "配额", "mask": "margins"},
    "born_on": {"kind": "date", "label": "Founded", "label_zh": "成立日期"},
    "grade": {"kind": "choice", "label": "Grade", "label_zh": "等级", "choices": CHOICES},
    "topics": {"kind": "choices", "label": "Topics", "label_zh": "主题", "choices": CHOICES},
    "parent": {"kind": "reference", "label": "Parent", "label_zh": "母公司", "target": "customer"},
    "is_chain": {"kind": "yes_no", "label": "Chain", "label_zh": "连锁"},
}


@pytest.fixture(scope="module")
def books(module_database: DatabaseUrls) -> Iterator[Books]:
    """A company with a field of each kind on its customers, and one on all other records."""
    books = build(World.set_up(module_database.app))
    for key, values in FIELDS.items():
        books.world.run(create_field, {"record_type": "customer", "key": key, **values})
    for record_type in ("contact", "opportunity", "product", "supplier"):
        motto = {"record_type": record_type, "key": "motto", "label": "Motto", "label_zh": "口号", "kind": "text"}
        books.world.run(create_field, motto)
    yield books
    books.world.database.dispose()


@pytest.fixture(autouse=True)
def _here(books: Books) -> None:
    db.configure(books.world.database)


def typed(browser: Browser, **values: Any) -> dict[str, Any]:
    """The form of the last page as it stands, with other entries."""
    found: dict[str, Any] = {}
    page = browser.page[browser.page.index("<main") :]
    for tag in re.findall(r"<(?:input|select|textarea)[^>]*>", page):
        name = re.search(r' name="([^"]+)"', tag)
        if name and name[1] not in ("csrf_token", "idempotency_key", "q") and 'type="checkbox"' not in tag:
            value = re.search(r' value="([^"]*)"', tag)
            found[name[1]] = html.unescape(value[1]) if value else ""
    for name, body in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r"<option selected value=\"([^\"]*)\"", body)
        found[name] = chosen[1] if chosen else ""
    return found | values


def customs(books: Books, record_type: str, record_id: int) -> dict[str, Any]:
    return {key: value.data for key, value in values_of(record_type, [record_id]).get(record_id, {}).items()}


def test_a_customer_is_filled_in_and_shown_in_both_languages(books: Books) -> None:
    person, other = browser(books, "admin"), books.ids["other"]
    code = books.world.value("SELECT code FROM customer WHERE id = :id", id=other)
    person.get("/customers/new")
    assert 'maxlength="500"' in person.page and "A few words" in person.page
    entries = {
        "name": "连锁总部", "custom-motto": "客户至上", "custom-score": "１,234.5", "custom-quota": "99.90",
        "custom-born_on": "1951年3月4日", "custom-grade": "b", "custom-topics": ["", "a", "b"],
        "custom-parent": code, "custom-is_chain": "no",
    }  # fmt: skip
    made = person.post("/customers/new", **typed(person, **entries))
    assert made.status_code == 303, person.page
    person.get(made.location)
    more = person.page[person.page.index('id="more"') :]
    shown = ("客户至上", "1,234.5", "99.90", "1951", "B class", "A class, B class", "苏州澄湖百货", "No")
    assert [text for text in shown if text not in more] == []
    assert f'href="/customers/{other}"' in more
    chinese = browser(books, "admin")
    chinese.language = "zh"
    chinese.get(made.location)
    more = chinese.page[chinese.page.index('id="more"') :]
    assert [text for text in ("口号", "成立日期", "乙类", "甲类，乙类", "否") if text not in more] == []


def test_an_empty_card_is_not_there(books: Books) -> None:
    person = browser(books, "admin")
    person.get(f"/customers/{books.world.customer()}")
    assert 'id="more"' not in person.page


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(books: Books) -> None:
    person = browser(books, "admin")
    person.get("/customers/new")
    wrong = {
        "name": "错", "custom-score": "12o", "custom-born_on": "1899-01-01", "custom-parent": "nobody at all",
        "custom-grade": "z", "custom-motto": "stays",
    }  # fmt: skip
    response = person.post("/customers/new", **typed(person, **wrong))
    assert response.status_code == 422
    for name in ("score", "born_on", "parent"):
        assert f'id="custom-{name}-error"' in person.page, name
    assert 'value="stays"' in person.page and 'value="12o"' in person.page
    right = {"custom-score": "", "custom-born_on": "", "custom-parent": ""}
    response = person.post("/customers/new", **typed(person, **right, **{"name": "错", "custom-grade": "z"}))
    assert response.status_code == 422
    assert 'id="custom-grade-error"' in person.page


def test_a_form_sent_as_it_stands_changes_nothing(books: Books) -> None:
    other = books.ids["other"]
    given = {
        "motto": "一", "quota": 5, "grade": "a", "topics": ["a", "b"], "parent": other, "is_chain": True,
    }  # fmt: skip
    customer = books.world.customer(custom=given)
    before = customs(books, "customer", customer)
    person = browser(books, "manager")
    person.get(f"/customers/{customer}/edit")
    sent = typed(person, **{"custom-topics": ["", "a", "b"]})
    assert person.post(f"/customers/{customer}/edit", **sent).status_code == 303
    assert customs(books, "customer", customer) == before
    # A form that was drawn before there was a field says nothing about it.
    person.get(f"/customers/{customer}/edit")
    old = {name: value for name, value in typed(person).items() if not name.startswith("custom-")}
    assert person.post(f"/customers/{customer}/edit", **old).status_code == 303
    assert customs(books, "customer", customer) == before
    person.get(f"/customers/{customer}/edit")
    emptied = typed(person, **{name: "" for name in typed(person) if name.startswith("custom-")})
    assert person.post(f"/customers/{customer}/edit", **emptied).status_code == 303
    assert customs(books, "customer", customer) == {}


def test_who_does_not_see_a_field_leaves_it_as_it_is(books: Books) -> None:
    sales = books.actors["sales"]
    hidden = books.world.customer("别人的母公司")
    customer = books.world.customer(owner_id=sales.user_id, custom={"quota": 4242, "parent": hidden, "motto": "x"})
    person = browser(books, "sales")
    page = person.get(f"/customers/{customer}")
    assert "4,242" not in page.text and "别人的母公司" not in page.text
    person.get(f"/customers/{customer}/edit")
    assert "4242" not in person.page and "别人的母公司" not in person.page
    assert person.post(f"/customers/{customer}/edit", **typed(person, **{"custom-motto": "y"})).status_code == 303
    kept = customs(books, "customer", customer)
    assert (kept["quota"], kept["parent"], kept["motto"]) == (4242, hidden, "y")


def test_an_edit_conflict_shows_what_stands_in_custom_fields_now(books: Books) -> None:
    customer = books.world.customer(custom={"motto": "first", "grade": "a"})
    person = browser(books, "manager")
    person.get(f"/customers/{customer}/edit")
    sent = typed(person, **{"custom-motto": "mine"})
    second = browser(books, "admin")
    second.get(f"/customers/{customer}/edit")
    theirs = typed(second, **{"custom-motto": "theirs", "custom-grade": "b"})
    assert second.post(f"/customers/{customer}/edit", **theirs).status_code == 303
    response = person.post(f"/customers/{customer}/edit", **sent)
    assert response.status_code == 422
    note = person.page[person.page.index('<table class="merge"') :].split("</table>")[0]
    assert "theirs" in note and "B class" in note and "Taken over" in note
    assert '<option selected value="b">' in person.page
    assert 'value="mine"' in person.page


def test_an_archived_choice_stays_in_the_form_of_who_has_it(books: Books) -> None:
    fading = [{"code": "old", "label": "Old one"}, {"code": "new", "label": "New one"}]
    values = {"record_type": "customer", "key": "fading", "label": "Fading", "kind": "choice", "choices": fading}
    field = books.world.run(create_field, values)["id"]
    customer = books.world.customer(custom={"fading": "old"})
    books.world.run(change_field, field, {"choices": fading[1:]})
    person = browser(books, "manager")
    person.get(f"/customers/{customer}/edit")
    assert "Old one" in person.page
    refused = person.post(f"/customers/{customer}/edit", **typed(person, name=""))
    assert refused.status_code == 422 and "Old one" in person.page
    person.get("/customers/new")
    assert "Old one" not in person.page and "New one" in person.page


@pytest.mark.parametrize(
    ("record_type", "key", "edit", "show"),
    [
        ("product", "product", "/products/{}/edit", "/products/{}"),
        ("supplier", "supplier", "/suppliers/{}/edit", "/suppliers/{}"),
    ],
)
def test_other_records_have_them_in_form_and_page(
    books: Books, record_type: str, key: str, edit: str, show: str
) -> None:
    record_id = books.ids[key]
    person = browser(books, "admin")
    person.get(edit.format(record_id))
    saved = person.post(edit.format(record_id), **typed(person, **{"custom-motto": "unmistakable"}))
    assert saved.status_code == 303, person.page
    assert "unmistakable" in person.get(show.format(record_id)).text
    assert customs(books, record_type, record_id) == {"motto": "unmistakable"}


def test_contacts_and_opportunities_have_them_too(books: Books) -> None:
    customer = books.ids["customer"]
    person = browser(books, "admin")
    person.get(f"/customers/{customer}/contacts/new")
    person.post(f"/customers/{customer}/contacts/new", **typed(person, name="李雷", **{"custom-motto": "hi"}))
    contact = books.world.value("SELECT max(id) FROM contact")
    assert customs(books, "contact", contact) == {"motto": "hi"}
    assert 'value="hi"' in person.get(f"/customers/{customer}/contacts/{contact}").text
    person.get(f"/opportunities/new?customer_id={customer}")
    made = person.post("/opportunities/new", **typed(person, name="deal", amount="5", **{"custom-motto": "win"}))
    assert made.status_code == 303, person.page
    assert "win" in person.get(made.location).text
    person.get(f"{made.location}/edit")
    assert person.post(f"{made.location}/edit", **typed(person, **{"custom-motto": "won"})).status_code == 303
    assert customs(books, "opportunity", int(made.location.rsplit("/", 1)[1])) == {"motto": "won"}


def test_a_history_names_fields_and_choices(books: Books) -> None:
    other = books.ids["other"]
    customer = books.world.customer(custom={"grade": "a", "topics": ["a", "b"]})
    person = browser(books, "admin")
    person.get(f"/customers/{customer}/edit")
    now = {"custom-grade": "b", "custom-topics": ["", "b"], "custom-born_on": "2020-05-06"}
    code = books.world.value("SELECT code FROM customer WHERE id = :id", id=other)
    sent = typed(person, **now, **{"custom-parent": code})
    assert person.post(f"/customers/{customer}/edit", **sent).status_code == 303
    page = person.get(f"/history/customer/{customer}").text
    wanted = ("Grade", "A class", "B class", "Topics", "A class, B class", "Founded", "Parent", "苏州澄湖百货")
    assert [text for text in wanted if text not in page] == []
    assert "custom." not in page.lower()


# settings -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["text", "number", "money", "date", "choice", "choices", "reference", "yes_no"])
def test_a_field_of_each_kind_is_added_and_changed(books: Books, kind: str) -> None:
    person = browser(books, "admin")
    address = f"/settings/fields/new?type=supplier&kind={kind}"
    person.get("/settings/fields/new?type=supplier")
    assert f"kind={kind}" in person.page
    person.get(address)
    rows = {"choices-0-place": "2", "choices-0-code": "late", "choices-0-label": "Late"}
    rows |= {"choices-1-place": "1", "choices-1-code": "soon", "choices-1-label": "Soon"}
    more = rows if kind in ("choice", "choices") else {"target": "product"} if kind == "reference" else {}
    refused = person.post(address, **typed(person, label="", key="", **more))
    assert refused.status_code == 422
    assert 'id="label-error"' in person.page and 'id="key-error"' in person.page
    made = person.post(address, **typed(person, label=f"Of {kind}", label_zh=f"种类{kind}", key=f"of_{kind}", **more))
    assert made.status_code == 303, person.page
    assert f"Of {kind}" in person.get(made.location).text
    [field] = [each for each in definitions().of("supplier") if each.key == f"of_{kind}"]
    if more is rows:
        assert [choice.code for choice in field.choices] == ["soon", "late"]
    person.get(f"/settings/fields/{field.id}")
    presets = {
        "text": ("hello", "hello"), "number": ("1.5", "1.5"), "money": ("2", "2.00"), "date": ("2026-01-02",) * 2,
        "choice": ("soon", "soon"), "choices": (["", "soon"], ["soon"]), "yes_no": ("yes", True),
    }  # fmt: skip
    entry = {f"preset-of_{kind}": presets[kind][0]} if kind in presets else {}
    saved = person.post(f"/settings/fields/{field.id}", **typed(person, help="Read me", **entry))
    assert saved.status_code == 303, person.page
    [field] = [each for each in definitions().of("supplier") if each.key == f"of_{kind}"]
    assert (field.help, field.preset) == ("Read me", presets[kind][1] if kind in presets else None)


def test_a_wrong_row_of_choices_is_named_where_it_was_typed(books: Books) -> None:
    person = browser(books, "admin")
    address = "/settings/fields/new?type=product&kind=choice"
    person.get(address)
    rows = {"choices-0-place": "9", "choices-0-code": "Ä B", "choices-0-label": "Wrong", "choices-2-code": "fine",
            "choices-2-label": "Fine", "choices-2-place": "1"}  # fmt: skip
    assert person.post(address, **typed(person, label="x", key="rows", **rows)).status_code == 422
    assert 'id="choices-0-code-error"' in person.page and 'id="choices-2-code-error"' not in person.page


def test_archiving_says_what_it_hides_and_can_be_undone(books: Books) -> None:
    values = {"record_type": "product", "key": "fades", "label": "Fades", "kind": "text"}
    field = books.world.run(create_field, values)["id"]
    books.world.product(custom={"fades": "x"})
    person = browser(books, "admin")
    person.get(f"/settings/fields/{field}?preview=1")
    assert "Hide “Fades” in forms" in person.page and "records with a value" in person.page
    assert person.post(f"/settings/fields/{field}/archive", digest=True).status_code == 303
    assert "Archived" in person.get("/settings/fields?type=product").text
    assert "Fades" not in person.get("/products/new").text
    assert person.post(f"/settings/fields/{field}/restore").status_code == 303
    person.get("/settings/fields?type=product")
    assert "Fades" in person.get("/products/new").text


def test_fields_are_put_in_order(books: Books) -> None:
    first, second = [each.id for each in definitions().of("customer")][:2]
    person = browser(books, "admin")
    person.get("/settings/fields?type=customer")
    assert person.post(f"/settings/fields/{second}/move", way="up").status_code == 303
    assert [each.id for each in definitions().of("customer")][:2] == [second, first]
    assert person.post(f"/settings/fields/{second}/move", way="up").status_code == 303
    assert person.post(f"/settings/fields/{second}/move", way="down").status_code == 303
    assert [each.id for each in definitions().of("customer")][:2] == [first, second]
