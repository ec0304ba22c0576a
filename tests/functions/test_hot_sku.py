"""Hot SKUs: stock in shards, of which many may take at once; the sum stays exact, the last unit is sold."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from soms.inventory import sharding
from soms.inventory import store as stock
from soms.inventory.model import StockItem
from soms.kit import clock

from tests.world import Answer, Context, World, module

ITEM = StockItem(sku="A-1", warehouse="main")


@pytest.fixture
def world() -> Iterator[World]:
    with World.opened() as made:
        made.product("A-1")
        made.product("B-1")
        yield made


def split(world: World, shards: int) -> Answer:
    answer = world.call("PUT", "/v1/stock/A-1/shards", {"shards": shards})
    assert answer.status == 200, answer.text
    world.drain()
    return answer


def ordered(world: World, customer: str, units: int, **more: Any) -> Answer:
    return world.order(customer, ("A-1", units), **more)


def free() -> list[int]:
    return [held.available for _, held in sorted(stock.with_shards([ITEM]).items(), key=lambda one: one[0].shard)]


def shelf(world: World) -> tuple[int, int, int, int]:
    body = world.call("GET", "/v1/stock/A-1").body
    return body["on_hand"], body["reserved"], body["available"], body["backordered"]


def books_hold(world: World) -> None:
    world.drain()
    assert world.broken() == []


def test_splitting_levels_what_lies_there_and_the_sum_stays(world: World) -> None:
    world.stock("A-1", 41)
    split(world, 4)
    assert free() == [11, 10, 10, 10]
    assert shelf(world) == (41, 0, 41, 0)
    books_hold(world)


def test_orders_take_from_different_shards_and_clients_see_one_warehouse(world: World) -> None:
    world.stock("A-1", 40)
    split(world, 4)
    customer = world.customer()
    orders = [ordered(world, customer, 1) for _ in range(12)]
    assert {one.status for one in orders} == {201}
    assert {one.body["lines"][0]["warehouse"] for one in orders} == {"main"}
    assert "shards" not in orders[0].body["lines"][0]
    assert sum(units < 10 for units in free()) >= 3
    assert shelf(world) == (40, 12, 28, 0)
    books_hold(world)


def test_the_last_unit_is_sold_and_one_more_is_refused_by_the_name_of_the_warehouse(world: World) -> None:
    world.stock("A-1", 10)
    split(world, 4)
    customer = world.customer()
    orders = [ordered(world, customer, 1) for _ in range(10)]
    assert {one.status for one in orders} == {201}
    refused = ordered(world, customer, 2)
    assert (refused.status, refused.code) == (409, "insufficient_stock")
    assert refused.body["errors"][0]["meta"] == {
        "sku": "A-1", "warehouse": "main", "requested": 2, "available": 0,
    }  # fmt: skip
    books_hold(world)
    assert shelf(world) == (10, 10, 0, 0)


def test_what_no_shard_has_alone_is_gathered(world: World) -> None:
    world.stock("A-1", 10)
    split(world, 4)
    order = ordered(world, world.customer(), 9)
    assert order.status == 201, order.text
    assert sum(free()) == 1
    books_hold(world)
    assert shelf(world) == (10, 9, 1, 0)


def test_a_refusal_names_what_all_shards_have_together(world: World) -> None:
    world.stock("A-1", 10)
    split(world, 4)
    refused = ordered(world, world.customer(), 11)
    assert refused.body["errors"][0]["meta"]["available"] == 10
    asked = {"customer_id": world.customer(), "lines": [{"sku": "A-1", "quantity": 11}]}
    told = world.call("POST", "/v1/order-validations", asked).body
    assert [one["meta"]["available"] for one in told["errors"]] == [10]
    asked["lines"] = [{"sku": "A-1", "quantity": 10}]
    assert world.call("POST", "/v1/order-validations", asked).body["valid"] is True


def test_an_order_is_shipped_returned_and_cancelled_from_its_shard(world: World) -> None:
    world.stock("A-1", 12)
    split(world, 3)
    customer = world.customer()
    order = ordered(world, customer, 5).body["id"]
    one = {"lines": [{"line": 1, "quantity": 2}]}
    assert world.call("POST", f"/v1/orders/{order}/shipments", one).status == 201
    assert world.call("POST", f"/v1/orders/{order}/cancel", one).status == 200
    books_hold(world)
    assert shelf(world) == (10, 1, 9, 0)
    more = {"lines": [{"line": 1, "quantity": 9}]}
    tag = world.call("GET", f"/v1/orders/{order}").headers["ETag"]
    amended = world.call("PATCH", f"/v1/orders/{order}", more, headers={"If-Match": tag})
    assert amended.status == 200, amended.text
    books_hold(world)
    assert shelf(world) == (10, 7, 3, 0)


def test_who_waits_for_a_hot_sku_is_given_what_comes(world: World) -> None:
    world.stock("A-1", 4)
    split(world, 4)
    customer = world.customer()
    order = ordered(world, customer, 9, body={"backorder": "allow"})
    assert order.status == 201, order.text
    line = order.body["lines"][0]
    assert (line["reserved"], line["backordered"]) == (4, 5)
    books_hold(world)
    assert shelf(world) == (4, 4, 0, 5)
    world.stock("A-1", 7)
    books_hold(world)
    assert shelf(world) == (11, 9, 2, 0)


def test_what_a_shard_gets_back_goes_to_who_waits(world: World) -> None:
    world.stock("A-1", 6)
    split(world, 3)
    customer = world.customer()
    holder = ordered(world, customer, 6).body["id"]
    waiter = ordered(world, customer, 3, body={"backorder": "allow"}).body["id"]
    world.drain()
    world.call("POST", f"/v1/orders/{holder}/cancel", {})
    books_hold(world)
    line = world.call("GET", f"/v1/orders/{waiter}").body["lines"][0]
    assert (line["reserved"], line["backordered"]) == (3, 0)
    assert shelf(world) == (6, 3, 3, 0)


def test_a_count_is_of_all_shards_together(world: World) -> None:
    world.stock("A-1", 12)
    split(world, 4)
    ordered(world, world.customer(), 2)
    counted = world.call("POST", "/v1/stock/A-1/adjustments", {"counted": 5, "reason": "count"})
    assert counted.status == 201, counted.text
    assert counted.body["stock"]["on_hand"] == 5
    books_hold(world)
    assert shelf(world) == (5, 2, 3, 0)


def test_putting_together_again_brings_all_free_units_back(world: World) -> None:
    world.stock("A-1", 12)
    split(world, 4)
    customer = world.customer()
    ordered(world, customer, 2)
    split(world, 1)
    assert free()[1:] == [0, 0, 0]
    assert ordered(world, customer, 10).status == 201
    books_hold(world)
    assert shelf(world) == (12, 12, 0, 0)


def test_a_quote_keeps_stock_of_its_shard_and_becomes_an_order(world: World) -> None:
    world.stock("A-1", 8)
    split(world, 4)
    quote = ordered(world, world.customer(), 2, body={"status": "draft"}).body["id"]
    kept = world.call("POST", f"/v1/orders/{quote}/quote", {"valid_days": 2, "reserve": True})
    assert kept.status == 200, kept.text
    assert world.call("POST", f"/v1/orders/{quote}/revise", {}).status == 200
    assert world.call("POST", f"/v1/orders/{quote}/confirm", {}).status == 200
    books_hold(world)
    assert shelf(world) == (8, 2, 6, 0)


@pytest.mark.parametrize(
    ("free", "spread", "moves"),
    [
        ({0: 41, 1: 0, 2: 0, 3: 0}, 4, {0: -30, 1: 10, 2: 10, 3: 10}),
        ({0: 10, 1: 12, 2: 9, 3: 10}, 4, {}),
        ({0: 1, 1: 0, 2: 2, 3: 0}, 4, {}),
        ({0: 5, 1: 5, 2: 7}, 2, {0: 4, 1: 3, 2: -7}),
        ({0: 0, 1: 3}, 1, {0: 3, 1: -3}),
    ],
)
def test_levelling_moves_only_what_is_worth_it(
    free: dict[int, int], spread: int, moves: dict[int, int]
) -> None:
    assert sharding.levelled(free, spread) == moves


def test_a_hot_sku_runs_low_by_all_its_shards_together(world: World) -> None:
    world.stock("A-1", 40)
    world.call("PUT", "/v1/stock/A-1/reorder-rule", {"point": 20, "target": 80})
    split(world, 4)
    customer = world.customer()
    ordered(world, customer, 15)
    world.drain()
    assert world.call("GET", "/v1/stock-alerts").body["data"] == []

    order = ordered(world, customer, 6).body["id"]
    world.drain()

    alerts = world.call("GET", "/v1/stock-alerts").body["data"]
    assert [(one["warehouse"], one["position"]) for one in alerts] == [("main", 19)]
    suggested = world.call("GET", "/v1/purchase-suggestions").body["data"]
    assert [(one["quantity"], one["position"]) for one in suggested] == [(61, 19)]
    world.call("POST", f"/v1/orders/{order}/cancel", {})
    world.drain()
    assert world.call("GET", "/v1/stock-alerts").body["data"] == []
    books_hold(world)


def test_a_count_session_is_of_all_shards_together(world: World) -> None:
    world.stock("A-1", 12)
    split(world, 4)
    ordered(world, world.customer(), 2)
    count = world.call("POST", "/v1/counts", {"skus": ["A-1"]}, as_="warehouse").body
    path = f"/v1/counts/{count['id']}"
    noted = world.call("PUT", f"{path}/lines/A-1", {"counted": 9}, as_="warehouse")
    assert (noted.body["on_hand"], noted.body["variance"]) == (12, -3)
    world.call("POST", f"{path}/submit", {}, as_="warehouse")
    assert world.call("POST", f"{path}/post", {}, as_="warehouse").body["status"] == "posted"
    books_hold(world)
    assert shelf(world) == (9, 2, 7, 0)


def test_a_snapshot_is_compared_with_all_shards_together(world: World) -> None:
    world.stock("A-1", 12)
    split(world, 4)
    body = {
        "warehouse": "main",
        "taken_at": clock.stamp(clock.now()),
        "lines": [{"sku": "A-1", "on_hand": 10}],
    }
    told = world.call("PUT", "/v1/stock-snapshots/wms-1", body, as_="warehouse").body
    assert [(one["sku"], one["on_hand"], one["variance"]) for one in told["lines"]] == [("A-1", 12, -2)]


def test_the_value_of_a_split_sku_is_that_of_all_its_shards(world: World) -> None:
    received = {"delta": 40, "reason": "receipt", "unit_cost": "2.50"}
    world.call("POST", "/v1/stock/A-1/adjustments", received)
    split(world, 4)
    customer = world.customer()
    orders = [ordered(world, customer, 3).body["id"] for _ in range(6)]
    world.drain()
    for order in orders[:4]:
        world.call("POST", f"/v1/orders/{order}/shipments", {}, as_="warehouse")
    world.drain()
    more = {"delta": 12, "reason": "receipt", "unit_cost": "5.00"}
    world.call("POST", "/v1/stock/A-1/adjustments", more)
    world.drain()

    module("figures").handler({"action": "fold"}, Context())

    (row,) = world.call("GET", "/v1/reports/stock-value?sku=A-1").body["data"]
    assert (row["units"], row["value"], row["unit_cost"]) == (40, "130.00", "3.25")
    today = clock.now().astimezone(ZoneInfo("Asia/Shanghai")).date()
    (then,) = world.call("GET", f"/v1/reports/stock-value?sku=A-1&as_of={today}").body["data"]
    assert (then["units"], then["value"]) == (40, "130.00")
    books_hold(world)
