"""The page of postings: the chart of accounts, and what each kind of document debits and credits."""

from soms.accounting import chart
from soms.billing import accounts
from soms.billing.accounts import Leg
from soms.catalog.model import Settings
from soms.kit.problems import Words, in_language

from infra.reference.page import page, section, table

TITLE: Words = ("What documents post", "单据过账规则")
ACCOUNT: Words = ("account", "科目")
NAME: Words = ("name", "名称")
DOCUMENT: Words = ("document", "单据")
DEBIT: Words = ("debit", "借方")
CREDIT: Words = ("credit", "贷方")
CHART: Words = ("The chart of accounts", "科目表")
CHART_HEAD: Words = (
    (
        "`GET /v1/accounts` lists the same, with a clearing account for each method of payment that the "
        "settings add."
    ),
    "`GET /v1/accounts` 返回同样的科目，另含设置中新增的每种收款方式的在途科目。",
)
RULES: Words = ("Documents", "单据")
HEAD: Words = (
    (
        "Each document carries its own debits and credits, is written once and balances in each of its "
        "currencies. A negative amount changes sides. A document that would count for a day of a closed "
        "month counts for the first open day and says `wanted_on`."
    ),
    (
        "每张单据自带借贷分录，只写入一次，并按每种货币分别平衡。金额为负时借贷互换。若单据应计入的日期所在月份"
        "已结账，则计入第一个未结日期，并以 `wanted_on` 注明原日期。"
    ),
)
AMOUNTS: dict[str, Words] = {
    "amount": ("amount", "金额"),
    "total": ("total", "价税合计"),
    "net": ("net", "不含税金额"),
    "tax": ("tax", "税额"),
    "kept": ("what was not refunded", "未退款部分"),
    "refunded": ("what was refunded", "已退款部分"),
    "fee": ("fee", "手续费"),
    "gross": ("amount and fee", "金额与手续费"),
}
EXCHANGED: Words = (
    (
        "An allocation to an invoice in another currency posts both sides through `{fx}`: in the payment's "
        "currency `{unapplied}` against `{fx}`, in the invoice's currency `{fx}` against `{receivables}`."
    ),
    (
        "核销其他货币的发票时，双方均经 `{fx}` 过账：收款货币为 `{unapplied}` 对 `{fx}`，发票货币为 `{fx}` "
        "对 `{receivables}`。"
    ),
)
PLACES: Words = (
    "`{method}` stands for the method of payment, `{loss}` for the account that bears a write-off.",
    "`{method}` 表示收款方式，`{loss}` 表示承担核销损失的科目。",
)


def postings(language: str) -> str:
    """Return the page in a language."""
    known = chart.accounts_of(Settings())
    rows = [[f"`{account}`", in_language(words, language)] for account, words in known.items()]
    documents = [
        [f"`{kind}`", _side(legs, language, debit=True), _side(legs, language, debit=False)]
        for kind, legs in accounts.RULES.items()
    ]
    exchanged = in_language(EXCHANGED, language).format(
        fx=accounts.FX, unapplied=accounts.UNAPPLIED, receivables=accounts.RECEIVABLES
    )
    blocks = [
        *(section(RULES, language), in_language(HEAD, language)),
        table((DOCUMENT, DEBIT, CREDIT), documents, language),
        *(in_language(PLACES, language), exchanged),
        *(section(CHART, language), in_language(CHART_HEAD, language)),
        table((ACCOUNT, NAME), rows, language),
    ]
    return page("postings", TITLE, blocks, language)


def _side(legs: tuple[Leg, ...], language: str, *, debit: bool) -> str:
    """Return the accounts of one side of a rule, each with the amount that it takes."""
    told = (
        f"`{leg.account}` {in_language(AMOUNTS.get(leg.amount, (leg.amount, leg.amount)), language)}"
        for leg in legs
        if leg.debit == debit
    )
    return ", ".join(told)
