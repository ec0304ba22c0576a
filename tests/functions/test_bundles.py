"""Bundles: sold as one line at one price, kept, shipped, returned and billed by their components."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.world import Answer, World

AMOUNTS = ("net", "tax", "gross", "discount", "share")


@pytest.fixture
def world() -> Iterator[World]:
    """A gift set of two teas and a cup for 44.99, with stock for five of them."""
    with World.opened() as made:
        made.product("TEA", "10.00")
        made.product("CUP", "30.00")
        bundled(made)
        made.stock("TEA", 10)
        made.stock("CUP", 8)
        yield made


def bundled(world: World, sku: str = "SET", **more: Any) -> str:
    parts = [{"sku": "TEA", "quantity": 2}, {"sku": "CUP", "quantity": 1}]
    return world.product(sku, "44.99", **{"name": "Gift set", "stocked": False, "components": parts, **more})


def placed(world: World, *lines: tuple[str, int], **body: Any) -> dict[str, Any]:
    answer = world.order(world.customer(), *lines, body=body)
    assert answer.status == 201, answer.text
    found: dict[str, Any] = answer.body
    return found


def change(world: World, order: str, body: object, path: str = "") -> Answer:
    match = {"If-Match": world.call("GET", f"/v1/orders/{order}").headers["ETag"]}
    return world.call("POST" if path else "PATCH", f"/v1/orders/{order}{path}", body, headers=match)


def summed(lines: list[dict[str, Any]], *names: str) -> dict[str, Decimal]:
    return {name: sum((Decimal(one[name]) for one in lines), Decimal(0)) for name in names or AMOUNTS}


def goods(order: dict[str, Any]) -> list[tuple[int, str, int]]:
    return [(one["line"], one["sku"], one["quantity"]) for one in order["lines"]]


def books_hold(world: World) -> None:
    world.drain()
    assert world.broken() == []


def put(world: World, sku: str, components: object, **more: object) -> Answer:
    body = {"name": "Set", "unit_price": "1.00", "currency": "CNY", "tax_rate": "0.13", "stocked": False}
    return world.call("PUT", f"/v1/products/{sku}", {**body, "components": components, **more})


def faults(answer: Answer) -> list[tuple[str, str]]:
    assert answer.status == 422, answer.text
    return [(one["code"], one["pointer"]) for one in answer.body["errors"]]


def test_a_bundle_is_made_of_stocked_products_in_its_currency_and_of_no_bundle(world: World) -> None:
    world.product("SERVICE", stocked=False)
    world.product("DOLLARS", currency="USD")
    names = ("NONE", "SET", "BOX", "SERVICE", "DOLLARS", "TEA", "TEA")

    wrong = put(world, "BOX", [{"sku": sku, "quantity": 1} for sku in names])
    stocked = put(world, "BOX", [{"sku": "TEA", "quantity": 1}], stocked=True)

    assert faults(wrong) == [
        ("duplicate", "/components/6/sku"),
        ("unknown_sku", "/components/0/sku"),
        ("nested_bundle", "/components/1/sku"),
        ("nested_bundle", "/components/2/sku"),
        ("component_not_stocked", "/components/3/sku"),
        ("currency_mismatch", "/components/4/sku"),
    ]
    assert faults(stocked) == [("bundle_stocked", "/stocked")]
    assert put(world, "BOX", []).status == put(world, "BOX", [{"sku": "TEA", "quantity": 1}] * 21).status == 422


def test_as_many_bundles_are_available_as_one_warehouse_has_components_for(world: World) -> None:
    world.call("PUT", "/v1/warehouses/east", {"name": "East"})
    for sku, units in (("TEA", 5), ("CUP", 1)):
        body = {"warehouse": "east", "delta": units, "reason": "receipt"}
        world.call("POST", f"/v1/stock/{sku}/adjustments", body)
    world.call("PUT", "/v1/stock/TEA/shards", {"shards": 3, "warehouse": "main"})

    before = world.call("GET", "/v1/stock/SET")
    placed(world, ("SET", 2), ("TEA", 1))
    after = world.call("GET", "/v1/stock/SET")
    bundled(world, components=[{"sku": "TEA", "quantity": 1}, {"sku": "CUP", "quantity": 1}])
    other = world.call("GET", "/v1/stock/SET")

    assert before.body == {
        "sku": "SET",
        "name": "Gift set",
        "stocked": False,
        "bundle": True,
        "available": 6,
        "warehouses": [{"warehouse": "east", "available": 1}, {"warehouse": "main", "available": 5}],
        "components": [
            {"sku": "TEA", "quantity": 2, "available": 15},
            {"sku": "CUP", "quantity": 1, "available": 9},
        ],
    }
    assert after.body["warehouses"][1] == {"warehouse": "main", "available": 2}
    assert other.body["warehouses"][1] == {"warehouse": "main", "available": 5}
    assert len({one.headers["ETag"] for one in (before, after, other)}) == 3


def test_an_order_reserves_the_components_which_hold_the_bundles_amounts_to_the_cent(world: World) -> None:
    order = placed(world, ("SET", 3), ("TEA", 1))

    tea, loose, cup = order["lines"]
    assert goods(order) == [(1, "TEA", 6), (2, "TEA", 1), (3, "CUP", 3)]
    assert tea["bundle"] == cup["bundle"]
    assert tea["bundle"] == {
        "sku": "SET",
        "name": "Gift set",
        "line": 1,
        "quantity": 3,
        "unit_price": "44.99",
        "list_price": None,
    }
    assert loose["bundle"] is None
    # 134.97 by 20 : 30; of 17.55 tax 7.02 and 10.53.
    assert [(one["net"], one["tax"]) for one in (tea, cup)] == [("53.99", "7.02"), ("80.98", "10.53")]
    assert [one["unit_price"] for one in (tea, cup)] == ["8.998333", "26.993333"]
    assert (order["net"], order["tax"], order["total"]) == ("144.97", "18.85", "163.82")
    assert world.on_shelf("TEA") == (10, 7, 3)
    assert world.on_shelf("CUP") == (8, 3, 5)
    books_hold(world)


@pytest.mark.parametrize("with_tax", [False, True])
@pytest.mark.parametrize("discount", [{"percent": "7.5"}, {"amount": "5.55"}])
def test_discounts_and_tax_are_those_of_the_bundle_in_one_piece(
    world: World, discount: dict[str, str], *, with_tax: bool
) -> None:
    settings = world.call("GET", "/v1/settings").body
    del settings["version"]
    world.call("PUT", "/v1/settings", settings | {"includes_tax": with_tax})
    world.product("WHOLE", "44.99", stocked=False)

    def sold(sku: str) -> dict[str, Any]:
        lines = [{"sku": sku, "quantity": 3, "discount": discount}, {"sku": "TEA", "quantity": 1}]
        shipping = {"amount": "9.00", "tax_rate": "0.06"}
        return placed(world, lines=lines, discount={"percent": "3.3"}, shipping=shipping)

    whole, apart = sold("WHOLE"), sold("SET")

    totals = ("subtotal", "discount", "shipping", "net", "tax", "total", "tax_groups")
    assert {name: apart[name] for name in totals} == {name: whole[name] for name in totals}
    components = [one for one in apart["lines"] if one["bundle"]]
    assert summed(components) == summed(whole["lines"][:1])
    assert goods(apart) == [(1, "TEA", 6), (2, "TEA", 1), (3, "SHIPPING", 1), (4, "CUP", 3)]
    books_hold(world)


def test_what_components_are_worth_is_compared_without_their_taxes(world: World) -> None:
    settings = world.call("GET", "/v1/settings").body
    del settings["version"]
    world.call("PUT", "/v1/settings", settings | {"includes_tax": True})
    world.product("TEA", "5.65", tax_rate="0.13")
    world.product("CUP", "10.90", tax_rate="0.09")

    order = placed(world, ("SET", 2))

    assert [one["net"] for one in order["lines"]] == ["39.82", "39.81"]


def test_a_bundle_keeps_its_own_tax(world: World) -> None:
    bundled(world, tax_rate="0.09")

    order = placed(world, ("SET", 1))

    assert {one["tax_rate"] for one in order["lines"]} == {"0.09"}
    assert [(one["rate"], one["tax"]) for one in order["tax_groups"]] == [("0.09", "4.05")]


def test_what_is_short_of_a_bundle_and_a_loose_line_together_is_named_where_it_was_asked_for(
    world: World,
) -> None:
    customer = world.customer()

    refused = world.order(customer, ("CUP", 5), ("SET", 4))
    body = {"customer_id": customer, "lines": [{"sku": "CUP", "quantity": 5}, {"sku": "SET", "quantity": 4}]}
    seen = world.call("POST", "/v1/order-validations", body).body

    assert refused.status == 409
    told = [(one["meta"]["sku"], one["meta"]["requested"], one["pointer"]) for one in refused.body["errors"]]
    assert told == [("CUP", 9, "/lines/0/quantity"), ("CUP", 9, "/lines/1/quantity")]
    assert [(one["code"], one["pointer"]) for one in seen["errors"]] == [
        ("insufficient_stock", pointer) for _, _, pointer in told
    ]
    assert goods(seen["order"]) == [(1, "CUP", 5), (2, "TEA", 8), (3, "CUP", 4)]
    assert world.on_shelf("CUP") == (8, 0, 8)


def test_components_are_shipped_returned_and_billed_like_any_line(world: World) -> None:
    order = placed(world, ("SET", 2))
    world.drain()
    path = f"/v1/orders/{order['id']}"
    part = {"lines": [{"line": 1, "quantity": 3}]}
    assert world.call("POST", f"{path}/shipments", part).status == 201
    assert world.call("POST", f"{path}/shipments", {}).status == 201
    asked = {"lines": [{"line": 2, "quantity": 1, "reason": "chipped"}]}

    returned = f"/v1/returns/{world.call('POST', f'{path}/returns', asked).body['id']}"
    bodies = {"approve": {}, "receive": {}, "inspect": {"lines": [{"line": 2, "restock": 1}]}}
    for step, body in {**bodies, "resolve": {"resolution": "credit"}}.items():
        assert world.call("POST", f"{returned}/{step}", body).status == 200, step
    books_hold(world)

    invoice = world.call("GET", f"/v1/invoices?order_id={order['id']}").body["data"][0]
    billed = world.call("GET", f"/v1/invoices/{invoice['id']}").body
    assert [one["name"] for one in billed["lines"]] == ["Gift set – Product TEA", "Gift set – Product CUP"]
    assert (billed["net"], billed["total"]) == (order["net"], order["total"])
    note = world.call("GET", f"/v1/credit-notes?order_id={order['id']}").body["data"][0]
    half = Decimal(order["lines"][1]["gross"]) / 2
    assert abs(Decimal(note["total"]) - half) < Decimal("0.01")
    assert world.on_shelf("CUP") == (7, 0, 7)
    assert world.on_shelf("TEA") == (6, 0, 6)


def test_fewer_of_a_bundle_end_its_components_together(world: World) -> None:
    order = placed(world, ("SET", 3), ("TEA", 1))

    fewer = change(world, order["id"], {"lines": [{"line": 1, "quantity": 1}]})
    books_hold(world)

    assert [(one["sku"], one["cancelled"]) for one in fewer.body["lines"]] == [
        ("TEA", 4),
        ("TEA", 0),
        ("CUP", 2),
    ]
    assert summed(fewer.body["lines"], "net")["net"] == Decimal("54.99")
    assert world.on_shelf("TEA") == (10, 3, 7)
    assert world.on_shelf("CUP") == (8, 1, 7)


def test_a_bundle_is_not_left_with_less_than_was_shipped_of_a_component(world: World) -> None:
    order = placed(world, ("SET", 3))
    part = {"lines": [{"line": 1, "quantity": 3}]}
    assert world.call("POST", f"/v1/orders/{order['id']}/shipments", part).status == 201

    refused = change(world, order["id"], {"lines": [{"line": 1, "quantity": 1}]})
    fewer = change(world, order["id"], {"lines": [{"line": 1, "quantity": 2}]})

    assert faults(refused) == [("quantity_below_shipped", "/lines/0/quantity")]
    assert refused.body["errors"][0]["meta"] == {"shipped": 2}
    assert [one["cancelled"] for one in fewer.body["lines"]] == [2, 1]
    books_hold(world)


@pytest.mark.parametrize(
    ("body", "path", "pointer"),
    [
        ({"lines": [{"line": 2, "quantity": 1}]}, "", "/lines/0/line"),
        ({"lines": [{"line": 1, "unit_price": "1.00"}]}, "", "/lines/0/line"),
        ({"lines": [{"line": 1, "quantity": 3}]}, "", "/lines/0/quantity"),
        ({"discount": {"percent": "5"}}, "", "/discount"),
        ({"lines": [{"line": 1, "quantity": 1}]}, "/cancel", "/lines/0/line"),
    ],
)
def test_a_bundle_is_not_taken_apart_by_a_change(
    world: World, body: dict[str, object], path: str, pointer: str
) -> None:
    order = placed(world, ("SET", 2))

    refused = change(world, order["id"], body, path)

    assert faults(refused) == [("bundle_line", pointer)]
    assert world.on_shelf("CUP") == (8, 2, 6)


def test_another_bundle_comes_to_an_order_as_lines_of_its_own_after_a_preview(world: World) -> None:
    order = placed(world, ("SET", 2))
    more = {"lines": [{"sku": "SET", "quantity": 1}, {"sku": "TEA", "quantity": 1}]}

    match = {"If-Match": '"1.0"'}
    seen = world.call("PATCH", f"/v1/orders/{order['id']}?preview=true", more, headers=match)
    added = change(world, order["id"], more)
    lines = [{"sku": "CUP", "quantity": 1}, {"sku": "SET", "quantity": 3}]
    short = change(world, order["id"], {"lines": lines})

    assert added.status == 200, added.text
    assert goods(added.body) == [(1, "TEA", 4), (2, "CUP", 2), (3, "TEA", 2), (4, "TEA", 1), (5, "CUP", 1)]
    assert goods(seen.body["order"]) == goods(added.body)
    assert [one["bundle"] and one["bundle"]["line"] for one in added.body["lines"]] == [1, 1, 3, None, 3]
    assert short.status == 409
    told = [(one["meta"]["sku"], one["pointer"]) for one in short.body["errors"]]
    assert told == [("TEA", "/lines/1/quantity")]
    books_hold(world)


def test_a_cancelled_order_gives_back_every_component(world: World) -> None:
    order = placed(world, ("SET", 2))

    cancelled = change(world, order["id"], {}, "/cancel")
    books_hold(world)

    assert cancelled.body["status"] == "cancelled"
    assert (world.on_shelf("TEA"), world.on_shelf("CUP")) == ((10, 0, 10), (8, 0, 8))


def test_only_the_component_that_is_short_waits_for_goods(world: World) -> None:
    order = placed(world, ("SET", 6), backorder="allow")
    assert [(one["reserved"], one["backordered"]) for one in order["lines"]] == [(10, 2), (6, 0)]

    world.stock("TEA", 2)
    books_hold(world)

    lines = world.call("GET", f"/v1/orders/{order['id']}").body["lines"]
    assert [(one["reserved"], one["backordered"]) for one in lines] == [(12, 0), (6, 0)]


def test_a_draft_is_changed_by_bundles_and_keeps_its_line_numbers(world: World) -> None:
    lines = [{"sku": "SET", "quantity": 2, "discount": {"amount": "5.00"}}, {"sku": "TEA", "quantity": 1}]
    draft = placed(world, lines=lines, status="draft")

    changed = change(world, draft["id"], {"lines": [{"line": 1, "quantity": 3}]})
    part = change(world, draft["id"], {"lines": [{"line": 3, "quantity": 1}]})
    bundled(world, unit_price="40.00")
    confirmed = change(world, draft["id"], {}, "/confirm")

    assert faults(part) == [("bundle_line", "/lines/0/line")]
    assert goods(changed.body) == goods(confirmed.body) == [(1, "TEA", 6), (2, "TEA", 1), (3, "CUP", 3)]
    assert changed.body["net"] == "139.97"
    assert confirmed.body["net"] == "125.00"
    assert world.on_shelf("CUP") == (8, 3, 5)


def test_a_bundle_below_its_list_price_asks_for_approval_as_a_whole(world: World) -> None:
    settings = world.call("GET", "/v1/settings").body
    del settings["version"]
    rule = {"id": "below", "below_list": True}
    world.call("PUT", "/v1/settings", settings | {"approval_rules": [rule]})

    usual = placed(world, ("SET", 1))
    cheap = placed(world, lines=[{"sku": "SET", "quantity": 1, "unit_price": "44.98"}])

    assert (usual["status"], cheap["status"]) == ("confirmed", "pending_approval")
    assert cheap["lines"][0]["bundle"]["list_price"] == "44.99"


def test_a_bundle_whose_component_can_no_longer_be_one_is_not_sold(world: World) -> None:
    world.product("CUP", "30.00", stocked=False)
    world.product("TEA", "10.00", active=False)

    refused = world.order(world.customer(), ("SET", 1))

    assert faults(refused) == [("inactive_sku", "/lines/0/sku"), ("component_not_stocked", "/lines/0/sku")]


def test_a_product_that_has_become_a_bundle_comes_to_an_order_as_a_line_of_its_own(world: World) -> None:
    world.product("KIT", "20.00")
    world.stock("KIT", 1)
    order = placed(world, ("KIT", 1))
    bundled(world, "KIT")

    more = change(world, order["id"], {"lines": [{"line": 1, "quantity": 2}]})

    assert goods(more.body) == [(1, "KIT", 1), (2, "TEA", 2), (3, "CUP", 1)]
    assert more.body["net"] == "40.00"
    books_hold(world)


def test_the_warehouse_sees_bundles_without_prices(world: World) -> None:
    order = placed(world, ("SET", 1))

    seen = world.call("GET", f"/v1/orders/{order['id']}", as_="warehouse").text

    assert '"Gift set"' in seen
    assert "44.99" not in seen


def test_components_from_several_warehouses_end_together_too(world: World) -> None:
    world.call("PUT", "/v1/warehouses/east", {"name": "East"})
    body = {"warehouse": "east", "delta": 6, "reason": "receipt"}
    world.call("POST", "/v1/stock/TEA/adjustments", body)
    settings = world.call("GET", "/v1/settings").body
    del settings["version"]
    world.call("PUT", "/v1/settings", settings | {"sourcing": "fewest_splits"})
    draft = placed(world, ("SET", 7), status="draft")

    quoted = change(world, draft["id"], {"reserve": True}, "/quote")
    revised = change(world, draft["id"], {}, "/revise")
    world.drain()
    order = change(world, draft["id"], {}, "/confirm")
    fewer = change(world, draft["id"], {"lines": [{"line": 1, "quantity": 3}]})

    units = {one["warehouse"]: one["quantity"] for one in order.body["lines"] if one["sku"] == "TEA"}
    assert units == {"main": 10, "east": 4}
    assert len(quoted.body["lines"]) == 3
    assert goods(revised.body) == goods(draft) == [(1, "TEA", 14), (2, "CUP", 7)]
    assert summed(order.body["lines"], "net") == summed(draft["lines"], "net")
    left = [(one["sku"], one["quantity"] - one["cancelled"]) for one in fewer.body["lines"]]
    assert sum(units for sku, units in left if sku == "TEA") == 6
    assert sum(units for sku, units in left if sku == "CUP") == 3
    books_hold(world)


def test_a_bundle_is_given_in_exchange(world: World) -> None:
    order = placed(world, ("TEA", 1))
    path = f"/v1/orders/{order['id']}"
    world.call("POST", f"{path}/shipments", {})
    asked = {"lines": [{"line": 1, "quantity": 1, "reason": "wrong one"}]}
    returned = f"/v1/returns/{world.call('POST', f'{path}/returns', asked).body['id']}"
    given = {"resolution": "exchange", "exchange": [{"sku": "SET", "quantity": 1}]}

    bodies = {"approve": {}, "receive": {}, "inspect": {"lines": [{"line": 1, "restock": 1}]}, "resolve": given}
    for step, body in bodies.items():
        answer = world.call("POST", f"{returned}/{step}", body)
        assert answer.status in {200, 201}, answer.text
    books_hold(world)

    made = world.call("GET", f"/v1/orders/{answer.body['exchange_order_id']}").body
    assert goods(made) == [(1, "TEA", 2), (2, "CUP", 1)]


def test_bundles_come_to_no_more_lines_and_units_than_an_order_may_have(world: World) -> None:
    parts = [{"sku": world.product(f"P-{number}"), "quantity": 50_001} for number in range(20)]
    bundled(world, components=parts)
    customer = world.customer()

    wide = world.order(customer, *[("SET", 1)] * 26)
    deep = world.order(customer, ("SET", 20))

    assert faults(wide) == [("too_many_lines", "/lines")]
    assert faults(deep) == [("out_of_range", "/lines/0/quantity")] * 20
