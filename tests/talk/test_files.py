"""Files beside records: kept by what they are, versioned by name, handed out so that nothing runs, swept when gone."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from PIL import Image

from core import clock
from core.company import change_company
from core.errors import DomainError, InvalidInput, NotFound, PermissionDenied
from core.queries.talk import content_of, talk_of, versions_of
from core.scope import viewing
from core.talk.files import SWEPT_AFTER, Sent, add_files, remove_file, sweep
from core.talk.media import clean_name, media_type_of_file
from tests.conftest import DatabaseUrls
from tests.talk.conftest import as_, told
from tests.world import World, new_key

Browser = Callable[[str], FlaskClient]
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


def picture() -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(kept, "PNG")
    return kept.getvalue()


def packed(*names: str) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return kept.getvalue()


@pytest.fixture
def customer(world: World) -> int:
    return world.customer(owner_id=world.actor_of("anna").user_id)


def put(world: World, customer: int, *files: tuple[str, bytes], login: str = "anna") -> list[dict[str, Any]]:
    sent = [Sent(name, content) for name, content in files]
    return list(as_(world, login, add_files, "customer", customer, sent)["files"])


def test_a_file_of_the_same_name_is_its_next_version(world: World, customer: int) -> None:
    first = put(world, customer, ("Offer.PDF", PDF))[0]
    second = put(world, customer, ("offer.pdf", PDF + b"more"), ("note.txt", b"hello"))
    assert [(one["name"], one["version"]) for one in second] == [("offer.pdf", 2), ("note.txt", 1)]
    anna = world.actor_of("anna")
    with viewing(anna.viewer):
        shown = talk_of(anna, "customer", customer).files
        assert sorted((one.name, one.version, one.versions) for one in shown) == [
            ("note.txt", 1, 1),
            ("offer.pdf", 2, 2),
        ]
        file, content = content_of(anna, first["id"])
        assert content == PDF
        assert [one.version for one in versions_of(file)] == [2, 1]


def test_the_same_bytes_are_kept_once(world: World, customer: int) -> None:
    content = b"once only " + str(customer).encode()
    put(world, customer, ("a.txt", content), ("b.txt", content))
    put(world, world.customer(), ("c.txt", content), login="chief")
    digest = hashlib.sha256(content).hexdigest()
    assert world.value("SELECT count(*) FROM record_file WHERE digest = :digest", digest=digest) == 3
    assert world.value("SELECT count(*) FROM file_content WHERE digest = :digest", digest=digest) == 1


def test_followers_are_told_and_whoever_adds_follows(world: World, customer: int) -> None:
    before = len(told(world, "anna", "file_added"))
    put(world, customer, ("a.txt", b"x"), ("b.txt", b"y"), login="chief")
    assert len(told(world, "anna", "file_added")) == before + 1, "one notice, however many files"
    chief = world.actor_of("chief")
    with viewing(chief.viewer):
        assert talk_of(chief, "customer", customer).follows


def test_a_foreign_file_answers_like_a_missing_one(
    world: World, customer: int, browser: Browser, module_database: DatabaseUrls
) -> None:
    file_id = put(world, customer, ("secret.txt", b"do not read"))[0]["id"]
    bert = browser("bert")
    for path in (
        f"/talk/files/{file_id}",
        f"/talk/files/{file_id}/content",
        f"/talk/files/{file_id}/content?download=1",
    ):
        answers = [bert.get(path), bert.get(path.replace(str(file_id), "7"))]
        assert [answer.status_code for answer in answers] == [404, 404], path
        assert b"do not read" not in answers[0].data and b"secret.txt" not in answers[0].data
    for command, arguments in ((remove_file, (file_id,)), (add_files, ("customer", customer, [Sent("x.txt", b"x")]))):
        with pytest.raises(NotFound):
            as_(world, "bert", command, *arguments)
    with psycopg.connect(module_database.app.replace("+psycopg", "", 1)) as connection:
        for login, seen in (("anna", 1), ("bert", 0)):
            viewer = world.actor_of(login).viewer.text
            connection.execute("SELECT set_config('countinghouse.viewer', %s, true)", (viewer,))
            rows = connection.execute("SELECT count(*) FROM record_file WHERE id = %s", (file_id,)).fetchone()
            digest = hashlib.sha256(b"do not read").hexdigest()
            bytes_ = connection.execute("SELECT count(*) FROM file_content WHERE digest = %s", (digest,)).fetchone()
            assert (rows, bytes_) == ((seen,), (seen,)), login


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("photo.png", picture(), "image/png"),
        ("photo.png", picture()[:-20], None),
        ("paper.pdf", PDF, "application/pdf"),
        ("notes.txt", "说明".encode(), "text/plain"),
        ("old.csv", "客户,电话".encode("gb18030"), "text/plain"),
        ("folder.zip", packed("a.txt"), "application/zip"),
        ("letter.docx", packed("[Content_Types].xml", "word/document.xml"),
         "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("macro.docm", packed("word/document.xml", "word/vbaProject.bin"), None),
        ("page.html", b"hello", None),
        ("page.txt", b"  <!DOCTYPE html><script>alert(1)</script>", None),
        ("drawing.svg", b"<svg onload='alert(1)'/>", None),
        ("drawing.png", b"<svg onload='alert(1)'/>", None),
        ("tool.exe", b"hello", None),
        ("tool.txt", b"MZ\x90\x00", None),
        ("run.txt", b"#!/bin/sh\nrm -rf /", None),
        ("data.bin", bytes(range(256)), None),
    ],
)  # fmt: skip
def test_kinds_are_read_from_the_content(name: str, content: bytes, found: str | None) -> None:
    assert media_type_of_file(name, content) == found


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\offer.pdf", "offer.pdf"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("...", "file"),
        ("", "file"),
        ("<b>x</b>.txt", "b>.txt"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_names_are_texts_only(name: str, kept: str) -> None:
    assert clean_name(name) == kept
    assert len(clean_name(name)) <= 200


def test_what_is_refused_leaves_nothing(world: World, customer: int) -> None:
    world.run(change_company, {"file_megabytes": 1, "record_megabytes": 1})
    cases = (
        ([("ok.txt", b"ok"), ("bad.exe", b"x")], "file_kind_refused"),
        ([("empty.txt", b"")], "file_empty"),
        ([("big.txt", b"x" * 1_000_001)], "file_too_large"),
        ([(f"{number}.txt", b"x") for number in range(11)], "too_many_files"),
        ([], "required"),
        ([("a.txt", b"a" * 600_000), ("b.txt", b"b" * 600_000)], "files_of_record_too_large"),
    )
    for files, code in cases:
        with pytest.raises(InvalidInput) as refused:
            put(world, customer, *files)
        assert refused.value.fields["files"].code == code
    assert world.value("SELECT count(*) FROM record_file WHERE record_id = :id", id=customer) == 0
    world.run(change_company, {"file_megabytes": 10, "record_megabytes": 100})


def test_removing_is_a_mark_on_record_and_sweeping_comes_later(world: World, customer: int) -> None:
    file_id = put(world, customer, ("gone.txt", b"gone " + str(customer).encode()))[0]["id"]
    with pytest.raises(PermissionDenied):
        as_(world, "carl", remove_file, file_id)
    as_(world, "chief", remove_file, file_id)
    with pytest.raises(DomainError, match="file_removed"):
        as_(world, "chief", remove_file, file_id)
    anna = world.actor_of("anna")
    with viewing(anna.viewer), pytest.raises(NotFound):
        content_of(anna, file_id)
    trail = "SELECT action FROM audit_row WHERE record_type = 'customer' AND record_id = :id AND action LIKE 'file.%'"
    assert [row[0] for row in world.rows(trail + " ORDER BY id", id=customer)] == ["file.added", "file.removed"]
    kept = "SELECT content IS NOT NULL FROM file_content JOIN record_file USING (digest) WHERE record_file.id = :id"
    sweep(clock.now())
    assert world.value(kept, id=file_id) is True
    later = clock.now() + SWEPT_AFTER + timedelta(days=1)
    assert sweep(later) >= 1
    assert world.value(kept, id=file_id) is False
    put(world, customer, ("again.txt", b"gone " + str(customer).encode()))
    assert world.value(kept, id=file_id) is True, "the same bytes fill it again"
    assert sweep(later + timedelta(days=1)) == 0, "somebody's file holds them now"


def test_pages_hand_out_what_runs_nowhere(world: World, customer: int, browser: Browser) -> None:
    anna = browser("anna")
    nasty = "'><script>alert(1)</script>.txt"
    sent = {
        "idempotency_key": new_key(),
        "files": [(io.BytesIO(picture()), "photo.png"), (io.BytesIO(PDF), "paper.pdf"), (io.BytesIO(b"<b>x"), nasty)],
    }
    answer = anna.post(f"/talk/customer/{customer}/files", data=sent, content_type="multipart/form-data")
    assert answer.status_code == 303
    page = anna.get(f"/customers/{customer}").text
    assert "<script>alert(1)" not in page and "photo.png" in page and "paper.pdf" in page
    files = world.rows("SELECT id, media_type FROM record_file WHERE record_id = :id ORDER BY id", id=customer)
    assert [kind for _, kind in files] == ["image/png", "application/pdf", "text/plain"]
    for file_id, kind in files:
        shown = anna.get(f"/talk/files/{file_id}")
        assert shown.status_code == 200 and "<script>alert(1)" not in shown.text
        for way, path in (("inline", ""), ("attachment", "?download=1")):
            handed = anna.get(f"/talk/files/{file_id}/content{path}")
            assert handed.content_type.split(";")[0] == kind
            assert handed.headers["Content-Disposition"].startswith(f"{way}; filename=")
            assert handed.headers["X-Content-Type-Options"] == "nosniff"
            policy = handed.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy and "frame-ancestors 'self'" in policy
            assert ("sandbox" in policy) == (kind != "application/pdf" or way == "attachment")
            assert "\r" not in str(handed.headers["Content-Disposition"])
    empty = {"idempotency_key": new_key(), "files": (io.BytesIO(b""), "empty.txt")}
    refused = anna.post(f"/talk/customer/{customer}/files", data=empty, content_type="multipart/form-data")
    assert refused.status_code == 303
    assert "is empty" in anna.get(f"/customers/{customer}").text
