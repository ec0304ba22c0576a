"""What was owed at the end of any day: rolled back from today it is what all documents until then make."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from soms.billing.receivables import ageing
from soms.billing.receivables.ageing import Debt, Money, Row, Standing
from soms.billing.receivables.ageing_moves import Filed

from tests.unit.billing.ageing_story import Story, days

ZERO = Decimal(0)
Figures = dict[tuple[str, str], list[Decimal]]
MODES: dict[str, Callable[[Filed], date]] = {
    "now": lambda one: one.day,
    "then": lambda one: one.recorded_at.date(),
}
DOCUMENTS = {"invoice": 1, "credit_note": -1}
ALONE = {"payment": 1, "refund": -1, "bounce": -1}
ON_INVOICE = {"allocation": -1, "unallocation": 1, "write_off": -1, "write_off_reversal": 1}
ON_PAYMENT = {"allocation": -1, "unallocation": 1}


def brute_force(story: Story, filed: Iterable[Filed], day: date) -> Figures:
    """Return by customer and currency the six ages and what is unapplied, from the first document on."""
    owed: dict[str, Decimal] = defaultdict(Decimal)
    left: dict[str, Decimal] = defaultdict(Decimal)
    for one in filed:
        amounts = {posting.account: posting.debit + posting.credit for posting in one.postings}
        if one.kind in DOCUMENTS:
            owed[one.invoice_id or one.id] += DOCUMENTS[one.kind] * amounts["receivables"]
        elif one.kind in ALONE:
            left[one.payment_id or ""] += ALONE[one.kind] * amounts["unapplied_cash"]
        for portion in one.portions:
            owed[portion.invoice_id] += ON_INVOICE[one.kind] * portion.settled
            left[portion.source] += ON_PAYMENT.get(one.kind, 0) * portion.amount
    found: Figures = {}
    for name, amount in ((name, amount) for name, amount in owed.items() if amount):
        item = story.items[name]
        late = (day - item.due_on).days
        place = next((at for at, last in enumerate((0, 30, 60, 90, 120)) if late <= last), 5)
        found.setdefault((item.customer_id, item.currency), [ZERO] * 7)[place] += amount
    for name, amount in ((name, amount) for name, amount in left.items() if amount):
        payment = story.payments[name]
        found.setdefault((payment.customer_id, payment.currency), [ZERO] * 7)[6] += amount
    return found


def figures(rows: Iterable[Row]) -> Figures:
    return {(one.customer_id, one.currency): [*one.ages.values(), one.unapplied] for one in rows}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(3))
def test_rolled_back_to_every_day_of_a_story_it_is_what_the_documents_until_then_make(
    seed: int, mode: str
) -> None:
    story = Story(seed).told(110)
    day_of, now = MODES[mode], story.standing()
    looked = 0

    for day in days(story):
        later = [one for one in story.filed if day_of(one) > day]
        standing = now.without(later)
        rows = ageing.rows(standing, day)
        until = [one for one in story.filed if day_of(one) <= day]

        assert figures(rows) == brute_force(story, until, day)
        receivable = sum((one.net("receivables").get("CNY", ZERO) for one in until), ZERO)
        assert standing.account.get("CNY", ZERO) == receivable
        assert sum((one.total for one in rows if one.currency == "CNY"), ZERO) == receivable
        looked += len(rows)

    kinds = {one.kind for one in story.filed}
    assert looked > 100
    assert {"invoice", "credit_note", "payment", "allocation", "unallocation", "refund", "bounce"} <= kinds


def test_the_two_ways_of_looking_differ_where_money_is_recorded_late() -> None:
    story = Story(2).told(110)

    late = [one for one in story.filed if one.day < one.recorded_at.date()]
    pushed = [
        one
        for one in story.filed
        if one.kind == "payment"
        and one.day > min(p.received_on for p in story.payments.values() if p.id == one.payment_id)
    ]

    assert late
    assert pushed


@pytest.mark.parametrize(
    ("days_late", "bucket"),
    [
        (-1, "not_due"),
        (0, "not_due"),
        (1, "1_30"),
        (30, "1_30"),
        (31, "31_60"),
        (60, "31_60"),
        (61, "61_90"),
        (90, "61_90"),
        (91, "91_120"),
        (120, "91_120"),
        (121, "over_120"),
        (5000, "over_120"),
    ],
)
def test_an_age_begins_the_day_after_the_one_before_it_ends(days_late: int, bucket: str) -> None:
    day = date(2026, 11, 25)

    assert ageing.age(day - timedelta(days=days_late), day) == bucket


def test_money_that_settles_nothing_is_not_taken_off_what_is_owed() -> None:
    day = date(2026, 11, 25)
    standing = Standing.now(
        [Debt("inv_1", "cus_a", "CNY", day, Decimal("100.00"))],
        [Money("pay_1", "cus_a", "CNY", Decimal("30.00")), Money("pay_2", "cus_a", "USD", Decimal("5.00"))],
    )

    found = ageing.rows(standing, day)

    assert [(one.currency, one.total, one.unapplied) for one in found] == [
        ("CNY", Decimal("100.00"), Decimal("30.00")),
        ("USD", ZERO, Decimal("5.00")),
    ]
    sums = ageing.totals([*found, *found])
    assert (sums["CNY"].total, sums["USD"].unapplied) == (Decimal("200.00"), Decimal("10.00"))
