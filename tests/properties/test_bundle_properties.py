"""Bundles taken apart and put together again: what the components hold is what the bundle came to."""

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from soms.kit import money
from soms.kit.tax import PricedLine, price_document
from soms.orders import bundles, quantities
from soms.orders.model import Discount, Line

AMOUNTS = (*quantities.AMOUNTS, "gross")
prices = st.integers(0, 10**9).map(lambda units: money.of_units(units, 6))
parts = st.lists(
    st.tuples(st.integers(1, 50), st.integers(0, 10**8).map(lambda units: money.of_units(units, 2))),
    min_size=1,
    max_size=20,
)
discounts = st.none() | st.decimals(0, 100, places=4).map(lambda percent: Discount(percent=percent))
currencies = st.sampled_from(["CNY", "JPY", "KWD"])


def whole(
    price: Decimal, quantity: int, discount: Discount | None, share: Decimal, currency: str, *, with_tax: bool
) -> Line:
    """Return a bundle's line priced in an order with a discount of its own."""
    percent = discount.percent if discount else None
    sold = PricedLine(
        unit_price=price, quantity=quantity, discount_percent=percent, category="S", rate=Decimal("0.13")
    )
    document = price_document([sold], currency=currency, includes_tax=with_tax, order_percent=share)
    amounts = {name: getattr(document.lines[0], name) for name in AMOUNTS}
    rule = Discount(amount=amounts["discount"]) if discount and percent and percent > 50 else discount
    named = {"line": 1, "sku": "SET", "name": "Set", "stocked": False, "discount_rule": rule}
    return Line.model_validate(
        {**named, "quantity": quantity, "unit_price": price, "tax_rate": Decimal("0.13"), **amounts}
    )


def apart(line: Line, made_of: Sequence[tuple[int, Decimal]], currency: str, *, with_tax: bool) -> list[Line]:
    """Return the components of a line."""
    goods = [
        line.model_copy(update={"line": number, "sku": f"P-{number}", "quantity": line.quantity * units})
        for number, (units, _) in enumerate(made_of, 1)
    ]
    weights = [units * price for units, price in made_of]
    return list(bundles.exploded(line, goods, weights, currency, includes_tax=with_tax))


@settings(max_examples=500, deadline=None)
@given(
    price=prices,
    quantity=st.integers(1, 200),
    discount=discounts,
    share=st.decimals(0, 100, places=2),
    made_of=parts,
    currency=currencies,
    with_tax=st.booleans(),
)
def test_what_the_components_hold_is_what_the_bundle_came_to(
    price: Decimal,
    quantity: int,
    discount: Discount | None,
    share: Decimal,
    made_of: list[tuple[int, Decimal]],
    currency: str,
    *,
    with_tax: bool,
) -> None:
    line = whole(price, quantity, discount, share, currency, with_tax=with_tax)

    made = apart(line, made_of, currency, with_tax=with_tax)

    for name in AMOUNTS:
        assert sum((getattr(one, name) for one in made), Decimal(0)) == getattr(line, name)
    assert all(getattr(one, name) >= 0 for one in made for name in AMOUNTS)
    assert all(one.net + one.tax == one.gross for one in made)
    for one in made:
        due = (one.gross if with_tax else one.net) + one.discount + one.share
        assert abs(one.unit_price * one.quantity - due) <= Decimal("0.0000005") * one.quantity
    ((again, numbers),) = bundles.folded(made)
    said = ("line", "sku", "quantity", "unit_price", "discount_rule")
    assert [getattr(again, name) for name in said] == [getattr(line, name) for name in said]
    assert numbers == tuple(range(1, len(made) + 1))


def test_components_that_cost_nothing_share_by_their_units() -> None:
    line = whole(Decimal("10.00"), 1, None, Decimal(0), "CNY", with_tax=False)

    made = apart(line, [(3, Decimal(0)), (1, Decimal(0))], "CNY", with_tax=False)

    assert [one.net for one in made] == [Decimal("7.50"), Decimal("2.50")]


def test_a_bundle_is_divided_by_what_its_components_cost() -> None:
    line = whole(Decimal("10.00"), 1, None, Decimal(0), "CNY", with_tax=True)

    made = apart(line, [(2, Decimal("1.00")), (1, Decimal("6.00"))], "CNY", with_tax=True)

    assert [one.gross for one in made] == [Decimal("2.50"), Decimal("7.50")]
    assert [one.unit_price for one in made] == [Decimal("1.25"), Decimal("7.50")]
