"""Shopify's tender transactions: what customers paid and were given back, by any method."""

from collections.abc import Iterator
from datetime import UTC
from typing import Final

from soms.billing.statements import moments
from soms.billing.statements.drafting import Book, Draft, Given, Head
from soms.billing.statements.figures import amount, currency
from soms.billing.statements.model import Statement
from soms.billing.statements.refusals import unreadable
from soms.billing.statements.tables import Table, cell

_TRUE: Final = {"true", "1", "yes"}


def statements(table: Table, given: Given) -> tuple[Statement, ...]:
    """Return a statement per currency; test payments are left out."""
    groups: dict[str, list[Draft]] = {}
    for draft in _drafts(table, given):
        groups.setdefault(draft.currency, []).append(draft)
    book = Book(given, "shopify", "provider")
    if not groups:
        return (book.statement(Head(account="shopify"), ()),)
    return tuple(
        book.statement(Head(account="shopify", currency=code), drafts) for code, drafts in groups.items()
    )


def _drafts(table: Table, given: Given) -> Iterator[Draft]:
    for row in table.below:
        said = {name: cell(row, place) for place, name in enumerate(table.names)}
        if not any(said.values()) or said.get("test", "").lower() in _TRUE:
            continue
        if not said["amount"]:
            raise unreadable("no_amount", row.number)
        value = amount(said["amount"], row.number)
        company, number = "paymentdetailscreditcardcompany", "paymentdetailscreditcardnumber"
        yield Draft(
            booked_on=moments.day(said.get("processedat", ""), given.zone, said_in=UTC, row=row.number),
            amount=value,
            currency=currency(said["currency"], row.number),
            kind="refund" if value < 0 else "capture",
            payer_account=said.get(number, ""),
            reference=said["orderid"],
            bank_reference=said["remotereference"] or said["id"],
            text=" ".join(part for part in (said["paymentmethod"], said.get(company, "")) if part),
        )
