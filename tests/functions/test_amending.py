"""Amending an order: preview, agreed prices, repricing, credit notes that follow, versions."""

from typing import Any

from tests.world import Answer, World


def ordered(world: World, units: int = 3, **more: object) -> str:
    sku = world.product()
    world.stock(sku, 10)
    placed = world.order(world.customer(credit_limit="1000.00"), (sku, units), body=more)
    assert placed.status == 201, placed.text
    return str(placed.body["id"])


def amend(world: World, order: str, change: object, *, query: str = "", **more: Any) -> Answer:
    etag = world.call("GET", f"/v1/orders/{order}").headers["ETag"]
    return world.call("PATCH", f"/v1/orders/{order}{query}", change, headers={"If-Match": etag}, **more)


def documents(world: World, order: str) -> tuple[list[str], list[str]]:
    invoices = world.call("GET", f"/v1/invoices?order_id={order}").body["data"]
    notes = world.call("GET", f"/v1/credit-notes?order_id={order}").body["data"]
    return [one["total"] for one in invoices], [one["total"] for one in notes]


def test_more_of_a_line_reserves_at_once_and_is_invoiced_beside_the_first(world: World) -> None:
    order = ordered(world)
    world.drain()

    amended = amend(world, order, {"lines": [{"line": 1, "quantity": 5}]})
    world.drain()

    line = amended.body["lines"][0]
    assert (line["quantity"], line["reserved"], amended.body["total"]) == (5, 5, "56.50")
    assert world.on_shelf("A-1") == (10, 5, 5)
    assert documents(world, order) == (["33.90", "22.60"], [])
    assert world.broken() == []


def test_less_of_a_line_is_a_cancellation_with_a_credit_note(world: World) -> None:
    order = ordered(world)
    world.drain()

    amended = amend(world, order, {"lines": [{"line": 1, "quantity": 2}]})
    world.drain()

    line = amended.body["lines"][0]
    assert (line["quantity"], line["cancelled"], line["reserved"]) == (3, 1, 2)
    assert amended.body["total"] == "22.60"
    assert world.on_shelf("A-1") == (10, 2, 8)
    assert documents(world, order) == (["33.90"], ["11.30"])
    assert world.broken() == []


def test_credit_goes_to_the_newest_invoice_first_and_adds_up_when_everything_goes(world: World) -> None:
    order = ordered(world, discount={"percent": "3.33"})
    world.drain()
    amend(world, order, {"lines": [{"line": 1, "quantity": 7}]})
    world.drain()

    amend(world, order, {"lines": [{"line": 1, "quantity": 2}]})
    world.drain()
    world.call("POST", f"/v1/orders/{order}/cancel")
    world.drain()

    invoices, notes = documents(world, order)
    assert sum(map(float, invoices)) == sum(map(float, notes))
    assert len(invoices) == 2
    assert len(notes) == 3
    assert world.call("GET", f"/v1/orders/{order}").body["invoiced"] == "0.00"
    assert world.broken() == []


def test_another_price_ends_the_line_and_adds_another_without_touching_the_shelf(world: World) -> None:
    order = ordered(world)
    world.drain()

    amended = amend(world, order, {"lines": [{"line": 1, "unit_price": "9.00"}]})
    world.drain()

    old, new = amended.body["lines"]
    assert (old["cancelled"], old["reserved"], old["unit_price"]) == (3, 0, "10.00")
    assert (new["line"], new["quantity"], new["reserved"], new["replaces"]) == (2, 3, 3, 1)
    assert amended.body["total"] == "30.51"
    assert world.on_shelf("A-1") == (10, 3, 7)
    assert documents(world, order) == (["33.90", "30.51"], ["33.90"])
    assert world.broken() == []


def test_a_discount_on_the_order_is_given_on_what_is_open(world: World) -> None:
    order = ordered(world, 4)
    world.call("POST", f"/v1/orders/{order}/shipments", {"lines": [{"line": 1, "quantity": 1}]})

    amended = amend(world, order, {"discount": {"percent": "10"}})
    world.drain()

    assert amended.status == 200, amended.text
    assert amended.body["total"] == "41.81"
    assert amended.body["discount"] == "3.00"
    assert world.broken() == []


def test_new_lines_and_dates_and_notes(world: World) -> None:
    order = ordered(world)
    world.product("B-1", "5.00")
    world.stock("B-1", 5)

    change = {"lines": [{"sku": "B-1", "quantity": 2}], "requested_on": "2026-12-24", "note": "for Ann"}
    amended = amend(world, order, change)
    timeline = world.call("GET", f"/v1/orders/{order}/timeline").body["data"][0]

    assert [(one["line"], one["sku"]) for one in amended.body["lines"]] == [(1, "A-1"), (2, "B-1")]
    assert (amended.body["requested_on"], amended.body["note"]) == ("2026-12-24", "for Ann")
    assert timeline["changes"]["note"] is None
    assert timeline["changes"]["requested_on"] == [None, "2026-12-24"]
    assert world.on_shelf("B-1") == (5, 2, 3)


