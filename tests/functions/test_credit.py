"""Nothing gets around a credit limit: neither ten orders at once, nor any other way to owe more."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

import pytest
from soms.customers import store as customers
from soms.kit import clock

from tests import states
from tests.commands import OTHER, Step, change, place, post, swap
from tests.engine import before_writing
from tests.states import WHY, Case, Ready, do, lines
from tests.world import Answer, World

TEN, THREE = 10, 3
CENT = Decimal("0.01")


def limited(world: World, case: Case, room: Decimal) -> None:
    """Set the customer's limit so that just so much of it is free."""
    path = f"/v1/customers/{case.customer}"
    tag = world.call("GET", path).headers["ETag"]
    limit = owed(case) + room
    answer = world.call("PATCH", path, {"credit_limit": f"{limit:.2f}"}, headers={"If-Match": tag})
    assert answer.status == 200, answer.text


def owed(case: Case) -> Decimal:
    account = customers.account(case.customer)
    assert account
    return account.exposure


def test_of_ten_orders_at_once_those_three_are_placed_that_the_limit_fits(world: World) -> None:
    case = states.goods(world, "A-1")
    limited(world, case, Decimal("33.90"))
    answers: list[Answer] = []

    def order() -> None:
        # Every order but the last has read when the next one begins, and none has written.
        if len(begun) < TEN - 1:
            before_writing(order)
        begun.append(len(begun))
        answers.append(world.order(case.customer, (case.sku, 1)))

    begun: list[int] = []
    order()
    world.drain()

    assert sorted(one.status for one in answers) == [201] * THREE + [409] * (TEN - THREE)
    assert {one.code for one in answers if one.status == 409} == {"credit_limit_exceeded"}
    assert owed(case) == Decimal("33.90")
    assert world.on_shelf(case.sku) == (10, 3, 7)
    assert world.broken() == []


@dataclass(frozen=True)
class Way:
    """A way in which a customer comes to owe more, and by how much."""

    name: str
    ready: Ready
    send: Step
    rise: Decimal


def batch(world: World, case: Case, key: str) -> Answer:
    body = {"customer_id": case.customer, "lines": [{"sku": case.sku, "quantity": 3}]}
    answer = world.call("POST", "/v1/orders/batch", {"orders": [body]}, key=key)
    (result,) = answer.body["results"]
    told = str(result.get("problem", {"code": ""})["code"])
    return Answer(result["status"], {}, f'{{"code": "{told}"}}')


def reopened(world: World, name: str) -> Case:
    case = states.closed(world, name)
    do(world, case.path("/reopen"))
    return case


WAYS = (
    Way("place", states.goods, place(3), Decimal("33.90")),
    Way("batch", states.goods, batch, Decimal("33.90")),
    Way("confirm", states.drafted, post("{order}/confirm"), Decimal("33.90")),
    Way("accept", states.quoted, post("{order}/accept"), Decimal("33.90")),
    Way("approve", states.waiting, post("{order}/approve", **OTHER), Decimal("56.50")),
    Way("amend", states.ordered, change(lines(5)), Decimal("22.60")),
    Way("amend a reopened", reopened, change(lines(3), version=4), Decimal("22.60")),
    Way("approve an amendment", states.proposed, post("{order}/approve", **OTHER), Decimal("22.60")),
    Way("exchange", states.inspected, swap(4), Decimal("22.60")),
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_what_the_limit_just_fits_is_done_and_a_cent_more_is_not(world: World, way: Way) -> None:
    case = way.ready(world, "A-1")
    world.drain()
    before, shelf = owed(case), world.on_shelf(case.sku)

    limited(world, case, way.rise - CENT)
    refused = way.send(world, case, "refused")
    unmoved = owed(case), world.on_shelf(case.sku)
    limited(world, case, way.rise)
    done = way.send(world, case, "done")
    world.drain()

    assert (refused.status, refused.code) == (409, "credit_limit_exceeded")
    assert unmoved == (before, shelf)
    assert done.status in {200, 201}, done.text
    assert owed(case) == before + way.rise
    assert world.broken() == []


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_an_order_placed_while_another_command_decides_takes_the_credit_from_it(
    world: World, way: Way
) -> None:
    case = way.ready(world, "A-1")
    other = world.product("B-1", "0.01", tax_rate="0")
    world.stock(other, 1)
    world.drain()
    limited(world, case, way.rise)
    before, between = owed(case), list[Answer]()

    before_writing(lambda: between.append(world.order(case.customer, (other, 1))))
    late = way.send(world, case, "late")
    world.drain()

    assert [one.status for one in between] == [201]
    assert (late.status, late.code) == (409, "credit_limit_exceeded")
    assert owed(case) == before + CENT
    assert world.broken() == []


def test_closing_ordering_and_reopening_does_not_bring_back_what_was_cancelled(world: World) -> None:
    case = states.begun(world, "A-1")
    limited(world, case, Decimal(0))
    full = owed(case)

    do(world, case.path("/close"))
    more = world.order(case.customer, (case.sku, 2))
    again = do(world, case.path("/reopen"))
    up = states.amend(world, case, lines(3))
    world.drain()

    assert more.status == 201
    assert (again["status"], again["total"]) == ("confirmed", "11.30")
    assert (up.status, up.code) == (409, "credit_limit_exceeded")
    assert owed(case) == full
    assert world.broken() == []


def test_an_order_is_not_reopened_beyond_a_limit_that_was_lowered_even_meanwhile(world: World) -> None:
    case = states.closed(world, "A-1")
    world.drain()
    path = case.path("/reopen")

    limited(world, case, -CENT)
    refused = world.call("POST", path)
    limited(world, case, Decimal(0))
    before_writing(lambda: limited(world, case, -CENT))
    overtaken = world.call("POST", path)
    limited(world, case, Decimal(0))
    done = world.call("POST", path, WHY)
    world.drain()

    assert (refused.status, refused.code) == (409, "credit_limit_exceeded")
    assert (overtaken.status, overtaken.code) == (409, "credit_limit_exceeded")
    assert done.status == 200
    assert world.broken() == []


def test_a_customer_that_is_overdue_too_long_gets_new_orders_on_credit_hold(world: World) -> None:
    sku = world.product()
    world.stock(sku, 10)
    world.call("PUT", "/v1/settings", {"credit_hold_after_days": 10})
    customer = world.customer(credit_limit="1000.00", payment_terms={"kind": "net", "days": 5})
    world.order(customer, (sku, 1))
    world.drain()

    held = {}
    for days in (15, 16):
        later = clock.now() + timedelta(days=days)
        with patch.object(clock, "now", lambda later=later: later):
            placed = world.order(customer, (sku, 1)).body
            drafted = world.order(customer, (sku, 1), body={"status": "draft"}).body["id"]
            confirmed = world.call("POST", f"/v1/orders/{drafted}/confirm").body
        held[days] = [[one["kind"] for one in order["holds"]] for order in (placed, confirmed)]
    shipped = world.call("POST", f"/v1/orders/{placed['id']}/shipments")

    assert held == {15: [[], []], 16: [["credit"], ["credit"]]}
    assert shipped.status == 409
    assert [one["meta"]["kind"] for one in shipped.body["errors"]] == ["credit"]
