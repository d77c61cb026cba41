"""What records are found by: an entry beside each, written in the transaction that writes the record.

Entries have no row security, since its rules would keep the index of terms from being used. So they hold no more than
terms and whose the record is, are read by `core.queries.finding` and `core.queries.words` only, with the viewer's
predicate, and what they lead to is read from the record's own table. A trigger moves them along with their customer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection, Index, String, event, inspect, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.catalog import Product
from core.database import Base
from core.normalise import search_text
from core.parties import Contact, Customer, Supplier
from core.plan import Plan
from core.search_terms import foresee as foresee_terms
from core.search_terms import terms_of, vector, vector_of
from core.statements import statement
from core.term_merging import merge_soon


class SearchEntry(Base):
    """By which terms a record is found; its id is the record's. Owner and customer are those of a record that not
    everybody sees. Written by plans."""

    __tablename__ = "search_entry"
    __audited__ = False

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    owner_id: Mapped[int | None]
    customer_id: Mapped[int | None]
    kind: Mapped[str] = mapped_column(String(16))
    terms: Mapped[str] = mapped_column(TSVECTOR)

    __table_args__ = (
        # What somebody looks for among his own is met in the index, and what he does not see never read.
        Index(
            "ix_search_entry_terms",
            "terms",
            text("(ARRAY[owner_id])"),
            postgresql_using="gin",
            postgresql_with={"fastupdate": "on"},
        ),
        Index("ix_search_entry_kind", "kind", "id"),
        Index("ix_search_entry_owner", "owner_id", "kind", "id", postgresql_where="owner_id IS NOT NULL"),
        Index("ix_search_entry_customer", "customer_id", postgresql_where="customer_id <> id"),
        {"postgresql_with": {"autovacuum_analyze_scale_factor": "0.05"}},
    )


Values = Mapping[str, Any]
WAIT_TO_MERGE = statement(
    "search_entries.wait_to_merge",
    "SELECT set_config('gin_pending_list_limit', '64MB', true)",
    tables="",
    scope="system",
)


@dataclass(frozen=True)
class Searched:
    """A kind of record that is found by words: the letter of its terms, the fields they are made of (names first), and
    whether it belongs to a customer."""

    kind: str
    letter: str
    names: tuple[str, ...]
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    of_customer: bool = True

    @property
    def fields(self) -> tuple[str, ...]:
        return (*self.names, *self.phones, *self.emails)

    def terms(self, values: Values) -> list[str]:
        """The terms of a record with these values."""
        return terms_of(self.letter, *self._told(values))

    def vector(self, values: Values) -> str:
        """The same as PostgreSQL reads a tsvector."""
        return vector_of(self.letter, *self._told(values))

    def _told(self, values: Values) -> tuple[list[Any], list[Any], list[Any]]:
        names, phones, emails = ([values[name] for name in part] for part in (self.names, self.phones, self.emails))
        return names, phones, emails


CUSTOMERS = Searched("customer", "c", ("name", "legal_name", "code", "city"), ("phone",), ("email",))
CONTACTS = Searched("contact", "k", ("name",), ("phone",), ("email",))
SUPPLIERS = Searched("supplier", "s", ("name", "code", "city", "contact_name"), ("phone",), ("email",), False)
PRODUCTS = Searched("product", "p", ("name", "sku", "barcode", "description"), of_customer=False)
OPPORTUNITIES = Searched("opportunity", "o", ("name",))
SEARCHED = {found.kind: found for found in (CUSTOMERS, CONTACTS, SUPPLIERS, PRODUCTS, OPPORTUNITIES)}
_MODELS: dict[type, Searched] = {Customer: CUSTOMERS, Contact: CONTACTS, Supplier: SUPPLIERS, Product: PRODUCTS}


def keep_entry(
    plan: Plan, searched: Searched, record_id: int, values: Values, owner_id: int | None, customer_id: int | None
) -> None:
    """Adds to the plan that a record is found by these values from now on."""
    plan.keep(SearchEntry, record_id, **_entry(searched, values, owner_id, customer_id))


def add_entry(
    plan: Plan, searched: Searched, record_id: int, values: Values, owner_id: int | None, customer_id: int | None
) -> None:
    """The same for a record that is new, and one of many."""
    plan.insert(SearchEntry, id=record_id, **_entry(searched, values, owner_id, customer_id))


def _entry(searched: Searched, values: Values, owner_id: int | None, customer_id: int | None) -> dict[str, Any]:
    terms = searched.vector(values)
    return {"kind": searched.kind, "owner_id": owner_id, "customer_id": customer_id, "terms": terms}


def foresee(searched: Searched, title: str | None) -> None:
    """Works out ahead what takes time of an entry and of a search text: what the title is found by."""
    if title:
        foresee_terms(searched.letter, title)
        if searched is CUSTOMERS:
            search_text(title)


@contextmanager
def many_entries(plan: Plan) -> Iterator[None]:
    """In this block, which stands in one of `sending`, entries wait for the index of terms, and are put into it
    together once that has ended (`core.term_merging`).

    Each has a hundred terms, most of which others of them have too: one by one, they took two thirds of the time of
    bringing customers in, and seven times as much of the log.
    """
    if plan.sender is None:
        raise RuntimeError("many entries are written in a block of `sending`")
    plan.send(WAIT_TO_MERGE())
    yield
    plan.sender.afterwards(partial(merge_soon, plan.connection.engine))


@event.listens_for(Session, "before_flush")
def _collect(session: Session, _context: Any, _instances: Any) -> None:
    if "plan" not in session.info:
        return
    pending: list[Any] = session.info.setdefault("searched", [])
    for instance in (*session.new, *session.dirty):
        searched = _MODELS.get(type(instance))
        if searched is not None and (instance in session.new or _is_found_otherwise(instance, searched)):
            pending.append(instance)


def _is_found_otherwise(instance: Any, searched: Searched) -> bool:
    attributes = inspect(instance).attrs
    names = (*searched.fields, "owner_id") if searched is CUSTOMERS else searched.fields
    return any(attributes[name].history.has_changes() for name in names)


@event.listens_for(Session, "after_flush")
def _write(session: Session, _context: Any) -> None:
    for instance in session.info.pop("searched", ()):
        searched = _MODELS[type(instance)]
        customer = _customer_of(session, instance) if searched.of_customer else None
        values = {name: getattr(instance, name) for name in searched.fields}
        owner_id, customer_id = (customer.owner_id, customer.id) if customer is not None else (None, None)
        keep_entry(session.info["plan"], searched, instance.id, values, owner_id, customer_id)


def _customer_of(session: Session, instance: Any) -> Customer:
    if isinstance(instance, Customer):
        return instance
    with session.no_autoflush:  # loaded and locked before, by whoever changes what is his
        customer = session.get(Customer, instance.customer_id)
    if customer is None:
        raise RuntimeError("what is a customer's is written beside its customer")
    return customer


# all of them anew -----------------------------------------------------------------------------------------------------
BATCH = 5000


class _Source(NamedTuple):
    searched: Searched
    owner: str
    customer: str
    source: str


_SOURCES = (
    _Source(CUSTOMERS, "row.owner_id", "row.id", "customer AS row"),
    _Source(CONTACTS, "customer.owner_id", "row.customer_id",
            "contact AS row JOIN customer ON customer.id = row.customer_id"),
    _Source(OPPORTUNITIES, "row.owner_id", "row.customer_id", "opportunity AS row"),
    _Source(SUPPLIERS, "NULL::bigint", "NULL::bigint", "supplier AS row"),
    _Source(PRODUCTS, "NULL::bigint", "NULL::bigint", "product AS row"),
)  # fmt: skip


class Derived(NamedTuple):
    """An entry as its record asks for it."""

    kind: str
    id: int
    owner_id: int | None
    customer_id: int | None
    terms: list[str]


def derive(connection: Connection, batch: int = BATCH, *, every: int = 1) -> Iterator[list[Derived]]:
    """The entries that records ask for, batch by batch; of all records or of one in `every`. The connection's role must
    see every row."""
    for searched, owner, customer, source in _SOURCES:
        fields = ", ".join(f"row.{name}" for name in searched.fields)
        query = text(
            f"SELECT row.id, {owner}, {customer}, {fields} FROM {source} "  # noqa: S608 (names of columns, no values)
            f"WHERE row.id > :after {'AND mod(hashint8(row.id), :every) = 0' if every > 1 else ''} "
            "ORDER BY row.id LIMIT :batch"
        )
        after = 0
        while rows := connection.execute(query, {"after": after, "batch": batch, "every": every}).all():
            yield [
                Derived(
                    searched.kind,
                    row[0],
                    row[1],
                    row[2],
                    searched.terms(dict(zip(searched.fields, row[3:], strict=True))),
                )
                for row in rows
            ]
            after = rows[-1][0]


def rebuild(connection: Connection, progress: Callable[[int], None] = lambda done: None) -> int:
    """Writes all entries anew from the records, in the transaction of `connection`, whose role must own the table and
    see every row; answers how many. The indexes are made afterwards, as that is quicker than row by row."""
    connection.execute(text("LOCK TABLE search_entry IN ACCESS EXCLUSIVE MODE"))
    indexes = connection.execute(
        text(
            "SELECT indexname, indexdef FROM pg_indexes "
            "WHERE tablename = 'search_entry' AND starts_with(indexname, 'ix_')"
        )
    ).all()
    for name, _definition in indexes:
        connection.execute(text(f"DROP INDEX {name}"))
    connection.execute(text("TRUNCATE search_entry"))
    done = 0
    for entries in derive(connection):
        _copy(connection, entries)
        done += len(entries)
        progress(done)
    for _name, definition in indexes:
        connection.execute(text(definition))
    connection.execute(text("ANALYZE search_entry"))
    return done


def _copy(connection: Connection, entries: list[Derived]) -> None:
    driver: Any = connection.connection.driver_connection
    with (
        driver.cursor() as cursor,
        cursor.copy("COPY search_entry (id, owner_id, customer_id, kind, terms) FROM STDIN") as copy,
    ):
        for entry in entries:
            copy.write_row((entry.id, entry.owner_id, entry.customer_id, entry.kind, vector("", entry.terms)))


def refresh_search_texts(connection: Connection, batch: int = BATCH) -> int:
    """Writes the search texts of customers and products anew where how names are read has changed; answers how many.
    The connection's role must see every row."""
    changed = 0
    for table, fields, make in _TEXTS:
        query = text(
            f"SELECT id, search_text, {', '.join(fields)} FROM {table} WHERE id > :after ORDER BY id LIMIT :batch"  # noqa: S608
        )
        update = text(f"UPDATE {table} SET search_text = :text WHERE id = :id")  # noqa: S608 (names of tables)
        after = 0
        while rows := connection.execute(query, {"after": after, "batch": batch}).all():
            texts = [(row[0], row[1], make(*row[2:])) for row in rows]
            stale = [{"id": identity, "text": made} for identity, kept, made in texts if kept != made]
            if stale:
                connection.execute(update, stale)
            changed += len(stale)
            after = rows[-1][0]
    return changed


def customer_text(
    name: str, legal_name: str | None, code: str | None, city: str | None, phone: str | None, email: str | None
) -> str:
    """What a customer's name, phone and e-mail address are compared with: a line of what everybody may look for, and
    one each of what only those who see it are offered (`core.queries.words`)."""
    return "\n".join((search_text(name, legal_name, code, city), search_text(phone), search_text(email)))


_TEXTS: tuple[tuple[str, tuple[str, ...], Callable[..., str]], ...] = (
    ("customer", ("name", "legal_name", "code", "city", "phone", "email"), customer_text),
    ("product", ("sku", "name", "barcode", "description"), search_text),
)
