"""Figures of stock: folded by the clock, once, and told by the reports."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from soms.inventory import figures, walk

from functions.figures import app as schedule
from tests.engine import before_writing
from tests.functions.test_budgets import counted
from tests.functions.test_reconcile import tamper
from tests.world import Answer, Context, World

VALUE, ANALYSIS = "/v1/reports/stock-value", "/v1/reports/stock-analysis"
NOW = datetime.now(UTC)
Row = dict[str, Any]


def fold(world: World) -> dict[str, int]:
    """Let the streams drain and the schedule run."""
    world.drain()
    return schedule.handler({"action": "fold"}, Context())


def adjust(world: World, sku: str, body: Row) -> None:
    answer = world.call("POST", f"/v1/stock/{sku}/adjustments", {"reason": "receipt"} | body)
    assert answer.status == 201, answer.text


def only(answer: Answer) -> Row:
    assert answer.status == 200, answer.text
    (row,) = answer.body["data"]
    return dict(row)


def ship(world: World, sku: str, units: int) -> None:
    order = world.order(world.customer(), (sku, units)).body["id"]
    shipped = world.call("POST", f"/v1/orders/{order}/shipments", {})
    assert shipped.status == 201, shipped.text


def aged(world: World, sku: str, days: int) -> None:
    """Let the movements of a SKU have happened so many days earlier."""
    world.drain()
    table = boto3.resource("dynamodb").Table(os.environ["MOVEMENTS_TABLE"])
    for row in table.query(
        KeyConditionExpression="sku = :sku", ExpressionAttributeValues={":sku": sku}
    )["Items"]:
        at = datetime.fromisoformat(str(row["at"])) - timedelta(days=days)
        table.put_item(Item=row | {"at": at.isoformat()})


def test_what_comes_in_is_added_at_its_cost_and_what_goes_out_leaves_at_the_average(world: World) -> None:
    sku = world.product()
    adjust(world, sku, {"delta": 10, "unit_cost": "2.00"})
    adjust(world, sku, {"delta": 20, "unit_cost": "3.50"})
    ship(world, sku, 6)
    adjust(world, sku, {"delta": 3, "reason": "found"})
    adjust(world, sku, {"delta": -7, "reason": "damage"})

    done = fold(world)
    row = only(world.call("GET", VALUE))

    # 90.00 for 30 units: 3.00 each, which found and damaged ones do not change.
    assert (done["folded"], done["behind"]) == (1, 0)
    assert {name: row[name] for name in row if name != "as_of"} == {
        "sku": sku, "name": "Product A-1", "warehouse": "main", "units": 20, "unit_cost": "3.00",
        "value": "60.00", "currency": "CNY", "uncosted_units": 0,
    }  # fmt: skip
    assert world.broken() == []


def test_a_second_run_changes_nothing_and_new_movements_are_folded_on(world: World) -> None:
    sku = world.product()
    adjust(world, sku, {"delta": 10, "unit_cost": "2.00"})
    fold(world)
    before = only(world.call("GET", VALUE))

    again = fold(world)
    same = only(world.call("GET", VALUE))
    adjust(world, sku, {"delta": 10, "unit_cost": "4.00"})
    fold(world)
    after = only(world.call("GET", VALUE))

    assert (again["folded"], same) == (0, before)
    assert (after["units"], after["unit_cost"], after["value"]) == (20, "3.00", "60.00")
    assert world.broken() == []


def test_two_runs_at_once_fold_a_movement_once(world: World) -> None:
    sku = world.product()
    adjust(world, sku, {"delta": 10, "unit_cost": "2.00"})
    world.drain()
    quicker: list[dict[str, int]] = []
    before_writing(lambda: quicker.append(fold(world)))

    slower = fold(world)

    told = world.call("GET", VALUE)
    assert [(one["folded"], one["behind"]) for one in (*quicker, slower)] == [(1, 0), (0, 0)]
    assert (only(told)["value"], told.body["total"]["value"]) == ("20.00", "20.00")
    assert world.broken() == []


def test_a_fold_stops_at_a_movement_on_its_way_and_goes_on_when_it_is_there(world: World) -> None:
    sku = world.product()
    adjust(world, sku, {"delta": 10, "unit_cost": "2.00"})
    adjust(world, sku, {"delta": 10, "unit_cost": "4.00"})
    adjust(world, sku, {"delta": -5, "reason": "damage"})
    world.drain()
    table = boto3.resource("dynamodb").Table(os.environ["MOVEMENTS_TABLE"])
    late = table.delete_item(
        Key={"sku": sku, "entry": "main#000000000002"}, ReturnValues="ALL_OLD"
    )["Attributes"]

    early = fold(world)
    seen = only(world.call("GET", VALUE))
    table.put_item(Item=late)
    fold(world)

    assert (early["behind"], seen["units"], seen["value"]) == (1, 10, "20.00")
    assert only(world.call("GET", VALUE))["value"] == "45.00"
    assert world.broken() == []


@pytest.mark.parametrize(
    ("product", "worth"),
    [
        ({"cost": "1.25"}, ("12.50", "1.25", 0)),
        ({}, ("0.00", None, 10)),
        ({"cost": "1.25", "currency": "USD"}, ("0.00", None, 10)),
    ],
    ids=["at the product's cost", "at nothing", "not at a cost in another currency"],
)
def test_what_comes_in_without_a_cost_is_valued(
    world: World, product: Row, worth: tuple[str, str | None, int]
) -> None:
    sku = world.product(**product)
    adjust(world, sku, {"delta": 10})

    fold(world)

    row = only(world.call("GET", VALUE))
    assert (row["value"], row["unit_cost"], row["uncosted_units"]) == worth


def test_an_emptied_shelf_has_no_value_and_is_filled_again_at_its_last_cost(world: World) -> None:
    sku = world.product()
    adjust(world, sku, {"delta": 3, "unit_cost": "3.333333"})
    adjust(world, sku, {"delta": -3, "reason": "loss"})
    fold(world)
    empty = only(world.call("GET", VALUE))
    adjust(world, sku, {"delta": 2, "reason": "found"})
    fold(world)

    filled = only(world.call("GET", VALUE))

    assert (empty["units"], empty["value"], filled["value"]) == (0, "0.00", "6.67")
    assert world.broken() == []


def test_a_run_whose_time_is_over_leaves_the_rest_to_the_next_that_takes_the_longest_waiting_first(
    world: World,
) -> None:
    skus = [world.product(f"A-{number}") for number in range(4)]
    for sku in skus:
        adjust(world, sku, {"delta": 1, "unit_cost": "1.00"})
    world.drain()

    left = []
    for _ in range(3):
        rooms = iter([True, True])
        left.append(walk.run(lambda _share, rooms=rooms: next(rooms, False), now=datetime.now(UTC)).behind)
        for sku in skus[:2]:
            adjust(world, sku, {"delta": 1, "unit_cost": "1.00"})
        world.drain()

    assert left == [2, 2, 0]
    assert [one["units"] for one in world.call("GET", VALUE).body["data"]] == [3, 3, 1, 1]


def test_the_total_of_a_warehouse_is_served_with_its_instant(world: World) -> None:
    for number in range(3):
        adjust(world, world.product(f"A-{number}"), {"delta": 10, "unit_cost": f"{number + 1}.005"})
    assert world.call("GET", VALUE).body["total"] is None

    fold(world)

    page = world.call("GET", f"{VALUE}?limit=2").body
    total = page["total"]
    rest = world.call("GET", f"{VALUE}?limit=2&cursor={page['next_cursor']}").body["data"]
    assert [one["sku"] for one in page["data"] + rest] == ["A-0", "A-1", "A-2"]
    assert (total["skus"], total["units"], total["value"], total["behind"]) == (3, 30, "60.15", 0)
    assert total["as_of"][:10] in {NOW.date().isoformat(), datetime.now(UTC).date().isoformat()}


def test_the_value_at_the_end_of_an_earlier_day_is_exact(world: World) -> None:
    sku = world.product(cost="9.00")
    adjust(world, sku, {"delta": 10})
    aged(world, sku, 10)
    world.product(sku, cost="1.00")
    fold(world)
    adjust(world, sku, {"delta": 30, "unit_cost": "5.00"})
    fold(world)
    world.product(sku, cost="2.00")

    today = datetime.now(UTC) + timedelta(hours=8)
    days = {ago: (today - timedelta(days=ago)).date() for ago in (0, 1, 11)}
    rows = {ago: world.call("GET", f"{VALUE}?sku={sku}&as_of={day}").body["data"] for ago, day in days.items()}

    # The product cost 1.00 when its first units were folded; that it was 9.00 and is 2.00 changes nothing.
    assert [(one["units"], one["value"], one["as_of"]) for one in rows[1]] == [(10, "10.00", str(days[1]))]
    assert [(one["units"], one["value"]) for one in rows[0]] == [(40, "160.00")]
    assert rows[11] == []
    assert only(world.call("GET", f"{VALUE}?sku={sku}"))["value"] == "160.00"
    assert world.call("GET", f"{VALUE}?sku={sku}&warehouse=other").body["data"] == []


def test_a_day_is_not_answered_for_while_a_movement_is_on_its_way(world: World) -> None:
    sku = world.product()
    adjust(world, sku, {"delta": 10, "unit_cost": "2.00"})
    fold(world)
    adjust(world, sku, {"delta": 10, "unit_cost": "4.00"})
    today = (datetime.now(UTC) + timedelta(hours=8)).date()

    early = world.call("GET", f"{VALUE}?sku={sku}&as_of={today}")
    world.drain()
    later = world.call("GET", f"{VALUE}?sku={sku}&as_of={today}")

    assert (early.status, early.headers["Retry-After"]) == (503, "5")
    assert only(later)["value"] == "60.00"


def test_a_request_folds_only_so_many_movements() -> None:
    rows = [{"at": "2026-01-01T00:00:00Z"}] * figures.MOST_REFOLDED
    later = {"at": "2026-01-02T00:00:00Z"}
    end = datetime(2026, 1, 1, 12, tzinfo=UTC)

    due, more = figures._due([*rows, later], end)

    assert (len(due), more) == (figures.MOST_REFOLDED, True)
    with pytest.raises(figures.TooManyMovements):
        figures._due([*rows, rows[0]], end)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (f"{VALUE}?as_of=2026-01-01", "filter_unsupported"),
        (f"{VALUE}?sku=A-1&as_of=2999-01-01", "invalid_parameter"),
        (f"{ANALYSIS}?abc=D", "invalid_parameter"),
        (f"{ANALYSIS}?days=401", "invalid_parameter"),
    ],
)
def test_what_cannot_be_answered_is_refused(world: World, query: str, code: str) -> None:
    answer = world.call("GET", query)

    assert (answer.status, answer.code) == (400, code)


@pytest.fixture
def traded(world: World) -> World:
    """Four SKUs: one ships nearly all of the cost, one a little, one next to nothing, one nothing."""
    for sku, units, cost in (("A-1", 80, "10.00"), ("B-1", 15, "10.00"), ("C-1", 5, "10.00"), ("D-1", 0, "1.00")):
        world.product(sku)
        adjust(world, sku, {"delta": 100, "unit_cost": cost})
        if units:
            ship(world, sku, units)
    aged(world, "D-1", 180)
    fold(world)
    return world


def test_the_analysis_tells_how_stock_moves(traded: World) -> None:
    rows = {one["sku"]: one for one in traded.call("GET", f"{ANALYSIS}?days=10").body["data"]}

    today = str((datetime.now(UTC) + timedelta(hours=8)).date())
    assert {name: value for name, value in rows["A-1"].items() if name != "as_of"} == {
        "sku": "A-1", "warehouse": "main", "on_hand": 20, "value": "200.00", "currency": "CNY",
        # One day of history: 80 a day; 800.00 in a day is 292 000.00 a year, over a value of 200.00.
        "shipped": 80, "per_day": "80.000000", "cover_days": "0.3", "turns": "1460.00",
        "abc": "A", "last_in_on": today, "last_out_on": today, "dead": False,
    }  # fmt: skip
    assert (rows["D-1"]["cover_days"], rows["D-1"]["turns"], rows["D-1"]["dead"]) == (None, "0.00", True)
    assert {sku: row["abc"] for sku, row in rows.items()} == {"A-1": "A", "B-1": "B", "C-1": "C", "D-1": "C"}
    assert traded.broken() == []


@pytest.mark.parametrize(
    ("query", "skus"),
    [
        ("abc=A", ["A-1"]),
        ("abc=C", ["C-1", "D-1"]),
        ("dead=true", ["D-1"]),
        ("dead=false", ["A-1", "B-1", "C-1"]),
        ("abc=A&dead=true", []),
        ("warehouse=other", []),
    ],
)
def test_a_class_and_what_is_dead_are_listed_by_themselves(traded: World, query: str, skus: list[str]) -> None:
    found = traded.call("GET", f"{ANALYSIS}?{query}").body["data"]

    assert [one["sku"] for one in found] == skus


def test_the_thresholds_are_settings(traded: World) -> None:
    shares = {"abc_a_share": "0.95", "abc_b_share": "0.95", "dead_stock_after_days": 181}
    put = traded.call("PUT", "/v1/settings", shares)

    fold(traded)

    rows = traded.call("GET", ANALYSIS).body["data"]
    assert put.status == 200
    assert [(one["sku"], one["abc"], one["dead"]) for one in rows] == [
        ("A-1", "A", False), ("B-1", "A", False), ("C-1", "C", False), ("D-1", "C", False),
    ]  # fmt: skip
    refused = traded.call("PUT", "/v1/settings", {"abc_a_share": "0.99"})
    assert [one["pointer"] for one in refused.body["errors"]] == ["/abc_b_share"]


def test_purchasing_sees_how_stock_moves_and_not_what_it_cost(traded: World) -> None:
    row = traded.call("GET", ANALYSIS, as_="purchasing").body["data"][0]
    both = traded.call("GET", ANALYSIS, as_="purchasing,auditor").body["data"][0]

    assert {"value", "currency"} & row.keys() == set()
    assert row["cover_days"] is not None
    assert both["value"] == "200.00"
    assert traded.call("GET", VALUE, as_="purchasing").status == 403


def test_figures_are_not_listed_among_the_stock_of_their_warehouse(traded: World) -> None:
    listed = traded.call("GET", "/v1/stock?warehouse=main").body["data"]

    assert [one["sku"] for one in listed] == ["A-1", "B-1", "C-1", "D-1"]


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("SET units = :x", {":x": {"N": "21"}}),
        ("SET units = :x", {":x": {"N": "0"}}),
        ("SET seq = :x", {":x": {"N": "99"}}),
    ],
)
def test_figures_that_were_tampered_with_are_named(
    traded: World, expression: str, values: dict[str, object]
) -> None:
    tamper("INVENTORY_TABLE", {"pk": "figures#A-1", "sk": "main"}, expression, values)

    broken = traded.broken()

    assert [check["check"] for check in broken] == ["15"]
    assert broken[0]["examples"][0].startswith("A-1@main")


def test_a_page_of_figures_costs_as_many_round_trips_at_any_size(world: World) -> None:
    trips = set()
    for size in (2, 30):
        for number in range(size):
            adjust(world, world.product(f"S-{number:03d}"), {"delta": 1, "unit_cost": "1.00"})
        fold(world)
        world.call("GET", f"{VALUE}?limit=1")
        with counted() as calls:
            world.call("GET", f"{VALUE}?limit=1")
        trips.add(tuple(name for name, _ in calls))

    assert len(trips) == 1

