"""Money comes in: recorded once, settling what it is for, taken back, never lost and never pushed onto an invoice."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.world import Answer, World

FINANCE: dict[str, str] = {"as_": "finance", "name": "fin"}


@pytest.fixture
def world() -> Iterator[World]:
    with World.opened() as opened:
        yield opened
        opened.drain()
        assert opened.broken() == []


def billed(world: World, *prices: str, customer: str | None = None, **more: object) -> tuple[str, list[Any]]:
    """Return a customer and one invoice a price, oldest first; tax is nothing."""
    buyer = customer or world.customer(credit_limit="100000.00", **more)
    for price in prices:
        sku = world.product(f"P-{world.count}", price, tax_rate="0", stocked=False)
        assert world.order(buyer, (sku, 1)).status == 201
        world.drain()
    found = world.call("GET", f"/v1/invoices?customer_id={buyer}&limit=100").body["data"]
    return buyer, sorted(found, key=lambda one: str(one["number"]))


def pay(world: World, amount: str, **more: Any) -> Answer:
    who = more.pop("who", FINANCE)
    body = {"amount": amount, "currency": "CNY", "method": "bank_transfer", "reference": f"R-{world.count}"}
    return world.call("POST", "/v1/payments", body | more, **who)


def invoice(world: World, invoice_id: str) -> Any:
    return world.call("GET", f"/v1/invoices/{invoice_id}").body


def exposure(world: World, customer: str) -> str:
    body = world.call("GET", f"/v1/customers/{customer}/summary").body
    return str(body["credit_available"])


def test_a_payment_settles_the_invoice_it_matches_exactly(world: World) -> None:
    customer, (first, second) = billed(world, "100.00", "60.00")

    answer = pay(world, "60.00", customer_id=customer)

    assert answer.status == 201, answer.text
    assert answer.body["unapplied"] == "0.00"
    assert [one["invoice_id"] for one in answer.body["allocations"]] == [second["id"]]
    assert invoice(world, second["id"])["status"] == "paid"
    assert invoice(world, first["id"])["open"] == "100.00"


def test_a_payment_that_matches_nothing_settles_the_oldest_due_first_and_keeps_the_rest(world: World) -> None:
    customer, (first, second) = billed(world, "100.00", "60.00")

    answer = pay(world, "170.00", customer_id=customer).body

    assert [one["amount"] for one in answer["allocations"]] == ["100.00", "60.00"]
    assert (answer["unapplied"], answer["refundable"]) == ("10.00", "10.00")
    assert {invoice(world, one["id"])["status"] for one in (first, second)} == {"paid"}
    assert exposure(world, customer) == "100010.00"


def test_the_same_reference_again_is_the_same_payment(world: World) -> None:
    customer, _ = billed(world, "100.00")

    first = pay(world, "40.00", customer_id=customer, reference="TT-1")
    again = pay(world, "40.00", customer_id=customer, reference="TT-1")
    other = pay(world, "41.00", customer_id=customer, reference="TT-1")
    by_cheque = pay(world, "40.00", customer_id=customer, reference="TT-1", method="cheque")

    assert (first.status, again.status, other.status, by_cheque.status) == (201, 200, 409, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.body["id"] == first.body["id"]
    assert (other.code, other.body["meta"]["id"]) == ("duplicate_reference", first.body["id"])


def test_money_is_taken_back_from_an_invoice_and_given_to_another(world: World) -> None:
    customer, (first, second) = billed(world, "100.00", "60.00")
    payment = pay(world, "50.00", invoice_id=first["id"]).body
    path = f"/v1/payments/{payment['id']}/allocations"

    back = world.call("POST", path, {"reverse": [{"invoice_id": first["id"], "amount": "20.00"}]}, **FINANCE)
    given = world.call(
        "POST", path, {"allocations": [{"invoice_id": second["id"], "amount": "15.00"}]}, **FINANCE
    )

    assert (back.body["unapplied"], given.body["unapplied"]) == ("20.00", "5.00")
    assert invoice(world, first["id"])["open"] == "70.00"
    assert invoice(world, second["id"])["open"] == "45.00"
    assert exposure(world, customer) == "99890.00"


def test_more_than_is_open_is_refused_naming_both_amounts(world: World) -> None:
    _, (first,) = billed(world, "100.00")

    answer = pay(
        world, "200.00", invoice_id=first["id"], allocations=[{"invoice_id": first["id"], "amount": "100.01"}]
    )

    assert (answer.status, answer.code) == (409, "amount_exceeds_open")
    (error,) = answer.body["errors"]
    assert error["pointer"] == "/allocations/0/amount"
    assert error["meta"] == {"invoice_id": first["id"], "open": "100.00", "amount": "100.01"}


def test_a_deposit_settles_the_invoice_of_its_order_once_that_is_issued(world: World) -> None:
    buyer = world.customer(invoice_policy="on_shipment", credit_limit="1000.00")
    sku = world.product("P-9", "50.00", tax_rate="0")
    world.stock(sku, 5)
    order = world.order(buyer, (sku, 2)).body
    world.drain()

    deposit = pay(world, "30.00", order_id=order["id"], method="prepayment").body
    world.drain()
    before = world.call("GET", f"/v1/orders/{order['id']}").body
    world.call("POST", f"/v1/orders/{order['id']}/shipments", {})
    world.drain()

    assert deposit["unapplied"] == "30.00"
    assert (before["paid"], before["payment"]) == ("30.00", "partial")
    (issued,) = world.call("GET", f"/v1/invoices?order_id={order['id']}").body["data"]
    assert (issued["paid"], issued["open"]) == ("30.00", "70.00")
    assert world.call("GET", f"/v1/payments/{deposit['id']}").body["unapplied"] == "0.00"
    after = world.call("GET", f"/v1/orders/{order['id']}").body
    assert (after["paid"], after["payment"]) == ("30.00", "partial")


def test_a_credit_note_above_what_is_open_frees_the_newest_money_first(world: World) -> None:
    customer, (first,) = billed(world, "100.00")
    older = pay(world, "70.00", invoice_id=first["id"]).body
    newer = pay(world, "30.00", invoice_id=first["id"]).body

    answer = world.call("POST", f"/v1/orders/{first['order_id']}/cancel", {"reason": "no longer wanted"})
    world.drain()

    assert answer.status == 200, answer.text
    assert world.call("GET", f"/v1/payments/{newer['id']}").body["unapplied"] == "30.00"
    assert world.call("GET", f"/v1/payments/{older['id']}").body["unapplied"] == "70.00"
    assert invoice(world, first["id"])["status"] == "credited"
    assert exposure(world, customer) == "100100.00"


def test_money_in_another_currency_says_how_much_of_the_invoice_it_settles(world: World) -> None:
    customer, (first,) = billed(world, "710.00")
    silent = pay(world, "100.00", currency="USD", invoice_id=first["id"])
    named = [{"invoice_id": first["id"], "amount": "100.00", "invoice_amount": "705.00"}]

    answer = pay(world, "100.00", currency="USD", invoice_id=first["id"], allocations=named)

    assert (silent.status, silent.code) == (422, "invoice_amount_required")
    assert answer.status == 201, answer.text
    assert invoice(world, first["id"])["open"] == "5.00"
    assert exposure(world, customer) == "99995.00"
    back = world.call(
        "POST", f"/v1/payments/{answer.body['id']}/allocations", {"reverse": "all"}, **FINANCE
    )
    assert back.body["unapplied"] == "100.00"
    assert exposure(world, customer) == "99290.00"


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"method": "seashells"}, "unknown_method", "/method"),
        ({"currency": "XXX"}, "unknown_currency", "/currency"),
        ({"amount": "1.001"}, "too_many_digits", "/amount"),
        ({"received_on": "2999-01-01"}, "too_late", "/received_on"),
        ({"customer_id": "cus_none"}, "unknown_customer", "/customer_id"),
        ({"invoice_id": "inv_none"}, "one_of", ""),
    ],
)
def test_a_payment_that_cannot_be_names_the_field(
    world: World, change: dict[str, str], code: str, pointer: str
) -> None:
    customer = world.customer()

    answer = pay(world, **{"amount": "1.00", "customer_id": customer} | change)

    assert (answer.status, answer.code) == (422, code), answer.text
    assert answer.body["errors"][0]["pointer"] == pointer
