"""Papers about money: statement of account, receipt, dunning letter; what they say, from plain arguments."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from soms.billing.documents import parties
from soms.billing.model import Bank
from soms.billing.paper import printed, wording
from soms.billing.paper.printed import (
    Content,
    Head,
    Label,
    Paper,
    PaperKind,
    Row,
    Table,
    amount,
    amount_of,
    figure,
    made,
    row,
    table,
    wide,
    word,
)
from soms.catalog.model import Settings
from soms.customers.model import Customer
from soms.kit import money

ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class Movement:
    """One line of a statement: what was billed or paid, and what was owed after it."""

    on: date
    kind: str
    number: str
    debit: Decimal
    credit: Decimal
    balance: Decimal


@dataclass(frozen=True)
class Applied:
    """What of a payment settled an invoice; `settled` says how much of it, where its currency is another."""

    number: str
    amount: Decimal
    settled: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True)
class Overdue:
    """An invoice that should have been paid, by how many days, and what of it is open."""

    number: str
    issued_on: date
    due_on: date
    days: int
    open: Decimal


def head(settings: Settings, customer: Customer, *, currency: str, today: date, now: datetime) -> Head:
    """Return the head of a paper for a customer; `today` is the company's day."""
    return Head(
        customer_id=customer.id,
        seller=parties.seller(settings),
        buyer=parties.buyer(customer, settings),
        currency=currency,
        issued_on=today,
        recorded_at=now,
    )


def statement(
    head: Head,
    *,
    since: date,
    until: date,
    opening: Decimal,
    movements: Sequence[Movement],
    closing: Decimal,
    ageing: Mapping[str, Decimal],
) -> Paper:
    """Return the statement of account of some days; raises ArithmeticError unless they lead to the closing.

    Balances are what the customer owes. `ageing` maps `not_due`, `1_30`, …, `over_120` and `unapplied` to
    what is owed by age at the end.
    """
    debit, credit = sum((one.debit for one in movements), ZERO), sum((one.credit for one in movements), ZERO)
    if opening + debit - credit != closing:
        message = f"{opening} + {debit} − {credit} is not {closing}"
        raise ArithmeticError(message)
    currency = head.currency
    content = Content(
        title=Label("对账单", "Statement of account"),
        facts=(
            row("对账期间", "Period", f"{since} – {until}", important=True),
            row("币种", "Currency", currency),
        ),
        opening=(
            Label(
                f"截至 {until}，贵我双方往来账目如下，请予核对。",
                f"Our account with you up to {until}, for your check:",
            ),
        ),
        table=_account(since, opening, movements, currency),
        aside=_ages(ageing, currency),
        totals=_from_opening_to_closing(opening, debit, credit, currency),
        total=money.text(closing, currency),
        in_words=printed.in_words(abs(closing), currency),
        closing=(
            Label(
                "如有不符，请列明差异函告我方。",
                "If your books say otherwise, please tell us where they differ.",
            ),
        ),
        signatures=(
            Label("我方（盖章）", "For the seller"),
            Label("经核对相符，客户（盖章）", "Agreed by the customer"),
        ),
    )
    return made(PaperKind.STATEMENT, head, content)


def _from_opening_to_closing(
    opening: Decimal, debit: Decimal, credit: Decimal, currency: str
) -> tuple[Row, ...]:
    closing = opening + debit - credit
    return (
        row("期初余额", "Opening balance", amount(opening, currency)),
        row("本期借方", "Debits", amount(debit, currency)),
        row("本期贷方", "Credits", amount(credit, currency)),
        row("余额归属", "Balance", _whose(closing)),
        row("期末余额", "Closing balance", amount_of(abs(closing), currency), important=True),
    )


def _whose(balance: Decimal) -> str:
    if not balance:
        return "两清 settled"
    return "应付我方 due to us" if balance > ZERO else "应付贵方 due to you"


def _account(since: date, opening: Decimal, movements: Iterable[Movement], currency: str) -> Table:
    columns = [
        word("日期", "Date"),
        word("摘要", "Entry"),
        wide("单据号", "Document"),
        figure("借方", "Debit"),
        figure("贷方", "Credit"),
        figure("余额", "Balance"),
    ]
    first = [str(since), str(Label("期初余额", "Opening")), "", "", "", amount(opening, currency)]
    rows = (
        [
            str(one.on),
            str(wording.MOVEMENTS.get(one.kind, Label(one.kind, ""))),
            one.number,
            amount(one.debit, currency) if one.debit else "",
            amount(one.credit, currency) if one.credit else "",
            amount(one.balance, currency),
        ]
        for one in movements
    )
    return table(columns, [first, *rows])


