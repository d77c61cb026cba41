"""Suppliers, known by their code, or by name and country."""

from __future__ import annotations

from collections.abc import Sequence

from core.imports.fields import Field, text
from core.imports.kinds import Kind, Unit, Values, declare
from core.masks import EMAILS, PHONES
from core.parties import Supplier
from core.plan import Plan
from core.statements import statement
from core.suppliers import LIMITS, change_supplier, create_supplier, remove_suppliers
from crm.imports.parts import KnownFact, before, found_id, given, mark_known, typed

KNOWN = statement(
    "imports.known_suppliers",
    """
    SELECT number::int - 1, supplier.id, supplier.name
      FROM unnest(%(codes)s::text[], %(names)s::text[], %(countries)s::text[]) WITH ORDINALITY
           AS told (code, name, country, number)
      JOIN supplier ON supplier.code = told.code OR (supplier.name = told.name AND supplier.country = told.country)
     ORDER BY number, supplier.code = told.code DESC, supplier.id
    """,
    tables="supplier",
    scope="system",
    fact=KnownFact,
)


def _find(plan: Plan, units: Sequence[Unit]) -> None:
    told = [[unit.values.get(name) for unit in units] for name in ("code", "name", "country")]
    [facts] = plan.fetch(KNOWN(codes=told[0], names=told[1], countries=told[2]))
    mark_known(units, facts)
    for unit, code, name, country in zip(units, *told, strict=True):
        unit.keys = [f"name:{name}|{country}", *([f"code:{code}"] if code else [])]


def _create(plan: Plan, unit: Unit) -> None:
    answer = create_supplier(plan, given(unit.values, LIMITS))
    unit.record_id, unit.version = answer["id"], answer["version"]


def _change(plan: Plan, unit: Unit) -> None:
    values = given(unit.values, LIMITS)
    unit.before = before(plan, Supplier, found_id(unit), values)
    unit.record_id, unit.version = found_id(unit), change_supplier(plan, found_id(unit), values)["version"]


def _restore(plan: Plan, supplier_id: int, values: Values, version: int) -> int:
    return int(change_supplier(plan, supplier_id, typed(Supplier, values), version=version)["version"])


declare(
    Kind(
        name="suppliers",
        zh="供应商",
        en="Suppliers",
        permission="suppliers.write",
        record_type="supplier",
        table="supplier",
        has_custom=True,
        endpoint="suppliers.show",
        argument="supplier_id",
        fields=(
            text(
                "name",
                "供应商名称|供应商|公司名称|名称",
                "Name|Supplier|Company name|Supplier name|Company",
                required=True,
            ),
            text("code", "供应商编号|编号|代码", "Code|Supplier code|Supplier ID|ID"),
            Field("country", "国家|国家/地区", "Country|Country code", "country", required=True),
            text("contact_name", "联系人", "Contact|Contact name|Contact person"),
            text("contact_title", "职务|联系人职务", "Job title|Contact title|Position"),
            text("phone", "电话|联系电话|手机", "Phone|Telephone|Tel|Mobile", mask=PHONES),
            text("email", "邮箱|电子邮箱", "E-mail|Email|Mail", mask=EMAILS),
            text("website", "网站|网址", "Website|Homepage|Web|URL"),
            text("street", "地址|街道", "Street|Address"),
            text("city", "城市|市", "City|Town"),
            text("region", "省份|地区|省", "Region|State|Province"),
            text("postal_code", "邮编|邮政编码", "Postal code|Postcode|ZIP"),
        ),
        find=_find,
        create=_create,
        change=_change,
        restore=_restore,
        remove=remove_suppliers,
    )
)
