"""Reorder points computed from demand and lead time: the safety stock of a service level."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal, localcontext
from statistics import NormalDist
from typing import Final

from soms.inventory import measures
from soms.inventory.folding import Figures
from soms.inventory.measures import ARITHMETIC
from soms.inventory.model import Computed, ComputedRequest, ReorderRule, Window
from soms.kit.problems import Fault, Invalid

LEAST_HISTORY: Final = 14
DIGITS: Final = Decimal("0.000001")


@dataclass(frozen=True)
class Levels:
    """What demand and lead time ask for, in units, with what it follows from."""

    d: Decimal
    sigma_d: Decimal
    z: Decimal
    safety_stock: Decimal
    point: int
    target: int


def levels(units: Sequence[int], asked: ComputedRequest) -> Levels:
    """Return the levels for the units shipped on each of at least two days.

    Safety stock = z·√(L·σd² + d²·σL²), point = d·L + safety stock, target = point + d × review days, both
    in whole units, rounded up. σd is the deviation of a sample (n − 1), z the quantile of the normal
    distribution at the service level; each is rounded to six decimals once.
    """
    count, lead = len(units), asked.lead_time_days
    with localcontext(ARITHMETIC):
        d = Decimal(sum(units)) / count
        squares = Decimal(count * sum(one * one for one in units) - sum(units) ** 2)
        variance = squares / (count * (count - 1))
        z = _six(Decimal(NormalDist().inv_cdf(float(asked.service_level))))
        safety = _six(z * (lead * variance + (d * asked.lead_time_deviation_days) ** 2).sqrt())
        point = _up(d * lead + safety)
        target = max(point + 1, _up(point + d * asked.review_days))
        return Levels(_six(d), _six(variance.sqrt()), z, safety, point, target)


def history(figures: Figures, today: date, days: int) -> Window:
    """Return the whole days before today that a demand can be taken from, at most so many."""
    last = today - timedelta(days=1)
    first, count = measures.window(figures, last, days)
    return Window(from_on=first, to_on=last, days=count)


def rule(figures: Figures, asked: ComputedRequest, rest: ReorderRule, today: date) -> ReorderRule:
    """Return a reorder rule as computed today, with the minimum, pack and supplier of `rest`.

    Raises Invalid where there is too little history.
    """
    window = history(figures, today, asked.window_days)
    if window.days < LEAST_HISTORY:
        raise Invalid(_too_little(window))
    found = levels(measures.daily(figures, window.to_on, asked.window_days), asked)
    computed = Computed(
        service_level=asked.service_level,
        z=found.z,
        d=found.d,
        sigma_d=found.sigma_d,
        lead_time_days=asked.lead_time_days,
        sigma_l=asked.lead_time_deviation_days,
        review_days=asked.review_days,
        window_days=asked.window_days,
        window=window,
        safety_stock=found.safety_stock,
        point=found.point,
        computed_on=today,
    )
    changed = {"point": found.point, "target": found.target, "lead_time_days": asked.lead_time_days}
    return rest.model_copy(update=changed | {"computed": computed})


def again(computed: Computed) -> ComputedRequest:
    """Return what a rule was asked to be computed from."""
    return ComputedRequest(
        service_level=computed.service_level,
        lead_time_days=computed.lead_time_days,
        lead_time_deviation_days=computed.sigma_l,
        review_days=computed.review_days,
        window_days=computed.window_days,
    )


def _too_little(window: Window) -> Fault:
    return Fault(
        "too_little_history",
        (
            f"{LEAST_HISTORY} whole days since the first movement are needed, there are {window.days}",
            f"须有首次出入库以来的 {LEAST_HISTORY} 个整天，现有 {window.days} 天",
        ),
        "/computed",
        meta={"days": window.days, "needed": LEAST_HISTORY},
    )


def _six(value: Decimal) -> Decimal:
    return value.quantize(DIGITS)


def _up(value: Decimal) -> int:
    """Round up to whole units, but not for what is left of a sixth decimal's rounding."""
    return int(_six(value).to_integral_value(ROUND_CEILING))
