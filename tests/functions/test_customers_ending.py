"""Customers that end: merged without loss, erased so that the figures stay, exported before that."""

import os
from itertools import pairwise
from typing import Any

import pytest
from soms.customers import endings, references, store
from soms.kit import aws, clock, items, journal
from soms.kit.writes import Writes
from soms.orders import store as orders

from tests.functions.test_customers import PERSON, SECRETS, change, refer
from tests.functions.test_customers_search import names, stored_terms
from tests.world import Answer, World


def merge(world: World, duplicate: str, into: str, **more: Any) -> Answer:
    return world.call("POST", f"/v1/customers/{duplicate}/merge", {"into": into}, **more)


def erase(world: World, customer: str, **more: Any) -> Answer:
    return world.call("POST", f"/v1/customers/{customer}/erase", {"reason": "asked for it"}, **more)


def over(world: World, customer: str, count: int) -> None:
    """Let a customer have orders that are over."""
    sku = world.product()
    world.stock(sku, 100)
    for _ in range(count):
        order = world.order(customer, (sku, 1)).body["id"]
        world.call("POST", f"/v1/orders/{order}/cancel", {})
    world.drain()


def kept() -> str:
    """Return all that lies in the tables of customers and orders, as one text."""
    client = aws.dynamodb()
    found: list[object] = []
    for table in ("CUSTOMERS_TABLE", "ORDERS_TABLE"):
        pages = client.get_paginator("scan").paginate(TableName=os.environ[table])
        found += [items.decode(item) for page in pages for item in page["Items"]]
    return str(found)


def person(world: World) -> str:
    return str(world.call("POST", "/v1/customers", {"currency": "CNY", **PERSON}).body["id"])


def test_a_merged_customer_says_into_whom_and_its_references_lead_there(world: World) -> None:
    duplicate = world.customer(name="Acme Twice", external_ref={"source": "crm", "id": "2"})
    refer(world, duplicate, "erp", "22")
    survivor = world.customer(name="Acme")

    merged = merge(world, duplicate, survivor, key="m")
    again = merge(world, duplicate, survivor, key="m")

    read = world.call("GET", f"/v1/customers/{duplicate}")
    assert (merged.status, merged.body["status"], merged.body["merged_into"]) == (200, "merged", survivor)
    assert (again.status, again.headers["Idempotency-Replayed"]) == (200, "true")
    assert (read.status, read.body["merged_into"]) == (200, survivor)
    for path in ("crm/2", "erp/22"):
        assert world.call("GET", f"/v1/customers/by-ref/{path}").body["id"] == survivor
    assert (names(world, "acme"), names(world, "twice")) == (["Acme"], [])
    assert [one["id"] for one in world.call("GET", "/v1/customers").body["data"]] == [survivor]
    assert world.broken() == []


def test_references_lead_on_through_several_merges(world: World) -> None:
    chain = [world.customer(name=f"Acme {number}") for number in range(4)]
    refer(world, chain[0], "erp", "1")

    for duplicate, into in pairwise(chain):
        merge(world, duplicate, into)

    assert references.customer("erp", "1").id == chain[-1]
    assert sorted(endings.merged_into(chain[-1])) == sorted(chain[:-1])


def test_an_order_for_a_merged_customer_is_refused_by_id_and_goes_on_by_reference(world: World) -> None:
    sku = world.product()
    world.stock(sku, 5)
    duplicate = world.customer(external_ref={"source": "crm", "id": "2"})
    survivor = world.customer()
    merge(world, duplicate, survivor)
    body = {"customer_ref": {"source": "crm", "id": "2"}, "lines": [{"sku": sku, "quantity": 1}]}

    refused = world.order(duplicate, (sku, 1))
    placed = world.call("POST", "/v1/orders", body)

    assert (refused.status, refused.code) == (422, "customer_merged")
    assert refused.body["errors"][0]["meta"] == {"merged_into": survivor}
    assert placed.body["customer"]["id"] == survivor
    world.drain()
    assert world.broken() == []


