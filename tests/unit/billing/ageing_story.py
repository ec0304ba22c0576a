"""A random story of invoices, money and closed months, told with the desk that commands use."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from soms.billing import accounts
from soms.billing.cash import vouching
from soms.billing.cash.desk import Desk, Posting, plan
from soms.billing.cash.payment import Payment
from soms.billing.model import Allocation, OpenItem
from soms.billing.periods import Periods, month_of
from soms.billing.receivables.ageing import Debt, Money, Standing
from soms.billing.receivables.ageing_moves import Filed
from soms.billing.voucher import Kind, Portion, Voucher

FIRST = date(2026, 1, 20)
CUSTOMERS = ("cus_a", "cus_b", "cus_c")


@dataclass
class Story:
    """What happened so far; `days` are those on which something was recorded, last of all today."""

    seed: int
    dice: random.Random = field(init=False)
    today: date = FIRST
    periods: Periods = field(default_factory=Periods)
    items: dict[str, OpenItem] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    filed: list[Filed] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        """Take the dice."""
        self.dice = random.Random(self.seed)  # noqa: S311 a story, not a secret

    def told(self, days: int) -> "Story":
        """Go through so many days of business."""
        deeds = (self.bill, self.bill, self.pay, self.pay, self.take_back, self.credit, self.give, self.lose)
        rare = (self.refund, self.bounce, self.pay_abroad, self.restore)
        for _ in range(days):
            for _ in range(self.dice.randrange(4)):
                self.dice.choice((*deeds, *deeds, *rare))()
            self.today += timedelta(days=1)
            if self.today.day == 4 and self.dice.random() < 0.8:
                self.periods = Periods(closed_through=month_of(self.today - timedelta(days=10)))
        return self

    def standing(self) -> Standing:
        """Return how things stand today, as the tables would say: only what is open and what has money left."""
        debts = (Debt(i.id, i.customer_id, i.currency, i.due_on, i.open) for i in self.items.values())
        money = (Money(p.id, p.customer_id, p.currency, p.unapplied) for p in self.payments.values())
        return Standing.now(debts, money)

    def bill(self) -> None:
        name = self._name("inv")
        total = Decimal(self.dice.randrange(100, 90000)).scaleb(-2)
        net = (total / Decimal("1.13")).quantize(total)
        day = self.periods.day(self.today)
        item = OpenItem(
            id=name,
            number=name,
            series="INV-2026",
            order_id="ord",
            order_number="SO",
            customer_id=self.dice.choice(CUSTOMERS),
            customer_name="Acme",
            currency="CNY",
            issued_on=day,
            due_on=day + timedelta(days=self.dice.choice((0, 10, 30, 60))),
            net=net,
            tax=total - net,
            total=total,
            open=total,
        )
        self.items[name] = item
        self._file_document("invoice", item, total, day, name)

    def credit(self) -> None:
        item = self._some([one for one in self.items.values() if one.creditable])
        if item is None:
            return
        amount, name = self._part(item.creditable), self._name("cn")
        table = self._desk(item)
        table.credit(item.id, amount, name)
        self._keep(table, self.periods.day(self.today))
        self._file_document("credit_note", item, amount, self.periods.day(self.today), name)

    def pay(self, currency: str = "CNY") -> None:
        name, customer = self._name("pay"), self.dice.choice(CUSTOMERS)
        received = self.today - timedelta(days=self.dice.choice((0, 0, 1, 5, 40)))
        amount = Decimal(self.dice.randrange(100, 120000)).scaleb(-2)
        payment = Payment(
            id=name,
            customer_id=customer,
            customer_name="Acme",
            home=currency == "CNY",
            currency=currency,
            method="bank_transfer",
            reference=name,
            amount=amount,
            refunded=Decimal("0.00"),
            received_on=received,
            recorded_at="",
            recorded_by="fin",
            said="",
        )
        self.payments[name] = payment
        entry = accounts.postings("payment", {"amount": amount}, method="bank_transfer")
        self._voucher("payment", payment, amount, entry, received)
        owing = [one for one in self.items.values() if one.customer_id == customer and one.open]
        table = Desk.of(owing, [payment])
        if currency == "CNY" and self.dice.random() < 0.8:
            for invoice, given in plan(amount, owing):
                table.give(name, invoice, given, given)
        elif currency != "CNY" and owing:
            settled = self._part(owing[0].open)
            table.give(name, owing[0].id, self._part(amount), settled)
        self._keep(table, self.periods.day(received))

    def pay_abroad(self) -> None:
        self.pay("USD")

    def give(self) -> None:
        payment = self._some([one for one in self.payments.values() if one.unapplied and one.home])
        if payment is None:
            return
        mine = [one for one in self.items.values() if one.customer_id == payment.customer_id and one.open]
        item = self._some(mine)
        if item is None:
            return
        amount = self._part(min(item.open, payment.unapplied))
        table = Desk.of([item], [payment])
        table.give(payment.id, item.id, amount, amount)
        self._keep(table, self.today)

    def take_back(self) -> None:
        payment = self._some([one for one in self.payments.values() if one.allocations])
        if payment is None:
            return
        one = self.dice.choice(payment.allocations)
        table = Desk.of([self.items[one.invoice_id]], [payment])
        table.take_back(payment.id, one.invoice_id, None if not payment.home else self._part(one.settled))
        self._keep(table, self.today)

    def refund(self) -> None:
        payment = self._some([one for one in self.payments.values() if one.unapplied])
        if payment is None:
            return
        amount = self._part(payment.unapplied)
        self.payments[payment.id] = payment.refunded_by(amount)
        entry = accounts.postings("refund", {"amount": amount}, method="bank_transfer")
        self._voucher("refund", payment, amount, entry, self.today)

    def bounce(self) -> None:
        payment = self._some([one for one in self.payments.values() if one.status == "received"])
        if payment is None:
            return
        table = Desk.of([self.items[one.invoice_id] for one in payment.allocations], [payment])
        for one in payment.allocations:
            table.take_back(payment.id, one.invoice_id)
        self._keep(table, self.today)
        freed = self.payments[payment.id]
        self.payments[payment.id] = freed.bounced()
        kept = freed.amount - freed.refunded
        amounts = {"kept": kept, "refunded": freed.refunded, "amount": freed.amount}
        entry = accounts.postings("bounce", amounts, method="bank_transfer")
        self._voucher("bounce", freed, freed.amount, entry, self.today)

    def lose(self) -> None:
        item = self._some([one for one in self.items.values() if one.open])
        if item is None:
            return
        amount, source = self._part(item.open), self._name("wof")
        one = Allocation(
            source=source, kind="write_off", account=accounts.BAD_DEBT, amount=amount, given=amount
        )
        self.items[item.id] = item.allocated(one)
        entry = accounts.postings("write_off", {"amount": amount}, loss=accounts.BAD_DEBT)
        portion = Portion(
            invoice_id=item.id, number=item.number, source=source, amount=amount, settled=amount
        )
        self._voucher("write_off", None, amount, entry, self.today, portion=portion)

    def restore(self) -> None:
        lost = [
            (item, one) for item in self.items.values() for one in item.allocations if one.kind == "write_off"
        ]
        if not lost:
            return
        item, one = self.dice.choice(lost)
        table = Desk.of([item], [])
        table.take_back(one.source, item.id)
        self._keep(table, self.today)

    def _desk(self, item: OpenItem) -> Desk:
        paid = (self.payments[one.source] for one in item.allocations if one.kind == "payment")
        return Desk.of([item], paid)

    def _keep(self, table: Desk, wanted: date) -> None:
        self.items |= table.items
        self.payments |= table.payments
        posting = Posting(
            name=self._name("do"),
            wanted_on=wanted,
            periods=self.periods,
            recorded_at=self._moment(),
            recorded_by="fin",
        )
        for one in vouching.vouchers(table, posting):
            self.filed.append(Filed.model_validate(one.model_dump()))

    def _voucher(
        self, kind: Kind, payment: Payment | None, amount: Decimal, entry: Any, wanted: date, **more: Any
    ) -> None:
        portion = more.get("portion")
        one = Voucher(
            id=self._name("vou"),
            kind=kind,
            payment_id=payment.id if payment else None,
            currency=payment.currency if payment else "CNY",
            amount=amount,
            portions=(portion,) if portion else (),
            postings=entry,
            posted_on=self.periods.day(wanted),
            recorded_at=self._moment(),
            recorded_by="fin",
        )
        self.filed.append(Filed.model_validate(one.model_dump()))

    def _file_document(self, kind: str, item: OpenItem, total: Decimal, day: date, name: str) -> None:
        net = (total / Decimal("1.13")).quantize(total)
        entry = accounts.postings(kind, {"total": total, "net": net, "tax": total - net})
        self.filed.append(
            Filed(
                id=name,
                kind=kind,
                currency=item.currency,
                postings=entry,
                issued_on=day,
                recorded_at=self._moment(),
                invoice_id=item.id if kind == "credit_note" else None,
            )
        )

    def _moment(self) -> datetime:
        self.count += 1
        return datetime.combine(self.today, datetime.min.time(), UTC) + timedelta(seconds=self.count)

    def _name(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}_{self.count:05}"

    def _part(self, amount: Decimal) -> Decimal:
        if self.dice.random() < 0.5:
            return amount
        units = int(amount.scaleb(2))
        return Decimal(self.dice.randrange(1, units + 1)).scaleb(-2)

    def _some(self, several: list[Any]) -> Any:
        return self.dice.choice(several) if several else None


def days(story: Story) -> Iterator[date]:
    """Yield every day from before the story to its last."""
    day = FIRST - timedelta(days=2)
    while day <= story.today:
        yield day
        day += timedelta(days=1)
