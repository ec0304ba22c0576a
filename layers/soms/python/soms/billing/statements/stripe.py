"""Stripe: balance transactions and payouts as its interface has them, and its reports."""

from collections.abc import Iterator
from datetime import UTC, date
from decimal import Decimal
from typing import Final

from soms.billing.statements import moments
from soms.billing.statements.drafting import Book, Draft, Given, Head
from soms.billing.statements.figures import amount, currency, digits, minor, negated
from soms.billing.statements.model import LineKind, Statement
from soms.billing.statements.refusals import unreadable
from soms.billing.statements.tables import Row, Table, cell
from soms.kit.money import EXACT

# Stripe counts some currencies in other minor units than ISO 4217 does.
_DIGITS: Final = {"MGA": 0, "ISK": 2, "UGX": 2}
_KINDS: Final[dict[str, LineKind]] = {
    "charge": "capture",
    "payment": "capture",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund",
    "payment_failure_refund": "refund",
    "partial_capture_reversal": "refund",
    "stripe_fee": "fee",
    "fee": "fee",
    "tax_fee": "fee",
    "stripe_fx_fee": "fee",
    "network_cost": "fee",
    "application_fee": "other",
    "payout": "payout",
    "payout_cancel": "payout",
    "payout_failure": "payout",
    "payout_reversal": "payout",
    "transfer": "transfer",
    "dispute": "chargeback",
    "dispute_reversal": "chargeback",
    "adjustment": "other",
    "platform_earning": "other",
}
_NOT_PAID: Final = {"failed", "canceled"}


class _Cells:
    """The cells of a row by the plain names of their columns."""

    def __init__(self, table: Table, row: Row) -> None:
        self._table = table
        self._row = row
        self.number = row.number

    def said(self, *names: str) -> str:
        return next((text for name in names if (text := cell(self._row, self._table.place(name)))), "")


def statements(table: Table, given: Given) -> tuple[Statement, ...]:
    """Return a statement per connected account and currency."""
    groups: dict[tuple[str, str], list[Draft]] = {}
    for account, draft in _drafts(table, given):
        groups.setdefault((account or "stripe", draft.currency), []).append(draft)
    book = Book(given, "stripe", "provider")
    if not groups:
        return (book.statement(Head(account="stripe"), ()),)
    return tuple(
        book.statement(Head(account=account, currency=code), drafts)
        for (account, code), drafts in groups.items()
    )


def _drafts(table: Table, given: Given) -> Iterator[tuple[str, Draft]]:
    for row in table.below:
        if not any(one.strip() for one in row.cells):
            continue
        cells = _Cells(table, row)
        account = cells.said("connectedaccountid", "connectedaccount")
        if table.has("arrivaldate"):
            if cells.said("status") not in _NOT_PAID:
                yield account, _payout(cells, given)
        else:
            yield account, _transaction(table, cells, given)


def _transaction(table: Table, cells: _Cells, given: Given) -> Draft:
    code = currency(cells.said("currency"), cells.number)
    in_minor_units = table.has("availableon") and table.has("amount")
    gross, fee, net = (
        _figure(cells, names, code if in_minor_units else None)
        for names in (("gross", "amount"), ("fee", "fees"), ("net",))
    )
    if EXACT.subtract(gross, fee) != net:
        raise unreadable("net_is_not_amount_less_fee", cells.number, net=net, amount=gross, fee=fee)
    said = cells.said("reportingcategory", "type").lower()
    available = cells.said("availableonutc", "availableon(utc)", "availableon")
    source = cells.said("source", "sourceid", "chargeid")
    payout = cells.said("payoutid", "automaticpayoutid", "transfer")
    return Draft(
        booked_on=_day(cells, given, "createdutc", "created(utc)", "created"),
        value_on=moments.day(available, given.zone, said_in=UTC, row=cells.number) if available else None,
        amount=gross,
        currency=code,
        kind=_KINDS.get(said, "other"),
        fee=fee,
        payer=cells.said("customername", "cardname"),
        reference=cells.said("paymentmetadata[orderid]") or source,
        bank_reference=cells.said("balancetransactionid", "id"),
        text=cells.said("description") or said,
        payout=payout or (source if _KINDS.get(said) == "payout" else ""),
    )


def _payout(cells: _Cells, given: Given) -> Draft:
    code = currency(cells.said("currency"), cells.number)
    paid = minor(cells.said("amount"), _DIGITS.get(code, digits(code)), cells.number)
    arrival = cells.said("arrivaldate")
    return Draft(
        booked_on=_day(cells, given, "created"),
        # The arrival is a day of the bank, not a moment.
        value_on=moments.day(arrival[:10], given.zone, row=cells.number) if arrival else None,
        amount=negated(paid),
        currency=code,
        kind="payout",
        reference=cells.said("id"),
        bank_reference=cells.said("balancetransactionid"),
        text=cells.said("description", "statementdescriptor"),
        payout=cells.said("id"),
    )


def _figure(cells: _Cells, names: tuple[str, ...], code: str | None) -> Decimal:
    said = cells.said(*names)
    if not said:
        raise unreadable("no_amount", cells.number)
    if code is None:
        return amount(said, cells.number)
    return minor(said, _DIGITS.get(code, digits(code)), cells.number)


def _day(cells: _Cells, given: Given, *names: str) -> date:
    return moments.day(cells.said(*names), given.zone, said_in=UTC, row=cells.number)
