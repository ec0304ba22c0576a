"""Tie-outs that need everything: orders against invoices, accounts against what is open and unapplied."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from soms.accounting import ledger
from soms.accounting.model import ZERO
from soms.accounting.ties import Tie
from soms.billing import accounts
from soms.billing.model import OrderBilling
from soms.kit.problems import Words
from soms.orders import quantities
from soms.reports.books import Books

Sums = dict[str, Decimal]
ORDERS: Final[Words] = ("orders = invoiced + to be invoiced", "订单 = 已开票 + 待开票")
RECEIVABLES: Final[Words] = ("receivables = open items", "应收账款 = 未清项")
UNAPPLIED: Final[Words] = ("unapplied cash = what payments have left", "预收账款 = 收款未核销")


def report(books: Books) -> list[dict[str, object]]:
    """Return the tie-outs of every currency."""
    open_items = _summed((one.currency, one.open) for one in books.open_items.values())
    left = _summed((one.currency, one.unapplied) for one in books.payments.values())
    owed = {name: -value for name, value in _account(books, accounts.UNAPPLIED).items()}
    ties = [
        *_orders(books),
        *_two("receivables", RECEIVABLES, _account(books, accounts.RECEIVABLES), "open_items", open_items),
        *_two("unapplied", UNAPPLIED, owed, "payments", left),
    ]
    return [one.shown() for one in ties]


def _orders(books: Books) -> Iterable[Tie]:
    """Yield what orders are worth, what invoices less credit notes make, and what is still to come."""
    orders = [one for one in books.orders.values() if one.is_binding]
    worth = _summed((one.currency, quantities.exposure(one)) for one in orders)
    invoiced = _summed((one.currency, one.total - one.credited) for one in books.open_items.values())
    to_come = Sums()
    for order in orders:
        billing = books.billings.get(order.id) or OrderBilling(order_id=order.id)
        for line in order.lines:
            whole = quantities.value(line, quantities.in_full(line))
            rest = whole - quantities.value(line, billing.billed(line.line))
            to_come[order.currency] = to_come.get(order.currency, ZERO) + rest
    for currency in sorted(worth.keys() | invoiced.keys()):
        parts = {"invoiced": invoiced.get(currency, ZERO), "to_be_invoiced": to_come.get(currency, ZERO)}
        yield Tie("orders", ORDERS, currency, worth.get(currency, ZERO), parts)


def _two(code: str, words: Words, account: Sums, part: str, found: Sums) -> Iterable[Tie]:
    for currency in sorted(account.keys() | found.keys()):
        parts = {part: found.get(currency, ZERO)}
        yield Tie(code, words, currency, account.get(currency, ZERO), parts)


def _account(books: Books, name: str) -> Sums:
    """Return the balance of an account in each currency, as the ledger's months make it."""
    rows = ((*ledger.place_of(row)[1], row) for row in books.ledger if row["pk"] == ledger.MONTHS)
    return _summed(
        (currency, ledger.sums_of(row).balance) for account, currency, row in rows if account == name
    )


def _summed(amounts: Iterable[tuple[str, Decimal]]) -> Sums:
    found = Sums()
    for currency, amount in amounts:
        found[currency] = found.get(currency, ZERO) + amount
    return found
