"""From which warehouses the lines of an order are taken, and why: facts in, choice out, pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from soms.catalog.model import SourcingRule, Warehouse
from soms.customers.model import Customer
from soms.inventory.model import StockItem
from soms.kit.problems import Words
from soms.orders.model import Sourcing

MOST_TRIED: Final = 50_000
"""How many lines may be laid out over sets of warehouses to find the smallest set; beyond, it is close."""
PASSED_BYTES: Final = 44
SHORT_BYTES: Final = 16
"""How much a line may say of warehouses that were passed over, less where units are short: bytes of JSON."""
Pool = dict[StockItem, int]


@dataclass(frozen=True)
class Demand:
    """Units that a line wants; `held_at` is where a line is taken from that is there already."""

    line: int
    sku: str
    units: int
    held_at: str | None = None


@dataclass(frozen=True)
class Terms:
    """The company's rule, the warehouses it may take from, best first, and the customer's own one."""

    rule: SourcingRule
    ranked: tuple[str, ...]
    own: str | None = None

    @property
    def candidates(self) -> tuple[str, ...]:
        """Return all warehouses that may serve, best first."""
        return tuple(dict.fromkeys([self.own, *self.ranked])) if self.own else self.ranked


@dataclass(frozen=True)
class Taken:
    """So many units from one warehouse, and why."""

    warehouse: str
    units: int
    why: Sourcing


def terms(rule: SourcingRule, default: str, customer: Customer, warehouses: Iterable[Warehouse]) -> Terms:
    """Return the terms for a customer's orders: nearest first, then by priority, then by id."""
    active = [one for one in warehouses if one.active]
    names = {one.id for one in active}

    def closeness(one: Warehouse) -> tuple[int, int, str]:
        if customer.region and one.region == customer.region:
            return 0, one.priority, one.id
        return 1 if customer.country and one.country == customer.country else 2, one.priority, one.id

    ranked = tuple(one.id for one in sorted(active, key=closeness))
    own = customer.warehouse if customer.warehouse in names else None
    return Terms(rule, (default,) if rule == "default" else ranked, own)


def choose(
    demands: Sequence[Demand], available: Mapping[StockItem, int], terms: Terms
) -> dict[int, list[Taken]]:
    """Choose for each line from where it is taken: whole where one warehouse holds it, else split.

    What nobody has is left on the preferred warehouse, which comes first. The warehouse a line is taken from
    already goes before the customer's, and that before those of the rule.
    """
    left, chosen, open_ = dict(available), dict[int, list[Taken]](), []
    for one in demands:
        preferred = one.held_at or terms.own
        if preferred and _left(left, one, preferred) >= one.units:
            chosen[one.line] = _take(one, left, [preferred], terms)
        else:
            open_.append(one)
    names = terms.candidates
    if terms.rule == "fewest_splits":
        names = _fewest(open_, left, names)
    for one in open_:
        places = names if terms.rule != "fewest_splits" else _largest_first(one, left, names)
        chosen[one.line] = _take(one, left, places, terms)
    return chosen


def because(why: Sourcing) -> Words:
    """Return in words why a line is taken from its warehouse."""
    if why.rule == "line":
        return "As said for this line.", "按本行指定。"
    english, chinese = _RULES[why.rule]
    english += f": {why.wanted} wanted, {why.available} available there"
    chinese += f"：需要 {why.wanted}，可用 {why.available}"
    if why.passed:
        held = ", ".join(f"{name} {units}" for name, units in why.passed.items())
        english, chinese = f"{english}; passed over: {held}", f"{chinese}；未选：{held}"
    if why.short:
        english, chinese = f"{english}; {why.short} nowhere", f"{chinese}；各仓均缺 {why.short}"
    return f"{english}.", f"{chinese}。"


_RULES: Final[Mapping[str, Words]] = {
    "customer": ("The customer's warehouse", "客户指定仓库"),
    "default": ("The company's default warehouse", "公司默认仓库"),
    "nearest": ("The nearest that can serve it", "最近的可供货仓库"),
    "fewest_splits": ("Among the fewest warehouses that serve the order", "供应整单所需的最少仓库之一"),
}


