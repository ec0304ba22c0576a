"""Validating without storing, and placing many orders at once."""

from tests.world import World


def shop(world: World) -> tuple[str, str]:
    sku = world.product()
    world.stock(sku, 10)
    return sku, world.customer(credit_limit="50.00")


def test_a_good_order_is_valid_and_shows_what_it_would_come_to(world: World) -> None:
    sku, customer = shop(world)
    body = {"customer_id": customer, "lines": [{"sku": sku, "quantity": 2}]}

    seen = world.call("POST", "/v1/order-validations", body, key="")

    assert (seen.status, seen.body["valid"], seen.body["errors"]) == (200, True, [])
    assert (seen.body["order"]["total"], seen.body["order"]["lines"][0]["price_source"]) == ("22.60", "catalog")
    assert world.call("GET", f"/v1/orders?customer_id={customer}").body["data"] == []
    assert world.on_shelf(sku) == (10, 0, 10)


def test_everything_that_stands_against_an_order_is_told_at_once(world: World) -> None:
    sku, customer = shop(world)
    world.product("OLD", active=False)
    lines = [
        {"sku": sku, "quantity": 11},
        {"sku": "GONE", "quantity": 1},
        {"sku": "OLD", "quantity": 1},
    ]
    body = {"customer_id": customer, "currency": "EUR", "lines": lines}

    seen = world.call("POST", "/v1/order-validations", body)

    assert (seen.status, seen.body["valid"]) == (200, False)
    told = {(one["pointer"], one["code"]) for one in seen.body["errors"]}
    assert told >= {
        ("/currency", "currency_mismatch"),
        ("/lines/0/quantity", "insufficient_stock"),
        ("/lines/1/sku", "unknown_sku"),
        ("/lines/2/sku", "inactive_sku"),
        ("", "credit_limit_exceeded"),
    }


def test_a_body_of_the_wrong_shape_is_an_answer_here(world: World) -> None:
    seen = world.call("POST", "/v1/order-validations", {"lines": [{"sku": "A", "quantity": 0}], "colour": 1})

    assert (seen.status, seen.body["valid"], seen.body["order"]) == (200, False, None)
    assert {(one["pointer"], one["code"]) for one in seen.body["errors"]} >= {
        ("/colour", "unknown_field"),
        ("/lines/0/quantity", "too_small"),
    }


def test_validation_says_what_placing_says(world: World) -> None:
    sku, customer = shop(world)
    for lines in ([{"sku": sku, "quantity": 11}], [{"sku": sku, "quantity": 5}], [{"sku": "X", "quantity": 1}]):
        body = {"customer_id": customer, "lines": lines}

        seen = world.call("POST", "/v1/order-validations", body).body["errors"]
        placed = world.call("POST", "/v1/orders", body)

        told = placed.body["errors"] or [{"code": placed.code}]
        assert told[0]["code"] in {one["code"] for one in seen}


def test_many_orders_at_once_are_placed_each_for_itself(world: World) -> None:
    sku, customer = shop(world)
    good = {"customer_id": customer, "lines": [{"sku": sku, "quantity": 1}]}
    bad = {"customer_id": customer, "lines": [{"sku": "GONE", "quantity": 1}]}
    shape = {"customer_id": customer, "lines": []}

    first = world.call("POST", "/v1/orders/batch", {"orders": [good, bad, good, shape]}, key="many")
    again = world.call("POST", "/v1/orders/batch", {"orders": [good, bad, good, shape]}, key="many")
    world.drain()

    statuses = [one["status"] for one in first.body["results"]]
    assert (first.status, statuses) == (200, [201, 422, 201, 422])
    assert first.body["results"][1]["problem"]["code"] == "unknown_sku"
    repeated = again.body["results"]
    assert [one.get("replayed") for one in repeated] == [True, None, True, None]
    assert repeated[0]["order"]["id"] == first.body["results"][0]["order"]["id"]
    assert world.on_shelf(sku) == (10, 2, 8)
    assert world.broken() == []


def test_a_batch_takes_up_to_fifty(world: World) -> None:
    many = world.call("POST", "/v1/orders/batch", {"orders": [{}] * 51})
    none = world.call("POST", "/v1/orders/batch", {"orders": []})

    assert (many.status, many.code) == (422, "too_many")
    assert (none.status, none.code) == (422, "too_few")
