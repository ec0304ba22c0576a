"""An invoice falls due in instalments: planned by hand or by the customer's terms, the next one decides."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from soms.billing import balances

from tests.engine import before_writing
from tests.functions.test_payments import FINANCE, billed, invoice, pay
from tests.world import Answer, World

PLAN = [{"due_on": "2098-01-01", "amount": "40.00"}, {"due_on": "2098-02-01", "amount": "60.00"}]


@pytest.fixture(autouse=True)
def _books_hold(world: World) -> Iterator[None]:
    yield
    world.drain()
    assert world.broken() == []


def plan(world: World, owed: Any, parts: Any, **headers: str) -> Answer:
    path = f"/v1/invoices/{owed['id']}/instalments"
    return world.call("PUT", path, {"instalments": parts}, headers=headers, as_="finance")


def test_an_invoice_with_a_plan_is_due_when_its_next_instalment_is(world: World) -> None:
    customer, (first,) = billed(world, "100.00")

    answer = plan(world, first, PLAN)
    owing = balances.owing(customer, limit=9)
    pay(world, "50.00", invoice_id=first["id"])
    after = invoice(world, first["id"])
    payment = pay(world, "50.00", invoice_id=first["id"]).body
    world.call("POST", f"/v1/payments/{payment['id']}/allocations", {"reverse": "all"}, **FINANCE)

    assert (answer.status, answer.body["due_on"]) == (200, "2098-01-01"), answer.text
    assert [one["open"] for one in answer.body["instalments"]] == ["40.00", "60.00"]
    assert owing == [first["id"]]
    assert (after["due_on"], [one["open"] for one in after["instalments"]]) == (
        "2098-02-01",
        ["0.00", "50.00"],
    )
    assert invoice(world, first["id"])["due_on"] == "2098-02-01"
    before = world.call("GET", "/v1/invoices?due_before=2098-01-31").body["data"]
    assert first["id"] not in [one["id"] for one in before]


def test_a_plan_takes_the_place_of_the_one_before(world: World) -> None:
    _, (first,) = billed(world, "100.00")
    version = plan(world, first, PLAN).headers["ETag"]

    again = plan(world, first, [*PLAN[:1], {"due_on": "2098-03-01", "amount": "60.00"}], **{"If-Match": version})
    stale = plan(world, first, PLAN, **{"If-Match": '"2.0"'})

    assert [one["due_on"] for one in again.body["instalments"]] == ["2098-01-01", "2098-03-01"]
    assert (stale.status, stale.code) == (412, "version_mismatch")


@pytest.mark.parametrize(
    ("parts", "code", "pointer"),
    [
        ([], "too_few", "/instalments"),
        (PLAN[:1], "sum_differs", "/instalments"),
        (PLAN[::-1], "too_early", "/instalments/1/due_on"),
        ([{"due_on": "2020-01-01", "amount": "100.00"}], "too_early", "/instalments/0/due_on"),
        ([{"due_on": "2098-01-01", "amount": "100.001"}], "too_many_digits", "/instalments/0/amount"),
        ([{"due_on": "2098-01-01", "amount": "0"}], "too_small", "/instalments/0/amount"),
    ],
)
def test_a_plan_that_cannot_be_names_the_field(world: World, parts: Any, code: str, pointer: str) -> None:
    _, (first,) = billed(world, "100.00")

    answer = plan(world, first, parts)
    unknown = plan(world, {"id": "inv_none"}, PLAN)

    assert (answer.status, answer.code, unknown.status) == (422, code, 404), answer.text
    assert answer.body["errors"][0]["pointer"] == pointer


def test_a_customers_terms_plan_its_invoices(world: World) -> None:
    parts = [{"percent": "30", "days": 0}, {"percent": "70", "days": 60}]
    terms = {"kind": "instalments", "parts": parts}
    _, (first,) = billed(world, "99.99", payment_terms=terms)

    issued = date.fromisoformat(first["issued_on"])
    assert first["due_on"] == first["issued_on"]
    assert [(one["due_on"], one["amount"]) for one in first["instalments"]] == [
        (str(issued), "30.00"),
        (str(issued + timedelta(days=60)), "69.99"),
    ]


def test_terms_that_cannot_be_name_the_field(world: World) -> None:
    terms = {"kind": "instalments", "parts": [{"percent": "30", "days": 0}]}

    answer = world.call("POST", "/v1/customers", {"name": "A", "currency": "CNY", "payment_terms": terms})

    assert (answer.status, answer.code) == (422, "sum_differs")
    assert answer.body["errors"][0]["pointer"] == "/payment_terms"


def test_money_that_comes_while_a_plan_is_made_is_counted(world: World) -> None:
    _, (first,) = billed(world, "100.00")

    before_writing(lambda: pay(world, "40.00", invoice_id=first["id"]))
    answer = plan(world, first, PLAN)

    assert (answer.body["due_on"], answer.body["open"]) == ("2098-02-01", "60.00")
