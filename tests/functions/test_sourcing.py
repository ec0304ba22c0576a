"""From which warehouse goods are taken: what the line says, the customer, the company's rule; and why."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from soms.inventory import store as stock
from soms.inventory.model import Delta, StockItem
from soms.inventory.store import Cause
from soms.kit import aws
from soms.kit.writes import Writes

from tests.world import Answer, World

MANAGER = {"as_": "sales_manager", "name": "max"}


def warehouses(world: World, **regions: str) -> None:
    for priority, (name, region) in enumerate(regions.items(), 1):
        body = {"name": name, "region": region, "priority": priority}
        assert world.call("PUT", f"/v1/warehouses/{name}", body).status in {200, 201}


def rule(world: World, name: str, **more: object) -> None:
    held = world.call("GET", "/v1/settings").body
    del held["version"]
    assert world.call("PUT", "/v1/settings", held | {"sourcing": name, **more}).status == 200


def shelves(world: World, sku: str, **units: int) -> str:
    world.product(sku)
    for name, count in units.items():
        body = {"warehouse": name, "delta": count, "reason": "receipt"}
        assert world.call("POST", f"/v1/stock/{sku}/adjustments", body).status == 201
    return sku


def three(world: World, name: str = "nearest", **customer: object) -> str:
    """Open warehouses in the north, south and west under a rule; return a customer in the south."""
    warehouses(world, n="north", s="south", w="west")
    rule(world, name)
    return world.customer(**{"region": "south", "country": "CN", **customer})


def taken(answer: Answer) -> list[tuple[int, str, int, int | None]]:
    assert answer.status in {200, 201}, answer.text
    return [(one["line"], one["warehouse"], one["quantity"], one["split_of"]) for one in answer.body["lines"]]


def reserved(world: World, sku: str) -> dict[str, int]:
    rows = world.call("GET", f"/v1/stock/{sku}").body["warehouses"]
    return {row["warehouse"]: row["reserved"] for row in rows if row["reserved"]}


def change(world: World, path: str, body: object) -> Answer:
    held = world.call("GET", path).headers["ETag"]
    return world.call("PATCH", path, body, headers={"If-Match": held})


def settled(world: World) -> None:
    world.drain()
    assert world.broken() == []


def test_what_the_line_says_goes_before_customer_and_rule(world: World) -> None:
    customer = three(world, warehouse="w")
    sku = shelves(world, "A-1", n=5, s=5, w=5)
    lines = [{"sku": sku, "quantity": 2, "warehouse": "n"}, {"sku": sku, "quantity": 2}]

    placed = world.call("POST", "/v1/orders", {"customer_id": customer, "lines": lines})

    assert taken(placed) == [(1, "n", 2, None), (2, "w", 2, None)]
    assert [one["sourcing"]["rule"] for one in placed.body["lines"]] == ["line", "customer"]
    settled(world)


def test_the_nearest_that_holds_a_line_serves_it_and_the_order_says_why(world: World) -> None:
    customer = three(world)
    sku = shelves(world, "A-1", n=9, s=3)

    near = world.order(customer, (sku, 3))
    far = world.order(customer, (sku, 4))
    told = world.call("GET", f"/v1/orders/{far.body['id']}", headers={"Accept-Language": "zh"}).body

    assert (taken(near), taken(far)) == ([(1, "s", 3, None)], [(1, "n", 4, None)])
    why = far.body["lines"][0]["sourcing"]
    assert (why["rule"], why["wanted"], why["available"], why["passed"]) == ("nearest", 4, 9, {"s": 0})
    assert why["because"] == "The nearest that can serve it: 4 wanted, 9 available there; passed over: s 0."
    assert told["lines"][0]["sourcing"]["because"].startswith("最近的可供货仓库：需要 4，可用 9")
    settled(world)


def test_the_same_country_is_nearer_than_another_one(world: World) -> None:
    for name, country in (("a", "DE"), ("b", "CN")):
        world.call("PUT", f"/v1/warehouses/{name}", {"name": name, "country": country})
    rule(world, "nearest")
    sku = shelves(world, "A-1", a=5, b=5)

    placed = [world.order(world.customer(country=country), (sku, 1)) for country in ("DE", "CN")]

    assert [taken(one)[0][1] for one in placed] == ["a", "b"]


def test_a_line_that_no_warehouse_holds_is_split_and_its_amounts_to_the_cent(world: World) -> None:
    customer = three(world)
    sku = shelves(world, "A-1", n=4, s=3, w=9)
    world.product(sku, "3.33")
    line = {"sku": sku, "quantity": 10, "discount": {"amount": "1.00"}, "note": "blue"}
    body = {"discount": {"percent": "3"}, "lines": [line], "shipping": {"amount": "5.00", "tax_rate": "0.06"}}
    whole = world.call("POST", "/v1/orders", {"customer_id": customer, "status": "draft", **body})

    placed = world.call("POST", "/v1/orders", {"customer_id": customer, **body})

    assert taken(placed) == [(1, "s", 3, None), (2, None, 1, None), (3, "n", 4, 1), (4, "w", 3, 1)]
    amounts = ("subtotal", "discount", "net", "tax", "total", "tax_groups")
    assert [placed.body[name] for name in amounts] == [whole.body[name] for name in amounts]
    for name in ("net", "tax", "discount", "share", "gross"):
        parts = [Decimal(one[name]) for one in placed.body["lines"] if one["line"] != 2]
        assert sum(parts) == Decimal(whole.body["lines"][0][name]), name
    given = [one["discount_rule"]["amount"] for one in placed.body["lines"] if one["line"] != 2]
    assert given == ["0.30", "0.40", "0.30"]
    assert reserved(world, sku) == {"s": 3, "n": 4, "w": 3}
    settled(world)


def test_a_split_order_is_shipped_returned_and_billed_line_by_line(world: World) -> None:
    customer = three(world)
    sku = shelves(world, "A-1", n=4, s=3)
    placed = world.order(customer, (sku, 7)).body
    path = f"/v1/orders/{placed['id']}"
    world.drain()

    sent = world.call("POST", f"{path}/shipments", {"lines": [{"line": 2, "quantity": 4}]})
    back = world.call(
        "POST", f"{path}/returns", {"lines": [{"line": 2, "quantity": 1, "reason": "broken"}]}
    )
    cut = world.call("POST", f"{path}/cancel", {"lines": [{"line": 1, "quantity": 1}]})
    world.drain()

    assert (sent.status, back.status, cut.status) == (201, 201, 200)
    assert reserved(world, sku) == {"s": 2}
    after = world.call("GET", path).body
    assert (after["invoiced"], after["total"]) == ("67.80", "67.80")
    settled(world)


def test_the_fewest_warehouses_serve_an_order(world: World) -> None:
    customer = three(world, "fewest_splits")
    one = shelves(world, "A-1", s=5, w=5)
    two = shelves(world, "B-1", n=5, w=5)

    placed = world.order(customer, (one, 5), (two, 5))

    assert taken(placed) == [(1, "w", 5, None), (2, "w", 5, None)]
    assert placed.body["lines"][0]["sourcing"]["rule"] == "fewest_splits"
    settled(world)


def test_what_nobody_has_is_missed_at_the_preferred_warehouse(world: World) -> None:
    customer = three(world)
    sku = shelves(world, "A-1", n=2, s=1)

    refused = world.order(customer, (sku, 5))

    assert (refused.status, refused.code) == (409, "insufficient_stock")
    [fault] = refused.body["errors"]
    meta = {"sku": sku, "warehouse": "s", "requested": 3, "available": 1}
    assert (fault["pointer"], fault["meta"]) == ("/lines/0/quantity", meta)
    assert reserved(world, sku) == {}


def test_the_customers_warehouse_is_left_only_where_it_cannot_serve(world: World) -> None:
    warehouses(world, n="north", s="south")
    customer = world.customer(warehouse="s")
    sku = shelves(world, "A-1", n=9, s=3, main=2)

    first = world.order(customer, (sku, 2))
    split = world.order(customer, (sku, 3))
    refused = world.order(customer, (sku, 1))

    assert taken(first) == [(1, "s", 2, None)]
    assert taken(split) == [(1, "s", 1, None), (2, "main", 2, 1)]
    assert [one["sourcing"]["rule"] for one in split.body["lines"]] == ["customer", "default"]
    assert refused.body["errors"][0]["meta"]["warehouse"] == "s"
    settled(world)


@pytest.mark.parametrize(("name", "code"), [("moon", "unknown_warehouse"), ("n", "inactive_warehouse")])
def test_customers_orders_and_settings_name_warehouses_that_are_there(
    world: World, name: str, code: str
) -> None:
    customer = world.customer()
    sku = shelves(world, "A-1", main=5)
    world.call("PUT", "/v1/warehouses/n", {"name": "north", "active": False})
    held = world.call("GET", "/v1/settings").body
    del held["version"]
    line = {"sku": sku, "quantity": 1, "warehouse": name}

    refused = [
        world.call("POST", "/v1/customers", {"name": "B", "currency": "CNY", "warehouse": name}),
        change(world, f"/v1/customers/{customer}", {"warehouse": name}),
        world.call("POST", "/v1/orders", {"customer_id": customer, "lines": [line]}),
        world.call("PUT", "/v1/settings", held | {"default_warehouse": name}),
    ]

    assert [(one.status, one.body["errors"][0]["code"]) for one in refused] == [(422, code)] * 4


def test_an_inactive_warehouse_is_left_out_but_its_stock_can_be_seen(world: World) -> None:
    customer = three(world, warehouse="s")
    sku = shelves(world, "A-1", n=5, s=5)

    world.call("PUT", "/v1/warehouses/s", {"name": "south", "region": "south", "active": False})
    placed = world.order(customer, (sku, 2))

    assert taken(placed) == [(1, "n", 2, None)]
    rows = world.call("GET", f"/v1/stock/{sku}").body["warehouses"]
    assert {row["warehouse"]: row["available"] for row in rows} == {"n": 3, "s": 5}


def test_the_default_warehouse_stays_active(world: World) -> None:
    refused = world.call("PUT", "/v1/warehouses/main", {"name": "main", "active": False})

    [fault] = refused.body["errors"]
    assert (refused.status, fault["code"], fault["pointer"]) == (422, "inactive_warehouse", "/active")


def test_a_draft_is_sourced_when_it_is_confirmed(world: World) -> None:
    customer = three(world)
    sku = shelves(world, "A-1", n=4, s=3)
    draft = world.order(customer, (sku, 5), body={"status": "draft"})

    confirmed = world.call("POST", f"/v1/orders/{draft.body['id']}/confirm")

    assert taken(draft) == [(1, "main", 5, None)]
    assert taken(confirmed) == [(1, "s", 3, None), (2, "n", 2, 1)]
    settled(world)


def test_a_quote_that_keeps_stock_is_split_and_a_draft_again_in_one_piece(world: World) -> None:
    customer = three(world)
    sku = shelves(world, "A-1", n=4, s=3)
    draft = world.order(customer, (sku, 5), body={"status": "draft"}).body
    path = f"/v1/orders/{draft['id']}"

    quoted = world.call("POST", f"{path}/quote", {"reserve": True})
    revised = world.call("POST", f"{path}/revise")
    world.drain()
    again = world.call("POST", f"{path}/quote", {"reserve": True})
    accepted = world.call("POST", f"{path}/accept")

    assert taken(quoted) == [(1, "s", 3, None), (2, "n", 2, 1)]
    assert [one[::2] for one in taken(revised)] == [(1, 5)]
    assert revised.body["total"] == draft["total"]
    assert taken(again) == taken(accepted) == [(1, "s", 3, None), (3, "n", 2, 1)]
    settled(world)


def test_a_quote_without_stock_and_an_approval_take_what_is_there_then(world: World) -> None:
    customer = three(world)
    sku = shelves(world, "A-1", n=4, s=3)
    rule(world, "nearest", approval_rules=[{"id": "big", "total_above": "30.00"}])
    draft = world.order(customer, (sku, 5), body={"status": "draft"}).body
    path = f"/v1/orders/{draft['id']}"
    world.call("POST", f"{path}/quote")
    waiting = world.call("POST", f"{path}/accept")
    world.call("POST", f"/v1/stock/{sku}/adjustments", {"warehouse": "s", "delta": 2, "reason": "found"})

    approved = world.call("POST", f"{path}/approve", **MANAGER)

    assert (waiting.body["status"], taken(waiting)) == ("pending_approval", [(1, "main", 5, None)])
    assert taken(approved) == [(1, "s", 5, None)]
    settled(world)


def test_units_that_an_amendment_adds_come_from_elsewhere_where_they_must(world: World) -> None:
    customer = three(world)
    sku, other = shelves(world, "A-1", n=4, s=3), shelves(world, "B-1", w=2)
    placed = world.order(customer, (sku, 2)).body
    path = f"/v1/orders/{placed['id']}"
    wanted = {"lines": [{"line": 1, "quantity": 5}, {"sku": other, "quantity": 1}]}

    etag = world.call("GET", path).headers["ETag"]
    seen = world.call("PATCH", f"{path}?preview=true", wanted, headers={"If-Match": etag})
    amended = change(world, path, wanted)

    assert taken(amended) == [(1, "s", 2, None), (2, "w", 1, None), (3, "n", 3, 1)]
    assert seen.body["order"]["lines"] == amended.body["lines"]
    assert amended.body["total"] == "67.80"
    settled(world)


def test_repriced_units_stay_where_they_are_reserved(world: World) -> None:
    customer = three(world)
    sku = shelves(world, "A-1", n=4, s=3)
    placed = world.order(customer, (sku, 3)).body

    wanted = {"lines": [{"line": 1, "unit_price": "9.00", "quantity": 4}]}
    repriced = change(world, f"/v1/orders/{placed['id']}", wanted)

    assert taken(repriced)[1:] == [(2, "s", 3, None), (3, "n", 1, 2)]
    assert (repriced.body["total"], reserved(world, sku)) == ("40.68", {"s": 3, "n": 1})
    settled(world)


def test_goods_in_exchange_are_sourced(world: World) -> None:
    customer = three(world)
    sku = shelves(world, "A-1", n=4, s=1)
    placed = world.order(customer, (sku, 1)).body
    path = f"/v1/orders/{placed['id']}"
    world.call("POST", f"{path}/shipments")
    units = {"line": 1, "quantity": 1}
    back = world.call("POST", f"{path}/returns", {"lines": [units | {"reason": "broken"}]}).body["id"]
    world.call("POST", f"/v1/returns/{back}/approve")
    world.call("POST", f"/v1/returns/{back}/receive")
    world.call("POST", f"/v1/returns/{back}/inspect", {"lines": [{"line": 1, "scrap": 1}]})

    body = {"resolution": "exchange", "exchange": [{"sku": sku, "quantity": 2}]}
    done = world.call("POST", f"/v1/returns/{back}/resolve", body)

    assert done.status == 200, done.text
    fresh = world.call("GET", f"/v1/orders/{done.body['exchange_order_id']}")
    assert taken(fresh) == [(1, "n", 2, None)]
    settled(world)


def test_validation_shows_the_choice_that_placing_makes(world: World) -> None:
    customer = three(world)
    sku = shelves(world, "A-1", n=4, s=3)
    body = {"customer_id": customer, "lines": [{"sku": sku, "quantity": 6}]}

    seen = world.call("POST", "/v1/order-validations", body).body
    placed = world.call("POST", "/v1/orders", body)

    assert (seen["valid"], seen["order"]["lines"]) == (True, placed.body["lines"])


def test_stock_that_went_meanwhile_leads_to_another_choice(world: World) -> None:
    customer = three(world)
    sku = shelves(world, "A-1", n=4, s=3)

    with gone_after_reading(StockItem(sku=sku, warehouse="s"), 2) as reads:
        placed = world.order(customer, (sku, 3))

    assert (taken(placed), len(reads)) == ([(1, "n", 3, None)], 2)
    assert reserved(world, sku) == {"n": 3}


@contextmanager
def gone_after_reading(item: StockItem, units: int) -> Iterator[list[str]]:
    """Let units leave a shelf right after it was first read in a batch; collect those readings."""
    reads: list[str] = []

    def leave(parsed: Mapping[str, Any], **_: object) -> None:
        rows = [row for table in parsed["Responses"].values() for row in table]
        if not any(row["pk"]["S"] == f"stock#{item.sku}" for row in rows):
            return
        reads.append(item.sku)
        if len(reads) == 1:
            writes = Writes()
            cause = Cause("evt_other", "loss", "test", "eve")
            stock.move(writes, item, cause, Delta(on_hand=-units), refused=stock.stale)
            writes.commit()

    events = aws.dynamodb().meta.events
    events.register("after-call.dynamodb.BatchGetItem", leave)
    try:
        yield reads
    finally:
        events.unregister("after-call.dynamodb.BatchGetItem", leave)
