"""The audit chain: whatever is done to the rows behind its back, `verify-audit` names the first bad one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine, create_engine, text

from core import clock, seal
from core import database as db
from core.audit import note_event
from core.context import SYSTEM
from core.seal_check import Verdict, Verifier, still, verify
from core.seal_files import Anchor, SealFiles, derive_key
from core.trace import AuditRow
from tests.database_server import DatabaseUrls
from tests.world import World
from web.cli.verify_audit import look, sentences
from web.integrity.chain import answers

KEY = derive_key("a secret of the tests, long enough")


class Chain:
    """A company whose audit rows were sealed in four runs."""

    def __init__(self, world: World, urls: DatabaseUrls, home: Path) -> None:
        self.world = world
        self.system = db.Database(urls.system, pool_size=4)
        self.files = SealFiles(home, urls.name)
        self.superuser: Engine = create_engine(urls.superuser)

    def seal(self, **options: Any) -> int:
        return seal.seal(self.system, self.files, KEY, **options)

    def note(self, count: int = 3) -> None:
        for number in range(count):
            self.world.run(note_event, "test.noted", "test", {"number": number})

    def verify(self) -> Verdict:
        with self.system.snapshot() as connection:
            return verify(connection, self.files.anchors(), self.files.keys())

    def verify_on(self, connection: Connection) -> Verdict:
        return verify(connection, self.files.anchors(), self.files.keys())

    def link(self, position: int) -> tuple[int, int, str]:
        """(audit row, run, digest) at a place."""
        return self.world.rows("SELECT audit_row_id, run, digest FROM audit_seal WHERE position = :p", p=position)[0]

    def close(self) -> None:
        self.system.dispose()
        self.superuser.dispose()
        self.world.database.dispose()


def build(urls: DatabaseUrls, home: Path) -> Chain:
    chain = Chain(World.set_up(urls.app), urls, home)
    for _ in range(4):
        chain.note()
        assert chain.seal() > 0
    return chain


@pytest.fixture(scope="module")
def sealed(module_database: DatabaseUrls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """Shared by tests that leave it as it is: what they plant is rolled back."""
    chain = build(module_database, tmp_path_factory.mktemp("home"))
    yield chain
    chain.close()


@pytest.fixture
def chain(fresh_database: DatabaseUrls, tmp_path: Path) -> Iterator[Chain]:
    chain = build(fresh_database, tmp_path)
    yield chain
    chain.close()


@pytest.fixture
def planting(sealed: Chain) -> Iterator[Connection]:
    """A transaction of the superuser, with triggers and keys out of the way; nothing of it stays."""
    with sealed.superuser.connect() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield connection
        connection.rollback()


def head(chain: Chain) -> int:
    return chain.world.value("SELECT max(position) FROM audit_seal")


# whole ----------------------------------------------------------------------------------------------------------------
def test_a_chain_that_nobody_touched_is_whole(sealed: Chain) -> None:
    found = sealed.verify()
    assert found.ok and found.checked == found.position == head(sealed)
    assert found.run == 4 and found.waiting == 0


def test_every_row_is_sealed_once(sealed: Chain) -> None:
    assert sealed.world.rows(
        """SELECT count(*), count(DISTINCT row.id), count(seal.position)
             FROM audit_row AS row LEFT JOIN audit_seal AS seal ON seal.audit_row_id = row.id"""
    ) == [(head(sealed),) * 3]


def test_rows_without_a_seal_are_counted_and_no_fault(chain: Chain) -> None:
    chain.note(2)
    assert (chain.verify().ok, chain.verify().waiting) == (True, 2)
    assert chain.seal() == 2
    assert chain.verify().waiting == 0


# tampered with --------------------------------------------------------------------------------------------------------
ROW = "(SELECT audit_row_id FROM audit_seal WHERE position = {0})"
MIDDLE = 7
PLANTED = [
    # what is done to the place in the middle, what is named, how far from that place
    ("UPDATE audit_row SET actor_name = 'Somebody else' WHERE id = {row}", "changed", 0),
    ("UPDATE audit_row SET changes = '{{\"number\": 99}}' WHERE id = {row}", "changed", 0),
    ("UPDATE audit_row SET recorded_at = recorded_at - interval '1 second' WHERE id = {row}", "changed", 0),
    ("UPDATE audit_row SET reason = 'as agreed' WHERE id = {row}", "changed", 0),
    ("UPDATE audit_row SET address = '10.0.0.1' WHERE id = {row}", "changed", 0),
    ("UPDATE audit_row SET channel = 'worker' WHERE id = {row}", "changed", 0),
    ("UPDATE audit_row SET action = action || '.' WHERE id = {row}", "changed", 0),
    ("DELETE FROM audit_row WHERE id = {row}", "row_missing", 0),
    ("DELETE FROM audit_seal WHERE position = {place}", "link_missing", 0),
    ("DELETE FROM audit_row WHERE id = {row}; DELETE FROM audit_seal WHERE position = {place}", "link_missing", 0),
    ("UPDATE audit_seal SET digest = repeat('0', 64) WHERE position = {place}", "changed", 0),
    ("UPDATE audit_seal SET sealed_at = sealed_at - interval '1 second' WHERE position = {place}", "changed", 0),
    ("UPDATE audit_seal SET encoding = 9 WHERE position = {place}", "row_missing", 0),
    ("UPDATE audit_seal SET key_id = 'another' WHERE position = {place}", "key_missing", 0),
    ("UPDATE audit_seal SET run = run + 1 WHERE position = {place}", "changed", 0),
    # two places exchanged: the rows under the seals, and the rows' own contents
    ("UPDATE audit_seal SET audit_row_id = -position WHERE position IN ({place}, {place} + 1);"
     "UPDATE audit_seal SET audit_row_id = CASE position WHEN {place} THEN {next} ELSE {row} END"
     " WHERE position IN ({place}, {place} + 1)", "changed", 0),
    ("UPDATE audit_row AS one SET changes = other.changes FROM audit_row AS other"
     " WHERE (one.id, other.id) IN (({row}, {next}), ({next}, {row}))", "changed", 0),
    # the head: rows before the middle are taken out, and what is left is counted anew
    ("DELETE FROM audit_seal WHERE position <= {place}", "link_missing", "first"),
    ("DELETE FROM audit_seal WHERE position <= {place};"
     "UPDATE audit_seal SET position = position - {place}", "changed", "first"),
    # the tail, with its rows
    ("DELETE FROM audit_seal WHERE position > {place}", "cut", "next"),
    ("DELETE FROM audit_row WHERE id IN (SELECT audit_row_id FROM audit_seal WHERE position > {place});"
     "DELETE FROM audit_seal WHERE position > {place}", "cut", "next"),
    ("TRUNCATE audit_seal, audit_row CASCADE", "cut", "first"),
    # all of one run, which is the newest
    ("DELETE FROM audit_row WHERE id IN (SELECT audit_row_id FROM audit_seal WHERE run = 4);"
     "DELETE FROM audit_seal WHERE run = 4", "cut", "last run"),
]  # fmt: skip


@pytest.mark.parametrize(("planted", "kind", "place"), PLANTED)
def test_what_was_done_is_named(sealed: Chain, planting: Connection, planted: str, kind: str, place: Any) -> None:
    row, following = sealed.link(MIDDLE)[0], sealed.link(MIDDLE + 1)[0]
    last_run = sealed.world.value("SELECT min(position) FROM audit_seal WHERE run = 4")
    planting.exec_driver_sql(planted.format(row=row, next=following, place=MIDDLE))
    found = sealed.verify_on(planting)
    assert found.fault is not None
    expected = {"first": 1, "last run": last_run, "next": MIDDLE + 1}.get(place, MIDDLE)
    assert (found.fault.kind, found.fault.position) == (kind, expected)
    if kind in ("changed", "row_missing", "key_missing") and place == 0:
        assert found.fault.audit_row_id in (row, following)


def test_a_broken_row_is_described(sealed: Chain, planting: Connection) -> None:
    row = sealed.link(MIDDLE)[0]
    planting.execute(text("UPDATE audit_row SET actor_name = 'Somebody else' WHERE id = :id"), {"id": row})
    fault = sealed.verify_on(planting).fault
    assert fault is not None and fault.row["actor_name"] == "Somebody else" and fault.row["record_type"]


def test_who_has_the_database_alone_cannot_make_the_chain_anew(sealed: Chain, planting: Connection) -> None:
    """An edited row with all later links computed again, under a key of the forger's own."""
    row = sealed.link(MIDDLE)[0]
    planting.execute(text("UPDATE audit_row SET actor_name = 'Somebody else' WHERE id = :id"), {"id": row})
    _forge(planting, derive_key("a guess").secret)
    found = sealed.verify_on(planting)
    assert found.fault is not None and found.fault.kind == "changed"


