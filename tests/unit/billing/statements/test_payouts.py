"""A payout is what its lines come to, to the cent, or its difference is told."""

from decimal import Decimal

import pytest
from soms.billing.statements.payouts import PayoutLink, PayoutSum, linked, links, sums
from soms.billing.statements.reading import read
from soms.billing.statements.refusals import Unreadable

from tests.unit.billing.statements.samples import EXCERPT, SHANGHAI

STRIPE = EXCERPT / "settlement" / "stripe"
HEADER = "id,amount,available_on,created,currency,description,fee,net,source,status,type,payout_id\n"
ROWS = (
    "t1,10000,2026-03-09,2026-03-02,usd,x,320,9680,ch_1,pending,charge,po_1\n"
    "t2,5000,2026-03-09,2026-03-02,usd,x,175,4825,ch_2,pending,charge,po_1\n"
    "t3,-2000,2026-03-09,2026-03-02,usd,x,0,-2000,re_1,pending,refund,po_1\n"
    "t4,-100,2026-03-09,2026-03-02,usd,x,0,-100,,pending,stripe_fee,po_1\n"
    "t5,-3000,2026-03-09,2026-03-02,usd,x,1500,-4500,dp_1,pending,dispute,po_1\n"
    "t6,-{paid},2026-03-09,2026-03-02,usd,x,0,-{paid},po_1,pending,payout,po_1\n"
)


def payout(paid: int) -> PayoutSum:
    (statement,) = read((HEADER + ROWS.format(paid=paid)).encode(), "a.csv", zone=SHANGHAI)
    (only,) = sums([statement])
    return only


def test_a_payout_is_captures_less_refunds_less_fees() -> None:
    one = payout(7905)

    assert (one.captures, one.refunds, one.chargebacks) == (
        Decimal("150.00"),
        Decimal("-20.00"),
        Decimal("-30.00"),
    )
    assert (one.fees, one.other, one.net) == (Decimal("20.95"), 0, Decimal("79.05"))
    assert one.captures + one.refunds + one.chargebacks + one.other - one.fees == one.net
    assert (one.paid, one.difference, one.lines) == (Decimal("79.05"), 0, 5)


def test_a_cent_too_much_is_told() -> None:
    assert payout(7906).difference == Decimal("0.01")


def test_links_say_which_payout_a_line_belongs_to() -> None:
    (statement,) = read((STRIPE / "balance_transaction_data.csv").read_bytes(), "a.csv", zone=SHANGHAI)
    (payouts,) = read((STRIPE / "payout_data.csv").read_bytes(), "b.csv", zone=SHANGHAI)
    pairs = links((STRIPE / "payout_balance_transaction_data.csv").read_bytes())

    told = {one.payout: one for one in sums([linked(statement, pairs), payouts])}

    assert len(pairs) == 15
    known = {line.bank_reference: line for line in statement.lines}
    for pair in pairs:
        line = known.get(pair.bank_reference)
        assert pair.payout in told
        if line and line.kind != "payout":
            assert told[pair.payout].net == line.net
            # The sample is a part: its charges do not come to its payouts, and that is what is told.
            assert told[pair.payout].difference == told[pair.payout].paid - line.net
    assert sum(one.paid for one in told.values() if one.paid) == Decimal("214715.24") + Decimal("187.59")


def test_a_link_over_a_payout_that_the_line_names_wins() -> None:
    (statement,) = read((HEADER + ROWS.format(paid=1)).encode(), "a.csv", zone=SHANGHAI)

    found = linked(statement, [PayoutLink("po_9", "t1")])

    assert [line.payout for line in found.lines] == ["po_9", *["po_1"] * 5]
    assert [line.id for line in found.lines] == [line.id for line in statement.lines]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"payout_id,balance_transaction_id\npo_1,\n", "bad_line"),
        (b"payout_id,amount\npo_1,1\n", "no_header"),
    ],
)
def test_links_that_cannot_be_read_are_refused_with_their_reason(content: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        links(content)

    assert refusal.value.code == code
