"""What people say about records: who sees it, who is told, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.errors import DomainError, InvalidInput, NotFound
from core.queries.talk import suggest_people, talk_of
from core.scope import viewing
from core.talk.comments import LONGEST_COMMENT, change_comment, remove_comment, write_comment
from core.talk.followers import follow, stop_following
from core.talk.mentions import called, parts
from core.talk.records import RECORDS
from tests.conftest import DatabaseUrls
from tests.talk.conftest import as_, told
from tests.world import World, new_key
from web.talk.records import PLACES

Browser = Callable[[str], FlaskClient]


@pytest.fixture
def customer(world: World) -> int:
    """A new customer of Anna's."""
    return world.customer(owner_id=world.actor_of("anna").user_id)


def test_who_is_called_upon_is_told_and_follows(world: World, customer: int) -> None:
    before = len(told(world, "chief"))
    answer = as_(world, "anna", write_comment, "customer", customer, "@chief 请看一下 and mail a@chief.example")
    assert [person["name"] for person in answer["mentioned"]] == ["Chief"]
    assert answer["not_told"] == []
    assert told(world, "chief")[before:] == [("mentioned", "customer", customer)]
    as_(world, "anna", write_comment, "customer", customer, "later")
    assert told(world, "chief")[before + 1 :] == [("commented", "customer", customer)]
    assert ("commented", "customer", customer) not in told(world, "anna"), "nobody is told of what he said himself"


def test_who_may_not_see_it_is_told_nothing_and_named_to_the_author(world: World, customer: int) -> None:
    before = told(world, "bert")
    answer = as_(world, "anna", write_comment, "customer", customer, "@bert knows them, @nobody does not")
    assert answer["mentioned"] == []
    assert [person["name"] for person in answer["not_told"]] == ["Bert"]
    assert told(world, "bert") == before
    followers = "SELECT login FROM follower JOIN app_user ON app_user.id = user_id WHERE record_id = :id ORDER BY login"
    assert world.rows(followers, id=customer) == [("admin",), ("anna",)], "who made it and who wrote"


def test_permission_counts_as_much_as_rows(world: World, customer: int) -> None:
    """The warehouse sees every customer's order, but no quotation or opportunity."""
    from decimal import Decimal

    from crm.pipeline import create_opportunity

    deal = as_(world, "anna", create_opportunity, customer, {"name": "Deal", "amount": Decimal(1)})["id"]
    answer = as_(world, "anna", write_comment, "opportunity", deal, "@carl is it there?")
    assert [person["name"] for person in answer["not_told"]] == ["Carl"]
    with pytest.raises(NotFound):
        as_(world, "carl", write_comment, "opportunity", deal, "I do not see it")


def test_a_foreign_record_answers_like_a_missing_one(world: World, customer: int, browser: Browser) -> None:
    comment = as_(world, "anna", write_comment, "customer", customer, "secret words")["id"]
    as_(world, "anna", write_comment, "customer", customer, "@chief look")
    for command in (follow, stop_following):
        with pytest.raises(NotFound):
            as_(world, "bert", command, "customer", customer)
    for command, arguments in ((write_comment, ("customer", customer, "x")), (change_comment, (comment, "x")),
                               (remove_comment, (comment,))):  # fmt: skip
        with pytest.raises(NotFound):
            as_(world, "bert", command, *arguments)
    bert = browser("bert")
    for path in (f"/talk/customer/{customer}", f"/talk/customer/{customer}/people?q=a", f"/talk/comments/{comment}"):
        answers = [bert.get(path), bert.get(path.replace(str(customer), "7").replace(str(comment), "7"))]
        assert [answer.status_code for answer in answers] == [404, 404], path
        assert "secret" not in answers[0].text
    for path in (f"/talk/customer/{customer}/comments", f"/talk/customer/{customer}/follow"):
        assert bert.post(path, data={"text": "x", "idempotency_key": new_key()}).status_code == 404
    assert world.value("SELECT text FROM comment WHERE id = :id", id=comment) == "secret words"