def test_even_with_the_key_the_anchors_tell(sealed: Chain, planting: Connection) -> None:
    row = sealed.link(MIDDLE)[0]
    planting.execute(text("UPDATE audit_row SET actor_name = 'Somebody else' WHERE id = :id"), {"id": row})
    _forge(planting, KEY.secret)
    found = sealed.verify_on(planting)
    assert found.fault is not None and found.fault.kind == "anchor_differs"


def _forge(connection: Connection, secret: bytes) -> None:
    from core.seal_check import WALK

    previous = ""
    for link in connection.exec_driver_sql(WALK.text, {"after": 0}).all():
        position, _row, run, encoding, _key, _digest, sealed_at, _recorded, content = link
        previous = seal.digest_of(secret, encoding, position, run, sealed_at, previous, content)
        connection.execute(
            text("UPDATE audit_seal SET digest = :digest WHERE position = :position"),
            {"digest": previous, "position": position},
        )


def test_a_row_slipped_in_with_an_earlier_time_is_named(chain: Chain) -> None:
    """Sealed as what it pretends to be, it stands behind rows that were sealed long after its time."""
    long_ago = clock.now() - timedelta(days=30)
    chain.world.run(note_event, "test.noted", "test", {}, context=chain.world.context(actor=SYSTEM, now=long_ago))
    assert chain.seal() == 1
    found = chain.verify()
    assert found.fault is not None and (found.fault.kind, found.fault.position) == ("late", head(chain))


