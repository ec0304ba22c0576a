"""Customer credit pays invoices and creates no money; payments are found; methods come by configuration."""

from collections.abc import Iterator
from typing import Any

import pytest
from soms.billing import store
from soms.kit import ids

from tests.engine import before_writing
from tests.functions.test_payments import FINANCE, billed, exposure, invoice, pay
from tests.functions.test_payments_refunds import bounce, now, refund
from tests.world import Answer, World


@pytest.fixture(autouse=True)
def _books_hold(world: World) -> Iterator[None]:
    yield
    world.drain()
    assert world.broken() == []


def use(world: World, amount: str, **more: Any) -> Answer:
    return pay(world, amount, **{"method": "customer_credit"} | more)


def saved(world: World, customer: str, *amounts: str, **more: Any) -> list[Any]:
    """Return payments with all of their money left, the oldest first."""
    days = (f"2026-01-{day:02}" for day in range(1, 29))
    common = {"customer_id": customer, "allocations": "none"} | more
    return [pay(world, one, received_on=day, **common).body for one, day in zip(amounts, days, strict=False)]


def test_credit_settles_invoices_from_the_oldest_money_and_creates_none(world: World) -> None:
    customer, (first, second) = billed(world, "100.00", "60.00")
    old, young = saved(world, customer, "70.00", "200.00")
    before = exposure(world, customer)

    answer = use(world, "130.00", customer_id=customer, reference="K-1")

    assert answer.status == 201, answer.text
    assert (answer.body["amount"], answer.body["unapplied"], answer.body["status"]) == (
        "130.00",
        "0.00",
        "applied",
    )
    assert [(one["payment_id"], one["number"], one["amount"]) for one in answer.body["sources"]] == [
        (old["id"], first["number"], "70.00"),
        (young["id"], first["number"], "30.00"),
        (young["id"], second["number"], "30.00"),
    ]
    assert [one["amount"] for one in answer.body["allocations"]] == ["100.00", "30.00"]
    assert (now(world, old)["unapplied"], now(world, young)["unapplied"]) == ("0.00", "140.00")
    assert (invoice(world, first["id"])["status"], invoice(world, second["id"])["open"]) == ("paid", "30.00")
    assert exposure(world, customer) == before
    assert world.call("GET", f"/v1/payments/{answer.body['id']}").body == answer.body


def test_credit_pays_one_invoice_or_an_order_or_what_is_named(world: World) -> None:
    customer, (first, second) = billed(world, "100.00", "60.00")
    saved(world, customer, "500.00")
    named = [{"invoice_id": first["id"], "amount": "1.00"}, {"invoice_id": second["id"], "amount": "2.00"}]

    one = use(world, "10.00", invoice_id=second["id"])
    order = use(world, "20.00", order_id=first["order_id"])
    several = use(world, "3.00", customer_id=customer, allocations=named)

    assert (one.status, order.status, several.status) == (201, 201, 201)
    assert [invoice(world, each["id"])["open"] for each in (first, second)] == ["79.00", "48.00"]


def test_more_than_the_credit_or_than_is_open_is_refused_naming_both(world: World) -> None:
    customer, (first,) = billed(world, "100.00")
    saved(world, customer, "70.00", "50.00")
    saved(world, customer, "900.00", currency="USD")

    poor = use(world, "120.01", customer_id=customer)
    rich = use(world, "100.01", customer_id=customer)
    named = [{"invoice_id": first["id"], "amount": "100.01"}]
    above = use(world, "100.01", customer_id=customer, allocations=named)

    assert (poor.status, poor.code) == (409, "amount_exceeds_credit")
    assert poor.body["meta"] == {"credit": "120.00", "amount": "120.01", "currency": "CNY"}
    assert (rich.code, rich.body["meta"]) == (
        "amount_exceeds_open",
        {"open": "100.00", "amount": "100.01"},
    )
    assert above.body["errors"][0]["pointer"] == "/allocations/0/amount"


def test_the_reference_of_credit_is_used_once(world: World) -> None:
    customer, _ = billed(world, "100.00")
    saved(world, customer, "70.00")

    first = use(world, "10.00", customer_id=customer, reference="K-1")
    again = use(world, "10.00", customer_id=customer, reference="K-1")
    other = use(world, "11.00", customer_id=customer, reference="K-1")

    assert (first.status, again.status, other.status) == (201, 200, 409)
    assert again.body == first.body
    assert (other.code, other.body["meta"]["id"]) == ("duplicate_reference", first.body["id"])