def test_the_database_is_a_wall_of_its_own(world: World, customer: int, module_database: DatabaseUrls) -> None:
    as_(world, "anna", write_comment, "customer", customer, "behind the wall")
    product = world.product()
    as_(world, "chief", write_comment, "product", product, "for everybody with the permission")
    url = module_database.app.replace("+psycopg", "", 1)
    with psycopg.connect(url) as connection:
        for login, seen in (("anna", 1), ("bert", 0)):
            viewer = world.actor_of(login).viewer.text
            connection.execute("SELECT set_config('countinghouse.viewer', %s, true)", (viewer,))
            found = connection.execute("SELECT count(*) FROM comment WHERE record_id = %s", (customer,)).fetchone()
            shared = connection.execute("SELECT count(*) FROM comment WHERE record_id = %s", (product,)).fetchone()
            follows = connection.execute("SELECT count(*) FROM follower WHERE record_id = %s", (customer,)).fetchone()
            assert (found, shared, follows) == ((seen,), (1,), (2 * seen,)), login


def test_changing_and_taking_back_are_the_author_s_and_stay_on_record(world: World, customer: int) -> None:
    comment = as_(world, "anna", write_comment, "customer", customer, "first words")
    with pytest.raises(DomainError) as refused:
        as_(world, "chief", change_comment, comment["id"], "other words")
    assert refused.value.code == "not_your_comment"
    before = len(told(world, "chief"))
    as_(world, "anna", change_comment, comment["id"], "second words, @chief")
    assert len(told(world, "chief")) == before + 1, "who is called upon only now"
    as_(world, "anna", change_comment, comment["id"], "third words, @chief")
    assert len(told(world, "chief")) == before + 1
    with pytest.raises(DomainError) as conflict:
        as_(world, "anna", change_comment, comment["id"], "x", version=1)
    assert (conflict.value.code, conflict.value.data["current"]) == ("edit_conflict", {"text": "third words, @chief"})
    as_(world, "anna", remove_comment, comment["id"])
    for again in ((remove_comment, ()), (change_comment, ("x",))):
        with pytest.raises(DomainError) as gone:
            as_(world, "anna", again[0], comment["id"], *again[1])
        assert gone.value.code == "comment_removed"
    assert world.rows("SELECT text, removed_at IS NOT NULL FROM comment WHERE id = :id", id=comment["id"]) == [
        (None, True)
    ]
    trail = world.rows(
        """SELECT action, changes -> 'text' FROM audit_row WHERE record_type = 'customer' AND record_id = :id
              AND action LIKE 'comment.%' ORDER BY id""",
        id=customer,
    )
    assert [action for action, _ in trail] == ["comment.written", *["comment.changed"] * 2, "comment.removed"]
    assert trail[-1][1] == ["third words, @chief", None]


def test_owners_follow_by_what_they_are_and_may_stop(world: World, customer: int) -> None:
    anna = world.actor_of("anna")

    def heard() -> int:
        return len(told(world, "anna", "commented"))

    before = heard()
    as_(world, "chief", write_comment, "customer", customer, "one")
    assert heard() == before + 1
    as_(world, "anna", stop_following, "customer", customer)
    as_(world, "chief", write_comment, "customer", customer, "two")
    assert heard() == before + 1
    as_(world, "anna", write_comment, "customer", customer, "three")
    as_(world, "chief", write_comment, "customer", customer, "four")
    assert heard() == before + 1, "who has stopped does not follow again by commenting"
    calls = len(told(world, "anna", "mentioned"))
    as_(world, "chief", write_comment, "customer", customer, "@anna five")
    assert len(told(world, "anna", "mentioned")) == calls + 1
    as_(world, "anna", follow, "customer", customer)
    as_(world, "chief", write_comment, "customer", customer, "six")
    assert heard() == before + 2
    with viewing(anna.viewer):
        assert talk_of(anna, "customer", customer).follows


