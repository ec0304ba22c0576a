"""What the rules of money say, in fractions of a minor unit; a step can be replaced by a faulty one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, pairwise
from math import floor
from typing import NamedTuple

from soms.kit.tax import PricedLine

DIGITS = {"JPY": 0, "CNY": 2, "KWD": 3, "CLF": 4}

Key = tuple[str, Decimal, str | None]
Rounding = Callable[[Fraction], int]
Splitting = Callable[[int, Sequence[Fraction]], list[int]]


@dataclass(frozen=True)
class Order:
    """A document to be priced."""

    lines: tuple[PricedLine, ...]
    currency: str
    includes_tax: bool
    percent: Decimal | None
    fixed: Decimal | None


class Figures(NamedTuple):
    """What an order comes to in minor units; fields in the order of the kernel's."""

    lines: tuple[tuple[int, ...], ...]
    groups: tuple[tuple[Key, int, int], ...]
    totals: tuple[int, ...]


@dataclass(frozen=True)
class Split:
    """An amount in minor units, to be split."""

    total: int
    weights: tuple[Decimal, ...]
    digits: int


@dataclass(frozen=True)
class Refund:
    """An amount in minor units for so many pieces, to be given back in parts."""

    total: int
    pieces: tuple[int, ...]
    digits: int


def half_up(value: Fraction) -> int:
    """Round half up, away from zero."""
    size = floor(abs(value) + Fraction(1, 2))
    return size if value >= 0 else -size


def ideal(total: int, weights: Sequence[Fraction]) -> list[Fraction]:
    """Return the unrounded shares."""
    together = sum(weights)
    return [
        Fraction(total) * weight / together if together else Fraction(total, len(weights))
        for weight in weights
    ]


def largest_remainder(total: int, weights: Sequence[Fraction]) -> list[int]:
    """Give one unit at a time to whoever is owed most."""
    owed = ideal(abs(total), weights)
    shares = [floor(share) for share in owed]
    while sum(shares) < abs(total):
        most = max(range(len(owed)), key=lambda index: (owed[index] - shares[index], -index))
        shares[most] += 1
    return [share if total >= 0 else -share for share in shares]


def discount(
    base: int, percent: Decimal | None, fixed: Decimal | None, digits: int, rounding: Rounding
) -> int:
    """Take a discount."""
    if percent is not None:
        return rounding(base * Fraction(percent) / 100)
    return 0 if fixed is None else int(Fraction(fixed) * 10**digits)


def oracle_order(
    order: Order,
    *,
    rounding: Rounding = half_up,
    splitting: Splitting = largest_remainder,
    tax_per_line: bool = False,
) -> Figures:
    """Price an order."""
    lines, digits = order.lines, DIGITS[order.currency]
    subtotals = [rounding(Fraction(line.unit_price) * line.quantity * 10**digits) for line in lines]
    off = [
        discount(subtotal, line.discount_percent, line.discount_amount, digits, rounding)
        for line, subtotal in zip(lines, subtotals, strict=True)
    ]
    bases = [subtotal - less for subtotal, less in zip(subtotals, off, strict=True)]
    goods = [index for index, line in enumerate(lines) if not line.charge]
    order_off = discount(sum(bases[index] for index in goods), order.percent, order.fixed, digits, rounding)
    shares = [0] * len(lines)
    split = splitting(order_off, [Fraction(bases[index]) for index in goods])
    for index, share in zip(goods, split, strict=True):
        shares[index] = share
    due = [base - share for base, share in zip(bases, shares, strict=True)]

    taxes, sums = taxed(order, due, rounding, splitting, tax_per_line=tax_per_line)
    nets = [amount - tax if order.includes_tax else amount for amount, tax in zip(due, taxes, strict=True)]
    grosses = [net + tax for net, tax in zip(nets, taxes, strict=True)]
    net, tax = sum(pair[0] for pair in sums.values()), sum(pair[1] for pair in sums.values())
    subtotal, less = sum(subtotals[i] for i in goods), sum(off[i] + shares[i] for i in goods)
    charges = sum(bases) - sum(bases[i] for i in goods)
    return Figures(
        tuple(zip(subtotals, off, bases, shares, nets, taxes, grosses, strict=True)),
        tuple((key, *pair) for key, pair in sums.items()),
        (subtotal, less, charges, net, tax, net + tax),
    )


def taxed(
    order: Order, due: Sequence[int], rounding: Rounding, splitting: Splitting, *, tax_per_line: bool
) -> tuple[list[int], dict[Key, tuple[int, int]]]:
    """Return the tax of each line, and net and tax of each tax group."""
    keys = [(line.category, line.rate, line.reason) for line in order.lines]
    taxes = [0] * len(due)
    sums: dict[Key, tuple[int, int]] = {}
    for key in dict.fromkeys(keys):
        members = [index for index, its in enumerate(keys) if its == key]
        rate, net, tax = Fraction(key[1]), 0, 0
        for group in [[index] for index in members] if tax_per_line else [members]:
            amount = sum(due[index] for index in group)
            group_net = rounding(amount / (1 + rate)) if order.includes_tax else amount
            group_tax = amount - group_net if order.includes_tax else rounding(amount * rate)
            weights = [due[index] * (1 if order.includes_tax else rate) for index in group]
            for index, share in zip(group, splitting(group_tax, [Fraction(w) for w in weights]), strict=True):
                taxes[index] = share
            net, tax = net + group_net, tax + group_tax
        sums[key] = net, tax
    return taxes, sums


def oracle_split(split: Split, *, splitting: Splitting = largest_remainder) -> tuple[int, ...]:
    """Split."""
    return tuple(splitting(split.total, [Fraction(weight) for weight in split.weights]))


def oracle_parts(refund: Refund, *, rounding: Rounding = half_up) -> tuple[int, ...]:
    """Give back in parts, each what is due by then less what was given."""
    quantity = sum(refund.pieces)
    due = [rounding(Fraction(refund.total * done, quantity)) for done in accumulate(refund.pieces, initial=0)]
    return tuple(after - before for before, after in pairwise(due))
