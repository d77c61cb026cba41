"""Pipeline, activities, quotations and sales orders, and the links from orders to the invoices and shipments below
them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    Computed,
    FetchedValue,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Currency, Day, Id, Moment, Money, Percent, Price, Quantity, Rate, enum_type
from core.organization import InvoicingPolicy, TaxPoint, TaxRounding
from core.scope import OfCustomer, Owned

ZERO = Decimal("0.00")
NONE = Decimal(0)
AMOUNT = Numeric(18, 2)
NEVER = "'9999-12-31'::date"
"""The day that stands for none where rows are ordered by days."""
_UNANSWERED = "state = 'draft' OR state = 'sent'"


class StageKind(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class PipelineStage(Base):
    """A stage is data: its order, probability in percent, and which facts must be filled to enter the one after it."""

    __tablename__ = "pipeline_stage"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(30), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    name_zh: Mapped[str] = mapped_column(String(80))
    position: Mapped[int] = mapped_column(SmallInteger, unique=True)
    probability: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[StageKind] = mapped_column(enum_type(StageKind, "stage_kind"), default=StageKind.OPEN)
    exit_criteria: Mapped[str | None] = mapped_column(String(200))

    __table_args__ = (CheckConstraint("probability BETWEEN 0 AND 100", name="probability"),)


class Opportunity(Owned, Base):
    """A possible sale. Written by plans, since ordering from a quotation wins it in the same transaction."""

    __tablename__ = "opportunity"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(24), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    salesperson_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    stage_id: Mapped[int] = mapped_column(ForeignKey("pipeline_stage.id"))
    stage_kind: Mapped[StageKind] = mapped_column(enum_type(StageKind, "opportunity_kind"), default=StageKind.OPEN)
    stage_since: Mapped[Moment]
    amount: Mapped[Money]
    currency: Mapped[Currency]
    expected_close_on: Mapped[date | None]
    budget: Mapped[Decimal | None] = mapped_column(AMOUNT)
    schedule: Mapped[str | None] = mapped_column(String(200))
    source: Mapped[str | None] = mapped_column(String(80))
    note: Mapped[str | None] = mapped_column(Text)
    lost_reason: Mapped[str | None] = mapped_column(String(200))
    competitor: Mapped[str | None] = mapped_column(String(120))
    created_at: Mapped[Moment]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount"),
        Index("ix_opportunity_stage", "stage_id", "owner_id"),
        Index("ix_opportunity_owner", "owner_id", "stage_kind"),
        Index("ix_opportunity_by_close", "stage_kind", sql(f"COALESCE(expected_close_on, {NEVER})"), "id"),
        Index("ix_opportunity_any_by_close", sql(f"COALESCE(expected_close_on, {NEVER})"), "id"),
        Index("ix_opportunity_by_creation", "created_at", "id"),
        Index("ix_opportunity_by_amount", "amount", "id"),
        Index("ix_opportunity_open_by_amount", "amount", "id", postgresql_where="stage_kind = 'open'"),
        Index("ix_opportunity_by_name", "name", "id"),
        Index("ix_opportunity_open_by_age", "stage_since", "id", postgresql_where="stage_kind = 'open'"),
        Index("ix_opportunity_open_by_number", "number", postgresql_where="stage_kind = 'open'"),
        Index("ix_opportunity_open_since", "owner_id", "stage_since", postgresql_where="stage_kind = 'open'"),
        Index(
            "ix_opportunity_open",
            "stage_id",
            "expected_close_on",
            sql("amount DESC"),
            "id",
            postgresql_include=["owner_id", "customer_id"],
            postgresql_where="stage_kind = 'open'",
        ),
        Index(
            "ix_opportunity_won",
            "closed_at",
            postgresql_include=["stage_id", "expected_close_on", "amount", "id", "owner_id", "customer_id"],
            postgresql_where="stage_kind = 'won'",
        ),
    )


class StageChange(Base):
    """When an opportunity went from which stage to which: the funnel's raw material. Immutable."""

    __tablename__ = "stage_change"

    id: Mapped[Id]
    opportunity_id: Mapped[int] = mapped_column(ForeignKey("opportunity.id"), index=True)
    from_stage_id: Mapped[int | None] = mapped_column(ForeignKey("pipeline_stage.id"))
    to_stage_id: Mapped[int] = mapped_column(ForeignKey("pipeline_stage.id"))
    changed_at: Mapped[Moment]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))


class ActivityKind(StrEnum):
    NOTE = "note"
    CALL = "call"
    VISIT = "visit"
    MAIL = "mail"
    MEETING = "meeting"
    TASK = "task"


_PLANNED = sql(f"COALESCE(due_on, {NEVER})")


