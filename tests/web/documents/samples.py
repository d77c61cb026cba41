"""Documents to render in tests: plain facts, no database."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from web.documents.data import CompanyFacts, DocumentFacts, DocumentLine, Kind, PartyFacts

CENT = Decimal("0.01")
COMPANY = CompanyFacts(
    name="账房演示贸易（上海）有限公司",
    tax_id="91310000MA1FL0000X",
    address_lines=("上海市浦东新区世纪大道 100 号", "200120"),
    phone="021-5888 0000",
    bank_name="中国工商银行上海浦东支行",
    bank_account="1001 2345 6789 0123",
    currency="CNY",
)
NAMES = ("精密轴承 6204-2RS", "不锈钢内六角螺栓 M8×30", "Queso Cabrales", "Gumbär Gummibärchen", "龙井茶礼盒（明前）")


def make_lines(count: int) -> tuple[DocumentLine, ...]:
    """Lines with two tax rates, some of them discounted, amounts rounded per line."""
    lines = []
    for index in range(count):
        quantity, price = Decimal(3 + index % 40), Decimal("12.5") + index
        discount = Decimal(5) if index % 6 == 1 else Decimal(0)
        rate = Decimal("0.13") if index % 5 else Decimal("0.06")
        net = (quantity * price * (1 - discount / 100)).quantize(CENT)
        tax = (net * rate).quantize(CENT)
        lines.append(
            DocumentLine(
                position=index + 1,
                sku=f"SKU{index + 1:04}",
                name=NAMES[index % len(NAMES)],
                unit="箱",
                quantity=quantity,
                description="10 boxes × 20 bags",
                unit_price=price,
                discount_percent=discount,
                tax_rate=rate,
                amount_net=net,
                amount_tax=tax,
                amount_total=net + tax,
            )
        )
    return tuple(lines)


def make_document(kind: Kind, lines: tuple[DocumentLine, ...] | None = None, **changes: object) -> DocumentFacts:
    """A document whose sums fit its lines."""
    chosen = make_lines(20) if lines is None else lines
    net = sum((line.amount_net for line in chosen), Decimal(0))
    tax = sum((line.amount_tax for line in chosen), Decimal(0))
    facts: dict[str, object] = {
        "kind": kind,
        "number": "SO-2026-00042",
        "currency": "CNY",
        "date": date(2026, 3, 12),
        "party": PartyFacts("Königlich Essen", ("Maubelstr. 90", "14776 Brandenburg"), "DE123456789", "Philip Cramer"),
        "ship_to": PartyFacts("Ana Trujillo Emparedados", ("Avda. de la Constitución 2222", "05021 México D.F.")),
        "lines": chosen,
        "due_on": date(2026, 4, 11),
        "valid_until": date(2026, 4, 12),
        "requested_on": date(2026, 3, 20),
        "customer_reference": "PO-7781",
        "origin": "QU-2026-00031",
        "amount_net": net,
        "amount_tax": tax,
        "amount_total": net + tax,
        "terms": "货到后三十天内付款。",
        "note": "周五上午送到后门。",
        "carrier": "Speedy Express",
        "salesperson": "赵敏",
    }
    return DocumentFacts(**(facts | changes))  # type: ignore[arg-type]
