"""Changing stock by hand, and hearing of it again."""

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
