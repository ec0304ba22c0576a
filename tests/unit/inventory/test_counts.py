"""What follows from a count: variances, what they are worth, and who else has to look."""

from decimal import Decimal

import pytest
from soms.catalog.model import Settings
from soms.inventory import counts
from soms.inventory.counts import Count, CountLine, Kind, Totals

PAPER = Count(id="cnt_1", warehouse="main", created_at="", created_by="ada")


def line(sku: str, there: int, counted: int | None, *, seq: int = 1, posted: int | None = None) -> CountLine:
    found = None if counted is None else there
    return CountLine(
        sku=sku, on_hand=10, seq=1, counted=counted, found_on_hand=found,
        found_seq=None if counted is None else seq, posted_seq=posted,
    )  # fmt: skip


def test_a_variance_is_against_what_was_on_hand_when_it_was_counted() -> None:
    sold_meanwhile = line("A", there=7, counted=6, seq=4)

    assert (sold_meanwhile.variance, sold_meanwhile.moved_since_snapshot) == (-1, True)
    assert (line("B", 10, None).variance, line("B", 10, None).moved_since_snapshot) == (None, False)


def test_only_lines_that_are_meant_and_differ_are_posted() -> None:
    lines = [line("A", 10, 9), line("B", 10, 10), line("C", 10, None), line("D", 10, 12)]
    chosen = PAPER.model_copy(update={"chosen": ("B", "D")})

    assert [one.sku for one in counts.differing(PAPER, lines)] == ["A", "D"]
    assert [one.sku for one in counts.differing(chosen, lines)] == ["D"]


def test_surplus_and_shortage_do_not_make_each_other_good() -> None:
    lines = [line("A", 10, 4), line("B", 10, 15), line("C", 10, 9)]

    made = counts.totals(lines, {"A": Decimal("2.50"), "B": Decimal(3)})

    assert (made.surplus, made.shortage, made.units, made.value) == (5, 7, 12, Decimal("30.00"))


@pytest.mark.parametrize(
    ("kind", "limits", "asks"),
    [
        ("count", {}, False),
        ("count", {"count_approval_above_units": 12}, False),
        ("count", {"count_approval_above_units": 11}, True),
        ("count", {"count_approval_above_units": 12, "count_approval_above_value": "29.99"}, True),
        ("snapshot", {"count_approval_above_value": "30.00"}, False),
        ("adjustment", {"count_approval_above_units": 0, "count_approval_above_value": "0"}, False),
        ("adjustment", {"adjustment_approval_above_units": 11}, True),
        ("adjustment", {"adjustment_approval_above_units": 12}, False),
        ("count", {"adjustment_approval_above_units": 0}, False),
    ],
    ids=str,
)
def test_somebody_else_looks_where_a_limit_of_its_kind_is_exceeded(
    kind: Kind, limits: dict[str, object], asks: bool  # noqa: FBT001
) -> None:
    made = Totals(surplus=5, shortage=7, value=Decimal(30))

    assert counts.asks(kind, made, Settings.model_validate(limits)) is asks


@pytest.mark.parametrize(
    ("held", "state"),
    [
        (line("A", 10, None), "open"),
        (line("A", 10, 9), "counted"),
        (line("A", 10, 9, posted=5), "posted"),
        (
            line("A", 10, 9).model_copy(
                update={"trouble": counts.Trouble(code="x", english="no", chinese="不")}
            ),
            "failed",
        ),
    ],
)
def test_a_line_tells_how_far_it_is(held: CountLine, state: str) -> None:
    assert held.state == state
