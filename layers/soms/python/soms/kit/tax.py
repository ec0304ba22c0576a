"""What a document comes to: subtotals, discounts, tax per group, and the lines' parts of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Final

from soms.kit.money import (
    EXACT,
    PRICE_DIGITS,
    amount,
    divided,
    exponent,
    of_units,
    split,
    units,
    within_limit,
)

_MILLION: Final = 10**PRICE_DIGITS


class DiscountTooLarge(ValueError):
    """The discount of a line (`index`, from 0) or of the order (None) is more than it is taken from."""

    def __init__(self, index: int | None) -> None:
        """Remember whose discount it is."""
        whose = (
            "of the order is more than its lines come to"
            if index is None
            else "is more than the line's subtotal"
        )
        super().__init__(f"the discount {whose}")
        self.index = index


class ArithmeticIdentityBroken(ArithmeticError):
    """A document's figures do not add up, which is a bug: such a document must not be stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedLine:
    """What is sold, at which price; a discount is in percent or an amount, a rate of 13 % is 0.13.

    A charge (shipping, fees) takes no part in the order's discount.
    """

    unit_price: Decimal
    quantity: int
    discount_percent: Decimal | None = None
    discount_amount: Decimal | None = None
    category: str
    rate: Decimal
    reason: str | None = None
    charge: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxedLine:
    """A line's amounts: base = subtotal − discount; base − share = net, or gross if prices include tax.

    `share` is the line's part of the order's discount.
    """

    subtotal: Decimal
    discount: Decimal
    base: Decimal
    share: Decimal
    net: Decimal
    tax: Decimal
    gross: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxGroupSum:
    """Net and tax of all lines that have one category, rate and exemption reason."""

    category: str
    rate: Decimal
    reason: str | None
    net: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedDocument:
    """A document's amounts, lines in the order given, tax groups in the order of their first line.

    `subtotal` and `discount` (of lines and order) leave charges out.
    subtotal − discount + charges = net, or total if prices include tax.
    """

    lines: tuple[TaxedLine, ...]
    groups: tuple[TaxGroupSum, ...]
    subtotal: Decimal
    discount: Decimal
    charges: Decimal
    net: Decimal
    tax: Decimal
    total: Decimal


def price_document(
    lines: Sequence[PricedLine],
    *,
    currency: str,
    includes_tax: bool,
    order_percent: Decimal | None = None,
    order_amount: Decimal | None = None,
) -> PricedDocument:
    """Return what the lines come to in the currency, rounded half up once per step, with proved identities.

    Raises DiscountTooLarge, and TooManyDigits, TooLarge or ValueError for input that no document may have.
    """
    digits = exponent(currency)
    own = [_subtotal_and_discount(line, digits, index) for index, line in enumerate(lines)]
    bases = [subtotal - discount for subtotal, discount in own]
    goods = [0 if line.charge else base for line, base in zip(lines, bases, strict=True)]
    shares = split(_discount(sum(goods), order_percent, order_amount, digits, None), goods)
    due = [base - share for base, share in zip(bases, shares, strict=True)]
    taxes, groups = _taxed(lines, due, digits, includes_tax=includes_tax)
    taxed = tuple(
        _line(amounts, share, tax, digits, includes_tax=includes_tax)
        for amounts, share, tax in zip(own, shares, taxes, strict=True)
    )
    document = _document(lines, taxed, groups, currency)
    prove(document)
    return document


def prove(document: PricedDocument) -> None:
    """Raise ArithmeticIdentityBroken unless lines, tax groups and totals of the document agree."""
    lines, groups = document.lines, document.groups
    with localcontext(EXACT):
        proved = (
            sum(line.net for line in lines) == document.net == sum(group.net for group in groups)
            and sum(line.tax for line in lines) == document.tax == sum(group.tax for group in groups)
            and document.net + document.tax == document.total
            and all(line.net + line.tax == line.gross for line in lines)
            and document.subtotal - document.discount + document.charges in {document.net, document.total}
        )
    if not proved:
        message = "lines, tax groups and totals of a document disagree"
        raise ArithmeticIdentityBroken(message)


