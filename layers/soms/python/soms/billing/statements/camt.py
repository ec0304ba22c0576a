"""CAMT.052, .053 and .054 of ISO 20022, versions 2 to 8 and later: entries, balances, who and what for.

The parsers on the package index validate against schemas, need lxml or hand out binary floats; the standard
library's expat reads the few elements that a statement needs, without schemas, piece by piece.
"""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final
from xml.etree.ElementTree import Element

from soms.billing.statements.drafting import LINES, Book, Draft, Given, Head
from soms.billing.statements.figures import amount, currency, iso_day, negated
from soms.billing.statements.markup import Reader, text
from soms.billing.statements.model import LineKind, Statement, total
from soms.billing.statements.refusals import unreadable

_MESSAGES: Final = {
    "BkToCstmrAcctRpt": ("camt.052", "Rpt"),
    "BkToCstmrStmt": ("camt.053", "Stmt"),
    "BkToCstmrDbtCdtNtfctn": ("camt.054", "Ntfctn"),
}
_CHARGES: Final = {"CHRG", "COMM", "FEES", "COME", "COMI", "COMT", "CAJT", "DAJT"}
_CHINESE: Final = re.compile(
    rb"""\s*<\?xml[^>]{0,80}encoding=["'](?:gb2312|gbk|gb18030)["'][^>]{0,80}\?>""", re.IGNORECASE
)
_OPENING: Final = ("OPBD", "PRCD")
_CLOSING: Final = ("CLBD",)


def statements(content: bytes, given: Given) -> tuple[Statement, ...]:
    """Return the statements of the message; entries that are not booked are left out."""
    entries: dict[Element, list[Draft]] = {}
    counted = 0

    def take(parent: Element, entry: Element) -> None:
        nonlocal counted
        counted += 1
        if counted > LINES:
            raise unreadable("too_many_lines", limit=LINES)
        entries.setdefault(parent, []).extend(_drafts(parent, entry, counted))

    root = Reader("Ntry", take).read(_in_utf8(content))
    for message in root.iter():
        if message.tag in _MESSAGES:
            source, part = _MESSAGES[message.tag]
            book = Book(given, source, "bank")
            found = tuple(book.statement(_head(one), entries.get(one, [])) for one in message.iter(part))
            if found:
                return found
    raise unreadable("no_statement")


def _in_utf8(content: bytes) -> bytes:
    # Expat knows no Chinese encodings.
    if not _CHINESE.match(content):
        return content
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        raise unreadable("wrong_encoding") from None
    return text[text.index("?>") + 2 :].encode()


def _head(statement: Element) -> Head:
    code = text(statement, "Acct/Ccy")
    balances = list(_balances(statement))
    opening = next((one for kind in _OPENING for one in balances if one[0] == kind), None)
    closing = next((one for kind in _CLOSING for one in balances if one[0] == kind), None)
    # A balance in another currency than the account's says nothing about its lines.
    spoken = currency(code) if code else next((one[1] for one in (opening, closing) if one), "")
    return Head(
        account=text(statement, "Acct/Id/IBAN", "Acct/Id/Othr/Id", "Acct/Id/PrtryAcct/Id", "Acct/Id/BBAN"),
        currency=spoken,
        number=text(statement, "LglSeqNb", "ElctrncSeqNb", "Id"),
        from_on=_day(statement, "FrToDt/FrDtTm") or (opening and opening[3]) or None,
        to_on=_day(statement, "FrToDt/ToDtTm") or (closing and closing[3]) or None,
        opening=opening[2] if opening and opening[1] == spoken else None,
        closing=closing[2] if closing and closing[1] == spoken else None,
    )


def _balances(statement: Element) -> Iterator[tuple[str, str, Decimal, date | None]]:
    for balance in statement.findall("Bal"):
        kind = text(balance, "Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry")
        value, code = _money(balance, "Amt", None)
        day = _day(balance, "Dt/Dt", "Dt/DtTm")
        yield kind, code, value if _is_credit(balance, None) else negated(value), day


