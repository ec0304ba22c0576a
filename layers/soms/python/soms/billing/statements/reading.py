"""The one way in: what a file is, told by its content, and the reader that is loaded for it."""

import re
from collections.abc import Iterable
from importlib import import_module
from types import ModuleType
from typing import Final, NamedTuple, cast
from zoneinfo import ZoneInfo

from soms.billing.statements import columns, encoding
from soms.billing.statements.drafting import Given
from soms.billing.statements.model import Statement
from soms.billing.statements.refusals import Unreadable, unreadable
from soms.billing.statements.tables import Row, Table, from_csv, from_rows, plain

MEGABYTES: Final = 20
_ROOM: Final = "soms.billing.statements"
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_HEAD: Final = 4_000
_MT: Final = re.compile(r"(?m)^\s?:(?:20|25P?|28C?|60[FM]|61|62[FM]|64|86|NS):|^\{1:[A-Z]")
_BAI: Final = re.compile(r"\s*01,[^,\n]{1,40},[^,\n]{1,40},[0-9]{6},", re.ASCII)
_PAGE: Final = re.compile(r"\s*<(?:html|!doctype html|table|meta|style|head)", re.IGNORECASE)


class _Kind(NamedTuple):
    """A table of a provider: the module that reads it, and the columns that tell it."""

    module: str
    told_by: frozenset[str]


def _kind(module: str, *names: str) -> _Kind:
    return _Kind(module, frozenset(plain(name) for name in names))


_PROVIDERS: Final = (
    _kind("stripe", "id", "amount", "available_on", "fee", "net", "type", "currency", "created"),
    _kind("stripe", "id", "amount", "arrival_date", "status", "currency", "created"),
    _kind("stripe", "balance_transaction_id", "gross", "fee", "net", "reporting_category", "currency"),
    _kind("stripe", "id", "Type", "Source", "Amount", "Fee", "Net", "Currency", "Created (UTC)"),
    _kind("shopify", "id", "amount", "currency", "order_id", "payment_method", "remote_reference"),
    _kind("alipay", "交易时间", "收/支", "金额", "交易订单号"),
    _kind("alipay", "交易号", "商家订单号", "收/支", "交易状态", "交易对方"),
    _kind("alipay", "支付宝交易号", "商户订单号", "业务类型", "商家实收（元）"),
    _kind("alipay", "账务流水号", "业务类型", "发生时间", "收入金额（+元）", "支出金额（-元）"),
    _kind("wechat", "交易时间", "收/支", "金额(元)", "交易单号"),
    _kind("wechat", "交易时间", "商户号", "微信订单号", "交易状态", "应结订单金额", "退款金额"),
    _kind("wechat", "记账时间", "资金流水单号", "收支类型", "收支金额(元)"),
)
_LINKS: Final = frozenset({"payoutid", "balancetransactionid"})
_OBJECTS: Final = frozenset({"fivetransynced", "livemode"})
_PROVIDER, _TOLD = 1_000, 500
_TABLES: Final = {"csv", "icbc", "abc", "bocom", "cmb", "boc", "ccb", "hsbc"}
# Byte order marks as Latin-1 shows them, and blanks.
_MARKS: Final = "\xef\xbb\xbf\xfe\xff \t\r\n"


def read(
    content: bytes,
    name: str,
    *,
    source: str | None = None,
    zone: ZoneInfo,
    account: str = "",
    currency: str = "",
) -> tuple[Statement, ...]:
    """Return the statements in a file of any known format, or raise Unreadable saying why it cannot be read.

    `source` is what the file is said to be (`camt.053`, `mt940`, `csv`, `icbc`, `stripe`, …): another one is
    refused. `account` and `currency` hold where the file does not name them; providers' times become days of
    the company's `zone`.
    """
    given = Given(name, zone, account, currency.upper())
    if len(content) > MEGABYTES * 1_000_000:
        raise unreadable("file_too_large", limit=MEGABYTES)
    if not content.strip(b"\0 \t\r\n"):
        raise unreadable("empty")
    found = _any(content, given)
    if source and not all(_is(one.source, source.lower()) for one in found):
        raise unreadable("other_format", said=source, found=found[0].source)
    return found


def _any(content: bytes, given: Given) -> tuple[Statement, ...]:
    if content.startswith(_ZIP):
        return _workbook(_loaded("xlsx").sheets(content), given)
    if content.startswith(_OLE):
        return _workbook(_loaded("xls").sheets(content), given)
    head = content[:_HEAD].replace(b"\0", b"").decode("latin-1").lstrip(_MARKS)
    if "<OFX>" in head.upper() or head.startswith("OFXHEADER"):
        return _statements(_loaded("ofx").statements(encoding.from_bank(content), given))
    if _PAGE.match(head):
        raise unreadable("web_page")
    if head.startswith("<"):
        return _statements(_loaded("camt").statements(content, given))
    if _BAI.match(head):
        return _statements(_loaded("bai2").statements(encoding.from_bank(content), given))
    if _MT.search(head):
        return _statements(_loaded("mt940").statements(encoding.from_bank(content), given))
    return _table(from_csv(encoding.decoded(content), _score), given)


def _workbook(sheets: Iterable[list[Row]], given: Given) -> tuple[Statement, ...]:
    found: list[Statement] = []
    refusal: Unreadable | None = None
    taken: set[str] = set()
    for rows in sheets:
        try:
            table = from_rows(rows, _score)
        except Unreadable as error:
            refusal = refusal or error
            continue
        for statement in _table(table, given):
            # Sheets of one workbook may overlap as files may: a line is taken once.
            lines = tuple(line for line in statement.lines if line.id not in taken)
            if lines or not statement.lines:
                found.append(statement.model_copy(update={"lines": lines}))
        taken.update(line.id for statement in found for line in statement.lines)
    if not found:
        raise refusal or unreadable("no_statement")
    return tuple(found)


def _table(table: Table, given: Given) -> tuple[Statement, ...]:
    names = frozenset(table.names)
    for kind in _PROVIDERS:
        if kind.told_by <= names:
            return _statements(_loaded(kind.module).statements(table, given))
    if names >= _LINKS:
        raise unreadable("only_links")
    if names & _OBJECTS:
        raise unreadable("not_a_statement")
    return _statements(_loaded("banks").statements(table, given))


def _score(names: tuple[str, ...]) -> int:
    said = frozenset(names)
    told = max((len(kind.told_by) for kind in _PROVIDERS if kind.told_by <= said), default=0)
    if told:
        return _PROVIDER + told
    if said & _OBJECTS or said >= _LINKS:
        return _TOLD
    return columns.score(names)


def _is(found: str, said: str) -> bool:
    if said == "csv":
        return found in _TABLES
    return said in {found, found.partition(".")[0]} or (said, found) == ("mt940", "mt942")


def _loaded(module: str) -> ModuleType:
    # A format's reader, and the parser it needs, are loaded only when a file of it comes.
    return import_module(f"{_ROOM}.{module}")


def _statements(found: object) -> tuple[Statement, ...]:
    return cast("tuple[Statement, ...]", found)
