"""The main job, from the product to the invoice, through the real handlers."""

from tests.world import World


def test_an_order_reserves_its_stock_and_is_invoiced_and_settled(world: World) -> None:
    sku = world.product()
    world.stock(sku, 10)
    customer = world.customer(credit_limit="1000.00")

    placed = world.order(customer, (sku, 3))
    world.drain()

    assert placed.status == 201, placed.text
    assert placed.body["total"] == "33.90"
    assert placed.headers["ETag"] == '"1.0"'
    assert world.on_shelf(sku) == (10, 3, 7)
    order = world.call("GET", f"/v1/orders/{placed.body['id']}").body
    assert (order["invoicing"], order["invoiced"]) == ("invoiced", "33.90")
    invoices = world.call("GET", f"/v1/invoices?order_id={order['id']}").body["data"]
    assert [one["number"][-7:] for one in invoices] == ["-000001"]
    assert world.broken() == []


def test_the_same_request_twice_is_one_order(world: World) -> None:
    sku = world.product()
    world.stock(sku, 10)
    customer = world.customer()

    first = world.order(customer, (sku, 3), key="once")
    second = world.order(customer, (sku, 3), key="once")

    assert (first.status, second.status) == (201, 201)
    assert first.body["id"] == second.body["id"]
    assert second.headers["Idempotency-Replayed"] == "true"
    assert world.on_shelf(sku) == (10, 3, 7)


def test_the_same_key_with_another_body_is_refused(world: World) -> None:
    sku = world.product()
    world.stock(sku, 10)
    customer = world.customer()
    world.order(customer, (sku, 3), key="once")

    again = world.order(customer, (sku, 4), key="once")

    assert (again.status, again.code) == (422, "idempotency_key_reused")
    assert world.on_shelf(sku) == (10, 3, 7)


def test_a_cancelled_order_gives_its_stock_back_and_gets_a_credit_note(world: World) -> None:
    sku = world.product()
    world.stock(sku, 10)
    customer = world.customer(credit_limit="100.00")
    order = world.order(customer, (sku, 3)).body
    world.drain()

    cancelled = world.call("POST", f"/v1/orders/{order['id']}/cancel", {"reason": "changed their mind"})
    world.drain()

    assert (cancelled.status, cancelled.body["status"]) == (200, "cancelled")
    assert world.on_shelf(sku) == (10, 0, 10)
    notes = world.call("GET", f"/v1/credit-notes?order_id={order['id']}").body["data"]
    assert [one["total"] for one in notes] == ["33.90"]
    assert world.call("GET", f"/v1/orders/{order['id']}").body["invoiced"] == "0.00"
    assert world.broken() == []


def test_goods_leave_in_parts_and_never_more_than_is_reserved(world: World) -> None:
    sku = world.product()
    world.stock(sku, 10)
    order = world.order(world.customer(), (sku, 3)).body
    path = f"/v1/orders/{order['id']}/shipments"

    first = world.call("POST", path, {"lines": [{"line": 1, "quantity": 1}], "carrier": "SF"})
    too_much = world.call("POST", path, {"lines": [{"line": 1, "quantity": 3}]})
    rest = world.call("POST", path, {})
    world.drain()

    assert (first.status, too_much.status, rest.status) == (201, 422, 201)
    assert world.on_shelf(sku) == (7, 0, 7)
    assert world.call("GET", f"/v1/orders/{order['id']}").body["fulfilment"] == "fulfilled"
    events = [one["event"] for one in world.call("GET", f"/v1/orders/{order['id']}/timeline").body["data"]]
    assert events == ["order.shipped", "order.shipped", "order.placed"]
    assert world.broken() == []


def test_an_order_too_many_is_refused_naming_every_short_sku(world: World) -> None:
    world.product("A-1")
    world.product("B-1")
    world.stock("A-1", 2)
    customer = world.customer()

    refused = world.order(customer, ("A-1", 2), ("B-1", 1), ("A-1", 1))

    assert (refused.status, refused.code) == (409, "insufficient_stock")
    short = {(one["pointer"], one["meta"]["sku"], one["meta"]["available"]) for one in refused.body["errors"]}
    assert short == {
        ("/lines/0/quantity", "A-1", 2),
        ("/lines/1/quantity", "B-1", 0),
        ("/lines/2/quantity", "A-1", 2),
    }
    assert world.on_shelf("A-1") == (2, 0, 2)


def test_a_credit_limit_holds(world: World) -> None:
    sku = world.product()
    world.stock(sku, 10)
    customer = world.customer(credit_limit="20.00")

    answers = [world.order(customer, (sku, 1)).status for _ in range(3)]
    refused = world.order(customer, (sku, 1))

    assert answers == [201, 409, 409]
    assert refused.code == "credit_limit_exceeded"
    assert refused.body["meta"]["available"] == "8.70"


def test_stock_that_falls_to_its_reorder_point_is_told_to_purchasing_once(world: World) -> None:
    sku = world.product()
    world.stock(sku, 10)
    world.call("PUT", f"/v1/stock/{sku}/reorder-rule", {"point": 5, "target": 20})
    customer = world.customer()

    for _ in range(3):
        world.order(customer, (sku, 2))
    world.drain()

    alerts = world.call("GET", "/v1/stock-alerts?status=open").body["data"]
    assert [(one["sku"], one["point"]) for one in alerts] == [(sku, 5)]
    assert len(world.mail()) == 1
    world.stock(sku, 30)
    world.drain()
    assert world.call("GET", "/v1/stock-alerts?status=open").body["data"] == []
    assert len(world.call("GET", "/v1/stock-alerts?status=resolved").body["data"]) == 1


def test_a_reference_is_one_order_whatever_the_key(world: World) -> None:
    sku = world.product()
    world.stock(sku, 10)
    customer = world.customer()
    body = {"external_ref": {"source": "shop", "id": "1001"}}

    first = world.order(customer, (sku, 1), body=body)
    again = world.order(customer, (sku, 1), body=body)
    other = world.order(customer, (sku, 2), body=body)

    assert (first.status, again.status, other.status) == (201, 200, 409)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert other.code == "duplicate_reference"
    assert other.body["meta"]["id"] == first.body["id"]
    assert world.call("GET", "/v1/orders/by-ref/shop/1001").body["id"] == first.body["id"]
    assert world.on_shelf(sku) == (10, 1, 9)