class Activity(OfCustomer, Base):
    """Something done or planned with a customer."""

    __tablename__ = "activity"

    id: Mapped[Id]
    kind: Mapped[ActivityKind] = mapped_column(enum_type(ActivityKind, "activity_kind"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    opportunity_id: Mapped[int | None] = mapped_column(ForeignKey("opportunity.id"), index=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    # Kept by a trigger, and by who gives a customer to somebody else.
    customer_owner_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"), FetchedValue())
    subject: Mapped[str] = mapped_column(Text)
    result: Mapped[str | None] = mapped_column(String(80))
    due_on: Mapped[date | None]
    done_at: Mapped[datetime | None]
    created_at: Mapped[Moment]
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        Index("ix_activity_customer", "customer_id", "created_at"),
        Index("ix_activity_due", "owner_id", _PLANNED, "id", postgresql_where="done_at IS NULL"),
        Index("ix_activity_planned", _PLANNED, "id", postgresql_where="done_at IS NULL"),
        Index("ix_activity_planned_seen", "customer_owner_id", _PLANNED, "id", postgresql_where="done_at IS NULL"),
        Index("ix_activity_by_creation", "created_at", "id"),
        Index("ix_activity_seen_by_creation", "customer_owner_id", "created_at", "id"),
    )
    __mapper_args__ = {"version_id_col": version}
    __owner__ = "customer_owner_id"


class QuotationState(StrEnum):
    DRAFT = "draft"
    SENT = "sent"
    ORDERED = "ordered"
    DECLINED = "declined"


class Quotation(Owned, Base):
    """A priced offer. Once ordered it stands as it was."""

    __tablename__ = "quotation"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(24), unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    opportunity_id: Mapped[int | None] = mapped_column(ForeignKey("opportunity.id"), index=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    salesperson_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    state: Mapped[QuotationState] = mapped_column(
        enum_type(QuotationState, "quotation_state"), default=QuotationState.DRAFT
    )
    quoted_on: Mapped[Day]
    valid_until: Mapped[date | None]
    currency: Mapped[Currency]
    tax_rounding: Mapped[TaxRounding] = mapped_column(enum_type(TaxRounding, "quotation_tax_rounding"))
    amount_net: Mapped[Money]
    amount_tax: Mapped[Money]
    amount_total: Mapped[Money]
    note: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[Moment]
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        CheckConstraint("amount_total = amount_net + amount_tax", name="total"),
        Index("ix_quotation_owner", "owner_id", "quoted_on", "id"),
        Index("ix_quotation_by_state", "state", "quoted_on", "id"),
        Index("ix_quotation_by_day", "quoted_on", "id"),
        Index("ix_quotation_by_amount", "amount_total", "id"),
        Index("ix_quotation_open_by_number", "number", postgresql_where=_UNANSWERED),
        Index("ix_quotation_open_by_day", "quoted_on", "id", postgresql_where=_UNANSWERED),
        Index(
            "ix_quotation_open_by_validity", sql(f"COALESCE(valid_until, {NEVER})"), "id", postgresql_where=_UNANSWERED
        ),
        Index("ix_quotation_by_validity", sql(f"COALESCE(valid_until, {NEVER})"), "id"),
    )


class QuotationLine(Base):
    """A priced line. `list_price` is the catalog's when it was priced; of lines from before that was kept, nothing."""

    __tablename__ = "quotation_line"

    id: Mapped[Id]
    quotation_id: Mapped[int] = mapped_column(ForeignKey("quotation.id"), index=True)
    position: Mapped[int] = mapped_column(SmallInteger)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    description: Mapped[str] = mapped_column(String(300))
    quantity: Mapped[Quantity]
    unit_price: Mapped[Price]
    list_price: Mapped[Price | None]
    discount_percent: Mapped[Percent] = mapped_column(default=NONE)
    tax_rate: Mapped[Rate]
    amount_net: Mapped[Money]
    amount_tax: Mapped[Money]

    __table_args__ = (
        UniqueConstraint("quotation_id", "position"),
        CheckConstraint("quantity > 0 AND unit_price >= 0", name="quantity"),
        CheckConstraint("discount_percent >= 0 AND discount_percent <= 100", name="discount"),
    )


class OrderState(StrEnum):
    DRAFT = "draft"
    CONFIRMED = "confirmed"
    DONE = "done"
    CANCELLED = "cancelled"


class ShippingStatus(StrEnum):
    NONE = "none"
    PARTIAL = "partial"
    SHIPPED = "shipped"


class InvoiceStatus(StrEnum):
    NONE = "none"
    PARTIAL = "partial"
    INVOICED = "invoiced"


class OnShort(StrEnum):
    REFUSE = "refuse"
    BACK_ORDER = "back_order"


class SalesOrder(Owned, Base):
    """An order. Its statuses are derived from the lines' quantities by the command that changes them, never from
    percentages."""

    __tablename__ = "sales_order"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(24), unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    opportunity_id: Mapped[int | None] = mapped_column(ForeignKey("opportunity.id"), index=True)
    quotation_id: Mapped[int | None] = mapped_column(ForeignKey("quotation.id"), unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    salesperson_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    state: Mapped[OrderState] = mapped_column(enum_type(OrderState, "order_state"), default=OrderState.DRAFT)
    shipping_status: Mapped[ShippingStatus] = mapped_column(
        enum_type(ShippingStatus, "shipping_status"), default=ShippingStatus.NONE
    )
    invoice_status: Mapped[InvoiceStatus] = mapped_column(
        enum_type(InvoiceStatus, "invoice_status"), default=InvoiceStatus.NONE
    )
    ordered_on: Mapped[Day]
    requested_on: Mapped[date | None]
    customer_reference: Mapped[str | None] = mapped_column(String(80))
    currency: Mapped[Currency]
    tax_rounding: Mapped[TaxRounding] = mapped_column(enum_type(TaxRounding, "order_tax_rounding"))
    invoicing_policy: Mapped[InvoicingPolicy] = mapped_column(enum_type(InvoicingPolicy, "order_invoicing_policy"))
    tax_point: Mapped[TaxPoint] = mapped_column(enum_type(TaxPoint, "order_tax_point"))
    terms_days: Mapped[int] = mapped_column(SmallInteger)
    due_from: Mapped[str] = mapped_column(String(10))
    amount_net: Mapped[Money]
    amount_tax: Mapped[Money]
    amount_total: Mapped[Money]
    ship_to: Mapped[str | None] = mapped_column(Text)
    carrier: Mapped[str | None] = mapped_column(String(80))
    note: Mapped[str | None] = mapped_column(Text)
    confirmed_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None] = mapped_column(String(300))
    recorded_at: Mapped[Moment]
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        CheckConstraint("amount_total = amount_net + amount_tax", name="total"),
        Index("ix_sales_order_customer", "customer_id", "ordered_on"),
        Index("ix_sales_order_owner", "owner_id", "ordered_on", "id"),
        Index("ix_sales_order_by_day", "ordered_on", "id", unique=True),
        Index("ix_sales_order_by_amount", "amount_total", "id"),
        Index("ix_sales_order_by_wish", sql(f"COALESCE(requested_on, {NEVER})"), "id"),
        Index("ix_sales_order_draft", "ordered_on", "id", postgresql_where="state = 'draft'"),
        Index(
            "ix_sales_order_open_by_day",
            "ordered_on",
            "id",
            postgresql_where="state = 'confirmed' AND shipping_status <> 'shipped'",
        ),
        Index("ix_sales_order_reference", "customer_reference", postgresql_where="customer_reference IS NOT NULL"),
        Index(
            "ix_sales_order_to_ship",
            "requested_on",
            postgresql_where="state = 'confirmed' AND shipping_status <> 'shipped'",
        ),
        Index(
            "ix_sales_order_to_ship_by_wish",
            sql(f"COALESCE(requested_on, {NEVER})"),
            "id",
            postgresql_where="state = 'confirmed' AND shipping_status <> 'shipped'",
        ),
        Index(
            "ix_sales_order_open",
            "number",
            postgresql_include=["owner_id", "customer_id", "amount_total"],
            postgresql_where="state = 'confirmed' AND shipping_status <> 'shipped'",
        ),
        Index(
            "ix_sales_order_sold",
            "ordered_on",
            postgresql_include=["owner_id", "customer_id", "amount_total"],
            postgresql_where="state = 'confirmed' OR state = 'done'",
        ),
        {"postgresql_with": {"fillfactor": 80}},
    )


class SalesOrderLine(Base):
    """A line and how far it has come. Quantities only grow; live = quantity − cancelled − returned.

    The amounts of any part are cumulative shares of `amount_net − net_reduced` and of the tax likewise, so that parts
    sum exactly; price credits reduce the whole line in proportion to what they take off the part that is left.
    `net_recognised` is revenue taken so far, `tax_recognised` VAT whose tax point has come, `cost_recognised` cost of
    what is out.
    """

    __tablename__ = "sales_order_line"

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), index=True)
    position: Mapped[int] = mapped_column(SmallInteger)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), index=True)
    is_service: Mapped[bool] = mapped_column(default=False)
    description: Mapped[str] = mapped_column(String(300))
    quantity: Mapped[Quantity]
    unit_price: Mapped[Price]
    list_price: Mapped[Price | None]
    discount_percent: Mapped[Percent] = mapped_column(default=NONE)
    tax_rate: Mapped[Rate]
    amount_net: Mapped[Money]
    amount_tax: Mapped[Money]
    on_short: Mapped[OnShort] = mapped_column(enum_type(OnShort, "on_short"), default=OnShort.REFUSE)
    reservation_id: Mapped[int | None] = mapped_column(ForeignKey("reservation.id"))
    quantity_cancelled: Mapped[Quantity] = mapped_column(default=NONE)
    quantity_shipped: Mapped[Quantity] = mapped_column(default=NONE)
    quantity_returned: Mapped[Quantity] = mapped_column(default=NONE)
    quantity_invoiced: Mapped[Quantity] = mapped_column(default=NONE)
    quantity_credited: Mapped[Quantity] = mapped_column(default=NONE)
    net_reduced: Mapped[Money] = mapped_column(default=ZERO)
    tax_reduced: Mapped[Money] = mapped_column(default=ZERO)
    net_recognised: Mapped[Money] = mapped_column(default=ZERO)
    tax_recognised: Mapped[Money] = mapped_column(default=ZERO)
    cost_recognised: Mapped[Money] = mapped_column(default=ZERO)
    quantity_to_ship: Mapped[Quantity] = mapped_column(
        Numeric(18, 3),
        Computed(
            "CASE WHEN is_service THEN 0 ELSE quantity - quantity_cancelled - quantity_shipped END", persisted=True
        ),
    )

    __table_args__ = (
        Index("ix_sales_order_line_to_ship", "order_id", postgresql_where="quantity_to_ship > 0"),
        UniqueConstraint("order_id", "position"),
        CheckConstraint("quantity > 0 AND unit_price >= 0", name="quantity"),
        CheckConstraint("discount_percent >= 0 AND discount_percent <= 100", name="discount"),
        CheckConstraint(
            "quantity_cancelled >= 0 AND quantity_cancelled + quantity_shipped <= quantity", name="progress"
        ),
        CheckConstraint("quantity_returned >= 0 AND quantity_returned <= quantity_shipped", name="returned"),
        CheckConstraint("quantity_credited >= 0 AND quantity_credited <= quantity_invoiced", name="credited"),
        CheckConstraint("quantity_invoiced <= quantity", name="invoiced"),
        CheckConstraint("net_recognised >= 0 AND tax_recognised >= 0 AND cost_recognised >= 0", name="recognised"),
        CheckConstraint(
            "net_reduced >= 0 AND net_reduced <= amount_net AND tax_reduced >= 0 AND tax_reduced <= amount_tax",
            name="reduced",
        ),
        {"postgresql_with": {"fillfactor": 80}},
    )


