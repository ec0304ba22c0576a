"""What bad input gets: every refusal with its status, its code and its place."""

import json
from typing import Any

import pytest

from tests.world import Answer, World

MEMBERS = {"type", "title", "status", "detail", "instance", "code", "request_id", "errors"}
MALFORMED = ["{", "", "nope", '{"a": NaN}', '{"a": 1e99999999999999999999}', "[" * 100_000, '{"a": 1e101}']


def shop(world: World, units: int = 10) -> tuple[str, str]:
    sku = world.product()
    world.stock(sku, units)
    return sku, world.customer()


def place(world: World, customer: str, line: dict[str, Any], **more: Any) -> Answer:
    return world.call("POST", "/v1/orders", {"customer_id": customer, "lines": [line], **more})


def refused(answer: Answer, status: int, code: str) -> list[tuple[str | None, str]]:
    """Check that this is a problem as RFC 9457 has it, and return the place and code of every error."""
    assert (answer.status, answer.code) == (status, code), answer.text
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert set(answer.body) - {"meta"} == MEMBERS
    assert answer.body["status"] == status
    assert answer.body["request_id"] == answer.headers["X-Request-Id"]
    assert all({"code", "detail", "meta"} <= set(one) for one in answer.body["errors"])
    return [(one.get("pointer", one.get("parameter")), one["code"]) for one in answer.body["errors"]]


