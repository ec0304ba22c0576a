"""Approval rules: what they ask on, who may decide, and that nothing is taken before they have."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from soms.kit import clock

from tests.world import World


def ruled(world: World, *rules: dict[str, object], **more: object) -> None:
    """Set the company's approval rules."""
    answer = world.call("PUT", "/v1/settings", {"approval_rules": list(rules), **more})
    assert answer.status == 200, answer.text


def shop(world: World, units: int = 10, **customer: Any) -> tuple[str, str]:
    sku = world.product(cost="6.00")
    world.stock(sku, units)
    return sku, world.customer(**{"credit_limit": "1000.00", **customer})


BIG = {"id": "big", "name": "Big orders", "total_above": "50.00"}


def test_an_order_that_a_rule_asks_for_waits_and_takes_nothing(world: World) -> None:
    sku, customer = shop(world)
    ruled(world, BIG)

    placed = world.order(customer, (sku, 5), as_="sales", name="sam")
    small = world.order(customer, (sku, 4), as_="sales", name="sam")

    assert (placed.status, placed.body["status"], small.body["status"]) == (
        201,
        "pending_approval",
        "confirmed",
    )
    asked = placed.body["waiting"]["rules"][0]
    assert (asked["rule"], asked["inputs"]) == ("big", {"total": "56.50", "total_above": "50.00"})
    assert world.on_shelf(sku) == (10, 4, 6)
    world.drain()
    assert world.call("GET", f"/v1/invoices?order_id={placed.body['id']}").body["data"] == []
    assert world.broken() == []


def test_whoever_created_it_may_not_approve_it_and_somebody_else_may(world: World) -> None:
    sku, customer = shop(world)
    ruled(world, BIG)
    order = world.order(customer, (sku, 5), as_="sales_manager", name="mia").body["id"]
    path = f"/v1/orders/{order}/approve"

    own = world.call("POST", path, as_="sales_manager", name="mia")
    seller = world.call("POST", path, as_="sales", name="sam")
    approved = world.call("POST", path, {"reason": "fine"}, as_="sales_manager", name="max")
    world.drain()

    assert (own.status, seller.status) == (403, 403)
    assert (approved.status, approved.body["status"]) == (200, "confirmed"), approved.text
    assert world.on_shelf(sku) == (10, 5, 5)
    decided = world.call("GET", f"/v1/orders/{order}/approvals").body["data"][0]
    assert (decided["outcome"], decided["decided_by"], decided["reason"]) == ("approved", "max", "fine")
    assert decided["rules"][0]["inputs"]["total"] == "56.50"
    assert world.call("GET", f"/v1/orders/{order}").body["invoiced"] == "56.50"
    assert world.broken() == []


def test_approval_looks_at_stock_and_credit_again(world: World) -> None:
    sku, customer = shop(world, credit_limit="80.00")
    ruled(world, BIG)
    order = world.order(customer, (sku, 5), as_="sales", name="sam").body["id"]
    world.order(customer, (sku, 3), as_="sales", name="sam")
    path = f"/v1/orders/{order}/approve"

    poor = world.call("POST", path, as_="sales_manager", name="max")
    etag = world.call("GET", f"/v1/customers/{customer}").headers["ETag"]
    world.call("PATCH", f"/v1/customers/{customer}", {"credit_limit": "500.00"}, headers={"If-Match": etag})
    world.call("POST", f"/v1/stock/{sku}/adjustments", {"delta": -4, "reason": "loss"})
    short = world.call("POST", path, as_="sales_manager", name="max")

    assert (poor.status, poor.code) == (409, "credit_limit_exceeded")
    assert (short.status, short.code) == (409, "insufficient_stock")
    assert world.call("GET", f"/v1/orders/{order}").body["status"] == "pending_approval"
    world.drain()
    assert world.broken() == []


@pytest.mark.parametrize(
    ("rule", "body", "asks"),
    [
        ({"discount_above": "10"}, {"discount": {"percent": "10.06"}}, True),
        ({"discount_above": "10"}, {"discount": {"percent": "10"}}, False),
        ({"margin_below": "40"}, {"discount": {"percent": "0.5"}}, True),
        ({"margin_below": "40"}, {}, False),
        ({"new_customer": True}, {}, True),
        ({"below_list": True}, {"lines": [{"sku": "A-1", "quantity": 1, "unit_price": "9.99"}]}, True),
        ({"below_list": True}, {"lines": [{"sku": "A-1", "quantity": 1, "unit_price": "10.00"}]}, False),
        ({"total_above": "5.00", "currency": "USD"}, {}, False),
        ({"total_above": "5.00", "discount_above": "10"}, {}, False),
    ],
)
def test_a_rule_asks_when_all_of_its_conditions_hold(
    world: World, rule: dict[str, object], body: dict[str, object], *, asks: bool
) -> None:
    sku, customer = shop(world)
    ruled(world, {"id": "rule", **rule})

    placed = world.order(customer, (sku, 1), body=body)

    assert placed.status == 201, placed.text
    assert (placed.body["status"] == "pending_approval") is asks


