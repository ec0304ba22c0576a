"""Holds, carriers' news, closing and reopening, returns, exchanges."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.world import Answer, World


def ordered(world: World, units: int = 3, **more: object) -> str:
    sku = world.product()
    world.stock(sku, 10)
    placed = world.order(world.customer(credit_limit="1000.00"), (sku, units), body=more)
    assert placed.status == 201, placed.text
    return str(placed.body["id"])


def shipped(world: World, units: int = 3) -> str:
    order = ordered(world)
    answer = world.call("POST", f"/v1/orders/{order}/shipments", {"lines": [{"line": 1, "quantity": units}]})
    assert answer.status == 201, answer.text
    world.drain()
    return order


def do(world: World, path: str, body: object = None, **more: Any) -> Any:
    answer: Answer = world.call("POST", path, body or {}, **more)
    assert answer.status in {200, 201}, answer.text
    return answer.body


def test_a_hold_keeps_goods_in_until_whoever_may_lifts_it(world: World) -> None:
    order = ordered(world)
    path = f"/v1/orders/{order}"

    credit = do(world, f"{path}/holds", {"kind": "credit", "reason": "pays late"}, as_="finance")
    address = do(world, f"{path}/holds", {"kind": "address", "reason": "no street"}, as_="sales", name="sam")
    blocked = world.call("POST", f"{path}/shipments")
    seller = world.call("POST", f"{path}/holds/{credit['id']}/release", as_="sales", name="sam")
    do(world, f"{path}/holds/{address['id']}/release", as_="sales", name="sam")
    freed = do(world, f"{path}/holds/{credit['id']}/release", {"reason": "paid"}, as_="sales_manager")
    again = world.call("POST", f"{path}/holds/{credit['id']}/release", as_="sales_manager")

    assert (blocked.status, blocked.code) == (409, "invalid_state")
    assert {one["meta"]["kind"] for one in blocked.body["errors"]} == {"credit", "address"}
    assert "ship" not in blocked.body["meta"]["allowed"]
    assert (seller.status, again.status) == (403, 404)
    assert freed["holds"] == []
    assert world.call("POST", f"{path}/shipments").status == 201


def test_news_that_come_late_or_twice_never_move_a_shipment_backwards(world: World) -> None:
    order = shipped(world)
    shipment = world.call("GET", f"/v1/orders/{order}/shipments").body["data"][0]["id"]
    path = f"/v1/shipments/{shipment}/events"
    now = datetime.now(UTC)
    delivered = {"status": "delivered", "occurred_at": (now - timedelta(minutes=1)).isoformat()}
    late = {"status": "in_transit", "occurred_at": (now - timedelta(hours=3)).isoformat(), "place": "Hub"}

    first = do(world, path, delivered, as_="warehouse")
    again = do(world, path, delivered, as_="warehouse")
    after = do(world, path, late, as_="warehouse")
    ahead = world.call("POST", path, {"status": "delivered", "occurred_at": "2099-01-01T00:00:00Z"})

    assert (first["status"], again["version"], after["status"]) == ("delivered", 2, "delivered")
    assert [one["status"] for one in after["events"]] == ["in_transit", "delivered"]
    assert after["delivered_at"].startswith((now - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M"))
    assert (ahead.status, ahead.code) == (422, "out_of_range")


def test_closing_cancels_the_rest_and_reopening_asks_for_credit_again(world: World) -> None:
    order = shipped(world, 1)
    customer = world.call("GET", f"/v1/orders/{order}").body["customer"]["id"]

    closed = do(world, f"/v1/orders/{order}/close", {"reason": "they have enough"})
    world.drain()
    etag = world.call("GET", f"/v1/customers/{customer}").headers["ETag"]
    limit = {"credit_limit": "1.00"}
    world.call("PATCH", f"/v1/customers/{customer}", limit, headers={"If-Match": etag})
    refused = world.call("POST", f"/v1/orders/{order}/reopen")

    assert (closed["status"], closed["total"], closed["fulfilment"]) == ("closed", "11.30", "fulfilled")
    assert world.on_shelf("A-1") == (9, 0, 9)
    assert (refused.status, refused.code) == (409, "credit_limit_exceeded")
    assert world.broken() == []


def test_an_order_of_which_nothing_left_is_cancelled_and_not_closed(world: World) -> None:
    order = ordered(world)

    refused = world.call("POST", f"/v1/orders/{order}/close")
    do(world, f"/v1/orders/{order}/shipments", {"lines": [{"line": 1, "quantity": 1}]})
    whole = world.call("POST", f"/v1/orders/{order}/cancel")

    assert (refused.status, whole.status) == (409, 409)
    assert "close" in whole.body["meta"]["allowed"]


def test_returned_goods_go_back_on_the_shelf_after_inspection_and_are_credited(world: World) -> None:
    order = shipped(world)
    lines = [{"line": 1, "quantity": 2, "reason": "too big"}]

    asked = do(world, f"/v1/orders/{order}/returns", {"lines": lines}, as_="sales_manager")
    path = f"/v1/returns/{asked['id']}"
    too_many = world.call("POST", f"/v1/orders/{order}/returns", {"lines": lines})
    do(world, f"{path}/approve", as_="sales_manager")
    do(world, f"{path}/receive", as_="warehouse")
    unseen = world.call("POST", f"{path}/resolve", {"resolution": "credit"})
    inspected = do(
        world, f"{path}/inspect", {"lines": [{"line": 1, "restock": 1, "scrap": 1}]}, as_="warehouse"
    )
    resolved = do(world, f"{path}/resolve", {"resolution": "credit"}, as_="sales_manager")
    world.drain()

    assert (asked["status"], asked["allowed"]) == ("requested", ["approve", "reject", "cancel"])
    assert (too_many.status, too_many.code) == (422, "quantity_exceeds_shipped")
    assert (unseen.status, unseen.code) == (409, "invalid_state")
    assert (inspected["status"], resolved["status"]) == ("inspected", "resolved")
    assert world.on_shelf("A-1") == (8, 0, 8)
    held = world.call("GET", f"/v1/orders/{order}").body
    assert [held["lines"][0][name] for name in ("shipped", "returned", "credited", "invoiced")] == [3, 2, 2, 1]
    notes = world.call("GET", f"/v1/credit-notes?order_id={order}").body["data"]
    assert [one["total"] for one in notes] == ["22.60"]
    reasons = [one["reason"] for one in world.call("GET", "/v1/stock/A-1/movements").body["data"]]
    assert reasons == ["restock", "quarantine", "ship", "reserve", "receipt"]
    assert world.broken() == []


def test_an_inspection_accounts_for_every_unit(world: World) -> None:
    order = shipped(world)
    lines = [{"line": 1, "quantity": 2, "reason": "broken"}]
    returned = do(world, f"/v1/orders/{order}/returns", {"lines": lines})["id"]
    do(world, f"/v1/returns/{returned}/approve")
    do(world, f"/v1/returns/{returned}/receive", {"lines": [{"line": 1, "quantity": 1}]})

    short = world.call("POST", f"/v1/returns/{returned}/inspect", {"lines": [{"line": 1, "restock": 2}]})
    other = world.call("POST", f"/v1/returns/{returned}/inspect", {"lines": [{"line": 9, "restock": 1}]})

    assert (short.status, short.code) == (422, "units_differ")
    assert (other.status, other.code) == (422, "units_differ")
    assert world.call("GET", f"/v1/orders/{order}").body["lines"][0]["returning"] == 0
    assert world.on_shelf("A-1") == (7, 0, 7)


def test_a_return_that_is_called_off_can_be_asked_for_again(world: World) -> None:
    order = shipped(world)
    lines = [{"line": 1, "quantity": 3, "reason": "wrong colour"}]
    first = do(world, f"/v1/orders/{order}/returns", {"lines": lines})["id"]

    cancelled = do(world, f"/v1/returns/{first}/cancel", {"reason": "keeps it"})
    second = do(world, f"/v1/orders/{order}/returns", {"lines": lines})
    rejected = do(world, f"/v1/returns/{second['id']}/reject", {"reason": "worn"})

    assert (cancelled["status"], second["status"], rejected["status"]) == (
        "cancelled",
        "requested",
        "rejected",
    )
    assert world.call("GET", f"/v1/orders/{order}").body["lines"][0]["returning"] == 0


def test_an_exchange_credits_and_sells_in_one_step(world: World) -> None:
    order = shipped(world)
    world.product("B-1", "25.00")
    world.stock("B-1", 1)
    lines = [{"line": 1, "quantity": 1, "reason": "too small"}]
    returned = do(world, f"/v1/orders/{order}/returns", {"lines": lines})["id"]
    path = f"/v1/returns/{returned}"
    do(world, f"{path}/approve")
    do(world, f"{path}/receive")
    do(world, f"{path}/inspect", {"lines": [{"line": 1, "restock": 1}]})

    body = {"resolution": "exchange", "exchange": [{"sku": "B-1", "quantity": 2}]}
    short = world.call("POST", f"{path}/resolve", body)
    body["exchange"] = [{"sku": "B-1", "quantity": 1}]
    resolved = do(world, f"{path}/resolve", body, key="swap")
    again = world.call("POST", f"{path}/resolve", body, key="swap")
    world.drain()

    assert (short.status, short.body["errors"][0]["pointer"]) == (409, "/exchange/0/quantity")
    new = world.call("GET", f"/v1/orders/{resolved['exchange_order_id']}").body
    assert (new["exchange_of"], new["status"], new["total"]) == (order, "confirmed", "28.25")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert world.on_shelf("A-1") == (8, 0, 8)
    assert world.on_shelf("B-1") == (1, 1, 0)
    assert world.broken() == []
