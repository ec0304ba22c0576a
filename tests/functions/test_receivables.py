"""What customers owe, by age: today, and at the end of any day, as the books say now and as they said then."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from soms.catalog.commands import zone
from soms.catalog.model import Settings
from soms.kit import clock

from tests.functions.test_budgets import counted
from tests.functions.test_payments import FINANCE, billed, pay
from tests.world import World

NET_10 = {"kind": "net", "days": 10}


@pytest.fixture
def world() -> Iterator[World]:
    with World.opened() as opened:
        yield opened
        opened.drain()
        assert opened.broken() == []


@contextmanager
def later(days: float) -> Iterator[None]:
    """Let so many days have gone by."""
    then = clock.now() + timedelta(days=days)
    with patch.object(clock, "now", lambda: then):
        yield


def day(days: int = 0) -> str:
    return str((clock.now().astimezone(zone(Settings())) + timedelta(days=days)).date())


def ageing(world: World, filters: str = "") -> Any:
    answer = world.call("GET", f"/v1/receivables/ageing?{filters}", **FINANCE)
    assert answer.status == 200, answer.text
    return answer.body


def owed(row: dict[str, Any]) -> dict[str, str]:
    """Return what of a row is not nothing."""
    names = ("not_due", "1_30", "31_60", "61_90", "91_120", "over_120", "unapplied")
    return {name: row[name] for name in names if row[name] != "0.00"}


def test_what_is_owed_grows_older_and_money_left_stands_beside_it(world: World) -> None:
    customer, (first, _) = billed(world, "100.00", "60.00", payment_terms=NET_10)
    pay(world, "30.00", invoice_id=first["id"])
    pay(world, "5.00", customer_id=customer, allocations="none")

    today = ageing(world)
    with later(41):
        old = ageing(world)

    (row,) = today["data"]
    assert row["customer"] == {"id": customer, "name": "Acme"}
    assert owed(row) == {"not_due": "130.00", "unapplied": "5.00"}
    assert owed(old["data"][0]) == {"31_60": "130.00", "unapplied": "5.00"}
    assert (row["total"], row["overdue"], old["data"][0]["overdue"]) == ("130.00", "0.00", "130.00")
    (total,) = today["totals"]
    assert total["tie_out"] == {"account": "receivables", "balance": "130.00", "difference": "0.00"}


def test_a_past_day_shows_what_was_open_then_and_is_paid_now(world: World) -> None:
    customer, (first,) = billed(world, "100.00", payment_terms=NET_10)
    with later(20):
        pay(world, "100.00", invoice_id=first["id"])
    with later(30):
        billed(world, "60.00", customer=customer)
        now = ageing(world)
        past = {days: ageing(world, f"as_of={day(days - 30)}") for days in (-1, 0, 19, 20, 29)}

    assert owed(now["data"][0]) == {"not_due": "60.00"}
    assert {days: [owed(row) for row in seen["data"]] for days, seen in past.items()} == {
        -1: [],
        0: [{"not_due": "100.00"}],
        19: [{"1_30": "100.00"}],
        20: [],
        29: [],
    }
    assert past[19]["totals"][0]["tie_out"]["difference"] == "0.00"


def test_money_recorded_late_counts_from_its_day_or_from_when_it_was_known(world: World) -> None:
    customer, (first,) = billed(world, "100.00", payment_terms=NET_10)
    with later(12):
        received, asked = day(-4), day(-2)
        pay(world, "40.00", customer_id=customer, received_on=received)
        now, then = (ageing(world, f"as_of={asked}&known={known}") for known in ("now", "then"))
        whose = [
            ageing(world, f"as_of={asked}&known={known}&customer_id={customer}") for known in ("now", "then")
        ]

    assert [owed(one["data"][0]) for one in (now, then)] == [{"not_due": "60.00"}, {"not_due": "100.00"}]
    assert [one["data"] for one in whose] == [now["data"], then["data"]]
    assert first["open"] == "100.00"


def test_going_back_costs_what_happened_since_and_not_all_history(world: World) -> None:
    customer, _ = billed(world, "10.00")
    trips = {}
    for size in (4, 24):
        with later(size):
            for number in range(size):
                pay(world, "1.00", customer_id=customer, allocations="none", reference=f"{size}-{number}")
        with later(size + 4), counted() as calls:
            ageing(world, f"as_of={day(-1)}")
        read = [call for name, call in calls if name == "BatchGetItem" and call["RequestItems"]]
        trips[size] = (
            len(calls),
            sum(len(table["Keys"]) for one in read for table in one["RequestItems"].values()),
        )

    assert trips[4] == trips[24]


def test_customers_come_page_by_page_with_the_total_of_all(world: World) -> None:
    buyers = sorted(billed(world, f"{number}.00")[0] for number in (1, 2, 3))

    first = ageing(world, "limit=2")
    second = ageing(world, f"limit=2&cursor={first['next_cursor']}")

    assert [one["customer"]["id"] for one in (*first["data"], *second["data"])] == buyers
    assert second["next_cursor"] is None
    assert {one["totals"][0]["total"] for one in (first, second)} == {"6.00"}


def test_a_day_to_come_is_refused(world: World) -> None:
    answer = world.call("GET", f"/v1/receivables/ageing?as_of={day(2)}", **FINANCE)

    assert (answer.status, answer.code) == (400, "invalid_parameter")
    assert answer.body["errors"][0]["parameter"] == "as_of"


def test_the_sums_are_for_finance_managers_and_the_auditor(world: World) -> None:
    billed(world, "100.00", payment_terms=NET_10)

    with later(11):
        seen = world.call("GET", "/v1/receivables", **FINANCE).body
    told = {
        group: world.call("GET", "/v1/receivables/ageing", as_=group).status
        for group in ("sales_manager", "auditor", "finance_manager", "sales", "warehouse", "purchasing")
    }

    (total,) = seen["totals"]
    assert (total["open"], total["overdue"], total["unapplied"]) == ("100.00", "100.00", "0.00")
    assert (total["open_invoices"], total["overdue_invoices"], total["customers"]) == (1, 1, 1)
    assert {group for group, status in told.items() if status == 200} == {
        "sales_manager",
        "auditor",
        "finance_manager",
    }


def test_the_view_of_a_customer_shows_its_money_and_what_needs_attention(world: World) -> None:
    customer, (first, second, third) = billed(world, "100.00", "60.00", "40.00", payment_terms=NET_10)
    cheque = pay(world, "25.00", invoice_id=first["id"], method="cheque", reference="CH-1").body
    pay(world, "30.00", invoice_id=second["id"], reference="TT-1")
    pay(world, "5.00", customer_id=customer, allocations="none", reference="TT-2")
    world.call("POST", f"/v1/payments/{cheque['id']}/bounce", {"reason": "no funds"}, **FINANCE)
    world.call("POST", f"/v1/invoices/{first['id']}/dispute", {"reason": "broken"}, **FINANCE)
    world.call("POST", f"/v1/invoices/{third['id']}/promise", {"promised_on": day(1)}, **FINANCE)

    today = world.call("GET", f"/v1/customers/{customer}/summary", **FINANCE).body
    with later(11):
        late = world.call("GET", f"/v1/customers/{customer}/summary", **FINANCE).body

    assert (today["outstanding"], today["overdue"], today["unapplied"]) == ("170.00", "0.00", "5.00")
    assert (late["overdue"], late["ageing"]["1_30"]) == ("170.00", "170.00")
    told = {one["reference"]: (one["amount"], one["unapplied"], one["status"]) for one in today["payments"]}
    assert told == {
        "CH-1": ("25.00", "0.00", "bounced"),
        "TT-1": ("30.00", "0.00", "received"),
        "TT-2": ("5.00", "5.00", "received"),
    }
    assert [one["code"] for one in today["attention"]] == [
        "disputed_invoices",
        "unapplied_money",
        "payment_bounced",
    ]
    assert {"overdue_invoices", "broken_promises"} <= {one["code"] for one in late["attention"]}


def test_what_is_disputed_or_promised_puts_no_order_on_hold(world: World) -> None:
    customer, (first, second) = billed(world, "100.00", "60.00", payment_terms=NET_10)
    world.call("PUT", "/v1/settings", {"credit_hold_after_days": 5})
    sku = world.product("P-late", stocked=False)
    world.call("POST", f"/v1/invoices/{first['id']}/dispute", {"reason": "broken"}, **FINANCE)
    world.call("POST", f"/v1/invoices/{second['id']}/promise", {"promised_on": day(20)}, **FINANCE)

    held = {}
    for days in (20, 21):
        with later(days):
            held[days] = [one["kind"] for one in world.order(customer, (sku, 1)).body["holds"]]

    assert held == {20: [], 21: ["credit"]}


def test_an_invoice_in_instalments_is_as_old_as_each_of_them(world: World) -> None:
    customer, (first,) = billed(world, "100.00", payment_terms=NET_10)
    plan = {"instalments": [{"due_on": day(5), "amount": "60.00"}, {"due_on": day(40), "amount": "40.00"}]}
    planned = world.call("PUT", f"/v1/invoices/{first['id']}/instalments", plan, **FINANCE)
    with later(10):
        before = ageing(world)
        pay(world, "20.00", invoice_id=first["id"])
    with later(12):
        now, whose = ageing(world), ageing(world, f"customer_id={customer}")
        past = ageing(world, f"as_of={day(-3)}")
        seen = world.call("GET", f"/v1/customers/{customer}/summary", **FINANCE).body

    assert planned.status == 200, planned.text
    assert owed(before["data"][0]) == {"not_due": "40.00", "1_30": "60.00"}
    assert owed(now["data"][0]) == {"not_due": "40.00", "1_30": "40.00"}
    assert whose["data"] == now["data"]
    assert owed(past["data"][0]) == {"not_due": "40.00", "1_30": "60.00"}
    assert (seen["outstanding"], seen["overdue"]) == ("80.00", "40.00")
