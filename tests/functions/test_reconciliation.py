"""Bank lines find what they belong to: by themselves where that is certain, by hand where it is not, and back."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from soms.billing.bank import reconciling
from soms.billing.statements.model import StatementLine
from soms.kit import access, clock, ids

from tests.functions.test_payments import FINANCE, billed, exposure, invoice, pay
from tests.world import Answer, World

BANK = {"kind": "bank", "source": "camt.053"}
STRIPE = {"kind": "provider", "source": "stripe"}
TODAY = date.fromisoformat(clock.stamp(clock.now() + timedelta(hours=8))[:10])


@pytest.fixture
def world() -> Iterator[World]:
    with World.opened() as opened:
        yield opened
        opened.drain()
        assert opened.broken() == []


def line(amount: str, position: int = 1, **more: Any) -> StatementLine:
    told = {"account": "DE1", "currency": "CNY", "booked_on": TODAY, "amount": Decimal(amount), **more}
    name = ids.derived("stl", repr(sorted(told.items())), str(position))
    return StatementLine(id=name, position=position, **told)


def take(world: World, *lines: StatementLine, facts: dict[str, str] = BANK) -> list[Any]:
    world.count += 1
    caller = access.system("imports", f"import-{world.count}")
    reconciling.take(lines, facts, caller, now=clock.now())
    return [shown(world, one.id) for one in lines]


def shown(world: World, line_id: str) -> Any:
    return world.call("GET", f"/v1/reconciliation/items/{line_id}", **FINANCE).body


def act(world: World, line_id: str, step: str, body: object) -> Answer:
    return world.call("POST", f"/v1/reconciliation/items/{line_id}/{step}", body, **FINANCE)


def test_a_line_that_names_an_invoice_and_comes_to_it_pays_it_by_itself(world: World) -> None:
    customer, (first,) = billed(world, "100.00")

    (taken,) = take(world, line("100.00", text=f"Invoice {first['number']} thanks", bank_reference="B-77"))

    assert (taken["state"], taken["matched_by"]) == ("matched", "matching")
    assert invoice(world, first["id"])["status"] == "paid"
    (payment,) = world.call("GET", f"/v1/payments?customer_id={customer}").body["data"]
    assert (payment["method"], payment["reference"], payment["amount"]) == ("bank_transfer", "B-77", "100.00")
    assert exposure(world, customer) == "100000.00"


def test_a_line_that_is_a_recorded_payment_clears_it(world: World) -> None:
    _, (first,) = billed(world, "100.00")
    payment = pay(world, "100.00", invoice_id=first["id"], reference="TT-9").body

    (taken,) = take(world, line("100.00", reference="TT-9"))

    assert taken["state"] == "matched"
    assert [(one["kind"], one["id"]) for one in taken["matched"]] == [("payment", payment["id"])]
    assert len(world.call("GET", f"/v1/payments?customer_id={payment['customer_id']}").body["data"]) == 1


def test_a_line_with_only_name_and_amount_is_suggested_with_its_reasons(world: World) -> None:
    _, (first,) = billed(world, "100.00", name="Blue Harbour Trading Co., Ltd")

    (taken,) = take(world, line("100.00", payer="BLUE HARBOUR TRADING"))

    assert taken["state"] == "suggested"
    (candidate,) = taken["candidates"]
    assert [one["id"] for one in candidate["aims"]] == [first["id"]]
    assert candidate["reasons"] == {"amount": 30, "same_name": 20, "same_days": 5}
    done = act(world, taken["id"], "match", {"candidate": 0})
    assert done.body["state"] == "matched", done.text
    assert invoice(world, first["id"])["open"] == "0.00"


def test_whose_account_it_is_is_learned_from_what_somebody_matched(world: World) -> None:
    customer, (first, second) = billed(world, "100.00", "60.00")
    (one,) = take(world, line("100.00", payer_account="CN42"))

    act(world, one["id"], "match", {"invoices": [{"invoice_id": first["id"]}]})
    (next_one,) = take(world, line("60.00", payer_account="CN42"))

    assert one["state"] == "unmatched"
    assert next_one["state"] == "suggested"
    assert next_one["candidates"][0]["reasons"]["known_account"] == 25
    assert next_one["candidates"][0]["aims"][0]["id"] == second["id"]
    assert customer == next_one["candidates"][0]["customer_id"]


def test_one_line_pays_many_invoices_and_what_is_over_stays_unapplied(world: World) -> None:
    customer, (first, second) = billed(world, "100.00", "60.00")
    (taken,) = take(world, line("170.00"))
    wanted = [{"invoice_id": first["id"]}, {"invoice_id": second["id"]}]

    done = act(world, taken["id"], "match", {"invoices": wanted})

    assert done.status == 200, done.text
    (payment,) = world.call("GET", f"/v1/payments?customer_id={customer}").body["data"]
    assert (payment["unapplied"], len(payment["allocations"])) == ("10.00", 2)


def test_many_lines_clear_one_payment_and_never_more_than_it(world: World) -> None:
    customer, _ = billed(world, "100.00")
    payment = pay(world, "100.00", customer_id=customer).body
    first, second, third = take(world, line("60.00"), line("40.00", 2), line("40.00", 3))

    done = [
        act(world, one["id"], "match", {"payments": [{"payment_id": payment["id"], "amount": one["amount"]}]})
        for one in (first, second, third)
    ]

    assert [one.status for one in done] == [200, 200, 422]
    assert done[2].code == "amount_exceeds_uncleared"


def test_a_fee_that_the_bank_kept_is_posted_to_fees(world: World) -> None:
    _, (first,) = billed(world, "100.00")
    (taken,) = take(world, line("97.50"))
    body = {"invoices": [{"invoice_id": first["id"]}]}

    short = act(world, taken["id"], "match", body)
    done = act(world, taken["id"], "match", {**body, "fee": "2.50"})

    assert (short.status, short.code) == (409, "does_not_add_up")
    assert short.body["meta"] == {"line": "97.50", "selected": "100.00", "difference": "-2.50"}
    assert done.status == 200, done.text
    assert invoice(world, first["id"])["status"] == "paid"


def test_a_match_is_taken_back_and_the_payment_stays_to_be_found_again(world: World) -> None:
    _, (first,) = billed(world, "100.00")
    (taken,) = take(world, line("100.00", text=first["number"], bank_reference="B-1"))

    back = act(world, taken["id"], "unmatch", {"reason": "another customer's"})
    again = world.call("POST", "/v1/reconciliation/runs", {}, **FINANCE)

    assert back.body["state"] == "unmatched", back.text
    assert again.body["counts"] == {"matched": 1, "suggested": 0, "unmatched": 0}
    assert invoice(world, first["id"])["status"] == "paid"


def test_charges_and_interest_belong_to_nothing_of_ours(world: World) -> None:
    charge, interest = take(world, line("-12.00"), line("3.10", 2))

    done = [
        act(world, charge["id"], "write-off", {"reason": "bank_fee"}),
        act(world, interest["id"], "write-off", {"reason": "interest", "note": "third quarter"}),
    ]

    assert [one.body["state"] for one in done] == ["written_off", "written_off"]
    back = act(world, charge["id"], "unmatch", {"reason": "was a refund"})
    assert back.body["state"] == "unmatched"


def test_the_same_lines_again_change_nothing(world: World) -> None:
    _, (first,) = billed(world, "100.00")
    lines = [line("100.00", text=first["number"]), line("5.00", 2)]
    before = take(world, *lines)

    after = take(world, *lines, line("6.00", 3))

    assert after[:2] == before
    assert after[2]["state"] == "unmatched"


def test_a_payout_is_captures_less_refunds_less_fees_and_empties_the_clearing_account(world: World) -> None:
    customer, (first,) = billed(world, "100.00")
    pay(world, "100.00", invoice_id=first["id"], method="card", reference="ch_1")
    rows = [
        line("100.00", kind="capture", fee=Decimal("2.90"), reference="ch_1", payout="po_1", account="stripe"),
        line("-0.10", 2, kind="fee", payout="po_1", account="stripe"),
        line("-97.00", 3, kind="payout", payout="po_1", account="stripe"),
        line("50.00", 4, kind="capture", reference="ch_gone", payout="po_2", account="stripe"),
    ]

    capture, fee, payout, lost = take(world, *rows, facts=STRIPE)
    (arrived,) = take(world, line("97.00", text="STRIPE PAYOUT po_1"))

    assert (capture["state"], fee["state"], lost["state"]) == ("matched", "written_off", "unmatched")
    assert lost["exception"] == "no_payment"
    assert payout["payout_check"] == {
        "rows": 2, "unmatched": 0, "captures": "100.00", "refunds": "0.00", "fees": "3.00",
        "difference": "0.00",
    }
    assert arrived["state"] == "matched"
    assert shown(world, payout["id"])["state"] == "matched"
    assert customer


def test_a_payout_whose_rows_differ_is_not_matched_by_itself(world: World) -> None:
    (payout,) = take(world, line("-97.00", kind="payout", payout="po_9", account="stripe"), facts=STRIPE)

    (arrived,) = take(world, line("97.00", text="stripe po_9"))

    assert payout["payout_check"]["difference"] == "-97.00"
    assert arrived["state"] == "suggested"
    assert arrived["candidates"][0]["reasons"]["rows_differ"] == -30


def test_money_that_left_is_the_refund_it_names(world: World) -> None:
    customer, _ = billed(world)
    payment = pay(world, "80.00", customer_id=customer).body
    body = {"amount": "30.00", "reason": "too much", "reference": "RF-1"}
    refund = world.call("POST", f"/v1/payments/{payment['id']}/refunds", body, **FINANCE).body

    taken, other = take(world, line("-30.00", reference="RF-1"), line("-30.00", 2, text="salaries"))

    assert (taken["state"], taken["matched"][0]["id"]) == ("matched", refund["id"])
    assert other["state"] == "unmatched"
    back = act(world, taken["id"], "unmatch", {"reason": "was the other one"})
    assert back.body["state"] == "unmatched"
    done = act(world, other["id"], "match", {"refund_id": refund["id"]})
    assert done.body["state"] == "matched", done.text
