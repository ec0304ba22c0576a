"""Says each command to the system and to the oracle, and what was accepted once more."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.properties.order_bodies import Bodies
from tests.properties.order_books import STEPS, Return, Who
from tests.properties.order_comparing import Comparing, minor, text
from tests.properties.order_figures import Order, Refusal
from tests.world import Answer

ANN: Who = ("admin", "ann")
MAX: Who = ("sales_manager", "max")
SAM: Who = ("sales", "sam")
FAY: Who = ("finance_manager", "fay")


@dataclass(frozen=True)
class Sent:
    """A command that was accepted, to be sent again."""

    method: str
    path: str
    body: object
    who: Who
    key: str
    status: int


@dataclass
class Saying(Comparing):
    """Commands of orders and returns: each says what is asked of the system, and the same of the oracle."""

    sent: list[Sent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bodies = Bodies(self.dice, self.company)

    def match(self, order: Order, *, always: bool = False) -> tuple[int | None, dict[str, str]]:
        roll = self.dice.random()
        if roll < 0.75 and not always:
            return None, {}
        version = order.version + (self.dice.choice([-1, 1]) if roll < 0.03 or roll > 0.97 else 0)
        return version, {"If-Match": f'"{version}.{self.dice.randrange(3)}"'}

    def do_amend(self, order: Order) -> None:
        who = self.dice.choice([ANN, MAX, SAM, SAM])
        change = self.bodies.change(order)
        version, headers = self.match(order, always=True)
        path = f"/v1/orders/{order.id}"
        self.send(
            "PATCH",
            path,
            self.bodies.amendment(change),
            who,
            lambda: self.company.amend(who, order.id, change, version),
            headers=headers,
        )

    def do_quote(self, order: Order) -> None:
        version, headers = self.match(order)
        expires, reserve = self.bodies.expiry(), self.dice.random() < 0.6
        body = {"expires_at": expires.isoformat(), "reserve": reserve}
        self.post(
            order,
            "quote",
            body,
            lambda: self.company.quote(order.id, expires, version, reserve=reserve),
            headers,
        )

    def _end(self, order: Order, command: str) -> None:
        version, headers = self.match(order)
        self.post(order, command, {}, lambda: self.company.end(order.id, command, version), headers)

    def do_revise(self, order: Order) -> None:
        self._end(order, "revise")

    def do_lose(self, order: Order) -> None:
        self._end(order, "lose")

    def do_discard(self, order: Order) -> None:
        self._end(order, "discard")

    def _bind(self, order: Order, command: str) -> None:
        version, headers = self.match(order)
        who = self.dice.choice([ANN, SAM])
        self.post(
            order, command, {}, lambda: self.company.bind(who, order.id, command, version), headers, who
        )

    def do_confirm(self, order: Order) -> None:
        self._bind(order, "confirm")

    def do_accept(self, order: Order) -> None:
        self._bind(order, "accept")

    def do_approve(self, order: Order) -> None:
        version, headers = self.match(order)
        who = self.dice.choice([ANN, MAX, FAY])
        self.post(order, "approve", {}, lambda: self.company.approve(who, order.id, version), headers, who)

    def _drop(self, order: Order, command: str, *who: Who) -> None:
        version, headers = self.match(order)
        one = self.dice.choice(who)
        body = {"reason": "no"}
        self.post(
            order, command, body, lambda: self.company.drop(one, order.id, command, version), headers, one
        )

    def do_reject(self, order: Order) -> None:
        self._drop(order, "reject", ANN, MAX, FAY)

    def do_recall(self, order: Order) -> None:
        self._drop(order, "recall", ANN, SAM)

    def do_cancel(self, order: Order) -> None:
        version, headers = self.match(order)
        units = self.bodies.units({line.number: line.open for line in order.lines}, whole=0.35)
        body = self.bodies.named(units)
        self.post(order, "cancel", body, lambda: self.company.cancel(order.id, units, version), headers)

    def do_ship(self, order: Order) -> None:
        version, headers = self.match(order)
        units = self.bodies.units({line.number: line.shippable for line in order.lines}, whole=0.5)
        body = self.bodies.named(units)
        self.post(order, "shipments", body, lambda: self.company.ship(order.id, units, version), headers)

    def do_close(self, order: Order) -> None:
        version, headers = self.match(order)
        self.post(order, "close", {}, lambda: self.company.close(order.id, version), headers)

    def do_reopen(self, order: Order) -> None:
        version, headers = self.match(order)
        self.post(order, "reopen", {}, lambda: self.company.reopen(order.id, version), headers)

    def do_hold(self, order: Order) -> None:
        version, headers = self.match(order)
        body = {"kind": self.dice.choice(["credit", "address", "manual"]), "reason": "look"}
        made = self.post(order, "holds", body, lambda: self.company.hold(order.id, version), headers)
        if made:
            made[0].holds.append(made[1].body["id"])

    def do_release(self, order: Order) -> None:
        version, headers = self.match(order)
        hold = self.dice.choice(order.holds) if order.holds else "hld_none"
        path = f"holds/{hold}/release"
        self.post(order, path, {}, lambda: self.company.lift(order.id, hold, version), headers)

    def do_return(self, order: Order) -> None:
        version, headers = self.match(order)
        units = self.bodies.units({line.number: line.returnable for line in order.lines}, whole=0) or {1: 1}
        body = self.bodies.named(units, reason="too big")
        made = self.post(
            order, "returns", body, lambda: self.company.ask_return(order.id, units, version), headers
        )
        if made:
            back: Return = made[0]
            back.id = made[1].body["id"]
            self.company.returns[back.id] = back

    def move_return(self) -> None:
        back = self.dice.choice(list(self.company.returns.values())[-6:])
        fit = [name for name, (states, _) in STEPS.items() if back.status in states]
        likely = [name for name in fit if name not in {"reject", "cancel"}] or fit
        name = self.dice.choice((likely * 4 + fit) if fit and self.dice.random() < 0.95 else list(STEPS))
        body, said = self.bodies.of_return(back, name)
        path = f"/v1/returns/{back.id}/{name}"
        if name == "resolve" and self.dice.random() < 0.3:
            self.exchange(back, path)
        else:
            self.send("POST", path, body, ANN, lambda: self.company.step(back.id, name, said))
        shown = self.world.call("GET", f"/v1/returns/{back.id}").body["status"]
        self.agree(shown == self.company.returns[back.id].status, f"the return is {shown}")
        self.look(self.company.orders[back.order])

    def exchange(self, back: Return, path: str) -> None:
        asked = self.bodies.basket(self.company.orders[back.order].currency)
        asked = [one for one in asked if one.sku]
        body = {"resolution": "exchange", "exchange": [self.bodies.line(one) for one in asked]}
        made = self.send("POST", path, body, ANN, lambda: self.company.exchange(ANN, back.id, asked))
        if made:
            placed = self.world.call("GET", f"/v1/orders/{made[1].body['exchange_order_id']}")
            self.register(made[0], placed)

    def credit(self, order: Order) -> None:
        """Credit something of an invoice of the order, once the streams have told the order of it, or not."""
        if self.dice.random() < 0.8:
            self.drain()
        issued = self.invoices(order)
        if not issued:
            return
        one = self.dice.choice(issued)
        roll, most = self.dice.random(), minor(one["total"], order.currency)
        what: dict[int, int] | int | None = None
        if roll < 0.55 and most:
            what = self.dice.randint(1, max(most // self.dice.choice((1, 2, 10)), 1))
        elif roll < 0.95:
            what = self.bodies.units({line.number: line.invoiced for line in order.lines}, whole=0) or {1: 1}
        self.credited(order, one, what)

    def invoices(self, order: Order) -> list[Any]:
        """Return the invoices of an order in the order of their numbers; others may have numbers between."""
        found = self.world.call("GET", f"/v1/invoices?order_id={order.id}").body["data"]
        return sorted(found, key=lambda one: str(one["number"]))

    def credited(self, order: Order, issued: Any, what: dict[int, int] | int | None) -> None:
        """Credit units, an amount or all of an invoice, and let the streams tell the order of it."""
        said: dict[str, object] = {}
        if isinstance(what, int):
            said = {"amount": text(what, order.currency)}
        elif what is not None:
            said = dict(self.bodies.named(what))
        path = f"/v1/invoices/{issued['id']}/credit-notes"
        place = [one["id"] for one in self.invoices(order)].index(issued["id"])
        body = {**said, "reason": "agreed"}
        self.send("POST", path, body, FAY, lambda: self.company.credit(order.id, place, what))
        self.drain()
        self.look(self.company.orders[order.id])

    def count(self, sku: str, units: int) -> None:
        """Count a shelf, once the streams have told of all that was moved."""
        self.drain()
        self.adjust(sku, {"counted": units, "reason": "count"}, self.company.shelves[sku].on_hand - units)

    def adjust(self, sku: str, body: dict[str, object], lost: int) -> None:
        path = f"/v1/stock/{sku}/adjustments"
        self.send("POST", path, body, ANN, lambda: self.company.lose(sku, lost))
        self.look_at_shelf(sku)

    def post(
        self,
        order: Order,
        command: str,
        body: object,
        oracle: Callable[[], Any],
        headers: dict[str, str],
        who: Who = ANN,
    ) -> tuple[Any, Answer] | None:
        return self.send("POST", f"/v1/orders/{order.id}/{command}", body, who, oracle, headers=headers)

    def send(
        self,
        method: str,
        path: str,
        body: object,
        who: Who,
        oracle: Callable[[], Any],
        *,
        headers: dict[str, str] | None = None,
    ) -> tuple[Any, Answer] | None:
        """Give both the command; return what the oracle made of it and the answer, or None when refused."""
        try:
            made, expected = oracle(), ""
        except Refusal as refusal:
            made, expected = None, f"{refusal.status} {refusal.code}"
        key = f"key-{len(self.log)}"
        self.log.append(f"{method} {path} {body} as {who} {headers or ''}: {expected or 'accepted'}")
        answer = self.world.call(
            method, path, body, as_=who[0], name=who[1], headers={**(headers or {}), "Idempotency-Key": key}
        )
        if answer.status >= 300:
            self.agree(f"{answer.status} {answer.code}" == expected, answer.text)
            return None
        self.agree(not expected, f"it was accepted: {answer.text}")
        self.sent.append(Sent(method, path, body, who, key, answer.status))
        return made, answer

    def replay(self) -> None:
        """Send again what was accepted: the same answer, and nothing changes; another body is refused."""
        if not self.sent:
            return
        one = self.dice.choice(self.sent)
        other = self.dice.random() < 0.2
        body = {**one.body, "note": "other"} if other and isinstance(one.body, dict) else one.body  # type: ignore[dict-item]
        headers = {"Idempotency-Key": one.key} | ({"If-Match": '"1.0"'} if one.method == "PATCH" else {})
        self.log.append(f"again {one.method} {one.path} {body} key {one.key}")
        answer = self.world.call(one.method, one.path, body, as_=one.who[0], name=one.who[1], headers=headers)
        if other:
            self.agree(answer.status == 422, answer.text)
            return
        told = (answer.status, answer.headers.get("Idempotency-Replayed"))
        self.agree(told == (one.status, "true"), f"{told}: {answer.text}")
        order = self.company.orders.get(
            one.path.split("/")[3] if one.path.count("/") > 2 else answer.body["id"]
        )
        if order:
            self.look(order)

    def register(self, order: Order, answer: Answer) -> None:
        order.id = answer.body["id"]
        self.company.orders[order.id] = order
        self.look(order)