def test_an_order_beyond_the_credit_waits_where_a_rule_says_so_and_still_cannot_pass_the_limit(
    world: World,
) -> None:
    sku, customer = shop(world, credit_limit="20.00")
    ruled(world, {"id": "credit", "credit_exceeded": True})

    placed = world.order(customer, (sku, 2), as_="sales", name="sam")
    approved = world.call("POST", f"/v1/orders/{placed.body['id']}/approve", as_="sales_manager")

    assert placed.body["status"] == "pending_approval"
    assert (approved.status, approved.code) == (409, "credit_limit_exceeded")


def test_what_is_rejected_or_recalled_is_a_draft_again(world: World) -> None:
    sku, customer = shop(world)
    ruled(world, BIG)
    first = world.order(customer, (sku, 5), as_="sales", name="sam").body["id"]
    second = world.order(customer, (sku, 6), as_="sales", name="sam").body["id"]

    silent = world.call("POST", f"/v1/orders/{first}/reject", as_="sales_manager")
    rejected = world.call("POST", f"/v1/orders/{first}/reject", {"reason": "too dear"}, as_="sales_manager")
    foreign = world.call("POST", f"/v1/orders/{second}/recall", {"reason": "x"}, as_="sales", name="sue")
    recalled = world.call("POST", f"/v1/orders/{second}/recall", {"reason": "wrong"}, as_="sales", name="sam")

    assert (silent.status, silent.code) == (422, "required")
    assert (rejected.status, rejected.body["status"]) == (200, "draft")
    assert foreign.status in {403, 404}
    assert (recalled.status, recalled.body["status"]) == (200, "draft")
    assert recalled.body["waiting"] is None if "waiting" in recalled.body else True
    waiting = world.call("GET", "/v1/approvals", as_="sales_manager").body["data"]
    assert waiting == []


def test_two_rules_with_two_kinds_of_approver_need_both(world: World) -> None:
    sku, customer = shop(world)
    money = {"id": "money", "total_above": "50.00", "approvers": ["finance_manager"]}
    ruled(world, BIG, money)
    order = world.order(customer, (sku, 5), as_="sales", name="sam").body["id"]
    path = f"/v1/orders/{order}/approve"

    first = world.call("POST", path, as_="sales_manager", name="max")
    again = world.call("POST", path, as_="sales_manager", name="mia")
    listed = world.call("GET", "/v1/approvals", as_="finance_manager", name="fay").body["data"]
    second = world.call("POST", path, as_="finance_manager", name="fay")

    assert (first.status, first.body["status"]) == (200, "pending_approval")
    assert again.status == 403
    assert [(one["order_id"], one["rules"]) for one in listed] == [(order, ["money"])]
    assert (second.status, second.body["status"]) == (200, "confirmed"), second.text


def test_the_list_of_what_waits_for_me_leaves_out_my_own(world: World) -> None:
    sku, customer = shop(world)
    ruled(world, BIG)
    theirs = world.order(customer, (sku, 5), as_="sales", name="sam").body["id"]
    world.order(customer, (sku, 5), as_="sales_manager", name="max")

    waiting = world.call("GET", "/v1/approvals", as_="sales_manager", name="max").body["data"]

    assert [(one["order_id"], one["kind"], one["requested_by"]) for one in waiting] == [
        (theirs, "order", "sam")
    ]


def test_an_amendment_that_a_rule_asks_for_waits_while_the_order_stays_as_it_is(world: World) -> None:
    sku, customer = shop(world)
    ruled(world, BIG)
    order = world.order(customer, (sku, 2), as_="sales", name="sam").body["id"]
    path = f"/v1/orders/{order}"
    change = {"lines": [{"line": 1, "quantity": 6}]}

    waits = world.call("PATCH", path, change, as_="sales", name="sam", headers={"If-Match": '"1.0"'})
    meanwhile = world.call("POST", f"{path}/shipments", {"lines": [{"line": 1, "quantity": 1}]})
    second = world.call("PATCH", path, change, as_="sales", name="sam", headers={"If-Match": '"3.0"'})
    approved = world.call("POST", f"{path}/approve", as_="sales_manager", name="max")
    world.drain()

    assert (waits.status, waits.body["status"], waits.body["total"]) == (200, "confirmed", "22.60")
    assert waits.body["waiting"]["kind"] == "amendment"
    assert meanwhile.status == 201
    assert (second.status, second.code) == (409, "invalid_state")
    assert (approved.status, approved.body["total"]) == (200, "67.80"), approved.text
    assert approved.body["lines"][0]["reserved"] == 5
    assert world.on_shelf(sku) == (9, 5, 4)
    assert world.broken() == []


