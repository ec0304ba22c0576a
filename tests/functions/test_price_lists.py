"""Price lists and the prices in them: written by managers, read by those who sell, refused field by field."""

from typing import Any

import pytest
from soms.kit import journal
from soms.kit.access import Group

from tests.functions.test_refusals import refused
from tests.world import Answer, World

LIST: dict[str, object] = {"name": "Retail", "currency": "CNY"}
PATH = "/v1/price-lists/retail"
TIERS = [{"from": 1, "unit_price": "9.50"}, {"from": 10, "unit_price": "8.123456"}]
READ_BY = {"admin", "sales_manager", "sales", "finance", "finance_manager", "auditor"}


def put_list(world: World, list_id: str = "retail", /, **more: object) -> Answer:
    return world.call("PUT", f"/v1/price-lists/{list_id}", LIST | more)


def put_price(world: World, tiers: object, sku: str = "A-1", **more: Any) -> Answer:
    body = {"tiers": tiers, **more.pop("body", {})}
    return world.call("PUT", f"{PATH}/prices/{sku}", body, **more)


def test_a_price_list_is_made_and_replaced(world: World) -> None:
    body = {"includes_tax": True, "valid_from": "2026-01-01", "valid_to": "2026-01-01"}

    made = put_list(world, **body)
    replaced = put_list(world, name="Retail 2")
    read = world.call("GET", PATH)

    assert (made.status, made.headers["ETag"]) == (201, '"1.0"')
    assert made.body == {"id": "retail", "version": 1, **LIST, **body}
    assert (replaced.status, replaced.headers["ETag"]) == (200, '"2.0"')
    assert (read.body, read.headers["ETag"]) == (replaced.body, '"2.0"')
    assert read.body["valid_from"] is None


def test_a_price_has_its_tiers_in_order_whatever_order_they_came_in(world: World) -> None:
    world.product()
    put_list(world)

    made = put_price(world, TIERS[::-1], body={"valid_to": "2026-12-31"})
    read = world.call("GET", f"{PATH}/prices/A-1")

    assert (made.status, made.headers["ETag"]) == (201, '"1.0"')
    assert made.body == {
        "price_list": "retail",
        "sku": "A-1",
        "version": 1,
        "tiers": TIERS,
        "valid_from": None,
        "valid_to": "2026-12-31",
    }
    assert read.body == made.body


def test_a_price_is_taken_out_of_a_list_by_leaving_it_no_tiers(world: World) -> None:
    world.product()
    put_list(world)
    put_price(world, TIERS)

    emptied = put_price(world, [])

    assert (emptied.status, emptied.body["version"], emptied.body["tiers"]) == (200, 2, [])


def test_what_was_and_what_is_stands_in_the_journal(world: World) -> None:
    world.product()
    put_list(world)
    put_list(world, includes_tax=True)
    put_price(world, TIERS[:1])
    put_price(world, TIERS)

    of_list = list(journal.of_aggregate("price_list#retail"))
    of_price = list(journal.of_aggregate("list_price#retail/A-1"))

    assert [entry["event"] for entry in of_list + of_price] == ["price_list.put"] * 2 + ["list_price.put"] * 2
    assert of_list[0]["changes"] == {"includes_tax": [False, True]}
    assert of_price[0]["changes"] == {"tiers": [TIERS[:1], TIERS]}
    assert of_price[0]["by"] == "sub-admin"


@pytest.mark.parametrize(
    ("path", "body"), [("/v1/price-lists/new", LIST), (f"{PATH}/prices/A-1", {"tiers": TIERS})]
)
def test_a_repeat_by_key_is_the_same_and_a_stale_version_is_refused(
    world: World, path: str, body: dict[str, object]
) -> None:
    world.product()
    put_list(world)

    first, again = (world.call("PUT", path, body, headers={"Idempotency-Key": "k"}) for _ in range(2))
    fresh = world.call("PUT", path, body | {"valid_from": "2026-11-25"}, headers={"If-Match": '"1.0"'})
    stale = world.call("PUT", path, body, headers={"If-Match": '"1.0"'})

    assert (first.status, again.status, again.headers["Idempotency-Replayed"]) == (201, 201, "true")
    assert again.body == first.body
    assert (fresh.status, fresh.headers["ETag"]) == (200, '"2.0"')
    refused(stale, 412, "version_mismatch")
    assert stale.body["meta"] == {"current": 2}
    assert world.call("GET", path, headers={"If-None-Match": '"2.0"'}).status == 304


@pytest.mark.parametrize(
    ("change", "place", "code"),
    [
        ({"name": ""}, "/name", "too_short"),
        ({"currency": "XXX"}, "/currency", "unknown_currency"),
        ({"currency": "cny"}, "/currency", "wrong_format"),
        ({"includes_tax": "perhaps"}, "/includes_tax", "wrong_type"),
        ({"valid_from": "soon"}, "/valid_from", "not_a_date"),
        ({"valid_from": "2026-11-25", "valid_to": "2026-11-24"}, "/valid_to", "too_early"),
        ({"id": "retail"}, "/id", "unknown_field"),
    ],
)
def test_a_list_that_is_wrong_is_refused_at_its_place(
    world: World, change: dict[str, object], place: str, code: str
) -> None:
    answer = put_list(world, **change)

    assert refused(answer, 422, code) == [(place, code)]
    assert world.call("GET", PATH).status == 404


