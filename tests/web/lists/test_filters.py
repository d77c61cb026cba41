"""The form of a condition, without a script: chosen, filled in, changed, widened, taken away."""

from __future__ import annotations

import html
import re
from urllib.parse import urlencode

from tests.web.lists.pages import read_list
from tests.web.pages_sell.conftest import Shop


def applied(shop: Shop, path: str, role: str = "admin", **fields: object) -> str:
    """Where the list stands after the form was sent."""
    query = urlencode({"apply": "yes", **fields}, doseq=True)
    answer = shop.client(role).get(f"{path}{'&' if '?' in path else '?'}{query}")
    assert answer.status_code == 303
    return str(answer.location)


def test_a_condition_is_added_changed_and_widened(shop: Shop) -> None:
    client = shop.client("admin")
    form = client.get("/customers?edit=new&column=country").text
    assert '<option value="has"' in form
    first = applied(shop, "/customers", edit="new", column="country", op="is", value="DE")
    assert read_list(client, first).chips == ["Country is DE"]
    changed = applied(shop, first, edit="0", column="country", op="is", value="CN")
    assert read_list(client, changed).chips == ["Country is CN"]
    either = applied(shop, changed, edit="0", either="yes", column="country", op="is", value="DE")
    opened = read_list(client, either)
    assert opened.chips == ["Country is CN or Country is DE"]
    assert opened.total == read_list(client, "/customers").total
    remove = re.search(r'href="([^"]*)" aria-label="Remove filter: Country"', opened.text)
    assert remove
    assert read_list(client, html.unescape(remove[1])).chips == []


def test_choices_and_references_are_ticked(shop: Shop) -> None:
    seller = shop.actors["sales"].user_id
    path = applied(shop, "/customers", edit="new", column="owner", op="in", choice=[seller, "me"])
    opened = read_list(shop.client("admin"), path)
    assert opened.chips == ["Owner is any of Sales1, Me"]
    state = applied(shop, "/orders", edit="new", column="state", op="out", choice=["draft"])
    assert read_list(shop.client("admin"), state).chips == ["State is none of Draft"]


def test_what_says_nothing_leads_back_to_the_form(shop: Shop) -> None:
    for fields in ({"op": "gt", "value": "much"}, {"op": "between", "value": "1"}, {"op": "gt", "value": ""}):
        path = applied(shop, "/customers", edit="new", column="balance", **fields)
        page = shop.client("admin").get(path).text
        assert "This cannot be looked for" in page
        assert read_list(shop.client("admin"), path).chips == []


def test_days_are_meant_from_today_on(shop: Shop) -> None:
    path = applied(shop, "/orders", edit="new", column="ordered_on", op="last", days="30")
    opened = read_list(shop.client("admin"), path)
    assert opened.chips == ["Ordered in the last days 30 days"]
    assert opened.rows == read_list(shop.client("admin"), "/orders").rows


def test_a_masked_column_cannot_be_looked_for(shop: Shop) -> None:
    shown = read_list(shop.client("admin"), "/customers?f=phone:has:6587")
    assert shown.rows == 1
    hidden = read_list(shop.client("warehouse"), "/customers?f=phone:has:6587")
    assert hidden.rows == 0
    page = shop.client("warehouse").get("/customers?cols=name,phone").text
    assert "65871234" not in page
    assert "edit=new&amp;column=phone" not in page
    assert read_list(shop.client("warehouse"), "/customers?f=phone:filled").rows == 0


def test_a_column_without_its_permission_does_not_exist(shop: Shop) -> None:
    shown = read_list(shop.client("warehouse"), "/customers?cols=name,balance&f=balance:ge:-999999")
    assert shown.rows == 0
    assert ">Balance" not in shown.text
