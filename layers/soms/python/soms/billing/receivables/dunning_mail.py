"""What finance is told of a run of dunning, in English and Chinese: one message with its letters."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from soms.billing.receivables.dunning import Letter
from soms.kit import aws, money, settings
from soms.kit.settings import Setting

SUBJECT: Final = 100
"""Characters that SNS takes as a subject."""
MOST_ROWS: Final = 500
"""Letters that one message spells out: SNS carries 256 KB."""


def tell(letters: Sequence[Letter], day: date) -> None:
    """Send finance the list of letters, the sternest first."""
    in_order = sorted(letters, key=lambda one: (-one.level, one.customer_name, one.id))
    head = (
        f"{len(letters)} dunning letters as of {day}. They are not sent to customers by themselves.\n"
        f"{day} 共生成 {len(letters)} 封催款函；系统不会自动发送给客户。\n"
    )
    rows = [_row(one) for one in in_order[:MOST_ROWS]]
    if len(in_order) > MOST_ROWS:
        left = len(in_order) - MOST_ROWS
        rows.append(f"… {left} more 另有 {left} 封")
    aws.sns().publish(
        TopicArn=settings.get(Setting.FINANCE_TOPIC),
        Subject=f"SOMS: {len(letters)} dunning letters"[:SUBJECT],
        Message="\n".join((head, *rows)),
    )


def _row(letter: Letter) -> str:
    oldest = max(one.days_overdue for one in letter.demands)
    owed = f"{money.text(money.rounded(letter.total, letter.currency), letter.currency)} {letter.currency}"
    count = len(letter.demands)
    return (
        f"{letter.customer_name}: level {letter.level}, {owed} on {count} invoices, up to {oldest} days late "
        f"第 {letter.level} 级，{count} 张发票共 {owed}，最长逾期 {oldest} 天 ({letter.id})"
    )
