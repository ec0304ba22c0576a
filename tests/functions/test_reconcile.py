"""The books are proved: what was tampered with is named."""

import os
from collections.abc import Callable

import pytest
from soms.kit import aws

from tests.world import World


def tamper(table: str, key: dict[str, str], expression: str, values: dict[str, object]) -> None:
    aws.dynamodb().update_item(
        TableName=os.environ[table],
        Key={name: {"S": value} for name, value in key.items()},
        UpdateExpression=expression,
        # Attribute values, as the low-level client takes them.
        ExpressionAttributeValues=values,  # type: ignore[arg-type]
    )


def stock_off_by_one(world: World) -> None:
    key = {"pk": "stock#A-1", "sk": "main"}
    tamper("INVENTORY_TABLE", key, "ADD on_hand :one, available :one", {":one": {"N": "1"}})


def reserved_off_by_one(world: World) -> None:
    key = {"pk": "stock#A-1", "sk": "main"}
    change = {":one": {"N": "1"}, ":less": {"N": "-1"}}
    tamper("INVENTORY_TABLE", key, "ADD reserved :one, available :less", change)


@pytest.fixture
def traded(world: World) -> World:
    sku = world.product()
    world.stock(sku, 10)
    world.order(world.customer(credit_limit="1000.00"), (sku, 3))
    world.drain()
    return world


@pytest.mark.parametrize(
    ("planted", "found"),
    [(stock_off_by_one, {"2"}), (reserved_off_by_one, {"2", "3"})],
)
def test_a_tampered_counter_is_named(
    traded: World, planted: Callable[[World], None], found: set[str]
) -> None:
    assert traded.broken() == []

    planted(traded)

    broken = traded.broken()
    assert {check["check"] for check in broken} == found
    assert all("A-1@main" in check["examples"][0] for check in broken)


def test_a_credit_taken_by_nobody_is_named(traded: World) -> None:
    customer = traded.call("GET", "/v1/customers").body["data"][0]["id"]

    tamper("CUSTOMERS_TABLE", {"pk": customer, "sk": "account"}, "ADD exposure :x", {":x": {"N": "5"}})

    assert {check["check"] for check in traded.broken()} == {"6b"}


@pytest.mark.parametrize("figure", ["orders", "ordered"])
def test_an_order_that_is_counted_twice_is_named(traded: World, figure: str) -> None:
    customer = traded.call("GET", "/v1/customers").body["data"][0]["id"]

    tamper("CUSTOMERS_TABLE", {"pk": customer, "sk": "account"}, f"ADD {figure} :x", {":x": {"N": "1"}})

    broken = traded.broken()
    assert {check["check"] for check in broken} == {"6b"}
    assert customer in broken[0]["examples"][0]
