"""What is sold, as invoices, credit notes and order confirmations print it: lines, taxes, sums."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, Protocol

from soms.billing.model import DocumentLine, TaxGroup
from soms.billing.paper import categories
from soms.billing.paper.printed import (
    Column,
    Label,
    Row,
    Table,
    amount,
    amount_of,
    figure,
    row,
    table,
    wide,
    word,
)
from soms.kit import money

_CATEGORIES: Final = {
    "S": Label("标准税率", "Standard rate"),
    "Z": Label("零税率", "Zero rate"),
    "E": Label("免税", "Exempt"),
    "AE": Label("反向征收", "Reverse charge"),
    "K": Label("欧盟内供货", "Intra-community supply"),
    "G": Label("出口", "Export"),
    "O": Label("不征税", "Not subject to tax"),
}


class Sold(Protocol):
    """Lines with their taxes and sums, as every document has them."""

    @property
    def currency(self) -> str:
        """The one currency of all amounts."""

    @property
    def includes_tax(self) -> bool:
        """Whether unit prices include tax."""

    @property
    def lines(self) -> Sequence[DocumentLine]:
        """The lines."""

    @property
    def tax_groups(self) -> Sequence[TaxGroup]:
        """The tax by category, rate and reason."""

    @property
    def net(self) -> Decimal:
        """The sum without tax."""

    @property
    def tax(self) -> Decimal:
        """The sum of the tax."""

    @property
    def total(self) -> Decimal:
        """The sum with tax."""


def lines(document: Sold) -> Table:
    """Return the table of what is sold, with SKUs; discounts only where there are any."""
    is_discounted = _is_discounted(document)
    price = figure("含税单价", "Price incl. tax") if document.includes_tax else figure("单价", "Unit price")
    last = figure("含税金额", "Gross amount") if document.includes_tax else figure("金额", "Net amount")
    discount = [figure("折扣", "Discount")] if is_discounted else []
    columns = [*of_goods(), price, *discount, figure("税率", "Tax"), last]
    return table(
        columns,
        (_cells(line, document, is_discounted=is_discounted) for line in document.lines),
        (line.sku for line in document.lines),
    )


def of_goods() -> list[Column]:
    """Return the columns that say how much of what."""
    return [
        word("序号", "No."),
        wide("商品", "Description"),
        figure("数量", "Quantity"),
        Column(label=Label("单位", "Unit"), kind="narrow"),
    ]


def taxes(document: Sold) -> Table:
    """Return the table of taxes."""
    columns = [
        wide("税目", "Tax"),
        figure("税率", "Rate"),
        figure("计税金额", "Taxable"),
        figure("税额", "Tax amount"),
    ]
    return table(columns, (_tax(group, document.currency) for group in document.tax_groups))


def sums(document: Sold, words: Label) -> tuple[Row, ...]:
    """Return the sums as they follow from one another: tax comes on top of the net or is in the total."""
    discount = sum((line.discount for line in document.lines), Decimal(0))
    due = document.total if document.includes_tax else document.net
    subtotal = ("含税小计", "Subtotal incl. tax") if document.includes_tax else ("小计", "Subtotal")
    currency = document.currency
    before = [
        row(*subtotal, amount(due + discount, currency)),
        row("折扣", "Discount", amount(-discount, currency)),
    ]
    return (
        *(before if _is_discounted(document) else []),
        row("不含税金额", "Net amount", amount(document.net, currency)),
        row("税额", "Tax", amount(document.tax, currency)),
        Row(label=words, value=amount_of(document.total, currency), important=True),
    )


def _is_discounted(document: Sold) -> bool:
    return any(line.discount for line in document.lines)


def _cells(line: DocumentLine, document: Sold, *, is_discounted: bool) -> list[str]:
    currency = document.currency
    price = f"{Decimal(money.price_text(line.unit_price, currency)):,f}"
    discount = [amount(line.discount, currency) if line.discount else "–"] if is_discounted else []
    due = line.gross if document.includes_tax else line.net
    quantity = [f"{line.quantity:,}", line.unit] if line.quantity else ["–", ""]
    name = line.name if line.quantity else f"{line.name} · 价格折让 Price allowance"
    return [str(line.line), name, *quantity, price, *discount, _rate(line), amount(due, currency)]


def _tax(group: TaxGroup, currency: str) -> list[str]:
    code, _ = categories.code_and_rate(group)
    name = str(_CATEGORIES.get(code, Label(code, ""))) + (f" · {group.reason}" if group.reason else "")
    return [name, _rate(group), amount(group.net, currency), amount(group.tax, currency)]


def _rate(taxed: TaxGroup | DocumentLine) -> str:
    code, rate = categories.code_and_rate(taxed)
    return "–" if code == "O" else f"{categories.percent(rate)}%"
