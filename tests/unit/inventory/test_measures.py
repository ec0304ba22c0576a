"""Cover, turns, classes and dead stock, and what figures keep of the past."""

from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from soms.inventory import measures
from soms.inventory.folding import Figures, Terms, folded, months_to
from soms.inventory.measures import Shares

NOTHING = Figures(sku="A-1", warehouse="main")
SHANGHAI = Terms(ZoneInfo("Asia/Shanghai"))


def row(seq: int, units: int, at: str, reason: str = "ship", **more: str) -> dict[str, Any]:
    return {"warehouse": "main", "seq": seq, "reason": reason, "at": at, "delta": {"on_hand": units}, **more}


def test_days_and_months_are_those_of_the_company() -> None:
    rows = [
        row(1, 10, "2026-01-31T15:59:59Z", "receipt", unit_cost="2.00"),
        row(2, -4, "2026-01-31T16:00:00Z"),
    ]

    found = folded(NOTHING, rows, SHANGHAI)

    assert (found.began_on, found.last_in_on) == (date(2026, 1, 31), date(2026, 1, 31))
    assert (found.shipped, found.cost_of_shipped) == ({"2026-02-01": 4}, {"2026-02": Decimal(8)})
    assert found.closing == {"2026-01": Decimal(20), "2026-02": Decimal(12)}


def test_what_is_shipped_is_told_from_what_is_lost() -> None:
    rows = [
        row(1, 10, "2026-01-01T01:00:00Z", "receipt", unit_cost="2.00"),
        row(2, -4, "2026-01-02T01:00:00Z"),
        row(3, -1, "2026-01-03T01:00:00Z", "loss"),
    ]

    found = folded(NOTHING, rows, SHANGHAI)

    assert (found.last_shipped_on, found.last_out_on) == (date(2026, 1, 2), date(2026, 1, 3))
    assert sum(found.shipped.values()) == 4


def test_the_value_before_the_months_that_are_kept_is_kept_with_them() -> None:
    rows = [
        row(1, 10, "2024-01-01T01:00:00Z", "receipt", unit_cost="2.00"),
        row(2, -1, "2024-02-01T01:00:00Z"),
        row(3, -1, "2026-03-01T01:00:00Z"),
    ]

    found = folded(NOTHING, rows, SHANGHAI)

    assert found.closing == {"2024-02": Decimal(18), "2026-03": Decimal(16)}
    assert found.cost_of_shipped == {"2026-03": Decimal(2)}
    assert found.shipped == {"2026-03-01": 1}


def test_shipments_are_kept_for_four_hundred_days() -> None:
    rows = [
        row(1, 10, "2025-01-01T01:00:00Z", "receipt", unit_cost="2.00"),
        row(2, -1, "2025-01-01T01:00:00Z"),
        row(3, -1, "2025-01-02T01:00:00Z"),
        row(4, -1, "2026-02-05T01:00:00Z"),
    ]

    found = folded(NOTHING, rows, SHANGHAI)

    assert found.shipped == {"2025-01-02": 1, "2026-02-05": 1}


def test_a_cost_that_was_assumed_is_assumed_again_for_the_same_movement_and_no_other() -> None:
    known = NOTHING.model_copy(update={"assumed_seq": 2})
    rows = [
        row(1, 10, "2026-01-01T01:00:00Z", "found"),
        row(2, 5, "2026-01-02T01:00:00Z", "found"),
    ]

    found = folded(known, rows, Terms(SHANGHAI.zone, Decimal(3)))

    assert (found.value, found.uncosted_units, found.assumed_seq) == (Decimal(15), 10, 2)


def test_months_run_over_the_turn_of_the_year() -> None:
    assert months_to(date(2026, 2, 28), 4) == ["2025-11", "2025-12", "2026-01", "2026-02"]


def test_cover_is_what_is_there_at_the_pace_of_the_window() -> None:
    units = [0, 6, 0, 2]

    assert measures.per_day(units) == Decimal(2)
    assert measures.cover_days(7, units) == Decimal("3.5")
    assert measures.cover_days(7, [0, 0]) is None
    assert measures.per_day([]) == 0


def test_turns_are_the_cost_of_a_year_over_the_mean_value_of_its_months() -> None:
    figures = NOTHING.model_copy(
        update={
            "began_on": date(2026, 1, 20),
            "cost_of_shipped": {"2026-02": Decimal(300), "2026-03": Decimal(65)},
            "closing": {"2026-01": Decimal(900), "2026-03": Decimal(600)},
        }
    )

    # 365.00 in the 73 days from 20 January to 2 April: 1 825.00 a year; (900 + 900 + 600 + 600) ÷ 4 = 750.00.
    assert measures.turns(figures, date(2026, 4, 2)) == Decimal("2.43")


def test_without_value_there_are_no_turns() -> None:
    worthless = NOTHING.model_copy(update={"began_on": date(2026, 1, 1), "closing": {"2026-01": Decimal(0)}})

    assert measures.turns(NOTHING, date(2026, 4, 2)) is None
    assert measures.turns(worthless, date(2026, 4, 2)) is None


@pytest.mark.parametrize(
    ("units", "shipped_on", "stocked_on", "dead"),
    [
        (1, date(2026, 1, 1), date(2025, 1, 1), True),
        (0, date(2026, 1, 1), date(2025, 1, 1), False),
        (1, date(2026, 1, 2), date(2025, 1, 1), False),
        (1, None, date(2026, 1, 1), True),
        (1, date(2020, 1, 1), date(2026, 1, 2), False),
        (1, None, None, False),
    ],
)
def test_stock_is_dead_when_nothing_of_it_ships(
    units: int, shipped_on: date | None, stocked_on: date | None, *, dead: bool
) -> None:
    today = date(2026, 6, 30)

    assert measures.is_dead(units, shipped_on, stocked_on, today, 180) is dead


@pytest.mark.parametrize(
    ("costs", "classes"),
    [
        ({"a": 80, "b": 15, "c": 5, "d": 0}, "ABCC"),
        ({"a": 100}, "A"),
        ({"a": 0, "b": 0}, "CC"),
        ({"a": 10, "b": 10, "c": 10, "d": 10, "e": 10}, "AAAAB"),
        ({"c": 79, "b": 20, "a": 1}, "AAC"),
        ({}, ""),
    ],
)
def test_classes_follow_the_cumulated_share(costs: dict[str, int], classes: str) -> None:
    found = measures.classes({sku: Decimal(cost) for sku, cost in costs.items()}, Shares(Decimal("0.8"), Decimal("0.95")))

    assert "".join(found[sku] for sku in costs) == classes
