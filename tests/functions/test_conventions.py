"""What every route keeps to: bodies, keys, queries, paths and HEAD."""

import base64
import json
from typing import Any

import pytest

from tests.functions.test_refusals import refused, shop
from tests.world import Answer, Context, World, module


def adjust(world: World, sku: str, text: str, **more: Any) -> Answer:
    return world.call("POST", f"/v1/stock/{sku}/adjustments", raw=text, **more)


@pytest.mark.parametrize(
    "text",
    [
        '{"delta": 1, "delta": 2, "reason": "receipt"}',
        '{"delta": 1, "d\\u0065lta": 1, "reason": "receipt"}',
        '{"delta": 1, "reason": "receipt", "note": {"a": 1, "a": 1}}',
    ],
)
def test_a_name_that_stands_twice_in_an_object_is_malformed(world: World, text: str) -> None:
    sku, _ = shop(world)

    answer = adjust(world, sku, text)

    refused(answer, 400, "malformed")
    assert world.on_shelf(sku) == (10, 0, 10)


@pytest.mark.parametrize("depth", [50, 400, 900, 950, *range(970, 1000), 5000])
def test_a_body_nested_however_deep_is_refused_and_breaks_nothing(world: World, depth: int) -> None:
    answer = world.call("POST", "/v1/customers", raw='{"name":' * depth + "1" + "}" * depth)

    assert answer.code in {"malformed", "invalid", "wrong_type"}, answer.text
    assert answer.status in {400, 422}


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 201),
        ("Application/JSON; Charset=UTF-8", 201),
        ("application/vnd.shop+json", 201),
        ('application/json; charset="utf-8"', 201),
        ("application/json; charset=gbk", 415),
        ("application/json; charset=utf-16", 415),
        ("application/jsonp", 415),
        ("text/json", 415),
        ("", 201),
    ],
)
def test_json_in_utf_8_is_read_and_nothing_declared_otherwise(world: World, kind: str, status: int) -> None:
    sku, _ = shop(world)

    answer = adjust(world, sku, '{"delta": 1, "reason": "found"}', headers={"Content-Type": kind})

    assert answer.status == status


def in_base64(content: str, sku: str) -> dict[str, Any]:
    """Send a body as the gateway hands over what it takes for binary; return the answer as Lambda has it."""
    claims = {"sub": "1", "username": "w", "cognito:groups": "admin", "token_use": "access"}
    event = {
        "httpMethod": "POST",
        "path": f"/v1/stock/{sku}/adjustments",
        "headers": {"Idempotency-Key": "k-64", "Content-Type": "application/json"},
        "requestContext": {"authorizer": {"claims": claims}},
        "body": content,
        "isBase64Encoded": True,
    }
    return module("inventory").handler(event, Context())


def test_a_body_in_base64_is_the_same_body(world: World) -> None:
    sku, _ = shop(world)
    text = '{"delta": 1, "reason": "found", "note": "茶"}'
    plain = base64.b64encode(text.encode()).decode()
    in_gbk = base64.b64encode(text.encode("gbk")).decode()
    huge = base64.b64encode(b'{"note": "' + b"x" * (1024 * 1024) + b'"}').decode()

    answers = [in_base64(one, sku)["statusCode"] for one in (plain, in_gbk, "%%%", "abc", huge)]

    assert answers == [201, 400, 400, 400, 413]
    assert world.on_shelf(sku) == (11, 0, 11)


def test_a_body_of_a_megabyte_is_read_and_one_byte_more_is_not(world: World) -> None:
    sku, _ = shop(world)
    start, end = '{"delta": 1, "reason": "found"', "}"
    padding = " " * (1024 * 1024 - len(start + end))

    most = adjust(world, sku, start + padding + end)
    more = adjust(world, sku, start + padding + " " + end)
    in_bytes = adjust(world, sku, json.dumps({"note": "茶" * 350_000}, ensure_ascii=False))

    assert most.status == 201
    refused(more, 413, "too_large")
    refused(in_bytes, 413, "too_large")


@pytest.mark.parametrize("body", [{"delta": "many"}, {}, {"delta": 1, "reason": "found", "colour": "red"}])
def test_a_used_key_with_another_body_is_reused_even_if_that_body_is_wrong(
    world: World, body: dict[str, object]
) -> None:
    sku, _ = shop(world)
    path = f"/v1/stock/{sku}/adjustments"
    world.call("POST", path, {"delta": 1, "reason": "found"}, key="k")

    answer = world.call("POST", path, body, key="k")

    refused(answer, 422, "idempotency_key_reused")


def test_numbers_that_differ_in_their_last_digit_are_not_the_same_body(world: World) -> None:
    sku, customer = shop(world)
    line = {"sku": sku, "quantity": 1}
    text = json.dumps({"customer_id": customer, "lines": [line | {"unit_price": 9}]})
    first, longer, other = (
        text.replace("9}", f"{number}}}")
        for number in ("1.5", "1.50", "1.50000000000000000000000000000000000001")
    )

    placed, same, different = (
        world.call("POST", "/v1/orders", raw=one, key="k") for one in (first, longer, other)
    )

    assert (placed.status, same.status) == (201, 201)
    refused(different, 422, "idempotency_key_reused")