def test_rows_that_waited_for_a_sealer_are_not_late(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    chain.note(2)
    later = clock.now() + timedelta(days=3)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert chain.seal() == 2
    assert chain.verify().ok


# anchors --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("taken", [0, 1, 3])
def test_an_anchor_taken_away_is_named(chain: Chain, taken: int) -> None:
    lines = chain.files.anchors_path.read_text().splitlines()
    assert len(lines) == 4
    del lines[taken]
    chain.files.anchors_path.write_text("\n".join(lines) + "\n")
    found = chain.verify()
    assert found.fault is not None and found.fault.kind == "anchor_missing"
    assert found.run == taken + 1


def test_all_anchors_taken_away_are_missed(chain: Chain) -> None:
    chain.files.anchors_path.unlink()
    assert chain.verify().fault.kind == "anchor_missing"  # type: ignore[union-attr]
    chain.note(1)
    chain.seal()
    assert chain.verify().fault.kind == "anchor_missing"  # type: ignore[union-attr]


def test_anchors_can_begin_anew_and_say_so(chain: Chain) -> None:
    chain.files.anchors_path.unlink()
    anchor = seal.begin_anchors(chain.system, chain.files)
    assert anchor is not None and chain.files.anchors().first_run == anchor.run == 4
    chain.note(1)
    chain.seal()
    assert chain.verify().ok


def test_a_copy_elsewhere_shows_what_was_cut_here_too(chain: Chain, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.write_text(chain.files.anchors_path.read_text())
    lines = chain.files.anchors_path.read_text().splitlines()
    chain.files.anchors_path.write_text("\n".join(lines[:-1]) + "\n")
    files = SealFiles(tmp_path, chain.files.anchors_path.stem, copies=[copy])
    with chain.superuser.connect() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("DELETE FROM audit_seal WHERE run = 4"))
        assert chain.verify_on(connection).ok  # our own anchors were cut with it
        found = verify(connection, files.anchors(), files.keys())
        assert found.fault is not None and found.fault.kind == "cut"
        connection.rollback()


def test_a_crash_between_commit_and_anchor_is_mended_by_the_next_run(chain: Chain) -> None:
    lines = chain.files.anchors_path.read_text().splitlines()
    chain.files.anchors_path.write_text("\n".join(lines[:-1]) + "\nseal 4 1")
    chain.note(1)
    assert chain.seal() == 1
    assert chain.verify().ok
    assert sorted(chain.files.anchors().by_run) == [1, 2, 3, 4, 5]


def test_a_false_anchor_does_not_replace_the_true_one(chain: Chain) -> None:
    true = chain.files.anchors().by_run[2]
    chain.files.add_anchor(Anchor(2, true.position, "0" * 64), clock.now())
    assert chain.files.anchors().by_run[2] == true
    assert chain.verify().ok


# keys -----------------------------------------------------------------------------------------------------------------
def test_another_secret_key_goes_on_with_another_key(chain: Chain) -> None:
    chain.note(1)
    other = derive_key("the secret after the change of it")
    assert seal.seal(chain.system, chain.files, other) == 1
    assert chain.verify().ok
    assert set(chain.files.keys()) == {KEY.id, other.id}
    assert chain.files.keys_path.stat().st_mode & 0o077 == 0


def test_a_lost_key_is_said(chain: Chain) -> None:
    with chain.system.snapshot() as connection:
        found = verify(connection, chain.files.anchors(), {})
    assert found.fault is not None and (found.fault.kind, found.fault.position) == ("key_missing", 1)


# sealing --------------------------------------------------------------------------------------------------------------
def test_a_late_commit_with_a_smaller_id_is_sealed_too(chain: Chain) -> None:
    """Ids come in blocks per process: a row may become visible after newer ids were sealed."""
    early = chain.world.database.next_id()
    with psycopg.connect(chain.world.database.url.replace("+psycopg", "", 1)) as open_transaction:
        open_transaction.execute(
            """INSERT INTO audit_row (id, recorded_at, actor_name, action, record_type, record_id, changes)
               VALUES (%s, now(), 'test', 'test.late', 'test', 0, '{}')""",
            (early,),
        )
        chain.note(2)
        assert chain.seal(whole=False) == 2
    assert chain.world.value("SELECT max(audit_row_id) FROM audit_seal") > early
    assert chain.verify().waiting == 1
    assert chain.seal(whole=False) == 1
    assert chain.verify().ok and chain.verify().waiting == 0
    assert chain.link(head(chain))[0] == early


def test_a_row_far_behind_waits_for_the_whole_look(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal, "NEAR_IDS", 0)
    chain.note(1)
    chain.note(1)
    assert chain.seal(whole=False) == 0
    assert chain.seal(whole=True) == 2


def test_two_sealers_at_once_seal_every_row_once(chain: Chain) -> None:
    chain.note(20)
    both, sealed = threading.Barrier(2, timeout=30), []

    def work() -> None:
        both.wait()
        sealed.append(chain.seal())

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(sealed) + chain.seal() == 20
    assert chain.verify().ok


def test_nothing_is_written_when_there_is_nothing_to_seal(chain: Chain) -> None:
    before = chain.files.anchors_path.read_bytes()
    assert chain.seal() == chain.seal(whole=False) == 0
    assert chain.files.anchors_path.read_bytes() == before


def test_many_rows_are_sealed_in_one_run(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = chain.world.value("SELECT max(run) FROM audit_seal")
    with chain.superuser.begin() as connection:
        connection.execute(
            text(
                """INSERT INTO audit_row (id, recorded_at, actor_name, action, record_type, record_id, changes)
                   SELECT nextval('id_seq'), now(), 'test', 'test.noted', 'test', n, '{}' 
                     FROM generate_series(1, :n) n"""
            ),
            {"n": seal.BATCH + 1},
        )
    assert chain.seal() == seal.BATCH + 1
    assert chain.world.value("SELECT max(run) FROM audit_seal") == runs + 1
    assert chain.verify().ok


def test_a_failed_run_leaves_nothing(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (head(chain), chain.files.anchors_path.read_bytes())
    chain.note(1)
    monkeypatch.setattr(seal, "digest_of", lambda *_: "x" * 65)
    with pytest.raises(psycopg.errors.StringDataRightTruncation):
        chain.seal()
    assert (head(chain), chain.files.anchors_path.read_bytes()) == before
    monkeypatch.undo()
    assert chain.seal() == 1


def test_every_column_of_a_row_is_sealed() -> None:
    """A column that is added makes a new encoding; older seals keep theirs."""
    encoded = seal.ENCODED[seal.ENCODING]
    assert {column.name for column in AuditRow.__table__.c if f"row.{column.name}" not in encoded} == set()


# the database's own walls ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", ["app", "system", "admin"])
@pytest.mark.parametrize(
    "attempt",
    [
        "UPDATE audit_row SET actor_name = 'x'",
        "DELETE FROM audit_row",
        "TRUNCATE audit_row CASCADE",
        "UPDATE audit_seal SET digest = 'x'",
        "DELETE FROM audit_seal",
        "TRUNCATE audit_seal",
    ],
)
def test_no_role_of_the_product_changes_audit_rows_or_seals(
    sealed: Chain, module_database: DatabaseUrls, role: str, attempt: str
) -> None:
    before = sealed.world.rows("SELECT count(*), (SELECT count(*) FROM audit_seal) FROM audit_row")
    with psycopg.connect(getattr(module_database, role).replace("+psycopg", "", 1)) as connection:
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.IntegrityConstraintViolation)):
            connection.execute(attempt)
        connection.rollback()
    assert sealed.world.rows("SELECT count(*), (SELECT count(*) FROM audit_seal) FROM audit_row") == before


def test_the_role_that_serves_the_web_seals_nothing(sealed: Chain, module_database: DatabaseUrls) -> None:
    link = "INSERT INTO audit_seal SELECT position + 1000, audit_row_id, run, encoding, key_id, digest, sealed_at"
    with psycopg.connect(module_database.app.replace("+psycopg", "", 1)) as connection:
        assert connection.execute("SELECT count(*) FROM audit_seal").fetchone() == (head(sealed),)
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute(f"{link} FROM audit_seal LIMIT 1")
        connection.rollback()


# told -----------------------------------------------------------------------------------------------------------------
def test_verify_audit_tells_and_keeps_what_it_found(chain: Chain) -> None:
    found = look(chain.system, chain.files, "a secret of the tests, long enough")
    assert found["ok"] and chain.files.last_look()["position"] == head(chain)  # type: ignore[index]
    assert sentences(found)[0].startswith("The audit chain is whole:")
    with chain.superuser.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("UPDATE audit_row SET actor_name = 'x' WHERE id = :id"), {"id": chain.link(3)[0]})
    found = look(chain.system, chain.files, "a secret of the tests, long enough")
    assert not found["ok"] and json.dumps(found, default=str)
    told = sentences(found)
    assert "place 3" in told[0] and str(chain.link(3)[0]) in told[0]
    assert "2 rows before it" in told[-1]


