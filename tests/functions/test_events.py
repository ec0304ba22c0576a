"""Every sample event goes through the door it is for: it has its effect, and a second delivery has none."""

import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from soms.kit.settings import Setting
from soms.transfers.kinds import KINDS

from tests import imports
from tests.world import Context, World, module, tables

EVENTS = Path(__file__).resolve().parents[2] / "events"
DOORS = EVENTS.parent / "functions"
RENDERED = "rendering"
"""Its layer takes a fixture of its own: test_rendering.py uses its events."""
ORDER = "ord_dh79xyvcfm30rtdffczhr86q"
"""Follows from the reference in orders/place.json, as every id follows from its cause."""
CUSTOMER = "cus_7jb6f0mcxsj611cjhw9qrefz"
"""Follows from the reference in customers/create.json."""
PURCHASE = "po_4pcp913vm2qx547fx377jk3d"
"""Follows from who places purchasing/order.json under which key."""
IMPORT = "imp_22c1swwx710fmdxaftjwb43n"
"""Follows from who opens transfers/open.json under which key."""
SHELF = ("catalog/put_product", "inventory/receive")
LISTED = ("catalog/put_product", "catalog/put_price_list")
BUYER = (*SHELF, "customers/create")
PLACED = (*BUYER, "orders/place")
BILLED = (*PLACED, "invoicing/placed")
DRAINED = "streams are drained"
UPLOADED = "the file of the import is uploaded"
READ = ("transfers/open", UPLOADED, "intake/uploaded")
SWEPT = ("ledger", "stock", "invoicing", "rendering", "settlement", "replenishment", "bookkeeping")
WALKED = (*BUYER, DRAINED, "figures/hourly")
LOW = ("catalog/put_product", "inventory/receive", "inventory/reorder_rule", *PLACED[2:])

Answer = dict[str, Any]
Effect = Callable[[World], object]


@dataclass(frozen=True)
class Case:
    """An event, what happened before it, and what is seen of it: status or answer, and effect."""

    name: str
    before: Sequence[str]
    told: object
    effect: Effect | None = None
    seen: object = None


def _shelf(world: World) -> object:
    return world.on_shelf("TEA-001")


def _tiers(world: World) -> object:
    price = world.call("GET", "/v1/price-lists/retail/prices/TEA-001")
    return price.status if price.status != 200 else [tuple(one.values()) for one in price.body["tiers"]]


def _order(world: World) -> object:
    order = world.call("GET", f"/v1/orders/{ORDER}").body
    return order["status"], order["invoiced"]


def _numbers(path: str) -> Effect:
    def numbers(world: World) -> object:
        return [one["number"][-7:] for one in world.call("GET", f"{path}?order_id={ORDER}").body["data"]]

    return numbers


def _owing(world: World) -> object:
    rows = world.call("GET", f"/v1/invoices?order_id={ORDER}").body["data"]
    return [(one["open"], one["status"]) for one in rows]


def _customer(field: str) -> Effect:
    return lambda world: world.call("GET", f"/v1/customers/{CUSTOMER}").body[field]


def _balances(world: World) -> object:
    rows = world.call("GET", "/v1/stock/TEA-001/movements").body["data"]
    return [(one["seq"], one["balance"]["available"]) for one in rows]


def _coming(world: World) -> object:
    shelf = world.call("GET", "/v1/stock/TEA-001").body["warehouses"][0]
    return [tuple(one.values()) for one in shelf["expected"]]


def _alerts(world: World) -> object:
    return [one["sku"] for one in world.call("GET", "/v1/stock-alerts?status=open").body["data"]]


def _worth(world: World) -> object:
    rows = world.call("GET", "/v1/reports/stock-value").body["data"]
    return [(one["units"], one["value"], one["uncosted_units"]) for one in rows]


def _counting(world: World) -> object:
    counts = world.call("GET", "/v1/counts?status=counting").body["data"]
    lines = (world.call("GET", f"/v1/counts/{one['id']}/lines").body["data"] for one in counts)
    return [one["sku"] for rows in lines for one in rows]


def _import(world: World) -> object:
    body = world.call("GET", f"/v1/imports/{IMPORT}", as_="finance").body
    return body["state"], body["counts"]["ok"]


def _entered(world: World) -> object:
    rows = boto3.resource("dynamodb").Table(os.environ["LEDGER_TABLE"]).scan()["Items"]
    found = [(row["account"], row["debit"], row["credit"]) for row in rows if "document" in row]
    return sorted((str(account), f"{debit:.2f}", f"{credit:.2f}") for account, debit, credit in found)


def _months(world: World) -> object:
    return [one["state"] for one in world.call("GET", "/v1/periods").body["data"]]


def _letters(world: World) -> object:
    return [one["Subject"] for one in world.mail()]


def _tax_invoices(world: World) -> object:
    return world.call("GET", "/v1/tax-invoices").body["data"]


