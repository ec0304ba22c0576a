"""The view of a customer from all sides: right figures, what needs attention, at the same cost for ever."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from soms.customers import store
from soms.customers.model import Customer
from soms.kit import aws, clock, items
from soms.orders import store as orders
from soms.reports import customer_view

from tests.functions.test_budgets import counted
from tests.functions.test_customers import change, in_days
from tests.world import World

NET_10 = {"kind": "net", "days": 10}


def summary(world: World, customer: str, **more: Any) -> dict[str, Any]:
    answer = world.call("GET", f"/v1/customers/{customer}/summary", **more)
    assert answer.status == 200, answer.text
    return dict(answer.body)


def seen_after(customer: str, days: int) -> Mapping[str, Any]:
    return customer_view.summary(store.get(customer), now=clock.now() + timedelta(days=days))


def codes(seen: Mapping[str, Any]) -> list[str]:
    return [one["code"] for one in seen["attention"]]


def traded(world: World, count: int, **more: object) -> str:
    sku = world.product()
    world.stock(sku, 100)
    customer = world.customer(payment_terms=NET_10, **more)
    for _ in range(count):
        world.order(customer, (sku, 1))
    world.drain()
    return customer


def test_a_summary_says_what_is_owed_bought_and_left(world: World) -> None:
    customer = traded(world, 3, credit_limit="100.00")
    order = world.call("GET", f"/v1/orders?customer_id={customer}").body["data"][0]
    world.call("POST", f"/v1/orders/{order['id']}/cancel", {})
    world.drain()

    seen = summary(world, customer)

    assert seen["customer"]["id"] == customer
    assert {name: seen[name] for name in ("currency", "outstanding", "overdue", "unapplied")} == {
        "currency": "CNY",
        "outstanding": "22.60",
        "overdue": "0.00",
        "unapplied": "0.00",
    }
    assert (seen["credit_limit"], seen["credit_available"]) == ("100.00", "77.40")
    assert seen["orders"] == {"count": 3, "open": 2, "total": "22.60"}
    assert seen["recent_orders"][0]["id"] == order["id"]
    assert [one["status"] for one in seen["recent_orders"]] == ["cancelled", "confirmed", "confirmed"]
    assert [one["open"] for one in seen["open_invoices"]] == ["11.30", "11.30"]
    assert (seen["open_invoice_count"], seen["payments"], seen["attention"]) == (2, [], [])


@pytest.mark.parametrize(
    ("days", "age"),
    [(10, "not_due"), (11, "1_30"), (40, "1_30"), (41, "31_60"), (71, "61_90"), (130, "91_120"), (131, "over_120")],
)
def test_what_is_owed_grows_older(world: World, days: int, age: str) -> None:
    customer = traded(world, 2)

    seen: Any = seen_after(customer, days)

    late = age != "not_due"
    assert {name: value for name, value in seen["ageing"].items() if value != "0.00"} == {age: "22.60"}
    assert len(seen["ageing"]) == 6
    assert (seen["overdue"], "overdue_invoices" in codes(seen)) == ("22.60" if late else "0.00", late)
    assert {one["days_overdue"] for one in seen["open_invoices"]} == {max(0, days - 10)}


def test_what_needs_attention_is_said_in_both_languages(world: World) -> None:
    customer = traded(world, 4, credit_limit="50.00", credit_limit_until=in_days(40))

    soon: Any = seen_after(customer, 15)
    late: Any = seen_after(customer, 100)

    assert codes(seen_after(customer, 0)) == ["credit_nearly_used"]
    assert codes(soon) == ["overdue_invoices", "credit_nearly_used", "limit_expiring"]
    assert codes(late) == ["overdue_invoices", "credit_nearly_used", "limit_expired", "no_recent_order"]
    assert late["credit_available"] == "-45.20"
    assert late["attention"][0]["message_en"] == "Overdue invoices: 4, 45.20 in all, the oldest by 90 days."
    assert late["attention"][0]["message_zh"] == "4 张发票已逾期，共 45.20，最长逾期 90 天。"


def test_orders_that_wait_or_are_held_need_attention() -> None:
    rows: list[dict[str, object]] = [
        {"status": "pending_approval"},
        {"status": "confirmed", "holds": ["credit"]},
        {"status": "confirmed", "holds": []},
    ]
    today = clock.now().date()
    customer = Customer(id="cus_1", name="Acme", currency="CNY", created_at=str(today))

    told = customer_view._of_orders(customer_view.Known(customer, None, [], rows, [], today))

    assert [(one["code"], one["message_en"]) for one in told] == [
        ("orders_on_hold", "Orders on hold: 1."),
        ("orders_waiting_for_approval", "Orders waiting for approval: 1."),
    ]


def test_a_cash_customer_has_no_account_to_count_from(world: World) -> None:
    customer = traded(world, 2, kind="cash")

    seen = summary(world, customer)

    assert seen["orders"] == {"count": None, "open": 2, "total": None}
    assert (seen["credit_limit"], seen["credit_available"], seen["outstanding"]) == (None, None, "22.60")


def test_amounts_have_the_digits_of_the_currency(world: World) -> None:
    sku = world.product(price="100", currency="JPY")
    world.stock(sku, 5)
    customer = world.customer(currency="JPY", credit_limit="1000")
    world.order(customer, (sku, 1))
    world.drain()

    seen = summary(world, customer)

    assert (seen["outstanding"], seen["credit_available"], seen["ageing"]["not_due"]) == ("113", "887", "113")


def test_finance_sees_it_and_the_warehouse_does_not(world: World) -> None:
    customer = world.customer()

    path = f"/v1/customers/{customer}/summary"
    told = {group: world.call("GET", path, as_=group).status for group in ("finance", "auditor", "warehouse")}

    assert told == {"finance": 200, "auditor": 200, "warehouse": 403}


def test_a_summary_costs_the_same_after_five_fifty_and_five_hundred_orders(world: World) -> None:
    customer = traded(world, 2)
    order = orders.get(str(summary(world, customer)["recent_orders"][0]["id"]))
    change(world, customer, {"segment": "vip"})
    trips, rows, made = [], [], 0
    for size in (5, 50, 500):
        for number in range(made, size):
            past = order.model_copy(
                update={"id": f"ord_past{number:020}", "status": "completed", "placed_at": f"2025-01-01T{number}"}
            )
            aws.dynamodb().put_item(
                TableName=aws.settings.get(orders.Setting.ORDERS),
                Item=items.encode(orders.item_of(past, {})),  # type: ignore[arg-type]
            )
        made = size
        with counted() as calls:
            seen = summary(world, customer)
        trips.append([name for name, _ in calls])
        rows.append(sum(call.get("Limit", 0) for _, call in calls))
        assert len(seen["recent_orders"]) == (7 if size == 5 else 10)

    assert trips == [["GetItem", "BatchGetItem", *["Query"] * 5]] * 3
    assert len(set(rows)) == 1
