"""Many customers at once, for imports: the same rules as one by one (`core.customers`), with a statement for all of
them where there is one for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select

from core.audit import record_new
from core.company import get_company
from core.custom_fields.writing import Custom
from core.customers import CUSTOMER_NUMBER, LOCK_KEYS, CustomerFacts, share_owners, text_of
from core.leaving import begin_ownership
from core.parties import Address, Contact, Customer, CustomerAccount, PaymentTerms
from core.plan import Plan
from core.search_entries import CONTACTS, CUSTOMERS, add_entry, many_entries
from core.sending import sending
from core.statements import statement

SENT_TOGETHER = 200
KEYS = ("tax_id_key", "phone_key", "email_key", "name_key")


class KnownFact(NamedTuple):
    """The customer there is already for the one asked for at `place`, by what it is the same, and whether the actor
    sees it."""

    place: int
    id: int
    name: str
    owner: str
    same: list[str]
    is_visible: bool


KNOWN = statement(
    "customers_many.known",
    # The function sees every customer: whose an exact duplicate is, is told to whoever enters it.
    """
    SELECT found.place, found.id, found.name, found.owner, found.same, visible(found, found.id)
      FROM find_duplicate_customers(%(tax_ids)s::text[], %(phones)s::text[], %(emails)s::text[], %(names)s::text[],
                                    %(countries)s::text[], %(codes)s::text[]) AS found
    """,
    tables="",
    scope="scoped",
    fact=KnownFact,
)
REMOVE_PARTS = tuple(
    statement(
        f"customers_many.remove_{table}",
        f"DELETE FROM {table} WHERE customer_id = ANY (%(customer_ids)s::bigint[])",  # noqa: S608 (names of tables)
        tables=table,
        scope="by_root",
    )
    for table in ("customer_ownership", "customer_account")
)


def customer_facts(plan: Plan, values: Sequence[Mapping[str, Any]]) -> CustomerFacts:
    """What these customers are checked against. Shares the rows of those who will own them."""
    company = get_company(plan.session)
    owners = share_owners(plan, [each.get("owner_id") or plan.actor.user_id or 0 for each in values])
    wanted = sorted({each["payment_terms_id"] for each in values if each.get("payment_terms_id") is not None})
    terms: dict[int, bool] = {}
    if wanted:
        found = plan.session.execute(select(PaymentTerms.id, PaymentTerms.is_active).where(PaymentTerms.id.in_(wanted)))
        terms = {identity: is_active for identity, is_active in found}
    return CustomerFacts(company.currency, company.country, owners, terms)


def known_customers(plan: Plan, columns: Sequence[Mapping[str, Any]], *, lock: bool) -> dict[int, KnownFact]:
    """Of each customer that is there already (by one of its keys, or its code) which one that is, by place in
    `columns`. With `lock`, nobody else enters one of them until the end."""
    if lock:
        keys = sorted({f"{name}:{each[name]}" for each in columns for name in KEYS if each.get(name)})
        plan.fetch(LOCK_KEYS(keys=keys))
    [found] = plan.fetch(
        KNOWN(
            tax_ids=[each.get("tax_id_key") for each in columns],
            phones=[each.get("phone_key") for each in columns],
            emails=[each.get("email_key") for each in columns],
            names=[each.get("name_key") for each in columns],
            countries=[each.get("country") for each in columns],
            codes=[each.get("code") for each in columns],
        )
    )
    return {fact.place: fact for fact in found}


class NewCustomer(NamedTuple):
    """The columns of a customer, and of a contact and an address that come with it; with custom fields as far as there
    are any."""

    columns: Mapping[str, Any]
    contact: Mapping[str, Any] | None = None
    address: Mapping[str, Any] | None = None
    custom: Custom | None = None
    contact_custom: Custom | None = None


class MadeCustomer(NamedTuple):
    id: int
    code: str
    parts: dict[str, list[int]]


def insert_customers(plan: Plan, wanted: Sequence[NewCustomer]) -> list[MadeCustomer]:
    """Adds customers whose columns were checked and are known to be new; each with its account, its first owner, and
    the audit rows. Sent at once, so that later statements find them. Numbers are taken for those without a code."""
    numbers = {
        place: plan.number(CUSTOMER_NUMBER, plan.today)
        for place, each in enumerate(wanted)
        if not each.columns.get("code")
    }
    plan.take_numbers()
    made = []
    with sending(plan), many_entries(plan):
        for place, each in enumerate(wanted):
            made.append(_insert(plan, each, str(numbers[place]) if place in numbers else ""))
            if place % SENT_TOGETHER == SENT_TOGETHER - 1:
                plan.send_soon()
    return made


def _insert(plan: Plan, wanted: NewCustomer, code: str) -> MadeCustomer:
    columns = {**wanted.columns, "code": code or wanted.columns["code"]}
    columns["search_text"] = text_of(columns, columns["code"])
    row = {**columns, "created_at": plan.now, "updated_at": plan.now}
    [customer_id] = plan.insert_records(Customer, [row])
    told = {"id": customer_id, **row, "version": 1, **_told(wanted.custom)}
    record_new(plan, Customer, customer_id, told, label=columns["name"])
    if wanted.custom is not None:
        wanted.custom.insert(plan, customer_id)
    plan.insert(CustomerAccount, customer_id=customer_id)
    begin_ownership(plan, customer_id, columns["owner_id"])
    owner_id = columns["owner_id"]
    add_entry(plan, CUSTOMERS, customer_id, {name: row.get(name) for name in CUSTOMERS.fields}, owner_id, customer_id)
    parts: dict[str, list[int]] = {}
    for model, values in ((Contact, wanted.contact), (Address, wanted.address)):
        if values is not None:
            part = {"customer_id": customer_id, **values}
            if model is Contact:
                part["created_at"] = plan.now
            parts[model.__tablename__] = plan.insert_records(model, [part])
            [part_id] = parts[model.__tablename__]
            custom = wanted.contact_custom if model is Contact else None
            record_new(plan, model, part_id, {**part, **_told(custom)}, label=values.get("name"))
            if custom is not None:
                custom.insert(plan, part_id)
            if model is Contact:
                found_by = {name: part.get(name) for name in CONTACTS.fields}
                add_entry(plan, CONTACTS, part_id, found_by, owner_id, customer_id)
    return MadeCustomer(customer_id, columns["code"], parts)


def _told(custom: Custom | None) -> dict[str, Any]:
    return custom.told if custom is not None else {}


def remove_customers(plan: Plan, customer_ids: Sequence[int]) -> None:
    """Deletes customers that an import made and on which nothing was built, with all that came with them; the audit
    rows of both stay. The database permits it for nothing else (trigger `kept`)."""
    for model in (Contact, Address):
        _delete(plan, plan.session.execute(select(model).where(model.customer_id.in_(customer_ids))).scalars())
    customers = plan.session.execute(select(Customer).where(Customer.id.in_(customer_ids))).scalars().all()
    plan.fetch(*(remove(customer_ids=list(customer_ids)) for remove in REMOVE_PARTS))
    _delete(plan, customers)


def _delete(plan: Plan, records: Iterable[Any]) -> None:
    for found in records:
        plan.session.delete(found)
    plan.session.flush()
