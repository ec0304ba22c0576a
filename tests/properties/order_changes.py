"""How drafts are priced and what an amendment makes of an order, as the rules have it."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

from tests.properties.money_oracle import DIGITS, half_up
from tests.properties.order_figures import (
    Asked,
    Change,
    Edit,
    Line,
    Order,
    Part,
    Refusal,
    Rule,
    Wanted,
    priced,
)

MILLION = 10**6


class Sold(Protocol):
    """What a product is, as far as prices go."""

    sku: str
    price: Decimal
    currency: str
    rate: Decimal
    stocked: bool
    active: bool


Products = Mapping[str, Sold]


def require(codes: Iterable[str]) -> None:
    """Refuse if anything is wrong: a missing right first, several kinds of fault by one code."""
    found = set(codes)
    if "forbidden" in found:
        raise Refusal(403, "forbidden")
    if found:
        raise Refusal(422, found.pop() if len(found) == 1 else "invalid")


def drafted(order: Order, asked: Iterable[Asked], rule: Rule | None, products: Products) -> None:
    """Give a new order its lines, numbered from 1, and its discount."""
    order.rule = rule
    for number, one in enumerate(asked, 1):
        order.lines.append(_new(number, one, products))
        order.numbered = number


def _new(number: int, one: Asked, products: Products) -> Line:
    units = [Part(one.units, 0, 0, 0, 0)]
    if one.sku is None:
        price, rate = Decimal(one.price or 0), Decimal(one.rate)
        return Line(number, "SHIPPING", price, rate, stocked=False, charge=True, parts=units)
    product = products.get(one.sku)
    return Line(
        number,
        one.sku,
        Decimal(one.price) if one.price is not None else product.price if product else Decimal(0),
        product.rate if product else Decimal(0),
        stocked=product.stocked if product else False,
        rule=one.rule,
        by_hand=one.price is not None,
        parts=units,
    )


def faults_of(
    order: Order, lines: Iterable[Line], products: Products, *, may_price: bool, agreed: bool = False
) -> list[str]:
    """Return what is wrong with lines that are to be priced, at agreed prices or today's."""
    codes = [_digits(order.rule, order.currency)] if order.rule else []
    for line in lines:
        product = products.get(line.sku)
        codes.append(_digits(line.rule, order.currency))
        if product is None:
            codes.append("unknown_sku")
            continue
        codes += [] if product.active else ["inactive_sku"]
        codes += ["currency_mismatch"] if _foreign(order, line, product, agreed=agreed) else []
        codes += ["forbidden"] if line.by_hand and not may_price else []
    return [code for code in codes if code]


def _foreign(order: Order, line: Line, product: Sold, *, agreed: bool) -> bool:
    return not agreed and not line.by_hand and product.currency != order.currency


def _digits(rule: Rule | None, currency: str) -> str:
    if rule is None or rule[0] == "percent":
        return ""
    exact = Fraction(rule[1]) * 10 ** DIGITS[currency]
    return "" if exact.denominator == 1 else "too_many_digits"


def price_of(product: Sold, order: Order, *, company_with_tax: bool) -> Decimal:
    """Return the catalogue's price as the order has its prices, with or without tax, to six decimals."""
    if company_with_tax == order.with_tax:
        return product.price
    factor = 1 + Fraction(product.rate)
    price = Fraction(product.price) * (factor if order.with_tax else 1 / factor)
    return Decimal(half_up(price * MILLION)) / MILLION


def in_draft(order: Order, products: Products, *, company_with_tax: bool) -> None:
    """Price a draft anew, as of today; prices given by hand stay."""
    for line in order.goods:
        product = products[line.sku]
        line.rate, line.stocked = product.rate, product.stocked
        if not line.by_hand:
            line.price = price_of(product, order, company_with_tax=company_with_tax)
    wanted = [Wanted(line, line.quantity, rule=line.rule) for line in order.lines]
    for line, part in zip(order.lines, priced(order, wanted, order.rule), strict=True):
        line.parts = [part]
    order.sum_up()


def amended(
    order: Order, change: Change, products: Products, *, company_with_tax: bool, may_price: bool
) -> None:
    """Change an order: a draft is priced anew, of a confirmed one only what comes to it is priced."""
    if order.status == "draft":
        _draft(order, change, products, company_with_tax=company_with_tax, may_price=may_price)
    else:
        _Plan(order, products, company_with_tax=company_with_tax, may_price=may_price).carry_out(change)


def _draft(
    order: Order, change: Change, products: Products, *, company_with_tax: bool, may_price: bool
) -> None:
    codes = []
    for edit in change.edits:
        if edit.number is None:
            order.numbered += 1
            ask = Asked(edit.sku, edit.units or 0, edit.price, edit.rule)
            order.lines.append(_new(order.numbered, ask, products))
            codes += _by_hand(edit, may_price=may_price)
            continue
        line = order.line(edit.number)
        if line is None or line.charge:
            codes.append("unknown_line")
        elif edit.units == 0:
            order.lines.remove(line)
        else:
            codes += _by_hand(edit, may_price=may_price)
            _edit(line, edit)
    if "shipping" in change.says:
        order.lines = order.goods
        if change.charge:
            order.numbered += 1
            order.lines.append(_new(order.numbered, change.charge, products))
    if "discount" in change.says:
        order.rule = change.rule
    codes += [] if order.goods else ["required"]
    require([*codes, *faults_of(order, order.goods, products, may_price=True)])
    in_draft(order, products, company_with_tax=company_with_tax)


