"""What an operation may cost, counted at the SDK: round trips and write units."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from soms.kit import aws, items

from tests.world import World

UNITS_PER_ORDER = 22
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


def test_a_page_of_orders_costs_one_round_trip_a_shard_however_many_there_are(world: World) -> None:
    sku = world.product()
    world.stock(sku, 1000)
    customer = world.customer()
    trips = []
    for size in (5, 25):
        for _ in range(size):
            world.order(customer, (sku, 1))
        with counted() as calls:
            page = world.call("GET", f"/v1/orders?customer_id={customer}&limit=4")
        assert len(page.body["data"]) == 4
        trips.append([name for name, _ in calls if name == "Query"])

    assert trips == [["Query", "Query"], ["Query", "Query"]]
