"""What the catalog refuses, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from web.sentences import sentence_for


@sentence_for("duplicate_sku")
def _duplicate_sku(data: Mapping[str, Any]) -> str:
    return _("Another product has this code. Choose a different one.")


@sentence_for("duplicate_barcode")
def _duplicate_barcode(data: Mapping[str, Any]) -> str:
    return _("Another product has this barcode.")


@sentence_for("kind_is_fixed")
def _kind_is_fixed(data: Mapping[str, Any]) -> str:
    return _("Goods stay goods and services stay services. Create a new product for the other kind.")


@sentence_for("not_a_price")
def _not_a_price(data: Mapping[str, Any]) -> str:
    return _("A price has at most four decimals.")


@sentence_for("negative")
def _negative(data: Mapping[str, Any]) -> str:
    return _("This must not be less than zero.")


@sentence_for("unit_unknown")
def _unit_unknown(data: Mapping[str, Any]) -> str:
    return _("Choose a unit of the list.")


@sentence_for("not_a_quantity")
def _not_a_quantity(data: Mapping[str, Any]) -> str:
    return _("A quantity is zero or more, with at most three decimals.")


@sentence_for("service_holds_no_stock")
def _service_holds_no_stock(data: Mapping[str, Any]) -> str:
    return _("%(sku)s is a service and holds no stock. Take the line out.", sku=data["sku"])


@sentence_for("category_unknown")
def _category_unknown(data: Mapping[str, Any]) -> str:
    return _("This category is gone. Choose another.")


@sentence_for("supplier_unknown")
def _supplier_unknown(data: Mapping[str, Any]) -> str:
    return _("This supplier is gone. Choose another.")


@sentence_for("category_in_use")
def _category_in_use(data: Mapping[str, Any]) -> str:
    return ngettext(
        "Not removed: %(num)s product stands in %(name)s. Put it into another category first.",
        "Not removed: %(num)s products stand in %(name)s. Put them into another category first.",
        data["products"],
        name=data["name"],
    )
