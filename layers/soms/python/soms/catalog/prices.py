"""Which price a unit is sold at, and why."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from soms.catalog.model import ListPrice, PriceList, Product, Tier
from soms.kit import money

CATALOG = "catalog"


@dataclass(frozen=True)
class Chosen:
    """A unit price, its currency, where it comes from, and why from there."""

    unit_price: Decimal
    currency: str
    source: str
    reason: str | None = None


def choose(
    product: Product,
    price_list: PriceList | None,
    price: ListPrice | None,
    *,
    quantity: int,
    on: date,
    includes_tax: bool,
    catalogue_includes_tax: bool,
) -> Chosen:
    """Return the list's price for the quantity if list and price are valid on the day, else the catalogue's.

    `includes_tax` is how the document's prices are; a price that is held the other way is converted at the
    product's rate.
    """
    tier, reason = _tier(price_list, price, quantity, on) if price_list else (None, None)
    if price_list and tier:
        unit_price, currency, with_tax = tier.unit_price, price_list.currency, price_list.includes_tax
        source = f"price_list:{price_list.id}"
    else:
        unit_price, currency, with_tax = product.unit_price, product.currency, catalogue_includes_tax
        source = CATALOG
    if with_tax != includes_tax:
        unit_price = converted(unit_price, product.tax_rate, currency, with_tax=includes_tax)
    return Chosen(unit_price, currency, source, reason)


def converted(unit_price: Decimal, rate: Decimal, currency: str, *, with_tax: bool) -> Decimal:
    """Return a net price with tax, × (1 + rate), or a gross one without, ÷ (1 + rate).

    It is rounded half up to six decimals and written with the currency's digits at least.
    """
    one = 10**money.PRICE_DIGITS
    held, factor = money.units(unit_price, money.PRICE_DIGITS), one + money.units(rate, money.PRICE_DIGITS)
    result = money.divided(held * factor, one) if with_tax else money.divided(held * one, factor)
    return Decimal(money.price_text(money.of_units(result, money.PRICE_DIGITS), currency))


def _tier(price_list: PriceList, price: ListPrice | None, quantity: int, on: date) -> tuple[Tier | None, str]:
    if not _valid(price_list, on):
        return None, f"list not valid on {on}"
    if price is None or not price.tiers:
        return None, "not in the list"
    if not _valid(price, on):
        return None, f"price not valid on {on}"
    reached = [tier for tier in price.tiers if tier.start <= quantity]
    if not reached:
        return None, f"list price only from {min(tier.start for tier in price.tiers)}"
    highest = max(reached, key=lambda tier: tier.start)
    return highest, f"from {highest.start}"


def _valid(held: PriceList | ListPrice, on: date) -> bool:
    return (held.valid_from is None or held.valid_from <= on) and (
        held.valid_to is None or on <= held.valid_to
    )
