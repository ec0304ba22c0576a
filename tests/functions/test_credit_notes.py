"""Credit notes by hand: of units, of an amount, of all that is left; never more than there is, and once."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from soms.billing import balances, periods
from soms.kit import aws, items, settings

from tests.functions.test_payments import FINANCE, exposure, invoice, pay
from tests.world import Answer, World


@pytest.fixture
def world() -> Iterator[World]:
    with World.opened() as opened:
        yield opened
        opened.drain()
        assert opened.broken() == []


def sold(world: World, *lines: tuple[str, int], rate: str = "0.13", **more: Any) -> tuple[str, Any]:
    """Return an order of these prices and quantities, nothing of it stocked, and its invoice."""
    buyer = world.customer(credit_limit="100000.00", **more)
    skus = [
        (world.product(f"C-{world.count}", price, tax_rate=rate, stocked=False), units)
        for price, units in lines
    ]
    order = world.order(buyer, *skus)
    assert order.status == 201, order.text
    world.drain()
    (issued,) = world.call("GET", f"/v1/invoices?order_id={order.body['id']}").body["data"]
    return order.body["id"], issued


def credit(world: World, invoice_id: str, body: dict[str, Any] | None = None, **more: Any) -> Answer:
    said = {"reason": "agreed with the buyer", **(body or {})}
    return world.call("POST", f"/v1/invoices/{invoice_id}/credit-notes", said, **FINANCE | more)


def test_units_are_credited_at_once_and_not_billed_again(world: World) -> None:
    order, issued = sold(world, ("10.00", 3))

    answer = credit(world, issued["id"], {"lines": [{"line": 1, "quantity": 1}]})
    world.drain()

    assert answer.status == 201, answer.text
    assert (answer.body["total"], answer.body["invoice_id"]) == ("11.30", issued["id"])
    assert answer.body["reason"] == "agreed with the buyer"
    assert [(one["line"], one["quantity"]) for one in answer.body["lines"]] == [(1, 1)]
    after = world.call("GET", f"/v1/orders/{order}").body
    assert (after["version"], after["lines"][0]["credited"], after["lines"][0]["invoiced"]) == (2, 1, 2)
    assert (after["total"], after["invoiced"]) == ("33.90", "22.60")
    assert invoice(world, issued["id"])["open"] == "22.60"


def test_an_amount_is_spread_over_the_lines_with_the_tax_in_it(world: World) -> None:
    order, issued = sold(world, ("10.00", 3), ("70.00", 1))

    answer = credit(world, issued["id"], {"amount": "11.30"})
    world.drain()

    assert answer.status == 201, answer.text
    told = answer.body
    assert (told["net"], told["tax"], told["total"]) == ("10.00", "1.30", "11.30")
    assert [(one["net"], one["tax"], one["quantity"]) for one in told["lines"]] == [
        ("3.00", "0.39", 0),
        ("7.00", "0.91", 0),
    ]
    after = world.call("GET", f"/v1/orders/{order}").body
    assert [one["invoiced"] for one in after["lines"]] == [3, 1]
    assert after["invoiced"] == "101.70"
    assert exposure(world, after["customer"]["id"]) == "99898.30"


def test_units_that_were_credited_in_price_are_cancelled_for_what_they_are_still_worth(world: World) -> None:
    order, issued = sold(world, ("10.00", 4), rate="0")
    credit(world, issued["id"], {"amount": "10.00"})

    world.drain()
    world.call("POST", f"/v1/orders/{order}/cancel", {"lines": [{"line": 1, "quantity": 2}]})
    world.drain()

    first, second = world.call("GET", f"/v1/credit-notes?order_id={order}").body["data"]
    assert {first["total"], second["total"]} == {"10.00", "15.00"}
    assert invoice(world, issued["id"])["open"] == "15.00"
    world.call("POST", f"/v1/orders/{order}/cancel", {})
    world.drain()
    assert invoice(world, issued["id"])["status"] == "credited"


def test_all_that_is_left_is_credited_where_nothing_is_said(world: World) -> None:
    _, issued = sold(world, ("10.00", 3), ("5.00", 2))
    credit(world, issued["id"], {"lines": [{"line": 1, "quantity": 2}]})
    credit(world, issued["id"], {"amount": "1.00"})

    answer = credit(world, issued["id"])

    assert answer.body["total"] == "21.60"
    again = credit(world, issued["id"])
    assert (again.status, again.code) == (409, "amount_exceeds_creditable")
    assert invoice(world, issued["id"])["status"] == "credited"
    assert len(invoice(world, issued["id"])["credit_notes"]) == 3


def test_more_than_can_be_credited_is_refused_with_both_amounts(world: World) -> None:
    _, issued = sold(world, ("10.00", 3))
    credit(world, issued["id"], {"amount": "3.90"})

    amount = credit(world, issued["id"], {"amount": "30.01"})
    units = credit(world, issued["id"], {"lines": [{"line": 1, "quantity": 4}, {"line": 7, "quantity": 1}]})
    digits = credit(world, issued["id"], {"amount": "1.001"})
    both = credit(world, issued["id"], {"amount": "1", "lines": [{"line": 1, "quantity": 1}]})

    assert (amount.status, amount.code) == (409, "amount_exceeds_creditable")
    assert amount.body["errors"][0]["meta"] == {"creditable": "30.00", "amount": "30.01"}
    assert units.status == 422
    assert [(one["code"], one["pointer"]) for one in units.body["errors"]] == [
        ("quantity_exceeds_creditable", "/lines/0/quantity"),
        ("unknown_line", "/lines/1/line"),
    ]
    assert units.body["errors"][0]["meta"] == {"most": 3}
    assert (digits.status, digits.code) == (422, "too_many_digits")
    assert (both.status, both.code) == (422, "one_of")


def test_only_the_newest_invoice_of_a_line_is_credited_by_units(world: World) -> None:
    order, first = sold(world, ("10.00", 2), rate="0")
    world.call(
        "PATCH",
        f"/v1/orders/{order}",
        {"lines": [{"line": 1, "quantity": 5}]},
        headers={"If-Match": '"1.0"'},
    )
    world.drain()
    invoices = world.call("GET", f"/v1/invoices?order_id={order}").body["data"]
    (second,) = [one for one in invoices if one["id"] != first["id"]]

    older = credit(world, first["id"], {"lines": [{"line": 1, "quantity": 1}]})
    newer = credit(world, second["id"], {"lines": [{"line": 1, "quantity": 1}]})
    amount = credit(world, first["id"], {"amount": "5.00"})

    assert (older.status, older.code) == (409, "billed_by_newer_invoice")
    assert older.body["errors"][0]["meta"]["number"] == second["number"]
    assert (newer.status, newer.body["total"]) == (201, "10.00")
    assert (amount.status, amount.body["total"]) == (201, "5.00")
    assert invoice(world, first["id"])["open"] == "15.00"
    assert invoice(world, second["id"])["open"] == "20.00"


def test_while_an_invoice_is_on_its_way_a_credit_note_waits(world: World) -> None:
    order, issued = sold(world, ("10.00", 3))
    world.call("POST", f"/v1/orders/{order}/cancel", {"lines": [{"line": 1, "quantity": 1}]})

    early = credit(world, issued["id"], {"amount": "1.00"}, key="k-1")
    world.drain()
    late = credit(world, issued["id"], {"amount": "1.00"}, key="k-1")

    assert (early.status, early.headers["Retry-After"]) == (503, "1")
    assert late.status == 201


def test_the_same_command_again_credits_once(world: World) -> None:
    _, issued = sold(world, ("10.00", 3))

    first = credit(world, issued["id"], {"amount": "1.00"}, key="k-1")
    again = credit(world, issued["id"], {"amount": "1.00"}, key="k-1")
    other = credit(world, issued["id"], {"amount": "2.00"}, key="k-1")

    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.status, again.body["id"]) == (201, first.body["id"])
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert invoice(world, issued["id"])["open"] == "32.90"


def test_what_is_paid_of_a_credited_amount_is_unapplied_again_the_newest_first(world: World) -> None:
    _, issued = sold(world, ("10.00", 10), rate="0")
    older = pay(world, "70.00", invoice_id=issued["id"]).body
    newer = pay(world, "30.00", invoice_id=issued["id"]).body

    answer = credit(world, issued["id"], {"amount": "40.00"})

    assert answer.status == 201, answer.text
    assert world.call("GET", f"/v1/payments/{newer['id']}").body["unapplied"] == "30.00"
    assert world.call("GET", f"/v1/payments/{older['id']}").body["unapplied"] == "10.00"
    assert exposure(world, issued["customer_id"]) == "100040.00"


def test_money_in_another_currency_is_owed_again_when_its_invoice_is_credited(world: World) -> None:
    _, issued = sold(world, ("705.00", 1), rate="0")
    named = [{"invoice_id": issued["id"], "amount": "100.00", "invoice_amount": "705.00"}]
    payment = pay(world, "100.00", currency="USD", invoice_id=issued["id"], allocations=named).body

    answer = credit(world, issued["id"], {"amount": "141.00"})

    assert answer.status == 201, answer.text
    assert world.call("GET", f"/v1/payments/{payment['id']}").body["unapplied"] == "20.00"
    assert exposure(world, issued["customer_id"]) == "100000.00"


def test_a_cancellation_takes_back_what_was_credited_before_it_owes_anything(world: World) -> None:
    order, issued = sold(world, ("10.00", 5), rate="0")
    credit(world, issued["id"], {"lines": [{"line": 1, "quantity": 4}]})
    world.drain()

    world.call("POST", f"/v1/orders/{order}/cancel", {"lines": [{"line": 1, "quantity": 3}]})
    world.drain()

    (line,) = world.call("GET", f"/v1/orders/{order}").body["lines"]
    assert (line["cancelled"], line["credited"], line["invoiced"]) == (3, 2, 0)
    assert invoice(world, issued["id"])["status"] == "credited"
    version = world.call("GET", f"/v1/orders/{order}").headers["ETag"]
    more = {"lines": [{"line": 1, "quantity": 3}]}
    world.call("PATCH", f"/v1/orders/{order}", more, headers={"If-Match": version})
    world.drain()
    invoices = world.call("GET", f"/v1/invoices?order_id={order}").body["data"]
    assert sorted(one["open"] for one in invoices) == ["0.00", "10.00"]


@pytest.mark.parametrize("who", ["admin", "sales", "sales_manager", "warehouse", "auditor"])
def test_only_finance_credits(world: World, who: str) -> None:
    _, issued = sold(world, ("10.00", 3))

    assert credit(world, issued["id"], as_=who, name="x").status == 403


def test_a_credit_note_and_what_is_no_invoice_are_not_credited(world: World) -> None:
    _, issued = sold(world, ("10.00", 3))
    note = credit(world, issued["id"], {"amount": "1.00"}).body

    assert [credit(world, name).status for name in (note["id"], "inv_none")] == [404, 404]
    assert credit(world, issued["id"], {"reason": ""}).status == 422


def come_back(world: World, order: str, units: int, resolution: str) -> Any:
    """Ship all of an order, take so many units back and settle that; return the return."""
    world.call("POST", f"/v1/orders/{order}/shipments", {})
    lines = [{"line": 1, "quantity": units, "reason": "chipped"}]
    path = world.call("POST", f"/v1/orders/{order}/returns", {"lines": lines}).body["id"]
    for command, body in (
        ("approve", {}),
        ("receive", {}),
        ("inspect", {"lines": [{"line": 1, "restock": units}]}),
    ):
        assert world.call("POST", f"/v1/returns/{path}/{command}", body).status == 200
    answer = world.call("POST", f"/v1/returns/{path}/resolve", {"resolution": resolution})
    assert answer.status == 200, answer.text
    world.drain()
    return answer.body


def test_a_refund_for_what_came_back_is_money_unapplied_on_its_payment(world: World) -> None:
    sku = world.product("R-1", "10.00", tax_rate="0")
    world.stock(sku, 5)
    order = world.order(world.customer(credit_limit="100.00"), (sku, 4)).body["id"]
    world.drain()
    payment = pay(world, "40.00", order_id=order).body

    resolved = come_back(world, order, 3, "refund")

    assert (resolved["resolution"], resolved["follows"]) == ("refund", ["credit_note", "payment_unapplied"])
    (note,) = world.call("GET", f"/v1/credit-notes?order_id={order}").body["data"]
    assert note["total"] == "30.00"
    assert world.call("GET", f"/v1/payments/{payment['id']}").body["refundable"] == "30.00"


def test_what_came_back_after_it_was_credited_by_hand_is_credited_once(world: World) -> None:
    sku = world.product("R-1", "10.00", tax_rate="0")
    world.stock(sku, 5)
    order = world.order(world.customer(credit_limit="100.00"), (sku, 4)).body["id"]
    world.drain()
    (issued,) = world.call("GET", f"/v1/invoices?order_id={order}").body["data"]
    credit(world, issued["id"], {"lines": [{"line": 1, "quantity": 3}]})
    world.drain()

    come_back(world, order, 2, "credit")

    (line,) = world.call("GET", f"/v1/orders/{order}").body["lines"]
    assert (line["credited"], line["returned"], line["invoiced"]) == (4, 2, 0)
    assert invoice(world, issued["id"])["status"] == "credited"


def test_a_document_is_dated_on_the_first_open_day_and_never_before_the_last_of_its_series(
    world: World,
) -> None:
    _, first = sold(world, ("10.00", 3))
    setting, place = balances.PERIODS
    today = date.fromisoformat(first["issued_on"])
    month = f"{today:%Y-%m}"
    opens = periods.day_after(month)
    held = items.encode({**place, "closed_through": month, "seq": 1})
    aws.dynamodb().put_item(TableName=settings.get(setting), Item=held)

    _, late = sold(world, ("10.00", 3))
    note = credit(world, first["id"], {"amount": "1.00"}).body
    aws.dynamodb().delete_item(TableName=settings.get(setting), Key=items.encode(place))
    _, after = sold(world, ("10.00", 3))

    same_year = opens.year == today.year
    days = [late["issued_on"], note["issued_on"], after["issued_on"]]
    assert days == [str(opens), str(opens), str(opens if same_year else today)]
