"""Views that people save: tabs of their own and of everybody."""

from __future__ import annotations

import re

from tests.web.lists.pages import read_list
from tests.web.pages_sell.conftest import Shop
from tests.world import new_key

QUERY = "f=country%3Ais%3ADE&sort=-name"


def save(shop: Shop, name: str, role: str = "manager", **more: str) -> str:
    answer = shop.post("/lists/customers/views", {"name": name, "query": QUERY, **more}, role)
    assert answer.status_code == 303, answer.text
    found = re.search(r"view=v(\d+)", answer.location)
    assert found, answer.location
    return found[1]


def test_a_saved_view_is_a_tab_with_its_rows(shop: Shop) -> None:
    name = f"Germans {new_key()}"
    view_id = save(shop, name)
    opened = read_list(shop.client("manager"), f"/customers?view=v{view_id}")
    assert opened.tabs[name][1] == opened.total == str(opened.rows)
    assert opened.chips == ["Country is DE"]
    assert name not in read_list(shop.client("admin"), "/customers").tabs


def test_a_shared_view_shows_everybody_his_own_rows(shop: Shop) -> None:
    name = f"Shared {new_key()}"
    view_id = save(shop, name, is_shared="yes")
    for role in ("admin", "sales", "warehouse"):
        opened = read_list(shop.client(role), f"/customers?view=v{view_id}")
        assert opened.tabs[name][1] == opened.total
    hers = f"/lists/views/{view_id}"
    assert shop.client("admin").get(hers).status_code == 404
    assert shop.post(f"{hers}/delete", {}, "admin").status_code == 404


def test_only_who_may_share_does(shop: Shop) -> None:
    before = shop.world.value("SELECT count(*) FROM saved_view")
    answer = shop.post("/lists/customers/views", {"name": new_key(), "query": QUERY, "is_shared": "yes"}, "sales")
    assert answer.status_code == 303
    assert shop.world.value("SELECT count(*) FROM saved_view") == before


def test_a_view_is_changed_and_deleted_by_its_owner(shop: Shop) -> None:
    first, second = f"First {new_key()}", f"Second {new_key()}"
    view_id = save(shop, first)
    page = shop.client("manager").get(f"/lists/views/{view_id}")
    assert first in page.text
    renamed = shop.post(f"/lists/views/{view_id}", {"name": second, "version": "1"}, "manager")
    assert renamed.status_code == 303
    stale = shop.post(f"/lists/views/{view_id}", {"name": first, "version": "1"}, "manager")
    assert stale.status_code == 422
    asked_anew = {"query": "q=QUICK", "version": "2"}
    assert shop.post(f"/lists/views/{view_id}", asked_anew, "manager").status_code == 303
    opened = read_list(shop.client("manager"), f"/customers?view=v{view_id}")
    assert second in opened.tabs
    assert opened.rows == 1
    assert shop.post(f"/lists/views/{view_id}/delete", {}, "manager").status_code == 303
    assert second not in read_list(shop.client("manager"), "/customers").tabs


def test_a_name_is_taken_once_and_must_be_there(shop: Shop) -> None:
    name = f"Twice {new_key()}"
    save(shop, name)
    before = shop.world.value("SELECT count(*) FROM saved_view")
    for wrong in (name, " ", "x" * 61):
        answer = shop.post("/lists/customers/views", {"name": wrong, "query": QUERY}, "manager")
        assert answer.status_code == 303
    assert shop.world.value("SELECT count(*) FROM saved_view") == before
    assert shop.post("/lists/nothing/views", {"name": new_key(), "query": ""}, "manager").status_code == 404


def test_the_address_puts_parts_in_the_view_s_place(shop: Shop) -> None:
    view_id = save(shop, f"Base {new_key()}")
    client = shop.client("manager")
    assert read_list(client, f"/customers?view=v{view_id}&f=").chips == []
    both = read_list(client, f"/customers?view=v{view_id}&q=nobody")
    assert both.chips == ["Country is DE"]
    assert both.rows == 0
