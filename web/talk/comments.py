"""The comments of a record: a page of all, writing one, changing and taking back one's own; whom to call upon."""

from __future__ import annotations

from flask import g, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.utils import redirect
from wtforms import TextAreaField

from core.command import Result
from core.errors import DomainError, InvalidInput
from core.queries.talk import CommentRow, comments_of, get_comment, suggest_people
from core.talk.comments import LONGEST_COMMENT, change_comment, remove_comment, write_comment
from core.talk.records import Found
from web.forms import Form, Required, VersionField
from web.http import (
    apply_errors,
    flash_done,
    flash_refusal,
    run_command,
    safe_target,
    shown_version,
)
from web.limits import LOOKUP
from web.lists.address import text_of
from web.merging import merge
from web.talk import area
from web.talk.records import record_address, talk_of, type_name
from web.talk.sentences import not_told


class CommentForm(Form):
    """A comment as people type it."""

    longest = {"text": LONGEST_COMMENT}

    text = TextAreaField(_l("Comment"), [Required()])
    version = VersionField()


@area.route("/<record_type>/<int:record_id>", permission="home.read")
def show(record_type: str, record_id: int) -> str:
    """All that was said about a record, with its followers and files."""
    return _page(record_type, record_id, CommentForm(formdata=None))


@area.route("/<record_type>/<int:record_id>/comments", permission="comments.write", methods=["POST"])
def write(record_type: str, record_id: int) -> ResponseReturnValue:
    """Write a comment; the composer of a customer calls its text `subject`, as for all it records."""
    form = CommentForm()
    if not form.text.data and request.form.get("subject"):
        form.text.data = request.form["subject"]
        form.text.raw_data = [form.text.data]
    if form.validate():
        try:
            result = run_command(write_comment, record_type, record_id, form.text.data)
            flash_done(_("Comment written"))
            _say_not_told(record_type, result)
            return redirect(back_to(record_type, record_id, result.data["id"]), 303)
        except DomainError as error:
            if error.http_status == 404:
                raise
            apply_errors(form, error)
    return _page(record_type, record_id, form), 422


@area.route("/comments/<int:comment_id>", permission="comments.write")
def edit(comment_id: int) -> str:
    """The form of an own comment."""
    row, found = get_comment(g.actor, comment_id)
    _check_own(row)
    return _form_page(row, found, CommentForm(formdata=None, obj=row))


@area.route("/comments/<int:comment_id>", permission="comments.write", methods=["POST"], endpoint="change")
def change(comment_id: int) -> ResponseReturnValue:
    """Write an own comment anew."""
    row, found = get_comment(g.actor, comment_id)
    form = CommentForm()
    if form.validate():
        try:
            result = run_command(change_comment, comment_id, form.text.data, version=shown_version(form))
            flash_done(_("Comment changed"))
            _say_not_told(row.record_type, result)
            return redirect(back_to(row.record_type, row.record_id, comment_id), 303)
        except DomainError as error:
            if not merge(form, error, lambda: _filled(comment_id), "comment", comment_id, only_own=True):
                apply_errors(form, error)
    return _form_page(row, found, form), 422


@area.route("/comments/<int:comment_id>/remove", permission="comments.write", methods=["POST"])
def remove(comment_id: int) -> ResponseReturnValue:
    """Take an own comment back."""
    row, _found = get_comment(g.actor, comment_id)
    try:
        run_command(remove_comment, comment_id)
        flash_done(_("Comment taken back"))
    except DomainError as error:
        if error.http_status == 404:
            raise
        flash_refusal(error)
    return redirect(back_to(row.record_type, row.record_id), 303)


@area.route("/<record_type>/<int:record_id>/people", permission="comments.write", limit=LOOKUP)
def people(record_type: str, record_id: int) -> ResponseReturnValue:
    """Whom a comment on this record may call upon, for the picker: of those who see it."""
    found = suggest_people(g.actor, record_type, record_id, text_of("q"))
    return jsonify([{"login": person.login, "name": person.name} for person in found])


def _check_own(row: CommentRow) -> None:
    if row.removed_at is not None:
        raise DomainError("comment_removed")
    if row.author_id != g.actor.user_id:
        raise DomainError("not_your_comment", http_status=403)


def _say_not_told(record_type: str, result: Result) -> None:
    if result.data["not_told"]:
        flash_done(not_told(record_type, result.data["not_told"]))


def back_to(record_type: str, record_id: int, comment_id: int | None = None) -> str:
    """The page one came from, at the comment."""
    there = safe_target(request.values.get("next"), "") or record_address(record_type, record_id)
    there = there or f"/talk/{record_type}/{record_id}"
    return there.split("#")[0] + (f"#comment-{comment_id}" if comment_id else "#talk")


def _page(record_type: str, record_id: int, form: CommentForm) -> str:
    try:
        page = comments_of(g.actor, record_type, record_id, request.args.get("after") or None)
    except InvalidInput:
        page = comments_of(g.actor, record_type, record_id)
    return render_template(
        "talk/show.html",
        talk=talk_of(record_type, record_id),
        page=page,
        form=form,
        kind=type_name(record_type),
        address=record_address(record_type, record_id),
    )


def _filled(comment_id: int) -> CommentForm:
    return CommentForm(formdata=None, obj=get_comment(g.actor, comment_id)[0])


def _form_page(row: CommentRow, found: Found, form: CommentForm) -> str:
    address = record_address(row.record_type, row.record_id)
    return render_template("talk/comment.html", row=row, found=found, form=form, address=address)