def test_who_follows_and_sees_it_no_more_is_not_told(world: World) -> None:
    """A customer that went to somebody else: the one before follows by a row, and hears nothing of it."""
    from crm.owners import change_customer

    customer = world.customer(owner_id=world.actor_of("anna").user_id)
    as_(world, "anna", write_comment, "customer", customer, "mine")
    world.run(change_customer, customer, {"owner_id": world.actor_of("bert").user_id})
    before = told(world, "anna")
    as_(world, "bert", write_comment, "customer", customer, "mine now")
    assert told(world, "anna") == before


@pytest.mark.parametrize(
    ("text", "logins", "found"),
    [
        ("@li.ming.", {"li.ming", "li"}, {"li.ming"}),
        ("(@li)，@anna看", {"li", "anna"}, {"li", "anna"}),
        ("a@li.example, @@li", {"li"}, set()),
        ("@LI", {"li"}, {"li"}),
        ("@", {"li"}, set()),
    ],
)
def test_calls_in_a_text(text: str, logins: set[str], found: set[str]) -> None:
    assert called(text, logins) == found
    assert "".join(piece for piece, _ in parts(text, dict.fromkeys(logins, ""))) == text


@pytest.mark.parametrize("text", ["", "   ", "x" * (LONGEST_COMMENT + 1)])
def test_a_comment_says_something_and_ends_somewhere(world: World, customer: int, text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        as_(world, "anna", write_comment, "customer", customer, text)
    assert list(refused.value.fields) == ["text"]


def test_the_picker_offers_who_may_see_it(world: World, customer: int) -> None:
    anna = world.actor_of("anna")
    with viewing(anna.viewer):
        assert [one.login for one in suggest_people(anna, "customer", customer, "")] == ["admin", "carl", "chief"]
        assert [one.login for one in suggest_people(anna, "customer", customer, "CHI")] == ["chief"]
        assert suggest_people(anna, "customer", customer, "bert") == []


HOSTILE = "<img src=x onerror=alert(1)> \"'><script>alert(2)</script> {{ 7*7 }} @chief</b>"


def test_hostile_texts_are_texts(world: World, customer: int, browser: Browser) -> None:
    anna = browser("anna")
    sent = {"text": HOSTILE, "idempotency_key": new_key()}
    assert anna.post(f"/talk/customer/{customer}/comments", data=sent).status_code == 303
    composer = {"subject": "by the composer", "kind": "comment", "idempotency_key": new_key()}
    assert anna.post(f"/talk/customer/{customer}/comments", data=composer).status_code == 303
    for path in (f"/customers/{customer}", f"/talk/customer/{customer}"):
        page = anna.get(path).text
        assert "&lt;img src=x onerror=alert(1)&gt;" in page, path
        assert "by the composer" in page, path
        assert "<img src=x" not in page and "<script>alert" not in page, path


def test_every_type_has_its_comments_on_its_page(world: World, browser: Browser) -> None:
    """Each type that is named once shows the shared part, takes a comment, and has a word and a place."""
    from tests.talk.documents import one_of_each

    records = one_of_each(world)
    assert records.keys() == {name for name, kind in RECORDS.items() if kind.is_talked} <= PLACES.keys()
    admin = browser("admin")
    for name, (record_id, page) in records.items():
        text = f"about {name}"
        sent: dict[str, Any] = {"text": text, "idempotency_key": new_key()}
        answer = admin.post(f"/talk/{name}/{record_id}/comments", data=sent)
        assert answer.status_code == 303 and answer.location.split("#")[0].endswith(page), name
        shown = admin.get(page)
        assert shown.status_code == 200 and text in shown.text, name
        assert f"/talk/{name}/{record_id}/" in shown.text
        assert "comment.written" not in shown.text, name


def test_a_type_that_is_none_is_not_found(app: Flask, browser: Browser) -> None:
    for name in ("app_user", "activity", "nothing", "customer;--"):
        assert browser("admin").get(f"/talk/{name}/1").status_code == 404, name
