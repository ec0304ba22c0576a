"""What the printed page of a document says in Chinese and English: words and written figures, no layout."""

from decimal import Decimal
from typing import Final, NamedTuple, TypedDict

from soms.billing import categories
from soms.billing.model import Document, DocumentKind, DocumentLine, Party, TaxGroup
from soms.kit import money


class Label(NamedTuple):
    """The same words twice."""

    zh: str
    en: str


class Row(TypedDict):
    """A label and what it stands for; an important one is set off."""

    label: Label
    value: str
    important: bool


class Block(TypedDict):
    """A party: who, and the lines under the name."""

    label: Label
    name: str
    details: list[str]


class Sheet(TypedDict):
    """Everything the template sets."""

    title: Label
    notice: Label
    number: str
    seller: Block
    buyer: Block
    facts: list[Row]
    remark: list[Row]
    columns: list[Label]
    lines: list[list[str]]
    skus: list[str]
    tax_columns: list[Label]
    tax_rows: list[list[str]]
    totals: list[Row]
    payment: list[Row]
    code_text: str
    code_caption: Label


_TITLES: Final = {
    DocumentKind.INVOICE: Label("商业发票", "Commercial invoice"),
    DocumentKind.CREDIT_NOTE: Label("贷项通知单", "Credit note"),
}
_NOTICES: Final = {
    DocumentKind.INVOICE: Label("商业发票，非税务发票", "Commercial invoice, not a tax invoice"),
    DocumentKind.CREDIT_NOTE: Label("贷项通知单，非税务发票", "Credit note, not a tax invoice"),
}
_CATEGORIES: Final = {
    "S": Label("标准税率", "Standard rate"),
    "Z": Label("零税率", "Zero rate"),
    "E": Label("免税", "Exempt"),
    "AE": Label("反向征收", "Reverse charge"),
    "K": Label("欧盟内供货", "Intra-community supply"),
    "G": Label("出口", "Export"),
    "O": Label("不征税", "Not subject to tax"),
}


def sheet(document: Document, *, digest: str) -> Sheet:
    """Write out a document; `digest` is the SHA-256 of its XML, which ties the two files together."""
    is_discounted = any(line.discount for line in document.lines)
    return Sheet(
        title=_TITLES[document.kind],
        notice=_NOTICES[document.kind],
        number=document.number,
        seller=_block(Label("卖方", "Seller"), document.seller),
        buyer=_block(Label("买方", "Bill to"), document.buyer),
        facts=_facts(document),
        remark=[_row("原因", "Reason", document.reason)] if document.reason else [],
        columns=_columns(document, is_discounted=is_discounted),
        lines=[_line(line, document, is_discounted=is_discounted) for line in document.lines],
        skus=[line.sku for line in document.lines],
        tax_columns=[
            Label("税目", "Tax"),
            Label("税率", "Rate"),
            Label("计税金额", "Taxable"),
            Label("税额", "Tax amount"),
        ],
        tax_rows=[_tax_row(group, document) for group in document.tax_groups],
        totals=_totals(document, is_discounted=is_discounted),
        payment=_payment(document),
        code_text=_code_text(document, digest),
        code_caption=Label("扫码核对", "Scan to verify"),
    )


def _block(label: Label, party: Party) -> Block:
    place = ", ".join(filter(None, [" ".join(filter(None, [party.postal_code, party.city])), party.country]))
    reach = " · ".join(filter(None, [party.phone, party.email]))
    tax_id = f"税号 Tax ID  {party.tax_id}" if party.tax_id else ""
    return Block(
        label=label, name=party.name, details=list(filter(None, [*party.address, place, tax_id, reach]))
    )


def _facts(document: Document) -> list[Row]:
    if document.kind is DocumentKind.INVOICE:
        facts = [
            _row("发票号码", "Invoice no.", document.number, important=True),
            _row("开票日期", "Issue date", document.issued_on.isoformat()),
            _row("到期日期", "Due date", document.due_on.isoformat(), important=True),
        ]
    else:
        facts = [
            _row("通知单号码", "Credit note no.", document.number, important=True),
            _row("开具日期", "Issue date", document.issued_on.isoformat()),
            _row("对应发票", "For invoice", document.invoice_number or "—", important=True),
        ]
    return [
        *facts,
        _row("订单号", "Order no.", document.order_number),
        _row("币种", "Currency", document.currency),
    ]


