"""Customers, contacts and addresses: created and edited as records; duplicates are refused at entry and by the
database."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select

from core.columns import check_texts
from core.company import get_company
from core.constraints import means
from core.custom_fields.writing import Custom, take_custom
from core.errors import DomainError, FieldErrors, NotFound
from core.leaving import begin_ownership
from core.masks import shown_record, without_masks
from core.money import is_finer, places_of
from core.needs import needs
from core.normalise import clean, company_key, email_address, email_key, phone_key, tax_id_key
from core.notices import given_to
from core.parties import Address, Contact, Customer, CustomerAccount, PaymentTerms
from core.plan import Plan
from core.search_entries import customer_text
from core.statements import statement
from core.talk.followers import begin_following

COUNTRY_LENGTH = 2
SEARCHED = ("name", "legal_name", "city", "phone", "email")
TEXT_FIELDS = (
    "name",
    "legal_name",
    "region",
    "city",
    "industry",
    "size",
    "source",
    "tax_id",
    "phone",
    "email",
    "website",
)
EDITABLE = frozenset(
    (*TEXT_FIELDS, "note", "country", "lifecycle", "owner_id", "payment_terms_id", "credit_limit", "currency", "code")
)


class DuplicateFact(NamedTuple):
    id: int
    name: str
    owner: str
    same: list[str]


DUPLICATE = statement(
    "customers.duplicate",
    # The function sees every customer: whose an exact duplicate is, is told to whoever enters it.
    """
    SELECT id, name, owner, same
      FROM find_duplicate_customer(%(tax_id_key)s, %(phone_key)s, %(email_key)s, %(name_key)s, %(country)s,
                                   %(except_id)s::bigint)
    """,
    tables="",
    scope="system",
    fact=DuplicateFact,
)
# Several people may enter one customer at once: the locks on its keys make all but the first wait and then see it.
LOCK_KEYS = statement(
    "customers.lock_keys",
    """
    SELECT pg_advisory_xact_lock(7, hashtext(key)) FROM
      (SELECT DISTINCT key FROM unnest(%(keys)s::text[]) AS key WHERE key IS NOT NULL ORDER BY key) AS sorted
    """,
    tables="",
    scope="system",
)
LOCK_OWNERS = statement(
    "customers.lock_owners",
    "SELECT id, name, is_active FROM app_user WHERE id = ANY (%(ids)s::bigint[]) ORDER BY id FOR KEY SHARE",
    tables="app_user",
    scope="system",
)
CUSTOMER_NUMBER = "CUS"
means("uq_customer_code", "duplicate_code", field="code")
for _field in ("name", "phone", "email", "tax_id"):
    means(f"uq_customer_{_field}", "done_meanwhile")


@needs("customers.write")
def create_customer(plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    """Creates a customer with its money row; the actor owns it unless an owner is named. `custom` among the values
    holds its custom fields.

    Raises InvalidInput beside the field, and `duplicate_customer` naming the one there is and who owns it.
    """
    custom = take_custom(plan, "customer", values.get("custom"))
    data = _checked(plan, without_masks("customer", _own_fields(values), None), custom.errors)
    _refuse_duplicate(plan, data, except_id=0)
    number = plan.number(CUSTOMER_NUMBER, plan.today) if not data.get("code") else None
    if number is not None:
        plan.take_numbers()
        data["code"] = str(number)
    data["search_text"] = text_of(data, data["code"])
    customer = Customer(**data, created_at=plan.now, updated_at=plan.now)
    plan.session.add(customer)
    custom.tell(plan, customer)
    plan.session.flush()
    plan.insert(CustomerAccount, customer_id=customer.id)
    begin_ownership(plan, customer.id, customer.owner_id)
    if plan.actor.user_id != customer.owner_id:
        begin_following(plan, "customer", customer.id, customer.id)
        given_to(plan, customer.owner_id, "customer", customer.id)
    custom.write(plan, customer.id)
    return customer_answer(customer, custom)


@needs("customers.write")
def change_customer(
    plan: Plan, customer_id: int, values: Mapping[str, Any], *, version: int | None = None
) -> dict[str, Any]:
    """Changes the fields given; a new owner's documents are the caller's to move (`crm.owners.change_customer`).

    Raises `edit_conflict` with what stands there now when somebody changed it since `version`.
    """
    customer = find_customer(plan, customer_id)
    custom = take_custom(plan, "customer", values.get("custom"), customer.id)
    if version is not None and customer.version != version:
        current = shown_record("customer", customer_answer(customer)) | {"custom": custom.shown_before()}
        raise DomainError("edit_conflict", version=customer.version, current=current)
    given = without_masks("customer", _own_fields(values), customer)
    merged = {name: getattr(customer, name) for name in EDITABLE} | given
    data = _checked(plan, merged, custom.errors, current=customer)
    _refuse_duplicate(plan, data, except_id=customer.id)
    data["search_text"] = text_of(data, data.get("code") or customer.code)
    for name, value in data.items():
        setattr(customer, name, value)
    customer.updated_at = plan.now
    custom.tell(plan, customer)
    plan.session.flush()
    custom.write(plan, customer.id)
    return customer_answer(customer, custom)


def _own_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "custom"}


def find_customer(plan: Plan, customer_id: int) -> Customer:
    """The live customer, its row locked for this change."""
    customer = plan.session.execute(
        select(Customer)
        .where(Customer.id == customer_id, Customer.merged_into_id.is_(None))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if customer is None:
        raise NotFound("customer", customer_id)
    return customer


def customer_answer(customer: Customer, custom: Custom | None = None) -> dict[str, Any]:
    return {
        "id": customer.id,
        **{name: getattr(customer, name) for name in sorted(EDITABLE)},
        "version": customer.version,
        **({"custom": custom.answer()} if custom is not None else {}),
    }


class CustomerFacts(NamedTuple):
    """What a customer is checked against: the company's currency and country, who may own one (id: name, still here),
    payment terms (id: in use)."""

    currency: str
    country: str
    owners: Mapping[int, tuple[str, bool]]
    terms: Mapping[int, bool]


def _checked(
    plan: Plan, values: Mapping[str, Any], errors: FieldErrors, current: Customer | None = None
) -> dict[str, Any]:
    """The columns of a customer, checked under lock of its owner's row. Raises InvalidInput, with what was wrong
    before among it."""
    company = get_company(plan.session)
    owner_id = values.get("owner_id") or (plan.actor.user_id if current is None else current.owner_id)
    terms_id = values.get("payment_terms_id")
    owners, terms = {}, {}
    if owner_id and (current is None or owner_id != current.owner_id):
        owners = share_owners(plan, [owner_id])
    if terms_id is not None and (found := plan.session.get(PaymentTerms, terms_id)) is not None:
        terms[terms_id] = found.is_active
    facts = CustomerFacts(company.currency, company.country, owners, terms)
    data = customer_columns(values, facts, errors, current=current, actor_id=plan.actor.user_id)
    errors.raise_if_any()
    return data


def customer_columns(
    values: Mapping[str, Any],
    facts: CustomerFacts,
    errors: FieldErrors,
    *,
    current: Customer | None = None,
    actor_id: int | None = None,
    standard: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The columns of a customer out of what was given, its keys among them; what is wrong is added to `errors`. The one
    place of these rules, for one customer and for many. The search text is made once there is a code (`text_of`).

    `standard` are texts and keys as this function made them of the same values before, where they need not be made
    again.
    """
    unknown = set(values) - EDITABLE
    if unknown:
        raise ValueError(f"not fields of a customer: {sorted(unknown)}")
    country = (values.get("country") or facts.country).upper()
    if standard is None:
        standard = standard_forms(values, country, errors)
    data = dict(standard)
    if len(country) != COUNTRY_LENGTH or not country.isalpha() or not country.isascii():
        errors.add("country", "unknown_country", value=country)
    limit = values.get("credit_limit")
    if limit is not None and (limit < 0 or is_finer(limit, places_of(facts.currency))):
        errors.add("credit_limit", "not_an_amount")
    owner_id = values.get("owner_id") or (actor_id if current is None else current.owner_id)
    if current is None or owner_id != current.owner_id:
        _check_owner(facts, owner_id, errors)
    terms_id = values.get("payment_terms_id")
    is_new = current is None or terms_id != current.payment_terms_id
    if terms_id is not None and (terms_id not in facts.terms or (is_new and not facts.terms[terms_id])):
        errors.add("payment_terms_id", "terms_unknown")
    currency = values.get("currency") or facts.currency
    if currency != facts.currency:
        errors.add("currency", "other_currency", currency=facts.currency)
    data |= {
        "country": country,
        "owner_id": owner_id,
        "payment_terms_id": terms_id,
        "credit_limit": limit,
        "currency": currency,
        "lifecycle": values.get("lifecycle") or "potential",
    }
    if data["code"] is None and current is not None:
        del data["code"]
    return data


