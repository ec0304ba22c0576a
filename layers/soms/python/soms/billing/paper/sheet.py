"""What the printed page of a document or paper says in Chinese and English: words and figures, no layout."""

from typing import Final

from soms.billing.model import Document, DocumentKind, Party
from soms.billing.paper import glyphs, printed, sold
from soms.billing.paper.printed import Label, Paper, Row, Table, amount_of, row
from soms.kit import money
from soms.kit.fields import Frozen


class Block(Frozen):
    """A party: who, and the lines under the name."""

    label: Label
    name: str
    details: tuple[str, ...]


class Sheet(Frozen):
    """Everything the template sets; `incomplete` is said where a character cannot be shown."""

    title: Label
    notice: Label
    number: str
    seller: Block
    buyer: Block
    facts: tuple[Row, ...]
    remark: tuple[Row, ...] = ()
    opening: tuple[Label, ...] = ()
    table: Table
    aside: Table | None = None
    totals: tuple[Row, ...] = ()
    in_words: tuple[Row, ...] = ()
    payment: tuple[Row, ...] = ()
    closing: tuple[Label, ...] = ()
    signatures: tuple[Label, ...] = ()
    code_text: str
    code_caption: Label = Label("扫码核对", "Scan to verify")
    incomplete: Label


_TITLES: Final = {
    DocumentKind.INVOICE: Label("商业发票", "Commercial invoice"),
    DocumentKind.CREDIT_NOTE: Label("贷项通知单", "Credit note"),
}
_NOTICES: Final = {
    DocumentKind.INVOICE: Label("商业发票，非税务发票", "Commercial invoice, not a tax invoice"),
    DocumentKind.CREDIT_NOTE: Label("贷项通知单，非税务发票", "Credit note, not a tax invoice"),
}
_TOTALS: Final = {
    DocumentKind.INVOICE: Label("价税合计", "Total"),
    DocumentKind.CREDIT_NOTE: Label("贷记总额", "Total credited"),
}
_SELLER: Final = Label("卖方", "Seller")


def sheet(document: Document, *, digest: str) -> Sheet:
    """Write out a document; `digest` is the SHA-256 of its XML, which ties the two files together."""
    return Sheet(
        title=_TITLES[document.kind],
        notice=_NOTICES[document.kind],
        number=document.number,
        seller=_block(_SELLER, document.seller),
        buyer=_block(Label("买方", "Bill to"), document.buyer),
        facts=_facts(document),
        remark=printed.said(row("原因", "Reason", document.reason)),
        table=sold.lines(document),
        aside=sold.taxes(document),
        totals=sold.sums(document, _TOTALS[document.kind]),
        in_words=_in_words(printed.in_words(document.total, document.currency)),
        payment=_payment(document),
        code_text=_code_text(document, digest),
        incomplete=Label(
            f"无法显示的字符以 {glyphs.MISSING} 代替，原文见 XML 文件。",
            f"Characters that cannot be shown here appear as {glyphs.MISSING}; the XML file has them.",
        ),
    )


def of_paper(paper: Paper) -> Sheet:
    """Write out a paper, which says itself what it shows."""
    return Sheet(
        title=paper.title,
        notice=paper.title,
        number=paper.number,
        seller=_block(_SELLER, paper.seller),
        buyer=_block(Label("客户", "Customer"), paper.buyer),
        facts=(
            row("编号", "No.", paper.number, important=True),
            row("开具日期", "Issue date", paper.issued_on.isoformat()),
            *paper.facts,
        ),
        opening=paper.opening,
        table=paper.table,
        aside=paper.aside,
        totals=paper.totals,
        in_words=_in_words(paper.in_words),
        payment=paper.payment,
        closing=paper.closing,
        signatures=paper.signatures,
        code_text=_paper_code_text(paper),
        incomplete=Label(
            f"无法显示的字符以 {glyphs.MISSING} 代替，原文以系统记录为准。",
            f"Characters that cannot be shown here appear as {glyphs.MISSING}; our records have them.",
        ),
    )


def _block(label: Label, party: Party) -> Block:
    place = ", ".join(filter(None, [" ".join(filter(None, [party.postal_code, party.city])), party.country]))
    reach = " · ".join(filter(None, [party.phone, party.email]))
    tax_id = f"税号 Tax ID  {party.tax_id}" if party.tax_id else ""
    details = filter(None, [*party.address, place, tax_id, reach])
    return Block(label=label, name=party.name, details=tuple(details))


def _facts(document: Document) -> tuple[Row, ...]:
    if document.kind is DocumentKind.INVOICE:
        facts = [
            row("发票号码", "Invoice no.", document.number, important=True),
            row("开票日期", "Issue date", document.issued_on.isoformat()),
            row("到期日期", "Due date", document.due_on.isoformat(), important=True),
        ]
    else:
        facts = [
            row("通知单号码", "Credit note no.", document.number, important=True),
            row("开具日期", "Issue date", document.issued_on.isoformat()),
            row("对应发票", "For invoice", document.invoice_number or "—", important=True),
        ]
    return (
        *facts,
        row("订单号", "Order no.", document.order_number),
        row("币种", "Currency", document.currency),
    )


def _in_words(written: str | None) -> tuple[Row, ...]:
    return printed.said(row("金额大写", "In words", written, important=True))


def _payment(document: Document) -> tuple[Row, ...]:
    if document.kind is DocumentKind.CREDIT_NOTE:
        return ()
    return (
        row("付款附言", "Payment reference", document.payment_reference or document.number, important=True),
        row("应付金额", "Amount due", amount_of(document.total, document.currency)),
        row("付款期限", "Pay by", document.due_on.isoformat()),
        *printed.bank_rows(document.bank, document.seller.name),
    )


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


def _paper_code_text(paper: Paper) -> str:
    total = f"{paper.currency} {paper.total}" if paper.total else None
    return "\n".join(filter(None, [paper.number, total, paper.issued_on.isoformat(), paper.id]))
