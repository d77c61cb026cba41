"""The references that lists of every module have: people, customers, suppliers, products and their groups."""

from __future__ import annotations

from sqlalchemy import select

from core.catalog import Product, ProductCategory, UnitOfMeasure
from core.lists.references import Reference, in_language, refer
from core.organization import User
from core.parties import Customer, PaymentTerms, Supplier
from core.scope import visible_rows

TERMS_LABEL = in_language(PaymentTerms.name, PaymentTerms.name_zh)
UNIT_LABEL = in_language(UnitOfMeasure.name, UnitOfMeasure.name_zh)

refer(
    "user",
    Reference(
        lambda: select(User.id, User.name),
        User.id,
        User.name,
        current=lambda: User.is_active,
    ),
)
refer(
    "customer",
    Reference(
        lambda: select(Customer.id, Customer.name).where(visible_rows(Customer)), Customer.id, Customer.name, few=False
    ),
)
refer("supplier", Reference(lambda: select(Supplier.id, Supplier.name), Supplier.id, Supplier.name))
refer("product", Reference(lambda: select(Product.id, Product.name), Product.id, Product.name, few=False))
refer(
    "category",
    Reference(lambda: select(ProductCategory.id, ProductCategory.name), ProductCategory.id, ProductCategory.name),
)
refer(
    "payment_terms",
    Reference(
        lambda: select(PaymentTerms.id, TERMS_LABEL),
        PaymentTerms.id,
        TERMS_LABEL,
        current=lambda: PaymentTerms.is_active,
    ),
)
refer("unit", Reference(lambda: select(UnitOfMeasure.id, UNIT_LABEL), UnitOfMeasure.id, UNIT_LABEL))
