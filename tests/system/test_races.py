"""Many at once on the running system: nothing is promised twice, nothing is lost, nothing hangs."""

import os
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.system.conftest import System

pytestmark = pytest.mark.system
CLIENTS = 12
BUYERS, UNITS = (2000, 100) if os.environ.get("SOMS_LONG") else (200, 50)
Answer = tuple[int, Any]


def at_once(calls: Iterable[Callable[[], Answer]]) -> list[Answer]:
    with ThreadPoolExecutor(CLIENTS) as clients:
        return list(clients.map(lambda call: call(), calls))


def orders(system: System, customer: str, *baskets: list[tuple[str, int]]) -> list[Callable[[], Answer]]:
    def order(basket: list[tuple[str, int]]) -> Callable[[], Answer]:
        lines = [{"sku": sku, "quantity": units} for sku, units in basket]
        return lambda: system.call("POST", "/v1/orders", {"customer_id": customer, "lines": lines})

    return [order(basket) for basket in baskets]


def adjustment(system: System, sku: str, **body: Any) -> Callable[[], Answer]:
    return lambda: system.call("POST", f"/v1/stock/{sku}/adjustments", body, as_="warehouse")


def shelf(system: System, sku: str) -> tuple[int, int, int, int]:
    _, stock = system.call("GET", f"/v1/stock/{sku}")
    return stock["on_hand"], stock["reserved"], stock["available"], stock["backordered"]


def statuses(answers: Iterable[Answer]) -> Counter[int]:
    return Counter(status for status, _ in answers)


def books_hold(system: System) -> None:
    system.drain()
    reconciled = system.soms("reconcile")
    assert reconciled.returncode == 0, reconciled.stdout


def test_many_buyers_share_what_there_is_exactly(system: System) -> None:
    sku = system.product("RACE", UNITS)
    customer = system.customer(name="Everybody", kind="cash")

    answers = at_once(orders(system, customer, *([[(sku, 1)]] * BUYERS)))

    assert statuses(answers) == {201: UNITS, 409: BUYERS - UNITS}
    assert {told["code"] for status, told in answers if status == 409} == {"insufficient_stock"}
    books_hold(system)
    assert shelf(system, sku) == (UNITS, UNITS, 0, 0)


def test_baskets_in_both_orders_take_both_or_nothing(system: System) -> None:
    left, right = system.product("LEFT", 40), system.product("RIGHT", 40)
    customer = system.customer(name="Both ways", kind="cash")
    baskets = [[(left, 1), (right, 1)], [(right, 1), (left, 1)]] * 30

    answers = at_once(orders(system, customer, *baskets))

    assert statuses(answers) == {201: 40, 409: 20}
    books_hold(system)
    assert shelf(system, left) == shelf(system, right) == (40, 40, 0, 0)


def test_adjusting_while_selling_moves_exactly_what_was_accepted(system: System) -> None:
    sku = system.product("ADJUST", 30)
    customer = system.customer(name="Adjusting", kind="cash")
    changes = [adjustment(system, sku, delta=delta, reason="correction") for delta in (2, -1, 3, -2) * 5]
    calls = [call for pair in zip(orders(system, customer, *([[(sku, 1)]] * 20)), changes, strict=True) for call in pair]

    answers = at_once(calls)

    sold = sum(status == 201 for status, _ in answers[::2])
    moved = [delta for (status, _), delta in zip(answers[1::2], (2, -1, 3, -2) * 5, strict=True) if status == 201]
    assert sold == 20
    assert set(statuses(answers[1::2])) <= {201, 503}
    books_hold(system)
    assert shelf(system, sku) == (30 + sum(moved), sold, 30 + sum(moved) - sold, 0)


def test_counting_while_selling_never_promises_what_is_not_there(system: System) -> None:
    sku = system.product("COUNT", 40)
    customer = system.customer(name="Counting", kind="cash")
    counts = [adjustment(system, sku, counted=25, reason="count")] * 5
    calls = orders(system, customer, *([[(sku, 1)]] * 50))
    for place, count in enumerate(counts, 1):
        calls.insert(place * 10, count)

    answers = at_once(calls)

    assert set(statuses(answers)) <= {201, 409, 503}
    books_hold(system)
    status, told = counts[0]()
    while status == 503:
        system.drain()
        status, told = counts[0]()
    assert status == 201, told
    books_hold(system)
    on_hand, reserved, available, waiting = shelf(system, sku)
    sold = sum(status == 201 and "number" in told for status, told in answers)
    assert on_hand == 25
    assert available == on_hand - reserved
    assert reserved + waiting == sold