def _by_hand(edit: Edit, *, may_price: bool) -> list[str]:
    return ["forbidden"] if edit.price is not None and not may_price else []


def _edit(line: Line, edit: Edit) -> None:
    if edit.units is not None:
        line.parts = [Part(edit.units, 0, 0, 0, 0)]
    if edit.price is not None:
        line.price, line.by_hand = Decimal(edit.price), True
    if edit.says_rule:
        line.rule = edit.rule


class _Plan:
    """What an amendment does to a confirmed order: units end, come to lines, come as new lines."""

    def __init__(self, order: Order, products: Products, *, company_with_tax: bool, may_price: bool) -> None:
        self.order, self.products = order, products
        self.company_with_tax, self.may_price = company_with_tax, may_price
        self.ends: dict[int, int] = {}
        self.raises: list[Wanted] = []
        self.adds: list[Wanted] = []
        self.codes: list[str] = []
        self.number = order.numbered

    def carry_out(self, change: Change) -> None:
        order, seen, dear = self.order, set[int](), "discount" in change.says
        for edit in change.edits:
            self._plan(edit, seen, dear=dear)
        for line in order.goods if dear else ():
            if line.open and line.number not in seen:
                self._reprice(line, Edit(line.number), line.open)
        if "shipping" in change.says:
            self.ends |= {line.number: line.open for line in order.lines if line.charge and line.open}
            if change.charge:
                self._add(_new(0, change.charge, self.products), change.charge.units, None)
        rule = change.rule if dear else order.rule if order.rule and order.rule[0] == "percent" else None
        self.codes.append(_digits(rule, order.currency))
        require([code for code in self.codes if code])
        wanted = [*self.raises, *self.adds]
        parts = priced(order, wanted, rule)
        order.end(self.ends, charges_stay=any(not one.line.charge for one in wanted))
        for one, part in zip(wanted, parts, strict=True):
            self._come(one, part)
        order.rule, order.numbered = change.rule if dear else order.rule, self.number
        order.sum_up()

    def _come(self, one: Wanted, part: Part) -> None:
        line = one.into or one.line
        if one.into is None:
            line.parts = []
            self.order.lines.append(line)
        line.parts.append(part)
        line.reserved += part.units if line.stocked else 0

    def _plan(self, edit: Edit, seen: set[int], *, dear: bool) -> None:
        if edit.number is None:
            line = _new(0, Asked(edit.sku, edit.units or 0, edit.price, edit.rule), self.products)
            product = self.products.get(edit.sku)
            if product and not line.by_hand:
                line.price = price_of(product, self.order, company_with_tax=self.company_with_tax)
            self._check(line, agreed=False)
            self._add(line, edit.units or 0, edit.rule)
            return
        held = self.order.line(edit.number)
        if held is None or held.charge or not held.in_force:
            self.codes.append("unknown_line")
        elif edit.number in seen:
            self.codes.append("duplicate_line")
        else:
            self._change(held, edit, dear=dear)
        seen.add(edit.number)

    def _change(self, line: Line, edit: Edit, *, dear: bool) -> None:
        wanted = line.in_force if edit.units is None else edit.units
        if wanted < line.shipped:
            self.codes.append("quantity_below_shipped")
        elif edit.price is not None or edit.says_rule or dear:
            self._reprice(line, edit, wanted - line.shipped)
        elif wanted < line.in_force:
            self.ends[line.number] = line.in_force - wanted
        elif wanted > line.in_force:
            self._raise(line, wanted - line.in_force)

    def _raise(self, line: Line, units: int) -> None:
        rule = line.rule if line.rule and line.rule[0] == "percent" else None
        product = self.products[line.sku]
        more = Line(0, line.sku, line.price, product.rate, stocked=line.stocked, rule=rule)
        self._check(more, agreed=True)
        if product.rate == line.rate:
            self.raises.append(Wanted(more, units, line, rule))
        else:
            self._add(more, units, rule)

    def _reprice(self, line: Line, edit: Edit, units: int) -> None:
        if line.open:
            self.ends[line.number] = line.open
        if not units:
            return
        product = self.products[line.sku]
        said = edit.price is not None
        new = Line(
            0,
            line.sku,
            Decimal(edit.price) if edit.price is not None else line.price,
            product.rate,
            stocked=product.stocked,
            by_hand=said,
            replaces=line.number,
        )
        new.rule = edit.rule if edit.says_rule else self._carried(line, units)
        self._check(new, agreed=not said)
        self._add(new, units, new.rule)

    def _carried(self, line: Line, units: int) -> Rule | None:
        if line.rule is None or line.rule[0] == "percent":
            return line.rule
        minor = 10 ** DIGITS[self.order.currency]
        whole = int(Fraction(line.rule[1]) * minor)
        part = half_up(Fraction(whole * min(units, line.quantity), line.quantity))
        return "amount", str(Decimal(part) / minor)

    def _check(self, line: Line, *, agreed: bool) -> None:
        bare = Order("", "", self.order.currency, with_tax=self.order.with_tax, policy="", creator="")
        self.codes += faults_of(bare, [line], self.products, may_price=self.may_price, agreed=agreed)

    def _add(self, line: Line, units: int, rule: Rule | None) -> None:
        self.number += 1
        line.number, line.rule = self.number, rule
        self.adds.append(Wanted(line, units, rule=rule))
