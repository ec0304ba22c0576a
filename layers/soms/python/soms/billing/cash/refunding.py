"""Giving money back: what settles nothing goes back the way it came, above a limit by two people."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal

from soms.billing import balances
from soms.billing.cash import collecting, refunds
from soms.billing.cash.collecting import Facts
from soms.billing.cash.desk import Desk
from soms.billing.cash.payment import Payment
from soms.billing.cash.refund import (
    MOST_METHODS,
    MOST_PAYMENTS,
    CustomerRefundRequest,
    DecisionRequest,
    Part,
    Refund,
    RefundRequest,
    needs_approval,
    taken,
)
from soms.catalog.commands import expected
from soms.catalog.rules import amount_faults, unknown_currency
from soms.customers import store as customers
from soms.kit import clock, journal, money
from soms.kit.access import Caller
from soms.kit.problems import DuplicateReference, Fault, Forbidden, Invalid, InvalidState, Problem
from soms.kit.writes import Held, Stale, Writes, decide

CREATED: Final = 201
OWN_REQUEST: Final = ("Whoever asked for it may not approve it.", "申请人不能自行审批。")
Decided = Literal["approve", "reject"]


class AmountExceedsRefundable(Problem):
    """More was to be given back than is unapplied."""

    status = 409
    code = "amount_exceeds_refundable"
    title = ("More than can be given back", "超出可退金额")

    def __init__(self, wanted: Decimal, left: Decimal, currency: str, **meta: str) -> None:
        """Name both amounts."""
        asked, there = money.text(wanted, currency), money.text(left, currency)
        words = (
            f"{asked} {currency} is asked for, {there} can be given back.",
            f"申请退款 {asked} {currency}，可退金额为 {there}。",
        )
        super().__init__(
            detail=words, meta={"refundable": there, "amount": asked, "currency": currency, **meta}
        )


def refund(
    payment_id: str, request: RefundRequest, caller: Caller, *, now: datetime
) -> tuple[Refund, bool]:
    """Give so much of a payment back, or ask for it; return the refund, and whether it was there before.

    Raises NotFound, InvalidState, Invalid, DuplicateReference, AmountExceedsRefundable.
    """

    def attempt() -> tuple[Refund, bool]:
        payment = balances.payment(payment_id)
        refund_id = refunds.id_of(payment.method, request.reference)
        if held := _there(refund_id, caller, [payment_id]):
            return held, True
        expected(caller, payment.version)
        if payment.status != "received":
            raise InvalidState(command="refund", state=payment.status, allowed=[])
        amount = _amount(request.amount, payment.currency)
        if amount > payment.unapplied:
            raise AmountExceedsRefundable(amount, payment.unapplied, payment.currency, payment_id=payment.id)
        return _make(refund_id, {payment: amount}, request, caller, now=now), False

    return decide(attempt)


def refund_customer(
    request: CustomerRefundRequest, caller: Caller, *, now: datetime
) -> tuple[Refund, bool]:
    """Give so much of a customer's unapplied money back, newest payment first, all of it or nothing.

    Raises Invalid, DuplicateReference, AmountExceedsRefundable.
    """
    if not money.known(request.currency):
        raise Invalid(unknown_currency("/currency"))
    if customers.find(request.customer_id) is None:
        words = ("there is no such customer", "没有该客户")
        raise Invalid(Fault("unknown_customer", words, "/customer_id"))
    amount = _amount(request.amount, request.currency)
    refund_id = refunds.id_of("", request.reference)

    def attempt() -> tuple[Refund, bool]:
        if held := _there(refund_id, caller, None):
            return held, True
        found = _newest(request.customer_id, request.currency)
        shares = taken(amount, {name: one.unapplied for name, one in found.items()})
        if shares is None:
            left = sum((one.unapplied for one in found.values()), Decimal(0))
            raise AmountExceedsRefundable(amount, left, request.currency, payments=str(len(found)))
        parts = {found[name]: share for name, share in shares.items()}
        return _make(refund_id, parts, request, caller, now=now), False

    return decide(attempt)


def decide_on(
    refund_id: str, decided: Decided, request: DecisionRequest, caller: Caller, *, now: datetime
) -> Refund:
    """Approve a refund that was asked for, if the money is still there, or reject it; return it.

    Raises NotFound, InvalidState, Forbidden for whoever asked for it, AmountExceedsRefundable.
    """

    def attempt() -> Refund:
        before = refunds.get(refund_id)
        expected(caller, before.version)
        if before.status != "requested":
            raise InvalidState(command=decided, state=before.status, allowed=[])
        if decided == "approve" and caller.principal == before.principal:
            raise Forbidden(detail=OWN_REQUEST, faults=[Fault("own_request", OWN_REQUEST)])
        after = before.model_copy(
            update={
                "version": before.version + 1,
                "seq": before.seq + 1,
                "status": "done" if decided == "approve" else "rejected",
                "decided_at": clock.stamp(now),
                "decided_by": caller.name,
                "decision": request.reason,
            }
        )
        writes = Writes()
        refunds.replace(writes, after, before=before)
        event = _event("refund.approved" if decided == "approve" else "refund.rejected", after, 200)
        if decided == "approve":
            _pay_out(writes, after, _still_there(after), event, caller, now)
        journal.record(writes, event, caller, at=now)
        writes.commit()
        return after

    return decide(attempt)


def _there(refund_id: str, caller: Caller, payment_ids: Sequence[str] | None) -> Refund | None:
    """Return the refund that has this reference, if it is the very one that is asked for."""
    held = refunds.find(refund_id)
    if held is None:
        return None
    if isinstance(held, str):
        raise DuplicateReference(meta={"id": held})
    collecting.require_same(held.id, held.said, caller)
    if payment_ids is not None and [one.payment_id for one in held.parts] != payment_ids:
        raise DuplicateReference(meta={"id": held.id})
    return held


def _amount(amount: Decimal, currency: str) -> Decimal:
    if faults := amount_faults(amount, currency, "/amount"):
        raise Invalid(*faults)
    return money.amount(amount, currency)


def _newest(customer_id: str, currency: str) -> dict[str, Payment]:
    """Return the customer's newest payments of the currency with money left, as many as one refund takes."""
    named = balances.unapplied(customer_id, currency, limit=collecting.LOOKED_AT, newest_first=True)
    read = sorted(balances.payments(named).values(), key=Payment.age, reverse=True)
    found = dict[str, Payment]()
    methods = set[str]()
    for one in read:
        if one.currency != currency or one.customer_id != customer_id or not one.unapplied:
            continue
        methods.add(one.method)
        if len(found) == MOST_PAYMENTS or len(methods) > MOST_METHODS:
            break
        found[one.id] = one
    return found