def test_an_order_is_either_cancelled_or_shipped(system: System) -> None:
    sku = system.product("EITHER", 20)
    customer = system.customer(name="Either", kind="cash")
    placed = at_once(orders(system, customer, *([[(sku, 1)]] * 20)))
    paths = [f"/v1/orders/{order['id']}" for _, order in placed]
    calls: list[Callable[[], Answer]] = []
    for path in paths:
        calls.append(lambda path=path: system.call("POST", f"{path}/cancel", {}))  # type: ignore[misc] # mypy cannot type a bound default
        calls.append(lambda path=path: system.call("POST", f"{path}/shipments", {}, as_="warehouse"))  # type: ignore[misc] # as above

    answers = at_once(calls)

    ends = [(one[0], other[0]) for one, other in zip(answers[::2], answers[1::2], strict=True)]
    assert set(ends) <= {(200, 409), (409, 201)}, ends
    shipped = sum(end == (409, 201) for end in ends)
    books_hold(system)
    assert shelf(system, sku) == (20 - shipped, 0, 20 - shipped, 0)


def test_who_waits_while_goods_come_in_gets_all_of_them(system: System) -> None:
    sku = system.product("WAIT", 5)
    customer = system.customer(name="Waiting", kind="cash")
    body = {"customer_id": customer, "lines": [{"sku": sku, "quantity": 2}], "backorder": "allow"}
    calls: list[Callable[[], Answer]] = [lambda: system.call("POST", "/v1/orders", body)] * 20
    receipts = [adjustment(system, sku, delta=5, reason="receipt")] * 5

    answers = at_once([one for four in zip(*[iter(calls)] * 4, strict=True) for one in (*four, receipts[0])])

    assert statuses(answers) == {201: 25}
    books_hold(system)
    assert shelf(system, sku) == (30, 30, 0, 10)


def test_crossing_the_reorder_point_many_times_at_once_opens_one_alert(system: System) -> None:
    sku = system.product("CROSS", 30)
    system.call("PUT", f"/v1/stock/{sku}/reorder-rule", {"point": 20, "target": 60}, as_="purchasing")

    answers = at_once([adjustment(system, sku, delta=-1, reason="damage")] * 20)

    assert statuses(answers) == {201: 20}
    books_hold(system)
    _, alerts = system.call("GET", "/v1/stock-alerts?status=open&limit=100", as_="purchasing")
    assert [one["position"] <= 20 for one in alerts["data"] if one["sku"] == sku] == [True]


def test_the_last_unit_of_a_hot_sku_is_sold_and_never_twice(system: System) -> None:
    sku = system.product("HOT", 60)
    customer = system.customer(name="Crowd", kind="cash")
    status, told = system.call("PUT", f"/v1/stock/{sku}/shards", {"shards": 8})
    assert status == 200, told
    system.drain()

    answers = at_once(orders(system, customer, *([[(sku, 1)], [(sku, 2)]] * 40)))

    sold = sum(order["lines"][0]["quantity"] for status, order in answers if status == 201)
    assert set(statuses(answers)) == {201, 409}
    assert sold == 60
    books_hold(system)
    assert shelf(system, sku) == (60, 60, 0, 0)


def test_many_refunds_at_once_give_back_what_there_is_and_no_more(system: System) -> None:
    customer = system.customer(name="Refunded", credit_limit="1000.00")
    body = {"customer_id": customer, "amount": "100.00", "currency": "CNY", "method": "cheque", "reference": "RACE-1"}
    status, payment = system.call("POST", "/v1/payments", body, as_="finance")
    assert status == 201, payment
    path = f"/v1/payments/{payment['id']}/refunds"
    wanted = [
        {"amount": "15.00", "reason": "race", "reference": f"RACE-BACK-{number}"} for number in range(20)
    ]

    def give_back(said: dict[str, str]) -> Answer:
        return system.call("POST", path, said, as_="finance", key=said["reference"])

    answers = at_once([lambda said=said: give_back(said) for said in wanted])  # type: ignore[misc] # mypy cannot type a bound default
    again = [give_back(said) for said in wanted]

    assert set(statuses(answers)) <= {201, 409, 503}
    assert statuses(again) == {201: 6, 409: 14}
    assert {told["code"] for status, told in again if status == 409} == {"amount_exceeds_refundable"}
    _, after = system.call("GET", f"/v1/payments/{payment['id']}", as_="finance")
    assert (after["refunded"], after["unapplied"]) == ("90.00", "10.00")
    books_hold(system)
