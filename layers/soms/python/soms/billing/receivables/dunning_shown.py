"""Letters that ask for payment, written or only drafted, as clients see them."""

from decimal import Decimal

from soms.billing.receivables.dunning import Demand, Draft, Letter
from soms.kit import money


def letter(one: Letter) -> dict[str, object]:
    """Return a letter with what it lists."""
    shown = one.model_dump(mode="json", exclude={"demands", "salesperson", "customer_id", "customer_name"})
    return {
        **shown,
        "customer": {"id": one.customer_id, "name": one.customer_name},
        "total": _text(one.total, one.currency),
        "invoices": [_demand(each, one.currency) for each in one.demands],
    }


def draft(one: Draft) -> dict[str, object]:
    """Return what a letter would say."""
    return {
        "customer": {"id": one.customer_id},
        "currency": one.currency,
        "level": one.level,
        "total": _text(one.total, one.currency),
        "invoices": [_demand(each, one.currency) for each in one.demands],
    }


def _demand(one: Demand, currency: str) -> dict[str, object]:
    return {**one.model_dump(mode="json"), "open": _text(one.open, currency)}


def _text(value: Decimal, currency: str) -> str:
    return money.text(money.rounded(value, currency), currency)