TAKEN: Answer = {"batchItemFailures": []}
CASES = [
    Case("integrations/health", (), 200),
    Case("integrations/me", (), 200),
    Case("integrations/no_token", (), 401),
    Case("catalog/put_product", (), 201, lambda world: world.call("GET", "/v1/products/TEA-001").status, 200),
    Case("catalog/bad_product", (), 422, lambda world: world.call("GET", "/v1/products/TEA-002").status, 404),
    Case("catalog/put_price_list", (), 201, _tiers, 404),
    Case("catalog/put_price", LISTED, 201, _tiers, [(1, "9.50"), (10, "8.75")]),
    Case("catalog/price_of_nothing", LISTED, 422, _tiers, 404),
    Case("inventory/receive", SHELF[:1], 201, _shelf, (10, 0, 10)),
    Case("inventory/reorder_rule", SHELF, 200, _shelf, (10, 0, 10)),
    Case("purchasing/suggestions", SHELF, 200),
    Case("purchasing/order", SHELF, 201, _coming, [(PURCHASE, 13, "2026-12-02")]),
    Case("purchasing/receive", (*SHELF, "purchasing/order"), 201, _coming, [(PURCHASE, 8, "2026-12-02")]),
    Case("stocktaking/count", SHELF, 201, _counting, ["TEA-001"]),
    Case("stocktaking/send_nowhere", SHELF, 422, _shelf, (10, 0, 10)),
    Case("stocktaking/snapshot_of_nothing", SHELF, 422, _counting, []),
    Case("customers/create", (), 201, lambda world: len(world.call("GET", "/v1/customers").body["data"]), 1),
    Case("customers/search", BUYER, 200),
    Case("customers/change", BUYER, 200, _customer("phone"), "+8675512345678"),
    Case("customers/refer", BUYER, 200, _customer("references"), [{"source": "erp", "id": "4711"}]),
    Case("customers/summary", BUYER, 200),
    Case("customers/erase", BUYER, 200, _customer("status"), "erased"),
    Case("orders/place", BUYER, 201, _shelf, (10, 3, 7)),
    Case("orders/too_many", BUYER, 409, _shelf, (10, 0, 10)),
    Case("orders/cancel", PLACED, 200, _order, ("cancelled", "0.00")),
    Case("orders/ship", PLACED, 201, _shelf, (7, 0, 7)),
    Case("orders/confirm_on_paper", PLACED, 201),
    Case("billing/list", BILLED, 200, _numbers("/v1/invoices"), ["-000001"]),
    Case("billing/credit", BILLED, 201, _numbers("/v1/credit-notes"), ["-000001"]),
    Case("billing/credit_too_much", BILLED, 409, _numbers("/v1/credit-notes"), []),
    Case("billing/document_pending", BILLED, 409),
    Case("billing/series_proof", BILLED, 200),
    Case("billing/write_off", BILLED, 201, _owing, [("33.00", "open")]),
    Case("payments/pay", BILLED, 201, _owing, [("0.00", "paid")]),
    Case("payments/no_amount", BILLED, 422, _owing, [("33.90", "open")]),
    Case("payments/bounce", (*BILLED, "payments/pay"), 200, _owing, [("33.90", "open")]),
    Case("payments/refund_too_much", (*BILLED, "payments/pay"), 409, _owing, [("0.00", "paid")]),
    Case("payments/list", (*BILLED, "payments/pay"), 200),
    Case("reconciliation/waiting", BILLED, 200),
    Case("reconciliation/match_nothing", BILLED, 404),
    Case("receivables/ageing", BILLED, 200),
    Case("fapiao/list", BILLED, 200),
    Case("fapiao/ask_without_tax_code", BILLED, 422, _tax_invoices, []),
    Case("fapiao_sweep/five_minutes", BILLED, {"asked": 0, "failed": 0}),
    Case("receivables/dunning_preview", BILLED, 200),
    Case("stock/cancelled", (*PLACED, "orders/cancel"), TAKEN, _shelf, (10, 0, 10)),
    Case("invoicing/placed", PLACED, TAKEN, _numbers("/v1/invoices"), ["-000001"]),
    Case("invoicing/cancelled", (*BILLED, "orders/cancel"), TAKEN, _numbers("/v1/credit-notes"), ["-000001"]),
    Case("ledger/received_and_reserved", SHELF[:1], TAKEN, _balances, [(3, 7), (2, 10), (1, 10)]),
    Case("replenishment/runs_low", LOW, TAKEN, _alerts, ["TEA-001"]),
    Case(
        "replenishment/alert_opened",
        (*LOW, "replenishment/runs_low"),
        TAKEN,
        _letters,
        ["SOMS: TEA-001 is low (7 left)"],
    ),
    Case(
        "bookkeeping/invoice",
        (),
        TAKEN,
        _entered,
        [("output_tax", "0.00", "3.90"), ("receivables", "33.90", "0.00"), ("revenue", "0.00", "30.00")],
    ),
    Case(
        "bookkeeping/payment",
        (),
        TAKEN,
        _entered,
        [("clearing:bank_transfer", "33.90", "0.00"), ("unapplied_cash", "0.00", "33.90")],
    ),
    Case("settlement/invoiced", BILLED, TAKEN, _order, ("confirmed", "33.90")),
    Case("accounting/trial_balance", BILLED, 200),
    Case("accounting/month_end", BILLED, 200),
    Case("accounting/close_unproved", BILLED, 409, _months, ["open"]),
    Case("accounting/make_batch", (), 409),
    Case("month_end/quarter_hourly", BILLED, {"closed": None}, _months, ["open"]),
    Case("expiry/quarter_hourly", PLACED, {"expired": 0}),
    Case("figures/hourly", (*BUYER, DRAINED), {"behind": 0}, _worth, [(10, "0.00", 10)]),
    Case("dunning/hourly", BILLED, {"letters": 0}),
    Case("reports/stock_value", WALKED, 200),
    Case("reports/stock_analysis", WALKED, 200),
    Case("transfers/open", (), 202, _import, ("awaiting_upload", 0)),
    Case("transfers/apply", READ, 200, _import, ("applying", 0)),
    Case("intake/uploaded", READ[:2], {"import": IMPORT}, _import, ("ready", 3)),
    Case("intake/again", READ[:2], {"import": IMPORT}, _import, ("ready", 3)),
    Case("apply/begun", (*READ, "transfers/apply"), {"goes_on": False}, _import, ("done", 3)),
    Case("low_stock/hourly", (*LOW, "replenishment/runs_low"), {"alerts": 1}),
    Case("reconcile/nightly", (*BUYER, DRAINED), {"ok": True}),
    Case(
        "reconcile/sweep",
        BUYER,
        {"handed_on": dict.fromkeys(SWEPT, 0), "untold": 0},
    ),
]
COMMANDS = {
    "catalog/put_product",
    "catalog/put_price_list",
    "catalog/put_price",
    "inventory/receive",
    "inventory/reorder_rule",
    "purchasing/order",
    "purchasing/receive",
    "stocktaking/count",
    "customers/create",
    "customers/change",
    "customers/refer",
    "orders/place",
    "orders/cancel",
    "orders/ship",
    "billing/write_off",
    "billing/credit",
    "payments/pay",
    "transfers/open",
    "transfers/apply",
    "orders/confirm_on_paper",
    "payments/bounce",
}
"""What carries a key and succeeds: the second time it says that it is a repeat."""


