"""Board, list, record; create, change, move, lose."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.utils import redirect

from core import clock
from core import database as db
from core.command import Result
from core.custom_fields.values import read_values
from core.errors import DomainError
from crm.pipeline import change_opportunity, create_opportunity, move_opportunity
from crm.queries.customer_page import get_customer
from crm.queries.pipeline import (
    STALLED_DAYS,
    DealPage,
    Stage,
    board,
    deal_page,
)
from web.custom_fields.forms import filled
from web.custom_fields.shown import facts_of
from web.filters import day, today
from web.http import apply_errors, flash_done, run_command, safe_target, see_other, shown_version
from web.i18n import language
from web.lists.address import id_of
from web.lists.asking import asked
from web.lists.pages import show_list
from web.merging import merge
from web.opportunities import area
from web.opportunities.forms import LoseForm, OpportunityForm
from web.opportunities.listing import OPPORTUNITY_LIST
from web.opportunities.refused import refused_of
from web.opportunities.sentences import FIELDS as CRITERIA
from web.orders.forms import find_customer
from web.permissions import may
from web.sentences import sentence
from web.undo import undo_of

WON_SHOWN_DAYS = 31
Way = tuple[str, str, str]


def stage_name(stage: Any) -> str:
    """A stage's name in the language of the request."""
    return str(stage.name_zh if language() == "zh" else stage.name)


@area.route("/board", permission="opportunities.read", endpoint="board")
def show_board() -> str:
    """Lanes per stage; `owner=me` shows one's own."""
    return _board()


def _board(refusal: str = "", way: Way | None = None) -> str:
    mine = request.args.get("owner") == "me"
    with db.current().reading() as connection:
        lanes = board(
            connection,
            owner_id=g.actor.user_id if mine else None,
            won_since=clock.now() - timedelta(days=WON_SHOWN_DAYS),
        )
    open_lanes = [lane for lane in lanes if lane.stage.kind == "open"]
    return render_template(
        "opportunities/board.html",
        lanes=lanes,
        mine=mine,
        count=sum(lane.count for lane in open_lanes),
        amount=sum(lane.amount for lane in open_lanes),
        weighted=sum(lane.weighted for lane in open_lanes),
        stage_name=stage_name,
        stalled_before=asked().midnight - timedelta(days=STALLED_DAYS),
        now=clock.now(),
        refusal=refusal,
        way=way,
    )


@area.route("", permission="opportunities.read")
def index() -> ResponseReturnValue:
    """Opportunities: the list."""
    g.nav = "opportunities.board"
    return show_list(OPPORTUNITY_LIST)


def row_stage(row: Any) -> str:
    return str(row.stage_zh if language() == "zh" else row.stage)


@area.route("/<int:opportunity_id>", permission="opportunities.read")
def show(opportunity_id: int) -> str:
    """One opportunity."""
    return _record(opportunity_id)


def _record(opportunity_id: int, refusal: str = "", way: Way | None = None, lose: LoseForm | None = None) -> str:
    with db.current().reading() as connection:
        page = deal_page(connection, opportunity_id)
        custom = read_values(connection, "opportunity", [opportunity_id]).get(opportunity_id)
    g.nav = "opportunities.board"
    return render_template(
        "opportunities/show.html",
        **vars(page),
        more=facts_of("opportunity", custom),
        stage=page.stage,
        by_id={stage.id: stage for stage in page.stages},
        progress=steps_of(page),
        refused=list(refused_of(page)),
        missing=_missing(page),
        stage_name=stage_name,
        criteria=CRITERIA,
        refusal=refusal,
        way=way,
        live_order=any(document.kind == "order" and document.state != "cancelled" for document in page.documents),
        lose=lose or (LoseForm(formdata=None) if may("opportunities.write") else None),
        losing=lose is not None,
    )


def steps_of(page: DealPage) -> list[dict[str, Any]]:
    """The stages, with the day each was entered."""
    entered = {step.to_stage_id: step.at for step in reversed(page.steps)}
    steps = []
    for stage in page.stages:
        if stage.kind == "lost" and page.deal.stage_kind != "lost":
            continue
        if page.deal.stage_kind == "lost" and stage.kind != "lost" and stage.id not in entered:
            continue
        steps.append({"label": stage_name(stage), "note": day(entered.get(stage.id)), "state": _state(page, stage)})
    return steps


def _state(page: DealPage, stage: Stage) -> str:
    here = page.stage
    if stage.id == here.id:
        return "stop" if stage.kind == "lost" else "done" if stage.kind == "won" else "now"
    return "done" if stage.position < here.position else "next"


def _missing(page: DealPage) -> list[str]:
    """What the present stage still asks for before it may be left."""
    deal = page.deal
    has = {
        "budget": deal.budget is not None,
        "schedule": bool(deal.schedule),
        "quotation": any(document.kind == "quotation" for document in page.documents),
    }
    asked = (page.stage.exit_criteria or "").split() if deal.stage_kind == "open" else []
    return [name for name in asked if not has.get(name, True)]


@area.route("/new", permission="opportunities.write")
def new() -> str:
    """Empty form; `customer_id` says for whom."""
    form = OpportunityForm(formdata=None)
    customer_id = id_of("customer_id")
    with db.current().reading() as connection:
        form.offer(connection, customer_id)
        if customer_id:
            form.customer.data = get_customer(connection, customer_id, today()).name
    return _form(form)


