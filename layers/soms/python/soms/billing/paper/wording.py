"""The words of papers about money: entries of an account, ages, ways to pay, letters that ask for payment."""

from typing import Final, NamedTuple

from soms.billing.paper.printed import Label


class Letter(NamedTuple):
    """How a letter is called, and what it says before it lists the invoices; `{pay_by}` is a day."""

    title: Label
    text: Label


MOVEMENTS: Final = {
    "invoice": Label("发票", "Invoice"),
    "credit_note": Label("贷项通知单", "Credit note"),
    "payment": Label("收款", "Payment"),
    "bounce": Label("退票", "Bounced"),
    "refund": Label("退款", "Refund"),
    "write_off": Label("核销差额", "Write-off"),
    "fx": Label("汇兑差额", "Exchange difference"),
}
AGES: Final = {
    "not_due": Label("未到期", "Not due"),
    "1_30": Label("逾期 1–30 天", "1–30 days"),
    "31_60": Label("逾期 31–60 天", "31–60 days"),
    "61_90": Label("逾期 61–90 天", "61–90 days"),
    "91_120": Label("逾期 91–120 天", "91–120 days"),
    "over_120": Label("逾期 120 天以上", "Over 120 days"),
    "unapplied": Label("未核销收款", "Unapplied cash"),
}
METHODS: Final = {
    "bank_transfer": Label("银行转账", "Bank transfer"),
    "alipay": Label("支付宝", "Alipay"),
    "wechat_pay": Label("微信支付", "WeChat Pay"),
    "card": Label("银行卡", "Card"),
    "cash": Label("现金", "Cash"),
    "cheque": Label("支票", "Cheque"),
    "prepayment": Label("预付款", "Prepayment"),
    "customer_credit": Label("客户余额", "Customer credit"),
}
LETTERS: Final = {
    1: Letter(
        Label("催款函（第一次）", "Payment reminder"),
        Label(
            "贵司下列款项已逾期，或因一时疏忽，请于 {pay_by} 前付清。",
            "The invoices below are past due, perhaps by an oversight. Please pay them by {pay_by}.",
        ),
    ),
    2: Letter(
        Label("催款函（第二次）", "Second reminder"),
        Label(
            "我司此前提醒后，下列款项仍未收到，请于 {pay_by} 前付清。",
            "In spite of our reminder the invoices below have not been paid. Please pay them by {pay_by}.",
        ),
    ),
    3: Letter(
        Label("催款函（最后一次）", "Final demand"),
        Label(
            "经多次催收，下列款项至今未付。请务必于 {pay_by} 前付清；逾期我司将暂停赊销，并保留一切权利。",
            "In spite of our reminders the invoices below are still unpaid. Unless they are paid by "
            "{pay_by}, we stop deliveries on credit and reserve all our rights.",
        ),
    ),
}
"""The letters by level, each sterner than the one before."""
