"""What a home page costs: one statement for all its numbers, and one for the rows or groups of each card."""

from __future__ import annotations

import pytest

from tests.budgets.counter import counted, warm
from tests.web.home.pages import read_home
from tests.web.pages_sell.conftest import Shop
from web.home.cards import CARDS, Figure

START = {"sales": 7, "sales_manager": 9, "manager": 10, "finance": 6, "warehouse": 5, "service": 5, "marketing": 3}


def cost(company: Shop, role: str, cards: str) -> int:
    client = company.client(role)
    read_home(client, cards)
    warm(company.world.database)
    with counted(company.world.database) as statements:
        read_home(client, cards)
    return len(statements)


@pytest.mark.parametrize("role", START)
def test_what_the_page_of_a_role_costs_from_the_start(company: Shop, role: str) -> None:
    assert cost(company, role, "start") == START[role]


def test_figures_cost_one_statement_however_many_there_are(company: Shop) -> None:
    names = [name for name, card in CARDS.items() if isinstance(card, Figure)]
    one, all_of_them = cost(company, "sales", names[0]), cost(company, "sales", ",".join(names))
    assert one == all_of_them == 1


def test_each_further_card_costs_one_statement(company: Shop) -> None:
    names = ["held", "held_orders", "stages", "late_customers"]
    assert [cost(company, "sales", ",".join(names[:number])) for number in range(len(names) + 1)] == [0, 1, 2, 3, 4]
