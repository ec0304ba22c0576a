"""Makes papers for tests: a statement, a receipt and a dunning letter, with figures that add up."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from soms.billing.model import Bank
from soms.billing.paper import papers
from soms.billing.paper.papers import Applied, Movement, Overdue
from soms.billing.paper.printed import Head, Paper

from tests.unit.billing.issued import BUYER, SELLER

BANK = Bank(name="中国工商银行上海浦东分行", account="1001 2233 4455 6677 889", code="ICBKCNBJSHI")
AGEING = {"not_due": Decimal("674.61"), "1_30": Decimal(0), "over_120": Decimal("50.00")}
FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)


def head(currency: str = "CNY", **fields: object) -> Head:
    """Return a head; other fields as given."""
    return Head(
        customer_id="cus_01",
        seller=SELLER,
        buyer=BUYER,
        currency=currency,
        issued_on=date(2026, 11, 2),
        recorded_at=datetime(2026, 11, 2, 1, 30, tzinfo=UTC),
    ).model_copy(update=fields)


def movements(*amounts: tuple[str, str], opening: Decimal) -> list[Movement]:
    """Return movements of a kind and an amount each: invoices are debits, all others credits."""
    found, balance = [], opening
    for at, (kind, said) in enumerate(amounts):
        debit = Decimal(said) if kind == "invoice" else Decimal(0)
        credit = Decimal(said) - debit
        balance += debit - credit
        number = f"{kind[:3].upper()}-2026-{at + 1:06}"
        found.append(Movement(FIRST + timedelta(days=at % 30), kind, number, debit, credit, balance))
    return found


def statement(
    of: Head, *amounts: tuple[str, str], opening: str = "100.00", ageing: dict[str, Decimal] | None = None
) -> Paper:
    """Return the statement of October over these movements."""
    rows = movements(*amounts, opening=Decimal(opening))
    return papers.statement(
        of,
        since=FIRST,
        until=LAST,
        opening=Decimal(opening),
        movements=rows,
        closing=rows[-1].balance if rows else Decimal(opening),
        ageing=AGEING if ageing is None else ageing,
    )


def receipt(
    of: Head,
    *applied: Applied,
    received: str = "1010.00",
    method: str = "bank_transfer",
    reference: str | None = "20261124887",
    payment_id: str = "pay_01",
) -> Paper:
    """Return the receipt for a payment that settled these invoices."""
    return papers.receipt(
        of,
        payment_id=payment_id,
        number="PAY-20261124-7K3F9QHX",
        received_on=date(2026, 11, 1),
        method=method,
        reference=reference,
        received=Decimal(received),
        applied=applied,
    )


def dunning(of: Head, level: int, *overdue: Overdue, bank: Bank | None = BANK) -> Paper:
    """Return the letter of a level about these invoices."""
    return papers.dunning(of, level=level, overdue=overdue, pay_by=date(2026, 11, 16), bank=bank)


def late(count: int, amount: str = "674.61") -> Sequence[Overdue]:
    """Return so many overdue invoices of an amount each."""
    issued, due = date(2026, 9, 1), date(2026, 10, 1)
    return [Overdue(f"INV-2026-{at:06}", issued, due, 32, Decimal(amount)) for at in range(1, count + 1)]
