"""A day in the life of one order, told from its first line to its last credit note."""

from collections.abc import Callable, Iterable
from urllib.parse import quote

from infra.demo import day, delivering, history, plan, prices, selling, stage
from infra.demo.crew import Crew
from infra.demo.day import Day
from infra.demo.excerpt import Row
from infra.demo.proof import Sheet
from infra.demo.teller import Teller

STOCK = 4
"""The shelf gets so many times the units of the invoice, so that nobody else's goods are touched."""


def chosen(everything: Iterable[Row], rows: Iterable[Row]) -> Day:
    """Return the day of the largest invoice of the rows, without goods that are watched for running low."""
    sales = plan.sales(everything)[0]
    watched = plan.reordering(stage.first_day(sales), plan.opening(sales))
    return day.choose(plan.sales(rows)[0], {rule.sku for rule in watched})


def tell(sheet: Sheet, crew: Crew, today: Day, settled: Callable[[], None]) -> None:
    """Tell the day, each step with what is seen of it, and claim that its books are right."""
    sheet.console.print("[bold]A day in the life of an order[/] 一张订单的一天")
    _set_up(crew, today)
    teller = Teller(sheet, crew, today.name)
    order = selling.sell(teller, today)
    path = f"/orders/{order['id']}"
    settled()
    instead = delivering.deliver(teller, today, path, settled)
    settled()
    history.tell(teller, path)
    history.agree(teller, today, path, instead)


def _set_up(crew: Crew, today: Day) -> None:
    for row in (*today.goods, today.instead):
        body = {"delta": row.quantity * STOCK, "reason": "receipt", "note": today.name}
        path = f"/stock/{quote(row.sku)}/adjustments"
        crew.must("POST", path, body, as_="warehouse", key=f"demo-{today.name}")
    customer = {
        "name": f"Customer {today.sale.customer}, another day",
        "currency": stage.CURRENCY,
        "country": stage.COUNTRIES[today.goods[0].country],
        "credit_limit": str(today.credit),
        "price_list": prices.PRICE_LIST,
        "salesperson": "sales",
        "external_ref": {"source": "demo", "id": today.name},
    }
    crew.must("POST", "/customers", customer, as_="sales_manager", key=f"demo-{today.name}")
