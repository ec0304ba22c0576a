"""The price list of the demonstration: who buys more of a few goods pays less for each."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import quote

from infra.demo.crew import Crew
from infra.demo.excerpt import Row

PRICE_LIST = "demo-trade"
CENT = Decimal("0.01")
REBATES = ((2, Decimal("0.95")), (4, Decimal("0.90")))
"""How many times the units of an invoice make a price how much lower."""


def tiers(row: Row) -> list[dict[str, object]]:
    """Return list prices of a row's SKU: its own price, and less from multiples of its units on."""
    cheaper = [
        {"from": row.quantity * times, "unit_price": str((row.price * part).quantize(CENT, ROUND_HALF_UP))}
        for times, part in REBATES
    ]
    return [{"from": 1, "unit_price": str(row.price)}, *cheaper]


def put(crew: Crew, currency: str, listed: Sequence[Row]) -> None:
    """Make the list, with the goods of these rows; all others have their price of the catalogue."""
    body = {"name": "Trade prices 批发价", "currency": currency}
    crew.must("PUT", f"/price-lists/{PRICE_LIST}", body, as_="sales_manager", key="demo-list")
    for row in listed:
        path = f"/price-lists/{PRICE_LIST}/prices/{quote(row.sku)}"
        key = f"demo-list-{row.invoice}"
        crew.must("PUT", path, {"tiers": tiers(row)}, as_="sales_manager", key=key)