@pytest.mark.parametrize(
    ("change", "place", "code"),
    [
        ({"tiers": [{"from": 0, "unit_price": "1"}]}, "/tiers/0/from", "too_small"),
        ({"tiers": [{"from": 1_000_001, "unit_price": "1"}]}, "/tiers/0/from", "too_large"),
        ({"tiers": [{"from": "1", "unit_price": "1"}]}, "/tiers/0/from", "wrong_type"),
        ({"tiers": [{"from": 1, "unit_price": "1.1234567"}]}, "/tiers/0/unit_price", "too_many_digits"),
        ({"tiers": [{"from": 1, "unit_price": "-1"}]}, "/tiers/0/unit_price", "too_small"),
        ({"tiers": [*TIERS, {"from": 1, "unit_price": "7"}]}, "/tiers/2/from", "duplicate"),
        ({"tiers": [{"from": n, "unit_price": "1"} for n in range(1, 22)]}, "/tiers", "too_many"),
        ({"tiers": None}, "/tiers", "wrong_type"),
        ({"valid_from": "2026-11-25", "valid_to": "2026-11-24"}, "/valid_to", "too_early"),
        ({"colour": "red"}, "/colour", "unknown_field"),
    ],
)
def test_a_price_that_is_wrong_is_refused_at_its_place(
    world: World, change: dict[str, object], place: str, code: str
) -> None:
    world.product()
    put_list(world)

    answer = world.call("PUT", f"{PATH}/prices/A-1", {"tiers": TIERS} | change)

    assert refused(answer, 422, code) == [(place, code)]
    assert world.call("GET", f"{PATH}/prices/A-1").status == 404


def test_a_tier_goes_by_the_name_of_the_contract_only(world: World) -> None:
    world.product()
    put_list(world)

    answer = put_price(world, [{"start": 1, "unit_price": "1"}])

    assert set(refused(answer, 422, "invalid")) == {
        ("/tiers/0/from", "required"),
        ("/tiers/0/start", "unknown_field"),
    }


def test_a_price_needs_its_list_and_its_product(world: World) -> None:
    no_list = put_price(world, TIERS)
    put_list(world)
    no_product = put_price(world, [*TIERS, TIERS[0]])

    refused(no_list, 404, "not_found")
    assert set(refused(no_product, 422, "invalid")) == {
        ("sku", "unknown_sku"),
        ("/tiers/2/from", "duplicate"),
    }
    assert no_product.body["errors"][1]["meta"] == {"sku": "A-1"}


@pytest.mark.parametrize(
    "path", ["/v1/price-lists/none", "/v1/price-lists/none/prices", "/v1/price-lists/none/prices/A-1"]
)
def test_a_list_that_is_not_there_is_404(world: World, path: str) -> None:
    refused(world.call("GET", path), 404, "not_found")


def test_a_name_that_no_list_may_have_is_refused(world: World) -> None:
    refused(put_list(world, "two%20words"), 422, "wrong_format")
    refused(world.call("PUT", f"{PATH}/prices/~", {"tiers": []}), 422, "wrong_format")


def walk(world: World, path: str, field: str, limit: int) -> list[str]:
    found: list[str] = []
    cursor = ""
    for _ in range(10):
        page = world.call("GET", f"{path}?limit={limit}{cursor}")
        assert page.status == 200, page.text
        assert len(page.body["data"]) <= limit
        found += [one[field] for one in page.body["data"]]
        if page.body["next_cursor"] is None:
            return found
        cursor = f"&cursor={page.body['next_cursor']}"
    raise AssertionError("the list never ends")


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_lists_and_their_prices_come_page_by_page_in_order(world: World, limit: int) -> None:
    for name in ("wholesale", "a", "retail"):
        put_list(world, name)
    for sku in ("B-2", "A 1", "A-10", "C"):
        world.product(sku)
        put_price(world, TIERS, sku.replace(" ", "%20"))

    assert walk(world, "/v1/price-lists", "id", limit) == ["a", "retail", "wholesale"]
    assert walk(world, f"{PATH}/prices", "sku", limit) == ["A 1", "A-10", "B-2", "C"]
    assert walk(world, "/v1/price-lists/a/prices", "sku", limit) == []


def test_rows_are_the_resource_and_a_cursor_is_for_its_own_list_only(world: World) -> None:
    put_list(world, "a")
    put_list(world)
    for sku in ("A-1", "A-2"):
        world.product(sku)
        put_price(world, TIERS, sku)

    rows = world.call("GET", f"{PATH}/prices?limit=1").body
    foreign = world.call("GET", f"/v1/price-lists/a/prices?limit=1&cursor={rows['next_cursor']}")
    filtered = world.call("GET", "/v1/price-lists?category=x")

    assert rows["data"] == [world.call("GET", f"{PATH}/prices/A-1").body]
    assert world.call("GET", "/v1/price-lists?limit=1").body["data"] == [
        world.call("GET", "/v1/price-lists/a").body
    ]
    refused(foreign, 400, "cursor_invalid")
    refused(filtered, 400, "invalid_parameter")


@pytest.mark.parametrize("group", Group)
def test_managers_make_prices_and_those_who_sell_or_account_read_them(world: World, group: Group) -> None:
    world.product()
    put_list(world)
    put_price(world, TIERS)

    reads = ["/v1/price-lists", PATH, f"{PATH}/prices", f"{PATH}/prices/A-1"]
    read = {world.call("GET", path, as_=group).status for path in reads}
    written = {
        world.call("PUT", PATH, LIST, as_=group).status,
        world.call("PUT", f"{PATH}/prices/A-1", {"tiers": []}, as_=group).status,
    }

    assert read == {200 if group in READ_BY else 403}
    assert written == {200 if group in {"admin", "sales_manager"} else 403}
