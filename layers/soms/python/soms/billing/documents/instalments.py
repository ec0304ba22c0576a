"""Instalment plans: what of an invoice is due when, and what of that is still open."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field

from soms.catalog.rules import amount_faults
from soms.customers.model import MOST_INSTALMENTS, PaymentTerms
from soms.kit import money
from soms.kit.fields import Amount, Day, Frozen, Request
from soms.kit.problems import Fault

if TYPE_CHECKING:
    from soms.billing.model import OpenItem

ZERO: Final = Decimal(0)


class Instalment(Frozen):
    """A part of an invoice that falls due on a day."""

    due_on: date
    amount: Amount


class InstalmentRequest(Request):
    """A part of an invoice as clients plan it."""

    due_on: Day
    amount: Annotated[Amount, Field(gt=0)]


class PlanRequest(Request):
    """A plan of instalments; they come to the invoice's total, each falls due after the one before."""

    instalments: Annotated[tuple[InstalmentRequest, ...], Field(min_length=1, max_length=MOST_INSTALMENTS)]


def due_parts(item: "OpenItem") -> list[tuple[date, Decimal]]:
    """Return what is due when of what is open; without a plan that is all of it at once.

    What was paid, credited or given up covers the earliest instalments first.
    """
    if not item.open:
        return []
    return uncovered(item.instalments, item.total - item.open) or [(item.due_on, item.open)]


def uncovered(plan: Sequence[Instalment], covered: Decimal) -> list[tuple[date, Decimal]]:
    """Return what is left of instalments, in their order, when so much covers the earliest first."""
    left = list[tuple[date, Decimal]]()
    for one in plan:
        taken = min(covered, one.amount)
        covered -= taken
        if one.amount > taken:
            left.append((one.due_on, one.amount - taken))
    return left


def next_due(plan: Sequence[Instalment], covered: Decimal) -> date:
    """Return when the next instalment that is not covered falls due, or the last one when all are."""
    return next((day for day, _ in uncovered(plan, covered)), plan[-1].due_on)


def by_terms(total: Decimal, currency: str, issued_on: date, terms: PaymentTerms) -> tuple[Instalment, ...]:
    """Return the plan that a customer's terms make for a total; no instalment is of nothing."""
    if not total or not terms.parts:
        return ()
    shares = money.allocate(total, [one.percent for one in terms.parts], money.exponent(currency))
    days = (issued_on + timedelta(days=one.days) for one in terms.parts)
    return tuple(
        Instalment(due_on=day, amount=share) for day, share in zip(days, shares, strict=True) if share
    )


def faults(plan: Sequence[InstalmentRequest], item: "OpenItem") -> list[Fault]:
    """Return what is wrong with a plan for an invoice."""
    found = list[Fault]()
    before = item.issued_on - timedelta(days=1)
    for index, one in enumerate(plan):
        place = f"/instalments/{index}"
        if one.due_on <= before:
            words = ("each falls due after the one before, none before issue", "到期日须递增且不早于开票日")
            found.append(Fault("too_early", words, f"{place}/due_on"))
        before = max(before, one.due_on)
        found += amount_faults(one.amount, item.currency, f"{place}/amount")
    if not found and sum((one.amount for one in plan), ZERO) != item.total:
        total = money.text(item.total, item.currency)
        words = (f"the instalments must come to {total}", f"各期金额合计须为 {total}")
        found.append(Fault("sum_differs", words, "/instalments", meta={"total": total}))
    return found
