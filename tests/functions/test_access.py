"""Who may: every route and every group, tokens that do not count, and what may not be seen."""

import re
from typing import Any

import pytest
from soms.kit import access
from soms.kit.access import ANYBODY, ROUTES, Group

from tests.world import World, module

CASES = [(route, groups) for table in ROUTES.values() for route, groups in table.items()]
GUARDED = [route for route, groups in CASES if groups is not ANYBODY]
DENIED = {401, 403}


def ask(world: World, route: str, claims: dict[str, Any] | None) -> int:
    """Ask with nothing sensible in the request: what is let in is refused later, for another reason."""
    method, path = route.split(" ")
    body = None if method in {"GET", "HEAD"} else {"nothing": "sensible"}
    return world.call(method, re.sub(r"{\w+}", "x-1", path), body, claims=claims).status


def person(groups: str, name: str = "ada") -> dict[str, Any]:
    """Return the claims of a person's access token."""
    return {
        "sub": f"sub-{name}",
        "username": name,
        "cognito:groups": groups,
        "token_use": "access",
        "scope": access.USER_SCOPE,
    }


def machine(*groups: str) -> dict[str, Any]:
    """Return the claims of a machine's access token."""
    scope = " ".join(access.SCOPE_PREFIX + group for group in groups)
    return {"sub": "client-1", "client_id": "client-1", "token_use": "access", "scope": scope}


@pytest.mark.parametrize(("route", "groups"), CASES, ids=[route for route, _ in CASES])
def test_a_route_lets_in_the_groups_of_the_table_and_nobody_else(
    world: World, route: str, groups: frozenset[Group] | None
) -> None:
    answers = {group: ask(world, route, person(group)) for group in Group}
    by_machine = {group: ask(world, route, machine(group)) for group in Group}

    expected = set(Group) if groups is ANYBODY else set(groups)
    for found in (answers, by_machine):
        assert {group for group, status in found.items() if status not in DENIED} == expected
        assert {status for group, status in found.items() if group not in expected} <= {403}


@pytest.mark.parametrize("route", GUARDED)
def test_a_token_that_does_not_count_is_401_and_one_without_groups_403(world: World, route: str) -> None:
    nobody = ask(world, route, {})
    id_token = ask(world, route, person("admin") | {"token_use": "id"})
    unsaid = ask(world, route, {"sub": "x", "username": "x", "cognito:groups": "admin"})
    powerless = [
        ask(world, route, one) for one in (person(""), person("root,Admin,administrators"), machine())
    ]

    assert (nobody, id_token, unsaid) == (401, 401, 401)
    assert powerless == [403, 403, 403]


@pytest.mark.parametrize("function", ROUTES)
def test_every_route_of_the_table_is_served(function: str) -> None:
    assert set(module(function).app.routes) == set(ROUTES[function])


@pytest.mark.parametrize("route", [route for route in GUARDED if route.startswith("GET ")])
def test_head_lets_in_whom_get_lets_in(world: World, route: str) -> None:
    head = route.replace("GET", "HEAD")
    cases = [{}, person("admin") | {"token_use": "id"}, person(""), *map(person, Group)]

    asked, read = ([ask(world, one, claims) for claims in cases] for one in (head, route))

    assert asked[:3] == [401, 401, 403]
    assert asked == read


def test_health_needs_no_token_and_tells_nothing(world: World) -> None:
    answer = world.call("GET", "/v1/health", claims={})

    assert (answer.status, set(answer.body)) == (200, {"status", "version"})


@pytest.mark.parametrize("written", ["sales,finance", "[sales finance]", "sales, finance", "finance,sales,x"])
def test_groups_are_read_however_the_gateway_writes_them(world: World, written: str) -> None:
    answer = world.call("GET", "/v1/me", claims=person(written))

    assert answer.body["groups"] == ["finance", "sales"]


def test_a_persons_scopes_give_no_groups(world: World) -> None:
    claims = person("auditor") | {"scope": f"{access.USER_SCOPE} soms/admin"}

    answer = world.call("GET", "/v1/me", claims=claims)

    assert answer.body["groups"] == ["auditor"]


def test_a_machine_sells_with_its_scope(world: World) -> None:
    sku = world.product()
    world.stock(sku, 5)
    claims = machine("sales")
    customer = world.call("POST", "/v1/customers", {"name": "Shop", "currency": "CNY"}, claims=claims).body

    body = {"customer_id": customer["id"], "lines": [{"sku": sku, "quantity": 1}]}
    order = world.call("POST", "/v1/orders", body, claims=claims)
    forbidden = world.call("POST", f"/v1/orders/{order.body['id']}/shipments", {}, claims=claims)

    assert (order.status, order.body["salesperson"]) == (201, "client-1")
    assert forbidden.status == 403


@pytest.mark.parametrize("groups", ["sales", "sales,purchasing", "sales,warehouse"])
def test_a_sales_person_knows_nothing_of_what_others_sell(world: World, groups: str) -> None:
    sku = world.product()
    world.stock(sku, 10)
    mine = world.customer(salesperson="ada")
    theirs = world.customer(salesperson="bob", external_ref={"source": "shop", "id": "c-1"})
    ref = {"external_ref": {"source": "shop", "id": "o-1"}}
    own = world.order(mine, (sku, 1)).body
    other = world.order(theirs, (sku, 1), body=ref).body
    world.drain()
    invoice = world.call("GET", f"/v1/invoices?order_id={other['id']}").body["data"][0]["id"]
    ada = person(groups)

    hidden = [
        f"/v1/customers/{theirs}",
        f"/v1/orders/{other['id']}",
        f"/v1/orders/{other['id']}/timeline",
        f"/v1/orders/{other['id']}/shipments",
        "/v1/orders/by-ref/shop/o-1",
        f"/v1/invoices/{invoice}",
        f"/v1/invoices/{invoice}/document",
    ]
    assert {path: world.call("GET", path, claims=ada).status for path in hidden} == dict.fromkeys(hidden, 404)
    cancelled = world.call("POST", f"/v1/orders/{other['id']}/cancel", {}, claims=ada)
    changed = world.call(
        "PATCH", f"/v1/customers/{theirs}", {"segment": "x"}, claims=ada, headers={"If-Match": '"1.0"'}
    )
    body = {"customer_id": theirs, "lines": [{"sku": sku, "quantity": 1}]}
    placed = world.call("POST", "/v1/orders", body, claims=ada)
    same = world.call("POST", "/v1/orders", body | {"customer_id": mine} | ref, claims=ada)
    assert (cancelled.status, changed.status, placed.code) == (404, 404, "unknown_customer")
    assert (same.code, other["id"] in same.text) == ("duplicate_reference", False)
    lists = [
        "/v1/orders",
        "/v1/orders?status=confirmed",
        f"/v1/orders?customer_id={theirs}",
        f"/v1/orders?number={other['number']}",
        "/v1/customers",
        "/v1/invoices",
        f"/v1/invoices?customer_id={theirs}",
        f"/v1/invoices?order_id={other['id']}",
    ]
    for path in lists:
        told = world.call("GET", path, claims=ada)
        assert told.status == 200, (path, told.text)
        assert not any(one in told.text for one in (theirs, other["id"], invoice)), path
    assert [one["id"] for one in world.call("GET", "/v1/orders", claims=ada).body["data"]] == [own["id"]]
    assert world.call("GET", "/v1/orders?salesperson=bob", claims=ada).status in {400, 404}


def test_a_manager_who_sells_sees_everything(world: World) -> None:
    theirs = world.customer(salesperson="bob")

    answer = world.call("GET", f"/v1/customers/{theirs}", claims=person("sales,sales_manager"))

    assert answer.status == 200


def test_a_sales_person_gives_no_customer_away_and_makes_no_price(world: World) -> None:
    sku = world.product()
    world.stock(sku, 10)
    mine = world.customer(salesperson="ada")
    line = {"sku": sku, "quantity": 1, "unit_price": "1.00"}

    given = world.call(
        "PATCH",
        f"/v1/customers/{mine}",
        {"salesperson": "bob"},
        claims=person("sales"),
        headers={"If-Match": '"1.0"'},
    )
    cheap = world.call("POST", "/v1/orders", {"customer_id": mine, "lines": [line]}, claims=person("sales"))

    assert (given.status, cheap.status) == (403, 403)
    assert world.on_shelf(sku) == (10, 0, 10)


def test_the_warehouse_sees_orders_and_stock_without_a_price(world: World) -> None:
    sku = world.product(price="777.77", cost="555.55")
    world.stock(sku, 10)
    order = world.order(world.customer(), (sku, 3)).body
    world.drain()

    paths = [
        "/v1/orders",
        f"/v1/orders/{order['id']}",
        f"/v1/orders/{order['id']}/timeline",
        f"/v1/orders/{order['id']}/shipments",
        f"/v1/products/{sku}",
        "/v1/products",
        f"/v1/stock/{sku}",
        f"/v1/stock/{sku}/movements",
    ]
    told = {path: world.call("GET", path, as_="warehouse") for path in paths}
    shipped = world.call("POST", f"/v1/orders/{order['id']}/shipments", {}, as_="warehouse", key="s")
    again = world.call("POST", f"/v1/orders/{order['id']}/shipments", {}, as_="warehouse", key="s")

    amounts = ("777.77", "555.55", order["net"], order["tax"], order["total"])
    for path, answer in told.items():
        assert answer.status == 200, path
        assert not any(amount in answer.text for amount in amounts), path
    assert (shipped.status, again.status) == (201, 201)
    assert not any(amount in shipped.text + again.text for amount in amounts)


@pytest.mark.parametrize("group", Group)
def test_what_goods_cost_is_for_managers_finance_and_the_auditor(world: World, group: Group) -> None:
    world.product(cost="5.55")

    told = world.call("GET", "/v1/products/A-1", as_=group)
    listed = world.call("GET", "/v1/products", as_=group)

    seen = group not in {Group.SALES, Group.WAREHOUSE, Group.PURCHASING}
    assert ("5.55" in told.text, "5.55" in listed.text) == (seen, seen)
