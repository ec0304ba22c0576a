"""Stripe and Shopify: captures, refunds, fees and payouts, each with its sign, its day and its payout."""

from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from soms.billing.statements import moments
from soms.billing.statements.refusals import Unreadable

from tests.unit.billing.statements.samples import BERLIN, SHANGHAI, line, money, refused, statement

STRIPE = "id,amount,available_on,created,currency,description,fee,net,source,status,type,payout_id"
REPORT = (
    "balance_transaction_id,created_utc,available_on_utc,currency,gross,fee,net,reporting_category,source_id,"
    "description,automatic_payout_id"
)
PAYOUT = "id,amount,arrival_date,created,currency,status,balance_transaction_id"
TENDER = "id,amount,currency,order_id,payment_method,processed_at,remote_reference,test"


@pytest.mark.parametrize(
    ("kind", "amount", "fee", "net", "told"),
    [
        ("charge", 1000, 59, 941, ("capture", "10.00", "0.59", "9.41")),
        ("refund", -1000, 0, -1000, ("refund", "-10.00", "0.00", "-10.00")),
        ("stripe_fee", -200, 0, -200, ("fee", "-2.00", "0.00", "-2.00")),
        ("dispute", -1000, 1500, -2500, ("chargeback", "-10.00", "15.00", "-25.00")),
        ("payout", -500, 0, -500, ("payout", "-5.00", "0.00", "-5.00")),
        ("something_new", 100, 0, 100, ("other", "1.00", "0.00", "1.00")),
    ],
)
def test_a_balance_transaction_is_told_by_its_type(
    kind: str, amount: int, fee: int, net: int, told: tuple[str, ...]
) -> None:
    row = f"txn_1,{amount},2026-03-09 00:00:00,2026-03-02 01:00:00,usd,x,{fee},{net},ch_1,pending,{kind},po_1"

    assert money(line(STRIPE, row)) == told


def test_a_net_that_is_not_amount_less_fee_is_refused() -> None:
    row = "txn_1,1000,2026-03-09,2026-03-02,usd,x,59,942,ch_1,pending,charge,po_1"

    assert refused(STRIPE, row) == ("net_is_not_amount_less_fee", 2)


@pytest.mark.parametrize(
    ("currency", "amount"),
    [
        ("jpy", "1000"),
        ("usd", "10.00"),
        ("kwd", "1.000"),
        ("isk", "10.00"),
        ("ugx", "10.00"),
        ("mga", "1000"),
    ],
)
def test_minor_units_are_those_that_stripe_counts(currency: str, amount: str) -> None:
    row = f"txn_1,1000,2026-03-09,2026-03-02,{currency},x,0,1000,ch_1,pending,charge,"

    assert str(line(STRIPE, row).amount) == amount


@pytest.mark.parametrize(("zone", "day"), [(SHANGHAI, 3), (BERLIN, 2)])
def test_a_time_falls_on_a_day_of_the_company(zone: ZoneInfo, day: int) -> None:
    row = "txn_1,1000,2026-03-09,2026-03-02 20:00:00,usd,x,0,1000,ch_1,pending,charge,po_1"

    assert line(STRIPE, row, zone).booked_on == date(2026, 3, day)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-02", 2),
        ("2026/3/2 15:59", 2),
        ("2026-03-02T16:00:00Z", 3),
        ("2026-03-02T23:30:00+08:00", 2),
        ("2026-03-02 18:00:00.000 UTC", 3),
        ("46083.75", 3),
    ],
)
def test_a_time_may_say_its_offset(text: str, day: int) -> None:
    assert moments.day(text, SHANGHAI) == date(2026, 3, day)


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-02-30", "2026-03-02 10:61", "2026-03-02T10:00:00+99:00", "0000-01-01"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        moments.day(text, SHANGHAI)

    assert refusal.value.code == "bad_date"


def test_files_without_rows_are_empty_statements() -> None:
    assert [statement(header).lines for header in (STRIPE, PAYOUT, TENDER)] == [()] * 3


def test_a_report_has_amounts_with_a_point_and_the_payout() -> None:
    row = "txn_1,2026-03-02 01:00:00,2026-03-09 00:00:00,usd,10.00,0.59,9.41,charge,ch_1,Order 7,po_1"

    read_line = line(REPORT, row)

    assert money(read_line) == ("capture", "10.00", "0.59", "9.41")
    assert (read_line.payout, read_line.bank_reference, read_line.reference) == ("po_1", "txn_1", "ch_1")
    assert read_line.value_on == date(2026, 3, 9)


def test_a_payout_leaves_the_provider_and_one_that_failed_is_no_line() -> None:
    found = statement(
        PAYOUT,
        "po_1,94100,2026-03-04 00:00:00,2026-03-02 01:00:00,usd,paid,txn_9",
        "po_2,500,2026-03-04 00:00:00,2026-03-02 01:00:00,usd,failed,txn_8",
    )

    (only,) = found.lines
    assert money(only) == ("payout", "-941.00", "0", "-941.00")
    assert (only.payout, only.value_on) == ("po_1", date(2026, 3, 4))


def test_a_tender_is_a_capture_or_a_refund_and_a_test_is_no_line() -> None:
    found = statement(
        TENDER,
        "1,10.50,USD,7,credit_card,2026-03-02 01:00:00,pi_1,false",
        "2,-3.00,USD,7,credit_card,2026-03-02 01:00:00,,false",
        "3,99.00,USD,8,credit_card,2026-03-02 01:00:00,pi_3,true",
    )

    assert [(one.kind, one.amount, one.reference, one.bank_reference) for one in found.lines] == [
        ("capture", Decimal("10.50"), "7", "pi_1"),
        ("refund", Decimal("-3.00"), "7", "2"),
    ]


@pytest.mark.parametrize(
    ("header", "row", "code"),
    [
        (STRIPE, "txn_1,10.5,2026-03-09,2026-03-02,usd,x,0,10.5,ch_1,pending,charge,", "bad_amount"),
        (STRIPE, "txn_1,,2026-03-09,2026-03-02,usd,x,0,1000,ch_1,pending,charge,", "no_amount"),
        (STRIPE, "txn_1,1000,2026-03-09,soon,usd,x,0,1000,ch_1,pending,charge,", "bad_date"),
        (STRIPE, "txn_1,1000,2026-03-09,2026-03-02 25:00:00,usd,x,0,1000,ch_1,pending,charge,", "bad_date"),
        (STRIPE, "txn_1,1000,2026-03-09,2026-03-02,,x,0,1000,ch_1,pending,charge,", "bad_currency"),
        (TENDER, "1,,USD,7,credit_card,2026-03-02 01:00:00,pi_1,false", "no_amount"),
    ],
)
def test_a_row_that_does_not_say_enough_is_refused_by_its_number(header: str, row: str, code: str) -> None:
    assert refused(header, row) == (code, 2)
