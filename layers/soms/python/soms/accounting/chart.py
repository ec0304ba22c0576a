"""The chart of accounts as clients see it: names in both languages, and a clearing account a method."""

from collections.abc import Mapping
from typing import Final

from soms.billing import accounts
from soms.catalog.model import Settings
from soms.kit.problems import Words

METHODS: Final[Mapping[str, Words]] = {
    "bank_transfer": ("bank transfer", "银行转账"),
    "alipay": ("Alipay", "支付宝"),
    "wechat_pay": ("WeChat Pay", "微信支付"),
    "card": ("card", "银行卡"),
    "cash": ("cash", "现金"),
    "cheque": ("cheque", "支票"),
    "prepayment": ("prepayment", "预付款"),
    "customer_credit": ("customer credit", "客户余额"),
}
"""The usual methods of payment by their names in English and Chinese."""
_CLEARING: Final = f"{accounts.CLEARING}:"


def accounts_of(settings: Settings) -> dict[str, Words]:
    """Return every account with its names; each method of payment has a clearing account of its own."""
    configured = {one.id: (one.name, one.name) for one in settings.payment_methods}
    found: dict[str, Words] = {}
    for account, words in accounts.CHART.items():
        if account != accounts.CLEARING:
            found[account] = words
            continue
        for method, (english, chinese) in (dict(METHODS) | configured).items():
            found[f"{_CLEARING}{method}"] = (f"Clearing: {english}", f"在途资金：{chinese}")
    return found


def named(account: str, known: Mapping[str, Words]) -> dict[str, object]:
    """Return an account with its names; one that is configured no more is called what it is."""
    english, chinese = known.get(account, (account, account))
    return {"account": account, "name": english, "name_zh": chinese}


def method_of(account: str) -> str | None:
    """Return the method whose clearing account it is, or None."""
    return account.removeprefix(_CLEARING) if account.startswith(_CLEARING) else None