def test_the_worker_verifies_once_a_day(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "_current", chain.system)
    verifier = Verifier(chain.files, KEY)
    assert verifier.look_when_due()["ok"]  # type: ignore[index]
    assert verifier.look_when_due() is None
    with chain.superuser.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("UPDATE audit_row SET actor_name = 'x' WHERE id = :id"), {"id": chain.link(3)[0]})
    assert verifier.look_when_due() is None
    tomorrow = clock.now() + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    found = verifier.look_when_due()
    assert found is not None and found["fault"]["position"] == 3
    assert chain.files.last_look()["ok"] is False  # type: ignore[index]


def test_the_chain_stands_still_while_anchors_are_read(chain: Chain) -> None:
    chain.note(1)
    with still(chain.system):
        assert chain.seal() == 0
    assert chain.seal() == 1


# integrity-check ------------------------------------------------------------------------------------------------------
def codes(connection: Connection, chain: Chain) -> dict[str, bool]:
    found = answers(connection, chain.files.anchors(), chain.files.keys())
    return {answer["code"]: answer["ok"] for answer in found}


def test_integrity_check_walks_the_chain_and_counts(chain: Chain) -> None:
    with chain.system.snapshot() as connection:
        chain.files.add_counts(seal.count_tables(connection), clock.now())
        assert codes(connection, chain) == {"I11.chain": True, "I11.counts": True}


