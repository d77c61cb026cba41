"""Contacts of customers there are, known by e-mail, phone or name within their customer."""

from __future__ import annotations

from collections.abc import Sequence

from core.customers import CONTACT_FIELDS, remove_contacts, save_contact
from core.imports.fields import Field, reference, text
from core.imports.kinds import Kind, Unit, Values, declare
from core.masks import EMAILS, PHONES
from core.parties import Contact
from core.plan import Plan
from core.statements import statement
from crm.imports.parts import CUSTOMERS, KnownFact, before, found_id, given, mark_known, typed

KNOWN = statement(
    "imports.known_contacts",
    """
    SELECT number::int - 1, contact.id, contact.name
      FROM unnest(%(customer_ids)s::bigint[], %(names)s::text[], %(emails)s::text[]) WITH ORDINALITY
           AS told (customer_id, name, email, number)
      JOIN contact ON contact.customer_id = told.customer_id
           AND (contact.name = told.name OR lower(contact.email) = lower(told.email))
     ORDER BY number, contact.is_active DESC, contact.id
    """,
    tables="contact",
    scope="by_root",
    fact=KnownFact,
)


def _find(plan: Plan, units: Sequence[Unit]) -> None:
    told = [[unit.values.get(name) for unit in units] for name in ("customer_id", "name", "email")]
    [facts] = plan.fetch(KNOWN(customer_ids=told[0], names=told[1], emails=told[2]))
    mark_known(units, facts)
    for unit, customer_id, name, email in zip(units, *told, strict=True):
        unit.keys = [f"{customer_id}:{name}", *([f"{customer_id}:{email.lower()}"] if email else [])]


def _create(plan: Plan, unit: Unit) -> None:
    answer = save_contact(plan, unit.values["customer_id"], given(unit.values, CONTACT_FIELDS))
    unit.record_id, unit.version = answer["id"], answer["version"]


def _change(plan: Plan, unit: Unit) -> None:
    values, customer_id = given(unit.values, CONTACT_FIELDS), unit.values["customer_id"]
    held = before(plan, Contact, found_id(unit), values)
    answer = save_contact(plan, customer_id, values, contact_id=found_id(unit))
    unit.before = {"customer_id": customer_id, "values": held}
    unit.record_id, unit.version = answer["id"], answer["version"]


def _restore(plan: Plan, contact_id: int, held: Values, version: int) -> int:
    values = typed(Contact, held["values"])
    return int(save_contact(plan, held["customer_id"], values, contact_id=contact_id, version=version)["version"])


declare(
    Kind(
        name="contacts",
        zh="联系人",
        en="Contacts",
        permission="customers.write",
        record_type="contact",
        table="contact",
        has_custom=True,
        fields=(
            reference(
                "customer_id",
                "客户|客户编号|客户名称|公司名称",
                "Customer|Customer code|Customer name|Company|Company name",
                CUSTOMERS,
                required=True,
            ),
            text("name", "姓名|联系人|联系人姓名", "Name|Contact|Contact name|Full name", required=True),
            text("title", "职务|职位", "Job title|Title|Position|Contact title"),
            text("decision_power", "决策权", "Decision power|Role"),
            text("phone", "电话|手机|联系电话", "Phone|Mobile|Telephone|Tel", mask=PHONES),
            text("email", "邮箱|电子邮箱", "E-mail|Email|Mail", mask=EMAILS),
            text("preferred_channel", "首选联系方式", "Preferred channel"),
            Field("do_not_call", "勿打电话", "Do not call", "flag"),
            text("note", "备注", "Note|Notes|Remark"),
        ),
        find=_find,
        create=_create,
        change=_change,
        restore=_restore,
        remove=remove_contacts,
    )
)
