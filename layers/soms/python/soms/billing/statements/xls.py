"""Workbooks of Excel 97 to 2003, by xlrd: the text of their cells, numbers as the workbook shows them."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from typing import Final

import xlrd

from soms.billing.statements.refusals import Unreadable, unreadable
from soms.billing.statements.tables import Row, checked
from soms.billing.statements.xlsx import number

_ZERO: Final = date(1899, 12, 30)


def sheets(content: bytes) -> Iterator[list[Row]]:
    """Yield the rows of each sheet, in the order of the workbook."""
    try:
        book = xlrd.open_workbook(file_contents=content, logfile=StringIO(), ragged_rows=True)
        if book.datemode:
            raise unreadable("dates_from_1904")
        for sheet in book.sheets():
            yield list(checked(_rows(sheet)))
    except Unreadable:
        raise
    except Exception as error:  # noqa: BLE001 - a damaged workbook fails in xlrd in any way
        raise unreadable("damaged", what=type(error).__name__) from None


def _rows(sheet: xlrd.sheet.Sheet) -> Iterator[Row]:
    for at in range(sheet.nrows):
        yield Row(at + 1, [_text(cell) for cell in sheet.row(at)])


def _text(cell: xlrd.sheet.Cell) -> str:
    if cell.ctype == xlrd.XL_CELL_TEXT:
        return str(cell.value)
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        return number(f"{Decimal(repr(cell.value))}")
    if cell.ctype == xlrd.XL_CELL_DATE:
        return (_ZERO + timedelta(days=int(cell.value))).isoformat()
    return ""
