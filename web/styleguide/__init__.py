"""Every part of the pages in each of its states, to look at and to test. Not registered in production."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    FieldList,
    FormField,
    PasswordField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice

from core.masks import PHONES, mask
from web.effects import EffectLine
from web.filters import company_currency, currency_symbol
from web.forms import AmountField, DayField, Form, LineForm, PercentField, PriceField, QuantityField, Required
from web.permissions import SIGNED_IN, Area
from web.static_files import FOLDER
from web.styleguide.samples import sample_list

area = Area("styleguide", __name__, url_prefix="/styleguide")


class SampleLine(LineForm):
    product = StringField(_l("Product"))
    quantity = QuantityField(_l("Quantity"))
    price = PriceField(_l("Price"))
    discount_percent = PercentField(_l("Discount"))


class SampleForm(Form):
    customer = StringField(_l("Customer"), [Required()], description=_l("Type a name, code or phone number"))
    credit_limit = AmountField(_l("Credit limit"))
    warehouse = SelectField(_l("Warehouse"), choices=[SelectChoice("1", "Boise main"), SelectChoice("2", "Reno")])
    requested_on = DayField(_l("Deliver on"))
    remark = TextAreaField(_l("Note printed on the order"))
    password = PasswordField(_l("Password"))
    send = BooleanField(_l("Send confirmation"))
    way = RadioField(
        _l("Shipment"), choices=[SelectChoice("whole", _l("Ship whole")), SelectChoice("parts", _l("Ship in parts"))]
    )
    lines = FieldList(FormField(SampleLine), min_entries=4)


@area.route("", permission=SIGNED_IN)
def show() -> str:
    """The whole style guide."""
    form = SampleForm(_sample_input(), meta={"csrf": False})
    form.validate()
    return render_template(
        "styleguide.html",
        form=form,
        icons=_icon_names(),
        now=datetime.now(UTC),
        before=timedelta(minutes=21),
        effects=_sample_effects(),
        page=SimpleNamespace(total=23, previous=None, next="cursor", note=""),
        tones=("ok", "info", "warn", "bad", "vio", "mute"),
        sort=request.args.get("sort", "-overdue"),
        dialog="preview" in request.args,
        sample=sample_list(),
    )


def _sample_input() -> MultiDict[str, str]:
    return MultiDict(
        {
            "customer": "Ernst Handel",
            "credit_limit": "15o,000",
            "warehouse": "1",
            "requested_on": "2026-13-40",
            "way": "whole",
            "send": "y",
            "remark": "Deliver at dock 4 before 10:00.",
            "lines-0-product": "Chai",
            "lines-0-quantity": "24",
            "lines-0-price": "128.00",
            "lines-0-discount_percent": "5",
            "lines-1-product": "Mishi Kobe Niku",
            "lines-1-quantity": "60",
            "lines-1-price": "680.00",
            "lines-1-discount_percent": "0",
            "lines-2-product": "杭白菊 Chrysanthemum tea",
            "lines-2-quantity": "2o",
            "lines-2-price": "96.00",
            "lines-2-discount_percent": "0",
            "lines-3-product": "",
            "lines-3-quantity": "",
            "lines-3-price": "",
            "lines-3-discount_percent": "",
        }
    )


def _sample_effects() -> list[EffectLine]:
    symbol = currency_symbol(company_currency())
    return [
        EffectLine("box", _("Reserve %(count)s lines, %(units)s units", count=5, units=110), "110"),
        EffectLine(
            "coin", _("Post a receivable for %(name)s", name="Save-a-lot Markets"), symbol + "63,854.04", "30 days"
        ),
        EffectLine("coin", _("Reverse the receivable, dated today"), f"−{symbol}12,680.00", tone="bad"),
    ]


def _icon_names() -> list[str]:
    return re.findall(r'<symbol id="i-(\w+)"', (FOLDER / "icons.svg").read_text(encoding="utf-8"))


@area.app_template_global("sample_numbers")
def sample_numbers() -> dict[str, Any]:
    """Numbers of the style guide."""
    figures = {"debit": "63854.04", "balance": "1204118.30", "negative": "-56508"}
    return {**{name: Decimal(figure) for name, figure in figures.items()}, "masked": mask(PHONES, "138 0000 8821")}
