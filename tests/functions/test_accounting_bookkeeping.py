"""Each document is entered once into the books, whatever the stream does with its records."""

import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from soms.billing import accounts

from tests.engine import before_writing
from tests.functions.test_budgets import counted, units
from tests.functions.test_payments import FINANCE, billed, pay
from tests.world import Item, World

UNITS_PER_DOCUMENT = 6


@pytest.fixture
def world() -> Iterator[World]:
    with World.opened() as opened:
        yield opened
        opened.drain()
        assert opened.broken() == []


def ledger() -> dict[tuple[str, str], Item]:
    """Return everything in the ledger by its key."""
    pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=os.environ["LEDGER_TABLE"])
    rows = [row for page in pages for row in page["Items"]]
    return {(str(row["pk"]["S"]), str(row["sk"]["S"])): dict(row) for row in rows}


def entries() -> list[Item]:
    """Return the entries of the ledger, without sums."""
    return [row for row in ledger().values() if "document" in row]


def posted(world: World) -> list[Item]:
    """Return the stream records of everything that posts."""
    return [one for one in world.records("DOCUMENTS_TABLE") if world._concerns("bookkeeping", one)]


def empty() -> None:
    """Forget what was entered."""
    table = boto3.resource("dynamodb").Table(os.environ["LEDGER_TABLE"])
    for pk, sk in ledger():
        table.delete_item(Key={"pk": pk, "sk": sk})


def story(world: World) -> str:
    """Bill, pay, take back, cancel: documents of several kinds; return the customer."""
    customer, (first, _, third) = billed(world, "100.00", "60.00", "40.00")
    payment = pay(world, "150.00", customer_id=customer).body
    pay(world, "30.00", customer_id=customer, method="alipay")
    path = f"/v1/payments/{payment['id']}/allocations"
    assert world.call("POST", path, {"reverse": "all"}, **FINANCE).status == 200
    assert world.call("POST", f"/v1/orders/{third['order_id']}/cancel", {"reason": "no"}).status == 200
    pay(world, "10.00", invoice_id=first["id"], method="cash")
    return customer


def test_an_invoice_has_an_entry_for_each_account_that_leads_to_it(world: World) -> None:
    customer, (first,) = billed(world, "100.00")

    world.drain()

    found = {row["account"]["S"]: row for row in entries()}
    assert set(found) == {accounts.RECEIVABLES, accounts.REVENUE}
    assert found[accounts.RECEIVABLES]["debit"] == {"N": "100.00"}
    assert found[accounts.REVENUE]["credit"] == {"N": "100.00"}
    for row in found.values():
        assert (row["document"]["S"], row["number"]["S"]) == (first["id"], first["number"])
        assert row["customer_id"]["S"] == customer


def test_a_batch_delivered_twice_is_entered_once(world: World) -> None:
    story(world)
    world.drain()
    before = ledger()

    again = world.deliver("bookkeeping", posted(world))

    assert again == {"batchItemFailures": []}
    assert ledger() == before


@pytest.mark.parametrize("size", [1, 2, 7])
def test_bisected_reordered_and_overlapping_batches_come_to_the_same_books(world: World, size: int) -> None:
    story(world)
    world.drain()
    before, records = ledger(), posted(world)
    empty()

    backwards = list(reversed(records))
    for start in range(0, len(records), size):
        # Each batch begins within the one before.
        world.deliver("bookkeeping", backwards[max(start - 1, 0) : start + size])

    assert ledger() == before


def test_a_batch_larger_than_one_transaction_is_entered_in_several(world: World) -> None:
    customer, (first,) = billed(world, "100000.00")
    for number in range(40):
        assert pay(world, "1.00", invoice_id=first["id"], reference=f"R-{number}").status == 201
    world.drain()
    before = ledger()
    empty()

    assert world.deliver("bookkeeping", posted(world)) == {"batchItemFailures": []}

    assert len(posted(world)) == 81
    assert ledger() == before
    assert customer


def test_a_record_that_can_never_be_entered_is_put_aside_and_the_others_are_entered(world: World) -> None:
    story(world)
    world.drain()
    before, records = ledger(), posted(world)
    empty()
    sick: Any = {**records[0], "dynamodb": {**records[0]["dynamodb"], "SequenceNumber": "sick"}}
    sick["dynamodb"]["NewImage"] = {
        name: value for name, value in sick["dynamodb"]["NewImage"].items() if name != "postings"
    }

    answer = world.deliver("bookkeeping", [*records[:2], sick, *records[2:]])

    assert answer == {"batchItemFailures": []}
    assert ledger() == before
    kept = boto3.client("s3").list_objects_v2(Bucket=os.environ["FAILURES_BUCKET"])["Contents"]
    assert [one["Key"].rsplit("/", 1)[-1] for one in kept] == ["sick.json"]




def test_of_two_consumers_at_once_each_document_is_entered_by_one(world: World) -> None:
    story(world)
    world.drain()
    before, records = ledger(), posted(world)
    empty()
    third = len(records) // 3

    # The second enters what both have before the first writes.
    before_writing(lambda: world.deliver("bookkeeping", records[third:]))
    world.deliver("bookkeeping", records[: 2 * third])

    assert ledger() == before


def test_a_document_costs_few_round_trips_and_write_units(world: World) -> None:
    customer, (first,) = billed(world, "1000.00")
    for number in range(9):
        pay(world, "1.00", invoice_id=first["id"], reference=f"R-{number}")
    world.drain()
    records = posted(world)
    empty()

    with counted() as calls:
        world.deliver("bookkeeping", records)

    assert [name for name, _ in calls] == ["TransactWriteItems"]
    assert units(calls[-1][1]) / len(records) <= UNITS_PER_DOCUMENT
    assert customer