@area.route("/new", permission="opportunities.write", methods=["POST"], endpoint="create")
def create() -> ResponseReturnValue:
    """Create an opportunity in the first stage."""
    form = OpportunityForm()
    is_valid = form.validate()
    with db.current().reading() as connection:
        match = find_customer(connection, form.customer)
        form.offer(connection, match.id if match else None)
    if is_valid and match:
        try:
            result = run_command(create_opportunity, match.id, form.values())
            flash_done(_("Opportunity %(number)s created", number=result["number"]))
            return see_other("opportunities.show", opportunity_id=result["id"])
        except DomainError as error:
            apply_errors(form, error)
    return _form(form), 422


@area.route("/<int:opportunity_id>/edit", permission="opportunities.write")
def edit(opportunity_id: int) -> str:
    """The form with what stands there now."""
    form, page = _filled(opportunity_id)
    return _form(form, page)


def _filled(opportunity_id: int) -> tuple[OpportunityForm, DealPage]:
    with db.current().reading() as connection:
        page = deal_page(connection, opportunity_id)
        custom = read_values(connection, "opportunity", [opportunity_id]).get(opportunity_id)
        form = OpportunityForm(formdata=None, obj=page.deal, custom=filled("opportunity", custom))
        form.contact_id.data = str(page.deal.contact_id or "")
        form.offer(connection, page.deal.customer_id)
    return form, page


@area.route("/<int:opportunity_id>/edit", permission="opportunities.write", methods=["POST"], endpoint="change")
def change(opportunity_id: int) -> ResponseReturnValue:
    """Save; when somebody else saved meanwhile, put both's entries together and ask where both changed one."""
    form = OpportunityForm()
    del form.customer
    with db.current().reading() as connection:
        page = deal_page(connection, opportunity_id)
        form.offer(connection, page.deal.customer_id)
    if form.validate():
        try:
            result = run_command(change_opportunity, opportunity_id, form.values(), version=shown_version(form))
            there = url_for("opportunities.show", opportunity_id=opportunity_id)
            undo = undo_of("opportunity", opportunity_id, shown_version(form), result["version"], there)
            flash_done(_("Opportunity %(number)s saved", number=result["number"]), undo)
            return redirect(there, 303)
        except DomainError as error:
            if not merge(form, error, lambda: _filled(opportunity_id)[0], "opportunity", opportunity_id):
                apply_errors(form, error)
    return _form(form, page), 422


def _form(form: OpportunityForm, page: DealPage | None = None, **more: Any) -> str:
    g.nav = "opportunities.board"
    return render_template("opportunities/form.html", form=form, deal=page.deal if page else None, **more)


@area.route("/<int:opportunity_id>/move", permission="opportunities.write", methods=["POST"])
def move(opportunity_id: int) -> ResponseReturnValue:
    """Move to a stage; what is still missing is named, with the way to fill it in."""
    stage = request.form.get("stage", "")
    back = safe_target(request.form.get("next"), "")
    if stage == "lost":
        return redirect(_lose_url(opportunity_id), 303)
    try:
        result = run_command(move_opportunity, opportunity_id, stage)
    except DomainError as error:
        if error.http_status == 404:
            raise
        text, way = sentence(error.code, error.data), _way_out(opportunity_id, error)
        if "/board" in back:
            return _board(text, way), error.http_status
        return _record(opportunity_id, text, way), error.http_status
    return _moved(result, _("%(name)s moved", name=result["name"]), back)


def _moved(result: Result, text: str, back: str = "") -> ResponseReturnValue:
    """Says that an opportunity stands in another stage, with the way back."""
    there = back or url_for("opportunities.show", opportunity_id=result["id"])
    before = result["version"] - (result["stage"] != result["stage_before"])
    flash_done(text, undo_of("opportunity", result["id"], before, result["version"], there))
    return redirect(there, 303)


def _way_out(opportunity_id: int, error: DomainError) -> Way:
    """Where to lift what stands in the way: label, address, icon."""
    if error.code == "opportunity_ordered":
        url = url_for("ledger.document", number=error.data["order"])
        return _("Open order %(number)s", number=error.data["order"]), url, "go"
    return _("Fill it in"), url_for("opportunities.edit", opportunity_id=opportunity_id), "pen"


def _lose_url(opportunity_id: int) -> str:
    return url_for("opportunities.show", opportunity_id=opportunity_id, lose=1) + "#lose"


@area.route("/<int:opportunity_id>/lose", permission="opportunities.write", methods=["POST"])
def lose(opportunity_id: int) -> ResponseReturnValue:
    """Lose it, saying why."""
    form = LoseForm()
    if form.validate():
        try:
            result = run_command(
                move_opportunity,
                opportunity_id,
                "lost",
                lost_reason=(form.lost_reason.data or "")[:200],
                competitor=(form.competitor.data or "")[:120],
            )
            return _moved(result, _("%(name)s marked as lost", name=result["name"]))
        except DomainError as error:
            if error.code == "opportunity_ordered":
                text, way = sentence(error.code, error.data), _way_out(opportunity_id, error)
                return _record(opportunity_id, text, way), error.http_status
            apply_errors(form, error)
    return _record(opportunity_id, lose=form), 422
