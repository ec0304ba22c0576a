"""What must hold on the running system, over HTTP with real tokens."""

import hashlib
import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from soms.kit.access import ROUTES

from tests.system.conftest import System

pytestmark = pytest.mark.system
CLIENTS = 12


def test_an_order_travels_the_whole_way(system: System) -> None:
    sku = system.product("LANTERN", 100)
    system.call("PUT", f"/v1/stock/{sku}/reorder-rule", {"point": 97, "target": 200}, as_="purchasing")
    customer = system.customer(credit_limit="1000.00")

    status, order = system.call(
        "POST", "/v1/orders", {"customer_id": customer, "lines": [{"sku": sku, "quantity": 5}]}
    )
    system.drain()

    assert status == 201, order
    _, invoices = system.call("GET", f"/v1/invoices?order_id={order['id']}", as_="finance")
    assert [one["total"] for one in invoices["data"]] == ["56.50"]
    for kind, first in (("pdf", b"%PDF-"), ("xml", b"<?xml")):
        path = f"/v1/invoices/{invoices['data'][0]['id']}/document?format={kind}"
        status, file = system.call("GET", path, as_="finance")
        assert status == 200, file
        with urllib.request.urlopen(file["url"]) as answer:
            content = answer.read()
        assert content.startswith(first)
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
    _, timeline = system.call("GET", f"/v1/orders/{order['id']}/timeline")
    assert [one["event"] for one in timeline["data"]] == ["order.placed"]
    for filters in (f"customer_id={customer}", "status=confirmed", f"number={order['number']}", ""):
        status, page = system.call("GET", f"/v1/orders?{filters}")
        assert (status, page["data"][0]["id"]) == (200, order["id"])
    _, moved = system.call("GET", f"/v1/stock/{sku}/movements", as_="warehouse")
    assert [one["reason"] for one in moved["data"]] == ["reserve", "rule", "receipt"]
    _, alerts = system.call("GET", "/v1/stock-alerts?status=open", as_="purchasing")
    mine = [one for one in alerts["data"] if one["sku"] == sku]
    assert [(one["position"], bool(one["told_at"])) for one in mine] == [(95, True)]


def test_nothing_but_health_is_open_without_a_valid_token(system: System) -> None:
    routes = [route.split(" ") for table in ROUTES.values() for route in table if table[route] is not None]
    forged = system.token("admin")[:-6] + "AAAAAA"

    answers = {}
    for method, pattern in routes:
        path = pattern.replace("{", "").replace("}", "")
        answers[method, pattern] = {
            system.call(method, path, {}, as_=None)[0],
            system.call(method, path, {}, token=forged)[0],
            system.call(method, path, {}, token="not.a.token")[0],
        }

    assert set(map(frozenset, answers.values())) == {frozenset({401})}, answers
    assert system.call("GET", "/v1/health", as_=None)[0] == 200


def test_twenty_identical_requests_at_once_are_one_order(system: System) -> None:
    sku = system.product("TWIN", 30)
    body = {"customer_id": system.customer(), "lines": [{"sku": sku, "quantity": 1}]}

    with ThreadPoolExecutor(CLIENTS) as senders:
        answers = list(
            senders.map(lambda _: system.call("POST", "/v1/orders", body, key="the-same"), range(20))
        )

    assert {status for status, _ in answers} == {201}
    assert len({order["id"] for _, order in answers}) == 1
    assert system.call("GET", f"/v1/stock/{sku}")[1]["reserved"] == 1


