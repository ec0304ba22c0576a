"""Where an order's prices come from: lists by customer, quantity and day, catalogue, hand; currencies and tax."""

import pytest

from tests.functions.test_budgets import counted
from tests.world import World


def listed(world: World, prices: dict[str, list[tuple[int, str]]], **more: object) -> None:
    """Write a price list `retail` with tiers by SKU."""
    body = {"name": "Retail", "currency": "CNY", **more}
    assert world.call("PUT", "/v1/price-lists/retail", body).status == 201
    for sku, tiers in prices.items():
        told = {"tiers": [{"from": start, "unit_price": price} for start, price in tiers]}
        assert world.call("PUT", f"/v1/price-lists/retail/prices/{sku}", told).status == 201


def test_a_customers_price_list_prices_by_quantity_and_says_so(world: World) -> None:
    sku = world.product()
    other = world.product("B-1", "5.00")
    world.stock(sku, 100)
    world.stock(other, 10)
    listed(world, {sku: [(5, "9.50"), (20, "9.00")]})
    customer = world.customer(price_list="retail")

    small = world.order(customer, (sku, 4), (other, 1)).body["lines"]
    middle = world.order(customer, (sku, 5)).body["lines"]
    split = world.order(customer, (sku, 12), (sku, 8)).body["lines"]

    assert [(one["unit_price"], one["price_source"]) for one in small] == [
        ("10.00", "catalog"),
        ("5.00", "catalog"),
    ]
    assert small[0]["price_reason"] == "list price only from 5"
    assert [(one["unit_price"], one["price_source"], one["price_reason"]) for one in middle] == [
        ("9.50", "price_list:retail", "from 5")
    ]
    assert [one["unit_price"] for one in split] == ["9.00", "9.00"]


def test_a_list_that_is_not_valid_today_leaves_the_catalogues_price(world: World) -> None:
    sku = world.product()
    world.stock(sku, 10)
    listed(world, {sku: [(1, "9.50")]}, valid_to="2020-12-31")

    line = world.order(world.customer(price_list="retail"), (sku, 1)).body["lines"][0]

    assert (line["unit_price"], line["price_source"]) == ("10.00", "catalog")
    assert line["price_reason"].startswith("list not valid on ")


def test_a_list_with_tax_makes_orders_with_tax_and_converts_what_it_does_not_hold(world: World) -> None:
    sku, other = world.product(), world.product("B-1", "10.00")
    world.stock(sku, 10)
    world.stock(other, 10)
    listed(world, {sku: [(1, "11.30")]}, includes_tax=True)

    order = world.order(world.customer(price_list="retail"), (sku, 1), (other, 1)).body

    assert order["includes_tax"] is True
    assert [one["unit_price"] for one in order["lines"]] == ["11.30", "11.30"]
    assert (order["net"], order["tax"], order["total"]) == ("20.00", "2.60", "22.60")


def test_an_order_keeps_its_prices_when_the_list_changes(world: World) -> None:
    sku = world.product()
    world.stock(sku, 10)
    listed(world, {sku: [(1, "9.50")]})
    order = world.order(world.customer(price_list="retail"), (sku, 2)).body

    body = {"tiers": [{"from": 1, "unit_price": "1.00"}]}
    world.call("PUT", f"/v1/price-lists/retail/prices/{sku}", body)
    change = {"lines": [{"line": 1, "quantity": 3}]}
    amended = world.call("PATCH", f"/v1/orders/{order['id']}", change, headers={"If-Match": '"1.0"'})

    assert amended.body["lines"][0]["unit_price"] == "9.50"
    assert amended.body["net"] == "28.50"


@pytest.mark.parametrize(
    ("currency", "price", "rate", "totals"),
    [
        ("JPY", "1001", "0.10", ("3003", "300", "3303")),
        ("KWD", "1.0005", "0.05", ("3.002", "0.150", "3.152")),
        ("CNY", "33.333333", "0.13", ("100.00", "13.00", "113.00")),
    ],
)
def test_currencies_have_their_own_digits(
    world: World, currency: str, price: str, rate: str, totals: tuple[str, str, str]
) -> None:
    sku = world.product(price=price, currency=currency, tax_rate=rate)
    world.stock(sku, 10)
    customer = world.customer(currency=currency)

    order = world.order(customer, (sku, 3)).body
    world.drain()

    assert (order["net"], order["tax"], order["total"]) == totals
    assert world.call("GET", f"/v1/orders/{order['id']}").body["invoiced"] == totals[2]
    assert world.broken() == []


def test_a_price_list_costs_one_more_round_trip(world: World) -> None:
    sku = world.product()
    world.stock(sku, 10)
    listed(world, {sku: [(1, "9.50")]})
    customer = world.customer(price_list="retail")

    with counted() as calls:
        world.order(customer, (sku, 1))

    assert [name for name, _ in calls] == ["BatchGetItem", "BatchGetItem", "TransactWriteItems"]
