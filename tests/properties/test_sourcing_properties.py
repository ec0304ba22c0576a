"""Sourcing against brute force: as few warehouses as can be, never more than there is; splitting to the cent."""

import json
import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st
from soms.inventory.model import StockItem
from soms.orders import quantities, sourcing, splitting
from soms.orders.model import Discount, Line, Order, Part
from soms.orders.sourcing import Demand, Taken, Terms

CASES = 20_000 if os.environ.get("SOMS_LONG") == "1" else 500
NAMES = ("a", "b", "c", "d", "e")
SKUS = ("X", "Y", "Z")
AMOUNTS = (*quantities.AMOUNTS, "gross")
MOST_BYTES = 120

units = st.integers(0, 6)
stocks = st.fixed_dictionaries({(sku, name): units for sku in SKUS for name in NAMES})
wanted = st.lists(st.tuples(st.sampled_from(SKUS), st.integers(1, 9)), min_size=1, max_size=5)
rules = st.sampled_from(["nearest", "fewest_splits"])
owns = st.sampled_from([None, None, *NAMES])
rankings = st.permutations(NAMES)
Held = Mapping[tuple[str, str], int]


def pool(stock: Held) -> dict[StockItem, int]:
    return {StockItem(sku=sku, warehouse=name): count for (sku, name), count in stock.items()}


def demands(lines: Sequence[tuple[str, int]]) -> list[Demand]:
    return [Demand(number, sku, count) for number, (sku, count) in enumerate(lines, 1)]


def really(taken: Sequence[Taken]) -> list[tuple[str, int]]:
    """Return what is taken of what there is, without what nobody has."""
    return [(one.warehouse, one.units - one.why.short) for one in taken if one.units > one.why.short]


@settings(max_examples=CASES, deadline=None)
@given(stocks, wanted, rules, rankings, owns)
def test_never_more_is_taken_than_there_is_and_nothing_is_left_lying(
    stock: Held, lines: list[tuple[str, int]], rule: str, ranked: list[str], own: str | None
) -> None:
    made = sourcing.choose(demands(lines), pool(stock), Terms(rule, tuple(ranked), own))  # type: ignore[arg-type]

    used: dict[tuple[str, str], int] = {}
    for number, (sku, count) in enumerate(lines, 1):
        assert sum(one.units for one in made[number]) == count
        for name, taken in really(made[number]):
            used[sku, name] = used.get((sku, name), 0) + taken
    assert all(count <= stock[item] for item, count in used.items())
    for sku in SKUS:
        there = sum(count for (one, _), count in stock.items() if one == sku)
        asked = sum(count for one, count in lines if one == sku)
        assert sum(count for (one, _), count in used.items() if one == sku) == min(there, asked)


@settings(max_examples=CASES, deadline=None)
@given(stocks, st.dictionaries(st.sampled_from(SKUS), st.integers(1, 9), min_size=1), rules, rankings, owns)
def test_a_line_is_split_only_where_no_warehouse_holds_it(
    stock: Held, lines: dict[str, int], rule: str, ranked: list[str], own: str | None
) -> None:
    made = sourcing.choose(
        demands(list(lines.items())),
        pool(stock),
        Terms(rule, tuple(ranked), own),  # type: ignore[arg-type]
    )

    for number, (sku, count) in enumerate(lines.items(), 1):
        holders = [name for name in ranked if stock[sku, name] >= count]
        if holders:
            [(name, taken)] = really(made[number])
            assert taken == count
            assert name in holders
            assert own not in holders or name == own
            assert rule != "nearest" or own in holders or name == holders[0]


@settings(max_examples=CASES, deadline=None)
@given(stocks, st.dictionaries(st.sampled_from(SKUS), st.integers(1, 9), min_size=1), rankings)
def test_the_warehouses_are_the_fewest_and_of_these_the_best_ranked(
    stock: Held, lines: dict[str, int], ranked: list[str]
) -> None:
    made = sourcing.choose(
        demands(list(lines.items())), pool(stock), Terms("fewest_splits", tuple(ranked))
    )

    used = {name for taken in made.values() for name, _ in really(taken)}
    assert used == set(fewest(stock, lines, ranked))


@settings(max_examples=CASES, deadline=None)
@given(stocks, st.dictionaries(st.sampled_from(SKUS), st.integers(1, 9), min_size=1), rankings)
def test_with_very_many_warehouses_the_set_is_close_and_still_serves(
    stock: Held, lines: dict[str, int], ranked: list[str]
) -> None:
    left, asked = pool(stock), demands(list(lines.items()))
    useful = [name for name in ranked if any(stock[sku, name] for sku in lines)]

    best = sourcing._outcome(asked, left, useful)
    about = sourcing._about_fewest(asked, left, useful, best)

    assert sourcing._outcome(asked, left, about) <= best
    assert len(about) <= 2 * len(fewest(stock, lines, ranked))


