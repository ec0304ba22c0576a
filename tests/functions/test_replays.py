"""Every command of orders, sent again with its key: the first outcome again, and nothing moves."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from soms.kit.access import ROUTES

from tests import states
from tests.commands import OTHER
from tests.faults.stories import found
from tests.states import INSPECTED, WHY, Case, Ready, lines
from tests.world import Answer, World

KEY = "the-same"
VALID = "POST /v1/order-validations"


@dataclass(frozen=True)
class Row:
    """A route, the state it needs, its body and, by a field, another body under the same key."""

    route: str
    ready: Ready
    body: Callable[[Case], dict[str, Any]]
    other: dict[str, Any]
    who: dict[str, str] = field(default_factory=dict)

    def send(self, world: World, case: Case, **changed: object) -> Answer:
        method, path = self.route.split(" ")
        names = dict.fromkeys(("hold_id", "shipment_id", "return_id"), case.part)
        headers = {"If-Match": '"1.0"', "Idempotency-Key": KEY} if method == "PATCH" else {}
        body = self.body(case) | changed
        place = path.format(order_id=case.order, **names)
        return world.call(method, place, body, key=KEY, headers=headers, **self.who)


def says(**body: object) -> Callable[[Case], dict[str, Any]]:
    return lambda _case: body


def _order(case: Case) -> dict[str, object]:
    return {"customer_id": case.customer, "lines": [{"sku": case.sku, "quantity": 2}]}


def _swap(case: Case) -> dict[str, object]:
    return {"resolution": "exchange", "exchange": [{"sku": case.sku, "quantity": 1}]}


ORDER, RETURN = "POST /v1/orders/{order_id}", "POST /v1/returns/{return_id}"
REASON = {"reason": "another one"}
ROWS = (
    Row("POST /v1/orders", states.goods, _order, {"note": "another"}),
    Row("PATCH /v1/orders/{order_id}", states.ordered, says(**lines(5)), lines(4)),
    Row(f"{ORDER}/quote", states.drafted, says(valid_days=7, reserve=True), {"valid_days": 8}),
    Row(f"{ORDER}/revise", states.quoted, says(), REASON),
    Row(f"{ORDER}/accept", states.quoted, says(), REASON),
    Row(f"{ORDER}/lose", states.quoted, says(), REASON),
    Row(f"{ORDER}/confirm", states.drafted, says(), REASON),
    Row(f"{ORDER}/discard", states.drafted, says(), REASON),
    Row(f"{ORDER}/approve", states.waiting, says(), REASON, OTHER),
    Row(f"{ORDER}/reject", states.waiting, says(**WHY), REASON, OTHER),
    Row(f"{ORDER}/recall", states.waiting, says(**WHY), REASON),
    Row(f"{ORDER}/cancel", states.ordered, says(**lines(1)), lines(2)),
    Row(f"{ORDER}/close", states.begun, says(), REASON),
    Row(f"{ORDER}/reopen", states.closed, says(), REASON),
    Row(f"{ORDER}/holds", states.ordered, says(kind="manual", **WHY), REASON),
    Row(f"{ORDER}/holds/{{hold_id}}/release", states.held, says(), REASON),
    Row(f"{ORDER}/shipments", states.ordered, says(**lines(1)), lines(2)),
    Row(
        "POST /v1/shipments/{shipment_id}/events", states.shipped, says(status="delivered"), {"place": "Hub"}
    ),
    Row(f"{ORDER}/documents", states.ordered, says(kind="order_confirmation"), {"kind": "another"}),
    Row(
        "POST /v1/shipments/{shipment_id}/documents",
        states.shipped,
        says(kind="delivery_note"),
        {"kind": "another"},
    ),
    Row(f"{ORDER}/returns", states.shipped, says(**lines(1, reason="worn")), {"note": "another"}),
    Row(f"{RETURN}/approve", states.asked_back, says(), REASON),
    Row(f"{RETURN}/reject", states.asked_back, says(**WHY), REASON),
    Row(f"{RETURN}/cancel", states.agreed, says(), REASON),
    Row(f"{RETURN}/receive", states.agreed, says(), REASON),
    Row(f"{RETURN}/inspect", states.received, says(lines=[INSPECTED]), REASON),
    Row(f"{RETURN}/resolve", states.inspected, says(resolution="credit"), REASON),
    Row(f"{RETURN}/resolve", states.inspected, _swap, REASON),
)
APART = {
    "POST /v1/orders/batch": "each of its orders is replayed for itself",
    VALID: "nothing is stored, so it takes no key",
}


def test_every_command_of_orders_is_in_the_table() -> None:
    commands = {route for route in ROUTES["orders"] if not route.startswith("GET ")}

    assert {row.route for row in ROWS} | APART.keys() == commands


def test_the_table_names_no_command_twice_but_the_two_ways_to_resolve() -> None:
    named = [row.route for row in ROWS if row.route != f"{RETURN}/resolve"]

    assert len(named) == len(set(named))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.route)
def test_a_command_sent_again_has_its_first_outcome_and_moves_nothing(world: World, row: Row) -> None:
    case = row.ready(world, "A-1")
    world.drain()

    first = row.send(world, case)
    before = found(world, case.sku, case.customer)
    again = row.send(world, case)
    other = row.send(world, case, **row.other)
    after = found(world, case.sku, case.customer)
    world.drain()
    late = row.send(world, case)

    assert first.status in {200, 201}, first.text
    assert "Idempotency-Replayed" not in first.headers
    assert (again.status, again.headers.get("Idempotency-Replayed")) == (first.status, "true"), again.text
    assert again.body == first.body
    assert again.headers.get("ETag") == first.headers.get("ETag")
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert after == before
    assert (late.status, late.body["id"]) == (first.status, first.body["id"])
    assert world.broken() == []


def test_a_batch_sent_again_places_nothing_and_tells_each_order_that_was_there(world: World) -> None:
    case = states.goods(world, "A-1")
    bodies = [_order(case), _order(case) | {"note": "second"}]

    first = world.call("POST", "/v1/orders/batch", {"orders": bodies}, key=KEY)
    before = found(world, case.sku, case.customer)
    again = world.call("POST", "/v1/orders/batch", {"orders": bodies}, key=KEY)
    bodies[1]["note"] = "another"
    other = world.call("POST", "/v1/orders/batch", {"orders": bodies}, key=KEY)

    assert [one["replayed"] for one in first.body["results"]] == [False, False]
    assert [one["replayed"] for one in again.body["results"]] == [True, True]
    ids = [[one["order"]["id"] for one in answer.body["results"]] for answer in (first, again)]
    assert ids[0] == ids[1]
    assert other.body["results"][0]["replayed"]
    assert other.body["results"][1]["problem"]["code"] == "idempotency_key_reused"
    assert found(world, case.sku, case.customer) == before


def test_validating_needs_no_key_and_remembers_none(world: World) -> None:
    case = states.goods(world, "A-1")

    answers = [world.call("POST", VALID.split(" ")[1], _order(case), key=key) for key in ("", KEY, KEY)]

    assert [answer.status for answer in answers] == [200, 200, 200]
    assert all("Idempotency-Replayed" not in answer.headers for answer in answers)
    assert found(world, case.sku, case.customer)["orders"] == []