def _columns(document: Document, *, is_discounted: bool) -> list[Label]:
    price = Label("含税单价", "Price incl. tax") if document.includes_tax else Label("单价", "Unit price")
    amount = Label("含税金额", "Gross amount") if document.includes_tax else Label("金额", "Net amount")
    discount = [Label("折扣", "Discount")] if is_discounted else []
    quantity = [Label("数量", "Quantity"), Label("单位", "Unit")]
    return [
        Label("序号", "No."),
        Label("商品", "Description"),
        *quantity,
        price,
        *discount,
        Label("税率", "Tax"),
        amount,
    ]


def _line(line: DocumentLine, document: Document, *, is_discounted: bool) -> list[str]:
    price = f"{Decimal(money.price_text(line.unit_price, document.currency)):,f}"
    discount = [_amount(line.discount, document) if line.discount else "–"] if is_discounted else []
    amount = line.gross if document.includes_tax else line.net
    quantity = [f"{line.quantity:,}", line.unit]
    return [str(line.line), line.name, *quantity, price, *discount, _rate(line), _amount(amount, document)]


def _tax_row(group: TaxGroup, document: Document) -> list[str]:
    code, _ = categories.code_and_rate(group)
    words = _CATEGORIES.get(code, Label(code, ""))
    name = f"{words.zh} {words.en}".strip() + (f" · {group.reason}" if group.reason else "")
    return [name, _rate(group), _amount(group.net, document), _amount(group.tax, document)]


def _rate(taxed: TaxGroup | DocumentLine) -> str:
    code, rate = categories.code_and_rate(taxed)
    return "–" if code == "O" else f"{categories.percent(rate)}%"


def _totals(document: Document, *, is_discounted: bool) -> list[Row]:
    """Return the sums as they follow from one another: tax comes on top of the net or is in the total."""
    discount = sum((line.discount for line in document.lines), Decimal(0))
    due = document.total if document.includes_tax else document.net
    subtotal = Label("含税小计", "Subtotal incl. tax") if document.includes_tax else Label("小计", "Subtotal")
    before = [
        _row(*subtotal, _amount(due + discount, document)),
        _row("折扣", "Discount", _amount(-discount, document)),
    ]
    words = (
        ("贷记总额", "Total credited") if document.kind is DocumentKind.CREDIT_NOTE else ("价税合计", "Total")
    )
    return [
        *(before if is_discounted else []),
        _row("不含税金额", "Net amount", _amount(document.net, document)),
        _row("税额", "Tax", _amount(document.tax, document)),
        _row(*words, f"{document.currency} {_amount(document.total, document)}", important=True),
    ]


def _payment(document: Document) -> list[Row]:
    if document.kind is DocumentKind.CREDIT_NOTE:
        return []
    return [
        _row("付款附言", "Payment reference", document.payment_reference or document.number, important=True),
        _row("应付金额", "Amount due", f"{document.currency} {_amount(document.total, document)}"),
        _row("付款期限", "Pay by", document.due_on.isoformat()),
    ]


def _code_text(document: Document, digest: str) -> str:
    reference = (document.payment_reference or document.number)[:140]
    return "\n".join(
        [
            document.number,
            f"{document.currency} {money.text(document.total, document.currency)}",
            document.issued_on.isoformat(),
            reference if document.kind is DocumentKind.INVOICE else document.invoice_number or reference,
            f"SHA-256 {digest}",
        ]
    )


def _row(zh: str, en: str, value: str | None, *, important: bool = False) -> Row:
    return Row(label=Label(zh, en), value=value or "", important=important)


def _amount(amount: Decimal, document: Document) -> str:
    return f"{Decimal(money.text(amount, document.currency)):,f}".replace("-", "−")