def test_open_business_is_named_and_keeps_a_customer_from_ending(world: World) -> None:
    sku = world.product()
    world.stock(sku, 5)
    customer, other = world.customer(), world.customer()
    order = world.order(customer, (sku, 1)).body
    world.drain()
    invoice = world.call("GET", f"/v1/invoices?order_id={order['id']}").body["data"][0]

    refused = [merge(world, customer, other), erase(world, customer)]

    named = {"orders": [order["number"]], "invoices": [invoice["number"]], "exposure": "11.30"}
    assert [(one.status, one.code, one.body["meta"]) for one in refused] == [
        (409, "has_open_business", named),
        (409, "has_open_business", named),
    ]
    assert world.call("GET", f"/v1/customers/{customer}").body["status"] == "active"


def test_a_balance_alone_keeps_a_customer_from_ending(world: World) -> None:
    customer, other = world.customer(), world.customer()
    paid = Writes()
    store.expose(paid, store.get(customer), -items.Decimal(5))
    paid.commit()

    refused = merge(world, customer, other)

    assert (refused.code, refused.body["meta"]["exposure"]) == ("has_open_business", "-5.00")


def test_an_order_placed_between_reading_and_merging_wins(world: World) -> None:
    sku = world.product()
    world.stock(sku, 5)
    customer = world.customer()
    account = store.account(customer)
    world.order(customer, (sku, 1))

    late = Writes()
    store.close_account(late, account, now=clock.now())

    with pytest.raises(store.Stale):
        late.commit()


@pytest.mark.parametrize("limit", [None, "100.00"])
def test_an_order_decided_on_before_the_merge_finds_the_account_closed(
    world: World, limit: str | None
) -> None:
    duplicate, survivor = world.customer(credit_limit=limit), world.customer()
    before = store.get(duplicate)
    merge(world, duplicate, survivor)
    today = clock.now().date()

    late, less = Writes(), Writes()
    store.expose(late, before, items.Decimal(5), guarded_on=today, placed=1)
    with pytest.raises(store.Stale):
        late.commit()
    with pytest.raises(store.CustomerClosed):
        store.expose(Writes(), store.get(duplicate), items.Decimal(5), guarded_on=today)
    store.expose(less, store.get(duplicate), items.Decimal(-5))
    less.commit()

    account = store.account(duplicate)
    assert account is not None
    assert account.exposure == -5


def test_a_merge_is_refused_into_itself_another_currency_or_whom_there_is_not(world: World) -> None:
    customer, dollars, gone = world.customer(), world.customer(currency="USD"), world.customer()
    merge(world, gone, world.customer())

    told = [merge(world, customer, into) for into in (customer, "cus_nobody", dollars, gone)]

    assert [(one.status, one.code) for one in told] == [
        (422, "unknown_customer"),
        (422, "unknown_customer"),
        (422, "currency_mismatch"),
        (422, "customer_closed"),
    ]


def test_a_merged_or_erased_customer_accepts_no_change(world: World) -> None:
    merged, erased, other = world.customer(), world.customer(), world.customer()
    merge(world, merged, other)
    erase(world, erased)

    for customer, state in ((merged, "merged"), (erased, "erased")):
        told = [
            change(world, customer, {"segment": "x"}),
            refer(world, customer, "erp", "1"),
            merge(world, customer, other),
        ]
        assert [(one.status, one.code, one.body["meta"]["state"]) for one in told] == [
            (409, "invalid_state", state)
        ] * 3
    assert erase(world, merged).code == "invalid_state"


