"""Customers: what may be said of them, what other systems call them, how much credit they have."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from soms.customers import credit, store
from soms.kit import clock, journal
from soms.kit.writes import Stale, Writes

from tests.world import Answer, World

PERSON = {
    "name": "王芳 Fang",
    "country": "CN",
    "tax_id": "91110000600037341L",
    "email": "fang@example.cn",
    "phone": "+86 138-0013-8000",
    "addresses": [{"lines": ["1 Long Street"], "city": "Suzhou"}],
    "contacts": [{"name": "Sam Contact", "phone": "0755 1234567", "email": "sam@example.cn"}],
    "note": "likes tea",
    "external_ref": {"source": "crm", "id": "C-77"},
}
SECRETS = ("王芳", "91110000600037341L", "fang@", "13800138000", "Long Street", "Sam Contact", "tea", "C-77")


def change(world: World, customer: str, body: Mapping[str, object], **more: Any) -> Answer:
    etag = world.call("GET", f"/v1/customers/{customer}").headers["ETag"]
    return world.call("PATCH", f"/v1/customers/{customer}", body, headers={"If-Match": etag}, **more)


def refer(world: World, customer: str, source: str, called: str | None, **more: Any) -> Answer:
    return world.call("PUT", f"/v1/customers/{customer}/references/{source}", {"id": called}, **more)


def faults(answer: Answer) -> set[tuple[str, str]]:
    return {(one["pointer"], one["code"]) for one in answer.body["errors"]}


def price_list(world: World, name: str, currency: str) -> None:
    item = {"pk": "price-lists", "sk": name, "id": name, "name": name, "currency": currency, "version": 1}
    writes = Writes()
    writes.put(store.Setting.CATALOG, item)
    writes.commit()


def in_days(days: int) -> str:
    return str((clock.now() + timedelta(days=days)).date())


def test_a_profile_comes_back_as_it_was_said_with_the_telephone_as_digits(world: World) -> None:
    made = world.call("POST", "/v1/customers", {"currency": "CNY", **PERSON})

    read = world.call("GET", f"/v1/customers/{made.body['id']}").body
    assert made.status == 201, made.text
    assert {**read, "addresses": PERSON["addresses"], "contacts": PERSON["contacts"]} == {
        **made.body,
        "addresses": PERSON["addresses"],
        "contacts": PERSON["contacts"],
    }
    assert (read["phone"], read["contacts"][0]["phone"]) == ("+8613800138000", "07551234567")
    assert (read["status"], read["merged_into"]) == ("active", None)
    assert not {"terms", "said"} & set(read)


def test_everything_that_is_wrong_with_a_profile_is_told_at_once(world: World) -> None:
    price_list(world, "export", "USD")
    body = {
        "name": "Acme",
        "currency": "CNY",
        "country": "DE",
        "tax_id": "DE136695977",
        "credit_limit": "1.005",
        "price_list": "export",
    }

    fields = world.call("POST", "/v1/customers", body | {"email": "x", "contacts": [{"name": "A", "phone": "1"}]})
    rules = world.call("POST", "/v1/customers", body)

    assert faults(fields) == {("/email", "invalid_email"), ("/contacts/0/phone", "invalid_phone")}
    assert faults(rules) == {
        ("/tax_id", "invalid_tax_id"),
        ("/credit_limit", "too_many_digits"),
        ("/price_list", "currency_mismatch"),
    }
    assert world.call("GET", "/v1/customers").body["data"] == []


def test_another_country_is_refused_when_the_tax_id_is_not_one_of_it(world: World) -> None:
    customer = world.customer(country="CN", tax_id="91110000600037341L")

    moved = change(world, customer, {"country": "DE"})
    both = change(world, customer, {"country": "DE", "tax_id": "DE136695976"})

    assert (moved.status, moved.code) == (422, "invalid_tax_id")
    assert both.status == 200


def test_a_price_list_must_be_there_in_the_customers_currency(world: World) -> None:
    price_list(world, "retail", "CNY")
    customer = world.customer()

    unknown = change(world, customer, {"price_list": "nowhere"})
    known = change(world, customer, {"price_list": "retail"})

    assert unknown.code == "unknown_price_list"
    assert known.body["price_list"] == "retail"


def test_null_empties_a_field_and_a_name_stays(world: World) -> None:
    customer = world.customer(
        payment_terms={"kind": "prepaid", "days": 0}, segment="vip", **{**PERSON, "external_ref": None}
    )
    empty = ("country", "tax_id", "email", "phone", "segment", "note", "invoice_policy", "payment_terms")

    answer = change(world, customer, dict.fromkeys((*empty, "addresses", "contacts")))
    nameless = change(world, customer, {"name": None})

    assert answer.status == 200, answer.text
    assert [answer.body[name] for name in empty] == [None] * 7 + [{"kind": "net", "days": 30, "parts": []}]
    assert (answer.body["addresses"], answer.body["contacts"]) == ([], [])
    assert (nameless.status, faults(nameless)) == (422, {("/name", "required")})


def test_the_invoice_policy_of_the_next_order_may_be_changed(world: World) -> None:
    customer = world.customer(invoice_policy="on_order")

    answer = change(world, customer, {"invoice_policy": "on_shipment"})

    assert answer.body["invoice_policy"] == "on_shipment"


def test_a_cash_customer_stays_one_and_has_no_limit(world: World) -> None:
    customer = world.customer(kind="cash")

    other = change(world, customer, {"kind": "account"})
    limited = change(world, customer, {"credit_limit": "5.00"})
    until = change(world, customer, {"credit_limit_until": in_days(1)})

    assert faults(other) == {("/kind", "unknown_field")}
    assert faults(limited) == {("/credit_limit", "invalid")}
    assert faults(until) == {("/credit_limit_until", "invalid")}
    assert store.account(customer) is None


def test_a_further_reference_leads_to_the_customer_and_to_no_other(world: World) -> None:
    first, second = world.customer(), world.customer()

    given = refer(world, first, "erp", "4711")
    taken = refer(world, second, "erp", "4711")
    again = refer(world, first, "erp", "4711")
    created = world.call(
        "POST",
        "/v1/customers",
        {"name": "New", "currency": "CNY", "external_ref": {"source": "erp", "id": "4711"}},
    )

    assert (given.status, given.body["references"]) == (200, [{"source": "erp", "id": "4711"}])
    assert (taken.status, taken.code, taken.body["meta"]) == (409, "duplicate_reference", {"id": first})
    assert again.headers["ETag"] == given.headers["ETag"]
    assert (created.status, created.body["meta"]) == (409, {"id": first})
    assert world.call("GET", "/v1/customers/by-ref/erp/4711").body["id"] == first


def test_a_reference_that_was_taken_away_may_be_given_again(world: World) -> None:
    first, second = world.customer(), world.customer()
    refer(world, first, "erp", "1")

    refer(world, first, "erp", "2")
    refer(world, first, "shop", "x/1")
    refer(world, first, "shop", None)
    given = refer(world, second, "erp", "1")
    fresh = world.customer(external_ref={"source": "shop", "id": "x/1"})

    assert given.status == 200, given.text
    found = {name: world.call("GET", f"/v1/customers/by-ref/{name}") for name in ("erp/1", "erp/2", "shop/x%2F1")}
    assert {name: one.body["id"] for name, one in found.items()} == {
        "erp/1": second,
        "erp/2": first,
        "shop/x%2F1": fresh,
    }


def test_the_reference_given_at_creation_stays(world: World) -> None:
    customer = world.customer(external_ref={"source": "crm", "id": "1"})

    same = refer(world, customer, "crm", "1")
    other = refer(world, customer, "crm", "2")

    assert (same.status, other.status, other.code) == (200, 422, "fixed")
    assert world.call("GET", "/v1/customers/by-ref/crm/1").body["id"] == customer


def test_an_order_names_its_customer_by_a_further_reference(world: World) -> None:
    sku = world.product()
    world.stock(sku, 5)
    customer = world.customer()
    refer(world, customer, "erp", "4711")
    body = {"customer_ref": {"source": "erp", "id": "4711"}, "lines": [{"sku": sku, "quantity": 1}]}

    placed = world.call("POST", "/v1/orders", body)
    unknown = world.call("POST", "/v1/orders", body | {"customer_ref": {"source": "erp", "id": "4712"}})

    assert (placed.status, placed.body["customer"]["id"]) == (201, customer)
    assert unknown.code == "unknown_customer"


def test_of_other_sales_peoples_customers_a_sales_person_learns_nothing(world: World) -> None:
    theirs = world.customer(salesperson="bob", external_ref={"source": "crm", "id": "1"})
    refer(world, theirs, "erp", "4711")
    mine = world.customer(salesperson="ada")
    ada: dict[str, Any] = {"as_": "sales", "name": "ada"}

    paths = ("summary", "timeline")
    hidden = [world.call("GET", f"/v1/customers/{theirs}/{path}", **ada).status for path in paths]
    by_ref = [world.call("GET", f"/v1/customers/by-ref/{path}", **ada).status for path in ("crm/1", "erp/4711")]
    changed = refer(world, theirs, "erp", "1", **ada)
    taken = refer(world, mine, "erp", "4711", **ada)

    assert (hidden, by_ref, changed.status) == ([404, 404], [404, 404], 404)
    assert (taken.status, theirs in taken.text) == (409, False)


@pytest.mark.parametrize(("limit", "left"), [("150.00", "116.10"), ("20.00", "-13.90"), (None, None)])
def test_another_limit_moves_what_is_available_by_the_difference(
    world: World, limit: str | None, left: str | None
) -> None:
    sku = world.product()
    world.stock(sku, 50)
    customer = world.customer(credit_limit="100.00")
    world.order(customer, (sku, 3))

    change(world, customer, {"credit_limit": limit})

    account = store.account(customer)
    assert account is not None
    assert account.credit_available == (None if left is None else Decimal(left))
    world.drain()
    assert world.broken() == []


def test_a_limit_changed_between_reading_and_writing_is_decided_on_again(world: World) -> None:
    customer = world.customer(credit_limit="100.00")
    before = store.get(customer)
    change(world, customer, {"credit_limit": "150.00"})

    late = Writes()
    after = before.model_copy(update={"credit_limit": Decimal("130.00"), "version": 2})
    store.replace(late, after, before=before)
    store.move_limit(late, after, before=before)
    with pytest.raises(Stale):
        late.commit()

    account = store.account(customer)
    assert account is not None
    assert account.credit_available == Decimal("150.00")


@pytest.mark.parametrize(("old", "new"), [("100.00", None), (None, "100.00"), ("10.00", "100.00")])
def test_an_order_decided_on_under_the_old_limit_respects_the_new_one(
    world: World, old: str | None, new: str | None
) -> None:
    customer = world.customer(credit_limit=old)
    before = store.get(customer)
    change(world, customer, {"credit_limit": new})

    late = Writes()
    store.expose(late, before, Decimal("50.00"), guarded_on=clock.now().date(), placed=1)
    if old and new:
        late.commit()
    else:
        with pytest.raises(Stale):
            late.commit()

    account = store.account(customer)
    assert account is not None
    assert (account.exposure, account.credit_available) == (
        (Decimal(50), Decimal(50)) if old and new else (Decimal(0), new and Decimal(100))
    )


def test_after_its_last_day_a_limit_counts_as_nothing_for_what_raises_the_debt(world: World) -> None:
    sku = world.product()
    world.stock(sku, 50)
    customer = world.customer(credit_limit="100.00", credit_limit_until=in_days(30))
    order = world.order(customer, (sku, 2)).body["id"]
    change(world, customer, {"credit_limit_until": in_days(-3)})

    refused = world.order(customer, (sku, 1))
    cancelled = world.call("POST", f"/v1/orders/{order}/cancel", {"lines": [{"line": 1, "quantity": 1}]})
    change(world, customer, {"credit_limit_until": None})
    placed = world.order(customer, (sku, 1))

    assert (refused.status, refused.code) == (409, "credit_limit_exceeded")
    assert refused.body["meta"] == {"needed": "11.30", "available": "-22.60", "currency": "CNY"}
    assert (cancelled.status, placed.status) == (200, 201)
    world.drain()
    assert world.broken() == []


def test_what_was_paid_beforehand_buys_after_the_limit_has_ended(world: World) -> None:
    customer = world.customer(credit_limit="100.00", credit_limit_until=in_days(-3))
    held = store.get(customer)
    today = clock.now().date()
    paid = Writes()
    store.expose(paid, held, Decimal("-40.00"))
    paid.commit()

    within, beyond = Writes(), Writes()
    store.expose(within, held, Decimal("40.00"), guarded_on=today)
    within.commit()
    store.expose(beyond, held, Decimal("0.01"), guarded_on=today)
    with pytest.raises(store.CreditLimitExceeded):
        beyond.commit()


def test_a_limit_extended_meanwhile_is_decided_on_again(world: World) -> None:
    customer = world.customer(credit_limit="100.00", credit_limit_until=in_days(-3))
    before = store.get(customer)
    change(world, customer, {"credit_limit": "500.00"})

    late = Writes()
    store.expose(late, before, Decimal("300.00"), guarded_on=clock.now().date(), placed=1)

    with pytest.raises(Stale):
        late.commit()


def test_the_oldest_open_invoice_says_since_when_a_customer_is_late(world: World) -> None:
    sku = world.product()
    world.stock(sku, 5)
    customer = world.customer(payment_terms={"kind": "net", "days": 10})
    world.order(customer, (sku, 1))
    world.drain()
    (owed,) = credit.owing(customer)

    late = [credit.days_overdue(customer, owed.due_on + timedelta(days=days)) for days in (-1, 0, 1, 40)]

    assert late == [0, 0, 1, 40]
    assert credit.days_overdue("cus_nobody", owed.due_on) == 0
    assert (owed.total, owed.open) == (Decimal("11.30"), Decimal("11.30"))


def test_a_timeline_says_who_changed_what_and_of_personal_values_only_that(world: World) -> None:
    customer = world.call("POST", "/v1/customers", {"currency": "CNY", **PERSON}).body["id"]
    change(world, customer, {"segment": "vip", "phone": "12345"}, as_="sales_manager", name="mia")
    refer(world, customer, "erp", "E-99")

    first = world.call("GET", f"/v1/customers/{customer}/timeline?limit=2").body
    rest = world.call("GET", f"/v1/customers/{customer}/timeline?limit=2&cursor={first['next_cursor']}").body

    told = [(one["event"], one["by"], one["changes"]) for one in first["data"] + rest["data"]]
    assert told[:2] == [
        ("customer.changed", "admin", {"references": []}),
        ("customer.changed", "mia", {"segment": [None, "vip"], "phone": []}),
    ]
    assert (told[2][0], len(told), rest["next_cursor"]) == ("customer.created", 3, None)


def test_neither_journal_nor_log_holds_personal_values(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    customer = world.call("POST", "/v1/customers", {"currency": "CNY", **PERSON}).body["id"]
    change(world, customer, dict.fromkeys(("email", "phone", "tax_id", "note", "addresses", "contacts")))
    change(world, customer, {**PERSON, "name": "王芳 2", "external_ref": None} | {"tax_id": "wrong"})
    refer(world, customer, "erp", "C-77")
    world.call("GET", "/v1/customers?q=王芳")
    world.call("POST", f"/v1/customers/{customer}/erase", {"reason": "asked"})

    entries = str(list(journal.of_aggregate(f"customer#{customer}")))
    logged = capsys.readouterr().out
    assert entries.count("customer.") >= 4
    assert "request" in logged
    assert [one for one in SECRETS if one in entries + logged] == []
