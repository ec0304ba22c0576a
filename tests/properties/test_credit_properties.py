"""Invoices, credits of units and of amounts, cancellations and returns in any order, against an oracle.

`SOMS_LONG=1` plays 200 000 lives of orders. The last tests plant faults and ask the comparison to find them.
"""

import os
from collections.abc import Callable
from decimal import Decimal
from random import Random

import pytest
from soms.billing.documents import creditable, invoicing
from soms.orders import quantities
from soms.orders.model import Line, Part

from tests.properties.credit_cases import Differs, Life

CASES = 200_000 if os.environ.get("SOMS_LONG") == "1" else 400
STEPS = 14
SEARCHED = 3_000


def play(cases: int) -> None:
    """Play lives of orders; the number of a case is what it is drawn from."""
    for case in range(cases):
        random = Random(case)  # noqa: S311 a drawn case is no secret
        Life.drawn(random).play(random.randint(4, STEPS))


def test_every_document_is_the_oracles_and_all_together_are_what_the_order_is_worth() -> None:
    play(CASES)


def by_units(line: Line, units: int) -> Part:
    """Let an allowance go with units, as if each were worth the same."""
    worth = quantities.worth_of(line, units)
    net, tax = worth.net, worth.tax
    for one in line.allowances:
        inside, whole = min(max(units - one.low, 0), one.high - one.low), one.high - one.low
        net -= quantities.part(one.net, inside, whole)
        tax -= quantities.part(one.tax, inside, whole)
    return worth.model_copy(update={"net": net, "tax": tax})


def without(line: Line, units: int) -> Part:
    """Forget allowances."""
    return quantities.worth_of(line, units)


def unswallowed(line: Line, _policy: str) -> Line:
    return line


def taxed_down(rate: Decimal, gross: list[Decimal], *_rest: object) -> list[Decimal]:
    """Take the tax of each line by itself, rounded down."""
    return [(one * rate / (1 + rate)).quantize(Decimal("0.01"), "ROUND_DOWN") for one in gross]


def rounded_down(amount: Decimal, quantity: int, whole: int) -> Decimal:
    return Decimal(int(amount.scaleb(2)) * quantity // whole).scaleb(-2)


@pytest.mark.parametrize(
    ("module", "name", "fault"),
    [
        pytest.param(quantities, "due_of", by_units, id="allowances go with units"),
        pytest.param(quantities, "due_of", without, id="allowances are forgotten"),
        pytest.param(quantities, "_swallowed", unswallowed, id="a cancellation credits twice"),
        pytest.param(quantities, "part", rounded_down, id="parts are rounded down"),
        pytest.param(creditable, "_taxes", taxed_down, id="tax by line"),
    ],
)
def test_a_planted_fault_is_found(
    module: object, name: str, fault: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, fault)
    if name == "due_of":
        monkeypatch.setattr(invoicing, name, fault)
        monkeypatch.setattr(creditable, name, fault)

    with pytest.raises(Differs):
        play(SEARCHED)
