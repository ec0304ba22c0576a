"""Statements of account: opening and movements make the closing, whatever happened and when it was known."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.functions.test_budgets import counted
from tests.functions.test_payments import FINANCE, billed, pay
from tests.functions.test_receivables import NET_10, day, later
from tests.world import World


@pytest.fixture
def world() -> Iterator[World]:
    with World.opened() as opened:
        yield opened
        opened.drain()
        assert opened.broken() == []


def statement(world: World, customer: str, since: int, until: int) -> Any:
    path = f"/v1/customers/{customer}/statement?from={day(since)}&to={day(until)}"
    answer = world.call("GET", path, **FINANCE)
    assert answer.status == 200, answer.text
    return answer.body


def lines(seen: Any) -> list[tuple[str, str, str, str]]:
    return [(one["kind"], one["debit"], one["credit"], one["balance"]) for one in seen["movements"]]


def adds_up(seen: Any) -> bool:
    """Tell whether every balance follows from the one before, from the opening to the closing."""
    balance = Decimal(seen["opening"])
    for one in seen["movements"]:
        balance += Decimal(one["debit"]) - Decimal(one["credit"])
        if Decimal(one["balance"]) != balance:
            return False
    ages = [Decimal(value) for name, value in seen["ageing"].items() if name != "unapplied"]
    owed = sum(ages) - Decimal(seen["ageing"]["unapplied"])
    moved = Decimal(seen["debit"]) - Decimal(seen["credit"])
    return balance == Decimal(seen["closing"]) == owed == Decimal(seen["opening"]) + moved


def test_opening_and_movements_make_the_closing_for_every_time(world: World) -> None:
    customer, (first,) = billed(world, "100.00", payment_terms=NET_10)
    with later(5):
        payment = pay(world, "130.00", customer_id=customer, reference="TT-7").body
    with later(8):
        world.call("POST", f"/v1/orders/{first['order_id']}/cancel", {"reason": "not wanted"})
        world.drain()
        billed(world, "60.00", customer=customer)
    with later(12):
        pay(world, "20.00", customer_id=customer, received_on=day(-6))
    with later(14):
        whole = statement(world, customer, -14, 0)
        parts = [statement(world, customer, since - 14, since - 14) for since in range(15)]

    assert lines(whole) == [
        ("invoice", "100.00", "0.00", "100.00"),
        ("payment", "0.00", "130.00", "-30.00"),
        ("payment", "0.00", "20.00", "-50.00"),
        ("credit_note", "0.00", "100.00", "-150.00"),
        ("invoice", "60.00", "0.00", "-90.00"),
    ]
    assert (whole["opening"], whole["closing"]) == ("0.00", "-90.00")
    assert whole["movements"][1]["number"] == "TT-7"
    assert whole["movements"][1]["id"] == payment["id"]
    assert whole["movements"][3]["invoice_number"] == first["number"]
    assert all(adds_up(one) for one in (whole, *parts))
    assert all(one["closing"] == after["opening"] for one, after in pairwise(parts))
    assert [line for one in parts for line in lines(one)] == lines(whole)


def test_a_payment_in_another_currency_has_a_statement_beside_the_own_one(world: World) -> None:
    customer, (first,) = billed(world, "710.00")
    named = [{"invoice_id": first["id"], "amount": "100.00", "invoice_amount": "705.00"}]
    pay(world, "110.00", currency="USD", invoice_id=first["id"], allocations=named)

    seen = statement(world, customer, 0, 0)

    (dollars,) = seen["other_currencies"]
    assert lines(seen)[-1] == ("fx", "0.00", "705.00", "5.00")
    assert lines(dollars) == [("payment", "0.00", "110.00", "-110.00"), ("fx", "100.00", "0.00", "-10.00")]
    assert (dollars["currency"], dollars["closing"], dollars["ageing"]["unapplied"]) == (
        "USD",
        "-10.00",
        "10.00",
    )
    assert adds_up(seen)
    assert adds_up(dollars)


def test_an_opening_costs_what_happened_since_and_not_all_history(world: World) -> None:
    customer, _ = billed(world, "10.00")
    trips = {}
    for size in (4, 24):
        with later(size):
            for number in range(size):
                pay(world, "1.00", customer_id=customer, allocations="none", reference=f"{size}-{number}")
        with later(size + 3), counted() as calls:
            seen = statement(world, customer, -1, 0)
        trips[size] = [name for name, _ in calls]

    assert (seen["opening"], seen["movements"]) == ("-18.00", [])
    assert trips[4] == trips[24]


@pytest.mark.parametrize(("since", "until", "parameter"), [(0, 1, "to"), (0, -1, "from")])
def test_days_that_cannot_be_are_refused(world: World, since: int, until: int, parameter: str) -> None:
    path = f"/v1/customers/{world.customer()}/statement?from={day(since)}&to={day(until)}"

    answer = world.call("GET", path, **FINANCE)

    assert (answer.status, answer.code) == (400, "invalid_parameter")
    assert [one["parameter"] for one in answer.body["errors"]] == [parameter]


def test_sales_sees_the_statements_of_its_own_customers(world: World) -> None:
    mine, other = world.customer(salesperson="sam"), world.customer(salesperson="kim")

    told = [
        world.call("GET", f"/v1/customers/{one}/statement", as_=group, name="sam").status
        for one in (mine, other)
        for group in ("sales", "sales_manager", "warehouse")
    ]

    assert told == [200, 200, 403, 404, 200, 403]


def test_a_statement_is_printed_and_the_same_again_is_the_same_paper(world: World) -> None:
    customer, _ = billed(world, "100.00", salesperson="sam")
    pay(world, "30.00", customer_id=customer, reference="TT-1")
    path, body = f"/v1/customers/{customer}/papers", {"kind": "statement", "from": day(-1), "to": day()}

    first = world.call("POST", path, body, key="st-1", **FINANCE)
    again = world.call("POST", path, body, key="st-1", **FINANCE)
    other = world.call("POST", path, body, key="st-2", **FINANCE)
    dollars = world.call("POST", path, body | {"currency": "USD"}, **FINANCE)
    hidden = world.call("POST", path, body, as_="sales", name="kim")
    early = world.call("POST", path, body | {"from": day(1)}, **FINANCE)

    assert (first.status, again.body, other.body) == (201, first.body, first.body)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (first.body["kind"], first.body["total"]) == ("statement", "70.00")
    assert [row[-1] for row in first.body["table"]["rows"]] == ["0.00", "100.00", "70.00"]
    assert (dollars.body["currency"], dollars.body["total"], hidden.status) == ("USD", "0.00", 404)
    assert (early.status, early.body["errors"][0]["pointer"]) == (422, "/from")
