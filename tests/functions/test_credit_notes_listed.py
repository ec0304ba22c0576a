"""Credit notes in lists: by order, customer, invoice and series; and several series, each with its proof."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.functions.test_credit_notes import credit, sold
from tests.functions.test_payments import FINANCE, invoice
from tests.properties.order_stage import Stage
from tests.world import World

HONG_KONG = {
    "id": "hk",
    "name": "Voyage Hong Kong",
    "tax_id": "HK-1",
    "address": {"lines": ["1 Queen's Road"], "country": "HK"},
    "invoice_series": "HKI",
    "credit_note_series": "HKC",
}


@pytest.fixture
def world() -> Iterator[World]:
    with World.opened() as opened:
        yield opened
        opened.drain()
        assert opened.broken() == []


def listed(world: World, path: str, **more: Any) -> list[Any]:
    """Return all rows of a list, page after page."""
    rows, cursor = [], ""
    while cursor is not None:
        body = world.call("GET", f"{path}{'&cursor=' + cursor if cursor else ''}", **FINANCE | more).body
        rows += body["data"]
        cursor = body["next_cursor"]
    return rows


def test_credit_notes_are_listed_newest_first_by_whatever_they_belong_to(world: World) -> None:
    order, issued = sold(world, ("10.00", 9))
    made = [credit(world, issued["id"], {"amount": f"{n}.00"}).body["id"] for n in (1, 2, 3)]
    other = credit(world, sold(world, ("5.00", 1))[1]["id"]).body

    for filtered in (
        f"order_id={order}",
        f"invoice_id={issued['id']}",
        f"customer_id={issued['customer_id']}",
    ):
        rows = listed(world, f"/v1/credit-notes?{filtered}&limit=2")
        assert sorted(one["id"] for one in rows) == sorted(made), filtered
    by_order = listed(world, f"/v1/credit-notes?order_id={order}&limit=2")
    assert [one["id"] for one in by_order] == made[::-1]
    for series in ("series=CN&", f"series={other['series']}&", ""):
        rows = listed(world, f"/v1/credit-notes?{series}limit=3")
        assert [one["id"] for one in rows] == [other["id"], *made[::-1]]
    assert "lines" not in rows[0]
    assert rows[0]["customer"] == {"id": other["customer_id"], "name": "Acme"}
    assert invoice(world, issued["id"])["credit_notes"] == made


def test_a_series_of_invoices_and_a_name_that_is_nobodys_list_no_credit_note(world: World) -> None:
    sold(world, ("10.00", 1))

    for filtered in (
        "series=INV",
        "series=XX-2020",
        "order_id=ord_none",
        "invoice_id=inv_none",
        "customer_id=c",
    ):
        assert listed(world, f"/v1/credit-notes?{filtered}") == []
    both = world.call("GET", "/v1/credit-notes?order_id=a&series=CN", **FINANCE)
    assert (both.status, both.code) == (400, "filter_unsupported")


def test_sales_people_see_the_credit_notes_of_their_own_orders(world: World) -> None:
    _, issued = sold(world, ("10.00", 9), salesperson="sam")
    note = credit(world, issued["id"], {"amount": "1.00"}).body

    mine = listed(world, "/v1/credit-notes?series=CN", as_="sales", name="sam")
    others = listed(world, "/v1/credit-notes?series=CN", as_="sales", name="sue")

    assert ([one["id"] for one in mine], others) == ([note["id"]], [])


def test_an_entity_invoices_and_credits_in_its_own_name_and_series(world: World) -> None:
    put = world.call("PUT", "/v1/settings", {"entities": [HONG_KONG]})
    assert put.status == 200, put.text
    _, here = sold(world, ("10.00", 1))
    _, there = sold(world, ("20.00", 1), entity="hk")

    note = credit(world, there["id"], {"amount": "1.00"}).body

    told = invoice(world, there["id"])
    assert (told["seller"]["name"], told["seller"]["tax_id"]) == ("Voyage Hong Kong", "HK-1")
    assert (told["number"][:3], note["number"][:3], here["number"][:3]) == ("HKI", "HKC", "INV")
    assert (note["seller"], told["entity"], note["entity"]) == (told["seller"], "hk", "hk")
    rows = world.call("GET", "/v1/invoice-series", **FINANCE).body["data"]
    assert {(one["series"][:3], one["kind"], one["entity"], one["count"]) for one in rows} == {
        ("INV", "invoice", None, 1),
        ("HKI", "invoice", "hk", 1),
        ("HKC", "credit_note", "hk", 1),
    }
    for one in rows:
        proof = world.call("GET", f"/v1/invoice-series/{one['series'][:3]}/proof", **FINANCE).body
        assert (proof["series"], proof["last"], proof["missing"]) == (one["series"], one["last"], [])


def test_a_customer_that_moves_to_another_entity_is_credited_by_the_one_that_invoiced(world: World) -> None:
    world.call("PUT", "/v1/settings", {"entities": [HONG_KONG]})
    order, issued = sold(world, ("10.00", 2))
    etag = world.call("GET", f"/v1/customers/{issued['customer_id']}").headers["ETag"]
    moved = {"entity": "hk"}
    world.call("PATCH", f"/v1/customers/{issued['customer_id']}", moved, headers={"If-Match": etag})

    world.call("POST", f"/v1/orders/{order}/cancel", {"lines": [{"line": 1, "quantity": 1}]})
    world.drain()

    (note,) = listed(world, f"/v1/credit-notes?order_id={order}")
    assert (note["number"][:3], note["seller"]["name"]) == ("CN-", "SOMS")


def test_series_and_entities_that_would_mix_numbers_are_refused(world: World) -> None:
    same = {"invoice_series": "A", "credit_note_series": "A"}
    taken = {"entities": [HONG_KONG, HONG_KONG | {"id": "sg"}]}

    alike = world.call("PUT", "/v1/settings", same)
    both = world.call("PUT", "/v1/settings", taken)
    world.call("PUT", "/v1/settings", {"entities": [HONG_KONG]})
    gone = world.call("PUT", "/v1/settings", {"entities": []})
    unknown = world.call("POST", "/v1/customers", {"name": "A", "currency": "CNY", "entity": "xx"})

    assert (alike.status, alike.code) == (422, "duplicate_series")
    assert alike.body["errors"][0]["pointer"] == "/credit_note_series"
    assert [one["pointer"] for one in both.body["errors"]] == [
        "/entities/1/invoice_series",
        "/entities/1/credit_note_series",
    ]
    assert (gone.status, gone.code) == (422, "entity_missing")
    assert (unknown.status, unknown.code) == (422, "unknown_entity")
    assert unknown.body["errors"][0]["pointer"] == "/entity"


def test_the_year_of_a_series_is_that_of_the_companys_day() -> None:
    with Stage.opened() as stage:
        stage.now = datetime(2026, 12, 31, 17, tzinfo=UTC)
        _, issued = sold(stage, ("10.00", 1))

        proof = stage.call("GET", "/v1/invoice-series/INV/proof", **FINANCE).body

        assert (issued["number"], issued["issued_on"]) == ("INV-2027-000001", "2027-01-01")
        assert (proof["series"], proof["count"]) == ("INV-2027", 1)
        assert stage.broken() == []
