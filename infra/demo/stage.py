"""Before the first order: products, customers, opening stock and reorder rules."""

from collections.abc import Sequence
from urllib.parse import quote

from soms.orders.requests import MOST_LINES

from infra.demo import plan, prices
from infra.demo.crew import Crew
from infra.demo.excerpt import Row
from infra.demo.plan import Reordering, Sale

SOURCE = "online-retail"
CASH = {"source": "demo", "id": "cash"}
CURRENCY = "GBP"
COUNTRIES = {
    "United Kingdom": "GB",
    "Norway": "NO",
    "Germany": "DE",
    "EIRE": "IE",
    "France": "FR",
    "Australia": "AU",
    "Netherlands": "NL",
}


def set_up(
    crew: Crew, everything: Sequence[Sale], taken: Sequence[Sale], listed: Sequence[Row]
) -> list[Reordering]:
    """Make what the orders need; opening stock is for the whole excerpt. Return the rules of best sellers.

    The customers' price list has the goods of `listed`.
    """
    described = plan.products(everything)
    # A longer order is refused by its length alone, whatever it names.
    wanted = sorted({row.sku for sale in taken if len(sale.rows) <= MOST_LINES for row in sale.rows})
    crew.each("products 商品", wanted, lambda sku: product(crew, described[sku]))
    prices.put(crew, CURRENCY, listed)
    known = {sale.customer: sale.rows[0] for sale in taken if sale.customer}
    _cash_customer(crew)
    crew.each("customers 客户", sorted(known), lambda name: _customer(crew, known[name]))
    stock = plan.opening(everything)
    stocked = [sku for sku in wanted if plan.is_stocked(sku)]
    crew.each("opening stock 期初库存", stocked, lambda sku: _receive(crew, sku, stock[sku]))
    rules = plan.reordering(first_day(everything), stock)
    crew.each("reorder rules 再订货规则", rules, lambda rule: _watch(crew, rule))
    return rules


def first_day(sales: Sequence[Sale]) -> list[Sale]:
    """Return the sales of the first business day."""
    day = min(sale.rows[0].day for sale in sales)
    return [sale for sale in sales if sale.rows[0].day == day]


def reference_of(sale: Sale) -> dict[str, str]:
    """Return how the order's customer is named: by the wholesaler's number, or as cash customer."""
    return {"source": SOURCE, "id": sale.customer} if sale.customer else CASH


def product(crew: Crew, row: Row) -> None:
    """Make the product that a row describes."""
    body = {
        "name": row.name or row.sku,
        "unit_price": str(row.price),
        "currency": CURRENCY,
        "tax_rate": "0",
        "stocked": plan.is_stocked(row.sku),
    }
    crew.must("PUT", f"/products/{quote(row.sku)}", body, as_="sales_manager", key="demo-product")


def _cash_customer(crew: Crew) -> None:
    body = {"name": "Cash customer", "kind": "cash", "currency": CURRENCY, "external_ref": CASH}
    crew.must("POST", "/customers", body, as_="sales_manager", key="demo-cash")


def _customer(crew: Crew, row: Row) -> None:
    body = {
        "name": f"Customer {row.customer}",
        "currency": CURRENCY,
        "country": COUNTRIES[row.country],
        "price_list": prices.PRICE_LIST,
        "external_ref": {"source": SOURCE, "id": row.customer},
    }
    crew.must("POST", "/customers", body, as_="sales_manager", key=f"demo-{row.customer}")


def _receive(crew: Crew, sku: str, units: int) -> None:
    body = {"delta": units, "reason": "receipt", "note": "opening stock"}
    crew.must("POST", f"/stock/{quote(sku)}/adjustments", body, as_="warehouse", key="demo-opening")


def _watch(crew: Crew, rule: Reordering) -> None:
    body = {"point": rule.point, "target": rule.target}
    crew.must("PUT", f"/stock/{quote(rule.sku)}/reorder-rule", body, as_="warehouse", key="demo-rule")
