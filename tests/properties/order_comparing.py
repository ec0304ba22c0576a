"""Compares what the system shows with the oracle: orders, stock, accounts, documents, the books."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from soms.customers import store as customers
from soms.kit import aws
from soms.kit.settings import Setting

from tests.properties import order_waiting
from tests.properties.money_oracle import DIGITS
from tests.properties.order_books import Buyer
from tests.properties.order_figures import BINDING, Order
from tests.properties.order_oracle import Company
from tests.properties.order_stage import Stage
from tests.world import Answer

AMOUNTS = ("subtotal", "discount", "shipping", "net", "tax", "total")
COUNTERS = (
    *("quantity", "cancelled", "reserved", "backordered", "shipped"),
    *("returning", "returned", "credited", "invoiced"),
)
TERMS = ("backorder", "delivery", "priority")
ABSENT = "absent"
ORDERED = (
    *("amend", "quote", "confirm", "discard", "revise", "accept", "lose", "approve", "reject", "recall"),
    *("cancel", "ship", "close", "reopen", "return", "hold", "release"),
)


class Difference(AssertionError):
    """The system and the oracle disagree."""


@dataclass
class Comparing:
    """The system beside the oracle."""

    world: Stage
    dice: Random
    company: Company
    visits: Counter[tuple[str, ...]] = field(default_factory=Counter)
    log: list[str] = field(default_factory=list)
    steps: int = 0

    def must(self, method: str, path: str, body: object, **more: Any) -> Answer:
        answer = self.world.call(method, path, body, **more)
        self.agree(answer.status in {200, 201}, f"{method} {path} {body}: {answer.text}")
        return answer

    def agree(self, fact: bool, what: str) -> None:  # noqa: FBT001 it is what is asserted
        if not fact:
            told = "\n".join(self.log[-40:])
            raise Difference(f"after {self.steps} steps: {what}\n{told}")

    def look(self, expected: Order) -> None:
        """Compare an order, one of its stock items and its customer's account with the oracle."""
        shown = self.world.call("GET", f"/v1/orders/{expected.id}").body
        if (
            shown["status"] == "expired"
            and expected.status == "quoted"
            and not self.company.is_valid(expected)
        ):
            self.company.expire(expected.id)
            expected = self.company.orders[expected.id]
        self.same(shown, seen(expected, self.company), f"order {expected.id}")
        skus = sorted({line.sku for line in expected.lines if line.stocked})
        if skus:
            self.look_at_shelf(self.dice.choice(skus))
        self.look_at_account(self.company.buyers[expected.buyer])

    def look_at_shelf(self, sku: str) -> None:
        shelf = self.company.shelves[sku]
        shown = self.world.call("GET", f"/v1/stock/{sku}").body
        names = ("on_hand", "reserved", "available", "backordered")
        wrong = {name: shown[name] for name in names if shown[name] != getattr(shelf, name)}
        self.agree(not wrong, f"{sku}: {wrong}, not {shelf}")

    def look_at_queue(self, sku: str) -> None:
        """Compare who waits for a product, in which order, for how many units; where nobody does it is empty."""
        rows = aws.query(Setting.INVENTORY, "pk = :pk", {":pk": f"queue#{sku}@main"}, consistent=True)
        told = [(*_place(str(row["sk"])), row["quantity"]) for row in rows]
        line_up = order_waiting.queue(self.company.orders.values(), sku)
        wanted = [(order.id, line.number, line.backordered) for order, line in line_up]
        self.agree(told == wanted, f"the queue of {sku} is {told}, should be {wanted}")

    def look_at_account(self, buyer: Buyer) -> None:
        account = customers.account(buyer.id)
        if buyer.cash:
            self.agree(account is None, "a cash customer has an account")
            return
        minor = 10 ** DIGITS[buyer.currency]
        assert account is not None
        available = account.credit_available
        told = (account.exposure * minor, None if available is None else available * minor)
        self.agree(told == (buyer.exposure, buyer.available), f"account: {told}, not {buyer}")

    def same(self, shown: dict[str, Any], expected: dict[str, Any], what: str) -> None:
        lines, wanted = shown["lines"], expected["lines"]
        self.agree([one["line"] for one in lines] == [one["line"] for one in wanted], f"{what}: {lines}")
        pairs = [("", shown, expected)]
        pairs += [(f"line {two['line']} ", one, two) for one, two in zip(lines, wanted, strict=True)]
        for place, one, two in pairs:
            for name, value in two.items():
                if name != "lines":
                    is_ = one.get(name, ABSENT)
                    self.agree(is_ == value, f"{what} {place}{name} is {is_!r}, should be {value!r}")

    def drain(self) -> None:
        self.log.append("drain")
        self.world.drain()
        self.company.drain()

    def rest(self) -> None:
        """Let the streams run, prove the books and compare everything."""
        self.drain()
        broken = self.world.broken()
        self.agree(broken == [], f"invariants: {broken}")
        for order in list(self.company.orders.values()):
            self.look(order)
        for sku, product in self.company.products.items():
            if product.stocked:
                self.look_at_shelf(sku)
                self.look_at_queue(sku)
        for series, count in self.company.documents.items():
            proof = self.world.call("GET", f"/v1/invoice-series/{series}-2026/proof", as_="auditor")
            # A series that never had a number is not there.
            if not count and proof.status == 404:
                continue
            told = [proof.body[name] for name in ("count", "missing", "repeated")]
            self.agree(told == [count, [], []], f"{series}: {told}, should be {count}")
        bound = [one for one in self.company.orders.values() if one.status in BINDING]
        for order in self.dice.sample(bound, min(5, len(bound))):
            self.documents(order)

    def documents(self, order: Order) -> None:
        totals = [
            sum(Decimal(one["total"]) for one in self.world.call("GET", path).body["data"])
            for path in (
                f"/v1/invoices?order_id={order.id}",
                f"/v1/credit-notes?order_id={order.id}",
            )
        ]
        left = (totals[0] - totals[1]) * 10 ** DIGITS[order.currency]
        self.agree(left == order.billed, f"documents of {order.id}: {totals}, should be {order.billed}")


def _place(place: str) -> tuple[str, int]:
    """Return the order and the line that wait at a place in a queue."""
    _, _, order, line = place.split("#")
    return order, int(line)


def text(minor: int, currency: str) -> str:
    """Write an amount in its currency's digits."""
    digits = DIGITS[currency]
    return format(Decimal(minor).scaleb(-digits), f".{digits}f")


def minor(amount: str, currency: str) -> int:
    """Read an amount in minor units."""
    return int(Decimal(amount).scaleb(DIGITS[currency]))


def seen(order: Order, company: Company) -> dict[str, Any]:
    """Return what of an order the answers should show."""
    currency = order.currency
    lines = []
    for line in order.lines:
        shown: dict[str, Any] = {name: getattr(line, name) for name in COUNTERS}
        shown["expected_on"] = None if line.backordered else ABSENT
        shown |= {"line": line.number, "sku": line.sku, "charge": line.charge, "replaces": line.replaces}
        if line.in_force:
            shown |= {name: text(line.worth(name, line.in_force), currency) for name in ("net", "tax")}
        lines.append(shown)
    return {
        "status": order.status,
        "version": order.version,
        "includes_tax": order.with_tax,
        "allowed": [name for name in ORDERED if name in company.allowed(order)],
        "lines": lines,
        "invoiced": text(order.billed, currency),
        **{name: getattr(order, name) for name in TERMS},
        **{name: text(order.totals[name], currency) for name in AMOUNTS},
    }
