"""What a customer's invoices and payments say in the view of it: by age, money left, what needs attention."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from soms.billing import balances
from soms.billing.cash.payment import Payment
from soms.billing.cash.payment import text as of_payment
from soms.billing.documents.instalments import Instalment
from soms.billing.receivables import ageing, ageing_store
from soms.billing.receivables.ageing import Debt, Money
from soms.customers.credit import Owed

PAYMENTS: Final = 10
LATELY: Final = timedelta(days=90)
Row = dict[str, object]
Text = Callable[[Decimal], str]


@dataclass(frozen=True)
class Paid:
    """The last payments of a customer, the newest first, and all of its money that settles nothing yet."""

    last: Sequence[Payment] = ()
    left: Sequence[Money] = ()

    def unapplied(self, currency: str) -> Decimal:
        """Return the money of a currency that settles nothing yet."""
        return sum((one.left for one in self.left if one.currency == currency), Decimal(0))


def paid(customer_id: str) -> Paid:
    """Read what a customer has paid lately and what is left of all it has paid: two queries.

    What was paid with customer credit stands in the same list and is no money that came in.
    """
    page = balances.payments_of(customer_id, limit=PAYMENTS, after=None)
    last = [one for one in map(balances.payment_of, page.rows) if one]
    return Paid(last, ageing_store.money_of(customer_id))


def by_age(owed: Sequence[Owed], today: date) -> dict[str, Decimal]:
    """Return what is owed by age."""
    sums = dict.fromkeys(ageing.BUCKETS, Decimal(0))
    for one in owed:
        plan = tuple(Instalment(due_on=part.due_on, amount=part.amount) for part in one.instalments)
        debt = Debt(one.id, "", one.currency, one.due_on, one.open, one.total, plan)
        for due_on, amount in ageing.due_parts(debt):
            sums[ageing.age(due_on, today)] += amount
    return sums


def payment(one: Payment) -> Row:
    """Return a payment as the view shows it."""
    shown: Row = {name: getattr(one, name) for name in ("id", "currency", "method", "reference", "status")}
    amounts = {"amount": of_payment(one, one.amount), "unapplied": of_payment(one, one.unapplied)}
    return {**shown, "received_on": str(one.received_on), **amounts}


def attention(owed: Sequence[Owed], money: Paid, currency: str, today: date, text: Text) -> Iterator[Row]:
    """Yield what of invoices and payments somebody should look at."""
    if disputed := [one for one in owed if one.disputed is not None]:
        amount, count = text(_open(disputed)), len(disputed)
        yield notice(
            "disputed_invoices",
            f"Disputed invoices: {count}, {amount} in all.",
            f"{count} 张发票存在争议，共 {amount}。",
        )
    if broken := [one for one in owed if one.promised_on and one.promised_on < today]:
        amount, count = text(_open(broken)), len(broken)
        yield notice(
            "broken_promises",
            f"Promised and not paid: {count} invoices, {amount} in all.",
            f"{count} 张发票承诺付款后仍未付清，共 {amount}。",
        )
    left = money.unapplied(currency)
    if owed and left:
        yield notice(
            "unapplied_money",
            f"{text(left)} of the customer's money settles nothing while invoices are open.",
            f"有未清发票，同时有 {text(left)} 收款未核销。",
        )
    bounced = [one for one in money.last if one.status == "bounced" and today - one.received_on <= LATELY]
    if bounced:
        one = bounced[0]
        yield notice(
            "payment_bounced",
            f"A payment bounced: {of_payment(one, one.amount)} {one.currency}, {one.reference}.",
            f"有收款被退回：{of_payment(one, one.amount)} {one.currency}，{one.reference}。",
        )


def notice(code: str, english: str, chinese: str) -> Row:
    """Return what needs attention, in both languages."""
    return {"code": code, "message_en": english, "message_zh": chinese}


def _open(several: Sequence[Owed]) -> Decimal:
    return sum((one.open for one in several), Decimal(0))