def test_a_rejected_amendment_is_dropped(world: World) -> None:
    sku, customer = shop(world)
    ruled(world, BIG)
    order = world.order(customer, (sku, 2), as_="sales", name="sam").body["id"]
    change = {"lines": [{"line": 1, "quantity": 6}]}
    world.call("PATCH", f"/v1/orders/{order}", change, as_="sales", name="sam", headers={"If-Match": '"1.0"'})

    dropped = world.call("POST", f"/v1/orders/{order}/reject", {"reason": "no"}, as_="sales_manager")

    assert (dropped.body["status"], dropped.body["total"]) == ("confirmed", "22.60")
    assert "approve" not in dropped.body["allowed"]
    assert world.on_shelf(sku) == (10, 2, 8)


@pytest.mark.parametrize(("command", "outcome"), [("cancel", "cancelled"), ("close", "closed")])
def test_an_amendment_that_waits_for_an_order_that_ends_is_dropped(
    world: World, command: str, outcome: str
) -> None:
    sku, customer = shop(world)
    ruled(world, BIG)
    order = world.order(customer, (sku, 2), as_="sales", name="sam").body["id"]
    path = f"/v1/orders/{order}"
    if command == "close":
        world.call("POST", f"{path}/shipments", {"lines": [{"line": 1, "quantity": 1}]})
    etag = world.call("GET", path).headers["ETag"]
    change = {"lines": [{"line": 1, "quantity": 6}], "note": "for Ann"}
    waits = world.call("PATCH", path, change, as_="sales", name="sam", headers={"If-Match": etag})

    ended = world.call("POST", f"{path}/{command}")

    assert waits.body["waiting"]["request"]["note"] == "for Ann"
    assert (ended.status, ended.body["status"], "waiting" in ended.body) == (200, outcome, False)
    assert world.call("GET", "/v1/approvals", as_="sales_manager", name="max").body["data"] == []
    kept = world.call("GET", f"{path}/approvals").body["data"][0]
    assert (kept["outcome"], "note" in kept["request"]) == ("dropped", False)


def test_a_quote_accepted_into_approval_keeps_its_stock_only_as_long_as_it_was_valid(world: World) -> None:
    sku, customer = shop(world)
    ruled(world, BIG)
    order = world.order(customer, (sku, 8), body={"status": "draft"}).body["id"]
    path = f"/v1/orders/{order}"
    world.call("POST", f"{path}/quote", {"valid_days": 2, "reserve": True})
    world.call("POST", f"{path}/accept", as_="sales_manager", name="mia")

    kept = world.on_shelf(sku)
    later = clock.now() + timedelta(days=4)
    with patch.object(clock, "now", lambda: later):
        other = world.order(world.customer(), (sku, 4), as_="sales", name="sam")
        short = world.call("POST", f"{path}/approve", as_="sales_manager", name="max")
    world.drain()

    assert (kept, other.status) == ((10, 8, 2), 201)
    assert (short.status, short.code) == (409, "insufficient_stock")
    assert world.call("GET", path).body["status"] == "pending_approval"
    assert world.on_shelf(sku) == (10, 4, 6)
    assert world.broken() == []


def test_a_change_for_the_better_needs_no_second_approval(world: World) -> None:
    sku, customer = shop(world)
    ruled(world, BIG)
    order = world.order(customer, (sku, 6), as_="sales", name="sam").body["id"]
    world.call("POST", f"/v1/orders/{order}/approve", as_="sales_manager", name="max")

    less = world.call(
        "PATCH", f"/v1/orders/{order}", {"lines": [{"line": 1, "quantity": 5}]}, headers={"If-Match": '"2.0"'}
    )
    more = world.call(
        "PATCH", f"/v1/orders/{order}", {"lines": [{"line": 1, "quantity": 7}]}, headers={"If-Match": '"3.0"'}
    )

    assert (less.body["total"], "waiting" in less.body) == ("56.50", False), less.text
    assert more.body["waiting"]["rules"][0]["inputs"]["total"] == "79.10"