def test_what_credit_settled_is_taken_back_at_its_source(world: World) -> None:
    customer, (first,) = billed(world, "100.00")
    (source,) = saved(world, customer, "70.00", method="cheque")
    used = use(world, "70.00", customer_id=customer).body
    body = {"reverse": "all"}

    refused = world.call("POST", f"/v1/payments/{used['id']}/allocations", body, **FINANCE)
    back = refund(world, used, "1.00")
    bounced = bounce(world, source)

    for one in (refused, back):
        assert (one.code, one.body["meta"]["sources"]) == ("no_money_of_its_own", [source["id"]])
    assert bounced.body["status"] == "bounced"
    assert invoice(world, first["id"])["open"] == "100.00"


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"allocations": "none"}, "nothing_to_settle", "/allocations"),
        ({"amount": "5.00"}, "sum_differs", "/allocations"),
        ({"currency": "USD"}, "currency_mismatch", "/allocations/0/invoice_id"),
        ({"amount": "1.001"}, "too_many_digits", "/amount"),
    ],
)
def test_credit_that_cannot_be_used_names_the_field(
    world: World, change: dict[str, Any], code: str, pointer: str
) -> None:
    customer, (first,) = billed(world, "100.00")
    saved(world, customer, "70.00")
    saved(world, customer, "70.00", currency="USD")
    named = [{"invoice_id": first["id"], "amount": "10.00"}]

    answer = use(world, **{"amount": "10.00", "customer_id": customer, "allocations": named} | change)

    assert (answer.status, answer.code) == (422, code), answer.text
    assert answer.body["errors"][0]["pointer"] == pointer


def test_credit_used_twice_at_once_pays_with_what_there_is(world: World) -> None:
    customer, (first,) = billed(world, "100.00")
    saved(world, customer, "60.00")
    told: list[Answer] = []

    before_writing(lambda: told.append(use(world, "40.00", customer_id=customer)))
    second = use(world, "40.00", customer_id=customer)

    assert told[0].status == 201
    assert (second.code, second.body["meta"]["credit"]) == ("amount_exceeds_credit", "20.00")
    assert invoice(world, first["id"])["open"] == "60.00"


def test_credit_that_goes_back_while_it_is_used_is_not_used(world: World) -> None:
    customer, (first,) = billed(world, "100.00")
    (source,) = saved(world, customer, "60.00")

    before_writing(lambda: refund(world, source, "50.00"))
    answer = use(world, "40.00", customer_id=customer)

    assert (answer.code, answer.body["meta"]["credit"]) == ("amount_exceeds_credit", "10.00")
    assert invoice(world, first["id"])["open"] == "100.00"


def test_a_method_by_configuration_has_an_account_of_its_own(world: World) -> None:
    methods = [{"id": "unionpay_qr", "name": "UnionPay QR"}]
    assert world.call("PUT", "/v1/settings", {"payment_methods": methods}).status == 200

    payment = pay(world, "10.00", customer_id=world.customer(), method="unionpay_qr").body
    refund(world, payment, "4.00")
    unknown = pay(world, "10.00", customer_id=world.customer(), method="unionpay_card")

    voucher = ids.derived("vou", "payment", payment["id"])
    (found,) = store.vouchers([voucher])
    assert [one.account for one in found.postings] == ["clearing:unionpay_qr", "unapplied_cash"]
    assert (unknown.status, unknown.code) == (422, "unknown_method")


def test_payments_are_listed_by_customer_by_state_and_by_reference(world: World) -> None:
    customer, _ = billed(world, "100.00")
    other = world.customer()
    left = pay(world, "5.00", customer_id=other, reference="LEFT-1").body
    applied = pay(world, "20.00", customer_id=customer).body
    cheque = pay(world, "20.00", customer_id=customer, method="cheque").body
    bounce(world, cheque)
    saved(world, customer, "30.00")
    used = use(world, "30.00", customer_id=customer).body

    def found(query: str) -> list[str]:
        rows = world.call("GET", f"/v1/payments?limit=100{query}", **FINANCE).body["data"]
        return [str(one["id"]) for one in rows]

    assert found("&status=unapplied") == [left["id"]]
    assert found("&status=bounced") == [cheque["id"]]
    assert found("&status=applied") == [used["id"]]
    assert applied["id"] in found("&status=received")
    assert found("&method=bank_transfer&reference=left-1") == [left["id"]]
    assert found("&method=cheque&reference=left-1") == []
    assert set(found(f"&customer_id={customer}")) >= {applied["id"], cheque["id"], used["id"]}
    assert len(found("")) == 5


@pytest.mark.parametrize("query", ["customer_id=c&status=received", "method=card", "reference=r"])
def test_filters_that_no_index_serves_are_refused(world: World, query: str) -> None:
    answer = world.call("GET", f"/v1/payments?{query}", **FINANCE)

    assert (answer.status, answer.code) == (400, "filter_unsupported")


def test_a_list_of_all_payments_goes_on_where_it_ended(world: World) -> None:
    customer = world.customer()
    made = {pay(world, f"{number}.00", customer_id=customer).body["id"] for number in range(1, 6)}
    seen, cursor = list[str](), ""

    while cursor is not None:
        page = world.call("GET", f"/v1/payments?limit=2{cursor}", **FINANCE).body
        seen += [one["id"] for one in page["data"]]
        cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None

    assert (len(seen), set(seen)) == (5, made)
