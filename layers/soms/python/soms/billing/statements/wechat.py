"""WeChat Pay's bills: of a person, of a merchant by transaction, and the funds of a merchant's account."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from soms.billing.statements.bills import Bill, neutral
from soms.billing.statements.drafting import Book, Draft, Given, Head
from soms.billing.statements.figures import negated
from soms.billing.statements.model import LineKind, Statement
from soms.billing.statements.refusals import unreadable
from soms.billing.statements.running import around
from soms.billing.statements.tables import Row, Table
from soms.kit.money import EXACT

_ACCOUNT: Final = re.compile(r"(?:微信昵称|微信号|商户号)[:：](.*)")
_NOTHING_MOVED: Final = re.compile(r"失败|已关闭|待支付|待付款|已取消|已撤销|revoked|closed", re.IGNORECASE)
_CHARGED: Final = re.compile(r"服务费[¥￥]?([0-9]+(?:\.[0-9]+)?)", re.ASCII)
_FUNDS: Final[tuple[tuple[str, LineKind], ...]] = (
    ("退款", "refund"),
    ("手续费", "fee"),
    ("提现", "payout"),
    ("交易", "capture"),
)


def statements(table: Table, given: Given) -> tuple[Statement, ...]:
    """Return a statement per merchant of a bill; what was closed before money moved is left out."""
    bill = Bill(table, given, _ACCOUNT)
    book = Book(given, "wechat", "provider")
    if bill.has("资金流水单号"):
        lines = list(_funds(bill))
        opening, closing = around([(line.booked_on, line.amount, balance) for line, balance in lines])
        head = Head(account=bill.account or "wechat", currency="CNY", opening=opening, closing=closing)
        return (book.statement(head, (line for line, _ in lines)),)
    if bill.has("应结订单金额"):
        groups: dict[str, list[Draft]] = {}
        for row in bill.rows:
            groups.setdefault(bill.said(row, "商户号"), []).extend(_merchants(bill, row))
        if groups:
            return tuple(
                book.statement(Head(account=one or "wechat"), lines) for one, lines in groups.items()
            )
    drafts = [draft for row in bill.rows if (draft := _persons(bill, row)) is not None]
    return (book.statement(Head(account=bill.account or "wechat", currency="CNY"), drafts),)


def _persons(bill: Bill, row: Row) -> Draft | None:
    side, said, note = bill.said(row, "收/支"), bill.said(row, "交易类型"), bill.said(row, "备注")
    if _NOTHING_MOVED.search(bill.said(row, "当前状态")):
        return None
    amount, fee = bill.amount(row, "金额(元)", "金额"), Decimal(0)
    kind: LineKind
    if side == "收入":
        kind = "refund" if "退款" in said else "transfer" if re.search(r"转账|红包", said) else "capture"
    elif side == "支出":
        kind, amount = "other", negated(amount)
    elif moved := neutral(said):
        kind, amount = moved[0], amount if moved[1] else negated(amount)
        if kind == "payout" and (charged := _CHARGED.search(note)):
            # What is withdrawn has the fee in it: the rest reaches the bank.
            fee = Decimal(charged[1])
            amount = EXACT.add(amount, fee)
    else:
        return None
    return Draft(
        booked_on=bill.day(row, "交易时间"),
        amount=amount,
        kind=kind,
        fee=fee,
        payer=bill.said(row, "交易对方"),
        reference=bill.said(row, "商户单号"),
        bank_reference=bill.said(row, "交易单号"),
        text=_joined(said, bill.said(row, "商品"), note),
    )


def _merchants(bill: Bill, row: Row) -> Iterator[Draft]:
    state = bill.said(row, "交易状态").upper()
    if _NOTHING_MOVED.search(state):
        return
    if state not in {"SUCCESS", "REFUND"}:
        raise unreadable("no_direction", row.number, text=state)
    refunded = state == "REFUND"
    amount = bill.amount(row, "退款金额" if refunded else "应结订单金额").copy_abs()
    fee = bill.amount(row, "手续费").copy_abs() if bill.said(row, "手续费") else Decimal(0)
    yield Draft(
        booked_on=bill.day(row, "交易时间"),
        amount=negated(amount) if refunded else amount,
        currency=bill.said(row, "货币种类") or "CNY",
        kind="refund" if refunded else "capture",
        # A refund gives the fee back, and the bill writes it with a minus.
        fee=negated(fee) if refunded else fee,
        payer_account=bill.said(row, "用户标识"),
        reference=bill.said(row, "商户订单号"),
        bank_reference=bill.said(row, "微信退款单号") if refunded else bill.said(row, "微信订单号"),
        text=bill.said(row, "商品名称"),
    )


def _funds(bill: Bill) -> Iterator[tuple[Draft, Decimal | None]]:
    for row in bill.rows:
        side, said = bill.said(row, "收支类型"), bill.said(row, "业务类型")
        if side not in {"收入", "支出"}:
            raise unreadable("no_direction", row.number, text=side)
        amount = bill.amount(row, "收支金额(元)")
        yield (
            Draft(
                booked_on=bill.day(row, "记账时间"),
                amount=amount if side == "收入" else negated(amount),
                kind=next((kind for word, kind in _FUNDS if word in said), "other"),
                reference=bill.said(row, "业务凭证号"),
                bank_reference=bill.said(row, "资金流水单号"),
                text=_joined(said, bill.said(row, "业务名称"), bill.said(row, "备注")),
            ),
            bill.amount(row, "账户结余(元)") if bill.said(row, "账户结余(元)") else None,
        )


def _joined(*parts: str) -> str:
    return "\n".join(part for part in parts if part)
