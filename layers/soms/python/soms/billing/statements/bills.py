"""What the bills of Alipay and WeChat Pay have in common: China's time, yuan, an account above the rows."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

from soms.billing.statements import moments
from soms.billing.statements.drafting import Given
from soms.billing.statements.model import LineKind
from soms.billing.statements.refusals import unreadable
from soms.billing.statements.sums import Sums
from soms.billing.statements.tables import Row, Table, cell

# A neutral row counts only where its words say which way the money went; the rest moves within the wallet.
_NEUTRAL: Final[tuple[tuple[str, LineKind, bool], ...]] = (
    ("退款", "refund", True),
    ("提现", "payout", False),
    ("充值", "other", True),
    ("还款", "other", False),
)
_TIMES: Final = ("交易时间", "完成时间", "付款时间", "交易创建时间", "创建时间", "发生时间", "记账时间")
_TIME: Final = re.compile(r"[0-9]{4}[-/]|[0-9]{5}(\.|$)", re.ASCII)
_FOOTER: Final = re.compile(r"(资金流水)?总|合计|#|-{3}")
_FIGURES: Final = re.compile(r"金额|实收|服务费|手续费|余额|结余")


def neutral(words: str) -> tuple[LineKind, bool] | None:
    """Return the kind of a row that is neither income nor expense, and whether money came in, or None."""
    return next(((kind, came_in) for word, kind, came_in in _NEUTRAL if word in words), None)


class Bill:
    """The rows of a bill, its cells by the plain names of their columns."""

    def __init__(self, table: Table, given: Given, account: re.Pattern[str]) -> None:
        self._table = table
        self._zone = given.zone
        self.account = _account(table, account)
        figures = [place for place, name in enumerate(table.names) if _FIGURES.search(name)]
        self.rows = tuple(self._lines())
        self._sums = Sums(cell(row, place) for row in self.rows for place in figures)

    def has(self, *names: str) -> bool:
        """Tell whether the bill has these columns."""
        return self._table.has(*names)

    def said(self, row: Row, *names: str) -> str:
        """Return the first text that is not empty in the columns of these names."""
        return next((text for name in names if (text := cell(row, self._table.place(name)))), "")

    def amount(self, row: Row, *names: str) -> Decimal:
        """Return the amount in one of these columns, or refuse the row."""
        said = self.said(row, *names)
        if not said:
            raise unreadable("no_amount", row.number)
        return self._sums.read(said, row.number)

    def day(self, row: Row, *names: str) -> date:
        """Return the company's day of a time in one of these columns; the bills write China's time."""
        return moments.day(self.said(row, *names), self._zone, said_in=moments.CHINA, row=row.number)

    def _lines(self) -> Iterator[Row]:
        for row in self._table.below:
            first = next((one.strip() for one in row.cells if one.strip()), "")
            if _FOOTER.match(first):
                return
            time = self.said(row, *_TIMES)
            if first and not _TIME.match(time):
                raise unreadable("bad_date", row.number, text=time or first)
            if first:
                yield row


def _account(table: Table, sought: re.Pattern[str]) -> str:
    for row in table.above:
        for one in row.cells:
            if match := sought.fullmatch(one.strip()):
                return match[1].strip(" \t[]【】")
    return ""
