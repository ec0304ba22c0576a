"""As much as one command takes: forty invoices, forty payments, forty allocations on an invoice, and no more."""

from collections.abc import Iterator

import pytest

from tests.functions.test_payments import FINANCE, exposure, invoice, pay
from tests.functions.test_payments_credit import use
from tests.functions.test_payments_refunds import bounce, now, refund_customer
from tests.functions.test_payments_write_offs import give_up
from tests.world import World

MANY = 41


@pytest.fixture(autouse=True)
def _books_hold(world: World) -> Iterator[None]:
    yield
    world.drain()
    assert world.broken() == []


def test_a_payment_of_many_invoices_bounces_once_it_settles_few_enough(world: World) -> None:
    customer = world.customer(credit_limit="1000.00")
    sku = world.product("P-1", "1.00", tax_rate="0", stocked=False)
    assert {world.order(customer, (sku, 1)).status for _ in range(MANY)} == {201}
    world.drain()
    payment = pay(world, "41.00", customer_id=customer, method="cheque").body
    path = f"/v1/payments/{payment['id']}/allocations"
    world.call("POST", path, {"mode": "auto"}, **FINANCE)

    refused = bounce(world, payment)
    world.call("POST", path, {"reverse": "all"}, **FINANCE)
    left = now(world, payment)
    answer = bounce(world, payment)

    assert payment["unapplied"] == "1.00"
    assert (refused.status, refused.code) == (409, "too_many_allocations")
    assert refused.body["meta"] == {"allocations": MANY, "most": 40}
    assert len(left["allocations"]) == 1
    assert (answer.status, answer.body["status"]) == (200, "bounced")
    assert exposure(world, customer) == "959.00"


def test_as_many_payments_as_one_command_takes_are_used_and_given_back(world: World) -> None:
    customer = world.customer(credit_limit="1000.00")
    sku = world.product("P-1", "100.00", tax_rate="0", stocked=False)
    assert world.order(customer, (sku, 1)).status == 201
    world.drain()
    (owed,) = world.call("GET", f"/v1/invoices?customer_id={customer}").body["data"]
    for _ in range(MANY):
        assert pay(world, "2.00", customer_id=customer, allocations="none").status == 201

    above = refund_customer(world, customer, "80.01")
    beyond = use(world, "80.01", invoice_id=owed["id"])
    back = refund_customer(world, customer, "40.00")
    used = use(world, "40.00", invoice_id=owed["id"])

    assert (above.code, above.body["meta"]["refundable"]) == ("amount_exceeds_refundable", "80.00")
    assert (beyond.code, beyond.body["meta"]["credit"]) == ("amount_exceeds_credit", "80.00")
    assert (back.status, len(back.body["parts"])) == (201, 20)
    assert (used.status, len(used.body["sources"])) == (201, 20), used.text
    for _ in range(20):
        assert pay(world, "1.00", invoice_id=owed["id"]).status == 201
    full = use(world, "2.00", invoice_id=owed["id"])
    lost = give_up(world, owed)
    assert (full.status, full.code) == (409, "too_many_allocations")
    assert (lost.status, lost.code) == (409, "too_many_allocations")
    assert invoice(world, owed["id"])["open"] == "40.00"
