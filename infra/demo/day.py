"""A day in the life of an order: what is bought and at which prices, from real rows; pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from infra.demo import plan
from infra.demo.excerpt import ZERO, Row
from infra.demo.plan import Sale

RULE = "demo-large-orders"
LINES = 3
FEWEST = 4
"""Units of a line that can be sent in two parts and come back in part."""
HUNDRED, THOUSAND = Decimal(100), Decimal(1000)
FAR_TOO_MANY = 100


@dataclass(frozen=True)
class Day:
    """The goods of a day's order, dearest line first, and what goes out in exchange."""

    sale: Sale
    goods: tuple[Row, ...]
    instead: Row

    @property
    def name(self) -> str:
        """Return what the day's customer, order and keys are called by."""
        return f"day-{self.sale.invoice}"

    @property
    def worth(self) -> Decimal:
        """Return what the goods cost as first asked for, in GBP."""
        return sum((row.amount for row in self.goods), ZERO)

    @property
    def threshold(self) -> Decimal:
        """Return the total above which the day's approval rule asks: full hundreds below the first quote."""
        return self.worth // HUNDRED * HUNDRED

    @property
    def credit(self) -> Decimal:
        """Return the customer's limit: full thousands that the day's order fits into several times."""
        return (self.worth * 4 // THOUSAND + 1) * THOUSAND

    def units(self, line: int) -> int:
        """Return how many units of a line are asked for at first."""
        return self.goods[line - 1].quantity

    def lines(self, times: int = 1) -> list[dict[str, object]]:
        """Return the lines of the order without prices, the first one so many times over."""
        factors = (times, *(1 for _ in self.goods[1:]))
        return [
            {"sku": row.sku, "quantity": row.quantity * factor}
            for row, factor in zip(self.goods, factors, strict=True)
        ]

    def order(self, times: int = 1) -> dict[str, object]:
        """Return the order as a sales person asks for it, the first line so many times over."""
        return {
            "customer_ref": {"source": "demo", "id": self.name},
            "lines": self.lines(times),
            "external_ref": {"source": "demo", "id": self.name},
            "status": "draft",
        }


def choose(sales: Iterable[Sale], avoided: Collection[str]) -> Day:
    """Return the day of the largest invoice that has goods enough, without those to be avoided."""
    days = (_day(sale, avoided) for sale in sorted(sales, key=lambda one: (-_amount(one), one.invoice)))
    return next(day for day in days if day)


def with_rule(settings: Mapping[str, object], rule: Mapping[str, object] | None) -> dict[str, object]:
    """Return settings to be put, with the day's approval rule and everybody else's, or without it."""
    held = settings.get("approval_rules")
    others = [one for one in held if one["id"] != RULE] if isinstance(held, list) else []
    kept = {name: value for name, value in settings.items() if name != "version"}
    return kept | {"approval_rules": others + ([dict(rule)] if rule else [])}


def quoted(versions: Iterable[Mapping[str, object]]) -> dict[int, str]:
    """Return each quote's total among versions, newest first, as it was when it was quoted."""
    bound = (one for one in versions if one["status"] != "draft")
    return {int(str(one["quote_version"])): str(one["total"]) for one in bound}


def total(documents: Sequence[Mapping[str, object]], name: str = "total") -> Decimal:
    """Return the sum of an amount over documents."""
    return sum((Decimal(str(one[name])) for one in documents), ZERO)


def _day(sale: Sale, avoided: Collection[str]) -> Day | None:
    fit = {
        row.sku: row
        for row in sale.rows
        if plan.is_stocked(row.sku) and row.sku not in avoided and row.quantity >= FEWEST and row.price
    }
    dearest = sorted(fit.values(), key=lambda row: (-row.amount, row.sku))
    if not sale.customer or len(dearest) <= LINES:
        return None
    return Day(sale, tuple(dearest[:LINES]), dearest[LINES])


def _amount(sale: Sale) -> Decimal:
    return sum((row.amount for row in sale.rows), ZERO)
