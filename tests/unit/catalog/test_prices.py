"""Which price a unit is sold at, and why."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from soms.catalog.model import ListPrice, PriceList, Product
from soms.catalog.prices import Chosen, choose, converted

DAY = date(2026, 11, 25)
TEN = Decimal("10.00")
days = st.none() | st.integers(-2, 2).map(lambda days: DAY + timedelta(days=days))
starts = st.lists(st.integers(1, 40), unique=True, max_size=20)
prices = st.decimals(min_value=0, max_value=10**13 - 1, places=6)
rates = st.decimals(min_value=0, max_value=1, places=6)


def product(rate: str = "0.13") -> Product:
    return Product.model_validate(
        {
            "sku": "A-1",
            "name": "A",
            "unit_price": TEN,
            "currency": "CNY",
            "tax_rate": rate,
            "tax_category": "S",
        }
    )


def price_list(**more: object) -> PriceList:
    return PriceList.model_validate({"id": "retail", "name": "Retail", "currency": "CNY", **more})


def list_price(*tiers: tuple[int, str], **more: object) -> ListPrice:
    held = [{"from": start, "unit_price": unit_price} for start, unit_price in tiers]
    return ListPrice.model_validate({"price_list": "retail", "sku": "A-1", "tiers": held, **more})


def chosen(held: PriceList | None, price: ListPrice | None, quantity: int = 1, **modes: bool) -> Chosen:
    said = {"includes_tax": False, "catalogue_includes_tax": False} | modes
    return choose(product(), held, price, quantity=quantity, on=DAY, **said)


def test_without_a_list_the_price_is_the_catalogues() -> None:
    assert chosen(None, None) == Chosen(TEN, "CNY", "catalog", None)
    assert chosen(None, list_price((1, "9.00"))) == Chosen(TEN, "CNY", "catalog", None)


@pytest.mark.parametrize(
    ("quantity", "unit_price", "source", "reason"),
    [
        (1, "10.00", "catalog", "list price only from 2"),
        (2, "9.50", "price_list:retail", "from 2"),
        (9, "9.50", "price_list:retail", "from 2"),
        (10, "8.123456", "price_list:retail", "from 10"),
        (1_000_000, "8.123456", "price_list:retail", "from 10"),
    ],
)
def test_the_tier_of_the_quantity_is_the_price(
    quantity: int, unit_price: str, source: str, reason: str
) -> None:
    found = chosen(price_list(), list_price((10, "8.123456"), (2, "9.50")), quantity)

    assert found == Chosen(Decimal(unit_price), "CNY", source, reason)


@pytest.mark.parametrize(
    ("held", "price", "reason"),
    [
        (price_list(valid_to="2026-11-24"), list_price((1, "9.00")), "list not valid on 2026-11-25"),
        (price_list(valid_from="2026-11-26"), list_price((1, "9.00")), "list not valid on 2026-11-25"),
        (price_list(), list_price((1, "9.00"), valid_to="2026-11-24"), "price not valid on 2026-11-25"),
        (price_list(), list_price((1, "9.00"), valid_from="2026-11-26"), "price not valid on 2026-11-25"),
        (price_list(), None, "not in the list"),
        (price_list(), list_price(), "not in the list"),
    ],
)
def test_a_list_that_does_not_count_says_why(held: PriceList, price: ListPrice | None, reason: str) -> None:
    assert chosen(held, price) == Chosen(TEN, "CNY", "catalog", reason)


def test_a_free_unit_in_the_list_is_free() -> None:
    assert chosen(price_list(), list_price((1, "0"))).unit_price == 0


@given(starts, st.integers(1, 50), days, days, days, days)
def test_the_highest_tier_reached_counts_while_list_and_price_are_valid(
    begins: list[int],
    quantity: int,
    from_: date | None,
    to: date | None,
    price_from: date | None,
    price_to: date | None,
) -> None:
    held = price_list(valid_from=from_, valid_to=to)
    tiers = [(start, f"{start}.00") for start in begins]
    price = list_price(*tiers, valid_from=price_from, valid_to=price_to)

    found = chosen(held, price, quantity)

    starts_by = [one for one in (from_, price_from) if one]
    ends_at = [one for one in (to, price_to) if one]
    valid = all(one <= DAY for one in starts_by) and all(one >= DAY for one in ends_at)
    reached = sorted(start for start in begins if start <= quantity) if valid else []
    if reached:
        assert found == Chosen(Decimal(reached[-1]), "CNY", "price_list:retail", f"from {reached[-1]}")
    else:
        assert (found.unit_price, found.source) == (TEN, "catalog")
        assert found.reason


@pytest.mark.parametrize("document", [False, True])
@pytest.mark.parametrize("catalogue", [False, True])
@pytest.mark.parametrize("listed", [False, True])
def test_a_price_is_converted_from_its_own_mode_to_the_documents(
    document: bool,  # noqa: FBT001
    catalogue: bool,  # noqa: FBT001
    listed: bool,  # noqa: FBT001
) -> None:
    modes = {"includes_tax": document, "catalogue_includes_tax": catalogue}
    held, price = price_list(includes_tax=listed), list_price((5, "9.00"))

    from_catalogue = chosen(held, price, 4, **modes)
    from_list = chosen(held, price, 5, **modes)

    by_mode = {(False, True): ("11.30", "10.17"), (True, False): ("8.849558", "7.964602")}
    assert str(from_catalogue.unit_price) == by_mode.get((catalogue, document), ("10.00", ""))[0]
    assert str(from_list.unit_price) == by_mode.get((listed, document), ("", "9.00"))[1]
    assert from_catalogue.source == "catalog"


@given(prices, rates, st.booleans())
def test_a_converted_price_is_the_exact_one_to_six_decimals_half_up(
    unit_price: Decimal,
    rate: Decimal,
    with_tax: bool,  # noqa: FBT001
) -> None:
    found = converted(unit_price, rate, "CNY", with_tax=with_tax)

    factor = 1 + Fraction(rate)
    exact = Fraction(unit_price) * factor if with_tax else Fraction(unit_price) / factor
    off = Fraction(found) - exact
    assert -Fraction(1, 2_000_000) < off <= Fraction(1, 2_000_000)
    assert -6 <= int(found.as_tuple().exponent) <= -2


@given(prices, rates)
def test_tax_added_and_taken_off_again_leaves_the_price(unit_price: Decimal, rate: Decimal) -> None:
    gross = converted(unit_price, rate, "CNY", with_tax=True)

    back = converted(gross, rate, "CNY", with_tax=False)

    assert abs(back - unit_price) <= Decimal("0.000001")
