"""Alipay's bills: of a person, of a merchant by transaction, and the log of a merchant's account."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final

from soms.billing.statements.bills import Bill, neutral
from soms.billing.statements.drafting import Book, Draft, Given, Head
from soms.billing.statements.figures import negated
from soms.billing.statements.model import LineKind, Statement
from soms.billing.statements.refusals import unreadable
from soms.billing.statements.running import around
from soms.billing.statements.tables import Row, Table

_ACCOUNT: Final = re.compile(r"#?支付宝账户[:：](.*)")
_NOTHING_MOVED: Final = re.compile(r"失败|等待付款|等待买家付款|待付款|未付款|已取消")
_LOGGED: Final[tuple[tuple[str, LineKind], ...]] = (
    ("退款", "refund"),
    ("收费", "fee"),
    ("服务费", "fee"),
    ("提现", "payout"),
    ("转账", "transfer"),
    ("支付", "capture"),
    ("交易", "capture"),
)


def statements(table: Table, given: Given) -> tuple[Statement, ...]:
    """Return the one statement of a bill; what was closed before money moved is left out."""
    bill = Bill(table, given, _ACCOUNT)
    book = Book(given, "alipay", "provider")
    if bill.has("账务流水号"):
        lines = list(_logged(bill))
        opening, closing = around([(line.booked_on, line.amount, balance) for line, balance in lines])
        head = Head(account=bill.account or "alipay", currency="CNY", opening=opening, closing=closing)
        return (book.statement(head, (line for line, _ in lines)),)
    read: Callable[[Bill, Row], Draft | None] = _merchants if bill.has("商家实收(元)") else _persons
    drafts = [draft for row in bill.rows if (draft := read(bill, row)) is not None]
    return (book.statement(Head(account=bill.account or "alipay", currency="CNY"), drafts),)


def _persons(bill: Bill, row: Row) -> Draft | None:
    side, status = bill.said(row, "收/支"), bill.said(row, "交易状态")
    kind_said = bill.said(row, "交易分类", "类型")
    what = bill.said(row, "商品说明", "商品名称")
    if _NOTHING_MOVED.search(status):
        return None
    if side != "支出" and (status == "交易关闭" or status.startswith("等待")):
        return None  # what was paid out and closed comes back in a row of its own
    if bill.has("资金状态") and not bill.said(row, "资金状态"):
        return None
    amount = bill.amount(row, "金额", "金额(元)")
    kind: LineKind
    if side == "收入":
        kind = "transfer" if "转账" in kind_said else "capture"
    elif side == "支出":
        kind, amount = "other", negated(amount)
    elif moved := neutral(f"{kind_said} {what}"):
        kind, amount = moved[0], amount if moved[1] else negated(amount)
    else:
        return None
    return Draft(
        booked_on=bill.day(row, "交易时间", "付款时间", "交易创建时间"),
        amount=amount,
        kind=kind,
        fee=bill.amount(row, "服务费(元)") if bill.said(row, "服务费(元)") else Decimal(0),
        payer=bill.said(row, "交易对方"),
        payer_account=bill.said(row, "对方账号"),
        reference=bill.said(row, "商家订单号"),
        bank_reference=bill.said(row, "交易订单号", "交易号"),
        text="\n".join(part for part in (what, bill.said(row, "备注")) if part),
    )


def _merchants(bill: Bill, row: Row) -> Draft | None:
    said = bill.said(row, "业务类型")
    refunded = "退款" in said
    if not refunded and "交易" not in said:
        raise unreadable("no_direction", row.number, text=said)
    amount = bill.amount(row, "商家实收(元)").copy_abs()
    fee = bill.amount(row, "服务费(元)").copy_abs() if bill.said(row, "服务费(元)") else Decimal(0)
    return Draft(
        booked_on=bill.day(row, "完成时间", "创建时间"),
        amount=negated(amount) if refunded else amount,
        kind="refund" if refunded else "capture",
        fee=negated(fee) if refunded else fee,  # a refund gives the fee back
        payer=bill.said(row, "对方账户"),
        reference=bill.said(row, "商户订单号"),
        bank_reference=bill.said(row, "支付宝交易号"),
        text="\n".join(part for part in (bill.said(row, "商品名称"), bill.said(row, "备注")) if part),
    )


def _logged(bill: Bill) -> Iterator[tuple[Draft, Decimal | None]]:
    for row in bill.rows:
        said = bill.said(row, "业务类型")
        balance = bill.amount(row, "账户余额(元)") if bill.said(row, "账户余额(元)") else None
        credit, debit = (
            bill.amount(row, side).copy_abs() if bill.said(row, side) else Decimal(0)
            for side in ("收入金额(+元)", "支出金额(-元)")
        )
        if credit and debit:
            raise unreadable("both_sides", row.number)
        yield (
            Draft(
                booked_on=bill.day(row, "发生时间"),
                amount=credit or negated(debit),
                kind=next((kind for word, kind in _LOGGED if word in said), "other"),
                payer_account=bill.said(row, "对方账号"),
                reference=bill.said(row, "商户订单号"),
                bank_reference=bill.said(row, "账务流水号"),
                text="\n".join(part for part in (bill.said(row, "商品名称"), bill.said(row, "备注")) if part),
            ),
            balance,
        )
