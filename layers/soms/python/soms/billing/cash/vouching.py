"""What was moved on a desk, as vouchers with their balanced postings."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from soms.billing import accounts
from soms.billing.cash.desk import Desk, Loss, Posting, Repaid
from soms.billing.cash.payment import Payment
from soms.billing.model import Allocation, OpenItem
from soms.billing.voucher import Kind, Portion, Voucher
from soms.kit import ids

ZERO: Final = Decimal(0)


def vouchers(desk: Desk, posting: Posting) -> list[Voucher]:
    """Return the vouchers of what was moved on a desk since they were last asked for.

    There is one a customer and currency for each way money went between payments and invoices, and one for
    each refund, bounce and write-off, and each write-off that was undone.
    """
    back = [
        Portion(
            invoice_id=item.id, number=item.number, source=one.source, amount=one.given, settled=one.amount
        )
        for one, item in desk.undone
        if one.kind == "payment"
    ]
    lost = [(one, item) for one, item in desk.undone if one.kind == "write_off"]
    made = [
        *_settled("unallocation", desk, posting, back),
        *_settled("allocation", desk, posting, desk.given),
        *(_restored(one, item, posting) for one, item in lost),
        *(_written_off(one, posting) for one in desk.lost),
        *(_refund(one, posting) for one in desk.repaid),
        *(_bounce(one, posting) for one in desk.returned),
    ]
    desk.given, desk.undone, desk.lost, desk.repaid, desk.returned = [], [], [], [], []
    return made


@dataclass(frozen=True)
class _Group:
    """What a voucher of allocations holds: one customer's money of one currency, to invoices of one."""

    customer: str
    currency: str
    other: str


def _settled(kind: Kind, desk: Desk, posting: Posting, portions: Sequence[Portion]) -> list[Voucher]:
    groups: dict[_Group, list[Portion]] = {}
    for one in portions:
        item = desk.items[one.invoice_id]
        group = _Group(item.customer_id, desk.payments[one.source].currency, item.currency)
        groups.setdefault(group, []).append(one)
    inorder = sorted(groups.items(), key=lambda pair: (pair[0].customer, pair[0].currency, pair[0].other))
    return [_exchange(kind, desk, posting, group, several) for group, several in inorder]


def _exchange(
    kind: Kind, desk: Desk, posting: Posting, group: _Group, portions: Sequence[Portion]
) -> Voucher:
    amount = sum((one.amount for one in portions), ZERO)
    settled = sum((one.settled for one in portions), ZERO)
    sources = {one.source for one in portions}
    if group.currency == group.other:
        legs = accounts.postings(kind, {"amount": amount})
    else:
        legs = accounts.exchanged(kind, amount, group.currency, settled, group.other)
    return _dated(
        Voucher(
            id=ids.derived("vou", kind, posting.name, group.customer, group.currency, group.other),
            kind=kind,
            customer_id=group.customer,
            payment_id=sources.pop() if len(sources) == 1 else None,
            currency=group.currency,
            amount=amount,
            portions=tuple(portions),
            postings=legs,
            posted_on=max(desk.items[one.invoice_id].issued_on for one in portions),
            reason=posting.reason,
            recorded_at=posting.recorded_at,
            recorded_by=posting.recorded_by,
        ),
        posting,
    )


def _restored(one: Allocation, item: OpenItem, posting: Posting) -> Voucher:
    name = ids.derived("vou", "write_off_reversal", posting.name, one.source)
    return _of_loss("write_off_reversal", name, one, item, posting, posting.reason)


def _written_off(loss: Loss, posting: Posting) -> Voucher:
    # A write-off goes by the id of its voucher, which is all that is kept of it beside the open item.
    one = loss.allocation
    made = _of_loss("write_off", one.source, one, loss.item, posting, loss.reason)
    return made.model_copy(update={"note": loss.note})


def _of_loss(
    kind: Kind, name: str, one: Allocation, item: OpenItem, posting: Posting, reason: str | None
) -> Voucher:
    portion = Portion(
        invoice_id=item.id, number=item.number, source=one.source, amount=one.amount, settled=one.amount
    )
    return _dated(
        Voucher(
            id=name,
            kind=kind,
            customer_id=item.customer_id,
            currency=item.currency,
            amount=one.amount,
            portions=(portion,),
            postings=accounts.postings(kind, {"amount": one.amount}, loss=one.account or ""),
            posted_on=item.issued_on,
            reason=reason,
            recorded_at=posting.recorded_at,
            recorded_by=posting.recorded_by,
        ),
        posting,
    )


def _refund(one: Repaid, posting: Posting) -> Voucher:
    name = ids.derived("vou", "refund", one.refund_id, one.payment.id)
    amounts = {"amount": one.amount}
    return _of_payment("refund", name, one.payment, amounts, one.reference, posting)


def _bounce(payment: Payment, posting: Posting) -> Voucher:
    kept = payment.amount - payment.refunded
    amounts = {"amount": payment.amount, "kept": kept, "refunded": payment.refunded}
    name = ids.derived("vou", "bounce", payment.id)
    return _of_payment("bounce", name, payment, amounts, payment.reference, posting)


def _of_payment(
    kind: Kind, name: str, payment: Payment, amounts: dict[str, Decimal], reference: str, posting: Posting
) -> Voucher:
    return _dated(
        Voucher(
            id=name,
            kind=kind,
            customer_id=payment.customer_id,
            payment_id=payment.id,
            method=payment.method,
            reference=reference,
            currency=payment.currency,
            amount=amounts["amount"],
            postings=accounts.postings(kind, amounts, method=payment.method),
            posted_on=payment.received_on,
            reason=posting.reason,
            recorded_at=posting.recorded_at,
            recorded_by=posting.recorded_by,
        ),
        posting,
    )


def _dated(voucher: Voucher, posting: Posting) -> Voucher:
    """Return the voucher on its day: when it happened, not before what it is about, in an open period."""
    wanted = max(posting.wanted_on, voucher.posted_on)
    day = posting.periods.day(wanted)
    return voucher.model_copy(update={"posted_on": day, "wanted_on": None if day == wanted else wanted})
