"""Goods that lie apart: what came back until it is inspected, and what somebody holds by hand."""

from typing import Any

from tests.functions.test_counts import SHELF
from tests.functions.test_refusals import refused, shop
from tests.states import do
from tests.world import Answer, World


def apart(world: World, sku: str) -> tuple[int, int, int]:
    """Return what is on hand, available and in quarantine."""
    held = world.call("GET", f"/v1/stock/{sku}").body
    return held["on_hand"], held["available"], held["quarantine"]


def by_hand(world: World, sku: str, action: str, quantity: int) -> Answer:
    body = {"quantity": quantity, "action": action, "reason": "smells"}
    return world.call("POST", f"/v1/stock/{sku}/quarantine", body, **SHELF)


def came_back(world: World, sku: str, customer: str, units: int) -> str:
    order = world.order(customer, (sku, units)).body["id"]
    do(world, f"/v1/orders/{order}/shipments", **SHELF)
    lines = [{"line": 1, "quantity": units, "reason": "worn"}]
    path = f"/v1/returns/{do(world, f'/v1/orders/{order}/returns', {'lines': lines})['id']}"
    do(world, f"{path}/approve")
    do(world, f"{path}/receive", **SHELF)
    return path


def moved(world: World, sku: str) -> list[tuple[str, dict[str, int]]]:
    world.drain()
    rows: list[dict[str, Any]] = world.call("GET", f"/v1/stock/{sku}/movements").body["data"]
    return [(one["reason"], one["delta"]) for one in rows]


def test_what_came_back_lies_apart_until_it_is_inspected(world: World) -> None:
    sku, customer = shop(world)
    path = came_back(world, sku, customer, 6)

    received = apart(world, sku)
    verdict = {"line": 1, "restock": 2, "scrap": 1, "send_back": 1, "repair": 2}
    do(world, f"{path}/inspect", {"lines": [verdict]}, **SHELF)
    inspected = apart(world, sku)
    repaired = by_hand(world, sku, "release", 2)

    assert (received, inspected) == ((4, 4, 6), (6, 6, 2))
    assert (repaired.status, apart(world, sku)) == (201, (8, 8, 0))
    assert moved(world, sku)[:3] == [
        ("restock", {"on_hand": 2, "available": 2, "quarantine": -2}),
        ("restock", {"on_hand": 2, "available": 2, "quarantine": -4}),
        ("quarantine", {"quarantine": 6}),
    ]
    assert world.broken() == []


def test_what_is_only_scrapped_or_sent_back_is_told_in_its_own_word(world: World) -> None:
    sku, customer = shop(world)
    first, second = (came_back(world, sku, customer, 2) for _ in range(2))

    do(world, f"{first}/inspect", {"lines": [{"line": 1, "scrap": 1, "send_back": 1}]}, **SHELF)
    do(world, f"{second}/inspect", {"lines": [{"line": 1, "send_back": 2}]}, **SHELF)

    told = [one for one in moved(world, sku) if one[0] in {"scrap", "send_back"}]
    assert told == [("send_back", {"quarantine": -2}), ("scrap", {"quarantine": -2})]
    assert apart(world, sku) == (6, 6, 0)
    assert world.broken() == []


def test_what_left_quarantine_by_hand_can_not_be_inspected_and_that_is_said(world: World) -> None:
    sku, customer = shop(world)
    path = came_back(world, sku, customer, 2)
    by_hand(world, sku, "scrap", 1)

    answer = world.call("POST", f"{path}/inspect", {"lines": [{"line": 1, "restock": 2}]}, **SHELF)

    assert refused(answer, 409, "insufficient_quarantine") == [("/lines", "insufficient_quarantine")]
    assert answer.body["errors"][0]["meta"] == {"sku": sku, "warehouse": "main", "requested": 2, "quarantine": 1}
    assert world.call("GET", path).body["status"] == "received"


def test_holding_takes_from_what_is_available_and_scrapping_from_what_is_held(world: World) -> None:
    sku, customer = shop(world)
    world.order(customer, (sku, 4))

    answers = [by_hand(world, sku, "hold", 7), by_hand(world, sku, "hold", 6), by_hand(world, sku, "scrap", 2)]
    answers += [by_hand(world, sku, "release", 5), by_hand(world, sku, "release", 3)]

    assert refused(answers[0], 409, "insufficient_stock") == [("/quantity", "insufficient_stock")]
    assert refused(answers[3], 409, "insufficient_quarantine") == [("/quantity", "insufficient_quarantine")]
    assert [answer.status for answer in answers] == [409, 201, 201, 409, 201]
    assert answers[1].body["stock"]["quarantine"] == 6
    assert answers[1].body["movement"]["reason"] == "quarantine"
    assert apart(world, sku) == (7, 3, 1)
    assert moved(world, sku)[:3] == [
        ("restock", {"on_hand": 3, "available": 3, "quarantine": -3}),
        ("scrap", {"quarantine": -2}),
        ("quarantine", {"on_hand": -6, "available": -6, "quarantine": 6}),
    ]
    assert world.broken() == []
