"""Plays random commands, right and wrong, on a fresh company, and compares everything after each."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Self

from tests.properties.order_books import EDGES, Buyer, Product
from tests.properties.order_comparing import text
from tests.properties.order_figures import Order
from tests.properties.order_oracle import Company
from tests.properties.order_saying import ANN, MAX, SAM, Saying
from tests.properties.order_stage import START, Stage
from tests.properties.order_waiting import Shelf
from tests.world import Context, module

BY_THEMSELVES = frozenset({"expire", "complete"})
COMMANDS = sorted({command for _, command in EDGES} - BY_THEMSELVES)
RECENT = 14
MANY, FEW = 40, 5
PRODUCTS = (
    Product("A", Decimal("10.00"), "CNY", Decimal("0.13")),
    Product("B", Decimal("33.333333"), "CNY", Decimal("0.06")),
    Product("C", Decimal("0.01"), "CNY", Decimal("0.13")),
    Product("GIFT", Decimal("0.00"), "CNY", Decimal("0.13")),
    Product("SERVICE", Decimal("99.99"), "CNY", Decimal(0), stocked=False),
    Product("J", Decimal("333.333333"), "JPY", Decimal("0.10")),
    Product("JS", Decimal("7.5"), "JPY", Decimal("0.08"), stocked=False),
    Product("K", Decimal("1.2345"), "KWD", Decimal("0.05")),
    Product("KS", Decimal("0.0005"), "KWD", Decimal("0.05"), stocked=False),
)


@dataclass
class Player(Saying):
    """One chapter: a fresh company and a number of steps; orders above a threshold need approval.

    There are `plenty` units of each product in the beginning; where it is few, most orders may wait for more.
    """

    thresholds: tuple[int | None, ...] = (None, 50_000, 50_000)
    plenty: int = MANY

    @classmethod
    def of(cls, stage: Stage, dice: Random, visits: Counter[tuple[str, ...]] | None = None) -> Self:
        """Return a player for a new company; `visits` says which commands were seen how often."""
        company = Company(START, with_tax=dice.random() < 0.5)
        return cls(stage, dice, company, Counter() if visits is None else visits)

    def open(self) -> None:
        self.company.threshold = self.dice.choice(self.thresholds)
        self.settings()
        for product in PRODUCTS:
            self.company.products[product.sku] = Product(**vars(product))
            self.company.shelves[product.sku] = Shelf()
            self.product(product.sku)
            if product.stocked:
                self.receive(product.sku, self.plenty)
        self.customer("CNY", limit=300_000)
        self.customer("CNY", limit=None, policy="on_shipment")
        self.customer("CNY", cash=True)
        self.customer("JPY", limit=60_000, policy="on_shipment")
        self.customer("KWD", limit=90_000)

    def settings(self) -> None:
        threshold, rules = self.company.threshold, []
        if threshold is not None:
            rules = [
                {"id": "big", "total_above": text(threshold, "CNY")},
                {"id": "cheap", "discount_above": "40", "approvers": ["finance_manager"]},
            ]
        body = {"includes_tax": self.company.with_tax, "approval_rules": rules}
        self.must("PUT", "/v1/settings", body)

    def product(self, sku: str) -> None:
        held = self.company.products[sku]
        body = {
            "name": sku,
            "unit_price": format(held.price, "f"),
            "currency": held.currency,
            "tax_rate": format(held.rate, "f"),
            "stocked": held.stocked,
            "active": held.active,
        }
        self.must("PUT", f"/v1/products/{sku}", body)

    def receive(self, sku: str, units: int) -> None:
        reason = "receipt" if units > 0 else "loss"
        self.must("POST", f"/v1/stock/{sku}/adjustments", {"delta": units, "reason": reason})
        self.company.shelves[sku].on_hand += units

    def customer(
        self, currency: str, *, limit: int | None = None, cash: bool = False, policy: str = "on_order"
    ) -> None:
        body = {
            "name": "Acme",
            "currency": currency,
            "kind": "cash" if cash else "account",
            "credit_limit": None if limit is None else text(limit, currency),
            "invoice_policy": policy,
        }
        made = self.must("POST", "/v1/customers", body).body["id"]
        self.company.buyers[made] = Buyer(made, currency, limit, cash=cash, policy=policy)

    def play(self, steps: int) -> None:
        self.open()
        for number in range(steps):
            self.steps += 1
            self.pass_time(timedelta(seconds=self.dice.randint(1, 600)))
            self.step(number)
        self.rest()

    def step(self, number: int) -> None:
        roll = self.dice.random()
        if number % 50 == 49:
            self.rest()
        elif roll < 0.05:
            self.drain()
        elif roll < 0.10:
            self.replay()
        elif roll < 0.13:
            self.jump()
        elif roll < 0.17 and self.company.orders:
            self.credit(self.dice.choice(list(self.company.orders.values())[-RECENT:]))
        elif roll < (0.26 if self.plenty == MANY else 0.32):
            self.outside()
        elif roll < 0.44 or not self.company.orders:
            self.place()
        elif roll < 0.55 and self.company.returns:
            self.move_return()
        else:
            self.command()

    def pass_time(self, much: timedelta) -> None:
        self.world.now += much
        self.company.now = self.world.now

    def jump(self) -> None:
        self.pass_time(timedelta(hours=self.dice.choice([1, 7, 30, 100])))
        if self.dice.random() < 0.3:
            ended = module("expiry").handler({"action": "expire"}, Context())["expired"]
            self.agree(ended == self.company.expire_all(), f"{ended} quotes expired")

    def outside(self) -> None:
        """Let something change that orders are decided on."""
        company, dice = self.company, self.dice
        match dice.randrange(9):
            case 0 | 1 | 2 | 3 | 4:
                stocked = [one.sku for one in company.products.values() if one.stocked]
                short = [sku for sku in stocked if company.shelves[sku].backordered]
                self.move_stock(dice.choice(short if short and dice.random() < 0.6 else stocked))
            case 5:
                held = company.products[dice.choice(sorted(company.products))]
                held.price = dice.choice([held.price, held.price * 2, Decimal("0.333333"), Decimal(3)])
                held.price = Decimal(0) if held.sku == "GIFT" else held.price
                self.product(held.sku)
            case 6:
                held = company.products[dice.choice(sorted(company.products))]
                held.rate = dice.choice([Decimal("0.13"), Decimal("0.06"), held.rate])
                held.active = dice.random() < 0.75
                self.product(held.sku)
            case 7:
                self.change_limit()
            case _:
                company.with_tax = not company.with_tax
                self.settings()

    def move_stock(self, sku: str) -> None:
        """Receive, or find fewer than there should be: also fewer than are reserved, or than there are."""
        dice, shelf = self.dice, self.company.shelves[sku]
        if dice.random() < 0.45:
            self.receive(sku, dice.randint(1, self.plenty * 5 // 8))
        elif dice.random() < 0.7:
            self.count(sku, dice.randint(0, max(min(shelf.on_hand, shelf.reserved + 5), 0)))
        else:
            self.drain()
            units = dice.randint(1, shelf.on_hand + 1)
            self.adjust(sku, {"delta": -units, "reason": "loss"}, units)

    def change_limit(self) -> None:
        buyer = self.dice.choice([one for one in self.company.buyers.values() if not one.cash])
        limit = self.dice.choice([None, buyer.exposure, max(buyer.exposure - 1, 0), 60_000, 300_000])
        body = {"credit_limit": None if limit is None else text(limit, buyer.currency)}
        path = f"/v1/customers/{buyer.id}"
        buyer.version = self.must("PATCH", path, body, headers={"If-Match": f'"{buyer.version}.0"'}).body[
            "version"
        ]
        buyer.limit = limit

    def place(self) -> None:
        who = self.dice.choice([ANN, MAX, SAM, SAM])
        buyer = self.dice.choice(list(self.company.buyers.values()))
        asked, rule = self.bodies.basket(buyer.currency), self.bodies.order_rule(buyer.currency)
        draft, terms = self.dice.random() < 0.4, self.bodies.terms(often=0.4 if self.plenty == MANY else 0.9)
        body = self.bodies.order(buyer.id, asked, rule, terms, draft=draft)
        made = self.send(
            "POST",
            "/v1/orders",
            body,
            who,
            lambda: self.company.place(who, buyer.id, asked, rule, terms, draft=draft),
        )
        if made:
            self.register(*made)

    def nearly(self, order: Order) -> list[tuple[Order, str]]:
        """Return the commands that the order's state allows and something else about it does not."""
        of_state = [name for state, name in EDGES if state == order.status and name not in BY_THEMSELVES]
        return [(order, name) for name in of_state if name not in self.company.allowed(order)]

    def command(self) -> None:
        order, name = self.chosen()
        before = order.status
        getattr(self, f"do_{name}")(order)
        after = self.company.orders[order.id]
        if after.version != order.version:
            self.visits[before, name] += 1
        self.look(after)

    def chosen(self) -> tuple[Order, str]:
        """Choose an order and a command, mostly one that is allowed and was seldom seen."""
        orders = list(self.company.orders.values())
        recent = orders[-RECENT:] + self.dice.sample(orders, min(4, len(orders)))
        roll = self.dice.random()
        near = [pair for one in recent for pair in self.nearly(one)] if roll < 0.22 else []
        if near:
            tried = [1 / (1 + self.visits[one.status, name, "refused"]) for one, name in near]
            order, name = self.dice.choices(near, tried)[0]
            self.visits[order.status, name, "refused"] += 1
            return order, name
        if roll < 0.25:
            return self.dice.choice(recent), self.dice.choice(COMMANDS)
        pairs = [(one, name) for one in recent for name in self.company.allowed(one)]
        if not pairs:
            return self.dice.choice(recent), self.dice.choice(COMMANDS)
        weights = [
            (1 + 3 * bool(self.company.asking(one))) / (1 + self.visits[one.status, name])
            for one, name in pairs
        ]
        return self.dice.choices(pairs, weights)[0]