@pytest.mark.parametrize("text", MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_not_json_is_malformed(world: World, text: str) -> None:
    answer = world.call("POST", "/v1/orders", raw=text)

    refused(answer, 400, "malformed")


@pytest.mark.parametrize(
    ("quantity", "code"),
    [
        (0, "too_small"),
        (-1, "too_small"),
        (2**31, "too_large"),
        (1_000_001, "too_large"),
        (1.5, "wrong_type"),
        ("3", "wrong_type"),
        (True, "wrong_type"),
        (None, "wrong_type"),
        ([], "wrong_type"),
        ({}, "wrong_type"),
    ],
)
def test_a_quantity_is_a_whole_number_from_one_to_a_million(
    world: World, quantity: object, code: str
) -> None:
    sku, customer = shop(world)

    answer = place(world, customer, {"sku": sku, "quantity": quantity})

    assert refused(answer, 422, code) == [("/lines/0/quantity", code)]
    assert world.on_shelf(sku) == (10, 0, 10)


@pytest.mark.parametrize(
    ("change", "place_", "code"),
    [
        ({"unit_price": "1.1234567"}, "/lines/0/unit_price", "too_many_digits"),
        ({"unit_price": "-1"}, "/lines/0/unit_price", "too_small"),
        ({"unit_price": "1e3"}, "/lines/0/unit_price", "not_a_decimal"),
        ({"unit_price": "NaN"}, "/lines/0/unit_price", "not_a_decimal"),
        ({"unit_price": "٣"}, "/lines/0/unit_price", "not_a_decimal"),
        ({"unit_price": "99999999999999"}, "/lines/0/unit_price", "not_a_decimal"),
        ({"discount": {"amount": "0.001"}}, "/lines/0/discount/amount", "too_many_digits"),
        ({"discount": {"amount": "100.00"}}, "/lines/0/discount", "discount_too_large"),
        ({"discount": {"percent": "100.01"}}, "/lines/0/discount/percent", "too_large"),
        ({"discount": {}}, "/lines/0/discount", "one_of"),
        ({"discount": {"percent": "1", "amount": "1"}}, "/lines/0/discount", "one_of"),
        ({"colour": "red"}, "/lines/0/colour", "unknown_field"),
        ({"a/b~c": 1}, "/lines/0/a~1b~0c", "unknown_field"),
        ({"sku": 7}, "/lines/0/sku", "wrong_type"),
        ({"sku": "GONE"}, "/lines/0/sku", "unknown_sku"),
        ({"sku": "\ud800"}, "/lines/0/sku", "invalid"),
        ({"note": "x" * 1001}, "/lines/0/note", "too_long"),
        ({"warehouse": "moon"}, "/lines/0/warehouse", "unknown_warehouse"),
    ],
)
def test_a_field_that_is_wrong_is_named(
    world: World, change: dict[str, object], place_: str, code: str
) -> None:
    sku, customer = shop(world)

    answer = place(world, customer, {"sku": sku, "quantity": 1} | change)

    assert refused(answer, 422, code) == [(place_, code)]
    assert world.on_shelf(sku) == (10, 0, 10)


def test_all_that_is_wrong_with_a_body_is_told_at_once(world: World) -> None:
    sku, customer = shop(world)
    world.product("OLD", active=False)
    wrong = {"customer_id": 1, "colour": "red", "lines": [{"sku": sku, "quantity": 0}, {"quantity": 1.5}]}

    shape = world.call("POST", "/v1/orders", wrong)
    sense = world.order(customer, ("GONE", 1), ("OLD", 1), ("GONE-2", 1), body={"currency": "EUR"})

    assert set(refused(shape, 422, "invalid")) == {
        ("/customer_id", "wrong_type"),
        ("/lines/0/quantity", "too_small"),
        ("/lines/1/sku", "required"),
        ("/lines/1/quantity", "wrong_type"),
        ("/colour", "unknown_field"),
    }
    assert set(refused(sense, 422, "invalid")) == {
        ("/currency", "currency_mismatch"),
        ("/lines/0/sku", "unknown_sku"),
        ("/lines/1/sku", "inactive_sku"),
        ("/lines/2/sku", "unknown_sku"),
    }


@pytest.mark.parametrize("body", ["[]", "1", '"text"', "null", "{}"])
def test_a_body_that_is_no_order_is_refused_field_by_field(world: World, body: str) -> None:
    answer = world.call("POST", "/v1/orders", raw=body)

    assert answer.status == 422
    assert refused(answer, 422, answer.code)


def test_an_unknown_customer_and_an_inactive_product_are_named(world: World) -> None:
    sku, customer = shop(world)
    world.product("OLD", active=False)

    unknown = world.order("cus_nobody", (sku, 1))
    inactive = world.order(customer, ("OLD", 1))

    assert refused(unknown, 422, "unknown_customer") == [("/customer_id", "unknown_customer")]
    assert refused(inactive, 422, "inactive_sku") == [("/lines/0/sku", "inactive_sku")]


def test_the_same_sku_on_two_lines_is_summed(world: World) -> None:
    sku, customer = shop(world, units=5)

    short = world.order(customer, (sku, 3), (sku, 3))
    enough = world.order(customer, (sku, 2), (sku, 3))

    assert {one["meta"]["requested"] for one in short.body["errors"]} == {6}
    assert (short.status, enough.status) == (409, 201)
    assert world.on_shelf(sku) == (5, 5, 0)


def test_500_lines_are_an_order_and_501_are_not(world: World) -> None:
    sku, customer = shop(world, units=1000)

    most = world.order(customer, *[(sku, 2)] * 500)
    too_many = world.order(customer, *[(sku, 1)] * 501)

    assert (most.status, len(most.body["lines"])) == (201, 500)
    assert refused(too_many, 422, "too_many_lines") == [("/lines", "too_many_lines")]
    assert world.on_shelf(sku) == (1000, 1000, 0)


def test_an_order_has_at_most_80_stocked_skus(world: World) -> None:
    _, customer = shop(world)
    skus = [world.product(f"S-{number}") for number in range(81)]
    services = [world.product(f"V-{number}", stocked=False) for number in range(30)]
    for sku in skus[:80]:
        world.stock(sku, 1)

    too_many = world.order(customer, *((sku, 1) for sku in skus))
    most = world.order(customer, *((sku, 1) for sku in skus[:80] + services))

    assert refused(too_many, 422, "too_many_lines") == [("/lines", "too_many_lines")]
    assert most.status == 201, most.text


def test_a_body_of_five_megabytes_is_too_large(world: World) -> None:
    answer = world.call("POST", "/v1/orders", {"note": "x" * 5_000_000})

    refused(answer, 413, "too_large")


@pytest.mark.parametrize("key", ["", "a b", "x" * 129, '""', "schlüssel", "a\tb"])
def test_a_key_that_is_none_is_refused(world: World, key: str) -> None:
    sku, customer = shop(world)

    answer = world.call(
        "POST",
        "/v1/orders",
        {"customer_id": customer, "lines": [{"sku": sku, "quantity": 1}]},
        headers={"Idempotency-Key": key},
    )

    refused(answer, 400, "idempotency_key_invalid")


def test_a_post_without_a_key_is_refused_and_a_quoted_key_is_the_same_as_a_bare_one(world: World) -> None:
    sku, customer = shop(world)

    without = world.order(customer, (sku, 1), key="")
    bare, quoted = (world.order(customer, (sku, 1), key=key) for key in ("k-1", '"k-1"'))

    refused(without, 400, "idempotency_key_required")
    assert bare.body["id"] == quoted.body["id"]


def test_a_key_means_the_same_json_whatever_its_text(world: World) -> None:
    sku, customer = shop(world)
    line = {"sku": sku, "quantity": 1, "discount": {"percent": 10}}
    first = json.dumps({"customer_id": customer, "lines": [line]})
    second = json.dumps({"lines": [line], "customer_id": customer}, indent=2).replace("10", "10.0")

    answers = [world.call("POST", "/v1/orders", raw=text, key="one") for text in (first, second)]

    assert [one.status for one in answers] == [201, 201]
    assert answers[0].body["id"] == answers[1].body["id"]


def test_a_key_of_one_is_not_the_key_of_another(world: World) -> None:
    sku, customer = shop(world)

    mine = world.order(customer, (sku, 1), key="same", name="ada")
    theirs = world.order(customer, (sku, 1), key="same", name="bob")

    assert mine.body["id"] != theirs.body["id"]
    assert world.on_shelf(sku) == (10, 2, 8)


def test_a_refusal_is_not_remembered(world: World) -> None:
    sku, customer = shop(world, units=1)

    short = world.order(customer, (sku, 2), key="once")
    world.stock(sku, 1)
    then = world.order(customer, (sku, 2), key="once")

    assert (short.status, then.status) == (409, 201)
    assert "Idempotency-Replayed" not in then.headers


def test_a_stale_version_is_refused_with_the_current_one(world: World) -> None:
    sku, customer = shop(world)
    order = world.order(customer, (sku, 3))
    path = f"/v1/orders/{order.body['id']}/cancel"
    part = {"lines": [{"line": 1, "quantity": 1}]}
    world.call("POST", path, part, headers={"If-Match": order.headers["ETag"]})

    stale = world.call("POST", path, part, headers={"If-Match": order.headers["ETag"]})
    unreadable = world.call("POST", path, part, headers={"If-Match": "one"})
    fresh = world.call("POST", path, part, headers={"If-Match": '"2.7"'})

    refused(stale, 412, "version_mismatch")
    assert stale.body["meta"] == {"current": 2}
    refused(unreadable, 412, "version_mismatch")
    assert (fresh.status, fresh.headers["ETag"]) == (200, '"3.0"')


def test_a_change_needs_the_version_it_was_decided_on(world: World) -> None:
    customer = world.customer()
    path = f"/v1/customers/{customer}"

    without = world.call("PATCH", path, {"segment": "a"})
    right = world.call("PATCH", path, {"segment": "a"}, headers={"If-Match": '"1.0"'})
    stale = world.call("PATCH", path, {"segment": "b"}, headers={"If-Match": '"1.0"'})

    refused(without, 428, "precondition_required")
    assert (right.status, right.headers["ETag"]) == (200, '"2.0"')
    refused(stale, 412, "version_mismatch")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("colour=red", "colour"), ("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit")],
)
@pytest.mark.parametrize("path", ["/v1/orders", "/v1/customers", "/v1/products", "/v1/stock", "/v1/invoices"])
def test_a_query_parameter_that_is_unknown_or_out_of_range_is_named(
    world: World, path: str, query: str, parameter: str
) -> None:
    answer = world.call("GET", f"{path}?{query}")

    assert [place for place, _ in refused(answer, 400, "invalid_parameter")] == [parameter]


