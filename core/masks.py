"""Which fields a person sees: phones, e-mail addresses, costs, margins and bank details, masked without the permission.

A sensitive column is declared once, in the type of the fact that shows it (`phone: Phone | None`). Where rows become
facts (`maker`), what the person of the call may not see becomes a `Masked`, which holds no more than its hint; lists,
records, papers, exports and calls all show what is left. Without a person (`showing`), everything is masked.

Facts that commands decide by are not declared: a command reckons with what is there. What it answers, previews or
refuses with is masked where it leaves (`core.command`, `web.api.operation`), by the names in `RECORDS` and `EFFECTS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Final, get_args, get_type_hints

from core.errors import FieldErrors

PHONES, EMAILS, COSTS, MARGINS, BANK_DETAILS = KINDS = ("phones", "emails", "costs", "margins", "bank_details")
NOBODY: Final = "nobody"
"""The kind of what is never shown, because it holds several kinds at once."""
DOTS: Final = "•••"
SHOWN_DIGITS = 4
LONG_ENOUGH_TO_HINT = 8


@dataclass(frozen=True)
class Sensitive:
    """In the type of a fact's field: its kind; of data within it by name, where the field is a list of objects."""

    kind: str = ""
    within: tuple[tuple[str, str], ...] = ()


Phone = Annotated[str, Sensitive(PHONES)]
Email = Annotated[str, Sensitive(EMAILS)]
Cost = Annotated[Decimal, Sensitive(COSTS)]
Margin = Annotated[Decimal, Sensitive(MARGINS)]
BankDetail = Annotated[str, Sensitive(BANK_DETAILS)]

# Columns of records as commands answer them and audit rows keep them.
RECORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "customer": {"phone": PHONES, "phone_key": PHONES, "email": EMAILS, "email_key": EMAILS, "search_text": NOBODY},
    "contact": {"phone": PHONES, "email": EMAILS},
    "supplier": {"phone": PHONES, "email": EMAILS},
    "product": {"cost": COSTS},
    "company": {"bank_account": BANK_DETAILS},
    "bank_account": {"number": BANK_DETAILS},
    "app_user": {"email": EMAILS},
    "oidc_identity": {"email": EMAILS},
    "mail_message": {"recipient": EMAILS},
    "stock_document": {"unit_cost": COSTS, "value": COSTS},
}
# Data of the lines of previews.
EFFECTS: Final[Mapping[str, Mapping[str, str]]] = {"stock": {"value": COSTS}, "revenue": {"cost": COSTS}}
# Kinds of approvals whose measure is what goods cost.
MEASURED_AT_COST: Final = frozenset({"adjustment"})


class Masked:
    """A value somebody may not see. It holds its kind and a hint, never the value; figures made of it are masked too.

    It has no order, so that nothing is compared with what it stands for; being compared is a fault of ours.
    """

    __slots__ = ("hint", "kind")
    kind: str
    hint: str

    def __init__(self, kind: str, hint: str = DOTS) -> None:
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "hint", hint)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a mask does not change")

    def __str__(self) -> str:
        return self.hint

    def __repr__(self) -> str:
        return f"Masked({self.kind!r}, {self.hint!r})"

    def __format__(self, specification: str) -> str:
        return self.hint

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Masked) and (self.kind, self.hint) == (other.kind, other.hint)

    def __hash__(self) -> int:
        return hash((self.kind, self.hint))

    def _figure(self, *_others: object) -> Masked:
        return Masked(self.kind)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _figure
    __neg__ = __abs__ = __round__ = _figure


# whose call it is -----------------------------------------------------------------------------------------------------
NOTHING: Final[frozenset[str]] = frozenset()
IN_THE_CLEAR: Final = frozenset(f"{kind}.read" for kind in KINDS)
"""The permissions of somebody who sees everything."""
_permissions: ContextVar[Container[str]] = ContextVar("shown_to", default=NOTHING)


def begin_showing(permissions: Container[str]) -> Token[Container[str]]:
    """Values are shown to somebody with these permissions until `end_showing`."""
    return _permissions.set(permissions)


def end_showing(token: Token[Container[str]]) -> None:
    _permissions.reset(token)


@contextmanager
def showing(permissions: Container[str]) -> Iterator[None]:
    """Values are shown to somebody with these permissions in this block."""
    token = begin_showing(permissions)
    try:
        yield
    finally:
        end_showing(token)


def sees(kind: str) -> bool:
    """Whether the person of this call sees values of a kind in the clear."""
    return f"{kind}.read" in _permissions.get()


def sees_all() -> bool:
    """Whether nothing at all is masked for the person of this call."""
    permissions = _permissions.get()
    return all(name in permissions for name in IN_THE_CLEAR)


# values ---------------------------------------------------------------------------------------------------------------
def mask(kind: str, value: Any) -> Any:
    """What stands for a value: nothing for nothing, else a mask with the hint its kind allows."""
    return None if value is None else Masked(kind, hint_of(kind, value))


def shown(kind: str, value: Any) -> Any:
    """The value itself to who sees its kind, else its mask."""
    return value if sees(kind) or isinstance(value, Masked) else mask(kind, value)


def hint_of(kind: str, value: Any) -> str:
    """The last digits of a number, the first letter and the domain of an address; of money nothing."""
    if kind in (PHONES, BANK_DETAILS):
        kept = re.sub(r"\W", "", str(value))
        return f"•••• {kept[-SHOWN_DIGITS:]}" if len(kept) >= LONG_ENOUGH_TO_HINT else "••••"
    if kind == EMAILS:
        name, at, domain = str(value).partition("@")
        return f"{name[:1] if len(name) > 1 else ''}{DOTS}{at}{domain}"
    return DOTS


