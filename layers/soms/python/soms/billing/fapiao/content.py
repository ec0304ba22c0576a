"""What the platform gets for a document of ours: rates, tax codes, discounts, sums that it accepts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal

from soms.billing.fapiao.model import CURRENCY, Line, Type
from soms.billing.model import Document, DocumentKind, DocumentLine
from soms.kit import money
from soms.kit.problems import Fault

Relief = Literal["export", "exempt", "outside", "zero"]

RATES: Final = frozenset(map(Decimal, ("0.13", "0.09", "0.06", "0.05", "0.03", "0.015", "0.01")))
"""税率 and 征收率 that may stand on a tax invoice."""
RELIEFS: Final[Mapping[str, Relief]] = {"Z": "zero", "E": "exempt", "O": "outside", "G": "export"}
"""EN 16931 category → why no tax is charged: 零税率, 免税, 不征税, 出口零税率; AE and K are not of China."""
CENT: Final = Decimal("0.01")
ZERO: Final = Decimal(0)
PRICE_DIGITS: Final = Decimal(1).scaleb(-13)
MOST_LINES: Final = 2000


@dataclass(frozen=True)
class _Piece:
    of: DocumentLine
    amount: Decimal
    tax: Decimal
    quantity: int | None
    price: Decimal | None = None
    discount: bool = False


def faults(document: Document, codes: Mapping[str, str | None], form: Type) -> list[Fault]:
    """Return all that keeps a document from being a tax invoice; `codes` are the SKUs' 税收分类编码."""
    found: list[Fault] = []
    if document.currency != CURRENCY:
        words = ("a tax invoice is in CNY", "数电发票只能以人民币开具")
        found.append(Fault("currency_not_cny", words, meta={"currency": document.currency}))
    if not document.seller.tax_id:
        words = ("the settings name no tax_id of the company", "公司设置中没有税号 tax_id")
        found.append(Fault("seller_without_tax_id", words))
    for sku in dict.fromkeys(line.sku for line in document.lines if line.net):
        if not codes.get(sku):
            words = (f"the product {sku} has no tax_code (19 digits)", f"商品 {sku} 缺少 19 位税收分类编码")
            found.append(Fault("tax_code_missing", words, meta={"sku": sku}))
    for line in document.lines:
        found += _rate_faults(line, form)
    if document.total <= 0 or not any(line.net for line in document.lines):
        found.append(Fault("nothing_to_invoice", ("there is nothing to invoice", "没有可开票金额")))
    return found


def lines(document: Document, codes: Mapping[str, str | None]) -> tuple[Line, ...]:
    """Return the lines of a document without faults; those of a credit note are negative.

    Their taxes are the document's, moved by cents within a rate where the platform would not take a line's.
    """
    red = document.kind is DocumentKind.CREDIT_NOTE
    pieces = [
        piece
        for line in document.lines
        for piece in (_whole(line) if red else _pieces(line, includes_tax=document.includes_tax))
        if piece.amount
    ]
    taxes = _taxes(document, pieces)
    sign = -1 if red else 1
    return tuple(
        Line(
            line=piece.of.line,
            sku=piece.of.sku,
            name=piece.of.name,
            tax_code=codes[piece.of.sku] or "",
            unit=piece.of.unit,
            quantity=None if piece.quantity is None else sign * piece.quantity,
            price=piece.price,
            amount=sign * piece.amount,
            rate=piece.of.tax_rate,
            tax=sign * tax,
            relief=_relief(piece.of),
            discount=piece.discount,
        )
        for piece, tax in zip(pieces, taxes, strict=True)
    )


def differences(made: Sequence[Line], *, net: Decimal, tax: Decimal, total: Decimal) -> list[Fault]:
    """Return what of the lines and sums the platform would refuse: each to a cent, the sums exactly."""
    found: list[Fault] = []
    for number, line in enumerate(made, 1):
        meta: dict[str, object] = {"line": line.line, "sku": line.sku, "position": number}
        if line.quantity is not None and line.price is not None:
            off = abs(line.quantity * line.price - line.amount)
            if off > CENT:
                words = (f"line {number}: price × quantity is off", f"第 {number} 行单价×数量≠金额")
                found.append(Fault("amount_differs", words, meta=meta))
        if abs(line.amount * line.rate - line.tax) > CENT:
            words = (f"line {number}: amount × rate is off", f"第 {number} 行金额×税率≠税额")
            found.append(Fault("tax_differs", words, meta=meta))
    sums = sum((one.amount for one in made), ZERO), sum((one.tax for one in made), ZERO)
    if sums != (net, tax) or net + tax != total:
        words = ("the lines do not add up to the totals", "明细合计与金额、税额、价税合计不符")
        found.append(Fault("sums_differ", words))
    if len(made) > MOST_LINES:
        words = (f"at most {MOST_LINES} lines", f"最多 {MOST_LINES} 行")
        found.append(Fault("too_many_lines", words, meta={"limit": MOST_LINES}))
    return found


