"""The invariants of money (domain, section 7): postings, receivables, credit and payments are recomputed."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from soms.billing import accounts
from soms.billing.cash.payment import Payment
from soms.billing.model import Document, OpenItem, Posting
from soms.billing.voucher import Voucher, sums
from soms.orders import quantities
from soms.reports.books import Books

ZERO: Final = Decimal(0)
Finding = tuple[int, list[str]]


def balance(books: Books) -> Finding:
    """Look whether every document balances in each of its currencies, and so the trial balance is zero."""
    wrong = []
    for document in books.documents.values():
        found = sums(document.postings, document.currency)
        if found != {document.currency: (document.total, document.total)}:
            wrong.append(f"{document.number}: posts {_told(found)}, its total is {document.total}")
    for voucher in books.vouchers.values():
        found = sums(voucher.postings, voucher.currency)
        if any(debit != credit for debit, credit in found.values()):
            wrong.append(f"{voucher.kind} {voucher.id}: posts {_told(found)}")
    return len(books.documents) + len(books.vouchers), wrong


def receivables(books: Books) -> Finding:
    """Look whether the account of receivables is what open items come to, and each open item is right."""
    account = _account(books, accounts.RECEIVABLES)
    owed: dict[str, Decimal] = {}
    wrong = []
    settled = _settled(books)
    for item in books.open_items.values():
        owed[item.currency] = owed.get(item.currency, ZERO) + item.open
        by_source = {one.source: one.amount for one in item.allocations}
        told = {source: amount for source, amount in settled.get(item.id, {}).items() if amount}
        if item.open != item.total - item.credited - item.paid - item.written_off or item.open < 0:
            wrong.append(f"{item.number}: open {item.open} of {item.total}")
        if sum(by_source.values(), ZERO) != item.paid + item.written_off or by_source != told:
            wrong.append(f"{item.number}: holds {by_source}, vouchers tell {told}")
    credited: dict[str, Decimal] = {}
    for document in books.documents.values():
        if document.invoice_id:
            credited[document.invoice_id] = credited.get(document.invoice_id, ZERO) + document.total
    wrong += [
        f"{item.number}: credited {item.credited}, credit notes make {credited.get(item.id, ZERO)}"
        for item in books.open_items.values()
        if item.credited != credited.get(item.id, ZERO)
    ]
    return len(books.open_items), wrong + list(_differences(account, owed, "open items make"))


def payments(books: Books) -> Finding:
    """Look whether each payment is what settles invoices, was given back, or is left; none twice."""
    wrong = []
    for payment in books.payments.values():
        wrong += [f"{payment.id}: {what}" for what in _wrong(payment, books)]
    left: dict[str, Decimal] = {}
    for payment in books.payments.values():
        left[payment.currency] = left.get(payment.currency, ZERO) + payment.unapplied
    account = {name: -value for name, value in _account(books, accounts.UNAPPLIED).items()}
    return len(books.payments), wrong + list(_differences(account, left, "payments have left"))


def bank(books: Books) -> Finding:
    """Look whether the bank's accounts are what matched lines come to, and no payment is shown twice."""
    shown: dict[str, Decimal] = {}
    cleared: dict[str, Decimal] = {}
    for line in books.bank_lines:
        if line.state in {"matched", "written_off"} and not line.is_provider:
            shown[line.currency] = shown.get(line.currency, ZERO) + line.amount
        for aim in line.matched:
            if aim.kind == "payment":
                cleared[aim.id] = cleared.get(aim.id, ZERO) + aim.amount
    wrong = [
        f"{one.id}: cleared {one.cleared} of {one.amount}, lines show {cleared.get(one.id, ZERO)}"
        for one in books.payments.values()
        if one.cleared != cleared.get(one.id, ZERO) or not 0 <= one.cleared <= one.amount
    ]
    account: dict[str, Decimal] = {}
    for posting, currency in _postings(books):
        if posting.account.partition(":")[0] == accounts.BANK:
            account[currency] = account.get(currency, ZERO) + posting.debit - posting.credit
    return len(books.bank_lines), wrong + list(_differences(account, shown, "matched lines make"))


