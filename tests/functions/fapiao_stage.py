"""What stories of tax invoices begin with: a company and goods that the tax office knows, and commands."""

from dataclasses import dataclass
from typing import Any

import boto3
from soms.billing import store as billing
from soms.billing.fapiao import simulator, store
from soms.billing.fapiao.model import Fapiao, State, fapiao_id
from soms.kit import clock
from soms.kit.writes import Writes

from tests.world import Answer, Context, World, module

SELLER = "91440300MA0000002P"
BUYER = "91110000MA0000001L"
CODE = "1090522010000000000"
PATH = "/v1/tax-invoices"


@dataclass(frozen=True)
class Sale:
    """An invoice and a credit note over a third of it, by their ids."""

    invoice: str
    note: str


@dataclass
class Stage:
    """A world in which tax invoices can be asked for."""

    world: World

    @classmethod
    def set(cls, world: World) -> "Stage":
        answer = world.call("PUT", "/v1/settings", {"name": "远航贸易", "tax_id": SELLER})
        assert answer.status == 200, answer.text
        world.product("TEA-1", price="100.00", tax_code=CODE)
        world.stock("TEA-1", 10_000)
        return cls(world)

    def invoice(self, quantity: int = 3, **customer: Any) -> str:
        """Sell so many and return the invoice's id."""
        return self.sold(quantity, **customer)[1]

    def sold(self, quantity: int = 3, sku: str = "TEA-1", **customer: Any) -> tuple[str, str]:
        """Sell so many; return the ids of the order and of its invoice."""
        said = {"name": "北京某公司", "country": "CN", "tax_id": BUYER} | customer
        order = self.world.order(self.world.customer(**said), (sku, quantity))
        assert order.status == 201, order.text
        self.world.drain()
        listed = self.world.call("GET", f"/v1/invoices?order_id={order.body['id']}").body["data"]
        return str(order.body["id"]), str(listed[0]["id"])

    def sales(self, count: int) -> list[Sale]:
        """Sell three units so many times and credit one of each; it saves draining for each."""
        buyer = self.world.customer(name="北京某公司", country="CN", tax_id=BUYER)
        orders = [self.world.order(buyer, ("TEA-1", 3)).body["id"] for _ in range(count)]
        self.world.drain()
        for order in orders:
            body = {"lines": [{"line": 1, "quantity": 1}]}
            assert self.world.call("POST", f"/v1/orders/{order}/cancel", body).status == 200
        self.world.drain()
        held = map(billing.billing, orders)
        return [Sale(one.invoices[0], one.credit_notes[0]) for one in held]

    def credited(self, order: str, quantity: int) -> str:
        """Cancel so many of an order and return the credit note's id."""
        body = {"lines": [{"line": 1, "quantity": quantity}]}
        answer = self.world.call("POST", f"/v1/orders/{order}/cancel", body)
        assert answer.status == 200, answer.text
        self.world.drain()
        notes = self.world.call("GET", f"/v1/credit-notes?order_id={order}").body["data"]
        return str(max(notes, key=lambda one: str(one["number"]))["id"])

    def ask(self, **said: object) -> Answer:
        return self.world.call("POST", PATH, said, as_="finance")

    def do(self, name: str, command: str, body: object = None, **more: Any) -> Answer:
        return self.world.call("POST", f"{PATH}/{name}/{command}", body, as_="finance", **more)

    def get(self, name: str) -> dict[str, Any]:
        return self.world.call("GET", f"{PATH}/{name}", as_="finance").body

    def state(self, name: str) -> str:
        return str(self.get(name)["state"])

    def requested(self, invoice: str, **said: object) -> str:
        answer = self.ask(invoice_id=invoice, **said)
        assert answer.status == 201, answer.text
        return str(answer.body["id"])

    def issued(self, invoice: str, **said: object) -> str:
        name = self.requested(invoice, **said)
        for command in ("submit", "refresh"):
            assert self.do(name, command).status == 200
        assert self.state(name) == "issued"
        return name

    def red_of(self, sale: Sale, **said: object) -> str:
        """Have the blue one of a sale issued and ask for the red one."""
        self.issued(sale.invoice, **said)
        answer = self.ask(credit_note_id=sale.note)
        assert answer.status == 201, answer.text
        return str(answer.body["id"])

    def red(self, quantity: int = 1, **said: object) -> str:
        """Have a blue one issued, credit a part of it, and ask for the red one."""
        order, invoice = self.sold(3)
        self.issued(invoice, **said)
        answer = self.ask(credit_note_id=self.credited(order, quantity))
        assert answer.status == 201, answer.text
        return str(answer.body["id"])

    def sweep(self) -> dict[str, int]:
        told: dict[str, int] = module("fapiao_sweep").handler({"action": "sweep"}, Context())
        return told

    def platform(self) -> simulator.Simulator:
        return simulator.Simulator(clock.now)

    def on_platform(self, invoice: str) -> list[dict[str, Any]]:
        """Return what the platform issued for a document of ours, under whatever serial."""
        reference = store.get(fapiao_id(invoice)).document_number
        return [one for one in self.papers() if one["paper"]["reference"] == reference]

    def papers(self, *, accepted: bool = False) -> list[dict[str, Any]]:
        """Return all that the platform issued, or also what it has accepted and will issue."""
        table = boto3.resource("dynamodb").Table("soms-test-billing")
        rows = table.scan()["Items"]
        papers = [one for one in rows if str(one["pk"]).startswith("simulator#paper#")]
        return [one for one in papers if accepted or one.get("number")]

    def become(self, name: str, state: State, **said: object) -> Fapiao:
        """Put a tax invoice into a state, as a crash or an older answer may have left it."""
        before = store.get(name)
        after = before.model_copy(update={"state": state, "settled": before.settled + 1, **said})
        writes = Writes()
        store.put(writes, after, before=before)
        writes.commit()
        return after

