"""Tables of lines that banks export: the known Chinese ones and any with headers that are known."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from soms.billing.statements import columns
from soms.billing.statements.days import Days
from soms.billing.statements.drafting import Book, Draft, Given, Head
from soms.billing.statements.figures import currency, digits, negated
from soms.billing.statements.model import Statement
from soms.billing.statements.refusals import Unreadable, unreadable
from soms.billing.statements.running import around
from soms.billing.statements.sums import Sums
from soms.billing.statements.tables import Row, Table, cell, plain

_SUMMED: Final = re.compile(
    r"(人民币|外币|本页|本期)?(合计|总计|小计|累计|共计|期初|期末|承前|以上)|((sub)?total|sum|opening|closing|balance)\b",
    re.IGNORECASE,
)
_ACCOUNT: Final = re.compile(
    r"(?:账号|卡号|账户|account|accountnumber|accountno\.?|iban)[:：](.*)", re.IGNORECASE
)
_CURRENCY: Final = re.compile(r"(?:币种|货币|币别|currency)[:：](.*)", re.IGNORECASE)
_MONTH: Final = re.compile(r"([0-9]{4})年([0-9]{1,2})月", re.ASCII)


@dataclass(frozen=True)
class Bank:
    """What is known of a bank's table: the headers that tell it, and how it differs from others."""

    source: str
    told_by: tuple[str, ...]
    currency: str = ""
    day_first: bool | None = None
    owed: bool = False  # a card's table counts what is owed: its plus is a debit


BANKS: Final = (
    Bank("icbc", ("记账金额(收入)", "记账金额(支出)", "记账币种"), "CNY"),
    Bank("abc", ("本次余额", "交易附言"), "CNY"),
    Bank("bocom", ("借贷", "交易地点", "交易类型"), "CNY"),
    Bank("cmb", ("联机余额", "客户摘要"), "CNY"),
    Bank("cmb", ("人民币金额", "卡号末四位"), "CNY", owed=True),
    Bank("boc", ("借记卡号", "交易名称"), "CNY"),
    Bank("ccb", ("记账日", "账户余额", "支出", "收入"), "CNY"),
    Bank("hsbc", ("billingamount", "billingcurrency"), day_first=True),
)
_ANY: Final = Bank("csv", ())


def bank_of(table: Table) -> Bank:
    """Return which bank's table this is, or one that is known by nothing but its headers."""
    return next((bank for bank in BANKS if table.has(*bank.told_by)), _ANY)


def statements(table: Table, given: Given) -> tuple[Statement, ...]:
    """Return a statement per account and currency, in the order of their first lines."""
    bank = bank_of(table)
    reader = _Reader(table, bank, given)
    groups: dict[tuple[str, str], list[tuple[Draft, Decimal | None]]] = {}
    for account, draft, balance in reader.lines():
        groups.setdefault((account, draft.currency), []).append((draft, balance))
    book = Book(given, bank.source, "bank")
    if not groups:
        return (book.statement(Head(account=reader.account, currency=reader.currency), ()),)
    return tuple(
        book.statement(_head(account, code, lines), (draft for draft, _ in lines))
        for (account, code), lines in groups.items()
    )