@pytest.fixture(autouse=True)
def _consumers(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(Setting.CONSUMERS, json.dumps({name: f"soms-test-{name}" for name in SWEPT}))


@pytest.fixture(autouse=True)
def _desk(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KINDS:
        monkeypatch.setitem(KINDS, name, imports.KIND)
    imports.Desk(world)


def deliver(event: str) -> Answer:
    """Hand a sample to the function in whose folder it lies."""
    function = event.partition("/")[0]
    sample = json.loads((EVENTS / f"{event}.json").read_text())
    answer: Answer = module(function).handler(sample, Context())
    return answer


def prepare(world: World, steps: Sequence[str]) -> None:
    for step in steps:
        if step == DRAINED:
            world.drain()
        elif step == UPLOADED:
            imports.Desk(world).put(IMPORT, imports.some(3))
        else:
            deliver(step)


def stored() -> dict[str, list[str]]:
    """Return everything in every table but jobs, where reports carry the time."""
    client = boto3.client("dynamodb")
    found = {}
    for setting in sorted(set(tables()) - {Setting.JOBS}):
        pages = client.get_paginator("scan").paginate(TableName=os.environ[setting])
        found[setting] = sorted(json.dumps(item, sort_keys=True) for page in pages for item in page["Items"])
    return found


def agrees(told: object, answer: Answer) -> bool:
    if isinstance(told, int):
        return bool(answer["statusCode"] == told)
    return isinstance(told, dict) and told.items() <= answer.items()


def is_repeat(answer: Answer) -> bool:
    return "Idempotency-Replayed" in answer.get("multiValueHeaders", {})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_sample_event_has_its_effect_and_a_second_delivery_has_none(world: World, case: Case) -> None:
    prepare(world, case.before)

    first = deliver(case.name)
    seen = case.effect(world) if case.effect else None
    kept = stored()
    second = deliver(case.name)

    assert agrees(case.told, first), first
    assert seen == case.seen
    assert agrees(case.told, second), second
    assert is_repeat(second) == (case.name in COMMANDS)
    assert stored() == kept
    if case.effect is _letters:
        assert _letters(world) == []


def test_every_function_has_a_sample_event() -> None:
    functions = {door.parent.name for door in DOORS.glob("*/app.py")}

    sampled = {file.parent.name for file in EVENTS.glob("*/*.json")}

    assert sampled == functions


def test_every_sample_event_is_used() -> None:
    there = {f"{file.parent.name}/{file.stem}" for file in EVENTS.glob("*/*.json")}

    rendered = re.findall(r'"(\w+)"', (Path(__file__).parent / "test_rendering.py").read_text())
    used = {case.name for case in CASES} | {f"{RENDERED}/{name}" for name in rendered}

    assert there <= used
