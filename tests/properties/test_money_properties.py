r"""Money against an oracle in fractions, which shares no code with the kernel.

`SOMS_CASES` is the number of cases of all properties together: about 2 000 unless it is set. The long run:

    SOMS_CASES=200000 pytest tests/properties/test_money_properties.py --hypothesis-seed=1 \
        --hypothesis-show-statistics

The last tests plant faults and ask the same comparison to find them.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import partial
from math import floor

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from soms.kit.money import rounded, text

from tests.properties.money_cases import (
    REFUNDS,
    SPLITS,
    difference,
    kernel_order,
    kernel_parts,
    kernel_split,
    orders,
    whole,
)
from tests.properties.money_oracle import (
    DIGITS,
    Figures,
    Order,
    Refund,
    Split,
    Splitting,
    discount,
    half_up,
    ideal,
    largest_remainder,
    oracle_order,
    oracle_parts,
    oracle_split,
)

PROPERTIES = 6
CASES_EACH = -(-int(os.environ.get("SOMS_CASES", "2000")) // PROPERTIES)
settings.register_profile("money", max_examples=CASES_EACH, deadline=None, database=None, print_blob=True)
MONEY = settings.get_profile("money")
SEARCH = settings(MONEY, max_examples=2000, phases=[Phase.generate], derandomize=True)


@MONEY
@given(
    st.integers(-(10**6), 10**6) | st.integers(-(10**20), 10**20),
    st.integers(0, 8),
    st.sampled_from(sorted(DIGITS)),
)
def test_rounding_is_the_oracles(scaled: int, places: int, currency: str) -> None:
    value = Decimal(scaled).scaleb(-places)

    result = rounded(value, currency)

    assert whole(result, DIGITS[currency]) == half_up(Fraction(value) * 10 ** DIGITS[currency])
    assert text(result, currency) == f"{result:f}"
    assert Decimal(text(result, currency)) == result


@MONEY
@given(SPLITS)
def test_a_split_is_the_oracles_and_adds_up(split: Split) -> None:
    shares = kernel_split(split)

    assert difference(split, kernel_split, oracle_split) is None
    assert sum(shares) == split.total
    assert not any(
        s for s, weight in zip(shares, split.weights, strict=True) if any(split.weights) and not weight
    )
    assert kernel_split(replace(split, total=-split.total)) == tuple(-share for share in shares)


@MONEY
@given(orders(includes_tax=False))
def test_a_document_with_prices_without_tax_is_the_oracles(order: Order) -> None:
    assert difference(order, kernel_order, oracle_order) is None


@MONEY
@given(orders(includes_tax=True))
def test_a_document_with_prices_with_tax_is_the_oracles(order: Order) -> None:
    assert difference(order, kernel_order, oracle_order) is None


@MONEY
@given(st.booleans().flatmap(lambda includes_tax: orders(includes_tax=includes_tax)))
def test_an_orders_discount_is_shared_by_its_goods_to_the_unit(order: Order) -> None:
    figures = kernel_order(order).lines

    bases = [0 if line.charge else its[2] for line, its in zip(order.lines, figures, strict=True)]
    shares = [its[3] for its in figures]
    owed = ideal(sum(shares), [Fraction(base) for base in bases])

    assert sum(shares) == discount(sum(bases), order.percent, order.fixed, DIGITS[order.currency], half_up)
    assert all(0 <= share <= base for share, base in zip(shares, bases, strict=True))
    assert all(abs(share - exact) < 1 for share, exact in zip(shares, owed, strict=True))


@MONEY
@given(REFUNDS)
def test_the_parts_of_a_whole_always_add_up_to_it(refund: Refund) -> None:
    parts = kernel_parts(refund)

    assert difference(refund, kernel_parts, oracle_parts) is None
    assert sum(parts) == refund.total
    assert all(part == 0 for part, pieces in zip(parts, refund.pieces, strict=True) if not pieces)


def floors(total: int, weights: Sequence[Fraction]) -> list[int]:
    """Lose what is left over."""
    return [floor(share) for share in ideal(total, weights)]


def rest_to_the_last(total: int, weights: Sequence[Fraction]) -> list[int]:
    """Give what is left over to the last line."""
    shares = floors(total, weights)
    return [*shares[:-1], total - sum(shares[:-1])] if shares else []


def ties_to_the_later(total: int, weights: Sequence[Fraction]) -> list[int]:
    """Split from the end."""
    return largest_remainder(total, weights[::-1])[::-1]


def bankers(value: Fraction) -> int:
    """Round half to even."""
    return round(value)


def half_towards_plus(value: Fraction) -> int:
    """Round half up, also below zero."""
    return floor(value + Fraction(1, 2))


def each_part_alone(refund: Refund) -> tuple[int, ...]:
    """Round every part of its own."""
    return tuple(half_up(Fraction(refund.total * pieces, sum(refund.pieces))) for pieces in refund.pieces)


@pytest.mark.parametrize("includes_tax", [False, True])
@pytest.mark.parametrize(
    "faulty",
    [
        partial(oracle_order, rounding=bankers),
        partial(oracle_order, rounding=int),
        partial(oracle_order, splitting=floors),
        partial(oracle_order, splitting=rest_to_the_last),
        partial(oracle_order, splitting=ties_to_the_later),
        partial(oracle_order, tax_per_line=True),
    ],
    ids=["bankers", "cut_off", "floors", "rest_to_the_last", "ties_to_the_later", "tax_per_line"],
)
def test_a_faulty_document_is_told_from_the_oracles(
    faulty: Callable[[Order], Figures], *, includes_tax: bool
) -> None:
    assert find(
        orders(includes_tax=includes_tax),
        lambda order: difference(order, faulty, oracle_order) is not None,
        settings=SEARCH,
    )


@pytest.mark.parametrize("splitting", [floors, rest_to_the_last, ties_to_the_later])
def test_a_faulty_split_is_told_from_the_oracles(splitting: Splitting) -> None:
    faulty = partial(oracle_split, splitting=splitting)

    assert find(SPLITS, lambda split: difference(split, faulty, oracle_split) is not None, settings=SEARCH)


@pytest.mark.parametrize(
    "faulty",
    [
        each_part_alone,
        partial(oracle_parts, rounding=bankers),
        partial(oracle_parts, rounding=half_towards_plus),
    ],
    ids=["each_part_alone", "bankers", "half_towards_plus"],
)
def test_faulty_parts_are_told_from_the_oracles(faulty: Callable[[Refund], tuple[int, ...]]) -> None:
    assert find(REFUNDS, lambda refund: difference(refund, faulty, oracle_parts) is not None, settings=SEARCH)