def _subtotal_and_discount(line: PricedLine, digits: int, index: int) -> tuple[int, int]:
    price = _not_negative(units(line.unit_price, PRICE_DIGITS))
    subtotal = divided(price * _not_negative(line.quantity) * 10**digits, _MILLION)
    within_limit(subtotal)
    return subtotal, _discount(subtotal, line.discount_percent, line.discount_amount, digits, index)


def _discount(
    base: int, percent: Decimal | None, fixed: Decimal | None, digits: int, index: int | None
) -> int:
    if percent is not None and fixed is not None:
        message = "a discount is in percent or an amount, not both"
        raise ValueError(message)
    discount = 0
    if percent is not None:
        millionths = _not_negative(units(percent, PRICE_DIGITS))
        if millionths > 100 * _MILLION:
            raise DiscountTooLarge(index)
        discount = divided(base * millionths, 100 * _MILLION)
    elif fixed is not None:
        discount = _not_negative(units(fixed, digits))
    if discount > base:
        raise DiscountTooLarge(index)
    return discount


def _not_negative(value: int) -> int:
    if value < 0:
        message = "prices, quantities, discounts and rates are never negative"
        raise ValueError(message)
    return value


def _taxed(
    lines: Sequence[PricedLine], due: Sequence[int], digits: int, *, includes_tax: bool
) -> tuple[list[int], tuple[TaxGroupSum, ...]]:
    members: dict[tuple[str, Decimal, str | None], list[int]] = {}
    for index, line in enumerate(lines):
        members.setdefault((line.category, line.rate, line.reason), []).append(index)

    taxes = [0] * len(lines)
    groups = []
    for (category, rate, reason), indices in members.items():
        amounts = [due[index] for index in indices]
        net, tax = _net_and_tax(
            sum(amounts), _not_negative(units(rate, PRICE_DIGITS)), includes_tax=includes_tax
        )
        for index, share in zip(indices, split(tax, amounts), strict=True):
            taxes[index] = share
        net_sum, tax_sum = of_units(net, digits), of_units(tax, digits)
        groups.append(TaxGroupSum(category=category, rate=rate, reason=reason, net=net_sum, tax=tax_sum))
    return taxes, tuple(groups)


def _net_and_tax(due: int, rate: int, *, includes_tax: bool) -> tuple[int, int]:
    if includes_tax:
        net = divided(due * _MILLION, _MILLION + rate)
        return net, due - net
    return due, divided(due * rate, _MILLION)


def _line(own: tuple[int, int], share: int, tax: int, digits: int, *, includes_tax: bool) -> TaxedLine:
    subtotal, discount = own
    base = subtotal - discount
    gross = base - share if includes_tax else base - share + tax
    return TaxedLine(
        subtotal=of_units(subtotal, digits),
        discount=of_units(discount, digits),
        base=of_units(base, digits),
        share=of_units(share, digits),
        net=of_units(gross - tax, digits),
        tax=of_units(tax, digits),
        gross=of_units(gross, digits),
    )


def _document(
    lines: Sequence[PricedLine], taxed: tuple[TaxedLine, ...], groups: tuple[TaxGroupSum, ...], currency: str
) -> PricedDocument:
    goods = [amounts for line, amounts in zip(lines, taxed, strict=True) if not line.charge]
    charges = [amounts.base for line, amounts in zip(lines, taxed, strict=True) if line.charge]
    with localcontext(EXACT):
        net, tax = sum(group.net for group in groups), sum(group.tax for group in groups)
        return PricedDocument(
            lines=taxed,
            groups=groups,
            subtotal=amount(Decimal(sum(line.subtotal for line in goods)), currency),
            discount=amount(Decimal(sum(line.discount + line.share for line in goods)), currency),
            charges=amount(Decimal(sum(charges)), currency),
            net=amount(Decimal(net), currency),
            tax=amount(Decimal(tax), currency),
            total=amount(Decimal(net + tax), currency),
        )
