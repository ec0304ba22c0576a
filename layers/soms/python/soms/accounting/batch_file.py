"""The file of a journal batch: a row an entry, totals by currency; the same bytes whenever it is made."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from soms.accounting.model import Posted, Sums
from soms.kit import money
from soms.kit.problems import Words

COLUMNS: Final = (
    *("batch", "entry", "date", "wanted_date", "document_kind", "document_number", "document_id"),
    *("account", "account_name_en", "account_name_zh", "customer", "currency", "debit", "credit", "text"),
)
BOM: Final = "\ufeff"
"""What tells spreadsheets that the file is UTF-8."""
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would run."""


def render(
    batch: str, documents: Sequence[Posted], names: Mapping[str, Words], totals: Mapping[str, Sums]
) -> bytes:
    """Return the file as UTF-8 with a byte order mark, comma-separated (RFC 4180)."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for number, document in enumerate(documents, start=1):
        writer.writerows(map(_safe, row) for row in _rows(batch, number, document, names))
    for currency, of in sorted(totals.items()):
        count = f"{len(documents)} documents"
        writer.writerow([batch, "total", *[""] * 9, currency, *_amounts(of, currency), count])
    return (BOM + text.getvalue()).encode()


def _rows(
    batch: str, number: int, document: Posted, names: Mapping[str, Words]
) -> Iterable[Sequence[str]]:
    head = (
        *(batch, str(number), str(document.posted_on), str(document.wanted_on or "")),
        *(document.kind, document.number or "", document.id),
    )
    for (account, currency), of in document.lines.items():
        named = names.get(account, (account, account))
        whose = document.customer_id or ""
        yield (*head, account, *named, whose, currency, *_amounts(of, currency), _text(document))


def _amounts(of: Sums, currency: str) -> tuple[str, str]:
    return money.text(of.debit, currency), money.text(of.credit, currency)


def _text(document: Posted) -> str:
    """Return what a document says of itself: its reference, its reason, the invoices it concerns."""
    said = (document.reference, document.reason, document.invoice_number)
    numbers = (one.number for one in document.portions)
    return " ".join(dict.fromkeys(one for one in (*said, *numbers) if one))


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell
