"""The books as they should be: states, stock, credit, approval rules, billing; see domain, sections 2 to 5."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from tests.properties.money_oracle import half_up
from tests.properties.order_figures import Line, Order, Refusal, Waiting
from tests.properties.order_waiting import Shelf, give, lose, put_off

Who = tuple[str, str]
"""A group and a name."""
MANAGERS = frozenset({"admin", "sales_manager"})
APPROVERS = {"big": MANAGERS, "cheap": frozenset({"finance_manager"})}
CHEAP = 40
"""Percent of discount above which finance is asked."""

# State → command → states it may lead to, as section 2 has it.
EDGES: Mapping[tuple[str, str], frozenset[str]] = {
    ("draft", "amend"): frozenset({"draft"}),
    ("draft", "quote"): frozenset({"quoted"}),
    ("draft", "confirm"): frozenset({"confirmed", "pending_approval"}),
    ("draft", "discard"): frozenset({"discarded"}),
    ("quoted", "revise"): frozenset({"draft"}),
    ("quoted", "accept"): frozenset({"confirmed", "pending_approval"}),
    ("quoted", "lose"): frozenset({"lost"}),
    ("quoted", "expire"): frozenset({"expired"}),
    ("pending_approval", "approve"): frozenset({"confirmed", "pending_approval"}),
    ("pending_approval", "reject"): frozenset({"draft"}),
    ("pending_approval", "recall"): frozenset({"draft"}),
    ("confirmed", "amend"): frozenset({"confirmed", "cancelled"}),
    ("confirmed", "approve"): frozenset({"confirmed", "cancelled"}),
    ("confirmed", "reject"): frozenset({"confirmed"}),
    ("confirmed", "recall"): frozenset({"confirmed"}),
    ("confirmed", "cancel"): frozenset({"cancelled", "confirmed"}),
    ("confirmed", "ship"): frozenset({"confirmed"}),
    ("confirmed", "close"): frozenset({"closed"}),
    ("confirmed", "hold"): frozenset({"confirmed"}),
    ("confirmed", "release"): frozenset({"confirmed"}),
    ("confirmed", "return"): frozenset({"confirmed"}),
    ("confirmed", "complete"): frozenset({"completed"}),
    ("closed", "return"): frozenset({"closed"}),
    ("closed", "reopen"): frozenset({"confirmed"}),
    ("completed", "return"): frozenset({"completed"}),
    ("completed", "reopen"): frozenset({"confirmed"}),
}
STEPS = {
    "approve": (("requested",), "approved"),
    "reject": (("requested",), "rejected"),
    "cancel": (("requested", "approved"), "cancelled"),
    "receive": (("approved",), "received"),
    "inspect": (("received",), "inspected"),
    "resolve": (("inspected",), "resolved"),
}
"""Of a return: the states a command leads from, and to."""


@dataclass
class Product:
    """What is sold."""

    sku: str
    price: Decimal
    currency: str
    rate: Decimal
    stocked: bool = True
    active: bool = True


@dataclass
class Buyer:
    """Who buys; amounts in minor units, without a limit None, without an account `cash`."""

    id: str
    currency: str
    limit: int | None = None
    cash: bool = False
    policy: str = "on_order"
    exposure: int = 0
    version: int = 1

    @property
    def available(self) -> int | None:
        return None if self.limit is None else self.limit - self.exposure


@dataclass
class Return:
    """Goods that come back."""

    id: str
    order: str
    lines: dict[int, int]
    status: str = "requested"
    received: dict[int, int] = field(default_factory=dict)


@dataclass
class Books:
    """Everything there is, as it should be."""

    now: datetime
    with_tax: bool = False
    threshold: int | None = None
    products: dict[str, Product] = field(default_factory=dict)
    buyers: dict[str, Buyer] = field(default_factory=dict)
    shelves: dict[str, Shelf] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    returns: dict[str, Return] = field(default_factory=dict)
    documents: dict[str, int] = field(default_factory=lambda: {"INV": 0, "CN": 0})
    walked: set[tuple[str, str, str]] = field(default_factory=set)
    serials: int = 0

    # What the state and the quantities of an order allow.

    def allowed(self, order: Order) -> list[str]:
        guards = {
            "amend": order.waiting is None,
            "accept": self.is_valid(order),
            **dict.fromkeys(("approve", "reject", "recall"), order.waiting is not None),
            "cancel": any(line.open for line in order.lines),
            "ship": not order.holds and any(line.shippable for line in order.lines),
            "close": any(line.shipped for line in order.lines),
            "return": any(line.returnable for line in order.lines),
            "release": bool(order.holds),
            **dict.fromkeys(("expire", "complete"), False),
        }
        return [name for state, name in EDGES if state == order.status and guards.get(name, True)]

    def is_valid(self, order: Order) -> bool:
        return order.expires is not None and self.now < order.expires

    def _begin(self, name: str, command: str, match: int | None) -> Order:
        order = self.orders[name]
        if match not in {None, order.version}:
            raise Refusal(412, "version_mismatch")
        if command not in self.allowed(order):
            raise Refusal(409, "invalid_state")
        return deepcopy(order)

    # Stock, credit and the rules that ask.

    def _short(self, needs: Mapping[str, int]) -> set[str]:
        return {sku for sku, units in needs.items() if units > max(self.shelves[sku].available, 0)}

    def _reserve(self, needs: Mapping[str, int], asking: tuple[Order | None, Order] | None = None) -> None:
        """See that there is enough, or let the order that asks wait, if it may."""
        short = self._short(needs)
        for order in self._over() if short else ():
            if any(order.per_sku().get(sku) for sku in short):
                self.expire(order.id)
        lacking = {sku: needs[sku] - max(self.shelves[sku].available, 0) for sku in self._short(needs)}
        if lacking and not (asking and asking[1].would_wait):
            raise Refusal(409, "insufficient_stock")
        if lacking and asking:
            put_off(*asking, lacking)

    def commit(
        self,
        pairs: Iterable[tuple[Order | None, Order]],
        *,
        guarded: bool = False,
        leaving: Mapping[str, int] | None = None,
        at_once: bool = False,
        walked: str = "",
    ) -> None:
        """Take stock and credit, or refuse; then it is so."""
        both, gone = list(pairs), leaving or {}
        # Of two orders in one step it is the new one that asks for stock.
        self._reserve(_moves(both, gone), both[-1])
        moves = _moves(both, gone)
        buyer = self.buyers[both[0][1].buyer]
        rise = sum(after.exposure - (before.exposure if before else 0) for before, after in both)
        self._credit(buyer, rise, guarded=guarded)
        buyer.exposure += 0 if buyer.cash else rise
        for sku, units in moves.items():
            shelf = self.shelves[sku]
            shelf.reserved += units if units > 0 or at_once else 0
            shelf.taken += [(both[-1][1].serial, units)] if units > 0 else []
            shelf.released -= min(units, 0) if not at_once else 0
        for sku, units in gone.items():
            self.shelves[sku].on_hand -= units
            self.shelves[sku].reserved -= units
        for before, after in both:
            after.version = before.version + 1 if before else 1
            if before:
                self.walked.add((before.status, walked, after.status))
                self.orders[after.id] = after

    def _credit(self, buyer: Buyer, rise: int, *, guarded: bool) -> None:
        if guarded and buyer.available is not None and not buyer.cash and buyer.available < max(rise, 0):
            raise Refusal(409, "credit_limit_exceeded")

    def asking(self, order: Order) -> dict[str, Fraction]:
        """Return the rules that ask for an order, each with the figure it is about."""
        if self.threshold is None:
            return {}
        found: dict[str, Fraction] = {}
        totals = order.totals
        if order.currency == "CNY" and totals["total"] > self.threshold:
            found["big"] = Fraction(totals["total"])
        if _percent(order) > CHEAP:
            found["cheap"] = _percent(order)
        return found

    def is_worse(self, before: Order, after: Order) -> bool:
        """Tell whether an amended order costs or grants more than it did."""
        figures = (after.totals["total"], _percent(after), after.exposure)
        return any(
            now > was
            for now, was in zip(
                figures, (before.totals["total"], _percent(before), before.exposure), strict=True
            )
        )

    def _settle(self, before: Order | None, order: Order, who: Who) -> bool:
        """Make the order confirmed, or pending where a rule asks; tell whether it is confirmed."""
        kept = deepcopy(order)
        order.status, order.placed = "confirmed", self.now
        order.reserve()
        asked = self.asking(order)
        if not asked:
            return True
        self._would_pass(before, order)
        order.status, order.lines = "pending_approval", kept.lines
        order.waiting = Waiting(None, who[1], dict.fromkeys(asked, False))
        return False

    def _would_pass(self, before: Order | None, after: Order) -> None:
        more = {} if after.would_wait else _more(before, after)
        needs = {sku: units for sku, units in more.items() if units > 0}
        over = self._over()
        # Stock that is kept beyond its time counts as there, and is taken only by whoever takes stock.
        there = {sku: sum(order.per_sku().get(sku, 0) for order in over) for sku in needs}
        if self._short({sku: units - there[sku] for sku, units in needs.items()}):
            self._reserve(needs)
        buyer = self.buyers[after.buyer]
        rise = after.exposure - (before.exposure if before else 0)
        if buyer.available is not None and not buyer.cash and rise > max(buyer.available, 0):
            raise Refusal(409, "credit_limit_exceeded")

    def expire(self, name: str) -> None:
        before = self.orders[name]
        after = deepcopy(before)
        if before.status == "quoted":
            after.status = "expired"
        else:
            after.expires = None
        after.release()
        self.commit([(before, after)], at_once=True, walked="expire")

    def expire_all(self) -> int:
        over = self._over()
        for order in over:
            self.expire(order.id)
        return len(over)

    def _over(self) -> list[Order]:
        """Return quotes whose time is up, and what waits and still keeps stock beyond its time."""
        over = [one for one in self.orders.values() if one.expires is not None and not self.is_valid(one)]
        return [
            one
            for one in over
            if one.status == "quoted" or (one.status == "pending_approval" and any(one.per_sku().values()))
        ]

    def lose(self, sku: str, units: int) -> None:
        """Find that so many units are missing, or, below zero, more are there."""
        lose(self.orders.values(), sku, self.shelves[sku], units)

    def drain(self) -> None:
        """Let the streams run: what was released is back and given on, orders are billed, some are complete."""
        for sku, shelf in self.shelves.items():
            shelf.reserved -= shelf.released
            shelf.released = 0
            give(self.orders.values(), sku, shelf)
        for order in self.orders.values():
            if order.exposure or order.status in {"confirmed", "cancelled", "closed", "completed"}:
                self._bill(order)

    def _bill(self, order: Order) -> None:
        if order.billed_at == order.version:
            return
        more, notes, order.billed_at = False, set[int](), order.version
        for line in order.lines:
            held = order.held.setdefault(line.number, [])
            change = line.to_bill(order.policy) - line.invoiced
            line.invoiced += change
            if change > 0:
                more = True
                held.append([self.documents["INV"] + 1, change])
            while change < 0:
                number, units = held.pop()
                notes.add(number)
                if units + change > 0:
                    held.append([number, units + change])
                change = min(change + units, 0)
        self.documents["INV"] += more
        order.invoices += [self.documents["INV"]] if more else []
        self.documents["CN"] += len(notes)
        over = any(line.shipped for line in order.lines) and not any(line.open for line in order.goods)
        if order.status == "confirmed" and over and not order.billed and order.waiting is None:
            order.status = "completed"
            self.walked.add(("confirmed", "complete", "completed"))


def _moves(pairs: Iterable[tuple[Order | None, Order]], leaving: Mapping[str, int]) -> dict[str, int]:
    moves = dict(leaving)
    for before, after in pairs:
        for sku, units in _more(before, after).items():
            moves[sku] = moves.get(sku, 0) + units
    return moves


def _more(before: Order | None, after: Order) -> dict[str, int]:
    had, has = before.per_sku() if before else {}, after.per_sku()
    changed = {sku: has.get(sku, 0) - had.get(sku, 0) for sku in had.keys() | has.keys()}
    return {sku: units for sku, units in changed.items() if units}


def _percent(order: Order) -> Fraction:
    """Return the discount in percent of the subtotal, half up to two decimals."""
    off, whole = order.totals["discount"], order.totals["subtotal"]
    return Fraction(half_up(Fraction(off * 10_000, whole)), 100) if whole else Fraction(0)


def line_of(order: Order, number: int) -> Line:
    found = order.line(number)
    assert found is not None
    return found
