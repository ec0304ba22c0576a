"""What is moved on a desk becomes vouchers: one for each way, on its day, in a period that is open."""

from datetime import UTC, date, datetime
from decimal import Decimal

from soms.billing.cash.desk import Desk, Posting
from soms.billing.cash.vouching import vouchers
from soms.billing.model import Allocation
from soms.billing.periods import Periods

from tests.unit.billing.debts import DAY, owed, paid

NOTHING = Decimal("0.00")


def posting(wanted_on: date = DAY, closed_through: str | None = None) -> Posting:
    periods = Periods(closed_through=closed_through)
    return Posting("evt_1", wanted_on, periods, datetime(2026, 11, 23, tzinfo=UTC), "clerk", "why")


def test_money_that_bounces_after_a_part_went_back_is_lost_in_that_part() -> None:
    table = Desk.of([owed("inv_1", "60.00")], [paid("pay_1", "100.00")])
    table.give("pay_1", "inv_1", Decimal("60.00"), Decimal("60.00"))
    table.refund("pay_1", Decimal("30.00"), "rfd_1", "B-1")
    before = vouchers(table, posting())
    table.bounce("pay_1")

    back, bounced = vouchers(table, posting())

    assert [one.kind for one in before] == ["allocation", "refund"]
    assert (back.kind, back.amount, bounced.kind) == ("unallocation", Decimal("60.00"), "bounce")
    assert [(one.account, str(one.debit), str(one.credit)) for one in bounced.postings] == [
        ("unapplied_cash", "70.00", "0.00"),
        ("bad_debt", "30.00", "0.00"),
        ("clearing:cheque", "0.00", "100.00"),
    ]
    assert table.payments["pay_1"].unapplied == NOTHING
    assert table.items["inv_1"].open == Decimal("60.00")


def test_what_would_fall_into_a_closed_period_says_which_day_it_should_have_been() -> None:
    table = Desk.of([owed("inv_1", "60.00")], [paid("pay_1", "100.00")])
    one = Allocation(
        source="wof_1", kind="write_off", account="bad_debt", amount=Decimal(1), given=Decimal(1)
    )
    table.write_off("inv_1", one, "bad_debt", "gone")
    table.refund("pay_1", Decimal("30.00"), "rfd_1", "B-1")

    made = vouchers(table, posting(closed_through="2026-11"))

    assert {(one.posted_on, one.wanted_on) for one in made} == {(date(2026, 12, 1), DAY)}
    assert [(one.reason, one.note) for one in made] == [("bad_debt", "gone"), ("why", None)]


def test_nothing_counts_before_the_day_of_what_it_is_about() -> None:
    later = date(2026, 12, 24)
    table = Desk.of([owed("inv_1", "60.00", issued_on=later)], [paid("pay_1", "100.00")])
    table.give("pay_1", "inv_1", Decimal("60.00"), Decimal("60.00"))

    (made,) = vouchers(table, posting())

    assert (made.posted_on, made.wanted_on) == (later, None)


def test_several_payments_of_one_invoice_are_one_voucher_with_its_portions() -> None:
    table = Desk.of([owed("inv_1", "60.00")], [paid("pay_1", "20.00"), paid("pay_2", "20.00")])
    for name in ("pay_1", "pay_2"):
        table.give(name, "inv_1", Decimal("20.00"), Decimal("20.00"))

    (made,) = vouchers(table, posting())

    assert (made.amount, made.payment_id) == (Decimal("40.00"), None)
    assert [(one.source, str(one.settled)) for one in made.portions] == [("pay_1", "20.00"), ("pay_2", "20.00")]
    assert vouchers(table, posting()) == []