def _drafts(statement: Element, entry: Element, row: int) -> list[Draft]:
    status = text(entry, "Sts/Cd", "Sts/Prtry", "Sts")
    if status and status != "BOOK":
        return []
    value, code = _money(entry, "Amt", row)
    booked = _day(entry, "BookgDt/Dt", "BookgDt/DtTm", row=row)
    valued = _day(entry, "ValDt/Dt", "ValDt/DtTm", row=row)
    day = booked or valued or _day(statement, "FrToDt/ToDtTm", "CreDtTm", row=row)
    if day is None:
        raise unreadable("no_date", row)
    credit = _is_credit(entry, row)
    details = entry.findall("NtryDtls/TxDtls")
    parts = [_part(one, code, text(entry, "CdtDbtInd"), row) for one in details]
    amounts = [part for part in parts if part is not None]
    # A batch is taken apart only where its parts have amounts that come to the whole.
    split = len(details) > 1 and len(amounts) == len(details) and total(amounts) == value
    groups = [[one] for one in details] if split else [details]
    shares = amounts if split else [value]
    return [
        _draft(
            entry,
            group,
            share if credit else negated(share),
            code,
            (day, valued),
            common=text(entry, "AddtlNtryInf"),
        )
        for group, share in zip(groups, shares, strict=True)
    ]


def _draft(
    entry: Element,
    details: list[Element],
    value: Decimal,
    code: str,
    days: tuple[date, date | None],
    *,
    common: str,
) -> Draft:
    side = "Dbtr" if value >= 0 else "Cdtr"
    said = [line for one in details for line in _said(one)]
    family = text(entry, "BkTxCd/Domn/Fmly/SubFmlyCd")
    kind: LineKind = "fee" if family in _CHARGES else "transfer"
    return Draft(
        booked_on=days[0],
        value_on=days[1],
        amount=value,
        currency=code,
        kind=kind,
        payer=_first(details, *_names(side)),
        payer_account=_first(details, *_accounts(side)),
        reference=_reference(details),
        bank_reference=text(entry, "AcctSvcrRef")
        or _first(details, "Refs/AcctSvcrRef", "Refs/TxId")
        or text(entry, "NtryRef"),
        text="\n".join(dict.fromkeys(said)) or common,
    )


def _names(side: str) -> tuple[str, ...]:
    parties = (f"RltdPties/Ultmt{side}", f"RltdPties/{side}")
    return tuple(f"{party}{path}" for party in reversed(parties) for path in ("/Nm", "/Pty/Nm"))


def _accounts(side: str) -> tuple[str, ...]:
    return tuple(f"RltdPties/{side}Acct/Id/{path}" for path in ("IBAN", "Othr/Id", "PrtryAcct/Id", "BBAN"))


def _reference(details: list[Element]) -> str:
    # One reference of the customer: a structured creditor's reference says more than the end-to-end id.
    found = {
        reference
        for one in details
        if (reference := text(one, "RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/CdtrRefInf/CdtrRef"))
    } or {
        reference
        for one in details
        if (reference := text(one, "Refs/EndToEndId")) and reference != "NOTPROVIDED"
    }
    return found.pop() if len(found) == 1 else ""


def _said(detail: Element) -> Iterator[str]:
    for path in (
        "RmtInf/Ustrd",
        "RmtInf/Strd/CdtrRefInf/Ref",
        "RmtInf/Strd/RfrdDocInf/Nb",
        "RmtInf/Strd/RfrdDocInf/RfrdDocNb",
        "RmtInf/Strd/AddtlRmtInf",
        "AddtlTxInf",
    ):
        for found in detail.findall(path):
            if line := text(found, "."):
                yield line


def _part(detail: Element, code: str, direction: str, row: int) -> Decimal | None:
    for path in ("Amt", "AmtDtls/TxAmt/Amt"):
        if detail.find(path) is not None:
            value, own = _money(detail, path, row)
            if own != code:
                return None
            return value if text(detail, "CdtDbtInd") in {"", direction} else negated(value)
    return None


def _first(details: list[Element], *paths: str) -> str:
    found = {name for one in details if (name := text(one, *paths))}
    return found.pop() if len(found) == 1 else ""


def _money(element: Element, path: str, row: int | None) -> tuple[Decimal, str]:
    found = element.find(path)
    if found is None:
        raise unreadable("no_amount", row)
    return amount(text(found, "."), row), currency(found.get("Ccy", ""), row)


def _is_credit(element: Element, row: int | None) -> bool:
    said = text(element, "CdtDbtInd")
    if said not in {"CRDT", "DBIT"}:
        raise unreadable("no_direction", row, text=said)
    return said == "CRDT"


def _day(element: Element, *paths: str, row: int | None = None) -> date | None:
    # The bank's day is the one it wrote, whatever the zone behind it.
    found = text(element, *paths)
    return iso_day(found, row) if found else None