def standard_forms(values: Mapping[str, Any], country: str, errors: FieldErrors) -> dict[str, Any]:
    """Texts of a customer as they are kept, and its keys, from what was given; what is wrong is added to `errors`. This
    is what takes time."""
    data: dict[str, Any] = {name: clean(values.get(name)) for name in (*TEXT_FIELDS, "note")}
    check_texts(errors, Customer, data)
    if not data["name"]:
        errors.add("name", "required")
    if data["email"]:
        address = email_address(data["email"])
        if address is None:
            errors.add("email", "not_an_email", value=data["email"])
        data["email"] = address or data["email"]
    data |= {
        "name_key": company_key(data["name"] or ""),
        "tax_id_key": tax_id_key(data["tax_id"]),
        "phone_key": phone_key(data["phone"], country),
        "email_key": email_key(data["email"]),
        "code": clean(values.get("code")),
    }
    check_texts(errors, Customer, data)
    return data


def text_of(data: Mapping[str, Any], code: str) -> str:
    """The search text of a customer with these columns."""
    return customer_text(code=code, **{name: data[name] for name in SEARCHED})


def share_owners(plan: Plan, owner_ids: Sequence[int]) -> dict[int, tuple[str, bool]]:
    """Who these are, and whether they are still here; their rows are shared until the end, so that none leaves
    meanwhile."""
    [found] = plan.fetch(LOCK_OWNERS(ids=sorted(set(owner_ids))))
    return {identity: (name, is_active) for identity, name, is_active in found}


