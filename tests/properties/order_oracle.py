"""What the rules say comes of each command: accepted or refused, and every figure afterwards."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime, timedelta

from tests.properties.credit_oracle import Row, left, spread
from tests.properties.order_books import APPROVERS, MANAGERS, STEPS, Books, Return, Who, line_of
from tests.properties.order_changes import amended, drafted, faults_of, in_draft, require
from tests.properties.order_figures import Asked, Change, Order, Refusal, Rule, Terms, Waiting

YEAR = timedelta(days=365)


class Company(Books):
    """The commands of orders and returns; each is accepted, or raises Refusal."""

    def place(
        self,
        who: Who,
        buyer: str,
        asked: list[Asked],
        rule: Rule | None,
        terms: Terms | None = None,
        *,
        draft: bool,
    ) -> Order:
        """Place an order; whoever asks gives it its id."""
        order = self._drafted(who, buyer, asked, rule, terms or {})
        guarded = not draft and self._settle(None, order, who)
        self.commit([(None, order)], guarded=guarded)
        return order

    def _drafted(
        self, who: Who, buyer: str, asked: list[Asked], rule: Rule | None, terms: Terms
    ) -> Order:
        held = self.buyers[buyer]
        self.serials += 1
        order = Order("", buyer, held.currency, self.with_tax, held.policy, creator=who[1])
        order.serial, order.placed = self.serials, self.now
        order.agree_on(terms)
        drafted(order, asked, rule, self.products)
        faults = faults_of(order, order.goods, self.products, may_price=who[0] in MANAGERS)
        require([*faults, *_ranked(who, terms)])
        self._price(order)
        return order

    def _price(self, order: Order) -> None:
        in_draft(order, self.products, company_with_tax=self.with_tax)

    def amend(self, who: Who, name: str, change: Change, match: int | None) -> None:
        before, after = self.orders[name], self._begin(name, "amend", match)
        require(_ranked(who, change.terms))
        self._amended(after, change, may_price=who[0] in MANAGERS)
        if after.status == "draft":
            self.commit([(before, after)], walked="amend")
            return
        earlier, asked = self.asking(before), list(self.asking(after))
        if not self.is_worse(before, after):
            asked = [rule for rule in asked if rule not in earlier]
        if asked:
            self._would_pass(before, after)
            after = deepcopy(before)
            after.waiting = Waiting(change, who[1], dict.fromkeys(asked, False))
        self._carry_out(before, after, "amend")

    def _carry_out(self, before: Order, after: Order, walked: str) -> None:
        rises = after.exposure > before.exposure
        if not any(line.in_force for line in after.lines):
            after.status = "cancelled"
        self.commit([(before, after)], guarded=rises, walked=walked)

    def _amended(self, order: Order, change: Change, *, may_price: bool) -> None:
        amended(order, change, self.products, company_with_tax=self.with_tax, may_price=may_price)
        order.agree_on(change.terms)

    def quote(self, name: str, expires: datetime, match: int | None, *, reserve: bool) -> None:
        before, after = self.orders[name], self._begin(name, "quote", match)
        require(faults_of(after, after.goods, self.products, may_price=True))
        self._price(after)
        if not self.now < expires <= self.now + YEAR:
            raise Refusal(422, "out_of_range")
        after.status, after.expires = "quoted", expires
        if reserve:
            after.reserve()
        self.commit([(before, after)], walked="quote")

    def end(self, name: str, command: str, match: int | None) -> None:
        """Revise, lose or discard."""
        before, after = self.orders[name], self._begin(name, command, match)
        after.status = {"revise": "draft", "lose": "lost", "discard": "discarded"}[command]
        after.expires = None if command == "revise" else after.expires
        after.release()
        self.commit([(before, after)], walked=command)

    def bind(self, who: Who, name: str, command: str, match: int | None) -> None:
        """Confirm a draft at today's prices, or accept a quote at its own."""
        before, after = self.orders[name], self._begin(name, command, match)
        if command == "confirm":
            require(faults_of(after, after.goods, self.products, may_price=True))
            self._price(after)
        guarded = self._settle(before, after, who)
        self.commit([(before, after)], guarded=guarded, walked=command)

    def approve(self, who: Who, name: str, match: int | None) -> None:
        before, after = self.orders[name], self._begin(name, "approve", match)
        waiting = after.waiting
        assert waiting is not None
        own = who[1] == waiting.by or (waiting.change is None and who[1] == after.creator)
        mine = self._mine(waiting, who)
        if own or not mine:
            raise Refusal(403, "forbidden")
        rules = {rule: done or rule in mine for rule, done in waiting.rules.items()}
        if not all(rules.values()):
            after.waiting = Waiting(waiting.change, waiting.by, rules)
            self.commit([(before, after)], walked="approve")
            return
        after.waiting = None
        if waiting.change is not None:
            self._amended(after, waiting.change, may_price=True)
            self._carry_out(before, after, "approve")
            return
        after.status = "confirmed"
        after.reserve()
        self.commit([(before, after)], guarded=True, walked="approve")

    def _mine(self, waiting: Waiting, who: Who) -> set[str]:
        return {rule for rule, done in waiting.rules.items() if not done and who[0] in APPROVERS[rule]}

    def drop(self, who: Who, name: str, command: str, match: int | None) -> None:
        """Reject or recall what waits."""
        before, after = self.orders[name], self._begin(name, command, match)
        waiting = after.waiting
        assert waiting is not None
        if command == "recall" and who[1] != waiting.by and who[0] not in MANAGERS:
            raise Refusal(403, "forbidden")
        if command == "reject" and not self._mine(waiting, who):
            raise Refusal(403, "forbidden")
        after.waiting = None
        if waiting.change is None:
            after.status, after.expires = "draft", None
            after.release()
        self.commit([(before, after)], walked=command)

    def cancel(self, name: str, said: Mapping[int, int] | None, match: int | None) -> None:
        before, after = self.orders[name], self._begin(name, "cancel", match)
        units = {line.number: line.open for line in after.lines if line.open}
        if said is None and any(line.shipped for line in after.lines):
            raise Refusal(409, "invalid_state")
        after.end(units if said is None else taken(after, said, units, "open"))
        after.sum_up()
        if not any(line.in_force for line in after.lines):
            after.status, after.waiting = "cancelled", None
        self.commit([(before, after)], walked="cancel")

    def ship(self, name: str, said: Mapping[int, int] | None, match: int | None) -> None:
        before, after = self.orders[name], self._begin(name, "ship", match)
        most = {line.number: line.shippable for line in after.lines if line.shippable}
        units = most if said is None else taken(after, said, most, "reserved")
        leaving: dict[str, int] = {}
        for line in after.lines:
            gone = units.get(line.number, 0)
            line.shipped += gone
            line.reserved -= gone if line.stocked else 0
            if line.stocked and gone:
                leaving[line.sku] = leaving.get(line.sku, 0) + gone
        if after.delivery == "complete" and any(line.open for line in after.goods):
            raise Refusal(409, "incomplete_delivery")
        self.commit([(before, after)], leaving=leaving, walked="ship")

    def close(self, name: str, match: int | None) -> None:
        before, after = self.orders[name], self._begin(name, "close", match)
        after.end({line.number: line.open for line in after.goods})
        after.sum_up()
        after.status, after.waiting = "closed", None
        self.commit([(before, after)], walked="close")

    def reopen(self, name: str, match: int | None) -> None:
        before, after = self.orders[name], self._begin(name, "reopen", match)
        after.status = "confirmed"
        self.commit([(before, after)], guarded=True, walked="reopen")

    def hold(self, name: str, match: int | None) -> Order:
        before, after = self.orders[name], self._begin(name, "hold", match)
        self.commit([(before, after)], walked="hold")
        return after

    def lift(self, name: str, hold: str, match: int | None) -> None:
        before = self.orders[name]
        if match not in {None, before.version}:
            raise Refusal(412, "version_mismatch")
        if hold not in before.holds:
            raise Refusal(404, "not_found")
        after = self._begin(name, "release", match)
        after.holds.remove(hold)
        self.commit([(before, after)], walked="release")

    def ask_return(self, name: str, said: Mapping[int, int], match: int | None) -> Return:
        before, after = self.orders[name], self._begin(name, "return", match)
        most = {line.number: line.returnable for line in after.lines}
        for number, units in taken(after, said, most, "shipped").items():
            line_of(after, number).returning += units
        self.commit([(before, after)], walked="return")
        return Return("", name, dict(said))

    def step(self, name: str, command: str, said: Mapping[int, int] | None = None) -> None:
        """Move a return along; `said` is what came, what is restocked, or what is credited."""
        back = deepcopy(self.returns[name])
        before = self.orders[back.order]
        after = deepcopy(before)
        states, to = STEPS[command]
        if back.status not in states:
            raise Refusal(409, "invalid_state")
        if command in {"reject", "cancel", "receive"}:
            for number, units in back.lines.items():
                line_of(after, number).returning -= units
        if command == "receive":
            back.received = dict(back.lines if said is None else taken(after, said, back.lines, "announced"))
            for number, units in back.received.items():
                line_of(after, number).returned += units
        if command == "resolve":
            credited = back.received if said is None else taken(after, said, back.received, "received")
            for number, units in credited.items():
                line_of(after, number).by_return += units
                line_of(after, number).swallow(after.policy)
        self.commit([(before, after)], walked="step")
        for number, units in (said or {}).items() if command == "inspect" else ():
            if line_of(after, number).stocked:
                self.shelves[line_of(after, number).sku].on_hand += units
        back.status = to
        self.returns[name] = back

    def credit(self, name: str, invoice: int, what: Mapping[int, int] | int | None) -> None:
        """Credit units of lines, an amount, or all that is left of an invoice, by its place in the order."""
        before = self.orders[name]
        after = deepcopy(before)
        if before.billed_at != before.version:
            raise Refusal(503, "unavailable")
        rows = {line.number: line.row(after.held.get(line.number, ())) for line in after.lines}
        number = str(before.invoices[invoice])
        if isinstance(what, int):
            self._allow(after, rows, number, what)
        else:
            self._credit_units(after, rows, number, what)
        self.commit([(before, after)], walked="credit")
        self.documents["CN"] += 1
        after.billed_at = after.version

    def _allow(self, order: Order, rows: Mapping[int, Row], invoice: str, amount: int) -> None:
        if amount > sum(sum(pair) for pair in left(rows, invoice).values()):
            raise Refusal(409, "amount_exceeds_creditable")
        for number, (_, net, tax) in spread(rows, invoice, amount).items():
            place = rows[number].place(invoice)
            assert place is not None
            line_of(order, number).allowances.append((*place, (net, tax)))

    def _credit_units(
        self, order: Order, rows: Mapping[int, Row], invoice: str, said: Mapping[int, int] | None
    ) -> None:
        places = {number: row.place(invoice) for number, row in rows.items()}
        most = {number: place[1] - place[0] for number, place in places.items() if place}
        if not most:
            raise Refusal(409, "amount_exceeds_creditable")
        units = most if said is None else taken(order, said, most, "creditable")
        if any(rows[number].stack[-1][0] != invoice for number in units):
            raise Refusal(409, "billed_by_newer_invoice")
        for number, count in units.items():
            line, held = line_of(order, number), order.held[number]
            line.by_hand_credited += count
            line.invoiced -= count
            held[-1][1] -= count
            if not held[-1][1]:
                held.pop()

    def exchange(self, who: Who, name: str, asked: list[Asked]) -> Order:
        """Credit all that came back of a return and place an order for other goods, in one step."""
        back = deepcopy(self.returns[name])
        if back.status != "inspected":
            raise Refusal(409, "invalid_state")
        before = self.orders[back.order]
        after = deepcopy(before)
        for number, units in back.received.items():
            line_of(after, number).by_return += units
            line_of(after, number).swallow(after.policy)
        order = self._drafted(who, before.buyer, asked, None, {})
        guarded = self._settle(None, order, who)
        self.commit([(before, after), (None, order)], guarded=guarded, walked="step")
        back.status = "resolved"
        self.returns[name] = back
        return order


def _ranked(who: Who, terms: Terms) -> list[str]:
    return ["forbidden"] if "priority" in terms and who[0] not in MANAGERS else []


def taken(order: Order, said: Mapping[int, int], most: Mapping[int, int], what: str) -> Mapping[int, int]:
    """Return the units that are named, or refuse what is too many."""
    codes = []
    for number, units in said.items():
        if order.line(number) is None:
            codes.append("unknown_line")
        elif units > most.get(number, 0):
            codes.append(f"quantity_exceeds_{what}")
    require(codes)
    return said
