"""Customers, with a contact and an address where the file has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.company import get_company
from core.custom_fields.writing import Custom, take_many
from core.customers import EDITABLE, address_columns, contact_columns, customer_columns, standard_forms
from core.customers_many import NewCustomer, customer_facts, insert_customers, known_customers, remove_customers
from core.errors import DomainError, FieldError, FieldErrors
from core.imports.company_fields import custom_of
from core.imports.fields import Field, countries, head_key, number, reference, text
from core.imports.kinds import Found, Kind, Unit, Values, declare
from core.imports.models import BatchState
from core.masks import EMAILS, PHONES
from core.normalise import clean, company_key, email_address, phone_key
from core.parties import Customer
from core.plan import Plan
from core.search_entries import CONTACTS, CUSTOMERS, foresee
from crm.imports.parts import OWNERS, TERMS, before, given, typed
from crm.owners import change_customer

LIFECYCLES = {
    "potential": ("潜在", "Potential"),
    "new": ("新客户", "New"),
    "active": ("活跃", "Active"),
    "at_risk": ("有流失风险", "At risk"),
    "lost": ("已流失", "Lost"),
}
CONTACT = {"contact_name": "name", "contact_title": "title", "contact_phone": "phone", "contact_email": "email"}
ADDRESS = {"street": "street", "postal_code": "postal_code", "city": "city", "region": "region"}
FIELDS = (
    text(
        "name",
        "客户名称|公司名称|客户|名称|单位名称|企业名称",
        "Name|Company name|Customer|Customer name|Company|Account",
        required=True,
    ),
    text("code", "客户编号|编号|客户代码|代码|编码", "Code|Customer code|Customer ID|Customer number|ID"),
    text("tax_id", "税号|纳税人识别号|统一社会信用代码|信用代码", "Tax ID|VAT number|VAT ID|Tax number"),
    text("phone", "电话|联系电话|公司电话|手机|手机号", "Phone|Telephone|Tel|Phone number|Mobile", mask=PHONES),
    text("email", "邮箱|电子邮箱|电子邮件|公司邮箱", "E-mail|Email|Mail|Email address", mask=EMAILS),
    text("legal_name", "注册名称|全称|法定名称", "Legal name|Full name|Registered name"),
    text("industry", "行业|所属行业", "Industry|Sector|Branch"),
    Field("country", "国家|国家/地区|国别", "Country|Country code|Nation", "country"),
    text("region", "省份|地区|区域|省", "Region|State|Province"),
    text("city", "城市|市", "City|Town"),
    text("street", "地址|详细地址|街道|公司地址", "Street|Address|Street address"),
    text("postal_code", "邮编|邮政编码", "Postal code|Postcode|ZIP|Zip code"),
    text("contact_name", "联系人|联系人姓名|姓名", "Contact|Contact name|Contact person"),
    text("contact_title", "联系人职务|职务|职位", "Contact title|Job title|Position"),
    text("contact_phone", "联系人电话|联系人手机", "Contact phone|Contact mobile", mask=PHONES),
    text("contact_email", "联系人邮箱", "Contact e-mail|Contact email", mask=EMAILS),
    text("size", "规模|公司规模|人员规模", "Size|Company size|Employees"),
    text("source", "来源|客户来源", "Source|Lead source"),
    Field("lifecycle", "阶段|客户状态|生命周期", "Stage|Lifecycle|Status", "choice", choices=LIFECYCLES),
    text("website", "网站|网址|官网", "Website|Web|URL|Homepage"),
    reference("owner_id", "负责人|客户负责人|业务员", "Owner|Account owner|Salesperson", OWNERS),
    number("credit_limit", "信用额度|授信额度", "Credit limit|Credit", places=2, permission="customers.credit"),
    reference(
        "payment_terms_id", "账期|付款条件|结算方式", "Payment terms|Terms", TERMS, permission="customers.credit"
    ),
    text("note", "备注|说明", "Note|Notes|Remark|Remarks|Comment"),
)


def _standard(plan: Plan, units: Sequence[Unit]) -> None:
    """Standard forms of texts and keys, and what comes with the customer; kept from the check where there was one."""
    home = get_company(plan.session).country
    for unit in units:
        if unit.data is None:
            unit.data, faults = _standard_of(unit.values, home)
            _fault(unit, faults)


def _standard_of(values: Values, home: str) -> tuple[Values, dict[str, FieldError]]:
    """What is kept of the values of one, and what is wrong with them by the file's fields."""
    country, errors = values.get("country") or home, FieldErrors()
    data: Values = {"standard": standard_forms(values, country, errors), "contact": None, "address": None}
    faults = dict(errors.found)
    for part, fields, columns in (("contact", CONTACT, _contact), ("address", ADDRESS, _address)):
        told = {column: values[name] for name, column in fields.items() if values.get(name) is not None}
        if told.get("name" if part == "contact" else "street"):
            errors, named = FieldErrors(), {column: name for name, column in fields.items()}
            data[part] = columns(told, country, errors)
            for column, fault in errors.found.items():
                faults.setdefault(named.get(column, column), fault)
    return data, faults


def _contact(told: Values, country: str, errors: FieldErrors) -> Values:
    return contact_columns(told, errors, is_new=True)


def _address(told: Values, country: str, errors: FieldErrors) -> Values:
    return address_columns({**told, "kind": "billing"}, country, errors, is_new=True)


