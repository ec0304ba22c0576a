"""The chart of accounts, and what each document posts: one table for the books, the docs and the tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from soms.billing.model import Posting

RECEIVABLES: Final = "receivables"
REVENUE: Final = "revenue"
OUTPUT_TAX: Final = "output_tax"
UNAPPLIED: Final = "unapplied_cash"
ROUNDING: Final = "rounding"
BAD_DEBT: Final = "bad_debt"
FX: Final = "fx"
BANK: Final = "bank"
FEES: Final = "bank_fees"
INCOME: Final = "other_income"
CLEARING: Final = "clearing"

CHART: Final[Mapping[str, tuple[str, str]]] = {
    RECEIVABLES: ("Receivables", "应收账款"),
    REVENUE: ("Revenue", "主营业务收入"),
    OUTPUT_TAX: ("Output tax", "应交税费-销项税额"),
    UNAPPLIED: ("Unapplied cash", "预收账款"),
    CLEARING: ("Clearing, one account a method of payment", "在途资金，按收款方式分户"),
    BANK: ("Bank, one account a bank account", "银行存款，按银行账户分户"),
    FEES: ("Bank and provider fees", "财务费用-手续费"),
    INCOME: ("Interest and other income", "利息及其他收入"),
    ROUNDING: ("Rounding differences and small discounts", "财务费用-尾差"),
    BAD_DEBT: ("Bad debt", "坏账损失"),
    FX: ("Currency exchange and differences", "汇兑损益"),
}
"""Account → its name in English and Chinese."""


@dataclass(frozen=True)
class Leg:
    """One side of a rule: which account takes which of the document's amounts.

    `{method}` in an account stands for the method of payment, `{loss}` for the account of a write-off or of
    a bank line that belongs to nothing, `{account}` for a bank account.
    """

    account: str
    amount: str
    debit: bool


def _debit(account: str, amount: str = "amount") -> Leg:
    return Leg(account, amount, debit=True)


def _credit(account: str, amount: str = "amount") -> Leg:
    return Leg(account, amount, debit=False)


_METHOD: Final = f"{CLEARING}:{{method}}"
RULES: Final[Mapping[str, tuple[Leg, ...]]] = {
    "invoice": (_debit(RECEIVABLES, "total"), _credit(REVENUE, "net"), _credit(OUTPUT_TAX, "tax")),
    "credit_note": (_credit(RECEIVABLES, "total"), _debit(REVENUE, "net"), _debit(OUTPUT_TAX, "tax")),
    "payment": (_debit(_METHOD), _credit(UNAPPLIED)),
    "allocation": (_debit(UNAPPLIED), _credit(RECEIVABLES)),
    "unallocation": (_credit(UNAPPLIED), _debit(RECEIVABLES)),
    "refund": (_debit(UNAPPLIED), _credit(_METHOD)),
    "bounce": (_debit(UNAPPLIED, "kept"), _debit(BAD_DEBT, "refunded"), _credit(_METHOD)),
    "write_off": (_debit("{loss}"), _credit(RECEIVABLES)),
    "write_off_reversal": (_credit("{loss}"), _debit(RECEIVABLES)),
    "bank_match": (_debit(f"{BANK}{{account}}"), _debit(FEES, "fee"), _credit(_METHOD, "gross")),
    "provider_fee": (_debit(FEES), _credit(_METHOD)),
    "bank_loss": (_debit(f"{BANK}{{account}}"), _credit("{loss}")),
}
"""Document → its legs. What settles an invoice in another currency posts both sides through `fx`."""


def postings(kind: str, amounts: Mapping[str, Decimal], **names: str) -> tuple[Posting, ...]:
    """Return the balanced entry of a document by its rule; a negative amount changes sides.

    `names` fill in `method` and `loss`. Amounts keep the digits they have.
    """
    return tuple(
        _posting(leg.account.format(**names), amounts[leg.amount], debit=leg.debit) for leg in RULES[kind]
    )


def exchanged(
    kind: str, given: Decimal, currency: str, settled: Decimal, invoice_currency: str
) -> tuple[Posting, ...]:
    """Return the entry of an allocation across currencies, balanced in each of them through `fx`."""
    is_debit = kind == "allocation"
    legs = (
        (UNAPPLIED, given, is_debit, currency),
        (FX, given, not is_debit, currency),
        (FX, settled, is_debit, invoice_currency),
        (RECEIVABLES, settled, not is_debit, invoice_currency),
    )
    return tuple(
        _posting(account, amount, debit=debit).model_copy(update={"currency": named})
        for account, amount, debit, named in legs
    )


def _posting(account: str, amount: Decimal, *, debit: bool) -> Posting:
    nothing = Decimal(0).quantize(amount)
    size, left = abs(amount), debit == (amount >= 0)
    return Posting(account=account, debit=size if left else nothing, credit=nothing if left else size)
