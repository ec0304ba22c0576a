"""Money goes back: never more than is unapplied, by two people above a limit, and offline money may bounce."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine import before_writing
from tests.functions.test_payments import FINANCE, billed, exposure, invoice, pay
from tests.world import Answer, World

MANAGER: dict[str, str] = {"as_": "finance_manager", "name": "boss"}


@pytest.fixture(autouse=True)
def _books_hold(world: World) -> Iterator[None]:
    yield
    world.drain()
    assert world.broken() == []


def refund(world: World, payment: Any, amount: str, **more: Any) -> Answer:
    key, who = more.pop("key", None), more.pop("who", FINANCE)
    body = {"amount": amount, "reason": "paid twice", "reference": f"B-{world.count}"} | more
    return world.call("POST", f"/v1/payments/{payment['id']}/refunds", body, key=key, **who)


def refund_customer(world: World, customer: str, amount: str, **more: Any) -> Answer:
    body = {"customer_id": customer, "amount": amount, "currency": "CNY"}
    body |= {"reason": "closing the account", "reference": f"C-{world.count}"} | more
    return world.call("POST", "/v1/refunds", body, **FINANCE)


def bounce(world: World, payment: Any, **more: Any) -> Answer:
    body = {"reason": "no funds"}
    return world.call("POST", f"/v1/payments/{payment['id']}/bounce", body, **FINANCE | more)


def decide(world: World, made: Any, command: str, **who: str) -> Answer:
    return world.call("POST", f"/v1/refunds/{made['id']}/{command}", {"reason": "seen"}, **who)


def now(world: World, payment: Any) -> Any:
    return world.call("GET", f"/v1/payments/{payment['id']}").body


def limited(world: World, limit: str | None = "50.00") -> None:
    answer = world.call("PUT", "/v1/settings", {"refund_approval_above": limit})
    assert answer.status == 200, answer.text


def test_what_is_unapplied_goes_back_and_no_more(world: World) -> None:
    customer, (first,) = billed(world, "60.00")
    payment = pay(world, "100.00", invoice_id=first["id"], method="cheque").body

    part = refund(world, payment, "15.00", reference="B-1")
    above = refund(world, payment, "25.01")
    rest = refund(world, payment, "25.00")

    assert (part.status, part.body["status"]) == (201, "done"), part.text
    assert part.body["parts"] == [{"payment_id": payment["id"], "method": "cheque", "amount": "15.00"}]
    assert (above.status, above.code) == (409, "amount_exceeds_refundable")
    told = {"refundable": "25.00", "amount": "25.01", "currency": "CNY", "payment_id": payment["id"]}
    assert above.body["meta"] == told
    assert rest.status == 201
    after = now(world, payment)
    assert (after["refunded"], after["unapplied"], after["version"]) == ("40.00", "0.00", 3)
    assert invoice(world, first["id"])["status"] == "paid"
    assert exposure(world, customer) == "100000.00"


def test_what_settles_an_invoice_is_taken_back_before_it_goes_back(world: World) -> None:
    _, (first,) = billed(world, "60.00")
    payment = pay(world, "60.00", invoice_id=first["id"]).body
    refused = refund(world, payment, "60.00")

    world.call("POST", f"/v1/payments/{payment['id']}/allocations", {"reverse": "all"}, **FINANCE)
    answer = refund(world, payment, "60.00")

    assert (refused.code, refused.body["meta"]["refundable"]) == ("amount_exceeds_refundable", "0.00")
    assert answer.status == 201


def test_the_reference_of_a_refund_is_its_own_for_the_method(world: World) -> None:
    customer = world.customer(credit_limit="1000.00")
    one, other = (pay(world, "50.00", customer_id=customer).body for _ in range(2))
    cheque = pay(world, "50.00", customer_id=customer, method="cheque").body

    first = refund(world, one, "10.00", reference="B-1", key="k")
    same_key = refund(world, one, "10.00", reference="B-1", key="k")
    same_words = refund(world, one, "10.00", reference="b-1")
    again = refund(world, one, "10.00", reference="B-1")
    more = refund(world, one, "11.00", reference="B-1")
    elsewhere = refund(world, other, "10.00", reference="B-1")
    by_cheque = refund(world, cheque, "10.00", reference="B-1")

    assert [one.status for one in (first, same_key, again, by_cheque)] == [201, 201, 200, 201]
    assert {one.headers.get("Idempotency-Replayed") for one in (same_key, again)} == {"true"}
    assert same_key.body == again.body == first.body
    for refused in (same_words, more, elsewhere):
        assert (refused.status, refused.code) == (409, "duplicate_reference")
        assert refused.body["meta"]["id"] == first.body["id"]
    assert now(world, one)["refunded"] == "10.00"


def test_up_to_the_limit_nobody_else_is_asked(world: World) -> None:
    limited(world, "50.00")
    payment = pay(world, "200.00", customer_id=world.customer()).body

    upto, above = refund(world, payment, "50.00"), refund(world, payment, "50.01")
    limited(world, None)
    without = refund(world, payment, "150.00")

    assert [one.body["status"] for one in (upto, above, without)] == ["done", "requested", "done"]


def test_a_refund_that_was_asked_for_moves_money_once_it_is_approved(world: World) -> None:
    limited(world)
    customer = world.customer(credit_limit="1000.00")
    payment = pay(world, "100.00", customer_id=customer).body

    asked = refund(world, payment, "80.00", who=MANAGER)
    waiting = world.call("GET", "/v1/refunds?status=requested", **FINANCE).body["data"]
    clerk = decide(world, asked.body, "approve", **FINANCE)
    own = decide(world, asked.body, "approve", **MANAGER)
    before = now(world, payment), exposure(world, customer)
    done = decide(world, asked.body, "approve", as_="finance_manager", name="second")
    twice = decide(world, asked.body, "reject", as_="finance_manager", name="second")

    assert (asked.status, asked.body["status"], asked.headers["ETag"]) == (201, "requested", '"1.0"')
    assert [one["id"] for one in waiting] == [asked.body["id"]]
    assert clerk.status == 403
    assert (own.status, own.body["errors"][0]["code"]) == (403, "own_request")
    assert (before[0]["refunded"], before[1]) == ("0.00", "1100.00")
    assert (done.status, done.body["status"], done.body["decided_by"]) == (200, "done", "second")
    assert "principal" not in done.body
    assert (twice.code, twice.body["meta"]["state"]) == ("invalid_state", "done")
    assert (now(world, payment)["refunded"], exposure(world, customer)) == ("80.00", "1020.00")


def test_a_refund_that_was_rejected_moves_nothing(world: World) -> None:
    limited(world)
    payment = pay(world, "100.00", customer_id=world.customer()).body
    asked = refund(world, payment, "80.00").body

    answer = decide(world, asked, "reject", **MANAGER)
    late = decide(world, asked, "approve", **MANAGER)

    assert (answer.status, answer.body["status"], answer.body["decision"]) == (200, "rejected", "seen")
    assert late.code == "invalid_state"
    assert now(world, payment)["unapplied"] == "100.00"
    assert world.call("GET", f"/v1/refunds/{asked['id']}").body["status"] == "rejected"


def test_money_that_is_gone_when_a_refund_is_approved_is_not_given(world: World) -> None:
    limited(world)
    customer, (first,) = billed(world, "60.00")
    payment = pay(world, "100.00", customer_id=customer, allocations="none").body
    asked = refund(world, payment, "80.00").body
    named = {"allocations": [{"invoice_id": first["id"], "amount": "30.00"}]}
    world.call("POST", f"/v1/payments/{payment['id']}/allocations", named, **FINANCE)

    refused = decide(world, asked, "approve", **MANAGER)
    world.call("POST", f"/v1/payments/{payment['id']}/allocations", {"reverse": "all"}, **FINANCE)
    answer = decide(world, asked, "approve", **MANAGER)

    assert (refused.code, refused.body["meta"]["refundable"]) == ("amount_exceeds_refundable", "70.00")
    assert answer.body["status"] == "done"


def test_another_currency_asks_wherever_there_is_a_limit(world: World) -> None:
    customer = world.customer(credit_limit="1000.00")
    payment = pay(world, "100.00", customer_id=customer, currency="USD").body

    without = refund(world, payment, "1.00").body
    limited(world)
    within = refund(world, payment, "1.00").body

    assert (without["status"], within["status"]) == ("done", "requested")
    assert exposure(world, customer) == "1000.00"


def test_what_a_customer_has_left_goes_back_newest_payment_first_or_not_at_all(world: World) -> None:
    customer = world.customer(credit_limit="1000.00")
    oldest = pay(world, "30.00", customer_id=customer, received_on="2026-01-01").body
    newest = pay(world, "40.00", customer_id=customer, received_on="2026-03-01", method="cheque").body
    middle = pay(world, "20.00", customer_id=customer, received_on="2026-02-01").body
    pay(world, "500.00", customer_id=customer, currency="USD")

    above = refund_customer(world, customer, "90.01")
    answer = refund_customer(world, customer, "65.00", reference="ALL-1")
    again = refund_customer(world, customer, "65.00", reference="ALL-1")
    taken = refund(world, oldest, "1.00", reference="all-1")

    assert (above.code, above.body["meta"]["refundable"]) == ("amount_exceeds_refundable", "90.00")
    assert answer.status == 201, answer.text
    assert [(one["payment_id"], one["amount"]) for one in answer.body["parts"]] == [
        (newest["id"], "40.00"),
        (middle["id"], "20.00"),
        (oldest["id"], "5.00"),
    ]
    assert (again.status, again.body) == (200, answer.body)
    assert (taken.code, taken.body["meta"]["id"]) == ("duplicate_reference", answer.body["id"])
    assert exposure(world, customer) == "1025.00"
    listed = world.call("GET", f"/v1/refunds?customer_id={customer}").body["data"]
    assert [one["id"] for one in listed] == [answer.body["id"]]


def test_a_refund_of_several_payments_is_approved_as_one(world: World) -> None:
    limited(world)
    customer = world.customer(credit_limit="1000.00")
    payments = [pay(world, "30.00", customer_id=customer).body for _ in range(3)]
    asked = refund_customer(world, customer, "90.00").body
    refund(world, payments[0], "0.01")

    refused = decide(world, asked, "approve", **MANAGER)

    assert (asked["status"], asked["payment_id"]) == ("requested", None)
    assert refused.body["meta"] == {
        "refundable": "29.99",
        "amount": "30.00",
        "currency": "CNY",
        "payment_id": payments[0]["id"],
    }
    assert [now(world, one)["refunded"] for one in payments] == ["0.01", "0.00", "0.00"]


def test_two_refunds_at_once_give_back_no_more_than_there_is(world: World) -> None:
    payment = pay(world, "100.00", customer_id=world.customer()).body
    told: list[Answer] = []

    before_writing(lambda: told.append(refund(world, payment, "60.00")))
    second = refund(world, payment, "60.00")

    assert told[0].status == 201
    assert (second.code, second.body["meta"]["refundable"]) == ("amount_exceeds_refundable", "40.00")


def test_the_same_refund_twice_at_once_is_made_once(world: World) -> None:
    payment = pay(world, "100.00", customer_id=world.customer()).body
    told: list[Answer] = []

    before_writing(lambda: told.append(refund(world, payment, "60.00", reference="B-1")))
    second = refund(world, payment, "60.00", reference="B-1")

    assert (told[0].status, second.status) == (201, 200)
    assert now(world, payment)["refunded"] == "60.00"


@pytest.mark.parametrize("settled_first", [True, False])
def test_money_that_settles_an_invoice_while_it_goes_back_does_one_of_both(
    world: World, *, settled_first: bool
) -> None:
    customer, (first,) = billed(world, "100.00")
    payment = pay(world, "100.00", customer_id=customer, allocations="none").body
    told: list[Answer] = []

    def settle() -> None:
        path = f"/v1/payments/{payment['id']}/allocations"
        told.append(world.call("POST", path, {"mode": "auto"}, **FINANCE))

    def give_back() -> None:
        told.append(refund(world, payment, "100.00"))

    inner, outer = (settle, give_back) if settled_first else (give_back, settle)
    before_writing(inner)
    outer()

    assert told[0].status in {200, 201}
    after = now(world, payment)
    assert (after["unapplied"], after["refunded"]) == ("0.00", "0.00" if settled_first else "100.00")
    assert invoice(world, first["id"])["open"] == ("0.00" if settled_first else "100.00")


@pytest.mark.parametrize("approved_first", [True, False])
def test_a_refund_is_approved_or_rejected_and_never_both(world: World, *, approved_first: bool) -> None:
    limited(world)
    payment = pay(world, "100.00", customer_id=world.customer()).body
    asked = refund(world, payment, "80.00").body
    told: list[Answer] = []
    commands = ["approve", "reject"] if approved_first else ["reject", "approve"]

    before_writing(lambda: told.append(decide(world, asked, commands[0], **MANAGER)))
    second = decide(world, asked, commands[1], **MANAGER)

    assert (told[0].status, second.status) == (200, 409)
    assert now(world, payment)["refunded"] == ("80.00" if approved_first else "0.00")


def test_a_cheque_that_bounces_opens_what_it_settled(world: World) -> None:
    customer, (first, second) = billed(world, "60.00", "50.00")
    payment = pay(world, "130.00", customer_id=customer, method="cheque").body

    answer = bounce(world, payment)
    twice = bounce(world, payment)

    assert (answer.status, answer.body["status"]) == (200, "bounced"), answer.text
    assert (answer.body["unapplied"], answer.body["allocations"]) == ("0.00", [])
    assert [invoice(world, one["id"])["open"] for one in (first, second)] == ["60.00", "50.00"]
    assert exposure(world, customer) == "99890.00"
    assert (twice.code, twice.body["meta"]["state"]) == ("invalid_state", "bounced")
    allocated = world.call("POST", f"/v1/payments/{payment['id']}/allocations", {"mode": "auto"}, **FINANCE)
    assert allocated.code == refund(world, payment, "1.00").code == "invalid_state"


def test_what_was_given_back_of_money_that_bounces_is_lost(world: World) -> None:
    customer, _ = billed(world, "60.00")
    payment = pay(world, "100.00", customer_id=customer, method="cheque").body
    refund(world, payment, "40.00")

    bounce(world, payment)

    assert exposure(world, customer) == "99940.00"


def test_money_in_another_currency_bounces_too(world: World) -> None:
    customer, (first,) = billed(world, "710.00")
    named = [{"invoice_id": first["id"], "amount": "100.00", "invoice_amount": "705.00"}]
    payment = pay(world, "100.00", currency="USD", invoice_id=first["id"], allocations=named).body

    answer = bounce(world, payment)

    assert answer.status == 200, answer.text
    assert invoice(world, first["id"])["open"] == "710.00"
    assert exposure(world, customer) == "99290.00"


def test_a_refund_asked_for_before_the_money_bounced_is_refused(world: World) -> None:
    limited(world)
    payment = pay(world, "100.00", customer_id=world.customer(), method="cheque").body
    asked = refund(world, payment, "80.00").body
    bounce(world, payment)

    approved = decide(world, asked, "approve", **MANAGER)
    rejected = decide(world, asked, "reject", **MANAGER)

    assert approved.code == "invalid_state"
    assert approved.body["meta"] == {"state": "bounced", "allowed": ["reject"]}
    assert rejected.body["status"] == "rejected"


def test_only_offline_methods_bounce(world: World) -> None:
    methods = [{"id": "iou", "name": "IOU", "offline": True}, {"id": "pos", "name": "POS"}]
    assert world.call("PUT", "/v1/settings", {"payment_methods": methods}).status == 200
    customer = world.customer()
    paid = {one: pay(world, "1.00", customer_id=customer, method=one).body for one in ("card", "iou", "pos")}

    answers = {one: bounce(world, payment) for one, payment in paid.items()}

    assert [answers[one].status for one in ("card", "iou", "pos")] == [409, 200, 409]
    assert answers["card"].code == "method_cannot_bounce"


def test_a_payment_bounces_while_it_is_given_to_an_invoice_and_settles_nothing(world: World) -> None:
    customer, (first,) = billed(world, "60.00")
    payment = pay(world, "60.00", customer_id=customer, allocations="none").body
    path = f"/v1/payments/{payment['id']}/allocations"

    before_writing(lambda: world.call("POST", path, {"mode": "auto"}, **FINANCE))
    answer = bounce(world, payment)

    assert answer.body["status"] == "bounced"
    assert invoice(world, first["id"])["open"] == "60.00"


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"amount": "0"}, "too_small", "/amount"),
        ({"amount": "1.001"}, "too_many_digits", "/amount"),
        ({"reference": ""}, "too_short", "/reference"),
        ({"reason": ""}, "too_short", "/reason"),
    ],
)
def test_a_refund_that_cannot_be_names_the_field(
    world: World, body: dict[str, str], code: str, pointer: str
) -> None:
    customer = world.customer()
    payment = pay(world, "10.00", customer_id=customer).body

    answers = [refund(world, payment, **{"amount": "1.00"} | body)]
    answers.append(refund_customer(world, customer, **{"amount": "1.00"} | body))

    for answer in answers:
        assert (answer.status, answer.code) == (422, code), answer.text
        assert answer.body["errors"][0]["pointer"] == pointer


def test_a_refund_of_what_is_not_there_says_so(world: World) -> None:
    nobody = refund_customer(world, "cus_none", "1.00")
    nothing = refund(world, {"id": "pay_none"}, "1.00")
    unknown = decide(world, {"id": "rfd_none"}, "approve", **MANAGER)
    both = world.call("GET", "/v1/refunds?status=done&customer_id=cus_1", **FINANCE)

    assert (nobody.status, nobody.code) == (422, "unknown_customer")
    assert (nothing.status, unknown.status) == (404, 404)
    assert both.code == "filter_unsupported"


def test_a_limit_has_the_digits_of_the_companys_currency(world: World) -> None:
    body = {"refund_approval_above": "1.001", "write_off_limits": {"finance": "0.001"}}

    answer = world.call("PUT", "/v1/settings", body)

    assert [one["pointer"] for one in answer.body["errors"]] == [
        "/refund_approval_above",
        "/write_off_limits/finance",
    ]