def _fault(unit: Unit, faults: Mapping[str, FieldError]) -> None:
    for name, fault in faults.items():
        unit.rows[0].faults.setdefault(name, fault)


def _foresee(cells: Sequence[Mapping[str, str]], state: str) -> None:
    """Keys and addresses for the check, terms for the doing: what takes time and depends on a text alone."""
    for each in cells:
        name, contact = clean(each.get("name")), clean(each.get("contact_name"))
        if state != BatchState.CHECKING:
            foresee(CUSTOMERS, name)
            foresee(CONTACTS, contact)
            continue
        company_key(name or "")
        country = countries().get(head_key(each.get("country", "")))
        if country:
            phone_key(clean(each.get("phone")), country)
        email_address(clean(each.get("email")) or "")


def _find(plan: Plan, units: Sequence[Unit]) -> None:
    _look(plan, units, lock=True)


def _look(plan: Plan, units: Sequence[Unit], *, lock: bool = False) -> None:
    _standard(plan, units)
    home = get_company(plan.session).country
    good = [unit for unit in units if not unit.is_bad and unit.data is not None]
    columns = [{**_forms(unit), "country": unit.values.get("country") or home} for unit in good]
    known = known_customers(plan, columns, lock=lock)
    for place, (unit, each) in enumerate(zip(good, columns, strict=True)):
        unit.keys = [f"{name}:{each[name]}" for name in ("tax_id_key", "phone_key", "email_key", "code") if each[name]]
        unit.keys.append(f"name:{each['name_key']}|{each['country']}")
        fact = known.get(place)
        if fact is not None:
            same = DomainError(
                "duplicate_customer", customer_id=fact.id, customer=fact.name, owner=fact.owner, same=fact.same
            )
            unit.found = Found(fact.id, fact.name, fact.owner, not fact.is_visible, same)


def _forms(unit: Unit) -> Values:
    forms: Values = (unit.data or {})["standard"]
    return forms


def _check(plan: Plan, units: Sequence[Unit]) -> None:
    facts = customer_facts(plan, [unit.values for unit in units])
    customs = take_many(plan, "customer", [custom_of(unit.values) for unit in units])
    with_contact = [unit for unit in units if unit.data and unit.data["contact"]]
    of_contacts = dict(zip(map(id, with_contact), take_many(plan, "contact", [{}] * len(with_contact)), strict=True))
    for unit, custom in zip(units, customs, strict=True):
        contact = of_contacts.get(id(unit))
        errors, values = custom.errors, {name: unit.values.get(name) for name in EDITABLE}
        columns = customer_columns(values, facts, errors, actor_id=plan.actor.user_id, standard=_forms(unit))
        _fault(unit, errors.found)
        if contact is not None:
            _need(unit, contact)
        unit.ready = NewCustomer(columns, (unit.data or {})["contact"], (unit.data or {})["address"], custom, contact)


def _check_fields(plan: Plan, units: Sequence[Unit]) -> None:
    """What else is wrong with the values there are of customers that are refused already. What is missing is not told:
    it may be what could not be read, and a customer there is may go without."""
    home = get_company(plan.session).country
    facts = customer_facts(plan, [unit.values for unit in units])
    for unit in units:
        values, errors = unit.values, FieldErrors()
        data, faults = (unit.data, {}) if unit.data is not None else _standard_of(values, home)
        told = {name: values.get(name) for name in EDITABLE}
        customer_columns(told, facts, errors, actor_id=plan.actor.user_id, standard=data["standard"])
        found = {**faults, **errors.found}
        _fault(unit, {name: fault for name, fault in found.items() if values.get(name) is not None})


def _need(unit: Unit, contact: Custom) -> None:
    """Says what a contact must have that the file of a customer has no column for."""
    for missing in contact.fields:
        if missing.column in contact.errors.found:
            told = FieldError("import_contact_needs", {"label": missing.label, "label_zh": missing.label_zh})
            unit.rows[0].faults.setdefault("contact_name", told)


def _create_many(plan: Plan, units: Sequence[Unit]) -> None:
    for unit, made in zip(units, insert_customers(plan, [unit.ready for unit in units]), strict=True):
        unit.record_id, unit.version = made.id, 1
        unit.before = {"parts": made.parts} if made.parts else None


def _change(plan: Plan, unit: Unit) -> None:
    if unit.found is None:
        raise RuntimeError("nothing was found to change")
    values = given(unit.values, EDITABLE)
    unit.before = before(plan, Customer, unit.found.id, values)
    answer = change_customer(plan, unit.found.id, values)
    unit.record_id, unit.version = unit.found.id, answer["version"]


def _restore(plan: Plan, customer_id: int, values: Values, version: int) -> int:
    return int(change_customer(plan, customer_id, typed(Customer, values), version=version)["version"])


declare(
    Kind(
        name="customers",
        zh="客户",
        en="Customers",
        permission="customers.write",
        record_type="customer",
        table="customer",
        has_custom=True,
        endpoint="customers.show",
        argument="customer_id",
        fields=FIELDS,
        find=_find,
        look=_look,
        check=_check,
        check_fields=_check_fields,
        create_many=_create_many,
        foresee=_foresee,
        change=_change,
        restore=_restore,
        remove=remove_customers,
        own_parts={
            "customer_account": "customer_id",
            "customer_ownership": "customer_id",
            "contact": "customer_id",
            "address": "customer_id",
        },
        listed_parts=("contact", "address"),
        batch=2000,
    )
)