def _rate_faults(line: DocumentLine, form: Type) -> Iterable[Fault]:
    relief, meta = _relief(line), {"line": line.line, "sku": line.sku, "rate": str(line.tax_rate)}
    if line.tax_rate and line.tax_rate not in RATES:
        words = (f"{line.sku}: no tax invoice has this rate", f"{line.sku}：没有该税率或征收率")
        yield Fault("tax_rate_unknown", words, meta=meta)
    if line.tax_category in {"AE", "K"} or bool(line.tax_rate) == bool(relief):
        words = (f"{line.sku}: this tax category is not of China", f"{line.sku}：税务类别不适用于中国")
        yield Fault("tax_category_unknown", words, meta=meta | {"category": line.tax_category})
    if form == "special" and relief == "exempt":
        words = (f"{line.sku}: what is exempt needs a general one", f"{line.sku}：免税项目不得开具专票")
        yield Fault("special_not_allowed", words, meta=meta)


def _relief(line: DocumentLine) -> Relief | None:
    if line.tax_category == "S" and not line.tax_rate:
        return "zero"
    return RELIEFS.get(line.tax_category)


def _whole(line: DocumentLine) -> list[_Piece]:
    """Return a line with its discount taken off, as red ones have it."""
    return [_Piece(line, line.net, line.tax, line.quantity, _price(line.net, line))]


def _pieces(line: DocumentLine, *, includes_tax: bool) -> list[_Piece]:
    """Return a line before its discount, and the discount as a line of its own (折扣行)."""
    if line.discount <= 0:
        return _whole(line)
    if includes_tax:
        gross = line.gross + line.discount
        amount = money.rounded(gross / (1 + line.tax_rate), CURRENCY)
        tax = gross - amount
    else:
        amount = line.net + line.discount
        tax = money.rounded(amount * line.tax_rate, CURRENCY)
    return [
        _Piece(line, amount, tax, line.quantity, _price(amount, line)),
        _Piece(line, line.net - amount, line.tax - tax, None, discount=True),
    ]


def _price(amount: Decimal, line: DocumentLine) -> Decimal:
    """Return the price without tax: as it was said where that comes to the amount, else worked out."""
    if money.rounded(line.unit_price * line.quantity, CURRENCY) == amount:
        return line.unit_price
    return (amount / line.quantity).quantize(PRICE_DIGITS, ROUND_HALF_UP)


def _taxes(document: Document, pieces: Sequence[_Piece]) -> list[Decimal]:
    """Return the tax of each piece: near its own, within a cent of amount × rate, exact in sum per rate."""
    taxes = [ZERO] * len(pieces)
    for rate in {line.tax_rate for line in document.lines}:
        mine = [number for number, piece in enumerate(pieces) if piece.of.tax_rate == rate]
        bounds = {number: _bounds(pieces[number]) for number in mine}
        for number in mine:
            low, high = bounds[number]
            taxes[number] = min(max(pieces[number].tax, low), high)
        whole = sum((line.tax for line in document.lines if line.tax_rate == rate), ZERO)
        left = whole - sum((taxes[number] for number in mine), ZERO)
        for number in sorted(mine, key=lambda one: -abs(pieces[one].amount)):
            low, high = bounds[number]
            moved = min(max(taxes[number] + left, low), high)
            left -= moved - taxes[number]
            taxes[number] = moved
    return taxes


def _bounds(piece: _Piece) -> tuple[Decimal, Decimal]:
    """Return the least and the most tax, in whole cents, that is within a cent of amount × rate."""
    exact = piece.amount * piece.of.tax_rate
    down = (exact - CENT).quantize(CENT, "ROUND_CEILING")
    return down, (exact + CENT).quantize(CENT, "ROUND_FLOOR")
