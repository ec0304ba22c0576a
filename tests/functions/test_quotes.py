"""From a draft to an order: quotes with versions, validity and stock kept to the second."""

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from soms.kit import clock

from tests.world import Context, World, module


def drafted(world: World, units: int = 3, price: str = "10.00", **more: object) -> str:
    sku = world.product(price=price)
    world.stock(sku, 10)
    placed = world.order(world.customer(credit_limit="1000.00"), (sku, units), body={"status": "draft", **more})
    assert placed.status == 201, placed.text
    return str(placed.body["id"])


def do(world: World, order: str, command: str, body: object = None, **more: object) -> dict[str, object]:
    answer = world.call("POST", f"/v1/orders/{order}/{command}", body or {}, **more)
    assert answer.status in {200, 201}, answer.text
    return dict(answer.body)


def test_a_draft_takes_neither_stock_nor_credit_until_it_is_confirmed(world: World) -> None:
    order = drafted(world)

    before = world.on_shelf("A-1")
    confirmed = do(world, order, "confirm")
    world.drain()

    assert before == (10, 0, 10)
    assert (confirmed["status"], confirmed["total"]) == ("confirmed", "33.90")
    assert world.on_shelf("A-1") == (10, 3, 7)
    assert world.call("GET", f"/v1/orders/{order}").body["invoiced"] == "33.90"
    assert world.broken() == []


def test_a_draft_is_priced_anew_when_it_is_confirmed_and_a_quote_is_not_when_it_is_accepted(
    world: World,
) -> None:
    first, second = drafted(world), drafted(world)
    do(world, second, "quote", {"valid_days": 7})
    world.product(price="12.00")

    confirmed, accepted = do(world, first, "confirm"), do(world, second, "accept")

    assert (confirmed["total"], accepted["total"]) == ("40.68", "33.90")
    assert accepted["quote_version"] == 1


def test_a_quote_that_is_revised_keeps_its_earlier_version(world: World) -> None:
    order = drafted(world)
    quoted = do(world, order, "quote", {"valid_days": 7})

    revised = do(world, order, "revise", {"reason": "they want four"})
    etag = world.call("GET", f"/v1/orders/{order}").headers["ETag"]
    change = {"lines": [{"line": 1, "quantity": 4}]}
    amended = world.call("PATCH", f"/v1/orders/{order}", change, headers={"If-Match": etag})
    again = do(world, order, "quote", {"valid_days": 7})

    assert (quoted["status"], revised["status"]) == ("quoted", "draft")
    assert (amended.status, amended.body["total"]) == (200, "45.20"), amended.text
    assert again["quote_version"] == 2
    versions = world.call("GET", f"/v1/orders/{order}/versions").body["data"]
    assert [(one["status"], one["total"]) for one in versions] == [
        ("quoted", "45.20"),
        ("draft", "33.90"),
        ("quoted", "33.90"),
    ]


def test_an_expired_quote_can_no_longer_be_accepted(world: World) -> None:
    order = drafted(world)
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    quoted = do(world, order, "quote", {"expires_at": soon})
    later = clock.now() + timedelta(hours=2)

    with patch.object(clock, "now", lambda: later):
        refused = world.call("POST", f"/v1/orders/{order}/accept")
        world.call("POST", f"/v1/orders/{order}/accept")

    assert "accept" in quoted["allowed"]  # type: ignore[operator]
    assert (refused.status, refused.code) == (409, "invalid_state")
    assert refused.body["meta"]["allowed"] == ["revise", "lose"]


def test_a_quote_keeps_its_stock_exactly_until_it_expires(world: World) -> None:
    order = drafted(world, units=8)
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    do(world, order, "quote", {"expires_at": soon, "reserve": True})
    other = world.customer()

    kept = world.on_shelf("A-1")
    short = world.order(other, ("A-1", 5))
    asked = {"customer_id": other, "lines": [{"sku": "A-1", "quantity": 5}]}
    before = world.call("POST", "/v1/order-validations", asked).body["valid"]
    later = clock.now() + timedelta(hours=1, seconds=1)
    with patch.object(clock, "now", lambda: later):
        after = world.call("POST", "/v1/order-validations", asked).body["valid"]
        taken = world.order(other, ("A-1", 5))
    world.drain()

    assert kept == (10, 8, 2)
    assert (short.status, short.code) == (409, "insufficient_stock")
    assert (before, after) == (False, True)
    assert taken.status == 201, taken.text
    assert world.on_shelf("A-1") == (10, 5, 5)
    assert world.call("GET", f"/v1/orders/{order}").body["status"] == "expired"
    assert world.broken() == []


def test_the_clock_expires_quotes_and_gives_back_what_they_kept(world: World) -> None:
    order, other = drafted(world, units=8), drafted(world)
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    do(world, order, "quote", {"expires_at": soon, "reserve": True})
    do(world, other, "quote", {"valid_days": 2})
    later = clock.now() + timedelta(hours=2)

    with patch.object(clock, "now", lambda: later):
        first = module("expiry").handler({"action": "expire"}, Context())
        second = module("expiry").handler({"action": "expire"}, Context())
    world.drain()

    assert (first, second) == ({"expired": 1}, {"expired": 0})
    states = [world.call("GET", f"/v1/orders/{one}").body["status"] for one in (order, other)]
    assert states == ["expired", "quoted"]
    assert world.on_shelf("A-1") == (20, 0, 20)
    assert world.broken() == []


def test_an_accepted_quote_takes_over_the_stock_it_kept(world: World) -> None:
    order = drafted(world, units=8)
    do(world, order, "quote", {"valid_days": 1, "reserve": True})

    accepted = do(world, order, "accept")
    world.drain()

    assert accepted["status"] == "confirmed"
    assert world.on_shelf("A-1") == (10, 8, 2)
    assert world.broken() == []


@pytest.mark.parametrize(("command", "status"), [("lose", "lost"), ("revise", "draft")])
def test_a_quote_that_ends_gives_its_stock_back(world: World, command: str, status: str) -> None:
    order = drafted(world, units=8)
    do(world, order, "quote", {"valid_days": 1, "reserve": True})

    ended = do(world, order, command)
    world.drain()

    assert ended["status"] == status
    assert world.on_shelf("A-1") == (10, 0, 10)
    assert world.broken() == []


def test_a_draft_can_be_thrown_away_and_then_nothing_more_happens_to_it(world: World) -> None:
    order = drafted(world)

    thrown = do(world, order, "discard")
    refused = world.call("POST", f"/v1/orders/{order}/confirm")

    assert (thrown["status"], thrown["allowed"]) == ("discarded", [])
    assert (refused.status, refused.code) == (409, "invalid_state")


def test_a_draft_for_more_than_there_is_is_refused_when_it_is_confirmed(world: World) -> None:
    order = drafted(world, units=11)

    refused = world.call("POST", f"/v1/orders/{order}/confirm")

    assert (refused.status, refused.code) == (409, "insufficient_stock")
    assert [one["pointer"] for one in refused.body["errors"]] == ["/lines/0/quantity"]
    assert world.call("GET", f"/v1/orders/{order}").body["status"] == "draft"


def test_a_quote_may_not_reach_into_the_past(world: World) -> None:
    order = drafted(world)

    past = world.call("POST", f"/v1/orders/{order}/quote", {"expires_at": "2020-01-01T00:00:00Z"})
    both = {"expires_at": "2030-01-01T00:00:00Z", "valid_days": 3}

    assert (past.status, past.code) == (422, "out_of_range")
    assert world.call("POST", f"/v1/orders/{order}/quote", both).code == "one_of"
