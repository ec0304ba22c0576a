"""What the columns of bank tables are called, in Chinese, English and a few languages more."""

from typing import Final

from soms.billing.statements.tables import Table, plain

# In each row the more telling name comes first; the first that a header has is taken.
_NAMES: Final = {
    "booked": """
        记账日期 | 记账日 | 入账日期 | 入账日 | 交易日期 | 交易日 | 业务日期 | 日期 | 交易时间
        | 入账时间 | booking date | booked on | post date | posting date | posted date | date posted
        | booked | completed date | date completed (utc) | transaction date | date | buchungstag
        | buchungsdatum | datum | date comptable | date de comptabilisation | fecha | data
    """,
    "valued": """
        起息日 | 起息日期 | 交易日期 | 交易日 | value date | valuta | valutadatum | wertstellung
        | date valeur | date de valeur | fecha valor | transaction date | started date
    """,
    "amount": """
        交易金额 | 金额 | 人民币金额 | 发生额 | 交易额 | 交易金额(元) | 金额(元) | 发生额(元) | amount
        | billing amount | transaction amount | amount (signed) | betrag | betrag (€) | betrag (eur)
        | umsatz | montant | importe | importo
    """,
    "credit": """
        记账金额(收入) | 收入 | 收入金额 | 收入(元) | 收入金额(元) | 贷方发生额 | 贷方发生额(元)
        | 贷方金额 | 贷方 | 贷方发生额/元(收入) | 存入 | 存入金额 | 转入金额 | 交易金额(收入) | 收入(贷)
        | credit | credit amount | deposit | deposits | deposit amount | paid in | money in | haben
        | gutschrift | crédit | abono
    """,
    "debit": """
        记账金额(支出) | 支出 | 支出金额 | 支出(元) | 支出金额(元) | 借方发生额 | 借方发生额(元)
        | 借方金额 | 借方 | 借方发生额/元(支取) | 支取 | 支取金额 | 转出金额 | 交易金额(支出) | 支出(借)
        | debit | debit amount | withdrawal | withdrawals | withdrawal amount | paid out | money out
        | soll | lastschrift | débit | cargo
    """,
    "direction": """
        借贷 | 借贷标志 | 借/贷 | 借贷方向 | 收/支 | 收支 | 收支标志 | 收支方向 | 交易方向
        | credit / debit | credit/debit | debit/credit | debit / credit | cr/dr | dr/cr | d/c | c/d
        | credit debit indicator | direction | soll/haben | debit/credit indicator
    """,
    "currency": """
        记账币种 | 币种 | 货币 | 币别 | 交易币种 | currency | billing currency | account currency | ccy
        | währung | devise | divisa | 货币种类
    """,
    "balance": """
        余额 | 账户余额 | 本次余额 | 联机余额 | 交易后余额 | 账面余额 | 余额(元) | balance
        | running balance | account balance | balance after | saldo | saldo nach buchung | solde
    """,
    "payer": """
        对方户名 | 对方名称 | 对方账户名 | 对方账户名称 | 对方单位名称 | 对方单位 | 对手信息 | 交易对手
        | 交易对方 | 交易对手名称 | 对方姓名 | counterparty | counterparty name | payer | payer name
        | payee | merchant name | beneficiary | beneficiary name | remitter | name zahlungsbeteiligter
        | auftraggeber / begünstigter | begünstigter/zahlungspflichtiger
        | beguenstigter/zahlungspflichtiger | beneficiary/payer
    """,
    "payer_account": """
        对方账号 | 对方账户 | 对方卡号/账号 | 对方卡号 | 对方账号/卡号 | 交易对手账号
        | counterparty account | counterparty iban | payer account | beneficiary account
        | iban zahlungsbeteiligter | kontonummer/iban | kontonummer
    """,
    "reference": """
        商户订单号 | 订单号 | 客户流水号 | 企业流水号 | end-to-end id | end to end id
        | end-to-end reference | customer reference | payment reference | client reference | reference
        | kundenreferenz | kundenreferenz (end-to-end) | ende-zu-ende-referenz | référence
    """,
    "bank_reference": """
        交易流水号 | 流水号 | 核心流水号 | 柜员流水号 | 日志号 | 交易编号 | 凭证号 | 交易单号
        | transaction id | transaction reference | bank reference | reference number | fitid | id
    """,
    "account": """
        本方账号 | 账号 | 卡号 | 借记卡号 | 卡号末四位 | 账户 | account | account number | own account
        | account iban | auftragskonto | konto
    """,
    "status": "交易状态 | 状态 | transaction status | status | state",
}
_TEXTS: Final = """
    附言 | 交易附言 | 用途 | 备注 | 客户摘要 | 客户附言 | 摘要 | 交易摘要 | 摘要说明 | 交易名称
    | 交易类型 | 交易详情 | 交易场所 | 交易地点 | 交易说明 | 商品说明 | remittance information
    | payment details | purpose | description | details | transaction details | memo | narrative
    | particulars | note | notes | verwendungszweck | buchungstext | transaction type | libellé
    | concepto | descrizione
"""
NAMES: Final = {field: tuple(plain(name) for name in names.split("|")) for field, names in _NAMES.items()}
TEXTS: Final = frozenset(plain(name) for name in _TEXTS.split("|"))
_KNOWN: Final = TEXTS.union(*NAMES.values())
_IN: Final = "贷 | 收 | 收入 | 转入 | 存入 | 进账 | 来账 | 贷 Cr | 贷方 | credit | cr | c | h | haben | in"
_OUT: Final = "借 | 支 | 支出 | 转出 | 支取 | 出账 | 往账 | 借 Dr | 借方 | debit | dr | d | s | soll | out"
IN: Final = frozenset(plain(word) for word in _IN.split("|"))
OUT: Final = frozenset(plain(word) for word in _OUT.split("|"))
_NOT_BOOKED: Final = """
    pending | failed | declined | cancelled | canceled | reverted | rejected
    | 处理中 | 待入账 | 待处理 | 失败 | 交易失败 | 已撤销 | 已取消
"""
NOT_BOOKED: Final = frozenset(plain(word) for word in _NOT_BOOKED.split("|"))
_CURRENCIES: Final = {
    "CNY": "人民币 人民币元 RMB 元",
    "USD": "美元 $",
    "HKD": "港币 港元",
    "EUR": "欧元 €",
    "JPY": "日元",
    "GBP": "英镑 £",
    "MOP": "澳门元",
    "SGD": "新加坡元",
    "AUD": "澳元",
    "CAD": "加元",
}
CODES: Final = {name: code for code, names in _CURRENCIES.items() for name in names.split()}
# Objects of a provider's programming interface have some of these names, too, but are no statements.
_OBJECTS: Final = {"fivetransynced", "livemode", "objectid"}


def score(names: tuple[str, ...]) -> int:
    """Return how many columns this header names, or 0 unless a date and an amount are among them."""
    said = set(names)
    if said & _OBJECTS or not said & set(NAMES["booked"]):
        return 0
    if not any(said & set(NAMES[field]) for field in ("amount", "credit", "debit")):
        return 0
    return len(said & _KNOWN)


def places(table: Table) -> dict[str, int]:
    """Return the column of each field that the header names; no column is taken for two days."""
    found = {field: place for field, names in NAMES.items() if (place := table.place(*names)) is not None}
    if found.get("valued") == found.get("booked"):
        found.pop("valued", None)
    if "credit" in found and "debit" in found:
        found.pop("amount", None)
    elif "amount" in found:
        found = {field: place for field, place in found.items() if field not in {"credit", "debit"}}
    return found


def texts(table: Table) -> tuple[int, ...]:
    """Return the columns whose words say what a line is for."""
    return tuple(place for place, name in enumerate(table.names) if name in TEXTS)
