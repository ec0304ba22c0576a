"""What is done under faults: how each command or consumer is set up, done, and looked at afterwards."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from soms.customers import store as customers

from tests.world import Answer, World

LINE = {"lines": [{"line": 1, "quantity": 1}]}
Found = dict[str, Any]


@dataclass(frozen=True)
class Story:
    """One thing to be done exactly once: `send` does it, `found` is what came of it."""

    send: Callable[[], Any]
    found: Callable[[], Found]


@dataclass(frozen=True)
class Plot:
    """A kind of story: `make` sets up one by its number, `expected` is what must come of each."""

    name: str
    make: Callable[[World, str], Callable[[], Story]]
    expected: Found


def found(world: World, sku: str, customer: str) -> Found:
    """Return all that is known of the goods and the customer of a story."""
    orders = world.call("GET", f"/v1/orders?customer_id={customer}").body["data"]
    order = orders[0]["id"] if orders else ""
    whole = world.call("GET", f"/v1/orders/{order}").body if order else {}
    account = customers.account(customer)
    invoices = world.call("GET", f"/v1/invoices?customer_id={customer}").body["data"]
    notes = world.call("GET", f"/v1/credit-notes?order_id={order}").body["data"] if order else []
    shipments = world.call("GET", f"/v1/orders/{order}/shipments").body["data"] if order else []
    moves = world.call("GET", f"/v1/stock/{sku}/movements").body["data"]
    alerts = world.call("GET", "/v1/stock-alerts?status=open&limit=100").body["data"]
    return {
        "orders": [one["version"] for one in orders],
        "shelf": world.on_shelf(sku),
        "owes": str(account.exposure) if account else None,
        "invoices": [one["total"] for one in invoices],
        "credit_notes": [one["total"] for one in notes],
        "invoiced": whole.get("invoiced"),
        "shipments": len(shipments),
        "moves": [one["reason"] for one in moves][::-1],
        "alerts": sum(one["sku"] == sku for one in alerts),
    }


NOTHING: Found = {
    "orders": [],
    "shelf": (10, 0, 10),
    "owes": "0",
    "invoices": [],
    "credit_notes": [],
    "invoiced": None,
    "shipments": 0,
    "moves": ["receipt"],
    "alerts": 0,
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
SHIPPED = PLACED | {
    "orders": [2],
    "shelf": (9, 2, 7),
    "shipments": 1,
    "moves": ["receipt", "reserve", "ship"],
}
ADJUSTED = NOTHING | {"shelf": (7, 0, 7), "moves": ["receipt", "damage"]}


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


def adjust(world: World, name: str) -> Callable[[], Story]:
    sku, customer = _goods(world, name)
    body = {"delta": -3, "reason": "damage"}
    path = f"/v1/stock/{sku}/adjustments"
    return lambda: Story(
        lambda: world.call("POST", path, body, key=name), lambda: found(world, sku, customer)
    )


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
    Plot("adjust", adjust, ADJUSTED),
    Plot("take_on", take_on, KNOWN),
    Plot("change_customer", change_customer, CHANGED),
)


def _follow(
    consumer: str, table: str, command: Plot, before: Sequence[str] = ()
) -> Callable[[World, str], Callable[[], Story]]:
    """Set up a consumer that is to work off what a command wrote to its table."""

    def make(world: World, name: str) -> Callable[[], Story]:
        prepared = command.make(world, name)

        def begin() -> Story:
            story = prepared()
            done = {one: len(world.records(one)) for one in (table, "ORDERS_TABLE")}
            story.send()
            for other in before:
                world.deliver(other, _fresh(world, other, "ORDERS_TABLE", done))
            records = _fresh(world, consumer, table, done)
            assert records, consumer
            return Story(lambda: world.deliver(consumer, records), story.found)

        return begin

    return make


def _fresh(world: World, consumer: str, table: str, done: dict[str, int]) -> list[Found]:
    return [one for one in world.records(table)[done[table] :] if world._concerns(consumer, one)]


BY_NAME = {one.name: one for one in COMMANDS}
CONSUMERS = (
    Plot("stock", _follow("stock", "ORDERS_TABLE", BY_NAME["cancel"]), CANCELLED),
    Plot("invoicing", _follow("invoicing", "ORDERS_TABLE", BY_NAME["place"]), PLACED),
    Plot(
        "settlement", _follow("settlement", "BILLING_TABLE", BY_NAME["place"], before=["invoicing"]), PLACED
    ),
    Plot("ledger", _follow("ledger", "INVENTORY_TABLE", BY_NAME["adjust"]), ADJUSTED),
)
