"""What is done under faults: how each command or consumer is set up, done, and looked at afterwards."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from soms.customers import store as customers
from soms.kit import aws
from soms.kit.settings import Setting

from tests.world import Answer, World

LINE = {"lines": [{"line": 1, "quantity": 1}]}
COUNTERS = (
    *("sku", "quantity", "unit_price", "net", "tax", "cancelled", "reserved", "backordered", "shipped"),
    *("returning", "returned", "invoiced", "credited", "replaces"),
)
Found = dict[str, Any]


@dataclass(frozen=True)
class Story:
    """One thing to be done exactly once: `send` does it, `found` is what came of it."""

    send: Callable[[], Any]
    found: Callable[[], Found]


@dataclass(frozen=True)
class Plot:
    """A kind of story: `make` sets up one by its number, `expected` is what must come of each.

    `by` is who repeats it: a client, Lambda with a batch of a stream, or a schedule.
    """

    name: str
    make: Callable[[World, str], Callable[[], Story]]
    expected: Found
    by: str = "client"


def found(world: World, sku: str, customer: str) -> Found:
    """Return all that is known of the goods and the customer of a story."""
    rows = world.call("GET", f"/v1/orders?customer_id={customer}").body["data"]
    orders = sorted((_order(world, one["id"]) for one in rows), key=str)
    account = customers.account(customer)
    invoices = world.call("GET", f"/v1/invoices?customer_id={customer}").body["data"]
    moves = world.call("GET", f"/v1/stock/{sku}/movements").body["data"]
    alerts = [one for status in ("open", "resolved") for one in _alerts(world, status) if one["sku"] == sku]
    return {
        "orders": sorted(one["version"] for one in rows),
        "states": sorted(one["status"] for one in rows),
        "whole": orders,
        "shelf": world.on_shelf(sku),
        "kept": [one["quantity"] for one in kept(sku)],
        "queue": [one["quantity"] for one in queued(sku)],
        "backordered": world.call("GET", f"/v1/stock/{sku}").body["backordered"],
        "owes": str(account.exposure) if account else None,
        "invoices": [one["total"] for one in invoices],
        "credit_notes": [total for one in orders for total in one["notes"]],
        "invoiced": next((one["invoiced"] for one in orders), None),
        "shipments": sum(len(one["shipments"]) for one in orders),
        "moves": [one["reason"] for one in moves][::-1],
        "alerts": [one["status"] for one in alerts],
        "told": sum(one["told_at"] is not None for one in alerts),
    }


def kept(sku: str) -> list[Found]:
    """Return what quotes keep of the goods."""
    return list(aws.query(Setting.INVENTORY, "pk = :pk", {":pk": f"soft#{sku}@main"}, consistent=True))


def queued(sku: str) -> list[Found]:
    """Return what waits for the goods, first who comes first."""
    return list(aws.query(Setting.INVENTORY, "pk = :pk", {":pk": f"queue#{sku}@main"}, consistent=True))


def _order(world: World, order: str) -> Found:
    """Return what is known of an order that does not depend on when and under which ids it was done."""
    path = f"/v1/orders/{order}"
    parts = {
        name: world.call("GET", f"{path}/{name}").body["data"]
        for name in ("shipments", "returns", "approvals", "versions", "timeline")
    }
    whole = world.call("GET", path).body
    notes = world.call("GET", f"/v1/credit-notes?order_id={order}").body["data"]
    figures = ("status", "version", "total", "invoiced", "fulfilment", "invoicing", "quote_version")
    return {name: whole.get(name) for name in figures} | {
        "lines": [{name: line[name] for name in COUNTERS if name in line} for line in whole["lines"]],
        "holds": [one["kind"] for one in whole["holds"]],
        "waits": [one["rule"] for one in (whole.get("waiting") or {}).get("rules", ())],
        "notes": sorted(one["total"] for one in notes),
        "exchanged": bool(whole.get("exchange_of")),
        "shipments": [(one["status"], len(one["events"])) for one in parts["shipments"]],
        "returns": [(one["status"], bool(one.get("exchange_order_id"))) for one in parts["returns"]],
        "approvals": [one.get("outcome") for one in parts["approvals"]],
        "versions": [(one["version"], one["total"]) for one in parts["versions"]],
        "timeline": sorted(one["event"] for one in parts["timeline"]),
    }


def _alerts(world: World, status: str) -> list[Found]:
    rows: list[Found] = world.call("GET", f"/v1/stock-alerts?status={status}&limit=100").body["data"]
    return rows


NOTHING: Found = {
    "orders": [],
    "shelf": (10, 0, 10),
    "owes": "0",
    "invoices": [],
    "credit_notes": [],
    "invoiced": None,
    "shipments": 0,
    "moves": ["receipt"],
    "alerts": [],
    "told": 0,
    "letters": False,
}
PLACED = NOTHING | {
    "orders": [1],
    "shelf": (10, 3, 7),
    "owes": "33.90",
    "invoices": ["33.90"],
    "invoiced": "33.90",
    "moves": ["receipt", "reserve"],
}
CANCELLED = PLACED | {
    "orders": [2],
    "shelf": (10, 2, 8),
    "owes": "22.60",
    "credit_notes": ["11.30"],
    "invoiced": "22.60",
    "moves": ["receipt", "reserve", "release"],
}
CREDITED = PLACED | {
    "orders": [2],
    "owes": "22.60",
    "credit_notes": ["11.30"],
    "invoiced": "22.60",
}
SHIPPED = PLACED | {
    "orders": [2],
    "shelf": (9, 2, 7),
    "shipments": 1,
    "moves": ["receipt", "reserve", "ship"],
}
ADJUSTED = NOTHING | {"shelf": (7, 0, 7), "moves": ["receipt", "damage"]}
LOW = ADJUSTED | {"moves": ["receipt", "rule", "damage"], "alerts": ["open"], "told": 1, "letters": True}
BACK = LOW | {
    "shelf": (12, 0, 12),
    "moves": ["receipt", "rule", "damage", "receipt"],
    "alerts": ["resolved"],
}


def _goods(world: World, name: str) -> tuple[str, str]:
    sku = world.product(name)
    world.stock(sku, 10)
    return sku, world.customer(credit_limit="1000.00")


def place(world: World, name: str) -> Callable[[], Story]:
    sku, customer = _goods(world, name)
    return lambda: Story(
        lambda: world.order(customer, (sku, 3), key=name), lambda: found(world, sku, customer)
    )


def _on_an_order(step: str) -> Callable[[World, str], Callable[[], Story]]:
    def make(world: World, name: str) -> Callable[[], Story]:
        sku, customer = _goods(world, name)
        order = world.order(customer, (sku, 3)).body["id"]
        path = f"/v1/orders/{order}/{step}"
        return lambda: Story(
            lambda: world.call("POST", path, LINE, key=name), lambda: found(world, sku, customer)
        )

    return make


def credit(world: World, name: str) -> Callable[[], Story]:
    sku, customer = _goods(world, name)
    order = world.order(customer, (sku, 3)).body["id"]
    world.drain()
    (issued,) = world.call("GET", f"/v1/invoices?order_id={order}").body["data"]
    path, body = f"/v1/invoices/{issued['id']}/credit-notes", {**LINE, "reason": "agreed"}
    return lambda: Story(
        lambda: world.call("POST", path, body, key=name, as_="finance"),
        lambda: found(world, sku, customer),
    )


def _adjust(world: World, name: str, delta: int, reason: str) -> Any:
    return world.call("POST", f"/v1/stock/{name}/adjustments", {"delta": delta, "reason": reason}, key=name)


def adjust(world: World, name: str) -> Callable[[], Story]:
    sku, customer = _goods(world, name)
    return lambda: Story(lambda: _adjust(world, name, -3, "damage"), lambda: found(world, sku, customer))


def _reordered(world: World, name: str) -> tuple[str, str]:
    sku, customer = _goods(world, name)
    world.call("PUT", f"/v1/stock/{sku}/reorder-rule", {"point": 8, "target": 20})
    return sku, customer


def run_low(world: World, name: str) -> Callable[[], Story]:
    sku, customer = _reordered(world, name)
    return lambda: Story(lambda: _adjust(world, name, -3, "damage"), lambda: found(world, sku, customer))


def come_back(world: World, name: str) -> Callable[[], Story]:
    sku, customer = _reordered(world, name)
    world.call("POST", f"/v1/stock/{sku}/adjustments", {"delta": -3, "reason": "damage"})
    return lambda: Story(lambda: _adjust(world, name, 5, "receipt"), lambda: found(world, sku, customer))


KNOWN: Found = {"found": ["Fault Co."], "available": "1000.00", "version": 1, "entries": 1}
CHANGED = KNOWN | {"found": [], "available": "1500.00", "version": 2, "entries": 2}


def known(world: World, name: str, reference: str) -> Found:
    """Return what is known of a customer of a story: by search, of its account, in its timeline."""
    rows = world.call("GET", f"/v1/customers?q={reference}").body["data"]
    customer = customers.id_of_reference("faults", reference)
    account = customers.account(customer)
    whole = world.call("GET", f"/v1/customers/{customer}").body
    entries = world.call("GET", f"/v1/customers/{customer}/timeline").body["data"]
    return {
        "found": [one["name"] for one in rows if one["name"] == name],
        "available": f"{account.credit_available:.2f}" if account and account.credit_available else None,
        "version": whole["version"],
        "entries": len(entries),
    }


def _taken_on(world: World, name: str) -> Answer:
    body = {"name": "Fault Co.", "currency": "CNY", "credit_limit": "1000.00"}
    reference = {"external_ref": {"source": "faults", "id": name}}
    return world.call("POST", "/v1/customers", body | reference, key=name)


def take_on(world: World, name: str) -> Callable[[], Story]:
    return lambda: Story(lambda: _taken_on(world, name), lambda: known(world, "Fault Co.", name))


def change_customer(world: World, name: str) -> Callable[[], Story]:
    path = f"/v1/customers/{_taken_on(world, name).body['id']}"
    body = {"name": "Other Co.", "phone": "12345", "credit_limit": "1500.00"}
    headers = {"If-Match": '"1.0"', "Idempotency-Key": name}
    return lambda: Story(
        lambda: world.call("PATCH", path, body, headers=headers), lambda: known(world, "Fault Co.", name)
    )


COMMANDS = (
    Plot("place", place, PLACED),
    Plot("cancel", _on_an_order("cancel"), CANCELLED),
    Plot("ship", _on_an_order("shipments"), SHIPPED),
    Plot("credit", credit, CREDITED),
    Plot("adjust", adjust, ADJUSTED),
    Plot("take_on", take_on, KNOWN),
    Plot("change_customer", change_customer, CHANGED),
)


def followed(
    name: str, consumer: str, table: str, command: Plot, before: Mapping[str, str] | None = None
) -> Plot:
    """Let a consumer work off what a command, and consumers `before` it, wrote to its table."""
    earlier = before or {}

    def make(world: World, name: str) -> Callable[[], Story]:
        prepared = command.make(world, name)

        def begin() -> Story:
            story = prepared()
            done = {one: len(world.records(one)) for one in (table, *earlier.values())}
            story.send()
            for other, source in earlier.items():
                world.deliver(other, _fresh(world, other, source, done))
            records = _fresh(world, consumer, table, done)
            assert records, consumer
            return Story(lambda: world.deliver(consumer, records), story.found)

        return begin

    return Plot(name, make, command.expected, "lambda")


def _fresh(world: World, consumer: str, table: str, done: dict[str, int]) -> list[Found]:
    return [one for one in world.records(table)[done[table] :] if world._concerns(consumer, one)]


BY_NAME = {one.name: one for one in COMMANDS}
RUN_LOW = Plot("run low", run_low, LOW)
COME_BACK = Plot("come back", come_back, BACK)
CONSUMERS = (
    followed("stock", "stock", "ORDERS_TABLE", BY_NAME["cancel"]),
    followed("invoicing", "invoicing", "ORDERS_TABLE", BY_NAME["place"]),
    followed("crediting", "invoicing", "ORDERS_TABLE", BY_NAME["cancel"]),
    followed("settlement", "settlement", "BILLING_TABLE", BY_NAME["place"], {"invoicing": "ORDERS_TABLE"}),
    followed("bookkeeping", "bookkeeping", "DOCUMENTS_TABLE", BY_NAME["place"], {"invoicing": "ORDERS_TABLE"}),
    followed("ledger", "ledger", "INVENTORY_TABLE", BY_NAME["adjust"]),
    followed("alarming", "replenishment", "INVENTORY_TABLE", RUN_LOW),
    followed("telling", "replenishment", "INVENTORY_TABLE", RUN_LOW, {"replenishment": "INVENTORY_TABLE"}),
    followed("resolving", "replenishment", "INVENTORY_TABLE", COME_BACK),
)
