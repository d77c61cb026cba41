"""The company's settings."""

from __future__ import annotations

from base64 import b64decode
from decimal import Decimal
from typing import Any

from core.company import CHOICES, MAX_LOGO_BYTES, change_company
from core.errors import DomainError
from core.masks import BankDetail
from core.queries.company import COMPANY
from core.queries.reading import read_one
from web.api.fields import Body, Choice, Integer, Rate, Text
from web.api.operation import Call, operation

LONGEST_LOGO = 4 * (MAX_LOGO_BYTES + 2) // 3 + 2
CHANGE = Body(
    name=Text(nullable=False, limit=200),
    name_english=Text(limit=200, help="Stands on English documents."),
    tax_id=Text(limit=40),
    address=Text(limit=1000),
    phone=Text(limit=40),
    email=Text(limit=200),
    bank_name=Text(limit=200),
    bank_account=Text(limit=60),
    **{name: Choice(nullable=False, choices=choices) for name, choices in CHOICES.items()},
    time_zone=Text(nullable=False, limit=60, help="Name of a zone, e.g. Asia/Shanghai."),
    tax_rate=Rate(nullable=False, help='The usual rate: "0.13" is 13 %.'),
    payment_terms_days=Integer(nullable=False, largest=730),
    session_idle_hours=Integer(nullable=False, smallest=1, largest=720, help="A session unused for so long ends."),
    session_days=Integer(nullable=False, smallest=1, largest=365, help="Every session ends after so long."),
    audit_years=Integer(nullable=False, smallest=5, largest=100, help="How long audit rows have to be kept at least."),
    file_megabytes=Integer(nullable=False, smallest=1, largest=15, help="The largest file beside a record."),
    record_megabytes=Integer(nullable=False, smallest=1, largest=10000, help="What all files of a record may take."),
    logo=Text(limit=LONGEST_LOGO, help="PNG or JPEG of at most 512 kB in Base64; null takes it away."),
    version=Integer(smallest=1, help="The version that was read."),
)
SHAPE = {
    **{name: str for name in ("name", *CHOICES, "time_zone", "currency", "country", "chart")},
    **{
        name: str | None
        for name in ("name_english", "tax_id", "address", "phone", "email", "bank_name")
    },
    "bank_account": BankDetail | None,
    "tax_rate": Decimal, "payment_terms_days": int, "audit_years": int,
    "session_idle_hours": int, "session_days": int, "file_megabytes": int, "record_megabytes": int,
    "logo_type": str | None, "fiscal_year_start_month": int, "version": int,
}  # fmt: skip


@operation("GET", "/company", "company.write", summary="The company's settings", answer=SHAPE)
def get_company_call(call: Call) -> Any:
    found = read_one(COMPANY())
    if found is None:
        raise DomainError("not_set_up")
    return found._asdict()


@operation(
    "PATCH", "/company", "company.write", body=CHANGE, answer=SHAPE, refusals=("edit_conflict",),
    summary="Change settings; documents keep what they were written under",
)  # fmt: skip
def change_company_call(call: Call) -> Any:
    body = dict(call.body)
    version = body.pop("version", None)
    if body.get("logo"):
        body["logo"] = _decoded(body["logo"])
    return call.run(change_company, body, version=version)


def _decoded(text: str) -> bytes:
    """The picture behind its Base64 form; what cannot be read is no picture, and the command says so."""
    try:
        return b64decode(text, validate=True) or b"-"
    except ValueError:
        return b"-"
