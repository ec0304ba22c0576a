"""What an operation may cost, counted at the SDK: round trips and write units."""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from soms.kit import aws, ids, items
from soms.orders import store

from tests.world import World

UNITS_PER_ORDER = 22
LOG_BYTES = 400
SIZES = (100, 1_000, 10_000) if os.environ.get("SOMS_LONG") else (100, 1_000)
KB = 1024


@contextmanager
def counted() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Collect the calls that go to DynamoDB while it is open."""
    calls: list[tuple[str, dict[str, Any]]] = []

    def note(params: dict[str, Any], model: Any, **_: object) -> None:
        calls.append((model.name, params))

    events = aws.dynamodb().meta.events
    events.register("provide-client-params.dynamodb.*", note)
    try:
        yield calls
    finally:
        events.unregister("provide-client-params.dynamodb.*", note)


def units(transaction: dict[str, Any]) -> int:
    """Return the write units of a transaction: two a kilobyte begun of an item, one of each index row."""
    total = 0
    for action in transaction["TransactItems"]:
        item = action["Put"]["Item"] if "Put" in action else None
        total += 2 * (math.ceil(items.size(item) / KB) if item else 1)
        if item and item.get("kind") == {"S": "order"}:
            total += 3 + ("salesperson" in item)
        if item and "hour_shard" in item:
            total += 1 + math.ceil(items.size(item) / KB)
    return total


def test_placing_an_order_costs_two_round_trips_and_few_write_units(world: World) -> None:
    skus = [world.product(f"SKU-{number}", category="toys") for number in range(3)]
    for sku in skus:
        world.stock(sku, 10)
    customer = world.customer(credit_limit="1000.00", salesperson="sam")

    with counted() as calls:
        placed = world.order(customer, *((sku, 2) for sku in skus))

    assert placed.status == 201, placed.text
    assert [name for name, _ in calls] == ["BatchGetItem", "TransactWriteItems"]
    assert units(calls[-1][1]) <= UNITS_PER_ORDER


def test_placing_an_order_logs_one_short_line(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    sku = world.product()
    world.stock(sku, 10)
    customer = world.customer()
    capsys.readouterr()

    world.order(customer, (sku, 1))

    told = capsys.readouterr().out
    assert told.count("\n") == 1
    assert len(told.encode()) <= LOG_BYTES


def planted(world: World, order: str, count: int, *, first: int) -> None:
    """Put copies of an order into the table as its commands would have written them."""
    table = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])
    whole = table.get_item(Key={"pk": order, "sk": "order"})["Item"]
    with table.batch_writer() as batch:
        for number in range(first, first + count):
            name = ids.derived("ord", "planted", str(number))
            copy = whole | {
                "pk": name,
                "id": name,
                "placed_key": f"{whole['placed_at']}#{name[-8:]}",
                "status_shard": f"confirmed#{ids.shard(name, store.SHARDS)}",
                "day_shard": f"{str(whole['placed_at'])[:10]}#{ids.shard(name, store.SHARDS)}",
            }
            batch.put_item(Item=copy)


def test_a_page_of_orders_costs_one_round_trip_a_shard_however_many_there_are(world: World) -> None:
    sku = world.product()
    world.stock(sku, 10)
    customer = world.customer(salesperson="sam")
    order = world.order(customer, (sku, 1)).body
    by_day = f"placed_from={order['placed_at'][:10]}&placed_to={order['placed_at'][:10]}"
    trips: dict[str, set[int]] = {}
    planted_before = 0
    for size in SIZES:
        planted(world, order["id"], size - planted_before, first=planted_before)
        planted_before = size
        for filters in (f"customer_id={customer}", "status=confirmed", "salesperson=sam", by_day):
            with counted() as calls:
                page = world.call("GET", f"/v1/orders?{filters}&limit=50")
            assert len(page.body["data"]) == 50, filters
            queries = sum(name == "Query" for name, _ in calls)
            trips.setdefault(filters.partition("=")[0], set()).add(queries)

    assert trips == {
        "customer_id": {len(store.STATES)},
        "status": {store.SHARDS},
        "salesperson": {1},
        "placed_from": {store.SHARDS},
    }
