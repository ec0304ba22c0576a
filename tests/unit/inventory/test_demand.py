"""Reorder points from demand and lead time: numbers worked by hand, and a wholesaler's December."""

import csv
import gzip
import math
import statistics
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from soms.inventory import demand
from soms.inventory.folding import Figures
from soms.inventory.model import ComputedRequest, ReorderRule
from soms.kit.problems import Invalid

ROWS = Path(__file__).parent / "data" / "online_retail_2010-12_three_skus.csv.gz"
BARE = ReorderRule(point=0, target=1, minimum=6, pack=12, supplier="acme")
CHRISTMAS = date(2010, 12, 24)


def asked(level: str = "0.95", lead: int = 9, deviation: str = "0", **more: int) -> ComputedRequest:
    said = {"service_level": level, "lead_time_days": lead, "lead_time_deviation_days": deviation} | more
    return ComputedRequest.model_validate(said)


def shipped(units: list[int], until: date) -> Figures:
    days = {(until - timedelta(days=back)).isoformat(): one for back, one in enumerate(reversed(units)) if one}
    began = until - timedelta(days=len(units) - 1)
    return Figures(sku="A-1", warehouse="main", shipped=days, began_on=began)


def test_the_levels_are_those_worked_by_hand() -> None:
    # Eight days of 8, eight of 12, one of 10: d = 10, σd² = 16 × 2² ÷ 16 = 4.
    units = [8] * 8 + [12] * 8 + [10]

    found = demand.levels(units, asked(deviation="1.5"))

    # z(95 %) = 1.644854; √(9 × 4 + 10² × 1.5²) = √261 = 16.155494; 90 + 26.573430 = 116.57.
    assert (found.d, found.sigma_d, found.z) == (Decimal(10), Decimal(2), Decimal("1.644854"))
    assert found.safety_stock == Decimal("26.573430")
    assert (found.point, found.target) == (117, 117 + 10 * 7)


@pytest.mark.parametrize(
    ("units", "request_", "point", "target"),
    [
        ([10] * 14, asked(), 90, 160),
        ([10] * 14, asked("0.5", deviation="3"), 90, 160),
        ([1, 0] * 7, asked("0.5", review_days=0), 5, 6),
        ([0] * 20, asked(), 0, 1),
        ([7] * 21, asked(lead=0, deviation="1"), 12, 61),
    ],
    ids=["steady demand", "a level of a half", "half a unit is rounded up", "nothing ships", "no lead time"],
)
def test_points_and_targets_are_whole_units(
    units: list[int], request_: ComputedRequest, point: int, target: int
) -> None:
    found = demand.levels(units, request_)

    assert (found.point, found.target) == (point, target)


def wholesale(sku: str) -> list[int]:
    """Return the units of a SKU that were sold on each day from the first to the 23rd of December 2010."""
    sold: Counter[str] = Counter()
    with gzip.open(ROWS, "rt", encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            units, price = int(row["Quantity"]), Decimal(row["UnitPrice"])
            if row["StockCode"] == sku and row["InvoiceNo"][0] != "C" and units > 0 and price > 0:
                sold[row["InvoiceDate"][:10]] += units
    return [sold[f"2010-12-{day:02d}"] for day in range(1, 24)]


@pytest.mark.parametrize(
    ("sku", "sold", "point", "target"),
    [("85123A", 3752, 2044, 3186), ("22086", 2460, 1222, 1971), ("22577", 179, 118, 173)],
)
def test_real_demand_makes_the_point_that_floating_arithmetic_makes(
    sku: str, sold: int, point: int, target: int
) -> None:
    units = wholesale(sku)

    found = demand.rule(shipped(units, CHRISTMAS - timedelta(days=1)), asked(lead=7, deviation="1.5"), BARE, CHRISTMAS)

    d, sigma = statistics.mean(units), statistics.stdev(units)
    safety = statistics.NormalDist().inv_cdf(0.95) * math.sqrt(7 * sigma**2 + d**2 * 1.5**2)
    assert sum(units) == sold
    assert found.computed is not None
    assert float(found.computed.safety_stock) == pytest.approx(safety, abs=0.001)
    assert float(found.computed.sigma_d) == pytest.approx(sigma, abs=0.00001)
    assert (found.point, found.target) == (point, target) == (math.ceil(d * 7 + safety), math.ceil(point + d * 7))


def test_a_rule_keeps_what_it_was_computed_from() -> None:
    units = [3] * 30

    found = demand.rule(shipped(units, date(2026, 3, 30)), asked(window_days=14), BARE, date(2026, 3, 31))

    assert (found.minimum, found.pack, found.supplier, found.lead_time_days) == (6, 12, "acme", 9)
    assert found.computed is not None
    assert found.computed.window.model_dump(mode="json") == {
        "from_on": "2026-03-17", "to_on": "2026-03-30", "days": 14,
    }  # fmt: skip
    assert demand.again(found.computed) == asked(window_days=14)


def test_days_without_a_shipment_count_and_today_does_not() -> None:
    figures = shipped([14] + [0] * 13 + [1000], date(2026, 3, 31))

    found = demand.rule(figures, asked(), BARE, date(2026, 3, 31))

    assert found.computed is not None
    assert (found.computed.d, found.computed.window.days) == (Decimal(1), 14)


@pytest.mark.parametrize("days", [0, 1, 13])
def test_too_little_history_is_told_with_what_there_is(days: int) -> None:
    figures = shipped([5] * days, date(2026, 3, 30)) if days else Figures(sku="A-1", warehouse="main")

    with pytest.raises(Invalid) as refused:
        demand.rule(figures, asked(), BARE, date(2026, 3, 31))

    (fault,) = refused.value.faults
    assert (fault.code, fault.pointer, fault.meta) == ("too_little_history", "/computed", {"days": days, "needed": 14})