def is_masked(value: object) -> bool:
    return isinstance(value, Masked)


# facts ----------------------------------------------------------------------------------------------------------------
@cache
def sensitive_fields(fact: Any) -> tuple[tuple[int, str, Sensitive], ...]:
    """Position, name and declaration of each sensitive field of a fact class."""
    if not isinstance(fact, type) or not getattr(fact, "__annotations__", None):
        return ()
    hints = get_type_hints(fact, include_extras=True)
    found = ((at, name, sensitive_part(hints[name])) for at, name in enumerate(fact.__annotations__))
    return tuple((at, name, declared) for at, name, declared in found if declared is not None)


def sensitive_part(hint: Any) -> Sensitive | None:
    """What the type of a field declares; None where it is not sensitive."""
    for part in (*getattr(hint, "__metadata__", ()), *get_args(hint)):
        declared = part if isinstance(part, Sensitive) else sensitive_part(part)
        if declared is not None:
            return declared
    return None


def maker(fact: Callable[..., Any]) -> Callable[..., Any]:
    """What makes facts of rows for the person of this call: the class itself where nothing is masked for him."""
    hidden = [(at, declared) for at, _, declared in sensitive_fields(fact) if _hides(declared)]
    if not hidden:
        return fact

    def make(*row: Any) -> Any:
        values = list(row)
        for at, declared in hidden:
            values[at] = _covered(declared, values[at])
        return fact(*values)

    return make


def _hides(declared: Sensitive) -> bool:
    return not sees(declared.kind) if declared.kind else any(not sees(kind) for _, kind in declared.within)


def _covered(declared: Sensitive, value: Any) -> Any:
    if declared.kind:
        return mask(declared.kind, value)
    names = dict(declared.within)
    return value and [
        {name: shown(names[name], part) if name in names else part for name, part in item.items()} for item in value
    ]


def shown_sums(fact: Any, sums: Mapping[str, Any]) -> dict[str, Any]:
    """Sums of columns by name, masked like the column."""
    kinds = {name: declared.kind for _, name, declared in sensitive_fields(fact)}
    return {name: shown(kinds[name], value) if name in kinds else value for name, value in sums.items()}


def hides_column(fact: Any, name: str | None) -> bool:
    """Whether a column of a fact is masked in this call: an order by it would tell what it holds."""
    return any(name == field and _hides(declared) for _, field, declared in sensitive_fields(fact))


# data that commands answer --------------------------------------------------------------------------------------------
def shown_record(record_type: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """A record's columns by name (an answer, the changes of an audit row), lists within them too, with masks."""
    names = {**RECORDS.get(record_type, {}), **_measured(data.get("kind"))}
    return {name: shown_part(name, value, names) for name, value in data.items()}


def shown_effect(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a line of a preview, with masks."""
    names = {**EFFECTS.get(kind, {}), **_measured(data.get("approval"))}
    return {name: shown(names[name], value) if name in names else value for name, value in data.items()}


def shown_refusal(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a refusal, with masks: how much needs an approval may be what goods cost."""
    names = _measured(data.get("kind"))
    return {name: _refused_part(name, value, names) for name, value in data.items()}


def _refused_part(name: str, value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return shown_refusal(value)
    return shown(names[name], value) if name in names else value


def shown_measure(approval: str, measure: Any) -> Any:
    """How much an approval is about, with a mask where that is a value at cost."""
    return shown(COSTS, measure) if approval in MEASURED_AT_COST else measure


def _measured(approval: Any) -> Mapping[str, str]:
    return {"measure": COSTS} if isinstance(approval, str) and approval in MEASURED_AT_COST else {}


def shown_part(name: str, value: Any, names: Mapping[str, str]) -> Any:
    """One value of a record: itself, both sides of a change, or the items of a list."""
    if isinstance(value, list | tuple):
        return [shown_part(name, part, names) for part in value]
    if isinstance(value, Mapping):
        return {inner: shown_part(inner, part, names) for inner, part in value.items()}
    return shown(names[name], value) if name in names else value


def as_data(value: Any) -> Any:
    """An answer as JSON data: a masked value is null, and its object names it in `masked`."""
    if isinstance(value, Mapping):
        data = {name: as_data(part) for name, part in value.items()}
        hidden = [name for name, part in value.items() if isinstance(part, Masked)]
        return {**data, "masked": hidden} if hidden else data
    if isinstance(value, list | tuple):
        return [as_data(part) for part in value]
    return None if isinstance(value, Masked) else value


# what comes back ------------------------------------------------------------------------------------------------------
def without_masks(record_type: str, values: Mapping[str, Any], current: Any) -> dict[str, Any]:
    """The values given for a record, without those that only repeat its mask, which leave what is there as it is.

    For who sees the value, null empties a field; for who does not, null is what he was answered, and changes nothing
    (an empty text empties). Raises InvalidInput beside a field whose mask was written over in part.
    """
    errors = FieldErrors()
    given = dict(values)
    for name, kind in RECORDS[record_type].items():
        value = given.get(name)
        if name not in given or (value is not None and not _is_mask(value)):
            continue
        before = getattr(current, name, None) if current is not None else None
        if value is None and (sees(kind) or before is None):
            continue
        untouched = value is None or isinstance(value, Masked)
        if untouched or (before is not None and str(value).strip() == hint_of(kind, before)):
            del given[name]
        else:
            errors.add(name, "mask_written")
    errors.raise_if_any()
    return given


def _is_mask(value: Any) -> bool:
    return isinstance(value, Masked) or (isinstance(value, str) and "•" in value)