def _ages(ageing: Mapping[str, Decimal], currency: str) -> Table | None:
    if not ageing:
        return None
    columns = [wide("账龄", "Age"), figure("金额", "Amount")]
    rows = ([str(wording.AGES[age]), amount(value, currency)] for age, value in ageing.items())
    return table(columns, rows)


def receipt(
    head: Head,
    *,
    payment_id: str,
    number: str,
    received_on: date,
    method: str,
    reference: str | None,
    received: Decimal,
    applied: Sequence[Applied],
) -> Paper:
    """Return the receipt for a payment, with the invoices it settled; the rest is not applied yet."""
    currency = head.currency
    used = sum((one.amount for one in applied), ZERO)
    content = Content(
        title=Label("收据", "Receipt"),
        facts=printed.said(
            row("收款编号", "Payment no.", number, important=True),
            row("收款日期", "Received on", str(received_on), important=True),
            row("付款方式", "Method", str(wording.METHODS.get(method, Label(method, "")))),
            row("付款凭证号", "Reference", reference),
            row("币种", "Currency", currency),
        ),
        opening=(Label("兹收到贵司下列款项，谢谢。", "We have received your payment, with thanks."),),
        table=_applied(applied, currency),
        totals=(
            row("已核销", "Applied to invoices", amount(used, currency)),
            row("未核销", "Not applied yet", amount(received - used, currency)),
            row("收款金额", "Amount received", amount_of(received, currency), important=True),
        ),
        total=money.text(received, currency),
        in_words=printed.in_words(received, currency),
        closing=(Label("本收据不作税务发票使用。", "This receipt is not a tax invoice."),),
        signatures=(Label("收款单位（盖章）", "For the payee"), Label("收款人", "Received by")),
    )
    return made(PaperKind.RECEIPT, head, content, payment_id=payment_id)


def _applied(applied: Sequence[Applied], currency: str) -> Table:
    is_foreign = any(one.currency not in {None, currency} for one in applied)
    columns = [wide("发票号码", "Invoice"), figure("核销金额", "Applied")]
    rows = [[one.number, amount(one.amount, currency)] for one in applied]
    if is_foreign:
        columns.append(figure("结清发票金额", "Settles"))
        for cells, one in zip(rows, applied, strict=True):
            settled = one.amount if one.settled is None else one.settled
            cells.append(amount_of(settled, one.currency or currency))
    return table(columns, rows)


def dunning(
    head: Head,
    *,
    level: int,
    overdue: Sequence[Overdue],
    pay_by: date,
    bank: Bank | None,
) -> Paper:
    """Return the letter of a level, 1 to 3, that asks for overdue invoices to be paid."""
    currency = head.currency
    total = sum((one.open for one in overdue), ZERO)
    letter = wording.LETTERS[level]
    content = Content(
        title=letter.title,
        facts=(
            row("催款级别", "Level", f"{level} / {len(wording.LETTERS)}"),
            row("付款期限", "Pay by", str(pay_by), important=True),
            row("币种", "Currency", currency),
        ),
        opening=(Label(letter.text.zh.format(pay_by=pay_by), letter.text.en.format(pay_by=pay_by)),),
        table=_overdue(overdue, currency),
        totals=(row("逾期合计", "Total overdue", amount_of(total, currency), important=True),),
        total=money.text(total, currency),
        in_words=printed.in_words(total, currency),
        payment=printed.bank_rows(bank, head.seller.name),
        closing=(
            Label("付款时请注明发票号码。", "Please quote the invoice numbers with your payment."),
            Label("如款项已付，请忽略本函。", "If you have paid meanwhile, please disregard this letter."),
        ),
    )
    return made(PaperKind.DUNNING, head, content)


def _overdue(overdue: Iterable[Overdue], currency: str) -> Table:
    columns = [
        wide("发票号码", "Invoice"),
        word("开票日期", "Issued"),
        word("到期日期", "Due"),
        figure("逾期天数", "Days overdue"),
        figure("未付金额", "Open"),
    ]
    rows = (
        [one.number, str(one.issued_on), str(one.due_on), f"{one.days:,}", amount(one.open, currency)]
        for one in overdue
    )
    return table(columns, rows)
