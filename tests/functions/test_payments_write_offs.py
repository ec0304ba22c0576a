"""What will not be paid is given up: by role up to a limit, along with a payment, and owed again if reversed."""

from collections.abc import Iterator
from typing import Any

import pytest
from soms.billing import store
from soms.billing.accounts import BAD_DEBT, FEES, FX, RECEIVABLES, ROUNDING

from tests.engine import before_writing
from tests.functions.test_payments import FINANCE, billed, exposure, invoice, pay
from tests.functions.test_payments_refunds import MANAGER
from tests.world import Answer, World


@pytest.fixture(autouse=True)
def _books_hold(world: World) -> Iterator[None]:
    yield
    world.drain()
    assert world.broken() == []


def give_up(world: World, owed: Any, *, key: str | None = None, who: Any = MANAGER, **body: Any) -> Answer:
    path = f"/v1/invoices/{owed['id']}/write-offs"
    return world.call("POST", path, {"reason": "rounding"} | body, key=key, **who)


def reverse(world: World, made: Any, who: Any = MANAGER, key: str | None = None) -> Answer:
    path = f"/v1/write-offs/{made['id']}/reverse"
    return world.call("POST", path, {"reason": "they paid after all"}, key=key, **who)


def limited(world: World, **limits: Any) -> None:
    assert world.call("PUT", "/v1/settings", limits).status == 200


def test_all_that_is_open_is_given_up_and_the_invoice_is_closed(world: World) -> None:
    customer, (first,) = billed(world, "100.00")
    pay(world, "99.97", invoice_id=first["id"])

    answer = give_up(world, first, note="bank kept it", key="k")
    again = give_up(world, first, note="bank kept it", key="k")

    assert answer.status == 201, answer.text
    assert (answer.body["amount"], answer.body["status"]) == ("0.03", "done")
    assert (again.status, again.body, again.headers["Idempotency-Replayed"]) == (201, answer.body, "true")
    after = invoice(world, first["id"])
    assert (after["status"], after["open"], after["written_off"]) == ("paid", "0.00", "0.03")
    assert exposure(world, customer) == "100000.00"
    shown = world.call("GET", f"/v1/write-offs/{answer.body['id']}").body
    assert shown == answer.body
    assert (shown["reason"], shown["note"]) == ("rounding", "bank kept it")


@pytest.mark.parametrize(
    ("reason", "account"),
    [
        ("rounding", ROUNDING),
        ("discount", ROUNDING),
        ("bad_debt", BAD_DEBT),
        ("fx", FX),
        ("bank_fee", FEES),
    ],
)
def test_each_reason_has_the_account_that_bears_it(world: World, reason: str, account: str) -> None:
    _, (first,) = billed(world, "100.00")

    made = give_up(world, first, amount="2.00", reason=reason).body

    (voucher,) = store.vouchers([made["id"]])
    assert [(one.account, str(one.debit), str(one.credit)) for one in voucher.postings] == [
        (account, "2.00", "0.00"),
        (RECEIVABLES, "0.00", "2.00"),
    ]


def test_what_was_given_up_is_owed_again_once_it_is_reversed(world: World) -> None:
    customer, (first,) = billed(world, "100.00")
    made = give_up(world, first, amount="30.00", reason="bad_debt").body

    answer = reverse(world, made, key="r")
    again = reverse(world, made, key="r")
    twice = reverse(world, made)

    assert (answer.status, answer.body["status"], answer.body["held"]) == (200, "reversed", "0.00")
    assert again.body == answer.body
    assert (twice.status, twice.code) == (409, "invalid_state")
    assert (invoice(world, first["id"])["open"], exposure(world, customer)) == ("100.00", "99900.00")


def test_a_credit_note_takes_back_what_was_given_up(world: World) -> None:
    customer, (first,) = billed(world, "100.00")
    made = give_up(world, first, amount="30.00", reason="bad_debt").body

    world.call("POST", f"/v1/orders/{first['order_id']}/cancel", {"reason": "no longer wanted"})
    world.drain()
    late = reverse(world, made)

    assert world.call("GET", f"/v1/write-offs/{made['id']}").body["status"] == "reversed"
    assert late.code == "invalid_state"
    assert exposure(world, customer) == "100000.00"


def test_a_clerk_gives_up_no_more_than_the_limit_of_the_role(world: World) -> None:
    _, (first,) = billed(world, "100.00")
    fresh = give_up(world, first, amount="0.01", who=FINANCE)
    limited(world, write_off_limits={"finance": "1.00", "finance_manager": "50.00"})

    above = give_up(world, first, amount="1.01", who=FINANCE)
    upto = give_up(world, first, amount="1.00", who=FINANCE)
    debt = give_up(world, first, amount="0.50", reason="bad_debt", who=FINANCE)
    manager = give_up(world, first, amount="50.01")

    assert [one.status for one in (fresh, above, upto, debt, manager)] == [403, 403, 201, 403, 403]
    assert fresh.body["meta"] == {"limit": "0.00", "currency": "CNY"}
    assert above.body["errors"][0]["code"] == "write_off_limit"
    assert debt.body["errors"][0]["code"] == "manager_required"
    assert give_up(world, first, amount="50.00", reason="bad_debt").status == 201
    assert world.call("POST", f"/v1/invoices/{first['id']}/write-offs", {}).status == 403


