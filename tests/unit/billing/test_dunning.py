"""Which letter is due for which invoice: one level after the other, none for what rests, never one twice."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from soms.billing.model import OpenItem
from soms.billing.receivables import dunning
from soms.catalog.model import Dunning

LEVELS = Dunning().levels
DUE = date(2026, 11, 1)


def item(name: str = "inv_1", **more: object) -> OpenItem:
    amount = Decimal("100.00")
    held = OpenItem(
        id=name,
        number=name,
        series="INV-2026",
        order_id="ord",
        order_number="SO",
        customer_id="cus_a",
        customer_name="Acme",
        currency="CNY",
        issued_on=DUE,
        due_on=DUE,
        net=amount,
        tax=Decimal(0),
        total=amount,
        open=amount,
    )
    return held.model_copy(update=more)


def after(days: int) -> date:
    return DUE + timedelta(days=days)


@pytest.mark.parametrize(
    ("days", "noted", "level"),
    [
        (0, {}, None),
        (6, {}, None),
        (7, {}, 1),
        (60, {}, 1),
        (20, {"dunning_level": 1, "dunned_on": after(7)}, None),
        (21, {"dunning_level": 1, "dunned_on": after(7)}, 2),
        (73, {"dunning_level": 1, "dunned_on": after(60)}, None),
        (74, {"dunning_level": 1, "dunned_on": after(60)}, 2),
        (44, {"dunning_level": 2, "dunned_on": after(21)}, None),
        (45, {"dunning_level": 2, "dunned_on": after(21)}, 3),
        (900, {"dunning_level": 3, "dunned_on": after(45)}, None),
        (60, {"disputed": "broken"}, None),
        (60, {"promised_on": after(60)}, None),
        (60, {"promised_on": after(59)}, 1),
        (60, {"open": Decimal("0.00")}, None),
    ],
)
def test_a_level_is_due_after_its_days_and_after_the_letter_before_it(
    days: int, noted: dict[str, object], level: int | None
) -> None:
    assert dunning.next_level(item(**noted), LEVELS, after(days)) == level


def test_run_every_day_each_level_comes_once() -> None:
    held, came = item(), []
    for days in range(400):
        for draft in dunning.drafts([held], LEVELS, after(days), most=90):
            ((_, held),) = draft.raised
            came.append((days, draft.level))

    assert came == [(7, 1), (21, 2), (45, 3)]


def test_a_letter_lists_all_that_is_overdue_and_raises_what_is_due() -> None:
    raised, young, old = (
        item("inv_1"),
        item("inv_2", due_on=after(28)),
        item("inv_3", dunning_level=2, dunned_on=after(29)),
    )
    left = item("inv_4", disputed="not delivered"), item("inv_5", due_on=after(31))

    (draft,) = dunning.drafts([raised, young, old, *left], LEVELS, after(30), most=90)

    assert [(one.number, one.days_overdue, one.level) for one in draft.demands] == [
        ("inv_1", 30, 1),
        ("inv_3", 30, 2),
        ("inv_2", 2, 0),
    ]
    assert [(old.seq, new.seq, new.dunning_level, new.dunned_on) for old, new in draft.raised] == [
        (1, 2, 1, after(30))
    ]
    assert (draft.level, draft.total) == (2, Decimal("300.00"))


def test_there_is_a_letter_for_each_customer_and_currency_and_no_more_rise_than_fit() -> None:
    several = [item(f"inv_{number}") for number in range(3)]
    others = [item("inv_8", currency="USD"), item("inv_9", customer_id="cus_b")]

    found = list(dunning.drafts([*several, *others], LEVELS, after(7), most=2))

    assert [(one.customer_id, one.currency, len(one.demands), len(one.raised)) for one in found] == [
        ("cus_a", "CNY", 3, 2),
        ("cus_a", "USD", 1, 1),
        ("cus_b", "CNY", 1, 1),
    ]


def test_without_levels_nobody_is_written_to() -> None:
    assert list(dunning.drafts([item()], Dunning(levels=()).levels, after(99), most=90)) == []