def test_what_takes_no_query_takes_none(world: World) -> None:
    customer = world.customer()

    answer = world.call("GET", f"/v1/customers/{customer}?expand=all")

    assert refused(answer, 400, "invalid_parameter") == [("expand", "unknown_field")]


def test_a_cursor_is_good_for_the_list_it_came_from_only(world: World) -> None:
    for _ in range(2):
        world.customer(salesperson="ada")
    cursor = world.call("GET", "/v1/customers?limit=1").body["next_cursor"]
    changed = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")

    foreign = [f"/v1/orders?cursor={cursor}", f"/v1/customers?salesperson=ada&cursor={cursor}"]
    bad = [f"/v1/customers?cursor={one}" for one in (changed, "x", "%00", "ü", cursor[:20])]

    for path in foreign + bad:
        refused(world.call("GET", path), 400, "cursor_invalid")
    assert world.call("GET", f"/v1/customers?limit=1&cursor={cursor}").status == 200
    refused(world.call("GET", f"/v1/customers?limit=1&cursor={cursor}", as_="sales"), 400, "cursor_invalid")


def test_filters_that_no_index_serves_together_are_refused(world: World) -> None:
    answer = world.call("GET", "/v1/orders?status=confirmed&salesperson=ada")

    refused(answer, 400, "filter_unsupported")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/orders", "GET, HEAD, POST"),
        ("PUT", "/v1/orders/ord_1", "GET, HEAD, PATCH"),
        ("GET", "/v1/orders/ord_1/cancel", "POST"),
        ("POST", "/v1/customers/cus_1", "GET, HEAD, PATCH"),
    ],
)
def test_a_method_that_a_path_does_not_know_is_405(
    world: World, method: str, path: str, allowed: str
) -> None:
    answer = world.call(method, path)

    refused(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize(
    "path",
    [
        "/v1/orders/ord_nothing",
        "/v1/orders/by-ref/shop/1",
        "/v1/orders/ord_1/nothing",
        "/v1/customers/cus_nothing",
        "/v1/products/NOTHING",
        "/v1/stock/NOTHING",
        "/v1/stock-alerts/nothing",
        "/v1/invoices/inv_nothing",
        "/v1/invoice-series/INV-1999/proof",
    ],
)
def test_what_is_not_there_is_404(world: World, path: str) -> None:
    answer = world.call("GET", path)

    refused(answer, 404, "not_found")


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x"])
def test_only_json_is_read(world: World, kind: str) -> None:
    answer = world.call("POST", "/v1/orders", {}, headers={"Content-Type": kind})

    refused(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("asked", "title", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.5", "未找到", "zh"),
        ("en, zh;q=0.5", "Not found", "en"),
        ("fr", "Not found", "en"),
        ("zh;q=x", "Not found", "en"),
    ],
)
def test_problems_are_told_in_the_language_asked_for(
    world: World, asked: str, title: str, language: str
) -> None:
    answer = world.call("GET", "/v1/orders/ord_1", headers={"Accept-Language": asked})

    refused(answer, 404, "not_found")
    assert (answer.body["title"], answer.headers["Content-Language"]) == (title, language)


def test_what_has_not_changed_is_not_sent_again(world: World) -> None:
    sku, customer = shop(world)
    order = world.order(customer, (sku, 1))
    path, tag = f"/v1/orders/{order.body['id']}", order.headers["ETag"]

    same = world.call("GET", path, headers={"If-None-Match": tag})
    world.drain()
    other = world.call("GET", path, headers={"If-None-Match": tag})

    assert (same.status, same.text, same.headers["ETag"]) == (304, "", tag)
    assert (other.status, other.headers["ETag"]) == (200, '"1.1"')


def test_a_request_id_comes_back_unless_it_is_none(world: World) -> None:
    given = world.call("GET", "/v1/orders/ord_1", headers={"X-Request-Id": "mine-1"})
    forged = world.call("GET", "/v1/orders/ord_1", headers={"X-Request-Id": "a b\nc"})

    assert given.headers["X-Request-Id"] == given.body["request_id"] == "mine-1"
    assert forged.headers["X-Request-Id"].startswith("request-")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"delta": 0, "reason": "receipt"}, "zero_adjustment"),
        ({"delta": 1.5, "reason": "receipt"}, "wrong_type"),
        ({"delta": 2**31, "reason": "receipt"}, "too_large"),
        ({"delta": 1, "counted": 1, "reason": "count"}, "one_of"),
        ({"reason": "count"}, "one_of"),
        ({"delta": 1, "reason": "gift"}, "not_one_of"),
        ({"delta": 1}, "required"),
        ({"delta": 1, "reason": "receipt", "warehouse": "moon"}, "unknown_warehouse"),
    ],
)
def test_an_adjustment_that_makes_no_sense_is_refused(
    world: World, body: dict[str, object], code: str
) -> None:
    sku, _ = shop(world)

    answer = world.call("POST", f"/v1/stock/{sku}/adjustments", body)

    refused(answer, 422, code)
    assert world.on_shelf(sku) == (10, 0, 10)


def test_an_order_too_large_to_be_kept_is_refused_as_a_whole(world: World) -> None:
    sku, customer = shop(world, units=1000)
    lines = [{"sku": sku, "quantity": 1, "note": "x" * 1000}] * 500

    answer = world.call("POST", "/v1/orders", {"customer_id": customer, "lines": lines})

    refused(answer, 422, "too_large")
    assert world.on_shelf(sku) == (1000, 0, 1000)