def test_integrity_check_names_fewer_rows_than_there_once_were(chain: Chain) -> None:
    with chain.superuser.connect() as connection:
        chain.files.add_counts(seal.count_tables(connection), clock.now())
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        row = chain.link(2)[0]
        connection.execute(text("UPDATE audit_row SET action = 'x' WHERE id = :id"), {"id": row})
        assert codes(connection, chain) == {"I11.chain": False, "I11.counts": True}
        connection.rollback()
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        chain.files.add_counts({"stage_change": 1000}, clock.now())
        assert codes(connection, chain) == {"I11.chain": True, "I11.counts": False}
        connection.rollback()


def test_a_long_chain_is_walked_from_an_anchor(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    from web.integrity import chain as module

    monkeypatch.setattr(module, "MOST_LINKS", 4)
    with chain.superuser.connect() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("UPDATE audit_row SET action = 'x' WHERE id = :id"), {"id": chain.link(2)[0]})
        assert codes(connection, chain)["I11.chain"]  # `verify-audit` walks it whole
        last = chain.link(head(chain))[0]
        connection.execute(text("UPDATE audit_row SET action = 'x' WHERE id = :id"), {"id": last})
        assert not codes(connection, chain)["I11.chain"]
        connection.rollback()


def test_the_worker_seals_and_counts(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "_current", chain.system)
    sealer = seal.Sealer(chain.files, KEY)
    chain.note(2)
    assert sealer.seal_due() == 2
    assert chain.files.anchors().counts["audit_row"] == head(chain)
    assert sealer.seal_due() == 0
