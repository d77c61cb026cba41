"""What somebody needs to see first: sales, manager, warehouse or finance."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from flask import g, render_template
from flask_babel import get_timezone
from flask_babel import gettext as _

from core import clock
from core import database as db
from crm.queries.home import finance_home, sales_home, warehouse_home
from crm.queries.pipeline import STALLED_DAYS
from web.filters import local, today
from web.home import area
from web.home.first_steps import first_steps
from web.opportunities.views import stage_name

NOON, EVENING = 12, 18


@area.route("/", permission="home.read")
def index() -> str:
    """The home page of the first role that has one."""
    roles = set(g.actor.roles or ())
    month = datetime.combine(today().replace(day=1), time(), get_timezone()).astimezone(UTC)
    with db.current().reading() as connection:
        if "warehouse" in roles and not roles & {"sales", "sales_manager", "manager", "admin"}:
            home = warehouse_home(connection, today=today(), month=month)
            return render_template("home/warehouse.html", greeting=greeting(), **vars(home))
        if "finance" in roles and not roles & {"sales", "sales_manager", "manager", "admin"}:
            money = finance_home(connection, today=today(), month=month)
            return render_template("home/finance.html", greeting=greeting(), **vars(money))
        manages = bool(roles & {"manager", "sales_manager", "admin"})
        found = sales_home(
            connection,
            today=today(),
            month=month,
            stalled_since=clock.now() - timedelta(days=STALLED_DAYS),
            user_id=g.actor.user_id,
            owner_id=None if manages else g.actor.user_id,
        )
        steps = first_steps(connection)
    return render_template(
        "home/sales.html", greeting=greeting(), manages=manages, stage_name=stage_name, steps=steps, **vars(found)
    )


def greeting() -> str:
    """By the hour where the company is."""
    hour = local(clock.now()).hour
    if hour < NOON:
        return _("Good morning, %(name)s", name=g.actor.name)
    if hour < EVENING:
        return _("Good afternoon, %(name)s", name=g.actor.name)
    return _("Good evening, %(name)s", name=g.actor.name)