def _make(
    refund_id: str, parts: Mapping[Payment, Decimal], request: RefundRequest, caller: Caller, *, now: datetime
) -> Refund:
    known = collecting.facts(now)
    first = next(iter(parts))
    amount = sum(parts.values(), Decimal(0))
    asks = needs_approval(
        amount, first.currency, known.settings.refund_approval_above, known.settings.currency
    )
    made = Refund(
        id=refund_id,
        customer_id=first.customer_id,
        customer_name=first.customer_name,
        salesperson=first.salesperson,
        currency=first.currency,
        amount=amount,
        parts=tuple(
            Part(payment_id=one.id, method=one.method, amount=share) for one, share in parts.items()
        ),
        reason=request.reason,
        reference=request.reference,
        status="requested" if asks else "done",
        requested_at=clock.stamp(now),
        requested_by=caller.name,
        principal=caller.principal,
        said=caller.command.request,
    )
    writes = Writes()
    refunds.insert(writes, made, _taken)
    event = _event("refund.requested" if asks else "refund.made", made, CREATED)
    if not asks:
        _pay_out(writes, made, list(parts), event, caller, now, known)
    journal.record(writes, event, caller, at=now)
    writes.commit()
    return made


def _still_there(refund: Refund) -> list[Payment]:
    """Return the payments of a refund as they are now, or raise what has become of their money."""
    found = balances.payments(one.payment_id for one in refund.parts)
    for one in refund.parts:
        payment = found[one.payment_id]
        if payment.status != "received":
            raise InvalidState(command="approve", state=payment.status, allowed=["reject"])
        if one.amount > payment.unapplied:
            raise AmountExceedsRefundable(
                one.amount, payment.unapplied, payment.currency, payment_id=payment.id
            )
    return list(found.values())


def _pay_out(
    writes: Writes,
    refund: Refund,
    payments: Sequence[Payment],
    event: journal.Event,
    caller: Caller,
    now: datetime,
    known: Facts | None = None,
) -> None:
    table = Desk.of([], payments)
    for one in refund.parts:
        table.refund(one.payment_id, one.amount, refund.id, refund.reference)
        table.payments[one.payment_id] = table.payments[one.payment_id].commanded()
    posting = collecting.posting_of(caller, event, known or collecting.facts(now), now)
    collecting.move(writes, table, replace(posting, reason=refund.reason))


def _event(name: str, refund: Refund, status: int) -> journal.Event:
    return journal.Event(
        name=name,
        aggregate=f"refund#{refund.id}",
        version=refund.version,
        resource=("refund", refund.id),
        status=status,
        changes={"status": ["requested" if refund.version > 1 else None, refund.status]},
        facts={
            "customer": refund.customer_id,
            "currency": refund.currency,
            "amount": str(refund.amount),
            "payments": [one.payment_id for one in refund.parts],
        },
        reason=refund.decision if refund.version > 1 else refund.reason,
    )


def _taken(_held: Held) -> Exception:
    return Stale()
