"""What somebody needs to see first: the cards he has chosen, or what his roles begin with."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from flask import g, render_template
from flask_babel import gettext as _
from sqlalchemy import Connection

from core import clock
from core import database as db
from core.queries.reading import fetch
from finance.queries.periods import BOOKS_END, BooksEnd
from web.filters import local, today
from web.home import area
from web.home.cards import Act, starts_of
from web.home.first_steps import first_steps
from web.home.reading import cards_standing, read_home, reader
from web.navigation import link
from web.permissions import may

NOON, EVENING = 12, 18
BOOKS_END_SOON: Final = timedelta(days=60)
MOST_ACTS: Final = 2


@area.route("/", permission="home.read")
def index() -> str:
    """The home page of who is signed in."""
    reading = reader()
    with db.current().reading() as connection:
        home = read_home(connection, reading, cards_standing(connection, reading))
        steps, books = first_steps(connection), _books_end_soon(connection)
    return render_template("home/index.html", greeting=greeting(), home=home, steps=steps, books=books, acts=acts())


def _books_end_soon(connection: Connection) -> BooksEnd | None:
    """When the books end, for who can open the next year, if it is soon or was; to others it costs no statement."""
    if not may("periods.close"):
        return None
    [[books]] = fetch(connection, BOOKS_END())
    found: BooksEnd = books
    return found if found.ends_on is not None and found.ends_on - today() <= BOOKS_END_SOON else None


def acts() -> list[tuple[Act, str]]:
    """What the head of the page offers to do, with its address: what the first of his roles does most, as far as he
    may."""
    offered: dict[str, tuple[Act, str]] = {}
    for start in starts_of(g.actor.roles or ()):
        found = {act.endpoint: (act, url) for act in start.acts if (url := link(act.endpoint))}
        if len(offered) + len(found) <= MOST_ACTS:
            offered |= found
    return list(offered.values())


def greeting() -> str:
    """By the hour where the company is."""
    hour = local(clock.now()).hour
    if hour < NOON:
        return _("Good morning, %(name)s", name=g.actor.name)
    if hour < EVENING:
        return _("Good afternoon, %(name)s", name=g.actor.name)
    return _("Good evening, %(name)s", name=g.actor.name)