def _check_owner(facts: CustomerFacts, owner_id: int | None, errors: FieldErrors) -> None:
    """A new owner is one of us and still here."""
    if not owner_id or owner_id not in facts.owners:
        errors.add("owner_id", "user_unknown")
    elif not facts.owners[owner_id][1]:
        errors.add("owner_id", "owner_inactive", owner=facts.owners[owner_id][0])


def _refuse_duplicate(plan: Plan, data: Mapping[str, Any], *, except_id: int) -> None:
    keys = {name: data[name] for name in ("tax_id_key", "phone_key", "email_key", "name_key")}
    _, found = plan.fetch(
        LOCK_KEYS(keys=[f"{name}:{value}" for name, value in keys.items() if value]),
        DUPLICATE(**keys, country=data["country"], except_id=except_id),
    )
    if found:
        same: DuplicateFact = found[0]
        raise DomainError(
            "duplicate_customer", customer_id=same.id, customer=same.name, owner=same.owner, same=same.same
        )


# contacts and addresses -----------------------------------------------------------------------------------------------
CONTACT_FIELDS = frozenset(
    ("name", "title", "decision_power", "phone", "email", "preferred_channel", "do_not_call", "note", "is_active")
)
ADDRESS_FIELDS = frozenset(
    ("kind", "name", "street", "city", "region", "postal_code", "country", "is_default", "is_active")
)
ADDRESS_KINDS = ("billing", "shipping")


