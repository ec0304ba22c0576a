"""Changing stock by hand, and hearing of it again."""

from tests.engine import before_writing
from tests.functions.test_counts import limits
from tests.functions.test_refusals import shop
from tests.world import World


def test_a_repeated_adjustment_shows_its_movement_before_and_after_the_ledger_has_it(world: World) -> None:
    sku, customer = shop(world)
    world.order(customer, (sku, 4))
    path, body = f"/v1/stock/{sku}/adjustments", {"delta": -3, "reason": "damage", "note": "wet"}
    first = world.call("POST", path, body, key="wet")
    world.stock(sku, 100)

    at_once = world.call("POST", path, body, key="wet")
    world.drain()
    later = world.call("POST", path, body, key="wet")

    assert [one.headers.get("Idempotency-Replayed") for one in (first, at_once, later)] == [None, "true", "true"]
    assert first.body["movement"]["balance"] == {
        "on_hand": 7, "reserved": 4, "available": 3, "incoming": 0, "backordered": 0, "quarantine": 0,
    }  # fmt: skip
    assert at_once.body["movement"] == first.body["movement"]
    assert {**later.body["movement"], "at": ""} == {**first.body["movement"], "at": ""}
    assert (first.body["stock"]["on_hand"], at_once.body["stock"]["on_hand"]) == (7, 107)
    moved = world.call("GET", f"/v1/stock/{sku}/movements").body["data"]
    assert [one["seq"] for one in moved if one["reason"] == "damage"] == [3]


def test_an_adjustment_above_the_limit_moves_nothing_until_somebody_else_approves(world: World) -> None:
    sku, _ = shop(world)
    limits(world, adjustment_approval_above_units=5)
    path = f"/v1/stock/{sku}/adjustments"
    body = {"delta": -6, "reason": "damage", "note": "wet"}

    small = world.call("POST", path, {"delta": -5, "reason": "damage"}, as_="admin", name="ada")
    asked = world.call("POST", path, body, as_="admin", name="ada", key="wet")
    world.stock(sku, 5)
    again = world.call("POST", path, body, as_="admin", name="ada", key="wet")
    before = world.on_shelf(sku)
    paper = f"/v1/counts/{asked.body['id']}"
    own = world.call("POST", f"{paper}/approve", {}, as_="admin", name="ada")
    approved = world.call("POST", f"{paper}/approve", {}, as_="sales_manager", name="max")

    assert (small.status, asked.status, asked.headers["Location"]) == (201, 202, paper)
    assert (asked.body["kind"], asked.body["status"], asked.body["shortage"]) == ("adjustment", "pending_approval", 6)
    assert (again.status, again.headers["Idempotency-Replayed"], again.body) == (202, "true", asked.body)
    assert (before, own.status) == ((10, 0, 10), 403)
    assert (approved.body["status"], world.on_shelf(sku)) == ("posted", (4, 0, 4))
    world.drain()
    moved = world.call("GET", f"/v1/stock/{sku}/movements").body["data"][0]
    assert (moved["reason"], moved["by"]) == ("damage", "max")
    assert world.broken() == []


def test_what_was_counted_by_hand_is_held_against_the_limit_by_its_difference(world: World) -> None:
    sku, _ = shop(world)
    limits(world, adjustment_approval_above_units=5)
    path = f"/v1/stock/{sku}/adjustments"

    within = world.call("POST", path, {"counted": 15, "reason": "found"})
    above = world.call("POST", path, {"counted": 21, "reason": "found"})
    rejected = world.call("POST", f"/v1/counts/{above.body['id']}/reject", {"reason": "no"}, name="max")

    assert (within.status, above.status, rejected.body["status"]) == (201, 202, "rejected")
    assert world.on_shelf(sku) == (15, 0, 15)


def test_what_comes_in_after_approval_has_the_cost_that_was_said(world: World) -> None:
    sku, _ = shop(world)
    limits(world, adjustment_approval_above_units=5)
    body = {"delta": 6, "reason": "receipt", "unit_cost": "3.25"}
    asked = world.call("POST", f"/v1/stock/{sku}/adjustments", body, as_="warehouse").body["id"]

    world.call("POST", f"/v1/counts/{asked}/approve", {})
    world.drain()

    moved = world.call("GET", f"/v1/stock/{sku}/movements").body["data"][0]
    assert (moved["delta"]["on_hand"], moved["unit_cost"]) == (6, "3.25")


def test_what_runs_low_is_in_the_stock_of_its_warehouse_once(world: World) -> None:
    for sku in ("A-1", "A-2", "A-3"):
        world.stock(world.product(sku), 10)
        world.call("PUT", f"/v1/stock/{sku}/reorder-rule", {"point": 50, "target": 60})
    world.drain()

    first = world.call("GET", "/v1/stock?warehouse=main&limit=1").body
    second = world.call("GET", f"/v1/stock?warehouse=main&limit=1&cursor={first['next_cursor']}").body
    third = world.call("GET", f"/v1/stock?warehouse=main&limit=1&cursor={second['next_cursor']}").body

    rows = [*first["data"], *second["data"], *third["data"]]
    assert [(one["sku"], one["on_hand"]) for one in rows] == [("A-1", 10), ("A-2", 10), ("A-3", 10)]
    assert third["next_cursor"] is None


def test_a_limit_is_held_against_what_is_there_when_it_is_written(world: World) -> None:
    sku, _ = shop(world)
    limits(world, adjustment_approval_above_units=5)
    path = f"/v1/stock/{sku}/adjustments"

    before_writing(lambda: world.call("POST", path, {"delta": -5, "reason": "damage"}))
    counted = world.call("POST", path, {"counted": 14, "reason": "found"})

    assert (counted.status, counted.body["surplus"], world.on_shelf(sku)) == (202, 9, (5, 0, 5))
