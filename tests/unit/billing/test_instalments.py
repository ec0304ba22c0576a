"""What is due when: money covers the earliest instalment first, and what is left is what is open."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError
from soms.billing.documents.instalments import Instalment, by_terms, due_parts
from soms.billing.model import Allocation, OpenItem
from soms.customers.model import PaymentTerms

from tests.unit.billing import debts

DAY = date(2026, 11, 1)
NOTHING = Decimal("0.00")


def owed(total: str, *plan: str) -> OpenItem:
    item = debts.owed("inv_1", total, issued_on=DAY, due_on=DAY + timedelta(days=30))
    days = (DAY + timedelta(days=10 * number) for number in range(1, 25))
    parts = tuple(
        Instalment(due_on=day, amount=Decimal(one)) for day, one in zip(days, plan, strict=False)
    )
    return item.planned(parts) if parts else item


def paid(item: OpenItem, amount: str) -> OpenItem:
    return item.allocated(Allocation(source="pay_1", amount=Decimal(amount), given=Decimal(amount)))


def left(item: OpenItem) -> list[tuple[int, str]]:
    return [((day - DAY).days, str(amount)) for day, amount in due_parts(item)]


def test_an_invoice_without_a_plan_is_due_at_once() -> None:
    assert left(owed("100.00")) == [(30, "100.00")]
    assert left(paid(owed("100.00"), "40.00")) == [(30, "60.00")]
    assert left(paid(owed("100.00"), "100.00")) == []


@pytest.mark.parametrize(
    ("amount", "parts", "due"),
    [
        ("10.00", [(10, "30.00"), (20, "30.00"), (30, "30.00")], 10),
        ("40.00", [(20, "30.00"), (30, "30.00")], 20),
        ("75.50", [(30, "24.50")], 30),
        ("100.00", [], 30),
    ],
)
def test_money_covers_the_earliest_instalment_first(
    amount: str, parts: list[tuple[int, str]], due: int
) -> None:
    item = paid(owed("100.00", "40.00", "30.00", "30.00"), amount)

    assert left(item) == parts
    assert (item.due_on - DAY).days == due
    assert sum((open_ for _, open_ in due_parts(item)), NOTHING) == item.open


def test_money_that_is_taken_back_makes_the_earliest_due_again() -> None:
    item, _ = paid(owed("100.00", "40.00", "60.00"), "70.00").freed(Decimal("60.00"))

    assert left(item) == [(10, "30.00"), (20, "60.00")]
    assert (item.due_on - DAY).days == 10


def test_a_credit_note_covers_instalments_too() -> None:
    item = owed("100.00", "40.00", "60.00").credited_by(Decimal("50.00"), "cn")

    assert left(item) == [(20, "50.00")]


def test_terms_make_instalments_that_come_to_the_total() -> None:
    thirds = [{"percent": one, "days": days} for one, days in (("33.33", 0), ("33.33", 30), ("33.34", 60))]
    terms = PaymentTerms.model_validate({"kind": "instalments", "parts": thirds})

    plan = by_terms(Decimal("100.01"), "CNY", DAY, terms)
    yen = by_terms(Decimal(2), "JPY", DAY, terms)

    assert sum(one.amount for one in plan) == Decimal("100.01")
    assert [(one.due_on - DAY).days for one in plan] == [0, 30, 60]
    assert [str(one.amount) for one in yen] == ["1", "1"]
    assert by_terms(Decimal("0.00"), "CNY", DAY, terms) == by_terms(Decimal(9), "CNY", DAY, PaymentTerms()) == ()


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"kind": "instalments"}, "required"),
        ({"kind": "net", "parts": [{"percent": "100", "days": 3}]}, "required"),
        ({"kind": "instalments", "parts": [{"percent": "99", "days": 3}]}, "sum_differs"),
        (
            {"kind": "instalments", "parts": [{"percent": "50", "days": 3}, {"percent": "50", "days": 3}]},
            "too_early",
        ),
    ],
)
def test_terms_that_cannot_be_are_refused(terms: dict[str, object], code: str) -> None:
    with pytest.raises(ValidationError) as told:
        PaymentTerms.model_validate(terms)

    assert [one["ctx"]["code"] for one in told.value.errors()] == [code]