class SalesOrderInvoice(Base):
    __tablename__ = "sales_order_invoice"

    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), index=True)


class SalesOrderReceivable(Owned, Base):
    """What the invoices of an order owe together, so that orders are found by it; orders never invoiced have no row.

    `amount_paid` is what payments and credits of the customer have settled, without credit notes on these invoices and
    write-offs; `due_on` is the earliest due date of an open invoice. Written by triggers alone, whatever changes an
    invoice; owner, customer and day are the order's, for the row's own scope and for indexes. The key of two columns
    tells the planner, too, that a row and its order have the same day.
    """

    __tablename__ = "sales_order_receivable"
    __audited__ = False

    order_id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    ordered_on: Mapped[Day]
    amount_open: Mapped[Money]
    amount_paid: Mapped[Money]
    due_on: Mapped[date | None]
    is_owing: Mapped[bool] = mapped_column(Computed("amount_open > 0", persisted=True))

    __table_args__ = (
        ForeignKeyConstraint(
            ["order_id", "ordered_on"],
            ["sales_order.id", "sales_order.ordered_on"],
            name="fk_sales_order_receivable_order_id",
            onupdate="CASCADE",
        ),
        Index("ix_sales_order_receivable_by_due", "due_on", "order_id", postgresql_where="is_owing"),
        Index(
            "ix_sales_order_receivable_by_day",
            "ordered_on",
            "order_id",
            postgresql_include=["due_on"],
            postgresql_where="is_owing",
        ),
        Index(
            "ix_sales_order_receivable_owner",
            "owner_id",
            "ordered_on",
            "order_id",
            postgresql_include=["due_on"],
            postgresql_where="is_owing",
        ),
        {"postgresql_with": {"fillfactor": 80}},
    )


class SalesOrderShipment(Base):
    __tablename__ = "sales_order_shipment"

    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipment.id"), primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"), index=True)