def credit(books: Books) -> Finding:
    """Look whether exposure and credit are what orders, payments and write-offs make."""
    ordered: dict[str, list[Decimal]] = {}
    due: dict[str, Decimal] = {}
    for order in books.orders.values():
        value = quantities.exposure(order)
        due[order.customer.id] = due.get(order.customer.id, ZERO) + value
        if order.is_binding:
            ordered.setdefault(order.customer.id, []).append(value)
    for customer, relief in _relieved(books):
        due[customer] = due.get(customer, ZERO) - relief
    wrong = []
    for name, account in books.accounts.items():
        exposure, available = account.exposure, account.credit_available
        if exposure != due.get(name, ZERO):
            wrong.append(f"{name}: exposure {exposure}, orders and payments make {due.get(name, ZERO)}")
        limit = books.customers[name].credit_limit
        if (limit is None) != (available is None) or (limit is not None and available != limit - exposure):
            wrong.append(f"{name}: available {available}, limit {limit}, exposure {exposure}")
        values = ordered.get(name, [])
        if (account.orders, account.ordered) != (len(values), sum(values, ZERO)):
            counted = f"{len(values)} orders of {sum(values, ZERO)}"
            wrong.append(f"{name}: {account.orders} orders of {account.ordered}, there are {counted}")
    return len(books.accounts), wrong


def _relieved(books: Books) -> Iterator[tuple[str, Decimal]]:
    """Yield by how much money and write-offs lower the exposure of customers."""
    for payment in books.payments.values():
        if payment.status == "bounced":
            continue
        if payment.home:
            yield payment.customer_id, payment.amount - payment.refunded
    for item in books.open_items.values():
        for one in item.allocations:
            if one.kind == "write_off" or not books.payments[one.source].home:
                yield item.customer_id, one.amount


def _wrong(payment: Payment, books: Books) -> Iterator[str]:
    if min(payment.unapplied, payment.refunded) < 0 or payment.applied + payment.refunded > payment.amount:
        yield f"{payment.applied} applied and {payment.refunded} refunded of {payment.amount}"
    for one in payment.allocations:
        held = [each for each in _item(books, one.invoice_id).allocations if each.source == payment.id]
        if [(each.given, each.amount) for each in held] != [(one.amount, one.settled)]:
            yield f"{one.amount} settle {one.number}, which holds {held}"
    refunded = sum(
        (
            each.amount
            for each in books.vouchers.values()
            if each.kind == "refund" and each.payment_id == payment.id
        ),
        ZERO,
    )
    if refunded != payment.refunded:
        yield f"refunded {payment.refunded}, refunds make {refunded}"


def _item(books: Books, invoice_id: str) -> OpenItem:
    return books.open_items[invoice_id]


def _settled(books: Books) -> dict[str, dict[str, Decimal]]:
    """Return what vouchers tell of each invoice: by source what it settles."""
    found: dict[str, dict[str, Decimal]] = {}
    for voucher in books.vouchers.values():
        sign = -1 if voucher.kind in {"unallocation", "write_off_reversal"} else 1
        for one in voucher.portions:
            of_item = found.setdefault(one.invoice_id, {})
            of_item[one.source] = of_item.get(one.source, ZERO) + sign * one.settled
    return found


def _account(books: Books, name: str) -> dict[str, Decimal]:
    """Return what an account comes to in each currency, debits less credits."""
    found: dict[str, Decimal] = {}
    for posting, currency in _postings(books):
        if posting.account == name:
            found[currency] = found.get(currency, ZERO) + posting.debit - posting.credit
    return found


def _postings(books: Books) -> Iterator[tuple[Posting, str]]:
    every: Iterable[Document | Voucher] = (*books.documents.values(), *books.vouchers.values())
    for document in every:
        for posting in document.postings:
            yield posting, posting.currency or document.currency


def _differences(account: dict[str, Decimal], found: dict[str, Decimal], what: str) -> Iterator[str]:
    for currency in sorted(account.keys() | found.keys()):
        told, made = account.get(currency, ZERO), found.get(currency, ZERO)
        if told != made:
            yield f"{currency}: the account says {told}, {what} {made}"


def _told(found: dict[str, tuple[Decimal, Decimal]]) -> str:
    return ", ".join(f"{name} {debit} / {credit}" for name, (debit, credit) in found.items())
