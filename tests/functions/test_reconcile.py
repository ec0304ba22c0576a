"""The books are proved: what was tampered with is named."""

import os
from collections.abc import Callable

import boto3
import pytest
from soms.inventory import incoming
from soms.inventory.model import StockItem
from soms.kit import aws

from tests.functions.test_accounting import LAST_OF_MONTH, MONTH, batch, closed
from tests.functions.test_payments import billed, pay
from tests.functions.test_transfers import WEST, send, two_sites
from tests.world import World


def tamper(
    table: str,
    key: dict[str, str],
    expression: str,
    values: dict[str, object],
    names: dict[str, str] | None = None,
) -> None:
    aws.dynamodb().update_item(
        TableName=os.environ[table],
        Key={name: {"S": value} for name, value in key.items()},
        UpdateExpression=expression,
        # Attribute values, as the low-level client takes them.
        ExpressionAttributeValues=values,  # type: ignore[arg-type]
        **({"ExpressionAttributeNames": names} if names else {}),
    )


def stock_off_by_one(world: World) -> None:
    key = {"pk": "stock#A-1", "sk": "main"}
    tamper("INVENTORY_TABLE", key, "ADD on_hand :one, available :one", {":one": {"N": "1"}})


def reserved_off_by_one(world: World) -> None:
    key = {"pk": "stock#A-1", "sk": "main"}
    change = {":one": {"N": "1"}, ":less": {"N": "-1"}}
    tamper("INVENTORY_TABLE", key, "ADD reserved :one, available :less", change)


def more_noted(world: World) -> None:
    """Note that more is on its way than was sent."""
    place = StockItem(sku="A-1", warehouse=WEST)
    (held,) = incoming.of(place)
    key = {"pk": f"incoming#{place}", "sk": f"9999-12-31#{held.source}"}
    tamper("INVENTORY_TABLE", key, "ADD quantity :one", {":one": {"N": "1"}})


def less_expected(world: World) -> None:
    """Expect less than is on its way."""
    key = {"pk": "stock#A-1", "sk": WEST}
    tamper("INVENTORY_TABLE", key, "ADD incoming :less", {":less": {"N": "-1"}})


def received_in_name_only(world: World) -> None:
    """Say of a transfer that all of it came."""
    (held,) = world.call("GET", "/v1/stock-transfers").body["data"]
    key = {"pk": held["id"], "sk": "transfer"}
    tamper("INVENTORY_TABLE", key, "SET #status = :status", {":status": {"S": "received"}}, {"#status": "status"})


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


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        (more_noted, {"14": 2}),
        (less_expected, {"2": 1, "14": 1}),
        (received_in_name_only, {"14": 1}),
    ],
)
def test_what_is_not_on_its_way_as_it_is_said_is_named(
    world: World, planted: Callable[[World], None], found: dict[str, int]
) -> None:
    two_sites(world, A_1=10)
    send(world, ("A-1", 3))
    world.drain()
    assert world.broken() == []

    planted(world)

    assert {check["check"]: check["failures"] for check in world.broken()} == found


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


def in_ledger(account: str) -> dict[str, str]:
    """Return the key of the sums of an account in the month that is not over."""
    rows = boto3.resource("dynamodb").Table(os.environ["LEDGER_TABLE"]).scan()["Items"]
    sums = [row for row in rows if row["pk"] == "months" and account in str(row["sk"])]
    return {name: str(sums[0][name]) for name in ("pk", "sk")}


def test_a_sum_of_the_ledger_that_its_documents_do_not_make_is_named(traded: World) -> None:
    tamper("LEDGER_TABLE", in_ledger("revenue"), "ADD credit :x", {":x": {"N": "0.01"}})

    broken = traded.broken()

    assert {check["check"] for check in broken} == {"12"}
    assert "revenue" in broken[0]["examples"][0]


def test_a_document_that_is_not_in_the_ledger_is_named(traded: World) -> None:
    table = boto3.resource("dynamodb").Table(os.environ["LEDGER_TABLE"])
    lost = next(row for row in table.scan()["Items"] if "document" in row)

    table.delete_item(Key={"pk": lost["pk"], "sk": lost["sk"]})

    broken = traded.broken()
    assert {check["check"] for check in broken} == {"12"}
    assert str(lost["document"]) in broken[0]["examples"][0]


def test_a_closed_month_that_was_changed_is_named(world: World) -> None:
    customer, _ = billed(world, "100.00")
    pay(world, "30.00", customer_id=customer, received_on=str(LAST_OF_MONTH), allocations="none")
    assert closed(world).body["state"] == "closed"
    balances = {"L": [{"L": [{"S": text} for text in ("bank", "CNY", "1.00", "0.00")]}]}

    key = {"pk": f"closing#{MONTH}", "sk": "closing"}
    tamper("LEDGER_TABLE", key, "SET balances = :balances", {":balances": balances})

    assert {check["check"]: check["failures"] for check in world.broken()} == {"12": 4}


def test_a_document_that_a_journal_batch_left_out_is_named(world: World) -> None:
    billed(world, "100.00", "60.00")
    assert batch(world).status == 201
    assert world.broken() == []

    key = {"pk": "batches", "sk": "000001"}
    tamper("LEDGER_TABLE", key, "ADD documents :less", {":less": {"N": "-1"}})

    (check,) = world.broken()
    assert (check["check"], check["examples"]) == ("12", ["JB-000001: 1 documents, 2 were recorded by then"])