def test_a_limit_is_in_the_companys_currency_and_says_nothing_of_others(world: World) -> None:
    limited(world, write_off_limits={"finance": "1.00", "finance_manager": None})
    buyer = world.customer(currency="USD", credit_limit="1000.00")
    sku = world.product("P-USD", "100.00", currency="USD", tax_rate="0", stocked=False)
    assert world.order(buyer, (sku, 1)).status == 201
    world.drain()
    (owed,) = world.call("GET", f"/v1/invoices?customer_id={buyer}").body["data"]

    clerk = give_up(world, owed, amount="0.50", who=FINANCE)
    manager = give_up(world, owed, amount="0.50")

    assert (clerk.status, manager.status) == (403, 201)


def test_a_payment_that_is_a_little_short_closes_the_invoice_within_the_tolerance(world: World) -> None:
    limited(world, write_off_tolerance="0.05")
    customer, (first, second) = billed(world, "100.00", "50.00")

    def short(owed: Any, amount: str, lost: str, **more: Any) -> Answer:
        said = {"amount": lost, "reason": "rounding"} | more
        named = [{"invoice_id": owed["id"], "amount": amount, "write_off": said}]
        return pay(world, amount, customer_id=customer, allocations=named)

    answer = short(first, "99.97", "0.03")
    above = short(second, "49.94", "0.06")
    more = short(second, "49.98", "0.03")
    debt = short(second, "49.98", "0.02", reason="bad_debt")

    assert answer.status == 201, answer.text
    after = invoice(world, first["id"])
    assert (after["status"], after["paid"], after["written_off"]) == ("paid", "99.97", "0.03")
    assert (above.status, above.body["meta"]["limit"]) == (403, "0.05")
    assert (more.status, more.code) == (409, "amount_exceeds_open")
    assert more.body["errors"][0]["pointer"] == "/allocations/0/write_off/amount"
    assert debt.status == 403
    assert exposure(world, customer) == "99950.00"


def test_an_allocation_may_give_up_the_rest_too_and_either_is_taken_back_alone(world: World) -> None:
    limited(world, write_off_tolerance="0.05")
    customer, (first,) = billed(world, "100.00")
    payment = pay(world, "99.97", customer_id=customer, allocations="none").body
    path = f"/v1/payments/{payment['id']}/allocations"
    said = {"amount": "0.03", "reason": "bank_fee"}
    named = [{"invoice_id": first["id"], "amount": "99.97", "write_off": said}]

    closed = world.call("POST", path, {"allocations": named}, **FINANCE)
    held = invoice(world, first["id"])
    world.call("POST", path, {"reverse": "all"}, **FINANCE)

    assert closed.status == 200, closed.text
    assert [one["kind"] for one in held["allocations"]] == ["payment", "write_off"]
    after = invoice(world, first["id"])
    assert (after["open"], after["written_off"]) == ("99.97", "0.03")
    assert exposure(world, customer) == "100000.00"


def test_more_than_is_open_is_not_given_up(world: World) -> None:
    _, (first,) = billed(world, "100.00")

    above = give_up(world, first, amount="100.01")
    give_up(world, first)
    nothing = give_up(world, first)
    unknown = give_up(world, {"id": "inv_none"})

    assert (above.status, above.code) == (409, "amount_exceeds_open")
    assert (nothing.code, nothing.body["meta"]["state"]) == ("invalid_state", "paid")
    assert unknown.status == 404
    assert world.call("GET", "/v1/write-offs/wof_none").status == 404


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"amount": "0"}, "too_small", "/amount"),
        ({"amount": "1.001"}, "too_many_digits", "/amount"),
        ({"reason": "mood"}, "not_one_of", "/reason"),
    ],
)
def test_a_write_off_that_cannot_be_names_the_field(
    world: World, body: dict[str, str], code: str, pointer: str
) -> None:
    _, (first,) = billed(world, "100.00")

    answer = give_up(world, first, **body)

    assert (answer.status, answer.code) == (422, code), answer.text
    assert answer.body["errors"][0]["pointer"] == pointer


def test_a_payment_and_a_write_off_at_once_close_an_invoice_once(world: World) -> None:
    customer, (first,) = billed(world, "100.00")
    told: list[Answer] = []

    before_writing(lambda: told.append(pay(world, "100.00", customer_id=customer)))
    answer = give_up(world, first, amount="100.00", reason="bad_debt")

    assert told[0].body["unapplied"] == "0.00"
    assert (answer.status, answer.code) == (409, "invalid_state")


def test_two_reversals_at_once_restore_a_debt_once(world: World) -> None:
    customer, (first,) = billed(world, "100.00")
    made = give_up(world, first, amount="30.00", reason="bad_debt").body
    told: list[Answer] = []

    before_writing(lambda: told.append(reverse(world, made)))
    second = reverse(world, made)

    assert (told[0].status, second.status) == (200, 409)
    assert exposure(world, customer) == "99900.00"
