"""A bank statement made up for the demonstration: it says so in every line, and pays real invoices."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

ACCOUNT = "GB00DEMO00000001"
MARK = "GENERATED 生成数据"
NAME = "generated-statement.csv"
_COLUMNS = ("Account", "Booking date", "Amount", "Currency", "Payer", "Bank reference", "Description")


@dataclass(frozen=True)
class Line:
    """One line of the statement; what comes in is positive."""

    reference: str
    amount: Decimal
    payer: str
    text: str


def statement(lines: Sequence[Line], day: date, currency: str) -> bytes:
    """Write the statement of a day as CSV in UTF-8 with BOM; the same lines are the same bytes."""
    written = io.StringIO(newline="")
    table = csv.writer(written)
    table.writerow(_COLUMNS)
    for line in lines:
        text = f"{line.text} ({MARK})"
        table.writerow(
            (ACCOUNT, day.isoformat(), f"{line.amount:.2f}", currency, line.payer, line.reference, text)
        )
    return written.getvalue().encode("utf-8-sig")