def test_an_adjustment_sent_again_moves_nothing_and_shows_the_same_movement(system: System) -> None:
    sku = system.product("RECOUNT", 20)
    path, body = f"/v1/stock/{sku}/adjustments", {"counted": 17, "reason": "count"}

    answers = [system.send("POST", path, body, as_="warehouse", key="recount") for _ in range(3)]
    system.drain()
    answers.append(system.send("POST", path, body, as_="warehouse", key="recount"))

    assert [status for status, _, _ in answers] == [201] * 4
    assert [headers["Idempotency-Replayed"] for _, headers, _ in answers] == [None, "true", "true", "true"]
    _, moved = system.call("GET", f"/v1/stock/{sku}/movements", as_="warehouse")
    assert [(one["reason"], one["seq"]) for one in moved["data"]] == [("count", 2), ("receipt", 1)]
    # Until the ledger has written it, a movement happened when the command says, then when the stream says.
    timeless = [{**told["movement"], "at": ""} for _, _, told in answers]
    assert timeless == [{**moved["data"][0], "at": ""}] * 4
    assert answers[-1][2]["movement"] == moved["data"][0]
    assert system.call("GET", f"/v1/stock/{sku}")[1]["on_hand"] == 17


def test_a_poison_record_is_set_aside_and_comes_back(system: System) -> None:
    service = system.product("ADVICE", stocked=False)
    ghost = system.customer(name="Ghost", kind="cash")
    body = {"customer_id": ghost, "lines": [{"sku": service, "quantity": 1}]}
    dynamodb, outputs = system.client("dynamodb"), system.status["outputs"]
    key = {"pk": {"S": ghost}, "sk": {"S": "customer"}}
    held = dynamodb.get_item(TableName=outputs["CustomersTable"], Key=key)["Item"]
    _, sick = system.call("POST", "/v1/orders", body)
    system.drain()
    # An image of an order whose customer is gone can never be billed, until the customer is back.
    order_key = {"pk": {"S": sick["id"]}, "sk": {"S": "order"}}
    image = dynamodb.get_item(TableName=outputs["OrdersTable"], Key=order_key)["Item"]
    dynamodb.delete_item(TableName=outputs["CustomersTable"], Key=key)
    names = {"pk": "ord_poison", "id": "ord_poison", "number": "SO-POISON", "entry": "evt_poison"}
    twin = {name: {"S": value} for name, value in names.items()}
    dynamodb.put_item(TableName=outputs["OrdersTable"], Item={**image, **twin, "version": {"N": "1"}})
    well = {"customer_id": system.customer(), "lines": [{"sku": service, "quantity": 2}]}
    _, healthy = system.call("POST", "/v1/orders", well)
    system.drain()

    def quarantined() -> list[str]:
        found = system.client("s3").list_objects_v2(Bucket=outputs["FailuresBucket"], Prefix="quarantine/")
        return [one["Key"] for one in found.get("Contents", [])]

    def invoices(order: str) -> int:
        return len(system.call("GET", f"/v1/invoices?order_id={order}")[1]["data"])

    assert invoices(healthy["id"]) == 1
    assert [name.split("/")[1] for name in quarantined()] == ["invoicing"]
    assert system.soms("redrive").returncode == 0 or quarantined()
    dynamodb.put_item(TableName=outputs["CustomersTable"], Item=held)
    redriven = system.soms("redrive")
    system.drain()
    assert redriven.returncode == 0, redriven.stdout + redriven.stderr
    assert quarantined() == []
    assert invoices("ord_poison") == 1


def test_a_restart_keeps_everything_and_numbers_go_on(system: System) -> None:
    before = system.call("GET", "/v1/invoice-series/INV/proof", as_="finance")[1]

    system.stop()
    system.start()
    sku = system.product("AFTER", 5)
    body = {"customer_id": system.customer(), "lines": [{"sku": sku, "quantity": 1}]}
    status, _ = system.call("POST", "/v1/orders", body)
    system.drain()

    after = system.call("GET", "/v1/invoice-series/INV/proof", as_="finance")[1]
    assert status == 201
    assert after["count"] == before["count"] + 1
    assert (after["missing"], after["repeated"]) == ([], [])
    reconciled = system.soms("reconcile")
    assert reconciled.returncode == 0, json.dumps(reconciled.stdout)