def _left(left: Mapping[StockItem, int], one: Demand, warehouse: str) -> int:
    return max(left.get(StockItem(sku=one.sku, warehouse=warehouse), 0), 0)


def _laid_out(one: Demand, left: Pool, places: Sequence[str]) -> tuple[list[tuple[str, int]], int]:
    """Take units out of what is left, from the first place that has all, or else from one after another.

    Returns how many from where, and how many nobody had.
    """
    single = next((name for name in places if _left(left, one, name) >= one.units), None)
    taken, missing = [], one.units
    for name in [single] if single else places:
        if units := min(_left(left, one, name), missing):
            left[StockItem(sku=one.sku, warehouse=name)] -= units
            taken.append((name, units))
            missing -= units
    return taken, missing


def _take(one: Demand, left: Pool, places: Sequence[str], terms: Terms) -> list[Taken]:
    preferred = one.held_at or terms.candidates[0]
    order = list(dict.fromkeys([one.held_at, *places])) if one.held_at else list(places)
    before = {name: _left(left, one, name) for name in dict.fromkeys([*terms.candidates, *order])}
    taken, missing = _laid_out(one, left, order)
    units = dict(taken)
    if missing:
        units = {preferred: units.pop(preferred, 0) + missing} | units
    made = []
    for name, count in units.items():
        rule = "customer" if name == terms.own else terms.rule
        short = missing if name == preferred else 0
        passed = _passed(before, name, units, PASSED_BYTES - (SHORT_BYTES if short else 0))
        why = Sourcing(rule=rule, wanted=one.units, available=before[name], short=short, passed=passed)
        made.append(Taken(name, count, why))
    return made


def _passed(
    before: Mapping[str, int], chosen: str, used: Mapping[str, int], most_bytes: int
) -> dict[str, int]:
    """Return what better places had that were not taken from, as far as it is short enough to be kept."""
    kept, size = dict[str, int](), 0
    for name, units in before.items():
        if name == chosen:
            break
        more = 0 if name in used else len(f'"{name}":{units},')
        if more and size + more <= most_bytes:
            kept[name] = units
            size += more
    return kept


def _largest_first(one: Demand, left: Pool, names: Sequence[str]) -> list[str]:
    """Return places so that a line that must be split is split over as few of them as possible."""
    if any(_left(left, one, name) >= one.units for name in names):
        return list(names)
    return sorted(names, key=lambda name: -_left(left, one, name))


def _fewest(demands: Sequence[Demand], left: Pool, candidates: Sequence[str]) -> tuple[str, ...]:
    """Return the fewest warehouses that serve the demands as well as all of them would, best ranked first."""
    useful = [name for name in candidates if any(_left(left, one, name) for one in demands)]
    best = _outcome(demands, left, useful)
    if len(demands) * 2 ** len(useful) <= MOST_TRIED:
        sizes = range(len(useful) + 1)
        sets = (names for size in sizes for names in combinations(useful, size))
        return next(names for names in sets if _outcome(demands, left, names) <= best)
    return _about_fewest(demands, left, useful, best)


def _about_fewest(
    demands: Sequence[Demand], left: Pool, useful: Sequence[str], best: tuple[int, int]
) -> tuple[str, ...]:
    """Return few warehouses: the one that helps most, until it is enough, without those then needless."""
    held: list[str] = []
    while _outcome(demands, left, held) > best:
        rest = [name for name in useful if name not in held]
        held.append(min(rest, key=lambda name: _outcome(demands, left, _in_order(useful, [*held, name]))))
    for name in reversed(useful):
        without = [one for one in _in_order(useful, held) if one != name]
        if name in held and _outcome(demands, left, without) <= best:
            held = without
    return _in_order(useful, held)


def _in_order(useful: Sequence[str], held: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in useful if name in held)


def _outcome(demands: Sequence[Demand], left: Pool, names: Sequence[str]) -> tuple[int, int]:
    """Return how many units would be missing and how many lines be split with these warehouses."""
    pool, missing, split = dict(left), 0, 0
    for one in demands:
        taken, lacking = _laid_out(one, pool, _largest_first(one, pool, names))
        missing += lacking
        split += len(taken) > 1 or bool(lacking)
    return missing, split
