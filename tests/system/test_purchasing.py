"""Purchasing on the running system: many hands at once, letters in the mailbox, the digest by its own rights."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.system.conftest import System

pytestmark = pytest.mark.system
CLIENTS = 8
Row = dict[str, Any]


def letters(system: System) -> list[Row]:
    """Take all letters out of purchasing's mailbox."""
    queue, found = system.client("sqs"), list[Row]()
    while page := queue.receive_message(QueueUrl=system.status["mailbox"], MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(one["Body"]) for one in page]
    return found


def alerts(system: System, sku: str) -> list[str]:
    states = ("open", "acknowledged", "ordered", "snoozed", "dismissed", "resolved")
    return [
        state
        for state in states
        for one in system.call("GET", f"/v1/stock-alerts?status={state}&limit=100", as_="purchasing")[1]["data"]
        if one["sku"] == sku
    ]


def ruled(system: System, sku: str, units: int, *, point: int) -> str:
    system.product(sku, units)
    rule = {"point": point, "target": 60, "supplier": "ACME", "lead_time_days": 7}
    assert system.call("PUT", f"/v1/stock/{sku}/reorder-rule", rule, as_="purchasing")[0] == 200
    return sku


def test_twenty_hands_that_cross_the_point_at_once_open_one_alert(system: System) -> None:
    sku = ruled(system, "SIEGE", 30, point=29)
    path, body = f"/v1/stock/{sku}/adjustments", {"delta": -1, "reason": "damage"}

    with ThreadPoolExecutor(CLIENTS) as hands:
        answers = list(hands.map(lambda _: system.call("POST", path, body)[0], range(20)))
    system.drain()

    # An adjustment that finds the shelf changed too often is told to come again.
    done = Counter(answers)
    assert done.keys() <= {201, 503}
    assert alerts(system, sku) == ["open"]
    told = [one for one in letters(system) if f" {sku} is low " in one["Subject"]]
    assert len(told) == 1
    assert "supplier: ACME; lead time: 7 days" in told[0]["Message"]
    assert system.call("GET", f"/v1/stock/{sku}")[1]["on_hand"] == 30 - done[201]


def test_more_hands_than_units_receive_exactly_what_was_ordered(system: System) -> None:
    sku = system.product("QUAY")
    order = {"supplier": "ACME", "lines": [{"sku": sku, "quantity": 5}], "expected_on": "2099-01-01"}
    _, placed = system.call("POST", "/v1/purchase-orders", order, as_="purchasing")
    path, body = f"/v1/purchase-orders/{placed['id']}/receipts", {"lines": [{"line": 1, "quantity": 1}]}

    with ThreadPoolExecutor(CLIENTS) as hands:
        answers = list(hands.map(lambda _: system.call("POST", path, body, as_="warehouse"), range(12)))
    system.drain()

    assert Counter(status for status, _ in answers) == {201: 5, 409: 7}
    assert {told["code"] for status, told in answers if status == 409} == {"invalid_state"}
    _, stock = system.call("GET", f"/v1/stock/{sku}")
    assert (stock["on_hand"], stock["incoming"], stock["warehouses"][0]["expected"]) == (5, 0, [])
    reconciled = system.soms("reconcile")
    assert reconciled.returncode == 0, reconciled.stdout


def test_the_digest_names_what_is_open_and_what_is_late(system: System) -> None:
    sku = system.product("TARDY")
    order = {"supplier": "LATE-CO", "lines": [{"sku": sku, "quantity": 1}], "expected_on": "2020-01-01"}
    _, placed = system.call("POST", "/v1/purchase-orders", order, as_="purchasing")
    ruled(system, sku, 4, point=8)
    system.drain()

    done = system.client("lambda").invoke(FunctionName="soms-local-low_stock", Payload=b'{"action": "digest"}')

    assert "FunctionError" not in done, done["Payload"].read()
    digests = [one["Message"] for one in letters(system) if "late purchase orders" in one["Subject"]]
    assert f"{placed['number']} LATE-CO: expected on 2020-01-01" in digests[-1]
    assert alerts(system, sku) == ["open"]
    assert f"{sku} @ main" in digests[-1]
