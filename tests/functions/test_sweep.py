"""What no stream brought is found by the sweep and handed to its consumer, once."""

import json
import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import chain, combinations
from typing import Any

import boto3
import pytest
from soms.kit import aws, clock, items
from soms.kit.settings import Setting
from soms.reports.sweep import sweep

from tests.functions.test_reconcile import stock_off_by_one, tamper
from tests.world import CONSUMERS, World

HANDED = ("ledger", "stock", "invoicing", "rendering", "settlement", "replenishment", "bookkeeping")
UNSEEN = "rendering"
"""Its layer takes a fixture of its own: test_rendering.py uses it."""
Row = dict[str, Any]


@pytest.fixture
def swept(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world whose sweep invokes the real consumers in this process."""

    class Invoker:
        def invoke(self, *, FunctionName: str, Payload: bytes) -> None:  # noqa: N803 AWS's own names
            if FunctionName != UNSEEN:
                answer = world.deliver(FunctionName, json.loads(Payload)["Records"])
                assert answer == {"batchItemFailures": []}

    client = boto3.client

    def connected(service: str, *args: Any, **more: Any) -> object:
        return Invoker() if service == "lambda" else client(service, *args, **more)  # type: ignore[call-overload]

    monkeypatch.setenv(Setting.CONSUMERS, json.dumps({name: name for name in HANDED}))
    monkeypatch.setattr("boto3.client", connected)
    return world


def after(minutes: int = 4) -> dict[str, int]:
    """Sweep so many minutes later and return what was handed on to whom, and what could not be told."""
    done = sweep(now=clock.now() + timedelta(minutes=minutes))
    counted = done.handed_on | {"untold": done.untold}
    return {name: count for name, count in counted.items() if count and name != UNSEEN}


def lose(world: World) -> None:
    """Let nothing written so far reach the readers of the inventory stream."""
    for reader in CONSUMERS["INVENTORY_TABLE"]:
        world.read["INVENTORY_TABLE", reader] = len(world.records("INVENTORY_TABLE"))


def movements(sku: str = "A-1") -> list[Row]:
    return list(aws.query(Setting.MOVEMENTS, "sku = :sku", {":sku": sku}))


def forget(rows: Iterable[Row]) -> None:
    """Take movements away, as if the records that told of them had been lost."""
    for row in rows:
        key = items.encode({"sku": row["sku"], "entry": row["entry"]})
        aws.dynamodb().delete_item(TableName=os.environ["MOVEMENTS_TABLE"], Key=key)


def timeless(rows: Iterable[Row]) -> list[Row]:
    return [{name: value for name, value in row.items() if name != "at"} for row in rows]


def written(entry: str) -> datetime:
    """Return when a journal entry was written."""
    held = aws.get(Setting.JOURNAL, {"id": entry}) or {}
    return datetime.fromisoformat(str(held["at_key"]).partition("#")[0])


def set_back(entry: str, *, minutes: int) -> None:
    """Let a journal entry be older than it is."""
    held = aws.get(Setting.JOURNAL, {"id": entry}) or {}
    stamp = clock.stamp(written(entry) - timedelta(minutes=minutes))
    shard = f"{stamp[:13]}#{str(held['hour_shard'])[-1]}"
    values = items.encode({":at": f"{stamp}#{entry[-8:]}", ":hour": shard})
    tamper("JOURNAL_TABLE", {"id": entry}, "SET at_key = :at, hour_shard = :hour", values)


def test_a_paper_that_no_stream_brought_is_handed_on_until_it_has_its_file(swept: World) -> None:
    sku = swept.product()
    swept.stock(sku, 10)
    order = swept.order(swept.customer(), (sku, 3)).body["id"]
    made = [
        swept.call("POST", f"/v1/orders/{order}/documents", {"kind": "order_confirmation"}).body["id"]
        for _ in range(2)
    ]
    swept.drain()

    waiting = sweep(now=clock.now() + timedelta(minutes=4)).handed_on[UNSEEN]
    (paper,) = set(made)
    file = {"id": paper, "part": "pdf", "format": "pdf"}
    aws.dynamodb().put_item(TableName=os.environ["DOCUMENTS_TABLE"], Item=items.encode(file))
    left = sweep(now=clock.now() + timedelta(minutes=4)).handed_on[UNSEEN]

    # The invoice waits as well.
    assert (waiting, left) == (2, 1)


def set_rule(world: World, sku: str, point: int) -> None:
    rule = {"point": point, "target": 20}
    assert world.call("PUT", f"/v1/stock/{sku}/reorder-rule", rule).status == 200


def alerts(world: World, status: str) -> list[Row]:
    rows: list[Row] = world.call("GET", f"/v1/stock-alerts?status={status}").body["data"]
    return rows


@pytest.fixture
def traded(swept: World) -> World:
    """Goods received, ruled, and minutes later ordered, given back in part, shipped in part and counted."""
    sku = swept.product()
    swept.stock(sku, 10)
    set_rule(swept, sku, 1)
    order = swept.order(swept.customer(), (sku, 3)).body["id"]
    one = {"lines": [{"line": 1, "quantity": 1}]}
    for step in ("cancel", "shipments"):
        swept.call("POST", f"/v1/orders/{order}/{step}", one)
        swept.drain()
    swept.call("POST", f"/v1/stock/{sku}/adjustments", {"counted": 8, "reason": "count"})
    swept.drain()
    for row, minutes in zip(movements(), (6, 6, 3, 3), strict=False):
        set_back(row["cause"], minutes=minutes)
    return swept


def test_what_no_stream_brought_is_handed_on(swept: World) -> None:
    sku = swept.product()
    swept.stock(sku, 10)
    order = swept.order(swept.customer(), (sku, 3)).body
    swept.call("POST", f"/v1/orders/{order['id']}/cancel", {})

    first, second = after(), after()

    assert first == {"ledger": 2, "stock": 1, "invoicing": 1, "settlement": 1}
    assert second == {"ledger": 1}
    assert after() == {}
    assert swept.on_shelf(sku) == (10, 0, 10)
    assert swept.broken() == []


def test_movements_lost_in_any_combination_are_rebuilt_as_they_were(traded: World) -> None:
    whole = movements()
    assert [row["reason"] for row in whole] == ["receipt", "rule", "reserve", "release", "ship", "count"]

    for lost in chain.from_iterable(combinations(whole, number) for number in range(1, len(whole) + 1)):
        forget(lost)

        done = after()

        found = movements()
        assert done == {"ledger": len(lost)}, [row["seq"] for row in lost]
        assert timeless(found) == timeless(whole)
        for row in lost:
            rebuilt = next(one for one in found if one["seq"] == row["seq"])
            assert rebuilt["at"] == clock.stamp(written(row["cause"]).replace(microsecond=0))
    assert after() == {}
    assert traded.broken() == []


def test_a_record_that_comes_late_changes_no_movement(swept: World) -> None:
    sku = swept.product()
    swept.stock(sku, 10)
    swept.order(swept.customer(), (sku, 3))

    after()
    rebuilt = movements()
    swept.drain()

    assert movements() == rebuilt
    assert len(rebuilt) == 2


def test_what_may_still_be_on_its_way_is_left_alone(swept: World) -> None:
    swept.stock(swept.product(), 10)

    assert after(minutes=2) == {}
    assert movements() == []


def test_what_is_older_than_three_minutes_is_rebuilt_among_what_is_younger(swept: World) -> None:
    sku = swept.product()
    swept.stock(sku, 10)
    swept.order(swept.customer(), (sku, 3))
    swept.stock(sku, 5)
    swept.drain()
    whole = movements()
    forget(whole)
    set_back(whole[1]["cause"], minutes=5)

    done = after(minutes=0)

    assert done == {"ledger": 1}
    assert timeless(movements()) == timeless(whole[1:2])


def test_orders_at_the_same_time_are_not_guessed_in_which_order_they_came(swept: World) -> None:
    sku = swept.product()
    swept.stock(sku, 10)
    customer = swept.customer()
    for _ in range(3):
        swept.order(customer, (sku, 2))
    swept.stock(sku, 5)
    swept.drain()
    forget(row for row in movements() if row["reason"] == "reserve" and row["seq"] < 4)

    done = after()

    assert done == {"untold": 2}
    assert {check["check"] for check in swept.broken()} == {"2"}


def test_orders_that_took_different_numbers_are_told_apart_by_what_lies_between(swept: World) -> None:
    sku = swept.product()
    swept.stock(sku, 10)
    customer = swept.customer()
    for units in (1, 2, 3):
        swept.order(customer, (sku, units))
    swept.drain()
    whole = movements()
    forget(row for row in whole if row["seq"] in {2, 4})

    done = after()

    assert done == {"ledger": 2}
    assert timeless(movements()) == timeless(whole)


def test_orders_minutes_apart_are_told_apart_by_the_clock(swept: World) -> None:
    sku = swept.product()
    swept.stock(sku, 10)
    customer = swept.customer()
    for _ in range(3):
        swept.order(customer, (sku, 2))
    swept.stock(sku, 5)
    swept.drain()
    whole = movements()
    for ago, row in enumerate(reversed(whole)):
        set_back(row["cause"], minutes=2 * ago)
    forget(row for row in whole if row["reason"] == "reserve")

    done = after()

    assert done == {"ledger": 3}
    assert timeless(movements()) == timeless(whole)


def test_a_burst_too_great_to_be_told_apart_is_left_and_counted(swept: World) -> None:
    sku = swept.product()
    swept.stock(sku, 30)
    customer = swept.customer()
    for _ in range(8):
        swept.order(customer, (sku, 1))
    lose(swept)

    assert after()["untold"] == 9


def test_a_counter_that_was_tampered_with_is_not_explained_away(traded: World) -> None:
    stock_off_by_one(traded)
    forget(movements()[-1:])

    assert after() == {"untold": 1}
    assert {check["check"] for check in traded.broken()} == {"2"}


def test_stock_that_ran_low_unseen_opens_its_alert_once(swept: World) -> None:
    sku = swept.product()
    set_rule(swept, sku, 8)
    swept.stock(sku, 10)
    swept.drain()
    swept.call("POST", f"/v1/stock/{sku}/adjustments", {"delta": -3, "reason": "loss"})
    lose(swept)
    swept.mail()

    opened, told = after(), after()

    assert opened == {"ledger": 1, "replenishment": 1}
    assert told == {"replenishment": 1}
    assert after() == {}
    assert [row["position"] for row in alerts(swept, "open")] == [7]


def test_stock_that_came_back_unseen_resolves_its_alert_once(swept: World) -> None:
    sku = swept.product()
    set_rule(swept, sku, 8)
    swept.drain()
    assert len(alerts(swept, "open")) == 1
    swept.stock(sku, 10)
    lose(swept)

    first = after()

    assert first == {"ledger": 1, "replenishment": 1}
    assert after() == {}
    assert (len(alerts(swept, "open")), len(alerts(swept, "resolved"))) == (0, 1)


def test_an_alert_that_nobody_was_told_of_is_told_once(swept: World) -> None:
    sku = swept.product()
    set_rule(swept, sku, 8)
    seen = [one for one in swept.records("INVENTORY_TABLE") if swept._concerns("replenishment", one)]
    swept.deliver("replenishment", seen)
    lose(swept)
    assert swept.mail() == []
    assert [row["told_at"] for row in alerts(swept, "open")] == [None]

    first = after()

    assert first == {"ledger": 1, "replenishment": 1}
    assert after() == {}
    assert [letter["Subject"] for letter in swept.mail()] == ["SOMS: A-1 is low (0 left)"]


def test_an_order_that_waits_unseen_joins_its_queue_and_is_given_what_is_there(swept: World) -> None:
    sku = swept.product()
    order = swept.order(swept.customer(), (sku, 3), body={"backorder": "allow"}).body["id"]
    swept.stock(sku, 2)

    first, second, third = after(), after(), after()

    assert (first["stock"], first["replenishment"]) == (1, 1)
    assert (second, third) == ({"ledger": 2}, {})
    assert lines_of(swept, order) == [(2, 1)]
    assert swept.broken() == []


def test_a_shelf_with_goods_for_which_somebody_waits_is_given_out(swept: World) -> None:
    sku = swept.product()
    order = swept.order(swept.customer(), (sku, 3), body={"backorder": "allow"}).body["id"]
    swept.drain()
    swept.stock(sku, 2)
    lose(swept)

    first = after()

    assert first == {"ledger": 1, "replenishment": 1}
    assert after() == {"ledger": 1}
    assert after() == {}
    assert lines_of(swept, order) == [(2, 1)]
    assert swept.broken() == []


def test_a_loss_of_which_nobody_was_told_is_told_once(swept: World) -> None:
    sku = swept.product()
    swept.stock(sku, 3)
    order = swept.order(swept.customer(), (sku, 3)).body["id"]
    swept.drain()
    counted = swept.call("POST", f"/v1/stock/{sku}/adjustments", {"counted": 1, "reason": "count"})
    assert counted.status == 201, counted.text
    lose(swept)

    first = after()

    assert first == {"ledger": 1, "replenishment": 1}
    assert after() == {}
    assert len(swept.sales_mail()) == 1
    timeline = swept.call("GET", f"/v1/orders/{order}/timeline").body["data"]
    assert [one["event"] for one in timeline].count("order.reservation_lost") == 1


def test_the_versions_of_an_order_are_handed_on_in_their_order(swept: World) -> None:
    sku = swept.product()
    customer = swept.customer()
    orders = [swept.order(customer, (sku, 9), body={"backorder": "allow"}).body["id"] for _ in range(4)]
    for order in orders:
        for _ in range(3):
            swept.call("POST", f"/v1/orders/{order}/cancel", {"lines": [{"line": 1, "quantity": 2}]})

    first, second = after(), after()

    assert first["stock"] == 16
    assert "stock" not in second
    assert {pair for order in orders for pair in lines_of(swept, order)} == {(0, 3)}
    swept.drain()
    assert swept.broken() == []


def lines_of(world: World, order: str) -> list[tuple[int, int]]:
    lines = world.call("GET", f"/v1/orders/{order}").body["lines"]
    return [(line["reserved"], line["backordered"]) for line in lines]


def test_a_document_that_never_reached_the_books_is_entered_by_the_sweep_once(swept: World) -> None:
    sku = swept.product()
    swept.stock(sku, 10)
    swept.order(swept.customer(credit_limit="1000.00"), (sku, 3))
    swept.drain()
    table = boto3.resource("dynamodb").Table(os.environ["LEDGER_TABLE"])
    lost = table.scan()["Items"]
    for row in lost:
        table.delete_item(Key={"pk": row["pk"], "sk": row["sk"]})

    first, second = after(4), after(9)

    assert (first, second) == ({"bookkeeping": 1}, {})
    assert sorted(map(str, table.scan()["Items"])) == sorted(map(str, lost))
    assert swept.broken() == []
