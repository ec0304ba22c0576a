"""Cases of money for the properties, what the kernel makes of them, and where two answers differ."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import accumulate
from typing import TypeVar

from hypothesis import strategies as st
from soms.kit.money import allocate, part
from soms.kit.tax import PricedLine, price_document

from tests.properties.money_oracle import DIGITS, Figures, Order, Refund, Split, half_up, oracle_order

Case = TypeVar("Case")
Result = TypeVar("Result")


def difference(
    case: Case, found: Callable[[Case], Result], expected: Callable[[Case], Result]
) -> tuple[Result, Result] | None:
    """Return what was found and what was expected where they are not the same."""
    pair = found(case), expected(case)
    return None if pair[0] == pair[1] else pair


def whole(value: Decimal, digits: int) -> int:
    """Return minor units; the amount must be written with exactly the currency's digits."""
    assert value.as_tuple().exponent == -digits
    return int(Fraction(value) * 10**digits)


def kernel_order(order: Order) -> Figures:
    """Price an order with the kernel."""
    document = price_document(
        order.lines,
        currency=order.currency,
        includes_tax=order.includes_tax,
        order_percent=order.percent,
        order_amount=order.fixed,
    )
    units = partial(whole, digits=DIGITS[order.currency])
    lines = tuple(
        tuple(map(units, (a.subtotal, a.discount, a.base, a.share, a.net, a.tax, a.gross)))
        for a in document.lines
    )
    groups = tuple(((g.category, g.rate, g.reason), units(g.net), units(g.tax)) for g in document.groups)
    sums = document.subtotal, document.discount, document.charges, document.net, document.tax, document.total
    return Figures(lines, groups, tuple(map(units, sums)))


def kernel_split(split: Split) -> tuple[int, ...]:
    """Split with the kernel."""
    total = Decimal(split.total).scaleb(-split.digits)
    return tuple(whole(share, split.digits) for share in allocate(total, split.weights, split.digits))


def kernel_parts(refund: Refund) -> tuple[int, ...]:
    """Give back in parts with the kernel."""
    total, quantity = Decimal(refund.total).scaleb(-refund.digits), sum(refund.pieces)
    given = accumulate(refund.pieces[:-1], initial=0)
    parts = (part(total, quantity, g, t, refund.digits) for g, t in zip(given, refund.pieces, strict=True))
    return tuple(whole(share, refund.digits) for share in parts)


def decimals(largest: int, digits: int) -> st.SearchStrategy[Decimal]:
    """Draw decimals from 0 with so many digits, or a few hundredths."""
    hundredths = st.integers(0, min(largest, 5) * 100).map(lambda units: Decimal(units).scaleb(-2))
    return hundredths | st.integers(0, largest * 10**digits).map(lambda units: Decimal(units).scaleb(-digits))


RATES = st.sampled_from(
    [Decimal(rate) for rate in ("0", "0.05", "0.06", "0.1", "0.13", "0.19", "0.20", "0.21")]
)
PERCENTS = st.sampled_from([Decimal(percent) for percent in ("0", "5", "10", "12.5", "50", "100")])
REASONS = st.sampled_from([("S", None), ("S", None), ("E", "export"), ("E", "training")])


@st.composite
def discounts(draw: st.DrawFn, base: int, digits: int) -> tuple[Decimal | None, Decimal | None]:
    """Draw a discount in percent or an amount up to the base in minor units, or none."""
    kind = draw(st.sampled_from(["none", "percent", "amount"]))
    if kind == "percent":
        return draw(PERCENTS | decimals(100, 6)), None
    return None, Decimal(draw(st.integers(0, base))).scaleb(-digits) if kind == "amount" else None


@st.composite
def priced_lines(draw: st.DrawFn, digits: int) -> PricedLine:
    """Draw a line."""
    price, quantity = draw(decimals(5000, 6)), draw(st.integers(0, 5) | st.integers(0, 1_000_000))
    subtotal = half_up(Fraction(price) * quantity * 10**digits)
    percent, fixed = draw(discounts(subtotal, digits))
    category, reason = draw(REASONS)
    return PricedLine(
        unit_price=price,
        quantity=quantity,
        discount_percent=percent,
        discount_amount=fixed,
        category=category,
        rate=draw(RATES | decimals(1, 6)),
        reason=reason,
        charge=draw(st.sampled_from([False, False, False, True])),
    )


@st.composite
def orders(draw: st.DrawFn, *, includes_tax: bool) -> Order:
    """Draw a document of a few lines."""
    currency = draw(st.sampled_from(sorted(DIGITS)))
    digits = DIGITS[currency]
    lines = tuple(draw(st.lists(priced_lines(digits), max_size=6)))
    subtotal, off, *_ = oracle_order(Order(lines, currency, includes_tax, None, None)).totals
    percent, fixed = draw(discounts(subtotal - off, digits))
    return Order(lines, currency, includes_tax, percent, fixed)


SPLITS = st.builds(
    Split,
    st.integers(-1000, 1000) | st.integers(-(10**15) + 1, 10**15 - 1),
    st.lists(st.integers(0, 5).map(Decimal) | decimals(10**9, 6), min_size=1, max_size=8).map(tuple),
    st.sampled_from(sorted(DIGITS.values())),
)
REFUNDS = st.builds(
    Refund,
    st.integers(-1000, 1000) | st.integers(-(10**15) + 1, 10**15 - 1),
    st.lists(st.integers(0, 5) | st.integers(0, 100_000), min_size=1, max_size=6).map(tuple).filter(any),
    st.sampled_from(sorted(DIGITS.values())),
)