def test_a_preview_says_what_differs_and_stores_nothing(world: World) -> None:
    order = ordered(world)

    seen = amend(world, order, {"lines": [{"line": 1, "quantity": 12}]}, query="?preview=true")

    assert seen.status == 200, seen.text
    difference = seen.body["difference"]
    assert (difference["total"], difference["credit"]) == ("101.70", "101.70")
    assert difference["stock"] == [{"sku": "A-1", "warehouse": "main", "reserved": 9}]
    assert [one["code"] for one in seen.body["errors"]] == ["insufficient_stock"]
    assert world.call("GET", f"/v1/orders/{order}").body["version"] == 1
    assert world.on_shelf("A-1") == (10, 3, 7)


def test_what_is_shipped_cannot_be_amended_away(world: World) -> None:
    order = ordered(world)
    world.call("POST", f"/v1/orders/{order}/shipments", {"lines": [{"line": 1, "quantity": 2}]})

    refused = amend(world, order, {"lines": [{"line": 1, "quantity": 1}, {"line": 7, "quantity": 1}]})

    assert refused.status == 422
    assert {(one["pointer"], one["code"]) for one in refused.body["errors"]} == {
        ("/lines/0/quantity", "quantity_below_shipped"),
        ("/lines/1/line", "unknown_line"),
    }


def test_an_amendment_without_the_version_it_was_decided_on_is_refused(world: World) -> None:
    order = ordered(world)
    change = {"lines": [{"line": 1, "quantity": 4}]}

    without = world.call("PATCH", f"/v1/orders/{order}", change)
    amend(world, order, change)
    stale = world.call("PATCH", f"/v1/orders/{order}", change, headers={"If-Match": '"1.0"'})

    assert (without.status, without.code) == (428, "precondition_required")
    assert (stale.status, stale.code, stale.body["meta"]) == (412, "version_mismatch", {"current": 2})


def test_more_than_there_is_or_than_the_credit_reaches_for_is_refused_whole(world: World) -> None:
    order = ordered(world)
    world.product("B-1", "5.00")

    short = amend(world, order, {"lines": [{"line": 1, "quantity": 4}, {"sku": "B-1", "quantity": 1}]})
    world.stock("A-1", 1000)
    dear = amend(world, order, {"lines": [{"line": 1, "quantity": 500}]})

    assert (short.status, short.code) == (409, "insufficient_stock")
    assert [one["pointer"] for one in short.body["errors"]] == ["/lines/1/quantity"]
    assert (dear.status, dear.code) == (409, "credit_limit_exceeded")
    assert world.on_shelf("A-1") == (1010, 3, 1007)


def test_a_sales_person_may_not_give_a_price_in_an_amendment(world: World) -> None:
    order = ordered(world)

    refused = amend(world, order, {"lines": [{"line": 1, "unit_price": "1.00"}]}, as_="sales", name="sam")

    assert (refused.status, refused.code) == (403, "forbidden")


def test_a_draft_is_amended_as_it_likes_and_keeps_its_line_numbers(world: World) -> None:
    order = ordered(world, status="draft")
    world.product("B-1", "5.00")

    added = amend(world, order, {"lines": [{"sku": "B-1", "quantity": 4}, {"line": 1, "quantity": None}]})
    ended = amend(
        world, order, {"lines": [{"line": 1, "quantity": 0}], "shipping": {"amount": "6", "tax_rate": "0"}}
    )
    twice = amend(world, order, {"lines": [{"line": 2, "quantity": 1}, {"line": 2, "quantity": 2}]})
    nothing = amend(world, order, {"lines": [{"line": 2, "quantity": 0}]})

    assert [(one["line"], one["quantity"]) for one in added.body["lines"]] == [(1, 3), (2, 4)]
    assert [(one["line"], one["sku"]) for one in ended.body["lines"]] == [(2, "B-1"), (3, "SHIPPING")]
    assert ended.body["total"] == "28.60"
    assert (twice.code, nothing.code) == ("duplicate_line", "required")


def test_a_price_given_by_a_manager_stays_when_a_sales_person_changes_the_draft(world: World) -> None:
    order = ordered(world, status="draft")
    amend(world, order, {"lines": [{"line": 1, "unit_price": "8.00"}]}, as_="sales_manager")

    changed = amend(world, order, {"lines": [{"line": 1, "quantity": 2}]}, as_="sales", name="sam")
    cheaper = amend(world, order, {"lines": [{"line": 1, "unit_price": "7.00"}]}, as_="sales", name="sam")

    assert (changed.status, changed.body["net"]) == (200, "16.00"), changed.text
    assert (cheaper.status, cheaper.code) == (403, "forbidden")
