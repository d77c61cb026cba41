"""What of the records people edit can be taken back, and by which command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.catalog import Product
from core.customers import ADDRESS_FIELDS, CONTACT_FIELDS, save_address, save_contact
from core.customers import EDITABLE as CUSTOMER_FIELDS
from core.parties import Address, Contact, Customer, Supplier
from core.plan import Plan
from core.suppliers import LIMITS, change_supplier
from core.undo import Undoing, undoes
from crm.models import Opportunity
from crm.owners import change_customer
from crm.pipeline import EDITABLE as OPPORTUNITY_FIELDS
from crm.pipeline import change_opportunity, return_to_stage
from inventory.catalog import EDITABLE as PRODUCT_FIELDS
from inventory.catalog import change_product

Values = dict[str, Any]
WHO_MAY: Final = {
    "owner_id": "customers.assign", "payment_terms_id": "customers.credit", "credit_limit": "customers.credit",
}  # fmt: skip


def _customer(plan: Plan, customer: Any, values: Values, version: int) -> Any:
    return change_customer(plan, customer.id, values, version=version)


def _contact(plan: Plan, contact: Any, values: Values, version: int) -> Any:
    return save_contact(plan, contact.customer_id, values, contact_id=contact.id, version=version)


def _address(plan: Plan, address: Any, values: Values, version: int) -> Any:
    return save_address(plan, address.customer_id, values, address_id=address.id, version=version)


def _supplier(plan: Plan, supplier: Any, values: Values, version: int) -> Any:
    return change_supplier(plan, supplier.id, values, version=version)


def _product(plan: Plan, product: Any, values: Values, version: int) -> Any:
    return change_product(plan, product.id, values, version=version)


def _opportunity(plan: Plan, deal: Any, values: Values, version: int) -> Any:
    return change_opportunity(plan, deal.id, values, version=version)


def _moved(plan: Plan, deal: Any, changes: Mapping[str, Any], version: int) -> Any:
    told = {name: pair[0] for name, pair in changes.items() if name != "stage" and isinstance(pair, list)}
    return return_to_stage(plan, deal.id, changes["stage"][0], told=told, version=version)


undoes("customer", Undoing(Customer, "customers.write", CUSTOMER_FIELDS, _customer, also=WHO_MAY))
undoes("contact", Undoing(Contact, "customers.write", CONTACT_FIELDS, _contact))
undoes("address", Undoing(Address, "customers.write", ADDRESS_FIELDS, _address))
undoes("supplier", Undoing(Supplier, "suppliers.write", frozenset(LIMITS), _supplier))
undoes("product", Undoing(Product, "products.write", PRODUCT_FIELDS - {"unit", "kind"}, _product))
undoes("opportunity", Undoing(Opportunity, "opportunities.write", OPPORTUNITY_FIELDS, _opportunity, moved=_moved))