class _Reader:
    """Reads the rows of one table."""

    def __init__(self, table: Table, bank: Bank, given: Given) -> None:
        self._bank = bank
        self._places = columns.places(table)
        self._texts = columns.texts(table)
        self.account = _above(table, _ACCOUNT)
        said = _above(table, _CURRENCY)
        self.currency = _code(said, table.header.number) if said else bank.currency or given.currency
        self._rows = [row for row in table.below if self._is_line(row)]
        sides = [self._cell(row, field) for row in self._rows for field in ("amount", "credit", "debit")]
        codes = {self._code(row) for row in self._rows}
        self._sums = Sums(sides, digits=max((digits(code) for code in codes if code), default=2))
        month = _MONTH.search(" ".join(one for row in table.above for one in row.cells))
        self._days = Days(
            (self._cell(row, field) for row in self._rows for field in ("booked", "valued")),
            day_first=bank.day_first,
            until=(int(month[1]), int(month[2])) if month else None,
        )
        signed = [self._cell(row, "amount") for row in self._rows]
        debits = [told for row in self._rows if (told := self._cell(row, "debit"))]
        # Most banks write what went out without a sign in its column, some with one on every amount.
        self._debits_signed = bool(debits) and all(told.startswith(("-", "−")) for told in debits)
        self._signed = any(re.match(r"\s*[-−(]", one) or one.rstrip().endswith("-") for one in signed)

    def lines(self) -> Iterator[tuple[str, Draft, Decimal | None]]:
        """Yield account, draft and running balance of each booked row."""
        for row in self._rows:
            if self._cell(row, "status").casefold() in columns.NOT_BOOKED:
                continue
            amount = self._amount(row)
            said = dict.fromkeys(" ".join(cell(row, place).split()) for place in self._texts)
            draft = Draft(
                booked_on=self._days.read(self._cell(row, "booked"), row.number),
                value_on=self._valued(row),
                amount=negated(amount) if self._bank.owed else amount,
                currency=self._code(row),
                payer=self._cell(row, "payer"),
                payer_account=self._cell(row, "payer_account"),
                reference=self._cell(row, "reference"),
                bank_reference=self._cell(row, "bank_reference"),
                text="\n".join(one for one in said if one),
            )
            yield self._cell(row, "account") or self.account, draft, self._balance(row)

    def _is_line(self, row: Row) -> bool:
        booked = self._cell(row, "booked")
        dated = bool(re.search(r"[0-9]", booked)) and not _SUMMED.match(booked)
        amounts = any(self._cell(row, field) for field in ("amount", "credit", "debit"))
        if dated and amounts:
            return True
        if any(_SUMMED.match(one.strip()) for one in row.cells) or not (dated or amounts):
            return False  # a sum, a balance, a remark, or nothing
        if dated:
            raise unreadable("no_amount", row.number)
        raise unreadable("bad_date" if booked else "no_date", row.number, text=booked)

    def _cell(self, row: Row, field: str) -> str:
        return cell(row, self._places.get(field))

    def _code(self, row: Row) -> str:
        said = self._cell(row, "currency")
        return _code(said, row.number) if said else self.currency

    def _amount(self, row: Row) -> Decimal:
        if "amount" in self._places:
            return self._directed(row, self._sums.read(self._cell(row, "amount"), row.number))
        credit, debit = (
            self._sums.read(told, row.number) if (told := self._cell(row, side)) else Decimal(0)
            for side in ("credit", "debit")
        )
        if credit and debit:
            raise unreadable("both_sides", row.number)
        if debit and not self._debits_signed:
            debit = negated(debit)
        return credit or debit

    def _directed(self, row: Row, amount: Decimal) -> Decimal:
        said = plain(self._cell(row, "direction"))
        if self._signed or "direction" not in self._places:
            return amount
        if said in columns.IN:
            return amount
        if said in columns.OUT:
            return negated(amount)
        raise unreadable("no_direction", row.number, text=said)

    def _valued(self, row: Row) -> date | None:
        said = self._cell(row, "valued")
        return self._days.read(said, row.number) if said else None

    def _balance(self, row: Row) -> Decimal | None:
        said = self._cell(row, "balance")
        try:
            return self._sums.read(said, row.number) if said else None
        except Unreadable:
            return None  # balances are often masked; then nothing is said about them


def _head(account: str, code: str, lines: list[tuple[Draft, Decimal | None]]) -> Head:
    opening, closing = around([(draft.booked_on, draft.amount, balance) for draft, balance in lines])
    return Head(account=account, currency=code, opening=opening, closing=closing)


def _above(table: Table, sought: re.Pattern[str]) -> str:
    for row in table.above:
        for place, one in enumerate(row.cells):
            if match := sought.fullmatch(re.sub(r"[\s]+", "", one)):
                following = row.cells[place + 1] if place + 1 < len(row.cells) else ""
                return (match[1] or following).strip()
    return ""


def _code(text: str, row: int) -> str:
    text = text.strip()
    return columns.CODES.get(text.upper()) or currency(text, row)