def test_the_same_key_on_another_spelling_of_a_path_is_the_same_request(world: World) -> None:
    world.product("A 1")
    body = {"delta": 5, "reason": "found"}
    spellings = ["A%201", "A 1", "%41%201"]

    answers = [world.call("POST", f"/v1/stock/{one}/adjustments", body, key="k") for one in spellings]
    answers.append(world.call("POST", "/v1/stock/A%201/adjustments/", body, key="k"))

    assert [one.status for one in answers] == [201] * 4
    assert world.on_shelf("A%201") == (5, 0, 5)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_put_and_patch_accept_a_key_and_are_replayed(world: World, method: str) -> None:
    path, body, tag = f"/v1/customers/{world.customer()}", {"segment": "a"}, {"If-Match": '"1.0"'}
    if method == "PUT":
        path, tag = "/v1/products/B-1", {}
        body = {"name": "B", "unit_price": "1.00", "currency": "CNY", "tax_rate": "0"}
    keyed = tag | {"Idempotency-Key": '"k-1"'}

    first = world.call(method, path, body, headers=keyed)
    again = world.call(method, path, body, headers=keyed)
    other = world.call(method, path, body | {"barcode": "1"}, headers=keyed)
    wrong = world.call(method, path, body, headers=tag | {"Idempotency-Key": "a b"})

    assert (first.status, again.status) == ((201, 201) if method == "PUT" else (200, 200))
    assert (again.body, again.headers["ETag"]) == (first.body, first.headers["ETag"])
    assert ("Idempotency-Replayed" in first.headers, again.headers["Idempotency-Replayed"]) == (False, "true")
    refused(other, 422, "idempotency_key_reused")
    refused(wrong, 400, "idempotency_key_invalid")


def test_a_list_of_versions_is_as_good_as_its_newest(world: World) -> None:
    path = f"/v1/customers/{world.customer()}"
    changes = [
        world.call("PATCH", path, {"segment": str(number)}, headers={"If-Match": match})
        for number, match in enumerate(['"1.0"', '"1.0", W/"2.0"', '"1.0", "2.0"', "*"])
    ]

    assert [one.status for one in changes] == [200, 200, 412, 200]


@pytest.mark.parametrize("known", ["*", "W/{}", '"0.0", {}', '"0.0",W/{}'])
def test_what_a_client_knows_is_not_sent_again_however_it_says_so(world: World, known: str) -> None:
    path = f"/v1/customers/{world.customer()}"
    tag = world.call("GET", path).headers["ETag"]

    same = world.call("GET", path, headers={"If-None-Match": known.format(tag)})
    head = world.call("HEAD", path, headers={"If-None-Match": known.format(tag)})

    assert (same.status, same.text, same.headers["ETag"]) == (304, "", tag)
    assert same.headers["Cache-Control"] == "no-store"
    assert head.status == 304


@pytest.mark.parametrize(
    ("query", "faults"),
    [
        ("limit=1&limit=1", [("limit", "repeated")]),
        ("status=confirmed&limit=1&status=cancelled", [("status", "repeated")]),
        ("cursor=", [("cursor", "too_short")]),
        ("customer_id=", [("customer_id", "too_short")]),
        ("customer_id=" + "x" * 1025, [("customer_id", "too_long")]),
        ("colour=&colour=", [("colour", "unknown_field")]),
        ("limit=0&number=&colour=1", [("colour", "unknown_field"), ("limit", "too_small"), ("number", "too_short")]),
    ],
)
def test_a_query_says_each_thing_once_and_says_it(
    world: World, query: str, faults: list[tuple[str, str]]
) -> None:
    answer = world.call("GET", f"/v1/orders?{query}")

    assert sorted(refused(answer, 400, "invalid_parameter")) == faults


@pytest.mark.parametrize("path", ["/v1/health", "/v1/orders", "/v1/stock", "/v1/customers/{customer}"])
def test_head_answers_as_get_does_without_a_body(world: World, path: str) -> None:
    path = path.replace("{customer}", world.customer())

    asked, read = world.call("HEAD", path), world.call("GET", path)

    assert (asked.status, asked.text) == (200, "")
    assert {**asked.headers, "X-Request-Id": ""} == {**read.headers, "X-Request-Id": ""}


def test_head_is_refused_as_get_is(world: World) -> None:
    missing = world.call("HEAD", "/v1/orders/ord_nothing")
    command = world.call("HEAD", "/v1/orders/ord_1/cancel")
    stranger = world.call("HEAD", "/v1/orders", claims={})

    assert [(one.status, one.text) for one in (missing, command, stranger)] == [(404, ""), (405, ""), (401, "")]
    assert command.headers["Allow"] == "POST"


def test_a_path_with_a_slash_behind_it_is_the_same_path(world: World) -> None:
    listed = world.call("GET", "/v1/orders/")
    wrong = world.call("DELETE", "/v1/orders/")

    assert listed.status == 200
    refused(wrong, 405, "method_not_allowed")


@pytest.mark.parametrize("name", ['"x"', "%00", "%2F", "%FF", "%20", "x" * 3000, "%E4%B8%AD" * 400, "..", "%"])
@pytest.mark.parametrize("noun", ["orders", "products", "stock", "customers", "invoices"])
def test_a_name_that_nothing_has_is_404(world: World, noun: str, name: str) -> None:
    answer = world.call("GET", f"/v1/{noun}/{name}")

    refused(answer, 404, "not_found")


def test_a_refusal_without_a_token_says_how_to_come_in(world: World) -> None:
    answer = world.call("GET", "/v1/orders", claims={})

    refused(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
