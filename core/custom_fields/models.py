"""The tables of custom fields: what fields there are, the choices of some, and the values of records."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Numeric, SmallInteger, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.constraints import means
from core.database import Base, Id, enum_type

LONGEST_TEXT = 500
"""The most characters any custom text may have: a value stands whole in the index it is found by."""
NUMBER_DIGITS, NUMBER_PLACES = 19, 6


class FieldKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    CHOICE = "choice"
    CHOICES = "choices"
    REFERENCE = "reference"
    YES_NO = "yes_no"


class CustomField(Base):
    """A field of a type of records (a table's name). Type, key, kind and target stay as they were made.

    `label` and `help` are English, `_zh` Chinese. `mask` is the kind of `core.masks` it belongs to; `preset` what a new
    record has, in the form of the API. `smallest`, `largest` and `places` bound numbers, `longest` texts.
    """

    __tablename__ = "custom_field"

    id: Mapped[Id]
    record_type: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(40))
    label: Mapped[str] = mapped_column(String(80))
    label_zh: Mapped[str] = mapped_column(String(80))
    kind: Mapped[FieldKind] = mapped_column(enum_type(FieldKind, "field_kind"))
    target: Mapped[str | None] = mapped_column(String(40))
    mask: Mapped[str | None] = mapped_column(String(24))
    help: Mapped[str | None] = mapped_column(String(200))
    help_zh: Mapped[str | None] = mapped_column(String(200))
    is_required: Mapped[bool] = mapped_column(default=False)
    preset: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    smallest: Mapped[Decimal | None] = mapped_column(Numeric(NUMBER_DIGITS, NUMBER_PLACES))
    largest: Mapped[Decimal | None] = mapped_column(Numeric(NUMBER_DIGITS, NUMBER_PLACES))
    places: Mapped[int | None] = mapped_column(SmallInteger)
    longest: Mapped[int | None] = mapped_column(SmallInteger)
    position: Mapped[int] = mapped_column(SmallInteger)
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        Index("uq_custom_field_key", "record_type", "key", unique=True),
        CheckConstraint("key ~ '^[a-z][a-z0-9_]*$'", name="key"),
        CheckConstraint("(kind = 'reference') = (target IS NOT NULL)", name="target"),
        CheckConstraint(f"longest BETWEEN 1 AND {LONGEST_TEXT}", name="longest"),
        CheckConstraint(f"places BETWEEN 0 AND {NUMBER_PLACES}", name="places"),
        CheckConstraint("smallest <= largest", name="bounds"),
    )
    __mapper_args__ = {"version_id_col": version}

    @property
    def audit_label(self) -> str:
        return f"{self.record_type}.{self.key}"


class CustomChoice(Base):
    """One of what a choice offers. Its code stays; one that is not active stays where it was chosen."""

    __tablename__ = "custom_choice"
    __audited__ = False

    id: Mapped[Id]
    field_id: Mapped[int] = mapped_column(ForeignKey("custom_field.id"))
    code: Mapped[str] = mapped_column(String(40))
    label: Mapped[str] = mapped_column(String(80))
    label_zh: Mapped[str] = mapped_column(String(80))
    position: Mapped[int] = mapped_column(SmallInteger)
    is_active: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (Index("uq_custom_choice_code", "field_id", "code", unique=True),)


class Kept:
    """Mixed into the tables of values: what a record has in a field, one row, and none where it has nothing.

    There is a table for each form of value, since PostgreSQL guesses how many rows fit by what a column mostly holds:
    in one table for all of them it took a hundredth of the customers for a handful, and chose its plans by that.

    Ids are unique over all tables, so `record_id` needs no type beside it; with a record go its values (a trigger where
    records are deleted at all). There is no row security on these tables: with it, the app's role could not search
    them by numbers. So they are read only here in `core.custom_fields`, and always together with the record, whose own
    policy and predicate decide.
    """

    __audited__ = False

    record_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    field_id: Mapped[int] = mapped_column(ForeignKey("custom_field.id"), primary_key=True)


class CustomText(Kept, Base):
    """A text; `text_key` is the same folded, by which texts are compared and ordered."""

    __tablename__ = "custom_text"

    text: Mapped[str] = mapped_column(String(LONGEST_TEXT))
    text_key: Mapped[str] = mapped_column(Text(collation="C"))

    __table_args__ = (Index("ix_custom_text_found", "field_id", "text_key", "record_id"),)


class CustomNumber(Kept, Base):
    """A number, or an amount in the company's currency."""

    __tablename__ = "custom_number"

    number: Mapped[Decimal] = mapped_column(Numeric(NUMBER_DIGITS, NUMBER_PLACES))

    __table_args__ = (Index("ix_custom_number_found", "field_id", "number", "record_id"),)


class CustomDay(Kept, Base):
    """A day."""

    __tablename__ = "custom_day"

    day: Mapped[date]

    __table_args__ = (Index("ix_custom_day_found", "field_id", "day", "record_id"),)


class CustomFlag(Kept, Base):
    """Yes or no."""

    __tablename__ = "custom_flag"

    flag: Mapped[bool]

    __table_args__ = (Index("ix_custom_flag_found", "field_id", "flag", "record_id"),)


class CustomChosen(Kept, Base):
    """A choice; where there may be several, one row for each."""

    __tablename__ = "custom_chosen"

    choice_id: Mapped[int] = mapped_column(ForeignKey("custom_choice.id"), primary_key=True)

    __table_args__ = (
        # A choice is of one field, which therefore says nothing more about how many rows fit.
        Index("ix_custom_chosen_found", "choice_id", "record_id"),
        Index("ix_custom_chosen_field", "field_id", "record_id"),
    )


class CustomReference(Kept, Base):
    """The id of a record of the field's target."""

    __tablename__ = "custom_reference"

    reference_id: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (Index("ix_custom_reference_found", "field_id", "reference_id", "record_id"),)


TABLES: dict[FieldKind, Any] = {
    FieldKind.TEXT: CustomText,
    FieldKind.NUMBER: CustomNumber,
    FieldKind.MONEY: CustomNumber,
    FieldKind.DATE: CustomDay,
    FieldKind.CHOICE: CustomChosen,
    FieldKind.CHOICES: CustomChosen,
    FieldKind.REFERENCE: CustomReference,
    FieldKind.YES_NO: CustomFlag,
}
"""Where the values of a kind are kept."""
VALUE_TABLES = " ".join(sorted({table.__tablename__ for table in TABLES.values()}))

means("uq_custom_field_key", "duplicate_field_key", field="key")
means("uq_custom_choice_code", "duplicate_code", field="choices")
means("fk_custom_chosen_choice_id", "unknown_choice", http_status=422)