def test_an_erased_person_is_gone_and_the_figures_stay(world: World) -> None:
    customer = person(world)
    refer(world, customer, "erp", "E-99")
    over(world, customer, 3)

    erased = erase(world, customer)

    world.drain()
    left = kept()
    account = store.account(customer)
    assert erased.status == 200, erased.text
    assert (erased.body["status"], erased.body["name"], erased.body["remaining"]) == ("erased", endings.ERASED, 0)
    assert [one for one in (*SECRETS, "Fang", "E-99") if one in left] == []
    assert stored_terms() == []
    assert account is not None
    assert (account.orders, account.exposure) == (3, 0)
    found = world.call("GET", f"/v1/orders?customer_id={customer}").body["data"]
    assert [one["customer"]["name"] for one in found] == [endings.ERASED] * 3
    assert {world.call("GET", f"/v1/customers/by-ref/{one}").status for one in ("crm/C-77", "erp/E-99")} == {404}
    assert names(world, "fang") == []
    assert world.call("GET", "/v1/customers").body["data"] == []
    assert world.broken() == []


def test_an_erased_person_cannot_be_taken_on_or_ordered_for_by_the_old_reference(world: World) -> None:
    sku = world.product()
    world.stock(sku, 5)
    customer = person(world)
    refer(world, customer, "erp", "E-99")
    erase(world, customer)
    reference = {"customer_ref": {"source": "crm", "id": "C-77"}, "lines": [{"sku": sku, "quantity": 1}]}

    again = world.call("POST", "/v1/customers", {"currency": "CNY", **PERSON})
    orders_ = [world.call("POST", "/v1/orders", reference), world.order(customer, (sku, 1))]

    assert (again.status, again.code) == (409, "duplicate_reference")
    assert refer(world, world.customer(), "erp", "E-99").status == 200
    assert [one.code for one in orders_] == ["unknown_customer"] * 2


def test_erasing_goes_on_where_it_stopped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = person(world)
    over(world, customer, 5)
    monkeypatch.setattr(endings, "ORDERS_AT_ONCE", 2)

    told = [erase(world, customer, key="e").body["remaining"] for _ in range(4)]

    assert told == [3, 1, 0, 0]
    entries = [one["event"] for one in journal.of_aggregate(f"customer#{customer}")]
    assert entries == ["customer.erased", "customer.created"]
    assert all("Fang" not in str(orders.find(str(row["id"]))) for row in rows_of(customer))


def rows_of(customer: str) -> list[dict[str, object]]:
    page = orders.listed(by="customer", value=customer, between=("0", "9"), limit=100, after=None)
    return list(page.rows)


def test_whoever_was_merged_into_the_person_is_erased_with_it(world: World) -> None:
    duplicate, survivor = person(world), world.customer(name="Fang 2")
    over(world, duplicate, 1)
    merge(world, duplicate, survivor)

    erased = erase(world, survivor, key="e")
    again = erase(world, survivor, key="e")

    assert (erased.status, again.status) == (200, 200)
    assert [one for one in (*SECRETS, "Fang") if one in kept()] == []
    assert world.call("GET", f"/v1/customers/{duplicate}").body["status"] == "erased"


def test_an_export_holds_everything_of_the_person_and_its_orders_page_by_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    duplicate, customer = world.customer(name="Fang before"), person(world)
    refer(world, customer, "erp", "E-99")
    merge(world, duplicate, customer)
    over(world, customer, 3)
    monkeypatch.setattr("soms.reports.customer_view.EXPORTED", 2)

    first = world.call("POST", f"/v1/customers/{customer}/export", key="")
    path = f"/v1/customers/{customer}/export?cursor={first.body['next_cursor']}"
    rest = world.call("POST", path, key="").body

    assert first.status == 200, first.text
    assert [one for one in (*SECRETS, "E-99", "Fang before") if one not in first.text] == []
    assert (len(first.body["orders"]), len(rest["orders"]), rest["next_cursor"]) == (2, 1, None)
    assert first.body["account"]["orders"] == 3
    assert world.call("POST", f"/v1/customers/{customer}/export", as_="sales", key="").status == 403
