"""What is printed, in Chinese and English: labels, rows, tables, figures; papers, which are made of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal

from soms.billing.model import Bank, Party
from soms.billing.paper import capitals
from soms.kit import ids, money
from soms.kit.fields import Frozen

IN_CAPITALS: Final = "CNY"
"""The currency whose amounts are written in capitals, too."""
SUFFIX: Final = 10
"""Characters of a paper's number that tell it apart: 50 bits of its id."""


@dataclass(frozen=True)
class Label:
    """The same words twice."""

    zh: str
    en: str

    def __str__(self) -> str:
        """Return both beside each other, for where a value is said in words."""
        return f"{self.zh} {self.en}".strip()


class Row(Frozen):
    """A label and what it stands for; an important one is set off."""

    label: Label
    value: str
    important: bool = False


class Column(Frozen):
    """A column of a table: `wide` takes what is left, `narrow` is for a short word, `figure` is set right."""

    label: Label
    kind: Literal["wide", "word", "narrow", "figure"] = "word"


class Table(Frozen):
    """Rows of cells; `notes` has a small line for each row, below what stands in its wide column."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


class PaperKind(StrEnum):
    """What a paper is."""

    STATEMENT = "statement"
    RECEIPT = "receipt"
    DUNNING = "dunning"
    DELIVERY_NOTE = "delivery_note"
    ORDER_CONFIRMATION = "order_confirmation"


PREFIXES: Final = {
    PaperKind.STATEMENT: "ST",
    PaperKind.RECEIPT: "RC",
    PaperKind.DUNNING: "DL",
    PaperKind.DELIVERY_NOTE: "DN",
    PaperKind.ORDER_CONFIRMATION: "OC",
}


class Head(Frozen):
    """Between whom a paper is, in which currency, and when it is made."""

    customer_id: str
    seller: Party
    buyer: Party
    currency: str
    issued_on: date
    recorded_at: datetime


class Content(Frozen):
    """What a paper shows below its head; `total` is its one amount, `in_words` the same in capitals."""

    title: Label
    facts: tuple[Row, ...]
    opening: tuple[Label, ...] = ()
    table: Table
    aside: Table | None = None
    totals: tuple[Row, ...] = ()
    total: str | None = None
    in_words: str | None = None
    payment: tuple[Row, ...] = ()
    closing: tuple[Label, ...] = ()
    signatures: tuple[Label, ...] = ()


class Paper(Head, Content):
    """A paper as it was made: the same content is the same paper, whenever it is asked for."""

    id: str
    kind: PaperKind
    number: str
    order_id: str | None = None
    payment_id: str | None = None
    shipment_id: str | None = None


def row(zh: str, en: str, value: str | None, *, important: bool = False) -> Row:
    """Return a row; without a value it is empty."""
    return Row(label=Label(zh, en), value=value or "", important=important)


def said(*rows: Row) -> tuple[Row, ...]:
    """Return the rows that say something."""
    return tuple(one for one in rows if one.value)


def table(columns: Iterable[Column], rows: Iterable[Iterable[str]], notes: Iterable[str] = ()) -> Table:
    """Return a table of these rows."""
    return Table(columns=tuple(columns), rows=tuple(tuple(cells) for cells in rows), notes=tuple(notes))


def figure(zh: str, en: str) -> Column:
    """Return a column of figures."""
    return Column(label=Label(zh, en), kind="figure")


def word(zh: str, en: str) -> Column:
    """Return a column as wide as its words."""
    return Column(label=Label(zh, en))


def wide(zh: str, en: str) -> Column:
    """Return the column that takes what the others leave."""
    return Column(label=Label(zh, en), kind="wide")


def amount(value: Decimal, currency: str) -> str:
    """Write an amount with the currency's digits, thousands apart."""
    return f"{Decimal(money.text(value, currency)):,f}".replace("-", "−")


def amount_of(value: Decimal, currency: str) -> str:
    """Write an amount with its currency before it."""
    return f"{currency} {amount(value, currency)}"


def in_words(value: Decimal, currency: str) -> str | None:
    """Write an amount of RMB in capitals, as a bill must; None for other currencies."""
    return f"人民币{capitals.rmb(value)}" if currency == IN_CAPITALS else None


def bank_rows(bank: Bank | None, holder: str) -> tuple[Row, ...]:
    """Return where to pay to, as far as it is known; nothing without a bank."""
    if bank is None:
        return ()
    return said(
        row("收款户名", "Account holder", holder),
        row("开户银行", "Bank", bank.name),
        row("银行账号", "Account no.", bank.account, important=True),
        row("联行号 / SWIFT", "Bank code", bank.code),
    )


def made(
    kind: PaperKind,
    head: Head,
    content: Content,
    *,
    order_id: str | None = None,
    payment_id: str | None = None,
    shipment_id: str | None = None,
) -> Paper:
    """Return the paper of this content; its id and number follow from that, not from when it was made."""
    subjects = {"order_id": order_id, "payment_id": payment_id, "shipment_id": shipment_id}
    # What is not said does not count, so that papers stay the same when they can say more.
    said = [
        head.model_dump_json(exclude={"issued_on", "recorded_at"}, exclude_defaults=True),
        content.model_dump_json(exclude_defaults=True),
    ]
    name = ids.derived("pap", kind, *(one or "" for one in subjects.values()), *said)
    number = f"{PREFIXES[kind]}-{head.issued_on:%Y-%m}-{name[-SUFFIX:].upper()}"
    parts = dict(head) | dict(content) | subjects
    return Paper(id=name, kind=kind, number=number, **parts)