@needs("customers.write")
def save_contact(
    plan: Plan,
    customer_id: int,
    values: Mapping[str, Any],
    *,
    contact_id: int | None = None,
    version: int | None = None,
) -> dict[str, Any]:
    """Creates a contact of a customer, or changes the fields given; `is_active` False archives it.

    Raises NotFound (also for another customer's contact), InvalidInput, `edit_conflict`.
    """
    find_customer(plan, customer_id)
    contact = _own(plan, Contact, contact_id, customer_id)
    custom = take_custom(plan, "contact", values.get("custom"), contact.id if contact else None)
    _refuse_conflict(contact, version, custom)
    errors = custom.errors
    data = contact_columns(without_masks("contact", values, contact), errors, is_new=contact is None)
    errors.raise_if_any()
    if contact is None:
        contact = Contact(customer_id=customer_id, created_at=plan.now)
        plan.session.add(contact)
    for name, value in data.items():
        setattr(contact, name, value)
    custom.tell(plan, contact)
    plan.session.flush()
    custom.write(plan, contact.id)
    answer = {"id": contact.id, "customer_id": customer_id, "name": contact.name, "version": contact.version}
    return answer | {"custom": custom.answer()}


def remove_contacts(plan: Plan, contact_ids: Sequence[int]) -> None:
    """Deletes contacts on which nothing was built, for an import that is undone; the audit rows stay."""
    for contact in plan.session.execute(select(Contact).where(Contact.id.in_(contact_ids))).scalars().all():
        plan.session.delete(contact)
    plan.session.flush()


@needs("customers.write")
def save_address(
    plan: Plan,
    customer_id: int,
    values: Mapping[str, Any],
    *,
    address_id: int | None = None,
    version: int | None = None,
) -> dict[str, Any]:
    """Creates an address of a customer, or changes the fields given; an archived one (`is_active` False) is kept, but
    no new document takes it.

    Raises NotFound (also for another customer's address), InvalidInput, `edit_conflict`.
    """
    customer = find_customer(plan, customer_id)
    address = _own(plan, Address, address_id, customer_id)
    _refuse_conflict(address, version)
    errors = FieldErrors()
    data = address_columns(values, customer.country, errors, is_new=address is None)
    errors.raise_if_any()
    if address is None:
        address = Address(customer_id=customer_id)
        plan.session.add(address)
    for name, value in data.items():
        setattr(address, name, value)
    plan.session.flush()
    return {"id": address.id, "customer_id": customer_id, "version": address.version}


def contact_columns(values: Mapping[str, Any], errors: FieldErrors, *, is_new: bool) -> dict[str, Any]:
    """The columns of a contact out of what was given; what is wrong is added to `errors`."""
    data = _cleaned(values, CONTACT_FIELDS)
    check_texts(errors, Contact, data)
    if not data.get("name") and (is_new or "name" in data):
        errors.add("name", "required")
    return data


def address_columns(values: Mapping[str, Any], country: str, errors: FieldErrors, *, is_new: bool) -> dict[str, Any]:
    """The columns of an address out of what was given, by default in the customer's country; what is wrong is added to
    `errors`."""
    data = _cleaned(values, ADDRESS_FIELDS)
    check_texts(errors, Address, {name: value for name, value in data.items() if name != "country"})
    if is_new or "country" in data:
        data["country"] = country = str(data.get("country") or country).upper()
        if len(country) != COUNTRY_LENGTH or not country.isalpha() or not country.isascii():
            errors.add("country", "unknown_country", value=country)
    if not data.get("street") and (is_new or "street" in data):
        errors.add("street", "required")
    if data.get("kind") not in ADDRESS_KINDS and (is_new or "kind" in data):
        errors.add("kind", "unknown_choice", choices=list(ADDRESS_KINDS))
    return data


def _cleaned(values: Mapping[str, Any], fields: Container[str]) -> dict[str, Any]:
    return {name: clean(value) if isinstance(value, str) else value for name, value in values.items() if name in fields}


def _own(plan: Plan, model: Any, identity: int | None, customer_id: int) -> Any:
    if identity is None:
        return None
    found = plan.session.get(model, identity, with_for_update=True)
    if found is None or found.customer_id != customer_id:
        raise NotFound(model.__tablename__, identity)
    return found


def _refuse_conflict(found: Any, version: int | None, custom: Custom | None = None) -> None:
    if found is not None and version is not None and found.version != version:
        if custom is None:
            raise DomainError("edit_conflict", version=found.version)
        raise DomainError("edit_conflict", version=found.version, current={"custom": custom.shown_before()})
