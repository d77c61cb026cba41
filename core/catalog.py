"""Products (goods and services), their categories and units."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.constraints import means
from core.database import Base, Id, Moment, Price, Rate, enum_type


class ProductKind(StrEnum):
    GOODS = "goods"
    SERVICE = "service"


class UnitOfMeasure(Base):
    __tablename__ = "unit_of_measure"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(12), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    name_zh: Mapped[str] = mapped_column(String(40))


class ProductCategory(Base):
    __tablename__ = "product_category"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(80), unique=True)
    description: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}

    @property
    def audit_label(self) -> str:
        return self.name


class Product(Base):
    """Something sold. Prices are net of tax in the company's currency; a service holds no stock.

    A discontinued product sells what is there and is not reordered; an inactive one cannot be put on new documents.
    """

    __tablename__ = "product"

    id: Mapped[Id]
    sku: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str | None] = mapped_column(Text)
    search_text: Mapped[str] = mapped_column(Text)
    kind: Mapped[ProductKind] = mapped_column(enum_type(ProductKind, "product_kind"), default=ProductKind.GOODS)
    barcode: Mapped[str | None] = mapped_column(String(40))
    category_id: Mapped[int | None] = mapped_column(ForeignKey("product_category.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit_of_measure.id"))
    supplier_id: Mapped[int | None] = mapped_column(ForeignKey("supplier.id"), index=True)
    price: Mapped[Price]
    cost: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    tax_rate: Mapped[Rate]
    is_discontinued: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[Moment]
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        Index("uq_product_sku", "sku", unique=True),
        Index("uq_product_barcode", "barcode", unique=True, postgresql_where="barcode IS NOT NULL"),
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("cost >= 0", name="cost"),
        CheckConstraint("tax_rate >= 0 AND tax_rate < 1", name="tax_rate"),
    )
    __mapper_args__ = {"version_id_col": version}

    @property
    def audit_label(self) -> str:
        return self.sku


means("uq_product_category_name", "duplicate_name", field="name")
means("fk_product_category_id", "category_unknown", field="category_id", http_status=422)
means("fk_product_supplier_id", "supplier_unknown", field="supplier_id", http_status=422)
means("uq_product_sku", "duplicate_sku", field="sku")
means("uq_product_barcode", "duplicate_barcode", field="barcode")