def fewest(stock: Held, lines: Mapping[str, int], ranked: Sequence[str]) -> tuple[str, ...]:
    """Return the answer by trying every set: lines that somebody holds are whole, the others are not."""

    def serves(names: Sequence[str]) -> bool:
        for sku, count in lines.items():
            held = [stock[sku, name] for name in ranked]
            mine = [stock[sku, name] for name in names]
            if max(held) >= count:
                if max(mine, default=0) < count:
                    return False
            elif sum(mine) < min(count, sum(held)):
                return False
        return True

    sets = (names for size in range(len(ranked) + 1) for names in combinations(ranked, size))
    return next(names for names in sets if serves(names))


@settings(max_examples=CASES, deadline=None)
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=8), st.integers(1, 10**6), st.integers(1, 64))
def test_the_reason_is_short_enough_to_be_kept_on_every_line(held: list[int], count: int, length: int) -> None:
    names = [str(number) * length for number in range(len(held))]
    stock = {StockItem(sku="X", warehouse=name[:64]): one for name, one in zip(names, held, strict=True)}

    made = sourcing.choose([Demand(1, "X", count)], stock, Terms("fewest_splits", tuple(names)))

    for one in made[1]:
        told = one.why.model_dump(mode="json", exclude_defaults=True)
        assert len(json.dumps(told, separators=(",", ":"))) <= MOST_BYTES


amounts = st.integers(0, 10**6).map(lambda cents: Decimal(cents).scaleb(-2))
parts = st.lists(st.tuples(st.integers(1, 9), amounts, amounts, amounts, amounts), min_size=1, max_size=3)


@st.composite
def lines(draw: st.DrawFn) -> Line:
    """Make a line as amendments and cancellations leave one; what was raised last has at least one unit."""
    agreed = tuple(
        Part(quantity=count, net=net, tax=tax, discount=discount, share=share)
        for count, net, tax, discount, share in draw(parts)
    )
    count = sum(one.quantity for one in agreed)
    cancelled = draw(st.integers(0, count - agreed[-1].quantity)) if len(agreed) > 1 else 0
    rule = draw(st.sampled_from([None, Discount(percent=Decimal(3)), Discount(amount=Decimal("1.00"))]))
    plain = Line(
        line=1,
        sku="X",
        name="thing",
        quantity=count,
        unit_price=Decimal(1),
        net=Decimal(0),
        tax_rate=Decimal("0.13"),
        tax=Decimal(0),
        gross=Decimal(0),
        discount_rule=rule,
        cancelled=cancelled,
        reserved=count - cancelled,
        parts=agreed,
    )
    worth = quantities.worth_of(plain, plain.in_force)
    figures = {name: getattr(worth, name) for name in quantities.AMOUNTS}
    kept = agreed if len(agreed) > 1 else ()
    return plain.model_copy(update={**figures, "gross": worth.net + worth.tax, "parts": kept})


@settings(max_examples=CASES, deadline=None)
@given(lines(), st.data())
def test_a_split_line_is_worth_what_it_was_to_the_cent(line: Line, data: st.DataObject) -> None:
    most = min(quantities.agreed(line)[-1].quantity, line.in_force)
    moved = data.draw(st.integers(1, most) if line.parts or most == 1 else st.integers(1, most - 1))
    if not line.parts and most == 1:
        return
    off = [moved] if moved == 1 else data.draw(st.sampled_from([[moved], [1, moved - 1]]))

    made = splitting.parted(line, off, range(7, 7 + len(off)))

    for name in ("quantity", "reserved", "cancelled", *AMOUNTS):
        assert sum(getattr(one, name) for one in made) == getattr(line, name), name
    assert min(getattr(one, name) for one in made for name in AMOUNTS) >= 0
    assert [(one.line, one.split_of) for one in made[1:]] == [(7 + index, 1) for index in range(len(off))]
    for one in made:
        worth = quantities.worth_of(one, one.in_force)
        assert {name: getattr(worth, name) for name in quantities.AMOUNTS} == {
            name: getattr(one, name) for name in quantities.AMOUNTS
        }


@settings(max_examples=CASES, deadline=None)
@given(lines(), st.integers(1, 8), st.integers(1, 8))
def test_a_line_in_pieces_is_put_together_as_it_was(line: Line, first: int, second: int) -> None:
    plain = line.model_copy(update={"parts": (), "cancelled": 0, "reserved": 0})
    off = [first, second] if first + second < line.quantity else []

    made = splitting.parted(plain, off, range(2, 2 + len(off))) if off else (plain,)
    order = Order.model_construct(lines=made)

    assert splitting.whole(order).lines == (plain,)
