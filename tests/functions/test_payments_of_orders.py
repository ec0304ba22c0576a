"""An order says what became of its money: paid, given up in part, given back; also where the stream lost it."""

from collections.abc import Iterator
from typing import Any

import pytest
from soms.kit import journal
from soms.reports import sweep

from tests.functions.test_payments import FINANCE, billed, pay
from tests.functions.test_payments_credit import use
from tests.functions.test_payments_refunds import bounce, refund
from tests.functions.test_payments_write_offs import give_up
from tests.world import World


@pytest.fixture(autouse=True)
def _books_hold(world: World) -> Iterator[None]:
    yield
    world.drain()
    assert world.broken() == []


def told(world: World, owed: Any) -> tuple[str, str, str]:
    world.drain()
    order = world.call("GET", f"/v1/orders/{owed['order_id']}").body
    return order["payment"], order["paid"], order["refunded"]


def cancel(world: World, owed: Any) -> None:
    path = f"/v1/orders/{owed['order_id']}/cancel"
    assert world.call("POST", path, {"reason": "no longer wanted"}).status == 200
    world.drain()


def test_an_order_whose_money_went_back_is_refunded(world: World) -> None:
    _, (first, second) = billed(world, "100.00", "50.00")
    payment = pay(world, "100.00", invoice_id=first["id"]).body
    paid = told(world, first)
    cancel(world, first)
    waiting = told(world, first)

    refund(world, payment, "100.00")

    assert paid == ("paid", "100.00", "0.00")
    assert waiting == ("unpaid", "0.00", "0.00")
    assert told(world, first) == ("refunded", "0.00", "100.00")
    rows = world.call("GET", "/v1/orders").body["data"]
    assert [(one["payment"], "refunded" in one) for one in rows] == [("unpaid", False), ("refunded", False)]
    assert told(world, second) == ("unpaid", "0.00", "0.00")


def test_a_deposit_that_went_back_makes_its_order_refunded(world: World) -> None:
    buyer = world.customer(invoice_policy="on_shipment", credit_limit="1000.00")
    world.product("P-9", "50.00", tax_rate="0")
    world.stock("P-9", 5)
    order = world.order(buyer, ("P-9", 2)).body
    world.drain()
    deposit = pay(world, "30.00", order_id=order["id"], method="prepayment").body
    before = told(world, {"order_id": order["id"]})

    refund(world, deposit, "30.00")

    assert before == ("partial", "30.00", "0.00")
    assert told(world, {"order_id": order["id"]}) == ("refunded", "0.00", "30.00")


def test_an_order_whose_money_never_came_is_unpaid_and_not_refunded(world: World) -> None:
    _, (first,) = billed(world, "100.00")
    payment = pay(world, "120.00", invoice_id=first["id"], method="cheque").body
    refund(world, payment, "20.00")
    world.drain()

    bounce(world, payment)

    assert told(world, first) == ("unpaid", "0.00", "0.00")


def test_an_order_that_is_paid_but_for_what_was_given_up_is_paid(world: World) -> None:
    _, (first, second) = billed(world, "100.00", "50.00")
    pay(world, "99.97", invoice_id=first["id"])
    short = told(world, first)

    give_up(world, first)
    give_up(world, second, reason="bad_debt")

    assert short == ("partial", "99.97", "0.00")
    assert told(world, first) == ("paid", "99.97", "0.00")
    assert told(world, second) == ("unpaid", "0.00", "0.00")


@pytest.mark.parametrize("what", ["refund", "write_off", "credit"])
def test_what_the_stream_lost_of_money_the_sweep_finds(world: World, what: str) -> None:
    customer, (first,) = billed(world, "100.00")
    payment = pay(world, "150.00", invoice_id=first["id"]).body
    back = {"reverse": [{"invoice_id": first["id"], "amount": "100.00"}]}
    world.call("POST", f"/v1/payments/{payment['id']}/allocations", back, **FINANCE)
    told(world, first)

    if what == "refund":
        made = refund(world, payment, "150.00").body
        name = f"refund#{made['id']}"
    elif what == "write_off":
        give_up(world, first)
        name = f"open_item#{first['id']}"
    else:
        made = use(world, "60.00", customer_id=customer).body
        name = f"payment#{made['id']}"
    lost = list(sweep._unsettled(list(journal.of_aggregate(name))))
    told(world, first)
    found = list(sweep._unsettled(list(journal.of_aggregate(name))))

    assert lost == [{"kind": "order_billing", "order_id": first["order_id"]}]
    assert found == []
