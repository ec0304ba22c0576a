"""Lists, page after page: each row once, newest first, undisturbed by what arrives meanwhile."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.world import World

Row = dict[str, Any]


def walk(world: World, path: str, between: Callable[[], object] = lambda: None) -> list[Row]:
    """Read a list two rows at a time until there is no next page; `between` happens after each page."""
    rows: list[Row] = []
    cursor = ""
    for _ in range(40):
        page = world.call("GET", f"{path}{'&' if '?' in path else '?'}limit=2{cursor}")
        assert page.status == 200, page.text
        assert len(page.body["data"]) <= 2
        rows += page.body["data"]
        if page.body["next_cursor"] is None:
            return rows
        cursor = f"&cursor={page.body['next_cursor']}"
        between()
    raise AssertionError(f"{path} never ends")


def orders(world: World, count: int) -> tuple[str, list[str]]:
    """Place some orders of one customer; return the customer and the ids, newest first."""
    sku = world.product()
    world.stock(sku, 1000)
    customer = world.customer(salesperson="ada")
    return customer, [world.order(customer, (sku, 1)).body["id"] for _ in range(count)][::-1]


def today() -> str:
    """Return the day it is for the company."""
    return datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7])
def test_customers_come_each_once_and_newest_first(world: World, count: int) -> None:
    made = [world.customer(name=f"C {number}") for number in range(count)][::-1]

    assert [one["id"] for one in walk(world, "/v1/customers")] == made


@pytest.mark.parametrize(
    "filters",
    [
        "",
        "?status=confirmed",
        "?customer_id={customer}",
        "?salesperson=ada",
        "?placed_from={day}&placed_to={day}",
    ],
)
def test_orders_come_each_once_and_newest_first_whatever_the_filter(world: World, filters: str) -> None:
    customer, made = orders(world, 7)
    path = "/v1/orders" + filters.format(customer=customer, day=today())

    assert [one["id"] for one in walk(world, path)] == made


@pytest.mark.parametrize("filters", ["", "?status=confirmed", "?customer_id={customer}"])
def test_orders_that_arrive_meanwhile_disturb_no_page(world: World, filters: str) -> None:
    customer, made = orders(world, 6)
    path = "/v1/orders" + filters.format(customer=customer)

    seen = walk(world, path, between=lambda: world.order(customer, ("A-1", 1)))

    assert [one["id"] for one in seen] == made


def test_customers_that_arrive_meanwhile_disturb_no_page(world: World) -> None:
    made = [world.customer() for _ in range(5)][::-1]

    seen = walk(world, "/v1/customers", between=world.customer)

    assert [one["id"] for one in seen] == made


def test_a_day_that_is_not_asked_for_is_not_listed(world: World) -> None:
    orders(world, 2)
    tomorrow = datetime.now(ZoneInfo("Asia/Shanghai")).date() + timedelta(days=1)
    yesterday = tomorrow - timedelta(days=2)

    assert walk(world, f"/v1/orders?placed_to={yesterday}") == []
    assert walk(world, f"/v1/orders?placed_from={tomorrow}&placed_to={tomorrow}") == []


def test_a_state_that_is_left_is_not_listed_any_more(world: World) -> None:
    _, made = orders(world, 3)
    world.call("POST", f"/v1/orders/{made[1]}/cancel", {})

    assert [one["id"] for one in walk(world, "/v1/orders?status=confirmed")] == [made[0], made[2]]
    assert [one["id"] for one in walk(world, "/v1/orders?status=cancelled")] == [made[1]]


def test_movements_come_each_once_and_newest_first_and_add_up(world: World) -> None:
    sku = world.product()
    for units in (10, 5, -3, 7, -1):
        world.call("POST", f"/v1/stock/{sku}/adjustments", {"delta": units, "reason": "correction"})
    world.drain()

    def another() -> None:
        world.stock(sku, 1)
        world.drain()

    rows = walk(world, f"/v1/stock/{sku}/movements", between=another)

    assert [one["seq"] for one in rows] == [5, 4, 3, 2, 1]
    assert [one["delta"]["on_hand"] for one in rows] == [-1, 7, -3, 5, 10]
    assert [one["balance"]["on_hand"] for one in rows] == [18, 19, 12, 15, 10]


def test_a_timeline_is_read_page_after_page(world: World) -> None:
    sku = world.product()
    world.stock(sku, 10)
    order = world.order(world.customer(), (sku, 5)).body["id"]
    for _ in range(4):
        world.call("POST", f"/v1/orders/{order}/cancel", {"lines": [{"line": 1, "quantity": 1}]})

    rows = walk(world, f"/v1/orders/{order}/timeline")

    assert [one["version"] for one in rows] == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    "path", ["/v1/invoices", "/v1/invoices?customer_id={customer}", "/v1/invoices?status=open"]
)
def test_invoices_come_each_once_and_newest_first(world: World, path: str) -> None:
    customer, made = orders(world, 5)
    world.drain()

    rows = walk(world, path.format(customer=customer))

    numbers = [one["number"] for one in rows]
    assert numbers == sorted(numbers, reverse=True)
    assert {one["order_id"] for one in rows} == set(made)
    assert len(rows) == len(made)


def test_products_and_stock_come_by_sku(world: World) -> None:
    skus = [world.product(sku) for sku in ("B", "A", "D", "C", "E")]
    for sku in skus:
        world.stock(sku, 1)

    assert [one["sku"] for one in walk(world, "/v1/products")] == sorted(skus)
    assert [one["sku"] for one in walk(world, "/v1/stock")] == sorted(skus)
