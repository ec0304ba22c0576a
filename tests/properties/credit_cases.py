"""Lives of orders drawn at random, and the kernel that plays them beside the oracle, document by document."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from random import Random

from soms.billing.documents import creditable, invoicing
from soms.billing.documents.invoicing import Bill
from soms.billing.model import Document, DocumentKind, OpenItem, OrderBilling, Series
from soms.catalog.model import Settings
from soms.customers.model import Customer
from soms.orders import quantities
from soms.orders.model import Buyer, Line, Order, Part

from tests.properties.credit_oracle import Ledger, Row, Told

DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, tzinfo=UTC)
RATES = ("0.13", "0.06", "0")
KINDS = ("bill", "bill", "units", "amount", "amount", "all", "cancel", "ship", "return", "more")
ACME = Customer(id="cus_1", name="Acme", currency="CNY")


class Differs(AssertionError):
    """The kernel and the oracle, or the kernel and the rules, tell different things."""


def amount(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-2)


def minor(value: Decimal) -> int:
    return int(value.scaleb(2))


@dataclass
class Life:
    """One order as the kernel holds it and as the oracle does."""

    random: Random
    order: Order
    ledger: Ledger
    billing: OrderBilling
    items: dict[str, OpenItem] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)

    @classmethod
    def drawn(cls, random: Random) -> "Life":
        """Return a confirmed order of one to four lines of which nothing is billed."""
        by_shipment = random.random() < 0.3
        rows, lines = {}, []
        for number in range(1, random.randint(1, 4) + 1):
            rate = random.choice(RATES)
            parts = [_part(random, Fraction(rate)) for _ in range(random.choice((1, 1, 2, 3)))]
            rows[number] = Row(Fraction(rate), list(parts))
            lines.append(_line(number, rate, parts))
        order = Order(
            id="ord_1",
            number="SO-1",
            currency="CNY",
            includes_tax=random.random() < 0.5,
            customer=Buyer(id="cus_1", name="Acme"),
            lines=tuple(lines),
            tax_groups=(),
            subtotal=Decimal(0),
            net=Decimal(0),
            tax=Decimal(0),
            total=Decimal(0),
            invoice_policy="on_shipment" if by_shipment else "on_order",
            placed_at="2026-03-02T00:00:00.000000Z",
            created_by="sam",
        )
        return cls(random, order, Ledger(rows, by_shipment), OrderBilling(order_id=order.id))

    def play(self, steps: int) -> None:
        """Play so many steps, comparing every document and what is left of every invoice."""
        for _ in range(steps):
            self._step(self.random.choice(KINDS))
            self._compare()
        self._bill()
        self._compare()
        self._settled()

    def _step(self, kind: str) -> None:
        number = self.random.choice([line.line for line in self.order.lines])
        line, row = self.order.line(number), self.ledger.rows[number]
        assert line
        if kind == "bill":
            self._bill()
        elif kind == "cancel":
            units = self.random.randint(0, line.open)
            self.order = quantities.without(self.order, {number: units}, more_come=True)
            row.cancelled += units
            self.ledger.swallow()
        elif kind == "ship":
            units = self.random.randint(0, line.open)
            self.order = quantities.shipped(self.order, {number: units})
            row.shipped += units
        elif kind == "return":
            units = self.random.randint(0, quantities.returnable(line))
            back = quantities.counted(self.order, "returned", {number: units})
            self.order = quantities.came_back(back, {number: units})
            row.by_return += units
            self.ledger.swallow()
        elif kind == "more":
            self._raise(line, row)
        elif self.ledger.invoices:
            self._bill()
            self._credit(kind)

    def _raise(self, line: Line, row: Row) -> None:
        units, net, tax = _part(self.random, row.rate)
        parts = (*quantities.agreed(line), Part(quantity=units, net=amount(net), tax=amount(tax)))
        more = line.model_copy(update={"quantity": line.quantity + units, "parts": parts})
        lines = tuple(more if one.line == line.line else one for one in self.order.lines)
        self.order = quantities.summed(self.order.model_copy(update={"lines": lines}))
        row.parts.append((units, net, tax))

    def _bill(self) -> None:
        bills = invoicing.bills(self.order, self.billing)
        made = [self._issue(bill, place) for place, bill in enumerate(bills)]
        names = [one.id for one in made if one.kind is DocumentKind.INVOICE]
        expected = self.ledger.bill(names or [""])
        told = [(one.invoice_id, _told(one)) for one in made]
        if told != expected:
            raise Differs(f"billed {told}, the oracle {expected}")
        self._hold(made)

    def _credit(self, kind: str) -> None:
        invoice = self.random.choice(self.ledger.invoices)
        held = creditable.left(self.order, self.billing, invoice)
        most = minor(sum((one.gross for one in held.values()), Decimal(0)))
        if most != self.ledger.left[invoice]:
            raise Differs(f"{most} left of {invoice}, the oracle {self.ledger.left[invoice]}")
        if kind == "units":
            tops = [number for number, one in held.items() if not one.newer]
            if not tops:
                return
            number = self.random.choice(tops)
            one = held[number]
            units = self.random.randint(1, one.high - one.low)
            bill = Bill(DocumentKind.CREDIT_NOTE, {number: (one.high - units, one.high)}, invoice)
            document = self._issue(bill, 0)
            self.order = quantities.counted(self.order, "credited", {number: units})
            expected = self.ledger.credit_units(invoice, number, units)
        elif most:
            wanted = most if kind == "all" else self.random.randint(1, most)
            given = creditable.allowances(held, amount(wanted), 2)
            document = self._issue(Bill(DocumentKind.CREDIT_NOTE, {}, invoice, given), 0)
            self.order = quantities.allowed_on(self.order, given)
            expected = self.ledger.allow(invoice, wanted)
        else:
            return
        if _told(document) != expected:
            raise Differs(f"credited {_told(document)}, the oracle {expected}")
        self._hold([document])

    def _issue(self, bill: Bill, place: int) -> Document:
        return invoicing.issue(
            self.order,
            bill,
            Series(id="X-2026", last=len(self.documents)),
            name=f"{self.billing.seq + 1}/{place}",
            settings=Settings(),
            customer=ACME,
            day=DAY,
            recorded_at=NOW,
            invoice=self.items[bill.invoice] if bill.invoice else None,
        )

    def _hold(self, made: list[Document]) -> None:
        for one in made:
            _add_up(one)
            if one.kind is DocumentKind.INVOICE:
                self.items[one.id] = invoicing.open_item(one, self.order, ACME.payment_terms)
                continue
            item = self.items[one.invoice_id or ""]
            if one.total > item.creditable:
                raise Differs(f"{one.total} is credited of {item.creditable}")
            self.items[item.id] = item.credited_by(one.total, one.id)
        new = tuple(one.id for one in made if one.kind is DocumentKind.INVOICE)
        held = invoicing.billed_after(self.billing, made)
        self.billing = OrderBilling(
            order_id=self.order.id,
            seq=self.billing.seq + 1,
            held=held,
            invoices=self.billing.invoices + new,
        )
        self.documents += made

    def _compare(self) -> None:
        """Compare what is left of each invoice."""
        left = {name: minor(item.creditable) for name, item in self.items.items()}
        if left != self.ledger.left:
            raise Differs(f"left {left}, the oracle {self.ledger.left}")

    def _settled(self) -> None:
        """Look whether all documents together are what the order is worth, and exposure the same."""
        signs = {DocumentKind.INVOICE: 1, DocumentKind.CREDIT_NOTE: -1}
        billed = sum(signs[one.kind] * minor(one.total) for one in self.documents)
        rows = self.ledger.rows.values()
        worth = sum(sum(row.between(0, self.ledger.wanted(row))) for row in rows)
        if billed != worth:
            raise Differs(f"documents make {billed}, the order is worth {worth}")
        if not self.ledger.by_shipment and minor(quantities.exposure(self.order)) != worth:
            raise Differs(f"exposure {quantities.exposure(self.order)}, the order is worth {worth}")
        if min(self.ledger.left.values(), default=0) < 0:
            raise Differs(f"less than nothing is left: {self.ledger.left}")


def _add_up(document: Document) -> None:
    lines, groups = document.lines, document.tax_groups
    keys = [(one.tax_category, one.tax_rate, one.tax_reason) for one in lines]
    by_group = {
        key: (
            sum((one.net for one, its in zip(lines, keys, strict=True) if its == key), Decimal(0)),
            sum((one.tax for one, its in zip(lines, keys, strict=True) if its == key), Decimal(0)),
        )
        for key in keys
    }
    told = {(one.category, one.rate, one.reason): (one.net, one.tax) for one in groups}
    sums = sum((one.net for one in groups), Decimal(0)), sum((one.tax for one in groups), Decimal(0))
    if told != by_group or sums != (document.net, document.tax) or sum(sums) != document.total:
        raise Differs(f"{document.number} does not add up")
    if any(min(one.net, one.tax) < 0 or one.gross != one.net + one.tax for one in lines):
        raise Differs(f"{document.number} has a line below nothing")


def _told(document: Document) -> Told:
    return {one.line: (one.quantity, minor(one.net), minor(one.tax)) for one in document.lines}


def _part(random: Random, rate: Fraction) -> tuple[int, int, int]:
    units = random.randint(1, 9)
    net = random.choice((0, random.randint(1, 9), random.randint(1, 100_000)))
    # Tax was allocated within its group: it may be a minor unit off the line's own.
    tax = max(round(net * rate) + random.choice((-1, 0, 0, 1)), 0) if rate and net else 0
    return units, net, tax


def _line(number: int, rate: str, parts: list[tuple[int, int, int]]) -> Line:
    net, tax = sum(one[1] for one in parts), sum(one[2] for one in parts)
    units = sum(one[0] for one in parts)
    return Line(
        line=number,
        sku=f"P{number}",
        name="thing",
        quantity=units,
        unit_price=amount(net),
        net=amount(net),
        tax=amount(tax),
        gross=amount(net + tax),
        tax_rate=Decimal(rate),
        tax_category="S" if Decimal(rate) else "Z",
        parts=tuple(Part(quantity=one, net=amount(two), tax=amount(three)) for one, two, three in parts),
        stocked=False,
    )
